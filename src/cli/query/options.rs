//! The `+options` of dig and kdig: what each does here, or what serves instead.

use std::net::IpAddr;
use std::time::Duration;

use crate::cli::cli_error::CliError;
use crate::cli::neighbours::neighbours;
use crate::engine::{Accept, Edns, EngineConfig, QueryProfile, TransportPolicy};
use crate::query::show::View;
use crate::report::message::RecordStyle;
use crate::wire::{NameBuf, OptBuf, OptionCode};

/// Octets of a client cookie (RFC 7873 §4.1).
const CLIENT_COOKIE: usize = 8;
/// Octets of a query besides its name and its EDNS options: header, type and class, OPT.
const PLAIN_QUERY: usize = 12 + 4 + 11;

/// What the options of a query say.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Options {
    pub tcp: bool,
    pub trace: bool,
    pub short: bool,
    pub json: bool,
    pub view: View,
    /// Sections, comments or the form of records were chosen.
    pub view_chosen: bool,
    /// `+cmd`: show the command line.
    pub command: bool,
    ignore_truncation: bool,
    recurse: bool,
    checking_disabled: bool,
    authentic_data: bool,
    edns: Option<bool>,
    version: u8,
    dnssec: bool,
    nsid: bool,
    cookie: Option<Vec<u8>>,
    subnet: Option<(IpAddr, u8)>,
    /// Further EDNS options: code and value.
    others: Vec<(OptionCode, Vec<u8>)>,
    /// The size that a query is padded to a multiple of.
    padding: Option<u16>,
    bufsize: Option<u16>,
    timeout: Duration,
    retries: u16,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            tcp: false,
            trace: false,
            short: false,
            json: false,
            view: View::default(),
            view_chosen: false,
            command: false,
            ignore_truncation: false,
            recurse: true,
            checking_disabled: false,
            authentic_data: false,
            edns: None,
            version: 0,
            dnssec: false,
            nsid: false,
            cookie: None,
            subnet: None,
            others: Vec::new(),
            padding: None,
            bufsize: None,
            timeout: Duration::from_secs(2),
            retries: 2,
        }
    }
}

/// What an option of dig's or kdig's means here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Short,
    Json,
    Trace,
    Command,
    Sent,
    Identify,
    All,
    Header,
    Comments,
    Stats,
    Question,
    Answer,
    Authority,
    Additional,
    Class,
    Ttl,
    TtlUnits,
    Generic,
    Multiline,
    Tcp,
    Ignore,
    Recurse,
    CheckingDisabled,
    AuthenticData,
    Edns,
    EdnsOption,
    Dnssec,
    Nsid,
    Cookie,
    Subnet,
    Expire,
    Keepalive,
    ZoneVersion,
    Padding,
    Bufsize,
    Timeout,
    Retry,
    Tries,
    /// It is always so here; that it be not so is refused with these words.
    Always(&'static str),
    /// We lack it, and this serves instead. That it be off is fine.
    Lacks(&'static str),
}

use Meaning as M;

const NO_SEARCH: &str = "names are always fully qualified: write the whole name";
const NO_CRYPTO: &str = "dnsonde uses unencrypted UDP and TCP only: leave it out";
const NO_PROXY: &str = "queries go straight to servers: leave it out";
const NO_FLAG: &str = "the flags that a query can set are RD, AD and CD: +rec, +ad, +cd";
const NO_VALIDATION: &str =
    "dnsonde does not validate: +dnssec shows signatures, and `delv` validates them";

/// Every option, with its other names. An unambiguous beginning of a name does as well.
const OPTIONS: &[(&str, Meaning)] = &[
    ("short", M::Short),
    ("json", M::Json),
    ("trace", M::Trace),
    ("cmd", M::Command),
    ("qr", M::Sent),
    ("identify", M::Identify),
    ("all", M::All),
    ("header", M::Header),
    ("comments", M::Comments),
    ("stats", M::Stats),
    ("question", M::Question),
    ("answer", M::Answer),
    ("authority", M::Authority),
    ("additional", M::Additional),
    ("class", M::Class),
    ("cl", M::Class),
    ("ttlid", M::Ttl),
    ("ttl", M::Ttl),
    ("ttlunits", M::TtlUnits),
    ("unknownformat", M::Generic),
    ("generic", M::Generic),
    ("multiline", M::Multiline),
    ("tcp", M::Tcp),
    ("vc", M::Tcp),
    ("ignore", M::Ignore),
    ("recurse", M::Recurse),
    ("rec", M::Recurse),
    ("rdflag", M::Recurse),
    ("rd", M::Recurse),
    ("cdflag", M::CheckingDisabled),
    ("cd", M::CheckingDisabled),
    ("adflag", M::AuthenticData),
    ("ad", M::AuthenticData),
    ("edns", M::Edns),
    ("ednsopt", M::EdnsOption),
    ("dnssec", M::Dnssec),
    ("do", M::Dnssec),
    ("doflag", M::Dnssec),
    ("nsid", M::Nsid),
    ("cookie", M::Cookie),
    ("subnet", M::Subnet),
    ("client", M::Subnet),
    ("expire", M::Expire),
    ("keepalive", M::Keepalive),
    ("zoneversion", M::ZoneVersion),
    ("padding", M::Padding),
    ("bufsize", M::Bufsize),
    ("timeout", M::Timeout),
    ("time", M::Timeout),
    ("retry", M::Retry),
    ("tries", M::Tries),
    ("besteffort", M::Always("a malformed response is always shown as far as it can be read")),
    ("fail", M::Always("the first response is shown, SERVFAIL included: give another @SERVER")),
    (
        "unexpected",
        M::Always(
            "messages that are not accepted as responses are always listed; +nostats hides them",
        ),
    ),
    ("showbadvers", M::Always("the first response is shown, BADVERS included")),
    ("showbadcookie", M::Always("the first response is shown, BADCOOKIE included")),
    (
        "idnin",
        M::Always(
            "names in other scripts are queried in their IDNA form: write escapes \\DDD instead",
        ),
    ),
    (
        "crypto",
        M::Always("keys and signatures are always shown; use +short and `cut` to omit them"),
    ),
    ("split", M::Lacks("RDATA is on one line; +multiline folds it")),
    ("yaml", M::Lacks("--format json")),
    (
        "nssearch",
        M::Lacks("use `dnsonde query --trace NAME SOA`, which queries every server of the zone"),
    ),
    ("rrcomments", M::Lacks("+multiline, which comments SOA and DNSKEY")),
    ("expandaaaa", M::Lacks("addresses are always written as in RFC 5952; leave it out")),
    ("onesoa", M::Lacks("dnsonde does not transfer zones; use `dig AXFR` or `kdig AXFR`")),
    ("idn", M::Lacks("names are always shown in ASCII: pipe the output through `idn2 -d`")),
    ("idnout", M::Lacks("names are always shown in ASCII: pipe the output through `idn2 -d`")),
    ("search", M::Lacks(NO_SEARCH)),
    ("showsearch", M::Lacks(NO_SEARCH)),
    ("domain", M::Lacks(NO_SEARCH)),
    ("defname", M::Lacks(NO_SEARCH)),
    ("ndots", M::Lacks(NO_SEARCH)),
    ("aaonly", M::Lacks(NO_FLAG)),
    ("aaflag", M::Lacks(NO_FLAG)),
    ("tcflag", M::Lacks(NO_FLAG)),
    ("raflag", M::Lacks(NO_FLAG)),
    ("zflag", M::Lacks(NO_FLAG)),
    ("coflag", M::Lacks("the only EDNS flag is DO: +dnssec")),
    ("ednsflags", M::Lacks("the only EDNS flag is DO: +dnssec")),
    ("ednsnegotiation", M::Lacks("the response to +edns=N is shown as it is, BADVERS included")),
    ("badcookie", M::Lacks("query again with the server's cookie: +cookie=HEX")),
    ("header-only", M::Lacks("every query has one question; use `dig +header-only` for none")),
    ("opcode", M::Lacks("every query has the opcode QUERY; use `dig +opcode` for others")),
    ("qid", M::Lacks("IDs are random, so that responses cannot be forged; leave it out")),
    (
        "keepopen",
        M::Lacks("each query has its own connection; `dnsonde scan --tcp` reuses connections"),
    ),
    ("showallmessages", M::Lacks("dnsonde does not transfer zones; use `dig AXFR` or `kdig AXFR`")),
    ("mapped", M::Lacks("an IPv4 server is queried over IPv4: leave it out")),
    ("dns64prefix", M::Lacks("`dnsonde query ipv4only.arpa AAAA` shows the prefix")),
    ("dscp", M::Lacks("packets have the default traffic class: leave it out")),
    ("alignment", M::Lacks("+padding=N")),
    ("fastopen", M::Lacks("TCP connections are opened without Fast Open: leave it out")),
    ("svcparamkeycompat", M::Lacks("parameters are always shown as in RFC 9460; leave it out")),
    ("sigchase", M::Lacks(NO_VALIDATION)),
    ("topdown", M::Lacks(NO_VALIDATION)),
    ("trusted-key", M::Lacks(NO_VALIDATION)),
    ("validate", M::Lacks(NO_VALIDATION)),
    ("tls", M::Lacks(NO_CRYPTO)),
    ("tls-ca", M::Lacks(NO_CRYPTO)),
    ("tls-pin", M::Lacks(NO_CRYPTO)),
    ("tls-hostname", M::Lacks(NO_CRYPTO)),
    ("tls-sni", M::Lacks(NO_CRYPTO)),
    ("tls-certfile", M::Lacks(NO_CRYPTO)),
    ("tls-keyfile", M::Lacks(NO_CRYPTO)),
    ("tls-keylog-file", M::Lacks(NO_CRYPTO)),
    ("tls-ocsp-stapling", M::Lacks(NO_CRYPTO)),
    ("https", M::Lacks(NO_CRYPTO)),
    ("https-get", M::Lacks(NO_CRYPTO)),
    ("https-post", M::Lacks(NO_CRYPTO)),
    ("http-plain", M::Lacks(NO_CRYPTO)),
    ("http-plain-get", M::Lacks(NO_CRYPTO)),
    ("http-plain-post", M::Lacks(NO_CRYPTO)),
    ("quic", M::Lacks(NO_CRYPTO)),
    ("proxy", M::Lacks(NO_PROXY)),
    ("proxy-plain", M::Lacks(NO_PROXY)),
    ("opt", M::Comments),
    ("optpresent", M::Comments),
    ("tsig", M::Additional),
];

/// The option that a name, or an unambiguous beginning of one, stands for.
fn find(key: &str) -> Option<(&'static str, Meaning)> {
    let lower = key.to_ascii_lowercase();
    if let Some(&found) = OPTIONS.iter().find(|(name, _)| *name == lower) {
        return Some(found);
    }
    let mut found = OPTIONS.iter().filter(|(name, _)| lower.len() > 1 && name.starts_with(&lower));
    let first = *found.next()?;
    found.all(|&(_, meaning)| meaning == first.1).then_some(first)
}

/// The options that begin so, with their sign: each by its first name, or, if there is none, by another
/// of its names. Those that only say what serves instead are not among them.
pub(super) fn completions(begun: &str) -> impl Iterator<Item = String> {
    let (no, begun) = match begun.strip_prefix("no") {
        Some(rest) => ("no", rest),
        None => ("", begun),
    };
    let begun = begun.to_ascii_lowercase();
    let named = OPTIONS.iter().enumerate().filter(move |(_, (name, meaning))| {
        name.starts_with(&begun) && !matches!(meaning, M::Always(_) | M::Lacks(_))
    });
    let is_first = |at: usize, meaning| OPTIONS[..at].iter().all(|(_, other)| *other != meaning);
    let (first, others): (Vec<_>, Vec<_>) =
        named.partition(|&(at, &(_, meaning))| is_first(at, meaning));
    let chosen = if first.is_empty() { others } else { first };
    chosen.into_iter().map(move |(_, &(name, meaning))| {
        let value = if no.is_empty() && takes_value(meaning) == Takes::Value { "=" } else { "" };
        format!("+{no}{name}{value}")
    })
}

fn unknown(option: &str, key: &str) -> CliError {
    let names = OPTIONS.iter().filter(|(_, it)| !matches!(it, M::Lacks(_))).map(|(name, _)| *name);
    let begun: Vec<&str> =
        names.clone().filter(|name| !key.is_empty() && name.starts_with(key)).collect();
    let near = if begun.is_empty() { neighbours(key, names) } else { begun };
    let cli_error = CliError::usage(format!("unknown option '+{option}'"));
    match near.as_slice() {
        [] => cli_error.hint("`dnsonde query --help` lists the options"),
        near => cli_error.hint(format!("did you mean +{}?", near.join(" or +"))),
    }
}

impl Options {
    /// Takes an option, without its `+`.
    pub(super) fn take(&mut self, option: &str) -> Result<(), CliError> {
        let (key, value) = match option.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (option, None),
        };
        // No option begins with these letters by itself.
        let (key, on) = match key.strip_prefix("no") {
            Some(rest) => (rest, false),
            None => (key, true),
        };
        let Some((name, meaning)) = find(key) else { return Err(unknown(option, key)) };
        let sign = if on { "+" } else { "+no" };
        match meaning {
            M::Always(_) if on => return Ok(()),
            M::Lacks(_) if !on => return Ok(()),
            M::Always(instead) | M::Lacks(instead) => {
                let sentence = format!("{sign}{name} is not supported");
                return Err(CliError::usage(sentence).hint(instead));
            }
            _ => {}
        }
        let takes = takes_value(meaning);
        match (value, on) {
            (Some(_), false) => {
                let sentence = format!("+no{name} takes no value");
                return Err(CliError::usage(sentence).hint(format!("write +no{name}")));
            }
            (Some(_), true) if takes == Takes::Nothing => {
                let sentence = format!("+{name} takes no value");
                return Err(CliError::usage(sentence).hint(format!("write +{name}, or +no{name}")));
            }
            (None, true) if takes == Takes::Value => {
                return Err(CliError::usage(format!("+{name} needs a value: +{name}=…")));
            }
            _ => {}
        }
        self.set(name, meaning, on, value)
    }

    fn set(
        &mut self,
        name: &str,
        meaning: Meaning,
        on: bool,
        value: Option<&str>,
    ) -> Result<(), CliError> {
        let defaults = Self::default();
        let text = value.unwrap_or_default();
        let option = format!("+{name}");
        let style = &mut self.view.message;
        match meaning {
            M::Short => self.short = on,
            M::Json => self.json = on,
            M::Trace => self.trace = on,
            M::Command => self.command = on,
            M::Sent => self.view.query = on,
            M::Identify => self.view.identify = on,
            M::All => {
                style.header = on;
                style.comments = on;
                (style.question, style.answer) = (on, on);
                (style.authority, style.additional) = (on, on);
                self.view.stats = on;
                self.command &= on;
            }
            M::Header => style.header = on,
            M::Comments => (style.header, style.comments) = (on, on),
            M::Stats => self.view.stats = on,
            M::Question => style.question = on,
            M::Answer => style.answer = on,
            M::Authority => style.authority = on,
            M::Additional => style.additional = on,
            M::Class => style.record.class = on,
            M::Ttl => style.record.ttl = on,
            M::TtlUnits => {
                let RecordStyle { ttl, ttl_units, .. } = &mut style.record;
                *ttl_units = on;
                *ttl |= on;
            }
            M::Generic => style.record.generic = on,
            M::Multiline => style.record.multiline = on,
            M::Tcp => self.tcp = on,
            M::Ignore => self.ignore_truncation = on,
            M::Recurse => self.recurse = on,
            M::CheckingDisabled => self.checking_disabled = on,
            M::AuthenticData => self.authentic_data = on,
            M::Edns => {
                self.edns = Some(on);
                self.version = match value {
                    Some(text) => number(&option, text, 0, 255)? as u8,
                    None => 0,
                };
            }
            M::Dnssec => self.dnssec = on,
            M::Nsid => self.nsid = on,
            M::Cookie => self.cookie = if on { Some(cookie(value)?) } else { None },
            M::Subnet => self.subnet = if on { Some(subnet(text)?) } else { None },
            M::Expire => self.other(OptionCode::EXPIRE, on.then(Vec::new)),
            M::Keepalive => self.other(OptionCode::KEEPALIVE, on.then(Vec::new)),
            M::ZoneVersion => self.other(OptionCode::ZONEVERSION, on.then(Vec::new)),
            M::EdnsOption if on => self.others.push(edns_option(text)?),
            M::EdnsOption => self.others.clear(),
            M::Padding if on => self.padding = Some(number(&option, text, 1, 512)?),
            M::Padding => self.padding = None,
            M::Bufsize if on => self.bufsize = Some(number(&option, text, 512, u16::MAX)?),
            M::Bufsize => self.bufsize = None,
            M::Timeout if on => {
                self.timeout = Duration::from_secs(number(&option, text, 1, 600)?.into());
            }
            M::Timeout => self.timeout = defaults.timeout,
            M::Retry if on => self.retries = number(&option, text, 0, 100)?,
            M::Tries if on => self.retries = number(&option, text, 1, 101)? - 1,
            M::Retry | M::Tries => {
                self.retries = if meaning == M::Retry { 0 } else { defaults.retries }
            }
            M::Always(_) | M::Lacks(_) => {}
        }
        self.view_chosen |= is_of_view(meaning);
        Ok(())
    }

    fn other(&mut self, code: OptionCode, value: Option<Vec<u8>>) {
        self.others.retain(|(other, _)| *other != code);
        self.others.extend(value.map(|value| (code, value)));
    }

    /// What contradicts itself.
    pub(super) fn check(&self) -> Result<(), CliError> {
        let needs_edns = self.dnssec
            || self.nsid
            || self.cookie.is_some()
            || self.subnet.is_some()
            || self.bufsize.is_some()
            || self.padding.is_some()
            || !self.others.is_empty();
        if self.edns == Some(false) && needs_edns {
            return Err(CliError::usage("+noedns cannot be used with options that need EDNS")
                .hint(
                    "+dnssec, +nsid, +cookie, +subnet, +bufsize, +padding, +expire, +keepalive and \
                 +ednsopt need it",
                ));
        }
        Ok(())
    }

    /// How the engine carries out a query for `name`.
    pub(super) fn engine_config(&self, name: &NameBuf, tcp: bool) -> EngineConfig {
        let mut opt = OptBuf::default();
        if self.nsid {
            opt.nsid();
        }
        if let Some((address, prefix)) = self.subnet {
            opt.client_subnet(address, prefix);
        }
        if let Some(cookie) = &self.cookie {
            opt.option(OptionCode::COOKIE, cookie);
        }
        for (code, value) in &self.others {
            opt.option(*code, value);
        }
        if let Some(block) = self.padding {
            // The option itself is part of what is padded (RFC 7830 §3).
            let len = PLAIN_QUERY + name.as_wire().len() + opt.options().len() + 4;
            opt.padding((len.next_multiple_of(block.into()) - len) as u16);
        }
        let edns = Edns {
            udp_payload_size: self.bufsize.unwrap_or(1232),
            dnssec_ok: self.dnssec,
            version: self.version,
            options: opt.options().to_vec(),
            ..Edns::default()
        };
        EngineConfig {
            profile: QueryProfile {
                timeout: self.timeout,
                retries: self.retries,
                edns: (self.edns != Some(false)).then_some(edns),
                recursion_desired: self.recurse,
                checking_disabled: self.checking_disabled,
                authentic_data: self.authentic_data,
                transport: if tcp {
                    TransportPolicy::TcpOnly
                } else if self.ignore_truncation {
                    TransportPolicy::UdpOnly
                } else {
                    TransportPolicy::UdpThenTcp
                },
                accept: Accept::Anything,
            },
            ends_at_icmp: true,
            ..EngineConfig::default()
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    Perhaps,
    Value,
}

fn takes_value(meaning: Meaning) -> Takes {
    match meaning {
        M::Cookie | M::Edns => Takes::Perhaps,
        M::Subnet | M::EdnsOption | M::Padding | M::Bufsize | M::Timeout | M::Retry | M::Tries => {
            Takes::Value
        }
        _ => Takes::Nothing,
    }
}

/// Whether an option says what is shown of an exchange, and how.
fn is_of_view(meaning: Meaning) -> bool {
    matches!(
        meaning,
        M::All
            | M::Header
            | M::Comments
            | M::Stats
            | M::Question
            | M::Answer
            | M::Authority
            | M::Additional
            | M::Class
            | M::Ttl
            | M::TtlUnits
            | M::Generic
            | M::Multiline
            | M::Sent
            | M::Identify
    )
}

fn number(option: &str, text: &str, least: u16, most: u16) -> Result<u16, CliError> {
    match text.parse() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(CliError::usage(format!(
            "invalid value '{text}' for {option}: write a number from {least} to {most}"
        ))),
    }
}

/// `CODE` or `CODE:HEX`, the code as a number or as one of the registry's names.
fn edns_option(text: &str) -> Result<(OptionCode, Vec<u8>), CliError> {
    let (code, hex) = text.split_once(':').unwrap_or((text, ""));
    let named = || code.to_ascii_uppercase().parse().ok();
    let octets = data_encoding::HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).ok();
    match (code.parse().ok().map(OptionCode).or_else(named), octets) {
        // A query with all of them fits into a message.
        (Some(code), Some(octets)) if octets.len() <= 4096 => Ok((code, octets)),
        _ => Err(CliError::usage(format!("invalid value '{text}' for +ednsopt"))
            .hint("write CODE or CODE:HEX, such as +ednsopt=10:0011223344556677")),
    }
}

/// The cookie option: a client cookie of eight octets, and perhaps a server cookie behind it.
fn cookie(hex: Option<&str>) -> Result<Vec<u8>, CliError> {
    let Some(hex) = hex else {
        return Ok(rand::random::<[u8; CLIENT_COOKIE]>().to_vec());
    };
    let cookie = data_encoding::HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).ok();
    cookie
        .filter(|cookie| cookie.len() == CLIENT_COOKIE || (16..=40).contains(&cookie.len()))
        .ok_or_else(|| {
            CliError::usage(format!("invalid cookie '{hex}' (RFC 7873)"))
                .hint("write 16 hexadecimal digits, or 32 to 80 with the server cookie")
        })
}

/// An address and the length of its prefix, for the client subnet option (RFC 7871 §6).
fn subnet(text: &str) -> Result<(IpAddr, u8), CliError> {
    let wrong = || {
        CliError::usage(format!("invalid client subnet '{text}'"))
            .hint("write ADDR/PREFIX, such as 192.0.2.0/24 or 2001:db8::/56, or 0 for none")
    };
    let text = if text == "0" { "0.0.0.0/0" } else { text };
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().map_err(|_| wrong())?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let prefix = match prefix {
        Some(prefix) => prefix.parse().ok().filter(|&p| p <= longest).ok_or_else(wrong)?,
        None => longest,
    };
    Ok((address, prefix))
}
