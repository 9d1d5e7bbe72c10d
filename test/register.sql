-- The register of the fixture: what opens it is closed, its clock, what
-- check_setup() says.  Opening, upgrading and dropping: t/020_register.pl.
SET search_path = aidcase, tap, public;
SET client_min_messages = error;
BEGIN;
SELECT plan(44);
\ir parts/household.sql

-- A database holds one register, and only its owner or a superuser works on it.
SELECT is(pg_temp.told('postgres', $$SELECT aidcase.open_register('340706', 'x')$$),
    '55000 this database already has a register|A database holds one register.|Call aidcase.upgrade_register() after an update of the extension.', 'a second register is refused');
SELECT alike(pg_temp.told(l, c), '42501 permission denied for function %', l || ': ' || c)
  FROM unnest(ARRAY['t_clerk', 't_admin', 't_stranger']) AS l,
       unnest(ARRAY[$$SELECT aidcase.open_register('340706', 'x')$$, 'SELECT aidcase.upgrade_register()', $$SELECT aidcase.load_pack('national')$$,
                    'SELECT aidcase.become_owner()', $$SELECT aidcase.set_up_table('award')$$]) AS c;
SELECT is(pg_temp.told('t_admin', 'SELECT FROM aidcase.blueprint'), '42501 permission denied for table blueprint||', 'the blueprint is closed');
SELECT is(pg_temp.told('t_admin', $$SET ROLE aidcase_owner$$), '42501 permission denied to set role "aidcase_owner"||', 'administrators do not become its owner');
SELECT is(pg_temp.told('postgres', format('SELECT aidcase.load_pack(%L)', p)), '55000 rule pack "' || p || '" is already loaded|A pack is loaded once; later changes are dated rows of their own.|Change a value with aidcase.set_parameter().', 'pack ' || p || ' is loaded once')
  FROM unnest(ARRAY['national', 'tongguan']) AS p;
SELECT alike(pg_temp.told('postgres', 'SELECT aidcase.load_pack(''x'')'), '22023 there is no rule pack "x"|%', 'a pack that is none');
SELECT alike(pg_temp.told('postgres', 'SELECT aidcase.load_pack(NULL)'), '22023 there is no rule pack%', 'no pack');
SELECT is((SELECT packs FROM register), '{national,tongguan,tongguan_units,tongguan_delegation}', 'the register knows its packs');
SELECT alike(pg_temp.told('postgres', $$INSERT INTO aidcase.register (register_id, area_code, name, time_zone, purpose, origin, version) VALUES (2, '340706', 'x', 'UTC', 'live', 'x', '0')$$), '23514 %', 'it has one row');
SELECT alike(pg_temp.told('postgres', 'DELETE FROM aidcase.register'), 'ZA%', 'which is not deleted');
SELECT is(current_setting('role'), 'none', 'and nobody is left in another role');
-- a member of its owner who is no superuser
CREATE ROLE t_dba LOGIN IN ROLE aidcase_owner;
SELECT is(pg_temp.by_login('t_dba', 'SELECT aidcase.upgrade_register()'), aidcase.version() || ' -> ' || aidcase.version(), 'a member of its owner may upgrade it');
SELECT alike(pg_temp.told('t_dba', $$SELECT aidcase.load_pack('national')$$), '55000 %', 'and load packs');

-- The clock, in the register's time zone whatever the session's is.
SELECT is((SELECT purpose FROM register), 'rehearsal', 'a rehearsal');
SELECT results_eq(format($$SELECT today(), date_here('2021-04-06 16:30+00'), midnight_here('2021-04-07') = '2021-04-06 16:00+00' FROM set_config('TimeZone', %L, true) AS a, set_config('aidcase.clock', '2021-04-06 16:30+00', true) AS b$$, z),
    $$VALUES ('2021-04-07'::date, '2021-04-07'::date, true)$$, 'dates do not depend on TimeZone ' || z)
  FROM unnest(ARRAY['UTC', 'Asia/Shanghai', 'America/Los_Angeles', 'Pacific/Kiritimati']) AS z;
SELECT is(now_here(), '2021-04-06 16:30+00'::timestamptz, 'the moved clock');
SELECT throws_ok($$SET aidcase.clock = 'soon'$$, '22023', NULL, 'a clock that is no time');
SELECT throws_ok($$SET aidcase.nonsense = 1$$, '42602', NULL, 'a setting that is none');
SET LOCAL aidcase.clock = '';
SELECT is(now_here(), now(), 'without it the transaction''s time');
SELECT is(date_here('infinity') || ' ' || date_here('-infinity'), 'infinity -infinity', 'for ever stays for ever');

-- What check_setup() says.
SELECT pg_temp.clock('2021-05-06 09:00+08');
SELECT is((SELECT count(*) FROM check_setup() WHERE ok <> (what_to_do IS NULL) OR item = '' OR ok IS NULL), 0::bigint, 'each item is in order or says what to do');
SELECT is((SELECT ok FROM check_setup() WHERE item = 'register version'), true, 'the register is of the extension''s version');
SAVEPOINT setup;
UPDATE register SET version = '0.0.1';
SELECT is((SELECT what_to_do FROM check_setup() WHERE item = 'register version'), 'SELECT aidcase.upgrade_register()', 'an older one is told');
ALTER TABLE award DISABLE TRIGGER "~2_kept";
SELECT alike((SELECT what_to_do FROM check_setup() WHERE item = 'triggers'), '%ENABLE TRIGGER: award.', 'a trigger that is off');
ROLLBACK TO setup;
SELECT alike(pg_temp.told('t_stranger', 'SELECT * FROM aidcase.check_setup()'), '42501 %', 'it is not for strangers');
SELECT isnt(pg_temp.by_login('t_admin', 'SELECT count(*) FROM aidcase.check_setup()'), '0', 'but for administrators');

SELECT * FROM finish();
ROLLBACK;
