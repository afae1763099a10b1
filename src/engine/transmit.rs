//! What the engine wants to have sent, in a form that a driver can send in few system calls.

use std::net::SocketAddr;
use std::time::Duration;

use super::exchange::{AttemptKey, ServerId, SocketId};
use super::time::Time;

/// How long the handshake of a TCP connection may take, on top of the time that a query has for its
/// answer: the system sends the first SYN again after one and after three seconds (RFC 6298 §2).
pub const HANDSHAKE: Duration = Duration::from_secs(4);

/// Messages to be sent; cleared and filled again by [`super::Engine::poll_transmit`].
#[derive(Debug, Default)]
pub struct Transmits {
    /// All messages, one after the other.
    pub(super) octets: Vec<u8>,
    pub(super) keys: Vec<AttemptKey>,
    pub(super) batches: Vec<Batch>,
    pub(super) streams: Vec<Stream>,
}

/// Datagrams of one length from one socket to one address, for one send with segmentation
/// offload or for several plain ones.
#[derive(Debug, Clone, Copy)]
pub struct Batch {
    /// The socket to send from.
    pub socket: SocketId,
    /// The server.
    pub server: ServerId,
    /// Its address.
    pub to: SocketAddr,
    /// Octets of each datagram.
    pub segment: u16,
    /// How many datagrams: 1 to 64, and not over 65,000 octets in all.
    pub count: u16,
    pub(super) octets: u32,
    pub(super) keys: u32,
}

/// One message for a TCP connection.
#[derive(Debug, Clone, Copy)]
pub struct Stream {
    /// The server.
    pub server: ServerId,
    /// Its address.
    pub to: SocketAddr,
    /// Names the attempt, to say later that it was sent, or that its connection failed.
    pub key: AttemptKey,
    /// How long its response may take once it was sent on a connection that is made.
    pub timeout: Duration,
    /// When the engine gives it up if it was not sent by then.
    pub deadline: Time,
    pub(super) octets: u32,
    pub(super) len: u16,
}

impl Transmits {
    /// Runs of UDP datagrams.
    pub fn batches(&self) -> &[Batch] {
        &self.batches
    }

    /// The datagrams of a batch, one after the other: `segment * count` octets.
    pub fn octets(&self, batch: &Batch) -> &[u8] {
        let start = batch.octets as usize;
        &self.octets[start..start + usize::from(batch.segment) * usize::from(batch.count)]
    }

    /// The attempts of a batch, one for each datagram.
    pub fn keys(&self, batch: &Batch) -> &[AttemptKey] {
        let start = batch.keys as usize;
        &self.keys[start..start + usize::from(batch.count)]
    }

    /// Messages for TCP, without their two octets of length.
    pub fn streams(&self) -> &[Stream] {
        &self.streams
    }

    /// The message of a stream entry, without its two octets of length.
    pub fn message(&self, stream: &Stream) -> &[u8] {
        let start = stream.octets as usize;
        &self.octets[start..start + usize::from(stream.len)]
    }

    /// Whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.batches.is_empty() && self.streams.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.octets.clear();
        self.keys.clear();
        self.batches.clear();
        self.streams.clear();
    }
}
