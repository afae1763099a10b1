//! Servers that cannot be asked at all, or not over TCP.

use super::context::{Context, Examined};
use crate::diagnose::sample::{Came, Seen, count};
use crate::diagnose::task::Asked;
use crate::judge::catalog::FindingId;
use crate::judge::finding::Draft;
use crate::judge::severity::Severity;
use crate::stats::Proportion;
use crate::wire::Rcode;

/// Queries without a response from which on nobody is there.
const ENOUGH: u64 = 5;
/// The same over TCP, where a server that answers over UDP answers none.
const ENOUGH_TCP: u64 = 5;

pub(super) fn judge(context: &mut Context<'_>, findings: &mut Vec<Draft>) {
    let names_given = context.names_given;
    for server in &mut context.servers {
        if let Some(draft) = unreachable(server) {
            findings.push(draft);
            server.is_explained = true;
        } else if let Some(draft) = refusing(server).filter(|_| names_given) {
            findings.push(draft);
        } else {
            findings.extend(tcp(server));
        }
    }
}

fn unreachable(server: &Examined<'_>) -> Option<Draft> {
    let all = &server.sample.all;
    let answered = all.iter().any(|seen| seen.rtt().is_some());
    if answered || (all.len() as u64) < ENOUGH {
        return None;
    }
    let label = &server.label;
    let icmp = all.iter().filter(|seen| seen.came == Came::Unreachable).count() as u64;
    let sent = all.len() as u64;
    let draft = if icmp * 2 > sent {
        server
            .draft(FindingId::UnreachableIcmp, Severity::Error)
            .summary(format!(
                "{label}: the network reports that it cannot be reached, for {icmp} of {sent} queries"
            ))
            .fault(format!("{label} cannot be reached: the network says so"))
            .action("check the address, and whether a DNS server runs there")
            .advice(
                "check the address, whether a DNS server runs there, and whether a firewall rejects \
                 queries",
            )
    } else {
        server
            .draft(FindingId::ServerUnreachable, Severity::Error)
            .summary(format!("{label}: no response to any of {sent} queries over UDP and TCP"))
            .fault(format!("{label} does not answer at all"))
            .action("check the address, and whether queries get there from this network")
            .advice(
                "check the address, whether a DNS server runs there, and whether a firewall on the \
                 path drops queries; another network may see more",
            )
    };
    Some(draft.evidence("asked", sent).evidence("unreachable", icmp))
}

/// It answers, and refuses whatever it should have.
fn refusing(server: &Examined<'_>) -> Option<Draft> {
    let all = server.sample.all.iter().filter(|seen| seen.task.asked == Asked::Known);
    let refused =
        count(all.filter(|seen| seen.rtt().is_some()), |seen| seen.rcode() == Some(Rcode::REFUSED));
    if refused.trials() < ENOUGH || refused.hits() < refused.trials() {
        return None;
    }
    let label = &server.label;
    let text = refused.text("refused");
    Some(
        server
            .draft(FindingId::ServerLame, Severity::Error)
            .summary(format!("{label}: every query for the names given is refused: {text}"))
            .fault(format!("{label} refuses to answer for the names that were asked"))
            .action("check the names, and whether this machine may ask that server")
            .advice(
                "check that the server serves these names and, where it is a resolver, that this machine \
                 is among those that may ask it",
            )
            .evidence("asked", refused.trials())
            .evidence("refused", refused.hits()),
    )
}

fn tcp(server: &Examined<'_>) -> Option<Draft> {
    let tcp: Vec<&Seen<'_>> = server.sample.tcp().collect();
    let answered = tcp.iter().filter(|seen| seen.rtt().is_some()).count() as u64;
    let truncated = server.sample.all.iter().any(|seen| seen.probe.is_truncated() && !seen.is_slip);
    let sent = tcp.len() as u64;
    if answered > 0 || sent < ENOUGH_TCP {
        return None;
    }
    let refused = tcp.iter().filter(|seen| seen.came == Came::Unreachable).count() as u64;
    let label = &server.label;
    let how = if refused == sent { "refused" } else { "not answered" };
    let severity = if truncated { Severity::Error } else { Severity::Warning };
    let need = if truncated { "; it truncates responses, so that resolvers need TCP" } else { "" };
    Some(
        server
            .draft(FindingId::TcpUnavailable, severity)
            .summary(format!(
                "{label}: queries over UDP are answered, over TCP they are {how}: {}{need}",
                Proportion::new(sent, sent).text("failed")
            ))
            .fault(format!("{label} does not answer over TCP"))
            .action(format!("let TCP to port {} through", server.subject.server.port()))
            .advice(
                "have the server listen on TCP as well, and let it through the firewall: responses \
                 that do not fit into UDP are asked for over TCP",
            )
            .evidence("tcp_asked", sent)
            .evidence("tcp_refused", refused),
    )
}
