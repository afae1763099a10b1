//! How the queries of a walk are sent.

use std::time::Duration;

use crate::engine::{Edns, EngineConfig, QueryProfile};
use crate::wire::OptBuf;

/// How the queries of a walk are sent: without recursion, and each server has four chances.
///
/// An authoritative server knows its answer at once, so only the way takes time; and a walk has
/// many steps one after the other, each of which waits for the slowest server.
pub fn profile() -> QueryProfile {
    // Which instance answers?
    let options = OptBuf::default().nsid().options().to_vec();
    QueryProfile {
        timeout: Duration::from_millis(800),
        retries: 3,
        edns: Some(Edns { options, ..Edns::default() }),
        recursion_desired: false,
        ..QueryProfile::default()
    }
}

/// How the engine of a walk's driver should be set up: [`profile`], and each server is asked at most
/// `rate_per_server` queries a second.
pub fn engine_config(rate_per_server: Option<f64>) -> EngineConfig {
    EngineConfig { profile: profile(), rate_per_server, ..EngineConfig::default() }
}
