# Reports as they were known: the past stays what it was, and restate() tells
# what has changed since, case by case.  Sealing needs transactions of its own.
use strict;
use warnings;

use File::Basename;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $here = dirname(dirname(__FILE__));
my $node = PostgreSQL::Test::Cluster->new('restate');
$node->init(extra => [ '--encoding=UTF8', '--locale=C.UTF-8' ]);
$node->append_conf('postgresql.conf', "fsync = off");
$node->start;
$node->safe_psql('postgres', "\\i $here/fixture.sql");

# Every report and drill of a month as one text each; what the caller may not
# read is left out.
my $all = q{
CREATE FUNCTION public.everything(as_of date, known_at timestamptz) RETURNS TABLE (name text, rows text) LANGUAGE plpgsql AS $$
BEGIN
    FOR name IN SELECT p.proname FROM pg_proc AS p JOIN aidcase.report AS r ON p.proname IN ('report_' || r.name, 'drill_' || r.name)
                 WHERE p.pronamespace = 'aidcase'::regnamespace ORDER BY p.proname
    LOOP
        BEGIN
            EXECUTE format('SELECT coalesce(string_agg(t::text, E''\n''), '''') FROM aidcase.%I($1, NULL, $2) AS t', name)
               INTO rows USING as_of, known_at;
            RETURN NEXT;
        EXCEPTION WHEN insufficient_privilege THEN
            NULL;
        END;
    END LOOP;
END
$$;
};
my $out = $node->safe_psql('postgres', $all . qq{
\\i $here/parts/household.sql
SET search_path = aidcase, public;
SET client_min_messages = error;
} . q{
SELECT pg_temp.confirm('a', '340705100', '340705100201', '{1,2}', 300, '2021-04-21 15:00+08') AS a \gset
SELECT pg_temp.confirm('b', '340705100', '340705100202', '{3,4,5}', 100.10, '2021-04-22 16:00+08') AS b \gset
BEGIN;
SELECT pg_temp.clock('2021-05-06 09:00+08') \g /dev/null
SELECT pg_temp.by_login('t_clerk', $$SELECT make_roll('340705100', '2021-05-01')$$) AS roll \gset
SELECT pg_temp.by_login('t_clerk', format($$SELECT advance('payment_roll', %s, 'submit')$$, :roll)) \g /dev/null
COMMIT;
BEGIN;
SELECT pg_temp.clock('2021-06-02 09:00+08') \g /dev/null
SELECT pg_temp.by_login('t_bureau', $$SELECT length(workbook('flow_monthly', '2021-05')) + length(workbook('flow_monthly', '2021-05', '340705100'))
    + length(workbook('payment_roll', '2021-05'))$$) \g /dev/null
COMMIT;
SET aidcase.clock = '2021-06-03 09:00+08';
CREATE TABLE public.was AS SELECT * FROM everything('2021-05-31', NULL);
GRANT SELECT ON public.was TO PUBLIC;
SELECT 'fault', pg_temp.told('t_bureau', $$SELECT FROM aidcase.restate('flow_monthly', '2021-05')$$);
SELECT seal() \g /dev/null
SELECT sealed_at AS t1 FROM checkpoint ORDER BY tree_size DESC LIMIT 1 \gset
SELECT 'unchanged', count(*) FROM restate('flow_monthly', '2021-05');

-- one household never was in benefit, another one came in May after all
UPDATE award SET months = 'empty', stop_reason = 'false_statement' WHERE round_id = :b;
UPDATE unit_period SET name = '东郊新城' WHERE unit_id = unit_id('340705005');
SELECT pg_temp.confirm('c', '340705100', '340705100202', '{6}', 200, '2021-04-29 15:00+08') AS c \gset
SET aidcase.clock = '2021-06-03 10:00+08';
SELECT 'then', count(*), count(*) FILTER (WHERE e.rows <> w.rows) FROM everything('2021-05-31', :'t1') AS e JOIN was AS w USING (name);
SELECT 'now', count(*) FILTER (WHERE e.rows <> w.rows) > 10 FROM everything('2021-05-31', NULL) AS e JOIN was AS w USING (name);
SELECT 'unsealed', count(*) FILTER (WHERE e.rows <> w.rows) FROM everything('2021-05-31', now()) AS e JOIN was AS w USING (name);
SELECT seal() \g /dev/null
SELECT sealed_at AS t2 FROM checkpoint ORDER BY tree_size DESC LIMIT 1 \gset
SELECT 'sealed', count(*), count(*) FILTER (WHERE e.rows <> n.rows) FROM everything('2021-05-31', :'t2') AS e JOIN everything('2021-05-31', NULL) AS n USING (name);
SELECT 'first', count(*) FILTER (WHERE e.rows <> w.rows) FROM everything('2021-05-31', :'t1') AS e JOIN was AS w USING (name);

SELECT 'restated', r.column_name, (SELECT replace(x.outside_key, 'T-', '') FROM case_round AS x WHERE x.case_id = r.case_id), was, now_is, operation, relation,
       cardinality(entries) > 0, changed_at BETWEEN :'t1' AND now(), s.staff_no
  FROM restate('flow_monthly', '2021-05') AS r LEFT JOIN staff AS s USING (staff_id)
 WHERE r.row_key = '{西湖镇,最低生活保障}' ORDER BY 2, 3, was;
SELECT 'between', count(*) = (SELECT count(*) FROM restate('flow_monthly', '2021-05')) FROM restate('flow_monthly', '2021-05', NULL, :'t1', :'t2');
SELECT 'nothing', count(*) FROM restate('flow_monthly', '2021-05', NULL, :'t2');
SELECT 'fault', pg_temp.told('t_bureau', $$SELECT FROM aidcase.restate('flow_monthly', '2021-04')$$);
SELECT 'fault', pg_temp.told('t_bureau', $$SELECT FROM aidcase.restate('payment_roll', '2021-05')$$);
SELECT 'fault', pg_temp.told('t_bureau', $$SELECT FROM aidcase.restate('nothing', '2021-05')$$);
SELECT 'fault', pg_temp.told('t_bureau', $$SELECT FROM aidcase.restate('flow_monthly', '2021-13')$$);
SELECT 'fault', pg_temp.told('t_other', $$SELECT FROM aidcase.restate('flow_monthly', '2021-05', '340705100')$$);
SELECT 'clerk', pg_temp.by_login('t_clerk', $$SELECT count(*) FROM aidcase.restate('flow_monthly', '2021-05')$$)
       = (SELECT count(*)::text FROM restate('flow_monthly', '2021-05'));
SELECT 'other', pg_temp.by_login('t_other', $$SELECT count(*) FROM aidcase.restate('flow_monthly', '2021-05')$$);
SELECT 'before', pg_temp.told('t_bureau', format($$SELECT FROM aidcase.report_flow_monthly('2021-05-31', NULL, timestamptz %L - interval '1 second')$$, :'t1'));
-- with the rights of others, the columns that they may not read do not matter
BEGIN;
SET LOCAL ROLE aidcase_analyst;
CREATE TEMP TABLE analyst AS SELECT * FROM everything('2021-05-31', :'t1');
SELECT 'analyst', count(*), count(*) FILTER (WHERE a.rows <> w.rows) FROM analyst AS a JOIN public.was AS w USING (name);
ROLLBACK;
-- what was not due yet when it was known is not late by now
SET session_replication_role = replica;
INSERT INTO deadline (deadline_id, subject, subject_id, case_id, unit_id, clock, started_at, length, due_at, entry_no)
SELECT 9000000, subject, subject_id, case_id, unit_id, clock, started_at, length, '2039-05-15', entry_no FROM deadline
 WHERE is_known(entry_no, (SELECT min(tree_size) FROM checkpoint)) ORDER BY deadline_id LIMIT 1;
SET session_replication_role = origin;
SET aidcase.clock = '2040-01-01 10:00+08';
SELECT 'due', v.n, r.due, r.running, r.late FROM (VALUES ('then', timestamptz :'t1'), ('now', NULL)) AS v (n, k), LATERAL report_timeliness_monthly('2039-05-31', NULL, v.k) AS r ORDER BY 2;
SELECT 'drilled', v.n, string_agg(r.column_name, ',' ORDER BY r.column_name) FROM (VALUES ('then', timestamptz :'t1'), ('now', NULL)) AS v (n, k), LATERAL drill_timeliness_monthly('2039-05-31', NULL, v.k) AS r GROUP BY 2;
});
like($out, qr/^fault\|55000 the issue of report "flow_monthly" for "2021-05" is not sealed yet\|/m, 'before a checkpoint there is nothing to compare with');
like($out, qr/^unchanged\|0$/m, 'nothing has changed since it was issued');
my ($n) = $out =~ /^then\|(\d+)\|/m;
cmp_ok($n, '>=', 25, 'reports and drills are compared');
like($out, qr/^then\|\d+\|0$/m, 'restating the past gives the past');
like($out, qr/^now\|t$/m, 'the present is another');
like($out, qr/^unsealed\|0$/m, 'what is not sealed is not known');
like($out, qr/^sealed\|\d+\|0$/m, 'the next checkpoint knows the present');
like($out, qr/^first\|0$/m, 'the first one is as it was');
# b is out again; c is in, confirmed by a member of the unit's review group
like($out, qr/^restated\|closing\|b\|1\|\|U\|award\|t\|t\|$/m, 'who is not in it any more: what was changed, by no member of staff');
like($out, qr/^restated\|closing\|c\|\|1\|[IU]\|\w+\|t\|t\|x-group1$/m, 'who came in later, and by whom');
like($out, qr/^restated\|new_households\|c\|\|1\|/m, 'in every cell that it is in');
unlike($out, qr/^restated\|\w+\|a\|/m, 'a household that stayed is not mentioned');
like($out, qr/^between\|t$/m, 'between two checkpoints likewise');
like($out, qr/^nothing\|0$/m, 'since the second one nothing has changed');
like($out, qr/^fault\|22023 report "flow_monthly" was not issued for "2021-04"\|/m, 'a period without an issue');
like($out, qr/^fault\|0A000 report "payment_roll" cannot be restated\|/m, 'a report without a drill');
like($out, qr/^fault\|22023 there is no report "nothing"\|/m, 'no such report');
like($out, qr/^fault\|22023 invalid period "2021-13" for report "flow_monthly"\|/m, 'no such period');
like($out, qr/^fault\|42501 unit "340705100" is outside your scope\|/m, 'another unit');
like($out, qr/^clerk\|t$/m, 'the unit is told of its own cases');
like($out, qr/^other\|0$/m, 'another one of none');
like($out, qr/^before\|55000 the ledger has no checkpoint of that time or before\|/m, 'before the first checkpoint nothing was known');
like($out, qr/^analyst\|(?:1[5-9]|2\d)\|0$/m, 'an analyst is shown the same past');
like($out, qr/^due\|now\|1\|0\|1\ndue\|then\|1\|1\|0$/m, 'a limit that ran then is judged by the time of that knowledge');
like($out, qr/^drilled\|now\|due,late,subject_to$/m, 'and so are its cases now');
like($out, qr/^drilled\|then\|due,running$/m, 'and then');

$node->stop;
done_testing();
