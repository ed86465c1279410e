//! Bulk requests and responses (RFC 7644 §3.7): operations, their order, and the references between them by `bulkId`.

use litemap::LiteMap;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::message::{BULK_RESPONSE, check_schemas};
use crate::object::IgnoreCase;
use crate::text::in_order;
use crate::{Limits, ScimError};

/// How an operation refers to the resource that another one creates.
const REFERENCE: &str = "bulkId:";

/// A BulkRequest message.
#[derive(Debug)]
pub struct BulkRequest {
    /// Number of failures after which the rest is not carried out; `None` for no such number.
    pub fail_on_errors: Option<u64>,
    /// The operations in the order in which they were sent.
    pub operations: Vec<BulkOperation>,
}

/// One operation of a bulk request.
#[derive(Debug)]
pub struct BulkOperation {
    /// The HTTP method.
    pub method: BulkMethod,
    /// Path relative to the base URL, such as `/Users/1`.
    pub path: String,
    /// The client's name for the operation.
    pub bulk_id: Option<String>,
    /// The entity tag that the resource must have, as in `If-Match`.
    pub version: Option<String>,
    /// The body.
    pub data: Option<Value>,
}

/// The HTTP methods of bulk operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "they say what they are")]
pub enum BulkMethod {
    Post,
    Put,
    Patch,
    Delete,
}

impl BulkMethod {
    /// Reads a method in any case.
    fn parse(method: &str) -> Option<Self> {
        [Self::Post, Self::Put, Self::Patch, Self::Delete]
            .into_iter()
            .find(|known| known.as_str().eq_ignore_ascii_case(method))
    }

    /// The method in upper case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// A BulkResponse message (RFC 7644 §3.7.3).
#[derive(Debug, Clone, Serialize)]
pub struct BulkResponse {
    schemas: [&'static str; 1],
    #[serde(rename = "Operations")]
    operations: Vec<BulkOperationResponse>,
}

impl BulkResponse {
    /// The response with the operations that were carried out.
    pub fn new(operations: Vec<BulkOperationResponse>) -> Self {
        Self { schemas: [BULK_RESPONSE], operations }
    }
}

/// The outcome of one bulk operation.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BulkOperationResponse {
    /// The method of the operation.
    pub method: BulkMethod,
    /// The `bulkId` of the operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bulk_id: Option<String>,
    /// URL of the resource. Only a POST that failed has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Entity tag of the resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// HTTP status code; a string in JSON.
    #[serde(serialize_with = "as_string")]
    pub status: u16,
    /// The body of the response, for an operation that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<Value>,
}

fn as_string<S: Serializer>(status: &u16, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(status)
}

impl BulkRequest {
    /// Reads a BulkRequest message.
    ///
    /// # Errors
    /// `invalidSyntax` or `invalidValue` for a malformed message, 413 above [`Limits::max_bulk_operations`].
    pub fn parse(mut body: Value, limits: &Limits) -> Result<Self, ScimError> {
        check_schemas(&body)?;
        let Some(Value::Array(operations)) = body.remove_ignore_case("Operations") else {
            return Err(ScimError::invalid_syntax(
                "The body must be a BulkRequest message: an object with an array \"Operations\".",
            ));
        };
        let most = limits.max_bulk_operations;
        if operations.len() > most {
            return Err(ScimError::too_many_operations(format!(
                "The request has {} operations; at most {most} (maxOperations) are carried out at once. Send the \
                 rest in further requests.",
                operations.len()
            )));
        }
        let fail_on_errors = match body.remove_ignore_case("failOnErrors") {
            None | Some(Value::Null) => None,
            // Clients send 0 for a number that is not set.
            Some(value) => Some(value.as_u64().ok_or_else(|| {
                ScimError::invalid_value(
                    "\"failOnErrors\" must be an integer; left out or 0, nothing is skipped.",
                )
            })?)
            .filter(|most| *most > 0),
        };
        let operations = operations
            .into_iter()
            .enumerate()
            .map(|(index, operation)| {
                BulkOperation::parse(operation).map_err(|mut error| {
                    error.detail.insert_str(0, &format!("Operations[{index}]: "));
                    error
                })
            })
            .collect::<Result<Vec<_>, ScimError>>()?;
        let names = || operations.iter().filter_map(|operation| operation.bulk_id.as_deref());
        if names().enumerate().any(|(index, name)| names().take(index).any(|earlier| earlier == name)) {
            return Err(ScimError::invalid_value(
                "Two operations have the same \"bulkId\"; each needs its own.",
            ));
        }
        Ok(Self { fail_on_errors, operations })
    }

    /// The operations that create a resource, by their `bulkId`.
    pub fn creations(&self) -> Creations {
        let mut creations = LiteMap::new();
        for (index, operation) in self.operations.iter().enumerate() {
            if let (BulkMethod::Post, Some(bulk_id)) = (operation.method, &operation.bulk_id) {
                creations.insert(bulk_id.clone(), index);
            }
        }
        Creations(creations)
    }

    /// The operations' indexes in the order in which they are to be carried out: as they were sent, except that an
    /// operation runs after those whose resources it refers to. Of a cycle of references (RFC 7644 §3.7.1), the
    /// operation that was sent first runs first.
    ///
    /// `creations` are those of [`BulkRequest::creations`].
    pub fn order(&mut self, creations: &Creations) -> Vec<usize> {
        let waits_for: Vec<Vec<usize>> = self
            .operations
            .iter_mut()
            .map(|operation| {
                operation.references().iter().filter_map(|name| creations.index_of(name)).collect()
            })
            .collect();
        let mut order: Vec<usize> = Vec::with_capacity(self.operations.len());
        let mut is_done = vec![false; self.operations.len()];
        let mut waiting: Vec<usize> = (0..self.operations.len()).collect();
        while !waiting.is_empty() {
            let is_ready = |index: &usize| {
                waits_for
                    .get(*index)
                    .is_none_or(|others| others.iter().all(|other| is_done.get(*other) == Some(&true)))
            };
            let next = waiting.iter().position(is_ready).unwrap_or_default();
            let next = waiting.remove(next);
            order.push(next);
            if let Some(is_done) = is_done.get_mut(next) {
                *is_done = true;
            }
        }
        order
    }
}

/// The operations of a request that create a resource, by their `bulkId`.
#[derive(Debug)]
pub struct Creations(LiteMap<String, usize>);

impl Creations {
    /// Their `bulkId`s.
    pub fn bulk_ids(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The index of the one with this `bulkId`.
    pub fn index_of(&self, bulk_id: &str) -> Option<usize> {
        self.0.get(bulk_id).copied()
    }
}

impl BulkOperation {
    fn parse(mut operation: Value) -> Result<Self, ScimError> {
        if !operation.is_object() {
            return Err(ScimError::invalid_syntax("An operation must be an object."));
        }
        let mut text = |name: &str| match operation.remove_ignore_case(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(ScimError::invalid_syntax(format!("\"{name}\" must be a string."))),
        };
        let method = text("method")?
            .and_then(|method| BulkMethod::parse(&method))
            .ok_or_else(|| ScimError::invalid_syntax("\"method\" must be POST, PUT, PATCH or DELETE."))?;
        let path = text("path")?
            .ok_or_else(|| ScimError::invalid_syntax("\"path\" is missing, for example \"/Users\"."))?;
        let (bulk_id, version) = (text("bulkId")?, text("version")?.filter(|version| !version.is_empty()));
        if bulk_id.as_deref().is_some_and(|name| name.is_empty() || name.contains(['/', '"'])) {
            return Err(ScimError::invalid_value("\"bulkId\" must be a name without slashes and quotes."));
        }
        Ok(Self { method, path, bulk_id, version, data: operation.remove_ignore_case("data") })
    }

    /// The `bulkId`s that it refers to, in its path or anywhere in its data: each once, in the order of the alphabet.
    pub fn references(&mut self) -> Vec<String> {
        let mut names: Vec<String> = self.path.split('/').filter_map(reference).map(str::to_owned).collect();
        if let Some(data) = &mut self.data {
            each_text(data, false, &mut |text, is_path| {
                names.extend(parts(text, is_path).into_iter().filter_map(reference).map(str::to_owned));
            });
        }
        in_order(names)
    }

    /// Whether its path refers to this `bulkId`.
    pub fn targets(&self, bulk_id: &str) -> bool {
        self.path.split('/').any(|segment| reference(segment) == Some(bulk_id))
    }

    /// Replaces references by the identifiers of resources: `id_of` has that of a `bulkId`. Others stay.
    pub fn resolve(&mut self, id_of: &dyn Fn(&str) -> Option<String>) {
        let resolved = |text: &str| id_of(reference(text)?);
        self.path = self
            .path
            .split('/')
            .map(|segment| resolved(segment).unwrap_or_else(|| segment.to_owned()))
            .collect::<Vec<_>>()
            .join("/");
        if let Some(data) = &mut self.data {
            each_text(data, false, &mut |text, is_path| {
                let parts: Vec<String> = parts(text, is_path)
                    .into_iter()
                    .map(|part| resolved(part).unwrap_or_else(|| part.to_owned()))
                    .collect();
                *text = parts.join("\"");
            });
        }
    }
}

/// The `bulkId` in a reference.
fn reference(text: &str) -> Option<&str> {
    text.strip_prefix(REFERENCE).filter(|name| !name.is_empty())
}

/// Whether a text is a reference to the resource of another operation.
pub fn is_reference(text: &str) -> bool {
    reference(text).is_some()
}

/// Calls `visit` with every string, and whether it is a PATCH path. References in it are quoted: `members[value eq
/// "bulkId:a"]`.
fn each_text(value: &mut Value, is_path: bool, visit: &mut impl FnMut(&mut String, bool)) {
    match value {
        Value::String(text) => visit(text, is_path),
        Value::Array(items) => items.iter_mut().for_each(|item| each_text(item, false, visit)),
        Value::Object(members) => {
            for (name, value) in members.iter_mut() {
                each_text(value, name.eq_ignore_ascii_case("path"), visit);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The parts of a text that may be references: the whole text, or in a PATCH path what is in quotes.
fn parts(text: &str, is_path: bool) -> Vec<&str> {
    if is_path { text.split('"').collect() } else { vec![text] }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(body: Value) -> Result<BulkRequest, ScimError> {
        BulkRequest::parse(body, &Limits::DEFAULT)
    }

    fn request(operations: &Value) -> Result<BulkRequest, ScimError> {
        parse(json!({"failOnErrors": 1, "Operations": operations}))
    }

    fn order(operations: &Value) -> Vec<usize> {
        let mut bulk = request(operations).unwrap();
        let creations = bulk.creations();
        bulk.order(&creations)
    }

    #[test]
    fn operations_run_after_those_that_they_refer_to_and_else_in_order() {
        let patch =
            json!({"method": "patch", "path": "/Groups/bulkId:g", "data": {"x": [{"value": "bulkId:b"}]}});
        let data = json!({"path": "members[value eq \"bulkId:a\"]"});
        let group = json!({"method": "POST", "path": "/Groups", "bulkId": "g", "data": data});
        let post = |name: &str, manager: &str| {
            let data = json!({"manager": {"value": manager}});
            json!({"method": "POST", "path": "/Users", "bulkId": name, "data": data})
        };
        let delete = json!({"method": "DELETE", "path": "/Users/1"});
        assert_eq!(
            order(&json!([patch, group, delete, post("a", "x"), post("b", "bulkId:a")])),
            [2, 3, 1, 4, 0]
        );
        assert_eq!(
            order(&json!([patch, delete, post("a", "bulkId:b"), post("b", "bulkId:a")])),
            [1, 0, 2, 3]
        );
        assert_eq!(order(&json!([post("a", "bulkId:b"), post("b", "bulkId:a"), delete])), [2, 0, 1]);
    }

    #[test]
    fn references_become_identifiers() {
        let mut bulk = request(&json!([{"method": "PUT", "path": "/Users/bulkId:a", "data": {
            "manager": {"value": "bulkId:b"}, "title": "bulkId:", "note": "see \"bulkId:b\"",
            "path": "members[value eq \"bulkId:b\"]",
        }}]))
        .unwrap();
        let operation = bulk.operations.first_mut().unwrap();
        assert_eq!(operation.references(), ["a", "b"]);
        operation.resolve(&|bulk_id| match bulk_id {
            "a" => Some("1".to_owned()),
            "b" => Some("2".to_owned()),
            _ => None,
        });
        assert_eq!(operation.path, "/Users/1");
        let expected = json!({"manager": {"value": "2"}, "title": "bulkId:", "note": "see \"bulkId:b\"",
            "path": "members[value eq \"2\"]"});
        assert_eq!(operation.data, Some(expected));
    }

    #[test]
    fn malformed_messages_are_refused() {
        assert!(parse(json!([])).is_err());
        assert!(parse(json!({"Operations": {}})).is_err());
        assert!(parse(json!({"failOnErrors": -1, "Operations": []})).is_err());
        let zero = parse(json!({"failOnErrors": 0, "Operations": []})).unwrap();
        assert_eq!(zero.fail_on_errors, None);
        for operation in [
            json!("x"),
            json!({"method": "GET", "path": "/Users"}),
            json!({"method": "POST"}),
            json!({"method": "POST", "path": 5}),
            json!({"method": "POST", "path": "/Users", "bulkId": "a/b"}),
        ] {
            assert!(
                request(&json!([operation])).unwrap_err().detail.starts_with("Operations[0]"),
                "{operation}"
            );
        }
        let twice = json!({"method": "POST", "path": "/Users", "bulkId": "a"});
        assert!(request(&json!([twice, twice])).is_err());
        let many =
            vec![json!({"method": "DELETE", "path": "/Users/1"}); Limits::DEFAULT.max_bulk_operations + 1];
        assert_eq!(request(&json!(many)).unwrap_err().status, 413);
    }
}
