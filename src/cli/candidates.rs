//! What a shell offers for words that clap knows nothing of: record types, classes, scenarios, and the
//! words of a query.

use std::ffi::OsStr;

use clap_complete::engine::{CompletionCandidate, PathCompleter, ValueCompleter as _};

use crate::playground::Scenario;
use crate::wire::RecordType;

/// The record types that begin so, in the case that was begun with. What is begun is replaced, and a
/// shell takes nothing for its completion that differs from it.
pub(super) fn record_types(begun: &OsStr) -> Vec<CompletionCandidate> {
    let names = RecordType::KNOWN.iter().filter(|rtype| !NOT_ASKED.contains(rtype));
    in_case(begun, names.map(ToString::to_string))
}

/// Types that stand in messages only, or transfer zones.
const NOT_ASKED: [RecordType; 7] = [
    RecordType::OPT,
    RecordType::TSIG,
    RecordType::TKEY,
    RecordType::NXNAME,
    RecordType::NULL,
    RecordType::AXFR,
    RecordType::IXFR,
];

/// The classes that begin so.
pub(super) fn classes(begun: &OsStr) -> Vec<CompletionCandidate> {
    in_case(begun, ["IN", "CH", "HS"].map(str::to_owned).into_iter())
}

/// The scenarios that are built in and begin so, and files where a path was begun.
pub(super) fn scenarios(begun: &OsStr) -> Vec<CompletionCandidate> {
    let text = begun.to_string_lossy();
    if text.contains(['/', '.', '~']) {
        let is_scenario = |path: &std::path::Path| path.extension().is_some_and(|it| it == "toml");
        return PathCompleter::any().filter(is_scenario).complete(begun);
    }
    Scenario::built_in()
        .filter(|(name, _)| name.starts_with(&*text))
        .map(|(name, title)| CompletionCandidate::new(name).help(Some(title.into())))
        .collect()
}

fn in_case(begun: &OsStr, names: impl Iterator<Item = String>) -> Vec<CompletionCandidate> {
    let begun = begun.to_string_lossy();
    let lower = begun.contains(|c: char| c.is_ascii_lowercase());
    let names = names.map(|name| if lower { name.to_ascii_lowercase() } else { name });
    names.filter(|name| name.starts_with(&*begun)).map(CompletionCandidate::new).collect()
}
