//! Imports: lists that identity providers read page by page, and what these were shown.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::organizations::KeyRef;
use super::query::{Count, SeqCursor};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) enum ImportResource {
    Users,
    Groups,
}

/// begun: only the first page was read. stopped: no page was read for three minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ImportState {
    Begun,
    Reading,
    Finished,
    Stopped,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Import {
    #[schema(inline)]
    pub(crate) resource: ImportResource,
    #[schema(required)]
    pub(crate) filter: Option<String>,
    #[schema(minimum = 1)]
    pub(crate) page_size: u64,
    /// How many users or groups the list has for its reader.
    pub(crate) total: u64,
    pub(crate) pages: u64,
    /// Noted after each page.
    #[schema(minimum = 1)]
    pub(crate) pages_read: u64,
    #[schema(format = DateTime)]
    pub(crate) begun_at: String,
    #[schema(format = DateTime)]
    pub(crate) read_at: String,
    #[schema(inline)]
    pub(crate) state: ImportState,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImportList {
    /// Lists of several pages that are being read, or were lately.
    pub(crate) imports: Vec<Import>,
    /// What identity providers were shown: lists of all users or groups, the newest first, kept as long as the log.
    pub(crate) kept: Vec<KeptImport>,
    /// Where the next page of `kept` begins; null on the last page.
    #[schema(required)]
    pub(crate) next: Option<String>,
    pub(crate) today: KeptToday,
    /// What the next import will find otherwise than the last complete one. null: no complete import is kept.
    #[schema(required)]
    pub(crate) ahead: Option<Ahead>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct ImportQuery {
    /// The `next` of the previous page.
    pub(crate) before: Option<String>,
    /// Most entries of `kept`.
    #[param(value_type = u16, inline, minimum = 1, maximum = 200, default = 50, required = false)]
    pub(crate) count: Count,
}

/// A list of all users or groups that an identity provider read, in one page or several.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeptImport {
    /// Sorts by time.
    pub(crate) id: String,
    #[schema(inline)]
    pub(crate) resource: ImportResource,
    /// The key with which it was read.
    pub(crate) key: KeyRef,
    #[schema(minimum = 1)]
    pub(crate) page_size: u64,
    /// How many users or groups the list had for its reader.
    pub(crate) total: u64,
    #[schema(minimum = 1)]
    pub(crate) pages: u64,
    pub(crate) pages_read: u64,
    /// Of how many pages it is kept who was on them. Of groups, that is not kept.
    pub(crate) pages_kept: u64,
    #[schema(format = DateTime)]
    pub(crate) begun_at: String,
    /// When the last page so far was read.
    #[schema(format = DateTime)]
    pub(crate) read_at: String,
    #[schema(inline)]
    pub(crate) state: ImportState,
    /// Whether it was read to the end, and all of its pages are kept.
    pub(crate) is_complete: bool,
    /// Why the last page that could not be kept could not. null: none failed.
    #[schema(required)]
    pub(crate) failed: Option<String>,
}

/// Pages of imports that were kept today (UTC), of all organizations of the database.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeptToday {
    pub(crate) pages: u64,
    /// How many may be. An import that would need more is not kept; see IMPORT_PAGES_PER_DAY.
    pub(crate) most: u64,
}

/// The people whom the last complete import showed as active, and the next one will not: an identity provider unassigns
/// them then.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ahead {
    /// The id of that import.
    pub(crate) import: String,
    /// At most 50.
    pub(crate) people: Vec<PersonAhead>,
    /// Whether there are more.
    pub(crate) has_more: bool,
    /// Whether there were more than 5,000 changes since the import, so that only the first were looked at.
    pub(crate) is_partial: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum WhyUnassigned {
    Deactivated,
    Deleted,
    Hidden,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PersonAhead {
    pub(crate) id: String,
    /// null: the person is erased.
    #[schema(required)]
    pub(crate) user_name: Option<String>,
    #[schema(inline)]
    pub(crate) why: WhyUnassigned,
    #[schema(format = DateTime)]
    pub(crate) at: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImportDetail {
    #[serde(flatten)]
    pub(crate) import: KeptImport,
    /// The pages that were read, in their order.
    pub(crate) page_list: Vec<ImportPageInList>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImportPageInList {
    #[schema(minimum = 1)]
    pub(crate) number: u64,
    pub(crate) rows: u64,
    /// Whether it is kept who was on it.
    pub(crate) is_kept: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImportPage {
    pub(crate) import: KeptImport,
    #[schema(minimum = 1)]
    pub(crate) number: u64,
    /// Who was on it, in the order of the page.
    pub(crate) people: Vec<PersonOnPage>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonOnPage {
    pub(crate) id: String,
    /// The name now, or the last one. null: the person is erased.
    #[schema(required)]
    pub(crate) user_name: Option<String>,
    /// As it was shown.
    pub(crate) active: bool,
    /// As it was shown, in `meta.version`.
    pub(crate) version: i64,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ComparisonQuery {
    /// The id of the earlier import.
    pub(crate) from: String,
    /// The id of the later import.
    pub(crate) to: String,
    /// The `next` of the previous page.
    #[serde(default)]
    #[param(value_type = String, pattern = "^[0-9]+$", required = false)]
    pub(crate) after: SeqCursor,
    /// Most entries of a page.
    #[serde(default)]
    #[param(value_type = u16, inline, minimum = 1, maximum = 200, default = 50, required = false)]
    pub(crate) count: Count,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImportComparison {
    pub(crate) from: KeptImport,
    pub(crate) to: KeptImport,
    /// In the order of the imports. May be empty though there is a `next`: at most 40 pages are compared at once.
    pub(crate) differences: Vec<ImportDifference>,
    /// Pages that are not kept, so that people may be missing from the comparison.
    pub(crate) pages_missing: u64,
    /// Where the next page begins; null on the last page.
    #[schema(required)]
    pub(crate) next: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DifferenceKind {
    New,
    Gone,
    Changed,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImportDifference {
    pub(crate) id: String,
    /// The name now, or the last one. null: the person is erased.
    #[schema(required)]
    pub(crate) user_name: Option<String>,
    #[schema(inline)]
    pub(crate) kind: DifferenceKind,
    /// In the earlier import. null: not there.
    #[schema(required)]
    pub(crate) from: Option<ShownAs>,
    /// In the later import. null: not there.
    #[schema(required)]
    pub(crate) to: Option<ShownAs>,
}

/// As what a person was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ShownAs {
    #[schema(minimum = 1)]
    pub(crate) page: u64,
    pub(crate) active: bool,
    /// As in `meta.version`.
    pub(crate) version: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MemberShown {
    /// The newest imports of which pages are kept, at most three, the newest first.
    pub(crate) imports: Vec<ShownInImport>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShownInImport {
    /// The id of the import.
    pub(crate) import: String,
    #[schema(format = DateTime)]
    pub(crate) begun_at: String,
    /// null: on none of the pages that are kept.
    #[schema(required)]
    pub(crate) shown: Option<ShownAs>,
    /// Whether all pages are kept, so that a person on none of them was not shown.
    pub(crate) is_complete: bool,
}
