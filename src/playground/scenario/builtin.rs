//! The scenarios that are built in: each a file, taken in when dnsonde is built.

macro_rules! scenarios {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../scenarios/", $name, ".toml")))),*]
    };
}

/// Scenarios that others are based on, and that are none by themselves.
const BASES: &[(&str, &str)] = scenarios!["ses"];

/// Names and files.
pub(super) const SCENARIOS: &[(&str, &str)] =
    scenarios!["healthy", "seed-story", "record-missing-on-some",];

/// The file of a scenario or a base.
pub(super) fn text(name: &str) -> Option<&'static str> {
    BASES.iter().chain(SCENARIOS).find(|(known, _)| *known == name).map(|(_, text)| *text)
}
