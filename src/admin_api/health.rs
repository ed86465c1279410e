//! How the provisioning of an organization is, and what seems to be set up wrongly.

use super::context::{AdminContext, InOrganization, Opened};
use super::types::health::{Finding, FindingKind, HealthReport, KeyInUse, ProvisioningState};
use crate::auth::key_use;
use crate::d1::Batch;
use crate::d1::health::{self as stored, Findings, Found};
use crate::http::Problem;
use crate::runtime::clock;

/// How long before its end a key is said to end, in milliseconds.
const ENDING_MILLIS: u64 = 14 * clock::DAY_MILLIS;

impl ProvisioningState {
    /// The same with what may be shown of the key, and with uses that are not written yet.
    pub(super) fn described(mut self) -> Self {
        for key in std::mem::take(&mut self.unused) {
            let last = key_use::unwritten(&key.id).and_then(|count| count.last);
            let Some(used) = last.filter(|used| self.last_heard_at.as_ref().is_none_or(|at| *at < used.at))
            else {
                continue;
            };
            self.last_heard_at = Some(used.at);
            self.key = Some(key);
        }
        if let Some(key) = &mut self.key {
            key.hint = directory::key::hint(&key.id);
        }
        self
    }
}

/// Whether a key ends within [`ENDING_MILLIS`].
pub(crate) fn is_ending(key: &KeyInUse, now_millis: u64) -> bool {
    let soon = clock::iso(now_millis.saturating_add(ENDING_MILLIS));
    key.is_good && key.expires_at.as_ref().is_some_and(|at| *at <= soon)
}

/// Reads how the provisioning is.
pub(crate) async fn read(
    context: &AdminContext<'_>,
    org: &str,
) -> Result<InOrganization<HealthReport>, Problem> {
    let tenant = context.tenant(org);
    let mut batch = Batch::new();
    let state = batch.push(stored::state::<ProvisioningState>(&tenant));
    let looked_for = Findings::push(&mut batch, &tenant);
    let Opened { organization, results } = context.open(&tenant, batch).await?;
    let state = results.one(state)?.described();
    let mut findings = Vec::new();
    if let Some(key) = &state.key {
        let kind = match key.is_good {
            true if is_ending(key, context.now_millis) => Some(FindingKind::KeyEnding),
            true => None,
            false => Some(FindingKind::KeyEnded),
        };
        findings.extend(kind.map(|kind| Finding {
            kind,
            number: 1,
            at: key.expires_at.clone(),
            id: Some(key.id.clone()),
            name: Some(key.hint.clone()),
        }));
    }
    for (kind, found) in [
        (FindingKind::RenameGroups, looked_for.renames),
        (FindingKind::ImportGroupsOff, looked_for.no_groups),
        (FindingKind::ExternalIdFromMailNickname, looked_for.mail_nicknames),
        (FindingKind::GroupLinkedTwice, looked_for.twice),
        (FindingKind::PeopleHidden, looked_for.hidden),
        (FindingKind::PeopleRefused, looked_for.refused),
        (FindingKind::RevocationNotAcknowledged, looked_for.late),
    ] {
        let found = results.first(found)?;
        findings.extend(found.map(|Found { number, at, id, name }| Finding { kind, number, at, id, name }));
    }
    let number = organization.record.failed_webhooks;
    if number > 0 {
        findings.push(Finding {
            kind: FindingKind::WebhooksDisabled,
            number,
            at: None,
            id: None,
            name: None,
        });
    }
    Ok(InOrganization { organization, answer: HealthReport { state, findings } })
}
