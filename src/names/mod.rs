//! Lists of names and servers as users write them.
//!
//! Text goes in, what it means comes out, or an error that says what is wrong, where, and what to
//! write instead. Nothing is asked and nothing looked up.

pub mod class;
pub mod encoding;
pub mod error;
pub mod idna;
pub mod line;
pub mod list;
pub mod list_format;
pub mod name;
pub mod prefix;
pub mod resolv_conf;
pub mod servers;
#[cfg(test)]
mod trickle;
