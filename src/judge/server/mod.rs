//! What servers do wrong.

pub(super) mod conformance;
pub(super) mod delegation;
pub(super) mod edns;
pub(super) mod lame;
pub(super) mod reach;
pub(crate) mod registry;
pub(super) mod serials;
pub(super) mod tcp;
