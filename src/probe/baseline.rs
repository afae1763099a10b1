//! What every server of a zone is asked, whatever the job: what it says of its own copy, and whether
//! it does what resolvers rely on.

use std::collections::HashMap;
use std::net::SocketAddr;

use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, RngExt as _};

use super::purpose::{Baseline, Purpose};
use super::query::{ProbeQuery, QueryForm, Role};
use crate::wire::{NameBuf, RecordType};

/// A type that no server knows, from the range for private use (RFC 6895 §3.1).
const UNKNOWN_TYPE: RecordType = RecordType(65_280);

/// The servers of a zone, and what they are asked as.
#[derive(Debug, Clone, Copy)]
pub struct ZoneServers<'s> {
    /// The zone.
    pub zone: NameBuf,
    /// What they are asked as.
    pub role: Role,
    /// Their addresses.
    pub servers: &'s [SocketAddr],
}

impl ZoneServers<'_> {
    /// A query to each server.
    pub fn ask(
        &self,
        name: NameBuf,
        rtype: RecordType,
        form: QueryForm,
        purpose: Purpose,
    ) -> impl Iterator<Item = ProbeQuery> {
        self.servers.iter().map(move |&server| {
            ProbeQuery::new(server, self.role, self.zone, name, rtype, form, purpose)
        })
    }

    /// Which copy of the zone each server has.
    pub fn serials(&self) -> impl Iterator<Item = ProbeQuery> {
        let purpose = Purpose::Baseline(Baseline::Serial);
        self.ask(self.zone, RecordType::SOA, QueryForm::Udp, purpose)
    }

    /// Whether each server does what resolvers rely on: one query for each matter.
    pub fn conformance(&self, rng: &mut StdRng) -> Vec<ProbeQuery> {
        use Baseline::{Cookie, Edns, MixedCase, UnknownType};
        let (zone, mixed, soa) = (self.zone, mix_case(&self.zone, rng), RecordType::SOA);
        let matters = [
            (zone, UNKNOWN_TYPE, QueryForm::Udp, UnknownType),
            (mixed, soa, QueryForm::Udp, MixedCase),
            (zone, soa, QueryForm::Plain, Edns),
            (zone, soa, QueryForm::UnknownOption, Edns),
            (zone, soa, QueryForm::UnknownVersion, Edns),
            (zone, soa, QueryForm::Cookie, Cookie),
        ];
        let each = |&server: &SocketAddr| {
            matters.map(|(name, rtype, form, matter)| {
                let purpose = Purpose::Baseline(matter);
                ProbeQuery::new(server, self.role, zone, name, rtype, form, purpose)
            })
        };
        self.servers.iter().flat_map(each).collect()
    }
}

/// Has each server asked from all ports alike, in an order of its own: a few bad ones among them
/// are not missed by chance.
pub fn spread_over_sockets(all: &mut [ProbeQuery], sockets: u16, rng: &mut StdRng) {
    let mut orders: HashMap<SocketAddr, (Vec<u16>, usize)> = HashMap::new();
    for query in all.iter_mut().filter(|query| query.form != QueryForm::Tcp) {
        let (order, used) = orders.entry(query.server).or_insert_with(|| {
            let mut order: Vec<u16> = (0..sockets).collect();
            order.shuffle(rng);
            (order, 0)
        });
        if !order.is_empty() {
            query.socket = Some(order[*used % order.len()]);
            *used += 1;
        }
    }
}

/// A name that nobody has made, directly below `parent`.
pub fn random_below(parent: &NameBuf, rng: &mut StdRng) -> Option<NameBuf> {
    let label: Vec<u8> = (0..20).map(|_| rng.random_range(b'a'..=b'z')).collect();
    parent.prepend(&label).ok()
}

/// The name with the case of its letters at random, and at least one of them turned.
fn mix_case(name: &NameBuf, rng: &mut StdRng) -> NameBuf {
    let lower = name.to_lowercase();
    let mut first = true;
    let mut mixed = lower.as_wire().to_vec();
    for octet in mixed.iter_mut().filter(|octet| octet.is_ascii_alphabetic()) {
        if std::mem::take(&mut first) || rng.next_u32() & 1 == 1 {
            octet.make_ascii_uppercase();
        }
    }
    NameBuf::from_wire(&mixed).unwrap_or(lower)
}
