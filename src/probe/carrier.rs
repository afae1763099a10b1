//! Between who asks and an engine: orders are put as questions, and what becomes of them is handed
//! back. The same over the network and under virtual time: no I/O, no clock.

use std::collections::{HashMap, VecDeque};

use super::again::Again;
use super::asker::{Asker, Order};
use crate::engine::{Engine, MannerId, ServerId, Time};
use crate::walk::{Exchange, ExchangeEnd};

/// The questions of one asker that are under way.
#[derive(Debug, Default)]
pub(crate) struct Carrier {
    /// How the asker's orders are put, by [`Order::manner`].
    manners: Vec<MannerId>,
    open: HashMap<u64, Order>,
    again: Again,
    repeated: VecDeque<Order>,
}

impl Carrier {
    /// The next order, if the engine has room for it.
    pub(crate) fn next(
        &mut self,
        asker: &mut impl Asker,
        engine: &Engine,
        now: Time,
    ) -> Option<Order> {
        if engine.room() == 0 {
            return None;
        }
        self.repeated.pop_front().or_else(|| asker.poll_order(now))
    }

    /// Puts an order, or hands back at once why its server cannot be asked.
    pub(crate) fn put(
        &mut self,
        asker: &mut impl Asker,
        engine: &mut Engine,
        now: Time,
        order: Order,
        server: Result<ServerId, String>,
    ) {
        while self.manners.len() <= order.manner {
            self.manners.push(engine.add_manner(asker.manner(self.manners.len())));
        }
        let submitted = server.and_then(|server| {
            let ask = order.ask(server, self.manners[order.manner]);
            engine.submit(&ask).map_err(|full| full.to_string())
        });
        match submitted {
            Ok(()) => {
                self.open.insert(order.id, order);
            }
            Err(why) => {
                let end = ExchangeEnd::NotAsked(why);
                let (attempts, unmatched) = (Vec::new(), Vec::new());
                let exchange = Exchange { id: order.id, attempts, unmatched, end, spoiled: false };
                asker.handle(now, exchange);
            }
        }
    }

    /// Hands back what has ended, but for what is to be put again because of an absence that was over at
    /// `back_since`.
    pub(crate) fn hand_back(
        &mut self,
        asker: &mut impl Asker,
        now: Time,
        back_since: Option<Time>,
        finished: &mut Vec<Exchange>,
    ) {
        for mut exchange in finished.drain(..) {
            let order = self.open.remove(&exchange.id);
            if self.again.is_due(&mut exchange, back_since) {
                self.repeated.extend(order);
            } else {
                asker.handle(now, exchange);
            }
        }
    }
}
