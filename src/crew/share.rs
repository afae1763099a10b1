//! How limits are shared among workers.

use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::time::Duration;

use crate::engine::{self, EngineConfig};
use crate::net;

/// What the workers of a crew have in common.
pub struct Setup {
    /// The servers that each engine knows from the start.
    pub servers: Vec<SocketAddr>,
    /// How each exchange is carried out. Rates and a fixed window are for all workers together.
    pub engine: EngineConfig,
    /// The sockets of each worker.
    pub net: net::Options,
    /// UDP sockets, and TCP connections to a server, of all workers together, of which each has a part;
    /// by default each has as many as [`Self::net`] says.
    pub sockets: Option<NonZeroU16>,
    /// How many workers there are at most, each with a thread of its own.
    pub threads: u16,
    /// A worker is silent when no server has answered it for so long.
    pub silence: Duration,
}

/// How many workers there can be, so that each has a whole part of every limit for all of them.
pub(super) fn threads(setup: &Setup) -> usize {
    let (wanted, config) = (setup.threads, &setup.engine);
    let window = config.window.fixed().unwrap_or(usize::MAX);
    let sockets = setup.sockets.map_or(usize::MAX, |sockets| sockets.get().into());
    // A worker sends its first query at once, whatever its rate.
    let rates = [config.rate, config.rate_per_server].into_iter().flatten();
    let rate = rates.fold(f64::INFINITY, f64::min) as usize;
    usize::from(wanted).min(window).min(sockets).min(rate).max(1)
}

/// The part of the limits for all workers that falls to one of them.
pub(super) fn share_of(config: &EngineConfig, number: usize, threads: usize) -> EngineConfig {
    let mut config = config.clone();
    let share = |rate: f64| rate / threads as f64;
    config.rate = config.rate.map(share);
    config.rate_per_server = config.rate_per_server.map(share);
    if let engine::Window::Fixed(window) | engine::Window::Strict(window) = &mut config.window {
        *window = part(*window, number, threads);
    }
    config
}

/// The sockets that fall to one of the workers.
pub(super) fn sockets_of(setup: &Setup, number: usize, threads: usize) -> net::Options {
    let mut options = setup.net.clone();
    if let Some(sockets) = setup.sockets {
        let part = |number| part(sockets.get().into(), number, threads) as u16;
        options.sockets = part(number);
        options.tcp_connections_per_server = part(number);
        // The ports of those before are next to each other as well.
        let before: u16 = (0..number).map(part).sum();
        options.port = options.port.map(|port| port.saturating_add(before));
    }
    options
}

/// The part of a whole that falls to one of several: all but equal parts.
fn part(whole: usize, number: usize, parts: usize) -> usize {
    whole / parts + usize::from(number < whole % parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Window;

    fn setup(engine: EngineConfig) -> Setup {
        Setup {
            servers: Vec::new(),
            engine,
            net: net::Options::default(),
            sockets: None,
            threads: 1,
            silence: Duration::MAX,
        }
    }

    #[test]
    fn workers_share_sockets_on_ports_next_to_each_other() {
        let setup = Setup {
            net: net::Options { port: Some(40_000), ..net::Options::default() },
            sockets: NonZeroU16::new(7),
            threads: 3,
            ..setup(EngineConfig::default())
        };
        let threads = threads(&setup);
        let shares = (0..threads).map(|number| sockets_of(&setup, number, threads));
        let shares: Vec<_> = shares.map(|share| (share.port.unwrap(), share.sockets)).collect();
        assert_eq!(shares, [(40_000, 3), (40_003, 2), (40_005, 2)]);
        let setup = Setup { threads: 9, ..setup };
        assert_eq!(super::threads(&setup), 7, "no worker without a socket");
    }

    #[test]
    fn workers_share_a_limit_and_never_exceed_it() {
        for (wanted, window, rate, expected) in [
            (4, Window::Fixed(1), None, 1),
            (4, Window::Fixed(3), None, 3),
            (4, Window::Fixed(10), None, 4),
            (4, Window::Adaptive, Some(0.5), 1),
            (4, Window::Adaptive, Some(2.5), 2),
            (4, Window::Adaptive, Some(1e9), 4),
            (4, Window::Adaptive, None, 4),
            (0, Window::Adaptive, None, 1),
        ] {
            let config = EngineConfig { window, rate, ..EngineConfig::default() };
            let setup = Setup { threads: wanted, ..setup(config.clone()) };
            let threads = threads(&setup);
            assert_eq!(threads, expected, "{wanted} {window:?} {rate:?}");
            let shares: Vec<_> =
                (0..threads).map(|number| share_of(&config, number, threads)).collect();
            if let Window::Fixed(all) = window {
                let parts = shares.iter().map(|share| match share.window {
                    Window::Fixed(part) => part,
                    _ => panic!("a fixed window stays fixed"),
                });
                assert_eq!(parts.clone().sum::<usize>(), all);
                assert!(parts.clone().max() <= parts.min().map(|least| least + 1));
            }
            if let Some(all) = rate {
                let sum: f64 = shares.iter().filter_map(|share| share.rate).sum();
                assert!((sum / all - 1.0).abs() < 1e-9);
            }
        }
    }
}
