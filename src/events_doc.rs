//! Renders the reference in docs/events.md from the types of [`directory::event`] and their comments, and compares;
//! `UPDATE=1 cargo test --lib events_are` rewrites it.

use std::collections::BTreeMap;
use std::fs;

use strum::VariantArray;
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayItems, KnownFormat, Object, SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::admin_api::types::events::{ChangeEvent, Deed};
use directory::event::{Event, EventType, MAX_LISTED};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/events.md");
const BEGIN: &str = "<!-- events -->\n";
const END: &str = "<!-- /events -->";
/// How the names of types with a value before and after begin.
const TRANSITION: &str = "Transition_";
/// The types that have a section of their own, and its anchor.
const SECTIONS: [(&str, &str); 2] =
    [("ChangeEvent", "what-each-event-has"), ("Event", "what-events-of-each-type-have")];

/// The types that fields have, by name.
type Named = BTreeMap<String, RefOr<Schema>>;

#[test]
fn events_are_documented() {
    let mut named = Vec::new();
    Deed::schemas(&mut named);
    let named: Named = named.into_iter().collect();
    let RefOr::T(Schema::OneOf(variants)) = Event::schema() else { panic!("an event is not one of several") };
    let variants: Vec<&Object> = variants.items.iter().map(|variant| object(variant, &named)).collect();
    let names: Vec<&str> = variants.iter().map(|variant| name(variant)).collect();
    assert_eq!(names, EventType::VARIANTS.iter().map(<&str>::from).collect::<Vec<_>>());

    let mut summary = String::new();
    let mut details = String::new();
    for (name, variant) in names.iter().zip(variants) {
        let happened = text(variant.description.as_deref());
        let (first, _) = happened.split_once(". ").unwrap_or((happened.trim_end_matches('.'), ""));
        summary.push_str(&format!("| [`{name}`](#{}) | {first} |\n", name.replace('.', "")));
        let data = object(variant.properties.values().next().unwrap(), &named);
        details.push_str(&format!("### `{name}`\n\n{happened}\n\n{}", fields(data, &named)));
    }
    let types: String = named
        .iter()
        .filter(|(name, _)| !name.starts_with(TRANSITION) && section_of(name).is_none())
        .map(|(name, schema)| {
            let schema = object(schema, &named);
            let about = schema.description.as_deref().map(|comment| format!("{}\n\n", text(Some(comment))));
            format!("### {name}\n\n{}{}", about.unwrap_or_default(), fields(schema, &named))
        })
        .collect();
    let (frame, deed) = (ChangeEvent::schema(), Deed::schema());
    let reference = format!(
        "\n## All types\n\n| type | what happened |\n| --- | --- |\n{summary}\n\
         ## What each event has\n\n{}## What a deed has\n\n{}## What events of each type have\n\n{details}\
         ## Types of fields\n\n{types}",
        fields(object(&frame, &named), &named),
        fields(object(&deed, &named), &named),
    );

    let document = fs::read_to_string(PATH).unwrap();
    let (before, rest) = document.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let expected = format!("{before}{BEGIN}{reference}{END}{after}");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(PATH, expected).unwrap();
    } else {
        assert!(
            document == expected,
            "docs/events.md is not what the types say: UPDATE=1 cargo test --lib events_are"
        );
    }
}

/// The name of an event: the only key of its type's schema.
fn name(variant: &Object) -> &str {
    variant.properties.keys().next().unwrap()
}

/// The object that a schema is, or refers to.
fn object<'s>(schema: &'s RefOr<Schema>, named: &'s Named) -> &'s Object {
    match schema {
        RefOr::Ref(reference) => object(named.get(name_of(reference)).unwrap(), named),
        RefOr::T(Schema::Object(object)) => object,
        RefOr::T(_) => panic!("not an object"),
    }
}

/// The name of the type that is referred to.
fn name_of(reference: &Ref) -> &str {
    reference.ref_location.rsplit('/').next().unwrap()
}

/// The values or the fields of a type, as a list or a table.
fn fields(object: &Object, named: &Named) -> String {
    if let Some(values) = &object.enum_values {
        let values: Vec<String> =
            values.iter().map(|value| format!("`{}`", value.as_str().unwrap())).collect();
        return format!("One of {}.\n\n", values.join(", "));
    }
    if object.properties.is_empty() {
        return "It has no fields.\n\n".to_owned();
    }
    let rows: String = object
        .properties
        .iter()
        .map(|(name, schema)| {
            let (kind, meaning) = described(schema, named);
            let or_absent = if object.required.contains(name) { "" } else { ", or absent" };
            format!("| `{name}` | {kind}{or_absent} | {} |\n", text(meaning))
        })
        .collect();
    format!("| field | value | meaning |\n| --- | --- | --- |\n{rows}\n")
}

/// The type of a field, and its description.
fn described<'s>(schema: &'s RefOr<Schema>, named: &'s Named) -> (String, Option<&'s str>) {
    match schema {
        RefOr::Ref(reference) => {
            let own = Some(reference.description.as_str()).filter(|text| !text.is_empty());
            let of_type = || match named.get(name_of(reference)) {
                Some(RefOr::T(Schema::Object(object))) => object.description.as_deref(),
                _ => None,
            };
            (referred(reference, named), own.or_else(of_type))
        }
        RefOr::T(Schema::Object(object)) => (kind_of(object, named), object.description.as_deref()),
        RefOr::T(Schema::Array(array)) => {
            let ArrayItems::RefOrSchema(items) = &array.items else { panic!("a list of nothing") };
            (format!("list of {}", described(items, named).0), array.description.as_deref())
        }
        RefOr::T(Schema::OneOf(choice)) => {
            let (mut kinds, texts): (Vec<_>, Vec<_>) =
                choice.items.iter().map(|item| described(item, named)).unzip();
            kinds.sort_by_key(|kind| kind == "null");
            let text = texts.into_iter().flatten().find(|text| !text.is_empty());
            (kinds.join(" or "), choice.description.as_deref().or(text))
        }
        RefOr::T(_) => panic!("a field that is all or any of several types"),
    }
}

/// A link to a type, or what is before and after.
fn referred(reference: &Ref, named: &Named) -> String {
    let name = name_of(reference);
    if name.starts_with(TRANSITION) {
        let before = object(named.get(name).unwrap(), named).properties.get("before").unwrap();
        return format!("`before` and `after`, each {}", described(before, named).0);
    }
    format!("[{name}](#{})", section_of(name).map_or_else(|| name.to_lowercase(), str::to_owned))
}

/// The anchor of the section of a type.
fn section_of(name: &str) -> Option<&'static str> {
    SECTIONS.iter().find(|(section, _)| *section == name).map(|(_, anchor)| *anchor)
}

/// The type of a field that is no type by itself.
fn kind_of(object: &Object, named: &Named) -> String {
    if let Some(AdditionalProperties::RefOr(each)) = object.additional_properties.as_deref() {
        let is_nullable =
            matches!(&object.schema_type, SchemaType::Array(kinds) if kinds.contains(&Type::Null));
        let or_null = if is_nullable { ", or null" } else { "" };
        return format!("object, each value {}{or_null}", described(each, named).0);
    }
    if object.format == Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)) {
        return "time".to_owned();
    }
    if let Some(values) = &object.enum_values {
        let values: Vec<String> =
            values.iter().map(|value| format!("`{}`", value.as_str().unwrap())).collect();
        return values.join(", ");
    }
    let word = |kind: &Type| match kind {
        Type::Boolean => "boolean",
        Type::Integer | Type::Number => "number",
        Type::String => "text",
        Type::Null => "null",
        Type::Object | Type::Array => panic!("a field is an object or a list without a description"),
    };
    match &object.schema_type {
        SchemaType::Type(kind) => word(kind).to_owned(),
        SchemaType::Array(kinds) => kinds.iter().map(word).collect::<Vec<_>>().join(" or "),
        SchemaType::AnyValue => "any JSON".to_owned(),
    }
}

/// A comment as a line of Markdown.
fn text(comment: Option<&str>) -> String {
    let line = comment.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    line.replace("[`MAX_LISTED`]", &MAX_LISTED.to_string()).replace("[`Event`]", "event")
}
