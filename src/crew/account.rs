//! What engines, drivers and servers have done, over all workers.

use std::collections::HashMap;
use std::net::SocketAddr;

use crate::engine::{DeliveryErrors, ServerCounts, ServerState, ServerStatus, Time, Totals};
use crate::net::{ConnectCounts, Driver, LocalCounts};

/// One server, over all workers.
#[derive(Debug, Clone)]
pub struct ServerStats {
    /// Its address.
    pub address: SocketAddr,
    /// What happened with it.
    pub counts: ServerCounts,
    /// What it has turned out to be: the best that a worker has seen.
    pub status: ServerStatus,
    /// The rate that it limits its clients to, in queries a second, over all workers.
    pub limit: Option<f64>,
}

impl ServerStats {
    /// Begins with what one worker knows of a server.
    fn new(state: &ServerState<'_>) -> Self {
        Self {
            address: state.addr,
            counts: state.counts.clone(),
            status: state.status,
            limit: state.limit,
        }
    }

    /// Adds what another worker knows of the same server.
    fn add(&mut self, other: &Self) {
        self.counts.add(&other.counts);
        self.status = self.status.min(other.status);
        self.limit = self.limit.zip(other.limit).map(|(mine, theirs)| mine + theirs);
    }
}

/// The accounting of one worker, or of several together.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// That of the engines.
    pub totals: Totals,
    /// The servers, in the order in which they were given or met.
    pub servers: Vec<ServerStats>,
    /// What the local system did.
    pub local: LocalCounts,
    /// TCP connections.
    pub connects: ConnectCounts,
    /// What kept messages from being sent or delivered.
    pub delivery_errors: DeliveryErrors,
}

impl Account {
    pub(super) fn of(driver: &mut Driver, now: Time) -> Self {
        // What happened since they were compared last is told as well.
        driver.compare_clocks();
        let engine = driver.engine();
        Self {
            totals: engine.totals(),
            servers: engine.servers().map(|server| ServerStats::new(&server)).collect(),
            local: driver.local_counts(),
            connects: driver.connect_counts().clone(),
            delivery_errors: engine.delivery_errors(now),
        }
    }

    /// Adds that of another worker.
    pub(super) fn add(&mut self, other: Self) {
        let (mine, theirs) = (&mut self.totals, other.totals);
        mine.submitted += theirs.submitted;
        mine.answered += theirs.answered;
        mine.truncated += theirs.truncated;
        mine.timed_out += theirs.timed_out;
        mine.unreachable += theirs.unreachable;
        mine.cancelled += theirs.cancelled;
        mine.open += theirs.open;
        mine.attempts += theirs.attempts;
        mine.own_attempts += theirs.own_attempts;
        mine.unmatched += theirs.unmatched;
        mine.suspected += theirs.suspected;
        self.add_servers(other.servers);
        self.delivery_errors.add(&other.delivery_errors);
        self.connects.add(&other.connects);
        let (mine, theirs) = (&mut self.local, other.local);
        mine.receive_overflow += theirs.receive_overflow;
        mine.absences.add(&theirs.absences);
        mine.send_errors += theirs.send_errors;
        mine.truncated_receives += theirs.truncated_receives;
        mine.datagrams_sent += theirs.datagrams_sent;
        mine.datagrams_received += theirs.datagrams_received;
        mine.send_calls += theirs.send_calls;
        mine.receive_calls += theirs.receive_calls;
        mine.gso |= theirs.gso;
        mine.gro |= theirs.gro;
        mine.kernel_timestamps |= theirs.kernel_timestamps;
    }

    fn add_servers(&mut self, servers: Vec<ServerStats>) {
        if self.servers.is_empty() {
            self.servers = servers;
            return;
        }
        let places = self.servers.iter().map(|server| server.address).zip(0..);
        let places: HashMap<SocketAddr, usize> = places.collect();
        for theirs in servers {
            match places.get(&theirs.address) {
                Some(&place) => self.servers[place].add(&theirs),
                None => self.servers.push(theirs),
            }
        }
    }
}
