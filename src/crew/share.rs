//! How limits are shared among workers.

use std::net::SocketAddr;
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
    /// How many workers there are at most, each with a thread of its own.
    pub threads: u16,
    /// A worker is silent when no server has answered it for so long.
    pub silence: Duration,
}

/// How many workers there can be, so that each has a whole part of every limit for all of them.
pub(super) fn threads(wanted: u16, config: &EngineConfig) -> usize {
    let window = match config.window {
        engine::Window::Fixed(window) => window,
        engine::Window::Adaptive => usize::MAX,
    };
    // A worker sends its first query at once, whatever its rate.
    let rates = [config.rate, config.rate_per_server].into_iter().flatten();
    let rate = rates.fold(f64::INFINITY, f64::min) as usize;
    usize::from(wanted).min(window).min(rate).max(1)
}

/// The part of the limits for all workers that falls to one of them.
pub(super) fn share_of(config: &EngineConfig, number: usize, threads: usize) -> EngineConfig {
    let mut config = config.clone();
    let share = |rate: f64| rate / threads as f64;
    config.rate = config.rate.map(share);
    config.rate_per_server = config.rate_per_server.map(share);
    if let engine::Window::Fixed(window) = &mut config.window {
        let rest = usize::from(number < *window % threads);
        *window = *window / threads + rest;
    }
    config
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Window;

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
            let threads = threads(wanted, &config);
            assert_eq!(threads, expected, "{wanted} {window:?} {rate:?}");
            let shares: Vec<_> =
                (0..threads).map(|number| share_of(&config, number, threads)).collect();
            if let Window::Fixed(all) = window {
                let parts = shares.iter().map(|share| match share.window {
                    Window::Fixed(part) => part,
                    Window::Adaptive => panic!("a fixed window stays fixed"),
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
