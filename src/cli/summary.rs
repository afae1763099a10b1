//! What a scan did, in a few lines for a person.

use std::fmt::Write as _;

use super::notes;
use crate::engine::ServerStatus;
use crate::report::reason::icmp_clause;
use crate::scan::{ScanReport, ServerStats};

/// Writes the summary to standard error.
pub(super) fn print(report: &ScanReport) {
    text(report).lines().for_each(notes::line);
}

/// What was read and not sent, or sent and not waited for.
pub(super) fn left_over(report: &ScanReport) -> String {
    let input = &report.input;
    let mut text = match (input.not_asked, input.whole) {
        (0, true) => "every query was sent".to_owned(),
        (0, false) if input.lines == 0 => "the input was not read".to_owned(),
        (0, false) => "the rest of the input was not read".to_owned(),
        (count, true) => {
            format!("{} not sent", counted(count, "query was", "queries were"))
        }
        (count, false) => format!(
            "at least {} not sent, since the input was not read to its end",
            counted(count, "query was", "queries were")
        ),
    };
    let cut_short = report.tally.cut_short;
    if cut_short > 0 {
        let responses = counted(cut_short, "response was", "responses were");
        let _ = write!(text, ", {responses} not waited for");
    }
    if !report.output.whole {
        text.push_str(", and some finished lines were not written");
    }
    text
}

fn text(report: &ScanReport) -> String {
    let tally = &report.tally;
    let seconds = report.duration.as_secs_f64();
    let lines = tally.lines();
    let mut text = format!("dnsonde: {} in {seconds:.1} s", counted(lines, "query", "queries"));
    if lines > 0 && seconds > 0.0 {
        let _ = write!(text, " ({}/s)", grouped((lines as f64 / seconds).round() as u64));
    }
    let _ = write!(text, ", {} answered", grouped(tally.answers()));
    let codes: Vec<String> =
        tally.by_rcode().map(|(name, count)| format!("{name} {}", grouped(count))).collect();
    if !codes.is_empty() {
        let _ = write!(text, " ({})", codes.join(", "));
    }
    for (count, what) in [
        (tally.malformed, "malformed"),
        (tally.unresolved, "unresolved"),
        (tally.timed_out, "timed out"),
        (tally.truncated, "truncated"),
        (tally.unreachable, "unreachable"),
    ] {
        if count > 0 {
            let _ = write!(text, ", {} {what}", grouped(count));
        }
    }
    if lines > 0 {
        let _ = write!(text, "; {:.3} attempts per query", tally.attempts as f64 / lines as f64);
    }
    text.push('\n');
    if report.input.invalid > 0 {
        let invalid = counted(report.input.invalid, "line", "lines");
        let _ = writeln!(text, "dnsonde: {invalid} invalid (status INVALID)");
        if let Some(wrong_format) = &report.wrong_format {
            let _ = writeln!(text, "dnsonde: {wrong_format}: {}", wrong_format.hint());
        }
    }
    if tally.edns_off > 0 {
        let _ = writeln!(
            text,
            "dnsonde: {} without EDNS, because servers refuse it (edns_off in the \
             lines); options that need EDNS, such as --dnssec and --nsid, had no effect there",
            counted(tally.edns_off, "response came", "responses came")
        );
    }
    if report.totals.suspected > 0 {
        let _ = writeln!(
            text,
            "dnsonde: somebody may be forging answers: {} repeated over TCP after \
             unsolicited responses ({} in all)",
            counted(report.totals.suspected, "query was", "queries were"),
            grouped(report.totals.unmatched)
        );
    }
    if report.local.receive_overflow > 0 {
        let dropped = counted(report.local.receive_overflow, "response", "responses");
        let _ = writeln!(
            text,
            "dnsonde: this machine dropped {dropped} because its receive buffers were \
             full; this is not network loss: lower --rate or --concurrency"
        );
    }
    let absences = &report.local.absences;
    if absences.stalls > 0 {
        let _ = writeln!(
            text,
            "dnsonde: this program did not run for {:.1} s in all ({}), because it was stopped or the \
             machine was busy; responses that arrived meanwhile count at their arrival time",
            absences.stalled.as_secs_f64(),
            times(absences.stalls)
        );
    }
    if absences.suspensions > 0 {
        let _ = writeln!(
            text,
            "dnsonde: this machine was suspended for {:.1} s in all ({}): queries in flight then may \
             appear as timeouts",
            absences.suspended.as_secs_f64(),
            times(absences.suspensions)
        );
    }
    if absences.clock_steps > 0 {
        let _ = writeln!(
            text,
            "dnsonde: the clock of this machine was set during the scan ({}): round-trip times around \
             that moment were measured by this program, not by the kernel",
            times(absences.clock_steps)
        );
    }
    text.push_str(&list_of_servers(report));
    let delivery_errors = &report.delivery_errors;
    for &(errno, count) in &delivery_errors.not_sent {
        let error = std::io::Error::from_raw_os_error(errno);
        let queries = counted(count, "query", "queries");
        let _ = writeln!(text, "dnsonde: this machine refused to send {queries}: {error}");
    }
    if delivery_errors.pauses > 0 {
        let _ = writeln!(
            text,
            "dnsonde: paused {} because this machine could not send, {:.1} s in total; no attempt \
             was counted during a pause",
            times(delivery_errors.pauses),
            delivery_errors.paused.as_secs_f64()
        );
    }
    // Several codes of ICMP say the same.
    let mut said: Vec<(&str, u64)> = Vec::new();
    for (error, count) in
        delivery_errors.unreachable.iter().filter(|(error, _)| error.icmp_type > 0)
    {
        let clause = icmp_clause(*error);
        match said.iter_mut().find(|(known, _)| *known == clause) {
            Some((_, sum)) => *sum += count,
            None => said.push((clause, *count)),
        }
    }
    for (clause, count) in said {
        let queries = counted(count, "query", "queries");
        let _ = writeln!(text, "dnsonde: {clause} (for {queries})");
    }
    text
}

/// What the servers of a list have turned out to be, where there are several.
fn list_of_servers(report: &ScanReport) -> String {
    let servers = &report.servers;
    if servers.len() < 2 || report.others.is_some() {
        return String::new();
    }
    let mut text = format!("dnsonde: of {} servers\n", grouped(servers.len() as u64));
    let limits =
        |server: &&ServerStats| server.status == ServerStatus::Good && server.limit.is_some();
    let mut rates: Vec<f64> = servers.iter().filter(limits).filter_map(|s| s.limit).collect();
    rates.sort_by(f64::total_cmp);
    let limited = match (&rates[..], rates.first(), rates.last()) {
        (rates, Some(lowest), Some(highest)) => format!(
            "good, but limited: to {lowest:.0} to {highest:.0} queries per second, half of \
             them to {:.0} or less",
            rates[(rates.len() - 1) / 2]
        ),
        _ => String::new(),
    };
    let is = |status| move |server: &&ServerStats| server.status == status;
    let good = |server: &&ServerStats| is(ServerStatus::Good)(server) && server.limit.is_none();
    let count = |which: &dyn Fn(&&ServerStats) -> bool| servers.iter().filter(which).count();
    for (count, what) in [
        (count(&good), "good"),
        (rates.len(), &limited),
        (
            count(&is(ServerStatus::Refusing)),
            "without useful responses: REFUSED, SERVFAIL, referrals",
        ),
        (count(&is(ServerStatus::Silent)), "silent"),
        (count(&is(ServerStatus::Untried)), "not tried"),
    ] {
        if count > 0 {
            let _ = writeln!(text, "dnsonde: {:>9}  {what}", grouped(count as u64));
        }
    }
    text
}

/// "1 query", "3,401 queries".
fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}

/// A number with a comma between groups of three digits.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn times(count: u64) -> String {
    match count {
        1 => "once".to_owned(),
        count => format!("{} times", grouped(count)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_a_kind_is_told_in_the_singular() {
        assert_eq!(counted(1, "line", "lines"), "1 line");
        assert_eq!(counted(0, "line", "lines"), "0 lines");
        assert_eq!(counted(3401, "query was", "queries were"), "3,401 queries were");
        assert_eq!([times(1), times(2)], ["once", "2 times"]);
    }

    #[test]
    fn groups_of_three_have_commas_between_them() {
        for (value, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (123_456, "123,456"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(value), text);
        }
    }
}
