//! What is to be said of the expected records: part A of the findings.
//!
//! [`Facts`] sorts what was seen; each of the other files has one subject:
//!
//! - `presence`: there, not there, there on some servers, there now and then.
//! - `elsewhere`: not there, but close: under another name, as another type, in another zone.
//! - `value`: there, and not as it should be.
//! - `alias`: what aliases lead to.
//! - `dkim`: keys.
//! - `caches`: what recursive servers have instead.
//!
//! Only answers that a resolver would take count for or against a record. Silence, SERVFAIL and a
//! server without the zone are matters of servers and paths, and told there.
//!
//! One finding is ours alone, `ses-zone-differs`: SES gives newer regions and accounts a zone of
//! their own for their keys, and who verifies with the tokens alone does not name it. If the
//! published alias leads to the same token in another zone, and *the servers of that zone have a
//! text there*, then that is where SES has the key: the record is right, and the finding a notice.
//! If the user did name the zone, the record differs from what SES asked for: a warning.

mod alias;
mod caches;
mod dkim;
mod elsewhere;
mod presence;
mod value;

use crate::judge::catalog::FindingId;
use crate::judge::finding::finish;
use std::net::SocketAddr;

use super::facts::{Facts, Standing};
use super::writing::{line_for, provider, subject};
use crate::judge::finding::Finding;
use crate::report::finding::RecordState;
use crate::verify::undelegated::undelegated;
use crate::wire::NameBuf;

/// One record that is judged.
#[derive(Clone, Copy)]
struct Case<'c, 'e> {
    facts: &'c Facts<'e>,
    standing: &'c Standing<'e>,
}

impl Case<'_, '_> {
    fn zone(&self) -> NameBuf {
        self.standing.zone_or_parent()
    }

    fn subject(&self) -> String {
        subject(self.standing.expectation)
    }

    /// What to enter in the zone of the record.
    fn line(&self) -> Option<String> {
        line_for(self.standing.expectation, &self.zone())
    }

    /// The DNS provider of the zone, in words.
    fn provider(&self) -> String {
        provider(self.facts.evidence, &self.zone())
    }

    /// The addresses that said anything of the record.
    fn told(&self) -> Vec<SocketAddr> {
        self.standing.at(|state| state != RecordState::Unknown)
    }
}

/// The findings about records.
pub(super) fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    let evidence = facts.evidence;
    if let Some(registry) = undelegated(&evidence.log.walk, &evidence.plan.domain) {
        return finish(vec![elsewhere::not_delegated(facts, &registry)]);
    }
    let mut drafts = Vec::new();
    for standing in &facts.standings {
        let case = Case { facts, standing };
        drafts.extend(presence::judge(case));
        drafts.extend(caches::judge(case));
        drafts.extend(alias::judge(case));
    }
    drafts.extend(alias::unreachable_targets(facts));
    drafts.extend(dkim::judge(facts));
    let parked = drafts.iter().any(|draft| draft.id() == FindingId::DomainNotDelegated);
    if parked {
        // That nothing is there follows from it.
        drafts.retain(|draft| draft.id() != FindingId::RecordMissing);
    }
    finish(drafts)
}
