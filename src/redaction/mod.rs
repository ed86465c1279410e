//! What logs may contain. Secrets are redacted from both logs; the Worker's log also names no person.

pub mod audit_log;
pub mod secrets;
pub mod worker_log;
