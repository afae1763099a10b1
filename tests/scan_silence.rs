//! A scan whose servers have all gone silent, or cannot be reached, ends by itself and says so.

use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dnsonde::engine::{EngineConfig, QueryProfile};
use dnsonde::playground::{Effect, Fault, LoopbackServer};
use dnsonde::scan::{Format, Output, ScanEnd, ScanPlan, Source, Stop, Targets, run};
use dnsonde::wire::{Class, RecordType};

/// Lines of output, kept.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Kept {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn plan(server: SocketAddr, kept: &Kept, silence: Duration) -> ScanPlan {
    let names: String = (0..20_000).map(|i| format!("n{i}.demo.test\n")).collect();
    ScanPlan {
        source: Source::from_bytes("names", names.into_bytes()),
        types: vec![RecordType::A],
        class: Class::IN,
        targets: Targets::Resolvers(vec![server]),
        // An attempt would wait for ten minutes: nothing but the silence can end this.
        engine: EngineConfig {
            profile: QueryProfile {
                timeout: Duration::from_secs(600),
                retries: 0,
                ..QueryProfile::default()
            },
            ..EngineConfig::default()
        },
        net: dnsonde::net::Options::default(),
        threads: 2,
        output: Output { label: "memory".into(), write: Box::new(kept.clone()) },
        format: Format::Jsonl,
        attempt_log: false,
        keep_going: false,
        silence,
    }
}

impl Kept {
    fn lines(&self) -> u64 {
        self.0.lock().unwrap().iter().filter(|&&octet| octet == b'\n').count() as u64
    }
}

#[tokio::test]
async fn a_scan_of_servers_that_went_silent_ends_and_counts_what_was_not_asked() {
    let dies = Fault { from_query: Some(100), ..Fault::always(Effect::Drop) };
    let server = LoopbackServer::start("127.0.0.1:0".parse().unwrap(), [dies]).unwrap();
    let kept = Kept::default();
    let silence = Duration::from_millis(300);
    let plan = plan(server.addr(), &kept, silence);
    let (report, result) = run(plan, Arc::new(Stop::default()), &mut |_| {}).await;
    result.unwrap();
    assert_eq!(report.end, ScanEnd::Silence(silence));
    assert_eq!((kept.lines(), report.totals.answered), (100, 100));
    // Every question is accounted for: answered, asked in vain, or not asked.
    let (cut_short, not_asked) = (report.tally.cut_short, report.input.not_asked);
    assert_eq!(100 + cut_short + not_asked, 20_000, "{report:#?}");
    assert!(cut_short > 0 && not_asked > 0);
}

#[tokio::test]
async fn a_scan_that_reaches_nobody_says_so_and_accounts_for_every_name() {
    // Below the ports that the system chooses from, so the other test does not get it meanwhile.
    let nobody = (4000..5000)
        .map(|port| SocketAddr::from(([127, 0, 0, 1], port)))
        .find(|&addr| UdpSocket::bind(addr).is_ok())
        .unwrap();
    let kept = Kept::default();
    let plan = plan(nobody, &kept, Duration::from_secs(60));
    let (report, result) = run(plan, Arc::new(Stop::default()), &mut |_| {}).await;
    result.unwrap();
    assert_eq!(report.end, ScanEnd::Unreachable);
    let unreachable = report.totals.unreachable;
    assert_eq!(kept.lines(), unreachable);
    assert_eq!(unreachable + report.tally.cut_short + report.input.not_asked, 20_000);
    assert!(unreachable > 0);
}
