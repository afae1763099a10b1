//! Why a query is put.

/// Why a query is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// What every server is asked, whatever else is seen.
    Baseline(Baseline),
    /// Asked because of what was seen, to tell causes apart.
    Experiment(Experiment),
    /// What only the job knows.
    Job(Job),
}

/// What every server of a zone is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Baseline {
    /// The zone's SOA record.
    Serial,
    /// A name that has names below it, and perhaps no records.
    EmptyNonTerminal,
    /// A type that nobody knows, at a name that exists.
    UnknownType,
    /// The name in mixed case, to see whether it comes back so.
    MixedCase,
    /// How the server takes EDNS.
    Edns,
    /// How the server takes cookies.
    Cookie,
}

/// What a query is to tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Experiment {
    /// Whether the server answers over TCP at all.
    Tcp,
    /// Whether responses get lost by their size.
    Size,
    /// Whether responses get lost by the local port.
    Port,
    /// Whether responses get lost by the rate of queries: these go slowly.
    Rate,
}

/// A purpose of the job that asks, under a number that only the job can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Job {
    /// The job's own number for it.
    pub number: u32,
    /// Whether every address gets such queries, unasked for by any suspicion: only those are a fair
    /// sample of what becomes of queries.
    pub sampled: bool,
}

impl Purpose {
    /// Whether such queries are a fair sample of what becomes of queries: every address gets them,
    /// and what they ask for is nothing unusual.
    pub const fn is_sampled(self) -> bool {
        match self {
            Self::Baseline(baseline) => matches!(baseline, Baseline::Serial),
            Self::Experiment(_) => false,
            Self::Job(job) => job.sampled,
        }
    }
}
