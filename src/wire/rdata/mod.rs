//! RDATA: what is inside a record, type by type, in both directions.
//!
//! Each type is one row of [`table`]: the list of its fields in the order of the wire. A field
//! knows how to show itself in presentation format and how it treats names; so one row gives the
//! check of an RDATA, its text, and the rule which names in it may be compressed or get lower
//! case. What has no fields there is shown in the generic form of RFC 3597 (`\# 3 abcdef`); besides
//! the types that are not known, these are:
//! - NULL, EID, NIMLOC, UINFO, UID, GID, UNSPEC, CLA and IPN: nobody has defined their text;
//! - OPT, whose RDATA is options: [`Opt`](super::Opt) and [`OptionValue`](super::OptionValue) show
//!   them;
//! - what is asked for or stands in type bitmaps, but has no RDATA: IXFR, AXFR, MAILB, MAILA, ANY,
//!   NXNAME.
//!
//! TKEY and TSIG have the text that BIND's dig gives them. Text of types that no zone has is read
//! where [`ZoneOptions::messages`](super::ZoneOptions::messages) is set.

mod copy;
mod dnssec;
mod field;
mod fields;
mod gateway;
mod legacy;
mod loc;
mod reader;
mod svcb;
mod table;
mod text;
mod typed;

pub(crate) use copy::{build, canonical, expand};
pub(crate) use reader::Reader;
pub(crate) use text::{from_tokens, write_alone, write_data};
pub use typed::{Dnskey, Ds, Mx, Rdata, Rrsig, Soa, Strings};
