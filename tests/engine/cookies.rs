//! DNS cookies (RFC 7873): what is sent, what is expected, and what follows where it is missing.

use dnsonde::engine::{
    Accept, CookieOption, Edns, EngineConfig, Mismatch, QueryProfile, RetryReason, Transport,
};
use dnsonde::wire::{Message, OptionCode, Rcode};

use crate::forgery::{Watched, answer, server};
use crate::network::{FORGED, TRUE};

const SERVER_COOKIE: [u8; 16] = [7; 16];

fn config(accept: Accept) -> EngineConfig {
    let edns = Some(Edns { cookie: CookieOption::Full, ..Edns::default() });
    EngineConfig {
        profile: QueryProfile { edns, accept, ..QueryProfile::default() },
        ..EngineConfig::default()
    }
}

/// The value of the cookie option of a message.
fn cookie(octets: &[u8]) -> Option<Vec<u8>> {
    let message = Message::parse(octets).unwrap();
    let opt = message.opt()?;
    let found = opt.options().find(|(code, _)| *code == OptionCode::COOKIE);
    found.map(|(_, value)| value.to_vec())
}

/// An answer with an OPT record: the upper bits of its response code, and a cookie.
fn with_cookie(mut octets: Vec<u8>, upper: u8, cookie: &[u8]) -> Vec<u8> {
    octets[11] = 1;
    octets.extend([0, 0, 41, 4, 208, upper, 0, 0, 0, 0, cookie.len() as u8 + 4]);
    octets.extend([0, 10, 0, cookie.len() as u8]);
    octets.extend(cookie);
    octets
}

/// The first exchange, in which the server returns our cookie with its own. Gives ours.
fn acquainted(accept: Accept) -> (Watched, Vec<u8>) {
    let mut watched = Watched::new(config(accept));
    let query = watched.query();
    let client = cookie(&query).unwrap();
    assert_eq!(client.len(), 8, "nothing is known of the server yet");
    let both = [&client[..], &SERVER_COOKIE].concat();
    watched.reply(server(), &with_cookie(answer(&query, TRUE), 0, &both));
    assert!(watched.ended.take().unwrap().answer.is_ok());
    watched.ask();
    assert_eq!(cookie(&watched.query()), Some(both), "both cookies go back to the server");
    (watched, client)
}

#[test]
fn what_lacks_the_cookie_that_the_server_has_returned_before_is_no_answer() {
    for wrong in [false, true] {
        let (mut watched, client) = acquainted(Accept::Useful);
        let mut forged = answer(&watched.query(), FORGED);
        if wrong {
            let other: Vec<u8> = client.iter().map(|octet| !octet).collect();
            forged = with_cookie(forged, 0, &other);
        }
        watched.reply(server(), &forged);
        assert!(watched.ended.is_none(), "{:?}", watched.ended);
        watched.next_attempt();
        assert_eq!(watched.transport(), Transport::Tcp);
        // Over TCP a server may show that it does not know cookies any more.
        let truth = answer(&watched.query(), TRUE);
        watched.stream(&truth);
        let ended = watched.ended.as_ref().unwrap();
        assert_eq!(ended.answer, Ok((Rcode::NOERROR, Some(TRUE))));
        let expected = if wrong { Mismatch::WrongCookie } else { Mismatch::NoCookie };
        assert_eq!(ended.unmatched[0].why, expected);
        assert_eq!(ended.attempts[0].retried_because, Some(RetryReason::Mismatched));
        watched.ask();
        let plain = answer(&watched.query(), TRUE);
        watched.reply(server(), &plain);
        assert!(watched.ended.is_some(), "no cookie is expected from then on");
    }
}

#[test]
fn who_looks_at_a_server_sees_what_it_does_with_cookies() {
    let (mut watched, _) = acquainted(Accept::Anything);
    let without = answer(&watched.query(), TRUE);
    watched.reply(server(), &without);
    assert!(watched.ended.is_some());
}

#[test]
fn badcookie_is_followed_with_the_new_cookie_and_then_over_tcp() {
    let mut watched = Watched::new(config(Accept::Useful));
    let client = cookie(&watched.query()).unwrap();
    for server_cookie in [[1; 8], [2; 8]] {
        let both = [&client[..], &server_cookie].concat();
        let mut refusal = with_cookie(answer(&watched.query(), TRUE), 1, &both);
        refusal[3] |= 7;
        watched.reply(server(), &refusal);
        assert!(watched.ended.is_none());
        if server_cookie == [1; 8] {
            assert_eq!((watched.sent.len(), watched.transport()), (2, Transport::Udp));
        } else {
            assert_eq!((watched.sent.len(), watched.transport()), (3, Transport::Tcp));
        }
        assert_eq!(cookie(&watched.query()), Some(both));
    }
    let truth = answer(&watched.query(), TRUE);
    watched.stream(&truth);
    let ended = watched.ended.unwrap();
    assert_eq!(ended.answer, Ok((Rcode::NOERROR, Some(TRUE))));
    assert_eq!(ended.attempts[0].retried_because, Some(RetryReason::BadCookie));
}
