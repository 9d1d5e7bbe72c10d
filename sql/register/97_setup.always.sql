-- Setup: what check_setup() looks at.  Each item says whether all is well and,
-- where it is not, what to do.

CREATE OR REPLACE FUNCTION aidcase.setup_items(OUT item text, OUT ok boolean, OUT what_to_do text)
RETURNS SETOF record
LANGUAGE sql STABLE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
    WITH today AS (
        SELECT aidcase.today() AS day, extract(year FROM aidcase.today())::integer AS year),
    entrusted AS (
        SELECT DISTINCT d.unit_id, u.unit_code, d.programme
          FROM aidcase.delegation AS d
          JOIN aidcase.unit AS u ON u.unit_id = d.unit_id
         WHERE d.valid @> aidcase.today()),
    in_post AS (
        SELECT s.staff_id, s.staff_no, s.login, h.unit_id, h.post, p.group_role
          FROM aidcase.staff AS s
          JOIN aidcase.staff_post AS h ON h.staff_id = s.staff_id AND h.valid @> aidcase.today()
          JOIN aidcase.post AS p ON p.post = h.post
         WHERE s.employed @> aidcase.today()),
    membership AS (
        SELECT r.oid AS login_oid, r.rolname AS login, g.rolname AS group_role,
               g.rolname IN ('aidcase_bureau', 'aidcase_inspector', 'aidcase_payer', 'aidcase_finance',
                             'aidcase_analyst', 'aidcase_admin') AS wide
          FROM pg_roles AS r
          JOIN pg_roles AS g ON g.rolname IN ('aidcase_committee', 'aidcase_clerk', 'aidcase_leader',
                                              'aidcase_bureau', 'aidcase_inspector', 'aidcase_payer',
                                              'aidcase_finance', 'aidcase_analyst', 'aidcase_admin', 'aidcase_checker')
         WHERE r.rolcanlogin AND NOT r.rolsuper AND pg_has_role(r.oid, g.oid, 'MEMBER')),
    gateway AS (
        SELECT r.oid AS login_oid, r.rolname AS login
          FROM pg_roles AS r
         WHERE r.rolcanlogin AND NOT r.rolsuper AND pg_has_role(r.oid, 'aidcase_gateway', 'MEMBER')),
    finding (place, item, missing, advice) AS (
        -- calendar
        SELECT 10, 'calendar', string_agg(y::text, ', ' ORDER BY y), 'Load the State Council''s arrangement of these years into aidcase.workday and aidcase.workday_year'
          FROM today CROSS JOIN LATERAL generate_series(today.year, today.year + (extract(month FROM today.day) >= 12)::integer) AS y
         WHERE NOT EXISTS (SELECT FROM aidcase.workday_year AS w WHERE w.year = y)
        UNION ALL
        -- organisation
        SELECT 20, 'units', CASE WHEN NOT EXISTS (SELECT FROM aidcase.unit_now AS u WHERE u.level = 'unit') THEN 'none' END,
               'Enter towns, offices and communities with aidcase.set_units()'
        UNION ALL
        SELECT 21, 'delegation', CASE WHEN NOT EXISTS (SELECT FROM entrusted) THEN 'none' END,
               'Entrust units with aidcase.delegate()'
        UNION ALL
        SELECT 22, 'review groups', string_agg(DISTINCT e.unit_code, ', '),
               'Make the joint review group of these units with aidcase.make_review_group()'
          FROM entrusted AS e
         WHERE NOT EXISTS (SELECT FROM aidcase.review_group AS g
                            WHERE g.unit_id = e.unit_id AND g.valid @> aidcase.today())
        UNION ALL
        SELECT 23, 'quorum', string_agg(DISTINCT e.unit_code || '/' || e.programme, ', '),
               'Set parameter "quorum_members" for these units and programmes with aidcase.set_parameter()'
          FROM entrusted AS e
         WHERE NOT EXISTS (SELECT FROM aidcase.parameter_row('quorum_members', e.unit_code, aidcase.today(), e.programme))
        UNION ALL
        SELECT 24, 'review groups that reach their quorum', string_agg(DISTINCT e.unit_code || '/' || e.programme, ', '),
               'These groups have fewer members who count than parameter "quorum_members" asks for; make a larger group'
          FROM entrusted AS e
          JOIN aidcase.review_group AS g ON g.unit_id = e.unit_id AND g.valid @> aidcase.today()
         CROSS JOIN LATERAL aidcase.parameter_row('quorum_members', e.unit_code, aidcase.today(), e.programme) AS q
         WHERE q.value / q.divisor > (SELECT count(*) FROM aidcase.review_group_member AS m
                            WHERE m.group_id = g.group_id AND m.counts_to_quorum AND m.valid @> aidcase.today())
        UNION ALL
        SELECT 25, 'staff of entrusted units', string_agg(DISTINCT e.unit_code, ', '),
               'These units need a leader, a clerk and at least two people for home visits in post; enrol them with aidcase.enrol_staff()'
          FROM entrusted AS e
         WHERE NOT EXISTS (SELECT FROM in_post AS p WHERE p.unit_id = e.unit_id AND p.post = 'clerk')
            OR NOT EXISTS (SELECT FROM in_post AS p WHERE p.unit_id = e.unit_id AND p.post = 'unit_leader')
            OR (SELECT count(DISTINCT p.staff_id) FROM in_post AS p
                 WHERE p.unit_id = e.unit_id AND p.post IN ('clerk', 'investigator')) < 2
        UNION ALL
        SELECT 26, 'district approval re-introduced', string_agg(DISTINCT a.unit_code || '/' || a.parameter || ' (' || a.doc_no || ')', ', '),
               'What the delegation abolished has returned in these units; see aidcase.district_approval_reintroduced'
          FROM aidcase.district_approval_reintroduced AS a
        UNION ALL
        SELECT 27, 'rounds that go to the district', nullif(a.to_reroute, 0)::text,
               'The delegation of their units has ended; SELECT aidcase.reroute_open_rounds()'
          FROM aidcase.rounds_astray() AS a
        UNION ALL
        SELECT 28, 'rounds in nobody''s hands', nullif(a.without_handler, 0)::text,
               'Their handlers hold no post at the unit any more; pass them on with aidcase.hand_over()'
          FROM aidcase.rounds_astray() AS a
        UNION ALL
        -- logins
        SELECT 30, 'staff logins', string_agg(DISTINCT p.staff_no, ', '),
               'These members of staff in post have no login; give them one with aidcase.enrol_staff(), or a pooled login in role aidcase_gateway'
          FROM in_post AS p
         WHERE p.login IS NULL AND NOT EXISTS (SELECT FROM gateway)
        UNION ALL
        SELECT 31, 'login roles', string_agg(DISTINCT quote_ident(p.login), ', '),
               'These logins of staff in post are no login roles of this cluster; CREATE ROLE ... LOGIN'
          FROM in_post AS p
         WHERE p.login IS NOT NULL
           AND NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = p.login AND r.rolcanlogin)
        UNION ALL
        SELECT 32, 'group roles of posts',
               string_agg(DISTINCT format('GRANT %I TO %I', p.group_role, p.login), '; '),
               'Logins lack the group roles of their posts'
          FROM in_post AS p
          JOIN pg_roles AS r ON r.rolname = p.login AND NOT r.rolsuper
         WHERE NOT EXISTS (SELECT FROM membership AS m WHERE m.login = p.login AND m.group_role = p.group_role)
        UNION ALL
        SELECT 33, 'group roles without a post',
               string_agg(DISTINCT format('REVOKE %I FROM %I', m.group_role, m.login), '; '),
               'Staff logins have group roles that no post in force asks for'
          FROM membership AS m
          JOIN aidcase.staff AS s ON s.login = m.login
         WHERE NOT EXISTS (SELECT FROM in_post AS p WHERE p.login = m.login AND p.group_role = m.group_role)
        UNION ALL
        SELECT 34, 'pooled logins', string_agg(DISTINCT quote_ident(g.login), ', '),
               'These pooled logins read the whole district by one of their group roles, whoever they act for; use a pooled login of its own for each such role'
          FROM gateway AS g
         WHERE (SELECT count(DISTINCT m.group_role) FROM membership AS m WHERE m.login_oid = g.login_oid) > 1
           AND EXISTS (SELECT FROM membership AS m WHERE m.login_oid = g.login_oid AND m.wide)
        UNION ALL
        -- parameters
        SELECT 40, 'parameters', string_agg(n.name, ', ' ORDER BY n.name COLLATE "C"),
               'These parameters have no value in force today; set them with aidcase.set_parameter()'
          FROM aidcase.parameter_name AS n
         WHERE NOT EXISTS (SELECT FROM aidcase.policy_parameter AS v
                            WHERE v.name = n.name
                              AND v.valid @> CASE v.reference WHEN 'same_date' THEN aidcase.today()
                                             ELSE (date_trunc('year', aidcase.today()::timestamp) - interval '1 day')::date END)
        UNION ALL
        SELECT 41, 'illustrative values', string_agg(DISTINCT v.name, ', '),
               'These parameters are examples, not the district''s; set the published values with aidcase.set_parameter()'
          FROM aidcase.policy_parameter AS v
         WHERE v.illustrative AND v.valid @> aidcase.today()
           AND (SELECT r.purpose = 'live' FROM aidcase.register AS r)
        UNION ALL
        SELECT 45, 'jit', CASE WHEN pg_jit_available() THEN 'jit = on' END,
               format('Compiling takes many times as long as the reports that it is for; ALTER DATABASE %I SET jit = off', current_database())
        UNION ALL
        -- protection
        SELECT 50, 'row security', string_agg(k.relname, ', ' ORDER BY k.relname),
               'Row security is off on these tables; SELECT aidcase.apply_access()'
          FROM pg_class AS k
         WHERE k.relnamespace = 'aidcase'::regnamespace AND k.relkind IN ('r', 'p') AND NOT k.relrowsecurity
           AND NOT EXISTS (SELECT FROM pg_depend AS d
                            WHERE d.classid = 'pg_class'::regclass AND d.objid = k.oid AND d.deptype = 'e')
        UNION ALL
        SELECT 51, 'triggers', string_agg(DISTINCT k.relname, ', '),
               'Triggers of the register are disabled on these tables; ALTER TABLE ... ENABLE TRIGGER'
          FROM pg_trigger AS t
          JOIN pg_class AS k ON k.oid = t.tgrelid AND k.relnamespace = 'aidcase'::regnamespace
         WHERE starts_with(t.tgname, '~') AND t.tgenabled IN ('D', 'R')
        UNION ALL
        -- sealing
        SELECT 60, 'register adopted', CASE WHEN NOT s.adopted THEN 'a copy' END,
               'This database is a restored or cloned register; SELECT aidcase.adopt_register() if it goes on in place of the other'
          FROM aidcase.sealing_state() AS s
        UNION ALL
        SELECT 61, 'sealing worker',
               CASE WHEN NOT s.by_worker AND (s.sealed_at IS NULL OR s.sealed_at < clock_timestamp() - interval '1 day')
                    THEN current_database() END,
               'Nothing seals this database; set shared_preload_libraries = ''aidcase'' and aidcase.seal_databases, or call aidcase.seal() from cron'
          FROM aidcase.sealing_state() AS s
        UNION ALL
        SELECT 62, 'last seal',
               CASE WHEN s.sealed_at IS NULL THEN 'never'
                    WHEN s.waiting AND s.sealed_at < clock_timestamp() - interval '1 day' THEN s.sealed_at::text END,
               'Entries wait to be sealed; see the server''s log for errors of the worker, and call aidcase.seal()'
          FROM aidcase.sealing_state() AS s
        UNION ALL
        SELECT 63, 'outside copy',
               CASE WHEN s.exported_size IS NULL THEN 'none' END,
               'No checkpoint was acknowledged outside; give latest_checkpoint() to somebody else and note it with aidcase.record_receipt()'
          FROM aidcase.sealing_state() AS s
    )
    SELECT f.item, f.missing IS NULL, f.advice || ': ' || f.missing || '.'
      FROM finding AS f
     ORDER BY f.place;
$$;
COMMENT ON FUNCTION aidcase.setup_items() IS
    '登记库设置检查项,由 check_setup() 调用 / the items of check_setup()';
REVOKE ALL ON FUNCTION aidcase.setup_items() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION aidcase.setup_items() TO aidcase_admin, aidcase_bureau, aidcase_inspector;
