//! Somebody floods a scan with guesses at answers.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::thread;

use serde_json::Value;

use super::{Files, assert_valid, run_with_input, text};

/// A server in whose name somebody answers first: ten guesses at the ID, and then a right one. Over
/// TCP it says NXDOMAIN.
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
            buffer[2] |= 0x80;
            buffer[3] |= 0x80;
            for guess in (0..=10u8).rev() {
                let mut forged = buffer[..len].to_vec();
                forged[1] ^= guess;
                let _ = udp.send_to(&forged, from);
            }
        }
    });
    thread::spawn(move || {
        for stream in tcp.incoming().flatten() {
            thread::spawn(move || deny(stream));
        }
    });
    addr
}

fn deny(mut stream: TcpStream) {
    let mut len = [0; 2];
    while stream.read_exact(&mut len).is_ok() {
        let mut message = vec![0; usize::from(u16::from_be_bytes(len))];
        if stream.read_exact(&mut message).is_err() {
            return;
        }
        message[2] |= 0x80;
        message[3] |= 0x83;
        if stream.write_all(&[&len[..], &message].concat()).is_err() {
            return;
        }
    }
}

#[test]
fn a_scan_takes_no_guess_warns_and_counts() {
    let addr = forged_server().to_string();
    let files = Files::new();
    let stats = text(&files.path("stats.json"));
    let names: String = (0..20).map(|i| format!("n{i}.demo.test\n")).collect();
    let args = ["scan", "-r", &addr, "--attempts", "--stats", &stats];
    let run = run_with_input(&args, names.as_bytes());
    run.assert_code(0).assert_stderr("somebody may be forging answers: 20 queries were repeated");
    for line in run.lines() {
        assert_valid("scan-line", &line);
        assert_eq!((&line["status"], &line["transport"]), (&"NXDOMAIN".into(), &"tcp".into()));
        assert_eq!(line["attempt_log"][0]["retried_because"], "mismatched");
    }
    let stats: Value = serde_json::from_str(&std::fs::read_to_string(stats).unwrap()).unwrap();
    assert_valid("scan-stats", &stats);
    assert_eq!(stats["totals"]["suspected"], 20);
}
