//! How much one HTTP request may make this service compute.

use std::cell::Cell;

use serde_json::Value;

use super::ScimError;

/// Most bytes that one HTTP request may have compared, folded, copied and written, with all operations of a bulk
/// request and all attempts at a write. It takes the Worker less than two seconds.
pub const MAX_WORK: usize = 16 * 1024 * 1024;
/// What a value costs besides its bytes.
const OVERHEAD: usize = 16;

/// What is left of [`MAX_WORK`]. A request has one; every part of it spends from the same.
#[derive(Debug)]
pub struct Work(Cell<usize>);

impl Default for Work {
    fn default() -> Self {
        Self(Cell::new(MAX_WORK))
    }
}

impl Work {
    /// Spends what it takes to handle that many bytes that many times. Once there is not enough, nothing is left.
    ///
    /// # Errors
    /// `tooMany` where not so much is left.
    pub fn spend(&self, times: usize, bytes: usize) -> Result<(), ScimError> {
        let cost = times.saturating_mul(bytes.saturating_add(OVERHEAD));
        let left = self.0.get().checked_sub(cost).filter(|left| *left > 0);
        self.0.set(left.unwrap_or(0));
        self.check()
    }

    /// Refuses what would come when nothing is left.
    ///
    /// # Errors
    /// `tooMany`.
    pub fn check(&self) -> Result<(), ScimError> {
        if self.0.get() > 0 {
            return Ok(());
        }
        Err(ScimError::too_many(
            "The request makes this service compare and write more than it does for one request. Send fewer operations at a \
             time, with shorter filters in their paths.",
        ))
    }

    /// How much has been spent.
    pub fn spent(&self) -> usize {
        MAX_WORK.saturating_sub(self.0.get())
    }
}

/// About how many bytes a value takes as JSON.
pub fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len().saturating_add(2),
        Value::Array(items) => items.iter().map(size).sum::<usize>().saturating_add(items.len()),
        Value::Object(parts) => size_of_parts(parts),
        Value::Null | Value::Bool(_) | Value::Number(_) => 5,
    }
}

/// The same of an object.
pub fn size_of_parts(parts: &super::Object) -> usize {
    parts.iter().map(|(name, value)| name.len().saturating_add(size(value)).saturating_add(4)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_it_is_used_up_nothing_more_is_done() {
        let work = Work::default();
        work.spend(1000, 84).unwrap();
        assert_eq!(work.spent(), 100_000);
        assert!(work.spend(2, MAX_WORK / 2).is_err());
        assert!(work.check().is_err());
        assert!(work.spend(1, 1).is_err());
    }
}
