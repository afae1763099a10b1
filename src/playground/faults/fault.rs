//! One fault: when, and what then.

use std::net::{IpAddr, SocketAddr};

use serde::Deserialize;

use super::super::cookie;
use super::super::dice::mix;
use super::super::field;
use super::super::query::Query;
use super::effect::Effect;
use crate::engine::{Time, Transport};
use crate::wire::{EdeCode, NameBuf, OptionCode, RecordType};

/// One fault: conditions and an effect. The default is that every query is lost.
#[derive(Debug, Clone, Default, Deserialize)]
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
    /// The dice follow from the name of the question: one for which they fall has the fault always.
    #[serde(default)]
    pub by_name: bool,
    /// From this query on, counted from 0 over all servers.
    pub from_query: Option<u64>,
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
    /// The right answer follows a wrong one.
    #[serde(default)]
    pub right_follows: bool,
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

/// A query on its way to a server.
#[derive(Clone, Copy)]
pub(in super::super) struct Situation<'s> {
    pub now: Time,
    /// Which query of all it is, counted from 0.
    pub nth: u64,
    pub host: &'s str,
    pub instance: Option<&'s str>,
    pub to: SocketAddr,
    pub from: SocketAddr,
    pub transport: Transport,
    pub query: &'s Query<'s>,
    pub cookies: cookie::Place,
}

impl Fault {
    /// Whatever is asked.
    pub fn always(effect: Effect) -> Self {
        Self { effect, ..Self::default() }
    }

    /// For this share of queries.
    pub fn sometimes(share: f64, effect: Effect) -> Self {
        Self { share: Some(share), ..Self::always(effect) }
    }

    /// Whatever is asked over UDP, or over TCP.
    pub fn over(transport: Transport, effect: Effect) -> Self {
        Self { transport: Some(transport), ..Self::always(effect) }
    }

    /// Whether every condition holds but those of size, share and rate, which are asked last.
    pub(in super::super) fn concerns(&self, at: &Situation<'_>) -> bool {
        self.concerns_host(at.host, at.to.ip())
            && self.instance.as_deref().is_none_or(|instance| at.instance == Some(instance))
            && listed(&self.name, |name| at.query.name.is_at_or_below(name))
            && listed(&self.types, |rtype| *rtype == at.query.rtype)
            && holds(self.known_type, || at.query.rtype.mnemonic().is_some())
            && self.transport.is_none_or(|transport| transport == at.transport)
            && self.concerns_edns(at)
            && self.paths.as_ref().is_none_or(|paths| paths.lead(at.from, at.to))
            && self.from_query.is_none_or(|first| at.nth >= first)
            && self.is_due(at.now)
    }

    /// Whether a host and its address are among those that are meant.
    pub(in super::super) fn concerns_host(&self, host: &str, address: IpAddr) -> bool {
        listed(&self.server, |server| server == host)
            && listed(&self.address, |known| *known == address)
            && self.family.is_none_or(|family| (family == 6) == address.is_ipv6())
    }

    /// Whether nothing but the host decides, so that it can be told without a query.
    pub(in super::super) fn is_constant(&self) -> bool {
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
            && self.from_query.is_none()
            && self.above_qps.is_none()
            && self.from_s.is_none()
            && self.until_s.is_none()
    }

    /// The version of zones that it is about.
    pub(in super::super) fn version(&self) -> Option<&str> {
        match &self.effect {
            Effect::Version(version) => Some(version),
            _ => None,
        }
    }

    /// Says what makes no sense about it.
    pub(in super::super) fn check(&self) -> Result<(), String> {
        let wrong = |text: &str| Err(text.to_owned());
        if self.family.is_some_and(|family| family != 4 && family != 6) {
            return wrong("'family' must be 4 or 6");
        }
        if self.share.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
            return wrong("'share' must be a number from 0 to 1");
        }
        if self.paths.as_ref().is_some_and(|it| it.of == 0 || it.bad.iter().any(|n| *n >= it.of)) {
            return wrong("'bad' paths are counted from 0, so each must be below 'of'");
        }
        let positive = |number: &f64| number.is_finite() && *number > 0.0;
        if ![self.every_s, self.above_qps].iter().flatten().all(positive) {
            return wrong("'every_s' and 'above_qps' must be above 0");
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
