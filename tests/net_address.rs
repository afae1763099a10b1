//! The local address of sockets goes and comes back. Each test runs in a network namespace of its own,
//! in which the loopback interface is given the addresses 10.9.0.1 and fd09::1 for us, and 10.9.0.53
//! and fd09::53 for a server.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use dnsonde::engine::{
    Attempt, Ending, Engine, EngineConfig, ExchangeRequest, QueryProfile, SocketId, Transport,
    TransportPolicy,
};
use dnsonde::net::{Backend, Driver, Options};
use dnsonde::wire::{NameBuf, RecordType};

/// So long that only a lost message or a lost wake-up can be the reason.
const WATCHDOG: Duration = Duration::from_secs(60);

/// Runs this test once more in a network namespace of its own; whether this is that run.
fn in_namespace(test: &str) -> bool {
    const MARK: &str = "DNSONDE_TEST_NAMESPACE";
    if std::env::var_os(MARK).is_some() {
        ip("link set lo up");
        for address in ["10.9.0.1/32", "10.9.0.53/32"] {
            ip(&format!("addr add {address} dev lo"));
        }
        for address in ["fd09::1/128", "fd09::53/128"] {
            ip(&format!("addr add {address} dev lo"));
        }
        // The kernel is not through with them yet.
        ["fd09::1", "fd09::53"].into_iter().for_each(await_address);
        return true;
    }
    let unshare = || {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--net", "--"]);
        command
    };
    let tried = unshare().args(["ip", "link", "set", "lo", "up"]).output();
    if !tried.as_ref().is_ok_and(|tried| tried.status.success()) {
        println!("skipped: no network namespace can be had: {tried:?}");
        return false;
    }
    let output = unshare()
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(MARK, "1")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    assert!(told.contains("1 passed"), "{told}");
    false
}

/// Waits until what is sent to an address arrives there.
fn await_address(address: &str) {
    let arrives = || {
        let socket = UdpSocket::bind((address, 0)).ok()?;
        socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        socket.send_to(&[1], socket.local_addr().unwrap()).ok()?;
        socket.recv(&mut [0]).ok()
    };
    while arrives().is_none() {
        thread::yield_now();
    }
}

fn ip(arguments: &str) {
    let status = Command::new("ip").args(arguments.split(' ')).status().expect("ip is needed");
    assert!(status.success(), "ip {arguments}");
}

fn ours(v6: bool) -> IpAddr {
    if v6 { "fd09::1".parse().unwrap() } else { "10.9.0.1".parse().unwrap() }
}

fn add(v6: bool) {
    ip(if v6 { "addr add fd09::1/128 dev lo" } else { "addr add 10.9.0.1/32 dev lo" });
}

fn remove(v6: bool) {
    ip(if v6 { "addr del fd09::1/128 dev lo" } else { "addr del 10.9.0.1/32 dev lo" });
}

/// A server over UDP and TCP. It answers all but the first query for each name that begins with `h`,
/// over UDP, and those over its first connection: these it tells of.
fn server(ip: IpAddr, held: mpsc::Sender<SocketAddr>) -> SocketAddr {
    let tcp = TcpListener::bind((ip, 53)).unwrap();
    let udp = UdpSocket::bind((ip, 53)).unwrap();
    let addr = udp.local_addr().unwrap();
    let over_udp = held.clone();
    thread::spawn(move || {
        let mut buffer = [0; 2048];
        let mut seen = BTreeSet::new();
        while let Ok((len, from)) = udp.recv_from(&mut buffer) {
            if buffer[13] == b'h' && seen.insert(buffer[12..len].to_vec()) {
                over_udp.send(from).unwrap();
                continue;
            }
            buffer[2] |= 0x80;
            let _ = udp.send_to(&buffer[..len], from);
        }
    });
    thread::spawn(move || {
        let mut first = true;
        for stream in tcp.incoming() {
            let (mut stream, held) = (stream.unwrap(), held.clone());
            let hold = std::mem::take(&mut first);
            thread::spawn(move || {
                let from = stream.peer_addr().unwrap();
                let mut len = [0; 2];
                while stream.read_exact(&mut len).is_ok() {
                    let mut message = vec![0; usize::from(u16::from_be_bytes(len))];
                    stream.read_exact(&mut message).unwrap();
                    if hold && message[13] == b'h' {
                        held.send(from).unwrap();
                        continue;
                    }
                    message[2] |= 0x80;
                    if stream.write_all(&[&len[..], &message].concat()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    addr
}

fn submit(engine: &mut Engine, name: &str) {
    let name: NameBuf = name.parse().unwrap();
    engine.submit(&ExchangeRequest::new(0, name.as_wire(), RecordType::A)).unwrap();
}

/// Runs until `enough`; what has ended is added to `ended`, each with whether it was answered.
async fn run(
    driver: &mut Driver,
    ended: &mut Vec<(bool, Vec<Attempt>)>,
    mut enough: impl FnMut(&Driver, usize) -> bool,
) {
    let work = async {
        while !enough(driver, ended.len()) {
            let wake = driver.now() + Duration::from_millis(5);
            let mut sink = |finished: dnsonde::engine::Finished<'_>| {
                let answered = matches!(finished.end, Ending::Answered { .. });
                ended.push((answered, finished.attempts.to_vec()));
            };
            driver.turn(Some(wake), &mut sink).await.unwrap();
        }
    };
    let done = tokio::time::timeout(WATCHDOG, work).await;
    assert!(done.is_ok(), "still open: {:?}", driver.engine().totals());
}

fn on_runtime<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn config(transport: TransportPolicy) -> EngineConfig {
    // One attempt: each that is counted for nothing shows.
    let timeout = Duration::from_secs(5);
    let profile = QueryProfile { timeout, retries: 0, transport, ..QueryProfile::default() };
    EngineConfig { profile, give_up_after: None, ..EngineConfig::default() }
}

fn paused(driver: &Driver) -> bool {
    driver.engine().cannot_send().is_some()
}

fn ports(driver: &Driver, options: &Options) -> BTreeSet<u16> {
    options.socket_ids().filter_map(|socket: SocketId| driver.port(socket)).collect()
}

/// What is on its way when the address goes, and what is asked while it is away, is answered when it
/// is there again, each by its first attempt that counts.
fn goes_and_comes_back(v6: bool, backend: Backend) {
    on_runtime(async {
        let (told, held) = mpsc::channel();
        let ip = if v6 { "fd09::53" } else { "10.9.0.53" };
        let server = server(ip.parse().unwrap(), told);
        let options = Options { bind: Some(ours(v6)), backend, ..Options::default() };
        let mut driver =
            Driver::open(config(TransportPolicy::UdpOnly), &[server], &options).unwrap();
        let mut ended = Vec::new();
        for name in ["a.example.", "held.example."] {
            submit(driver.engine_mut(), name);
        }
        run(&mut driver, &mut ended, |_, count| count == 1 && held.try_recv().is_ok()).await;
        let before = ports(&driver, &options);

        remove(v6);
        run(&mut driver, &mut ended, |driver, _| paused(driver)).await;
        submit(driver.engine_mut(), "b.example.");
        // It goes on being tried, and stays away.
        let refused = |driver: &Driver| -> u64 {
            let delivery_errors = driver.engine().delivery_errors(driver.now());
            delivery_errors
                .not_sent
                .iter()
                .map(|(errno, count)| {
                    assert_eq!(*errno, libc::EADDRNOTAVAIL, "{delivery_errors:?}");
                    count
                })
                .sum()
        };
        let first = refused(&driver);
        run(&mut driver, &mut ended, |driver, _| refused(driver) >= first + 2).await;
        assert!(paused(&driver) && ended.len() == 1);

        add(v6);
        run(&mut driver, &mut ended, |_, count| count == 3).await;
        assert!(ended.iter().all(|(answered, attempts)| *answered && attempts.len() == 1));
        let totals = driver.engine().totals();
        assert_eq!((totals.attempts, totals.answered), (3, 3), "{totals:?}");
        let now = ports(&driver, &options);
        assert_eq!((before.len(), now.len()), (16, 16));
        let kept = before.intersection(&now).count();
        assert!(kept <= 1, "the sockets are those from before: {kept} of 16 ports");
        assert!(!paused(&driver));
    });
}

#[test]
fn sockets_whose_ipv4_address_is_gone_are_bound_anew() {
    if in_namespace("sockets_whose_ipv4_address_is_gone_are_bound_anew") {
        goes_and_comes_back(false, Backend::Auto);
    }
}

#[test]
fn sockets_whose_ipv6_address_is_gone_are_bound_anew() {
    if in_namespace("sockets_whose_ipv6_address_is_gone_are_bound_anew") {
        goes_and_comes_back(true, Backend::Auto);
    }
}

#[test]
fn sockets_whose_address_is_gone_are_bound_anew_one_datagram_at_a_time() {
    if in_namespace("sockets_whose_address_is_gone_are_bound_anew_one_datagram_at_a_time") {
        goes_and_comes_back(false, Backend::Portable);
    }
}

/// As when a lease ends and the next one is another address: nothing keeps this machine from sending,
/// but what was on its way over the connection will have no answer.
#[test]
fn a_connection_whose_address_is_replaced_is_made_anew() {
    if !in_namespace("a_connection_whose_address_is_replaced_is_made_anew") {
        return;
    }
    ip("route add local 10.9.8.53 dev lo src 10.9.0.1 table local");
    on_runtime(async {
        let (told, held) = mpsc::channel();
        let server = server("10.9.8.53".parse().unwrap(), told);
        let mut driver =
            Driver::open(config(TransportPolicy::TcpOnly), &[server], &Options::default()).unwrap();
        let mut ended = Vec::new();
        submit(driver.engine_mut(), "held.example.");
        let mut from = None;
        run(&mut driver, &mut ended, |_, _| {
            from = held.try_recv().ok();
            from.is_some()
        })
        .await;
        assert_eq!(from.map(|from| from.ip()), Some(ours(false)));

        ip("addr add 10.9.0.2/32 dev lo");
        ip("route replace local 10.9.8.53 dev lo src 10.9.0.2 table local");
        remove(false);
        run(&mut driver, &mut ended, |_, count| count == 1).await;
        let (answered, attempts) = &ended[0];
        assert!(*answered && attempts.len() == 1, "{attempts:?}");
        assert_eq!(attempts[0].transport, Transport::Tcp);
        assert_eq!(driver.engine().totals().attempts, 1);
    });
}
