//! Standard input and output that are not there.
//!
//! The Rust library takes a stream that is closed for an empty file: a list of no names, or a report
//! that nobody sees, and all would seem well.

use super::complaint::Complaint;

/// Fails if nothing can be read from standard input.
pub(super) fn need_input() -> Result<(), Complaint> {
    let sentence = "standard input is closed, or not open for reading";
    if is_useless(0) { Err(Complaint::usage(sentence)) } else { Ok(()) }
}

/// Fails if nothing can be written to standard output.
pub(super) fn need_output() -> Result<(), Complaint> {
    let sentence = "standard output is closed, or not open for writing";
    if is_useless(1) { Err(Complaint::could_not(sentence)) } else { Ok(()) }
}

#[cfg(target_os = "linux")]
use crate::net::process::is_useless;

#[cfg(not(target_os = "linux"))]
fn is_useless(_stream: i32) -> bool {
    false
}
