//! Servers as people write them, on the command line and in lists. The tables have the input, what was
//! said of it before, and what is said now.

use std::net::{SocketAddr, UdpSocket};
use std::thread;

use super::{Files, assert_valid, run, run_with_input, server};

/// A server that returns each query as an answer without records, whatever its class.
fn echo() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let addr = socket.local_addr().unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 2048];
        while let Ok((len, from)) = socket.recv_from(&mut buffer) {
            buffer[2] |= 0x80;
            let _ = socket.send_to(&buffer[..len], from);
        }
    });
    addr
}

#[test]
fn addresses_that_cannot_be_one_server_are_refused_and_the_way_out_is_told() {
    for (text, before, now) in [
        ("fe80::53", "no server can be reached", "write fe80::53%INTERFACE"),
        ("fe80::53%nowhere9", "cannot resolve server name", "no interface is called 'nowhere9'"),
        ("0.0.0.0", "answered", "the unspecified address is not a server"),
        ("[::]:53", "answered", "the unspecified address is not a server"),
        ("224.0.0.251:5353", "no server", "a multicast address is not one server"),
        ("ff02::fb", "no server", "a multicast address is not one server"),
        ("255.255.255.255", "no server", "a broadcast address is not one server"),
        ("192.0.2.0/24", "neither an address", "give the address of each server"),
        ("2001:db8:0:0:0:0:0:1:5300", "neither an address", "write [2001:db8::1]:5300"),
        ("https://192.0.2.1/dns-query", "the port is no number", "https:// is not supported"),
        ("tls://192.0.2.1", "the port is no number", "write ADDR or tcp://ADDR"),
    ] {
        let at = format!("@{text}");
        for args in [
            &["scan", "-r", text][..],
            &["query", &at, "a.demo.test"],
            &["verify", "demo.test", "--dmarc", "-r", text],
        ] {
            let run = run(args);
            run.assert_code(2).assert_stderr(now);
            assert!(!run.stderr.contains(before), "{args:?}: {}", run.stderr);
        }
    }
}

#[test]
fn a_list_in_the_place_of_a_server_is_not_asked_for_in_the_dns() {
    let files = Files::new();
    let list = files.write("resolvers.txt", "127.0.0.1\n");
    for (args, hint) in [
        (&["scan", "-r", "resolvers.txt"][..], "use -R resolvers.txt to read servers from a file"),
        (&["scan", "-r", &list], "to read servers from a file"),
        (&["query", "@resolvers.txt", "a.demo.test"], "give each server with @SERVER"),
        (&["verify", "demo.test", "--dmarc", "-r", "resolvers.txt"], "with -r SERVER"),
    ] {
        let mut command = super::dnsonde(args);
        let output = command.current_dir(files.path("")).output().unwrap();
        super::Run::of(output)
            .assert_code(2)
            .assert_stderr("is a file, not a server")
            .assert_stderr(hint);
    }
}

#[test]
fn lists_of_servers_are_taken_as_they_are_or_refused_with_the_way_out() {
    let server = server();
    let (addr, port) = (server.addr(), server.addr().port());
    let files = Files::new();
    let names = files.write("names.txt", "a.demo.test\n");
    for (octets, before, now) in [
        (format!("{addr}\n").into_bytes(), "", None),
        (format!("\u{FEFF}127.0.0.1#{port}\r\n").into_bytes(), "TIMEOUT at port 53", None),
        (format!("nameserver 127.0.0.1:{port}\noptions x\n").into_bytes(), "is no address", None),
        (format!("\"{addr}\"\n").into_bytes(), "is no address of a resolver", None),
        (format!("{addr},{addr}\n").into_bytes(), "is no address of a resolver", None),
        (format!("# caf\u{e9}\n{addr}\n").into_bytes(), "", None),
        (b"# caf\xE9\n127.0.0.1:x\n".to_vec(), "did not contain valid UTF-8", Some("line 2:")),
        (b"ip,name\n127.0.0.1,x\n".to_vec(), "is no address of a", Some("cut -d, -f1")),
        (b"127.0.0.1\nfe80::1\n".to_vec(), "no server", Some("write fe80::1%INTERFACE")),
        (b"127.0.0.1\n0.0.0.0\n".to_vec(), "answered", Some("line 2: '0.0.0.0' is not")),
        (b"\0\0\0".to_vec(), "is no address of a", Some("line 1: not text")),
    ] {
        let list = files.write("list", &octets);
        let run = run(&["scan", &names, "-R", &list]);
        let case = String::from_utf8_lossy(&octets).into_owned();
        match now {
            Some(now) => {
                run.assert_code(2).assert_stderr(now);
                assert!(!run.stderr.contains(before), "{case}: {}", run.stderr);
            }
            None => {
                run.assert_code(0);
                assert_eq!(run.lines()[0]["server"], addr.to_string(), "{case}");
            }
        }
    }
    let piped = run_with_input(&["scan", &names, "-R", "-"], format!("{addr}\n").as_bytes());
    piped.assert_code(0);
    run(&["scan", "-R", "-"]).assert_code(2).assert_stderr("give one of them as a file");
}

#[test]
fn an_endless_list_of_servers_is_refused() {
    let run = run(&["scan", "-R", "/dev/zero"]);
    run.assert_code(2).assert_stderr("more than 64 MiB, not a list of servers");
}

#[test]
fn a_scan_asks_in_the_class_that_is_wanted() {
    let addr = echo().to_string();
    for (class, expected) in [("CH", "CH"), ("chaos", "CH"), ("CLASS4", "HS"), ("IN", "IN")] {
        for format in ["jsonl", "csv", "massdns", "zdns"] {
            let args = ["scan", "-r", &addr, "--class", class, "--format", format];
            let run = run_with_input(&args, b"version.bind,TXT\na..b\n");
            run.assert_code(0);
            let of_class = |line: &&str| match format {
                "csv" => line.contains(&format!(",{expected},")),
                _ => line.contains(&format!("\"class\":\"{expected}\"")),
            };
            let lines: Vec<&str> =
                run.stdout.lines().filter(|it| !it.starts_with("name,")).collect();
            assert_eq!(lines.iter().filter(|it| of_class(it)).count(), 2, "{}", run.stdout);
            if format == "jsonl" {
                run.lines().iter().for_each(|line| assert_valid("scan-line", line));
            }
        }
    }
    for (args, sentence) in [
        (&["scan", "-r", "127.0.0.1", "--class", "XX"][..], "unknown class"),
        (&["scan", "--iterative", "--class", "CH"], "in class IN only"),
    ] {
        run(args).assert_code(2).assert_stderr(sentence);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_summary_of_a_scan_says_what_icmp_says() {
    // Nobody listens there any more.
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let addr = socket.local_addr().unwrap().to_string();
    drop(socket);
    let scan = run_with_input(&["scan", "-r", &addr, "--keep-going"], b"a.demo.test\n");
    scan.assert_stderr("ICMP port unreachable: nothing listens there (for ");
}
