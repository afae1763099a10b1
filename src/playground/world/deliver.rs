//! From the octets of a response to what arrives, where and when, as the faults want it.

use std::time::Duration;

use super::super::dice::Dice;
use super::super::faults::{Effect, Effects, Situation, millis};
use super::super::response::{Identity, Response};
use super::delivery::{Arrival, Delivery};
use crate::engine::Transport;
use crate::wire::{Flags, HEADER_LEN, Rcode};

/// Sends a response on its way; gives how many of what is sent are wrong.
pub(super) fn deliver(
    effects: &Effects,
    at: &Situation<'_>,
    octets: Vec<u8>,
    after: Duration,
    dice: &mut Dice,
    out: &mut Vec<Delivery>,
) -> u64 {
    if effects.has(&Effect::Unreachable) {
        out.push(Delivery { after, arrival: Arrival::Unreachable });
        return 0;
    }
    if effects.has(&Effect::Drop) {
        return 0;
    }
    let mut send = |from, octets, after| {
        out.push(Delivery { after, arrival: Arrival::Message { from, octets } });
    };
    if at.transport == Transport::Tcp {
        if effects.has(&Effect::DropSyn) {
            out.push(Delivery { after, arrival: Arrival::Unanswered });
        } else if effects.has(&Effect::ResetTcp) {
            out.push(Delivery { after, arrival: Arrival::Reset });
        } else if effects.has(&Effect::CutTcp) {
            let framed = [&(octets.len() as u16).to_be_bytes(), octets.as_slice()].concat();
            let arrival = Arrival::Cut(framed[..framed.len() / 2].to_vec());
            out.push(Delivery { after, arrival });
        } else {
            send(at.to, octets, after);
        }
        return 0;
    }
    let mut from = at.to;
    if let Some(address) = effects.other_address() {
        from.set_ip(address);
    }
    if effects.has(&Effect::OtherPort) {
        from.set_port(if from.port() == u16::MAX { 1024 } else { from.port() + 1 });
    }
    let duplicate = effects.has(&Effect::Duplicate);
    let mut wrong = octets.clone();
    let spoilt = effects.iter().any(|effect| spoil(&mut wrong, effect));
    let is_wrong = spoilt || from != at.to;
    let later = after + millis(1.0 + 4.0 * dice.point());
    if is_wrong {
        // The one that is waited for does not come before it.
        let after = if effects.right_follows { after / 2 } else { after };
        if duplicate {
            send(from, wrong.clone(), later);
        }
        send(from, wrong, after);
    }
    if !is_wrong || effects.right_follows {
        if duplicate {
            send(at.to, octets.clone(), later);
        }
        if effects.has(&Effect::DuplicateDiffering) {
            let identity = Identity { nsid: None, max_udp: 512, cookies: at.cookies, edns: true };
            let denial = Response { flags: Flags::AA, ..Response::error(Rcode::NXDOMAIN) };
            send(at.to, denial.octets(at.query, &identity, 512), later);
        }
        send(at.to, octets, after);
    }
    u64::from(is_wrong) * if duplicate { 2 } else { 1 }
}

/// Makes a finished answer a wrong one, if that is what an effect does.
fn spoil(message: &mut [u8], effect: &Effect) -> bool {
    match effect {
        Effect::WrongId | Effect::Spoof => {
            if let Some(octet) = message.first_mut() {
                *octet ^= 0x5A;
            }
        }
        // The low bit of the first octet of the name's first label; of QTYPE if it is the root.
        Effect::WrongQuestion => {
            let root = message.get(HEADER_LEN) == Some(&0);
            if let Some(octet) = message.get_mut(HEADER_LEN + if root { 2 } else { 1 }) {
                *octet ^= 1;
            }
        }
        Effect::WrongCase => swap_case(message),
        _ => return false,
    }
    true
}

/// Swaps the case of the letters in the name of the first question, which is not compressed.
fn swap_case(message: &mut [u8]) {
    let mut at = HEADER_LEN;
    while let Some(&len) = message.get(at)
        && (1..=63).contains(&len)
    {
        let end = at + 1 + usize::from(len);
        let Some(label) = message.get_mut(at + 1..end) else { return };
        for octet in label.iter_mut().filter(|octet| octet.is_ascii_alphabetic()) {
            *octet ^= 0x20;
        }
        at = end;
    }
}
