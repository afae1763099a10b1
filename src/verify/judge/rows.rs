//! How each record and each server stands: the tables of a report.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use super::facts::{AtServer, Facts, Standing};
use super::writing::{data, short};
use crate::probe::query::QueryForm;
use crate::probe::query::Role;
use crate::probe::result::Probe;
use crate::report::finding::{RecordAtServer, RecordReport, RecordState, ServerReport};
use crate::verify::expect::Kind;
use crate::verify::look::Look;
use crate::wire::{NameBuf, write_hex};

/// Values that are shown of what stands at an address.
const MOST_FOUND: usize = 5;

/// One row for each expected record.
pub(super) fn records(facts: &Facts<'_>) -> Vec<RecordReport> {
    facts.standings.iter().map(record).collect()
}

fn record(standing: &Standing<'_>) -> RecordReport {
    let expectation = standing.expectation;
    let state = standing.state();
    let line = expectation.suggestion().map(|record| record.to_string());
    RecordReport {
        name: expectation.owner.to_string(),
        rtype: expectation.rtype.to_string(),
        expected: expectation.record().map(|record| data(&record)),
        purpose: purpose(&expectation.kind).to_owned(),
        state,
        line: line.filter(|_| !matches!(state, RecordState::Right | RecordState::Unknown)),
        right: standing.right(),
        asked: standing.looks().count() as u64,
        servers: standing.servers.iter().map(at_server).collect(),
    }
}

fn at_server(at: &AtServer<'_>) -> RecordAtServer {
    let mut found: Vec<String> = Vec::new();
    for seen in &at.looks {
        let (Look::Wrong(records) | Look::Several(records)) = &seen.look else { continue };
        for text in records.iter().map(|record| short(&data(record))) {
            if found.len() < MOST_FOUND && !found.contains(&text) {
                found.push(text);
            }
        }
    }
    RecordAtServer {
        server: at.server,
        state: at.state(),
        right: at.right(),
        asked: at.looks.len() as u64,
        found,
    }
}

const fn purpose(kind: &Kind) -> &'static str {
    match kind {
        Kind::Record => "",
        Kind::DkimAlias { rotates: true } => "DKIM key of SES",
        Kind::DkimAlias { rotates: false } => "alias of a DKIM key",
        Kind::DkimKey => "DKIM key",
        Kind::MailFromMx => "MX of the MAIL FROM domain",
        Kind::Spf { .. } => "SPF policy",
        Kind::Dmarc => "DMARC policy",
        Kind::AcmValidation => "validation for ACM",
        Kind::AcmeChallenge => "ACME challenge",
        Kind::Caa { .. } => "CAA: who may issue certificates",
    }
}

/// One row for each address, role and zone.
pub(super) fn servers(facts: &Facts<'_>) -> Vec<ServerReport> {
    let evidence = facts.evidence;
    let mut rows: BTreeMap<(Role, NameBuf, SocketAddr), Row> = BTreeMap::new();
    for probe in &evidence.log.probes {
        let query = &probe.query;
        let row = rows.entry((query.role, query.zone, query.server)).or_default();
        row.add(probe);
    }
    rows.into_iter()
        .map(|((role, zone, server), mut row)| {
            let zone = Some(zone).filter(|_| role != Role::Recursive);
            let serials = zone.map_or_else(Vec::new, |zone| facts.serials(&zone, server));
            row.rtts.sort_unstable();
            ServerReport {
                server,
                names: zone.map_or_else(Vec::new, |zone| {
                    let names = evidence.log.names_of(&zone, server);
                    names.iter().map(ToString::to_string).collect()
                }),
                role,
                zone: zone.map(|zone| zone.to_string()),
                udp_asked: row.udp.0,
                udp_answered: row.udp.1,
                tcp_asked: row.tcp.0,
                tcp_answered: row.tcp.1,
                rtt_median_us: quantile(&row.rtts, 0.5),
                rtt_p90_us: quantile(&row.rtts, 0.9),
                serials,
                instances: row.instances,
            }
        })
        .collect()
}

#[derive(Default)]
struct Row {
    /// Asked and answered.
    udp: (u64, u64),
    tcp: (u64, u64),
    rtts: Vec<Duration>,
    instances: Vec<String>,
}

impl Row {
    fn add(&mut self, probe: &Probe) {
        if let Some(nsid) = probe.reply.as_ref().and_then(|reply| reply.nsid()) {
            let name = instance_name(nsid);
            if self.instances.len() < 64 && !self.instances.contains(&name) {
                self.instances.push(name);
            }
        }
        // Experiments that servers may leave unanswered would blur the picture.
        let count = match probe.query.form {
            QueryForm::Udp | QueryForm::Recursive => &mut self.udp,
            QueryForm::Sized(_) | QueryForm::Plain if probe.query.purpose.is_sampled() => {
                &mut self.udp
            }
            QueryForm::Tcp => &mut self.tcp,
            _ => return,
        };
        if !probe.counts() {
            return;
        }
        count.0 += 1;
        count.1 += u64::from(probe.reply.is_some());
        if probe.query.form != QueryForm::Tcp
            && let Some(rtt) = probe.rtt()
        {
            self.rtts.push(rtt);
        }
    }
}

/// The value below which the share `q` of sorted times lies, in microseconds.
fn quantile(sorted: &[Duration], q: f64) -> Option<u64> {
    let last = sorted.len().checked_sub(1)?;
    let rtt = sorted.get((q * last as f64).round() as usize)?;
    u64::try_from(rtt.as_micros()).ok()
}

/// What a server calls itself: as text if it is one, else as hexadecimal digits.
fn instance_name(nsid: &[u8]) -> String {
    let mut out = Vec::new();
    if !nsid.is_empty() && nsid.iter().all(u8::is_ascii_graphic) {
        out.extend_from_slice(nsid);
    } else {
        write_hex(nsid, &mut out);
    }
    short(&String::from_utf8_lossy(&out))
}
