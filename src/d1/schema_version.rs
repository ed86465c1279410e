//! Which migrations a database has.

use serde::Deserialize;

use super::batch::Select;
use super::statement::Statement;

/// The number of the newest migration that this version of the service knows, and needs.
pub const NEWEST: u32 = 23;

/// The number of the newest migration that a database has.
#[derive(Debug, Deserialize)]
pub struct SchemaVersion {
    /// The number with which the name of the migration begins.
    pub version: u32,
}

/// Reads the number, in one row. On a database without tables, or with migrations up to 8 only, it fails with
/// `StorageErrorKind::OutdatedSchema`.
pub fn stored() -> Select<SchemaVersion> {
    Select::columns(Statement::new("SELECT version FROM schema_version", &[]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_migration_is_that_of_the_folder() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
        let names = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name());
        let newest = names.map(|name| name.into_string().unwrap()).max().unwrap();
        assert_eq!(newest.split('_').next().unwrap().parse(), Ok(NEWEST), "{newest}");
        let last = std::fs::read_to_string(format!("{folder}/{newest}")).unwrap();
        assert!(
            last.contains(&format!("CREATE VIEW schema_version AS SELECT {NEWEST} AS version;")),
            "{newest} must make the view schema_version anew, with its own number"
        );
    }
}
