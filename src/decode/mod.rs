//! Messages out of what people have: captures, dumps, digits, octets.
//!
//! [`read()`] takes octets from any reader, finds out what they are (`sniff`), and hands over one
//! [`Item`] after the other: a message as it was on the wire, with where it came from, or one sentence
//! about what could not be read. A capture (`capture`) or the text of a dump (`text`) gives packets; these
//! go through `packet`, `fragments` and `streams` until DNS messages are left (`analysis`).
//!
//! Everything is read as a stream, and everything that is kept between two packets has a bound that
//! stands beside it. All of the input is hostile: nothing in it can make this module panic.

mod analysis;
mod binary;
mod capture;
mod fragments;
mod item;
mod packet;
mod read;
mod sniff;
mod streams;
mod text;
mod text_line;

pub use item::{Flow, InputError, Item, Options, Origin, Timestamp, Transport};
pub use read::read;
