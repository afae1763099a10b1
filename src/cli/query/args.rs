//! The words of the command line, in their order, as clap and as a line of a batch file have them.

use std::ffi::OsStr;

use clap::{Arg, ArgAction, ArgMatches, Command, Error, FromArgMatches};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};

use super::options;
use crate::cli::candidates::{classes, record_types};

/// A word that says what to ask, or how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// `@SERVER`, `+OPTION`, a name, a type or a class, as they look.
    Word(String),
    /// `-q`: a name, whatever it looks like.
    Name(String),
    /// `-t`
    Type(String),
    /// `-c`
    Class(String),
    /// `-x`
    Reverse(String),
}

/// The words of the command line, in their order: what stands behind a name is for that name.
#[derive(Debug, Clone, Default)]
pub(super) struct Words(pub Vec<Token>);

type Make = fn(String) -> Token;

const IDS: [(&str, Make); 5] = [
    ("words", Token::Word),
    ("name", Token::Name),
    ("type", Token::Type),
    ("class", Token::Class),
    ("reverse", Token::Reverse),
];

impl FromArgMatches for Words {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut placed: Vec<(usize, Token)> = Vec::new();
        for (id, make) in IDS {
            let values = matches.get_many::<String>(id).into_iter().flatten();
            let places = matches.indices_of(id).into_iter().flatten();
            placed.extend(places.zip(values).map(|(at, value)| (at, make(value.clone()))));
        }
        placed.sort_by_key(|&(at, _)| at);
        Ok(Self(placed.into_iter().map(|(_, token)| token).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl clap::Args for Words {
    fn augment_args(command: Command) -> Command {
        let option = |id: &'static str, letter, value| {
            Arg::new(id).short(letter).value_name(value).action(ArgAction::Append)
        };
        command
            .arg(
                Arg::new("words")
                    .value_name("WORD")
                    .num_args(0..)
                    .action(ArgAction::Append)
                    .help(
                        "@SERVER, NAME, TYPE, CLASS and +OPTIONS; a word that can be a type is one",
                    )
                    .add(ArgValueCompleter::new(words)),
            )
            .arg(
                option("type", 't', "TYPE")
                    .help("The record type")
                    .add(ArgValueCompleter::new(record_types)),
            )
            .arg(
                option("name", 'q', "NAME")
                    .allow_hyphen_values(true)
                    .help("A name, even if it looks like something else"),
            )
            .arg(
                option("class", 'c', "CLASS")
                    .help("The class: IN, CH, HS or CLASS3")
                    .add(ArgValueCompleter::new(classes)),
            )
            .arg(option("reverse", 'x', "ADDR").help(
                "Reverse lookup: the PTR records of an address, or of a network such as 192.0.2",
            ))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

/// What completes a word: an option or a type.
fn words(begun: &OsStr) -> Vec<CompletionCandidate> {
    match begun.to_str().and_then(|begun| begun.strip_prefix('+')) {
        Some(begun) => options::completions(begun).map(CompletionCandidate::new).collect(),
        None => record_types(begun),
    }
}

/// The words of a line of a batch file.
pub(super) fn read_line(line: &str) -> Result<Vec<Token>, Error> {
    let command = <Words as clap::Args>::augment_args(Command::new("").no_binary_name(true));
    let command = command.disable_help_flag(true);
    Words::from_arg_matches(&command.try_get_matches_from(line.split_whitespace())?)
        .map(|words| words.0)
}

/// What serves instead of an option that people know from dig, kdig, drill, host, nslookup or doggo.
pub(in crate::cli) fn instead(option: &str) -> Option<&'static str> {
    let letter = match option.strip_prefix('-') {
        Some(long) if long.starts_with('-') => long,
        Some(rest) => rest.get(..1)?,
        None => return None,
    };
    INSTEAD.iter().find(|(letters, _)| letters.contains(&letter)).map(|(_, instead)| *instead)
}

const INSTEAD: &[(&[&str], &str)] = &[
    (&["y", "k"], "dnsonde does not sign queries with TSIG; use `dig -y` or `kdig -y`"),
    (&["a"], "use the type ANY"),
    (&["l"], "dnsonde does not transfer zones; use `dig @SERVER ZONE AXFR`"),
    (&["C"], "use `dnsonde query --trace NAME SOA`, which queries every server of the zone"),
    (&["T"], "use +tcp for TCP; --trace follows the delegations"),
    (&["W", "w"], "+timeout=SECONDS"),
    (&["R"], "+retry=N"),
    (&["r"], "use +norec to query without recursion; write a server as @SERVER"),
    (
        &["s", "S"],
        "the first response is always shown; +dnssec shows signatures, and `delv` validates them",
    ),
    (&["D"], "+dnssec"),
    (&["E"], "+edns"),
    (&["u"], "times always have microseconds; leave it out"),
    (&["m", "d"], "use +qr to show the query; every attempt is listed anyway"),
    (&["i"], "-x uses ip6.arpa; ip6.int no longer exists"),
    (&["v"], "dnsonde --version"),
    (&["n", "-nameserver"], "write a server as @SERVER"),
    (&["J", "-json", "j"], "--format json"),
    (&["-short"], "+short"),
    (&["-tcp"], "+tcp"),
    (&["-type"], "-t TYPE"),
    (&["-class"], "-c CLASS"),
    (&["-query"], "-q NAME"),
    (&["-timeout"], "+timeout=SECONDS"),
    (&["-dnssec"], "+dnssec"),
    (&["-reverse"], "-x ADDR"),
    (&["-time"], "the time is always shown"),
    (
        &["H", "-https", "-tls", "-quic", "-tls-hostname"],
        "dnsonde uses unencrypted UDP and TCP only: write @ADDR or @tcp://ADDR",
    ),
];
