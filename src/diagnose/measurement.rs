//! From the log to tables: counts, latencies, groups, experiments, and what could not be seen.

use std::collections::BTreeMap;
use std::time::Duration;

use super::plan::DiagnosePlan;
use super::sample::{Came, Sample, Seen, hindered};
use super::subject::{Subject, subjects};
use super::task::{Asked, Step};
use crate::judge::summary::instance_name;
use crate::probe::ProbeLog;
use crate::probe::query::Role;
use crate::report::judgement::measurement::{
    ExperimentReport, GroupReport, LatencyReport, MeasuredServer, Measurement, Share,
};
use crate::stats::{
    CONFIDENCE, Latencies, Latency, LatencyQuantile, largest_unseen_share, loss_interval, percent,
};
use crate::wire::Rcode;

/// Parts of the time that a picture has.
const PARTS: usize = 60;
/// Instances that are told one by one.
const MOST_INSTANCES: usize = 16;

/// What was measured.
pub(super) fn measurement(plan: &DiagnosePlan, log: &ProbeLog) -> Measurement {
    let subjects = subjects(plan, log);
    let mut measurement = Measurement::default();
    for subject in &subjects {
        let sample = Sample::of(log, subject.server);
        if sample.all.is_empty() {
            continue;
        }
        measurement.servers.push(measured(log, subject, &sample));
        measurement.experiments.extend(experiments(subject, &sample));
    }
    measurement.not_visible = not_visible(plan, log, &subjects);
    measurement
}

#[derive(Default)]
struct Counts {
    sent: u64,
    answered: u64,
    lost: u64,
    refused: u64,
    rtts: Vec<u64>,
}

impl Counts {
    fn add(&mut self, seen: &Seen<'_>) {
        self.sent += 1;
        match seen.came {
            Came::Answer(rtt) => {
                self.rtts.push(rtt.as_micros() as u64);
                if seen.rcode() == Some(Rcode::REFUSED) {
                    self.refused += 1;
                } else {
                    self.answered += 1;
                }
            }
            Came::Nothing => self.lost += 1,
            Came::Unreachable => self.refused += 1,
        }
    }

    fn group(mut self, by: &'static str, value: String) -> GroupReport {
        self.rtts.sort_unstable();
        GroupReport {
            by,
            value,
            sent: self.sent,
            answered: self.answered,
            lost: self.lost,
            refused: self.refused,
            p50_us: self.rtts.get(self.rtts.len() / 2).copied(),
        }
    }
}

fn measured(log: &ProbeLog, subject: &Subject, sample: &Sample<'_>) -> MeasuredServer {
    let mut all = Counts::default();
    sample.all.iter().for_each(|seen| all.add(seen));
    let other = log.other_responses.get(&subject.server).copied().unwrap_or_default();
    let late = other.late.min(all.lost);
    let udp: Vec<&Seen<'_>> = sample.all.iter().filter(|seen| !seen.shape.tcp).collect();
    // What experiments provoked is no loss that others have.
    let usual = |step| [Step::FirstPass, Step::SecondLook].contains(&step);
    let tried = udp.iter().filter(|it| usual(it.task.step) && it.came != Came::Unreachable);
    let fates: Vec<bool> = tried.map(|seen| seen.is_lost()).collect();
    let latencies: Latencies = udp.iter().filter_map(|seen| latency(seen)).collect();
    let quantiles = [0.5, 0.9, 0.99].map(|share| latencies.quantile(share, CONFIDENCE));
    let [p50, p90, p99] = quantiles.map(|it| it.map(estimate));
    let lost = fates.iter().filter(|lost| **lost).count();
    let loss = (!fates.is_empty()).then(|| {
        let interval = loss_interval(&fates, CONFIDENCE);
        Share { estimate: lost as f64 / fates.len() as f64, low: interval.low, high: interval.high }
    });
    let by_port = sample.by_socket(&[Step::FirstPass, Step::SecondLook, Step::PortRepeat]);
    MeasuredServer {
        server: subject.server,
        sent: all.sent,
        answered: all.answered,
        late,
        lost: all.lost - late,
        refused: all.refused,
        duplicates: other.duplicates,
        mismatched: other.mismatched,
        loss,
        lost_of: (lost as u64, fates.len() as u64),
        latency_us: LatencyReport { p50, p90, p99 },
        groups: groups(log, sample),
        quantiles,
        over_time: over_time(sample),
        by_port: by_port.values().map(|lost| (lost.hits(), lost.trials())).collect(),
    }
}

fn latency(seen: &Seen<'_>) -> Option<Latency> {
    match seen.came {
        Came::Answer(rtt) => Some(Latency::Measured(rtt.as_micros() as u64)),
        Came::Nothing => Some(Latency::AtLeast(u64::from(seen.shape.patience_ms) * 1000)),
        Came::Unreachable => None,
    }
}

const fn estimate(quantile: LatencyQuantile) -> u64 {
    match quantile.estimate {
        Latency::Measured(us) | Latency::AtLeast(us) => us,
    }
}

fn groups(log: &ProbeLog, sample: &Sample<'_>) -> Vec<GroupReport> {
    let mut groups: BTreeMap<(usize, &'static str, String), Counts> = BTreeMap::new();
    let mut instances: Vec<String> = Vec::new();
    for seen in &sample.all {
        let mut add = |place: usize, by: &'static str, value: String| {
            groups.entry((place, by, value)).or_default().add(seen);
        };
        add(0, "transport", if seen.shape.tcp { "tcp" } else { "udp" }.to_owned());
        let ipv6 = seen.probe.query.server.is_ipv6();
        add(1, "family", if ipv6 { "IPv6" } else { "IPv4" }.to_owned());
        if seen.shape.tcp {
            continue;
        }
        let size =
            seen.shape.edns.map_or_else(|| "no EDNS".to_owned(), |size| format!("{size:>4}"));
        add(2, "size", size);
        if seen.probe.query.role == Role::Recursive {
            let warmth = match seen.task.asked {
                Asked::Known => "cached",
                Asked::Fresh => "not cached",
                Asked::Reserved => "reserved",
            };
            add(3, "warmth", warmth.to_owned());
        }
        if let Some(nsid) = seen.probe.reply.as_ref().and_then(|reply| reply.nsid()) {
            let name = instance_name(nsid);
            // A name that differs each time tells nothing apart.
            if !instances.contains(&name) && instances.len() <= MOST_INSTANCES {
                instances.push(name.clone());
            }
            add(4, "instance", name);
        }
        let port = seen.probe.socket().and_then(|socket| log.ports.get(&socket));
        if let Some(port) = port {
            add(5, "port", port.to_string());
        }
    }
    if instances.len() > MOST_INSTANCES {
        groups.retain(|(_, by, _), _| *by != "instance");
    }
    let report = |((_, by, value), counts): ((usize, &'static str, String), Counts)| {
        counts.group(by, value.trim().to_owned())
    };
    groups.into_iter().map(report).collect()
}

fn over_time(sample: &Sample<'_>) -> Vec<Option<u64>> {
    let pass = || sample.udp(Step::FirstPass).filter(|seen| seen.task.asked == Asked::Known);
    let sent = || pass().filter_map(|seen| seen.probe.sent());
    let (Some(first), Some(last)) = (sent().min(), sent().max()) else { return Vec::new() };
    let whole = last.since(first).max(Duration::from_micros(1));
    let mut parts: Vec<Vec<u64>> = vec![Vec::new(); PARTS];
    for seen in pass() {
        let (Some(at), Some(rtt)) = (seen.probe.sent(), seen.rtt()) else { continue };
        let share = at.since(first).as_secs_f64() / whole.as_secs_f64();
        let place = ((share * PARTS as f64) as usize).min(PARTS - 1);
        parts[place].push(rtt.as_micros() as u64);
    }
    let median = |mut part: Vec<u64>| {
        part.sort_unstable();
        part.get(part.len() / 2).copied()
    };
    parts.into_iter().map(median).collect()
}

fn experiments(subject: &Subject, sample: &Sample<'_>) -> Vec<ExperimentReport> {
    let report = |step: Step, result: String| {
        let sent = sample.all.iter().filter(|seen| seen.task.step == step).count() as u64;
        (sent > 0).then_some(ExperimentReport {
            id: step.as_str(),
            server: subject.server,
            sent,
            result,
        })
    };
    let failed = |step: Step| hindered(sample.udp(step)).text("failed").to_string();
    let [suspected, others] = sample.repeats();
    let pace = |step: Step| {
        let count = sample.udp(step).count() as f64;
        count / sample.span(step).as_secs_f64().max(1.0)
    };
    [
        report(Step::SecondLook, format!("the same again: {}", failed(Step::SecondLook))),
        report(
            Step::PortRepeat,
            format!(
                "from ports that had lost something {}, from others {}",
                suspected.text("lost"),
                others.text("lost")
            ),
        ),
        report(
            Step::Slow,
            format!("at {:.0} queries a second {}", pace(Step::Slow), failed(Step::Slow)),
        ),
        report(
            Step::FastAgain,
            format!("at {:.0} queries a second {}", pace(Step::FastAgain), failed(Step::FastAgain)),
        ),
        report(
            Step::Ramp,
            format!(
                "faster and faster: in the last second {}",
                sample.last_second(Step::Ramp).text("failed")
            ),
        ),
        report(
            Step::RampAgain,
            format!(
                "as fast again: in the last second {}",
                sample.last_second(Step::RampAgain).text("failed")
            ),
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn not_visible(plan: &DiagnosePlan, log: &ProbeLog, subjects: &[Subject]) -> Vec<String> {
    let mut all = Vec::new();
    let fewest = subjects
        .iter()
        .filter(|subject| subject.answers)
        .map(|subject| Sample::of(log, subject.server).udp(Step::FirstPass).count() as u64)
        .min();
    if let Some(probes) = fewest.filter(|probes| *probes > 0) {
        all.push(format!(
            "a loss of less than {} % would most likely have shown nothing in {probes} queries",
            percent(largest_unseen_share(probes, CONFIDENCE))
        ));
    }
    let fastest = subjects.iter().map(|subject| {
        let sample = Sample::of(log, subject.server);
        let pass = sample.udp(Step::FirstPass).count() as f64
            / sample.span(Step::FirstPass).as_secs_f64().max(1.0);
        let ramp = sample.last_second(Step::Ramp).trials() as f64;
        pass.max(ramp)
    });
    if let Some(slowest) = fastest.min_by(f64::total_cmp).filter(|rate| *rate > 0.0) {
        all.push(format!("a limit above {slowest:.0} queries a second was never reached"));
    }
    for (ipv6, name) in [(false, "IPv4"), (true, "IPv6")] {
        if !subjects.is_empty() && subjects.iter().all(|subject| subject.server.is_ipv6() != ipv6) {
            all.push(format!("nothing was asked over {name}"));
        }
    }
    if subjects.iter().any(|subject| subject.role == Role::Other) && plan.names.is_empty() {
        all.push(
            "whether the server answers right for its own zones: name one of them with --name, or give \
             the domain as the target"
                .to_owned(),
        );
    }
    all.push(format!(
        "what happens at other times: this run took about {} s",
        plan.duration.as_secs().max(1)
    ));
    all
}
