//! The pool of UDP sockets: trains of datagrams go out, datagrams and errors come in.
//!
//! Two backends with one face. On Linux `batched` sends and receives many datagrams with one
//! system call and hears from the kernel about time stamps, overflow and ICMP. Elsewhere, or on
//! demand, `portable` does one datagram at a time with what every system has. Neither looks into a
//! datagram, and neither waits outside of `poll`.

#[cfg(target_os = "linux")]
mod batched;
mod lane;
mod portable;
#[cfg(test)]
mod tests;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::Range;
use std::task::{Context, Poll};

use rand::RngExt;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use super::attendance::Overflow;
use super::clock::Clock;
use super::error::{Family, NetError};
use super::{LocalCounts, Options};
use crate::engine::{SocketId, Stamp, Time, Transmits, Unreachable};

/// Room for answers that come faster than we read: some 5,000 datagrams, with the kernel's
/// overhead for each.
const RECEIVE_BUFFER: usize = 4 << 20;

/// Room for what waits for the network device: some 16 full trains.
const SEND_BUFFER: usize = 1 << 20;

/// Ports are drawn from here up. Those below may belong to a service of this machine that is not
/// running just now; the kernel's own range begins here on Linux.
const LOWEST_PORT: u16 = 32_768;

/// How many ports are tried before the choice is left to the kernel.
const PORT_TRIES: usize = 64;

/// How long to wait when the system has no buffers for a datagram.
const NO_BUFFERS_PAUSE: std::time::Duration = std::time::Duration::from_millis(1);

/// A batch of trains, each to be sent from one socket to one address.
pub(super) trait Trains {
    /// How many trains.
    fn len(&self) -> usize;
    /// How many datagrams a train has.
    fn count(&self, train: usize) -> usize;
    /// A train.
    fn train(&self, train: usize) -> Outgoing<'_>;
}

/// One train.
pub(super) struct Outgoing<'a> {
    pub(super) socket: SocketId,
    pub(super) to: SocketAddr,
    /// Octets of each datagram.
    pub(super) segment: usize,
    /// The datagrams, one after the other.
    pub(super) octets: &'a [u8],
}

impl Trains for Transmits {
    fn len(&self) -> usize {
        self.trains().len()
    }

    fn count(&self, train: usize) -> usize {
        usize::from(self.trains()[train].count)
    }

    fn train(&self, train: usize) -> Outgoing<'_> {
        let train = &self.trains()[train];
        Outgoing {
            socket: train.socket,
            to: train.to,
            segment: usize::from(train.segment),
            octets: self.octets(train),
        }
    }
}

impl<'a> Outgoing<'a> {
    /// Some of the datagrams.
    fn datagrams(&self, range: &Range<usize>) -> &'a [u8] {
        &self.octets[range.start * self.segment..range.end * self.segment]
    }
}

/// What came of sending or receiving.
pub(super) enum Event<'a> {
    /// A datagram will be handed on soon, after others of its batch.
    Announced { socket: SocketId, octets: &'a [u8] },
    /// A datagram came.
    Datagram { socket: SocketId, from: SocketAddr, received: Time, stamp: Stamp, octets: &'a [u8] },
    /// ICMP says that a datagram cannot be delivered.
    Unreachable { socket: SocketId, to: SocketAddr, error: Unreachable, quoted: &'a [u8] },
    /// The system took a datagram, and found nobody there to hand it to on its way.
    Undelivered { socket: SocketId, to: SocketAddr, errno: i32, quoted: &'a [u8] },
    /// The system does not send these datagrams of this train.
    NotSent { train: usize, datagrams: Range<usize>, errno: i32 },
}

/// Takes events.
pub(super) type Each<'e> = dyn FnMut(Event<'_>) + 'e;

/// The sockets of both address families.
pub(super) struct Udp {
    per_family: u16,
    /// Which families have their sockets.
    opened: [bool; 2],
    bind: Option<IpAddr>,
    backend: Backend,
    /// Sockets that have something to send.
    pending: Vec<u16>,
    /// When to try again because the system had no buffers.
    retry_at: Option<Time>,
    counts: LocalCounts,
}

enum Backend {
    #[cfg(target_os = "linux")]
    Batched(Box<batched::Batched>),
    Portable(Box<portable::Portable>),
}

/// How far the trains of one socket got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// All are sent or given up.
    Done,
    /// The socket has no room; `poll` will tell when it has.
    AwaitRoom,
    /// The system has no buffers.
    AwaitBuffers,
}

impl Udp {
    /// No socket is opened yet.
    pub(super) fn new(options: &Options) -> Result<Self, NetError> {
        let backend = match options.backend {
            #[cfg(target_os = "linux")]
            super::Backend::Auto => Backend::Batched(Box::new(batched::Batched::new()?)),
            _ => Backend::Portable(Box::new(portable::Portable::new())),
        };
        Ok(Self {
            per_family: options.sockets_per_family(),
            opened: [false; 2],
            bind: options.bind,
            backend,
            pending: Vec::new(),
            retry_at: None,
            counts: LocalCounts::default(),
        })
    }

    /// The sockets of a family that are opened first.
    pub(super) fn family(&self, family: Family) -> impl Iterator<Item = SocketId> + use<> {
        let first = match family {
            Family::V4 => 0,
            Family::V6 => self.per_family,
        };
        (first..first + self.per_family).map(SocketId)
    }

    /// Opens the sockets of a family, if that is not done yet; whether it was not.
    pub(super) fn open_family(&mut self, family: Family) -> Result<bool, NetError> {
        if self.opened[family as usize] {
            return Ok(false);
        }
        let sockets = (0..self.per_family)
            .map(|nth| {
                open(family, self.bind).map_err(|error| {
                    NetError::open(error, "UDP socket", nth, self.per_family, family, self.bind)
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        for (socket, id) in sockets.into_iter().zip(self.family(family)) {
            self.add(id, socket, family).map_err(NetError::Watch)?;
        }
        self.opened[family as usize] = true;
        Ok(true)
    }

    fn add(&mut self, id: SocketId, socket: Socket, family: Family) -> io::Result<()> {
        match &mut self.backend {
            #[cfg(target_os = "linux")]
            Backend::Batched(batched) => batched.add(id, socket, family, &mut self.counts),
            Backend::Portable(portable) => portable.add(id, socket),
        }
    }

    /// Opens one more socket.
    pub(super) fn open(&mut self, id: SocketId, family: Family) -> io::Result<()> {
        let socket = open(family, self.bind)?;
        self.add(id, socket, family)
    }

    /// Closes a socket that has nothing to send.
    pub(super) fn close(&mut self, id: SocketId) {
        match &mut self.backend {
            #[cfg(target_os = "linux")]
            Backend::Batched(batched) => batched.remove(id, &mut self.counts),
            Backend::Portable(portable) => portable.remove(id),
        }
    }

    /// The local port of a socket, if it is open.
    pub(super) fn port(&self, socket: SocketId) -> Option<u16> {
        match &self.backend {
            #[cfg(target_os = "linux")]
            Backend::Batched(batched) => batched.port(socket),
            Backend::Portable(portable) => portable.port(socket),
        }
    }

    /// Queues a batch of trains, which must stay the same until [`Udp::is_drained`].
    pub(super) fn load(&mut self, trains: &impl Trains, each: &mut Each<'_>) {
        for train in 0..trains.len() {
            let socket = trains.train(train).socket;
            let lane = match &mut self.backend {
                #[cfg(target_os = "linux")]
                Backend::Batched(batched) => batched.lane(socket),
                Backend::Portable(portable) => portable.lane(socket),
            };
            let Some(lane) = lane else {
                // A server was added behind the driver's back: its family has no sockets.
                let datagrams = 0..trains.count(train);
                self.counts.send_errors += datagrams.len() as u64;
                each(Event::NotSent { train, datagrams, errno: 0 });
                continue;
            };
            if lane.is_empty() {
                self.pending.push(socket.0);
            }
            lane.push(train);
        }
    }

    /// Whether all trains are sent or given up.
    pub(super) fn is_drained(&self) -> bool {
        self.pending.is_empty()
    }

    /// When [`Udp::send`] has something to try again that no event will announce.
    pub(super) fn retry_at(&self) -> Option<Time> {
        self.retry_at
    }

    /// Sends as much as the sockets take.
    pub(super) fn send(&mut self, now: Time, trains: &impl Trains, each: &mut Each<'_>) {
        if self.retry_at.is_some_and(|at| at > now) {
            return;
        }
        self.retry_at = None;
        let (backend, counts) = (&mut self.backend, &mut self.counts);
        let mut starved = false;
        self.pending.retain(|&id| {
            let progress = match backend {
                #[cfg(target_os = "linux")]
                Backend::Batched(batched) => batched.flush(SocketId(id), trains, counts, each),
                Backend::Portable(portable) => portable.flush(SocketId(id), trains, counts, each),
            };
            starved |= progress == Progress::AwaitBuffers;
            progress != Progress::Done
        });
        if starved {
            self.retry_at = Some(now + NO_BUFFERS_PAUSE);
        }
    }

    /// Receives a bounded number of datagrams and errors. Ready when there was something, or when
    /// a socket has room to send again.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        clock: &mut Clock,
        each: &mut Each<'_>,
    ) -> Poll<Result<(), NetError>> {
        match &mut self.backend {
            #[cfg(target_os = "linux")]
            Backend::Batched(batched) => batched.poll(cx, clock, &mut self.counts, each),
            Backend::Portable(portable) => portable.poll(cx, clock, &mut self.counts, each),
        }
    }

    /// When the system had no room for what came: the latest of such times, in order.
    pub(super) fn overflows(&self, now: Time) -> Vec<Overflow> {
        match &self.backend {
            #[cfg(target_os = "linux")]
            Backend::Batched(batched) => batched.overflows(now),
            Backend::Portable(_) => Vec::new(),
        }
    }

    pub(super) fn counts(&self) -> LocalCounts {
        match &self.backend {
            #[cfg(target_os = "linux")]
            Backend::Batched(batched) => batched.complete(self.counts),
            Backend::Portable(_) => self.counts,
        }
    }
}

/// Opens a socket on a random port, without waiting and with large buffers.
///
/// The port is drawn here, from the CSPRNG, so that it cannot be guessed (RFC 5452 §9.2) on
/// systems whose own choice can be: some count upwards, and Linux before 5.10 had a weak generator.
fn open(family: Family, bind: Option<IpAddr>) -> io::Result<Socket> {
    let domain = match family {
        Family::V4 => Domain::IPV4,
        Family::V6 => Domain::IPV6,
    };
    let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    if family == Family::V6 {
        socket.set_only_v6(true)?;
    }
    // Only a wish: the system may grant less, and what overflows is counted.
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    let _ = socket.set_send_buffer_size(SEND_BUFFER);
    let ip = bind.unwrap_or(match family {
        Family::V4 => Ipv4Addr::UNSPECIFIED.into(),
        Family::V6 => Ipv6Addr::UNSPECIFIED.into(),
    });
    let mut random = rand::rng();
    for _ in 0..PORT_TRIES {
        let port = random.random_range(LOWEST_PORT..=u16::MAX);
        match socket.bind(&SockAddr::from(SocketAddr::new(ip, port))) {
            Ok(()) => return Ok(socket),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied
                ) => {}
            Err(error) => return Err(error),
        }
    }
    socket.bind(&SockAddr::from(SocketAddr::new(ip, 0)))?;
    Ok(socket)
}
