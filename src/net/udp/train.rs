//! What is to be sent, in trains: datagrams of one length from one socket to one address.

use std::net::SocketAddr;
use std::ops::Range;

use crate::engine::{SocketId, Transmits};

/// A batch of trains, each to be sent from one socket to one address.
pub(in crate::net) trait Trains {
    /// How many trains.
    fn len(&self) -> usize;
    /// How many datagrams a train has.
    fn count(&self, train: usize) -> usize;
    /// A train.
    fn train(&self, train: usize) -> Outgoing<'_>;
}

/// One train.
pub(in crate::net) struct Outgoing<'a> {
    pub(in crate::net) socket: SocketId,
    pub(in crate::net) to: SocketAddr,
    /// Octets of each datagram.
    pub(in crate::net) segment: usize,
    /// The datagrams, one after the other.
    pub(in crate::net) octets: &'a [u8],
}

impl Trains for Transmits {
    fn len(&self) -> usize {
        self.trains().len()
    }

    fn count(&self, train: usize) -> usize {
        usize::from(self.trains()[train].count)
    }

    fn train(&self, train: usize) -> Outgoing<'_> {
        let train = &self.trains()[train];
        Outgoing {
            socket: train.socket,
            to: train.to,
            segment: usize::from(train.segment),
            octets: self.octets(train),
        }
    }
}

impl<'a> Outgoing<'a> {
    /// Some of the datagrams.
    pub(super) fn datagrams(&self, range: &Range<usize>) -> &'a [u8] {
        &self.octets[range.start * self.segment..range.end * self.segment]
    }
}
