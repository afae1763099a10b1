//! The exchanges that the engine holds, each in a slot that is used again.

use super::exchange::{
    Attempt, AttemptKey, ExchangeRequest, Failure, ProfileId, RetryReason, ServerChoice, ServerId,
    Transport, Unmatched, Unreachable,
};
use super::question::{QuestionSeen, question_hash};
use super::time::Time;
use crate::wire::{Class, MAX_NAME_LEN, Rcode, RecordType};

/// One exchange. Its vectors keep their memory when the slot is used again, so in the long run
/// nothing is allocated for an exchange.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) generation: u32,
    pub(super) held: bool,
    /// Whether some queue has it.
    pub(super) queued: bool,
    pub(super) tag: u64,
    name: [u8; MAX_NAME_LEN],
    name_len: u8,
    pub(super) rtype: RecordType,
    pub(super) class: Class,
    pub(super) servers: ServerChoice,
    pub(super) profile: ProfileId,
    /// The socket of all its attempts, if it wants a certain one.
    pub(super) socket: Option<u16>,
    pub(super) attempts: Vec<Attempt>,
    pub(super) plan: AttemptPlan,
    pub(super) timer: Timer,
    /// When the current attempt times out.
    pub(super) deadline: Time,
    /// Whether the current attempt counts in its server's window.
    pub(super) charged: bool,
    /// Whether it was taken for lost by the window.
    pub(super) presumed_lost: bool,
    /// What ICMP said of the current attempt.
    pub(super) rejected: Option<Unreachable>,
    /// Which letters of the name have their case turned, one bit an octet.
    pub(super) case_mask: [u64; 4],
    /// Messages that came for it and were not answers, as far as their ID or port says so.
    pub(super) mismatched: u16,
    /// Those of them that only the case of the question was wrong with.
    pub(super) case_changed: u16,
    /// The first of them.
    pub(super) unmatched: Vec<Unmatched>,
    pub(super) best: Best,
    /// Set while the exchange has ended and lingers.
    pub(super) ended: Option<Ended>,
    /// Set if it is the engine's own.
    pub(super) own: Option<Own>,
}

/// What an exchange of the engine's own is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Own {
    Trial,
    Control,
    /// A control that has been taken for lost.
    LateControl,
}

/// How an exchange ended, its response being in [`Best`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    Answered,
    Truncated,
    Failed(Failure),
}

/// The next attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AttemptPlan {
    pub(super) transport: Transport,
    /// The server, if it is settled.
    pub(super) server: Option<ServerId>,
    /// Retries that are left.
    pub(super) retries: u16,
    /// Further attempts that may be made because it was not the name's fault that one failed.
    pub(super) spare: u8,
    /// Times the same server may be asked again after a response that was of no use.
    pub(super) same_again: u8,
    /// TC was followed already.
    pub(super) fell_back_to_tcp: bool,
    /// How the letters of the name are sent.
    pub(super) case: Case,
    /// A BADCOOKIE was followed already.
    pub(super) bad_cookie: bool,
    /// It went to TCP because of messages that were not answers.
    pub(super) forgery_suspected: bool,
    /// A refusal of EDNS was followed already.
    pub(super) fell_back_to_plain: bool,
}

/// How the letters of a name are sent, where the case of letters is mixed at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    /// Mixed, but for servers that are known to change it.
    Mixed,
    /// Mixed, and over TCP, because the name came back in another case.
    OverTcp,
    /// As it is: TCP was of no use, and nothing but the case was ever wrong.
    Plain,
}

/// What a slot's timer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timer {
    None,
    /// Take the attempt out of its server's window.
    PresumeLost,
    /// The attempt's time is over.
    Deadline,
    /// The next attempt may go out.
    Delay,
    /// Late responses have had their time.
    Linger,
}

/// What a response is worth, best last.
pub(super) const TRUNCATED: u8 = 1;
pub(super) const MALFORMED: u8 = 2;
pub(super) const USELESS: u8 = 3;

/// The best answer so far that is not good enough to end the exchange.
#[derive(Debug, Default)]
pub(super) struct Best {
    pub(super) octets: Vec<u8>,
    pub(super) attempt: u16,
    /// 0 for none.
    pub(super) rank: u8,
}

impl Best {
    pub(super) fn keep(&mut self, octets: &[u8], attempt: usize, rank: u8) {
        if rank >= self.rank {
            self.octets.clear();
            self.octets.extend_from_slice(octets);
            self.attempt = attempt as u16;
            self.rank = rank;
        }
    }
}

impl Slot {
    fn new() -> Self {
        Self {
            generation: 0,
            held: false,
            queued: false,
            tag: 0,
            name: [0; MAX_NAME_LEN],
            name_len: 0,
            rtype: RecordType(0),
            class: Class(0),
            servers: ServerChoice::Any,
            profile: ProfileId::DEFAULT,
            socket: None,
            attempts: Vec::new(),
            plan: AttemptPlan {
                transport: Transport::Udp,
                server: None,
                retries: 0,
                spare: 0,
                same_again: 0,
                fell_back_to_tcp: false,
                fell_back_to_plain: false,
                case: Case::Mixed,
                forgery_suspected: false,
                bad_cookie: false,
            },
            timer: Timer::None,
            deadline: Time::ZERO,
            charged: false,
            presumed_lost: false,
            rejected: None,
            case_mask: [0; 4],
            mismatched: 0,
            case_changed: 0,
            unmatched: Vec::new(),
            best: Best::default(),
            ended: None,
            own: None,
        }
    }

    /// QNAME in wire form, as it was submitted.
    #[inline]
    pub(super) fn name(&self) -> &[u8] {
        &self.name[..usize::from(self.name_len)]
    }

    /// Whether `name` is the name as attempt number `attempt` sent it: octet for octet where its
    /// case was mixed, without case where it was not. Over TCP nobody has to be told from others.
    #[inline]
    pub(super) fn name_matches(&self, name: &[u8], attempt: usize) -> bool {
        let Attempt { mixed_case, transport, .. } = self.attempts[attempt];
        if !mixed_case || transport == Transport::Tcp {
            return name.eq_ignore_ascii_case(self.name());
        }
        self.case_kept(name)
    }

    /// Whether `name` is the name with the case of its letters mixed as it was sent.
    #[inline]
    pub(super) fn case_kept(&self, name: &[u8]) -> bool {
        name.len() == self.name().len()
            && name.iter().enumerate().all(|(i, &octet)| octet == self.mixed_octet(i))
    }

    /// Octet `i` of the name with its case turned where the mask says so. Length octets are below
    /// 64, so they are no letters.
    #[inline]
    pub(super) fn mixed_octet(&self, i: usize) -> u8 {
        let octet = self.name[i];
        if octet.is_ascii_alphabetic() && self.case_mask[i / 64] >> (i % 64) & 1 == 1 {
            octet ^ 0x20
        } else {
            octet
        }
    }

    /// Whether a question is the one that an attempt sent.
    #[inline]
    pub(super) fn asks(&self, question: QuestionSeen<'_>, attempt: usize) -> bool {
        (question.rtype, question.class) == (self.rtype, self.class)
            && self.name_matches(question.name, attempt)
    }

    /// Whether a question is that of the exchange, in whatever case.
    pub(super) fn asks_but_for_case(&self, question: QuestionSeen<'_>) -> bool {
        (question.rtype, question.class) == (self.rtype, self.class)
            && question.name.eq_ignore_ascii_case(self.name())
    }

    /// Sixteen bits that depend on the question, without the case of its name.
    pub(super) fn question_hash(&self) -> u16 {
        question_hash(self.name(), self.rtype, self.class)
    }

    /// How a server refused EDNS in this exchange: it is asked without, others are not.
    #[inline]
    pub(super) fn refused_edns(&self, server: ServerId) -> Option<Rcode> {
        let refusal = self.attempts.iter().rfind(|attempt| {
            attempt.server == server && attempt.retried_because == Some(RetryReason::WithoutEdns)
        });
        refusal?.answer().map(|answer| answer.rcode)
    }

    pub(super) fn current_attempt(&mut self) -> Option<&mut Attempt> {
        self.attempts.last_mut()
    }
}

/// All slots.
#[derive(Debug)]
pub(super) struct Slots {
    slots: Vec<Slot>,
    free: Vec<u32>,
    capacity: usize,
}

impl Slots {
    pub(super) fn new(capacity: usize) -> Self {
        Self { slots: Vec::new(), free: Vec::new(), capacity }
    }

    /// How many more exchanges can be held.
    pub(super) fn room(&self) -> usize {
        self.capacity - self.held()
    }

    /// Slots there are, held or not.
    pub(super) fn len(&self) -> u32 {
        self.slots.len() as u32
    }

    pub(super) fn held(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Takes a slot for `request`; `None` if all are held.
    #[inline]
    pub(super) fn take(&mut self, request: &ExchangeRequest<'_>) -> Option<u32> {
        let index = match self.free.pop() {
            Some(index) => index,
            None if self.slots.len() < self.capacity => {
                self.slots.push(Slot::new());
                (self.slots.len() - 1) as u32
            }
            None => return None,
        };
        let slot = &mut self.slots[index as usize];
        slot.held = true;
        slot.tag = request.tag;
        slot.name[..request.name.len()].copy_from_slice(request.name);
        slot.name_len = request.name.len() as u8;
        slot.rtype = request.rtype;
        slot.class = request.class;
        slot.servers = request.servers;
        slot.profile = request.profile;
        slot.socket = request.socket;
        slot.attempts.clear();
        slot.timer = Timer::None;
        slot.charged = false;
        slot.presumed_lost = false;
        slot.mismatched = 0;
        slot.case_changed = 0;
        slot.unmatched.clear();
        slot.best.rank = 0;
        slot.ended = None;
        slot.own = None;
        Some(index)
    }

    /// Frees a slot: at once or, if a queue still has it, when it leaves that queue.
    #[inline]
    pub(super) fn give_back(&mut self, index: u32) {
        let slot = &mut self.slots[index as usize];
        slot.held = false;
        slot.generation = slot.generation.wrapping_add(1);
        // One large response must not keep its memory in every slot that it ever passed through.
        if slot.best.octets.capacity() > 2048 {
            slot.best.octets = Vec::new();
        }
        if !slot.queued {
            self.free.push(index);
        }
    }

    /// Notes that a slot was taken from its queue. Gives whether its exchange had ended while it
    /// was waiting there; the slot is then free, unless the exchange lingers.
    #[inline]
    pub(super) fn left_queue(&mut self, index: u32) -> bool {
        let slot = &mut self.slots[index as usize];
        slot.queued = false;
        if !slot.held {
            self.free.push(index);
        }
        let slot = &self.slots[index as usize];
        !slot.held || slot.ended.is_some()
    }

    /// The only exchange that there ever was at a time, if it is held.
    pub(super) fn only(&self) -> Option<u32> {
        matches!(&self.slots[..], [only] if only.held).then_some(0)
    }

    /// The slot and attempt that `key` names, if the exchange is still held.
    pub(super) fn find(&self, key: AttemptKey) -> Option<(u32, usize)> {
        let slot = self.slots.get(key.slot as usize)?;
        let valid = slot.held
            && slot.generation == key.generation
            && usize::from(key.attempt) < slot.attempts.len();
        valid.then_some((key.slot, usize::from(key.attempt)))
    }

    /// Reads the parts of a slot that a response needs.
    #[inline]
    pub(super) fn touch(&self, index: u32) {
        let slot = &self[index];
        std::hint::black_box((slot.generation, slot.name[0], slot.case_mask[0], slot.timer));
        std::hint::black_box(slot.attempts.first().map(|attempt| attempt.id));
    }

    /// The slots that are held.
    pub(super) fn indices(&self) -> Vec<u32> {
        (0..self.slots.len() as u32).filter(|&i| self.slots[i as usize].held).collect()
    }
}

impl std::ops::Index<u32> for Slots {
    type Output = Slot;

    #[inline]
    fn index(&self, index: u32) -> &Slot {
        &self.slots[index as usize]
    }
}

impl std::ops::IndexMut<u32> for Slots {
    #[inline]
    fn index_mut(&mut self, index: u32) -> &mut Slot {
        &mut self.slots[index as usize]
    }
}
