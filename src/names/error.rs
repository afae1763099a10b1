//! Why a line of a list cannot be asked, in one sentence that says what it is and what to do; and what
//! a list of such lines looks like.

use std::net::IpAddr;

use super::idna::IdnaError;
use super::list::MAX_LINE;
use super::prefix::{Prefix, PrefixError};
use crate::wire::{NameError, RecordType};

/// Octets of a part of a line that is quoted.
const QUOTED: usize = 64;

/// Why a line cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// The name breaks a rule of RFC 1035.
    #[error("{0}")]
    Name(#[from] NameError),
    /// More than 65,536 octets.
    #[error("the line is longer than {MAX_LINE} octets")]
    TooLong,
    /// Not text at all.
    #[error("neither ASCII nor UTF-8; convert the list, or write these octets as \\DDD")]
    Encoding,
    /// A control character.
    #[error("control character {0:#04x} in the name; write it as \\{0:03} if it belongs there")]
    Control(u8),
    /// A name that IDNA does not allow.
    #[error("{0}")]
    Idna(#[from] IdnaError),
    /// What stands behind the name is no type.
    #[error("unknown record type '{0}'; a line is NAME or NAME,TYPE")]
    Type(String),
    /// A type that no plain query asks for.
    #[error("{0} cannot be queried: it occurs in messages, not in zones")]
    NotAskable(RecordType),
    /// Nothing behind the comma.
    #[error("nothing follows the comma; a line is NAME or NAME,TYPE")]
    NoType,
    /// More columns than two.
    #[error("more than a name and a type; a line is NAME, NAME TYPE or NAME,TYPE")]
    Columns,
    /// A number, and the name in a column behind it.
    #[error("a rank and a name; keep column {column} only: {}", cut(*separator, *column))]
    Ranking {
        /// The column of the name, counted from 1.
        column: usize,
        /// What stands between columns.
        separator: Separator,
    },
    /// A name and a server for it.
    #[error("'{0}' looks like a server, not a record type; give servers with -r or -R")]
    NameServer(String),
    /// An address, and names behind it.
    #[error("a line of a hosts file; write only the name, not the address in front of it: {0}")]
    HostsFile(String),
    /// A record of a zone file.
    #[error("a DNS record; write only its name, or NAME TYPE")]
    Record,
    /// The type before the name.
    #[error("the type comes after the name: {1},{0}")]
    TypeFirst(RecordType, String),
    /// A URL.
    #[error("a URL, not a name; write only its host: {0}")]
    Url(String),
    /// A host and a path.
    #[error("a name and a path; write only the name: {0}; or \\/ for a slash in the name")]
    Path(String),
    /// A host and a port.
    #[error("a name and a port; write only the name: {0}")]
    Port(String),
    /// A mailbox.
    #[error("an email address, or a user at a host; write only the part after the @: {0}")]
    Mailbox(String),
    /// An address.
    #[error("an IP address, not a name: use scan -t PTR or query -x for reverse lookups")]
    Address(IpAddr),
    /// A prefix.
    #[error("a prefix of IP addresses, not a name: use scan -t PTR for reverse lookups")]
    Prefix(Prefix),
    /// What would be a prefix, were it right.
    #[error("{0}")]
    BadPrefix(#[from] PrefixError),
    /// An address and a port.
    #[error("an IP address and a port; write only the address: {0}")]
    AddressPort(IpAddr),
    /// An address and a zone.
    #[error("an IP address and an interface; reverse lookups have no interface: write {0}")]
    AddressZone(IpAddr),
    /// The last label is a number.
    #[error(
        "neither a name nor an IP address: no top-level domain is a number; write a digit as \\DDD \
         to query it anyway"
    )]
    Numeric,
    /// A rule of a blocklist.
    #[error("a rule of an ad blocker; write only the name in it")]
    Adblock,
    /// JSON.
    #[error("JSON; write only the name in it")]
    Json,
    /// HTML or XML.
    #[error("HTML or XML; write only the name in it")]
    Markup,
    /// Quotation marks that are not those around a field.
    #[error("a quotation mark in the name; quote a whole field, or nothing")]
    Quote,
    /// A regular expression, all dots behind backslashes.
    #[error("a backslash precedes every dot, as in a regular expression; write plain dots")]
    Regex,
    /// An asterisk that is not a whole label.
    #[error(
        "a pattern; only a whole label can be *, which queries the wildcard itself; write \\* \
             for an asterisk in the name"
    )]
    Pattern,
    /// A space.
    #[error("a space inside the name; write it as \\032 if it belongs there")]
    Space,
    /// A character that only belongs into a name behind a backslash.
    #[error("'{0}' in the name; write \\{0} if it belongs there")]
    Character(char),
}

/// What stands between columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Separator {
    /// A comma.
    Comma,
    /// A tab.
    Tab,
    /// Spaces.
    Space,
}

/// The command that keeps one column of a list.
fn cut(separator: Separator, column: usize) -> String {
    match separator {
        Separator::Comma => format!("cut -d, -f{column}"),
        Separator::Tab => format!("cut -f{column}"),
        Separator::Space => format!("awk '{{print ${column}}}'"),
    }
}

/// A part of a line, as it is quoted in an error.
pub(super) fn quoted(text: &[u8]) -> String {
    let text = &text[..text.len().min(QUOTED)];
    String::from_utf8_lossy(text).trim_matches('"').to_owned()
}

impl LineError {
    /// What a list looks like that is full of such lines.
    pub fn looks_like(&self) -> &'static str {
        match self {
            Self::Encoding => "text that is not UTF-8",
            Self::Control(0) => "a binary file, or UTF-16 without a byte order mark",
            Self::Control(_) => "a binary file",
            Self::Ranking { .. } => "a ranking, with a number before each name",
            Self::NameServer(_) => "a list of names and servers",
            Self::HostsFile(_) => "a hosts file",
            Self::Record => "a zone file, or other records",
            Self::TypeFirst(..) => "a list of types and names",
            Self::Url(_) | Self::Path(_) => "a list of URLs",
            Self::Port(_) => "a list of hosts and ports",
            Self::Mailbox(_) => "a list of email addresses",
            Self::Address(_) | Self::Prefix(_) | Self::BadPrefix(_) => "a list of IP addresses",
            Self::AddressPort(_) => "a list of IP addresses and ports",
            Self::AddressZone(_) => "a list of IP addresses and interfaces",
            Self::Numeric => "a list of numbers",
            Self::Adblock => "a list for an ad blocker",
            Self::Json => "JSON",
            Self::Markup => "HTML or XML",
            Self::Quote => "a list of quoted names",
            Self::Regex | Self::Pattern => "a list of patterns",
            Self::Type(_) | Self::NotAskable(_) | Self::NoType | Self::Columns => {
                "a table with columns other than a name and a type"
            }
            Self::Name(_) | Self::TooLong | Self::Idna(_) | Self::Space | Self::Character(_) => {
                "something other than a list of names"
            }
        }
    }

    /// What to do with such a list.
    pub fn remedy(&self) -> String {
        match self {
            Self::Encoding => {
                "convert it, for example with iconv -f ISO-8859-1 -t UTF-8 LIST".to_owned()
            }
            Self::Control(0) => {
                "if it is UTF-16, convert it: iconv -f UTF-16LE -t UTF-8 LIST".to_owned()
            }
            Self::Ranking { column, separator } => {
                format!("keep the column with the names: {} LIST", cut(*separator, *column))
            }
            Self::HostsFile(_) => "keep the names: awk '{print $2}' LIST".to_owned(),
            Self::Record => "keep the names: awk '{print $1}' LIST".to_owned(),
            Self::TypeFirst(..) => "swap the columns: awk '{print $2, $1}' LIST".to_owned(),
            Self::NameServer(_) => {
                "keep the names, and give the servers with -r or -R: cut -d, -f1 LIST".to_owned()
            }
            Self::Url(_) | Self::Path(_) => {
                "keep the hosts: sed -E 's#^[a-z]+://##; s#[:/?].*##' LIST".to_owned()
            }
            Self::Port(_) => "keep the names: cut -d: -f1 LIST".to_owned(),
            Self::Mailbox(_) => "keep the domains: cut -d@ -f2 LIST".to_owned(),
            Self::Address(_) | Self::Prefix(_) => "use -t PTR for reverse lookups".to_owned(),
            Self::AddressPort(_) => {
                "leave out the ports, and use -t PTR for reverse lookups".to_owned()
            }
            Self::Adblock => {
                "keep the names: sed -nE 's/^\\|\\|([^/^$*]+)\\^.*/\\1/p' LIST".to_owned()
            }
            Self::Json => "keep the names, for example with jq -r .name LIST".to_owned(),
            _ => "a line is NAME, NAME TYPE or NAME,TYPE".to_owned(),
        }
    }
}
