//! Whether a domain is in the DNS at all, as its registry has it.

use std::net::SocketAddr;

use psl::{List, Psl, Type};

use crate::judge::catalog::FindingId;
use crate::judge::finding::Draft;
use crate::judge::writing::{list, plain};
use crate::walk::{Reading, ResponseKind, WalkReport};
use crate::wire::NameBuf;

/// Parts of names of name servers to which registries and registrars move domains that expired or
/// were never set up.
const PARKED: [&str; 4] = ["parking", "parked", "expired", "suspended"];

/// The zone of the registry that denies a domain or has no name servers for it, if the way to the
/// domain ends there. Its servers are then not to be asked for records of the domain.
///
/// Below a zone that is a registry's and not known as one, a domain that does not exist looks like a
/// name that is missing in a zone.
pub(crate) fn undelegated(walk: &WalkReport, domain: &NameBuf) -> Option<NameBuf> {
    let path = walk.path(domain)?;
    let zone = *path.zones.last()?;
    if zone == *domain || !is_registry(&zone) {
        return None;
    }
    let denied =
        |kind: &ResponseKind| matches!(kind, ResponseKind::NxDomain | ResponseKind::NoData);
    let mut readings = path.answers.iter().filter_map(|answer| answer.reading()).peekable();
    readings.peek()?;
    // A name without delegation that has records of its own is none of ours to judge.
    readings
        .all(|reading| (denied(&reading.kind) && reading.chain.is_empty()) || !reading.is_useful())
        .then_some(zone)
}

/// Whether a zone is the root's or a registry's: a top-level domain, or one below it that the Public
/// Suffix List has in the part for registries. In the other part are hosters' domains, which are
/// domains as any other.
pub(crate) fn is_registry(zone: &NameBuf) -> bool {
    if zone.labels().count() < 2 {
        return true;
    }
    let text = zone.to_string().to_ascii_lowercase();
    let text = text.strip_suffix('.').unwrap_or(&text).as_bytes();
    List.suffix(text).is_some_and(|it| it == text && it.typ() == Some(Type::Icann))
}

/// The registry has the domain at servers that are there for domains without an owner.
pub(crate) fn parked(
    walk: &WalkReport,
    zone: &NameBuf,
    reported: Vec<SocketAddr>,
) -> Option<Draft> {
    let delegation = walk.delegation(zone)?;
    let parked = |name: &NameBuf| {
        let text = name.to_string().to_ascii_lowercase();
        PARKED.iter().any(|word| text.contains(word))
    };
    let names: Vec<&NameBuf> = delegation.name_servers.iter().map(|server| &server.name).collect();
    if names.is_empty() || !names.iter().all(|name| parked(name)) {
        return None;
    }
    let names = list(&names.into_iter().map(plain).collect::<Vec<_>>());
    Some(
        Draft::error(FindingId::DomainNotDelegated, zone.to_string())
            .servers(reported)
            .summary(format!("the registry has the domain at {names}, which serve parked domains"))
            .fault(format!(
                "{} is parked: its name servers are those of a parking service",
                plain(zone)
            ))
            .action("see at the registrar whether it has expired, and set your name servers there")
            .evidence("name_servers", names)
            .advice(
                "see at the registrar whether the domain has expired, and set the name servers of \
                 your DNS provider there",
            )
            .reference("RFC 1034 §4.2.1"),
    )
}

/// The registry does not know the domain.
pub(crate) fn not_delegated(walk: &WalkReport, domain: &NameBuf, registry: &NameBuf) -> Draft {
    let answers = walk.path(domain).map_or(&[][..], |path| &path.answers);
    let denying = answers
        .iter()
        .filter(|answer| answer.reading().is_some_and(Reading::is_useful))
        .map(|answer| answer.server);
    let denying: Vec<SocketAddr> = denying.collect();
    let (registry, domain_text) = (registry_words(registry), plain(domain));
    Draft::error(FindingId::DomainNotDelegated, domain.to_string())
        .summary(format!(
            "{registry} does not know {domain_text}: {} of {} server addresses deny it, and none \
             has name servers for it",
            denying.len(),
            answers.len()
        ))
        .fault(format!("{registry} does not know {domain_text}"))
        .action("see at the registrar whether the domain has expired or is on hold")
        .evidence("addresses_asked", answers.len())
        .evidence("addresses_denying", denying.len())
        .servers(denying)
        .advice(format!(
            "see whether {domain_text} is spelled correctly, and at the registrar whether it has \
             expired, is on hold, or was never given name servers"
        ))
}

fn registry_words(zone: &NameBuf) -> String {
    if zone.is_root() {
        "the root of the DNS".to_owned()
    } else {
        format!("the registry of {}", plain(zone))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zones_of_registries_are_told_from_those_of_domains() {
        for (zone, expected) in [
            (".", true),
            ("com", true),
            ("nonexistent", true),
            ("co.uk", true),
            ("COM.au", true),
            ("gouv.fr", true),
            ("pvt.k12.ma.us", true),
            ("xn--55qx5d.cn", true),
            ("any.ck", true),
            ("www.ck", false),
            ("example.com", false),
            ("example.de", false),
            ("web.de", false),
            ("com.nonexistent", false),
            ("github.io", false),
            ("s3.amazonaws.com", false),
            ("mail.example.uk", false),
            ("example.co.uk", false),
            ("co\\.uk.example", false),
        ] {
            assert_eq!(is_registry(&zone.parse().unwrap()), expected, "{zone}");
        }
    }
}
