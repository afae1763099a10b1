//! Findings that say the same of several records, and addresses that say the same of one, put
//! together: three keys that one server lacks are one cause, not three.

use std::net::SocketAddr;

use super::report::{RecordAtServer, RecordReport, RecordState};
use crate::judge::catalog::FindingId;
use crate::judge::finding::Finding;
use crate::judge::severity::Severity;
use crate::judge::summary::ServerReport;
use crate::probe::query::Role;

/// Findings that differ only in their subject and its evidence; at least one.
pub struct Group<'r> {
    first: &'r Finding,
    rest: Vec<&'r Finding>,
}

impl<'r> Group<'r> {
    /// What all of them say: anything but subject and evidence.
    pub fn common(&self) -> &'r Finding {
        self.first
    }

    /// All of them.
    pub fn findings(&self) -> impl Iterator<Item = &'r Finding> {
        std::iter::once(self.first).chain(self.rest.iter().copied())
    }

    /// Whether one piece of evidence is that of all.
    pub fn has_same_evidence(&self) -> bool {
        self.rest.iter().all(|finding| finding.evidence == self.first.evidence)
    }

    /// Whether it is about the one server that shows it, which is named anyway.
    pub fn is_about_its_only_server(&self) -> bool {
        let is_it = |server: SocketAddr| server.to_string() == self.first.subject;
        self.rest.is_empty() && matches!(self.first.servers[..], [server] if is_it(server))
    }

    fn takes(&self, finding: &Finding) -> bool {
        let first = self.first;
        // Each field is named, so that a new one is thought of here.
        let Finding {
            id,
            severity,
            subject: _,
            who,
            providers,
            servers,
            summary,
            evidence: _,
            advice,
            reference,
            retry_after_s,
            brief,
        } = finding;
        (first.id, &first.summary, &first.advice) == (*id, summary, advice)
            && (first.severity, first.who, &first.servers) == (*severity, *who, servers)
            && (first.reference, first.retry_after_s) == (*reference, *retry_after_s)
            && (&first.providers, &first.brief) == (providers, brief)
    }
}

/// A cause, and what follows from it.
pub struct Cause<'r> {
    /// What is wrong.
    pub group: Group<'r>,
    /// What servers lack because of it.
    pub effects: Vec<Group<'r>>,
}

/// The causes, most likely first: what is a warning or an error.
pub fn causes(findings: &[Finding]) -> Vec<Cause<'_>> {
    let mut causes: Vec<Cause<'_>> = Vec::new();
    for group in grouped(findings.iter().filter(|finding| finding.severity >= Severity::Warning)) {
        match causes.iter_mut().find(|cause| explains(cause.group.first, group.first)) {
            Some(cause) => cause.effects.push(group),
            None => causes.push(Cause { group, effects: Vec::new() }),
        }
    }
    causes
}

/// Whether a copy of the zone is why servers lack a record: one cause is told once.
fn explains(cause: &Finding, effect: &Finding) -> bool {
    let by_copy = matches!(
        (cause.id, effect.id),
        (FindingId::ServerStale, FindingId::RecordMissingOnSome)
            | (FindingId::InstancesDisagree, FindingId::RecordUnstable)
    );
    by_copy && effect.servers.iter().all(|server| cause.servers.contains(server))
}

/// What else was seen. That a record is there stands with the records.
pub fn notes(findings: &[Finding]) -> Vec<Group<'_>> {
    let is_note = |finding: &&Finding| {
        finding.severity < Severity::Warning && finding.id != FindingId::RecordPresent
    };
    grouped(findings.iter().filter(is_note))
}

fn grouped<'r>(findings: impl Iterator<Item = &'r Finding>) -> Vec<Group<'r>> {
    let mut groups: Vec<Group<'r>> = Vec::new();
    for finding in findings {
        match groups.iter_mut().find(|group| group.takes(finding)) {
            Some(group) => group.rest.push(finding),
            None => groups.push(Group { first: finding, rest: Vec::new() }),
        }
    }
    groups
}

/// Records that stand the same way at the same addresses.
pub struct Alike<'r> {
    /// At least one.
    pub records: &'r [RecordReport],
    /// How they stand at each address: the counts of all of them together.
    pub servers: Vec<RecordAtServer>,
}

impl Alike<'_> {
    /// Responses that had them right, and queries, over all addresses.
    pub fn counts(&self) -> (u64, u64) {
        counts(&mut self.servers.iter())
    }
}

/// Records that stand the same way at the same addresses, put together where they follow each
/// other. How often lost responses hit which of them does not tell them apart.
pub fn alike(records: &[RecordReport]) -> impl Iterator<Item = Alike<'_>> {
    let place = |at: &RecordAtServer| (at.server, at.state, at.found.clone());
    let are_alike = move |a: &RecordReport, b: &RecordReport| {
        (a.state, &a.purpose) == (b.state, &b.purpose)
            && a.servers.iter().map(place).eq(b.servers.iter().map(place))
    };
    records.chunk_by(are_alike).map(|records| {
        let mut servers = records.first().map(|first| first.servers.clone()).unwrap_or_default();
        for record in records.iter().skip(1) {
            for (sum, at) in servers.iter_mut().zip(&record.servers) {
                sum.right = sum.right.saturating_add(at.right);
                sum.asked = sum.asked.saturating_add(at.asked);
            }
        }
        Alike { records, servers }
    })
}

fn counts(servers: &mut dyn Iterator<Item = &RecordAtServer>) -> (u64, u64) {
    servers.fold((0, 0), |(right, asked): (u64, u64), at| {
        (right.saturating_add(at.right), asked.saturating_add(at.asked))
    })
}

/// Addresses at which a record stands the same way.
pub struct Standing<'r> {
    /// How it stands.
    pub state: RecordState,
    /// What stands there instead.
    pub found: &'r [String],
    /// The addresses, at least one; just one if the answers there are mixed, as their rate is its own.
    pub servers: Vec<&'r RecordAtServer>,
}

impl Standing<'_> {
    /// Responses that had it right, and queries.
    pub fn counts(&self) -> (u64, u64) {
        counts(&mut self.servers.iter().copied())
    }
}

/// How a record stands where, what is not right first.
pub fn standings(servers: &[RecordAtServer]) -> Vec<Standing<'_>> {
    let mut standings: Vec<Standing<'_>> = Vec::new();
    for server in servers {
        let same = |standing: &&mut Standing<'_>| {
            server.state != RecordState::Mixed
                && (standing.state, standing.found) == (server.state, &server.found[..])
        };
        match standings.iter_mut().find(same) {
            Some(standing) => standing.servers.push(server),
            None => standings.push(Standing {
                state: server.state,
                found: &server.found,
                servers: vec![server],
            }),
        }
    }
    standings.sort_by_key(|standing| standing.state == RecordState::Right);
    standings
}

/// Addresses that were asked as the same thing; at least one.
pub struct Asked<'r> {
    /// As what.
    pub role: Role,
    /// The zone, where there is one.
    pub zone: Option<&'r str>,
    /// The addresses.
    pub servers: Vec<&'r ServerReport>,
}

impl Asked<'_> {
    /// Whether they show more than one serial number of the zone.
    pub fn serials_differ(&self) -> bool {
        let mut serials = self.servers.iter().flat_map(|server| &server.serials);
        let first = serials.next();
        serials.any(|serial| Some(serial) != first)
    }
}

/// Who was asked, by role and zone, in the order of the report.
pub fn asked(servers: &[ServerReport]) -> Vec<Asked<'_>> {
    let mut all: Vec<Asked<'_>> = Vec::new();
    for server in servers {
        let zone = server.zone.as_deref();
        match all.iter_mut().find(|asked| (asked.role, asked.zone) == (server.role, zone)) {
            Some(asked) => asked.servers.push(server),
            None => all.push(Asked { role: server.role, zone, servers: vec![server] }),
        }
    }
    all
}
