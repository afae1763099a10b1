//! What is to be said of the expected records: part A of the findings.
//!
//! `observations` sorts what was seen; `rules` goes through the records; each of the other files has one subject:
//!
//! - `presence`: there, not there, there on some servers, there now and then.
//! - `elsewhere`: not there, but close: under another name, as another type, in another zone.
//! - `value`: there, and not as it should be.
//! - `cname`: what aliases lead to.
//! - `dkim`: keys.
//! - `caa`: servers that fail for CAA records.
//! - `caches`: what recursive servers have instead.
//!
//! Only answers that a resolver would take count for or against a record. Silence, SERVFAIL and a
//! server without the zone are matters of servers and paths, and told there.
//!
//! One finding is ours alone, `ses-zone-differs`: SES gives newer regions and accounts a zone of
//! their own for their keys, and who verifies with the tokens alone does not name it. If the
//! published alias leads to the same token in another zone, and *the servers of that zone have a
//! text there*, then that is where SES has the key: the record is right, and the finding a notice.
//! If the user did name the zone, the record differs from what SES asked for: a warning.

mod caa;
mod caches;
mod case;
mod cname;
mod dkim;
mod elsewhere;
mod presence;
mod rules;
mod value;

pub(super) use rules::findings;
