//! The Group resource: RFC 7643 §4.2.

use super::attribute::{Attribute, Mutability};
use super::common::common;
use super::resource_type::{ResourceType, Schema};
use super::urn::{CORE_GROUP, OLDER_CORE_GROUP};

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
        description: "A group of users.",
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
