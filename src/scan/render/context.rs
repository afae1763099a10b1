//! What a line says that is no part of its exchange: names of servers, times of day.

use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::engine::{Attempt, Time};

/// What a renderer has to know besides the exchange itself.
#[derive(Debug, Clone)]
pub struct Context {
    servers: Vec<SocketAddr>,
    /// The same as text, made once.
    server_texts: Vec<String>,
    epoch_nanos: u64,
    pub(super) attempt_log: bool,
}

impl Context {
    /// `servers` in the order of their [`crate::engine::ServerId`]; `now` and `time_of_day` are the same moment on the engine's clock and on the wall's.
    pub fn new(
        servers: &[SocketAddr],
        now: Time,
        time_of_day: SystemTime,
        attempt_log: bool,
    ) -> Self {
        let wall = time_of_day.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            servers: servers.to_vec(),
            server_texts: servers.iter().map(ToString::to_string).collect(),
            epoch_nanos: (wall.as_nanos() as u64).saturating_sub(now.as_nanos()),
            attempt_log,
        }
    }

    pub(super) fn clear_servers(&mut self) {
        self.servers.clear();
        self.server_texts.clear();
    }

    pub(super) fn push_server(&mut self, server: SocketAddr) {
        self.servers.push(server);
        self.server_texts.push(server.to_string());
    }

    pub(super) fn server(&self, attempt: &Attempt) -> &str {
        self.server_texts.get(attempt.server.0 as usize).map_or("", String::as_str)
    }

    pub(super) fn address(&self, attempt: &Attempt) -> SocketAddr {
        let unknown = SocketAddr::from(([0, 0, 0, 0], 0));
        self.servers.get(attempt.server.0 as usize).copied().unwrap_or(unknown)
    }

    /// A point of engine time in nanoseconds since the Unix epoch.
    pub(super) fn unix_nanos(&self, time: Time) -> u64 {
        self.epoch_nanos.saturating_add(time.as_nanos())
    }
}
