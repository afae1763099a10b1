//! What the local system refuses to send, and the pause while it refuses everything.
//!
//! A driver tells of each refusal, and of each batch that is through. If something of a batch passed,
//! a refusal is about its server, which is backed off. If nothing did, this machine has no way out in
//! that address family: the family pauses. What was refused then counts as never sent, what is in
//! flight does not time out, and one query a second tries again until one passes.
//!
//! A family that has never worked does not pause while the other one may work: a machine without
//! IPv6 would wait for it for ever.
//!
//! A neighbour that does not answer to ARP or neighbour discovery is told of seconds after the
//! system took the query. There nothing passes for certain but by a response, so the queries that try
//! again have to stay unrefused for longer than that takes.

use std::time::Duration;

use rand::{Rng, RngExt};

use super::engine::Engine;
use super::exchange::{
    AttemptKey, Failure, Outcome, RetryReason, ServerId, Sink, SocketId, Transport,
};
use super::ids::{Past, PastEnd, Use};
use super::slot::{Ended, Timer};
use super::time::Time;
use super::transmit::Transmits;
use super::uplink::{CannotSend, DeliveryErrors, Outage, Refusal};

/// How often a paused family is tried again; the first time sooner, in case that only one server
/// cannot be reached.
const AGAIN: Duration = Duration::from_secs(1);
const AGAIN_FIRST: Duration = Duration::from_millis(10);
/// How long it is believed that one server cannot be sent to where another one can.
const ALONE: Duration = Duration::from_secs(30);
/// Servers that cannot be sent to and are told apart from others.
const MOST_REFUSED: usize = 64;
/// How long the system looks for a neighbour before it gives up what it took for it: three tries of
/// a second on Linux.
const NEIGHBOUR: Duration = Duration::from_secs(4);

impl Engine {
    /// Handles the local system's refusal to send an attempt. What follows from it may show only
    /// with [`Engine::handle_all_sent`].
    pub fn handle_not_sent(
        &mut self,
        now: Time,
        key: AttemptKey,
        refusal: Refusal,
        errno: i32,
        sink: &mut Sink<'_>,
    ) {
        if refusal == Refusal::OfMachine {
            self.refusals.push((key, errno));
            return;
        }
        self.delivery_errors.add_not_sent(errno, 1);
        let Some((index, _)) = self.waiting(key) else { return };
        self.not_sent(index, errno, now, sink);
    }

    /// Takes note that nothing is left to be sent of what was handed out: the local system took all
    /// but what it was said to have refused.
    pub fn handle_all_sent(&mut self, now: Time, sink: &mut Sink<'_>) {
        let handed = self.uplinks.each_mut().map(|uplink| std::mem::take(&mut uplink.handed));
        if self.refusals.is_empty() && self.uplinks.iter().all(|uplink| uplink.outage.is_none()) {
            return;
        }
        self.settle_refusals(handed, now, sink);
    }

    #[cold]
    fn settle_refusals(&mut self, mut handed: [u32; 2], now: Time, sink: &mut Sink<'_>) {
        let refusals = std::mem::take(&mut self.refusals);
        let mut refused = [0; 2];
        let mut last = [0; 2];
        let mut by: [Vec<ServerId>; 2] = Default::default();
        for &(key, errno) in &refusals {
            self.delivery_errors.add_not_sent(errno, 1);
            if let Some((index, number)) = self.waiting(key) {
                let id = self.slots[index].attempts[number].server;
                let family = self.family_of(id);
                if self.servers[id.0 as usize].refused_alone_until > now {
                    // That this one is refused says nothing of others.
                    handed[family] = handed[family].saturating_sub(1);
                    continue;
                }
                refused[family] += 1;
                last[family] = errno;
                if !by[family].contains(&id) && by[family].len() < MOST_REFUSED {
                    by[family].push(id);
                }
            }
        }
        for family in 0..2 {
            let passed = handed[family] > refused[family];
            match &mut self.uplinks[family].outage {
                Some(outage) if refused[family] > 0 => {
                    outage.errno = last[family];
                    outage.taken_since = None;
                    outage.refused.append(&mut by[family]);
                    self.delivery_errors.pauses += u64::from(!outage.confirmed);
                    outage.confirmed = true;
                }
                Some(outage) if passed && outage.by_neighbour => {
                    outage.taken_since.get_or_insert(now);
                }
                Some(_) if passed => self.end_outage(family, now),
                _ => {}
            }
        }
        for family in 0..2 {
            let none_passed = refused[family] > 0 && handed[family] <= refused[family];
            let other = 1 - family;
            let other_too = refused[other] > 0 && handed[other] <= refused[other];
            if none_passed && self.pauses(family, other_too) {
                let by = std::mem::take(&mut by[family]);
                self.begin_outage(family, last[family], by, false, now);
            }
        }
        for (key, errno) in refusals {
            let Some((index, number)) = self.waiting(key) else { continue };
            let id = self.slots[index].attempts[number].server;
            if self.is_out(id) {
                self.take_back(index, now, sink);
            } else {
                self.not_sent(index, errno, now, sink);
            }
        }
    }

    /// Handles the local system's word that it could not deliver a datagram after all, which it took
    /// before: there is no neighbour at the address that it was to go to. `quoted` is the beginning
    /// of its payload.
    pub fn handle_undelivered(
        &mut self,
        now: Time,
        socket: SocketId,
        to: std::net::SocketAddr,
        errno: i32,
        quoted: &[u8],
        sink: &mut Sink<'_>,
    ) {
        self.delivery_errors.add_not_sent(errno, 1);
        let live = quoted.first_chunk::<2>().and_then(|id| {
            match self.ids.get(usize::from(socket.0))?.get(u16::from_be_bytes(*id)) {
                Use::Live { slot, attempt } => Some((slot, usize::from(attempt))),
                _ => None,
            }
        });
        let Some((index, number)) = live else { return };
        let attempt = self.slots[index].attempts[number];
        let id = attempt.server;
        if self.servers[id.0 as usize].addr != to || self.slots[index].ended.is_some() {
            return;
        }
        let family = usize::from(to.is_ipv6());
        // Whoever has heard from others since knows that it is this server only.
        let alone = self.uplinks[family].heard.is_some_and(|heard| heard > attempt.sent)
            || self.servers[id.0 as usize].refused_alone_until > now;
        if alone {
            // It says nothing of a pause that there may be.
        } else if let Some(outage) = &mut self.uplinks[family].outage {
            outage.by_neighbour = true;
            outage.taken_since = None;
            let again = attempt.sent > outage.since;
            self.delivery_errors.pauses += u64::from(again && !outage.confirmed);
            outage.confirmed |= again;
        } else if self.pauses(family, false) {
            self.begin_outage(family, errno, vec![id], true, now);
        }
        match attempt.outcome {
            Outcome::Waiting if self.uplinks[family].outage.is_some() => {
                self.take_back(index, now, sink)
            }
            Outcome::Waiting => self.not_sent(index, errno, now, sink),
            Outcome::TimedOut => {
                let out = self.is_out(id);
                let counts = &mut self.servers[id.0 as usize].counts;
                counts.lost -= 1;
                counts.not_sent += 1;
                let slot = &mut self.slots[index];
                slot.attempts[number].outcome = Outcome::NotSent(errno);
                // It took a retry for nothing. Without a pause this would go on for ever.
                slot.plan.retries = slot.plan.retries.saturating_add(u16::from(out));
            }
            _ => {}
        }
    }

    /// Handles the word of the driver that UDP sockets have lost their local address, so that nothing will
    /// come to them any more: what waits for a response there was never sent.
    pub fn handle_sockets_lost(
        &mut self,
        now: Time,
        sockets: &[SocketId],
        errno: i32,
        sink: &mut Sink<'_>,
    ) {
        for index in self.slots.indices() {
            let slot = &self.slots[index];
            if let Some(attempt) = slot.attempts.last()
                && slot.ended.is_none()
                && attempt.outcome == Outcome::Waiting
                && attempt.transport == Transport::Udp
                && sockets.contains(&attempt.socket)
            {
                self.delivery_errors.add_not_sent(errno, 1);
                self.take_back(index, now, sink);
            }
        }
    }

    /// Handles the word of the driver that the connection of an attempt has lost its local address: it was
    /// never sent.
    pub fn handle_stream_lost(
        &mut self,
        now: Time,
        key: AttemptKey,
        errno: i32,
        sink: &mut Sink<'_>,
    ) {
        let Some((index, _)) = self.waiting(key) else { return };
        self.delivery_errors.add_not_sent(errno, 1);
        self.take_back(index, now, sink);
    }

    /// What the engine was told that kept messages from being sent or delivered, until now.
    pub fn delivery_errors(&self, now: Time) -> DeliveryErrors {
        let mut delivery_errors = self.delivery_errors.clone();
        let outages = self.uplinks.iter().filter_map(|uplink| uplink.outage.as_ref());
        for outage in outages.filter(|outage| outage.confirmed) {
            delivery_errors.paused += now.since(outage.since);
        }
        delivery_errors
    }

    /// Whether everything is paused because this machine cannot send to any server.
    pub fn cannot_send(&self) -> Option<CannotSend> {
        let used = || self.uplinks.iter().filter(|uplink| uplink.servers > 0);
        if used().any(|uplink| uplink.outage.is_none() && !uplink.given_up) {
            return None;
        }
        let outages = used().filter_map(|uplink| uplink.outage.as_ref());
        outages
            .max_by_key(|outage| outage.since)
            .map(|outage| CannotSend { since: outage.since, errno: outage.errno })
    }

    /// An attempt that was not sent, and that there is no reason to pause for.
    fn not_sent(&mut self, index: u32, errno: i32, now: Time, sink: &mut Sink<'_>) {
        let Some(attempt) = self.slots[index].attempts.last() else { return };
        let id = attempt.server;
        self.servers[id.0 as usize].counts.not_sent += 1;
        if self.can_go_elsewhere(index, id) && !self.servers[id.0 as usize].is_backed_off() {
            self.back_off(id, now);
        }
        self.attempt_failed(index, Outcome::NotSent(errno), RetryReason::NotSent, now, sink);
    }

    /// Makes the current attempt of an exchange, which was not sent, one that never was.
    fn take_back(&mut self, index: u32, now: Time, sink: &mut Sink<'_>) {
        self.uncharge(index);
        self.timers.cancel(index);
        let slot = &mut self.slots[index];
        slot.timer = Timer::None;
        let Some(attempt) = slot.attempts.pop() else { return };
        match attempt.transport {
            Transport::Udp => {
                let question = slot.question_hash();
                let past = Past::new(PastEnd::Answered, attempt.server, question, attempt.sent);
                self.ids[usize::from(attempt.socket.0)].release(attempt.id, past);
            }
            Transport::Tcp => {
                self.stream_ids.remove(&(attempt.server, attempt.id));
            }
        }
        self.servers[attempt.server.0 as usize].counts.sent -= 1;
        self.totals.attempts -= 1;
        if self.draining {
            return self.end(index, Ended::Failed(Failure::Cancelled), None, now, sink);
        }
        self.queue_next_attempt(index);
    }

    #[inline]
    pub(super) fn family_of(&self, id: ServerId) -> usize {
        usize::from(self.servers[id.0 as usize].addr.is_ipv6())
    }

    #[inline]
    pub(super) fn is_out(&self, id: ServerId) -> bool {
        self.uplinks[self.family_of(id)].outage.is_some()
    }

    /// Notes that a message came from a server, or from the network about it, for an attempt that
    /// was sent at `sent`.
    #[inline]
    pub(super) fn heard_from(&mut self, id: ServerId, received: Time, sent: Time) {
        let family = self.family_of(id);
        let uplink = &mut self.uplinks[family];
        uplink.heard = uplink.heard.max(Some(received));
        uplink.given_up = false;
        if uplink.outage.as_ref().is_some_and(|outage| sent > outage.since) {
            self.end_outage(family, received);
        }
    }

    /// Whether a family of which nothing passed is to pause; `other_too` if nothing passed of the
    /// other one either.
    fn pauses(&self, family: usize, other_too: bool) -> bool {
        let (uplink, other) = (&self.uplinks[family], &self.uplinks[1 - family]);
        self.config.give_up_after != Some(Duration::ZERO)
            && uplink.outage.is_none()
            && !uplink.given_up
            && (uplink.heard.is_some() || other.servers == 0 || other_too || other.outage.is_some())
    }

    fn begin_outage(
        &mut self,
        family: usize,
        errno: i32,
        refused: Vec<ServerId>,
        by_neighbour: bool,
        now: Time,
    ) {
        self.uplinks[family].outage = Some(Outage {
            since: now,
            errno,
            by_neighbour,
            again_at: now + AGAIN_FIRST,
            refused,
            confirmed: false,
            taken_since: None,
        });
        for id in self.ids_of(family) {
            self.unlist(id);
        }
    }

    #[cold]
    fn end_outage(&mut self, family: usize, now: Time) {
        let Some(outage) = self.uplinks[family].outage.take() else { return };
        if outage.confirmed {
            self.delivery_errors.paused += now.since(outage.since);
        }
        self.unanswered_since = None;
        for id in self.ids_of(family) {
            self.relist(id);
        }
        if !outage.confirmed {
            // The first try passed, to another server: it is these that cannot be sent to.
            for id in outage.refused {
                self.servers[id.0 as usize].refused_alone_until = now + ALONE;
                if self.has_other_good_server(id) && !self.servers[id.0 as usize].is_backed_off() {
                    self.back_off(id, now);
                }
            }
        }
        // What was in flight has as much time left as it had.
        for index in self.slots.indices() {
            let slot = &mut self.slots[index];
            let Some(&attempt) = slot.attempts.last() else { continue };
            if attempt.outcome != Outcome::Waiting
                || slot.ended.is_some()
                || usize::from(self.servers[attempt.server.0 as usize].addr.is_ipv6()) != family
            {
                continue;
            }
            slot.deadline = slot.deadline + now.since(outage.since.max(attempt.sent));
            slot.timer = Timer::Deadline;
            self.timers.set(index, slot.deadline);
        }
        // One that has never worked was only waited for because nothing else did.
        let other = 1 - family;
        if self.uplinks[other].heard.is_none() {
            self.end_outage(other, now);
        }
    }

    fn ids_of(&self, family: usize) -> Vec<ServerId> {
        let ids = (0..self.servers.len() as u32).map(ServerId);
        ids.filter(|&id| self.family_of(id) == family).collect()
    }

    /// Whether the timer of an exchange stands still, because its current attempt went to a family
    /// that is out.
    pub(super) fn is_frozen(&self, index: u32) -> bool {
        let last = self.slots[index].attempts.last();
        last.is_some_and(|attempt| self.is_out(attempt.server))
    }

    /// When a family that is out is tried again.
    pub(super) fn next_try(&self) -> Option<Time> {
        self.uplinks.iter().filter_map(|uplink| Some(uplink.outage.as_ref()?.again_at)).min()
    }

    /// Sends one attempt in each family that is out, if it is time for it.
    pub(super) fn try_again(&mut self, now: Time, out: &mut Transmits) {
        for family in 0..2 {
            let Some(outage) = &mut self.uplinks[family].outage else { continue };
            if outage.again_at > now {
                continue;
            }
            outage.again_at = now + AGAIN;
            let since = outage.since;
            if outage.taken_since.is_some_and(|since| now.since(since) >= NEIGHBOUR) {
                self.end_outage(family, now);
                continue;
            }
            if self.config.give_up_after.is_some_and(|longest| now.since(since) >= longest) {
                self.uplinks[family].given_up = true;
                self.end_outage(family, now);
                continue;
            }
            let Some((index, id)) = self.one_waiting_for(family) else {
                // Nobody waits for it but what is in flight, which must come to an end.
                self.end_outage(family, now);
                continue;
            };
            let socket = self.socket_for(id, index);
            let drawn = self.rng.next_u32() as u16;
            if !self.send(index, id, socket, drawn, now, out) {
                self.queue_next_attempt(index);
            }
        }
    }

    /// Takes an exchange that waits for a server of this family out of its queue: for another server
    /// than those that nothing could be sent to, if there is one.
    fn one_waiting_for(&mut self, family: usize) -> Option<(u32, ServerId)> {
        let refused = self.uplinks[family].outage.as_ref().map(|outage| outage.refused.clone());
        let refused = refused.unwrap_or_default();
        for refused_too in [false, true] {
            let suits = |id: ServerId| refused_too || !refused.contains(&id);
            for place in 0..self.queued.len() {
                let id = self.queued[place];
                while self.family_of(id) == family
                    && suits(id)
                    && let Some(index) = self.servers[id.0 as usize].queue.pop_front()
                {
                    if !self.slots.left_queue(index) {
                        return Some((index, id));
                    }
                }
            }
            let ids: Vec<_> = self.ids_of(family).into_iter().filter(|&id| suits(id)).collect();
            if !ids.is_empty()
                && let Some(index) = self.any_ready()
            {
                return Some((index, ids[self.rng.random_range(0..ids.len())]));
            }
        }
        None
    }

    /// Takes an exchange that any server may have out of its queue.
    fn any_ready(&mut self) -> Option<u32> {
        while let Some(length) = self.ready.next_length() {
            let Some(index) = self.ready.pop(length) else { continue };
            if !self.slots.left_queue(index) {
                return Some(index);
            }
        }
        None
    }
}
