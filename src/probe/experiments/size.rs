//! Where one kind of query is never answered over UDP and others are: is it the size of the response?

use super::limits::Limits;
use crate::probe::log::ProbeLog;
use crate::probe::purpose::{Experiment, Purpose};
use crate::probe::query::{ProbeQuery, QueryForm};
use crate::probe::sample::{LOSSY_ADDRESSES, Sample};
use crate::wire::RecordType;

/// Payload sizes between which large responses get lost.
const SIZES: [u16; 4] = [512, 1232, 1400, 4096];
/// Queries with each of them.
const PER_SIZE: usize = 4;

pub(super) fn suggest(log: &ProbeLog, _: Limits) -> Vec<ProbeQuery> {
    let samples = Sample::of_all(&log.probes).into_iter();
    let silent = samples.filter_map(|(_, sample)| {
        let silent = sample.never_answered.into_values();
        let (probe, _) = silent.max_by_key(|(_, count)| *count)?;
        Some(probe.query)
    });
    let mut all = Vec::new();
    for asked in silent.take(LOSSY_ADDRESSES) {
        let purpose = Purpose::Experiment(Experiment::Size);
        let asked = ProbeQuery { socket: None, purpose, ..asked };
        let apex = ProbeQuery { name: asked.zone, rtype: RecordType::DNSKEY, ..asked };
        for size in SIZES {
            for query in [asked, apex] {
                let probe = ProbeQuery { form: QueryForm::Sized(size), ..query };
                all.extend(std::iter::repeat_n(probe, PER_SIZE));
            }
        }
        // As large as without EDNS, and as it is without the limits of UDP.
        let plain = ProbeQuery { form: QueryForm::Plain, ..asked };
        all.extend(std::iter::repeat_n(plain, PER_SIZE));
        all.extend([asked, apex].map(|query| ProbeQuery { form: QueryForm::Tcp, ..query }));
    }
    all
}
