//! The changes that requests are made of.

use serde_json::Value;

use crate::ScimError;
use crate::attribute_path::AttributePath;
use crate::filter::Filter;

/// The kinds of operations. In messages, their names are read in any case, because Entra ID capitalizes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// Adds values to a multi-valued attribute; sets any other.
    Add,
    /// Replaces all values.
    Replace,
    /// Removes values.
    Remove,
}

/// One change of one attribute.
#[derive(Debug, Clone)]
pub struct Edit<'a> {
    /// The kind of change.
    pub op: Op,
    /// The attribute, sub-attribute or extension that is changed.
    pub path: AttributePath<'a>,
    /// The values of a multi-valued attribute that are changed, as in `emails[type eq "work"]`; `None` for all.
    pub filter: Option<Filter<'a>>,
    /// The value of the operation; only `remove` may have none.
    pub value: Option<&'a Value>,
    /// The index of the PATCH operation that it comes from; `None` for the body of a POST or PUT.
    pub operation: Option<usize>,
}

impl Edit<'_> {
    /// Puts the index of the operation, if there is one, before the detail of an error.
    pub fn locate(&self, error: ScimError) -> ScimError {
        match self.operation {
            Some(index) => located(index, error),
            None => error,
        }
    }
}

/// Puts the index of an operation before the detail of an error.
pub(crate) fn located(index: usize, mut error: ScimError) -> ScimError {
    error.detail.insert_str(0, &format!("Operations[{index}]: "));
    error
}
