//! Queries that are sent once each to one address: server, name and type, form and purpose.

use std::net::SocketAddr;

use serde::Serialize;

use super::purpose::Purpose;
use crate::engine::Time;
use crate::wire::{NameBuf, RecordType};

/// What a server is asked as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// It serves the zone of an expected record.
    Authoritative,
    /// It serves the zone that an alias leads to.
    Target,
    /// A recursive server.
    Recursive,
    /// One that was named by the user, as if it served the zone.
    Other,
}

/// A query to send to an address once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProbeQuery {
    /// Whom.
    pub server: SocketAddr,
    /// As what.
    pub role: Role,
    /// As a server of which zone; the root for recursive servers.
    pub zone: NameBuf,
    /// QNAME.
    pub name: NameBuf,
    /// QTYPE.
    pub rtype: RecordType,
    /// How.
    pub form: QueryForm,
    /// Why.
    pub purpose: Purpose,
    /// From which UDP socket; by default a random one.
    pub socket: Option<u16>,
    /// Not before this time.
    pub not_before: Time,
}

/// How a query is sent. Unless said otherwise: over UDP, without recursion, with EDNS, NSID and
/// 1232 octets, once, and whatever comes is the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum QueryForm {
    /// As said.
    Udp,
    /// Over TCP.
    Tcp,
    /// Without EDNS.
    Plain,
    /// With DO and this UDP payload size.
    Sized(u16),
    /// With an option that nobody knows.
    UnknownOption,
    /// With an EDNS version that nobody knows.
    UnknownVersion,
    /// With our cookie alone.
    Cookie,
    /// With the cookie that this server gave as well.
    CookieBack,
    /// With recursion.
    Recursive,
    /// With recursion and CD.
    Unchecked,
    /// In this shape, whatever the role of the server.
    Shaped(Shape),
}

/// A query of which each part is chosen by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Shape {
    /// Over TCP instead of UDP.
    pub tcp: bool,
    /// RD.
    pub recursion: bool,
    /// CD.
    pub checking_disabled: bool,
    /// The UDP payload size; `None` without EDNS. With EDNS there is NSID.
    pub edns: Option<u16>,
    /// DO; without EDNS there is none.
    pub dnssec_ok: bool,
    /// How long to wait for the response, in milliseconds.
    pub patience_ms: u16,
}

impl QueryForm {
    /// Whether it goes over TCP, and not over UDP first.
    pub const fn is_tcp(self) -> bool {
        matches!(self, Self::Tcp | Self::Shaped(Shape { tcp: true, .. }))
    }
}

impl ProbeQuery {
    /// A query as usual: from any port, as soon as it can be.
    pub const fn new(
        server: SocketAddr,
        role: Role,
        zone: NameBuf,
        name: NameBuf,
        rtype: RecordType,
        form: QueryForm,
        purpose: Purpose,
    ) -> Self {
        let (socket, not_before) = (None, Time::ZERO);
        Self { server, role, zone, name, rtype, form, purpose, socket, not_before }
    }
}
