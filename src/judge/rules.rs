//! What servers and the ways to them do wrong, in the order of judging.
//!
//! One cause is told once: an address that never answers is not also called lame, a path that loses
//! is not also called a lossy server. `Explained` says what each rule need not wonder about any
//! more.

use super::explained::Explained;
use super::finding::{Draft, Finding, finish};
use super::observations::Observations;
use super::provider::Hosting;
use super::{host, path, server};
use crate::probe::ProbeLog;

/// One rule: looks at what was seen and at what is explained already, and adds to both.
type Rule = fn(&Observations<'_>, &mut Explained, &mut Vec<Draft>);

/// The rules in order: what explains others comes before what it explains.
const RULES: [Rule; 14] = [
    server::reach::judge,
    server::edns::judge_plain_only,
    server::lame::judge,
    server::serials::judge,
    server::delegation::judge,
    path::size::judge,
    path::loss::judge,
    server::tcp::judge,
    server::edns::judge_edns,
    server::edns::judge_cookies,
    server::conformance::judge,
    path::late::judge,
    host::drops::judge,
    host::absence::judge,
];

/// What is to be told of servers, paths and this machine.
pub fn findings(log: &ProbeLog) -> Vec<Finding> {
    let observed = Observations::new(log);
    let mut explained = Explained::default();
    let mut drafts = Vec::new();
    for rule in RULES {
        rule(&observed, &mut explained, &mut drafts);
    }
    finish(drafts, 0, |subject| Hosting::of_subject(&log.walk, subject))
}
