//! What cannot be measured as it was asked for: other options of dnsperf, and options that contradict
//! each other.

use std::path::Path;

use super::args::{Args, Format, Mode};
use crate::cli::cli_error::CliError;

/// Queries that have an ID at the same time on one socket.
const MOST_OF_CLIENT: u32 = 32_768;

/// Servers that are compared with each other: more pairs than those show nothing any more.
const MOST_SERVERS: usize = 16;

/// Queries that can be in flight at once.
pub(super) fn most_in_flight(args: &Args) -> u32 {
    // The servers share its IDs.
    u32::from(args.clients) * MOST_OF_CLIENT
        / u32::try_from(args.servers.len()).unwrap_or(u32::MAX).max(1)
}

/// Refuses, in one sentence, what cannot be measured.
pub(super) fn refuse(args: &Args) -> Result<(), CliError> {
    let error = |sentence: &str| Err(CliError::usage(sentence));
    if args.updates {
        return error("-u is not supported: dynamic updates are not measured");
    }
    if args.tsig.is_some() {
        return error("-y is not supported: queries are sent without TSIG");
    }
    let mode = match args.mode {
        Mode::Udp | Mode::Tcp => None,
        Mode::Dot => Some("dot"),
        Mode::Doh => Some("doh"),
        Mode::Doq => Some("doq"),
    };
    if let Some(mode) = mode {
        return error(&format!("-m {mode} is not supported: only UDP and TCP are measured"));
    }
    if args.servers.len() > MOST_SERVERS {
        return error(&format!(
            "-s is given more than {MOST_SERVERS} times: compare fewer servers"
        ));
    }
    if args.baseline.is_some() && args.servers.len() > 1 {
        return error(
            "--baseline is for one server: with several -s they are compared with each other",
        );
    }
    if args.long_option.is_some() && args.mode != Mode::Tcp {
        return error("-O num-queries-per-conn is for -m tcp only");
    }
    if args.mode == Mode::Tcp && (args.local_port.is_some() || args.buffers.is_some()) {
        return error("-x and -b are for -m udp only");
    }
    if let (Some(limit), Some(timeout)) = (args.limit, args.timeout)
        && limit < timeout
    {
        return Err(CliError::usage(format!(
            "-l {} is shorter than -t {}: no query could be seen to be lost before the run is over",
            limit.as_secs_f64(),
            timeout.as_secs_f64()
        ))
        .hint("give a shorter -t, or a longer -l"));
    }
    if args.format == Format::Json {
        for (given, option) in [(args.verbose, "-v"), (args.log_to_output, "-W")] {
            if given {
                return error(&format!(
                    "{option} and --format json both want standard output for themselves"
                ));
            }
        }
    }
    for (option, wanted) in [("-q", args.outstanding), ("--max-in-flight", args.max_in_flight)] {
        let Some(wanted) = wanted.filter(|&wanted| wanted > most_in_flight(args)) else { continue };
        let clients = args.clients;
        let clients = if clients == 1 { "1 client".into() } else { format!("{clients} clients") };
        let each = most_in_flight(args) / u32::from(args.clients);
        let at = if args.servers.len() == 1 { "" } else { " at each server" };
        let needed = wanted.div_ceil(each.max(1));
        return Err(CliError::usage(format!(
            "{option} {wanted} is more than {clients} can have outstanding{at}: {each} each"
        ))
        .hint(format!("use more clients: -c {needed}")));
    }
    if args.intervals.as_deref() == Some(Path::new("-")) && args.format == Format::Json {
        return error("--intervals - and --format json both want standard output for themselves");
    }
    if let Some(first) = args.local_port
        && first.checked_add(args.clients - 1).is_none()
    {
        return error(&format!(
            "-x {first} leaves no ports for {} clients: 65535 is the last one",
            args.clients
        ));
    }
    Ok(())
}
