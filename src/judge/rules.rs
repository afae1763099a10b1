//! What servers and the ways to them do wrong, in the order of judging.
//!
//! One cause is told once: an address that never answers is not also called lame, a path that loses
//! is not also called a lossy server. [`Explained`] says what each judge need not wonder about any
//! more.

use super::explained::Explained;
use super::finding::Finding;
use super::observations::Scene;
use super::{host, path, server};
use crate::probe::log::Evidence;

/// What is to be told of servers and paths.
pub(crate) fn findings(evidence: &Evidence) -> Vec<Finding> {
    let scene = Scene::new(evidence);
    let mut explained = Explained::default();
    let mut findings = Vec::new();
    server::reach::judge(&scene, &mut explained, &mut findings);
    server::edns::judge_plain_only(&scene, &mut explained, &mut findings);
    server::lame::judge(&scene, &mut explained, &mut findings);
    server::serials::judge(&scene, &mut explained, &mut findings);
    server::delegation::judge(&scene, &explained, &mut findings);
    path::size::judge(&scene, &mut explained, &mut findings);
    path::loss::judge(&scene, &mut explained, &mut findings);
    server::tcp::judge(&scene, &explained, &mut findings);
    server::edns::judge_edns(&scene, &explained, &mut findings);
    server::edns::judge_cookies(&scene, &explained, &mut findings);
    server::conformance::judge(&scene, &explained, &mut findings);
    host::local::judge(&scene, &mut findings);
    findings
}
