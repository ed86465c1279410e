//! The forms of the page of an organization's keys.

use serde::Deserialize;

use super::form::Checkbox;

/// A form of the page.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Form {
    Generate(Generate),
    Regenerate(Regenerate),
    Deactivate(Deactivate),
    Rename(Rename),
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Generate {
    /// The key that was the newest when the page was made.
    pub(super) latest: String,
    pub(super) name: String,
    pub(super) expires_in_seconds: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Regenerate {
    pub(super) latest: String,
    pub(super) key: String,
    /// `yes` or `no`.
    pub(super) has_leaked: String,
    pub(super) overlap_seconds: String,
    pub(super) expires_in_seconds: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Deactivate {
    pub(super) key: String,
    /// Also all others that are good.
    pub(super) all: Checkbox,
    pub(super) confirm: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Rename {
    pub(super) key: String,
    pub(super) name: String,
}

impl Form {
    /// The key that a form is about.
    pub(super) fn key(&self) -> &str {
        match self {
            Self::Generate(_) => "",
            Self::Regenerate(form) => &form.key,
            Self::Deactivate(form) => &form.key,
            Self::Rename(form) => &form.key,
        }
    }
}
