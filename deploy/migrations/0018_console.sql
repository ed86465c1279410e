-- Lists of organizations a page at a time, and changes of many people that go on by themselves.

-- The name in the form in which it is compared. Empty: the hourly maintenance makes it, as SQLite folds ASCII only.
ALTER TABLE organizations ADD COLUMN name_fold TEXT NOT NULL DEFAULT '';
UPDATE organizations SET name_fold = lower(name) WHERE name NOT GLOB '*[^ -~]*';
CREATE INDEX organizations_by_name ON organizations (name_fold, id);
CREATE INDEX organizations_by_creation ON organizations (created_at, id);
-- The organizations of an administrator, of however many there are.
CREATE INDEX users_administrators ON users (user_name_fold, org_id) WHERE active = 1 AND org_role <> 'Member';
-- A page of projects, of however many there are.
CREATE INDEX projects_by_creation ON projects (org_id, created_at, name_fold);

-- When the last step of the run was.
ALTER TABLE bulk_runs ADD COLUMN stepped_at TEXT NOT NULL DEFAULT '';
CREATE INDEX bulk_runs_under_way ON bulk_runs (org_id, id) WHERE status = 'running';

DROP VIEW schema_version;
CREATE VIEW schema_version AS SELECT 18 AS version;
