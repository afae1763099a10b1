//! What a diagnosis is to find out, and how much it may ask for that.

use std::net::SocketAddr;
use std::time::Duration;

use crate::walk::{Hints, WalkConfig};
use crate::wire::{NameBuf, RecordType};

/// What is examined.
#[allow(clippy::large_enum_variant, reason = "there are few of them")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// One address of a server.
    Server {
        /// The address.
        address: SocketAddr,
        /// Over TCP only.
        tcp: bool,
    },
    /// All servers of a zone or, where the name is no zone, the server of that name.
    Name(NameBuf),
}

/// What a diagnosis is to find out, and how much it may ask for that.
#[derive(Debug, Clone)]
pub struct DiagnosePlan {
    /// What the report is about, as the user would say it.
    pub subject: String,
    /// What is examined.
    pub targets: Vec<Target>,
    /// Names to ask for; by default some that each server should know.
    pub names: Vec<NameBuf>,
    /// Types to ask for; by default several.
    pub types: Vec<RecordType>,
    /// Queries of the first pass to one address.
    pub probes: u32,
    /// How long the whole takes where nothing is wrong, about.
    pub duration: Duration,
    /// Queries per second to a server that was named, at most.
    pub max_rate: f64,
    /// UDP sockets for each address family: source ports.
    pub sockets: u16,
    /// The servers of the root.
    pub hints: Hints,
    /// How to find the servers of a zone.
    pub walk: WalkConfig,
    /// The seed of everything that is random.
    pub seed: u64,
}

/// The first pass, as a share of the whole time.
const FIRST_PASS: f64 = 0.75;

impl DiagnosePlan {
    /// Queries of the first pass to one address, by default.
    pub const PROBES: u32 = 1500;
    /// How long the whole takes by default.
    pub const DURATION: Duration = Duration::from_secs(20);
    /// The same with less effort.
    pub const QUICK: Duration = Duration::from_secs(5);
    /// Queries per second to a server that was named, at most.
    pub const MOST_TO_NAMED: f64 = 400.0;
    /// Queries per second to a server that was found through a domain, at most.
    pub const MOST_TO_FOUND: f64 = 100.0;
    /// So many ports that one dead path of 16 is missed by chance in 0.2 % of runs; with 48, in 4.5 %.
    pub const SOCKETS: u16 = 96;

    /// A plan with the usual effort.
    pub fn new(subject: String, targets: Vec<Target>) -> Self {
        Self {
            subject,
            targets,
            names: Vec::new(),
            types: Vec::new(),
            probes: Self::PROBES,
            duration: Self::DURATION,
            max_rate: Self::MOST_TO_NAMED,
            sockets: Self::SOCKETS,
            hints: Hints::built_in(),
            walk: WalkConfig::default(),
            seed: 0,
        }
    }

    /// Has the first pass go at this pace, in queries per second to each address; the duration follows.
    pub fn set_rate(&mut self, rate: f64) {
        let first_pass = f64::from(self.probes) / rate.max(0.1);
        self.duration = Duration::from_secs_f64(first_pass / FIRST_PASS);
    }

    /// How long the first pass takes: what follows needs a part of the time, too.
    pub(super) fn first_pass(&self) -> Duration {
        self.duration.mul_f64(FIRST_PASS)
    }
}
