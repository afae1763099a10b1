//! The command line: arguments, exit codes, progress. One file a command.
//!
//! Arguments become a resolved plan in one step, and the plan is carried out in another, so that
//! everything that is wrong with a command line is said before anything is sent.
//!
//! Machine output goes to standard output and nothing else does; notes and progress go to standard
//! error. Exit status: 0 fine, 1 a problem was found, 2 usage error, 3 could not tell, 141 whoever read the
//! output has closed it.

mod bench;
mod candidates;
mod cli_error;
mod commands;
mod completions;
mod decode;
mod demo;
pub mod diagnose;
mod event_loop;
mod exit;
mod files;
mod input;
mod intent;
mod interrupts;
mod limits;
mod man;
mod neighbours;
mod notes;
mod output;
mod playground;
mod progress;
mod query;
mod report;
mod report_error;
mod rrcheck;
mod run_scan;
mod scan;
mod servers;
mod session_progress;
mod shell;
mod streams;
mod style;
mod summary;
mod terminal_line;
pub mod verify;

pub use commands::main;
