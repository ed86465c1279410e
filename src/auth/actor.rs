//! The authenticated caller of the console and of its API.

/// An authenticated caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Actor {
    /// An operator of the deployment, who may do everything. Carries the name that the audit log shows.
    Operator(String),
    /// A person with this email address, in lower case as far as it is ASCII. May do everything in organizations where
    /// they are an active Admin or Owner; see [`directory::AdministratorName`].
    Administrator(String),
    /// The holder of a setup link, who sees the set-up of one organization alone.
    SetupLink {
        /// The organization.
        organization: String,
        /// The link.
        id: String,
        /// The link's HMAC.
        hash: String,
        /// The name in the audit log.
        name: String,
    },
}

impl Actor {
    /// The name in the audit log.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Operator(name) | Self::Administrator(name) | Self::SetupLink { name, .. } => name,
        }
    }

    /// Whether the caller may do everything.
    pub(crate) fn is_operator(&self) -> bool {
        matches!(self, Self::Operator(_))
    }
}
