//! Files and standard input, for every command that reads some.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::cli_error::CliError;
use super::files::{self, Identity, Opened, Used, descriptor_of, not_opened, reason};
use super::shell::shell_word;
use super::streams::{duplicate, need_input};
use crate::names::encoding::{EncodingError, Utf8Reader};

/// An input that is open.
pub(super) struct Input {
    /// How messages call it: its path, or `standard input`.
    pub(super) label: String,
    pub(super) read: Box<dyn Read + Send>,
    /// Octets, if it is a file: the size of a pipe or a device is not known.
    pub(super) size: Option<u64>,
}

/// How messages call `path`.
pub(super) fn label_of(path: &Path) -> String {
    if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() }
}

/// Opens `path`; `-` is standard input.
///
/// # Errors
/// It cannot be opened, or is an output as well: a mistake in the command line that names it.
pub(super) fn open(path: &Path) -> Result<Input, CliError> {
    let is_standard = path == Path::new("-");
    let label = label_of(path);
    let failed = |error: io::Error| not_opened(&label, "opened", &error);
    let descriptor = if is_standard { Some(0) } else { descriptor_of(path) };
    if descriptor == Some(0) {
        need_input()?;
    }
    let given = descriptor.map(duplicate).transpose().map_err(failed)?;
    // Before it is opened: to open a FIFO takes as long as it has no writer.
    let meta = given.as_ref().map_or_else(|| path.metadata(), File::metadata).map_err(failed)?;
    if meta.is_dir() {
        return Err(CliError::usage(format!("{label}: is a directory, not a file")));
    }
    files::register(Opened {
        what: label.clone(),
        used: Used::Input,
        descriptor,
        identity: Identity::of(&meta, path),
    })?;
    let file = given.map_or_else(|| File::open(path), Ok).map_err(failed)?;
    let size = (meta.is_file() && descriptor.is_none()).then_some(meta.len());
    Ok(Input { label, read: Box::new(file), size })
}

/// The first octets in `path`, at most one more than `most`, which tells that there are more; `-` is
/// standard input.
///
/// # Errors
/// It cannot be read, or is an output as well: a mistake in the command line that names it.
pub(super) fn read_up_to(path: &Path, most: u64) -> Result<Vec<u8>, CliError> {
    let Input { label, read, .. } = open(path)?;
    let mut octets = Vec::new();
    match read.take(most + 1).read_to_end(&mut octets) {
        Ok(_) => Ok(octets),
        Err(error) => Err(CliError::usage(format!("{label}: cannot be read: {}", reason(&error)))),
    }
}

/// The text in `path`, from UTF-8 or UTF-16, without its byte order mark; `-` is standard input. What is
/// no UTF-8 stays as it is.
///
/// # Errors
/// As of [`read_up_to`], or it is no text.
pub(super) fn read_utf8(path: &Path) -> Result<Vec<u8>, CliError> {
    read_utf8_up_to(path, u64::MAX)
}

/// The text of [`read_utf8`], which ends soon behind `most` octets: more than these tell that it is longer.
///
/// # Errors
/// As of [`read_utf8`].
pub(super) fn read_utf8_up_to(path: &Path, most: u64) -> Result<Vec<u8>, CliError> {
    let mut text = Vec::new();
    let mut pieces = Pieces::open(path)?;
    while text.len() as u64 <= most
        && let Some(piece) = pieces.next()?
    {
        text.extend_from_slice(piece);
    }
    Ok(text)
}

/// The text of [`read_utf8`] a piece at a time, as it comes.
pub(super) struct Pieces {
    pub(super) label: String,
    reader: Utf8Reader,
    piece: Vec<u8>,
}

impl Pieces {
    /// Opens `path`; `-` is standard input.
    ///
    /// # Errors
    /// As of [`open`].
    pub(super) fn open(path: &Path) -> Result<Self, CliError> {
        let Input { label, read, .. } = open(path)?;
        Ok(Self { label, reader: Utf8Reader::new(read), piece: vec![0; 64 << 10] })
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// It cannot be read, or is no text.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, CliError> {
        match self.reader.read(&mut self.piece) {
            Ok(0) => Ok(None),
            Ok(read) => Ok(Some(&self.piece[..read])),
            Err(error) => Err(no_text(&self.label, &error)),
        }
    }
}

/// That an input is no text, or cannot be read, and what to do about it.
pub(super) fn no_text(label: &str, error: &EncodingError) -> CliError {
    if let EncodingError::Io(error) = error {
        return CliError::usage(format!("{label}: cannot be read: {}", reason(error)));
    }
    let cli_error = CliError::usage(format!("{label}: {error}"));
    let name = if label == "standard input" { "FILE".into() } else { shell_word(label) };
    let hint = error.hint().map(|hint| hint.replace("FILE", &name));
    hint.into_iter().fold(cli_error, CliError::hint)
}

/// All of the text in `path`; `-` is standard input.
///
/// # Errors
/// As of [`read_utf8`], or it is neither UTF-8 nor UTF-16.
pub(super) fn read_text(path: &Path) -> Result<String, CliError> {
    String::from_utf8(read_utf8(path)?).map_err(|error| {
        let line =
            1 + memchr::memchr_iter(b'\n', &error.as_bytes()[..error.utf8_error().valid_up_to()])
                .count();
        CliError::usage(format!("{}, line {line}: not UTF-8 text", path.display()))
    })
}
