//! What a walk has found, as plain data for those who judge it.

use std::net::{IpAddr, SocketAddr};

use super::evidence::Evidence;
use super::reply::{Reading, ResponseKind};
use super::resolution::{Resolution, Unresolved};
use super::rrset::Rrset;
use crate::engine::Failure;
use crate::wire::{NameBuf, RecordType};

/// Everything that a walk has found.
#[derive(Debug, Clone)]
pub struct WalkReport {
    /// The type.
    pub rtype: RecordType,
    /// The descents to the names that the walk was for, in their order; then those to the targets of
    /// aliases, in the order of discovery.
    pub paths: Vec<Path>,
    /// How many names the walk was for.
    pub subjects: usize,
    /// Each zone on the way, the root first, parents before children.
    pub delegations: Vec<Delegation>,
    /// No root server could be reached over IPv4, while some could over IPv6: it was not used
    /// any more.
    pub ipv4_abandoned: bool,
    /// The same with the families changed.
    pub ipv6_abandoned: bool,
    /// There was more to ask than allowed.
    pub cut_short: bool,
    /// Every exchange; the numbers of exchanges in this report are places in it.
    pub evidence: Evidence,
}

/// The descent to one name.
#[derive(Debug, Clone)]
pub struct Path {
    /// The name.
    pub name: NameBuf,
    /// The zones from the root to the one that has the name.
    pub zones: Vec<NameBuf>,
    /// How it ended.
    pub end: PathEnd,
    /// What every address of every server of the last zone says of the name and type.
    pub answers: Vec<ServerResponse>,
    /// Where those answers say that the name is an alias of: several if servers disagree.
    pub targets: Vec<NameBuf>,
    /// An alias that was not followed, because it leads back or the chain is too long.
    pub cname_fault: Option<Unresolved>,
}

/// How a descent ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathEnd {
    /// At least one authoritative server answered for the name.
    Reached,
    /// It did not get there.
    Failed(Unresolved),
}

/// A zone: what its parent says of it and what it says of itself.
#[derive(Debug, Clone)]
pub struct Delegation {
    /// The zone.
    pub zone: NameBuf,
    /// The zone above; none for the root.
    pub parent: Option<NameBuf>,
    /// What each address of the parent's servers says of the delegation.
    pub parent_servers: Vec<ParentServer>,
    /// What each address of its own servers says of its apex.
    pub child_servers: Vec<ChildServer>,
    /// Its name servers, as the parent and it itself name them.
    pub name_servers: Vec<NameServer>,
    /// Name servers beyond the limit, that were not looked at.
    pub left_out: usize,
}

/// What one address of a server of the parent says.
#[derive(Debug, Clone)]
pub struct ParentServer {
    /// The delegation: as a rule a referral. A server that serves the child, too, answers with the
    /// child's own NS set.
    pub delegation: ServerResponse,
    /// The response to the query for DS records.
    pub ds: Option<ServerResponse>,
}

/// What one address of a server of the zone says.
#[derive(Debug, Clone)]
pub struct ChildServer {
    /// The NS set.
    pub ns: ServerResponse,
    /// The SOA record.
    pub soa: ServerResponse,
}

/// What one address says to one query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerResponse {
    /// The address.
    pub server: SocketAddr,
    /// The exchange, if it was asked.
    pub exchange: Option<usize>,
    /// What it says.
    pub outcome: ResponseOutcome,
}

/// What a server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResponseOutcome {
    /// This.
    Reply(Box<Reading>),
    /// Nothing.
    Silent(Failure),
    /// It could not be asked, for a local reason.
    NotAsked(String),
    /// It was not asked, because it had not answered earlier queries, its address family was
    /// abandoned, or the walk was cut short.
    Skipped,
}

/// A name server of a zone.
#[derive(Debug, Clone)]
pub struct NameServer {
    /// Its name.
    pub name: NameBuf,
    /// Whether the parent names it.
    pub at_parent: bool,
    /// Whether the zone itself names it.
    pub at_child: bool,
    /// Its addresses.
    pub addresses: Vec<Address>,
    /// The lookups of its addresses at the authoritative servers for its name. They were made
    /// where there was no glue, and for the last zone of a path.
    pub lookups: Vec<Resolution>,
}

/// An address of a name server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The address.
    pub ip: IpAddr,
    /// Who says so.
    pub sources: Vec<Source>,
}

/// Where an address comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// The root hints.
    Hint,
    /// Glue from this server of the parent.
    Glue(SocketAddr),
    /// The authoritative servers for the name.
    Authoritative,
}

/// The report of a walk that has not found anything.
impl Default for WalkReport {
    fn default() -> Self {
        Self {
            rtype: RecordType::A,
            paths: Vec::new(),
            subjects: 0,
            delegations: Vec::new(),
            ipv4_abandoned: false,
            ipv6_abandoned: false,
            cut_short: false,
            evidence: Evidence::default(),
        }
    }
}

impl WalkReport {
    /// The zone with this name, if it is on the way.
    pub fn delegation(&self, zone: &NameBuf) -> Option<&Delegation> {
        self.delegations.iter().find(|delegation| delegation.zone == *zone)
    }

    /// Whether nobody has answered anything.
    pub fn is_unanswered(&self) -> bool {
        self.evidence.exchanges.iter().all(|exchange| exchange.response().is_none())
    }

    /// The descent to a name, if there was one.
    pub fn path(&self, name: &NameBuf) -> Option<&Path> {
        self.paths.iter().find(|path| path.name == *name)
    }

    /// The last zone of the descent to a name: the one that has it, if that was reached.
    pub fn zone_of(&self, name: &NameBuf) -> Option<&Delegation> {
        self.delegation(self.path(name)?.zones.last()?)
    }
}

impl Delegation {
    /// Every address of every name server, with the server's name; an address of two names comes
    /// twice.
    pub fn addresses(&self) -> impl Iterator<Item = (&NameBuf, &Address)> {
        self.name_servers.iter().flat_map(|ns| ns.addresses.iter().map(move |ip| (&ns.name, ip)))
    }
}

impl ParentServer {
    /// The NS set that it has for the zone: the parent's, or as a server of the child the child's.
    pub fn ns(&self) -> Option<&Rrset> {
        let reading = self.delegation.reading()?;
        reading.as_referral().map(|referral| &referral.ns).or(reading.answer.as_ref())
    }

    /// The addresses that came with it.
    pub fn glue(&self) -> &[Rrset] {
        self.delegation.reading().map_or(&[], |reading| &reading.glue)
    }

    /// The DS records.
    pub fn ds(&self) -> Option<&Rrset> {
        let asked = self.ds.as_ref().and_then(|ds| ds.reading()?.answer.as_ref());
        asked.or_else(|| self.delegation.reading()?.as_referral()?.ds.as_ref())
    }
}

impl ChildServer {
    /// The NS set.
    pub fn ns(&self) -> Option<&Rrset> {
        self.ns.reading()?.answer.as_ref()
    }

    /// SERIAL of the SOA record.
    pub fn serial(&self) -> Option<u32> {
        self.soa.reading()?.answer.as_ref()?.serial()
    }
}

impl ServerResponse {
    /// What it says, if it says anything.
    pub fn reading(&self) -> Option<&Reading> {
        match &self.outcome {
            ResponseOutcome::Reply(reading) => Some(reading),
            _ => None,
        }
    }
}

impl NameServer {
    /// What its name is an alias of, which it must not be (RFC 2181 §10.3).
    pub fn cname(&self) -> Option<NameBuf> {
        let mut chains = self.lookups.iter().flat_map(|lookup| &lookup.chain);
        chains.next().and_then(|cname| cname.targets().next())
    }
}

/// The name that a response says `name` is an alias of.
pub(super) fn alias_in(reading: &Reading, name: &NameBuf) -> Option<NameBuf> {
    if !matches!(reading.kind, ResponseKind::Answer | ResponseKind::Cname(_)) {
        return None;
    }
    let first = reading.chain.first().filter(|cname| cname.name == *name)?;
    first.targets().next()
}
