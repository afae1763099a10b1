//! A report as JSON: `schemas/bench.schema.json`.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::bench::baseline::Baseline;
use crate::bench::baseline::{processors, system};
use crate::bench::comparison::{Comparison, Measure, Verdict};
use crate::bench::figures::{Figures, PERCENTILES};
use crate::bench::periods::Period;
use crate::bench::report::{Ending, Report, ServerReport};
use crate::report::time::rfc3339_of;
use crate::stats::Durations;

/// The report as one object.
pub fn json(report: &Report, baseline: Option<&Baseline>) -> Value {
    let names: Vec<String> = report.servers.iter().map(|it| it.server.to_string()).collect();
    let baseline = baseline.and_then(|it| Some((it, report.servers.first()?)));
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
        "servers": report.servers.iter().map(|it| server(report, it)).collect::<Vec<_>>(),
        "comparisons": report.comparisons.iter().map(|it| comparison(&names, it)).collect::<Vec<_>>(),
        "baseline": baseline.map(|(baseline, server)| json!({
            "started": baseline.started,
            "server": baseline.server,
            "conditions": baseline.conditions(report),
            "comparisons": baseline
                .compare(server)
                .iter()
                .map(|it| comparison(&[server.server.to_string(), baseline.server.clone()], it))
                .collect::<Vec<_>>(),
        })),
        "client": {
            "cpu_ms": report.client.processor.map(|span| span.as_millis() as u64),
            "threads": report.client.threads,
            "system": system(),
            "processors": processors(),
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

fn server(run: &Report, report: &ServerReport) -> Value {
    let counts = &report.counts;
    // Those of several servers are counted together.
    let connects = (run.servers.len() == 1).then_some(&run.client.connects);
    let by_rcode: Map<String, Value> =
        report.latencies.by_rcode().map(|(name, some)| (name, latency(some))).collect();
    let rcodes: Map<String, Value> =
        counts.by_rcode().map(|(name, count)| (name, count.into())).collect();
    json!({
        "server": report.server.to_string(),
        "transport": run.wanted.transport.as_str(),
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
        "service_us": latency(match run.wanted.open_loop {
            Some(_) => &report.latencies.service,
            // What is sent in its turn has no other time.
            None => &report.latency,
        }),
        "late_us": latency(&report.latencies.late),
        "latency_by_rcode_us": by_rcode,
        "connect_us": connects.map(|it| latency(&it.handshakes)),
        "connections": connects.map(|it| {
            json!({ "attempts": it.attempts, "made": it.handshakes.count() })
        }),
        "instances": [],
        "blocks": blocks(report),
    })
}

/// What happened in blocks of time, by each measure.
fn blocks(report: &ServerReport) -> Value {
    let all = report.figures().into_iter().map(|figures| {
        let scale = figures.measure.scale();
        let values: Vec<f64> = figures.of_blocks.iter().map(|it| it * scale).collect();
        (figures.measure.key(), values.into())
    });
    Value::Object(all.collect())
}

/// Two servers by one measure.
fn comparison(names: &[String], of: &Comparison) -> Value {
    let verdict = match (of.measure, of.verdict) {
        (_, Verdict::NoDifference) => "no-difference",
        (Measure::Percentile(..), Verdict::First) => "a-faster",
        (Measure::Percentile(..), Verdict::Second) => "b-faster",
        (Measure::Loss, Verdict::First) => "a-loses-less",
        (Measure::Loss, Verdict::Second) => "b-loses-less",
    };
    let mut all = Map::new();
    all.insert("a".to_owned(), names[of.first].clone().into());
    all.insert("b".to_owned(), names[of.second].clone().into());
    all.insert("measure".to_owned(), of.measure.name().into());
    for (name, value) in [
        ("difference", of.difference),
        ("low", of.interval.low),
        ("high", of.interval.high),
        ("detectable", of.detectable),
    ] {
        match of.measure {
            // In microseconds, to the nanosecond.
            Measure::Percentile(..) => {
                let micros = (value * 1e9).round() / 1e3;
                all.insert(format!("{name}_us"), micros.into())
            }
            Measure::Loss => all.insert(name.to_owned(), value.into()),
        };
    }
    all.insert("verdict".to_owned(), verdict.into());
    Value::Object(all)
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
