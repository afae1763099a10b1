use std::collections::HashSet;
use std::path::Path;

use super::*;

#[test]
fn ids_are_well_formed_and_no_two_findings_share_one_or_a_title() {
    let mut seen = HashSet::new();
    for id in FindingId::ALL {
        let Entry { id: text, title, severities, reference, .. } = id.entry();
        assert!(text.bytes().all(|octet| matches!(octet, b'a'..=b'z' | b'-')), "{text}");
        assert!(seen.insert(text) && seen.insert(title), "{text}: {title}");
        assert!(!title.ends_with('.') && title.len() <= 60, "{title}");
        assert!(!severities.is_empty() && severities.is_sorted(), "{text}");
        assert!(reference.starts_with("RFC "), "{text}: {reference}");
        assert_eq!(text.parse(), Ok(*id));
    }
    assert_eq!("never-heard-of".parse::<FindingId>(), Err(UnknownFinding));
}

/// Where nobody has to act, waiting is the cure, or nothing is the matter.
#[test]
fn somebody_must_act_on_every_finding_above_notice_that_waiting_does_not_cure() {
    let waiting = [FindingId::NegativeCached, FindingId::StaleCached];
    for id in FindingId::ALL {
        let Entry { severities, who, .. } = id.entry();
        let distinct: HashSet<_> = who.iter().collect();
        assert!(!who.is_empty() && distinct.len() == who.len(), "{id}");
        let above_notice = severities.iter().any(|severity| *severity > Severity::Notice);
        if above_notice && !waiting.contains(id) {
            assert_ne!(who[0], Actor::Nobody, "{id}");
        }
    }
}

#[test]
fn no_two_findings_are_as_deep() {
    let depths: Vec<u8> = ENTRIES.iter().filter_map(|entry| entry.depth).collect();
    let distinct: HashSet<u8> = depths.iter().copied().collect();
    assert_eq!(distinct.len(), depths.len());
}

fn sources(folder: &Path, out: &mut String) {
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.is_dir() {
            sources(&path, out);
        } else if !path.ends_with("catalog.rs") && !path.ends_with("catalog/tests.rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            // What tests name is not emitted.
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            out.push_str(code);
        }
    }
}

/// Whether some judge names an entry. That each one which is named is emitted, too, is for the
/// worlds of `tests/verify`.
#[test]
fn every_finding_of_the_catalog_is_emitted_by_a_judge() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut code = String::new();
    for folder in ["judge", "verify/judge", "diagnose/judge"] {
        sources(&root.join(folder), &mut code);
    }
    let names: HashSet<&str> = code
        .split("FindingId::")
        .skip(1)
        .map(|rest| rest.split(|c: char| !c.is_alphanumeric()).next().unwrap())
        .collect();
    let silent: Vec<String> = FindingId::ALL
        .iter()
        .map(|id| format!("{id:?}"))
        .filter(|name| !names.contains(name.as_str()))
        .collect();
    assert_eq!(silent, [] as [&str; 0], "in the catalog, and nothing emits it");
}
