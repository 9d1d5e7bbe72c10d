# A register is made of ordinary objects, so a plain dump must bring back the
# same rows, the same ledger and all that a DBA added, in any form of dump and
# with parallel workers, also into another cluster; and capture must go on
# where it stopped.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('district');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', $ENV{AIDCASE_CONF} // '');
$node->start;
my $other = PostgreSQL::Test::Cluster->new('elsewhere');
$other->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$other->append_conf('postgresql.conf', $ENV{AIDCASE_CONF} // '');
$other->start;

$node->safe_psql('postgres', 'CREATE DATABASE live TEMPLATE template0');
$node->safe_psql(
	'live', q{
	SET client_min_messages = warning;
	CREATE EXTENSION aidcase CASCADE;
	SELECT aidcase.open_register('340705', '铜陵市铜官区', packs => '{national,tongguan,tongguan_units,tongguan_delegation}', purpose => 'rehearsal');
});

# What a district and its DBA do to it.
$node->safe_psql(
	'live', q{
	INSERT INTO aidcase.label (code_set, code, zh, en, sort)
	SELECT 'test.code', 'c' || g, '代码 ' || g, 'code ' || g, g FROM generate_series(1, 500) AS g;
	UPDATE aidcase.label SET sort = sort + 1 WHERE code_set = 'test.code' AND sort % 2 = 0;
	BEGIN;
	INSERT INTO aidcase.label (code_set, code, zh, en) VALUES ('test.code', 'gone', 'x', 'x');
	ROLLBACK;
	ALTER TABLE aidcase.label ADD COLUMN dba_note text;
	COMMENT ON COLUMN aidcase.label.dba_note IS 'own column';
	CREATE INDEX dba_index ON aidcase.label (lower(en)) WHERE dba_note IS NOT NULL;
	CREATE POLICY dba_policy ON aidcase.label FOR SELECT TO PUBLIC USING (code <> 'c13');
	CREATE INDEX dba_ledger_index ON aidcase.ledger_entry (xid, entry_no);
	UPDATE aidcase.label SET dba_note = '自注 "' || code || '"' WHERE code_set = 'test.code' AND sort < 50;
});

# One line for each table: rows, and a checksum over all of them in order.
my $checksums = q{
	SET DateStyle = ISO; SET TimeZone = UTC; SET bytea_output = hex;
	SELECT c.relname || ' ' || (xpath('/table/row/line/text()', query_to_xml(format(
		       'SELECT count(*) || %L || coalesce(md5(string_agg(md5(t::text), NULL ORDER BY md5(t::text) COLLATE "C")), %L) AS line'
		       ' FROM aidcase.%I AS t', ' ', '-', c.relname), true, false, '')))[1]::text
	  FROM pg_class AS c
	 WHERE c.relnamespace = 'aidcase'::regnamespace AND c.relkind = 'r'
	 ORDER BY c.relname COLLATE "C"};

# All that is said about the tables and views, whoever made it.
my $catalogue = q{
	SELECT line FROM (
	SELECT format('column %s.%s %s %s %s', a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod),
	              a.attnotnull, col_description(a.attrelid, a.attnum))
	  FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
	 WHERE c.relnamespace IN ('aidcase'::regnamespace, 'aidcase_bi'::regnamespace) AND c.relkind IN ('r', 'v') AND a.attnum > 0 AND NOT a.attisdropped
	UNION ALL SELECT pg_get_indexdef(i.indexrelid) FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid
	 WHERE c.relnamespace = 'aidcase'::regnamespace
	UNION ALL SELECT format('trigger %s %s', t.tgenabled, pg_get_triggerdef(t.oid)) FROM pg_trigger AS t
	  JOIN pg_class AS c ON c.oid = t.tgrelid
	 WHERE c.relnamespace = 'aidcase'::regnamespace AND NOT t.tgisinternal
	UNION ALL SELECT format('policy %s %s %s %s %s', p.polrelid::regclass, p.polname, p.polcmd,
	       pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) FROM pg_policy AS p
	UNION ALL SELECT format('table %s %s %s %s %s', c.relname, pg_get_userbyid(c.relowner), c.relrowsecurity,
	       (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner))) AS a), obj_description(c.oid, 'pg_class')) FROM pg_class AS c
	 WHERE c.relnamespace IN ('aidcase'::regnamespace, 'aidcase_bi'::regnamespace) AND c.relkind IN ('r', 'v', 'S')
	UNION ALL SELECT format('sequence %s %s', s.sequencename, s.last_value) FROM pg_sequences AS s
	 WHERE s.schemaname = 'aidcase'
	UNION ALL SELECT format('constraint %s %s', k.conrelid::regclass, pg_get_constraintdef(k.oid)) FROM pg_constraint AS k
	 WHERE k.connamespace = 'aidcase'::regnamespace
	) AS x (line) ORDER BY line COLLATE "C"};

my $rows = $node->safe_psql('live', $checksums);
my $objects = $node->safe_psql('live', $catalogue);
like($rows, qr/^label \d+ [0-9a-f]{32}$/m, 'there is something to compare');
like($objects, qr/dba_note.*own column/, 'with the objects of the DBA');
my $captured = $node->safe_psql('live', q{
	SELECT count(*) FROM pg_trigger WHERE tgfoid = 'aidcase.capture_entry()'::regprocedure});
my $entries = $node->safe_psql('live', 'SELECT count(*) FROM aidcase.ledger_entry');

# what only one of two texts has, a line each
sub different_lines
{
	my ($got, $want) = @_;
	my %count;

	$count{$_}++ foreach split /\n/, $got;
	$count{$_}-- foreach split /\n/, $want;
	return join "\n", map { ($count{$_} > 0 ? '+ ' : '- ') . $_ } grep { $count{$_} != 0 } sort keys %count;
}

sub check_restored
{
	my ($how, $to) = @_;

	is($to->safe_psql('copy', $checksums), $rows, "$how: the same rows in every table");
	is(different_lines($to->safe_psql('copy', $catalogue), $objects), '', "$how: the same objects, those of the DBA included");

	my ($code, $out, $err) = $to->psql('copy', 'DROP EXTENSION aidcase');
	isnt($code, 0, "$how: the extension cannot be dropped under the register");
	like($err, qr/cannot drop extension aidcase because other objects depend on it/, "$how: PostgreSQL says why");

	# the DBA's column is younger than some entries: NULL in row and record
	is($to->safe_psql(
			'copy', q{
			SELECT count(*), sum((xpath('/table/row/n/text()', query_to_xml(format(
			           'SELECT count(*) AS n FROM aidcase.%1$I AS t LEFT JOIN aidcase.ledger AS l USING (entry_no)'
			           ' WHERE l.image IS NULL OR jsonb_populate_record(NULL::aidcase.%1$I, l.image) IS DISTINCT FROM t',
			           c.relname), true, false, '')))[1]::text::int) FROM pg_class AS c
			  JOIN pg_trigger AS g ON g.tgrelid = c.oid AND g.tgfoid = 'aidcase.capture_entry()'::regprocedure}),
		"$captured|0", "$how: in every table the rows are what the ledger says of them");

	# capture goes on: the next number, the same shape
	is($to->safe_psql(
			'copy', q{
			INSERT INTO aidcase.label (code_set, code, zh, en) VALUES ('test.code', 'new', 'x', 'x');
			SELECT l.entry_no > (SELECT max(entry_no) FROM aidcase.ledger WHERE entry_no <> l.entry_no AND operation <> 'O')
			   AND l.shape_no = (SELECT max(shape_no) FROM aidcase.ledger_shape WHERE relation = 'label')
			  FROM aidcase.ledger AS l JOIN aidcase.label AS t USING (entry_no) WHERE t.code = 'new' AND t.code_set = 'test.code'}),
		't', "$how: a new row is captured");
	is($to->safe_psql('copy', 'SELECT count(*) FROM aidcase.ledger_entry'), $entries + 2,
		"$how: with one entry and that of the session, no shape is recorded again");
	is($to->safe_psql(
			'copy', q{
			UPDATE aidcase.label SET zh = 'y' WHERE code_set = 'test.code' AND code = 'c2';
			SELECT string_agg(operation, '') FROM aidcase.history('label', '["test.code","c2"]')}),
		'UUUI', "$how: the chain of a row goes back before the dump");
	is($to->safe_psql(
			'copy', q{
			ALTER TABLE aidcase.label ADD COLUMN dba_second integer;
			UPDATE aidcase.label SET dba_second = 7 WHERE code_set = 'test.code' AND code = 'c2';
			SELECT l.image ->> 'dba_second', l.shape_no = (SELECT max(shape_no) FROM aidcase.ledger_shape)
			  FROM aidcase.ledger AS l JOIN aidcase.label AS t USING (entry_no) WHERE t.code_set = 'test.code' AND t.code = 'c2'}),
		'7|t', "$how: a further column is a new shape");
}

my $directory = $node->basedir . '/dump.d';
$node->command_ok([ 'pg_dump', '-Fd', '-j2', '-f', $directory, '-d', $node->connstr('live') ],
	'dump in directory format by two workers');
$node->safe_psql('postgres', 'CREATE DATABASE copy TEMPLATE template0');
$node->command_ok([ 'pg_restore', '-j2', '--exit-on-error', '-d', $node->connstr('copy'), $directory ],
	'restore by two workers');
check_restored('directory', $node);

$node->safe_psql('postgres', 'DROP DATABASE copy');
my $script = $node->basedir . '/dump.sql';
$node->command_ok([ 'pg_dump', '-Fp', '-f', $script, '-d', $node->connstr('live') ], 'dump as a script');
$node->safe_psql('postgres', 'CREATE DATABASE copy TEMPLATE template0');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $script, '-d', $node->connstr('copy') ],
	'restore of the script');
check_restored('script', $node);

# the other cluster has none of the roles; CREATE EXTENSION makes them
my $archive = $node->basedir . '/dump.c';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $archive, '-d', $node->connstr('live') ], 'dump as an archive');
$other->safe_psql('postgres', 'CREATE DATABASE copy TEMPLATE template0');
$other->command_ok([ 'pg_restore', '--exit-on-error', '-d', $other->connstr('copy'), $archive ],
	'restore in another cluster');
check_restored('other cluster', $other);

done_testing();
