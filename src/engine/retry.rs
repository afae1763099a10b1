//! What follows an attempt that brought no good response.

use std::time::Duration;

use rand::RngExt;

use super::config::{TransportPolicy, Window};
use super::engine::Engine;
use super::exchange::{
    Attempt, Failure, Outcome, RetryReason, ServerChoice, ServerId, Sink, StreamCause, Transport,
};
use super::server::Server;
use super::slot::{Case, Ended, Timer};
use super::time::Time;

/// Attempts of one exchange that may be refused by the local system before they use up retries.
const MOST_NOT_SENT: usize = 8;

/// Servers that are looked at for one that suits.
const SOME: usize = 16;

impl Engine {
    /// The current attempt has been out for longer than answers take: its server's window does not
    /// wait for it any more.
    pub(super) fn presume_lost(&mut self, index: u32, now: Time) {
        let timeout = self.profile(index).timeout;
        let slot = &mut self.slots[index];
        let Some(last) = slot.attempts.last() else { return };
        let (id, sent) = (last.server, last.sent);
        let window = &self.servers[id.0 as usize].window;
        let certain = sent + window.presume_lost_after(timeout);
        if now < certain && !window.is_reordered_past(sent) {
            slot.timer = Timer::PresumeLost;
            self.timers.set(index, certain);
            return;
        }
        slot.timer = Timer::Deadline;
        slot.presumed_lost = true;
        let deadline = slot.deadline;
        let first = slot.attempts.len() == 1;
        self.timers.set(index, deadline);
        self.uncharge(index);
        if self.slots[index].own.is_some() {
            return self.presume_own_lost(index, id, now);
        }
        self.note_name(id, sent, false, now);
        if !first {
            return;
        }
        let silent = self.servers[id.0 as usize].on_presumed_lost(now, sent);
        self.limit_if_over(id, now);
        if silent && self.can_go_elsewhere(index, id) && !self.doubts_silence(id, now) {
            self.back_off(id, now);
        }
    }

    /// Sees to it that a server is not asked more than it answers.
    #[inline]
    pub(super) fn limit_if_over(&mut self, id: ServerId, now: Time) {
        let limits = self.config.window == Window::Adaptive || self.config.own_queries;
        if limits && self.servers[id.0 as usize].is_over_limit(now) {
            self.on_over_limit(id, now);
        }
    }

    /// Gives the current attempt's place in its server's window back.
    #[inline]
    pub(super) fn uncharge(&mut self, index: u32) {
        let slot = &mut self.slots[index];
        let (true, Some(attempt)) = (slot.charged, slot.attempts.last()) else { return };
        let id = attempt.server;
        slot.charged = false;
        self.servers[id.0 as usize].in_flight -= 1;
        self.in_flight -= 1;
        self.relist(id);
    }

    pub(super) fn attempt_timed_out(&mut self, index: u32, now: Time, sink: &mut Sink<'_>) {
        if let Some(error) = self.slots[index].rejected {
            return self.attempt_rejected(index, error, now, sink);
        }
        let may_go_to_tcp = self.profile(index).transport == TransportPolicy::UdpThenTcp;
        let slot = &self.slots[index];
        let Some(&last) = slot.attempts.last() else { return };
        let server = &mut self.servers[last.server.0 as usize];
        server.counts.lost += 1;
        let unnoticed = !slot.presumed_lost && slot.own.is_none();
        match &slot.attempts[..] {
            _ if self.config.window.is_strict() => {}
            [_] if unnoticed => server.on_loss(now, last.sent),
            [first, _] if first.outcome == Outcome::TimedOut => self.again.note(false),
            _ => {}
        }
        if last.transport == Transport::Udp && !self.config.window.is_strict() {
            let silent = &mut self.silent_sockets[usize::from(last.socket.0)];
            *silent = silent.saturating_add(1);
        }
        // Somebody answered, and not as the server would have: TCP tells whether it was the server.
        let case_changed = slot.case_changed > 0 && slot.plan.case == Case::Mixed;
        let reason = if last.transport == Transport::Tcp {
            RetryReason::Timeout
        } else if self.mistrusts_udp(index, now) {
            RetryReason::Mismatched
        } else if case_changed && may_go_to_tcp {
            RetryReason::CaseChanged
        } else {
            RetryReason::Timeout
        };
        if unnoticed {
            self.note_name(last.server, last.sent, false, now);
        }
        self.limit_if_over(last.server, now);
        self.attempt_failed(index, Outcome::TimedOut, reason, now, sink);
    }

    /// The current attempt ended without any response.
    pub(super) fn attempt_failed(
        &mut self,
        index: u32,
        outcome: Outcome,
        reason: RetryReason,
        now: Time,
        sink: &mut Sink<'_>,
    ) {
        let only_tcp = self.profile(index).transport == TransportPolicy::TcpOnly;
        let Some(attempt) = self.slots[index].current_attempt() else { return };
        attempt.outcome = outcome;
        let id = attempt.server;
        // Where TCP is only for what was truncated, its failure says nothing of the server's UDP.
        let telling = attempt.transport == Transport::Udp || only_tcp;
        let silence = !matches!(reason, RetryReason::NotSent | RetryReason::CaseChanged);
        self.uncharge(index);
        if self.slots[index].rejected.is_some() {
            // It was counted when ICMP said so.
            let server = &self.servers[id.0 as usize];
            let gone = server.rejections.are_believed() && !server.is_backed_off();
            if gone && self.can_go_elsewhere(index, id) {
                self.back_off(id, now);
            }
        } else if telling && silence {
            self.note_silence(index, id, now);
        }
        self.retry(index, reason, now, sink);
    }

    /// An attempt of this exchange was not answered: its server may have to be left alone.
    pub(super) fn note_silence(&mut self, index: u32, id: ServerId, now: Time) {
        // The last good server is never backed off: names must come to an end, if only a bad one.
        if self.servers[id.0 as usize].on_silence()
            && self.can_go_elsewhere(index, id)
            && !self.doubts_silence(id, now)
        {
            self.back_off(id, now);
        }
    }

    /// Plans the next attempt after a failed one, or ends the exchange.
    pub(super) fn retry(
        &mut self,
        index: u32,
        reason: RetryReason,
        now: Time,
        sink: &mut Sink<'_>,
    ) {
        let Some(&last) = self.slots[index].attempts.last() else { return };
        let only_if_truncated = self.profile(index).transport == TransportPolicy::UdpThenTcp;
        let mut plan = self.slots[index].plan;
        let mut delay = Duration::ZERO;
        plan.server = Some(last.server);
        let free = match reason {
            RetryReason::Truncated if !plan.fell_back_to_tcp => {
                plan.fell_back_to_tcp = true;
                plan.transport = Transport::Tcp;
                if self.servers[last.server.0 as usize].is_without_tcp(now) {
                    plan.server = self.another_server_with_tcp(index, now).or(plan.server);
                }
                true
            }
            RetryReason::WithoutEdns if !plan.fell_back_to_plain => {
                plan.fell_back_to_plain = true;
                true
            }
            RetryReason::CaseChanged => {
                plan.case = Case::OverTcp;
                plan.transport = Transport::Tcp;
                true
            }
            RetryReason::Mismatched => {
                self.totals.suspected += u64::from(!plan.forgery_suspected);
                plan.transport = Transport::Tcp;
                !std::mem::replace(&mut plan.forgery_suspected, true)
            }
            RetryReason::BadCookie => {
                if plan.bad_cookie && only_if_truncated {
                    plan.transport = Transport::Tcp;
                }
                !std::mem::replace(&mut plan.bad_cookie, true)
            }
            // It is no fault of the name, and another server may well be reached.
            RetryReason::NotSent if self.can_go_elsewhere(index, last.server) => {
                plan.server = self.another_server(index);
                usize::from(self.slots[index].plan.retries) + MOST_NOT_SENT
                    > self.slots[index].attempts.len()
            }
            _ => false,
        };
        if !free {
            if plan.spare > 0 && self.is_no_fault_of_the_name(&last, reason) {
                plan.spare -= 1;
            } else if plan.retries > 0 {
                plan.retries -= 1;
            } else {
                return self.end_with_best(index, now, sink);
            }
            // Only the case of a response was ever wrong, and TCP, which would tell whose doing that
            // was, is not to be had: it is more likely the server's than a forger's.
            if plan.case == Case::OverTcp
                && last.transport == Transport::Tcp
                && last.answer().is_none()
                && self.doubts(index, now) == 0
            {
                plan.case = Case::Plain;
                plan.transport = Transport::Udp;
            }
            let mut elsewhere = self.can_go_elsewhere(index, last.server);
            let with_tcp = (elsewhere && plan.transport == Transport::Tcp)
                .then(|| self.another_server_with_tcp(index, now))
                .flatten();
            // One that closes a connection is better than one to which none can be made.
            elsewhere &= plan.transport == Transport::Udp
                || with_tcp.is_some()
                || self.servers[last.server.0 as usize].is_without_tcp(now);
            let unmade = matches!(last.outcome, Outcome::StreamFailed(failure)
                if failure.cause == StreamCause::ConnectTimedOut);
            if reason == RetryReason::Refused
                && self.servers[last.server.0 as usize].is_near_limit()
            {
                // Others may be so near to theirs that it would be refused all over.
                delay = self.pause(index);
            }
            match reason {
                RetryReason::Truncated => plan.transport = Transport::Tcp,
                // The same server, which has not been asked without EDNS yet.
                RetryReason::WithoutEdns | RetryReason::BadCookie => {}
                // Once truncated, it would be so again: TCP stays.
                _ if elsewhere => plan.server = with_tcp.or_else(|| self.another_server(index)),
                // Whoever has room, which is the same server where there is no other: there it
                // leaves together with new names.
                RetryReason::Timeout if self.slots[index].servers == ServerChoice::Any => {
                    plan.server = None;
                }
                RetryReason::Timeout => {}
                // A handshake was tried several times already, so it has one more chance at most.
                RetryReason::StreamFailed if !unmade => {}
                RetryReason::NotSent => delay = self.pause(index),
                // Longer each time: whoever has stopped may be starting again.
                RetryReason::Unreachable => {
                    let before = self.slots[index].attempts.iter().rev().skip(1);
                    let times = before.take_while(|it| it.is_undeliverable()).take(2).count();
                    delay = self.pause(index) * (1 << times);
                }
                // The same server would say the same again, or needs a moment.
                _ => {
                    if plan.same_again == 0 {
                        return self.end_with_best(index, now, sink);
                    }
                    plan.same_again -= 1;
                    delay = self.pause(index);
                }
            }
        }
        // Where the server is backed off, whoever is there next may have it.
        if self.slots[index].servers == ServerChoice::Any
            && plan.server.is_some_and(|id| self.servers[id.0 as usize].is_backed_off())
        {
            plan.server = None;
        }
        if self.draining {
            return self.end(index, Ended::Failed(Failure::Cancelled), None, now, sink);
        }
        let slot = &mut self.slots[index];
        if let Some(attempt) = slot.current_attempt() {
            attempt.retried_because = Some(reason);
        }
        slot.plan = plan;
        if delay.is_zero() {
            slot.timer = Timer::None;
            self.timers.cancel(index);
            self.queue_next_attempt(index);
        } else {
            slot.timer = Timer::Delay;
            self.timers.set(index, now + delay);
        }
    }

    /// Whether an attempt failed because its server was asked too much, or is of no use to anybody.
    fn is_no_fault_of_the_name(&self, attempt: &Attempt, reason: RetryReason) -> bool {
        let server = &self.servers[attempt.server.0 as usize];
        match reason {
            RetryReason::Timeout => {
                server.limiter.was_over(attempt.sent) || server.limiter.is_uncertain()
            }
            RetryReason::Refused => server.is_near_limit() || server.is_useless(),
            RetryReason::ServerFailure | RetryReason::Lame => server.is_useless(),
            // It may close a connection when it likes, with queries on it (RFC 7766 §6.2.4).
            RetryReason::StreamFailed => {
                server.is_in_use_over_tcp()
                    && matches!(attempt.outcome, Outcome::StreamFailed(failure)
                        if matches!(failure.cause, StreamCause::Reset | StreamCause::Closed))
            }
            // It has answered before, and may have been away for a moment.
            RetryReason::Unreachable => {
                matches!(attempt.outcome, Outcome::Unreachable(_))
                    && server.is_in_use()
                    && !server.rejections.are_believed()
            }
            _ => false,
        }
    }

    pub(super) fn queue_next_attempt(&mut self, index: u32) {
        match self.slots[index].plan.server {
            Some(id) => self.enqueue(index, id),
            None => self.make_ready(index),
        }
    }

    /// A moment before the same server is asked again: a tenth of the timeout, a half more or less.
    fn pause(&mut self, index: u32) -> Duration {
        let jitter = self.rng.random_range(0.5..1.5);
        (self.profile(index).timeout / 10).mul_f64(jitter).max(Duration::from_millis(1))
    }

    /// A server that has room and suits the exchange; `None` if none has room now: then the
    /// exchange waits for the first that has.
    fn another_server(&mut self, index: u32) -> Option<ServerId> {
        self.draw_another(index, |_| true)
    }

    /// The same to which a TCP connection may be made, if need be without room for more over UDP.
    fn another_server_with_tcp(&mut self, index: u32, now: Time) -> Option<ServerId> {
        if self.slots[index].servers != ServerChoice::Any {
            return None;
        }
        let with_tcp = |server: &Server| !server.is_without_tcp(now);
        self.draw_another(index, with_tcp).or_else(|| {
            let count = self.servers.len();
            let first = self.rng.random_range(0..count);
            let mut some = (0..count.min(SOME)).map(|nth| ServerId(((first + nth) % count) as u32));
            some.find(|&id| {
                let server = &self.servers[id.0 as usize];
                server.is_good() && with_tcp(server) && self.suits(index, id)
            })
        })
    }

    fn draw_another(&mut self, index: u32, suitable: impl Fn(&Server) -> bool) -> Option<ServerId> {
        // A few draws find one soon where there are many.
        for _ in 0..8 {
            if self.available.is_empty() {
                break;
            }
            let id = self.available[self.rng.random_range(0..self.available.len())];
            let server = &self.servers[id.0 as usize];
            if server.is_good() && suitable(server) && self.suits(index, id) {
                return Some(id);
            }
        }
        None
    }

    /// Whether an exchange that any server may have should go to this one: not if it has asked it
    /// before, as long as there is a good one that it has not asked; never twice in a row, if there
    /// is any other good one.
    pub(super) fn suits(&self, index: u32, id: ServerId) -> bool {
        let attempts = &self.slots[index].attempts;
        let asked = |id: ServerId| attempts.iter().any(|attempt| attempt.server == id);
        if !asked(id) {
            return true;
        }
        let mut good_asked = 0;
        for (i, attempt) in attempts.iter().enumerate() {
            let before = attempts[..i].iter().any(|other| other.server == attempt.server);
            let good = self.servers[attempt.server.0 as usize].is_good();
            good_asked += usize::from(good && !before);
        }
        let unasked = self.good > good_asked;
        let last = attempts.last().is_some_and(|attempt| attempt.server == id);
        !(unasked || last && self.has_other_good_server(id))
    }

    /// Whether an exchange may go to another server than this one, and there is a good one. Only then
    /// is it worth to leave this one alone: who asks a certain server wants to hear from that one.
    pub(super) fn can_go_elsewhere(&self, index: u32, id: ServerId) -> bool {
        self.slots[index].servers == ServerChoice::Any && self.has_other_good_server(id)
    }

    /// Whether there is a server in good health besides this one.
    pub(super) fn has_other_good_server(&self, id: ServerId) -> bool {
        self.good > usize::from(self.servers[id.0 as usize].is_good())
    }
}
