//! What an engine is told once, at its start.

use std::time::Duration;

use super::ports::SocketLife;
use crate::wire::Flags;

/// How exchanges are carried out.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// The profile of queries that do not name another [`QueryProfile`].
    pub profile: QueryProfile,
    /// Mix the case of letters in the query and want it back so (0x20).
    pub mixed_case: bool,
    /// How many attempts may be in flight at once.
    pub window: Window,
    /// Most queries a second to all servers together; `None` for no limit.
    pub rate: Option<f64>,
    /// Most queries a second to one server; `None` for no limit.
    pub rate_per_server: Option<f64>,
    /// Whether the engine may ask queries of its own: to try servers before names are sent there,
    /// and to tell names that nobody answers from a server that is gone or asked too much.
    pub own_queries: bool,
    /// Whether an ICMP error ends its attempt at once, which is right where somebody waits for one
    /// answer. Otherwise it is a hint: its attempt stays open, and only repeated errors are believed.
    pub ends_at_icmp: bool,
    /// How long an exchange stays open after its end to see late and duplicate responses.
    pub linger: Duration,
    /// How long a UDP socket is used before one on another port takes its place; `None` for as
    /// long as the engine is.
    pub socket_life: Option<SocketLife>,
    /// How long to wait, without an attempt counted or timed out, while this machine cannot send to
    /// any server of an address family; `None` for as long as it takes. If zero, each attempt that
    /// was not sent is one that failed.
    pub give_up_after: Option<Duration>,
    /// Most exchanges that the engine holds at once.
    pub capacity: usize,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            profile: QueryProfile::default(),
            mixed_case: false,
            window: Window::Adaptive,
            rate: None,
            rate_per_server: None,
            own_queries: false,
            ends_at_icmp: false,
            linger: Duration::ZERO,
            socket_life: Some(SocketLife::default()),
            give_up_after: Some(Duration::ZERO),
            capacity: 32_768,
        }
    }
}

/// How a query is sent to a server, and what counts as its response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryProfile {
    /// How long an attempt may wait for its response.
    pub timeout: Duration,
    /// Further attempts after the first; falling back to TCP or to plain DNS is not counted.
    pub retries: u16,
    /// The OPT record of queries; `None` for plain DNS.
    pub edns: Option<Edns>,
    /// RD.
    pub recursion_desired: bool,
    /// CD (RFC 4035 §3.2.2).
    pub checking_disabled: bool,
    /// AD in a query: tell me whether it was authenticated (RFC 6840 §5.7).
    pub authentic_data: bool,
    /// UDP, TCP, and what truncation leads to.
    pub transport: TransportPolicy,
    /// What counts as a response.
    pub accept: Accept,
}

impl Default for QueryProfile {
    fn default() -> Self {
        Self {
            timeout: Duration::from_millis(1000),
            retries: 4,
            edns: Some(Edns::default()),
            recursion_desired: true,
            checking_disabled: false,
            authentic_data: false,
            transport: TransportPolicy::UdpThenTcp,
            accept: Accept::Useful,
        }
    }
}

impl QueryProfile {
    /// The flags of queries that are put so.
    pub fn query_flags(&self) -> Flags {
        [
            (self.recursion_desired, Flags::RD),
            (self.checking_disabled, Flags::CD),
            (self.authentic_data, Flags::AD),
        ]
        .into_iter()
        .filter(|(wanted, _)| *wanted)
        .fold(Flags::default(), |flags, (_, flag)| flags.with(flag))
    }
}

/// The OPT record of queries (RFC 6891).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edns {
    /// The largest UDP response that we take, in octets; 1232 avoids fragments (RFC 9715).
    pub udp_payload_size: u16,
    /// DO (RFC 3225).
    pub dnssec_ok: bool,
    /// The version; anything but 0 is for testing servers.
    pub version: u8,
    /// Options in wire form, one after the other.
    pub options: Vec<u8>,
    /// A cookie (RFC 7873) as well. Ours is random for each server and engine; where a server has
    /// returned it once, what comes without is no response.
    pub cookie: CookieOption,
}

impl Default for Edns {
    fn default() -> Self {
        Self {
            udp_payload_size: 1232,
            dnssec_ok: false,
            version: 0,
            options: Vec::new(),
            cookie: CookieOption::None,
        }
    }
}

/// What a query has of a cookie (RFC 7873 §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CookieOption {
    /// Nothing.
    #[default]
    None,
    /// Our part, as if the server were met for the first time.
    Client,
    /// Our part, and the server's as far as it is known.
    Full,
}

/// Which transport an exchange uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransportPolicy {
    /// UDP; a truncated response is asked for again over TCP.
    UdpThenTcp,
    /// UDP; a truncated response is the response.
    UdpOnly,
    /// TCP from the start.
    TcpOnly,
}

/// What counts as a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accept {
    /// NOERROR and NXDOMAIN from a server that does its job; anything else is tried again.
    Useful,
    /// The first matching message, whatever it says (for showing what a server does).
    Anything,
}

/// How many attempts to one server may be in flight at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// Opens while answers come and closes on loss or queueing.
    Adaptive,
    /// This many over all servers together.
    Fixed(usize),
    /// This many over all servers together, for a measurement: each attempt counts until it is answered
    /// or its timeout is over, to which nothing is added; ICMP errors end none before, and nothing is
    /// learned of servers. Answers that come later can be had from [`super::Engine::take_late`].
    Strict(usize),
}

impl Window {
    /// How many are in flight at most, if that is fixed.
    pub const fn fixed(self) -> Option<usize> {
        match self {
            Self::Adaptive => None,
            Self::Fixed(window) | Self::Strict(window) => Some(window),
        }
    }

    /// Whether load and timeouts are the caller's alone to set.
    #[inline]
    pub const fn is_strict(self) -> bool {
        matches!(self, Self::Strict(_))
    }
}
