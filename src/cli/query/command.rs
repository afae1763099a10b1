//! The arguments of the command.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::PathBuf;

use clap::ValueEnum;

use super::args::Words;
use crate::cli::servers::DNS_PORT;
use crate::cli::style::columns;

/// Send a query and show the response in full
///
/// Shows the response as dig does, whatever it says, and then how it was obtained: the query time and
/// which clock measured it, the server, the transport, the size, and the outcome of each attempt.
/// Without @SERVER, the system's resolvers are queried.
///
/// Words may come in any order. Words before the first name hold for all names, words after a name for
/// that name. Several names, or several types, are queried one after the other. A server given for one
/// name also serves names that have no server of their own.
///
/// With --trace, follows the delegations from the root to the name, queries every address of every
/// server on the path, and shows what each one says.
///
/// `dnsonde NAME …` without a command means `dnsonde query NAME …`.
///
/// Exit status: 0 answered (NXDOMAIN and SERVFAIL included), 1 malformed response, or interrupted,
/// 2 usage error, 3 no response, or only a truncated one because TCP failed. With several queries, the
/// highest.
#[derive(Debug, clap::Args)]
#[command(after_help = after_help(columns()))]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    pub(super) words: Words,

    /// Read queries from a file, one per line; `-` is standard input
    #[arg(short = 'f', value_name = "FILE")]
    pub(super) batch: Option<PathBuf>,

    /// Follow the delegations from the root to the name, querying every server on the path
    #[arg(long)]
    pub(super) trace: bool,

    /// With --trace: the root servers, as a root hints file [default: built in]
    #[arg(long, value_name = "FILE")]
    pub(super) root_hints: Option<PathBuf>,

    /// With --trace: minimise query names (QNAME minimisation, RFC 9156)
    #[arg(long)]
    pub(super) minimise: bool,

    /// The port of servers that have none; with --trace, of all servers
    #[arg(short = 'p', long, value_name = "PORT", default_value_t = DNS_PORT, value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) port: u16,

    /// The address of this machine to ask from
    #[arg(short = 'b', value_name = "ADDR", value_parser = source_address)]
    pub(super) bind: Option<IpAddr>,

    /// Use IPv4 only
    #[arg(short = '4', conflicts_with = "ipv6")]
    pub(super) ipv4: bool,

    /// Use IPv6 only
    #[arg(short = '6')]
    pub(super) ipv6: bool,

    /// How to show the exchange
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,

    /// Write no notes to standard error; errors stay (-q is for a name, as in dig)
    #[arg(long)]
    pub(super) quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Format {
    /// As dig does
    #[default]
    Text,
    /// One JSON object a query
    Json,
}

/// dig has a port behind the address; ours is another one for each attempt.
fn source_address(text: &str) -> Result<IpAddr, String> {
    match text.split_once('#') {
        Some((_, port)) if !port.is_empty() => {
            Err("a port cannot be chosen: each attempt has a random one, so that answers are \
                 hard to forge; write the address only"
                .to_owned())
        }
        _ => text.trim_end_matches('#').parse().map_err(|_| "not an address".to_owned()),
    }
}

/// What stands behind the options of the command line.
const AFTER_HELP: &str = "Options as in dig; +no… turns one off:
  +short           only the RDATA of the answer section
  +tcp             query over TCP                     +ignore      do not retry over TCP after TC
  +dnssec          set DO: send DNSSEC records        +norec       clear RD: do not recurse
  +cd              set CD: do not validate            +ad          set AD: ask whether it is valid
  +nsid            request the server id (NSID)       +cookie[=HEX] send a cookie
  +subnet=ADDR/N   send a client subnet               +bufsize=N   largest UDP response [1232]
  +noedns          plain DNS, without OPT             +edns=N      EDNS version
  +ednsopt=N[:HEX] any EDNS option                    +padding=N   pad to a multiple of N octets
  +expire +keepalive +zoneversion                     further EDNS options
  +timeout=S       seconds per attempt [2]            +retry=N     retries [2]
  +trace           same as --trace                    +json        same as --format json
Parts of the text output; after +noall, only those that are named:
  +answer +authority +additional +question            the sections
  +comments        header, titles, EDNS               +stats       time, server, size, attempts
  +multiline       long records over several lines    +generic     in the form of RFC 3597
  +nottlid         without the TTL                    +noclass     without the class
  +ttlunits        TTLs like 1h30m                    +qr          the query as well
  +identify        with +short: who answered          +cmd         the command line
Options can be shortened as long as they are unambiguous: +noall +ans, +multi.

Examples:
  dnsonde query example.org
  dnsonde query @192.0.2.53 example.org MX +dnssec +nsid
  dnsonde query @192.0.2.53 example.org A AAAA MX +noall +answer
  dnsonde query @[2001:db8::53]:5353 -x 192.0.2.1 +short
  dnsonde query @192.0.2.53 CH TXT version.bind --format json
  dnsonde query www.example.org --trace";

/// The same for so many columns: where the table is too wide, each option has lines of its own.
fn after_help(columns: Option<usize>) -> String {
    let is_wide = |line: &str| columns.is_some_and(|columns| line.chars().count() > columns);
    let is_of_table = |line: &&str| line.starts_with("  +");
    if !AFTER_HELP.lines().filter(is_of_table).any(is_wide) {
        return AFTER_HELP.to_owned();
    }
    let mut text = String::new();
    for line in AFTER_HELP.lines() {
        if !is_of_table(&line) {
            let _ = writeln!(text, "{line}");
            continue;
        }
        let cells = line.split("  ").map(str::trim).filter(|cell| !cell.is_empty());
        for cell in cells {
            // An option that is long has its description next to it.
            let (name, about) = match cell.split_once(' ') {
                Some((name, about)) if cell.starts_with('+') && !about.starts_with('+') => {
                    (name, about)
                }
                _ if cell.starts_with('+') => (cell, ""),
                _ => ("", cell),
            };
            for (indent, part) in [(2, name), (6, about)] {
                if !part.is_empty() {
                    let _ = writeln!(text, "{:indent$}{part}", "");
                }
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_is_too_wide_has_an_option_a_line() {
        assert_eq!(after_help(None), AFTER_HELP);
        assert_eq!(after_help(Some(100)), AFTER_HELP);
        let narrow = after_help(Some(40));
        for part in [
            "\n  +tcp\n      query over TCP\n  +ignore\n      do not retry over TCP after TC\n",
            "\n  +cookie[=HEX]\n      send a cookie\n",
            "\n  +answer +authority +additional +question\n      the sections\n",
            "\nExamples:\n  dnsonde query example.org\n",
        ] {
            assert!(narrow.contains(part), "no {part:?} in {narrow}");
        }
    }
}
