//! The backend for every system: one datagram a call, through tokio.
//!
//! Without the kernel's time stamps, overflow counts and ICMP messages; what came when is the
//! clock's word, taken after each read.

use std::io;
use std::task::{Context, Poll};

use socket2::Socket;
use tokio::net::UdpSocket;

use super::event::{Each, Event};
use super::send_batches::SendBatches;
use super::send_queue::{NextStep, QueueState, SendError, SendQueue, Subject};
use crate::engine::{SocketId, Stamp};
use crate::net::clock::Clock;
use crate::net::counts::LocalCounts;
use crate::net::error::NetError;

/// Most datagrams from one socket before the others, and sending, have their turn.
const DATAGRAMS_PER_TURN: usize = 64;

/// Receiving calls of one socket that fail in a row before we say that it is broken.
const MOST_FAILURES: u32 = 1_000;

pub(super) struct Portable {
    sockets: Vec<Option<PortableSocket>>,
    buffer: Box<[u8]>,
    /// Which socket is polled first: another one each time, because tokio lets a task handle only
    /// so many ready sockets before it must yield.
    first: usize,
}

struct PortableSocket {
    id: SocketId,
    io: UdpSocket,
    port: u16,
    queue: SendQueue,
    blocked: bool,
    failures: u32,
}

impl Portable {
    pub(super) fn new() -> Self {
        // The longest UDP payload is shorter, so nothing that fits was cut off.
        Self { sockets: Vec::new(), buffer: vec![0; 65_536].into_boxed_slice(), first: 0 }
    }

    pub(super) fn add(&mut self, id: SocketId, socket: Socket) -> io::Result<()> {
        let io = UdpSocket::from_std(socket.into())?;
        let port = io.local_addr()?.port();
        let place = usize::from(id.0);
        if self.sockets.len() <= place {
            self.sockets.resize_with(place + 1, || None);
        }
        let queue = SendQueue::new(false);
        self.sockets[place] =
            Some(PortableSocket { id, io, port, queue, blocked: false, failures: 0 });
        Ok(())
    }

    pub(super) fn remove(&mut self, id: SocketId) {
        if let Some(socket) = self.sockets.get_mut(usize::from(id.0)) {
            *socket = None;
        }
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = SocketId> {
        self.sockets.iter().flatten().map(|socket| socket.id)
    }

    pub(super) fn port(&self, id: SocketId) -> Option<u16> {
        Some(self.sockets.get(usize::from(id.0))?.as_ref()?.port)
    }

    pub(super) fn queue(&mut self, id: SocketId) -> Option<&mut SendQueue> {
        Some(&mut self.sockets.get_mut(usize::from(id.0))?.as_mut()?.queue)
    }

    pub(super) fn flush(
        &mut self,
        id: SocketId,
        batches: &impl SendBatches,
        counts: &mut LocalCounts,
        each: &mut Each<'_>,
    ) -> QueueState {
        let Some(socket) = self.sockets.get_mut(usize::from(id.0)).and_then(Option::as_mut) else {
            return QueueState::Done;
        };
        if socket.blocked {
            return QueueState::AwaitRoom;
        }
        while let Some(chunk) = socket.queue.next(batches) {
            let batch = batches.batch(chunk.batch);
            counts.send_calls += 1;
            let error = match socket.io.try_send_to(batch.datagrams(&chunk.datagrams), batch.to) {
                Ok(_) => {
                    counts.datagrams_sent += socket.queue.sent(1, batches) as u64;
                    continue;
                }
                Err(error) => error,
            };
            match socket.queue.failed(send_error(&error), batches) {
                NextStep::Again => {}
                NextStep::FetchErrors => socket.queue.nothing_fetched(),
                NextStep::AwaitRoom => {
                    socket.blocked = true;
                    return QueueState::AwaitRoom;
                }
                NextStep::AwaitBuffers => return QueueState::AwaitBuffers,
                NextStep::GiveUp(chunk) => {
                    counts.send_errors += chunk.datagrams.len() as u64;
                    let errno = error.raw_os_error().unwrap_or(0);
                    each(Event::NotSent { batch: chunk.batch, datagrams: chunk.datagrams, errno });
                }
            }
        }
        QueueState::Done
    }

    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        clock: &Clock,
        counts: &mut LocalCounts,
        each: &mut Each<'_>,
    ) -> Poll<Result<(), NetError>> {
        let count = self.sockets.len();
        self.first = if self.first + 1 < count { self.first + 1 } else { 0 };
        let mut something = false;
        for nth in 0..count {
            let place = (self.first + nth) % count;
            let Some(socket) = &mut self.sockets[place] else { continue };
            if socket.blocked && socket.io.poll_send_ready(cx).is_ready() {
                socket.blocked = false;
                something = true;
            }
            something |= socket.receive(cx, &mut self.buffer, clock, counts, each)?;
        }
        if something { Poll::Ready(Ok(())) } else { Poll::Pending }
    }
}

impl PortableSocket {
    /// Whether there was a datagram. If not, the task will be woken when there is.
    fn receive(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
        clock: &Clock,
        counts: &mut LocalCounts,
        each: &mut Each<'_>,
    ) -> Result<bool, NetError> {
        let mut received = 0;
        while let Poll::Ready(ready) = self.io.poll_recv_ready(cx) {
            ready.map_err(NetError::Watch)?;
            while received < DATAGRAMS_PER_TURN {
                counts.receive_calls += 1;
                let (len, from) = match self.io.try_recv_from(buffer) {
                    Ok(datagram) => datagram,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(error) => {
                        // Some systems report here what ICMP said of an earlier datagram.
                        self.failures += 1;
                        if self.failures > MOST_FAILURES {
                            return Err(NetError::Receive { port: self.port, source: error });
                        }
                        continue;
                    }
                };
                self.failures = 0;
                received += 1;
                counts.datagrams_received += 1;
                each(Event::Datagram {
                    socket: self.id,
                    from,
                    received: clock.now(),
                    stamp: Stamp::Clock,
                    octets: &buffer[..len],
                });
            }
            if received > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// What an error of sending means.
fn send_error(error: &io::Error) -> SendError {
    match error.kind() {
        io::ErrorKind::WouldBlock => SendError::Full,
        io::ErrorKind::Interrupted => SendError::Interrupted,
        io::ErrorKind::OutOfMemory => SendError::NoBuffers,
        io::ErrorKind::ConnectionRefused
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable => SendError::MaybePending(Subject::Destination),
        #[cfg(unix)]
        _ if error.raw_os_error() == Some(libc::ENOBUFS) => SendError::NoBuffers,
        _ => SendError::Refused(Subject::Destination),
    }
}
