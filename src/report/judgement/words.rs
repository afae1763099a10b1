//! The words and sentences that the text and the page share.

use std::net::SocketAddr;
use std::time::Duration;

use super::super::time::rfc3339;
use super::group::Asked;
use super::report::{Effort, Outlook, RecordReport, RecordState};
use crate::judge::actor::Actor;
use crate::judge::brief::{bare, short_name};
use crate::judge::finding::Finding;
use crate::judge::finding::times;
use crate::judge::severity::Severity;
use crate::judge::summary::ServerReport;
use crate::judge::writing::list;
pub(super) use crate::judge::writing::span;
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
        RecordState::Right => ('✓', "correct"),
        RecordState::Mixed => ('≈', "partly"),
        RecordState::Missing => ('✗', "missing"),
        RecordState::Wrong => ('≠', "wrong"),
        RecordState::Unknown => ('?', "unknown"),
    }
}

/// What stands above servers that were asked as the same thing.
pub fn asked_heading(asked: &Asked<'_>) -> String {
    match (asked.role, asked.zone.map(bare)) {
        (Role::Authoritative, Some(zone)) => format!("Name servers of {zone}"),
        (Role::Authoritative, None) => "Name servers".to_owned(),
        (Role::Target, Some(zone)) => format!("Name servers of {zone}, where CNAMEs lead"),
        (Role::Target, None) => "Name servers where CNAMEs lead".to_owned(),
        (Role::Recursive, _) => "Resolvers (recursive servers, with a cache)".to_owned(),
        (Role::Other, Some(zone)) => format!("Asked for {zone} in addition"),
        (Role::Other, None) => "Servers that were named".to_owned(),
    }
}

/// An address, without the port that every server has.
pub fn address(server: SocketAddr) -> String {
    if server.port() == 53 { server.ip().to_string() } else { server.to_string() }
}

/// Who must act, in a few words; `None` where nobody needs to.
pub fn who_must_act(finding: &Finding) -> Option<String> {
    let names: Vec<String> = finding.providers.iter().map(|it| it.name.to_owned()).collect();
    match (finding.who, &names[..]) {
        (Actor::Nobody, _) => None,
        (Actor::DomainOwner, [_, ..]) => {
            Some(format!("{} at {}", Actor::DomainOwner.words(), list(&names)))
        }
        (Actor::DnsHost, [name]) => Some(format!("{name}, who runs the name servers")),
        (Actor::DnsHost, [_, ..]) => Some(format!("{}, who run the name servers", list(&names))),
        (actor, _) => Some(actor.words().to_owned()),
    }
}

/// How the forms of the providers want typed what is to be entered: a sentence and, where there is
/// one, the page that says so.
pub fn forms(finding: &Finding) -> impl Iterator<Item = (String, &'static str)> {
    finding.providers.iter().filter_map(|provider| {
        let form = provider.form.as_ref()?;
        Some((format!("The form of {} {form}.", provider.name), provider.source?))
    })
}

/// Names, each without its final dot.
pub fn bare_names(names: &[String]) -> String {
    names.iter().map(|name| bare(name)).collect::<Vec<_>>().join(", ")
}

/// Addresses by the names of the servers that have them, where these are known:
/// `ns1.example (192.0.2.1, 2001:db8::1), 192.0.2.9`.
pub fn named_servers(servers: &[SocketAddr], asked: &[ServerReport]) -> String {
    let mut named: Vec<(String, Vec<String>)> = Vec::new();
    for address in servers {
        let known = asked.iter().find(|server| server.server == *address);
        let names = known.map(|server| bare_names(&server.names)).unwrap_or_default();
        match named.iter_mut().find(|(other, _)| *other == names && !names.is_empty()) {
            Some((_, addresses)) => addresses.push(self::address(*address)),
            None => named.push((names, vec![self::address(*address)])),
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

/// What stands above records as they should be at every server.
pub const EXPECTED: &str = "Expected at every server:";

/// What stands above causes.
pub const fn causes_heading(causes: usize) -> &'static str {
    if causes == 1 { "What is wrong" } else { "What is wrong, most likely cause first" }
}

/// What stands above the records: how many are as they should be.
pub fn records_heading(records: &[RecordReport]) -> String {
    let right = records.iter().filter(|record| record.state == RecordState::Right).count();
    match (right, records.len()) {
        (1, 1) => "Record: correct on every server that answers".to_owned(),
        (_, 1) => "Record: not correct on all servers".to_owned(),
        (right, all) if right == all => {
            format!("Records: {right} of {all} correct on every server that answers")
        }
        (right, all) => format!("Records: {right} of {all} correct on all servers"),
    }
}

/// How many responses of an address were correct: a count, and where they differ by chance an
/// interval.
pub fn right_of(state: RecordState, right: u64, asked: u64) -> String {
    match state {
        RecordState::Mixed => Proportion::new(right, asked).text("correct").to_string(),
        _ => format!("{right} of {asked} correct"),
    }
}

/// Whether responses are missing, and how many, over one transport; `None` if none is.
pub fn unanswered(transport: &str, answered: u64, asked: u64) -> Option<String> {
    let lost = Proportion::new(asked.saturating_sub(answered), asked);
    (lost.hits() > 0).then(|| format!("over {transport} {}", lost.text("without a response")))
}

/// A subject that has been named in full before: `OWNER TYPE` with long labels shortened.
pub fn short_subject(subject: &str) -> String {
    match subject.split_once(' ') {
        Some((owner, rtype)) => format!("{} {rtype}", short_name(owner)),
        None => short_name(subject),
    }
}

/// A text that has been shown in full before, or need not be: its beginning, and how long it is.
pub fn shortened(text: &str) -> String {
    const LONGEST: usize = 72;
    const LEFT: usize = 32;
    let length = text.chars().count();
    match text.char_indices().nth(LEFT) {
        Some((end, _)) if length > LONGEST => format!("{}… ({length} characters)", &text[..end]),
        _ => text.to_owned(),
    }
}

/// The pages of the RFCs that a reference names: the words of each, and where it is.
pub fn rfc_links(reference: &str) -> Vec<(String, String)> {
    let link = |part: &str| {
        let (number, sections) =
            part.strip_prefix("RFC ")?.split_once(' ').unwrap_or((&part[4..], ""));
        number.bytes().all(|octet| octet.is_ascii_digit()).then_some(())?;
        let section = sections.strip_prefix('§').unwrap_or_default();
        let anchor = if section.is_empty() { String::new() } else { format!("#section-{section}") };
        Some(format!("https://www.rfc-editor.org/rfc/rfc{number}{anchor}"))
    };
    let mut links: Vec<(String, String)> = Vec::new();
    let mut rfc = "";
    for part in reference.split(", ") {
        // "RFC 6891 §6.1.3, §7" has two sections of one.
        let whole = match part.strip_prefix('§') {
            Some(_) => format!("{rfc} {part}"),
            None => part.to_owned(),
        };
        if part.starts_with("RFC ") {
            rfc = part.rsplit_once(' ').map_or(part, |(rfc, _)| rfc);
        }
        links.push((part.to_owned(), link(&whole).unwrap_or_default()));
    }
    links
}

/// What a service that checks now will see, as far as it can be told from what was seen.
pub fn chance_sentence(chance: Option<Chance>) -> String {
    let Some(Chance { estimate, interval }) = chance else {
        return "What a service that checks now would see is not known.".to_owned();
    };
    if estimate >= 1.0 {
        return "Every response of the name servers over UDP was correct.".to_owned();
    }
    if estimate <= 0.0 {
        return "A service that checks now does not see every record correct.".to_owned();
    }
    let (low, high) = (percent(interval.low), percent(interval.high));
    let confidence = CONFIDENCE * 100.0;
    format!(
        "A service that checks now sees every record correct in about {} % of cases \
         ({confidence:.0} %: {low}–{high} %).",
        percent(estimate)
    )
}

/// What was asked, and what so much asking can miss, in sentences.
pub fn effort_sentences(effort: &Effort, duration: Duration) -> Vec<String> {
    let Effort { queries, checks, visible_share, cut_short } = effort;
    let mut sentences = vec![format!(
        "{} in {}.",
        match queries {
            1 => "1 query".to_owned(),
            count => format!("{count} queries"),
        },
        seconds(duration)
    )];
    if *checks > 0 {
        sentences.push(format!(
            "Each record was checked at least {} at each address over UDP. A fault that {} there \
             could have been missed.",
            times(*checks),
            missed(*visible_share)
        ));
    }
    if let Some(reason) = cut_short {
        sentences.push(format!("Not everything was asked: {}", sentence(reason)));
    }
    sentences
}

/// What a fault can do without being seen, where one that hits this share is.
fn missed(share: f64) -> String {
    let one_in = (1.0 / share).round();
    if (3.0..=100.0).contains(&one_in) {
        format!("hits fewer than about 1 in {one_in:.0} responses")
    } else if share > 0.5 {
        "does not hit every response".to_owned()
    } else {
        format!("hits fewer than {} % of the responses", percent(share))
    }
}

/// Words as a sentence: with a capital letter, unless the first word is a name or an id, and with
/// a full stop.
pub fn sentence(words: &str) -> String {
    let end = if words.ends_with(['.', '!', '?']) { "" } else { "." };
    let first_word = words.split(' ').next().unwrap_or_default();
    let first_word = first_word.strip_suffix(',').unwrap_or(first_word);
    if first_word.bytes().all(|octet| octet.is_ascii_lowercase()) && !first_word.is_empty() {
        let (first, rest) = words.split_at(1);
        return format!("{}{rest}{end}", first.to_ascii_uppercase());
    }
    format!("{words}{end}")
}

/// "1 response", "2 responses".
pub fn counted(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// How long to wait, unless the advice says so.
pub fn wait(advice: &str, retry_after_s: Option<u32>) -> Option<String> {
    retry_after_s.map(|wait| span(wait.into())).filter(|wait| !advice.contains(wait.as_str()))
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
    fn a_chance_says_what_was_seen_and_never_more() {
        let sentence = |estimate, low, high| {
            chance_sentence(Some(Chance { estimate, interval: Interval { low, high } }))
        };
        assert!(sentence(0.81, 0.7, 0.9).ends_with("about 81.0 % of cases (95 %: 70.0–90.0 %)."));
        for (estimate, words) in [(1.0, "Every response"), (0.0, "does not see")] {
            let text = sentence(estimate, 0.0, 1.0);
            assert!(text.contains(words) && !text.contains('%'), "{text}");
        }
        assert!(chance_sentence(None).contains("not known"));
    }

    #[test]
    fn references_lead_to_the_pages_of_their_sections() {
        let rfc = |number: &str| format!("https://www.rfc-editor.org/rfc/rfc{number}");
        for (reference, links) in [
            ("RFC 1034 §4.3.5", &[("RFC 1034 §4.3.5", rfc("1034#section-4.3.5"))][..]),
            ("RFC 9715", &[("RFC 9715", rfc("9715"))]),
            (
                "RFC 6891 §6.1.3, §7",
                &[("RFC 6891 §6.1.3", rfc("6891#section-6.1.3")), ("§7", rfc("6891#section-7"))],
            ),
            (
                "RFC 7873 §5.2, RFC 9018 §3",
                &[
                    ("RFC 7873 §5.2", rfc("7873#section-5.2")),
                    ("RFC 9018 §3", rfc("9018#section-3")),
                ],
            ),
            ("somewhere else", &[("somewhere else", String::new())]),
        ] {
            let expected: Vec<(String, String)> =
                links.iter().map(|(text, link)| ((*text).to_owned(), link.clone())).collect();
            assert_eq!(rfc_links(reference), expected);
        }
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
        let effort = |checks, visible_share| Effort {
            queries: 1,
            checks,
            visible_share,
            cut_short: Some("it was interrupted".to_owned()),
        };
        let text = |effort: &Effort| effort_sentences(effort, Duration::from_millis(12)).join(" ");
        assert_eq!(
            text(&effort(14, 0.1926)),
            "1 query in 12.0 ms. Each record was checked at least 14 times at each address over UDP. \
             A fault that hits fewer than about 1 in 5 responses there could have been missed. Not \
             everything was asked: It was interrupted."
        );
        assert!(text(&effort(1, 0.95)).contains("checked at least once"));
        assert!(text(&effort(1, 0.95)).contains("does not hit every response"));
        assert!(text(&effort(7, 0.348)).contains("1 in 3 responses"));
        assert!(!text(&effort(0, 1.0)).contains("checked"));
    }
}
