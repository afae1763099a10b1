//! dig's language: words in, queries out.
//!
//! What stands before the first name is for all names, what stands behind a name is for that one.
//! A word that is a type is the type, one that is a class the class, whatever comes first; several
//! types of a name are several queries. A server that is named for one name serves those that have
//! none.

use std::net::IpAddr;
use std::str::FromStr as _;

use super::args::Token;
use super::options::Options;
use crate::cli::cli_error::CliError;
use crate::cli::neighbours::neighbours;
use crate::cli::servers::{Form, parse_server};
use crate::names::class::parse_class;
use crate::names::line::{is_askable, parse_name, reverse_name_of};
use crate::names::servers::{ServerHost, ServerSpec};
use crate::wire::{Class, NameBuf, RecordType};

pub(super) const FORM: Form = Form { server: "@SERVER", tcp: "+tcp", list: None };

/// One name, and what to ask about it, whom, and how.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Lookup {
    /// The root, if there is none.
    pub name: Option<NameBuf>,
    /// None for the type that goes without saying.
    pub types: Vec<RecordType>,
    pub class: Option<Class>,
    pub servers: Vec<ServerSpec>,
    pub options: Options,
    by_address: bool,
}

/// What the words of a command line ask for.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Reading {
    /// Never empty, unless it is the reading of what goes before a batch file.
    pub lookups: Vec<Lookup>,
    /// What is for all names, also those of a batch file.
    pub defaults: Lookup,
    /// What a user may not have meant.
    pub notes: Vec<String>,
}

impl Lookup {
    /// The types to ask for.
    pub(super) fn asked_types(&self) -> Vec<RecordType> {
        match (&self.types[..], self.name) {
            ([], _) if self.by_address => vec![RecordType::PTR],
            ([], Some(_)) => vec![RecordType::A],
            // Without a name dig asks for the root's name servers.
            ([], None) => vec![RecordType::NS],
            (types, _) => types.to_vec(),
        }
    }
}

/// Reads words, on top of what is for all names.
pub(super) fn read(tokens: &[Token], defaults: &Lookup) -> Result<Reading, CliError> {
    let mut reader = Reader {
        reading: Reading { defaults: defaults.clone(), ..Reading::default() },
        names_follow: tokens.iter().any(is_name),
        inherits: *defaults != Lookup::default(),
        own_types: false,
        own_servers: false,
    };
    for token in tokens {
        reader.take(token)?;
    }
    reader.finish(tokens)
}

/// Whether a word can only be a name.
fn is_name(token: &Token) -> bool {
    match token {
        Token::Name(_) | Token::Reverse(_) => true,
        Token::Type(_) | Token::Class(_) => false,
        Token::Word(word) => {
            !word.starts_with(['@', '+'])
                && read_type(word).is_none()
                && !is_transfer(word)
                && parse_class(word).is_none()
        }
    }
}

fn read_type(word: &str) -> Option<RecordType> {
    RecordType::from_str(word).ok()
}

/// `AXFR` is a type; `IXFR=SERIAL` is how dig and kdig write the other one.
fn is_transfer(word: &str) -> bool {
    word.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("ixfr="))
}

struct Reader {
    reading: Reading,
    /// There is a name somewhere that looks like nothing else.
    names_follow: bool,
    /// What is for all names was said elsewhere, before a batch file: a line may say otherwise.
    inherits: bool,
    /// The last name has types, and servers, of its own.
    own_types: bool,
    own_servers: bool,
}

impl Reader {
    /// What the words are for at this place.
    fn current(&mut self) -> &mut Lookup {
        let Reading { lookups, defaults, .. } = &mut self.reading;
        lookups.last_mut().unwrap_or(defaults)
    }

    fn take(&mut self, token: &Token) -> Result<(), CliError> {
        match token {
            Token::Word(word) => match (word.strip_prefix('@'), word.strip_prefix('+')) {
                (Some(server), _) => self.take_server(server),
                (_, Some(option)) => self.current().options.take(option),
                _ => self.take_word(word),
            },
            Token::Name(name) => {
                let name = read_name(name)?;
                self.begin(Some(name), false);
                Ok(())
            }
            // `-type=MX` is nslookup's.
            Token::Type(text) => {
                let text = text.strip_prefix("ype=").unwrap_or(text);
                if is_transfer(text) {
                    return Err(transfer("IXFR"));
                }
                let rtype = read_type(text).ok_or_else(|| unknown_type(text))?;
                self.take_type(rtype)
            }
            Token::Class(text) => {
                let class = parse_class(text).ok_or_else(|| {
                    CliError::usage(format!("unknown class '{text}'"))
                        .hint("classes are IN, CH, HS, ANY, or CLASS and a number")
                })?;
                self.current().class = Some(class);
                Ok(())
            }
            Token::Reverse(text) => {
                let name = reverse_name(text)?;
                self.begin(Some(name), true);
                Ok(())
            }
        }
    }

    fn take_server(&mut self, text: &str) -> Result<(), CliError> {
        let spec = parse_server(text, FORM)?;
        // Those that are named for a name take the place of those for all names.
        let is_first = !self.own_servers && (self.inherits || !self.reading.lookups.is_empty());
        self.own_servers |= is_first;
        let servers = &mut self.current().servers;
        if is_first {
            servers.clear();
        }
        servers.push(spec);
        Ok(())
    }

    fn take_word(&mut self, word: &str) -> Result<(), CliError> {
        if is_transfer(word) {
            return Err(transfer("IXFR"));
        }
        // Without any other name, the second type, or class, is the name.
        let may_be_name = self.reading.lookups.is_empty() && !self.names_follow;
        if let Some(rtype) = read_type(word)
            && (!may_be_name || self.reading.defaults.types.is_empty())
        {
            return self.take_type(rtype);
        }
        if let Some(class) = parse_class(word)
            && read_type(word).is_none()
            && (!may_be_name || self.reading.defaults.class.is_none())
        {
            self.current().class = Some(class);
            return Ok(());
        }
        let is_mistyped_type = !self.reading.lookups.is_empty()
            && !word.contains('.')
            && word.is_ascii()
            && !word.is_empty();
        if is_mistyped_type {
            return Err(unknown_type(word));
        }
        let name = read_word(word)?;
        self.begin(Some(name), false);
        Ok(())
    }

    fn take_type(&mut self, rtype: RecordType) -> Result<(), CliError> {
        if matches!(rtype, RecordType::AXFR | RecordType::IXFR) {
            return Err(transfer(if rtype == RecordType::AXFR { "AXFR" } else { "IXFR" }));
        }
        if !is_askable(rtype) {
            return Err(CliError::usage(format!("{rtype} cannot be queried"))
                .hint("it occurs in messages, not in zones; +qr shows the query"));
        }
        let is_first = !self.own_types && (self.inherits || !self.reading.lookups.is_empty());
        self.own_types |= is_first;
        let lookup = self.current();
        let mut note = None;
        if is_first {
            if let ([before], Some(name)) = (&lookup.types[..], lookup.name)
                && *before != rtype
            {
                note = Some(format!(
                    "querying {rtype} for {name}, not {before}: a type after the name takes precedence"
                ));
            }
            lookup.types.clear();
        }
        if !lookup.types.contains(&rtype) {
            lookup.types.push(rtype);
        }
        self.reading.notes.extend(note);
        Ok(())
    }

    fn begin(&mut self, name: Option<NameBuf>, by_address: bool) {
        let lookup = Lookup { name, by_address, ..self.reading.defaults.clone() };
        self.reading.lookups.push(lookup);
        (self.own_types, self.own_servers) = (false, false);
    }

    fn finish(mut self, tokens: &[Token]) -> Result<Reading, CliError> {
        if self.reading.lookups.is_empty() {
            if let [Token::Word(word)] = tokens
                && let Some(rtype) = read_type(word)
            {
                let note = format!("querying {rtype} for the root; use -q {word} for that name");
                self.reading.notes.push(note);
            }
            self.begin(None, false);
        }
        let reading = &mut self.reading;
        // +short is for all names, wherever it stands, and so is the format.
        let last = tokens.iter().rev().find_map(|token| match token {
            Token::Word(word) => match word.as_str() {
                "+short" => Some(true),
                "+noshort" => Some(false),
                _ => None,
            },
            _ => None,
        });
        let json = reading.lookups.iter().any(|lookup| lookup.options.json);
        for lookup in &mut reading.lookups {
            lookup.options.short = last.unwrap_or(lookup.options.short);
            lookup.options.json = json;
            lookup.options.check()?;
        }
        share_servers(&mut reading.lookups);
        Ok(self.reading)
    }
}

/// A name without a server is asked where the name before it is, or else the next one that has one:
/// who names a server does not mean the system's.
fn share_servers(lookups: &mut [Lookup]) {
    let next = lookups.iter().map(|it| &it.servers).find(|servers| !servers.is_empty()).cloned();
    let mut before = next.unwrap_or_default();
    for lookup in lookups {
        if lookup.servers.is_empty() {
            lookup.servers.clone_from(&before);
        } else {
            before.clone_from(&lookup.servers);
        }
    }
}

fn transfer(rtype: &str) -> CliError {
    CliError::usage(format!("{rtype} is a zone transfer, not a query"))
        .hint(format!("dnsonde does not transfer zones; use `dig @SERVER ZONE {rtype}`"))
}

fn unknown_type(text: &str) -> CliError {
    let known = RecordType::KNOWN.iter().filter_map(|rtype| rtype.mnemonic());
    let near = neighbours(text, known);
    let hint = match near.as_slice() {
        _ if text.contains('.') => "write a type like MX or TYPE65280".to_owned(),
        [] => format!("write types like MX or TYPE65280; for the name, use -q {text}"),
        near => format!("did you mean {}? For the name, use -q {text}", near.join(" or ")),
    };
    CliError::usage(format!("unknown record type '{text}'")).hint(hint)
}

/// A bare word that is to be a name, unless it is plainly something else.
fn read_word(word: &str) -> Result<NameBuf, CliError> {
    if word.parse::<IpAddr>().is_ok() {
        return Err(CliError::usage(format!("'{word}' is an address, not a name")).hint(format!(
            "use -x {word} for its PTR records, @{word} to query that server, or -q {word} for that very name"
        )));
    }
    if let Ok(ServerSpec { host: ServerHost::Address(_) | ServerHost::Zoned(..), .. }) =
        ServerSpec::parse(word)
    {
        return Err(CliError::usage(format!("'{word}' is a server address, not a name"))
            .hint(format!("write @{word}")));
    }
    let host = match word.split_once("://") {
        Some((_, rest)) => rest.split(['/', '?', '#', ':']).next().unwrap_or_default(),
        None => {
            let word = word.strip_suffix('/').unwrap_or(word);
            match word.split_once(':') {
                Some((host, port)) if port.bytes().all(|octet| octet.is_ascii_digit()) => host,
                _ => word,
            }
        }
    };
    let host = host.rsplit('@').next().unwrap_or_default();
    if host != word && !host.is_empty() {
        return Err(CliError::usage(format!("'{word}' is more than a name"))
            .hint(format!("write {host}; or use -q {word} for that very name")));
    }
    parse_name(word.as_bytes()).map_err(|error| invalid_name(word, &error))
}

/// What `-q` has: presentation format, or a name in another script. It is not doubted.
fn read_name(text: &str) -> Result<NameBuf, CliError> {
    if text.is_ascii() && !text.is_empty() {
        text.parse::<NameBuf>().map_err(|error| invalid_name(text, &error))
    } else {
        parse_name(text.as_bytes()).map_err(|error| invalid_name(text, &error))
    }
}

fn invalid_name(text: &str, error: &dyn std::fmt::Display) -> CliError {
    CliError::usage(format!("invalid name '{text}': {error}"))
}

/// The name of an address in the reverse tree, or of an IPv4 network of whole octets.
fn reverse_name(text: &str) -> Result<NameBuf, CliError> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let bare = bare.split('%').next().unwrap_or_default();
    if let Ok(address) = bare.parse()
        && let Some(name) = reverse_name_of(address)
    {
        return Ok(name);
    }
    let octets: Vec<&str> = bare.strip_suffix('.').unwrap_or(bare).split('.').collect();
    let is_octet = |text: &&str| text.parse::<u8>().is_ok() && !text.starts_with('+');
    if octets.len() < 4 && octets.iter().all(is_octet) {
        let reversed: Vec<&str> = octets.iter().rev().copied().collect();
        if let Ok(name) = format!("{}.in-addr.arpa.", reversed.join(".")).parse() {
            return Ok(name);
        }
    }
    Err(CliError::usage(format!("'{text}' is not an address"))
        .hint("-x takes an IPv4 or IPv6 address, or the first octets of one: -x 192.0.2"))
}
