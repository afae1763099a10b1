//! What was measured of servers: counts, latencies, groups, and experiments. Plain data, which a job that
//! measures adds to its [`Report`](super::Report).

use std::net::SocketAddr;

use serde::Serialize;

use crate::stats::LatencyQuantile;

/// What was measured in a run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Measurement {
    /// Each server.
    pub servers: Vec<MeasuredServer>,
    /// What was tried to tell causes apart.
    pub experiments: Vec<ExperimentReport>,
    /// What this run could not have seen, each in one sentence.
    pub not_visible: Vec<String>,
}

/// What was measured of one server. `sent` is the sum of `answered`, `late`, `lost` and `refused`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MeasuredServer {
    /// Its address.
    #[serde(skip)]
    pub server: SocketAddr,
    /// Queries sent.
    pub sent: u64,
    /// Those with a response in time.
    pub answered: u64,
    /// Those with a response after nobody waited for it any more.
    pub late: u64,
    /// Those with no response.
    pub lost: u64,
    /// Those that were refused: by REFUSED, by ICMP, or a TCP connection that was.
    pub refused: u64,
    /// Second and further responses.
    pub duplicates: u64,
    /// Messages that answer nothing that was asked.
    pub mismatched: u64,
    /// The loss over UDP before experiments, with its 95 % interval.
    pub loss: Option<Share>,
    /// Lost and sent there.
    #[serde(skip)]
    pub lost_of: (u64, u64),
    /// Latencies over UDP.
    pub latency_us: LatencyReport,
    /// The same in parts.
    pub groups: Vec<GroupReport>,
    /// The percentiles with their intervals: median, 90th and 99th.
    #[serde(skip)]
    pub quantiles: [Option<LatencyQuantile>; 3],
    /// The median latency in each of equal parts of the time, in microseconds; `None` where nothing came.
    #[serde(skip)]
    pub over_time: Vec<Option<u64>>,
    /// Lost and sent by source port, in the order of the sockets.
    #[serde(skip)]
    pub by_port: Vec<(u64, u64)>,
}

/// A share with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Share {
    /// The share that was seen, 0 to 1.
    pub estimate: f64,
    /// The lower limit.
    pub low: f64,
    /// The upper limit.
    pub high: f64,
}

/// Percentiles in microseconds; what had no response is at least as long as it was waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct LatencyReport {
    /// The median.
    pub p50: Option<u64>,
    /// The 90th percentile.
    pub p90: Option<u64>,
    /// The 99th percentile.
    pub p99: Option<u64>,
}

/// A part of the queries to a server.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupReport {
    /// By what they are told apart: transport, family, port, size, instance or warmth.
    pub by: &'static str,
    /// What they have in common.
    pub value: String,
    /// Queries sent.
    pub sent: u64,
    /// Those with a response in time.
    pub answered: u64,
    /// Those with no response in time.
    pub lost: u64,
    /// Those that were refused.
    pub refused: u64,
    /// The median latency in microseconds.
    pub p50_us: Option<u64>,
}

/// Something that was tried to tell causes apart.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExperimentReport {
    /// What it was.
    pub id: &'static str,
    /// At which server.
    pub server: SocketAddr,
    /// Queries sent for it.
    pub sent: u64,
    /// What came of it, in one sentence.
    pub result: String,
}
