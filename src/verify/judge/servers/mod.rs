//! What servers and the ways to them do wrong: findings of the parts B and D.
//!
//! One cause is told once: an address that never answers is not also called lame, a path that loses
//! is not also called a lossy server. [`Explained`] says what each judge need not wonder about any
//! more.

mod delegation;
mod edns;
mod habits;
mod lame;
mod local;
mod loss;
mod reach;
mod scene;
mod serials;
mod size;
mod tcp;
mod tell;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::net::SocketAddr;

use self::scene::Scene;
use crate::report::finding::Finding;
use crate::verify::evidence::Evidence;
use crate::wire::NameBuf;

/// Addresses whose faults have a cause that is known by now. Those of alias targets are among them,
/// although only faults of paths are told of those here.
#[derive(Debug, Default)]
struct Explained {
    /// They do not answer at all, or from elsewhere, or only when it is too late.
    silent: BTreeSet<SocketAddr>,
    /// They answer nothing with EDNS, and plain DNS well: only looks without it say what they have.
    plain_only: BTreeSet<SocketAddr>,
    /// They answer always, or often, as if they did not serve this zone.
    lame: BTreeSet<(SocketAddr, NameBuf)>,
    /// They have an old copy of this zone.
    stale: BTreeSet<(SocketAddr, NameBuf)>,
    /// They have now this copy of the zone, now that.
    disagreeing: BTreeSet<(SocketAddr, NameBuf)>,
    /// They lose questions or answers; whatever the pattern.
    lossy: BTreeSet<SocketAddr>,
}

impl Explained {
    fn is_silent(&self, server: SocketAddr) -> bool {
        self.silent.contains(&server)
    }

    fn is_lame(&self, server: SocketAddr, zone: &NameBuf) -> bool {
        self.lame.contains(&(server, *zone))
    }

    fn is_stale(&self, server: SocketAddr, zone: &NameBuf) -> bool {
        self.stale.contains(&(server, *zone))
    }

    fn disagrees(&self, server: SocketAddr, zone: &NameBuf) -> bool {
        self.disagreeing.contains(&(server, *zone))
    }

    fn is_lossy(&self, server: SocketAddr) -> bool {
        self.lossy.contains(&server)
    }
}

/// What is to be told of servers and paths.
pub(super) fn findings(evidence: &Evidence) -> Vec<Finding> {
    let scene = Scene::new(evidence);
    let mut explained = Explained::default();
    let mut findings = Vec::new();
    reach::judge(&scene, &mut explained, &mut findings);
    edns::judge_plain_only(&scene, &mut explained, &mut findings);
    lame::judge(&scene, &mut explained, &mut findings);
    serials::judge(&scene, &mut explained, &mut findings);
    delegation::judge(&scene, &explained, &mut findings);
    size::judge(&scene, &mut explained, &mut findings);
    loss::judge(&scene, &mut explained, &mut findings);
    tcp::judge(&scene, &explained, &mut findings);
    edns::judge_edns(&scene, &explained, &mut findings);
    edns::judge_cookies(&scene, &explained, &mut findings);
    habits::judge(&scene, &explained, &mut findings);
    local::judge(&scene, &mut findings);
    findings
}
