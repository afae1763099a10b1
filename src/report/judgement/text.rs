//! A judgement as text for a terminal.

use std::net::SocketAddr;

use super::evidence::{Item, brief_items};
use super::group::{Asked, Group, Standing, alike, asked, causes, notes, standings};
use super::layout::{Row, Style, Tone, Writer, plain, span};
use super::report::{Outlook, RecordReport, RecordState, Report, Verdict};
use super::words::{
    asked_heading, chance_sentence, counted, effort_sentences, lines_heading, milliseconds,
    named_servers, right_of, seconds, sentence, servers_of_finding, severity_word,
    span as time_span, state_words, timestamp, unanswered,
};
use crate::judge::finding::Finding;
use crate::judge::severity::Severity;
use crate::judge::summary::ServerReport;

/// Columns before the name of a record: its mark and its state.
const STATE_WIDTH: usize = 12;

/// Appends a judgement: the verdict in one sentence first, then records, causes, what else was
/// seen, who was asked, and how likely a verifier is to succeed.
pub fn write_report_text<V: Verdict>(report: &Report<V>, style: Style, out: &mut Vec<u8>) {
    let out = &mut Writer::new(style, out);
    let verdict = report.verdict.word().to_uppercase();
    let words = format!(": {}", sentence(&report.sentence));
    out.paragraph(0, 0, &[span(outlook_tone(report.verdict.outlook()), verdict), plain(words)]);
    let source = format!(
        "dnsonde {} of {}, begun {}, took {}",
        report.command,
        report.subject,
        timestamp(report.started),
        seconds(report.duration)
    );
    out.paragraph(0, 0, &[span(Tone::Faint, source)]);

    if !report.records.is_empty() {
        heading("Records", out);
        for records in alike(&report.records) {
            write_records(records, &report.servers, out);
        }
    }
    let causes = causes(&report.findings);
    if !causes.is_empty() {
        heading("Causes, most likely first", out);
        for (number, cause) in (1..).zip(&causes) {
            if number > 1 {
                out.blank();
            }
            write_cause(number, cause, &report.servers, out);
        }
    }
    let notes = notes(&report.findings);
    if !notes.is_empty() {
        heading("Also seen", out);
        for note in &notes {
            write_note(note, out);
        }
    }
    let asked = asked(&report.servers);
    if !asked.is_empty() {
        heading("Who was asked (answered/asked)", out);
        for asked in &asked {
            write_asked(asked, out);
        }
    }
    if !report.history.is_empty() {
        heading("What was seen since the first look", out);
        for moment in &report.history {
            let at = span(Tone::Faint, timestamp(moment.at));
            let verdict = span(outlook_tone(moment.verdict.outlook()), moment.verdict.word());
            let summary = plain(format!("  {}", sentence(&moment.summary)));
            out.paragraph(2, 4, &[at, plain("  "), verdict, summary]);
        }
    }
    heading("How sure this is", out);
    for sentence in effort_sentences(&report.effort, report.duration) {
        out.paragraph(2, 2, &[plain(sentence)]);
    }
    out.paragraph(2, 2, &[span(Tone::Strong, chance_sentence(report.chance))]);
}

fn heading(text: &str, out: &mut Writer<'_>) {
    out.blank();
    out.paragraph(0, 0, &[span(Tone::Strong, text)]);
}

const fn outlook_tone(outlook: Outlook) -> Tone {
    match outlook {
        Outlook::Good => Tone::Good,
        Outlook::Doubtful | Outlook::Unknown => Tone::Doubtful,
        Outlook::Bad => Tone::Bad,
    }
}

const fn state_tone(state: RecordState) -> Tone {
    match state {
        RecordState::Right => Tone::Good,
        RecordState::Mixed | RecordState::Unknown => Tone::Doubtful,
        RecordState::Missing | RecordState::Wrong => Tone::Bad,
    }
}

const fn severity_tone(severity: Severity) -> Tone {
    match severity {
        Severity::Info | Severity::Notice => Tone::Faint,
        Severity::Warning => Tone::Doubtful,
        Severity::Error => Tone::Bad,
    }
}

fn write_records(records: &[RecordReport], asked: &[ServerReport], out: &mut Writer<'_>) {
    let [first, rest @ ..] = records else { return };
    for record in records {
        let (mark, word) = state_words(record.state);
        let state = format!("{mark} {word:width$}", width = STATE_WIDTH - 4);
        let what = format!("{} {}", record.name, record.rtype);
        // A name that is too long for the rest of the line gets a line of its own by the wrapping.
        out.paragraph(2, 4, &[span(state_tone(record.state), state), plain("  "), plain(what)]);
    }
    let mut about = format!("{} of {} right", first.right, counted(first.asked, "answer"));
    if !first.purpose.is_empty() {
        about = format!("{}; {about}", first.purpose);
    }
    if !rest.is_empty() {
        about = format!("each: {about}");
    }
    out.paragraph(4, 4, &[span(Tone::Faint, about)]);

    let standings = standings(first);
    let differ = standings.len() > 1 || first.state == RecordState::Mixed;
    for standing in &standings {
        if differ {
            out.paragraph(4, 6, &[plain(standing_text(standing, &standings, asked))]);
        }
        if !standing.found.is_empty() {
            let (indent, label) = if differ { (6, "has instead:") } else { (4, "instead:") };
            let found = format!("{label} {}", standing.found.join(" | "));
            out.paragraph(indent, indent + 2, &[plain(found)]);
        }
    }
    let lines: Vec<&String> = records.iter().filter_map(|record| record.line.as_ref()).collect();
    if !lines.is_empty() {
        out.paragraph(4, 4, &[plain(lines_heading(first.state, lines.len()))]);
    }
    for line in lines {
        out.literal(6, line);
    }
}

/// "missing at ns4.example. (192.0.2.4:53): 0 of 28 right".
fn standing_text(standing: &Standing<'_>, all: &[Standing<'_>], who: &[ServerReport]) -> String {
    let (_, word) = state_words(standing.state);
    let (right, asked) = standing.counts();
    let counts = right_of(standing.state, right, asked);
    let others = standing.servers.len() > 2 && standing.state == RecordState::Right;
    if others && all.len() > 1 {
        return format!("{word} at the {} other addresses: {counts}", standing.servers.len());
    }
    let servers: Vec<SocketAddr> = standing.servers.iter().map(|server| server.server).collect();
    format!("{word} at {}: {counts}", named_servers(&servers, who))
}

fn write_cause(number: usize, cause: &Group<'_>, asked: &[ServerReport], out: &mut Writer<'_>) {
    let Finding { id, severity, servers, summary, advice, reference, retry_after_s, .. } =
        cause.common();
    out.paragraph(
        2,
        5,
        &[
            plain(format!("{number}. ")),
            span(severity_tone(*severity), severity_word(*severity)),
            plain(": "),
            span(Tone::Strong, id.title()),
        ],
    );
    out.paragraph(5, 5, &[plain(sentence(summary))]);
    let mut line = |label: &str, text: &str| {
        if !text.is_empty() {
            out.paragraph(5, 7, &[span(Tone::Faint, format!("{label}: ")), plain(text)]);
        }
    };
    if cause.has_same_evidence() {
        let subjects: Vec<&str> = cause.findings().map(|finding| &finding.subject[..]).collect();
        if !cause.is_about_its_only_server() {
            line("About", &subjects.join(", "));
        }
        line("Numbers", &item_text(&brief_items(&cause.common().evidence)));
    } else {
        for finding in cause.findings() {
            line("About", &finding.subject);
            line("  Numbers", &item_text(&brief_items(&finding.evidence)));
        }
    }
    line("Servers", &servers_of_finding(servers, asked));
    line("What to do", &advice_text(advice, *retry_after_s));
    line("See", reference);
}

fn advice_text(advice: &str, retry_after_s: Option<u32>) -> String {
    let wait = retry_after_s.map(|wait| format!("Wait {}.", time_span(wait.into())));
    let advice = Some(advice).filter(|advice| !advice.is_empty()).map(sentence);
    advice.into_iter().chain(wait).collect::<Vec<_>>().join(" ")
}

fn item_text(items: &[Item]) -> String {
    let texts: Vec<String> =
        items.iter().map(|Item { name, value }| format!("{name} {value}")).collect();
    texts.join("; ")
}

fn write_note(note: &Group<'_>, out: &mut Writer<'_>) {
    let common = note.common();
    let subjects: Vec<&str> = note.findings().map(|finding| &finding.subject[..]).collect();
    let text = format!(
        ": {}: {} {}",
        subjects.join(", "),
        sentence(&common.summary),
        advice_text(&common.advice, common.retry_after_s)
    );
    out.paragraph(
        2,
        4,
        &[
            span(severity_tone(common.severity), severity_word(common.severity)),
            plain(": "),
            plain(common.id.title()),
            plain(text),
        ],
    );
}

fn write_asked(asked: &Asked<'_>, out: &mut Writer<'_>) {
    out.paragraph(2, 4, &[plain(asked_heading(asked))]);
    let serials_differ = asked.serials_differ();
    let rows: Vec<Row> = asked
        .servers
        .iter()
        .map(|server| {
            let ratio = |answered: u64, asked: u64| match asked {
                0 => String::new(),
                _ => format!("{answered}/{asked}"),
            };
            let mut notes: Vec<String> = [
                unanswered("UDP", server.udp_answered, server.udp_asked),
                unanswered("TCP", server.tcp_answered, server.tcp_asked),
            ]
            .into_iter()
            .flatten()
            .collect();
            if serials_differ && !server.serials.is_empty() {
                let serials: Vec<String> = server.serials.iter().map(u32::to_string).collect();
                notes.push(format!("serial number of the zone {}", serials.join(", ")));
            }
            let median = server.rtt_median_us.map(|us| milliseconds(us as f64 / 1000.0));
            Row {
                cells: vec![
                    server.server.to_string(),
                    server.names.join(", "),
                    ratio(server.udp_answered, server.udp_asked),
                    ratio(server.tcp_answered, server.tcp_asked),
                    median.unwrap_or_default(),
                    server.instances.join(", "),
                ],
                notes,
            }
        })
        .collect();
    let head = ["address", "name", "UDP", "TCP", "median time", "instance (NSID)"];
    out.table(4, &head, &rows);
}
