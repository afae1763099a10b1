//! A name of a list to its wire form: plain ones, and ones in other scripts beside what the conversion
//! of the `idna` crate alone takes for the same names, which is the least that it can cost.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dnsonde::names::name::write_name;

const WORDS: [&str; 8] =
    ["bücher", "münchen", "россия", "例え", "παράδειγμα", "उदाहरण", "한국어", "ελλάδα"];

fn names(c: &mut Criterion) {
    let plain: Vec<String> = (0..4096).map(|i| format!("host-{i}.example.org")).collect();
    let other: Vec<String> =
        (0..4096).map(|i| format!("{}{i}.example.org", WORDS[i % WORDS.len()])).collect();
    let mut group = c.benchmark_group("name");
    group.throughput(Throughput::Elements(plain.len() as u64));
    let mut wire = Vec::new();
    for (which, names) in [("plain", &plain), ("other scripts", &other)] {
        group.bench_function(which, |b| {
            b.iter(|| {
                wire.clear();
                for name in names {
                    write_name(name.as_bytes(), &mut wire).expect("a name");
                }
            });
        });
    }
    group.bench_function("other scripts, idna alone", |b| {
        b.iter(|| {
            for name in &other {
                let ascii = idna::domain_to_ascii_cow(name.as_bytes(), idna::AsciiDenyList::EMPTY);
                std::hint::black_box(ascii.expect("a name"));
            }
        });
    });
}

criterion_group!(benches, names);
criterion_main!(benches);
