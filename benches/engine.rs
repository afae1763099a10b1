//! The engine's own time for one exchange: submit, write the query, match the answer, finish.
//!
//! No network: answers are the queries with QR and RA set. With one server, and with 16 in turn.

use std::net::SocketAddr;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dnsonde::engine::{Engine, EngineConfig, ExchangeRequest, Stamp, Time, Transmits};
use dnsonde::wire::{NameBuf, RecordType};

fn names() -> Vec<NameBuf> {
    (0..4096)
        .map(|i: u32| {
            let label = "abcdefghijklmnopqrstuvwxyz"[..(i as usize * 7 % 23) + 2].to_string();
            format!("{label}{i}.example.org").parse().expect("a name")
        })
        .collect()
}

fn exchanges(c: &mut Criterion) {
    let names = names();
    let mut group = c.benchmark_group("exchange");
    group.throughput(Throughput::Elements(names.len() as u64));
    for servers in [1u8, 16] {
        let addresses: Vec<SocketAddr> =
            (0..servers).map(|i| SocketAddr::from(([192, 0, 2, i], 53))).collect();
        let mut engine = Engine::new(EngineConfig::default(), &addresses, 16, [1; 32]);
        let mut now = Time::ZERO;
        let mut out = Transmits::default();
        let (mut finished, mut datagrams, mut batches) = (0u64, 0u64, 0u64);
        group.bench_function(BenchmarkId::new("servers", servers), |b| {
            b.iter(|| {
                let mut waiting = names.iter();
                loop {
                    for _ in 0..engine.room() {
                        let Some(name) = waiting.next() else { break };
                        let ask = ExchangeRequest::new(0, name.as_wire(), RecordType::A);
                        engine.submit(&ask).expect("there is room");
                    }
                    engine.poll_transmit(now, &mut out);
                    if out.is_empty() {
                        break;
                    }
                    now = now + Duration::from_micros(100);
                    for batch in out.batches() {
                        batches += 1;
                        for query in out.octets(batch).chunks(usize::from(batch.segment)) {
                            let mut answer = [0; 512];
                            let answer = &mut answer[..query.len()];
                            answer.copy_from_slice(query);
                            answer[2] |= 0x80;
                            answer[3] |= 0x80;
                            datagrams += 1;
                            let stamp = Stamp::Kernel;
                            engine.handle_datagram(
                                now,
                                stamp,
                                batch.socket,
                                batch.to,
                                answer,
                                &mut |_| finished += 1,
                            );
                        }
                    }
                }
            });
        });
        assert_eq!(engine.totals().submitted, engine.totals().answered);
        println!("{servers} servers: {:.1} datagrams a train", datagrams as f64 / batches as f64);
    }
    group.finish();
}

criterion_group!(benches, exchanges);
criterion_main!(benches);
