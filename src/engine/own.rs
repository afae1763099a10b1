//! Queries of the engine's own: trials of servers that have not answered yet, and controls.
//!
//! **Trials.** A list of resolvers has dead and refusing ones. No name is sent to a server before it
//! has answered a trial, which is the query of a name that waits, asked beside it: it uses up none
//! of the name's attempts. Where no server passes three trials, names go to all of them as they are.
//!
//! **Controls.** When much of what a server is asked goes unanswered, either it is asked too much (or
//! is gone), or the names are at fault: a stretch of them may lie below zones whose servers are dead.
//! A query that this server has answered before, asked again, tells which: one after the other,
//! until the responses and losses of controls are far more likely under one of the two.
//!
//! Neither is counted as an exchange, and none has retries.

use std::time::Duration;

use rand::RngExt;
use rand::seq::SliceRandom;

use super::control::{Control, Doubt};
use super::engine::Engine;
use super::exchange::{ExchangeRequest, ServerChoice, ServerId};
use super::limiter::NEARLY_ALL;
use super::server::Server;
use super::slot::Own;
use super::time::Time;
use crate::wire::MAX_NAME_LEN;

/// Trials that may be in flight.
const TRIALS_AT_ONCE: usize = 1024;
/// How old a control may be when a fresh answer comes.
const CONTROL_AGE: Duration = Duration::from_secs(1);
/// Controls in flight to one server, and how many decide at the latest.
const CONTROLS_AT_ONCE: u8 = 2;
const CONTROLS: u8 = 8;
/// Names asked beside the controls that show whether they still go unanswered.
const NAMES: u32 = 3;
/// How long nothing may come from anybody before a control is asked for that alone.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// The loss that a server in good health may have.
const HEALTHY_LOSS: f64 = 0.03;
/// Logarithms of how much more likely one explanation has to be: of the server's loss, which costs
/// names their answers, and of that of the names, which the next controls would show to be wrong.
const SERVER_AT_FAULT: f64 = 4.0;
const NAMES_AT_FAULT: f64 = -2.0;
/// The shortest and the longest time that what was decided of the names stands.
const FORGIVEN_FIRST: Duration = Duration::from_millis(250);
const FORGIVEN_LONGEST: Duration = Duration::from_secs(1);

impl Engine {
    /// Lets no server have names before it has passed a trial.
    pub(super) fn await_trials(&mut self) {
        for i in 0..self.servers.len() as u32 {
            let id = ServerId(i);
            self.change_health(id, Server::await_trial);
            self.unlist(id);
            self.untried.push_back(id);
        }
        // Lists are often sorted, by network or by quality: those who ask much learn sooner from a
        // mixture.
        self.untried.make_contiguous().shuffle(&mut self.rng);
    }

    /// Keeps a query that its server has just answered, if the one it has is old.
    #[inline]
    pub(super) fn note_control(&mut self, index: u32, id: ServerId, now: Time) {
        if !self.config.own_queries || self.slots[index].own.is_some() {
            return;
        }
        let server = &mut self.servers[id.0 as usize];
        if server.control.as_ref().is_some_and(|old| now.since(old.noted) < CONTROL_AGE) {
            return;
        }
        let slot = &self.slots[index];
        let control = server.control.get_or_insert_with(|| {
            Box::new(Control {
                name: [0; MAX_NAME_LEN],
                name_len: 0,
                rtype: slot.rtype,
                class: slot.class,
                profile: slot.profile,
                noted: now,
            })
        });
        let name = slot.name();
        control.name[..name.len()].copy_from_slice(name);
        control.name_len = name.len() as u8;
        (control.rtype, control.class, control.profile) = (slot.rtype, slot.class, slot.profile);
        control.noted = now;
    }

    /// More of what this server is asked goes unanswered than is usual.
    pub(super) fn on_over_limit(&mut self, id: ServerId, now: Time) {
        let server = &mut self.servers[id.0 as usize];
        if server.doubt.lost.is_some() {
            return;
        }
        if server.doubt.is_forgiven(now) {
            return server.forgive();
        }
        let share = server.limiter.share_lost();
        let doubtful =
            share > NEARLY_ALL || server.limiter.is_unverified() && !self.again.names_are_fine();
        if !(doubtful && self.ask_controls(id, share, now)) {
            self.limit(id, now);
        }
    }

    /// Asks a server less from now on.
    fn limit(&mut self, id: ServerId, now: Time) {
        self.servers[id.0 as usize].limit(now);
        self.rearm(id);
        if self.good > 1 {
            self.move_queue(id);
        }
    }

    /// So many attempts to this server went unanswered that it would be left alone. Gives whether
    /// that has to be seen first.
    pub(super) fn doubts_silence(&mut self, id: ServerId, now: Time) -> bool {
        let doubt = &self.servers[id.0 as usize].doubt;
        if doubt.lost.is_some() {
            return true;
        }
        if doubt.is_forgiven(now) {
            self.servers[id.0 as usize].forgive();
            return true;
        }
        self.ask_controls(id, 1.0, now)
    }

    /// Begins to ask controls; whether there is one, and room for it.
    fn ask_controls(&mut self, id: ServerId, lost: f64, now: Time) -> bool {
        let server = &mut self.servers[id.0 as usize];
        if server.control.is_none() {
            return false;
        }
        let Doubt { forgiven, span, .. } = server.doubt;
        let lost = Some(lost.clamp(0.1, 0.95));
        server.doubt = Doubt { lost, since: now, due: true, forgiven, span, ..Doubt::default() };
        true
    }

    /// Has a control follow the query that was just sent to a server, if one is due. Behind a query,
    /// not before it: what a limit lets through after a pause is for names first, and a control that
    /// had it to itself would be answered whatever the limit.
    #[inline]
    pub(super) fn follow_with_control(&mut self, id: ServerId, now: Time) {
        let doubt = &self.servers[id.0 as usize].doubt;
        // Nor does it take names at fault, or a rate, to want to know whether anybody is there.
        let silent = |since| now.since(since) > HEARTBEAT && doubt.waiting == 0;
        let due = doubt.due || self.unanswered_since.is_some_and(silent);
        if due && self.config.own_queries && !self.draining {
            self.ask_control(id);
        }
    }

    fn ask_control(&mut self, id: ServerId) {
        let server = &mut self.servers[id.0 as usize];
        server.doubt.due = false;
        let Some(control) = server.control.clone() else { return };
        let name = &control.name[..usize::from(control.name_len)];
        let request = ExchangeRequest {
            class: control.class,
            servers: ServerChoice::Only(id),
            profile: control.profile,
            ..ExchangeRequest::new(0, name, control.rtype)
        };
        if self.submit_own(&request, Own::Control) {
            let doubt = &mut self.servers[id.0 as usize].doubt;
            doubt.waiting += 1;
            doubt.asked = doubt.asked.saturating_add(1);
            doubt.due = doubt.waiting < CONTROLS_AT_ONCE && doubt.asked < CONTROLS;
        }
    }

    /// A name that was asked at `sent` was answered, or taken for lost, by this server.
    #[inline]
    pub(super) fn note_name(&mut self, id: ServerId, sent: Time, answered: bool, now: Time) {
        let doubt = &mut self.servers[id.0 as usize].doubt;
        if doubt.lost.is_none() || sent < doubt.since {
            return;
        }
        doubt.names_answered += u32::from(answered);
        doubt.names_lost += u32::from(!answered);
        self.decide(id, now);
    }

    /// A control was answered, or is taken for lost.
    fn on_control(&mut self, id: ServerId, answered: bool, now: Time) {
        let doubt = &mut self.servers[id.0 as usize].doubt;
        doubt.waiting = doubt.waiting.saturating_sub(1);
        let Some(lost) = doubt.lost else { return };
        doubt.evidence += if answered {
            ((1.0 - lost) / (1.0 - HEALTHY_LOSS)).ln()
        } else {
            (lost / HEALTHY_LOSS).ln()
        };
        self.decide(id, now);
    }

    /// Ends the doubt, if there is enough to decide by.
    fn decide(&mut self, id: ServerId, now: Time) {
        let doubt = &mut self.servers[id.0 as usize].doubt;
        let names_seen = doubt.names_answered + doubt.names_lost >= NAMES;
        let answered = doubt.evidence <= NAMES_AT_FAULT;
        let at_fault = doubt.evidence >= SERVER_AT_FAULT;
        let all_asked = doubt.asked >= CONTROLS && doubt.waiting == 0;
        if !(at_fault || names_seen && (answered || all_asked)) {
            doubt.due = !answered && doubt.waiting < CONTROLS_AT_ONCE && doubt.asked < CONTROLS;
            return;
        }
        let lost = doubt.lost.take().unwrap_or_default();
        doubt.due = false;
        // Names are at fault only if they still fail, now that controls are answered.
        if doubt.evidence > 0.0 || doubt.names_answered > doubt.names_lost {
            doubt.span = Duration::ZERO;
            let silent = self.servers[id.0 as usize].is_silent();
            self.limit(id, now);
            if at_fault {
                self.servers[id.0 as usize].limiter.verify();
            }
            if silent && self.has_other_good_server(id) {
                self.back_off(id, now);
            }
            return;
        }
        doubt.span = (doubt.span * 2).clamp(FORGIVEN_FIRST, FORGIVEN_LONGEST);
        doubt.forgiven = now + doubt.span;
        let server = &mut self.servers[id.0 as usize];
        server.limiter.take_back(lost);
        server.follow_limit();
        server.forgive();
        self.rearm(id);
    }

    /// Asks servers that have not answered yet what a name that waits is asked for.
    pub(super) fn ask_trials(&mut self, now: Time, allowance: usize) {
        if self.untried.is_empty() || self.ready.is_empty() || self.draining {
            return;
        }
        // Once there are servers that answer, names have the better half.
        let allowance = if self.good > 0 { allowance.div_ceil(2) } else { allowance };
        let count = self
            .trial_tokens
            .available(now)
            .min(allowance)
            .min(TRIALS_AT_ONCE.saturating_sub(self.trials_open));
        for _ in 0..count {
            let Some(&id) = self.untried.front() else { break };
            let Some(waiting) = self.some_waiting() else { break };
            let slot = &self.slots[waiting];
            let mut name = [0; MAX_NAME_LEN];
            let len = slot.name().len();
            name[..len].copy_from_slice(slot.name());
            let request = ExchangeRequest {
                class: slot.class,
                servers: ServerChoice::Only(id),
                profile: slot.profile,
                ..ExchangeRequest::new(0, &name[..len], slot.rtype)
            };
            if !self.submit_own(&request, Own::Trial) {
                break;
            }
            self.untried.pop_front();
            self.trials_open += 1;
            self.trial_tokens.take(1);
        }
    }

    /// When trials that wait may be asked.
    pub(super) fn next_trial(&self) -> Option<Time> {
        let waiting = !self.untried.is_empty()
            && !self.ready.is_empty()
            && self.trials_open < TRIALS_AT_ONCE
            && self.trial_tokens.is_empty();
        waiting.then(|| self.trial_tokens.next())
    }

    /// An exchange that waits for any server, drawn at random: one name may have no response anywhere.
    fn some_waiting(&mut self) -> Option<u32> {
        let all = self.slots.len();
        for _ in 0..16 {
            let index = self.rng.random_range(0..all);
            let slot = &self.slots[index];
            if slot.held && slot.queued && slot.ended.is_none() && slot.servers == ServerChoice::Any
            {
                return Some(index);
            }
        }
        self.ready.first()
    }

    /// Takes an exchange of the engine's own; whether there is room for it.
    fn submit_own(&mut self, request: &ExchangeRequest<'_>, own: Own) -> bool {
        let Some(index) = self.take_slot(request) else { return false };
        let slot = &mut self.slots[index];
        slot.own = Some(own);
        slot.plan.retries = 0;
        slot.plan.spare = 0;
        slot.plan.same_again = 0;
        self.own_open += 1;
        let ServerChoice::Only(id) = request.servers else { return false };
        self.servers[id.0 as usize].own_open += 1;
        self.enqueue(index, id);
        true
    }

    /// An attempt of the engine's own has been out for longer than answers take.
    pub(super) fn presume_own_lost(&mut self, index: u32, id: ServerId, now: Time) {
        if self.slots[index].own == Some(Own::Control) {
            self.slots[index].own = Some(Own::LateControl);
            self.on_control(id, false, now);
        }
    }

    /// An exchange of the engine's own has ended; `useful` if it was answered usefully, `answered` if
    /// it was answered at all.
    pub(super) fn own_ended(&mut self, own: Own, id: ServerId, useful: bool, now: Time) {
        self.own_open -= 1;
        match own {
            Own::Control => self.on_control(id, useful, now),
            Own::LateControl => {}
            Own::Trial => {
                self.trials_open -= 1;
                if !useful && self.servers[id.0 as usize].is_untried() {
                    let next = self.change_health(id, |server| server.trial_failed(now));
                    self.server_timers.set(id.0, next);
                }
                self.trust_all_if_hopeless();
            }
        }
    }

    /// If no server has passed its trials, and each had several, names are asked all the same: they
    /// must come to an end.
    fn trust_all_if_hopeless(&mut self) {
        if self.good > 0 || self.hopeful > 0 {
            return;
        }
        self.untried.clear();
        for i in 0..self.servers.len() {
            let id = ServerId(i as u32);
            if self.servers[i].is_untried() {
                self.change_health(id, Server::trust);
                self.server_timers.cancel(id.0);
                self.relist(id);
            }
        }
    }

    /// Abandons what is left of the engine's own queries: for when nothing more will be asked.
    pub fn abandon_own(&mut self) {
        for index in self.slots.indices() {
            if self.slots[index].own.is_some() {
                self.uncharge(index);
                self.release(index, None, &mut |_| {});
            }
        }
        (self.own_open, self.trials_open) = (0, 0);
    }
}
