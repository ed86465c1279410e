//! Imports: lists that are being read page by page, or were lately, and what identity providers were shown.

use super::context::{AdminContext, InOrganization, Opened};
use super::import_comparison::{Difference, Pages, Side, compare, window};
use super::members;
use super::types::imports::{
    Ahead, ComparisonQuery, ImportComparison, ImportDetail, ImportDifference, ImportList, ImportPage,
    ImportPageInList, ImportQuery, KeptImport, KeptToday, MemberShown, PersonAhead, PersonOnPage, ShownAs,
    ShownInImport,
};
use crate::d1::events::access::names;
use crate::d1::imports::kept::{OfPerson, WithPages};
use crate::d1::imports::{kept as stored, status};
use crate::d1::{Batch, Handle, Results, StorageError, StorageErrorKind, Tenant};
use crate::http::Problem;
use crate::kv::imports::{self as kv, Shown};

/// Most people of the look ahead.
const MOST_AHEAD: u16 = 50;
/// The beginning of an import's id, which is the time of its first page.
const TIME: usize = 24;

/// The problem that there is no such import, or not any more.
fn not_found() -> Problem {
    Problem::new(404, "There is no such import in this organization, or it is no longer kept.")
}

fn unreadable(reason: &str) -> Problem {
    StorageError::from(StorageErrorKind::Unavailable(format!("KV could not be read: {reason}"))).into()
}

/// The same with what may be shown of its key.
fn described(mut import: KeptImport) -> KeptImport {
    import.key.hint = directory::key::hint(&import.key.id);
    import
}

/// Lists imports, the newest first.
pub(crate) async fn list(
    context: &AdminContext<'_>,
    org: &str,
    query: ImportQuery,
) -> Result<InOrganization<ImportList>, Problem> {
    let tenant = context.tenant(org);
    let mut batch = Batch::new();
    let imports = batch.push(status::all(&tenant));
    let kept = batch.push(stored::list::<KeptImport>(&tenant, query.before.as_deref(), query.count.0));
    let today = batch.push(stored::today(&tenant));
    let ahead = batch.push(stored::ahead::<PersonAhead>(&tenant, MOST_AHEAD));
    let Opened { organization, results } = context.open(&tenant, batch).await?;
    let mut kept: Vec<KeptImport> = results.all(kept)?.into_iter().map(described).collect();
    let has_more = query.count.truncate(&mut kept);
    let next = kept.last().filter(|_| has_more).map(|last| last.id.clone());
    let pages = results.one(today)?.pages;
    let ahead = results.first(ahead)?.map(|stored::Ahead { import, is_partial, mut people }| {
        let has_more = people.len() > usize::from(MOST_AHEAD);
        people.truncate(MOST_AHEAD.into());
        Ahead { import, people, has_more, is_partial }
    });
    let answer = ImportList {
        imports: results.all(imports)?,
        kept,
        next,
        today: KeptToday { pages, most: context.import_pages_per_day },
        ahead,
    };
    Ok(InOrganization { organization, answer })
}

/// Reads an import with its pages.
pub(crate) async fn read(
    context: &AdminContext<'_>,
    org: &str,
    id: &str,
) -> Result<InOrganization<ImportDetail>, Problem> {
    let tenant = context.tenant(org);
    let found = context.select(&tenant, stored::one::<KeptImport>(&tenant, id)).await?;
    let WithPages { import, pages } = found.answer.into_iter().next().ok_or_else(not_found)?;
    let page_list = pages.into_iter().map(|page| ImportPageInList {
        number: page.number,
        rows: page.rows,
        is_kept: page.hash.is_some(),
    });
    let answer = ImportDetail { import: described(import), page_list: page_list.collect() };
    Ok(InOrganization { organization: found.organization, answer })
}

/// Reads who was on a page of an import. KV is asked first, so that D1 is asked once; what it says is told to those who
/// may administer the organization.
pub(crate) async fn page(
    context: &AdminContext<'_>,
    org: &str,
    id: &str,
    number: &str,
) -> Result<InOrganization<ImportPage>, Problem> {
    let number: u64 = number.parse().map_err(|_| not_found())?;
    let entries = kv::pages(context.kv, org, &[(id, number)]).await.map_err(|reason| unreadable(&reason))?;
    let people = entries.into_iter().next().flatten();
    let tenant = context.tenant(org);
    let mut batch = Batch::new();
    let import = batch.push(stored::one::<KeptImport>(&tenant, id));
    let ids: Vec<&str> = people.iter().flatten().map(|Shown(_, id, ..)| id.as_str()).collect();
    let named = batch.push(names(&tenant, &ids));
    let Opened { organization, results } = context.open(&tenant, batch).await?;
    let WithPages { import, .. } = results.first(import)?.ok_or_else(not_found)?;
    let people = people.ok_or_else(|| {
        Problem::new(
            404,
            format!(
                "It is not kept who was on page {number} of this import. A page that was kept a moment ago may take a \
                 minute to appear."
            ),
        )
    })?;
    let named = results.all(named)?;
    let people = people.into_iter().zip(named).map(|(Shown(_, id, active, version), named)| PersonOnPage {
        id,
        user_name: named.user_name,
        active: active == 1,
        version,
    });
    let answer = ImportPage { import: described(import), number, people: people.collect() };
    Ok(InOrganization { organization, answer })
}

/// Compares what two imports showed, a part at a time, in the order of the imports.
pub(crate) async fn comparison(
    context: &AdminContext<'_>,
    org: &str,
    query: ComparisonQuery,
) -> Result<InOrganization<ImportComparison>, Problem> {
    let tenant = context.tenant(org);
    let mut batch = Batch::new();
    let from = batch.push(stored::one::<KeptImport>(&tenant, &query.from));
    let to = batch.push(stored::one::<KeptImport>(&tenant, &query.to));
    let Opened { organization, results } = context.open(&tenant, batch).await?;
    let from = results.first(from)?.ok_or_else(not_found)?;
    let to = results.first(to)?.ok_or_else(not_found)?;
    let mut pages_missing: u64 = 0;
    let mut differences = Vec::new();
    let mut next = None;
    if let Some(window) = window(&from.pages, &to.pages, query.after.0, kv::MOST_AT_ONCE)? {
        let wanted = |import: &'_ WithPages<KeptImport>, pages: &[u64]| -> Vec<(String, u64)> {
            pages.iter().map(|page| (import.import.id.clone(), *page)).collect()
        };
        let wanted = [wanted(&from, &window.from), wanted(&to, &window.to)].concat();
        let wanted: Vec<(&str, u64)> = wanted.iter().map(|(import, page)| (import.as_str(), *page)).collect();
        let entries = kv::pages(context.kv, org, &wanted).await.map_err(|reason| unreadable(&reason))?;
        let mut entries = entries.into_iter();
        let mut side = |pages: &[u64]| -> Side {
            let mut found = Pages::new();
            for (page, people) in pages.iter().zip(entries.by_ref()) {
                match people {
                    Some(people) => found.push((*page, people)),
                    None => pages_missing = pages_missing.saturating_add(1),
                }
            }
            Side::of(found, query.after.0, window.end)
        };
        let sides = (side(&window.from), side(&window.to));
        differences = compare(&sides.0, &sides.1);
        let end = (!window.is_last).then_some(window.end);
        let most = usize::from(query.count.0);
        let cut = differences.len() > most;
        differences.truncate(most);
        next = if cut { differences.last().map(|last| last.seq) } else { end };
    }
    let ids: Vec<&str> = differences.iter().map(|difference| difference.id.as_str()).collect();
    let mut names_of = Vec::new();
    if !ids.is_empty() {
        let mut batch = Batch::new();
        let named = batch.push(names(&tenant, &ids));
        names_of = context.database.batch(&batch).await?.all(named)?;
    }
    let differences = differences.into_iter().zip(names_of);
    let differences = differences.map(|(Difference { id, kind, from, to, .. }, named)| ImportDifference {
        user_name: named.user_name,
        id,
        kind,
        from,
        to,
    });
    let answer = ImportComparison {
        from: described(from.import),
        to: described(to.import),
        differences: differences.collect(),
        pages_missing,
        next: next.map(|next| next.to_string()),
    };
    Ok(InOrganization { organization, answer })
}

/// In which of the newest imports a person was shown, and as what.
pub(crate) async fn of_member(
    context: &AdminContext<'_>,
    org: &str,
    id: &str,
) -> Result<InOrganization<MemberShown>, Problem> {
    let tenant = context.tenant(org);
    let mut batch = Batch::new();
    let member = batch.push(crate::d1::console_views::exists(&tenant, id));
    let reading = ShownReading::push(&mut batch, &tenant, id);
    let Opened { organization, results } = context.open(&tenant, batch).await?;
    if results.count(member) == 0 {
        return Err(members::not_found());
    }
    let answer = reading.shown(context, org, &results, id).await?;
    Ok(InOrganization { organization, answer })
}

/// The statement that finds the pages of a person, in a batch that may have others.
pub(super) struct ShownReading(Handle<OfPerson>);

impl ShownReading {
    /// Adds the statement to a batch.
    pub(super) fn push(batch: &mut Batch, tenant: &Tenant<'_>, id: &str) -> Self {
        Self(batch.push(stored::of_person(tenant, id)))
    }

    /// As what the person was shown, once the statement has run. It reads the pages from KV.
    ///
    /// # Errors
    /// KV cannot be read.
    pub(super) async fn shown(
        &self,
        context: &AdminContext<'_>,
        org: &str,
        results: &Results,
        id: &str,
    ) -> Result<MemberShown, Problem> {
        let found = results.all(self.0)?;
        let wanted: Vec<(&str, u64)> =
            found.iter().flat_map(|of| of.pages.iter().map(|page| (of.import.as_str(), *page))).collect();
        let entries = kv::pages(context.kv, org, &wanted).await.map_err(|reason| unreadable(&reason))?;
        let mut entries = entries.into_iter();
        let imports = found.iter().map(|of| {
            let own: Vec<_> = of.pages.iter().zip(entries.by_ref()).collect();
            // A person may come twice. The later page is what the identity provider saw last.
            let shown = own.iter().rev().find_map(|(page, people)| {
                let people = people.as_ref()?;
                let Shown(_, _, active, version) = people.iter().find(|Shown(_, own, ..)| own == id)?;
                Some(ShownAs { page: **page, active: *active == 1, version: *version })
            });
            let begun_at = of.import.get(..TIME).unwrap_or_default().to_owned();
            ShownInImport { import: of.import.clone(), begun_at, shown, is_complete: of.is_complete }
        });
        Ok(MemberShown { imports: imports.collect() })
    }
}
