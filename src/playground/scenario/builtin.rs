//! The scenarios that are built in: each a file, taken in when dnsonde is built.

macro_rules! scenarios {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../scenarios/", $name, ".toml")))),*]
    };
}

/// Scenarios that others are based on, and that are none by themselves.
const BASES: &[(&str, &str)] = scenarios!["ses"];

/// Names and files.
pub(super) const SCENARIOS: &[(&str, &str)] = scenarios![
    "healthy",
    "seed-story",
    "record-missing",
    "record-missing-on-some",
    "record-unstable",
    "owner-doubled",
    "owner-mistyped",
    "wrong-type",
    "alias-flattened",
    "target-doubled",
    "value-differs",
    "value-quoted",
    "value-escaped",
    "value-whitespace",
    "value-non-ascii",
    "value-case-folded",
    "value-truncated",
    "alias-not-alone",
    "records-multiple",
    "wildcard-match",
    "below-zone-cut",
    "alias-broken",
    "alias-target-unreachable",
    "type-through-alias-fails",
    "dkim-all-standby",
    "dkim-key-revoked",
    "dkim-key-invalid",
    "dkim-key-weak",
    "negative-cached",
    "stale-cached",
    "provider-known",
    "providers-differ",
    "published-elsewhere",
    "domain-not-delegated",
    "dnssec-bogus",
    "split-horizon",
    "server-unreachable",
    "server-lame",
    "server-stale",
    "instances-disagree",
    "server-set-mismatch",
    "glue-mismatch",
    "server-name-unresolvable",
    "tcp-unavailable",
    "large-answer-lost",
    "edns-mishandled",
    "cookie-mishandled",
    "case-not-preserved",
    "unknown-type-mishandled",
    "empty-nonterminal-denied",
    "negative-answer-malformed",
    "source-address-mismatch",
    "cache-in-front",
    "rate-limited",
    "address-family-fails",
    "loss",
    "loss-path-dependent",
    "unreachable-icmp",
    "duplicate-answers",
];

/// The file of a scenario or a base.
pub(super) fn text(name: &str) -> Option<&'static str> {
    BASES.iter().chain(SCENARIOS).find(|(known, _)| *known == name).map(|(_, text)| *text)
}
