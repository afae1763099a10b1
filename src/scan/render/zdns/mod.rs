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
mod edns;
mod line;
mod text;

pub(super) use line::{State, render_invalid};
