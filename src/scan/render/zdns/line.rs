//! The line of a question.

use super::data;
use super::edns::write_edns;
use super::text::without_dot;
use crate::engine::{Attempt, Transport};
use crate::report::json::{Object, key, plain};
use crate::report::time::rfc3339;
use crate::scan::render::context::Context;
use crate::scan::render::question::Invalid;
use crate::scan::render::status::Status;
use crate::scan::render::view::{Reply, View};
use crate::scan::render::words::push_data;
use crate::wire::{Flags, Rcode, Record, RecordType, Section, write_labels};

/// What is kept from line to line.
#[derive(Default)]
pub(in crate::scan::render) struct State {
    /// The last timestamp and its second: it changes once a second only.
    timestamp: Vec<u8>,
    second: u64,
    /// Room for a text.
    text: Vec<u8>,
}

impl State {
    pub(in crate::scan::render) fn render(
        &mut self,
        context: &Context,
        view: &View<'_>,
        out: &mut Vec<u8>,
    ) {
        Object::write(out, |line| {
            line.word(key!("class"), view.class);
            self.text.clear();
            view.write_name(&mut self.text);
            line.string(key!("name"), without_dot(&self.text));
            line.object(key!("results"), |results| {
                results.object_under(view.rtype, |result| self.write_result(context, view, result));
            });
        });
        out.push(b'\n');
    }

    fn write_result(&mut self, context: &Context, view: &View<'_>, result: &mut Object<'_>) {
        result.object(key!("data"), |data| match &view.reply {
            Some(reply) => self.write_data(context, reply, data),
            None => write_no_data(context, view, data),
        });
        let end = view.last_event();
        let start = view.attempts.first().map_or(end, |first| first.sent);
        result.seconds(key!("duration"), end.since(start).as_micros() as u64);
        if view.has_error() {
            result.text(key!("error"), |out| view.write_error(out));
        } else if view.status != Status::Rcode(Rcode::NOERROR) {
            result.word(key!("error"), plain!("the answer is an error"));
        }
        match view.status {
            Status::Malformed | Status::Unreachable => {
                result.word(key!("status"), plain!("ERROR"));
            }
            status => result.word(key!("status"), status.word()),
        }
        result.string(key!("timestamp"), self.timestamp(context.unix_nanos(end) / 1_000_000_000));
    }

    fn timestamp(&mut self, second: u64) -> &[u8] {
        if self.timestamp.is_empty() || self.second != second {
            self.timestamp.clear();
            self.second = second;
            self.timestamp.extend_from_slice(rfc3339(second).to_string().as_bytes());
        }
        &self.timestamp
    }

    fn write_data(&mut self, context: &Context, reply: &Reply<'_>, data: &mut Object<'_>) {
        for (section, key) in [
            (Section::Additional, key!("additionals")),
            (Section::Answer, key!("answers")),
            (Section::Authority, key!("authorities")),
        ] {
            let mut records = reply.message.records(section).peekable();
            if records.peek().is_none() {
                continue;
            }
            data.array(key, |array| {
                for record in records {
                    array.object(|object| match reply.message.opt() {
                        Some(opt) if record.rtype == RecordType::OPT => write_edns(&opt, object),
                        _ => self.write_record(&record, object),
                    });
                }
            });
        }
        write_flags(reply.flags(), data);
        if let Some(attempt) = reply.attempt {
            write_server(context, attempt, data);
        }
    }

    fn write_record(&mut self, record: &Record<'_>, object: &mut Object<'_>) {
        self.text.clear();
        push_data(record, &mut self.text);
        let typed = data::write(record, &self.text, object);
        object.word(key!("class"), record.class);
        self.text.clear();
        write_labels(record.name.labels(), &mut self.text);
        object.string(key!("name"), without_dot(&self.text));
        object.number(key!("ttl"), record.ttl_seconds());
        if !typed {
            object.word(key!("type"), record.rtype);
        }
    }
}

pub(in crate::scan::render) fn render_invalid(invalid: &Invalid<'_>, out: &mut Vec<u8>) {
    Object::write(out, |line| {
        line.word(key!("class"), invalid.class);
        line.string(key!("name"), invalid.text);
        line.object(key!("results"), |results| {
            results.object_under(invalid.rtype, |result| {
                result.string(key!("error"), invalid.reason().as_bytes());
                result.word(key!("status"), plain!("ILLEGAL_INPUT"));
            });
        });
    });
    out.push(b'\n');
}

/// What stands in the place of an answer that never came.
fn write_no_data(context: &Context, view: &View<'_>, data: &mut Object<'_>) {
    write_flags(Flags::default(), data);
    if let Some(attempt) = view.attempts.last() {
        write_server(context, attempt, data);
    }
}

fn write_server(context: &Context, attempt: &Attempt, data: &mut Object<'_>) {
    data.word(
        key!("protocol"),
        match attempt.transport {
            Transport::Udp => plain!("udp"),
            Transport::Tcp => plain!("tcp"),
        },
    );
    data.string(key!("resolver"), context.server(attempt).as_bytes());
}

fn write_flags(flags: Flags, data: &mut Object<'_>) {
    data.object(key!("flags"), |object| {
        object.boolean(key!("authenticated"), flags.contains(Flags::AD));
        object.boolean(key!("authoritative"), flags.contains(Flags::AA));
        object.boolean(key!("checking_disabled"), flags.contains(Flags::CD));
        object.number(key!("error_code"), flags.rcode().0);
        object.number(key!("opcode"), flags.opcode().0);
        object.boolean(key!("recursion_available"), flags.contains(Flags::RA));
        object.boolean(key!("recursion_desired"), flags.contains(Flags::RD));
        object.boolean(key!("response"), flags.contains(Flags::QR));
        object.boolean(key!("truncated"), flags.contains(Flags::TC));
    });
}
