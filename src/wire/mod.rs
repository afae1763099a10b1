//! The DNS wire codec: octets to messages and back.
//!
//! Octets come in as `&[u8]` and become views: [`Message`] over a whole message, [`Name`] and
//! [`Record`] over parts of it. A view is made by a check that walks everything it will later
//! read, so reading is free of errors, of allocation and of unbounded work. Messages go out
//! through [`Builder`], which writes into a buffer of the caller's.
//!
//! This module never does I/O, never reads a clock, and has no `unsafe`.
//!
//! ```
//! use dnsonde::wire::{Builder, Flags, Message, NameBuf, Class, RecordType};
//!
//! let name: NameBuf = "example.org".parse().unwrap();
//! let mut buffer = [0; 512];
//! let mut builder = Builder::new(&mut buffer, 0x2A2A, Flags::RD).unwrap();
//! builder.question(name.as_wire(), RecordType::A, Class::IN).unwrap();
//! let len = builder.finish();
//!
//! let message = Message::parse(&buffer[..len]).unwrap();
//! assert_eq!(message.id(), 0x2A2A);
//! assert_eq!(message.question().unwrap().name, name);
//! ```

mod builder;
mod edns;
mod error;
mod header;
mod message;
mod mnemonic;
mod name;
mod option;
mod rdata;
mod record;
mod record_buf;
mod record_type;
mod registry;
mod section;
mod show;
mod text;

pub use builder::{BufferFull, Builder};
pub use edns::{Opt, OptBuf};
pub use error::{ParseError, ParseErrorKind};
pub use header::{Flags, HEADER_LEN, Header};
pub use message::{Message, Question};
pub use mnemonic::UnknownMnemonic;
pub use name::{
    Labels, MAX_LABEL_LEN, MAX_NAME_LEN, MAX_POINTERS, Name, NameBuf, NameBuilder, NameError,
    write_labels,
};
pub use option::{OptionValue, ZoneVersion};
pub use rdata::{Dnskey, Ds, Mx, Rdata, Rrsig, Soa, Strings};
pub use record::{Record, Records};
pub use record_buf::RecordBuf;
pub use registry::{Class, EdeCode, Opcode, OptionCode, Rcode, RecordType, SvcParamKey};
pub use section::Section;
pub(crate) use show::{base64, ipv4 as write_ipv4, ipv6 as write_ipv6, padded as write_padded};
pub use show::{decimal as write_decimal, generic as write_generic_rdata, hex_lower as write_hex};
pub(crate) use text::excerpt;
pub use text::{
    IncludeLoader, TextError, TextErrorKind, ZoneOptions, ZoneReader, ZoneStream, write_printable,
};
