//! What a playground server does wrong, and the seeded dice that say when.
//!
//! [`Faults`] is data: shares from 0 (never) to 1 (always), and a few switches. The fate of a query
//! follows from the seed and from the number of the query (or from its name, with
//! [`Faults::by_name`]) alone, so a run can be repeated.

use std::time::Duration;

use super::dice::{Dice, hash};
use crate::wire::{NameBuf, Rcode};

/// What a server does wrong. The default is nothing.
///
/// A share is a probability from 0 to 1, and each fault has its own die.
///
/// ```
/// use dnsonde::playground::Faults;
///
/// let faults = Faults { drop: 0.1, ..Faults::seeded(7) };
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Faults {
    /// What the dice begin with.
    pub seed: u64,
    /// The dice follow from the name that is asked for, not from the number of the query: a name
    /// that has a fault once has it always.
    pub by_name: bool,
    /// Share of UDP queries that get no answer.
    pub drop: f64,
    /// Share of names that never get an answer over UDP; always by name.
    pub silent: f64,
    /// After so many queries nothing is answered any more.
    pub die_after: Option<u64>,
    /// How late a delayed UDP answer is sent.
    pub delay: Duration,
    /// Share of UDP answers that are sent late, by [`Faults::delay`].
    pub delayed: f64,
    /// Share of UDP answers that are sent twice.
    pub duplicate: f64,
    /// Share of UDP answers that come empty and with TC set.
    pub truncate: f64,
    /// Share of queries answered with REFUSED.
    pub refused: f64,
    /// Share of queries answered with SERVFAIL.
    pub servfail: f64,
    /// Share of queries answered with a referral to the root, as a lame server does.
    pub lame: f64,
    /// Queries with an OPT record get FORMERR and no OPT record, as from servers that know no EDNS.
    pub formerr_on_edns: bool,
    /// Share of UDP answers that carry another ID.
    pub wrong_id: f64,
    /// Share of UDP answers that answer another question.
    pub wrong_question: f64,
    /// Share of UDP answers that repeat the question with the case of its letters swapped.
    pub wrong_case: f64,
    /// Share of UDP answers that come from another port.
    pub wrong_port: f64,
    /// The right answer is sent after each wrong one (else the wrong one is all there is).
    pub right_follows: bool,
    /// How TCP is served.
    pub tcp: Tcp,
    /// Share of TCP answers that are cut off half-way, the connection with them.
    pub tcp_cut: f64,
}

/// How a server treats TCP.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tcp {
    /// As it should be.
    #[default]
    Served,
    /// Connections are refused.
    Closed,
    /// Connections are accepted, and nothing is ever answered.
    Silent,
}

/// How one answer is wrong on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrong {
    Id,
    Question,
    Case,
    Port,
}

/// What is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// What the zone says.
    Zone,
    /// An empty answer with TC set.
    Truncated,
    /// A referral to the root.
    Lame,
    /// An error without records.
    Error(Rcode),
    /// FORMERR as if the server had never heard of EDNS.
    NoEdns,
}

/// What becomes of one query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fate {
    pub silence: bool,
    pub content: Content,
    pub delayed: bool,
    pub duplicate: bool,
    pub wrong: Option<Wrong>,
    pub cut: bool,
}

impl Fate {
    /// The right answer, at once.
    pub const RIGHT: Self = Self {
        silence: false,
        content: Content::Zone,
        delayed: false,
        duplicate: false,
        wrong: None,
        cut: false,
    };
}

impl Faults {
    /// No faults, and dice that begin with `seed`.
    pub fn seeded(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// Whether `name` is one of those that [`Faults::silent`] silences.
    pub fn silences(&self, name: &NameBuf) -> bool {
        Dice::new(self.seed ^ SILENCE, hash(name)).falls(self.silent)
    }

    /// Decides about query number `nth`, counted from 0, for `name`.
    pub(super) fn roll(&self, nth: u64, name: &NameBuf, over_tcp: bool, edns: bool) -> Fate {
        let which = if self.by_name { hash(name) } else { nth };
        let mut dice = Dice::new(self.seed, which);
        // Every die is thrown every time: one fault more must not change where the others fall.
        let drop = dice.falls(self.drop);
        let delayed = dice.falls(self.delayed);
        let duplicate = dice.falls(self.duplicate);
        let truncate = dice.falls(self.truncate);
        let refused = dice.falls(self.refused);
        let servfail = dice.falls(self.servfail);
        let lame = dice.falls(self.lame);
        let wrong = [
            (dice.falls(self.wrong_id), Wrong::Id),
            (dice.falls(self.wrong_question), Wrong::Question),
            (dice.falls(self.wrong_case), Wrong::Case),
            (dice.falls(self.wrong_port), Wrong::Port),
        ];
        let cut = dice.falls(self.tcp_cut);
        let dead = self.die_after.is_some_and(|last| nth >= last);
        let content = if edns && self.formerr_on_edns {
            Content::NoEdns
        } else if refused {
            Content::Error(Rcode::REFUSED)
        } else if servfail {
            Content::Error(Rcode::SERVFAIL)
        } else if lame {
            Content::Lame
        } else if truncate && !over_tcp {
            Content::Truncated
        } else {
            Content::Zone
        };
        if over_tcp {
            let silence = dead || self.tcp == Tcp::Silent;
            return Fate { silence, content, cut, ..Fate::RIGHT };
        }
        Fate {
            silence: dead || drop || self.silences(name),
            content,
            delayed,
            duplicate,
            wrong: wrong.into_iter().find_map(|(falls, wrong)| falls.then_some(wrong)),
            cut: false,
        }
    }

    /// Whether a UDP answer can be sent late.
    pub(super) fn can_delay(&self) -> bool {
        self.delayed > 0.0
    }
}

/// Sets the dice for silent names apart from the others.
const SILENCE: u64 = 0x51_1E_4C_E5;

#[cfg(test)]
mod tests {
    use super::*;

    fn name(i: u64) -> NameBuf {
        format!("n{i}.demo.test").parse().unwrap()
    }

    #[test]
    fn no_faults_by_default() {
        let faults = Faults::default();
        assert!((0..1000).all(|i| faults.roll(i, &name(i), i % 2 == 0, true) == Fate::RIGHT));
    }

    #[test]
    fn dice_fall_in_their_share_and_repeat_with_the_seed() {
        let faults = Faults { drop: 0.1, refused: 0.2, ..Faults::seeded(5) };
        let fates: Vec<Fate> =
            (0..10_000).map(|i| faults.roll(i, &name(0), false, false)).collect();
        let dropped = fates.iter().filter(|fate| fate.silence).count();
        let refused =
            fates.iter().filter(|fate| fate.content == Content::Error(Rcode::REFUSED)).count();
        assert!((900..1100).contains(&dropped), "{dropped}");
        assert!((1850..2150).contains(&refused), "{refused}");
        let again: Vec<Fate> =
            (0..10_000).map(|i| faults.roll(i, &name(0), false, false)).collect();
        assert_eq!(fates, again);
    }

    #[test]
    fn one_fault_more_leaves_the_others_where_they_were() {
        let some = Faults { refused: 0.2, ..Faults::seeded(5) };
        let more = Faults { drop: 0.5, ..some.clone() };
        for i in 0..1000 {
            let (a, b) = (
                some.roll(i, &name(0), false, false).content,
                more.roll(i, &name(0), false, false).content,
            );
            assert_eq!(a, b);
        }
    }

    #[test]
    fn by_name_a_fault_stays_with_its_name() {
        let faults = Faults { by_name: true, servfail: 0.5, ..Faults::seeded(1) };
        for i in 0..100 {
            let first = faults.roll(0, &name(i), false, false);
            assert_eq!(faults.roll(i + 1, &name(i), false, false), first);
        }
    }

    #[test]
    fn silent_names_stay_silent_over_udp_and_a_dead_server_over_both() {
        let faults = Faults { silent: 0.5, ..Faults::default() };
        let silent = (0..100).map(name).find(|name| faults.silences(name)).unwrap();
        assert!(faults.roll(3, &silent, false, false).silence);
        assert!(!faults.roll(3, &silent, true, false).silence);
        let faults = Faults { die_after: Some(2), ..Faults::default() };
        let silences: Vec<bool> =
            (0..4).map(|nth| faults.roll(nth, &name(0), nth % 2 == 0, false).silence).collect();
        assert_eq!(silences, [false, false, true, true]);
    }
}
