//! Forms as calls of the API: the audit log and `Idempotency-Key` treat both alike.

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::admin_api::dispatch::Asked;
use crate::admin_api::idempotency::read_kept;
use crate::admin_api::routes::address;
use crate::admin_api::{AdminContext, CallKey};
use crate::audit::admin_request;
use crate::d1::StorageError;
use crate::http::Problem;
use scim_protocol::Object;

pub(super) use crate::admin_api::routes::Call;

/// The call of the API that a form stands for.
pub(super) struct FormCall<'a> {
    call: Call,
    /// The values of the parameters of its path.
    parameters: Vec<&'a str>,
    query: Vec<(String, String)>,
    body: Option<Object>,
}

/// The answer to the call of a form, as JSON.
pub(super) struct Answered(String);

impl Answered {
    /// The answer as a type.
    ///
    /// # Errors
    /// Internal, if it is of another type.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, StorageError> {
        read_kept(&self.0)
    }
}

impl<'a> FormCall<'a> {
    /// A call without a body.
    pub(super) fn new(call: Call, parameters: &[&'a str]) -> Self {
        Self { call, parameters: parameters.to_vec(), query: Vec::new(), body: None }
    }

    /// A call with a body.
    ///
    /// # Errors
    /// Internal, if the body cannot be a JSON object.
    pub(super) fn with(
        call: Call,
        parameters: &[&'a str],
        body: &impl Serialize,
    ) -> Result<Self, StorageError> {
        match serde_json::to_value(body) {
            Ok(Value::Object(body)) => Ok(Self { body: Some(body), ..Self::new(call, parameters) }),
            Ok(_) => Err(StorageError::internal(format!("the body of {call:?} is no object"))),
            Err(error) => Err(StorageError::internal(format!("a form cannot be a call: {error}"))),
        }
    }

    /// The same with the number of people who are confirmed to lose access.
    pub(super) fn confirmed(self, people: Option<u64>) -> Self {
        match people {
            Some(people) => self.asking("confirm_people", &people.to_string()),
            None => self,
        }
    }

    /// The same with a parameter of the query.
    pub(super) fn asking(mut self, name: &str, value: &str) -> Self {
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Carries out the call; a POST once, if the form has a key.
    ///
    /// # Errors
    /// Those of the call.
    pub(super) async fn send(
        self,
        context: &mut AdminContext<'_>,
        key: Option<&CallKey>,
    ) -> Result<Answered, Problem> {
        let Self { call, parameters, query, body } = self;
        let (method, path) = address(call, &parameters)?;
        context.entry.method = method.to_owned();
        context.entry.path = format!("/console/api/{path}");
        if let Some(body) = &body {
            admin_request::set_body(&mut context.entry, body.clone());
        }
        let fields = body.unwrap_or_default();
        let call = Asked { call, parameters: &parameters, query: &query, fields, key };
        Ok(Answered(call.carry_out(context).await?.body))
    }
}

/// Of an answer, the identifier.
#[derive(Deserialize)]
pub(super) struct WithId {
    pub(super) id: String,
}

/// Of an answer, the name with the identifier.
#[derive(Deserialize)]
pub(super) struct WithName {
    pub(super) id: String,
    pub(super) name: String,
}

/// Of an answer about a key, what may be shown of it.
#[derive(Deserialize)]
pub(super) struct WithHint {
    pub(super) hint: String,
    /// Of a deactivated key: the others that are good.
    #[serde(default)]
    pub(super) other_good_keys: Vec<WithId>,
}

/// The text of a new key, or why it is not in the answer.
#[derive(Deserialize)]
pub(super) struct KeyText {
    pub(super) key: Option<String>,
    pub(super) note: Option<String>,
}

/// A webhook with its new secret; `None`: the secret is not shown again.
#[derive(Deserialize)]
pub(super) struct WebhookSecret {
    pub(super) id: String,
    pub(super) secret: Option<String>,
}

/// The status code that a receiver answered.
#[derive(Deserialize)]
pub(super) struct Attempted {
    pub(super) status: u16,
}

/// The address of a setup link; `None`: it is not shown again.
#[derive(Deserialize)]
pub(super) struct LinkAddress {
    pub(super) url: Option<String>,
}

/// Who came back, and what of them did not.
#[derive(Deserialize)]
pub(super) struct Restored {
    pub(super) member: WithUserName,
    pub(super) left: Vec<IgnoredAny>,
}

#[derive(Deserialize)]
pub(super) struct WithUserName {
    pub(super) user_name: String,
}
