//! What a [`super::Resolver`] remembers of servers: who answers, how fast, and who is of no use.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use crate::engine::Time;
use crate::wire::NameBuf;

/// Servers whose health is remembered.
const REMEMBERED: usize = 65_536;
/// Queries that are out to a server that has never answered, if there is one that has.
const OPEN_TO_UNKNOWN: u32 = 16;
/// A time without a response from anyone.
const QUIET: Duration = Duration::from_secs(1);
/// Exchanges in a row without a response after which a server is backed off, and for how long: twice
/// as long after each further one.
const DOWN_AFTER: u8 = 4;
const DOWN_FIRST: Duration = Duration::from_secs(10);
const DOWN_LONGEST: Duration = Duration::from_secs(320);
/// Servers of zones that are remembered to be of no use, and for how long.
const REMEMBERED_USELESS: usize = 8_192;
const USELESS_FOR: Duration = Duration::from_secs(900);
/// Round-trip times that differ by less than this make no difference: to ask the fastest server of a
/// zone alone would put the load of all on it.
const HARDLY_SLOWER: Duration = Duration::from_millis(100);

/// What is remembered of all servers, within limits.
#[derive(Debug, Default)]
pub(super) struct Servers {
    known: HashMap<SocketAddr, Health>,
    /// Servers that were of no use for a zone, and until when that is remembered.
    useless: HashMap<(SocketAddr, NameBuf), Time>,
    heard: Heard,
}

/// What is remembered of a server.
#[derive(Debug, Clone, Copy, Default)]
struct Health {
    /// Exchanges in a row that it did not answer.
    silent: u8,
    /// Those of them that nobody else can be blamed for.
    failed: u8,
    /// Until when it is backed off, because of those.
    down_until: Time,
    /// Smoothed round-trip time.
    rtt: Option<Duration>,
    /// Queries that are out to it.
    open: u32,
}

/// When servers were heard: where none is, it is our own network that fails.
#[derive(Debug, Clone, Copy, Default)]
struct Heard {
    last: Time,
    /// The first response after the last time that nobody was heard for a while.
    steadily_since: Time,
}

impl Heard {
    fn answer(&mut self, now: Time) {
        if now.since(self.last) >= QUIET {
            self.steadily_since = now;
        }
        self.last = now;
    }

    /// Whether others were heard all the time that an exchange had no response.
    fn others_since(&self, sent: Time, now: Time) -> bool {
        self.steadily_since < sent && now.since(self.last) < QUIET
    }
}

impl Health {
    /// Whether it has answered, and was not silent since.
    fn answers(&self) -> bool {
        self.rtt.is_some() && self.silent == 0
    }

    /// Whether it may be asked: one that is down is not, and after that one query has to show
    /// that it answers again.
    fn may_be_asked(&self, now: Time) -> bool {
        self.failed < DOWN_AFTER || self.down_until <= now && self.open == 0
    }
}

impl Servers {
    /// One of the servers of a zone, if any of them may be asked: one that is of use and fast if
    /// such is known; those that are hardly slower than the fastest one share the work with it.
    pub(super) fn choose(
        &self,
        now: Time,
        zone: &NameBuf,
        mut servers: Vec<SocketAddr>,
        rng: &mut StdRng,
    ) -> Option<SocketAddr> {
        let health = |server: &SocketAddr| self.known.get(server).copied().unwrap_or_default();
        servers.retain(|server| health(server).may_be_asked(now));
        let heard = servers.iter().any(|server| health(server).answers());
        // Who has never answered has to do so before it gets more.
        servers.retain(|server| {
            let health = health(server);
            !heard || health.rtt.is_some() || health.open < OPEN_TO_UNKNOWN
        });
        servers.shuffle(rng);
        // Now and then any of them: how else would a server that got better be noticed?
        if rng.random_ratio(1, 32) {
            return servers.first().copied();
        }
        let speed = |server: &SocketAddr| health(server).rtt.unwrap_or_default();
        let class = |server: &SocketAddr| {
            let useless = self.useless.get(&(*server, *zone)).is_some_and(|until| *until > now);
            (useless, health(server).silent)
        };
        let (best, fastest) = servers.iter().map(|server| (class(server), speed(server))).min()?;
        servers.retain(|server| class(server) == best && speed(server) <= fastest + HARDLY_SLOWER);
        // Whoever does not answer at once collects queries, and so gets no more than the others.
        servers.into_iter().min_by_key(|server| health(server).open)
    }

    /// A query is out to a server.
    pub(super) fn asked(&mut self, server: SocketAddr) {
        self.health_of(server).open += 1;
    }

    /// A query to a server has ended, or was taken back.
    pub(super) fn closed(&mut self, server: SocketAddr) {
        let health = self.health_of(server);
        health.open = health.open.saturating_sub(1);
    }

    /// Remembers how a server answered, or (`None`) that it did not.
    pub(super) fn remember(&mut self, server: SocketAddr, rtt: Option<Duration>) {
        let health = self.health_of(server);
        match rtt {
            None => health.silent = health.silent.saturating_add(1),
            Some(rtt) => {
                (health.silent, health.failed) = (0, 0);
                health.rtt = Some(health.rtt.map_or(rtt, |known| (known * 7 + rtt) / 8));
            }
        }
    }

    /// A response came, from whomever.
    pub(super) fn heard(&mut self, now: Time) {
        self.heard.answer(now);
    }

    /// Leaves a server alone for a while if it has been silent too often, though others were not:
    /// `sent` is when the exchange began that it did not answer. One that has answered before is
    /// only asked last: it may be silent for some zones, or for a moment.
    pub(super) fn blame(&mut self, now: Time, server: SocketAddr, sent: Time) {
        if !self.heard.others_since(sent, now) {
            return;
        }
        let health = self.health_of(server);
        // Exchanges that were out together are one failure of a server that is down.
        if health.rtt.is_some() || health.failed >= DOWN_AFTER && health.down_until > now {
            return;
        }
        health.failed = health.failed.saturating_add(1);
        if let Some(further) = health.failed.checked_sub(DOWN_AFTER) {
            let span = DOWN_FIRST.saturating_mul(1 << further.min(5)).min(DOWN_LONGEST);
            health.down_until = now + span;
        }
    }

    /// Whether a server has been silent for so long that it is backed off for now.
    pub(super) fn is_down(&self, now: Time, server: SocketAddr) -> bool {
        let health = self.known.get(&server);
        health.is_some_and(|health| health.failed >= DOWN_AFTER && health.down_until > now)
    }

    /// A server gave a response that is of no use for a zone.
    pub(super) fn useless(&mut self, now: Time, server: SocketAddr, zone: NameBuf) {
        if self.useless.len() >= REMEMBERED_USELESS {
            self.useless.clear();
        }
        self.useless.insert((server, zone), now + USELESS_FOR);
    }

    fn health_of(&mut self, server: SocketAddr) -> &mut Health {
        if self.known.len() >= REMEMBERED && !self.known.contains_key(&server) {
            // Those that queries are out to must stay: they are counted.
            self.known.retain(|_, health| health.open > 0);
        }
        self.known.entry(server).or_default()
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn servers_share_the_work_if_they_are_hardly_slower_than_the_fastest() {
        let mut servers = Servers::default();
        let all = [10, 90, 300].map(|ms| (SocketAddr::from(([192, 0, 2, ms as u8], 53)), ms));
        for (server, ms) in all {
            servers.remember(server, Some(Duration::from_millis(ms)));
        }
        let mut rng = StdRng::seed_from_u64(1);
        let candidates: Vec<SocketAddr> = all.iter().map(|(server, _)| *server).collect();
        let mut chosen: HashMap<SocketAddr, u32> = HashMap::new();
        for _ in 0..1_000 {
            let server =
                servers.choose(Time::ZERO, &NameBuf::root(), candidates.clone(), &mut rng).unwrap();
            *chosen.entry(server).or_default() += 1;
        }
        let [near, hardly_slower, far] = all.map(|(server, _)| chosen[&server]);
        assert!(near > 300 && hardly_slower > 300, "{near} and {hardly_slower}");
        // Only by chance, to notice if it got better.
        assert!((1..40).contains(&far), "{far}");
    }
}
