//! Records that no server has where they should be: where they went instead.

use crate::judge::brief::{IT, RECORD, agree};
use crate::judge::catalog::FindingId;
use crate::judge::finding::Draft;
use std::net::SocketAddr;

use super::case::{Case, other_types, records_beside, type_names};
use super::value as values;
use super::{caches, cname};
use crate::judge::content::text::text_of;
use crate::judge::provider::provider;
use crate::judge::server::registry;
use crate::judge::writing::{counted, data, list, plain, short, value};
use crate::probe::query::Role;
use crate::probe::result::Probe;
use crate::verify::check::Check;
use crate::verify::expect::{Expectation, ExpectationKind};
use crate::verify::judge::observations::{same_first_label, target_of};
use crate::verify::purpose::{NearMiss, VerifyPurpose};
use crate::walk::{self, Rrset};
use crate::wire::{NameBuf, RecordBuf, RecordType};

/// Judges a record that is right at no address.
pub(super) fn judge(case: Case<'_, '_>) -> Vec<Draft> {
    // What stands there instead says more than what is missing.
    let found = case.status.checks().find_map(|seen| match &seen.check {
        Check::Wrong(records) => Some((records, false)),
        Check::Several(records) => Some((records, true)),
        _ => None,
    });
    if let Some((records, several)) = found {
        let draft = wildcard(case, Some(records)).unwrap_or_else(|| {
            if several { values::several(case, records) } else { values::differs(case, records) }
        });
        return vec![draft];
    }
    let why: [fn(Case<'_, '_>) -> Option<Draft>; 9] = [
        mangled,
        wrong_type,
        |case| wildcard(case, None),
        cname::flattened,
        near_miss,
        below_zone_cut,
        published_elsewhere,
        caches::split_horizon,
        |case| registry::parked(&case.observed.evidence.log.walk, &case.zone(), case.reported()),
    ];
    vec![why.iter().find_map(|why| why(case)).unwrap_or_else(|| missing(case))]
}

/// A text stands there that would be the record, were it not for what became of it on the way.
fn mangled(case: Case<'_, '_>) -> Option<Draft> {
    let rtype = case.status.expectation.rtype;
    let sets = case.status.checks().filter_map(|seen| seen.probe.reading()?.answer.as_ref());
    let records: Vec<RecordBuf> =
        sets.filter(|set| set.rtype == rtype).flat_map(Rrset::records).collect();
    values::mangled(case, &records)
}

fn missing(case: Case<'_, '_>) -> Draft {
    let status = case.status;
    let exists =
        status.checks().any(|seen| matches!(seen.check, Check::Missing { name_exists: true }));
    let (reported, all) = (case.reported(), status.servers.len());
    let who = if reported.len() == all {
        format!("none of {} has", counted(all, "server address", "server addresses"))
    } else {
        format!("none of the {} of {all} server addresses that responded has", reported.len())
    };
    let (zone, provider) = (plain(&case.zone()), case.provider());
    let mut draft = Draft::error(FindingId::RecordMissing, case.subject())
        .servers(reported)
        .summary(format!("{who} the record"))
        .fault(format!("no name server of {zone} has {RECORD}"))
        .evidence("answers", status.answers())
        .evidence("name_exists", exists);
    draft = match alias_that_leads_away(case) {
        Some(target) if cname::leads_to_no_name(case, target) => {
            return cname::leads_nowhere(
                Draft::error(FindingId::AliasBroken, case.subject()),
                &target,
            )
            .servers(case.reported())
            .action(format!("correct the target of the CNAME record at {provider}"))
            .advice(format!(
                "at {}, correct the target of the CNAME record, or enter the record in its place",
                case.provider()
            ));
        }
        // The record has to be added where the alias leads.
        Some(target) => {
            let actor = case.who_has(&target);
            let target = plain(&target);
            draft
                .who(actor)
                .evidence("alias_of", target.clone())
                .action(format!("add {IT} at {target}, where the CNAME record leads"))
                .advice(format!(
                    "the name has a CNAME record that leads to {target}: add {IT} there"
                ))
        }
        None => match records_beside(case, &[]).next().map(|record| short(&data(&record))) {
            // Whoever overwrites what is there breaks their mail or another service.
            Some(other) => draft
                .evidence("beside", other.clone())
                .action(format!(
                    "add {IT} at {provider}, and leave the other {} records there as they are",
                    status.expectation.rtype
                ))
                .advice(format!(
                    "at {provider}, leave the other {} records of the name as they are (such as \
                     {other}), and add {IT} beside them",
                    status.expectation.rtype
                )),
            None => draft
                .action(format!("add {IT} at {provider}"))
                .advice(format!("add {IT} at {provider}")),
        }
        .entry(case.entry()),
    };
    draft
}

/// Where the owner of a record that is no alias leads by one.
fn alias_that_leads_away(case: Case<'_, '_>) -> Option<NameBuf> {
    let expectation = case.status.expectation;
    if expectation.rtype == RecordType::CNAME {
        return None;
    }
    case.status.checks().find_map(|seen| {
        let chain = &seen.probe.reading()?.chain;
        chain.first().filter(|cname| cname.name == expectation.owner)?.targets().next()
    })
}

/// The value stands there, in a record of another type.
fn wrong_type(case: Case<'_, '_>) -> Option<Draft> {
    let expectation = case.status.expectation;
    let expected = expectation.record()?;
    let (mut servers, mut found) = (Vec::new(), None);
    for (probe, set) in other_types(case) {
        if let Some(record) = set.records().find(|record| says_the_same(&expected, record, &case)) {
            servers.push(probe.query.server);
            found.get_or_insert(record);
        }
    }
    let found = found?;
    Some(
        Draft::error(FindingId::WrongType, case.subject())
            .servers(servers)
            .summary(format!(
                "the value stands in a record of type {} instead of {}",
                found.rtype, expectation.rtype
            ))
            .fault(format!(
                "the {} in {} of type {}, not {}",
                agree(&format!("value of {RECORD} stands"), &format!("values of {RECORD} stand")),
                agree("a record", "records"),
                found.rtype,
                expectation.rtype
            ))
            .action(format!(
                "replace {} at {}",
                agree(
                    &format!("it by a {} record", expectation.rtype),
                    &format!("them by {} records", expectation.rtype)
                ),
                case.provider()
            ))
            .evidence("found_type", found.rtype.to_string())
            .evidence("found", short(&data(&found)))
            .advice(format!(
                "at {}, delete the {} {} and enter {} in {} place",
                case.provider(),
                found.rtype,
                agree("record", "records"),
                agree(
                    &format!("a {} record", expectation.rtype),
                    &format!("{} records", expectation.rtype)
                ),
                agree("its", "their")
            ))
            .entry(case.entry()),
    )
}

/// Whether the text of a record of another type is that of the expected one: final dots, quotation
/// marks, case and the zone's name behind it aside.
fn says_the_same(expected: &RecordBuf, found: &RecordBuf, case: &Case<'_, '_>) -> bool {
    let bare = |record: &RecordBuf| {
        let text = text_of(record).unwrap_or_else(|| value(record).into_bytes());
        let text = String::from_utf8_lossy(&text).to_ascii_lowercase();
        text.trim().trim_matches('"').trim_end_matches('.').to_owned()
    };
    let (expected, found_text) = (bare(expected), bare(found));
    let doubled = format!("{expected}.{}", plain(&case.zone()).to_ascii_lowercase());
    !expected.is_empty() && (found_text == expected || found_text == doubled)
}

/// A random name beside the owner has the same: then the owner itself may not exist at all.
/// `found` is what stands at the owner; without it, the owner exists without such records.
fn wildcard(case: Case<'_, '_>, found: Option<&Vec<RecordBuf>>) -> Option<Draft> {
    let expectation = case.status.expectation;
    let siblings = case.observed.siblings(expectation);
    let alias = alias_that_leads_away(case);
    let leads_there = |reading: &walk::Reading| {
        let first = reading.chain.first().and_then(|cname| cname.targets().next());
        first.is_some() && first == alias
    };
    let mut shows = siblings.iter().filter(|probe| {
        let Some(reading) = probe.reading() else { return false };
        match found {
            Some(found) => rdata_of(reading, expectation.rtype)
                .is_some_and(|set| found.iter().all(|record| set.contains(&record.rdata))),
            None if alias.is_some() => leads_there(reading),
            None => reading.kind == walk::ResponseKind::NoData && reading.chain.is_empty(),
        }
    });
    let sibling = shows.next()?;
    let mut servers: Vec<SocketAddr> = shows.map(|probe| probe.query.server).collect();
    servers.push(sibling.query.server);
    let what = match found {
        Some(found) => list(&found.iter().map(|record| short(&data(record))).collect::<Vec<_>>()),
        None if let Some(target) = alias => {
            format!("a CNAME record that leads to {}", plain(&target))
        }
        None => {
            // A name that exists without the type, as any other name does: by records of another
            // type, or the server is just wrong about names that do not exist.
            let types = type_names(other_types(case).map(|(_, set)| set));
            if types.is_empty() {
                return None;
            }
            format!("records of type {}", list(&types))
        }
    };
    let parent = expectation.owner.parent()?;
    Some(
        Draft::error(FindingId::WildcardMatch, case.subject())
            .servers(servers)
            .summary("a wildcard answers for the name: any other name beside it has the same")
            .fault(format!("a wildcard record answers in place of {RECORD}"))
            .action(format!("add {IT} at {}", case.provider()))
            .evidence("answer", what)
            .evidence("random_name", sibling.query.name.to_string())
            .advice(format!(
                "add {IT} at {}: so far there is only the wildcard *.{} or one above it, which may stay",
                case.provider(),
                plain(&parent)
            ))
            .entry(case.entry()),
    )
}

/// The RDATA of the records of a type that an answer has for its name.
fn rdata_of(reading: &walk::Reading, rtype: RecordType) -> Option<Vec<Vec<u8>>> {
    let set = match rtype {
        RecordType::CNAME => {
            reading.chain.first().or(reading.answer.as_ref()).filter(|set| set.rtype == rtype)
        }
        _ => reading.answer.as_ref(),
    };
    Some(set?.data.iter().map(|rdata| rdata.to_vec()).collect())
}

/// It stands under another name.
fn near_miss(case: Case<'_, '_>) -> Option<Draft> {
    NearMiss::ALL.into_iter().find_map(|kind| at_near_miss(case, kind))
}

fn at_near_miss(case: Case<'_, '_>, kind: NearMiss) -> Option<Draft> {
    let expectation = case.status.expectation;
    // What may well stand at the apex for itself says nothing.
    let certain = match expectation.kind {
        ExpectationKind::Spf { .. } | ExpectationKind::Caa { .. } | ExpectationKind::MailFromMx => {
            false
        }
        ExpectationKind::DkimKey | ExpectationKind::Dmarc => true,
        _ => expectation.value.is_some(),
    };
    if kind == NearMiss::Apex && !certain {
        return None;
    }
    let number = case.status.number;
    let mut there = case
        .observed
        .probes(VerifyPurpose::NearMiss(number, kind))
        .iter()
        .filter(|probe| is_there(expectation, probe));
    let first = there.next()?;
    let mut servers: Vec<SocketAddr> = there.map(|probe| probe.query.server).collect();
    servers.push(first.query.server);
    // Under a wildcard every name is a near miss.
    let found = rdata_of(first.reading()?, expectation.rtype)?;
    let siblings = case.observed.probes(VerifyPurpose::NearMissSibling(number, kind)).iter();
    let by_wildcard = siblings
        .filter_map(|probe| rdata_of(probe.reading()?, expectation.rtype))
        .any(|other| other == found);
    if by_wildcard {
        return None;
    }
    let (name, zone) = (first.query.name, case.zone());
    let provider = case.provider();
    let draft = if kind == NearMiss::Doubled {
        Draft::error(FindingId::OwnerDoubled, case.subject())
            .summary(format!(
                "the name of the zone stands twice: the record is there with {} behind its name again",
                plain(&zone)
            ))
            .fault(format!(
                "the {} in {} twice",
                agree(&format!("name of {RECORD} ends"), &format!("names of {RECORD} end")),
                plain(&zone)
            ))
            .action(format!("enter only the short {} at {}", agree("host", "hosts"), case.provider()))
            .advice(format!(
                "enter only the short {}, without the domain, at {provider}: the form there appends \
                 the domain by itself (or enter the full {} with a dot at {} end)",
                agree("host", "hosts"),
                agree("name", "names"),
                agree("its", "their")
            ))
    } else {
        let what = match kind {
            NearMiss::LabelLeftOut => "a part that begins with an underscore (_) is missing",
            NearMiss::UnderscoreLeftOut => "the underscore (_) is missing",
            NearMiss::DotLeftOut => "a dot is missing",
            NearMiss::Www => "\"www\" stands before the domain",
            NearMiss::Apex | NearMiss::Doubled => "the host before the domain is missing",
        };
        Draft::error(FindingId::OwnerMistyped, case.subject())
            .summary(format!("the record is there under another name: {what}"))
            .fault(format!("{what} in the {} of {RECORD}", agree("name", "names")))
            .action(format!("correct the {} at {}", agree("host", "hosts"), case.provider()))
            .advice(format!(
                "at {provider}, correct the {} exactly as below, or delete {IT} and enter {IT} again",
                agree("host so that it is", "hosts so that they are")
            ))
    };
    Some(
        draft
            .servers(servers)
            .evidence("found_at", name.to_string())
            .evidence("expected_at", expectation.owner.to_string())
            .entry(case.entry()),
    )
}

/// Whether the record stands at the name that a probe asked for, as far as its value is known.
fn is_there(expectation: &Expectation, probe: &Probe) -> bool {
    let moved = Expectation { owner: probe.query.name, ..expectation.clone() };
    match Check::new(&moved, probe) {
        Some(Check::Right | Check::Several(_)) => true,
        // A key of SES in another of its zones is the same mistake.
        Some(Check::Wrong(records)) => match (&expectation.kind, expectation.target()) {
            (ExpectationKind::DkimCname { rotates: true }, Some(target)) => {
                records.iter().filter_map(target_of).any(|found| same_first_label(&found, &target))
            }
            _ => false,
        },
        _ => false,
    }
}

/// The name is in a zone of its own, below that of the domain.
fn below_zone_cut(case: Case<'_, '_>) -> Option<Draft> {
    let evidence = case.observed.evidence;
    let (zone, above) = (case.status.zone?, evidence.log.zone_of(&evidence.plan.domain)?);
    if zone == above || !zone.is_at_or_below(&above) {
        return None;
    }
    Some(
        Draft::error(FindingId::BelowZoneCut, case.subject())
            .servers(case.reported())
            .summary(format!(
                "{} is a zone of its own, with other name servers than {}, and the record is not in it",
                plain(&zone),
                plain(&above)
            ))
            .fault(format!(
                "{} has name servers of its own, and they do not have {RECORD}",
                plain(&zone)
            ))
            .action(format!("add {IT} at {}", case.provider()))
            .evidence("zone", zone.to_string())
            .evidence("zone_of_domain", above.to_string())
            .evidence("answers", case.status.answers())
            .advice(format!(
                "add {IT} at {}: what stands at {} for this name is never asked for",
                case.provider(),
                provider(&case.observed.evidence.log.walk, &above),
            ))
            .entry(case.entry()),
    )
}

/// Servers have it that nobody is sent to.
fn published_elsewhere(case: Case<'_, '_>) -> Option<Draft> {
    let number = case.status.number;
    let probes = case.observed.probes(VerifyPurpose::Record(number)).iter();
    let servers: Vec<SocketAddr> = probes
        .filter(|probe| probe.query.role == Role::Other)
        .filter(|probe| {
            let seen = case.observed.seen(number, probe);
            seen.is_some_and(|seen| seen.check == Check::Right)
        })
        .map(|probe| probe.query.server)
        .collect();
    if servers.is_empty() {
        return None;
    }
    let delegation = case.observed.evidence.log.walk.delegation(&case.zone());
    let used = delegation.into_iter().flat_map(|delegation| &delegation.name_servers);
    let used = list(&used.map(|server| plain(&server.name)).collect::<Vec<_>>());
    Some(
        Draft::error(FindingId::PublishedElsewhere, case.subject())
            .servers(servers)
            .summary("the record is only on servers that the registry does not send anyone to")
            .fault(format!("only servers that the domain does not use have {RECORD}"))
            .action(format!("add {IT} at {}, whose servers the domain uses", case.provider()))
            .evidence("answers_elsewhere", case.status.answers())
            .advice(format!(
                "add {IT} at {}, where the domain has its name servers ({used}), or change the name \
                 servers of the domain at the registrar",
                case.provider()
            ))
            .entry(case.entry()),
    )
}
