//! Setup links: operators make and revoke them; their holders see the set-up of one organization alone.

use base64ct::{Base64UrlUnpadded, Encoding};

use super::context::{AdminContext, InOrganization, Opened};
use super::reply::Reply;
use super::types::health::ProvisioningState;
use super::types::keys::{Key, KeyRecord};
use super::types::setup_links::{IssuedSetupLink, NewSetupLink, SetupLink, SetupLinkList};
use crate::auth::actor::Actor;
use crate::d1::audit_log::Outcome;
use crate::d1::project_list::{self, Wanted};
use crate::d1::setup_links::{self as stored, Entry, LastAnswer, MOST_GOOD};
use crate::d1::{Batch, Handle, Results, StorageError, Tenant, health, keys};
use crate::http::{AdminCode, Problem};
use crate::runtime::clock::{self, DAY_SECONDS};
use crate::runtime::{crypto, ids, random};

/// For how many days a link is good, unless the caller says otherwise.
const DAYS: u64 = 7;
/// For how many days a link is good at most.
pub(crate) const MAX_DAYS: u64 = 30;
/// Random bytes of a link.
const SECRET_BYTES: usize = 32;
/// Most projects whose groups the set-up names.
const MOST_PROJECTS: u16 = 20;

/// What a link says.
#[derive(Debug, Clone)]
pub(crate) struct Presented {
    pub(crate) organization: String,
    pub(crate) id: String,
    /// The HMAC under which D1 has it.
    pub(crate) hash: String,
}

impl Presented {
    /// Reads the text of a link. `None`: it has another form.
    ///
    /// # Errors
    /// None in practice.
    pub(crate) fn of(text: &str) -> Result<Option<Self>, StorageError> {
        let parts: Vec<&str> = text.split('.').collect();
        let [organization, id, secret] = parts.as_slice() else { return Ok(None) };
        let is_secret = Base64UrlUnpadded::decode_vec(secret).is_ok_and(|bytes| bytes.len() == SECRET_BYTES);
        if !is_secret || organization.len() != 36 || id.len() != 36 {
            return Ok(None);
        }
        let mac =
            crypto::hmac_sha256(secret.as_bytes(), format!("setup link {organization}.{id}").as_bytes())?;
        let hash = base16ct::lower::encode_string(&mac);
        Ok(Some(Self { organization: (*organization).to_owned(), id: (*id).to_owned(), hash }))
    }
}

impl Presented {
    /// The caller who holds the link.
    pub(crate) fn actor(&self) -> Actor {
        Actor::SetupLink {
            organization: self.organization.clone(),
            id: self.id.clone(),
            hash: self.hash.clone(),
            name: stored::hint(&self.id),
        }
    }
}

/// Lists links; for operators.
pub(crate) async fn list(
    context: &AdminContext<'_>,
    org: &str,
) -> Result<InOrganization<SetupLinkList>, Problem> {
    context.only_operators()?;
    let tenant = context.tenant(org);
    let InOrganization { organization, answer: links } =
        context.select(&tenant, stored::all(&tenant)).await?;
    Ok(InOrganization { organization, answer: SetupLinkList { links } })
}

/// Makes a link; for operators. Its address is in this answer and nowhere else.
pub(crate) async fn create(
    context: &AdminContext<'_>,
    org: &str,
    request: NewSetupLink,
) -> Result<Reply<IssuedSetupLink>, Problem> {
    context.only_operators()?;
    let days = days(&request)?;
    let tenant = context.tenant(org);
    context.open(&tenant, Batch::new()).await?;
    let (id, text, hash) = generated(org)?;
    let expires_at = context.after(days.saturating_mul(DAY_SECONDS));
    let outcome = creation(&id, &expires_at);
    let mut batch = Batch::from_iter(stored::insert(&tenant, &id, &hash, &expires_at));
    let described = batch.push(stored::one(&tenant, &id));
    let written = context.write(&tenant, &outcome, batch).await.map_err(not_created)?;
    let link: SetupLink = written.first(described)?.ok_or_else(StorageError::stale)?;
    Ok(Reply::created(IssuedSetupLink { link, url: Some(url(&context.base, &text)) }))
}

/// For how many days a new link is good.
///
/// # Errors
/// 400 for more than [`MAX_DAYS`], or none.
pub(crate) fn days(request: &NewSetupLink) -> Result<u64, Problem> {
    let days = request.expires_in_days.unwrap_or(DAYS);
    if (1..=MAX_DAYS).contains(&days) {
        return Ok(days);
    }
    let detail = format!("\"expires_in_days\" must be from 1 to {MAX_DAYS}.");
    Err(Problem::of(AdminCode::OutOfRange, detail))
}

/// A new link to an organization: its id, its text, and the HMAC under which D1 has it.
///
/// # Errors
/// None in practice.
pub(crate) fn generated(org: &str) -> Result<(String, String, String), Problem> {
    let id = ids::new_id()?;
    let secret = Base64UrlUnpadded::encode_string(&random::bytes::<SECRET_BYTES>()?);
    let text = format!("{org}.{id}.{secret}");
    let Presented { hash, .. } = Presented::of(&text)?.ok_or_else(Problem::no_organization)?;
    Ok((id, text, hash))
}

/// What the log says of a new link.
pub(crate) fn creation(id: &str, expires_at: &str) -> Outcome {
    Outcome::of(201, "Key", id, id).with_detail(format!("Made a setup link that is good until {expires_at}."))
}

/// The address of a link. `base` is that of SCIM.
pub(crate) fn url(base: &str, text: &str) -> String {
    format!("{}/console/setup?link={text}", base.strip_suffix("/scim").unwrap_or(base))
}

/// Why a link could not be stored.
pub(crate) fn not_created(error: StorageError) -> Problem {
    match error.is_stale() {
        true => Problem::of(
            AdminCode::KeyLimitReached,
            format!("An organization has at most {MOST_GOOD} good setup links. Revoke one first."),
        ),
        false => error.into(),
    }
}

/// Revokes a link; for operators. One that is revoked stays as it is.
pub(crate) async fn revoke(
    context: &AdminContext<'_>,
    org: &str,
    id: &str,
) -> Result<Reply<SetupLink>, Problem> {
    context.only_operators()?;
    let tenant = context.tenant(org);
    context.open(&tenant, Batch::new()).await?;
    let mut batch = Batch::from_iter(stored::revoked(&tenant, id));
    let described = batch.push(stored::one(&tenant, id));
    let outcome = Outcome::of(200, "Key", id, id).with_detail("Revoked a setup link.");
    let results = context.write_if_changed(&tenant, &outcome, stored::revoke(&tenant, id), batch).await?;
    Ok(Reply::ok(results.first(described)?.ok_or_else(not_found)?))
}

fn not_found() -> Problem {
    Problem::new(404, "There is no such setup link in this organization.")
}

/// Notes that a link was opened, if it is good.
///
/// # Errors
/// 404 if it is not.
pub(crate) async fn open(context: &AdminContext<'_>, link: &Presented) -> Result<(), Problem> {
    let tenant = context.tenant(&link.organization);
    context.open(&tenant, Batch::new()).await?;
    let outcome = Outcome::of(200, "Key", &link.id, &link.id).with_detail("Opened a setup link.");
    context.write(&tenant, &outcome, Batch::from_iter(stored::used(&tenant, &link.id))).await?;
    Ok(())
}

/// The set-up of an organization, as the holder of a link sees it.
pub(crate) struct SetUp {
    pub(crate) keys: Vec<Key>,
    pub(crate) connection: Connection,
    /// The names of groups that stand for roles: those of the first projects.
    pub(crate) groups: Vec<String>,
    pub(crate) entries: Vec<Entry>,
}

/// Whether the identity provider is heard, and what it was answered last.
pub(crate) struct Connection {
    pub(crate) state: ProvisioningState,
    pub(crate) last: Option<LastAnswer>,
}

/// The statements that read a connection. They have the next answers kept one by one.
struct ConnectionReading {
    state: Handle<ProvisioningState>,
    last: Handle<LastAnswer>,
}

impl ConnectionReading {
    fn push(batch: &mut Batch, context: &AdminContext<'_>, tenant: &Tenant<'_>) -> Self {
        let in_millis = |millis: u64| clock::iso(context.now_millis.saturating_add(millis));
        let (until, soon) = (in_millis(stored::WATCHED_FOR), in_millis(stored::WATCHED_FOR / 2));
        batch.execute(stored::watch(tenant, &until, &soon));
        let state = batch.push(health::state::<ProvisioningState>(tenant));
        Self { state, last: batch.push(stored::last_answer(tenant)) }
    }

    fn connection(self, results: &Results) -> Result<Connection, Problem> {
        let state = results.one(self.state)?.described();
        Ok(Connection { state, last: results.first(self.last)? })
    }
}

/// Reads whether the identity provider is heard.
pub(crate) async fn connection(context: &AdminContext<'_>, org: &str) -> Result<Connection, Problem> {
    let tenant = context.tenant(org);
    let mut batch = Batch::new();
    let reading = ConnectionReading::push(&mut batch, context, &tenant);
    let Opened { results, .. } = context.open(&tenant, batch).await?;
    reading.connection(&results)
}

/// Reads a set-up.
pub(crate) async fn read(context: &AdminContext<'_>, org: &str) -> Result<InOrganization<SetUp>, Problem> {
    let tenant = context.tenant(org);
    let mut batch = Batch::new();
    let found = batch.push(keys::all::<KeyRecord>(&tenant));
    let connection = ConnectionReading::push(&mut batch, context, &tenant);
    let wanted = Wanted::Page { after: ("", ""), count: MOST_PROJECTS };
    let projects = batch.push(project_list::described(&tenant, wanted));
    let entries = batch.push(stored::entries(&tenant));
    let Opened { organization, results } = context.open(&tenant, batch).await?;
    let groups = super::projects::assemble(results.all(projects)?)?
        .into_iter()
        .flat_map(|project| {
            let of_teams = project.teams.into_iter().flat_map(|team| team.roles);
            project.roles.into_iter().chain(of_teams).map(|role| role.group.display_name)
        })
        .collect();
    let answer = SetUp {
        keys: results.all(found)?.into_iter().map(Key::from).collect(),
        connection: connection.connection(&results)?,
        groups,
        entries: results.all(entries)?,
    };
    Ok(InOrganization { organization, answer })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_names_its_organization_and_cannot_be_altered() {
        let (own, other) = ["a", "b"].map(|letter| letter.repeat(36)).into();
        let secret = "A".repeat(43);
        let hash = |text: String| Presented::of(&text).unwrap().map(|link| link.hash);
        let good = hash(format!("{own}.{other}.{secret}")).unwrap();
        assert_ne!(hash(format!("{other}.{other}.{secret}")).unwrap(), good);
        assert_ne!(hash(format!("{own}.{own}.{secret}")).unwrap(), good);
        assert_ne!(hash(format!("{own}.{other}.{}", "E".repeat(43))).unwrap(), good);
        for malformed in
            ["", "a.b", "a.b.c", &format!("{own}.{other}.short"), &format!("{own}.{other}.{secret}.x")]
        {
            assert_eq!(hash(malformed.to_owned()), None, "{malformed}");
        }
    }
}
