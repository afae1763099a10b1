//! Both backends against plain sockets on loopback.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::ops::Range;
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;
use std::time::Duration;

use super::event::Event;
use super::pool::Udp;
use super::send_batches::{Outgoing, SendBatches};
use super::socket::LOWEST_PORT;
use crate::engine::{SocketId, Stamp, Time, Unreachable};
use crate::net::clock::Clock;
use crate::net::{Backend as Choice, Family, NetError, Options};

const CHOICES: [Choice; 2] = [Choice::Auto, Choice::Portable];

/// So long that only a lost datagram or a lost wake-up can be the reason.
const WATCHDOG: Duration = Duration::from_secs(60);

#[derive(Default)]
struct TestBatches(Vec<(SocketId, SocketAddr, usize, Vec<u8>)>);

impl TestBatches {
    /// A batch of `count` datagrams of `segment` octets, of which the first two are numbers from
    /// `first` up.
    fn batch(mut self, socket: u16, to: SocketAddr, segment: usize, count: usize) -> Self {
        let first: usize = self.0.iter().map(|batch| batch.3.len() / batch.2).sum();
        let mut octets = Vec::new();
        for number in first..first + count {
            let start = octets.len();
            octets.extend_from_slice(&(number as u16).to_be_bytes());
            octets.resize(start + segment, number as u8);
        }
        self.0.push((SocketId(socket), to, segment, octets));
        self
    }

    fn datagrams(&self) -> BTreeSet<Vec<u8>> {
        self.0.iter().flat_map(|batch| batch.3.chunks(batch.2)).map(<[u8]>::to_vec).collect()
    }
}

impl SendBatches for TestBatches {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn count(&self, batch: usize) -> usize {
        self.0[batch].3.len() / self.0[batch].2
    }

    fn batch(&self, batch: usize) -> Outgoing<'_> {
        let (socket, to, segment, octets) = &self.0[batch];
        Outgoing { socket: *socket, to: *to, segment: *segment, octets }
    }
}

/// An event that owns what it tells.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Reported {
    Datagram { socket: SocketId, from: SocketAddr, received: Time, stamp: Stamp, octets: Vec<u8> },
    Unreachable { socket: SocketId, to: SocketAddr, error: Unreachable, quoted: Vec<u8> },
    NotSent { batch: usize, datagrams: Range<usize>, errno: i32 },
}

impl Reported {
    /// What an event tells; an announcement tells nothing that its datagram does not.
    fn from(event: Event<'_>) -> Option<Self> {
        Some(match event {
            Event::Announced { .. } => return None,
            Event::Datagram { socket, from, received, stamp, octets } => {
                Self::Datagram { socket, from, received, stamp, octets: octets.to_vec() }
            }
            Event::Unreachable { socket, to, error, quoted } => {
                Self::Unreachable { socket, to, error, quoted: quoted.to_vec() }
            }
            Event::Undelivered { .. } => panic!("there is no neighbour on loopback"),
            Event::NotSent { batch, datagrams, errno } => Self::NotSent { batch, datagrams, errno },
        })
    }
}

/// A pool of two sockets a family and what it told.
struct Pool {
    udp: Udp,
    clock: Clock,
    reported: Vec<Reported>,
}

impl Pool {
    fn open(backend: Choice) -> Self {
        let options = Options { sockets: 2, backend, ..Options::default() };
        let mut udp = Udp::new(&options).unwrap();
        udp.open_family(Family::V4).unwrap();
        udp.open_family(Family::V6).unwrap();
        Self { udp, clock: Clock::new(), reported: Vec::new() }
    }

    fn addr(&self, socket: u16) -> SocketAddr {
        let ip: IpAddr =
            if socket < 2 { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
        SocketAddr::new(ip, self.udp.port(SocketId(socket)).unwrap())
    }

    fn load(&mut self, batches: &TestBatches) {
        let reported = &mut self.reported;
        self.udp.load(batches, &mut |event| reported.extend(Reported::from(event)));
    }

    /// Sends and receives until `enough` has been told.
    async fn run(&mut self, batches: &TestBatches, enough: impl Fn(&[Reported]) -> bool) {
        let work = async {
            loop {
                let (udp, clock, reported) = (&mut self.udp, &mut self.clock, &mut self.reported);
                udp.send(clock.now(), batches, &mut |event| reported.extend(Reported::from(event)));
                if udp.is_drained() && enough(reported) {
                    return;
                }
                std::future::poll_fn(|cx| {
                    udp.poll(cx, clock, &mut |event| reported.extend(Reported::from(event)))
                })
                .await
                .unwrap();
            }
        };
        let done = tokio::time::timeout(WATCHDOG, work).await;
        assert!(done.is_ok(), "still waiting; told: {:?}", self.reported);
    }

    fn received(&self) -> BTreeSet<Vec<u8>> {
        let octets = |reported: &Reported| match reported {
            Reported::Datagram { octets, .. } => Some(octets.clone()),
            _ => None,
        };
        self.reported.iter().filter_map(octets).collect()
    }
}

fn on_runtime<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn loopback(v6: bool) -> SocketAddr {
    let ip: IpAddr = if v6 { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() };
    SocketAddr::new(ip, 0)
}

/// A server that sends each of `count` datagrams back to where it came from.
fn echo(v6: bool, count: usize) -> SocketAddr {
    let socket = UdpSocket::bind(loopback(v6)).unwrap();
    let addr = socket.local_addr().unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 2048];
        for _ in 0..count {
            let (len, from) = socket.recv_from(&mut buffer).unwrap();
            socket.send_to(&buffer[..len], from).unwrap();
        }
    });
    addr
}

/// An address at which nobody listens.
fn closed(v6: bool) -> SocketAddr {
    // Below the ports that the system and we choose from, so no other test gets it meanwhile.
    static NEXT: AtomicU16 = AtomicU16::new(2000);
    loop {
        let mut addr = loopback(v6);
        addr.set_port(NEXT.fetch_add(1, Ordering::Relaxed));
        if UdpSocket::bind(addr).is_ok() {
            return addr;
        }
    }
}

fn datagrams(reported: &[Reported]) -> usize {
    reported.iter().filter(|reported| matches!(reported, Reported::Datagram { .. })).count()
}

#[test]
fn every_datagram_of_every_batch_makes_the_round_trip() {
    for backend in CHOICES {
        for v6 in [false, true] {
            on_runtime(async {
                let (one, two) = (echo(v6, 65), echo(v6, 35));
                let mut pool = Pool::open(backend);
                let base = if v6 { 2 } else { 0 };
                let batches = TestBatches::default()
                    .batch(base, one, 40, 64)
                    .batch(base + 1, two, 33, 20)
                    .batch(base, two, 50, 1)
                    .batch(base, one, 51, 1)
                    .batch(base + 1, two, 20, 14);
                pool.load(&batches);
                pool.run(&batches, |reported| datagrams(reported) == 100).await;
                assert_eq!(pool.received(), batches.datagrams());
                for reported in &pool.reported {
                    let Reported::Datagram { socket, from, octets, .. } = reported else {
                        panic!("{reported:?}");
                    };
                    let batch = match octets.len() {
                        40 => (base, one),
                        51 => (base, one),
                        50 => (base, two),
                        _ => (base + 1, two),
                    };
                    assert_eq!((socket.0, *from), batch, "{backend:?}");
                }
                let counts = pool.udp.counts();
                assert_eq!((counts.datagrams_sent, counts.datagrams_received), (100, 100));
                assert_eq!((counts.send_errors, counts.receive_overflow), (0, 0));
            });
        }
    }
}

#[test]
fn a_second_batch_follows_the_first() {
    for backend in CHOICES {
        on_runtime(async {
            let server = echo(false, 30);
            let mut pool = Pool::open(backend);
            for round in 1..=3 {
                let batches =
                    TestBatches::default().batch(0, server, 20, 9).batch(0, server, 30, 1);
                pool.load(&batches);
                pool.run(&batches, |reported| datagrams(reported) == 10 * round).await;
            }
            assert_eq!(pool.udp.counts().datagrams_sent, 30);
        });
    }
}

#[test]
fn one_bad_destination_does_not_hurt_the_others() {
    for backend in CHOICES {
        on_runtime(async {
            let server = echo(false, 12);
            // Port 0 is nobody's: EINVAL.
            let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
            let mut pool = Pool::open(backend);
            let batches = TestBatches::default()
                .batch(0, server, 20, 5)
                .batch(0, nowhere, 21, 3)
                .batch(0, server, 22, 6)
                .batch(0, nowhere, 23, 1)
                .batch(0, server, 24, 1);
            pool.load(&batches);
            pool.run(&batches, |reported| datagrams(reported) == 12).await;
            let mut not_sent = Vec::new();
            for reported in &pool.reported {
                if let Reported::NotSent { batch, datagrams, errno } = reported {
                    not_sent.extend(datagrams.clone().map(|datagram| (*batch, datagram)));
                    #[cfg(target_os = "linux")]
                    assert_eq!(*errno, libc::EINVAL);
                    assert_ne!(*errno, 0);
                }
            }
            assert_eq!(not_sent, [(1, 0), (1, 1), (1, 2), (3, 0)], "{backend:?}");
            assert_eq!(pool.udp.counts().send_errors, 4);
        });
    }
}

#[test]
fn a_closed_port_does_not_hurt_the_others() {
    for backend in CHOICES {
        on_runtime(async {
            let (server, closed) = (echo(false, 60), closed(false));
            let mut pool = Pool::open(backend);
            let mut batches = TestBatches::default();
            for _ in 0..30 {
                batches = batches.batch(0, server, 20, 2).batch(0, closed, 20, 1);
            }
            pool.load(&batches);
            pool.run(&batches, |reported| datagrams(reported) == 60).await;
            let not_sent =
                pool.reported.iter().find(|reported| matches!(reported, Reported::NotSent { .. }));
            assert_eq!(not_sent, None, "{backend:?}");
        });
    }
}

#[test]
fn a_family_without_sockets_sends_nothing_and_says_so() {
    for backend in CHOICES {
        on_runtime(async {
            let mut udp = Udp::new(&Options { backend, ..Options::default() }).unwrap();
            udp.open_family(Family::V4).unwrap();
            let batches = TestBatches::default().batch(16, "[::1]:53".parse().unwrap(), 20, 4);
            let mut reported = Vec::new();
            udp.load(&batches, &mut |event| reported.extend(Reported::from(event)));
            assert!(udp.is_drained());
            assert_eq!(reported, [Reported::NotSent { batch: 0, datagrams: 0..4, errno: 0 }]);
        });
    }
}

#[test]
fn ports_are_high_and_each_is_another() {
    for backend in CHOICES {
        on_runtime(async {
            let mut udp = Udp::new(&Options { backend, ..Options::default() }).unwrap();
            udp.open_family(Family::V4).unwrap();
            let ports: BTreeSet<_> =
                (0..16).map(|socket| udp.port(SocketId(socket)).unwrap()).collect();
            assert_eq!(ports.len(), 16);
            assert!(ports.first() >= Some(&LOWEST_PORT));
            assert_eq!(udp.port(SocketId(16)), None);
        });
    }
}

#[test]
fn a_local_address_of_another_machine_is_an_error() {
    on_runtime(async {
        let bind = Some("192.0.2.77".parse().unwrap());
        let mut udp = Udp::new(&Options { bind, ..Options::default() }).unwrap();
        let error = udp.open_family(Family::V4).unwrap_err();
        assert!(matches!(error, NetError::BindAddress { .. }), "{error}");
    });
}

#[test]
fn the_clock_stamps_what_the_portable_backend_receives() {
    on_runtime(async {
        let server = echo(false, 1);
        let mut pool = Pool::open(Choice::Portable);
        let batches = TestBatches::default().batch(0, server, 20, 1);
        pool.load(&batches);
        let before = pool.clock.now();
        pool.run(&batches, |reported| datagrams(reported) == 1).await;
        let Reported::Datagram { received, stamp, .. } = &pool.reported[0] else { panic!() };
        assert_eq!(*stamp, Stamp::Clock);
        assert!(before <= *received && *received <= pool.clock.now());
    });
}

#[cfg(target_os = "linux")]
mod linux {
    use super::*;

    #[test]
    fn the_kernel_stamps_what_the_batched_backend_receives() {
        on_runtime(async {
            let server = echo(false, 10);
            let mut pool = Pool::open(Choice::Auto);
            assert!(pool.udp.counts().kernel_timestamps);
            let batches = TestBatches::default().batch(0, server, 20, 10);
            pool.load(&batches);
            let before = pool.clock.now();
            pool.run(&batches, |reported| datagrams(reported) == 10).await;
            let after = pool.clock.now();
            for reported in &pool.reported {
                let Reported::Datagram { received, stamp, .. } = reported else { panic!() };
                assert_eq!(*stamp, Stamp::Kernel);
                assert!(before <= *received && *received <= after);
            }
        });
    }

    #[test]
    fn a_batch_is_one_packet_until_it_is_received() {
        for v6 in [false, true] {
            on_runtime(async {
                let socket = if v6 { 3 } else { 1 };
                let mut sender = Pool::open(Choice::Auto);
                let mut receiver = Pool::open(Choice::Auto);
                let counts = receiver.udp.counts();
                assert!(counts.gso && counts.gro);
                let batches = TestBatches::default().batch(socket, receiver.addr(socket), 41, 64);
                sender.load(&batches);
                sender.run(&batches, |_| true).await;
                assert_eq!(sender.udp.counts().send_calls, 1);
                assert_eq!(sender.udp.counts().datagrams_sent, 64);
                receiver.run(&TestBatches::default(), |reported| datagrams(reported) == 64).await;
                assert_eq!(receiver.received(), batches.datagrams());
            });
        }
    }

    #[test]
    fn many_destinations_share_a_system_call() {
        on_runtime(async {
            let servers: Vec<_> = (0..64).map(|_| echo(false, 1)).collect();
            let mut pool = Pool::open(Choice::Auto);
            let batches = servers
                .iter()
                .fold(TestBatches::default(), |batches, &to| batches.batch(0, to, 20, 1));
            pool.load(&batches);
            pool.run(&batches, |reported| datagrams(reported) == 64).await;
            assert_eq!(pool.udp.counts().send_calls, 1);
        });
    }

    #[test]
    fn icmp_says_that_a_port_is_closed_and_quotes_the_datagram() {
        for (v6, icmp_type, icmp_code) in [(false, 3, 3), (true, 1, 4)] {
            on_runtime(async {
                let closed = closed(v6);
                let mut pool = Pool::open(Choice::Auto);
                let socket = if v6 { 2 } else { 0 };
                let batches = TestBatches::default().batch(socket, closed, 30, 1);
                pool.load(&batches);
                pool.run(&batches, |reported| !reported.is_empty()).await;
                let error = Unreachable { icmp_type, icmp_code, errno: libc::ECONNREFUSED };
                let quoted = batches.0[0].3.clone();
                let socket = SocketId(socket);
                assert_eq!(
                    pool.reported,
                    [Reported::Unreachable { socket, to: closed, error, quoted }]
                );
            });
        }
    }

    #[test]
    fn each_closed_port_is_reported_though_sending_goes_on() {
        on_runtime(async {
            let closed: Vec<_> = (0..40).map(|_| closed(false)).collect();
            let mut pool = Pool::open(Choice::Auto);
            let batches = closed
                .iter()
                .fold(TestBatches::default(), |batches, &to| batches.batch(0, to, 20, 1));
            pool.load(&batches);
            pool.run(&batches, |reported| reported.len() == 40).await;
            let reported: BTreeSet<_> = pool
                .reported
                .iter()
                .map(|reported| match reported {
                    Reported::Unreachable { to, quoted, .. } => (*to, quoted.clone()),
                    other => panic!("{other:?}"),
                })
                .collect();
            let sent: BTreeSet<_> =
                batches.0.iter().map(|(_, to, _, octets)| (*to, octets.clone())).collect();
            assert_eq!(reported, sent);
        });
    }

    #[test]
    fn a_bad_destination_does_not_end_segmentation() {
        on_runtime(async {
            let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
            let mut pool = Pool::open(Choice::Auto);
            let batches = TestBatches::default().batch(0, nowhere, 21, 3);
            pool.load(&batches);
            pool.run(&batches, |reported| reported.len() == 3).await;
            assert!(pool.udp.counts().gso);
        });
    }
}
