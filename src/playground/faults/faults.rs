//! All faults of a world, and the seeded dice that say when they happen.

use std::collections::HashMap;
use std::net::IpAddr;

use super::super::dice::{Dice, hash, mix};
use super::effect::{Effect, Effects};
use super::fault::{Fault, Situation};
use crate::engine::{Time, Transport};
use crate::wire::NameBuf;

/// Clients whose rates are remembered.
const REMEMBERED: usize = 4096;

/// What is wrong with a world, or with a server. The default is nothing.
///
/// What becomes of a query follows from the seed, from the number of the query (or from its name,
/// with [`Fault::by_name`]) and, where a fault asks for them, from the time and what came before. So
/// a run can be repeated.
///
/// ```
/// use dnsonde::playground::{Effect, Fault, Faults};
///
/// let faults = Faults::seeded(7, [Fault::sometimes(0.1, Effect::Drop)]);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Faults {
    seed: u64,
    list: Vec<Fault>,
    /// Tokens left for a fault, an address and a client, and when they were counted.
    rates: HashMap<(usize, IpAddr, IpAddr), (f64, Time)>,
}

impl<F: IntoIterator<Item = Fault>> From<F> for Faults {
    fn from(list: F) -> Self {
        Self::seeded(0, list)
    }
}

impl Faults {
    /// These faults, with dice that begin with `seed`.
    pub fn seeded(seed: u64, list: impl IntoIterator<Item = Fault>) -> Self {
        Self { seed, list: list.into_iter().collect(), rates: HashMap::new() }
    }

    /// What the dice begin with.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Each of them.
    pub fn list(&self) -> &[Fault] {
        &self.list
    }

    /// Whether questions for `name` are lost over UDP, because the dice of a fault that goes
    /// [by name](Fault::by_name) fell so.
    pub fn silences(&self, name: &NameBuf) -> bool {
        self.list.iter().enumerate().any(|(place, fault)| {
            fault.by_name
                && matches!(fault.effect, Effect::Drop)
                && fault.share.is_some_and(|share| self.dice(place, hash(name)).falls(share))
        })
    }

    /// Whether an address never takes UDP, or TCP.
    pub(in super::super) fn close(&self, host: &str, address: IpAddr, over: Transport) -> bool {
        self.list.iter().any(|fault| {
            matches!(fault.effect, Effect::Unreachable)
                && fault.is_constant()
                && fault.concerns_host(host, address)
                && fault.transport.is_none_or(|transport| transport == over)
        })
    }

    /// The effects of the faults that apply to a query, those aside that look at the size of its
    /// answer.
    pub(in super::super) fn roll(&mut self, at: &Situation<'_>) -> Effects {
        let mut effects = Effects::default();
        self.add(at, None, &mut effects);
        effects
    }

    /// Whether there are faults that look at the size of a response.
    pub(in super::super) fn look_at_sizes(&self) -> bool {
        self.list.iter().any(|fault| fault.larger_than.is_some())
    }

    /// Adds the effects of the faults that apply to a response of this size. Whether there were any.
    pub(in super::super) fn roll_for_size(
        &mut self,
        at: &Situation<'_>,
        size: usize,
        effects: &mut Effects,
    ) -> bool {
        self.add(at, Some(size), effects)
    }

    fn add(&mut self, at: &Situation<'_>, size: Option<usize>, effects: &mut Effects) -> bool {
        let mut any = false;
        for place in 0..self.list.len() {
            let fault = &self.list[place];
            if fault.larger_than.is_some() != size.is_some()
                || fault.larger_than.zip(size).is_some_and(|(limit, size)| size <= limit)
                || !fault.concerns(at)
            {
                continue;
            }
            let which = if fault.by_name { hash(&at.query.name) } else { at.nth };
            let (share, mut dice) = (fault.share, self.dice(place, which));
            // The rate first: a share is one of what is beyond it.
            if fault.above_qps.is_some_and(|limit| !self.exceeds(place, limit, at))
                || share.is_some_and(|share| !dice.falls(share))
            {
                continue;
            }
            let fault = &self.list[place];
            effects.add(&fault.effect, fault.ede, &mut dice);
            effects.right_follows |= fault.right_follows;
            any = true;
        }
        any
    }

    /// Each fault has dice of its own: one more does not change where those of the others fall.
    fn dice(&self, place: usize, which: u64) -> Dice {
        Dice::new(mix(self.seed ^ (place as u64 + 1)), which)
    }

    /// Whether a client asks an address for more than a fault lets pass: a bucket of one second's
    /// tokens.
    fn exceeds(&mut self, place: usize, limit: f64, at: &Situation<'_>) -> bool {
        if self.rates.len() >= REMEMBERED {
            self.rates.clear();
        }
        let key = (place, at.to.ip(), at.from.ip());
        let (tokens, counted) = self.rates.entry(key).or_insert((limit, at.now));
        let gained = at.now.since(*counted).as_secs_f64() * limit;
        *tokens = (*tokens + gained).min(limit.max(1.0));
        *counted = at.now;
        let exceeds = *tokens < 1.0;
        if !exceeds {
            *tokens -= 1.0;
        }
        exceeds
    }
}
