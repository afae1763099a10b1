use super::*;
use KeyNote as N;
use KeyProblem as P;

/// The key of RFC 6376 §C.
const RSA_1024: &str = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYt\
    IxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhi\
    tdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB";
/// Made with openssl genrsa 2048.
const RSA_2048: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAnDgvJX4NOJk9XtP9c930coE3Nu5foBL6RCpz\
    9cI3pf3vkPG7e8riD/+0/eh9MSxvt8+TZrEHWMLCvFanLYfMg+j87sftVrI8zhv2ejZ2YWI1P6nj3D31US4s8NkEYsvJ\
    r0/njuuPogPoZKKdOe1qPBGYBQammaJL+wbCBedY9hlJwGCjbMMTjJPGTdzZXAjdIEv9paDUca/zLN3Wp3Y9QkFgurv0\
    IRk5T7lHQf9srxWGD1iYse90gKm9aZ6adzompkgdtzLjYynJB2k2usN64jIMnoQ6nnnIw/P+iFM4eLnesodTi2hTV0Nn\
    rgrAVKrA7jv/r6iusQ+dA7IJaNS8sQIDAQAB";
/// The key of RFC 8463 §A.2.
const ED25519: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
/// Made with openssl genpkey -algorithm ed25519.
const ED25519_IN_DER: &str = "MCowBQYDK2VwAyEA/wKPDKM2zDIs/bFDwcB9MMtNfLxeLvBMhJFnSpSmjv8=";
/// Made with openssl ecparam -name prime256v1.
const P256: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEDM1sgICR4vutDbwNeBBe9A9Kio8kIMz+XTQD66xCG8Po\
    ImsUaXg/W+vmCxThfae9oAZpWYxHLlReyengtgsBIg==";

fn check(text: &str) -> KeyCheck {
    check_key(text.as_bytes())
}

/// A DER element.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match content.len() {
        len @ 0..128 => out.push(len as u8),
        len @ 128..256 => out.extend([0x81, len as u8]),
        len => out.extend([0x82, (len >> 8) as u8, len as u8]),
    }
    out.extend_from_slice(content);
    out
}

/// A positive INTEGER of so many bits: only its first and its last octet are not 0.
fn integer(bits: usize, last: u8) -> Vec<u8> {
    let mut octets = vec![0; bits.div_ceil(8)];
    octets[0] = 1 << ((bits - 1) % 8);
    if let Some(octet) = octets.last_mut() {
        *octet |= last;
    }
    if octets[0] & 0x80 != 0 {
        octets.insert(0, 0);
    }
    element(2, &octets)
}

fn rsa_key(bits: usize, last: u8, exponent: &[u8]) -> Vec<u8> {
    element(0x30, &[integer(bits, last), element(2, exponent)].concat())
}

const RSA_OID: &[u8] = b"\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x01\x01";

fn wrapped(parameters: &[u8], key: &[u8]) -> Vec<u8> {
    let algorithm = element(0x30, &[RSA_OID, parameters].concat());
    let string = element(3, &[&[0], key].concat());
    element(0x30, &[algorithm, string].concat())
}

fn text_with(der: &[u8]) -> String {
    format!("v=DKIM1; p={}", data_encoding::BASE64.encode(der))
}

fn sized(bits: usize) -> KeyCheck {
    check(&text_with(&wrapped(b"\x05\x00", &rsa_key(bits, 1, &[1, 0, 1]))))
}

#[test]
fn sound_keys_are_usable() {
    for (text, state, notes) in [
        (format!("v=DKIM1; p={RSA_1024}"), KeyState::Rsa { bits: 1024 }, vec![N::Weak]),
        (format!("v=DKIM1; k=rsa; p={RSA_2048}"), KeyState::Rsa { bits: 2048 }, vec![]),
        (format!("k=rsa; p={RSA_2048};"), KeyState::Rsa { bits: 2048 }, vec![]),
        (format!("p={RSA_2048}"), KeyState::Rsa { bits: 2048 }, vec![]),
        (format!("v=DKIM1; k=ed25519; p={ED25519}"), KeyState::Ed25519, vec![]),
        (
            format!("v=DKIM1; h=sha1 : sha256; s=email:*; t=y : s; n=call=20us; x=1; p={RSA_2048}"),
            KeyState::Rsa { bits: 2048 },
            vec![N::Testing, N::StrictDomain],
        ),
        (format!("v=DKIM1; t=; p={RSA_2048}"), KeyState::Rsa { bits: 2048 }, vec![]),
        (format!("v=DKIM1; t=z-9; s=*; p={RSA_2048}"), KeyState::Rsa { bits: 2048 }, vec![]),
        (
            format!("v=DKIM1; n=a=b; p={RSA_2048}"),
            KeyState::Rsa { bits: 2048 },
            vec![N::NotesUnquoted],
        ),
        (
            format!("v=DKIM1; k=ed25519; p={}", ED25519.trim_end_matches('=')),
            KeyState::Ed25519,
            vec![N::Unpadded],
        ),
        (
            format!("v=DKIM1; p={} \r\n\t{}", &RSA_2048[..99], &RSA_2048[99..]),
            KeyState::Rsa { bits: 2048 },
            vec![],
        ),
    ] {
        let check = check(&text);
        assert_eq!((check.state, &check.notes), (state, &notes), "{text}");
        assert!(check.is_usable(), "{text}: {check:?}");
        assert_eq!(check.is_weak(), notes.contains(&N::Weak), "{text}");
    }
}

#[test]
fn standby_and_revoked_keys_are_no_problems_and_not_usable() {
    for (text, state) in [
        ("", KeyState::Empty),
        ("p=", KeyState::Revoked),
        ("v=DKIM1; k=rsa; p=", KeyState::Revoked),
        ("v=DKIM1; p= ;", KeyState::Revoked),
    ] {
        let check = check(text);
        assert_eq!((check.state, &check.problems), (state, &vec![]), "{text:?}");
        assert!(!check.is_usable());
    }
}

#[test]
fn each_problem_is_named_with_its_tag() {
    let words = |tag, value: &str| P::List { tag, value: value.to_owned() };
    let other = |said, found: &str| P::Algorithm { said, found: found.to_owned() };
    let base64 = |offset, found: &str| P::Base64 { offset, found: found.to_owned() };
    for (text, tag, problem) in [
        (format!("v=DKIM2; p={RSA_2048}"), "v", P::Version("DKIM2".into())),
        (format!("v=dkim1; p={RSA_2048}"), "v", P::Version("dkim1".into())),
        (format!("v=DKIM1\\; p={RSA_2048}"), "v", P::Version("DKIM1\\\\".into())),
        (format!("v=; p={RSA_2048}"), "v", P::Version(String::new())),
        (format!("p={RSA_2048}; v=DKIM1"), "v", P::VersionNotFirst),
        ("v=DKIM1; k=rsa".into(), "p", P::NoKey),
        (format!("v=DKIM1; P={RSA_2048}"), "p", P::NoKey),
        (format!("v=DKIM1; k=RSA; p={RSA_2048}"), "k", P::KeyType("RSA".into())),
        (format!("v=DKIM1; k=; p={RSA_2048}"), "k", P::KeyType(String::new())),
        (format!("v=DKIM1; h=sha1; p={RSA_2048}"), "h", P::Hashes("sha1".into())),
        (format!("v=DKIM1; h=sha256:; p={RSA_2048}"), "h", words("h", "sha256:")),
        (format!("v=DKIM1; h=; p={RSA_2048}"), "h", words("h", "")),
        (format!("v=DKIM1; s=tls; p={RSA_2048}"), "s", P::Service("tls".into())),
        (format!("v=DKIM1; s=e mail; p={RSA_2048}"), "s", words("s", "e mail")),
        (format!("v=DKIM1; t=y,s; p={RSA_2048}"), "t", words("t", "y,s")),
        ("v=DKIM1; p=AB*D".into(), "p", base64(13, "*")),
        ("v=DKIM1; p=AB-_".into(), "p", base64(13, "-")),
        ("v=DKIM1; p=AA==BB".into(), "p", base64(15, "B")),
        ("v=DKIM1; p=\"AAAA\"".into(), "p", base64(11, "\"")),
        ("v=DKIM1; p=AAAAA".into(), "p", P::Base64Length(5)),
        ("v=DKIM1; p=AAA==".into(), "p", P::Base64Length(5)),
        ("v=DKIM1; p====".into(), "p", P::Base64Length(3)),
        (format!("p=-----BEGIN PUBLIC KEY-----{RSA_2048}"), "p", P::Armour),
        (format!("v=DKIM1; k=ed25519; p={RSA_2048}"), "p", other("ed25519", "RSA")),
        (format!("v=DKIM1; k=ed25519; p={ED25519_IN_DER}"), "p", P::Ed25519Wrapped),
        ("v=DKIM1; k=ed25519; p=AAAA".into(), "p", P::Ed25519Length(3)),
        (format!("v=DKIM1; k=ed25519; p={P256}"), "p", other("ed25519", "1.2.840.10045.2.1")),
        (format!("v=DKIM1; p={P256}"), "p", other("rsa", "1.2.840.10045.2.1")),
        (format!("v=DKIM1; p={ED25519_IN_DER}"), "p", other("rsa", "Ed25519")),
        (format!("v=DKIM1; p={ED25519}"), "p", other("rsa", "Ed25519 (32 octets)")),
    ] {
        let check = check(&text);
        assert_eq!(check.problems, [problem], "{text}");
        assert_eq!(check.problems[0].tag(), Some(tag), "{text}");
        assert!(!check.is_usable(), "{text}");
    }
}

#[test]
fn several_problems_are_all_told() {
    let check = check("k=dsa; h=md5; s=web; v=DKIM3");
    let tags: Vec<_> = check.problems.iter().filter_map(KeyProblem::tag).collect();
    assert_eq!(tags, ["v", "v", "h", "s", "k", "p"]);
}

#[test]
fn text_that_is_no_list_is_no_key() {
    for text in
        ["v=spf1 include:amazonses.com ~all", "hello", "\"v=DKIM1; p=\"", "v=DKIM1; p=a; p=b"]
    {
        let check = check(text);
        assert_eq!(check.state, KeyState::Unreadable, "{text}");
        assert!(!check.problems.is_empty(), "{text}");
    }
    assert!(matches!(check("hello").problems[..], [P::Syntax(_)]));
}

#[test]
fn the_length_of_an_rsa_key_decides() {
    for (bits, problem, notes) in [
        (512, Some(P::RsaTooShort(512)), vec![]),
        (1023, Some(P::RsaTooShort(1023)), vec![]),
        (1024, None, vec![N::Weak]),
        (1025, None, vec![N::Weak]),
        (2047, None, vec![N::Weak]),
        (2048, None, vec![]),
        (4096, None, vec![]),
        (4097, None, vec![N::TooLong]),
    ] {
        let check = sized(bits);
        assert_eq!(check.state, KeyState::Rsa { bits });
        assert_eq!(check.problems, Vec::from_iter(problem), "{bits}");
        assert_eq!(check.notes, notes, "{bits}");
    }
}

#[test]
fn der_is_read_to_its_end_and_its_numbers_are_looked_at() {
    const NULL: &[u8] = b"\x05\x00";
    let sound = rsa_key(2048, 1, &[1, 0, 1]);
    let whole = wrapped(NULL, &sound);
    assert!(check(&text_with(&whole)).is_usable());
    assert!(check(&text_with(&wrapped(b"", &sound))).is_usable());

    let bare = check(&text_with(&sound));
    assert_eq!((bare.is_usable(), &bare.notes[..]), (true, &[N::Bare][..]));

    let (said, found) = (whole.len(), whole.len() - 3);
    let cut = check(&text_with(&whole[..found]));
    assert_eq!(cut.problems, [P::Cut { said, found }]);
    assert_eq!(cut.state, KeyState::Unreadable);

    for der in [
        [&whole[..], b"\x00"].concat(),
        wrapped(b"\x06\x01\x2A", &sound),
        wrapped(NULL, &sound[..40]),
        wrapped(NULL, &[&sound[..], b"\x00"].concat()),
        wrapped(NULL, b""),
        element(0x30, b""),
        vec![0x30, 0x80, 0, 0],
        vec![0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF],
        b"plain text".to_vec(),
    ] {
        let check = check(&text_with(&der));
        assert!(matches!(check.problems[..], [P::Der(_)]), "{der:02x?}: {check:?}");
        assert_eq!(check.state, KeyState::Unreadable);
    }
    for (key, expected) in [
        (rsa_key(2048, 0, &[1, 0, 1]), "its modulus is even"),
        (rsa_key(2048, 1, &[2]), "its exponent is even or 1"),
        (rsa_key(2048, 1, &[1]), "its exponent is even or 1"),
    ] {
        let check = check(&text_with(&wrapped(NULL, &key)));
        assert_eq!(check.problems, [P::Unsound(expected)]);
    }
}

#[test]
fn a_key_cut_anywhere_is_never_usable() {
    let text = format!("v=DKIM1; k=rsa; p={RSA_2048}");
    for len in 0..text.len() {
        assert!(!check(&text[..len]).is_usable(), "{len}");
    }
}

#[test]
fn problems_are_sentences_in_printable_ascii() {
    let check = check_key(b"v=\x7E; k=a b; p=\x1B[31m");
    for problem in check.problems {
        assert!(problem.to_string().bytes().all(|octet| matches!(octet, 0x20..=0x7E)), "{problem}");
    }
}

proptest::proptest! {
    #[test]
    fn nothing_a_server_sends_makes_it_panic(text in proptest::collection::vec(
        proptest::sample::select(b"vkhstnp=; :AZaz09+/-*\"\\\x00\xFF".to_vec()), 0..80,
    )) {
        check_key(&text);
    }

    #[test]
    fn no_der_makes_it_panic(der in proptest::collection::vec(proptest::num::u8::ANY, 0..100)) {
        let _ = check(&text_with(&der));
        let _ = check(&text_with(&wrapped(&der[..der.len() / 2], &der[der.len() / 2..])));
    }
}
