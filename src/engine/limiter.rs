//! The rate that a server can be asked at, learned from what gets lost.
//!
//! Resolvers that limit their clients answer so many queries a second and drop, or refuse, the rest.
//! A window cannot keep to that: a limit of 30 a second at a distance of 40 ms is a window of 1.2.
//! So each server has a detector of loss beyond what is usual, and, from the first time it goes
//! off, a token bucket.
//!
//! - **Noticing**: a cumulative sum (Page's test). Each loss adds to a score, each response takes a
//!   little away; what is usual never lifts it for long, a few per cent more do. When it has risen
//!   high enough, the time of its first loss is where the limit was passed.
//! - **Measuring**: from that moment on the server's allowance for bursts was used up, so the
//!   answers that came since, over the time since, are its rate. No model of loss is needed.
//! - **Undoing**: if most of what was taken for lost is answered after all, the server had paused for a
//!   moment, and the rate is what it was.
//! - **Proving**: if as much is lost at the lower rate, the rate was not the reason: loss at random,
//!   or names that nobody answers. Then that is what is usual, and the rate is what it was. Until one
//!   or the other is certain the rate is not lowered again, or loss at random would end at nothing.
//! - **Creeping**: after a while the rate is raised by small steps, each long enough to show what it
//!   does: smaller ones below the rate that failed last, ever larger ones above it, because then
//!   the limit must have moved.

use std::time::Duration;

use super::lowest::Lowest;
use super::time::Time;
use super::token_bucket::TokenBucket;

/// What is thought usual before there is a sample.
const LOSS_ASSUMED: f64 = 0.02;
/// Attempts of a sample of loss, and how many samples a lowest loss stands.
const LOSS_SAMPLE: u32 = 200;
const LOSS_AGE: u32 = 8;
/// How far the score has to rise, in losses.
const THRESHOLD: f64 = 3.0;
/// Names may all go unanswered for a while; still, what a limit takes from those after them must
/// show.
const MOST_USUAL: f64 = 0.5;
/// From here on a window does not open further.
const LOSING: f64 = 2.0;
/// How far it has to rise while the window still opens fast, and what loss is no sign there: a path
/// that always loses a tenth must not end the opening, and a window twice too wide loses half.
const OPENING_THRESHOLD: f64 = 4.0;
const OPENING_LOSS: f64 = 0.2;
/// How much faster than a window each round trip the opening may send, and from which distance on:
/// nearer than that a window leaves at once, farther away it would come as one burst.
const OPENING_PACE: f64 = 1.25;
const OPENING_PACED_FROM: Duration = Duration::from_millis(5);
/// Answers that make a rate, and those, or the span, that make a good one of it: the end of a span
/// is not by chance where losses are, so a short one makes too little of the rate.
const ENOUGH_ANSWERS: u32 = 8;
const GOOD_ANSWERS: u32 = 40;
const GOOD_SPAN: Duration = Duration::from_millis(200);
/// The least span that a rate is taken from, or raised after.
const SHORTEST_SPAN: Duration = Duration::from_millis(20);
const SHORTEST_STEP: Duration = Duration::from_millis(250);
/// Answers that a step waits for, and a rough one.
const STEP_ANSWERS: u32 = 20;
const ROUGH_STEP_ANSWERS: u32 = 4;
/// Attempts after a cut that end its proof; how much likelier, as a logarithm, one explanation has to
/// be for the rate to be what it was, or to be lowered again; and how much more than before is no
/// longer as much.
const PROOF: u32 = 60;
const RATE_IS_NO_REASON: f64 = 5.0;
const RATE_IS_THE_REASON: f64 = -2.0;
const FAR_MORE: f64 = 2.0;
/// So little above a rate that lasted, a failure says more of the step than of the measure.
const NEAR: f64 = 1.15;
/// Steps by which a rate is raised, as shares of it.
const SMALLEST_STEP: f64 = 0.01;
const UNCERTAIN_STEP: f64 = 0.04;
const LARGEST_STEP: f64 = 0.12;
/// So far above a rate that failed, a limit has moved for certain; steps may be larger there.
const MOVED: f64 = 1.15;
const MOVED_STEP: f64 = 0.3;
/// Steps for which a rate that has proved right again is kept before it is raised, at most.
const LONGEST_HOLD: u32 = 8;
/// How long what was sent before a cut may be answered after all.
const LATE_WITHIN: Duration = Duration::from_secs(1);
/// No rate is lower, in queries a second: a server must be asked to be seen to recover.
const LOWEST_RATE: f64 = 0.5;

/// Where more than this share is lost, a server that is asked a little too much is no explanation.
pub(super) const NEARLY_ALL: f64 = 0.9;

/// What the limiter has to know of the way to its server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Path {
    /// How long a response usually takes.
    pub(super) rtt: Duration,
    /// Attempts that the window lets be in flight.
    pub(super) window: usize,
    /// Whether the window still opens with each response.
    pub(super) opening: bool,
    /// Whether a rate may be held to. If not, the window is what makes room.
    pub(super) paced: bool,
}

/// See the [module](self).
#[derive(Debug, Clone)]
pub(super) struct Limiter {
    episode: Episode,
    usual: Usual,
    /// The pace of the opening; `None` nearby, and once the window has opened.
    opening: Option<TokenBucket>,
    learned: Option<Learned>,
    /// When the rate was lowered last. What was sent before says nothing of the rate since.
    cut: Time,
}

/// Loss beyond what is usual, since it began.
#[derive(Debug, Clone, Copy, Default)]
struct Episode {
    /// How far losses are above what is usual; 0 outside an episode.
    score: f64,
    /// When the first loss was noticed, and what came since.
    since: Time,
    answers: u32,
    losses: u32,
    /// First attempts that were sent since.
    sent: u32,
}

/// The loss that is usual: the lowest of late.
#[derive(Debug, Clone)]
struct Usual {
    lowest: Lowest<f64>,
    samples: u32,
    /// The sample that is being taken, and when it began.
    seen: u32,
    lost: u32,
    since: Time,
    /// Whether the first sample, which sees too little, is over.
    warm: bool,
    /// Whether what is known is from few attempts: the next sample replaces it.
    rough: bool,
}

/// A rate, once one was learned.
#[derive(Debug, Clone)]
struct Learned {
    bucket: TokenBucket,
    /// Queries a second.
    rate: f64,
    /// The rate that was too high.
    failed: f64,
    /// By how much the next step raises the rate.
    step: f64,
    /// Whether the rate was taken from so little that it is only an order of magnitude.
    rough: bool,
    /// When this step began, and its responses.
    since: Time,
    answers: u32,
    /// Whether the rate held anything back during this step.
    bound: bool,
    /// The highest rate that lasted for a step since the last cut.
    good: Option<f64>,
    /// Steps for which the rate is kept, of which so many are left.
    hold: u32,
    held: u32,
    proof: Option<Proof>,
    /// What the last cut was made for, unless it was undone.
    cause: Option<Cause>,
    /// Whether less is lost at this rate than at the one before, or controls were lost too.
    verified: bool,
}

/// What a cut was made for: it is undone when that turns out to have been a pause.
#[derive(Debug, Clone, Copy)]
struct Cause {
    /// Attempts that were taken for lost, and those of them that were answered after all.
    losses: u32,
    late: u32,
    /// The rate before.
    rate: Option<f64>,
}

/// Whether a cut was right.
#[derive(Debug, Clone, Copy)]
struct Proof {
    /// The share that was lost before it.
    before: f64,
    /// The rate before it, if there was one.
    rate: Option<f64>,
    /// Whether more loss than before would say that the rate is not to blame.
    decisive: bool,
    /// Attempts since, and those of them that were lost.
    seen: u32,
    lost: u32,
}

impl Proof {
    /// How much likelier it is that the rate was not the reason: a logarithm, below 0 if it was.
    fn evidence(&self) -> f64 {
        // An episode of loss looks worse than it is.
        let same = 0.8 * self.before;
        // The more was lost, the less was seen of the rate, and the more may still be lost.
        let less = (0.2 + 0.4 * self.before) * self.before;
        let (lost, answered) = (f64::from(self.lost), f64::from(self.seen - self.lost));
        if lost > f64::from(self.seen) * self.before * FAR_MORE + 2.0 {
            return RATE_IS_THE_REASON;
        }
        lost * (same / less).ln() + answered * ((1.0 - same) / (1.0 - less)).ln()
    }
}

impl Limiter {
    pub(super) fn new() -> Self {
        Self {
            episode: Episode::default(),
            usual: Usual {
                lowest: Lowest::new(1.0),
                samples: 0,
                seen: 0,
                lost: 0,
                since: Time::ZERO,
                warm: false,
                rough: false,
            },
            opening: None,
            learned: None,
            cut: Time::ZERO,
        }
    }

    /// The rate that was learned, in queries a second.
    pub(super) fn rate(&self) -> Option<f64> {
        self.learned.as_ref().map(|learned| learned.rate)
    }

    /// Whether more is being lost than is usual, as far as is known yet.
    #[inline]
    pub(super) fn is_losing(&self) -> bool {
        self.episode.score >= LOSING
    }

    /// The share that was lost since the first loss.
    pub(super) fn share_lost(&self) -> f64 {
        let Episode { answers, losses, .. } = self.episode;
        f64::from(losses) / f64::from((losses + answers).max(1))
    }

    /// Whether a limit is certain, and the rate that keeps to it is not.
    pub(super) fn is_uncertain(&self) -> bool {
        let unproven = |learned: &Learned| {
            learned.verified && (learned.rough || learned.proof.is_some() || self.is_losing())
        };
        self.learned.as_ref().is_some_and(unproven)
    }

    /// Whether the rate was found to be too high after an attempt was sent at `sent`.
    pub(super) fn was_over(&self, sent: Time) -> bool {
        self.learned.is_some() && sent <= self.cut
    }

    #[inline]
    fn bucket(&mut self) -> Option<&mut TokenBucket> {
        match &mut self.learned {
            Some(learned) => Some(&mut learned.bucket),
            None => self.opening.as_mut(),
        }
    }

    /// Whole tokens that are there at `now`.
    #[inline]
    pub(super) fn tokens(&mut self, now: Time) -> usize {
        self.bucket().map_or(usize::MAX, |bucket| bucket.available(now))
    }

    /// Takes tokens.
    #[inline]
    pub(super) fn take(&mut self, count: usize) {
        if let Some(bucket) = self.bucket() {
            bucket.take(count);
        }
    }

    /// When there will be a token, if there is none now.
    pub(super) fn next(&mut self) -> Option<Time> {
        let next = self.bucket().filter(|bucket| bucket.is_empty()).map(|bucket| bucket.next())?;
        if let Some(learned) = &mut self.learned {
            learned.bound = true;
        }
        Some(next)
    }

    /// A first attempt is sent.
    #[inline]
    pub(super) fn on_send(&mut self) {
        self.episode.sent = self.episode.sent.saturating_add(1);
    }

    /// An attempt that was sent at `sent` was answered in time; `first` if it was the first of its
    /// exchange.
    #[inline]
    pub(super) fn on_answer(&mut self, now: Time, sent: Time, path: Path, first: bool) {
        if self.learned.is_none() {
            self.pace_opening(path);
        } else if sent <= self.cut {
            return;
        }
        if self.episode.score > 0.0 {
            let usual = self.usual_loss();
            let episode = &mut self.episode;
            episode.answers += 1;
            if first {
                episode.score = (episode.score - usual).max(0.0);
            }
        }
        if first {
            self.sample(now, 0, path);
        }
        if let Some(learned) = &mut self.learned {
            learned.answers += 1;
            if self.episode.score < THRESHOLD / 2.0 {
                learned.step_if_over(now, path.rtt);
            }
        }
    }

    /// A first attempt that was sent at `sent` was lost, or turned away.
    pub(super) fn on_loss(&mut self, now: Time, sent: Time, path: Path) {
        if self.learned.is_some() && sent <= self.cut {
            return;
        }
        if self.episode.score <= 0.0 {
            self.episode = Episode { since: now, ..Episode::default() };
        }
        self.episode.score += 1.0 - self.usual_loss();
        self.episode.losses += 1;
        self.sample(now, 1, path);
    }

    /// What was taken for lost, and was sent at `sent`, was only slow.
    pub(super) fn on_late(&mut self, sent: Time) {
        if let Some(learned) = &mut self.learned
            && sent <= self.cut
        {
            let Some(cause) = &mut learned.cause else { return };
            cause.late += 1;
            // Nothing was too much for the server: it, or the way to it, paused for a moment.
            if cause.late > cause.losses / 2 {
                let rate = cause.rate;
                learned.cause = None;
                match rate {
                    Some(rate) => learned.return_to(rate),
                    None => self.learned = None,
                }
            }
            return;
        }
        let episode = &mut self.episode;
        episode.score = (episode.score - 1.0).max(0.0);
        episode.losses = episode.losses.saturating_sub(1);
        self.usual.lost = self.usual.lost.saturating_sub(1);
        if let Some(proof) = self.learned.as_mut().and_then(|learned| learned.proof.as_mut()) {
            proof.lost = proof.lost.saturating_sub(1);
        }
    }

    /// Whether the server is being asked more than it answers.
    pub(super) fn is_over(&self, now: Time, path: Path) -> bool {
        let Episode { score, since, answers, losses, sent } = self.episode;
        // Losses show later than answers do. When there is little left to ask, those of what was
        // asked before come alone, and say nothing of how many are lost.
        if score < THRESHOLD || sent < losses / 2 {
            return false;
        }
        let in_question = self.learned.as_ref().is_some_and(Learned::is_in_question);
        if in_question && self.share_lost() <= NEARLY_ALL {
            return false;
        }
        let usual = self.usual.get();
        let threshold = match &self.learned {
            // More where much is sent: an alarm in so many seconds, not in so many queries.
            Some(Learned { rate, .. }) => (THRESHOLD + 20.0 * usual * (1.0 - usual))
                .max(0.02 * rate * SHORTEST_STEP.as_secs_f64()),
            None => OPENING_THRESHOLD.max(path.window as f64 / 2.0),
        };
        let span = now.since(since);
        score >= threshold
            && span >= path.rtt.max(SHORTEST_SPAN)
            && (answers >= GOOD_ANSWERS || span >= GOOD_SPAN || score >= 2.0 * threshold)
    }

    /// Takes the loss for none of the server's doing: it is alive and well.
    pub(super) fn forgive(&mut self) {
        self.episode = Episode::default();
    }

    /// The rate was lowered for good reason.
    pub(super) fn verify(&mut self) {
        if let Some(learned) = &mut self.learned {
            learned.verified = true;
        }
    }

    /// Whether a rate was learned that may have no reason in the server.
    pub(super) fn is_unverified(&self) -> bool {
        self.learned.as_ref().is_some_and(|learned| !learned.verified)
    }

    /// Forgets a rate that was learned from silence that is none of the server's doing: it is usual
    /// that this share is lost.
    pub(super) fn take_back(&mut self, lost: f64) {
        if self.is_unverified() {
            self.learned = None;
        }
        if self.learned.is_none() {
            self.usual.is_now(lost.min(MOST_USUAL));
        }
    }

    /// Lowers the rate to what is answered.
    pub(super) fn lower(&mut self, now: Time) {
        let Episode { since, answers, losses, .. } = self.episode;
        // What was seen has been dealt with since then.
        if losses == 0 {
            return;
        }
        let rough = answers < ENOUGH_ANSWERS;
        let span = now.since(since).max(SHORTEST_SPAN).as_secs_f64();
        let (answers, losses) = (f64::from(answers), f64::from(losses));
        let asked = self.rate().unwrap_or((answers + losses) / span);
        let old = self.learned.as_ref();
        let good = old.and_then(|old| old.good).filter(|good| asked < good * NEAR);
        let (rate, failed) = if let Some(good) = good {
            // Where a server takes nothing at once, a little too much halves what it answers.
            (((answers - 0.5) / span).clamp(good, asked) * 0.97, asked)
        } else if rough {
            // One answer more could have come just outside of the span.
            let rate = ((answers + 0.5) / span).min(asked * 0.5) * 0.8;
            (rate, ((answers + 1.0) / span).clamp(rate * 1.1, asked.max(rate * 1.1)))
        } else {
            let measured = ((answers - 0.5) / span).min(asked);
            (measured * 0.97, measured * 1.03)
        };
        let rough = rough && good.is_none();
        let rate = rate.max(LOWEST_RATE);
        let again =
            old.filter(|old| !rough && !old.rough && (old.failed / failed - 1.0).abs() < 0.15);
        let hold = again.map_or(1, |old| (old.hold * 2).min(LONGEST_HOLD));
        let mut cause = Cause { losses: self.episode.losses, late: 0, rate: self.rate() };
        // What was sent before the cut before may be late as well.
        if now.since(self.cut) < LATE_WITHIN
            && let Some(earlier) = old.and_then(|old| old.cause)
        {
            cause = Cause { losses: earlier.losses + cause.losses, ..earlier };
        }
        let mut bucket = TokenBucket::even(rate);
        // What is on its way already is more than the server takes.
        bucket.empty(now);
        let proof = Proof {
            before: self.share_lost(),
            rate: self.rate(),
            // What was lowered by little proves little.
            decisive: good.is_none(),
            seen: 0,
            lost: 0,
        };
        self.learned = Some(Learned {
            bucket,
            rate,
            failed,
            step: (0.5 / answers.max(1.0)).clamp(SMALLEST_STEP, UNCERTAIN_STEP),
            rough,
            since: now,
            answers: 0,
            bound: false,
            good: None,
            hold,
            held: hold,
            proof: Some(proof),
            cause: Some(cause),
            verified: old.is_some_and(|old| old.verified),
        });
        self.cut = now;
        self.opening = None;
        self.episode = Episode::default();
    }

    /// Takes an attempt into the sample of what is usual: one that is not sent at a rate that may be
    /// too high.
    #[inline]
    fn sample(&mut self, now: Time, lost: u32, path: Path) {
        if self.learned.is_some() {
            self.prove(lost);
        } else {
            self.usual.sample(now, lost, path);
        }
    }

    /// Takes an attempt for a proof of the last cut.
    fn prove(&mut self, lost: u32) {
        let Some(learned) = &mut self.learned else { return };
        let Some(proof) = &mut learned.proof else { return };
        proof.seen += 1;
        proof.lost += lost;
        let evidence = if proof.decisive { proof.evidence() } else { 0.0 };
        if proof.seen < PROOF && evidence < RATE_IS_NO_REASON {
            return;
        }
        let share = f64::from(proof.lost) / f64::from(proof.seen);
        let wrong = evidence > 0.0;
        let Proof { rate, decisive, .. } = *proof;
        learned.proof = None;
        if !wrong {
            learned.verified |= decisive;
            // So few attempts may have lost less than is usual by chance.
            return self.usual.is_now(share.clamp(self.usual.get() / 2.0, self.usual.get()));
        }
        self.usual.is_now(share.max(self.usual.get()));
        self.episode = Episode::default();
        match rate {
            Some(rate) => learned.return_to(rate),
            None => self.learned = None,
        }
    }

    /// Far away, a window that leaves at once comes as a burst, of which a server may not take much.
    #[inline]
    fn pace_opening(&mut self, path: Path) {
        if !path.opening || path.rtt < OPENING_PACED_FROM {
            self.opening = None;
        } else if path.paced {
            let rate = OPENING_PACE * path.window as f64 / path.rtt.as_secs_f64();
            match &mut self.opening {
                Some(bucket) => bucket.set_rate(rate),
                none => *none = Some(TokenBucket::even(rate)),
            }
        }
    }

    /// What an attempt that is lost weighs less than one: loss up to here never lifts the score for
    /// long.
    #[inline]
    fn usual_loss(&self) -> f64 {
        if self.learned.is_none() && self.usual.samples == 0 {
            return OPENING_LOSS;
        }
        (1.3 * self.usual.get() + 0.03).min(0.9)
    }
}

impl Usual {
    #[inline]
    fn get(&self) -> f64 {
        if self.samples == 0 { LOSS_ASSUMED } else { self.lowest.get().min(0.8) }
    }

    /// Begins anew from a share that was lost at a rate that is not too high.
    fn is_now(&mut self, share: f64) {
        self.lowest = Lowest::new(1.0);
        self.lowest.add(share);
        (self.samples, self.seen, self.lost) = (1, 0, 0);
        self.rough = true;
    }

    /// Takes an attempt into the sample.
    #[inline]
    fn sample(&mut self, now: Time, lost: u32, path: Path) {
        self.seen += 1;
        self.lost += lost;
        if self.seen < LOSS_SAMPLE.max(path.window as u32) {
            return;
        }
        // Losses show later than answers do: a short sample would see few.
        if now.since(self.since) < 4 * path.rtt.max(SHORTEST_SPAN) {
            return;
        }
        let share = f64::from(self.lost) / f64::from(self.seen);
        (self.seen, self.lost, self.since) = (0, 0, now);
        // Nor does the first see those of its end.
        if std::mem::replace(&mut self.warm, true) {
            if std::mem::take(&mut self.rough) {
                self.lowest = Lowest::new(1.0);
                self.samples = 0;
            } else if self.samples.is_multiple_of(LOSS_AGE) {
                self.lowest.next_period(1.0);
            }
            self.lowest.add(share);
            self.samples += 1;
        }
    }
}

impl Learned {
    /// Whether it may still turn out that the rate before was no reason for what was lost.
    fn is_in_question(&self) -> bool {
        self.proof
            .as_ref()
            .is_some_and(|proof| proof.decisive && proof.evidence() > RATE_IS_THE_REASON)
    }

    /// Raises the rate if this step has lasted long enough and the rate is what held it.
    fn step_if_over(&mut self, now: Time, rtt: Duration) {
        let (answers, span) = if self.rough {
            (ROUGH_STEP_ANSWERS, (2 * rtt).max(SHORTEST_SPAN))
        } else {
            (STEP_ANSWERS, (4 * rtt).max(SHORTEST_STEP))
        };
        if self.answers < answers || now.since(self.since) < span {
            return;
        }
        (self.since, self.answers) = (now, 0);
        if !std::mem::replace(&mut self.bound, false) {
            return;
        }
        self.good = Some(self.rate);
        if self.rough {
            // Half of the way, on a scale of ratios, to what has failed.
            self.raise(self.rate * (self.failed / self.rate).sqrt().clamp(1.1, 2.0));
            self.rough = self.rate < self.failed;
        } else if self.held > 0 {
            self.held -= 1;
        } else {
            self.raise(self.rate * (1.0 + self.step));
            // It would have failed by now if the limit were where it was.
            if self.rate > self.failed * MOVED {
                self.step = (self.step * 1.5).min(MOVED_STEP);
                self.hold = 1;
            } else if self.rate > self.failed {
                self.step = (self.step * 1.5).min(LARGEST_STEP);
            }
        }
    }

    fn raise(&mut self, rate: f64) {
        self.rate = rate;
        self.bucket.set_rate(rate);
    }

    /// The rate was not what failed.
    fn return_to(&mut self, rate: f64) {
        self.raise(rate);
        (self.failed, self.step, self.held) = (rate, UNCERTAIN_STEP, 0);
    }
}
