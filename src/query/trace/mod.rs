//! The way from the root to a name, with what every server on it says.
//!
//! A [`TracePlan`] goes in, a [`WalkReport`] comes out, and [`write_text`] or [`write_json`] shows it.
//! It concludes nothing: what is shown is what servers said.

mod json;
mod text;

use std::net::SocketAddr;

use crate::engine::{self, Attempt, EngineConfig};
use crate::net::{Driver, NetError, Options};
use crate::probe;
use crate::report::reason::write_reason;
use crate::walk::{
    Hints, NameServer, PathEnd, ResponseFault, ResponseKind, ResponseOutcome, ServerResponse,
    Source, Walk, WalkConfig, WalkReport,
};
use crate::wire::{Flags, NameBuf, RecordType};

pub use json::write_json;
pub use text::write_text;

/// What to go for, and how.
#[derive(Debug, Clone)]
pub struct TracePlan {
    /// The name.
    pub name: NameBuf,
    /// The type.
    pub rtype: RecordType,
    /// The servers of the root.
    pub hints: Hints,
    /// How zones are walked.
    pub walk: WalkConfig,
    /// How each exchange is carried out.
    pub engine: EngineConfig,
}

/// Carries out a plan. Must be called in a current-thread tokio runtime with I/O and time enabled.
///
/// # Errors
/// The network side cannot work at all. That a server, or all, do not answer is no error.
pub async fn run(plan: TracePlan) -> Result<WalkReport, NetError> {
    let mut driver = Driver::open(plan.engine, &[], &Options::default())?;
    let mut walk = Walk::new(driver.now(), plan.name, plan.rtype, &plan.hints, plan.walk);
    probe::run(&mut driver, &mut walk, &mut |_| {}).await?;
    Ok(walk.into_report())
}

/// Whether the name, and all that it is an alias of, was found out about.
pub fn is_complete(report: &WalkReport) -> bool {
    !report.cut_short
        && report
            .paths
            .iter()
            .all(|path| path.end == PathEnd::Reached && path.cname_fault.is_none())
}

/// What a server says, in a few words.
fn words(report: &WalkReport, answer: &ServerResponse) -> String {
    match &answer.outcome {
        ResponseOutcome::Reply(reading) => match &reading.kind {
            ResponseKind::Answer => "answer".into(),
            ResponseKind::Cname(target) => format!("CNAME {target}"),
            ResponseKind::NoData => "no such record".into(),
            ResponseKind::NxDomain => "no such name".into(),
            ResponseKind::Referral(referral) => format!("referral to {}", referral.ns.name),
            ResponseKind::Fault(fault) => fault_words(*fault),
        },
        ResponseOutcome::Silent(engine::Failure::Unreachable) => "cannot be reached".into(),
        ResponseOutcome::Silent(_) => {
            truncated(report, answer).unwrap_or_else(|| "no response".into())
        }
        ResponseOutcome::NotAsked(why) => why.clone(),
        ResponseOutcome::Skipped => "skipped: no earlier response".into(),
    }
}

/// What TCP did, where an answer was truncated over UDP.
fn truncated(report: &WalkReport, answer: &ServerResponse) -> Option<String> {
    let attempts = &report.evidence.exchanges.get(answer.exchange?)?.attempts;
    let mut answers = attempts.iter().filter_map(Attempt::answer);
    if !answers.any(|answer| answer.flags.contains(Flags::TC)) {
        return None;
    }
    let mut text = Vec::new();
    write_reason(attempts, true, &mut text);
    String::from_utf8(text).ok()
}

fn fault_words(fault: ResponseFault) -> String {
    match fault {
        ResponseFault::Malformed => "malformed response".into(),
        ResponseFault::Truncated => "truncated response".into(),
        ResponseFault::Rcode(rcode) => rcode.to_string(),
        ResponseFault::NotAuthoritative => "not authoritative".into(),
        ResponseFault::UpwardReferral => "upward referral".into(),
    }
}

/// Where an address comes from, each source once.
fn sources(sources: &[Source]) -> Vec<&'static str> {
    let mut words = Vec::new();
    for source in sources {
        let word = match source {
            Source::Hint => "hint",
            Source::Glue(_) => "glue",
            Source::Authoritative => "authoritative",
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// Why a name server has no address, as far as it was looked for.
fn no_address(server: &NameServer) -> Option<String> {
    if !server.addresses.is_empty() {
        return None;
    }
    let failed = server.lookups.iter().find_map(|lookup| lookup.outcome.as_ref().err());
    Some(failed.map_or_else(|| "it has none".into(), ToString::to_string))
}

/// The round-trip time of an answer, in microseconds.
fn rtt_us(report: &WalkReport, answer: &ServerResponse) -> Option<u64> {
    let rtt = report.evidence.exchanges.get(answer.exchange?)?.rtt()?;
    u64::try_from(rtt.as_micros()).ok()
}

/// Things with the servers that say them, in the order of their first saying.
fn grouped<T: PartialEq>(
    said: impl IntoIterator<Item = (T, SocketAddr)>,
) -> Vec<(T, Vec<SocketAddr>)> {
    let mut groups: Vec<(T, Vec<SocketAddr>)> = Vec::new();
    for (what, server) in said {
        match groups.iter_mut().find(|(known, _)| *known == what) {
            Some((_, servers)) => servers.push(server),
            None => groups.push((what, vec![server])),
        }
    }
    groups
}
