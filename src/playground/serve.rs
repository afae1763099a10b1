//! A [`World`] on real sockets: every address of it on the loopback interface, UDP and TCP, all on
//! one port, with its delays.
//!
//! ```no_run
//! use std::sync::{Arc, Mutex, PoisonError};
//! use dnsonde::playground::{Scenario, World, serve};
//!
//! let scenario = Scenario::named("healthy").unwrap().unwrap().on_loopback().unwrap();
//! let service = serve(World::new(Arc::new(scenario), 1), 0).unwrap();
//! println!("dig @127.53.3.1 -p {} example.com NS", service.port());
//! ```
//!
//! Only the system sends ICMP, and only it answers TCP handshakes, so a port is unreachable only where
//! nobody listens at all: where a fault says so of some queries, or that handshakes are dropped, those
//! queries are lost instead.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::{Notify, Semaphore, oneshot};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{sleep, timeout};

use super::world::{Arrival, Delivery, World, WorldCounts};
use crate::engine::{Time, Transport};
use crate::net::event_loop;

/// Ports that are tried when the system may choose one that is free at every address.
const TRIES: usize = 32;
/// TCP connections served at once; those beyond are closed at once.
const MAX_CONNECTIONS: usize = 256;
/// Answers that may be on their way, and their octets; those beyond are lost.
const MAX_ON_THE_WAY: usize = 65_536;
const MAX_OCTETS_ON_THE_WAY: usize = 64 << 20;
/// Queries of one TCP connection that are answered at once; the next one is read when one of them is
/// done.
const PIPELINE: usize = 64;
/// A TCP connection is closed when nothing came for so long, or the client took nothing.
const IDLE: Duration = Duration::from_secs(10);
/// How long to wait after an error that may go away by itself.
const PAUSE: Duration = Duration::from_millis(10);

/// A world that is being served; it stops when this is dropped.
#[derive(Debug)]
pub struct Service {
    port: u16,
    counts: Arc<Mutex<WorldCounts>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Why a world cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// An address that is not of this machine alone.
    #[error("{0} is not a loopback address; the playground uses no other")]
    NotLoopback(IpAddr),
    /// Somebody else has the port, or the address cannot be had.
    #[error("cannot bind {address}: {error}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
    /// No thread, or no event loop.
    #[error("cannot start the playground: {0}")]
    Start(#[from] io::Error),
}

/// The sockets of one address; none where the port is closed.
struct Sockets {
    address: SocketAddr,
    udp: Option<std::net::UdpSocket>,
    tcp: Option<std::net::TcpListener>,
}

/// Serves a world on loopback, on a thread of its own; port 0 lets the system choose one that is
/// free at every address. The world's time begins now.
///
/// # Errors
/// [`ServeError`]: see [`super::Scenario::on_loopback`] for worlds with other addresses. Systems
/// other than Linux have only 127.0.0.1 as it is.
pub fn serve(world: World, port: u16) -> Result<Service, ServeError> {
    let addresses: Vec<IpAddr> = world.scenario().addresses().collect();
    if let Some(far) = addresses.iter().find(|address| !address.is_loopback()) {
        return Err(ServeError::NotLoopback(*far));
    }
    let mut tries = if port == 0 { TRIES } else { 1 };
    let (port, sockets) = loop {
        tries -= 1;
        match bind(&world, &addresses, port) {
            Ok(bound) => break bound,
            // Free at the first address, taken at another one: the next port may be free at all.
            Err(ServeError::Bind { error, .. })
                if error.kind() == io::ErrorKind::AddrInUse && tries > 0 => {}
            Err(error) => return Err(error),
        }
    };
    let runtime = event_loop()?;
    let (stop, stopped) = oneshot::channel();
    let counts = Arc::default();
    let shared = Arc::clone(&counts);
    let run = move || {
        let local = LocalSet::new();
        local.block_on(&runtime, async {
            Playground::new(world, shared).open(sockets);
            // Dropping the other end is an order to stop, too.
            let _ = stopped.await;
        });
    };
    let thread = thread::Builder::new().name("playground".to_owned()).spawn(run)?;
    Ok(Service { port, counts, stop: Some(stop), thread: Some(thread) })
}

impl Service {
    /// The port, at every address.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What the world has seen and done so far. Who has a response finds it counted.
    pub fn counts(&self) -> WorldCounts {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Binds every address that is not closed, to one port.
fn bind(world: &World, addresses: &[IpAddr], port: u16) -> Result<(u16, Vec<Sockets>), ServeError> {
    let mut port = port;
    let mut all = Vec::new();
    for &ip in addresses {
        let address = SocketAddr::new(ip, port);
        let failed = |error| ServeError::Bind { address, error };
        let mut sockets = Sockets { address, udp: None, tcp: None };
        if !world.is_closed(ip, Transport::Udp) {
            let udp = std::net::UdpSocket::bind(address).map_err(failed)?;
            udp.set_nonblocking(true)?;
            // A burst of a fast client waits here; the system may give less than is asked for.
            let _ = socket2::SockRef::from(&udp).set_recv_buffer_size(4 << 20);
            port = udp.local_addr()?.port();
            sockets.address.set_port(port);
            sockets.udp = Some(udp);
        }
        if !world.is_closed(ip, Transport::Tcp) {
            let tcp = std::net::TcpListener::bind(sockets.address).map_err(failed)?;
            tcp.set_nonblocking(true)?;
            port = tcp.local_addr()?.port();
            sockets.address.set_port(port);
            sockets.tcp = Some(tcp);
        }
        all.push(sockets);
    }
    Ok((port, all))
}

/// What all tasks share.
struct Playground {
    world: RefCell<World>,
    counts: Arc<Mutex<WorldCounts>>,
    started: Instant,
    /// Where datagrams leave: at their servers' addresses, and at others that faults make up.
    outlets: RefCell<HashMap<SocketAddr, Rc<UdpSocket>>>,
    on_the_way: Cell<usize>,
    octets_on_the_way: Cell<usize>,
    connections: Cell<usize>,
}

impl Playground {
    fn new(world: World, counts: Arc<Mutex<WorldCounts>>) -> Rc<Self> {
        Rc::new(Self {
            world: RefCell::new(world),
            counts,
            started: Instant::now(),
            outlets: RefCell::new(HashMap::new()),
            on_the_way: Cell::new(0),
            octets_on_the_way: Cell::new(0),
            connections: Cell::new(0),
        })
    }

    /// Begins to serve.
    fn open(self: &Rc<Self>, sockets: Vec<Sockets>) {
        for Sockets { address, udp, tcp } in sockets {
            // They were bound and are non-blocking, so the event loop takes them.
            if let Some(Ok(udp)) = udp.map(UdpSocket::from_std) {
                let udp = Rc::new(udp);
                self.outlets.borrow_mut().insert(address, Rc::clone(&udp));
                spawn_local(Rc::clone(self).serve_udp(address, udp));
            }
            if let Some(Ok(tcp)) = tcp.map(TcpListener::from_std) {
                spawn_local(Rc::clone(self).serve_tcp(address, tcp));
            }
        }
    }

    fn put(
        self: &Rc<Self>,
        to: SocketAddr,
        from: SocketAddr,
        transport: Transport,
        query: &[u8],
    ) -> Vec<OnTheWay> {
        let now = Time::ZERO + self.started.elapsed();
        let mut back = Vec::new();
        let mut world = self.world.borrow_mut();
        world.handle(now, to, from, transport, query, &mut back);
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner) = world.counts();
        back.into_iter().filter_map(|delivery| self.on_its_way(delivery)).collect()
    }

    /// Counts what is on its way from now on; `None` if there is no room for it.
    fn on_its_way(self: &Rc<Self>, delivery: Delivery) -> Option<OnTheWay> {
        let octets = match &delivery.arrival {
            Arrival::Message { octets, .. } | Arrival::Cut(octets) => octets.len(),
            Arrival::Unreachable | Arrival::Reset | Arrival::Unanswered => 0,
        };
        let all = self.octets_on_the_way.get() + octets;
        if self.on_the_way.get() >= MAX_ON_THE_WAY || all > MAX_OCTETS_ON_THE_WAY {
            return None;
        }
        self.on_the_way.set(self.on_the_way.get() + 1);
        self.octets_on_the_way.set(all);
        Some(OnTheWay { here: Rc::clone(self), octets, delivery })
    }

    async fn serve_udp(self: Rc<Self>, address: SocketAddr, socket: Rc<UdpSocket>) {
        let mut query = [0; 4096];
        loop {
            let Ok((len, client)) = socket.recv_from(&mut query).await else {
                sleep(PAUSE).await;
                continue;
            };
            for coming in self.put(address, client, Transport::Udp, &query[..len]) {
                if coming.delivery.after.is_zero() {
                    coming.send(client).await;
                } else {
                    spawn_local(async move {
                        sleep(coming.delivery.after).await;
                        coming.send(client).await;
                    });
                }
            }
        }
    }

    /// The socket at an address, opened if need be.
    async fn outlet(&self, address: SocketAddr) -> Option<Rc<UdpSocket>> {
        let known = self.outlets.borrow().get(&address).cloned();
        if known.is_some() || !address.ip().is_loopback() {
            return known;
        }
        let socket = match UdpSocket::bind(address).await {
            Ok(socket) => socket,
            // Taken: any other port is as wrong as this one.
            Err(_) => UdpSocket::bind(SocketAddr::new(address.ip(), 0)).await.ok()?,
        };
        let socket = Rc::new(socket);
        self.outlets.borrow_mut().insert(address, Rc::clone(&socket));
        Some(socket)
    }

    async fn serve_tcp(self: Rc<Self>, address: SocketAddr, listener: TcpListener) {
        loop {
            let Ok((stream, client)) = listener.accept().await else {
                sleep(PAUSE).await;
                continue;
            };
            if self.connections.get() >= MAX_CONNECTIONS {
                continue;
            }
            self.connections.set(self.connections.get() + 1);
            let here = Rc::clone(&self);
            spawn_local(async move {
                // Whatever ends a connection, the client sees it closed.
                let _ = here.serve_stream(address, client, stream).await;
                here.connections.set(here.connections.get() - 1);
            });
        }
    }

    /// Answers the queries of one connection, each in its time (RFC 7766 §6.2.1.1), until it ends.
    async fn serve_stream(
        self: &Rc<Self>,
        address: SocketAddr,
        client: SocketAddr,
        stream: TcpStream,
    ) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let (mut reader, writer) = stream.into_split();
        let writer = Rc::new(tokio::sync::Mutex::new(Some(writer)));
        let ended = Rc::new(Notify::new());
        let room = Arc::new(Semaphore::new(PIPELINE));
        let mut query = Vec::new();
        loop {
            let turn = tokio::select! {
                () = ended.notified() => return Ok(()),
                turn = Arc::clone(&room).acquire_owned() => Rc::new(turn),
            };
            let read = async {
                let len = usize::from(reader.read_u16().await?);
                query.resize(len, 0);
                reader.read_exact(&mut query).await
            };
            tokio::select! {
                () = ended.notified() => return Ok(()),
                read = timeout(IDLE, read) => { read??; }
            }
            for coming in self.put(address, client, Transport::Tcp, &query) {
                let (ended, turn) = (Rc::clone(&ended), Rc::clone(&turn));
                let writer = Rc::clone(&writer);
                spawn_local(async move {
                    if !coming.delivery.after.is_zero() {
                        sleep(coming.delivery.after).await;
                    }
                    let written = timeout(IDLE, write(&writer, &coming.delivery.arrival)).await;
                    if !written.unwrap_or(false) {
                        ended.notify_one();
                    }
                    drop(turn);
                });
            }
        }
    }
}

/// What is on its way to a client, counted as long as it exists.
struct OnTheWay {
    here: Rc<Playground>,
    octets: usize,
    delivery: Delivery,
}

impl OnTheWay {
    /// Sends it as a datagram. What cannot be sent is lost, as on any network.
    async fn send(&self, client: SocketAddr) {
        if let Arrival::Message { from, octets } = &self.delivery.arrival
            && let Some(outlet) = self.here.outlet(*from).await
        {
            let _ = outlet.send_to(octets, client).await;
        }
    }
}

impl Drop for OnTheWay {
    fn drop(&mut self) {
        let Self { here, octets, .. } = self;
        here.on_the_way.set(here.on_the_way.get() - 1);
        here.octets_on_the_way.set(here.octets_on_the_way.get() - *octets);
    }
}

/// Writes what arrives on a connection; whether it goes on.
async fn write(writer: &tokio::sync::Mutex<Option<OwnedWriteHalf>>, arrival: &Arrival) -> bool {
    let mut place = writer.lock().await;
    let Some(writer) = place.as_mut() else { return false };
    match arrival {
        Arrival::Message { octets, .. } => {
            let framed = [&(octets.len() as u16).to_be_bytes(), octets.as_slice()].concat();
            writer.write_all(&framed).await.is_ok()
        }
        Arrival::Cut(octets) => {
            let _ = writer.write_all(octets).await;
            let _ = writer.shutdown().await;
            false
        }
        Arrival::Reset => {
            // Without a time to linger, closing is a reset, unless the end was said before.
            let _ = socket2::SockRef::from(writer.as_ref()).set_linger(Some(Duration::ZERO));
            if let Some(writer) = place.take() {
                writer.forget();
            }
            false
        }
        Arrival::Unanswered => true,
        Arrival::Unreachable => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playground::Scenario;
    use crate::wire::{Builder, Class, Flags, NameBuf, RecordType};

    fn playground(more: &str) -> Rc<Playground> {
        let text = format!(
            "base = \"ses\"\ntitle = \"A test\"\nstory = \"None.\"\n[expect]\nverdict = \"verified\"\n{more}"
        );
        Playground::new(
            World::new(Arc::new(Scenario::from_toml("test", &text).unwrap()), 1),
            Arc::default(),
        )
    }

    fn delivery(octets: usize) -> Delivery {
        let from = SocketAddr::from(([127, 0, 0, 1], 53));
        let arrival = Arrival::Message { from, octets: vec![0; octets] };
        Delivery { after: Duration::ZERO, arrival }
    }

    #[test]
    fn what_is_on_its_way_is_bounded_in_octets() {
        let here = playground("");
        let mut held: Vec<OnTheWay> = Vec::new();
        while let Some(coming) = here.on_its_way(delivery(1 << 20)) {
            held.push(coming);
        }
        assert_eq!(held.len() << 20, MAX_OCTETS_ON_THE_WAY);
        held.pop();
        assert!(here.on_its_way(delivery(1 << 20)).is_some());
        drop(held);
        assert_eq!((here.on_the_way.get(), here.octets_on_the_way.get()), (0, 0));
    }

    #[test]
    fn a_connection_has_only_so_many_queries_under_way() {
        const QUERIES: usize = 4 * PIPELINE;
        let here =
            playground("[[faults]]\ntransport = \"tcp\"\neffect = { delay = { ms = 20 } }\n");
        let address = here.world.borrow().scenario().addresses().next().unwrap();
        let mut query = [0; 512];
        let mut builder = Builder::new(&mut query, 7, Flags::default()).unwrap();
        builder.question(NameBuf::root().as_wire(), RecordType::NS, Class::IN).unwrap();
        let len = builder.finish();
        let framed = [&(len as u16).to_be_bytes(), &query[..len]].concat();

        let runtime = event_loop().unwrap();
        let most = LocalSet::new().block_on(&runtime, async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let (stream, from) = listener.accept().await.unwrap();
            let server = Rc::clone(&here);
            let to = SocketAddr::new(address, 53);
            spawn_local(async move {
                let _ = server.serve_stream(to, from, stream).await;
            });
            client.write_all(&framed.repeat(QUERIES)).await.unwrap();
            let most = Rc::new(Cell::new(0));
            let (watched, seen) = (Rc::clone(&here), Rc::clone(&most));
            spawn_local(async move {
                loop {
                    seen.set(seen.get().max(watched.on_the_way.get()));
                    tokio::task::yield_now().await;
                }
            });
            for _ in 0..QUERIES {
                let len = client.read_u16().await.unwrap();
                client.read_exact(&mut vec![0; usize::from(len)]).await.unwrap();
            }
            most.get()
        });
        assert_eq!(most, PIPELINE);
    }
}
