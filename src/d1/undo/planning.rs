//! Decides what becomes of some subjects, and previews what becomes of all.

use litemap::LiteMap;
use serde_json::Value;

use super::history::{Loaded, LoadedPerson, LoadedThing, Loading, Scope};
use super::names::{Kind, Names, Wanted};
use super::plan::{Around, Counts, Foreseen, LeftOut, PlannedPerson, PlannedThing};
use super::selection::{self, Extent, Selection, Span, Subject};
use super::things::{self, Kin};
use crate::d1::batch::Batch;
use crate::d1::organizations;
use crate::d1::tenant::Tenant;
use crate::d1::{Database, StorageError};
use directory::Organization;
use directory::undo::{Existence, Left, Place, Reason};
use scim_protocol::json;
use scim_protocol::text::in_order;

/// About how many bytes of subjects are read for one step.
pub(crate) const MOST_BYTES: u64 = 1_000_000;
/// About how many bytes of a single subject are read.
pub(crate) const MOST_BYTES_OF_ONE: u64 = 8_000_000;
/// Most memberships that begin and end in one step, unless a single person has more.
pub(crate) const MOST_MEMBERSHIPS: usize = 2_000;

/// What a selection would restore, or a page of it.
#[derive(Debug)]
pub struct Preview {
    /// What the selection has.
    pub extent: Extent,
    /// What is restored.
    pub restored: Counts,
    /// What stays.
    pub left_out: Vec<LeftOut>,
    /// The last subject, if there may be more.
    pub next: Option<Subject>,
}

/// Subjects and what becomes of them.
pub(super) struct Planned {
    pub(super) things: Vec<PlannedThing>,
    pub(super) people: Vec<PlannedPerson>,
    /// The last subject that it has.
    pub(super) last: Option<Subject>,
    /// How many subjects it has.
    pub(super) count: usize,
}

impl Planned {
    /// A subject of which more is stored than is read.
    fn too_much(subject: &Subject) -> Self {
        let (mut things, mut people) = (Vec::new(), Vec::new());
        let reason = Reason::TooManyChanges;
        match subject.place {
            // The later place says it.
            Place::CreatedPerson => {}
            Place::Person => people.push(PlannedPerson::leaving(LoadedPerson::unread(subject), reason)),
            _ => things.push(PlannedThing::leaving(LoadedThing::unread(subject), reason)),
        }
        Self { things, people, last: Some(subject.clone()), count: 1 }
    }

    pub(super) fn restored(&self) -> Counts {
        let things = self.things.iter().map(PlannedThing::counts);
        let people = self.people.iter().map(PlannedPerson::counts);
        things.chain(people).fold(Counts::default(), Counts::plus)
    }

    pub(super) fn left_out(&self) -> Vec<LeftOut> {
        let of = |place: Place, id: &str, left: &[Left]| {
            (!left.is_empty()).then(|| LeftOut { place, id: id.to_owned(), left: left.to_vec() })
        };
        let things = self
            .things
            .iter()
            .filter_map(|thing| of(thing.loaded.place, thing.loaded.id(), &thing.plan.left));
        let people =
            self.people.iter().filter_map(|each| of(each.loaded.place, &each.loaded.id, &each.plan.left));
        things.chain(people).collect()
    }
}

/// Reads subjects and decides about them: as many of the first as fit into one step. In a preview, what comes first in
/// the order of the steps is not done yet, and is foreseen.
pub(super) async fn plan(
    database: &Database,
    tenant: &Tenant<'_>,
    organization: &Organization,
    scope: Scope<'_>,
    subjects: &[Subject],
    is_preview: bool,
) -> Result<Planned, StorageError> {
    let mut bytes = 0_u64;
    let fits = |subject: &&Subject| {
        bytes = bytes.saturating_add(subject.bytes);
        bytes <= MOST_BYTES
    };
    let several: Vec<Subject> = subjects.iter().take_while(fits).cloned().collect();
    let taken = if several.is_empty() { subjects.iter().take(1).cloned().collect() } else { several };
    if let [only] = taken.as_slice()
        && only.bytes > MOST_BYTES_OF_ONE
    {
        return Ok(Planned::too_much(only));
    }
    let loaded = load(database, tenant, scope, &taken).await?;
    let mut neighbours = Neighbours::default();
    if is_preview {
        let own = loaded.things.iter().cloned();
        own.for_each(|thing| neighbours.keep(thing));
    }
    let (mut things, mut people) =
        decide(&loaded, tenant, organization, &Names::default(), &neighbours, is_preview);
    if is_preview {
        neighbours.add(database, tenant, scope, groups_around(&people), projects_around(&things)).await?;
        (things, people) = decide(&loaded, tenant, organization, &Names::default(), &neighbours, is_preview);
    }
    let mut wanted = Wanted::default();
    let prefix = tenant.catalog.group_prefix_of(organization);
    things.iter().for_each(|thing| thing.want(prefix, &mut wanted));
    people.iter().filter_map(PlannedPerson::new_user_name).for_each(|name| wanted.person(name));
    neighbours.want(tenant, organization, &mut wanted);
    if !wanted.is_empty() {
        let names = Names::of(database.run(wanted.holders(tenant)).await?);
        if is_preview {
            let of = |kind: Kind| {
                let holders = names.iter().filter(|taken| taken.kind == kind);
                holders.map(|taken| taken.id.clone()).collect()
            };
            let (groups, holders) = (of(Kind::Group), of(Kind::Person));
            neighbours.add(database, tenant, scope, groups, Vec::new()).await?;
            neighbours.add_people(database, tenant, scope, holders).await?;
        }
        (things, people) = decide(&loaded, tenant, organization, &names, &neighbours, is_preview);
    }
    for thing in &mut things {
        if let Some(domains) = thing.plan.settings.get("mail_domains") {
            let change = organizations::visibility(tenant, &mail_domains(domains)?);
            let change = database.run(change).await?.into_iter().next();
            thing.visibility = change.map_or((0, 0), |change| (change.shown, change.hidden));
        }
    }
    let mut memberships = 0_usize;
    let mut fitting = people.iter().take_while(|person| {
        memberships = memberships.saturating_add(person.memberships());
        memberships <= MOST_MEMBERSHIPS || is_preview
    });
    let fitting = fitting.by_ref().count().max(usize::from(!people.is_empty()));
    let is_cut = fitting < people.len();
    people.truncate(fitting);
    let last = match people.last().filter(|_| is_cut) {
        Some(person) => Some(Subject { place: person.loaded.place, id: person.loaded.id.clone(), bytes: 0 }),
        None => taken.last().cloned(),
    };
    let count = if is_cut { things.len().saturating_add(fitting) } else { taken.len() };
    Ok(Planned { things, people, last, count })
}

/// Reads mail domains from an event.
///
/// # Errors
/// `StorageErrorKind::Internal` if they are no list of texts.
pub(super) fn mail_domains(value: &Value) -> Result<Vec<String>, StorageError> {
    json::read(value)
        .map_err(|error| StorageError::internal(format!("an event has mail domains that are none: {error}")))
}

async fn load(
    database: &Database,
    tenant: &Tenant<'_>,
    scope: Scope<'_>,
    subjects: &[Subject],
) -> Result<Loaded, StorageError> {
    let mut batch = Batch::new();
    let loading = Loading::push(&mut batch, tenant, scope, subjects);
    let results = database.batch(&batch).await?;
    loading.read(&results, subjects)
}

fn decide(
    loaded: &Loaded,
    tenant: &Tenant<'_>,
    organization: &Organization,
    names: &Names,
    neighbours: &Neighbours,
    is_preview: bool,
) -> (Vec<PlannedThing>, Vec<PlannedPerson>) {
    let foreseen = neighbours.foresee(tenant, organization, names);
    let prefix = tenant.catalog.group_prefix_of(organization);
    let around = Around { organization, prefix, names, foreseen: &foreseen, is_preview };
    let limit = organization.user_limit;
    let mut room = limit.map(|limit| limit.saturating_sub(organization.user_count));
    let things = loaded.things.iter().cloned().map(|thing| PlannedThing::of(thing, &around)).collect();
    let people = loaded.people.iter().cloned();
    let people = people.map(|person| PlannedPerson::of(person, &around, &mut room)).collect();
    (things, people)
}

/// The groups in which people were that are gone, and those that they leave: an undo may bring back or delete them.
fn groups_around(people: &[PlannedPerson]) -> Vec<String> {
    people.iter().flat_map(|person| person.loaded.gone().chain(&person.plan.leave)).cloned().collect()
}

/// The archived projects of groups and teams: an undo may restore them.
fn projects_around(things: &[PlannedThing]) -> Vec<String> {
    let projects = things.iter().filter_map(|thing| thing.loaded.row.project.as_ref());
    projects.filter(|project| project.is_archived).map(|project| project.id.clone()).collect()
}

/// What else an undo looks at, read for a preview.
#[derive(Default)]
struct Neighbours {
    kin: Vec<Kin>,
    things: LiteMap<(Place, String), LoadedThing>,
    people: Vec<LoadedPerson>,
}

impl Neighbours {
    fn keep(&mut self, thing: LoadedThing) {
        self.things.insert((thing.place, thing.row.id.clone()), thing);
    }

    /// Reads groups with their teams and projects, and other projects.
    async fn add(
        &mut self,
        database: &Database,
        tenant: &Tenant<'_>,
        scope: Scope<'_>,
        groups: Vec<String>,
        projects: Vec<String>,
    ) -> Result<(), StorageError> {
        let mut subjects: Vec<(Place, String)> =
            projects.into_iter().map(|project| (Place::Project, project)).collect();
        let groups = in_order(groups);
        if !groups.is_empty() {
            let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
            let kin = database.run(things::kin(tenant, &groups)).await?;
            for Kin { group, team, project } in &kin {
                let (created, place, id) = match team {
                    Some(team) => (Place::CreatedTeam, Place::Team, team),
                    None => (Place::CreatedGroup, Place::Group, group),
                };
                subjects.extend([(created, id.clone()), (place, id.clone())]);
                subjects.extend(project.iter().map(|project| (Place::Project, project.clone())));
            }
            self.kin.extend(kin);
        }
        subjects.retain(|subject| !self.things.contains_key(subject));
        subjects.sort_by_cached_key(|(_, id)| id.clone());
        subjects.sort_by_cached_key(|(place, _)| i64::from(i8::from(*place)));
        subjects.dedup();
        if subjects.is_empty() {
            return Ok(());
        }
        let subject = |(place, id)| Subject { place, id, bytes: 0 };
        let subjects: Vec<Subject> = subjects.into_iter().map(subject).collect();
        let loaded = load(database, tenant, scope, &subjects).await?;
        loaded.things.into_iter().for_each(|thing| self.keep(thing));
        Ok(())
    }

    /// Reads people who may be deleted.
    async fn add_people(
        &mut self,
        database: &Database,
        tenant: &Tenant<'_>,
        scope: Scope<'_>,
        people: Vec<String>,
    ) -> Result<(), StorageError> {
        if people.is_empty() {
            return Ok(());
        }
        let subject = |id: String| Subject { place: Place::CreatedPerson, id, bytes: 0 };
        let subjects: Vec<Subject> = in_order(people).into_iter().map(subject).collect();
        self.people = load(database, tenant, scope, &subjects).await?.people;
        Ok(())
    }

    /// Adds the names that they get.
    fn want(&self, tenant: &Tenant<'_>, organization: &Organization, wanted: &mut Wanted) {
        let foreseen = self.foresee(tenant, organization, &Names::default());
        for thing in self.planned(tenant, organization, &Names::default(), &foreseen) {
            thing.want(tenant.catalog.group_prefix_of(organization), wanted);
        }
    }

    fn planned(
        &self,
        tenant: &Tenant<'_>,
        organization: &Organization,
        names: &Names,
        foreseen: &Foreseen,
    ) -> Vec<PlannedThing> {
        let prefix = tenant.catalog.group_prefix_of(organization);
        let around = Around { organization, prefix, names, foreseen, is_preview: true };
        self.things.values().cloned().map(|thing| PlannedThing::of(thing, &around)).collect()
    }

    /// What is done to each, in the order of the steps.
    fn foresee(&self, tenant: &Tenant<'_>, organization: &Organization, names: &Names) -> Foreseen {
        let mut foreseen = Foreseen::default();
        if self.things.is_empty() && self.people.is_empty() {
            return foreseen;
        }
        let fate = |planned: &[PlannedThing], places: &[Place], existence: Existence| -> Vec<String> {
            let is = |thing: &&PlannedThing| {
                places.contains(&thing.loaded.place) && thing.plan.existence == existence
            };
            planned.iter().filter(is).map(|thing| thing.loaded.id().to_owned()).collect()
        };
        let planned = self.planned(tenant, organization, names, &foreseen);
        foreseen.projects = fate(&planned, &[Place::Project], Existence::Undeleted);
        let planned = self.planned(tenant, organization, names, &foreseen);
        let going = fate(&planned, &[Place::CreatedTeam, Place::CreatedGroup], Existence::Deleted);
        let is_in = |ids: &[String], id: Option<&String>| id.is_some_and(|id| ids.contains(id));
        let kin = self.kin.iter();
        let gone = kin.filter(|kin| going.contains(&kin.group) || is_in(&going, kin.team.as_ref()));
        foreseen.going = gone.map(|kin| kin.group.clone()).collect();
        let around = Around {
            organization,
            prefix: tenant.catalog.group_prefix_of(organization),
            names,
            foreseen: &Foreseen::default(),
            is_preview: true,
        };
        for person in &self.people {
            if PlannedPerson::of(person.clone(), &around, &mut None).plan.existence == Existence::Deleted {
                foreseen.going.push(person.id.clone());
            }
        }
        let planned = self.planned(tenant, organization, names, &foreseen);
        let returning = planned.iter().flat_map(|thing| &thing.plan.returning);
        foreseen.groups = returning.map(|each| each.group.id.clone()).collect();
        // The groups of a project come back with it.
        let back = self.kin.iter().filter(|kin| {
            let is_there = self.things.values().any(|thing| {
                (thing.row.id == kin.group || Some(&thing.row.id) == kin.team.as_ref()) && thing.row.exists
            });
            is_there && is_in(&foreseen.projects, kin.project.as_ref())
        });
        let back: Vec<String> = back.map(|kin| kin.group.clone()).collect();
        foreseen.groups.extend(back);
        foreseen
    }
}

/// What a selection would restore: of the subjects behind `after`, at most `most`.
///
/// # Errors
/// Those of storage.
pub async fn preview(
    database: &Database,
    tenant: &Tenant<'_>,
    organization: &Organization,
    selection: &Selection,
    span: Span,
    after: Option<&Subject>,
    most: u32,
) -> Result<Preview, StorageError> {
    let mut batch = Batch::new();
    let extent = batch.push(selection::extent(tenant, selection, span));
    // One more tells whether there are more.
    let more = most.saturating_add(1);
    let subjects = batch.push(selection::subjects(tenant, selection, span, after, more));
    let results = database.batch(&batch).await?;
    let mut subjects = results.all(subjects)?;
    let has_more = subjects.len() > most as usize;
    subjects.truncate(most as usize);
    let mut preview = Preview {
        extent: results.one(extent)?,
        restored: Counts::default(),
        left_out: Vec::new(),
        next: subjects.last().filter(|_| has_more).cloned(),
    };
    let scope = Scope { selection, span, own: 0 };
    let mut rest = subjects.as_slice();
    while !rest.is_empty() {
        let planned = plan(database, tenant, organization, scope, rest, true).await?;
        preview.restored = preview.restored.plus(planned.restored());
        preview.left_out.extend(planned.left_out());
        rest = rest.get(planned.count..).unwrap_or_default();
    }
    Ok(preview)
}
