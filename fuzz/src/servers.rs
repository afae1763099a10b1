//! Lists of servers and `resolv.conf`, as anybody may have written them.

use dnsonde::names::resolv_conf::read_resolv_conf;
use dnsonde::names::servers::{ServerHost, ServerSpec, read_server_list, reject_address};

pub fn all(octets: &[u8]) {
    if let Ok(text) = std::str::from_utf8(octets) {
        match ServerSpec::parse(text) {
            Ok(spec) => check(&spec),
            Err(error) => assert!(!error.hint().is_empty()),
        }
    }
    match read_server_list(octets) {
        Ok(specs) => {
            assert!(!specs.is_empty());
            specs.iter().for_each(check);
            assert!(specs.iter().all(|spec| !matches!(spec.host, ServerHost::Name(_))));
            let list: Vec<String> = specs.iter().map(written).collect();
            assert_eq!(read_server_list(list.join("\n").as_bytes()).as_ref(), Ok(&specs));
        }
        Err(error) => assert!(!error.to_string().is_empty() && !error.hint().is_empty()),
    }
    let conf = read_resolv_conf(octets);
    conf.servers.iter().for_each(check);
    // One bad line spoils no other, whatever comes before and behind.
    let more = [b"nameserver 192.0.2.1\n", octets, b"\nnameserver 192.0.2.2"].concat();
    let more = read_resolv_conf(&more);
    let ends = [more.servers.first(), more.servers.last()].map(Option::unwrap);
    assert_eq!(ends.map(|spec| spec.host.to_string()), ["192.0.2.1", "192.0.2.2"]);
}

/// A server that was read can be one, and reads the same once more.
fn check(spec: &ServerSpec) {
    assert_ne!(spec.port, Some(0));
    match &spec.host {
        ServerHost::Address(address) => assert_eq!(reject_address(*address), None),
        ServerHost::Zoned(address, _) => assert!(address.is_unicast_link_local()),
        ServerHost::Name(name) => assert!(name.is_ascii() && !name.is_empty()),
    }
    let text = written(spec);
    assert_eq!(ServerSpec::parse(&text).as_ref(), Ok(spec), "{text}");
}

fn written(spec: &ServerSpec) -> String {
    let tcp = if spec.tcp { "tcp://" } else { "" };
    match (&spec.host, spec.port) {
        (host, None) => format!("{tcp}{host}"),
        (host @ ServerHost::Name(_), Some(port)) => format!("{tcp}{host}:{port}"),
        (host @ ServerHost::Address(std::net::IpAddr::V4(_)), Some(port)) => {
            format!("{tcp}{host}:{port}")
        }
        (host, Some(port)) => format!("{tcp}[{host}]:{port}"),
    }
}
