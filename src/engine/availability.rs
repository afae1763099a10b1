//! Which servers can take an exchange now, and which are left alone for a while.

use super::engine::Engine;
use super::exchange::ServerId;
use super::server::{NOT_LISTED, Server};
use super::time::Time;

impl Engine {
    /// Changes what decides over a server's health, and keeps count.
    pub(super) fn change_health<T>(
        &mut self,
        id: ServerId,
        change: impl FnOnce(&mut Server) -> T,
    ) -> T {
        let server = &mut self.servers[id.0 as usize];
        let (good, hopeful) = (server.is_good(), server.is_hopeful());
        let result = change(server);
        self.good = self.good + usize::from(server.is_good()) - usize::from(good);
        self.hopeful = self.hopeful + usize::from(server.is_hopeful()) - usize::from(hopeful);
        result
    }

    /// Lists a server as available, or not, by what it can take now.
    #[inline]
    pub(super) fn relist(&mut self, id: ServerId) {
        if self.is_out(id) {
            return self.unlist(id);
        }
        let server = &mut self.servers[id.0 as usize];
        let room = server.room(self.config.window);
        let listed = server.listed_at != NOT_LISTED;
        if listed && room == 0 {
            self.unlist(id);
        } else if !listed && room > 0 {
            // Not for a single place of a large window: longer runs cost less a query.
            let enough = (server.window.size() / 8).clamp(1, 16);
            if room >= enough || server.in_flight == 0 {
                server.listed_at = self.available.len() as u32;
                self.available.push(id);
            }
        }
    }

    /// Sets the timer of a server for what it waits for next.
    pub(super) fn rearm(&mut self, id: ServerId) {
        let server = &mut self.servers[id.0 as usize];
        if server.is_untried() {
            return;
        }
        if let Some(at) = server.next_timer() {
            self.server_timers.set(id.0, at);
        }
    }

    pub(super) fn unlist(&mut self, id: ServerId) {
        let place = std::mem::replace(&mut self.servers[id.0 as usize].listed_at, NOT_LISTED);
        if place == NOT_LISTED {
            return;
        }
        self.available.swap_remove(place as usize);
        if let Some(&moved) = self.available.get(place as usize) {
            self.servers[moved.0 as usize].listed_at = place;
        }
    }

    /// Leaves a server alone for a while; what waits for it goes elsewhere if it may.
    pub(super) fn back_off(&mut self, id: ServerId, now: Time) {
        self.change_health(id, |server| server.back_off(now));
        self.rearm(id);
        self.unlist(id);
        self.move_queue(id);
    }
}
