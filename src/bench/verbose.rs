//! A line for each query, as `dnsperf -v` writes it.

use std::io::Write as _;

use crate::engine::{Finished, Outcome};
use crate::wire::NameBuf;

/// Appends the line of a query: what was answered, or `T` for a timeout and `I` for an interruption;
/// what was asked; and for an answer how long it took, in seconds.
pub(super) fn write_line(finished: &Finished<'_>, out: &mut Vec<u8>) {
    let Some(attempt) = finished.attempts.last() else { return };
    let name = NameBuf::from_wire(finished.name).unwrap_or_else(|_| NameBuf::root());
    let asked = (name, finished.rtype);
    let written = match attempt.outcome {
        Outcome::Answered(answer) => {
            let seconds = answer.rtt.as_secs_f64();
            writeln!(out, "> {} {} {} {seconds:.6}", answer.rcode, asked.0, asked.1)
        }
        Outcome::Waiting | Outcome::Abandoned => writeln!(out, "> I {} {}", asked.0, asked.1),
        Outcome::NotSent(_) => Ok(()),
        _ => writeln!(out, "> T {} {}", asked.0, asked.1),
    };
    // Memory takes everything.
    debug_assert!(written.is_ok());
}
