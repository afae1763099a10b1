//! The servers of a command: those of its arguments and lists, or the system's own.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::path::Path;

use super::cli_error::CliError;
use super::input::{label_of, read_up_to, read_utf8, read_utf8_up_to};
use super::notes::note;
use super::shell::shell_word;
use crate::names::resolv_conf::read_resolv_conf;
pub(super) use crate::names::servers::DNS_PORT;
use crate::names::servers::{
    ServerError, ServerHost, ServerSpec, read_server_list, reject_address,
};
use crate::walk::Hints;

/// Where the system keeps its resolvers.
const RESOLV_CONF: &str = "/etc/resolv.conf";
/// The octets of that, and of a list of servers, at most.
const LONGEST_RESOLV_CONF: u64 = 1 << 20;
const LONGEST_LIST: u64 = 64 << 20;
/// How many lines that were skipped, and doubtful addresses, are told one by one.
const SKIPPED_TOLD: usize = 5;
const DOUBTS_TOLD: usize = 3;

/// Address families that may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Families {
    #[default]
    Both,
    Only4,
    Only6,
}

impl Families {
    /// What the options `-4` and `-6` allow.
    pub(super) fn of(only4: bool, only6: bool) -> Self {
        match (only4, only6) {
            (true, _) => Self::Only4,
            (_, true) => Self::Only6,
            _ => Self::Both,
        }
    }

    fn allow(self, address: IpAddr) -> bool {
        match self {
            Self::Both => true,
            Self::Only4 => address.is_ipv4(),
            Self::Only6 => address.is_ipv6(),
        }
    }
}

/// How a command wants servers and TCP to be written, for hints.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    pub server: &'static str,
    pub tcp: &'static str,
    /// The option that reads servers from a file, if there is one.
    pub list: Option<&'static str>,
}

impl From<ServerError> for CliError {
    fn from(error: ServerError) -> Self {
        Self::usage(error.to_string()).hint(error.hint())
    }
}

/// Reads a server of the command line. A host name that is the name of a file is none: the DNS is
/// not asked for `resolvers.txt`.
pub(super) fn parse_server(text: &str, form: Form) -> Result<ServerSpec, CliError> {
    let parsed = ServerSpec::parse(text);
    let may_be_file = match &parsed {
        Ok(spec) => {
            matches!(&spec.host, ServerHost::Name(name) if name == text && !name.ends_with('.'))
        }
        Err(_) => true,
    };
    if may_be_file && Path::new(text).is_file() {
        let hint = match form.list {
            Some(option) => {
                format!("use {option} {} to read servers from a file", shell_word(text))
            }
            None => format!("give each server with {}", form.server),
        };
        let sentence = format!("'{text}' is a file, not a server");
        let or_else = if parsed.is_ok() {
            format!("; a host of that name is '{text}.'")
        } else {
            String::new()
        };
        return Err(CliError::usage(sentence).hint(hint + &or_else));
    }
    Ok(parsed?)
}

/// The addresses of a server, host names and zones resolved by the system.
pub(super) fn resolve(
    spec: &ServerSpec,
    port: u16,
    families: Families,
) -> Result<Vec<SocketAddr>, CliError> {
    let port = spec.port.unwrap_or(port);
    let host = spec.host.to_string();
    let addresses: Vec<SocketAddr> = match &spec.host {
        ServerHost::Address(address) => vec![SocketAddr::new(*address, port)],
        ServerHost::Zoned(address, zone) => (host.as_str(), port)
            .to_socket_addrs()
            .map_err(|_| {
                CliError::usage(format!(
                    "server '{address}%{zone}': no interface is called '{zone}'"
                ))
                .hint("`ip link` lists the interfaces of this machine")
            })?
            .collect(),
        ServerHost::Name(name) => {
            let found = (name.as_str(), port).to_socket_addrs().map_err(|error| {
                CliError::could_not(format!("cannot resolve server name '{name}': {error}"))
                    .hint("give the address of the server")
            })?;
            let (usable, others): (Vec<_>, Vec<_>) = found.partition(|address| {
                // The system knows the interface of a link-local address that it gives.
                let zoned = matches!(address, SocketAddr::V6(v6) if v6.scope_id() != 0);
                zoned || reject_address(address.ip()).is_none()
            });
            if let (true, Some(other)) = (usable.is_empty(), others.first()) {
                return Err(CliError::usage(format!(
                    "server '{name}' has the address {}, which cannot be queried",
                    other.ip()
                ))
                .hint("give the address of the server"));
            }
            usable
        }
    };
    let allowed: Vec<SocketAddr> =
        addresses.into_iter().filter(|address| families.allow(address.ip())).collect();
    if allowed.is_empty() {
        return Err(CliError::usage(format!(
            "server '{host}' has no address of the requested family"
        )));
    }
    Ok(allowed)
}

/// Reads a list of servers from a file; `-` is standard input.
pub(super) fn read_list(path: &Path) -> Result<Vec<ServerSpec>, CliError> {
    let octets = read_utf8_up_to(path, LONGEST_LIST)?;
    let label = label_of(path);
    if octets.len() as u64 > LONGEST_LIST {
        let sentence =
            format!("{label}: more than {} MiB, not a list of servers", LONGEST_LIST >> 20);
        return Err(CliError::usage(sentence));
    }
    read_server_list(&octets).map_err(|error| CliError::in_file(&label, &error).hint(error.hint()))
}

/// The servers of the root: those of the Internet, or those that a file names.
pub(super) fn read_hints(file: Option<&Path>) -> Result<Hints, CliError> {
    let Some(file) = file else { return Ok(Hints::built_in()) };
    Hints::from_text(&read_utf8(file)?).map_err(|error| CliError::in_file(&label_of(file), error))
}

/// Resolvers to ask.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Resolvers {
    /// Each once; never empty.
    pub addresses: Vec<SocketAddr>,
    /// Over TCP only.
    pub tcp: bool,
    /// Nobody named them.
    pub of_the_system: bool,
    /// Hints for the case that none of them answers.
    pub doubts: Vec<String>,
}

/// The resolvers that were named or, if there are none, those of the system.
pub(super) fn resolvers(
    specs: &[ServerSpec],
    mut tcp: bool,
    port: u16,
    families: Families,
    form: Form,
) -> Result<Resolvers, CliError> {
    if specs.is_empty() {
        let addresses = of_the_system(port, families)
            .map_err(|cli_error| cli_error.hint(format!("give a server with {}", form.server)))?;
        return Ok(Resolvers { addresses, tcp, of_the_system: true, doubts: Vec::new() });
    }
    let over_tcp = specs.iter().filter(|spec| spec.tcp).count();
    if over_tcp > 0 && over_tcp < specs.len() && !tcp {
        return Err(CliError::usage("tcp:// must be on all servers or on none")
            .hint(format!("write it on all of them, or use {}", form.tcp)));
    }
    tcp |= over_tcp > 0;
    let (mut seen, mut addresses) = (HashSet::new(), Vec::new());
    for spec in specs {
        let found = resolve(spec, port, families)?;
        addresses.extend(found.into_iter().filter(|&address| seen.insert(address)));
    }
    Ok(Resolvers { addresses, tcp, of_the_system: false, doubts: doubts(specs, port) })
}

/// What is to be said of addresses that end as a port does, if nothing answers.
fn doubts(specs: &[ServerSpec], port: u16) -> Vec<String> {
    let suspects = specs.iter().filter_map(|spec| Some((spec, spec.perhaps_with_port()?)));
    suspects
        .take(DOUBTS_TOLD)
        .map(|(spec, (address, meant))| {
            let host = &spec.host;
            format!("querying {host} at port {port}; for port {meant}, write [{address}]:{meant}")
        })
        .collect()
}

/// The system's own resolvers, each once. Lines of its list that cannot be used are told.
pub(super) fn of_the_system(port: u16, families: Families) -> Result<Vec<SocketAddr>, CliError> {
    let none = |why: &str| CliError::could_not(format!("{RESOLV_CONF}: {why}"));
    let octets = read_up_to(Path::new(RESOLV_CONF), LONGEST_RESOLV_CONF)
        .map_err(|error| CliError::could_not(format!("the system's resolvers: {error}")))?;
    let conf = read_resolv_conf(&octets);
    for skipped in conf.skipped.iter().take(SKIPPED_TOLD) {
        note(&format!("{RESOLV_CONF}, {skipped}"));
    }
    if let more @ 1.. = conf.skipped.len().saturating_sub(SKIPPED_TOLD) {
        note(&format!("{RESOLV_CONF}: {more} more lines are skipped"));
    }
    let mut servers = Vec::new();
    for spec in &conf.servers {
        match resolve(spec, port, families) {
            Ok(addresses) => {
                for address in addresses {
                    if !servers.contains(&address) {
                        servers.push(address);
                    }
                }
            }
            // Of the other family, as the user wants it.
            Err(_) if !allows(families, spec) => {}
            Err(cli_error) => note(&format!("{RESOLV_CONF}: {cli_error}")),
        }
    }
    if servers.is_empty() {
        return Err(none("contains no usable name server"));
    }
    Ok(servers)
}

fn allows(families: Families, spec: &ServerSpec) -> bool {
    match &spec.host {
        ServerHost::Address(address) => families.allow(*address),
        ServerHost::Zoned(..) => families != Families::Only4,
        ServerHost::Name(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: Form = Form { server: "-r SERVER", tcp: "--tcp", list: Some("-R") };

    #[test]
    fn addresses_have_the_port_of_the_command_unless_they_have_their_own() {
        for (text, address) in [
            ("192.0.2.1", "192.0.2.1:53"),
            ("[2001:db8::1]:5353", "[2001:db8::1]:5353"),
            ("fe80::1%1", "[fe80::1%1]:53"),
        ] {
            let spec = parse_server(text, FORM).unwrap();
            let resolved = resolve(&spec, DNS_PORT, Families::Both).unwrap();
            assert_eq!(resolved, vec![address.parse().unwrap()], "{text}");
        }
    }

    #[test]
    fn the_zone_of_an_address_is_the_interface_of_that_name() {
        let zoned = |text| resolve(&parse_server(text, FORM).unwrap(), 53, Families::Both);
        assert_eq!(zoned("[fe80::1%lo]:54").unwrap(), ["[fe80::1%1]:54".parse().unwrap()]);
        let cli_error = zoned("fe80::1%nowhere9").unwrap_err();
        assert!(cli_error.sentence.contains("no interface is called 'nowhere9'"), "{cli_error}");
    }

    #[test]
    fn only_addresses_of_the_family_that_was_asked_for_are_used() {
        let spec = parse_server("192.0.2.1", FORM).unwrap();
        assert!(resolve(&spec, DNS_PORT, Families::Only4).is_ok());
        assert!(resolve(&spec, DNS_PORT, Families::Only6).is_err());
    }

    #[test]
    fn an_address_that_was_perhaps_one_with_a_port_is_doubted() {
        for (text, doubt) in [
            ("::1:5300", Some("querying ::1:5300 at port 53; for port 5300, write [::1]:5300")),
            ("[::1]:5300", None),
            ("2001:db8::53", None),
        ] {
            let specs = [parse_server(text, FORM).unwrap()];
            let found = resolvers(&specs, false, DNS_PORT, Families::Both, FORM).unwrap();
            assert_eq!(found.doubts.first().map(String::as_str), doubt, "{text}");
        }
    }

    #[test]
    fn servers_are_asked_once_each_and_all_over_tcp_or_none() {
        let named = |texts: &[&str], tcp| {
            let specs: Vec<ServerSpec> =
                texts.iter().map(|text| parse_server(text, FORM).unwrap()).collect();
            resolvers(&specs, tcp, DNS_PORT, Families::Both, FORM)
        };
        let found = named(&["192.0.2.1", "192.0.2.2", "192.0.2.1:53"], false).unwrap();
        assert_eq!((found.addresses.len(), found.tcp, found.of_the_system), (2, false, false));
        assert!(named(&["tcp://192.0.2.1"], false).unwrap().tcp);
        assert!(named(&["tcp://192.0.2.1", "192.0.2.2"], true).unwrap().tcp);
        let cli_error = named(&["tcp://192.0.2.1", "192.0.2.2"], false).unwrap_err();
        assert_eq!(cli_error.hint.as_deref(), Some("write it on all of them, or use --tcp"));
    }
}
