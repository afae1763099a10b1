//! The Linux backend: one system call for many datagrams, and all that the kernel knows of them.
//!
//! What the kernel can do is found out at run time. Segmentation (`UDP_SEGMENT`) is asked for by
//! setting the option, and given up per socket when a batch is refused whose first datagram then
//! passes alone: devices without checksum offload answer `EIO`, some tunnels `EINVAL`.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::task::{Context, Poll, ready};

use socket2::Socket;
use tokio::io::unix::AsyncFd;

use super::event::{Each, Event};
use super::send_batches::SendBatches;
use super::send_queue::{NextStep, QueueState, SendError, SendQueue, Subject};
use crate::engine::{SocketId, Time, Unreachable};
use crate::net::clock::Clock;
use crate::net::counts::LocalCounts;
use crate::net::error::{Family, NetError};
use crate::net::sys::{self, BATCH, Inbox, Poller, Ready};

/// Most receiving calls for one socket before the others, and sending, have their turn.
const CALLS_PER_TURN: usize = 4;

/// Receiving calls of one socket that fail in a row, none of them with word from ICMP, before we
/// say that it is broken.
const MOST_FAILURES: u32 = 1_000;

/// ICMP quotes no more than the smallest MTU: 576 octets of IPv4, 1,280 of IPv6.
const QUOTE: usize = 2_048;

pub(super) struct Batched {
    poller: AsyncFd<Poller>,
    inbox: Inbox,
    sockets: Vec<Option<BatchedSocket>>,
    /// By socket, also of those that are closed: until when there was no room for what came, at the
    /// latest, as far as was noticed.
    full_until: Vec<Option<Time>>,
}

struct BatchedSocket {
    id: SocketId,
    io: Socket,
    port: u16,
    queue: SendQueue,
    /// Waits until there is room to send.
    blocked: bool,
    /// The kernel's count of datagrams that it had no room for, when last seen.
    overflow: u32,
    failures: u32,
}

impl Batched {
    pub(super) fn new() -> Result<Self, NetError> {
        let poller = Poller::new().and_then(Poller::watched_by_tokio).map_err(NetError::Watch)?;
        Ok(Self { poller, inbox: Inbox::new(), sockets: Vec::new(), full_until: Vec::new() })
    }

    pub(super) fn add(
        &mut self,
        id: SocketId,
        io: Socket,
        family: Family,
        (receive, send): (usize, usize),
        counts: &mut LocalCounts,
    ) -> io::Result<()> {
        let fd = io.as_fd();
        // Needs CAP_NET_ADMIN; without it the sizes that were granted before stay.
        let _ = sys::force_buffers(fd, receive, send);
        // Each of these may be missing in an old kernel or a sandbox; we do without then.
        let segmentation = sys::knows_segmentation(fd);
        counts.gro = sys::enable_coalescing(fd).is_ok();
        counts.kernel_timestamps = sys::enable_timestamps(fd).is_ok();
        let _ = sys::enable_overflow_count(fd);
        let _ = sys::enable_error_queue(fd, family == Family::V6);
        let port = io.local_addr()?.as_socket().map_or(0, |addr| addr.port());
        self.poller.get_ref().add(fd, u32::from(id.0))?;
        let place = usize::from(id.0);
        if self.sockets.len() <= place {
            self.sockets.resize_with(place + 1, || None);
            self.full_until.resize(place + 1, None);
        }
        self.sockets[place] = Some(BatchedSocket {
            id,
            io,
            port,
            queue: SendQueue::new(segmentation),
            blocked: false,
            overflow: 0,
            failures: 0,
        });
        Ok(())
    }

    /// Closes a socket, which takes it out of the set that is watched.
    pub(super) fn remove(&mut self, id: SocketId, now: Time, counts: &mut LocalCounts) {
        self.full_until(id, now, counts);
        if let Some(socket) = self.sockets.get_mut(usize::from(id.0)) {
            *socket = None;
        }
    }

    /// Until when the kernel had no room for what came to a socket, at the latest: also what was dropped
    /// since something was last read.
    pub(super) fn full_until(
        &mut self,
        id: SocketId,
        now: Time,
        counts: &mut LocalCounts,
    ) -> Option<Time> {
        let place = usize::from(id.0);
        let full_until = self.full_until.get_mut(place)?;
        if let Some(socket) = &mut self.sockets[place]
            && let Some(overflow) = sys::overflow_count(socket.io.as_fd())
        {
            socket.note_overflow(overflow, now, full_until, counts);
        }
        *full_until
    }

    fn socket(&self, id: SocketId) -> Option<&BatchedSocket> {
        self.sockets.get(usize::from(id.0))?.as_ref()
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = SocketId> {
        self.sockets.iter().flatten().map(|socket| socket.id)
    }

    pub(super) fn port(&self, id: SocketId) -> Option<u16> {
        Some(self.socket(id)?.port)
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
        let progress = socket.flush(batches, counts, each);
        if progress == QueueState::AwaitRoom {
            let fd = socket.io.as_fd();
            // If the kernel cannot watch it, try again soon instead of never.
            match self.poller.get_ref().watch_writable(fd, u32::from(id.0), true) {
                Ok(()) => socket.blocked = true,
                Err(_) => return QueueState::AwaitBuffers,
            }
        }
        progress
    }

    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        clock: &mut Clock,
        counts: &mut LocalCounts,
        each: &mut Each<'_>,
    ) -> Poll<Result<(), NetError>> {
        let mut found = [Ready::default(); BATCH];
        loop {
            let mut guard = ready!(self.poller.poll_read_ready(cx)).map_err(NetError::Watch)?;
            let count = match guard.get_inner().poll(&mut found) {
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Poll::Ready(Err(NetError::Watch(error))),
            };
            if count == 0 {
                // What comes after this look is a new edge for tokio's epoll, which it has not
                // seen yet: clearing cannot lose it.
                guard.clear_ready();
                continue;
            }
            for ready in &found[..count] {
                let socket = self.sockets.get_mut(ready.token as usize).and_then(Option::as_mut);
                let Some(socket) = socket else { continue };
                if ready.writable && socket.blocked {
                    socket.blocked = false;
                    let fd = socket.io.as_fd();
                    self.poller
                        .get_ref()
                        .watch_writable(fd, ready.token, false)
                        .map_err(NetError::Watch)?;
                }
                if ready.error && socket.fetch_errors(each) == 0 {
                    // An error that left no entry in the queue would wake us for ever.
                    let _ = socket.io.take_error();
                }
                if ready.readable {
                    let full_until = &mut self.full_until[ready.token as usize];
                    socket.receive(&mut self.inbox, clock, counts, full_until, each)?;
                }
            }
            return Poll::Ready(Ok(()));
        }
    }

    /// Adds to `counts` what is only asked for when someone wants to know.
    pub(super) fn complete(&self, mut counts: LocalCounts) -> LocalCounts {
        counts.gso = false;
        for socket in self.sockets.iter().flatten() {
            counts.gso |= socket.queue.segmentation();
            if let Some(overflow) = sys::overflow_count(socket.io.as_fd()) {
                counts.receive_overflow += u64::from(overflow.wrapping_sub(socket.overflow));
            }
        }
        counts
    }
}

impl BatchedSocket {
    fn flush(
        &mut self,
        batches: &impl SendBatches,
        counts: &mut LocalCounts,
        each: &mut Each<'_>,
    ) -> QueueState {
        while !self.queue.is_empty() {
            let messages = self.queue.chunks(batches).take(BATCH).map(|chunk| {
                let batch = batches.batch(chunk.batch);
                let several = chunk.datagrams.len() > 1;
                sys::Outgoing {
                    to: batch.to,
                    octets: batch.datagrams(&chunk.datagrams),
                    segment: several.then_some(batch.segment as u16),
                }
            });
            counts.send_calls += 1;
            let error = match sys::send(self.io.as_fd(), messages) {
                Ok(messages) => {
                    counts.datagrams_sent += self.queue.sent(messages, batches) as u64;
                    continue;
                }
                Err(error) => error,
            };
            match self.queue.failed(send_error(&error), batches) {
                NextStep::Again => {}
                NextStep::FetchErrors => {
                    if self.fetch_errors(each) == 0 {
                        self.queue.nothing_fetched();
                    }
                }
                NextStep::AwaitRoom => return QueueState::AwaitRoom,
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

    fn receive(
        &mut self,
        inbox: &mut Inbox,
        clock: &mut Clock,
        counts: &mut LocalCounts,
        full_until: &mut Option<Time>,
        each: &mut Each<'_>,
    ) -> Result<(), NetError> {
        for _ in 0..CALLS_PER_TURN {
            counts.receive_calls += 1;
            let received = match inbox.receive(self.io.as_fd()) {
                Ok(received) => received,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    // ICMP left it; the call has taken it off the socket.
                    self.failures = if self.fetch_errors(each) > 0 { 0 } else { self.failures + 1 };
                    if self.failures > MOST_FAILURES {
                        return Err(NetError::Receive { port: self.port, source: error });
                    }
                    continue;
                }
            };
            self.failures = 0;
            let batch = clock.batch();
            let socket = self.id;
            for message in inbox.messages() {
                let segment = message.segment.unwrap_or(usize::MAX);
                for octets in message.octets.chunks(segment) {
                    each(Event::Announced { socket, octets });
                }
            }
            for message in inbox.messages() {
                if let Some(overflow) = message.overflow {
                    self.note_overflow(overflow, batch.now, full_until, counts);
                }
                let Some(from) = message.from else { continue };
                if message.truncated {
                    counts.truncated_receives += 1;
                    continue;
                }
                let (received, stamp) = batch.received(message.stamp);
                let mut datagram = |octets: &[u8]| {
                    counts.datagrams_received += 1;
                    each(Event::Datagram { socket: self.id, from, received, stamp, octets });
                };
                match message.segment {
                    Some(segment) => message.octets.chunks(segment).for_each(datagram),
                    None => datagram(message.octets),
                }
            }
            if received < BATCH {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Takes the kernel's count of datagrams that it had no room for.
    fn note_overflow(
        &mut self,
        count: u32,
        now: Time,
        full_until: &mut Option<Time>,
        counts: &mut LocalCounts,
    ) {
        if count != self.overflow {
            counts.receive_overflow += u64::from(count.wrapping_sub(self.overflow));
            self.overflow = count;
            *full_until = Some(now);
        }
    }

    /// Hands on what ICMP said, and returns how many entries the error queue had.
    fn fetch_errors(&mut self, each: &mut Each<'_>) -> usize {
        let mut quote = [0; QUOTE];
        for fetched in 0..BATCH {
            let Ok(entry) = sys::receive_error(self.io.as_fd(), &mut quote) else {
                return fetched;
            };
            // What the local system objects to, it also says when the datagram is sent.
            let (true, Some(to)) = (entry.icmp, entry.to) else { continue };
            let quoted = &quote[..entry.quoted];
            if let Some(errno) = local_errno(&entry, to) {
                let socket = self.id;
                each(Event::Undelivered { socket, to, errno, quoted });
            } else {
                let error = Unreachable {
                    icmp_type: entry.icmp_type,
                    icmp_code: entry.icmp_code,
                    errno: entry.errno,
                };
                each(Event::Unreachable { socket: self.id, to, error, quoted });
            }
        }
        BATCH
    }
}

/// The error number of a datagram that never left this machine, if the ICMP message says that. Linux
/// sends itself one where it could not hand a datagram to the next host, as a router would, and where
/// its own firewall rejects it.
fn local_errno(entry: &sys::QueuedError, to: SocketAddr) -> Option<i32> {
    let offender = entry.offender?;
    // Only an address of this machine can be bound to. A server may have one, too.
    let is_ours = offender != to.ip() && std::net::UdpSocket::bind((offender, 0)).is_ok();
    is_ours.then_some(match entry.errno {
        errno @ (libc::EHOSTUNREACH | libc::ENETUNREACH) => errno,
        // As the firewall says it where it answers the call and sends no message.
        _ => libc::EPERM,
    })
}

/// What an error of sending means. ICMP errors come as those numbers that Linux maps them to
/// (`icmp_err_convert`, `icmpv6_err_convert`), at the next call whatever it sends.
fn send_error(error: &io::Error) -> SendError {
    match error.raw_os_error().unwrap_or(0) {
        libc::EAGAIN => SendError::Full,
        libc::EINTR => SendError::Interrupted,
        // With IP_RECVERR on, a full queue of the device is reported too.
        libc::ENOBUFS | libc::ENOMEM => SendError::NoBuffers,
        libc::ECONNREFUSED
        | libc::EHOSTUNREACH
        | libc::ENETUNREACH
        | libc::EHOSTDOWN
        | libc::ENONET
        | libc::EACCES
        | libc::EPROTO => SendError::MaybePending(Subject::Destination),
        libc::EMSGSIZE | libc::ENOPROTOOPT | libc::EOPNOTSUPP => {
            SendError::MaybePending(Subject::Segmentation)
        }
        libc::EINVAL | libc::EIO => SendError::Refused(Subject::Segmentation),
        _ => SendError::Refused(Subject::Destination),
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::time::Duration;

    use super::*;
    use crate::net::Options;
    use crate::net::udp::pool::{Backend, Udp};

    /// Loopback delivers at once, so what a small buffer did not take was dropped before we read.
    #[tokio::test]
    async fn datagrams_that_the_buffer_has_no_room_for_are_counted() {
        let mut udp = Udp::new(&Options { sockets: 1, ..Options::default() }).unwrap();
        udp.open_family(Family::V4).unwrap();
        let port = udp.port(SocketId(0)).unwrap();
        let Backend::Batched(batched) = &udp.backend else { panic!("not the batched backend") };
        batched.socket(SocketId(0)).unwrap().io.set_recv_buffer_size(0).unwrap();

        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        let burst = || {
            for _ in 0..200 {
                sender.send_to(&[0; 100], ("127.0.0.1", port)).unwrap();
            }
        };
        let mut clock = Clock::new();
        let mut received = 0;
        // The count that comes with a datagram shows what was lost before it; what was lost after
        // the last one has to be asked for.
        for sent in [200, 400] {
            burst();
            let mut each = |event: Event<'_>| {
                received += u64::from(matches!(event, Event::Datagram { .. }));
            };
            let poll = std::future::poll_fn(|cx| udp.poll(cx, &mut clock, &mut each));
            tokio::time::timeout(Duration::from_secs(60), poll).await.unwrap().unwrap();
            assert!(received > 0 && received < sent);
            assert_eq!(udp.counts().receive_overflow, sent - received);
        }
        // What was lost last, nothing that came tells: it was at some time until now.
        let asked = clock.now();
        assert_eq!(udp.full_until(SocketId(0), asked), Some(asked));
        assert_eq!(udp.full_until(SocketId(0), clock.now()), Some(asked), "nothing was lost since");
        // It is known of a socket that is closed, and so is what was lost there when nobody asked.
        burst();
        let closed = clock.now();
        udp.close(SocketId(0), closed);
        assert_eq!(udp.full_until(SocketId(0), clock.now()), Some(closed));
        assert!(udp.counts().receive_overflow > 400 - received);
    }
}
