//! The register of all that a command opens, standard streams included: no output may be an input,
//! and no two outputs may be one file.
//!
//! Paths do not tell: links, `./list`, `/dev/stdout` and a redirection of the shell may all lead to one
//! file. So everything is registered by its device and inode, and compared with all that is open
//! already. The register is that of the process, as the descriptors are: nothing is opened past it
//! because it was not handed on.

use std::fs::Metadata;
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::cli_error::CliError;
use super::streams::duplicate;
use crate::net::{NO_DESCRIPTORS, is_out_of_descriptors};

/// All that this process has opened for its user.
static REGISTER: Mutex<Register> = Mutex::new(Register(Vec::new()));

/// Something that is opened.
#[derive(Debug, Clone)]
pub(super) struct Opened {
    /// How messages call it.
    pub(super) what: String,
    pub(super) used: Used,
    /// The descriptor that the process was given, if it is one.
    pub(super) descriptor: Option<i32>,
    pub(super) identity: Option<Identity>,
}

/// What it is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Used {
    Input,
    Output,
    /// Standard error, which nobody asked for.
    Notes,
}

/// What two files have in common only if they are one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Identity {
    /// Device and inode.
    #[cfg(unix)]
    File(u64, u64),
    /// Where the system has neither, the path without links.
    #[cfg(not(unix))]
    Path(std::path::PathBuf),
}

impl Identity {
    /// That of a file, a FIFO or a disk. Terminals, sockets and devices like `/dev/null` have none: with
    /// them it is common, and harmless, to read and write the same.
    #[cfg(unix)]
    pub(super) fn of(meta: &Metadata, _path: &Path) -> Option<Self> {
        use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
        let kind = meta.file_type();
        let holds_data = kind.is_file() || kind.is_fifo() || kind.is_block_device();
        holds_data.then(|| Self::File(meta.dev(), meta.ino()))
    }

    #[cfg(not(unix))]
    pub(super) fn of(meta: &Metadata, path: &Path) -> Option<Self> {
        meta.is_file().then(|| path.canonicalize().ok()).flatten().map(Self::Path)
    }
}

/// Registers what is about to be opened.
///
/// # Errors
/// It is something that is open already, and the two do not go together.
pub(super) fn register(opened: Opened) -> Result<(), CliError> {
    REGISTER.lock().unwrap_or_else(PoisonError::into_inner).add(opened)
}

/// Registers standard error, where notes go.
///
/// # Errors
/// It is something that is open already.
pub(super) fn register_notes() -> Result<(), CliError> {
    // Where it is closed, notes are lost, and that is all.
    let meta = duplicate(2).and_then(|file| file.metadata());
    register(Opened {
        what: "standard error".to_owned(),
        used: Used::Notes,
        descriptor: Some(2),
        identity: meta.ok().and_then(|meta| Identity::of(&meta, Path::new("standard error"))),
    })
}

#[derive(Debug, Default)]
struct Register(Vec<Opened>);

impl Register {
    fn add(&mut self, new: Opened) -> Result<(), CliError> {
        match self.0.iter().find(|old| new.clashes(old)) {
            Some(old) => Err(clash(old, &new)),
            None => {
                self.0.push(new);
                Ok(())
            }
        }
    }
}

impl Opened {
    fn clashes(&self, other: &Self) -> bool {
        let same_descriptor = self.descriptor.is_some() && self.descriptor == other.descriptor;
        let same_file = self.identity.is_some() && self.identity == other.identity;
        match (self.used, other.used) {
            // A list may be read twice, a stream only once.
            (Used::Input, Used::Input) => same_descriptor,
            (Used::Input, _) | (_, Used::Input) => same_file,
            // That notes go where `2>&1` or `--stats /dev/stderr` puts them is what the user wants.
            (Used::Notes, _) | (_, Used::Notes) if same_descriptor => false,
            _ if self.descriptor.is_some() && other.descriptor.is_some() => same_descriptor,
            _ => same_file,
        }
    }
}

fn clash(old: &Opened, new: &Opened) -> CliError {
    let (first, second) = (&old.what, &new.what);
    let (input, output) = match (old.used, new.used) {
        (Used::Input, Used::Input) => {
            return CliError::usage(format!("{second} is given twice, but can be read only once"));
        }
        (Used::Input, _) => (old, new),
        (_, Used::Input) => (new, old),
        _ => {
            let sentence =
                format!("{first} and {second} are the same file, where their contents would mix");
            return CliError::usage(sentence).hint("give each its own file");
        }
    };
    let (input, output) = (&input.what, &output.what);
    CliError::usage(format!(
        "{output} is the same file as the input, {input}: the output would overwrite it"
    ))
    .hint("write to another file; it can replace the input afterwards")
}

/// The descriptor of this process that a path names, such as `/dev/stdout` or `/dev/fd/3`.
pub(super) fn descriptor_of(path: &Path) -> Option<i32> {
    if !cfg!(unix) {
        return None;
    }
    let number = match path.to_str()? {
        "/dev/stdin" => "0",
        "/dev/stdout" => "1",
        "/dev/stderr" => "2",
        path => path.strip_prefix("/dev/fd/").or_else(|| path.strip_prefix("/proc/self/fd/"))?,
    };
    let digits = !number.is_empty() && number.bytes().all(|octet| octet.is_ascii_digit());
    number.parse().ok().filter(|_| digits)
}

/// A path could not be opened: a mistake in the command line that names it, or a lack of something.
pub(super) fn not_opened(what: &str, verb: &str, error: &io::Error) -> CliError {
    let sentence = format!("{what}: cannot be {verb}: {}", reason(error));
    if is_out_of_descriptors(error) {
        return CliError::could_not(sentence);
    }
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => CliError::could_not(sentence),
        _ => CliError::usage(sentence),
    }
}

/// What the system says, without the number that it has for it.
pub(super) fn reason(error: &io::Error) -> String {
    if is_out_of_descriptors(error) {
        return NO_DESCRIPTORS.to_owned();
    }
    let text = error.to_string();
    match text.rsplit_once(" (os error ") {
        Some((reason, _)) => reason.to_owned(),
        None => text,
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn opened(used: Used, descriptor: Option<i32>, inode: Option<u64>) -> Opened {
        let identity = inode.map(|inode| Identity::File(1, inode));
        Opened { what: format!("{used:?} {descriptor:?} {inode:?}"), used, descriptor, identity }
    }

    #[test]
    fn only_what_would_destroy_or_mix_files_clashes() {
        use Used::{Input, Notes, Output};
        for (one, other, clashes) in [
            ((Input, None, Some(1)), (Input, None, Some(1)), false),
            ((Input, Some(0), None), (Input, Some(0), None), true),
            ((Input, None, Some(1)), (Output, None, Some(1)), true),
            ((Input, None, Some(1)), (Output, None, Some(2)), false),
            ((Input, Some(0), Some(1)), (Output, Some(1), Some(1)), true),
            // A terminal, or /dev/null.
            ((Input, Some(0), None), (Output, Some(1), None), false),
            ((Input, None, Some(1)), (Notes, Some(2), Some(1)), true),
            ((Output, None, Some(1)), (Output, None, Some(1)), true),
            ((Output, None, Some(1)), (Notes, Some(2), Some(1)), true),
            ((Output, Some(1), Some(1)), (Output, None, Some(1)), true),
            // Two options, and one terminal.
            ((Output, Some(1), None), (Output, Some(1), None), true),
            // 2>&1
            ((Output, Some(1), Some(1)), (Notes, Some(2), Some(1)), false),
            ((Output, Some(1), Some(1)), (Output, Some(2), Some(1)), false),
            ((Output, Some(2), Some(1)), (Notes, Some(2), Some(1)), false),
        ] {
            let build = |(used, descriptor, inode)| opened(used, descriptor, inode);
            for (first, second) in [(one, other), (other, one)] {
                let mut register = Register::default();
                register.add(build(first)).unwrap();
                let added = register.add(build(second));
                assert_eq!(added.is_err(), clashes, "{first:?}, {second:?}");
            }
        }
    }

    #[test]
    fn descriptors_are_known_by_their_paths() {
        for (path, descriptor) in [
            ("/dev/stdin", Some(0)),
            ("/dev/stdout", Some(1)),
            ("/dev/stderr", Some(2)),
            ("/dev/fd/13", Some(13)),
            ("/proc/self/fd/3", Some(3)),
            ("/dev/fd/", None),
            ("/dev/fd/+1", None),
            ("/dev/fd/1/x", None),
            ("/dev/null", None),
            ("stdout", None),
        ] {
            assert_eq!(descriptor_of(Path::new(path)), descriptor, "{path}");
        }
    }
}
