//! Findings, and how they are put together.

use std::cmp::Reverse;
use std::net::SocketAddr;

use serde::Serialize;
use serde_json::{Map, Value};

use super::actor::Actor;
use super::brief::{Brief, FormEntry, Records};
use super::catalog::FindingId;
use super::provider::{Hosting, Provider};
use super::severity::Severity;

/// Longest lines to enter that an advice repeats, in octets, all together. They stand with the
/// records, too.
const LONGEST_LINES: usize = 900;

/// What was concluded, and from what. Its `id` is a promise to scripts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// What it is.
    pub id: FindingId,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about: `OWNER TYPE`, a zone, or a server.
    pub subject: String,
    /// Who must act.
    pub who: Actor,
    /// The DNS providers that have to act, or in whose forms the records are to be entered, where they
    /// are known by the names of their servers.
    pub providers: Vec<KnownProvider>,
    /// The addresses that show it.
    pub servers: Vec<SocketAddr>,
    /// One sentence.
    pub summary: String,
    /// The numbers behind it, by name.
    pub evidence: Map<String, Value>,
    /// One sentence that its reader can act on.
    pub advice: String,
    /// RFC and section.
    pub reference: &'static str,
    /// Where waiting is the cure: how long, in seconds.
    pub retry_after_s: Option<u32>,
    /// The same for those who only want to know what is wrong and what to do.
    #[serde(skip)]
    pub brief: Brief,
}

/// A DNS provider that a finding is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KnownProvider {
    /// What it is called.
    pub name: &'static str,
    /// How its form wants the records typed that the advice names, as the end of a sentence that
    /// begins with the form.
    pub form: Option<String>,
    /// The page that says so.
    pub source: Option<&'static str>,
}

impl KnownProvider {
    fn new(provider: &Provider, entries: &[FormEntry]) -> Self {
        let form = provider.form.as_ref().filter(|_| !entries.is_empty());
        Self {
            name: provider.name,
            form: form.map(|form| form.words(entries)),
            source: form.map(|form| form.source),
        }
    }
}

impl Finding {
    /// What is wrong, in plain words where there are some.
    pub fn fault(&self) -> &str {
        if self.brief.fault.is_empty() { &self.summary } else { &self.brief.fault }
    }

    /// What to do, in as few words as there are.
    pub fn action(&self) -> &str {
        if self.brief.action.is_empty() { self.instruction() } else { &self.brief.action }
    }

    /// What to do, without the values to enter.
    pub fn instruction(&self) -> &str {
        if self.brief.advice.is_empty() { &self.advice } else { &self.brief.advice }
    }
}

/// A finding that is being written. What it says of several records is put into each of them by
/// [`finish`].
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    finding: Finding,
    /// What is to be entered: the advice ends with it.
    entry: Option<FormEntry>,
    /// The one provider that it is about, where its zone has several.
    provider: Option<&'static Provider>,
}

impl Draft {
    pub(crate) fn new(id: FindingId, severity: Severity, subject: impl Into<String>) -> Self {
        debug_assert!(id.entry().severities.contains(&severity), "{id} is never {severity:?}");
        Self {
            finding: Finding {
                id,
                severity,
                subject: subject.into(),
                who: id.entry().who[0],
                providers: Vec::new(),
                servers: Vec::new(),
                summary: String::new(),
                evidence: Map::new(),
                advice: String::new(),
                reference: id.entry().reference,
                retry_after_s: None,
                brief: Brief::default(),
            },
            entry: None,
            provider: None,
        }
    }

    pub(crate) fn error(id: FindingId, subject: impl Into<String>) -> Self {
        Self::new(id, Severity::Error, subject)
    }

    pub(crate) fn warning(id: FindingId, subject: impl Into<String>) -> Self {
        Self::new(id, Severity::Warning, subject)
    }

    pub(crate) fn notice(id: FindingId, subject: impl Into<String>) -> Self {
        Self::new(id, Severity::Notice, subject)
    }

    pub(crate) fn info(id: FindingId, subject: impl Into<String>) -> Self {
        Self::new(id, Severity::Info, subject)
    }

    /// The addresses that show it.
    pub(crate) fn servers(mut self, servers: impl IntoIterator<Item = SocketAddr>) -> Self {
        self.finding.servers = servers.into_iter().collect();
        self.finding.servers.sort_unstable();
        self.finding.servers.dedup();
        self
    }

    /// Who must act, where the evidence says that it is not the first of the catalog.
    pub(crate) fn who(mut self, who: Actor) -> Self {
        let id = self.finding.id;
        debug_assert!(id.entry().who.contains(&who), "{id} is never for {who:?}");
        self.finding.who = who;
        self
    }

    /// One sentence.
    pub(crate) fn summary(mut self, summary: impl Into<String>) -> Self {
        self.finding.summary = summary.into();
        self
    }

    /// One more number behind it.
    pub(crate) fn evidence(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.finding.evidence.insert(name.to_owned(), value.into());
        self
    }

    /// What to do, in one sentence.
    pub(crate) fn advice(mut self, advice: impl Into<String>) -> Self {
        self.finding.advice = advice.into();
        self
    }

    /// What is wrong, in plain words that name who or what is at fault: no number, no reference, no
    /// term that only those know who run name servers. Without it, the summary stands in its place.
    pub(crate) fn fault(mut self, fault: impl Into<String>) -> Self {
        self.finding.brief.fault = fault.into();
        self
    }

    /// What to do, as a clause for a headline. Without it, the advice stands in its place.
    pub(crate) fn action(mut self, action: impl Into<String>) -> Self {
        self.finding.brief.action = action.into();
        self
    }

    /// What is to be entered: it ends the advice, after a colon.
    pub(crate) fn entry(mut self, entry: Option<FormEntry>) -> Self {
        self.entry = entry;
        self
    }

    /// The one provider that it is about, where its zone has several.
    pub(crate) fn at_provider(mut self, provider: Option<&'static Provider>) -> Self {
        self.provider = provider;
        self
    }

    /// Where it is written, if that is closer than what the catalog says.
    pub(crate) fn reference(mut self, reference: &'static str) -> Self {
        self.finding.reference = reference;
        self
    }

    /// Where waiting is the cure: how long.
    pub(crate) fn retry_after(mut self, seconds: Option<u32>) -> Self {
        self.finding.retry_after_s = seconds;
        self
    }

    pub(crate) fn id(&self) -> FindingId {
        self.finding.id
    }

    pub(crate) fn severity(&self) -> Severity {
        self.finding.severity
    }

    /// Whether both say the same but of other records.
    fn is_like(&self, other: &Self) -> bool {
        let (a, b) = (&self.finding, &other.finding);
        (a.id, a.severity, &a.servers, &a.summary) == (b.id, b.severity, &b.servers, &b.summary)
            && (a.who, self.provider) == (b.who, other.provider)
            && (&a.advice, a.reference, a.retry_after_s)
                == (&b.advice, b.reference, b.retry_after_s)
            && a.brief == b.brief
    }
}

/// The findings. Those that say the same of several records have the entries of all of them in their
/// advice, so that they are still the same and can be shown as one. `expected` is how many records
/// there are in all; `hosting` says whose servers the zone of a subject has.
pub(crate) fn finish(
    drafts: Vec<Draft>,
    expected: usize,
    hosting: impl Fn(&str) -> Hosting,
) -> Vec<Finding> {
    let alike: Vec<(Vec<FormEntry>, Records)> = drafts
        .iter()
        .map(|draft| {
            let alike: Vec<&Draft> = drafts.iter().filter(|other| draft.is_like(other)).collect();
            let entries = alike.iter().filter_map(|other| other.entry.clone()).collect();
            let subjects = alike.iter().map(|other| &other.finding.subject[..]);
            (entries, Records::of(subjects, expected))
        })
        .collect();
    let mut findings = Vec::with_capacity(drafts.len());
    for (draft, (entries, records)) in drafts.into_iter().zip(alike) {
        let Draft { mut finding, provider, .. } = draft;
        if matches!(finding.who, Actor::DomainOwner | Actor::DnsHost) {
            let hosting = hosting(&finding.subject);
            let providers = provider.as_slice().iter().chain(hosting.providers());
            let count = if provider.is_some() { 1 } else { usize::MAX };
            let providers = providers.take(count);
            finding.providers = providers.map(|it| KnownProvider::new(it, &entries)).collect();
        }
        let Finding { summary, advice, brief, .. } = &mut finding;
        for text in [summary, &mut *advice, &mut brief.fault, &mut brief.action] {
            *text = records.named_in(text);
        }
        brief.advice.clone_from(advice);
        if !entries.is_empty() {
            let lines: Vec<String> = entries.iter().map(ToString::to_string).collect();
            let lines = lines.join("; ");
            advice.push_str(": ");
            if lines.len() <= LONGEST_LINES {
                advice.push_str(&lines);
            } else {
                advice.push_str("the lines that stand with the records in this report");
            }
        }
        brief.entries = entries;
        findings.push(finding);
    }
    findings
}

/// Puts the most likely cause first: errors before the rest; among those, what explains others before
/// what is explained; then what more addresses show.
pub(crate) fn sort(findings: &mut [Finding]) {
    findings.sort_by_cached_key(|finding| {
        let Finding { id, severity, servers, subject, .. } = finding;
        let depth = id.entry().depth.filter(|_| *severity == Severity::Error).unwrap_or(u8::MAX);
        (Reverse(*severity), depth, Reverse(servers.len()), id.as_str(), subject.clone())
    });
}

/// How often something was, in words.
pub(crate) fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_alike_has_the_lines_of_all_and_what_is_not_its_own() {
        let draft = |subject: &str, summary: &str, line: &str| {
            Draft::error(FindingId::RecordMissing, subject).summary(summary).advice("add").entry(
                Some(FormEntry {
                    host: line.to_owned(),
                    rtype: "TXT".to_owned(),
                    priority: None,
                    value: "x".to_owned(),
                }),
            )
        };
        let drafts =
            vec![draft("a", "gone", "a"), draft("b", "gone", "b"), draft("c", "other", "c")];
        let advice: Vec<String> =
            finish(drafts, 3, |_| Hosting::default()).into_iter().map(|it| it.advice).collect();
        let both = "add: host a, type TXT, value x; host b, type TXT, value x";
        assert_eq!(advice, [both, both, "add: host c, type TXT, value x"]);
    }
}
