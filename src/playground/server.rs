//! A DNS server on loopback, on threads of its own, over UDP and TCP.
//!
//! ```
//! use dnsonde::playground::{Faults, Server};
//!
//! let server = Server::start("127.0.0.1:0".parse().unwrap(), Faults::default()).unwrap();
//! assert_ne!(server.addr().port(), 0);
//! ```

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::answer::{self, UDP_PAYLOAD};
use super::faults::{Faults, Tcp, Wrong};
use super::generated::Zone;
use super::query::{Received, formerr};

/// TCP connections served at once; those beyond are closed at once.
const MAX_CONNECTIONS: usize = 128;
/// A TCP connection is closed when nothing came for so long.
const IDLE: Duration = Duration::from_secs(10);
/// The longest that a thread waits before it looks whether the server is to stop.
const GLANCE: Duration = Duration::from_secs(1);

/// A running server. It stops, and its threads end, when this is dropped.
pub struct Server {
    addr: SocketAddr,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// What a server has seen and done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Queries that came over UDP.
    pub udp_queries: u64,
    /// Queries that came over TCP.
    pub tcp_queries: u64,
    /// Queries that were not answered, as the faults wanted.
    pub silenced: u64,
    /// Messages that were sent as answers, wrong and late ones and duplicates included.
    pub sent: u64,
    /// Answers among [`Counts::sent`] that were wrong in ID, question, case or port.
    pub wrong: u64,
    /// Messages that could not be read.
    pub malformed: u64,
}

impl Counts {
    /// Queries over both transports.
    pub fn queries(&self) -> u64 {
        self.udp_queries + self.tcp_queries
    }
}

/// What the threads of a server have in common.
struct Shared {
    zone: Zone,
    faults: Faults,
    stopping: AtomicBool,
    queries: AtomicU64,
    tcp_queries: AtomicU64,
    silenced: AtomicU64,
    sent: AtomicU64,
    wrong: AtomicU64,
    malformed: AtomicU64,
    /// Open TCP connections, to be shut down from outside when the server stops.
    connections: Mutex<HashMap<u64, TcpStream>>,
}

/// A UDP answer that waits for its time.
struct Late {
    due: Instant,
    to: SocketAddr,
    message: Vec<u8>,
    other_port: bool,
}

impl Server {
    /// Starts a server for the zone [`Zone::demo`] at a loopback address; port 0 lets the system
    /// choose one that is free for UDP and TCP.
    ///
    /// # Errors
    /// An address that is not loopback, and what binding sockets and starting threads can say.
    pub fn start(addr: SocketAddr, faults: Faults) -> io::Result<Self> {
        Self::start_with(addr, Zone::demo(), faults)
    }

    /// As [`Server::start`], for another zone.
    ///
    /// # Errors
    /// As for [`Server::start`].
    pub fn start_with(addr: SocketAddr, zone: Zone, faults: Faults) -> io::Result<Self> {
        if !addr.ip().is_loopback() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{addr} is not a loopback address; a playground server binds to no other"),
            ));
        }
        let (udp, tcp) = bind(addr, faults.tcp != Tcp::Closed)?;
        let addr = udp.local_addr()?;
        let shared = Arc::new(Shared::new(zone, faults));
        // From here on a failure drops `server`, which ends the threads that run already.
        let mut server = Self { addr, shared: Arc::clone(&shared), threads: Vec::new() };

        let sockets = Arc::new(Sockets::new(udp)?);
        let mut late = None;
        if shared.faults.can_delay() {
            let (sender, receiver) = mpsc::channel();
            late = Some(sender);
            let (shared, sockets) = (Arc::clone(&shared), Arc::clone(&sockets));
            server.spawn("late", move || send_late(&shared, &sockets, &receiver))?;
        }
        let udp_shared = Arc::clone(&shared);
        server.spawn("udp", move || serve_udp(&udp_shared, &sockets, late.as_ref()))?;
        if let Some(listener) = tcp {
            server.spawn("tcp", move || serve_tcp(&shared, &listener))?;
        }
        Ok(server)
    }

    fn spawn(&mut self, role: &str, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let name = format!("playground-{role}");
        self.threads.push(thread::Builder::new().name(name).spawn(run)?);
        Ok(())
    }

    /// Where the server listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The zone that the server answers for.
    pub fn zone(&self) -> &Zone {
        &self.shared.zone
    }

    /// What the server does wrong.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// What the server has seen and done so far.
    pub fn counts(&self) -> Counts {
        let shared = &self.shared;
        let tcp_queries = shared.tcp_queries.load(Relaxed);
        Counts {
            udp_queries: shared.queries.load(Relaxed).saturating_sub(tcp_queries),
            tcp_queries,
            silenced: shared.silenced.load(Relaxed),
            sent: shared.sent.load(Relaxed),
            wrong: shared.wrong.load(Relaxed),
            malformed: shared.malformed.load(Relaxed),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Relaxed);
        // Wakes the threads that wait on sockets; whatever fails here, they glance up by themselves.
        let from = SocketAddr::new(self.addr.ip(), 0);
        let _ = UdpSocket::bind(from).and_then(|socket| socket.send_to(&[], self.addr));
        if self.shared.faults.tcp != Tcp::Closed {
            let _ = TcpStream::connect_timeout(&self.addr, GLANCE);
        }
        for stream in self.shared.connections().values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        for thread in self.threads.drain(..) {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn new(zone: Zone, faults: Faults) -> Self {
        Self {
            zone,
            faults,
            stopping: AtomicBool::new(false),
            queries: AtomicU64::new(0),
            tcp_queries: AtomicU64::new(0),
            silenced: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            wrong: AtomicU64::new(0),
            malformed: AtomicU64::new(0),
            connections: Mutex::new(HashMap::new()),
        }
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Relaxed)
    }

    fn connections(&self) -> std::sync::MutexGuard<'_, HashMap<u64, TcpStream>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Binds UDP and, if wanted, TCP to the same port.
fn bind(addr: SocketAddr, tcp: bool) -> io::Result<(UdpSocket, Option<TcpListener>)> {
    let mut tries = if addr.port() == 0 { 16 } else { 1 };
    loop {
        tries -= 1;
        let udp = UdpSocket::bind(addr)?;
        if !tcp {
            return Ok((udp, None));
        }
        match TcpListener::bind(udp.local_addr()?) {
            Ok(listener) => return Ok((udp, Some(listener))),
            // Free for UDP, taken for TCP: the next port may be free for both.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && tries > 0 => {}
            Err(error) => return Err(error),
        }
    }
}

/// The UDP sockets: the one that is listened on, and one on another port for wrong answers.
struct Sockets {
    main: UdpSocket,
    other: UdpSocket,
}

impl Sockets {
    fn new(main: UdpSocket) -> io::Result<Self> {
        main.set_read_timeout(Some(GLANCE))?;
        // A burst of a fast client waits here; the system may give less than is asked for.
        let _ = socket2::SockRef::from(&main).set_recv_buffer_size(4 << 20);
        let other = UdpSocket::bind(SocketAddr::new(main.local_addr()?.ip(), 0))?;
        Ok(Self { main, other })
    }

    fn send(&self, message: &[u8], to: SocketAddr, other_port: bool) {
        let socket = if other_port { &self.other } else { &self.main };
        // An answer that cannot be sent is lost, as on any network.
        let _ = socket.send_to(message, to);
    }
}

fn serve_udp(shared: &Shared, sockets: &Sockets, late: Option<&mpsc::Sender<Late>>) {
    let mut query = [0; 4096];
    let mut out = [0; UDP_PAYLOAD];
    while !shared.is_stopping() {
        // Errors are timeouts, and ICMP messages about answers that nobody waited for.
        let Ok((len, from)) = sockets.main.recv_from(&mut query) else { continue };
        if shared.is_stopping() {
            return;
        }
        let query = match Received::read(&query[..len]) {
            Received::Query(query) => query,
            Received::Malformed(header) => {
                shared.malformed.fetch_add(1, Relaxed);
                let len = formerr(header, &mut out);
                sockets.send(&out[..len], from, false);
                continue;
            }
            Received::NotQuery => {
                shared.malformed.fetch_add(1, Relaxed);
                continue;
            }
        };
        let nth = shared.queries.fetch_add(1, Relaxed);
        let fate = shared.faults.roll(nth, &query.name, false, query.has_edns());
        if fate.silence {
            shared.silenced.fetch_add(1, Relaxed);
            continue;
        }
        let limit = query.udp_limit();
        let len = query.answer(&shared.zone, fate.content, &mut out[..limit]);
        let copies = if fate.duplicate { 2 } else { 1 };
        let send = |message: &[u8], other_port| {
            for _ in 0..copies {
                // Counted first: who has the answer must find it in the counts.
                shared.sent.fetch_add(1, Relaxed);
                match late {
                    Some(late) if fate.delayed => {
                        let due = Instant::now() + shared.faults.delay;
                        let message = message.to_vec();
                        let _ = late.send(Late { due, to: from, message, other_port });
                    }
                    _ => sockets.send(message, from, other_port),
                }
            }
        };
        if let Some(wrong) = fate.wrong {
            shared.wrong.fetch_add(copies, Relaxed);
            let mut message = [0; UDP_PAYLOAD];
            message[..len].copy_from_slice(&out[..len]);
            answer::spoil(&mut message[..len], wrong);
            send(&message[..len], wrong == Wrong::Port);
            if !shared.faults.right_follows {
                continue;
            }
        }
        send(&out[..len], false);
    }
}

/// Sends each answer at its time. The delay is the same for all, so they come in the order in
/// which they are due.
fn send_late(shared: &Shared, sockets: &Sockets, queue: &mpsc::Receiver<Late>) {
    // The queue ends when the thread that fills it does.
    while let Ok(late) = queue.recv() {
        loop {
            if shared.is_stopping() {
                return;
            }
            let left = late.due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            thread::park_timeout(left);
        }
        sockets.send(&late.message, late.to, late.other_port);
    }
}

fn serve_tcp(shared: &Shared, listener: &TcpListener) {
    // On Linux this limits `accept` too; elsewhere only the wake of `Server::drop` ends the wait.
    let _ = socket2::SockRef::from(listener).set_read_timeout(Some(GLANCE));
    thread::scope(|scope| {
        for number in 0.. {
            let accepted = listener.accept();
            if shared.is_stopping() {
                return;
            }
            let Ok((stream, _)) = accepted else {
                // Nobody came; or no file descriptors are left: let some be closed.
                thread::park_timeout(Duration::from_millis(10));
                continue;
            };
            let Ok(handle) = stream.try_clone() else { continue };
            {
                let mut connections = shared.connections();
                // Under the lock: either this sees the stop, or the stop sees this connection.
                if connections.len() >= MAX_CONNECTIONS || shared.is_stopping() {
                    continue;
                }
                connections.insert(number, handle);
            }
            let serve = move || {
                // Whatever ends a connection, the client sees it closed.
                let _ = serve_stream(shared, stream);
                shared.connections().remove(&number);
            };
            if thread::Builder::new().spawn_scoped(scope, serve).is_err() {
                shared.connections().remove(&number);
            }
        }
    });
}

/// Answers the queries of one connection, one after the other (RFC 7766 §6.2.1), until it ends.
fn serve_stream(shared: &Shared, stream: TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(IDLE))?;
    stream.set_write_timeout(Some(IDLE))?;
    stream.set_nodelay(true)?;
    let mut reader = io::BufReader::new(&stream);
    let mut query = Vec::new();
    let mut out = vec![0; 2 + usize::from(u16::MAX)];
    while !shared.is_stopping() {
        let mut prefix = [0; 2];
        reader.read_exact(&mut prefix)?;
        query.resize(usize::from(u16::from_be_bytes(prefix)), 0);
        reader.read_exact(&mut query)?;
        let (len, cut) = match Received::read(&query) {
            Received::Query(query) => {
                shared.tcp_queries.fetch_add(1, Relaxed);
                let nth = shared.queries.fetch_add(1, Relaxed);
                let fate = shared.faults.roll(nth, &query.name, true, query.has_edns());
                if fate.silence {
                    shared.silenced.fetch_add(1, Relaxed);
                    continue;
                }
                (query.answer(&shared.zone, fate.content, &mut out[2..]), fate.cut)
            }
            Received::Malformed(header) => {
                shared.malformed.fetch_add(1, Relaxed);
                (formerr(header, &mut out[2..]), false)
            }
            Received::NotQuery => {
                shared.malformed.fetch_add(1, Relaxed);
                return Ok(());
            }
        };
        let [high, low] = (len as u16).to_be_bytes();
        out[..2].copy_from_slice(&[high, low]);
        shared.sent.fetch_add(1, Relaxed);
        if cut {
            return (&stream).write_all(&out[..2 + len / 2]);
        }
        (&stream).write_all(&out[..2 + len])?;
    }
    Ok(())
}
