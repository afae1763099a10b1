//! From the words of the command line to what is to be found out.

use anyhow::Result;

use super::args::Args;
use crate::cli::cli_error::CliError;
use crate::cli::servers::{Families, Form, of_the_system, parse_server, read_hints, resolve};
use crate::diagnose::plan::{DiagnosePlan, Target};
use crate::names::name::parse_name;
use crate::names::servers::ServerHost;
use crate::walk::WalkConfig;
use crate::wire::{NameBuf, RecordType};

/// Servers and domains in one run.
const MOST_TARGETS: usize = 64;

/// Reads what is asked for; everything that is wrong with it is said here, before anything is sent.
pub(super) fn plan(args: &Args) -> Result<DiagnosePlan> {
    let families = args.families();
    let mut targets: Vec<Target> = Vec::new();
    if args.targets.len() > MOST_TARGETS {
        return Err(CliError::usage(format!("more than {MOST_TARGETS} targets"))
            .hint("diagnose looks closely at a few servers; `dnsonde scan` asks many")
            .into());
    }
    for text in &args.targets {
        add(&mut targets, read(text, args, families)?);
    }
    if args.host || args.targets.is_empty() {
        let own = of_the_system(args.port, families).map_err(|cli_error| {
            cli_error.hint("name a server or a domain: dnsonde diagnose TARGET")
        })?;
        let own = own.into_iter().map(|address| Target::Server { address, tcp: false });
        add(&mut targets, own.collect());
    }
    let mut plan = DiagnosePlan::new(subject(args), targets);
    plan.names = args.names.iter().map(|text| name(text)).collect::<Result<_>>()?;
    plan.types = args.types.iter().map(|text| rtype(text)).collect::<Result<_>>()?;
    if args.quick {
        plan.duration = DiagnosePlan::QUICK;
        plan.probes = DiagnosePlan::PROBES / 4;
    }
    if let Some(duration) = args.duration {
        plan.duration = duration;
    }
    if let Some(budget) = args.budget {
        plan.probes = budget;
    }
    if let Some(rate) = args.rate {
        plan.set_rate(rate);
    }
    plan.max_rate = args.max_rate;
    plan.hints = read_hints(args.root_hints.as_deref())?;
    plan.seed = args.seed.unwrap_or_else(rand::random);
    plan.walk = WalkConfig {
        port: args.port,
        ipv4: families != Families::Only6,
        ipv6: families != Families::Only4,
        seed: plan.seed,
        ..WalkConfig::default()
    };
    Ok(plan)
}

fn subject(args: &Args) -> String {
    let own = (args.host || args.targets.is_empty()).then(|| "this machine's resolvers".to_owned());
    let all: Vec<String> = args.targets.iter().cloned().chain(own).collect();
    all.join(", ")
}

fn add(targets: &mut Vec<Target>, more: Vec<Target>) {
    for target in more {
        if !targets.contains(&target) {
            targets.push(target);
        }
    }
}

/// A server or a domain: a bare name is what the DNS says it is, one with a port or a scheme a server.
fn read(text: &str, args: &Args, families: Families) -> Result<Vec<Target>> {
    let form = Form { server: "TARGET", tcp: "tcp://ADDR", list: None };
    let spec = parse_server(text, form)?;
    if let (ServerHost::Name(name), None, false) = (&spec.host, spec.port, text.contains("://")) {
        return Ok(vec![Target::Name(self::name(name)?)]);
    }
    let addresses = resolve(&spec, args.port, families)?;
    Ok(addresses.into_iter().map(|address| Target::Server { address, tcp: spec.tcp }).collect())
}

fn name(text: &str) -> Result<NameBuf> {
    parse_name(text.as_bytes())
        .map_err(|error| CliError::usage(format!("name '{text}': {error}")).into())
}

fn rtype(text: &str) -> Result<RecordType> {
    text.parse().map_err(|_| {
        CliError::usage(format!("unknown record type '{text}'"))
            .hint("write a mnemonic such as AAAA, or a number such as TYPE65280")
            .into()
    })
}
