//! The attributes that every resource has (RFC 7643 §3, §3.1). No schema lists them.

use super::attribute::{Attribute, Kind, Returned};

/// `schemas`, `id`, `externalId` and `meta`.
pub(crate) fn common() -> Vec<Attribute> {
    vec![
        Attribute::reference("schemas", &["uri"], "URNs of the schemas whose attributes the resource has.")
            .multi_valued()
            .read_only()
            .returned(Returned::Always),
        Attribute::string("id", "The service provider's identifier of the resource; it never changes.")
            .case_exact()
            .unique()
            .read_only()
            .returned(Returned::Always),
        Attribute::string("externalId", "The client's identifier of the resource.").case_exact(),
        Attribute::complex(
            "meta",
            "What the service provider knows about the resource.",
            vec![
                Attribute::string("resourceType", "Name of the resource type.").case_exact(),
                Attribute::new("created", Kind::DateTime, "When the resource was created."),
                Attribute::new("lastModified", Kind::DateTime, "When the resource last changed."),
                Attribute::reference("location", &["uri"], "URI of the resource."),
                Attribute::string("version", "Entity tag of the resource as it is.").case_exact(),
            ],
        )
        .read_only(),
    ]
}
