//! What a walk or a resolver is told once, at its start.

use std::net::{IpAddr, SocketAddr};

/// How zones are walked.
#[derive(Debug, Clone)]
pub struct WalkConfig {
    /// The port of every server; anything but 53 is for worlds of one's own.
    pub port: u16,
    /// Whether servers are asked over IPv4.
    pub ipv4: bool,
    /// Whether servers are asked over IPv6.
    pub ipv6: bool,
    /// Whether servers get to see only as many labels of the name as they need (RFC 9156).
    pub minimise: bool,
    /// Whether servers of the parent are asked for DS records, too.
    pub ask_ds: bool,
    /// What may not be exceeded.
    pub limits: Limits,
    /// Feeds the choice among equally good servers.
    pub seed: u64,
}

impl Default for WalkConfig {
    fn default() -> Self {
        Self {
            port: 53,
            ipv4: true,
            ipv6: true,
            minimise: false,
            ask_ds: true,
            limits: Limits::default(),
            seed: 0,
        }
    }
}

/// Bounds that hold whatever servers say.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Exchanges of one walk, those for addresses of name servers included.
    pub exchanges: usize,
    /// Exchanges for one name of a resolver, those for addresses of name servers included.
    pub exchanges_per_name: u32,
    /// Zone cuts between the root and a name.
    pub cuts: usize,
    /// Name servers of one zone that are used.
    pub servers_per_zone: usize,
    /// Addresses of one name server that are used.
    pub addresses_per_server: usize,
    /// CNAME records from a name to its end.
    pub cnames: usize,
    /// Names of a walk: the one it is for, and those that aliases of it lead to.
    pub names: usize,
    /// How deep looking for the address of a name server may need that of another one.
    pub lookup_depth: u32,
    /// RRsets in the cache.
    pub cache_entries: usize,
    /// Octets of RDATA and names in the cache.
    pub cache_octets: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            exchanges: 4000,
            exchanges_per_name: 128,
            cuts: 32,
            servers_per_zone: 32,
            addresses_per_server: 8,
            cnames: 16,
            names: 32,
            lookup_depth: 6,
            cache_entries: 65_536,
            cache_octets: 64 << 20,
        }
    }
}

/// Which addresses may be asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach {
    pub(super) port: u16,
    pub(super) ipv4: bool,
    pub(super) ipv6: bool,
    /// Only a world that has its root on this machine has other servers there.
    pub(super) loopback: bool,
}

impl Reach {
    /// Where a server with this address is asked, if it may be asked at all.
    pub(super) fn socket(&self, ip: IpAddr) -> Option<SocketAddr> {
        let family = match ip {
            IpAddr::V4(ip) => self.ipv4 && !ip.is_broadcast(),
            IpAddr::V6(ip) => {
                // An IPv4 address in disguise would be asked over IPv4.
                self.ipv6 && ip.to_ipv4_mapped().is_none()
            }
        };
        let usable = family
            && !ip.is_unspecified()
            && !ip.is_multicast()
            && (self.loopback || !ip.is_loopback());
        usable.then(|| SocketAddr::new(ip, self.port))
    }
}
