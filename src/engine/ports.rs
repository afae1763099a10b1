//! Which UDP sockets queries leave from, and for how long.
//!
//! A port that serves for a whole scan can be found out and then be guessed at. So each socket is
//! replaced by one on a fresh random port after a while, sooner if somebody guesses at it. The
//! driver opens the new one; the old one still receives until its attempts are over, and a while
//! longer, so that late responses find somebody to count them.

use std::time::Duration;

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
    /// Open this one, on a random port, and say so with
    /// [`socket_opened`](super::Engine::socket_opened) or
    /// [`socket_failed`](super::Engine::socket_failed).
    Open {
        /// Its number, which no open socket has.
        socket: SocketId,
        /// For IPv6, not for IPv4.
        v6: bool,
    },
    /// Close this one.
    Close(SocketId),
}

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
    pub(super) per_family: u16,
    /// The socket at each place, those for IPv4 first.
    pub(super) places: Vec<SocketId>,
    /// What is known of each socket, by its number.
    pub(super) states: Vec<State>,
    /// Numbers that no open socket has.
    pub(super) spare: Vec<SocketId>,
    /// Sockets that send no more, and since when.
    pub(super) retired: Vec<(SocketId, Time)>,
    /// The socket that the driver is opening, and for which place.
    pub(super) awaited: Option<(SocketId, usize)>,
    pub(super) look_at: Time,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct State {
    pub(super) port: Option<u16>,
    /// When its time is over.
    pub(super) until: Time,
    /// Messages to it that fit no query.
    pub(super) mismatched: u32,
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
