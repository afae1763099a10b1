//! The driver: moves what the [`crate::engine`] wants to have sent and hands it what came.
//!
//! [`Driver`] owns an [`crate::engine::Engine`], a pool of UDP sockets per address family and a
//! pool of TCP connections. Messages of the engine flow out in batches; datagrams, TCP messages,
//! ICMP errors and timeouts flow in, with the time the kernel took where it does. One driver
//! belongs to one thread; nothing here locks, spawns or looks into a DNS message. Only the local
//! system's own failures are errors ([`NetError`]); what happens to one message becomes the
//! outcome of its attempt.
//!
//! On Linux, many datagrams go through one system call, runs of equal length to one server as one
//! packet that the kernel or the device cuts (GSO). Elsewhere, and with [`Backend::Portable`], each
//! datagram is a call of its own.
//!
//! ```no_run
//! use dnsonde::engine::{Ask, Config};
//! use dnsonde::net::{Driver, Options};
//! use dnsonde::wire::{NameBuf, RecordType};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let mut driver = Driver::open(Config::default(), &["192.0.2.53:53".parse()?], &Options::default())?;
//! let name: NameBuf = "example.org".parse()?;
//! let now = driver.now();
//! driver.engine_mut().submit(&Ask::new(1, name.as_wire(), RecordType::A))?;
//! while !driver.engine().is_idle() {
//!     driver.turn(None, &mut |exchange| println!("{:?}", exchange.end)).await?;
//! }
//! # Ok(())
//! # }
//! ```

// Kernel time stamps, ICMP and segmentation are only had on Linux.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
mod attendance;
mod clock;
mod driver;
mod error;
#[cfg(target_os = "linux")]
mod sys;
mod tcp;
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
mod udp;

use std::net::IpAddr;
use std::time::Duration;

use crate::engine::SocketId;

pub use attendance::{Absence, AbsenceCause, AbsenceCounts, Overflow};
pub use driver::Driver;
pub(crate) use error::is_out_of_descriptors;
pub use error::{Family, NetError};
#[cfg(target_os = "linux")]
pub(crate) use sys::process;

/// How a driver is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// UDP sockets per address family, each on a random port; at least 1, at most 4,096.
    pub sockets: u16,
    /// How datagrams are moved.
    pub backend: Backend,
    /// The local address to send from; by default the system chooses.
    pub bind: Option<IpAddr>,
    /// Most TCP connections at once, over all servers; further messages wait for one to end.
    pub tcp_connections: u16,
    /// Most TCP connections to one server. One is what RFC 7766 §6.2.2 asks of clients.
    pub tcp_connections_per_server: u16,
    /// Most unanswered queries on one TCP connection; further ones wait.
    pub tcp_pipeline: u16,
    /// How long a TCP connection without open queries is kept (RFC 7766 §6.2.3).
    pub tcp_idle: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            sockets: 16,
            backend: Backend::Auto,
            bind: None,
            tcp_connections: 256,
            tcp_connections_per_server: 1,
            tcp_pipeline: 256,
            tcp_idle: Duration::from_secs(10),
        }
    }
}

impl Options {
    /// [`Options::sockets`] within its bounds.
    fn sockets_per_family(&self) -> u16 {
        self.sockets.clamp(1, 4_096)
    }

    /// The sockets that a driver may open, of both families.
    pub fn socket_ids(&self) -> impl Iterator<Item = SocketId> + use<> {
        (0..2 * self.sockets_per_family()).map(SocketId)
    }
}

/// How datagrams are moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Backend {
    /// The best that the system has.
    #[default]
    Auto,
    /// What every system has: one datagram per system call, time stamps by our own clock.
    Portable,
}

/// What the local system did, as far as the driver sees it. None of it is the network's doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LocalCounts {
    /// Datagrams that came and were dropped because our sockets' buffers were full. Known on Linux
    /// only, 0 elsewhere.
    pub receive_overflow: u64,
    /// Datagrams that the local system refused to send.
    pub send_errors: u64,
    /// Received messages that were dropped because their end was cut off.
    pub truncated_receives: u64,
    /// When this program, or the machine, was absent.
    pub absences: AbsenceCounts,
    /// Datagrams handed to the system.
    pub datagrams_sent: u64,
    /// Datagrams received.
    pub datagrams_received: u64,
    /// System calls that sent datagrams, or tried to.
    pub send_calls: u64,
    /// System calls that received datagrams, or tried to.
    pub receive_calls: u64,
    /// Whether the kernel cuts trains into datagrams for us (`UDP_SEGMENT`).
    pub gso: bool,
    /// Whether the kernel may hand over runs of datagrams as one (`UDP_GRO`).
    pub gro: bool,
    /// Whether datagrams come with the kernel's time stamp.
    pub kernel_timestamps: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_sockets_of_both_families_have_a_number_each() {
        let options = Options { sockets: u16::MAX, ..Options::default() };
        let ids: Vec<_> = options.socket_ids().collect();
        assert_eq!((ids.len(), ids[0], ids[8_191]), (8_192, SocketId(0), SocketId(8_191)));
    }
}
