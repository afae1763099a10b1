//! A worker's part in a measurement: sends each query once, and counts what comes of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;

use super::blocks::Blocks;
use super::counts::{Latencies, Timing};
use super::job::{Bench, Tally};
use super::periods::{Slice, Slices};
use super::plan::OpenLoop;
use super::schedule::Schedule;
use super::start::{Clock, Start};
use super::verbose;
use crate::crew::{Desk, Level, Lines, Part, Stop};
use crate::engine::{Engine, ExchangeRequest, Finished, ServerChoice, ServerId, Time};
use crate::net::Driver;

/// The driver's timer may be so late. Shorter waits for the time of a query are spun.
const TIMER: Duration = Duration::from_millis(2);
/// A query that is sent so much after its time is a late one.
const LATE_SEND: Duration = Duration::from_millis(1);

/// What every worker is told.
#[derive(Debug, Clone)]
pub(super) struct Orders {
    /// From when on time counts.
    pub start: Arc<Start>,
    /// How long queries are sent before they are counted.
    pub warmup: Duration,
    /// How long queries are sent and counted.
    pub duration: Option<Duration>,
    /// The rate of an open loop.
    pub open_loop: Option<OpenLoop>,
    /// Workers that there are, and those that have begun.
    pub workers: usize,
    /// See `workers`.
    pub begun: Arc<AtomicUsize>,
    /// The length of an interval, and where what happened in one goes.
    pub interval: Option<Duration>,
    /// See `interval`.
    pub slices: Arc<Slices>,
    /// Stops all workers, when the time is over.
    pub stop: Arc<Stop>,
    /// Servers, each of which gets every query.
    pub servers: usize,
    /// Whether blocks of time are kept, and the length of the first ones.
    pub blocks: bool,
    /// See `blocks`.
    pub block: Duration,
    /// Octets of a query beside its name.
    pub overhead: u64,
    /// Whether each query has a line.
    pub verbose: bool,
}

/// See the [module](self).
pub(super) struct Client {
    orders: Orders,
    /// Which of the workers it is, from 0 on.
    place: usize,
    clock: Clock,
    times: Option<Times>,
    /// When queries are to be sent, in an open loop, once it is known.
    schedule: Option<Schedule>,
    /// What is due cannot be sent now: there is no query, or no room for it.
    waits: bool,
    /// Nothing is sent any more.
    ended: bool,
    /// When it looked last.
    seen: Time,
    tally: Tally,
    /// Of each server.
    latencies: Vec<Latencies>,
    /// Queries of each server that have no end yet.
    open: Vec<usize>,
    turns: Turns,
    slice: Slice,
    /// The number of the interval, when it began, and messages that were sent before it.
    interval: u64,
    handed_on: Duration,
    sent_before: u64,
}

/// The order in which the servers get a query: another one for each query, so that none is always the
/// first, and all see the same queries at the same time.
struct Turns {
    order: Vec<ServerId>,
    /// The place of the server whose turn it is.
    at: usize,
    rng: StdRng,
}

impl Turns {
    fn new(servers: usize) -> Self {
        let order = (0..servers as u32).map(ServerId).collect();
        let mut turns = Self { order, at: 0, rng: StdRng::from_rng(&mut rand::rng()) };
        turns.order.shuffle(&mut turns.rng);
        turns
    }

    fn next(&self) -> ServerId {
        self.order[self.at]
    }

    /// Goes on to the next one; whether all have had the query.
    fn advance(&mut self) -> bool {
        self.at += 1;
        let all = self.at == self.order.len();
        if all {
            self.at = 0;
            self.order.shuffle(&mut self.rng);
        }
        all
    }
}

/// On the worker's clock.
#[derive(Debug, Clone, Copy)]
struct Times {
    /// From when on queries are counted.
    begin: Time,
    /// Until when they are sent.
    end: Option<Time>,
    /// The end of the interval.
    boundary: Option<Time>,
}

impl Client {
    /// `now` is the time on the worker's clock.
    pub(super) fn new(orders: Orders, now: Time) -> Self {
        let latencies = || Latencies::new(orders.blocks.then(|| Blocks::new(orders.block)));
        Self {
            place: orders.begun.fetch_add(1, Relaxed),
            tally: Tally::of(orders.servers),
            latencies: std::iter::repeat_with(latencies).take(orders.servers).collect(),
            open: vec![0; orders.servers],
            turns: Turns::new(orders.servers),
            orders,
            clock: Clock::compared(now),
            times: None,
            schedule: None,
            waits: false,
            ended: false,
            seen: now,
            slice: Slice::default(),
            interval: 0,
            handed_on: Duration::ZERO,
            sent_before: 0,
        }
    }

    /// Takes note of the start, once it was.
    fn look_for_start(&mut self) {
        if self.times.is_some() {
            return;
        }
        let Some(start) = self.clock.start(&self.orders.start) else { return };
        let begin = start + self.orders.warmup;
        self.times = Some(Times {
            begin,
            end: self.orders.duration.map(|duration| begin + duration),
            boundary: self.orders.interval.map(|length| begin + length),
        });
        self.schedule = self.orders.open_loop.map(|OpenLoop { rate, arrivals }| {
            let workers = (self.place, self.orders.workers);
            Schedule::new(start, rate, workers, arrivals, rand::random())
        });
    }

    /// Does what the time wants: counts for another interval, and comes to the end of sending.
    fn look_at_time(&mut self, engine: &mut Engine, now: Time, lines: &mut Lines) {
        self.seen = now;
        let Some(times) = self.times else { return };
        let end = times.end.filter(|_| !self.ended);
        let is_over = end.is_some_and(|end| now >= end);
        self.cut_intervals(engine.totals().attempts, now, is_over);
        if is_over {
            self.ended = true;
            // Here and in all workers; what is on its way is waited for.
            self.orders.stop.raise(Level::Drain);
            engine.drain(now, &mut |finished: Finished<'_>| self.take(&finished, lines));
        }
    }

    /// Hands on what was counted for intervals that are over; all that is left, if sending `is_over`.
    fn cut_intervals(&mut self, sent: u64, now: Time, is_over: bool) {
        let (Some(times), Some(length)) = (self.times, self.orders.interval) else { return };
        if now < times.begin {
            // What was sent to warm up is in no interval.
            self.sent_before = sent;
            return;
        }
        self.slice.sent += sent - self.sent_before;
        self.sent_before = sent;
        let Some(mut boundary) = times.boundary.filter(|_| !self.ended) else { return };
        let end = times.end.unwrap_or(Time::from_nanos(u64::MAX));
        // The last one may be short.
        while boundary - length < end && (boundary <= now || is_over && end <= now) {
            let to = boundary.min(end).since(times.begin);
            self.hand_on(to);
            boundary = boundary + length;
        }
        if let Some(times) = &mut self.times {
            times.boundary = Some(boundary);
        }
    }

    /// Hands on what was counted until now.
    fn hand_on(&mut self, to: Duration) {
        let mut slice = std::mem::take(&mut self.slice);
        slice.from = std::mem::replace(&mut self.handed_on, to);
        slice.to = to;
        self.orders.slices.push(self.interval, slice);
        self.interval += 1;
    }

    fn take_late(&mut self, engine: &mut Engine, now: Time) {
        for late in engine.take_late() {
            let sent = now - late.rtt;
            let is_counted = self.times.is_none_or(|times| sent >= times.begin);
            let server = late.server.0 as usize;
            let (counts, latencies) = (&mut self.tally.0[server], &mut self.latencies[server]);
            // The time is known to within a few microseconds only: what decides is where one was lost.
            let of_warmup = latencies.warmup.lost > 0 && (!is_counted || counts.lost == 0);
            if of_warmup {
                latencies.warmup.answered_late();
            } else {
                counts.answered_late();
                self.slice.late += 1;
                latencies.record(Timing::Late(late.rtt));
            }
        }
    }

    /// Sends what is due.
    fn ask_on_schedule(&mut self, desk: &mut Desk, now: Time) {
        let (Some(schedule), Some(times)) = (&mut self.schedule, self.times) else { return };
        let Desk { driver, questions, .. } = desk;
        let engine = driver.engine_mut();
        let moved = schedule.look(now);
        if !moved.is_zero() {
            // Whichever server's turn it was: the sum is shown.
            self.latencies[0].stalls += 1;
            self.latencies[0].stalled += moved;
        }
        self.waits = false;
        let most = engine.config().window.fixed().unwrap_or(usize::MAX);
        while schedule.next() <= now && times.end.is_none_or(|end| schedule.next() < end) {
            let due = schedule.next();
            let Some((name, rtype)) = questions.peek() else {
                self.waits = true;
                return;
            };
            // The queue of a server is first in, first out.
            let server = self.turns.next();
            let servers = ServerChoice::Only(server);
            let ask =
                ExchangeRequest { servers, ..ExchangeRequest::new(due.as_nanos(), name, rtype) };
            if engine.room() == 0 || engine.submit(&ask).is_err() {
                self.waits = true;
                return;
            }
            let server = server.0 as usize;
            self.latencies[server].held_back += u64::from(self.open[server] >= most);
            self.open[server] += 1;
            if self.turns.advance() {
                questions.advance();
            }
            schedule.advance();
        }
    }

    fn ask_in_turn(&mut self, desk: &mut Desk) {
        let room = self.room(&desk.driver);
        let Desk { driver, questions, .. } = desk;
        let engine = driver.engine_mut();
        for _ in 0..room {
            let Some((name, rtype)) = questions.peek() else { return };
            loop {
                let server = self.turns.next();
                let servers = match self.orders.servers {
                    1 => ServerChoice::Any,
                    _ => ServerChoice::Only(server),
                };
                let ask = ExchangeRequest { servers, ..ExchangeRequest::new(0, name, rtype) };
                if engine.submit(&ask).is_err() {
                    return;
                }
                self.open[server.0 as usize] += 1;
                if self.turns.advance() {
                    break;
                }
            }
            questions.advance();
        }
    }
}

impl Part for Client {
    type Job = Bench;

    /// No more than can be sent: the rest is for the other workers. Each query is for all servers, and
    /// waits for the slowest of them.
    fn room(&self, driver: &Driver) -> usize {
        let engine = driver.engine();
        let window = engine.config().window.fixed().unwrap_or(usize::MAX);
        let open = self.open.iter().copied().max().unwrap_or_default();
        window.saturating_sub(open).min(engine.room() / self.orders.servers)
    }

    fn ask(&mut self, desk: &mut Desk) {
        self.look_for_start();
        let Desk { driver, lines, .. } = desk;
        let now = driver.now();
        self.take_late(driver.engine_mut(), now);
        self.look_at_time(driver.engine_mut(), now, lines);
        if self.ended || !desk.asks() {
            return;
        }
        if self.orders.open_loop.is_some() {
            self.ask_on_schedule(desk, now);
        } else {
            self.ask_in_turn(desk);
        }
    }

    #[inline]
    fn take(&mut self, finished: &Finished<'_>, lines: &mut Lines) {
        // Without an attempt it was only to be sent.
        let Some(attempt) = finished.attempts.last() else { return };
        debug_assert_eq!(finished.attempts.len(), 1, "nothing is asked twice");
        let server = attempt.server.0 as usize;
        self.open[server] -= 1;
        let (counts, latencies) = (&mut self.tally.0[server], &mut self.latencies[server]);
        let octets = self.orders.overhead + finished.name.len() as u64;
        let open = self.orders.open_loop.is_some();
        let due = if open { Time::from_nanos(finished.tag) } else { attempt.sent };
        if self.orders.verbose {
            lines.append(|out| verbose::write_line(finished, out));
        }
        let begin = self.times.map_or(due, |times| times.begin);
        if due < begin {
            let _ = latencies.warmup.count(attempt, octets, Duration::ZERO);
            return;
        }
        let timed_out = counts.lost;
        let timing = counts.count(attempt, octets, attempt.sent.since(begin));
        let lost = counts.lost - timed_out;
        self.slice.timed_out += lost;
        let delay = attempt.sent.since(due);
        if open {
            latencies.send_delay.record(delay);
            latencies.late_sends += u64::from(delay > LATE_SEND);
        }
        let unanswered = lost + u64::from(matches!(timing, Some(Timing::Late(_))));
        if let Some(blocks) = &mut latencies.blocks
            && unanswered > 0
        {
            blocks.unanswered(due.since(begin));
        }
        match timing {
            Some(Timing::InTime(service, rcode)) => {
                let latency = delay + service;
                self.slice.answered += 1;
                if self.orders.interval.is_some() {
                    self.slice.latency.record(latency);
                }
                if open {
                    latencies.service.record(service);
                }
                latencies.record(Timing::InTime(latency, rcode));
                if let Some(blocks) = &mut latencies.blocks {
                    blocks.answered(due.since(begin), latency);
                }
            }
            Some(late @ Timing::Late(_)) => {
                self.slice.late += 1;
                latencies.record(late);
            }
            None => {}
        }
    }

    fn due(&self) -> Option<Time> {
        let times = self.times.filter(|_| !self.ended)?;
        let next = self.schedule.as_ref().filter(|_| !self.waits).map(Schedule::next);
        let next = next.map(|next| {
            // The timer would be late; without it, the next look comes at once.
            if next.since(self.seen) <= TIMER { Time::ZERO } else { next - TIMER }
        });
        [times.end, times.boundary, next].into_iter().flatten().min()
    }

    fn is_idle(&mut self, desk: &mut Desk, _no_more: bool) -> bool {
        let asks = !self.ended && desk.level() == Level::Run && desk.questions.peek().is_some();
        !asks && desk.driver.engine().is_idle()
    }

    fn tally(&self) -> &Tally {
        &self.tally
    }

    fn finish(&mut self, lost: u64) -> Vec<Latencies> {
        self.tally.0[0].interrupted += lost;
        if let Some(times) = self.times
            && self.orders.interval.is_some()
            && !self.slice.is_empty()
        {
            self.hand_on(self.seen.since(times.begin).max(self.handed_on));
        }
        std::mem::take(&mut self.latencies)
    }
}
