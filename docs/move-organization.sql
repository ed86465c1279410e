-- Writes the statements that copy one organization into another database; docs/guides/move-organization.md has the
-- steps. The table `move` has one row: the organization's id here (old) and there (new), and the number that is added
-- to each `seq` (by), so that no `seq` occurs twice there. The order of insertion stays.
--
-- Memberships come before the people and groups that they connect: otherwise their trigger would count them as changes
-- of the people. The other triggers count users and groups anew, so user_count and group_count begin at 0. The access
-- brake is off while the events are copied, since it would take them for new ones. Keys are not copied.

SELECT 'PRAGMA defer_foreign_keys = on;';
SELECT format('INSERT INTO organizations (id, name, email_management, plain_groups, mail_domains,'
  || ' key_lifetime_days, user_limit, fold_version, created_at, last_modified, brake_percent, brake_engaged_at,'
  || ' brake_engaged_by, brake_lifted_until, paused_at, paused_by, keep_access, group_prefix, org_role_attribute)'
  || ' VALUES (%Q, %Q, %d, %d, %Q, %s, %s, %d, %Q, %Q, 0, %Q, %Q, %Q, %Q, %Q, %d, %Q, %Q);',
  move.new, name, email_management, plain_groups, mail_domains, coalesce(key_lifetime_days, 'NULL'),
  coalesce(user_limit, 'NULL'), fold_version, created_at, last_modified, brake_engaged_at, brake_engaged_by,
  brake_lifted_until, paused_at, paused_by, keep_access, group_prefix, org_role_attribute)
  FROM move JOIN organizations ON id = move.old;
SELECT format('INSERT INTO memberships (group_seq, user_seq, since) VALUES (%d, %d, %d);',
    group_seq + move.by, user_seq + move.by, since)
  FROM move JOIN groups ON org_id = move.old JOIN memberships ON group_seq = seq;
SELECT format('INSERT INTO kept_memberships (user_seq, group_seq) VALUES (%d, %d);',
    user_seq + move.by, group_seq + move.by)
  FROM move JOIN groups ON org_id = move.old JOIN kept_memberships ON group_seq = seq;
SELECT format('INSERT INTO users (seq, org_id, id, user_name_fold, external_id, active, org_role, mail_domain, managed,'
    || ' doc, doc_fold, version, created_at, last_modified, lost_at)'
    || ' VALUES (%d, %Q, %Q, %Q, %Q, %d, %Q, %Q, %d, %Q, %Q, %d, %Q, %Q, %Q);',
    seq + move.by, move.new, id, user_name_fold, external_id, active, org_role, mail_domain, managed,
    doc, doc_fold, version, created_at, last_modified, lost_at)
  FROM move JOIN users ON org_id = move.old ORDER BY seq;
SELECT format('INSERT INTO user_emails (org_id, value_fold, type_fold, user_seq) VALUES (%Q, %Q, %Q, %d);',
    move.new, value_fold, type_fold, user_seq + move.by)
  FROM move JOIN user_emails ON org_id = move.old;
SELECT format('INSERT INTO projects (id, org_id, name, name_fold, created_at, archived_at)'
    || ' VALUES (%Q, %Q, %Q, %Q, %Q, %Q);', id, move.new, name, name_fold, created_at, archived_at)
  FROM move JOIN projects ON org_id = move.old;
SELECT format('INSERT INTO teams (id, project_id, name, name_fold, created_at) VALUES (%Q, %Q, %Q, %Q, %Q);',
    teams.id, project_id, teams.name, teams.name_fold, teams.created_at)
  FROM move JOIN projects ON org_id = move.old JOIN teams ON project_id = projects.id;
SELECT format('INSERT INTO groups (seq, org_id, id, project_id, team_id, role, display_name, name_fold, external_id,'
    || ' external_id_sent, pushed_at, version, created_at, last_modified)'
    || ' VALUES (%d, %Q, %Q, %Q, %Q, %Q, %Q, %Q, %Q, %Q, %Q, %d, %Q, %Q);',
    seq + move.by, move.new, id, project_id, team_id, role, display_name, name_fold, external_id,
    external_id_sent, pushed_at, version, created_at, last_modified)
  FROM move JOIN groups ON org_id = move.old ORDER BY seq;
SELECT format('INSERT INTO archived_groups (id, project_id, team_id, role, display_name, name_fold, external_id,'
    || ' external_id_sent, version, created_at) VALUES (%Q, %Q, %Q, %Q, %Q, %Q, %Q, %Q, %d, %Q);',
    a.id, a.project_id, a.team_id, a.role, a.display_name, a.name_fold, a.external_id, a.external_id_sent,
    a.version, a.created_at)
  FROM move JOIN projects ON org_id = move.old JOIN archived_groups a ON a.project_id = projects.id;
SELECT format('INSERT INTO acceptances (org_id, mail, accepted_at, declined_at) VALUES (%Q, %Q, %Q, %Q);',
    move.new, mail, accepted_at, declined_at)
  FROM move JOIN acceptances ON org_id = move.old;
SELECT format('INSERT INTO log (org_id, id, source, actor, method, path, status, resource_type, resource_id,'
    || ' resource_name, detail, body, duration, code, changed_id, first_event, request_id)'
    || ' VALUES (%Q, %Q, %Q, %Q, %Q, %Q, %d, %Q, %Q, %Q, %Q, %Q, %d, %Q, %Q, %s, %Q);',
    move.new, id, source, actor, method, path, status, resource_type, resource_id, resource_name, detail, body,
    duration, code, changed_id, coalesce(first_event, 'NULL'), request_id)
  FROM move JOIN log ON org_id = move.old ORDER BY id;
SELECT format('INSERT INTO events (org_id, seq, at, type, story, log_id, source, actor, key_id, subject_type,'
    || ' subject_id, version, data, active, active_total, lost, lost_total)'
    || ' VALUES (%Q, %d, %Q, %Q, %d, %Q, %Q, %Q, %Q, %Q, %Q, %s, %Q, %d, %d, %d, %d);',
    move.new, seq, at, type, story, log_id, source, actor, key_id, subject_type,
    iif(subject_id = move.old, move.new, subject_id), coalesce(version, 'NULL'), data, active, active_total, lost,
    lost_total)
  FROM move JOIN events ON org_id = move.old ORDER BY seq;
SELECT format('INSERT INTO event_subjects (org_id, subject_id, seq, since, personal) VALUES (%Q, %Q, %d, %s, %Q);',
    move.new, iif(subject_id = move.old, move.new, subject_id), seq, coalesce(since, 'NULL'), personal)
  FROM move JOIN event_subjects ON org_id = move.old;
SELECT format('INSERT INTO deleted_people (org_id, id, deleted_at, event_seq, person) VALUES (%Q, %Q, %Q, %d, %Q);',
    move.new, id, deleted_at, event_seq, person)
  FROM move JOIN deleted_people ON org_id = move.old;
SELECT format('UPDATE organizations SET brake_percent = %d WHERE id = %Q;', brake_percent, move.new)
  FROM move JOIN organizations ON id = move.old;
