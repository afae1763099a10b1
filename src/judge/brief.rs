//! What the first screen of a report says of a finding: what is wrong, who has to do what, and what to
//! type where. Numbers, references and the terms of those who run name servers are for the evidence.

use std::fmt;

/// Stands for the records that a text is about, until it is known of how many it is: "the record
/// `t1._domainkey.example.com`", "the 3 records". Names are ASCII, so none contains it.
pub(crate) const RECORD: char = '\u{E000}';
/// Stands for the pronoun of the same: "it", "them".
pub(crate) const IT: char = '\u{E001}';
/// Before the word for one record, between it and the word for several, and after that.
const NUMBER: [char; 3] = ['\u{E002}', '\u{E003}', '\u{E004}'];

/// A word that agrees with the number of the records that a text is about: "value", "values".
pub(crate) fn agree(one: &str, many: &str) -> String {
    let [before, between, after] = NUMBER;
    format!("{before}{one}{between}{many}{after}")
}

/// Labels longer than this are shortened where a name is repeated, in characters.
const LONGEST_LABEL: usize = 20;
/// What is left of them.
const LEFT_OF_LABEL: usize = 8;

/// A finding in plain words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Brief {
    /// What is wrong, as a sentence that names who or what is at fault; empty if the summary is
    /// plain enough.
    pub fault: String,
    /// What to do, as a clause; empty if the advice is short enough.
    pub action: String,
    /// The advice without what is to be entered.
    pub advice: String,
    /// What is to be entered, in the order of the records.
    pub entries: Vec<FormEntry>,
}

/// A record as the forms of DNS providers ask for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormEntry {
    /// The part of the owner before the zone; `@` for the zone itself. Empty if the form of a known
    /// provider wants it empty.
    pub host: String,
    /// The type.
    pub rtype: String,
    /// The priority, where the form has a field for it.
    pub priority: Option<String>,
    /// The value, without the quotation marks and final dots of zone files, unless the form of a
    /// known provider wants them.
    pub value: String,
}

impl FormEntry {
    /// The fields of the form in their order, and what is typed into each.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let host = if self.host.is_empty() { "(leave it empty)" } else { &self.host };
        [("Host", host), ("Type", &self.rtype[..])]
            .into_iter()
            .chain(self.priority.as_deref().map(|priority| ("Priority", priority)))
            .chain([("Value", &self.value[..])])
    }
}

impl fmt::Display for FormEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields =
            self.fields().map(|(field, typed)| format!("{} {typed}", field.to_lowercase()));
        f.write_str(&fields.collect::<Vec<_>>().join(", "))
    }
}

/// The records that several findings are about together, in words.
pub(crate) struct Records {
    noun: String,
    pronoun: &'static str,
    are_many: bool,
}

impl Records {
    /// `subjects` are those of the findings, `expected` is how many records there are in all.
    pub(crate) fn of<'s>(subjects: impl Iterator<Item = &'s str>, expected: usize) -> Self {
        let subjects: Vec<&str> = subjects.collect();
        let count = subjects.len();
        let noun = match &subjects[..] {
            [subject] => {
                let name = subject.split(' ').next().unwrap_or_default();
                format!("the record {}", short_name(name))
            }
            _ if count == expected => format!("the {count} records"),
            _ => format!("{count} of the {expected} records"),
        };
        Self { noun, pronoun: if count == 1 { "it" } else { "them" }, are_many: count != 1 }
    }

    /// The text with the records in it.
    pub(crate) fn named_in(&self, text: &str) -> String {
        self.agreed(text).replace(RECORD, &self.noun).replace(IT, self.pronoun)
    }

    /// The text with the words that [`agree`] left open.
    fn agreed(&self, text: &str) -> String {
        let [before, between, after] = NUMBER;
        let mut agreed = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((start, choice)) = rest.split_once(before) {
            agreed.push_str(start);
            let (words, end) = choice.split_once(after).unwrap_or((choice, ""));
            let (one, many) = words.split_once(between).unwrap_or((words, words));
            agreed.push_str(if self.are_many { many } else { one });
            rest = end;
        }
        agreed.push_str(rest);
        agreed
    }
}

/// A name without its final dot, as people write it.
pub fn bare(name: &str) -> &str {
    match name.strip_suffix('.') {
        Some(short) if !short.is_empty() && !short.ends_with('\\') => short,
        _ => name,
    }
}

/// A name that has been shown in full: without its final dot, long labels shortened.
pub fn short_name(name: &str) -> String {
    let short = |label: &str| match label.char_indices().nth(LEFT_OF_LABEL) {
        Some((end, _)) if label.chars().count() > LONGEST_LABEL => format!("{}…", &label[..end]),
        _ => label.to_owned(),
    };
    bare(name).split('.').map(short).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_named_by_how_many_they_are() {
        let text = format!("no server has {RECORD}: add {IT}");
        for (subjects, expected, shown) in [
            (&["t1.example.com. CNAME"][..], 3, "no server has the record t1.example.com: add it"),
            (&["a. TXT", "b. TXT"], 3, "no server has 2 of the 3 records: add them"),
            (&["a. TXT", "b. TXT"], 2, "no server has the 2 records: add them"),
        ] {
            let records = Records::of(subjects.iter().copied(), expected);
            assert_eq!(records.named_in(&text), shown);
        }
    }

    #[test]
    fn words_agree_with_the_number_of_records() {
        let text = format!(
            "the {} of {RECORD} {}",
            agree("value", "values"),
            agree("is long", "are long")
        );
        for (subjects, shown) in [
            (&["a. TXT"][..], "the value of the record a is long"),
            (&["a. TXT", "b. TXT"], "the values of the 2 records are long"),
        ] {
            assert_eq!(Records::of(subjects.iter().copied(), 2).named_in(&text), shown);
        }
    }

    #[test]
    fn only_long_labels_are_shortened() {
        for (name, shown) in [
            (
                "4h5mxpo7vkcq2wzjrt3ysnbdlefa6gui._domainkey.example.com.",
                "4h5mxpo7…._domainkey.example.com",
            ),
            ("selector1._domainkey.example.com.", "selector1._domainkey.example.com"),
            (".", "."),
            ("a\\..", "a\\."),
        ] {
            assert_eq!(short_name(name), shown);
        }
    }
}
