//! What servers and the ways to them do wrong, in the order of judging.
//!
//! One cause is told once: an address that never answers is not also called lame, a path that loses
//! is not also called a lossy server. [`Explained`] says what each judge need not wonder about any
//! more.

use super::explained::Explained;
use super::finding::{Finding, finish};
use super::observations::Observations;
use super::{host, path, server};
use crate::probe::log::ProbeLog;

/// What is to be told of servers and paths.
pub(crate) fn findings(evidence: &ProbeLog) -> Vec<Finding> {
    let observed = Observations::new(evidence);
    let mut explained = Explained::default();
    let mut findings = Vec::new();
    server::reach::judge(&observed, &mut explained, &mut findings);
    server::edns::judge_plain_only(&observed, &mut explained, &mut findings);
    server::lame::judge(&observed, &mut explained, &mut findings);
    server::serials::judge(&observed, &mut explained, &mut findings);
    server::delegation::judge(&observed, &explained, &mut findings);
    path::size::judge(&observed, &mut explained, &mut findings);
    path::loss::judge(&observed, &mut explained, &mut findings);
    server::tcp::judge(&observed, &explained, &mut findings);
    server::edns::judge_edns(&observed, &explained, &mut findings);
    server::edns::judge_cookies(&observed, &explained, &mut findings);
    server::conformance::judge(&observed, &explained, &mut findings);
    host::local::judge(&observed, &mut findings);
    finish(findings)
}
