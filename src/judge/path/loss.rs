//! Queries that get lost: by the path, by the rate, in bursts, or just so.
//!
//! What the tests of one run say is corrected for their number together, after Holm; and the
//! shares that are told lie above their threshold with a confidence that allows for the number of
//! addresses.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::engine::SocketId;
use crate::judge::actor::Actor;
use crate::judge::catalog::FindingId;
use crate::judge::explained::Explained;
use crate::judge::finding::Draft;
use crate::judge::observations::{Observations, ServerObservations};
use crate::judge::severity::Severity;
use crate::judge::writing::AtFault;
use crate::probe::purpose::{Experiment, Purpose};
use crate::probe::sample::{Contrast, LossTally, ProbeOutcome};
use crate::stats::{Interval, Proportion, RunsTest, SIGNIFICANCE, Transitions, holm};
use crate::wire::NameBuf;

/// Shares of loss that are worth a warning, and those that do harm.
const WARNING: f64 = 0.005;
const ERROR: f64 = 0.05;
/// A port that loses so much loses nearly all.
const NEARLY_ALL: f64 = 0.8;
/// Losses from which on their order says something.
const BURSTS: u64 = 6;
/// How likely a loss must be right after another one to be called a burst, and how much likelier
/// than any loss.
const BURST: f64 = 0.3;
const LIKELIER: f64 = 2.0;
/// Addresses that all lose something, from which on it is more likely near us.
const EVERYWHERE: usize = 4;
/// Truncated small answers that show a limit on the rate at work.
const SLIPS: u64 = 3;

/// What the loss at one address depends on.
enum Cause {
    Path(Contrast),
    Rate([Contrast; 2]),
    Bursts(Transitions),
    /// Nothing that was found.
    Unknown,
}

/// An address that loses, and what is said of it.
struct Lossy<'s, 'e> {
    server: SocketAddr,
    host: &'s ServerObservations<'e>,
    zone: NameBuf,
    cause: Cause,
    severity: Severity,
    p_value: f64,
}

/// An address with some loss, and the tests that it allows.
struct Case<'s, 'e> {
    server: SocketAddr,
    host: &'s ServerObservations<'e>,
    suspects_against_controls: Option<Contrast>,
    by_rate: Option<[Contrast; 2]>,
    order: Option<Transitions>,
    /// In the order of the above.
    p_values: [f64; 3],
}

pub(crate) fn judge(
    observed: &Observations<'_>,
    explained: &mut Explained,
    findings: &mut Vec<Draft>,
) {
    let cases: Vec<Case<'_, '_>> = observed
        .servers
        .iter()
        .filter(|(server, _)| {
            !explained.is_silent(**server) && !explained.plain_only.contains(server)
        })
        .filter_map(|(server, host)| case(*server, host))
        .collect();
    let p_values: Vec<f64> = cases.iter().flat_map(|case| case.p_values).collect();
    let corrected = holm(&p_values);
    let mut found: Vec<Lossy<'_, '_>> = Vec::new();
    for (case, p_values) in cases.into_iter().zip(corrected.chunks(3)) {
        found.extend(conclude(observed, case, p_values));
    }
    // What is left beside a cause that was found is no news.
    found.retain(|lossy| lossy.severity > Severity::Notice || !explained.is_lossy(lossy.server));
    explained.lossy.extend(
        found.iter().filter(|lossy| lossy.severity > Severity::Notice).map(|lossy| lossy.server),
    );
    findings.extend(one_port(observed, &mut found));
    findings.extend(everywhere(observed, &mut found));
    let mut groups: BTreeMap<(&str, Severity, NameBuf), (FindingId, Vec<Lossy<'_, '_>>)> =
        BTreeMap::new();
    for lossy in found {
        let id = lossy.id();
        let (_, group) = groups
            .entry((id.as_str(), lossy.severity, lossy.zone))
            .or_insert_with(|| (id, Vec::new()));
        group.push(lossy);
    }
    for ((_, severity, zone), (id, group)) in groups {
        findings.push(finding(observed, id, severity, &zone, &group));
    }
}

/// What is known of the loss at an address; `None` if there is none, or only late answers.
fn case<'s, 'e>(server: SocketAddr, host: &'s ServerObservations<'e>) -> Option<Case<'s, 'e>> {
    let sample = &host.sample;
    let not_lost = host.other_responses.late;
    let hindered = sample
        .outcomes
        .iter()
        .filter(|(_, outcome)| *outcome == ProbeOutcome::RateLimitSlip)
        .count() as u64
        + sample.tally().lost;
    // Whoever has never answered may not be there at all.
    let never_heard = host.udp.answered + host.tcp.answered == 0;
    if hindered <= not_lost || never_heard {
        return None;
    }
    let compared =
        |contrast: &Contrast| contrast.suspected.asked() > 0 && contrast.others.asked() > 0;
    let suspects_against_controls = Some(sample.suspects_against_controls()).filter(compared);
    let by_rate = Some(sample.by_rate())
        .filter(|[first, second]| compared(first) && compared(second) && sample.was_fast_again());
    // Slow queries are further apart, and would make the bursts look shorter.
    let outcomes: Vec<bool> = sample
        .outcomes
        .iter()
        .filter(|(probe, _)| probe.query.purpose != Purpose::Experiment(Experiment::Rate))
        .map(|(_, outcome)| *outcome == ProbeOutcome::Lost)
        .collect();
    let lost = outcomes.iter().filter(|lost| **lost).count() as u64;
    let order = (lost >= BURSTS && lost < outcomes.len() as u64).then(|| {
        let mut transitions = Transitions::default();
        transitions.observe(&outcomes);
        transitions
    });
    let p_values = [
        suspects_against_controls.map_or(1.0, Contrast::p_value),
        by_rate.map_or(1.0, |[first, second]| first.p_value().max(second.p_value())),
        order.map_or(1.0, |_| RunsTest::of(&outcomes).clustered),
    ];
    Some(Case { server, host, suspects_against_controls, by_rate, order, p_values })
}

fn conclude<'s, 'e>(
    observed: &Observations<'_>,
    case: Case<'s, 'e>,
    p_values: &[f64],
) -> Option<Lossy<'s, 'e>> {
    let Case { server, host, suspects_against_controls, by_rate, order, p_values: raw } = case;
    let zone = observed.zone_of(host);
    let lossy =
        |cause, severity, p_value| Some(Lossy { server, host, zone, cause, severity, p_value });
    let [by_path_p, by_rate_p, by_order_p] = p_values else { return None };
    if let Some(contrast) = suspects_against_controls
        && *by_path_p <= SIGNIFICANCE
        && contrast.is_worth_telling()
    {
        return lossy(Cause::Path(contrast), Severity::Error, raw[0]);
    }
    if let Some(contrasts) = by_rate
        && *by_rate_p <= SIGNIFICANCE
        && contrasts.iter().all(|contrast| contrast.is_better_slow())
    {
        return lossy(Cause::Rate(contrasts), Severity::Warning, raw[1]);
    }
    let share = lost_of(host);
    // Each address is a test of its own; the lower limit alone errs with half of the rest.
    let confidence = 1.0 - 2.0 * SIGNIFICANCE / observed.servers.len().max(1) as f64;
    let low = share.interval(confidence).low;
    let severity = match low {
        low if low > ERROR => Severity::Error,
        low if low > WARNING => Severity::Warning,
        _ if share.hits() == 0 => return None,
        _ => Severity::Notice,
    };
    if let Some(order) = order
        && *by_order_p <= SIGNIFICANCE
        && severity > Severity::Notice
        && let (Some(after), Some(all)) = (order.lost_after_loss().share(), order.lost().share())
        && after >= BURST
        && after >= LIKELIER * all
    {
        return lossy(Cause::Bursts(order), severity, raw[2]);
    }
    lossy(Cause::Unknown, severity, 1.0)
}

/// What was lost, without what came late.
fn lost_of(host: &ServerObservations<'_>) -> Proportion {
    let LossTally { lost, answered } = host.sample.tally();
    let not_lost = host.other_responses.late.min(lost);
    Proportion::new(lost - not_lost, lost + answered)
}

impl Lossy<'_, '_> {
    fn id(&self) -> FindingId {
        match self.cause {
            Cause::Path(_) => FindingId::LossPathDependent,
            Cause::Rate(_) => FindingId::RateLimited,
            Cause::Bursts(_) => FindingId::LossBursty,
            Cause::Unknown => FindingId::Loss,
        }
    }

    /// Ports that lose nearly all, and those that were tried.
    fn ports(&self) -> (Vec<SocketId>, usize) {
        let sockets = self.host.sample.by_socket();
        let bad = sockets.iter().filter(|(_, tally)| tally.share() >= NEARLY_ALL);
        (bad.map(|(socket, _)| *socket).collect(), sockets.len())
    }
}

/// One and the same port that is dead at several servers: then the fault is at this end, for paths
/// are chosen by the other end's address, too.
fn one_port(observed: &Observations<'_>, found: &mut Vec<Lossy<'_, '_>>) -> Option<Draft> {
    let mut by_socket: BTreeMap<SocketId, Vec<SocketAddr>> = BTreeMap::new();
    for lossy in found.iter().filter(|lossy| matches!(lossy.cause, Cause::Path(_))) {
        if let ([socket], _) = (&lossy.ports().0[..], ()) {
            by_socket.entry(*socket).or_default().push(lossy.server);
        }
    }
    let (socket, servers) = by_socket.into_iter().find(|(_, servers)| servers.len() > 1)?;
    let of_port = |lossy: &Lossy<'_, '_>| lossy.host.sample.by_socket().get(&socket).copied();
    let tallies = found.iter().filter(|lossy| servers.contains(&lossy.server));
    let (lost, asked) = tallies
        .filter_map(of_port)
        .fold((0, 0), |(lost, asked), tally| (lost + tally.lost, asked + tally.asked()));
    found.retain(|lossy| !servers.contains(&lossy.server));
    let port = observed.log.ports.get(&socket).copied();
    let name =
        port.map_or_else(|| "one local port".to_owned(), |port| format!("local port {port}"));
    let count = servers.len();
    Some(
        Draft::new(FindingId::OnePortDead, Severity::Warning, name.clone())
            .servers(servers)
            .summary(format!(
                "{name} gets no responses from {count} servers that answer all other ports: {}",
                Proportion::new(lost, asked).text("lost")
            ))
            .fault(format!("{name} of this machine gets no responses, while other ports do"))
            .action("look at the router or firewall on your side")
            .advice(
                "look at the address translation or firewall on your side: it holds a stale entry \
                 for this port; until that expires, other ports work"
                    .to_owned(),
            )
            .evidence("port", port)
            .evidence("asked", asked)
            .evidence("lost", lost),
    )
}

/// Where every address that was asked loses, the loss is most likely where all ways are one.
fn everywhere(observed: &Observations<'_>, found: &mut Vec<Lossy<'_, '_>>) -> Option<Draft> {
    let here = |lossy: &Lossy<'_, '_>| {
        matches!(lossy.cause, Cause::Unknown | Cause::Bursts(_))
            && lossy.severity > Severity::Notice
    };
    let zones: BTreeSet<NameBuf> =
        found.iter().filter(|lossy| here(lossy)).map(|lossy| lossy.zone).collect();
    let count = found.iter().filter(|lossy| here(lossy)).count();
    if count < EVERYWHERE || zones.len() < 2 || count < observed.servers.len() {
        return None;
    }
    let all: Vec<Lossy<'_, '_>> = std::mem::take(found);
    let bursty = all.iter().any(|lossy| matches!(lossy.cause, Cause::Bursts(_)));
    let severity = all.iter().map(|lossy| lossy.severity).max().unwrap_or(Severity::Warning);
    let servers: Vec<SocketAddr> = all.iter().map(|lossy| lossy.server).collect();
    let id = if bursty { FindingId::LossBursty } else { FindingId::Loss };
    let share = total(&all);
    let zones = zones.len();
    Some(
        Draft::new(id, severity, "every server asked".to_owned())
            .who(Actor::Local)
            .servers(servers)
            .summary(format!(
                "responses get lost at all {count} addresses of {zones} unrelated zones: {}; so the \
                 loss is most likely near this machine",
                share.text("lost")
            ))
            .fault("responses from every server get lost, most likely near this machine")
            .action("look at your own network, and run this again from another one")
            .advice(
                "look at your own network first, and run this again from another one before you \
                 ask anyone else"
                    .to_owned(),
            )
            .evidence("asked", share.trials())
            .evidence("lost", share.hits())
            .evidence("by_server", by_server(&all)),
    )
}

fn total(group: &[Lossy<'_, '_>]) -> Proportion {
    let shares = group.iter().map(|lossy| lost_of(lossy.host));
    let (lost, asked) =
        shares.fold((0, 0), |(lost, asked), share| (lost + share.hits(), asked + share.trials()));
    Proportion::new(lost, asked)
}

fn by_server(group: &[Lossy<'_, '_>]) -> Value {
    let each = group.iter().map(|lossy| {
        let share = lost_of(lossy.host);
        let interval = share.interval(crate::stats::CONFIDENCE);
        json!({
            "server": lossy.server.to_string(),
            "asked": share.trials(),
            "lost": share.hits(),
            "low_share": interval.low,
            "high_share": interval.high,
        })
    });
    each.collect()
}

fn finding(
    observed: &Observations<'_>,
    id: FindingId,
    severity: Severity,
    zone: &NameBuf,
    group: &[Lossy<'_, '_>],
) -> Draft {
    let servers: Vec<SocketAddr> = group.iter().map(|lossy| lossy.server).collect();
    let who = observed.who(zone, &servers);
    let names = observed.at_fault(zone, &servers);
    let share = total(group);
    let p_value = group.iter().map(|lossy| lossy.p_value).fold(0.0, f64::max);
    let draft = Draft::new(id, severity, zone.to_string())
        .who(observed.operator(zone))
        .servers(servers)
        .evidence("asked", share.trials())
        .evidence("lost", share.hits())
        .evidence("by_server", by_server(group));
    let draft = match id {
        FindingId::LossPathDependent => by_path(draft, &who, &names, group),
        FindingId::RateLimited => by_rate(draft, &who, &names, group),
        FindingId::LossBursty => in_bursts(draft, &who, &names, share, group),
        _ => return unexplained(draft, &who, &names, share, group),
    };
    draft.evidence("p_value", p_value)
}

fn by_path(draft: Draft, who: &str, names: &AtFault, group: &[Lossy<'_, '_>]) -> Draft {
    let contrasts = || {
        group.iter().filter_map(|lossy| match lossy.cause {
            Cause::Path(contrast) => Some(contrast),
            _ => None,
        })
    };
    let suspected = contrasts().map(|contrast| contrast.suspected);
    let suspected = sum(suspected);
    let others = sum(contrasts().map(|contrast| contrast.others));
    let ports: Vec<(Vec<SocketId>, usize)> = group.iter().map(Lossy::ports).collect();
    let bad: usize = ports.iter().map(|(bad, _)| bad.len()).sum();
    let tried: usize = ports.iter().map(|(_, tried)| tried).sum();
    // Ports that lose only a part of what they carry cannot be told from others by a few losses.
    let (bad_text, paths) = if suspected.share() >= NEARLY_ALL {
        let share = Proportion::new(bad as u64, tried as u64);
        let of = |share: f64| (1.0 / share.max(1e-3)).round().max(1.0);
        let Interval { low, high } = share.interval(crate::stats::CONFIDENCE);
        let estimate = of(share.share().unwrap_or(1.0));
        (
            format!("{bad} of {tried} ports lose nearly all; "),
            format!(
                "about 1 path of {estimate:.0} is bad (95 %: 1 of {:.0} to 1 of {:.0})",
                of(low),
                of(high)
            ),
        )
    } else {
        (String::new(), "some paths lose far more than others".to_owned())
    };
    draft
        .summary(format!(
            "{who}: whether a response comes depends on the source port, and so on the path that the \
             packets take: {bad_text}asked again, ports that had lost something lost it again ({}), \
             the others did not ({}); {paths}",
            Proportion::new(suspected.lost, suspected.asked()).text("lost"),
            Proportion::new(others.lost, others.asked()).text("lost"),
        ))
        .fault(format!("one of several network paths to {names} drops packets"))
        .action(format!("send this report to whoever runs {names} and to your network provider"))
        .advice(format!(
            "send this report to whoever runs {names} and to your network provider: one of several \
             parallel links (or one machine behind a load balancer) on the path drops packets"
        ))
        .evidence("ports_tried", tried)
        .evidence("ports_bad", bad)
        .evidence("suspected_asked", suspected.asked())
        .evidence("suspected_lost", suspected.lost)
        .evidence("others_asked", others.asked())
        .evidence("others_lost", others.lost)
}

fn sum(tallies: impl Iterator<Item = LossTally>) -> LossTally {
    tallies.fold(LossTally::default(), |sum, tally| LossTally {
        lost: sum.lost + tally.lost,
        answered: sum.answered + tally.answered,
    })
}

fn by_rate(draft: Draft, who: &str, names: &AtFault, group: &[Lossy<'_, '_>]) -> Draft {
    let contrasts = || {
        group.iter().filter_map(|lossy| match lossy.cause {
            Cause::Rate(contrasts) => Some(contrasts),
            _ => None,
        })
    };
    let before = sum(contrasts().map(|[first, _]| first.suspected));
    let after = sum(contrasts().map(|[_, second]| second.suspected));
    let slow = sum(contrasts().map(|[first, _]| first.others));
    let fast = sum([before, after].into_iter());
    let tc_slips: u64 = group
        .iter()
        .flat_map(|lossy| &lossy.host.sample.outcomes)
        .filter(|(_, outcome)| *outcome == ProbeOutcome::RateLimitSlip)
        .count() as u64;
    let rates: Vec<f64> =
        group.iter().filter_map(|lossy| lossy.host.sample.answers_a_second()).collect();
    let rate = rates.iter().copied().fold(f64::INFINITY, f64::min);
    let about = if rate.is_finite() {
        format!("; about {rate:.0} a second are answered")
    } else {
        String::new()
    };
    let slips = if tc_slips >= SLIPS {
        format!(
            ", {tc_slips} of them answered with TC alone, as servers with response rate limiting do"
        )
    } else {
        String::new()
    };
    draft
        .summary(format!(
            "{who}: fast queries fail ({}{slips}), slow ones do not ({}), and fast ones after them \
             fail again{about}",
            Proportion::new(fast.lost, fast.asked()).text("failed"),
            Proportion::new(slow.lost, slow.asked()).text("failed"),
        ))
        .fault(format!(
            "{names} {} only so many queries a second",
            names.verb("answers", "answer")
        ))
        .action(format!("ask whoever runs {names} to raise the limit if large resolvers are hit"))
        .advice(format!(
            "nothing, as long as the service asks now and then; if resolvers with many users are hit, \
             ask whoever runs {names} to raise the limit on responses"
        ))
        .evidence("fast_asked", fast.asked())
        .evidence("fast_failed", fast.lost)
        .evidence("slow_asked", slow.asked())
        .evidence("slow_failed", slow.lost)
        .evidence("truncated", tc_slips)
        .evidence("answers_per_second", rate.is_finite().then_some(rate))
}

fn in_bursts(
    draft: Draft,
    who: &str,
    names: &AtFault,
    share: Proportion,
    group: &[Lossy<'_, '_>],
) -> Draft {
    let orders = || {
        group.iter().filter_map(|lossy| match lossy.cause {
            Cause::Bursts(order) => Some(order),
            _ => None,
        })
    };
    let (hits, trials) = orders()
        .map(|order| order.lost_after_loss())
        .fold((0, 0), |(hits, trials), after| (hits + after.hits(), trials + after.trials()));
    let after = Proportion::new(hits, trials);
    let model = orders().find_map(|order| order.gilbert_elliott());
    let draft = draft
        .summary(format!(
            "{who}: responses get lost in bursts: {}; right after a loss {}",
            share.text("lost"),
            after.text("lost, too"),
        ))
        .fault(format!("{names} {} unreachable for moments", names.verb("is", "are")))
        .action(format!("ask whoever runs {names} about short outages"))
        .advice(format!(
            "ask whoever runs {names} about short outages (a link or a machine that comes and \
             goes), and run this again to see whether they go on"
        ))
        .evidence("after_a_loss", after.trials())
        .evidence("lost_after_a_loss", after.hits());
    match model {
        Some(model) => draft
            .evidence("mean_bad_questions", model.bad_length())
            .evidence("lost_in_bad_share", model.loss_in_bad),
        None => draft,
    }
}

fn unexplained(
    draft: Draft,
    who: &str,
    names: &AtFault,
    share: Proportion,
    group: &[Lossy<'_, '_>],
) -> Draft {
    let asked_slowly = group.iter().all(|lossy| {
        let mut outcomes = lossy.host.sample.outcomes.iter();
        outcomes.any(|(probe, _)| probe.query.purpose == Purpose::Experiment(Experiment::Rate))
    });
    if draft.severity() == Severity::Notice {
        return draft
            .summary(format!(
                "{who}: {}; too little to call it a fault, and not nothing",
                share.text("lost")
            ))
            .who(Actor::Nobody)
            .fault(format!("few responses from {names} get lost"))
            .advice("check again with a larger --repeat if it matters");
    }
    let only_tcp =
        group.iter().all(|lossy| !lossy.host.answers_over_udp() && lossy.host.tcp.answered > 0);
    let depends = match asked_slowly {
        _ if only_tcp => "; nothing is answered over UDP, while TCP works",
        true => "; it depends neither on the source port nor on the rate, and comes one by one",
        false => "; its cause was not isolated",
    };
    draft
        .summary(format!("{who}: responses over UDP get lost: {}{depends}", share.text("lost")))
        .fault(format!("some responses from {names} get lost"))
        .action(format!(
            "send this report to whoever runs {names}, and check again from another network"
        ))
        .advice(format!(
            "send this report to whoever runs {names}, and check again from another network, to see \
             on which side the packets get lost"
        ))
}
