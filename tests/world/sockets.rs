//! Worlds on real sockets. The tests wait for events, never for a length of time.
#![cfg(target_os = "linux")]

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use dnsonde::engine::Outcome;
use dnsonde::net::{Driver, Options};
use dnsonde::playground::{Scenario, ServeError, Service, World, serve};
use dnsonde::probe;
use dnsonde::walk::{Hints, PathEnd, Walk, WalkConfig, engine_config};
use dnsonde::wire::{Flags, Message, RecordType as T};

use super::{Ask, ask, name, world_with};

/// Long enough that only a broken world lets it pass.
const PATIENCE: Duration = Duration::from_secs(20);

/// Serves the small world with more in its file.
fn start(more: &str) -> Service {
    let scenario = world_with(more).scenario().on_loopback().unwrap();
    serve(World::new(Arc::new(scenario), 1), 0).unwrap()
}

fn server(service: &Service) -> SocketAddr {
    SocketAddr::new(super::NS.parse().unwrap(), service.port())
}

fn client() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

fn receive(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut buffer = [0; 4096];
    let (len, from) = socket.recv_from(&mut buffer).unwrap();
    (buffer[..len].to_vec(), from)
}

fn exchange(service: &Service, ask: &Ask) -> (Vec<u8>, SocketAddr) {
    let socket = client();
    socket.send_to(&ask.query(), server(service)).unwrap();
    receive(&socket)
}

fn connect(service: &Service) -> TcpStream {
    let stream = TcpStream::connect(server(service)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn framed(message: &[u8]) -> Vec<u8> {
    [&(message.len() as u16).to_be_bytes(), message].concat()
}

#[tokio::test(flavor = "current_thread")]
async fn a_walk_through_the_healthy_world_reaches_its_end() {
    let scenario = Scenario::named("healthy").unwrap().unwrap().on_loopback().unwrap();
    let hints = Hints::from_text(scenario.root_hints().as_bytes()).unwrap();
    let service = serve(World::new(Arc::new(scenario), 1), 0).unwrap();
    let mut driver = Driver::open(engine_config(None), &[], &Options::default()).unwrap();
    let config = WalkConfig { port: service.port(), ..WalkConfig::default() };
    let subject = name("t1._domainkey.example.com");
    let mut walk = Walk::new(driver.now(), subject, T::TXT, &hints, config);
    probe::run(&mut driver, &mut walk, &mut |_| {}).await.unwrap();
    let report = walk.into_report();
    assert!(report.paths.iter().all(|path| path.end == PathEnd::Reached));
    assert_eq!(report.zone_of(&report.paths[0].name).unwrap().child_servers.len(), 3);
    for exchange in &report.evidence.exchanges {
        let Outcome::Answered(answer) = exchange.attempts[0].outcome else {
            panic!("{exchange:?}")
        };
        assert!(answer.rtt >= Duration::from_millis(20), "as far away as the file says");
    }
}

#[test]
fn truncated_answers_are_whole_over_tcp_where_queries_are_pipelined() {
    let service = start("");
    let big = ask("big.example.com", T::TXT);
    let (answer, from) = exchange(&service, &big);
    assert!(Message::parse(&answer).unwrap().flags().contains(Flags::TC));
    assert_eq!(from, server(&service));
    let mut stream = connect(&service);
    stream.write_all(&framed(&big.query()).repeat(3)).unwrap();
    for _ in 0..3 {
        let mut len = [0; 2];
        stream.read_exact(&mut len).unwrap();
        let mut answer = vec![0; usize::from(u16::from_be_bytes(len))];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(Message::parse(&answer).unwrap().answers().count(), 1);
    }
}

#[test]
fn delays_are_kept() {
    let service = start("[[faults]]\neffect = { delay = { ms = 250 } }");
    let begun = Instant::now();
    exchange(&service, &ask("www.example.com", T::A));
    assert!(begun.elapsed() >= Duration::from_millis(270));
}

#[test]
fn answers_come_from_where_faults_want_them_to() {
    let service = start(
        "[[faults]]\ntype = 'A'\neffect = 'other_port'\n\
         [[faults]]\ntype = 'TXT'\neffect = { other_address = '127.53.3.77' }",
    );
    let (_, from) = exchange(&service, &ask("www.example.com", T::A));
    assert_eq!(from.ip(), server(&service).ip());
    assert_ne!(from.port(), service.port());
    let (_, from) = exchange(&service, &ask("www.example.com", T::TXT));
    assert_eq!(from.ip().to_string(), "127.53.3.77");
}

#[test]
fn two_answers_are_two_datagrams() {
    let service = start("[[faults]]\neffect = 'duplicate'");
    let socket = client();
    socket.send_to(&ask("www.example.com", T::A).query(), server(&service)).unwrap();
    assert_eq!(receive(&socket), receive(&socket));
}

#[test]
fn closed_ports_are_closed_and_others_are_not() {
    let service = start("[[faults]]\ntransport = 'tcp'\neffect = 'unreachable'");
    exchange(&service, &ask("www.example.com", T::A));
    let error = TcpStream::connect(server(&service)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);

    let other = "[servers.other]\naddresses = '127.53.3.2'\n";
    let service = start(&format!("{other}[[faults]]\nserver = 'ns'\neffect = 'unreachable'"));
    let socket = client();
    socket.connect(server(&service)).unwrap();
    socket.send(&ask("www.example.com", T::A).query()).unwrap();
    let error = socket.recv(&mut [0; 512]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn connections_are_cut_in_the_middle_of_an_answer() {
    let service = start("[[faults]]\neffect = 'cut_tcp'");
    let mut stream = connect(&service);
    stream.write_all(&framed(&ask("www.example.com", T::A).query())).unwrap();
    let mut read = Vec::new();
    stream.read_to_end(&mut read).unwrap();
    let said = usize::from(u16::from_be_bytes([read[0], read[1]]));
    assert!(read.len() < said && read.len() > 12, "{} of {said}", read.len());
}

#[test]
fn connections_are_reset() {
    let service = start("[[faults]]\neffect = 'reset_tcp'");
    let mut stream = connect(&service);
    stream.write_all(&framed(&ask("www.example.com", T::A).query())).unwrap();
    let error = stream.read_to_end(&mut Vec::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn nothing_but_loopback_is_bound() {
    let far = serve(world_with(""), 0).unwrap_err();
    assert!(matches!(far, ServeError::NotLoopback(ip) if ip.to_string() == "2001:db8::1"));
}

#[test]
fn a_port_that_is_taken_is_said_so_and_one_that_was_given_back_is_free() {
    let service = start("");
    let port = service.port();
    let again = || {
        let scenario = world_with("").scenario().on_loopback().unwrap();
        serve(World::new(Arc::new(scenario), 1), port)
    };
    let ServeError::Bind { address, error } = again().unwrap_err() else { panic!("it is bound") };
    assert_eq!((address.port(), error.kind()), (port, ErrorKind::AddrInUse));
    drop(service);
    assert_eq!(again().unwrap().port(), port);
}
