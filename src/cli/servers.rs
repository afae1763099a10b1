//! Servers as people write them: arguments, resolver lists, the system's own configuration.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::path::Path;

use super::complaint::Complaint;
use super::input::read_all;
use crate::walk::Hints;

/// The port of DNS over UDP and TCP.
pub(super) const DNS_PORT: u16 = 53;
/// Where the system keeps its resolvers.
const RESOLV_CONF: &str = "/etc/resolv.conf";

/// Address families that may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Families {
    #[default]
    Both,
    Only4,
    Only6,
}

impl Families {
    /// What the options `-4` and `-6` allow.
    pub(super) fn of(only4: bool, only6: bool) -> Self {
        match (only4, only6) {
            (true, _) => Self::Only4,
            (_, true) => Self::Only6,
            _ => Self::Both,
        }
    }

    fn allow(self, address: IpAddr) -> bool {
        match self {
            Self::Both => true,
            Self::Only4 => address.is_ipv4(),
            Self::Only6 => address.is_ipv6(),
        }
    }
}

/// A server as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spec {
    /// `tcp://` stood in front.
    pub tcp: bool,
    host: Host,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    Address(IpAddr),
    /// For the system to resolve.
    Name(String),
}

impl Spec {
    /// Reads `ADDR`, `ADDR:PORT`, `[V6]:PORT`, `HOST`, `HOST:PORT`, each with `tcp://` in front or
    /// not.
    pub fn parse(text: &str) -> Result<Self, Complaint> {
        let wrong = |what: &str| {
            Complaint::usage(format!("'{text}' is no server: {what}"))
                .hint("write ADDR, ADDR:PORT, [V6]:PORT, a host name, or one of these after tcp://")
        };
        let (tcp, rest) = match text.strip_prefix("tcp://") {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix("udp://").unwrap_or(text)),
        };
        if let Ok(address) = rest.parse::<IpAddr>() {
            return Ok(Self { tcp, host: Host::Address(address), port: None });
        }
        let (host, port) = if let Some(inner) = rest.strip_prefix('[') {
            let (host, tail) = inner.split_once(']').ok_or_else(|| wrong("a ']' is missing"))?;
            match tail.strip_prefix(':') {
                Some(port) => (host, Some(port)),
                None if tail.is_empty() => (host, None),
                None => return Err(wrong("only a port may follow the ']'")),
            }
        } else {
            match rest.split_once(':') {
                // More than one colon, and yet no IPv6 address: perhaps one with a zone.
                Some((_, tail)) if tail.contains(':') => (rest, None),
                Some((host, port)) => (host, Some(port)),
                None => (rest, None),
            }
        };
        let port = match port.map(str::parse::<u16>) {
            None => None,
            Some(Ok(port)) if port > 0 => Some(port),
            Some(_) => return Err(wrong("the port is no number from 1 to 65535")),
        };
        let host = match host.parse() {
            Ok(address) => Host::Address(address),
            // No top-level domain is a number: this was meant to be an address.
            Err(_)
                if !host.is_empty()
                    && host.bytes().all(|octet| octet.is_ascii_digit() || octet == b'.') =>
            {
                return Err(wrong("not an IPv4 address"));
            }
            Err(_) if is_host_name(host) => Host::Name(host.to_owned()),
            Err(_) => return Err(wrong("neither an address nor a host name")),
        };
        Ok(Self { tcp, host, port })
    }

    /// Reads an address with or without a port; a host name is refused.
    fn parse_address(text: &str) -> Result<Self, Complaint> {
        let spec = Self::parse(text)?;
        match spec.host {
            Host::Address(_) => Ok(spec),
            Host::Name(_) => Err(Complaint::usage(format!("'{text}' is no address"))),
        }
    }

    /// The addresses of the server, host names resolved by the system.
    pub fn resolve(&self, port: u16, families: Families) -> Result<Vec<SocketAddr>, Complaint> {
        let port = self.port.unwrap_or(port);
        let addresses: Vec<SocketAddr> = match &self.host {
            Host::Address(address) => vec![SocketAddr::new(*address, port)],
            Host::Name(name) => (name.as_str(), port)
                .to_socket_addrs()
                .map_err(|error| {
                    Complaint::could_not(format!(
                        "the system finds no address of server '{name}': {error}"
                    ))
                    .hint("give the address of the server")
                })?
                .collect(),
        };
        let allowed: Vec<SocketAddr> =
            addresses.into_iter().filter(|address| families.allow(address.ip())).collect();
        if allowed.is_empty() {
            let name = match &self.host {
                Host::Address(address) => address.to_string(),
                Host::Name(name) => name.clone(),
            };
            return Err(Complaint::usage(format!(
                "server '{name}' has no address of the family that was asked for"
            )));
        }
        Ok(allowed)
    }
}

/// Letters, digits, hyphens, dots and underscores; `%` for the zone of an address.
fn is_host_name(text: &str) -> bool {
    let (host, is_zoned) = match text.split_once('%') {
        Some((host, zone)) => (host, !zone.is_empty() && host.parse::<IpAddr>().is_ok()),
        None => (text, false),
    };
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_');
    is_zoned || !host.is_empty() && !text.contains('%') && host.bytes().all(plain)
}

/// Reads a list of resolvers in the form of massdns: one address a line, with a port or without,
/// and comments behind `#` or `;`.
pub(super) fn read_list(path: &Path) -> Result<Vec<Spec>, Complaint> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        Complaint::usage(format!("{shown}: the list of resolvers cannot be read: {error}"))
    })?;
    let mut specs = Vec::new();
    for (number, line) in (1..).zip(text.trim_start_matches('\u{FEFF}').lines()) {
        let entry = line.split(['#', ';']).next().unwrap_or_default().trim();
        if entry.is_empty() {
            continue;
        }
        specs.push(Spec::parse_address(entry).map_err(|_| {
            let entry: String = entry.chars().take(60).collect();
            Complaint::usage(format!(
                "{shown}, line {number}: '{entry}' is no address of a resolver"
            ))
            .hint("write one ADDR, ADDR:PORT or [V6]:PORT a line; # begins a comment")
        })?);
    }
    if specs.is_empty() {
        return Err(Complaint::usage(format!("{shown}: no resolver in it")));
    }
    Ok(specs)
}

/// The servers of the root: those of the Internet, or those that a file names.
pub(super) fn read_hints(file: Option<&Path>) -> Result<Hints, Complaint> {
    let Some(file) = file else { return Ok(Hints::built_in()) };
    Hints::from_text(&read_all(file)?).map_err(|error| {
        Complaint::usage(format!("'{}' gives no root hints: {error}", file.display()))
    })
}

/// Resolvers to ask.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Resolvers {
    /// Each once; never empty.
    pub addresses: Vec<SocketAddr>,
    /// Over TCP only.
    pub tcp: bool,
    /// Nobody named them.
    pub of_the_system: bool,
}

/// How a command wants servers and TCP to be written, for hints.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    pub server: &'static str,
    pub tcp: &'static str,
}

/// The resolvers that were named or, if there are none, those of the system.
pub(super) fn resolvers(
    specs: &[Spec],
    mut tcp: bool,
    port: u16,
    families: Families,
    form: Form,
) -> Result<Resolvers, Complaint> {
    if specs.is_empty() {
        let addresses = of_the_system(port, families)
            .map_err(|complaint| complaint.hint(format!("name a server with {}", form.server)))?;
        return Ok(Resolvers { addresses, tcp, of_the_system: true });
    }
    let over_tcp = specs.iter().filter(|spec| spec.tcp).count();
    if over_tcp > 0 && over_tcp < specs.len() && !tcp {
        return Err(Complaint::usage("some servers have tcp:// and some have not")
            .hint(format!("give it to all of them, or use {}", form.tcp)));
    }
    tcp |= over_tcp > 0;
    let (mut seen, mut addresses) = (HashSet::new(), Vec::new());
    for spec in specs {
        let found = spec.resolve(port, families)?;
        addresses.extend(found.into_iter().filter(|&address| seen.insert(address)));
    }
    Ok(Resolvers { addresses, tcp, of_the_system: false })
}

/// The system's own resolvers, each once.
pub(super) fn of_the_system(port: u16, families: Families) -> Result<Vec<SocketAddr>, Complaint> {
    let none = |why: &str| Complaint::could_not(format!("{RESOLV_CONF}: {why}"));
    let text = std::fs::read_to_string(RESOLV_CONF)
        .map_err(|error| none(&format!("the system's resolvers cannot be read: {error}")))?;
    let servers = of_resolv_conf(&text, port, families);
    if servers.is_empty() {
        return Err(none("no usable name server in it"));
    }
    Ok(servers)
}

/// What cannot be asked is passed over, as the system's own resolver does.
fn of_resolv_conf(text: &str, port: u16, families: Families) -> Vec<SocketAddr> {
    let mut servers = Vec::new();
    for entry in name_servers(text) {
        if let Ok(spec) = Spec::parse(entry)
            && let Ok(addresses) = spec.resolve(port, families)
        {
            for address in addresses {
                if !servers.contains(&address) {
                    servers.push(address);
                }
            }
        }
    }
    servers
}

fn name_servers(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        (words.next() == Some("nameserver")).then(|| words.next()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_read_in_all_their_forms() {
        for (text, tcp, address) in [
            ("192.0.2.1", false, "192.0.2.1:53"),
            ("192.0.2.1:5353", false, "192.0.2.1:5353"),
            ("2001:db8::1", false, "[2001:db8::1]:53"),
            ("[2001:db8::1]", false, "[2001:db8::1]:53"),
            ("[2001:db8::1]:5353", false, "[2001:db8::1]:5353"),
            ("tcp://192.0.2.1", true, "192.0.2.1:53"),
            ("tcp://[2001:db8::1]:5353", true, "[2001:db8::1]:5353"),
            ("udp://192.0.2.1", false, "192.0.2.1:53"),
        ] {
            let spec = Spec::parse(text).unwrap();
            let resolved = spec.resolve(DNS_PORT, Families::Both).unwrap();
            assert_eq!((spec.tcp, resolved), (tcp, vec![address.parse().unwrap()]), "{text}");
        }
    }

    #[test]
    fn host_names_and_zoned_addresses_are_left_to_the_system() {
        for text in ["ns1.example.org", "ns1.example.org:5353", "fe80::1%eth0", "[fe80::1%2]:53"] {
            assert!(matches!(Spec::parse(text).unwrap().host, Host::Name(_)), "{text}");
        }
    }

    #[test]
    fn what_is_no_server_says_why() {
        for (text, why) in [
            ("", "neither an address nor a host name"),
            ("300.1.1.1", "not an IPv4 address"),
            ("192.0.2:53", "not an IPv4 address"),
            ("192.0.2.1:0", "port"),
            ("192.0.2.1:70000", "port"),
            ("192.0.2.1:", "port"),
            ("[2001:db8::1", "']' is missing"),
            ("[2001:db8::1]x", "only a port"),
            ("2001:db8::g", "neither"),
            ("a b", "neither"),
            ("https://192.0.2.1", "port"),
        ] {
            let complaint = Spec::parse(text).unwrap_err();
            assert!(complaint.sentence.contains(why), "{text}: {}", complaint.sentence);
        }
    }

    #[test]
    fn only_addresses_of_the_family_that_was_asked_for_are_used() {
        let spec = Spec::parse("192.0.2.1").unwrap();
        assert!(spec.resolve(DNS_PORT, Families::Only4).is_ok());
        assert!(spec.resolve(DNS_PORT, Families::Only6).is_err());
    }

    #[test]
    fn a_list_of_resolvers_is_read_and_its_bad_line_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let list = "\u{FEFF}192.0.2.1\r\n\n# comment\n192.0.2.2:5353 ; behind\n[2001:db8::1]:53\n";
        std::fs::write(file.path(), list).unwrap();
        assert_eq!(read_list(file.path()).unwrap().len(), 3);
        std::fs::write(file.path(), format!("{list}resolver.example\n")).unwrap();
        let complaint = read_list(file.path()).unwrap_err();
        assert!(complaint.sentence.contains("line 6: 'resolver.example'"), "{complaint}");
    }

    #[test]
    fn name_servers_are_found_in_resolv_conf() {
        let text = "# x\nsearch example.org\nnameserver 192.0.2.1\nnameserver\t2001:db8::1 \n";
        assert_eq!(name_servers(text).collect::<Vec<_>>(), ["192.0.2.1", "2001:db8::1"]);
        let text = format!("{text}nameserver 192.0.2.1\nnameserver what is this\nnameserver\n");
        let both = of_resolv_conf(&text, 53, Families::Both);
        assert_eq!(both, ["192.0.2.1:53", "[2001:db8::1]:53"].map(|it| it.parse().unwrap()));
        assert_eq!(of_resolv_conf(&text, 53, Families::Only6), both[1..]);
    }

    #[test]
    fn servers_are_asked_once_each_and_all_over_tcp_or_none() {
        let form = Form { server: "-r SERVER", tcp: "--tcp" };
        let named = |texts: &[&str], tcp| {
            let specs: Vec<Spec> = texts.iter().map(|text| Spec::parse(text).unwrap()).collect();
            resolvers(&specs, tcp, DNS_PORT, Families::Both, form)
        };
        let found = named(&["192.0.2.1", "192.0.2.2", "192.0.2.1:53"], false).unwrap();
        assert_eq!((found.addresses.len(), found.tcp, found.of_the_system), (2, false, false));
        assert!(named(&["tcp://192.0.2.1"], false).unwrap().tcp);
        assert!(named(&["tcp://192.0.2.1", "192.0.2.2"], true).unwrap().tcp);
        let complaint = named(&["tcp://192.0.2.1", "192.0.2.2"], false).unwrap_err();
        assert_eq!(complaint.hint.as_deref(), Some("give it to all of them, or use --tcp"));
    }
}
