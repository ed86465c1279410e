//! Decisions about facets, one after the other.

use serde_json::Value;

use super::history::Steps;
use super::{Facet, Left, Reason, Verdict, verdict};

/// Decides about facet after facet, and notes what is set back and what stays.
#[derive(Debug)]
pub(super) struct Decisions<'s> {
    pub(super) steps: &'s Steps,
    pub(super) restored: Vec<Facet>,
    pub(super) left: Vec<Left>,
}

impl<'s> Decisions<'s> {
    pub(super) fn of(steps: &'s Steps) -> Self {
        Self { steps, restored: Vec::new(), left: Vec::new() }
    }

    /// The value to set, if there is one; otherwise the reason is listed.
    pub(super) fn value(&mut self, facet: &Facet, now: &Value) -> Option<Value> {
        match verdict(self.steps.get(facet)?, now) {
            Verdict::Stays => None,
            Verdict::Set(value) => Some(value),
            Verdict::Changed { event } => {
                self.left.push(Left { event: Some(event), ..Left::new(facet.clone(), Reason::ChangedSince) });
                None
            }
            Verdict::Unknown => {
                self.leave(facet, Reason::Erased);
                None
            }
        }
    }

    pub(super) fn leave(&mut self, facet: &Facet, reason: Reason) {
        self.left.push(Left::new(facet.clone(), reason));
    }
}
