//! What a job has to say to a crew.

use super::desk::Desk;
use super::error::CrewError;
use super::lines::Lines;
use crate::engine::{Finished, Time};
use crate::net::Driver;

/// What a job's threads leave to each other.
pub trait Job: 'static {
    /// What each worker counts.
    type Tally: WorkerTally;
    /// What a worker leaves behind beside that.
    type Rest: Default + Send;
    /// Why the job cannot go on.
    type Error: From<CrewError> + Send;
}

/// Counts of one worker, which others can see as it works.
pub trait WorkerTally: Clone + Default + Send {
    /// Adds the counts of another worker.
    fn add(&mut self, other: &Self);
}

/// What a job does in one worker. It lives on the worker's thread; nothing here may wait, allocate
/// for a single name, or take a lock.
pub trait Part {
    /// The job.
    type Job: Job;

    /// Whether questions may end without any packet. Then packets get a turn after each block, or they
    /// might not for long.
    const ENDS_WITHOUT_PACKETS: bool = false;

    /// How many questions it would take now.
    fn room(&self, driver: &Driver) -> usize {
        driver.engine().room()
    }

    /// Goes on with what it has, and takes as many questions as there is room for, if [`Desk::asks`].
    fn ask(&mut self, desk: &mut Desk);

    /// Takes an exchange that has ended.
    fn take(&mut self, finished: &Finished<'_>, lines: &mut Lines);

    /// When it is to [`Self::ask`] next, even if nothing happens before.
    fn due(&self) -> Option<Time> {
        None
    }

    /// Whether there is nothing to wait for; `no_more` if it will get no further question.
    fn is_idle(&mut self, desk: &mut Desk, no_more: bool) -> bool {
        let _ = no_more;
        desk.driver.engine().is_idle()
    }

    /// The counts so far.
    fn tally(&self) -> &<Self::Job as Job>::Tally;

    /// Comes to its end: counts the questions that have none. Exchanges that the engine could not
    /// bring to their end, because something in this worker has panicked, are `lost`.
    fn finish(&mut self, lost: u64) -> <Self::Job as Job>::Rest;
}
