//! The exit statuses of all commands, and what each of them means.

/// Fine: verified, healthy, done.
pub(in crate::cli) const FINE: u8 = 0;
/// A problem was found.
pub(in crate::cli) const PROBLEM: u8 = 1;
/// A command line, or a file that it names, that makes no sense.
pub(in crate::cli) const USAGE: u8 = 2;
/// Could not be done, or not be told.
pub(in crate::cli) const COULD_NOT: u8 = 3;
/// Nobody reads the output any more: what shells say of a program that SIGPIPE ends.
pub(in crate::cli) const CLOSED: u8 = 141;
