//! How a [`Walk`] asks: each query once of each address, within its bounds, and what the responses
//! are so far.

use std::collections::HashSet;
use std::net::SocketAddr;

use super::descent::{Owner, Walk, ZoneState};
use super::evidence::{WalkPurpose, WalkQuery};
use super::reply::Reading;
use crate::wire::{NameBuf, RecordType};

impl Walk {
    /// Where no root server answers over one family, and some do over the other, the fault is on
    /// our side: no use to wait for every server below.
    pub(super) fn give_up_families(&mut self) {
        let mut heard = [false; 2];
        for (server, answered) in &self.heard {
            heard[usize::from(server.is_ipv6())] |= answered;
        }
        let reach = self.resolver.reach();
        if reach.ipv4 && !heard[0] && heard[1] {
            self.ipv4_abandoned = self.tried_family(false);
        }
        if reach.ipv6 && !heard[1] && heard[0] {
            self.ipv6_abandoned = self.tried_family(true);
        }
    }

    /// Stops using a family if it was tried at all.
    fn tried_family(&mut self, ipv6: bool) -> bool {
        let tried = self.heard.keys().any(|server| server.is_ipv6() == ipv6);
        if tried {
            self.resolver.give_up_family(ipv6);
        }
        tried
    }

    /// Asks every server of a zone that is worth it. Whether all have answered, or never will.
    pub(super) fn ask_all(
        &mut self,
        zone: usize,
        name: &NameBuf,
        rtype: RecordType,
        purpose: WalkPurpose,
    ) -> bool {
        let mut done = true;
        for server in self.servers_to_ask(zone) {
            done &= self.ask_one(zone, server, name, rtype, purpose);
        }
        done
    }

    pub(super) fn ask_one(
        &mut self,
        zone: usize,
        server: SocketAddr,
        name: &NameBuf,
        rtype: RecordType,
        purpose: WalkPurpose,
    ) -> bool {
        let apex = self.zones[zone].name;
        let key = (server, apex, *name, rtype);
        if let Some(answer) = self.answers.get(&key) {
            return answer.is_some();
        }
        // One that has been silent so far is backed off: it is known to be down.
        if self.heard.get(&server) == Some(&false) {
            return true;
        }
        let query = WalkQuery { id: 0, server, zone: apex, name: *name, rtype, purpose };
        if !self.ask(query, Owner::Zone(zone)) {
            return true;
        }
        self.answers.insert(key, None);
        self.zones[zone].waiting += 1;
        false
    }

    /// Hands out a query, under a number of its own, if one more is allowed.
    pub(super) fn ask(&mut self, query: WalkQuery, owner: Owner) -> bool {
        if self.asked >= self.config.limits.exchanges {
            self.cut_short = true;
            return false;
        }
        self.asked += 1;
        let query = WalkQuery { id: self.asked as u64, ..query };
        self.open.insert(query.id, (query, owner));
        self.queries.push_back(query);
        true
    }

    /// What servers of a zone said to a query, so far.
    pub(super) fn readings_of(
        &self,
        zone: usize,
        name: &NameBuf,
        rtype: RecordType,
    ) -> impl Iterator<Item = (SocketAddr, &Reading)> {
        let (apex, name) = (self.zones[zone].name, *name);
        self.every_address(&self.zones[zone]).into_iter().filter_map(move |server| {
            let place = (*self.answers.get(&(server, apex, name, rtype))?)?;
            Some((server, self.readings[place].as_ref()?))
        })
    }

    /// Every address of every server of a zone, none twice.
    pub(super) fn every_address(&self, zone: &ZoneState) -> Vec<SocketAddr> {
        let mut reach = self.resolver.reach();
        reach.ipv4 |= self.ipv4_abandoned;
        reach.ipv6 |= self.ipv6_abandoned;
        let mut seen = HashSet::new();
        let addresses = zone.servers.iter().flat_map(|server| &server.addresses);
        let servers = addresses.filter_map(|address| reach.socket(address.ip));
        servers.filter(|server| seen.insert(*server)).collect()
    }

    /// Those addresses whose family was not abandoned.
    pub(super) fn servers_to_ask(&self, zone: usize) -> Vec<SocketAddr> {
        let reach = self.resolver.reach();
        let mut servers = self.every_address(&self.zones[zone]);
        servers.retain(|server| reach.socket(server.ip()).is_some());
        servers
    }
}
