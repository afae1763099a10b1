//! What the judges of a diagnosis know: the servers, what became of the queries to them, and how they are
//! told of.

use crate::diagnose::plan::DiagnosePlan;
use crate::diagnose::sample::Sample;
use crate::diagnose::subject::{Subject, subjects};
use crate::judge::actor::Actor;
use crate::judge::catalog::FindingId;
use crate::judge::finding::Draft;
use crate::judge::observations::ip;
use crate::judge::severity::Severity;
use crate::judge::writing::plain;
use crate::probe::ProbeLog;
use crate::probe::log::OtherResponses;
use crate::probe::query::Role;

/// Everything that the judges know.
pub(super) struct Context<'l> {
    /// Whether the names to ask for were given, so that a server should have them.
    pub(super) names_given: bool,
    pub(super) servers: Vec<Examined<'l>>,
}

/// A server, and what became of the queries to it.
pub(super) struct Examined<'l> {
    pub(super) subject: Subject,
    pub(super) sample: Sample<'l>,
    pub(super) other_responses: OtherResponses,
    /// What it is called in a sentence.
    pub(super) label: String,
    /// Its loss has a cause that is told.
    pub(super) is_explained: bool,
}

impl<'l> Context<'l> {
    pub(super) fn new(plan: &DiagnosePlan, log: &'l ProbeLog) -> Self {
        let examined = |subject: Subject| {
            let server = subject.server;
            let names = log.names_of(&subject.zone, server);
            let label = match names.first() {
                Some(name) if subject.role == Role::Authoritative => {
                    format!("{} ({})", plain(name), ip(server))
                }
                _ => ip(server),
            };
            Examined {
                sample: Sample::of(log, server),
                other_responses: log.other_responses.get(&server).copied().unwrap_or_default(),
                label,
                subject,
                is_explained: false,
            }
        };
        let names_given = !plan.names.is_empty();
        Self { names_given, servers: subjects(plan, log).into_iter().map(examined).collect() }
    }

    /// The significance that one test must reach, where each server has so many of them.
    pub(super) fn significance(&self, tests: usize) -> f64 {
        crate::stats::SIGNIFICANCE / (self.servers.len() * tests).max(1) as f64
    }
}

impl Examined<'_> {
    /// A finding of this server.
    pub(super) fn draft(&self, id: FindingId, severity: Severity) -> Draft {
        let draft = Draft::new(id, severity, self.label.clone()).servers([self.subject.server]);
        // Some findings are for others, whoever runs it.
        if id.entry().who.contains(&self.operator()) { draft.who(self.operator()) } else { draft }
    }

    pub(super) fn is_recursive(&self) -> bool {
        self.subject.role == Role::Recursive
    }

    /// Who runs it.
    pub(super) fn operator(&self) -> Actor {
        if self.is_recursive() { Actor::ResolverOperator } else { Actor::DnsHost }
    }
}
