//! The arguments of `dnsonde diagnose`.

use std::path::PathBuf;
use std::time::Duration;

use crate::cli::report::Format;
use crate::cli::servers::{DNS_PORT, Families};
use crate::cli::style::Color;
use crate::diagnose::plan::DiagnosePlan;

/// Find out whether DNS servers are flaky, how badly, and why
///
/// Sends queries to each server on a steady schedule, with everything varied that can matter: transport,
/// source port, size, type, and whether a cache knows the name. Where responses get lost, come late or
/// are wrong, it tries again in ways that tell the causes apart. Then says what is wrong, how often, what
/// to do, and what the run could not have seen.
///
/// A TARGET is a server (ADDR, ADDR:PORT, [V6]:PORT, HOST:PORT, tcp://ADDR), or a domain: all its
/// authoritative servers. Without one, the resolvers of this machine are examined.
///
/// Exit status: 0 healthy, 1 flaky or broken, or interrupted, 2 usage error, 3 inconclusive.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  dnsonde diagnose                            the resolvers of this machine
  dnsonde diagnose 192.0.2.53                 a resolver, or an authoritative server
  dnsonde diagnose example.com                every name server of a domain
  dnsonde diagnose 192.0.2.53 198.51.100.53   what both have in common is most likely near you
  dnsonde diagnose 192.0.2.53 --name intranet.example.com --quick
  dnsonde diagnose example.com --format html > report.html")]
pub(in crate::cli) struct Args {
    /// Servers or domains [default: the resolvers of this machine]
    #[arg(value_name = "TARGET")]
    pub(super) targets: Vec<String>,

    /// The resolvers of this machine as well
    #[arg(long, help_heading = "Servers")]
    pub(super) host: bool,

    /// The port of servers for which none is given
    #[arg(short = 'p', long, value_name = "PORT", default_value_t = DNS_PORT, value_parser = clap::value_parser!(u16).range(1..), help_heading = "Servers")]
    pub(super) port: u16,

    /// The root servers, as a root hints file [default: built in]
    #[arg(long, value_name = "FILE", help_heading = "Servers")]
    pub(super) root_hints: Option<PathBuf>,

    /// Use IPv4 only
    #[arg(short = '4', conflicts_with = "ipv6", help_heading = "Servers")]
    pub(super) ipv4: bool,

    /// Use IPv6 only
    #[arg(short = '6', help_heading = "Servers")]
    pub(super) ipv6: bool,

    /// A name that the servers should know; may be repeated [default: the domain; the root, and stable
    /// top-level domains]
    #[arg(long = "name", value_name = "NAME", help_heading = "Queries")]
    pub(super) names: Vec<String>,

    /// A type to query for; may be repeated [default: A, AAAA, TXT, SOA, and one that nobody knows]
    #[arg(long = "type", value_name = "TYPE", help_heading = "Queries")]
    pub(super) types: Vec<String>,

    /// Queries of the first pass, to each address [default: 1500]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(48..=20_000), help_heading = "Queries")]
    pub(super) budget: Option<u32>,

    /// How long to take, about, where nothing is wrong (`20s`, `2m`) [default: 20s]
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Queries")]
    pub(super) duration: Option<Duration>,

    /// Take 5 seconds, and see less
    #[arg(long, conflicts_with_all = ["duration", "rate"], help_heading = "Queries")]
    pub(super) quick: bool,

    /// Queries per second of the first pass, to each address [default: what fits the duration]
    #[arg(long, value_name = "QPS", value_parser = rate, conflicts_with = "duration", help_heading = "Queries")]
    pub(super) rate: Option<f64>,

    /// Maximum queries per second to one address; never more than 100 to servers found through a domain
    #[arg(long, value_name = "QPS", default_value_t = DiagnosePlan::MOST_TO_NAMED, value_parser = rate, help_heading = "Queries")]
    pub(super) max_rate: f64,

    /// The seed of the random order of queries
    #[arg(long, value_name = "N", hide = true)]
    pub(super) seed: Option<u64>,

    /// The format of the report
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,

    /// When to use colours in text
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    pub(super) color: Color,

    /// Write neither notes nor progress to standard error; errors stay
    #[arg(short = 'q', long)]
    pub(super) quiet: bool,
}

impl Args {
    pub(super) fn families(&self) -> Families {
        Families::of(self.ipv4, self.ipv6)
    }
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if (0.1..=10_000.0).contains(&rate) => Ok(rate),
        _ => Err("expected queries per second, from 0.1 to 10000".to_owned()),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text)
        .map_err(|_| "not a duration; write a number and its unit, such as 20s or 2m".to_owned())?;
    if !(Duration::from_secs(1)..=Duration::from_secs(24 * 3600)).contains(&duration) {
        return Err("expected a duration from 1s to 24h".to_owned());
    }
    Ok(duration)
}
