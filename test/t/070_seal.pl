# Sealing while others write, roll back, prepare and crash; what a superuser
# does to files and indexes while nobody looks; ten thousand small changes;
# and the background worker.  Needs several sessions and restarts.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('sealed');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', $ENV{AIDCASE_CONF} // '');
$node->append_conf(
	'postgresql.conf', q{
max_prepared_transactions = 5
max_connections = 40
shared_preload_libraries = '$libdir/aidcase'
aidcase.seal_interval = 1
});
$node->start;
$node->safe_psql('postgres', q{CREATE DATABASE live TEMPLATE template0});
$node->safe_psql(
	'live', q{
	SET client_min_messages = warning;
	CREATE EXTENSION aidcase CASCADE;
	SELECT aidcase.open_register('340705', '铜陵市铜官区', packs => '{}', purpose => 'rehearsal');
	SET ROLE aidcase_owner;
	CREATE TABLE aidcase.t_load (id bigint PRIMARY KEY, n integer NOT NULL DEFAULT 0, note text);
	SELECT aidcase.set_up_table('t_load');
});

sub sql { return $node->safe_psql('live', $_[0]); }

# Breaks, as lines.
sub breaks
{
	my ($checkpoint) = @_;
	return sql('SELECT concat_ws(\' \', kind, relation, key) FROM aidcase.verify_register('
		  . (defined $checkpoint ? "E'" . ($checkpoint =~ s/\n/\\n/gr) . "'" : '')
		  . ') ORDER BY 1');
}

# What holds at any time: every write that was committed has one entry, and
# after sealing every entry one leaf.
sub whole
{
	my ($when) = @_;

	is(sql(q{SELECT (SELECT count(*) + sum(n) FROM aidcase.t_load)
		- (SELECT count(*) FROM aidcase.ledger WHERE relation = 't_load' AND operation IN ('I', 'U'))}),
		'0', "$when: entries = committed writes");
	sql('SELECT aidcase.seal()');
	sql('SELECT aidcase.seal()');
	is(sql(q{SELECT (SELECT count(*) FROM aidcase.ledger_entry) - count(*), count(*) - count(DISTINCT p.entry_no),
		max(p.leaf_index) + 1 - count(*), count(*) FILTER (WHERE e.entry_no IS NULL)
		FROM aidcase.ledger_position AS p LEFT JOIN aidcase.ledger_entry AS e USING (entry_no)}),
		'0|0|0|0', "$when: every entry has one leaf");
	is(breaks(), '', "$when: verification is clean");
	is(breaks(sql('SELECT aidcase.latest_checkpoint()')), '', "$when: with the checkpoint too");
}

#
# Writers, sealers, and a server that is killed.
#
my $writer = $node->basedir . '/write.sql';
append_to_file(
	$writer, q{
\set a random(1, 400)
\set b random(401, 800)
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
my $sealer = $node->basedir . '/seal.sql';
append_to_file($sealer, "SELECT aidcase.seal();\n");
my @bench = ('pgbench', '-n', '--random-seed=7');

my $writers = IPC::Run::start([ @bench, '-c', '16', '-j', '2', '-R', '900', '-t', '500', '-f', $writer, $node->connstr('live') ],
	'>', \my $out1, '2>', \my $err1);
$node->command_ok([ @bench, '-c', '3', '-R', '30', '-t', '20', '-f', $sealer, $node->connstr('live') ], 'three sealers at once');
$writers->finish;
is($writers->result(0), 0, 'sixteen writers meanwhile');
cmp_ok(sql('SELECT count(*) FROM aidcase.checkpoint'), '>', 5, 'many checkpoints were made');
whole('under load');

$writers = IPC::Run::start([ @bench, '-c', '16', '-j', '2', '-R', '1000', '-t', '100000', '-f', $writer, $node->connstr('live') ],
	'>', \$out1, '2>', \$err1);
my $sealers = IPC::Run::start([ @bench, '-c', '2', '-t', '100000', '-f', $sealer, $node->connstr('live') ],
	'>', \my $out2, '2>', \my $err2);
my $before = sql('SELECT max(tree_size) FROM aidcase.checkpoint');
ok($node->poll_query_until('live', "SELECT max(tree_size) > $before + 1000 FROM aidcase.checkpoint"), 'it goes on');
my $saved = sql('SELECT aidcase.latest_checkpoint()');
my @processes = split(/\n/, sql('SELECT pid FROM pg_stat_activity'));
$node->kill9;
$writers->finish;
$sealers->finish;
# backends that outlive the server by a moment keep its memory
for (1 .. 600)
{
	last if !grep { kill(0, $_) } @processes;
	select(undef, undef, undef, 0.1);
}
$node->start;
is(breaks($saved), '', 'killed and restarted: verification is clean at once, with a checkpoint from before');
whole('after the crash');

#
# Late commits of every kind.
#
my ($code, $out, $err) = $node->psql('live', 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT aidcase.seal()', on_error_stop => 0);
like($err, qr/sealing needs a transaction of isolation level READ COMMITTED/, 'not under REPEATABLE READ');
($code, $out, $err) = $node->psql('live', 'BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT aidcase.seal()', on_error_stop => 0);
like($err, qr/Under SERIALIZABLE it would not see/, 'nor under SERIALIZABLE');
($code, $out, $err) = $node->psql('live', 'BEGIN READ ONLY; SELECT aidcase.seal()', on_error_stop => 0);
like($err, qr/cannot execute seal\(\) in a read-only transaction/, 'nor read only');

my $late = $node->background_psql('live');
$late->query_safe('BEGIN; INSERT INTO aidcase.t_load VALUES (9001); SAVEPOINT s; INSERT INTO aidcase.t_load VALUES (9002); ROLLBACK TO s');
sql(q{BEGIN; INSERT INTO aidcase.t_load VALUES (9003); PREPARE TRANSACTION 'p'});
sql('INSERT INTO aidcase.t_load VALUES (9004)');
sql('SELECT aidcase.seal()');
my $leaf = q{SELECT string_agg((aidcase.leaf_of(entry_no) IS NOT NULL)::text, ' ' ORDER BY id) FROM aidcase.t_load WHERE id > 9000};
is(sql($leaf), 'true', 'running and prepared transactions are passed over');
is(breaks(), '', 'and are no breaks');
$late->query_safe('COMMIT');
sql(q{COMMIT PREPARED 'p'});
is(breaks(), '', 'nor are they once they are committed');
is(sql($leaf), 'false false true', 'they wait');
sql('SELECT aidcase.seal()');
is(sql($leaf), 'true true true', 'for the next sealing');
$late->quit;
sql(q{BEGIN; INSERT INTO aidcase.t_load VALUES (9005); SELECT aidcase.seal(); INSERT INTO aidcase.t_load VALUES (9006); COMMIT});
is(sql($leaf), 'true true true false false', 'a sealer does not seal what it writes itself');
sql(q{BEGIN; SELECT aidcase.seal(); ROLLBACK});
sql('SELECT aidcase.seal()');
is(sql($leaf), 'true true true true true', 'the next one does, whatever was rolled back');
whole('late commits');

#
# Ten thousand changes of single rows, each found in its place.  Numbers come
# from hashes of a seed, so every run makes the same changes.
#
sql(q{INSERT INTO aidcase.t_load (id, note) SELECT g, 'row ' || g FROM generate_series(100001, 111000) AS g});
sql('SELECT aidcase.seal()');
sql('SELECT aidcase.seal()');
is(sql(q{
	BEGIN;
	CREATE TEMP TABLE tampered AS
	SELECT id, entry_no, how, place FROM (
	    SELECT t.id, t.entry_no, row_number() OVER (ORDER BY sha256(convert_to('seed ' || t.id, 'UTF8'))) AS n,
	           get_byte(sha256(convert_to('how ' || t.id, 'UTF8')), 0) % 7 AS how,
	           get_byte(sha256(convert_to('place ' || t.id, 'UTF8')), 1) AS place
	      FROM aidcase.t_load AS t WHERE t.id > 100000) AS x
	 WHERE n <= 10000;
	SET LOCAL session_replication_role = replica;
	-- a byte of the text, the text, the transaction, the whole entry; a value, the number, the whole row
	UPDATE aidcase.ledger_entry AS e SET entry = overlay(entry PLACING '~' FROM place % length(entry) + 1 FOR 1)
	  FROM tampered AS t WHERE t.entry_no = e.entry_no AND how = 0;
	UPDATE aidcase.ledger_entry AS e SET entry = replace(entry, '"row ', '"Row ') FROM tampered AS t WHERE t.entry_no = e.entry_no AND how = 1;
	UPDATE aidcase.ledger_entry AS e SET xid = xid + place + 1 FROM tampered AS t WHERE t.entry_no = e.entry_no AND how = 2;
	DELETE FROM aidcase.ledger_entry AS e USING tampered AS t WHERE t.entry_no = e.entry_no AND how = 3;
	UPDATE aidcase.t_load AS r SET note = note || place FROM tampered AS t WHERE t.id = r.id AND how = 4;
	UPDATE aidcase.t_load AS r SET entry_no = r.entry_no + 10000000 FROM tampered AS t WHERE t.id = r.id AND how = 5;
	DELETE FROM aidcase.t_load AS r USING tampered AS t WHERE t.id = r.id AND how = 6;
	SET LOCAL session_replication_role = origin;
	CREATE TEMP TABLE found AS SELECT * FROM aidcase.verify_register(max_breaks => 1000000);
	SELECT count(*), count(DISTINCT how), min(per_kind) > 1000,
	       count(*) FILTER (WHERE NOT EXISTS (SELECT FROM found AS f WHERE f.entry_no = t.entry_no))
	  FROM (SELECT *, count(*) OVER (PARTITION BY how) AS per_kind FROM tampered) AS t;
	SELECT count(*) FROM found AS f WHERE NOT EXISTS (
	    SELECT FROM tampered AS t WHERE f.entry_no IN (t.entry_no, t.entry_no + 10000000)) AND f.kind <> 'more';
	ROLLBACK}),
	"10000|7|t|0\n0", 'ten thousand changes in seven ways: all are found, and nothing else');
is(sql(q{
	BEGIN;
	SET LOCAL session_replication_role = replica;
	DELETE FROM aidcase.t_load WHERE id > 100000;
	SELECT count(*), count(*) FILTER (WHERE kind = 'more'), max(detail) FILTER (WHERE kind = 'more') FROM aidcase.verify_register(max_breaks => 50);
	ROLLBACK}),
	'51|1|10950 more breaks were found and not listed.', 'what is beyond the limit is counted');
is(sql(q{
	BEGIN;
	SET LOCAL maintenance_work_mem = '1MB';
	SET LOCAL session_replication_role = replica;
	-- the table in another order than the tree
	CREATE TEMP TABLE copy AS SELECT * FROM aidcase.ledger_entry;
	DELETE FROM aidcase.ledger_entry;
	INSERT INTO aidcase.ledger_entry SELECT * FROM copy ORDER BY md5(entry_no::text);
	SELECT count(*) FROM aidcase.verify_register();
	DELETE FROM aidcase.ledger_entry WHERE entry_no = (SELECT entry_no FROM aidcase.t_load WHERE id = 100077);
	SELECT string_agg(kind, ' ' ORDER BY kind) FROM aidcase.verify_register();
	ROLLBACK}),
	"0\nentry_missing row_without_entry", 'entries in another order, more than memory holds: verified all the same');

#
# Files and indexes.
#
is(sql(q{
	SET allow_system_table_mods = on;
	BEGIN;
	UPDATE pg_index SET indisready = false, indisvalid = false WHERE indrelid = 'aidcase.t_load'::regclass;
	COMMIT;
	SET session_replication_role = replica;
	INSERT INTO aidcase.t_load VALUES (9007, 0, NULL, 7777777);
	SET session_replication_role = origin;
	UPDATE pg_index SET indisready = true, indisvalid = true WHERE indrelid = 'aidcase.t_load'::regclass;
	SET enable_seqscan = off;
	SELECT count(*) FROM aidcase.t_load WHERE id = 9007;
	SET enable_seqscan = on; SET enable_bitmapscan = off; SET enable_indexscan = off; SET enable_indexonlyscan = off;
	SELECT count(*) FROM aidcase.t_load WHERE id = 9007;
	SELECT string_agg(concat_ws(' ', kind, relation, key), ', ') FROM aidcase.verify_register();
	}),
	"0\n1\nrow_without_entry t_load [9007]", 'a row that the index does not show is found');
sql(q{SET session_replication_role = replica; SET enable_indexscan = off; SET enable_bitmapscan = off; DELETE FROM aidcase.t_load WHERE id = 9007});

my $file = $node->data_dir . '/' . sql(q{CHECKPOINT; SELECT pg_relation_filepath('aidcase.ledger_entry')});
my $row_file = $node->data_dir . '/' . sql(q{SELECT pg_relation_filepath('aidcase.t_load')});
$node->stop;
for ([ $file, '"row 100005"', '"row 900005"' ], [ $row_file, 'row 100006', 'row 900006' ])
{
	my ($name, $old, $new) = @$_;
	my $bytes = slurp_file($name);
	# wherever it stands, in versions of the row that were rolled back too
	$bytes =~ s/\Q$old\E/$new/g or die "no $old in $name";
	open(my $handle, '>:raw', $name) or die;
	print $handle $bytes;
	close($handle);
}
$node->start;
is(breaks(), "entry_changed ledger_entry [" . sql('SELECT entry_no FROM aidcase.t_load WHERE id = 100005') . "]\n"
	  . "row_changed t_load [100005]\nrow_changed t_load [100006]", 'pages edited while the server was stopped');
sql(q{
	SET session_replication_role = replica;
	UPDATE aidcase.ledger_entry SET entry = replace(entry, '"row 900005"', '"row 100005"') WHERE entry LIKE '%"row 900005"%';
	UPDATE aidcase.t_load SET note = 'row 100006' WHERE id = 100006});
is(breaks(), '', 'put right again');

#
# An older backup in place of the newer register.
#
my $old = $node->basedir . '/old.dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $old, '-d', $node->connstr('live') ], 'a backup');
sql(q{UPDATE aidcase.t_load SET n = n + 1 WHERE id = 9001});
sql('SELECT aidcase.seal()');
$saved = sql('SELECT aidcase.latest_checkpoint()');
$node->safe_psql('postgres', 'CREATE DATABASE old TEMPLATE template0');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('old'), $old ], 'is restored later');
(my $text = $saved) =~ s/\n/\\n/g;
is($node->safe_psql('old', 'SELECT * FROM aidcase.verify_register()'), '', 'an older backup is sound in itself');
like($node->safe_psql('old', "SELECT kind, detail FROM aidcase.verify_register(E'$text')"),
	qr/^checkpoint_outside\|.*an older backup was restored/, 'but not with a newer checkpoint');
($code, $out, $err) = $node->psql('old', 'SELECT aidcase.seal()');
like($err, qr/this database is a copy of the register that was not adopted/, 'and it does not seal');
is($node->safe_psql('old', q{SELECT aidcase.adopt_register()}), '2', 'until it is adopted');
is($node->safe_psql('old', q{SELECT count(*) FROM aidcase.verify_register()}), '0', 'and then it is sound');

#
# The worker.
#
$node->append_conf('postgresql.conf', q{aidcase.seal_databases = 'nowhere, postgres, live, old'});
$node->reload;
sql('INSERT INTO aidcase.t_load VALUES (9008)');
$node->safe_psql('old', 'INSERT INTO aidcase.t_load VALUES (9009)');
ok($node->poll_query_until('live', 'SELECT aidcase.leaf_of(entry_no) IS NOT NULL FROM aidcase.t_load WHERE id = 9008'),
	'the worker seals, past databases without register');
ok($node->poll_query_until('old', 'SELECT aidcase.leaf_of(entry_no) IS NOT NULL FROM aidcase.t_load WHERE id = 9009'),
	'in every database of the list');
is(sql(q{SELECT ok FROM aidcase.check_setup() WHERE item = 'sealing worker'}), 't', 'check_setup() sees it');
# an error in one database does not stop the others
$node->safe_psql('old', q{SET session_replication_role = replica; UPDATE aidcase.checkpoint SET root = sha256('x')});
sql('INSERT INTO aidcase.t_load VALUES (9010)');
ok($node->poll_query_until('live', 'SELECT aidcase.leaf_of(entry_no) IS NOT NULL FROM aidcase.t_load WHERE id = 9010'),
	'the worker goes on when sealing fails somewhere');
$node->restart;
sql('INSERT INTO aidcase.t_load VALUES (9011)');
ok($node->poll_query_until('live', 'SELECT aidcase.leaf_of(entry_no) IS NOT NULL FROM aidcase.t_load WHERE id = 9011'),
	'and after a restart');
like(slurp_file($node->logfile), qr/the ledger's tree does not fit its last checkpoint/, 'the error is in the log');
$node->safe_psql('postgres', 'DROP DATABASE old');
pass('a database of the list can be dropped');
whole('in the end');

$node->stop;
done_testing();
