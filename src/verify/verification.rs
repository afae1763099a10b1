//! Everything that there is to judge of a verification.

use super::plan::VerifyPlan;
use crate::probe::ProbeLog;

/// What was to be found out, and what was asked and came back.
#[derive(Debug)]
pub struct Verification {
    /// What was to be found out.
    pub plan: VerifyPlan,
    /// What was asked and what came back.
    pub log: ProbeLog,
}
