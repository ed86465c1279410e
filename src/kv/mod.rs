//! The boundary to KV, as far as it is used. The `worker` crate's own leads through serde (docs/size.md).

pub mod tombstone;

use std::time::Duration;

use worker::Env;
use worker::js_sys::{Array, Function, Object, Promise, Reflect};
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::wasm_bindgen_futures::JsFuture;

use crate::d1::StoreError;
use crate::d1::database::message;
use crate::runtime::patience::within;

/// How long an answer is waited for. KV is the second lock: D1 decides without it.
const PATIENCE_READING: Duration = Duration::from_secs(1);
/// How long it is waited until something is written.
const PATIENCE_WRITING: Duration = Duration::from_secs(5);

fn too_slow() -> StoreError {
    StoreError::Unavailable("KV did not answer in time".to_owned())
}

/// A KV namespace.
pub struct KvStore(JsValue);

impl KvStore {
    /// The namespace that is bound to a name.
    ///
    /// # Errors
    /// Internal, if none is.
    pub fn bound(env: &Env, binding: &str) -> Result<Self, StoreError> {
        match Reflect::get(env, &binding.into()) {
            Ok(namespace) if namespace.is_object() => Ok(Self(namespace)),
            _ => Err(StoreError::Internal(format!("there is no KV binding {binding}"))),
        }
    }

    /// Whether there is a text under a name. A location may answer from its cache for so many seconds. There is no
    /// answer after [`PATIENCE_READING`].
    pub(crate) async fn has(&self, name: &str, cache_seconds: u32) -> Result<bool, StoreError> {
        let found = self.call("get", vec![name.into()], "cacheTtl", cache_seconds);
        let found = within(PATIENCE_READING, found).await.unwrap_or_else(|| Err(too_slow()))?;
        Ok(!found.is_null_or_undefined())
    }

    /// Puts a text under a name, for so many seconds.
    pub(crate) async fn put(&self, name: &str, text: &str, seconds: u32) -> Result<(), StoreError> {
        let put = self.call("put", vec![name.into(), text.into()], "expirationTtl", seconds);
        within(PATIENCE_WRITING, put).await.unwrap_or_else(|| Err(too_slow())).map(drop)
    }

    /// Calls a method, whose last argument is an object with one option.
    async fn call(
        &self,
        method: &str,
        mut arguments: Vec<JsValue>,
        option: &str,
        value: u32,
    ) -> Result<JsValue, StoreError> {
        let start = || -> Result<Promise, JsValue> {
            let options = Object::new();
            Reflect::set(&options, &option.into(), &value.into())?;
            arguments.push(options.into());
            let method: Function = Reflect::get(&self.0, &method.into())?.dyn_into()?;
            method.apply(&self.0, &arguments.into_iter().collect::<Array>())?.dyn_into()
        };
        let outcome = match start() {
            Ok(promise) => JsFuture::from(promise).await,
            Err(error) => Err(error),
        };
        outcome.map_err(|error| StoreError::Internal(message(&error)))
    }
}
