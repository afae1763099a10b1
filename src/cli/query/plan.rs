//! From what the command line says to what is asked.

use std::net::IpAddr;
use std::path::PathBuf;

use super::dig::{FORM, Lookup};
use super::options::Options;
use crate::cli::cli_error::CliError;
use crate::cli::servers::{self, Families};
use crate::engine::{Accept, EngineConfig, QueryProfile};
use crate::query::{QueryPlan, trace};
use crate::walk::WalkConfig;
use crate::wire::{Class, RecordType};

/// What holds for every query of the command line.
#[derive(Debug, Clone)]
pub(super) struct Common {
    pub port: u16,
    pub families: Families,
    pub bind: Option<IpAddr>,
    pub trace: bool,
    pub root_hints: Option<PathBuf>,
    pub minimise: bool,
}

/// What to do about one name and type.
#[derive(Debug)]
pub(super) enum Task {
    Query {
        plan: Box<QueryPlan>,
        options: Options,
        /// Hints for the case that nothing answers.
        doubts: Vec<String>,
    },
    Trace(Box<trace::TracePlan>),
}

/// The tasks of a name, one a type.
pub(super) fn tasks(lookup: &Lookup, common: &Common) -> Result<Vec<Task>, CliError> {
    let Options { trace, tcp, .. } = lookup.options;
    let types = lookup.asked_types();
    if trace || common.trace {
        return types.iter().map(|&rtype| trace_task(lookup, rtype, common)).collect();
    }
    let servers::Resolvers { addresses, tcp, doubts, .. } =
        servers::resolvers(&lookup.servers, tcp, common.port, common.families, FORM)?;
    if let Some(bind) = common.bind
        && let Some(other) = addresses.iter().find(|it| it.is_ipv4() != bind.is_ipv4())
    {
        return Err(CliError::usage(format!("server {other} cannot be queried from -b {bind}"))
            .hint(
                "both must be IPv4 or both IPv6; -4 and -6 select among the addresses of a server",
            ));
    }
    let name = lookup.name.unwrap_or_else(crate::wire::NameBuf::root);
    let tasks = types.into_iter().map(|rtype| Task::Query {
        plan: Box::new(QueryPlan {
            name,
            rtype,
            class: lookup.class.unwrap_or(Class::IN),
            servers: addresses.clone(),
            engine: lookup.options.engine_config(&name, tcp),
            bind: common.bind,
        }),
        options: lookup.options.clone(),
        doubts: doubts.clone(),
    });
    Ok(tasks.collect())
}

fn trace_task(lookup: &Lookup, rtype: RecordType, common: &Common) -> Result<Task, CliError> {
    if !lookup.servers.is_empty() {
        return Err(CliError::usage(
            "--trace finds the servers itself and cannot be used with @SERVER",
        )
        .hint("--root-hints FILE sets where it starts"));
    }
    if lookup.options.short {
        return Err(CliError::usage("+short cannot be used with --trace"));
    }
    if lookup.options.view_chosen {
        return Err(CliError::usage(
            "a trace is always shown in full; options for sections do not apply",
        )
        .hint("use --format json for every message"));
    }
    if lookup.class.is_some_and(|class| class != Class::IN) {
        return Err(CliError::usage("--trace works in class IN only"));
    }
    if common.bind.is_some() {
        return Err(CliError::usage("-b cannot be used with --trace")
            .hint("use -4 or -6 to choose the address family"));
    }
    if rtype == RecordType::ANY {
        return Err(CliError::usage("--trace needs one record type, not ANY"));
    }
    let Some(name) = lookup.name else {
        return Err(CliError::usage("--trace needs a name")
            .hint("for example `dnsonde query --trace example.com`"));
    };
    let hints = servers::read_hints(common.root_hints.as_deref())?;
    let engine = lookup.options.engine_config(&name, lookup.options.tcp);
    Ok(Task::Trace(Box::new(trace::TracePlan {
        name,
        rtype,
        hints,
        walk: WalkConfig {
            port: common.port,
            ipv4: common.families != Families::Only6,
            ipv6: common.families != Families::Only4,
            minimise: common.minimise,
            seed: rand::random(),
            ..WalkConfig::default()
        },
        engine: EngineConfig {
            profile: QueryProfile {
                recursion_desired: false,
                accept: Accept::Useful,
                ..engine.profile.clone()
            },
            ..engine
        },
    })))
}
