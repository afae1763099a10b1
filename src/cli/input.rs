//! Files and standard input as octets, and standard output, for the commands that convert.

use std::io::{self, Read as _, Write as _};
use std::path::Path;

use anyhow::Context as _;

use super::complaint::Complaint;
use super::streams::need_input;

/// Everything in `file`; `-` is standard input.
///
/// # Errors
/// The file cannot be read: a mistake in the command line that names it.
pub(super) fn read_all(file: &Path) -> Result<Vec<u8>, Complaint> {
    let (read, what) = if file == Path::new("-") {
        need_input()?;
        let mut octets = Vec::new();
        let read = io::stdin().lock().read_to_end(&mut octets).map(|_| octets);
        (read, "standard input".to_owned())
    } else {
        (std::fs::read(file), format!("'{}'", file.display()))
    };
    read.map_err(|error| Complaint::usage(format!("cannot read {what}: {error}")))
}

/// Writes all of `octets` to standard output.
///
/// # Errors
/// The disk is full, or nobody reads any more.
pub fn write_output(octets: &[u8]) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout
        .write_all(octets)
        .and_then(|()| stdout.flush())
        .context("cannot write to standard output")
}
