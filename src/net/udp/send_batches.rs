//! What is to be sent, in batches: datagrams of one length from one socket to one address.

use std::net::SocketAddr;
use std::ops::Range;

use crate::engine::{SocketId, Transmits};

/// Batches, each to be sent from one socket to one address.
pub(in crate::net) trait SendBatches {
    /// How many batches.
    fn len(&self) -> usize;
    /// How many datagrams a batch has.
    fn count(&self, batch: usize) -> usize;
    /// A batch.
    fn batch(&self, batch: usize) -> Outgoing<'_>;
}

/// One batch.
pub(in crate::net) struct Outgoing<'a> {
    pub(in crate::net) socket: SocketId,
    pub(in crate::net) to: SocketAddr,
    /// Octets of each datagram.
    pub(in crate::net) segment: usize,
    /// The datagrams, one after the other.
    pub(in crate::net) octets: &'a [u8],
}

impl SendBatches for Transmits {
    fn len(&self) -> usize {
        self.batches().len()
    }

    fn count(&self, batch: usize) -> usize {
        usize::from(self.batches()[batch].count)
    }

    fn batch(&self, batch: usize) -> Outgoing<'_> {
        let batch = &self.batches()[batch];
        Outgoing {
            socket: batch.socket,
            to: batch.to,
            segment: usize::from(batch.segment),
            octets: self.octets(batch),
        }
    }
}

impl<'a> Outgoing<'a> {
    /// Some of the datagrams.
    pub(super) fn datagrams(&self, range: &Range<usize>) -> &'a [u8] {
        &self.octets[range.start * self.segment..range.end * self.segment]
    }
}
