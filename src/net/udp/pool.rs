//! The sockets of both families, whichever way they move datagrams.

use std::io;
use std::task::{Context, Poll};

use socket2::Socket;

#[cfg(target_os = "linux")]
use super::batched::Batched;
use super::event::{Each, Event};
use super::portable::Portable;
use super::send_batches::SendBatches;
use super::send_queue::QueueState;
use super::socket::Local;
use crate::engine::{SocketId, Time};
use crate::net::address::{self, GONE, IsGone};
use crate::net::clock::Clock;
use crate::net::counts::LocalCounts;
use crate::net::error::{Family, NetError};
use crate::net::options::{self, Options};

/// How long to wait when the system has no buffers for a datagram.
const NO_BUFFERS_PAUSE: std::time::Duration = std::time::Duration::from_millis(1);

/// The sockets of both address families.
pub(in crate::net) struct Udp {
    per_family: u16,
    /// Which families have their sockets.
    opened: [bool; 2],
    local: Local,
    /// Whether the system still has that address.
    is_gone: IsGone,
    /// It had not when it was last looked at.
    gone: bool,
    pub(super) backend: Backend,
    /// Sockets that have something to send.
    pending: Vec<u16>,
    /// When to try again because the system had no buffers.
    retry_at: Option<Time>,
    counts: LocalCounts,
}

/// What has become of the local address that sockets are bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::net) enum AddressChange {
    /// This machine does not have it any more: nothing is sent, and nothing will come.
    Gone,
    /// It is there again, and all sockets have been bound anew.
    Back,
}

pub(super) enum Backend {
    #[cfg(target_os = "linux")]
    Batched(Box<Batched>),
    Portable(Box<Portable>),
}

impl Udp {
    /// No socket is opened yet.
    pub(in crate::net) fn new(options: &Options) -> Result<Self, NetError> {
        let backend = match options.backend {
            #[cfg(target_os = "linux")]
            options::Backend::Auto => Backend::Batched(Box::new(Batched::new()?)),
            _ => Backend::Portable(Box::new(Portable::new())),
        };
        Ok(Self {
            per_family: options.sockets_per_family(),
            opened: [false; 2],
            local: Local::of(options),
            is_gone: address::is_gone,
            gone: false,
            backend,
            pending: Vec::new(),
            retry_at: None,
            counts: LocalCounts::default(),
        })
    }

    /// The sockets of a family that are opened first.
    pub(in crate::net) fn family(&self, family: Family) -> impl Iterator<Item = SocketId> + use<> {
        let first = match family {
            Family::V4 => 0,
            Family::V6 => self.per_family,
        };
        (first..first + self.per_family).map(SocketId)
    }

    /// Opens the sockets of a family, if that is not done yet; whether it was not.
    pub(in crate::net) fn open_family(&mut self, family: Family) -> Result<bool, NetError> {
        if self.opened[family as usize] {
            return Ok(false);
        }
        let sockets = (0..self.per_family)
            .map(|nth| {
                self.local.open(family, nth).map_err(|error| {
                    NetError::open(error, "UDP socket", nth, self.per_family, family, self.local.ip)
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
            Backend::Batched(batched) => {
                let buffers = self.local.buffers();
                batched.add(id, socket, family, buffers, &mut self.counts)
            }
            Backend::Portable(portable) => portable.add(id, socket),
        }
    }

    /// Opens one more socket.
    pub(in crate::net) fn open(&mut self, id: SocketId, family: Family) -> io::Result<()> {
        let socket = self.local.open(family, id.0 % self.per_family)?;
        self.add(id, socket, family)
    }

    /// Closes a socket that has nothing to send.
    pub(in crate::net) fn close(&mut self, id: SocketId, now: Time) {
        match &mut self.backend {
            #[cfg(target_os = "linux")]
            Backend::Batched(batched) => batched.remove(id, now, &mut self.counts),
            Backend::Portable(portable) => portable.remove(id),
        }
    }

    /// The local port of a socket, if it is open.
    pub(in crate::net) fn port(&self, socket: SocketId) -> Option<u16> {
        match &self.backend {
            #[cfg(target_os = "linux")]
            Backend::Batched(batched) => batched.port(socket),
            Backend::Portable(portable) => portable.port(socket),
        }
    }

    /// Looks whether the local address that all sockets are bound to is there, and says what has
    /// changed. When it is there again, all sockets are bound anew, on fresh random ports; if that
    /// fails, it counts as gone. To be called while nothing waits to be sent.
    pub(in crate::net) fn look_at_address(&mut self, now: Time) -> Option<AddressChange> {
        let ip = self.local.ip?;
        let gone = (self.is_gone)(ip);
        match (self.gone, gone) {
            (false, true) => {
                self.gone = true;
                Some(AddressChange::Gone)
            }
            (true, false) => {
                for id in self.sockets() {
                    if self.local.port.is_some() {
                        // The new socket is to have the same port.
                        self.close(id, now);
                    }
                    let socket = self.local.open(Family::of(ip), id.0 % self.per_family).ok()?;
                    self.close(id, now);
                    self.add(id, socket, Family::of(ip)).ok()?;
                }
                self.gone = false;
                Some(AddressChange::Back)
            }
            _ => None,
        }
    }

    /// The sockets that are open.
    pub(in crate::net) fn sockets(&self) -> Vec<SocketId> {
        match &self.backend {
            #[cfg(target_os = "linux")]
            Backend::Batched(batched) => batched.ids().collect(),
            Backend::Portable(portable) => portable.ids().collect(),
        }
    }

    /// Queues batches, which must stay the same until [`Udp::is_drained`].
    pub(in crate::net) fn load(&mut self, batches: &impl SendBatches, each: &mut Each<'_>) {
        for batch in 0..batches.len() {
            let socket = batches.batch(batch).socket;
            let queue = match &mut self.backend {
                #[cfg(target_os = "linux")]
                Backend::Batched(batched) => batched.queue(socket),
                Backend::Portable(portable) => portable.queue(socket),
            };
            // Without sockets of its family, a server was added behind the driver's back.
            let queue =
                queue.ok_or(0).and_then(|queue| if self.gone { Err(GONE) } else { Ok(queue) });
            let queue = match queue {
                Ok(queue) => queue,
                Err(errno) => {
                    let datagrams = 0..batches.count(batch);
                    self.counts.send_errors += datagrams.len() as u64;
                    each(Event::NotSent { batch, datagrams, errno });
                    continue;
                }
            };
            if queue.is_empty() {
                self.pending.push(socket.0);
            }
            queue.push(batch);
        }
    }

    /// Whether all batches are sent or given up.
    pub(in crate::net) fn is_drained(&self) -> bool {
        self.pending.is_empty()
    }

    /// When [`Udp::send`] has something to try again that no event will announce.
    pub(in crate::net) fn retry_at(&self) -> Option<Time> {
        self.retry_at
    }

    /// Sends as much as the sockets take.
    pub(in crate::net) fn send(
        &mut self,
        now: Time,
        batches: &impl SendBatches,
        each: &mut Each<'_>,
    ) {
        if self.retry_at.is_some_and(|at| at > now) {
            return;
        }
        self.retry_at = None;
        let (backend, counts) = (&mut self.backend, &mut self.counts);
        let (bind, is_gone) = (self.local.ip, self.is_gone);
        let mut gone = None;
        let each: &mut Each<'_> = &mut |event| match event {
            Event::NotSent { batch, datagrams, errno }
                if address::may_be_gone(errno)
                    && *gone.get_or_insert_with(|| bind.is_some_and(is_gone)) =>
            {
                each(Event::NotSent { batch, datagrams, errno: GONE });
            }
            event => each(event),
        };
        let mut starved = false;
        self.pending.retain(|&id| {
            let progress = match backend {
                #[cfg(target_os = "linux")]
                Backend::Batched(batched) => batched.flush(SocketId(id), batches, counts, each),
                Backend::Portable(portable) => portable.flush(SocketId(id), batches, counts, each),
            };
            starved |= progress == QueueState::AwaitBuffers;
            progress != QueueState::Done
        });
        if starved {
            self.retry_at = Some(now + NO_BUFFERS_PAUSE);
        }
    }

    /// Receives a bounded number of datagrams and errors. Ready when there was something, or when
    /// a socket has room to send again.
    pub(in crate::net) fn poll(
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

    /// Until when the system had no room for what came to a socket, at the latest, if that is known.
    pub(in crate::net) fn full_until(&mut self, socket: SocketId, now: Time) -> Option<Time> {
        match &mut self.backend {
            #[cfg(target_os = "linux")]
            Backend::Batched(batched) => batched.full_until(socket, now, &mut self.counts),
            Backend::Portable(_) => None,
        }
    }

    pub(in crate::net) fn counts(&self) -> LocalCounts {
        match &self.backend {
            #[cfg(target_os = "linux")]
            Backend::Batched(batched) => batched.complete(self.counts),
            Backend::Portable(_) => self.counts,
        }
    }
}
