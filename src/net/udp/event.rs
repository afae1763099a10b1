//! What a pool tells.

use std::net::SocketAddr;
use std::ops::Range;

use crate::engine::{SocketId, Stamp, Time, Unreachable};

/// What came of sending or receiving.
pub(in crate::net) enum Event<'a> {
    /// A datagram will be handed on soon, after others of its batch.
    Announced { socket: SocketId, octets: &'a [u8] },
    /// A datagram came.
    Datagram { socket: SocketId, from: SocketAddr, received: Time, stamp: Stamp, octets: &'a [u8] },
    /// ICMP says that a datagram cannot be delivered.
    Unreachable { socket: SocketId, to: SocketAddr, error: Unreachable, quoted: &'a [u8] },
    /// The system took a datagram, and found nobody there to hand it to on its way.
    Undelivered { socket: SocketId, to: SocketAddr, errno: i32, quoted: &'a [u8] },
    /// The system does not send these datagrams of this batch.
    NotSent { batch: usize, datagrams: Range<usize>, errno: i32 },
}

/// Takes events.
pub(in crate::net) type Each<'e> = dyn FnMut(Event<'_>) + 'e;
