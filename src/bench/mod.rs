//! Load and latency: queries of a file to a server, in dnsperf's habits, and what came of each.
//!
//! ```text
//! reader ──blocks of queries──▶ workers ──counts, latencies──▶ report ──▶ dnsperf's lines, JSON
//! ```
//!
//! The reader goes through the query file as often as it is told; the workers are a
//! [`crew`](crate::crew), each with sockets of its own. In a closed loop so many queries are
//! outstanding at any time, and the next one is sent when one of them is answered, or its time is over. In
//! an open loop queries are sent at a rate of their own, whatever the answers do, and latencies count from
//! the time at which a query was to be sent: what waits because the server is slow, or we are, counts.
//!
//! Several servers get the same queries, one after the other in random order, and are compared block of time
//! by block of time.
//!
//! Every query is sent once and counted once: answered, late, lost or interrupted; `sent` is the sum of
//! these. What this machine refused to send is no part of it. No sample is kept: latencies go into
//! histograms of fixed size.

mod baseline;
mod blocks;
mod client;
mod comparison;
mod condition;
mod counts;
mod error;
mod figures;
mod job;
mod periods;
mod plan;
mod query_line;
mod reader;
pub mod render;
mod report;
mod run;
mod schedule;
mod start;
mod verbose;

pub use crate::crew::{Level, Output, Stop};
pub use baseline::{Baseline, NoBaseline};
pub use comparison::{Comparison, Measure, Verdict};
pub use condition::{Condition, NoFigure};
pub use counts::{Counts, Latencies, RCODES};
pub use error::BenchError;
pub use figures::Figures;
pub use periods::Period;
pub use plan::{OpenLoop, Plan, Source, Wanted};
pub use query_line::LineError;
pub use reader::{BadLine, Input};
pub use report::{Client, Ending, Report, ServerReport, Warning};
pub use run::{Progress, run};
pub use schedule::Arrivals;
