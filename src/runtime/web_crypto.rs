//! The runtime's own cryptography (WebCrypto), and signatures by ES256 (RFC 7518, section 3.4) with it.

use scim_protocol::json::parse;
use serde::{Deserialize, Serialize};
use worker::js_sys::{Array, JSON, Object, Promise, Uint8Array, global};
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::wasm_bindgen_futures::JsFuture;
use worker::web_sys::{CryptoKey, CryptoKeyPair, SubtleCrypto, WorkerGlobalScope};

/// The functions of WebCrypto.
///
/// # Errors
/// The runtime has none.
pub(crate) fn subtle() -> Result<SubtleCrypto, JsValue> {
    Ok(global().unchecked_into::<WorkerGlobalScope>().crypto()?.subtle())
}

/// Awaits a promise that may not have come to be.
///
/// # Errors
/// What the runtime says.
pub(crate) async fn settled(promise: Result<Promise, JsValue>) -> Result<JsValue, JsValue> {
    JsFuture::from(promise?).await
}

/// A value as an object of JavaScript.
///
/// # Errors
/// None for structs.
pub(crate) fn js_object(value: &impl Serialize) -> Result<Object, JsValue> {
    Ok(serde_wasm_bindgen::to_value(value)?.unchecked_into())
}

/// A key for P-256 (RFC 7518, section 6.2). A public one has no `d`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct EcKey {
    pub(crate) kty: String,
    pub(crate) crv: String,
    pub(crate) x: String,
    pub(crate) y: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) d: Option<String>,
}

#[derive(Serialize)]
struct Algorithm<'a> {
    name: &'a str,
    #[serde(rename = "namedCurve", skip_serializing_if = "Option::is_none")]
    curve: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<&'a str>,
}

const CURVE: Algorithm<'_> = Algorithm { name: "ECDSA", curve: Some("P-256"), hash: None };
const SIGNATURE: Algorithm<'_> = Algorithm { name: "ECDSA", curve: None, hash: Some("SHA-256") };

/// A new private key.
///
/// # Errors
/// What the runtime says.
pub(crate) async fn generate_es256() -> Result<EcKey, String> {
    let pair = async {
        let usages = Array::of2(&"sign".into(), &"verify".into());
        let algorithm = js_object(&CURVE)?;
        let promise = subtle().and_then(|subtle| subtle.generate_key_with_object(&algorithm, true, &usages));
        let pair: CryptoKeyPair = settled(promise).await?.unchecked_into();
        let private = pair.get_private_key();
        settled(subtle().and_then(|subtle| subtle.export_key("jwk", &private))).await
    };
    let exported = pair.await.map_err(|error| text(&error))?;
    let json = JSON::stringify(&exported).map_err(|error| text(&error))?;
    parse(&String::from(json)).map_err(|error| error.to_string())
}

/// The signature of a message: 64 bytes.
///
/// # Errors
/// What the runtime says.
pub(crate) async fn sign_es256(key: &EcKey, message: &[u8]) -> Result<Vec<u8>, String> {
    let signed = async {
        let (data, algorithm) = (js_object(key)?, js_object(&CURVE)?);
        let usages = Array::of1(&"sign".into());
        let promise = subtle()
            .and_then(|subtle| subtle.import_key_with_object("jwk", &data, &algorithm, false, &usages));
        let key: CryptoKey = settled(promise).await?.unchecked_into();
        let (message, signature) = (Uint8Array::from(message), js_object(&SIGNATURE)?);
        let promise =
            subtle().and_then(|subtle| subtle.sign_with_object_and_buffer_source(&signature, &key, &message));
        settled(promise).await
    };
    signed.await.map(|bytes| Uint8Array::new(&bytes).to_vec()).map_err(|error| text(&error))
}

fn text(error: &JsValue) -> String {
    format!("{error:?}")
}
