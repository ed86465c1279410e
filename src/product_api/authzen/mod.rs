//! The Authorization API of OpenID AuthZEN 1.0: whether a person may do something, by the permissions of their roles.
//!
//! A denial is an answer: 200 with `false`. So is a person, project or permission that is not known. Errors are texts
//! (§10.1.2).

mod request;
pub(crate) mod search;

use serde_json::{Value, json};

use super::context::ProductContext;
use crate::d1::Batch;
use crate::d1::product::check::{self, Facts, MOST_QUESTIONS, Question};
use crate::http::Problem;
use crate::http::request::HttpRequest;
use crate::http::response::HttpResponse;
use directory::permission::{HeldRole, RolePermissions};
use request::{Body, JSON, Semantic, question};

#[cfg(test)]
pub(crate) use request::BODY_LIMIT;

/// The header by which a client names its request (§10.1.3).
const REQUEST_ID: &str = "x-request-id";

/// Whether a request is one of this API, whose errors are texts.
pub(super) fn is_at(request: &HttpRequest) -> bool {
    request.address.path.starts_with("/access/")
}

/// The response with the id that the client gave its request, if it gave one.
pub(super) fn with_id_of(request: &HttpRequest, response: HttpResponse) -> HttpResponse {
    match request.header(REQUEST_ID) {
        Some(id) => response.with_header("X-Request-ID", id),
        None => response,
    }
}

/// `GET /.well-known/authzen-configuration`: what is where (§9).
pub(super) fn configuration(request: &HttpRequest) -> HttpResponse {
    let origin = &request.address.origin;
    let at = |path: &str| format!("{origin}/access/v1/{path}");
    let body = json!({
        "policy_decision_point": origin,
        "access_evaluation_endpoint": at("evaluation"),
        "access_evaluations_endpoint": at("evaluations"),
        "search_subject_endpoint": at("search/subject"),
        "search_resource_endpoint": at("search/resource"),
        "search_action_endpoint": at("search/action"),
    });
    HttpResponse::json(200, JSON, body.to_string())
}

/// `POST /access/v1/evaluation` (§6).
pub(super) async fn evaluation(context: &mut ProductContext<'_>) -> Result<HttpResponse, Problem> {
    let body = request::read(context).await?;
    one(context, &body).await
}

async fn one(context: &mut ProductContext<'_>, body: &Body) -> Result<HttpResponse, Problem> {
    let asked = question(body.subject.as_ref(), body.resource.as_ref(), "")?;
    let permission = request::action(body.action.as_ref(), "")?;
    let facts = ask(context, &[asked]).await?;
    let permissions = permissions_of(&facts);
    let decision = facts.first().map(|facts| decide(facts, permission, &permissions));
    Ok(HttpResponse::json(200, JSON, decision.unwrap_or_else(|| denied("subject_unknown")).to_string()))
}

/// `POST /access/v1/evaluations` (§7).
pub(super) async fn evaluations(context: &mut ProductContext<'_>) -> Result<HttpResponse, Problem> {
    let body = request::read(context).await?;
    if body.evaluations.is_empty() {
        return one(context, &body).await;
    }
    if body.evaluations.len() > MOST_QUESTIONS {
        return Err(Problem::new(
            400,
            format!(
                "\"evaluations\" has more than {MOST_QUESTIONS} elements, the most that are answered at once."
            ),
        ));
    }
    let mut asked = Vec::with_capacity(body.evaluations.len());
    for (place, each) in body.evaluations.iter().enumerate() {
        let at = format!("evaluations[{place}].");
        let subject = each.subject.as_ref().or(body.subject.as_ref());
        let resource = each.resource.as_ref().or(body.resource.as_ref());
        let permission = request::action(each.action.as_ref().or(body.action.as_ref()), &at)?;
        asked.push((question(subject, resource, &at)?, permission));
    }
    let questions: Vec<Question> = asked.iter().map(|(question, _)| question.clone()).collect();
    let facts = ask(context, &questions).await?;
    let permissions = permissions_of(&facts);
    let semantic = body.options.evaluations_semantic;
    let mut decisions = Vec::with_capacity(asked.len());
    for ((_, permission), facts) in asked.iter().zip(&facts) {
        let decision = decide(facts, permission, &permissions);
        let is_permitted = decision.get("decision") == Some(&Value::Bool(true));
        decisions.push(decision);
        match semantic {
            Semantic::DenyOnFirstDeny if !is_permitted => break,
            Semantic::PermitOnFirstPermit if is_permitted => break,
            _ => {}
        }
    }
    Ok(HttpResponse::json(200, JSON, json!({"evaluations": decisions}).to_string()))
}

/// Verifies the caller and reads what is known of the questions, in one round trip.
async fn ask(context: &mut ProductContext<'_>, questions: &[Question]) -> Result<Vec<Facts>, Problem> {
    let mut batch = Batch::new();
    let select = check::facts(context.tenant(), questions)?;
    // Joined with the key it would cost a row more.
    let facts = batch.push(select);
    Ok(context.open(batch).await?.results.all(facts)?)
}

fn permissions_of(facts: &[Facts]) -> RolePermissions {
    facts.iter().find_map(|facts| facts.permissions.clone()).unwrap_or_default()
}

/// Whether the person may do that, and why.
fn decide(facts: &Facts, permission: &str, permissions: &RolePermissions) -> Value {
    if facts.person.is_none() {
        return denied("subject_unknown");
    }
    if !facts.is_active {
        return denied("subject_inactive");
    }
    if facts.resource.is_none() {
        return denied("resource_unknown");
    }
    let allows = |role: &HeldRole| role.allows(permission, permissions);
    let through: Vec<HeldRole> = facts.held().into_iter().filter(allows).collect();
    match through.is_empty() {
        true => denied("not_permitted"),
        false => json!({"decision": true, "context": {"reason": {
            "code": "permitted", "text": text("permitted"), "through": through}}}),
    }
}

fn denied(code: &str) -> Value {
    json!({"decision": false, "context": {"reason": {"code": code, "text": text(code), "through": []}}})
}

fn text(code: &str) -> &'static str {
    match code {
        "permitted" => "A role of the person has the permission.",
        "subject_inactive" => "The person is deactivated.",
        "subject_unknown" => {
            "No person has this id, userName or externalId, or several have it: \"subject.properties.id_type\" can say \
             which it is. The type of a person is \"user\"."
        }
        "resource_unknown" => {
            "There is no such project, team or organization, or the project is archived. A team is named by its id, or \
             by its name with \"resource.properties.project\"."
        }
        _ => "No role of the person has the permission.",
    }
}
