//! What goes into the engine and what comes out of it: questions, attempts, results.

use std::net::SocketAddr;
use std::time::Duration;

use super::time::Time;
use crate::wire::{Class, Flags, Header, Message, NameBuf, ParseError, Rcode, RecordType};

/// A server, by its place in [`super::Engine::servers`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerId(pub u32);

/// A local UDP socket, by its place in the driver's pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketId(pub u16);

/// Names one attempt of one exchange; never names another one later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AttemptKey {
    pub(super) slot: u32,
    pub(super) generation: u32,
    pub(super) attempt: u16,
}

/// How a message travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// UDP (RFC 1035 §4.2.1).
    Udp,
    /// TCP (RFC 7766).
    Tcp,
}

impl Transport {
    /// `udp` or `tcp`, as in the output contracts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
        }
    }
}

/// A request for an exchange: what to query for, and which servers may answer.
#[derive(Debug, Clone, Copy)]
pub struct ExchangeRequest<'a> {
    /// Comes back with the result; the engine does not look at it.
    pub tag: u64,
    /// QNAME in uncompressed wire form.
    pub name: &'a [u8],
    /// QTYPE.
    pub rtype: RecordType,
    /// QCLASS.
    pub class: Class,
    /// Whom to ask.
    pub servers: ServerChoice,
    /// How to ask.
    pub profile: ProfileId,
    /// Which of the driver's UDP sockets to ask from, as a place among those of the server's
    /// address family; by default a random one, and another one for each attempt.
    pub socket: Option<u16>,
}

impl<'a> ExchangeRequest<'a> {
    /// A query in class IN to any server, with the profile of [`super::EngineConfig::profile`], from any socket.
    #[inline]
    pub const fn new(tag: u64, name: &'a [u8], rtype: RecordType) -> Self {
        Self {
            tag,
            name,
            rtype,
            class: Class::IN,
            servers: ServerChoice::Any,
            profile: ProfileId::DEFAULT,
            socket: None,
        }
    }
}

/// The engine holds as many exchanges as it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the engine holds as many exchanges as it may")]
pub struct Full;

/// A query profile, by its place in an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ProfileId(pub(super) u8);

impl ProfileId {
    /// That of [`super::EngineConfig::profile`].
    pub const DEFAULT: Self = Self(0);
}

/// Whom to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerChoice {
    /// Any server of the engine, and another one after each failure.
    Any,
    /// This one only.
    Only(ServerId),
}

/// One message of an exchange and what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// Where it was sent.
    pub server: ServerId,
    /// Over what.
    pub transport: Transport,
    /// From which of the driver's UDP sockets; meaningless over TCP.
    pub socket: SocketId,
    /// The local port of that socket, as far as the driver said.
    pub port: Option<u16>,
    /// Its message ID.
    pub id: u16,
    /// Whether it had an OPT record.
    pub edns: bool,
    /// Whether the letters of its question had their case mixed (0x20).
    pub mixed_case: bool,
    /// What this server had said to EDNS, if that is why the attempt went without.
    pub edns_off: Option<Rcode>,
    /// When it was handed to the driver; with [`super::Window::Strict`] over TCP, when its connection was
    /// made.
    pub sent: Time,
    /// What became of it.
    pub outcome: Outcome,
    /// More responses to it after the first.
    pub duplicates: u16,
    /// Messages that came to its port, or with its ID, and were not a response to it.
    pub mismatched: u16,
    /// Why another attempt followed, if one did.
    pub retried_because: Option<RetryReason>,
}

impl Attempt {
    /// Whether it did not get there: it was stopped here, or somebody said so.
    pub fn is_undeliverable(&self) -> bool {
        match self.outcome {
            Outcome::Unreachable(_) | Outcome::NotSent(_) => true,
            Outcome::StreamFailed(failure) => failure.cause.is_rejection(),
            _ => false,
        }
    }

    /// The facts of its response, in time or late, if it was answered.
    #[inline]
    pub fn answer(&self) -> Option<Answer> {
        match self.outcome {
            Outcome::Answered(answer) | Outcome::Late(answer) => Some(answer),
            _ => None,
        }
    }
}

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing yet.
    Waiting,
    /// Answered before its timeout.
    Answered(Answer),
    /// No response before its timeout.
    TimedOut,
    /// Answered after its timeout, while the exchange was still open.
    Late(Answer),
    /// ICMP said that it cannot be delivered, and no response came.
    Unreachable(Unreachable),
    /// The local system did not send it; the errno.
    NotSent(i32),
    /// The TCP connection could not be made, or ended before a response came.
    StreamFailed(StreamFailure),
    /// The exchange was cancelled or had its response from another attempt.
    Abandoned,
}

/// The facts of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// From sending to receiving.
    pub rtt: Duration,
    /// Who took the time of receiving.
    pub stamp: Stamp,
    /// Octets of the message.
    pub size: u16,
    /// Header flags.
    pub flags: Flags,
    /// Response code, extended where there was an OPT record.
    pub rcode: Rcode,
    /// Whether the message is malformed, as a whole or inside a record.
    pub malformed: bool,
}

/// Who took the time when a message came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamp {
    /// The kernel, when the packet arrived.
    Kernel,
    /// This program, after it had read the message.
    Clock,
}

/// Word from the network that a message cannot get there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Unreachable {
    /// The ICMP or ICMPv6 type; 0 where the system only gave an error number.
    pub icmp_type: u8,
    /// The ICMP or ICMPv6 code.
    pub icmp_code: u8,
    /// The system's error number (`ECONNREFUSED`, `EHOSTUNREACH`, …).
    pub errno: i32,
}

/// The end of a TCP connection that an attempt was waiting on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StreamFailure {
    /// What happened.
    pub cause: StreamCause,
    /// The system's error number; 0 where the peer closed the connection, or we did.
    pub errno: i32,
}

/// What ended a TCP connection before a response came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum StreamCause {
    /// The handshake was answered with a reset: nobody listens there.
    Refused,
    /// The network said that it cannot get there.
    Unreachable,
    /// The handshake was not answered in its time.
    ConnectTimedOut,
    /// The connection was made, and reset.
    Reset,
    /// The server closed it between two messages.
    Closed,
    /// The server closed it in the middle of a message.
    ClosedMidMessage,
    /// Not one octet came for so long that the connection was given up.
    Silent,
    /// The server sent too many messages that answer nothing, so the connection was closed.
    Unsolicited,
    /// Another error of the system.
    Broken,
}

impl StreamCause {
    /// Whether no connection was made.
    pub(super) fn is_unmade(self) -> bool {
        self.is_rejection() || self == Self::ConnectTimedOut
    }

    /// Whether the connection was never made because somebody said so. A handshake that is not
    /// answered is silence, as over UDP.
    pub const fn is_rejection(self) -> bool {
        matches!(self, Self::Refused | Self::Unreachable)
    }
}

/// Why an exchange needed another attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RetryReason {
    /// No answer in time.
    Timeout,
    /// SERVFAIL.
    ServerFailure,
    /// REFUSED.
    Refused,
    /// NOTIMP, or another response code that says nothing of the name.
    OtherError,
    /// FORMERR, NOTIMP or BADVERS to a query with EDNS: this server is asked again without.
    WithoutEdns,
    /// TC was set: asked again over TCP.
    Truncated,
    /// A referral upwards, or no recursion where recursion was asked for: not this server's job.
    Lame,
    /// The question came back in another case than it was sent in, and so perhaps from somebody
    /// else: asked again over TCP.
    CaseChanged,
    /// Messages came that were not answers, and so perhaps forged: asked again over TCP.
    Mismatched,
    /// BADCOOKIE: asked again with the cookie that came with it, then over TCP.
    BadCookie,
    /// ICMP, or a refused TCP connection.
    Unreachable,
    /// The local system did not send it.
    NotSent,
    /// The TCP connection broke.
    StreamFailed,
    /// The response was malformed, as a whole or inside a record.
    Malformed,
}

/// The end of an exchange.
#[derive(Debug, Clone, Copy)]
pub struct Finished<'a> {
    /// The tag it was submitted with.
    pub tag: u64,
    /// QNAME in uncompressed wire form.
    pub name: &'a [u8],
    /// QTYPE.
    pub rtype: RecordType,
    /// QCLASS.
    pub class: Class,
    /// Every attempt, in the order they were sent.
    pub attempts: &'a [Attempt],
    /// The first messages that came for it and were not taken for answers; the attempts have the
    /// count of all.
    pub unmatched: &'a [Unmatched],
    /// How it ended.
    pub end: Ending<'a>,
}

impl Finished<'_> {
    /// QNAME as an owned name.
    pub fn name_buf(&self) -> NameBuf {
        // The engine has taken nothing but names.
        NameBuf::from_wire(self.name).unwrap_or_else(|_| NameBuf::root())
    }
}

/// Takes finished exchanges; what it wants to keep it copies.
pub type Sink<'s> = dyn FnMut(Finished<'_>) + 's;

/// A message that came and was not taken for a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unmatched {
    /// The attempt whose message ID it has, if it has one's.
    pub attempt: Option<u16>,
    /// Where it came from.
    pub from: SocketAddr,
    /// When.
    pub received: Time,
    /// Octets of the message.
    pub size: u16,
    /// Its header, if it is long enough to have one.
    pub header: Option<Header>,
    /// Why it was not taken.
    pub why: Mismatch,
}

/// Why a message was not taken for a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mismatch {
    /// Shorter than a header.
    TooShort,
    /// QR is clear: a query.
    NotAResponse,
    /// From an address that was not asked.
    OtherAddress,
    /// From the address that was asked, and another port.
    OtherPort,
    /// Its message ID is that of no query.
    OtherId,
    /// It has no question, and nothing that would excuse that.
    NoQuestion,
    /// It has more than one question.
    SeveralQuestions,
    /// It answers another question, or one that cannot be read.
    OtherQuestion,
    /// The letters of its question have another case than they were sent in (0x20).
    CaseChanged,
    /// It fits, but came after its time, and others came before it that did not fit.
    LateAndDoubtful,
    /// It lacks the cookie that the server has returned before (RFC 7873 §5.3).
    NoCookie,
    /// It has another cookie than ours.
    WrongCookie,
    /// It fits, but its attempt had been given up.
    GivenUp,
}

/// An answer to a query whose exchange had ended without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LateAnswer {
    /// Whom it is from.
    pub server: ServerId,
    /// From sending to receiving, within 66 microseconds.
    pub rtt: Duration,
}

/// How an exchange ended.
#[derive(Debug, Clone, Copy)]
pub enum Ending<'a> {
    /// There is a response. It is the first good one or, if no attempt brought one, the last bad
    /// one (SERVFAIL, REFUSED, …), and a malformed one only if there is no other.
    Answered {
        /// The message.
        response: Response<'a>,
        /// Which of the attempts it answers.
        attempt: usize,
    },
    /// There is a part of a response: it was truncated over UDP, and TCP, where all of it would be,
    /// brought none.
    Truncated {
        /// The truncated message.
        response: Response<'a>,
        /// Which of the attempts it answers.
        attempt: usize,
    },
    /// No attempt was answered.
    Failed(Failure),
}

/// A message that answers an attempt: its header and question fit.
#[derive(Clone, Copy)]
pub struct Response<'a> {
    /// The message, as far as it can be read.
    pub message: Message<'a>,
    /// The first thing that is wrong with it: inside an RDATA or an EDNS option of the readable
    /// part, or what ends that part.
    pub malformed: Option<ParseError>,
}

impl<'a> Response<'a> {
    /// Reads a message as far as it can be read; `None` if not even its header can.
    pub fn read(octets: &'a [u8]) -> Option<Self> {
        Self::read_with(octets, &mut Vec::new())
    }

    /// Like [`Response::read`], with room for [`Message::check_data`] that the caller keeps.
    #[inline]
    pub(super) fn read_with(octets: &'a [u8], scratch: &mut Vec<u8>) -> Option<Self> {
        let (message, end) = Message::parse_prefix(octets).ok()?;
        let malformed = message.check_data(scratch).err().or(end);
        Some(Self { message, malformed })
    }

    /// The octets of the message.
    pub fn octets(&self) -> &'a [u8] {
        self.message.octets()
    }
}

impl std::fmt::Debug for Response<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Response")
            .field("octets", &self.octets())
            .field("malformed", &self.malformed)
            .finish()
    }
}

/// Why there is no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Failure {
    /// At least one attempt was delivered as far as is known, and none was answered.
    TimedOut,
    /// No attempt could be delivered.
    Unreachable,
    /// [`super::Engine::cancel`] came before a response.
    Cancelled,
}
