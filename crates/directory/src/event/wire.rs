//! Events as JSON: the name of the type, and the fields beside it.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use scim_protocol::json;

use super::Event;

/// An event as it is stored and shown.
#[derive(Serialize, Deserialize)]
struct Tagged {
    r#type: String,
    data: Value,
}

// What serde derives for an enum with its fields beside its tag reads them in two ways, since either may come first,
// and has the code of all types twice. What it derives for an enum with its tag as the only key is half of that.
impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields =
            Self::serialize(self, serde_json::value::Serializer).map_err(serde::ser::Error::custom)?;
        let Value::Object(fields) = fields else {
            return Err(serde::ser::Error::custom("an event is not an object"));
        };
        let Some((r#type, data)) = fields.into_iter().next() else {
            return Err(serde::ser::Error::custom("an event has no type"));
        };
        Tagged { r#type, data }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Tagged { r#type, data } = Tagged::deserialize(deserializer)?;
        let ByType(event) = json::read_object(&Map::from_iter([(r#type, data)])).map_err(D::Error::custom)?;
        Ok(event)
    }
}

/// An event with its type as the only key.
#[derive(Deserialize)]
struct ByType(#[serde(deserialize_with = "Event::deserialize")] Event);

#[cfg(test)]
mod tests {
    use super::super::*;

    #[test]
    fn the_name_of_a_type_is_the_same_everywhere() {
        let event = Event::PersonDeactivated {
            org_role: Transition { before: OrgRole::Admin, after: OrgRole::Member },
        };
        let json = serde_json::to_value(&event).unwrap();
        let name: &str = EventType::from(&event).into();
        assert_eq!(json.get("type").unwrap(), name);
        assert_eq!(name.parse(), Ok(EventType::PersonDeactivated));
        assert_eq!(serde_json::from_value::<Event>(json).unwrap(), event);
        for each in EventType::VARIANTS {
            let name: &str = each.into();
            assert_eq!(name.split('.').count(), 2, "{name} is subject.deed");
        }
    }

    #[test]
    fn what_the_database_makes_is_read() {
        let made = serde_json::json!({"type": "membership.removed", "data": {
            "groups": [{"id": "g", "name": "Statsig-Web-Admin", "external_id": null, "team": null, "role": "Admin",
                "project": {"id": "p", "name": "Web"}}],
            "people": [{"id": "u", "since": 7}],
        }});
        let Event::MembershipRemoved(Memberships { groups, people }) = serde_json::from_value(made).unwrap()
        else {
            panic!("another event");
        };
        assert_eq!(groups.first().unwrap().project.as_ref().unwrap().name, "Web");
        assert_eq!(people, [PersonRef { id: "u".to_owned(), since: Some(7) }]);
    }
}
