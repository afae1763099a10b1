//! What is expected of a domain: the records that someone was told to add.
//!
//! Options, presets and files come in as text; [`Expectation`]s come out, each one record that
//! must be there. What such records say is checked in [`content`](crate::judge::content). All of it
//! is pure: nothing here asks a server or opens a file.

mod csv;
mod entry;
mod error;
mod expectation;
mod file;
mod meant;
mod owner;
mod presets;

pub use entry::parse_expectation;
pub use error::{ExpectError, ExpectErrorKind, Outside};
pub use expectation::{Expectation, ExpectationKind};
pub use file::parse_records;
pub use owner::{parse_domain, parse_owner};
pub use presets::{SES_ZONE, acm, acme, dkim_key, dmarc_policy, mail_from, mail_from_name, ses};

#[cfg(test)]
mod tests;
