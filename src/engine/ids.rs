//! Which message IDs are in use on one socket, and by what.

use rand::Rng;
use rand::rngs::StdRng;

use super::exchange::{Outcome, ServerId};
use super::time::Time;

/// What stands behind a message ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Nothing, as far as is known.
    Free,
    /// An attempt of an exchange that is still held.
    Live { slot: u32, attempt: u16 },
    /// An attempt of an exchange that has ended: answered, or not.
    Past(Past),
}

/// What an attempt over UDP was counted as when its exchange was over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PastEnd {
    /// Answered, in time or late: one more response is a duplicate.
    Answered,
    Lost,
    Unreachable,
    NotSent,
    Abandoned,
}

impl From<&Outcome> for PastEnd {
    fn from(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Answered(_) | Outcome::Late(_) => Self::Answered,
            Outcome::TimedOut => Self::Lost,
            Outcome::Unreachable(_) => Self::Unreachable,
            Outcome::NotSent(_) => Self::NotSent,
            // A stream has no past here.
            Outcome::Waiting | Outcome::Abandoned | Outcome::StreamFailed(_) => Self::Abandoned,
        }
    }
}

/// The remains of an attempt, for telling late and second responses from strangers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Past {
    pub(super) end: PastEnd,
    /// The lowest 14 bits of the server's number.
    server: u16,
    /// The lowest 16 bits of the question's hash.
    question: u16,
    /// When it was sent, in units of 2^16 nanoseconds, 31 bits of it: 39 hours.
    sent: u32,
}

/// Nanoseconds are shifted by so much.
const SENT_UNIT: u32 = 16;
const SENT_MASK: u32 = u32::MAX >> 1;

impl Past {
    pub(super) fn new(end: PastEnd, server: ServerId, question: u16, sent: Time) -> Self {
        let server = (server.0 & 0x3FFF) as u16;
        let sent = (sent.as_nanos() >> SENT_UNIT) as u32 & SENT_MASK;
        Self { end, server, question, sent }
    }

    pub(super) fn is_answered(&self) -> bool {
        self.end == PastEnd::Answered
    }

    /// Whether a response from `server` to `question` belongs to this.
    pub(super) fn fits(&self, server: ServerId, question: u16) -> bool {
        u32::from(self.server) == server.0 & 0x3FFF && self.question == question
    }

    /// How long ago it was sent, to 65 microseconds.
    pub(super) fn age(&self, now: Time) -> std::time::Duration {
        let now = (now.as_nanos() >> SENT_UNIT) as u32;
        let age = now.wrapping_sub(self.sent) & SENT_MASK;
        std::time::Duration::from_nanos(u64::from(age) << SENT_UNIT)
    }
}

/// The 65,536 message IDs of one socket, each in eight octets: three bits of kind, then either
/// slot and attempt, or question, server and time.
#[derive(Debug)]
pub(super) struct IdTable {
    entries: Vec<u64>,
    live: usize,
    /// How many were taken since it was new or cleared.
    taken: u32,
}

const KIND: u32 = 61;
const QUESTION: u32 = 45;
const SERVER: u32 = 31;

const LIVE: u64 = 1;
const ANSWERED: u64 = 2;
const LOST: u64 = 3;
const UNREACHABLE: u64 = 4;
const NOT_SENT: u64 = 5;
const ABANDONED: u64 = 6;

impl IdTable {
    pub(super) fn new() -> Self {
        Self { entries: vec![0; 1 << 16], live: 0, taken: 0 }
    }

    #[inline]
    pub(super) fn get(&self, id: u16) -> Use {
        let entry = self.entries[usize::from(id)];
        let end = match entry >> KIND {
            0 => return Use::Free,
            LIVE => return Use::Live { slot: (entry >> 16) as u32, attempt: entry as u16 },
            ANSWERED => PastEnd::Answered,
            LOST => PastEnd::Lost,
            UNREACHABLE => PastEnd::Unreachable,
            NOT_SENT => PastEnd::NotSent,
            _ => PastEnd::Abandoned,
        };
        Use::Past(Past {
            end,
            server: (entry >> SERVER & 0x3FFF) as u16,
            question: (entry >> QUESTION) as u16,
            sent: entry as u32 & SENT_MASK,
        })
    }

    /// Reads the entries of IDs that are about to be taken.
    ///
    /// The tables are larger than the caches next to a core. Read one after the other with nothing
    /// in between, the entries come in at once instead of each when it is needed.
    #[inline]
    pub(super) fn touch(&self, ids: &[u16]) {
        let read = ids.iter().fold(0, |sum, &id| sum ^ self.entries[usize::from(id)]);
        std::hint::black_box(read);
    }

    /// Takes `drawn`, a random ID, or another random one if a live attempt has it; `None` if all
    /// are live.
    ///
    /// IDs with an unanswered past are spared for a while where others are free, so that a late
    /// answer finds what it belongs to.
    #[inline]
    pub(super) fn take(
        &mut self,
        drawn: u16,
        slot: u32,
        attempt: u16,
        now: Time,
        rng: &mut StdRng,
    ) -> Option<u16> {
        let id = match self.get(drawn) {
            Use::Past(past) if past.is_answered() => drawn,
            Use::Free => drawn,
            _ => self.find(drawn, now, rng)?,
        };
        self.entries[usize::from(id)] = LIVE << KIND | u64::from(slot) << 16 | u64::from(attempt);
        self.live += 1;
        self.taken = self.taken.saturating_add(1);
        Some(id)
    }

    /// Finds an ID that is not live.
    fn find(&self, drawn: u16, now: Time, rng: &mut StdRng) -> Option<u16> {
        const SPARED: std::time::Duration = std::time::Duration::from_secs(10);
        let mut second_best = None;
        let mut id = drawn;
        for _ in 0..4 {
            match self.get(id) {
                Use::Live { .. } => {}
                Use::Past(past) if !past.is_answered() && past.age(now) < SPARED => {
                    second_best = Some(id);
                }
                Use::Past(_) | Use::Free => return Some(id),
            }
            id = rng.next_u32() as u16;
        }
        if second_best.is_some() || self.live >= self.entries.len() {
            return second_best;
        }
        (0..=u16::MAX)
            .map(|i| id.wrapping_add(i))
            .find(|&id| !matches!(self.get(id), Use::Live { .. }))
    }

    /// Whether no attempt is live.
    pub(super) fn is_idle(&self) -> bool {
        self.live == 0
    }

    /// How many IDs were taken in all.
    pub(super) fn taken(&self) -> u32 {
        self.taken
    }

    /// Forgets everything, for another socket.
    pub(super) fn clear(&mut self) {
        debug_assert!(self.is_idle(), "a socket is closed when its attempts are over");
        self.entries.fill(0);
        self.taken = 0;
    }

    /// Ends the live use of `id`.
    #[inline]
    pub(super) fn release(&mut self, id: u16, past: Past) {
        debug_assert!(matches!(self.get(id), Use::Live { .. }), "only a live ID is released");
        let kind = match past.end {
            PastEnd::Answered => ANSWERED,
            PastEnd::Lost => LOST,
            PastEnd::Unreachable => UNREACHABLE,
            PastEnd::NotSent => NOT_SENT,
            PastEnd::Abandoned => ABANDONED,
        };
        self.entries[usize::from(id)] = kind << KIND
            | u64::from(past.question) << QUESTION
            | u64::from(past.server) << SERVER
            | u64::from(past.sent);
        self.live -= 1;
    }

    /// Marks a past use as answered, so that one more response counts as a duplicate.
    pub(super) fn mark_answered(&mut self, id: u16) {
        debug_assert!(matches!(self.get(id), Use::Past(_)), "only a past use is marked");
        let entry = &mut self.entries[usize::from(id)];
        *entry = *entry & !(7 << KIND) | ANSWERED << KIND;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::time::Duration;

    use rand::SeedableRng;

    use super::*;

    #[test]
    fn every_id_can_be_live_once_and_no_more() {
        let mut table = IdTable::new();
        let mut rng = StdRng::seed_from_u64(1);
        let mut seen = HashSet::new();
        for slot in 0..1 << 16 {
            let drawn = rng.next_u32() as u16;
            let id = table.take(drawn, slot, 0, Time::ZERO, &mut rng).unwrap();
            assert!(seen.insert(id), "{id} is live twice");
            assert_eq!(table.get(id), Use::Live { slot, attempt: 0 });
        }
        assert_eq!(table.take(5, 0, 0, Time::ZERO, &mut rng), None);
        table.release(77, Past::new(PastEnd::Answered, ServerId(0), 0, Time::ZERO));
        assert_eq!(table.take(5, 9, 3, Time::ZERO, &mut rng), Some(77));
    }

    #[test]
    fn a_past_use_keeps_its_server_question_and_age() {
        let mut table = IdTable::new();
        let mut rng = StdRng::seed_from_u64(2);
        let sent = Time::ZERO + Duration::from_secs(3600 * 100);
        let id = table.take(5, u32::MAX, u16::MAX, sent, &mut rng).unwrap();
        assert_eq!(table.get(id), Use::Live { slot: u32::MAX, attempt: u16::MAX });
        table.release(id, Past::new(PastEnd::Lost, ServerId(0x3FFF), 0xBEEF, sent));
        let Use::Past(past) = table.get(id) else { panic!("not past") };
        assert!(past.end == PastEnd::Lost && past.fits(ServerId(0x3FFF), 0xBEEF));
        assert!(!past.fits(ServerId(1), 0xBEEF) && !past.fits(ServerId(0x3FFF), 1));
        let age = past.age(sent + Duration::from_millis(1500));
        assert!(age.abs_diff(Duration::from_millis(1500)) < Duration::from_micros(66));
        table.mark_answered(id);
        assert!(matches!(table.get(id), Use::Past(past) if past.is_answered()));
    }

    #[test]
    fn a_past_use_keeps_how_it_ended() {
        let mut table = IdTable::new();
        let mut rng = StdRng::seed_from_u64(3);
        for end in [
            PastEnd::Answered,
            PastEnd::Lost,
            PastEnd::Unreachable,
            PastEnd::NotSent,
            PastEnd::Abandoned,
        ] {
            let id = table.take(5, u32::MAX, u16::MAX, Time::ZERO, &mut rng).unwrap();
            table.release(id, Past::new(end, ServerId(u32::MAX), u16::MAX, Time::ZERO));
            let Use::Past(past) = table.get(id) else { panic!("not past") };
            assert_eq!(past.end, end);
        }
    }
}
