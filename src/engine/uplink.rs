//! The ways out of this machine, one for each address family, and what kept messages from being sent
//! or delivered there.

use std::time::Duration;

use super::exchange::{ServerId, Unreachable};
use super::time::Time;

/// Why the local system did not send a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Because of the message or its destination: another one may well be sent.
    OfMessage,
    /// Because there is no way out at all, as far as this message shows: no route, no address, an
    /// interface that is down, a full queue, a firewall.
    OfMachine,
}

/// This machine cannot send to any server that is to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CannotSend {
    /// Since when.
    pub since: Time,
    /// What the system says, as an error number.
    pub errno: i32,
}

/// What the engine was told that kept messages from being sent or delivered, and how often.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryErrors {
    /// Messages that the local system did not send, by its error number.
    pub not_sent: Vec<(i32, u64)>,
    /// Words of ICMP on our messages, and connections that were refused.
    pub unreachable: Vec<(Unreachable, u64)>,
    /// Times that an address family paused because this machine could not send.
    pub pauses: u64,
    /// How long they lasted together; families that paused at the same time count each.
    pub paused: Duration,
}

impl DeliveryErrors {
    pub(super) fn add_not_sent(&mut self, errno: i32, count: u64) {
        match self.not_sent.iter_mut().find(|(known, _)| *known == errno) {
            Some((_, sum)) => *sum += count,
            None => self.not_sent.push((errno, count)),
        }
    }

    pub(super) fn add_unreachable(&mut self, error: Unreachable, count: u64) {
        match self.unreachable.iter_mut().find(|(known, _)| *known == error) {
            Some((_, sum)) => *sum += count,
            None => self.unreachable.push((error, count)),
        }
    }

    /// Adds those of another engine, which ran at the same time: their pauses are the same ones.
    pub fn add(&mut self, other: &Self) {
        for &(errno, count) in &other.not_sent {
            self.add_not_sent(errno, count);
        }
        for &(error, count) in &other.unreachable {
            self.add_unreachable(error, count);
        }
        self.pauses = self.pauses.max(other.pauses);
        self.paused = self.paused.max(other.paused);
    }
}

/// The way out of this machine in one address family.
#[derive(Debug, Default)]
pub(super) struct Uplink {
    /// Servers that are reached by it.
    pub(super) servers: u32,
    /// When the last message came from one of them.
    pub(super) heard: Option<Time>,
    /// Attempts that were handed out since the driver said last that all were through.
    pub(super) handed: u32,
    pub(super) outage: Option<Outage>,
    /// It was waited for as long as the configuration says.
    pub(super) given_up: bool,
}

#[derive(Debug)]
pub(super) struct Outage {
    pub(super) since: Time,
    pub(super) errno: i32,
    /// What the system took may be refused later.
    pub(super) by_neighbour: bool,
    pub(super) again_at: Time,
    /// Servers that nothing could be sent to.
    pub(super) refused: Vec<ServerId>,
    /// It outlasted the first try.
    pub(super) confirmed: bool,
    /// The first of the attempts of this outage that the system took, since the last refusal.
    pub(super) taken_since: Option<Time>,
}
