//! Why a crew could not do its work.

use std::io;

use crate::net::NetError;

/// Why a crew could not do its work, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum CrewError {
    /// The network side failed.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The output cannot be written.
    #[error("{label}: cannot be written after {}: {source}", extent(*.lines, *.torn))]
    Output {
        /// What the output is called.
        label: String,
        /// Whole lines that were written.
        lines: u64,
        /// Whether a part of another line was.
        torn: bool,
        /// What the system says.
        source: io::Error,
    },
    /// The system gives no thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] io::Error),
    /// The system gives no event loop.
    #[error("cannot set up an event loop: {0}")]
    Runtime(#[source] io::Error),
    /// A thread ended without a word.
    #[error("a thread of this program failed")]
    Panic,
}

/// How much was written.
fn extent(lines: u64, torn: bool) -> String {
    let lines = if lines == 1 { "1 whole line".into() } else { format!("{lines} whole lines") };
    if torn { format!("{lines} and a part of the next") } else { lines }
}
