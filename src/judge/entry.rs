//! What the catalog says of each finding.

use super::actor::Actor;
use super::severity::Severity;

/// What is known of a finding before it is made.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// What it is, in words joined by hyphens.
    pub id: &'static str,
    /// What it is about.
    pub class: Class,
    /// How bad it can be, the mildest first.
    pub severities: &'static [Severity],
    /// Who may have to act, at least one: the first, unless a rule chooses another by its evidence.
    pub who: &'static [Actor],
    /// What it is called for people.
    pub title: &'static str,
    /// When it is concluded, as the end of a sentence, in Markdown.
    pub concluded_when: &'static str,
    /// RFC and section, unless a finding has a closer one.
    pub reference: &'static str,
    /// What it means for a verdict, above `notice`.
    pub effect: Effect,
    /// How deep a cause an error of this kind is: those with small numbers explain others, those
    /// without one explain none.
    pub depth: Option<u8>,
    /// What has to be there for it to be seen at all.
    pub needs: Needs,
    /// Whether a server with an error of this kind cannot be used at all for what it is asked.
    pub breaks: bool,
}

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// An expected record.
    Record,
    /// An authoritative server.
    Server,
    /// A recursive server.
    Resolver,
    /// The path to a server.
    Path,
    /// This machine.
    Host,
}

/// What a finding above `notice` means for a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Nothing: what it does harm to is found by itself.
    None,
    /// Answers do not always come.
    Availability,
    /// A record is not right somewhere, though no authoritative answer says so.
    NotRight,
}

/// What has to be there for a finding to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Needs {
    /// Nothing but the servers themselves.
    Servers,
    /// A recursive server that is asked as well.
    Resolver,
    /// Servers that were named with `--also-ask`.
    AlsoAsk,
    /// Tokens of SES among what is expected.
    Tokens,
    /// A way of this machine's own over both IPv4 and IPv6.
    BothFamilies,
}

impl Entry {
    pub(super) const fn new(
        id: &'static str,
        class: Class,
        severities: &'static [Severity],
        who: &'static [Actor],
        title: &'static str,
        concluded_when: &'static str,
        reference: &'static str,
    ) -> Self {
        let (effect, depth, needs, breaks) = (Effect::None, None, Needs::Servers, false);
        Self {
            id,
            class,
            severities,
            who,
            title,
            concluded_when,
            reference,
            effect,
            depth,
            needs,
            breaks,
        }
    }

    pub(super) const fn effect(mut self, effect: Effect) -> Self {
        self.effect = effect;
        self
    }

    pub(super) const fn depth(mut self, depth: u8) -> Self {
        self.depth = Some(depth);
        self
    }

    pub(super) const fn breaks(mut self) -> Self {
        self.breaks = true;
        self
    }

    pub(super) const fn needs(mut self, needs: Needs) -> Self {
        self.needs = needs;
        self
    }
}
