//! What stands between a program on this machine and the DNS: the sources that are asked for a host
//! name, and who runs the resolvers that `resolv.conf` names.

use std::net::{IpAddr, Ipv4Addr};

use crate::names::resolv_conf::ResolvConf;
use crate::names::servers::ServerHost;

/// Characters of a source that are kept; a longer one is no source.
const LONGEST_SOURCE: usize = 60;
/// Sources that are kept.
const MOST_SOURCES: usize = 32;

/// The sources of host names in the text of an `nsswitch.conf`, in their order, without the actions in
/// brackets: `files`, `dns`, `resolve` and the like. `None` if it has no line of `hosts`: then the
/// system asks `files` and `dns`. Of several lines the last one counts, as in glibc.
///
/// ```
/// use dnsonde::diagnose::surroundings::hosts_sources;
///
/// let text = "passwd: files\nhosts: files resolve [!UNAVAIL=return] dns # as installed\n";
/// assert_eq!(hosts_sources(text), Some(vec!["files".into(), "resolve".into(), "dns".into()]));
/// ```
pub fn hosts_sources(text: &str) -> Option<Vec<String>> {
    let line = text.lines().rev().find_map(|line| {
        let line = line.split('#').next().unwrap_or_default().trim_start();
        line.strip_prefix("hosts")?.trim_start().strip_prefix(':')
    })?;
    let mut sources = Vec::new();
    let mut rest = line;
    // Actions stand in brackets, and may have blanks within.
    while sources.len() < MOST_SOURCES {
        rest = rest.trim_start();
        if let Some(action) = rest.strip_prefix('[') {
            rest = action.split_once(']').map_or("", |(_, behind)| behind);
            continue;
        }
        let end = rest.find(|it: char| it.is_whitespace() || it == '[').unwrap_or(rest.len());
        if end == 0 {
            break;
        }
        sources.push(rest[..end].chars().take(LONGEST_SOURCE).collect());
        rest = &rest[end..];
    }
    Some(sources)
}

/// Who answers at the first server of a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResolverKind {
    /// No server is named: glibc asks 127.0.0.1.
    Unnamed,
    /// systemd-resolved on this machine; the servers behind it are in
    /// `/run/systemd/resolve/resolv.conf`.
    SystemdStub,
    /// The resolver that Docker puts into containers of its own networks.
    Docker,
    /// The DNS of a Kubernetes cluster, known by the search list that a kubelet writes.
    Kubernetes,
    /// Another resolver on this machine.
    Local,
    /// A resolver elsewhere.
    Remote,
}

impl ResolverKind {
    /// Who answers for programs that use `conf`.
    pub fn of(conf: &ResolvConf) -> Self {
        let address = match conf.servers.first().map(|server| &server.host) {
            None => return Self::Unnamed,
            Some(ServerHost::Address(address)) => *address,
            Some(ServerHost::Zoned(address, _)) => IpAddr::V6(*address),
            Some(ServerHost::Name(_)) => return Self::Remote,
        };
        // A pod's list begins with NAMESPACE.svc.DOMAIN, svc.DOMAIN, DOMAIN; even where the resolver
        // is on the node itself.
        let of_cluster = conf.search.windows(2).any(|pair| {
            pair[1].starts_with("svc.")
                && pair[0].split_once('.').is_some_and(|(_, rest)| rest == pair[1])
        });
        match address {
            _ if of_cluster => Self::Kubernetes,
            // 127.0.0.54 is the stub without search domains and local names.
            IpAddr::V4(v4) if v4 == Ipv4Addr::new(127, 0, 0, 53) => Self::SystemdStub,
            IpAddr::V4(v4) if v4 == Ipv4Addr::new(127, 0, 0, 54) => Self::SystemdStub,
            IpAddr::V4(v4) if v4 == Ipv4Addr::new(127, 0, 0, 11) => Self::Docker,
            address if address.is_loopback() => Self::Local,
            _ => Self::Remote,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::resolv_conf::read_resolv_conf;

    #[test]
    fn sources_are_those_of_real_files() {
        for (text, sources) in [
            // Debian, Ubuntu, Fedora, Alpine with gcompat, macOS.
            ("hosts:          files dns\n", Some("files dns")),
            (
                "hosts: files mdns4_minimal [NOTFOUND=return] dns mymachines\n",
                Some("files mdns4_minimal dns mymachines"),
            ),
            (
                "hosts:      files myhostname resolve [!UNAVAIL = return] dns\r\n",
                Some("files myhostname resolve dns"),
            ),
            ("#hosts: files\n", None),
            ("hostsx: files\n", None),
            ("hosts\t:\tfiles\ndb: x\nhosts: dns\n", Some("dns")),
            ("hosts:\n", Some("")),
            ("hosts: files[NOTFOUND=return]dns\n", Some("files dns")),
            ("hosts: files [NOTFOUND\n", Some("files")),
            ("", None),
        ] {
            let found = hosts_sources(text).map(|sources| sources.join(" "));
            assert_eq!(found.as_deref(), sources, "{text}");
        }
        let hostile = format!("hosts: {}", "x ".repeat(100_000));
        assert_eq!(hosts_sources(&hostile).unwrap().len(), MOST_SOURCES);
    }

    #[test]
    fn the_resolver_is_known_by_its_configuration() {
        for (text, kind) in [
            ("", ResolverKind::Unnamed),
            (
                "nameserver 127.0.0.53\noptions edns0 trust-ad\nsearch .\n",
                ResolverKind::SystemdStub,
            ),
            ("nameserver 127.0.0.11\noptions ndots:0\n", ResolverKind::Docker),
            (
                "search shop.svc.cluster.local svc.cluster.local cluster.local\n\
                 nameserver 10.96.0.10\noptions ndots:5\n",
                ResolverKind::Kubernetes,
            ),
            ("search svc.example example\nnameserver 192.0.2.1\n", ResolverKind::Remote),
            ("nameserver ::1\n", ResolverKind::Local),
            ("nameserver fe80::1%eth0\n", ResolverKind::Remote),
        ] {
            assert_eq!(ResolverKind::of(&read_resolv_conf(text.as_bytes())), kind, "{text}");
        }
    }
}
