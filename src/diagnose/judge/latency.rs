//! How long responses take: late ones, long tails, and two modes.

use std::time::Duration;

use super::context::{Context, Examined};
use crate::diagnose::sample::{IMPATIENT, Seen, count};
use crate::diagnose::task::{Asked, Step};
use crate::judge::catalog::FindingId;
use crate::judge::finding::Draft;
use crate::judge::severity::Severity;
use crate::stats::{
    CONFIDENCE, Dip, Latencies, Latency, LatencyQuantile, Proportion, SIGNIFICANCE, TwoModes,
};

/// The lower end of the share of late responses from which on they are told.
const LATE_SHARE: f64 = 0.005;
const ENOUGH_LATE: u64 = 3;
/// Two modes: how many times as long the upper one takes, and how much longer at least.
const MODES_TIMES: f64 = 1.5;
const MODES_APART_US: u64 = 5000;
/// The share of responses that the smaller mode has at least.
const MODE_SHARE: f64 = 0.05;
/// A tail: the 99th percentile against the median, and how long it is at least.
const TAIL_TIMES: u64 = 10;
const TAIL_US: u64 = 200_000;

pub(super) fn judge(context: &mut Context<'_>, findings: &mut Vec<Draft>) {
    for server in &context.servers {
        if let Some(draft) = late(server) {
            findings.push(draft);
        } else if let Some(draft) = two_modes(server) {
            findings.push(draft);
        } else {
            findings.extend(tail(server));
        }
    }
}

fn late(server: &Examined<'_>) -> Option<Draft> {
    let is_late = |seen: &Seen<'_>| seen.rtt().is_some_and(|rtt| rtt > IMPATIENT);
    // What a resolver has to ask others for takes its time.
    let known = |step: Step| server.sample.udp(step).filter(|seen| seen.task.asked == Asked::Known);
    let (first, second) =
        (count(known(Step::FirstPass), is_late), count(known(Step::SecondLook), is_late));
    let all = Proportion::new(first.hits() + second.hits(), first.trials() + second.trials());
    let is_above = |it: Proportion| it.interval(CONFIDENCE).low > LATE_SHARE;
    if first.hits() < ENOUGH_LATE || second.hits() == 0 || !is_above(first) || !is_above(all) {
        return None;
    }
    let label = &server.label;
    let longest = server.sample.all.iter().filter_map(Seen::rtt).max()?;
    Some(
        server
            .draft(FindingId::LateAnswers, Severity::Warning)
            .summary(format!(
                "{label}: responses take longer than {} s, after which the impatient among programs ask \
                 again or give up: {}; the slowest took {:.1} s",
                IMPATIENT.as_secs(),
                all.text("late"),
                longest.as_secs_f64()
            ))
            .fault(format!("responses from {label} come too late"))
            .action(format!("ask whoever runs {label} why it answers so slowly"))
            .advice(format!(
                "ask whoever runs {label} why it answers so slowly; for many programs, a late response \
                 is a lost one"
            ))
            .evidence("asked", all.trials())
            .evidence("late", all.hits())
            .evidence("longest_us", longest.as_micros() as u64),
    )
}

fn two_modes(server: &Examined<'_>) -> Option<Draft> {
    let all = server.sample.latencies_us(&[Step::FirstPass], Asked::Known);
    let dip = Dip::of(&all)?;
    let modes = TwoModes::of(&all)?;
    let smaller = modes.lower_count.min(modes.upper_count) as f64 / all.len() as f64;
    let are_apart = modes.upper as f64 >= MODES_TIMES * modes.lower as f64
        && modes.upper - modes.lower >= MODES_APART_US;
    if dip.p_value > SIGNIFICANCE || !are_apart || smaller < MODE_SHARE {
        return None;
    }
    let label = &server.label;
    let ms = |us: u64| us as f64 / 1000.0;
    Some(
        server
            .draft(FindingId::LatencyBimodal, Severity::Notice)
            .summary(format!(
                "{label}: responses take one of two times: {} take about {:.1} ms, {} about {:.1} ms",
                modes.lower_count,
                ms(modes.lower),
                modes.upper_count,
                ms(modes.upper)
            ))
            .fault(format!("{label} answers at one of two speeds"))
            .advice(format!(
                "see which of the machines or paths behind {label} is the slow one; the table by \
                 instance and port may tell"
            ))
            .evidence("lower_count", modes.lower_count)
            .evidence("lower_median_us", modes.lower)
            .evidence("upper_count", modes.upper_count)
            .evidence("upper_median_us", modes.upper)
            .evidence("upper_from_us", modes.from)
            .evidence("dip", dip.distance)
            .evidence("p_value", dip.p_value),
    )
}

fn tail(server: &Examined<'_>) -> Option<Draft> {
    let known = server.sample.latencies_us(&[Step::FirstPass], Asked::Known);
    let all: Latencies = known.into_iter().map(Latency::Measured).collect();
    let (median, high) = (all.quantile(0.5, CONFIDENCE)?, all.quantile(0.99, CONFIDENCE)?);
    let (LatencyQuantile { high: Some(median_high), .. }, Some(tail_low)) = (median, high.low)
    else {
        return None;
    };
    if tail_low < TAIL_US || tail_low < TAIL_TIMES.saturating_mul(median_high) {
        return None;
    }
    let label = &server.label;
    let ms = |us: u64| Duration::from_micros(us).as_millis();
    Some(
        server
            .draft(FindingId::LatencyTail, Severity::Notice)
            .summary(format!(
                "{label}: one response in a hundred takes {} ms or more, the median at most {} ms",
                ms(tail_low),
                ms(median_high)
            ))
            .fault(format!("a few responses from {label} take far longer than the others"))
            .advice(format!("see what {label} waits for in these cases, if it matters"))
            .evidence("median_high_us", median_high)
            .evidence("p99_low_us", tail_low),
    )
}
