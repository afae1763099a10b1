//! What a driver counts that is not the network's doing.

use super::attendance::AbsenceCounts;
use crate::stats::Durations;

/// The TCP connections of a driver.
#[derive(Debug, Clone, Default)]
pub struct ConnectCounts {
    /// Connections that were begun.
    pub attempts: u64,
    /// How long the handshakes took of those that were made.
    pub handshakes: Durations,
}

impl ConnectCounts {
    /// Adds those of another driver.
    pub fn add(&mut self, other: &Self) {
        self.attempts += other.attempts;
        self.handshakes.add(&other.handshakes);
    }
}

/// What the local system did, as far as the driver sees it. None of it is the network's doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LocalCounts {
    /// Datagrams that came and were dropped because our sockets' buffers were full. Known on Linux
    /// only, 0 elsewhere.
    pub receive_overflow: u64,
    /// Datagrams that the local system refused to send.
    pub send_errors: u64,
    /// Received messages that were dropped because their end was cut off.
    pub truncated_receives: u64,
    /// When this program, or the machine, was absent.
    pub absences: AbsenceCounts,
    /// Datagrams handed to the system.
    pub datagrams_sent: u64,
    /// Datagrams received.
    pub datagrams_received: u64,
    /// System calls that sent datagrams, or tried to.
    pub send_calls: u64,
    /// System calls that received datagrams, or tried to.
    pub receive_calls: u64,
    /// Whether the kernel cuts batches into datagrams for us (`UDP_SEGMENT`).
    pub gso: bool,
    /// Whether the kernel may hand over runs of datagrams as one (`UDP_GRO`).
    pub gro: bool,
    /// Whether datagrams come with the kernel's time stamp.
    pub kernel_timestamps: bool,
}
