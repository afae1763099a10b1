//! From what comes in to the attempts that it belongs to.

use std::net::SocketAddr;

use super::config::{Accept, CookieOption, Manner, TransportPolicy};
use super::exchange::{
    Answer, Attempt, AttemptKey, Mismatch, Outcome, Response, RetryReason, ServerId, SocketId,
    Stamp, StreamFailure, Transport,
};
use super::ids::Use;
use super::mismatch::Incoming;
use super::question::{question_hash, question_of};
use super::slot::{Ended, MALFORMED, TRUNCATED, Timer, USELESS};
use super::time::Time;
use super::{Engine, Sink};
use crate::wire::{Flags, Header, OptionCode, Rcode};

/// A message that fits an attempt.
struct Received<'a> {
    response: Response<'a>,
    header: Header,
    /// The attempt had timed out: the next one is on its way already.
    superseded: bool,
}

impl Engine {
    /// Reads what the handling of a datagram will need, and does nothing with it.
    ///
    /// A driver that has a batch of datagrams calls this for all of them first: their places in
    /// memory are far apart, and are fetched side by side instead of one after the other.
    #[inline]
    pub fn expect_datagram(&self, socket: SocketId, octets: &[u8]) {
        if let (Some(ids), Some(id)) =
            (self.ids.get(usize::from(socket.0)), octets.first_chunk::<2>())
            && let Use::Live { slot, .. } = ids.get(u16::from_be_bytes(*id))
        {
            self.slots.touch(slot);
        }
    }

    /// Handles a datagram that came to one of our sockets.
    ///
    /// `received` is when it came in, and `stamp` who says so.
    pub fn handle_datagram(
        &mut self,
        received: Time,
        stamp: Stamp,
        socket: SocketId,
        from: SocketAddr,
        octets: &[u8],
        sink: &mut Sink<'_>,
    ) {
        let message = Incoming { socket: Some(socket), from, received, octets };
        let Some(ids) = self.ids.get(usize::from(socket.0)) else {
            return self.unsolicited(Mismatch::OtherId, message);
        };
        let header = match Header::parse(octets) {
            Ok(header) if header.flags.contains(Flags::QR) => header,
            no_response => {
                let why = no_response.map_or(Mismatch::TooShort, |_| Mismatch::NotAResponse);
                let id = octets.first_chunk::<2>().map(|&id| u16::from_be_bytes(id));
                return match id.map(|id| ids.get(id)) {
                    Some(Use::Live { slot, attempt }) => {
                        self.mismatched(slot, usize::from(attempt), why, message);
                    }
                    _ => self.unsolicited(why, message),
                };
            }
        };
        match ids.get(header.id) {
            Use::Live { slot, attempt } => {
                let attempt = usize::from(attempt);
                let server = self.slots[slot].attempts[attempt].server;
                let asked = self.servers[server.0 as usize].addr;
                if asked != from {
                    let same_ip = asked.ip() == from.ip();
                    let why = if same_ip { Mismatch::OtherPort } else { Mismatch::OtherAddress };
                    return self.mismatched(slot, attempt, why, message);
                }
                self.message_for(slot, attempt, header, message, stamp, sink);
            }
            Use::Past(past) => {
                let server = self.server_ids.get(&from).copied();
                let question = question_of(octets, header)
                    .map(|question| question_hash(question.name, question.rtype));
                let (Some(server), Some(question)) = (server, question) else {
                    return self.unsolicited(Mismatch::OtherId, message);
                };
                if !past.fits(server, question) {
                    return self.unsolicited(Mismatch::OtherId, message);
                }
                let counts = &mut self.servers[server.0 as usize].counts;
                if past.answered {
                    counts.duplicates += 1;
                } else {
                    counts.late += 1;
                    let micros = past.age(received).as_micros();
                    counts.record_rtt(micros as u64);
                    self.ids[usize::from(socket.0)].mark_answered(header.id);
                    self.unanswered_since = None;
                }
            }
            Use::Free => self.unsolicited(Mismatch::OtherId, message),
        }
    }

    /// Handles a message from a TCP connection to `server`.
    pub fn handle_stream_message(
        &mut self,
        received: Time,
        server: ServerId,
        octets: &[u8],
        sink: &mut Sink<'_>,
    ) {
        let live = Header::parse(octets)
            .ok()
            .filter(|header| header.flags.contains(Flags::QR))
            .and_then(|header| Some((header, *self.stream_ids.get(&(server, header.id))?)));
        let from = self.servers[server.0 as usize].addr;
        let message = Incoming { socket: None, from, received, octets };
        let Some((header, (slot, attempt))) = live else {
            return self.unsolicited(Mismatch::OtherId, message);
        };
        let attempt = usize::from(attempt);
        self.message_for(slot, attempt, header, message, Stamp::Clock, sink);
    }

    /// Notes that the TCP connection of an attempt is made and its query on its way: the time that
    /// it has for its answer begins.
    pub fn handle_stream_sent(&mut self, now: Time, key: AttemptKey) {
        let Some((index, attempt)) = self.waiting(key) else { return };
        let deadline = now + self.manner(index).timeout;
        let slot = &mut self.slots[index];
        let current = attempt + 1 == slot.attempts.len() && slot.timer == Timer::Deadline;
        if current && deadline < slot.deadline {
            slot.deadline = deadline;
            self.timers.set(index, deadline);
        }
    }

    /// Handles the failure of a TCP connection that an attempt was waiting on.
    pub fn handle_stream_failed(
        &mut self,
        now: Time,
        key: AttemptKey,
        failure: StreamFailure,
        sink: &mut Sink<'_>,
    ) {
        let Some((index, attempt)) = self.waiting(key) else { return };
        let server = self.slots[index].attempts[attempt].server;
        let state = &mut self.servers[server.0 as usize];
        state.counts.stream_failed += 1;
        if failure.cause.is_unmade() {
            state.on_stream_unmade(now);
        }
        let reason = if failure.cause.is_rejection() {
            RetryReason::Unreachable
        } else {
            RetryReason::StreamFailed
        };
        self.attempt_failed(index, Outcome::StreamFailed(failure), reason, now, sink);
    }

    /// The attempt that `key` names, if it is still waited for.
    pub(super) fn waiting(&self, key: AttemptKey) -> Option<(u32, usize)> {
        let (index, attempt) = self.slots.find(key)?;
        let slot = &self.slots[index];
        let waiting = slot.ended.is_none() && slot.attempts[attempt].outcome == Outcome::Waiting;
        waiting.then_some((index, attempt))
    }

    /// Handles a message whose ID and source fit an attempt of an exchange that is held.
    #[inline]
    fn message_for(
        &mut self,
        index: u32,
        number: usize,
        header: Header,
        message: Incoming<'_>,
        stamp: Stamp,
        sink: &mut Sink<'_>,
    ) {
        let Incoming { received, octets, .. } = message;
        let question = question_of(octets, header);
        let slot = &self.slots[index];
        let fits = question.as_ref().is_some_and(|question| {
            question.rtype == slot.rtype
                && question.class == slot.class.0
                && slot.name_matches(question.name, number)
        });
        if !fits && !self.may_lack_question(index, number, header, octets) {
            let why = match (header.counts[0], question) {
                (0, _) => Mismatch::NoQuestion,
                (2.., _) => Mismatch::SeveralQuestions,
                (_, Some(it)) if self.slots[index].asks_but_for_case(it) => Mismatch::CaseChanged,
                _ => Mismatch::OtherQuestion,
            };
            return self.mismatched(index, number, why, message);
        }
        let timeout = self.manner(index).timeout;
        let slot = &self.slots[index];
        let (attempt, deadline) = (slot.attempts[number], slot.deadline);
        let rtt = received.since(attempt.sent);
        // What the kernel stamped is in time or not whenever we came to read it. Our own clock only
        // says when that was.
        let (late, superseded) = match attempt.outcome {
            Outcome::Waiting => (stamp == Stamp::Kernel && received > deadline, false),
            Outcome::TimedOut => (stamp == Stamp::Clock || rtt > timeout, true),
            // That it cannot be delivered may have been forged, or true for a moment only.
            Outcome::Unreachable(_) if attempt.transport == Transport::Udp => (rtt > timeout, true),
            Outcome::Answered(_) | Outcome::Late(_) => {
                let attempt = &mut self.slots[index].attempts[number];
                attempt.duplicates = attempt.duplicates.saturating_add(1);
                self.servers[attempt.server.0 as usize].counts.duplicates += 1;
                return;
            }
            // It was thought undeliverable, or given up, and is answered all the same.
            _ => return self.mismatched(index, number, Mismatch::GivenUp, message),
        };
        // Attempts that are over are that many chances to guess: only while nobody guesses.
        if (late || superseded) && self.is_doubtful(index, received) {
            return self.mismatched(index, number, Mismatch::LateAndDoubtful, message);
        }
        // The header was read before, so there is something to be read.
        let Some(response) = Response::read_with(octets, &mut self.scratch) else { return };
        if attempt.edns
            && self.manner(index).edns.as_ref().is_some_and(|it| it.cookie != CookieOption::None)
            && let Err(why) = self.check_cookie(index, &attempt, response)
        {
            return self.mismatched(index, number, why, message);
        }
        let slot = &mut self.slots[index];
        let server = &mut self.servers[attempt.server.0 as usize];
        if attempt.mixed_case
            && let Some(question) = question
        {
            match attempt.transport {
                Transport::Udp => server.on_case_kept(),
                Transport::Tcp if slot.case_kept(question.name) => {}
                // Over TCP nobody but the server can have done it.
                Transport::Tcp => server.on_case_changed(received),
            }
        }
        let rcode = response.message.rcode();
        let size = octets.len().min(usize::from(u16::MAX)) as u16;
        let malformed = response.malformed.is_some();
        let answer = Answer { rtt, stamp, size, flags: header.flags, rcode, malformed };
        slot.attempts[number].outcome =
            if late { Outcome::Late(answer) } else { Outcome::Answered(answer) };
        let truncated = header.flags.contains(Flags::TC);
        server.counts.rcodes[usize::from(rcode.0).min(31)] += 1;
        server.counts.truncated += u64::from(truncated);
        server.counts.malformed += u64::from(malformed);
        server.counts.record_rtt(rtt.as_micros() as u64);
        if late {
            server.counts.late += 1;
            server.counts.lost += u64::from(attempt.outcome != Outcome::TimedOut);
        } else {
            server.counts.answered += 1;
            server.counts.lost -= u64::from(attempt.outcome == Outcome::TimedOut);
            match attempt.transport {
                Transport::Udp => self.silent_sockets[usize::from(attempt.socket.0)] = 0,
                Transport::Tcp => server.on_stream_answer(),
            }
            // Some refuse what they would drop elsewhere, because it is too much.
            let turned_away = rcode == Rcode::REFUSED && server.control.is_some();
            if turned_away {
                server.on_turned_away(received, rtt, number == 0);
            } else if slot.own.is_none() {
                server.on_answer(received, rtt, number == 0, slot.suspected || superseded);
            } else {
                server.window.on_answer(received, rtt, false, false);
            }
            if number == 1 && slot.attempts[0].outcome == Outcome::TimedOut {
                self.again.note(true);
            }
        }
        server.counts.unreachable -= u64::from(matches!(attempt.outcome, Outcome::Unreachable(_)));
        self.unanswered_since = None;
        let Attempt { server: id, sent, .. } = self.slots[index].attempts[number];
        self.servers[id.0 as usize].rejections.clear();
        self.heard_from(id, received, sent);
        if self.slots[index].own.is_none() {
            self.note_name(id, sent, true, received);
        }
        self.limit_if_over(id, received);
        if self.slots[index].ended.is_some() {
            return;
        }
        if !superseded {
            self.uncharge(index);
        }
        if self.asks_over_tcp_instead(index, number, received, sink) {
            return;
        }
        let message = Received { response, header, superseded };
        self.judge(index, number, answer, &message, received, sink);
    }

    /// Whether a response to a query with a cookie is from the server that it seems to be from. Who
    /// wants to see anything that a server does gets everything.
    fn check_cookie(
        &mut self,
        index: u32,
        attempt: &Attempt,
        response: Response<'_>,
    ) -> Result<(), Mismatch> {
        let opt = response.message.opt();
        let option = opt.as_ref().and_then(|opt| {
            opt.options().find(|(code, _)| *code == OptionCode::COOKIE).map(|(_, value)| value)
        });
        let over_tcp = attempt.transport == Transport::Tcp;
        let checked = self.servers[attempt.server.0 as usize].cookie.check(option, over_tcp);
        if self.manner(index).accept == Accept::Anything { Ok(()) } else { checked }
    }

    /// Whether a message without a question, with the right ID and from the right place, is an
    /// answer to this attempt all the same. Some servers leave the question out when they refuse
    /// to read it, or when they cut the answer. BIND and Unbound take both for what they say,
    /// and nothing else: neither ends an exchange while there are retries left.
    #[cold]
    fn may_lack_question(&self, index: u32, number: usize, header: Header, octets: &[u8]) -> bool {
        if header.counts[..3] != [0; 3] {
            return false;
        }
        let over_udp = self.slots[index].attempts[number].transport == Transport::Udp;
        if header.flags.contains(Flags::TC) && over_udp {
            return self.manner(index).transport == TransportPolicy::UdpThenTcp;
        }
        // The upper bits of the code, as those of BADVERS, are in the OPT record.
        let rcode = Response::read(octets).map(|response| response.message.rcode());
        rcode.is_some_and(|rcode| {
            !matches!(rcode, Rcode::NOERROR | Rcode::NXDOMAIN | Rcode::YXDOMAIN)
        })
    }

    /// Decides whether an answer ends its exchange or needs another attempt.
    #[inline]
    fn judge(
        &mut self,
        index: u32,
        number: usize,
        answer: Answer,
        message: &Received<'_>,
        now: Time,
        sink: &mut Sink<'_>,
    ) {
        let response = message.response;
        let id = self.slots[index].attempts[number].server;
        let edns = self.slots[index].attempts[number].edns;
        let over_udp = self.slots[index].attempts[number].transport == Transport::Udp;
        let truncated = answer.flags.contains(Flags::TC) && over_udp;
        let Manner { transport, accept, recursion_desired, edns: ref profile, .. } =
            *self.manner(index);
        let cookie = profile.as_ref().is_some_and(|edns| edns.cookie != CookieOption::None);
        let (reason, rank) = if truncated && transport == TransportPolicy::UdpThenTcp {
            // What is truncated is no answer (RFC 2181 §9). It is kept for the case that TCP
            // brings none.
            self.useful(id, now);
            if self.slots[index].own.is_some() {
                return self.end(index, Ended::Answered, Some((number, response)), now, sink);
            }
            self.slots[index].best.keep(response.octets(), number, TRUNCATED);
            if message.superseded {
                // The attempt that is on its way may be lost; the one after it goes over TCP.
                self.slots[index].plan.transport = Transport::Tcp;
            } else {
                self.retry(index, RetryReason::Truncated, now, sink);
            }
            return;
        } else if answer.malformed {
            // Nobody wants such an answer while there may be a better one.
            (RetryReason::Malformed, MALFORMED)
        } else if accept == Accept::Anything {
            self.useful(id, now);
            return self.end(index, Ended::Answered, Some((number, response)), now, sink);
        } else {
            let reason = match answer.rcode {
                Rcode::NOERROR if recursion_desired && is_lame(message.header) => RetryReason::Lame,
                Rcode::NOERROR | Rcode::NXDOMAIN => {
                    self.useful(id, now);
                    self.note_control(index, id, now);
                    let server = &mut self.servers[id.0 as usize];
                    if edns {
                        server.edns.on_answer_with();
                    } else if let Some(rcode) = self.slots[index].refused_edns(id) {
                        // It does well without.
                        server.edns.on_answer_without(rcode, now);
                    }
                    return self.end(index, Ended::Answered, Some((number, response)), now, sink);
                }
                Rcode::SERVFAIL => RetryReason::ServerFailure,
                Rcode::REFUSED => RetryReason::Refused,
                Rcode::FORMERR | Rcode::NOTIMP | Rcode::BADVERS if edns => RetryReason::WithoutEdns,
                Rcode::BADCOOKIE if edns && cookie => RetryReason::BadCookie,
                _ => RetryReason::OtherError,
            };
            (reason, USELESS)
        };
        self.slots[index].best.keep(response.octets(), number, rank);
        // A server that fails for every name is benched, if there is another one to go to.
        if reason != RetryReason::WithoutEdns
            && self.servers[id.0 as usize].on_useless()
            && self.can_go_elsewhere(index, id)
        {
            self.bench(id, now);
        }
        self.relist(id);
        if message.superseded {
            return;
        }
        self.retry(index, reason, now, sink);
    }
}

impl Engine {
    /// A server gave an answer that it is asked for.
    #[inline]
    fn useful(&mut self, id: ServerId, now: Time) {
        let was_good = self.servers[id.0 as usize].is_good();
        if was_good {
            self.servers[id.0 as usize].on_useful(now);
        } else {
            self.change_health(id, |server| server.on_useful(now));
            self.server_timers.cancel(id.0);
        }
        self.relist(id);
    }
}

/// Whether a server that was asked to recurse neither does nor is the authority: it gave an empty
/// answer or a referral.
fn is_lame(header: Header) -> bool {
    !header.flags.contains(Flags::RA) && !header.flags.contains(Flags::AA) && header.counts[1] == 0
}
