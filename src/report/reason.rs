//! Why there is no answer, in words: the `error` of a line whose status is no response code.

use crate::engine::{Attempt, Outcome, StreamCause, StreamFailure, Transport, Unreachable};
use crate::wire::write_decimal;

/// How a TCP connection ended, in one word; these words are part of the output contracts.
pub const fn stream_cause_text(cause: StreamCause) -> &'static str {
    match cause {
        StreamCause::Refused => "refused",
        StreamCause::Unreachable => "unreachable",
        StreamCause::ConnectTimedOut => "connect-timed-out",
        StreamCause::Reset => "reset",
        StreamCause::Closed => "closed",
        StreamCause::ClosedMidMessage => "closed-mid-message",
        StreamCause::Silent => "silent",
        StreamCause::Unsolicited => "unsolicited",
        StreamCause::Broken => "broken",
    }
}

/// How a TCP connection ended, as the clause of a sentence.
pub const fn stream_cause_clause(cause: StreamCause) -> &'static str {
    match cause {
        StreamCause::Refused => "the TCP connection was refused",
        StreamCause::Unreachable => "the TCP connection could not be made: no route to the server",
        StreamCause::ConnectTimedOut => {
            "the TCP connection timed out: no response to the handshake"
        }
        StreamCause::Reset => "the server reset the TCP connection",
        StreamCause::Closed => "the server closed the TCP connection without a response",
        StreamCause::ClosedMidMessage => {
            "the server closed the TCP connection in the middle of a response"
        }
        StreamCause::Silent => "the TCP connection went silent",
        StreamCause::Unsolicited => {
            "the TCP connection was closed: the server sent unsolicited messages"
        }
        StreamCause::Broken => "the TCP connection failed",
    }
}

/// What an ICMP error says, as the clause of a sentence (types and codes of RFC 792, RFC 1812 §5.2.7.1 and
/// RFC 4443 §3.1).
pub const fn icmp_clause(error: Unreachable) -> &'static str {
    match (error.icmp_type, error.icmp_code) {
        (3, 3) | (1, 4) => "ICMP port unreachable: nothing listens there",
        (3, 9 | 10 | 13) | (1, 1 | 5) => {
            "ICMP administratively prohibited: a firewall on the path forbids it"
        }
        (3, 0 | 6 | 11) | (1, 0 | 6) => {
            "ICMP network unreachable: no route to the server's network"
        }
        (3, 1 | 7 | 12) | (1, 3) => "ICMP host unreachable: the server's address cannot be reached",
        (3, 4) | (2, _) => "ICMP packet too big: the query does not fit the path",
        _ => "ICMP destination unreachable",
    }
}

/// What became of an attempt that was not answered, as far as the causes of a failure go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cause {
    Silence(Transport),
    Icmp(Unreachable),
    NotSent(i32),
    Stream(StreamFailure),
}

impl Cause {
    fn of(attempt: &Attempt) -> Option<Self> {
        match attempt.outcome {
            Outcome::TimedOut => Some(Self::Silence(attempt.transport)),
            Outcome::Unreachable(error) => Some(Self::Icmp(error)),
            Outcome::NotSent(errno) => Some(Self::NotSent(errno)),
            Outcome::StreamFailed(failure) => Some(Self::Stream(failure)),
            Outcome::Waiting | Outcome::Answered(_) | Outcome::Late(_) | Outcome::Abandoned => None,
        }
    }

    fn write(self, out: &mut Vec<u8>) {
        let text = match self {
            Self::Silence(Transport::Udp) => "no response over UDP",
            Self::Silence(Transport::Tcp) => "no response over TCP",
            Self::Icmp(error) => icmp_clause(error),
            Self::NotSent(_) => "this machine did not send the query",
            Self::Stream(failure) => stream_cause_clause(failure.cause),
        };
        out.extend_from_slice(text.as_bytes());
        if let Self::NotSent(errno)
        | Self::Stream(StreamFailure { cause: StreamCause::Broken, errno }) = self
            && errno != 0
        {
            let error = std::io::Error::from_raw_os_error(errno).to_string();
            out.extend_from_slice(b" (");
            out.extend(error.bytes().map(|octet| if octet.is_ascii() { octet } else { b'?' }));
            out.push(b')');
        }
    }
}

/// Appends what stopped the attempts of an exchange that has no answer: each cause once, with how
/// often it came where there was more than one attempt. `truncated`: a response came over UDP, and
/// was truncated. ASCII, no line ends; it may have characters that a format has to escape.
pub fn write_reason(attempts: &[Attempt], truncated: bool, out: &mut Vec<u8>) {
    let mut mark = "";
    if truncated {
        out.extend_from_slice(b"the response was truncated over UDP");
        mark = "; ";
    }
    for (place, attempt) in attempts.iter().enumerate() {
        let Some(cause) = Cause::of(attempt) else { continue };
        let of_cause = |attempt: &&Attempt| Cause::of(attempt) == Some(cause);
        if attempts[..place].iter().any(|earlier| of_cause(&earlier)) {
            continue;
        }
        out.extend_from_slice(mark.as_bytes());
        mark = "; ";
        cause.write(out);
        match attempts[place..].iter().filter(of_cause).count() {
            1 => {}
            times => {
                out.extend_from_slice(b" (");
                write_decimal(times as u64, out);
                out.extend_from_slice(b" times)");
            }
        }
    }
    if mark.is_empty() {
        out.extend_from_slice(b"no response");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{ServerId, SocketId, Time};

    fn attempt(transport: Transport, outcome: Outcome) -> Attempt {
        Attempt {
            server: ServerId(0),
            transport,
            socket: SocketId(0),
            port: None,
            id: 1,
            edns: true,
            mixed_case: false,
            edns_off: None,
            sent: Time::ZERO,
            outcome,
            duplicates: 0,
            mismatched: 0,
            retried_because: None,
        }
    }

    #[test]
    fn what_icmp_says_is_told_as_what_it_is() {
        for (icmp_type, icmp_code, word) in [
            (3, 3, "port"),
            (1, 4, "port"),
            (3, 13, "prohibited"),
            (1, 1, "prohibited"),
            (3, 1, "address"),
            (1, 0, "route"),
            (0, 0, "destination"),
        ] {
            let error = Unreachable { icmp_type, icmp_code, errno: 111 };
            let reported =
                reason(&[attempt(Transport::Udp, Outcome::Unreachable(error)); 2], false);
            assert!(reported.contains(word) && reported.ends_with(" (2 times)"), "{reported}");
        }
    }

    fn reason(attempts: &[Attempt], truncated: bool) -> String {
        let mut out = Vec::new();
        write_reason(attempts, truncated, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn stream(cause: StreamCause, errno: i32) -> Attempt {
        attempt(Transport::Tcp, Outcome::StreamFailed(StreamFailure { cause, errno }))
    }

    #[test]
    fn each_cause_stands_once_with_its_count() {
        let lost = attempt(Transport::Udp, Outcome::TimedOut);
        let refused = stream(StreamCause::Refused, 111);
        let reset = stream(StreamCause::Reset, 104);
        for (attempts, truncated, expected) in [
            (&[lost][..], false, "no response over UDP"),
            (&[lost, lost, lost], false, "no response over UDP (3 times)"),
            (&[], false, "no response"),
            (
                &[lost, refused, reset, refused],
                true,
                "the response was truncated over UDP; no response over UDP; \
                 the TCP connection was refused (2 times); the server reset the TCP connection",
            ),
        ] {
            assert_eq!(reason(attempts, truncated), expected);
        }
    }

    #[test]
    fn every_end_of_a_connection_has_its_own_word_and_clause() {
        use StreamCause::*;
        let all = [
            Refused,
            Unreachable,
            ConnectTimedOut,
            Reset,
            Closed,
            ClosedMidMessage,
            Silent,
            Unsolicited,
            Broken,
        ];
        for text in [stream_cause_text, stream_cause_clause] {
            let texts: std::collections::BTreeSet<_> =
                all.iter().map(|&cause| text(cause)).collect();
            assert_eq!(texts.len(), all.len());
        }
    }

    #[cfg(unix)]
    #[test]
    fn an_error_of_the_system_is_named() {
        let text = reason(&[stream(StreamCause::Broken, libc::EPIPE)], false);
        assert!(text.starts_with("the TCP connection failed (Broken pipe"), "{text}");
    }
}
