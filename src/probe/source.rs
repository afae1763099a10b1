//! Sources of queries to certain servers, and the queries.

use std::net::SocketAddr;

use crate::engine::{ExchangeRequest, ProfileId, QueryProfile, ServerChoice, ServerId, Time};
use crate::walk::{self, Exchange, Walk, WalkQuery};
use crate::wire::{NameBuf, RecordType};

/// A query to one server, with all that sending it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerQuery {
    /// Comes back in [`Exchange::id`].
    pub id: u64,
    /// The server.
    pub server: SocketAddr,
    /// QNAME.
    pub name: NameBuf,
    /// QTYPE; the class is IN.
    pub rtype: RecordType,
    /// Its profile: what [`QuerySource::profile`] gives for this number.
    pub profile: usize,
    /// The UDP socket to send it from, as in [`crate::engine::ExchangeRequest::socket`].
    pub socket: Option<u16>,
}

impl From<WalkQuery> for ServerQuery {
    fn from(question: WalkQuery) -> Self {
        let WalkQuery { id, server, name, rtype, .. } = question;
        Self { id, server, name, rtype, profile: 0, socket: None }
    }
}

impl ServerQuery {
    /// The request for an engine that has the server and the profile under these numbers.
    pub fn request(&self, server: ServerId, profile: ProfileId) -> ExchangeRequest<'_> {
        let servers = ServerChoice::Only(server);
        let request = ExchangeRequest::new(self.id, self.name.as_wire(), self.rtype);
        ExchangeRequest { servers, profile, socket: self.socket, ..request }
    }
}

/// Has queries for certain servers, and chooses the next ones by the responses.
///
/// Without I/O: [`run`](super::run) sends the queries through a driver; a test, to a simulated world.
pub trait QuerySource {
    /// The profile with this number, as in [`ServerQuery::profile`]. Called once for each, from 0 on.
    fn profile(&self, number: usize) -> QueryProfile;

    /// The next query that may be sent at `now`.
    fn next_query(&mut self, now: Time) -> Option<ServerQuery>;

    /// Takes the outcome of a query.
    fn handle(&mut self, now: Time, exchange: Exchange);

    /// Whether there is nothing left to ask or to wait for.
    fn is_done(&self) -> bool;

    /// When to call [`QuerySource::next_query`] again, if no outcome comes before.
    fn poll_timeout(&self) -> Option<Time> {
        None
    }
}

impl QuerySource for Walk {
    fn profile(&self, _number: usize) -> QueryProfile {
        walk::profile()
    }

    fn next_query(&mut self, _now: Time) -> Option<ServerQuery> {
        self.poll_query().map(ServerQuery::from)
    }

    fn handle(&mut self, now: Time, exchange: Exchange) {
        Walk::handle(self, now, exchange);
    }

    fn is_done(&self) -> bool {
        Walk::is_done(self)
    }
}
