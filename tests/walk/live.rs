//! A walk over real sockets, on the loopback interface, by the library and by the program.

use std::net::{IpAddr, SocketAddr};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use dnsonde::engine::{Outcome, RetryReason};
use dnsonde::net::{Driver, Options};
use dnsonde::probe;
use dnsonde::walk::{ExchangeEnd, PathEnd, Walk, WalkConfig, engine_config};
use dnsonde::wire::{Message, RecordType};
use tokio::net::UdpSocket;

use crate::world::{Behaviour, World, ip, name};

/// Of the loopback network, which is all addresses that begin with 127.
const PREFIX: &str = "127.77.31.";

/// One socket for each address of the world, all on one port.
async fn bind(addresses: &[IpAddr]) -> (u16, Vec<UdpSocket>) {
    for _ in 0..20 {
        let first = UdpSocket::bind((addresses[0], 0)).await.expect("a loopback address");
        let port = first.local_addr().unwrap().port();
        let mut sockets = vec![first];
        for &address in &addresses[1..] {
            sockets.extend(UdpSocket::bind((address, port)).await);
        }
        if sockets.len() == addresses.len() {
            return (port, sockets);
        }
    }
    panic!("no port is free on {} addresses", addresses.len());
}

async fn serve(world: Arc<World>, socket: UdpSocket) {
    let server = socket.local_addr().unwrap().ip();
    let mut buffer = [0; 4096];
    while let Ok((len, from)) = socket.recv_from(&mut buffer).await {
        let query = Message::parse(&buffer[..len]).expect("a query of ours");
        let question = query.question().unwrap();
        let name = question.name.to_buf();
        if let Some(mut answer) = world.answer(server, &name, question.rtype) {
            answer[..2].copy_from_slice(&query.id().to_be_bytes());
            socket.send_to(&answer, from).await.unwrap();
        }
    }
}

/// Serves the world while the runtime lives; gives the port.
async fn start(world: World) -> u16 {
    let addresses: Vec<IpAddr> = world.addresses().filter(IpAddr::is_ipv4).collect();
    let (port, sockets) = bind(&addresses).await;
    let world = Arc::new(world);
    for socket in sockets {
        tokio::spawn(serve(Arc::clone(&world), socket));
    }
    port
}

#[tokio::test(flavor = "current_thread")]
async fn a_walk_runs_on_a_driver() {
    let mut world = World::at(PREFIX);
    // This server is named, but nobody listens at its address.
    world.add("org", "example NS ns9.example\nns9.example A 192.0.2.39\n");
    let port = start(world).await;
    let mut driver = Driver::open(engine_config(None), &[], &Options::default()).unwrap();
    let config = WalkConfig { port, ipv6: false, ..WalkConfig::default() };
    let hints = World::hints_at(PREFIX);
    let mut walk = Walk::new(driver.now(), name("www.example.org"), RecordType::A, &hints, config);
    probe::run(&mut driver, &mut walk, &mut |_| {}).await.unwrap();

    let report = walk.into_report();
    assert_eq!(report.paths[0].end, PathEnd::Reached);
    let zone = report.zone_of(&report.paths[0].name).unwrap();
    assert_eq!(zone.child_servers.len(), 3);
    let dead = SocketAddr::new(ip(&format!("{PREFIX}39")), port);
    for exchange in &report.evidence.exchanges {
        assert_eq!(exchange.query.server.port(), port);
        if exchange.query.server == dead {
            assert!(matches!(exchange.end, ExchangeEnd::Failed(_)));
            assert_eq!(exchange.attempts[0].retried_because, Some(RetryReason::Unreachable));
        } else {
            assert!(matches!(exchange.attempts[0].outcome, Outcome::Answered(_)));
        }
    }
    let totals = driver.engine().totals();
    assert_eq!(totals.submitted, report.evidence.exchanges.len() as u64);
}

/// Runs `dnsonde query … --trace` in the world.
async fn trace(world: World, args: &'static [&'static str]) -> Output {
    let port = start(world).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), World::hints_text(PREFIX)).unwrap();
    let run = move || {
        Command::new(env!("CARGO_BIN_EXE_dnsonde"))
            .args(["query", "--trace", "-4", "+timeout=1", "+retry=0", "--port"])
            .arg(port.to_string())
            .arg("--root-hints")
            .arg(file.path())
            .args(args)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

#[tokio::test(flavor = "current_thread")]
async fn the_program_shows_who_says_what_on_the_way() {
    let mut world = World::at(PREFIX);
    world.add("example.org", "@ NS ns3.provider.net.\nalias CNAME www\n");
    world.behave(&format!("{PREFIX}32"), Behaviour::Refuses);
    let run = trace(world, &["alias.example.org"]).await;
    let text = String::from_utf8(run.stdout).unwrap();
    assert_eq!(run.status.code(), Some(0), "{text}");
    for part in [
        "\nexample.org.\n",
        "  org. says: NS ns1.example.org. ns2.example.org.  [127.77.31.11 127.77.31.12]\n",
        "    127.77.31.31 (glue, authoritative): NS ns3.provider.net. ns1.example.org. \
         ns2.example.org., serial 1, ",
        "    127.77.31.32 (glue, authoritative): REFUSED, ",
        "  ns3.provider.net.  (in the zone's own NS records only)\n    no address: it has none\n",
        "\nalias.example.org. A\n  [127.77.31.31]\n    alias.example.org. 3600 IN CNAME www",
        "    www.example.org. 3600 IN A 203.0.113.80\n",
        "  [127.77.31.32]\n    REFUSED\n",
    ] {
        assert!(text.contains(part), "'{part}' is not in\n{text}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn the_trace_as_json_keeps_its_contract() {
    let mut world = World::at(PREFIX);
    world.add("example.org", "away CNAME away.provider.net.\n");
    world.add("org", "example NS nowhere.provider.net.\nexample DS 5 13 2 aabb\n");
    let run = trace(world, &["away.example.org", "--minimise", "--format", "json"]).await;
    assert_eq!(run.status.code(), Some(0));
    let value: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/trace.schema.json");
    let schema = serde_json::from_slice(&std::fs::read(schema).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?} in {value:#}");
    assert_eq!(value["paths"][0]["targets"], serde_json::json!(["away.provider.net."]));
    assert_eq!(value["paths"][1]["answers"][0]["status"], "NXDOMAIN");
    let zone = &value["zones"][2];
    assert_eq!(zone["parent_servers"][0]["ds"][0]["data"], "5 13 2 AABB");
    assert_eq!(zone["name_servers"][2]["error"], "it has none");
}

#[tokio::test(flavor = "current_thread")]
async fn a_way_that_ends_too_early_is_no_success() {
    let mut world = World::at(PREFIX);
    for server in ["31", "32"] {
        world.behave(&format!("{PREFIX}{server}"), Behaviour::RefersUpwards);
    }
    let run = trace(world, &["www.example.org"]).await;
    let text = String::from_utf8(run.stdout).unwrap();
    assert_eq!(run.status.code(), Some(3), "{text}");
    let why = "  lookup failed: no server of example.org. gives a useful response\n";
    assert!(text.contains(why), "{text}");
    assert!(text.contains("upward referral"), "{text}");
}
