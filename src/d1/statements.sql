-- Statements that src/d1 composes of fragments; see golden.rs.

-- a list: {"listed":"Users","filter":null,"sortBy":null,"place":""}
DELETE FROM list_snapshots AS s
WHERE
  s.org_id = ?1
  AND (SELECT coalesce(sum((4096 + 11 * (listed / step + 2))), 0) FROM list_snapshots WHERE org_id = ?1) >= 64000000
  AND s.begun_at < strftime('%Y-%m-%dT%H:%M:%fZ', ?2, '-1 hour')
  AND NOT EXISTS (
    SELECT 1
    FROM readings r
    WHERE
      r.org_id = s.org_id
      AND r.list = s.list
      AND (r.id = s.id OR r.snapshot = s.id)
      AND r.read_at >= strftime('%Y-%m-%dT%H:%M:%fZ', ?2, '-1 hour')
  );
INSERT
  OR REPLACE INTO list_snapshots (
    org_id,
    list,
    id,
    resource,
    filter,
    reader,
    page_size,
    begun_at,
    base,
    step,
    listed,
    total,
    reveals,
    posts
  )
WITH start AS MATERIALIZED (SELECT 0 AS after, 0 AS total)
SELECT
  o.id,
  ?1,
  ?2,
  ?3,
  ?4,
  ?5,
  100,
  ?6,
  0,
  100,
  n.listed,
  max(start.total, 0 + n.listed),
  o.reveals,
  printf('%10d,', start.after) || coalesce(
    (
      WITH
      RECURSIVE boundary (number, seq) AS (
        SELECT 0, (SELECT after FROM start)
        UNION ALL
        SELECT
          number + 1,
          coalesce(
            iif(
              number < 150000 - 1,
              (
                SELECT users.seq
                FROM users
                WHERE users.org_id = ?7
                  AND users.managed = 1 AND TRUE AND users.seq > boundary.seq
                ORDER BY users.seq
                LIMIT 1 OFFSET 99
              ),
              NULL
            ),
            (SELECT max(users.seq) FROM users WHERE users.org_id = ?7 AND users.managed = 1 AND TRUE)
          )
        FROM boundary
        WHERE
          boundary.seq < (SELECT max(users.seq) FROM users WHERE users.org_id = ?7 AND users.managed = 1 AND TRUE)
      )
      SELECT group_concat (printf('%10d,', seq), '')
      FROM boundary
      WHERE number > 0
    ),
    ''
  )
FROM
  start
  CROSS JOIN organizations o
  CROSS JOIN (SELECT (SELECT user_count FROM organizations WHERE id = ?7) AS listed LIMIT 1) n
WHERE
  o.id = ?7
  AND n.listed > 100
  AND TRUE
  AND NOT (SELECT coalesce(sum((4096 + 11 * (listed / step + 2))), 0) FROM list_snapshots WHERE org_id = ?7) >= 64000000;
SELECT
  users.seq AS rank,
  NULL AS key,
  '{"id":"' || users.id || '",' || substr(users.doc, 2, length(users.doc) - 2) || ',"active":' || iif(users.active, 'true', 'false') || ',"' || ?1 || '":"' || iif(users.active, users.org_role, 'Member') || '"' || ',"groups":' || (
    SELECT
      json_group_array(
        json_object(
          'value',
          g.id,
          '$ref',
          ?2 || '/Groups/' || g.id,
          'display',
          g.display_name,
          'type',
          'direct'
        )
      )
    FROM memberships m
      JOIN groups g ON g.seq = m.group_seq
    WHERE m.user_seq = users.seq
  ) || ',"meta":{"resourceType":"User","created":"' || users.created_at || '","lastModified":"' || users.last_modified || '","location":"' || ?2 || '/Users/' || users.id || '","version":"W/\"' || users.version || '\""}}' AS body,
  json_array(users.seq, users.id, users.active, users.version) AS shown
FROM users
WHERE users.org_id = ?3 AND users.managed = 1 AND TRUE
ORDER BY users.seq ASC
LIMIT CAST(?4 AS INTEGER) OFFSET CAST(?5 AS INTEGER);
SELECT
  coalesce(s.total, NULL) AS total,
  s.total IS NOT NULL AS is_made,
  (SELECT coalesce(sum((4096 + 11 * (listed / step + 2))), 0) FROM list_snapshots WHERE org_id = ?1) >= 64000000 AS is_full
FROM (SELECT 1) LEFT JOIN list_snapshots s ON s.org_id = ?1 AND s.list = ?2 AND s.id = ?3;

-- a list: {"listed":"Users","filter":null,"sortBy":null,"place":"on a later page"}
INSERT
  OR REPLACE INTO list_snapshots (
    org_id,
    list,
    id,
    resource,
    filter,
    reader,
    page_size,
    begun_at,
    base,
    step,
    listed,
    total,
    reveals,
    posts
  )
WITH
ranked AS MATERIALIZED (
  SELECT *, min(rank) OVER () AS best
  FROM (
    SELECT
      q.*,
      q.is_stale + CASE
        WHEN q.is_own
        AND q.is_next
        AND q.page_size = 100 THEN 0
        WHEN q.is_own
        AND q.is_next THEN 2
        WHEN q.is_own
        AND q.page_offset = 5000 THEN 4
        WHEN q.is_next
        AND q.page_size = 100 THEN 6
        WHEN q.is_next THEN 8
        WHEN q.is_own
        AND q.next_offset > 5000 THEN 10
        WHEN q.is_own
        AND q.is_done
        AND q.next_offset = 5000 THEN 12
        WHEN q.is_own THEN 14
        ELSE 16
      END AS rank
    FROM (
      SELECT
        s.id,
        coalesce(r.snapshot, s.id) AS snapshot,
        coalesce(r.page_offset, 0) AS page_offset,
        coalesce(r.next_offset, s.page_size) AS next_offset,
        coalesce(r.page_size, s.page_size) AS page_size,
        coalesce(r.is_done, 0) AS is_done,
        coalesce(r.read_at, s.begun_at) AS read_at,
        coalesce(r.read_at, s.begun_at) < strftime('%Y-%m-%dT%H:%M:%fZ', ?1, '-1 hour') AS is_stale,
        s.reader = ?2 AS is_own,
        r.id IS NOT NULL AS is_noted,
        coalesce(r.next_offset, s.page_size) = 5000
        AND coalesce(r.is_done, 0) = 0 AS is_next
      FROM list_snapshots s
        LEFT JOIN readings r ON r.org_id = s.org_id AND r.list = s.list AND r.id = s.id
      WHERE s.org_id = ?3
        AND s.list = ?4 AND s.base = 0
    ) q
  )
),
candidate AS MATERIALIZED (SELECT * FROM ranked WHERE is_next AND rank = best),
start AS MATERIALIZED (
  SELECT
    min(
      CAST(
        substr(s.posts, (min((5000 - s.base) / s.step, length(s.posts) / 11 - 1)) * 11 + 1, 11 - 1) AS INTEGER
      )
    ) AS
  after, max(s.total) AS total
  FROM list_snapshots s
  WHERE s.org_id = ?3 AND s.list = ?4 AND s.id IN (SELECT snapshot FROM candidate)
  HAVING count(*) > 1
)
SELECT
  o.id,
  ?4,
  ?5,
  ?6,
  ?7,
  ?2,
  100,
  ?1,
  5000,
  100,
  n.listed,
  max(start.total, 5000 + n.listed),
  o.reveals,
  printf('%10d,', start.after) || coalesce(
    (
      WITH
      RECURSIVE boundary (number, seq) AS (
        SELECT 0, (SELECT after FROM start)
        UNION ALL
        SELECT
          number + 1,
          coalesce(
            iif(
              number < 150000 - 1,
              (
                SELECT users.seq
                FROM users
                WHERE users.org_id = ?3
                  AND users.managed = 1 AND TRUE AND users.seq > boundary.seq
                ORDER BY users.seq
                LIMIT 1 OFFSET 99
              ),
              NULL
            ),
            (SELECT max(users.seq) FROM users WHERE users.org_id = ?3 AND users.managed = 1 AND TRUE)
          )
        FROM boundary
        WHERE
          boundary.seq < (SELECT max(users.seq) FROM users WHERE users.org_id = ?3 AND users.managed = 1 AND TRUE)
      )
      SELECT group_concat (printf('%10d,', seq), '')
      FROM boundary
      WHERE number > 0
    ),
    ''
  )
FROM
  start
  CROSS JOIN organizations o
  CROSS JOIN (
    SELECT (
      SELECT count(*)
      FROM users
      WHERE users.org_id = ?3
        AND users.managed = 1 AND TRUE AND users.seq > (SELECT after FROM start)
    ) AS listed
    LIMIT 1
  ) n
WHERE
  o.id = ?3
  AND TRUE
  AND TRUE
  AND NOT (SELECT coalesce(sum((4096 + 11 * (listed / step + 2))), 0) FROM list_snapshots WHERE org_id = ?3) >= 64000000;
INSERT INTO readings (org_id, list, id, snapshot, page_offset, next_offset, page_size, is_done, read_at)
WITH
ranked AS MATERIALIZED (
  SELECT *, min(rank) OVER () AS best
  FROM (
    SELECT
      q.*,
      q.is_stale + CASE
        WHEN q.is_own
        AND q.is_next
        AND q.page_size = 100 THEN 0
        WHEN q.is_own
        AND q.is_next THEN 2
        WHEN q.is_own
        AND q.page_offset = 5000 THEN 4
        WHEN q.is_next
        AND q.page_size = 100 THEN 6
        WHEN q.is_next THEN 8
        WHEN q.is_own
        AND q.next_offset > 5000 THEN 10
        WHEN q.is_own
        AND q.is_done
        AND q.next_offset = 5000 THEN 12
        WHEN q.is_own THEN 14
        ELSE 16
      END AS rank
    FROM (
      SELECT
        s.id,
        coalesce(r.snapshot, s.id) AS snapshot,
        coalesce(r.page_offset, 0) AS page_offset,
        coalesce(r.next_offset, s.page_size) AS next_offset,
        coalesce(r.page_size, s.page_size) AS page_size,
        coalesce(r.is_done, 0) AS is_done,
        coalesce(r.read_at, s.begun_at) AS read_at,
        coalesce(r.read_at, s.begun_at) < strftime('%Y-%m-%dT%H:%M:%fZ', ?1, '-1 hour') AS is_stale,
        s.reader = ?2 AS is_own,
        r.id IS NOT NULL AS is_noted,
        coalesce(r.next_offset, s.page_size) = 5000
        AND coalesce(r.is_done, 0) = 0 AS is_next
      FROM list_snapshots s
        LEFT JOIN readings r ON r.org_id = s.org_id AND r.list = s.list AND r.id = s.id
      WHERE s.org_id = ?3
        AND s.list = ?4 AND s.base = 0
    ) q
  )
),
candidate AS MATERIALIZED (SELECT * FROM ranked WHERE is_next AND rank = best)
SELECT s.org_id, s.list, c.id, s.id, c.page_offset, c.next_offset, c.page_size, 0, c.read_at
FROM list_snapshots s CROSS JOIN candidate c
WHERE s.org_id = ?3 AND s.list = ?4 AND s.id = ?5
ON CONFLICT DO UPDATE SET
  snapshot = excluded.snapshot;
SELECT
  users.seq AS rank,
  NULL AS key,
  '{"id":"' || users.id || '",' || substr(users.doc, 2, length(users.doc) - 2) || ',"active":' || iif(users.active, 'true', 'false') || ',"' || ?1 || '":"' || iif(users.active, users.org_role, 'Member') || '"' || ',"groups":' || (
    SELECT
      json_group_array(
        json_object(
          'value',
          g.id,
          '$ref',
          ?2 || '/Groups/' || g.id,
          'display',
          g.display_name,
          'type',
          'direct'
        )
      )
    FROM memberships m
      JOIN groups g ON g.seq = m.group_seq
    WHERE m.user_seq = users.seq
  ) || ',"meta":{"resourceType":"User","created":"' || users.created_at || '","lastModified":"' || users.last_modified || '","location":"' || ?2 || '/Users/' || users.id || '","version":"W/\"' || users.version || '\""}}' AS body,
  json_array(users.seq, users.id, users.active, users.version) AS shown
FROM (
  WITH
  ranked AS MATERIALIZED (
    SELECT *, min(rank) OVER () AS best
    FROM (
      SELECT
        q.*,
        q.is_stale + CASE
          WHEN q.is_own
          AND q.is_next
          AND q.page_size = 100 THEN 0
          WHEN q.is_own
          AND q.is_next THEN 2
          WHEN q.is_own
          AND q.page_offset = 5000 THEN 4
          WHEN q.is_next
          AND q.page_size = 100 THEN 6
          WHEN q.is_next THEN 8
          WHEN q.is_own
          AND q.next_offset > 5000 THEN 10
          WHEN q.is_own
          AND q.is_done
          AND q.next_offset = 5000 THEN 12
          WHEN q.is_own THEN 14
          ELSE 16
        END AS rank
      FROM (
        SELECT
          s.id,
          coalesce(r.snapshot, s.id) AS snapshot,
          coalesce(r.page_offset, 0) AS page_offset,
          coalesce(r.next_offset, s.page_size) AS next_offset,
          coalesce(r.page_size, s.page_size) AS page_size,
          coalesce(r.is_done, 0) AS is_done,
          coalesce(r.read_at, s.begun_at) AS read_at,
          coalesce(r.read_at, s.begun_at) < strftime('%Y-%m-%dT%H:%M:%fZ', ?3, '-1 hour') AS is_stale,
          s.reader = ?4 AS is_own,
          r.id IS NOT NULL AS is_noted,
          coalesce(r.next_offset, s.page_size) = 5000
          AND coalesce(r.is_done, 0) = 0 AS is_next
        FROM list_snapshots s
          LEFT JOIN readings r ON r.org_id = s.org_id AND r.list = s.list AND r.id = s.id
        WHERE s.org_id = ?5
          AND s.list = ?6 AND s.base = 0
      ) q
    )
  ),
  candidate AS MATERIALIZED (SELECT * FROM ranked WHERE is_next AND rank = best),
  chosen AS MATERIALIZED (
    SELECT id, snapshot, is_noted
    FROM ranked
    ORDER BY rank, is_done, iif(is_done, read_at, NULL) DESC, id
    LIMIT 1
  ),
  place AS MATERIALIZED (
    SELECT
      iif(p.id IS NULL, 100, p.wanted) AS wanted,
      p.reveals,
      p.id IS NOT NULL AS is_known,
      coalesce(
        CASE
          WHEN p.id IS NULL THEN (
            SELECT users.seq
            FROM users
            WHERE users.org_id = ?5
              AND users.managed = 1 AND TRUE
            ORDER BY users.seq
            LIMIT 1 OFFSET 5000
          )
          WHEN p.positions = 0 THEN (
            SELECT min(users.seq)
            FROM users
            WHERE
              users.org_id = ?5
              AND users.managed = 1
              AND TRUE
              AND users.seq > p.low
              AND users.reveal <= p.reveals
          )
          WHEN p.positions > 0 THEN coalesce(
            (
              SELECT min(seq)
              FROM (
                SELECT users.seq AS seq, row_number() OVER (ORDER BY users.seq DESC) AS back
                FROM users
                WHERE
                  users.org_id = ?5
                  AND users.managed = 1
                  AND TRUE
                  AND users.seq > p.low
                  AND users.seq <= p.high
                  AND users.reveal <= p.reveals
              )
              WHERE back <= p.positions
            ),
            (
              SELECT min(users.seq)
              FROM users
              WHERE
                users.org_id = ?5
                AND users.managed = 1
                AND TRUE
                AND users.seq > p.high
                AND users.reveal <= p.reveals
            )
          )
        END,
        9223372036854775807
      ) AS first
    FROM (
      SELECT
        s.id,
        max(0, min(100, s.total - 5000)) AS wanted,
        CAST(substr(s.posts, (s.span) * 11 + 1, 11 - 1) AS INTEGER) AS low,
        CAST(substr(s.posts, (s.span + 1) * 11 + 1, 11 - 1) AS INTEGER) AS high,
        coalesce(s.reveals, 9223372036854775807) AS reveals,
        CASE
          WHEN 5000 >= s.base + s.listed THEN -1
          WHEN 5000 = s.base + s.span * s.step THEN 0
          WHEN s.span < s.spans THEN s.base + (s.span + 1) * s.step - 5000
          ELSE s.base + s.listed - 5000
        END AS positions
      FROM
        (SELECT 1)
        LEFT JOIN (
          SELECT
            s.*,
            length(s.posts) / 11 - 2 AS spans,
            min((5000 - s.base) / s.step, length(s.posts) / 11 - 2) AS span
          FROM chosen c
            CROSS JOIN list_snapshots s ON s.org_id = ?5 AND s.list = ?6 AND s.id = c.snapshot
        ) s
    ) p
  )
  SELECT *
  FROM (
    SELECT 0 AS turn, seq
    FROM (
      SELECT users.seq AS seq
      FROM users
      WHERE
        users.org_id = ?5
        AND users.managed = 1
        AND TRUE
        AND users.seq >= (SELECT first FROM place)
        AND users.reveal <= (SELECT reveals FROM place)
      ORDER BY users.seq
      LIMIT 100
    )
    UNION ALL
    SELECT 1 AS turn, seq
    FROM (
      SELECT users.seq AS seq
      FROM users
      WHERE
        users.org_id = ?5
        AND users.managed = 1
        AND TRUE
        AND users.seq < (SELECT first * is_known FROM place)
        AND users.reveal <= (SELECT reveals FROM place)
      ORDER BY users.seq
      LIMIT 100
    )
    UNION ALL
    SELECT 2 AS turn, seq
    FROM (
      SELECT users.seq AS seq
      FROM users
      WHERE users.org_id = ?5
        AND users.managed = 1 AND TRUE AND users.reveal > (SELECT reveals FROM place)
      ORDER BY users.seq
      LIMIT 100
    )
  )
  LIMIT (SELECT wanted FROM place)
) hit
  CROSS JOIN users
WHERE users.seq = hit.seq
ORDER BY hit.turn, hit.seq;
WITH
ranked AS MATERIALIZED (
  SELECT *, min(rank) OVER () AS best
  FROM (
    SELECT
      q.*,
      q.is_stale + CASE
        WHEN q.is_own
        AND q.is_next
        AND q.page_size = 100 THEN 0
        WHEN q.is_own
        AND q.is_next THEN 2
        WHEN q.is_own
        AND q.page_offset = 5000 THEN 4
        WHEN q.is_next
        AND q.page_size = 100 THEN 6
        WHEN q.is_next THEN 8
        WHEN q.is_own
        AND q.next_offset > 5000 THEN 10
        WHEN q.is_own
        AND q.is_done
        AND q.next_offset = 5000 THEN 12
        WHEN q.is_own THEN 14
        ELSE 16
      END AS rank
    FROM (
      SELECT
        s.id,
        coalesce(r.snapshot, s.id) AS snapshot,
        coalesce(r.page_offset, 0) AS page_offset,
        coalesce(r.next_offset, s.page_size) AS next_offset,
        coalesce(r.page_size, s.page_size) AS page_size,
        coalesce(r.is_done, 0) AS is_done,
        coalesce(r.read_at, s.begun_at) AS read_at,
        coalesce(r.read_at, s.begun_at) < strftime('%Y-%m-%dT%H:%M:%fZ', ?1, '-1 hour') AS is_stale,
        s.reader = ?2 AS is_own,
        r.id IS NOT NULL AS is_noted,
        coalesce(r.next_offset, s.page_size) = 5000
        AND coalesce(r.is_done, 0) = 0 AS is_next
      FROM list_snapshots s
        LEFT JOIN readings r ON r.org_id = s.org_id AND r.list = s.list AND r.id = s.id
      WHERE s.org_id = ?3
        AND s.list = ?4 AND s.base = 0
    ) q
  )
),
candidate AS MATERIALIZED (SELECT * FROM ranked WHERE is_next AND rank = best),
chosen AS MATERIALIZED (
  SELECT id, snapshot, is_noted
  FROM ranked
  ORDER BY rank, is_done, iif(is_done, read_at, NULL) DESC, id
  LIMIT 1
)
SELECT
  coalesce(s.total, (SELECT user_count FROM organizations WHERE id = ?3)) AS total,
  iif(
    (NOT c.is_noted OR (SELECT count(*) FROM ranked WHERE NOT is_done AND NOT is_stale) > 1)
    OR 5000 >= s.total,
    NULL,
    c.id
  ) AS reading,
  c.snapshot AS snapshot,
  iif(5000 < s.total, c.id, NULL) AS import,
  (SELECT count(DISTINCT snapshot) FROM candidate) > 1 AS is_refused
FROM
  (SELECT 1)
  LEFT JOIN chosen c ON TRUE
  LEFT JOIN list_snapshots s ON s.org_id = ?3
  AND s.list = ?4
  AND s.id = c.snapshot;
INSERT INTO
  new_events (
    org_id,
    seq,
    at,
    type,
    story,
    log_id,
    source,
    actor,
    key_id,
    subject_type,
    subject_id,
    version,
    data,
    active,
    active_total,
    lost,
    lost_total,
    personal,
    others
  )
SELECT
  p.org_id,
  p.seq + row_number() OVER (ORDER BY json_each.key),
  max(coalesce(substr(p.request_log_id, 1, 24), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), p.at),
  json_each.value,
  coalesce(
    CAST(
      (SELECT min(s.seq) FROM event_subjects s WHERE s.org_id = p.org_id AND s.subject_id = i.id) AS INTEGER
    ),
    iif(p.log_id = p.request_log_id, p.story, p.seq + 1)
  ),
  p.request_log_id,
  ?1,
  ?2,
  ?3,
  'import',
  i.id,
  NULL,
  json_object('resource', i.resource, 'total', i.total, 'first_page_at', substr(i.id, 1, 24)),
  0,
  p.active_total + 0,
  iif(?1 = 'scim', 0, 0),
  p.lost_total + iif(?1 = 'scim', 0, 0),
  NULL,
  NULL
FROM
  (
    SELECT n.*, NULL AS request_log_id
    FROM (
      SELECT *
      FROM (
        SELECT org_id, seq, at, story, log_id, active_total, lost_total
        FROM events
        WHERE org_id = ?4
        ORDER BY seq DESC
        LIMIT 1
      )
      UNION ALL
      SELECT ?4, 0, '', NULL, NULL, 0, 0
      LIMIT 1
    ) n
    WHERE n.org_id IS NOT NULL
    LIMIT 1
  ) p
  CROSS JOIN (
    WITH
    ranked AS MATERIALIZED (
      SELECT *, min(rank) OVER () AS best
      FROM (
        SELECT
          q.*,
          q.is_stale + CASE
            WHEN q.is_own
            AND q.is_next
            AND q.page_size = 100 THEN 0
            WHEN q.is_own
            AND q.is_next THEN 2
            WHEN q.is_own
            AND q.page_offset = 5000 THEN 4
            WHEN q.is_next
            AND q.page_size = 100 THEN 6
            WHEN q.is_next THEN 8
            WHEN q.is_own
            AND q.next_offset > 5000 THEN 10
            WHEN q.is_own
            AND q.is_done
            AND q.next_offset = 5000 THEN 12
            WHEN q.is_own THEN 14
            ELSE 16
          END AS rank
        FROM (
          SELECT
            s.id,
            coalesce(r.snapshot, s.id) AS snapshot,
            coalesce(r.page_offset, 0) AS page_offset,
            coalesce(r.next_offset, s.page_size) AS next_offset,
            coalesce(r.page_size, s.page_size) AS page_size,
            coalesce(r.is_done, 0) AS is_done,
            coalesce(r.read_at, s.begun_at) AS read_at,
            coalesce(r.read_at, s.begun_at) < strftime('%Y-%m-%dT%H:%M:%fZ', ?5, '-1 hour') AS is_stale,
            s.reader = ?6 AS is_own,
            r.id IS NOT NULL AS is_noted,
            coalesce(r.next_offset, s.page_size) = 5000
            AND coalesce(r.is_done, 0) = 0 AS is_next
          FROM list_snapshots s
            LEFT JOIN readings r ON r.org_id = s.org_id AND r.list = s.list AND r.id = s.id
          WHERE s.org_id = ?4
            AND s.list = ?7 AND s.base = 0
        ) q
      )
    ),
    candidate AS MATERIALIZED (SELECT * FROM ranked WHERE is_next AND rank = best),
    chosen AS MATERIALIZED (
      SELECT id, snapshot, is_noted
      FROM ranked
      ORDER BY rank, is_done, iif(is_done, read_at, NULL) DESC, id
      LIMIT 1
    )
    SELECT c.id AS id, s.resource AS resource, s.total AS total, 5000 + 100 >= s.total AS is_last
    FROM chosen c
      CROSS JOIN list_snapshots s ON s.org_id = ?4 AND s.list = ?7 AND s.id = c.snapshot
    WHERE
      (NOT c.is_noted OR (SELECT count(*) FROM ranked WHERE NOT is_done AND NOT is_stale) > 1)
      AND 5000 < s.total
  ) i
  CROSS JOIN json_each('["import.started","import.finished"]')
WHERE
  (json_each.key = 0 OR i.is_last)
  AND NOT EXISTS (
    SELECT 1
    FROM event_subjects s
      CROSS JOIN events e ON e.org_id = s.org_id AND e.seq = s.seq
    WHERE s.org_id = p.org_id
      AND s.subject_id = i.id AND e.type = json_each.value
  );
INSERT INTO readings (org_id, list, id, snapshot, page_offset, next_offset, page_size, is_done, read_at)
WITH
ranked AS MATERIALIZED (
  SELECT *, min(rank) OVER () AS best
  FROM (
    SELECT
      q.*,
      q.is_stale + CASE
        WHEN q.is_own
        AND q.is_next
        AND q.page_size = 100 THEN 0
        WHEN q.is_own
        AND q.is_next THEN 2
        WHEN q.is_own
        AND q.page_offset = 5000 THEN 4
        WHEN q.is_next
        AND q.page_size = 100 THEN 6
        WHEN q.is_next THEN 8
        WHEN q.is_own
        AND q.next_offset > 5000 THEN 10
        WHEN q.is_own
        AND q.is_done
        AND q.next_offset = 5000 THEN 12
        WHEN q.is_own THEN 14
        ELSE 16
      END AS rank
    FROM (
      SELECT
        s.id,
        coalesce(r.snapshot, s.id) AS snapshot,
        coalesce(r.page_offset, 0) AS page_offset,
        coalesce(r.next_offset, s.page_size) AS next_offset,
        coalesce(r.page_size, s.page_size) AS page_size,
        coalesce(r.is_done, 0) AS is_done,
        coalesce(r.read_at, s.begun_at) AS read_at,
        coalesce(r.read_at, s.begun_at) < strftime('%Y-%m-%dT%H:%M:%fZ', ?1, '-1 hour') AS is_stale,
        s.reader = ?2 AS is_own,
        r.id IS NOT NULL AS is_noted,
        coalesce(r.next_offset, s.page_size) = 5000
        AND coalesce(r.is_done, 0) = 0 AS is_next
      FROM list_snapshots s
        LEFT JOIN readings r ON r.org_id = s.org_id AND r.list = s.list AND r.id = s.id
      WHERE s.org_id = ?3
        AND s.list = ?4 AND s.base = 0
    ) q
  )
),
candidate AS MATERIALIZED (SELECT * FROM ranked WHERE is_next AND rank = best),
chosen AS MATERIALIZED (
  SELECT id, snapshot, is_noted
  FROM ranked
  ORDER BY rank, is_done, iif(is_done, read_at, NULL) DESC, id
  LIMIT 1
)
SELECT s.org_id, s.list, c.id, s.id, 5000, 5000 + 100, 100, 5000 + 100 >= s.total, ?1
FROM chosen c CROSS JOIN list_snapshots s ON s.org_id = ?3 AND s.list = ?4 AND s.id = c.snapshot
WHERE
  (NOT c.is_noted OR (SELECT count(*) FROM ranked WHERE NOT is_done AND NOT is_stale) > 1)
  AND 5000 < s.total
ON CONFLICT DO UPDATE SET
  snapshot = excluded.snapshot,
  page_offset = excluded.page_offset,
  next_offset = excluded.next_offset,
  page_size = excluded.page_size,
  is_done = excluded.is_done,
  read_at = excluded.read_at;

-- a list: {"listed":"Users","filter":"title co \"a\"","sortBy":null,"place":""}
SELECT
  users.seq AS rank,
  NULL AS key,
  '{"id":"' || users.id || '",' || substr(users.doc, 2, length(users.doc) - 2) || ',"active":' || iif(users.active, 'true', 'false') || ',"' || ?1 || '":"' || iif(users.active, users.org_role, 'Member') || '"' || ',"groups":' || (
    SELECT
      json_group_array(
        json_object(
          'value',
          g.id,
          '$ref',
          ?2 || '/Groups/' || g.id,
          'display',
          g.display_name,
          'type',
          'direct'
        )
      )
    FROM memberships m
      JOIN groups g ON g.seq = m.group_seq
    WHERE m.user_seq = users.seq
  ) || ',"meta":{"resourceType":"User","created":"' || users.created_at || '","lastModified":"' || users.last_modified || '","location":"' || ?2 || '/Users/' || users.id || '","version":"W/\"' || users.version || '\""}}' AS body
FROM users
WHERE
  users.org_id = (
    SELECT o.id
    FROM organizations o
    WHERE o.id = ?3
      AND o.user_count * (?4 ->> 0) + o.group_count * (?4 ->> 1) <= 4000000
  )
  AND users.managed = 1
  AND instr(coalesce(users.doc_fold ->> '$.title', lower(users.doc ->> '$.title')), ?5) > 0
ORDER BY users.seq ASC
LIMIT CAST(?6 AS INTEGER) OFFSET CAST(?7 AS INTEGER);

-- a list: {"listed":"Users","filter":"title co \"a\"","sortBy":null,"place":"on a later page"}
INSERT
  OR REPLACE INTO list_snapshots (
    org_id,
    list,
    id,
    resource,
    filter,
    reader,
    page_size,
    begun_at,
    base,
    step,
    listed,
    total,
    reveals,
    posts
  )
WITH
ranked AS MATERIALIZED (
  SELECT *, min(rank) OVER () AS best
  FROM (
    SELECT
      q.*,
      q.is_stale + CASE
        WHEN q.is_own
        AND q.is_next
        AND q.page_size = 100 THEN 0
        WHEN q.is_own
        AND q.is_next THEN 2
        WHEN q.is_own
        AND q.page_offset = 5000 THEN 4
        WHEN q.is_next
        AND q.page_size = 100 THEN 6
        WHEN q.is_next THEN 8
        WHEN q.is_own
        AND q.next_offset > 5000 THEN 10
        WHEN q.is_own
        AND q.is_done
        AND q.next_offset = 5000 THEN 12
        WHEN q.is_own THEN 14
        ELSE 16
      END AS rank
    FROM (
      SELECT
        s.id,
        coalesce(r.snapshot, s.id) AS snapshot,
        coalesce(r.page_offset, 0) AS page_offset,
        coalesce(r.next_offset, s.page_size) AS next_offset,
        coalesce(r.page_size, s.page_size) AS page_size,
        coalesce(r.is_done, 0) AS is_done,
        coalesce(r.read_at, s.begun_at) AS read_at,
        coalesce(r.read_at, s.begun_at) < strftime('%Y-%m-%dT%H:%M:%fZ', ?1, '-1 hour') AS is_stale,
        s.reader = ?2 AS is_own,
        r.id IS NOT NULL AS is_noted,
        coalesce(r.next_offset, s.page_size) = 5000
        AND coalesce(r.is_done, 0) = 0 AS is_next
      FROM list_snapshots s
        LEFT JOIN readings r ON r.org_id = s.org_id AND r.list = s.list AND r.id = s.id
      WHERE
        s.org_id = (
          SELECT o.id
          FROM organizations o
          WHERE o.id = ?3
            AND o.user_count * (?4 ->> 0) + o.group_count * (?4 ->> 1) <= 4000000
        )
        AND s.list = ?5
        AND s.base = 0
    ) q
  )
),
candidate AS MATERIALIZED (SELECT * FROM ranked WHERE is_next AND rank = best),
start AS MATERIALIZED (
  SELECT
    min(
      CAST(
        substr(s.posts, (min((5000 - s.base) / s.step, length(s.posts) / 11 - 1)) * 11 + 1, 11 - 1) AS INTEGER
      )
    ) AS
  after, max(s.total) AS total
  FROM list_snapshots s
  WHERE
    s.org_id = (
      SELECT o.id
      FROM organizations o
      WHERE o.id = ?3
        AND o.user_count * (?4 ->> 0) + o.group_count * (?4 ->> 1) <= 4000000
    )
    AND s.list = ?5
    AND s.id IN (SELECT snapshot FROM candidate)
  HAVING count(*) > 1
)
SELECT
  o.id,
  ?5,
  ?6,
  ?7,
  ?8,
  ?2,
  100,
  ?1,
  5000,
  1,
  n.listed,
  max(start.total, 5000 + n.listed),
  o.reveals,
  printf('%10d,', start.after) || coalesce(n.posts, '')
FROM
  start
  CROSS JOIN organizations o
  CROSS JOIN (
    SELECT count(*) AS listed, group_concat (printf('%10d,', seq), '') AS posts
    FROM (
      SELECT users.seq AS seq
      FROM users
      WHERE
        users.org_id = (
          SELECT o.id
          FROM organizations o
          WHERE o.id = ?3
            AND o.user_count * (?4 ->> 0) + o.group_count * (?4 ->> 1) <= 4000000
        )
        AND users.managed = 1
        AND instr(coalesce(users.doc_fold ->> '$.title', lower(users.doc ->> '$.title')), ?9) > 0
        AND users.seq > (SELECT after FROM start)
      ORDER BY users.seq
      LIMIT 150000 + 1
    )
  ) n
WHERE
  o.id = (
    SELECT o.id
    FROM organizations o
    WHERE o.id = ?3
      AND o.user_count * (?4 ->> 0) + o.group_count * (?4 ->> 1) <= 4000000
  )
  AND TRUE
  AND n.listed <= 150000
  AND NOT (
    SELECT coalesce(sum((4096 + 11 * (listed / step + 2))), 0)
    FROM list_snapshots
    WHERE
      org_id = (
        SELECT o.id
        FROM organizations o
        WHERE o.id = ?3
          AND o.user_count * (?4 ->> 0) + o.group_count * (?4 ->> 1) <= 4000000
      )
  ) >= 64000000;
INSERT INTO readings (org_id, list, id, snapshot, page_offset, next_offset, page_size, is_done, read_at)
WITH
ranked AS MATERIALIZED (
  SELECT *, min(rank) OVER () AS best
  FROM (
    SELECT
      q.*,
      q.is_stale + CASE
        WHEN q.is_own
        AND q.is_next
        AND q.page_size = 100 THEN 0
        WHEN q.is_own
        AND q.is_next THEN 2
        WHEN q.is_own
        AND q.page_offset = 5000 THEN 4
        WHEN q.is_next
        AND q.page_size = 100 THEN 6
        WHEN q.is_next THEN 8
        WHEN q.is_own
        AND q.next_offset > 5000 THEN 10
        WHEN q.is_own
        AND q.is_done
        AND q.next_offset = 5000 THEN 12
        WHEN q.is_own THEN 14
        ELSE 16
      END AS rank
    FROM (
      SELECT
        s.id,
        coalesce(r.snapshot, s.id) AS snapshot,
        coalesce(r.page_offset, 0) AS page_offset,
        coalesce(r.next_offset, s.page_size) AS next_offset,
        coalesce(r.page_size, s.page_size) AS page_size,
        coalesce(r.is_done, 0) AS is_done,
        coalesce(r.read_at, s.begun_at) AS read_at,
        coalesce(r.read_at, s.begun_at) < strftime('%Y-%m-%dT%H:%M:%fZ', ?1, '-1 hour') AS is_stale,
        s.reader = ?2 AS is_own,
        r.id IS NOT NULL AS is_noted,
        coalesce(r.next_offset, s.page_size) = 5000
        AND coalesce(r.is_done, 0) = 0 AS is_next
      FROM list_snapshots s
        LEFT JOIN readings r ON r.org_id = s.org_id AND r.list = s.list AND r.id = s.id
      WHERE
        s.org_id = (
          SELECT o.id
          FROM organizations o
          WHERE o.id = ?3
            AND o.user_count * (?4 ->> 0) + o.group_count * (?4 ->> 1) <= 4000000
        )
        AND s.list = ?5
        AND s.base = 0
    ) q
  )
),
candidate AS MATERIALIZED (SELECT * FROM ranked WHERE is_next AND rank = best)
SELECT s.org_id, s.list, c.id, s.id, c.page_offset, c.next_offset, c.page_size, 0, c.read_at
FROM list_snapshots s CROSS JOIN candidate c
WHERE
  s.org_id = (
    SELECT o.id
    FROM organizations o
    WHERE o.id = ?3
      AND o.user_count * (?4 ->> 0) + o.group_count * (?4 ->> 1) <= 4000000
  )
  AND s.list = ?5
  AND s.id = ?6
ON CONFLICT DO UPDATE SET
  snapshot = excluded.snapshot;
SELECT
  users.seq AS rank,
  NULL AS key,
  '{"id":"' || users.id || '",' || substr(users.doc, 2, length(users.doc) - 2) || ',"active":' || iif(users.active, 'true', 'false') || ',"' || ?1 || '":"' || iif(users.active, users.org_role, 'Member') || '"' || ',"groups":' || (
    SELECT
      json_group_array(
        json_object(
          'value',
          g.id,
          '$ref',
          ?2 || '/Groups/' || g.id,
          'display',
          g.display_name,
          'type',
          'direct'
        )
      )
    FROM memberships m
      JOIN groups g ON g.seq = m.group_seq
    WHERE m.user_seq = users.seq
  ) || ',"meta":{"resourceType":"User","created":"' || users.created_at || '","lastModified":"' || users.last_modified || '","location":"' || ?2 || '/Users/' || users.id || '","version":"W/\"' || users.version || '\""}}' AS body
FROM (
  WITH
  ranked AS MATERIALIZED (
    SELECT *, min(rank) OVER () AS best
    FROM (
      SELECT
        q.*,
        q.is_stale + CASE
          WHEN q.is_own
          AND q.is_next
          AND q.page_size = 100 THEN 0
          WHEN q.is_own
          AND q.is_next THEN 2
          WHEN q.is_own
          AND q.page_offset = 5000 THEN 4
          WHEN q.is_next
          AND q.page_size = 100 THEN 6
          WHEN q.is_next THEN 8
          WHEN q.is_own
          AND q.next_offset > 5000 THEN 10
          WHEN q.is_own
          AND q.is_done
          AND q.next_offset = 5000 THEN 12
          WHEN q.is_own THEN 14
          ELSE 16
        END AS rank
      FROM (
        SELECT
          s.id,
          coalesce(r.snapshot, s.id) AS snapshot,
          coalesce(r.page_offset, 0) AS page_offset,
          coalesce(r.next_offset, s.page_size) AS next_offset,
          coalesce(r.page_size, s.page_size) AS page_size,
          coalesce(r.is_done, 0) AS is_done,
          coalesce(r.read_at, s.begun_at) AS read_at,
          coalesce(r.read_at, s.begun_at) < strftime('%Y-%m-%dT%H:%M:%fZ', ?3, '-1 hour') AS is_stale,
          s.reader = ?4 AS is_own,
          r.id IS NOT NULL AS is_noted,
          coalesce(r.next_offset, s.page_size) = 5000
          AND coalesce(r.is_done, 0) = 0 AS is_next
        FROM list_snapshots s
          LEFT JOIN readings r ON r.org_id = s.org_id AND r.list = s.list AND r.id = s.id
        WHERE
          s.org_id = (
            SELECT o.id
            FROM organizations o
            WHERE o.id = ?5
              AND o.user_count * (?6 ->> 0) + o.group_count * (?6 ->> 1) <= 4000000
          )
          AND s.list = ?7
          AND s.base = 0
      ) q
    )
  ),
  candidate AS MATERIALIZED (SELECT * FROM ranked WHERE is_next AND rank = best),
  chosen AS MATERIALIZED (
    SELECT id, snapshot, is_noted
    FROM ranked
    ORDER BY rank, is_done, iif(is_done, read_at, NULL) DESC, id
    LIMIT 1
  ),
  list AS MATERIALIZED (
    SELECT max(0, min(100, s.total - 5000)) AS wanted, (5000 - s.base + 1) * 11 AS at, s.id
    FROM
      chosen c
      CROSS JOIN list_snapshots s ON s.org_id = (
        SELECT o.id
        FROM organizations o
        WHERE o.id = ?5
          AND o.user_count * (?6 ->> 0) + o.group_count * (?6 ->> 1) <= 4000000
      )
      AND s.list = ?7
      AND s.id = c.snapshot
  )
  SELECT *
  FROM (
    SELECT boundary.turn, users.seq AS seq
    FROM (
      SELECT key AS turn, value
      FROM
        json_each(
          (
            SELECT '[' || rtrim(substr(s.posts, l.at + 1, 1000 * 11), ',') || ']'
            FROM
              list l
              CROSS JOIN list_snapshots s ON s.org_id = (
                SELECT o.id
                FROM organizations o
                WHERE o.id = ?5
                  AND o.user_count * (?6 ->> 0) + o.group_count * (?6 ->> 1) <= 4000000
              )
              AND s.list = ?7
              AND s.id = l.id
          )
        )
      UNION ALL
      SELECT 1000 + key, value
      FROM
        json_each(
          (
            SELECT
              '[' || rtrim(substr(s.posts, l.at + 1000 * 11 + 1) || substr(s.posts, 11 + 1, l.at - 11), ',') || ']'
            FROM
              list l
              CROSS JOIN list_snapshots s ON s.org_id = (
                SELECT o.id
                FROM organizations o
                WHERE o.id = ?5
                  AND o.user_count * (?6 ->> 0) + o.group_count * (?6 ->> 1) <= 4000000
              )
              AND s.list = ?7
              AND s.id = l.id
          )
        )
    ) boundary
      CROSS JOIN users
    WHERE
      users.seq = boundary.value
      AND users.org_id = (
        SELECT o.id
        FROM organizations o
        WHERE o.id = ?5
          AND o.user_count * (?6 ->> 0) + o.group_count * (?6 ->> 1) <= 4000000
      )
      AND users.managed = 1
      AND instr(coalesce(users.doc_fold ->> '$.title', lower(users.doc ->> '$.title')), ?8) > 0
    UNION ALL
    SELECT 9223372036854775807 AS turn, seq
    FROM (
      SELECT users.seq AS seq
      FROM users
      WHERE
        users.org_id = (
          SELECT o.id
          FROM organizations o
          WHERE o.id = ?5
            AND o.user_count * (?6 ->> 0) + o.group_count * (?6 ->> 1) <= 4000000
        )
        AND users.managed = 1
        AND instr(coalesce(users.doc_fold ->> '$.title', lower(users.doc ->> '$.title')), ?8) > 0
        AND users.seq NOT IN (
          SELECT value
          FROM
            json_each(
              (
                SELECT '[' || rtrim(s.posts, ',') || ']'
                FROM
                  list l
                  CROSS JOIN list_snapshots s ON s.org_id = (
                    SELECT o.id
                    FROM organizations o
                    WHERE o.id = ?5
                      AND o.user_count * (?6 ->> 0) + o.group_count * (?6 ->> 1) <= 4000000
                  )
                  AND s.list = ?7
                  AND s.id = l.id
              )
            )
        )
      ORDER BY users.seq
      LIMIT 100 OFFSET iif(EXISTS (SELECT 1 FROM list), 0, 5000)
    )
  )
  LIMIT coalesce((SELECT wanted FROM list), 100)
) hit
  CROSS JOIN users
WHERE users.seq = hit.seq
ORDER BY hit.turn, hit.seq;
WITH
ranked AS MATERIALIZED (
  SELECT *, min(rank) OVER () AS best
  FROM (
    SELECT
      q.*,
      q.is_stale + CASE
        WHEN q.is_own
        AND q.is_next
        AND q.page_size = 100 THEN 0
        WHEN q.is_own
        AND q.is_next THEN 2
        WHEN q.is_own
        AND q.page_offset = 5000 THEN 4
        WHEN q.is_next
        AND q.page_size = 100 THEN 6
        WHEN q.is_next THEN 8
        WHEN q.is_own
        AND q.next_offset > 5000 THEN 10
        WHEN q.is_own
        AND q.is_done
        AND q.next_offset = 5000 THEN 12
        WHEN q.is_own THEN 14
        ELSE 16
      END AS rank
    FROM (
      SELECT
        s.id,
        coalesce(r.snapshot, s.id) AS snapshot,
        coalesce(r.page_offset, 0) AS page_offset,
        coalesce(r.next_offset, s.page_size) AS next_offset,
        coalesce(r.page_size, s.page_size) AS page_size,
        coalesce(r.is_done, 0) AS is_done,
        coalesce(r.read_at, s.begun_at) AS read_at,
        coalesce(r.read_at, s.begun_at) < strftime('%Y-%m-%dT%H:%M:%fZ', ?1, '-1 hour') AS is_stale,
        s.reader = ?2 AS is_own,
        r.id IS NOT NULL AS is_noted,
        coalesce(r.next_offset, s.page_size) = 5000
        AND coalesce(r.is_done, 0) = 0 AS is_next
      FROM list_snapshots s
        LEFT JOIN readings r ON r.org_id = s.org_id AND r.list = s.list AND r.id = s.id
      WHERE
        s.org_id = (
          SELECT o.id
          FROM organizations o
          WHERE o.id = ?3
            AND o.user_count * (?4 ->> 0) + o.group_count * (?4 ->> 1) <= 4000000
        )
        AND s.list = ?5
        AND s.base = 0
    ) q
  )
),
candidate AS MATERIALIZED (SELECT * FROM ranked WHERE is_next AND rank = best),
chosen AS MATERIALIZED (
  SELECT id, snapshot, is_noted
  FROM ranked
  ORDER BY rank, is_done, iif(is_done, read_at, NULL) DESC, id
  LIMIT 1
)
SELECT
  coalesce(
    s.total,
    (
      SELECT count(*)
      FROM users
      WHERE
        users.org_id = (
          SELECT o.id
          FROM organizations o
          WHERE o.id = ?3
            AND o.user_count * (?4 ->> 0) + o.group_count * (?4 ->> 1) <= 4000000
        )
        AND users.managed = 1
        AND instr(coalesce(users.doc_fold ->> '$.title', lower(users.doc ->> '$.title')), ?6) > 0
    )
  ) AS total,
  iif(
    (NOT c.is_noted OR (SELECT count(*) FROM ranked WHERE NOT is_done AND NOT is_stale) > 1)
    OR 5000 >= s.total,
    NULL,
    c.id
  ) AS reading,
  c.snapshot AS snapshot,
  iif(5000 < s.total, c.id, NULL) AS import,
  (SELECT count(DISTINCT snapshot) FROM candidate) > 1 AS is_refused
FROM
  (SELECT 1)
  LEFT JOIN chosen c ON TRUE
  LEFT JOIN list_snapshots s ON s.org_id = (
    SELECT o.id
    FROM organizations o
    WHERE o.id = ?3
      AND o.user_count * (?4 ->> 0) + o.group_count * (?4 ->> 1) <= 4000000
  )
  AND s.list = ?5
  AND s.id = c.snapshot;
INSERT INTO
  new_events (
    org_id,
    seq,
    at,
    type,
    story,
    log_id,
    source,
    actor,
    key_id,
    subject_type,
    subject_id,
    version,
    data,
    active,
    active_total,
    lost,
    lost_total,
    personal,
    others
  )
SELECT
  p.org_id,
  p.seq + row_number() OVER (ORDER BY json_each.key),
  max(coalesce(substr(p.request_log_id, 1, 24), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), p.at),
  json_each.value,
  coalesce(
    CAST(
      (SELECT min(s.seq) FROM event_subjects s WHERE s.org_id = p.org_id AND s.subject_id = i.id) AS INTEGER
    ),
    iif(p.log_id = p.request_log_id, p.story, p.seq + 1)
  ),
  p.request_log_id,
  ?1,
  ?2,
  ?3,
  'import',
  i.id,
  NULL,
  json_object('resource', i.resource, 'total', i.total, 'first_page_at', substr(i.id, 1, 24)),
  0,
  p.active_total + 0,
  iif(?1 = 'scim', 0, 0),
  p.lost_total + iif(?1 = 'scim', 0, 0),
  NULL,
  NULL
FROM
  (
    SELECT n.*, NULL AS request_log_id
    FROM (
      SELECT *
      FROM (
        SELECT org_id, seq, at, story, log_id, active_total, lost_total
        FROM events
        WHERE
          org_id = (
            SELECT o.id
            FROM organizations o
            WHERE o.id = ?4
              AND o.user_count * (?5 ->> 0) + o.group_count * (?5 ->> 1) <= 4000000
          )
        ORDER BY seq DESC
        LIMIT 1
      )
      UNION ALL
      SELECT
        (
          SELECT o.id
          FROM organizations o
          WHERE o.id = ?4
            AND o.user_count * (?5 ->> 0) + o.group_count * (?5 ->> 1) <= 4000000
        ),
        0,
        '',
        NULL,
        NULL,
        0,
        0
      LIMIT 1
    ) n
    WHERE n.org_id IS NOT NULL
    LIMIT 1
  ) p
  CROSS JOIN (
    WITH
    ranked AS MATERIALIZED (
      SELECT *, min(rank) OVER () AS best
      FROM (
        SELECT
          q.*,
          q.is_stale + CASE
            WHEN q.is_own
            AND q.is_next
            AND q.page_size = 100 THEN 0
            WHEN q.is_own
            AND q.is_next THEN 2
            WHEN q.is_own
            AND q.page_offset = 5000 THEN 4
            WHEN q.is_next
            AND q.page_size = 100 THEN 6
            WHEN q.is_next THEN 8
            WHEN q.is_own
            AND q.next_offset > 5000 THEN 10
            WHEN q.is_own
            AND q.is_done
            AND q.next_offset = 5000 THEN 12
            WHEN q.is_own THEN 14
            ELSE 16
          END AS rank
        FROM (
          SELECT
            s.id,
            coalesce(r.snapshot, s.id) AS snapshot,
            coalesce(r.page_offset, 0) AS page_offset,
            coalesce(r.next_offset, s.page_size) AS next_offset,
            coalesce(r.page_size, s.page_size) AS page_size,
            coalesce(r.is_done, 0) AS is_done,
            coalesce(r.read_at, s.begun_at) AS read_at,
            coalesce(r.read_at, s.begun_at) < strftime('%Y-%m-%dT%H:%M:%fZ', ?6, '-1 hour') AS is_stale,
            s.reader = ?7 AS is_own,
            r.id IS NOT NULL AS is_noted,
            coalesce(r.next_offset, s.page_size) = 5000
            AND coalesce(r.is_done, 0) = 0 AS is_next
          FROM list_snapshots s
            LEFT JOIN readings r ON r.org_id = s.org_id AND r.list = s.list AND r.id = s.id
          WHERE
            s.org_id = (
              SELECT o.id
              FROM organizations o
              WHERE o.id = ?4
                AND o.user_count * (?5 ->> 0) + o.group_count * (?5 ->> 1) <= 4000000
            )
            AND s.list = ?8
            AND s.base = 0
        ) q
      )
    ),
    candidate AS MATERIALIZED (SELECT * FROM ranked WHERE is_next AND rank = best),
    chosen AS MATERIALIZED (
      SELECT id, snapshot, is_noted
      FROM ranked
      ORDER BY rank, is_done, iif(is_done, read_at, NULL) DESC, id
      LIMIT 1
    )
    SELECT c.id AS id, s.resource AS resource, s.total AS total, 5000 + 100 >= s.total AS is_last
    FROM
      chosen c
      CROSS JOIN list_snapshots s ON s.org_id = (
        SELECT o.id
        FROM organizations o
        WHERE o.id = ?4
          AND o.user_count * (?5 ->> 0) + o.group_count * (?5 ->> 1) <= 4000000
      )
      AND s.list = ?8
      AND s.id = c.snapshot
    WHERE
      (NOT c.is_noted OR (SELECT count(*) FROM ranked WHERE NOT is_done AND NOT is_stale) > 1)
      AND 5000 < s.total
  ) i
  CROSS JOIN json_each('["import.started","import.finished"]')
WHERE
  (json_each.key = 0 OR i.is_last)
  AND NOT EXISTS (
    SELECT 1
    FROM event_subjects s
      CROSS JOIN events e ON e.org_id = s.org_id AND e.seq = s.seq
    WHERE s.org_id = p.org_id
      AND s.subject_id = i.id AND e.type = json_each.value
  );
INSERT INTO readings (org_id, list, id, snapshot, page_offset, next_offset, page_size, is_done, read_at)
WITH
ranked AS MATERIALIZED (
  SELECT *, min(rank) OVER () AS best
  FROM (
    SELECT
      q.*,
      q.is_stale + CASE
        WHEN q.is_own
        AND q.is_next
        AND q.page_size = 100 THEN 0
        WHEN q.is_own
        AND q.is_next THEN 2
        WHEN q.is_own
        AND q.page_offset = 5000 THEN 4
        WHEN q.is_next
        AND q.page_size = 100 THEN 6
        WHEN q.is_next THEN 8
        WHEN q.is_own
        AND q.next_offset > 5000 THEN 10
        WHEN q.is_own
        AND q.is_done
        AND q.next_offset = 5000 THEN 12
        WHEN q.is_own THEN 14
        ELSE 16
      END AS rank
    FROM (
      SELECT
        s.id,
        coalesce(r.snapshot, s.id) AS snapshot,
        coalesce(r.page_offset, 0) AS page_offset,
        coalesce(r.next_offset, s.page_size) AS next_offset,
        coalesce(r.page_size, s.page_size) AS page_size,
        coalesce(r.is_done, 0) AS is_done,
        coalesce(r.read_at, s.begun_at) AS read_at,
        coalesce(r.read_at, s.begun_at) < strftime('%Y-%m-%dT%H:%M:%fZ', ?1, '-1 hour') AS is_stale,
        s.reader = ?2 AS is_own,
        r.id IS NOT NULL AS is_noted,
        coalesce(r.next_offset, s.page_size) = 5000
        AND coalesce(r.is_done, 0) = 0 AS is_next
      FROM list_snapshots s
        LEFT JOIN readings r ON r.org_id = s.org_id AND r.list = s.list AND r.id = s.id
      WHERE
        s.org_id = (
          SELECT o.id
          FROM organizations o
          WHERE o.id = ?3
            AND o.user_count * (?4 ->> 0) + o.group_count * (?4 ->> 1) <= 4000000
        )
        AND s.list = ?5
        AND s.base = 0
    ) q
  )
),
candidate AS MATERIALIZED (SELECT * FROM ranked WHERE is_next AND rank = best),
chosen AS MATERIALIZED (
  SELECT id, snapshot, is_noted
  FROM ranked
  ORDER BY rank, is_done, iif(is_done, read_at, NULL) DESC, id
  LIMIT 1
)
SELECT s.org_id, s.list, c.id, s.id, 5000, 5000 + 100, 100, 5000 + 100 >= s.total, ?1
FROM
  chosen c
  CROSS JOIN list_snapshots s ON s.org_id = (
    SELECT o.id
    FROM organizations o
    WHERE o.id = ?3
      AND o.user_count * (?4 ->> 0) + o.group_count * (?4 ->> 1) <= 4000000
  )
  AND s.list = ?5
  AND s.id = c.snapshot
WHERE
  (NOT c.is_noted OR (SELECT count(*) FROM ranked WHERE NOT is_done AND NOT is_stale) > 1)
  AND 5000 < s.total
ON CONFLICT DO UPDATE SET
  snapshot = excluded.snapshot,
  page_offset = excluded.page_offset,
  next_offset = excluded.next_offset,
  page_size = excluded.page_size,
  is_done = excluded.is_done,
  read_at = excluded.read_at;

-- a list: {"listed":"Users","filter":"emails.value eq \"a@example.com\"","sortBy":"userName","place":""}
SELECT
  hit.rank AS rank,
  hit.key AS key,
  (
    SELECT
      '{"id":"' || users.id || '",' || substr(users.doc, 2, length(users.doc) - 2) || ',"active":' || iif(users.active, 'true', 'false') || ',"' || ?1 || '":"' || iif(users.active, users.org_role, 'Member') || '"' || ',"groups":' || (
        SELECT
          json_group_array(
            json_object(
              'value',
              g.id,
              '$ref',
              ?2 || '/Groups/' || g.id,
              'display',
              g.display_name,
              'type',
              'direct'
            )
          )
        FROM memberships m
          JOIN groups g ON g.seq = m.group_seq
        WHERE m.user_seq = users.seq
      ) || ',"meta":{"resourceType":"User","created":"' || users.created_at || '","lastModified":"' || users.last_modified || '","location":"' || ?2 || '/Users/' || users.id || '","version":"W/\"' || users.version || '\""}}'
    FROM users
    WHERE users.seq = hit.rank - 0
  ) AS body
FROM (
  SELECT users.seq + 0 AS rank, users.user_name_fold AS key
  FROM users
  WHERE
    + users.org_id = ?3
    AND + users.managed = 1
    AND users.seq IN (SELECT e.user_seq FROM user_emails e WHERE e.org_id = ?3 AND (e.org_id = ?3 AND e.value_fold = ?4))
  ORDER BY users.user_name_fold ASC, users.seq ASC
  LIMIT CAST(?5 AS INTEGER) OFFSET CAST(?6 AS INTEGER)
) hit
ORDER BY hit.key ASC, hit.rank ASC;
SELECT count(*) AS count
FROM users
WHERE
  + users.org_id = ?1
  AND + users.managed = 1
  AND users.seq IN (SELECT e.user_seq FROM user_emails e WHERE e.org_id = ?1 AND (e.org_id = ?1 AND e.value_fold = ?2));

-- a list: {"listed":"All","filter":null,"sortBy":"meta.created","place":"behind a cursor"}
SELECT
  hit.rank AS rank,
  hit.key AS key,
  coalesce(
    (
      SELECT
        '{"id":"' || users.id || '",' || substr(users.doc, 2, length(users.doc) - 2) || ',"active":' || iif(users.active, 'true', 'false') || ',"' || ?1 || '":"' || iif(users.active, users.org_role, 'Member') || '"' || ',"groups":' || (
          SELECT
            json_group_array(
              json_object(
                'value',
                g.id,
                '$ref',
                ?2 || '/Groups/' || g.id,
                'display',
                g.display_name,
                'type',
                'direct'
              )
            )
          FROM memberships m
            JOIN groups g ON g.seq = m.group_seq
          WHERE m.user_seq = users.seq
        ) || ',"meta":{"resourceType":"User","created":"' || users.created_at || '","lastModified":"' || users.last_modified || '","location":"' || ?2 || '/Users/' || users.id || '","version":"W/\"' || users.version || '\""}}'
      FROM users
      WHERE users.seq = hit.rank - 0
    ),
    (
      SELECT
        '{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"id":"' || g.id || iif(
          g.external_id IS NULL,
          '"',
          '","externalId":' || json_quote(coalesce(g.external_id_sent, g.external_id))
        ) || ',"displayName":' || json_quote(g.display_name) || ',"meta":{"resourceType":"Group","created":"' || g.created_at || '","lastModified":"' || g.last_modified || '","location":"' || ?2 || '/Groups/' || g.id || '","version":"W/\"' || g.version || '\""}'
      FROM groups g
      WHERE g.seq = hit.rank - 4503599627370496
    )
  ) AS body
FROM (
  SELECT rank, key
  FROM (
    SELECT *
    FROM (
      SELECT users.seq + 0 AS rank, users.created_at AS key
      FROM users
      WHERE
        users.org_id = ?3
        AND users.managed = 1
        AND TRUE
        AND users.created_at >= ?4
        AND (users.created_at > ?4 OR users.seq > CAST(?5 AS INTEGER) - 0)
      ORDER BY users.created_at ASC, users.seq ASC
      LIMIT CAST(?6 AS INTEGER) + CAST(?7 AS INTEGER)
    )
    UNION ALL
    SELECT *
    FROM (
      SELECT g.seq + 4503599627370496 AS rank, g.created_at AS key
      FROM groups g
      WHERE
        g.org_id = ?3
        AND TRUE
        AND g.created_at >= ?4
        AND (g.created_at > ?4 OR g.seq > CAST(?5 AS INTEGER) - 4503599627370496)
      ORDER BY g.created_at ASC, g.seq ASC
      LIMIT CAST(?6 AS INTEGER) + CAST(?7 AS INTEGER)
    )
  )
  ORDER BY key ASC NULLS LAST, rank ASC
  LIMIT CAST(?6 AS INTEGER) OFFSET CAST(?7 AS INTEGER)
) hit
ORDER BY hit.key ASC NULLS LAST, hit.rank ASC;
SELECT count(*) AS count
FROM groups g
WHERE g.org_id = ?1 AND TRUE;
WITH
RECURSIVE start (place, group_seq, after, upto) AS (
  SELECT g.seq, g.seq, 0, 9223372036854775807
  FROM groups g
  WHERE
    g.seq IN (
      SELECT hit.rank - 4503599627370496
      FROM (
        SELECT rank, key
        FROM (
          SELECT *
          FROM (
            SELECT users.seq + 0 AS rank, users.created_at AS key
            FROM users
            WHERE
              users.org_id = ?1
              AND users.managed = 1
              AND TRUE
              AND users.created_at >= ?2
              AND (users.created_at > ?2 OR users.seq > CAST(?3 AS INTEGER) - 0)
            ORDER BY users.created_at ASC, users.seq ASC
            LIMIT CAST(?4 AS INTEGER) + CAST(?5 AS INTEGER)
          )
          UNION ALL
          SELECT *
          FROM (
            SELECT g.seq + 4503599627370496 AS rank, g.created_at AS key
            FROM groups g
            WHERE
              g.org_id = ?1
              AND TRUE
              AND g.created_at >= ?2
              AND (g.created_at > ?2 OR g.seq > CAST(?3 AS INTEGER) - 4503599627370496)
            ORDER BY g.created_at ASC, g.seq ASC
            LIMIT CAST(?4 AS INTEGER) + CAST(?5 AS INTEGER)
          )
        )
        ORDER BY key ASC NULLS LAST, rank ASC
        LIMIT CAST(?4 AS INTEGER) OFFSET CAST(?5 AS INTEGER)
      ) hit
      WHERE hit.rank >= 4503599627370496
    )
),
chunk (place, group_seq, upto, step, content) AS (
  SELECT place, group_seq, upto, 0, CAST(after AS TEXT)
  FROM start
  UNION ALL
  SELECT
    place,
    group_seq,
    upto,
    step + 1,
    (
      SELECT iif(count(*) = 1000, max(member.seq), - max(member.seq)) || '|' || group_concat (member.object, ',')
      FROM (
        SELECT
          m.user_seq AS seq,
          '{"value":"' || u.id || '","$ref":"' || ?6 || '/Users/' || u.id || '","display":' || json_quote(substr(coalesce(u.doc ->> '$.displayName', u.doc ->> '$.userName'), 1, 200)) || ',"type":"User"}' AS object,
          NOT (u.lost_at IS NULL OR u.lost_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')) AS lost_lately
        FROM memberships m
          CROSS JOIN users u ON u.seq = m.user_seq
        WHERE
          m.group_seq = chunk.group_seq
          AND u.managed = 1
          AND m.user_seq > CAST(chunk.content AS INTEGER)
          AND m.user_seq <= chunk.upto
        ORDER BY m.user_seq
        LIMIT 1000
      ) member
    )
  FROM chunk
  WHERE step = 0 OR CAST(content AS INTEGER) > 0
  ORDER BY 1, 4
)
SELECT
  group_seq,
  abs(CAST(content AS INTEGER)) AS last_seq,
  substr(content, instr(content, '|') + 1) AS body
FROM chunk
WHERE step > 0 AND content IS NOT NULL
LIMIT 100;

-- GET of a user, by a key
SELECT
  users.version AS version,
  '{"id":"' || users.id || '",' || substr(users.doc, 2, length(users.doc) - 2) || ',"active":' || iif(users.active, 'true', 'false') || ',"' || ?1 || '":"' || iif(users.active, users.org_role, 'Member') || '"' || ',"groups":' || (
    SELECT
      json_group_array(
        json_object(
          'value',
          g.id,
          '$ref',
          ?2 || '/Groups/' || g.id,
          'display',
          g.display_name,
          'type',
          'direct'
        )
      )
    FROM memberships m
      JOIN groups g ON g.seq = m.group_seq
    WHERE m.user_seq = users.seq
  ) || ',"meta":{"resourceType":"User","created":"' || users.created_at || '","lastModified":"' || users.last_modified || '","location":"' || ?2 || '/Users/' || users.id || '","version":"W/\"' || users.version || '\""}}' AS body
FROM users
WHERE
  users.org_id = (
    SELECT org_id
    FROM auth_keys
    WHERE id = ?3
      AND hash = ?4 AND deactivated_at IS NULL AND (expires_at IS NULL OR expires_at > ?5)
  )
  AND users.id = ?6
  AND users.managed = 1;

-- a user as the basis of a write
SELECT
  users.id AS id,
  users.seq AS seq,
  users.version AS version,
  users.active AS active,
  users.managed AS managed,
  coalesce(users.lost_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour'), 0) AS lost_lately,
  users.org_role AS org_role,
  users.doc AS doc,
  '{"id":"' || users.id || '",' || substr(users.doc, 2, length(users.doc) - 2) || ',"active":' || iif(users.active, 'true', 'false') || ',"' || ?1 || '":"' || iif(users.active, users.org_role, 'Member') || '"' || ',"groups":[]' || ',"meta":{"resourceType":"User","created":"' || users.created_at || '","lastModified":"' || users.last_modified || '","location":"' || ?2 || '/Users/' || users.id || '","version":"W/\"' || users.version || '\""}}' AS body
FROM users
WHERE users.org_id = ?3 AND users.id = ?4 AND users.managed = 1;

-- GET of a group with its members
SELECT
  g.version AS version,
  '{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"id":"' || g.id || iif(
    g.external_id IS NULL,
    '"',
    '","externalId":' || json_quote(coalesce(g.external_id_sent, g.external_id))
  ) || ',"displayName":' || json_quote(g.display_name) || ',"meta":{"resourceType":"Group","created":"' || g.created_at || '","lastModified":"' || g.last_modified || '","location":"' || ?1 || '/Groups/' || g.id || '","version":"W/\"' || g.version || '\""}' AS body
FROM groups g
WHERE g.org_id = ?2 AND g.id = ?3;
WITH
RECURSIVE start (place, group_seq, after, upto) AS (SELECT 0, g.seq, 0, 9223372036854775807 FROM groups g WHERE g.org_id = ?1 AND g.id = ?2),
chunk (place, group_seq, upto, step, content) AS (
  SELECT place, group_seq, upto, 0, CAST(after AS TEXT)
  FROM start
  UNION ALL
  SELECT
    place,
    group_seq,
    upto,
    step + 1,
    (
      SELECT iif(count(*) = 1000, max(member.seq), - max(member.seq)) || '|' || group_concat (member.object, ',')
      FROM (
        SELECT
          m.user_seq AS seq,
          '{"value":"' || u.id || '","$ref":"' || ?3 || '/Users/' || u.id || '","display":' || json_quote(substr(coalesce(u.doc ->> '$.displayName', u.doc ->> '$.userName'), 1, 200)) || ',"type":"User"}' AS object,
          NOT (u.lost_at IS NULL OR u.lost_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')) AS lost_lately
        FROM memberships m
          CROSS JOIN users u ON u.seq = m.user_seq
        WHERE
          m.group_seq = chunk.group_seq
          AND u.managed = 1
          AND m.user_seq > CAST(chunk.content AS INTEGER)
          AND m.user_seq <= chunk.upto
        ORDER BY m.user_seq
        LIMIT 1000
      ) member
    )
  FROM chunk
  WHERE step = 0 OR CAST(content AS INTEGER) > 0
  ORDER BY 1, 4
)
SELECT
  group_seq,
  abs(CAST(content AS INTEGER)) AS last_seq,
  substr(content, instr(content, '|') + 1) AS body
FROM chunk
WHERE step > 0 AND content IS NOT NULL
LIMIT 100;

-- the members of a group that are to be replaced
WITH
RECURSIVE start (place, group_seq, after, upto) AS (SELECT 0, g.seq, 0, 9223372036854775807 FROM groups g WHERE g.org_id = ?1 AND g.id = ?2),
chunk (place, group_seq, upto, step, content) AS (
  SELECT place, group_seq, upto, 0, CAST(after AS TEXT)
  FROM start
  UNION ALL
  SELECT
    place,
    group_seq,
    upto,
    step + 1,
    (
      SELECT
        iif(count(*) = 1000, max(member.seq), - max(member.seq)) || '|' || json_group_array(iif(member.lost_lately, - member.seq, member.seq)) || group_concat (member.object, ',')
      FROM (
        SELECT
          m.user_seq AS seq,
          '{"value":"' || u.id || '","$ref":"' || ?3 || '/Users/' || u.id || '","display":' || json_quote(substr(coalesce(u.doc ->> '$.displayName', u.doc ->> '$.userName'), 1, 200)) || ',"type":"User"}' AS object,
          NOT (u.lost_at IS NULL OR u.lost_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')) AS lost_lately
        FROM memberships m
          CROSS JOIN users u ON u.seq = m.user_seq
        WHERE
          m.group_seq = chunk.group_seq
          AND u.managed = 1
          AND m.user_seq > CAST(chunk.content AS INTEGER)
          AND m.user_seq <= chunk.upto
        ORDER BY m.user_seq
        LIMIT 1000
      ) member
    )
  FROM chunk
  WHERE step = 0 OR CAST(content AS INTEGER) > 0
  ORDER BY 1, 4
)
SELECT
  group_seq,
  abs(CAST(content AS INTEGER)) AS last_seq,
  substr(content, instr(content, '|') + 1) AS body
FROM chunk
WHERE step > 0 AND content IS NOT NULL;

-- a comparison of a PATCH with the members of a group
SELECT
  json_group_array(iif(m.user_seq IS NULL, e.seq, - e.seq)) FILTER (
    WHERE
      e.active = 1
      AND NOT (
        (
          FALSE
          OR (
            instr(
              coalesce(
                e.doc_fold ->> '$.displayname',
                lower(e.doc ->> '$.displayName'),
                e.doc_fold ->> '$.username',
                lower(e.doc ->> '$.userName')
              ),
              ?1
            ) > 0
            AND e.id NOT IN (SELECT value FROM json_each(?2))
          )
        ) IS TRUE
      )
  ) AS seqs,
  json_object(
    'unknown',
    json(json_group_array(j.value) FILTER (WHERE e.seq IS NULL)),
    'inactive',
    json(json_group_array(j.value) FILTER (WHERE e.active = 0)),
    'group',
    min(j.value) FILTER (WHERE e.seq IS NULL AND EXISTS (SELECT 1 FROM groups WHERE org_id = ?3 AND id = j.value))
  ) AS others
FROM
  (SELECT ?3 AS id LIMIT 1) o
  LEFT JOIN groups g ON g.org_id = o.id
  AND g.id = ?4
  CROSS JOIN json_each(?5) j ON o.id IS NOT NULL
  LEFT JOIN users e ON e.org_id = o.id
  AND e.id = j.value
  AND e.managed = 1
  LEFT JOIN memberships m ON m.user_seq = e.seq
  AND m.group_seq = g.seq;
SELECT
  json_group_array(iif(m.user_seq IS NULL, - e.seq, e.seq)) AS seqs,
  coalesce(
    max(
      m.user_seq IS NOT NULL
      AND (e.lost_at IS NULL OR e.lost_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour'))
    ),
    0
  ) AS counts
FROM
  (SELECT ?1 AS id LIMIT 1) o
  CROSS JOIN groups g ON g.org_id = o.id
  AND g.id = ?2
  CROSS JOIN json_each(?3) j ON o.id IS NOT NULL
  CROSS JOIN users e ON e.org_id = o.id
  AND e.id = j.value
  AND e.managed = 1
  LEFT JOIN memberships m ON m.user_seq = e.seq
  AND m.group_seq = g.seq;
SELECT json_group_array(seq) AS seqs, coalesce(max(counts), 0) AS counts
FROM (
  SELECT
    e.seq AS seq,
    (e.lost_at IS NULL OR e.lost_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')) AS counts
  FROM memberships m
    CROSS JOIN users e ON e.seq = m.user_seq
  WHERE
    m.group_seq = (SELECT seq FROM groups WHERE org_id = ?1 AND id = ?2)
    AND e.managed = 1
    AND (
      (
        FALSE
        OR (
          instr(
            coalesce(
              e.doc_fold ->> '$.displayname',
              lower(e.doc ->> '$.displayName'),
              e.doc_fold ->> '$.username',
              lower(e.doc ->> '$.userName')
            ),
            ?3
          ) > 0
          AND e.id NOT IN (SELECT value FROM json_each(?4))
        )
      ) IS TRUE
    )
  LIMIT 150000 + 1
);

-- the users that replace the members of a group
SELECT
  json_group_array(e.seq) FILTER (
    WHERE
      e.active = 1
      AND NOT (
        (
          FALSE
          OR (
            instr(
              coalesce(
                e.doc_fold ->> '$.displayname',
                lower(e.doc ->> '$.displayName'),
                e.doc_fold ->> '$.username',
                lower(e.doc ->> '$.userName')
              ),
              ?1
            ) > 0
            AND e.id NOT IN (SELECT value FROM json_each(?2))
          )
        ) IS TRUE
      )
  ) AS seqs,
  json_object(
    'unknown',
    json(json_group_array(j.value) FILTER (WHERE e.seq IS NULL)),
    'inactive',
    json(json_group_array(j.value) FILTER (WHERE e.active = 0)),
    'group',
    min(j.value) FILTER (WHERE e.seq IS NULL AND EXISTS (SELECT 1 FROM groups WHERE org_id = ?3 AND id = j.value))
  ) AS others
FROM
  (SELECT ?3 AS id LIMIT 1) o
  CROSS JOIN json_each(?4) j ON o.id IS NOT NULL
  LEFT JOIN users e ON e.org_id = o.id
  AND e.id = j.value
  AND e.managed = 1;

-- a change of the members of a group
SELECT
  iif(
    EXISTS (
      SELECT 1
      FROM
        json_each(?1) j
        CROSS JOIN users e ON e.org_id = (SELECT iif(o.keep_access, json('stale'), o.id) FROM organizations o WHERE o.id = ?2)
        AND e.id = j.value
        AND e.active = 1
    ),
    json('stale'),
    ''
  );
INSERT INTO memberships (group_seq, user_seq, since)
SELECT g.seq, u.seq, g.newest + 1
FROM (
  SELECT
    g.seq AS seq,
    g.org_id AS org_id,
    coalesce((SELECT max(e.seq) FROM events e WHERE e.org_id = g.org_id), 0) AS newest
  FROM groups g
  WHERE g.org_id = ?1
    AND g.id = ?2
  LIMIT 1
) g
  CROSS JOIN json_each(?3) j
  CROSS JOIN users u ON u.seq = j.value
  AND u.org_id = g.org_id
  AND u.active = 1
  AND u.managed = 1
WHERE TRUE
ON CONFLICT DO NOTHING;
INSERT INTO
  new_events (
    org_id,
    seq,
    at,
    type,
    story,
    log_id,
    source,
    actor,
    key_id,
    subject_type,
    subject_id,
    version,
    data,
    active,
    active_total,
    lost,
    lost_total,
    personal,
    others
  )
SELECT
  p.org_id,
  p.seq + 1,
  max(coalesce(substr(p.request_log_id, 1, 24), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), p.at),
  'membership.added',
  coalesce(CAST(?1 AS INTEGER), iif(p.log_id = p.request_log_id, p.story, p.seq + 1)),
  p.request_log_id,
  ?2,
  ?3,
  ?4,
  'group',
  g.id,
  g.version,
  json_object(
    'groups',
    json_array(
      json(
        json_patch(
          '{}',
          json_object(
            'id',
            g.id,
            'name',
            g.display_name,
            'external_id',
            coalesce(g.external_id_sent, g.external_id),
            'role',
            g.role,
            'project',
            iif(r.id IS NULL, NULL, json_object('id', r.id, 'name', r.name)),
            'team',
            iif(t.id IS NULL, NULL, json_object('id', t.id, 'name', t.name))
          )
        )
      )
    ),
    'people',
    (
      SELECT json_group_array(json_object('id', u.id))
      FROM
        json_each(?5) j
        CROSS JOIN memberships m ON m.group_seq = g.seq
        AND m.user_seq = j.value
        AND m.since > p.seq
        CROSS JOIN users u ON u.seq = m.user_seq
    )
  ),
  0,
  p.active_total + 0,
  iif(?2 = 'scim', 0, 0),
  p.lost_total + iif(?2 = 'scim', 0, 0),
  NULL,
  NULL
FROM (
  SELECT
    n.*,
    (
      SELECT l.id
      FROM log l
      WHERE
        l.org_id = n.org_id
        AND substr(l.id, 26) = ?6
        AND l.id > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
      ORDER BY l.id DESC
      LIMIT 1
    ) AS request_log_id
  FROM (
    SELECT *
    FROM (
      SELECT org_id, seq, at, story, log_id, active_total, lost_total
      FROM events
      WHERE org_id = ?7
      ORDER BY seq DESC
      LIMIT 1
    )
    UNION ALL
    SELECT ?7, 0, '', NULL, NULL, 0, 0
    LIMIT 1
  ) n
  WHERE n.org_id IS NOT NULL
  LIMIT 1
) p
  CROSS JOIN groups g ON g.org_id = p.org_id
  AND g.id = ?8
  LEFT JOIN projects r ON r.id = g.project_id
  LEFT JOIN teams t ON t.id = g.team_id
WHERE changes() > 0;
INSERT INTO
  new_events (
    org_id,
    seq,
    at,
    type,
    story,
    log_id,
    source,
    actor,
    key_id,
    subject_type,
    subject_id,
    version,
    data,
    active,
    active_total,
    lost,
    lost_total,
    personal,
    others
  )
SELECT
  p.org_id,
  p.seq + g.number,
  max(coalesce(substr(p.request_log_id, 1, 24), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), p.at),
  'membership.removed',
  coalesce(CAST(?1 AS INTEGER), iif(p.log_id = p.request_log_id, p.story, p.seq + 1)),
  p.request_log_id,
  ?2,
  ?3,
  ?4,
  'group',
  g.id,
  g.version,
  json_object('groups', json_array(json(g.ref)), 'people', json(g.people)),
  0,
  p.active_total + 0,
  iif(?2 = 'scim', g.lost, 0),
  p.lost_total + iif(?2 = 'scim', g.lost_sum, 0),
  NULL,
  g.people
FROM (
  SELECT
    g.*,
    1 AS number,
    json_group_array(json_object('id', u.id, 'since', m.since)) AS people,
    sum(
      (
        u.active = 1
        AND u.managed = 1
        AND g.role IS NOT NULL
        AND coalesce(u.lost_at, '') <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
      )
    ) AS lost,
    sum(
      (
        u.active = 1
        AND u.managed = 1
        AND g.role IS NOT NULL
        AND coalesce(u.lost_at, '') <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
      )
    ) AS lost_sum
  FROM (
    SELECT
      g.seq AS seq,
      g.id AS id,
      g.version AS version,
      g.role AS role,
      json_patch(
        '{}',
        json_object(
          'id',
          g.id,
          'name',
          g.display_name,
          'external_id',
          coalesce(g.external_id_sent, g.external_id),
          'role',
          g.role,
          'project',
          iif(r.id IS NULL, NULL, json_object('id', r.id, 'name', r.name)),
          'team',
          iif(t.id IS NULL, NULL, json_object('id', t.id, 'name', t.name))
        )
      ) AS ref
    FROM groups g
      LEFT JOIN projects r ON r.id = g.project_id LEFT JOIN teams t ON t.id = g.team_id
    WHERE g.org_id = ?5
      AND g.id = ?6
    LIMIT 1
  ) g
    CROSS JOIN json_each(?7) j
    CROSS JOIN memberships m ON m.group_seq = g.seq
    AND m.user_seq = j.value
    CROSS JOIN users u ON u.seq = m.user_seq
  HAVING count(*) > 0
) g
  CROSS JOIN (
    SELECT
      n.*,
      (
        SELECT l.id
        FROM log l
        WHERE
          l.org_id = n.org_id
          AND substr(l.id, 26) = ?8
          AND l.id > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
        ORDER BY l.id DESC
        LIMIT 1
      ) AS request_log_id
    FROM (
      SELECT *
      FROM (
        SELECT org_id, seq, at, story, log_id, active_total, lost_total
        FROM events
        WHERE org_id = ?9
        ORDER BY seq DESC
        LIMIT 1
      )
      UNION ALL
      SELECT ?9, 0, '', NULL, NULL, 0, 0
      LIMIT 1
    ) n
    WHERE n.org_id IS NOT NULL
    LIMIT 1
  ) p;
DELETE FROM memberships
WHERE
  group_seq = (SELECT seq FROM groups WHERE org_id = ?1 AND id = ?2)
  AND user_seq IN (SELECT value FROM json_each(?3));

-- a change of an attribute of a person, by a key
UPDATE users SET
  version = version + 1, last_modified = max(last_modified, ?1), doc = ?2, doc_fold = ?3
WHERE
  seq = ?4
  AND org_id = (
    SELECT org_id
    FROM auth_keys
    WHERE id = ?5
      AND hash = ?6 AND deactivated_at IS NULL AND (expires_at IS NULL OR expires_at > ?1)
  )
  AND version = ?7;
SELECT CASE WHEN changes() = 1 THEN '' ELSE json('stale') END;
INSERT INTO
  new_events (
    org_id,
    seq,
    at,
    type,
    story,
    log_id,
    source,
    actor,
    key_id,
    subject_type,
    subject_id,
    version,
    data,
    active,
    active_total,
    lost,
    lost_total,
    personal,
    others
  )
SELECT
  p.org_id,
  p.seq + 1,
  max(coalesce(substr(p.request_log_id, 1, 24), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), p.at),
  (?1 ->> 'type'),
  coalesce(CAST(?2 AS INTEGER), iif(p.log_id = p.request_log_id, p.story, p.seq + 1)),
  p.request_log_id,
  ?3,
  ?4,
  ?5,
  (?1 ->> 'subject_type'),
  (?1 ->> 'subject_id'),
  coalesce(
    ?1 ->> 'version',
    CASE
      ?1 ->> 'subject_type'
      WHEN 'group' THEN (SELECT version FROM groups WHERE org_id = p.org_id AND id = ?1 ->> 'subject_id')
    END
  ),
  ?1 -> 'data',
  (?1 ->> 'active'),
  p.active_total + (?1 ->> 'active_sum'),
  iif(?3 = 'scim', (?1 ->> 'lost'), 0),
  p.lost_total + iif(?3 = 'scim', (?1 ->> 'lost_sum'), 0),
  (?1 ->> 'personal'),
  NULL
FROM (
  SELECT
    n.*,
    (
      SELECT l.id
      FROM log l
      WHERE
        l.org_id = n.org_id
        AND substr(l.id, 26) = ?6
        AND l.id > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
      ORDER BY l.id DESC
      LIMIT 1
    ) AS request_log_id
  FROM (
    SELECT *
    FROM (
      SELECT org_id, seq, at, story, log_id, active_total, lost_total
      FROM events
      WHERE
        org_id = (
          SELECT iif(is_paused, json('stale'), org_id)
          FROM auth_keys
          WHERE id = ?7
            AND hash = ?8 AND deactivated_at IS NULL AND (expires_at IS NULL OR expires_at > ?9)
        )
      ORDER BY seq DESC
      LIMIT 1
    )
    UNION ALL
    SELECT
      (
        SELECT iif(is_paused, json('stale'), org_id)
        FROM auth_keys
        WHERE id = ?7
          AND hash = ?8 AND deactivated_at IS NULL AND (expires_at IS NULL OR expires_at > ?9)
      ),
      0,
      '',
      NULL,
      NULL,
      0,
      0
    LIMIT 1
  ) n
  WHERE n.org_id IS NOT NULL
  LIMIT 1
) p
LIMIT 1;
SELECT
  users.version AS version,
  '{"id":"' || users.id || '",' || substr(users.doc, 2, length(users.doc) - 2) || ',"active":' || iif(users.active, 'true', 'false') || ',"' || ?1 || '":"' || iif(users.active, users.org_role, 'Member') || '"' || ',"groups":' || (
    SELECT
      json_group_array(
        json_object(
          'value',
          g.id,
          '$ref',
          ?2 || '/Groups/' || g.id,
          'display',
          g.display_name,
          'type',
          'direct'
        )
      )
    FROM memberships m
      JOIN groups g ON g.seq = m.group_seq
    WHERE m.user_seq = users.seq
  ) || ',"meta":{"resourceType":"User","created":"' || users.created_at || '","lastModified":"' || users.last_modified || '","location":"' || ?2 || '/Users/' || users.id || '","version":"W/\"' || users.version || '\""}}' AS body
FROM users
WHERE users.seq = ?3;

-- a check of a permission
SELECT
  x.permissions AS permissions,
  x.person ->> 1 AS person,
  coalesce(x.person ->> 2, 0) AS is_active,
  x.person ->> 3 AS organization_role,
  CASE
    x.ask ->> '$.what.on'
    WHEN 'organization' THEN iif(x.ask ->> '$.what.organization' = x.org_id, x.org_id, NULL)
    WHEN 'project' THEN p.id
    WHEN 'team' THEN t.id
  END AS resource,
  json_array(
    json(
      (
        SELECT
          json_group_array(
            json(
              (
                SELECT
                  json_group_array(
                    json(
                      coalesce(
                        p.roles -> ('$."' || (p.role_groups ->> (32 * a.column1 + b.column1)) || '"'),
                        (
                          SELECT json_object('on', 'project', 'role', g.role, 'group_id', g.id, 'group', g.display_name)
                          FROM groups g
                          WHERE g.seq = p.role_groups ->> (32 * a.column1 + b.column1)
                        )
                      )
                    )
                  )
                FROM (
                  VALUES
                    (0),
(1),
(2),
(3),
(4),
(5),
(6),
(7),
(8),
(9),
(10),
(11),
(12),
(13),
(14),
(15),
(16),
(17),
(18),
(19),
(20),
(21),
(22),
(23),
(24),
(25),
(26),
(27),
(28),
(29),
(30),
(31)
                ) b
                WHERE
                  (p.role_groups ->> (32 * a.column1 + b.column1), x.person ->> 0) IN (SELECT group_seq, user_seq FROM memberships)
              )
            )
          )
        FROM (
          VALUES
            (0),
(1),
(2),
(3),
(4),
(5),
(6),
(7),
(8),
(9),
(10),
(11),
(12),
(13),
(14),
(15),
(16),
(17),
(18),
(19),
(20),
(21),
(22),
(23),
(24),
(25),
(26),
(27),
(28),
(29),
(30),
(31)
        ) a
        WHERE 32 * a.column1 < json_array_length(p.role_groups)
      )
    ),
    json(
      (
        SELECT
          json_group_array(
            json(
              (
                SELECT
                  json_group_array(
                    json(
                      coalesce(
                        t.roles -> ('$."' || (t.role_groups ->> (32 * a.column1 + b.column1)) || '"'),
                        (
                          SELECT json_object('on', 'team', 'role', g.role, 'group_id', g.id, 'group', g.display_name)
                          FROM groups g
                          WHERE g.seq = t.role_groups ->> (32 * a.column1 + b.column1)
                        )
                      )
                    )
                  )
                FROM (
                  VALUES
                    (0),
(1),
(2),
(3),
(4),
(5),
(6),
(7),
(8),
(9),
(10),
(11),
(12),
(13),
(14),
(15),
(16),
(17),
(18),
(19),
(20),
(21),
(22),
(23),
(24),
(25),
(26),
(27),
(28),
(29),
(30),
(31)
                ) b
                WHERE
                  (t.role_groups ->> (32 * a.column1 + b.column1), x.person ->> 0) IN (SELECT group_seq, user_seq FROM memberships)
              )
            )
          )
        FROM (
          VALUES
            (0),
(1),
(2),
(3),
(4),
(5),
(6),
(7),
(8),
(9),
(10),
(11),
(12),
(13),
(14),
(15),
(16),
(17),
(18),
(19),
(20),
(21),
(22),
(23),
(24),
(25),
(26),
(27),
(28),
(29),
(30),
(31)
        ) a
        WHERE 32 * a.column1 < json_array_length(t.role_groups)
      )
    ),
    json(
      iif(
        json_array_length(p.role_groups) > 1024,
        (
          SELECT
            json_array(
              json_group_array(json_object('on', 'project', 'role', g.role, 'group_id', g.id, 'group', g.display_name))
            )
          FROM
            json_each(p.role_groups) j
            CROSS JOIN memberships m ON m.group_seq = j.value
            AND m.user_seq = x.person ->> 0
            CROSS JOIN groups g ON g.seq = m.group_seq
          WHERE j.key >= 1024
        ),
        '[]'
      )
    )
  ) AS held
FROM
  (
    SELECT
      o.id AS org_id,
      iif(0 = 0, o.permissions, NULL) AS permissions,
      (?1 -> 0) AS ask,
      (
        SELECT iif(min(c.seq) = max(c.seq), json_array(c.seq, c.id, c.active, c.org_role), NULL)
        FROM (
          SELECT seq, id, active, org_role
          FROM users
          WHERE org_id = o.id
            AND id = (?1 -> 0) ->> '$.who.id'
          UNION ALL
          SELECT seq, id, active, org_role
          FROM users
          WHERE org_id = o.id
            AND user_name_fold = (?1 -> 0) ->> '$.who.user_name'
          UNION ALL
          SELECT *
          FROM (
            SELECT seq, id, active, org_role
            FROM users
            WHERE org_id = o.id
              AND external_id = (?1 -> 0) ->> '$.who.external_id'
            LIMIT 2
          )
        ) c
      ) AS person
    FROM organizations o
    WHERE o.id = ?2
      AND o.deleted_at IS NULL
    LIMIT 50
  ) x
  LEFT JOIN projects p ON p.org_id = x.org_id
  AND p.archived_at IS NULL
  AND p.id = coalesce(
    x.ask ->> '$.what.project',
    (
      SELECT n.id
      FROM projects n
      WHERE n.org_id = x.org_id
        AND n.name_fold = x.ask ->> '$.what.project_name'
    ),
    (SELECT n.project_id FROM teams n WHERE n.id = x.ask ->> '$.what.team')
  )
  LEFT JOIN teams t ON t.project_id = p.id
  AND t.id = coalesce(
    x.ask ->> '$.what.team',
    (SELECT n.id FROM teams n WHERE n.project_id = p.id AND n.name_fold = x.ask ->> '$.what.team_name')
  );

-- the permissions of roles
WITH
RECURSIVE known(role, number) AS (
  SELECT
    (
      SELECT g.role
      FROM groups g
      WHERE
        g.org_id = ?1
        AND g.team_id IS NULL
        AND g.role IS NOT NULL
        AND g.role <> 'Admin'
        AND g.role <> 'Member'
        AND g.role <> 'Read-Only'
      ORDER BY g.role
      LIMIT 1
    ),
    1
  UNION ALL
  SELECT
    (
      SELECT g.role
      FROM groups g
      WHERE
        g.org_id = ?1
        AND g.team_id IS NULL
        AND g.role IS NOT NULL
        AND g.role <> 'Admin'
        AND g.role <> 'Member'
        AND g.role <> 'Read-Only'
        AND g.role > k.role
      ORDER BY g.role
      LIMIT 1
    ),
    k.number + 1
  FROM known k
  WHERE k.role IS NOT NULL AND k.number < 200
)
SELECT
  o.permissions AS text,
  o.permissions AS permissions,
  (SELECT json_group_array(role) FROM known WHERE role IS NOT NULL) AS custom_roles
FROM organizations o
WHERE o.id = ?1;

-- a search for people by all that may be asked
WITH
RECURSIVE o (id) AS MATERIALIZED (SELECT t.id FROM (SELECT ?1 AS id LIMIT 1) t WHERE t.id IS NOT NULL),
silent_since_search (low, high) AS (
  SELECT
    (SELECT min(e.seq) - 1 FROM events e WHERE e.org_id = o.id),
    (SELECT max(e.seq) FROM events e WHERE e.org_id = o.id)
  FROM o
  UNION ALL
  SELECT iif(e.at < ?2, e.seq, s.low), iif(e.at < ?2, s.high, e.seq - 1)
  FROM
    silent_since_search s
    CROSS JOIN o
    CROSS JOIN events e ON e.org_id = o.id
    AND e.seq = (s.low + s.high + 1) / 2
  WHERE s.low < s.high
),
silent_since (seq) AS MATERIALIZED (SELECT low FROM silent_since_search WHERE low = high),
found (seq, place) AS MATERIALIZED (
  SELECT w.seq, w.place
  FROM (
    SELECT
      users.seq AS seq,
      users.user_name_fold AS place,
      (users.org_role = 'Member' OR users.active = 0)
      AND users.active = 1
      AND coalesce(users.mail_domain = ?3, 0)
      AND users.managed = 0
      AND EXISTS (
        SELECT 1
        FROM memberships m
        WHERE
          m.group_seq = (
            SELECT g.seq
            FROM groups g
            WHERE g.org_id = (SELECT id FROM o)
              AND (g.id = ?4 OR g.name_fold = ?5)
            ORDER BY g.id = ?4 DESC
            LIMIT 1
          )
          AND m.user_seq = users.seq
      )
      AND instr(coalesce(users.doc_fold, lower(users.doc)), ?6) > 0
      AND instr(
        concat_ws(
          char(31),
          coalesce(users.doc_fold, lower(users.doc)) ->> '$.username',
          coalesce(users.doc_fold, lower(users.doc)) ->> '$.displayname',
          coalesce(users.doc_fold, lower(users.doc)) ->> '$.name.givenname',
          coalesce(users.doc_fold, lower(users.doc)) ->> '$.name.familyname',
          coalesce(users.doc_fold, lower(users.doc)) ->> '$.externalid',
          (
            SELECT group_concat (e.value ->> 'value', char(31))
            FROM json_each(coalesce(users.doc_fold, lower(users.doc)), '$.emails') e
          )
        ),
        ?7
      ) > 0
      AND NOT EXISTS (
        SELECT 1
        FROM event_subjects s
          CROSS JOIN events e ON e.org_id = s.org_id AND e.seq = s.seq
        WHERE
          s.org_id = (SELECT id FROM o)
          AND s.subject_id = users.id
          AND s.seq > coalesce((SELECT seq FROM silent_since), 0)
          AND e.source = 'scim'
          AND e.subject_id = s.subject_id
      )
      AND NOT EXISTS (
        SELECT 1
        FROM log l INDEXED BY log_by_resource
        WHERE
          l.org_id = (SELECT id FROM o)
          AND l.resource_id = users.id
          AND l.resource_id IS NOT NULL
          AND l.id >= ?2
          AND l.source = 'scim'
          AND l.status < 400
      ) AS fits
    FROM users INDEXED BY users_by_user_name
    WHERE users.org_id = (SELECT id FROM o)
      AND users.user_name_fold >= ?8
    ORDER BY users.user_name_fold
    LIMIT 20000
  ) w
  WHERE w.fits
)
SELECT t.total AS total, t.rest AS rest, p.json AS json, p.place AS place
FROM (
  SELECT
    (SELECT count(*) FROM found) AS total,
    iif(
      (
        SELECT iif(h.hidden > 20000, NULL, g.user_count + h.hidden)
        FROM (
          SELECT count(*) AS hidden
          FROM (
            SELECT 1
            FROM users INDEXED BY users_in_order
            WHERE users.org_id = (SELECT id FROM o)
              AND users.managed = 0
            LIMIT 20000 + 1
          )
        ) h
          CROSS JOIN organizations g ON g.id = (SELECT id FROM o)
      ) <= 20000,
      NULL,
      (
        SELECT users.user_name_fold
        FROM users INDEXED BY users_by_user_name
        WHERE users.org_id = (SELECT id FROM o)
          AND users.user_name_fold >= ?8
        ORDER BY users.user_name_fold
        LIMIT 1 OFFSET 20000
      )
    ) AS rest
) t
  LEFT JOIN (
    SELECT
      json_object(
        'id',
        users.id,
        'user_name',
        users.doc ->> '$.userName',
        'name',
        coalesce(
          nullif(trim(concat_ws(' ', users.doc ->> '$.name.givenName', users.doc ->> '$.name.familyName')), ''),
          users.doc ->> '$.displayName',
          ''
        ),
        'org_role',
        iif(users.active, users.org_role, 'Member'),
        'active',
        json(iif(users.active, 'true', 'false')),
        'managed',
        json(iif(users.managed, 'true', 'false')),
        'created_at',
        users.created_at,
        'last_modified',
        users.last_modified
      ) AS json,
      f.place AS place
    FROM (
      SELECT seq, place
      FROM found
      WHERE place < ?9
      ORDER BY place DESC
      LIMIT CAST(?10 AS INTEGER)
    ) f
      CROSS JOIN users ON users.seq = f.seq
  ) p;

-- a page of all people, those that were changed last first
WITH o (id) AS MATERIALIZED (SELECT t.id FROM (SELECT ?1 AS id LIMIT 1) t WHERE t.id IS NOT NULL)
SELECT t.total AS total, NULL AS rest, p.json AS json, p.place AS place
FROM (
  SELECT (
    SELECT iif(h.hidden > 20000, NULL, g.user_count + h.hidden)
    FROM (
      SELECT count(*) AS hidden
      FROM (
        SELECT 1
        FROM users INDEXED BY users_in_order
        WHERE users.org_id = (SELECT id FROM o)
          AND users.managed = 0
        LIMIT 20000 + 1
      )
    ) h
      CROSS JOIN organizations g ON g.id = (SELECT id FROM o)
  ) AS total
) t
  LEFT JOIN (
    SELECT
      json_object(
        'id',
        users.id,
        'user_name',
        users.doc ->> '$.userName',
        'name',
        coalesce(
          nullif(trim(concat_ws(' ', users.doc ->> '$.name.givenName', users.doc ->> '$.name.familyName')), ''),
          users.doc ->> '$.displayName',
          ''
        ),
        'org_role',
        iif(users.active, users.org_role, 'Member'),
        'active',
        json(iif(users.active, 'true', 'false')),
        'managed',
        json(iif(users.managed, 'true', 'false')),
        'created_at',
        users.created_at,
        'last_modified',
        users.last_modified
      ) AS json,
      users.last_modified || printf(' %016d', users.seq) AS place
    FROM users INDEXED BY users_by_last_modified
    WHERE
      users.org_id = (SELECT id FROM o)
      AND (users.last_modified, users.seq) < (substr(?2, 1, 24), CAST(substr(?2, 26) AS INTEGER))
    ORDER BY users.last_modified DESC, users.seq DESC
    LIMIT CAST(?3 AS INTEGER)
  ) p;

-- the group that a search for people names
WITH o (id) AS MATERIALIZED (SELECT t.id FROM (SELECT ?1 AS id LIMIT 1) t WHERE t.id IS NOT NULL)
SELECT json_object('id', g.id, 'display_name', g.display_name) AS json
FROM groups g
WHERE
  g.seq = (
    SELECT g.seq
    FROM groups g
    WHERE g.org_id = (SELECT id FROM o)
      AND (g.id = ?2 OR g.name_fold = ?3)
    ORDER BY g.id = ?2 DESC
    LIMIT 1
  );

-- the deactivation of a person, whose memberships end
UPDATE users SET
  version = version + 1, last_modified = max(last_modified, ?1), active = ?2, lost_at = ?1
WHERE
  seq = ?3
  AND org_id = (SELECT iif(o.keep_access, json('stale'), o.id) FROM organizations o WHERE o.id = ?4)
  AND version = ?5;
SELECT CASE WHEN changes() = 1 THEN '' ELSE json('stale') END;
INSERT INTO
  new_events (
    org_id,
    seq,
    at,
    type,
    story,
    log_id,
    source,
    actor,
    key_id,
    subject_type,
    subject_id,
    version,
    data,
    active,
    active_total,
    lost,
    lost_total,
    personal,
    others
  )
SELECT
  p.org_id,
  p.seq + 1,
  max(coalesce(substr(p.request_log_id, 1, 24), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), p.at),
  (?1 ->> 'type'),
  coalesce(CAST(?2 AS INTEGER), iif(p.log_id = p.request_log_id, p.story, p.seq + 1)),
  p.request_log_id,
  ?3,
  ?4,
  ?5,
  (?1 ->> 'subject_type'),
  (?1 ->> 'subject_id'),
  coalesce(
    ?1 ->> 'version',
    CASE
      ?1 ->> 'subject_type'
      WHEN 'group' THEN (SELECT version FROM groups WHERE org_id = p.org_id AND id = ?1 ->> 'subject_id')
    END
  ),
  ?1 -> 'data',
  (?1 ->> 'active'),
  p.active_total + (?1 ->> 'active_sum'),
  iif(?3 = 'scim', (?1 ->> 'lost'), 0),
  p.lost_total + iif(?3 = 'scim', (?1 ->> 'lost_sum'), 0),
  (?1 ->> 'personal'),
  NULL
FROM (
  SELECT
    n.*,
    (
      SELECT l.id
      FROM log l
      WHERE
        l.org_id = n.org_id
        AND substr(l.id, 26) = ?6
        AND l.id > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
      ORDER BY l.id DESC
      LIMIT 1
    ) AS request_log_id
  FROM (
    SELECT *
    FROM (
      SELECT org_id, seq, at, story, log_id, active_total, lost_total
      FROM events
      WHERE org_id = ?7
      ORDER BY seq DESC
      LIMIT 1
    )
    UNION ALL
    SELECT ?7, 0, '', NULL, NULL, 0, 0
    LIMIT 1
  ) n
  WHERE n.org_id IS NOT NULL
  LIMIT 1
) p
LIMIT 1;
INSERT INTO
  new_events (
    org_id,
    seq,
    at,
    type,
    story,
    log_id,
    source,
    actor,
    key_id,
    subject_type,
    subject_id,
    version,
    data,
    active,
    active_total,
    lost,
    lost_total,
    personal,
    others
  )
SELECT
  p.org_id,
  p.seq + y.number,
  max(coalesce(substr(p.request_log_id, 1, 24), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), p.at),
  'membership.removed',
  coalesce(CAST(?1 AS INTEGER), iif(p.log_id = p.request_log_id, p.story, p.seq + 1)),
  p.request_log_id,
  ?2,
  ?3,
  ?4,
  'person',
  u.id,
  u.version,
  json_object('groups', json(y.groups), 'people', json_array(json_object('id', u.id))),
  0,
  p.active_total + 0,
  iif(?2 = 'scim', 0, 0),
  p.lost_total + iif(?2 = 'scim', 0, 0),
  NULL,
  y.groups
FROM (
  SELECT y.key + 1 AS number, y.value AS groups
  FROM (
    SELECT json_group_array(json(x.ref)) AS groups, sum(max(length(x.ref), 200)) AS size
    FROM (
      SELECT
        json_patch(
          '{}',
          json_object(
            'id',
            g.id,
            'name',
            g.display_name,
            'external_id',
            coalesce(g.external_id_sent, g.external_id),
            'role',
            g.role,
            'project',
            iif(r.id IS NULL, NULL, json_object('id', r.id, 'name', r.name)),
            'team',
            iif(t.id IS NULL, NULL, json_object('id', t.id, 'name', t.name)),
            'since',
            m.since
          )
        ) AS ref
      FROM
        memberships m
        CROSS JOIN groups g ON g.seq = m.group_seq
        LEFT JOIN projects r ON r.id = g.project_id
        LEFT JOIN teams t ON t.id = g.team_id
      WHERE m.user_seq = ?5
      ORDER BY m.group_seq
    ) x
    HAVING count(*) > 0
  ) x
    CROSS JOIN json_each(
      iif(
        x.size < 100000,
        json_array(json(x.groups)),
        (
          SELECT json_group_array(json(z.groups) ORDER BY z.chunk)
          FROM (
            SELECT z.chunk AS chunk, json_group_array(json(z.ref)) AS groups
            FROM (
              SELECT j.value AS ref, sum(max(length(j.value), 200)) OVER (ORDER BY j.key) / 100000 AS chunk
              FROM json_each(x.groups) j
            ) z
            GROUP BY z.chunk
          ) z
        )
      )
    ) y
) y
  CROSS JOIN (
    SELECT
      n.*,
      (
        SELECT l.id
        FROM log l
        WHERE
          l.org_id = n.org_id
          AND substr(l.id, 26) = ?6
          AND l.id > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
        ORDER BY l.id DESC
        LIMIT 1
      ) AS request_log_id
    FROM (
      SELECT *
      FROM (
        SELECT org_id, seq, at, story, log_id, active_total, lost_total
        FROM events
        WHERE org_id = ?7
        ORDER BY seq DESC
        LIMIT 1
      )
      UNION ALL
      SELECT ?7, 0, '', NULL, NULL, 0, 0
      LIMIT 1
    ) n
    WHERE n.org_id IS NOT NULL
    LIMIT 1
  ) p
  CROSS JOIN users u ON u.seq = ?5
  AND u.org_id = p.org_id;
DELETE FROM memberships
WHERE user_seq = ?1;
SELECT
  users.version AS version,
  '{"id":"' || users.id || '",' || substr(users.doc, 2, length(users.doc) - 2) || ',"active":' || iif(users.active, 'true', 'false') || ',"' || ?1 || '":"' || iif(users.active, users.org_role, 'Member') || '"' || ',"groups":' || (
    SELECT
      json_group_array(
        json_object(
          'value',
          g.id,
          '$ref',
          ?2 || '/Groups/' || g.id,
          'display',
          g.display_name,
          'type',
          'direct'
        )
      )
    FROM memberships m
      JOIN groups g ON g.seq = m.group_seq
    WHERE m.user_seq = users.seq
  ) || ',"meta":{"resourceType":"User","created":"' || users.created_at || '","lastModified":"' || users.last_modified || '","location":"' || ?2 || '/Users/' || users.id || '","version":"W/\"' || users.version || '\""}}' AS body
FROM users
WHERE users.seq = ?3;

-- the deactivation of a person, whose memberships are kept
UPDATE users SET
  version = version + 1, last_modified = max(last_modified, ?1), active = ?2, lost_at = ?1
WHERE seq = ?3 AND org_id = ?4 AND version = ?5;
SELECT CASE WHEN changes() = 1 THEN '' ELSE json('stale') END;
SELECT iif((SELECT keep_access FROM organizations WHERE id = ?1) = 1, '', json('stale'));
INSERT INTO
  new_events (
    org_id,
    seq,
    at,
    type,
    story,
    log_id,
    source,
    actor,
    key_id,
    subject_type,
    subject_id,
    version,
    data,
    active,
    active_total,
    lost,
    lost_total,
    personal,
    others
  )
SELECT
  p.org_id,
  p.seq + 1,
  max(coalesce(substr(p.request_log_id, 1, 24), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), p.at),
  (?1 ->> 'type'),
  coalesce(CAST(?2 AS INTEGER), iif(p.log_id = p.request_log_id, p.story, p.seq + 1)),
  p.request_log_id,
  ?3,
  ?4,
  ?5,
  (?1 ->> 'subject_type'),
  (?1 ->> 'subject_id'),
  coalesce(
    ?1 ->> 'version',
    CASE
      ?1 ->> 'subject_type'
      WHEN 'group' THEN (SELECT version FROM groups WHERE org_id = p.org_id AND id = ?1 ->> 'subject_id')
    END
  ),
  ?1 -> 'data',
  (?1 ->> 'active'),
  p.active_total + (?1 ->> 'active_sum'),
  iif(?3 = 'scim', (?1 ->> 'lost'), 0),
  p.lost_total + iif(?3 = 'scim', (?1 ->> 'lost_sum'), 0),
  (?1 ->> 'personal'),
  NULL
FROM (
  SELECT
    n.*,
    (
      SELECT l.id
      FROM log l
      WHERE
        l.org_id = n.org_id
        AND substr(l.id, 26) = ?6
        AND l.id > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
      ORDER BY l.id DESC
      LIMIT 1
    ) AS request_log_id
  FROM (
    SELECT *
    FROM (
      SELECT org_id, seq, at, story, log_id, active_total, lost_total
      FROM events
      WHERE org_id = ?7
      ORDER BY seq DESC
      LIMIT 1
    )
    UNION ALL
    SELECT ?7, 0, '', NULL, NULL, 0, 0
    LIMIT 1
  ) n
  WHERE n.org_id IS NOT NULL
  LIMIT 1
) p
LIMIT 1;
DELETE FROM kept_memberships
WHERE user_seq = ?1;
INSERT INTO kept_memberships (user_seq, group_seq)
SELECT m.user_seq, m.group_seq
FROM memberships m
WHERE m.user_seq = ?1;
INSERT INTO
  new_events (
    org_id,
    seq,
    at,
    type,
    story,
    log_id,
    source,
    actor,
    key_id,
    subject_type,
    subject_id,
    version,
    data,
    active,
    active_total,
    lost,
    lost_total,
    personal,
    others
  )
SELECT
  p.org_id,
  p.seq + y.number,
  max(coalesce(substr(p.request_log_id, 1, 24), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), p.at),
  'membership.removed',
  coalesce(CAST(?1 AS INTEGER), iif(p.log_id = p.request_log_id, p.story, p.seq + 1)),
  p.request_log_id,
  ?2,
  ?3,
  ?4,
  'person',
  u.id,
  u.version,
  json_object('groups', json(y.groups), 'people', json_array(json_object('id', u.id))),
  0,
  p.active_total + 0,
  iif(?2 = 'scim', 0, 0),
  p.lost_total + iif(?2 = 'scim', 0, 0),
  NULL,
  y.groups
FROM (
  SELECT y.key + 1 AS number, y.value AS groups
  FROM (
    SELECT json_group_array(json(x.ref)) AS groups, sum(max(length(x.ref), 200)) AS size
    FROM (
      SELECT
        json_patch(
          '{}',
          json_object(
            'id',
            g.id,
            'name',
            g.display_name,
            'external_id',
            coalesce(g.external_id_sent, g.external_id),
            'role',
            g.role,
            'project',
            iif(r.id IS NULL, NULL, json_object('id', r.id, 'name', r.name)),
            'team',
            iif(t.id IS NULL, NULL, json_object('id', t.id, 'name', t.name)),
            'since',
            m.since
          )
        ) AS ref
      FROM
        memberships m
        CROSS JOIN groups g ON g.seq = m.group_seq
        LEFT JOIN projects r ON r.id = g.project_id
        LEFT JOIN teams t ON t.id = g.team_id
      WHERE m.user_seq = ?5
      ORDER BY m.group_seq
    ) x
    HAVING count(*) > 0
  ) x
    CROSS JOIN json_each(
      iif(
        x.size < 100000,
        json_array(json(x.groups)),
        (
          SELECT json_group_array(json(z.groups) ORDER BY z.chunk)
          FROM (
            SELECT z.chunk AS chunk, json_group_array(json(z.ref)) AS groups
            FROM (
              SELECT j.value AS ref, sum(max(length(j.value), 200)) OVER (ORDER BY j.key) / 100000 AS chunk
              FROM json_each(x.groups) j
            ) z
            GROUP BY z.chunk
          ) z
        )
      )
    ) y
) y
  CROSS JOIN (
    SELECT
      n.*,
      (
        SELECT l.id
        FROM log l
        WHERE
          l.org_id = n.org_id
          AND substr(l.id, 26) = ?6
          AND l.id > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
        ORDER BY l.id DESC
        LIMIT 1
      ) AS request_log_id
    FROM (
      SELECT *
      FROM (
        SELECT org_id, seq, at, story, log_id, active_total, lost_total
        FROM events
        WHERE org_id = ?7
        ORDER BY seq DESC
        LIMIT 1
      )
      UNION ALL
      SELECT ?7, 0, '', NULL, NULL, 0, 0
      LIMIT 1
    ) n
    WHERE n.org_id IS NOT NULL
    LIMIT 1
  ) p
  CROSS JOIN users u ON u.seq = ?5
  AND u.org_id = p.org_id;
DELETE FROM memberships
WHERE user_seq = ?1;
SELECT
  users.version AS version,
  '{"id":"' || users.id || '",' || substr(users.doc, 2, length(users.doc) - 2) || ',"active":' || iif(users.active, 'true', 'false') || ',"' || ?1 || '":"' || iif(users.active, users.org_role, 'Member') || '"' || ',"groups":' || (
    SELECT
      json_group_array(
        json_object(
          'value',
          g.id,
          '$ref',
          ?2 || '/Groups/' || g.id,
          'display',
          g.display_name,
          'type',
          'direct'
        )
      )
    FROM memberships m
      JOIN groups g ON g.seq = m.group_seq
    WHERE m.user_seq = users.seq
  ) || ',"meta":{"resourceType":"User","created":"' || users.created_at || '","lastModified":"' || users.last_modified || '","location":"' || ?2 || '/Users/' || users.id || '","version":"W/\"' || users.version || '\""}}' AS body
FROM users
WHERE users.seq = ?3;

-- the activation of a person, whose kept memberships begin
UPDATE users SET
  version = version + 1, last_modified = max(last_modified, ?1), active = ?2
WHERE seq = ?3 AND org_id = ?4 AND version = ?5;
SELECT CASE WHEN changes() = 1 THEN '' ELSE json('stale') END;
SELECT iif((SELECT keep_access FROM organizations WHERE id = ?1) = 1, '', json('stale'));
INSERT INTO
  new_events (
    org_id,
    seq,
    at,
    type,
    story,
    log_id,
    source,
    actor,
    key_id,
    subject_type,
    subject_id,
    version,
    data,
    active,
    active_total,
    lost,
    lost_total,
    personal,
    others
  )
SELECT
  p.org_id,
  p.seq + 1,
  max(coalesce(substr(p.request_log_id, 1, 24), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), p.at),
  (?1 ->> 'type'),
  coalesce(CAST(?2 AS INTEGER), iif(p.log_id = p.request_log_id, p.story, p.seq + 1)),
  p.request_log_id,
  ?3,
  ?4,
  ?5,
  (?1 ->> 'subject_type'),
  (?1 ->> 'subject_id'),
  coalesce(
    ?1 ->> 'version',
    CASE
      ?1 ->> 'subject_type'
      WHEN 'group' THEN (SELECT version FROM groups WHERE org_id = p.org_id AND id = ?1 ->> 'subject_id')
    END
  ),
  ?1 -> 'data',
  (?1 ->> 'active'),
  p.active_total + (?1 ->> 'active_sum'),
  iif(?3 = 'scim', (?1 ->> 'lost'), 0),
  p.lost_total + iif(?3 = 'scim', (?1 ->> 'lost_sum'), 0),
  (?1 ->> 'personal'),
  NULL
FROM (
  SELECT
    n.*,
    (
      SELECT l.id
      FROM log l
      WHERE
        l.org_id = n.org_id
        AND substr(l.id, 26) = ?6
        AND l.id > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
      ORDER BY l.id DESC
      LIMIT 1
    ) AS request_log_id
  FROM (
    SELECT *
    FROM (
      SELECT org_id, seq, at, story, log_id, active_total, lost_total
      FROM events
      WHERE org_id = ?7
      ORDER BY seq DESC
      LIMIT 1
    )
    UNION ALL
    SELECT ?7, 0, '', NULL, NULL, 0, 0
    LIMIT 1
  ) n
  WHERE n.org_id IS NOT NULL
  LIMIT 1
) p
LIMIT 1;
INSERT INTO memberships (group_seq, user_seq, since)
SELECT
  x.seq,
  ?1,
  (SELECT coalesce(max(seq), 0) FROM events WHERE org_id = ?2) + dense_rank() OVER (ORDER BY x.chunk)
FROM (
  SELECT x.seq AS seq, sum(max(length(x.ref), 200)) OVER (ORDER BY x.seq) / 100000 AS chunk
  FROM (
    SELECT
      json_patch(
        '{}',
        json_object(
          'id',
          g.id,
          'name',
          g.display_name,
          'external_id',
          coalesce(g.external_id_sent, g.external_id),
          'role',
          g.role,
          'project',
          iif(r.id IS NULL, NULL, json_object('id', r.id, 'name', r.name)),
          'team',
          iif(t.id IS NULL, NULL, json_object('id', t.id, 'name', t.name))
        )
      ) AS ref,
      g.seq AS seq
    FROM
      kept_memberships k
      CROSS JOIN groups g ON g.seq = k.group_seq
      LEFT JOIN projects r ON r.id = g.project_id
      LEFT JOIN teams t ON t.id = g.team_id
    WHERE k.user_seq = ?1
  ) x
) x;
INSERT INTO
  new_events (
    org_id,
    seq,
    at,
    type,
    story,
    log_id,
    source,
    actor,
    key_id,
    subject_type,
    subject_id,
    version,
    data,
    active,
    active_total,
    lost,
    lost_total,
    personal,
    others
  )
SELECT
  p.org_id,
  p.seq + y.since - p.seq,
  max(coalesce(substr(p.request_log_id, 1, 24), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), p.at),
  'membership.added',
  coalesce(CAST(?1 AS INTEGER), iif(p.log_id = p.request_log_id, p.story, p.seq + 1)),
  p.request_log_id,
  ?2,
  ?3,
  ?4,
  'person',
  u.id,
  u.version,
  json_object('groups', json(y.groups), 'people', json_array(json_object('id', u.id))),
  0,
  p.active_total + 0,
  iif(?2 = 'scim', 0, 0),
  p.lost_total + iif(?2 = 'scim', 0, 0),
  NULL,
  NULL
FROM (
  SELECT
    m.since AS since,
    json_group_array(
      json(
        json_patch(
          '{}',
          json_object(
            'id',
            g.id,
            'name',
            g.display_name,
            'external_id',
            coalesce(g.external_id_sent, g.external_id),
            'role',
            g.role,
            'project',
            iif(r.id IS NULL, NULL, json_object('id', r.id, 'name', r.name)),
            'team',
            iif(t.id IS NULL, NULL, json_object('id', t.id, 'name', t.name))
          )
        )
      )
    ) AS groups
  FROM
    memberships m
    CROSS JOIN groups g ON g.seq = m.group_seq
    LEFT JOIN projects r ON r.id = g.project_id
    LEFT JOIN teams t ON t.id = g.team_id
  WHERE m.user_seq = ?5
    AND m.since > (SELECT coalesce(max(seq), 0) FROM events WHERE org_id = ?6)
  GROUP BY m.since
) y
  CROSS JOIN users u ON u.seq = ?5
  AND u.org_id = ?6
  CROSS JOIN (
    SELECT
      n.*,
      (
        SELECT l.id
        FROM log l
        WHERE
          l.org_id = n.org_id
          AND substr(l.id, 26) = ?7
          AND l.id > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
        ORDER BY l.id DESC
        LIMIT 1
      ) AS request_log_id
    FROM (
      SELECT *
      FROM (
        SELECT org_id, seq, at, story, log_id, active_total, lost_total
        FROM events
        WHERE org_id = ?8
        ORDER BY seq DESC
        LIMIT 1
      )
      UNION ALL
      SELECT ?8, 0, '', NULL, NULL, 0, 0
      LIMIT 1
    ) n
    WHERE n.org_id IS NOT NULL
    LIMIT 1
  ) p
ORDER BY y.since;
UPDATE groups SET
  version = version + 1, last_modified = max(last_modified, ?1)
WHERE seq IN (SELECT k.group_seq FROM kept_memberships k WHERE k.user_seq = ?2);
DELETE FROM kept_memberships
WHERE user_seq = ?1;
SELECT
  users.version AS version,
  '{"id":"' || users.id || '",' || substr(users.doc, 2, length(users.doc) - 2) || ',"active":' || iif(users.active, 'true', 'false') || ',"' || ?1 || '":"' || iif(users.active, users.org_role, 'Member') || '"' || ',"groups":' || (
    SELECT
      json_group_array(
        json_object(
          'value',
          g.id,
          '$ref',
          ?2 || '/Groups/' || g.id,
          'display',
          g.display_name,
          'type',
          'direct'
        )
      )
    FROM memberships m
      JOIN groups g ON g.seq = m.group_seq
    WHERE m.user_seq = users.seq
  ) || ',"meta":{"resourceType":"User","created":"' || users.created_at || '","lastModified":"' || users.last_modified || '","location":"' || ?2 || '/Users/' || users.id || '","version":"W/\"' || users.version || '\""}}' AS body
FROM users
WHERE users.seq = ?3;

-- the deletion of a person
INSERT INTO deleted_people (org_id, id, deleted_at, event_seq, person)
SELECT
  u.org_id,
  u.id,
  ?1,
  (SELECT coalesce(max(seq), 0) + 1 FROM events WHERE org_id = u.org_id),
  json_object(
    'seq',
    u.seq,
    'user_name_fold',
    u.user_name_fold,
    'external_id',
    u.external_id,
    'active',
    u.active,
    'org_role',
    u.org_role,
    'mail_domain',
    u.mail_domain,
    'managed',
    u.managed,
    'doc',
    u.doc,
    'doc_fold',
    u.doc_fold,
    'version',
    u.version,
    'created_at',
    u.created_at,
    'kept',
    json(
      (
        SELECT json_group_array(g.id)
        FROM kept_memberships k
          CROSS JOIN groups g ON g.seq = k.group_seq
        WHERE k.user_seq = u.seq
      )
    )
  )
FROM users u
WHERE u.seq = ?2 AND u.org_id = ?3 AND u.version = ?4
ON CONFLICT (org_id, id) DO UPDATE SET
  deleted_at = excluded.deleted_at, event_seq = excluded.event_seq, person = excluded.person;
SELECT CASE WHEN changes() = 1 THEN '' ELSE json('stale') END;
INSERT INTO
  new_events (
    org_id,
    seq,
    at,
    type,
    story,
    log_id,
    source,
    actor,
    key_id,
    subject_type,
    subject_id,
    version,
    data,
    active,
    active_total,
    lost,
    lost_total,
    personal,
    others
  )
SELECT
  p.org_id,
  p.seq + 1,
  max(coalesce(substr(p.request_log_id, 1, 24), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), p.at),
  (?1 ->> 'type'),
  coalesce(CAST(?2 AS INTEGER), iif(p.log_id = p.request_log_id, p.story, p.seq + 1)),
  p.request_log_id,
  ?3,
  ?4,
  ?5,
  (?1 ->> 'subject_type'),
  (?1 ->> 'subject_id'),
  coalesce(
    ?1 ->> 'version',
    CASE
      ?1 ->> 'subject_type'
      WHEN 'group' THEN (SELECT version FROM groups WHERE org_id = p.org_id AND id = ?1 ->> 'subject_id')
    END
  ),
  ?1 -> 'data',
  (?1 ->> 'active'),
  p.active_total + (?1 ->> 'active_sum'),
  iif(?3 = 'scim', (?1 ->> 'lost'), 0),
  p.lost_total + iif(?3 = 'scim', (?1 ->> 'lost_sum'), 0),
  (?1 ->> 'personal'),
  NULL
FROM (
  SELECT
    n.*,
    (
      SELECT l.id
      FROM log l
      WHERE
        l.org_id = n.org_id
        AND substr(l.id, 26) = ?6
        AND l.id > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
      ORDER BY l.id DESC
      LIMIT 1
    ) AS request_log_id
  FROM (
    SELECT *
    FROM (
      SELECT org_id, seq, at, story, log_id, active_total, lost_total
      FROM events
      WHERE org_id = ?7
      ORDER BY seq DESC
      LIMIT 1
    )
    UNION ALL
    SELECT ?7, 0, '', NULL, NULL, 0, 0
    LIMIT 1
  ) n
  WHERE n.org_id IS NOT NULL
  LIMIT 1
) p
LIMIT 1;
INSERT INTO
  new_events (
    org_id,
    seq,
    at,
    type,
    story,
    log_id,
    source,
    actor,
    key_id,
    subject_type,
    subject_id,
    version,
    data,
    active,
    active_total,
    lost,
    lost_total,
    personal,
    others
  )
SELECT
  p.org_id,
  p.seq + y.number,
  max(coalesce(substr(p.request_log_id, 1, 24), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), p.at),
  'membership.removed',
  coalesce(CAST(?1 AS INTEGER), iif(p.log_id = p.request_log_id, p.story, p.seq + 1)),
  p.request_log_id,
  ?2,
  ?3,
  ?4,
  'person',
  u.id,
  u.version,
  json_object('groups', json(y.groups), 'people', json_array(json_object('id', u.id))),
  0,
  p.active_total + 0,
  iif(?2 = 'scim', 0, 0),
  p.lost_total + iif(?2 = 'scim', 0, 0),
  NULL,
  y.groups
FROM (
  SELECT y.key + 1 AS number, y.value AS groups
  FROM (
    SELECT json_group_array(json(x.ref)) AS groups, sum(max(length(x.ref), 200)) AS size
    FROM (
      SELECT
        json_patch(
          '{}',
          json_object(
            'id',
            g.id,
            'name',
            g.display_name,
            'external_id',
            coalesce(g.external_id_sent, g.external_id),
            'role',
            g.role,
            'project',
            iif(r.id IS NULL, NULL, json_object('id', r.id, 'name', r.name)),
            'team',
            iif(t.id IS NULL, NULL, json_object('id', t.id, 'name', t.name)),
            'since',
            m.since
          )
        ) AS ref
      FROM
        memberships m
        CROSS JOIN groups g ON g.seq = m.group_seq
        LEFT JOIN projects r ON r.id = g.project_id
        LEFT JOIN teams t ON t.id = g.team_id
      WHERE m.user_seq = ?5
      ORDER BY m.group_seq
    ) x
    HAVING count(*) > 0
  ) x
    CROSS JOIN json_each(
      iif(
        x.size < 100000,
        json_array(json(x.groups)),
        (
          SELECT json_group_array(json(z.groups) ORDER BY z.chunk)
          FROM (
            SELECT z.chunk AS chunk, json_group_array(json(z.ref)) AS groups
            FROM (
              SELECT j.value AS ref, sum(max(length(j.value), 200)) OVER (ORDER BY j.key) / 100000 AS chunk
              FROM json_each(x.groups) j
            ) z
            GROUP BY z.chunk
          ) z
        )
      )
    ) y
) y
  CROSS JOIN (
    SELECT
      n.*,
      (
        SELECT l.id
        FROM log l
        WHERE
          l.org_id = n.org_id
          AND substr(l.id, 26) = ?6
          AND l.id > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
        ORDER BY l.id DESC
        LIMIT 1
      ) AS request_log_id
    FROM (
      SELECT *
      FROM (
        SELECT org_id, seq, at, story, log_id, active_total, lost_total
        FROM events
        WHERE org_id = ?7
        ORDER BY seq DESC
        LIMIT 1
      )
      UNION ALL
      SELECT ?7, 0, '', NULL, NULL, 0, 0
      LIMIT 1
    ) n
    WHERE n.org_id IS NOT NULL
    LIMIT 1
  ) p
  CROSS JOIN users u ON u.seq = ?5
  AND u.org_id = p.org_id;
DELETE FROM users
WHERE seq = ?1 AND org_id = ?2;

-- a PATCH of a group whose memberships are kept for inactive people
SELECT json_group_array(iif(k.user_seq IS NULL, e.seq, - e.seq)) AS seqs
FROM
  (SELECT ?1 AS id LIMIT 1) o
  CROSS JOIN json_each(?2) j ON o.id IS NOT NULL
  CROSS JOIN users e ON e.org_id = o.id
  AND e.id = j.value
  AND e.managed = 1
  AND e.active = 0
  LEFT JOIN kept_memberships k ON k.user_seq = e.seq
  AND k.group_seq = (SELECT seq FROM groups WHERE org_id = ?1 AND id = ?3)
WHERE
  NOT (
    (
      FALSE
      OR (
        instr(
          coalesce(
            e.doc_fold ->> '$.displayname',
            lower(e.doc ->> '$.displayName'),
            e.doc_fold ->> '$.username',
            lower(e.doc ->> '$.userName')
          ),
          ?4
        ) > 0
        AND e.id NOT IN (SELECT value FROM json_each(?5))
      )
    ) IS TRUE
  );
SELECT json_group_array(e.seq) AS seqs
FROM
  (SELECT ?1 AS id LIMIT 1) o
  CROSS JOIN json_each(?2) j ON o.id IS NOT NULL
  CROSS JOIN users e ON e.org_id = o.id
  AND e.id = j.value
  AND e.managed = 1
  CROSS JOIN kept_memberships k ON k.user_seq = e.seq
  AND k.group_seq = (SELECT seq FROM groups WHERE org_id = ?1 AND id = ?3);
SELECT json_group_array(e.seq) AS seqs
FROM kept_memberships k CROSS JOIN users e ON e.seq = k.user_seq AND e.managed = 1
WHERE
  k.group_seq = (SELECT seq FROM groups WHERE org_id = ?1 AND id = ?2)
  AND (
    (
      FALSE
      OR (
        instr(
          coalesce(
            e.doc_fold ->> '$.displayname',
            lower(e.doc ->> '$.displayName'),
            e.doc_fold ->> '$.username',
            lower(e.doc ->> '$.userName')
          ),
          ?3
        ) > 0
        AND e.id NOT IN (SELECT value FROM json_each(?4))
      )
    ) IS TRUE
  );

-- a removal of more members than an event lists
INSERT INTO
  new_events (
    org_id,
    seq,
    at,
    type,
    story,
    log_id,
    source,
    actor,
    key_id,
    subject_type,
    subject_id,
    version,
    data,
    active,
    active_total,
    lost,
    lost_total,
    personal,
    others
  )
SELECT
  p.org_id,
  p.seq + g.number,
  max(coalesce(substr(p.request_log_id, 1, 24), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), p.at),
  'membership.removed',
  coalesce(CAST(?1 AS INTEGER), iif(p.log_id = p.request_log_id, p.story, p.seq + 1)),
  p.request_log_id,
  ?2,
  ?3,
  ?4,
  'group',
  g.id,
  g.version,
  json_object('groups', json_array(json(g.ref)), 'people', json(g.people)),
  0,
  p.active_total + 0,
  iif(?2 = 'scim', g.lost, 0),
  p.lost_total + iif(?2 = 'scim', g.lost_sum, 0),
  NULL,
  g.people
FROM (
  SELECT
    x.id AS id,
    x.version AS version,
    x.ref AS ref,
    row_number() OVER (ORDER BY x.key) AS number,
    x.ended -> 'people' AS people,
    x.ended ->> 'lost' AS lost,
    sum(x.ended ->> 'lost') OVER (ORDER BY x.key) AS lost_sum
  FROM (
    SELECT
      g.id AS id,
      g.version AS version,
      json_patch(
        '{}',
        json_object(
          'id',
          g.id,
          'name',
          g.display_name,
          'external_id',
          coalesce(g.external_id_sent, g.external_id),
          'role',
          g.role,
          'project',
          iif(r.id IS NULL, NULL, json_object('id', r.id, 'name', r.name)),
          'team',
          iif(t.id IS NULL, NULL, json_object('id', t.id, 'name', t.name))
        )
      ) AS ref,
      c.key AS key,
      (
        SELECT
          json_object(
            'people',
            json_group_array(json_object('id', u.id, 'since', m.since)),
            'lost',
            sum(
              (
                u.active = 1
                AND u.managed = 1
                AND g.role IS NOT NULL
                AND coalesce(u.lost_at, '') <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
              )
            )
          )
        FROM
          json_each(c.value) j
          CROSS JOIN memberships m ON m.group_seq = g.seq
          AND m.user_seq = j.value
          CROSS JOIN users u ON u.seq = m.user_seq
        HAVING count(*) > 0
      ) AS ended
    FROM
      groups g
      LEFT JOIN projects r ON r.id = g.project_id
      LEFT JOIN teams t ON t.id = g.team_id
      CROSS JOIN json_each(?5) c
    WHERE g.org_id = ?6
      AND g.id = ?7
    LIMIT -1
  ) x
  WHERE x.ended IS NOT NULL
) g
  CROSS JOIN (
    SELECT
      n.*,
      (
        SELECT l.id
        FROM log l
        WHERE
          l.org_id = n.org_id
          AND substr(l.id, 26) = ?8
          AND l.id > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
        ORDER BY l.id DESC
        LIMIT 1
      ) AS request_log_id
    FROM (
      SELECT *
      FROM (
        SELECT org_id, seq, at, story, log_id, active_total, lost_total
        FROM events
        WHERE org_id = ?9
        ORDER BY seq DESC
        LIMIT 1
      )
      UNION ALL
      SELECT ?9, 0, '', NULL, NULL, 0, 0
      LIMIT 1
    ) n
    WHERE n.org_id IS NOT NULL
    LIMIT 1
  ) p;
DELETE FROM memberships
WHERE
  group_seq = (SELECT seq FROM groups WHERE org_id = ?1 AND id = ?2)
  AND user_seq IN (SELECT value FROM json_each(?3));

-- the deletion of a team with its groups
INSERT INTO
  new_events (
    org_id,
    seq,
    at,
    type,
    story,
    log_id,
    source,
    actor,
    key_id,
    subject_type,
    subject_id,
    version,
    data,
    active,
    active_total,
    lost,
    lost_total,
    personal,
    others
  )
SELECT
  p.org_id,
  p.seq + 1 + (SELECT count(*) FROM groups o WHERE o.team_id = t.id AND o.seq <= g.seq),
  max(coalesce(substr(p.request_log_id, 1, 24), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), p.at),
  iif(g.seq IS NULL, 'team.deleted', 'group.deleted'),
  coalesce(CAST(?1 AS INTEGER), iif(p.log_id = p.request_log_id, p.story, p.seq + 1)),
  p.request_log_id,
  ?2,
  ?3,
  ?4,
  iif(g.seq IS NULL, 'team', 'group'),
  coalesce(g.id, t.id),
  g.version,
  iif(
    g.seq IS NULL,
    json_object(
      'name',
      t.name,
      'project',
      json_object('id', r.id, 'name', r.name),
      'created_at',
      t.created_at
    ),
    json_object(
      'group',
      json(
        json_patch(
          '{}',
          json_object(
            'id',
            g.id,
            'name',
            g.display_name,
            'external_id',
            coalesce(g.external_id_sent, g.external_id),
            'role',
            g.role,
            'project',
            iif(r.id IS NULL, NULL, json_object('id', r.id, 'name', r.name)),
            'team',
            iif(t.id IS NULL, NULL, json_object('id', t.id, 'name', t.name))
          )
        )
      ),
      'created_at',
      g.created_at,
      'pushed_at',
      g.pushed_at
    )
  ),
  0,
  p.active_total + 0,
  iif(?2 = 'scim', 0, 0),
  p.lost_total + iif(?2 = 'scim', 0, 0),
  NULL,
  NULL
FROM
  (
    SELECT
      n.*,
      (
        SELECT l.id
        FROM log l
        WHERE
          l.org_id = n.org_id
          AND substr(l.id, 26) = ?5
          AND l.id > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
        ORDER BY l.id DESC
        LIMIT 1
      ) AS request_log_id
    FROM (
      SELECT *
      FROM (
        SELECT org_id, seq, at, story, log_id, active_total, lost_total
        FROM events
        WHERE org_id = ?6
        ORDER BY seq DESC
        LIMIT 1
      )
      UNION ALL
      SELECT ?6, 0, '', NULL, NULL, 0, 0
      LIMIT 1
    ) n
    WHERE n.org_id IS NOT NULL
    LIMIT 1
  ) p
  CROSS JOIN teams t ON t.id = ?7
  CROSS JOIN projects r ON r.id = t.project_id
  AND r.org_id = p.org_id
  CROSS JOIN json_each('[0,1]') k
  LEFT JOIN groups g ON g.team_id = iif(k.value, t.id, NULL)
WHERE k.value = 0 OR g.seq IS NOT NULL;
INSERT INTO
  new_events (
    org_id,
    seq,
    at,
    type,
    story,
    log_id,
    source,
    actor,
    key_id,
    subject_type,
    subject_id,
    version,
    data,
    active,
    active_total,
    lost,
    lost_total,
    personal,
    others
  )
SELECT
  p.org_id,
  p.seq + g.number,
  max(coalesce(substr(p.request_log_id, 1, 24), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), p.at),
  'membership.removed',
  coalesce(CAST(?1 AS INTEGER), iif(p.log_id = p.request_log_id, p.story, p.seq + 1)),
  p.request_log_id,
  ?2,
  ?3,
  ?4,
  'group',
  g.id,
  g.version,
  json_object('groups', json_array(json(g.ref)), 'people', json(g.people)),
  0,
  p.active_total + 0,
  iif(?2 = 'scim', g.lost, 0),
  p.lost_total + iif(?2 = 'scim', g.lost_sum, 0),
  NULL,
  g.people
FROM (
  WITH
  RECURSIVE piece (org_id, prior, group_seq, number, lost_sum, ended) AS (
    SELECT ?5, 0, 0, 0, 0, NULL
    UNION ALL
    SELECT
      c.org_id,
      iif(g.seq = c.group_seq, c.prior, c.group_seq),
      g.seq,
      c.number + (c.ended IS NOT NULL),
      c.lost_sum + coalesce(c.ended ->> 'lost', 0),
      (
        SELECT
          json_object(
            'people',
            json_group_array(json_object('id', x.id, 'since', x.since)),
            'lost',
            sum(x.lost),
            'last',
            iif(count(*) = 500, max(x.seq), NULL)
          )
        FROM (
          SELECT
            u.seq AS seq,
            u.id AS id,
            m.since AS since,
            (
              (
                u.active = 1
                AND u.managed = 1
                AND g.role IS NOT NULL
                AND coalesce(u.lost_at, '') <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
              )
              AND NOT EXISTS (
                SELECT 1
                FROM memberships f
                WHERE f.group_seq = iif(g.seq = c.group_seq, c.prior, c.group_seq)
                  AND f.user_seq = u.seq
              )
            ) AS lost
          FROM memberships m
            CROSS JOIN users u ON u.seq = m.user_seq
          WHERE m.group_seq = g.seq
            AND m.user_seq > coalesce(c.ended ->> 'last', 0)
          ORDER BY m.user_seq
          LIMIT 500
        ) x
        HAVING count(*) > 0
      )
    FROM
      piece c
      CROSS JOIN groups g ON g.seq = iif(
        c.ended ->> 'last' IS NULL,
        (
          SELECT g.seq
          FROM groups g
          WHERE + g.org_id = c.org_id
            AND g.team_id = ?6 AND g.seq > c.group_seq
          ORDER BY g.seq
          LIMIT 1
        ),
        c.group_seq
      )
  )
  SELECT
    g.id AS id,
    g.version AS version,
    json_patch(
      '{}',
      json_object(
        'id',
        g.id,
        'name',
        g.display_name,
        'external_id',
        coalesce(g.external_id_sent, g.external_id),
        'role',
        g.role,
        'project',
        iif(r.id IS NULL, NULL, json_object('id', r.id, 'name', r.name)),
        'team',
        iif(t.id IS NULL, NULL, json_object('id', t.id, 'name', t.name))
      )
    ) AS ref,
    e.number + 1 AS number,
    e.ended -> 'people' AS people,
    e.ended ->> 'lost' AS lost,
    e.lost_sum + (e.ended ->> 'lost') AS lost_sum
  FROM
    piece e
    CROSS JOIN groups g ON g.seq = e.group_seq
    LEFT JOIN projects r ON r.id = g.project_id
    LEFT JOIN teams t ON t.id = g.team_id
  WHERE e.ended IS NOT NULL
) g
  CROSS JOIN (
    SELECT
      n.*,
      (
        SELECT l.id
        FROM log l
        WHERE
          l.org_id = n.org_id
          AND substr(l.id, 26) = ?7
          AND l.id > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
        ORDER BY l.id DESC
        LIMIT 1
      ) AS request_log_id
    FROM (
      SELECT *
      FROM (
        SELECT org_id, seq, at, story, log_id, active_total, lost_total
        FROM events
        WHERE org_id = ?8
        ORDER BY seq DESC
        LIMIT 1
      )
      UNION ALL
      SELECT ?8, 0, '', NULL, NULL, 0, 0
      LIMIT 1
    ) n
    WHERE n.org_id IS NOT NULL
    LIMIT 1
  ) p;
DELETE FROM memberships
WHERE group_seq IN (SELECT g.seq FROM groups g WHERE + g.org_id = ?1 AND g.team_id = ?2);
DELETE FROM teams
WHERE
  id = ?1
  AND project_id = (SELECT id FROM projects WHERE org_id = ?2 AND id = ?3 AND archived_at IS NULL);
SELECT CASE WHEN changes() = 1 THEN '' ELSE json('stale') END;

-- the retention of events
WITH
RECURSIVE ends (org_id, first, last) AS MATERIALIZED (
  SELECT
    o.id,
    (SELECT min(e.seq) FROM events e WHERE e.org_id = o.id),
    (SELECT max(e.seq) FROM events e WHERE e.org_id = o.id)
  FROM organizations o
),
old (org_id, seq, last, parts) AS (
  SELECT
    e.org_id,
    e.seq,
    n.last,
    json_array_length(e.data, '$.people') + json_array_length(e.data, '$.groups')
  FROM ends n CROSS JOIN events e ON e.org_id = n.org_id AND e.seq = n.first
  WHERE n.first < n.last AND e.at < ?1
  UNION ALL
  SELECT
    e.org_id,
    e.seq,
    p.last,
    json_array_length(e.data, '$.people') + json_array_length(e.data, '$.groups')
  FROM old p CROSS JOIN events e ON e.org_id = p.org_id AND e.seq = p.seq + 1
  WHERE e.seq < p.last AND e.at < ?1
  LIMIT CAST(?2 AS INTEGER) / 3
),
picked (org_id, seq) AS MATERIALIZED (
  SELECT org_id, seq
  FROM (
    SELECT org_id, seq, sum(3 + coalesce(parts, 0)) OVER (ORDER BY org_id, seq) AS rows
    FROM old
  )
  WHERE rows <= CAST(?2 AS INTEGER)
)
DELETE FROM event_subjects
WHERE
  (org_id, subject_id, seq) IN (
    SELECT e.org_id, e.subject_id, e.seq
    FROM picked p
      CROSS JOIN events e ON e.org_id = p.org_id AND e.seq = p.seq
    UNION ALL
    SELECT e.org_id, t.atom, e.seq
    FROM
      picked p
      CROSS JOIN events e ON e.org_id = p.org_id
      AND e.seq = p.seq
      CROSS JOIN json_tree(e.data) t
    WHERE t.type = 'text'
  );
WITH
RECURSIVE ends (org_id, first, last) AS MATERIALIZED (
  SELECT
    o.id,
    (SELECT min(e.seq) FROM events e WHERE e.org_id = o.id),
    (SELECT max(e.seq) FROM events e WHERE e.org_id = o.id)
  FROM organizations o
),
old (org_id, seq, last, parts) AS (
  SELECT
    e.org_id,
    e.seq,
    n.last,
    json_array_length(e.data, '$.people') + json_array_length(e.data, '$.groups')
  FROM ends n CROSS JOIN events e ON e.org_id = n.org_id AND e.seq = n.first
  WHERE n.first < n.last AND e.at < ?1
  UNION ALL
  SELECT
    e.org_id,
    e.seq,
    p.last,
    json_array_length(e.data, '$.people') + json_array_length(e.data, '$.groups')
  FROM old p CROSS JOIN events e ON e.org_id = p.org_id AND e.seq = p.seq + 1
  WHERE e.seq < p.last AND e.at < ?1
  LIMIT CAST(?2 AS INTEGER) / 3
),
picked (org_id, seq) AS MATERIALIZED (
  SELECT org_id, seq
  FROM (
    SELECT org_id, seq, sum(3 + coalesce(parts, 0)) OVER (ORDER BY org_id, seq) AS rows
    FROM old
  )
  WHERE rows <= CAST(?2 AS INTEGER)
)
DELETE FROM events
WHERE (org_id, seq) IN (SELECT org_id, seq FROM picked)
RETURNING 1;
WITH
RECURSIVE found (id) AS (
  SELECT min(org_id)
  FROM events
  UNION ALL
  SELECT (SELECT min(t.org_id) FROM events t WHERE t.org_id > found.id)
  FROM found
  WHERE found.id IS NOT NULL
)
DELETE FROM events
WHERE
  (org_id, seq) IN (
    SELECT t.org_id, t.seq
    FROM found
      CROSS JOIN events t ON t.org_id = found.id
    WHERE NOT EXISTS (SELECT 1 FROM organizations o WHERE o.id = found.id)
    LIMIT CAST(?1 AS INTEGER)
  )
RETURNING 1;

-- a change of settings, with the mail domains
INSERT INTO
  new_events (
    org_id,
    seq,
    at,
    type,
    story,
    log_id,
    source,
    actor,
    key_id,
    subject_type,
    subject_id,
    version,
    data,
    active,
    active_total,
    lost,
    lost_total,
    personal,
    others
  )
SELECT
  p.org_id,
  p.seq + 1,
  max(coalesce(substr(p.request_log_id, 1, 24), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), p.at),
  'settings.changed',
  coalesce(CAST(?1 AS INTEGER), iif(p.log_id = p.request_log_id, p.story, p.seq + 1)),
  p.request_log_id,
  ?2,
  ?3,
  ?4,
  'organization',
  p.org_id,
  NULL,
  json_object(
    'settings',
    json(
      (
        SELECT json_group_object(c.key, json(c.value))
        FROM
          json_each(
            json_object(
              'name',
              iif(s.name IS NOT ?5, json_object('before', s.name, 'after', ?5), NULL),
              'email_management',
              iif(
                s.email_management IS NOT CAST(?6 AS INTEGER),
                json_object(
                  'before',
                  json(iif(s.email_management, 'true', 'false')),
                  'after',
                  json(iif(CAST(?6 AS INTEGER), 'true', 'false'))
                ),
                NULL
              ),
              'mail_domains',
              iif(s.mail_domains IS NOT ?7, json_object('before', json(s.mail_domains), 'after', json(?7)), NULL),
              'user_limit',
              iif(
                s.user_limit IS NOT nullif(CAST(?8 AS INTEGER), 0),
                json_object('before', s.user_limit, 'after', nullif(CAST(?8 AS INTEGER), 0)),
                NULL
              ),
              'brake_percent',
              iif(
                s.brake_percent IS NOT CAST(?9 AS INTEGER),
                json_object('before', s.brake_percent, 'after', CAST(?9 AS INTEGER)),
                NULL
              )
            )
          ) c
        WHERE c.type <> 'null'
      )
    )
  ),
  0,
  p.active_total + 0,
  iif(?2 = 'scim', 0, 0),
  p.lost_total + iif(?2 = 'scim', 0, 0),
  NULL,
  NULL
FROM (
  SELECT
    n.*,
    (
      SELECT l.id
      FROM log l
      WHERE
        l.org_id = n.org_id
        AND substr(l.id, 26) = ?10
        AND l.id > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
      ORDER BY l.id DESC
      LIMIT 1
    ) AS request_log_id
  FROM (
    SELECT *
    FROM (
      SELECT org_id, seq, at, story, log_id, active_total, lost_total
      FROM events
      WHERE org_id = ?11
      ORDER BY seq DESC
      LIMIT 1
    )
    UNION ALL
    SELECT ?11, 0, '', NULL, NULL, 0, 0
    LIMIT 1
  ) n
  WHERE n.org_id IS NOT NULL
  LIMIT 1
) p
  CROSS JOIN organizations s ON s.id = p.org_id
WHERE
  s.name IS NOT ?5
  OR s.email_management IS NOT CAST(?6 AS INTEGER)
  OR s.mail_domains IS NOT ?7
  OR s.user_limit IS NOT nullif(CAST(?8 AS INTEGER), 0)
  OR s.brake_percent IS NOT CAST(?9 AS INTEGER);
UPDATE organizations SET
  last_modified = max(last_modified, ?1),
  name = ?2,
  email_management = CAST(?3 AS INTEGER),
  mail_domains = ?4,
  user_limit = nullif(CAST(?5 AS INTEGER), 0),
  brake_percent = CAST(?6 AS INTEGER),
  brake_engaged_at = NULL,
  brake_engaged_by = NULL,
  name_fold = ?7
WHERE
  id = ?8
  AND (
    organizations.name IS NOT ?2
    OR organizations.email_management IS NOT CAST(?3 AS INTEGER)
    OR organizations.mail_domains IS NOT ?4
    OR organizations.user_limit IS NOT nullif(CAST(?5 AS INTEGER), 0)
    OR organizations.brake_percent IS NOT CAST(?6 AS INTEGER)
  );
UPDATE groups SET
  version = version + 1, last_modified = max(last_modified, ?1)
WHERE
  org_id = ?2
  AND seq IN (
    SELECT m.group_seq
    FROM users u
      CROSS JOIN memberships m ON m.user_seq = u.seq
    WHERE u.org_id = ?2
      AND u.managed <> coalesce(u.mail_domain IN (SELECT value FROM json_each(?3)), 0)
  );
INSERT INTO
  new_events (
    org_id,
    seq,
    at,
    type,
    story,
    log_id,
    source,
    actor,
    key_id,
    subject_type,
    subject_id,
    version,
    data,
    active,
    active_total,
    lost,
    lost_total,
    personal,
    others
  )
SELECT
  p.org_id,
  p.seq + row_number() OVER (ORDER BY y.shown, y.chunk),
  max(coalesce(substr(p.request_log_id, 1, 24), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), p.at),
  iif(y.shown, 'person.shown', 'person.hidden'),
  coalesce(CAST(?1 AS INTEGER), iif(p.log_id = p.request_log_id, p.story, p.seq + 1)),
  p.request_log_id,
  ?2,
  ?3,
  ?4,
  'organization',
  p.org_id,
  NULL,
  json_object('people', json(y.people)),
  y.active,
  p.active_total + sum(y.active) OVER (ORDER BY y.shown, y.chunk),
  iif(?2 = 'scim', 0, 0),
  p.lost_total + iif(?2 = 'scim', 0, 0),
  NULL,
  y.people
FROM (
  SELECT
    x.shown AS shown,
    x.chunk AS chunk,
    sum(x.change) AS active,
    json_group_array(json_object('id', x.id)) AS people
  FROM (
    SELECT
      u.id AS id,
      1 - u.managed AS shown,
      u.active * (1 - 2 * u.managed) AS change,
      (row_number() OVER (PARTITION BY u.managed ORDER BY u.seq) - 1) / 500 AS chunk
    FROM users u
    WHERE u.org_id = ?5
      AND u.managed <> coalesce(u.mail_domain IN (SELECT value FROM json_each(?6)), 0)
  ) x
  GROUP BY 1, 2
) y
  CROSS JOIN (
    SELECT
      n.*,
      (
        SELECT l.id
        FROM log l
        WHERE
          l.org_id = n.org_id
          AND substr(l.id, 26) = ?7
          AND l.id > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
        ORDER BY l.id DESC
        LIMIT 1
      ) AS request_log_id
    FROM (
      SELECT *
      FROM (
        SELECT org_id, seq, at, story, log_id, active_total, lost_total
        FROM events
        WHERE org_id = ?8
        ORDER BY seq DESC
        LIMIT 1
      )
      UNION ALL
      SELECT ?8, 0, '', NULL, NULL, 0, 0
      LIMIT 1
    ) n
    WHERE n.org_id IS NOT NULL
    LIMIT 1
  ) p;
UPDATE users AS u SET
  managed = 1 - managed
WHERE u.org_id = ?1 AND u.managed <> coalesce(u.mail_domain IN (SELECT value FROM json_each(?2)), 0);

-- the ownership moves
INSERT INTO
  new_events (
    org_id,
    seq,
    at,
    type,
    story,
    log_id,
    source,
    actor,
    key_id,
    subject_type,
    subject_id,
    version,
    data,
    active,
    active_total,
    lost,
    lost_total,
    personal,
    others
  )
SELECT
  p.org_id,
  p.seq + 1,
  max(coalesce(substr(p.request_log_id, 1, 24), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), p.at),
  'ownership.transferred',
  coalesce(CAST(?1 AS INTEGER), iif(p.log_id = p.request_log_id, p.story, p.seq + 1)),
  p.request_log_id,
  ?2,
  ?3,
  ?4,
  'person',
  n.id,
  n.version + 1,
  json_object('owner', json_object('before', w.id, 'after', n.id), 'role_before', n.org_role),
  0,
  p.active_total + 0,
  iif(?2 = 'scim', 0, 0),
  p.lost_total + iif(?2 = 'scim', 0, 0),
  NULL,
  json_array(json_object('id', w.id))
FROM (
  SELECT
    n.*,
    (
      SELECT l.id
      FROM log l
      WHERE
        l.org_id = n.org_id
        AND substr(l.id, 26) = ?5
        AND l.id > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
      ORDER BY l.id DESC
      LIMIT 1
    ) AS request_log_id
  FROM (
    SELECT *
    FROM (
      SELECT org_id, seq, at, story, log_id, active_total, lost_total
      FROM events
      WHERE org_id = ?6
      ORDER BY seq DESC
      LIMIT 1
    )
    UNION ALL
    SELECT ?6, 0, '', NULL, NULL, 0, 0
    LIMIT 1
  ) n
  WHERE n.org_id IS NOT NULL
  LIMIT 1
) p
  CROSS JOIN users n ON n.org_id = p.org_id
  AND n.id = ?7
  AND n.active = 1
  CROSS JOIN users w ON w.org_id = p.org_id
  AND w.org_role = 'Owner'
  AND w.id <> n.id
  AND (?8 IS NULL OR w.user_name_fold = ?8);
UPDATE users SET
  version = version + 1, last_modified = max(last_modified, ?1), org_role = 'Admin'
WHERE org_id = ?2 AND org_role = 'Owner' AND id <> ?3 AND (?4 IS NULL OR user_name_fold = ?4);
SELECT CASE WHEN changes() = 1 THEN '' ELSE json('stale') END;
UPDATE users SET
  version = version + 1, last_modified = max(last_modified, ?1), org_role = 'Owner'
WHERE org_id = ?2 AND id = ?3 AND active = 1;
SELECT CASE WHEN changes() = 1 THEN '' ELSE json('stale') END;

-- the audit log by resource, of failures
WITH
s AS MATERIALIZED (
  SELECT ?1 AS id
  UNION
  SELECT id
  FROM users
  WHERE org_id = ?2 AND user_name_fold = ?3
  UNION
  SELECT id
  FROM groups
  WHERE org_id = ?2 AND name_fold = ?3
)
SELECT
  json_object(
    'id',
    l.id,
    'at',
    substr(l.id, 1, 24),
    'source',
    l.source,
    'actor',
    l.actor,
    'method',
    l.method,
    'path',
    l.path,
    'status',
    l.status,
    'resource_type',
    l.resource_type,
    'resource_id',
    coalesce(l.resource_id, l.changed_id),
    'resource_name',
    l.resource_name,
    'detail',
    l.detail,
    'body',
    json(l.body),
    'duration',
    l.duration,
    'code',
    l.code,
    'first_event',
    (
      SELECT e.seq
      FROM events e
      WHERE e.org_id = l.org_id
        AND e.seq = l.first_event AND e.log_id = l.id
    ),
    'request_id',
    l.request_id
  ) AS json
FROM (
  SELECT r.org_id AS org_id, r.id AS id
  FROM
    s
    CROSS JOIN log r INDEXED BY log_by_resource ON r.org_id = ?2
    AND r.resource_id = s.id
    AND r.resource_id IS NOT NULL
  UNION
  SELECT e.org_id, e.log_id
  FROM
    s
    CROSS JOIN event_subjects es ON es.org_id = ?2
    AND es.subject_id = s.id
    CROSS JOIN events e ON e.org_id = es.org_id
    AND e.seq = es.seq
  WHERE e.log_id IS NOT NULL
) f
  CROSS JOIN log l ON l.org_id = f.org_id
  AND l.id = f.id
WHERE TRUE AND l.status >= 400
ORDER BY l.id DESC
LIMIT CAST(?4 AS INTEGER);

-- deeds of any kind
WITH
RECURSIVE o (id) AS MATERIALIZED (SELECT t.id FROM (SELECT ?1 AS id LIMIT 1) t WHERE t.id IS NOT NULL),
w AS MATERIALIZED (
  SELECT
    count(*) AS scanned,
    count(DISTINCT e.story) FILTER (WHERE TRUE) AS deeds,
    min(e.seq) AS lowest,
    max(e.seq) AS highest,
    min(e.at) AS reached,
    json_group_array(DISTINCT e.seq) FILTER (WHERE TRUE) AS seqs
  FROM (
    SELECT s.*
    FROM events s
    WHERE s.org_id = (SELECT id FROM o)
    ORDER BY s.seq DESC
    LIMIT 5000
  ) e
)
SELECT
  json_object(
    'seen',
    json_object(
      'scanned',
      w.scanned,
      'deeds',
      w.deeds,
      'lowest',
      w.lowest,
      'highest',
      w.highest,
      'reached',
      w.reached
    )
  ) AS json
FROM w
UNION ALL
SELECT *
FROM (
  SELECT
    json_object(
      'found',
      json_object(
        'event',
        json_object(
          'seq',
          e.seq,
          'at',
          e.at,
          'story',
          e.story,
          'log_id',
          e.log_id,
          'source',
          e.source,
          'actor',
          e.actor,
          'key',
          e.key_id,
          'subject_type',
          e.subject_type,
          'subject_id',
          e.subject_id,
          'version',
          e.version,
          'event',
          json_object(
            'type',
            e.type,
            'data',
            json(
              CASE
                WHEN json_type(e.data, '$.groups') IS NOT NULL THEN json_set(
                  e.data,
                  '$.people',
                  json(
                    (
                      SELECT json_group_array(json(s.value))
                      FROM (
                        SELECT j.value AS value
                        FROM json_each(e.data, '$.people') j
                        ORDER BY j.value ->> 'id' = ?2 DESC, j.key
                        LIMIT CAST(?3 AS INTEGER)
                      ) s
                    )
                  ),
                  '$.groups',
                  json(
                    (
                      SELECT json_group_array(json(s.value))
                      FROM (
                        SELECT j.value AS value
                        FROM json_each(e.data, '$.groups') j
                        ORDER BY j.value ->> 'id' = ?2 DESC, j.key
                        LIMIT CAST(?3 AS INTEGER)
                      ) s
                    )
                  )
                )
                WHEN json_type(e.data, '$.people') IS NOT NULL THEN json_set(
                  e.data,
                  '$.people',
                  json(
                    (
                      SELECT json_group_array(json(s.value))
                      FROM (
                        SELECT j.value AS value
                        FROM json_each(e.data, '$.people') j
                        ORDER BY j.value ->> 'id' = ?2 DESC, j.key
                        LIMIT CAST(?3 AS INTEGER)
                      ) s
                    )
                  )
                )
                ELSE e.data
              END
            )
          ),
          'personal',
          json(
            (
              SELECT p.personal
              FROM event_subjects p
              WHERE p.org_id = e.org_id
                AND p.subject_id = e.subject_id AND p.seq = e.seq
            )
          ),
          'names',
          json(
            iif(
              e.subject_type = 'person',
              coalesce(
                (
                  SELECT json_remove(n.personal, '$.changes')
                  FROM (
                    SELECT x.personal
                    FROM event_subjects x
                    WHERE x.org_id = e.org_id
                      AND x.subject_id = e.subject_id AND x.seq <= e.seq
                    ORDER BY x.seq DESC
                    LIMIT 10
                  ) n
                  WHERE n.personal IS NOT NULL
                  LIMIT 1
                ),
                (
                  SELECT
                    json_object(
                      'external_id',
                      n.personal ->> 'external_id',
                      'display_name',
                      n.personal ->> 'display_name',
                      'user_name',
                      coalesce(n.personal ->> '$.changes.userName.before', n.personal ->> 'user_name')
                    )
                  FROM (
                    SELECT x.personal
                    FROM event_subjects x
                    WHERE x.org_id = e.org_id
                      AND x.subject_id = e.subject_id AND x.seq > e.seq
                    ORDER BY x.seq ASC
                    LIMIT 10
                  ) n
                  WHERE n.personal IS NOT NULL
                  LIMIT 1
                ),
                (
                  SELECT
                    json_object(
                      'user_name',
                      u.doc ->> 'userName',
                      'external_id',
                      u.doc ->> 'externalId',
                      'display_name',
                      coalesce(
                        nullif(trim(concat_ws(' ', u.doc ->> '$.name.givenName', u.doc ->> '$.name.familyName')), ''),
                        u.doc ->> 'displayName'
                      )
                    )
                  FROM users u
                  WHERE u.org_id = e.org_id
                    AND u.id = e.subject_id
                )
              ),
              NULL
            )
          ),
          'people',
          json(
            (
              SELECT
                json_group_array(
                  json_object(
                    'id',
                    s.value ->> 'id',
                    'names',
                    json(
                      coalesce(
                        (
                          SELECT json_remove(n.personal, '$.changes')
                          FROM (
                            SELECT x.personal
                            FROM event_subjects x
                            WHERE x.org_id = e.org_id
                              AND x.subject_id = s.value ->> 'id' AND x.seq <= e.seq
                            ORDER BY x.seq DESC
                            LIMIT 10
                          ) n
                          WHERE n.personal IS NOT NULL
                          LIMIT 1
                        ),
                        (
                          SELECT
                            json_object(
                              'external_id',
                              n.personal ->> 'external_id',
                              'display_name',
                              n.personal ->> 'display_name',
                              'user_name',
                              coalesce(n.personal ->> '$.changes.userName.before', n.personal ->> 'user_name')
                            )
                          FROM (
                            SELECT x.personal
                            FROM event_subjects x
                            WHERE x.org_id = e.org_id
                              AND x.subject_id = s.value ->> 'id' AND x.seq > e.seq
                            ORDER BY x.seq ASC
                            LIMIT 10
                          ) n
                          WHERE n.personal IS NOT NULL
                          LIMIT 1
                        ),
                        (
                          SELECT
                            json_object(
                              'user_name',
                              u.doc ->> 'userName',
                              'external_id',
                              u.doc ->> 'externalId',
                              'display_name',
                              coalesce(
                                nullif(trim(concat_ws(' ', u.doc ->> '$.name.givenName', u.doc ->> '$.name.familyName')), ''),
                                u.doc ->> 'displayName'
                              )
                            )
                          FROM users u
                          WHERE u.org_id = e.org_id
                            AND u.id = s.value ->> 'id'
                        )
                      )
                    )
                  )
                )
              FROM (
                SELECT j.value AS value
                FROM json_each(e.data, '$.people') j
                ORDER BY j.value ->> 'id' = ?2 DESC, j.key
                LIMIT CAST(?3 AS INTEGER)
              ) s
            )
          ),
          'people_count',
          coalesce(json_array_length(e.data, '$.people'), 0),
          'group_count',
          coalesce(json_array_length(e.data, '$.groups'), 0)
        ),
        'request',
        json(
          (
            SELECT
              json_object(
                'id',
                l.id,
                'at',
                substr(l.id, 1, 24),
                'source',
                l.source,
                'actor',
                l.actor,
                'method',
                l.method,
                'path',
                l.path,
                'status',
                l.status,
                'resource_type',
                l.resource_type,
                'resource_id',
                coalesce(l.resource_id, l.changed_id),
                'resource_name',
                l.resource_name,
                'detail',
                l.detail,
                'body',
                json(l.body),
                'duration',
                l.duration,
                'code',
                l.code,
                'first_event',
                (
                  SELECT e.seq
                  FROM events e
                  WHERE e.org_id = l.org_id
                    AND e.seq = l.first_event AND e.log_id = l.id
                ),
                'request_id',
                l.request_id
              )
            FROM log l
            WHERE l.org_id = e.org_id
              AND l.id = e.log_id
          )
        )
      )
    )
  FROM
    w
    CROSS JOIN json_each(w.seqs) j
    CROSS JOIN o
    CROSS JOIN events e ON e.org_id = o.id
    AND e.seq = j.value
  LIMIT 204
);

-- the history of a person before an event, with a name
WITH
RECURSIVE o (id) AS MATERIALIZED (SELECT t.id FROM (SELECT ?1 AS id LIMIT 1) t WHERE t.id IS NOT NULL),
named (id) AS MATERIALIZED (
  SELECT u.id
  FROM
    o
    CROSS JOIN users u ON u.org_id = o.id
    AND u.user_name_fold >= ?2
    AND u.user_name_fold < ?2 || char(1114111)
  ORDER BY u.user_name_fold
  LIMIT 10
),
from_time_search (low, high) AS (
  SELECT
    (SELECT min(e.seq) - 1 FROM events e WHERE e.org_id = o.id),
    (SELECT max(e.seq) FROM events e WHERE e.org_id = o.id)
  FROM o
  UNION ALL
  SELECT iif(e.at < ?3, e.seq, s.low), iif(e.at < ?3, s.high, e.seq - 1)
  FROM
    from_time_search s
    CROSS JOIN o
    CROSS JOIN events e ON e.org_id = o.id
    AND e.seq = (s.low + s.high + 1) / 2
  WHERE s.low < s.high
),
from_time (seq) AS MATERIALIZED (SELECT low FROM from_time_search WHERE low = high),
w AS MATERIALIZED (
  SELECT
    count(*) AS scanned,
    count(DISTINCT e.story) FILTER (
      WHERE
        TRUE
        AND (
          (
            instr(lower(e.data), ?2)
            AND EXISTS (
              SELECT 1
              FROM json_tree(e.data) j
              WHERE
                (j.key IN ('name', 'hint') OR j.fullkey IN ('$.name.before', '$.name.after'))
                AND j.type = 'text'
                AND instr(lower(j.value), ?2)
            )
          )
          OR EXISTS (
            SELECT 1
            FROM event_subjects p
            WHERE
              p.org_id = e.org_id
              AND p.subject_id = e.subject_id
              AND p.seq = e.seq
              AND (instr(lower(p.personal ->> 'user_name'), ?2) OR instr(lower(p.personal ->> 'display_name'), ?2))
          )
          OR (
            json_array_length(e.data, '$.people') <= 25
            AND EXISTS (
              SELECT 1
              FROM
                json_each(e.data, '$.people') j
                CROSS JOIN users u ON u.org_id = e.org_id
                AND u.id = j.value ->> 'id'
              WHERE
                instr(u.user_name_fold, ?2)
                OR instr(lower(u.doc ->> 'displayName'), ?2)
                OR instr(lower(concat_ws(' ', u.doc ->> '$.name.givenName', u.doc ->> '$.name.familyName')), ?2)
            )
          )
          OR (
            json_array_length(e.data, '$.people') > 25
            AND EXISTS (SELECT 1 FROM named n WHERE instr(e.data, '"' || n.id || '"'))
          )
        )
    ) AS deeds,
    min(e.seq) AS lowest,
    max(e.seq) AS highest,
    min(e.at) AS reached,
    json_group_array(DISTINCT e.seq) FILTER (
      WHERE
        TRUE
        AND (
          (
            instr(lower(e.data), ?2)
            AND EXISTS (
              SELECT 1
              FROM json_tree(e.data) j
              WHERE
                (j.key IN ('name', 'hint') OR j.fullkey IN ('$.name.before', '$.name.after'))
                AND j.type = 'text'
                AND instr(lower(j.value), ?2)
            )
          )
          OR EXISTS (
            SELECT 1
            FROM event_subjects p
            WHERE
              p.org_id = e.org_id
              AND p.subject_id = e.subject_id
              AND p.seq = e.seq
              AND (instr(lower(p.personal ->> 'user_name'), ?2) OR instr(lower(p.personal ->> 'display_name'), ?2))
          )
          OR (
            json_array_length(e.data, '$.people') <= 25
            AND EXISTS (
              SELECT 1
              FROM
                json_each(e.data, '$.people') j
                CROSS JOIN users u ON u.org_id = e.org_id
                AND u.id = j.value ->> 'id'
              WHERE
                instr(u.user_name_fold, ?2)
                OR instr(lower(u.doc ->> 'displayName'), ?2)
                OR instr(lower(concat_ws(' ', u.doc ->> '$.name.givenName', u.doc ->> '$.name.familyName')), ?2)
            )
          )
          OR (
            json_array_length(e.data, '$.people') > 25
            AND EXISTS (SELECT 1 FROM named n WHERE instr(e.data, '"' || n.id || '"'))
          )
        )
    ) AS seqs
  FROM (
    SELECT e.*
    FROM (
      SELECT s.seq
      FROM (
        SELECT x.seq AS seq
        FROM (
          SELECT x.seq AS seq, x.since AS since
          FROM event_subjects x
          WHERE x.org_id = (SELECT id FROM o)
            AND x.subject_id = ?4
          ORDER BY x.seq DESC
          LIMIT 10000
        ) x
        UNION ALL
        SELECT x.since
        FROM (
          SELECT x.seq AS seq, x.since AS since
          FROM event_subjects x
          WHERE x.org_id = (SELECT id FROM o)
            AND x.subject_id = ?4
          ORDER BY x.seq DESC
          LIMIT 10000
        ) x
        WHERE x.since > 0
        UNION ALL
        SELECT g.value ->> 'since'
        FROM (
          SELECT x.seq AS seq, x.since AS since
          FROM event_subjects x
          WHERE x.org_id = (SELECT id FROM o)
            AND x.subject_id = ?4
          ORDER BY x.seq DESC
          LIMIT 10000
        ) x
          CROSS JOIN o
          CROSS JOIN events e ON e.org_id = o.id
          AND e.seq = x.seq
          AND e.type = 'membership.removed'
          AND e.subject_id = ?4
          CROSS JOIN json_each(e.data, '$.groups') g
        WHERE x.since IS NULL
        UNION ALL
        SELECT m.since
        FROM
          o
          CROSS JOIN users u ON u.org_id = o.id
          AND u.id = ?4
          CROSS JOIN memberships m ON m.user_seq = u.seq
        WHERE m.since > 0
      ) s
      WHERE TRUE
        AND s.seq > (SELECT seq FROM from_time) AND s.seq < CAST(?5 AS INTEGER)
      ORDER BY s.seq DESC
      LIMIT 10000
    ) s
      CROSS JOIN o
      CROSS JOIN events e ON e.org_id = o.id
      AND e.seq = s.seq
  ) e
)
SELECT
  json_object(
    'seen',
    json_object(
      'scanned',
      w.scanned,
      'deeds',
      w.deeds,
      'lowest',
      w.lowest,
      'highest',
      w.highest,
      'reached',
      w.reached
    )
  ) AS json
FROM w
UNION ALL
SELECT *
FROM (
  SELECT
    json_object(
      'found',
      json_object(
        'event',
        json_object(
          'seq',
          e.seq,
          'at',
          e.at,
          'story',
          e.story,
          'log_id',
          e.log_id,
          'source',
          e.source,
          'actor',
          e.actor,
          'key',
          e.key_id,
          'subject_type',
          e.subject_type,
          'subject_id',
          e.subject_id,
          'version',
          e.version,
          'event',
          json_object(
            'type',
            e.type,
            'data',
            json(
              CASE
                WHEN json_type(e.data, '$.groups') IS NOT NULL THEN json_set(
                  e.data,
                  '$.people',
                  json(
                    (
                      SELECT json_group_array(json(s.value))
                      FROM (
                        SELECT j.value AS value
                        FROM json_each(e.data, '$.people') j
                        ORDER BY j.value ->> 'id' = ?4 DESC, j.key
                        LIMIT CAST(?6 AS INTEGER)
                      ) s
                    )
                  ),
                  '$.groups',
                  json(
                    (
                      SELECT json_group_array(json(s.value))
                      FROM (
                        SELECT j.value AS value
                        FROM json_each(e.data, '$.groups') j
                        ORDER BY j.value ->> 'id' = ?4 DESC, j.key
                        LIMIT CAST(?6 AS INTEGER)
                      ) s
                    )
                  )
                )
                WHEN json_type(e.data, '$.people') IS NOT NULL THEN json_set(
                  e.data,
                  '$.people',
                  json(
                    (
                      SELECT json_group_array(json(s.value))
                      FROM (
                        SELECT j.value AS value
                        FROM json_each(e.data, '$.people') j
                        ORDER BY j.value ->> 'id' = ?4 DESC, j.key
                        LIMIT CAST(?6 AS INTEGER)
                      ) s
                    )
                  )
                )
                ELSE e.data
              END
            )
          ),
          'personal',
          json(
            (
              SELECT p.personal
              FROM event_subjects p
              WHERE p.org_id = e.org_id
                AND p.subject_id = e.subject_id AND p.seq = e.seq
            )
          ),
          'names',
          json(
            iif(
              e.subject_type = 'person',
              coalesce(
                (
                  SELECT json_remove(n.personal, '$.changes')
                  FROM (
                    SELECT x.personal
                    FROM event_subjects x
                    WHERE x.org_id = e.org_id
                      AND x.subject_id = e.subject_id AND x.seq <= e.seq
                    ORDER BY x.seq DESC
                    LIMIT 10
                  ) n
                  WHERE n.personal IS NOT NULL
                  LIMIT 1
                ),
                (
                  SELECT
                    json_object(
                      'external_id',
                      n.personal ->> 'external_id',
                      'display_name',
                      n.personal ->> 'display_name',
                      'user_name',
                      coalesce(n.personal ->> '$.changes.userName.before', n.personal ->> 'user_name')
                    )
                  FROM (
                    SELECT x.personal
                    FROM event_subjects x
                    WHERE x.org_id = e.org_id
                      AND x.subject_id = e.subject_id AND x.seq > e.seq
                    ORDER BY x.seq ASC
                    LIMIT 10
                  ) n
                  WHERE n.personal IS NOT NULL
                  LIMIT 1
                ),
                (
                  SELECT
                    json_object(
                      'user_name',
                      u.doc ->> 'userName',
                      'external_id',
                      u.doc ->> 'externalId',
                      'display_name',
                      coalesce(
                        nullif(trim(concat_ws(' ', u.doc ->> '$.name.givenName', u.doc ->> '$.name.familyName')), ''),
                        u.doc ->> 'displayName'
                      )
                    )
                  FROM users u
                  WHERE u.org_id = e.org_id
                    AND u.id = e.subject_id
                )
              ),
              NULL
            )
          ),
          'people',
          json(
            (
              SELECT
                json_group_array(
                  json_object(
                    'id',
                    s.value ->> 'id',
                    'names',
                    json(
                      coalesce(
                        (
                          SELECT json_remove(n.personal, '$.changes')
                          FROM (
                            SELECT x.personal
                            FROM event_subjects x
                            WHERE x.org_id = e.org_id
                              AND x.subject_id = s.value ->> 'id' AND x.seq <= e.seq
                            ORDER BY x.seq DESC
                            LIMIT 10
                          ) n
                          WHERE n.personal IS NOT NULL
                          LIMIT 1
                        ),
                        (
                          SELECT
                            json_object(
                              'external_id',
                              n.personal ->> 'external_id',
                              'display_name',
                              n.personal ->> 'display_name',
                              'user_name',
                              coalesce(n.personal ->> '$.changes.userName.before', n.personal ->> 'user_name')
                            )
                          FROM (
                            SELECT x.personal
                            FROM event_subjects x
                            WHERE x.org_id = e.org_id
                              AND x.subject_id = s.value ->> 'id' AND x.seq > e.seq
                            ORDER BY x.seq ASC
                            LIMIT 10
                          ) n
                          WHERE n.personal IS NOT NULL
                          LIMIT 1
                        ),
                        (
                          SELECT
                            json_object(
                              'user_name',
                              u.doc ->> 'userName',
                              'external_id',
                              u.doc ->> 'externalId',
                              'display_name',
                              coalesce(
                                nullif(trim(concat_ws(' ', u.doc ->> '$.name.givenName', u.doc ->> '$.name.familyName')), ''),
                                u.doc ->> 'displayName'
                              )
                            )
                          FROM users u
                          WHERE u.org_id = e.org_id
                            AND u.id = s.value ->> 'id'
                        )
                      )
                    )
                  )
                )
              FROM (
                SELECT j.value AS value
                FROM json_each(e.data, '$.people') j
                ORDER BY j.value ->> 'id' = ?4 DESC, j.key
                LIMIT CAST(?6 AS INTEGER)
              ) s
            )
          ),
          'people_count',
          coalesce(json_array_length(e.data, '$.people'), 0),
          'group_count',
          coalesce(json_array_length(e.data, '$.groups'), 0)
        ),
        'request',
        json(
          (
            SELECT
              json_object(
                'id',
                l.id,
                'at',
                substr(l.id, 1, 24),
                'source',
                l.source,
                'actor',
                l.actor,
                'method',
                l.method,
                'path',
                l.path,
                'status',
                l.status,
                'resource_type',
                l.resource_type,
                'resource_id',
                coalesce(l.resource_id, l.changed_id),
                'resource_name',
                l.resource_name,
                'detail',
                l.detail,
                'body',
                json(l.body),
                'duration',
                l.duration,
                'code',
                l.code,
                'first_event',
                (
                  SELECT e.seq
                  FROM events e
                  WHERE e.org_id = l.org_id
                    AND e.seq = l.first_event AND e.log_id = l.id
                ),
                'request_id',
                l.request_id
              )
            FROM log l
            WHERE l.org_id = e.org_id
              AND l.id = e.log_id
          )
        )
      )
    )
  FROM
    w
    CROSS JOIN json_each(w.seqs) j
    CROSS JOIN o
    CROSS JOIN events m ON m.org_id = o.id
    AND m.seq = j.value
    CROSS JOIN events e ON e.org_id = o.id
    AND e.seq > m.seq - 4
    AND e.seq < m.seq + 4
    AND e.story = m.story
    AND e.log_id IS m.log_id
    AND (e.seq = m.seq OR e.subject_id = ?4)
    AND e.seq < CAST(?5 AS INTEGER)
  LIMIT 204
);
WITH
RECURSIVE o (id) AS MATERIALIZED (SELECT t.id FROM (SELECT ?1 AS id LIMIT 1) t WHERE t.id IS NOT NULL),
named (id) AS MATERIALIZED (
  SELECT u.id
  FROM
    o
    CROSS JOIN users u ON u.org_id = o.id
    AND u.user_name_fold >= ?2
    AND u.user_name_fold < ?2 || char(1114111)
  ORDER BY u.user_name_fold
  LIMIT 10
),
from_time_search (low, high) AS (
  SELECT
    (SELECT min(e.seq) - 1 FROM events e WHERE e.org_id = o.id),
    (SELECT max(e.seq) FROM events e WHERE e.org_id = o.id)
  FROM o
  UNION ALL
  SELECT iif(e.at < ?3, e.seq, s.low), iif(e.at < ?3, s.high, e.seq - 1)
  FROM
    from_time_search s
    CROSS JOIN o
    CROSS JOIN events e ON e.org_id = o.id
    AND e.seq = (s.low + s.high + 1) / 2
  WHERE s.low < s.high
),
from_time (seq) AS MATERIALIZED (SELECT low FROM from_time_search WHERE low = high)
SELECT
  count(DISTINCT e.story) FILTER (
    WHERE
      TRUE
      AND (
        (
          instr(lower(e.data), ?2)
          AND EXISTS (
            SELECT 1
            FROM json_tree(e.data) j
            WHERE
              (j.key IN ('name', 'hint') OR j.fullkey IN ('$.name.before', '$.name.after'))
              AND j.type = 'text'
              AND instr(lower(j.value), ?2)
          )
        )
        OR EXISTS (
          SELECT 1
          FROM event_subjects p
          WHERE
            p.org_id = e.org_id
            AND p.subject_id = e.subject_id
            AND p.seq = e.seq
            AND (instr(lower(p.personal ->> 'user_name'), ?2) OR instr(lower(p.personal ->> 'display_name'), ?2))
        )
        OR (
          json_array_length(e.data, '$.people') <= 25
          AND EXISTS (
            SELECT 1
            FROM
              json_each(e.data, '$.people') j
              CROSS JOIN users u ON u.org_id = e.org_id
              AND u.id = j.value ->> 'id'
            WHERE
              instr(u.user_name_fold, ?2)
              OR instr(lower(u.doc ->> 'displayName'), ?2)
              OR instr(lower(concat_ws(' ', u.doc ->> '$.name.givenName', u.doc ->> '$.name.familyName')), ?2)
          )
        )
        OR (
          json_array_length(e.data, '$.people') > 25
          AND EXISTS (SELECT 1 FROM named n WHERE instr(e.data, '"' || n.id || '"'))
        )
      )
  ) AS deeds,
  count(*) AS scanned
FROM (
  SELECT e.*
  FROM (
    SELECT s.seq
    FROM (
      SELECT x.seq AS seq
      FROM (
        SELECT x.seq AS seq, x.since AS since
        FROM event_subjects x
        WHERE x.org_id = (SELECT id FROM o)
          AND x.subject_id = ?4
        ORDER BY x.seq DESC
        LIMIT 10000
      ) x
      UNION ALL
      SELECT x.since
      FROM (
        SELECT x.seq AS seq, x.since AS since
        FROM event_subjects x
        WHERE x.org_id = (SELECT id FROM o)
          AND x.subject_id = ?4
        ORDER BY x.seq DESC
        LIMIT 10000
      ) x
      WHERE x.since > 0
      UNION ALL
      SELECT g.value ->> 'since'
      FROM (
        SELECT x.seq AS seq, x.since AS since
        FROM event_subjects x
        WHERE x.org_id = (SELECT id FROM o)
          AND x.subject_id = ?4
        ORDER BY x.seq DESC
        LIMIT 10000
      ) x
        CROSS JOIN o
        CROSS JOIN events e ON e.org_id = o.id
        AND e.seq = x.seq
        AND e.type = 'membership.removed'
        AND e.subject_id = ?4
        CROSS JOIN json_each(e.data, '$.groups') g
      WHERE x.since IS NULL
      UNION ALL
      SELECT m.since
      FROM
        o
        CROSS JOIN users u ON u.org_id = o.id
        AND u.id = ?4
        CROSS JOIN memberships m ON m.user_seq = u.seq
      WHERE m.since > 0
    ) s
    WHERE TRUE
      AND s.seq > (SELECT seq FROM from_time)
    ORDER BY s.seq DESC
    LIMIT 10000
  ) s
    CROSS JOIN o
    CROSS JOIN events e ON e.org_id = o.id
    AND e.seq = s.seq
) e;

-- requests that changed nothing
WITH
w AS MATERIALIZED (
  SELECT
    count(*) AS scanned,
    count(*) FILTER (WHERE TRUE) AS requests,
    min(l.id) AS reached,
    json_group_array(l.id) FILTER (WHERE TRUE) AS ids
  FROM (
    SELECT l.*
    FROM log l INDEXED BY log_without_events
    WHERE l.org_id = ?1
      AND l.first_event IS NULL
    ORDER BY l.id DESC
    LIMIT 5000
  ) l
)
SELECT
  json_object('seen', json_object('scanned', w.scanned, 'requests', w.requests, 'reached', w.reached)) AS json
FROM w
UNION ALL
SELECT *
FROM (
  SELECT
    json_object(
      'entry',
      json_object(
        'id',
        l.id,
        'at',
        substr(l.id, 1, 24),
        'source',
        l.source,
        'actor',
        l.actor,
        'method',
        l.method,
        'path',
        l.path,
        'status',
        l.status,
        'resource_type',
        l.resource_type,
        'resource_id',
        coalesce(l.resource_id, l.changed_id),
        'resource_name',
        l.resource_name,
        'detail',
        l.detail,
        'body',
        json(l.body),
        'duration',
        l.duration,
        'code',
        l.code,
        'first_event',
        NULL,
        'request_id',
        l.request_id
      )
    )
  FROM w
    CROSS JOIN json_each(w.ids) j CROSS JOIN log l ON l.org_id = ?1 AND l.id = j.value
  LIMIT CAST(?2 AS INTEGER)
);
SELECT count(*) FILTER (WHERE TRUE) AS requests, count(*) AS scanned
FROM (
  SELECT l.*
  FROM log l INDEXED BY log_without_events
  WHERE l.org_id = ?1
    AND l.first_event IS NULL
  ORDER BY l.id DESC
  LIMIT 5000
) l;

-- access at a moment
WITH
RECURSIVE o (id) AS MATERIALIZED (SELECT t.id FROM (SELECT ?1 AS id LIMIT 1) t WHERE t.id IS NOT NULL),
moment_search (low, high) AS (
  SELECT
    (SELECT min(e.seq) - 1 FROM events e WHERE e.org_id = o.id),
    (SELECT max(e.seq) FROM events e WHERE e.org_id = o.id)
  FROM o
  UNION ALL
  SELECT iif(e.at <= ?2, e.seq, s.low), iif(e.at <= ?2, s.high, e.seq - 1)
  FROM
    moment_search s
    CROSS JOIN o
    CROSS JOIN events e ON e.org_id = o.id
    AND e.seq = (s.low + s.high + 1) / 2
  WHERE s.low < s.high
),
moment (seq) AS MATERIALIZED (SELECT low FROM moment_search WHERE low = high)
SELECT
  m.seq AS seq,
  f.seq AS oldest,
  f.at AS kept_since,
  (
    SELECT count(*)
    FROM (
      SELECT 1
      FROM event_subjects x
      WHERE x.org_id = o.id
        AND x.subject_id = ?3 AND x.seq > m.seq
      LIMIT 10000 + 1
    )
  ) AS later
FROM
  o
  CROSS JOIN moment m
  CROSS JOIN events f ON f.org_id = o.id
  AND f.seq = (SELECT min(seq) FROM events WHERE org_id = o.id);
WITH
RECURSIVE o (id) AS MATERIALIZED (SELECT t.id FROM (SELECT ?1 AS id LIMIT 1) t WHERE t.id IS NOT NULL),
moment_search (low, high) AS (
  SELECT
    (SELECT min(e.seq) - 1 FROM events e WHERE e.org_id = o.id),
    (SELECT max(e.seq) FROM events e WHERE e.org_id = o.id)
  FROM o
  UNION ALL
  SELECT iif(e.at <= ?2, e.seq, s.low), iif(e.at <= ?2, s.high, e.seq - 1)
  FROM
    moment_search s
    CROSS JOIN o
    CROSS JOIN events e ON e.org_id = o.id
    AND e.seq = (s.low + s.high + 1) / 2
  WHERE s.low < s.high
),
moment (seq) AS MATERIALIZED (SELECT low FROM moment_search WHERE low = high)
SELECT
  json_object(
    'event',
    json_object(
      'type',
      e.type,
      'data',
      json(
        iif(json_type(e.data, '$.people') IS NULL, e.data, json_set(e.data, '$.people', json('[]')))
      )
    )
  ) AS json
FROM (
  SELECT s.seq AS seq, s.since AS since
  FROM event_subjects s
  WHERE s.org_id = (SELECT id FROM o)
    AND s.subject_id = ?3 AND s.seq > (SELECT seq FROM moment)
  ORDER BY s.seq DESC
  LIMIT 10000
) s
  CROSS JOIN o
  CROSS JOIN events e ON e.org_id = o.id
  AND e.seq = s.seq
WHERE
  s.since IS NULL
  AND e.type IN (
    'person.created',
    'person.deleted',
    'person.undeleted',
    'person.deactivated',
    'person.restored',
    'person.hidden',
    'person.shown',
    'org_role.changed',
    'ownership.transferred'
  );
WITH
RECURSIVE o (id) AS MATERIALIZED (SELECT t.id FROM (SELECT ?1 AS id LIMIT 1) t WHERE t.id IS NOT NULL),
moment_search (low, high) AS (
  SELECT
    (SELECT min(e.seq) - 1 FROM events e WHERE e.org_id = o.id),
    (SELECT max(e.seq) FROM events e WHERE e.org_id = o.id)
  FROM o
  UNION ALL
  SELECT iif(e.at <= ?2, e.seq, s.low), iif(e.at <= ?2, s.high, e.seq - 1)
  FROM
    moment_search s
    CROSS JOIN o
    CROSS JOIN events e ON e.org_id = o.id
    AND e.seq = (s.low + s.high + 1) / 2
  WHERE s.low < s.high
),
moment (seq) AS MATERIALIZED (SELECT low FROM moment_search WHERE low = high)
SELECT
  json(
    iif(
      b.seq IS NULL,
      NULL,
      json_object(
        'seq',
        b.seq,
        'at',
        b.at,
        'type',
        b.type,
        'story',
        b.story,
        'log_id',
        b.log_id,
        'source',
        b.source,
        'actor',
        b.actor,
        'key',
        b.key_id
      )
    )
  ) AS json
FROM (
  SELECT s.seq AS seq
  FROM event_subjects s
  WHERE
    s.org_id = (SELECT id FROM o)
    AND s.subject_id = ?3
    AND s.seq <= (SELECT seq FROM moment)
    AND s.since IS NULL
  ORDER BY s.seq DESC
  LIMIT 10000
) s
  CROSS JOIN o
  CROSS JOIN events b ON b.org_id = o.id
  AND b.seq = s.seq
WHERE
  b.type IN (
    'person.created',
    'person.undeleted',
    'person.restored',
    'org_role.changed',
    'ownership.transferred'
  )
LIMIT 1;
WITH
RECURSIVE o (id) AS MATERIALIZED (SELECT t.id FROM (SELECT ?1 AS id LIMIT 1) t WHERE t.id IS NOT NULL),
moment_search (low, high) AS (
  SELECT
    (SELECT min(e.seq) - 1 FROM events e WHERE e.org_id = o.id),
    (SELECT max(e.seq) FROM events e WHERE e.org_id = o.id)
  FROM o
  UNION ALL
  SELECT iif(e.at <= ?2, e.seq, s.low), iif(e.at <= ?2, s.high, e.seq - 1)
  FROM
    moment_search s
    CROSS JOIN o
    CROSS JOIN events e ON e.org_id = o.id
    AND e.seq = (s.low + s.high + 1) / 2
  WHERE s.low < s.high
),
moment (seq) AS MATERIALIZED (SELECT low FROM moment_search WHERE low = high),
had (since, ref) AS (
  SELECT
    m.since,
    json_patch(
      '{}',
      json_object(
        'id',
        g.id,
        'name',
        g.display_name,
        'external_id',
        coalesce(g.external_id_sent, g.external_id),
        'role',
        g.role,
        'project',
        iif(r.id IS NULL, NULL, json_object('id', r.id, 'name', r.name)),
        'team',
        iif(t.id IS NULL, NULL, json_object('id', t.id, 'name', t.name))
      )
    )
  FROM
    o
    CROSS JOIN users u ON u.org_id = o.id
    AND u.id = ?3
    CROSS JOIN memberships m ON m.user_seq = u.seq
    CROSS JOIN groups g ON g.seq = m.group_seq
    LEFT JOIN projects r ON r.id = g.project_id
    LEFT JOIN teams t ON t.id = g.team_id
  UNION ALL
  SELECT coalesce(s.since, j.value ->> 'since', 0), json_remove(j.value, '$.since')
  FROM (
    SELECT s.seq AS seq, s.since AS since
    FROM event_subjects s
    WHERE s.org_id = (SELECT id FROM o)
      AND s.subject_id = ?3 AND s.seq > (SELECT seq FROM moment)
    ORDER BY s.seq DESC
    LIMIT 10000
  ) s
    CROSS JOIN o
    CROSS JOIN events e ON e.org_id = o.id
    AND e.seq = s.seq
    AND e.type = 'membership.removed'
    CROSS JOIN json_each(e.data, '$.groups') j
)
SELECT
  json_object(
    'group',
    json(h.ref),
    'origin',
    json(
      iif(
        b.seq IS NULL,
        NULL,
        json_object(
          'seq',
          b.seq,
          'at',
          b.at,
          'type',
          b.type,
          'story',
          b.story,
          'log_id',
          b.log_id,
          'source',
          b.source,
          'actor',
          b.actor,
          'key',
          b.key_id
        )
      )
    )
  ) AS json
FROM had h CROSS JOIN o LEFT JOIN events b ON b.org_id = o.id AND b.seq = h.since
WHERE h.since <= (SELECT seq FROM moment);

-- the events of a person between two others
WITH
o (id) AS MATERIALIZED (SELECT t.id FROM (SELECT ?1 AS id LIMIT 1) t WHERE t.id IS NOT NULL),
range AS MATERIALIZED (
  SELECT
    e.seq,
    e.at,
    e.type,
    e.subject_id,
    iif(
      json_type(e.data, '$.people') IS NULL,
      e.data,
      json_set(e.data, '$.people', json_array(json_object('id', ?2)))
    ) AS data
  FROM (
    SELECT DISTINCT s.seq
    FROM (
      SELECT x.seq AS seq
      FROM (
        SELECT x.seq AS seq, x.since AS since
        FROM event_subjects x
        WHERE x.org_id = (SELECT id FROM o)
          AND x.subject_id = ?2
        ORDER BY x.seq DESC
        LIMIT 10000
      ) x
      UNION ALL
      SELECT x.since
      FROM (
        SELECT x.seq AS seq, x.since AS since
        FROM event_subjects x
        WHERE x.org_id = (SELECT id FROM o)
          AND x.subject_id = ?2
        ORDER BY x.seq DESC
        LIMIT 10000
      ) x
      WHERE x.since > 0
      UNION ALL
      SELECT g.value ->> 'since'
      FROM (
        SELECT x.seq AS seq, x.since AS since
        FROM event_subjects x
        WHERE x.org_id = (SELECT id FROM o)
          AND x.subject_id = ?2
        ORDER BY x.seq DESC
        LIMIT 10000
      ) x
        CROSS JOIN o
        CROSS JOIN events e ON e.org_id = o.id
        AND e.seq = x.seq
        AND e.type = 'membership.removed'
        AND e.subject_id = ?2
        CROSS JOIN json_each(e.data, '$.groups') g
      WHERE x.since IS NULL
      UNION ALL
      SELECT m.since
      FROM
        o
        CROSS JOIN users u ON u.org_id = o.id
        AND u.id = ?2
        CROSS JOIN memberships m ON m.user_seq = u.seq
      WHERE m.since > 0
    ) s
    WHERE s.seq > CAST(?3 AS INTEGER)
      AND s.seq <= CAST(?4 AS INTEGER)
    ORDER BY s.seq
    LIMIT 1000
  ) s
    CROSS JOIN o
    CROSS JOIN events e ON e.org_id = o.id
    AND e.seq = s.seq
),
counted AS (
  SELECT r.*, 1 + coalesce(json_array_length(r.data, '$.people'), 0) AS work
  FROM range r
),
kept AS MATERIALIZED (
  SELECT *
  FROM (
    SELECT c.*, sum(c.work) OVER (ORDER BY c.seq ROWS UNBOUNDED PRECEDING) - c.work AS done
    FROM counted c
  )
  WHERE done < 5000
)
SELECT
  json_object(
    'reached',
    json(iif(w.seq IS NULL, NULL, json_array(w.seq, w.at))),
    'has_more',
    json(iif(w.events < w.ranged OR w.ranged = 1000, 'true', 'false')),
    'found',
    json(
      iif(
        k.seq IS NULL,
        NULL,
        json_object('subject', k.subject_id, 'event', json_object('type', k.type, 'data', json(k.data)))
      )
    )
  ) AS json
FROM
  (
    SELECT max(seq) AS seq, max(at) AS at, count(*) AS events, (SELECT count(*) FROM range) AS ranged
    FROM kept
  ) w
  LEFT JOIN kept k ON k.type IN (
    'person.created',
    'person.deleted',
    'person.undeleted',
    'person.deactivated',
    'person.restored',
    'person.hidden',
    'person.shown',
    'org_role.changed',
    'ownership.transferred'
  )
  OR k.type IN ('membership.added', 'membership.removed')
ORDER BY k.seq;

-- the access brake engages
UPDATE organizations SET
  brake_engaged_at = ?1, brake_engaged_by = ?2
WHERE
  id = ?3
  AND brake_engaged_at IS NULL
  AND brake_percent > 0
  AND coalesce(brake_lifted_until, '') <= ?1;
INSERT INTO
  new_events (
    org_id,
    seq,
    at,
    type,
    story,
    log_id,
    source,
    actor,
    key_id,
    subject_type,
    subject_id,
    version,
    data,
    active,
    active_total,
    lost,
    lost_total,
    personal,
    others
  )
SELECT
  p.org_id,
  p.seq + 1,
  max(coalesce(substr(p.request_log_id, 1, 24), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), p.at),
  'brake.engaged',
  coalesce(CAST(?1 AS INTEGER), iif(p.log_id = p.request_log_id, p.story, p.seq + 1)),
  p.request_log_id,
  ?2,
  ?3,
  ?4,
  'organization',
  p.org_id,
  NULL,
  json_object(
    'lost',
    coalesce(
      (SELECT e.lost_total FROM events e WHERE e.org_id = b.id ORDER BY e.seq DESC LIMIT 1) - (
        SELECT l.total_before
        FROM access_losses l
        WHERE
          l.org_id = b.id
          AND l.minute >= max(
            strftime('%Y-%m-%dT%H:%M', coalesce(b.brake_engaged_at, 'now'), '-1 hour'),
            coalesce(substr(b.brake_lifted_until, 1, 16), '')
          )
        ORDER BY l.minute
        LIMIT 1
      ),
      0
    ),
    'limit',
    iif(
      b.brake_percent = 0,
      NULL,
      max(
        25,
        b.brake_percent * coalesce(
          (
            SELECT l.active_before
            FROM access_losses l
            WHERE
              l.org_id = b.id
              AND l.minute >= max(
                strftime('%Y-%m-%dT%H:%M', coalesce(b.brake_engaged_at, 'now'), '-1 hour'),
                coalesce(substr(b.brake_lifted_until, 1, 16), '')
              )
            ORDER BY l.minute
            LIMIT 1
          ),
          (SELECT e.active_total FROM events e WHERE e.org_id = b.id ORDER BY e.seq DESC LIMIT 1),
          0
        ) / 100
      )
    )
  ),
  0,
  p.active_total + 0,
  iif(?2 = 'scim', 0, 0),
  p.lost_total + iif(?2 = 'scim', 0, 0),
  NULL,
  NULL
FROM (
  SELECT
    n.*,
    (
      SELECT l.id
      FROM log l
      WHERE
        l.org_id = n.org_id
        AND substr(l.id, 26) = ?5
        AND l.id > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
      ORDER BY l.id DESC
      LIMIT 1
    ) AS request_log_id
  FROM (
    SELECT *
    FROM (
      SELECT org_id, seq, at, story, log_id, active_total, lost_total
      FROM events
      WHERE org_id = ?6
      ORDER BY seq DESC
      LIMIT 1
    )
    UNION ALL
    SELECT ?6, 0, '', NULL, NULL, 0, 0
    LIMIT 1
  ) n
  WHERE n.org_id IS NOT NULL
  LIMIT 1
) p
  CROSS JOIN organizations b ON b.id = p.org_id
WHERE changes() = 1;
SELECT
  o.brake_percent AS brake_percent,
  o.brake_engaged_at AS brake_engaged_at,
  o.paused_at AS paused_at,
  o.paused_by AS paused_by
FROM organizations o
WHERE o.id = ?1;

-- what changes in the console take
SELECT
  (
    SELECT count(*)
    FROM users u
    WHERE
      u.org_id = ?1
      AND u.active = 1
      AND u.managed = 1
      AND coalesce(u.mail_domain NOT IN (SELECT value FROM json_each(?2)), 1)
  ) AS people,
  0 AS memberships,
  coalesce((SELECT e.active_total FROM events e WHERE e.org_id = o.id ORDER BY e.seq DESC LIMIT 1), 0) AS "of",
  iif(
    o.brake_percent = 0,
    NULL,
    max(
      25,
      o.brake_percent * coalesce((SELECT e.active_total FROM events e WHERE e.org_id = o.id ORDER BY e.seq DESC LIMIT 1), 0) / 100
    )
  ) AS "limit"
FROM organizations o
WHERE o.id = ?1;
SELECT
  (
    SELECT count(DISTINCT m.user_seq)
    FROM groups g
      CROSS JOIN memberships m ON m.group_seq = g.seq
    WHERE g.org_id = ?1
      AND g.project_id = ?2
  ) AS people,
  (
    SELECT count(*)
    FROM groups g
      CROSS JOIN memberships m ON m.group_seq = g.seq
    WHERE g.org_id = ?1
      AND g.project_id = ?2
  ) AS memberships,
  coalesce((SELECT e.active_total FROM events e WHERE e.org_id = o.id ORDER BY e.seq DESC LIMIT 1), 0) AS "of",
  iif(
    o.brake_percent = 0,
    NULL,
    max(
      25,
      o.brake_percent * coalesce((SELECT e.active_total FROM events e WHERE e.org_id = o.id ORDER BY e.seq DESC LIMIT 1), 0) / 100
    )
  ) AS "limit"
FROM organizations o
WHERE o.id = ?1;
SELECT
  iif(
    coalesce(c.people <> CAST(?1 AS INTEGER), c.people > c.most),
    json_extract('{}', 'unconfirmed ' || c.people),
    ''
  )
FROM (
  SELECT
    (
      SELECT count(DISTINCT m.user_seq)
      FROM groups g
        CROSS JOIN memberships m ON m.group_seq = g.seq
      WHERE g.org_id = ?2
        AND g.team_id = ?3
    ) AS people,
    iif(
      o.brake_percent = 0,
      NULL,
      max(
        25,
        o.brake_percent * coalesce((SELECT e.active_total FROM events e WHERE e.org_id = o.id ORDER BY e.seq DESC LIMIT 1), 0) / 100
      )
    ) AS most
  FROM organizations o
  WHERE o.id = ?2
) c;
SELECT
  iif(
    coalesce(c.people <> CAST(?1 AS INTEGER), c.people > c.most),
    json_extract('{}', 'unconfirmed ' || c.people),
    ''
  )
FROM (
  SELECT
    (SELECT count(*) FROM users u WHERE u.org_id = ?2 AND u.id = ?3 AND u.active = 1) AS people,
    iif(
      o.brake_percent = 0,
      NULL,
      max(
        25,
        o.brake_percent * coalesce((SELECT e.active_total FROM events e WHERE e.org_id = o.id ORDER BY e.seq DESC LIMIT 1), 0) / 100
      )
    ) AS most
  FROM organizations o
  WHERE o.id = ?2
) c;

-- *Erase now*
WITH
due AS MATERIALIZED (
  SELECT
    o.id AS org_id,
    ?1 AS id,
    (SELECT d.person FROM deleted_people d WHERE d.org_id = o.id AND d.id = ?1) AS person
  FROM organizations o
  WHERE o.id = ?2 AND NOT EXISTS (SELECT 1 FROM users u WHERE u.org_id = o.id AND u.id = ?1)
),
names (org_id, name) AS MATERIALIZED (
  SELECT DISTINCT p.org_id, t.atom
  FROM (
    SELECT d.org_id AS org_id, d.person ->> 'doc' AS part
    FROM due d
    UNION ALL
    SELECT s.org_id, s.personal
    FROM
      due d
      CROSS JOIN event_subjects s ON s.org_id = d.org_id
      AND s.subject_id = d.id
      AND s.personal IS NOT NULL
  ) p
    CROSS JOIN json_tree(p.part) t
  WHERE
    t.type = 'text'
    AND (
      t.key IN ('user_name', 'display_name', 'userName', 'displayName')
      OR t.key = 'value'
      AND t.fullkey LIKE '%emails%'
      OR t.key IN ('before', 'after')
      AND (t.path LIKE '%userName' OR t.path LIKE '%displayName')
    )
    AND NOT EXISTS (SELECT 1 FROM users u WHERE u.org_id = p.org_id AND u.user_name_fold = lower(t.atom))
)
UPDATE log SET
  resource_name = NULL,
  detail = NULL,
  body = NULL,
  path = substr(path, 1, instr(path || '?', '?') - 1)
WHERE
  (org_id, id) IN (
    SELECT l.org_id, l.id
    FROM
      names n
      CROSS JOIN log l INDEXED BY log_of_failures_by_name ON l.org_id = n.org_id
      AND l.resource_name COLLATE NOCASE = n.name
      AND l.resource_name IS NOT NULL
      AND l.status >= 400
    WHERE l.resource_type = 'User'
  );
WITH
due AS MATERIALIZED (
  SELECT
    o.id AS org_id,
    ?1 AS id,
    (SELECT d.person FROM deleted_people d WHERE d.org_id = o.id AND d.id = ?1) AS person
  FROM organizations o
  WHERE o.id = ?2 AND NOT EXISTS (SELECT 1 FROM users u WHERE u.org_id = o.id AND u.id = ?1)
)
UPDATE log SET
  resource_name = NULL,
  detail = NULL,
  body = NULL,
  path = substr(path, 1, instr(path || '?', '?') - 1)
WHERE
  (org_id, id) IN (
    SELECT e.org_id, e.log_id
    FROM
      due d
      CROSS JOIN event_subjects s ON s.org_id = d.org_id
      AND s.subject_id = d.id
      CROSS JOIN events e ON e.org_id = s.org_id
      AND e.seq = s.seq
      CROSS JOIN log l ON l.org_id = e.org_id
      AND l.id = e.log_id
      AND l.changed_id = d.id
    WHERE l.resource_name IS NOT d.id
    UNION
    SELECT l.org_id, l.id
    FROM
      due d
      CROSS JOIN log l INDEXED BY log_by_resource ON l.org_id = d.org_id
      AND l.resource_id = d.id
      AND l.resource_id IS NOT NULL
  );
WITH
due AS MATERIALIZED (
  SELECT
    o.id AS org_id,
    ?1 AS id,
    (SELECT d.person FROM deleted_people d WHERE d.org_id = o.id AND d.id = ?1) AS person
  FROM organizations o
  WHERE o.id = ?2 AND NOT EXISTS (SELECT 1 FROM users u WHERE u.org_id = o.id AND u.id = ?1)
),
names (org_id, name) AS MATERIALIZED (
  SELECT DISTINCT p.org_id, t.atom
  FROM (
    SELECT d.org_id AS org_id, d.person ->> 'doc' AS part
    FROM due d
    UNION ALL
    SELECT s.org_id, s.personal
    FROM
      due d
      CROSS JOIN event_subjects s ON s.org_id = d.org_id
      AND s.subject_id = d.id
      AND s.personal IS NOT NULL
  ) p
    CROSS JOIN json_tree(p.part) t
  WHERE
    t.type = 'text'
    AND (
      t.key IN ('user_name', 'display_name', 'userName', 'displayName')
      OR t.key = 'value'
      AND t.fullkey LIKE '%emails%'
      OR t.key IN ('before', 'after')
      AND (t.path LIKE '%userName' OR t.path LIKE '%displayName')
    )
    AND NOT EXISTS (SELECT 1 FROM users u WHERE u.org_id = p.org_id AND u.user_name_fold = lower(t.atom))
)
UPDATE log SET
  resource_name = NULL,
  detail = NULL,
  body = NULL,
  path = substr(path, 1, instr(path || '?', '?') - 1)
WHERE
  (org_id, id) IN (
    SELECT l.org_id, l.id
    FROM (
      SELECT *
      FROM log INDEXED BY log_of_failures
      WHERE org_id = ?2
        AND status >= 400
      ORDER BY id DESC
      LIMIT 5000
    ) l
      CROSS JOIN names n ON n.name GLOB '*@*'
      AND instr(
        lower(
          l.path || ' ' || coalesce(l.resource_name, '') || ' ' || coalesce(l.detail, '') || ' ' || coalesce(l.body, '')
        ),
        lower(n.name)
      ) > 0
  );
WITH
due AS MATERIALIZED (
  SELECT
    o.id AS org_id,
    ?1 AS id,
    (SELECT d.person FROM deleted_people d WHERE d.org_id = o.id AND d.id = ?1) AS person
  FROM organizations o
  WHERE o.id = ?2 AND NOT EXISTS (SELECT 1 FROM users u WHERE u.org_id = o.id AND u.id = ?1)
),
names (org_id, name) AS MATERIALIZED (
  SELECT DISTINCT p.org_id, t.atom
  FROM (
    SELECT d.org_id AS org_id, d.person ->> 'doc' AS part
    FROM due d
    UNION ALL
    SELECT s.org_id, s.personal
    FROM
      due d
      CROSS JOIN event_subjects s ON s.org_id = d.org_id
      AND s.subject_id = d.id
      AND s.personal IS NOT NULL
  ) p
    CROSS JOIN json_tree(p.part) t
  WHERE
    t.type = 'text'
    AND (
      t.key IN ('user_name', 'display_name', 'userName', 'displayName')
      OR t.key = 'value'
      AND t.fullkey LIKE '%emails%'
      OR t.key IN ('before', 'after')
      AND (t.path LIKE '%userName' OR t.path LIKE '%displayName')
    )
    AND NOT EXISTS (SELECT 1 FROM users u WHERE u.org_id = p.org_id AND u.user_name_fold = lower(t.atom))
)
DELETE FROM acceptances
WHERE (org_id, mail) IN (SELECT n.org_id, lower(n.name) FROM names n);
WITH
due AS MATERIALIZED (
  SELECT
    o.id AS org_id,
    ?1 AS id,
    (SELECT d.person FROM deleted_people d WHERE d.org_id = o.id AND d.id = ?1) AS person
  FROM organizations o
  WHERE o.id = ?2 AND NOT EXISTS (SELECT 1 FROM users u WHERE u.org_id = o.id AND u.id = ?1)
)
UPDATE event_subjects SET
  personal = NULL
WHERE
  (org_id, subject_id, seq) IN (
    SELECT s.org_id, s.subject_id, s.seq
    FROM
      due d
      CROSS JOIN event_subjects s ON s.org_id = d.org_id
      AND s.subject_id = d.id
      AND s.personal IS NOT NULL
  );
DELETE FROM deleted_people
WHERE org_id = ?1 AND id = ?2;
INSERT INTO
  new_events (
    org_id,
    seq,
    at,
    type,
    story,
    log_id,
    source,
    actor,
    key_id,
    subject_type,
    subject_id,
    version,
    data,
    active,
    active_total,
    lost,
    lost_total,
    personal,
    others
  )
SELECT
  p.org_id,
  p.seq + 1,
  max(coalesce(substr(p.request_log_id, 1, 24), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), p.at),
  (?1 ->> 'type'),
  coalesce(CAST(?2 AS INTEGER), iif(p.log_id = p.request_log_id, p.story, p.seq + 1)),
  p.request_log_id,
  ?3,
  ?4,
  ?5,
  (?1 ->> 'subject_type'),
  (?1 ->> 'subject_id'),
  coalesce(
    ?1 ->> 'version',
    CASE
      ?1 ->> 'subject_type'
      WHEN 'group' THEN (SELECT version FROM groups WHERE org_id = p.org_id AND id = ?1 ->> 'subject_id')
    END
  ),
  ?1 -> 'data',
  (?1 ->> 'active'),
  p.active_total + (?1 ->> 'active_sum'),
  iif(?3 = 'scim', (?1 ->> 'lost'), 0),
  p.lost_total + iif(?3 = 'scim', (?1 ->> 'lost_sum'), 0),
  (?1 ->> 'personal'),
  NULL
FROM (
  SELECT
    n.*,
    (
      SELECT l.id
      FROM log l
      WHERE
        l.org_id = n.org_id
        AND substr(l.id, 26) = ?6
        AND l.id > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
      ORDER BY l.id DESC
      LIMIT 1
    ) AS request_log_id
  FROM (
    SELECT *
    FROM (
      SELECT org_id, seq, at, story, log_id, active_total, lost_total
      FROM events
      WHERE org_id = iif(changes() = 1, ?7, NULL)
      ORDER BY seq DESC
      LIMIT 1
    )
    UNION ALL
    SELECT iif(changes() = 1, ?7, NULL), 0, '', NULL, NULL, 0, 0
    LIMIT 1
  ) n
  WHERE n.org_id IS NOT NULL
  LIMIT 1
) p
LIMIT 1;

-- deleted people whom maintenance erases
WITH
due AS MATERIALIZED (
  SELECT d.org_id AS org_id, d.id AS id, d.person AS person
  FROM deleted_people d INDEXED BY deleted_people_by_time
  WHERE d.deleted_at < ?1
  ORDER BY d.deleted_at
  LIMIT CAST(?2 AS INTEGER)
),
names (org_id, name) AS MATERIALIZED (
  SELECT DISTINCT p.org_id, t.atom
  FROM (
    SELECT d.org_id AS org_id, d.person ->> 'doc' AS part
    FROM due d
    UNION ALL
    SELECT s.org_id, s.personal
    FROM
      due d
      CROSS JOIN event_subjects s ON s.org_id = d.org_id
      AND s.subject_id = d.id
      AND s.personal IS NOT NULL
  ) p
    CROSS JOIN json_tree(p.part) t
  WHERE
    t.type = 'text'
    AND (
      t.key IN ('user_name', 'display_name', 'userName', 'displayName')
      OR t.key = 'value'
      AND t.fullkey LIKE '%emails%'
      OR t.key IN ('before', 'after')
      AND (t.path LIKE '%userName' OR t.path LIKE '%displayName')
    )
    AND NOT EXISTS (SELECT 1 FROM users u WHERE u.org_id = p.org_id AND u.user_name_fold = lower(t.atom))
)
UPDATE log SET
  resource_name = NULL,
  detail = NULL,
  body = NULL,
  path = substr(path, 1, instr(path || '?', '?') - 1)
WHERE
  (org_id, id) IN (
    SELECT l.org_id, l.id
    FROM
      names n
      CROSS JOIN log l INDEXED BY log_of_failures_by_name ON l.org_id = n.org_id
      AND l.resource_name COLLATE NOCASE = n.name
      AND l.resource_name IS NOT NULL
      AND l.status >= 400
    WHERE l.resource_type = 'User'
  );
WITH
due AS MATERIALIZED (
  SELECT d.org_id AS org_id, d.id AS id, d.person AS person
  FROM deleted_people d INDEXED BY deleted_people_by_time
  WHERE d.deleted_at < ?1
  ORDER BY d.deleted_at
  LIMIT CAST(?2 AS INTEGER)
)
UPDATE log SET
  resource_name = NULL,
  detail = NULL,
  body = NULL,
  path = substr(path, 1, instr(path || '?', '?') - 1)
WHERE
  (org_id, id) IN (
    SELECT e.org_id, e.log_id
    FROM
      due d
      CROSS JOIN event_subjects s ON s.org_id = d.org_id
      AND s.subject_id = d.id
      CROSS JOIN events e ON e.org_id = s.org_id
      AND e.seq = s.seq
      CROSS JOIN log l ON l.org_id = e.org_id
      AND l.id = e.log_id
      AND l.changed_id = d.id
    WHERE l.resource_name IS NOT d.id
    UNION
    SELECT l.org_id, l.id
    FROM
      due d
      CROSS JOIN log l INDEXED BY log_by_resource ON l.org_id = d.org_id
      AND l.resource_id = d.id
      AND l.resource_id IS NOT NULL
  );
WITH
due AS MATERIALIZED (
  SELECT d.org_id AS org_id, d.id AS id, d.person AS person
  FROM deleted_people d INDEXED BY deleted_people_by_time
  WHERE d.deleted_at < ?1
  ORDER BY d.deleted_at
  LIMIT CAST(?2 AS INTEGER)
),
names (org_id, name) AS MATERIALIZED (
  SELECT DISTINCT p.org_id, t.atom
  FROM (
    SELECT d.org_id AS org_id, d.person ->> 'doc' AS part
    FROM due d
    UNION ALL
    SELECT s.org_id, s.personal
    FROM
      due d
      CROSS JOIN event_subjects s ON s.org_id = d.org_id
      AND s.subject_id = d.id
      AND s.personal IS NOT NULL
  ) p
    CROSS JOIN json_tree(p.part) t
  WHERE
    t.type = 'text'
    AND (
      t.key IN ('user_name', 'display_name', 'userName', 'displayName')
      OR t.key = 'value'
      AND t.fullkey LIKE '%emails%'
      OR t.key IN ('before', 'after')
      AND (t.path LIKE '%userName' OR t.path LIKE '%displayName')
    )
    AND NOT EXISTS (SELECT 1 FROM users u WHERE u.org_id = p.org_id AND u.user_name_fold = lower(t.atom))
)
DELETE FROM acceptances
WHERE (org_id, mail) IN (SELECT n.org_id, lower(n.name) FROM names n);
WITH
due AS MATERIALIZED (
  SELECT d.org_id AS org_id, d.id AS id, d.person AS person
  FROM deleted_people d INDEXED BY deleted_people_by_time
  WHERE d.deleted_at < ?1
  ORDER BY d.deleted_at
  LIMIT CAST(?2 AS INTEGER)
)
UPDATE event_subjects SET
  personal = NULL
WHERE
  (org_id, subject_id, seq) IN (
    SELECT s.org_id, s.subject_id, s.seq
    FROM
      due d
      CROSS JOIN event_subjects s ON s.org_id = d.org_id
      AND s.subject_id = d.id
      AND s.personal IS NOT NULL
  );
WITH
due AS MATERIALIZED (
  SELECT d.org_id AS org_id, d.id AS id, d.person AS person
  FROM deleted_people d INDEXED BY deleted_people_by_time
  WHERE d.deleted_at < ?1
  ORDER BY d.deleted_at
  LIMIT CAST(?2 AS INTEGER)
)
DELETE FROM deleted_people
WHERE (org_id, id) IN (SELECT d.org_id, d.id FROM due d)
RETURNING 1;

-- active people are counted anew
WITH
looked_at AS MATERIALIZED (
  SELECT o.id AS id, o.user_count AS user_count
  FROM (
    SELECT id, user_count, row_number() OVER (ORDER BY id) - 1 AS place, count(*) OVER () AS total
    FROM organizations
  ) o
  WHERE o.total <= 100 OR (o.place + o.total - CAST(?1 AS INTEGER) * 100 % o.total) % o.total < 100
)
SELECT o.id AS org_id
FROM looked_at o
WHERE
  (SELECT e.active_total FROM events e WHERE e.org_id = o.id ORDER BY e.seq DESC LIMIT 1) IS NOT (
    SELECT iif(count(*) > 1000, -1, o.user_count - coalesce(sum(x.managed), 0))
    FROM (
      SELECT u.managed AS managed
      FROM users u INDEXED BY users_inactive
      WHERE u.org_id = o.id
        AND u.active = 0
      LIMIT 1000 + 1
    ) x
  );
SELECT
  count(*) AS people,
  coalesce(sum(x.managed), 0) AS managed,
  max(x.name) AS last,
  coalesce((SELECT max(e.seq) FROM events e WHERE e.org_id = ?1), 0) AS newest
FROM (
  SELECT u.managed AS managed, u.user_name_fold AS name
  FROM users u INDEXED BY users_inactive
  WHERE u.org_id = ?1
    AND u.active = 0 AND u.user_name_fold > ?2
  ORDER BY u.user_name_fold
  LIMIT 10000
) x;
INSERT INTO
  new_events (
    org_id,
    seq,
    at,
    type,
    story,
    log_id,
    source,
    actor,
    key_id,
    subject_type,
    subject_id,
    version,
    data,
    active,
    active_total,
    lost,
    lost_total,
    personal,
    others
  )
SELECT
  p.org_id,
  p.seq + 1,
  max(coalesce(substr(p.request_log_id, 1, 24), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), p.at),
  'people.counted',
  coalesce(CAST(?1 AS INTEGER), iif(p.log_id = p.request_log_id, p.story, p.seq + 1)),
  p.request_log_id,
  ?2,
  ?3,
  ?4,
  'organization',
  p.org_id,
  NULL,
  json_object(
    'active',
    json_object(
      'before',
      p.active_total,
      'after',
      p.active_total + o.user_count - CAST(?5 AS INTEGER) - p.active_total
    )
  ),
  o.user_count - CAST(?5 AS INTEGER) - p.active_total,
  p.active_total + o.user_count - CAST(?5 AS INTEGER) - p.active_total,
  iif(?2 = 'scim', 0, 0),
  p.lost_total + iif(?2 = 'scim', 0, 0),
  NULL,
  NULL
FROM (
  SELECT
    n.*,
    (
      SELECT l.id
      FROM log l
      WHERE
        l.org_id = n.org_id
        AND substr(l.id, 26) = ?6
        AND l.id > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
      ORDER BY l.id DESC
      LIMIT 1
    ) AS request_log_id
  FROM (
    SELECT *
    FROM (
      SELECT org_id, seq, at, story, log_id, active_total, lost_total
      FROM events
      WHERE org_id = ?7
      ORDER BY seq DESC
      LIMIT 1
    )
    UNION ALL
    SELECT ?7, 0, '', NULL, NULL, 0, 0
    LIMIT 1
  ) n
  WHERE n.org_id IS NOT NULL
  LIMIT 1
) p
  CROSS JOIN organizations o ON o.id = p.org_id
WHERE
  o.user_count - CAST(?5 AS INTEGER) - p.active_total <> 0
  AND NOT EXISTS (
    SELECT 1
    FROM events c
    WHERE
      c.org_id = p.org_id
      AND c.seq > CAST(?8 AS INTEGER)
      AND (c.subject_type = 'person' OR c.subject_type = 'organization')
  );

-- a search by name within a group, and a person joins it
WITH
stop (seq) AS MATERIALIZED (
  SELECT (
    SELECT m.user_seq
    FROM groups g
      CROSS JOIN memberships m ON m.group_seq = g.seq AND m.user_seq > CAST(?1 AS INTEGER)
    WHERE g.org_id = ?2
      AND g.id = ?3
    ORDER BY m.user_seq
    LIMIT 1 OFFSET 2000 - 1
  )
)
SELECT
  json_object(
    'id',
    users.id,
    'user_name',
    users.doc ->> '$.userName',
    'name',
    coalesce(
      nullif(trim(concat_ws(' ', users.doc ->> '$.name.givenName', users.doc ->> '$.name.familyName')), ''),
      users.doc ->> '$.displayName',
      ''
    ),
    'org_role',
    iif(users.active, users.org_role, 'Member'),
    'active',
    json(iif(users.active, 'true', 'false')),
    'managed',
    json(iif(users.managed, 'true', 'false')),
    'created_at',
    users.created_at,
    'last_modified',
    users.last_modified
  ) AS json,
  CAST(m.user_seq AS TEXT) AS place,
  instr(
    concat_ws(
      char(10),
      users.user_name_fold,
      coalesce(users.doc_fold, lower(users.doc)) ->> '$.displayname',
      concat_ws(
        ' ',
        coalesce(users.doc_fold, lower(users.doc)) ->> '$.name.givenname',
        coalesce(users.doc_fold, lower(users.doc)) ->> '$.name.familyname'
      )
    ),
    ?4
  ) > 0 AS is_hit,
  coalesce(m.user_seq = stop.seq, 0) AS is_end
FROM
  stop
  CROSS JOIN groups g
  CROSS JOIN memberships m ON m.group_seq = g.seq
  AND m.user_seq > CAST(?1 AS INTEGER)
  AND m.user_seq <= coalesce(stop.seq, 9223372036854775807)
  CROSS JOIN users ON users.seq = m.user_seq
WHERE
  g.org_id = ?2
  AND g.id = ?3
  AND (
    instr(
      concat_ws(
        char(10),
        users.user_name_fold,
        coalesce(users.doc_fold, lower(users.doc)) ->> '$.displayname',
        concat_ws(
          ' ',
          coalesce(users.doc_fold, lower(users.doc)) ->> '$.name.givenname',
          coalesce(users.doc_fold, lower(users.doc)) ->> '$.name.familyname'
        )
      ),
      ?4
    ) > 0
    OR m.user_seq = stop.seq
  )
ORDER BY m.user_seq
LIMIT CAST(?5 AS INTEGER);
SELECT
  iif(
    json_array_length(?1) = (
      SELECT count(*)
      FROM
        groups g
        CROSS JOIN json_each(?1) j
        CROSS JOIN users u ON u.org_id = g.org_id
        AND u.id = j.value
        AND u.active = 1
        LEFT JOIN memberships m ON m.group_seq = g.seq
        AND m.user_seq = u.seq
      WHERE g.org_id = ?2
        AND g.id = ?3 AND (m.user_seq IS NULL) = CAST(?4 AS INTEGER)
    ),
    '',
    json('stale')
  );
UPDATE groups SET
  version = version + 1, last_modified = max(last_modified, ?1)
WHERE org_id = ?2 AND id = ?3;
SELECT CASE WHEN changes() = 1 THEN '' ELSE json('stale') END;
INSERT INTO memberships (group_seq, user_seq, since)
SELECT
  x.group_seq,
  x.user_seq,
  (SELECT coalesce(max(seq), 0) FROM events WHERE org_id = ?1) + dense_rank() OVER (ORDER BY x.group_seq, x.chunk)
FROM (
  SELECT
    group_seq,
    user_seq,
    (row_number() OVER (PARTITION BY group_seq ORDER BY user_seq) - 1) / 500 AS chunk
  FROM (
    SELECT DISTINCT g.seq AS group_seq, u.seq AS user_seq
    FROM
      json_each(?2) j
      CROSS JOIN groups g ON g.org_id = ?1
      AND g.id = j.value ->> 0
      CROSS JOIN users u ON u.org_id = ?1
      AND u.id = j.value ->> 1
      AND u.active = 1
      LEFT JOIN memberships m ON m.group_seq = g.seq
      AND m.user_seq = u.seq
    WHERE m.user_seq IS NULL
  )
) x;
INSERT INTO
  new_events (
    org_id,
    seq,
    at,
    type,
    story,
    log_id,
    source,
    actor,
    key_id,
    subject_type,
    subject_id,
    version,
    data,
    active,
    active_total,
    lost,
    lost_total,
    personal,
    others
  )
SELECT
  p.org_id,
  p.seq + y.since - p.seq,
  max(coalesce(substr(p.request_log_id, 1, 24), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), p.at),
  'membership.added',
  coalesce(CAST(?1 AS INTEGER), iif(p.log_id = p.request_log_id, p.story, p.seq + 1)),
  p.request_log_id,
  ?2,
  ?3,
  ?4,
  'group',
  g.id,
  g.version,
  json_object(
    'groups',
    json_array(
      json(
        json_patch(
          '{}',
          json_object(
            'id',
            g.id,
            'name',
            g.display_name,
            'external_id',
            coalesce(g.external_id_sent, g.external_id),
            'role',
            g.role,
            'project',
            iif(r.id IS NULL, NULL, json_object('id', r.id, 'name', r.name)),
            'team',
            iif(t.id IS NULL, NULL, json_object('id', t.id, 'name', t.name))
          )
        )
      )
    ),
    'people',
    json(y.people)
  ),
  0,
  p.active_total + 0,
  iif(?2 = 'scim', 0, 0),
  p.lost_total + iif(?2 = 'scim', 0, 0),
  NULL,
  NULL
FROM (
  SELECT x.group_seq AS group_seq, x.since AS since, json_group_array(json_object('id', x.id)) AS people
  FROM (
    SELECT DISTINCT g.seq AS group_seq, m.since AS since, u.id AS id
    FROM
      json_each(?5) j
      CROSS JOIN groups g ON g.org_id = ?6
      AND g.id = j.value ->> 0
      CROSS JOIN users u ON u.org_id = ?6
      AND u.id = j.value ->> 1
      CROSS JOIN memberships m ON m.group_seq = g.seq
      AND m.user_seq = u.seq
      AND m.since > (SELECT coalesce(max(seq), 0) FROM events WHERE org_id = ?6)
  ) x
  GROUP BY 1, 2
) y
  CROSS JOIN groups g ON g.seq = y.group_seq
  LEFT JOIN projects r ON r.id = g.project_id
  LEFT JOIN teams t ON t.id = g.team_id
  CROSS JOIN (
    SELECT
      n.*,
      (
        SELECT l.id
        FROM log l
        WHERE
          l.org_id = n.org_id
          AND substr(l.id, 26) = ?7
          AND l.id > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
        ORDER BY l.id DESC
        LIMIT 1
      ) AS request_log_id
    FROM (
      SELECT *
      FROM (
        SELECT org_id, seq, at, story, log_id, active_total, lost_total
        FROM events
        WHERE org_id = ?8
        ORDER BY seq DESC
        LIMIT 1
      )
      UNION ALL
      SELECT ?8, 0, '', NULL, NULL, 0, 0
      LIMIT 1
    ) n
    WHERE n.org_id IS NOT NULL
    LIMIT 1
  ) p
ORDER BY y.since;

-- rows of exports
SELECT
  group_concat (y.line, '' ORDER BY y.number) AS body,
  max(y.number) AS number,
  count(*) AS rows,
  y.after AS
after, y.after_seq AS after_seq
FROM (
  SELECT x.*, sum(length(x.line)) OVER (ORDER BY x.number ROWS UNBOUNDED PRECEDING) / 300000 AS piece
  FROM (
    SELECT w.after AS
    after
,
      w.after_seq AS after_seq,
      row_number() OVER () AS number,
      '"' || iif(unicode(c0) IN (9, 10, 13, 43, 45, 61, 64) AND typeof(c0) = 'text', '''', '') || replace (coalesce(c0, ''), '"', '""') || '"' || ',' || '"' || iif(unicode(c1) IN (9, 10, 13, 43, 45, 61, 64) AND typeof(c1) = 'text', '''', '') || replace (coalesce(c1, ''), '"', '""') || '"' || ',' || '"' || iif(unicode(c2) IN (9, 10, 13, 43, 45, 61, 64) AND typeof(c2) = 'text', '''', '') || replace (coalesce(c2, ''), '"', '""') || '"' || ',' || '"' || iif(unicode(c3) IN (9, 10, 13, 43, 45, 61, 64) AND typeof(c3) = 'text', '''', '') || replace (coalesce(c3, ''), '"', '""') || '"' || ',' || '"' || iif(unicode(c4) IN (9, 10, 13, 43, 45, 61, 64) AND typeof(c4) = 'text', '''', '') || replace (coalesce(c4, ''), '"', '""') || '"' || ',' || '"' || coalesce(iif(c5 = 1, 'yes', iif(c5 = 0, 'no', NULL)), '') || '"' || ',' || '"' || coalesce(iif(c6 = 1, 'yes', iif(c6 = 0, 'no', NULL)), '') || '"' || ',' || '"' || iif(unicode(c7) IN (9, 10, 13, 43, 45, 61, 64) AND typeof(c7) = 'text', '''', '') || replace (coalesce(c7, ''), '"', '""') || '"' || ',' || '"' || iif(unicode(c8) IN (9, 10, 13, 43, 45, 61, 64) AND typeof(c8) = 'text', '''', '') || replace (coalesce(c8, ''), '"', '""') || '"' || ',' || '"' || iif(unicode(c9) IN (9, 10, 13, 43, 45, 61, 64) AND typeof(c9) = 'text', '''', '') || replace (coalesce(c9, ''), '"', '""') || '"' || ',' || '"' || iif(unicode(c10) IN (9, 10, 13, 43, 45, 61, 64) AND typeof(c10) = 'text', '''', '') || replace (coalesce(c10, ''), '"', '""') || '"' || char(13, 10) AS line
    FROM (
      SELECT
        u.id AS c0,
        u.doc ->> '$.userName' AS c1,
        coalesce(
          nullif(trim(concat_ws(' ', u.doc ->> '$.name.givenName', u.doc ->> '$.name.familyName')), ''),
          u.doc ->> '$.displayName'
        ) AS c2,
        (
          SELECT j.value ->> 'value'
          FROM json_each(u.doc, '$.emails') j
          ORDER BY coalesce(j.value ->> 'primary', 0) DESC, j.key
          LIMIT 1
        ) AS c3,
        u.doc ->> '$.externalId' AS c4,
        u.active AS c5,
        u.managed AS c6,
        iif(u.active, u.org_role, NULL) AS c7,
        (
          SELECT group_concat (g.display_name, '; ' ORDER BY g.seq)
          FROM memberships m
            CROSS JOIN groups g ON g.seq = m.group_seq
          WHERE m.user_seq = u.seq
        ) AS c8,
        u.created_at AS c9,
        u.last_modified AS c10,
        u.id AS
      after, 0 AS after_seq
      FROM users u
      WHERE u.org_id = ?1
        AND u.id > ?2
      ORDER BY u.id
      LIMIT CAST(?3 AS INTEGER)
    ) w
  ) x
) y
GROUP BY y.piece
ORDER BY y.piece;
SELECT
  group_concat (y.line, '' ORDER BY y.number) AS body,
  max(y.number) AS number,
  count(*) AS rows,
  y.after AS
after, y.after_seq AS after_seq
FROM (
  SELECT x.*, sum(length(x.line)) OVER (ORDER BY x.number ROWS UNBOUNDED PRECEDING) / 300000 AS piece
  FROM (
    SELECT w.after AS
    after
,
      w.after_seq AS after_seq,
      row_number() OVER () AS number,
      json_object(
        'group',
        c0,
        'group_id',
        c1,
        'project',
        c2,
        'team',
        c3,
        'role',
        c4,
        'group_external_id',
        c5,
        'pushed_at',
        c6,
        'user_id',
        c7,
        'user_name',
        c8,
        'name',
        c9,
        'email',
        c10,
        'external_id',
        c11,
        'active',
        json(iif(c12 IS NULL, 'null', iif(c12, 'true', 'false'))),
        'seen_by_scim',
        json(iif(c13 IS NULL, 'null', iif(c13, 'true', 'false'))),
        'org_role',
        c14,
        'since',
        c15,
        'by',
        c16,
        'event',
        c17
      ) || char(10) AS line
    FROM (
      SELECT
        g.display_name AS c0,
        g.id AS c1,
        p.name AS c2,
        t.name AS c3,
        g.role AS c4,
        coalesce(g.external_id_sent, g.external_id) AS c5,
        g.pushed_at AS c6,
        u.id AS c7,
        u.doc ->> '$.userName' AS c8,
        coalesce(
          nullif(trim(concat_ws(' ', u.doc ->> '$.name.givenName', u.doc ->> '$.name.familyName')), ''),
          u.doc ->> '$.displayName'
        ) AS c9,
        (
          SELECT j.value ->> 'value'
          FROM json_each(u.doc, '$.emails') j
          ORDER BY coalesce(j.value ->> 'primary', 0) DESC, j.key
          LIMIT 1
        ) AS c10,
        u.doc ->> '$.externalId' AS c11,
        u.active AS c12,
        u.managed AS c13,
        iif(u.active, u.org_role, NULL) AS c14,
        b.at AS c15,
        b.actor AS c16,
        b.seq AS c17,
        CAST(g.seq AS TEXT) AS
      after, coalesce(m.user_seq, 0) AS after_seq
      FROM
        groups g INDEXED BY groups_in_order
        LEFT JOIN memberships m ON m.group_seq = g.seq
        AND m.user_seq > iif(g.seq = CAST(?1 AS INTEGER), CAST(?2 AS INTEGER), 0)
        LEFT JOIN users u ON u.seq = m.user_seq
        LEFT JOIN projects p ON p.id = g.project_id
        LEFT JOIN teams t ON t.id = g.team_id
        LEFT JOIN events b ON b.org_id = g.org_id
        AND b.seq = m.since
      WHERE
        g.org_id = ?3
        AND g.seq >= CAST(?1 AS INTEGER)
        AND (g.seq > CAST(?1 AS INTEGER) OR m.user_seq IS NOT NULL)
      ORDER BY g.seq, m.user_seq
      LIMIT CAST(?4 AS INTEGER)
    ) w
  ) x
) y
GROUP BY y.piece
ORDER BY y.piece;
SELECT
  group_concat (y.line, '' ORDER BY y.number) AS body,
  max(y.number) AS number,
  count(*) AS rows,
  y.after AS
after, y.after_seq AS after_seq
FROM (
  SELECT x.*, sum(length(x.line)) OVER (ORDER BY x.number ROWS UNBOUNDED PRECEDING) / 300000 AS piece
  FROM (
    SELECT w.after AS
    after
,
      w.after_seq AS after_seq,
      row_number() OVER () AS number,
      json_object(
        'at',
        c0,
        'source',
        c1,
        'actor',
        c2,
        'method',
        c3,
        'path',
        c4,
        'status',
        c5,
        'code',
        c6,
        'resource_type',
        c7,
        'resource_id',
        c8,
        'resource_name',
        c9,
        'detail',
        c10,
        'duration',
        c11,
        'first_event',
        c12,
        'request_id',
        c13,
        'body',
        json(c14)
      ) || char(10) AS line
    FROM (
      SELECT
        substr(l.id, 1, 24) AS c0,
        l.source AS c1,
        l.actor AS c2,
        l.method AS c3,
        l.path AS c4,
        l.status AS c5,
        l.code AS c6,
        l.resource_type AS c7,
        coalesce(l.resource_id, l.changed_id) AS c8,
        l.resource_name AS c9,
        l.detail AS c10,
        l.duration AS c11,
        l.first_event AS c12,
        l.request_id AS c13,
        l.body AS c14,
        l.id AS
      after, 0 AS after_seq
      FROM log l
      WHERE l.org_id = ?1
        AND l.id > ?2 AND l.id < ?3
      ORDER BY l.id
      LIMIT CAST(?4 AS INTEGER)
    ) w
  ) x
) y
GROUP BY y.piece
ORDER BY y.piece;
SELECT
  group_concat (y.line, '' ORDER BY y.number) AS body,
  max(y.number) AS number,
  count(*) AS rows,
  y.after AS
after, y.after_seq AS after_seq
FROM (
  SELECT x.*, sum(length(x.line)) OVER (ORDER BY x.number ROWS UNBOUNDED PRECEDING) / 300000 AS piece
  FROM (
    SELECT w.after AS
    after
,
      w.after_seq AS after_seq,
      row_number() OVER () AS number,
      json_object(
        'seq',
        c0,
        'at',
        c1,
        'type',
        c2,
        'story',
        c3,
        'source',
        c4,
        'actor',
        c5,
        'key_id',
        c6,
        'log_id',
        c7,
        'subject_type',
        c8,
        'subject_id',
        c9,
        'subject_name',
        c10,
        'version',
        c11,
        'data',
        json(c12),
        'personal',
        json(c13)
      ) || char(10) AS line
    FROM (
      SELECT
        e.seq AS c0,
        e.at AS c1,
        e.type AS c2,
        e.story AS c3,
        e.source AS c4,
        e.actor AS c5,
        e.key_id AS c6,
        e.log_id AS c7,
        e.subject_type AS c8,
        e.subject_id AS c9,
        s.personal ->> '$.user_name' AS c10,
        e.version AS c11,
        e.data AS c12,
        s.personal AS c13,
        '' AS
      after, e.seq AS after_seq
      FROM
        events e
        LEFT JOIN event_subjects s ON s.org_id = e.org_id
        AND s.subject_id = e.subject_id
        AND s.seq = e.seq
      WHERE e.org_id = ?1
        AND e.seq > CAST(?2 AS INTEGER)
      ORDER BY e.seq
      LIMIT CAST(?3 AS INTEGER)
    ) w
  ) x
) y
GROUP BY y.piece
ORDER BY y.piece;
SELECT
  group_concat (y.line, '' ORDER BY y.number) AS body,
  max(y.number) AS number,
  count(*) AS rows,
  y.after AS
after, y.after_seq AS after_seq
FROM (
  SELECT x.*, sum(length(x.line)) OVER (ORDER BY x.number ROWS UNBOUNDED PRECEDING) / 300000 AS piece
  FROM (
    SELECT w.after AS
    after
,
      w.after_seq AS after_seq,
      row_number() OVER () AS number,
      json_object(
        'user_id',
        c0,
        'user_name',
        c1,
        'name',
        c2,
        'email',
        c3,
        'external_id',
        c4,
        'active',
        json(iif(c5 IS NULL, 'null', iif(c5, 'true', 'false'))),
        'seen_by_scim',
        json(iif(c6 IS NULL, 'null', iif(c6, 'true', 'false'))),
        'org_role',
        c7,
        'org_role_since',
        c8,
        'group',
        c9,
        'group_id',
        c10,
        'project',
        c11,
        'team',
        c12,
        'role',
        c13,
        'since',
        c14,
        'by',
        c15,
        'event',
        c16
      ) || char(10) AS line
    FROM (
      SELECT
        u.id AS c0,
        u.doc ->> '$.userName' AS c1,
        coalesce(
          nullif(trim(concat_ws(' ', u.doc ->> '$.name.givenName', u.doc ->> '$.name.familyName')), ''),
          u.doc ->> '$.displayName'
        ) AS c2,
        (
          SELECT j.value ->> 'value'
          FROM json_each(u.doc, '$.emails') j
          ORDER BY coalesce(j.value ->> 'primary', 0) DESC, j.key
          LIMIT 1
        ) AS c3,
        u.doc ->> '$.externalId' AS c4,
        u.active AS c5,
        u.managed AS c6,
        iif(u.active, u.org_role, NULL) AS c7,
        u.org_role_since AS c8,
        g.display_name AS c9,
        g.id AS c10,
        p.name AS c11,
        t.name AS c12,
        g.role AS c13,
        b.at AS c14,
        b.actor AS c15,
        b.seq AS c16,
        u.id AS
      after, coalesce(m.group_seq, 0) AS after_seq
      FROM (
        SELECT
          u.*,
          (
            SELECT b.at
            FROM (
              SELECT s.org_id AS org_id, s.seq AS seq
              FROM event_subjects s
              WHERE s.org_id = u.org_id
                AND s.subject_id = u.id AND s.since IS NULL
              ORDER BY s.seq DESC
              LIMIT 1000
            ) s
              CROSS JOIN events b ON b.org_id = s.org_id
              AND b.seq = s.seq
            WHERE
              b.type IN (
                'person.created',
                'person.undeleted',
                'person.restored',
                'org_role.changed',
                'ownership.transferred'
              )
            LIMIT 1
          ) AS org_role_since
        FROM users u
        WHERE u.org_id = ?1
          AND u.id >= ?2
        ORDER BY u.id
        LIMIT CAST(?3 AS INTEGER) + 1
      ) u
        LEFT JOIN memberships m ON m.user_seq = u.seq
        AND m.group_seq > iif(u.id = ?2, CAST(?4 AS INTEGER), 0)
        LEFT JOIN groups g ON g.seq = m.group_seq
        LEFT JOIN projects p ON p.id = g.project_id
        LEFT JOIN teams t ON t.id = g.team_id
        LEFT JOIN events b ON b.org_id = u.org_id
        AND b.seq = m.since
      WHERE u.id > ?2
        OR m.group_seq IS NOT NULL
      ORDER BY u.id, m.group_seq
      LIMIT CAST(?3 AS INTEGER)
    ) w
  ) x
) y
GROUP BY y.piece
ORDER BY y.piece;

-- a change of many people, and its first step
SELECT
  json_object(
    'id',
    j.value,
    'user_name',
    u.doc ->> '$.userName',
    'groups',
    (SELECT count(*) FROM memberships c WHERE c.user_seq = iif(j.key < 1000, u.seq, NULL)),
    'result',
    iif(
      u.seq IS NULL,
      'gone',
      CASE WHEN u.active = 0 THEN 'inactive' WHEN m.user_seq IS NOT NULL THEN 'unchanged' ELSE 'done' END
    )
  ) AS json
FROM
  json_each(?1) j
  LEFT JOIN users u ON u.org_id = ?2
  AND u.id = j.value
  LEFT JOIN memberships m ON m.group_seq = (SELECT g.seq FROM groups g WHERE g.org_id = ?2 AND g.id = ?3)
  AND m.user_seq = u.seq
ORDER BY j.key;
DELETE FROM bulk_people
WHERE
  org_id = ?1
  AND run_id = (
    SELECT r.id
    FROM bulk_runs r
    WHERE r.org_id = ?1
      AND r.created_at < strftime('%Y-%m-%dT%H:%M:%fZ', ?2, '-30 days')
    ORDER BY r.id
    LIMIT 1
  );
DELETE FROM bulk_runs
WHERE
  org_id = ?1
  AND id = (
    SELECT r.id
    FROM bulk_runs r
    WHERE r.org_id = ?1
      AND r.created_at < strftime('%Y-%m-%dT%H:%M:%fZ', ?2, '-30 days')
    ORDER BY r.id
    LIMIT 1
  );
INSERT INTO bulk_runs (org_id, id, created_at, created_by, change, status, counts, stepped_at)
SELECT o.id, ?1, ?2, ?3, ?4, 'running', ?5, ?2
FROM organizations o
WHERE o.id = ?6;
SELECT CASE WHEN changes() = 1 THEN '' ELSE json('stale') END;
INSERT INTO bulk_people (org_id, run_id, person_id)
SELECT ?1, ?2, value
FROM json_each(?3);
SELECT
  json_object(
    'id',
    j.value,
    'user_name',
    u.doc ->> '$.userName',
    'groups',
    (SELECT count(*) FROM memberships c WHERE c.user_seq = iif(j.key < 1000, u.seq, NULL)),
    'result',
    j.result
  ) AS json
FROM (
  SELECT p.person_id AS value, p.result AS result, 0 AS key
  FROM bulk_people p
  WHERE p.org_id = ?1
    AND p.run_id = ?2 AND p.person_id > ?3
  ORDER BY p.person_id
  LIMIT CAST(?4 AS INTEGER) + 1
) j
  LEFT JOIN users u ON u.org_id = ?1
  AND u.id = j.value
ORDER BY j.value;

-- what is kept of imports
SELECT
  json_object(
    'id',
    i.id,
    'resource',
    i.resource,
    'key',
    json_object('id', i.key_id),
    'page_size',
    i.page_size,
    'total',
    i.total,
    'pages',
    max(1, (i.total + i.page_size - 1) / i.page_size),
    'pages_read',
    (SELECT count(*) FROM json_each(i.pages)),
    'pages_kept',
    (SELECT count(*) FROM json_each(i.pages) p WHERE p.value ->> 4 IS NOT NULL),
    'begun_at',
    substr(i.id, 1, 24),
    'read_at',
    i.read_at,
    'state',
    CASE
      WHEN i.is_done THEN 'finished'
      WHEN i.read_at < strftime('%Y-%m-%dT%H:%M:%fZ', ?1, '-3 minutes') THEN 'stopped'
      ELSE 'reading'
    END,
    'is_complete',
    json(
      iif(
        (
          i.is_done = 1
          AND i.resource = 'Users'
          AND (SELECT total(iif(p.value ->> 4 IS NULL, 0, p.value ->> 3)) FROM json_each(i.pages) p) >= i.total
        ),
        'true',
        'false'
      )
    ),
    'failed',
    i.failed
  ) AS json
FROM imports i
WHERE i.org_id = ?2 AND (?3 IS NULL OR i.id < ?3)
ORDER BY i.id DESC
LIMIT CAST(?4 AS INTEGER);
SELECT
  json_object(
    'import',
    i.id,
    'is_complete',
    json(
      iif(
        (
          i.is_done = 1
          AND i.resource = 'Users'
          AND (SELECT total(iif(p.value ->> 4 IS NULL, 0, p.value ->> 3)) FROM json_each(i.pages) p) >= i.total
        ),
        'true',
        'false'
      )
    ),
    'pages',
    json(
      (
        SELECT json_group_array(CAST(c.key AS INTEGER))
        FROM (
          SELECT p.key
          FROM json_each(i.pages) p
          WHERE p.value ->> 4 IS NOT NULL
            AND u.seq BETWEEN p.value ->> 0 AND p.value ->> 1
          LIMIT 3
        ) c
      )
    )
  ) AS json
FROM
  (SELECT * FROM imports WHERE org_id = ?1 ORDER BY id DESC LIMIT 20) i
  CROSS JOIN users u ON u.org_id = i.org_id
  AND u.id = ?2
WHERE
  i.resource = 'Users'
  AND EXISTS (SELECT 1 FROM json_each(i.pages) p WHERE p.value ->> 4 IS NOT NULL)
ORDER BY i.id DESC
LIMIT 3;
WITH
last AS MATERIALIZED (
  SELECT i.*
  FROM (SELECT * FROM imports WHERE org_id = ?1 ORDER BY id DESC LIMIT 20) i
  WHERE (
    i.is_done = 1
    AND i.resource = 'Users'
    AND (SELECT total(iif(p.value ->> 4 IS NULL, 0, p.value ->> 3)) FROM json_each(i.pages) p) >= i.total
  )
  ORDER BY i.id DESC
  LIMIT 1
),
since AS MATERIALIZED (
  SELECT e.*
  FROM last l CROSS JOIN events e ON e.org_id = l.org_id AND e.seq > l.event_seq
  ORDER BY e.seq
  LIMIT 5000
),
change AS (
  SELECT s.seq, s.at, s.type, s.source, s.key_id, s.subject_id AS id
  FROM since s
  WHERE
    s.type IN (
      'person.created',
      'person.deactivated',
      'person.restored',
      'person.deleted',
      'person.undeleted'
    )
  UNION ALL
  SELECT s.seq, s.at, s.type, s.source, s.key_id, p.value ->> 'id'
  FROM since s CROSS JOIN json_each(s.data, '$.people') p
  WHERE s.type IN ('person.hidden', 'person.shown')
),
first AS MATERIALIZED (
  SELECT c.id, min(c.seq) AS seq, c.at, c.type, c.source, c.key_id
  FROM change c
  GROUP BY c.id
),
lost AS (
  SELECT f.*, u.doc ->> '$.userName' AS user_name
  FROM first f CROSS JOIN last l LEFT JOIN users u ON u.org_id = l.org_id AND u.id = f.id
  WHERE
    f.type IN ('person.deactivated', 'person.deleted', 'person.hidden')
    AND (f.source <> 'scim' OR f.key_id <> l.key_id)
    AND coalesce(u.active = 0 OR u.managed = 0, 1)
  ORDER BY f.seq
  LIMIT CAST(?2 AS INTEGER)
)
SELECT
  json_object(
    'import',
    l.id,
    'is_partial',
    json(iif((SELECT count(*) FROM since) = 5000, 'true', 'false')),
    'people',
    json(
      (
        SELECT
          json_group_array(
            json_object(
              'id',
              x.id,
              'at',
              x.at,
              'why',
              substr(x.type, 8),
              'user_name',
              coalesce(
                x.user_name,
                (
                  SELECT s.personal ->> 'user_name'
                  FROM event_subjects s
                  WHERE s.org_id = l.org_id
                    AND s.subject_id = x.id AND s.seq = x.seq
                )
              )
            )
            ORDER BY x.seq
          )
        FROM lost x
      )
    )
  ) AS json
FROM last l;

-- projects, teams and plain groups, a page at a time
WITH
found AS MATERIALIZED (
  SELECT f.*
  FROM (
    SELECT p.id, p.name, p.name_fold, p.archived_at
    FROM projects p
    WHERE p.org_id = ?1
      AND (?2 IS NULL OR (p.archived_at IS NOT NULL) = CAST(?2 AS INTEGER))
    ORDER BY name_fold
    LIMIT 20000
  ) f
  WHERE ?3 IS NULL OR instr(f.name_fold, ?3) > 0
  LIMIT 1000
),
page AS MATERIALIZED (
  SELECT
    f.*,
    coalesce(
      (
        SELECT
          iif(
            count(*) <= 100,
            json_object('count', count(DISTINCT k.user_seq), 'counted_at', NULL),
            coalesce(
              (
                SELECT json_object('count', c.people, 'counted_at', c.counted_at)
                FROM people_counts c
                WHERE c.org_id = ?1
                  AND c.id = f.id
              ),
              json_object('count', NULL, 'counted_at', NULL)
            )
          )
        FROM (
          SELECT m.user_seq AS user_seq
          FROM groups x
            CROSS JOIN memberships m ON m.group_seq = x.seq
          WHERE x.project_id = f.id
          LIMIT 100 + 1
        ) k
      ) ->> '$.count',
      100 + 1
    ) AS place
  FROM found f
  ORDER BY place DESC NULLS LAST, f.name_fold
  LIMIT CAST(?4 AS INTEGER) + 1 OFFSET CAST(?5 AS INTEGER)
)
SELECT
  json_object(
    'id',
    f.id,
    'name',
    f.name,
    'archived_at',
    f.archived_at,
    'people',
    json(
      (
        SELECT
          iif(
            count(*) <= 100,
            json_object('count', count(DISTINCT k.user_seq), 'counted_at', NULL),
            coalesce(
              (
                SELECT json_object('count', c.people, 'counted_at', c.counted_at)
                FROM people_counts c
                WHERE c.org_id = ?1
                  AND c.id = f.id
              ),
              json_object('count', NULL, 'counted_at', NULL)
            )
          )
        FROM (
          SELECT m.user_seq AS user_seq
          FROM groups x
            CROSS JOIN memberships m ON m.group_seq = x.seq
          WHERE x.project_id = f.id
          LIMIT 100 + 1
        ) k
      )
    ),
    'role_count',
    (SELECT count(*) FROM groups x WHERE x.project_id = f.id AND x.team_id IS NULL) + (SELECT count(*) FROM archived_groups x WHERE x.project_id = f.id AND x.team_id IS NULL),
    'team_count',
    (SELECT count(*) FROM teams t WHERE t.project_id = f.id),
    'pushed_at',
    (SELECT max(x.pushed_at) FROM groups x WHERE x.project_id = f.id)
  ) AS json
FROM page f
ORDER BY f.place DESC NULLS LAST, f.name_fold;
SELECT nullif(count(*), 1000 + 1) AS total
FROM (
  SELECT 1
  FROM (
    SELECT p.id, p.name, p.name_fold, p.archived_at
    FROM projects p
    WHERE p.org_id = ?1
      AND (?2 IS NULL OR (p.archived_at IS NOT NULL) = CAST(?2 AS INTEGER))
    ORDER BY name_fold
    LIMIT 20000
  ) f
  WHERE ?3 IS NULL
    OR instr(f.name_fold, ?3) > 0
  LIMIT 1000 + 1
);
WITH
found AS MATERIALIZED (
  SELECT f.*
  FROM (
    SELECT t.id AS id, t.name AS name, t.name_fold AS name_fold
    FROM projects p
      CROSS JOIN teams t ON t.project_id = p.id
    WHERE p.org_id = ?1
      AND p.id = ?2
    ORDER BY name_fold
    LIMIT 20000
  ) f
  WHERE ?3 IS NULL OR instr(f.name_fold, ?3) > 0
  LIMIT CAST(?4 AS INTEGER) + CAST(?5 AS INTEGER) + 1
),
page AS MATERIALIZED (
  SELECT f.*, NULL AS place
  FROM found f
  ORDER BY place DESC NULLS LAST, f.name_fold
  LIMIT CAST(?5 AS INTEGER) + 1 OFFSET CAST(?4 AS INTEGER)
)
SELECT
  json_object(
    'id',
    f.id,
    'name',
    f.name,
    'roles',
    (
      SELECT
        json_group_array(
          json(
            json_object(
              'name',
              g.role,
              'built_in',
              json(
                iif(
                  g.team_id IS NOT NULL
                  OR g.role = 'Admin'
                  OR g.role = 'Member'
                  OR g.role = 'Read-Only',
                  'true',
                  'false'
                )
              ),
              'group',
              json_object('id', g.id, 'display_name', g.display_name, 'pushed_at', g.pushed_at),
              'people',
              json(
                (
                  SELECT
                    iif(
                      count(*) <= 100,
                      json_object('count', count(DISTINCT k.user_seq), 'counted_at', NULL),
                      coalesce(
                        (
                          SELECT json_object('count', c.people, 'counted_at', c.counted_at)
                          FROM people_counts c
                          WHERE c.org_id = ?1
                            AND c.id = g.id
                        ),
                        json_object('count', NULL, 'counted_at', NULL)
                      )
                    )
                  FROM (
                    SELECT m.user_seq AS user_seq
                    FROM groups x
                      CROSS JOIN memberships m ON m.group_seq = x.seq
                    WHERE x.seq = g.seq
                    LIMIT 100 + 1
                  ) k
                )
              )
            )
          )
        )
      FROM (SELECT * FROM groups WHERE team_id = f.id ORDER BY seq) g
    )
  ) AS json
FROM page f
ORDER BY f.place DESC NULLS LAST, f.name_fold;
SELECT
  json_object(
    'id',
    f.id,
    'name',
    f.name,
    'roles',
    (
      SELECT
        json_group_array(
          json(
            json_object(
              'name',
              g.role,
              'built_in',
              json(
                iif(
                  g.team_id IS NOT NULL
                  OR g.role = 'Admin'
                  OR g.role = 'Member'
                  OR g.role = 'Read-Only',
                  'true',
                  'false'
                )
              ),
              'group',
              json_object('id', g.id, 'display_name', g.display_name, 'pushed_at', g.pushed_at),
              'people',
              json(
                (
                  SELECT
                    iif(
                      count(*) <= 1000,
                      json_object('count', count(DISTINCT k.user_seq), 'counted_at', NULL),
                      coalesce(
                        (
                          SELECT json_object('count', c.people, 'counted_at', c.counted_at)
                          FROM people_counts c
                          WHERE c.org_id = ?1
                            AND c.id = g.id
                        ),
                        json_object('count', NULL, 'counted_at', NULL)
                      )
                    )
                  FROM (
                    SELECT m.user_seq AS user_seq
                    FROM groups x
                      CROSS JOIN memberships m ON m.group_seq = x.seq
                    WHERE x.seq = g.seq
                    LIMIT 1000 + 1
                  ) k
                )
              )
            )
          )
        )
      FROM (SELECT * FROM groups WHERE team_id = f.id ORDER BY seq) g
    )
  ) AS json
FROM (
  SELECT t.id AS id, t.name AS name, t.name_fold AS name_fold
  FROM projects p
    CROSS JOIN teams t ON t.project_id = p.id
  WHERE p.org_id = ?1
    AND p.id = ?2 AND t.id = ?3
) f;
SELECT
  g.id AS group_id,
  json_object(
    'id',
    users.id,
    'user_name',
    users.doc ->> '$.userName',
    'name',
    coalesce(
      nullif(trim(concat_ws(' ', users.doc ->> '$.name.givenName', users.doc ->> '$.name.familyName')), ''),
      users.doc ->> '$.displayName',
      ''
    ),
    'org_role',
    iif(users.active, users.org_role, 'Member'),
    'active',
    json(iif(users.active, 'true', 'false')),
    'managed',
    json(iif(users.managed, 'true', 'false')),
    'created_at',
    users.created_at,
    'last_modified',
    users.last_modified
  ) AS json
FROM
  groups g
  CROSS JOIN memberships m ON m.group_seq = g.seq
  AND m.user_seq IN (
    SELECT k.user_seq
    FROM memberships k
    WHERE k.group_seq = g.seq
    ORDER BY k.user_seq
    LIMIT 10
  )
  CROSS JOIN users ON users.seq = m.user_seq
WHERE + g.org_id = ?1 AND g.team_id = ?2
ORDER BY g.seq, m.user_seq;
WITH
found AS MATERIALIZED (
  SELECT f.*
  FROM (
    SELECT g.seq, g.id, g.display_name, g.name_fold, g.pushed_at
    FROM groups g INDEXED BY groups_by_name
    WHERE g.org_id = ?1
      AND g.project_id IS NULL
    ORDER BY name_fold
    LIMIT 20000
  ) f
  WHERE ?2 IS NULL OR instr(f.name_fold, ?2) > 0
  LIMIT 1000
),
page AS MATERIALIZED (
  SELECT f.*, f.pushed_at AS place
  FROM found f
  ORDER BY place DESC NULLS LAST, f.name_fold
  LIMIT CAST(?3 AS INTEGER) + 1 OFFSET CAST(?4 AS INTEGER)
)
SELECT
  json_object(
    'id',
    f.id,
    'display_name',
    f.display_name,
    'pushed_at',
    f.pushed_at,
    'people',
    json(
      (
        SELECT
          iif(
            count(*) <= 100,
            json_object('count', count(DISTINCT k.user_seq), 'counted_at', NULL),
            coalesce(
              (
                SELECT json_object('count', c.people, 'counted_at', c.counted_at)
                FROM people_counts c
                WHERE c.org_id = ?1
                  AND c.id = f.id
              ),
              json_object('count', NULL, 'counted_at', NULL)
            )
          )
        FROM (
          SELECT m.user_seq AS user_seq
          FROM groups x
            CROSS JOIN memberships m ON m.group_seq = x.seq
          WHERE x.seq = f.seq
          LIMIT 100 + 1
        ) k
      )
    )
  ) AS json
FROM page f
ORDER BY f.place DESC NULLS LAST, f.name_fold;

-- people of large groups and projects are counted
SELECT o.id AS org_id, e.seq AS newest
FROM
  organizations o
  CROSS JOIN events e ON e.org_id = o.id
  AND e.seq = (SELECT max(seq) FROM events WHERE org_id = o.id)
WHERE o.deleted_at IS NULL AND e.seq > o.people_counted_to
LIMIT 100;
INSERT INTO people_counts (org_id, id, people, counted_at)
SELECT
  t.org_id,
  t.id,
  (
    SELECT count(*)
    FROM groups x
      CROSS JOIN memberships m ON m.group_seq = x.seq
    WHERE x.seq = t.seq
  ),
  ?1
FROM groups t LEFT JOIN people_counts c ON c.org_id = t.org_id AND c.id = t.id
WHERE
  t.org_id = ?2
  AND c.counted_at IS NOT ?1
  AND EXISTS (
    SELECT 1
    FROM groups x
    WHERE
      x.seq = t.seq
      AND x.last_modified > coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', c.counted_at, '-5 minutes'), '')
  )
  AND EXISTS (
    SELECT 1
    FROM groups x
      CROSS JOIN memberships m ON m.group_seq = x.seq
    WHERE x.seq = t.seq
    LIMIT 1 OFFSET 100
  )
LIMIT 20
ON CONFLICT (org_id, id) DO UPDATE SET
  people = excluded.people, counted_at = excluded.counted_at
RETURNING 1 AS counted;
INSERT INTO people_counts (org_id, id, people, counted_at)
SELECT
  t.org_id,
  t.id,
  (
    SELECT count(DISTINCT m.user_seq)
    FROM groups x
      CROSS JOIN memberships m ON m.group_seq = x.seq
    WHERE x.project_id = t.id
  ),
  ?1
FROM projects t LEFT JOIN people_counts c ON c.org_id = t.org_id AND c.id = t.id
WHERE
  t.org_id = ?2
  AND c.counted_at IS NOT ?1
  AND EXISTS (
    SELECT 1
    FROM groups x
    WHERE
      x.project_id = t.id
      AND x.last_modified > coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', c.counted_at, '-5 minutes'), '')
  )
  AND EXISTS (
    SELECT 1
    FROM groups x
      CROSS JOIN memberships m ON m.group_seq = x.seq
    WHERE x.project_id = t.id
    LIMIT 1 OFFSET 100
  )
LIMIT 20
ON CONFLICT (org_id, id) DO UPDATE SET
  people = excluded.people, counted_at = excluded.counted_at
RETURNING 1 AS counted;
UPDATE organizations SET
  people_counted_to = CAST(?1 AS INTEGER)
WHERE id = ?2;

-- an organization is deleted, restored, and its rows are deleted
UPDATE organizations SET
  deleted_at = ?1, deleted_by = ?2
WHERE id = ?3 AND deleted_at IS NULL;
SELECT CASE WHEN changes() = 1 THEN '' ELSE json('stale') END;
UPDATE auth_keys SET
  deactivated_at = ?1, is_stopped = 1
WHERE org_id = ?2 AND deactivated_at IS NULL;
INSERT INTO
  new_events (
    org_id,
    seq,
    at,
    type,
    story,
    log_id,
    source,
    actor,
    key_id,
    subject_type,
    subject_id,
    version,
    data,
    active,
    active_total,
    lost,
    lost_total,
    personal,
    others
  )
SELECT
  p.org_id,
  p.seq + 1,
  max(coalesce(substr(p.request_log_id, 1, 24), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), p.at),
  (?1 ->> 'type'),
  coalesce(CAST(?2 AS INTEGER), iif(p.log_id = p.request_log_id, p.story, p.seq + 1)),
  p.request_log_id,
  ?3,
  ?4,
  ?5,
  (?1 ->> 'subject_type'),
  (?1 ->> 'subject_id'),
  coalesce(
    ?1 ->> 'version',
    CASE
      ?1 ->> 'subject_type'
      WHEN 'group' THEN (SELECT version FROM groups WHERE org_id = p.org_id AND id = ?1 ->> 'subject_id')
    END
  ),
  ?1 -> 'data',
  (?1 ->> 'active'),
  p.active_total + (?1 ->> 'active_sum'),
  iif(?3 = 'scim', (?1 ->> 'lost'), 0),
  p.lost_total + iif(?3 = 'scim', (?1 ->> 'lost_sum'), 0),
  (?1 ->> 'personal'),
  NULL
FROM (
  SELECT
    n.*,
    (
      SELECT l.id
      FROM log l
      WHERE
        l.org_id = n.org_id
        AND substr(l.id, 26) = ?6
        AND l.id > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
      ORDER BY l.id DESC
      LIMIT 1
    ) AS request_log_id
  FROM (
    SELECT *
    FROM (
      SELECT org_id, seq, at, story, log_id, active_total, lost_total
      FROM events
      WHERE org_id = ?7
      ORDER BY seq DESC
      LIMIT 1
    )
    UNION ALL
    SELECT ?7, 0, '', NULL, NULL, 0, 0
    LIMIT 1
  ) n
  WHERE n.org_id IS NOT NULL
  LIMIT 1
) p
LIMIT 1;
UPDATE organizations SET
  deleted_at = NULL, deleted_by = NULL
WHERE id = ?1 AND deleted_at IS NOT NULL;
SELECT CASE WHEN changes() = 1 THEN '' ELSE json('stale') END;
UPDATE auth_keys SET
  deactivated_at = NULL, is_stopped = 0
WHERE org_id = ?1 AND is_stopped = 1;
INSERT INTO
  new_events (
    org_id,
    seq,
    at,
    type,
    story,
    log_id,
    source,
    actor,
    key_id,
    subject_type,
    subject_id,
    version,
    data,
    active,
    active_total,
    lost,
    lost_total,
    personal,
    others
  )
SELECT
  p.org_id,
  p.seq + 1,
  max(coalesce(substr(p.request_log_id, 1, 24), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), p.at),
  (?1 ->> 'type'),
  coalesce(CAST(?2 AS INTEGER), iif(p.log_id = p.request_log_id, p.story, p.seq + 1)),
  p.request_log_id,
  ?3,
  ?4,
  ?5,
  (?1 ->> 'subject_type'),
  (?1 ->> 'subject_id'),
  coalesce(
    ?1 ->> 'version',
    CASE
      ?1 ->> 'subject_type'
      WHEN 'group' THEN (SELECT version FROM groups WHERE org_id = p.org_id AND id = ?1 ->> 'subject_id')
    END
  ),
  ?1 -> 'data',
  (?1 ->> 'active'),
  p.active_total + (?1 ->> 'active_sum'),
  iif(?3 = 'scim', (?1 ->> 'lost'), 0),
  p.lost_total + iif(?3 = 'scim', (?1 ->> 'lost_sum'), 0),
  (?1 ->> 'personal'),
  NULL
FROM (
  SELECT
    n.*,
    (
      SELECT l.id
      FROM log l
      WHERE
        l.org_id = n.org_id
        AND substr(l.id, 26) = ?6
        AND l.id > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
      ORDER BY l.id DESC
      LIMIT 1
    ) AS request_log_id
  FROM (
    SELECT *
    FROM (
      SELECT org_id, seq, at, story, log_id, active_total, lost_total
      FROM events
      WHERE org_id = ?7
      ORDER BY seq DESC
      LIMIT 1
    )
    UNION ALL
    SELECT ?7, 0, '', NULL, NULL, 0, 0
    LIMIT 1
  ) n
  WHERE n.org_id IS NOT NULL
  LIMIT 1
) p
LIMIT 1;
SELECT id, deleted_at
FROM organizations INDEXED BY organizations_deleted
WHERE deleted_at IS NOT NULL AND deleted_at < ?1
ORDER BY deleted_at
LIMIT CAST(?2 AS INTEGER);
DELETE FROM memberships
WHERE
  (group_seq, user_seq) IN (
    SELECT t.group_seq, t.user_seq
    FROM
      organizations o
      CROSS JOIN groups g ON g.org_id = o.id
      CROSS JOIN memberships t ON t.group_seq = g.seq
    WHERE o.deleted_at < ?1
    LIMIT CAST(?2 AS INTEGER)
  )
RETURNING 1;
DELETE FROM users
WHERE
  (seq) IN (
    SELECT t.seq
    FROM organizations o
      CROSS JOIN users t ON t.org_id = o.id
    WHERE o.deleted_at < ?1
    LIMIT CAST(?2 AS INTEGER)
  )
RETURNING 1;
DELETE FROM groups
WHERE
  (seq) IN (
    SELECT t.seq
    FROM organizations o
      CROSS JOIN groups t ON t.org_id = o.id
    WHERE o.deleted_at < ?1
    LIMIT CAST(?2 AS INTEGER)
  )
RETURNING 1;
DELETE FROM archived_groups
WHERE
  (id) IN (
    SELECT t.id
    FROM
      organizations o
      CROSS JOIN projects p ON p.org_id = o.id
      CROSS JOIN archived_groups t ON t.project_id = p.id
    WHERE o.deleted_at < ?1
    LIMIT CAST(?2 AS INTEGER)
  )
RETURNING 1;
DELETE FROM teams
WHERE
  (id) IN (
    SELECT t.id
    FROM organizations o
      CROSS JOIN projects p ON p.org_id = o.id CROSS JOIN teams t ON t.project_id = p.id
    WHERE o.deleted_at < ?1
    LIMIT CAST(?2 AS INTEGER)
  )
RETURNING 1;
DELETE FROM projects
WHERE
  (id) IN (
    SELECT t.id
    FROM organizations o
      CROSS JOIN projects t ON t.org_id = o.id
    WHERE o.deleted_at < ?1
    LIMIT CAST(?2 AS INTEGER)
  )
RETURNING 1;
DELETE FROM organizations
WHERE
  (id) IN (
    SELECT t.id
    FROM
      organizations o
      CROSS JOIN organizations t ON t.id = o.id
      AND NOT EXISTS (SELECT 1 FROM users WHERE org_id = o.id)
      AND NOT EXISTS (SELECT 1 FROM groups WHERE org_id = o.id)
      AND NOT EXISTS (SELECT 1 FROM projects WHERE org_id = o.id)
    WHERE o.deleted_at < ?1
    LIMIT CAST(?2 AS INTEGER)
  )
RETURNING 1;

-- how the provisioning is
WITH
k AS MATERIALIZED (
  SELECT
    id,
    last_used_at,
    expires_at,
    deactivated_at IS NULL
    AND (expires_at IS NULL OR expires_at > ?1) AS is_good
  FROM auth_keys
  WHERE org_id = ?2
  ORDER BY created_at DESC
  LIMIT 30
)
SELECT
  json_object(
    'last_heard_at',
    (SELECT max(k.last_used_at) FROM k),
    'failures',
    (
      SELECT count(*)
      FROM (
        SELECT 1
        FROM log l INDEXED BY log_of_failures
        WHERE
          l.org_id = ?2
          AND l.status >= 400
          AND l.id >= strftime('%Y-%m-%dT%H:%M:%fZ', ?1, '-1 day')
          AND l.source = 'scim'
        LIMIT 100
      )
    ),
    'key',
    json(
      (
        SELECT
          json_object(
            'id',
            k.id,
            'expires_at',
            k.expires_at,
            'is_good',
            json(iif(k.is_good, 'true', 'false'))
          )
        FROM k
        WHERE k.last_used_at IS NOT NULL
        ORDER BY k.last_used_at DESC
        LIMIT 1
      )
    ),
    'unused',
    json(
      (
        SELECT json_group_array(json_object('id', k.id, 'expires_at', k.expires_at, 'is_good', json('true')))
        FROM k
        WHERE k.last_used_at IS NULL
          AND k.is_good
      )
    ),
    'good_keys',
    (SELECT count(*) FROM k WHERE k.is_good),
    'import',
    (
      SELECT i.id
      FROM (
        SELECT id, is_done, read_at
        FROM imports
        WHERE org_id = ?2
        ORDER BY id DESC
        LIMIT 3
      ) i
      WHERE i.is_done = 0
        AND i.read_at > strftime('%Y-%m-%dT%H:%M:%fZ', ?1, '-3 minutes')
      LIMIT 1
    ),
    'late_products',
    (
      SELECT count(c.at)
      FROM (
        SELECT
          c.id AS id,
          c.name AS name,
          (
            SELECT e.at
            FROM (
              SELECT n.at AS at, n.type AS type
              FROM events n
              WHERE n.org_id = c.org_id
                AND n.seq > c.seq
              ORDER BY n.seq
              LIMIT 200
            ) e
            WHERE
              (e.type = 'person.deactivated' OR e.type = 'person.deleted')
              AND e.at < strftime(
                '%Y-%m-%dT%H:%M:%fZ',
                ?1,
                '-' || (SELECT nullif(revocation_minutes, 0) FROM organizations WHERE id = c.org_id) || ' minutes'
              )
            LIMIT 1
          ) AS at
        FROM (
          SELECT
            c.*,
            EXISTS (
              SELECT 1
              FROM product_keys k
              WHERE
                k.org_id = c.org_id
                AND k.consumer = c.id
                AND k.deactivated_at IS NULL
                AND (k.expires_at IS NULL OR k.expires_at > ?1)
            )
            OR NOT EXISTS (SELECT 1 FROM product_keys k WHERE k.org_id = c.org_id AND k.id = c.id) AS in_use
          FROM consumers c
          WHERE c.org_id = ?2
          ORDER BY c.at DESC
          LIMIT 20
        ) c
        WHERE c.in_use
      ) c
    ),
    'bulk',
    (
      SELECT r.id
      FROM bulk_runs r INDEXED BY bulk_runs_under_way
      WHERE r.org_id = ?2
        AND r.status = 'running'
      LIMIT 1
    )
  ) AS json;
SELECT
  count(DISTINCT f.resource_id) AS number,
  max(substr(f.id, 1, 24)) AS at,
  f.resource_id AS id,
  g.display_name AS name
FROM (
  SELECT l.*
  FROM log l INDEXED BY log_of_failures
  WHERE
    l.org_id = ?1
    AND l.status >= 400
    AND l.id >= strftime('%Y-%m-%dT%H:%M:%fZ', ?2, '-7 days')
    AND l.source = 'scim'
  ORDER BY l.id DESC
  LIMIT 500
) f
  JOIN groups g ON g.org_id = f.org_id
  AND g.id = f.resource_id
WHERE f.code = 'group_rename_not_allowed' AND coalesce(g.pushed_at, '') < substr(f.id, 1, 24)
HAVING count(*) > 0;
WITH
newest AS MATERIALIZED (
  SELECT id, resource, key_id, read_at, is_done
  FROM imports
  WHERE org_id = ?1
  ORDER BY id DESC
  LIMIT 20
),
import AS (
  SELECT n.*
  FROM newest n
  WHERE n.resource = 'Users' AND n.is_done = 1 AND n.id >= strftime('%Y-%m-%dT%H:%M:%fZ', ?2, '-7 days')
  ORDER BY n.id DESC
  LIMIT 1
)
SELECT 1 AS number, i.read_at AS at, i.id AS id, NULL AS name
FROM import i
WHERE
  i.read_at < strftime('%Y-%m-%dT%H:%M:%fZ', ?2, '-10 minutes')
  AND NOT EXISTS (SELECT 1 FROM newest n WHERE n.resource = 'Groups' AND n.key_id = i.key_id AND n.id >= i.id)
  AND EXISTS (
    SELECT 1
    FROM (
      SELECT g.pushed_at
      FROM groups g INDEXED BY groups_in_order
      WHERE g.org_id = ?1
      ORDER BY g.seq
      LIMIT 1000
    ) p
    WHERE p.pushed_at IS NOT NULL
  )
  AND EXISTS (
    SELECT 1
    FROM (
      SELECT e.key_id, e.subject_type
      FROM events e
      WHERE e.org_id = ?1
      ORDER BY e.seq DESC
      LIMIT 2000
    ) e
    WHERE e.key_id = i.key_id
      AND e.subject_type = 'group'
  );
SELECT n.number AS number, NULL AS at, NULL AS id, NULL AS name
FROM (
  SELECT
    count(
      CASE
        WHEN u.external_id <> ''
        AND instr(u.user_name_fold, '@') > 1
        AND lower(u.external_id) = substr(u.user_name_fold, 1, instr(u.user_name_fold, '@') - 1) THEN 1
      END
    ) AS number,
    count(u.external_id) AS known
  FROM (
    SELECT external_id, user_name_fold
    FROM users INDEXED BY users_in_order
    WHERE org_id = ?1
      AND managed = 1
    ORDER BY seq DESC
    LIMIT 200
  ) u
) n
WHERE n.number >= 2 AND n.number * 2 > n.known;
WITH
removal AS (
  SELECT g.value ->> 'id' AS group_id, p.value ->> 'id' AS person_id, count(*) AS times, max(e.at) AS at
  FROM
    (
      SELECT e.at, e.type, e.source, e.data
      FROM events e
      WHERE e.org_id = ?1
      ORDER BY e.seq DESC
      LIMIT 2000
    ) e
    CROSS JOIN json_each(e.data, '$.groups') g
    CROSS JOIN json_each(e.data, '$.people') p
  WHERE
    e.type = 'membership.removed'
    AND e.source = 'scim'
    AND e.at >= strftime('%Y-%m-%dT%H:%M:%fZ', ?2, '-1 day')
  GROUP BY group_id, person_id
  HAVING count(*) > 1
),
flapping AS (
  SELECT r.group_id, max(r.at) AS at
  FROM removal r
  GROUP BY r.group_id
  HAVING count(*) > 1 OR max(r.times) > 2
)
SELECT
  count(*) AS number,
  max(f.at) AS at,
  f.group_id AS id,
  (SELECT g.display_name FROM groups g WHERE g.org_id = ?1 AND g.id = f.group_id) AS name
FROM flapping f
HAVING count(*) > 0;
SELECT count(*) AS number, NULL AS at, max(u.id) AS id, max(u.name) AS name
FROM (
  SELECT id, external_id, doc ->> '$.userName' AS name
  FROM users INDEXED BY users_in_order
  WHERE org_id = ?1
    AND managed = 0
  LIMIT 1000
) u
WHERE u.external_id IS NOT NULL
HAVING count(*) > 0;
SELECT
  count(DISTINCT f.resource_name) AS number,
  max(substr(f.id, 1, 24)) AS at,
  NULL AS id,
  f.resource_name AS name
FROM (
  SELECT l.*
  FROM log l INDEXED BY log_of_failures
  WHERE
    l.org_id = ?1
    AND l.status >= 400
    AND l.id >= strftime('%Y-%m-%dT%H:%M:%fZ', ?2, '-7 days')
    AND l.source = 'scim'
  ORDER BY l.id DESC
  LIMIT 500
) f
  JOIN organizations o ON o.id = f.org_id
WHERE f.code = 'domain_not_allowed' AND substr(f.id, 1, 24) > o.last_modified
HAVING count(*) > 0;
SELECT count(*) AS number, min(c.at) AS at, c.id AS id, c.name AS name
FROM (
  SELECT
    c.id AS id,
    c.name AS name,
    (
      SELECT e.at
      FROM (
        SELECT n.at AS at, n.type AS type
        FROM events n
        WHERE n.org_id = c.org_id
          AND n.seq > c.seq
        ORDER BY n.seq
        LIMIT 200
      ) e
      WHERE
        (e.type = 'person.deactivated' OR e.type = 'person.deleted')
        AND e.at < strftime(
          '%Y-%m-%dT%H:%M:%fZ',
          ?1,
          '-' || (SELECT nullif(revocation_minutes, 0) FROM organizations WHERE id = c.org_id) || ' minutes'
        )
      LIMIT 1
    ) AS at
  FROM (
    SELECT
      c.*,
      EXISTS (
        SELECT 1
        FROM product_keys k
        WHERE
          k.org_id = c.org_id
          AND k.consumer = c.id
          AND k.deactivated_at IS NULL
          AND (k.expires_at IS NULL OR k.expires_at > ?1)
      )
      OR NOT EXISTS (SELECT 1 FROM product_keys k WHERE k.org_id = c.org_id AND k.id = c.id) AS in_use
    FROM consumers c
    WHERE c.org_id = ?2
    ORDER BY c.at DESC
    LIMIT 20
  ) c
  WHERE c.in_use
) c
WHERE c.at IS NOT NULL
HAVING count(*) > 0;

-- what an undo of all of a key would look at
WITH
RECURSIVE ends (oldest, newest) AS (
  SELECT
    (SELECT seq FROM events WHERE org_id = ?1 ORDER BY seq LIMIT 1),
    (SELECT seq FROM events WHERE org_id = ?1 ORDER BY seq DESC LIMIT 1)
),
since (low, high) AS (
  SELECT oldest, newest + 1
  FROM ends
  UNION ALL
  SELECT iif(e.at >= coalesce(?2, ''), low, e.seq + 1), iif(e.at >= coalesce(?2, ''), e.seq, high)
  FROM since CROSS JOIN events e ON e.org_id = ?1 AND e.seq = (low + high) / 2
  WHERE low < high
),
until (low, high) AS (
  SELECT oldest, newest + 1
  FROM ends
  UNION ALL
  SELECT iif(e.at >= coalesce(?3, ''), low, e.seq + 1), iif(e.at >= coalesce(?3, ''), e.seq, high)
  FROM until CROSS JOIN events e ON e.org_id = ?1 AND e.seq = (low + high) / 2
  WHERE low < high
)
SELECT
  json_object(
    'from',
    max(
      oldest,
      coalesce(CAST(?4 AS INTEGER), 0),
      coalesce((SELECT min(value) FROM json_each(?5)), 0),
      iif(?2 IS NULL, 0, (SELECT low FROM since WHERE low = high))
    ),
    'to',
    min(
      newest,
      coalesce(
        max(
          (SELECT max(value) FROM json_each(?5)),
          coalesce(
            (
              SELECT max(e.seq)
              FROM (
                SELECT max(d.seq) AS seq, d.story AS story
                FROM json_each(?5) k
                  CROSS JOIN events d ON d.org_id = ?1 AND d.seq = k.value
                WHERE d.type = 'group.deleted'
                  OR d.type = 'team.deleted' OR d.type = 'project.archived'
              ) d
                CROSS JOIN events e ON e.org_id = ?1
                AND e.seq BETWEEN d.seq AND d.seq + 1000
                AND e.story = d.story
            ),
            0
          )
        ),
        newest
      ),
      iif(?3 IS NULL, newest, (SELECT low - 1 FROM until WHERE low = high))
    )
  ) AS json
FROM ends
WHERE newest IS NOT NULL;
SELECT
  json_object(
    'events',
    (
      SELECT count(*)
      FROM events e
      WHERE
        e.org_id = ?1
        AND e.seq BETWEEN CAST(?2 AS INTEGER)
        AND CAST(?3 AS INTEGER)
        AND (?4 IS NULL OR e.story = CAST(?4 AS INTEGER))
        AND (?5 IS NULL OR e.key_id = ?5)
        AND (?6 IS NULL OR e.actor = ?6)
        AND (?7 IS NULL OR e.source = ?7)
        AND (
          (?8 IS NULL OR e.type IN (SELECT value FROM json_each(?8)))
          AND (?9 IS NULL OR e.seq IN (SELECT value FROM json_each(?9)))
          OR e.type = 'membership.removed'
          AND e.subject_type = 'group'
          AND EXISTS (
            SELECT 1
            FROM event_subjects ds
              CROSS JOIN events d ON d.org_id = ds.org_id AND d.seq = ds.seq
            WHERE
              ds.org_id = e.org_id
              AND ds.subject_id IN (e.subject_id, e.data ->> '$.groups[0].team.id', e.data ->> '$.groups[0].project.id')
              AND ds.seq BETWEEN e.story AND e.seq
              AND d.story = e.story
              AND (d.type = 'group.deleted' OR d.type = 'team.deleted' OR d.type = 'project.archived')
              AND (?8 IS NULL OR d.type IN (SELECT value FROM json_each(?8)))
              AND (?9 IS NULL OR d.seq IN (SELECT value FROM json_each(?9)))
          )
        )
        AND e.type IN (
          'person.created',
          'person.updated',
          'person.deactivated',
          'person.restored',
          'person.deleted',
          'person.undeleted',
          'org_role.changed',
          'ownership.transferred',
          'membership.added',
          'membership.removed',
          'group.created',
          'group.updated',
          'group.deleted',
          'team.created',
          'team.deleted',
          'role.created',
          'project.created',
          'project.renamed',
          'project.archived',
          'project.restored',
          'settings.changed',
          'team.renamed',
          'role.renamed'
        )
    ),
    'people',
    count(DISTINCT id) FILTER (WHERE place IN (-3, 1)),
    'groups',
    count(DISTINCT id) FILTER (WHERE place IN (-4, 0)),
    'teams',
    count(DISTINCT id) FILTER (WHERE place IN (-5, -1)),
    'projects',
    count(DISTINCT id) FILTER (WHERE place IN (-6, 2)),
    'others',
    json(
      (
        SELECT json_group_array(json_object('type', type, 'count', number))
        FROM (
          SELECT e.type AS type, count(*) AS number
          FROM events e
          WHERE
            e.org_id = ?1
            AND e.seq BETWEEN CAST(?2 AS INTEGER)
            AND CAST(?3 AS INTEGER)
            AND (?4 IS NULL OR e.story = CAST(?4 AS INTEGER))
            AND (?5 IS NULL OR e.key_id = ?5)
            AND (?6 IS NULL OR e.actor = ?6)
            AND (?7 IS NULL OR e.source = ?7)
            AND (
              (?8 IS NULL OR e.type IN (SELECT value FROM json_each(?8)))
              AND (?9 IS NULL OR e.seq IN (SELECT value FROM json_each(?9)))
              OR e.type = 'membership.removed'
              AND e.subject_type = 'group'
              AND EXISTS (
                SELECT 1
                FROM event_subjects ds
                  CROSS JOIN events d ON d.org_id = ds.org_id AND d.seq = ds.seq
                WHERE
                  ds.org_id = e.org_id
                  AND ds.subject_id IN (e.subject_id, e.data ->> '$.groups[0].team.id', e.data ->> '$.groups[0].project.id')
                  AND ds.seq BETWEEN e.story AND e.seq
                  AND d.story = e.story
                  AND (d.type = 'group.deleted' OR d.type = 'team.deleted' OR d.type = 'project.archived')
                  AND (?8 IS NULL OR d.type IN (SELECT value FROM json_each(?8)))
                  AND (?9 IS NULL OR d.seq IN (SELECT value FROM json_each(?9)))
              )
            )
            AND e.type NOT IN (
              'person.created',
              'person.updated',
              'person.deactivated',
              'person.restored',
              'person.deleted',
              'person.undeleted',
              'org_role.changed',
              'ownership.transferred',
              'membership.added',
              'membership.removed',
              'group.created',
              'group.updated',
              'group.deleted',
              'team.created',
              'team.deleted',
              'role.created',
              'project.created',
              'project.renamed',
              'project.archived',
              'project.restored',
              'settings.changed',
              'team.renamed',
              'role.renamed'
            )
            AND e.type <> 'brake.engaged'
          GROUP BY 1
          ORDER BY 1
        )
      )
    )
  ) AS json
FROM (
  SELECT DISTINCT q.value AS place, j.value ->> 'id' AS id
  FROM
    events e
    CROSS JOIN json_each(
      CASE
        e.type
        WHEN 'membership.added' THEN e.data -> '$.people'
        WHEN 'membership.removed' THEN e.data -> '$.people'
        WHEN 'ownership.transferred' THEN json_array(
          json_object('id', e.data ->> '$.owner.before'),
          json_object('id', e.data ->> '$.owner.after')
        )
        ELSE json_array(
          json_object(
            'id',
            CASE
              e.type
              WHEN 'role.created' THEN e.data ->> '$.group.id'
              WHEN 'group.created' THEN iif(
                'project.created' = (SELECT f.type FROM events f WHERE f.org_id = e.org_id AND f.seq = e.story),
                e.data ->> '$.group.project.id',
                coalesce(e.data ->> '$.group.team.id', e.subject_id)
              )
              WHEN 'group.deleted' THEN coalesce(e.data ->> '$.group.team.id', e.subject_id)
              ELSE e.subject_id
            END
          )
        )
      END
    ) j
    CROSS JOIN json_each(
      CASE
        e.type
        WHEN 'person.created' THEN '[-3,1]'
        WHEN 'person.undeleted' THEN '[-3,1]'
        WHEN 'group.created' THEN iif(
          'project.created' = (SELECT f.type FROM events f WHERE f.org_id = e.org_id AND f.seq = e.story),
          '[-6]',
          iif(e.data ->> '$.group.team.id' IS NULL, '[-4,0]', '[-5,-1]')
        )
        WHEN 'group.deleted' THEN iif(e.data ->> '$.group.team.id' IS NULL, '[-4,0]', '[-5,-1]')
        WHEN 'group.updated' THEN '[0]'
        WHEN 'role.created' THEN '[-4]'
        WHEN 'team.created' THEN '[-5,-1]'
        WHEN 'team.deleted' THEN '[-5,-1]'
        WHEN 'team.renamed' THEN '[-1]'
        WHEN 'role.renamed' THEN '[0]'
        WHEN 'project.created' THEN '[-6]'
        WHEN 'project.renamed' THEN '[-6]'
        WHEN 'project.archived' THEN '[-6,2]'
        WHEN 'project.restored' THEN '[-6,2]'
        WHEN 'settings.changed' THEN '[-2]'
        ELSE '[1]'
      END
    ) q
  WHERE
    e.org_id = ?1
    AND e.seq BETWEEN CAST(?2 AS INTEGER)
    AND CAST(?3 AS INTEGER)
    AND (?4 IS NULL OR e.story = CAST(?4 AS INTEGER))
    AND (?5 IS NULL OR e.key_id = ?5)
    AND (?6 IS NULL OR e.actor = ?6)
    AND (?7 IS NULL OR e.source = ?7)
    AND (
      (?8 IS NULL OR e.type IN (SELECT value FROM json_each(?8)))
      AND (?9 IS NULL OR e.seq IN (SELECT value FROM json_each(?9)))
      OR e.type = 'membership.removed'
      AND e.subject_type = 'group'
      AND EXISTS (
        SELECT 1
        FROM event_subjects ds
          CROSS JOIN events d ON d.org_id = ds.org_id AND d.seq = ds.seq
        WHERE
          ds.org_id = e.org_id
          AND ds.subject_id IN (e.subject_id, e.data ->> '$.groups[0].team.id', e.data ->> '$.groups[0].project.id')
          AND ds.seq BETWEEN e.story AND e.seq
          AND d.story = e.story
          AND (d.type = 'group.deleted' OR d.type = 'team.deleted' OR d.type = 'project.archived')
          AND (?8 IS NULL OR d.type IN (SELECT value FROM json_each(?8)))
          AND (?9 IS NULL OR d.seq IN (SELECT value FROM json_each(?9)))
      )
    )
    AND e.type IN (
      'person.created',
      'person.updated',
      'person.deactivated',
      'person.restored',
      'person.deleted',
      'person.undeleted',
      'org_role.changed',
      'ownership.transferred',
      'membership.added',
      'membership.removed',
      'group.created',
      'group.updated',
      'group.deleted',
      'team.created',
      'team.deleted',
      'role.created',
      'project.created',
      'project.renamed',
      'project.archived',
      'project.restored',
      'settings.changed',
      'team.renamed',
      'role.renamed'
    )
);
SELECT
  json_object(
    'place',
    x.place,
    'id',
    x.id,
    'bytes',
    (
      SELECT count(*) * 300 + coalesce(sum(length(s.personal)), 0)
      FROM event_subjects s
      WHERE s.org_id = ?1
        AND s.subject_id = x.id AND s.seq >= CAST(?2 AS INTEGER)
    ) + coalesce((SELECT length(u.doc) FROM users u WHERE u.org_id = ?1 AND u.id = x.id), 0) + iif(
      x.place IN (-5, -4, 2),
      (
        SELECT count(*) * 50
        FROM memberships
        WHERE
          group_seq IN (
            SELECT seq
            FROM groups
            WHERE org_id = ?1
              AND id = x.id
            UNION ALL
            SELECT seq
            FROM groups
            WHERE + org_id = ?1
              AND team_id = x.id
            UNION ALL
            SELECT seq
            FROM groups
            WHERE + org_id = ?1
              AND project_id = x.id
          )
      ),
      0
    )
  ) AS json
FROM (
  SELECT DISTINCT q.value AS place, j.value ->> 'id' AS id
  FROM
    events e
    CROSS JOIN json_each(
      CASE
        e.type
        WHEN 'membership.added' THEN e.data -> '$.people'
        WHEN 'membership.removed' THEN e.data -> '$.people'
        WHEN 'ownership.transferred' THEN json_array(
          json_object('id', e.data ->> '$.owner.before'),
          json_object('id', e.data ->> '$.owner.after')
        )
        ELSE json_array(
          json_object(
            'id',
            CASE
              e.type
              WHEN 'role.created' THEN e.data ->> '$.group.id'
              WHEN 'group.created' THEN iif(
                'project.created' = (SELECT f.type FROM events f WHERE f.org_id = e.org_id AND f.seq = e.story),
                e.data ->> '$.group.project.id',
                coalesce(e.data ->> '$.group.team.id', e.subject_id)
              )
              WHEN 'group.deleted' THEN coalesce(e.data ->> '$.group.team.id', e.subject_id)
              ELSE e.subject_id
            END
          )
        )
      END
    ) j
    CROSS JOIN json_each(
      CASE
        e.type
        WHEN 'person.created' THEN '[-3,1]'
        WHEN 'person.undeleted' THEN '[-3,1]'
        WHEN 'group.created' THEN iif(
          'project.created' = (SELECT f.type FROM events f WHERE f.org_id = e.org_id AND f.seq = e.story),
          '[-6]',
          iif(e.data ->> '$.group.team.id' IS NULL, '[-4,0]', '[-5,-1]')
        )
        WHEN 'group.deleted' THEN iif(e.data ->> '$.group.team.id' IS NULL, '[-4,0]', '[-5,-1]')
        WHEN 'group.updated' THEN '[0]'
        WHEN 'role.created' THEN '[-4]'
        WHEN 'team.created' THEN '[-5,-1]'
        WHEN 'team.deleted' THEN '[-5,-1]'
        WHEN 'team.renamed' THEN '[-1]'
        WHEN 'role.renamed' THEN '[0]'
        WHEN 'project.created' THEN '[-6]'
        WHEN 'project.renamed' THEN '[-6]'
        WHEN 'project.archived' THEN '[-6,2]'
        WHEN 'project.restored' THEN '[-6,2]'
        WHEN 'settings.changed' THEN '[-2]'
        ELSE '[1]'
      END
    ) q
  WHERE
    e.org_id = ?1
    AND e.seq BETWEEN CAST(?2 AS INTEGER)
    AND CAST(?3 AS INTEGER)
    AND (?4 IS NULL OR e.story = CAST(?4 AS INTEGER))
    AND (?5 IS NULL OR e.key_id = ?5)
    AND (?6 IS NULL OR e.actor = ?6)
    AND (?7 IS NULL OR e.source = ?7)
    AND (
      (?8 IS NULL OR e.type IN (SELECT value FROM json_each(?8)))
      AND (?9 IS NULL OR e.seq IN (SELECT value FROM json_each(?9)))
      OR e.type = 'membership.removed'
      AND e.subject_type = 'group'
      AND EXISTS (
        SELECT 1
        FROM event_subjects ds
          CROSS JOIN events d ON d.org_id = ds.org_id AND d.seq = ds.seq
        WHERE
          ds.org_id = e.org_id
          AND ds.subject_id IN (e.subject_id, e.data ->> '$.groups[0].team.id', e.data ->> '$.groups[0].project.id')
          AND ds.seq BETWEEN e.story AND e.seq
          AND d.story = e.story
          AND (d.type = 'group.deleted' OR d.type = 'team.deleted' OR d.type = 'project.archived')
          AND (?8 IS NULL OR d.type IN (SELECT value FROM json_each(?8)))
          AND (?9 IS NULL OR d.seq IN (SELECT value FROM json_each(?9)))
      )
    )
    AND e.type IN (
      'person.created',
      'person.updated',
      'person.deactivated',
      'person.restored',
      'person.deleted',
      'person.undeleted',
      'org_role.changed',
      'ownership.transferred',
      'membership.added',
      'membership.removed',
      'group.created',
      'group.updated',
      'group.deleted',
      'team.created',
      'team.deleted',
      'role.created',
      'project.created',
      'project.renamed',
      'project.archived',
      'project.restored',
      'settings.changed',
      'team.renamed',
      'role.renamed'
    )
    AND (q.value, j.value ->> 'id') > (CAST(?10 AS INTEGER), ?11)
  ORDER BY 1, 2
  LIMIT CAST(?12 AS INTEGER)
) x;

-- the people and things of an undo are collected
SELECT
  json_object(
    'seq',
    coalesce(max(seq) FILTER (WHERE total <= 5000 OR number = 1), CAST(?1 AS INTEGER))
  ) AS json
FROM (
  SELECT seq, sum(weight) OVER in_order AS total, row_number() OVER in_order AS number
  FROM (
    SELECT e.seq AS seq, 1 + coalesce(json_array_length(e.data, '$.people'), 0) AS weight
    FROM events e
    WHERE
      e.org_id = ?2
      AND e.seq > CAST(?3 AS INTEGER)
      AND e.seq BETWEEN CAST(?4 AS INTEGER)
      AND CAST(?1 AS INTEGER)
      AND (?5 IS NULL OR e.story = CAST(?5 AS INTEGER))
      AND (?6 IS NULL OR e.key_id = ?6)
      AND (?7 IS NULL OR e.actor = ?7)
      AND (?8 IS NULL OR e.source = ?8)
      AND (
        (?9 IS NULL OR e.type IN (SELECT value FROM json_each(?9)))
        AND (?10 IS NULL OR e.seq IN (SELECT value FROM json_each(?10)))
        OR e.type = 'membership.removed'
        AND e.subject_type = 'group'
        AND EXISTS (
          SELECT 1
          FROM event_subjects ds
            CROSS JOIN events d ON d.org_id = ds.org_id AND d.seq = ds.seq
          WHERE
            ds.org_id = e.org_id
            AND ds.subject_id IN (e.subject_id, e.data ->> '$.groups[0].team.id', e.data ->> '$.groups[0].project.id')
            AND ds.seq BETWEEN e.story AND e.seq
            AND d.story = e.story
            AND (d.type = 'group.deleted' OR d.type = 'team.deleted' OR d.type = 'project.archived')
            AND (?9 IS NULL OR d.type IN (SELECT value FROM json_each(?9)))
            AND (?10 IS NULL OR d.seq IN (SELECT value FROM json_each(?10)))
        )
      )
      AND e.type IN (
        'person.created',
        'person.updated',
        'person.deactivated',
        'person.restored',
        'person.deleted',
        'person.undeleted',
        'org_role.changed',
        'ownership.transferred',
        'membership.added',
        'membership.removed',
        'group.created',
        'group.updated',
        'group.deleted',
        'team.created',
        'team.deleted',
        'role.created',
        'project.created',
        'project.renamed',
        'project.archived',
        'project.restored',
        'settings.changed',
        'team.renamed',
        'role.renamed'
      )
    ORDER BY e.seq
    LIMIT 5000
  )
  WINDOW in_order AS (ORDER BY seq ROWS UNBOUNDED PRECEDING)
);
INSERT INTO undo_subjects (org_id, undo_id, place, subject_id)
SELECT DISTINCT e.org_id, ?1, q.value, j.value ->> 'id'
FROM
  events e
  CROSS JOIN json_each(
    CASE
      e.type
      WHEN 'membership.added' THEN e.data -> '$.people'
      WHEN 'membership.removed' THEN e.data -> '$.people'
      WHEN 'ownership.transferred' THEN json_array(
        json_object('id', e.data ->> '$.owner.before'),
        json_object('id', e.data ->> '$.owner.after')
      )
      ELSE json_array(
        json_object(
          'id',
          CASE
            e.type
            WHEN 'role.created' THEN e.data ->> '$.group.id'
            WHEN 'group.created' THEN iif(
              'project.created' = (SELECT f.type FROM events f WHERE f.org_id = e.org_id AND f.seq = e.story),
              e.data ->> '$.group.project.id',
              coalesce(e.data ->> '$.group.team.id', e.subject_id)
            )
            WHEN 'group.deleted' THEN coalesce(e.data ->> '$.group.team.id', e.subject_id)
            ELSE e.subject_id
          END
        )
      )
    END
  ) j
  CROSS JOIN json_each(
    CASE
      e.type
      WHEN 'person.created' THEN '[-3,1]'
      WHEN 'person.undeleted' THEN '[-3,1]'
      WHEN 'group.created' THEN iif(
        'project.created' = (SELECT f.type FROM events f WHERE f.org_id = e.org_id AND f.seq = e.story),
        '[-6]',
        iif(e.data ->> '$.group.team.id' IS NULL, '[-4,0]', '[-5,-1]')
      )
      WHEN 'group.deleted' THEN iif(e.data ->> '$.group.team.id' IS NULL, '[-4,0]', '[-5,-1]')
      WHEN 'group.updated' THEN '[0]'
      WHEN 'role.created' THEN '[-4]'
      WHEN 'team.created' THEN '[-5,-1]'
      WHEN 'team.deleted' THEN '[-5,-1]'
      WHEN 'team.renamed' THEN '[-1]'
      WHEN 'role.renamed' THEN '[0]'
      WHEN 'project.created' THEN '[-6]'
      WHEN 'project.renamed' THEN '[-6]'
      WHEN 'project.archived' THEN '[-6,2]'
      WHEN 'project.restored' THEN '[-6,2]'
      WHEN 'settings.changed' THEN '[-2]'
      ELSE '[1]'
    END
  ) q
WHERE
  e.org_id = ?2
  AND e.seq > CAST(?3 AS INTEGER)
  AND e.seq <= CAST(?4 AS INTEGER)
  AND e.seq BETWEEN CAST(?5 AS INTEGER)
  AND CAST(?6 AS INTEGER)
  AND (?7 IS NULL OR e.story = CAST(?7 AS INTEGER))
  AND (?8 IS NULL OR e.key_id = ?8)
  AND (?9 IS NULL OR e.actor = ?9)
  AND (?10 IS NULL OR e.source = ?10)
  AND (
    (?11 IS NULL OR e.type IN (SELECT value FROM json_each(?11)))
    AND (?12 IS NULL OR e.seq IN (SELECT value FROM json_each(?12)))
    OR e.type = 'membership.removed'
    AND e.subject_type = 'group'
    AND EXISTS (
      SELECT 1
      FROM event_subjects ds
        CROSS JOIN events d ON d.org_id = ds.org_id AND d.seq = ds.seq
      WHERE
        ds.org_id = e.org_id
        AND ds.subject_id IN (e.subject_id, e.data ->> '$.groups[0].team.id', e.data ->> '$.groups[0].project.id')
        AND ds.seq BETWEEN e.story AND e.seq
        AND d.story = e.story
        AND (d.type = 'group.deleted' OR d.type = 'team.deleted' OR d.type = 'project.archived')
        AND (?11 IS NULL OR d.type IN (SELECT value FROM json_each(?11)))
        AND (?12 IS NULL OR d.seq IN (SELECT value FROM json_each(?12)))
    )
  )
  AND e.type IN (
    'person.created',
    'person.updated',
    'person.deactivated',
    'person.restored',
    'person.deleted',
    'person.undeleted',
    'org_role.changed',
    'ownership.transferred',
    'membership.added',
    'membership.removed',
    'group.created',
    'group.updated',
    'group.deleted',
    'team.created',
    'team.deleted',
    'role.created',
    'project.created',
    'project.renamed',
    'project.archived',
    'project.restored',
    'settings.changed',
    'team.renamed',
    'role.renamed'
  )
ON CONFLICT DO NOTHING;
SELECT
  json_object(
    'place',
    x.place,
    'id',
    x.id,
    'bytes',
    (
      SELECT count(*) * 300 + coalesce(sum(length(s.personal)), 0)
      FROM event_subjects s
      WHERE s.org_id = ?1
        AND s.subject_id = x.id AND s.seq >= CAST(?2 AS INTEGER)
    ) + coalesce((SELECT length(u.doc) FROM users u WHERE u.org_id = ?1 AND u.id = x.id), 0) + iif(
      x.place IN (-5, -4, 2),
      (
        SELECT count(*) * 50
        FROM memberships
        WHERE
          group_seq IN (
            SELECT seq
            FROM groups
            WHERE org_id = ?1
              AND id = x.id
            UNION ALL
            SELECT seq
            FROM groups
            WHERE + org_id = ?1
              AND team_id = x.id
            UNION ALL
            SELECT seq
            FROM groups
            WHERE + org_id = ?1
              AND project_id = x.id
          )
      ),
      0
    )
  ) AS json
FROM (
  SELECT place, subject_id AS id
  FROM undo_subjects
  WHERE org_id = ?1
    AND undo_id = ?3 AND (place, subject_id) > (CAST(?4 AS INTEGER), ?5)
  ORDER BY place, subject_id
  LIMIT CAST(?6 AS INTEGER)
) x;

-- people as an undo reads them
SELECT
  json_object(
    'id',
    j.value,
    'user',
    iif(
      u.id IS NULL,
      NULL,
      json_object(
        'version',
        u.version,
        'managed',
        json(iif(u.managed, 'true', 'false')),
        'person',
        json_object('active', u.active, 'org_role', u.org_role, 'doc', u.doc)
      )
    ),
    'deleted',
    iif(d.id IS NULL, NULL, json_object('event_seq', d.event_seq, 'person', json(d.person))),
    'kept',
    json(
      iif(
        o.keep_access = 0,
        NULL,
        iif(
          u.id IS NOT NULL,
          (
            SELECT json_group_array(g.id)
            FROM kept_memberships k
              CROSS JOIN groups g ON g.seq = k.group_seq
            WHERE k.user_seq = u.seq
          ),
          (
            SELECT json_group_array(g.id)
            FROM json_each(d.person, '$.kept') k
              CROSS JOIN groups g ON g.org_id = ?1 AND g.id = k.value
          )
        )
      )
    )
  ) AS json
FROM
  organizations o
  CROSS JOIN json_each(?2) j
  LEFT JOIN users u ON u.org_id = ?1
  AND u.id = j.value
  LEFT JOIN deleted_people d ON d.org_id = ?1
  AND d.id = j.value
  AND u.id IS NULL
WHERE o.id = ?1
ORDER BY j.key;
SELECT
  json_object(
    'id',
    j.value,
    'event',
    json_object(
      'seq',
      e.seq,
      'story',
      e.story,
      'is_selected',
      json(
        iif(
          (
            e.seq BETWEEN CAST(?1 AS INTEGER)
            AND CAST(?2 AS INTEGER)
            AND (?3 IS NULL OR e.story = CAST(?3 AS INTEGER))
            AND (?4 IS NULL OR e.key_id = ?4)
            AND (?5 IS NULL OR e.actor = ?5)
            AND (?6 IS NULL OR e.source = ?6)
            AND (
              (?7 IS NULL OR e.type IN (SELECT value FROM json_each(?7)))
              AND (?8 IS NULL OR e.seq IN (SELECT value FROM json_each(?8)))
              OR e.type = 'membership.removed'
              AND e.subject_type = 'group'
              AND EXISTS (
                SELECT 1
                FROM event_subjects ds
                  CROSS JOIN events d ON d.org_id = ds.org_id AND d.seq = ds.seq
                WHERE
                  ds.org_id = e.org_id
                  AND ds.subject_id IN (e.subject_id, e.data ->> '$.groups[0].team.id', e.data ->> '$.groups[0].project.id')
                  AND ds.seq BETWEEN e.story AND e.seq
                  AND d.story = e.story
                  AND (d.type = 'group.deleted' OR d.type = 'team.deleted' OR d.type = 'project.archived')
                  AND (?7 IS NULL OR d.type IN (SELECT value FROM json_each(?7)))
                  AND (?8 IS NULL OR d.seq IN (SELECT value FROM json_each(?8)))
              )
            )
            OR e.story = CAST(?9 AS INTEGER)
          ),
          'true',
          'false'
        )
      ),
      'is_of_person',
      json(iif(e.subject_type = 'person', 'true', 'false')),
      'personal',
      json(s.personal),
      'event',
      json_object(
        'type',
        e.type,
        'data',
        iif(
          e.type = 'membership.removed',
          json_object('groups', e.data -> '$.groups', 'people', json('[]')),
          json(e.data)
        )
      ),
      'gone',
      iif(
        e.type = 'membership.removed',
        json(
          (
            SELECT json_group_array(k.value ->> 'id')
            FROM json_each(e.data, '$.groups') k
            WHERE NOT EXISTS (SELECT 1 FROM groups g WHERE g.org_id = e.org_id AND g.id = k.value ->> 'id')
          )
        ),
        NULL
      )
    )
  ) AS json
FROM
  json_each(?10) j
  CROSS JOIN event_subjects s ON s.org_id = ?11
  AND s.subject_id = j.value
  AND s.seq >= CAST(?1 AS INTEGER)
  CROSS JOIN events e ON e.org_id = s.org_id
  AND e.seq = s.seq
WHERE
  e.type IN (
    'person.created',
    'person.updated',
    'person.deactivated',
    'person.restored',
    'person.deleted',
    'person.undeleted',
    'org_role.changed',
    'ownership.transferred',
    'membership.removed'
  )
ORDER BY j.key, e.seq;
SELECT
  json_object(
    'id',
    x.id,
    'addition',
    json_object(
      'group',
      x.group_id,
      'seq',
      x.since,
      'is_selected',
      json(
        iif(
          (
            e.seq BETWEEN CAST(?1 AS INTEGER)
            AND CAST(?2 AS INTEGER)
            AND (?3 IS NULL OR e.story = CAST(?3 AS INTEGER))
            AND (?4 IS NULL OR e.key_id = ?4)
            AND (?5 IS NULL OR e.actor = ?5)
            AND (?6 IS NULL OR e.source = ?6)
            AND (
              (?7 IS NULL OR e.type IN (SELECT value FROM json_each(?7)))
              AND (?8 IS NULL OR e.seq IN (SELECT value FROM json_each(?8)))
              OR e.type = 'membership.removed'
              AND e.subject_type = 'group'
              AND EXISTS (
                SELECT 1
                FROM event_subjects ds
                  CROSS JOIN events d ON d.org_id = ds.org_id AND d.seq = ds.seq
                WHERE
                  ds.org_id = e.org_id
                  AND ds.subject_id IN (e.subject_id, e.data ->> '$.groups[0].team.id', e.data ->> '$.groups[0].project.id')
                  AND ds.seq BETWEEN e.story AND e.seq
                  AND d.story = e.story
                  AND (d.type = 'group.deleted' OR d.type = 'team.deleted' OR d.type = 'project.archived')
                  AND (?7 IS NULL OR d.type IN (SELECT value FROM json_each(?7)))
                  AND (?8 IS NULL OR d.seq IN (SELECT value FROM json_each(?8)))
              )
            )
            OR e.story = CAST(?9 AS INTEGER)
          ),
          'true',
          'false'
        )
      ),
      'is_present',
      json(iif(x.is_present, 'true', 'false'))
    )
  ) AS json
FROM (
  SELECT j.value AS id, g.id AS group_id, m.since AS since, 1 AS is_present
  FROM
    json_each(?10) j
    CROSS JOIN users u ON u.org_id = ?11
    AND u.id = j.value
    CROSS JOIN memberships m ON m.user_seq = u.seq
    CROSS JOIN groups g ON g.seq = m.group_seq
  UNION ALL
  SELECT j.value, e.subject_id, s.since, 0
  FROM
    json_each(?10) j
    CROSS JOIN event_subjects s ON s.org_id = ?11
    AND s.subject_id = j.value
    AND s.seq >= CAST(?1 AS INTEGER)
    CROSS JOIN events e ON e.org_id = s.org_id
    AND e.seq = s.seq
  WHERE e.type = 'membership.removed'
    AND e.subject_type = 'group' AND s.since >= CAST(?1 AS INTEGER)
  UNION ALL
  SELECT j.value, k.value ->> 'id', k.value ->> 'since', 0
  FROM
    json_each(?10) j
    CROSS JOIN event_subjects s ON s.org_id = ?11
    AND s.subject_id = j.value
    AND s.seq >= CAST(?1 AS INTEGER)
    CROSS JOIN events e ON e.org_id = s.org_id
    AND e.seq = s.seq
    CROSS JOIN json_each(e.data, '$.groups') k
  WHERE
    e.type = 'membership.removed'
    AND e.subject_type = 'person'
    AND k.value ->> 'since' >= CAST(?1 AS INTEGER)
) x
  LEFT JOIN events e ON e.org_id = ?11
  AND e.seq = x.since
  AND x.since >= CAST(?1 AS INTEGER);

-- groups, teams, projects and settings as an undo reads them
SELECT
  json_object(
    'id',
    j.value,
    'past',
    json_object(
      'seq',
      e.seq,
      'event',
      json_object('type', e.type, 'data', json(e.data)),
      'version',
      e.version,
      'is_selected',
      json(
        iif(
          (
            e.seq BETWEEN CAST(?1 AS INTEGER)
            AND CAST(?2 AS INTEGER)
            AND (?3 IS NULL OR e.story = CAST(?3 AS INTEGER))
            AND (?4 IS NULL OR e.key_id = ?4)
            AND (?5 IS NULL OR e.actor = ?5)
            AND (?6 IS NULL OR e.source = ?6)
            AND (
              (?7 IS NULL OR e.type IN (SELECT value FROM json_each(?7)))
              AND (?8 IS NULL OR e.seq IN (SELECT value FROM json_each(?8)))
              OR e.type = 'membership.removed'
              AND e.subject_type = 'group'
              AND EXISTS (
                SELECT 1
                FROM event_subjects ds
                  CROSS JOIN events d ON d.org_id = ds.org_id AND d.seq = ds.seq
                WHERE
                  ds.org_id = e.org_id
                  AND ds.subject_id IN (e.subject_id, e.data ->> '$.groups[0].team.id', e.data ->> '$.groups[0].project.id')
                  AND ds.seq BETWEEN e.story AND e.seq
                  AND d.story = e.story
                  AND (d.type = 'group.deleted' OR d.type = 'team.deleted' OR d.type = 'project.archived')
                  AND (?7 IS NULL OR d.type IN (SELECT value FROM json_each(?7)))
                  AND (?8 IS NULL OR d.seq IN (SELECT value FROM json_each(?8)))
              )
            )
            OR e.story = CAST(?9 AS INTEGER)
          )
          OR EXISTS (
            SELECT 1
            FROM events c
            WHERE
              c.org_id = e.org_id
              AND c.seq BETWEEN e.seq - 1 AND e.seq + 2
              AND c.story = e.story
              AND iif(
                e.type LIKE 'team.%',
                c.seq > e.seq
                AND c.type LIKE 'group.%',
                e.type = 'group.created'
                AND c.seq < e.seq
                AND c.type = 'role.created'
              )
              AND (
                c.seq BETWEEN CAST(?1 AS INTEGER)
                AND CAST(?2 AS INTEGER)
                AND (?3 IS NULL OR c.story = CAST(?3 AS INTEGER))
                AND (?4 IS NULL OR c.key_id = ?4)
                AND (?5 IS NULL OR c.actor = ?5)
                AND (?6 IS NULL OR c.source = ?6)
                AND (
                  (?7 IS NULL OR c.type IN (SELECT value FROM json_each(?7)))
                  AND (?8 IS NULL OR c.seq IN (SELECT value FROM json_each(?8)))
                  OR c.type = 'membership.removed'
                  AND c.subject_type = 'group'
                  AND EXISTS (
                    SELECT 1
                    FROM event_subjects ds
                      CROSS JOIN events d ON d.org_id = ds.org_id AND d.seq = ds.seq
                    WHERE
                      ds.org_id = c.org_id
                      AND ds.subject_id IN (c.subject_id, c.data ->> '$.groups[0].team.id', c.data ->> '$.groups[0].project.id')
                      AND ds.seq BETWEEN c.story AND c.seq
                      AND d.story = c.story
                      AND (d.type = 'group.deleted' OR d.type = 'team.deleted' OR d.type = 'project.archived')
                      AND (?7 IS NULL OR d.type IN (SELECT value FROM json_each(?7)))
                      AND (?8 IS NULL OR d.seq IN (SELECT value FROM json_each(?8)))
                  )
                )
                OR c.story = CAST(?9 AS INTEGER)
              )
          ),
          'true',
          'false'
        )
      ),
      'with_project',
      json(
        iif(
          e.type = 'group.updated'
          AND EXISTS (
            SELECT 1
            FROM (
              SELECT project_id, team_id
              FROM groups
              WHERE org_id = ?10
                AND id = j.value
              UNION ALL
              SELECT project_id, team_id
              FROM archived_groups
              WHERE id = j.value
              UNION ALL
              SELECT j.value, j.value
            ) g
              CROSS JOIN event_subjects ps ON ps.org_id = e.org_id
              AND ps.subject_id IN (g.project_id, g.team_id)
              AND ps.seq BETWEEN e.story AND e.seq
              CROSS JOIN events p ON p.org_id = ps.org_id
              AND p.seq = ps.seq
            WHERE
              p.type IN ('project.renamed', 'team.renamed', 'role.renamed')
              AND p.story = e.story
              AND (
                p.seq BETWEEN CAST(?1 AS INTEGER)
                AND CAST(?2 AS INTEGER)
                AND (?3 IS NULL OR p.story = CAST(?3 AS INTEGER))
                AND (?4 IS NULL OR p.key_id = ?4)
                AND (?5 IS NULL OR p.actor = ?5)
                AND (?6 IS NULL OR p.source = ?6)
                AND (
                  (?7 IS NULL OR p.type IN (SELECT value FROM json_each(?7)))
                  AND (?8 IS NULL OR p.seq IN (SELECT value FROM json_each(?8)))
                  OR p.type = 'membership.removed'
                  AND p.subject_type = 'group'
                  AND EXISTS (
                    SELECT 1
                    FROM event_subjects ds
                      CROSS JOIN events d ON d.org_id = ds.org_id AND d.seq = ds.seq
                    WHERE
                      ds.org_id = p.org_id
                      AND ds.subject_id IN (p.subject_id, p.data ->> '$.groups[0].team.id', p.data ->> '$.groups[0].project.id')
                      AND ds.seq BETWEEN p.story AND p.seq
                      AND d.story = p.story
                      AND (d.type = 'group.deleted' OR d.type = 'team.deleted' OR d.type = 'project.archived')
                      AND (?7 IS NULL OR d.type IN (SELECT value FROM json_each(?7)))
                      AND (?8 IS NULL OR d.seq IN (SELECT value FROM json_each(?8)))
                  )
                )
                OR p.story = CAST(?9 AS INTEGER)
              )
          ),
          'true',
          'false'
        )
      ),
      'groups',
      iif(
        e.type = 'team.deleted',
        json(
          (
            SELECT json_group_array(json_patch(d.data, json_object('version', d.version)))
            FROM events d
            WHERE
              d.org_id = e.org_id
              AND d.seq IN (e.seq + 1, e.seq + 2)
              AND d.type = 'group.deleted'
              AND d.data ->> '$.group.team.id' = j.value
          )
        ),
        NULL
      )
    )
  ) AS json
FROM
  json_each(?11) j
  CROSS JOIN event_subjects s ON s.org_id = ?10
  AND s.subject_id = j.value
  AND s.seq >= CAST(?1 AS INTEGER)
  CROSS JOIN events e ON e.org_id = s.org_id
  AND e.seq = s.seq
WHERE
  e.type IN (
    'group.created',
    'group.updated',
    'group.deleted',
    'team.created',
    'team.deleted',
    'project.created',
    'project.renamed',
    'project.archived',
    'project.restored',
    'settings.changed',
    'team.renamed',
    'role.renamed'
  )
ORDER BY j.key, e.seq;
SELECT
  json_object(
    'id',
    j.value,
    'group',
    iif(
      coalesce(g.id, a.id) IS NULL,
      NULL,
      json_object(
        'version',
        coalesce(g.version, a.version),
        'display_name',
        coalesce(g.display_name, a.display_name),
        'role',
        iif(coalesce(g.team_id, a.team_id) IS NULL, coalesce(g.role, a.role), NULL),
        'external_id',
        iif(
          g.id IS NULL,
          coalesce(a.external_id_sent, a.external_id),
          coalesce(g.external_id_sent, g.external_id)
        )
      )
    ),
    'team',
    t.name,
    'exists',
    json(iif(coalesce(g.id, a.id, t.id) IS NULL, 'false', 'true')),
    'project',
    iif(
      r.id IS NULL,
      NULL,
      json_object(
        'id',
        r.id,
        'name',
        r.name,
        'is_archived',
        json(iif(r.archived_at IS NULL, 'false', 'true'))
      )
    ),
    'blocked',
    iif(
      j.value IN (SELECT value FROM json_each(?1)),
      (
        SELECT max(x.seq)
        FROM (
          SELECT max(s.seq) AS began
          FROM event_subjects s
            CROSS JOIN events e ON e.org_id = s.org_id AND e.seq = s.seq
          WHERE
            s.org_id = ?2
            AND s.subject_id = j.value
            AND s.seq >= CAST(?3 AS INTEGER)
            AND e.type IN ('group.created', 'team.created', 'project.restored')
        ) b
          CROSS JOIN (
            SELECT m.since AS seq
            FROM (
              SELECT since
              FROM memberships
              WHERE
                group_seq IN (
                  SELECT seq
                  FROM groups
                  WHERE org_id = ?2
                    AND id = j.value
                  UNION ALL
                  SELECT seq
                  FROM groups
                  WHERE + org_id = ?2
                    AND team_id = j.value
                  UNION ALL
                  SELECT seq
                  FROM groups
                  WHERE + org_id = ?2
                    AND project_id = j.value
                )
              LIMIT 10000
            ) m
            WHERE
              NOT EXISTS (
                SELECT 1
                FROM events e
                WHERE
                  e.org_id = ?2
                  AND e.seq = m.since
                  AND m.since >= CAST(?3 AS INTEGER)
                  AND (
                    e.seq BETWEEN CAST(?3 AS INTEGER)
                    AND CAST(?4 AS INTEGER)
                    AND (?5 IS NULL OR e.story = CAST(?5 AS INTEGER))
                    AND (?6 IS NULL OR e.key_id = ?6)
                    AND (?7 IS NULL OR e.actor = ?7)
                    AND (?8 IS NULL OR e.source = ?8)
                    AND (
                      (?9 IS NULL OR e.type IN (SELECT value FROM json_each(?9)))
                      AND (?10 IS NULL OR e.seq IN (SELECT value FROM json_each(?10)))
                      OR e.type = 'membership.removed'
                      AND e.subject_type = 'group'
                      AND EXISTS (
                        SELECT 1
                        FROM event_subjects ds
                          CROSS JOIN events d ON d.org_id = ds.org_id AND d.seq = ds.seq
                        WHERE
                          ds.org_id = e.org_id
                          AND ds.subject_id IN (e.subject_id, e.data ->> '$.groups[0].team.id', e.data ->> '$.groups[0].project.id')
                          AND ds.seq BETWEEN e.story AND e.seq
                          AND d.story = e.story
                          AND (d.type = 'group.deleted' OR d.type = 'team.deleted' OR d.type = 'project.archived')
                          AND (?9 IS NULL OR d.type IN (SELECT value FROM json_each(?9)))
                          AND (?10 IS NULL OR d.seq IN (SELECT value FROM json_each(?10)))
                      )
                    )
                    OR e.story = CAST(?11 AS INTEGER)
                  )
              )
            UNION ALL
            SELECT e.seq
            FROM (
              SELECT j.value AS id
              UNION ALL
              SELECT id
              FROM groups
              WHERE
                seq IN (
                  SELECT seq
                  FROM groups
                  WHERE org_id = ?2
                    AND id = j.value
                  UNION ALL
                  SELECT seq
                  FROM groups
                  WHERE + org_id = ?2
                    AND team_id = j.value
                  UNION ALL
                  SELECT seq
                  FROM groups
                  WHERE + org_id = ?2
                    AND project_id = j.value
                )
            ) k
              CROSS JOIN event_subjects s ON s.org_id = ?2
              AND s.subject_id = k.id
              AND s.seq >= CAST(?3 AS INTEGER)
              CROSS JOIN events e ON e.org_id = s.org_id
              AND e.seq = s.seq
            WHERE
              e.type IN (
                'group.created',
                'group.updated',
                'role.created',
                'project.renamed',
                'team.renamed',
                'role.renamed'
              )
              AND NOT (
                e.seq BETWEEN CAST(?3 AS INTEGER)
                AND CAST(?4 AS INTEGER)
                AND (?5 IS NULL OR e.story = CAST(?5 AS INTEGER))
                AND (?6 IS NULL OR e.key_id = ?6)
                AND (?7 IS NULL OR e.actor = ?7)
                AND (?8 IS NULL OR e.source = ?8)
                AND (
                  (?9 IS NULL OR e.type IN (SELECT value FROM json_each(?9)))
                  AND (?10 IS NULL OR e.seq IN (SELECT value FROM json_each(?10)))
                  OR e.type = 'membership.removed'
                  AND e.subject_type = 'group'
                  AND EXISTS (
                    SELECT 1
                    FROM event_subjects ds
                      CROSS JOIN events d ON d.org_id = ds.org_id AND d.seq = ds.seq
                    WHERE
                      ds.org_id = e.org_id
                      AND ds.subject_id IN (e.subject_id, e.data ->> '$.groups[0].team.id', e.data ->> '$.groups[0].project.id')
                      AND ds.seq BETWEEN e.story AND e.seq
                      AND d.story = e.story
                      AND (d.type = 'group.deleted' OR d.type = 'team.deleted' OR d.type = 'project.archived')
                      AND (?9 IS NULL OR d.type IN (SELECT value FROM json_each(?9)))
                      AND (?10 IS NULL OR d.seq IN (SELECT value FROM json_each(?10)))
                  )
                )
                OR e.story = CAST(?11 AS INTEGER)
              )
          ) x
        WHERE b.began IS NOT NULL
          AND (x.seq = 0 OR x.seq > b.began)
      ),
      NULL
    )
  ) AS json
FROM
  json_each(?12) j
  LEFT JOIN groups g ON g.org_id = ?2
  AND g.id = j.value
  LEFT JOIN archived_groups a ON a.id = j.value
  LEFT JOIN teams t ON t.id = j.value
  LEFT JOIN projects r ON + r.org_id = ?2
  AND r.id = coalesce(
    g.project_id,
    a.project_id,
    t.project_id,
    (
      SELECT coalesce(d.data ->> '$.group.project.id', d.data ->> '$.project.id')
      FROM event_subjects s
        CROSS JOIN events d ON d.org_id = s.org_id AND d.seq = s.seq
      WHERE s.org_id = ?2
        AND s.subject_id = j.value AND (d.type = 'group.deleted' OR d.type = 'team.deleted')
      ORDER BY s.seq DESC
      LIMIT 1
    ),
    j.value
  )
ORDER BY j.key;
SELECT
  json_object(
    'id',
    o.id,
    'name',
    o.name,
    'email_management',
    json(iif(o.email_management, 'true', 'false')),
    'plain_groups',
    json(iif(o.plain_groups, 'true', 'false')),
    'keep_access',
    json(iif(o.keep_access, 'true', 'false')),
    'mail_domains',
    json(o.mail_domains),
    'key_lifetime_days',
    o.key_lifetime_days,
    'user_limit',
    o.user_limit,
    'brake_percent',
    o.brake_percent,
    'revocation_minutes',
    o.revocation_minutes,
    'group_prefix',
    o.group_prefix,
    'confirmed_org_role_attribute',
    o.org_role_attribute,
    'user_count',
    o.user_count,
    'group_count',
    o.group_count,
    'failed_webhooks',
    o.failed_webhooks,
    'owner_user_name',
    (SELECT doc ->> '$.userName' FROM users WHERE org_id = o.id AND org_role = 'Owner'),
    'brake',
    json_object(
      'engaged_at',
      o.brake_engaged_at,
      'engaged_by',
      iif(o.brake_engaged_by IS NULL, NULL, json_object('id', o.brake_engaged_by)),
      'lifted_until',
      iif(
        o.brake_lifted_until > strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
        o.brake_lifted_until,
        NULL
      ),
      'lost',
      coalesce(
        (SELECT e.lost_total FROM events e WHERE e.org_id = o.id ORDER BY e.seq DESC LIMIT 1) - (
          SELECT l.total_before
          FROM access_losses l
          WHERE
            l.org_id = o.id
            AND l.minute >= max(
              strftime('%Y-%m-%dT%H:%M', coalesce(o.brake_engaged_at, 'now'), '-1 hour'),
              coalesce(substr(o.brake_lifted_until, 1, 16), '')
            )
          ORDER BY l.minute
          LIMIT 1
        ),
        0
      ),
      'limit',
      iif(
        o.brake_percent = 0,
        NULL,
        max(
          25,
          o.brake_percent * coalesce(
            (
              SELECT l.active_before
              FROM access_losses l
              WHERE
                l.org_id = o.id
                AND l.minute >= max(
                  strftime('%Y-%m-%dT%H:%M', coalesce(o.brake_engaged_at, 'now'), '-1 hour'),
                  coalesce(substr(o.brake_lifted_until, 1, 16), '')
                )
              ORDER BY l.minute
              LIMIT 1
            ),
            (SELECT e.active_total FROM events e WHERE e.org_id = o.id ORDER BY e.seq DESC LIMIT 1),
            0
          ) / 100
        )
      ),
      'undo',
      iif(
        o.brake_engaged_at IS NULL,
        NULL,
        (
          SELECT r.id
          FROM undo_runs r
          WHERE
            r.org_id = o.id
            AND r.status = 'running'
            AND r.progress ->> '$.releases_brake' = o.brake_engaged_at
          LIMIT 1
        )
      )
    ),
    'deletion',
    iif(o.deleted_at IS NULL, NULL, json_object('at', o.deleted_at, 'by', o.deleted_by)),
    'pause',
    iif(o.paused_at IS NULL, NULL, json_object('since', o.paused_at, 'by', o.paused_by)),
    'created_at',
    o.created_at,
    'last_modified',
    o.last_modified
  ) AS json,
  o.fold_version AS fold_version,
  o.webhooks AS webhooks
FROM organizations o
WHERE o.id = ?1;
SELECT coalesce(sum(1 - u.managed), 0) AS shown, coalesce(sum(u.managed), 0) AS hidden
FROM users u
WHERE u.org_id = ?1 AND u.managed <> coalesce(u.mail_domain IN (SELECT value FROM json_each(?2)), 0);
SELECT
  json_object(
    'group',
    j.value,
    'team',
    coalesce(
      g.team_id,
      a.team_id,
      (
        SELECT d.data ->> '$.group.team.id'
        FROM event_subjects s
          CROSS JOIN events d ON d.org_id = s.org_id AND d.seq = s.seq
        WHERE s.org_id = ?1
          AND s.subject_id = j.value AND d.type = 'group.deleted'
        ORDER BY s.seq DESC
        LIMIT 1
      )
    ),
    'project',
    coalesce(
      g.project_id,
      a.project_id,
      (
        SELECT d.data ->> '$.group.project.id'
        FROM event_subjects s
          CROSS JOIN events d ON d.org_id = s.org_id AND d.seq = s.seq
        WHERE s.org_id = ?1
          AND s.subject_id = j.value AND d.type = 'group.deleted'
        ORDER BY s.seq DESC
        LIMIT 1
      )
    )
  ) AS json
FROM
  json_each(?2) j
  LEFT JOIN groups g ON g.org_id = ?1
  AND g.id = j.value
  LEFT JOIN archived_groups a ON a.id = j.value;
SELECT json_object('kind', 'person', 'fold', u.user_name_fold, 'id', u.id) AS json
FROM json_each(?1) j CROSS JOIN users u ON u.org_id = ?2 AND u.user_name_fold = j.value
UNION ALL
SELECT json_object('kind', 'group', 'fold', g.name_fold, 'id', g.id)
FROM json_each(?3) j CROSS JOIN groups g ON g.org_id = ?2 AND g.name_fold = j.value
UNION ALL
SELECT json_object('kind', 'group', 'fold', a.name_fold, 'id', a.id)
FROM
  json_each(?3) j
  CROSS JOIN archived_groups a ON a.name_fold = j.value
  CROSS JOIN projects p ON p.id = a.project_id
  AND p.org_id = ?2
UNION ALL
SELECT json_object('kind', 'project', 'fold', p.name_fold, 'id', p.id)
FROM json_each(?4) j CROSS JOIN projects p ON p.org_id = ?2 AND p.name_fold = j.value;

-- memberships that an undo ends and begins
INSERT INTO
  new_events (
    org_id,
    seq,
    at,
    type,
    story,
    log_id,
    source,
    actor,
    key_id,
    subject_type,
    subject_id,
    version,
    data,
    active,
    active_total,
    lost,
    lost_total,
    personal,
    others
  )
SELECT
  p.org_id,
  p.seq + g.number,
  max(coalesce(substr(p.request_log_id, 1, 24), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), p.at),
  'membership.removed',
  coalesce(CAST(?1 AS INTEGER), iif(p.log_id = p.request_log_id, p.story, p.seq + 1)),
  p.request_log_id,
  ?2,
  ?3,
  ?4,
  'group',
  g.id,
  g.version,
  json_object('groups', json_array(json(g.ref)), 'people', json(g.people)),
  0,
  p.active_total + 0,
  iif(?2 = 'scim', g.lost, 0),
  p.lost_total + iif(?2 = 'scim', g.lost_sum, 0),
  NULL,
  g.people
FROM (
  SELECT
    x.id AS id,
    x.version AS version,
    x.ref AS ref,
    row_number() OVER (ORDER BY x.key) AS number,
    x.ended -> 'people' AS people,
    x.ended ->> 'lost' AS lost,
    sum(x.ended ->> 'lost') OVER (ORDER BY x.key) AS lost_sum
  FROM (
    SELECT
      g.id AS id,
      g.version AS version,
      json_patch(
        '{}',
        json_object(
          'id',
          g.id,
          'name',
          g.display_name,
          'external_id',
          coalesce(g.external_id_sent, g.external_id),
          'role',
          g.role,
          'project',
          iif(r.id IS NULL, NULL, json_object('id', r.id, 'name', r.name)),
          'team',
          iif(t.id IS NULL, NULL, json_object('id', t.id, 'name', t.name))
        )
      ) AS ref,
      c.key AS key,
      (
        SELECT
          json_object(
            'people',
            json_group_array(json_object('id', u.id, 'since', m.since)),
            'lost',
            sum(
              (
                u.active = 1
                AND u.managed = 1
                AND g.role IS NOT NULL
                AND coalesce(u.lost_at, '') <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
              )
            )
          )
        FROM
          json_each(c.value -> 1) j
          CROSS JOIN users u ON u.org_id = g.org_id
          AND u.id = j.value
          CROSS JOIN memberships m ON m.group_seq = g.seq
          AND m.user_seq = u.seq
        HAVING count(*) > 0
      ) AS ended
    FROM
      json_each(?5) c
      CROSS JOIN groups g ON g.org_id = ?6
      AND g.id = c.value ->> 0
      LEFT JOIN projects r ON r.id = g.project_id
      LEFT JOIN teams t ON t.id = g.team_id
    LIMIT -1
  ) x
  WHERE x.ended IS NOT NULL
) g
  CROSS JOIN (
    SELECT
      n.*,
      (
        SELECT l.id
        FROM log l
        WHERE
          l.org_id = n.org_id
          AND substr(l.id, 26) = ?7
          AND l.id > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
        ORDER BY l.id DESC
        LIMIT 1
      ) AS request_log_id
    FROM (
      SELECT *
      FROM (
        SELECT org_id, seq, at, story, log_id, active_total, lost_total
        FROM events
        WHERE org_id = ?8
        ORDER BY seq DESC
        LIMIT 1
      )
      UNION ALL
      SELECT ?8, 0, '', NULL, NULL, 0, 0
      LIMIT 1
    ) n
    WHERE n.org_id IS NOT NULL
    LIMIT 1
  ) p;
DELETE FROM memberships
WHERE
  (group_seq, user_seq) IN (
    SELECT m.group_seq, m.user_seq
    FROM
      json_each(?1) c
      CROSS JOIN groups g ON g.org_id = ?2
      AND g.id = c.value ->> 0
      CROSS JOIN json_each(c.value -> 1) j
      CROSS JOIN users u ON u.org_id = g.org_id
      AND u.id = j.value
      CROSS JOIN memberships m ON m.group_seq = g.seq
      AND m.user_seq = u.seq
  );
INSERT INTO memberships (group_seq, user_seq, since)
SELECT
  x.group_seq,
  x.user_seq,
  (SELECT coalesce(max(seq), 0) FROM events WHERE org_id = ?1) + dense_rank() OVER (ORDER BY x.group_seq, x.chunk)
FROM (
  SELECT
    group_seq,
    user_seq,
    (row_number() OVER (PARTITION BY group_seq ORDER BY user_seq) - 1) / 500 AS chunk
  FROM (
    SELECT DISTINCT g.seq AS group_seq, u.seq AS user_seq
    FROM
      json_each(?2) j
      CROSS JOIN groups g ON g.org_id = ?1
      AND g.id = j.value ->> 0
      CROSS JOIN users u ON u.org_id = ?1
      AND u.id = j.value ->> 1
      AND u.active = 1
      LEFT JOIN memberships m ON m.group_seq = g.seq
      AND m.user_seq = u.seq
    WHERE m.user_seq IS NULL
  )
) x;
INSERT INTO
  new_events (
    org_id,
    seq,
    at,
    type,
    story,
    log_id,
    source,
    actor,
    key_id,
    subject_type,
    subject_id,
    version,
    data,
    active,
    active_total,
    lost,
    lost_total,
    personal,
    others
  )
SELECT
  p.org_id,
  p.seq + y.since - p.seq,
  max(coalesce(substr(p.request_log_id, 1, 24), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), p.at),
  'membership.added',
  coalesce(CAST(?1 AS INTEGER), iif(p.log_id = p.request_log_id, p.story, p.seq + 1)),
  p.request_log_id,
  ?2,
  ?3,
  ?4,
  'group',
  g.id,
  g.version,
  json_object(
    'groups',
    json_array(
      json(
        json_patch(
          '{}',
          json_object(
            'id',
            g.id,
            'name',
            g.display_name,
            'external_id',
            coalesce(g.external_id_sent, g.external_id),
            'role',
            g.role,
            'project',
            iif(r.id IS NULL, NULL, json_object('id', r.id, 'name', r.name)),
            'team',
            iif(t.id IS NULL, NULL, json_object('id', t.id, 'name', t.name))
          )
        )
      )
    ),
    'people',
    json(y.people)
  ),
  0,
  p.active_total + 0,
  iif(?2 = 'scim', 0, 0),
  p.lost_total + iif(?2 = 'scim', 0, 0),
  NULL,
  NULL
FROM (
  SELECT x.group_seq AS group_seq, x.since AS since, json_group_array(json_object('id', x.id)) AS people
  FROM (
    SELECT DISTINCT g.seq AS group_seq, m.since AS since, u.id AS id
    FROM
      json_each(?5) j
      CROSS JOIN groups g ON g.org_id = ?6
      AND g.id = j.value ->> 0
      CROSS JOIN users u ON u.org_id = ?6
      AND u.id = j.value ->> 1
      CROSS JOIN memberships m ON m.group_seq = g.seq
      AND m.user_seq = u.seq
      AND m.since > (SELECT coalesce(max(seq), 0) FROM events WHERE org_id = ?6)
  ) x
  GROUP BY 1, 2
) y
  CROSS JOIN groups g ON g.seq = y.group_seq
  LEFT JOIN projects r ON r.id = g.project_id
  LEFT JOIN teams t ON t.id = g.team_id
  CROSS JOIN (
    SELECT
      n.*,
      (
        SELECT l.id
        FROM log l
        WHERE
          l.org_id = n.org_id
          AND substr(l.id, 26) = ?7
          AND l.id > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
        ORDER BY l.id DESC
        LIMIT 1
      ) AS request_log_id
    FROM (
      SELECT *
      FROM (
        SELECT org_id, seq, at, story, log_id, active_total, lost_total
        FROM events
        WHERE org_id = ?8
        ORDER BY seq DESC
        LIMIT 1
      )
      UNION ALL
      SELECT ?8, 0, '', NULL, NULL, 0, 0
      LIMIT 1
    ) n
    WHERE n.org_id IS NOT NULL
    LIMIT 1
  ) p
ORDER BY y.since;

-- groups that an undo deletes
SELECT
  iif(
    EXISTS (
      SELECT 1
      FROM json_each(?1) j
      WHERE (
        SELECT max(x.seq)
        FROM (
          SELECT max(s.seq) AS began
          FROM event_subjects s
            CROSS JOIN events e ON e.org_id = s.org_id AND e.seq = s.seq
          WHERE
            s.org_id = ?2
            AND s.subject_id = j.value
            AND s.seq >= CAST(?3 AS INTEGER)
            AND e.type IN ('group.created', 'team.created', 'project.restored')
        ) b
          CROSS JOIN (
            SELECT m.since AS seq
            FROM (
              SELECT since
              FROM memberships
              WHERE
                group_seq IN (
                  SELECT seq
                  FROM groups
                  WHERE org_id = ?2
                    AND id = j.value
                  UNION ALL
                  SELECT seq
                  FROM groups
                  WHERE + org_id = ?2
                    AND team_id = j.value
                  UNION ALL
                  SELECT seq
                  FROM groups
                  WHERE + org_id = ?2
                    AND project_id = j.value
                )
              LIMIT 10000
            ) m
            WHERE
              NOT EXISTS (
                SELECT 1
                FROM events e
                WHERE
                  e.org_id = ?2
                  AND e.seq = m.since
                  AND m.since >= CAST(?3 AS INTEGER)
                  AND (
                    e.seq BETWEEN CAST(?3 AS INTEGER)
                    AND CAST(?4 AS INTEGER)
                    AND (?5 IS NULL OR e.story = CAST(?5 AS INTEGER))
                    AND (?6 IS NULL OR e.key_id = ?6)
                    AND (?7 IS NULL OR e.actor = ?7)
                    AND (?8 IS NULL OR e.source = ?8)
                    AND (
                      (?9 IS NULL OR e.type IN (SELECT value FROM json_each(?9)))
                      AND (?10 IS NULL OR e.seq IN (SELECT value FROM json_each(?10)))
                      OR e.type = 'membership.removed'
                      AND e.subject_type = 'group'
                      AND EXISTS (
                        SELECT 1
                        FROM event_subjects ds
                          CROSS JOIN events d ON d.org_id = ds.org_id AND d.seq = ds.seq
                        WHERE
                          ds.org_id = e.org_id
                          AND ds.subject_id IN (e.subject_id, e.data ->> '$.groups[0].team.id', e.data ->> '$.groups[0].project.id')
                          AND ds.seq BETWEEN e.story AND e.seq
                          AND d.story = e.story
                          AND (d.type = 'group.deleted' OR d.type = 'team.deleted' OR d.type = 'project.archived')
                          AND (?9 IS NULL OR d.type IN (SELECT value FROM json_each(?9)))
                          AND (?10 IS NULL OR d.seq IN (SELECT value FROM json_each(?10)))
                      )
                    )
                    OR e.story = CAST(?11 AS INTEGER)
                  )
              )
            UNION ALL
            SELECT e.seq
            FROM (
              SELECT j.value AS id
              UNION ALL
              SELECT id
              FROM groups
              WHERE
                seq IN (
                  SELECT seq
                  FROM groups
                  WHERE org_id = ?2
                    AND id = j.value
                  UNION ALL
                  SELECT seq
                  FROM groups
                  WHERE + org_id = ?2
                    AND team_id = j.value
                  UNION ALL
                  SELECT seq
                  FROM groups
                  WHERE + org_id = ?2
                    AND project_id = j.value
                )
            ) k
              CROSS JOIN event_subjects s ON s.org_id = ?2
              AND s.subject_id = k.id
              AND s.seq >= CAST(?3 AS INTEGER)
              CROSS JOIN events e ON e.org_id = s.org_id
              AND e.seq = s.seq
            WHERE
              e.type IN (
                'group.created',
                'group.updated',
                'role.created',
                'project.renamed',
                'team.renamed',
                'role.renamed'
              )
              AND NOT (
                e.seq BETWEEN CAST(?3 AS INTEGER)
                AND CAST(?4 AS INTEGER)
                AND (?5 IS NULL OR e.story = CAST(?5 AS INTEGER))
                AND (?6 IS NULL OR e.key_id = ?6)
                AND (?7 IS NULL OR e.actor = ?7)
                AND (?8 IS NULL OR e.source = ?8)
                AND (
                  (?9 IS NULL OR e.type IN (SELECT value FROM json_each(?9)))
                  AND (?10 IS NULL OR e.seq IN (SELECT value FROM json_each(?10)))
                  OR e.type = 'membership.removed'
                  AND e.subject_type = 'group'
                  AND EXISTS (
                    SELECT 1
                    FROM event_subjects ds
                      CROSS JOIN events d ON d.org_id = ds.org_id AND d.seq = ds.seq
                    WHERE
                      ds.org_id = e.org_id
                      AND ds.subject_id IN (e.subject_id, e.data ->> '$.groups[0].team.id', e.data ->> '$.groups[0].project.id')
                      AND ds.seq BETWEEN e.story AND e.seq
                      AND d.story = e.story
                      AND (d.type = 'group.deleted' OR d.type = 'team.deleted' OR d.type = 'project.archived')
                      AND (?9 IS NULL OR d.type IN (SELECT value FROM json_each(?9)))
                      AND (?10 IS NULL OR d.seq IN (SELECT value FROM json_each(?10)))
                  )
                )
                OR e.story = CAST(?11 AS INTEGER)
              )
          ) x
        WHERE b.began IS NOT NULL
          AND (x.seq = 0 OR x.seq > b.began)
      ) IS NOT NULL
    ),
    json('stale'),
    ''
  );
INSERT INTO
  new_events (
    org_id,
    seq,
    at,
    type,
    story,
    log_id,
    source,
    actor,
    key_id,
    subject_type,
    subject_id,
    version,
    data,
    active,
    active_total,
    lost,
    lost_total,
    personal,
    others
  )
SELECT
  p.org_id,
  p.seq + row_number() OVER (ORDER BY y.place),
  max(coalesce(substr(p.request_log_id, 1, 24), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), p.at),
  y.type,
  coalesce(CAST(?1 AS INTEGER), iif(p.log_id = p.request_log_id, p.story, p.seq + 1)),
  p.request_log_id,
  ?2,
  ?3,
  ?4,
  y.subject_type,
  y.id,
  y.version,
  y.data,
  0,
  p.active_total + 0,
  iif(?2 = 'scim', 0, 0),
  p.lost_total + iif(?2 = 'scim', 0, 0),
  NULL,
  NULL
FROM (
  SELECT
    g.seq AS place,
    'group.deleted' AS type,
    'group' AS subject_type,
    g.id AS id,
    g.version AS version,
    json_object(
      'group',
      json(
        json_patch(
          '{}',
          json_object(
            'id',
            g.id,
            'name',
            g.display_name,
            'external_id',
            coalesce(g.external_id_sent, g.external_id),
            'role',
            g.role,
            'project',
            iif(r.id IS NULL, NULL, json_object('id', r.id, 'name', r.name)),
            'team',
            iif(t.id IS NULL, NULL, json_object('id', t.id, 'name', t.name))
          )
        )
      ),
      'created_at',
      g.created_at,
      'pushed_at',
      g.pushed_at
    ) AS data
  FROM groups g
    LEFT JOIN projects r ON r.id = g.project_id LEFT JOIN teams t ON t.id = g.team_id
  WHERE g.org_id = ?5
    AND g.id IN (SELECT value FROM json_each(?6)) AND g.team_id IS NULL
) y
  CROSS JOIN (
    SELECT
      n.*,
      (
        SELECT l.id
        FROM log l
        WHERE
          l.org_id = n.org_id
          AND substr(l.id, 26) = ?7
          AND l.id > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
        ORDER BY l.id DESC
        LIMIT 1
      ) AS request_log_id
    FROM (
      SELECT *
      FROM (
        SELECT org_id, seq, at, story, log_id, active_total, lost_total
        FROM events
        WHERE org_id = ?8
        ORDER BY seq DESC
        LIMIT 1
      )
      UNION ALL
      SELECT ?8, 0, '', NULL, NULL, 0, 0
      LIMIT 1
    ) n
    WHERE n.org_id IS NOT NULL
    LIMIT 1
  ) p;
INSERT INTO
  new_events (
    org_id,
    seq,
    at,
    type,
    story,
    log_id,
    source,
    actor,
    key_id,
    subject_type,
    subject_id,
    version,
    data,
    active,
    active_total,
    lost,
    lost_total,
    personal,
    others
  )
SELECT
  p.org_id,
  p.seq + g.number,
  max(coalesce(substr(p.request_log_id, 1, 24), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), p.at),
  'membership.removed',
  coalesce(CAST(?1 AS INTEGER), iif(p.log_id = p.request_log_id, p.story, p.seq + 1)),
  p.request_log_id,
  ?2,
  ?3,
  ?4,
  'group',
  g.id,
  g.version,
  json_object('groups', json_array(json(g.ref)), 'people', json(g.people)),
  0,
  p.active_total + 0,
  iif(?2 = 'scim', g.lost, 0),
  p.lost_total + iif(?2 = 'scim', g.lost_sum, 0),
  NULL,
  g.people
FROM (
  SELECT
    g.id AS id,
    g.version AS version,
    json_patch(
      '{}',
      json_object(
        'id',
        g.id,
        'name',
        g.display_name,
        'external_id',
        coalesce(g.external_id_sent, g.external_id),
        'role',
        g.role,
        'project',
        iif(r.id IS NULL, NULL, json_object('id', r.id, 'name', r.name)),
        'team',
        iif(t.id IS NULL, NULL, json_object('id', t.id, 'name', t.name))
      )
    ) AS ref,
    y.number AS number,
    y.people AS people,
    y.lost AS lost,
    y.lost_sum AS lost_sum
  FROM (
    SELECT
      x.group_seq AS group_seq,
      row_number() OVER (ORDER BY x.group_seq, x.chunk) AS number,
      sum(x.lost AND x.place = 1) AS lost,
      sum(sum(x.lost AND x.place = 1)) OVER (ORDER BY x.group_seq, x.chunk) AS lost_sum,
      json_group_array(json_object('id', x.id, 'since', x.since)) AS people
    FROM (
      SELECT
        g.seq AS group_seq,
        u.id AS id,
        m.since AS since,
        (
          u.active = 1
          AND u.managed = 1
          AND g.role IS NOT NULL
          AND coalesce(u.lost_at, '') <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
        ) AS lost,
        (row_number() OVER () - 1) / 500 AS chunk,
        row_number() OVER (PARTITION BY u.seq, g.role IS NULL ORDER BY g.seq) AS place
      FROM groups g
        CROSS JOIN memberships m ON m.group_seq = g.seq CROSS JOIN users u ON u.seq = m.user_seq
      WHERE g.org_id = ?5
        AND g.id IN (SELECT value FROM json_each(?6)) AND g.team_id IS NULL
    ) x
    GROUP BY x.group_seq, x.chunk
  ) y
    CROSS JOIN groups g ON g.seq = y.group_seq
    LEFT JOIN projects r ON r.id = g.project_id
    LEFT JOIN teams t ON t.id = g.team_id
) g
  CROSS JOIN (
    SELECT
      n.*,
      (
        SELECT l.id
        FROM log l
        WHERE
          l.org_id = n.org_id
          AND substr(l.id, 26) = ?7
          AND l.id > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
        ORDER BY l.id DESC
        LIMIT 1
      ) AS request_log_id
    FROM (
      SELECT *
      FROM (
        SELECT org_id, seq, at, story, log_id, active_total, lost_total
        FROM events
        WHERE org_id = ?8
        ORDER BY seq DESC
        LIMIT 1
      )
      UNION ALL
      SELECT ?8, 0, '', NULL, NULL, 0, 0
      LIMIT 1
    ) n
    WHERE n.org_id IS NOT NULL
    LIMIT 1
  ) p;
DELETE FROM memberships
WHERE
  group_seq IN (
    SELECT g.seq
    FROM groups g
    WHERE g.org_id = ?1
      AND g.id IN (SELECT value FROM json_each(?2)) AND g.team_id IS NULL
  );
DELETE FROM groups AS g
WHERE g.org_id = ?1 AND g.id IN (SELECT value FROM json_each(?2)) AND g.team_id IS NULL;

-- groups that an undo brings back
INSERT INTO
  groups (
    org_id,
    id,
    project_id,
    team_id,
    role,
    display_name,
    name_fold,
    external_id,
    external_id_sent,
    pushed_at,
    version,
    created_at,
    last_modified
  )
SELECT
  ?1,
  j.value ->> 'id',
  iif(
    p.id IS NULL
    OR j.value ->> 'team' IS NOT NULL,
    p.id,
    iif(
      EXISTS (SELECT 1 FROM groups WHERE project_id = p.id AND team_id IS NULL LIMIT 1 OFFSET 1000 - 1),
      json_extract('{}', 'full ' || 'roles'),
      p.id
    )
  ),
  j.value ->> 'team',
  j.value ->> 'role',
  j.value ->> 'display_name',
  j.value ->> 'name_fold',
  j.value ->> 'external_id',
  j.value ->> 'external_id_sent',
  j.value ->> 'pushed_at',
  coalesce(j.value ->> 'version', 0) + 1,
  j.value ->> 'created_at',
  ?2
FROM
  json_each(?3) j
  LEFT JOIN projects p ON + p.org_id = ?1
  AND p.id = j.value ->> 'project'
  AND p.name = j.value ->> 'project_name'
  AND p.archived_at IS NULL
WHERE p.id IS NOT NULL OR j.value ->> 'project' IS NULL
ORDER BY j.key;
SELECT iif(changes() = json_array_length(?1), '', json('stale'));
INSERT INTO
  new_events (
    org_id,
    seq,
    at,
    type,
    story,
    log_id,
    source,
    actor,
    key_id,
    subject_type,
    subject_id,
    version,
    data,
    active,
    active_total,
    lost,
    lost_total,
    personal,
    others
  )
SELECT
  p.org_id,
  p.seq + 1,
  max(coalesce(substr(p.request_log_id, 1, 24), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), p.at),
  (?1 ->> 'type'),
  coalesce(CAST(?2 AS INTEGER), iif(p.log_id = p.request_log_id, p.story, p.seq + 1)),
  p.request_log_id,
  ?3,
  ?4,
  ?5,
  (?1 ->> 'subject_type'),
  (?1 ->> 'subject_id'),
  coalesce(
    ?1 ->> 'version',
    CASE
      ?1 ->> 'subject_type'
      WHEN 'group' THEN (SELECT version FROM groups WHERE org_id = p.org_id AND id = ?1 ->> 'subject_id')
    END
  ),
  ?1 -> 'data',
  (?1 ->> 'active'),
  p.active_total + (?1 ->> 'active_sum'),
  iif(?3 = 'scim', (?1 ->> 'lost'), 0),
  p.lost_total + iif(?3 = 'scim', (?1 ->> 'lost_sum'), 0),
  (?1 ->> 'personal'),
  NULL
FROM (
  SELECT
    n.*,
    (
      SELECT l.id
      FROM log l
      WHERE
        l.org_id = n.org_id
        AND substr(l.id, 26) = ?6
        AND l.id > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
      ORDER BY l.id DESC
      LIMIT 1
    ) AS request_log_id
  FROM (
    SELECT *
    FROM (
      SELECT org_id, seq, at, story, log_id, active_total, lost_total
      FROM events
      WHERE org_id = ?7
      ORDER BY seq DESC
      LIMIT 1
    )
    UNION ALL
    SELECT ?7, 0, '', NULL, NULL, 0, 0
    LIMIT 1
  ) n
  WHERE n.org_id IS NOT NULL
  LIMIT 1
) p
LIMIT 1;

-- a webhook is claimed
SELECT w.org_id AS org_id, w.id AS id
FROM webhooks w
WHERE
  w.disabled_at IS NULL
  AND (w.lease IS NULL OR w.leased_until <= ?1)
  AND (
    w.disabled_at IS NULL
    AND (
      EXISTS (
        SELECT 1
        FROM webhook_failures f
        WHERE f.org_id = w.org_id
          AND f.webhook_id = w.id AND f.next_at <= ?1
      )
      OR (
        (
          w.replay_next IS NOT NULL
          OR w.position < (SELECT max(e.seq) FROM events e WHERE e.org_id = w.org_id)
        )
        AND 10 > (SELECT count(*) FROM webhook_failures f WHERE f.org_id = w.org_id AND f.webhook_id = w.id)
      )
    )
  )
ORDER BY w.leased_until
LIMIT 40;
UPDATE webhooks AS w SET
  lease = ?1, leased_until = ?2
WHERE
  w.org_id = ?3
  AND w.id = ?4
  AND (w.lease IS NULL OR w.leased_until <= ?5)
  AND (CAST(?6 AS INTEGER) OR w.slow_until <= ?5)
  AND (
    w.disabled_at IS NULL
    AND (
      EXISTS (
        SELECT 1
        FROM webhook_failures f
        WHERE f.org_id = w.org_id
          AND f.webhook_id = w.id AND f.next_at <= ?5
      )
      OR (
        (
          w.replay_next IS NOT NULL
          OR w.position < (SELECT max(e.seq) FROM events e WHERE e.org_id = w.org_id)
        )
        AND 10 > (SELECT count(*) FROM webhook_failures f WHERE f.org_id = w.org_id AND f.webhook_id = w.id)
      )
    )
  );
WITH
w AS MATERIALIZED (
  SELECT
    w.*,
    (
      SELECT count(*)
      FROM webhook_failures f
      WHERE f.org_id = w.org_id
        AND f.webhook_id = w.id
    ) < 10 AS goes_on,
    max(w.position, (SELECT min(e.seq) FROM events e WHERE e.org_id = w.org_id) - 1) AS start,
    (SELECT max(e.seq) FROM events e WHERE e.org_id = w.org_id) AS newest
  FROM webhooks w
  WHERE w.org_id = ?1 AND w.id = ?2 AND w.lease = ?3
)
SELECT
  json_object(
    'address',
    w.address,
    'queue',
    w.queue,
    'format',
    w.format,
    'audience',
    iif(w.format = 'security-event-tokens', coalesce(w.audience, w.address), NULL),
    'issuer',
    w.issuer,
    'secrets',
    json_array(w.secret, iif(w.previous_until > ?4, w.previous_secret, NULL)),
    'attempts',
    w.attempts,
    'reached',
    iif(w.goes_on, min(w.start + 500, w.newest), w.position),
    'replay_reached',
    iif(w.goes_on, min(w.replay_next + 500, w.replay_until), w.replay_next - 1),
    'replay_until',
    w.replay_until,
    'failures',
    (
      SELECT
        json_group_array(
          json_object(
            'subject',
            f.subject_id,
            'seq',
            f.seq,
            'attempts',
            f.attempts,
            'next_at',
            f.next_at,
            'part',
            f.part
          )
        )
      FROM webhook_failures f
      WHERE f.org_id = w.org_id
        AND f.webhook_id = w.id
    )
  ) AS json
FROM w;
WITH
w AS MATERIALIZED (
  SELECT
    w.*,
    (
      SELECT count(*)
      FROM webhook_failures f
      WHERE f.org_id = w.org_id
        AND f.webhook_id = w.id
    ) < 10 AS goes_on,
    max(w.position, (SELECT min(e.seq) FROM events e WHERE e.org_id = w.org_id) - 1) AS start,
    (SELECT max(e.seq) FROM events e WHERE e.org_id = w.org_id) AS newest
  FROM webhooks w
  WHERE w.org_id = ?1 AND w.id = ?2 AND w.lease = ?3
),
due AS MATERIALIZED (
  SELECT f.subject_id, f.seq
  FROM w CROSS JOIN webhook_failures f ON f.org_id = w.org_id AND f.webhook_id = w.id AND f.next_at <= ?4
  ORDER BY f.seq
  LIMIT (SELECT iif(w.goes_on, 10, 1) FROM w)
),
picked (place, reason, seq, subject) AS MATERIALIZED (
  SELECT 0, 'due', s.seq, d.subject_id
  FROM
    due d
    CROSS JOIN w
    CROSS JOIN event_subjects s ON s.org_id = w.org_id
    AND s.subject_id = d.subject_id
    AND s.seq IN (
      SELECT x.seq
      FROM event_subjects x
      WHERE
        x.org_id = w.org_id
        AND x.subject_id = d.subject_id
        AND x.seq >= d.seq
        AND (x.seq = d.seq OR x.seq <= w.position)
      ORDER BY x.seq
      LIMIT 4
    )
  UNION ALL
  SELECT 1, 'new', p.seq, NULL
  FROM (
    SELECT *
    FROM (
      SELECT q.seq, sum(q.work) OVER (ORDER BY q.seq ROWS UNBOUNDED PRECEDING) - q.work AS done
      FROM (
        SELECT
          e.seq AS seq,
          (
            1 + coalesce(json_array_length(e.data, '$.people'), 0) + coalesce(json_array_length(e.data, '$.groups'), 0)
          ) AS work
        FROM w
          CROSS JOIN events e ON e.org_id = w.org_id AND e.seq > w.start AND e.seq <= w.start + 500
        WHERE
          w.goes_on
          AND (
            w.types = '[]'
            OR instr(w.types, '"' || e.type || '"')
            OR (
              instr(w.types, '"access.lost"')
              AND (
                e.type = 'membership.removed'
                OR e.type = 'person.deactivated'
                OR e.type = 'person.deleted'
                OR e.type = 'ownership.transferred'
                OR (e.type = 'org_role.changed' AND e.data ->> 'active' AND e.data ->> '$.org_role.after' = 'Member')
              )
            )
            OR (
              instr(w.types, '"access.gained"')
              AND (
                e.type = 'membership.added'
                OR e.type = 'person.restored'
                OR e.type = 'ownership.transferred'
                OR ((e.type = 'person.created' OR e.type = 'person.undeleted') AND e.data ->> 'active')
                OR (e.type = 'org_role.changed' AND e.data ->> 'active' AND e.data ->> '$.org_role.after' <> 'Member')
              )
            )
          )
        ORDER BY e.seq
        LIMIT 40
      ) q
    )
    WHERE done < 2000
  ) p
  UNION ALL
  SELECT 2, 'replay', p.seq, NULL
  FROM (
    SELECT *
    FROM (
      SELECT q.seq, sum(q.work) OVER (ORDER BY q.seq ROWS UNBOUNDED PRECEDING) - q.work AS done
      FROM (
        SELECT
          e.seq AS seq,
          (
            1 + coalesce(json_array_length(e.data, '$.people'), 0) + coalesce(json_array_length(e.data, '$.groups'), 0)
          ) AS work
        FROM
          w
          CROSS JOIN events e ON e.org_id = w.org_id
          AND e.seq <= w.replay_until
          AND e.seq >= w.replay_next
          AND e.seq <= w.replay_next + 500
        WHERE
          w.goes_on
          AND (
            w.types = '[]'
            OR instr(w.types, '"' || e.type || '"')
            OR (
              instr(w.types, '"access.lost"')
              AND (
                e.type = 'membership.removed'
                OR e.type = 'person.deactivated'
                OR e.type = 'person.deleted'
                OR e.type = 'ownership.transferred'
                OR (e.type = 'org_role.changed' AND e.data ->> 'active' AND e.data ->> '$.org_role.after' = 'Member')
              )
            )
            OR (
              instr(w.types, '"access.gained"')
              AND (
                e.type = 'membership.added'
                OR e.type = 'person.restored'
                OR e.type = 'ownership.transferred'
                OR ((e.type = 'person.created' OR e.type = 'person.undeleted') AND e.data ->> 'active')
                OR (e.type = 'org_role.changed' AND e.data ->> 'active' AND e.data ->> '$.org_role.after' <> 'Member')
              )
            )
          )
        ORDER BY e.seq
        LIMIT 40
      ) q
    )
    WHERE done < 2000
  ) p
)
SELECT
  json_object(
    'reason',
    p.reason,
    'seq',
    e.seq,
    'subject',
    e.subject_id,
    'type',
    e.type,
    'id',
    'evt_' || e.org_id || '_' || e.seq,
    'work',
    (
      1 + coalesce(json_array_length(e.data, '$.people'), 0) + coalesce(json_array_length(e.data, '$.groups'), 0)
    ),
    'body',
    '' || iif(
      w.format = 'security-event-tokens',
      json_object(
        'seq',
        e.seq,
        'at',
        e.at,
        'story',
        e.story,
        'subject',
        e.subject_id,
        'event',
        json_object('type', e.type, 'data', json(e.data)),
        'version',
        e.version,
        'external_id',
        iif(
          e.subject_type = 'group',
          (SELECT external_id FROM groups WHERE org_id = e.org_id AND id = e.subject_id),
          (SELECT external_id FROM users WHERE org_id = e.org_id AND id = e.subject_id)
        )
      ),
      json_object(
        'type',
        e.type,
        'timestamp',
        e.at,
        'data',
        json_object(
          'id',
          'evt_' || e.org_id || '_' || e.seq,
          'seq',
          e.seq,
          'at',
          e.at,
          'type',
          e.type,
          'organization',
          e.org_id,
          'subject',
          iif(
            e.subject_type = 'person',
            json_insert(
              coalesce(
                (
                  SELECT
                    json_object(
                      'id',
                      u.id,
                      'user_name',
                      u.doc ->> 'userName',
                      'external_id',
                      u.doc ->> 'externalId',
                      'name',
                      coalesce(
                        nullif(trim(concat_ws(' ', u.doc ->> '$.name.givenName', u.doc ->> '$.name.familyName')), ''),
                        u.doc ->> 'displayName'
                      ),
                      'email',
                      coalesce(
                        (SELECT m.value ->> 'value' FROM json_each(u.doc, '$.emails') m WHERE m.value ->> 'primary' LIMIT 1),
                        u.doc ->> '$.emails[0].value'
                      )
                    )
                  FROM users u
                  WHERE u.org_id = e.org_id
                    AND u.id = e.subject_id
                ),
                (
                  SELECT
                    json_object(
                      'id',
                      e.subject_id,
                      'user_name',
                      n.personal ->> 'user_name',
                      'external_id',
                      n.personal ->> 'external_id',
                      'name',
                      n.personal ->> 'display_name',
                      'email',
                      NULL
                    )
                  FROM (
                    SELECT max(x.personal) AS personal
                    FROM (
                      SELECT y.personal
                      FROM (
                        SELECT z.personal
                        FROM event_subjects z
                        WHERE z.org_id = e.org_id
                          AND z.subject_id = e.subject_id
                        ORDER BY z.seq DESC
                        LIMIT 10
                      ) y
                      WHERE y.personal IS NOT NULL
                      LIMIT 1
                    ) x
                  ) n
                )
              ),
              '$.type',
              'person'
            ),
            json_object(
              'type',
              e.subject_type,
              'id',
              e.subject_id,
              'user_name',
              NULL,
              'external_id',
              NULL,
              'name',
              coalesce(
                e.data ->> '$.group.name',
                e.data ->> '$.name.after',
                iif(json_type(e.data, '$.name') = 'text', e.data ->> 'name', NULL),
                e.data ->> '$.groups[0].name',
                e.data ->> 'hint'
              ),
              'email',
              NULL
            )
          ),
          'version',
          e.version,
          'story',
          e.story,
          'cause',
          json_object('source', e.source, 'actor', e.actor, 'log_id', e.log_id),
          'data',
          json(e.data),
          'access',
          json(
            CASE
              WHEN e.type = 'membership.added' THEN (
                SELECT
                  json_group_array(
                    json_object(
                      'person',
                      json(
                        coalesce(
                          (
                            SELECT json_object('id', u.id, 'user_name', u.doc ->> 'userName', 'external_id', u.doc ->> 'externalId')
                            FROM users u
                            WHERE u.org_id = e.org_id
                              AND u.id = j.value ->> 'id'
                          ),
                          (
                            SELECT
                              json_object(
                                'id',
                                j.value ->> 'id',
                                'user_name',
                                n.personal ->> 'user_name',
                                'external_id',
                                n.personal ->> 'external_id'
                              )
                            FROM (
                              SELECT max(x.personal) AS personal
                              FROM (
                                SELECT y.personal
                                FROM (
                                  SELECT z.personal
                                  FROM event_subjects z
                                  WHERE z.org_id = e.org_id
                                    AND z.subject_id = j.value ->> 'id'
                                  ORDER BY z.seq DESC
                                  LIMIT 10
                                ) y
                                WHERE y.personal IS NOT NULL
                                LIMIT 1
                              ) x
                            ) n
                          )
                        )
                      ),
                      'active',
                      json('true'),
                      'lost',
                      json('[]'),
                      'gained',
                      json(
                        (
                          SELECT
                            json_group_array(
                              json_object(
                                'group_id',
                                g.value ->> 'id',
                                'group',
                                iif(g.value ->> 'role' IS NULL, g.value ->> 'name', NULL),
                                'project_id',
                                g.value ->> '$.project.id',
                                'project',
                                g.value ->> '$.project.name',
                                'team_id',
                                g.value ->> '$.team.id',
                                'team',
                                g.value ->> '$.team.name',
                                'role',
                                g.value ->> 'role'
                              )
                            )
                          FROM json_each(e.data, '$.groups') g
                        )
                      ),
                      'is_lost',
                      json('false'),
                      'is_gained',
                      json('false'),
                      'org_role',
                      json(NULL)
                    )
                  )
                FROM json_each(e.data, '$.people') j
              )
              WHEN e.type = 'membership.removed' THEN (
                SELECT
                  json_group_array(
                    json_object(
                      'person',
                      json(
                        coalesce(
                          (
                            SELECT json_object('id', u.id, 'user_name', u.doc ->> 'userName', 'external_id', u.doc ->> 'externalId')
                            FROM users u
                            WHERE u.org_id = e.org_id
                              AND u.id = j.value ->> 'id'
                          ),
                          (
                            SELECT
                              json_object(
                                'id',
                                j.value ->> 'id',
                                'user_name',
                                n.personal ->> 'user_name',
                                'external_id',
                                n.personal ->> 'external_id'
                              )
                            FROM (
                              SELECT max(x.personal) AS personal
                              FROM (
                                SELECT y.personal
                                FROM (
                                  SELECT z.personal
                                  FROM event_subjects z
                                  WHERE z.org_id = e.org_id
                                    AND z.subject_id = j.value ->> 'id'
                                  ORDER BY z.seq DESC
                                  LIMIT 10
                                ) y
                                WHERE y.personal IS NOT NULL
                                LIMIT 1
                              ) x
                            ) n
                          )
                        )
                      ),
                      'active',
                      json(iif(e.subject_type = 'person', 'false', 'true')),
                      'lost',
                      json(
                        (
                          SELECT
                            json_group_array(
                              json_object(
                                'group_id',
                                g.value ->> 'id',
                                'group',
                                iif(g.value ->> 'role' IS NULL, g.value ->> 'name', NULL),
                                'project_id',
                                g.value ->> '$.project.id',
                                'project',
                                g.value ->> '$.project.name',
                                'team_id',
                                g.value ->> '$.team.id',
                                'team',
                                g.value ->> '$.team.name',
                                'role',
                                g.value ->> 'role'
                              )
                            )
                          FROM json_each(e.data, '$.groups') g
                        )
                      ),
                      'gained',
                      json('[]'),
                      'is_lost',
                      json('false'),
                      'is_gained',
                      json('false'),
                      'org_role',
                      json(NULL)
                    )
                  )
                FROM json_each(e.data, '$.people') j
              )
              WHEN e.type = 'person.deactivated' THEN json_array(
                json_object(
                  'person',
                  json(
                    coalesce(
                      (
                        SELECT json_object('id', u.id, 'user_name', u.doc ->> 'userName', 'external_id', u.doc ->> 'externalId')
                        FROM users u
                        WHERE u.org_id = e.org_id
                          AND u.id = e.subject_id
                      ),
                      (
                        SELECT
                          json_object(
                            'id',
                            e.subject_id,
                            'user_name',
                            n.personal ->> 'user_name',
                            'external_id',
                            n.personal ->> 'external_id'
                          )
                        FROM (
                          SELECT max(x.personal) AS personal
                          FROM (
                            SELECT y.personal
                            FROM (
                              SELECT z.personal
                              FROM event_subjects z
                              WHERE z.org_id = e.org_id
                                AND z.subject_id = e.subject_id
                              ORDER BY z.seq DESC
                              LIMIT 10
                            ) y
                            WHERE y.personal IS NOT NULL
                            LIMIT 1
                          ) x
                        ) n
                      )
                    )
                  ),
                  'active',
                  json('false'),
                  'lost',
                  json('[]'),
                  'gained',
                  json('[]'),
                  'is_lost',
                  json('true'),
                  'is_gained',
                  json('false'),
                  'org_role',
                  json(NULL)
                )
              )
              WHEN e.type = 'person.deleted' THEN json_array(
                json_object(
                  'person',
                  json(
                    coalesce(
                      (
                        SELECT json_object('id', u.id, 'user_name', u.doc ->> 'userName', 'external_id', u.doc ->> 'externalId')
                        FROM users u
                        WHERE u.org_id = e.org_id
                          AND u.id = e.subject_id
                      ),
                      (
                        SELECT
                          json_object(
                            'id',
                            e.subject_id,
                            'user_name',
                            n.personal ->> 'user_name',
                            'external_id',
                            n.personal ->> 'external_id'
                          )
                        FROM (
                          SELECT max(x.personal) AS personal
                          FROM (
                            SELECT y.personal
                            FROM (
                              SELECT z.personal
                              FROM event_subjects z
                              WHERE z.org_id = e.org_id
                                AND z.subject_id = e.subject_id
                              ORDER BY z.seq DESC
                              LIMIT 10
                            ) y
                            WHERE y.personal IS NOT NULL
                            LIMIT 1
                          ) x
                        ) n
                      )
                    )
                  ),
                  'active',
                  json('false'),
                  'lost',
                  json('[]'),
                  'gained',
                  json('[]'),
                  'is_lost',
                  json('true'),
                  'is_gained',
                  json('false'),
                  'org_role',
                  json(NULL)
                )
              )
              WHEN e.type = 'person.restored' THEN json_array(
                json_object(
                  'person',
                  json(
                    coalesce(
                      (
                        SELECT json_object('id', u.id, 'user_name', u.doc ->> 'userName', 'external_id', u.doc ->> 'externalId')
                        FROM users u
                        WHERE u.org_id = e.org_id
                          AND u.id = e.subject_id
                      ),
                      (
                        SELECT
                          json_object(
                            'id',
                            e.subject_id,
                            'user_name',
                            n.personal ->> 'user_name',
                            'external_id',
                            n.personal ->> 'external_id'
                          )
                        FROM (
                          SELECT max(x.personal) AS personal
                          FROM (
                            SELECT y.personal
                            FROM (
                              SELECT z.personal
                              FROM event_subjects z
                              WHERE z.org_id = e.org_id
                                AND z.subject_id = e.subject_id
                              ORDER BY z.seq DESC
                              LIMIT 10
                            ) y
                            WHERE y.personal IS NOT NULL
                            LIMIT 1
                          ) x
                        ) n
                      )
                    )
                  ),
                  'active',
                  json('true'),
                  'lost',
                  json('[]'),
                  'gained',
                  json('[]'),
                  'is_lost',
                  json('false'),
                  'is_gained',
                  json('true'),
                  'org_role',
                  json(NULL)
                )
              )
              WHEN e.type = 'person.created'
              OR e.type = 'person.undeleted' THEN json_array(
                json_object(
                  'person',
                  json(
                    coalesce(
                      (
                        SELECT json_object('id', u.id, 'user_name', u.doc ->> 'userName', 'external_id', u.doc ->> 'externalId')
                        FROM users u
                        WHERE u.org_id = e.org_id
                          AND u.id = e.subject_id
                      ),
                      (
                        SELECT
                          json_object(
                            'id',
                            e.subject_id,
                            'user_name',
                            n.personal ->> 'user_name',
                            'external_id',
                            n.personal ->> 'external_id'
                          )
                        FROM (
                          SELECT max(x.personal) AS personal
                          FROM (
                            SELECT y.personal
                            FROM (
                              SELECT z.personal
                              FROM event_subjects z
                              WHERE z.org_id = e.org_id
                                AND z.subject_id = e.subject_id
                              ORDER BY z.seq DESC
                              LIMIT 10
                            ) y
                            WHERE y.personal IS NOT NULL
                            LIMIT 1
                          ) x
                        ) n
                      )
                    )
                  ),
                  'active',
                  json(iif(e.data ->> 'active', 'true', 'false')),
                  'lost',
                  json('[]'),
                  'gained',
                  json('[]'),
                  'is_lost',
                  json('false'),
                  'is_gained',
                  json(iif(e.data ->> 'active', 'true', 'false')),
                  'org_role',
                  json(NULL)
                )
              )
              WHEN e.type = 'org_role.changed' THEN json_array(
                json_object(
                  'person',
                  json(
                    coalesce(
                      (
                        SELECT json_object('id', u.id, 'user_name', u.doc ->> 'userName', 'external_id', u.doc ->> 'externalId')
                        FROM users u
                        WHERE u.org_id = e.org_id
                          AND u.id = e.subject_id
                      ),
                      (
                        SELECT
                          json_object(
                            'id',
                            e.subject_id,
                            'user_name',
                            n.personal ->> 'user_name',
                            'external_id',
                            n.personal ->> 'external_id'
                          )
                        FROM (
                          SELECT max(x.personal) AS personal
                          FROM (
                            SELECT y.personal
                            FROM (
                              SELECT z.personal
                              FROM event_subjects z
                              WHERE z.org_id = e.org_id
                                AND z.subject_id = e.subject_id
                              ORDER BY z.seq DESC
                              LIMIT 10
                            ) y
                            WHERE y.personal IS NOT NULL
                            LIMIT 1
                          ) x
                        ) n
                      )
                    )
                  ),
                  'active',
                  json(iif(e.data ->> 'active', 'true', 'false')),
                  'lost',
                  json('[]'),
                  'gained',
                  json('[]'),
                  'is_lost',
                  json('false'),
                  'is_gained',
                  json('false'),
                  'org_role',
                  json(e.data -> '$.org_role')
                )
              )
              WHEN e.type = 'ownership.transferred' THEN json_array(
                json_object(
                  'person',
                  json(
                    coalesce(
                      (
                        SELECT json_object('id', u.id, 'user_name', u.doc ->> 'userName', 'external_id', u.doc ->> 'externalId')
                        FROM users u
                        WHERE u.org_id = e.org_id
                          AND u.id = e.data ->> '$.owner.before'
                      ),
                      (
                        SELECT
                          json_object(
                            'id',
                            e.data ->> '$.owner.before',
                            'user_name',
                            n.personal ->> 'user_name',
                            'external_id',
                            n.personal ->> 'external_id'
                          )
                        FROM (
                          SELECT max(x.personal) AS personal
                          FROM (
                            SELECT y.personal
                            FROM (
                              SELECT z.personal
                              FROM event_subjects z
                              WHERE z.org_id = e.org_id
                                AND z.subject_id = e.data ->> '$.owner.before'
                              ORDER BY z.seq DESC
                              LIMIT 10
                            ) y
                            WHERE y.personal IS NOT NULL
                            LIMIT 1
                          ) x
                        ) n
                      )
                    )
                  ),
                  'active',
                  json('true'),
                  'lost',
                  json('[]'),
                  'gained',
                  json('[]'),
                  'is_lost',
                  json('false'),
                  'is_gained',
                  json('false'),
                  'org_role',
                  json(json_object('before', 'Owner', 'after', 'Admin'))
                ),
                json_object(
                  'person',
                  json(
                    coalesce(
                      (
                        SELECT json_object('id', u.id, 'user_name', u.doc ->> 'userName', 'external_id', u.doc ->> 'externalId')
                        FROM users u
                        WHERE u.org_id = e.org_id
                          AND u.id = e.data ->> '$.owner.after'
                      ),
                      (
                        SELECT
                          json_object(
                            'id',
                            e.data ->> '$.owner.after',
                            'user_name',
                            n.personal ->> 'user_name',
                            'external_id',
                            n.personal ->> 'external_id'
                          )
                        FROM (
                          SELECT max(x.personal) AS personal
                          FROM (
                            SELECT y.personal
                            FROM (
                              SELECT z.personal
                              FROM event_subjects z
                              WHERE z.org_id = e.org_id
                                AND z.subject_id = e.data ->> '$.owner.after'
                              ORDER BY z.seq DESC
                              LIMIT 10
                            ) y
                            WHERE y.personal IS NOT NULL
                            LIMIT 1
                          ) x
                        ) n
                      )
                    )
                  ),
                  'active',
                  json('true'),
                  'lost',
                  json('[]'),
                  'gained',
                  json('[]'),
                  'is_lost',
                  json('false'),
                  'is_gained',
                  json('false'),
                  'org_role',
                  json(json_object('before', e.data ->> 'role_before', 'after', 'Owner'))
                )
              )
              ELSE '[]'
            END
          )
        )
      )
    )
  ) AS json
FROM picked p CROSS JOIN w CROSS JOIN events e ON e.org_id = w.org_id AND e.seq = p.seq
WHERE
  (p.subject IS NULL OR e.subject_id = p.subject)
  AND (
    w.types = '[]'
    OR instr(w.types, '"' || e.type || '"')
    OR (
      instr(w.types, '"access.lost"')
      AND (
        e.type = 'membership.removed'
        OR e.type = 'person.deactivated'
        OR e.type = 'person.deleted'
        OR e.type = 'ownership.transferred'
        OR (e.type = 'org_role.changed' AND e.data ->> 'active' AND e.data ->> '$.org_role.after' = 'Member')
      )
    )
    OR (
      instr(w.types, '"access.gained"')
      AND (
        e.type = 'membership.added'
        OR e.type = 'person.restored'
        OR e.type = 'ownership.transferred'
        OR ((e.type = 'person.created' OR e.type = 'person.undeleted') AND e.data ->> 'active')
        OR (e.type = 'org_role.changed' AND e.data ->> 'active' AND e.data ->> '$.org_role.after' <> 'Member')
      )
    )
  )
ORDER BY p.place, p.seq;

-- what a run came to
UPDATE webhooks SET
  position = CAST(?1 AS INTEGER),
  replay_next = CAST(?2 AS INTEGER),
  lease = NULL,
  leased_until = strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
  attempts = attempts + CAST(?3 AS INTEGER),
  slow_until = ?4,
  disabled_because = iif(?5 IS NULL, disabled_because, coalesce(disabled_because, ?5)),
  disabled_at = iif(?5 IS NULL, disabled_at, coalesce(disabled_at, ?6))
WHERE org_id = ?7 AND id = ?8 AND lease = ?9;
SELECT CASE WHEN changes() = 1 THEN '' ELSE json('stale') END;
DELETE FROM webhook_failures
WHERE
  org_id = ?1
  AND webhook_id = ?2
  AND subject_id IN (SELECT j.value ->> 'subject' FROM json_each(?3) j);
INSERT INTO webhook_failures (org_id, webhook_id, subject_id, seq, attempts, next_at)
SELECT w.org_id, w.id, c.subject, c.seq, 0, ?1
FROM
  webhooks w
  CROSS JOIN (
    SELECT
      j.value ->> 'subject' AS subject,
      (
        SELECT s.seq
        FROM
          event_subjects s
          CROSS JOIN webhooks v ON v.org_id = ?2
          AND v.id = ?3
          CROSS JOIN events e ON e.org_id = s.org_id
          AND e.seq = s.seq
          AND e.subject_id = s.subject_id
        WHERE
          s.org_id = ?2
          AND s.subject_id = j.value ->> 'subject'
          AND s.seq > j.value ->> 'after'
          AND s.seq <= v.position
          AND (
            v.types = '[]'
            OR instr(v.types, '"' || e.type || '"')
            OR (
              instr(v.types, '"access.lost"')
              AND (
                e.type = 'membership.removed'
                OR e.type = 'person.deactivated'
                OR e.type = 'person.deleted'
                OR e.type = 'ownership.transferred'
                OR (e.type = 'org_role.changed' AND e.data ->> 'active' AND e.data ->> '$.org_role.after' = 'Member')
              )
            )
            OR (
              instr(v.types, '"access.gained"')
              AND (
                e.type = 'membership.added'
                OR e.type = 'person.restored'
                OR e.type = 'ownership.transferred'
                OR ((e.type = 'person.created' OR e.type = 'person.undeleted') AND e.data ->> 'active')
                OR (e.type = 'org_role.changed' AND e.data ->> 'active' AND e.data ->> '$.org_role.after' <> 'Member')
              )
            )
          )
        ORDER BY s.seq
        LIMIT 1
      ) AS seq
    FROM json_each(?4) j
  ) c
WHERE w.org_id = ?2 AND w.id = ?3 AND c.seq IS NOT NULL;
INSERT OR REPLACE INTO webhook_failures (org_id, webhook_id, subject_id, seq, attempts, next_at, part)
SELECT
  ?1,
  ?2,
  j.value ->> 'subject',
  j.value ->> 'seq',
  j.value ->> 'attempts',
  j.value ->> 'next_at',
  j.value ->> 'part'
FROM json_each(?3) j;
UPDATE webhook_failures SET
  next_at = ?1
WHERE org_id = ?2 AND webhook_id = ?3 AND next_at < ?1;
INSERT
  OR REPLACE INTO webhook_attempts (
    org_id,
    webhook_id,
    slot,
    number,
    at,
    event_seq,
    type,
    attempt,
    status,
    millis,
    answer,
    error
  )
SELECT
  w.org_id,
  w.id,
  (w.attempts - CAST(?1 AS INTEGER) + j.key) % 500,
  w.attempts - CAST(?1 AS INTEGER) + j.key + 1,
  j.value ->> 'at',
  j.value ->> 'event',
  j.value ->> 'type',
  j.value ->> 'attempt',
  j.value ->> 'status',
  j.value ->> 'duration',
  j.value ->> 'answer',
  j.value ->> 'error'
FROM webhooks w CROSS JOIN json_each(?2) j
WHERE w.org_id = ?3 AND w.id = ?4;
INSERT INTO
  new_events (
    org_id,
    seq,
    at,
    type,
    story,
    log_id,
    source,
    actor,
    key_id,
    subject_type,
    subject_id,
    version,
    data,
    active,
    active_total,
    lost,
    lost_total,
    personal,
    others
  )
SELECT
  p.org_id,
  p.seq + 1,
  max(coalesce(substr(p.request_log_id, 1, 24), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), p.at),
  (?1 ->> 'type'),
  coalesce(CAST(?2 AS INTEGER), iif(p.log_id = p.request_log_id, p.story, p.seq + 1)),
  p.request_log_id,
  ?3,
  ?4,
  ?5,
  (?1 ->> 'subject_type'),
  (?1 ->> 'subject_id'),
  coalesce(
    ?1 ->> 'version',
    CASE
      ?1 ->> 'subject_type'
      WHEN 'group' THEN (SELECT version FROM groups WHERE org_id = p.org_id AND id = ?1 ->> 'subject_id')
    END
  ),
  ?1 -> 'data',
  (?1 ->> 'active'),
  p.active_total + (?1 ->> 'active_sum'),
  iif(?3 = 'scim', (?1 ->> 'lost'), 0),
  p.lost_total + iif(?3 = 'scim', (?1 ->> 'lost_sum'), 0),
  (?1 ->> 'personal'),
  NULL
FROM (
  SELECT
    n.*,
    (
      SELECT l.id
      FROM log l
      WHERE
        l.org_id = n.org_id
        AND substr(l.id, 26) = ?6
        AND l.id > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
      ORDER BY l.id DESC
      LIMIT 1
    ) AS request_log_id
  FROM (
    SELECT *
    FROM (
      SELECT org_id, seq, at, story, log_id, active_total, lost_total
      FROM events
      WHERE org_id = ?7
      ORDER BY seq DESC
      LIMIT 1
    )
    UNION ALL
    SELECT ?7, 0, '', NULL, NULL, 0, 0
    LIMIT 1
  ) n
  WHERE n.org_id IS NOT NULL
  LIMIT 1
) p
LIMIT 1;
SELECT
  (
    w.disabled_at IS NULL
    AND (
      EXISTS (
        SELECT 1
        FROM webhook_failures f
        WHERE f.org_id = w.org_id
          AND f.webhook_id = w.id AND f.next_at <= ?1
      )
      OR (
        (
          w.replay_next IS NOT NULL
          OR w.position < (SELECT max(e.seq) FROM events e WHERE e.org_id = w.org_id)
        )
        AND 10 > (SELECT count(*) FROM webhook_failures f WHERE f.org_id = w.org_id AND f.webhook_id = w.id)
      )
    )
  ) AS more,
  (
    SELECT min(f.next_at)
    FROM webhook_failures f
    WHERE f.org_id = w.org_id
      AND f.webhook_id = w.id
  ) AS next_at
FROM webhooks w
WHERE w.org_id = ?2 AND w.id = ?3;

-- the feed behind an event, and from a time
WITH o (id) AS MATERIALIZED (SELECT t.id FROM (SELECT ?1 AS id LIMIT 1) t WHERE t.id IS NOT NULL)
SELECT
  f.seq AS oldest,
  f.at AS oldest_at,
  l.seq AS newest,
  l.at AS newest_at,
  (SELECT e.at FROM events e WHERE e.org_id = o.id AND e.seq = CAST(?2 AS INTEGER)) AS at
FROM
  o
  CROSS JOIN events f ON f.org_id = o.id
  AND f.seq = (SELECT min(seq) FROM events WHERE org_id = o.id)
  CROSS JOIN events l ON l.org_id = o.id
  AND l.seq = (SELECT max(seq) FROM events WHERE org_id = o.id);
WITH
RECURSIVE o (id) AS MATERIALIZED (SELECT t.id FROM (SELECT ?1 AS id LIMIT 1) t WHERE t.id IS NOT NULL),
range AS MATERIALIZED (
  SELECT
    e.*,
    (
      1 + coalesce(json_array_length(e.data, '$.people'), 0) + coalesce(json_array_length(e.data, '$.groups'), 0)
    ) AS work
  FROM o CROSS JOIN events e ON e.org_id = o.id AND e.seq > CAST(?2 AS INTEGER)
  ORDER BY e.seq
  LIMIT 100
),
kept AS MATERIALIZED (
  SELECT *
  FROM (
    SELECT r.*, sum(r.work) OVER (ORDER BY r.seq ROWS UNBOUNDED PRECEDING) - r.work AS done
    FROM range r
  )
  WHERE done < 2000
)
SELECT
  e.seq AS seq,
  e.at AS at,
  e.type AS type,
  (
    e.type = 'membership.removed'
    OR e.type = 'person.deactivated'
    OR e.type = 'person.deleted'
    OR e.type = 'ownership.transferred'
    OR (e.type = 'org_role.changed' AND e.data ->> 'active' AND e.data ->> '$.org_role.after' = 'Member')
  ) AS lost,
  (
    e.type = 'membership.added'
    OR e.type = 'person.restored'
    OR e.type = 'ownership.transferred'
    OR ((e.type = 'person.created' OR e.type = 'person.undeleted') AND e.data ->> 'active')
    OR (e.type = 'org_role.changed' AND e.data ->> 'active' AND e.data ->> '$.org_role.after' <> 'Member')
  ) AS gained,
  json_object(
    'id',
    'evt_' || e.org_id || '_' || e.seq,
    'seq',
    e.seq,
    'at',
    e.at,
    'type',
    e.type,
    'organization',
    e.org_id,
    'subject',
    iif(
      e.subject_type = 'person',
      json_insert(
        coalesce(
          (
            SELECT
              json_object(
                'id',
                u.id,
                'user_name',
                u.doc ->> 'userName',
                'external_id',
                u.doc ->> 'externalId',
                'name',
                coalesce(
                  nullif(trim(concat_ws(' ', u.doc ->> '$.name.givenName', u.doc ->> '$.name.familyName')), ''),
                  u.doc ->> 'displayName'
                ),
                'email',
                coalesce(
                  (SELECT m.value ->> 'value' FROM json_each(u.doc, '$.emails') m WHERE m.value ->> 'primary' LIMIT 1),
                  u.doc ->> '$.emails[0].value'
                )
              )
            FROM users u
            WHERE u.org_id = e.org_id
              AND u.id = e.subject_id
          ),
          (
            SELECT
              json_object(
                'id',
                e.subject_id,
                'user_name',
                n.personal ->> 'user_name',
                'external_id',
                n.personal ->> 'external_id',
                'name',
                n.personal ->> 'display_name',
                'email',
                NULL
              )
            FROM (
              SELECT max(x.personal) AS personal
              FROM (
                SELECT y.personal
                FROM (
                  SELECT z.personal
                  FROM event_subjects z
                  WHERE z.org_id = e.org_id
                    AND z.subject_id = e.subject_id
                  ORDER BY z.seq DESC
                  LIMIT 10
                ) y
                WHERE y.personal IS NOT NULL
                LIMIT 1
              ) x
            ) n
          )
        ),
        '$.type',
        'person'
      ),
      json_object(
        'type',
        e.subject_type,
        'id',
        e.subject_id,
        'user_name',
        NULL,
        'external_id',
        NULL,
        'name',
        coalesce(
          e.data ->> '$.group.name',
          e.data ->> '$.name.after',
          iif(json_type(e.data, '$.name') = 'text', e.data ->> 'name', NULL),
          e.data ->> '$.groups[0].name',
          e.data ->> 'hint'
        ),
        'email',
        NULL
      )
    ),
    'version',
    e.version,
    'story',
    e.story,
    'cause',
    json_object('source', e.source, 'actor', e.actor, 'log_id', e.log_id),
    'data',
    json(e.data),
    'access',
    json(
      CASE
        WHEN e.type = 'membership.added' THEN (
          SELECT
            json_group_array(
              json_object(
                'person',
                json(
                  coalesce(
                    (
                      SELECT json_object('id', u.id, 'user_name', u.doc ->> 'userName', 'external_id', u.doc ->> 'externalId')
                      FROM users u
                      WHERE u.org_id = e.org_id
                        AND u.id = j.value ->> 'id'
                    ),
                    (
                      SELECT
                        json_object(
                          'id',
                          j.value ->> 'id',
                          'user_name',
                          n.personal ->> 'user_name',
                          'external_id',
                          n.personal ->> 'external_id'
                        )
                      FROM (
                        SELECT max(x.personal) AS personal
                        FROM (
                          SELECT y.personal
                          FROM (
                            SELECT z.personal
                            FROM event_subjects z
                            WHERE z.org_id = e.org_id
                              AND z.subject_id = j.value ->> 'id'
                            ORDER BY z.seq DESC
                            LIMIT 10
                          ) y
                          WHERE y.personal IS NOT NULL
                          LIMIT 1
                        ) x
                      ) n
                    )
                  )
                ),
                'active',
                json('true'),
                'lost',
                json('[]'),
                'gained',
                json(
                  (
                    SELECT
                      json_group_array(
                        json_object(
                          'group_id',
                          g.value ->> 'id',
                          'group',
                          iif(g.value ->> 'role' IS NULL, g.value ->> 'name', NULL),
                          'project_id',
                          g.value ->> '$.project.id',
                          'project',
                          g.value ->> '$.project.name',
                          'team_id',
                          g.value ->> '$.team.id',
                          'team',
                          g.value ->> '$.team.name',
                          'role',
                          g.value ->> 'role'
                        )
                      )
                    FROM json_each(e.data, '$.groups') g
                  )
                ),
                'is_lost',
                json('false'),
                'is_gained',
                json('false'),
                'org_role',
                json(NULL)
              )
            )
          FROM json_each(e.data, '$.people') j
        )
        WHEN e.type = 'membership.removed' THEN (
          SELECT
            json_group_array(
              json_object(
                'person',
                json(
                  coalesce(
                    (
                      SELECT json_object('id', u.id, 'user_name', u.doc ->> 'userName', 'external_id', u.doc ->> 'externalId')
                      FROM users u
                      WHERE u.org_id = e.org_id
                        AND u.id = j.value ->> 'id'
                    ),
                    (
                      SELECT
                        json_object(
                          'id',
                          j.value ->> 'id',
                          'user_name',
                          n.personal ->> 'user_name',
                          'external_id',
                          n.personal ->> 'external_id'
                        )
                      FROM (
                        SELECT max(x.personal) AS personal
                        FROM (
                          SELECT y.personal
                          FROM (
                            SELECT z.personal
                            FROM event_subjects z
                            WHERE z.org_id = e.org_id
                              AND z.subject_id = j.value ->> 'id'
                            ORDER BY z.seq DESC
                            LIMIT 10
                          ) y
                          WHERE y.personal IS NOT NULL
                          LIMIT 1
                        ) x
                      ) n
                    )
                  )
                ),
                'active',
                json(iif(e.subject_type = 'person', 'false', 'true')),
                'lost',
                json(
                  (
                    SELECT
                      json_group_array(
                        json_object(
                          'group_id',
                          g.value ->> 'id',
                          'group',
                          iif(g.value ->> 'role' IS NULL, g.value ->> 'name', NULL),
                          'project_id',
                          g.value ->> '$.project.id',
                          'project',
                          g.value ->> '$.project.name',
                          'team_id',
                          g.value ->> '$.team.id',
                          'team',
                          g.value ->> '$.team.name',
                          'role',
                          g.value ->> 'role'
                        )
                      )
                    FROM json_each(e.data, '$.groups') g
                  )
                ),
                'gained',
                json('[]'),
                'is_lost',
                json('false'),
                'is_gained',
                json('false'),
                'org_role',
                json(NULL)
              )
            )
          FROM json_each(e.data, '$.people') j
        )
        WHEN e.type = 'person.deactivated' THEN json_array(
          json_object(
            'person',
            json(
              coalesce(
                (
                  SELECT json_object('id', u.id, 'user_name', u.doc ->> 'userName', 'external_id', u.doc ->> 'externalId')
                  FROM users u
                  WHERE u.org_id = e.org_id
                    AND u.id = e.subject_id
                ),
                (
                  SELECT
                    json_object(
                      'id',
                      e.subject_id,
                      'user_name',
                      n.personal ->> 'user_name',
                      'external_id',
                      n.personal ->> 'external_id'
                    )
                  FROM (
                    SELECT max(x.personal) AS personal
                    FROM (
                      SELECT y.personal
                      FROM (
                        SELECT z.personal
                        FROM event_subjects z
                        WHERE z.org_id = e.org_id
                          AND z.subject_id = e.subject_id
                        ORDER BY z.seq DESC
                        LIMIT 10
                      ) y
                      WHERE y.personal IS NOT NULL
                      LIMIT 1
                    ) x
                  ) n
                )
              )
            ),
            'active',
            json('false'),
            'lost',
            json('[]'),
            'gained',
            json('[]'),
            'is_lost',
            json('true'),
            'is_gained',
            json('false'),
            'org_role',
            json(NULL)
          )
        )
        WHEN e.type = 'person.deleted' THEN json_array(
          json_object(
            'person',
            json(
              coalesce(
                (
                  SELECT json_object('id', u.id, 'user_name', u.doc ->> 'userName', 'external_id', u.doc ->> 'externalId')
                  FROM users u
                  WHERE u.org_id = e.org_id
                    AND u.id = e.subject_id
                ),
                (
                  SELECT
                    json_object(
                      'id',
                      e.subject_id,
                      'user_name',
                      n.personal ->> 'user_name',
                      'external_id',
                      n.personal ->> 'external_id'
                    )
                  FROM (
                    SELECT max(x.personal) AS personal
                    FROM (
                      SELECT y.personal
                      FROM (
                        SELECT z.personal
                        FROM event_subjects z
                        WHERE z.org_id = e.org_id
                          AND z.subject_id = e.subject_id
                        ORDER BY z.seq DESC
                        LIMIT 10
                      ) y
                      WHERE y.personal IS NOT NULL
                      LIMIT 1
                    ) x
                  ) n
                )
              )
            ),
            'active',
            json('false'),
            'lost',
            json('[]'),
            'gained',
            json('[]'),
            'is_lost',
            json('true'),
            'is_gained',
            json('false'),
            'org_role',
            json(NULL)
          )
        )
        WHEN e.type = 'person.restored' THEN json_array(
          json_object(
            'person',
            json(
              coalesce(
                (
                  SELECT json_object('id', u.id, 'user_name', u.doc ->> 'userName', 'external_id', u.doc ->> 'externalId')
                  FROM users u
                  WHERE u.org_id = e.org_id
                    AND u.id = e.subject_id
                ),
                (
                  SELECT
                    json_object(
                      'id',
                      e.subject_id,
                      'user_name',
                      n.personal ->> 'user_name',
                      'external_id',
                      n.personal ->> 'external_id'
                    )
                  FROM (
                    SELECT max(x.personal) AS personal
                    FROM (
                      SELECT y.personal
                      FROM (
                        SELECT z.personal
                        FROM event_subjects z
                        WHERE z.org_id = e.org_id
                          AND z.subject_id = e.subject_id
                        ORDER BY z.seq DESC
                        LIMIT 10
                      ) y
                      WHERE y.personal IS NOT NULL
                      LIMIT 1
                    ) x
                  ) n
                )
              )
            ),
            'active',
            json('true'),
            'lost',
            json('[]'),
            'gained',
            json('[]'),
            'is_lost',
            json('false'),
            'is_gained',
            json('true'),
            'org_role',
            json(NULL)
          )
        )
        WHEN e.type = 'person.created'
        OR e.type = 'person.undeleted' THEN json_array(
          json_object(
            'person',
            json(
              coalesce(
                (
                  SELECT json_object('id', u.id, 'user_name', u.doc ->> 'userName', 'external_id', u.doc ->> 'externalId')
                  FROM users u
                  WHERE u.org_id = e.org_id
                    AND u.id = e.subject_id
                ),
                (
                  SELECT
                    json_object(
                      'id',
                      e.subject_id,
                      'user_name',
                      n.personal ->> 'user_name',
                      'external_id',
                      n.personal ->> 'external_id'
                    )
                  FROM (
                    SELECT max(x.personal) AS personal
                    FROM (
                      SELECT y.personal
                      FROM (
                        SELECT z.personal
                        FROM event_subjects z
                        WHERE z.org_id = e.org_id
                          AND z.subject_id = e.subject_id
                        ORDER BY z.seq DESC
                        LIMIT 10
                      ) y
                      WHERE y.personal IS NOT NULL
                      LIMIT 1
                    ) x
                  ) n
                )
              )
            ),
            'active',
            json(iif(e.data ->> 'active', 'true', 'false')),
            'lost',
            json('[]'),
            'gained',
            json('[]'),
            'is_lost',
            json('false'),
            'is_gained',
            json(iif(e.data ->> 'active', 'true', 'false')),
            'org_role',
            json(NULL)
          )
        )
        WHEN e.type = 'org_role.changed' THEN json_array(
          json_object(
            'person',
            json(
              coalesce(
                (
                  SELECT json_object('id', u.id, 'user_name', u.doc ->> 'userName', 'external_id', u.doc ->> 'externalId')
                  FROM users u
                  WHERE u.org_id = e.org_id
                    AND u.id = e.subject_id
                ),
                (
                  SELECT
                    json_object(
                      'id',
                      e.subject_id,
                      'user_name',
                      n.personal ->> 'user_name',
                      'external_id',
                      n.personal ->> 'external_id'
                    )
                  FROM (
                    SELECT max(x.personal) AS personal
                    FROM (
                      SELECT y.personal
                      FROM (
                        SELECT z.personal
                        FROM event_subjects z
                        WHERE z.org_id = e.org_id
                          AND z.subject_id = e.subject_id
                        ORDER BY z.seq DESC
                        LIMIT 10
                      ) y
                      WHERE y.personal IS NOT NULL
                      LIMIT 1
                    ) x
                  ) n
                )
              )
            ),
            'active',
            json(iif(e.data ->> 'active', 'true', 'false')),
            'lost',
            json('[]'),
            'gained',
            json('[]'),
            'is_lost',
            json('false'),
            'is_gained',
            json('false'),
            'org_role',
            json(e.data -> '$.org_role')
          )
        )
        WHEN e.type = 'ownership.transferred' THEN json_array(
          json_object(
            'person',
            json(
              coalesce(
                (
                  SELECT json_object('id', u.id, 'user_name', u.doc ->> 'userName', 'external_id', u.doc ->> 'externalId')
                  FROM users u
                  WHERE u.org_id = e.org_id
                    AND u.id = e.data ->> '$.owner.before'
                ),
                (
                  SELECT
                    json_object(
                      'id',
                      e.data ->> '$.owner.before',
                      'user_name',
                      n.personal ->> 'user_name',
                      'external_id',
                      n.personal ->> 'external_id'
                    )
                  FROM (
                    SELECT max(x.personal) AS personal
                    FROM (
                      SELECT y.personal
                      FROM (
                        SELECT z.personal
                        FROM event_subjects z
                        WHERE z.org_id = e.org_id
                          AND z.subject_id = e.data ->> '$.owner.before'
                        ORDER BY z.seq DESC
                        LIMIT 10
                      ) y
                      WHERE y.personal IS NOT NULL
                      LIMIT 1
                    ) x
                  ) n
                )
              )
            ),
            'active',
            json('true'),
            'lost',
            json('[]'),
            'gained',
            json('[]'),
            'is_lost',
            json('false'),
            'is_gained',
            json('false'),
            'org_role',
            json(json_object('before', 'Owner', 'after', 'Admin'))
          ),
          json_object(
            'person',
            json(
              coalesce(
                (
                  SELECT json_object('id', u.id, 'user_name', u.doc ->> 'userName', 'external_id', u.doc ->> 'externalId')
                  FROM users u
                  WHERE u.org_id = e.org_id
                    AND u.id = e.data ->> '$.owner.after'
                ),
                (
                  SELECT
                    json_object(
                      'id',
                      e.data ->> '$.owner.after',
                      'user_name',
                      n.personal ->> 'user_name',
                      'external_id',
                      n.personal ->> 'external_id'
                    )
                  FROM (
                    SELECT max(x.personal) AS personal
                    FROM (
                      SELECT y.personal
                      FROM (
                        SELECT z.personal
                        FROM event_subjects z
                        WHERE z.org_id = e.org_id
                          AND z.subject_id = e.data ->> '$.owner.after'
                        ORDER BY z.seq DESC
                        LIMIT 10
                      ) y
                      WHERE y.personal IS NOT NULL
                      LIMIT 1
                    ) x
                  ) n
                )
              )
            ),
            'active',
            json('true'),
            'lost',
            json('[]'),
            'gained',
            json('[]'),
            'is_lost',
            json('false'),
            'is_gained',
            json('false'),
            'org_role',
            json(json_object('before', e.data ->> 'role_before', 'after', 'Owner'))
          )
        )
        ELSE '[]'
      END
    )
  ) AS body
FROM kept e
ORDER BY e.seq;
WITH
RECURSIVE o (id) AS MATERIALIZED (SELECT t.id FROM (SELECT ?1 AS id LIMIT 1) t WHERE t.id IS NOT NULL),
range_start_search (low, high) AS (
  SELECT
    (SELECT min(e.seq) - 1 FROM events e WHERE e.org_id = o.id),
    (SELECT max(e.seq) FROM events e WHERE e.org_id = o.id)
  FROM o
  UNION ALL
  SELECT iif(e.at < ?2, e.seq, s.low), iif(e.at < ?2, s.high, e.seq - 1)
  FROM
    range_start_search s
    CROSS JOIN o
    CROSS JOIN events e ON e.org_id = o.id
    AND e.seq = (s.low + s.high + 1) / 2
  WHERE s.low < s.high
),
range_start (seq) AS MATERIALIZED (SELECT low FROM range_start_search WHERE low = high),
range AS MATERIALIZED (
  SELECT
    e.*,
    (
      1 + coalesce(json_array_length(e.data, '$.people'), 0) + coalesce(json_array_length(e.data, '$.groups'), 0)
    ) AS work
  FROM o CROSS JOIN events e ON e.org_id = o.id AND e.seq > (SELECT seq FROM range_start)
  ORDER BY e.seq
  LIMIT 100
),
kept AS MATERIALIZED (
  SELECT *
  FROM (
    SELECT r.*, sum(r.work) OVER (ORDER BY r.seq ROWS UNBOUNDED PRECEDING) - r.work AS done
    FROM range r
  )
  WHERE done < 2000
)
SELECT
  e.seq AS seq,
  e.at AS at,
  e.type AS type,
  (
    e.type = 'membership.removed'
    OR e.type = 'person.deactivated'
    OR e.type = 'person.deleted'
    OR e.type = 'ownership.transferred'
    OR (e.type = 'org_role.changed' AND e.data ->> 'active' AND e.data ->> '$.org_role.after' = 'Member')
  ) AS lost,
  (
    e.type = 'membership.added'
    OR e.type = 'person.restored'
    OR e.type = 'ownership.transferred'
    OR ((e.type = 'person.created' OR e.type = 'person.undeleted') AND e.data ->> 'active')
    OR (e.type = 'org_role.changed' AND e.data ->> 'active' AND e.data ->> '$.org_role.after' <> 'Member')
  ) AS gained,
  json_object(
    'id',
    'evt_' || e.org_id || '_' || e.seq,
    'seq',
    e.seq,
    'at',
    e.at,
    'type',
    e.type,
    'organization',
    e.org_id,
    'subject',
    iif(
      e.subject_type = 'person',
      json_insert(
        coalesce(
          (
            SELECT
              json_object(
                'id',
                u.id,
                'user_name',
                u.doc ->> 'userName',
                'external_id',
                u.doc ->> 'externalId',
                'name',
                coalesce(
                  nullif(trim(concat_ws(' ', u.doc ->> '$.name.givenName', u.doc ->> '$.name.familyName')), ''),
                  u.doc ->> 'displayName'
                ),
                'email',
                coalesce(
                  (SELECT m.value ->> 'value' FROM json_each(u.doc, '$.emails') m WHERE m.value ->> 'primary' LIMIT 1),
                  u.doc ->> '$.emails[0].value'
                )
              )
            FROM users u
            WHERE u.org_id = e.org_id
              AND u.id = e.subject_id
          ),
          (
            SELECT
              json_object(
                'id',
                e.subject_id,
                'user_name',
                n.personal ->> 'user_name',
                'external_id',
                n.personal ->> 'external_id',
                'name',
                n.personal ->> 'display_name',
                'email',
                NULL
              )
            FROM (
              SELECT max(x.personal) AS personal
              FROM (
                SELECT y.personal
                FROM (
                  SELECT z.personal
                  FROM event_subjects z
                  WHERE z.org_id = e.org_id
                    AND z.subject_id = e.subject_id
                  ORDER BY z.seq DESC
                  LIMIT 10
                ) y
                WHERE y.personal IS NOT NULL
                LIMIT 1
              ) x
            ) n
          )
        ),
        '$.type',
        'person'
      ),
      json_object(
        'type',
        e.subject_type,
        'id',
        e.subject_id,
        'user_name',
        NULL,
        'external_id',
        NULL,
        'name',
        coalesce(
          e.data ->> '$.group.name',
          e.data ->> '$.name.after',
          iif(json_type(e.data, '$.name') = 'text', e.data ->> 'name', NULL),
          e.data ->> '$.groups[0].name',
          e.data ->> 'hint'
        ),
        'email',
        NULL
      )
    ),
    'version',
    e.version,
    'story',
    e.story,
    'cause',
    json_object('source', e.source, 'actor', e.actor, 'log_id', e.log_id),
    'data',
    json(e.data),
    'access',
    json(
      CASE
        WHEN e.type = 'membership.added' THEN (
          SELECT
            json_group_array(
              json_object(
                'person',
                json(
                  coalesce(
                    (
                      SELECT json_object('id', u.id, 'user_name', u.doc ->> 'userName', 'external_id', u.doc ->> 'externalId')
                      FROM users u
                      WHERE u.org_id = e.org_id
                        AND u.id = j.value ->> 'id'
                    ),
                    (
                      SELECT
                        json_object(
                          'id',
                          j.value ->> 'id',
                          'user_name',
                          n.personal ->> 'user_name',
                          'external_id',
                          n.personal ->> 'external_id'
                        )
                      FROM (
                        SELECT max(x.personal) AS personal
                        FROM (
                          SELECT y.personal
                          FROM (
                            SELECT z.personal
                            FROM event_subjects z
                            WHERE z.org_id = e.org_id
                              AND z.subject_id = j.value ->> 'id'
                            ORDER BY z.seq DESC
                            LIMIT 10
                          ) y
                          WHERE y.personal IS NOT NULL
                          LIMIT 1
                        ) x
                      ) n
                    )
                  )
                ),
                'active',
                json('true'),
                'lost',
                json('[]'),
                'gained',
                json(
                  (
                    SELECT
                      json_group_array(
                        json_object(
                          'group_id',
                          g.value ->> 'id',
                          'group',
                          iif(g.value ->> 'role' IS NULL, g.value ->> 'name', NULL),
                          'project_id',
                          g.value ->> '$.project.id',
                          'project',
                          g.value ->> '$.project.name',
                          'team_id',
                          g.value ->> '$.team.id',
                          'team',
                          g.value ->> '$.team.name',
                          'role',
                          g.value ->> 'role'
                        )
                      )
                    FROM json_each(e.data, '$.groups') g
                  )
                ),
                'is_lost',
                json('false'),
                'is_gained',
                json('false'),
                'org_role',
                json(NULL)
              )
            )
          FROM json_each(e.data, '$.people') j
        )
        WHEN e.type = 'membership.removed' THEN (
          SELECT
            json_group_array(
              json_object(
                'person',
                json(
                  coalesce(
                    (
                      SELECT json_object('id', u.id, 'user_name', u.doc ->> 'userName', 'external_id', u.doc ->> 'externalId')
                      FROM users u
                      WHERE u.org_id = e.org_id
                        AND u.id = j.value ->> 'id'
                    ),
                    (
                      SELECT
                        json_object(
                          'id',
                          j.value ->> 'id',
                          'user_name',
                          n.personal ->> 'user_name',
                          'external_id',
                          n.personal ->> 'external_id'
                        )
                      FROM (
                        SELECT max(x.personal) AS personal
                        FROM (
                          SELECT y.personal
                          FROM (
                            SELECT z.personal
                            FROM event_subjects z
                            WHERE z.org_id = e.org_id
                              AND z.subject_id = j.value ->> 'id'
                            ORDER BY z.seq DESC
                            LIMIT 10
                          ) y
                          WHERE y.personal IS NOT NULL
                          LIMIT 1
                        ) x
                      ) n
                    )
                  )
                ),
                'active',
                json(iif(e.subject_type = 'person', 'false', 'true')),
                'lost',
                json(
                  (
                    SELECT
                      json_group_array(
                        json_object(
                          'group_id',
                          g.value ->> 'id',
                          'group',
                          iif(g.value ->> 'role' IS NULL, g.value ->> 'name', NULL),
                          'project_id',
                          g.value ->> '$.project.id',
                          'project',
                          g.value ->> '$.project.name',
                          'team_id',
                          g.value ->> '$.team.id',
                          'team',
                          g.value ->> '$.team.name',
                          'role',
                          g.value ->> 'role'
                        )
                      )
                    FROM json_each(e.data, '$.groups') g
                  )
                ),
                'gained',
                json('[]'),
                'is_lost',
                json('false'),
                'is_gained',
                json('false'),
                'org_role',
                json(NULL)
              )
            )
          FROM json_each(e.data, '$.people') j
        )
        WHEN e.type = 'person.deactivated' THEN json_array(
          json_object(
            'person',
            json(
              coalesce(
                (
                  SELECT json_object('id', u.id, 'user_name', u.doc ->> 'userName', 'external_id', u.doc ->> 'externalId')
                  FROM users u
                  WHERE u.org_id = e.org_id
                    AND u.id = e.subject_id
                ),
                (
                  SELECT
                    json_object(
                      'id',
                      e.subject_id,
                      'user_name',
                      n.personal ->> 'user_name',
                      'external_id',
                      n.personal ->> 'external_id'
                    )
                  FROM (
                    SELECT max(x.personal) AS personal
                    FROM (
                      SELECT y.personal
                      FROM (
                        SELECT z.personal
                        FROM event_subjects z
                        WHERE z.org_id = e.org_id
                          AND z.subject_id = e.subject_id
                        ORDER BY z.seq DESC
                        LIMIT 10
                      ) y
                      WHERE y.personal IS NOT NULL
                      LIMIT 1
                    ) x
                  ) n
                )
              )
            ),
            'active',
            json('false'),
            'lost',
            json('[]'),
            'gained',
            json('[]'),
            'is_lost',
            json('true'),
            'is_gained',
            json('false'),
            'org_role',
            json(NULL)
          )
        )
        WHEN e.type = 'person.deleted' THEN json_array(
          json_object(
            'person',
            json(
              coalesce(
                (
                  SELECT json_object('id', u.id, 'user_name', u.doc ->> 'userName', 'external_id', u.doc ->> 'externalId')
                  FROM users u
                  WHERE u.org_id = e.org_id
                    AND u.id = e.subject_id
                ),
                (
                  SELECT
                    json_object(
                      'id',
                      e.subject_id,
                      'user_name',
                      n.personal ->> 'user_name',
                      'external_id',
                      n.personal ->> 'external_id'
                    )
                  FROM (
                    SELECT max(x.personal) AS personal
                    FROM (
                      SELECT y.personal
                      FROM (
                        SELECT z.personal
                        FROM event_subjects z
                        WHERE z.org_id = e.org_id
                          AND z.subject_id = e.subject_id
                        ORDER BY z.seq DESC
                        LIMIT 10
                      ) y
                      WHERE y.personal IS NOT NULL
                      LIMIT 1
                    ) x
                  ) n
                )
              )
            ),
            'active',
            json('false'),
            'lost',
            json('[]'),
            'gained',
            json('[]'),
            'is_lost',
            json('true'),
            'is_gained',
            json('false'),
            'org_role',
            json(NULL)
          )
        )
        WHEN e.type = 'person.restored' THEN json_array(
          json_object(
            'person',
            json(
              coalesce(
                (
                  SELECT json_object('id', u.id, 'user_name', u.doc ->> 'userName', 'external_id', u.doc ->> 'externalId')
                  FROM users u
                  WHERE u.org_id = e.org_id
                    AND u.id = e.subject_id
                ),
                (
                  SELECT
                    json_object(
                      'id',
                      e.subject_id,
                      'user_name',
                      n.personal ->> 'user_name',
                      'external_id',
                      n.personal ->> 'external_id'
                    )
                  FROM (
                    SELECT max(x.personal) AS personal
                    FROM (
                      SELECT y.personal
                      FROM (
                        SELECT z.personal
                        FROM event_subjects z
                        WHERE z.org_id = e.org_id
                          AND z.subject_id = e.subject_id
                        ORDER BY z.seq DESC
                        LIMIT 10
                      ) y
                      WHERE y.personal IS NOT NULL
                      LIMIT 1
                    ) x
                  ) n
                )
              )
            ),
            'active',
            json('true'),
            'lost',
            json('[]'),
            'gained',
            json('[]'),
            'is_lost',
            json('false'),
            'is_gained',
            json('true'),
            'org_role',
            json(NULL)
          )
        )
        WHEN e.type = 'person.created'
        OR e.type = 'person.undeleted' THEN json_array(
          json_object(
            'person',
            json(
              coalesce(
                (
                  SELECT json_object('id', u.id, 'user_name', u.doc ->> 'userName', 'external_id', u.doc ->> 'externalId')
                  FROM users u
                  WHERE u.org_id = e.org_id
                    AND u.id = e.subject_id
                ),
                (
                  SELECT
                    json_object(
                      'id',
                      e.subject_id,
                      'user_name',
                      n.personal ->> 'user_name',
                      'external_id',
                      n.personal ->> 'external_id'
                    )
                  FROM (
                    SELECT max(x.personal) AS personal
                    FROM (
                      SELECT y.personal
                      FROM (
                        SELECT z.personal
                        FROM event_subjects z
                        WHERE z.org_id = e.org_id
                          AND z.subject_id = e.subject_id
                        ORDER BY z.seq DESC
                        LIMIT 10
                      ) y
                      WHERE y.personal IS NOT NULL
                      LIMIT 1
                    ) x
                  ) n
                )
              )
            ),
            'active',
            json(iif(e.data ->> 'active', 'true', 'false')),
            'lost',
            json('[]'),
            'gained',
            json('[]'),
            'is_lost',
            json('false'),
            'is_gained',
            json(iif(e.data ->> 'active', 'true', 'false')),
            'org_role',
            json(NULL)
          )
        )
        WHEN e.type = 'org_role.changed' THEN json_array(
          json_object(
            'person',
            json(
              coalesce(
                (
                  SELECT json_object('id', u.id, 'user_name', u.doc ->> 'userName', 'external_id', u.doc ->> 'externalId')
                  FROM users u
                  WHERE u.org_id = e.org_id
                    AND u.id = e.subject_id
                ),
                (
                  SELECT
                    json_object(
                      'id',
                      e.subject_id,
                      'user_name',
                      n.personal ->> 'user_name',
                      'external_id',
                      n.personal ->> 'external_id'
                    )
                  FROM (
                    SELECT max(x.personal) AS personal
                    FROM (
                      SELECT y.personal
                      FROM (
                        SELECT z.personal
                        FROM event_subjects z
                        WHERE z.org_id = e.org_id
                          AND z.subject_id = e.subject_id
                        ORDER BY z.seq DESC
                        LIMIT 10
                      ) y
                      WHERE y.personal IS NOT NULL
                      LIMIT 1
                    ) x
                  ) n
                )
              )
            ),
            'active',
            json(iif(e.data ->> 'active', 'true', 'false')),
            'lost',
            json('[]'),
            'gained',
            json('[]'),
            'is_lost',
            json('false'),
            'is_gained',
            json('false'),
            'org_role',
            json(e.data -> '$.org_role')
          )
        )
        WHEN e.type = 'ownership.transferred' THEN json_array(
          json_object(
            'person',
            json(
              coalesce(
                (
                  SELECT json_object('id', u.id, 'user_name', u.doc ->> 'userName', 'external_id', u.doc ->> 'externalId')
                  FROM users u
                  WHERE u.org_id = e.org_id
                    AND u.id = e.data ->> '$.owner.before'
                ),
                (
                  SELECT
                    json_object(
                      'id',
                      e.data ->> '$.owner.before',
                      'user_name',
                      n.personal ->> 'user_name',
                      'external_id',
                      n.personal ->> 'external_id'
                    )
                  FROM (
                    SELECT max(x.personal) AS personal
                    FROM (
                      SELECT y.personal
                      FROM (
                        SELECT z.personal
                        FROM event_subjects z
                        WHERE z.org_id = e.org_id
                          AND z.subject_id = e.data ->> '$.owner.before'
                        ORDER BY z.seq DESC
                        LIMIT 10
                      ) y
                      WHERE y.personal IS NOT NULL
                      LIMIT 1
                    ) x
                  ) n
                )
              )
            ),
            'active',
            json('true'),
            'lost',
            json('[]'),
            'gained',
            json('[]'),
            'is_lost',
            json('false'),
            'is_gained',
            json('false'),
            'org_role',
            json(json_object('before', 'Owner', 'after', 'Admin'))
          ),
          json_object(
            'person',
            json(
              coalesce(
                (
                  SELECT json_object('id', u.id, 'user_name', u.doc ->> 'userName', 'external_id', u.doc ->> 'externalId')
                  FROM users u
                  WHERE u.org_id = e.org_id
                    AND u.id = e.data ->> '$.owner.after'
                ),
                (
                  SELECT
                    json_object(
                      'id',
                      e.data ->> '$.owner.after',
                      'user_name',
                      n.personal ->> 'user_name',
                      'external_id',
                      n.personal ->> 'external_id'
                    )
                  FROM (
                    SELECT max(x.personal) AS personal
                    FROM (
                      SELECT y.personal
                      FROM (
                        SELECT z.personal
                        FROM event_subjects z
                        WHERE z.org_id = e.org_id
                          AND z.subject_id = e.data ->> '$.owner.after'
                        ORDER BY z.seq DESC
                        LIMIT 10
                      ) y
                      WHERE y.personal IS NOT NULL
                      LIMIT 1
                    ) x
                  ) n
                )
              )
            ),
            'active',
            json('true'),
            'lost',
            json('[]'),
            'gained',
            json('[]'),
            'is_lost',
            json('false'),
            'is_gained',
            json('false'),
            'org_role',
            json(json_object('before', e.data ->> 'role_before', 'after', 'Owner'))
          )
        )
        ELSE '[]'
      END
    )
  ) AS body
FROM kept e
ORDER BY e.seq;

-- a page of the snapshot
SELECT
  group_concat (y.line, '' ORDER BY y.number) AS body,
  max(y.number) AS number,
  count(*) AS rows,
  y.after AS
after, y.after_seq AS after_seq
FROM (
  SELECT x.*, sum(length(x.line)) OVER (ORDER BY x.number ROWS UNBOUNDED PRECEDING) / 300000 AS piece
  FROM (
    SELECT w.after AS
    after
,
      w.after_seq AS after_seq,
      row_number() OVER () AS number,
      json_object('person', json(c0), 'access', json(c1)) || char(10) AS line
    FROM (
      SELECT
        json_object(
          'id',
          u.id,
          'user_name',
          u.doc ->> 'userName',
          'external_id',
          u.doc ->> 'externalId',
          'name',
          coalesce(
            nullif(trim(concat_ws(' ', u.doc ->> '$.name.givenName', u.doc ->> '$.name.familyName')), ''),
            u.doc ->> 'displayName'
          ),
          'email',
          coalesce(
            (SELECT m.value ->> 'value' FROM json_each(u.doc, '$.emails') m WHERE m.value ->> 'primary' LIMIT 1),
            u.doc ->> '$.emails[0].value'
          ),
          'active',
          json(iif(u.active, 'true', 'false')),
          'org_role',
          iif(u.active, u.org_role, NULL),
          'version',
          u.version
        ) AS c0,
        (
          SELECT
            json_group_array(
              json_object(
                'group_id',
                g.id,
                'group',
                iif(g.role IS NULL, g.display_name, NULL),
                'project_id',
                p.id,
                'project',
                p.name,
                'team_id',
                t.id,
                'team',
                t.name,
                'role',
                g.role,
                'since',
                b.at
              )
            )
          FROM
            memberships m
            CROSS JOIN groups g ON g.seq = m.group_seq
            LEFT JOIN projects p ON p.id = g.project_id
            LEFT JOIN teams t ON t.id = g.team_id
            LEFT JOIN events b ON b.org_id = g.org_id
            AND b.seq = m.since
          WHERE m.user_seq = u.seq
        ) AS c1,
        u.id AS
      after, 0 AS after_seq
      FROM users u
      WHERE u.org_id = ?1
        AND u.id > ?2
      ORDER BY u.id
      LIMIT CAST(?3 AS INTEGER)
    ) w
  ) x
) y
GROUP BY y.piece
ORDER BY y.piece;

-- a person, and the people of a project, for a product
WITH
o (id) AS MATERIALIZED (SELECT ?1),
f (seq) AS MATERIALIZED (
  SELECT *
  FROM (SELECT u.seq FROM o CROSS JOIN users u ON u.org_id = o.id AND u.id = ?2)
  UNION ALL
  SELECT *
  FROM (SELECT u.seq FROM o CROSS JOIN users u ON u.org_id = o.id AND u.user_name_fold = ?3)
  UNION ALL
  SELECT *
  FROM (SELECT u.seq FROM o CROSS JOIN users u ON u.org_id = o.id AND u.external_id = ?4)
  LIMIT 1
)
SELECT
  json_object(
    'person',
    json(
      json_object(
        'id',
        u.id,
        'user_name',
        u.doc ->> 'userName',
        'external_id',
        u.doc ->> 'externalId',
        'name',
        coalesce(
          nullif(trim(concat_ws(' ', u.doc ->> '$.name.givenName', u.doc ->> '$.name.familyName')), ''),
          u.doc ->> 'displayName'
        ),
        'email',
        coalesce(
          (SELECT m.value ->> 'value' FROM json_each(u.doc, '$.emails') m WHERE m.value ->> 'primary' LIMIT 1),
          u.doc ->> '$.emails[0].value'
        ),
        'active',
        json(iif(u.active, 'true', 'false')),
        'org_role',
        iif(u.active, u.org_role, NULL),
        'version',
        u.version
      )
    ),
    'access',
    json(
      (
        SELECT
          json_group_array(
            json_object(
              'group_id',
              g.id,
              'group',
              iif(g.role IS NULL, g.display_name, NULL),
              'project_id',
              p.id,
              'project',
              p.name,
              'team_id',
              t.id,
              'team',
              t.name,
              'role',
              g.role,
              'since',
              b.at
            )
          )
        FROM
          memberships m
          CROSS JOIN groups g ON g.seq = m.group_seq
          LEFT JOIN projects p ON p.id = g.project_id
          LEFT JOIN teams t ON t.id = g.team_id
          LEFT JOIN events b ON b.org_id = g.org_id
          AND b.seq = m.since
        WHERE m.user_seq = u.seq
      )
    )
  ) AS body
FROM f CROSS JOIN users u ON u.seq = f.seq;
SELECT p.id AS id, p.name AS name
FROM projects p
WHERE
  p.id = (
    SELECT id
    FROM (SELECT id FROM projects WHERE org_id = ?1 AND id = ?2 AND archived_at IS NULL)
    UNION ALL
    SELECT id
    FROM projects
    WHERE org_id = ?1
      AND name_fold = ?3 AND archived_at IS NULL
    LIMIT 1
  );
SELECT
  g.seq AS group_seq,
  u.seq AS user_seq,
  json_object(
    'person',
    json_object('id', u.id, 'user_name', u.doc ->> 'userName', 'external_id', u.doc ->> 'externalId'),
    'group_id',
    g.id,
    'team_id',
    t.id,
    'team',
    t.name,
    'role',
    g.role,
    'since',
    (SELECT b.at FROM events b WHERE b.org_id = g.org_id AND b.seq = m.since)
  ) AS body
FROM
  groups g
  CROSS JOIN memberships m ON m.group_seq = g.seq
  AND m.user_seq > iif(g.seq = CAST(?1 AS INTEGER), CAST(?2 AS INTEGER), 0)
  CROSS JOIN users u ON u.seq = m.user_seq
  LEFT JOIN teams t ON t.id = g.team_id
WHERE
  g.project_id = (
    SELECT id
    FROM (SELECT id FROM projects WHERE org_id = ?3 AND id = ?4 AND archived_at IS NULL)
    UNION ALL
    SELECT id
    FROM projects
    WHERE org_id = ?3
      AND name_fold = ?5 AND archived_at IS NULL
    LIMIT 1
  )
  AND g.seq >= CAST(?1 AS INTEGER)
  AND (?6 IS NULL OR g.role = ?6)
ORDER BY g.seq, m.user_seq
LIMIT CAST(?7 AS INTEGER);

-- a search for people and things with a permission
SELECT
  x.permissions AS permissions,
  x.org_id AS organization,
  CASE
    x.ask ->> '$.what.on'
    WHEN 'organization' THEN iif(x.ask ->> '$.what.organization' = x.org_id, x.org_id, NULL)
    WHEN 'project' THEN p.id
    WHEN 'team' THEN t.id
  END AS resource,
  coalesce(x.person ->> 2, 0) AS is_active,
  x.person ->> 3 AS organization_role,
  (
    SELECT
      json_group_array(
        json_object(
          'on',
          iif(g.team_id IS NULL, 'project', 'team'),
          'role',
          g.role,
          'seq',
          g.seq,
          'project',
          g.project_id,
          'team',
          g.team_id
        )
      )
    FROM (
      SELECT value
      FROM json_each(p.role_groups)
      UNION ALL
      SELECT value
      FROM json_each(coalesce(t.role_groups, '[]'))
    ) j
      CROSS JOIN groups g ON g.seq = j.value
  ) AS roles
FROM
  (
    SELECT
      o.id AS org_id,
      iif(0 = 0, o.permissions, NULL) AS permissions,
      (?1 -> 0) AS ask,
      (
        SELECT iif(min(c.seq) = max(c.seq), json_array(c.seq, c.id, c.active, c.org_role), NULL)
        FROM (
          SELECT seq, id, active, org_role
          FROM users
          WHERE org_id = o.id
            AND id = (?1 -> 0) ->> '$.who.id'
          UNION ALL
          SELECT seq, id, active, org_role
          FROM users
          WHERE org_id = o.id
            AND user_name_fold = (?1 -> 0) ->> '$.who.user_name'
          UNION ALL
          SELECT *
          FROM (
            SELECT seq, id, active, org_role
            FROM users
            WHERE org_id = o.id
              AND external_id = (?1 -> 0) ->> '$.who.external_id'
            LIMIT 2
          )
        ) c
      ) AS person
    FROM organizations o
    WHERE o.id = ?2
      AND o.deleted_at IS NULL
    LIMIT 50
  ) x
  LEFT JOIN projects p ON p.org_id = x.org_id
  AND p.archived_at IS NULL
  AND p.id = coalesce(
    x.ask ->> '$.what.project',
    (
      SELECT n.id
      FROM projects n
      WHERE n.org_id = x.org_id
        AND n.name_fold = x.ask ->> '$.what.project_name'
    ),
    (SELECT n.project_id FROM teams n WHERE n.id = x.ask ->> '$.what.team')
  )
  LEFT JOIN teams t ON t.project_id = p.id
  AND t.id = coalesce(
    x.ask ->> '$.what.team',
    (SELECT n.id FROM teams n WHERE n.project_id = p.id AND n.name_fold = x.ask ->> '$.what.team_name')
  );
SELECT
  x.permissions AS permissions,
  x.org_id AS organization,
  CASE
    x.ask ->> '$.what.on'
    WHEN 'organization' THEN iif(x.ask ->> '$.what.organization' = x.org_id, x.org_id, NULL)
    WHEN 'project' THEN p.id
    WHEN 'team' THEN t.id
  END AS resource,
  coalesce(x.person ->> 2, 0) AS is_active,
  x.person ->> 3 AS organization_role,
  (
    SELECT
      json_group_array(
        json_object(
          'on',
          iif(g.team_id IS NULL, 'project', 'team'),
          'role',
          g.role,
          'seq',
          g.seq,
          'project',
          g.project_id,
          'team',
          g.team_id
        )
      )
    FROM memberships m
      CROSS JOIN groups g ON g.seq = m.group_seq
    WHERE m.user_seq = x.person ->> 0
      AND g.role IS NOT NULL
  ) AS roles
FROM
  (
    SELECT
      o.id AS org_id,
      iif(0 = 0, o.permissions, NULL) AS permissions,
      (?1 -> 0) AS ask,
      (
        SELECT iif(min(c.seq) = max(c.seq), json_array(c.seq, c.id, c.active, c.org_role), NULL)
        FROM (
          SELECT seq, id, active, org_role
          FROM users
          WHERE org_id = o.id
            AND id = (?1 -> 0) ->> '$.who.id'
          UNION ALL
          SELECT seq, id, active, org_role
          FROM users
          WHERE org_id = o.id
            AND user_name_fold = (?1 -> 0) ->> '$.who.user_name'
          UNION ALL
          SELECT *
          FROM (
            SELECT seq, id, active, org_role
            FROM users
            WHERE org_id = o.id
              AND external_id = (?1 -> 0) ->> '$.who.external_id'
            LIMIT 2
          )
        ) c
      ) AS person
    FROM organizations o
    WHERE o.id = ?2
      AND o.deleted_at IS NULL
    LIMIT 50
  ) x
  LEFT JOIN projects p ON p.org_id = x.org_id
  AND p.archived_at IS NULL
  AND p.id = coalesce(
    x.ask ->> '$.what.project',
    (
      SELECT n.id
      FROM projects n
      WHERE n.org_id = x.org_id
        AND n.name_fold = x.ask ->> '$.what.project_name'
    ),
    (SELECT n.project_id FROM teams n WHERE n.id = x.ask ->> '$.what.team')
  )
  LEFT JOIN teams t ON t.project_id = p.id
  AND t.id = coalesce(
    x.ask ->> '$.what.team',
    (SELECT n.id FROM teams n WHERE n.project_id = p.id AND n.name_fold = x.ask ->> '$.what.team_name')
  );
SELECT u.id AS id, u.user_name_fold AS place, u.active AS is_found
FROM users u
WHERE u.org_id = ?1 AND u.user_name_fold > ?2
ORDER BY u.user_name_fold
LIMIT CAST(?3 AS INTEGER);
SELECT
  u.id AS id,
  u.user_name_fold AS place,
  u.active = 1
  AND u.org_role IN (SELECT value FROM json_each(?1)) AS is_found
FROM users u
WHERE u.org_id = ?2 AND u.user_name_fold > ?3
ORDER BY u.user_name_fold
LIMIT CAST(?4 AS INTEGER);
SELECT u.id AS id, u.user_name_fold AS place, u.active AS is_found
FROM users u
WHERE u.org_id = ?1 AND u.user_name_fold > ?2 AND u.org_role = ?3 AND u.org_role <> 'Member'
ORDER BY u.user_name_fold
LIMIT CAST(?4 AS INTEGER);
SELECT
  u.id AS id,
  CAST(m.user_seq AS TEXT) AS place,
  u.active = 1
  AND NOT EXISTS (SELECT 1 FROM json_each(?1) r WHERE r.value = u.org_role)
  AND NOT EXISTS (
    SELECT 1
    FROM json_each(?2) e
      CROSS JOIN memberships d ON d.group_seq = e.value AND d.user_seq = m.user_seq
  ) AS is_found
FROM memberships m CROSS JOIN users u ON u.seq = m.user_seq
WHERE m.group_seq = CAST(?3 AS INTEGER) AND m.user_seq > CAST(?4 AS INTEGER) AND u.org_id = ?5
ORDER BY m.user_seq
LIMIT CAST(?6 AS INTEGER);
SELECT p.id AS id, p.name_fold AS place, p.archived_at IS NULL AS is_found
FROM projects p
WHERE p.org_id = ?1 AND p.name_fold > ?2
ORDER BY p.name_fold
LIMIT CAST(?3 AS INTEGER);
SELECT t.id AS id, p.name_fold || char(10) || t.name_fold AS place, 1 AS is_found
FROM projects p CROSS JOIN teams t ON t.project_id = p.id
WHERE
  p.org_id = ?1
  AND p.archived_at IS NULL
  AND (?2 = 'null' OR p.id IN (SELECT value FROM json_each(?2)))
  AND p.name_fold >= substr(?3, 1, max(0, instr(?3, char(10)) - 1))
  AND p.name_fold || char(10) || t.name_fold > ?3
ORDER BY p.name_fold, t.name_fold
LIMIT CAST(?4 AS INTEGER);

-- security event tokens that are not acknowledged
SELECT
  json_object(
    'acknowledged_to',
    s.acknowledged_to,
    'acknowledged',
    json(coalesce(s.acknowledged, '[]')),
    'newest',
    coalesce((SELECT max(seq) FROM events WHERE org_id = o.id), 0)
  ) AS json
FROM organizations o LEFT JOIN security_event_streams s ON s.org_id = o.id AND s.consumer = ?1
WHERE o.id = ?2;
SELECT
  json_object(
    'seq',
    e.seq,
    'at',
    e.at,
    'story',
    e.story,
    'subject',
    e.subject_id,
    'event',
    json_object('type', e.type, 'data', json(e.data)),
    'version',
    e.version,
    'external_id',
    iif(
      e.subject_type = 'group',
      (SELECT external_id FROM groups WHERE org_id = e.org_id AND id = e.subject_id),
      (SELECT external_id FROM users WHERE org_id = e.org_id AND id = e.subject_id)
    )
  ) AS json
FROM security_event_streams s CROSS JOIN events e ON e.org_id = s.org_id AND e.seq > s.acknowledged_to
WHERE s.org_id = ?1 AND s.consumer = ?2
ORDER BY e.seq
LIMIT 200;
INSERT INTO security_event_streams (org_id, consumer, acknowledged_to, acknowledged, polled_at)
SELECT o.id, ?1, ?2, ?3, ?4
FROM organizations o
WHERE o.id = ?5
ON CONFLICT DO UPDATE SET
  acknowledged_to = max(acknowledged_to, excluded.acknowledged_to),
  acknowledged = excluded.acknowledged,
  polled_at = excluded.polled_at;

-- what consumers have acknowledged
INSERT INTO consumers (org_id, id, name, seq, at)
SELECT o.id, ?1, ?2, CAST(?3 AS INTEGER), ?4
FROM organizations o
WHERE o.id = ?5
ON CONFLICT (org_id, id) DO UPDATE SET
  seq = excluded.seq, at = excluded.at, name = excluded.name
WHERE excluded.seq > seq;
INSERT INTO acknowledgements (org_id, consumer, seq, at)
SELECT c.org_id, c.id, c.seq, c.at
FROM consumers c
WHERE changes() = 1 AND c.org_id = ?1 AND c.id = ?2
ON CONFLICT DO NOTHING;
DELETE FROM acknowledgements
WHERE
  changes() = 1
  AND (org_id, consumer, seq) IN (
    SELECT a.org_id, a.consumer, a.seq
    FROM (
      SELECT *
      FROM acknowledgements
      WHERE org_id = ?1
        AND consumer = ?2
      ORDER BY seq
      LIMIT 2
    ) a
    WHERE a.at < strftime('%Y-%m-%dT%H:%M:%fZ', ?3, '-30 days')
  );
WITH
o (id) AS MATERIALIZED (SELECT t.id FROM (SELECT ?1 AS id LIMIT 1) t WHERE t.id IS NOT NULL),
revoked AS MATERIALIZED (
  SELECT e.seq, e.at
  FROM (
    SELECT n.seq, n.at, n.type
    FROM o
      CROSS JOIN events n ON n.org_id = o.id
    ORDER BY n.seq DESC
    LIMIT 2000
  ) e
  WHERE (e.type = 'person.deactivated' OR e.type = 'person.deleted')
),
newest (seq) AS MATERIALIZED (SELECT max(n.seq) FROM o CROSS JOIN events n ON n.org_id = o.id)
SELECT
  json_object(
    'id',
    c.id,
    'name',
    c.name,
    'seq',
    c.seq,
    'at',
    c.at,
    'in_use',
    json(iif(c.in_use, 'true', 'false')),
    'behind',
    n.seq - c.seq,
    'millis',
    json(
      (
        SELECT json_group_array(x.millis)
        FROM (
          SELECT (
            SELECT CAST(round((julianday(a.at) - julianday(e.at)) * 86400000.0) AS INTEGER)
            FROM acknowledgements a
            WHERE a.org_id = c.org_id
              AND a.consumer = c.id AND a.seq >= e.seq
            ORDER BY a.seq
            LIMIT 1
          ) AS millis
          FROM revoked e
          WHERE
            e.seq > coalesce(
              (
                SELECT min(f.seq)
                FROM acknowledgements f
                WHERE f.org_id = c.org_id
                  AND f.consumer = c.id
              ),
              0
            )
        ) x
        WHERE x.millis IS NOT NULL
      )
    ),
    'waiting',
    (SELECT count(*) FROM revoked e WHERE e.seq > c.seq),
    'waiting_since',
    (SELECT min(e.at) FROM revoked e WHERE e.seq > c.seq)
  ) AS json
FROM (
  SELECT
    c.*,
    EXISTS (
      SELECT 1
      FROM product_keys k
      WHERE
        k.org_id = c.org_id
        AND k.consumer = c.id
        AND k.deactivated_at IS NULL
        AND (k.expires_at IS NULL OR k.expires_at > ?2)
    )
    OR NOT EXISTS (SELECT 1 FROM product_keys k WHERE k.org_id = c.org_id AND k.id = c.id) AS in_use
  FROM o
    CROSS JOIN consumers c ON c.org_id = o.id
  ORDER BY c.at DESC
  LIMIT 20
) c
  CROSS JOIN newest n
ORDER BY c.in_use DESC, c.name;
WITH
o (id) AS MATERIALIZED (SELECT t.id FROM (SELECT ?1 AS id LIMIT 1) t WHERE t.id IS NOT NULL),
revoked AS MATERIALIZED (
  SELECT e.seq, e.at, e.type
  FROM (
    SELECT s.seq AS seq
    FROM o
      CROSS JOIN event_subjects s ON s.org_id = o.id AND s.subject_id = ?2
    ORDER BY s.seq DESC
    LIMIT 200
  ) s
    CROSS JOIN o
    CROSS JOIN events e ON e.org_id = o.id
    AND e.seq = s.seq
  WHERE (e.type = 'person.deactivated' OR e.type = 'person.deleted') AND e.subject_id = ?2
  LIMIT CAST(?3 AS INTEGER)
)
SELECT
  json_object(
    'event',
    e.seq,
    'at',
    e.at,
    'type',
    e.type,
    'consumer',
    c.id,
    'name',
    c.name,
    'millis',
    (
      SELECT CAST(round((julianday(a.at) - julianday(e.at)) * 86400000.0) AS INTEGER)
      FROM acknowledgements a
      WHERE a.org_id = c.org_id
        AND a.consumer = c.id AND a.seq >= e.seq
      ORDER BY a.seq
      LIMIT 1
    )
  ) AS json
FROM
  revoked e
  CROSS JOIN (
    SELECT
      c.*,
      EXISTS (
        SELECT 1
        FROM product_keys k
        WHERE
          k.org_id = c.org_id
          AND k.consumer = c.id
          AND k.deactivated_at IS NULL
          AND (k.expires_at IS NULL OR k.expires_at > ?4)
      )
      OR NOT EXISTS (SELECT 1 FROM product_keys k WHERE k.org_id = c.org_id AND k.id = c.id) AS in_use
    FROM o
      CROSS JOIN consumers c ON c.org_id = o.id
    ORDER BY c.at DESC
    LIMIT 20
  ) c
WHERE
  e.seq > coalesce(
    (
      SELECT min(f.seq)
      FROM acknowledgements f
      WHERE f.org_id = c.org_id
        AND f.consumer = c.id
    ),
    0
  )
ORDER BY e.seq DESC, c.name;
DELETE FROM acknowledgements
WHERE
  (org_id, consumer, seq) IN (
    SELECT a.org_id, a.consumer, a.seq
    FROM
      consumers c
      CROSS JOIN acknowledgements a ON a.org_id = c.org_id
      AND a.consumer = c.id
      AND a.seq < c.seq
    WHERE (
      SELECT f.at
      FROM acknowledgements f
      WHERE f.org_id = c.org_id
        AND f.consumer = c.id
      ORDER BY f.seq
      LIMIT 1
    ) < ?1
      AND a.at < ?1
    LIMIT CAST(?2 AS INTEGER)
  )
RETURNING 1;

-- product keys
WITH o AS MATERIALIZED (SELECT ?1 AS id)
SELECT
  json_object(
    'id',
    k.id,
    'hint',
    'scimp-' || substr(k.id, 1, 4) || '…',
    'name',
    k.name,
    'scopes',
    json(k.scopes),
    'consumer',
    k.consumer,
    'status',
    CASE
      WHEN k.deactivated_at IS NOT NULL THEN 'deactivated'
      WHEN k.expires_at <= ?2 THEN 'expired'
      ELSE 'active'
    END,
    'created_at',
    k.created_at,
    'created_by',
    k.created_by,
    'expires_at',
    k.expires_at,
    'deactivated_at',
    k.deactivated_at,
    'last_used_at',
    k.last_used_at
  ) AS json
FROM (
  SELECT *
  FROM (
    SELECT *
    FROM product_keys
    WHERE org_id = (SELECT id FROM o)
      AND deactivated_at IS NULL
    ORDER BY created_at DESC, id DESC
    LIMIT 100
  )
  UNION ALL
  SELECT *
  FROM (
    SELECT *
    FROM product_keys
    WHERE org_id = (SELECT id FROM o)
      AND deactivated_at IS NOT NULL
    ORDER BY created_at DESC, id DESC
    LIMIT 100
  )
) k
ORDER BY k.created_at DESC, k.id DESC;
UPDATE product_keys SET
  name = ?1
WHERE org_id = ?2 AND id = ?3 AND name <> ?1;

-- an organization for its administrator
SELECT
  json_object(
    'id',
    o.id,
    'name',
    o.name,
    'email_management',
    json(iif(o.email_management, 'true', 'false')),
    'plain_groups',
    json(iif(o.plain_groups, 'true', 'false')),
    'keep_access',
    json(iif(o.keep_access, 'true', 'false')),
    'mail_domains',
    json(o.mail_domains),
    'key_lifetime_days',
    o.key_lifetime_days,
    'user_limit',
    o.user_limit,
    'brake_percent',
    o.brake_percent,
    'revocation_minutes',
    o.revocation_minutes,
    'group_prefix',
    o.group_prefix,
    'confirmed_org_role_attribute',
    o.org_role_attribute,
    'user_count',
    o.user_count,
    'group_count',
    o.group_count,
    'failed_webhooks',
    o.failed_webhooks,
    'owner_user_name',
    (SELECT doc ->> '$.userName' FROM users WHERE org_id = o.id AND org_role = 'Owner'),
    'brake',
    json_object(
      'engaged_at',
      o.brake_engaged_at,
      'engaged_by',
      iif(o.brake_engaged_by IS NULL, NULL, json_object('id', o.brake_engaged_by)),
      'lifted_until',
      iif(
        o.brake_lifted_until > strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
        o.brake_lifted_until,
        NULL
      ),
      'lost',
      coalesce(
        (SELECT e.lost_total FROM events e WHERE e.org_id = o.id ORDER BY e.seq DESC LIMIT 1) - (
          SELECT l.total_before
          FROM access_losses l
          WHERE
            l.org_id = o.id
            AND l.minute >= max(
              strftime('%Y-%m-%dT%H:%M', coalesce(o.brake_engaged_at, 'now'), '-1 hour'),
              coalesce(substr(o.brake_lifted_until, 1, 16), '')
            )
          ORDER BY l.minute
          LIMIT 1
        ),
        0
      ),
      'limit',
      iif(
        o.brake_percent = 0,
        NULL,
        max(
          25,
          o.brake_percent * coalesce(
            (
              SELECT l.active_before
              FROM access_losses l
              WHERE
                l.org_id = o.id
                AND l.minute >= max(
                  strftime('%Y-%m-%dT%H:%M', coalesce(o.brake_engaged_at, 'now'), '-1 hour'),
                  coalesce(substr(o.brake_lifted_until, 1, 16), '')
                )
              ORDER BY l.minute
              LIMIT 1
            ),
            (SELECT e.active_total FROM events e WHERE e.org_id = o.id ORDER BY e.seq DESC LIMIT 1),
            0
          ) / 100
        )
      ),
      'undo',
      iif(
        o.brake_engaged_at IS NULL,
        NULL,
        (
          SELECT r.id
          FROM undo_runs r
          WHERE
            r.org_id = o.id
            AND r.status = 'running'
            AND r.progress ->> '$.releases_brake' = o.brake_engaged_at
          LIMIT 1
        )
      )
    ),
    'deletion',
    iif(o.deleted_at IS NULL, NULL, json_object('at', o.deleted_at, 'by', o.deleted_by)),
    'pause',
    iif(o.paused_at IS NULL, NULL, json_object('since', o.paused_at, 'by', o.paused_by)),
    'created_at',
    o.created_at,
    'last_modified',
    o.last_modified
  ) AS json,
  o.fold_version AS fold_version,
  o.webhooks AS webhooks
FROM organizations o
WHERE
  o.id = (
    SELECT u.org_id
    FROM users u
    WHERE
      u.org_id = ?1
      AND u.user_name_fold >= ?2
      AND u.user_name_fold < ?2 || char(2)
      AND u.active = 1
      AND u.org_role <> 'Member'
      AND (
        lower(trim(u.doc ->> '$.userName')) = ?3
        OR lower(trim(u.doc ->> '$.userName')) IN (?4, ?5)
        AND NOT EXISTS (
          SELECT 1
          FROM users s
          WHERE s.org_id = u.org_id
            AND s.user_name_fold > ?2 || char(1) AND s.user_name_fold < ?2 || char(2)
        )
      )
      AND (
        EXISTS (SELECT 1 FROM acceptances t WHERE t.org_id = ?1 AND t.mail = ?4 AND t.accepted_at IS NOT NULL)
        OR ?4 <> ?5
        AND EXISTS (SELECT 1 FROM acceptances t WHERE t.org_id = ?1 AND t.mail = ?5 AND t.accepted_at IS NOT NULL)
      )
  );

-- the organizations of an administrator
WITH
found AS MATERIALIZED (
  SELECT l.id, l.name, l.place
  FROM (
    SELECT o.id, o.name, o.name_fold, o.mail_domains, o.name_fold AS place
    FROM users u INDEXED BY users_administrators
      CROSS JOIN organizations o ON o.id = u.org_id
    WHERE
      o.deleted_at IS NULL
      AND u.user_name_fold >= ?1
      AND u.user_name_fold < ?1 || char(2)
      AND u.active = 1
      AND u.org_role <> 'Member'
      AND (
        lower(trim(u.doc ->> '$.userName')) = ?2
        OR lower(trim(u.doc ->> '$.userName')) IN (?3, ?4)
        AND NOT EXISTS (
          SELECT 1
          FROM users s
          WHERE s.org_id = u.org_id
            AND s.user_name_fold > ?1 || char(1) AND s.user_name_fold < ?1 || char(2)
        )
      )
      AND (
        EXISTS (
          SELECT 1
          FROM acceptances t
          WHERE t.org_id = o.id
            AND t.mail = ?3 AND t.accepted_at IS NOT NULL
        )
        OR ?3 <> ?4
        AND EXISTS (
          SELECT 1
          FROM acceptances t
          WHERE t.org_id = o.id
            AND t.mail = ?4 AND t.accepted_at IS NOT NULL
        )
      )
      AND (o.name_fold, o.id) > (?5, ?6)
    ORDER BY o.name_fold, o.id
    LIMIT 5000
  ) l
  WHERE 1
  LIMIT CAST(?7 AS INTEGER)
)
SELECT
  json_object(
    'id',
    o.id,
    'name',
    o.name,
    'email_management',
    json(iif(o.email_management, 'true', 'false')),
    'plain_groups',
    json(iif(o.plain_groups, 'true', 'false')),
    'keep_access',
    json(iif(o.keep_access, 'true', 'false')),
    'mail_domains',
    json(o.mail_domains),
    'key_lifetime_days',
    o.key_lifetime_days,
    'user_limit',
    o.user_limit,
    'brake_percent',
    o.brake_percent,
    'revocation_minutes',
    o.revocation_minutes,
    'group_prefix',
    o.group_prefix,
    'confirmed_org_role_attribute',
    o.org_role_attribute,
    'user_count',
    o.user_count,
    'group_count',
    o.group_count,
    'failed_webhooks',
    o.failed_webhooks,
    'owner_user_name',
    (SELECT doc ->> '$.userName' FROM users WHERE org_id = o.id AND org_role = 'Owner'),
    'brake',
    json_object(
      'engaged_at',
      o.brake_engaged_at,
      'engaged_by',
      iif(o.brake_engaged_by IS NULL, NULL, json_object('id', o.brake_engaged_by)),
      'lifted_until',
      iif(
        o.brake_lifted_until > strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
        o.brake_lifted_until,
        NULL
      ),
      'lost',
      coalesce(
        (SELECT e.lost_total FROM events e WHERE e.org_id = o.id ORDER BY e.seq DESC LIMIT 1) - (
          SELECT l.total_before
          FROM access_losses l
          WHERE
            l.org_id = o.id
            AND l.minute >= max(
              strftime('%Y-%m-%dT%H:%M', coalesce(o.brake_engaged_at, 'now'), '-1 hour'),
              coalesce(substr(o.brake_lifted_until, 1, 16), '')
            )
          ORDER BY l.minute
          LIMIT 1
        ),
        0
      ),
      'limit',
      iif(
        o.brake_percent = 0,
        NULL,
        max(
          25,
          o.brake_percent * coalesce(
            (
              SELECT l.active_before
              FROM access_losses l
              WHERE
                l.org_id = o.id
                AND l.minute >= max(
                  strftime('%Y-%m-%dT%H:%M', coalesce(o.brake_engaged_at, 'now'), '-1 hour'),
                  coalesce(substr(o.brake_lifted_until, 1, 16), '')
                )
              ORDER BY l.minute
              LIMIT 1
            ),
            (SELECT e.active_total FROM events e WHERE e.org_id = o.id ORDER BY e.seq DESC LIMIT 1),
            0
          ) / 100
        )
      ),
      'undo',
      iif(
        o.brake_engaged_at IS NULL,
        NULL,
        (
          SELECT r.id
          FROM undo_runs r
          WHERE
            r.org_id = o.id
            AND r.status = 'running'
            AND r.progress ->> '$.releases_brake' = o.brake_engaged_at
          LIMIT 1
        )
      )
    ),
    'deletion',
    iif(o.deleted_at IS NULL, NULL, json_object('at', o.deleted_at, 'by', o.deleted_by)),
    'pause',
    iif(o.paused_at IS NULL, NULL, json_object('since', o.paused_at, 'by', o.paused_by)),
    'created_at',
    o.created_at,
    'last_modified',
    o.last_modified
  ) AS json,
  f.place AS place
FROM found f CROSS JOIN organizations o ON o.id = f.id
ORDER BY f.place, f.id;
SELECT r.place, r.id
FROM (
  SELECT o.id, o.name, o.name_fold, o.mail_domains, o.name_fold AS place
  FROM users u INDEXED BY users_administrators
    CROSS JOIN organizations o ON o.id = u.org_id
  WHERE
    o.deleted_at IS NULL
    AND u.user_name_fold >= ?1
    AND u.user_name_fold < ?1 || char(2)
    AND u.active = 1
    AND u.org_role <> 'Member'
    AND (
      lower(trim(u.doc ->> '$.userName')) = ?2
      OR lower(trim(u.doc ->> '$.userName')) IN (?3, ?4)
      AND NOT EXISTS (
        SELECT 1
        FROM users s
        WHERE s.org_id = u.org_id
          AND s.user_name_fold > ?1 || char(1) AND s.user_name_fold < ?1 || char(2)
      )
    )
    AND (
      EXISTS (
        SELECT 1
        FROM acceptances t
        WHERE t.org_id = o.id
          AND t.mail = ?3 AND t.accepted_at IS NOT NULL
      )
      OR ?3 <> ?4
      AND EXISTS (
        SELECT 1
        FROM acceptances t
        WHERE t.org_id = o.id
          AND t.mail = ?4 AND t.accepted_at IS NOT NULL
      )
    )
    AND (o.name_fold, o.id) > (?5, ?6)
  ORDER BY o.name_fold, o.id
  LIMIT 1 OFFSET 4999
) r;
WITH
found AS MATERIALIZED (
  SELECT l.id, l.name, l.place
  FROM (
    SELECT o.id, o.name, o.name_fold, o.mail_domains, o.name_fold AS place
    FROM organizations o INDEXED BY organizations_by_name
    WHERE o.deleted_at IS NULL
      AND (o.name_fold, o.id) > (?1, ?2)
    ORDER BY o.name_fold, o.id
    LIMIT 5000
  ) l
  WHERE (
    instr(iif(l.name_fold = '', lower(l.name), l.name_fold), ?3) > 0
    OR instr(l.mail_domains, ?4) > 0
    OR l.id = ?3
  )
  LIMIT CAST(?5 AS INTEGER)
)
SELECT
  json_object(
    'id',
    o.id,
    'name',
    o.name,
    'email_management',
    json(iif(o.email_management, 'true', 'false')),
    'plain_groups',
    json(iif(o.plain_groups, 'true', 'false')),
    'keep_access',
    json(iif(o.keep_access, 'true', 'false')),
    'mail_domains',
    json(o.mail_domains),
    'key_lifetime_days',
    o.key_lifetime_days,
    'user_limit',
    o.user_limit,
    'brake_percent',
    o.brake_percent,
    'revocation_minutes',
    o.revocation_minutes,
    'group_prefix',
    o.group_prefix,
    'confirmed_org_role_attribute',
    o.org_role_attribute,
    'user_count',
    o.user_count,
    'group_count',
    o.group_count,
    'failed_webhooks',
    o.failed_webhooks,
    'owner_user_name',
    (SELECT doc ->> '$.userName' FROM users WHERE org_id = o.id AND org_role = 'Owner'),
    'brake',
    json_object(
      'engaged_at',
      o.brake_engaged_at,
      'engaged_by',
      iif(o.brake_engaged_by IS NULL, NULL, json_object('id', o.brake_engaged_by)),
      'lifted_until',
      iif(
        o.brake_lifted_until > strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
        o.brake_lifted_until,
        NULL
      ),
      'lost',
      coalesce(
        (SELECT e.lost_total FROM events e WHERE e.org_id = o.id ORDER BY e.seq DESC LIMIT 1) - (
          SELECT l.total_before
          FROM access_losses l
          WHERE
            l.org_id = o.id
            AND l.minute >= max(
              strftime('%Y-%m-%dT%H:%M', coalesce(o.brake_engaged_at, 'now'), '-1 hour'),
              coalesce(substr(o.brake_lifted_until, 1, 16), '')
            )
          ORDER BY l.minute
          LIMIT 1
        ),
        0
      ),
      'limit',
      iif(
        o.brake_percent = 0,
        NULL,
        max(
          25,
          o.brake_percent * coalesce(
            (
              SELECT l.active_before
              FROM access_losses l
              WHERE
                l.org_id = o.id
                AND l.minute >= max(
                  strftime('%Y-%m-%dT%H:%M', coalesce(o.brake_engaged_at, 'now'), '-1 hour'),
                  coalesce(substr(o.brake_lifted_until, 1, 16), '')
                )
              ORDER BY l.minute
              LIMIT 1
            ),
            (SELECT e.active_total FROM events e WHERE e.org_id = o.id ORDER BY e.seq DESC LIMIT 1),
            0
          ) / 100
        )
      ),
      'undo',
      iif(
        o.brake_engaged_at IS NULL,
        NULL,
        (
          SELECT r.id
          FROM undo_runs r
          WHERE
            r.org_id = o.id
            AND r.status = 'running'
            AND r.progress ->> '$.releases_brake' = o.brake_engaged_at
          LIMIT 1
        )
      )
    ),
    'deletion',
    iif(o.deleted_at IS NULL, NULL, json_object('at', o.deleted_at, 'by', o.deleted_by)),
    'pause',
    iif(o.paused_at IS NULL, NULL, json_object('since', o.paused_at, 'by', o.paused_by)),
    'created_at',
    o.created_at,
    'last_modified',
    o.last_modified
  ) AS json,
  f.place AS place
FROM found f CROSS JOIN organizations o ON o.id = f.id
ORDER BY f.place, f.id;
SELECT r.place, r.id
FROM (
  SELECT o.id, o.name, o.name_fold, o.mail_domains, o.name_fold AS place
  FROM organizations o INDEXED BY organizations_by_name
  WHERE o.deleted_at IS NULL
    AND (o.name_fold, o.id) > (?1, ?2)
  ORDER BY o.name_fold, o.id
  LIMIT 1 OFFSET 4999
) r;
SELECT json_object('id', f.id, 'name', f.name) AS json
FROM (
  SELECT l.id, l.name, l.place
  FROM (
    SELECT o.id, o.name, o.name_fold, o.mail_domains, o.name_fold AS place
    FROM organizations o INDEXED BY organizations_by_name
    WHERE o.deleted_at IS NULL
    ORDER BY o.name_fold, o.id
    LIMIT 5000
  ) l
  WHERE 1
  LIMIT CAST(?1 AS INTEGER)
) f;
SELECT
  json_object(
    'id',
    o.id,
    'name',
    o.name,
    'email_management',
    json(iif(o.email_management, 'true', 'false')),
    'plain_groups',
    json(iif(o.plain_groups, 'true', 'false')),
    'keep_access',
    json(iif(o.keep_access, 'true', 'false')),
    'mail_domains',
    json(o.mail_domains),
    'key_lifetime_days',
    o.key_lifetime_days,
    'user_limit',
    o.user_limit,
    'brake_percent',
    o.brake_percent,
    'revocation_minutes',
    o.revocation_minutes,
    'group_prefix',
    o.group_prefix,
    'confirmed_org_role_attribute',
    o.org_role_attribute,
    'user_count',
    o.user_count,
    'group_count',
    o.group_count,
    'failed_webhooks',
    o.failed_webhooks,
    'owner_user_name',
    (SELECT doc ->> '$.userName' FROM users WHERE org_id = o.id AND org_role = 'Owner'),
    'brake',
    json_object(
      'engaged_at',
      o.brake_engaged_at,
      'engaged_by',
      iif(o.brake_engaged_by IS NULL, NULL, json_object('id', o.brake_engaged_by)),
      'lifted_until',
      iif(
        o.brake_lifted_until > strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
        o.brake_lifted_until,
        NULL
      ),
      'lost',
      coalesce(
        (SELECT e.lost_total FROM events e WHERE e.org_id = o.id ORDER BY e.seq DESC LIMIT 1) - (
          SELECT l.total_before
          FROM access_losses l
          WHERE
            l.org_id = o.id
            AND l.minute >= max(
              strftime('%Y-%m-%dT%H:%M', coalesce(o.brake_engaged_at, 'now'), '-1 hour'),
              coalesce(substr(o.brake_lifted_until, 1, 16), '')
            )
          ORDER BY l.minute
          LIMIT 1
        ),
        0
      ),
      'limit',
      iif(
        o.brake_percent = 0,
        NULL,
        max(
          25,
          o.brake_percent * coalesce(
            (
              SELECT l.active_before
              FROM access_losses l
              WHERE
                l.org_id = o.id
                AND l.minute >= max(
                  strftime('%Y-%m-%dT%H:%M', coalesce(o.brake_engaged_at, 'now'), '-1 hour'),
                  coalesce(substr(o.brake_lifted_until, 1, 16), '')
                )
              ORDER BY l.minute
              LIMIT 1
            ),
            (SELECT e.active_total FROM events e WHERE e.org_id = o.id ORDER BY e.seq DESC LIMIT 1),
            0
          ) / 100
        )
      ),
      'undo',
      iif(
        o.brake_engaged_at IS NULL,
        NULL,
        (
          SELECT r.id
          FROM undo_runs r
          WHERE
            r.org_id = o.id
            AND r.status = 'running'
            AND r.progress ->> '$.releases_brake' = o.brake_engaged_at
          LIMIT 1
        )
      )
    ),
    'deletion',
    iif(o.deleted_at IS NULL, NULL, json_object('at', o.deleted_at, 'by', o.deleted_by)),
    'pause',
    iif(o.paused_at IS NULL, NULL, json_object('since', o.paused_at, 'by', o.paused_by)),
    'created_at',
    o.created_at,
    'last_modified',
    o.last_modified
  ) AS json
FROM organizations o
WHERE o.deleted_at IS NOT NULL
ORDER BY o.deleted_at DESC
LIMIT CAST(?1 AS INTEGER);
SELECT id, name
FROM organizations INDEXED BY organizations_by_name
WHERE name_fold = ''
ORDER BY id
LIMIT CAST(?1 AS INTEGER);
SELECT
  json_object(
    'id',
    o.id,
    'name',
    o.name,
    'mail_domains',
    json(o.mail_domains),
    'owner_user_name',
    (SELECT doc ->> '$.userName' FROM users WHERE org_id = o.id AND org_role = 'Owner'),
    'user_count',
    o.user_count,
    'created_at',
    o.created_at,
    'org_role',
    u.org_role,
    'declined',
    json(iif(a.declined_at IS NULL, 'false', 'true'))
  ) AS json
FROM
  users u INDEXED BY users_administrators
  CROSS JOIN organizations o ON o.id = u.org_id
  LEFT JOIN acceptances a ON a.org_id = o.id
  AND a.mail = ?1
WHERE
  u.user_name_fold >= ?2
  AND u.user_name_fold < ?2 || char(2)
  AND u.active = 1
  AND u.org_role <> 'Member'
  AND (
    lower(trim(u.doc ->> '$.userName')) = ?3
    OR lower(trim(u.doc ->> '$.userName')) IN (?1, ?4)
    AND NOT EXISTS (
      SELECT 1
      FROM users s
      WHERE s.org_id = u.org_id
        AND s.user_name_fold > ?2 || char(1) AND s.user_name_fold < ?2 || char(2)
    )
  )
  AND o.deleted_at IS NULL
  AND NOT (
    EXISTS (
      SELECT 1
      FROM acceptances t
      WHERE t.org_id = o.id
        AND t.mail = ?1 AND t.accepted_at IS NOT NULL
    )
    OR ?1 <> ?4
    AND EXISTS (
      SELECT 1
      FROM acceptances t
      WHERE t.org_id = o.id
        AND t.mail = ?4 AND t.accepted_at IS NOT NULL
    )
  )
ORDER BY o.created_at, o.id
LIMIT CAST(?5 AS INTEGER);
