//! Generates `openapi.json` from `openapi.template.json`, which has the calls, and the types of their bodies and
//! queries. `UPDATE=1 cargo test --lib openapi` writes it.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use utoipa::openapi::path::ParameterIn;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, ToSchema};

use super::types::{
    self, access, bulk, consequences, events, export, groups, health, imports, keys, log, members,
    organizations, permissions, problem, product_keys, projects, query, sessions, setup_links, undo,
    webhooks,
};

use crate::deployment::VERSION;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/assets/openapi.json");
const REFERENCE: &str = "#/components/schemas/";

/// The schemas of all types, by their names.
fn schemas() -> Map<String, Value> {
    let mut all = Vec::new();
    add::<types::Nothing>(&mut all);
    add::<types::Name>(&mut all);
    add::<types::Named>(&mut all);
    add::<access::Access>(&mut all);
    add::<access::AccessChanges>(&mut all);
    add::<events::DeedPage>(&mut all);
    add::<events::ChangeEvent>(&mut all);
    add::<bulk::PreviewBulk>(&mut all);
    add::<bulk::StartBulk>(&mut all);
    add::<bulk::BulkPreview>(&mut all);
    add::<bulk::BulkResults>(&mut all);
    add::<consequences::Confirmation>(&mut all);
    add::<consequences::Consequences>(&mut all);
    add::<groups::Group>(&mut all);
    add::<groups::GroupMember>(&mut all);
    add::<health::HealthReport>(&mut all);
    add::<imports::ImportList>(&mut all);
    add::<imports::ImportDetail>(&mut all);
    add::<imports::ImportPage>(&mut all);
    add::<imports::ImportComparison>(&mut all);
    add::<imports::MemberShown>(&mut all);
    add::<keys::KeyId>(&mut all);
    add::<keys::KeyList>(&mut all);
    add::<keys::GenerateKey>(&mut all);
    add::<keys::RegenerateKey>(&mut all);
    add::<keys::IssuedKey>(&mut all);
    add::<keys::DeactivatedKey>(&mut all);
    add::<keys::DeactivatedKeys>(&mut all);
    add::<keys::ChangeKey>(&mut all);
    add::<log::LogPage>(&mut all);
    add::<members::NewMember>(&mut all);
    add::<members::ChangeMember>(&mut all);
    add::<members::TransferOwnership>(&mut all);
    add::<members::Member>(&mut all);
    add::<members::MemberList>(&mut all);
    add::<members::MemberDetail>(&mut all);
    add::<setup_links::NewSetupLink>(&mut all);
    add::<setup_links::IssuedSetupLink>(&mut all);
    add::<setup_links::SetupLinkList>(&mut all);
    add::<organizations::Settings>(&mut all);
    add::<organizations::NewOrganization>(&mut all);
    add::<organizations::Organization>(&mut all);
    add::<organizations::CreatedOrganization>(&mut all);
    add::<organizations::DeclinedOrganization>(&mut all);
    add::<organizations::ReleaseBrake>(&mut all);
    add::<organizations::OrganizationList>(&mut all);
    add::<organizations::OrganizationDeletion>(&mut all);
    add::<permissions::Role>(&mut all);
    add::<permissions::Permissions>(&mut all);
    add::<permissions::ChangePermissions>(&mut all);
    add::<problem::ProblemDetails<'_>>(&mut all);
    add::<product_keys::ProductKeyList>(&mut all);
    add::<product_keys::ConsumerList>(&mut all);
    add::<product_keys::RevocationList>(&mut all);
    add::<product_keys::GenerateProductKey>(&mut all);
    add::<product_keys::RotateProductKey>(&mut all);
    add::<product_keys::ChangeProductKey>(&mut all);
    add::<product_keys::IssuedProductKey>(&mut all);
    add::<projects::NewProject>(&mut all);
    add::<projects::NewName>(&mut all);
    add::<projects::Role>(&mut all);
    add::<projects::Team>(&mut all);
    add::<projects::Project>(&mut all);
    add::<projects::ProjectList>(&mut all);
    add::<projects::ProjectSummaries>(&mut all);
    add::<projects::ProjectDetail>(&mut all);
    add::<projects::RoleDetail>(&mut all);
    add::<projects::TeamDetail>(&mut all);
    add::<groups::PlainGroups>(&mut all);
    add::<query::Moment>(&mut all);
    add::<sessions::EndedSessions>(&mut all);
    add::<webhooks::Webhook>(&mut all);
    add::<webhooks::WebhookList>(&mut all);
    add::<webhooks::NewWebhook>(&mut all);
    add::<webhooks::ChangeWebhook>(&mut all);
    add::<webhooks::RotateSecret>(&mut all);
    add::<webhooks::ReplayEvents>(&mut all);
    add::<webhooks::WebhookWithSecret>(&mut all);
    add::<webhooks::WebhookAttempt>(&mut all);
    add::<webhooks::WebhookAttempts>(&mut all);
    add::<undo::PreviewUndo>(&mut all);
    add::<undo::StartUndo>(&mut all);
    add::<undo::UndoPreview>(&mut all);
    add::<undo::UndoRun>(&mut all);
    add::<undo::UndoList>(&mut all);
    add::<undo::UndoResult>(&mut all);
    add::<undo::DeletedPeople>(&mut all);
    add::<undo::ErasedPerson>(&mut all);
    add::<undo::RestoredPerson>(&mut all);
    add::<undo::FormerAccess>(&mut all);
    add::<undo::RestorePerson>(&mut all);
    let mut all: Map<String, Value> =
        all.into_iter().map(|(name, schema)| (name, serde_json::to_value(schema).unwrap())).collect();
    tag(&mut all["Event"]);
    all
}

/// An event's type is the only key of what is derived for it, and is written beside its fields.
fn tag(events: &mut Value) {
    for event in events["oneOf"].as_array_mut().unwrap() {
        let (name, data) = event["properties"].as_object().unwrap().iter().next().unwrap();
        let properties = json!({"type": {"type": "string", "enum": [name]}, "data": data});
        event["properties"] = properties;
        event["required"] = json!(["type", "data"]);
    }
}

fn add<T: ToSchema>(all: &mut Vec<(String, RefOr<Schema>)>) {
    all.push((T::name().into_owned(), T::schema()));
    T::schemas(all);
}

/// The parameters of a query.
fn parameters(query: &str) -> Value {
    let of_query = || Some(ParameterIn::Query);
    let parameters = match query {
        "MemberQuery" => members::MemberQuery::into_params(of_query),
        "GroupListQuery" => groups::GroupListQuery::into_params(of_query),
        "OrganizationQuery" => organizations::OrganizationQuery::into_params(of_query),
        "AllProjectsQuery" => projects::AllProjectsQuery::into_params(of_query),
        "ProjectListQuery" => projects::ProjectListQuery::into_params(of_query),
        "ProjectQuery" => projects::ProjectQuery::into_params(of_query),
        "DeletionQuery" => organizations::DeletionQuery::into_params(of_query),
        "GroupQuery" => groups::GroupQuery::into_params(of_query),
        "AccessQuery" => access::AccessQuery::into_params(of_query),
        "AccessChangeQuery" => access::AccessChangeQuery::into_params(of_query),
        "DeedQuery" => events::DeedQuery::into_params(of_query),
        "UndoQuery" => undo::UndoQuery::into_params(of_query),
        "ConfirmationQuery" => consequences::ConfirmationQuery::into_params(of_query),
        "ImportQuery" => imports::ImportQuery::into_params(of_query),
        "ComparisonQuery" => imports::ComparisonQuery::into_params(of_query),
        "LogQuery" => log::LogQuery::into_params(of_query),
        "AttemptQuery" => webhooks::AttemptQuery::into_params(of_query),
        "BulkQuery" => bulk::BulkQuery::into_params(of_query),
        "ExportQuery" => export::ExportQuery::into_params(of_query),
        other => panic!("there is no query {other}"),
    };
    let mut parameters = serde_json::to_value(parameters).unwrap();
    for parameter in parameters.as_array_mut().unwrap() {
        // A parameter is absent or empty, but never null.
        without_null(&mut parameter["schema"]);
        parameter.as_object_mut().unwrap().shift_remove("required");
    }
    parameters
}

fn without_null(schema: &mut Value) {
    if let Some(kinds) = schema["type"].as_array() {
        schema["type"] = kinds.iter().find(|kind| *kind != "null").unwrap().clone();
    }
    if let Some(some) = schema.get("oneOf").and_then(Value::as_array) {
        *schema = some.iter().find(|one| one["type"] != "null").unwrap().clone();
    }
    if let Some(words) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        words.retain(|word| !word.is_null());
    }
    schema.as_object_mut().unwrap().retain(|_, value| !value.is_null());
}

/// A flattened field is an `allOf`: its fields become the object's own.
fn merged(schema: &Value, all: &Map<String, Value>) -> Value {
    let Some(parts) = schema.get("allOf").and_then(Value::as_array) else { return schema.clone() };
    let (mut required, mut properties) = (Vec::new(), Map::new());
    for part in parts {
        let part = match part["$ref"].as_str() {
            Some(name) => merged(&all[name.strip_prefix(REFERENCE).unwrap()], all),
            None => part.clone(),
        };
        required.extend(part["required"].as_array().cloned().unwrap_or_default());
        properties.extend(part["properties"].as_object().cloned().unwrap_or_default());
    }
    let mut object = json!({"type": "object"});
    if let Some(description) = schema.get("description") {
        object["description"] = description.clone();
    }
    object["required"] = required.into();
    object["properties"] = properties.into();
    object
}

/// Closes the objects of an answer, which has no other fields than those of its struct, and leaves out formats that say
/// how wide a number is in Rust.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if object.contains_key("properties") && !object["properties"]["type"].is_string() {
                object.entry("additionalProperties").or_insert(false.into());
            }
            if object.get("format").is_some_and(|format| format == "int32" || format == "int64") {
                object.shift_remove("format");
            }
            object.values_mut().for_each(tidy);
        }
        Value::Array(elements) => elements.iter_mut().for_each(tidy),
        _ => {}
    }
}

/// Adds the names of schemas that are referred to, directly or not.
fn referred(value: &Value, all: &Map<String, Value>, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            let name =
                object.get("$ref").and_then(Value::as_str).and_then(|name| name.strip_prefix(REFERENCE));
            if let Some(name) = name
                && names.insert(name.to_owned())
            {
                referred(all.get(name).unwrap_or_else(|| panic!("there is no type {name}")), all, names);
            }
            object.values().for_each(|value| referred(value, all, names));
        }
        Value::Array(elements) => elements.iter().for_each(|value| referred(value, all, names)),
        _ => {}
    }
}

/// Refuses types of requests that take unknown fields.
fn check_closed(document: &Value, all: &Map<String, Value>) {
    let mut names = BTreeSet::new();
    for path in document["paths"].as_object().unwrap().values() {
        for operation in path.as_object().unwrap().values() {
            referred(&operation["requestBody"], all, &mut names);
        }
    }
    referred(&document["components"]["requestBodies"], all, &mut names);
    for name in names {
        let schema = &all[&name];
        let is_closed = schema["type"] != "object" || schema["additionalProperties"] == false;
        assert!(is_closed, "{name} needs #[serde(deny_unknown_fields)]");
    }
}

fn document() -> Value {
    let mut document: Value = serde_json::from_str(include_str!("openapi.template.json")).unwrap();
    document["info"]["version"] = VERSION.into();
    for path in document["paths"].as_object_mut().unwrap().values_mut() {
        for operation in path.as_object_mut().unwrap().values_mut() {
            if let Some(query) = operation.get("parameters").and_then(Value::as_str) {
                operation["parameters"] = parameters(query);
            }
        }
    }
    let raw = schemas();
    check_closed(&document, &raw);
    let all: Map<String, Value> =
        raw.iter().map(|(name, schema)| (name.clone(), merged(schema, &raw))).collect();
    let mut names = BTreeSet::new();
    referred(&document, &all, &mut names);
    let mut schemas: Value =
        names.into_iter().map(|name| (name.clone(), all[&name].clone())).collect::<Map<_, _>>().into();
    tidy(&mut schemas);
    tidy(&mut document["paths"]);
    document["components"]["schemas"] = schemas;
    document
}

#[test]
fn openapi_json_is_generated_from_the_types() {
    let generated = format!("{}\n", serde_json::to_string_pretty(&document()).unwrap());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(PATH, &generated).unwrap();
    }
    let stored = std::fs::read_to_string(PATH).unwrap();
    assert!(stored == generated, "openapi.json differs: run UPDATE=1 cargo test --lib openapi");
}

#[test]
fn the_template_has_the_calls_of_the_table_of_routes() {
    let document = document();
    let mut described = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        let methods = operations.as_object().unwrap().keys().filter(|name| *name != "parameters");
        let shape: Vec<&str> =
            path.split('/').map(|name| if name.starts_with('{') { ":" } else { name }).collect();
        described.extend(methods.map(|method| format!("{} {}", method.to_uppercase(), shape.join("/"))));
    }
    assert_eq!(super::routes::shapes(), described);
}
