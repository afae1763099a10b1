//! ICMP errors about our queries.
//!
//! Anybody who knows a port may send such an error, and a true one may be true for a moment only: a
//! server that restarts, a route that changes. So an error is a hint. Its attempt stays open for an
//! answer until its own time, or a second, is over, and where none came it ends as undeliverable.
//!
//! Only errors that are repeated are believed: for [`SEVERAL`] attempts, over at least one timeout or
//! a second, and with nothing answered since the first of them. From then on an attempt ends with its
//! error, and other servers are asked if there are any. The first answer ends that.
//!
//! Where somebody waits for one answer ([`ends_at_icmp`](super::Config::ends_at_icmp)), an error ends
//! its attempt at once instead, and the next one waits a little longer each time.
//!
//! An error counts for the attempt whose message ID it quotes, and only if what it quotes of the
//! question is what was sent from that socket: who knows no more than a port has to guess both.

use std::net::SocketAddr;
use std::time::Duration;

use super::exchange::{Outcome, RetryReason, ServerId, SocketId, Unreachable};
use super::ids::Use;
use super::receive::question_of;
use super::slot::Timer;
use super::time::Time;
use super::{Engine, Sink};
use crate::wire::Header;

/// Attempts that have to be rejected, one after the other, before that is believed.
const SEVERAL: u32 = 3;

/// How long that takes at most, and how long such an attempt stays open, where attempts may wait
/// longer than that.
const LONG_ENOUGH: Duration = Duration::from_secs(1);

/// What ICMP said of one server since it answered last.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rejections {
    attempts: u32,
    since: Time,
    believed: bool,
}

impl Rejections {
    /// One more attempt was rejected. Gives whether that is believed from now on, and was not before.
    fn note(&mut self, now: Time, timeout: Duration) -> bool {
        if self.attempts == 0 {
            self.since = now;
        }
        self.attempts = self.attempts.saturating_add(1);
        let span = now.since(self.since);
        let believed = self.attempts >= SEVERAL && span >= timeout.min(LONG_ENOUGH);
        let new = believed && !self.believed;
        self.believed |= believed;
        new
    }

    /// The server answered.
    #[inline]
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Whether nothing that is sent there arrives, as far as ICMP tells.
    pub(super) fn are_believed(self) -> bool {
        self.believed
    }
}

impl Engine {
    /// Handles an ICMP error: a datagram from `socket` to `to` was not delivered. `quoted` is as much
    /// of its payload as came back with the error.
    pub fn handle_unreachable(
        &mut self,
        now: Time,
        socket: SocketId,
        to: SocketAddr,
        error: Unreachable,
        quoted: &[u8],
        sink: &mut Sink<'_>,
    ) {
        let Some(index) = self.rejected_attempt(socket, to, quoted) else {
            self.totals.unmatched += 1;
            return;
        };
        let slot = &self.slots[index];
        let Some(attempt) = slot.attempts.last() else { return };
        let (id, sent) = (attempt.server, attempt.sent);
        if slot.rejected.is_some() {
            return;
        }
        self.heard_from(id, now, sent);
        self.troubles.add_unreachable(error, 1);
        let timeout = self.manner(index).timeout;
        if self.config.ends_at_icmp {
            return self.attempt_rejected(index, error, now, sink);
        }
        // Nobody else has to wait for it.
        self.uncharge(index);
        let slot = &mut self.slots[index];
        slot.rejected = Some(error);
        slot.deadline = slot.deadline.min(now + LONG_ENOUGH);
        // A question of our own has more to tell when it is suspected, and its deadline follows then.
        if slot.timer == Timer::Deadline || slot.timer == Timer::Suspect && slot.own.is_none() {
            // That it was lost is no sign of a queue that is too long.
            slot.timer = Timer::Deadline;
            self.timers.set(index, slot.deadline);
        }
        self.note_silence(index, id, now);
        let rejections = &mut self.servers[id.0 as usize].rejections;
        if rejections.note(now, timeout) {
            self.end_rejected(id, now, sink);
        } else if rejections.are_believed() {
            self.attempt_rejected(index, error, now, sink);
        }
    }

    /// The exchange whose current attempt a quoted datagram is, if it is one's.
    fn rejected_attempt(&self, socket: SocketId, to: SocketAddr, quoted: &[u8]) -> Option<u32> {
        let id = u16::from_be_bytes(*quoted.first_chunk::<2>()?);
        let Use::Live { slot: index, attempt } = self.ids.get(usize::from(socket.0))?.get(id)
        else {
            return None;
        };
        let (slot, number) = (&self.slots[index], usize::from(attempt));
        let attempt = slot.attempts.get(number)?;
        let question = Header::parse(quoted).ok().and_then(|header| question_of(quoted, header));
        // An error about an earlier attempt changes nothing for the one that is waited for now.
        let fits = number + 1 == slot.attempts.len()
            && attempt.outcome == Outcome::Waiting
            && slot.ended.is_none()
            && self.servers[attempt.server.0 as usize].addr == to
            && question
                .is_none_or(|it| it.rtype == slot.rtype && slot.name_matches(it.name, number));
        fits.then_some(index)
    }

    /// Ends what waits for a server that rejects everything, as far as it was rejected itself.
    #[cold]
    fn end_rejected(&mut self, id: ServerId, now: Time, sink: &mut Sink<'_>) {
        for index in self.slots.indices() {
            let slot = &self.slots[index];
            let waits = slot.ended.is_none()
                && matches!(slot.timer, Timer::Suspect | Timer::Deadline)
                && slot.attempts.last().is_some_and(|attempt| {
                    attempt.server == id && attempt.outcome == Outcome::Waiting
                });
            if let (true, Some(error)) = (waits, slot.rejected) {
                self.attempt_rejected(index, error, now, sink);
            }
        }
    }

    /// The current attempt ends as one that could not be delivered.
    pub(super) fn attempt_rejected(
        &mut self,
        index: u32,
        error: Unreachable,
        now: Time,
        sink: &mut Sink<'_>,
    ) {
        let Some(attempt) = self.slots[index].attempts.last() else { return };
        let id = attempt.server;
        self.servers[id.0 as usize].counts.unreachable += 1;
        let outcome = Outcome::Unreachable(error);
        self.attempt_failed(index, outcome, RetryReason::Unreachable, now, sink);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_errors_for_several_attempts_over_a_timeout_are_believed() {
        let timeout = Duration::from_secs(1);
        let at = |millis| Time::ZERO + Duration::from_millis(millis);
        for (errors, believed) in [
            (&[0, 1, 2, 3, 999][..], false),
            (&[0, 1_000], false),
            (&[0, 5_000], false),
            (&[0, 500, 1_000], true),
            (&[0, 1, 2, 3, 1_000], true),
        ] {
            // However long an attempt may wait.
            for timeout in [timeout, 600 * timeout] {
                let mut rejections = Rejections::default();
                let news =
                    errors.iter().filter(|&&error| rejections.note(at(error), timeout)).count();
                assert_eq!((rejections.are_believed(), news), (believed, usize::from(believed)));
                rejections.clear();
                assert!(!rejections.note(at(9_000), timeout) && !rejections.are_believed());
            }
        }
    }
}
