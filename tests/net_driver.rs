//! Engine and driver together, against small servers on loopback.

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::thread;
use std::time::Duration;

use dnsonde::engine::{
    Attempt, CookieOption, Edns, Ending, Engine, EngineConfig, ExchangeRequest, Failure, Finished,
    Outcome, QueryProfile, RetryReason, ServerChoice, ServerId, SocketId, SocketLife, Stamp, Time,
    Transport, TransportPolicy, Window,
};
use dnsonde::net::{Backend, Driver, NetError, Options};
use dnsonde::wire::{Message, NameBuf, OptionCode, RecordType};

const BACKENDS: [Backend; 2] = [Backend::Auto, Backend::Portable];

/// So long that only a lost message or a lost wake-up can be the reason.
const WATCHDOG: Duration = Duration::from_secs(60);

/// A server that makes each query an answer, over UDP with TC set if `truncate` says so, and over
/// TCP on the same port.
fn server(v6: bool, truncate: bool) -> SocketAddr {
    let ip: IpAddr = if v6 { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() };
    let (tcp, udp) = loop {
        let tcp = TcpListener::bind((ip, 0)).unwrap();
        if let Ok(udp) = UdpSocket::bind(tcp.local_addr().unwrap()) {
            break (tcp, udp);
        }
    };
    let addr = udp.local_addr().unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 2048];
        while let Ok((len, from)) = udp.recv_from(&mut buffer) {
            answer(&mut buffer[..len]);
            if truncate {
                buffer[2] |= 0x02;
            }
            udp.send_to(&buffer[..len], from).unwrap();
        }
    });
    thread::spawn(move || {
        for stream in tcp.incoming() {
            thread::spawn(move || serve_stream(stream.unwrap()));
        }
    });
    addr
}

/// A server that reads so many queries, over UDP or TCP, says so, answers all of them at once when that is
/// heard, and says so again.
fn counting_server(count: usize, said: std::sync::mpsc::SyncSender<()>) -> SocketAddr {
    let (tcp, udp) = loop {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        if let Ok(udp) = UdpSocket::bind(tcp.local_addr().unwrap()) {
            break (tcp, udp);
        }
    };
    let addr = udp.local_addr().unwrap();
    let over_udp = said.clone();
    thread::spawn(move || {
        let mut queries = Vec::new();
        let mut buffer = [0; 2048];
        while queries.len() < count {
            let Ok((len, from)) = udp.recv_from(&mut buffer) else { return };
            answer(&mut buffer[..len]);
            queries.push((buffer[..len].to_vec(), from));
        }
        let _ = over_udp.send(());
        for (message, from) in queries {
            udp.send_to(&message, from).unwrap();
        }
        let _ = over_udp.send(());
    });
    thread::spawn(move || {
        let Ok((mut stream, _)) = tcp.accept() else { return };
        let mut answers = Vec::new();
        for _ in 0..count {
            let mut len = [0; 2];
            if stream.read_exact(&mut len).is_err() {
                return;
            }
            let mut message = vec![0; usize::from(u16::from_be_bytes(len))];
            stream.read_exact(&mut message).unwrap();
            answer(&mut message);
            answers.extend(len);
            answers.extend(message);
        }
        let _ = said.send(());
        stream.write_all(&answers).unwrap();
        let _ = said.send(());
        // Until the client closes it.
        let _ = stream.read(&mut [0]);
    });
    addr
}

fn serve_stream(mut stream: TcpStream) {
    let mut len = [0; 2];
    while stream.read_exact(&mut len).is_ok() {
        let mut message = vec![0; usize::from(u16::from_be_bytes(len))];
        if stream.read_exact(&mut message).is_err() {
            return;
        }
        answer(&mut message);
        if stream.write_all(&[&len[..], &message].concat()).is_err() {
            return;
        }
    }
}

/// QR and RA.
fn answer(message: &mut [u8]) {
    message[2] |= 0x80;
    message[3] |= 0x80;
}

fn closed_port() -> SocketAddr {
    // Below the ports that the system and we choose from, so no other test gets it meanwhile.
    (3000..4000)
        .map(|port| SocketAddr::from(([127, 0, 0, 1], port)))
        .find(|&addr| UdpSocket::bind(addr).is_ok())
        .unwrap()
}

/// How an exchange ended.
#[derive(Debug, Clone, PartialEq)]
struct Ended {
    tag: u64,
    failure: Option<Failure>,
    attempts: Vec<Attempt>,
}

impl From<Finished<'_>> for Ended {
    fn from(finished: Finished<'_>) -> Self {
        let failure = match finished.end {
            Ending::Answered { .. } | Ending::Truncated { .. } => None,
            Ending::Failed(failure) => Some(failure),
        };
        Self { tag: finished.tag, failure, attempts: finished.attempts.to_vec() }
    }
}

fn submit(engine: &mut Engine, tag: u64) -> bool {
    let name: NameBuf = format!("n{tag:06}.example.").parse().unwrap();
    let ask = ExchangeRequest::new(tag, name.as_wire(), RecordType::A);
    engine.room() > 0 && engine.submit(&ask).is_ok()
}

/// Asks for `count` names and returns how each ended, by tag.
async fn ask(driver: &mut Driver, count: u64) -> Vec<Ended> {
    let mut ended = Vec::new();
    let mut next = 0;
    let work = async {
        while (ended.len() as u64) < count {
            while next < count && submit(driver.engine_mut(), next) {
                next += 1;
            }
            driver.turn(None, &mut |finished| ended.push(Ended::from(finished))).await.unwrap();
        }
    };
    let done = tokio::time::timeout(WATCHDOG, work).await;
    assert!(done.is_ok(), "still open: {:?}", driver.engine().totals());
    ended.sort_by_key(|ended| ended.tag);
    assert!(ended.iter().map(|ended| ended.tag).eq(0..count));
    ended
}

fn on_runtime<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// With a timeout that nothing on loopback reaches, and no more in flight than the buffers of a
/// plain server hold.
fn config() -> EngineConfig {
    let window = Window::Fixed(100);
    EngineConfig {
        profile: QueryProfile { timeout: Duration::from_secs(30), ..QueryProfile::default() },
        window,
        ..EngineConfig::default()
    }
}

fn open(config: EngineConfig, servers: &[SocketAddr], backend: Backend) -> Driver {
    Driver::open(config, servers, &Options { backend, ..Options::default() }).unwrap()
}

#[test]
fn every_name_is_answered_over_both_families() {
    let servers = [server(false, false), server(true, false), server(false, false)];
    for backend in BACKENDS {
        on_runtime(async {
            let mut driver = open(config(), &servers, backend);
            let ended = ask(&mut driver, 5_000).await;
            assert!(ended.iter().all(|ended| ended.failure.is_none()));
            let totals = driver.engine().totals();
            assert_eq!((totals.submitted, totals.answered, totals.open), (5_000, 5_000, 0));
            let counts = driver.local_counts();
            assert_eq!(counts.datagrams_sent, totals.attempts);
            assert_eq!(counts.send_errors, 0);
            assert_eq!(counts.gso, backend == Backend::Auto && cfg!(target_os = "linux"));
        });
    }
}

#[test]
fn the_time_of_an_answer_is_between_sending_and_now() {
    let servers = [server(false, false)];
    for backend in BACKENDS {
        on_runtime(async {
            let mut driver = open(config(), &servers, backend);
            let began = driver.now();
            let ended = ask(&mut driver, 10).await;
            let elapsed = driver.now().since(began);
            let kernel = backend == Backend::Auto && cfg!(target_os = "linux");
            for attempt in ended.iter().flat_map(|ended| &ended.attempts) {
                let Outcome::Answered(answer) = attempt.outcome else { panic!("{attempt:?}") };
                assert_eq!(answer.stamp, if kernel { Stamp::Kernel } else { Stamp::Clock });
                assert!(answer.rtt > Duration::ZERO && answer.rtt <= elapsed);
                assert!(driver.port(attempt.socket).is_some());
            }
        });
    }
}

#[test]
fn a_truncated_answer_is_asked_for_over_tcp() {
    for v6 in [false, true] {
        let servers = [server(v6, true)];
        for backend in BACKENDS {
            on_runtime(async {
                let mut driver = open(config(), &servers, backend);
                for ended in ask(&mut driver, 300).await {
                    assert_eq!(ended.failure, None);
                    let transports: Vec<_> =
                        ended.attempts.iter().map(|attempt| attempt.transport).collect();
                    assert_eq!(transports.first(), Some(&Transport::Udp));
                    assert_eq!(transports.last(), Some(&Transport::Tcp));
                }
            });
        }
    }
}

#[test]
fn tcp_alone_needs_no_udp_socket() {
    let servers = [server(false, false)];
    on_runtime(async {
        let config = EngineConfig {
            profile: QueryProfile { transport: TransportPolicy::TcpOnly, ..config().profile },
            ..config()
        };
        let mut driver = open(config, &servers, Backend::Auto);
        let ended = ask(&mut driver, 1_000).await;
        assert!(ended.iter().all(|ended| ended.failure.is_none()));
        assert_eq!(driver.port(SocketId(0)), None);
    });
}

#[test]
fn refused_connections_are_unreachable_servers() {
    let servers = [TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()];
    on_runtime(async {
        let transport = TransportPolicy::TcpOnly;
        let config = EngineConfig {
            profile: QueryProfile { transport, retries: 0, ..config().profile },
            ..config()
        };
        let mut driver = open(config, &servers, Backend::Auto);
        for ended in ask(&mut driver, 5).await {
            assert_eq!(ended.failure, Some(Failure::Unreachable));
        }
    });
}

/// Nothing of a server that was replaced is used for the next one, no connection either.
#[test]
fn a_server_in_the_place_of_another_is_asked_itself() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    on_runtime(async {
        let transport = TransportPolicy::TcpOnly;
        let config = EngineConfig {
            profile: QueryProfile { transport, retries: 0, ..config().profile },
            ..config()
        };
        let mut driver = open(config, &[server(false, false)], Backend::Auto);
        assert!(ask(&mut driver, 5).await.iter().all(|ended| ended.failure.is_none()));
        let (_, counts) = driver.replace_server(ServerId(0), closed).unwrap().unwrap();
        assert_eq!(counts.answered, 5);
        for ended in ask(&mut driver, 5).await {
            assert_eq!(ended.failure, Some(Failure::Unreachable));
        }
    });
}

/// A batch to a closed port of this machine is refused as a whole, by one ICMP message.
#[cfg(target_os = "linux")]
#[test]
fn each_query_of_a_refused_batch_is_unreachable() {
    let servers = [closed_port()];
    on_runtime(async {
        let config =
            EngineConfig { profile: QueryProfile { retries: 0, ..config().profile }, ..config() };
        let mut driver = open(config, &servers, Backend::Auto);
        for ended in ask(&mut driver, 5).await {
            assert_eq!(ended.failure, Some(Failure::Unreachable));
            let Outcome::Unreachable(error) = ended.attempts[0].outcome else { panic!() };
            assert_eq!((error.icmp_type, error.icmp_code), (3, 3));
        }
        assert_eq!(driver.local_counts().send_errors, 0);
    });
}

#[test]
fn what_the_system_does_not_send_is_told_at_once() {
    // Port 0 is nobody's.
    let servers = [SocketAddr::from(([127, 0, 0, 1], 0))];
    for backend in BACKENDS {
        on_runtime(async {
            let config = EngineConfig {
                profile: QueryProfile { retries: 0, ..config().profile },
                ..config()
            };
            let mut driver = open(config, &servers, backend);
            for ended in ask(&mut driver, 5).await {
                assert!(matches!(ended.attempts[0].outcome, Outcome::NotSent(errno) if errno != 0));
            }
            assert_eq!(driver.local_counts().send_errors, 5);
        });
    }
}

#[test]
fn silence_ends_in_timeouts() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    for backend in BACKENDS {
        on_runtime(async {
            let config = EngineConfig {
                profile: QueryProfile {
                    timeout: Duration::from_millis(20),
                    retries: 1,
                    ..QueryProfile::default()
                },
                ..EngineConfig::default()
            };
            let mut driver = open(config, &[silent.local_addr().unwrap()], backend);
            for ended in ask(&mut driver, 5).await {
                assert_eq!(ended.failure, Some(Failure::TimedOut));
                assert_eq!(ended.attempts.len(), 2);
            }
        });
    }
}

/// As when the process was stopped: the answers are there, and so is the end of the timeout.
#[test]
fn answers_that_wait_at_the_sockets_are_read_before_anything_times_out() {
    // More than one round of reading takes, and no more than the buffers of any system hold.
    const COUNT: usize = 200;
    let timeout = Duration::from_secs(1);
    for (backend, transport) in [
        (Backend::Auto, TransportPolicy::UdpOnly),
        (Backend::Portable, TransportPolicy::UdpOnly),
        (Backend::Auto, TransportPolicy::TcpOnly),
    ] {
        // Whoever sends waits until it is heard.
        let (say, said) = std::sync::mpsc::sync_channel(0);
        let server = counting_server(COUNT, say);
        on_runtime(async {
            let profile =
                QueryProfile { timeout, retries: 0, transport, ..QueryProfile::default() };
            let config =
                EngineConfig { profile, window: Window::Fixed(COUNT), ..EngineConfig::default() };
            let options = Options { sockets: 1, backend, ..Options::default() };
            let mut driver = Driver::open(config, &[server], &options).unwrap();
            for tag in 0..COUNT as u64 {
                assert!(submit(driver.engine_mut(), tag));
            }
            let mut ended = Vec::new();
            // No answer is written before this takes what the server says.
            while said.try_recv().is_err() {
                let wake = Some(Time::ZERO);
                driver.turn(wake, &mut |finished| ended.push(Ended::from(finished))).await.unwrap();
                assert!(ended.is_empty(), "the server has not read all within the timeout");
            }
            said.recv().unwrap();
            let over = driver.now() + timeout;
            while driver.now() <= over {
                std::hint::spin_loop();
            }
            while ended.len() < COUNT {
                driver.turn(None, &mut |finished| ended.push(Ended::from(finished))).await.unwrap();
            }
            for ended in &ended {
                let outcome = ended.attempts[0].outcome;
                assert!(
                    matches!(outcome, Outcome::Answered(_)),
                    "{outcome:?} with {backend:?}, {transport:?}"
                );
            }
        });
    }
}

#[test]
fn a_server_of_a_new_family_opens_its_sockets() {
    let (first, second) = (server(false, false), server(true, false));
    for backend in BACKENDS {
        on_runtime(async {
            let mut driver = open(config(), &[first], backend);
            assert_eq!(driver.port(SocketId(16)), None);
            let id = driver.add_server(second).unwrap();
            assert!(driver.port(SocketId(16)).is_some());
            ask(&mut driver, 500).await;
            assert!(driver.engine().server(id).counts.answered > 0);
        });
    }
}

#[test]
fn a_turn_that_is_dropped_loses_nothing() {
    let servers = [server(false, false)];
    for backend in BACKENDS {
        on_runtime(async {
            let mut driver = open(config(), &servers, backend);
            let (mut next, mut ended) = (0, 0);
            let work = async {
                while ended < 1_000 {
                    while next < 1_000 && submit(driver.engine_mut(), next) {
                        next += 1;
                    }
                    let mut sink = |_: Finished<'_>| ended += 1;
                    // Dropped the first time that it waits.
                    tokio::select! {
                        biased;
                        turn = driver.turn(None, &mut sink) => turn.unwrap(),
                        () = tokio::task::yield_now() => {}
                    }
                }
            };
            tokio::time::timeout(WATCHDOG, work).await.unwrap();
            let totals = driver.engine().totals();
            assert_eq!((totals.answered, totals.attempts), (1_000, 1_000));
        });
    }
}

#[test]
fn a_turn_ends_at_its_wake_up_time() {
    let servers = [server(false, false)];
    for backend in BACKENDS {
        on_runtime(async {
            let mut driver = open(config(), &servers, backend);
            let mut nothing = |_: Finished<'_>| panic!("nothing was asked");
            driver.turn(Some(Time::ZERO), &mut nothing).await.unwrap();
            let wake = driver.now() + Duration::from_millis(3);
            let turn = driver.turn(Some(wake), &mut nothing);
            tokio::time::timeout(WATCHDOG, turn).await.unwrap().unwrap();
            assert!(driver.now() >= wake);
        });
    }
}

#[test]
fn what_cannot_work_is_an_error_at_the_start() {
    let servers = ["[::1]:53".parse().unwrap()];
    let no_runtime = Driver::open(EngineConfig::default(), &servers, &Options::default());
    assert!(matches!(no_runtime, Err(NetError::NoRuntime)));
    on_runtime(async {
        let options = Options { bind: Some(Ipv4Addr::LOCALHOST.into()), ..Options::default() };
        let Err(error) = Driver::open(EngineConfig::default(), &servers, &options) else {
            panic!()
        };
        assert!(matches!(error, NetError::BindFamily { .. }));
        assert!(error.to_string().contains("[::1]:53"), "{error}");
    });
}

/// What a scan does for hours, in a second: sockets are replaced while answers are on their way.
#[test]
fn sockets_are_replaced_and_no_answer_is_lost() {
    let servers = [server(false, false), server(true, false)];
    for backend in BACKENDS {
        on_runtime(async {
            let life = SocketLife { time: Duration::from_secs(3600), queries: 100 };
            let config = EngineConfig { socket_life: Some(life), ..config() };
            let options = Options { backend, sockets: 2, ..Options::default() };
            let mut driver = Driver::open(config, &servers, &options).unwrap();
            let ended = ask(&mut driver, 3_000).await;
            assert!(ended.iter().all(|it| it.failure.is_none() && it.attempts.len() == 1));
            let ports = |range: std::ops::Range<usize>| {
                let attempts = ended[range].iter().flat_map(|it| &it.attempts);
                attempts.map(|it| (it.socket, it.port.unwrap())).collect::<HashSet<_>>()
            };
            let (early, all) = (ports(0..100), ports(0..3_000));
            assert!(all.len() > early.len(), "queries left from {} ports only", all.len());
            // No more are open than two of each family and two on their way out.
            let open = (0..100).filter(|&id| driver.port(SocketId(id)).is_some()).count();
            assert!((4..=6).contains(&open), "{open} sockets are open");
            assert_eq!(driver.engine().totals().attempts, 3_000);
        });
    }
}

/// A server that is answered for before it answers: ten guesses at the ID, and then a right one.
fn forged_server() -> SocketAddr {
    let (tcp, udp) = loop {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        if let Ok(udp) = UdpSocket::bind(tcp.local_addr().unwrap()) {
            break (tcp, udp);
        }
    };
    let addr = udp.local_addr().unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 2048];
        while let Ok((len, from)) = udp.recv_from(&mut buffer) {
            answer(&mut buffer[..len]);
            for guess in (0..=10u8).rev() {
                let mut forged = buffer[..len].to_vec();
                forged[1] ^= guess;
                udp.send_to(&forged, from).unwrap();
            }
        }
    });
    thread::spawn(move || {
        for stream in tcp.incoming() {
            thread::spawn(move || serve_stream(stream.unwrap()));
        }
    });
    addr
}

#[test]
fn who_guesses_is_not_believed_when_he_guesses_right() {
    let servers = [forged_server()];
    for backend in BACKENDS {
        on_runtime(async {
            let mut driver = open(config(), &servers, backend);
            for ended in ask(&mut driver, 20).await {
                assert_eq!(ended.failure, None);
                let last = ended.attempts.last().unwrap();
                assert_eq!(last.transport, Transport::Tcp, "{ended:?}");
                assert_eq!(ended.attempts[0].retried_because, Some(RetryReason::Mismatched));
            }
            assert_eq!(driver.engine().totals().suspected, 20);
        });
    }
}

/// A server that tells of the client cookies that it is sent.
fn cookie_server(cookies: std::sync::mpsc::Sender<(SocketAddr, Vec<u8>)>) -> SocketAddr {
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let addr = udp.local_addr().unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 2048];
        while let Ok((len, from)) = udp.recv_from(&mut buffer) {
            let query = Message::parse(&buffer[..len]).unwrap();
            let opt = query.opt().unwrap();
            let cookie = opt.options().find(|(code, _)| *code == OptionCode::COOKIE).unwrap();
            let _ = cookies.send((addr, cookie.1.to_vec()));
            answer(&mut buffer[..len]);
            udp.send_to(&buffer[..len], from).unwrap();
        }
    });
    addr
}

/// RFC 7873 §4.1: who sees two of them must not learn that one client sent them.
#[test]
fn each_server_has_a_client_cookie_of_its_own_and_in_each_run_another_one() {
    let (told, cookies) = std::sync::mpsc::channel();
    let servers = [cookie_server(told.clone()), cookie_server(told)];
    let edns = Some(Edns { cookie: CookieOption::Client, ..Edns::default() });
    let profile = QueryProfile { edns, ..config().profile };
    let mut seen = HashSet::new();
    for run in 0..2 {
        on_runtime(async {
            let config = EngineConfig { profile: profile.clone(), ..config() };
            let mut driver = open(config, &servers, Backend::Auto);
            let name: NameBuf = "www.example.".parse().unwrap();
            for tag in 0..8 {
                // Any server would be asked otherwise, perhaps the same one each time.
                let servers = ServerChoice::Only(ServerId((tag % 2) as u32));
                let new = ExchangeRequest::new(tag, name.as_wire(), RecordType::A);
                driver.engine_mut().submit(&ExchangeRequest { servers, ..new }).unwrap();
            }
            let mut ended = 0;
            let work = async {
                while ended < 8 {
                    driver.turn(None, &mut |_: Finished<'_>| ended += 1).await.unwrap();
                }
            };
            tokio::time::timeout(WATCHDOG, work).await.unwrap();
        });
        let of_run: HashSet<_> = cookies.try_iter().collect();
        let asked: HashSet<_> = of_run.iter().map(|(server, _)| *server).collect();
        assert_eq!((of_run.len(), asked.len()), (2, 2), "one cookie a server, in run {run}");
        seen.extend(of_run.into_iter().map(|(_, cookie)| cookie));
    }
    assert_eq!(seen.len(), 4, "{seen:?}");
    assert!(seen.iter().all(|cookie| cookie.len() == 8), "{seen:?}");
}
