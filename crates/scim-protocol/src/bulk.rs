//! Bulk requests (RFC 7644 §3.7): their operations, and what these say of each other by `bulkId`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Object, ScimError, patch};

/// Most operations of one request. Each costs up to two round trips to the database.
pub const MAX_OPERATIONS: usize = 100;
/// Largest bulk request, in bytes.
pub const MAX_PAYLOAD: usize = 1024 * 1024;

/// How an operation names a resource that another one of the request makes.
const REFERENCE: &str = "bulkId:";

/// Names of operations and what they stand for. There are at most [`MAX_OPERATIONS`].
pub type Named<T> = Vec<(String, T)>;

/// A bulk request.
#[derive(Debug)]
pub struct BulkRequest {
    /// After how many failures the rest is left undone; `None`: never.
    pub fail_on_errors: Option<u64>,
    /// What is to be done.
    pub operations: Vec<BulkOperation>,
}

/// One operation, as it was sent.
#[derive(Debug)]
pub struct BulkOperation {
    /// HTTP method in upper case.
    pub method: String,
    /// Path relative to the base URL, such as `/Users/1`.
    pub path: String,
    /// The client's name for it.
    pub bulk_id: Option<String>,
    /// The version the client means, as `If-Match` would say it.
    pub version: Option<String>,
    /// The body.
    pub data: Option<Value>,
}

impl BulkRequest {
    /// Reads a BulkRequest message.
    ///
    /// # Errors
    /// `invalidSyntax` and `invalidValue` for a message that is none, 413 above [`MAX_OPERATIONS`].
    pub fn parse(body: Value) -> Result<Self, ScimError> {
        patch::check_schemas(&body)?;
        let Value::Object(mut body) = body else { return Err(not_a_message()) };
        let Some(Value::Array(operations)) = take(&mut body, "Operations") else {
            return Err(not_a_message());
        };
        if operations.len() > MAX_OPERATIONS {
            return Err(ScimError::too_many_operations(format!(
                "The request has {} operations; at most {MAX_OPERATIONS} (maxOperations) are carried out at once. Send the \
                 rest in further requests.",
                operations.len()
            )));
        }
        let fail_on_errors = match take(&mut body, "failOnErrors") {
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

    /// Which operation makes what a `bulkId` stands for.
    pub fn makers(&self) -> Named<usize> {
        let makers = self.operations.iter().enumerate().filter(|(_, operation)| operation.makes_something());
        makers.filter_map(|(index, operation)| Some((operation.bulk_id.clone()?, index))).collect()
    }

    /// The operations' indexes in the order in which they were sent, except that whoever refers to what another one
    /// makes waits for it. Where references go round in a circle (RFC 7644 §3.7.1), the first of it waits no longer.
    pub fn order(&mut self, makers: &Named<usize>) -> Vec<usize> {
        let waits_for: Vec<Vec<usize>> = self
            .operations
            .iter_mut()
            .map(|operation| {
                operation.references().iter().filter_map(|name| named(makers, name).copied()).collect()
            })
            .collect();
        let mut order: Vec<usize> = Vec::with_capacity(self.operations.len());
        let mut is_done = vec![false; self.operations.len()];
        let mut waiting: Vec<usize> = (0..self.operations.len()).collect();
        while !waiting.is_empty() {
            let is_ready = |index: &usize| {
                waits_for
                    .get(*index)
                    .is_none_or(|makers| makers.iter().all(|maker| is_done.get(*maker) == Some(&true)))
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

impl BulkOperation {
    fn parse(operation: Value) -> Result<Self, ScimError> {
        let Value::Object(mut operation) = operation else {
            return Err(ScimError::invalid_syntax("An operation must be an object."));
        };
        let mut text = |name: &str| match take(&mut operation, name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(ScimError::invalid_syntax(format!("\"{name}\" must be a string."))),
        };
        let method = text("method")?.unwrap_or_default().to_ascii_uppercase();
        if !matches!(method.as_str(), "POST" | "PUT" | "PATCH" | "DELETE") {
            return Err(ScimError::invalid_syntax("\"method\" must be POST, PUT, PATCH or DELETE."));
        }
        let path = text("path")?
            .ok_or_else(|| ScimError::invalid_syntax("\"path\" is missing, for example \"/Users\"."))?;
        let (bulk_id, version) = (text("bulkId")?, text("version")?.filter(|version| !version.is_empty()));
        if bulk_id.as_deref().is_some_and(|name| name.is_empty() || name.contains(['/', '"'])) {
            return Err(ScimError::invalid_value("\"bulkId\" must be a name without slashes and quotes."));
        }
        Ok(Self { method, path, bulk_id, version, data: take(&mut operation, "data") })
    }

    /// Whether others may refer to what it makes.
    pub fn makes_something(&self) -> bool {
        self.method == "POST" && self.bulk_id.is_some()
    }

    /// The names of the operations that it refers to, in its path or anywhere in its data.
    pub fn references(&mut self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        names.extend(self.path.split('/').filter_map(reference).map(str::to_owned));
        if let Some(data) = &mut self.data {
            each_text(data, false, &mut |text, is_path| {
                names.extend(parts(text, is_path).into_iter().filter_map(reference).map(str::to_owned));
            });
        }
        names
    }

    /// Whether its path names what another operation makes.
    pub fn is_about(&self, name: &str) -> bool {
        self.path.split('/').any(|segment| reference(segment) == Some(name))
    }

    /// The operation with identifiers in place of references, but for those of which `stays` says so.
    pub fn resolve(&mut self, ids: &Named<String>, stays: impl Fn(&str) -> bool) {
        let resolved = |text: &str| named(ids, reference(text).filter(|name| !stays(name))?).cloned();
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

/// What a name stands for.
pub fn named<'a, T>(all: &'a Named<T>, name: &str) -> Option<&'a T> {
    all.iter().find(|(own, _)| own == name).map(|(_, meaning)| meaning)
}

/// The name that a reference is made of.
fn reference(text: &str) -> Option<&str> {
    text.strip_prefix(REFERENCE).filter(|name| !name.is_empty())
}

/// Whether a text names what another operation makes, so that an identifier has yet to take its place.
pub fn is_reference(text: &str) -> bool {
    reference(text).is_some()
}

/// Takes a member out of an object, its name in any case.
fn take(object: &mut Object, name: &str) -> Option<Value> {
    let key = object.keys().find(|key| key.eq_ignore_ascii_case(name))?.clone();
    object.remove(&key)
}

/// Calls `visit` with every string, and whether it is a PATCH path, in which references are quoted: `members[value eq
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

/// The parts of a text that may be references: the whole of it, or what is quoted.
fn parts(text: &str, is_path: bool) -> Vec<&str> {
    if is_path { text.split('"').collect() } else { vec![text] }
}

fn not_a_message() -> ScimError {
    ScimError::invalid_syntax(
        "The body must be a BulkRequest message: an object with an array \"Operations\".",
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(operations: &Value) -> Result<BulkRequest, ScimError> {
        BulkRequest::parse(json!({"failOnErrors": 1, "Operations": operations}))
    }

    fn order(operations: &Value) -> Vec<usize> {
        let mut bulk = request(operations).unwrap();
        let makers = bulk.makers();
        bulk.order(&makers)
    }

    #[test]
    fn who_refers_waits_and_nobody_is_overtaken() {
        let patch =
            json!({"method": "patch", "path": "/Groups/bulkId:g", "data": {"x": [{"value": "bulkId:b"}]}});
        let group = json!({"method": "POST", "path": "/Groups", "bulkId": "g", "data": {"path": "members[value eq \"bulkId:a\"]"}});
        let post = |name: &str, manager: &str| json!({"method": "POST", "path": "/Users", "bulkId": name, "data": {"manager": {"value": manager}}});
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
            "manager": {"value": "bulkId:b"}, "title": "bulkId:", "note": "see \"bulkId:b\"", "path": "members[value eq \"bulkId:b\"]",
        }}]))
        .unwrap();
        let ids = vec![("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())];
        let operation = bulk.operations.first_mut().unwrap();
        operation.resolve(&ids, |_| false);
        assert_eq!(operation.path, "/Users/1");
        let expected = json!({"manager": {"value": "2"}, "title": "bulkId:", "note": "see \"bulkId:b\"",
            "path": "members[value eq \"2\"]"});
        assert_eq!(operation.data, Some(expected));
    }

    #[test]
    fn messages_that_are_none() {
        assert!(BulkRequest::parse(json!([])).is_err());
        assert!(BulkRequest::parse(json!({"Operations": {}})).is_err());
        assert!(BulkRequest::parse(json!({"failOnErrors": -1, "Operations": []})).is_err());
        let zero = BulkRequest::parse(json!({"failOnErrors": 0, "Operations": []})).unwrap();
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
        let many = vec![json!({"method": "DELETE", "path": "/Users/1"}); MAX_OPERATIONS + 1];
        assert_eq!(request(&json!(many)).unwrap_err().status, 413);
    }
}
