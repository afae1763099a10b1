//! The name servers of a `resolv.conf`, as the system's own resolver takes them: what is wrong in one
//! line spoils no other.

use super::servers::{ServerErrorKind, ServerHost, ServerSpec};

/// Characters of a bad entry that are repeated.
const SHOWN: usize = 60;

/// What a `resolv.conf` says of name servers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResolvConf {
    /// The servers, in their order.
    pub servers: Vec<ServerSpec>,
    /// Lines that name none although they should.
    pub skipped: Vec<Skipped>,
}

/// A `nameserver` line that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: nameserver '{text}' is skipped: {reason}")]
pub struct Skipped {
    /// Counted from 1.
    pub line: u64,
    /// What stands behind `nameserver`, cut to a sane length.
    pub text: String,
    /// What is wrong with it.
    pub reason: String,
}

/// Reads the octets of a `resolv.conf`. Octets that are not UTF-8 spoil nothing but their word.
pub fn read_resolv_conf(octets: &[u8]) -> ResolvConf {
    let octets = octets.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(octets);
    let mut conf = ResolvConf::default();
    for (line, text) in (1..).zip(octets.split(|&octet| octet == b'\n')) {
        let text = String::from_utf8_lossy(text);
        let mut words = text.split_ascii_whitespace();
        if words.next() != Some("nameserver") {
            continue;
        }
        let word = words.next().unwrap_or_default();
        match read_address(word) {
            Ok(spec) => conf.servers.push(spec),
            Err(reason) => {
                let text = word.chars().take(SHOWN).collect();
                conf.skipped.push(Skipped { line, text, reason });
            }
        }
    }
    conf
}

fn read_address(word: &str) -> Result<ServerSpec, String> {
    match ServerSpec::parse(word) {
        Ok(ServerSpec { host: ServerHost::Name(_), .. }) => Err("not an address".to_owned()),
        Ok(spec) => Ok(spec),
        Err(error) if error.kind == ServerErrorKind::Neither => Err("not an address".to_owned()),
        Err(error) => Err(error.kind.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_in_one_line_of_resolv_conf_spoils_no_other() {
        for (octets, servers, skipped) in [
            (
                &b"# x\nsearch example.org\nnameserver 192.0.2.1\nnameserver\t2001:db8::1 \n"[..],
                "192.0.2.1 2001:db8::1",
                "",
            ),
            (
                b"\xEF\xBB\xBFnameserver 192.0.2.1\r\nnameserver 192.0.2.2\r\n",
                "192.0.2.1 192.0.2.2",
                "",
            ),
            (b"# caf\xE9\nnameserver 192.0.2.1\n", "192.0.2.1", ""),
            (b"search caf\xE9.example\nnameserver 192.0.2.1 # caf\xE9\n", "192.0.2.1", ""),
            (
                b"nameserver 192.0.2.\xFF\nnameserver 192.0.2.1\n",
                "192.0.2.1",
                "line 1: nameserver '192.0.2.\u{FFFD}' is skipped: not an address",
            ),
            (
                b"nameserver dns.example\nnameserver 192.0.2.1\n",
                "192.0.2.1",
                "line 1: nameserver 'dns.example' is skipped: not an address",
            ),
            (
                b"nameserver 192.0.2.1\nnameserver 192.0.2.256\n",
                "192.0.2.1",
                "line 2: nameserver '192.0.2.256' is skipped: not an IPv4 address",
            ),
            (
                b"nameserver\nnameserver 192.0.2.1\n",
                "192.0.2.1",
                "line 1: nameserver '' is skipped: not an address",
            ),
            (b"nameserver fe80::1%eth0\n", "fe80::1%eth0", ""),
            (
                b"nameserver fe80::1\nnameserver ::1\n",
                "::1",
                "line 1: nameserver 'fe80::1' is skipped: a link-local address needs the interface it is on",
            ),
            (
                b"nameserver 224.0.0.1\n",
                "",
                "line 1: nameserver '224.0.0.1' is skipped: a multicast address is not one server",
            ),
            (b"nameserver [2001:db8::1]:5353\n", "2001:db8::1", ""),
            (b"nameservers 192.0.2.1\n;nameserver 192.0.2.1\n", "", ""),
            (b"", "", ""),
        ] {
            let conf = read_resolv_conf(octets);
            let found: Vec<String> = conf.servers.iter().map(|it| it.host.to_string()).collect();
            let reported: Vec<String> = conf.skipped.iter().map(ToString::to_string).collect();
            let case = String::from_utf8_lossy(octets);
            assert_eq!(
                (found.join(" ").as_str(), reported.join("; ").as_str()),
                (servers, skipped),
                "{case}"
            );
        }
    }
}
