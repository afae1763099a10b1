//! From what a server would say to the octets that it says, as the faults want it.

use super::super::faults::{Effect, Effects, Situation};
use super::super::query::Query;
use super::super::response::{Identity, Response};
use crate::engine::{Time, Transport};
use crate::wire::{Flags, NameBuf, Rcode, RecordBuf, RecordType};

/// The octets of a response, as the faults want them.
pub(super) fn compose(
    mut response: Response,
    effects: &Effects,
    at: &Situation<'_>,
    max_udp: u16,
    nsid: Option<&str>,
) -> Vec<u8> {
    change(&mut response, effects, at);
    let identity = Identity { nsid, max_udp, cookies: at.cookies, edns: effects.leave_edns() };
    let limit = match (at.transport, at.query.message.opt()) {
        (Transport::Tcp, _) => usize::from(u16::MAX),
        (Transport::Udp, Some(opt)) if effects.leave_edns() => {
            usize::from(opt.udp_payload_size().clamp(512, max_udp.max(512)))
        }
        (Transport::Udp, _) => 512,
    };
    if effects.has(&Effect::Truncate) && at.transport == Transport::Udp {
        response = response.truncated();
    }
    if effects.has(&Effect::FoldCase) {
        let folded = Query { name: at.query.name.to_lowercase(), ..*at.query };
        return response.octets(&folded, &identity, limit);
    }
    response.octets(at.query, &identity, limit)
}

/// Changes what is said.
fn change(response: &mut Response, effects: &Effects, at: &Situation<'_>) {
    if let Some((rcode, ede)) = effects.error() {
        let mut error = Response { ede, ..Response::error(rcode) };
        if rcode == Rcode::NXDOMAIN {
            // A denial that looks like one: from the zone, with its SOA record if that is there.
            error.flags = response.flags.with(Flags::AA);
            error.zone = response.zone;
            error.authorities = std::mem::take(&mut response.authorities);
            error.authorities.retain(|record| record.rtype == RecordType::SOA);
        }
        *response = error;
    }
    response.ede = response.ede.or(effects.ede());
    if effects.has(&Effect::DenyEmptyNonterminals) && response.empty_nonterminal {
        response.rcode = Rcode::NXDOMAIN;
    }
    if effects.has(&Effect::UpwardReferral) {
        *response = Response { authorities: root_servers(), ..Response::error(Rcode::NOERROR) };
    }
    if effects.has(&Effect::NotAuthoritative) {
        response.flags.0 &= !Flags::AA.0;
    }
    if effects.has(&Effect::OmitSoa) {
        response.authorities.retain(|record| record.rtype != RecordType::SOA);
    }
    if effects.has(&Effect::SoaAbove) {
        for record in &mut response.authorities {
            if record.rtype == RecordType::SOA
                && let Some(parent) = record.name.parent()
            {
                record.name = parent;
            }
        }
    }
    if effects.has(&Effect::CountDown) {
        let seconds = at.now.since(Time::ZERO).as_secs() as u32;
        for record in response.answers.iter_mut().chain(&mut response.authorities) {
            record.ttl -= seconds % record.ttl.max(1);
        }
    }
}

/// "Not mine, ask the root": what servers that do not have the zone used to say.
fn root_servers() -> Vec<RecordBuf> {
    RecordBuf::from_text(b". NS a.root-servers.net.", &NameBuf::root(), 518_400)
        .into_iter()
        .collect()
}
