//! Text of any origin, in every place that takes text.

use super::json::assert_valid;
use super::samples::with_text_everywhere;
use super::{Page, as_html, as_json, as_text};

/// Terminal escapes, C1, DEL, directions, line ends, markup, and quotes of every kind.
const HOSTILE: &str = "\u{1b}[2J\u{1b}]0;x\u{7}\u{9b}31m\u{7f}\u{0}\u{202e}\u{2066}\u{200f}\u{61c}\n\r\t\u{85}\
    \u{2028}</style></title><script>alert(1)</script><img src=x onerror=\"a\" style='b'>&amp;\
    {{ 7 }}{% if %}\"'`\\ <!-- ]]> \u{1f600}";

fn acts(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2066}'..='\u{2069}')
}

#[test]
fn text_shows_it_and_obeys_none_of_it() {
    for colour in [false, true] {
        let text = as_text(&with_text_everywhere(HOSTILE), 80, colour);
        let rest = if colour {
            // The escapes that dnsonde writes itself.
            let ours =
                ["\u{1b}[0m", "\u{1b}[1m", "\u{1b}[2m", "\u{1b}[31m", "\u{1b}[32m", "\u{1b}[33m"];
            ours.iter().fold(text, |text, escape| text.replace(escape, ""))
        } else {
            text
        };
        let acting: Vec<char> = rest.chars().filter(|&c| acts(c) && c != '\n').collect();
        assert!(acting.is_empty(), "{acting:?}");
        assert!(
            rest.contains("\\u{1b}[2J\\u{1b}]0;x\\u{7}\\u{9b}31m\\u{7f}\\u{0}\\u{202e}"),
            "{rest}"
        );
    }
}

#[test]
fn json_keeps_it_within_printable_ascii() {
    let report = with_text_everywhere(HOSTILE);
    let line = as_json(&report);
    let octets = line.strip_suffix('\n').unwrap().bytes();
    assert!(octets.into_iter().all(|octet| matches!(octet, b' '..=b'~')), "{line}");
    let value = assert_valid(&line);
    for pointer in [
        "/subject",
        "/sentence",
        "/findings/0/summary",
        "/findings/6/advice",
        "/records/2/line",
        "/records/0/servers/7/found/1",
        "/servers/10/zone",
        "/effort/cut_short",
        "/findings/0/evidence/list/1",
    ] {
        assert_eq!(value.pointer(pointer).unwrap(), HOSTILE, "{pointer}");
    }
}

#[test]
fn a_page_shows_it_and_gains_no_element() {
    let page = |text| as_html(&with_text_everywhere(text), Page { command_line: text });
    let html = page(HOSTILE);
    assert!(!html.chars().any(|character| acts(character) && character != '\n'));
    let tags = |html: &str| -> Vec<String> {
        html.split('<').skip(1).map(|piece| piece.split('>').next().unwrap().to_owned()).collect()
    };
    assert_eq!(tags(&html), tags(&page("plain")));
    assert!(html.contains("&lt;script&gt;") || html.contains("&#60;script&#62;"));
}
