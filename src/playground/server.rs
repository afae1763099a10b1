//! One DNS server on loopback: a world of its own, with one zone, that is served at once.
//!
//! ```
//! use dnsonde::playground::{Faults, LoopbackServer};
//!
//! let server = LoopbackServer::start("127.0.0.1:0".parse().unwrap(), Faults::default()).unwrap();
//! assert_ne!(server.addr().port(), 0);
//! ```

use std::net::SocketAddr;
use std::sync::Arc;

use super::faults::Faults;
use super::scenario::Scenario;
use super::serve::{ServeError, Service, serve};
use super::world::{World, WorldCounts};
use super::zone::Zone;

/// A running server. It stops when this is dropped.
#[derive(Debug)]
pub struct LoopbackServer {
    addr: SocketAddr,
    zone: Zone,
    faults: Faults,
    service: Service,
}

impl LoopbackServer {
    /// Starts a server for the zone [`Zone::demo`] at a loopback address; port 0 lets the system
    /// choose one that is free for UDP and TCP.
    ///
    /// # Errors
    /// As for [`serve()`].
    pub fn start(addr: SocketAddr, faults: impl Into<Faults>) -> Result<Self, ServeError> {
        let (zone, faults) = (Zone::demo(), faults.into());
        let scenario = Scenario::of_server(addr.ip(), zone.clone(), &faults);
        let service = serve(World::new(Arc::new(scenario), faults.seed()), addr.port())?;
        let addr = SocketAddr::new(addr.ip(), service.port());
        Ok(Self { addr, zone, faults, service })
    }

    /// Where the server listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The zone that the server answers for.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// What the server does wrong.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// What the server has seen and done so far.
    pub fn counts(&self) -> WorldCounts {
        self.service.counts()
    }
}
