//! A report as dnsperf prints it, with what it leaves out behind.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::bars::{bars, milliseconds};
use super::comparisons::sentence;
use crate::bench::baseline::Baseline;
use crate::bench::figures::{Figures, PERCENTILES};
use crate::bench::periods::Period;
use crate::bench::plan::Wanted;
use crate::bench::report::{Ending, Report, ServerReport};
use crate::report::time::rfc3339_of;
use crate::stats::Durations;

/// What dnsperf prints before it begins; `arguments` is the command line.
pub fn opening(
    arguments: &str,
    servers: &[std::net::SocketAddr],
    wanted: &Wanted,
    passes: Option<u32>,
    started: SystemTime,
) -> String {
    let mut limits: Vec<String> = Vec::new();
    if let Some(duration) = wanted.duration {
        limits.push(format!("{} seconds", seconds(duration)));
    }
    match passes {
        Some(1) => limits.push("1 run through file".to_owned()),
        Some(passes) => limits.push(format!("{passes} runs through file")),
        None => {}
    }
    let servers: Vec<String> = servers.iter().map(ToString::to_string).collect();
    let servers = servers.join(", ");
    format!(
        "[Status] Command line: {arguments}\n[Status] Sending queries (to {servers})\n\
         [Status] Started at: {}\n[Status] Stopping after {}\n",
        rfc3339_of(started),
        limits.join(" or ")
    )
}

/// The whole report: of each server dnsperf's closing lines, then percentiles and a histogram; and how
/// servers compare.
pub fn text(report: &Report, baseline: Option<&Baseline>) -> String {
    let reason = match report.ending {
        Ending::EndOfFile => "end of file",
        Ending::TimeLimit => "time limit",
        Ending::Interrupted => "interruption",
        Ending::Silence(_) => "no response",
        Ending::Failed => "failure",
    };
    let mut text = format!("[Status] Testing complete ({reason})\n\n");
    let several = report.servers.len() > 1;
    for server in &report.servers {
        if several {
            let _ = writeln!(text, "Server {}\n", server.server);
        }
        statistics(server, &mut text);
        if !several {
            connections(report, &mut text);
        }
        percentiles(report, server, &mut text);
    }
    if several {
        connections(report, &mut text);
        comparisons(report, &mut text);
    }
    if let (Some(baseline), [server]) = (baseline, &report.servers[..]) {
        let names = [server.server.to_string(), format!("{} before", baseline.server)];
        let _ = writeln!(text, "Comparison with the run of {}:\n", baseline.started);
        let comparisons = baseline.compare(server);
        if comparisons.is_empty() {
            text.push_str("  too few responses to compare the runs\n");
        }
        for comparison in &comparisons {
            let _ = writeln!(text, "  {}", sentence(comparison, &names));
        }
        for condition in baseline.conditions(report) {
            let _ = writeln!(text, "  But {condition}");
        }
        text.push('\n');
    }
    text
}

/// How servers compare, a sentence for each measure.
fn comparisons(report: &Report, text: &mut String) {
    text.push_str("Comparison (each server got the same queries, in random order):\n\n");
    if report.comparisons.is_empty() {
        text.push_str("  too few responses to compare the servers\n");
    }
    let names: Vec<String> = report.servers.iter().map(|it| it.server.to_string()).collect();
    for comparison in &report.comparisons {
        let _ = writeln!(text, "  {}", sentence(comparison, &names));
    }
    text.push('\n');
}

/// What dnsperf prints of TCP, in its words.
fn connections(report: &Report, text: &mut String) {
    let connects = &report.client.connects;
    if connects.attempts == 0 {
        return;
    }
    let (made, all) = (connects.handshakes.count(), connects.attempts);
    let _ = write!(
        text,
        "Connection Statistics:\n\n  Connection attempts:  {all} ({made} successful, {:.2}%)\n\n",
        100.0 * made as f64 / all as f64
    );
    average(&connects.handshakes, text);
}

/// Average, least and greatest, and deviation, in dnsperf's words.
fn average(latency: &Durations, text: &mut String) {
    let _ = writeln!(
        text,
        "  Average Latency (s):  {} (min {}, max {})",
        seconds(latency.mean().unwrap_or_default()),
        seconds(latency.min().unwrap_or_default()),
        seconds(latency.max().unwrap_or_default())
    );
    if let Some(deviation) = latency.deviation() {
        let _ = writeln!(text, "  Latency StdDev (s):   {}", seconds(deviation));
    }
    text.push('\n');
}

/// What dnsperf prints, in its words.
fn statistics(report: &ServerReport, text: &mut String) {
    let counts = &report.counts;
    let (sent, answered) = (counts.sent(), counts.answered());
    let share = |part: u64, whole: u64| {
        if whole == 0 { 0.0 } else { 100.0 * part as f64 / whole as f64 }
    };
    let lost = counts.lost + counts.late;
    let _ = write!(
        text,
        "Statistics:\n\n  Queries sent:         {sent}\n  \
         Queries completed:    {answered} ({:.2}%)\n  Queries lost:         {lost} ({:.2}%)\n",
        share(answered, sent),
        share(lost, sent)
    );
    if counts.interrupted > 0 {
        let _ = writeln!(
            text,
            "  Queries interrupted:  {} ({:.2}%)",
            counts.interrupted,
            share(counts.interrupted, sent)
        );
    }
    let codes: Vec<String> = counts
        .by_rcode()
        .map(|(name, count)| format!("{name} {count} ({:.2}%)", share(count, answered)))
        .collect();
    let _ = write!(
        text,
        "\n  Response codes:       {}\n  Average packet size:  request {}, response {}\n  \
         Run time (s):         {}\n  Queries per second:   {:.6}\n\n",
        codes.join(", "),
        counts.request_octets.checked_div(sent).unwrap_or(0),
        counts.response_octets.checked_div(answered).unwrap_or(0),
        seconds(report.duration),
        report.rate()
    );
    average(&report.latency, text);
}

/// What dnsperf leaves out.
fn percentiles(run: &Report, report: &ServerReport, text: &mut String) {
    let latency = &report.latency;
    table(run, report, text);
    by_rcode(report, text);
    if !latency.is_empty() {
        text.push_str("Latency histogram (responses up to each latency):\n\n");
        text.push_str(&bars(latency));
        text.push('\n');
    }
    let counts = &report.counts;
    if counts.late > 0 {
        let late = &report.latencies.late;
        let _ = writeln!(
            text,
            "Of the queries lost, {} answered after the timeout (median {}, max {}).\n",
            if counts.late == 1 { "1 was".to_owned() } else { format!("{} were", counts.late) },
            milliseconds(late.quantile(0.5).unwrap_or_default()),
            milliseconds(late.max().unwrap_or_default())
        );
    }
    if let Some((share, interval)) = report.loss()
        && share > 0.0
    {
        let _ = writeln!(
            text,
            "Loss: {:.3} % (95 % interval {:.3} % to {:.3} %).\n",
            share * 100.0,
            interval.low * 100.0,
            interval.high * 100.0
        );
    }
}

/// Latency by response code, where there are several: what fails is often faster, or slower.
fn by_rcode(report: &ServerReport, text: &mut String) {
    let codes: Vec<(String, &Durations)> = report.latencies.by_rcode().collect();
    if codes.len() < 2 {
        return;
    }
    text.push_str("Latency by response code:\n\n");
    let width = codes.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let heads = ["p50", "p90", "p99", "max"].map(|head| format!("{head:>16}")).concat();
    let _ = writeln!(text, "  {:width$}{:>12}{heads}", "", "responses");
    for (name, latency) in codes {
        let _ = write!(text, "  {name:width$}{:>12}", latency.count());
        let quantiles = [0.5, 0.9, 0.99].map(|quantile| latency.quantile(quantile));
        for figure in quantiles.into_iter().chain([latency.max()]) {
            let _ = write!(text, "{:>16}", figure.map(milliseconds).unwrap_or_default());
        }
        text.push('\n');
    }
    text.push('\n');
}

/// Least, mean, percentiles, greatest and deviation: of latency and, in an open loop, of service time and
/// of how late queries were sent.
fn table(run: &Report, report: &ServerReport, text: &mut String) {
    let mut columns: Vec<(&str, Figures)> = Vec::new();
    let mut add = |name, of: &Durations| columns.extend(Figures::of(of).map(|it| (name, it)));
    add("latency", &report.latency);
    if run.wanted.open_loop.is_some() {
        add("service time", &report.latencies.service);
        add("send delay", &report.latencies.send_delay);
        text.push_str(
            "Latency is from the time that a query was to be sent, service time from the time that it \
             was.\n\n",
        );
    }
    if report.latency.is_empty() {
        return;
    }
    let heads: String = columns.iter().map(|(name, _)| format!("{name:>16}")).collect();
    let _ = writeln!(text, "  {:>8}{heads}", "");
    let mut row = |name: &str, figure: &dyn Fn(&Figures) -> Option<Duration>, note: &str| {
        let cells: String = columns
            .iter()
            .map(|(_, it)| format!("{:>16}", figure(it).map(milliseconds).unwrap_or_default()))
            .collect();
        let _ = writeln!(text, "  {name:>8}{cells}{note}");
    };
    row("min", &|it| Some(it.min), "");
    row("mean", &|it| Some(it.mean), "");
    for (place, (quantile, _, name)) in PERCENTILES.into_iter().enumerate() {
        let note = if report.has_enough_for(quantile) { "" } else { "  (too few samples)" };
        row(name, &|it| Some(it.percentiles[place]), note);
    }
    row("max", &|it| Some(it.max), "");
    row("stddev", &|it| it.deviation, "");
    text.push('\n');
}

/// The line of an interval, as `dnsperf -S` prints it: the time and answers a second.
pub fn period(period: &Period, began: SystemTime) -> String {
    let at = (began + period.to).duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{}: {:.6}\n", seconds(at), period.rate())
}

/// Seconds with six digits, as dnsperf writes them.
fn seconds(span: Duration) -> String {
    format!("{}.{:06}", span.as_secs(), span.subsec_micros())
}
