//! The User resource: RFC 7643 §4.1 and the enterprise extension of §4.3.

use super::attribute::{Attribute, Kind, Mutability, Returned};
use super::common::common;
use super::resource_type::{ResourceType, Schema};
use super::urn::{CORE_USER, ENTERPRISE_USER, OLDER_CORE_USER, OLDER_ENTERPRISE_USER};

/// What addresses and e-mail addresses are for.
const PLACES: &[&str] = &["work", "home", "other"];

/// The User resource type.
pub fn user() -> ResourceType {
    ResourceType {
        name: "User",
        endpoint: "/Users",
        description: "A person of the organization.",
        schema: Schema {
            id: CORE_USER,
            older_ids: OLDER_CORE_USER,
            name: "User",
            description: "User account",
            attributes: core(),
        },
        extensions: vec![Schema {
            id: ENTERPRISE_USER,
            older_ids: OLDER_ENTERPRISE_USER,
            name: "EnterpriseUser",
            description: "Attributes of people in an enterprise",
            attributes: enterprise(),
        }],
        common: common(),
    }
}

fn core() -> Vec<Attribute> {
    let text = Attribute::string;
    vec![
        text(
            "userName",
            "The name that identifies the person; usually a mail address. Unique without regard to case.",
        )
        .required()
        .unique(),
        Attribute::complex("name", "The parts of the person's name.", name()),
        text("displayName", "The name to show to people."),
        text("nickName", "The casual name."),
        Attribute::reference("profileUrl", &["external"], "Address of the person's page."),
        text("title", "Job title, for example \"Vice President\"."),
        text("userType", "Relation to the organization, for example \"Contractor\"."),
        text("preferredLanguage", "Languages in the form of the Accept-Language header."),
        text("locale", "Locale for dates, numbers and currency, for example \"en-US\"."),
        text("timezone", "IANA time zone, for example \"Europe/Berlin\"."),
        Attribute::new("active", Kind::Boolean, "Whether the person belongs to the organization."),
        text("password", "Accepted and thrown away: never stored, logged or returned.")
            .mutability(Mutability::WriteOnly)
            .returned(Returned::Never),
        multi_valued("emails", "Mail addresses.", text("value", "The mail address."), PLACES),
        multi_valued(
            "phoneNumbers",
            "Telephone numbers.",
            text("value", "The number."),
            &["work", "home", "mobile", "fax", "pager", "other"],
        ),
        multi_valued(
            "ims",
            "Instant messaging addresses.",
            text("value", "The address."),
            &["aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"],
        ),
        multi_valued(
            "photos",
            "Pictures of the person.",
            Attribute::reference("value", &["external"], "Address of the picture."),
            &["photo", "thumbnail"],
        ),
        addresses(),
        groups(),
        multi_valued(
            "entitlements",
            "What the person is entitled to.",
            text("value", "The entitlement."),
            &[],
        ),
        multi_valued("roles", "Roles, as the client names them.", text("value", "The role."), &[]),
        multi_valued(
            "x509Certificates",
            "Certificates of the person.",
            Attribute::new("value", Kind::Binary, "The certificate, DER in Base64.").case_exact(),
            &[],
        ),
    ]
}

fn name() -> Vec<Attribute> {
    let text = Attribute::string;
    vec![
        text("formatted", "The whole name as it is displayed."),
        text("familyName", "Last name."),
        text("givenName", "First name."),
        text("middleName", "Middle names."),
        text("honorificPrefix", "Title, for example \"Ms.\"."),
        text("honorificSuffix", "Suffix, for example \"III\"."),
    ]
}

/// A multi-valued attribute with the usual sub-attributes (RFC 7643 §2.4).
fn multi_valued(
    name: &str,
    description: &'static str,
    value: Attribute,
    types: &'static [&'static str],
) -> Attribute {
    let sub_attributes = vec![
        value,
        Attribute::string("display", "Name to show to people."),
        Attribute::string("type", "What the value is for.").canonical(types),
        primary(),
    ];
    Attribute::complex(name, description, sub_attributes).multi_valued()
}

fn primary() -> Attribute {
    Attribute::new("primary", Kind::Boolean, "Whether this is the preferred value; true at most once.")
}

fn addresses() -> Attribute {
    let text = Attribute::string;
    let parts = vec![
        text("formatted", "The whole address as it is displayed."),
        text("streetAddress", "Street, house number, and the like."),
        text("locality", "City."),
        text("region", "State or region."),
        text("postalCode", "Postal code."),
        text("country", "Country, ISO 3166-1 alpha-2."),
        text("type", "What the address is for.").canonical(PLACES),
        primary(),
    ];
    Attribute::complex("addresses", "Postal addresses.", parts).multi_valued()
}

fn groups() -> Attribute {
    let parts = vec![
        Attribute::string("value", "The group's id.").case_exact(),
        Attribute::reference("$ref", &["Group"], "URI of the group."),
        Attribute::string("display", "The group's displayName."),
        Attribute::string("type", "How the person belongs to it.").canonical(&["direct"]),
    ];
    Attribute::complex("groups", "The groups the person is in. Changed through the groups.", parts)
        .multi_valued()
        .read_only()
}

fn enterprise() -> Vec<Attribute> {
    let text = Attribute::string;
    let manager = vec![
        text("value", "The manager's id.").case_exact(),
        Attribute::reference("$ref", &["User"], "URI of the manager."),
        text("displayName", "The manager's displayName.").read_only(),
    ];
    vec![
        text("employeeNumber", "Number or code the organization gave the person."),
        text("costCenter", "Cost center."),
        text("organization", "Organization."),
        text("division", "Division."),
        text("department", "Department."),
        Attribute::complex("manager", "The person's manager.", manager),
    ]
}
