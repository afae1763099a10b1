//! Losses that do not follow what was asked: by the path, by the rate, in bursts, one by one, or because
//! responses come too late. Structure beats symptom: what has a pattern is not also told as loss.

use serde_json::{Value, json};

use super::context::{Context, Examined};
use crate::diagnose::sample::{Seen, lost, p_value};
use crate::diagnose::task::{Asked, Step};
use crate::judge::actor::Actor;
use crate::judge::catalog::FindingId;
use crate::judge::finding::Draft;
use crate::judge::severity::Severity;
use crate::stats::{CONFIDENCE, Interval, Proportion, SIGNIFICANCE, Transitions};

/// How much more suspected ports have to lose than others, when both are tried again.
const PATH_EFFECT: f64 = 0.2;
/// The share that a bad port loses, at least.
const BAD_PORT: f64 = 0.3;
/// The same where a port loses nearly all.
const DEAD_PORT: f64 = 0.9;
/// How much more of the fast queries than of the slow ones must fail.
const RATE_EFFECT: f64 = 0.1;
/// Empty truncated responses from which on they are told.
const SLIPS: u64 = 3;
/// Lower ends of the interval of the loss, from which on it is a warning, and an error.
const WARNS: f64 = 0.005;
const ERRS: f64 = 0.05;
/// How much likelier a loss must be right after another one, and the losses that it takes to say so.
const BURSTY: f64 = 3.0;
const ENOUGH_LOST: u64 = 6;
const BURSTY_P: f64 = 1e-4;
/// Tests per server.
const TESTS: usize = 4;
/// The share of the losses that came after all, from which on the responses are late and not lost.
const COME_LATE: f64 = 0.5;
const ENOUGH_LATE: u64 = 3;

pub(super) fn judge(context: &mut Context<'_>, findings: &mut Vec<Draft>) {
    let significance = context.significance(TESTS);
    let rules: [fn(&Examined<'_>, f64) -> Option<Draft>; 4] = [by_path, by_rate, late, plain];
    let mut own = Vec::new();
    for server in context.servers.iter_mut().filter(|server| !server.is_explained) {
        if let Some(draft) = rules.iter().find_map(|rule| rule(server, significance)) {
            server.is_explained = draft.severity() > Severity::Notice;
            own.push((server.subject.server, draft));
        }
    }
    let is_plain = |draft: &Draft| {
        draft.severity() > Severity::Notice
            && matches!(draft.id(), FindingId::Loss | FindingId::LossBursty)
    };
    // What all servers have is most likely where all paths are one.
    let everywhere = own.len() > 1
        && own.len() == context.servers.len()
        && own.iter().all(|(_, draft)| is_plain(draft));
    if everywhere {
        findings.push(near_this_machine(
            context,
            own.iter().any(|(_, draft)| draft.id() == FindingId::LossBursty),
        ));
        return;
    }
    findings.extend(own.into_iter().map(|(_, draft)| draft));
}

fn by_path(server: &Examined<'_>, significance: f64) -> Option<Draft> {
    let [suspected, others] = server.sample.repeats();
    let effect = suspected.share()? - others.share().unwrap_or(0.0);
    let p_value = p_value(suspected, others);
    if effect < PATH_EFFECT || p_value > significance {
        return None;
    }
    let ports = server.sample.by_socket(&[Step::FirstPass, Step::SecondLook, Step::PortRepeat]);
    let share = |lost: &Proportion| lost.share().unwrap_or(0.0);
    let bad = ports.values().filter(|lost| share(lost) >= BAD_PORT).count();
    let dead = ports.values().filter(|lost| share(lost) >= DEAD_PORT).count();
    let tried = ports.len();
    let label = &server.label;
    let again = format!(
        "asked again, ports that had lost something lost it again ({}), the others did not ({})",
        suspected.text("lost"),
        others.text("lost")
    );
    let draft = if (bad, dead) == (1, 1) {
        server
            .draft(FindingId::OnePortDead, Severity::Warning)
            .who(Actor::Local)
            .summary(format!("{label}: one of {tried} source ports gets no responses; {again}"))
            .fault("one port of this machine gets no responses, while other ports do")
            .action("look at the router or firewall on your side")
            .advice(
                "look at the address translation or firewall on your side: it holds a stale entry for \
                 this port; until that expires, other ports work",
            )
    } else {
        let Interval { low, high } = Proportion::new(bad as u64, tried as u64).interval(CONFIDENCE);
        let of = |share: f64| (1.0 / share.max(1e-3)).round().max(1.0);
        let estimate = of(bad as f64 / tried.max(1) as f64);
        let how = if dead * 2 > bad { "lose nearly all" } else { "lose a part" };
        server
            .draft(FindingId::LossPathDependent, Severity::Error)
            .summary(format!(
                "{label}: whether a response comes depends on the source port, and so on the path that \
                 the packets take: {bad} of {tried} ports {how}; {again}; about 1 path of {estimate:.0} \
                 is bad (95 %: 1 of {:.0} to 1 of {:.0})",
                of(high),
                of(low)
            ))
            .fault(format!("one of several network paths to {label} drops packets"))
            .action(format!("send this report to whoever runs {label} and to your network provider"))
            .advice(format!(
                "send this report to whoever runs {label} and to your network provider: one of several \
                 parallel links (or one machine behind a load balancer) on the path drops packets"
            ))
    };
    let by_port: Vec<Value> = ports
        .iter()
        .filter(|(_, lost)| share(lost) >= BAD_PORT)
        .map(|(socket, lost)| json!({"socket": socket.0, "asked": lost.trials(), "lost": lost.hits()}))
        .collect();
    Some(
        draft
            .evidence("ports_tried", tried)
            .evidence("ports_bad", bad)
            .evidence("bad_ports", by_port)
            .evidence("suspected_asked", suspected.trials())
            .evidence("suspected_lost", suspected.hits())
            .evidence("others_asked", others.trials())
            .evidence("others_lost", others.hits())
            .evidence("p_value", p_value),
    )
}

fn by_rate(server: &Examined<'_>, significance: f64) -> Option<Draft> {
    let sample = &server.sample;
    let [fast, slow, again] = sample.by_rate();
    let share = |it: Proportion| it.share().unwrap_or(0.0);
    let fails = |fast: Proportion, slow: Proportion| {
        fast.trials() > 0
            && slow.trials() > 0
            && share(fast) - share(slow) >= RATE_EFFECT
            && p_value(fast, slow) <= significance
    };
    let answered = |all: Proportion, seconds: f64| {
        ((all.trials() - all.hits()) as f64 / seconds.max(1e-3)).round()
    };
    let (fast, slow, rate) = if fails(fast, slow) && fails(again, slow) {
        let all = Proportion::new(fast.hits() + again.hits(), fast.trials() + again.trials());
        (all, slow, answered(fast, sample.span(Step::FirstPass).as_secs_f64()))
    } else {
        // The ramp: the same as before at the pace of the first pass, and twice not where it ended.
        let [last, again] = [Step::Ramp, Step::RampAgain].map(|step| sample.last_second(step));
        if !(fails(last, fast) && fails(again, fast)) {
            return None;
        }
        let all = Proportion::new(last.hits() + again.hits(), last.trials() + again.trials());
        (all, fast, answered(again, 1.0))
    };
    let label = &server.label;
    let slips = sample.slips();
    let as_rrl = if slips >= SLIPS {
        format!(", {slips} of them answered with TC alone, as with response rate limiting")
    } else {
        String::new()
    };
    Some(
        server
            .draft(FindingId::RateLimited, Severity::Warning)
            .summary(format!(
                "{label}: fast queries fail ({}{as_rrl}), slower ones do not ({}), and fast ones after \
                 them fail again; about {rate:.0} a second are answered",
                fast.text("failed"),
                slow.text("failed"),
            ))
            .fault(format!("{label} answers only so many queries a second"))
            .action(format!("ask whoever runs {label} whether the limit is meant for you"))
            .advice(format!(
                "ask whoever runs {label} to raise the limit if you send that many queries; otherwise \
                 nothing is lost by it"
            ))
            .evidence("fast_asked", fast.trials())
            .evidence("fast_failed", fast.hits())
            .evidence("slow_asked", slow.trials())
            .evidence("slow_failed", slow.hits())
            .evidence("truncated", slips)
            .evidence("answers_per_second", rate),
    )
}

/// Queries whose loss says something about the path. What a resolver has to ask others for may be lost
/// behind it.
fn of_path<'s, 'p>(server: &'s Examined<'p>, step: Step) -> impl Iterator<Item = &'s Seen<'p>> {
    let recursive = server.is_recursive();
    server.sample.udp(step).filter(move |seen| !recursive || seen.task.asked == Asked::Known)
}

fn both_passes(server: &Examined<'_>) -> [Proportion; 2] {
    [Step::FirstPass, Step::SecondLook].map(|step| lost(of_path(server, step)))
}

/// Whether the share is above a limit in the first pass, and stays so with the second one.
fn is_above(server: &Examined<'_>, limit: f64) -> bool {
    let [first, second] = both_passes(server);
    let all = Proportion::new(first.hits() + second.hits(), first.trials() + second.trials());
    let low = |lost: Proportion| lost.interval(CONFIDENCE).low;
    second.hits() > 0 && low(first) > limit && low(all) > limit
}

/// Responses that came when nobody waited for them any more: they are not lost.
fn late(server: &Examined<'_>, _: f64) -> Option<Draft> {
    let [first, second] = both_passes(server);
    let (missed, asked) = (first.hits() + second.hits(), first.trials() + second.trials());
    let late = server.other_responses.late;
    if late < ENOUGH_LATE || (late as f64) < COME_LATE * missed as f64 || !is_above(server, WARNS) {
        return None;
    }
    let label = &server.label;
    Some(
        server
            .draft(FindingId::LateAnswers, Severity::Warning)
            .summary(format!(
                "{label}: responses come so late that those who ask have given up: {}",
                Proportion::new(late.min(asked), asked).text("late"),
            ))
            .fault(format!("responses from {label} come too late"))
            .action(format!("ask whoever runs {label} why it answers so slowly"))
            .advice(format!(
                "ask whoever runs {label} why it answers so slowly; for programs, a late response is a \
                 lost one"
            ))
            .evidence("asked", asked)
            .evidence("late", late),
    )
}

fn plain(server: &Examined<'_>, _: f64) -> Option<Draft> {
    let [first, second] = both_passes(server);
    let all = Proportion::new(first.hits() + second.hits(), first.trials() + second.trials());
    if all.hits() == 0 {
        return None;
    }
    let severity = if is_above(server, ERRS) {
        Severity::Error
    } else if is_above(server, WARNS) {
        Severity::Warning
    } else {
        Severity::Notice
    };
    let mut order = Transitions::default();
    for step in [Step::FirstPass, Step::SecondLook] {
        order.observe(&of_path(server, step).map(Seen::is_lost).collect::<Vec<bool>>());
    }
    let (after_loss, after_arrival) = (order.lost_after_loss(), order.lost_after_arrival());
    let share = |it: Proportion| it.share().unwrap_or(0.0);
    let is_bursty = all.hits() >= ENOUGH_LOST
        && order.independence() <= BURSTY_P
        && share(after_loss) >= BURSTY * share(after_arrival);
    let label = &server.label;
    let draft = if severity == Severity::Notice {
        server
            .draft(FindingId::Loss, severity)
            .who(Actor::Nobody)
            .summary(format!(
                "{label}: {}; too little to call it a fault, and not nothing",
                all.text("lost")
            ))
            .fault(format!("few responses from {label} get lost"))
            .advice("run it again with a larger --budget if it matters")
    } else if is_bursty {
        let draft = server
            .draft(FindingId::LossBursty, severity)
            .summary(format!(
                "{label}: responses get lost in bursts: {}; right after a loss {}",
                all.text("lost"),
                after_loss.text("lost, too"),
            ))
            .fault(format!("{label} is unreachable for moments"))
            .action(format!("ask whoever runs {label} about short outages"))
            .advice(format!(
                "ask whoever runs {label} about short outages (a link or a machine that comes and \
                 goes), and run this again to see whether they go on"
            ))
            .evidence("after_a_loss", after_loss.trials())
            .evidence("lost_after_a_loss", after_loss.hits());
        match order.gilbert_elliott() {
            Some(model) => draft
                .evidence("mean_bad_queries", model.bad_length())
                .evidence("lost_in_bad_share", model.loss_in_bad),
            None => draft,
        }
    } else {
        server
            .draft(FindingId::Loss, severity)
            .summary(format!(
                "{label}: responses over UDP get lost: {}; it depends neither on the source port nor on \
                 the rate, and comes one by one",
                all.text("lost")
            ))
            .fault(format!("some responses from {label} get lost"))
            .action(format!("send this report to whoever runs {label}, and try another network"))
            .advice(format!(
                "send this report to whoever runs {label}, and run it again from another network, to \
                 see on which side the packets get lost"
            ))
    };
    Some(draft.evidence("asked", all.trials()).evidence("lost", all.hits()))
}

fn near_this_machine(context: &Context<'_>, bursty: bool) -> Draft {
    let sums = context.servers.iter().map(both_passes);
    let (lost, asked) = sums.fold((0, 0), |(lost, asked), [first, second]| {
        (lost + first.hits() + second.hits(), asked + first.trials() + second.trials())
    });
    let share = Proportion::new(lost, asked);
    let id = if bursty { FindingId::LossBursty } else { FindingId::Loss };
    let low = share.interval(1.0 - 2.0 * SIGNIFICANCE).low;
    let severity = if low > ERRS { Severity::Error } else { Severity::Warning };
    let count = context.servers.len();
    Draft::new(id, severity, "every server asked")
        .who(Actor::Local)
        .servers(context.servers.iter().map(|server| server.subject.server))
        .summary(format!(
            "responses get lost at all {count} addresses asked: {}; so the loss is most likely near \
             this machine",
            share.text("lost")
        ))
        .fault("responses from every server get lost, most likely near this machine")
        .action("look at your own network, and run this again from another one")
        .advice(
            "look at your own network first, and run this again from another one before you ask anyone \
             else",
        )
        .evidence("asked", asked)
        .evidence("lost", lost)
}
