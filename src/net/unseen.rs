//! Times in which responses may have come that this program could not see.

use crate::engine::{Attempt, Outcome, SocketId, Time, Transport};

/// Until when responses may have come unseen, as far as is known now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unseen {
    /// When this program, or the machine, was last back after an absence. What was sent before that, and
    /// has ended since, may have been spoiled by it, and nothing else was: no exchange ends while nobody
    /// is there.
    pub back_since: Option<Time>,
    /// Until when the kernel had no room for what came to a UDP socket, at the latest.
    pub full_until: Vec<(SocketId, Time)>,
}

impl Unseen {
    /// Whether an attempt that has ended since waited while nobody was there: even a response may have
    /// waited for us.
    pub fn is_absence_of(&self, attempt: &Attempt) -> bool {
        self.back_since.is_some_and(|back| attempt.sent <= back)
    }

    /// Whether an attempt that has ended since has perhaps no response because there was no room for it.
    pub fn is_overflow_of(&self, attempt: &Attempt) -> bool {
        let no_response =
            (attempt.transport, attempt.outcome) == (Transport::Udp, Outcome::TimedOut);
        no_response
            && self
                .full_until
                .iter()
                .any(|&(socket, until)| socket == attempt.socket && attempt.sent <= until)
    }
}
