//! DKIM keys: at the end of aliases, and where they stand themselves.

use super::case::{Case, who_has};
use crate::judge::actor::Actor;
use crate::judge::brief::{IT, RECORD, agree};
use crate::judge::catalog::FindingId;
use crate::judge::content::dkim::{KeyCheck, KeyNote, KeyProblem, KeyState, check_key};
use crate::judge::finding::Draft;
use crate::judge::writing::{counted, data, plain, printable, short};
use crate::report::judgement::RecordState;
use crate::verify::check::Check;
use crate::verify::expect::ExpectationKind;
use crate::verify::judge::observations::{AtTarget, RecordObservations, RecordStatus, texts};
use crate::wire::{NameBuf, RecordBuf};

/// SES hands out so many tokens; with all of them at hand it can be told that none is active.
const SES_TOKENS: usize = 3;

/// The key of one expectation, as it was seen last.
struct Key<'f, 'e> {
    status: &'f RecordStatus<'e>,
    /// Who can change it.
    who: Actor,
    text: Vec<u8>,
    check: KeyCheck,
    /// Whether it may be empty, because the provider has keys on standby.
    rotates: bool,
}

/// Judges the keys that the expected records are or lead to.
pub(super) fn judge(observed: &RecordObservations<'_>) -> Vec<Draft> {
    let keys: Vec<Key<'_, '_>> =
        observed.statuses.iter().filter_map(|status| key(observed, status)).collect();
    let mut drafts: Vec<Draft> = observed
        .statuses
        .iter()
        .filter(|status| status.right() > 0)
        .filter_map(|status| other_zone_that_will_do(observed, status))
        .collect();
    let rotating = || keys.iter().filter(|key| key.rotates);
    let standby = rotating().filter(|key| key.check.state == KeyState::Empty).count();
    let active = rotating().any(|key| key.check.is_usable());
    if standby >= SES_TOKENS && standby == rotating().count() {
        drafts.push(all_standby(observed, standby));
        drafts.extend(keys.iter().filter(|key| !key.rotates).filter_map(judge_key));
        return drafts;
    }
    for key in &keys {
        if key.rotates && key.check.state == KeyState::Empty {
            drafts.push(on_standby(key, active));
        } else {
            drafts.extend(judge_key(key));
        }
    }
    drafts
}

/// The key that an expectation is about: `None` if it has none, or none was seen.
fn key<'f, 'e>(
    observed: &RecordObservations<'e>,
    status: &'f RecordStatus<'e>,
) -> Option<Key<'f, 'e>> {
    let (at, text) = match status.expectation.kind {
        // What an alias leads to matters where it is there.
        ExpectationKind::DkimCname { .. } if status.right() > 0 => {
            let target = observed.target(status.number)?;
            last_text(observed, status, target)?
        }
        // One that is not right is told by its value.
        ExpectationKind::DkimKey if status.state() == RecordState::Right => {
            let mut own = status.checks().filter(|seen| seen.check == Check::Right);
            own.find_map(|seen| {
                let set = seen.probe.reading()?.answer.as_ref()?;
                Some((set.name, texts(&set.records().collect::<Vec<_>>()).next()?))
            })
            .or_else(|| {
                let path = observed.evidence.log.walk.path(&status.expectation.owner)?;
                path.targets.iter().find_map(|target| last_text(observed, status, *target))
            })?
        }
        _ => return None,
    };
    let check = check_key(&text);
    let rotates = match status.expectation.kind {
        ExpectationKind::DkimCname { rotates } => rotates,
        // It would not be right otherwise.
        _ => check.state == KeyState::Empty,
    };
    Some(Key { status, who: who_has(observed, &at), text, check, rotates })
}

/// The text that the servers of its zone have at the end of an alias, as it was seen last, and the
/// name that has it.
fn last_text(
    observed: &RecordObservations<'_>,
    status: &RecordStatus<'_>,
    target: NameBuf,
) -> Option<(NameBuf, Vec<u8>)> {
    let mut target = target;
    for _ in 0..16 {
        let (mut text, mut on) = (None, None);
        for at in observed.at_target(status.number, target) {
            match at {
                AtTarget::Texts(set) => text = texts(&set.records().collect::<Vec<_>>()).next(),
                AtTarget::Cname(next) => on = Some(next),
                _ => {}
            }
        }
        match (text, on) {
            (None, Some(next)) => target = next,
            (text, _) => return Some((target, text?)),
        }
    }
    None
}

fn subject(status: &RecordStatus<'_>) -> String {
    format!("{} TXT", status.expectation.owner)
}

fn on_standby(key: &Key<'_, '_>, active: bool) -> Draft {
    let summary = if active {
        "the key is empty, while another one of the same domain is in use"
    } else {
        "the key is empty; whether another one of the same domain is in use was not checked"
    };
    Draft::info(FindingId::DkimKeyStandby, subject(key.status))
        .summary(summary)
        .evidence("text", "\"\"")
        .advice("nothing to fix: SES keeps one key active and the others ready")
}

fn all_standby(observed: &RecordObservations<'_>, tokens: usize) -> Draft {
    Draft::warning(FindingId::DkimAllStandby, observed.evidence.plan.domain.to_string())
        .summary(format!("all {} lead to empty keys, so none is active", counted(tokens, "token", "tokens")))
        .fault("all DKIM keys of the domain at SES are empty, so none is active")
        .action("generate new keys in the SES console (Easy DKIM), and enter their records")
        .evidence("tokens", tokens)
        .advice(
            "in the SES console, have Easy DKIM generate new keys, and enter their records; the records \
             that are there are right",
        )
}

/// What is to be said of a key that is not on standby.
fn judge_key(key: &Key<'_, '_>) -> Option<Draft> {
    let subject = subject(key.status);
    match key.check.state {
        KeyState::Revoked => Some(revoked(subject).who(key.who)),
        _ if !key.check.problems.is_empty() || key.check.state == KeyState::Empty => {
            Some(invalid(subject, &key.check, &key.text).who(key.who))
        }
        KeyState::Rsa { bits } if key.check.notes.contains(&KeyNote::Weak) => Some(
            Draft::notice(FindingId::DkimKeyWeak, subject)
                .summary(format!("the key is an RSA key of {bits} bits"))
                .evidence("bits", bits)
                .advice("nothing is broken; prefer a key of 2048 bits when you make the next one"),
        ),
        _ => None,
    }
}

fn revoked(subject: String) -> Draft {
    Draft::warning(FindingId::DkimKeyRevoked, subject)
        .summary("the key was revoked: its p= is empty")
        .fault(format!(
            "the DKIM {} empty, which revokes {IT}",
            agree(&format!("key in {RECORD} is"), &format!("keys in {RECORD} are"))
        ))
        .advice("publish a key, or use another selector")
}

fn invalid(subject: String, check: &KeyCheck, text: &[u8]) -> Draft {
    let problems: Vec<String> = check.problems.iter().map(ToString::to_string).collect();
    let why = match &problems[..] {
        [] => "the record is empty".to_owned(),
        [first, ..] => first.clone(),
    };
    let tag = check.problems.first().and_then(|problem| problem.tag());
    Draft::error(FindingId::DkimKeyInvalid, subject)
        .summary(format!("verifiers cannot use the key: {why}"))
        .fault(format!("mail servers cannot use the DKIM {} in {RECORD}", agree("key", "keys")))
        .action(format!("enter {IT} again exactly as the service shows {IT}"))
        .evidence("problems", problems)
        .evidence("tag", tag)
        .evidence("text", printable(text))
        .advice(
            "have the service that signs your mail show the key record again, and enter it at the DNS \
             provider exactly as it is",
        )
}

/// Records of a key that are looked at for its parts: there are so many orders of them.
const MOST_PARTS: usize = 4;

/// One key that was entered as several records, each with a part of it.
pub(super) fn split_key(case: Case<'_, '_>, records: &[RecordBuf]) -> Option<Draft> {
    let parts: Vec<Vec<u8>> = texts(records).collect();
    if parts.len() < 2 || parts.len() > MOST_PARTS || parts.iter().any(Vec::is_empty) {
        return None;
    }
    // A part that is a key by itself is none of one.
    if parts.iter().any(|part| check_key(part).is_usable()) {
        return None;
    }
    let key = joined_key(&parts, &mut Vec::new())?;
    let at = records.first().map_or(case.status.expectation.owner, |record| record.name);
    let provider = case.provider();
    Some(
        Draft::error(FindingId::KeySplitOverRecords, case.subject())
            .who(case.who_has(&at))
            .servers(case.reported())
            .summary(format!("the key was entered as {} records, and is one only in one", parts.len()))
            .fault(format!("the key of {RECORD} was entered in several pieces"))
            .action(format!("make one TXT record of the pieces at {provider}"))
            .evidence("records", parts.len())
            .evidence("key", short(&printable(&key)))
            .advice(format!(
                "at {provider}, delete all but one of the TXT records of the name, and enter the whole \
                 value in that one (where the form takes no more than 255 characters, as several \
                 strings in quotation marks of the one record)"
            ))
            .entry(case.entry()),
    )
}

/// The parts in the order in which they make a usable key.
fn joined_key(parts: &[Vec<u8>], order: &mut Vec<usize>) -> Option<Vec<u8>> {
    if order.len() == parts.len() {
        let text: Vec<u8> = order.iter().flat_map(|&place| parts[place].iter().copied()).collect();
        return check_key(&text).is_usable().then_some(text);
    }
    for place in 0..parts.len() {
        if order.contains(&place) {
            continue;
        }
        order.push(place);
        let key = joined_key(parts, order);
        order.pop();
        if key.is_some() {
            return key;
        }
    }
    None
}

/// A key of which the end is missing.
fn cut_key(case: Case<'_, '_>, text: &[u8]) -> Draft {
    let provider = case.provider();
    Draft::error(FindingId::ValueTruncated, case.subject())
        .summary(format!("the key ends after {} characters, and its end is missing", text.len()))
        .fault(format!("the {} of {RECORD} {}", agree("key", "keys"), agree("is cut short", "are cut short")))
        .action(format!("enter the whole {} at {provider}", agree("value", "values")))
        .evidence("characters", text.len())
        .evidence("text", printable(text))
        .advice(format!(
            "at {provider}, enter the whole value as the service shows it, if need be in several strings \
             of at most 255 characters each in the same record"
        ))
}

/// A key that stands at its owner and cannot be used.
pub(super) fn bad_key(case: Case<'_, '_>, records: &[RecordBuf]) -> Option<Draft> {
    let text = texts(records).next()?;
    let check = check_key(&text);
    let draft = match check.state {
        KeyState::Revoked => revoked(case.subject()),
        _ if check.is_usable() => return None,
        // Nearly all keys end so, with the exponent 65537: then something is missing before the end.
        _ if check.problems.iter().any(KeyProblem::is_cut) && !text.ends_with(b"AQAB") => {
            cut_key(case, &text)
        }
        _ => invalid(case.subject(), &check, &text),
    };
    let at = records.first().map_or(case.status.expectation.owner, |record| record.name);
    Some(draft.who(case.who_has(&at)).servers(case.reported()))
}

/// The alias of a token leads to another zone of SES than the user named.
pub(super) fn other_zone(case: Case<'_, '_>, found: &NameBuf) -> Draft {
    let expected = case.status.expectation.target();
    Draft::warning(FindingId::SesZoneDiffers, case.subject())
        .servers(case.reported())
        .summary(format!(
            "the alias leads to the same token in another zone than was asked for: {}",
            plain(&found.parent().unwrap_or(*found))
        ))
        .evidence("found", found.to_string())
        .evidence("expected", expected.map(|name| name.to_string()))
        .fault(format!("{RECORD} {} to another SES zone than was asked for", agree("leads", "lead")))
        .action("compare the value with the one in the SES console")
        .advice(format!(
            "compare the value with the one in the SES console; if that is the expected one, correct \
             the record at {}",
            case.provider()
        ))
        .entry(case.entry())
}

/// The same where the user did not name the zone, and SES has the key where the alias leads.
fn other_zone_that_will_do(
    observed: &RecordObservations<'_>,
    status: &RecordStatus<'_>,
) -> Option<Draft> {
    let expected = status.expectation.target()?;
    let found = observed.target(status.number).filter(|found| *found != expected)?;
    let shown = status.expectation.record().map(|record| short(&data(&record)));
    Some(
        Draft::notice(FindingId::SesZoneDiffers, super::case::subject(status.expectation))
            .who(Actor::Nobody)
            .summary(format!(
                "the alias leads to {}, where SES has the key: taken as right",
                plain(&found.parent().unwrap_or(found))
            ))
            .evidence("found", found.to_string())
            .evidence("usual", shown)
            .advice(
                "nothing to fix if the SES console shows the same value; --ses-zone says which zone to \
                 expect",
            ),
    )
}
