//! How much computing one HTTP request may cause.
//!
//! A short request can cause much work: each operation of a PATCH may be compared with each value of an attribute. The
//! functions that do such work count the bytes that they compare, fold, copy and write, and stop where the request has
//! used up its budget.

use std::cell::Cell;

use serde_json::Value;

use crate::{Limits, Object, ScimError};

/// What a value costs besides its bytes.
const OVERHEAD: usize = 16;

/// What is left of [`Limits::max_work`] for one HTTP request, and the limits that hold for it.
///
/// All parts of a request share one budget: the operations of a bulk request, and repeated attempts at a write.
#[derive(Debug)]
pub struct Budget {
    limits: Limits,
    left: Cell<usize>,
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(&Limits::DEFAULT)
    }
}

impl Budget {
    /// The full budget of a request.
    pub fn new(limits: &Limits) -> Self {
        Self { limits: *limits, left: Cell::new(limits.max_work) }
    }

    /// The limits that hold for the request.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Spends the cost of handling `bytes` bytes, `times` times. If less is left, the budget is then exhausted.
    ///
    /// # Errors
    /// `tooMany` if the budget is exhausted.
    pub fn spend(&self, times: usize, bytes: usize) -> Result<(), ScimError> {
        let cost = times.saturating_mul(bytes.saturating_add(OVERHEAD));
        let left = self.left.get().checked_sub(cost).filter(|left| *left > 0);
        self.left.set(left.unwrap_or(0));
        self.check()
    }

    /// Checks that something is left.
    ///
    /// # Errors
    /// `tooMany` if the budget is exhausted.
    pub fn check(&self) -> Result<(), ScimError> {
        if self.left.get() > 0 {
            return Ok(());
        }
        Err(ScimError::too_many(
            "The request makes this service compare and write more than it does for one request. Send fewer \
             operations at a time, with shorter filters in their paths.",
        ))
    }

    /// The bytes spent so far, overhead included.
    pub fn spent(&self) -> usize {
        self.limits.max_work.saturating_sub(self.left.get())
    }
}

/// Approximate length of a value as JSON text, in bytes.
pub fn json_size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len().saturating_add(2),
        Value::Array(items) => items.iter().map(json_size).sum::<usize>().saturating_add(items.len()),
        Value::Object(object) => object_size(object),
        Value::Null | Value::Bool(_) | Value::Number(_) => 5,
    }
}

/// Approximate length of an object as JSON text, in bytes.
pub fn object_size(object: &Object) -> usize {
    object.iter().map(|(name, value)| name.len().saturating_add(json_size(value)).saturating_add(4)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exhausted_budget_stays_exhausted() {
        let budget = Budget::default();
        budget.spend(1000, 84).unwrap();
        assert_eq!(budget.spent(), 100_000);
        assert!(budget.spend(2, Limits::DEFAULT.max_work / 2).is_err());
        assert!(budget.check().is_err());
        assert!(budget.spend(1, 1).is_err());
    }
}
