//! JSON objects whose members are named in any case.

use serde_json::{Map, Value};

/// A SCIM resource, or any JSON object inside one.
pub type Object = Map<String, Value>;

/// Members by name in any case: attribute names are not case sensitive (RFC 7643 §2.1), and clients rely on it for the
/// members of messages as well.
///
/// ```
/// use scim_protocol::IgnoreCase;
/// use serde_json::json;
///
/// let operation = json!({"Op": "Replace", "Path": "active"});
/// assert_eq!(operation.get_ignore_case("op"), Some(&json!("Replace")));
/// ```
pub trait IgnoreCase {
    /// The member of that name; of several, the one in exactly this spelling, else the first.
    fn get_ignore_case(&self, name: &str) -> Option<&Value>;

    /// Removes the member that [`IgnoreCase::get_ignore_case`] finds. The order of the other members may change.
    fn remove_ignore_case(&mut self, name: &str) -> Option<Value>;
}

impl IgnoreCase for Object {
    fn get_ignore_case(&self, name: &str) -> Option<&Value> {
        self.get(name)
            .or_else(|| self.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
    }

    fn remove_ignore_case(&mut self, name: &str) -> Option<Value> {
        self.remove(name).or_else(|| {
            let key = self.keys().find(|key| key.eq_ignore_ascii_case(name))?.clone();
            self.remove(&key)
        })
    }
}

/// A value that is not an object has no members.
impl IgnoreCase for Value {
    fn get_ignore_case(&self, name: &str) -> Option<&Value> {
        self.as_object()?.get_ignore_case(name)
    }

    fn remove_ignore_case(&mut self, name: &str) -> Option<Value> {
        self.as_object_mut()?.remove_ignore_case(name)
    }
}
