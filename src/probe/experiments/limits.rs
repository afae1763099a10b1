//! What experiments may use.

/// What an experiment may use.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// UDP sockets for each address family.
    pub sockets: u16,
}
