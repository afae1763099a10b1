//! A report as JSON: `schemas/bench.schema.json`.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::bench::figures::{Figures, PERCENTILES};
use crate::bench::periods::Period;
use crate::bench::report::{Ending, Report};
use crate::report::time::rfc3339_of;
use crate::stats::Durations;

/// The report as one object.
pub fn json(report: &Report) -> Value {
    let warnings: Vec<Value> = report
        .warnings()
        .iter()
        .map(|warning| json!({ "id": warning.id, "summary": warning.summary }))
        .collect();
    let open = report.wanted.open_loop.is_some();
    json!({
        "schema": 1,
        "command": "bench",
        "started": rfc3339_of(report.started).to_string(),
        "duration_ms": report.duration.as_millis() as u64,
        "ended": match report.ending {
            Ending::EndOfFile => "end-of-file",
            Ending::TimeLimit => "time-limit",
            Ending::Interrupted => "interrupted",
            Ending::Silence(_) => "silence",
            Ending::Failed => "failed",
        },
        "mode": if report.wanted.open_loop.is_some() { "open" } else { "closed" },
        "target_qps": report.wanted.rate,
        "warmup_ms": report.wanted.warmup.as_millis() as u64,
        "outstanding": report.wanted.outstanding,
        "queries": report.input.queries,
        "skipped_lines": report.input.bad,
        "servers": [server(report)],
        "comparisons": [],
        "client": {
            "cpu_ms": report.client.processor.map(|span| span.as_millis() as u64),
            "threads": report.client.threads,
            "late_sends": open.then_some(report.latencies.late_sends),
            "held_back": open.then_some(report.latencies.held_back),
            "send_delay_us": latency(&report.latencies.send_delay),
            "receive_overflow": report.client.local.receive_overflow,
            "kernel_timestamps": report.client.local.kernel_timestamps,
            "warnings": warnings,
        },
        "intervals": report.intervals.iter().map(period_json).collect::<Vec<_>>(),
    })
}

fn server(report: &Report) -> Value {
    let (counts, connects) = (&report.counts, &report.client.connects);
    let by_rcode: Map<String, Value> =
        report.latencies.by_rcode().map(|(name, some)| (name, latency(some))).collect();
    let rcodes: Map<String, Value> =
        counts.by_rcode().map(|(name, count)| (name, count.into())).collect();
    json!({
        "server": report.server.to_string(),
        "transport": report.wanted.transport.as_str(),
        "sent": counts.sent(),
        "answered": counts.answered(),
        "late": counts.late,
        "lost": counts.lost,
        "undelivered": counts.undelivered,
        "not_sent": counts.not_sent,
        "interrupted": counts.interrupted,
        "truncated": counts.truncated,
        "malformed": counts.malformed,
        "qps": report.rate(),
        "rcodes": rcodes,
        "loss": report.loss().map(|(share, interval)| {
            json!({ "estimate": share, "low": interval.low, "high": interval.high })
        }),
        "latency_us": latency(&report.latency),
        "service_us": latency(match report.wanted.open_loop {
            Some(_) => &report.latencies.service,
            // What is sent in its turn has no other time.
            None => &report.latency,
        }),
        "late_us": latency(&report.latencies.late),
        "latency_by_rcode_us": by_rcode,
        "connect_us": latency(&connects.handshakes),
        "connections": { "attempts": connects.attempts, "made": connects.handshakes.count() },
        "instances": [],
    })
}

/// One interval as an object, a line of `--intervals`.
pub fn period_json(period: &Period) -> Value {
    json!({
        "interval": period.number,
        "from_ms": period.from.as_secs_f64() * 1e3,
        "to_ms": period.to.as_secs_f64() * 1e3,
        "sent": period.sent,
        "answered": period.answered,
        "late": period.late,
        "timed_out": period.timed_out,
        "qps": period.rate(),
        "latency_us": period.latency.map(figures),
    })
}

/// Figures of a distribution; `null` without any sample.
fn latency(of: &Durations) -> Value {
    Figures::of(of).map_or(Value::Null, figures)
}

/// In microseconds, with three decimals.
fn figures(of: Figures) -> Value {
    let micros = |span: Duration| Value::from(span.as_nanos() as f64 / 1e3);
    let percentiles = PERCENTILES.iter().zip(of.percentiles);
    let mut all: Map<String, Value> =
        percentiles.map(|((_, name, _), span)| ((*name).to_owned(), micros(span))).collect();
    let stddev = of.deviation.map_or(Value::Null, micros);
    for (name, value) in [
        ("min", micros(of.min)),
        ("mean", micros(of.mean)),
        ("stddev", stddev),
        ("max", micros(of.max)),
    ] {
        all.insert(name.to_owned(), value);
    }
    Value::Object(all)
}
