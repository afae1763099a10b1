//! The pool against plain TCP sockets on loopback.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;

use bytes::BytesMut;

use super::*;
use crate::engine::HANDSHAKE;
use crate::net::tcp::framing::frame;

/// So long that only a lost wake-up can be the reason.
const WATCHDOG: Duration = Duration::from_secs(60);

const TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Reported {
    Message { server: u32, octets: Vec<u8> },
    Failed { key: u32, cause: StreamCause, errno: i32 },
    NotSent { key: u32 },
    Lost { key: u32 },
}

fn note(event: Event<'_, u32>, reported: &mut Vec<Reported>, sent: &mut Vec<u32>) {
    let event = match event {
        Event::Sent { key } => return sent.push(key),
        Event::Message { server, octets, .. } => {
            Reported::Message { server: server.0, octets: octets.to_vec() }
        }
        Event::Failed { key, failure: StreamFailure { cause, errno } } => {
            Reported::Failed { key, cause, errno }
        }
        Event::NotSent { key, .. } => Reported::NotSent { key },
        Event::Lost { key, .. } => Reported::Lost { key },
    };
    reported.push(event);
}

/// A pool, and what it told.
struct Harness {
    pool: Pool<u32>,
    /// The queries that were sent, in this order.
    sent: Vec<u32>,
    clock: Clock,
    reported: Vec<Reported>,
    most_open: usize,
}

impl Harness {
    fn new(options: &Options) -> Self {
        let pool = Pool::new(options);
        Self { pool, sent: Vec::new(), clock: Clock::new(), reported: Vec::new(), most_open: 0 }
    }

    /// Submits a query whose ID is its key.
    fn ask(&mut self, server: u32, addr: SocketAddr, key: u32) {
        self.ask_with(server, addr, key, &query(key));
    }

    fn ask_with(&mut self, server: u32, addr: SocketAddr, key: u32, message: &[u8]) {
        let now = self.clock.now();
        let server = (ServerId(server), addr);
        let query = Query { key, message, timeout: TIMEOUT, deadline: now + HANDSHAKE + TIMEOUT };
        let Self { pool, reported, sent, .. } = self;
        pool.submit(now, server, query, &mut |event| note(event, reported, sent));
        self.most_open = self.most_open.max(self.pool.open);
    }

    /// Reads and writes until so many events have been told.
    async fn run(&mut self, events: usize) {
        let work = async {
            while self.reported.len() < events {
                let Self { pool, clock, reported, sent, .. } = self;
                let mut each = |event: Event<'_, u32>| note(event, reported, sent);
                std::future::poll_fn(|cx| pool.poll(cx, clock, &mut each)).await;
                self.most_open = self.most_open.max(self.pool.open);
            }
        };
        let done = tokio::time::timeout(WATCHDOG, work).await;
        assert!(done.is_ok(), "still waiting; told: {:?}", self.reported);
    }

    fn sweep(&mut self, now: Time) {
        let Self { pool, reported, sent, .. } = self;
        pool.sweep(now, &mut |event| note(event, reported, sent));
    }

    fn answers(&self) -> BTreeSet<Vec<u8>> {
        let octets = |reported: &Reported| match reported {
            Reported::Message { octets, .. } => Some(octets.clone()),
            _ => None,
        };
        self.reported.iter().filter_map(octets).collect()
    }
}

/// As long as its key says.
fn query(key: u32) -> Vec<u8> {
    let mut octets = vec![key as u8; 20 + key as usize % 50];
    octets[..2].copy_from_slice(&(key as u16).to_be_bytes());
    octets
}

fn on_runtime<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// A server that hands each connection, with its number, to a thread of `serve`. Its end is told
/// through the channel.
fn server(
    v6: bool,
    serve: impl Fn(usize, TcpStream) + Send + Clone + 'static,
) -> (SocketAddr, mpsc::Receiver<usize>) {
    let ip: IpAddr = if v6 { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() };
    let listener = TcpListener::bind((ip, 0)).unwrap();
    let addr = listener.local_addr().unwrap();
    let (ended, ends) = mpsc::channel();
    thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let (serve, ended) = (serve.clone(), ended.clone());
            thread::spawn(move || {
                serve(number, stream.unwrap());
                let _ = ended.send(number);
            });
        }
    });
    (addr, ends)
}

/// The next framed message; `None` when the client closes.
fn read_message(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut len = [0; 2];
    stream.read_exact(&mut len).ok()?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(len))];
    stream.read_exact(&mut message).ok()?;
    Some(message)
}

fn framed(messages: &[Vec<u8>]) -> Vec<u8> {
    let mut out = BytesMut::new();
    messages.iter().for_each(|message| frame(message, &mut out));
    out.to_vec()
}

/// Echoes `per_connection` messages at most, then closes.
fn echo(per_connection: usize) -> impl Fn(usize, TcpStream) + Send + Clone + 'static {
    move |_, mut stream| {
        for _ in 0..per_connection {
            let Some(message) = read_message(&mut stream) else { return };
            stream.write_all(&framed(&[message])).unwrap();
        }
    }
}

#[test]
fn queries_share_a_connection_and_answers_come_in_any_order_and_cut() {
    for v6 in [false, true] {
        let (addr, _) = server(v6, |number, mut stream| {
            assert_eq!(number, 0, "a second connection");
            stream.set_nodelay(true).unwrap();
            let mut messages: Vec<_> =
                (0..40).map(|_| read_message(&mut stream).unwrap()).collect();
            messages.reverse();
            // Messages without any octet in between are nothing.
            messages.insert(7, Vec::new());
            messages.push(Vec::new());
            for (cut, piece) in framed(&messages).chunks(11).enumerate() {
                let (a, b) = piece.split_at(cut % piece.len());
                stream.write_all(a).unwrap();
                stream.write_all(b).unwrap();
            }
            assert_eq!(read_message(&mut stream), None);
        });
        on_runtime(async {
            let mut harness = Harness::new(&Options::default());
            (0..40).for_each(|key| harness.ask(3, addr, key));
            harness.run(40).await;
            let expected: Vec<_> = (0..40)
                .rev()
                .map(|key| Reported::Message { server: 3, octets: query(key) })
                .collect();
            assert_eq!(harness.reported, expected);
            assert_eq!(harness.most_open, 1);
        });
    }
}

#[test]
fn a_connection_is_used_again() {
    let (addr, _) = server(false, |number, stream| {
        assert_eq!(number, 0, "a second connection");
        echo(usize::MAX)(number, stream);
    });
    on_runtime(async {
        let mut harness = Harness::new(&Options::default());
        for key in 0..10 {
            harness.ask(0, addr, key);
            harness.run(key as usize + 1).await;
        }
        assert_eq!(harness.answers().len(), 10);
    });
}

#[test]
fn a_full_pipeline_lets_queries_wait_and_loses_none() {
    let (addr, _) = server(false, echo(usize::MAX));
    on_runtime(async {
        let mut harness = Harness::new(&Options { tcp_pipeline: 4, ..Options::default() });
        (0..100).for_each(|key| harness.ask(0, addr, key));
        harness.run(100).await;
        assert_eq!(harness.answers(), (0..100).map(query).collect());
        assert_eq!(harness.most_open, 1);
    });
}

#[test]
fn several_connections_to_one_server_if_they_are_wanted() {
    let (addr, _) = server(false, echo(usize::MAX));
    on_runtime(async {
        let options = Options { tcp_connections_per_server: 3, ..Options::default() };
        let mut harness = Harness::new(&options);
        (0..100).for_each(|key| harness.ask(0, addr, key));
        harness.run(100).await;
        assert_eq!(harness.answers(), (0..100).map(query).collect());
        assert_eq!(harness.most_open, 3);
    });
}

#[test]
fn a_connection_closed_midway_fails_what_it_has_not_answered() {
    let (addr, _) = server(false, |_, mut stream| {
        let messages: Vec<_> = (0..10).map(|_| read_message(&mut stream).unwrap()).collect();
        let octets = framed(&messages[..4]);
        // The last one is not whole.
        stream.write_all(&octets[..octets.len() - 1]).unwrap();
    });
    on_runtime(async {
        let mut harness = Harness::new(&Options::default());
        (0..10).for_each(|key| harness.ask(0, addr, key));
        harness.run(10).await;
        let expected: Vec<_> = (0..3)
            .map(|key| Reported::Message { server: 0, octets: query(key) })
            .chain((3..10).map(|key| Reported::Failed {
                key,
                cause: StreamCause::ClosedMidMessage,
                errno: 0,
            }))
            .collect();
        assert_eq!(harness.reported, expected);
        assert_eq!(harness.pool.open, 0);
    });
}

#[test]
fn a_server_that_closes_after_some_answers_is_not_asked_more_on_one_connection() {
    for quota in [1, 3] {
        let (addr, _) = server(false, move |_, mut stream| {
            // Reads on until the client has nothing more to say, so that closing is no reset.
            let messages: Vec<_> =
                std::iter::from_fn(|| read_message(&mut stream)).take(quota).collect();
            stream.set_nonblocking(true).unwrap();
            let mut rest = [0; 4096];
            while matches!(stream.read(&mut rest), Ok(1..)) {}
            stream.set_nonblocking(false).unwrap();
            stream.write_all(&framed(&messages)).unwrap();
        });
        on_runtime(async {
            let mut harness = Harness::new(&Options::default());
            (0..20).for_each(|key| harness.ask(0, addr, key));
            harness.run(20).await;
            assert_eq!(harness.answers().len(), quota);
            harness.reported.clear();
            (20..32).for_each(|key| harness.ask(0, addr, key));
            harness.run(12).await;
            assert_eq!(harness.answers(), (20..32).map(query).collect());
        });
    }
}

#[test]
fn a_refused_connection_fails_all_that_wait_for_it() {
    for v6 in [false, true] {
        let ip: IpAddr = if v6 { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() };
        let closed = TcpListener::bind((ip, 0)).unwrap().local_addr().unwrap();
        on_runtime(async {
            let mut harness = Harness::new(&Options { tcp_pipeline: 2, ..Options::default() });
            (0..5).for_each(|key| harness.ask(0, closed, key));
            harness.run(5).await;
            harness.reported.sort();
            for (reported, key) in harness.reported.iter().zip(0..) {
                let Reported::Failed { key: failed, cause: StreamCause::Refused, errno } =
                    *reported
                else {
                    panic!("{reported:?}");
                };
                assert_eq!(failed, key);
                #[cfg(unix)]
                assert_eq!(errno, libc::ECONNREFUSED);
                assert_ne!(errno, 0);
            }
            assert_eq!(harness.pool.open, 0);
        });
    }
}

#[test]
fn more_servers_than_connections_take_turns() {
    let servers: Vec<_> = (0..8).map(|_| server(false, echo(usize::MAX))).collect();
    on_runtime(async {
        let mut harness = Harness::new(&Options { tcp_connections: 2, ..Options::default() });
        for key in 0..24 {
            harness.ask(key % 8, servers[key as usize % 8].0, key);
        }
        harness.run(24).await;
        assert_eq!(harness.answers(), (0..24).map(query).collect());
        assert_eq!(harness.most_open, 2);
    });
}

#[test]
fn an_idle_connection_is_closed_and_nothing_is_kept_of_it() {
    let (addr, ends) = server(false, echo(usize::MAX));
    on_runtime(async {
        let mut harness = Harness::new(&Options::default());
        harness.ask(0, addr, 1);
        harness.run(1).await;
        let now = harness.clock.now();
        harness.sweep(now + Duration::from_secs(5));
        assert_eq!(harness.pool.open, 1);
        harness.sweep(now + Duration::from_secs(11));
        assert_eq!(harness.pool.open, 0);
        assert_eq!(harness.pool.sweep_at(), None);
        assert!(harness.pool.servers.is_empty());
        assert_eq!(ends.recv_timeout(WATCHDOG), Ok(0));
        assert_eq!(harness.reported.len(), 1);
    });
}

#[test]
fn a_peer_that_says_nothing_is_given_up_and_nothing_is_kept_of_it() {
    let (addr, ends) = server(false, |_, mut stream| while read_message(&mut stream).is_some() {});
    on_runtime(async {
        let mut harness = Harness::new(&Options { tcp_pipeline: 2, ..Options::default() });
        (0..6).for_each(|key| harness.ask(0, addr, key));
        let now = harness.clock.now();
        // The engine has timed the queries out itself: no event for them.
        harness.sweep(now + TIMEOUT * 2);
        assert_eq!(harness.reported, []);
        assert_eq!(harness.pool.open, 0);
        assert!(harness.pool.servers.is_empty());
        assert_eq!(harness.pool.sweep_at(), None);
        assert_eq!(ends.recv_timeout(WATCHDOG), Ok(0));
    });
}

#[test]
fn an_answer_that_was_not_asked_for_is_handed_on_and_changes_nothing() {
    let (addr, _) = server(false, |_, mut stream| {
        let message = read_message(&mut stream).unwrap();
        stream.write_all(&framed(&[query(999), message])).unwrap();
        assert_eq!(read_message(&mut stream), None);
    });
    on_runtime(async {
        let mut harness = Harness::new(&Options::default());
        harness.ask(0, addr, 5);
        harness.run(2).await;
        let message = |key| Reported::Message { server: 0, octets: query(key) };
        assert_eq!(harness.reported, [message(999), message(5)]);
    });
}

/// A server with room for one connection that nobody accepts: after that, the system drops SYNs.
#[cfg(target_os = "linux")]
fn server_that_drops_syns() -> (socket2::Socket, TcpStream, SocketAddr) {
    use socket2::{Domain, Socket, Type};
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    socket.listen(0).unwrap();
    let addr = socket.local_addr().unwrap().as_socket().unwrap();
    let first = TcpStream::connect(addr).unwrap();
    (socket, first, addr)
}

#[cfg(target_os = "linux")]
#[test]
fn a_handshake_has_its_own_time_and_is_told_as_what_it_is() {
    let (_socket, _first, addr) = server_that_drops_syns();
    on_runtime(async {
        let mut harness = Harness::new(&Options { tcp_pipeline: 2, ..Options::default() });
        let begun = harness.clock.now();
        (0..3).for_each(|key| harness.ask(0, addr, key));
        let now = harness.clock.now();
        harness.sweep(begun + HANDSHAKE - Duration::from_millis(1));
        assert_eq!((&harness.reported[..], harness.pool.open), (&[][..], 1));
        assert!(harness.pool.sweep_at() <= Some(now + HANDSHAKE));
        harness.sweep(now + HANDSHAKE);
        harness.reported.sort();
        let timed_out = |key| Reported::Failed {
            key,
            cause: StreamCause::ConnectTimedOut,
            errno: libc::ETIMEDOUT,
        };
        assert_eq!(harness.reported, [timed_out(0), timed_out(1), timed_out(2)]);
        assert_eq!((harness.pool.open, &harness.sent[..]), (0, &[][..]));
    });
}

#[test]
fn a_query_is_told_as_sent_when_its_connection_is_made() {
    let (addr, _) = server(false, echo(usize::MAX));
    on_runtime(async {
        let mut harness = Harness::new(&Options { tcp_pipeline: 2, ..Options::default() });
        (0..3).for_each(|key| harness.ask(0, addr, key));
        assert!(harness.sent.is_empty());
        harness.run(3).await;
        assert_eq!(harness.sent, [0, 1, 2]);
        harness.ask(0, addr, 3);
        assert_eq!(harness.sent, [0, 1, 2, 3]);
    });
}

#[test]
fn an_answer_has_the_time_that_its_query_brings() {
    let (answer, may_answer) = mpsc::channel::<()>();
    let may_answer = std::sync::Arc::new(std::sync::Mutex::new(may_answer));
    let (addr, _) = server(false, move |_, mut stream| {
        let message = read_message(&mut stream).unwrap();
        may_answer.lock().unwrap().recv().unwrap();
        stream.write_all(&framed(&[message])).unwrap();
        read_message(&mut stream);
    });
    on_runtime(async {
        let mut harness = Harness::new(&Options::default());
        harness.ask(0, addr, 1);
        let poll = |harness: &mut Harness| {
            let Harness { pool, clock, reported, sent, .. } = harness;
            let mut each = |event: Event<'_, u32>| note(event, reported, sent);
            let mut cx = Context::from_waker(std::task::Waker::noop());
            pool.poll(&mut cx, clock, &mut each).is_ready()
        };
        while harness.sent.is_empty() {
            tokio::task::yield_now().await;
            poll(&mut harness);
        }
        // Longer than the timeout that most queries have, and than a handshake.
        harness.sweep(harness.clock.now() + TIMEOUT - Duration::from_millis(500));
        assert_eq!(harness.pool.open, 1);
        answer.send(()).unwrap();
        harness.run(1).await;
        assert_eq!(harness.reported, [Reported::Message { server: 0, octets: query(1) }]);
    });
}

#[test]
fn a_reset_a_close_and_a_close_within_a_message_are_told_apart() {
    for (what, cause) in [
        ("reset", StreamCause::Reset),
        ("close", StreamCause::Closed),
        ("cut", StreamCause::ClosedMidMessage),
    ] {
        let (addr, _) = server(false, move |_, mut stream| {
            let message = read_message(&mut stream).unwrap();
            match what {
                "reset" => {
                    socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap()
                }
                "cut" => stream.write_all(&framed(&[message])[..9]).unwrap(),
                _ => {}
            }
        });
        on_runtime(async {
            let mut harness = Harness::new(&Options::default());
            harness.ask(0, addr, 5);
            harness.run(1).await;
            let Reported::Failed { key: 5, cause: reported, errno } = harness.reported[0] else {
                panic!("{what}: {:?}", harness.reported);
            };
            assert_eq!((reported, errno != 0), (cause, what == "reset"), "{what}");
        });
    }
}

#[test]
fn a_peer_that_sends_what_answers_nothing_loses_its_connection() {
    for garbage in [vec![], query(999), vec![7]] {
        let flood = framed(&vec![garbage.clone(); 1000]);
        let (addr, ends) = server(false, move |_, mut stream| {
            read_message(&mut stream).unwrap();
            while stream.write_all(&flood).is_ok() {}
        });
        on_runtime(async {
            let mut harness = Harness::new(&Options::default());
            harness.ask(0, addr, 5);
            let reported = if garbage.is_empty() { 1 } else { 17 };
            harness.run(reported).await;
            let end = Reported::Failed { key: 5, cause: StreamCause::Unsolicited, errno: 0 };
            assert_eq!((harness.reported.len(), harness.reported.last()), (reported, Some(&end)));
            assert_eq!(harness.pool.open, 0);
            // The flood ends only because the connection does.
            assert_eq!(ends.recv_timeout(WATCHDOG), Ok(0));
        });
    }
}

#[test]
fn late_answers_are_not_taken_for_garbage() {
    let (addr, _) = server(false, |_, mut stream| {
        // One query keeps the connection alive; the others are answered when they were given up.
        let mut messages: Vec<_> = (0..40).map(|_| read_message(&mut stream).unwrap()).collect();
        stream.write_all(&framed(&[messages.remove(39)])).unwrap();
        messages.push(read_message(&mut stream).unwrap());
        stream.write_all(&framed(&messages)).unwrap();
        read_message(&mut stream);
    });
    on_runtime(async {
        let tcp_idle = Duration::from_secs(3600);
        let mut harness = Harness::new(&Options { tcp_idle, ..Options::default() });
        (0..40).for_each(|key| harness.ask(0, addr, key));
        harness.run(1).await;
        harness.sweep(harness.clock.now() + TIMEOUT * 3);
        assert_eq!(harness.pool.open, 1);
        harness.ask(0, addr, 40);
        harness.run(41).await;
        assert_eq!(harness.answers(), (0..41).map(query).collect());
    });
}

#[test]
fn what_a_peer_does_not_read_is_bounded_and_given_up() {
    let (release, released) = mpsc::channel::<()>();
    let released = std::sync::Arc::new(std::sync::Mutex::new(released));
    let (addr, _) = server(false, move |_, stream| {
        // Reads nothing.
        let _ = released.lock().unwrap().recv();
        drop(stream);
    });
    on_runtime(async {
        let mut harness = Harness::new(&Options { tcp_pipeline: u16::MAX, ..Options::default() });
        let large = |key: u32| {
            let mut message = vec![0; 60_000];
            message[..2].copy_from_slice(&(key as u16).to_be_bytes());
            message
        };
        harness.ask_with(0, addr, 0, &large(0));
        let poll = |harness: &mut Harness| {
            let Harness { pool, clock, reported, sent, .. } = harness;
            let mut each = |event: Event<'_, u32>| note(event, reported, sent);
            let mut cx = Context::from_waker(std::task::Waker::noop());
            pool.poll(&mut cx, clock, &mut each).is_ready()
        };
        while harness.sent.is_empty() {
            tokio::task::yield_now().await;
            poll(&mut harness);
        }
        // 60 MB: more than any socket buffer takes.
        for key in 1..1000 {
            harness.ask_with(0, addr, key, &large(key));
            poll(&mut harness);
            let out = harness.pool.connections.iter().flatten().map(Connection::unwritten).sum();
            let out: usize = out;
            assert!(out < 130_000, "{out} octets wait for a peer that reads nothing");
        }
        let waiting: usize = harness.pool.servers.values().map(|server| server.queue.len()).sum();
        assert!(waiting > 500, "only {waiting} of 1000 wait for room");
        harness.sweep(harness.clock.now() + HANDSHAKE + TIMEOUT * 2);
        assert_eq!(harness.pool.open, 0);
        assert!(harness.pool.servers.is_empty());
        drop(release);
    });
}
