//! The bindings and variables of a deployment: databases, the KV namespace, settings.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::OnceLock;

use worker::wasm_bindgen::JsCast;
use worker::{D1Database, Env, KvStore};

use crate::d1::limits::LIMITS;
use crate::d1::{Cost, Database};
use directory::{Catalog, Shard};

/// How many pages of imports a database keeps in a day, unless the deployment says otherwise: the free plan of
/// Cloudflare has 1,000 writes to KV a day, and revocations of keys need some.
pub(crate) const IMPORT_PAGES_PER_DAY: u64 = 800;

/// The version of the code.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The binding of the static assets.
pub(crate) const ASSETS: &str = "ASSETS";

/// The deployment, as one request sees it.
pub(crate) struct Deployment<'a> {
    pub(crate) env: &'a Env,
    pub(crate) catalog: &'static Catalog,
    pub(crate) kv: KvStore,
    first: D1Database,
    /// Whether read replicas of D1 may answer requests that only read.
    pub(crate) read_replicas: bool,
    /// How many pages of imports a database keeps in a day.
    pub(crate) import_pages_per_day: u64,
    cost: Rc<Cell<Cost>>,
}

impl<'a> Deployment<'a> {
    /// Reads the bindings.
    ///
    /// # Errors
    /// A sentence for the operator that says what is missing or invalid.
    pub(crate) fn of(env: &'a Env) -> Result<Self, String> {
        // Variables of a deployment are the same for every request of an isolate.
        static CATALOG: OnceLock<Result<Catalog, String>> = OnceLock::new();
        let catalog = CATALOG.get_or_init(|| {
            Catalog::new(
                // An empty GROUP_PREFIX is a mistake: `Catalog::new` refuses it.
                env.var("GROUP_PREFIX").map_or_else(|_| "Statsig".to_owned(), |prefix| prefix.to_string()),
                variable(env, "ORG_ROLE_ATTRIBUTE", "statsigOrgRole"),
            )
            .map(|catalog| catalog.with_limits(LIMITS))
        });
        static READ_REPLICAS: OnceLock<bool> = OnceLock::new();
        static IMPORT_PAGES: OnceLock<Result<u64, String>> = OnceLock::new();
        let import_pages =
            IMPORT_PAGES.get_or_init(|| import_pages_per_day(&variable(env, "IMPORT_PAGES_PER_DAY", "")));
        Ok(Self {
            env,
            // Only the first database is required.
            first: env.d1("DB").map_err(|error| format!("D1 binding DB: {error}"))?,
            catalog: catalog.as_ref().map_err(Clone::clone)?,
            kv: env.kv("KV").map_err(|error| format!("KV binding KV: {error}"))?,
            import_pages_per_day: import_pages.clone()?,
            read_replicas: *READ_REPLICAS.get_or_init(|| variable(env, "READ_REPLICAS", "off") == "on"),
            cost: Rc::default(),
        })
    }

    /// The database of a shard, if it is bound.
    pub(crate) fn database(&self, shard: Shard) -> Option<Database> {
        let cost = Rc::clone(&self.cost);
        if shard == Shard::FIRST {
            let first = D1Database::unchecked_from_js(self.first.as_ref().clone());
            return Some(Database::new(first, shard, cost));
        }
        database(self.env, shard, cost)
    }

    /// All databases in the order of their numbers, up to the first number that is not bound.
    pub(crate) fn databases(&self) -> Vec<Database> {
        Shard::all().map_while(|shard| self.database(shard)).collect()
    }

    /// The cost of the request so far, in all databases.
    pub(crate) fn cost(&self) -> Cost {
        self.cost.get()
    }
}

/// The database of a shard, if it is bound. Its cost is added to `cost`.
pub(crate) fn database(env: &Env, shard: Shard, cost: Rc<Cell<Cost>>) -> Option<Database> {
    Some(Database::new(env.d1(&binding(shard)).ok()?, shard, cost))
}

/// The binding of the database of a shard: `DB`, `DB_1`, `DB_2`, …
pub(crate) fn binding(shard: Shard) -> String {
    match shard {
        Shard::FIRST => "DB".to_owned(),
        shard => format!("DB_{}", shard.number()),
    }
}

fn import_pages_per_day(setting: &str) -> Result<u64, String> {
    match setting.trim() {
        "" => Ok(IMPORT_PAGES_PER_DAY),
        text => text.parse().map_err(|_| {
            format!(
                "IMPORT_PAGES_PER_DAY is {text:?}, and has to be a whole number; 0 keeps no pages of imports"
            )
        }),
    }
}

/// A variable of the deployment; the default if it is not set or empty.
pub(crate) fn variable(env: &Env, name: &str, default: &str) -> String {
    env.var(name)
        .map(|value| value.to_string())
        .ok()
        .filter(|value| !value.is_empty())
        .unwrap_or_else(|| default.to_owned())
}
