//! Classes as people write them.

use crate::wire::Class;

/// Reads the mnemonic of a class (`IN`, `CH`, `HS`), its long name (`CHAOS`, `HESIOD`), or `CLASS3`.
pub fn parse_class(text: &str) -> Option<Class> {
    match text.to_ascii_uppercase().as_str() {
        "INTERNET" => Some(Class::IN),
        "CHAOS" => Some(Class::CH),
        "HESIOD" => Some(Class::HS),
        _ => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_read_by_all_their_names() {
        for (text, class) in [
            ("in", Some(Class::IN)),
            ("CH", Some(Class::CH)),
            ("chaos", Some(Class::CH)),
            ("Hesiod", Some(Class::HS)),
            ("CLASS3", Some(Class::CH)),
            ("class65280", Some(Class(65280))),
            ("CLASS70000", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(parse_class(text), class, "{text}");
        }
    }
}
