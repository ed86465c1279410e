//! What a product key may do.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};
use utoipa::ToSchema;

/// What a product key may do. It never writes the directory.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantArray, ToSchema,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum KeyScope {
    /// Read people, projects, and the snapshot.
    Read,
    /// Read the feed of events, and acknowledge them.
    Events,
    /// Ask whether a person may do something.
    Check,
    /// Make links for setting up an identity provider.
    SetupLinks,
}

impl KeyScope {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
