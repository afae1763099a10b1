//! One TCP connection: octets in both directions, and the queries that wait for an answer on it.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll};

use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use tokio::io::Interest;
use tokio::net::TcpStream;

use super::framing::{Framer, frame};
use crate::engine::{ServerId, StreamCause, StreamFailure, Time};
use crate::net::clock::Clock;
use crate::net::error::Family;

/// Most reading calls before other connections have their turn.
const READS_PER_TURN: usize = 4;

pub(super) struct Connection<K> {
    pub(super) server: ServerId,
    stream: TcpStream,
    /// The handshake is not over.
    pub(super) connecting: bool,
    /// Framed queries, and how many octets of them are written.
    out: Vec<u8>,
    written: usize,
    framer: Framer,
    /// Unanswered queries, oldest first.
    pub(super) waiting: VecDeque<Waiting<K>>,
    /// Queries ever put on this connection.
    pub(super) asked: u32,
    /// Queries answered on it.
    pub(super) answered: u32,
    /// When the last octet came, or the connection was begun.
    pub(super) active: Time,
}

/// A query without an answer.
pub(super) struct Waiting<K> {
    id: u16,
    pub(super) key: K,
    /// When it was handed to the pool.
    pub(super) at: Time,
}

impl<K> Connection<K> {
    /// Begins to connect.
    pub(super) fn begin(
        server: ServerId,
        to: SocketAddr,
        bind: Option<IpAddr>,
        now: Time,
    ) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(to), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        // Queries are small and each of them is waited for (RFC 9210 §5.1).
        socket.set_tcp_nodelay(true)?;
        if let Some(ip) = bind.filter(|&ip| Family::of(ip) == Family::of(to.ip())) {
            socket.bind(&SockAddr::from(SocketAddr::new(ip, 0)))?;
        }
        match socket.connect(&SockAddr::from(to)) {
            Ok(()) => {}
            Err(error) if is_in_progress(&error) => {}
            Err(error) => return Err(error),
        }
        Ok(Self {
            server,
            stream: TcpStream::from_std(socket.into())?,
            connecting: true,
            out: Vec::new(),
            written: 0,
            framer: Framer::default(),
            waiting: VecDeque::new(),
            asked: 0,
            answered: 0,
            active: now,
        })
    }

    /// Queues a query; [`Connection::poll`] writes it.
    pub(super) fn push(&mut self, key: K, at: Time, message: &[u8]) {
        frame(message, &mut self.out);
        self.waiting.push_back(Waiting { id: id(message), key, at });
        self.asked += 1;
    }

    /// Reads and writes as much as there is, within bounds. Each message goes to `each` with the
    /// time of its reading. Returns whether there was one; if not, the task will be woken.
    ///
    /// # Errors
    /// The connection is over.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        scratch: &mut [u8],
        clock: &Clock,
        each: &mut dyn FnMut(Time, &[u8]),
    ) -> Result<bool, StreamFailure> {
        if self.connecting && !self.poll_connected(cx)? {
            return Ok(false);
        }
        let read = self.read(cx, scratch, clock, each)?;
        if let Err(end) = self.write(cx) {
            // Answers may have come before the peer closed.
            self.read(cx, scratch, clock, each)?;
            return Err(end);
        }
        Ok(read)
    }

    fn poll_connected(&mut self, cx: &mut Context<'_>) -> Result<bool, StreamFailure> {
        loop {
            match self.stream.poll_write_ready(cx) {
                Poll::Pending => return Ok(false),
                Poll::Ready(ready) => ready.map_err(|error| not_made(&error))?,
            }
            if let Some(error) = self.stream.take_error().map_err(|error| not_made(&error))? {
                return Err(not_made(&error));
            }
            match self.stream.peer_addr() {
                Ok(_) => {
                    self.connecting = false;
                    return Ok(true);
                }
                Err(error) if error.kind() == io::ErrorKind::NotConnected => {
                    // Woken too early: forget the readiness and wait for the next event.
                    let _ = self.stream.try_io(Interest::WRITABLE, || {
                        Err::<(), _>(io::ErrorKind::WouldBlock.into())
                    });
                }
                Err(error) => return Err(not_made(&error)),
            }
        }
    }

    fn read(
        &mut self,
        cx: &mut Context<'_>,
        scratch: &mut [u8],
        clock: &Clock,
        each: &mut dyn FnMut(Time, &[u8]),
    ) -> Result<bool, StreamFailure> {
        let mut reads = 0;
        while reads < READS_PER_TURN {
            match self.stream.poll_read_ready(cx) {
                Poll::Pending => break,
                Poll::Ready(ready) => ready.map_err(|error| broken(&error))?,
            }
            let len = match self.stream.try_read(scratch) {
                Ok(0) => return Err(self.closed()),
                Ok(len) => len,
                Err(error) if is_temporary(&error) => continue,
                Err(error) => return Err(broken(&error)),
            };
            reads += 1;
            let now = clock.now();
            self.active = now;
            let (waiting, answered) = (&mut self.waiting, &mut self.answered);
            self.framer.feed(&scratch[..len], &mut |message| {
                // Answers come in any order (RFC 7766 §7), mostly in that of the queries.
                let id = id(message);
                if let Some(place) = waiting.iter().position(|query| query.id == id) {
                    waiting.remove(place);
                    *answered += 1;
                }
                each(now, message);
            });
        }
        Ok(reads > 0)
    }

    /// The peer has closed the connection.
    fn closed(&self) -> StreamFailure {
        let mid = self.framer.is_mid_message();
        let cause = if mid { StreamCause::ClosedMidMessage } else { StreamCause::Closed };
        StreamFailure { cause, errno: 0 }
    }

    fn write(&mut self, cx: &mut Context<'_>) -> Result<(), StreamFailure> {
        while self.written < self.out.len() {
            match self.stream.poll_write_ready(cx) {
                Poll::Pending => return Ok(()),
                Poll::Ready(ready) => ready.map_err(|error| broken(&error))?,
            }
            match self.stream.try_write(&self.out[self.written..]) {
                Ok(len) => self.written += len,
                Err(error) if is_temporary(&error) => {}
                Err(error) => return Err(broken(&error)),
            }
        }
        self.out.clear();
        self.written = 0;
        Ok(())
    }
}

/// The end of a connection that never was one.
pub(super) fn not_made(error: &io::Error) -> StreamFailure {
    let cause = match error.kind() {
        io::ErrorKind::ConnectionRefused => StreamCause::Refused,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            StreamCause::Unreachable
        }
        io::ErrorKind::TimedOut => StreamCause::ConnectTimedOut,
        _ => broken(error).cause,
    };
    StreamFailure { cause, errno: errno(error) }
}

/// The end of a connection that was made.
fn broken(error: &io::Error) -> StreamFailure {
    let cause = match error.kind() {
        // Who writes to a connection that was reset before gets a broken pipe.
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => StreamCause::Reset,
        io::ErrorKind::TimedOut => StreamCause::Silent,
        _ => StreamCause::Broken,
    };
    StreamFailure { cause, errno: errno(error) }
}

pub(super) fn errno(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(0)
}

fn is_temporary(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

fn is_in_progress(error: &io::Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(libc::EINPROGRESS) {
        return true;
    }
    error.kind() == io::ErrorKind::WouldBlock
}

/// The message ID, or 0 of something too short to have one.
fn id(message: &[u8]) -> u16 {
    message.first_chunk().map_or(0, |id| u16::from_be_bytes(*id))
}
