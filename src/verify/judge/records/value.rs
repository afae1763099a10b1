//! Records that are there, and not as they should be: what exactly is different.

use super::case::{Case, records_beside};
use super::dkim;
use crate::judge::actor::Actor;
use crate::judge::brief::{FormEntry, IT, RECORD, agree};
use crate::judge::catalog::FindingId;
use crate::judge::content::text::{strings, text_of};
use crate::judge::content::{dmarc, spf};
use crate::judge::finding::Draft;
use crate::judge::writing::{data, plain, printable, short};
use crate::verify::expect::ExpectationKind;
use crate::verify::judge::observations::{same_first_label, target_of};
use crate::wire::{NameBuf, RecordBuf, RecordType};

/// Several records stand where one is required.
pub(super) fn several(case: Case<'_, '_>, records: &[RecordBuf]) -> Draft {
    let rtype = case.status.expectation.rtype;
    let found: Vec<String> = records.iter().map(|record| short(&data(record))).collect();
    let (advice, reference) = match case.status.expectation.kind {
        ExpectationKind::Spf { .. } => {
            ("merge them into one, or delete all but one", "RFC 7208 §4.5")
        }
        ExpectationKind::Dmarc => ("delete all but one", "RFC 7489 §6.6.3"),
        ExpectationKind::DkimKey => ("delete all but the key that is in use", "RFC 6376 §3.6.2.2"),
        ExpectationKind::MailFromMx => {
            ("delete all but the one that was asked for", "RFC 5321 §5.1")
        }
        _ => ("delete all but the one that was asked for", "RFC 2181 §10.1"),
    };
    Draft::error(FindingId::RecordsMultiple, case.subject())
        .who(who_has(case, records.first()))
        .servers(case.reported())
        .summary(format!("{} records of type {rtype} stand where one is required", records.len()))
        .fault(format!(
            "other records of type {rtype} stand beside {RECORD}, where only one is allowed"
        ))
        .action(format!("delete the others at {}", case.provider()))
        .evidence("records", found)
        .advice(format!("at {}, {advice}", case.provider()))
        .entry(case.entry())
        .reference(reference)
}

/// None of the records that stand there is the expected one.
pub(super) fn differs(case: Case<'_, '_>, records: &[RecordBuf]) -> Draft {
    let expectation = case.status.expectation;
    if let Some(draft) = mangled(case, records) {
        return draft;
    }
    if expectation.kind == ExpectationKind::DkimKey
        && let Some(draft) = dkim::split_key(case, records)
    {
        return draft;
    }
    if expectation.kind == ExpectationKind::DkimKey
        && expectation.value.is_none()
        && let Some(draft) = dkim::bad_key(case, records)
    {
        return draft;
    }
    let Some(expected) = expectation.record() else { return unfit(case, records) };
    let Some(nearest) =
        records.iter().max_by_key(|it| common_octets(&comparable(&expected), &comparable(it)))
    else {
        return unfit(case, records);
    };
    let found: Vec<String> = records.iter().map(|record| short(&data(record))).collect();
    let draft = |id: FindingId| {
        Draft::error(id, case.subject())
            .servers(case.reported())
            .evidence("expected", short(&data(&expected)))
            .evidence("found", found.clone())
            .entry(case.entry())
    };
    let (provider, value) = (case.provider(), agree("value", "values"));
    if let (Some(expected), Some(found)) = (name_in(&expected), name_in(nearest)) {
        if is_doubled(case, &expected, &found) {
            return draft(FindingId::TargetDoubled)
                .summary("the name of the domain stands behind the target")
                .fault(format!("the domain was appended to the {value} of {RECORD}"))
                .action(format!(
                    "enter the {value} with a dot at {} end at {provider}",
                    agree("its", "their")
                ))
                .advice(format!(
                    "at {provider}, enter the {value} with a dot at {} end: the form there appends \
                     the domain to what has none",
                    agree("its", "their")
                ))
                .entry(case.entry().map(|entry| FormEntry {
                    value: format!("{}.", entry.value.trim_end_matches('.')),
                    ..entry
                }));
        }
        if expectation.kind == (ExpectationKind::DkimCname { rotates: true })
            && case.observed.target_in_other_zone(case.status.number).is_some()
        {
            return dkim::other_zone(case, &found);
        }
    }
    let (expected_octets, found) = (comparable(&expected), comparable(nearest));
    if let Some(draft) = pasted_line(case, nearest, &expected_octets, &found) {
        return draft;
    }
    let at = common_octets(&expected_octets, &found);
    first_difference(draft(FindingId::ValueDiffers), &expected_octets, &found)
        .who(who_has(case, Some(nearest)))
        .summary(format!("the value is another one from octet {} on", at + 1))
        .fault(format!(
            "the {value} of {RECORD} {}",
            agree("is not the expected one", "are not the expected ones")
        ))
        .action(format!("correct the {value} at {provider}"))
        .advice(match which(case, records, nearest) {
            Some(which) => format!("at {provider}, correct the {value} of {which}"),
            None => format!("correct the {value} at {provider}"),
        })
}

/// Which record is to be changed, where the name has others that must stay as they are.
fn which(case: Case<'_, '_>, records: &[RecordBuf], record: &RecordBuf) -> Option<String> {
    records_beside(case, records).next()?;
    let record = short(&data(record));
    Some(format!("the one record {record}, and leave the others of the name as they are"))
}

/// More than the value was entered: a line of a zone file, or the value with its type before it.
fn pasted_line(
    case: Case<'_, '_>,
    record: &RecordBuf,
    expected: &[u8],
    found: &[u8],
) -> Option<Draft> {
    let is_within = record.rtype == RecordType::TXT
        && !expected.is_empty()
        && found.windows(expected.len()).any(|part| part == expected);
    is_within.then(|| {
        let value = agree("value", "values");
        Draft::error(FindingId::ValueInvalid, case.subject())
            .who(who_has(case, Some(record)))
            .servers(case.reported())
            .summary("the value stands there with more text around it")
            .fault(format!("the {value} of {RECORD} {} more text than was given", agree("has", "have")))
            .action(format!("enter only the {value} at {}", case.provider()))
            .evidence("found", short(&data(record)))
            .advice(format!(
                "at {}, correct this record so that it has only the {value}; do not add a second one: {}",
                case.provider(),
                short(&data(record))
            ))
            .entry(case.entry())
    })
}

/// A record that would do, were it not for what became of it on the way.
pub(super) fn mangled(case: Case<'_, '_>, records: &[RecordBuf]) -> Option<Draft> {
    let expectation = case.status.expectation;
    let expected = expectation.record();
    // Without a value, only these kinds tell a good record from others.
    let is_strict = matches!(
        expectation.kind,
        ExpectationKind::Spf { .. } | ExpectationKind::Dmarc | ExpectationKind::DkimKey
    );
    let (record, difference) = records.iter().find_map(|record| {
        let difference = match &expected {
            Some(expected) => Difference::between(&comparable(expected), &comparable(record)),
            None if is_strict => {
                let text = text_of(record)?;
                Difference::ALL.into_iter().find(|difference| {
                    difference.undone(&text).is_some_and(|text| {
                        let rdata = strings(&text);
                        expectation.matches(&RecordBuf { rdata, ..record.clone() })
                    })
                })
            }
            None => None,
        };
        Some((record, difference?))
    })?;
    let mut draft = Draft::error(difference.id(), case.subject()).who(who_has(case, Some(record)));
    if let Some(expected) = &expected {
        let (expected_octets, found) = (comparable(expected), comparable(record));
        draft = first_difference(draft, &expected_octets, &found)
            .evidence("expected", short(&data(expected)))
            .entry(case.entry());
    }
    Some(
        draft
            .servers(case.reported())
            .summary(difference.summary())
            .fault(format!("the {} of {RECORD} {}", agree("value", "values"), difference.fault()))
            .action(format!("{} at {}", difference.action(), case.provider()))
            .evidence("found", short(&data(record)))
            .advice(format!("at {}, {}", case.provider(), difference.advice())),
    )
}

/// Where two values begin to differ, and what stands there.
fn first_difference(draft: Draft, expected: &[u8], found: &[u8]) -> Draft {
    let at = common_octets(expected, found);
    draft
        .evidence("first_difference_octet", at + 1)
        .evidence("expected_there", octets_from(expected, at))
        .evidence("found_there", octets_from(found, at))
}

/// Records of the right kind that do not do what they are there for, where no exact value is known.
fn unfit(case: Case<'_, '_>, records: &[RecordBuf]) -> Draft {
    let expectation = case.status.expectation;
    let found: Vec<String> = records.iter().map(|record| short(&data(record))).collect();
    let text = records.first().and_then(text_of).unwrap_or_default();
    let (why, advice, reference) = match &expectation.kind {
        ExpectationKind::Spf { include } => {
            let lacks = include.as_deref().unwrap_or_default();
            let why = match spf::check_spf(&text) {
                Err(problem) => format!("the SPF policy is not valid: {problem}"),
                Ok(_) => format!("the SPF policy does not include {lacks}"),
            };
            (why, format!("correct the SPF record so that it has include:{lacks}"), "RFC 7208 §5.2")
        }
        ExpectationKind::Dmarc => {
            let why = match dmarc::check_dmarc(&text) {
                Err(problem) => problem.to_string(),
                Ok(_) => "it cannot be used".to_owned(),
            };
            (
                format!("the DMARC policy is not valid: {why}"),
                "correct the DMARC record".to_owned(),
                "RFC 7489 §6.3",
            )
        }
        ExpectationKind::Caa { issuer, .. } => {
            let owner = records.first().map_or(expectation.owner, |record| record.name);
            (
                format!(
                    "the CAA records at {} do not let {issuer} issue certificates",
                    plain(&owner)
                ),
                "add a CAA record that does, or delete them all".to_owned(),
                "RFC 8659 §4",
            )
        }
        _ => (
            "the value is not what is asked for".to_owned(),
            "correct the value".to_owned(),
            "RFC 1035 §3.3",
        ),
    };
    let entry = case.entry().filter(|_| matches!(expectation.kind, ExpectationKind::Caa { .. }));
    // Meant for it, but so broken that it does not even count as a policy.
    let is_caa = matches!(expectation.kind, ExpectationKind::Caa { .. });
    let is_none = records.iter().all(|record| !expectation.concerns(record));
    let id = match (is_caa, is_none) {
        (true, _) => FindingId::CaaForbids,
        (false, true) => FindingId::ValueInvalid,
        (false, false) => FindingId::ValueDiffers,
    };
    Draft::error(id, case.subject())
        .who(who_has(case, records.first()))
        .servers(case.reported())
        .summary(short(&why))
        .evidence("found", found)
        .action(format!("{advice} at {}", case.provider()))
        .advice(format!("at {}, {advice}", case.provider()))
        .entry(entry)
        .reference(reference)
}

/// Who can change a record that was found, which may stand where an alias leads.
fn who_has(case: Case<'_, '_>, record: Option<&RecordBuf>) -> Actor {
    record.map_or(Actor::DomainOwner, |record| case.who_has(&record.name))
}

/// Whether a target is the expected one with the owner's domain behind it.
fn is_doubled(case: Case<'_, '_>, expected: &NameBuf, found: &NameBuf) -> bool {
    let domain = case.observed.evidence.plan.domain;
    let parents = std::iter::successors(case.status.expectation.owner.parent(), NameBuf::parent)
        .take_while(|parent| !parent.is_root());
    let behind: Vec<NameBuf> = [case.zone(), domain].into_iter().chain(parents).collect();
    let doubled = behind.iter().any(|zone| expected.append(zone).is_ok_and(|name| name == *found));
    // With the token of SES in another of its zones, the same mistake.
    let of_token = || {
        let rest = found.parent()?;
        let long = rest.labels().count() > expected.labels().count();
        (long && same_first_label(expected, found) && rest.is_at_or_below(&domain)).then_some(())
    };
    doubled || of_token().is_some()
}

/// The name that a record points to.
fn name_in(record: &RecordBuf) -> Option<NameBuf> {
    target_of(record).or_else(|| Some(record.data().mx()?.exchange.to_buf()))
}

/// What is compared of a record: the whole text of TXT records, however it is cut; names in lower
/// case; else the presentation format.
fn comparable(record: &RecordBuf) -> Vec<u8> {
    if let Some(target) = target_of(record) {
        return target.to_lowercase().to_string().into_bytes();
    }
    let text = matches!(record.rtype, RecordType::TXT | RecordType::SPF);
    match text_of(record).filter(|_| text) {
        Some(text) => text,
        None => data(record).into_bytes(),
    }
}

fn common_octets(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// A few octets from a place on, in printable form; "the end" if there are none.
fn octets_from(octets: &[u8], at: usize) -> String {
    const FEW: usize = 12;
    match octets.get(at..) {
        None | Some([]) => "(the end)".to_owned(),
        Some(rest) => printable(&rest[..rest.len().min(FEW)]),
    }
}

/// A difference that says how it came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Difference {
    Quoted,
    Escaped,
    Whitespace,
    NonAscii,
    CaseFolded,
    Truncated,
}

impl Difference {
    /// What the difference is exactly, if it is one of these.
    fn between(expected: &[u8], found: &[u8]) -> Option<Self> {
        let without = |octets: &[u8], drop: fn(u8) -> bool| -> Vec<u8> {
            octets.iter().copied().filter(|octet| !drop(*octet)).collect()
        };
        let is = |drop: fn(u8) -> bool| without(found, drop) == without(expected, drop);
        let has = |octet: fn(u8) -> bool| found.iter().any(|it| octet(*it));
        let quote = |octet| octet == b'"' || octet == b'\'';
        let space = |octet: u8| octet.is_ascii_whitespace() || octet == 0x0B;
        if expected == found {
            return None;
        }
        if has(|octet| octet == b'\\') && is(|octet| octet == b'\\' || octet == b'"') {
            return Some(Self::Escaped);
        }
        if has(|octet| octet == b'"' || octet == b'\'') && is(quote) {
            return Some(Self::Quoted);
        }
        if is(space) {
            return Some(Self::Whitespace);
        }
        if has(|octet| !octet.is_ascii()) {
            let folded = fold(found);
            let plain = fold(expected);
            if folded == plain || without(&folded, quote) == without(&plain, quote) {
                return Some(Self::NonAscii);
            }
        }
        if expected.eq_ignore_ascii_case(found) {
            return Some(Self::CaseFolded);
        }
        (!found.is_empty() && expected.starts_with(found)).then_some(Self::Truncated)
    }

    /// Those that can be told without the expected value.
    const ALL: [Self; 4] = [Self::Escaped, Self::Quoted, Self::Whitespace, Self::NonAscii];

    /// The text as it may have been before; `None` if it shows no trace of this.
    fn undone(self, text: &[u8]) -> Option<Vec<u8>> {
        let quote = |octet: &u8| *octet != b'"';
        let undone: Vec<u8> = match self {
            Self::Escaped => {
                if !text.contains(&b'\\') {
                    return None;
                }
                text.iter().copied().filter(|octet| *octet != b'\\').filter(quote).collect()
            }
            Self::Quoted => text.iter().copied().filter(quote).collect(),
            Self::Whitespace => text.trim_ascii().to_vec(),
            Self::NonAscii => fold(text).into_iter().filter(quote).collect(),
            Self::CaseFolded | Self::Truncated => return None,
        };
        (undone != text).then_some(undone)
    }

    const fn id(self) -> FindingId {
        match self {
            Self::Quoted => FindingId::ValueQuoted,
            Self::Escaped => FindingId::ValueEscaped,
            Self::Whitespace => FindingId::ValueWhitespace,
            Self::NonAscii => FindingId::ValueNonAscii,
            Self::CaseFolded => FindingId::ValueCaseFolded,
            Self::Truncated => FindingId::ValueTruncated,
        }
    }

    const fn summary(self) -> &'static str {
        match self {
            Self::Quoted => "quotation marks became a part of the value",
            Self::Escaped => "backslashes became a part of the value",
            Self::Whitespace => {
                "the value has spaces or line ends that do not belong there, or lacks some"
            }
            Self::NonAscii => "the value has characters that look right and are others",
            Self::CaseFolded => "letters of the value were turned into capitals or small ones",
            Self::Truncated => "the value is cut off at its end",
        }
    }

    fn fault(self) -> String {
        match self {
            Self::Quoted => agree("contains", "contain") + " extra quotation marks",
            Self::Escaped => agree("contains", "contain") + " extra backslashes",
            Self::Whitespace => agree("has", "have") + " extra or missing spaces",
            Self::NonAscii => agree("contains", "contain") + " characters that only look right",
            Self::CaseFolded => agree("has", "have") + " capital and small letters changed",
            Self::Truncated => agree("is", "are") + " cut short",
        }
    }

    fn action(self) -> String {
        match self {
            Self::Quoted => format!("enter {IT} without quotation marks"),
            Self::Escaped => format!("enter {IT} without backslashes"),
            Self::Whitespace | Self::NonAscii | Self::CaseFolded => {
                format!("enter {IT} again as given")
            }
            Self::Truncated => format!("enter the whole {}", agree("value", "values")),
        }
    }

    fn advice(self) -> String {
        let value = agree("value", "values");
        let its = agree("its", "their");
        match self {
            Self::Quoted => format!("enter the {value} without quotation marks"),
            Self::Escaped => format!("enter the {value} without backslashes"),
            Self::Whitespace => {
                let line = agree("in one line", "each in one line");
                format!("enter the {value} again, {line} and without further spaces")
            }
            Self::NonAscii => {
                format!("enter the {value} again from the original, not by way of a word processor")
            }
            Self::CaseFolded => {
                format!("enter the {value} again, with {its} capitals and small letters")
            }
            Self::Truncated => format!(
                "enter the whole {value}, if need be in several strings of at most 255 characters each"
            ),
        }
    }
}

/// A text with what word processors make of ASCII turned back, and whatever is not ASCII left out.
fn fold(octets: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(octets);
    let mut folded = Vec::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\u{2018}' | '\u{2019}' | '\u{201A}' | '\u{2032}' => folded.push(b'\''),
            '\u{201C}' | '\u{201D}' | '\u{201E}' | '\u{2033}' => folded.push(b'"'),
            '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FF0D}' => folded.push(b'-'),
            '\u{A0}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{3000}' => folded.push(b' '),
            // Full-width forms of ASCII.
            '\u{FF01}'..='\u{FF5E}' => folded.push((character as u32 - 0xFF01) as u8 + b'!'),
            _ if character.is_ascii() => folded.push(character as u8),
            _ => {}
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_say_how_they_came_about() {
        const KEY: &str = "v=DKIM1; k=rsa; p=MIGfMA0";
        use Difference as D;
        for (found, expected) in [
            ("\"v=DKIM1; k=rsa; p=MIGfMA0\"", Some(D::Quoted)),
            ("v=DKIM1\\; k=rsa\\; p=MIGfMA0", Some(D::Escaped)),
            ("\\\"v=DKIM1; k=rsa; p=MIGfMA0\\\"", Some(D::Escaped)),
            ("v=DKIM1; k=rsa; p=MIGf MA0", Some(D::Whitespace)),
            ("v=DKIM1;k=rsa;p=MIGfMA0", Some(D::Whitespace)),
            ("v=DKIM1; k=rsa; p=MIGfMA0\r\n", Some(D::Whitespace)),
            ("\u{201C}v=DKIM1; k=rsa; p=MIGfMA0\u{201D}", Some(D::NonAscii)),
            ("v=DKIM1;\u{A0}k=rsa; p=MIGfMA0", Some(D::NonAscii)),
            ("v=DKIM1; k=rsa; p=MIGf\u{200B}MA0", Some(D::NonAscii)),
            ("v=dkim1; k=rsa; p=migfma0", Some(D::CaseFolded)),
            ("v=DKIM1; k=rsa; p=MIG", Some(D::Truncated)),
            // Near cases: another value as well.
            ("\"v=DKIM1; k=rsa; p=MIGfMA1\"", None),
            ("v=DKIM1; k=rsa; p=MIGfMA1", None),
            ("v=dkim1; k=rsa; p=migfma", None),
            ("v=DKIM1; k=rsa; p=MIGfMA0x", None),
            ("\u{201C}v=DKIM1; k=rsa\u{201D}", None),
            ("", None),
            (KEY, None),
        ] {
            let difference = Difference::between(KEY.as_bytes(), found.as_bytes());
            assert_eq!(difference, expected, "{found}");
        }
    }
}
