//! `dnsonde query`: one exchange in full, with the habits of dig.
//!
//! ```text
//! arguments (command) -> words in their order (args) -> dig's language (dig, options) -> plan -> run
//! ```

mod args;
mod command;
mod dig;
mod options;
mod plan;
mod run;
#[cfg(test)]
mod tests;

pub(super) use args::instead;
pub(super) use command::Args;
pub(super) use run::run;
