//! Finished statements: what is composed of fragments can be read as SQL in `statements.sql` beside this file, and
//! `tests/cost/query-plans.test.mjs` asks D1 how it runs those of lists, which are in `tests/cost/statements.json`.
//! With UPDATE=1 the tests write the files.

use serde_json::{Value, json};
use sqlformat::{FormatOptions, QueryParams, format as format_sql};

use super::consequences::Change;
use super::events::range::Range;
use super::events::read::{self, About};
use super::events::{access, requests};
use super::export::{Export, Format};
use super::imports::kept;
use super::imports::snapshot::Reader;
use super::kept_memberships::KeptComparison;
use super::limits::LIMITS;
use super::list::{Listed, Query, prepare};
use super::memberships::{Comparison, Difference, change, resolve_member_ids};
use super::organizations::Settings;
use super::product::check::{Question, What, Who, facts};
use super::project_views::{Page, Sort};
use super::users::StoredUser;
use super::{
    Batch, Cause, Scope, Statement, Tenant, acceptances, audit_log, brake, bulk, consequences, deletion,
    erasure, events, export, group_members, group_people, groups, health, member_chunks, organization_list,
    organizations, people, people_counts, permissions, product, project_views, projects, retention, totals,
    undo, users, webhooks,
};
use directory::event::{MAX_LISTED, Source};
use directory::group::GroupChange;
use directory::permission::RoleKind;
use directory::{AdministratorName, Catalog, OrgRole, Organization, User};
use scim_protocol::cursor::{Cursor, Position, Seal};
use scim_protocol::filter::parse;
use scim_protocol::list::Window;
use scim_protocol::query::{CursorContext, Integer, ListQuery};

/// A request to storage, and its statements.
struct Case {
    /// Its name; for a list, JSON that describes the list.
    name: Value,
    statements: Vec<Statement>,
}

fn case(name: impl Into<Value>, batch: &Batch) -> Case {
    Case { name: name.into(), statements: batch.statements().cloned().collect() }
}

fn catalog() -> Catalog {
    Catalog::new("Statsig".to_owned(), "statsigOrgRole".to_owned()).unwrap()
}

fn tenant(catalog: &Catalog, scope: Scope) -> Tenant<'_> {
    Tenant {
        scope,
        catalog,
        base: "https://example.com/scim".to_owned(),
        now: "2026-01-01T00:00:00.000Z".to_owned(),
        cause: Cause {
            source: Source::Scim,
            actor: "hint".to_owned(),
            key_id: Some("key".to_owned()),
            request_id: Some("request".to_owned()),
            story: None,
        },
    }
}

fn of_key() -> Scope {
    Scope::Key { id: "key".to_owned(), hash: "hash".to_owned() }
}

/// Makes the cases of lists in a scope.
fn list_case(scope: Scope, listed: Listed, filter: Option<&str>, sort_by: Option<&str>, place: &str) -> Case {
    let catalog = catalog();
    let tenant = tenant(&catalog, scope);
    let context = CursorContext { endpoint: "/", seal: Seal { id: "key", secret: "hash" }, now: 0 };
    let (cursor, later) = (place == "behind a cursor", place == "on a later page");
    let resource_types: &[_] = match listed {
        Listed::Users => &[&catalog.user],
        Listed::Groups => &[&catalog.group],
        Listed::All => &[&catalog.user, &catalog.group],
    };
    let parameters = ListQuery {
        filter: filter.map(str::to_owned),
        sort_by: sort_by.map(str::to_owned),
        cursor: cursor.then(String::new),
        start_index: later.then_some(Integer::Value(5001)),
        ..ListQuery::default()
    };
    let parsed = filter.map(|text| parse(resource_types, text, &LIMITS).unwrap());
    let sort = parameters.sort(resource_types).unwrap();
    let mut window = parameters.window(&context, &LIMITS).unwrap();
    if let Window::Cursor { from, .. } = &mut window {
        let key = sort_by.map(|_| "m".to_owned());
        *from = Some(Cursor { backward: false, position: Position { key, rank: 5000 } });
    }
    let query = Query {
        listed,
        filter: parsed.as_ref(),
        filter_text: filter,
        sort: sort.as_ref(),
        window: &window,
        reader: Reader { key: "key", client: "client", snapshot: "snapshot" },
        with_groups: true,
        with_members: listed != Listed::Users,
        is_long: false,
    };
    let batch = prepare(&tenant, &query).unwrap().take_batch();
    let listed = format!("{listed:?}");
    case(json!({"listed": listed, "filter": filter, "sortBy": sort_by, "place": place}), &batch)
}

/// Lists that an index has to serve, for a key.
fn lists() -> Vec<Case> {
    let page = |listed: Listed, filter: Option<&str>, sort_by: Option<&str>, place: &str| {
        list_case(of_key(), listed, filter, sort_by, place)
    };
    let of = |listed: Listed, filter: Option<&str>, sort_by: Option<&str>, cursor: bool| {
        page(listed, filter, sort_by, if cursor { "behind a cursor" } else { "" })
    };
    let users = |filter| of(Listed::Users, Some(filter), None, false);
    let groups = |filter| of(Listed::Groups, Some(filter), None, false);
    vec![
        users("id eq \"1\""),
        users("userName eq \"a@example.com\""),
        users("userName sw \"a\""),
        users("externalId eq \"00u1\""),
        users("emails.value eq \"a@example.com\""),
        users("emails[type eq \"work\" and value eq \"a@example.com\"]"),
        users("groups.value eq \"1\""),
        users("meta.lastModified gt \"2026-01-01T00:00:00Z\""),
        users("userName eq \"a\" or externalId eq \"b\" or emails eq \"c\""),
        users("active eq true and (userName eq \"a\" or id eq \"1\")"),
        groups("id eq \"1\""),
        groups("displayName eq \"Engineers\""),
        groups("externalId eq \"1\""),
        groups("members.value eq \"1\""),
        groups("displayName eq \"a\" or displayName eq \"b\""),
        page(Listed::Users, None, None, "on a later page"),
        page(Listed::Users, Some("title co \"a\""), None, "on a later page"),
        page(Listed::Users, Some("meta.lastModified gt \"2026-01-01T00:00:00Z\""), None, "on a later page"),
        page(Listed::Users, Some("emails.value co \"a\""), None, "on a later page"),
        page(Listed::Groups, None, None, "on a later page"),
        page(Listed::Groups, Some("members.display co \"a\""), None, "on a later page"),
        of(Listed::Users, None, None, false),
        of(Listed::Users, None, None, true),
        of(Listed::Users, None, Some("userName"), false),
        of(Listed::Users, None, Some("userName"), true),
        of(Listed::Users, None, Some("meta.lastModified"), false),
        of(Listed::Groups, None, None, true),
        of(Listed::Groups, None, Some("displayName"), true),
        of(Listed::All, Some("externalId eq \"1\""), None, false),
        of(Listed::All, None, None, false),
        of(Listed::All, None, None, true),
    ]
}

/// The cases of `statements.sql`. The scope is the organization's id, unless the case is about another scope.
fn readable() -> Vec<Case> {
    let catalog = catalog();
    let scope = || Scope::Organization("organization".to_owned());
    let tenant = tenant(&catalog, scope());
    let title = Some("title co \"a\"");
    let mut cases = vec![
        list_case(scope(), Listed::Users, None, None, ""),
        list_case(scope(), Listed::Users, None, None, "on a later page"),
        list_case(scope(), Listed::Users, title, None, ""),
        list_case(scope(), Listed::Users, title, None, "on a later page"),
        list_case(scope(), Listed::Users, Some("emails.value eq \"a@example.com\""), Some("userName"), ""),
        list_case(scope(), Listed::All, None, Some("meta.created"), "behind a cursor"),
    ];
    let mut add = |name: &str, fill: &dyn Fn(&mut Batch)| {
        let mut batch = Batch::new();
        fill(&mut batch);
        cases.push(case(name, &batch));
    };
    let by_key = self::tenant(&catalog, of_key());
    add("GET of a user, by a key", &|batch| {
        batch.push(users::resource(&by_key, "user", true));
    });
    add("a user as the basis of a write", &|batch| {
        batch.push(users::find_for_update(&tenant, "user", false));
    });
    add("GET of a group with its members", &|batch| {
        batch.push(groups::resource(&tenant, "group"));
        batch.push(member_chunks::of_group(&tenant, "group"));
    });
    add("the members of a group that are to be replaced", &|batch| {
        batch.push(group_members::load_members(&tenant, "group"));
    });
    let patch = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [
            {"op": "add", "path": "members", "value": [{"value": "a"}]},
            {"op": "remove", "path": "members[value eq \"b\"]"},
            {"op": "remove", "path": "members[display co \"c\"]"},
        ],
    });
    let wanted = GroupChange::of_patch(&catalog, &patch).unwrap();
    add("a comparison of a PATCH with the members of a group", &|batch| {
        Comparison::push(batch, &tenant, "group", &wanted.members);
    });
    add("the users that replace the members of a group", &|batch| {
        for select in resolve_member_ids(&tenant, &wanted.members) {
            batch.push(select);
        }
    });
    add("a change of the members of a group", &|batch| {
        let difference = Difference {
            join: vec![1],
            leave: vec![2],
            inactive: vec!["c".to_owned()],
            ..Difference::default()
        };
        batch.extend(change(&tenant, "group", &difference));
    });
    let organization = |keep_access: bool| -> Organization {
        serde_json::from_value(json!({
            "id": "organization", "name": "Acme", "email_management": true, "plain_groups": true,
            "keep_access": keep_access, "mail_domains": [], "user_count": 1, "group_count": 1, "user_limit": null,
            "group_prefix": null, "confirmed_org_role_attribute": null,
        }))
        .unwrap()
    };
    let person = |title: &str, active: bool| {
        let doc = json!({"userName": "ada@example.com", "title": title});
        User { doc: doc.as_object().unwrap().clone(), active, org_role: OrgRole::Member }
    };
    let ada = StoredUser::visible("user", person("Engineer", true));
    add("a change of an attribute of a person, by a key", &|batch| {
        users::update(batch, &by_key, &organization(false), &ada, &person("Architect", true));
    });
    add("a check of a permission", &|batch| {
        let who = Who { id: Some("ann".to_owned()), user_name: Some("ann".to_owned()), external_id: None };
        let what =
            What { on: Some(RoleKind::Project), project_name: Some("demo".to_owned()), ..What::default() };
        batch.push(facts(&tenant, &[Question { who, what }]).unwrap());
    });
    add("the permissions of roles", &|batch| {
        batch.push(permissions::stored(&tenant));
    });
    add("a search for people by all that may be asked", &|batch| {
        let filter = people::Filter {
            search: Some("Ada \"".to_owned()),
            domain: Some("example.com".to_owned()),
            active: Some(true),
            org_role: Some(OrgRole::Member),
            group: Some("Group".to_owned()),
            provider: Some(people::Provider::Unseen),
            silent_since: Some("2026-01-31T00:00:00.000Z".to_owned()),
        };
        let turn = people::Turn::Before("ada".to_owned());
        let from = Some("a".to_owned());
        let query = people::Query { filter, from, turn, count: 50, ..people::Query::default() };
        batch.push(people::page::<Value>(&tenant, &query));
    });
    add("a page of all people, those that were changed last first", &|batch| {
        let order = people::Order::Changed;
        let turn = people::Turn::After("2026-01-31T00:00:00.000Z 0000000000000007".to_owned());
        let query = people::Query { order, turn, count: 50, ..people::Query::default() };
        batch.push(people::page::<Value>(&tenant, &query));
    });
    add("the group that a search for people names", &|batch| {
        batch.push(people::group::<Value>(&tenant, "Group"));
    });
    add("the deactivation of a person, whose memberships end", &|batch| {
        users::update(batch, &tenant, &organization(false), &ada, &person("Engineer", false));
    });
    add("the deactivation of a person, whose memberships are kept", &|batch| {
        users::update(batch, &tenant, &organization(true), &ada, &person("Engineer", false));
    });
    add("the activation of a person, whose kept memberships begin", &|batch| {
        let ada = StoredUser::visible("user", person("Engineer", false));
        users::update(batch, &tenant, &organization(true), &ada, &person("Engineer", true));
    });
    add("the deletion of a person", &|batch| {
        batch.extend(users::delete(&tenant, &ada));
    });
    add("a PATCH of a group whose memberships are kept for inactive people", &|batch| {
        KeptComparison::push(batch, &tenant, "group", &wanted.members);
    });
    add("a removal of more members than an event lists", &|batch| {
        batch.extend(events::memberships::end(&tenant, "group", &[1; MAX_LISTED + 1]));
    });
    add("the deletion of a team with its groups", &|batch| {
        batch.extend(projects::delete_team(&tenant, "project", "team"));
    });
    add("the retention of events", &|batch| {
        let before = "2026-01-01T00:00:00.000Z";
        batch.extend(retention::prune_events(before, 1000));
        batch.execute(retention::prune_orphans(retention::KEPT_TABLES[1], 1000));
    });
    add("a change of settings, with the mail domains", &|batch| {
        let settings = Settings {
            name: Some("Acme".to_owned()),
            email_management: Some(true),
            mail_domains: Some(vec!["example.com".to_owned()]),
            user_limit: Some(0),
            brake_percent: Some(0),
            ..Settings::default()
        };
        batch.extend(organizations::update(&tenant, &settings).statements);
    });
    add("the ownership moves", &|batch| {
        batch.extend(users::transfer_ownership(&tenant, "user", None));
    });
    add("the audit log by resource, of failures", &|batch| {
        let query = audit_log::Query {
            failed: Some(true),
            resource: Some("ada@example.com".to_owned()),
            count: 50,
            ..audit_log::Query::default()
        };
        batch.push(audit_log::entries::<Value>(&tenant, &query));
    });
    add("deeds of any kind", &|batch| {
        let query = read::Query { count: 50, ..read::Query::default() };
        batch.push(read::deeds::<Value>(&tenant, &query));
    });
    add("the history of a person before an event, with a name", &|batch| {
        let query = read::Query {
            about: Some(About::Person("user".to_owned())),
            text: Some("ada".to_owned()),
            range: Range { from: Some("2026-01-31".to_owned()), before: Some(7), ..Range::default() },
            count: 50,
            ..read::Query::default()
        };
        batch.push(read::deeds::<Value>(&tenant, &query));
        batch.push(read::total(&tenant, &query));
    });
    add("requests that changed nothing", &|batch| {
        let query = requests::Query { count: 51, ..requests::Query::default() };
        batch.push(requests::requests::<Value>(&tenant, &query));
        batch.push(requests::total(&tenant, &query));
    });
    add("access at a moment", &|batch| {
        let time = "2026-01-31T00:00:00.000Z";
        batch.push(access::moment(&tenant, time, Some("user")));
        batch.push(access::steps_since(&tenant, time, "user"));
        batch.push(access::origin_of_role(&tenant, time, "user"));
        batch.push(access::memberships(&tenant, time, "user"));
    });
    add("the events of a person between two others", &|batch| {
        batch.push(access::between(&tenant, 1, 9, Some(&About::Person("user".to_owned()))));
    });
    add("the access brake engages", &|batch| {
        batch.execute(brake::engage(&tenant));
        batch.execute(brake::engaged(&tenant));
        batch.push(brake::holds(&tenant));
    });
    add("what changes in the console take", &|batch| {
        let domains = ["example.com".to_owned()];
        batch.push(consequences::count(&tenant, Change::EmailDomains(&domains)));
        batch.push(consequences::count(&tenant, Change::Archive("project")));
        batch.execute(consequences::check(&tenant, Change::DeleteTeam("team"), Some(26)));
        batch.execute(consequences::check(&tenant, Change::Remove("user"), None));
    });
    add("*Erase now*", &|batch| {
        batch.extend(erasure::erase(&tenant, "user").statements);
    });
    add("deleted people whom maintenance erases", &|batch| {
        batch.extend(erasure::erase_old("2026-01-01T00:00:00.000Z", 20));
    });
    add("active people are counted anew", &|batch| {
        batch.push(totals::due(1));
        batch.push(totals::piece(&tenant, ""));
        batch.execute(events::organization::people_counted(&tenant, 1, 1));
    });
    add("a search by name within a group, and a person joins it", &|batch| {
        batch.push(group_people::search::<Value>(&tenant, "group", "ada", 0, 50));
        batch.extend(group_people::change(&tenant, "group", &["user"], true));
    });
    add("rows of exports", &|batch| {
        for (export, format) in [
            (Export::People, Format::Csv),
            (Export::Groups, Format::Jsonl),
            (Export::Log, Format::Jsonl),
            (Export::Events, Format::Jsonl),
            (Export::AccessReview, Format::Jsonl),
        ] {
            batch.push(export::rows(&tenant, export, format, ("", 0), 500));
        }
    });
    add("a change of many people, and its first step", &|batch| {
        let change = bulk::Change::AddToGroup { group: "group".to_owned() };
        let people = ["user".to_owned()];
        batch.push(bulk::preview(&tenant, &change, &people));
        batch.extend(bulk::start(&tenant, "run", &change, &people));
        batch.push(bulk::people(&tenant, "run", "", 50));
    });
    add("what is kept of imports", &|batch| {
        batch.push(kept::list::<Value>(&tenant, None, 50));
        batch.push(kept::of_person(&tenant, "user"));
        batch.push(kept::ahead::<Value>(&tenant, 50));
    });
    add("projects, teams and plain groups, a page at a time", &|batch| {
        let page = Page { search: Some("shop".to_owned()), sort: Sort::People, skip: 50, count: 50 };
        batch.push(project_views::projects::<Value>(&tenant, &page, Some(false)));
        batch.push(project_views::project_total(&tenant, &page, None));
        batch.push(project_views::teams::<Value>(&tenant, "project", &page));
        batch.push(project_views::one_team::<Value>(&tenant, "project", "team"));
        batch.push(project_views::first_members::<Value>(&tenant, "team"));
        batch.push(project_views::plain_groups::<Value>(&tenant, &Page { sort: Sort::Pushed, ..page }));
    });
    add("people of large groups and projects are counted", &|batch| {
        batch.push(people_counts::due());
        batch.push(people_counts::count(&tenant, people_counts::Counted::Groups));
        batch.push(people_counts::count(&tenant, people_counts::Counted::Projects));
        batch.execute(people_counts::done(&tenant, 7));
    });
    add("an organization is deleted, restored, and its rows are deleted", &|batch| {
        batch.extend(deletion::delete(&tenant, "organization", "Acme"));
        batch.extend(deletion::restore(&tenant, "organization", "Acme"));
        batch.push(deletion::due("2026-01-01T00:00:00.000Z", 20));
        batch.extend(deletion::prune("2026-01-01T00:00:00.000Z", 1000));
    });
    add("how the provisioning is", &|batch| {
        batch.push(health::state::<Value>(&tenant));
        health::Findings::push(batch, &tenant);
    });
    let made = [
        undo::statements::cases(&tenant),
        webhooks::delivery::cases(&tenant),
        product::statements::cases(&tenant),
    ];
    for (name, made) in made.into_iter().flatten() {
        add(name, &|batch| *batch = made.clone());
    }
    let name = AdministratorName::of("ada@example.com");
    let scope = Scope::Administrator { organization: "organization".to_owned(), name: name.clone() };
    let administrator = self::tenant(&catalog, scope);
    add("an organization for its administrator", &|batch| {
        batch.push(organizations::one::<Value>(&administrator));
    });
    add("the organizations of an administrator", &|batch| {
        for (administrator, search) in [(Some(&name), None), (None, Some("acme"))] {
            let order = organization_list::Order::Name;
            let after = Some(("acme", "organization"));
            let query = organization_list::Query { administrator, search, order, after, count: 50 };
            batch.push(organization_list::page::<Value>(&query));
            batch.push(organization_list::rest(&query));
        }
        batch.push(organization_list::to_switch_to::<Value>(None));
        batch.push(organization_list::deleted::<Value>(50));
        batch.push(organization_list::unfolded(50));
        batch.push(acceptances::invitations::<Value>(&name, 50));
    });
    cases
}

fn sql_of(cases: &[Case]) -> String {
    let options = FormatOptions {
        max_inline_block: 100,
        max_inline_arguments: Some(100),
        max_inline_top_level: Some(100),
        ..FormatOptions::default()
    };
    let mut text = String::from("-- Statements that src/d1 composes of fragments; see golden.rs.\n");
    for Case { name, statements } in cases {
        let name = name.as_str().map_or_else(|| format!("a list: {name}"), str::to_owned);
        text.push_str(&format!("\n-- {name}\n"));
        for statement in statements {
            let sql = format_sql(&statement.sql, &QueryParams::None, &options);
            text.push_str(&format!("{sql};\n"));
        }
    }
    text
}

fn json_of(cases: &[Case]) -> String {
    let of_case = |Case { name, statements }: &Case| {
        let statements = statements.iter().map(|each| json!({"sql": each.sql, "params": each.params}));
        let mut case = name.clone();
        case.as_object_mut().unwrap().insert("statements".to_owned(), statements.collect());
        case
    };
    format!("{:#}\n", cases.iter().map(of_case).collect::<Value>())
}

fn assert_file(path: &str, made: &str) {
    let file = format!("{}/{path}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, made).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(made == kept, "{path} is out of date: UPDATE=1 cargo test statements_are");
}

#[test]
fn statements_are_those_whose_plans_are_tested() {
    assert_file("tests/cost/statements.json", &json_of(&lists()));
}

#[test]
fn statements_are_those_in_the_golden_file() {
    assert_file("src/d1/statements.sql", &sql_of(&readable()));
}
