//! The records of a message, as fast as they can be written.

use super::{Array, Key, Members, Object, Span, key, member};
use crate::report::message::{flag_names, write_option_value};
use crate::wire::{
    Class, Name, Opt, OptionValue, Record, RecordType, write_generic_rdata, write_hex, write_labels,
};

/// Writes the records of one message into one buffer, each as
/// `{"name":…,"type":…,"class":…,"ttl":…,"data":…}`, as [`super::RecordJson`] has it.
///
/// An RDATA that does not fit its type is given in the generic form of RFC 3597, with the reason
/// under `error`.
///
/// It copies what it has written before, because records of an answer repeat each other: an owner
/// is mostly the name that was asked for or the target of the alias before, and records of an RRset
/// differ in their data only. So what it has written must stay in the buffer as it is.
#[derive(Debug, Clone, Default)]
pub struct RecordWriter {
    /// The name that was asked for.
    question: Option<(usize, Span)>,
    /// The name that was written last.
    latest: Option<(usize, Span)>,
    /// All but the data of the record that was written last.
    head: Option<(Head, Members)>,
}

/// What a record says besides its data; the owner by the place of its first label in the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head {
    owner: usize,
    rtype: RecordType,
    class: Class,
    ttl: u32,
}

impl RecordWriter {
    /// Nothing is known to be in the buffer.
    pub fn new() -> Self {
        Self::default()
    }

    /// The name whose first label is at `first_label` of the message was written as `name`.
    #[must_use]
    pub fn knowing(first_label: usize, name: Span) -> Self {
        Self { question: Some((first_label, name)), ..Self::default() }
    }

    /// Appends records.
    #[inline]
    pub fn write_all<'a>(
        &mut self,
        records: impl IntoIterator<Item = Record<'a>>,
        array: &mut Array<'_>,
    ) {
        for record in records {
            array.object(|object| self.write(&record, object));
        }
    }

    #[inline]
    fn write(&mut self, record: &Record<'_>, object: &mut Object<'_>) {
        let what = Head {
            owner: record.name.first_label(),
            rtype: record.rtype,
            class: record.class,
            ttl: record.ttl_seconds(),
        };
        match &self.head {
            Some((head, members)) if *head == what => object.copy_members(members),
            _ => {
                self.write_name(key!("name"), record.name, what.owner, object);
                object.word(key!("type"), what.rtype);
                match what.class {
                    Class::IN => object.member(member!("class", "IN")),
                    class => object.word(key!("class"), class),
                }
                object.number(key!("ttl"), what.ttl);
                self.head = Some((what, object.members()));
            }
        }
        let data = record.data();
        if let Some(address) = data.address() {
            object.word(key!("data"), address);
        } else if let Some(target) = data.target() {
            self.write_name(key!("data"), target, target.first_label(), object);
        } else {
            write_data(record, object);
        }
    }

    /// Writes a name. Names with the same first label are the same name.
    #[inline]
    fn write_name(
        &mut self,
        key: Key,
        name: Name<'_>,
        first_label: usize,
        object: &mut Object<'_>,
    ) {
        let before = self.question.iter().chain(&self.latest).find(|(at, _)| *at == first_label);
        if let Some((_, span)) = before {
            return object.copy(key, span);
        }
        let span = object.text(key, |out| write_labels(name.labels(), out));
        self.latest = Some((first_label, span));
    }
}

/// Writes `data`, and `error` where the RDATA is malformed.
fn write_data(record: &Record<'_>, object: &mut Object<'_>) {
    let mut malformed = None;
    object.text(key!("data"), |out| {
        if let Err(error) = record.write_data(out) {
            malformed = Some(error);
            write_generic_rdata(record.rdata(), out);
        }
    });
    if let Some(error) = malformed {
        object.string(key!("error"), error.to_string().as_bytes());
    }
}

/// Writes an OPT record, as [`super::OptJson`] has it.
pub fn write_opt(opt: &Opt<'_>, object: &mut Object<'_>) {
    object.number(key!("version"), opt.version());
    object.number(key!("udp"), opt.udp_payload_size());
    object.array(key!("flags"), |array| {
        flag_names(opt.flags()).for_each(|name| array.string(name.as_bytes()));
    });
    object.array(key!("options"), |array| {
        for (code, value) in opt.options() {
            array.object(|object| {
                object.number(key!("code"), code.0);
                object.word(key!("name"), code);
                object.text(key!("data"), |out| write_option_value(code, value, out));
                if let Ok(OptionValue::ExtendedError { code, text }) =
                    OptionValue::parse(code, value)
                {
                    object.number(key!("info_code"), code.0);
                    object.string(key!("purpose"), code.mnemonic().unwrap_or_default().as_bytes());
                    object.string(key!("extra_text"), text);
                }
                object.text(key!("hex"), |out| write_hex(value, out));
            });
        }
    });
}
