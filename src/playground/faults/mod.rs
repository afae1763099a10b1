//! Faults: when, and what then.
//!
//! A [`Fault`] is one entry `[[faults]]` of a scenario file, or a value in a program. All of its
//! conditions must hold; one that is left out always does. All [`Faults`] of a world whose
//! conditions hold take effect together.

mod effect;
mod fault;
#[expect(clippy::module_inception, reason = "the noun has a file of its own")]
mod faults;

pub use effect::{Delay, Effect};
pub use fault::{Fault, Paths};
pub use faults::Faults;

pub(super) use effect::{Effects, millis};
pub(super) use fault::Situation;
