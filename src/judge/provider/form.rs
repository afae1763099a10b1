//! What is typed into the form of a provider.

use crate::judge::brief::FormEntry;
use crate::judge::writing::{host, plain, value};
use crate::wire::{NameBuf, RecordBuf};

/// How the form of a provider wants a record typed.
#[derive(Debug, PartialEq, Eq)]
pub struct Form {
    /// The name of the record.
    pub host: HostForm,
    /// What stands for the zone itself, where hosts are short; empty if the field stays empty.
    pub apex: &'static str,
    /// Values that are names.
    pub target: FinalDot,
    /// The priority of an MX record.
    pub priority: Priority,
    /// What else is to be done for records of a type.
    pub hint: Option<(&'static str, &'static str)>,
    /// The page that says so.
    pub source: &'static str,
}

/// How the name of a record is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostForm {
    /// Without the domain, which the form appends.
    Short,
    /// In full, with a dot at its end.
    Full,
}

/// Whether a name that is a value has a dot at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinalDot {
    /// Without it, the form appends the domain.
    Needed,
    /// The form wants none.
    Absent,
    /// It makes no difference.
    Either,
}

/// Where the priority of an MX record is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// In a field of its own.
    OwnField,
    /// Before the value, with a space between them.
    BeforeValue,
    /// No page says it.
    Unsaid,
}

impl Form {
    /// What to type for a record of a zone.
    pub(crate) fn typed(&self, record: &RecordBuf, zone: &NameBuf) -> FormEntry {
        let host = match self.host {
            HostForm::Full => record.name.to_string(),
            HostForm::Short if record.name == *zone => self.apex.to_owned(),
            HostForm::Short => host(&record.name, zone),
        };
        let name = |name: NameBuf| match self.target {
            FinalDot::Needed => name.to_string(),
            FinalDot::Absent | FinalDot::Either => plain(&name),
        };
        let data = record.data();
        let (priority, value) = if let Some(mx) = data.mx() {
            let (priority, target) = (mx.preference.to_string(), name(mx.exchange.to_buf()));
            match self.priority {
                Priority::OwnField => (Some(priority), target),
                Priority::BeforeValue | Priority::Unsaid => (None, format!("{priority} {target}")),
            }
        } else if let Some(target) = data.target() {
            (None, name(target.to_buf()))
        } else {
            (None, value(record))
        };
        FormEntry { host, rtype: record.rtype.to_string(), priority, value }
    }

    /// How records of these types are typed, as the end of a sentence that begins with the form.
    pub(crate) fn words(&self, entries: &[FormEntry]) -> String {
        let has = |rtype: &str| entries.iter().any(|entry| entry.rtype == rtype);
        let mut wants = vec![match self.host {
            HostForm::Short => "the host without the domain",
            HostForm::Full => "the host as the full name, with a dot at its end",
        }];
        if has("CNAME") || has("MX") {
            match self.target {
                FinalDot::Needed => wants.push("the value with a dot at its end"),
                // Where the form appended the domain nevertheless, only a dot helps.
                FinalDot::Absent if entries.iter().all(|entry| !entry.value.ends_with('.')) => {
                    wants.push("the value without a dot at its end");
                }
                FinalDot::Absent | FinalDot::Either => {}
            }
        }
        if has("MX") {
            match self.priority {
                Priority::OwnField => wants.push("the priority in a field of its own"),
                Priority::BeforeValue => wants.push("the priority before the value"),
                Priority::Unsaid => {}
            }
        }
        let wants = match &wants[..] {
            [start @ .., last] if !start.is_empty() => format!("{} and {last}", start.join(", ")),
            wants => wants.concat(),
        };
        match self.hint.filter(|(rtype, _)| has(rtype)) {
            Some((_, hint)) => format!("wants {wants}; {hint}"),
            None => format!("wants {wants}"),
        }
    }
}
