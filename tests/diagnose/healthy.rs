//! Nothing is wrong, and nothing above a notice is said.

use std::time::Duration;

use dnsonde::diagnose::report::Verdict;
use dnsonde::engine::Time;

use crate::harness::{RESOLVER, SERVER, diagnose, diagnose_from, world};

/// Runs of each world.
fn runs() -> u64 {
    std::env::var("DNSONDE_RUNS").map_or(2, |text| text.parse().expect("a number of runs"))
}

/// Worlds in which nothing is wrong, by name.
const WORLDS: [(&str, &str); 6] = [
    ("nothing at all", ""),
    (
        "2 % jitter spikes",
        "[[faults]]\nshare = 0.02\neffect = { delay = { ms = 20, to_ms = 400 } }\n",
    ),
    ("a rate limit that is never reached", "[[faults]]\nabove_qps = 1000\neffect = \"drop\"\n"),
    (
        "a slow cold cache",
        "[[faults]]\nserver = [\"tld\", \"root\"]\neffect = { delay = { ms = 350 } }\n",
    ),
    (
        "odd types are refused",
        "[[faults]]\nserver = \"isp\"\nknown_type = false\neffect = \"refuse\"\n",
    ),
    (
        "responses of some names are blocked",
        "[[faults]]\nserver = \"isp\"\nby_name = true\nshare = 0.01\neffect = \"nxdomain\"\n",
    ),
];

#[test]
fn healthy_servers_are_healthy() {
    for (name, faults) in WORLDS {
        let world = world(faults);
        for seed in 0..runs() {
            for target in [RESOLVER, SERVER, "example.com --budget 300"] {
                let words = match target {
                    SERVER => format!("{target} --name example.com"),
                    _ => target.to_owned(),
                };
                let found = diagnose(&world, &words, seed);
                assert_eq!(found.problems(), [] as [&str; 0], "{name}, {words}, seed {seed}");
                assert_eq!(found.report.verdict, Verdict::Healthy, "{name}, {words}, seed {seed}");
            }
        }
    }
}

#[test]
fn a_second_without_this_program_is_nobodys_fault() {
    let at = Time::ZERO + Duration::from_secs(8);
    for seed in 0..runs() {
        let found = diagnose_from(&world(""), RESOLVER, seed, |net| {
            net.stall(at, Duration::from_secs(1));
        });
        assert_eq!(found.problems(), [] as [&str; 0]);
        found.finding("local-stall");
        assert_eq!(found.report.verdict, Verdict::Healthy);
    }
}

#[test]
fn a_healthy_server_is_examined_within_half_a_minute_and_politely() {
    let found = diagnose(&world(""), RESOLVER, 1);
    assert!(found.took < Duration::from_secs(30), "{:?}", found.took);
    let quick = diagnose(&world(""), &format!("{RESOLVER} --quick"), 1);
    assert!(quick.took < Duration::from_secs(12), "{:?}", quick.took);
    for (diagnosis, most) in [(&found, 400), (&quick, 400)] {
        let mut sent: Vec<Time> = diagnosis.log.probes.iter().filter_map(|it| it.sent()).collect();
        sent.sort_unstable();
        let busiest = sent
            .iter()
            .map(|&from| {
                sent.iter().filter(|&&at| at >= from && at < from + Duration::from_secs(1)).count()
            })
            .max();
        // A jittered second may have a few of its neighbours' queries.
        assert!(busiest.unwrap() <= most + 20, "{busiest:?}");
    }
    let domain = diagnose(&world(""), "example.com", 1);
    let servers = domain.report.measurement.as_ref().unwrap().servers.len();
    assert_eq!(servers, 6);
    assert!(domain.took < Duration::from_secs(40), "{:?}", domain.took);
}

#[test]
fn the_counts_of_a_server_add_up() {
    let found = diagnose(&world("[[faults]]\nshare = 0.05\neffect = \"drop\"\n"), RESOLVER, 3);
    let server = &found.report.measurement.as_ref().unwrap().servers[0];
    assert_eq!(server.sent, server.answered + server.late + server.lost + server.refused);
    let sent = |by: &str| {
        server.groups.iter().filter(|group| group.by == by).map(|group| group.sent).sum::<u64>()
    };
    assert_eq!((sent("transport"), sent("family")), (server.sent, server.sent));
    assert_eq!(found.plan.targets.len(), 1);
}
