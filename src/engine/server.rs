//! What the engine knows of one server: its accounting, its window, its health.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use hdrhistogram::Histogram;

use super::config::{EngineConfig, Window};
use super::control::{Control, Doubt};
use super::cookie::Cookie;
use super::edns::EdnsSupport;
use super::ids::PastEnd;
use super::limiter::{Limiter, Path};

use super::rejection::Rejections;
use super::time::Time;
use super::token_bucket::TokenBucket;
use super::window::AdaptiveWindow;

/// The accounting of one server.
///
/// Every attempt that was handed to the driver is counted once in `sent`, and ends in exactly one
/// of `answered`, `late`, `lost`, `unreachable`, `not_sent`, `stream_failed` and `abandoned`. A
/// response that comes after the end moves its attempt to `late`.
#[derive(Debug, Clone)]
pub struct ServerCounts {
    /// Attempts handed to the driver.
    pub sent: u64,
    /// Attempts answered in time.
    pub answered: u64,
    /// Attempts that were never answered.
    pub lost: u64,
    /// Attempts answered too late: after their timeout, or after their exchange had ended.
    pub late: u64,
    /// Attempts that could not be delivered, as ICMP says, and were not answered.
    pub unreachable: u64,
    /// Attempts that the local system did not send.
    pub not_sent: u64,
    /// Attempts whose TCP connection could not be made, or ended before a response came.
    pub stream_failed: u64,
    /// Attempts given up because their exchange had ended.
    pub abandoned: u64,
    /// Second and further responses.
    pub duplicates: u64,
    /// Messages from this server's address that answer no attempt.
    pub mismatched: u64,
    /// Attempts without the OPT record that they would have had, because this server had answered
    /// FORMERR, NOTIMP or BADVERS to it.
    pub edns_off: u64,
    /// Answers with TC set.
    pub truncated: u64,
    /// Malformed responses.
    pub malformed: u64,
    /// Answers by response code; the last place counts all codes from 31 on.
    pub rcodes: [u64; 32],
    /// Round-trip times in microseconds, of answers in time and late ones.
    pub rtt_us: Histogram<u32>,
}

impl ServerCounts {
    /// Empty counts; `digits` significant digits are kept of round-trip times.
    fn new(digits: u8) -> Self {
        Self {
            sent: 0,
            answered: 0,
            lost: 0,
            late: 0,
            unreachable: 0,
            not_sent: 0,
            stream_failed: 0,
            abandoned: 0,
            duplicates: 0,
            mismatched: 0,
            edns_off: 0,
            truncated: 0,
            malformed: 0,
            rcodes: [0; 32],
            rtt_us: Histogram::new(digits).expect("one to five digits are always possible"),
        }
    }

    pub(super) fn record_rtt(&mut self, micros: u64) {
        // The histogram grows as needed, and no wait of ours is as long as it can hold.
        let _ = self.rtt_us.record(micros);
    }

    /// Counts a response to an attempt that had ended without one, and was counted as `end`. `false`,
    /// and nothing is counted, if no attempt ended so: IDs remember a server by some bits of its place
    /// only, which may be another's by now.
    pub(super) fn answered_after(&mut self, end: PastEnd) -> bool {
        let counted = match end {
            PastEnd::Answered => &mut self.answered,
            PastEnd::Lost => &mut self.lost,
            PastEnd::Unreachable => &mut self.unreachable,
            PastEnd::NotSent => &mut self.not_sent,
            PastEnd::Abandoned => &mut self.abandoned,
        };
        let Some(rest) = counted.checked_sub(1) else { return false };
        *counted = rest;
        self.late += 1;
        true
    }

    /// Adds the counts of the same server as another engine saw it.
    pub fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.answered += other.answered;
        self.lost += other.lost;
        self.late += other.late;
        self.unreachable += other.unreachable;
        self.not_sent += other.not_sent;
        self.stream_failed += other.stream_failed;
        self.abandoned += other.abandoned;
        self.duplicates += other.duplicates;
        self.mismatched += other.mismatched;
        self.edns_off += other.edns_off;
        self.truncated += other.truncated;
        self.malformed += other.malformed;
        for (mine, theirs) in self.rcodes.iter_mut().zip(other.rcodes) {
            *mine += theirs;
        }
        // Both grow as needed, so adding cannot fail.
        let _ = self.rtt_us.add(&other.rtt_us);
    }
}

/// A server as callers see it.
#[derive(Debug, Clone)]
pub struct ServerState<'a> {
    /// Its address.
    pub addr: SocketAddr,
    /// What happened with it.
    pub counts: &'a ServerCounts,
    /// Attempts that may be in flight to it.
    pub window: usize,
    /// Attempts in flight to it.
    pub in_flight: usize,
    /// Whether it is backed off for now because it does not answer usefully.
    pub backed_off: bool,
    /// What it has turned out to be.
    pub status: ServerStatus,
    /// The rate at which it answers, where it has shown a limit: queries a second.
    pub limit: Option<f64>,
}

/// What a server has turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServerStatus {
    /// It answers usefully.
    Good,
    /// It answers, and never usefully: REFUSED, SERVFAIL, referrals.
    Refusing,
    /// It was asked and has never answered.
    Silent,
    /// It was not asked.
    Untried,
}

/// Attempts without any response, one after the other, after which a server is backed off.
const SILENT_STREAK: u32 = 8;
/// Attempts that took longer than answers usually take, one after the other, after which a server
/// is backed off if there are others: many, because some names just take long.
const PRESUMED_LOST_STREAK: u32 = 48;
/// The same for answers that are of no use, whatever the question.
const USELESS_STREAK: u32 = 24;
/// How long it is believed that a server changes the case of questions.
const CASE_HOLDS: Duration = Duration::from_secs(600);
/// How long it is believed that no TCP connection to a server can be made.
const NO_TCP_HOLDS: Duration = Duration::from_secs(60);
/// Trials after which a server that has not answered one usefully is asked only now and then.
const TRIALS: u32 = 3;
/// The first back-off; each further one takes twice as long.
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
const LONGEST_BACKOFF: Duration = Duration::from_secs(32);
/// The longest time between two trials of a server that has never answered usefully.
const TRIAL_LONGEST: Duration = Duration::from_secs(512);

/// The place in the list of available servers of one that is not in it.
pub(super) const NOT_LISTED: u32 = u32::MAX;

#[derive(Debug)]
pub(super) struct Server {
    pub(super) addr: SocketAddr,
    pub(super) counts: ServerCounts,
    pub(super) window: AdaptiveWindow,
    pub(super) limiter: Limiter,
    /// Whether it is held to the rate that the limiter learns. Where no controls are asked, silent
    /// names may be all that was seen, and a narrower window has to do.
    paced: bool,
    pub(super) in_flight: u32,
    pub(super) tokens: Option<TokenBucket>,
    /// Exchanges that are held and may go to no other server.
    pub(super) own_open: u32,
    /// Exchanges that wait for this server and no other.
    pub(super) queue: VecDeque<u32>,
    /// Whether it is in the engine's list of servers with something in their queue.
    pub(super) queued: bool,
    /// Its place in the engine's list of available servers.
    pub(super) listed_at: u32,
    pub(super) edns: EdnsSupport,
    pub(super) cookie: Cookie,
    /// It changes the case of questions, as was seen over TCP, and until when that is believed.
    case_changes_until: Option<Time>,
    /// No TCP connection to it could be made, and until when that is believed.
    no_tcp_until: Option<Time>,
    /// Whether it has answered over TCP.
    answers_over_tcp: bool,
    /// What ICMP said since it answered last.
    pub(super) rejections: Rejections,
    /// Until then a refusal of this machine to send to it is no sign that it can send to nobody.
    pub(super) refused_alone_until: Time,
    health: Health,
    /// Whether it has ever answered usefully.
    useful: bool,
    silent: u32,
    presumed_lost: u32,
    useless: u32,
    backoffs: u32,
    /// A question that it has answered usefully.
    pub(super) control: Option<Box<Control>>,
    pub(super) doubt: Doubt,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    /// It has never answered usefully; nothing is asked but trials.
    Untried {
        trials: u32,
    },
    Good,
    BackedOff {
        until: Time,
    },
    /// Back from a back-off, with one attempt to show that it answers.
    OnTrial,
}

impl Server {
    pub(super) fn new(addr: SocketAddr, config: &EngineConfig, rtt_digits: u8) -> Self {
        Self {
            addr,
            counts: ServerCounts::new(rtt_digits),
            window: AdaptiveWindow::new(),
            limiter: Limiter::new(),
            paced: config.own_queries,
            in_flight: 0,
            tokens: config.rate_per_server.map(TokenBucket::new),
            own_open: 0,
            queue: VecDeque::new(),
            queued: false,
            listed_at: NOT_LISTED,
            edns: EdnsSupport::default(),
            cookie: Cookie::new(),
            case_changes_until: None,
            no_tcp_until: None,
            answers_over_tcp: false,
            rejections: Rejections::default(),
            refused_alone_until: Time::ZERO,
            health: Health::Good,
            useful: false,
            silent: 0,
            presumed_lost: 0,
            useless: 0,
            backoffs: 0,
            control: None,
            doubt: Doubt::default(),
        }
    }

    /// From now on nothing is asked but trials, until one is answered usefully.
    pub(super) fn await_trial(&mut self) {
        self.health = Health::Untried { trials: 0 };
    }

    /// Whether it gets nothing but trials.
    pub(super) fn is_untried(&self) -> bool {
        matches!(self.health, Health::Untried { .. })
    }

    /// Whether it has not had all the trials that tell that it is of no use.
    pub(super) fn is_hopeful(&self) -> bool {
        matches!(self.health, Health::Untried { trials } if trials < TRIALS)
    }

    /// Whether so much went unanswered, one after the other, that it seems to be gone.
    pub(super) fn is_silent(&self) -> bool {
        self.silent >= SILENT_STREAK || self.presumed_lost >= PRESUMED_LOST_STREAK
    }

    /// A trial brought no useful response: gives when the next one may be made.
    pub(super) fn trial_failed(&mut self, now: Time) -> Time {
        let Health::Untried { trials } = &mut self.health else { return now };
        *trials += 1;
        now + FIRST_BACKOFF.saturating_mul(1 << (*trials - 1).min(16)).min(TRIAL_LONGEST)
    }

    /// It is asked like any other, because none has answered its trials.
    pub(super) fn trust(&mut self) {
        if self.is_untried() {
            self.health = Health::Good;
        }
    }

    fn path(&self) -> Path {
        let window = &self.window;
        Path {
            rtt: window.usual_rtt(),
            window: window.size(),
            opening: window.is_opening(),
            paced: self.paced,
        }
    }

    pub(super) fn is_backed_off(&self) -> bool {
        matches!(self.health, Health::BackedOff { .. })
    }

    /// Whether it answers usefully, as far as is known.
    pub(super) fn is_good(&self) -> bool {
        self.health == Health::Good
    }

    /// Attempts that its window lets out, for exchanges that may go to any server.
    #[inline]
    pub(super) fn room(&self, window: Window) -> usize {
        match self.health {
            Health::Untried { .. } | Health::BackedOff { .. } => 0,
            Health::OnTrial => 1usize.saturating_sub(self.in_flight as usize),
            Health::Good => self.room_for_own(window),
        }
    }

    /// Attempts that its window lets out, for exchanges that can go nowhere else.
    #[inline]
    pub(super) fn room_for_own(&self, window: Window) -> usize {
        match window {
            Window::Adaptive => self.window.size().saturating_sub(self.in_flight as usize),
            Window::Fixed(_) | Window::Strict(_) => usize::MAX,
        }
    }

    /// Whether the next question to it has its case mixed.
    #[inline]
    pub(super) fn keeps_case(&mut self, now: Time) -> bool {
        match self.case_changes_until {
            None => true,
            Some(until) if now < until => false,
            Some(_) => {
                // This one query tries again; the others wait for what comes of it.
                self.on_case_changed(now);
                true
            }
        }
    }

    /// A question came back in another case, over TCP: it was no forger.
    pub(super) fn on_case_changed(&mut self, now: Time) {
        self.case_changes_until = Some(now + CASE_HOLDS);
    }

    /// A question came back as it was sent, over UDP.
    #[inline]
    pub(super) fn on_case_kept(&mut self) {
        self.case_changes_until = None;
    }

    /// No TCP connection to it could be made.
    pub(super) fn on_stream_unmade(&mut self, now: Time) {
        self.no_tcp_until = Some(now + NO_TCP_HOLDS);
    }

    /// It answered over TCP.
    pub(super) fn on_stream_answer(&mut self) {
        self.no_tcp_until = None;
        self.answers_over_tcp = true;
    }

    /// Whether no TCP connection to it could be made of late.
    pub(super) fn is_without_tcp(&self, now: Time) -> bool {
        self.no_tcp_until.is_some_and(|until| now < until)
    }

    /// Whether it has answered over TCP, and connections to it can be made.
    pub(super) fn is_in_use_over_tcp(&self) -> bool {
        self.answers_over_tcp && self.no_tcp_until.is_none()
    }

    /// Whole tokens of its own rate, that which was set and that which was learned.
    #[inline]
    pub(super) fn tokens(&mut self, now: Time) -> usize {
        let set = self.tokens.as_mut().map_or(usize::MAX, |bucket| bucket.available(now));
        set.min(self.limiter.tokens(now))
    }

    /// Takes tokens of both.
    #[inline]
    pub(super) fn take_tokens(&mut self, count: usize) {
        if let Some(bucket) = &mut self.tokens {
            bucket.take(count);
        }
        self.limiter.take(count);
    }

    /// When its next timer is due: the end of its back-off, or its next token if it has none.
    pub(super) fn next_timer(&mut self) -> Option<Time> {
        let backed_off = match self.health {
            Health::BackedOff { until } => Some(until),
            _ => None,
        };
        let bucket = self.tokens.as_ref().filter(|bucket| bucket.is_empty());
        let token = bucket.map(TokenBucket::next).max(self.limiter.next());
        // Who asks this server and no other does not wait for the end of its back-off.
        match (backed_off, token) {
            (Some(until), Some(token)) if self.queued => Some(until.min(token)),
            (Some(until), _) => Some(until),
            (None, token) => token,
        }
    }

    /// The first attempt of an exchange is sent.
    #[inline]
    pub(super) fn on_first_sent(&mut self) {
        self.window.on_send();
        self.limiter.on_send();
    }

    /// An attempt was answered in time: the first one of its exchange, or another; `presumed_lost` if
    /// it had been taken for lost.
    #[inline]
    pub(super) fn on_answer(&mut self, now: Time, rtt: Duration, first: bool, presumed_lost: bool) {
        if first {
            self.window.on_answer(now, rtt, presumed_lost, !self.limiter.is_losing());
            if presumed_lost {
                self.limiter.on_late(now - rtt);
            }
        }
        let path = self.path();
        self.limiter.on_answer(now, now - rtt, path, first);
        self.follow_limit();
    }

    /// Has the window fit the rate that was learned, if there is one.
    #[inline]
    pub(super) fn follow_limit(&mut self) {
        match self.limiter.rate() {
            Some(rate) => self.window.follow(rate),
            None => self.window.unfollow(),
        }
    }

    /// An attempt was turned away, perhaps for asking too much: the first one of its exchange, or
    /// another, which is neither lost nor one of the responses that make a rate.
    pub(super) fn on_turned_away(&mut self, now: Time, rtt: Duration, first: bool) {
        if first {
            self.limiter.on_loss(now, now - rtt, self.path());
        }
    }

    /// Whether it is asked more than it answers.
    #[inline]
    pub(super) fn is_over_limit(&self, now: Time) -> bool {
        self.limiter.is_losing() && self.limiter.is_over(now, self.path())
    }

    /// Whether it may have refused what it would have answered at another time.
    pub(super) fn is_near_limit(&self) -> bool {
        self.control.is_some() && (self.limiter.rate().is_some() || self.limiter.is_losing())
    }

    /// Whether it has ever answered usefully.
    pub(super) fn is_in_use(&self) -> bool {
        self.useful
    }

    /// Whether it answers nothing but what is of no use.
    pub(super) fn is_useless(&self) -> bool {
        self.useless >= USELESS_STREAK
    }

    /// The rate is more than it answers.
    pub(super) fn limit(&mut self, now: Time) {
        if self.paced {
            self.limiter.lower(now);
            self.follow_limit();
        } else {
            self.window.narrow();
            self.limiter.forgive();
        }
    }

    /// It is alive: what went unanswered is not held against it.
    pub(super) fn forgive(&mut self) {
        self.limiter.forgive();
        self.silent = 0;
        self.presumed_lost = 0;
    }

    /// A useful response came.
    #[inline]
    pub(super) fn on_useful(&mut self, now: Time) {
        self.useful = true;
        self.silent = 0;
        self.presumed_lost = 0;
        self.useless = 0;
        if self.health != Health::Good {
            // One that answered its first trial has nothing to make up for.
            if !self.is_untried() {
                self.window.restart(now);
            }
            self.health = Health::Good;
            self.backoffs = 0;
        }
    }

    /// A response came that is of no use. Gives whether the server should be backed off for it.
    pub(super) fn on_useless(&mut self) -> bool {
        self.silent = 0;
        self.presumed_lost = 0;
        self.useless += 1;
        self.may_be_backed_off() && (self.is_useless() || self.health == Health::OnTrial)
    }

    /// A first attempt takes longer than answers usually take. Gives whether the server should be
    /// backed off for it, if there are others.
    pub(super) fn on_presumed_lost(&mut self, now: Time, sent: Time) -> bool {
        self.on_loss(now, sent);
        self.presumed_lost += 1;
        self.is_good() && self.presumed_lost >= PRESUMED_LOST_STREAK
    }

    /// A first attempt is taken for lost.
    pub(super) fn on_loss(&mut self, now: Time, sent: Time) {
        self.window.on_presumed_lost(now, !self.doubt.is_forgiven(now));
        let path = self.path();
        self.limiter.on_loss(now, sent, path);
    }

    /// An attempt had no response. Gives whether the server should be backed off for it.
    pub(super) fn on_silence(&mut self) -> bool {
        self.silent += 1;
        self.may_be_backed_off() && (self.silent >= SILENT_STREAK || self.health == Health::OnTrial)
    }

    fn may_be_backed_off(&self) -> bool {
        matches!(self.health, Health::Good | Health::OnTrial)
    }

    /// Backs off the server for a while, longer each time; returns when that ends.
    pub(super) fn back_off(&mut self, now: Time) -> Time {
        let span = FIRST_BACKOFF.saturating_mul(1 << self.backoffs.min(8)).min(LONGEST_BACKOFF);
        self.backoffs += 1;
        // It answers nothing at all, at whatever rate.
        self.limiter = Limiter::new();
        self.follow_limit();
        let until = now + span;
        self.health = Health::BackedOff { until };
        until
    }

    /// Puts the server on trial if its back-off is over.
    pub(super) fn end_backoff(&mut self, now: Time) {
        if matches!(self.health, Health::BackedOff { until } if until <= now) {
            self.health = Health::OnTrial;
        }
    }

    pub(super) fn state(&self) -> ServerState<'_> {
        ServerState {
            addr: self.addr,
            counts: &self.counts,
            window: self.window.size(),
            in_flight: self.in_flight as usize,
            backed_off: self.is_backed_off(),
            status: self.status(),
            limit: self.limiter.rate(),
        }
    }

    fn status(&self) -> ServerStatus {
        let counts = &self.counts;
        if counts.sent == 0 {
            ServerStatus::Untried
        } else if self.useful && !self.is_useless() {
            ServerStatus::Good
        } else if counts.answered + counts.late > 0 {
            ServerStatus::Refusing
        } else {
            ServerStatus::Silent
        }
    }
}
