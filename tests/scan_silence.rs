//! A scan whose servers have all gone silent ends by itself and says so.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use dnsonde::engine::Config;
use dnsonde::playground::{Faults, Server};
use dnsonde::scan::{End, Format, Output, Plan, Source, Stop, run};
use dnsonde::wire::RecordType;

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

#[tokio::test]
async fn a_scan_of_servers_that_went_silent_ends_and_counts_what_was_not_asked() {
    let faults = Faults { die_after: Some(100), ..Faults::default() };
    let server = Server::start("127.0.0.1:0".parse().unwrap(), faults).unwrap();
    let names: String = (0..20_000).map(|i| format!("n{i}.demo.test\n")).collect();
    let kept = Kept::default();
    let plan = Plan {
        source: Source::from_bytes("names", names.into_bytes()),
        types: vec![RecordType::A],
        servers: vec![server.addr()],
        // An attempt would wait for ten minutes: only the silence can end this.
        engine: Config { timeout: Duration::from_secs(600), ..Config::default() },
        net: dnsonde::net::Options::default(),
        threads: 2,
        output: Output { label: "memory".into(), write: Box::new(kept.clone()) },
        format: Format::Jsonl,
        attempt_log: false,
        silence: Duration::from_millis(300),
    };
    let (report, result) = run(plan, Arc::new(Stop::default()), &mut |_| {}).await;
    result.unwrap();
    assert_eq!(report.end, End::Silence(Duration::from_millis(300)));
    let lines = kept.0.lock().unwrap().iter().filter(|&&octet| octet == b'\n').count() as u64;
    assert_eq!((lines, report.totals.answered), (100, 100));
    // Every question is accounted for: answered, asked in vain, or not asked.
    let (cut_short, not_asked) = (report.tally.cut_short, report.not_asked());
    assert_eq!(lines + cut_short + not_asked, 20_000, "{report:#?}");
    assert!(cut_short > 0 && not_asked > 0);
}
