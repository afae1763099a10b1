//! What a `resolv.conf` says, as glibc takes it: the servers, the search list and the options. What is
//! wrong in one line spoils no other.

use super::servers::{ServerErrorKind, ServerHost, ServerSpec};

/// Characters of a bad entry that are repeated.
const SHOWN: usize = 60;

/// What a `resolv.conf` says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResolvConf {
    /// The servers, in their order. glibc asks the first [`MOST_SERVERS`] only.
    pub servers: Vec<ServerSpec>,
    /// The domains that are appended to short names, without the dot at the end: those of the last
    /// `search` or `domain` line. Empty also if there is none; then glibc takes the domain of the
    /// host's own name.
    pub search: Vec<String>,
    /// How the servers are asked.
    pub options: ResolverOptions,
    /// Options that nothing is known of or whose number is missing, as written, cut to a sane length.
    pub unknown_options: Vec<String>,
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

/// How many servers glibc asks.
pub const MOST_SERVERS: usize = 3;
/// Unknown options that are kept.
const MOST_UNKNOWN: usize = 32;

/// The options of a `resolv.conf`, with glibc's limits and defaults (resolv.conf(5)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResolverOptions {
    /// Dots from which on a name is first asked for as it is; 15 at most.
    pub ndots: u32,
    /// How long the first server is waited for, in seconds; 30 at most.
    pub timeout_s: u32,
    /// How often the list of servers is gone through; 5 at most.
    pub attempts: u32,
    /// Look-ups begin with a server each in turn.
    pub rotate: bool,
    /// A and AAAA are asked one after the other.
    pub single_request: bool,
    /// After a lost half of a pair a new socket is opened.
    pub single_request_reopen: bool,
    /// EDNS is used.
    pub edns0: bool,
    /// The AD flag is believed.
    pub trust_ad: bool,
    /// Queries go over TCP.
    pub use_vc: bool,
    /// No AAAA is asked for.
    pub no_aaaa: bool,
}

impl Default for ResolverOptions {
    fn default() -> Self {
        Self {
            ndots: 1,
            timeout_s: 5,
            attempts: 2,
            rotate: false,
            single_request: false,
            single_request_reopen: false,
            edns0: false,
            trust_ad: false,
            use_vc: false,
            no_aaaa: false,
        }
    }
}

impl ResolverOptions {
    /// Sets one option, as it is written; whether it is a known one.
    fn set(&mut self, word: &str) -> bool {
        let (name, number) = match word.split_once(':') {
            Some((name, number)) => (name, Some(number)),
            None => (word, None),
        };
        if let Some(number) = number {
            let (field, most) = match name {
                "ndots" => (&mut self.ndots, 15),
                "timeout" => (&mut self.timeout_s, 30),
                "attempts" => (&mut self.attempts, 5),
                _ => return false,
            };
            // glibc reads the digits and ignores what follows.
            let digits = number.bytes().take_while(u8::is_ascii_digit).count();
            if digits == 0 {
                return false;
            }
            *field = number[..digits].parse().unwrap_or(u32::MAX).min(most);
            return true;
        }
        match name {
            "rotate" => self.rotate = true,
            "single-request" => self.single_request = true,
            "single-request-reopen" => self.single_request_reopen = true,
            "edns0" => self.edns0 = true,
            "trust-ad" => self.trust_ad = true,
            "use-vc" => self.use_vc = true,
            "no-aaaa" => self.no_aaaa = true,
            // Known, and without any effect on what is sent.
            "debug" | "no-check-names" | "no-reload" | "no-tld-query" | "inet6" => {}
            _ => return false,
        }
        true
    }
}

impl ResolvConf {
    /// Takes the words of an `options` line, or of the environment's `RES_OPTIONS`; the last one of
    /// a kind counts.
    pub fn take_options(&mut self, words: &str) {
        for word in words.split_ascii_whitespace() {
            // A comment may stand behind them.
            if word.starts_with(['#', ';']) {
                break;
            }
            if !self.options.set(word) && self.unknown_options.len() < MOST_UNKNOWN {
                self.unknown_options.push(word.chars().take(SHOWN).collect());
            }
        }
    }
}

/// Reads the octets of a `resolv.conf`. Octets that are not UTF-8 spoil nothing but their word.
pub fn read_resolv_conf(octets: &[u8]) -> ResolvConf {
    let octets = octets.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(octets);
    let mut conf = ResolvConf::default();
    for (line, text) in (1..).zip(octets.split(|&octet| octet == b'\n')) {
        let text = String::from_utf8_lossy(text);
        let mut words = text.split_ascii_whitespace();
        match words.next() {
            Some("nameserver") => {}
            // A domain is a search list of one.
            Some(keyword @ ("search" | "domain")) => {
                let domains = words.take_while(|word| !word.starts_with(['#', ';']));
                let most = if keyword == "domain" { 1 } else { usize::MAX };
                let domains = domains.take(most).map(|it| it.trim_end_matches('.').to_owned());
                // The root, as systemd-resolved writes it, stands for no domain at all.
                conf.search = domains.filter(|domain| !domain.is_empty()).collect();
                continue;
            }
            Some("options") => {
                conf.take_options(text.trim_start().trim_start_matches("options"));
                continue;
            }
            _ => continue,
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
    fn the_search_list_and_the_options_are_those_that_glibc_takes() {
        let plain = ResolverOptions::default();
        for (text, search, options, unknown) in [
            ("", "", plain, ""),
            ("nameserver 192.0.2.1\n# options ndots:3\n;search x\n", "", plain, ""),
            // systemd-resolved, Docker, Kubernetes.
            (
                "nameserver 127.0.0.53\noptions edns0 trust-ad\nsearch .\n",
                "",
                ResolverOptions { edns0: true, trust_ad: true, ..plain },
                "",
            ),
            (
                "nameserver 127.0.0.11\noptions ndots:0\n",
                "",
                ResolverOptions { ndots: 0, ..plain },
                "",
            ),
            (
                "search a.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n",
                "a.svc.cluster.local svc.cluster.local cluster.local",
                ResolverOptions { ndots: 5, ..plain },
                "",
            ),
            // The last one counts, of lines and of options; numbers have their limits.
            ("search a.example b.example\ndomain c.example d.example\n", "c.example", plain, ""),
            (
                "options timeout:1 attempts:9\noptions timeout:99 ndots:4294967296x\r\n",
                "",
                ResolverOptions { timeout_s: 30, attempts: 5, ndots: 15, ..plain },
                "",
            ),
            (
                "options\trotate\tsingle-request single-request-reopen use-vc no-aaaa debug\n",
                "",
                ResolverOptions {
                    rotate: true,
                    single_request: true,
                    single_request_reopen: true,
                    use_vc: true,
                    no_aaaa: true,
                    ..plain
                },
                "",
            ),
            (
                "options timeout: ndots edns1 rotate:1 # edns0\nsearch a.example. ; b\n",
                "a.example",
                plain,
                "timeout: ndots edns1 rotate:1",
            ),
        ] {
            let conf = read_resolv_conf(text.as_bytes());
            assert_eq!(conf.search.join(" "), search, "{text}");
            assert_eq!(conf.options, options, "{text}");
            assert_eq!(conf.unknown_options.join(" "), unknown, "{text}");
        }
        let hostile = format!("options {}\n", "x".repeat(1000) + &" y".repeat(1000));
        let conf = read_resolv_conf(hostile.as_bytes());
        assert_eq!((conf.unknown_options.len(), conf.unknown_options[0].len()), (32, SHOWN));
    }

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
                "line 1: nameserver 'fe80::1' is skipped: a link-local address needs its interface",
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
