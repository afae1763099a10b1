//! How an input is read, and what comes out of it.

use std::io;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::report::time::LAST_SECOND;

/// How to read an input.
#[derive(Debug, Clone)]
pub struct Options {
    /// The input is text of some form, whatever it looks like.
    pub text: bool,
    /// The input is one message in octets, whatever it looks like.
    pub octets: bool,
    /// Messages have their length in two octets before them.
    pub tcp: bool,
    /// The ports that carry DNS messages in packets.
    pub ports: Vec<u16>,
}

impl Default for Options {
    fn default() -> Self {
        Self { text: false, octets: false, tcp: false, ports: vec![53] }
    }
}

/// Takes the items; [`ControlFlow::Break`] ends the reading.
pub(super) type Sink<'s> = dyn FnMut(Item<'_>) -> ControlFlow<()> + 's;

/// Gives an item to whoever takes them.
pub(super) fn give(sink: &mut Sink<'_>, item: Item<'_>) -> Result<(), InputError> {
    match sink(item) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(InputError::Stopped),
    }
}

/// A message, or why there is none.
#[derive(Debug)]
pub enum Item<'a> {
    /// The octets of one message, without a length or a packet around it.
    Message {
        /// What is there of it.
        octets: &'a [u8],
        /// Where it came from.
        origin: Origin,
        /// Why not all of it is there, in one sentence.
        incomplete: Option<String>,
    },
    /// Something that could not be read; reading goes on behind it.
    Problem {
        /// Where.
        origin: Origin,
        /// The octet of the stream, 0 where there is no stream.
        offset: usize,
        /// One sentence without a full stop.
        reason: String,
    },
}

/// Where a message came from, as far as the input says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Origin {
    /// The line of a text that it starts in, from 1.
    pub line: Option<u64>,
    /// The packet that completed it, from 1 as Wireshark counts.
    pub packet: Option<u64>,
    /// When that packet was captured.
    pub time: Option<Timestamp>,
    /// Who sent it to whom.
    pub flow: Option<Flow>,
}

/// One direction between two sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Flow {
    /// How.
    pub transport: Transport,
    /// From whom.
    pub source: SocketAddr,
    /// To whom.
    pub destination: SocketAddr,
}

/// What carries the messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// A message in each datagram.
    Udp,
    /// Messages with their lengths before them (RFC 1035 §4.2.2).
    Tcp,
}

impl Transport {
    /// `UDP` or `TCP`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
        }
    }
}

/// A point in time, with as many decimals as its source has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timestamp {
    time: SystemTime,
    /// Whether the source is finer than microseconds.
    fine: bool,
}

impl Timestamp {
    /// `None` where RFC 3339 has no text for the time.
    pub(super) fn new(seconds: u64, nanos: u32, fine: bool) -> Option<Self> {
        (seconds <= LAST_SECOND && nanos < 1_000_000_000)
            .then(|| Self { time: UNIX_EPOCH + Duration::new(seconds, nanos), fine })
    }
}

impl std::fmt::Display for Timestamp {
    /// As in RFC 3339: `2026-01-31T23:59:59.123456Z`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.fine {
            humantime::format_rfc3339_nanos(self.time).fmt(f)
        } else {
            humantime::format_rfc3339_micros(self.time).fmt(f)
        }
    }
}

/// Why reading ended early.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The input cannot be read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The input is nothing that this module knows, or breaks its form.
    #[error("{sentence}")]
    Form {
        /// What is wrong and where.
        sentence: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// Whoever takes the items wants no more.
    #[error("stopped")]
    Stopped,
}

impl InputError {
    pub(super) fn form(sentence: impl Into<String>) -> Self {
        Self::Form { sentence: sentence.into(), hint: None }
    }

    /// There is nothing in the input, or nothing but blanks and comments.
    pub(super) fn empty() -> Self {
        Self::form("contains no DNS message")
    }

    pub(super) fn with_hint(sentence: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Form { sentence: sentence.into(), hint: Some(hint.into()) }
    }
}
