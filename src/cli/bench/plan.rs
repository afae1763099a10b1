//! From options to what is to be measured.

use std::io::{self, IsTerminal as _};
use std::net::{IpAddr, SocketAddr};
use std::num::{NonZeroU16, NonZeroU32};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::args::{Args, ArrivalsName, Family, Format, Mode};
use super::refused::most_in_flight;
use crate::bench::{Arrivals, OpenLoop, Output, Plan, Source};
use crate::cli::cli_error::CliError;
use crate::cli::input::{self, Input};
use crate::cli::output::{self, Writer};
use crate::cli::servers::{Families, Form, parse_server, resolve};
use crate::engine::{Accept, Edns, EngineConfig, QueryProfile, TransportPolicy, Window};
use crate::net;

/// dnsperf's, where the user says nothing.
const TIMEOUT: Duration = Duration::from_secs(5);
const OUTSTANDING: u32 = 100;
/// The length of an interval, unless -S sets it.
const INTERVAL: Duration = Duration::from_secs(1);
/// What dnsperf announces with EDNS.
const UDP_PAYLOAD_SIZE: u16 = 4096;
/// Queries a second to a server with a public address, where the user names no rate: what a resolver of
/// modest size and a home router bear.
const POLITE_RATE: f64 = 1_000.0;
/// Queries that an engine has ready for when there is room.
const AHEAD: usize = 1024;

/// A plan, and what is to be said before it is carried out.
pub(super) struct Planned {
    pub plan: Plan,
    pub notes: Vec<String>,
}

impl Args {
    /// The plan. Everything is opened that it reads.
    pub(super) fn plan(&self) -> Result<Planned, CliError> {
        let mut notes = Vec::new();
        let servers = self.servers()?;
        let public = servers.iter().find(|server| is_public(server.ip()));
        let rate = match (self.rate, public) {
            (None, Some(server)) if self.open_loop.is_none() => {
                let each = if servers.len() == 1 { "" } else { " to each server" };
                notes.push(format!(
                    "at most {POLITE_RATE} queries a second{each}, because {} is a public address; -Q \
                     sets another limit",
                    server.ip()
                ));
                Some(POLITE_RATE)
            }
            (rate, _) => rate.map(f64::from),
        };
        let threads = self.useful_threads();
        if threads < self.threads {
            notes.push(format!(
                "{threads} of {} threads are used: each needs a client of its own (-c), and a part of -q \
                 and of -Q",
                self.threads
            ));
        }
        let source = self.source(&mut notes)?;
        let lines = output::standard()?;
        let passes = match (self.runs, self.limit) {
            (None, None) => Some(1),
            (runs, _) => runs,
        };
        let plan = Plan {
            source,
            passes: passes.and_then(NonZeroU32::new),
            duration: self.limit,
            warmup: self.warmup.unwrap_or_default(),
            open_loop: self.open_loop.map(|rate| OpenLoop {
                rate,
                arrivals: match self.arrivals {
                    ArrivalsName::Constant => Arrivals::Constant,
                    ArrivalsName::Poisson => Arrivals::Poisson,
                },
            }),
            blocks: self.format == Format::Json || self.baseline.is_some(),
            interval: self.stats_interval.or(self.intervals.is_some().then_some(INTERVAL)),
            servers,
            engine: self.engine_config(rate),
            net: net::Options {
                bind: self.local,
                port: self.local_port,
                buffers: self.buffers.map(|kilobytes| kilobytes as usize * 1024),
                tcp_connections: u16::try_from(usize::from(self.clients) * self.servers.len())
                    .unwrap_or(u16::MAX),
                tcp_pipeline: u16::MAX,
                tcp_queries: self.long_option,
                ..net::Options::default()
            },
            clients: NonZeroU16::new(self.clients).unwrap_or(NonZeroU16::MIN),
            threads,
            verbose: self.verbose,
            output: Output {
                label: lines.label.clone(),
                write: Box::new(Writer(Arc::clone(&lines))),
            },
        };
        Ok(Planned { plan, notes })
    }

    /// Queries outstanding at once.
    fn window(&self) -> usize {
        let window = match self.open_loop {
            Some(_) => self.max_in_flight.unwrap_or_else(|| most_in_flight(self)),
            None => self.outstanding.unwrap_or(OUTSTANDING),
        };
        window as usize
    }

    /// Threads that all have something to do.
    fn useful_threads(&self) -> u16 {
        let small = |limit: usize| u16::try_from(limit).unwrap_or(u16::MAX);
        let rate = self.rate.map_or(u16::MAX, |rate| small(rate as usize));
        self.threads.min(self.clients).min(small(self.window())).min(rate)
    }

    fn servers(&self) -> Result<Vec<SocketAddr>, CliError> {
        let mut servers: Vec<SocketAddr> = Vec::new();
        for text in &self.servers {
            let server = self.server(text)?;
            if servers.contains(&server) {
                return Err(CliError::usage(format!(
                    "-s names the server {server} more than once"
                )));
            }
            servers.push(server);
        }
        Ok(servers)
    }

    fn server(&self, text: &str) -> Result<SocketAddr, CliError> {
        let form = Form { server: "-s SERVER", tcp: "-m tcp", list: None };
        let spec = parse_server(text, form)?;
        if spec.tcp {
            return Err(CliError::usage("-s takes a server without tcp://"));
        }
        let families = match self.family {
            Family::Any => Families::Both,
            Family::Inet => Families::Only4,
            Family::Inet6 => Families::Only6,
        };
        let addresses = resolve(&spec, self.port, families)?;
        let suits = |address: &&SocketAddr| {
            self.local.is_none_or(|local| local.is_ipv4() == address.is_ipv4())
        };
        addresses.iter().find(suits).copied().ok_or_else(|| {
            let local = self.local.map(|local| local.to_string()).unwrap_or_default();
            CliError::usage(format!("server '{text}' has no address of the family of -a {local}"))
        })
    }

    fn source(&self, notes: &mut Vec<String>) -> Result<Source, CliError> {
        let Input { label, read, size } = input::open(&self.data)?;
        if self.data == Path::new("-") && io::stdin().is_terminal() {
            notes.push("reading queries from the terminal; Ctrl-D ends them".to_owned());
        }
        // What has a size is a file that can be read again.
        let again = size.map(|_| self.data.clone());
        Ok(Source { label, read, again })
    }

    fn engine_config(&self, rate: Option<f64>) -> EngineConfig {
        let with_edns = self.edns || self.dnssec || self.edns_option.is_some();
        let edns = with_edns.then(|| Edns {
            udp_payload_size: UDP_PAYLOAD_SIZE,
            dnssec_ok: self.dnssec,
            options: self.edns_option.clone().map(|option| option.0).unwrap_or_default(),
            ..Edns::default()
        });
        let outstanding = self.window();
        EngineConfig {
            profile: QueryProfile {
                timeout: self.timeout.unwrap_or(TIMEOUT),
                retries: 0,
                edns,
                transport: match self.mode {
                    Mode::Tcp => TransportPolicy::TcpOnly,
                    _ => TransportPolicy::UdpOnly,
                },
                accept: Accept::Anything,
                ..QueryProfile::default()
            },
            window: Window::Strict(outstanding),
            rate,
            // A client keeps its port.
            socket_life: None,
            // What cannot be sent is counted, and the run goes on.
            give_up_after: Some(Duration::ZERO),
            capacity: outstanding.saturating_mul(self.servers.len()).saturating_add(AHEAD),
            ..EngineConfig::default()
        }
    }
}

/// Whether an address may be that of somebody else's server on the Internet.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            let is_shared = a == 100 && (64..128).contains(&b);
            !(v4.is_loopback()
                || v4.is_private()
                || v4.is_link_local()
                || v4.is_unspecified()
                || is_shared)
        }
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_public(v4.into()),
            None => {
                !(v6.is_loopback()
                    || v6.is_unspecified()
                    || v6.is_unique_local()
                    || v6.is_unicast_link_local())
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_networks_of_ones_own_are_not_public() {
        for (address, public) in [
            ("127.0.0.1", false),
            ("10.1.2.3", false),
            ("172.16.0.1", false),
            ("172.32.0.1", true),
            ("192.168.1.1", false),
            ("100.64.0.1", false),
            ("100.128.0.1", true),
            ("169.254.1.1", false),
            ("192.0.2.53", true),
            ("8.8.8.8", true),
            ("::1", false),
            ("fd00::1", false),
            ("fe80::1", false),
            ("2001:db8::1", true),
            ("::ffff:10.0.0.1", false),
            ("::ffff:8.8.8.8", true),
        ] {
            assert_eq!(is_public(address.parse().unwrap()), public, "{address}");
        }
    }
}
