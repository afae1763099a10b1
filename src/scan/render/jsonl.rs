//! JSON lines, by the contract in `schemas/scan-line.schema.json`.

use serde::Serialize;

use super::context::Context;
use super::question::Invalid;
use super::status::Status;
use super::view::{Reply, View, data_records};
use crate::engine::Transport;
use crate::report::attempts::AttemptJson;
use crate::report::json::{Array, Object, RecordWriter, Span, key, member, plain, write_opt};
use crate::report::unmatched::UnmatchedJson;
use crate::walk::WalkQuery;
use crate::wire::{Class, HEADER_LEN, Rcode, Section};

pub(super) fn render(context: &Context, view: &View<'_>, out: &mut Vec<u8>) {
    Object::write(out, |line| {
        let name = line.text(key!("name"), |out| view.write_name(out));
        line.word(key!("type"), view.rtype);
        match view.class {
            Class::IN => line.member(member!("class", "IN")),
            class => line.word(key!("class"), class),
        }
        match view.status {
            Status::Rcode(Rcode::NOERROR) => line.member(member!("status", "NOERROR")),
            status => line.word(key!("status"), status.word()),
        }
        if let Some(rcode) = view.hidden_rcode() {
            line.word(key!("rcode"), rcode);
        }
        if let Some(reply) = &view.reply
            && let Some(attempt) = reply.attempt
        {
            line.string(key!("server"), context.server(attempt).as_bytes());
            line.member(match attempt.transport {
                Transport::Udp => member!("transport", "udp"),
                Transport::Tcp => member!("transport", "tcp"),
            });
            line.number(key!("rtt_us"), reply.rtt_us());
            if let Some(rcode) = attempt.edns_off {
                write_edns_off(rcode, context.server(attempt), line);
            }
        }
        line.number(key!("attempts"), view.attempts.len() as u64);
        match &view.reply {
            Some(reply) => write_reply(reply, view.name, name, line),
            None => write_no_records(line),
        }
        if view.has_error() {
            line.text(key!("error"), |out| view.write_error(out));
        }
        if context.attempt_log {
            line.array(key!("attempt_log"), |log| write_attempts(context, view, log));
            if !view.unmatched.is_empty() {
                line.array(key!("unmatched"), |list| write_unmatched(view, list));
            }
        }
    });
    out.push(b'\n');
}

pub(super) fn render_invalid(invalid: &Invalid<'_>, out: &mut Vec<u8>) {
    Object::write(out, |line| {
        line.string(key!("name"), invalid.text);
        line.word(key!("type"), invalid.rtype);
        line.word(key!("class"), invalid.class);
        line.word(key!("status"), plain!("INVALID"));
        line.number(key!("line"), invalid.line);
        line.string(key!("error"), invalid.reason().as_bytes());
        line.number(key!("attempts"), 0u8);
        write_no_records(line);
    });
    out.push(b'\n');
}

fn write_no_records(line: &mut Object<'_>) {
    line.array(key!("answers"), |_| {});
    line.array(key!("authorities"), |_| {});
    line.array(key!("additionals"), |_| {});
}

/// Why the server was asked without EDNS, and so without what needs it.
#[cold]
fn write_edns_off(rcode: Rcode, server: &str, line: &mut Object<'_>) {
    line.string(key!("edns_off"), format!("{rcode} from {server}").as_bytes());
}

/// `name` is where the question's name was written.
#[inline]
fn write_reply(reply: &Reply<'_>, question: &[u8], name: Span, line: &mut Object<'_>) {
    line.flags(key!("flags"), reply.flags());
    // An owner that points to the question is the name that was just written, if the question
    // came back as it was sent.
    let octets = reply.message.octets();
    let echoed = octets.get(HEADER_LEN..HEADER_LEN + question.len()) == Some(question);
    let mut records =
        if echoed { RecordWriter::knowing(HEADER_LEN, name) } else { RecordWriter::new() };
    let mut write = |section, array: &mut Array<'_>| {
        records.write_all(data_records(reply.message.records(section)), array);
    };
    line.array(key!("answers"), |array| write(Section::Answer, array));
    line.array(key!("authorities"), |array| write(Section::Authority, array));
    line.array(key!("additionals"), |array| write(Section::Additional, array));
    // The OPT record, where it says more than that the server knows EDNS: who the server is (RFC
    // 5001), extended errors (RFC 8914), and so on.
    if let Some(opt) = reply.message.opt()
        && opt.options().next().is_some()
    {
        line.object(key!("edns"), |object| write_opt(&opt, object));
    }
    if let Some(error) = reply.malformed {
        line.string(key!("malformed"), error.to_string().as_bytes());
    }
}

fn write_attempts(context: &Context, view: &View<'_>, log: &mut Array<'_>) {
    let start = view.attempts.first().map_or_else(Default::default, |first| first.sent);
    for attempt in view.attempts {
        let asked = view.exchanges.get(attempt.server.0 as usize);
        log.value(&Logged {
            attempt: AttemptJson::new(attempt, context.address(attempt), attempt.port, start),
            question: asked.map(|asked| QuestionJson::new(&asked.query)),
        });
    }
}

fn write_unmatched(view: &View<'_>, list: &mut Array<'_>) {
    let start = view.attempts.first().map_or_else(Default::default, |first| first.sent);
    for unmatched in view.unmatched {
        list.value(&UnmatchedJson::new(unmatched, start));
    }
}

/// An attempt, and, on the way to an answer, what it asked and as whose server it was asked.
#[derive(Serialize)]
struct Logged {
    #[serde(flatten)]
    attempt: AttemptJson,
    #[serde(flatten)]
    question: Option<QuestionJson>,
}

#[derive(Serialize)]
struct QuestionJson {
    zone: String,
    name: String,
    #[serde(rename = "type")]
    rtype: String,
}

impl QuestionJson {
    fn new(question: &WalkQuery) -> Self {
        Self {
            zone: question.zone.to_string(),
            name: question.name.to_string(),
            rtype: question.rtype.to_string(),
        }
    }
}
