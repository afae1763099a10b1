//! Faults whose causes are known by now: one cause is told once.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use crate::wire::NameBuf;

/// Addresses whose faults have a cause that is known by now. Those of alias targets are among them,
/// although only faults of paths are told of those here.
#[derive(Debug, Default)]
pub(crate) struct Explained {
    /// They do not answer at all, or from elsewhere, or only when it is too late.
    pub(crate) silent: BTreeSet<SocketAddr>,
    /// They answer nothing with EDNS, and plain DNS well: only looks without it say what they have.
    pub(crate) plain_only: BTreeSet<SocketAddr>,
    /// They answer always, or often, as if they did not serve this zone.
    pub(crate) lame: BTreeSet<(SocketAddr, NameBuf)>,
    /// They have an old copy of this zone.
    pub(crate) stale: BTreeSet<(SocketAddr, NameBuf)>,
    /// They have now this copy of the zone, now that.
    pub(crate) disagreeing: BTreeSet<(SocketAddr, NameBuf)>,
    /// They lose queries or answers; whatever the pattern.
    pub(crate) lossy: BTreeSet<SocketAddr>,
}

impl Explained {
    pub(crate) fn is_silent(&self, server: SocketAddr) -> bool {
        self.silent.contains(&server)
    }

    pub(crate) fn is_lame(&self, server: SocketAddr, zone: &NameBuf) -> bool {
        self.lame.contains(&(server, *zone))
    }

    pub(crate) fn is_stale(&self, server: SocketAddr, zone: &NameBuf) -> bool {
        self.stale.contains(&(server, *zone))
    }

    pub(crate) fn disagrees(&self, server: SocketAddr, zone: &NameBuf) -> bool {
        self.disagreeing.contains(&(server, *zone))
    }

    pub(crate) fn is_lossy(&self, server: SocketAddr) -> bool {
        self.lossy.contains(&server)
    }
}
