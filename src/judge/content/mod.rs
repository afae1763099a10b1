//! What the records of mail and of certificates say, and whether that is valid.
//!
//! DKIM keys ([`dkim`]), SPF and DMARC policies ([`spf`], [`dmarc`]), CAA ([`caa`]), and the [`text`] of
//! TXT records that most of them are. Whether a domain should have them is not asked here.

pub mod caa;
pub mod dkim;
pub mod dmarc;
mod rsa;
pub mod spf;
pub mod tags;
pub mod text;
