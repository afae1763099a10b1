//! The codec's own time, beside `hickory-proto` and `domain` on the same octets.
//!
//! - `build`: a query (header, question, OPT) into a buffer that is used again, from a name that
//!   each library holds in its own form.
//! - `walk`: check a typical answer (question, CNAME, two addresses, OPT) and read the type, TTL and
//!   address or target of every record. All three read to the same depth; see [`codecs`].
//! - `json`: the whole JSON line that `scan` writes of that answer, and `json-0x20` the same if the
//!   question was asked in mixed case, which the line must not show.
//! - `csv`: the rows of the same answer as CSV, and `csv-quoted` those of an answer whose data must
//!   stand in quotes.
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
use dnsonde::scan::Format;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    compare::<Dnsonde>(&mut criterion);
    compare::<Hickory>(&mut criterion);
    compare::<Domain>(&mut criterion);
    json_line(&mut criterion);
    csv_rows(&mut criterion);
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

/// The whole line that `scan` writes of an answered exchange: name, type, class, status, server,
/// transport, round-trip time, attempts, flags and the records of all sections.
fn json_line(criterion: &mut Criterion) {
    for (what, case) in [("json", inputs::Case::Kept), ("json-0x20", inputs::Case::Mixed)] {
        let answer = inputs::answer_in(case);
        let attempts = [inputs::attempt(&answer)];
        let name = inputs::name(inputs::QUERY_NAME);
        let finished = inputs::finished(&name, &attempts, &answer);
        let mut renderer = inputs::renderer(Format::Jsonl);
        let mut line = Vec::with_capacity(4096);
        criterion.bench_function(&format!("{what}/dnsonde"), |b| {
            b.iter(|| {
                line.clear();
                renderer.render(black_box(&finished), &mut line);
                black_box(&line);
            });
        });
        assert_eq!(line, inputs::LINE.as_bytes(), "{}", String::from_utf8_lossy(&line));
    }
}

/// The rows that `scan` writes of an answered exchange, each with the columns of the question.
fn csv_rows(criterion: &mut Criterion) {
    for (what, answer) in [("csv", inputs::answer()), ("csv-quoted", inputs::quoted_answer())] {
        let attempts = [inputs::attempt(&answer)];
        let name = inputs::name(inputs::QUERY_NAME);
        let finished = inputs::finished(&name, &attempts, &answer);
        let mut renderer = inputs::renderer(Format::Csv);
        let mut rows = Vec::with_capacity(4096);
        renderer.render(&finished, &mut rows);
        let lines = rows.iter().filter(|&&octet| octet == b'\n').count();
        assert_eq!(lines, 3, "{}", String::from_utf8_lossy(&rows));
        criterion.bench_function(&format!("{what}/dnsonde"), |b| {
            b.iter(|| {
                rows.clear();
                renderer.render(black_box(&finished), &mut rows);
                black_box(&rows);
            });
        });
    }
}
