//! How much goes through one system call.

/// Most messages in one system call.
pub(in crate::net) const BATCH: usize = 64;
