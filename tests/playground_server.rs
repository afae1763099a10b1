//! The playground server over real sockets on loopback.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use dnsonde::engine::Transport;
use dnsonde::playground::{Delay, Effect, Fault, Faults, LoopbackServer};
use dnsonde::wire::{Builder, Class, Flags, Message, NameBuf, Rcode, RecordType};

/// Long enough that only a broken server lets it pass.
const PATIENCE: Duration = Duration::from_secs(20);

fn start(faults: impl Into<Faults>) -> LoopbackServer {
    LoopbackServer::start("127.0.0.1:0".parse().unwrap(), faults).unwrap()
}

fn name(text: &str) -> NameBuf {
    text.parse().unwrap()
}

fn query(id: u16, name: &NameBuf) -> Vec<u8> {
    let mut buffer = [0; 300];
    let mut builder = Builder::new(&mut buffer, id, Flags::RD).unwrap();
    builder.question(name.as_wire(), RecordType::A, Class::IN).unwrap();
    let len = builder.finish();
    buffer[..len].to_vec()
}

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

fn receive(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut buffer = [0; 4096];
    let (len, from) = socket.recv_from(&mut buffer).unwrap();
    (buffer[..len].to_vec(), from)
}

fn id(octets: &[u8]) -> u16 {
    Message::parse(octets).unwrap().id()
}

fn addresses(octets: &[u8]) -> Vec<std::net::Ipv4Addr> {
    let message = Message::parse(octets).unwrap();
    message
        .answers()
        .filter(|record| record.rtype == RecordType::A)
        .map(|record| <[u8; 4]>::try_from(record.rdata()).unwrap().into())
        .collect()
}

fn connect(server: &LoopbackServer) -> TcpStream {
    let stream = TcpStream::connect(server.addr()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn send_framed(stream: &mut TcpStream, message: &[u8]) {
    let mut framed = (message.len() as u16).to_be_bytes().to_vec();
    framed.extend_from_slice(message);
    stream.write_all(&framed).unwrap();
}

fn receive_framed(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut prefix = [0; 2];
    stream.read_exact(&mut prefix)?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(prefix))];
    stream.read_exact(&mut message)?;
    Ok(message)
}

#[test]
fn each_name_gets_its_own_addresses() {
    let server = start(Faults::default());
    let socket = socket();
    for i in 0..200_u16 {
        let name = name(&format!("chain{}-n{i}.demo.test", i % 10));
        socket.send_to(&query(i, &name), server.addr()).unwrap();
        let (answer, from) = receive(&socket);
        assert_eq!((id(&answer), from), (i, server.addr()));
        assert_eq!(addresses(&answer), server.zone().a(&name));
    }
    let counts = server.counts();
    assert_eq!((counts.udp_queries, counts.sent, counts.silenced), (200, 200, 0));
}

#[test]
fn truncation_sends_the_client_to_tcp_where_queries_are_pipelined() {
    let server = start(Faults::default());
    let socket = socket();
    let large = name("large-1.demo.test");
    socket.send_to(&query(1, &large), server.addr()).unwrap();
    let (answer, _) = receive(&socket);
    assert!(Message::parse(&answer).unwrap().flags().contains(Flags::TC));
    assert!(addresses(&answer).is_empty());

    let mut stream = connect(&server);
    for id in 2..5 {
        send_framed(&mut stream, &query(id, &large));
    }
    for expected in 2..5 {
        let answer = receive_framed(&mut stream).unwrap();
        assert_eq!(id(&answer), expected);
        assert_eq!(addresses(&answer), server.zone().a(&large));
    }
}

#[test]
fn silent_names_get_no_answer_and_the_others_do() {
    let server =
        start(Faults::seeded(3, [Fault { by_name: true, ..Fault::sometimes(0.5, Effect::Drop) }]));
    let socket = socket();
    let names: Vec<NameBuf> = (0..50).map(|i| name(&format!("n{i}.demo.test"))).collect();
    for (i, name) in names.iter().enumerate() {
        socket.send_to(&query(i as u16, name), server.addr()).unwrap();
    }
    // One thread serves them in their order, so a gap is a query that was passed over.
    for (i, name) in names.iter().enumerate() {
        if !server.faults().silences(name) {
            assert_eq!(id(&receive(&socket).0), i as u16);
        }
    }
    while server.counts().queries() < 50 {
        std::thread::yield_now();
    }
    let silenced = names.iter().filter(|name| server.faults().silences(name)).count();
    assert!(silenced > 0);
    assert_eq!(server.counts().silenced, silenced as u64);
}

#[test]
fn duplicates_are_the_same_answer_twice() {
    let server = start([Fault::always(Effect::Duplicate)]);
    let socket = socket();
    socket.send_to(&query(7, &name("x.demo.test")), server.addr()).unwrap();
    assert_eq!(receive(&socket), receive(&socket));
}

#[test]
fn the_right_answer_follows_one_from_another_port() {
    let server = start([Fault { right_follows: true, ..Fault::always(Effect::OtherPort) }]);
    let socket = socket();
    socket.send_to(&query(7, &name("x.demo.test")), server.addr()).unwrap();
    let (wrong, from) = receive(&socket);
    assert_ne!(from, server.addr());
    let (right, from) = receive(&socket);
    assert_eq!(from, server.addr());
    assert_eq!(wrong, right);
    assert_eq!((server.counts().sent, server.counts().wrong), (2, 1));
}

#[test]
fn late_answers_come_and_one_that_is_far_off_does_not_keep_the_server_alive() {
    let late = |ms| [Fault::always(Effect::Delay(Delay::of_ms(ms)))];
    let server = start(late(1.0));
    let socket = socket();
    socket.send_to(&query(7, &name("x.demo.test")), server.addr()).unwrap();
    assert_eq!(id(&receive(&socket).0), 7);

    let server = start(late(3_600_000.0));
    socket.send_to(&query(8, &name("x.demo.test")), server.addr()).unwrap();
    while server.counts().sent == 0 {
        std::thread::yield_now();
    }
    drop(server);
}

#[test]
fn refusals_and_lame_referrals_repeat_the_question() {
    let socket = socket();
    for (effect, rcode, authorities) in [
        (Effect::Refuse, Rcode::REFUSED, 0),
        (Effect::Servfail, Rcode::SERVFAIL, 0),
        (Effect::UpwardReferral, Rcode::NOERROR, 1),
    ] {
        let server = start([Fault::always(effect)]);
        socket.send_to(&query(7, &name("x.demo.test")), server.addr()).unwrap();
        let (answer, _) = receive(&socket);
        let message = Message::parse(&answer).unwrap();
        assert_eq!(message.rcode(), rcode);
        assert_eq!(message.header().counts, [1, 0, authorities, 0]);
        assert_eq!(message.question().unwrap().name, name("x.demo.test"));
    }
}

#[test]
fn a_server_that_dies_answers_so_many_queries_and_no_more() {
    let server = start([Fault { from_query: Some(2), ..Fault::always(Effect::Drop) }]);
    let socket = socket();
    for id in 0..4 {
        socket.send_to(&query(id, &name("x.demo.test")), server.addr()).unwrap();
    }
    assert_eq!(id(&receive(&socket).0), 0);
    assert_eq!(id(&receive(&socket).0), 1);
    while server.counts().queries() < 4 {
        std::thread::yield_now();
    }
    assert_eq!(server.counts().sent, 2);
}

#[test]
fn tcp_is_refused_or_cut_as_ordered() {
    let server = start([Fault::over(Transport::Tcp, Effect::Unreachable)]);
    let refused = TcpStream::connect(server.addr()).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);

    let server = start([Fault::always(Effect::CutTcp)]);
    let mut stream = connect(&server);
    send_framed(&mut stream, &query(1, &name("x.demo.test")));
    let cut = receive_framed(&mut stream).unwrap_err();
    assert_eq!(cut.kind(), std::io::ErrorKind::UnexpectedEof);
}

#[test]
fn hostile_datagrams_and_streams_leave_the_server_running() {
    let server = start(Faults::default());
    let socket = socket();
    for octets in [&b""[..], b"x", &[0xFF; 12], &[0xFF; 1400], &[0x80; 40]] {
        socket.send_to(octets, server.addr()).unwrap();
    }
    let mut stream = connect(&server);
    stream.write_all(&[0, 0, 0xFF, 0xFF, 1, 2, 3]).unwrap();
    drop(stream);
    let name = name("x.demo.test");
    socket.send_to(&query(9, &name), server.addr()).unwrap();
    assert_eq!(addresses(&receive(&socket).0), server.zone().a(&name));
    let mut stream = connect(&server);
    send_framed(&mut stream, &query(9, &name));
    assert_eq!(addresses(&receive_framed(&mut stream).unwrap()), server.zone().a(&name));
}

#[test]
fn a_dropped_server_frees_its_port_even_with_connections_open() {
    // An address of its own, so that no other test takes the port.
    let server = LoopbackServer::start("127.9.9.9:0".parse().unwrap(), Faults::default()).unwrap();
    let addr = server.addr();
    let mut stream = connect(&server);
    send_framed(&mut stream, &query(1, &name("x.demo.test")));
    receive_framed(&mut stream).unwrap();
    drop(server);
    assert!(matches!(stream.read(&mut [0]), Ok(0) | Err(_)));
    UdpSocket::bind(addr).unwrap();
}

#[test]
fn other_loopback_addresses_serve_and_all_others_are_refused() {
    let server = LoopbackServer::start("127.1.2.3:0".parse().unwrap(), Faults::default()).unwrap();
    let socket = socket();
    socket.send_to(&query(1, &name("x.demo.test")), server.addr()).unwrap();
    assert_eq!(receive(&socket).1, server.addr());
    for addr in ["0.0.0.0:0", "192.0.2.1:0", "[::]:0"] {
        assert!(LoopbackServer::start(addr.parse().unwrap(), Faults::default()).is_err(), "{addr}");
    }
}
