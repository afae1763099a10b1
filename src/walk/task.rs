//! One name on its way through the zones: what a [`super::Resolver`] knows of it between two
//! answers.

use std::net::{IpAddr, SocketAddr};

use super::config::Limits;
use super::minimise;
use super::resolution::{ResolutionExchange, Unresolved};
use super::rrset::Rrset;
use crate::wire::{NameBuf, RecordType};

/// Names a task; never used twice.
pub(super) type TaskId = u64;

/// Name servers of one zone whose addresses are looked for, for want of any other: more would let
/// one hostile delegation cost a hundred lookups.
const LOOKUPS_PER_CUT: usize = 6;

/// The resolution of one name and type.
#[derive(Debug)]
pub(super) struct Task {
    /// The name at the end of the aliases followed so far.
    pub(super) name: NameBuf,
    pub(super) rtype: RecordType,
    /// What it was begun for.
    pub(super) subject: NameBuf,
    /// Aliases followed so far.
    pub(super) chain: Vec<Rrset>,
    /// Nothing was done for `name` yet.
    pub(super) fresh: bool,
    pub(super) cut: Cut,
    /// Shorter names still to be asked at this cut before the name itself, the next one last.
    pub(super) steps: Vec<NameBuf>,
    /// Addresses that brought nothing for the present query.
    pub(super) tried: Vec<SocketAddr>,
    /// A query is out.
    pub(super) asked: bool,
    /// Tasks for addresses of name servers that this one waits for.
    pub(super) waits_for: Vec<TaskId>,
    pub(super) waiters: Vec<Waiter>,
    pub(super) depth: u32,
    /// Exchanges that it may still spend, on itself and on tasks of its own.
    pub(super) budget: u32,
    /// What was asked, in this order.
    pub(super) exchanges: Vec<ResolutionExchange>,
}

/// Who wants the result of a task.
#[derive(Debug, Clone, Copy)]
pub(super) enum Waiter {
    /// The caller, with this tag.
    Caller(u64),
    /// Another task, that needs the address of this name server; whether it paid for this one.
    Task { id: TaskId, paid: bool },
}

/// The servers of a zone, as far as a task knows them.
#[derive(Debug, Clone)]
pub(super) struct Cut {
    pub(super) zone: NameBuf,
    pub(super) servers: Vec<CutServer>,
}

#[derive(Debug, Clone)]
pub(super) struct CutServer {
    pub(super) name: NameBuf,
    pub(super) addresses: Vec<IpAddr>,
    pub(super) search: Search,
}

/// How far looking for the addresses of a name server has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Search {
    NotBegun,
    Begun,
    /// It cannot be looked up, because that lookup waits for this one.
    Circular,
}

impl Cut {
    /// The servers that an NS set names, the first `limits.servers_per_zone` of them, each with the
    /// addresses that came along.
    pub(super) fn new(ns: &Rrset, glue: &[Rrset], limits: &Limits) -> Self {
        let servers = ns.targets().take(limits.servers_per_zone).map(|name| {
            let mut addresses: Vec<IpAddr> = Vec::new();
            for set in glue.iter().filter(|set| set.name == name) {
                addresses.extend(set.addresses().take(limits.addresses_per_server));
            }
            CutServer { name, addresses, search: Search::NotBegun }
        });
        Self { zone: ns.name, servers: servers.collect() }
    }

    /// Whether a lookup of a server's address was refused because it waits for this one.
    pub(super) fn is_circular(&self) -> bool {
        self.servers.iter().any(|server| server.search == Search::Circular)
    }

    /// Name servers whose addresses may still be looked for.
    pub(super) fn searchable(&self) -> Option<usize> {
        let begun = self.servers.iter().filter(|server| server.search != Search::NotBegun).count();
        if begun >= LOOKUPS_PER_CUT {
            return None;
        }
        self.servers
            .iter()
            .position(|server| server.search == Search::NotBegun && server.addresses.is_empty())
    }
}

impl Task {
    /// Goes on at another cut.
    pub(super) fn enter(&mut self, cut: Cut, minimise: bool) {
        self.steps = if minimise { minimise::steps(&cut.zone, &self.name) } else { Vec::new() };
        self.steps.reverse();
        self.cut = cut;
        self.tried.clear();
        self.waits_for.clear();
    }

    /// What to ask next at this cut: a shorter name, or the name itself.
    pub(super) fn question(&self) -> (NameBuf, RecordType) {
        // Any type shows a referral; A draws the least attention (RFC 9156 §2.1).
        self.steps.last().map_or((self.name, self.rtype), |name| (*name, RecordType::A))
    }

    /// The servers know the shorter name, or deny it: on to the next longer one.
    pub(super) fn lengthen(&mut self) {
        self.steps.pop();
        self.tried.clear();
    }

    /// Goes on with the whole name at once (RFC 9156 §2.3): some servers deny names that have
    /// nothing but descendants, or cannot answer for them.
    pub(super) fn stop_minimising(&mut self) {
        self.steps.clear();
        self.tried.clear();
    }

    /// Goes on with the target of an alias.
    pub(super) fn follow(
        &mut self,
        chain: Vec<Rrset>,
        target: NameBuf,
        limits: &Limits,
    ) -> Result<(), Unresolved> {
        self.chain.extend(chain);
        if self.chain.iter().any(|cname| cname.name == target) {
            return Err(Unresolved::CnameLoop(target));
        }
        if self.chain.len() >= limits.cnames {
            return Err(Unresolved::CnameChainTooLong(target));
        }
        self.name = target;
        self.fresh = true;
        Ok(())
    }
}
