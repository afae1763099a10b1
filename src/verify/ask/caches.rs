//! When recursive servers are asked.
//!
//! A recursive server that is asked for a record too early keeps the denial (RFC 2308 §5), and gives it
//! to everyone who asks after that: looking would make it worse. So it is asked for a record once an
//! authoritative server has shown that it is there; for one that is nowhere at the very end, and
//! not at all if the caches are to be spared.

use crate::probe::query::{ProbeQuery, QueryForm, Role};
use crate::verify::plan::VerifyPlan;
use crate::verify::purpose::VerifyPurpose;
use crate::wire::{NameBuf, RecordType};

/// Looks at each record at each recursive server.
const CHECKS: u32 = 3;

/// Which of the expected records the recursive servers were asked for.
#[derive(Debug)]
pub(super) struct Caches {
    asked: Vec<bool>,
}

impl Caches {
    pub(super) fn new(plan: &VerifyPlan) -> Self {
        Self { asked: vec![false; plan.expectations.len()] }
    }

    /// An authoritative server has the expectation with this number right: what to ask now.
    pub(super) fn is_there(&mut self, plan: &VerifyPlan, number: usize) -> Vec<ProbeQuery> {
        match self.asked.get_mut(number) {
            Some(asked) if !*asked => {
                *asked = true;
                queries(plan, number)
            }
            _ => Vec::new(),
        }
    }

    /// All authoritative servers were asked: what is left to ask.
    pub(super) fn rest(&mut self, plan: &VerifyPlan) -> Vec<ProbeQuery> {
        if plan.spare_caches {
            return Vec::new();
        }
        (0..self.asked.len()).flat_map(|number| self.is_there(plan, number)).collect()
    }
}

fn queries(plan: &VerifyPlan, number: usize) -> Vec<ProbeQuery> {
    let expectation = &plan.expectations[number];
    let types: Vec<RecordType> = expectation.asked_types().collect();
    let (root, purpose) = (NameBuf::root(), VerifyPurpose::Cached(number).into());
    let mut all = Vec::new();
    for check in 0..CHECKS as usize {
        let rtype = types[check % types.len()];
        for &server in &plan.resolvers {
            let (name, form) = (expectation.owner, QueryForm::Recursive);
            all.push(ProbeQuery::new(server, Role::Recursive, root, name, rtype, form, purpose));
        }
    }
    all
}
