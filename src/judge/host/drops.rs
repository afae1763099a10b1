//! Messages that our own system lost.

use crate::engine::Outcome;
use crate::judge::catalog::FindingId;
use crate::judge::explained::Explained;
use crate::judge::finding::Draft;
use crate::judge::observations::Observations;
use crate::judge::severity::Severity;

pub(crate) fn judge(observed: &Observations<'_>, _: &mut Explained, findings: &mut Vec<Draft>) {
    findings.extend(dropped(observed));
}

fn dropped(observed: &Observations<'_>) -> Option<Draft> {
    let overflow = observed.log.local.receive_overflow;
    // Where a whole family cannot be used, nothing was dropped: there is no way there.
    let not_sent = observed.log.probes.iter().filter(|probe| {
        matches!(probe.outcome(), Some(Outcome::NotSent(_)))
            && observed.family_works(probe.query.server.is_ipv6())
    });
    let not_sent = not_sent.count() as u64;
    if overflow + not_sent == 0 {
        return None;
    }
    let subject = "this machine".to_owned();
    Some(
        Draft::new(FindingId::LocalDrops, Severity::Warning, subject)
            .summary(format!(
                "this machine dropped {overflow} responses for want of room and did not send \
                 {not_sent} queries; both are left out of all other figures"
            ))
            .fault("this machine could not send or take all packets")
            .action("run it again while the machine is less busy")
            .advice(
                "run it again while the machine is less busy, and see whether a local firewall \
                 stands in the way"
                    .to_owned(),
            )
            .evidence("receive_overflow", overflow)
            .evidence("not_sent", not_sent),
    )
}
