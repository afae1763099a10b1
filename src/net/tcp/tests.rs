//! The pool against plain TCP sockets on loopback.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;

use super::*;

/// So long that only a lost wake-up can be the reason.
const WATCHDOG: Duration = Duration::from_secs(60);

const TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    Message { server: u32, octets: Vec<u8> },
    Failed { key: u32, cause: StreamCause, errno: i32 },
    NotSent { key: u32 },
}

impl From<Event<'_, u32>> for Told {
    fn from(event: Event<'_, u32>) -> Self {
        match event {
            Event::Message { server, octets, .. } => {
                Self::Message { server: server.0, octets: octets.to_vec() }
            }
            Event::Failed { key, failure: StreamFailure { cause, errno } } => {
                Self::Failed { key, cause, errno }
            }
            Event::NotSent { key, .. } => Self::NotSent { key },
        }
    }
}

/// A pool, and what it told.
struct Harness {
    pool: Pool<u32>,
    clock: Clock,
    told: Vec<Told>,
    most_open: usize,
}

impl Harness {
    fn new(options: &Options) -> Self {
        let pool = Pool::new(options, TIMEOUT);
        Self { pool, clock: Clock::new(), told: Vec::new(), most_open: 0 }
    }

    /// Submits a query whose ID is its key.
    fn ask(&mut self, server: u32, addr: SocketAddr, key: u32) {
        let told = &mut self.told;
        let now = self.clock.now();
        let server = (ServerId(server), addr);
        self.pool.submit(now, server, key, &query(key), &mut |event| told.push(event.into()));
        self.most_open = self.most_open.max(self.pool.open);
    }

    /// Reads and writes until so many events have been told.
    async fn run(&mut self, events: usize) {
        let work = async {
            while self.told.len() < events {
                let (pool, clock, told) = (&mut self.pool, &self.clock, &mut self.told);
                let mut each = |event: Event<'_, u32>| told.push(event.into());
                std::future::poll_fn(|cx| pool.poll(cx, clock, &mut each)).await;
                self.most_open = self.most_open.max(self.pool.open);
            }
        };
        let done = tokio::time::timeout(WATCHDOG, work).await;
        assert!(done.is_ok(), "still waiting; told: {:?}", self.told);
    }

    fn sweep(&mut self, now: Time) {
        let told = &mut self.told;
        self.pool.sweep(now, &mut |event| told.push(event.into()));
    }

    fn answers(&self) -> BTreeSet<Vec<u8>> {
        let octets = |told: &Told| match told {
            Told::Message { octets, .. } => Some(octets.clone()),
            _ => None,
        };
        self.told.iter().filter_map(octets).collect()
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
    let mut out = Vec::new();
    messages.iter().for_each(|message| framing::frame(message, &mut out));
    out
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
            let expected: Vec<_> =
                (0..40).rev().map(|key| Told::Message { server: 3, octets: query(key) }).collect();
            assert_eq!(harness.told, expected);
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
            .map(|key| Told::Message { server: 0, octets: query(key) })
            .chain((3..10).map(|key| Told::Failed {
                key,
                cause: StreamCause::ClosedMidMessage,
                errno: 0,
            }))
            .collect();
        assert_eq!(harness.told, expected);
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
            harness.told.clear();
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
            harness.told.sort();
            for (told, key) in harness.told.iter().zip(0..) {
                let Told::Failed { key: failed, cause: StreamCause::Refused, errno } = *told else {
                    panic!("{told:?}");
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
        assert_eq!(harness.told.len(), 1);
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
        assert_eq!(harness.told, []);
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
        let message = |key| Told::Message { server: 0, octets: query(key) };
        assert_eq!(harness.told, [message(999), message(5)]);
    });
}
