//! What tells a server that is gone, or asked too much, from names that nobody answers: a query that
//! it has answered before, and what came of asking it again.

use std::time::Duration;

use super::exchange::ProfileId;
use super::time::Time;
use crate::wire::{Class, MAX_NAME_LEN, RecordType};

/// Second attempts that tell what became of names that were not answered at once.
const AGAIN_ENOUGH: f64 = 4.0;
const AGAIN_KEPT: f64 = 0.98;

/// A query that a server has answered usefully.
#[derive(Debug, Clone)]
pub(super) struct Control {
    pub(super) name: [u8; MAX_NAME_LEN],
    pub(super) name_len: u8,
    pub(super) rtype: RecordType,
    pub(super) class: Class,
    pub(super) profile: ProfileId,
    pub(super) noted: Time,
}

/// Whether it is a server or the names that much goes unanswered.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Doubt {
    /// Set while controls are asked: the share that was lost before.
    pub(super) lost: Option<f64>,
    /// Since when that is.
    pub(super) since: Time,
    /// What the controls say: above 0 it is the server.
    pub(super) evidence: f64,
    /// Controls asked so far, and those that wait for their answer.
    pub(super) asked: u8,
    pub(super) waiting: u8,
    /// Whether the next query to the server has a control behind it.
    pub(super) due: bool,
    /// What became of names that were asked beside the controls.
    pub(super) names_answered: u32,
    pub(super) names_lost: u32,
    /// Until when the names have been found at fault, and for how long that was.
    pub(super) forgiven: Time,
    pub(super) span: Duration,
}

impl Doubt {
    /// Whether names, and not the server, have been found at fault a moment ago.
    #[inline]
    pub(super) fn is_forgiven(&self, now: Time) -> bool {
        now < self.forgiven
    }
}

/// What became lately of second attempts: were the names at fault, they would fail too.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Again {
    answered: f64,
    lost: f64,
}

impl Again {
    pub(super) fn note(&mut self, answered: bool) {
        self.answered = self.answered * AGAIN_KEPT + f64::from(u8::from(answered));
        self.lost = self.lost * AGAIN_KEPT + f64::from(u8::from(!answered));
    }

    /// Whether what is not answered at once is answered when it is asked again.
    pub(super) fn names_are_fine(self) -> bool {
        self.answered + self.lost >= AGAIN_ENOUGH && self.answered > self.lost
    }
}
