//! The guides for administrators: docs/guides/. A deployment serves those of its own version as static assets, so
//! that they fit it, and no repository or other server has to be known or reached.

use maud::{Markup, html};

/// A guide that is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guide {
    Okta,
    Entra,
    Troubleshooting,
    WhatHappened,
}

impl Guide {
    pub(crate) const ALL: [Self; 4] = [Self::Okta, Self::Entra, Self::Troubleshooting, Self::WhatHappened];

    /// Its name in addresses, which is that of its file.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Okta => "okta",
            Self::Entra => "entra",
            Self::Troubleshooting => "troubleshooting",
            Self::WhatHappened => "what-happened",
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Okta => "Okta",
            Self::Entra => "Microsoft Entra ID",
            Self::Troubleshooting => "Troubleshooting",
            Self::WhatHappened => "What happened?",
        }
    }

    /// The address of the heading with this anchor; of the beginning, if it is empty.
    pub(crate) fn at(self, anchor: &str) -> String {
        let mark = if anchor.is_empty() { "" } else { "#" };
        format!("/console/guides/{}{mark}{anchor}", self.name())
    }

    /// A link to the heading with this anchor.
    pub(super) fn link(self, anchor: &str, label: &str) -> Markup {
        html! { a href=(self.at(anchor)) { (label) } }
    }

    /// The guide with that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|guide| guide.name() == name)
    }
}

#[cfg(test)]
mod rendering;
