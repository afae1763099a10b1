//! What commands write: standard output, and the files that options name.
//!
//! A file that an option names is opened early, so that everything wrong with it is said before
//! anything is sent, and is replaced late, with the first octet that is written: a command that fails before
//! leaves it as it was. It is written in place, not beside and renamed: links, permissions and whoever
//! follows the file keep it, and FIFOs and devices can be written likewise.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use anyhow::Context as _;

use super::cli_error::CliError;
use super::exit::FINE;
use super::files::{self, Identity, Opened, Used, descriptor_of, not_opened};
use super::streams::{duplicate, need_output};
use crate::report::printable::printable;

/// An output that is open.
#[derive(Debug)]
pub(super) struct Target {
    /// How messages call it: its path, or `standard output`.
    pub(super) label: String,
    file: File,
    /// Nothing has been written, and what the file held before is still in it.
    untouched: AtomicBool,
    /// Without links; only if it was not there before.
    created: Option<PathBuf>,
}

/// Opens what `option` names for writing; `-` is standard output.
///
/// # Errors
/// It cannot be written, or is an input or another output: a mistake in the command line.
pub(super) fn create(option: &str, path: &Path) -> Result<Arc<Target>, CliError> {
    let is_standard = path == Path::new("-");
    let label = if is_standard { "standard output".to_owned() } else { path.display().to_string() };
    let what = format!("{option} {}", path.display());
    match if is_standard { Some(1) } else { descriptor_of(path) } {
        Some(descriptor) => given(what, label, descriptor),
        None => named(what, label, path),
    }
}

/// Standard output as it is by default.
///
/// # Errors
/// It cannot be written, or is an input or another output.
pub(super) fn standard() -> Result<Arc<Target>, CliError> {
    let label = "standard output".to_owned();
    given(label.clone(), label, 1)
}

/// A descriptor that the process was given. What it holds is left to whoever opened it.
fn given(what: String, label: String, descriptor: i32) -> Result<Arc<Target>, CliError> {
    if descriptor == 1 {
        need_output()?;
    }
    let failed = |error: io::Error| not_opened(&label, "written", &error);
    let file = duplicate(descriptor).map_err(failed)?;
    let identity = Identity::of(&file.metadata().map_err(failed)?, Path::new(&label));
    let descriptor = Some(descriptor);
    files::register(Opened { what, used: Used::Output, descriptor, identity })?;
    Ok(Arc::new(Target { label, file, untouched: AtomicBool::new(false), created: None }))
}

fn named(what: String, label: String, path: &Path) -> Result<Arc<Target>, CliError> {
    let register = |meta: &fs::Metadata| {
        let identity = Identity::of(meta, path);
        files::register(Opened { what, used: Used::Output, descriptor: None, identity })
    };
    match path.metadata() {
        Ok(meta) => {
            if meta.is_dir() {
                return Err(CliError::usage(format!("{label}: is a directory, not a file")));
            }
            // Before it is opened: to open a FIFO takes as long as it has no reader.
            register(&meta)?;
            let file = File::options().write(true).open(path);
            let file = file.map_err(|error| not_opened(&label, "written", &error))?;
            let untouched = AtomicBool::new(meta.is_file());
            Ok(Arc::new(Target { label, file, untouched, created: None }))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let file = File::options().write(true).create(true).truncate(false).open(path);
            let file = file.map_err(|error| not_created(&label, path, &error))?;
            let meta = file.metadata().map_err(|error| not_opened(&label, "created", &error))?;
            let created = path.canonicalize().ok();
            let untouched = AtomicBool::new(true);
            let target = Target { label, file, untouched, created };
            register(&meta)?;
            Ok(Arc::new(target))
        }
        Err(error) => Err(not_opened(&label, "created", &error)),
    }
}

fn not_created(label: &str, path: &Path, error: &io::Error) -> CliError {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() && !parent.exists() => {
            let parent = parent.display();
            CliError::usage(format!("{label}: cannot be created: there is no directory {parent}"))
        }
        _ => not_opened(label, "created", error),
    }
}

impl Target {
    /// Takes away what the file held before, unless that has been done.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn replace(&self) -> io::Result<()> {
        // A file that was empty is left as it is: once a file has been cut to nothing, some file
        // systems (ext4) write all of it out when it is closed, and the caller waits for that.
        if self.untouched.swap(false, Relaxed) && self.file.metadata()?.len() > 0 {
            return self.file.set_len(0);
        }
        Ok(())
    }
}

impl Write for &Target {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.replace()?;
        (&self.file).write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A command that fails before it writes leaves no empty file behind.
impl Drop for Target {
    fn drop(&mut self) {
        if let Some(path) = &self.created
            && *self.untouched.get_mut()
        {
            let _ = fs::remove_file(path);
        }
    }
}

/// Writes to a target, from whichever thread.
pub(super) struct Writer(pub(super) Arc<Target>);

impl Write for Writer {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        (&*self.0).write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Nobody reads an output any more: the reader has seen enough, and nothing is said of it.
#[derive(Debug, thiserror::Error)]
#[error("the reader of the output has closed it")]
pub(super) struct Closed;

/// Whether [`print`] is at work, or waits for whoever reads.
static PRINTING: AtomicBool = AtomicBool::new(false);

/// Whether standard output is being written.
pub(super) fn is_printing() -> bool {
    PRINTING.load(Relaxed)
}

/// Writes to standard output.
///
/// # Errors
/// It cannot be written, or nobody reads it any more ([`Closed`]).
pub(super) fn print(octets: &[u8]) -> anyhow::Result<ExitCode> {
    PRINTING.store(true, Relaxed);
    let mut stdout = io::stdout().lock();
    let outcome = stdout.write_all(octets).and_then(|()| stdout.flush());
    PRINTING.store(false, Relaxed);
    printed(outcome)
}

/// Writes lines of text to standard output, with nothing in them that takes hold of a terminal.
pub(super) fn print_text(text: &str) -> anyhow::Result<ExitCode> {
    let lines: String = text.lines().map(|line| format!("{}\n", printable(line))).collect();
    print(lines.as_bytes())
}

/// What it means that standard output was written, or was not.
pub(super) fn printed(outcome: io::Result<()>) -> anyhow::Result<ExitCode> {
    written("standard output", outcome).map(|()| ExitCode::from(FINE))
}

/// What it means that an output was written, or was not.
pub(super) fn written(label: &str, outcome: io::Result<()>) -> anyhow::Result<()> {
    match outcome {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Closed.into()),
        outcome => outcome.with_context(|| format!("{label} cannot be written")),
    }
}

/// Replaces a file as a whole, so that there is always the old one or the new one.
///
/// # Errors
/// What the system says; the file is as it was then.
pub(super) fn replace_whole(path: &Path, octets: &[u8]) -> io::Result<()> {
    let path = behind_links(path);
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    builder.prefix(".dnsonde-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut new = builder.tempfile_in(directory.unwrap_or(Path::new(".")))?;
    if let Ok(meta) = path.metadata() {
        new.as_file().set_permissions(meta.permissions())?;
    }
    new.write_all(octets)?;
    new.as_file().sync_all()?;
    new.persist(&path).map(|_| ()).map_err(|error| error.error)
}

/// What a path leads to, which need not exist: a link stays, and is not replaced itself.
fn behind_links(path: &Path) -> PathBuf {
    /// As many as Linux follows.
    const LINKS: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        match path.read_link() {
            Ok(to) => path = path.parent().map_or_else(|| to.clone(), |parent| parent.join(&to)),
            Err(_) => break,
        }
    }
    path
}
