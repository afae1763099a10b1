//! The profiles of probes.

use std::time::Duration;

use super::query::{QueryForm, Shape};
use crate::engine::{Accept, CookieOption, Edns, QueryProfile, TransportPolicy};
use crate::wire::{OptBuf, OptionCode};

/// How long a probe waits for its response. Answers that take longer are seen as late.
const TIMEOUT: Duration = Duration::from_secs(2);
/// A TCP connection needs some round trips before there can be a response.
const TCP_TIMEOUT: Duration = Duration::from_secs(4);
/// A recursive server may have to ask many others first.
const RECURSIVE_TIMEOUT: Duration = Duration::from_secs(5);
/// An option code from the end of the range for local use (RFC 6891 §9): nobody knows it.
const UNKNOWN_OPTION: OptionCode = OptionCode(65_500);

/// The engine's profile for [`QueryForm`].
pub(crate) fn profile(form: QueryForm) -> QueryProfile {
    if let QueryForm::Shaped(shape) = form {
        return shaped(shape);
    }
    let mut opt = OptBuf::default();
    opt.nsid();
    if form == QueryForm::UnknownOption {
        opt.option(UNKNOWN_OPTION, b"unknown");
    }
    let cookie = match form {
        QueryForm::Cookie => CookieOption::Client,
        QueryForm::CookieBack => CookieOption::Full,
        _ => CookieOption::None,
    };
    let mut edns = Edns { options: opt.options().to_vec(), cookie, ..Edns::default() };
    if let QueryForm::Sized(octets) = form {
        edns.udp_payload_size = octets;
        edns.dnssec_ok = true;
    }
    if form == QueryForm::UnknownVersion {
        edns.version = 1;
    }
    let recursive = matches!(form, QueryForm::Recursive | QueryForm::Unchecked);
    QueryProfile {
        timeout: match form {
            QueryForm::Tcp => TCP_TIMEOUT,
            QueryForm::Recursive | QueryForm::Unchecked => RECURSIVE_TIMEOUT,
            _ => TIMEOUT,
        },
        retries: 0,
        edns: (form != QueryForm::Plain).then_some(edns),
        recursion_desired: recursive,
        checking_disabled: form == QueryForm::Unchecked,
        authentic_data: false,
        transport: match form {
            QueryForm::Tcp => TransportPolicy::TcpOnly,
            // A stub goes on to TCP by itself, and so does a verifier behind it.
            QueryForm::Recursive | QueryForm::Unchecked => TransportPolicy::UdpThenTcp,
            _ => TransportPolicy::UdpOnly,
        },
        accept: Accept::Anything,
    }
}

fn shaped(shape: Shape) -> QueryProfile {
    let mut opt = OptBuf::default();
    opt.nsid();
    let edns = shape.edns.map(|udp_payload_size| Edns {
        udp_payload_size,
        dnssec_ok: shape.dnssec_ok,
        options: opt.options().to_vec(),
        ..Edns::default()
    });
    QueryProfile {
        timeout: Duration::from_millis(shape.patience_ms.into()),
        retries: 0,
        edns,
        recursion_desired: shape.recursion,
        checking_disabled: shape.checking_disabled,
        authentic_data: false,
        transport: match shape.tcp {
            true => TransportPolicy::TcpOnly,
            false => TransportPolicy::UdpOnly,
        },
        accept: Accept::Anything,
    }
}

/// Whether the value of a COOKIE option has a server cookie (RFC 7873 §4.2).
pub(crate) fn has_server_cookie(value: &[u8]) -> bool {
    (16..=40).contains(&value.len())
}
