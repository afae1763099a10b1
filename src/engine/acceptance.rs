//! What becomes of a message that fits an attempt: whether it is in time, whether it may be forged, what
//! it says of its server, and whether it ends its exchange.

use super::config::{Accept, CookieOption, QueryProfile, TransportPolicy};
use super::engine::Engine;
use super::exchange::{
    Answer, Attempt, Mismatch, Outcome, Response, RetryReason, ServerId, Sink, Stamp, Transport,
};
use super::mismatch::Incoming;
use super::question::QuestionSeen;
use super::slot::{Ended, MALFORMED, TRUNCATED, USELESS};
use super::time::Time;
use crate::wire::{Flags, Header, OptionCode, Rcode};

/// A message whose ID, source and question fit an attempt.
pub(super) struct Fitting<'a> {
    pub(super) header: Header,
    /// Some leave it out.
    pub(super) question: Option<QuestionSeen<'a>>,
    pub(super) message: Incoming<'a>,
    pub(super) stamp: Stamp,
}

/// A response, as its worth depends on it.
struct Received<'a> {
    response: Response<'a>,
    header: Header,
    /// The attempt had timed out: the next one is on its way already.
    superseded: bool,
}

impl Engine {
    /// Takes a message that fits an attempt for what it is worth: in time, late or once more.
    #[inline]
    pub(super) fn accept(
        &mut self,
        index: u32,
        number: usize,
        fitting: Fitting<'_>,
        sink: &mut Sink<'_>,
    ) {
        let Fitting { header, question, message, stamp } = fitting;
        let Incoming { received, octets, .. } = message;
        let timeout = self.profile(index).timeout;
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
            && self.profile(index).edns.as_ref().is_some_and(|it| it.cookie != CookieOption::None)
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
        } else {
            server.counts.answered += 1;
            match attempt.transport {
                Transport::Udp => self.silent_sockets[usize::from(attempt.socket.0)] = 0,
                Transport::Tcp => server.on_stream_answer(),
            }
            let strict = self.config.window.is_strict();
            // Some refuse what they would drop elsewhere, because it is too much.
            let turned_away = rcode == Rcode::REFUSED && server.control.is_some();
            if strict {
                // What a server does is measured, not learned from.
            } else if turned_away {
                server.on_turned_away(received, rtt, number == 0);
            } else if slot.own.is_none() {
                server.on_answer(received, rtt, number == 0, slot.presumed_lost || superseded);
            } else {
                server.window.on_answer(received, rtt, false, false);
            }
            if number == 1 && slot.attempts[0].outcome == Outcome::TimedOut {
                self.again.note(true);
            }
        }
        server.counts.lost -= u64::from(attempt.outcome == Outcome::TimedOut);
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
        if self.profile(index).accept == Accept::Anything { Ok(()) } else { checked }
    }

    /// Decides whether a response ends its exchange or needs another attempt.
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
        let QueryProfile { transport, accept, recursion_desired, edns: ref opt, .. } =
            *self.profile(index);
        let cookie = opt.as_ref().is_some_and(|edns| edns.cookie != CookieOption::None);
        let (reason, rank) = if truncated && transport == TransportPolicy::UdpThenTcp {
            // What is truncated is no response (RFC 2181 §9). It is kept for the case that TCP
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
            // Nobody wants such a response while there may be a better one.
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
        // A server that fails for every name is backed off, if there is another one to go to.
        if reason != RetryReason::WithoutEdns
            && self.servers[id.0 as usize].on_useless()
            && self.can_go_elsewhere(index, id)
        {
            self.back_off(id, now);
        }
        self.relist(id);
        if message.superseded {
            return;
        }
        self.retry(index, reason, now, sink);
    }
}

impl Engine {
    /// A server gave a response that it is asked for.
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
