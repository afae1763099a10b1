//! Files and standard input as octets, and standard output, for the commands that convert.

use std::io::{self, Read as _, Write as _};
use std::path::Path;

use anyhow::Context as _;

/// Everything in `file`; `-` is standard input.
///
/// # Errors
/// The file cannot be read; the error names it.
pub fn read_all(file: &Path) -> anyhow::Result<Vec<u8>> {
    let mut octets = Vec::new();
    if file == Path::new("-") {
        io::stdin().lock().read_to_end(&mut octets).context("cannot read standard input")?;
    } else {
        octets =
            std::fs::read(file).with_context(|| format!("cannot read '{}'", file.display()))?;
    }
    Ok(octets)
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
