//! Which UDP sockets queries leave from, and for how long.
//!
//! A port that serves for a whole scan can be found out and then be guessed at. So each socket is
//! replaced by one on a fresh random port after a while, sooner if somebody guesses at it. The
//! driver opens the new one; the old one still receives until its attempts are over, and a while
//! longer, so that late answers find somebody to count them.

use std::time::Duration;

use rand::RngExt;

use super::Engine;
use super::exchange::SocketId;
use super::time::Time;

/// How long one UDP socket is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SocketLife {
    /// For about this long: a half more or less, by chance.
    pub time: Duration,
    /// And for no more queries than so many, as long as another one can be had.
    pub queries: u32,
}

impl Default for SocketLife {
    fn default() -> Self {
        Self { time: Duration::from_secs(30), queries: 100_000 }
    }
}

/// What the driver is to do with a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocketChange {
    /// Open this one, on a random port, and say so with [`Engine::socket_opened`] or
    /// [`Engine::socket_failed`].
    Open {
        /// Its number, which no open socket has.
        socket: SocketId,
        /// For IPv6, not for IPv4.
        v6: bool,
    },
    /// Close this one.
    Close(SocketId),
}

/// Messages that fit no query, to one socket, after which its port is taken to be known.
const FOUND_OUT: u32 = 64;
/// How long a socket receives, at least, after it has sent its last query.
const GRACE: Duration = Duration::from_secs(3);
/// How often it is seen whether a socket should be replaced.
const LOOK: Duration = Duration::from_millis(50);
/// How long to wait after a socket could not be opened.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// More sockets than there are places, of both families: so many can be on their way out.
const fn spares(per_family: u16) -> usize {
    let wanted = if per_family < 4 { 2 } else { per_family as usize / 2 };
    let free = (1 << 16) - 2 * per_family as usize;
    let wanted = if wanted > 16 { 16 } else { wanted };
    if wanted > free { free } else { wanted }
}

/// The sockets of both families.
#[derive(Debug)]
pub(super) struct Ports {
    per_family: u16,
    /// The socket at each place, those for IPv4 first.
    places: Vec<SocketId>,
    /// What is known of each socket, by its number.
    states: Vec<State>,
    /// Numbers that no open socket has.
    spare: Vec<SocketId>,
    /// Sockets that send no more, and since when.
    retired: Vec<(SocketId, Time)>,
    /// The socket that the driver is opening, and for which place.
    awaited: Option<(SocketId, usize)>,
    look_at: Time,
}

#[derive(Debug, Clone, Copy, Default)]
struct State {
    port: Option<u16>,
    /// When its time is over.
    until: Time,
    /// Messages to it that fit no query.
    mismatched: u32,
}

impl Ports {
    pub(super) fn new(per_family: u16) -> Self {
        let in_use = 2 * usize::from(per_family);
        let all = in_use + spares(per_family);
        let id = |number: usize| SocketId(number as u16);
        Self {
            per_family,
            places: (0..in_use).map(id).collect(),
            states: vec![State::default(); all],
            spare: (in_use..all).map(id).collect(),
            retired: Vec::new(),
            awaited: None,
            look_at: Time::ZERO,
        }
    }

    /// The numbers that sockets can have, from 0 up to this.
    pub(super) fn numbers(&self) -> usize {
        self.states.len()
    }

    pub(super) fn per_family(&self) -> u16 {
        self.per_family
    }

    /// The socket at a place among those of a family.
    #[inline]
    pub(super) fn at(&self, v6: bool, place: u16) -> SocketId {
        let first = if v6 { self.per_family } else { 0 };
        self.places[usize::from(first) + usize::from(place)]
    }

    /// The local port of a socket, as far as the driver said.
    #[inline]
    pub(super) fn port(&self, socket: SocketId) -> Option<u16> {
        self.states[usize::from(socket.0)].port
    }

    /// A message came to this socket that fits no query.
    pub(super) fn on_mismatch(&mut self, socket: SocketId) {
        if let Some(state) = self.states.get_mut(usize::from(socket.0)) {
            state.mismatched = state.mismatched.saturating_add(1);
        }
    }
}

impl Engine {
    /// What the driver should do with its sockets now; to be called until there is nothing, while
    /// nothing of a batch of transmits waits to be sent.
    #[inline]
    pub fn poll_socket(&mut self, now: Time) -> Option<SocketChange> {
        if now < self.ports.look_at { None } else { self.look_at_sockets(now) }
    }

    #[cold]
    fn look_at_sockets(&mut self, now: Time) -> Option<SocketChange> {
        let (ports, ids) = (&mut self.ports, &mut self.ids);
        let over = |&(socket, since): &(SocketId, Time)| {
            now.since(since) >= GRACE && ids[usize::from(socket.0)].is_idle()
        };
        if let Some(place) = ports.retired.iter().position(over) {
            let (socket, _) = ports.retired.swap_remove(place);
            ids[usize::from(socket.0)].clear();
            ports.states[usize::from(socket.0)] = State::default();
            ports.spare.push(socket);
            return Some(SocketChange::Close(socket));
        }
        if let Some(life) = self.config.socket_life
            && ports.awaited.is_none()
            && !ports.spare.is_empty()
        {
            let due = |socket: SocketId| {
                let state = ports.states[usize::from(socket.0)];
                let used_up = state.until <= now
                    || state.mismatched >= FOUND_OUT
                    || ids[usize::from(socket.0)].taken() >= life.queries;
                (state.port.is_some() && used_up).then_some(state.until)
            };
            // Those that somebody guesses at do not wait for those that are only old.
            let unharmed =
                |socket: SocketId| ports.states[usize::from(socket.0)].mismatched < FOUND_OUT;
            let place = (0..ports.places.len())
                .filter_map(|place| {
                    let socket = ports.places[place];
                    Some((unharmed(socket), due(socket)?, place))
                })
                .min();
            if let Some((_, _, place)) = place
                && let Some(socket) = ports.spare.pop()
            {
                ports.awaited = Some((socket, place));
                let v6 = place >= usize::from(ports.per_family);
                return Some(SocketChange::Open { socket, v6 });
            }
        }
        ports.look_at = now + LOOK;
        None
    }

    /// A socket was opened: one of the first ones, or one that [`Engine::poll_socket`] wanted.
    pub fn socket_opened(&mut self, now: Time, socket: SocketId, port: Option<u16>) {
        let life = self.config.socket_life.unwrap_or_default();
        let until = now + life.time.mul_f64(self.rng.random_range(0.5..1.5));
        let ports = &mut self.ports;
        ports.states[usize::from(socket.0)] = State { port, until, mismatched: 0 };
        self.silent_sockets[usize::from(socket.0)] = 0;
        if let Some((awaited, place)) = ports.awaited
            && awaited == socket
        {
            ports.awaited = None;
            let old = std::mem::replace(&mut ports.places[place], socket);
            ports.retired.push((old, now));
        }
    }

    /// A socket that [`Engine::poll_socket`] wanted could not be opened: the old one stays, and
    /// another is asked for later.
    pub fn socket_failed(&mut self, now: Time, socket: SocketId) {
        self.ports.awaited = None;
        self.ports.spare.push(socket);
        self.ports.look_at = now + AFTER_FAILURE;
    }
}
