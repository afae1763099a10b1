//! Runs queries one after the other, and shows each.

use std::path::Path;
use std::process::ExitCode;

use super::args::read_line;
use super::command::{Args, Format};
use super::dig::{Lookup, read};
use super::options::Options;
use super::plan::{Common, Task, tasks};
use crate::cli::complaint::Complaint;
use crate::cli::event_loop::event_loop;
use crate::cli::exit::{COULD_NOT, FINE, PROBLEM};
use crate::cli::input::{label_of, read_utf8_up_to};
use crate::cli::notes::{hint, note};
use crate::cli::output::print;
use crate::cli::servers::Families;
use crate::cli::shell::shell_word;
use crate::query::{self, Exchange, show, trace};

/// Octets of a batch file, at most.
const LONGEST_BATCH: u64 = 64 << 20;

/// Runs the command.
pub(in crate::cli) fn run(args: &Args) -> anyhow::Result<ExitCode> {
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
                return Err(Complaint::usage("with -f the names are in the file").into());
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
        return Err(Complaint::usage("+short and --format json exclude each other").into());
    }
    let traces = |lookup: &Lookup| common.trace || lookup.options.trace;
    if args.root_hints.is_some() && !lookups.iter().any(traces) {
        return Err(Complaint::usage("--root-hints is for --trace").into());
    }
    if args.minimise && !lookups.iter().any(traces) {
        return Err(Complaint::usage("--minimise is for --trace").into());
    }
    // Everything that is wrong is said before anything is sent.
    let mut all = Vec::new();
    for lookup in &lookups {
        all.extend(tasks(lookup, &common)?);
    }
    let runtime = event_loop()?;
    let mut worst = FINE;
    for (number, task) in all.into_iter().enumerate() {
        let mut out = Vec::new();
        let code = match task {
            Task::Trace(plan) => {
                separate(number, !json, &mut out);
                let report = runtime.block_on(trace::run(*plan))?;
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
                let exchange = runtime.block_on(query::run(*plan))?;
                write_exchange(&exchange, &options, json, &mut out);
                if exchange.reply().is_none() {
                    doubts.iter().for_each(|doubt| hint(doubt));
                }
                exit_code(&exchange)
            }
        };
        print(&out)?;
        worst = worst.max(code);
    }
    Ok(ExitCode::from(worst))
}

/// A blank line between two that have several lines each.
fn separate(number: usize, framed: bool, out: &mut Vec<u8>) {
    if number > 0 && framed {
        out.push(b'\n');
    }
}

fn write_exchange(exchange: &Exchange, options: &Options, json: bool, out: &mut Vec<u8>) {
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
fn tell_what_is_missing(exchange: &Exchange) {
    match exchange.reply() {
        None => note(&format!("no answer: {}", show::reason(exchange))),
        Some(_) if exchange.truncated => {
            note(&format!("this is not the whole answer: {}", show::reason(exchange)));
        }
        Some(reply) if reply.malformed.is_some() => note(&show::reason(exchange)),
        Some(_) => {}
    }
}

fn exit_code(exchange: &Exchange) -> u8 {
    match exchange.reply() {
        Some(_) if exchange.truncated => COULD_NOT,
        Some(reply) if reply.malformed.is_some() => PROBLEM,
        Some(_) => FINE,
        None => COULD_NOT,
    }
}

/// The queries of a batch file, each on a line, with its own options.
fn read_batch(path: &Path, defaults: &Lookup) -> Result<Vec<Lookup>, Complaint> {
    let label = label_of(path);
    let octets = read_utf8_up_to(path, LONGEST_BATCH)?;
    if octets.len() as u64 > LONGEST_BATCH {
        return Err(Complaint::usage(format!("{label}: more than {} MiB", LONGEST_BATCH >> 20))
            .hint("`dnsonde scan` looks up long lists of names"));
    }
    let text = std::str::from_utf8(&octets)
        .map_err(|_| Complaint::usage(format!("{label}: is not UTF-8 text")))?;
    let mut lookups = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        let at = |complaint: Complaint| Complaint {
            sentence: format!("{label}, line {number}: {}", complaint.sentence),
            ..complaint
        };
        let tokens = read_line(line).map_err(|_| {
            at(Complaint::usage("not the words of a query"))
                .hint("a line has names, types, classes, @SERVER and +OPTIONS, -t, -q, -c and -x")
        })?;
        let reading = read(&tokens, defaults).map_err(at)?;
        reading.notes.iter().for_each(|text| note(&format!("{label}, line {number}: {text}")));
        lookups.extend(reading.lookups);
    }
    if lookups.is_empty() {
        return Err(Complaint::usage(format!("{label}: no query in it"))
            .hint("write one query a line, such as: example.com MX"));
    }
    Ok(lookups)
}
