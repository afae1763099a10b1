//! What a fault does, and what all those that apply do together.

use std::net::IpAddr;
use std::time::Duration;

use serde::Deserialize;

use super::super::dice::Dice;
use crate::wire::{EdeCode, Rcode};

/// What a fault does.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// No response.
    #[default]
    Drop,
    /// The response comes later.
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
    /// The response comes twice.
    Duplicate,
    /// A second response follows that says something else.
    DuplicateDiffering,
    /// The response comes from another port.
    OtherPort,
    /// The response comes from another address.
    OtherAddress(IpAddr),
    /// The response has another ID.
    WrongId,
    /// The response is for another question.
    WrongQuestion,
    /// The question comes back with the case of its letters swapped.
    WrongCase,
    /// A response with a wrong ID comes first.
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
    /// The TCP connection is closed in the middle of a response.
    CutTcp,
    /// The TCP connection is reset instead of a response.
    ResetTcp,
    /// TCP handshakes are not answered, as behind a firewall that drops them.
    DropSyn,
    /// The server has this version of its zones, where there is one.
    Version(String),
}

/// How much later: between `ms` and `to_ms`, and then a tail with the mean `tail_ms`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
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

/// The effects of all faults that apply, each with the extended error that comes with it.
#[derive(Debug, Default)]
pub(in super::super) struct Effects {
    all: Vec<(Effect, Option<EdeCode>)>,
    pub delay: Duration,
    pub right_follows: bool,
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

impl Effect {
    /// The response code of those that make an error of any response.
    fn rcode(&self) -> Option<Rcode> {
        Some(match self {
            Self::Refuse => Rcode::REFUSED,
            Self::Servfail => Rcode::SERVFAIL,
            Self::Notimp => Rcode::NOTIMP,
            Self::Formerr => Rcode::FORMERR,
            Self::Nxdomain => Rcode::NXDOMAIN,
            Self::Badvers => Rcode::BADVERS,
            Self::Badcookie => Rcode::BADCOOKIE,
            _ => return None,
        })
    }
}

impl Effects {
    /// Adds one.
    pub fn add(&mut self, effect: &Effect, ede: Option<EdeCode>, dice: &mut Dice) {
        if let Effect::Delay(delay) = effect {
            self.delay += delay.roll(dice);
        }
        self.right_follows |= *effect == Effect::Spoof;
        self.all.push((effect.clone(), ede));
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Effect> {
        self.all.iter().map(|(effect, _)| effect)
    }

    /// Whether it is one of them.
    pub fn has(&self, wanted: &Effect) -> bool {
        self.iter().any(|effect| effect == wanted)
    }

    /// The response code instead of a response, and the extended error with it.
    pub fn error(&self) -> Option<(Rcode, Option<EdeCode>)> {
        self.all.iter().find_map(|(effect, ede)| Some((effect.rcode()?, *ede)))
    }

    /// The extended error of any.
    pub fn ede(&self) -> Option<EdeCode> {
        self.all.iter().find_map(|(_, ede)| *ede)
    }

    /// Whether OPT records are answered with one.
    pub fn leave_edns(&self) -> bool {
        !self.has(&Effect::IgnoreEdns) && !self.has(&Effect::Formerr)
    }

    /// The version of zones, by the last fault that sets one.
    pub fn version(&self) -> Option<&str> {
        let versions = self.iter().filter_map(|effect| match effect {
            Effect::Version(version) => Some(version.as_str()),
            _ => None,
        });
        versions.last()
    }

    /// The address that the response comes from.
    pub fn other_address(&self) -> Option<IpAddr> {
        self.iter().find_map(|effect| match effect {
            Effect::OtherAddress(address) => Some(*address),
            _ => None,
        })
    }
}
