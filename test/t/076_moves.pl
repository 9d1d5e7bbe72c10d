# A register moves on: restored to a point in time, upgraded with the server,
# with the extension, copied row by row by logical replication.  The rows, the
# root and every checkpoint of before must hold, and capture must go on.  What
# is dumped and restored is in 075_copies.pl.
use strict;
use warnings;

use File::Path qw(make_path);
use File::Spec;
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
	$node->append_conf('postgresql.conf', "wal_level = logical\nmax_wal_senders = 20\nmax_replication_slots = 20\nmax_worker_processes = 20\nmax_logical_replication_workers = 12\nmax_sync_workers_per_subscription = 6");
	return $node;
}

my $node = cluster('first', allows_streaming => 1);
my $archive = File::Spec->rel2abs($node->basedir) . '/wal';
make_path($archive);
$node->append_conf('postgresql.conf', "archive_mode = on\narchive_command = 'cp \"%p\" \"$archive/%f\"'");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE live TEMPLATE template0');
$node->safe_psql(
	'live', q{
	SET client_min_messages = warning;
	CREATE EXTENSION aidcase CASCADE;
	SELECT aidcase.open_register('340705', '铜陵市铜官区', packs => '{national,tongguan,tongguan_units}', purpose => 'rehearsal');
	INSERT INTO aidcase.label (code_set, code, zh, en) SELECT 'test.code', 'c' || g, '代码', 'x' FROM generate_series(1, 700) AS g;
	UPDATE aidcase.label SET sort = 1 WHERE code_set = 'test.code' AND code LIKE 'c1%';
	ALTER TABLE aidcase.label ADD COLUMN dba_note text;
	CREATE INDEX dba_index ON aidcase.label (lower(en));
});
$node->safe_psql('live', 'SELECT aidcase.seal()') for (1 .. 2);

# The latest checkpoint, quoted for SQL.
sub checkpoint
{
	my ($to) = @_;
	(my $text = $to->safe_psql('live', 'SELECT aidcase.latest_checkpoint()')) =~ s/\n/\\n/g;
	return "E'$text'";
}
# Breaks, as lines.
sub breaks
{
	my ($to, $checkpoint) = @_;
	return $to->safe_psql('live', "SELECT concat_ws(' ', kind, relation, key, detail) FROM aidcase.verify_register($checkpoint)");
}
my $content = q{
	SELECT c.relname, count(x), md5(string_agg(x, '' ORDER BY x COLLATE "C"))
	  FROM pg_class AS c
	 CROSS JOIN LATERAL unnest(xpath('/table/row', query_to_xml(format('SELECT * FROM aidcase.%I AS t', c.relname), true, false, '')))
	       WITH ORDINALITY AS r (row, n)
	 CROSS JOIN LATERAL (SELECT r.row::text) AS y (x)
	 WHERE c.relnamespace = 'aidcase'::regnamespace AND c.relkind = 'r' AND c.relname <> 'blueprint'
	 GROUP BY c.relname ORDER BY c.relname COLLATE "C"};

# A database that is not the register's own any more: it verifies, does not
# seal, is adopted, and goes on.
sub check_moved
{
	my ($how, $to, $rows, $checkpoint) = @_;
	my ($code, $out, $err);

	is($to->safe_psql('live', $content), $rows, "$how: the same rows");
	is(breaks($to, $checkpoint), '', "$how: it verifies with the checkpoint from before");
	($code, $out, $err) = $to->psql('live', 'SELECT aidcase.seal()');
	like($err, qr/a copy of the register that was not adopted/, "$how: it does not seal yet");
	$to->safe_psql('live', q{SELECT aidcase.adopt_register()});
	$to->safe_psql('live', q{UPDATE aidcase.label SET sort = 4 WHERE code_set = 'test.code' AND code LIKE 'c4%'});
	$to->safe_psql('live', q{INSERT INTO aidcase.checkpoint_receipt (tree_size, root, place, acknowledged_by, acknowledged_at)
		SELECT tree_size, root, 'a', 'b', now() FROM aidcase.checkpoint});
	$to->safe_psql('live', 'SELECT aidcase.seal()') for (1 .. 2);
	is($to->safe_psql('live', q{SELECT count(*) - count(aidcase.leaf_of(entry_no)), count(*) - count(DISTINCT aidcase.leaf_of(entry_no)),
		max(aidcase.leaf_of(entry_no)) + 1 - count(*) FROM aidcase.ledger_entry}), '0|0|0', "$how: every entry has one leaf");
	is(breaks($to, $checkpoint), '', "$how: capture and sealing go on");
}

#
# A base backup that is replayed to a point in time.
#
$node->backup('base');
$node->safe_psql('live', q{UPDATE aidcase.label SET sort = 2 WHERE code_set = 'test.code' AND code LIKE 'c2%'; SELECT aidcase.seal()});
my $before = checkpoint($node);
my $rows = $node->safe_psql('live', $content);
$node->safe_psql('live', q{SELECT pg_create_restore_point('here')});
$node->safe_psql('live', q{UPDATE aidcase.label SET sort = 3 WHERE code_set = 'test.code' AND code LIKE 'c3%'});
$node->safe_psql('live', 'SELECT aidcase.seal()') for (1 .. 2);
my $after = checkpoint($node);
$node->safe_psql('live', 'SELECT pg_switch_wal()');
my $past = PostgreSQL::Test::Cluster->new('past');
$past->init_from_backup($node, 'base');
$past->append_conf('recovery.signal', '');
$past->append_conf('postgresql.conf', "restore_command = 'cp \"$archive/%f\" \"%p\"'\nrecovery_target_name = 'here'\nrecovery_target_action = 'promote'\narchive_mode = off");
$past->start;
$past->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()');
is($past->safe_psql('live', $content), $rows, 'point in time: the rows of then');
is(breaks($past, $before), '', 'point in time: it verifies with the checkpoint of then');
like(breaks($past, $after), qr/^checkpoint_outside checkpoint .*an older backup was restored\.$/, 'point in time: with a later one it tells that something is missing');
$past->safe_psql('live', q{UPDATE aidcase.label SET sort = 5 WHERE code = 'c5'; SELECT aidcase.seal()}) for (1 .. 2);
is(breaks($past, $before), '', 'point in time: it seals without being adopted');
like(breaks($past, $after), qr/^checkpoint_outside checkpoint/, 'point in time: nor does that make the other past good');
$past->stop;

#
# The extension is updated, then the register.
#
my $version = $node->safe_psql('live', 'SELECT aidcase.version()');
my $destination = $node->safe_psql('live', q{SELECT coalesce(current_setting('extension_destdir', true), 'none')});
SKIP:
{
	skip 'this server finds extensions in one place only', 8 if $destination eq 'none';
	# the same installation in a place where an update script can be put
	my $tree = File::Spec->rel2abs($node->basedir) . '/tree';
	my ($share, $library) = map { my ($out) = run_command([ 'pg_config', $_ ]); $out } ('--sharedir', '--pkglibdir');
	make_path("$tree$share/extension", "$tree$library");
	system("cp $destination$share/extension/aidcase* $tree$share/extension/ && cp $destination$library/aidcase.so $tree$library/") == 0 or die;
	append_to_file("$tree$share/extension/aidcase--$version--9.9.9.sql", qq{
		CREATE OR REPLACE FUNCTION version() RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS \$\$ SELECT '9.9.9'::text \$\$;
		UPDATE blueprint SET body = replace(body, '\$ SELECT ''$version''::text \$', '\$ SELECT ''9.9.9''::text \$') WHERE kind = 'member';
		INSERT INTO blueprint (part_no, room, kind, since, body) VALUES (900000, 'upgrade 9.9.9', 'upgrade', '9.9.9',
			'ALTER TABLE aidcase.label ADD COLUMN t_new text');
	});
	$node->append_conf('postgresql.conf', "extension_destdir = '$tree'");
	$node->reload;
	my $database = sub { return $node->safe_psql('live', $_[0]) };
	my $root = $database->('SELECT encode(root, \'hex\') FROM aidcase.checkpoint ORDER BY tree_size DESC LIMIT 1');
	my $entries = $database->('SELECT count(*) FROM aidcase.ledger_entry');
	$database->("ALTER EXTENSION aidcase UPDATE TO '9.9.9'");
	is($database->(q{SELECT what_to_do FROM aidcase.check_setup() WHERE item = 'register version'}), 'SELECT aidcase.upgrade_register()', 'update: check_setup() tells');
	is($database->('SET client_min_messages = warning; SELECT aidcase.upgrade_register()'), "$version -> 9.9.9", 'update: the register follows');
	is($database->('SELECT encode(root, \'hex\') FROM aidcase.checkpoint ORDER BY tree_size DESC LIMIT 1'), $root, 'update: the same root');
	is($database->('SELECT count(*) FROM aidcase.ledger_entry') - $entries, 2, 'update: its own entry, with its origin, is all that was written');
	unlike(breaks($node, $after), qr/^(?!catalogue_changed)/m, 'update: what changed in the catalogue waits for the sealer');
	$database->(q{UPDATE aidcase.label SET t_new = 'new' WHERE code_set = 'test.code' AND code LIKE 'c6%'});
	$database->('SELECT aidcase.seal()') for (1 .. 2);
	is(breaks($node, $after), '', 'update: it verifies with the checkpoint from before');
	is($database->(q{SELECT string_agg(DISTINCT change || ' ' || object, ', ' ORDER BY change || ' ' || object) FROM aidcase.catalogue_history AS h
		WHERE catalogue_no = (SELECT max(catalogue_no) FROM aidcase.ledger_catalogue) AND object IN ('extension', 'table label', 'function version()')}),
		'changed extension, changed function version(), changed table label', 'update: and its history says what was changed');
	is($database->(q{SELECT count(*) FROM pg_indexes WHERE indexname = 'dba_index'}), '1', 'update: what the DBA added is there');
}

#
# A logical replica: all tables of the register but the blueprint, which
# comes with the extension.
#
my $replica = cluster('replica');
$replica->append_conf('postgresql.conf', "extension_destdir = '" . $node->safe_psql('live', 'SHOW extension_destdir') . "'") if $destination ne 'none';
$replica->start;
$replica->safe_psql('postgres', 'CREATE DATABASE live TEMPLATE template0');
my $schema = $node->basedir . '/schema.dump';
$node->command_ok([ 'pg_dump', '-Fc', '--schema-only', '-f', $schema, '-d', $node->connstr('live') ], 'replica: the schema');
my $installed = $destination eq 'none' ? $version : '9.9.9';
$replica->safe_psql('live', "SET client_min_messages = warning; CREATE EXTENSION aidcase CASCADE" . ($installed eq $version ? '' : "; ALTER EXTENSION aidcase UPDATE TO '$installed'"));
$replica->command_ok([ 'pg_restore', '--exit-on-error', '-d', $replica->connstr('live'), '-L', listed($replica, $schema), $schema ], 'replica: is restored');
# all but what the extension itself brings
sub listed
{
	my ($to, $dump) = @_;
	my ($out) = run_command([ 'pg_restore', '-l', $dump ]);
	my $file = $to->basedir . '/list';
	append_to_file($file, join("\n", grep { !/ (?:SCHEMA - aidcase|EXTENSION - |COMMENT - (?:SCHEMA|EXTENSION) )/ } split(/\n/, $out)) . "\n");
	return $file;
}
$node->safe_psql('live', q{
	SELECT format('CREATE PUBLICATION everything FOR TABLE %s', string_agg(format('aidcase.%I', c.relname), ', '))
	  FROM pg_class AS c WHERE c.relnamespace = 'aidcase'::regnamespace AND c.relkind = 'r' AND c.relname <> 'blueprint' \gexec});
$replica->safe_psql('live', "CREATE SUBSCRIPTION copy CONNECTION '" . $node->connstr . " dbname=live' PUBLICATION everything");
$replica->wait_for_subscription_sync($node, 'copy', 'live');
$node->safe_psql('live', q{UPDATE aidcase.label SET sort = 7 WHERE code_set = 'test.code' AND code LIKE 'c7%'; SELECT aidcase.seal()});
$node->safe_psql('live', 'SELECT aidcase.seal()');
$node->wait_for_catchup('copy');
$rows = $node->safe_psql('live', $content);
$replica->safe_psql('live', 'DROP SUBSCRIPTION copy');
check_moved('replica', $replica, $rows, checkpoint($node));
$replica->stop;

#
# The server is upgraded.
#
my $new = cluster('new');
$new->append_conf('postgresql.conf', "extension_destdir = '" . $node->safe_psql('live', 'SHOW extension_destdir') . "'") if $destination ne 'none';
my $last = checkpoint($node);
$rows = $node->safe_psql('live', $content);
$node->safe_psql('live', 'DROP PUBLICATION everything');
$node->stop;
my $bin = $node->config_data('--bindir');
my ($from, $to) = map { File::Spec->rel2abs($_->data_dir) } ($node, $new);
my $here = File::Spec->rel2abs('.');
chdir(File::Spec->rel2abs($new->basedir)) or die;      # where it leaves its scripts
command_ok([ 'pg_upgrade', '--no-sync', '-d', $from, '-D', $to, '-b', $bin, '-B', $bin,
	'-s', $new->host, '-p', $node->port, '-P', $new->port ], 'pg_upgrade');
chdir($here) or die;
$new->start;
check_moved('pg_upgrade', $new, $rows, $last);
is($new->safe_psql('live', q{SELECT count(*) FROM pg_indexes WHERE indexname = 'dba_index'}), '1', 'pg_upgrade: what the DBA added is there');
$new->stop;

done_testing();
