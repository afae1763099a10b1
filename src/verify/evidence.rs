//! Everything that there is to judge of a verification.

use super::plan::Plan;
use crate::probe::ProbeLog;

/// What was to be found out, and what was asked and came back.
#[derive(Debug)]
pub struct Evidence {
    /// What was to be found out.
    pub plan: Plan,
    /// What was asked and what came back.
    pub log: ProbeLog,
}
