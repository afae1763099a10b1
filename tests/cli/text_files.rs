//! One rule of what a text file is, for every command that reads one.

use super::{Files, run, server};

/// A reader: its arguments, in which `FILE` is the file, a text, and what is said of that text.
type Reader<'a> = (&'a str, &'a str, &'a str);

fn with_every_reader(check: impl Fn(&Files, Reader<'_>)) {
    let server = server();
    let files = Files::new();
    let names = files.write("names.txt", "a.demo.test\n");
    let addr = server.addr();
    for (args, text, said) in [
        (format!("scan FILE -r {addr}"), "a.demo.test\n".to_owned(), "a.demo.test"),
        (format!("scan {names} -R FILE"), format!("{addr}\n"), "a.demo.test"),
        (format!("query @{addr} -f FILE"), "a.demo.test A\n".to_owned(), "a.demo.test"),
        ("playground FILE".to_owned(), "title = 3\n".to_owned(), "expected a string"),
        ("rrcheck FILE".to_owned(), "a.test. 60 IN A 192.0.2.1\n".to_owned(), "192.0.2.1"),
        (
            format!("scan {names} --iterative --root-hints FILE"),
            ". NS a\nx\n".to_owned(),
            "line 2, column 2",
        ),
        (
            "verify example.test --records FILE".to_owned(),
            "www A 192.0.2.300\n".to_owned(),
            "192.0.2.300",
        ),
    ] {
        check(&files, (&args, &text, said));
    }
}

fn read(files: &Files, args: &str, octets: &[u8]) -> super::Run {
    let file = files.write("input.toml", octets);
    let args = args.replace("FILE", &file);
    run(&args.split(' ').collect::<Vec<_>>())
}

#[test]
fn every_reader_of_text_reads_utf16_with_a_mark_and_without() {
    with_every_reader(|files, (args, text, said)| {
        let code = read(files, args, text.as_bytes()).code;
        let marked = format!("\u{FEFF}{text}");
        let wide = |text: &str, octets: fn(u16) -> [u8; 2]| {
            text.encode_utf16().flat_map(octets).collect::<Vec<u8>>()
        };
        for octets in [
            text.as_bytes().to_vec(),
            marked.as_bytes().to_vec(),
            wide(&marked, u16::to_le_bytes),
            wide(&marked, u16::to_be_bytes),
            wide(text, u16::to_le_bytes),
            wide(text, u16::to_be_bytes),
        ] {
            let run = read(files, args, &octets);
            let all = format!("{}{}", run.stdout, run.stderr);
            assert_eq!(run.code, code, "{args} {octets:?}: {all}");
            assert!(all.contains(said), "{args} {octets:?}: {all}");
        }
    });
}

#[test]
fn every_reader_of_text_refuses_what_is_no_text_in_the_same_sentence() {
    with_every_reader(|files, (args, ..)| {
        for (octets, sentence, way_out) in [
            (&b"\x1F\x8B\x08\0\0\0\0\0"[..], "is compressed with gzip", "zcat "),
            (b"BZh91AY&SY\0\0", "is compressed with bzip2", "bzcat "),
            (b"\xFD7zXZ\0\0\x04", "is compressed with xz", "xzcat "),
            (b"\x28\xB5\x2F\xFD\x04\0", "is compressed with zstd", "zstdcat "),
            (b"PK\x03\x04\x14\0\0\0", "is compressed with zip", "unzip -p "),
            (b"\xFF\xFE\0\0a\0\0\0", "is text in UTF-32", "iconv -f UTF-32"),
            (b"\0\0\xFE\xFF\0\0\0a", "is text in UTF-32", "iconv -f UTF-32"),
            (b"a\0\0\0.\0\0\0", "is text in UTF-32", "iconv -f UTF-32"),
        ] {
            let run = read(files, args, octets);
            run.assert_code(2)
                .assert_stderr(&format!("input.toml: {sentence}, which is not supported"));
            run.assert_stderr(way_out).assert_stderr("input.toml");
        }
    });
}
