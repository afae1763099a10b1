//! The options of `bench`: dnsperf's letters with what they mean there.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;

use crate::bench::Condition;
use crate::cli::servers::DNS_PORT;
use crate::wire::{OptBuf, OptionCode};

/// Octets of an EDNS option: a query with it still fits where any does.
const LONGEST_OPTION: usize = 512;

/// Measure how fast a server answers
///
/// Sends the queries of a file to a server, each once, and says how many were answered, and how fast:
/// first in dnsperf's words, then as percentiles and a histogram. The options of dnsperf mean what they
/// mean there, and its query files are read as they are: a line is a name and a type (www.example.com
/// A), and ; begins a comment. A line that cannot be asked is reported with its number, and skipped.
///
/// The load is a closed loop: -q queries are outstanding at any time, and the next one is sent when one
/// of them is answered, or not answered within -t seconds. So a server that answers slowly is asked less
/// often, and a pause of it holds up -q queries and no more. With --open-loop queries are sent at a rate
/// of their own, whatever the answers do, as those of many users are: then a pause holds up all that come
/// meanwhile, and latencies count from the time that a query was to be sent. What the client itself missed
/// is not made up for in a burst. To be on time, the client may spin: that takes a processor.
///
/// Latencies are from sending a query to the time at which the kernel received the response, where the
/// system tells that; with --open-loop those are the service times. Nothing is asked twice, and a
/// truncated response is a response. "Queries lost" are those not answered within -t seconds, also if an
/// answer came later.
///
/// With several -s each server gets every query, one after the other in random order, so that all of them
/// see the same minute; -q, -Q and --open-loop are for each of them, and a query is sent when the slowest
/// one has room for it. The differences of the median, of other percentiles and of loss are shown with their
/// 95 % intervals, and called differences only where chance would bring one up in 5 % of such runs.
///
/// --baseline compares with an earlier run instead, and says what was different then: a run knows how far its
/// own figures scatter, not what another day would have brought.
///
/// A server with a public address gets at most 1,000 queries a second, unless -Q or --open-loop names a
/// rate. Measure servers of others only where they agree.
///
/// Ctrl-C ends the run with the figures so far.
///
/// Exit status: 0 measured, 1 interrupted, or a condition of --fail-if holds, 2 usage error, or the file
/// contains no query, 3 the server did not respond, or the run could not be carried out.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  dnsonde bench -s 192.0.2.53 -d queries.txt
  dnsonde bench -s 192.0.2.53 -p 5300 -d queries.txt -l 30 -q 1000 -c 4 -T 2
  dnsonde bench -s 192.0.2.53 -d queries.txt --open-loop 2000 --warmup 2 -l 60 -S 1
  dnsonde bench -s 192.0.2.53 -d queries.txt -l 10 --fail-if 'p99>50ms' --fail-if 'loss>0.1%'
  dnsonde bench -s ns1.example.net -d queries.txt -Q 500 -l 60 --format json > result.json
  dnsonde bench -s 192.0.2.53 -s 198.51.100.53 -d queries.txt -Q 200 -l 60
  dnsonde bench -s 192.0.2.53 -d queries.txt -l 60 --baseline result.json
  echo 'www.example.com A' | dnsonde bench -s 192.0.2.53 -n 1000 -q 1")]
#[allow(clippy::struct_excessive_bools)]
pub(in crate::cli) struct Args {
    /// The server: an address or a host name; several are asked the same queries, and compared
    #[arg(short = 's', value_name = "SERVER", default_value = "127.0.0.1")]
    pub(super) servers: Vec<String>,

    /// The port of servers that name none
    #[arg(short = 'p', value_name = "PORT", default_value_t = DNS_PORT)]
    pub(super) port: u16,

    /// The query file; `-` is standard input
    #[arg(short = 'd', value_name = "FILE", default_value = "-")]
    pub(super) data: PathBuf,

    /// Send queries for at most so many seconds, going through the file again and again
    #[arg(short = 'l', value_name = "SECONDS", value_parser = seconds)]
    pub(super) limit: Option<Duration>,

    /// Go through the file at most so many times [default: 1, or with -l as often as time allows]
    #[arg(short = 'n', value_name = "RUNS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) runs: Option<u32>,

    /// Clients to act as: UDP sockets, or TCP connections
    #[arg(short = 'c', value_name = "CLIENTS", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub(super) clients: u16,

    /// Threads to send and receive with, at most one a client
    #[arg(short = 'T', value_name = "THREADS", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(super) threads: u16,

    /// Queries outstanding at once at a server, over all clients [default: 100]
    #[arg(short = 'q', value_name = "QUERIES", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) outstanding: Option<u32>,

    /// Send at most so many queries a second to a server, over all clients
    #[arg(short = 'Q', value_name = "QPS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) rate: Option<u32>,

    /// Send so many queries a second to a server, whatever the answers do, instead of -q at a time
    #[arg(long, value_name = "QPS", value_parser = rate, conflicts_with_all = ["outstanding", "rate"])]
    pub(super) open_loop: Option<f64>,

    /// With --open-loop: how queries follow each other
    #[arg(long, value_enum, default_value_t = ArrivalsName::Constant, requires = "open_loop")]
    pub(super) arrivals: ArrivalsName,

    /// With --open-loop: queries in flight at once, at most [default: 32768 for each client]
    #[arg(long, value_name = "QUERIES", requires = "open_loop", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) max_in_flight: Option<u32>,

    /// Send queries for so many seconds before those that count; -l does not include it
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(super) warmup: Option<Duration>,

    /// Every so many seconds, write the time and the answers a second since the last time
    #[arg(short = 'S', value_name = "SECONDS", value_parser = interval)]
    pub(super) stats_interval: Option<Duration>,

    /// Write a line of JSON for each interval to a file as the run goes; an interval has the length of
    /// -S, or 1 second
    #[arg(long, value_name = "FILE")]
    pub(super) intervals: Option<PathBuf>,

    /// Exit with 1 if a figure is so, such as 'p99>50ms', 'mean>=800us', 'loss>0.1%', 'errors>1%' (SERVFAIL
    /// and REFUSED) or 'qps<5000'; may be repeated
    #[arg(long, value_name = "CONDITION")]
    pub(super) fail_if: Vec<Condition>,

    /// Compare with an earlier run: its result, as --format json wrote it
    #[arg(long, value_name = "FILE")]
    pub(super) baseline: Option<PathBuf>,

    /// How many seconds an answer is waited for [default: 5]
    #[arg(short = 't', value_name = "SECONDS", value_parser = seconds)]
    pub(super) timeout: Option<Duration>,

    /// The transport
    #[arg(short = 'm', value_name = "MODE", value_enum, default_value_t = Mode::Udp)]
    pub(super) mode: Mode,

    /// The address family
    #[arg(short = 'f', value_name = "FAMILY", value_enum, default_value_t = Family::Any)]
    pub(super) family: Family,

    /// The local address to send from
    #[arg(short = 'a', value_name = "ADDRESS")]
    pub(super) local: Option<IpAddr>,

    /// The local port of the first client; the others have those next to it [default: random ones]
    #[arg(short = 'x', value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) local_port: Option<u16>,

    /// The size of the send and receive buffers of each socket, in kilobytes [default: 1024 and 4096]
    #[arg(short = 'b', value_name = "KB", value_parser = clap::value_parser!(u32).range(1..=1_048_576))]
    pub(super) buffers: Option<u32>,

    /// Send queries with EDNS
    #[arg(short = 'e')]
    pub(super) edns: bool,

    /// Send queries with this EDNS option, its value in hexadecimal digits; implies -e
    #[arg(short = 'E', value_name = "CODE:VALUE", value_parser = edns_option)]
    pub(super) edns_option: Option<EdnsOption>,

    /// Ask for DNSSEC records (DO); implies -e
    #[arg(short = 'D')]
    pub(super) dnssec: bool,

    /// Write a line for each query: `> NOERROR www.example.com. A 0.000213`, with T in the place of the
    /// response code for a timeout, and I for an interruption
    #[arg(short = 'v')]
    pub(super) verbose: bool,

    /// Write warnings to standard output instead of standard error
    #[arg(short = 'W')]
    pub(super) log_to_output: bool,

    /// num-queries-per-conn=N: with -m tcp, close a connection after so many queries and make another one
    #[arg(short = 'O', value_name = "OPTION=VALUE", value_parser = long_option)]
    pub(super) long_option: Option<NonZeroU32>,

    /// Write neither notes nor progress to standard error; errors stay
    #[arg(long)]
    pub(super) quiet: bool,

    /// The form of the result
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,

    /// Dynamic updates, which are refused in one sentence.
    #[arg(short = 'u', hide = true)]
    pub(super) updates: bool,

    /// TSIG, which is refused likewise.
    #[arg(short = 'y', hide = true, value_name = "KEY")]
    pub(super) tsig: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Mode {
    /// UDP
    Udp,
    /// TCP: a connection for each client, with the queries on it pipelined
    Tcp,
    #[value(hide = true, alias = "tls")]
    Dot,
    #[value(hide = true)]
    Doh,
    #[value(hide = true)]
    Doq,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Family {
    /// Whichever the server has
    Any,
    /// IPv4
    Inet,
    /// IPv6
    Inet6,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// dnsperf's lines, percentiles and a histogram
    Text,
    /// One JSON object
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ArrivalsName {
    /// At equal distances
    Constant,
    /// At random, as from many clients that know nothing of each other
    Poisson,
}

/// An EDNS option in wire form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EdnsOption(pub(super) Vec<u8>);

/// A span of time, as dnsperf reads it: seconds, perhaps with a fraction.
fn seconds(text: &str) -> Result<Duration, String> {
    const LONGEST: f64 = 31_536_000.0;
    match text.parse::<f64>() {
        Ok(seconds) if (1e-6..=LONGEST).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        Ok(seconds) if seconds > LONGEST => Err("more than a year".to_owned()),
        _ => Err("not a number of seconds above 0".to_owned()),
    }
}

/// The one extended option of dnsperf that means something here: queries on a connection.
fn long_option(text: &str) -> Result<NonZeroU32, String> {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    if name != "num-queries-per-conn" {
        return Err(format!("'{name}' is not supported: the only option is num-queries-per-conn"));
    }
    value.parse().map_err(|_| "the number of queries is not a number from 1".to_owned())
}

/// The length of an interval: shorter ones would cost more than they tell.
fn interval(text: &str) -> Result<Duration, String> {
    const SHORTEST: Duration = Duration::from_millis(10);
    let length = seconds(text)?;
    if length >= SHORTEST { Ok(length) } else { Err("less than 0.01 seconds".to_owned()) }
}

fn rate(text: &str) -> Result<f64, String> {
    const HIGHEST: f64 = 1e8;
    match text.parse::<f64>() {
        Ok(rate) if (0.001..=HIGHEST).contains(&rate) => Ok(rate),
        Ok(rate) if rate > HIGHEST => Err("no program sends that many".to_owned()),
        _ => Err("not a number of queries a second above 0".to_owned()),
    }
}

fn edns_option(text: &str) -> Result<EdnsOption, String> {
    let (code, value) =
        text.split_once(':').ok_or("not CODE:VALUE, such as 10:0011223344556677")?;
    let code: u16 = code.parse().map_err(|_| "the code is not a number up to 65535".to_owned())?;
    let value = data_encoding::HEXLOWER_PERMISSIVE
        .decode(value.as_bytes())
        .map_err(|_| "the value is not an even number of hexadecimal digits".to_owned())?;
    match value.len() {
        0 => return Err("the value is empty".to_owned()),
        1..=LONGEST_OPTION => {}
        _ => return Err(format!("the value has more than {LONGEST_OPTION} octets")),
    }
    let mut opt = OptBuf::default();
    opt.option(OptionCode(code), &value);
    Ok(EdnsOption(opt.options().to_vec()))
}
