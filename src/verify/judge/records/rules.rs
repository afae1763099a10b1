//! All that is to be said of the expected records.

use super::case::Case;
use super::{caa, caches, cname, dkim, presence};
use crate::judge::catalog::FindingId;
use crate::judge::finding::{Finding, finish};
use crate::judge::provider::Hosting;
use crate::judge::server::registry::{not_delegated, undelegated};
use crate::verify::judge::observations::RecordObservations;

/// The findings about records.
pub(in crate::verify::judge) fn findings(observed: &RecordObservations<'_>) -> Vec<Finding> {
    let evidence = observed.evidence;
    let hosting = |subject: &str| Hosting::of_subject(&evidence.log.walk, subject);
    if let Some(registry) = undelegated(&evidence.log.walk, &evidence.plan.domain) {
        return finish(
            vec![not_delegated(&evidence.log.walk, &evidence.plan.domain, &registry)],
            0,
            hosting,
        );
    }
    let mut drafts = Vec::new();
    for status in &observed.statuses {
        let case = Case { observed, status };
        drafts.extend(presence::judge(case));
        drafts.extend(caches::judge(case));
        drafts.extend(cname::judge(case));
        drafts.extend(caa::judge(case));
    }
    drafts.extend(cname::unreachable_targets(observed));
    drafts.extend(dkim::judge(observed));
    let parked = drafts.iter().any(|draft| draft.id() == FindingId::DomainNotDelegated);
    if parked {
        // That nothing is there follows from it.
        drafts.retain(|draft| draft.id() != FindingId::RecordMissing);
    }
    finish(drafts, observed.statuses.len(), hosting)
}
