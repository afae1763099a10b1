//! What is expected of a domain: the records that someone was told to add.
//!
//! Options, presets and files come in as text; [`Expectation`]s come out, each one record that
//! must be there. Beside them stand the checks of what such records say: DKIM keys ([`dkim`]),
//! SPF and DMARC policies ([`spf`], [`dmarc`]), CAA ([`caa`]). All of it is pure: nothing here asks a
//! server or opens a file.

pub mod caa;
mod csv;
pub mod dkim;
pub mod dmarc;
mod entry;
mod error;
mod expectation;
mod file;
mod owner;
mod presets;
mod rsa;
pub mod spf;
pub mod tags;

pub use entry::parse_expectation;
pub use error::{ExpectError, ExpectErrorKind, Outside};
pub(super) use expectation::strings;
pub use expectation::{Expectation, Kind, text_of};
pub use file::parse_records;
pub use owner::{parse_domain, parse_owner};
pub use presets::{SES_ZONE, acm, acme, dkim_key, dmarc_policy, mail_from, mail_from_name, ses};

#[cfg(test)]
mod tests;
