//! From what comes in to the attempt that it belongs to: by our socket, its ID, its source and its
//! question. What belongs to none is [counted](super::mismatch), and may be late.

use std::net::SocketAddr;

use super::acceptance::Fitting;
use super::config::TransportPolicy;
use super::engine::Engine;
use super::exchange::{
    AttemptKey, LateAnswer, Mismatch, Outcome, Response, ServerId, Sink, SocketId, Stamp, Transport,
};
use super::ids::Use;
use super::mismatch::Incoming;
use super::question::{QuestionSeen, question_of};
use super::time::Time;
use crate::wire::{Flags, Header, Rcode};

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
                let question = question_of(octets, header).map(QuestionSeen::hash);
                let (Some(server), Some(question)) = (server, question) else {
                    return self.unsolicited(Mismatch::OtherId, message);
                };
                if !past.fits(server, question) {
                    return self.unsolicited(Mismatch::OtherId, message);
                }
                let counts = &mut self.servers[server.0 as usize].counts;
                if past.is_answered() {
                    counts.duplicates += 1;
                } else if !counts.answered_after(past.end) {
                    self.unsolicited(Mismatch::OtherId, message);
                } else {
                    let rtt = past.age(received);
                    counts.record_rtt(rtt.as_micros() as u64);
                    if self.config.window.is_strict() {
                        self.late.push(LateAnswer { server, rtt });
                    }
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
        let question = question_of(message.octets, header);
        let slot = &self.slots[index];
        let fits = question.is_some_and(|question| slot.asks(question, number));
        if !fits && !self.may_lack_question(index, number, header, message.octets) {
            let why = match (header.counts[0], question) {
                (0, _) => Mismatch::NoQuestion,
                (2.., _) => Mismatch::SeveralQuestions,
                (_, Some(it)) if self.slots[index].asks_but_for_case(it) => Mismatch::CaseChanged,
                _ => Mismatch::OtherQuestion,
            };
            return self.mismatched(index, number, why, message);
        }
        self.accept(index, number, Fitting { header, question, message, stamp }, sink);
    }

    /// Whether a message without a question, with the right ID and from the right place, is an
    /// answer to this attempt all the same. Some servers leave the question out when they refuse
    /// to read it, or when they cut the response. BIND and Unbound take both for what they say,
    /// and nothing else: neither ends an exchange while there are retries left.
    #[cold]
    fn may_lack_question(&self, index: u32, number: usize, header: Header, octets: &[u8]) -> bool {
        if header.counts[..3] != [0; 3] {
            return false;
        }
        let over_udp = self.slots[index].attempts[number].transport == Transport::Udp;
        if header.flags.contains(Flags::TC) && over_udp {
            return self.profile(index).transport == TransportPolicy::UdpThenTcp;
        }
        // The upper bits of the code, as those of BADVERS, are in the OPT record.
        let rcode = Response::read(octets).map(|response| response.message.rcode());
        rcode.is_some_and(|rcode| {
            !matches!(rcode, Rcode::NOERROR | Rcode::NXDOMAIN | Rcode::YXDOMAIN)
        })
    }

    /// The attempt that `key` names, if it is still waited for.
    pub(super) fn waiting(&self, key: AttemptKey) -> Option<(u32, usize)> {
        let (index, attempt) = self.slots.find(key)?;
        let slot = &self.slots[index];
        let waiting = slot.ended.is_none() && slot.attempts[attempt].outcome == Outcome::Waiting;
        waiting.then_some((index, attempt))
    }
}
