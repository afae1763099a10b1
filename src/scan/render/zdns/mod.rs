//! The result lines of zdns, for tools that read them.
//!
//! The shape is that of zdns 2.1 with `--result-verbosity=long`: names without their final dot, empty
//! sections left out, the OPT record among the additionals, and the RDATA of many types taken apart
//! into members of their own. `tests/formats/recorded/` has its lines for the same messages.
//!
//! `MALFORMED` is `ERROR` here, the status that zdns gives to a message that it cannot unpack, and
//! what can be read is shown; `UNREACHABLE` is `ERROR`, too; `TIMEOUT` and `TRUNCATED` are words of zdns, too, and the truncated
//! message is shown. `error` says why.
//!
//! Two things are more than zdns gives. Records of types that it does not take apart have their
//! name, TTL and presentation format here (there only class and type). And what came with an answer
//! that is not NOERROR is shown, where zdns leaves the flags at zero and the authorities out.

mod data;

use std::net::IpAddr;

use super::{Context, Invalid, Reply, Status, View, push_data};
use crate::engine::{Attempt, Transport};
use crate::report::json::{Object, key, plain};
use crate::report::time::write_rfc3339;
use crate::wire::{
    EdeCode, Flags, Opt, OptionCode, OptionValue, Rcode, Record, RecordType, Section,
    write_decimal, write_hex, write_labels,
};

/// What is kept from line to line.
#[derive(Default)]
pub(super) struct State {
    /// The last timestamp and its second: it changes once a second only.
    timestamp: Vec<u8>,
    second: u64,
    /// Room for a text.
    text: Vec<u8>,
}

impl State {
    pub(super) fn render(&mut self, context: &Context, view: &View<'_>, out: &mut Vec<u8>) {
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
            write_rfc3339(second, &mut self.timestamp);
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

pub(super) fn render_invalid(invalid: &Invalid<'_>, out: &mut Vec<u8>) {
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

/// The OPT record, which zdns shows among the additionals; of an option that comes twice, the first.
fn write_edns(opt: &Opt<'_>, object: &mut Object<'_>) {
    let option = |wanted| opt.options().find(|(code, _)| *code == wanted).map(|(_, value)| value);
    let errors = || opt.options().filter_map(|(code, value)| extended_error(code, value));
    if errors().next().is_some() {
        object.array(key!("ede"), |array| {
            for (code, text) in errors() {
                array.object(|object| {
                    let purpose = code.mnemonic().unwrap_or_default();
                    object.string(key!("error_text"), purpose.as_bytes());
                    object.string(key!("extra_text"), text);
                    object.number(key!("info_code"), code.0);
                });
            }
        });
    }
    object.word(key!("flags"), if opt.dnssec_ok() { plain!("do") } else { plain!("") });
    if let Some(nsid) = option(OptionCode::NSID) {
        object.object(key!("nsid"), |object| object.string(key!("nsid"), nsid));
    }
    if let Some(cookie) = option(OptionCode::COOKIE) {
        object.object(key!("cookie"), |object| {
            object.text(key!("cookie"), |out| write_hex(cookie, out));
        });
    }
    if let Some(subnet) = option(OptionCode::ECS) {
        write_client_subnet(subnet, object);
    }
    object.text(key!("type"), |out| {
        out.extend_from_slice(b"EDNS");
        write_decimal(opt.version(), out);
    });
    object.number(key!("udpsize"), opt.udp_payload_size());
    object.number(key!("version"), opt.version());
}

fn extended_error(code: OptionCode, value: &[u8]) -> Option<(EdeCode, &[u8])> {
    let (info_code, text) = value.split_first_chunk::<2>()?;
    (code == OptionCode::EDE).then_some((EdeCode(u16::from_be_bytes(*info_code)), text))
}

fn write_client_subnet(value: &[u8], object: &mut Object<'_>) {
    let Ok(OptionValue::ClientSubnet { family, source_prefix, scope_prefix, address }) =
        OptionValue::parse(OptionCode::ECS, value)
    else {
        return;
    };
    let address: IpAddr = if family == 1 {
        let mut octets = [0; 4];
        octets.iter_mut().zip(address).for_each(|(octet, &given)| *octet = given);
        octets.into()
    } else {
        let mut octets = [0; 16];
        octets.iter_mut().zip(address).for_each(|(octet, &given)| *octet = given);
        octets.into()
    };
    object.object(key!("csubnet"), |object| {
        object.word(key!("address"), address);
        object.number(key!("family"), family);
        object.number(key!("source_netmask"), source_prefix);
        object.number(key!("source_scope"), scope_prefix);
    });
}

/// The text of a name without its final dot, if it is not the root.
fn without_dot(name: &[u8]) -> &[u8] {
    name.strip_suffix(b".").filter(|name| !name.is_empty()).unwrap_or(name)
}
