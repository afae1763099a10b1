//! Runs queries one after the other, and shows each.

use std::path::Path;
use std::process::ExitCode;

use super::args::read_line;
use super::command::{Args, Format};
use super::dig::{Lookup, read};
use super::options::Options;
use super::plan::{Common, Task, tasks};
use crate::cli::cli_error::CliError;
use crate::cli::event_loop::event_loop;
use crate::cli::exit::{COULD_NOT, FINE, PROBLEM};
use crate::cli::input::{label_of, read_utf8_up_to};
use crate::cli::interrupts::{Interrupts, waits_for_reader};
use crate::cli::notes::{be_quiet, error, hint, note};
use crate::cli::output::print;
use crate::cli::servers::Families;
use crate::cli::shell::shell_word;
use crate::query::{self, QueryResult, show, trace};

/// Octets of a batch file, at most.
const LONGEST_BATCH: u64 = 64 << 20;

/// Runs the command.
pub(in crate::cli) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if args.quiet {
        be_quiet();
    }
    let common = Common {
        port: args.port,
        families: Families::of(args.ipv4, args.ipv6),
        bind: args.bind,
        trace: args.trace,
        root_hints: args.root_hints.clone(),
        minimise: args.minimise,
    };
    let mut lookups = Vec::new();
    let of_words = read(&args.words.0, &Lookup::default())?;
    match &args.batch {
        // What is said here is for every line that does not say otherwise.
        Some(path) => {
            if of_words.lookups.iter().any(|lookup| lookup.name.is_some()) {
                return Err(CliError::usage("with -f, names come from the file").into());
            }
            lookups.extend(read_batch(path, &of_words.defaults)?);
        }
        None => {
            of_words.notes.iter().for_each(|text| note(text));
            lookups.extend(of_words.lookups);
        }
    }
    let json = args.format == Format::Json || lookups.iter().any(|it| it.options.json);
    if json && lookups.iter().any(|lookup| lookup.options.short) {
        return Err(CliError::usage("+short cannot be used with --format json").into());
    }
    let traces = |lookup: &Lookup| common.trace || lookup.options.trace;
    if args.root_hints.is_some() && !lookups.iter().any(traces) {
        return Err(CliError::usage("--root-hints needs --trace").into());
    }
    if args.minimise && !lookups.iter().any(traces) {
        return Err(CliError::usage("--minimise needs --trace").into());
    }
    // Everything that is wrong is said before anything is sent.
    let mut all = Vec::new();
    for lookup in &lookups {
        all.extend(tasks(lookup, &common)?);
    }
    let runtime = event_loop()?;
    let interrupts = Interrupts::listen(2, waits_for_reader)?;
    Ok(ExitCode::from(runtime.block_on(run_all(all, json, interrupts))?))
}

/// Carries out one after the other, until all are done or someone interrupts. Gives the exit status.
async fn run_all(all: Vec<Task>, json: bool, mut interrupts: Interrupts) -> anyhow::Result<u8> {
    let count = all.len();
    let mut worst = FINE;
    for (number, task) in all.into_iter().enumerate() {
        let (out, code) = tokio::select! {
            // Nothing is asked after an interrupt.
            biased;
            () = interrupts.next() => return Ok(interrupted(count - number, count)),
            done = perform(task, number, json) => done?,
        };
        print(&out)?;
        worst = worst.max(code);
    }
    Ok(worst)
}

fn interrupted(left: usize, count: usize) -> u8 {
    error(&match count {
        1 => "interrupted; the query was not finished".to_owned(),
        _ => format!("interrupted; {left} of {count} queries were not finished"),
    });
    PROBLEM
}

/// Carries out one, and gives what to show of it and the exit status.
async fn perform(task: Task, number: usize, json: bool) -> anyhow::Result<(Vec<u8>, u8)> {
    let mut out = Vec::new();
    let code = match task {
        Task::Trace(plan) => {
            separate(number, !json, &mut out);
            let report = trace::run(*plan).await?;
            if json {
                trace::write_json(&report, &mut out);
            } else {
                trace::write_text(&report, &mut out);
            }
            if trace::is_complete(&report) { FINE } else { COULD_NOT }
        }
        Task::Query { plan, options, doubts } => {
            let has_frame = options.view.message.comments || options.view.stats;
            separate(number, !json && !options.short && has_frame, &mut out);
            let exchange = query::run(*plan).await?;
            write_exchange(&exchange, &options, json, &mut out);
            if exchange.reply().is_none() {
                doubts.iter().for_each(|doubt| hint(doubt));
            }
            exit_code(&exchange)
        }
    };
    Ok((out, code))
}

/// A blank line between two that have several lines each.
fn separate(number: usize, framed: bool, out: &mut Vec<u8>) {
    if number > 0 && framed {
        out.push(b'\n');
    }
}

fn write_exchange(exchange: &QueryResult, options: &Options, json: bool, out: &mut Vec<u8>) {
    if json {
        return show::write_json(exchange, out);
    }
    if options.command && !options.short {
        let words: Vec<String> =
            std::env::args().skip(1).map(|word| shell_word(&word).into_owned()).collect();
        let words = words.join(" ");
        let line = format!("; <<>> dnsonde {} <<>> {words}", env!("CARGO_PKG_VERSION"));
        out.extend_from_slice(crate::report::printable::printable(&line).as_bytes());
        out.push(b'\n');
    }
    if options.short {
        show::write_short(exchange, &options.view, out);
    } else {
        show::write_text(exchange, &options.view, out);
    }
    if options.short || !options.view.message.comments {
        tell_what_is_missing(exchange);
    }
}

/// What the output says in its comments, where it has none.
fn tell_what_is_missing(exchange: &QueryResult) {
    match exchange.reply() {
        None => error(&show::no_response(exchange)),
        Some(_) if exchange.truncated => {
            error(&format!("the response is not complete: {}", show::reason(exchange)));
        }
        Some(reply) if reply.malformed.is_some() => error(&show::reason(exchange)),
        Some(_) => {}
    }
}

fn exit_code(exchange: &QueryResult) -> u8 {
    match exchange.reply() {
        Some(_) if exchange.truncated => COULD_NOT,
        Some(reply) if reply.malformed.is_some() => PROBLEM,
        Some(_) => FINE,
        None => COULD_NOT,
    }
}

/// The queries of a batch file, each on a line, with its own options.
fn read_batch(path: &Path, defaults: &Lookup) -> Result<Vec<Lookup>, CliError> {
    let label = label_of(path);
    let octets = read_utf8_up_to(path, LONGEST_BATCH)?;
    if octets.len() as u64 > LONGEST_BATCH {
        return Err(CliError::usage(format!("{label}: more than {} MiB", LONGEST_BATCH >> 20))
            .hint("use `dnsonde scan` for long lists of names"));
    }
    let text = std::str::from_utf8(&octets)
        .map_err(|_| CliError::usage(format!("{label}: is not UTF-8 text")))?;
    let mut lookups = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        let at = |cli_error: CliError| CliError {
            sentence: format!("{label}, line {number}: {}", cli_error.sentence),
            ..cli_error
        };
        let tokens = read_line(line).map_err(|_| {
            at(CliError::usage("not a valid query"))
                .hint("a line may have names, types, classes, @SERVER, +OPTIONS, -t, -q, -c and -x")
        })?;
        let reading = read(&tokens, defaults).map_err(at)?;
        reading.notes.iter().for_each(|text| note(&format!("{label}, line {number}: {text}")));
        lookups.extend(reading.lookups);
    }
    if lookups.is_empty() {
        return Err(CliError::usage(format!("{label}: contains no query"))
            .hint("write one query per line, such as: example.com MX"));
    }
    Ok(lookups)
}
