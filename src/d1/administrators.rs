//! Who administers an organization. The conditions are written here once, since they decide over access.

use super::statement::{Binding, text};
use directory::AdministratorName;

/// The condition that the user `u` is an active Admin or Owner by the name of [`bindings`]. Where two users have the
/// same folded name (see `refolding`), each is known by the exact spelling alone.
macro_rules! is_administrator {
    () => {
        "u.user_name_fold >= :administrator_fold AND u.user_name_fold < :administrator_fold || char(2)
  AND u.active = 1 AND u.org_role <> 'Member' AND (lower(trim(u.doc ->> '$.userName')) = :administrator
    OR lower(trim(u.doc ->> '$.userName')) IN (:administrator_composed, :administrator_decomposed) AND NOT EXISTS (
      SELECT 1 FROM users s WHERE s.org_id = u.org_id AND s.user_name_fold > :administrator_fold || char(1)
      AND s.user_name_fold < :administrator_fold || char(2)))"
    };
}

/// The condition that the administrator of [`bindings`] has accepted an organization. Rows of older versions may have
/// the name in the decomposed form.
macro_rules! has_accepted {
    ($organization:literal) => {
        concat!(
            "(EXISTS (SELECT 1 FROM acceptances t
    WHERE t.org_id = ",
            $organization,
            " AND t.mail = :administrator_composed AND t.accepted_at IS NOT NULL)
  OR :administrator_composed <> :administrator_decomposed AND EXISTS (SELECT 1 FROM acceptances t
    WHERE t.org_id = ",
            $organization,
            " AND t.mail = :administrator_decomposed AND t.accepted_at IS NOT NULL))"
        )
    };
}

/// See [`is_administrator`].
pub(crate) const IS_ADMINISTRATOR: &str = is_administrator!();

/// See [`has_accepted`]; of the organization `o`.
pub(crate) const HAS_ACCEPTED: &str = has_accepted!("o.id");

/// The organization `:administered`, if the administrator may manage it once they have accepted it.
pub(crate) const ORG_OF_INVITED: &str =
    concat!("(SELECT u.org_id FROM users u WHERE u.org_id = :administered AND ", is_administrator!(), ")");

/// The organization `:administered`, if the administrator has accepted it.
pub(crate) const ORG_OF_ADMINISTRATOR: &str = concat!(
    "(SELECT u.org_id FROM users u WHERE u.org_id = :administered AND ",
    is_administrator!(),
    "\n  AND ",
    has_accepted!(":administered"),
    ")"
);

/// What the conditions name, with the values.
pub(crate) fn values(name: &AdministratorName) -> [(&'static str, &str); 4] {
    [
        ("administrator", &name.email),
        ("administrator_composed", &name.composed),
        ("administrator_decomposed", &name.decomposed),
        ("administrator_fold", &name.fold),
    ]
}

/// Binds what the conditions name.
pub(crate) fn bindings(name: &AdministratorName) -> Vec<Binding> {
    values(name).map(|(binding, value)| text(binding, value)).to_vec()
}
