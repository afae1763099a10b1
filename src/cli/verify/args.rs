//! The arguments of `dnsonde verify`.

use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;

use crate::cli::servers::{DNS_PORT, Families};
use crate::verify::VerifyPlan;

/// Tell why a verification is still pending
///
/// Asks every address of every name server of DOMAIN for each record that should be there, over
/// UDP and TCP, again and again, and what those records lead to; then says what is wrong, who has
/// it wrong, what to do, and how sure that is. Recursive servers are asked for old answers that they
/// still keep.
///
/// Exit status: 0 verified, 1 not verified, only now and then, or interrupted, 2 usage error, 3 could
/// not tell.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  dnsonde verify example.com --ses TOKEN1,TOKEN2,TOKEN3
  dnsonde verify example.com --records records.csv          as the console offers for download
  dnsonde verify example.com --dkim selector1 --dmarc
  dnsonde verify example.com --expect '_x1 CNAME _y1.acm-validations.aws'
  dnsonde verify example.com --mail-from mail --mail-from-region eu-west-1
  dnsonde verify example.com --ses T1,T2,T3 --format html > report.html")]
pub(in crate::cli) struct Args {
    /// The domain
    pub(super) domain: String,

    /// The three tokens of SES Easy DKIM, with commas between them; may be repeated
    #[arg(long, value_name = "T1,T2,T3", help_heading = "What should be there")]
    pub(super) ses: Vec<String>,

    /// The zone that the records of --ses point into, as the console shows it
    /// [default: dkim.amazonses.com]
    #[arg(long, value_name = "ZONE", requires = "ses", help_heading = "What should be there")]
    pub(super) ses_zone: Option<String>,

    /// The DKIM key of this selector, whatever it is, also as SELECTOR._domainkey.DOMAIN; may be repeated
    #[arg(long, value_name = "SELECTOR", help_heading = "What should be there")]
    pub(super) dkim: Vec<String>,

    /// The MX and SPF records of this MAIL FROM domain of SES, such as `mail` or `mail.example.com`
    #[arg(long, value_name = "NAME", help_heading = "What should be there")]
    pub(super) mail_from: Option<String>,

    /// The region that the MX record of --mail-from names
    #[arg(
        long,
        value_name = "REGION",
        requires = "mail_from",
        help_heading = "What should be there"
    )]
    pub(super) mail_from_region: Option<String>,

    /// A validation record of AWS Certificate Manager; may be repeated
    #[arg(long, value_name = "'NAME TARGET'", help_heading = "What should be there")]
    pub(super) acm: Vec<String>,

    /// A TXT record at _acme-challenge (ACME DNS-01)
    #[arg(long, help_heading = "What should be there")]
    pub(super) acme: bool,

    /// The response that the challenge wants to see there
    #[arg(long, value_name = "TEXT", help_heading = "What should be there")]
    pub(super) acme_response: Option<String>,

    /// A certificate authority that CAA records must let issue, such as letsencrypt.org
    #[arg(long, value_name = "DOMAIN", help_heading = "What should be there")]
    pub(super) issuer: Option<String>,

    /// A DMARC policy
    #[arg(long, help_heading = "What should be there")]
    pub(super) dmarc: bool,

    /// Any record; without a value, any of its type; may be repeated
    #[arg(long, value_name = "'NAME TYPE VALUE'", help_heading = "What should be there")]
    pub(super) expect: Vec<String>,

    /// Records from a zone file or a table (CSV) with the columns Name, Type and Value; `-` is
    /// standard input
    #[arg(long, value_name = "FILE", help_heading = "What should be there")]
    pub(super) records: Vec<PathBuf>,

    /// Recursive servers to ask for what they keep [default: those of the system]; with --wait only
    /// for records that are there, since they would keep that one was not
    #[arg(
        short = 'r',
        long = "resolver",
        value_name = "SERVER",
        value_delimiter = ',',
        help_heading = "Whom to ask"
    )]
    pub(super) resolvers: Vec<String>,

    /// Ask no recursive server
    #[arg(long, conflicts_with = "resolvers", help_heading = "Whom to ask")]
    pub(super) no_resolver: bool,

    /// Servers that may have the records although nothing leads to them, such as those of another
    /// provider
    #[arg(long, value_name = "SERVER", value_delimiter = ',', help_heading = "Whom to ask")]
    pub(super) also_ask: Vec<String>,

    /// The servers of the root, as a zone file; by default those of the Internet
    #[arg(long, value_name = "FILE", help_heading = "Whom to ask")]
    pub(super) root_hints: Option<PathBuf>,

    /// The port of all authoritative servers
    #[arg(short = 'p', long, value_name = "PORT", default_value_t = DNS_PORT, value_parser = clap::value_parser!(u16).range(1..), help_heading = "Whom to ask")]
    pub(super) port: u16,

    /// Use IPv4 only
    #[arg(short = '4', conflicts_with = "ipv6", help_heading = "Whom to ask")]
    pub(super) ipv4: bool,

    /// Use IPv6 only
    #[arg(short = '6', help_heading = "Whom to ask")]
    pub(super) ipv6: bool,

    /// Let servers see only as many labels of a name as they need (RFC 9156)
    #[arg(long, help_heading = "How to ask")]
    pub(super) minimise: bool,

    /// Looks at each record at each address [default: enough to see a fault that hits one answer
    /// in five]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000), help_heading = "How to ask")]
    pub(super) repeat: Option<u32>,

    /// Most questions a second to one address
    #[arg(long, value_name = "QPS", default_value_t = VerifyPlan::RATE, value_parser = rate, help_heading = "How to ask")]
    pub(super) rate: f64,

    /// Ask in the order that this number gives
    #[arg(long, value_name = "N", hide = true)]
    pub(super) seed: Option<u64>,

    /// Look again until all is right, at most this long (`90m`, `72h`); a line for each change
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Waiting")]
    pub(super) wait: Option<Duration>,

    /// Time between two looks [default: what TTLs suggest, 1 to 15 minutes]
    #[arg(long, value_name = "DURATION", value_parser = every, requires = "wait", help_heading = "Waiting")]
    pub(super) every: Option<Duration>,

    /// Keep what was seen in this file, and go on with it after a restart
    #[arg(long, value_name = "FILE", requires = "wait", help_heading = "Waiting")]
    pub(super) state: Option<PathBuf>,

    /// How to show what was found
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(in crate::cli) enum Format {
    /// For people
    #[default]
    Text,
    /// One JSON object
    Json,
    /// One page, for a provider's support
    Html,
}

impl Args {
    pub(super) fn families(&self) -> Families {
        Families::of(self.ipv4, self.ipv6)
    }
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate > 0.0 && rate <= 100_000.0 => Ok(rate),
        _ => Err("not a number of queries a second, more than 0 and at most 100000".to_owned()),
    }
}

fn every(text: &str) -> Result<Duration, String> {
    let every = duration(text)?;
    if every < Duration::from_secs(1) {
        return Err("less than a second; write 1s or more".to_owned());
    }
    Ok(every)
}

fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|_| {
        "not a duration; write a number and its unit, such as 90s, 30m or 72h".to_owned()
    })
}
