//! What the ways to servers do wrong.

pub(super) mod late;
pub(super) mod loss;
pub(super) mod size;
