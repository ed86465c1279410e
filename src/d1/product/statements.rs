//! What the golden file shows of what products read.

use serde_json::Value;

use super::super::batch::Batch;
use super::super::export;
use super::super::tenant::Tenant;
use super::check::{Question, What, Who};
use super::feed::{self, From};
use super::search::{self, Part};
use super::{acknowledgements, keys, people, security_events};

/// The requests by their names.
pub(crate) fn cases(tenant: &Tenant<'_>) -> Vec<(&'static str, Batch)> {
    let case = |name, fill: &dyn Fn(&mut Batch)| {
        let mut batch = Batch::new();
        fill(&mut batch);
        (name, batch)
    };
    let question = || Question { who: Who::default(), what: What::default() };
    let members = || Part::Members { group: 7, earlier: ("[5]".to_owned(), "[]".to_owned()) };
    vec![
        case("the feed behind an event, and from a time", &|batch| {
            batch.push(feed::kept(tenant, 7));
            batch.push(feed::read_events(tenant, 7, 100));
            batch.push(feed::events(tenant, From::Time("2026-01-01T00:00:00.000Z"), 100));
        }),
        case("a page of the snapshot", &|batch| {
            batch.push(export::snapshot_rows(tenant, ("", 0), 100));
        }),
        case("a person, and the people of a project, for a product", &|batch| {
            batch.push(people::person(tenant, "ann@example.com"));
            batch.push(people::project(tenant, "Demo"));
            batch.push(people::rights(tenant, "Demo", Some("Admin"), (0, 0), 100));
        }),
        case("a search for people and things with a permission", &|batch| {
            if let Ok(deciding) = search::roles_of_thing(tenant, question()) {
                batch.push(deciding);
            }
            if let Ok(deciding) = search::roles_of_person(tenant, question()) {
                batch.push(deciding);
            }
            for part in [
                Part::Everyone,
                Part::WithOrganizationRole("[]".to_owned()),
                Part::WithRole("Admin".to_owned()),
                members(),
                Part::Projects,
                Part::Teams(None),
            ] {
                batch.push(search::page(tenant, &part, "", 100));
            }
        }),
        case("security event tokens that are not acknowledged", &|batch| {
            batch.push(security_events::stream(tenant, Some("product")));
            batch.push(security_events::unacknowledged(tenant, Some("product")));
            batch.execute(security_events::acknowledge(tenant, "product", 7, &[]));
        }),
        case("what consumers have acknowledged", &|batch| {
            batch.extend(acknowledgements::acknowledge(tenant, ("product", "Product"), 7));
            batch.push(acknowledgements::consumers_with_times::<Value>(tenant));
            batch.push(acknowledgements::of_person::<Value>(tenant, "person", 3));
            batch.execute(acknowledgements::prune("2026-01-01T00:00:00.000Z", 1000));
        }),
        case("product keys", &|batch| {
            batch.push(keys::all::<Value>(tenant));
            batch.execute(keys::rename(tenant, "key", "Name"));
        }),
    ]
}
