//! Imports: lists that are being read page by page, or were lately.

use super::context::{AdminContext, InOrganization};
use super::types::imports::ImportList;
use crate::d1::imports::status as stored;
use crate::http::Problem;

/// Lists imports, the last read first.
pub(crate) async fn list(
    context: &AdminContext<'_>,
    org: &str,
) -> Result<InOrganization<ImportList>, Problem> {
    let tenant = context.tenant(org);
    let found = context.select(&tenant, stored::all(&tenant)).await?;
    Ok(InOrganization { organization: found.organization, answer: ImportList { imports: found.answer } })
}
