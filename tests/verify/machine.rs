//! What is wrong with the machine that examines is not told of those that it examines.

use std::sync::Arc;
use std::time::Duration;

use dnsonde::engine::Time;
use dnsonde::playground::Scenario;
use dnsonde::verify::Verdict;

use crate::harness::{examine, examine_from, problems};

const ENETUNREACH: i32 = 101;

/// The healthy world, in which all that is sent for five seconds is lost.
fn scenario() -> Arc<Scenario> {
    let text = "base = 'healthy'\ntitle = 'A test'\nstory = 'None.'\n\
                [[faults]]\nfrom_s = 0.2\nuntil_s = 5.0\neffect = 'drop'\n";
    Arc::new(Scenario::from_toml("test", text).unwrap())
}

#[test]
fn what_a_machine_lost_while_it_stood_still_is_no_loss_of_the_network() {
    let scenario = scenario();
    for seed in 0..4 {
        let awake = examine(&scenario, seed).report;
        assert_ne!(awake.verdict, Verdict::Verified, "whoever is awake misses answers");
        let asleep = examine_from(&scenario, seed, |net| {
            net.stall(Time::ZERO + Duration::from_millis(300), Duration::from_secs(5));
        });
        let report = &asleep.report;
        assert_eq!(problems(report), ["local-stall"]);
        assert_eq!(report.verdict, Verdict::Verified);
    }
}

/// Answers that the kernel had no room for are missing as those are that were lost: experiments while the
/// session lasts must not take them for that, and neither must the walk.
#[test]
fn what_a_machine_had_no_room_for_is_no_loss_of_the_network() {
    let healthy = Arc::new(Scenario::named("healthy").unwrap().unwrap());
    let well = examine(&healthy, 0).evidence.log;
    for (from_ms, seed) in (0..12).zip(0..).map(|(place, seed)| (place * 150, seed)) {
        let run = examine_from(&healthy, seed, |net| {
            net.jam(Time::ZERO + Duration::from_millis(from_ms), Duration::from_millis(900));
        });
        let log = &run.evidence.log;
        assert!(log.local.receive_overflow > 0, "{from_ms} ms");
        assert_eq!(problems(&run.report), ["local-drops"], "{from_ms} ms");
        assert_eq!(run.report.verdict, Verdict::Verified, "{from_ms} ms");
        assert_eq!(log.probes.len(), well.probes.len(), "{from_ms} ms: no experiment more");
    }
}

#[test]
fn an_address_family_that_this_machine_cannot_send_over_is_held_against_no_server() {
    let healthy = Arc::new(Scenario::named("healthy").unwrap().unwrap());
    let run = examine_from(&healthy, 1, |net| {
        let addresses = healthy.addresses().filter(|address| address.is_ipv6());
        addresses.for_each(|address| net.refuse(address, ENETUNREACH));
    });
    assert!(run.evidence.log.local.send_errors > 0);
    assert_eq!(problems(&run.report), Vec::<&str>::new());
    assert_eq!(run.report.verdict, Verdict::Verified);
}
