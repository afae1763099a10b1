//! From an ICMP error to the attempt that it is about, and what becomes of that.
//!
//! An error counts for the attempt whose message ID it quotes, and only if what it quotes of the
//! question is what was sent from that socket: who knows no more than a port has to guess both.

use std::net::SocketAddr;

use super::engine::Engine;
use super::exchange::{Outcome, RetryReason, ServerId, Sink, SocketId, Unreachable};
use super::ids::Use;
use super::question::question_of;
use super::rejection::LONG_ENOUGH;
use super::slot::Timer;
use super::time::Time;
use crate::wire::Header;

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
        self.delivery_errors.add_unreachable(error, 1);
        let timeout = self.profile(index).timeout;
        if self.config.window.is_strict() {
            // It is why the attempt ends in vain, if it does.
            self.slots[index].rejected = Some(error);
            return;
        }
        if self.config.ends_at_icmp {
            return self.attempt_rejected(index, error, now, sink);
        }
        // Nobody else has to wait for it.
        self.uncharge(index);
        let slot = &mut self.slots[index];
        slot.rejected = Some(error);
        slot.deadline = slot.deadline.min(now + LONG_ENOUGH);
        // A question of our own has more to tell when it is presumed lost, and its deadline follows then.
        if slot.timer == Timer::Deadline || slot.timer == Timer::PresumeLost && slot.own.is_none() {
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
            && question.is_none_or(|question| slot.asks(question, number));
        fits.then_some(index)
    }

    /// Ends what waits for a server that rejects everything, as far as it was rejected itself.
    #[cold]
    fn end_rejected(&mut self, id: ServerId, now: Time, sink: &mut Sink<'_>) {
        for index in self.slots.indices() {
            let slot = &self.slots[index];
            let waits = slot.ended.is_none()
                && matches!(slot.timer, Timer::PresumeLost | Timer::Deadline)
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
