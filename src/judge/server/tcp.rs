//! Servers that do not answer over TCP, which every server must (RFC 7766 §5).

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::engine::{Outcome, StreamCause};
use crate::judge::catalog::FindingId;
use crate::judge::explained::Explained;
use crate::judge::finding::Draft;
use crate::judge::observations::{Observations, ServerObservations};
use crate::judge::severity::Severity;
use crate::probe::result::Probe;
use crate::walk::{ResponseFault, ResponseKind};
use crate::wire::NameBuf;

/// Queries over TCP, all unanswered, from which on it is told.
const ENOUGH: u64 = 5;

/// What most often became of queries over TCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Ending {
    Failed(StreamCause),
    /// A connection was made, and no answer came.
    Silence,
}

impl Ending {
    fn of(probe: &Probe) -> Self {
        match probe.outcome() {
            Some(Outcome::StreamFailed(failure)) => Self::Failed(failure.cause),
            _ => Self::Silence,
        }
    }

    /// What happens, and what to do about it.
    fn words(self) -> (&'static str, &'static str) {
        let listen = "let the server listen on TCP port 53";
        let open = "open TCP port 53 of the server in its firewall, which drops connections";
        let inspect = "find out what ends TCP connections to the server: itself, or a firewall, a \
                       load balancer or a protection against floods in front of it";
        match self {
            Self::Failed(StreamCause::Refused) => ("connections are refused", listen),
            Self::Failed(StreamCause::Unreachable) => {
                ("the network says that connections cannot be made", open)
            }
            Self::Failed(StreamCause::ConnectTimedOut) => {
                ("connections time out before they are made", open)
            }
            Self::Failed(StreamCause::Reset) => ("connections are made and then reset", inspect),
            Self::Failed(StreamCause::ClosedMidMessage) => {
                ("connections are closed in the middle of the response", inspect)
            }
            Self::Failed(StreamCause::Unsolicited) => {
                ("messages come that answer nothing", inspect)
            }
            Self::Failed(StreamCause::Silent) | Self::Silence => (
                "connections are made and nothing is answered",
                "find out why the server does not answer over TCP",
            ),
            Self::Failed(_) => ("connections are closed before the response is there", inspect),
        }
    }
}

pub(crate) fn judge(
    observed: &Observations<'_>,
    explained: &mut Explained,
    findings: &mut Vec<Draft>,
) {
    for zone in &observed.log.zones {
        let mut groups: BTreeMap<(Ending, bool), Vec<SocketAddr>> = BTreeMap::new();
        for (server, host) in observed.serving(zone, explained) {
            let silent = host.tcp.asked >= ENOUGH && host.tcp.answered == 0;
            if !silent || !host.answers_over_udp() {
                continue;
            }
            let mut udp = host.probes.iter().filter(|probe| probe.is_udp());
            let truncated = udp.any(|probe| {
                let kind = probe.reading().map(|reading| &reading.kind);
                kind == Some(&ResponseKind::Fault(ResponseFault::Truncated))
            });
            let mut times: BTreeMap<Ending, u64> = BTreeMap::new();
            for probe in over_tcp(host) {
                *times.entry(Ending::of(probe)).or_default() += 1;
            }
            let how = times.into_iter().max_by_key(|(_, times)| *times);
            let how = how.map_or(Ending::Silence, |(how, _)| how);
            groups.entry((how, truncated)).or_default().push(server);
        }
        for ((how, truncated), servers) in groups {
            findings.push(unavailable(observed, zone, how, truncated, servers));
        }
    }
}

fn over_tcp<'h, 'e>(
    host: &'h ServerObservations<'e>,
) -> impl Iterator<Item = &'e Probe> + use<'h, 'e> {
    host.probes.iter().copied().filter(|probe| !probe.is_udp())
}

fn unavailable(
    observed: &Observations<'_>,
    zone: &NameBuf,
    how: Ending,
    truncated: bool,
    servers: Vec<SocketAddr>,
) -> Draft {
    let hosts = || servers.iter().filter_map(|server| observed.servers.get(server));
    let tcp: u64 = hosts().map(|host| host.tcp.asked).sum();
    let udp: u64 = hosts().map(|host| host.udp.answered).sum();
    let ends = [
        ("tcp_refused", StreamCause::Refused),
        ("tcp_unreachable", StreamCause::Unreachable),
        ("tcp_connect_timed_out", StreamCause::ConnectTimedOut),
        ("tcp_reset", StreamCause::Reset),
        ("tcp_closed", StreamCause::Closed),
        ("tcp_closed_mid_message", StreamCause::ClosedMidMessage),
    ]
    .map(|(name, cause)| {
        let ended = |probe: &&Probe| Ending::of(probe) == Ending::Failed(cause);
        (name, hosts().flat_map(over_tcp).filter(ended).count() as u64)
    });
    let (what, cure) = how.words();
    let severity = if truncated { Severity::Error } else { Severity::Warning };
    let harm = if truncated {
        "; responses that do not fit into UDP say to ask over TCP, so they never arrive"
    } else {
        ""
    };
    let who = observed.who(zone, &servers);
    let names = observed.at_fault(zone, &servers);
    let draft = Draft::new(FindingId::TcpUnavailable, severity, zone.to_string())
        .servers(servers)
        .summary(format!(
            "{who}: no response over TCP to {tcp} of {tcp} queries, because {what}, while {udp} were \
             answered over UDP{harm}"
        ))
        .fault(format!("{names} {} not answer over TCP", names.verb("does", "do")))
        .action(format!("ask whoever runs {names} to {cure}"))
        .advice(format!("ask whoever runs {names} to {cure}"))
        .evidence("tcp_asked", tcp)
        .evidence("tcp_answered", 0)
        .evidence("udp_answered", udp)
        .evidence("truncated_answers_seen", truncated);
    ends.into_iter().fold(draft, |draft, (name, count)| draft.evidence(name, count))
}
