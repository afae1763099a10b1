//! The addresses that a walk has its resolver look up.

use std::collections::HashMap;

use super::report::NameServer;
use super::resolution::{Resolution, Unresolved};
use super::resolver::Resolver;
use crate::engine::Time;
use crate::wire::{NameBuf, RecordType};

/// Address types, in the order of lookups.
const TYPES: [RecordType; 2] = [RecordType::A, RecordType::AAAA];

/// Lookups by name and type, begun or done.
#[derive(Debug, Default)]
pub(super) struct Lookups {
    all: HashMap<(NameBuf, RecordType), Option<Resolution>>,
}

impl Lookups {
    /// The addresses of a name, IPv4 and IPv6, if both lookups are done; begins those that were
    /// not.
    pub(super) fn find(
        &mut self,
        now: Time,
        resolver: &mut Resolver,
        name: &NameBuf,
    ) -> Option<Vec<Resolution>> {
        for rtype in TYPES {
            if let std::collections::hash_map::Entry::Vacant(place) = self.all.entry((*name, rtype))
            {
                place.insert(None);
                resolver.submit(now, 0, *name, rtype);
            }
        }
        TYPES.into_iter().map(|rtype| self.all.get(&(*name, rtype))?.clone()).collect()
    }

    /// Takes the result of a lookup.
    pub(super) fn done(&mut self, resolution: Resolution) {
        self.all.insert((resolution.name, resolution.rtype), Some(resolution));
    }

    /// Whether a lookup for one of these servers is under way.
    pub(super) fn waits_for(&self, servers: &[NameServer]) -> bool {
        self.of(servers).any(|lookup| lookup.is_none())
    }

    /// Whether a server has no address because its lookup depends on itself.
    pub(super) fn circular(&self, servers: &[NameServer]) -> bool {
        self.of(servers)
            .flatten()
            .any(|resolution| matches!(resolution.outcome, Err(Unresolved::Circular { .. })))
    }

    fn of(&self, servers: &[NameServer]) -> impl Iterator<Item = Option<&Resolution>> {
        servers
            .iter()
            .flat_map(|server| TYPES.map(|rtype| self.all.get(&(server.name, rtype))))
            .flatten()
            .map(Option::as_ref)
    }
}
