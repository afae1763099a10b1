//! Messages and their parts as serde writes them, where speed does not matter.

use serde::Serialize;

use crate::report::message::{flag_names, write_option_value};
use crate::wire::{
    Message, Opt, OptionValue, ParseError, Question, Record, RecordBuf, RecordType,
    write_generic_rdata, write_hex,
};

/// What a message says. The OPT record is under `edns` and not among the additionals.
#[derive(Debug, Clone, Serialize)]
pub struct MessageJson {
    id: u16,
    opcode: String,
    status: String,
    /// The response code, where `status` is another word.
    #[serde(skip_serializing_if = "Option::is_none")]
    rcode: Option<String>,
    flags: Vec<&'static str>,
    questions: Vec<QuestionJson>,
    answers: Vec<RecordJson>,
    authorities: Vec<RecordJson>,
    additionals: Vec<RecordJson>,
    edns: Option<OptJson>,
}

/// A question.
#[derive(Debug, Clone, Serialize)]
pub struct QuestionJson {
    name: String,
    #[serde(rename = "type")]
    rtype: String,
    class: String,
}

/// A record. An RDATA that does not fit its type is given in the generic form of RFC 3597, with the
/// reason under `error`.
#[derive(Debug, Clone, Serialize)]
pub struct RecordJson {
    name: String,
    #[serde(rename = "type")]
    rtype: String,
    class: String,
    ttl: u32,
    data: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// An OPT record (RFC 6891).
#[derive(Debug, Clone, Serialize)]
pub struct OptJson {
    version: u8,
    udp: u16,
    flags: Vec<String>,
    options: Vec<OptionJson>,
}

/// An option: its value as text and as octets; an extended error (RFC 8914) in parts, too.
#[derive(Debug, Clone, Serialize)]
struct OptionJson {
    code: u16,
    name: String,
    data: String,
    #[serde(flatten)]
    extended_error: Option<ExtendedErrorJson>,
    hex: String,
}

#[derive(Debug, Clone, Serialize)]
struct ExtendedErrorJson {
    info_code: u16,
    purpose: &'static str,
    extra_text: String,
}

impl MessageJson {
    /// What `message` says; `status` is the word for it, if it is not its response code.
    pub fn new(message: &Message<'_>, status: Option<&str>) -> Self {
        let rcode = message.rcode().to_string();
        let (status, rcode) = match status {
            Some(status) => (status.to_owned(), Some(rcode)),
            None => (rcode, None),
        };
        let plain = |record: &Record<'_>| record.rtype != RecordType::OPT;
        Self {
            id: message.id(),
            opcode: message.flags().opcode().to_string(),
            status,
            rcode,
            flags: message.flags().names().collect(),
            questions: message.questions().map(QuestionJson::from).collect(),
            answers: message.answers().map(RecordJson::from).collect(),
            authorities: message.authorities().map(RecordJson::from).collect(),
            additionals: message.additionals().filter(plain).map(RecordJson::from).collect(),
            edns: message.opt().map(OptJson::from),
        }
    }
}

impl From<Question<'_>> for QuestionJson {
    fn from(question: Question<'_>) -> Self {
        Self {
            name: question.name.to_string(),
            rtype: question.rtype.to_string(),
            class: question.class.to_string(),
        }
    }
}

impl From<Record<'_>> for RecordJson {
    fn from(record: Record<'_>) -> Self {
        let (data, error) = data(record.rdata(), |out| record.write_data(out));
        Self {
            name: record.name.to_string(),
            rtype: record.rtype.to_string(),
            class: record.class.to_string(),
            ttl: record.ttl_seconds(),
            data,
            error,
        }
    }
}

impl From<&RecordBuf> for RecordJson {
    fn from(record: &RecordBuf) -> Self {
        let (data, error) = data(&record.rdata, |out| record.write_data(out));
        Self {
            name: record.name.to_string(),
            rtype: record.rtype.to_string(),
            class: record.class.to_string(),
            ttl: record.ttl_seconds(),
            data,
            error,
        }
    }
}

impl From<Opt<'_>> for OptJson {
    fn from(opt: Opt<'_>) -> Self {
        let options = opt.options().map(|(code, value)| OptionJson {
            code: code.0,
            name: code.to_string(),
            data: text(|out| write_option_value(code, value, out)),
            extended_error: match OptionValue::parse(code, value) {
                Ok(OptionValue::ExtendedError { code, text }) => Some(ExtendedErrorJson {
                    info_code: code.0,
                    purpose: code.mnemonic().unwrap_or_default(),
                    extra_text: String::from_utf8_lossy(text).into_owned(),
                }),
                _ => None,
            },
            hex: text(|out| write_hex(value, out)),
        });
        Self {
            version: opt.version(),
            udp: opt.udp_payload_size(),
            flags: flag_names(opt.flags()).map(Into::into).collect(),
            options: options.collect(),
        }
    }
}

/// The value of `data`, and why it is in the generic form, where the RDATA is malformed.
fn data(
    rdata: &[u8],
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), ParseError>,
) -> (String, Option<String>) {
    let mut error = None;
    let data = text(|out| {
        error = write(out).err();
        if error.is_some() {
            write_generic_rdata(rdata, out);
        }
    });
    (data, error.map(|error| error.to_string()))
}

fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}
