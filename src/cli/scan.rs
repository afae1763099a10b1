//! `dnsonde scan`: looks up a list of names.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use clap_complete::engine::ArgValueCompleter;

use super::candidates::{classes, record_types};
use super::cli_error::CliError;
use super::exit::{COULD_NOT, FINE, PROBLEM};
use super::limits::{Limits, Rate};
use super::notes::{self, error, hint, note};
use super::output::{self, Closed, Target, Writer, written};
use super::progress::ProgressLine;
use super::report_error::report_error;
use super::run_scan::{failure, run_scan};
use super::servers::{self, DNS_PORT, Families, Form, parse_server};
use super::streams::need_output;
use super::{input, summary};
use crate::engine::{CookieOption, Edns, EngineConfig, QueryProfile, TransportPolicy, Window};
use crate::names::class::parse_class;
use crate::names::line::is_askable;
use crate::net;
use crate::scan::{Format, FromRoot, Output, ScanEnd, ScanPlan, ScanReport, Source, Targets};
use crate::walk::{self, WalkConfig};
use crate::wire::{Class, OptBuf, RecordType};

/// Further attempts, unless the user says otherwise. An iterative scan has more servers to go to.
const RETRIES: u16 = 4;
const RETRIES_OF_EACH: u16 = 2;
/// Exchanges for one name of an iterative scan, those for addresses of name servers included.
const EXCHANGES_PER_NAME: u32 = 64;
/// The scan ends when no server has answered anything for so long.
const SILENCE: Duration = Duration::from_secs(30);

/// Look up a list of names
///
/// Reads names from a file or standard input, one per line, queries each of them, and writes one line
/// of output for each name and type, as soon as it is finished. A line is NAME, NAME,TYPE or NAME TYPE
/// (separated by spaces or a tab); fields may be quoted; # or ; begins a comment. Write special
/// characters in names as in zone files (\DDD, \X). Names in other scripts are queried in their IDNA
/// form, and *.example.org queries the wildcard itself. The list is UTF-8 or UTF-16.
///
/// With the type PTR, a line may also be an address or a prefix of up to 16,777,216 addresses
/// (192.0.2.0/24, 2001:db8::/120): the names of those addresses are looked up. Other types are not
/// queried for an address.
///
/// A line that is not a name, such as a URL, becomes a line with the status INVALID, which says what it
/// is and what to write instead. If more than half of the first 1,000 lines are invalid, the scan stops
/// and says what the list looks like, unless --keep-going is given.
///
/// A truncated response is fetched again over TCP. If that fails, the line has the truncated response
/// and the status TRUNCATED.
///
/// With --iterative, dnsonde follows the delegations from the root to the authoritative servers itself,
/// as a resolver would. If no server answers usefully for a name, its line has the status SERVFAIL, or
/// TIMEOUT if the servers of its zone are silent, and says why.
///
/// Without -r, -R and --iterative, the system's resolvers are queried.
///
/// By default, one server gets at most 1,000 queries per second (100 with --iterative, where the servers
/// are not yours), and all servers together at most 20,000; servers on this machine have no limit. With
/// one server, --rate is its limit; with several, or with --iterative, --rate is the limit of all
/// together, and each keeps its own. The limits in force are shown at the start.
///
/// Ctrl-C stops sending and waits for outstanding responses; a second Ctrl-C does not wait.
///
/// Exit status: 0 every input line has its output line, 1 interrupted, 2 usage error or the input is
/// not a list of names, 3 the scan failed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  dnsonde scan names.txt -r 192.0.2.53 -o out.jsonl
  dnsonde scan names.txt -t A,AAAA -R resolvers.txt --rate 50000 --stats stats.json -o out.jsonl
  zcat names.gz | dnsonde scan -r 192.0.2.53,192.0.2.54:5353 --format csv > out.csv
  dnsonde scan names.txt --iterative --rate 5000 -o out.jsonl
  cut -d, -f2 top-1m.csv | dnsonde scan -R resolvers.txt -o out.jsonl
  echo 192.0.2.0/24 | dnsonde scan -t PTR -r 192.0.2.53
  echo example.org,MX | dnsonde scan -r tcp://192.0.2.53")]
#[allow(clippy::struct_excessive_bools)]
pub(super) struct Args {
    /// The names to look up; `-` is standard input
    #[arg(default_value = "-", value_name = "FILE")]
    input: PathBuf,

    /// Types to query for each name
    #[arg(short = 't', long = "type", value_name = "TYPE", value_delimiter = ',')]
    #[arg(default_value = "A", value_parser = asked_type)]
    #[arg(add = ArgValueCompleter::new(record_types))]
    types: Vec<RecordType>,

    /// The class: IN, CH (for example for version.bind,TXT), HS or CLASS3
    #[arg(long, value_name = "CLASS", default_value = "IN", value_parser = asked_class)]
    #[arg(add = ArgValueCompleter::new(classes))]
    class: Class,

    /// Servers to query: ADDR, ADDR:PORT, [V6]:PORT, a host name, or one of these after tcp://
    /// [default: the system's resolvers]
    #[arg(short = 'r', long = "resolver", value_name = "SERVER", value_delimiter = ',')]
    resolvers: Vec<String>,

    /// A file of servers, one address per line, with or without a port; `-` is standard input
    #[arg(short = 'R', long = "resolvers", value_name = "FILE")]
    resolver_list: Option<PathBuf>,

    /// Query authoritative servers, starting at the root, instead of resolvers
    #[arg(long, conflicts_with_all = ["resolvers", "resolver_list"])]
    iterative: bool,

    /// With --iterative: the root servers, as a root hints file (named.root) [default: built in]
    #[arg(long, requires = "iterative", value_name = "FILE")]
    root_hints: Option<PathBuf>,

    /// With --iterative: the port of every server
    #[arg(long, requires = "iterative", value_name = "N", default_value_t = DNS_PORT)]
    port: u16,

    /// Use IPv4 only
    #[arg(short = '4', conflicts_with = "ipv6")]
    ipv4: bool,

    /// Use IPv6 only
    #[arg(short = '6')]
    ipv6: bool,

    /// Write the output to a file; `-` is standard output
    #[arg(short = 'o', long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// The output format [default: text on a terminal, jsonl elsewhere]
    #[arg(long, value_enum)]
    format: Option<FormatName>,

    /// Put an apostrophe before cells that begin with = + - or @, which spreadsheets take for formulas
    /// (csv only); such a cell then differs from what is in the DNS
    #[arg(long)]
    csv_safe: bool,

    /// Continue even if more than half of the first 1,000 lines are invalid
    #[arg(long)]
    keep_going: bool,

    /// Add each attempt and its outcome (jsonl only)
    #[arg(long)]
    attempts: bool,

    /// Write statistics of the scan and of each server to a file, as JSON; `-` is standard output
    #[arg(long, value_name = "FILE")]
    stats: Option<PathBuf>,

    /// Write neither notes nor progress nor the summary to standard error; errors stay
    #[arg(short = 'q', long)]
    quiet: bool,

    /// Queries in flight at the same time, or `auto`: as many as the servers answer without loss
    #[arg(long, default_value = "auto", value_name = "N")]
    concurrency: Concurrency,

    /// Maximum queries per second, total; `unlimited` also lifts the limit of each server
    /// [default: 20000; with one server, the value of --rate-per-server]
    #[arg(long, value_name = "QPS")]
    rate: Option<Rate>,

    /// Maximum queries per second to one server, or `unlimited` [default: 1000, or 100 with --iterative;
    /// with one server, the value of --rate]
    #[arg(long, value_name = "QPS")]
    rate_per_server: Option<Rate>,

    /// Retries after the first attempt; with --iterative, for each server [default: 4, or 2 with
    /// --iterative]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(0..=100))]
    retries: Option<u16>,

    /// How long an attempt waits for its response, in milliseconds; a TCP handshake gets 4 s more
    #[arg(long, default_value_t = 1000, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..=600_000))]
    timeout: u64,

    /// End when no server has answered anything for this many seconds, not even names that it
    /// answered before; 0 means never [default: 30, or longer with --iterative]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=31_536_000))]
    give_up_after: Option<u64>,

    /// Query over TCP
    #[arg(long)]
    tcp: bool,

    /// Query without EDNS
    #[arg(long, conflicts_with_all = ["bufsize", "dnssec", "nsid", "cookies"])]
    no_edns: bool,

    /// The largest UDP response to accept, in octets (the EDNS buffer size)
    #[arg(long, default_value_t = 1232, value_name = "N", value_parser = clap::value_parser!(u16).range(512..))]
    bufsize: u16,

    /// Request DNSSEC records (DO)
    #[arg(long)]
    dnssec: bool,

    /// Request the identity of each server (NSID)
    #[arg(long)]
    nsid: bool,

    /// Send DNS cookies (RFC 7873); once a server has returned one, its responses must have it
    #[arg(long)]
    cookies: bool,

    /// Clear RD: query without recursion, as for authoritative servers
    #[arg(long)]
    norecurse: bool,

    /// Mix the case of letters in names and require the same case in responses, against forgery
    /// [default with --iterative]
    #[arg(long = "0x20", overrides_with = "plain_case")]
    mixed_case: bool,

    /// Keep the case that names are given in
    #[arg(long = "no-0x20", overrides_with = "mixed_case")]
    plain_case: bool,

    /// Worker threads
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: u16,

    /// UDP sockets of each worker and address family, each on a random port
    #[arg(long, default_value_t = 16, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4096))]
    sockets: u16,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FormatName {
    /// One JSON object per line
    Jsonl,
    /// One row for each answer record
    Csv,
    /// One readable line for each answer record
    Text,
    /// As massdns -o J writes them
    Massdns,
    /// As zdns writes results
    Zdns,
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Jsonl => Self::Jsonl,
            FormatName::Csv => Self::Csv,
            FormatName::Text => Self::Text,
            FormatName::Massdns => Self::Massdns,
            FormatName::Zdns => Self::Zdns,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Concurrency(Window);

impl FromStr for Concurrency {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Ok(Self(Window::Adaptive));
        }
        match text.parse() {
            Ok(window) if window > 0 => Ok(Self(Window::Fixed(window))),
            _ => Err("expected `auto` or a number of at least 1".to_owned()),
        }
    }
}

/// A type that a plain query can ask for.
fn asked_type(text: &str) -> Result<RecordType, String> {
    let rtype: RecordType = text
        .parse()
        .map_err(|_| "unknown record type; write types like MX or TYPE65280".to_owned())?;
    if is_askable(rtype) { Ok(rtype) } else { Err(format!("{rtype} cannot be looked up")) }
}

fn asked_class(text: &str) -> Result<Class, String> {
    parse_class(text).ok_or_else(|| "unknown class; write IN, CH, HS or CLASS3".to_owned())
}

/// Runs the command.
pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    if args.quiet {
        notes::be_quiet();
    }
    let to_terminal = args.writes_to_standard_output() && io::stdout().is_terminal();
    let mut destination = args.destination()?;
    let limits = Limits::new(
        args.rate,
        args.rate_per_server,
        &destination.targets,
        destination.of_the_system,
    );
    let stats = args.stats.clone();
    let of_the_system = destination.of_the_system;
    let doubts = std::mem::take(&mut destination.doubts);
    let (plan, lines) = args.into_plan(destination, &limits)?;
    let stats = stats.as_deref().map(|path| output::create("--stats", path)).transpose()?;
    if of_the_system && let Targets::Resolvers(servers) = &plan.targets {
        let servers: Vec<String> = servers.iter().map(ToString::to_string).collect();
        note(&format!("querying the system's resolvers: {}", servers.join(", ")));
    }
    limits.announce(&plan.targets);
    let mut progress = ProgressLine::new(plan.source.size, to_terminal);
    let (report, outcome) = run_scan(plan, &mut progress)?;
    progress.clear();
    // A scan of nothing replaces what was there before, too.
    let concluded = match outcome {
        Ok(()) => written(&lines.label, lines.replace()),
        Err(error) => Err(failure(error, &report)),
    };
    let accounted = stats.map_or(Ok(()), |stats| write_stats(&stats, &report));
    let is_read = !is_closed(concluded.as_ref()) && !is_closed(accounted.as_ref());
    if is_read && !notes::is_quiet() {
        summary::print(&report);
        if report.tally.answered.iter().sum::<u64>() == 0 {
            doubts.iter().for_each(|doubt| hint(doubt));
        }
    }
    both(concluded.map(|()| conclude(&report)), accounted)
}

fn is_closed(written: Result<&(), &anyhow::Error>) -> bool {
    written.is_err_and(|error| error.is::<Closed>())
}

/// Neither the error of the scan nor that of its accounting hides the other.
fn both(
    concluded: anyhow::Result<ExitCode>,
    accounted: anyhow::Result<()>,
) -> anyhow::Result<ExitCode> {
    match (concluded, accounted) {
        (concluded, Ok(())) => concluded,
        (Ok(_), Err(error)) => Err(error),
        (Err(error), Err(other)) | (Err(other), Err(error)) if other.is::<Closed>() => Err(error),
        (Err(first), Err(second)) => {
            report_error(first);
            Err(second)
        }
    }
}

/// How long nobody may answer. A name of an iterative scan may meet silent servers only, one after the
/// other, and nobody else may be asked meanwhile.
fn silence(wanted: Option<u64>, targets: &Targets, profile: &QueryProfile) -> Duration {
    match wanted {
        Some(0) => return Duration::MAX,
        Some(seconds) => return Duration::from_secs(seconds),
        None => {}
    }
    match targets {
        Targets::Resolvers(_) => SILENCE,
        Targets::Iterative(from) => {
            let exchange = profile.timeout.mul_f64(1.25) * (u32::from(profile.retries) + 1);
            SILENCE.max(exchange.saturating_mul(from.walk.limits.exchanges_per_name))
        }
    }
}

/// The exit status, and the sentence that says why it is that.
fn conclude(report: &ScanReport) -> ExitCode {
    match report.end {
        ScanEnd::Complete => ExitCode::from(FINE),
        // It has its error, which was told.
        ScanEnd::Failed => ExitCode::from(COULD_NOT),
        ScanEnd::Interrupted => {
            error(&format!("interrupted; {}", summary::left_over(report)));
            ExitCode::from(PROBLEM)
        }
        ScanEnd::Silence(span) => {
            error(&format!(
                "no server has answered for {} s; {}",
                span.as_secs(),
                summary::left_over(report)
            ));
            ExitCode::from(COULD_NOT)
        }
        ScanEnd::CannotSend(span, errno) => {
            let cause = io::Error::from_raw_os_error(errno);
            error(&format!(
                "this machine could not send for {} s ({cause}); {}",
                span.as_secs(),
                summary::left_over(report)
            ));
            ExitCode::from(COULD_NOT)
        }
        ScanEnd::Unreachable => {
            let cause = io::Error::from_raw_os_error(report.tally.last_errno);
            error(&format!("no server can be reached ({cause}); {}", summary::left_over(report)));
            ExitCode::from(COULD_NOT)
        }
    }
}

fn write_stats(target: &Target, report: &ScanReport) -> anyhow::Result<()> {
    let mut text = serde_json::to_vec_pretty(&report.to_json())?;
    text.push(b'\n');
    let mut target = target;
    written(&format!("{}: the statistics", target.label), target.write_all(&text))
}

/// Whom to ask, and how.
struct Destination {
    targets: Targets,
    tcp: bool,
    /// The user named none of them.
    of_the_system: bool,
    /// Hints for the case that none of them answers.
    doubts: Vec<String>,
}

impl Args {
    fn writes_to_standard_output(&self) -> bool {
        self.output.as_deref().is_none_or(|path| path == Path::new("-"))
    }

    /// Fails if something is to go to standard output, and nothing can.
    pub(super) fn need_output(&self) -> Result<(), CliError> {
        let accounting = self.stats.as_deref().is_some_and(|path| path == Path::new("-"));
        if self.writes_to_standard_output() || accounting { need_output() } else { Ok(()) }
    }

    fn destination(&self) -> Result<Destination, CliError> {
        let families = Families::of(self.ipv4, self.ipv6);
        if self.iterative {
            if self.class != Class::IN {
                return Err(CliError::usage("--iterative works in class IN only")
                    .hint(format!("give the servers for class {} with -r or -R", self.class)));
            }
            let from = FromRoot {
                hints: servers::read_hints(self.root_hints.as_deref())?,
                walk: WalkConfig {
                    port: self.port,
                    ipv4: families != Families::Only6,
                    ipv6: families != Families::Only4,
                    limits: walk::Limits {
                        exchanges_per_name: EXCHANGES_PER_NAME,
                        ..walk::Limits::default()
                    },
                    ..WalkConfig::default()
                },
            };
            let targets = Targets::Iterative(Box::new(from));
            return Ok(Destination {
                targets,
                tcp: self.tcp,
                of_the_system: false,
                doubts: Vec::new(),
            });
        }
        let form = Form { server: "-r SERVER", tcp: "--tcp", list: Some("-R") };
        let mut specs = Vec::new();
        for text in &self.resolvers {
            specs.push(parse_server(text, form)?);
        }
        if let Some(path) = &self.resolver_list {
            let dash = Path::new("-");
            if path == dash && self.input == dash {
                return Err(CliError::usage(
                    "the list of names and the list of servers cannot both come from standard input",
                )
                .hint("give one of them as a file"));
            }
            specs.extend(servers::read_list(path)?);
        }
        let servers::Resolvers { addresses, tcp, of_the_system, doubts } =
            servers::resolvers(&specs, self.tcp, DNS_PORT, families, form)?;
        Ok(Destination { targets: Targets::Resolvers(addresses), tcp, of_the_system, doubts })
    }

    /// The plan, and where its lines go.
    fn into_plan(
        mut self,
        destination: Destination,
        limits: &Limits,
    ) -> anyhow::Result<(ScanPlan, Arc<Target>)> {
        let Destination { targets, tcp, .. } = destination;
        let to_standard_output = self.writes_to_standard_output();
        let to_terminal = to_standard_output && io::stdout().is_terminal();
        let by_default = if to_terminal { FormatName::Text } else { FormatName::Jsonl };
        let format = self.format.map_or(by_default.into(), Format::from);
        if self.attempts && format != Format::Jsonl {
            return Err(CliError::usage("--attempts works with --format jsonl only").into());
        }
        let format = match format {
            Format::Csv if self.csv_safe => Format::CsvSafe,
            _ if self.csv_safe => {
                return Err(CliError::usage("--csv-safe works with --format csv only").into());
            }
            format => format,
        };
        let mut types = Vec::new();
        for rtype in std::mem::take(&mut self.types) {
            if !types.contains(&rtype) {
                types.push(rtype);
            }
        }
        let engine = EngineConfig {
            own_queries: matches!(targets, Targets::Resolvers(_)),
            ..self.engine_config(tcp, limits)
        };
        let silence = silence(self.give_up_after, &targets, &engine.profile);
        let source = open_input(&self.input)?;
        let lines = match &self.output {
            Some(path) => output::create("--output", path)?,
            None => output::standard()?,
        };
        let output =
            Output { label: lines.label.clone(), write: Box::new(Writer(Arc::clone(&lines))) };
        let plan = ScanPlan {
            source,
            types,
            class: self.class,
            targets,
            engine,
            net: net::Options { sockets: self.sockets, ..net::Options::default() },
            threads: self.threads,
            output,
            format,
            attempt_log: self.attempts,
            silence,
            keep_going: self.keep_going,
        };
        Ok((plan, lines))
    }

    fn engine_config(&self, tcp: bool, limits: &Limits) -> EngineConfig {
        let mut opt = OptBuf::default();
        if self.nsid {
            opt.nsid();
        }
        let edns = Edns {
            udp_payload_size: self.bufsize,
            dnssec_ok: self.dnssec,
            options: opt.options().to_vec(),
            cookie: if self.cookies { CookieOption::Full } else { CookieOption::None },
            ..Edns::default()
        };
        EngineConfig {
            profile: QueryProfile {
                timeout: Duration::from_millis(self.timeout),
                retries: self.retries.unwrap_or(if self.iterative {
                    RETRIES_OF_EACH
                } else {
                    RETRIES
                }),
                edns: (!self.no_edns).then_some(edns),
                recursion_desired: !self.norecurse && !self.iterative,
                transport: if tcp { TransportPolicy::TcpOnly } else { TransportPolicy::UdpThenTcp },
                ..QueryProfile::default()
            },
            mixed_case: self.mixed_case || self.iterative && !self.plain_case,
            window: self.concurrency.0,
            rate: limits.total.map(|limit| limit.rate),
            rate_per_server: limits.per_server.map(|limit| limit.rate),
            // The scan ends as one that no server answers.
            give_up_after: None,
            ..EngineConfig::default()
        }
    }
}

fn open_input(path: &Path) -> Result<Source, CliError> {
    let input::Input { label, read, size } = input::open(path)?;
    if path == Path::new("-") && io::stdin().is_terminal() {
        note("reading names from the terminal; end with Ctrl-D");
    }
    Ok(Source { label, read, size })
}
