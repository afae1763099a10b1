//! What recursive servers do that others do not.

pub(crate) mod validation;
