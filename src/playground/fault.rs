//! Faults: when, and what then.
//!
//! A [`Fault`] is one entry `[[faults]]` of a scenario file. All of its conditions must hold; one
//! that is left out always does. All faults whose conditions hold take effect together.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde::Deserialize;

use super::cookie;
use super::dice::Dice;
use super::dice::mix;
use super::field;
use super::query::Query;
use crate::engine::{Time, Transport};
use crate::wire::{EdeCode, NameBuf, OptionCode, Rcode, RecordType};

/// One fault: conditions and an effect.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Servers and resolvers, by their names in the scenario.
    #[serde(default, deserialize_with = "field::texts")]
    pub server: Vec<String>,
    /// The instance that was chosen, by its NSID.
    pub instance: Option<String>,
    /// Addresses of servers.
    #[serde(default, deserialize_with = "field::addresses")]
    pub address: Vec<IpAddr>,
    /// The address family: 4 or 6.
    pub family: Option<u8>,
    /// Names at or below these.
    #[serde(default, deserialize_with = "field::names")]
    pub name: Vec<NameBuf>,
    /// Types of the question.
    #[serde(default, rename = "type", deserialize_with = "field::types")]
    pub types: Vec<RecordType>,
    /// Whether the type of the question has a name.
    pub known_type: Option<bool>,
    /// Answers of more octets than this.
    pub larger_than: Option<usize>,
    /// Over UDP or TCP.
    #[serde(default, deserialize_with = "field::transport")]
    pub transport: Option<Transport>,
    /// Whether the query has an OPT record.
    pub edns: Option<bool>,
    /// Whether its version is another one than 0.
    pub edns_version: Option<bool>,
    /// Whether DO is set.
    pub dnssec_ok: Option<bool>,
    /// Whether the query has an option that no registry knows.
    pub unknown_option: Option<bool>,
    /// Whether the query has a cookie.
    pub cookie: Option<bool>,
    /// Whether the query has a server cookie that this server has made.
    pub server_cookie: Option<bool>,
    /// Some of the paths between the client's ports and the server's address.
    pub paths: Option<Paths>,
    /// The share of queries for which the dice fall so, from 0 to 1.
    pub share: Option<f64>,
    /// Queries beyond this rate, in queries a second from one client to one address.
    pub above_qps: Option<f64>,
    /// From this second on.
    pub from_s: Option<f64>,
    /// Before this second.
    pub until_s: Option<f64>,
    /// The clock of `from_s` and `until_s` begins anew after so many seconds.
    pub every_s: Option<f64>,
    /// What then.
    pub effect: Effect,
    /// The extended error that comes with it (RFC 8914).
    #[serde(default, deserialize_with = "field::ede")]
    pub ede: Option<EdeCode>,
}

/// As many paths as a router with several equal ones has: which one a packet takes follows from its
/// addresses and ports.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paths {
    /// How many there are.
    pub of: u64,
    /// Those with the fault, counted from 0.
    pub bad: Vec<u64>,
}

/// What a fault does.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// No answer.
    Drop,
    /// The answer comes later.
    Delay(Delay),
    /// ICMP says that the port is closed; over TCP, connections are refused.
    Unreachable,
    /// REFUSED.
    Refuse,
    /// SERVFAIL.
    Servfail,
    /// NOTIMP.
    Notimp,
    /// FORMERR without an OPT record, as from a server that knows no EDNS.
    Formerr,
    /// NXDOMAIN, with the SOA record of the zone.
    Nxdomain,
    /// BADVERS.
    Badvers,
    /// BADCOOKIE.
    Badcookie,
    /// "Not mine, ask the root".
    UpwardReferral,
    /// Right but for AA, which is not set.
    NotAuthoritative,
    /// TC, and no records.
    Truncate,
    /// The answer comes twice.
    Duplicate,
    /// A second answer follows that says something else.
    DuplicateDiffering,
    /// The answer comes from another port.
    OtherPort,
    /// The answer comes from another address.
    OtherAddress(IpAddr),
    /// An answer with a wrong ID comes first.
    Spoof,
    /// The question comes back in lower case.
    FoldCase,
    /// No OPT record in answers.
    IgnoreEdns,
    /// NXDOMAIN for names that have nothing but descendants.
    DenyEmptyNonterminals,
    /// Negative answers without a SOA record.
    OmitSoa,
    /// Negative answers with the SOA record of the zone above.
    SoaAbove,
    /// TTLs count down and begin anew, as if a cache answered.
    CountDown,
    /// The TCP connection is closed in the middle of an answer.
    CutTcp,
    /// The TCP connection is reset instead of an answer.
    ResetTcp,
    /// TCP handshakes are not answered, as behind a firewall that drops them.
    DropSyn,
    /// The server has this version of its zones, where there is one.
    Version(String),
}

/// How much later: between `ms` and `to_ms`, and then a tail with the mean `tail_ms`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delay {
    /// Milliseconds, at least.
    pub ms: f64,
    /// Milliseconds, at most (without the tail); `ms` if left out.
    pub to_ms: Option<f64>,
    /// The mean of an exponential tail, in milliseconds; none if left out.
    #[serde(default)]
    pub tail_ms: f64,
}

/// A query on its way to a server.
#[derive(Clone, Copy)]
pub(super) struct Situation<'s> {
    pub now: Time,
    pub host: &'s str,
    pub instance: Option<&'s str>,
    pub to: SocketAddr,
    pub from: SocketAddr,
    pub transport: Transport,
    pub query: &'s Query<'s>,
    pub cookies: cookie::Place,
}

/// The effects of all faults that apply.
#[derive(Debug, Default)]
pub(super) struct Effects<'f> {
    pub version: Option<&'f str>,
    pub error: Option<(Rcode, Option<EdeCode>)>,
    pub upward_referral: bool,
    pub not_authoritative: bool,
    pub truncate: bool,
    pub fold_case: bool,
    pub no_opt: bool,
    pub deny_empty_nonterminals: bool,
    pub omit_soa: bool,
    pub soa_above: bool,
    pub count_down: bool,
    pub ede: Option<EdeCode>,
    pub drop: bool,
    pub unreachable: bool,
    pub delay: Duration,
    pub duplicate: bool,
    pub duplicate_differing: bool,
    pub other_port: bool,
    pub other_address: Option<IpAddr>,
    pub spoof: bool,
    pub cut: bool,
    pub reset: bool,
    pub drop_syn: bool,
}

impl Fault {
    /// Whether every condition holds but those of size, share and rate, which are asked last.
    pub(super) fn concerns(&self, at: &Situation<'_>) -> bool {
        self.concerns_host(at.host, at.to.ip())
            && self.instance.as_deref().is_none_or(|instance| at.instance == Some(instance))
            && listed(&self.name, |name| at.query.name.is_at_or_below(name))
            && listed(&self.types, |rtype| *rtype == at.query.rtype)
            && holds(self.known_type, || at.query.rtype.mnemonic().is_some())
            && self.transport.is_none_or(|transport| transport == at.transport)
            && self.concerns_edns(at)
            && self.paths.as_ref().is_none_or(|paths| paths.lead(at.from, at.to))
            && self.is_due(at.now)
    }

    /// Whether a host and its address are among those that are meant.
    pub(super) fn concerns_host(&self, host: &str, address: IpAddr) -> bool {
        listed(&self.server, |server| server == host)
            && listed(&self.address, |known| *known == address)
            && self.family.is_none_or(|family| (family == 6) == address.is_ipv6())
    }

    /// Whether nothing but the host decides, so that it can be told without a query.
    pub(super) fn is_constant(&self) -> bool {
        self.instance.is_none()
            && self.name.is_empty()
            && self.types.is_empty()
            && self.known_type.is_none()
            && self.larger_than.is_none()
            && [self.edns, self.edns_version, self.dnssec_ok, self.unknown_option]
                .iter()
                .all(Option::is_none)
            && [self.cookie, self.server_cookie].iter().all(Option::is_none)
            && self.paths.is_none()
            && self.share.is_none()
            && self.above_qps.is_none()
            && self.from_s.is_none()
            && self.until_s.is_none()
    }

    /// The version of zones that it is about.
    pub(super) fn version(&self) -> Option<&str> {
        match &self.effect {
            Effect::Version(version) => Some(version),
            _ => None,
        }
    }

    /// Says what makes no sense about it.
    pub(super) fn check(&self) -> Result<(), String> {
        let wrong = |text: &str| Err(text.to_owned());
        if self.family.is_some_and(|family| family != 4 && family != 6) {
            return wrong("'family' is 4 or 6");
        }
        if self.share.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
            return wrong("'share' is a number from 0 to 1");
        }
        if self.paths.as_ref().is_some_and(|it| it.of == 0 || it.bad.iter().any(|n| *n >= it.of)) {
            return wrong("'bad' paths are counted from 0, so each is below 'of'");
        }
        let positive = |number: &f64| number.is_finite() && *number > 0.0;
        if ![self.every_s, self.above_qps].iter().flatten().all(positive) {
            return wrong("'every_s' and 'above_qps' are above 0");
        }
        if self.larger_than.is_some() && self.version().is_some() {
            return wrong("the version of a zone cannot depend on the size of an answer");
        }
        Ok(())
    }

    fn concerns_edns(&self, at: &Situation<'_>) -> bool {
        let opt = at.query.message.opt();
        let has = |wanted: &dyn Fn(OptionCode, &[u8]) -> bool| {
            opt.is_some_and(|opt| opt.options().any(|(code, value)| wanted(code, value)))
        };
        holds(self.edns, || opt.is_some())
            && holds(self.edns_version, || opt.is_some_and(|opt| opt.version() != 0))
            && holds(self.dnssec_ok, || opt.is_some_and(|opt| opt.dnssec_ok()))
            && holds(self.unknown_option, || has(&|code, _| code.mnemonic().is_none()))
            && holds(self.cookie, || has(&|code, _| code == OptionCode::COOKIE))
            && holds(self.server_cookie, || {
                has(&|code, value| code == OptionCode::COOKIE && at.cookies.knows(value))
            })
    }

    fn is_due(&self, now: Time) -> bool {
        let mut seconds = now.since(Time::ZERO).as_secs_f64();
        if let Some(period) = self.every_s {
            seconds %= period;
        }
        self.from_s.is_none_or(|from| seconds >= from)
            && self.until_s.is_none_or(|until| seconds < until)
    }
}

fn listed<T>(list: &[T], fits: impl Fn(&T) -> bool) -> bool {
    list.is_empty() || list.iter().any(fits)
}

fn holds(wanted: Option<bool>, is: impl FnOnce() -> bool) -> bool {
    wanted.is_none_or(|wanted| wanted == is())
}

impl Paths {
    fn lead(&self, from: SocketAddr, to: SocketAddr) -> bool {
        let address = match to.ip() {
            IpAddr::V4(ip) => u64::from(ip.to_bits()),
            IpAddr::V6(ip) => ip.to_bits() as u64,
        };
        self.bad.contains(&(mix(address << 16 ^ u64::from(from.port())) % self.of))
    }
}

impl Delay {
    fn roll(&self, dice: &mut Dice) -> Duration {
        let spread = self.to_ms.map_or(0.0, |to| (to - self.ms).max(0.0));
        // A point is below 1, so the logarithm is finite.
        let tail = -(1.0 - dice.point()).ln() * self.tail_ms;
        millis(self.ms + dice.point() * spread + tail)
    }
}

/// Milliseconds as a duration: at most an hour, and none if it is no number.
pub(super) fn millis(ms: f64) -> Duration {
    Duration::try_from_secs_f64((ms / 1000.0).clamp(0.0, 3600.0)).unwrap_or_default()
}

impl<'f> Effects<'f> {
    /// Adds what a fault does.
    pub fn add(&mut self, fault: &'f Fault, dice: &mut Dice) {
        self.ede = self.ede.or(fault.ede);
        let mut error = |rcode| self.error = self.error.or(Some((rcode, fault.ede)));
        match &fault.effect {
            Effect::Drop => self.drop = true,
            Effect::Delay(delay) => self.delay += delay.roll(dice),
            Effect::Unreachable => self.unreachable = true,
            Effect::Refuse => error(Rcode::REFUSED),
            Effect::Servfail => error(Rcode::SERVFAIL),
            Effect::Notimp => error(Rcode::NOTIMP),
            Effect::Nxdomain => error(Rcode::NXDOMAIN),
            Effect::Badvers => error(Rcode::BADVERS),
            Effect::Badcookie => error(Rcode::BADCOOKIE),
            Effect::Formerr => {
                error(Rcode::FORMERR);
                self.no_opt = true;
            }
            Effect::UpwardReferral => self.upward_referral = true,
            Effect::NotAuthoritative => self.not_authoritative = true,
            Effect::Truncate => self.truncate = true,
            Effect::Duplicate => self.duplicate = true,
            Effect::DuplicateDiffering => self.duplicate_differing = true,
            Effect::OtherPort => self.other_port = true,
            Effect::OtherAddress(address) => self.other_address = Some(*address),
            Effect::Spoof => self.spoof = true,
            Effect::FoldCase => self.fold_case = true,
            Effect::IgnoreEdns => self.no_opt = true,
            Effect::DenyEmptyNonterminals => self.deny_empty_nonterminals = true,
            Effect::OmitSoa => self.omit_soa = true,
            Effect::SoaAbove => self.soa_above = true,
            Effect::CountDown => self.count_down = true,
            Effect::CutTcp => self.cut = true,
            Effect::ResetTcp => self.reset = true,
            Effect::DropSyn => self.drop_syn = true,
            Effect::Version(version) => self.version = Some(version),
        }
    }
}
