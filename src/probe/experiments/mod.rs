//! Experiments: queries that tell the causes of what was seen apart (hypothesis, then experiment).
//!
//! Each file has one suspicion, and suggests what to ask because of what the [`ProbeLog`] shows;
//! [`ROUNDS`] says which are made when. A round is asked in mixed order, so that a bad minute is not
//! taken for a bad path.
//!
//! [`ProbeLog`]: super::log::ProbeLog

mod conformance;
mod edns;
mod failure;
mod limits;
mod port;
mod rate;
mod rounds;
mod serial;
mod size;
mod tcp;
mod validation;
mod zone;

pub use limits::Limits;
pub use rounds::{ROUNDS, Suggest, suggest};
