//! From the octets of a packet to what UDP or TCP carry: link layer, IP, and the headers between.
//!
//! A packet may be damaged, cut by the capture, or made to deceive: every length is checked against
//! what is there. What is no UDP or TCP in IP is [`Parsed::Other`]; what should be and cannot be read is
//! an error, in one sentence.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::item::{Flow, Transport};

/// Link types, by their numbers in captures (<https://www.tcpdump.org/linktypes.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Link(pub(super) u16);

impl Link {
    const NULL: Self = Self(0);
    pub(super) const ETHERNET: Self = Self(1);
    const PPP: Self = Self(9);
    const RAW_OLD: Self = Self(12);
    const RAW_OPENBSD: Self = Self(14);
    const PPP_SERIAL: Self = Self(50);
    pub(super) const RAW: Self = Self(101);
    const LOOP: Self = Self(108);
    const SLL: Self = Self(113);
    const IPV4: Self = Self(228);
    const IPV6: Self = Self(229);
    const SLL2: Self = Self(276);

    /// Where the link type is not said, as in dumps: what it may be, the likeliest first.
    pub(super) const GUESSES: [Self; 5] =
        [Self::RAW, Self::ETHERNET, Self::SLL, Self::SLL2, Self::NULL];
}

/// Tags and tunnels in one packet; real ones have two or three.
const DEEPEST: usize = 8;
const UDP: u8 = 17;
const TCP: u8 = 6;

/// What a packet carries.
#[derive(Debug)]
pub(super) enum Parsed<'a> {
    Segment(Segment<'a>),
    Fragment(Fragment<'a>),
    /// Neither UDP nor TCP in IP.
    Other,
    /// A link type that this module does not know.
    UnknownLink,
}

/// What one datagram or segment carries.
#[derive(Debug)]
pub(super) struct Segment<'a> {
    pub(super) flow: Flow,
    pub(super) payload: &'a [u8],
    /// Octets at the end of the payload that the capture did not keep.
    pub(super) missing: usize,
    pub(super) tcp: TcpHeader,
}

/// What reassembly needs of a TCP header; all zero for UDP.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TcpHeader {
    pub(super) sequence: u32,
    pub(super) syn: bool,
    /// FIN or RST: nothing comes behind it.
    pub(super) ends: bool,
}

/// A part of an IP datagram.
#[derive(Debug)]
pub(super) struct Fragment<'a> {
    pub(super) key: FragmentKey,
    /// Where it belongs, in octets.
    pub(super) offset: usize,
    pub(super) more: bool,
    pub(super) octets: &'a [u8],
}

/// What the parts of one datagram have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FragmentKey {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    pub(super) protocol: u8,
    pub(super) id: u32,
}

/// Reads a packet of which `missing` octets at the end were not captured.
pub(super) fn parse<'a>(
    link: Link,
    octets: &'a [u8],
    missing: usize,
) -> Result<Parsed<'a>, String> {
    match network(link, octets) {
        Network::Ip(octets) => ip(octets, missing, DEEPEST),
        Network::Short => Err("it ends inside its link-layer header".to_owned()),
        Network::Other => Ok(Parsed::Other),
        Network::Unknown => Ok(Parsed::UnknownLink),
    }
}

/// Whether octets look like a packet of this link type that carries UDP or TCP, and if so whether
/// all of it is there. Nothing says that they are one, so much must fit.
pub(super) fn looks_like(link: Link, octets: &[u8]) -> Option<bool> {
    let Network::Ip(ip) = network(link, octets) else { return None };
    // Ethernet fills up to its least length, and may have a frame check sequence behind.
    let (least, trailer) = if link == Link::RAW { (0, 0) } else { (46, 16) };
    let total = match ip.first()? >> 4 {
        4 => {
            let header = ip.get(..usize::from(ip[0] & 0xF) * 4).filter(|ip| ip.len() >= 20)?;
            // A network card may fill the checksum in after the capture.
            let unset = header[10..12] == [0, 0];
            (unset || checksum(header) == 0xFFFF).then_some(())?;
            matches!(header[9], UDP | TCP | 4 | 41).then_some(())?;
            usize::from(u16(header, 2)?)
        }
        6 => {
            matches!(*ip.get(6)?, 0 | UDP | TCP | 4 | 41 | 43 | 44 | 51 | 60).then_some(())?;
            40 + usize::from(u16(ip, 4)?)
        }
        _ => return None,
    };
    if total < 28 || ip.len() > total.max(least) + trailer {
        return None;
    }
    let whole = ip.len() >= total;
    match self::ip(ip, 0, DEEPEST) {
        Ok(Parsed::Segment(segment)) => {
            let ports = [segment.flow.source.port(), segment.flow.destination.port()];
            (whole || ports.contains(&53)).then_some(whole)
        }
        Ok(Parsed::Fragment(_)) => whole.then_some(true),
        _ => None,
    }
}

fn checksum(octets: &[u8]) -> u16 {
    let sum: u32 =
        octets.chunks_exact(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1])).sum();
    let folded = (sum & 0xFFFF) + (sum >> 16);
    ((folded & 0xFFFF) + (folded >> 16)) as u16
}

fn u16(octets: &[u8], at: usize) -> Option<u16> {
    octets.get(at..)?.first_chunk().map(|&two| u16::from_be_bytes(two))
}

fn u32(octets: &[u8], at: usize) -> Option<u32> {
    octets.get(at..)?.first_chunk().map(|&four| u32::from_be_bytes(four))
}

/// What is behind the link layer.
enum Network<'a> {
    Ip(&'a [u8]),
    Short,
    Other,
    Unknown,
}

fn network(link: Link, octets: &[u8]) -> Network<'_> {
    let found = match link {
        Link::ETHERNET => ether(octets, 12, 14),
        Link::SLL => ether(octets, 14, 16),
        Link::SLL2 => ether(octets, 0, 20),
        Link::NULL | Link::LOOP => octets.get(4..).map(by_version),
        Link::RAW | Link::RAW_OLD | Link::RAW_OPENBSD | Link::IPV4 | Link::IPV6 => {
            Some(by_version(octets))
        }
        Link::PPP | Link::PPP_SERIAL => {
            let behind = octets.strip_prefix(&[0xFF, 0x03]).unwrap_or(octets);
            ppp(behind)
        }
        _ => return Network::Unknown,
    };
    found.unwrap_or(Network::Short)
}

fn by_version(octets: &[u8]) -> Network<'_> {
    match octets.first().map(|first| first >> 4) {
        Some(4 | 6) => Network::Ip(octets),
        Some(_) => Network::Other,
        None => Network::Short,
    }
}

/// Steps over an EtherType at `at`, with the payload at `behind`, and over the tags in between.
fn ether(octets: &[u8], at: usize, behind: usize) -> Option<Network<'_>> {
    let mut ether_type = u16(octets, at)?;
    let mut payload = octets.get(behind..)?;
    for _ in 0..DEEPEST {
        match ether_type {
            0x0800 | 0x86DD => return Some(Network::Ip(payload)),
            // VLAN and QinQ (IEEE 802.1Q), and the numbers that came before 0x88A8.
            0x8100 | 0x88A8 | 0x9100 | 0x9200 | 0x9300 => {
                ether_type = u16(payload, 2)?;
                payload = payload.get(4..)?;
            }
            // PPPoE (RFC 2516).
            0x8864 => return ppp(payload.get(6..)?),
            _ => return Some(Network::Other),
        }
    }
    Some(Network::Other)
}

fn ppp(octets: &[u8]) -> Option<Network<'_>> {
    let (protocol, behind) = match octets.first()? {
        // Compressed to one octet (RFC 1661 §6.5).
        odd if odd & 1 == 1 => (u16::from(*odd), &octets[1..]),
        _ => (u16(octets, 0)?, &octets[2..]),
    };
    Some(if matches!(protocol, 0x21 | 0x57) { Network::Ip(behind) } else { Network::Other })
}

fn ip(octets: &[u8], missing: usize, depth: usize) -> Result<Parsed<'_>, String> {
    match octets.first().map(|first| first >> 4) {
        Some(4) => ipv4(octets, missing, depth),
        Some(6) => ipv6(octets, missing, depth),
        Some(other) => Err(format!("its IP version is {other}")),
        None => Err("it ends before its IP header".to_owned()),
    }
}

/// What the IP header says the length is, without the padding of the link layer, and what of it the
/// capture did not keep.
fn within(octets: &[u8], said: usize, missing: usize) -> (&[u8], usize) {
    if said == 0 {
        // The network card was to fill it in (offload), or it is a jumbogram.
        return (octets, missing);
    }
    (&octets[..said.min(octets.len())], said.saturating_sub(octets.len()))
}

fn ipv4(octets: &[u8], missing: usize, depth: usize) -> Result<Parsed<'_>, String> {
    let length = usize::from(octets[0] & 0xF) * 4;
    if length < 20 {
        return Err(format!("its IPv4 header claims {length} octets, but 20 is the minimum"));
    }
    let Some(header) = octets.get(..length) else {
        return Err("it ends inside its IPv4 header".to_owned());
    };
    let said = usize::from(u16::from_be_bytes([header[2], header[3]]));
    if said != 0 && said < length {
        return Err("the length in its IPv4 header is shorter than the header".to_owned());
    }
    let (octets, missing) = within(octets, said, missing);
    let payload = &octets[length..];
    let address = |at: usize| IpAddr::V4(Ipv4Addr::from([0, 1, 2, 3].map(|i| header[at + i])));
    let (source, destination) = (address(12), address(16));
    let position = u16::from_be_bytes([header[6], header[7]]);
    let (more, offset) = (position & 0x2000 != 0, usize::from(position & 0x1FFF) * 8);
    if more || offset > 0 {
        let id = u32::from(u16::from_be_bytes([header[4], header[5]]));
        let key = FragmentKey { source, destination, protocol: header[9], id };
        return fragment(key, offset, more, payload, missing);
    }
    transport(header[9], source, destination, payload, missing, depth)
}

fn fragment<'a>(
    key: FragmentKey,
    offset: usize,
    more: bool,
    octets: &'a [u8],
    missing: usize,
) -> Result<Parsed<'a>, String> {
    if !matches!(key.protocol, UDP | TCP) {
        return Ok(Parsed::Other);
    }
    if missing > 0 {
        return Err(format!("{missing} octets of this fragment were not captured"));
    }
    Ok(Parsed::Fragment(Fragment { key, offset, more, octets }))
}

fn ipv6(octets: &[u8], missing: usize, depth: usize) -> Result<Parsed<'_>, String> {
    let Some(header) = octets.first_chunk::<40>() else {
        return Err("it ends inside its IPv6 header".to_owned());
    };
    let said = usize::from(u16::from_be_bytes([header[4], header[5]]));
    let (octets, missing) = within(octets, if said == 0 { 0 } else { 40 + said }, missing);
    let address = |at: usize| {
        let mut address = [0; 16];
        address.copy_from_slice(&header[at..at + 16]);
        IpAddr::V6(Ipv6Addr::from(address))
    };
    let (source, destination) = (address(8), address(24));
    let (mut next, mut payload) = (header[6], &octets[40..]);
    let cut = || "it ends inside an IPv6 extension header".to_owned();
    loop {
        let length = match next {
            // Hop-by-hop, routing, destination, mobility, HIP and Shim6 (RFC 8200 §4, RFC 7045).
            0 | 43 | 60 | 135 | 139 | 140 => {
                (usize::from(*payload.get(1).ok_or_else(cut)?) + 1) * 8
            }
            // An authentication header counts in units of four (RFC 4302 §2.2).
            51 => (usize::from(*payload.get(1).ok_or_else(cut)?) + 2) * 4,
            44 => {
                let header = payload.first_chunk::<8>().ok_or_else(cut)?;
                let position = u16::from_be_bytes([header[2], header[3]]);
                let (more, offset) = (position & 1 != 0, usize::from(position & 0xFFF8));
                if more || offset > 0 {
                    let id = u32::from_be_bytes([header[4], header[5], header[6], header[7]]);
                    let key = FragmentKey { source, destination, protocol: header[0], id };
                    return fragment(key, offset, more, &payload[8..], missing);
                }
                8
            }
            _ => break,
        };
        next = *payload.first().ok_or_else(cut)?;
        payload = payload.get(length..).ok_or_else(cut)?;
    }
    transport(next, source, destination, payload, missing, depth)
}

/// Reads what an IP datagram carries.
pub(super) fn transport(
    protocol: u8,
    source: IpAddr,
    destination: IpAddr,
    octets: &[u8],
    missing: usize,
    depth: usize,
) -> Result<Parsed<'_>, String> {
    let flow = |transport| -> Option<Flow> {
        Some(Flow {
            transport,
            source: SocketAddr::new(source, u16(octets, 0)?),
            destination: SocketAddr::new(destination, u16(octets, 2)?),
        })
    };
    match protocol {
        UDP => {
            let cut = || "it ends inside its UDP header".to_owned();
            let flow = flow(Transport::Udp).ok_or_else(cut)?;
            let said = usize::from(u16(octets, 4).ok_or_else(cut)?);
            let payload = octets.get(8..).ok_or_else(cut)?;
            if (1..8).contains(&said) {
                return Err(format!("its UDP header claims {said} octets, but 8 is the minimum"));
            }
            let said = said.checked_sub(8).unwrap_or(payload.len() + missing);
            if said > payload.len() + missing {
                let there = payload.len() + missing;
                return Err(format!("its UDP header claims {said} octets, but IP carries {there}"));
            }
            let payload = &payload[..said.min(payload.len())];
            let missing = said - payload.len();
            Ok(Parsed::Segment(Segment { flow, payload, missing, tcp: TcpHeader::default() }))
        }
        TCP => {
            let cut = || "it ends inside its TCP header".to_owned();
            let flow = flow(Transport::Tcp).ok_or_else(cut)?;
            let sequence = u32(octets, 4).ok_or_else(cut)?;
            let (&length, &flags) = octets.get(12).zip(octets.get(13)).ok_or_else(cut)?;
            let length = usize::from(length >> 4) * 4;
            if length < 20 {
                return Err(format!(
                    "its TCP header claims {length} octets, but 20 is the minimum"
                ));
            }
            let payload = octets.get(length..).ok_or_else(cut)?;
            let tcp = TcpHeader { sequence, syn: flags & 2 != 0, ends: flags & 5 != 0 };
            Ok(Parsed::Segment(Segment { flow, payload, missing, tcp }))
        }
        // IP in IP (RFC 2003, RFC 4213).
        4 | 41 if depth > 0 => ip(octets, missing, depth - 1),
        _ => Ok(Parsed::Other),
    }
}
