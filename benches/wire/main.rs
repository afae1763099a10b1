//! The codec's own time, beside `hickory-proto` and `domain` on the same octets.
//!
//! - `build`: a query (header, question, OPT) into a buffer that is used again, from a name that
//!   each library holds in its own form.
//! - `walk`: check a typical answer (question, CNAME, two addresses, OPT) and read the type, TTL and
//!   address or target of every record. All three read to the same depth; see [`codecs`].
//! - `json`: that answer as the members of a JSON line, written with `report::json`.
//! - `smallest`: messages of 8 to 64 KiB of the smallest records, walked; the time for an
//!   octet must not grow with the length.
//! - `pointers`: a message whose owners all lead through 120 compression pointers, walked.
//! - `compress`: a message of many long names without a common suffix, written with compression.
//!
//! At the end, one line a comparison gives the medians and their ratio.

mod codecs;
mod inputs;
mod ratios;

use std::hint::black_box;
use std::time::Duration;

use codecs::{Codec, Dnsonde, Domain, Hickory};
use criterion::{BenchmarkId, Criterion, Throughput};
use dnsonde::report::json::{write_flags_json, write_records_json};
use dnsonde::wire::{Message, Record, RecordType, Section};

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    compare::<Dnsonde>(&mut criterion);
    compare::<Hickory>(&mut criterion);
    compare::<Domain>(&mut criterion);
    json_line(&mut criterion);
    criterion.final_summary();
    ratios::print();
}

/// All that is measured with each of the libraries.
fn compare<C: Codec>(criterion: &mut Criterion) {
    let name = C::name(inputs::QUERY_NAME);
    let mut buffer = C::buffer();
    criterion.bench_function(&format!("build/{}", C::NAME), |b| {
        b.iter(|| C::build_query(black_box(&name), black_box(7), &mut buffer));
    });

    let answer = inputs::answer();
    let seen = C::walk(&answer);
    assert_eq!((seen.records, seen.ttls), (4, 900), "{} reads the answer otherwise", C::NAME);
    criterion.bench_function(&format!("walk/{}", C::NAME), |b| {
        b.iter(|| C::walk(black_box(&answer)));
    });

    let mut group = criterion.benchmark_group("smallest");
    for kib in inputs::SIZES_KIB {
        let message = inputs::smallest_records(kib);
        assert_eq!(C::walk(&message).records, usize::from(inputs::records_of(&message)));
        group.throughput(Throughput::Bytes(message.len() as u64));
        group.bench_function(BenchmarkId::new(C::NAME, kib), |b| {
            b.iter(|| C::walk(black_box(&message)));
        });
    }
    group.finish();

    let message = inputs::pointer_chain();
    assert_eq!(C::walk(&message).records, usize::from(inputs::records_of(&message)));
    criterion.bench_function(&format!("pointers/{}", C::NAME), |b| {
        b.iter(|| C::walk(black_box(&message)));
    });

    let mut group = criterion.benchmark_group("compress");
    for kib in inputs::SIZES_KIB {
        let names: Vec<C::Name> = inputs::long_names(kib).iter().map(|n| C::name(n)).collect();
        group.throughput(Throughput::Bytes(kib as u64 * 1024));
        group.bench_function(BenchmarkId::new(C::NAME, kib), |b| {
            b.iter(|| C::build_many(black_box(&names)));
        });
    }
    group.finish();
}

/// What `scan` writes of an answer: names, status, flags and the records of all sections.
fn json_line(criterion: &mut Criterion) {
    let answer = inputs::answer();
    let message = Message::parse(&answer).expect("the answer is well-formed");
    let data = |section| {
        let is_data = |record: &Record<'_>| record.rtype != RecordType::OPT;
        message.records(section).filter(is_data)
    };
    let mut line = Vec::with_capacity(4096);
    criterion.bench_function("json/dnsonde", |b| {
        b.iter(|| {
            line.clear();
            line.extend_from_slice(b"{\"flags\":");
            write_flags_json(black_box(&message).flags(), &mut line);
            line.extend_from_slice(b",\"answers\":");
            write_records_json(data(Section::Answer), &mut line);
            line.extend_from_slice(b",\"authorities\":");
            write_records_json(data(Section::Authority), &mut line);
            line.extend_from_slice(b",\"additionals\":");
            write_records_json(data(Section::Additional), &mut line);
            line.extend_from_slice(b"}\n");
            black_box(&line);
        });
    });
}
