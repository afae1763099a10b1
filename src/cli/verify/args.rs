//! The arguments of `dnsonde verify`.

use std::path::PathBuf;
use std::time::Duration;

use crate::cli::report::Format;
use crate::cli::servers::{DNS_PORT, Families};
use crate::cli::style::Color;
use crate::verify::VerifyPlan;

/// Find out why a DNS-based verification is still pending
///
/// Queries every address of every name server of DOMAIN for each record that should be there, over UDP
/// and TCP, again and again, and follows CNAMEs to what they lead to. Then says what is wrong, on which
/// server, what to do, and how certain that is. Recursive servers are queried for outdated data in
/// their caches.
///
/// Exit status: 0 verified, 1 not verified, verified only some of the time, or interrupted, 2 usage
/// error, 3 inconclusive.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  dnsonde verify example.com --ses TOKEN1,TOKEN2,TOKEN3
  dnsonde verify example.com --records records.csv     as downloaded from the console
  dnsonde verify example.com --dkim selector1 --dmarc
  dnsonde verify example.com --expect '_x1 CNAME _y1.acm-validations.aws'
  dnsonde verify example.com --mail-from mail --mail-from-region eu-west-1
  dnsonde verify example.com --ses T1,T2,T3 --format html > report.html")]
pub(in crate::cli) struct Args {
    /// The domain
    pub(super) domain: String,

    /// The three tokens of SES Easy DKIM, separated by commas; may be repeated
    #[arg(long, value_name = "T1,T2,T3", help_heading = "Expected records")]
    pub(super) ses: Vec<String>,

    /// The zone that the records of --ses point into, as the console shows it
    /// [default: dkim.amazonses.com]
    #[arg(long, value_name = "ZONE", requires = "ses", help_heading = "Expected records")]
    pub(super) ses_zone: Option<String>,

    /// A DKIM selector, also as SELECTOR._domainkey.DOMAIN, with any key; may be repeated
    #[arg(long, value_name = "SELECTOR", help_heading = "Expected records")]
    pub(super) dkim: Vec<String>,

    /// The MX and SPF records of this SES MAIL FROM domain, such as `mail` or `mail.example.com`
    #[arg(long, value_name = "NAME", help_heading = "Expected records")]
    pub(super) mail_from: Option<String>,

    /// The region that the MX record of --mail-from names
    #[arg(long, value_name = "REGION", requires = "mail_from", help_heading = "Expected records")]
    pub(super) mail_from_region: Option<String>,

    /// A validation record of AWS Certificate Manager; may be repeated
    #[arg(long, value_name = "'NAME TARGET'", help_heading = "Expected records")]
    pub(super) acm: Vec<String>,

    /// A TXT record at _acme-challenge (ACME DNS-01)
    #[arg(long, help_heading = "Expected records")]
    pub(super) acme: bool,

    /// The value that the ACME challenge expects there
    #[arg(long, value_name = "TEXT", help_heading = "Expected records")]
    pub(super) acme_response: Option<String>,

    /// A certificate authority that CAA records must allow, such as letsencrypt.org
    #[arg(long, value_name = "DOMAIN", help_heading = "Expected records")]
    pub(super) issuer: Option<String>,

    /// A DMARC policy
    #[arg(long, help_heading = "Expected records")]
    pub(super) dmarc: bool,

    /// Any record; without a value, any record of that type; may be repeated
    #[arg(long, value_name = "'NAME TYPE VALUE'", help_heading = "Expected records")]
    pub(super) expect: Vec<String>,

    /// Records from a zone file or a table (CSV) with the columns Name, Type and Value; `-` is
    /// standard input
    #[arg(long, value_name = "FILE", help_heading = "Expected records")]
    pub(super) records: Vec<PathBuf>,

    /// Recursive servers whose caches to check [default: the system's]; with --wait, only once the
    /// record exists, so that they do not cache its absence
    #[arg(
        short = 'r',
        long = "resolver",
        value_name = "SERVER",
        value_delimiter = ',',
        help_heading = "Servers"
    )]
    pub(super) resolvers: Vec<String>,

    /// Query no recursive server
    #[arg(long, conflicts_with = "resolvers", help_heading = "Servers")]
    pub(super) no_resolver: bool,

    /// Servers outside the delegation that may have the records, such as those of another provider
    #[arg(long, value_name = "SERVER", value_delimiter = ',', help_heading = "Servers")]
    pub(super) also_ask: Vec<String>,

    /// The root servers, as a root hints file [default: built in]
    #[arg(long, value_name = "FILE", help_heading = "Servers")]
    pub(super) root_hints: Option<PathBuf>,

    /// The port of every authoritative server
    #[arg(short = 'p', long, value_name = "PORT", default_value_t = DNS_PORT, value_parser = clap::value_parser!(u16).range(1..), help_heading = "Servers")]
    pub(super) port: u16,

    /// Use IPv4 only
    #[arg(short = '4', conflicts_with = "ipv6", help_heading = "Servers")]
    pub(super) ipv4: bool,

    /// Use IPv6 only
    #[arg(short = '6', help_heading = "Servers")]
    pub(super) ipv6: bool,

    /// Minimise query names (QNAME minimisation, RFC 9156)
    #[arg(long, help_heading = "Queries")]
    pub(super) minimise: bool,

    /// How often to check each record at each address [default: enough to see a fault that hits one
    /// response in five]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000), help_heading = "Queries")]
    pub(super) repeat: Option<u32>,

    /// Maximum queries per second to one address
    #[arg(long, value_name = "QPS", default_value_t = VerifyPlan::RATE, value_parser = rate, help_heading = "Queries")]
    pub(super) rate: f64,

    /// The seed of the random order of queries
    #[arg(long, value_name = "N", hide = true)]
    pub(super) seed: Option<u64>,

    /// Check again until everything is correct, at most this long (`90m`, `72h`); reports each change
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Waiting")]
    pub(super) wait: Option<Duration>,

    /// Time between two checks [default: from the TTLs, 1 to 15 minutes]
    #[arg(long, value_name = "DURATION", value_parser = every, requires = "wait", help_heading = "Waiting")]
    pub(super) every: Option<Duration>,

    /// Save the history in this file, and continue from it after a restart
    #[arg(long, value_name = "FILE", requires = "wait", help_heading = "Waiting")]
    pub(super) state: Option<PathBuf>,

    /// The format of the report
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,

    /// When to use colours in text
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    pub(super) color: Color,

    /// Write neither notes nor progress to standard error, nor, with --wait, the changes; errors stay
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
        Ok(rate) if rate > 0.0 && rate <= 100_000.0 => Ok(rate),
        _ => Err("expected queries per second, above 0 and at most 100000".to_owned()),
    }
}

fn every(text: &str) -> Result<Duration, String> {
    let every = duration(text)?;
    if every < Duration::from_secs(1) {
        return Err("shorter than a second; write 1s or more".to_owned());
    }
    Ok(every)
}

fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|_| {
        "not a duration; write a number and its unit, such as 90s, 30m or 72h".to_owned()
    })
}
