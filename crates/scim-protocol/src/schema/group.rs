//! The Group resource: RFC 7643 §4.2.

use super::meta::common;
use super::{Attribute, CORE_GROUP, Mutability, ResourceType, Schema};

/// Earlier names of the core Group schema. Those without a type stand for the core schema of users, too.
const OLDER_CORE_GROUP: &[&str] = &[
    "urn:ietf:params:scim:schemas:core:1.0:Group",
    "urn:scim:schemas:core:1.0:Group",
    "urn:scim:schemas:core:2.0:Group",
    "urn:scim:schemas:core:1.0",
    "urn:scim:schemas:core:2.0",
];

/// All names of the schema of groups.
pub(crate) const IDS: &[&[&str]] = &[&[CORE_GROUP], OLDER_CORE_GROUP];

/// The Group resource type.
pub fn group() -> ResourceType {
    let members = vec![
        Attribute::string("value", "The member's id.")
            .required()
            .case_exact()
            .mutability(Mutability::Immutable),
        Attribute::reference("$ref", &["User"], "URI of the member; follows from the id.")
            .mutability(Mutability::Immutable),
        Attribute::string("display", "The member's name.").read_only(),
        Attribute::string("type", "What the member is.")
            .canonical(&["User"])
            .mutability(Mutability::Immutable),
    ];
    ResourceType {
        name: "Group",
        endpoint: "/Groups",
        description: "A role of a project or of a team, and who has it.",
        schema: Schema {
            id: CORE_GROUP,
            older_ids: OLDER_CORE_GROUP,
            name: "Group",
            description: "Group of users",
            attributes: vec![
                Attribute::string("displayName", "The group's name. Unique without regard to case.")
                    .required()
                    .unique(),
                Attribute::complex("members", "The users in the group.", members).multi_valued(),
            ],
        },
        extensions: Vec::new(),
        common: common(),
    }
}
