# A register moves: dumps of every form, a clone, a base backup, a standby.
# Each must bring the same rows and the same root, must verify, and must go
# on after
# adopt_register() where it is another database, without it where it is not.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# A cluster as the tests need it.
sub cluster
{
	my ($name, %init) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init(extra => [ '--encoding=UTF8', '--locale=C' ], %init);
	$node->append_conf('postgresql.conf', $ENV{AIDCASE_CONF} // '');
	$node->append_conf('postgresql.conf', "max_prepared_transactions = 5");
	return $node;
}

my $node = cluster('first', allows_streaming => 1);
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE live TEMPLATE template0');
# transaction ids that no other cluster has reached yet
my $burn = $node->basedir . '/burn.sql';
append_to_file($burn, "SELECT pg_current_xact_id();\n");
$node->command_ok([ 'pgbench', '-n', '-c', '1', '-t', '3000', '-f', $burn, $node->connstr('postgres') ], 'transaction ids are used up');
$node->safe_psql(
	'live', q{
	SET client_min_messages = warning;
	CREATE EXTENSION aidcase CASCADE;
	SELECT aidcase.open_register('340705', '铜陵市铜官区', packs => '{national,tongguan,tongguan_units}', purpose => 'rehearsal');
	INSERT INTO aidcase.label (code_set, code, zh, en) SELECT 'test.code', 'c' || g, 'x', 'x' FROM generate_series(1, 700) AS g;
	UPDATE aidcase.label SET sort = 1 WHERE code_set = 'test.code' AND code LIKE 'c1%';
	ALTER TABLE aidcase.label ADD COLUMN dba_note text;
});
$node->safe_psql('live', 'SELECT aidcase.seal()');
$node->safe_psql('live', 'SELECT aidcase.seal()');
$node->safe_psql('live', q{SELECT aidcase.record_receipt(aidcase.latest_checkpoint(), 'a', 'b')});
# some entries are not sealed when the copy is made
$node->safe_psql('live', q{UPDATE aidcase.label SET sort = 2 WHERE code_set = 'test.code' AND code LIKE 'c2%'});

my $checkpoint = $node->safe_psql('live', 'SELECT aidcase.latest_checkpoint()');
(my $quoted = $checkpoint) =~ s/\n/\\n/g;
my $content = q{
	SELECT c.relname, count(x), md5(string_agg(x, '' ORDER BY x))
	  FROM pg_class AS c
	 CROSS JOIN LATERAL unnest(xpath('/table/row', query_to_xml(format('SELECT * FROM aidcase.%I AS t', c.relname), true, false, '')))
	       WITH ORDINALITY AS r (row, n)
	 CROSS JOIN LATERAL (SELECT r.row::text) AS y (x)
	 WHERE c.relnamespace = 'aidcase'::regnamespace AND c.relkind = 'r' AND c.relname <> 'blueprint'
	 GROUP BY c.relname ORDER BY c.relname COLLATE "C"};
my $rows = $node->safe_psql('live', $content);
like($rows, qr/^checkpoint\|2\|.*^label\|/ms, 'there is something to compare');

my $verify = "SELECT concat_ws(' ', kind, relation, key, detail) FROM aidcase.verify_register(E'$quoted')";
is($node->safe_psql('live', $verify), '', 'the register is sound');

# A database that is not the register's own any more.
sub check_copy
{
	my ($how, $to, $database) = @_;
	my ($code, $out, $err);

	is($to->safe_psql($database, $content), $rows, "$how: the same rows");
	is($to->safe_psql($database, $verify), '', "$how: it verifies with the checkpoint from before");
	($code, $out, $err) = $to->psql($database, 'SELECT aidcase.seal()');
	like($err, qr/a copy of the register that was not adopted/, "$how: it does not seal yet");
	is($to->safe_psql($database, q{SELECT ok FROM aidcase.check_setup() WHERE item = 'register adopted'}), 'f', "$how: check_setup() tells");
	$to->safe_psql($database, q{UPDATE aidcase.label SET sort = 3 WHERE code_set = 'test.code' AND code LIKE 'c3%'});
	is($to->safe_psql($database, q{SELECT incarnation = aidcase.adopt_register() - 1 FROM aidcase.register_incarnation ORDER BY incarnation DESC LIMIT 1}),
		't', "$how: it is adopted");
	is($to->safe_psql($database, $verify), '', "$how: and verifies");
	is($to->safe_psql($database, q{SELECT count(*) FROM aidcase.ledger_entry AS e WHERE aidcase.leaf_of(e.entry_no) IS NULL
		AND e.xid <> (SELECT x.xid FROM aidcase.ledger_entry AS x JOIN aidcase.register_incarnation AS i ON i.entry_no = x.entry_no ORDER BY i.incarnation DESC LIMIT 1)}),
		'0', "$how: what came along without leaf is sealed");
	$to->safe_psql($database, q{UPDATE aidcase.label SET sort = 4 WHERE code_set = 'test.code' AND code LIKE 'c4%'});
	$to->safe_psql($database, 'SELECT aidcase.seal()');
	$to->safe_psql($database, 'SELECT aidcase.seal()');
	is($to->safe_psql($database, q{SELECT count(*) - count(aidcase.leaf_of(entry_no)), count(*) - count(DISTINCT aidcase.leaf_of(entry_no)),
		max(aidcase.leaf_of(entry_no)) + 1 - count(*) FROM aidcase.ledger_entry}), '0|0|0', "$how: every entry has one leaf");
	is($to->safe_psql($database, $verify), '', "$how: sealing goes on");
	is($to->safe_psql($database, "SELECT aidcase.verify_consistency(a.tree_size, b.tree_size, a.root, b.root, aidcase.consistency_proof(a.tree_size, b.tree_size))
		FROM (SELECT * FROM aidcase.checkpoint ORDER BY tree_size LIMIT 1) AS a, (SELECT * FROM aidcase.checkpoint ORDER BY tree_size DESC LIMIT 1) AS b"),
		't', "$how: the tree only grew");
	($code, $out, $err) = $to->psql($database, 'SELECT aidcase.adopt_register()');
	like($err, qr/this database is the register's own/, "$how: it is adopted once");
}

#
# Nothing takes the register along by mistake.
#
my ($code, $out, $err);
for my $command ('DROP EXTENSION aidcase CASCADE', 'DROP SCHEMA aidcase CASCADE', 'DROP OWNED BY aidcase_owner', 'DROP OWNED BY aidcase_owner CASCADE')
{
	($code, $out, $err) = $node->psql('live', $command);
	like($err, qr/the register of this database cannot be dropped/, "$command is refused");
}
($code, $out, $err) = $node->psql('live', 'DROP EXTENSION aidcase');
like($err, qr/cannot drop extension aidcase because other objects depend on it/, 'without CASCADE PostgreSQL says why');
($code, $out, $err) = $node->psql('live', 'SELECT aidcase.today(); SET SESSION AUTHORIZATION aidcase_owner; SET aidcase.allow_drop = on', on_error_stop => 0);
like($err, qr/permission denied to set parameter "aidcase.allow_drop"/, 'only a superuser allows it');
$node->safe_psql('live', 'BEGIN; SET LOCAL aidcase.allow_drop = on; DROP EXTENSION aidcase CASCADE; ROLLBACK');
$node->safe_psql('postgres', 'CREATE DATABASE gone TEMPLATE live');
$node->safe_psql('postgres', 'DROP DATABASE gone');
$node->safe_psql('postgres', q{CREATE SCHEMA aidcase; DROP SCHEMA aidcase CASCADE});
pass('a superuser who says so drops it, and databases are dropped as any other');

#
# Dumps, into a cluster whose transaction ids are younger.
#
my $second = cluster('second');
$second->start;
cmp_ok($second->safe_psql('postgres', 'SELECT pg_snapshot_xmax(pg_current_snapshot())'), '<',
	$node->safe_psql('live', 'SELECT min(xid) FROM aidcase.ledger_entry'), 'the other cluster is younger');
my $dump = $node->basedir . '/dump';
$node->command_ok([ 'pg_dump', '-Fp', '-f', "$dump.sql", '-d', $node->connstr('live') ], 'plain dump');
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dump.custom", '-d', $node->connstr('live') ], 'custom dump');
$node->command_ok([ 'pg_dump', '-Fd', '-j2', '-f', "$dump.d", '-d', $node->connstr('live') ], 'parallel dump');
$second->safe_psql('postgres', "CREATE DATABASE $_ TEMPLATE template0") for qw(plain custom parallel split);
$second->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$dump.sql", '-d', $second->connstr('plain') ], 'plain restore');
check_copy('plain', $second, 'plain');
$second->command_ok([ 'pg_restore', '--exit-on-error', '-d', $second->connstr('custom'), "$dump.custom" ], 'custom restore');
check_copy('custom', $second, 'custom');
$second->command_ok([ 'pg_restore', '-j2', '--exit-on-error', '-d', $second->connstr('parallel'), "$dump.d" ], 'parallel restore');
check_copy('parallel', $second, 'parallel');
$second->command_ok([ 'pg_restore', '--exit-on-error', '--schema-only', '-d', $second->connstr('split'), "$dump.custom" ], 'schema first');
$second->command_ok([ 'pg_restore', '--exit-on-error', '--data-only', '--disable-triggers', '-d', $second->connstr('split'), "$dump.custom" ], 'data after it');
check_copy('data only', $second, 'split');
# over what is there, as --clean does
$second->command_ok([ 'pg_restore', '--clean', '--if-exists', '--exit-on-error', '-d', $second->connstr('custom'), "$dump.custom" ], 'restore with --clean');
check_copy('clean', $second, 'custom');
# a copy that was changed on the way
$second->safe_psql('plain', q{SET session_replication_role = replica;
	UPDATE aidcase.register_incarnation SET database_oid = 1 WHERE incarnation = 2; UPDATE aidcase.label SET sort = 9 WHERE code = 'c7'});
($code, $out, $err) = $second->psql('plain', 'SELECT aidcase.adopt_register()');
like($err, qr/the restored register does not verify.*row_changed label/s, 'what does not verify is not adopted');
is($second->safe_psql('plain', q{SELECT aidcase.adopt_register('known, see file 12')}), '3', 'but for a stated reason');
($code, $out, $err) = $second->psql('parallel', q{BEGIN; UPDATE aidcase.label SET sort = 5 WHERE code = 'c8'; SELECT aidcase.adopt_register()}, on_error_stop => 0);
like($err, qr/adopting the register needs a transaction of its own/, 'not in the middle of something');

#
# Template copy in the same cluster: ids go on, but it is another database.
#
$node->safe_psql('postgres', 'CREATE DATABASE clone TEMPLATE live');
check_copy('clone', $node, 'clone');

#
# Base backup and standby: the same register.
#
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
is($standby->safe_psql('live', $content), $rows, 'standby: the same rows');
is($standby->safe_psql('live', $verify), '', 'standby: verification runs there');
($code, $out, $err) = $standby->psql('live', q{SELECT * FROM aidcase.payment_list('2021-05-01')});
like($err, qr/this cannot be read in a read-only transaction\n.*Read it on the primary server/s, 'standby: accounts are not read where it cannot be kept');
($code, $out, $err) = $standby->psql('live', 'SELECT aidcase.seal()');
like($err, qr/cannot execute seal\(\) during recovery/, 'standby: it does not seal');
$node->safe_psql('live', q{UPDATE aidcase.label SET sort = 6 WHERE code = 'c9'; SELECT aidcase.seal()});
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
is($standby->safe_psql('live', $verify), '', 'standby: also after it has replayed');
$standby->promote;
$standby->safe_psql('live', q{UPDATE aidcase.label SET sort = 7 WHERE code = 'c9'});
$standby->safe_psql('live', 'SELECT aidcase.seal()');
$standby->safe_psql('live', 'SELECT aidcase.seal()');
is($standby->safe_psql('live', $verify), '', 'promoted: it seals without being adopted');
is($standby->safe_psql('live', q{SELECT count(*) FROM aidcase.register_incarnation}), '1', 'promoted: it is the same incarnation');
$standby->stop;

$node->stop;
$second->stop;
done_testing();
