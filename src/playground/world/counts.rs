//! What a world has seen and done.

/// Messages so far, those among the world's own servers and resolvers included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WorldCounts {
    /// Queries that came over UDP.
    pub udp_queries: u64,
    /// Queries that came over TCP.
    pub tcp_queries: u64,
    /// Queries that were not answered, as the faults wanted.
    pub silenced: u64,
    /// Messages that were sent as answers, wrong and late ones and duplicates included.
    pub sent: u64,
    /// Answers among [`WorldCounts::sent`] that were wrong in ID, question, case, address or port.
    pub wrong: u64,
    /// Messages that could not be read.
    pub malformed: u64,
}

impl WorldCounts {
    /// Queries over both transports.
    pub fn queries(&self) -> u64 {
        self.udp_queries + self.tcp_queries
    }
}
