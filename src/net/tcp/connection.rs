//! One TCP connection: octets in both directions, and the queries that wait for a response on it.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use tokio::io::Interest;
use tokio::net::TcpStream;

use super::framing::{Framer, frame, shrink};
use crate::engine::{HANDSHAKE, ServerId, StreamCause, StreamFailure, Time};
use crate::net::clock::Clock;
use crate::net::error::Family;

/// Most reading calls before other connections have their turn.
const READS_PER_TURN: usize = 4;
/// A made connection keeps a query for so many times its timeout: it may well be answered late, and
/// if its peer is taken for gone, that costs the younger ones theirs.
const TIMES: u32 = 2;
/// Octets that may wait to be written; queries beyond wait elsewhere.
const OUT: usize = 65_536;
/// Messages in a row that answer nothing; with the next one the connection is closed.
const UNSOLICITED: u32 = 16;
/// Queries that were given up whose answers are still known as such.
const OVERDUE: usize = 256;

pub(super) struct Connection<K> {
    pub(super) server: ServerId,
    stream: TcpStream,
    /// The address of this machine at its end.
    pub(super) local: Option<IpAddr>,
    /// When the handshake is given up, if it is not over.
    pub(super) connect_by: Option<Time>,
    /// How long the handshake took, until it is taken note of.
    pub(super) handshake: Option<Duration>,
    /// Framed queries that are not written yet.
    out: BytesMut,
    framer: Framer,
    /// Unanswered queries, oldest first.
    pub(super) waiting: VecDeque<Waiting<K>>,
    /// The IDs of queries that were given up, oldest first.
    overdue: VecDeque<u16>,
    /// Queries ever put on this connection.
    pub(super) asked: u32,
    /// Queries answered on it.
    pub(super) answered: u32,
    /// Messages since the last response that answered nothing.
    unsolicited: u32,
    /// When the last response came, or the connection was begun or made.
    pub(super) active: Time,
}

/// A query without a response.
pub(super) struct Waiting<K> {
    id: u16,
    pub(super) key: K,
    /// How long its response may take.
    timeout: Duration,
    /// When it was sent or, if it was not, handed over.
    at: Time,
    /// When it is given up.
    until: Time,
}

/// A query for a connection.
#[derive(Clone, Copy)]
pub(in crate::net) struct Query<'q, K> {
    pub(in crate::net) key: K,
    /// Without its two octets of length.
    pub(in crate::net) message: &'q [u8],
    /// How long its response may take once it is sent.
    pub(in crate::net) timeout: Duration,
    /// When it is given up if it was not sent by then.
    pub(in crate::net) deadline: Time,
}

/// What comes of a connection.
pub(super) enum News<'n, K> {
    /// A query is on its way.
    Sent(K),
    /// A message came, at this time.
    Message(Time, &'n [u8]),
}

type Each<'e, K> = dyn FnMut(News<'_, K>) + 'e;

impl<K: Copy> Connection<K> {
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
        let local = socket.local_addr().ok().and_then(|addr| addr.as_socket());
        Ok(Self {
            server,
            local: local.map(|addr| addr.ip()),
            stream: TcpStream::from_std(socket.into())?,
            connect_by: Some(now + HANDSHAKE),
            handshake: None,
            out: BytesMut::new(),
            framer: Framer::default(),
            waiting: VecDeque::new(),
            overdue: VecDeque::new(),
            asked: 0,
            answered: 0,
            unsolicited: 0,
            active: now,
        })
    }

    /// Octets that wait to be written.
    #[cfg(test)]
    pub(super) fn unwritten(&self) -> usize {
        self.out.len()
    }

    /// Whether it can take a query: not while the peer does not read what it has been sent.
    pub(super) fn has_room(&self) -> bool {
        self.out.len() < OUT
    }

    /// Queues a query; [`Connection::poll`] writes it. Gives whether the connection is made, so that
    /// the query is on its way.
    pub(super) fn push(&mut self, query: Query<'_, K>, now: Time) -> bool {
        let Query { key, message, timeout, deadline } = query;
        frame(message, &mut self.out);
        let made = self.connect_by.is_none();
        let until = if made { now + timeout * TIMES } else { deadline };
        self.waiting.push_back(Waiting {
            id: id(message).unwrap_or_default(),
            key,
            timeout,
            at: now,
            until,
        });
        self.asked += 1;
        made
    }

    /// Gives up the queries that nobody waits for any more. Gives whether the peer seems to be gone:
    /// nothing was answered in all the time that one of them had.
    pub(super) fn give_up_old(&mut self, now: Time) -> bool {
        let Self { active, overdue, .. } = self;
        let mut gone = false;
        self.waiting.retain(|query| {
            let old = query.until <= now;
            if old {
                gone |= *active <= query.at;
                if overdue.len() == OVERDUE {
                    overdue.pop_front();
                }
                overdue.push_back(query.id);
            }
            !old
        });
        gone && self.connect_by.is_none()
    }

    /// Reads and writes as much as there is, within bounds, and tells what comes of it. Returns
    /// whether something came, or queries have room again; if not, the task will be woken.
    ///
    /// # Errors
    /// The connection is over.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        clock: &Clock,
        each: &mut Each<'_, K>,
    ) -> Result<bool, StreamFailure> {
        let mut something = false;
        if self.connect_by.is_some() {
            if !self.poll_connected(cx)? {
                return Ok(false);
            }
            self.begin_to_wait(clock.now(), each);
            something = true;
        }
        let had_room = self.has_room();
        something |= self.read(cx, clock, each)?;
        if let Err(failure) = self.write(cx) {
            // Answers may have come before the peer closed.
            self.read(cx, clock, each)?;
            return Err(failure);
        }
        Ok(something || !had_room && self.has_room())
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
                Ok(_) => return Ok(true),
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

    /// The connection is made: the time of the queries that waited for it begins.
    fn begin_to_wait(&mut self, now: Time, each: &mut Each<'_, K>) {
        self.connect_by = None;
        self.handshake = Some(now.since(self.active));
        self.active = now;
        for query in &mut self.waiting {
            query.at = now;
            query.until = now + query.timeout * TIMES;
            each(News::Sent(query.key));
        }
    }

    fn read(
        &mut self,
        cx: &mut Context<'_>,
        clock: &Clock,
        each: &mut Each<'_, K>,
    ) -> Result<bool, StreamFailure> {
        let mut reads = 0;
        while reads < READS_PER_TURN {
            match self.stream.poll_read_ready(cx) {
                Poll::Pending => break,
                Poll::Ready(ready) => ready.map_err(|error| broken(&error))?,
            }
            match self.stream.try_read_buf(self.framer.space()) {
                Ok(0) => return Err(self.closed()),
                Ok(_) => reads += 1,
                Err(error) if is_temporary(&error) => continue,
                Err(error) => return Err(broken(&error)),
            }
            self.take_messages(clock.now(), each)?;
        }
        Ok(reads > 0)
    }

    fn take_messages(&mut self, now: Time, each: &mut Each<'_, K>) -> Result<(), StreamFailure> {
        let Self { framer, waiting, overdue, answered, unsolicited, active, .. } = self;
        framer.take_messages(|message| {
            // Answers come in any order (RFC 7766 §7), mostly in that of the queries.
            let id = id(message);
            if let Some(place) = waiting.iter().position(|query| id == Some(query.id)) {
                waiting.remove(place);
                *answered += 1;
                *unsolicited = 0;
                *active = now;
            } else if let Some(place) = overdue.iter().position(|&overdue| id == Some(overdue)) {
                overdue.remove(place);
                *unsolicited = 0;
            } else {
                *unsolicited += 1;
            }
            if *unsolicited <= UNSOLICITED && !message.is_empty() {
                each(News::Message(now, message));
            }
        });
        if self.unsolicited > UNSOLICITED {
            return Err(StreamFailure { cause: StreamCause::Unsolicited, errno: 0 });
        }
        Ok(())
    }

    /// The peer has closed the connection.
    fn closed(&self) -> StreamFailure {
        let mid = self.framer.is_mid_message();
        let cause = if mid { StreamCause::ClosedMidMessage } else { StreamCause::Closed };
        StreamFailure { cause, errno: 0 }
    }

    fn write(&mut self, cx: &mut Context<'_>) -> Result<(), StreamFailure> {
        while !self.out.is_empty() {
            match self.stream.poll_write_ready(cx) {
                Poll::Pending => return Ok(()),
                Poll::Ready(ready) => ready.map_err(|error| broken(&error))?,
            }
            match self.stream.try_write(&self.out) {
                Ok(len) => self.out.advance(len),
                Err(error) if is_temporary(&error) => {}
                Err(error) => return Err(broken(&error)),
            }
        }
        shrink(&mut self.out);
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

/// The message ID, if there is one.
fn id(message: &[u8]) -> Option<u16> {
    message.first_chunk().map(|id| u16::from_be_bytes(*id))
}
