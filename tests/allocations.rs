//! The hot paths of the codec and of the engine take nothing from the heap: a counting allocator says
//! so.
#![allow(unsafe_code, reason = "a global allocator can only be written with it")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;
use std::net::SocketAddr;
use std::time::Duration;

use dnsonde::engine::{
    Engine, EngineConfig, ExchangeRequest, Finished, Response, Stamp, Time, Transmits,
};
use dnsonde::names::line::{Line, classify};
use dnsonde::names::list::{ListReader, RawLine};
use dnsonde::names::name::write_name;
use dnsonde::scan::Format;
use dnsonde::scan::render::Status;
use dnsonde::wire::{
    Builder, Class, Flags, HEADER_LEN, Message, NameBuf, Opt, OptBuf, Rcode, RecordBuf, RecordType,
    Section,
};

#[path = "../benches/wire/inputs.rs"]
#[allow(dead_code, reason = "the benchmarks need more of it")]
mod inputs;

thread_local! {
    /// Allocations of this thread; the tests run beside one another.
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

fn count() {
    // While a thread ends, its counter may be gone already.
    let _ = ALLOCATIONS.try_with(|allocations| allocations.set(allocations.get() + 1));
}

// SAFETY: every call goes to the system's allocator as it is; counting does not allocate, as the
// counter is a thread local that needs neither a lazy start nor a destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`, and the pointer is the system's.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `realloc`, and the pointer is the system's.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What `work` gives, and how often it allocated.
fn counted<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = ALLOCATIONS.get();
    let result = work();
    (result, ALLOCATIONS.get() - before)
}

/// A question, a CNAME, an A, an AAAA, an NS, an SOA, an MX, a TXT and an OPT record.
fn answer() -> Vec<u8> {
    let mut buffer = vec![0; 1024];
    let mut builder = Builder::new(&mut buffer, 7, Flags::QR.with(Flags::RD)).unwrap();
    let name: NameBuf = "www.example.com".parse().unwrap();
    builder.question(name.as_wire(), RecordType::A, Class::IN).unwrap();
    for text in [
        "www.example.com. 300 CNAME edge.example.net.",
        "edge.example.net. 300 A 192.0.2.1",
        "edge.example.net. 300 AAAA 2001:db8::1",
        "edge.example.net. 300 NS ns.example.net.",
        "edge.example.net. 300 SOA ns.example.net. h.example.net. 1 2 3 4 5",
        "edge.example.net. 300 MX 10 \\000mail.example.net.",
        "edge.example.net. 300 TXT \"v=DKIM1; p=\" \"a\\\"b\"",
    ] {
        let record = RecordBuf::from_text(text.as_bytes(), &NameBuf::root(), 0).unwrap();
        record.build(Section::Answer, &mut builder).unwrap();
    }
    let mut opt = OptBuf::new(1232);
    opt.nsid();
    opt.build(&mut builder).unwrap();
    let len = builder.finish();
    buffer.truncate(len);
    buffer
}

#[test]
fn the_allocator_counts() {
    assert_eq!(counted(|| black_box(vec![1u8])).1, 1);
}

#[test]
fn building_a_query_allocates_nothing() {
    let mut buffer = [0; 512];
    let (len, allocations) = counted(|| {
        let name = NameBuf::from_text(b"www.example.com", &NameBuf::root()).unwrap();
        let mut builder = Builder::new(&mut buffer, 7, Flags::RD).unwrap();
        builder.question(name.as_wire(), RecordType::A, Class::IN).unwrap();
        let mut opt = OptBuf::new(1232);
        opt.flags |= Opt::DO;
        opt.build(&mut builder).unwrap();
        builder.finish()
    });
    assert_eq!((len, allocations), (44, 0));
}

#[test]
fn reading_an_answer_allocates_nothing() {
    let answer = answer();
    let (octets, allocations) = counted(|| {
        let message = Message::parse(&answer).unwrap();
        let mut octets = 0;
        for question in message.questions() {
            octets += question.name.labels().map(<[u8]>::len).sum::<usize>();
        }
        for record in Section::ALL.into_iter().flat_map(|section| message.records(section)) {
            let data = record.data();
            octets += record.name.to_buf().as_wire().len() + record.ttl as usize;
            octets += data.address().map_or(0, |address| usize::from(address.is_ipv6()));
            octets += data.target().map_or(0, |name| name.labels().count());
            octets += data.soa().map_or(0, |soa| soa.serial as usize);
            octets += data.mx().map_or(0, |mx| usize::from(mx.preference));
            octets += data.strings().map_or(0, Iterator::count);
        }
        let opt = message.opt().unwrap();
        octets + usize::from(opt.udp_payload_size()) + opt.options().count()
    });
    assert!(octets > 2000);
    assert_eq!(allocations, 0);
}

#[test]
fn checking_what_is_inside_the_records_of_an_answer_allocates_nothing() {
    let answer = answer();
    let (malformed, allocations) = counted(|| Response::read(&answer).unwrap().malformed);
    assert_eq!((malformed, allocations), (None, 0));
}

#[test]
fn a_json_line_of_an_answer_allocates_nothing_but_its_buffer() {
    let plain = answer();
    let mut mixed_case = answer();
    mixed_case[HEADER_LEN + 1] = b'W';
    let name: NameBuf = "www.example.com".parse().unwrap();
    let mut renderer = inputs::renderer(Format::Jsonl);
    let mut line = Vec::with_capacity(4096);
    for answer in [plain, mixed_case] {
        let attempts = [inputs::attempt(&answer)];
        let mut render = || {
            let finished = inputs::finished(&name, &attempts, &answer);
            line.clear();
            renderer.render(&finished, &mut line)
        };
        // An answer in mixed case is copied into a buffer, which grows with the first one.
        render();
        assert_eq!(counted(render), (Some(Status::Rcode(Rcode::NOERROR)), 0));
        let text = std::str::from_utf8(&line).unwrap();
        assert!(text.starts_with("{\"name\":\"www.example.com.\",\"type\":\"A\""), "{text}");
        assert!(
            text.contains("\"server\":\"192.0.2.53:53\",\"transport\":\"udp\",\"rtt_us\":18234")
        );
        assert_eq!(text.matches("\"ttl\":300").count(), 7, "{text}");
    }
}

#[test]
fn quoted_cells_of_csv_allocate_nothing_once_there_is_room() {
    let answer = inputs::quoted_answer();
    let attempts = [inputs::attempt(&answer)];
    let name = inputs::name(inputs::QUERY_NAME);
    // Checking a CAA record takes room, which the engine keeps.
    let finished = inputs::finished(&name, &attempts, &answer);
    let mut renderer = inputs::renderer(Format::Csv);
    let mut rows = Vec::with_capacity(4096);
    let mut render = || {
        rows.clear();
        renderer.render(&finished, &mut rows)
    };
    render();
    assert_eq!(counted(render), (Some(Status::Rcode(Rcode::NOERROR)), 0));
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&*rows);
    let data: Vec<String> = reader.records().map(|row| row.unwrap()[13].to_owned()).collect();
    let caa = "0 issue \"ca.example.net\"";
    assert_eq!((data.len(), &*data[2]), (3, caa), "{}", String::from_utf8_lossy(&rows));
}

#[test]
fn refusing_a_message_allocates_nothing() {
    let answer = answer();
    let (refused, allocations) = counted(|| {
        (0..answer.len()).filter(|&len| Message::parse(&answer[..len]).is_err()).count()
    });
    assert_eq!((refused, allocations), (answer.len(), 0));
}

#[test]
fn reading_a_list_of_names_allocates_nothing_for_a_line() {
    let lines = "# a comment\r\n\r\nwww.example.org\r\nwww.example.org,AAAA\nexample.org MX\n\
                 \"example.org\",\"TXT\"\n*.example.org\n_dmarc.example.org. # ours\n\
                 0/25.2.0.192.in-addr.arpa\na\\:b.example\n";
    let list = lines.repeat(5_000).into_bytes();
    let mut reader = ListReader::new(Box::new(std::io::Cursor::new(list)));
    let mut names = Vec::with_capacity(1024);
    // The first octets are looked at for what they are.
    assert!(reader.fill().unwrap());
    assert_eq!(reader.next_line(), None);
    let (asked, allocations) = counted(|| {
        let mut asked = 0;
        while reader.fill().unwrap() {
            while let Some(line) = reader.next_line() {
                let RawLine::Text(text) = line else { panic!("no line is too long") };
                if let Line::Question(name, _) = classify(text).unwrap() {
                    names.clear();
                    write_name(name, &mut names).unwrap();
                    asked += 1;
                }
            }
        }
        asked
    });
    assert_eq!((asked, allocations), (8 * 5_000, 0));
}

/// Puts `names` through the engine; every eighth query is lost, so that there are retries.
fn exchange(engine: &mut Engine, out: &mut Transmits, now: &mut Time, names: &[NameBuf]) -> u64 {
    let mut waiting = names.iter();
    let (mut finished, mut sent) = (0, 0u32);
    while !engine.is_idle() || waiting.len() > 0 {
        for name in waiting.by_ref().take(engine.room().min(64)) {
            let ask = ExchangeRequest::new(0, name.as_wire(), RecordType::A);
            engine.submit(&ask).unwrap();
        }
        engine.poll_transmit(*now, out);
        for batch in out.batches() {
            for query in out.octets(batch).chunks(usize::from(batch.segment)) {
                sent += 1;
                if sent.is_multiple_of(8) {
                    continue;
                }
                let mut answer = [0; 512];
                let answer = &mut answer[..query.len()];
                answer.copy_from_slice(query);
                answer[2] |= 0x80;
                answer[3] |= 0x80;
                let received = *now + Duration::from_micros(100);
                let sink = &mut |_: Finished<'_>| finished += 1;
                engine.handle_datagram(
                    received,
                    Stamp::Kernel,
                    batch.socket,
                    batch.to,
                    answer,
                    sink,
                );
            }
        }
        *now = *now + Duration::from_millis(1);
        engine.handle_timeout(*now, &mut |_| finished += 1);
    }
    finished
}

#[test]
fn an_exchange_allocates_nothing_once_the_engine_has_grown() {
    let names: Vec<NameBuf> =
        (0..2_000).map(|i| format!("n{i}.example.org").parse().unwrap()).collect();
    let servers = [SocketAddr::from(([192, 0, 2, 1], 53)), SocketAddr::from(([192, 0, 2, 2], 53))];
    let mut engine = Engine::new(EngineConfig::default(), &servers, 16, [1; 32]);
    let (mut out, mut now) = (Transmits::default(), Time::ZERO);
    // Until nearly every vector has the size that it will ever need.
    for _ in 0..40 {
        assert_eq!(exchange(&mut engine, &mut out, &mut now, &names), 2_000);
    }
    let (finished, allocations) = counted(|| exchange(&mut engine, &mut out, &mut now, &names));
    assert!(engine.totals().attempts > engine.totals().submitted, "there were retries");
    assert_eq!(finished, 2_000);
    // A slot may see its fifth attempt for the first time: seldom, and never again.
    assert!(allocations < 20, "{allocations} allocations for 2,000 exchanges");
}
