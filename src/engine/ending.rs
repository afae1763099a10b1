//! The end of an exchange: by a response, without one, or because nothing more is wanted.

use super::engine::Engine;
use super::exchange::{
    Attempt, Ending, Failure, Finished, Outcome, Response, ServerChoice, ServerId, Sink, Transport,
};
use super::ids::{Past, PastEnd};
use super::slot::{Ended, Slot, TRUNCATED, Timer};
use super::time::Time;

impl Engine {
    /// Makes no attempt and takes no exchange from now on. An exchange whose last attempt is on its way
    /// waits for the response, for one timeout at most; one that would need another attempt, now or
    /// then, ends as cancelled: nothing is said of it that might be said otherwise after a retry.
    pub fn drain(&mut self, now: Time, sink: &mut Sink<'_>) {
        self.draining = true;
        self.abandon_own();
        self.end_all(now, sink, |slot| {
            slot.ended.is_some() || !matches!(slot.timer, Timer::PresumeLost | Timer::Deadline)
        });
        // A handshake does not get the time that it has besides.
        for index in self.slots.indices() {
            let latest = now + self.profile(index).timeout;
            let slot = &mut self.slots[index];
            if slot.timer == Timer::Deadline && latest < slot.deadline {
                slot.deadline = latest;
                self.timers.set(index, latest);
            }
        }
    }

    /// Ends all exchanges, as cancelled if they have no response.
    pub fn cancel(&mut self, now: Time, sink: &mut Sink<'_>) {
        self.abandon_own();
        self.end_all(now, sink, |_| true);
    }

    /// Ends those exchanges that are to end now.
    fn end_all(&mut self, now: Time, sink: &mut Sink<'_>, ends: impl Fn(&Slot) -> bool) {
        for index in self.slots.indices() {
            let slot = &self.slots[index];
            if slot.own.is_some() || !ends(slot) {
                continue;
            }
            if slot.ended.is_some() {
                self.release(index, None, sink);
            } else {
                self.end(index, Ended::Failed(Failure::Cancelled), None, now, sink);
            }
        }
        self.sweep_queues();
    }

    /// Ends as cancelled the exchanges that wait for this server, may go to no other, and were not
    /// sent yet.
    ///
    /// # Panics
    /// If `id` is not from this engine.
    pub fn recall(&mut self, id: ServerId, now: Time, sink: &mut Sink<'_>) {
        let mut queue = std::mem::take(&mut self.servers[id.0 as usize].queue);
        queue.retain(|&index| {
            let slot = &self.slots[index];
            let unsent = slot.ended.is_none()
                && slot.attempts.is_empty()
                && slot.servers == ServerChoice::Only(id);
            if unsent {
                self.slots.left_queue(index);
                self.end(index, Ended::Failed(Failure::Cancelled), None, now, sink);
            }
            !unsent
        });
        self.servers[id.0 as usize].queue = queue;
    }

    /// Ends an exchange that has no attempts left, with the best of its bad responses if there is one.
    pub(super) fn end_with_best(&mut self, index: u32, now: Time, sink: &mut Sink<'_>) {
        let slot = &self.slots[index];
        let ended = match slot.best.rank {
            0 if slot.attempts.iter().all(Attempt::is_undeliverable) => {
                Ended::Failed(Failure::Unreachable)
            }
            0 => Ended::Failed(Failure::TimedOut),
            TRUNCATED => Ended::Truncated,
            _ => Ended::Answered,
        };
        self.end(index, ended, None, now, sink);
    }

    /// Ends an exchange. `fresh` is the response that ended it; without it, the response is the best
    /// one that was kept.
    #[inline]
    pub(super) fn end(
        &mut self,
        index: u32,
        ended: Ended,
        fresh: Option<(usize, Response<'_>)>,
        now: Time,
        sink: &mut Sink<'_>,
    ) {
        if let Some(own) = self.slots[index].own {
            let id = self.slots[index].attempts.last().map(|attempt| attempt.server);
            self.uncharge(index);
            self.release(index, None, sink);
            if let Some(id) = id {
                self.own_ended(own, id, fresh.is_some(), now);
            }
            return;
        }
        self.totals.open -= 1;
        if self.totals.open == 0 {
            // Nobody is being asked, so nobody is silent.
            self.unanswered_since = None;
        }
        *match ended {
            Ended::Answered => &mut self.totals.answered,
            Ended::Truncated => &mut self.totals.truncated,
            Ended::Failed(Failure::TimedOut) => &mut self.totals.timed_out,
            Ended::Failed(Failure::Unreachable) => &mut self.totals.unreachable,
            Ended::Failed(Failure::Cancelled) => &mut self.totals.cancelled,
        } += 1;
        self.uncharge(index);
        let linger = self.config.linger;
        let slot = &mut self.slots[index];
        slot.ended = Some(ended);
        // An attempt that had no response yet still waits while the exchange lingers.
        if !linger.is_zero() && ended != Ended::Failed(Failure::Cancelled) {
            if let Some((attempt, response)) = fresh {
                slot.best.keep(response.octets(), attempt, u8::MAX);
            }
            slot.timer = Timer::Linger;
            self.timers.set(index, now + linger);
            return;
        }
        self.release(index, fresh, sink);
    }

    /// Hands a finished exchange to the sink and frees its slot and its message IDs.
    #[inline]
    pub(super) fn release(
        &mut self,
        index: u32,
        fresh: Option<(usize, Response<'_>)>,
        sink: &mut Sink<'_>,
    ) {
        self.timers.cancel(index);
        let slot = &mut self.slots[index];
        if let ServerChoice::Only(server) = slot.servers {
            self.servers[server.0 as usize].own_open -= 1;
        }
        let question = slot.question_hash();
        for attempt in &mut slot.attempts {
            if attempt.outcome == Outcome::Waiting {
                attempt.outcome = Outcome::Abandoned;
                self.servers[attempt.server.0 as usize].counts.abandoned += 1;
            }
            match attempt.transport {
                Transport::Udp => {
                    let end = PastEnd::from(&attempt.outcome);
                    let past = Past::new(end, attempt.server, question, attempt.sent);
                    self.ids[usize::from(attempt.socket.0)].release(attempt.id, past);
                }
                Transport::Tcp => {
                    self.stream_ids.remove(&(attempt.server, attempt.id));
                }
            }
        }
        let slot = &self.slots[index];
        if slot.own.is_some() {
            return self.slots.give_back(index);
        }
        let kept = || {
            let response = Response::read(&slot.best.octets)?;
            Some((usize::from(slot.best.attempt), response))
        };
        let end = match slot.ended {
            Some(ended @ (Ended::Answered | Ended::Truncated)) => match fresh.or_else(kept) {
                Some((attempt, response)) if ended == Ended::Truncated => {
                    Ending::Truncated { response, attempt }
                }
                Some((attempt, response)) => Ending::Answered { response, attempt },
                None => Ending::Failed(Failure::TimedOut),
            },
            Some(Ended::Failed(failure)) => Ending::Failed(failure),
            None => Ending::Failed(Failure::Cancelled),
        };
        sink(Finished {
            tag: slot.tag,
            unmatched: &slot.unmatched,
            name: slot.name(),
            rtype: slot.rtype,
            class: slot.class,
            attempts: &slot.attempts,
            end,
        });
        self.slots.give_back(index);
    }
}
