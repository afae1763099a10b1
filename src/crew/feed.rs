//! Blocks of questions on their way from the feeder to the workers.

use std::sync::Arc;

use tokio::sync::{Mutex, mpsc};

use super::block::Block;
use super::lines::Outlet;
use super::pool::Pool;
use super::stop::{Level, Stop};

/// Blocks of questions, for whichever worker comes first.
pub(super) struct Feed(Mutex<mpsc::Receiver<Block>>);

impl Feed {
    pub(super) fn new(blocks: mpsc::Receiver<Block>) -> Self {
        Self(Mutex::new(blocks))
    }

    /// The next block; `None` when there will be no more. Cancel safe. The lock is taken once a
    /// block.
    pub(super) async fn next(&self) -> Option<Block> {
        self.0.lock().await.recv().await
    }

    /// Refuses further blocks and gives those that nobody took.
    pub(super) async fn close(&self) -> Vec<Block> {
        let mut blocks = self.0.lock().await;
        blocks.close();
        let mut left = Vec::new();
        while let Some(block) = blocks.recv().await {
            left.push(block);
        }
        left
    }
}

/// What the thread that feeds the workers works with.
pub struct Feeder {
    pub(super) blocks: mpsc::Sender<Block>,
    pub(super) used: Arc<Pool<Block>>,
    pub(super) outlet: Outlet,
    pub(super) stop: Arc<Stop>,
}

impl Feeder {
    /// How far the crew was told to stop.
    pub fn level(&self) -> Level {
        self.stop.level()
    }

    /// An empty block.
    pub fn block(&self) -> Block {
        self.used.take()
    }

    /// Room for lines.
    pub fn lines(&self) -> Vec<u8> {
        self.outlet.empty()
    }

    /// Gives the workers a block. Waits until there is room for it.
    ///
    /// # Errors
    /// The block, if no worker takes any more.
    pub fn feed(&self, block: Block) -> Result<(), Block> {
        self.blocks.blocking_send(block).map_err(|unsent| unsent.0)
    }

    /// Gives the writer whole lines. Waits until there is room for them. Whether the writer takes
    /// them.
    pub fn write(&self, lines: Vec<u8>) -> bool {
        self.outlet.send_blocking(lines)
    }
}
