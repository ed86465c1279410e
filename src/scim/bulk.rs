//! Bulk requests (RFC 7644 §3.7): their operations, and what these say of each other by `bulkId`.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::{Object, ScimError};

/// Most operations of one request. Each costs up to two round trips to the database.
pub const MAX_OPERATIONS: usize = 100;
/// Largest bulk request, in bytes.
pub const MAX_PAYLOAD: usize = 1024 * 1024;

/// How an operation names a resource that another one of the request makes.
const REFERENCE: &str = "bulkId:";

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
            Some(value) => Some(value.as_u64().filter(|most| *most > 0).ok_or_else(|| {
                ScimError::invalid_value("\"failOnErrors\" must be an integer of at least 1.")
            })?),
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
        let mut names = BTreeSet::new();
        for name in operations.iter().filter_map(|operation| operation.bulk_id.as_deref()) {
            if !names.insert(name) {
                return Err(ScimError::invalid_value(
                    "Two operations have the same \"bulkId\"; each needs its own.",
                ));
            }
        }
        Ok(Self { fail_on_errors, operations })
    }

    /// The operations' indexes in an order in which each comes after those that make what it refers to, and
    /// otherwise as they were sent. Where references go round in a circle (RFC 7644 §3.7.1), the circle is
    /// broken somewhere.
    pub fn order(&self) -> Vec<usize> {
        let makers: HashMap<&str, usize> = self
            .operations
            .iter()
            .enumerate()
            .filter(|(_, operation)| operation.makes_something())
            .filter_map(|(index, operation)| Some((operation.bulk_id.as_deref()?, index)))
            .collect();
        let mut order = Vec::with_capacity(self.operations.len());
        let mut visited = vec![false; self.operations.len()];
        for index in 0..self.operations.len() {
            self.visit(index, &makers, &mut visited, &mut order);
        }
        order
    }

    /// At most [`MAX_OPERATIONS`] deep.
    fn visit(
        &self,
        index: usize,
        makers: &HashMap<&str, usize>,
        visited: &mut [bool],
        order: &mut Vec<usize>,
    ) {
        match visited.get_mut(index) {
            Some(visited) if !*visited => *visited = true,
            _ => return,
        }
        if let Some(operation) = self.operations.get(index) {
            for name in operation.references() {
                if let Some(&maker) = makers.get(name.as_str()) {
                    self.visit(maker, makers, visited, order);
                }
            }
        }
        order.push(index);
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
        let (bulk_id, version) = (text("bulkId")?, text("version")?);
        Ok(Self { method, path, bulk_id, version, data: take(&mut operation, "data") })
    }

    /// Whether others may refer to what it makes.
    pub fn makes_something(&self) -> bool {
        self.method == "POST" && self.bulk_id.is_some()
    }

    /// The names of the operations that it refers to, in its path or anywhere in its data.
    pub fn references(&self) -> BTreeSet<String> {
        let mut names: BTreeSet<String> = self
            .path
            .split('/')
            .filter_map(|segment| segment.strip_prefix(REFERENCE))
            .map(str::to_owned)
            .collect();
        if let Some(data) = &self.data {
            collect(data, &mut names);
        }
        names
    }

    /// The operation with identifiers in place of references.
    pub fn resolve(&mut self, ids: &HashMap<String, String>) {
        let resolved = |text: &str| ids.get(text.strip_prefix(REFERENCE)?).cloned();
        self.path = self
            .path
            .split('/')
            .map(|segment| resolved(segment).unwrap_or_else(|| segment.to_owned()))
            .collect::<Vec<_>>()
            .join("/");
        if let Some(data) = &mut self.data {
            replace(data, &resolved);
        }
    }
}

/// Takes a member out of an object, its name in any case.
fn take(object: &mut Object, name: &str) -> Option<Value> {
    let key = object.keys().find(|key| key.eq_ignore_ascii_case(name))?.clone();
    object.remove(&key)
}

fn collect(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => names.extend(text.strip_prefix(REFERENCE).map(str::to_owned)),
        Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
        Value::Object(members) => members.values().for_each(|value| collect(value, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn replace(value: &mut Value, resolved: &impl Fn(&str) -> Option<String>) {
    match value {
        Value::String(text) => {
            if let Some(id) = resolved(text) {
                *text = id;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, resolved)),
        Value::Object(members) => members.values_mut().for_each(|value| replace(value, resolved)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
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

    #[test]
    fn what_is_referred_to_comes_first() {
        let bulk = request(&json!([
            {"method": "patch", "path": "/Groups/bulkId:g", "data": {"x": [{"value": "bulkId:b"}]}},
            {"method": "POST", "path": "/Groups", "bulkId": "g", "data": {"members": [{"value": "bulkId:a"}]}},
            {"method": "POST", "path": "/Users", "bulkId": "a", "data": {"manager": {"value": "bulkId:b"}}},
            {"method": "POST", "path": "/Users", "bulkId": "b", "data": {"manager": {"value": "bulkId:a"}}},
            {"method": "DELETE", "path": "/Users/1"},
        ]))
        .unwrap();
        assert_eq!(bulk.order(), [2, 3, 1, 0, 4]);
    }

    #[test]
    fn references_become_identifiers() {
        let mut bulk = request(&json!([
            {"method": "PUT", "path": "/Users/bulkId:a", "data": {"manager": {"value": "bulkId:b"}, "title": "bulkId:"}},
        ]))
        .unwrap();
        let ids = HashMap::from([("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())]);
        let operation = bulk.operations.first_mut().unwrap();
        operation.resolve(&ids);
        assert_eq!(operation.path, "/Users/1");
        assert_eq!(operation.data, Some(json!({"manager": {"value": "2"}, "title": "bulkId:"})));
    }

    #[test]
    fn messages_that_are_none() {
        assert!(BulkRequest::parse(json!([])).is_err());
        assert!(BulkRequest::parse(json!({"Operations": {}})).is_err());
        assert!(BulkRequest::parse(json!({"failOnErrors": 0, "Operations": []})).is_err());
        for operation in [
            json!("x"),
            json!({"method": "GET", "path": "/Users"}),
            json!({"method": "POST"}),
            json!({"method": "POST", "path": 5}),
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
