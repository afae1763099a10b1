//! A judgement as one page that can be mailed: no script, nothing to fetch, readable on paper and
//! on a telephone. What is wrong and what to do stands first; what that rests on can be folded away.
//!
//! The page is a template that is compiled in (`templates/report.html`); it escapes all that it
//! shows. A content security policy forbids everything but its own style sheet, which is named by
//! its hash, so that not even a fault in the escaping could fetch or run anything.

use askama::Template;

use super::super::printable::acts;
use super::evidence::{Item, items};
use super::group::{Alike, Asked, Group, alike, asked, causes, notes, standings};
use super::report::{Moment, RecordAtServer, RecordState, Report, Verdict};
use super::words::{
    EXPECTED, address, asked_heading, bare_names, causes_heading, chance_sentence,
    effort_sentences, forms, milliseconds, outlook_mark, records_heading, rfc_links, right_of,
    seconds, sentence, servers_of_finding, severity_word, short_subject, state_words, timestamp,
    unanswered, wait, who_must_act,
};
use crate::judge::brief::{FormEntry, bare};
use crate::judge::severity::Severity;
use crate::judge::summary::ServerReport;

/// What a page says beside the report.
#[derive(Debug, Clone, Copy)]
pub struct Page<'p> {
    /// The command line that makes the same report again.
    pub command_line: &'p str,
}

/// Appends a judgement as a page of HTML.
pub fn write_report_html<V: Verdict>(report: &Report<V>, page: Page<'_>, out: &mut Vec<u8>) {
    let html = PageView::of(report, page).render().expect("the template writes to a buffer only");
    // The template has escaped what means something in HTML. What acts on text in other ways is
    // escaped here, wherever it came from; the lines are those of the template.
    for character in html.chars() {
        if acts(character) && character != '\n' {
            out.extend(character.escape_unicode().map(|escape| escape as u8));
        } else {
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
}

/// The style sheet, octet by octet as its hash in the template says.
const STYLE_SHEET: &str = include_str!("../../../templates/report.css");

#[derive(Template)]
#[template(path = "report.html", whitespace = "minimize")]
struct PageView<'r> {
    command: &'static str,
    subject: &'r str,
    style_sheet: &'static str,
    version: &'static str,
    command_line: &'r str,
    sentence: String,
    verdict: &'static str,
    verdict_mark: char,
    started: String,
    took: String,
    records_heading: String,
    records: Vec<RecordView<'r>>,
    details: Vec<AlikeView<'r>>,
    causes_heading: &'static str,
    causes: Vec<CauseView<'r>>,
    notes: Vec<CauseView<'r>>,
    asked: Vec<AskedView>,
    history: Vec<MomentView>,
    effort: Vec<String>,
    chance: String,
}

/// A look that showed another state than the one before.
struct MomentView {
    at: String,
    verdict: &'static str,
    mark: char,
    summary: String,
}

/// A record in the overview.
struct RecordView<'r> {
    name: &'r str,
    rtype: &'r str,
    state: StateView,
}

/// Records that stand the same way everywhere.
struct AlikeView<'r> {
    /// Each by its short name.
    records: Vec<String>,
    purpose: &'r str,
    right: u64,
    asked: u64,
    /// The records as they should be, and what that is called.
    lines: Vec<&'r str>,
    lines_heading: &'static str,
    /// How they stand at each address; empty where all addresses say the same.
    places: Vec<PlaceView>,
    /// What stands there instead, at any of them.
    found: Vec<&'r str>,
}

struct StateView {
    mark: char,
    word: &'static str,
}

/// A record at one address.
struct PlaceView {
    address: String,
    names: String,
    state: StateView,
    right: String,
    found: Vec<String>,
}

struct CauseView<'r> {
    severity: &'static str,
    title: &'r str,
    fault: String,
    /// Whether there are better words for it than its title.
    has_fault: bool,
    advice: String,
    wait: Option<String>,
    who: Option<String>,
    forms: Vec<(String, &'static str)>,
    entries: &'r [FormEntry],
    /// What follows from it.
    effects: Vec<Self>,
    summary: String,
    subjects: Vec<SubjectView>,
    /// The evidence, if it is that of all subjects.
    evidence: Vec<Item>,
    is_its_only_server: bool,
    servers: String,
    /// What it is written in, with the address of each page.
    references: Vec<(String, String)>,
    id: &'r str,
}

struct SubjectView {
    /// By its short name.
    subject: String,
    /// The evidence, if each subject has its own.
    evidence: Vec<Item>,
}

struct AskedView {
    heading: String,
    has_names: bool,
    has_instances: bool,
    has_serials: bool,
    servers: Vec<ServerView>,
    losses: Vec<String>,
}

struct ServerView {
    address: String,
    names: String,
    instances: String,
    udp: String,
    tcp: String,
    median: String,
    p90: String,
    serials: String,
}

impl<'r> PageView<'r> {
    fn of<V: Verdict>(report: &'r Report<V>, page: Page<'r>) -> Self {
        let view = |group: &Group<'r>| CauseView::of(group, &report.servers);
        let causes: Vec<CauseView<'r>> = causes(&report.findings)
            .iter()
            .map(|cause| CauseView {
                effects: cause.effects.iter().map(view).collect(),
                ..view(&cause.group)
            })
            .collect();
        Self {
            command: report.command,
            subject: bare(&report.subject),
            style_sheet: STYLE_SHEET,
            version: env!("CARGO_PKG_VERSION"),
            command_line: page.command_line,
            sentence: sentence(&report.sentence),
            verdict: report.verdict.word(),
            verdict_mark: outlook_mark(report.verdict.outlook()),
            started: moment(report.started),
            took: seconds(report.duration),
            records_heading: records_heading(&report.records),
            records: report
                .records
                .iter()
                .map(|record| RecordView {
                    name: bare(&record.name),
                    rtype: &record.rtype,
                    state: StateView::of(record.state),
                })
                .collect(),
            details: alike(&report.records)
                .filter_map(|alike| AlikeView::of(&alike, report))
                .collect(),
            causes_heading: causes_heading(causes.len()),
            causes,
            notes: notes(&report.findings).iter().map(view).collect(),
            asked: asked(&report.servers).iter().map(AskedView::of).collect(),
            history: report.history.iter().map(MomentView::of).collect(),
            effort: effort_sentences(&report.effort, report.duration),
            // Where nothing is expected there is no service that waits for it.
            chance: match report.measurement {
                None => chance_sentence(report.chance),
                Some(_) => String::new(),
            },
        }
    }
}

/// A point in time as people read it.
fn moment(at: u64) -> String {
    timestamp(at).replace('T', " ").replace('Z', " UTC")
}

impl MomentView {
    fn of<V: Verdict>(look: &Moment<V>) -> Self {
        Self {
            at: moment(look.at),
            verdict: look.verdict.word(),
            mark: outlook_mark(look.verdict.outlook()),
            summary: sentence(&look.summary),
        }
    }
}

impl StateView {
    fn of(state: RecordState) -> Self {
        let (mark, word) = state_words(state);
        Self { mark, word }
    }
}

impl<'r> AlikeView<'r> {
    /// `None` if there are none.
    fn of<V: Verdict>(alike: &Alike<'r>, of: &'r Report<V>) -> Option<Self> {
        let records = alike.records;
        let first = records.first()?;
        let (right, asked) = alike.counts();
        let lines = records.iter().filter(|record| !of.shows_entry_for(record));
        let lines: Vec<&str> = lines.filter_map(|record| record.line.as_deref()).collect();
        let standings = standings(&first.servers);
        let differ = standings.len() > 1 || first.state == RecordState::Mixed;
        let places = if differ { &alike.servers[..] } else { &[] };
        let mut found: Vec<&str> = Vec::new();
        for text in standings.iter().flat_map(|standing| standing.found) {
            if !found.contains(&text.as_str()) {
                found.push(text);
            }
        }
        Some(Self {
            records: records.iter().map(|record| short_subject(&record.subject())).collect(),
            purpose: &first.purpose,
            right,
            asked,
            lines_heading: EXPECTED,
            lines,
            places: places.iter().map(|place| PlaceView::of(place, &of.servers)).collect(),
            found,
        })
    }
}

impl PlaceView {
    fn of(place: &RecordAtServer, asked: &[ServerReport]) -> Self {
        let known = asked.iter().find(|known| known.server == place.server);
        Self {
            address: address(place.server),
            names: known.map(|known| bare_names(&known.names)).unwrap_or_default(),
            state: StateView::of(place.state),
            right: right_of(place.state, place.right, place.asked),
            found: place.found.clone(),
        }
    }
}

impl<'r> CauseView<'r> {
    fn of(group: &Group<'r>, asked: &[ServerReport]) -> Self {
        let common = group.common();
        let shared = group.has_same_evidence();
        let own = |evidence| if shared { Vec::new() } else { items(evidence) };
        Self {
            severity: severity_word(common.severity),
            title: common.id.title(),
            fault: sentence(common.fault()),
            has_fault: !common.brief.fault.is_empty(),
            advice: Some(common.instruction())
                .filter(|advice| !advice.is_empty())
                .map(sentence)
                .unwrap_or_default(),
            wait: wait(common.instruction(), common.retry_after_s),
            who: who_must_act(common),
            forms: forms(common).collect(),
            entries: &common.brief.entries,
            effects: Vec::new(),
            summary: sentence(&common.summary),
            subjects: group
                .findings()
                .map(|finding| SubjectView {
                    subject: short_subject(&finding.subject),
                    evidence: own(&finding.evidence),
                })
                .collect(),
            evidence: if shared { items(&common.evidence) } else { Vec::new() },
            is_its_only_server: group.is_about_its_only_server(),
            servers: servers_of_finding(&common.servers, asked),
            references: rfc_links(common.reference),
            id: common.id.as_str(),
        }
    }

    /// What it is called where it is only noted.
    fn note(&self) -> &str {
        if self.has_fault {
            self.fault.strip_suffix('.').unwrap_or(&self.fault)
        } else {
            self.title
        }
    }

    fn mark(&self) -> char {
        match self.severity {
            _ if self.severity == severity_word(Severity::Error) => '✗',
            _ if self.severity == severity_word(Severity::Warning) => '!',
            _ => 'i',
        }
    }
}

impl AskedView {
    fn of(asked: &Asked<'_>) -> Self {
        let has_serials = asked.serials_differ();
        let losses = asked.servers.iter().flat_map(|server| {
            let udp = unanswered("UDP", server.udp_answered, server.udp_asked);
            let tcp = unanswered("TCP", server.tcp_answered, server.tcp_asked);
            let lost = udp.into_iter().chain(tcp);
            lost.map(|lost| format!("{}: {lost}", address(server.server)))
        });
        Self {
            losses: losses.collect(),
            heading: asked_heading(asked),
            has_names: asked.servers.iter().any(|server| !server.names.is_empty()),
            has_instances: asked.servers.iter().any(|server| !server.instances.is_empty()),
            has_serials,
            servers: asked.servers.iter().map(|server| ServerView::of(server)).collect(),
        }
    }
}

impl ServerView {
    fn of(server: &ServerReport) -> Self {
        let ratio = |answered: u64, asked: u64| match asked {
            0 => "not asked".to_owned(),
            _ => format!("{answered} of {asked}"),
        };
        let ms = |us: u64| milliseconds(us as f64 / 1000.0);
        let serials: Vec<String> = server.serials.iter().map(u32::to_string).collect();
        Self {
            address: address(server.server),
            names: bare_names(&server.names),
            instances: server.instances.join(", "),
            udp: ratio(server.udp_answered, server.udp_asked),
            tcp: ratio(server.tcp_answered, server.tcp_asked),
            median: server.rtt_median_us.map(ms).unwrap_or_default(),
            p90: server.rtt_p90_us.map(ms).unwrap_or_default(),
            serials: serials.join(", "),
        }
    }
}
