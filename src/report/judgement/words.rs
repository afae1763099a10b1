//! The words and sentences that the text and the page share.

use std::net::SocketAddr;
use std::time::Duration;

use super::super::time::rfc3339;
use super::group::Asked;
use super::report::{Effort, Outlook, RecordState};
use crate::judge::finding::times;
use crate::judge::severity::Severity;
use crate::judge::summary::ServerReport;
use crate::probe::query::Role;
use crate::stats::{CONFIDENCE, Chance, Proportion, percent};

/// A mark for the outcome that is told from the others without colour.
pub const fn outlook_mark(outlook: Outlook) -> char {
    match outlook {
        Outlook::Good => '✓',
        Outlook::Doubtful => '≈',
        Outlook::Bad => '✗',
        Outlook::Unknown => '?',
    }
}

/// The severity in one word.
pub const fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Notice => "notice",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

/// The state of a record: a mark that is told from the others without colour, and one word.
pub const fn state_words(state: RecordState) -> (char, &'static str) {
    match state {
        RecordState::Right => ('✓', "right"),
        RecordState::Mixed => ('≈', "mixed"),
        RecordState::Missing => ('✗', "missing"),
        RecordState::Wrong => ('≠', "wrong"),
        RecordState::Unknown => ('?', "unknown"),
    }
}

/// What stands above servers that were asked as the same thing.
pub fn asked_heading(asked: &Asked<'_>) -> String {
    match (asked.role, asked.zone) {
        (Role::Authoritative, Some(zone)) => format!("Name servers of {zone}"),
        (Role::Authoritative, None) => "Name servers".to_owned(),
        (Role::Target, Some(zone)) => format!("Name servers of {zone}, where aliases lead"),
        (Role::Target, None) => "Name servers where aliases lead".to_owned(),
        (Role::Recursive, _) => "Resolvers (recursive servers, with a cache)".to_owned(),
        (Role::Other, Some(zone)) => format!("Asked for {zone} in addition"),
        (Role::Other, None) => "Asked in addition".to_owned(),
    }
}

/// Addresses by the names of the servers that have them, where these are known:
/// `ns1.example. (192.0.2.1:53, [2001:db8::1]:53), 192.0.2.9:53`.
pub fn named_servers(servers: &[SocketAddr], asked: &[ServerReport]) -> String {
    let mut named: Vec<(String, Vec<String>)> = Vec::new();
    for address in servers {
        let known = asked.iter().find(|server| server.server == *address);
        let names = known.map(|server| server.names.join(", ")).unwrap_or_default();
        match named.iter_mut().find(|(other, _)| *other == names && !names.is_empty()) {
            Some((_, addresses)) => addresses.push(address.to_string()),
            None => named.push((names, vec![address.to_string()])),
        }
    }
    let texts = named.into_iter().map(|(names, addresses)| match names.as_str() {
        "" => addresses.join(", "),
        names => format!("{names} ({})", addresses.join(", ")),
    });
    texts.collect::<Vec<_>>().join(", ")
}

/// The servers of a finding; all name servers of the only zone in few words.
pub fn servers_of_finding(servers: &[SocketAddr], asked: &[ServerReport]) -> String {
    let authoritative = || asked.iter().filter(|server| server.role == Role::Authoritative);
    let one_zone = || {
        let mut zones = authoritative().map(|server| &server.zone);
        let first = zones.next();
        zones.all(|zone| Some(zone) == first)
    };
    if servers.len() > 2
        && servers.len() == authoritative().count()
        && authoritative().all(|server| servers.contains(&server.server))
        && one_zone()
    {
        return format!("all {} addresses of the name servers", servers.len());
    }
    named_servers(servers, asked)
}

/// What stands above the lines to enter for records in such a state.
pub const fn lines_heading(state: RecordState, lines: usize) -> &'static str {
    match (state, lines) {
        (RecordState::Missing, 1) => "The line to enter:",
        (RecordState::Missing, _) => "The lines to enter:",
        (_, 1) => "It should read, at every server:",
        (_, _) => "They should read, at every server:",
    }
}

/// How many answers of an address were right: a count, and where they differ by chance an interval.
pub fn right_of(state: RecordState, right: u64, asked: u64) -> String {
    match state {
        RecordState::Mixed => Proportion::new(right, asked).text("right").to_string(),
        _ => format!("{right} of {asked} right"),
    }
}

/// Whether answers are missing, and how many, over one transport; `None` if none is.
pub fn unanswered(transport: &str, answered: u64, asked: u64) -> Option<String> {
    let lost = Proportion::new(asked.saturating_sub(answered), asked);
    (lost.hits() > 0).then(|| format!("over {transport} {}", lost.text("without an answer")))
}

/// The question that a verifier lives by, answered.
pub fn chance_sentence(chance: Option<Chance>) -> String {
    let Some(Chance { estimate, interval }) = chance else {
        return "How likely a verifier that asks now is to see every record right could not be told."
            .to_owned();
    };
    let (low, high) = (percent(interval.low), percent(interval.high));
    // As with all rates: never a bare "0 %" or "100 %".
    let probability = if estimate >= 1.0 {
        format!("at least {low} %")
    } else if estimate <= 0.0 {
        format!("at most {high} %")
    } else {
        let confidence = CONFIDENCE * 100.0;
        format!("{} % ({confidence:.0} %: {low}–{high} %)", percent(estimate))
    };
    format!(
        "A verifier that asks now, once, over UDP with one retry, sees every record right with a \
         probability of {probability}."
    )
}

/// What was asked, and what so much asking can show, in sentences.
pub fn effort_sentences(effort: &Effort, duration: Duration) -> Vec<String> {
    let Effort { questions, looks, visible_share, cut_short } = effort;
    let mut sentences =
        vec![format!("{} in {}.", counted(*questions, "question"), seconds(duration))];
    if *looks > 0 {
        let times = times(*looks);
        sentences.push(format!(
            "Each record was looked at {times} at each address over UDP. A fault that hits {} \
             there would have shown with a probability of {:.0} %; a rarer one might not have.",
            share_of_answers(*visible_share),
            CONFIDENCE * 100.0
        ));
    }
    if let Some(reason) = cut_short {
        sentences.push(format!("Not everything was asked: {}", sentence(reason)));
    }
    sentences
}

fn share_of_answers(share: f64) -> String {
    if share >= 1.0 {
        return "every answer".to_owned();
    }
    let one_in = (1.0 / share).round();
    if (2.0..=100.0).contains(&one_in) {
        format!("about one answer in {one_in:.0} ({} %)", percent(share))
    } else {
        format!("{} % of the answers", percent(share))
    }
}

/// Words as a sentence: with a capital letter, unless the first word is a name or an id, and with
/// a full stop.
pub fn sentence(words: &str) -> String {
    let end = if words.ends_with(['.', '!', '?']) { "" } else { "." };
    let first_word = words.split(' ').next().unwrap_or_default();
    if first_word.bytes().all(|octet| octet.is_ascii_lowercase()) && !first_word.is_empty() {
        let (first, rest) = words.split_at(1);
        return format!("{}{rest}{end}", first.to_ascii_uppercase());
    }
    format!("{words}{end}")
}

/// "1 question", "2 questions".
pub fn counted(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// Seconds as people say them, in the two largest units that matter, rounded up: who waits too
/// short has waited for nothing.
pub fn span(seconds: u64) -> String {
    const UNITS: [(u64, &str); 4] =
        [(86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")];
    let at = UNITS.iter().position(|(length, _)| seconds >= *length).unwrap_or(UNITS.len() - 1);
    let (large, name) = UNITS[at];
    let Some(&(small, small_name)) = UNITS.get(at + 1) else {
        return counted(seconds, name);
    };
    let smalls = seconds.div_ceil(small);
    let (count, rest) = (smalls / (large / small), smalls % (large / small));
    match rest {
        0 => counted(count, name),
        rest => format!("{} {}", counted(count, name), counted(rest, small_name)),
    }
}

/// How long something took.
pub fn seconds(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        milliseconds(duration.as_secs_f64() * 1000.0)
    } else if duration < Duration::from_secs(100) {
        format!("{:.1} s", duration.as_secs_f64())
    } else {
        span(duration.as_secs())
    }
}

/// Milliseconds with as many decimals as tell something.
pub fn milliseconds(ms: f64) -> String {
    let decimals = if ms >= 100.0 { 0 } else { usize::from(ms < 1.0) + 1 };
    format!("{ms:.decimals$} ms")
}

/// A number with three digits that count.
pub fn number(value: f64) -> String {
    let magnitude = value.abs().log10().floor();
    if value == 0.0 || !magnitude.is_finite() {
        return value.to_string();
    }
    if magnitude < -9.0 {
        return format!("{value:.2e}");
    }
    let decimals = (2.0 - magnitude).max(0.0) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// A point in time as RFC 3339 text, from seconds since the Unix epoch.
pub fn timestamp(seconds: u64) -> String {
    rfc3339(seconds).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Interval;

    #[test]
    fn spans_are_said_in_two_units_and_never_too_short() {
        for (seconds, text) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (59, "59 seconds"),
            (60, "1 minute"),
            (90, "1 minute 30 seconds"),
            (3599, "59 minutes 59 seconds"),
            (3600, "1 hour"),
            (3601, "1 hour 1 minute"),
            (7199, "2 hours"),
            (86_399, "24 hours"),
            (172_800, "2 days"),
            (90_001, "1 day 2 hours"),
            (604_799, "7 days"),
        ] {
            assert_eq!(span(seconds), text, "{seconds}");
        }
        assert!(span(u64::MAX).ends_with("hours"));
    }

    #[test]
    fn numbers_keep_the_digits_that_count() {
        for (value, text) in [
            (0.0, "0"),
            (2.0, "2"),
            (12.345, "12.3"),
            (1234.5, "1234"),
            (0.30000000000000004, "0.3"),
            (0.001_234_5, "0.00123"),
            (-0.5, "-0.5"),
            (1e-12, "1.00e-12"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(number(value), text);
        }
        for (ms, text) in
            [(0.034, "0.03 ms"), (1.26, "1.3 ms"), (18.234, "18.2 ms"), (432.1, "432 ms")]
        {
            assert_eq!(milliseconds(ms), text);
        }
    }

    #[test]
    fn a_chance_is_never_a_bare_end_of_the_scale() {
        let sentence = |estimate, low, high| {
            let interval = Interval { low, high };
            let text = chance_sentence(Some(Chance { estimate, interval }));
            text.split_once("probability of ").unwrap().1.to_owned()
        };
        assert_eq!(sentence(0.81, 0.7, 0.9), "81.0 % (95 %: 70.0–90.0 %).");
        assert_eq!(sentence(1.0, 0.973, 1.0), "at least 97.3 %.");
        assert_eq!(sentence(0.0, 0.0, 0.1), "at most 10.0 %.");
        assert!(chance_sentence(None).contains("could not be told"));
    }

    #[test]
    fn words_become_sentences_and_names_stay_as_they_are() {
        for (words, text) in [
            ("the key is empty", "The key is empty."),
            ("2 of 8 lack it.", "2 of 8 lack it."),
            ("ns1.example. lacks it", "ns1.example. lacks it."),
            ("_dmarc is missing!", "_dmarc is missing!"),
            ("\u{e9}t\u{e9}", "\u{e9}t\u{e9}."),
            ("", "."),
        ] {
            assert_eq!(sentence(words), text);
        }
    }

    #[test]
    fn effort_says_what_could_be_seen_and_what_not() {
        let effort = |looks, visible_share| Effort {
            questions: 1,
            looks,
            visible_share,
            cut_short: Some("it was interrupted".to_owned()),
        };
        let text = |effort: &Effort| effort_sentences(effort, Duration::from_millis(12)).join(" ");
        assert_eq!(
            text(&effort(14, 0.1926)),
            "1 question in 12.0 ms. Each record was looked at 14 times at each address over UDP. A \
             fault that hits about one answer in 5 (19.3 %) there would have shown with a \
             probability of 95 %; a rarer one might not have. Not everything was asked: It was \
             interrupted."
        );
        assert!(text(&effort(1, 0.95)).contains("looked at once"));
        assert!(text(&effort(1, 0.95)).contains("hits 95.0 % of the answers there"));
        assert!(text(&effort(1, 1.0)).contains("hits every answer there"));
        assert!(!text(&effort(0, 1.0)).contains("looked at"));
    }
}
