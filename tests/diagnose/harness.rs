//! One diagnosis of a world, from the words of the command line to the report.

use std::sync::Arc;
use std::time::Duration;

use dnsonde::cli::diagnose::plan_of;
use dnsonde::diagnose::plan::DiagnosePlan;
use dnsonde::diagnose::report::DiagnoseReport;
use dnsonde::diagnose::{planner, run};
use dnsonde::engine::Time;
use dnsonde::judge::finding::Finding;
use dnsonde::judge::severity::Severity;
use dnsonde::playground::{Scenario, VirtualNet, World};
use dnsonde::probe::ProbeLog;
use dnsonde::walk::Hints;

/// The resolver of the worlds, and one of the name servers of their domain.
pub const RESOLVER: &str = "127.53.9.1";
pub const SERVER: &str = "127.53.3.2";

/// The sockets that virtual time has for each address family.
const SOCKETS: u16 = 32;

/// What a diagnosis brought, and how long it took in the time of its world.
pub struct Diagnosis {
    pub plan: DiagnosePlan,
    pub log: ProbeLog,
    pub report: DiagnoseReport,
    pub took: Duration,
}

/// A world with these faults, on top of the one that all scenarios have in common.
pub fn world(faults: &str) -> Arc<Scenario> {
    let text = format!(
        "base = \"ses\"\ntitle = \"t\"\nstory = \"s\"\n{faults}\n[expect]\nverdict = \"flaky\"\n"
    );
    Arc::new(Scenario::from_toml("world", &text).unwrap())
}

/// Diagnoses what the words name.
pub fn diagnose(world: &Arc<Scenario>, words: &str, seed: u64) -> Diagnosis {
    diagnose_from(world, words, seed, |_| {})
}

/// The same, from a machine with which something is wrong.
pub fn diagnose_from(
    world: &Arc<Scenario>,
    words: &str,
    seed: u64,
    disturb: impl FnOnce(&mut VirtualNet),
) -> Diagnosis {
    let mut plan = plan_of(words.split_whitespace()).unwrap();
    plan.hints = Hints::from_text(world.root_hints().as_bytes()).unwrap();
    plan.seed = seed;
    plan.sockets = SOCKETS;
    plan.walk.seed = seed;
    let world = World::new(Arc::clone(world), seed);
    let mut net = VirtualNet::new(world, run::engine(&plan), seed);
    disturb(&mut net);
    let mut session = planner::session(Time::ZERO, plan);
    net.run(&mut session);
    let (plan, mut log) = run::evidence(session);
    let port = |socket| net.local(socket).map(|local| local.port());
    log.add_engine(net.engine(), &port);
    log.local = net.local_counts();
    let took = net.now().since(Time::ZERO);
    let report = run::judge(&plan, &log, 1_767_225_600, took);
    Diagnosis { plan, log, report, took }
}

impl Diagnosis {
    /// The findings above `notice`, by id, each once.
    pub fn problems(&self) -> Vec<&'static str> {
        let above = |finding: &&Finding| finding.severity > Severity::Notice;
        let mut ids: Vec<&'static str> =
            self.report.findings.iter().filter(above).map(|it| it.id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// A finding that must be there.
    #[track_caller]
    pub fn finding(&self, id: &str) -> &Finding {
        let found = self.report.findings.iter().find(|finding| finding.id == id);
        found.unwrap_or_else(|| panic!("{id} is not among {:?}", self.ids()))
    }

    pub fn ids(&self) -> Vec<&'static str> {
        self.report.findings.iter().map(|finding| finding.id.as_str()).collect()
    }
}
