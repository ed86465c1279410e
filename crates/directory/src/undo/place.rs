//! The order in which an undo looks at what was changed.

use serde::{Deserialize, Serialize};

/// Where something stands in the order of an undo. What was created goes before what was deleted comes back, since it
/// may have its name; groups come back before their members. A project that was restored is archived last, when its
/// groups are empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "i8", into = "i8")]
pub enum Place {
    /// A project, which may get back its name, or no longer be archived.
    Project = -6,
    /// A team that may have been created.
    CreatedTeam = -5,
    /// A group that may have been created.
    CreatedGroup = -4,
    /// A person who may have been created.
    CreatedPerson = -3,
    /// The organization's settings.
    Organization = -2,
    /// A team that may come back.
    Team = -1,
    /// A group that may come back or change.
    Group = 0,
    /// A person.
    Person = 1,
    /// A project that may be archived again.
    RestoredProject = 2,
}

impl Place {
    const ALL: [Self; 9] = [
        Self::Project,
        Self::CreatedTeam,
        Self::CreatedGroup,
        Self::CreatedPerson,
        Self::Organization,
        Self::Team,
        Self::Group,
        Self::Person,
        Self::RestoredProject,
    ];

    /// Whether it is that of a person.
    pub fn is_of_person(self) -> bool {
        matches!(self, Self::CreatedPerson | Self::Person)
    }

    /// Whether what was created is deleted here, or what was restored is archived.
    pub fn is_removal(self) -> bool {
        matches!(self, Self::CreatedTeam | Self::CreatedGroup | Self::RestoredProject)
    }
}

impl From<Place> for i8 {
    fn from(place: Place) -> Self {
        place as Self
    }
}

impl TryFrom<i8> for Place {
    type Error = String;

    fn try_from(number: i8) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|place| i8::from(*place) == number);
        found.ok_or_else(|| format!("{number} is no place in an undo"))
    }
}
