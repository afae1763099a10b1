//! A judgement as text for a terminal.
//!
//! What stands above the line "Evidence" is for whoever has to act: the verdict, each cause with what
//! to do, the records. Below it are the numbers, for whoever has to find and repair the fault.

use std::net::SocketAddr;

use super::evidence::{Item, brief_items};
use super::group::{Alike, Asked, Cause, Group, Standing, alike, asked, causes, notes, standings};
use super::layout::{Row, Style, Tone, Writer, plain, span};
use super::measured_text::write_measurement;
use super::report::{Outlook, RecordReport, RecordState, Report, Verdict};
use super::words::{
    EXPECTED, address, asked_heading, bare_names, causes_heading, chance_sentence, counted,
    effort_sentences, forms, milliseconds, named_servers, records_heading, right_of, seconds,
    sentence, servers_of_finding, severity_word, short_subject, state_words, timestamp, unanswered,
    wait, who_must_act,
};
use crate::judge::brief::{FormEntry, bare};
use crate::judge::finding::Finding;
use crate::judge::severity::Severity;
use crate::judge::summary::ServerReport;

/// Columns before the name of a record: its mark and its state.
const STATE_WIDTH: usize = 12;

/// Appends a judgement: the verdict in one sentence first, then the causes with what to do, the
/// records, and the evidence.
pub fn write_report_text<V: Verdict>(report: &Report<V>, style: Style, out: &mut Vec<u8>) {
    let out = &mut Writer::new(style, out);
    let verdict = report.verdict.word().to_uppercase();
    let words = format!(": {}", sentence(&report.sentence));
    out.paragraph(0, 0, &[span(outlook_tone(report.verdict.outlook()), verdict), plain(words)]);
    let source = format!(
        "dnsonde {} of {}, {}, took {}",
        report.command,
        bare(&report.subject),
        timestamp(report.started),
        seconds(report.duration)
    );
    out.paragraph(0, 0, &[span(Tone::Faint, source)]);

    let (causes, notes) = (causes(&report.findings), notes(&report.findings));
    if !causes.is_empty() {
        heading(causes_heading(causes.len()), out);
        for (number, cause) in (1..).zip(&causes) {
            if number > 1 {
                out.blank();
            }
            write_cause(number, cause, out);
        }
    }
    if !report.records.is_empty() {
        heading(&records_heading(&report.records), out);
        for record in &report.records {
            write_state(record, &format!("{} {}", bare(&record.name), record.rtype), out);
        }
    }
    if !notes.is_empty() {
        heading("Also seen", out);
        for note in &notes {
            write_note(note, out);
        }
    }

    heading("Evidence", out);
    for (number, cause) in (1..).zip(&causes) {
        for group in std::iter::once(&cause.group).chain(&cause.effects) {
            write_evidence(&format!("{number}. "), group, &report.servers, out);
        }
    }
    for note in &notes {
        write_evidence("", note, &report.servers, out);
    }
    heading("How much was checked", out);
    for sentence in effort_sentences(&report.effort, report.duration) {
        out.paragraph(2, 2, &[plain(sentence)]);
    }
    // Where nothing is expected there is no service that waits for it.
    if report.measurement.is_none() {
        out.paragraph(2, 2, &[plain(chance_sentence(report.chance))]);
    }
    write_measurement(report, out);
    if !report.records.is_empty() {
        heading("Records in detail", out);
        for alike in alike(&report.records) {
            write_records(&alike, report, out);
        }
    }
    let asked = asked(&report.servers);
    if !asked.is_empty() {
        heading("Servers asked (responses/queries)", out);
        for asked in &asked {
            write_asked(asked, out);
        }
    }
    if !report.history.is_empty() {
        heading("Changes since the first check", out);
        for moment in &report.history {
            let at = span(Tone::Faint, timestamp(moment.at));
            let verdict = span(outlook_tone(moment.verdict.outlook()), moment.verdict.word());
            let summary = plain(format!("  {}", sentence(&moment.summary)));
            out.paragraph(2, 4, &[at, plain("  "), verdict, summary]);
        }
    }
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

/// The state of a record, and which one it is.
fn write_state(record: &RecordReport, what: &str, out: &mut Writer<'_>) {
    let (mark, word) = state_words(record.state);
    let state = format!("{mark} {word:width$}", width = STATE_WIDTH - 4);
    // A name that is too long for the rest of the line gets a line of its own by the wrapping.
    out.paragraph(2, 4, &[span(state_tone(record.state), state), plain("  "), plain(what)]);
}

fn write_records<V: Verdict>(alike: &Alike<'_>, of: &Report<V>, out: &mut Writer<'_>) {
    let [first, rest @ ..] = alike.records else { return };
    for record in alike.records {
        write_state(record, &short_subject(&record.subject()), out);
    }
    let (right, asked) = alike.counts();
    let mut about = format!("{right} of {} correct", counted(asked, "response"));
    if !first.purpose.is_empty() {
        about = format!("{}; {about}", first.purpose);
    }
    if !rest.is_empty() {
        about = format!("together: {about}");
    }
    out.paragraph(4, 4, &[span(Tone::Faint, about)]);

    let standings = standings(&alike.servers);
    let differ = standings.len() > 1 || first.state == RecordState::Mixed;
    for standing in &standings {
        if differ {
            out.paragraph(4, 6, &[plain(standing_text(standing, &standings, &of.servers))]);
        }
        if !standing.found.is_empty() {
            let (indent, label) = if differ { (6, "has instead:") } else { (4, "instead:") };
            let found = format!("{label} {}", standing.found.join(" | "));
            out.paragraph(indent, indent + 2, &[plain(found)]);
        }
    }
    // What is to be entered has been shown.
    let lines = alike.records.iter().filter(|record| !of.shows_entry_for(record));
    let lines: Vec<&String> = lines.filter_map(|record| record.line.as_ref()).collect();
    if !lines.is_empty() {
        out.paragraph(4, 4, &[plain(EXPECTED)]);
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

/// What is wrong, and what to do.
fn write_cause(number: usize, cause: &Cause<'_>, out: &mut Writer<'_>) {
    let common = cause.group.common();
    out.paragraph(
        2,
        5,
        &[
            plain(format!("{number}. ")),
            span(severity_tone(common.severity), severity_word(common.severity)),
            plain(": "),
            span(Tone::Strong, sentence(common.fault())),
        ],
    );
    let advice = advice_text(common.instruction(), common.retry_after_s);
    if !advice.is_empty() {
        out.paragraph(5, 7, &[span(Tone::Strong, "What to do: "), plain(advice)]);
    }
    if let Some(who) = who_must_act(common) {
        out.paragraph(5, 7, &[span(Tone::Strong, "Who must act: "), plain(who)]);
    }
    for effect in &cause.effects {
        let fault = sentence(effect.common().fault());
        out.paragraph(5, 7, &[span(Tone::Strong, "Because of it: "), plain(fault)]);
    }
    for (form, _) in forms(common) {
        out.paragraph(5, 7, &[span(Tone::Strong, "How to enter it: "), plain(form)]);
    }
    for (place, entry) in common.brief.entries.iter().enumerate() {
        if place > 0 {
            out.blank();
        }
        write_entry(entry, out);
    }
}

/// What a form asks for, each on a line of its own, so that it can be copied.
fn write_entry(entry: &FormEntry, out: &mut Writer<'_>) {
    let width = entry.fields().map(|(field, _)| field.len() + 1).max().unwrap_or(0);
    for (field, typed) in entry.fields() {
        out.literal(7, &format!("{:width$} {typed}", format!("{field}:")));
    }
}

/// What a finding rests on.
fn write_evidence(number: &str, of: &Group<'_>, asked: &[ServerReport], out: &mut Writer<'_>) {
    let Finding { id, severity, servers, summary, reference, .. } = of.common();
    out.blank();
    let inner = 2 + number.len();
    out.paragraph(
        2,
        inner,
        &[
            plain(number),
            span(Tone::Strong, id.title()),
            span(Tone::Faint, format!(" ({}, {id})", severity_word(*severity))),
        ],
    );
    out.paragraph(inner, inner, &[plain(sentence(summary))]);
    let mut line = |label: &str, text: &str| {
        if !text.is_empty() {
            out.paragraph(
                inner,
                inner + 2,
                &[span(Tone::Faint, format!("{label}: ")), plain(text)],
            );
        }
    };
    if of.has_same_evidence() {
        if !of.is_about_its_only_server() {
            line("About", &subjects(of));
        }
        line("Numbers", &item_text(&brief_items(&of.common().evidence)));
    } else {
        for finding in of.findings() {
            line("About", &short_subject(&finding.subject));
            line("  Numbers", &item_text(&brief_items(&finding.evidence)));
        }
    }
    line("Servers", &servers_of_finding(servers, asked));
    line("See", reference);
    for (_, source) in forms(of.common()) {
        line("Form", source);
    }
}

fn subjects(group: &Group<'_>) -> String {
    let subjects: Vec<String> =
        group.findings().map(|finding| short_subject(&finding.subject)).collect();
    subjects.join(", ")
}

fn advice_text(advice: &str, retry_after_s: Option<u32>) -> String {
    let wait = wait(advice, retry_after_s).map(|wait| format!("Wait {wait}."));
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
    let text = format!(
        " ({}). {}",
        subjects(note),
        advice_text(common.instruction(), common.retry_after_s)
    );
    // What is only noted needs no more than its title, unless there are better words.
    let what = if common.brief.fault.is_empty() { common.id.title() } else { common.fault() };
    let what = sentence(what);
    let what = what.strip_suffix('.').unwrap_or(&what);
    out.paragraph(
        2,
        4,
        &[
            span(severity_tone(common.severity), severity_word(common.severity)),
            plain(format!(": {what}")),
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
                    address(server.server),
                    bare_names(&server.names),
                    ratio(server.udp_answered, server.udp_asked),
                    ratio(server.tcp_answered, server.tcp_asked),
                    median.unwrap_or_default(),
                    server.instances.join(", "),
                ],
                notes,
            }
        })
        .collect();
    let head = ["address", "name", "UDP", "TCP", "median time", "instance"];
    out.table(4, &head, &rows);
}
