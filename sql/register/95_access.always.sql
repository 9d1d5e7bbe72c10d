-- Grants and row-security policies, made from aidcase.access_rule.

/*
 * Puts every relation that the rules name under exactly these rules: the group
 * roles' grants on it and the policies called aidcase_... are made anew.
 * Policies with other names, and grants to other roles, are a DBA's own and
 * stay.  A table without any rule is closed: row security is on, and there is
 * no grant.
 *
 * One policy per table, scope and command, for all roles that share it.  The
 * scope is a plain call of my_units(): an index on unit_id is searched with it,
 * and the planner evaluates it for its estimates (as a sub-select it would
 * guess: ten units, whatever they are).
 */
CREATE OR REPLACE FUNCTION aidcase.apply_access()
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, aidcase, pg_temp
AS $$
DECLARE
    staff_roles CONSTANT text[] := '{aidcase_committee,aidcase_clerk,aidcase_leader,aidcase_bureau,aidcase_inspector,aidcase_payer,aidcase_finance,aidcase_analyst,aidcase_admin,aidcase_checker}';
    in_scope    CONSTANT text := '= ANY (aidcase.my_units())';
    rule   record;
    rows   text;
    faults text[];
BEGIN
    SELECT coalesce(array_agg(f.fault ORDER BY f.fault), '{}') INTO faults
      FROM (
        WITH named AS (
            SELECT a.*, to_regclass(format('aidcase.%I', a.relation)) AS oid
              FROM aidcase.access_rule AS a WHERE a.in_use)
        SELECT DISTINCT format('There is no relation "%s".', n.relation) AS fault
          FROM named AS n WHERE n.oid IS NULL
        UNION ALL
        SELECT DISTINCT format('There is no role "%s".', r)
          FROM named AS n CROSS JOIN LATERAL unnest(n.roles) AS r
         WHERE r <> 'everyone' AND to_regrole(quote_ident(r)) IS NULL
        UNION ALL
        SELECT DISTINCT format('Relation "%s" has no column "%s".', n.relation, c)
          FROM named AS n
         CROSS JOIN LATERAL (
            SELECT unnest(n.columns)
            UNION ALL
            SELECT CASE n.scope WHEN 'unit' THEN 'unit_id' WHEN 'village' THEN 'village_id' WHEN 'case' THEN 'case_id'
                                WHEN 'village_case' THEN 'case_id' WHEN 'filing' THEN 'filing_id' WHEN 'checker' THEN 'checker_id'
                                WHEN 'checked' THEN 'case_id' WHEN 'revealed' THEN 'round_id' WHEN 'locked' THEN 'state' WHEN 'unit_pair' THEN 'to_unit_id' END) AS k (c)
         WHERE n.oid IS NOT NULL AND c IS NOT NULL
           AND NOT EXISTS (SELECT FROM pg_attribute AS a
                            WHERE a.attrelid = n.oid AND a.attname = c AND NOT a.attisdropped)
        UNION ALL
        SELECT DISTINCT format('The rules for table "%s" need a scope, those for another kind of relation have none.', n.relation)
          FROM named AS n JOIN pg_class AS k ON k.oid = n.oid
         WHERE (k.relkind IN ('r', 'p')) <> (n.scope IS NOT NULL)
      ) AS f;
    IF faults <> '{}' THEN
        RAISE EXCEPTION 'the access rules cannot be applied'
            USING ERRCODE = '22023', DETAIL = array_to_string(faults, E'\n'),
                  HINT = 'Correct table aidcase.access_rule, or set in_use = false, and call aidcase.apply_access() again.';
    END IF;

    -- closed by default, the ledger too
    FOR rule IN
        SELECT k.relname FROM pg_class AS k
         WHERE k.relnamespace = 'aidcase'::regnamespace AND k.relkind IN ('r', 'p') AND NOT k.relrowsecurity
           AND k.relowner = (SELECT r.relowner FROM pg_class AS r WHERE r.oid = 'aidcase.register'::regclass)
         ORDER BY k.relname
    LOOP
        EXECUTE format('ALTER TABLE aidcase.%I ENABLE ROW LEVEL SECURITY', rule.relname);
    END LOOP;

    FOR rule IN
        SELECT p.tablename, p.policyname FROM pg_policies AS p
         WHERE p.schemaname = 'aidcase' AND starts_with(p.policyname, 'aidcase_')
         ORDER BY p.tablename, p.policyname
    LOOP
        EXECUTE format('DROP POLICY %I ON aidcase.%I', rule.policyname, rule.tablename);
    END LOOP;
    FOR rule IN
        SELECT DISTINCT a.relation, k.relkind FROM aidcase.access_rule AS a
          JOIN pg_class AS k ON k.oid = to_regclass(format('aidcase.%I', a.relation))
         ORDER BY a.relation
    LOOP
        EXECUTE format('REVOKE ALL ON %s aidcase.%I FROM %s', CASE rule.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
                       rule.relation, (SELECT string_agg(quote_ident(r), ', ') FROM unnest(staff_roles) AS r));
    END LOOP;

    FOR rule IN
        SELECT a.relation, a.privilege, a.columns, k.relkind,
               (SELECT string_agg(quote_ident(r), ', ' ORDER BY r)
                  FROM unnest(CASE WHEN 'everyone' = ANY (a.roles) THEN staff_roles ELSE a.roles END) AS r) AS roles,
               (SELECT string_agg(quote_ident(c), ', ' ORDER BY n)
                  FROM unnest(a.columns) WITH ORDINALITY AS u (c, n)) AS column_list
          FROM aidcase.access_rule AS a
          JOIN pg_class AS k ON k.oid = to_regclass(format('aidcase.%I', a.relation))
         WHERE a.in_use
         ORDER BY a.relation, a.privilege, a.access_rule_id
    LOOP
        EXECUTE format('GRANT %s%s ON %s aidcase.%I TO %s', rule.privilege, ' (' || rule.column_list || ')',
                       CASE rule.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, rule.relation, rule.roles);
    END LOOP;

    FOR rule IN
        SELECT a.relation, a.privilege, a.scope, string_agg(DISTINCT quote_ident(r), ', ') AS roles
          FROM aidcase.access_rule AS a
         CROSS JOIN LATERAL unnest(CASE WHEN 'everyone' = ANY (a.roles) THEN staff_roles ELSE a.roles END) AS r
         WHERE a.in_use AND a.scope IS NOT NULL
         GROUP BY a.relation, a.privilege, a.scope
         ORDER BY a.relation, a.privilege, a.scope
    LOOP
        rows := CASE rule.scope
                WHEN 'all' THEN 'true'
                WHEN 'unit' THEN 'unit_id ' || in_scope
                WHEN 'unit_pair' THEN format('(unit_id %1$s OR to_unit_id %1$s)', in_scope)
                WHEN 'village' THEN 'village_id ' || in_scope
                WHEN 'case' THEN format(
                    'EXISTS (SELECT FROM aidcase.aid_case AS c WHERE c.case_id = %I.case_id AND c.unit_id %s)',
                    rule.relation, in_scope)
                WHEN 'village_case' THEN format(
                    'EXISTS (SELECT FROM aidcase.aid_case AS c WHERE c.case_id = %I.case_id AND c.village_id %s)',
                    rule.relation, in_scope)
                WHEN 'filing' THEN format(
                    'EXISTS (SELECT FROM aidcase.staff_filing AS f WHERE f.filing_id = %I.filing_id AND f.unit_id %s)',
                    rule.relation, in_scope)
                WHEN 'checker' THEN 'checker_id = aidcase.current_staff()'
                WHEN 'checked' THEN format(
                    'EXISTS (SELECT FROM aidcase.spot_check AS k WHERE k.case_id = %I.case_id AND k.checker_id = aidcase.current_staff())',
                    rule.relation)
                WHEN 'revealed' THEN format(
                    'EXISTS (SELECT FROM aidcase.spot_check AS k WHERE k.round_id = %I.round_id AND k.checker_id = aidcase.current_staff() AND k.state = ''locked'')',
                    rule.relation)
                WHEN 'locked' THEN 'state IN (''locked'', ''not_reached'')'
                END;
        EXECUTE format('CREATE POLICY %I ON aidcase.%I FOR %s TO %s %s',
                       format('aidcase_%s_%s', rule.privilege, rule.scope), rule.relation, rule.privilege, rule.roles,
                       CASE rule.privilege
                       WHEN 'select' THEN format('USING (%s)', rows)
                       WHEN 'insert' THEN format('WITH CHECK (%s)', rows)
                       ELSE format('USING (%s) WITH CHECK (%s)', rows, rows)
                       END);
        EXECUTE format('COMMENT ON POLICY %I ON aidcase.%I IS %L',
                       format('aidcase_%s_%s', rule.privilege, rule.scope), rule.relation,
                       '由 aidcase.access_rule 生成 / made from aidcase.access_rule');
    END LOOP;
END
$$;
COMMENT ON FUNCTION aidcase.apply_access() IS
    '按访问规则重建授权与行级策略,保留管理员自建的策略 / makes grants and policies anew from the access rules; a DBA''s own policies stay';
REVOKE ALL ON FUNCTION aidcase.apply_access() FROM PUBLIC;

SELECT aidcase.apply_access();
