//! Why a scan could not be carried out.

use std::io;

use crate::crew::CrewError;
use crate::names::encoding::EncodingError;
use crate::names::list_format::WrongListFormat;

/// Why a scan could not be carried out, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// Its threads, the network side or the output failed.
    #[error(transparent)]
    Crew(#[from] CrewError),
    /// The input cannot be read.
    #[error("{label}: cannot be read after line {line}: {source}")]
    Input {
        /// What the input is called.
        label: String,
        /// The last line that was read.
        line: u64,
        /// What the system says.
        source: io::Error,
    },
    /// The input is no text.
    #[error("{label}: {error}")]
    Encoding {
        /// What the input is called.
        label: String,
        /// What it is.
        error: EncodingError,
    },
    /// The input does not look like a list of names.
    #[error("{label}: {wrong_format}")]
    WrongListFormat {
        /// What the input is called.
        label: String,
        /// What it looks like.
        wrong_format: WrongListFormat,
    },
}
