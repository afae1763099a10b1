//! What a fault does, and what all those that apply do together.

use std::net::IpAddr;
use std::time::Duration;

use serde::Deserialize;

use super::super::dice::Dice;
use crate::wire::{EdeCode, Rcode};

/// What a fault does.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// No answer.
    #[default]
    Drop,
    /// The answer comes later.
    Delay(Delay),
    /// ICMP says that the port is closed; over TCP, connections are refused.
    Unreachable,
    /// REFUSED.
    Refuse,
    /// SERVFAIL.
    Servfail,
    /// NOTIMP.
    Notimp,
    /// FORMERR without an OPT record, as from a server that knows no EDNS.
    Formerr,
    /// NXDOMAIN, with the SOA record of the zone.
    Nxdomain,
    /// BADVERS.
    Badvers,
    /// BADCOOKIE.
    Badcookie,
    /// "Not mine, ask the root".
    UpwardReferral,
    /// Right but for AA, which is not set.
    NotAuthoritative,
    /// TC, and no records.
    Truncate,
    /// The answer comes twice.
    Duplicate,
    /// A second answer follows that says something else.
    DuplicateDiffering,
    /// The answer comes from another port.
    OtherPort,
    /// The answer comes from another address.
    OtherAddress(IpAddr),
    /// The answer has another ID.
    WrongId,
    /// The answer is for another question.
    WrongQuestion,
    /// The question comes back with the case of its letters swapped.
    WrongCase,
    /// An answer with a wrong ID comes first.
    Spoof,
    /// The question comes back in lower case.
    FoldCase,
    /// No OPT record in answers.
    IgnoreEdns,
    /// NXDOMAIN for names that have nothing but descendants.
    DenyEmptyNonterminals,
    /// Negative answers without a SOA record.
    OmitSoa,
    /// Negative answers with the SOA record of the zone above.
    SoaAbove,
    /// TTLs count down and begin anew, as if a cache answered.
    CountDown,
    /// The TCP connection is closed in the middle of an answer.
    CutTcp,
    /// The TCP connection is reset instead of an answer.
    ResetTcp,
    /// TCP handshakes are not answered, as behind a firewall that drops them.
    DropSyn,
    /// The server has this version of its zones, where there is one.
    Version(String),
}

/// How much later: between `ms` and `to_ms`, and then a tail with the mean `tail_ms`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delay {
    /// Milliseconds, at least.
    pub ms: f64,
    /// Milliseconds, at most (without the tail); `ms` if left out.
    pub to_ms: Option<f64>,
    /// The mean of an exponential tail, in milliseconds; none if left out.
    #[serde(default)]
    pub tail_ms: f64,
}

/// How an answer is wrong, besides where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Wrong {
    Id,
    Question,
    Case,
}

/// The effects of all faults that apply.
#[derive(Debug, Default)]
pub(in super::super) struct Effects {
    pub version: Option<String>,
    pub error: Option<(Rcode, Option<EdeCode>)>,
    pub upward_referral: bool,
    pub not_authoritative: bool,
    pub truncate: bool,
    pub fold_case: bool,
    pub no_opt: bool,
    pub deny_empty_nonterminals: bool,
    pub omit_soa: bool,
    pub soa_above: bool,
    pub count_down: bool,
    pub ede: Option<EdeCode>,
    pub drop: bool,
    pub unreachable: bool,
    pub delay: Duration,
    pub duplicate: bool,
    pub duplicate_differing: bool,
    pub other_port: bool,
    pub other_address: Option<IpAddr>,
    pub wrong: Option<Wrong>,
    pub right_follows: bool,
    pub cut: bool,
    pub reset: bool,
    pub drop_syn: bool,
}

impl Delay {
    /// Always the same.
    pub fn of_ms(ms: f64) -> Self {
        Self { ms, to_ms: None, tail_ms: 0.0 }
    }

    fn roll(&self, dice: &mut Dice) -> Duration {
        let spread = self.to_ms.map_or(0.0, |to| (to - self.ms).max(0.0));
        // A point is below 1, so the logarithm is finite.
        let tail = -(1.0 - dice.point()).ln() * self.tail_ms;
        millis(self.ms + dice.point() * spread + tail)
    }
}

/// Milliseconds as a duration: at most an hour, and none if it is no number.
pub(in super::super) fn millis(ms: f64) -> Duration {
    Duration::try_from_secs_f64((ms / 1000.0).clamp(0.0, 3600.0)).unwrap_or_default()
}

impl Effects {
    /// Adds one, with the extended error that comes with it.
    pub fn add(&mut self, effect: &Effect, ede: Option<EdeCode>, dice: &mut Dice) {
        self.ede = self.ede.or(ede);
        let mut error = |rcode| self.error = self.error.or(Some((rcode, ede)));
        match effect {
            Effect::Drop => self.drop = true,
            Effect::Delay(delay) => self.delay += delay.roll(dice),
            Effect::Unreachable => self.unreachable = true,
            Effect::Refuse => error(Rcode::REFUSED),
            Effect::Servfail => error(Rcode::SERVFAIL),
            Effect::Notimp => error(Rcode::NOTIMP),
            Effect::Nxdomain => error(Rcode::NXDOMAIN),
            Effect::Badvers => error(Rcode::BADVERS),
            Effect::Badcookie => error(Rcode::BADCOOKIE),
            Effect::Formerr => {
                error(Rcode::FORMERR);
                self.no_opt = true;
            }
            Effect::UpwardReferral => self.upward_referral = true,
            Effect::NotAuthoritative => self.not_authoritative = true,
            Effect::Truncate => self.truncate = true,
            Effect::Duplicate => self.duplicate = true,
            Effect::DuplicateDiffering => self.duplicate_differing = true,
            Effect::OtherPort => self.other_port = true,
            Effect::OtherAddress(address) => self.other_address = Some(*address),
            Effect::WrongId => self.wrong = Some(Wrong::Id),
            Effect::WrongQuestion => self.wrong = Some(Wrong::Question),
            Effect::WrongCase => self.wrong = Some(Wrong::Case),
            Effect::Spoof => {
                self.wrong = Some(Wrong::Id);
                self.right_follows = true;
            }
            Effect::FoldCase => self.fold_case = true,
            Effect::IgnoreEdns => self.no_opt = true,
            Effect::DenyEmptyNonterminals => self.deny_empty_nonterminals = true,
            Effect::OmitSoa => self.omit_soa = true,
            Effect::SoaAbove => self.soa_above = true,
            Effect::CountDown => self.count_down = true,
            Effect::CutTcp => self.cut = true,
            Effect::ResetTcp => self.reset = true,
            Effect::DropSyn => self.drop_syn = true,
            Effect::Version(version) => self.version = Some(version.clone()),
        }
    }
}
