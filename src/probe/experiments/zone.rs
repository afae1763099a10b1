//! The zone that an experiment is about.

use std::net::SocketAddr;

use crate::probe::purpose::Purpose;
use crate::probe::query::{ProbeQuery, QueryForm, Role};
use crate::wire::{NameBuf, RecordType};

/// A zone, and what its servers are asked as: experiments with them count where what led to them
/// counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ZoneSample {
    pub(super) apex: NameBuf,
    pub(super) role: Role,
}

impl ZoneSample {
    pub(super) fn of(query: &ProbeQuery) -> Self {
        Self { apex: query.zone, role: query.role }
    }

    /// A query to one of its servers whose response is small.
    pub(super) fn small(
        self,
        server: SocketAddr,
        purpose: Purpose,
        socket: Option<u16>,
    ) -> ProbeQuery {
        let Self { apex, role } = self;
        let (soa, form) = (RecordType::SOA, QueryForm::Udp);
        ProbeQuery { socket, ..ProbeQuery::new(server, role, apex, apex, soa, form, purpose) }
    }
}
