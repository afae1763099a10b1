//! Why a measurement could not be made.

use std::io;

use crate::crew::CrewError;
use crate::names::encoding::EncodingError;

/// Why a measurement could not be made, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// Its threads, the network side or the output failed.
    #[error(transparent)]
    Crew(#[from] CrewError),
    /// The query file cannot be read.
    #[error("{label}: cannot be read: {source}")]
    Input {
        /// What it is called.
        label: String,
        /// What the system says.
        source: io::Error,
    },
    /// The query file is no text.
    #[error("{label}: {error}")]
    Encoding {
        /// What it is called.
        label: String,
        /// What it is.
        error: EncodingError,
    },
    /// There is nothing to ask.
    #[error("{label}: contains no query{}", lines(*.bad))]
    Empty {
        /// What the query file is called.
        label: String,
        /// Lines that cannot be asked.
        bad: u64,
    },
    /// A pipe was to be read once more, and has more than is kept.
    #[error("{label}: is too long to be gone through more than once")]
    Unrepeatable {
        /// What it is called.
        label: String,
    },
}

fn lines(bad: u64) -> String {
    match bad {
        0 => String::new(),
        1 => " (1 line cannot be asked)".to_owned(),
        _ => format!(" ({bad} lines cannot be asked)"),
    }
}
