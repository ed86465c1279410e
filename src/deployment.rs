//! What a deployment gives every request: its databases, its KV namespace, its variables.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::OnceLock;

use worker::{Env, KvStore};

use crate::d1::limits::LIMITS;
use crate::d1::{Cost, Database};
use directory::{Catalog, Shard};

/// A deployment, for the length of one request.
pub(crate) struct Deployment<'a> {
    pub(crate) env: &'a Env,
    pub(crate) catalog: &'static Catalog,
    pub(crate) kv: KvStore,
    /// Whether D1's read replicas may answer what only reads.
    pub(crate) read_replicas: bool,
    cost: Rc<Cell<Cost>>,
}

impl<'a> Deployment<'a> {
    /// Reads the bindings.
    ///
    /// # Errors
    /// What is missing or wrong.
    pub(crate) fn of(env: &'a Env) -> Result<Self, String> {
        // Variables of a deployment are the same for every request of an isolate.
        static CATALOG: OnceLock<Result<Catalog, String>> = OnceLock::new();
        let catalog = CATALOG.get_or_init(|| {
            Catalog::new(
                // One that is set and empty is a mistake, which would go unnoticed.
                env.var("GROUP_PREFIX").map_or_else(|_| "Statsig".to_owned(), |prefix| prefix.to_string()),
                variable(env, "ORG_ROLE_ATTRIBUTE", "statsigOrgRole"),
            )
            .map(|catalog| catalog.with_limits(LIMITS))
        });
        // The others need not be there.
        env.d1("DB").map_err(|error| format!("D1 binding DB: {error}"))?;
        Ok(Self {
            env,
            catalog: catalog.as_ref().map_err(Clone::clone)?,
            kv: env.kv("KV").map_err(|error| format!("KV binding KV: {error}"))?,
            read_replicas: variable(env, "READ_REPLICAS", "off") == "on",
            cost: Rc::default(),
        })
    }

    /// The database of that shard, if it is bound.
    pub(crate) fn database(&self, shard: Shard) -> Option<Database> {
        database(self.env, shard, Rc::clone(&self.cost))
    }

    /// All databases, in the order of their numbers, which have no gap. There is at least one.
    pub(crate) fn databases(&self) -> Vec<Database> {
        Shard::all().map_while(|shard| self.database(shard)).collect()
    }

    /// What was spent in all databases so far.
    pub(crate) fn cost(&self) -> Cost {
        self.cost.get()
    }
}

/// The database of that shard, if it is bound: `DB`, `DB_1`, `DB_2`, … What it costs is added to `cost`.
pub(crate) fn database(env: &Env, shard: Shard, cost: Rc<Cell<Cost>>) -> Option<Database> {
    let binding = match shard {
        Shard::FIRST => env.d1("DB"),
        shard => env.d1(&format!("DB_{}", shard.number())),
    };
    Some(Database::new(binding.ok()?, shard, cost))
}

/// A variable of the deployment; the default where it is not set.
pub(crate) fn variable(env: &Env, name: &str, default: &str) -> String {
    env.var(name)
        .map(|value| value.to_string())
        .ok()
        .filter(|value| !value.is_empty())
        .unwrap_or_else(|| default.to_owned())
}
