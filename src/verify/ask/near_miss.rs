//! Names where a record lands when its owner was entered wrongly.

use crate::verify::purpose::NearMiss;
use crate::wire::{NameBuf, NameBuilder, NameError};

/// The names near `owner`, within `zone`, each with what would have gone wrong; none twice, and never
/// the owner itself.
pub(super) fn names(owner: &NameBuf, zone: &NameBuf) -> Vec<(NearMiss, NameBuf)> {
    let labels: Vec<&[u8]> = owner.labels().collect();
    // What stands before the zone; nothing near the apex makes sense.
    let own = labels.len() - zone.labels().count();
    let (own, rest) = labels.split_at(own);
    let underscored = |label: &[u8]| label.first() == Some(&b'_');
    let mut candidates = vec![(NearMiss::Doubled, owner.append(zone))];
    let kept: Vec<&[u8]> = own.iter().copied().filter(|label| !underscored(label)).collect();
    if kept.len() < own.len() && !kept.is_empty() {
        candidates.push((NearMiss::LabelLeftOut, join(kept.iter().chain(rest))));
    }
    if own.iter().any(|label| underscored(label) && label.len() > 1) {
        let bare: Vec<&[u8]> =
            own.iter().map(|label| label.strip_prefix(b"_").unwrap_or(label)).collect();
        candidates.push((NearMiss::UnderscoreLeftOut, join(bare.iter().chain(rest))));
    }
    if let [first, second, others @ ..] = own {
        let joined = [*first, *second].concat();
        let all = [joined.as_slice()].into_iter().chain(others.iter().copied());
        candidates.push((
            NearMiss::DotLeftOut,
            join(all.chain(rest.iter().copied()).collect::<Vec<_>>().iter()),
        ));
    }
    // Forms that offer "www" as the host get it for what is to stand at the domain itself.
    if own.is_empty() {
        let www: [&[u8]; 1] = [b"www"];
        candidates.push((NearMiss::Www, join(www.iter().chain(rest))));
    }
    candidates.push((NearMiss::Apex, Ok(*zone)));
    let mut names: Vec<(NearMiss, NameBuf)> = Vec::new();
    for (kind, name) in candidates {
        if let Ok(name) = name
            && name != *owner
            && names.iter().all(|(_, known)| *known != name)
        {
            names.push((kind, name));
        }
    }
    names
}

fn join<'l>(labels: impl Iterator<Item = &'l &'l [u8]>) -> Result<NameBuf, NameError> {
    let mut name = NameBuilder::new();
    for label in labels {
        name.push_label(label)?;
    }
    Ok(name.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(owner: &str, zone: &str) -> Vec<(NearMiss, String)> {
        let names = names(&owner.parse().unwrap(), &zone.parse().unwrap());
        names.into_iter().map(|(kind, name)| (kind, name.to_string())).collect()
    }

    #[test]
    fn the_usual_mistakes_with_a_dkim_name_are_known() {
        assert_eq!(
            near("t1._domainkey.example.com", "example.com"),
            [
                (NearMiss::Doubled, "t1._domainkey.example.com.example.com.".to_owned()),
                (NearMiss::LabelLeftOut, "t1.example.com.".to_owned()),
                (NearMiss::UnderscoreLeftOut, "t1.domainkey.example.com.".to_owned()),
                (NearMiss::DotLeftOut, "t1_domainkey.example.com.".to_owned()),
                (NearMiss::Apex, "example.com.".to_owned()),
            ]
        );
    }

    #[test]
    fn a_name_without_an_underscore_has_fewer_and_the_apex_one() {
        assert_eq!(
            near("www.example.com", "example.com"),
            [
                (NearMiss::Doubled, "www.example.com.example.com.".to_owned()),
                (NearMiss::Apex, "example.com.".to_owned()),
            ]
        );
        assert_eq!(
            near("example.com", "example.com"),
            [
                (NearMiss::Doubled, "example.com.example.com.".to_owned()),
                (NearMiss::Www, "www.example.com.".to_owned()),
            ]
        );
        assert_eq!(near("_dmarc.example.com", "example.com")[1].1, "dmarc.example.com.");
    }

    #[test]
    fn what_would_be_no_name_is_left_out() {
        let long = ["x".repeat(60), "y".repeat(60), "z".repeat(60)].join(".");
        let near = near(&format!("_a.{long}.example.com"), &format!("{long}.example.com"));
        assert!(near.iter().all(|(kind, _)| *kind != NearMiss::Doubled));
    }
}
