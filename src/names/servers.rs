//! Servers as people write them: one on a command line, or a list of them in a file.
//!
//! Text goes in, a [`ServerSpec`] comes out, or a [`ServerError`] that says what is wrong and what to
//! write instead. Nothing is looked up here: a host name stays a name.

use std::net::{IpAddr, Ipv6Addr};

/// The port of DNS over UDP and TCP.
pub const DNS_PORT: u16 = 53;

/// Characters of a bad entry that an error repeats.
const SHOWN: usize = 60;

/// A server as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSpec {
    /// `tcp://` stood in front.
    pub tcp: bool,
    /// Which machine.
    pub host: ServerHost,
    /// The port, if there is one.
    pub port: Option<u16>,
}

/// The machine of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerHost {
    /// A unicast address that needs no zone.
    Address(IpAddr),
    /// A link-local IPv6 address and its zone: the name or the number of an interface.
    Zoned(Ipv6Addr, String),
    /// A host name, in ASCII.
    Name(String),
}

impl std::fmt::Display for ServerHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Zoned(address, zone) => write!(f, "{address}%{zone}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// Why a text names no server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid server '{text}': {kind}")]
pub struct ServerError {
    /// What was written, cut to a sane length.
    pub text: String,
    /// What is wrong with it.
    pub kind: ServerErrorKind,
}

/// What is wrong with the text of a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ServerErrorKind {
    /// `[V6` without an end.
    #[error("missing ']'")]
    Bracket,
    /// `[V6]x`.
    #[error("only a port may follow ']'")]
    AfterBracket,
    /// Not a number from 1 to 65535.
    #[error("the port must be a number from 1 to 65535")]
    Port,
    /// Digits and dots, but no address.
    #[error("not an IPv4 address")]
    Ipv4,
    /// An IPv6 address and a port without brackets around the address.
    #[error("an IPv6 address with a port needs brackets")]
    Unbracketed(Ipv6Addr, u16),
    /// `ADDR/N`.
    #[error("a prefix is not one server")]
    Prefix,
    /// A scheme other than `tcp` and `udp`.
    #[error("{0}:// is not supported")]
    Scheme(String),
    /// A link-local address says nothing without its interface.
    #[error("a link-local address needs its interface")]
    LinkLocal(Ipv6Addr),
    /// A zone behind an address that has none, or nothing behind the `%`.
    #[error("only a link-local IPv6 address has a zone (%INTERFACE)")]
    Zone,
    /// `0.0.0.0` or `::`.
    #[error("the unspecified address is not a server")]
    Unspecified,
    /// A group of machines.
    #[error("a multicast address is not one server")]
    Multicast,
    /// All machines of a link.
    #[error("a broadcast address is not one server")]
    Broadcast,
    /// Anything else.
    #[error("neither an address nor a host name")]
    Neither,
}

impl ServerError {
    fn new(text: &str, kind: ServerErrorKind) -> Self {
        Self { text: shown(text), kind }
    }

    /// What to write instead.
    pub fn hint(&self) -> String {
        use ServerErrorKind as Kind;
        match &self.kind {
            Kind::Unbracketed(address, port) => format!("write [{address}]:{port}"),
            Kind::LinkLocal(address) => {
                format!("write {address}%INTERFACE, such as {address}%eth0; `ip link` lists them")
            }
            Kind::Zone => "write the address without the %".to_owned(),
            Kind::Scheme(_) => {
                "dnsonde uses unencrypted UDP and TCP only: write ADDR or tcp://ADDR".to_owned()
            }
            Kind::Unspecified => "for a server on this machine, write 127.0.0.1 or ::1".to_owned(),
            Kind::Multicast | Kind::Broadcast | Kind::Prefix => {
                "give the address of each server".to_owned()
            }
            _ => "write ADDR, ADDR:PORT, [V6]:PORT, a host name, or one of these after tcp://"
                .to_owned(),
        }
    }
}

impl ServerSpec {
    /// Reads `ADDR`, `ADDR:PORT`, `[V6]:PORT`, `HOST` or `HOST:PORT`, each with `tcp://` or `udp://`
    /// in front or not. A port may stand behind `#` or `@` as well, as configurations of resolvers
    /// have it. A link-local address has a zone (RFC 4007 §11).
    ///
    /// # Errors
    /// [`ServerError`]: no server, or an address that cannot be one server's.
    pub fn parse(text: &str) -> Result<Self, ServerError> {
        Self::read(text.trim()).map_err(|kind| ServerError::new(text, kind))
    }

    fn read(text: &str) -> Result<Self, ServerErrorKind> {
        use ServerErrorKind as Kind;
        let (tcp, rest) = match text.split_once("://") {
            None => (false, text),
            Some((scheme, rest)) => {
                let rest = rest.strip_suffix('/').unwrap_or(rest);
                match scheme.to_ascii_lowercase().as_str() {
                    "tcp" => (true, rest),
                    "udp" => (false, rest),
                    _ if scheme.bytes().all(|octet| octet.is_ascii_alphanumeric()) => {
                        return Err(Kind::Scheme(shown(&scheme.to_ascii_lowercase())));
                    }
                    _ => return Err(Kind::Neither),
                }
            }
        };
        let (host, port) = split_port(rest)?;
        let port = match port.map(read_port) {
            None => None,
            Some(Some(port)) => Some(port),
            Some(None) => return Err(Kind::Port),
        };
        Ok(Self { tcp, host: read_host(host)?, port })
    }

    /// The address and port that were perhaps meant: `::1:5300` is an address as a whole.
    pub fn perhaps_with_port(&self) -> Option<(Ipv6Addr, u16)> {
        match (&self.host, self.port) {
            (ServerHost::Address(IpAddr::V6(address)), None) => unbracketed(&address.to_string()),
            _ => None,
        }
    }
}

/// A port from 1 on, in decimal digits only.
fn read_port(text: &str) -> Option<u16> {
    if !text.bytes().all(|octet| octet.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|&port| port > 0)
}

fn split_port(text: &str) -> Result<(&str, Option<&str>), ServerErrorKind> {
    use ServerErrorKind as Kind;
    if let Some(inner) = text.strip_prefix('[') {
        let (host, tail) = inner.split_once(']').ok_or(Kind::Bracket)?;
        return match tail.strip_prefix([':', '#', '@']) {
            Some(port) => Ok((host, Some(port))),
            None if tail.is_empty() => Ok((host, None)),
            None => Err(Kind::AfterBracket),
        };
    }
    if let Some((host, port)) = text.split_once(['#', '@']) {
        return Ok((host, Some(port)));
    }
    Ok(match text.split_once(':') {
        // More than one colon: an IPv6 address, or what was meant to be one.
        Some((_, tail)) if tail.contains(':') => (text, None),
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    })
}

fn read_host(text: &str) -> Result<ServerHost, ServerErrorKind> {
    use ServerErrorKind as Kind;
    if let Some((address, zone)) = text.split_once('%') {
        let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '/' | '%' | '[' | ']');
        return match address.parse::<Ipv6Addr>() {
            Ok(address)
                if address.is_unicast_link_local()
                    && !zone.is_empty()
                    && zone.chars().all(plain) =>
            {
                Ok(ServerHost::Zoned(address, zone.to_owned()))
            }
            Ok(address) => Err(reject_address(address.into()).unwrap_or(Kind::Zone)),
            Err(_) if address.parse::<IpAddr>().is_ok() => Err(Kind::Zone),
            Err(_) => Err(Kind::Neither),
        };
    }
    if let Ok(address) = text.parse::<IpAddr>() {
        let address = address.to_canonical();
        return match reject_address(address) {
            None => Ok(ServerHost::Address(address)),
            Some(kind) => Err(kind),
        };
    }
    if let Some((address, port)) = unbracketed(text) {
        return Err(Kind::Unbracketed(address, port));
    }
    if text.split_once('/').is_some_and(|(address, _)| address.parse::<IpAddr>().is_ok()) {
        return Err(Kind::Prefix);
    }
    // No top-level domain is a number: this was meant to be an address.
    if !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit() || octet == b'.') {
        return Err(Kind::Ipv4);
    }
    if !text.is_ascii() {
        // Full-width digits and dots become an address, and that is read as one.
        return read_host(&idna::domain_to_ascii(text).map_err(|_| Kind::Neither)?);
    }
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_');
    if text.is_empty()
        || text.len() > 254
        || text.starts_with('.')
        || text.contains("..")
        || !text.bytes().all(plain)
    {
        return Err(Kind::Neither);
    }
    Ok(ServerHost::Name(text.to_owned()))
}

/// Why an address cannot be that of one server.
pub fn reject_address(address: IpAddr) -> Option<ServerErrorKind> {
    use ServerErrorKind as Kind;
    match address {
        _ if address.is_unspecified() => Some(Kind::Unspecified),
        _ if address.is_multicast() => Some(Kind::Multicast),
        IpAddr::V4(v4) if v4.is_broadcast() => Some(Kind::Broadcast),
        IpAddr::V6(v6) if v6.is_unicast_link_local() => Some(Kind::LinkLocal(v6)),
        _ => None,
    }
}

/// An IPv6 address with a port behind it, and no brackets.
fn unbracketed(text: &str) -> Option<(Ipv6Addr, u16)> {
    let (address, port) = text.rsplit_once(':')?;
    Some((address.parse().ok().filter(|it: &Ipv6Addr| !it.is_unspecified())?, read_port(port)?))
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

/// Why a list of servers cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ServerListError {
    /// NUL octets.
    #[error("line {0}: not text")]
    Binary(u64),
    /// An entry that is no address.
    #[error("line {line}: '{text}' is not a server address")]
    Entry {
        /// Counted from 1.
        line: u64,
        /// The entry, cut to a sane length.
        text: String,
        /// What is wrong with it; nothing if it is a host name.
        kind: Option<ServerErrorKind>,
    },
    /// More than one word, or fields that are not all addresses.
    #[error("line {line}: '{text}' has more than one column")]
    Columns {
        /// Counted from 1.
        line: u64,
        /// The entry, cut to a sane length.
        text: String,
    },
    /// Nothing but comments.
    #[error("contains no server")]
    Empty,
}

impl ServerListError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Binary(_) | Self::Empty => FORM.to_owned(),
            Self::Entry { kind: None, .. } => format!("host names are not allowed in a list: {FORM}"),
            Self::Entry { text, kind: Some(kind), .. } => match kind {
                ServerErrorKind::Neither | ServerErrorKind::Ipv4 | ServerErrorKind::Port => {
                    FORM.to_owned()
                }
                kind => {
                    let hint = ServerError { text: text.clone(), kind: kind.clone() }.hint();
                    format!("{kind}; {hint}")
                }
            },
            Self::Columns { text, .. } if text.contains(',') => {
                "keep only the column with the addresses, without its heading: cut -d, -f1 | tail -n +2"
                    .to_owned()
            }
            Self::Columns { .. } => {
                "keep the column with the addresses (awk '{print $1}'), or put # before a comment"
                    .to_owned()
            }
        }
    }
}

const FORM: &str = "write one ADDR, ADDR:PORT or [V6]:PORT per line; # begins a comment";

/// Reads a list of servers: one address a line, with a port or without, or several with commas
/// between them; comments behind `#` or `;`. The `nameserver` lines of a `resolv.conf` are read, too.
///
/// # Errors
/// The first thing that is wrong with the list.
pub fn read_server_list(octets: &[u8]) -> Result<Vec<ServerSpec>, ServerListError> {
    let octets = octets.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(octets);
    let mut specs = Vec::new();
    for (number, line) in (1..).zip(octets.split(|&octet| octet == b'\n')) {
        if line.contains(&0) {
            return Err(ServerListError::Binary(number));
        }
        read_line(number, &String::from_utf8_lossy(line), &mut specs)?;
    }
    if specs.is_empty() { Err(ServerListError::Empty) } else { Ok(specs) }
}

fn read_line(line: u64, text: &str, specs: &mut Vec<ServerSpec>) -> Result<(), ServerListError> {
    let mut entry = without_comment(text);
    if let Some((word, rest)) = entry.split_once([' ', '\t']) {
        match word {
            // What is there besides: a resolver's configuration serves as a list.
            "nameserver" => entry = rest.trim(),
            "search" | "domain" | "options" | "sortlist" => return Ok(()),
            _ => {}
        }
    }
    if entry.is_empty() {
        return Ok(());
    }
    let wrong = |text: &str, kind| ServerListError::Entry { line, text: shown(text), kind };
    for field in entry.split(',') {
        let field = field.trim();
        let quoted = field.strip_prefix('"').and_then(|field| field.strip_suffix('"'));
        let field = quoted.unwrap_or(field);
        let read = match ServerSpec::parse(field) {
            Ok(ServerSpec { host: ServerHost::Name(_), .. }) => Err(wrong(field, None)),
            Ok(spec) => Ok(spec),
            Err(error) => Err(wrong(field, Some(error.kind))),
        };
        match read {
            Ok(spec) => specs.push(spec),
            Err(ServerListError::Entry { kind: None | Some(ServerErrorKind::Neither), .. })
                if entry.contains(',') || looks_like_columns(entry) =>
            {
                return Err(ServerListError::Columns { line, text: shown(entry) });
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether an address is followed by something else.
fn looks_like_columns(entry: &str) -> bool {
    entry.split_once(char::is_whitespace).is_some_and(|(first, _)| {
        ServerSpec::parse(first).is_ok_and(|spec| !matches!(spec.host, ServerHost::Name(_)))
    })
}

/// A line without its comment. A `#` with nothing but digits behind it is that of a port.
fn without_comment(line: &str) -> &str {
    let line = line.split(';').next().unwrap_or_default().trim();
    let Some(at) = line.find('#') else { return line };
    let (before, behind) = (&line[..at], &line[at + 1..]);
    let glued = before.chars().next_back().is_some_and(|c| !c.is_whitespace());
    let port = behind.split('#').next().unwrap_or_default().trim_end();
    if glued && !port.is_empty() && port.bytes().all(|octet| octet.is_ascii_digit()) {
        return &line[..at + 1 + port.len()];
    }
    before.trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        match ServerSpec::parse(text) {
            Err(error) => error.kind.to_string(),
            Ok(ServerSpec { tcp, host, port }) => {
                let kind = match host {
                    ServerHost::Address(_) => "address",
                    ServerHost::Zoned(..) => "zoned",
                    ServerHost::Name(_) => "name",
                };
                let tcp = if tcp { " tcp" } else { "" };
                format!("{kind} {host}{}{tcp}", port.map(|p| format!(" {p}")).unwrap_or_default())
            }
        }
    }

    #[test]
    fn servers_are_read_in_all_their_forms() {
        for (text, expected) in [
            ("192.0.2.1", "address 192.0.2.1"),
            ("192.0.2.1:5353", "address 192.0.2.1 5353"),
            ("192.0.2.1#5353", "address 192.0.2.1 5353"),
            ("192.0.2.1@5353", "address 192.0.2.1 5353"),
            (" 192.0.2.1 ", "address 192.0.2.1"),
            ("2001:db8::1", "address 2001:db8::1"),
            ("[2001:db8::1]", "address 2001:db8::1"),
            ("[2001:db8::1]:5353", "address 2001:db8::1 5353"),
            ("2001:db8::1#5353", "address 2001:db8::1 5353"),
            ("::ffff:192.0.2.1", "address 192.0.2.1"),
            ("tcp://192.0.2.1", "address 192.0.2.1 tcp"),
            ("TCP://192.0.2.1/", "address 192.0.2.1 tcp"),
            ("tcp://[2001:db8::1]:5353", "address 2001:db8::1 5353 tcp"),
            ("udp://192.0.2.1", "address 192.0.2.1"),
            ("fe80::53%eth0", "zoned fe80::53%eth0"),
            ("[fe80::53%eth0]:5353", "zoned fe80::53%eth0 5353"),
            ("[fe80::53%2]", "zoned fe80::53%2"),
            ("tcp://fe80::53%br-lan.4", "zoned fe80::53%br-lan.4 tcp"),
            ("ns1.example.org", "name ns1.example.org"),
            ("ns1.example.org.:5353", "name ns1.example.org. 5353"),
            ("dns.bücher.example", "name dns.xn--bcher-kva.example"),
            ("localhost", "name localhost"),
            ("\u{FEFF}192.0.2.1", "address 192.0.2.1"),
            ("１９２．０．２．１", "address 192.0.2.1"),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_server_says_why_and_what_to_write() {
        for (text, why, hint) in [
            ("", "neither an address nor a host name", "write ADDR"),
            ("300.1.1.1", "not an IPv4 address", "write ADDR"),
            ("192.0.2:53", "not an IPv4 address", "write ADDR"),
            ("192.0.2.1:0", "the port must be", "write ADDR"),
            ("192.0.2.1:70000", "the port must be", "write ADDR"),
            ("192.0.2.1:+53", "the port must be", "write ADDR"),
            ("192.0.2.1:", "the port must be", "write ADDR"),
            ("192.0.2.1#dns.example", "the port must be", "write ADDR"),
            ("192.0.2.0/24", "a prefix is not one server", "each server"),
            ("[2001:db8::1", "missing ']'", "write ADDR"),
            ("[2001:db8::1]x", "only a port", "write ADDR"),
            ("2001:db8::g", "neither", "write ADDR"),
            ("2001:db8:0:0:0:0:0:1:5300", "needs brackets", "write [2001:db8::1]:5300"),
            ("a b", "neither", "write ADDR"),
            ("user@192.0.2.1", "the port must be", "write ADDR"),
            ("https://192.0.2.1/dns-query", "https:// is not supported", "unencrypted"),
            ("tls://192.0.2.1", "tls:// is not supported", "unencrypted"),
            ("sdns://AgcAAAA", "sdns:// is not supported", "unencrypted"),
            ("fe80::53", "needs its interface", "write fe80::53%INTERFACE"),
            ("[fe80::53]:53", "needs its interface", "write fe80::53%INTERFACE"),
            ("fe80::53%", "needs its interface", "write fe80::53%INTERFACE"),
            ("2001:db8::1%eth0", "only a link-local", "without the %"),
            ("192.0.2.1%eth0", "only a link-local", "without the %"),
            ("0.0.0.0", "unspecified", "127.0.0.1 or ::1"),
            ("[::]:53", "unspecified", "127.0.0.1 or ::1"),
            ("::ffff:0.0.0.0", "unspecified", "127.0.0.1 or ::1"),
            ("224.0.0.251:5353", "multicast", "each server"),
            ("ff02::fb%eth0", "multicast", "each server"),
            ("ff02::fb", "multicast", "each server"),
            ("255.255.255.255", "broadcast", "each server"),
        ] {
            let error = ServerSpec::parse(text).unwrap_err();
            assert!(error.to_string().contains(why), "{text}: {error}");
            assert!(error.hint().contains(hint), "{text}: {}", error.hint());
        }
    }

    #[test]
    fn an_address_that_ends_as_a_port_does_is_suspected() {
        for (text, meant) in [
            ("::1:5300", Some(("::1", 5300))),
            ("2001:db8::1:53", Some(("2001:db8::1", 53))),
            ("2001:db8::53", None),
            ("2001:db8::1:beef", None),
            ("[::1:5300]:53", None),
            ("::1", None),
            ("192.0.2.1", None),
        ] {
            let meant = meant.map(|(address, port)| (address.parse().unwrap(), port));
            assert_eq!(ServerSpec::parse(text).unwrap().perhaps_with_port(), meant, "{text}");
        }
    }

    fn list(octets: &[u8]) -> Result<Vec<String>, String> {
        let show = |spec: &ServerSpec| format!("{} {}", spec.host, spec.port.unwrap_or(DNS_PORT));
        match read_server_list(octets) {
            Ok(specs) => Ok(specs.iter().map(show).collect()),
            Err(error) => Err(format!("{error} ({})", error.hint())),
        }
    }

    #[test]
    fn lists_of_servers_are_read_as_people_have_them() {
        for (octets, expected) in [
            (&b"192.0.2.1\n192.0.2.2\n"[..], &["192.0.2.1 53", "192.0.2.2 53"][..]),
            (b"\xEF\xBB\xBF192.0.2.1\r\n\r\n# c\r\n", &["192.0.2.1 53"]),
            (b"192.0.2.1:5353 ; behind\n; c", &["192.0.2.1 5353"]),
            (b"192.0.2.1#5353\n192.0.2.1#2 is slow\n", &["192.0.2.1 5353", "192.0.2.1 53"]),
            (b"192.0.2.1#5353 # fast\n192.0.2.2# slow", &["192.0.2.1 5353", "192.0.2.2 53"]),
            (b"[2001:db8::1]:53\nfe80::1%eth0\n", &["2001:db8::1 53", "fe80::1%eth0 53"]),
            (b"192.0.2.1,192.0.2.2:54\n", &["192.0.2.1 53", "192.0.2.2 54"]),
            (b"\"192.0.2.1\"\n\"192.0.2.2\"\n", &["192.0.2.1 53", "192.0.2.2 53"]),
            (b"search a.test\nnameserver 192.0.2.1 # c\noptions ndots:2\n", &["192.0.2.1 53"]),
        ] {
            let expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
            assert_eq!(list(octets), Ok(expected), "{:?}", String::from_utf8_lossy(octets));
        }
    }

    #[test]
    fn a_list_that_cannot_be_used_says_where_and_what_to_do() {
        for (octets, expected) in [
            (
                &b"192.0.2.1\nresolver.example\n"[..],
                "line 2: 'resolver.example' is not a server address",
            ),
            (b"resolver.example", "host names are not allowed"),
            (b"192.0.2.1\n\n192.0.2.999\n", "line 3: '192.0.2.999' is not a server address"),
            (
                b"192.0.2.1 ns.example.\n",
                "line 1: '192.0.2.1 ns.example.' has more than one column",
            ),
            (
                b"ip_address,name\n192.0.2.1,x\n",
                "line 1: 'ip_address,name' has more than one column",
            ),
            (b"192.0.2.1,,AS1\n", "cut -d, -f1"),
            (b"fe80::1\n", "needs its interface; write fe80::1%INTERFACE"),
            (b"224.0.0.1\n", "a multicast address is not one server"),
            (b"192.0.2.1\n\0\0", "line 2: not text"),
            (b"# nothing\n", "contains no server"),
            (b"", "contains no server"),
            (b"\xFF\xFF\xFF\n", "line 1: "),
        ] {
            let error = list(octets).unwrap_err();
            assert!(error.contains(expected), "{:?}: {error}", String::from_utf8_lossy(octets));
        }
    }
}
