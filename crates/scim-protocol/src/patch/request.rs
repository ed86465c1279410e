//! Reading edits from the body of a request.

use serde_json::Value;

use super::edit::{Edit, Op, located};
use crate::attribute_path::{AttributePath, resolve, with_colon};
use crate::coercion::is_no_value;
use crate::error::shorten;
use crate::filter::parse_value_path;
use crate::message::{check_schemas, check_urns};
use crate::schema::{Attribute, Mutability, ResourceType, Schema};
use crate::{IgnoreCase, Limits, Object, ScimError, ScimType};

/// Reads a PatchOp message.
///
/// # Errors
/// `invalidSyntax` for a malformed message; `invalidPath`, `invalidFilter`, `noTarget`, `mutability` or
/// `invalidValue` if an operation cannot be applied to any resource of this type. The detail begins with the index of
/// the operation.
pub fn parse<'a>(
    resource_type: &'a ResourceType,
    body: &'a Value,
    limits: &Limits,
) -> Result<Vec<Edit<'a>>, ScimError> {
    check_schemas(body)?;
    let reader = EditReader::new(resource_type, limits);
    let operations = operations(body)?;
    let mut edits = Vec::with_capacity(operations.len());
    for (index, operation) in operations.iter().enumerate() {
        let parsed = reader.operation(operation).map_err(|error| located(index, error))?;
        edits.extend(parsed.into_iter().map(|edit| Edit { operation: Some(index), ..edit }));
    }
    Ok(edits)
}

/// The operations of a PatchOp message.
///
/// # Errors
/// `invalidSyntax` if it has none.
pub(crate) fn operations(body: &Value) -> Result<&[Value], ScimError> {
    let operations = body.get_ignore_case("Operations").and_then(Value::as_array).ok_or_else(|| {
        ScimError::invalid_syntax(
            "The body must be a PatchOp message: an object with an array \"Operations\".",
        )
    })?;
    if operations.is_empty() {
        return Err(ScimError::invalid_syntax("\"Operations\" must have at least one operation."));
    }
    Ok(operations)
}

/// Reads edits of resources of one type.
#[derive(Debug)]
pub(crate) struct EditReader<'a> {
    pub(crate) resource_type: &'a ResourceType,
    pub(crate) limits: Limits,
}

impl<'a> EditReader<'a> {
    pub(crate) fn new(resource_type: &'a ResourceType, limits: &Limits) -> Self {
        Self { resource_type, limits: *limits }
    }

    pub(crate) fn operation(&self, operation: &'a Value) -> Result<Vec<Edit<'a>>, ScimError> {
        let op = op_of(operation)?;
        let value = operation.get_ignore_case("value");
        let Some(path) = path_of(operation)? else {
            return match (op, value) {
                // RFC 7644 §3.5.2.2: remove without a path is noTarget.
                (Op::Remove, _) => Err(ScimError::no_target("\"remove\" needs a \"path\".")),
                (_, Some(Value::Object(values))) => self.assign(op, values),
                _ => Err(ScimError::invalid_value(
                    "Without a \"path\", \"value\" must be an object of attributes, for example {\"active\": false}.",
                )),
            };
        };
        if value.is_none() && op != Op::Remove {
            return Err(ScimError::invalid_value("\"add\" and \"replace\" need a \"value\"."));
        }
        if let Some(corrected) = with_colon(self.resource_type, path) {
            return Err(ScimError::invalid_path(format!(
                "The path \"{}\" has a dot behind the schema's URN, where a colon should stand. Write it as \"{}\" in \
             the identity provider's mapping.",
                shorten(path),
                shorten(&corrected)
            )));
        }
        let edit = Edit { value, op, ..self.path(path)? };
        if is_schemas(edit.path) {
            // RFC 7644 §3.5.2 lets a client add and remove schemas. Here they follow from the attributes with values.
            value.map_or(Ok(()), check_urns)?;
            return Ok(Vec::new());
        }
        if read_only(edit.path) {
            return Err(ScimError::mutability(format!("\"{}\" is read-only.", shorten(path))));
        }
        match (edit.path.extension, edit.path.attribute, value) {
            (Some(extension), None, Some(value)) if op != Op::Remove => {
                let mut edits = Vec::new();
                if op == Op::Replace {
                    edits.push(Edit { op: Op::Remove, value: None, ..edit });
                }
                edits.extend(self.assign_extension(op, extension, value)?);
                Ok(edits)
            }
            _ => Ok(vec![edit]),
        }
    }

    /// Reads `attribute`, `attribute.sub`, `attribute[filter]` or `attribute[filter].sub`, each with or without the URN
    /// of its schema, or the URN of a whole extension (RFC 7644 §3.5.2, figure 7).
    fn path(&self, text: &str) -> Result<Edit<'a>, ScimError> {
        let unknown = || {
            ScimError::invalid_path(format!(
                "The path \"{}\" names no attribute of {}. Remove the mapping in the identity provider, or correct it.",
                shorten(text),
                self.resource_type.name
            ))
        };
        let edit = |path, filter| Edit { op: Op::Replace, path, filter, value: None, operation: None };
        let Some((name, bracketed)) = text.split_once('[') else {
            return resolve(self.resource_type, text).map(|path| edit(path, None)).ok_or_else(unknown);
        };
        let path = resolve(self.resource_type, name.trim()).ok_or_else(unknown)?;
        let malformed = || ScimError::invalid_path(format!("The path \"{}\" is malformed.", shorten(text)));
        if is_schemas(path) && bracketed.ends_with(']') {
            return Ok(edit(path, None));
        }
        let attribute = match path.attribute {
            Some(attribute) if attribute.multi_valued && path.sub_attribute.is_none() => attribute,
            _ => return Err(malformed()),
        };
        let (filter_text, after) = bracketed.rsplit_once(']').ok_or_else(malformed)?;
        let sub_attribute = match after.trim() {
            "" => None,
            after => {
                let sub_name = after.strip_prefix('.').ok_or_else(malformed)?;
                Some(attribute.sub_attribute(sub_name).ok_or_else(unknown)?)
            }
        };
        let filter = parse_value_path(attribute, filter_text, &self.limits)?;
        Ok(edit(AttributePath { sub_attribute, ..path }, Some(filter)))
    }

    /// The edits for the keys of an object of attributes. Unknown and read-only ones are ignored, which RFC 7644
    /// §3.5.2.1 allows and identity providers need. Keys may have a sub-attribute, a filter or a URN.
    pub(crate) fn assign(
        &self,
        op: Op,
        values: impl IntoIterator<Item = (&'a String, &'a Value)>,
    ) -> Result<Vec<Edit<'a>>, ScimError> {
        let mut edits = Vec::new();
        for (key, value) in values {
            edits.extend(self.assign_key(op, key, value)?);
        }
        Ok(edits)
    }

    /// The edits that one key and its value stand for.
    fn assign_key(&self, op: Op, key: &str, value: &'a Value) -> Result<Vec<Edit<'a>>, ScimError> {
        if self.resource_type.schema.has_urn(key) {
            // Core attributes nested under the core URN.
            return match value {
                Value::Object(nested) => self.assign(op, nested),
                nothing if is_no_value(nothing) => Ok(Vec::new()),
                _ => Err(not_an_object(key)),
            };
        }
        if key.contains('[') {
            // Entra ID's `"emails[type eq \"work\"].value": "…"`. One that is malformed is unknown, like any other; one
            // with a filter that is wrong is a mistake to be told.
            return match self.path(key) {
                Ok(edit) if !read_only(edit.path) => Ok(vec![Edit { op, value: Some(value), ..edit }]),
                Err(error) if error.scim_type == Some(ScimType::InvalidFilter) => Err(error),
                _ => Ok(Vec::new()),
            };
        }
        let Some(path) = resolve(self.resource_type, key) else { return Ok(Vec::new()) };
        match (path.extension, path.attribute) {
            (Some(extension), None) => {
                if op == Op::Replace && is_no_value(value) {
                    return Ok(vec![Edit {
                        op: Op::Remove,
                        path,
                        filter: None,
                        value: None,
                        operation: None,
                    }]);
                }
                self.assign_extension(op, extension, value)
            }
            _ => Ok(settable(op, path, value)?.into_iter().collect()),
        }
    }

    /// The edits that set each attribute of an extension's object.
    ///
    /// Its keys are the extension's own names. Those with a dot or a URN are also understood as they are beside the
    /// object.
    fn assign_extension(
        &self,
        op: Op,
        extension: &'a Schema,
        value: &'a Value,
    ) -> Result<Vec<Edit<'a>>, ScimError> {
        let nested = match value {
            Value::Object(nested) => nested,
            nothing if is_no_value(nothing) => return Ok(Vec::new()),
            _ => return Err(not_an_object(extension.id)),
        };
        let mut edits = Vec::with_capacity(nested.len());
        for (key, value) in nested {
            if let Some(path) = AttributePath::in_extension(extension, key) {
                edits.extend(settable(op, path, value)?);
            } else if key.contains(['.', ':']) {
                edits.extend(self.assign_key(op, key, value)?);
            }
        }
        Ok(edits)
    }
}

pub(crate) fn op_of(operation: &Value) -> Result<Op, ScimError> {
    match operation.get_ignore_case("op").and_then(Value::as_str) {
        Some(word) if word.eq_ignore_ascii_case("add") => Ok(Op::Add),
        Some(word) if word.eq_ignore_ascii_case("replace") => Ok(Op::Replace),
        Some(word) if word.eq_ignore_ascii_case("remove") => Ok(Op::Remove),
        _ => Err(ScimError::invalid_syntax("\"op\" must be \"add\", \"replace\" or \"remove\".")),
    }
}

/// The path of an operation; `None` if it is missing or blank.
pub(crate) fn path_of(operation: &Value) -> Result<Option<&str>, ScimError> {
    match operation.get_ignore_case("path") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(path)) => Ok(Some(path.trim()).filter(|path| !path.is_empty())),
        Some(_) => Err(ScimError::invalid_path("\"path\" must be a string.")),
    }
}

/// The edits that set the attributes in the body of a POST or PUT.
///
/// # Errors
/// `invalidValue` if an extension is not an object, or `schemas` is not an array of strings.
pub fn assignments<'a>(
    resource_type: &'a ResourceType,
    values: &'a Object,
    limits: &Limits,
) -> Result<Vec<Edit<'a>>, ScimError> {
    EditReader::new(resource_type, limits).assign(Op::Replace, values)
}

fn settable<'a>(op: Op, path: AttributePath<'a>, value: &'a Value) -> Result<Option<Edit<'a>>, ScimError> {
    if is_schemas(path) {
        check_urns(value)?;
    }
    let edit = Edit { op, path, filter: None, value: Some(value), operation: None };
    Ok(Some(edit).filter(|_| !read_only(path)))
}

/// Whether the path is that of `schemas`, which every resource has.
fn is_schemas(path: AttributePath<'_>) -> bool {
    path.extension.is_none() && path.attribute.is_some_and(|attribute| attribute.name == "schemas")
}

fn read_only(path: AttributePath<'_>) -> bool {
    let read_only = |attribute: &Attribute| attribute.mutability == Mutability::ReadOnly;
    path.attribute.is_some_and(read_only) || path.sub_attribute.is_some_and(read_only)
}

fn not_an_object(key: &str) -> ScimError {
    ScimError::invalid_value(format!("\"{}\" must be an object of attributes.", shorten(key)))
}
