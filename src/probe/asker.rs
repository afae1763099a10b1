//! Who has questions for certain servers, and the questions.

use std::net::SocketAddr;

use crate::engine::{Ask, Manner, MannerId, ServerId, Servers, Time};
use crate::walk::{self, Exchange, Question, Walk};
use crate::wire::{NameBuf, RecordType};

/// A question as it is put to a server: what those who carry it out must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// Comes back in [`Exchange::id`].
    pub id: u64,
    /// Whom to ask.
    pub server: SocketAddr,
    /// QNAME.
    pub name: NameBuf,
    /// QTYPE; the class is IN.
    pub rtype: RecordType,
    /// How: what [`Asker::manner`] gives for this number.
    pub manner: usize,
    /// From which UDP socket, as in [`crate::engine::Ask::socket`].
    pub socket: Option<u16>,
}

impl From<Question> for Order {
    fn from(question: Question) -> Self {
        let Question { id, server, name, rtype, .. } = question;
        Self { id, server, name, rtype, manner: 0, socket: None }
    }
}

impl Order {
    /// The question for an engine that has the server and the manner under these numbers.
    pub fn ask(&self, server: ServerId, manner: MannerId) -> Ask<'_> {
        let servers = Servers::Only(server);
        let ask = Ask::new(self.id, self.name.as_wire(), self.rtype);
        Ask { servers, manner, socket: self.socket, ..ask }
    }
}

/// Who has questions for certain servers, and goes on by their answers.
///
/// Without I/O: [`carry_out`](super::carry_out) carries the questions to a driver, and a test to a simulated world.
pub trait Asker {
    /// How questions with this [`Order::manner`] are put. Asked once for each, from 0 on.
    fn manner(&self, number: usize) -> Manner;

    /// The next question that may be put at `now`.
    fn poll_order(&mut self, now: Time) -> Option<Order>;

    /// Takes the outcome of a question.
    fn handle(&mut self, now: Time, exchange: Exchange);

    /// Whether there is nothing left to ask or to wait for.
    fn is_done(&self) -> bool;

    /// When to call [`Asker::poll_order`] again, if no outcome comes before.
    fn poll_timeout(&self) -> Option<Time> {
        None
    }
}

impl Asker for Walk {
    fn manner(&self, _number: usize) -> Manner {
        walk::manner()
    }

    fn poll_order(&mut self, _now: Time) -> Option<Order> {
        self.poll_question().map(Order::from)
    }

    fn handle(&mut self, now: Time, exchange: Exchange) {
        Walk::handle(self, now, exchange);
    }

    fn is_done(&self) -> bool {
        Walk::is_done(self)
    }
}
