# A committed write has exactly one entry and an aborted one none, also when
# the transaction is prepared, when sessions meet a new shape at once, and
# under load with savepoints and errors.  Needs sessions of their own, so it
# cannot be a pgTAP file.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('ends');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', 'max_prepared_transactions = 5');
$node->append_conf('postgresql.conf', $ENV{AIDCASE_CONF} // '');
$node->start;
$node->safe_psql(
	'postgres', q{
	SET client_min_messages = warning;
	CREATE EXTENSION aidcase CASCADE;
	SELECT aidcase.open_register('340705', '铜陵市铜官区', packs => '{}', purpose => 'rehearsal');
	CREATE TABLE aidcase.t_two (id bigint PRIMARY KEY, n integer NOT NULL DEFAULT 0);
	SELECT aidcase.set_up_table('t_two');
	CREATE TABLE aidcase.t_load (id bigint PRIMARY KEY, n integer NOT NULL DEFAULT 0);
	SELECT aidcase.set_up_table('t_load');
});

# rows without an entry, entries without their shape or origin
my $breaks = q{
	SELECT (SELECT count(*) FROM aidcase.%1$s AS t LEFT JOIN aidcase.ledger AS l USING (entry_no)
	         WHERE l.image IS DISTINCT FROM to_jsonb(t)) +
	       (SELECT count(*) FROM aidcase.ledger WHERE relation = '%1$s' AND operation <> 'S' AND (image IS NULL OR login IS NULL))};

# One session throughout: what it caches must not outlive a prepared
# transaction whose fate is open.
is($node->safe_psql(
		'postgres', q{
		BEGIN;
		INSERT INTO aidcase.t_two VALUES (1);
		PREPARE TRANSACTION 'first';
		INSERT INTO aidcase.t_two VALUES (2);
		BEGIN;
		INSERT INTO aidcase.t_two VALUES (3);
		SAVEPOINT s;
		INSERT INTO aidcase.t_two VALUES (30);
		ROLLBACK TO s;
		PREPARE TRANSACTION 'second';
		ROLLBACK PREPARED 'first';
		INSERT INTO aidcase.t_two VALUES (4);
		COMMIT PREPARED 'second';
		SELECT string_agg(key::text, ' ' ORDER BY entry_no), count(DISTINCT shape_no)
		  FROM aidcase.ledger WHERE relation = 't_two' AND operation <> 'S'}),
	'[2] [3] [4]|1', 'prepared transactions leave entries when they commit, and only then');
is($node->safe_psql('postgres', sprintf($breaks, 't_two')), '0', 'and no entry without its row, shape or origin');

# Subtransactions in a prepared one, and what only fails at the commit.
is($node->safe_psql(
		'postgres', q{
		CREATE TABLE aidcase.t_late (id bigint PRIMARY KEY, n integer, two bigint REFERENCES aidcase.t_two DEFERRABLE INITIALLY DEFERRED);
		SELECT aidcase.set_up_table('t_late') \g /dev/null
		SET application_name = 'prepared';
		BEGIN;
		SAVEPOINT a;
		INSERT INTO aidcase.t_late VALUES (1, 1, 2);
		SAVEPOINT b;
		UPDATE aidcase.t_late SET n = 2;
		RELEASE b;
		ROLLBACK TO a;
		SAVEPOINT c;
		INSERT INTO aidcase.t_late VALUES (2, 1, 2);
		RELEASE c;
		UPDATE aidcase.t_late SET n = 3;
		PREPARE TRANSACTION 'third';
		SET application_name = 'other';
		INSERT INTO aidcase.t_late VALUES (3, 1, 2);
		COMMIT PREPARED 'third';
		SELECT string_agg(operation || key || application, ' ' ORDER BY entry_no) FROM aidcase.ledger WHERE relation = 't_late' AND operation <> 'S'}),
	'I[2]prepared U[2]prepared I[3]other', 'subtransactions of a prepared transaction');
my ($code, $out, $err) = $node->psql('postgres', q{
	BEGIN;
	INSERT INTO aidcase.t_late VALUES (4, 1, 987);
	COMMIT});
like($err, qr/violates foreign key constraint/, 'a transaction that fails at its end');
is($node->safe_psql(
		'postgres', q{
		INSERT INTO aidcase.t_late VALUES (5, 1, 2);
		SELECT string_agg(key::text, ' ' ORDER BY entry_no) FROM aidcase.ledger WHERE relation = 't_late' AND operation = 'I'}),
	'[2] [3] [5]', 'leaves no entry');

# The shape of a table is made by a transaction that is rolled back.
is($node->safe_psql(
		'postgres', q{
		CREATE TABLE aidcase.t_undone (id bigint PRIMARY KEY);
		SELECT aidcase.set_up_table('t_undone') \gset
		BEGIN;
		INSERT INTO aidcase.t_undone VALUES (1);
		ROLLBACK;
		INSERT INTO aidcase.t_undone VALUES (2);
		SELECT count(*), count(image), count(login) FROM aidcase.ledger WHERE relation = 't_undone'}),
	'2|2|2', 'a shape and an origin that were rolled back are not used again');

# Many sessions, all new to the table, with errors and savepoints.
my $script = $node->basedir . '/load.sql';
append_to_file(
	$script, q{
\set a random(1, 40)
\set b random(41, 80)
\set fate random(1, 4)
BEGIN;
INSERT INTO aidcase.t_load (id) VALUES (:a) ON CONFLICT (id) DO UPDATE SET n = t_load.n + 1;
SAVEPOINT s;
UPDATE aidcase.t_load SET n = n + 1 WHERE id = :a;
ROLLBACK TO s;
INSERT INTO aidcase.t_load (id) VALUES (:b) ON CONFLICT (id) DO UPDATE SET n = t_load.n + 1;
\if :fate = 1
ROLLBACK;
\else
COMMIT;
\endif
});
$node->command_ok([ 'pgbench', '-n', '-c', '8', '-j', '2', '-t', '250', '-f', $script,
		$node->connstr('postgres') ], 'many sessions write the same rows');
is($node->safe_psql('postgres', sprintf($breaks, 't_load')), '0', 'every row has its entry');
is($node->safe_psql(
		'postgres', q{
		SELECT (SELECT count(*) + sum(n) FROM aidcase.t_load)
		     = (SELECT count(*) FROM aidcase.ledger WHERE relation = 't_load' AND operation <> 'S')}),
	't', 'and every committed write exactly one');
is($node->safe_psql(
		'postgres', q{
		SELECT count(*) FROM aidcase.ledger AS l
		 WHERE relation = 't_load' AND operation = 'U'
		   AND NOT EXISTS (SELECT FROM aidcase.ledger_entry AS e WHERE e.entry_no = l.supersedes)}),
	'0', 'the chain of no row is broken');

# Nothing that one writer holds keeps another one, of another row, waiting.
is($node->safe_psql(
		'postgres', q{
		BEGIN;
		UPDATE aidcase.t_load SET n = n + 1 WHERE id = 1;
		UPDATE aidcase.t_load SET n = n + 1 WHERE id = 2;
		SELECT count(*) FROM pg_locks
		 WHERE pid = pg_backend_pid() AND locktype IN ('relation', 'advisory', 'tuple')
		   AND mode NOT IN ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock');
		COMMIT}),
	'0', 'capture holds no lock that excludes other writers');

done_testing();
