//! The arguments of the command.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::ValueEnum;

use super::args::Words;
use crate::cli::servers::DNS_PORT;

/// Show one exchange, exactly
///
/// Sends a query and shows the answer as dig does, whatever it says, and then how it was obtained:
/// the time it took and who measured it, the server, the transport, the size, and each attempt
/// with what became of it. Without @SERVER the system's resolvers are asked.
///
/// Words may come in any order. What stands before the first name is for all names, what stands behind a
/// name is for that name. Several types, or several names, are asked one after the other. A server that is
/// named for one name serves those without a server of their own.
///
/// With --trace, follows the delegations from the root to the name instead, asks every address of
/// every server on the way, and shows what each says.
///
/// `dnsonde NAME …` without a command is the same as `dnsonde query NAME …`.
///
/// Exit status: 0 answered (also with NXDOMAIN or SERVFAIL), 1 the answer is malformed, or the command
/// was interrupted, 2 usage error, 3 no answer, or only a truncated one because TCP failed. Of several
/// queries, the highest.
#[derive(Debug, clap::Args)]
#[command(after_help = "Options in the manner of dig, each with +no… to take it back:
  +short           only the data of the answer records
  +tcp             ask over TCP                       +ignore      do not ask again over TCP
  +dnssec          set DO: send DNSSEC records        +norec       clear RD: do not recurse
  +cd              set CD: do not validate            +ad          set AD: say if you validated
  +nsid            ask the server who it is           +cookie[=HEX] send a cookie
  +subnet=ADDR/N   send a client subnet               +bufsize=N   largest UDP answer [1232]
  +noedns          plain DNS, without OPT             +edns=N      the version of EDNS
  +ednsopt=N[:HEX] any EDNS option                    +padding=N   pad to a multiple of N octets
  +expire +keepalive +zoneversion                     further EDNS options
  +timeout=S       seconds an attempt waits [2]       +retry=N     further attempts [2]
  +trace           as --trace                         +json        as --format json
What is shown, in text; with +noall first, nothing but what is named:
  +answer +authority +additional +question            the sections
  +comments        header, titles, EDNS               +stats       time, server, size, attempts
  +multiline       long records over several lines    +generic     in the form of RFC 3597
  +nottlid         without the TTL                    +noclass     without the class
  +ttlunits        TTLs like 1h30m                    +qr          the query, too
  +identify        with +short: who answered          +cmd         the command line
An unambiguous beginning of a name does as well: +noall +ans, +multi.

Examples:
  dnsonde query example.org
  dnsonde query @192.0.2.53 example.org MX +dnssec +nsid
  dnsonde query @192.0.2.53 example.org A AAAA MX +noall +answer
  dnsonde query @[2001:db8::53]:5353 -x 192.0.2.1 +short
  dnsonde query @192.0.2.53 CH TXT version.bind --format json
  dnsonde query www.example.org --trace")]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    pub(super) words: Words,

    /// Ask what the lines of a file say, each with its own words; `-` is standard input
    #[arg(short = 'f', value_name = "FILE")]
    pub(super) batch: Option<PathBuf>,

    /// Follow the delegations from the root to the name, asking every server on the way
    #[arg(long)]
    pub(super) trace: bool,

    /// With --trace: the servers of the root, as a zone file; by default those of the Internet
    #[arg(long, value_name = "FILE")]
    pub(super) root_hints: Option<PathBuf>,

    /// With --trace: let servers see only as many labels of the name as they need (RFC 9156)
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
