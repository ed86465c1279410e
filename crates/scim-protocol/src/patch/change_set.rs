//! A request as a set of changes, of which some may be invalid.
//!
//! RFC 7644 §3.5.2 requires all operations or none: [`ChangeSet::apply`]. [`ChangeSet::apply_possible`] is for a
//! request that has to succeed although some of its changes are invalid.

use serde_json::Value;

use super::apply::{apply, apply_one, parts_of};
use super::edit::{Edit, Op, located};
use super::request::{EditReader, op_of, operations, path_of};
use crate::attribute_path::{AttributePath, resolve};
use crate::budget::{Budget, json_size};
use crate::canonical::canonical;
use crate::message::check_schemas;
use crate::schema::{Mutability, ResourceType};
use crate::{IgnoreCase, Limits, Object, ScimError};

/// The edits of a request, and the errors of those parts of it that cannot be read as edits.
#[derive(Debug)]
pub struct ChangeSet<'a> {
    reader: EditReader<'a>,
    /// Whether the request is a PUT, which clears the attributes that it leaves out.
    replaces: bool,
    edits: Vec<Edit<'a>>,
    rejected: Vec<Rejection<'a>>,
}

/// A part of a request that cannot be applied.
#[derive(Debug, Clone)]
struct Rejection<'a> {
    /// The attribute that it names, if it names a known one.
    path: Option<AttributePath<'a>>,
    error: ScimError,
}

impl<'a> ChangeSet<'a> {
    /// Reads a PatchOp message. Invalid operations do not fail here, but in [`ChangeSet::apply`].
    ///
    /// # Errors
    /// `invalidSyntax` if it has no operations.
    pub fn from_patch(
        resource_type: &'a ResourceType,
        body: &'a Value,
        limits: &Limits,
    ) -> Result<Self, ScimError> {
        let mut changes = Self::empty(resource_type, limits, false);
        if let Err(error) = check_schemas(body) {
            changes.rejected.push(Rejection { path: None, error });
        }
        for (index, operation) in operations(body)?.iter().enumerate() {
            match (changes.reader.operation(operation), values_of(operation)) {
                (Ok(edits), _) => changes.extend(Some(index), edits),
                (Err(_), Some((op, values))) => changes.add_values(Some(index), op, values),
                (Err(error), None) => {
                    changes.rejected.push(Rejection { path: None, error: located(index, error) });
                }
            }
        }
        Ok(changes)
    }

    /// Reads the body of a PUT. Invalid attributes do not fail here, but in [`ChangeSet::apply`].
    pub fn from_resource(resource_type: &'a ResourceType, values: &'a Object, limits: &Limits) -> Self {
        let mut changes = Self::empty(resource_type, limits, true);
        changes.add_values(None, Op::Replace, values);
        changes
    }

    fn empty(resource_type: &'a ResourceType, limits: &Limits, replaces: bool) -> Self {
        let reader = EditReader::new(resource_type, limits);
        Self { reader, replaces, edits: Vec::new(), rejected: Vec::new() }
    }

    fn extend(&mut self, operation: Option<usize>, edits: Vec<Edit<'a>>) {
        self.edits.extend(edits.into_iter().map(|edit| Edit { operation, ..edit }));
    }

    fn add_values(&mut self, operation: Option<usize>, op: Op, values: &'a Object) {
        for entry in values {
            if let (true, Value::Object(nested)) =
                (self.reader.resource_type.schema.has_urn(entry.0), entry.1)
            {
                self.add_values(operation, op, nested);
                continue;
            }
            match self.reader.assign(op, std::iter::once(entry)) {
                Ok(edits) => self.extend(operation, edits),
                Err(error) => self.rejected.push(Rejection {
                    path: resolve(self.reader.resource_type, entry.0),
                    error: operation.map_or(error.clone(), |index| located(index, error)),
                }),
            }
        }
    }

    /// Rejects the edits whose value contains a string for which `reason` returns an error.
    pub fn reject_strings(&mut self, reason: impl Fn(&str) -> Option<ScimError>) {
        for edit in std::mem::take(&mut self.edits) {
            match edit.value.and_then(|value| find_text(value, &reason)) {
                Some(error) => {
                    let error = edit.locate(error);
                    self.rejected.push(Rejection { path: Some(edit.path), error });
                }
                None => self.edits.push(edit),
            }
        }
    }

    /// The value that the edits give to a single-valued core attribute, whether or not other edits can be applied;
    /// `None` if they do not set it.
    pub fn value_of(&self, name: &str) -> Option<Value> {
        let mut resource = Object::new();
        for edit in self.edits.iter().filter(|edit| is_of(edit, name)) {
            // An edit of a simple value is cheap, and one that fails changes nothing.
            let _ = apply_one(&mut resource, edit, &Budget::new(&self.reader.limits));
        }
        resource.remove(name)
    }

    /// Applies all edits, as [`patch::apply`](super::apply) does.
    ///
    /// # Errors
    /// That of the first part that cannot be applied. The resource is then incomplete and has to be dropped.
    pub fn apply(&self, resource: &mut Object, budget: &Budget) -> Result<(), ScimError> {
        match self.rejected.first() {
            Some(rejection) => Err(rejection.error.clone()),
            None => apply(self.reader.resource_type, resource, &self.edits, budget),
        }
    }

    /// Applies the edits that can be applied, and returns the errors of the others. The core attribute `unlimited` is
    /// changed even if the budget is exhausted or there are too many edits. An attribute whose new value in a PUT is
    /// rejected keeps the value that it has in `stored`.
    ///
    /// # Errors
    /// `invalidValue` if `stored` lacks a required attribute.
    pub fn apply_possible(
        self,
        resource: &mut Object,
        stored: &Object,
        unlimited: &str,
        budget: &Budget,
    ) -> Result<Vec<ScimError>, ScimError> {
        let Self { reader: EditReader { resource_type, limits }, replaces, edits, mut rejected } = self;
        let most = limits.max_changes;
        let (total, mut left) = (edits.len(), most);
        let mut is_over = false;
        let mut cleared = None;
        for edit in &edits {
            if !is_of(edit, unlimited) {
                match left.checked_sub(1) {
                    Some(fewer) => left = fewer,
                    None => {
                        is_over = true;
                        continue;
                    }
                }
            }
            let reserve = Budget::new(&limits);
            let budget = if is_of(edit, unlimited) { &reserve } else { budget };
            let before = rejected.len();
            attempt(resource, edit, budget, &mut rejected);
            let place = edit.path.extension.map(|extension| (edit.operation, extension.id));
            if edit.path.attribute.is_none() {
                cleared = place;
            } else if place.is_some() && place == cleared {
                // The operation replaces a whole extension; attributes that it cannot set keep their stored values.
                for path in rejected.iter().skip(before).filter_map(|rejection| rejection.path) {
                    keep(resource, stored, &names(path));
                }
            }
        }
        for path in rejected.iter().filter(|_| replaces).filter_map(|rejection| rejection.path) {
            keep(resource, stored, &names(path));
        }
        let mut errors: Vec<ScimError> = rejected.into_iter().map(|rejection| rejection.error).collect();
        if is_over {
            errors.push(ScimError::too_many(format!(
                "The request changes {total} attributes; only the first {most} changes were carried out."
            )));
        }
        for attribute in &resource_type.schema.attributes {
            let required = attribute.required && attribute.mutability != Mutability::ReadOnly;
            if required && !resource.contains_key(&attribute.name) {
                keep(resource, stored, &[&attribute.name]);
                errors.push(ScimError::invalid_value(format!("\"{}\" is required.", attribute.name)));
            }
        }
        *resource = canonical(resource_type, std::mem::take(resource))?;
        Ok(errors)
    }
}

/// The attributes of an operation without a path.
fn values_of(operation: &Value) -> Option<(Op, &Object)> {
    let op = op_of(operation).ok().filter(|op| *op != Op::Remove)?;
    match path_of(operation).ok()? {
        Some(_) => None,
        None => Some((op, operation.get_ignore_case("value")?.as_object()?)),
    }
}

fn is_of(edit: &Edit<'_>, name: &str) -> bool {
    edit.path.extension.is_none() && edit.path.attribute.is_some_and(|attribute| attribute.name == name)
}

fn find_text(value: &Value, reason: &impl Fn(&str) -> Option<ScimError>) -> Option<ScimError> {
    match value {
        Value::String(text) => reason(text),
        Value::Array(items) => items.iter().find_map(|item| find_text(item, reason)),
        Value::Object(parts) => parts.values().find_map(|part| find_text(part, reason)),
        _ => None,
    }
}

/// Applies an edit. If that fails, applies those of its sub-attributes that can be applied.
fn attempt<'a>(resource: &mut Object, edit: &Edit<'a>, budget: &Budget, rejected: &mut Vec<Rejection<'a>>) {
    let names = names(edit.path);
    let Some(&key) = names.first() else { return };
    let cost = resource.get(key).map_or(0, json_size);
    let result = budget.spend(1, cost).and_then(|()| {
        let before = resource.get(key).cloned();
        apply_one(resource, edit, budget).inspect_err(|_| {
            // A failed edit may have removed the values.
            resource.remove(key);
            if let Some(before) = before {
                resource.insert(key.to_owned(), before);
            }
        })
    });
    let Err(error) = result else { return };
    let smaller = split(edit);
    if smaller.is_empty() {
        let error = edit.locate(error);
        rejected.push(Rejection { path: Some(edit.path), error });
    }
    for edit in &smaller {
        attempt(resource, edit, budget, rejected);
    }
}

/// Splits an edit of a complex attribute into edits of one sub-attribute each; empty for any other edit.
fn split<'a>(edit: &Edit<'a>) -> Vec<Edit<'a>> {
    let Some(value) = edit.value else { return Vec::new() };
    let one = |path, op, value| Edit { op, path, filter: None, value, operation: edit.operation };
    match edit.path.attribute {
        Some(attribute) if edit.path.sub_attribute.is_none() && edit.op != Op::Remove => {
            let parts = parts_of(attribute, value).into_iter().flatten();
            let subs = parts.filter_map(|(name, value)| {
                let sub =
                    attribute.sub_attribute(name).filter(|sub| sub.mutability != Mutability::ReadOnly)?;
                Some(one(AttributePath { sub_attribute: Some(sub), ..edit.path }, edit.op, Some(value)))
            });
            subs.collect()
        }
        _ => Vec::new(),
    }
}

/// The names on the way to an attribute, from the outermost object to the innermost.
fn names(path: AttributePath<'_>) -> Vec<&str> {
    let extension = path.extension.map(|extension| extension.id);
    let own = [path.attribute, path.sub_attribute];
    extension.into_iter().chain(own.into_iter().flatten().map(|attribute| attribute.name.as_str())).collect()
}

/// Copies a stored value, unless the resource has one in its place.
fn keep(resource: &mut Object, stored: &Object, names: &[&str]) {
    let Some((&name, inner)) = names.split_first() else { return };
    let Some(value) = stored.get(name) else { return };
    match (resource.get_mut(name), value) {
        (None, Value::Object(stored)) if !inner.is_empty() => {
            let mut object = Object::new();
            keep(&mut object, stored, inner);
            if !object.is_empty() {
                resource.insert(name.to_owned(), Value::Object(object));
            }
        }
        (None, value) => {
            resource.insert(name.to_owned(), value.clone());
        }
        (Some(Value::Object(object)), Value::Object(stored)) => keep_inside(object, stored, inner),
        (Some(_), _) => {}
    }
}

/// Copies a stored value inside an object; without names, each stored member that the object lacks.
fn keep_inside(object: &mut Object, stored: &Object, names: &[&str]) {
    if names.is_empty() {
        for (name, value) in stored {
            object.entry(name.clone()).or_insert_with(|| value.clone());
        }
    } else {
        keep(object, stored, names);
    }
}
