//! Standard streams that are not there, and descriptors that the process was given.
//!
//! The Rust library takes a stream that is closed for an empty file: a list of no names, or a report
//! that nobody sees, and all would seem well.

use std::fs::File;
use std::io;

use super::cli_error::CliError;

/// Fails if nothing can be read from standard input.
pub(super) fn need_input() -> Result<(), CliError> {
    let sentence = "standard input is closed, or not open for reading";
    if is_useless(0) { Err(CliError::usage(sentence)) } else { Ok(()) }
}

/// Fails if nothing can be written to standard output.
pub(super) fn need_output() -> Result<(), CliError> {
    let sentence = "standard output is closed, or not open for writing";
    if is_useless(1) { Err(CliError::could_not(sentence)) } else { Ok(()) }
}

#[cfg(target_os = "linux")]
use crate::net::process::is_useless;

#[cfg(not(target_os = "linux"))]
fn is_useless(_stream: i32) -> bool {
    false
}

/// Another descriptor of what the process was given as `descriptor`: with the same position, and for
/// appending if that is. Linux would open a path like `/dev/fd/3` anew, and not at all where it is a
/// socket.
#[cfg(target_os = "linux")]
pub(super) fn duplicate(descriptor: i32) -> io::Result<File> {
    crate::net::process::duplicate(descriptor).map(File::from)
}

#[cfg(all(unix, not(target_os = "linux")))]
pub(super) fn duplicate(descriptor: i32) -> io::Result<File> {
    use std::os::fd::AsFd as _;
    match descriptor {
        0 => io::stdin().as_fd().try_clone_to_owned().map(File::from),
        1 => io::stdout().as_fd().try_clone_to_owned().map(File::from),
        2 => io::stderr().as_fd().try_clone_to_owned().map(File::from),
        // What is opened by this path is a duplicate there.
        other => File::options().read(true).write(true).open(format!("/dev/fd/{other}")),
    }
}

#[cfg(windows)]
pub(super) fn duplicate(stream: i32) -> io::Result<File> {
    use std::os::windows::io::AsHandle as _;
    match stream {
        0 => io::stdin().as_handle().try_clone_to_owned().map(File::from),
        1 => io::stdout().as_handle().try_clone_to_owned().map(File::from),
        _ => io::stderr().as_handle().try_clone_to_owned().map(File::from),
    }
}
