//! Captures: what carries a message, how captures are written, and what is wrong with them.

use super::{MESSAGE, decode, json, octets};

const V4: [u8; 8] = [192, 0, 2, 1, 192, 0, 2, 2];
const ETHERNET: &[u8] = &[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
const PCAP: &[u8] = b"\xD4\xC3\xB2\xA1\x02\0\x04\0\0\0\0\0\0\0\0\0\xFF\xFF\0\0";

fn u16(number: usize) -> [u8; 2] {
    u16::try_from(number).unwrap().to_be_bytes()
}

fn ipv4_part(protocol: u8, position: usize, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x45, 0];
    packet.extend(u16(20 + payload.len()));
    packet.extend([0, 7]);
    packet.extend(u16(position));
    // The checksum is left to the network card.
    packet.extend([64, protocol, 0, 0]);
    packet.extend(V4);
    packet.extend(payload);
    packet
}

fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    ipv4_part(protocol, 0, payload)
}

fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend(u16(payload.len()));
    packet.extend([next, 64]);
    for last in [1, 2] {
        packet.extend([0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
    }
    packet.extend(payload);
    packet
}

fn udp_header(payload: &[u8]) -> Vec<u8> {
    let mut datagram = vec![0, 53, 0x10, 0x92];
    datagram.extend(u16(8 + payload.len()));
    datagram.extend([0, 0]);
    datagram.extend(payload);
    datagram
}

/// An Ethernet frame with a message over UDP and IPv4.
pub(super) fn udp(message: &[u8]) -> Vec<u8> {
    ethernet(0x0800, &ipv4(17, &udp_header(message)))
}

fn ethernet(ether_type: usize, payload: &[u8]) -> Vec<u8> {
    [ETHERNET, &u16(ether_type), payload].concat()
}

fn tcp(sequence: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let mut segment = vec![0, 53, 0x10, 0x92];
    segment.extend(sequence.to_be_bytes());
    segment.extend([0, 0, 0, 0, 0x50, flags, 0xFF, 0xFF, 0, 0, 0, 0]);
    segment.extend(payload);
    ethernet(0x0800, &ipv4(6, &segment))
}

/// The record of a pcap in little-endian order, all of it captured.
pub(super) fn record(packet: &[u8]) -> Vec<u8> {
    cut_record(packet, packet.len())
}

fn cut_record(packet: &[u8], captured: usize) -> Vec<u8> {
    let mut record = 1_700_000_000u32.to_le_bytes().to_vec();
    record.extend(123_456u32.to_le_bytes());
    record.extend((captured as u32).to_le_bytes());
    record.extend((packet.len() as u32).to_le_bytes());
    record.extend(&packet[..captured]);
    record
}

fn pcap(link: u32, packets: &[Vec<u8>]) -> Vec<u8> {
    let mut capture = [PCAP, &link.to_le_bytes()].concat();
    packets.iter().for_each(|packet| capture.extend(record(packet)));
    capture
}

/// A block of pcapng in either order.
fn block(big: bool, kind: u32, body: &[u8]) -> Vec<u8> {
    let number = |value: u32| if big { value.to_be_bytes() } else { value.to_le_bytes() };
    let mut body = body.to_vec();
    body.resize(body.len().next_multiple_of(4), 0);
    let length = number(body.len() as u32 + 12);
    [&number(kind), &length, &body[..], &length].concat()
}

fn section(big: bool) -> Vec<u8> {
    let number = |value: u32| if big { value.to_be_bytes() } else { value.to_le_bytes() };
    let version = if big { [0, 1, 0, 0] } else { [1, 0, 0, 0] };
    block(big, 0x0A0D_0D0A, &[&number(0x1A2B_3C4D), &version[..], &[0xFF; 8]].concat())
}

/// An interface with a resolution of time.
fn interface(big: bool, link: u16, resolution: u8) -> Vec<u8> {
    let short = |value: u16| if big { value.to_be_bytes() } else { value.to_le_bytes() };
    let option = [&short(9)[..], &short(1), &[resolution, 0, 0, 0], &[0; 4]].concat();
    block(big, 1, &[&short(link)[..], &[0; 6], &option].concat())
}

fn enhanced(big: bool, interface: u32, ticks: u64, packet: &[u8]) -> Vec<u8> {
    let number = |value: u32| if big { value.to_be_bytes() } else { value.to_le_bytes() };
    let length = packet.len() as u32;
    let fields = [interface, (ticks >> 32) as u32, ticks as u32, length, length].map(number);
    block(big, 6, &[fields.concat(), packet.to_vec()].concat())
}

fn ids(input: Vec<u8>) -> (Vec<Option<u64>>, i32) {
    let (lines, code) = json(&[], input);
    (lines.iter().map(|line| line["id"].as_u64()).collect(), code)
}

/// The reasons of all that could not be read, each with its packet.
fn reasons(input: Vec<u8>) -> Vec<String> {
    let (lines, code) = json(&[], input);
    let reasons: Vec<String> = lines
        .iter()
        .filter(|line| line["errors"].is_array())
        .map(|line| {
            let reason = line["errors"].as_array().unwrap().last().unwrap();
            format!("{}: {}", line["packet"], reason["reason"].as_str().unwrap())
        })
        .collect();
    assert_eq!(code, i32::from(!reasons.is_empty()));
    reasons
}

/// A message with `answers` TXT records of 100 octets.
fn long(id: u16, answers: u16) -> Vec<u8> {
    let mut message = id.to_be_bytes().to_vec();
    message.extend([0x84, 0, 0, 1]);
    message.extend(answers.to_be_bytes());
    message.extend(b"\0\0\0\0\x01x\0\0\x10\0\x01");
    for number in 0..answers {
        message.extend(b"\xC0\x0C\0\x10\0\x01\0\0\0\x3C\0\x65\x64");
        message.extend([b'A' + (number % 26) as u8; 100]);
    }
    message
}

fn framed(messages: &[Vec<u8>]) -> Vec<u8> {
    messages.iter().flat_map(|message| [&u16(message.len())[..], message].concat()).collect()
}

#[test]
fn a_message_is_found_below_every_link_layer_and_behind_every_header() {
    let message = octets(MESSAGE);
    let datagram = udp_header(&message);
    let (v4, v6) = (ipv4(17, &datagram), ipv6(17, &datagram));
    let tagged = |tags: &[usize]| {
        let mut frame = ETHERNET.to_vec();
        for tag in tags {
            frame.extend(u16(*tag));
            frame.extend([0, 5]);
        }
        [&frame[..], &u16(0x0800), &v4].concat()
    };
    let mut padded = udp(&message);
    padded.extend([0; 10]);
    let options = |next: u8| vec![next, 0, 1, 4, 0, 0, 0, 0];
    for (kind, link, packet) in [
        ("Ethernet", 1, udp(&message)),
        ("Ethernet with padding", 1, padded),
        ("Ethernet with frame check sequences", 0x2400_0001, udp(&message)),
        ("IPv6", 1, ethernet(0x86DD, &v6)),
        ("VLAN", 1, tagged(&[0x8100])),
        ("QinQ", 1, tagged(&[0x88A8, 0x8100])),
        ("old QinQ", 1, tagged(&[0x9100, 0x8100])),
        ("PPPoE", 1, ethernet(0x8864, &[&[0x11, 0, 0, 1, 0, 90, 0, 0x21][..], &v4].concat())),
        ("NULL, little-endian", 0, [&[2, 0, 0, 0][..], &v4].concat()),
        ("NULL, big-endian", 0, [&[0, 0, 0, 2][..], &v4].concat()),
        ("NULL, IPv6 of macOS", 0, [&[30, 0, 0, 0][..], &v6].concat()),
        ("LOOP", 108, [&[0, 0, 0, 24][..], &v6].concat()),
        ("raw IPv4", 101, v4.clone()),
        ("raw IPv6", 101, v6.clone()),
        ("IPv4 alone", 228, v4.clone()),
        ("IPv6 alone", 229, v6.clone()),
        ("PPP", 9, [&[0xFF, 3, 0, 0x21][..], &v4].concat()),
        ("SLL", 113, [&[0; 14][..], &[8, 0], &v4].concat()),
        ("SLL2", 276, [&[8, 0][..], &[0; 18], &v4].concat()),
        (
            "extension headers",
            101,
            ipv6(0, &[options(60), options(43), options(17), datagram.clone()].concat()),
        ),
        (
            "an atomic fragment",
            101,
            ipv6(44, &[&[17, 0, 0, 0, 0, 0, 0, 1][..], &datagram].concat()),
        ),
        ("authentication", 101, ipv6(51, &[&[17, 1, 0, 0][..], &[0; 8], &datagram].concat())),
        ("IPv6 in IPv4", 101, ipv4(41, &v6)),
        ("TCP", 1, tcp(7, 0x18, &framed(std::slice::from_ref(&message)))),
    ] {
        let (lines, code) = json(&[], pcap(link, std::slice::from_ref(&packet)));
        assert_eq!((lines.len(), code), (1, 0), "{kind}: {lines:#?}");
        assert_eq!(lines[0]["id"], 54116, "{kind}");
        assert_eq!(lines[0]["packet"], 1, "{kind}");
        // A dump of the same packet, as tcpdump -xx and Wireshark write it.
        let dump: String = packet.iter().map(|octet| format!("{octet:02x} ")).collect();
        if matches!(link, 0 | 1 | 101 | 113 | 276) {
            let (lines, code) = json(&[], format!("0000  {dump}\n"));
            assert_eq!((lines.len(), code), (1, 0), "{kind}: {dump}");
            assert_eq!(lines[0]["id"], 54116, "{kind}: {dump}");
            assert!(lines[0]["source"].as_str().unwrap().ends_with(":53"), "{kind}");
        }
    }
}

#[test]
fn packets_have_their_number_time_and_addresses() {
    let capture = pcap(1, &[ethernet(0x0806, &[0; 28]), udp(&octets(MESSAGE))]);
    let (lines, _) = json(&[], capture.clone());
    for (member, value) in [
        ("time", "2023-11-14T22:13:20.123456Z"),
        ("transport", "UDP"),
        ("source", "192.0.2.1:53"),
        ("destination", "192.0.2.2:4242"),
    ] {
        assert_eq!(lines[0][member], value);
    }
    assert_eq!(lines[0]["packet"], 2);
    let (text, _) = decode(&[], capture);
    let heading = ";; packet 2, 2023-11-14T22:13:20.123456Z, UDP 192.0.2.1:53 -> 192.0.2.2:4242\n";
    assert!(text.starts_with(&format!("{heading};; ->>HEADER<<-")), "{text}");
}

#[test]
fn captures_are_read_in_both_orders_and_all_resolutions() {
    let packet = udp(&octets(MESSAGE));
    let swapped: Vec<u8> = [
        &b"\xA1\xB2\xC3\xD4\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\xFF\xFF\0\0\0\x01"[..],
        &1_700_000_000u32.to_be_bytes(),
        &123_456u32.to_be_bytes(),
        &(packet.len() as u32).to_be_bytes(),
        &(packet.len() as u32).to_be_bytes(),
        &packet,
    ]
    .concat();
    let mut nano = pcap(1, std::slice::from_ref(&packet));
    nano[0] = 0x4D;
    nano[1] = 0x3C;
    let second = 1_700_000_000u64;
    let ng = |big, resolution, ticks| {
        [section(big), interface(big, 1, resolution), enhanced(big, 0, ticks, &packet)].concat()
    };
    for (kind, capture, time) in [
        ("big-endian", swapped, "2023-11-14T22:13:20.123456Z"),
        ("nanoseconds", nano, "2023-11-14T22:13:20.000123456Z"),
        ("ng", ng(false, 6, second * 1_000_000 + 5), "2023-11-14T22:13:20.000005Z"),
        ("ng, big-endian", ng(true, 6, second * 1_000_000 + 5), "2023-11-14T22:13:20.000005Z"),
        (
            "ng, nanoseconds",
            ng(false, 9, second * 1_000_000_000 + 5),
            "2023-11-14T22:13:20.000000005Z",
        ),
        ("ng, milliseconds", ng(true, 3, second * 1_000 + 5), "2023-11-14T22:13:20.005000Z"),
        (
            "ng, powers of two",
            ng(false, 0x80 | 10, second << 10 | 512),
            "2023-11-14T22:13:20.500000Z",
        ),
    ] {
        let (lines, code) = json(&[], capture);
        assert_eq!((lines.len(), code), (1, 0), "{kind}");
        assert_eq!(lines[0]["time"], time, "{kind}");
    }
}

#[test]
fn sections_and_interfaces_of_pcapng_have_their_own_links_and_orders() {
    let message = octets(MESSAGE);
    let datagram = udp_header(&message);
    let raw = ipv4(17, &datagram);
    let simple = [&(raw.len() as u32).to_be_bytes()[..], &raw].concat();
    let capture = [
        section(false),
        interface(false, 1, 6),
        interface(false, 101, 6),
        // Names that nobody asked for.
        block(false, 4, &[0; 4]),
        enhanced(false, 1, 0, &raw),
        enhanced(false, 0, 0, &udp(&message)),
        section(true),
        interface(true, 101, 6),
        enhanced(true, 0, 0, &raw),
        block(true, 3, &simple),
    ]
    .concat();
    assert_eq!(ids(capture), (vec![Some(54116); 4], 0));
}

#[test]
fn fragments_are_put_together_whatever_their_order() {
    let message = long(77, 20);
    let datagram = udp_header(&message);
    let mut parts: Vec<Vec<u8>> = datagram
        .chunks(600)
        .enumerate()
        .map(|(i, part)| {
            let more = if (i + 1) * 600 < datagram.len() { 0x2000 } else { 0 };
            ethernet(0x0800, &ipv4_part(17, more | (i * 75), part))
        })
        .collect();
    assert_eq!(ids(pcap(1, &parts)), (vec![Some(77)], 0));
    parts.reverse();
    parts.insert(1, parts[0].clone());
    assert_eq!(ids(pcap(1, &parts)), (vec![Some(77)], 0));
    parts.pop();
    let missing =
        "1: not all fragments of this IP datagram from 192.0.2.1 to 192.0.2.2 were captured";
    assert_eq!(reasons(pcap(1, &parts)), [missing]);
}

#[test]
fn segments_are_put_in_order_and_cut_into_messages() {
    let messages = [long(1, 1), long(2, 20), long(3, 0), long(4, 3)];
    let stream = framed(&messages);
    let first = u32::MAX - 99;
    let syn = tcp(first.wrapping_sub(1), 2, &[]);
    let cut = |size: usize| -> Vec<Vec<u8>> {
        let part =
            |(i, part): (usize, &[u8])| tcp(first.wrapping_add((i * size) as u32), 0x10, part);
        stream.chunks(size).enumerate().map(part).collect()
    };
    let with_syn = |segments: &[Vec<u8>]| [&[syn.clone()][..], segments].concat();
    let mut swapped = cut(100);
    swapped.chunks_mut(2).for_each(|pair| pair.reverse());
    let mut backwards = cut(100);
    backwards.reverse();
    let twice: Vec<Vec<u8>> = cut(100).into_iter().flat_map(|s| [s.clone(), s]).collect();
    let again = [cut(100), cut(100)].concat();
    let mixed = [cut(100)[..9].to_vec(), cut(70)].concat();
    for (kind, segments) in [
        ("in one", cut(stream.len())),
        ("octet by octet", cut(1)),
        ("in parts", cut(100)),
        ("in pairs the wrong way round", swapped),
        ("backwards", backwards),
        ("each one twice", twice),
        ("all of it again", again),
        ("again in other parts", mixed),
    ] {
        let expected = vec![Some(1), Some(2), Some(3), Some(4)];
        assert_eq!(ids(pcap(1, &with_syn(&segments))), (expected, 0), "{kind}");
    }
    // The beginning was not captured.
    assert_eq!(ids(pcap(1, &cut(stream.len()))).0.len(), 4);
}

#[test]
fn a_segment_that_is_missing_costs_the_messages_that_it_belongs_to() {
    let messages = [long(1, 0), long(2, 5), long(3, 0)];
    let parts: Vec<Vec<u8>> = messages
        .iter()
        .scan(1u32, |at, message| {
            let part = framed(std::slice::from_ref(message));
            let start = *at;
            *at += part.len() as u32;
            Some(tcp(start, 0x10, &part))
        })
        .collect();
    let capture = pcap(1, &[tcp(0, 2, &[]), parts[0].clone(), parts[2].clone()]);
    let (lines, code) = json(&[], capture.clone());
    assert_eq!(code, 1);
    let ids: Vec<Option<u64>> = lines.iter().map(|line| line["id"].as_u64()).collect();
    assert_eq!(ids, [Some(1), None, Some(3)]);
    let size = 2 + messages[1].len();
    assert_eq!(
        reasons(capture),
        [format!("3: {size} octets of this TCP stream were not captured")]
    );
}

#[test]
fn what_cannot_be_read_is_told_with_its_packet() {
    let message = octets(MESSAGE);
    let good = udp(&message);
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut packet = good.clone();
        change(&mut packet);
        pcap(1, &[packet])
    };
    let header = [PCAP, &1u32.to_le_bytes()].concat();
    let cut = |captured: usize| [&header[..], &cut_record(&good, captured)].concat();
    let whole = pcap(1, std::slice::from_ref(&good));
    let mut endless = whole.clone();
    endless.extend([0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0x7F, 0, 0, 0, 0]);
    let of = |parts: &[Vec<u8>]| parts.concat();
    for (kind, capture, expected) in [
        ("snaplen in the message", cut(80), "1: the capture kept 38 of 56 octets of this message"),
        ("snaplen in UDP", cut(38), "1: it ends inside its UDP header"),
        ("snaplen in IPv4", cut(30), "1: it ends inside its IPv4 header"),
        ("snaplen in Ethernet", cut(13), "1: it ends inside its link-layer header"),
        (
            "an end in a packet",
            whole[..whole.len() - 3].to_vec(),
            "1: the capture ends inside this packet: 95 of 98 octets are present",
        ),
        (
            "an end in a header",
            whole[..30].to_vec(),
            "1: the capture ends inside the header of this packet",
        ),
        (
            "an impossible length",
            endless,
            "2: the capture is damaged here: this packet claims 2147483647 octets",
        ),
        ("another version of IP", with(&|p| p[14] = 0x75), "1: its IP version is 7"),
        (
            "a short IPv4 header",
            with(&|p| p[14] = 0x44),
            "1: its IPv4 header claims 16 octets, but 20 is the minimum",
        ),
        (
            "a short length of UDP",
            with(&|p| p[39] = 7),
            "1: its UDP header claims 7 octets, but 8 is the minimum",
        ),
        (
            "a long length of UDP",
            with(&|p| p[38] = 9),
            "1: its UDP header claims 2360 octets, but IP carries 56",
        ),
        (
            "a link that is not read",
            pcap(105, &[vec![0; 60], vec![0; 60]]),
            "1: link type 105 is not supported: packets like this one are skipped",
        ),
        (
            "a stream that ends early",
            pcap(1, &[tcp(0, 2, &[]), tcp(1, 0x11, &framed(std::slice::from_ref(&message))[..20])]),
            "2: this TCP stream ends inside a message: 18 of 56 octets are present",
        ),
        (
            "fragments that overlap",
            pcap(101, &[ipv4_part(17, 0x2000, &[0; 16]), ipv4_part(17, 1, &[1; 16])]),
            "2: this IP datagram cannot be read: its fragments overlap",
        ),
        (
            "an interface that is not there",
            of(&[section(false), enhanced(false, 3, 0, &good)]),
            "1: this packet belongs to interface 3, which is not described",
        ),
        (
            "a block that is too short",
            of(&[section(false), interface(false, 1, 6), block(false, 6, &[0; 8])]),
            "1: the block of this packet is malformed",
        ),
        (
            "a block that ends early",
            of(&[section(false), vec![6, 0, 0, 0, 200, 0, 0, 0, 1]]),
            "1: the capture ends inside this packet",
        ),
        (
            "a block without a length",
            of(&[section(false), vec![6, 0, 0, 0, 3, 0, 0, 0, 1]]),
            "1: the capture is damaged here: a block claims 3 octets",
        ),
    ] {
        assert_eq!(reasons(capture), [expected], "{kind}");
    }
}

#[test]
fn other_ports_are_passed_over_unless_they_are_named() {
    let mut packet = udp(&octets(MESSAGE));
    packet[34..36].copy_from_slice(&5353u16.to_be_bytes());
    let capture = pcap(1, &[packet]);
    assert_eq!(decode(&[], capture.clone()), (String::new(), 2));
    assert_eq!(json(&["--port", "53,5353"], capture).0.len(), 1);
}

#[test]
fn what_a_hostile_capture_leaves_open_is_bounded() {
    // Streams that begin a message and never end it, and datagrams with one fragment.
    let mut capture = [PCAP, &1u32.to_le_bytes()].concat();
    for number in 0..20_000u32 {
        let mut packet = tcp(1, 0x10, &[&[0xFF, 0xFF], &octets(MESSAGE)[..]].concat());
        packet[26..30].copy_from_slice(&number.to_be_bytes());
        capture.extend(record(&packet));
        let mut part = ethernet(0x0800, &ipv4_part(17, 0x2000, &udp_header(&[0; 1000])));
        part[26..30].copy_from_slice(&number.to_be_bytes());
        capture.extend(record(&part));
    }
    let (lines, code) = json(&[], capture);
    assert_eq!(code, 1);
    // Each of them is told, those that had to make room as soon as they did.
    assert_eq!(lines.len(), 40_000);
}

#[test]
fn lines_keep_their_schema() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/decode-line.schema.json");
    let schema = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let message = octets(MESSAGE);
    let cut = [PCAP, &1u32.to_le_bytes(), &cut_record(&udp(&message), 80)].concat();
    for input in [
        message.clone(),
        message[..40].to_vec(),
        MESSAGE.into(),
        pcap(1, &[udp(&message), tcp(1, 0x10, &framed(&[message])), vec![0; 3]]),
        cut,
        Vec::new(),
    ] {
        for line in json(&[], input).0 {
            let errors: Vec<String> =
                validator.iter_errors(&line).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{errors:#?} in {line:#}");
        }
    }
}

/// A capture for other readers: two datagrams, and three messages in a stream.
pub(super) fn samples(message: &[u8]) -> Vec<u8> {
    let stream = framed(&[message.to_vec(), long(9, 20), message.to_vec()]);
    let tagged = [ETHERNET, &u16(0x8100), &[0, 5], &u16(0x0800), &ipv4(17, &udp_header(message))];
    pcap(
        1,
        &[
            udp(message),
            tagged.concat(),
            tcp(0, 2, &[]),
            tcp(1, 0x10, &stream[..700]),
            tcp(701, 0x18, &stream[700..]),
        ],
    )
}
