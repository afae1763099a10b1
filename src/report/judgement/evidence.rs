//! The evidence of a finding, which is data, as pairs of words for people.
//!
//! The end of a member's name says what its number is, as everywhere in dnsonde: `_us`, `_ms` and
//! `_s` are times, `_share` is a share from 0 to 1.

use serde_json::{Map, Value};

use super::words::{milliseconds, number, shortened, span};
use crate::stats::percent;

/// Longest list that is shown in few words.
const SHORT_LIST: usize = 6;

/// One member: its name in words, and what it says.
#[derive(Debug, PartialEq, Eq)]
pub struct Item {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

/// Every member, nested ones within brackets.
pub fn items(evidence: &Map<String, Value>) -> Vec<Item> {
    evidence.iter().map(|(name, value)| item(name, value)).collect()
}

/// Those that can be taken in at a glance: single values and short lists of them.
pub fn brief_items(evidence: &Map<String, Value>) -> Vec<Item> {
    let brief = |value: &Value| match value {
        Value::Null | Value::Object(_) => false,
        Value::Array(values) => {
            (1..=SHORT_LIST).contains(&values.len())
                && !values.iter().any(|value| value.is_array() || value.is_object())
        }
        _ => true,
    };
    let members = evidence.iter().filter(|(_, value)| brief(value));
    members
        .map(|(name, value)| item(name, value))
        .map(|Item { name, value }| Item { name, value: shortened(&value) })
        .collect()
}

fn item(name: &str, value: &Value) -> Item {
    let (stem, unit) = unit_of(name);
    let words: Vec<&str> = stem.split('_').map(spelled).collect();
    Item { name: words.join(" "), value: value_text(value, unit) }
}

/// A word of a member's name, in capitals if it is known so.
fn spelled(word: &str) -> &str {
    const CAPITALS: [&str; 12] =
        ["AA", "DO", "DS", "EDE", "EDNS", "NSID", "RCODE", "RTT", "SOA", "TCP", "TTL", "UDP"];
    CAPITALS.into_iter().find(|known| known.eq_ignore_ascii_case(word)).unwrap_or(word)
}

#[derive(Clone, Copy)]
enum Unit {
    None,
    Microseconds,
    Milliseconds,
    Seconds,
    Share,
}

fn unit_of(name: &str) -> (&str, Unit) {
    let units = [
        ("_us", Unit::Microseconds),
        ("_ms", Unit::Milliseconds),
        ("_s", Unit::Seconds),
        ("_share", Unit::Share),
    ];
    units
        .into_iter()
        .find_map(|(ending, unit)| {
            let stem = name.strip_suffix(ending).filter(|stem| !stem.is_empty())?;
            // "lost share" needs its noun; a time is told by its unit.
            Some((if matches!(unit, Unit::Share) { name } else { stem }, unit))
        })
        .unwrap_or((name, Unit::None))
}

fn value_text(value: &Value, unit: Unit) -> String {
    match value {
        Value::Null => "unknown".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(value) => match (unit, value.as_f64()) {
            (Unit::Microseconds, Some(us)) => milliseconds(us / 1000.0),
            (Unit::Milliseconds, Some(ms)) => milliseconds(ms),
            (Unit::Seconds, Some(s)) if s >= 1.0 => span(s as u64),
            (Unit::Seconds, Some(s)) => milliseconds(s * 1000.0),
            (Unit::Share, Some(share)) => format!("{} %", percent(share)),
            (Unit::None, Some(float)) if value.is_f64() => number(float),
            (_, _) => value.to_string(),
        },
        Value::Array(values) if values.is_empty() => "none".to_owned(),
        Value::Array(values) => {
            let texts: Vec<String> =
                values.iter().map(|value| bracketed(value_text(value, unit), value)).collect();
            texts.join(", ")
        }
        Value::Object(members) => {
            let texts: Vec<String> = members
                .iter()
                .map(|(name, value)| {
                    let item = item(name, value);
                    format!("{} {}", item.name, bracketed(item.value, value))
                })
                .collect();
            texts.join(", ")
        }
    }
}

fn bracketed(text: String, value: &Value) -> String {
    match value {
        Value::Array(_) | Value::Object(_) => format!("({text})"),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(items: Vec<Item>) -> Vec<String> {
        items.into_iter().map(|Item { name, value }| format!("{name}: {value}")).collect()
    }

    #[test]
    fn members_are_named_and_measured_in_words() {
        let Value::Object(evidence) = json!({
            "asked": 28, "first_differing_octet": 12, "median_us": 18_234, "timeout_ms": 5000,
            "ttl_left_s": 5400, "lost_share": 0.1234, "served": "a b", "signed": true,
            "serials": [2026, 2025], "paths": [{"port": 4711, "lost": [1, 2]}], "none": [],
            "p_value": 0.000_012_34, "nothing": null,
        }) else {
            unreachable!()
        };
        assert_eq!(
            shown(items(&evidence)),
            [
                "asked: 28",
                "first differing octet: 12",
                "lost share: 12.3 %",
                "median: 18.2 ms",
                "none: none",
                "nothing: unknown",
                "p value: 0.0000123",
                "paths: (lost (1, 2), port 4711)",
                "serials: 2026, 2025",
                "served: a b",
                "signed: yes",
                "timeout: 5000 ms",
                "TTL left: 1 hour 30 minutes",
            ]
        );
        let brief = shown(brief_items(&evidence));
        assert_eq!(brief.len(), 10);
        assert!(!brief.iter().any(|text| text.starts_with("paths") || text.starts_with("no")));
    }
}
