//! How many queries a second a scan may send, to one server and to all of them.

use std::net::IpAddr;
use std::str::FromStr;

use super::notes::note;
use super::summary::grouped;
use crate::scan::Targets;

/// Queries a second to one server, and to all of them, unless the user says otherwise: what a
/// resolver of modest size and a home router bear.
const POLITE_RATE_PER_SERVER: f64 = 1_000.0;
const POLITE_RATE: f64 = 20_000.0;
/// The same to an authoritative server that an iterative scan comes upon: nobody there knows us.
const POLITE_RATE_PER_AUTHORITATIVE: f64 = 100.0;

/// Queries a second as the user writes them; `None` for no limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate(Option<f64>);

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "unlimited" {
            return Ok(Self(None));
        }
        match text.parse::<f64>() {
            Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(Self(Some(rate))),
            _ => Err("expected `unlimited` or a number above 0".to_owned()),
        }
    }
}

/// The limits that hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Limits {
    pub(super) total: Option<Limit>,
    pub(super) per_server: Option<Limit>,
}

/// Queries a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Limit {
    pub(super) rate: f64,
    /// The user did not set it.
    by_default: bool,
}

impl Limits {
    /// What `--rate` and `--rate-per-server` mean for these servers. One server is limited by whichever
    /// of the two is given. Of several, strangers at that, `--rate` says only what all may get together.
    pub(super) fn new(
        rate: Option<Rate>,
        rate_per_server: Option<Rate>,
        targets: &Targets,
        of_the_system: bool,
    ) -> Self {
        let by_default = |rate| Some(Limit { rate, by_default: true });
        let set = |rate: Rate| rate.0.map(|rate| Limit { rate, by_default: false });
        let polite = of_the_system || !is_within_this_machine(targets);
        let (one, polite_per_server) = match targets {
            Targets::Resolvers(servers) => (servers.len() == 1, POLITE_RATE_PER_SERVER),
            Targets::Iterative(_) => (false, POLITE_RATE_PER_AUTHORITATIVE),
        };
        let total = match (rate, rate_per_server) {
            (Some(rate), _) => set(rate),
            (None, _) if one || !polite => None,
            (None, _) => by_default(POLITE_RATE),
        };
        let per_server = match (rate, rate_per_server) {
            (_, Some(rate)) => set(rate),
            (Some(Rate(None)), None) => None,
            (Some(_), None) if one => None,
            (_, None) if !polite => None,
            (_, None) => by_default(polite_per_server),
        };
        Self { total, per_server }
    }

    /// Says which limits hold.
    pub(super) fn announce(&self, targets: &Targets) {
        let one = matches!(targets, Targets::Resolvers(servers) if servers.len() == 1);
        if let Some(sentence) = self.sentence(one) {
            note(&sentence);
        }
    }

    fn sentence(&self, one: bool) -> Option<String> {
        let limits = [(self.per_server, " to one server"), (self.total, " in total")];
        let mut parts: Vec<String> = Vec::new();
        for (limit, to) in limits {
            let Some(Limit { rate, by_default }) = limit else { continue };
            let what = if parts.is_empty() { " queries per second" } else { "" };
            let to = if one { "" } else { to };
            let by_default = if by_default { " (by default)" } else { "" };
            parts.push(format!("{}{what}{to}{by_default}", shown(rate)));
        }
        if one && parts.len() == 2 {
            // The lower one is what holds.
            let rate = self.total?.rate.min(self.per_server?.rate);
            parts = vec![format!("{} queries per second", shown(rate))];
        }
        if parts.is_empty() {
            return None;
        }
        let mut sentence = format!("at most {}", parts.join(" and "));
        if limits.iter().any(|(limit, _)| limit.is_some_and(|limit| limit.by_default)) {
            let options =
                if one { "--rate sets another" } else { "--rate and --rate-per-server set other" };
            sentence.push_str(&format!("; {options} limit{}", if one { "" } else { "s" }));
        }
        Some(sentence)
    }
}

/// Whether nobody else is harmed by a flood.
fn is_within_this_machine(targets: &Targets) -> bool {
    match targets {
        Targets::Resolvers(servers) => servers.iter().all(|server| server.ip().is_loopback()),
        Targets::Iterative(from) => {
            from.hints.servers().flat_map(|(_, addresses)| addresses).all(IpAddr::is_loopback)
        }
    }
}

fn shown(rate: f64) -> String {
    if rate.fract() == 0.0 && rate < 1e15 { grouped(rate as u64) } else { rate.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::FromRoot;
    use crate::walk::{Hints, WalkConfig};

    const STRANGERS: &[&str] = &[];
    const ONE: &[&str] = &["192.0.2.1:53"];
    const TWO: &[&str] = &["192.0.2.1:53", "127.0.0.1:53"];
    const LOCAL: &[&str] = &["127.0.0.1:53", "[::1]:53"];
    const STUB: &[&str] = &["127.0.0.53:53"];

    /// No servers are an iterative scan.
    fn targets(servers: &[&str]) -> Targets {
        if servers.is_empty() {
            let from = FromRoot { hints: Hints::built_in(), walk: WalkConfig::default() };
            return Targets::Iterative(Box::new(from));
        }
        Targets::Resolvers(servers.iter().map(|server| server.parse().unwrap()).collect())
    }

    #[test]
    fn limits_mean_what_they_say_and_are_told() {
        let by_default = "; --rate and --rate-per-server set other limits";
        for (servers, all, each, total, per_server, said) in [
            (
                ONE,
                "",
                "",
                None,
                Some(1_000.0),
                "at most 1,000 queries per second (by default); --rate sets another limit",
            ),
            (ONE, "5000", "", Some(5_000.0), None, "at most 5,000 queries per second"),
            (ONE, "unlimited", "", None, None, ""),
            (ONE, "", "30000", None, Some(30_000.0), "at most 30,000 queries per second"),
            (ONE, "", "unlimited", None, None, ""),
            (ONE, "7.5", "90", Some(7.5), Some(90.0), "at most 7.5 queries per second"),
            (
                TWO,
                "",
                "",
                Some(20_000.0),
                Some(1_000.0),
                "at most 1,000 queries per second to one server (by default) and 20,000 in total (by default)…",
            ),
            (
                TWO,
                "5",
                "",
                Some(5.0),
                Some(1_000.0),
                "at most 1,000 queries per second to one server (by default) and 5 in total…",
            ),
            (TWO, "unlimited", "", None, None, ""),
            (
                TWO,
                "",
                "7.5",
                Some(20_000.0),
                Some(7.5),
                "at most 7.5 queries per second to one server and 20,000 in total (by default)…",
            ),
            (
                TWO,
                "",
                "unlimited",
                Some(20_000.0),
                None,
                "at most 20,000 queries per second in total (by default)…",
            ),
            (TWO, "unlimited", "9", None, Some(9.0), "at most 9 queries per second to one server"),
            (
                TWO,
                "5",
                "6",
                Some(5.0),
                Some(6.0),
                "at most 6 queries per second to one server and 5 in total",
            ),
            (
                STRANGERS,
                "",
                "",
                Some(20_000.0),
                Some(100.0),
                "at most 100 queries per second to one server (by default) and 20,000 in total (by default)…",
            ),
            (
                STRANGERS,
                "5000",
                "",
                Some(5_000.0),
                Some(100.0),
                "at most 100 queries per second to one server (by default) and 5,000 in total…",
            ),
            (STRANGERS, "unlimited", "", None, None, ""),
            (
                STRANGERS,
                "",
                "500",
                Some(20_000.0),
                Some(500.0),
                "at most 500 queries per second to one server and 20,000 in total (by default)…",
            ),
            (LOCAL, "", "", None, None, ""),
            (LOCAL, "5", "", Some(5.0), None, "at most 5 queries per second in total"),
            (LOCAL, "", "6", None, Some(6.0), "at most 6 queries per second to one server"),
        ] {
            let targets = targets(servers);
            let rate = |text: &str| (!text.is_empty()).then(|| text.parse::<Rate>().unwrap());
            let limits = Limits::new(rate(all), rate(each), &targets, false);
            let rates = |limit: Option<Limit>| limit.map(|limit| limit.rate);
            let case = format!("{servers:?} --rate '{all}' --rate-per-server '{each}'");
            assert_eq!(
                (rates(limits.total), rates(limits.per_server)),
                (total, per_server),
                "{case}"
            );
            let sentence = limits.sentence(servers.len() == 1).unwrap_or_default();
            assert_eq!(sentence, said.replace('…', by_default), "{case}");
        }
    }

    #[test]
    fn a_resolver_of_the_system_is_spared_wherever_it_is() {
        // What listens there asks the router, or the provider.
        let limits = Limits::new(None, None, &targets(STUB), true);
        assert_eq!(limits.per_server.map(|limit| limit.rate), Some(POLITE_RATE_PER_SERVER));
        assert_eq!(Limits::new(None, None, &targets(STUB), false).per_server, None);
    }

    #[test]
    fn rates_that_are_none_are_refused() {
        for text in ["0", "-1", "NaN", "inf", "fast", ""] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }
}
