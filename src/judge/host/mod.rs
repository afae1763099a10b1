//! What this machine does wrong.

pub(super) mod absence;
pub(super) mod drops;
