# Paths round the gate that need transactions of their own: a prepared move,
# and a subscription, which staff cannot make and whose rows are found.
use strict;
use warnings;

use File::Basename;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $here = dirname(__FILE__);
my $node = PostgreSQL::Test::Cluster->new('attack');
$node->init(allows_streaming => 'logical', extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', "max_prepared_transactions = 5\nfsync = off\n");
$node->start;
$node->safe_psql('postgres', q{CREATE DATABASE register TEMPLATE template0 ENCODING 'UTF8'});
$node->safe_psql('postgres', q{CREATE DATABASE elsewhere TEMPLATE template0 ENCODING 'UTF8'});
command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('register'), '-f', "$here/../fixture.sql" ],
	'a register');

my $round = $node->safe_psql('register', q{
	SET aidcase.clock = '2021-04-06 09:00+08';
	BEGIN;
	DO $$ BEGIN PERFORM aidcase.act_as(staff_id) FROM aidcase.staff WHERE staff_no = 'x-clerk'; END $$;
	WITH c AS (INSERT INTO aidcase.aid_case (case_no, unit_id, village_id, residence)
	           SELECT 'AT1', u.unit_id, v.unit_id, 'rural' FROM aidcase.unit AS u, aidcase.unit AS v
	            WHERE u.unit_code = '340705100' AND v.unit_code = '340705100201' RETURNING case_id, unit_id)
	INSERT INTO aidcase.case_round (case_id, unit_id, round_kind, round_no, channel, first_contact_at, handler_id)
	SELECT case_id, unit_id, 'application', 1, 'on_site', aidcase.now_here(), aidcase.current_staff() FROM c RETURNING round_id;
	COMMIT});
my $act = q{SET aidcase.clock = '2021-04-06 10:00+08'; BEGIN;
	DO $$ BEGIN PERFORM aidcase.act_as(staff_id) FROM aidcase.staff WHERE staff_no = 'x-clerk'; END $$;};

# A prepared transaction is judged when its statement runs; while its fate is
# open the row is its own.
my ($code, $out, $err) = $node->psql('register', "$act UPDATE aidcase.case_round SET state = 'confirmed' WHERE round_id = $round; PREPARE TRANSACTION 'bad'");
like($err, qr/cannot move from state "filed" to state "confirmed"/, 'a prepared transaction cannot hold a move that is not allowed');
is($node->safe_psql('register', 'SELECT count(*) FROM pg_prepared_xacts'), '0', 'nothing of it is left');
$node->safe_psql('register', "$act UPDATE aidcase.case_round SET state = 'supplement' WHERE round_id = $round; PREPARE TRANSACTION 'good'");
($code, $out, $err) = $node->psql('register', "SET lock_timeout = '100ms'; $act UPDATE aidcase.case_round SET state = 'supplement' WHERE round_id = $round");
like($err, qr/canceling statement due to lock timeout/, 'the row waits for one that is prepared');
$node->safe_psql('register', q{COMMIT PREPARED 'good'});
is($node->safe_psql('register', "SELECT state FROM aidcase.case_round WHERE round_id = $round"), 'supplement', 'which then stands');

# Rows that a subscription applies fire no triggers of ours.  Staff make none;
# what a superuser's brings in is found.
($code, $out, $err) = $node->psql('register', q{CREATE SUBSCRIPTION s CONNECTION 'dbname=elsewhere' PUBLICATION p WITH (connect = false)},
	extra_params => [ '-U', 't_bureau' ]);
like($err, qr/permission denied|must be superuser|Only roles with privileges/, 'staff cannot subscribe to rows');
my $breaks = "SELECT string_agg(kind || ' ' || relation || ' ' || key, ', ') FROM aidcase.verify_register() WHERE relation = 'case_round'";
$node->safe_psql('register', 'SELECT aidcase.seal()');
is($node->safe_psql('register', $breaks), '', 'the register verifies');
$node->safe_psql('elsewhere', "CREATE SCHEMA aidcase; CREATE TABLE aidcase.case_round (round_id bigint PRIMARY KEY, state text);
	INSERT INTO aidcase.case_round VALUES ($round, 'supplement'); CREATE PUBLICATION p FOR TABLE aidcase.case_round");
$node->safe_psql('elsewhere', q{SELECT pg_create_logical_replication_slot('s', 'pgoutput')});
(my $publisher = $node->connstr('elsewhere')) =~ s/'/''/g;
$node->safe_psql('register', "CREATE SUBSCRIPTION s CONNECTION '$publisher' PUBLICATION p WITH (create_slot = false, copy_data = false)");
$node->safe_psql('elsewhere', q{UPDATE aidcase.case_round SET state = 'confirmed'});
ok($node->poll_query_until('register', "SELECT state = 'confirmed' FROM aidcase.case_round WHERE round_id = $round"),
	'a subscription that a superuser made moves the round');
is($node->safe_psql('register', $breaks), "row_changed case_round [$round]", 'and verify_register() finds the row');
is($node->safe_psql('register', "SELECT count(*) FROM aidcase.award WHERE round_id = $round"), '0', 'nothing was granted by it');
$node->safe_psql('register', 'DROP SUBSCRIPTION s');

$node->stop;
done_testing();
