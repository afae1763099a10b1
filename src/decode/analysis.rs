//! From packets to DNS messages.

use super::fragments::{Datagram, Fragments, Reassembly};
use super::item::{Flow, InputError, Item, Origin, Sink, Timestamp, Transport, give};
use super::packet::{self, Link, Parsed, Segment};
use super::streams::Streams;

/// Link types that are told of, each once.
const MOST_LINKS: usize = 32;

/// What is known between two packets.
pub(super) struct Analysis<'o> {
    ports: &'o [u16],
    fragments: Fragments,
    streams: Streams,
    packets: u64,
    /// Whether anything has come out.
    found: bool,
    unknown_links: Vec<Link>,
}

impl<'o> Analysis<'o> {
    pub(super) fn new(ports: &'o [u16]) -> Self {
        Self {
            ports,
            fragments: Fragments::default(),
            streams: Streams::default(),
            packets: 0,
            found: false,
            unknown_links: Vec::new(),
        }
    }

    /// The packets so far.
    pub(super) fn packets(&self) -> u64 {
        self.packets
    }

    /// Whether any item has come of the packets.
    pub(super) fn found(&self) -> bool {
        self.found
    }

    /// Takes a packet of which `missing` octets at the end were not captured.
    pub(super) fn packet(
        &mut self,
        link: Link,
        time: Option<Timestamp>,
        octets: &[u8],
        missing: usize,
        line: Option<u64>,
        sink: &mut Sink<'_>,
    ) -> Result<(), InputError> {
        self.packets += 1;
        let origin = Origin { line, packet: Some(self.packets), time, flow: None };
        match packet::parse(link, octets, missing) {
            Ok(parsed) => self.parsed(link, parsed, origin, sink),
            Err(reason) => self.problem(origin, reason, sink),
        }
    }

    /// Tells of something that cannot be read.
    pub(super) fn problem(
        &mut self,
        origin: Origin,
        reason: String,
        sink: &mut Sink<'_>,
    ) -> Result<(), InputError> {
        self.found = true;
        give(sink, Item::Problem { origin, offset: 0, reason })
    }

    /// Counts a packet that cannot even be cut out of its capture.
    pub(super) fn unreadable(
        &mut self,
        reason: &str,
        sink: &mut Sink<'_>,
    ) -> Result<(), InputError> {
        self.packets += 1;
        let origin = Origin { packet: Some(self.packets), ..Origin::default() };
        self.problem(origin, reason.to_owned(), sink)
    }

    fn parsed(
        &mut self,
        link: Link,
        parsed: Parsed<'_>,
        origin: Origin,
        sink: &mut Sink<'_>,
    ) -> Result<(), InputError> {
        match parsed {
            Parsed::Segment(segment) => self.segment(&segment, origin, sink),
            Parsed::Fragment(fragment) => {
                let (progress, evicted) = self.fragments.add(&fragment, origin);
                if let Some(evicted) = evicted {
                    self.incomplete(&evicted, sink)?;
                }
                match progress {
                    Reassembly::Waiting => Ok(()),
                    Reassembly::Bad(reason) => self.problem(
                        origin,
                        format!("this IP datagram cannot be read: {reason}"),
                        sink,
                    ),
                    Reassembly::Whole(octets) => {
                        let key = fragment.key;
                        let (from, to) = (key.source, key.destination);
                        match packet::transport(key.protocol, from, to, &octets, 0, 0) {
                            Ok(Parsed::Segment(segment)) => self.segment(&segment, origin, sink),
                            Ok(_) => Ok(()),
                            Err(reason) => self.problem(origin, reason, sink),
                        }
                    }
                }
            }
            Parsed::Other => Ok(()),
            Parsed::UnknownLink => {
                if self.unknown_links.contains(&link) || self.unknown_links.len() >= MOST_LINKS {
                    return Ok(());
                }
                self.unknown_links.push(link);
                let reason = format!(
                    "link type {} is not supported: packets like this one are skipped",
                    link.0
                );
                self.problem(origin, reason, sink)
            }
        }
    }

    fn segment(
        &mut self,
        segment: &Segment<'_>,
        origin: Origin,
        sink: &mut Sink<'_>,
    ) -> Result<(), InputError> {
        let &Segment { flow, payload, missing, tcp } = segment;
        if !self.is_dns(flow) {
            return Ok(());
        }
        let origin = Origin { flow: Some(flow), ..origin };
        self.found = true;
        match flow.transport {
            Transport::Udp => {
                let incomplete = (missing > 0).then(|| {
                    let (there, all) = (payload.len(), payload.len() + missing);
                    format!("the capture kept {there} of {all} octets of this message")
                });
                give(sink, Item::Message { octets: payload, origin, incomplete })
            }
            Transport::Tcp => self.streams.add(flow, tcp, payload, missing, origin, sink),
        }
    }

    fn is_dns(&self, flow: Flow) -> bool {
        [flow.source, flow.destination].iter().any(|end| self.ports.contains(&end.port()))
    }

    /// Tells of a datagram that will never be whole, if it may have been DNS.
    fn incomplete(&mut self, datagram: &Datagram, sink: &mut Sink<'_>) -> Result<(), InputError> {
        if datagram.ports().is_some_and(|ports| !ports.iter().any(|port| self.ports.contains(port)))
        {
            return Ok(());
        }
        let (from, to) = (datagram.key.source, datagram.key.destination);
        let reason =
            format!("not all fragments of this IP datagram from {from} to {to} were captured");
        self.problem(datagram.origin, reason, sink)
    }

    /// No more packets come.
    pub(super) fn finish(&mut self, sink: &mut Sink<'_>) -> Result<(), InputError> {
        for datagram in self.fragments.finish() {
            self.incomplete(&datagram, sink)?;
        }
        self.streams.finish(sink)
    }
}
