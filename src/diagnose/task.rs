//! What each query of a diagnosis is for.

use crate::probe::purpose::{Job, Purpose};

/// A step of a diagnosis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// Whether anybody is there, and what it is.
    Discover,
    /// The first pass: all factors, balanced.
    FirstPass,
    /// The same once more, where the first pass raised a suspicion.
    SecondLook,
    /// Again from ports that lost something, and from ports that did not.
    PortRepeat,
    /// So slowly that no limit is reached.
    Slow,
    /// Fast again, after the slow ones.
    FastAgain,
    /// Faster and faster.
    Ramp,
    /// As fast as where the ramp ended, once more.
    RampAgain,
}

/// What a query asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Asked {
    /// A name that is the same each time: a cache knows it.
    Known,
    /// A name that nobody has asked for before.
    Fresh,
    /// A random name below a top-level domain that does not exist.
    Reserved,
}

/// What a query is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Task {
    /// The step that it is part of.
    pub step: Step,
    /// What it asks for.
    pub asked: Asked,
}

impl Step {
    const ALL: [Self; 8] = [
        Self::Discover,
        Self::FirstPass,
        Self::SecondLook,
        Self::PortRepeat,
        Self::Slow,
        Self::FastAgain,
        Self::Ramp,
        Self::RampAgain,
    ];

    /// The word, as in the output contracts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Discover => "discover",
            Self::FirstPass => "first-pass",
            Self::SecondLook => "second-look",
            Self::PortRepeat => "same-port",
            Self::Slow => "slow",
            Self::FastAgain => "fast-again",
            Self::Ramp => "rate-ramp",
            Self::RampAgain => "rate-again",
        }
    }
}

impl Asked {
    const ALL: [Self; 3] = [Self::Known, Self::Fresh, Self::Reserved];
}

impl Task {
    /// The purpose of a query for it.
    pub fn purpose(self) -> Purpose {
        let number = self.step as u32 * Asked::ALL.len() as u32 + self.asked as u32;
        // What is a fair sample of what, the judges of a diagnosis decide by themselves.
        Purpose::Job(Job { number, sampled: false })
    }

    /// The task of a query; `None` if it is none of a diagnosis.
    pub fn of(purpose: Purpose) -> Option<Self> {
        let Purpose::Job(Job { number, .. }) = purpose else { return None };
        let number = number as usize;
        let step = *Step::ALL.get(number / Asked::ALL.len())?;
        Some(Self { step, asked: Asked::ALL[number % Asked::ALL.len()] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_task_comes_back_from_its_purpose() {
        for (place, step) in Step::ALL.into_iter().enumerate() {
            assert_eq!(step as usize, place);
            for asked in Asked::ALL {
                let task = Task { step, asked };
                assert_eq!(Task::of(task.purpose()), Some(task));
            }
        }
    }
}
