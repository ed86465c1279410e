//! The events of imports: lists that an identity provider reads page by page.

use super::super::statement::{Binding, Statement, expression};
use super::super::tenant::{Cause, Tenant};
use super::{Frame, READING};

/// Writes that an import began or ended, each once for an import. `page` is SQL behind FROM that yields the import's
/// `id`, `resource` and `total`, and whether this page `is_last`, or no row if the page's progress is not written.
pub(crate) fn progress(tenant: &Tenant<'_>, page: &str, mut bindings: Vec<Binding>) -> Statement {
    let behind = format!(
        "CROSS JOIN {page} i CROSS JOIN json_each('[\"import.started\",\"import.finished\"]')
             WHERE (json_each.key = 0 OR i.is_last) AND NOT EXISTS (
               SELECT 1 FROM event_subjects s CROSS JOIN events e ON e.org_id = s.org_id AND e.seq = s.seq
               WHERE s.org_id = p.org_id AND s.subject_id = i.id AND e.type = json_each.value)"
    );
    // The end belongs to the story of the beginning.
    bindings.push(expression(
        "event_story",
        "(SELECT min(s.seq) FROM event_subjects s WHERE s.org_id = p.org_id AND s.subject_id = i.id)",
    ));
    let frame = Frame {
        number: "row_number() OVER (ORDER BY json_each.key)",
        event_type: "json_each.value",
        subject_type: "'import'",
        subject_id: "i.id",
        // The id of an import begins with the time of its first page.
        data: "json_object('resource', i.resource, 'total', i.total, 'first_page_at', substr(i.id, 1, 24))",
        behind: &behind,
        // Reads go on during a pause.
        org: READING,
        ..Frame::default()
    };
    // The log has no entry of a list.
    let tenant = Tenant { cause: Cause { request_id: None, ..tenant.cause.clone() }, ..tenant.clone() };
    frame.statement(&tenant, &bindings)
}
