//! What tcpdump and tshark say of the same captures. `DNSONDE_REQUIRE_TOOLS` makes it a failure that one
//! of them is not there, as in CI.

use std::process::Command;

use super::{captures, decode, json, octets};

fn tool(program: &str, args: &[&str]) -> Option<String> {
    match Command::new(program).args(args).output() {
        Ok(output) => Some(String::from_utf8_lossy(&output.stdout).into_owned()),
        Err(error) => {
            let required = std::env::var_os("DNSONDE_REQUIRE_TOOLS").is_some();
            assert!(!required, "{program} cannot be run: {error}");
            eprintln!("skipped: {program} cannot be run");
            None
        }
    }
}

/// A capture with messages of both transports, in a file.
fn capture() -> tempfile::NamedTempFile {
    let message = octets(super::MESSAGE);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), captures::samples(&message)).unwrap();
    file
}

#[test]
fn tshark_finds_the_same_messages() {
    let file = capture();
    let path = file.path().to_str().unwrap();
    let fields = ["frame.number", "udp.srcport", "tcp.srcport", "dns.id"];
    let mut args = vec!["-r", path, "-Y", "dns", "-T", "fields"];
    fields.iter().for_each(|field| args.extend(["-e", field]));
    let Some(output) = tool("tshark", &args) else { return };
    let theirs: Vec<(u64, u64)> = output
        .lines()
        .flat_map(|line| {
            let columns: Vec<&str> = line.split('\t').collect();
            let packet = columns[0].parse().unwrap();
            let id = |id: &str| u64::from_str_radix(id.trim_start_matches("0x"), 16).unwrap();
            columns[3].split(',').map(|text| (packet, id(text))).collect::<Vec<_>>()
        })
        .collect();
    let ours: Vec<(u64, u64)> = json(&[], std::fs::read(file.path()).unwrap())
        .0
        .iter()
        .map(|line| (line["packet"].as_u64().unwrap(), line["id"].as_u64().unwrap()))
        .collect();
    assert_eq!(ours, theirs);
    assert_eq!(ours.len(), 5);
}

#[test]
fn dumps_of_tcpdump_and_tshark_read_as_their_capture() {
    let file = capture();
    let path = file.path().to_str().unwrap();
    let ids = |input: Vec<u8>| -> Vec<u64> {
        let (lines, code) = json(&[], input);
        assert_eq!(code, 0, "{lines:#?}");
        lines.iter().map(|line| line["id"].as_u64().unwrap()).collect()
    };
    let expected = ids(std::fs::read(file.path()).unwrap());
    for options in [&["-x"][..], &["-xx"], &["-X"], &["-XX"], &["-x", "-vvv", "-tttt", "-e"]] {
        let args = [&["-n", "-r", path][..], options].concat();
        let Some(output) = tool("tcpdump", &args) else { return };
        assert_eq!(ids(output.into_bytes()), expected, "{options:?}");
        // Without the octets there is nothing to read.
        let args = ["-n", "-r", path];
        let Some(output) = tool("tcpdump", &args) else { return };
        assert_eq!(decode(&[], output).1, 2);
    }
    let Some(output) = tool("tshark", &["-r", path, "-x"]) else { return };
    assert_eq!(ids(output.into_bytes()), expected);
}
