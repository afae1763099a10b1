//! `dnsonde demo scan`: a scan of servers on this machine, some of them with faults, and what it found.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context as _;

use crate::cli::exit::{FINE, PROBLEM};
use crate::cli::notes::be_quiet;
use crate::cli::output::{self, Writer, print_text};
use crate::cli::progress::ProgressLine;
use crate::cli::run_scan::{failure, run_scan};
use crate::cli::shell::command_line;
use crate::cli::style::{columns, laid_out};
use crate::cli::summary::grouped;
use crate::engine::{EngineConfig, QueryProfile};
use crate::net;
use crate::playground::zone::Zone;
use crate::playground::{Delay, Effect, Fault, Faults, LoopbackServer, ServeError};
use crate::report::judgement::{Row, Writer as Layout, plain};
use crate::scan::{Format, Output, ScanPlan, ScanReport, ServerStats, Source, Targets};
use crate::wire::{Class, NameBuf, Rcode, RecordType};

/// Scan servers on this machine, some of them with faults
///
/// Starts three DNS servers on this machine, two of them with faults, and scans their names. Shows what
/// happened to the names, checks every response against what the servers should say, and counts each
/// kind of fault. No packet leaves the machine.
///
/// Exit status: 0 every name was answered correctly, 1 a name was not, 3 the demo could not run.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  dnsonde demo scan
  dnsonde demo scan --names 10000 -o lines.jsonl")]
pub(super) struct Args {
    /// How many names to scan
    #[arg(long, default_value_t = 100_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    names: u32,

    /// Write the output of the scan (JSON lines) to a file
    #[arg(short = 'o', long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Show the result only, without an introduction and without progress; errors stay
    #[arg(short = 'q', long)]
    quiet: bool,
}

/// A server of the demo.
struct Actor {
    role: &'static str,
    what: &'static str,
    server: LoopbackServer,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if args.quiet {
        be_quiet();
    }
    let keep = args.output.as_deref().map(|path| output::create("--output", path)).transpose()?;
    let actors = start_actors().context("cannot start the servers of the demo")?;
    if !args.quiet {
        print_text(&introduction(&actors, args.names))?;
    }

    let verdict = Arc::new(Mutex::new(Verdict::default()));
    let names = names(args.names).into_bytes();
    let mut progress = ProgressLine::new(Some(names.len() as u64), false);
    let plan = ScanPlan {
        source: Source::from_bytes("the names of the demo", names),
        types: vec![RecordType::A],
        class: Class::IN,
        targets: Targets::Resolvers(actors.iter().map(|actor| actor.server.addr()).collect()),
        engine: EngineConfig {
            profile: QueryProfile {
                timeout: Duration::from_millis(400),
                ..QueryProfile::default()
            },
            ..EngineConfig::default()
        },
        net: net::Options::default(),
        threads: 1,
        output: Output {
            label: keep.as_ref().map_or("the demo".into(), |keep| keep.label.clone()),
            write: Box::new(Checker {
                zone: Zone::demo(),
                partial: Vec::new(),
                verdict: Arc::clone(&verdict),
                keep: keep.map(Writer),
            }),
        },
        format: Format::Jsonl,
        attempt_log: false,
        keep_going: false,
        silence: Duration::from_secs(30),
    };
    let (report, outcome) = run_scan(plan, &mut progress)?;
    progress.clear();
    outcome.map_err(|error| failure(error, &report))?;

    let verdict = verdict.lock().map(|verdict| verdict.clone()).unwrap_or_default();
    print_text(&conclusion(args, &actors, &report, &verdict))?;
    let fine = verdict.right == u64::from(args.names);
    Ok(ExitCode::from(if fine { FINE } else { PROBLEM }))
}

fn start_actors() -> Result<Vec<Actor>, ServeError> {
    let start = |role, what, faults| -> Result<Actor, ServeError> {
        let server = LoopbackServer::start(SocketAddr::from(([127, 0, 0, 1], 0)), faults)?;
        Ok(Actor { role, what, server })
    };
    let some = Fault::sometimes;
    Ok(vec![
        start("healthy", "answers everything immediately", Faults::default())?,
        start(
            "lossy",
            "drops 3 % of the queries, answers 3 % late and 3 % twice",
            Faults::seeded(
                1,
                [
                    some(0.03, Effect::Drop),
                    some(0.03, Effect::Delay(Delay::of_ms(30.0))),
                    some(0.03, Effect::Duplicate),
                ],
            ),
        )?,
        start(
            "difficult",
            "refuses 3 %, truncates 1 %, and sends a response with a wrong ID before 3 %",
            Faults::seeded(
                2,
                [
                    some(0.03, Effect::Refuse),
                    some(0.01, Effect::Truncate),
                    some(0.03, Effect::Spoof),
                ],
            ),
        )?,
    ])
}

fn introduction(actors: &[Actor], names: u32) -> String {
    laid_out(columns(), |out| {
        let running = "Three name servers are running on this machine; no packet leaves it:";
        out.paragraph(0, 0, &[plain(running)]);
        for Actor { role, what, server } in actors {
            out.paragraph(2, 4, &[plain(format!("{role:<10} {:<16} {what}", server.addr()))]);
        }
        out.blank();
        out.paragraph(0, 0, &[plain(format!("Looking up {} names …", grouped(names.into())))]);
    })
}

/// Mostly plain names, and some that do not exist, have no address, or are aliases.
fn names(count: u32) -> String {
    let mut names = String::with_capacity(count as usize * 20);
    for i in 0..count {
        let kind = match i % 100 {
            0..=4 => "missing-",
            5..=7 => "empty-",
            8..=11 => "chain2-",
            _ => "host-",
        };
        let _ = writeln!(names, "{kind}{i}.demo.test");
    }
    names
}

/// How the answers compare with what the servers should say.
#[derive(Debug, Clone, Default)]
struct Verdict {
    right: u64,
    wrong: u64,
    /// Names without an answer.
    missing: u64,
    /// A few lines to show.
    examples: Vec<String>,
}

/// Takes the lines of the scan in the place of a file.
struct Checker {
    zone: Zone,
    partial: Vec<u8>,
    verdict: Arc<Mutex<Verdict>>,
    keep: Option<Writer>,
}

impl Write for Checker {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        if let Some(file) = &mut self.keep {
            file.write_all(octets)?;
        }
        self.partial.extend_from_slice(octets);
        let Some(end) = memchr::memrchr(b'\n', &self.partial) else { return Ok(octets.len()) };
        let mut verdict =
            self.verdict.lock().map_err(|_| io::Error::other("a thread of the demo failed"))?;
        for line in self.partial[..end].split(|&octet| octet == b'\n') {
            verdict.check(line, &self.zone);
        }
        self.partial.drain(..=end);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.keep.as_mut().map_or(Ok(()), Write::flush)
    }
}

/// The members of a line that are checked.
#[derive(serde::Deserialize)]
struct Line<'l> {
    #[serde(borrow)]
    name: &'l str,
    status: &'l str,
    attempts: u32,
    #[serde(default)]
    answers: Vec<Answer<'l>>,
}

#[derive(serde::Deserialize)]
struct Answer<'l> {
    #[serde(rename = "type")]
    rtype: &'l str,
    data: &'l str,
}

impl Verdict {
    fn check(&mut self, line: &[u8], zone: &Zone) {
        let Ok(text) = std::str::from_utf8(line) else { return self.wrong += 1 };
        let Ok(line) = serde_json::from_str::<Line<'_>>(text) else { return self.wrong += 1 };
        let Ok(name) = line.name.parse::<NameBuf>() else { return self.wrong += 1 };
        let wanted_status = if line.name.starts_with("missing-") { "NXDOMAIN" } else { "NOERROR" };
        let addresses = line.answers.iter().filter(|answer| answer.rtype == "A");
        let found: Vec<Ipv4Addr> =
            addresses.filter_map(|answer| answer.data.parse().ok()).collect();
        if matches!(line.status, "TIMEOUT" | "UNREACHABLE") {
            self.missing += 1;
        } else if line.status == wanted_status && found == zone.a(&name) {
            self.right += 1;
        } else {
            self.wrong += 1;
        }
        let (has_address, was_repeated) = (!found.is_empty(), line.attempts > 1);
        match self.examples.len() {
            0 if has_address && !was_repeated => self.examples.push(text.to_owned()),
            1 if has_address && was_repeated => self.examples.push(text.to_owned()),
            _ => {}
        }
    }
}

fn conclusion(args: &Args, actors: &[Actor], report: &ScanReport, verdict: &Verdict) -> String {
    let seconds = report.duration.as_secs_f64();
    let asked = report.tally.lines();
    laid_out(columns(), |out| {
        let rate = format!(
            "{} names in {seconds:.1} s: {} per second, with {:.3} attempts per name.",
            grouped(asked),
            grouped((asked as f64 / seconds.max(0.001)) as u64),
            report.tally.attempts as f64 / asked.max(1) as f64,
        );
        out.paragraph(0, 0, &[plain(rate)]);
        out.blank();
        for (count, what) in [
            (
                verdict.right,
                "answered correctly (each checked against what the servers should say)",
            ),
            (verdict.wrong, "answered incorrectly"),
            (verdict.missing, "not answered"),
        ] {
            out.paragraph(2, 12, &[plain(format!("{:>9} {what}", grouped(count)))]);
        }
        out.blank();
        out.paragraph(0, 0, &[plain("What went wrong, counted by attempt:")]);
        out.blank();
        table(actors, &report.servers, out);
        out.blank();
        out.paragraph(0, 0, &[plain(LEGEND)]);
        out.blank();
        out.paragraph(0, 0, &[plain("Lines of the output look like this:")]);
        for example in &verdict.examples {
            out.literal(2, example);
        }
        out.blank();
        if let Some(path) = &args.output {
            let text = format!("The whole output is in {}.", path.display());
            out.paragraph(0, 0, &[plain(text)]);
        } else {
            out.paragraph(0, 0, &[plain("Now with your own names and servers:")]);
            let command = command_line(["scan", "names.txt", "-r", "RESOLVER", "-o", "out.jsonl"]);
            out.literal(2, &command);
        }
    })
}

/// What the columns of the table say.
const LEGEND: &str = "lost: no response, retried · late: response after the timeout, retried · twice: \
    same response again · wrong: response that matches no query, ignored · refused: retried on another \
    server · TC: truncated, retried over TCP";

/// What came of the queries to each server, numbers flush right.
fn table(actors: &[Actor], servers: &[ServerStats], out: &mut Layout<'_>) {
    let head = [
        "server", "sent", "answered", "lost", "late", "twice", "wrong", "refused", "TC", "median",
        "99 %",
    ];
    let mut rows: Vec<Vec<String>> = vec![head.map(str::to_owned).to_vec()];
    rows.extend(actors.iter().zip(servers).map(|(actor, stats)| row(actor.role, stats)));
    for column in 1..head.len() {
        let width = rows.iter().map(|row| row[column].len()).max().unwrap_or_default();
        for row in &mut rows {
            row[column] = format!("{:>width$}", row[column]);
        }
    }
    let head = rows.remove(0);
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    let rows: Vec<Row> = rows.into_iter().map(|cells| Row { cells, notes: Vec::new() }).collect();
    out.table(2, &head, &rows);
}

fn row(role: &str, stats: &ServerStats) -> Vec<String> {
    let counts = &stats.counts;
    let millis =
        |quantile| format!("{:.2} ms", counts.rtt_us.value_at_quantile(quantile) as f64 / 1000.0);
    let refused = counts.rcodes[usize::from(Rcode::REFUSED.0)];
    let numbers = [
        counts.sent,
        counts.answered,
        counts.lost,
        counts.late,
        counts.duplicates,
        counts.mismatched,
        refused,
        counts.truncated,
    ];
    let mut cells = vec![role.to_owned()];
    cells.extend(numbers.map(grouped));
    cells.extend([millis(0.5), millis(0.99)]);
    cells
}
