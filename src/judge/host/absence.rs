//! Times in which this program, or the machine, could not see what came when.

use crate::judge::catalog::FindingId;
use crate::judge::explained::Explained;
use crate::judge::finding::{Draft, times};
use crate::judge::observations::Observations;
use crate::judge::severity::Severity;
use crate::net::AbsenceCounts;

pub(crate) fn judge(observed: &Observations<'_>, _: &mut Explained, findings: &mut Vec<Draft>) {
    let absences = &observed.log.local.absences;
    let left_out = observed.log.probes.iter().filter(|probe| probe.absent).count() as u64;
    findings.extend(stall(absences, left_out));
    findings.extend(step(absences, left_out));
}

fn stall(absences: &AbsenceCounts, left_out: u64) -> Option<Draft> {
    let AbsenceCounts { stalls, stalled, suspensions, suspended, .. } = *absences;
    let stopped = (stalls > 0).then(|| {
        format!(
            "this program did not run for {:.1} s in all, {}",
            stalled.as_secs_f64(),
            times(stalls)
        )
    });
    let slept = (suspensions > 0).then(|| {
        let seconds = suspended.as_secs_f64();
        format!("this machine was suspended for {seconds:.1} s in all, {}", times(suspensions))
    });
    let what: Vec<String> = [stopped, slept].into_iter().flatten().collect();
    if what.is_empty() {
        return None;
    }
    Some(
        Draft::new(FindingId::LocalStall, Severity::Warning, "this machine".to_owned())
            .summary(format!(
                "{}; the {left_out} queries that were on their way then are left out of all other \
                 figures",
                what.join(", and ")
            ))
            .fault("this machine was suspended or too busy during the check")
            .action("run it again while the machine is less busy")
            .advice("run it again while the machine is less busy, and is not suspended".to_owned())
            .evidence("stalls", stalls)
            .evidence("stalled_ms", stalled.as_millis() as u64)
            .evidence("suspensions", suspensions)
            .evidence("suspended_ms", suspended.as_millis() as u64)
            .evidence("left_out", left_out),
    )
}

fn step(absences: &AbsenceCounts, left_out: u64) -> Option<Draft> {
    let steps = absences.clock_steps;
    if steps == 0 {
        return None;
    }
    Some(
        Draft::new(FindingId::ClockStep, Severity::Notice, "this machine".to_owned())
            .summary(format!(
                "the clock of this machine was set {} during the run; queries that were on their way \
                 then are left out of all other figures",
                times(steps)
            ))
            .fault("the clock of this machine was set during the check")
            .advice("see why the clock is set in steps: a time service slews it".to_owned())
            .evidence("clock_steps", steps)
            .evidence("left_out", left_out),
    )
}
