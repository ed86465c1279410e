//! The deployment's admin token: a secret that lets its bearer do everything.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::deployment::Deployment;
use crate::http::{AdminCode, Problem};

/// Fewest characters of an admin token. A shorter one could be guessed.
pub(crate) const MIN_LENGTH: usize = 32;

/// The deployment's admin token.
///
/// # Errors
/// 503 if none is set, or one that could be guessed.
pub(crate) fn configured(deployment: &Deployment<'_>) -> Result<String, Problem> {
    const HOW: &str = "Make one with `openssl rand -hex 32`, or with \
                       `node -p \"crypto.randomBytes(32).toString('hex')\"`, and set it with \
                       `npx wrangler secret put ADMIN_TOKEN`; for `wrangler dev`, in the file .dev.vars.";
    let secret = deployment.env.secret("ADMIN_TOKEN").map(|secret| secret.to_string());
    let token = secret.as_deref().map_or("", str::trim);
    let why = match token.chars().count() {
        0 => "this deployment has no ADMIN_TOKEN".to_owned(),
        length if length < MIN_LENGTH => format!(
            "this deployment's ADMIN_TOKEN is shorter than {MIN_LENGTH} characters and could be guessed"
        ),
        _ => return Ok(token.to_owned()),
    };
    Err(Problem::of(AdminCode::ConsoleSwitchedOff, format!("The console is switched off: {why}. {HOW}")))
}

/// Whether the presented token is the admin token. Compares digests in constant time, so that the time says nothing
/// about the token.
pub(crate) fn matches(token: &str, presented: &str) -> bool {
    Sha256::digest(presented).ct_eq(&Sha256::digest(token)).into()
}

/// 401 for a request without credentials, or with a wrong token.
pub(crate) fn required() -> Problem {
    Problem::of(
        AdminCode::AdminTokenRequired,
        "Send \"Authorization: Bearer …\" with this deployment's ADMIN_TOKEN.",
    )
}
