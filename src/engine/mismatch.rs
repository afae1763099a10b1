//! Messages that are not taken for answers: counted, kept for whoever wants to know, and held
//! against what comes after them.

use std::net::SocketAddr;

use super::config::TransportPolicy;
use super::engine::Engine;
use super::exchange::{Mismatch, RetryReason, Sink, SocketId, Transport, Unmatched};
use super::question::question_of;
use super::time::Time;
use crate::wire::{Flags, Header};

/// Messages that are kept for one exchange.
const MOST_KEPT: usize = 8;

/// Messages that fit no query of an exchange, from which on it goes to TCP, where nobody can
/// guess his way in. A forger who knows our ports has that many tries for 65,536 message IDs.
const FEW: u16 = 3;

/// A message and where it came from.
#[derive(Clone, Copy)]
pub(super) struct Incoming<'a> {
    /// Over UDP: to which of our sockets.
    pub(super) socket: Option<SocketId>,
    pub(super) from: SocketAddr,
    pub(super) received: Time,
    pub(super) octets: &'a [u8],
}

impl Engine {
    /// Counts a message with the ID of an attempt that is no response to it.
    #[cold]
    pub(super) fn mismatched(
        &mut self,
        index: u32,
        attempt: usize,
        why: Mismatch,
        message: Incoming<'_>,
    ) {
        self.count_unmatched(message);
        let slot = &mut self.slots[index];
        let seen = &mut slot.attempts[attempt].mismatched;
        *seen = seen.saturating_add(1);
        // Who gets everything right but the cookie has seen or guessed what he should not have.
        let cookie = matches!(why, Mismatch::NoCookie | Mismatch::WrongCookie);
        slot.mismatched = slot.mismatched.saturating_add(if cookie { FEW } else { 1 });
        if why == Mismatch::CaseChanged {
            slot.case_changed = slot.case_changed.saturating_add(1);
        }
        self.keep_unmatched(index, Some(attempt), why, message);
    }

    /// Counts a message with an ID that no attempt has.
    #[cold]
    pub(super) fn unsolicited(&mut self, why: Mismatch, message: Incoming<'_>) {
        let from_server = self.count_unmatched(message);
        // Only what claims to come from a server that is asked can be meant to be believed.
        if from_server
            && let Ok(header) = Header::parse(message.octets)
            && header.flags.contains(Flags::QR)
            && let Some(question) = question_of(message.octets, header)
        {
            self.suspicion.note(question.hash(), message.received);
        }
        // Where there is only one exchange, nothing else can be meant.
        if let Some(index) = self.slots.only() {
            self.keep_unmatched(index, None, why, message);
        }
    }

    /// Counts a message that is no response; whether a server of ours is where it seems to come from.
    fn count_unmatched(&mut self, message: Incoming<'_>) -> bool {
        self.totals.unmatched += 1;
        if let Some(socket) = message.socket {
            self.ports.on_mismatch(socket);
        }
        let server = self.server_ids.get(&message.from);
        if let Some(id) = server {
            self.servers[id.0 as usize].counts.mismatched += 1;
        }
        server.is_some()
    }

    fn keep_unmatched(
        &mut self,
        index: u32,
        attempt: Option<usize>,
        why: Mismatch,
        message: Incoming<'_>,
    ) {
        let kept = &mut self.slots[index].unmatched;
        if kept.len() < MOST_KEPT {
            kept.push(Unmatched {
                attempt: attempt.map(|attempt| attempt as u16),
                from: message.from,
                received: message.received,
                size: message.octets.len().min(usize::from(u16::MAX)) as u16,
                header: Header::parse(message.octets).ok(),
                why,
            });
        }
    }

    /// Whether any message came for this exchange that was not a response.
    #[inline]
    pub(super) fn is_doubtful(&mut self, index: u32, now: Time) -> bool {
        self.slots[index].mismatched > 0 || self.doubts(index, now) > 0
    }

    /// How many messages came for this exchange that were not answers, without those that only
    /// had the wrong case: servers do that.
    #[inline]
    pub(super) fn doubts(&mut self, index: u32, now: Time) -> u16 {
        let slot = &self.slots[index];
        let own = slot.mismatched - slot.case_changed;
        if self.suspicion.is_quiet() {
            return own;
        }
        own.saturating_add(self.suspicion.about(slot.question_hash(), now))
    }

    /// Whether answers over UDP are not to be trusted for this exchange, and TCP may be used.
    #[inline]
    pub(super) fn mistrusts_udp(&mut self, index: u32, now: Time) -> bool {
        self.doubts(index, now) >= FEW
            && self.profile(index).transport == TransportPolicy::UdpThenTcp
    }

    /// Asks over TCP instead of taking a response that may be forged. Gives whether it did.
    #[inline]
    pub(super) fn asks_over_tcp_instead(
        &mut self,
        index: u32,
        attempt: usize,
        now: Time,
        sink: &mut Sink<'_>,
    ) -> bool {
        let over_udp = self.slots[index].attempts[attempt].transport == Transport::Udp;
        let mistrusts = over_udp && self.mistrusts_udp(index, now);
        if mistrusts {
            self.retry(index, RetryReason::Mismatched, now, sink);
        }
        mistrusts
    }
}
