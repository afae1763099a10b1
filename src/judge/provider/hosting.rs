//! Whose servers a zone has.

use std::net::SocketAddr;

use super::table::Provider;
use crate::judge::writing::list;
use crate::probe::ProbeLog;
use crate::walk::{Delegation, WalkReport};
use crate::wire::NameBuf;

/// The providers of a zone, each once, in the order of its name servers; none unless all of its name
/// servers are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hosting(Vec<&'static Provider>);

impl Hosting {
    /// Those of a zone.
    pub fn of(walk: &WalkReport, zone: &NameBuf) -> Self {
        walk.delegation(zone).map(Self::of_delegation).unwrap_or_default()
    }

    fn of_delegation(delegation: &Delegation) -> Self {
        Self::of_names(delegation.name_servers.iter().map(|server| &server.name))
    }

    fn of_names<'n>(names: impl Iterator<Item = &'n NameBuf>) -> Self {
        let Some(known) = names.map(Provider::of_server).collect::<Option<Vec<_>>>() else {
            return Self::default();
        };
        let mut providers: Vec<&'static Provider> = Vec::new();
        for provider in known {
            if !providers.contains(&provider) {
                providers.push(provider);
            }
        }
        Self(providers)
    }

    /// Those of what a finding is about: the deepest zone on the way to a name, or the deepest that an
    /// address serves.
    pub(crate) fn of_subject(walk: &WalkReport, subject: &str) -> Self {
        let subject = subject.split(' ').next().unwrap_or_default();
        let depth = |delegation: &&Delegation| delegation.zone.labels().count();
        let delegation = if let Ok(server) = subject.parse::<SocketAddr>() {
            let serves = |delegation: &&Delegation| {
                delegation.addresses().any(|(_, address)| address.ip == server.ip())
            };
            walk.delegations.iter().filter(serves).max_by_key(depth)
        } else if let Ok(name) = subject.parse::<NameBuf>() {
            let has = |delegation: &&Delegation| name.is_at_or_below(&delegation.zone);
            walk.delegations.iter().filter(has).max_by_key(depth)
        } else {
            None
        };
        delegation.map(Self::of_delegation).unwrap_or_default()
    }

    /// Those of some addresses of a zone.
    pub(crate) fn of_servers(log: &ProbeLog, zone: &NameBuf, servers: &[SocketAddr]) -> Self {
        let names: Vec<NameBuf> =
            servers.iter().flat_map(|server| log.names_of(zone, *server)).collect();
        Self::of_names(names.iter())
    }

    /// All of them.
    pub fn providers(&self) -> &[&'static Provider] {
        &self.0
    }

    /// The one that there is, if there is just one.
    pub fn only(&self) -> Option<&'static Provider> {
        match self.0[..] {
            [provider] => Some(provider),
            _ => None,
        }
    }

    /// Whether there are several: each has a copy of its own, that the owner of the domain fills.
    pub fn is_shared(&self) -> bool {
        self.0.len() > 1
    }

    /// Their names in a list.
    pub(crate) fn names(&self) -> String {
        list(&self.0.iter().map(|provider| provider.name.to_owned()).collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_hosted_by_whom_all_of_its_servers_name() {
        for (servers, names) in [
            (&["ns1.domaincontrol.com", "ns2.domaincontrol.com"][..], "GoDaddy"),
            (&["ns1.domaincontrol.com", "ada.ns.cloudflare.com"], "GoDaddy and Cloudflare"),
            (&["ns1.domaincontrol.com", "ns1.example.com"], ""),
            (&["ns1.example.com"], ""),
            (&[], ""),
        ] {
            let servers: Vec<NameBuf> = servers.iter().map(|name| name.parse().unwrap()).collect();
            assert_eq!(Hosting::of_names(servers.iter()).names(), names);
        }
    }
}
