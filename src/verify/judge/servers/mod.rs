//! What servers and the ways to them do wrong: findings of the parts B and D.
//!
//! One cause is told once: an address that never answers is not also called lame, a path that loses
//! is not also called a lossy server. [`Explained`] says of which addresses those who judge records
//! need not wonder any more.

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

use std::collections::BTreeSet;
use std::net::SocketAddr;

use self::scene::Scene;
use crate::report::finding::Finding;
use crate::verify::evidence::Evidence;
use crate::wire::NameBuf;

/// Addresses at which missing, wrong or changing records have a cause that is told of the server
/// or the path. Those of alias targets are among them, although only faults of paths are told of
/// those here.
#[derive(Debug, Default)]
pub(super) struct Explained {
    /// They do not answer at all, or from elsewhere, or only when it is too late.
    pub(super) silent: BTreeSet<SocketAddr>,
    /// They answer nothing with EDNS, and plain DNS well: only looks without it say what they have.
    pub(super) plain_only: BTreeSet<SocketAddr>,
    /// They answer always, or often, as if they did not serve this zone.
    pub(super) lame: BTreeSet<(SocketAddr, NameBuf)>,
    /// They have an old copy of this zone.
    pub(super) stale: BTreeSet<(SocketAddr, NameBuf)>,
    /// They have now this copy of the zone, now that.
    pub(super) disagreeing: BTreeSet<(SocketAddr, NameBuf)>,
    /// They lose questions or answers; whatever the pattern.
    pub(super) lossy: BTreeSet<SocketAddr>,
}

impl Explained {
    pub(super) fn is_silent(&self, server: SocketAddr) -> bool {
        self.silent.contains(&server)
    }

    pub(super) fn is_lame(&self, server: SocketAddr, zone: &NameBuf) -> bool {
        self.lame.contains(&(server, *zone))
    }

    pub(super) fn is_stale(&self, server: SocketAddr, zone: &NameBuf) -> bool {
        self.stale.contains(&(server, *zone))
    }

    pub(super) fn disagrees(&self, server: SocketAddr, zone: &NameBuf) -> bool {
        self.disagreeing.contains(&(server, *zone))
    }
}

/// Judges servers and paths.
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
