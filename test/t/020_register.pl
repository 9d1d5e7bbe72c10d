# Opening, upgrading and dropping a register, in databases of their own: faults
# all at once, encodings, the clock of a live register, calls without a
# register, an upgrade step that runs once, and what a DBA added.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('register');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;

# What a session is told: "SQLSTATE message", detail and hint.
sub told
{
	my ($db, $sql, @user) = @_;
	my ($code, $out, $err) = $node->psql($db, "\\set VERBOSITY verbose\n$sql", extra_params => [@user]);
	$err =~ s/^psql:<stdin>:\d+: //mg;
	return $code ? $err : "(done) $out";
}

sub database
{
	my ($name, $encoding) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $name TEMPLATE template0 ENCODING '$encoding'");
}

# --- encodings
database('ascii', 'SQL_ASCII');
like(told('ascii', q{CREATE EXTENSION aidcase CASCADE; SELECT aidcase.open_register('340705', 'x');}),
	qr/ERROR:  0A000: a register needs a database in encoding UTF8.*The encoding of this database is SQL_ASCII\..*TEMPLATE template0/s,
	'SQL_ASCII is refused, with the way out');
database('latin', 'LATIN1');
like(told('latin', q{CREATE EXTENSION aidcase CASCADE; SELECT aidcase.open_register('340705', 'x');}),
	qr/ERROR:  0A000: a register needs a database in encoding UTF8/, 'LATIN1 is refused');

# --- without a register
database('bare', 'UTF8');
$node->safe_psql('bare', 'CREATE EXTENSION aidcase CASCADE');
for my $call ('today()', 'now_here()', q{date_here(now())}, q{midnight_here('2021-04-06')}, q{load_pack('national')},
	'upgrade_register()', 'check_setup()', 'current_staff()', 'my_units()', 'act_as(1)', q{is_workday('2021-04-06')},
	q{add_workdays('2021-04-06', 1)})
{
	next if $call eq 'now_here()';		# the transaction's time needs none
	like(told('bare', "SELECT aidcase.$call;"), qr/ERROR:  ZA001: .*open_register/s, "$call without a register");
}
is($node->safe_psql('bare', q{SELECT aidcase.masked('11010519491231002X'::aidcase.citizen_id) IS NOT NULL}), 't',
	'what needs no register works without');

# --- all faults at once
like(told('bare', q{SELECT aidcase.open_register('3407', ' ', 'CST', '{national,nowhere,national}', 'play');}),
	qr/ERROR:  22023: the register cannot be opened
DETAIL:  The area code must be the six digits of a district \(GB\/T 2260\)\.
The register needs a name\.
The time zone must be a full name such as "Asia\/Shanghai"\.
The purpose must be "live" or "rehearsal"\.
Rule pack "national" is named twice\.
There is no rule pack "nowhere"\.
HINT:  Example/, 'all faults of a call at once');
like(told('bare', q{SELECT aidcase.open_register(NULL, NULL, NULL, NULL, NULL);}), qr/ERROR:  22023:/, 'no arguments at all');
is($node->safe_psql('bare', q{SELECT to_regclass('aidcase.register') IS NULL}), 't', 'nothing was made');
$node->safe_psql('postgres', 'CREATE ROLE r_plain LOGIN; CREATE ROLE r_dba LOGIN IN ROLE aidcase_owner');
like(told('bare', q{SELECT aidcase.open_register('340705', 'x');}, '-U', 'r_plain'), qr/ERROR:  42501:/, 'an ordinary login opens none');

# --- a live register, opened by a member of its owner who is no superuser
like($node->safe_psql('bare', q{SET client_min_messages = warning; SELECT aidcase.open_register('340705', '铜陵市铜官区', packs => '{national}')},
	extra_params => [ '-U', 'r_dba' ]), qr{^aidcase/340705/[0-9a-f]{12}$}, 'a member of its owner opens it and learns its origin');
is($node->safe_psql('bare', q{SELECT purpose || ' ' || array_to_string(packs, ',') || ' ' || (version = aidcase.version()) FROM aidcase.register}), 'live national true', 'it is live');
is($node->safe_psql('bare', q{SELECT string_agg(DISTINCT pg_get_userbyid(c.relowner), ' ') FROM pg_class AS c
	WHERE c.relnamespace = 'aidcase'::regnamespace AND c.relkind IN ('r', 'v') AND c.relname <> 'blueprint'}), 'aidcase_owner', 'all of it belongs to its owner');
like(told('bare', q{SET aidcase.clock = '2021-04-06 09:00+08'; SELECT aidcase.today();}),
	qr/ERROR:  55000: the clock of a live register cannot be moved.*RESET aidcase\.clock/s, 'the clock of a live register stays');
is($node->safe_psql('bare', 'SELECT aidcase.now_here() = now()'), 't', 'it is the real time');
like(told('bare', q{SET default_transaction_isolation = 'serializable'; SELECT aidcase.determine_rounds('{1}', '2021-04-06');}),
	qr/ERROR:  25001: a determination must be made at isolation level READ COMMITTED.*BEGIN ISOLATION LEVEL READ COMMITTED/s,
	'a determination at a higher isolation level');
like(told('bare', q{SELECT aidcase.open_register('340706', 'x');}), qr/ERROR:  55000: this database already has a register/, 'a second one is refused');
like(told('bare', q{SELECT aidcase.load_pack('national');}), qr/ERROR:  55000: rule pack "national" is already loaded/, 'a pack is loaded once');
like(told('bare', 'DROP EXTENSION aidcase;'), qr/ERROR:  2BP01: cannot drop extension aidcase because other objects depend on it/, 'PostgreSQL does not drop the extension under it');
$node->safe_psql('bare', q{BEGIN; SELECT aidcase.load_pack('tongguan'); ROLLBACK});
is($node->safe_psql('bare', q{SELECT array_to_string(packs, ',') FROM aidcase.register}), 'national', 'a pack that is rolled back is not loaded');

# --- two who open one at once
database('race', 'UTF8');
$node->safe_psql('race', 'CREATE EXTENSION aidcase CASCADE');
my $first = $node->background_psql('race', on_error_stop => 0);
$first->query_safe(q{SET client_min_messages = warning});
$first->query_safe(q{BEGIN});
$first->query_safe(q{SELECT aidcase.open_register('340705', 'first', packs => '{}')});
my $second = $node->background_psql('race', on_error_stop => 0);
$second->query_until(qr/waiting/, q{
\echo waiting
\set VERBOSITY verbose
SELECT aidcase.open_register('340705', 'second', packs => '{}');
});
$node->poll_query_until('race', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = 'race' AND wait_event_type = 'Lock'});
$first->query_safe('COMMIT');
$second->query('SELECT 1');
like($second->{stderr}, qr/ERROR:  55000: this database already has a register/, 'the second of two is told');
$first->quit;
$second->quit;
is($node->safe_psql('race', 'SELECT name FROM aidcase.register'), 'first', 'the first has opened it');

# --- upgrade: a register of an older version, and what a DBA added
my $version = $node->safe_psql('bare', 'SELECT aidcase.version()');
$node->safe_psql(
	'bare', q{
	UPDATE aidcase.register SET version = '0.0.5';
	INSERT INTO aidcase.blueprint (part_no, room, kind, since, body) VALUES
		(900001, 'upgrade 0.0.4', 'upgrade', '0.0.4', 'ALTER TABLE aidcase.aid_case ADD COLUMN t_too_old integer'),
		(900003, 'upgrade 0.0.10', 'upgrade', '0.0.10', 'COMMENT ON COLUMN aidcase.aid_case.t_step IS ''之后 / later'''),
		(900002, 'upgrade 0.0.6', 'upgrade', '0.0.6', 'ALTER TABLE aidcase.aid_case ADD COLUMN t_step integer; COMMENT ON COLUMN aidcase.aid_case.t_step IS ''之前 / before''');
	CREATE OR REPLACE FUNCTION aidcase.submit_roll(roll_id bigint) RETURNS text LANGUAGE sql AS $$ SELECT 'stale' $$;
	ALTER TABLE aidcase.aid_case ADD COLUMN dba_note text;
	COMMENT ON COLUMN aidcase.aid_case.dba_note IS 'own column';
	CREATE INDEX dba_index ON aidcase.aid_case (dba_note);
	CREATE POLICY dba_policy ON aidcase.aid_case FOR SELECT TO r_plain USING (true);
	GRANT SELECT ON aidcase.aid_case TO r_plain;
	CREATE TRIGGER dba_trigger BEFORE UPDATE ON aidcase.aid_case FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
});
my $dba = q{SELECT string_agg(x, ' ' ORDER BY x) FROM (
	SELECT col_description(attrelid, attnum) FROM pg_attribute WHERE attrelid = 'aidcase.aid_case'::regclass AND attname = 'dba_note'
	UNION ALL SELECT indexname::text FROM pg_indexes WHERE indexname = 'dba_index'
	UNION ALL SELECT policyname::text FROM pg_policies WHERE policyname = 'dba_policy'
	UNION ALL SELECT tgname::text FROM pg_trigger WHERE tgname = 'dba_trigger'
	UNION ALL SELECT 'granted' WHERE has_table_privilege('r_plain', 'aidcase.aid_case', 'SELECT')) AS v (x)};
is($node->safe_psql('bare', $dba), 'dba_index dba_policy dba_trigger granted own column', 'what a DBA has added');
like($node->safe_psql('bare', q{SELECT what_to_do FROM aidcase.check_setup() WHERE NOT ok AND item = 'register version'}), qr/upgrade_register/, 'check_setup() tells it');
is($node->safe_psql('bare', 'SET client_min_messages = warning; SELECT aidcase.upgrade_register()', extra_params => [ '-U', 'r_dba' ]), "0.0.5 -> $version", 'upgraded by a member of the owner');
is($node->safe_psql('bare', q{SELECT string_agg(attname, ' ') FROM pg_attribute WHERE attrelid = 'aidcase.aid_case'::regclass AND attname LIKE 't\_%'}), 't_step', 'steps of versions in between ran, older ones not');
is($node->safe_psql('bare', q{SELECT col_description(attrelid, attnum) FROM pg_attribute WHERE attrelid = 'aidcase.aid_case'::regclass AND attname = 't_step'}), '之后 / later', 'in the order of versions, 0.0.10 after 0.0.6');
unlike($node->safe_psql('bare', q{SELECT prosrc FROM pg_proc WHERE oid = 'aidcase.submit_roll(bigint)'::regprocedure}), qr/stale/, 'functions are made again');
is($node->safe_psql('bare', $dba), 'dba_index dba_policy dba_trigger granted own column', 'what the DBA added is there');
is($node->safe_psql('bare', 'SELECT version FROM aidcase.register'), $version, 'the register states its version');
my $entries = $node->safe_psql('bare', 'SELECT count(*) FROM aidcase.ledger_entry');
is($node->safe_psql('bare', 'SET client_min_messages = warning; SELECT aidcase.upgrade_register()'), "$version -> $version", 'a second call finds nothing to do');
is($node->safe_psql('bare', 'SELECT count(*) FROM aidcase.ledger_entry'), $entries, 'and writes no row of the register');
is($node->safe_psql('bare', $dba), 'dba_index dba_policy dba_trigger granted own column', 'nor takes anything away');
$node->safe_psql('bare', q{UPDATE aidcase.register SET version = '99.0.0'});
like(told('bare', 'SELECT aidcase.upgrade_register();'), qr/ERROR:  55000: the register is newer than the extension.*ALTER EXTENSION aidcase UPDATE/s, 'a register that is newer');
like(told('bare', 'SELECT aidcase.upgrade_register();', '-U', 'r_plain'), qr/ERROR:  42501:/, 'an ordinary login upgrades none');

# a step that fails leaves all as it was
$node->safe_psql('bare', q{UPDATE aidcase.register SET version = '0.0.5';
	INSERT INTO aidcase.blueprint (part_no, room, kind, since, body) VALUES (900004, 'upgrade 0.0.11', 'upgrade', '0.0.11', 'SELECT 1/0');
	ALTER TABLE aidcase.aid_case DROP COLUMN t_step});
like(told('bare', 'SELECT aidcase.upgrade_register();'), qr/ERROR:  22012:/, 'a step that fails');
is($node->safe_psql('bare', q{SELECT version || count(a.attname) FROM aidcase.register LEFT JOIN pg_attribute AS a
	ON a.attrelid = 'aidcase.aid_case'::regclass AND a.attname = 't_step' GROUP BY version}), '0.0.50', 'leaves all as it was');

$node->stop;
done_testing();
