//! `dnsonde query`: one exchange in full, with the habits of dig.

use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use clap::ValueEnum;

use super::complaint::Complaint;
use super::event_loop::event_loop;
use super::notes::note;
use super::servers::{self, DNS_PORT, Families, Form, parse_server};
use super::{COULD_NOT, FINE, PROBLEM, print};
use crate::engine::{Accept, Config, Edns, Manner, TransportPolicy};
use crate::names::line::{is_askable, parse_name, reverse_name_of};
use crate::names::servers::ServerSpec;
use crate::query::{self, Plan, show, trace};
use crate::walk;
use crate::wire::{Class, NameBuf, OptionCode, RecordType};

const FORM: Form = Form { server: "@SERVER", tcp: "+tcp", list: None };
/// Octets of a client cookie (RFC 7873 §4.1).
const CLIENT_COOKIE: usize = 8;

/// Show one exchange, exactly
///
/// Sends one question and shows the answer as dig does, whatever it says, and then how it was come
/// by: the time it took and who measured it, the server, the transport, the size, and each attempt
/// with what became of it. Without @SERVER the system's resolvers are asked.
///
/// With --trace, goes from the root down every zone cut to the name instead, asks every address of
/// every server on the way, and shows what each says.
///
/// Exit status: 0 answered (also with NXDOMAIN or SERVFAIL), 1 the answer is malformed, 2 usage
/// error, 3 no answer, or only a truncated one because TCP failed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Options in the manner of dig, each with +no… to take it back:
  +short           only the data of the answer records
  +tcp             ask over TCP                       +ignore      do not ask again over TCP
  +dnssec          set DO: send DNSSEC records        +norec       clear RD: do not recurse
  +cd              set CD: do not validate            +ad          set AD: say if you validated
  +nsid            ask the server who it is           +cookie[=HEX] send a cookie
  +subnet=ADDR/N   send a client subnet               +bufsize=N   largest UDP answer [1232]
  +noedns          plain DNS, without OPT
  +timeout=S       seconds an attempt waits [2]       +retry=N     further attempts [2]

Examples:
  dnsonde query example.org
  dnsonde query @192.0.2.53 example.org MX +dnssec +nsid
  dnsonde query @[2001:db8::53]:5353 -x 192.0.2.1 +short
  dnsonde query @192.0.2.53 CH TXT version.bind --format json
  dnsonde query www.example.org --trace")]
pub(super) struct Args {
    /// @SERVER, NAME, TYPE, CLASS and +OPTIONS, in any order; a word that is a type is the type
    #[arg(value_name = "WORD")]
    words: Vec<String>,

    /// Ask for the name of this address (type PTR)
    #[arg(short = 'x', value_name = "ADDR")]
    reverse: Option<IpAddr>,

    /// Show the way from the root to the name, asking every server on it
    #[arg(long)]
    trace: bool,

    /// With --trace: the servers of the root, as a zone file; by default those of the Internet
    #[arg(long, value_name = "FILE", requires = "trace")]
    root_hints: Option<PathBuf>,

    /// With --trace: let servers see only as many labels of the name as they need (RFC 9156)
    #[arg(long, requires = "trace")]
    minimise: bool,

    /// The port of servers that have none; with --trace, of all servers
    #[arg(short = 'p', long, value_name = "PORT", default_value_t = DNS_PORT, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,

    /// Use IPv4 only
    #[arg(short = '4', conflicts_with = "ipv6")]
    ipv4: bool,

    /// Use IPv6 only
    #[arg(short = '6')]
    ipv6: bool,

    /// How to show the exchange
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Format {
    /// As dig does
    #[default]
    Text,
    /// One JSON object
    Json,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let asked = Asked::read(args)?;
    let (short, format) = (asked.short, args.format);
    if short && format == Format::Json {
        return Err(Complaint::usage("+short and --format json exclude each other").into());
    }
    let runtime = event_loop()?;
    if args.trace {
        let report = runtime.block_on(trace::run(asked.into_trace(args)?))?;
        let mut out = Vec::new();
        match format {
            Format::Json => trace::write_json(&report, &mut out),
            Format::Text => trace::write_text(&report, &mut out),
        }
        print(&out)?;
        return Ok(ExitCode::from(if trace::is_complete(&report) { FINE } else { COULD_NOT }));
    }
    let plan = asked.into_plan(args)?;
    let exchange = runtime.block_on(query::run(plan))?;

    let mut out = Vec::new();
    match format {
        Format::Json => show::write_json(&exchange, &mut out),
        Format::Text if short => show::write_short(&exchange, &mut out),
        Format::Text => show::write_text(&exchange, &mut out),
    }
    print(&out)?;
    Ok(ExitCode::from(match exchange.reply() {
        Some(_) if exchange.truncated => {
            if short {
                let reason = show::reason(&exchange);
                note(&format!("this is not the whole answer: {reason}"));
            }
            COULD_NOT
        }
        Some(reply) if reply.malformed.is_some() => PROBLEM,
        Some(_) => FINE,
        None => {
            if short {
                note(&format!("no answer: {}", show::reason(&exchange)));
            }
            COULD_NOT
        }
    }))
}

/// The words of the command line, sorted.
#[derive(Debug)]
struct Asked {
    name: Option<NameBuf>,
    rtype: Option<RecordType>,
    class: Option<Class>,
    servers: Vec<ServerSpec>,
    short: bool,
    tcp: bool,
    ignore_truncation: bool,
    recurse: bool,
    checking_disabled: bool,
    authentic_data: bool,
    edns: Option<bool>,
    dnssec: bool,
    nsid: bool,
    cookie: Option<Vec<u8>>,
    subnet: Option<Vec<u8>>,
    bufsize: Option<u16>,
    timeout: Duration,
    retries: u16,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            name: None,
            rtype: None,
            class: None,
            servers: Vec::new(),
            short: false,
            tcp: false,
            ignore_truncation: false,
            recurse: true,
            checking_disabled: false,
            authentic_data: false,
            edns: None,
            dnssec: false,
            nsid: false,
            cookie: None,
            subnet: None,
            bufsize: None,
            timeout: Duration::from_secs(2),
            retries: 2,
        }
    }
}

impl Asked {
    fn read(args: &Args) -> Result<Self, Complaint> {
        let mut asked = Self::default();
        for word in &args.words {
            if let Some(server) = word.strip_prefix('@') {
                asked.servers.push(parse_server(server, FORM)?);
            } else if let Some(option) = word.strip_prefix('+') {
                asked.option(option)?;
            } else {
                asked.word(word)?;
            }
        }
        if let Some(address) = args.reverse {
            if asked.name.is_some() {
                return Err(Complaint::usage("-x ADDR and a name exclude each other"));
            }
            asked.name = reverse_name_of(address);
            asked.rtype.get_or_insert(RecordType::PTR);
        }
        let needs_edns = asked.dnssec
            || asked.nsid
            || asked.cookie.is_some()
            || asked.subnet.is_some()
            || asked.bufsize.is_some();
        if asked.edns == Some(false) && needs_edns {
            return Err(Complaint::usage("+noedns leaves no place for options that need EDNS")
                .hint("+dnssec, +nsid, +cookie, +subnet and +bufsize need it"));
        }
        Ok(asked)
    }

    /// As dig does: what can be a type is the type, what can be a class is the class, and the
    /// rest is the name.
    fn word(&mut self, word: &str) -> Result<(), Complaint> {
        if self.rtype.is_none()
            && let Ok(rtype) = RecordType::from_str(word)
        {
            if !is_askable(rtype) {
                return Err(Complaint::usage(format!("{rtype} cannot be asked by a plain query")));
            }
            self.rtype = Some(rtype);
            return Ok(());
        }
        if self.class.is_none()
            && let Ok(class) = Class::from_str(word)
        {
            self.class = Some(class);
            return Ok(());
        }
        if self.name.is_some() {
            return Err(if self.rtype.is_some() {
                Complaint::usage(format!("'{word}' is one name too many"))
                    .hint("one name is asked at a time; `dnsonde scan` takes a list")
            } else {
                Complaint::usage(format!("'{word}' is no record type"))
                    .hint("types are written like MX or TYPE65280")
            });
        }
        let name = parse_name(word.as_bytes())
            .map_err(|error| Complaint::usage(format!("'{word}' is no name: {error}")))?;
        self.name = Some(name);
        Ok(())
    }

    fn option(&mut self, option: &str) -> Result<(), Complaint> {
        let (key, value) = match option.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (option, None),
        };
        // No option but +nsid begins with these letters by itself.
        let (key, on) = match key.strip_prefix("no") {
            Some(rest) => (rest, false),
            None => (key, true),
        };
        match (key, value, on) {
            ("short", None, _) => self.short = on,
            ("tcp" | "vc", None, _) => self.tcp = on,
            ("ignore", None, _) => self.ignore_truncation = on,
            ("rec" | "recurse" | "rdflag", None, _) => self.recurse = on,
            ("cd" | "cdflag", None, _) => self.checking_disabled = on,
            ("ad" | "adflag", None, _) => self.authentic_data = on,
            ("edns", None, _) => self.edns = Some(on),
            ("dnssec" | "do", None, _) => self.dnssec = on,
            ("nsid", None, _) => self.nsid = on,
            ("cookie", _, true) => self.cookie = Some(cookie(value)?),
            ("cookie", None, false) => self.cookie = None,
            ("subnet", Some(value), true) => self.subnet = Some(subnet(value)?),
            ("subnet", None, false) => self.subnet = None,
            ("bufsize", Some(value), true) => {
                self.bufsize = Some(number("+bufsize", value, 512, u16::MAX)?);
            }
            ("timeout" | "time", Some(value), true) => {
                self.timeout = Duration::from_secs(number("+timeout", value, 1, 600)?.into());
            }
            ("retry", Some(value), true) => self.retries = number("+retry", value, 0, 100)?,
            ("tries", Some(value), true) => self.retries = number("+tries", value, 1, 101)? - 1,
            ("subnet" | "bufsize" | "timeout" | "time" | "retry" | "tries", None, true) => {
                return Err(Complaint::usage(format!("+{key} needs a value: +{key}=…")));
            }
            _ => {
                return Err(Complaint::usage(format!("'+{option}' is no option of query"))
                    .hint("`dnsonde query --help` has them all"));
            }
        }
        Ok(())
    }

    fn into_plan(self, args: &Args) -> Result<Plan, Complaint> {
        let families = Families::of(args.ipv4, args.ipv6);
        let resolvers = servers::resolvers(&self.servers, self.tcp, args.port, families, FORM)?;
        // Without a name dig asks for the root's name servers.
        let by_default = if self.name.is_some() { RecordType::A } else { RecordType::NS };
        Ok(Plan {
            name: self.name.unwrap_or_else(NameBuf::root),
            rtype: self.rtype.unwrap_or(by_default),
            class: self.class.unwrap_or(Class::IN),
            servers: resolvers.addresses,
            engine: self.engine_config(resolvers.tcp),
        })
    }

    fn into_trace(self, args: &Args) -> anyhow::Result<trace::Plan> {
        if !self.servers.is_empty() {
            return Err(Complaint::usage("--trace asks the servers that it finds, and no @SERVER")
                .hint("--root-hints FILE says where it begins")
                .into());
        }
        if self.short {
            return Err(Complaint::usage("+short and --trace exclude each other").into());
        }
        if self.class.is_some_and(|class| class != Class::IN) {
            return Err(Complaint::usage("--trace knows the way in the class IN only").into());
        }
        let rtype = self.rtype.unwrap_or(RecordType::A);
        if rtype == RecordType::ANY {
            let complaint = Complaint::usage("--trace goes for one record type, not for ANY");
            return Err(complaint.into());
        }
        let Some(name) = self.name else {
            return Err(Complaint::usage("--trace needs a name to go to").into());
        };
        let hints = servers::read_hints(args.root_hints.as_deref())?;
        Ok(trace::Plan {
            name,
            rtype,
            hints,
            walk: walk::Config {
                port: args.port,
                ipv4: !args.ipv6,
                ipv6: !args.ipv4,
                minimise: args.minimise,
                seed: rand::random(),
                ..walk::Config::default()
            },
            engine: Config {
                manner: Manner {
                    recursion_desired: false,
                    accept: Accept::Useful,
                    ..self.engine_config(self.tcp).manner
                },
                ..self.engine_config(self.tcp)
            },
        })
    }

    fn engine_config(&self, tcp: bool) -> Config {
        let mut options = Vec::new();
        let mut option = |code: OptionCode, value: &[u8]| {
            options.extend(code.0.to_be_bytes());
            options.extend((value.len() as u16).to_be_bytes());
            options.extend_from_slice(value);
        };
        if self.nsid {
            option(OptionCode::NSID, &[]);
        }
        if let Some(subnet) = &self.subnet {
            option(OptionCode::ECS, subnet);
        }
        if let Some(cookie) = &self.cookie {
            option(OptionCode::COOKIE, cookie);
        }
        let edns = Edns {
            udp_payload_size: self.bufsize.unwrap_or(1232),
            dnssec_ok: self.dnssec,
            options,
            ..Edns::default()
        };
        Config {
            manner: Manner {
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
            ..Config::default()
        }
    }
}

fn number(option: &str, text: &str, least: u16, most: u16) -> Result<u16, Complaint> {
    match text.parse() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(Complaint::usage(format!(
            "'{text}' is no value of {option}: a number from {least} to {most}"
        ))),
    }
}

/// The cookie option: a client cookie of eight octets, and perhaps a server cookie behind it.
fn cookie(hex: Option<&str>) -> Result<Vec<u8>, Complaint> {
    let Some(hex) = hex else {
        return Ok(rand::random::<[u8; CLIENT_COOKIE]>().to_vec());
    };
    let cookie = data_encoding::HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).ok();
    cookie
        .filter(|cookie| cookie.len() == CLIENT_COOKIE || (16..=40).contains(&cookie.len()))
        .ok_or_else(|| {
            Complaint::usage(format!("'{hex}' is no cookie (RFC 7873)"))
                .hint("16 hexadecimal digits, or 32 to 80 with the cookie of the server")
        })
}

/// The client subnet option (RFC 7871 §6).
fn subnet(text: &str) -> Result<Vec<u8>, Complaint> {
    let wrong = || {
        Complaint::usage(format!("'{text}' is no client subnet"))
            .hint("write ADDR/PREFIX, such as 192.0.2.0/24 or 2001:db8::/56, or 0 for none")
    };
    let text = if text == "0" { "0.0.0.0/0" } else { text };
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().map_err(|_| wrong())?;
    let (family, octets) = match address {
        IpAddr::V4(v4) => (1u16, v4.octets().to_vec()),
        IpAddr::V6(v6) => (2u16, v6.octets().to_vec()),
    };
    let longest = (octets.len() * 8) as u8;
    let prefix: u8 = match prefix {
        Some(prefix) => prefix.parse().ok().filter(|&p| p <= longest).ok_or_else(wrong)?,
        None => longest,
    };
    let mut option = family.to_be_bytes().to_vec();
    option.extend([prefix, 0]);
    // Only as many octets as the prefix needs, and no bit beyond it.
    let kept = usize::from(prefix).div_ceil(8);
    option.extend_from_slice(&octets[..kept]);
    if let (Some(last), 1..) = (option.last_mut().filter(|_| kept > 0), prefix % 8) {
        *last &= 0xFF << (8 - prefix % 8);
    }
    Ok(option)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(words: &[&str]) -> Result<Asked, Complaint> {
        let args = Args {
            words: words.iter().map(ToString::to_string).collect(),
            reverse: None,
            port: DNS_PORT,
            ipv4: false,
            ipv6: false,
            trace: false,
            root_hints: None,
            minimise: false,
            format: Format::Text,
        };
        Asked::read(&args)
    }

    #[test]
    fn words_may_come_in_any_order() {
        for words in [
            &["@192.0.2.1", "example.org", "mx", "ch"][..],
            &["mx", "ch", "example.org", "@192.0.2.1"],
            &["ch", "example.org", "@192.0.2.1", "MX"],
        ] {
            let asked = asked(words).unwrap();
            assert_eq!(asked.name.unwrap().to_string(), "example.org.");
            assert_eq!((asked.rtype, asked.class), (Some(RecordType::MX), Some(Class::CH)));
            assert_eq!(asked.servers.len(), 1);
        }
    }

    #[test]
    fn a_second_word_that_is_a_type_is_a_name() {
        let asked = asked(&["mx", "mx"]).unwrap();
        assert_eq!(
            (asked.name.unwrap().to_string().as_str(), asked.rtype),
            ("mx.", Some(RecordType::MX))
        );
    }

    #[test]
    fn options_are_taken_and_taken_back() {
        let asked = asked(&[
            "+tcp",
            "+notcp",
            "+norec",
            "+nsid",
            "+dnssec",
            "+bufsize=4096",
            "+tries=1",
            "+time=9",
            "+cookie=0011223344556677",
            "+subnet=192.0.2.129/25",
            "+cd",
            "+ad",
            "+ignore",
        ])
        .unwrap();
        let config = asked.engine_config(false);
        assert!(
            !config.manner.recursion_desired
                && config.manner.checking_disabled
                && config.manner.authentic_data
        );
        assert_eq!((config.manner.retries, config.manner.timeout), (0, Duration::from_secs(9)));
        assert_eq!(config.manner.transport, TransportPolicy::UdpOnly);
        let edns = config.manner.edns.unwrap();
        assert!(edns.dnssec_ok);
        assert_eq!(edns.udp_payload_size, 4096);
        assert_eq!(
            edns.options,
            b"\0\x03\0\0\
              \0\x08\0\x08\0\x01\x19\0\xC0\0\x02\x80\
              \0\x0A\0\x08\x00\x11\x22\x33\x44\x55\x66\x77"
        );
    }

    #[test]
    fn what_makes_no_sense_says_so() {
        for (words, sentence) in [
            (&["example.org", "FOO"][..], "'FOO' is no record type"),
            (&["example.org", "A", "example.com"], "one name too many"),
            (&["example.org", "AXFR"], "AXFR cannot be asked"),
            (&["+noedns", "+dnssec"], "+noedns leaves no place"),
            (&["+bufsize=100"], "'100' is no value of +bufsize"),
            (&["+bufsize"], "+bufsize needs a value"),
            (&["+multiline"], "'+multiline' is no option"),
            (&["+subnet=192.0.2.0/33"], "is no client subnet"),
            (&["+cookie=00"], "is no cookie"),
            (&["@192.0.2.1:x"], "invalid server"),
            (&["a..b"], "'a..b' is no name"),
        ] {
            let complaint = asked(words).unwrap_err();
            assert!(complaint.sentence.contains(sentence), "{words:?}: {}", complaint.sentence);
        }
    }
}
