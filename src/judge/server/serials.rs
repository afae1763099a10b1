//! Which copy of a zone each address has: old ones, and addresses that have several.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::json;

use crate::engine::Time;
use crate::judge::catalog::FindingId;
use crate::judge::explained::Explained;
use crate::judge::finding::Draft;
use crate::judge::observations::{Observations, ServerObservations, short};
use crate::judge::provider::Hosting;
use crate::judge::severity::Severity;
use crate::judge::writing::plain;
use crate::probe::query::Role;
use crate::probe::result::Reply;
use crate::probe::sample::kind_of;
use crate::stats::Proportion;
use crate::walk::{ResponseKind, Rrset};
use crate::wire::{NameBuf, RecordType, write_printable};

/// Looks at a serial that make it the one that an address has.
const ENOUGH: usize = 3;
/// How long the newest copy must be about before an address is behind.
const SETTLED: Duration = Duration::from_secs(1);
/// Instances that are named.
const NAMED: usize = 8;
/// Characters of an instance's name that are shown.
const LONGEST_NSID: usize = 40;

/// A look at the SOA record.
struct Seen {
    sent: Time,
    finished: Time,
    serial: u32,
    refresh: u32,
    expire: u32,
    nsid: Option<String>,
}

/// By how much `a` is behind `b`, in the arithmetic of RFC 1982; `None` if it is not.
fn behind(a: u32, b: u32) -> Option<u32> {
    Some(b.wrapping_sub(a)).filter(|ahead| (1..1 << 31).contains(ahead))
}

pub(crate) fn judge(
    observed: &Observations<'_>,
    explained: &mut Explained,
    findings: &mut Vec<Draft>,
) {
    for zone in observed.log.zones.iter().chain(&observed.target_zones()) {
        let reported = observed.log.zones.contains(zone);
        let seen: BTreeMap<SocketAddr, Vec<Seen>> = observed
            .serving(zone, explained)
            .map(|(server, host)| (server, checks(host, zone)))
            .collect();
        let mut disagreeing = Vec::new();
        for (server, host) in observed.serving(zone, explained) {
            let split = by_instance(host, zone);
            if goes_back(&seen[&server]) || split.is_some() {
                disagreeing.push((server, split));
            }
        }
        explained.disagreeing.extend(disagreeing.iter().map(|(server, _)| (*server, *zone)));
        if reported && !disagreeing.is_empty() {
            findings.push(disagree(observed, zone, &disagreeing, &seen));
        }
        for copies in by_provider(observed, zone, seen) {
            let stale = stale(zone, &copies, explained);
            for (serial, servers) in &stale.servers {
                explained.stale.extend(servers.iter().map(|server| (*server, *zone)));
                if reported {
                    let newest = stale.newest;
                    findings.push(old_copy(observed, zone, *serial, newest, servers, &copies));
                }
            }
        }
    }
}

/// What is to be compared: all addresses, or those of each provider on their own where there are
/// several, as each may count the changes of its copy as it likes.
fn by_provider(
    observed: &Observations<'_>,
    zone: &NameBuf,
    seen: BTreeMap<SocketAddr, Vec<Seen>>,
) -> Vec<BTreeMap<SocketAddr, Vec<Seen>>> {
    if !Hosting::of(&observed.log.walk, zone).is_shared() {
        return vec![seen];
    }
    let mut groups: BTreeMap<Option<&str>, BTreeMap<SocketAddr, Vec<Seen>>> = BTreeMap::new();
    for (server, checks) in seen {
        let provider = Hosting::of_servers(observed.log, zone, &[server]).only();
        groups.entry(provider.map(|it| it.name)).or_default().insert(server, checks);
    }
    groups.into_values().collect()
}

fn checks(host: &ServerObservations<'_>, zone: &NameBuf) -> Vec<Seen> {
    let authoritative = host.of_zone(zone).filter(|probe| probe.query.role != Role::Other);
    let soa_of = |set: &Rrset| set.rtype == RecordType::SOA && set.name == *zone;
    authoritative
        .filter_map(|probe| {
            let reply = probe.reply.as_ref()?;
            let set = [reply.reading.answer.as_ref(), reply.reading.soa.as_ref()]
                .into_iter()
                .flatten()
                .find(|set| soa_of(set))?;
            let record = set.records().next()?;
            let soa = record.data().soa()?;
            Some(Seen {
                sent: probe.sent()?,
                finished: probe.finished,
                serial: soa.serial,
                refresh: soa.refresh,
                expire: soa.expire,
                nsid: nsid(reply),
            })
        })
        .collect()
}

fn nsid(reply: &Reply) -> Option<String> {
    let mut text = Vec::new();
    write_printable(reply.nsid().filter(|nsid| !nsid.is_empty())?, &mut text);
    text.truncate(LONGEST_NSID);
    String::from_utf8(text).ok()
}

/// Whether a query that was sent after the answer to another one shows an older copy.
fn goes_back(seen: &[Seen]) -> bool {
    seen.iter().enumerate().any(|(place, earlier)| {
        let mut later = seen[place + 1..].iter();
        later.any(|later| {
            later.sent > earlier.finished && behind(later.serial, earlier.serial).is_some()
        })
    })
}

/// What instances, by their names, say to one query: each always the same, and not all the same.
fn by_instance(host: &ServerObservations<'_>, zone: &NameBuf) -> Option<BTreeMap<String, String>> {
    let mut kinds: HashMap<_, BTreeMap<String, Vec<String>>> = HashMap::new();
    for probe in host.usual_probes(zone) {
        // Addresses may be dealt out in turn.
        if matches!(probe.query.rtype, RecordType::A | RecordType::AAAA | RecordType::SOA) {
            continue;
        }
        if let Some(reply) = &probe.reply
            && let Some(nsid) = nsid(reply)
            && let Some(summary) = summary(reply)
        {
            let sort = kinds.entry(kind_of(probe)).or_default();
            sort.entry(nsid).or_default().push(summary);
        }
    }
    kinds.into_values().find_map(|instances| {
        let constant = instances.values().all(|summary| summary.iter().all(|it| *it == summary[0]));
        let often = instances.values().all(|summary| summary.len() >= 2);
        let different: BTreeSet<&String> = instances.values().map(|summary| &summary[0]).collect();
        let split = constant && often && different.len() > 1;
        split.then(|| {
            instances.into_iter().map(|(nsid, summary)| (nsid, summary[0].clone())).collect()
        })
    })
}

/// What an answer amounts to, whatever its TTLs and the order of its records.
fn summary(reply: &Reply) -> Option<String> {
    let reading = &reply.reading;
    let mut records: Vec<Vec<u8>> = Vec::new();
    for record in reading.chain.iter().chain(&reading.answer).flat_map(Rrset::records) {
        records.push([record.name.to_lowercase().as_wire(), &record.rdata].concat());
    }
    records.sort();
    match reading.kind {
        ResponseKind::NxDomain => Some("no such name".to_owned()),
        ResponseKind::NoData => Some("no such record".to_owned()),
        ResponseKind::Answer | ResponseKind::Cname(_) => {
            let hash = records.concat().iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, octet| {
                (hash ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01b3)
            });
            let count = records.len();
            let noun = if count == 1 { "record" } else { "records" };
            Some(format!("{count} {noun} (version {:04x})", hash as u16))
        }
        ResponseKind::Referral(_) | ResponseKind::Fault(_) => None,
    }
}

fn disagree(
    observed: &Observations<'_>,
    zone: &NameBuf,
    found: &[(SocketAddr, Option<BTreeMap<String, String>>)],
    seen: &BTreeMap<SocketAddr, Vec<Seen>>,
) -> Draft {
    let servers: Vec<SocketAddr> = found.iter().map(|(server, _)| *server).collect();
    let checks = || servers.iter().flat_map(|server| &seen[server]);
    let mut serials: BTreeMap<u32, (u64, BTreeSet<&str>)> = BTreeMap::new();
    for check in checks() {
        let (count, instances) = serials.entry(check.serial).or_default();
        *count += 1;
        instances.extend(check.nsid.as_deref());
    }
    let total: u64 = serials.values().map(|(count, _)| count).sum();
    let newest = serials
        .keys()
        .copied()
        .reduce(|best, serial| if behind(best, serial).is_some() { serial } else { best });
    let current = newest.map_or(0, |newest| serials[&newest].0);
    let what = if serials.len() > 1 {
        let texts: Vec<String> = serials
            .iter()
            .take(NAMED)
            .map(|(serial, (count, instances))| {
                let by: Vec<&str> = instances.iter().take(NAMED).copied().collect();
                let by =
                    if by.is_empty() { String::new() } else { format!(" by {}", by.join(", ")) };
                format!("serial {serial} {count} times{by}")
            })
            .collect();
        let old = Proportion::new(total - current, total).text("from an old copy").to_string();
        format!("{}, now this one and now that: {old}", texts.join(", "))
    } else {
        let split = found.iter().find_map(|(_, split)| split.as_ref());
        let texts = split.into_iter().flatten().take(NAMED);
        let texts: Vec<String> =
            texts.map(|(nsid, summary)| format!("{nsid} says {summary}")).collect();
        format!("all have the serial {}, yet {}", newest.unwrap_or(0), texts.join(", "))
    };
    let who = observed.who(zone, &servers);
    let names = observed.at_fault(zone, &servers);
    let by_serial: Vec<_> = serials
        .iter()
        .map(|(serial, (count, instances))| {
            json!({"serial": serial, "answers": count, "instances": instances})
        })
        .collect();
    Draft::new(FindingId::InstancesDisagree, Severity::Error, zone.to_string())
        .servers(servers)
        .summary(format!(
            "{who}: the machines behind one address have different copies of {}: {what}",
            short(zone)
        ))
        .fault(format!("the machines behind {names} have different copies of {}", plain(zone)))
        .action(format!("ask whoever runs {names} to bring all of them up to date"))
        .advice(format!(
            "ask whoever runs {names} to bring all machines behind the address up to date: some do \
             not get the zone's changes, and nothing that you enter helps until they do"
        ))
        .evidence("soa_answers", total)
        .evidence("old", total - current)
        .evidence("by_serial", by_serial)
}

/// Addresses with old copies.
#[derive(Default)]
struct Stale {
    newest: u32,
    servers: BTreeMap<u32, Vec<SocketAddr>>,
}

fn stale(zone: &NameBuf, seen: &BTreeMap<SocketAddr, Vec<Seen>>, explained: &Explained) -> Stale {
    let steady: Vec<(SocketAddr, &Vec<Seen>)> = seen
        .iter()
        .filter(|(server, checks)| !explained.disagrees(**server, zone) && checks.len() >= ENOUGH)
        .map(|(server, checks)| (*server, checks))
        .collect();
    let last = |checks: &[Seen]| checks.last().map(|check| check.serial);
    let newest = steady
        .iter()
        .filter_map(|(_, checks)| last(checks))
        .reduce(|best, serial| if behind(best, serial).is_some() { serial } else { best });
    let Some(newest) = newest else { return Stale::default() };
    let about_since = steady
        .iter()
        .flat_map(|(_, checks)| checks.iter())
        .filter(|check| check.serial == newest)
        .map(|check| check.finished)
        .min();
    let mut servers: BTreeMap<u32, Vec<SocketAddr>> = BTreeMap::new();
    for (server, checks) in steady {
        let Some(check) = checks.last() else { continue };
        let settled = about_since.is_some_and(|since| check.sent > since + SETTLED);
        if settled && checks.iter().all(|check| behind(check.serial, newest).is_some()) {
            servers.entry(check.serial).or_default().push(server);
        }
    }
    Stale { newest, servers }
}

fn old_copy(
    observed: &Observations<'_>,
    zone: &NameBuf,
    serial: u32,
    newest: u32,
    servers: &[SocketAddr],
    seen: &BTreeMap<SocketAddr, Vec<Seen>>,
) -> Draft {
    let checks: u64 = servers.iter().map(|server| seen[server].len() as u64).sum();
    let last = servers.first().and_then(|server| seen[server].last());
    let (refresh, expire) = last.map_or((0, 0), |check| (check.refresh, check.expire));
    let ahead = behind(serial, newest).unwrap_or(0);
    let days = days_of(serial).zip(days_of(newest)).map(|(old, new)| new - old);
    let age = match days.filter(|days| *days > 0) {
        Some(1) => ", a day older by its date".to_owned(),
        Some(days) => format!(", {days} days older by its date"),
        None => format!(", behind by {ahead}"),
    };
    // A copy that is as old as it may get goes away altogether (RFC 1035 §3.3.13).
    let expires_soon = days.is_some_and(|days| days > 0 && days * 86_400 * 2 > i64::from(expire));
    let expiry = if expires_soon {
        "; if no transfer has worked since, it expires soon, and the server fails then"
    } else {
        ""
    };
    let who = observed.who(zone, servers);
    let names = observed.at_fault(zone, servers);
    let subject = zone.to_string();
    let draft = Draft::new(FindingId::ServerStale, Severity::Error, subject)
        .servers(servers.to_vec())
        .summary(format!(
            "{who}: an old copy of {}, with the serial {serial} in {checks} of {checks} responses \
                 while others have {newest}{age}{expiry}",
            short(zone)
        ))
        .fault(format!("{names} {} an old copy of {}", names.verb("has", "have"), plain(zone)))
        .action(format!("ask whoever runs {names} why it does not get the zone's changes"))
        .advice(format!(
            "ask whoever runs {names} why it does not get the zone's changes; if you made one within \
             the last {} minutes, check again first",
            refresh.div_ceil(60).max(1)
        ))
        .evidence("serial", serial)
        .evidence("newest_serial", newest)
        .evidence("behind_by", ahead)
        .evidence("soa_answers", checks)
        .evidence("refresh_s", refresh)
        .evidence("expire_s", expire);
    match days {
        Some(days) => draft.evidence("days_behind", days),
        None => draft,
    }
}

/// The day that a serial of the form YYYYMMDDnn tells, counted from a day long ago.
fn days_of(serial: u32) -> Option<i64> {
    let (date, (year, month, day)) =
        (serial / 100, (serial / 1_000_000, serial / 10_000 % 100, serial / 100 % 100));
    let is_date = (1990..2100).contains(&year) && (1..=12).contains(&month);
    if !is_date || !(1..=31).contains(&day) || date == 0 {
        return None;
    }
    // Years that begin in March have their leap day at the end.
    let (year, month) = (i64::from(year), i64::from(month));
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let before = year * 365 + year / 4 - year / 100 + year / 400;
    Some(before + (month * 153 + 2) / 5 + i64::from(day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_are_compared_round_the_end() {
        assert_eq!(behind(1, 3), Some(2));
        assert_eq!(behind(3, 1), None);
        assert_eq!(behind(7, 7), None);
        assert_eq!(behind(u32::MAX, 4), Some(5));
        assert_eq!(behind(0, 1 << 31), None, "RFC 1982 leaves this one undefined");
    }

    #[test]
    fn serials_that_are_dates_tell_days() {
        let days = |old, new| Some(days_of(new)? - days_of(old)?);
        assert_eq!(days(2_026_013_100, 2_026_020_107), Some(1));
        assert_eq!(days(2_024_022_800, 2_024_030_100), Some(2));
        assert_eq!(days(2_025_123_199, 2_026_010_100), Some(1));
        assert_eq!(days(2_025_010_100, 2_026_010_100), Some(365));
        assert_eq!(days_of(7), None);
        assert_eq!(days_of(2_026_130_100), None);
        assert_eq!(days_of(1_767_225_600), None, "seconds since the epoch are no date");
    }
}
