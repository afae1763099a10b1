//! Sockets serve for a while; then others take their places, and no answer is lost.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::time::Duration;

use dnsonde::engine::{
    Ending, Engine, EngineConfig, ExchangeRequest, Failure, Finished, SocketChange, SocketId,
    SocketLife, Stamp, Time, Transmits,
};
use dnsonde::wire::{NameBuf, RecordType};

const SOCKETS: u16 = 4;

/// A driver's part: opens what is wanted, closes what is not, and numbers the ports.
struct Host {
    engine: Engine,
    open: HashMap<SocketId, u16>,
    next_port: u16,
    most_open: usize,
    now: Time,
    ended: Vec<bool>,
}

impl Host {
    fn new(life: Option<SocketLife>) -> Self {
        let server: SocketAddr = "192.0.2.53:53".parse().unwrap();
        let config = EngineConfig { socket_life: life, ..EngineConfig::default() };
        let engine = Engine::new(config, &[server], SOCKETS, [3; 32]);
        let mut host = Self {
            engine,
            open: HashMap::new(),
            next_port: 40_000,
            most_open: 0,
            now: Time::ZERO,
            ended: Vec::new(),
        };
        (0..SOCKETS).for_each(|socket| host.open(SocketId(socket)));
        host
    }

    fn open(&mut self, socket: SocketId) {
        self.next_port += 1;
        assert!(self.open.insert(socket, self.next_port).is_none(), "{socket:?} is open already");
        self.most_open = self.most_open.max(self.open.len());
        self.engine.socket_opened(self.now, socket, Some(self.next_port));
    }

    fn change_sockets(&mut self) {
        while let Some(change) = self.engine.poll_socket(self.now) {
            match change {
                SocketChange::Open { socket, v6 } => {
                    assert!(!v6, "nobody is asked over IPv6");
                    self.open(socket);
                }
                SocketChange::Close(socket) => assert!(self.open.remove(&socket).is_some()),
            }
        }
    }

    fn ask(&mut self, name: &str) {
        let name: NameBuf = name.parse().unwrap();
        self.engine.submit(&ExchangeRequest::new(0, name.as_wire(), RecordType::A)).unwrap();
    }

    /// Queries that are sent now, with their sockets.
    fn sent(&mut self) -> Vec<(SocketId, SocketAddr, Vec<u8>)> {
        let (mut out, mut sent) = (Transmits::default(), Vec::new());
        loop {
            self.engine.poll_transmit(self.now, &mut out);
            if out.is_empty() {
                return sent;
            }
            for batch in out.batches() {
                assert!(self.open.contains_key(&batch.socket), "a query from a closed socket");
                for octets in out.octets(batch).chunks(usize::from(batch.segment)) {
                    sent.push((batch.socket, batch.to, octets.to_vec()));
                }
            }
        }
    }

    fn answer(&mut self, (socket, from, mut octets): (SocketId, SocketAddr, Vec<u8>)) {
        if !self.open.contains_key(&socket) {
            return;
        }
        octets[2] |= 0x80;
        octets[3] |= 0x80;
        let (engine, ended) = (&mut self.engine, &mut self.ended);
        let mut sink =
            |it: Finished<'_>| ended.push(!matches!(it.end, Ending::Failed(Failure::TimedOut)));
        engine.handle_datagram(self.now, Stamp::Kernel, socket, from, &octets, &mut sink);
    }
}

#[test]
fn a_socket_is_replaced_after_a_while_and_no_answer_is_lost() {
    let life = SocketLife { time: Duration::from_secs(10), queries: u32::MAX };
    let mut host = Host::new(Some(life));
    let (mut ports, mut sockets) = (HashSet::new(), HashSet::new());
    let mut waiting = Vec::new();
    for step in 0..1200u64 {
        host.change_sockets();
        host.ask(&format!("n{step}.example."));
        for query in host.sent() {
            ports.insert(host.open[&query.0]);
            sockets.insert(query.0);
            waiting.push(query);
        }
        // Each answer takes 300 ms.
        if waiting.len() > 3 {
            let query = waiting.remove(0);
            host.answer(query);
        }
        host.now = host.now + Duration::from_millis(100);
    }
    waiting.into_iter().for_each(|query| host.answer(query));
    assert_eq!((host.ended.len(), host.ended.iter().all(|&answered| answered)), (1200, true));
    // 120 s of four sockets that serve for 5 to 15 s each.
    assert!((32..=96).contains(&ports.len()), "{} ports", ports.len());
    assert!(host.most_open <= usize::from(SOCKETS) + 2, "{} sockets open", host.most_open);
    assert!(sockets.iter().all(|socket| !(4..8).contains(&socket.0)), "IPv6 ones: {sockets:?}");
}

#[test]
fn sockets_stay_where_that_is_wanted_and_where_none_can_be_opened() {
    for life in [None, Some(SocketLife { time: Duration::from_secs(1), queries: 1 })] {
        let mut host = Host::new(life);
        for step in 0..100 {
            let change = host.engine.poll_socket(host.now);
            match (life, change) {
                (None, change) => assert_eq!(change, None),
                (Some(_), Some(SocketChange::Open { socket, .. })) => {
                    host.engine.socket_failed(host.now, socket);
                    assert_eq!(host.engine.poll_socket(host.now), None, "not again at once");
                }
                (Some(_), change) => assert_eq!(change, None),
            }
            host.ask(&format!("n{step}.example."));
            for query in host.sent() {
                host.answer(query);
            }
            host.now = host.now + Duration::from_millis(500);
        }
        assert_eq!((host.ended.len(), host.open.len()), (100, 4));
    }
}

#[test]
fn a_socket_whose_port_somebody_knows_is_replaced_at_once() {
    let mut host = Host::new(Some(SocketLife::default()));
    let server: SocketAddr = "192.0.2.53:53".parse().unwrap();
    let mut guess = vec![0, 0, 0x80, 0x80, 0, 1, 0, 0, 0, 0, 0, 0, 1, b'a', 0, 0, 1, 0, 1];
    for id in 0..200u16 {
        guess[..2].copy_from_slice(&id.to_be_bytes());
        host.engine.handle_datagram(
            host.now,
            Stamp::Clock,
            SocketId(2),
            server,
            &guess,
            &mut |_: Finished<'_>| (),
        );
    }
    let before = host.open.clone();
    host.change_sockets();
    let fresh: Vec<_> = host.open.keys().filter(|&socket| !before.contains_key(socket)).collect();
    assert_eq!(fresh.len(), 1, "one in the place of the one that is known");
    for i in 0..64 {
        host.ask(&format!("n{i}.example."));
        for (socket, ..) in host.sent() {
            assert_ne!(socket, SocketId(2), "a query from the port that is known");
        }
    }
    // Nothing was ever sent from it, so it need not receive any longer than others.
    host.now = host.now + Duration::from_secs(3);
    host.change_sockets();
    assert!(!host.open.contains_key(&SocketId(2)));
}
