//! A trace as one JSON object; the contract is in `schemas/trace.schema.json`.

use serde_json::{Value, json, to_value};

use super::{is_complete, no_address, rtt_us, sources, words};
use crate::report::json::{RecordJson, write};
use crate::walk::{Delegation, NameServer, Path, PathEnd, Rrset, ServerResponse, WalkReport};

/// Appends the trace as one JSON object and a line end.
pub fn write_json(report: &WalkReport, out: &mut Vec<u8>) {
    let abandoned = [(report.ipv4_abandoned, "ipv4"), (report.ipv6_abandoned, "ipv6")];
    let abandoned: Vec<&str> =
        abandoned.into_iter().filter(|(is, _)| *is).map(|(_, family)| family).collect();
    let zones: Vec<Value> =
        report.delegations.iter().map(|zone| delegation(report, zone)).collect();
    let paths: Vec<Value> = report.paths.iter().map(|one| path(report, one)).collect();
    let trace = json!({
        "schema": 1,
        "command": "trace",
        "name": report.paths[0].name.to_string(),
        "type": report.rtype.to_string(),
        "complete": is_complete(report),
        "queries": report.evidence.exchanges.len(),
        "cut_short": report.cut_short,
        "families_abandoned": abandoned,
        "zones": zones,
        "paths": paths,
    });
    write(&trace, out);
    out.push(b'\n');
}

fn delegation(report: &WalkReport, zone: &Delegation) -> Value {
    let parent_servers = zone.parent_servers.iter().map(|server| {
        let mut said = said(report, &server.delegation);
        said["ns"] = names(server.ns());
        said["ds"] = server.ds().map(records).into();
        said
    });
    let servers = zone.child_servers.iter().map(|server| {
        let mut said = said(report, &server.ns);
        said["ns"] = names(server.ns());
        said["serial"] = server.serial().into();
        said
    });
    json!({
        "zone": zone.zone.to_string(),
        "parent": zone.parent.map(|parent| parent.to_string()),
        "parent_servers": parent_servers.collect::<Vec<_>>(),
        "name_servers": zone.name_servers.iter().map(name_server).collect::<Vec<_>>(),
        "name_servers_left_out": zone.left_out,
        "servers": servers.collect::<Vec<_>>(),
    })
}

fn name_server(server: &NameServer) -> Value {
    let addresses = server.addresses.iter().map(|address| {
        json!({ "address": address.ip.to_string(), "sources": sources(&address.sources) })
    });
    json!({
        "name": server.name.to_string(),
        "at_parent": server.at_parent,
        "at_child": server.at_child,
        "alias_of": server.cname().map(|target| target.to_string()),
        "addresses": addresses.collect::<Vec<_>>(),
        "error": no_address(server),
    })
}

fn path(report: &WalkReport, path: &Path) -> Value {
    let failure = match path.end {
        PathEnd::Reached => path.cname_fault,
        PathEnd::Failed(why) => Some(why),
    };
    let answers = path.answers.iter().map(|answer| {
        let mut said = said(report, answer);
        let sets = answer.reading().into_iter().flat_map(|r| r.chain.iter().chain(&r.answer));
        said["answers"] = sets.flat_map(records).collect();
        said
    });
    json!({
        "name": path.name.to_string(),
        "zones": path.zones.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "targets": path.targets.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "error": failure.map(|why| why.to_string()),
        "answers": answers.collect::<Vec<_>>(),
    })
}

/// What one address says: `status` is null where there is no answer.
fn said(report: &WalkReport, answer: &ServerResponse) -> Value {
    json!({
        "server": answer.server.to_string(),
        "status": answer.reading().map(|reading| reading.rcode.to_string()),
        "summary": words(report, answer),
        "rtt_us": rtt_us(report, answer),
    })
}

fn names(set: Option<&Rrset>) -> Value {
    set.map(|set| set.targets().map(|name| name.to_string()).collect::<Vec<_>>()).into()
}

fn records(set: &Rrset) -> Vec<Value> {
    // Text and numbers always become a value.
    set.records().filter_map(|record| to_value(RecordJson::from(&record)).ok()).collect()
}
