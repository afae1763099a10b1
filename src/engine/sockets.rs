//! When a socket is replaced, and when the one before is closed.

use std::time::Duration;

use rand::RngExt;

use super::engine::Engine;
use super::exchange::SocketId;
use super::ports::{SocketChange, State};
use super::time::Time;

/// Messages that fit no query, to one socket, after which its port is taken to be known.
const FOUND_OUT: u32 = 64;
/// How long a socket receives, at least, after it has sent its last query.
const GRACE: Duration = Duration::from_secs(3);
/// How often it is seen whether a socket should be replaced.
const LOOK: Duration = Duration::from_millis(50);
/// How long to wait after a socket could not be opened.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

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
