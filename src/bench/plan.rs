//! What is to be measured.

use std::io::{self, Read};
use std::net::SocketAddr;
use std::num::{NonZeroU16, NonZeroU32};
use std::path::PathBuf;
use std::time::Duration;

use super::schedule::Arrivals;
use crate::crew::Output;
use crate::engine::{self, Transport, TransportPolicy};
use crate::net;

/// What is to be measured.
pub struct Plan {
    /// Where queries come from.
    pub source: Source,
    /// How often the source is gone through, at most; `None` for as often as time allows.
    pub passes: Option<NonZeroU32>,
    /// How long queries are sent, at most.
    pub duration: Option<Duration>,
    /// How long queries are sent before, which are not counted.
    pub warmup: Duration,
    /// The rate of an open loop; `None` for a closed one.
    pub open_loop: Option<OpenLoop>,
    /// Whether what happened in blocks of time is kept for comparisons with other runs; where there are
    /// several servers it always is.
    pub blocks: bool,
    /// The length of the intervals that are told one by one.
    pub interval: Option<Duration>,
    /// Who is asked: each gets every query.
    pub servers: Vec<SocketAddr>,
    /// How: its window is [`engine::Window::Strict`], with the queries outstanding at once at each server,
    /// and a rate is that to each server, of all threads together. Nothing is asked twice.
    pub engine: engine::EngineConfig,
    /// The sockets; their number is that of all threads together.
    pub net: net::Options,
    /// UDP sockets, or TCP connections, of all threads together.
    pub clients: NonZeroU16,
    /// Worker threads, at most one a client.
    pub threads: u16,
    /// Whether each query has a line of output, and where the lines go.
    pub verbose: bool,
    /// Where such lines go.
    pub output: Output,
}

impl Plan {
    /// The load that is wanted.
    pub fn wanted(&self) -> Wanted {
        Wanted {
            open_loop: self.open_loop,
            rate: self.open_loop.map(|open| open.rate).or(self.engine.rate),
            outstanding: self.engine.window.fixed().unwrap_or_default(),
            duration: self.duration,
            warmup: self.warmup,
            timeout: self.engine.profile.timeout,
            transport: match self.engine.profile.transport {
                TransportPolicy::TcpOnly => Transport::Tcp,
                TransportPolicy::UdpOnly | TransportPolicy::UdpThenTcp => Transport::Udp,
            },
        }
    }
}

/// The load that was asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wanted {
    /// Whether queries are sent at a rate of their own, whatever the answers do, and how.
    pub open_loop: Option<OpenLoop>,
    /// Queries a second to each server: in a closed loop at most.
    pub rate: Option<f64>,
    /// Queries outstanding at each server, at most.
    pub outstanding: usize,
    /// How long queries are sent, at most.
    pub duration: Option<Duration>,
    /// How long queries are sent before, which are not counted.
    pub warmup: Duration,
    /// How long an answer is waited for.
    pub timeout: Duration,
    /// How queries travel.
    pub transport: Transport,
}

/// Queries that are sent at a rate of their own, whatever the answers do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OpenLoop {
    /// Queries a second to each server, of all threads together.
    pub rate: f64,
    /// How they follow each other.
    pub arrivals: Arrivals,
}

/// Where queries come from.
pub struct Source {
    /// What it is called in messages: a path, or `standard input`.
    pub label: String,
    /// The octets.
    pub read: Box<dyn Read + Send>,
    /// Where they can be read once more; what cannot is kept in memory, if it is wanted again.
    pub again: Option<PathBuf>,
}

impl Source {
    /// Queries from memory.
    pub fn from_bytes(label: &str, octets: Vec<u8>) -> Self {
        Self { label: label.to_owned(), read: Box::new(io::Cursor::new(octets)), again: None }
    }
}
