//! The pool of TCP connections (RFC 7766, RFC 9210).
//!
//! Queries go in with a key; messages come out, or the word that the connection of a key could not
//! be made or broke. A connection is kept and used for many queries at once, answered in any order.
//! The pool never judges a response and never tries a query again: that is the engine's part. Each
//! query brings its deadline along, after which it is forgotten here, too, so nothing piles up. The
//! handshake has a time of its own ([`crate::engine::HANDSHAKE`]): the time for the response begins behind it.
//!
//! A peer is not trusted: one that reads nothing has a bounded part of the queries waiting for it,
//! one that announces long messages has no memory for them, and one that sends messages which answer
//! nothing loses its connection.
//!
//! Some servers close a connection after a number of responses, one even, and leave the queries
//! behind it unanswered. The pool learns that number per server and puts no more queries on a
//! connection to it.

mod connection;
mod framing;
mod pool;

pub(super) use connection::Query;
pub(super) use pool::{Event, Pool};
