//! How much the edits of one request may do.

use serde_json::Value;

use crate::scim::ScimError;

/// Most bytes that all edits together may compare and write over and over, as operations on every element of an
/// attribute do.
const MAX_WORK: usize = 16 * 1024 * 1024;

/// What is left of [`MAX_WORK`].
pub(super) struct Work(usize);

impl Work {
    /// All there is.
    pub(super) fn new() -> Self {
        Self(MAX_WORK)
    }

    /// # Errors
    /// `tooMany` where not so much is left.
    pub(super) fn spend(&mut self, times: usize, bytes: usize) -> Result<(), ScimError> {
        self.0 = self.0.checked_sub(times.saturating_mul(bytes)).ok_or_else(|| {
            ScimError::too_many(
                "The request's operations would compare or write more than this service is willing to. Send fewer \
                 operations, with shorter filters.",
            )
        })?;
        Ok(())
    }
}

/// About how many bytes a value takes as JSON.
pub(super) fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len().saturating_add(2),
        Value::Array(items) => items.iter().map(size).sum::<usize>().saturating_add(items.len()),
        Value::Object(parts) => {
            parts.iter().map(|(name, value)| name.len().saturating_add(size(value)).saturating_add(4)).sum()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 5,
    }
}
