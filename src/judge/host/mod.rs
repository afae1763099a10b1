//! What this machine does wrong.

pub(super) mod drops;
