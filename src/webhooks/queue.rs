//! Cloudflare Queues, as far as webhooks use them.

use worker::Env;
use worker::js_sys::{JSON, Object, Promise, Reflect};
use worker::wasm_bindgen::prelude::wasm_bindgen;
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::wasm_bindgen_futures::JsFuture;

/// The binding of the Worker's own queue.
pub(crate) const OWN: &str = "WEBHOOKS";

#[wasm_bindgen(wasm_bindgen = ::worker::wasm_bindgen)]
extern "C" {
    /// A producer of messages.
    type Producer;

    #[wasm_bindgen(method, catch)]
    fn send(this: &Producer, body: &JsValue, options: &JsValue) -> Result<Promise, JsValue>;

    /// What a consumer gets.
    pub type Batch;

    #[wasm_bindgen(method, getter)]
    pub(crate) fn messages(this: &Batch) -> Vec<Message>;

    /// A message of a batch.
    pub type Message;

    #[wasm_bindgen(method, getter)]
    pub(crate) fn body(this: &Message) -> JsValue;

    #[wasm_bindgen(method)]
    pub(crate) fn ack(this: &Message);

    #[wasm_bindgen(method)]
    pub(crate) fn retry(this: &Message, options: &JsValue);

    /// The runtime's context of an invocation.
    pub type ExecutionContext;

    #[wasm_bindgen(method, js_name = waitUntil)]
    pub(crate) fn wait_until(this: &ExecutionContext, promise: &Promise);
}

/// Options with a delay in seconds.
pub(crate) fn delayed(seconds: u32) -> JsValue {
    let options = Object::new();
    // A plain object takes any field.
    drop(Reflect::set(&options, &"delaySeconds".into(), &seconds.into()));
    options.into()
}

/// A queue to which the Worker sends; it may not be bound.
pub(crate) struct Queue(Option<Producer>);

/// The Worker's own queue.
pub(crate) fn own(env: &Env) -> Queue {
    named(env, OWN)
}

/// The queue with that binding.
pub(crate) fn named(env: &Env, binding: &str) -> Queue {
    let bound = Reflect::get(env.unchecked_ref::<JsValue>(), &binding.into()).unwrap_or_default();
    let is_queue = |bound: &JsValue| {
        bound.is_object()
            && ["send", "sendBatch"]
                .iter()
                .all(|name| Reflect::get(bound, &(*name).into()).is_ok_and(|found| found.is_function()))
    };
    Queue(Some(bound).filter(is_queue).map(JsCast::unchecked_into))
}

impl Queue {
    /// Whether it is bound.
    pub(crate) fn is_bound(&self) -> bool {
        self.0.is_some()
    }

    /// Sends a text, after a delay in seconds. Without a queue it does nothing.
    ///
    /// # Errors
    /// The runtime's.
    pub(crate) async fn send(&self, text: &str, delay: Option<u32>) -> Result<(), JsValue> {
        let Some(producer) = &self.0 else { return Ok(()) };
        let options = delay.map_or(JsValue::UNDEFINED, delayed);
        JsFuture::from(producer.send(&text.into(), &options)?).await.map(drop)
    }

    /// Sends JSON as the value that it stands for.
    ///
    /// # Errors
    /// The runtime's, and a text if there is no such queue.
    pub(crate) async fn send_json(&self, json: &str) -> Result<(), JsValue> {
        let Some(producer) = &self.0 else { return Err("the Worker has no such binding of a queue".into()) };
        JsFuture::from(producer.send(&JSON::parse(json)?, &JsValue::UNDEFINED)?).await.map(drop)
    }
}
