//! The accounting of an engine.

/// What became of the exchanges and attempts of an engine.
///
/// At any time `submitted` is the sum of `answered`, `truncated`, `timed_out`, `unreachable`,
/// `cancelled` and `open`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Exchanges taken.
    pub submitted: u64,
    /// Exchanges that ended with a response, whatever it said.
    pub answered: u64,
    /// Exchanges that ended with no more than a truncated response, because TCP failed.
    pub truncated: u64,
    /// Exchanges that ended without a response after at least one timeout.
    pub timed_out: u64,
    /// Exchanges of which no attempt could be delivered.
    pub unreachable: u64,
    /// Exchanges that were cancelled.
    pub cancelled: u64,
    /// Exchanges that have not ended.
    pub open: u64,
    /// Attempts handed to the driver.
    pub attempts: u64,
    /// Those of them that were the engine's own: trials of servers, and controls.
    pub own_attempts: u64,
    /// Messages that answer no attempt: unmatched ones, forgeries, and what came too late.
    pub unmatched: u64,
    /// Exchanges that went to TCP because messages came that were not answers: perhaps somebody
    /// forges answers.
    pub suspected: u64,
}
