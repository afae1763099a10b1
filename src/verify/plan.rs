//! What is to be found out, and with how much effort.

use std::net::SocketAddr;

use super::expect::Expectation;
use crate::stats::probes_to_see;
use crate::walk::{Hints, WalkConfig};
use crate::wire::NameBuf;

/// The share of failures at one address that the default number of looks shows, with this
/// probability.
const VISIBLE_SHARE: f64 = 0.2;
const VISIBLE_WITH: f64 = 0.95;
/// Looks at one address over UDP, over all records, unless the user asks for more: they cost a
/// twentieth of a second each.
const CHECKS_AT_ADDRESS: u32 = 84;
/// Looks at one record, however many records there are.
const LEAST_CHECKS: u32 = 3;

/// What is to be found out, and with how much effort.
#[derive(Debug, Clone)]
pub struct VerifyPlan {
    /// The domain.
    pub domain: NameBuf,
    /// What should be there.
    pub expectations: Vec<Expectation>,
    /// The tokens of SES that are among the expectations, if there are any.
    pub ses: Option<SesTokens>,
    /// Recursive servers to ask as well.
    pub resolvers: Vec<SocketAddr>,
    /// Ask recursive servers only for what is there: they would keep a denial, and nobody could see
    /// the record through them until that expires.
    pub spare_caches: bool,
    /// Servers to ask for the records as if they had authority for them.
    pub also_ask: Vec<SocketAddr>,
    /// The servers of the root.
    pub hints: Hints,
    /// How zones are walked.
    pub walk: WalkConfig,
    /// Looks at each record at each address over UDP; by default so many that a share of failures
    /// of 20 % shows with a probability of 95 %.
    pub repeat: Option<u32>,
    /// Most queries a second to one address.
    pub rate: f64,
    /// UDP sockets for each address family.
    pub sockets: u16,
    /// Feeds the order of queries and the random names among them.
    pub seed: u64,
}

/// What is known of the SES tokens among the expectations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SesTokens {
    /// The zone that their targets are expected in.
    pub zone: NameBuf,
    /// Whether the user named that zone, or it is the default.
    pub zone_given: bool,
}

impl VerifyPlan {
    /// Most queries a second to one address, out of the box.
    pub const RATE: f64 = 20.0;
    /// UDP sockets for each address family, out of the box: so many that one bad path of eight is
    /// hit by some of them with a probability of 98 %.
    pub const SOCKETS: u16 = 32;

    /// A plan with the usual effort, from the root servers of the Internet, that asks no recursive
    /// server.
    pub fn new(domain: NameBuf, expectations: Vec<Expectation>) -> Self {
        Self {
            domain,
            expectations,
            ses: None,
            resolvers: Vec::new(),
            spare_caches: false,
            also_ask: Vec::new(),
            hints: Hints::built_in(),
            walk: WalkConfig::default(),
            repeat: None,
            rate: Self::RATE,
            sockets: Self::SOCKETS,
            seed: 0,
        }
    }

    /// Looks at each record at each address over UDP.
    pub fn checks(&self) -> u32 {
        let usual = probes_to_see(VISIBLE_SHARE, VISIBLE_WITH).map_or(14, |n| n as u32);
        let records = self.expectations.len().max(1) as u32;
        self.repeat
            .unwrap_or_else(|| usual.min((CHECKS_AT_ADDRESS / records).max(LEAST_CHECKS)))
            .max(1)
    }
}
