//! From waiting exchanges to messages for the driver.

use std::time::Duration;

use rand::{Rng, RngExt};

use super::config::{Accept, CookieOption, TransportPolicy, Window};
use super::engine::{Engine, Prepared};
use super::exchange::{Attempt, AttemptKey, Outcome, ServerId, SocketId, Transport};
use super::slot::{Case, Timer};
use super::time::Time;
use super::transmit::{Batch, HANDSHAKE, Stream, Transmits};
use crate::wire::{
    Builder, Class, HEADER_LEN, MAX_NAME_LEN, OptBuf, OptionCode, RecordType, Section,
};

/// Messages that one call of [`Engine::poll_transmit`] gives at most.
const BATCH: usize = 512;
/// Datagrams of one run to a server: 40 is where longer runs stopped to make sending cheaper.
const RUN: usize = 40;
/// The time until another server is drawn for exchanges that did not suit the last one.
const LOOK_AGAIN: Duration = Duration::from_millis(1);
/// Timeouts of one socket, with no response in between, after which others are preferred.
const SILENT_SOCKET: u16 = 8;
/// Servers that nothing that waits may go to, after which the others are not looked at.
const MOST_UNSUITABLE: usize = 32;
/// The kernel's limits for one send with segmentation: segments, and octets with some to spare.
const BATCH_SEGMENTS: u16 = 64;
const BATCH_OCTETS: usize = 60_000;

impl Engine {
    /// Fills `out` with what may be sent now, in place of what was in it. Call again until it
    /// stays empty.
    pub fn poll_transmit(&mut self, now: Time, out: &mut Transmits) {
        out.clear();
        self.look_again = None;
        let mut allowance = BATCH.min(self.allowance(now));
        let before = allowance;
        self.try_again(now, out);
        self.ask_trials(now, allowance);
        self.send_own_queues(now, out, &mut allowance);
        self.send_ready(now, out, &mut allowance);
        if before != allowance {
            if let Some(tokens) = &mut self.tokens {
                tokens.take(before - allowance);
            }
            self.unanswered_since.get_or_insert(now);
        }
    }

    /// What the limits over all servers let out.
    fn allowance(&mut self, now: Time) -> usize {
        let tokens = self.tokens.as_mut().map_or(usize::MAX, |bucket| bucket.available(now));
        match self.config.window {
            Window::Fixed(window) | Window::Strict(window) => {
                tokens.min(window.saturating_sub(self.in_flight))
            }
            Window::Adaptive => tokens,
        }
    }

    /// Sends exchanges that wait for one certain server.
    fn send_own_queues(&mut self, now: Time, out: &mut Transmits, allowance: &mut usize) {
        let mut i = 0;
        while let Some(&id) = self.queued.get(i) {
            if *allowance == 0 {
                break;
            }
            if self.is_out(id) {
                i += 1;
                continue;
            }
            let server = &mut self.servers[id.0 as usize];
            let room = server.room_for_own(self.config.window);
            let tokens = server.tokens(now);
            let count = room.min(tokens).min(*allowance).min(server.queue.len());
            let mut sent = 0;
            while sent < count {
                let Some(index) = self.servers[id.0 as usize].queue.pop_front() else { break };
                if self.slots.left_queue(index) {
                    continue;
                }
                let socket = self.socket_for(id, index);
                let drawn = self.rng.next_u32() as u16;
                if !self.send(index, id, socket, drawn, now, out) {
                    self.servers[id.0 as usize].queue.push_front(index);
                    self.slots[index].queued = true;
                    break;
                }
                sent += 1;
            }
            *allowance -= sent;
            self.after_sending(id, sent, tokens - sent);
            let server = &mut self.servers[id.0 as usize];
            if server.queue.is_empty() {
                server.queued = false;
                self.queued.swap_remove(i);
            } else {
                i += 1;
            }
        }
        // Whoever was first goes last the next time.
        if !self.queued.is_empty() {
            self.queued.rotate_left(1);
        }
    }

    /// Sends exchanges that any server may have, in runs of one length to one server.
    fn send_ready(&mut self, now: Time, out: &mut Transmits, allowance: &mut usize) {
        // Servers in a row that nothing that waits may go to. All of a few are looked at: nobody may
        // wait for ever because the dice show the others.
        let (mut first, mut unsuitable) = (0, 0);
        while *allowance > 0 && !self.ready.is_empty() && !self.available.is_empty() {
            if unsuitable == 0 {
                first = self.rng.random_range(0..self.available.len());
            }
            let id = self.available[(first + unsuitable) % self.available.len()];
            let server = &mut self.servers[id.0 as usize];
            let tokens = server.tokens(now);
            let count = server.room(self.config.window).min(tokens).min(*allowance).min(RUN);
            let Some(length) = self.ready.next_length() else { break };
            let socket = self.random_socket(id);
            let drawn: [u16; RUN] = self.rng.random();
            self.ids[usize::from(socket.0)].touch(&drawn[..count]);
            self.ready.peek(length).take(count).for_each(|index| self.slots.touch(index));
            let (mut sent, mut unsuited) = (0, 0);
            while sent < count {
                let Some(index) = self.ready.pop(length) else { break };
                if self.slots.left_queue(index) {
                    continue;
                }
                let first = self.slots[index].attempts.is_empty();
                if !first && !self.suits(index, id) {
                    self.make_ready_last(index);
                    unsuited += 1;
                    if unsuited > 8 {
                        break;
                    }
                    continue;
                }
                // Another port than before; that of the run, where it may be, costs no call.
                let slot = &self.slots[index];
                let other =
                    slot.socket.is_some() || slot.attempts.iter().any(|a| a.socket == socket);
                let socket = if other { self.socket_for(id, index) } else { socket };
                if !self.send(index, id, socket, drawn[sent], now, out) {
                    self.make_ready(index);
                    break;
                }
                sent += 1;
            }
            *allowance -= sent;
            if sent > 0 {
                self.ready.turn();
                self.follow_with_control(id, now);
            }
            self.after_sending(id, sent, tokens - sent);
            if sent > 0 {
                unsuitable = 0;
            } else if count > 0 {
                unsuitable += 1;
                if unsuitable >= self.available.len().min(MOST_UNSUITABLE) {
                    // Another one may be drawn soon.
                    self.look_again = Some(now + LOOK_AGAIN);
                    break;
                }
            }
        }
    }

    /// Takes the server's tokens and lists it by what it can take now.
    fn after_sending(&mut self, id: ServerId, sent: usize, tokens_left: usize) {
        self.servers[id.0 as usize].take_tokens(sent);
        if tokens_left == 0 {
            self.rearm(id);
            self.unlist(id);
            return;
        }
        self.relist(id);
    }

    /// A random socket of the server's family, by its place. Those that only time out are hardly
    /// ever chosen: a path that loses packets may be bound to the port.
    fn random_place(&mut self, v6: bool) -> u16 {
        let mut place = 0;
        for _ in 0..4 {
            place = self.rng.random_range(0..self.ports.per_family());
            let socket = self.ports.at(v6, place);
            if self.silent_sockets[usize::from(socket.0)] < SILENT_SOCKET {
                break;
            }
        }
        place
    }

    fn random_socket(&mut self, id: ServerId) -> SocketId {
        let v6 = self.servers[id.0 as usize].addr.is_ipv6();
        let place = self.random_place(v6);
        self.ports.at(v6, place)
    }

    /// A socket for an exchange that waits for this server: one that it has not used or, when it
    /// has used all, not just now.
    pub(super) fn socket_for(&mut self, id: ServerId, index: u32) -> SocketId {
        let v6 = self.servers[id.0 as usize].addr.is_ipv6();
        let drawn = self.random_place(v6);
        let (ports, count) = (&self.ports, self.ports.per_family());
        if let Some(wanted) = self.slots[index].socket {
            return ports.at(v6, wanted % count);
        }
        let attempts = &self.slots[index].attempts;
        let place = |i: u16| ((u32::from(drawn) + u32::from(i)) % u32::from(count)) as u16;
        let mut others = (0..count).map(|i| ports.at(v6, place(i)));
        others
            .clone()
            .find(|&socket| attempts.iter().all(|attempt| attempt.socket != socket))
            .or_else(|| others.find(|&other| attempts.last().is_none_or(|a| a.socket != other)))
            .unwrap_or_else(|| ports.at(v6, drawn))
    }

    /// Writes the next attempt of an exchange; whether there was a message ID for it.
    #[inline]
    pub(super) fn send(
        &mut self,
        index: u32,
        id: ServerId,
        socket: SocketId,
        drawn: u16,
        now: Time,
        out: &mut Transmits,
    ) -> bool {
        let attempt = self.slots[index].attempts.len() as u16;
        let transport = self.slots[index].plan.transport;
        let taken = match transport {
            Transport::Udp => {
                let ids = &mut self.ids[usize::from(socket.0)];
                ids.take(drawn, index, attempt, now, &mut self.rng)
            }
            Transport::Tcp => self.take_stream_id(id, index, attempt),
        };
        let Some(message_id) = taken else { return false };

        let Prepared { profile, jitter, .. } = self.prepared(index);
        let (timeout, jitter) = (profile.timeout, *jitter);
        let as_it_is = profile.accept == Accept::Anything;
        let wants_edns = profile.edns.is_some();
        let wants_cookie = profile.edns.as_ref().is_some_and(|it| it.cookie != CookieOption::None);
        let only_tcp = profile.transport == TransportPolicy::TcpOnly;
        let fixed = self.config.window != Window::Adaptive;
        let strict = self.config.window.is_strict();
        let server = &mut self.servers[id.0 as usize];
        let slot = &mut self.slots[index];
        let edns_off = if wants_edns && !as_it_is {
            slot.refused_edns(id).or_else(|| server.edns.off(now))
        } else {
            None
        };
        let mixed_case = self.config.mixed_case
            && match slot.plan.case {
                Case::Mixed => server.keeps_case(now),
                Case::OverTcp => true,
                Case::Plain => false,
            };
        let edns = wants_edns && edns_off.is_none();
        server.counts.edns_off += u64::from(edns_off.is_some());
        if wants_cookie && edns {
            server.cookie.draw(&mut self.rng);
        }
        let start = out.octets.len();
        let key = AttemptKey { slot: index, generation: slot.generation, attempt };
        slot.attempts.push(Attempt {
            server: id,
            transport,
            socket,
            port: self.ports.port(socket).filter(|_| transport == Transport::Udp),
            id: message_id,
            edns,
            mixed_case,
            edns_off,
            sent: now,
            outcome: Outcome::Waiting,
            duplicates: 0,
            mismatched: 0,
            retried_because: None,
        });
        let jitter = (u64::from(self.rng.next_u32()) * jitter) >> 32;
        slot.deadline = now + timeout + Duration::from_nanos(jitter);
        if transport == Transport::Tcp {
            // Until the driver says that it is on its way.
            slot.deadline = slot.deadline + HANDSHAKE;
        }
        let deadline = slot.deadline;
        let lost_at = now + server.window.overdue_after(timeout);
        if lost_at < slot.deadline && transport == Transport::Udp && !strict {
            slot.timer = Timer::PresumeLost;
            self.timers.set(index, lost_at);
        } else {
            slot.timer = Timer::Deadline;
            self.timers.set(index, slot.deadline);
        }
        // A name that goes on over TCP holds up no other one: its handshake may take seconds, and
        // says nothing of the server's UDP.
        slot.charged = transport == Transport::Udp || only_tcp || fixed;
        slot.presumed_lost = false;
        slot.rejected = None;
        if slot.own.is_some() {
            self.totals.own_attempts += 1;
        } else if attempt == 0 && !strict {
            server.on_first_sent();
        }
        server.in_flight += u32::from(slot.charged);
        server.counts.sent += 1;
        self.in_flight += usize::from(slot.charged);
        self.totals.attempts += 1;
        let to = server.addr;
        self.uplinks[usize::from(to.is_ipv6())].handed += 1;

        let len = self.write_query(index, attempt, &mut out.octets);
        match transport {
            Transport::Udp => push_datagram(out, socket, id, to, start, len, key),
            Transport::Tcp => {
                let octets = start as u32;
                let len = len as u16;
                out.streams.push(Stream { server: id, to, key, timeout, deadline, octets, len });
            }
        }
        true
    }

    /// Appends the query of an attempt; gives its length.
    #[inline]
    fn write_query(&self, index: u32, attempt: u16, octets: &mut Vec<u8>) -> usize {
        let slot = &self.slots[index];
        let Prepared { profile, flags, .. } = self.prepared(index);
        let Attempt { server, id, edns, mixed_case, .. } = slot.attempts[usize::from(attempt)];
        let edns = profile.edns.as_ref().filter(|_| edns);
        let cookie =
            edns.and_then(|edns| self.servers[server.0 as usize].cookie.value(edns.cookie));
        let start = octets.len();
        let opt = edns.map_or(0, |edns| 11 + edns.options.len());
        let cookie_option = cookie.map_or(0, |cookie| 4 + cookie.len());
        let len = HEADER_LEN + slot.name().len() + 4 + opt + cookie_option;
        octets.resize(start + len, 0);
        let mut mixed = [0; MAX_NAME_LEN];
        let name = if mixed_case {
            for (i, octet) in mixed.iter_mut().enumerate().take(slot.name().len()) {
                *octet = slot.mixed_octet(i);
            }
            &mixed[..slot.name().len()]
        } else {
            slot.name()
        };
        let written = Builder::new(&mut octets[start..], id, *flags).and_then(|mut builder| {
            builder.question(name, slot.rtype, slot.class)?;
            if let Some(edns) = edns {
                let ttl = u32::from(edns.version) << 16 | u32::from(edns.dnssec_ok) << 15;
                builder.record(
                    Section::Additional,
                    &[0],
                    RecordType::OPT,
                    Class(edns.udp_payload_size),
                    ttl,
                    |rdata| {
                        rdata.octets(&edns.options)?;
                        let Some(cookie) = cookie else { return Ok(()) };
                        OptBuf::write_option(rdata, OptionCode::COOKIE, &[cookie])
                    },
                )?;
            }
            Ok(builder.finish())
        });
        written.expect("the buffer was made for this query")
    }

    fn take_stream_id(&mut self, id: ServerId, slot: u32, attempt: u16) -> Option<u16> {
        // Pipelined queries of one server are few beside the 65,536 IDs.
        for _ in 0..64 {
            let message_id = self.rng.next_u32() as u16;
            if let std::collections::hash_map::Entry::Vacant(place) =
                self.stream_ids.entry((id, message_id))
            {
                place.insert((slot, attempt));
                return Some(message_id);
            }
        }
        None
    }
}

/// Adds a datagram to the last batch if it fits there, else begins a new one.
fn push_datagram(
    out: &mut Transmits,
    socket: SocketId,
    server: ServerId,
    to: std::net::SocketAddr,
    start: usize,
    len: usize,
    key: AttemptKey,
) {
    let keys = out.keys.len() as u32;
    out.keys.push(key);
    if let Some(batch) = out.batches.last_mut()
        && batch.socket == socket
        && batch.server == server
        && usize::from(batch.segment) == len
        && batch.count < BATCH_SEGMENTS
        && (usize::from(batch.count) + 1) * len <= BATCH_OCTETS
        && batch.octets as usize + usize::from(batch.count) * len == start
    {
        batch.count += 1;
        return;
    }
    out.batches.push(Batch {
        socket,
        server,
        to,
        segment: len as u16,
        count: 1,
        octets: start as u32,
        keys,
    });
}
