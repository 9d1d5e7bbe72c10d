# The past as checkpoints know it, proofs that are checked without a database:
# sealing needs transactions of its own.
use strict;
use warnings;

use File::Basename;
use Encode;
use IPC::Run;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $verifier = dirname(__FILE__) . '/../verify_proof.py';
my $node = PostgreSQL::Test::Cluster->new('past');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', $ENV{AIDCASE_CONF} // '');
$node->start;
$node->safe_psql(
	'postgres', q{
	SET client_min_messages = warning;
	CREATE EXTENSION aidcase CASCADE;
	SELECT aidcase.open_register('340705', '铜陵市铜官区', packs => '{national,tongguan,tongguan_units}', purpose => 'rehearsal');
	CREATE ROLE t_clerk LOGIN IN ROLE aidcase_clerk;
	CREATE ROLE t_inspector LOGIN IN ROLE aidcase_inspector;
	SELECT aidcase.enrol_staff('{"staff_no":"c","name":"经办","login":"t_clerk","employed_from":"2020-01-01",
		"posts":[{"unit":"340705100","post":"clerk","from":"2020-01-01"}]}');
	SELECT aidcase.enrol_staff('{"staff_no":"i","name":"督查","login":"t_inspector","employed_from":"2020-01-01",
		"posts":[{"unit":"340705","post":"inspector","from":"2020-01-01"}]}');
	CREATE TABLE aidcase.t_past (id bigint PRIMARY KEY, n integer, amount numeric(14,2), period daterange, at timestamptz,
		names text[], note text);
	ALTER TABLE aidcase.t_past OWNER TO aidcase_owner;
	SET ROLE aidcase_owner;
	SELECT aidcase.set_up_table('t_past');
});

sub q1 { return $node->safe_psql('postgres', $_[0], extra_params => $_[1] // []); }
sub fault
{
	my ($sql, @params) = @_;
	my ($code, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\n$sql", extra_params => [ '-qAt', @params ]);
	return $err;
}
# The server's clock moves on between two sealings; the time of a checkpoint is
# asked for, never waited for.
sub seal
{
	q1('SELECT aidcase.seal()');
	return q1('SELECT sealed_at FROM aidcase.checkpoint ORDER BY tree_size DESC LIMIT 1');
}

like(fault(q{SELECT * FROM aidcase.as_known(NULL::aidcase.label, now())}),
	qr/55000: the ledger has no checkpoint of that time or before\nDETAIL:  Nothing is sealed yet\./, 'nothing is known before the first seal');

# ---------------------------------------------------------------- as known

q1(q{INSERT INTO aidcase.t_past SELECT i, 0, i + 0.50, daterange('2021-04-01', NULL), timestamptz '2021-04-06 09:00:00.5+08',
	ARRAY['a', NULL, '值'], 'first' FROM generate_series(1, 300) AS i});
my $rows = 'SELECT md5(string_agg(t::text, E\'\n\' ORDER BY t.id)) FROM (SELECT id, n, amount, period, at, names%s, entry_no FROM %s) AS t';
my $first = q1(sprintf $rows, ', note', 'aidcase.t_past');
my $t1 = seal();
is(q1(sprintf $rows, ', note', "aidcase.as_known(NULL::aidcase.t_past, '$t1')"), $first, 'as known at the checkpoint: the same rows, typed');
my ($size) = q1('SELECT tree_size FROM aidcase.checkpoint') =~ /^(\d+)$/;

q1(q{UPDATE aidcase.t_past SET n = 1 WHERE id <= 100});
q1(q{UPDATE aidcase.t_past SET n = 2, note = NULL WHERE id <= 50});
q1(q{INSERT INTO aidcase.t_past (id, n) VALUES (301, 9)});
is(q1(sprintf $rows, ', note', "aidcase.as_known(NULL::aidcase.t_past, '$t1')"), $first, 'what came later changes nothing of it');
is(q1(sprintf $rows, ', note', "aidcase.as_known(NULL::aidcase.t_past, now())"), $first, 'what is not sealed is not known yet');
my $second = q1(sprintf $rows, ', note', 'aidcase.t_past');
my $t2 = seal();
is(q1(sprintf $rows, ', note', "aidcase.as_known(NULL::aidcase.t_past, '$t2')"), $second, 'the next checkpoint knows it');
is(q1(sprintf $rows, ', note', "aidcase.as_known(NULL::aidcase.t_past, '$t1')"), $first, 'the first one is as it was');
is(q1("SELECT count(*) FROM aidcase.as_known(NULL::aidcase.t_past, timestamptz '$t2' - interval '1 microsecond')"), '300', 'an instant earlier');
like(fault("SELECT * FROM aidcase.as_known(NULL::aidcase.t_past, timestamptz '$t1' - interval '1 microsecond')"),
	qr/55000: the ledger has no checkpoint/, 'before the first one: an error');

# a commit that is late does not change what was known
my $late = $node->background_psql('postgres');
$late->query_safe(q{BEGIN});
$late->query_safe(q{UPDATE aidcase.t_past SET n = 77 WHERE id = 200});
q1(q{UPDATE aidcase.t_past SET n = 3 WHERE id = 201});
my $third = q1(sprintf $rows, ', note', 'aidcase.t_past');
my $t3 = seal();
$late->query_safe('COMMIT');
$late->quit;
my $t4 = seal();
is(q1(sprintf $rows, ', note', "aidcase.as_known(NULL::aidcase.t_past, '$t3')"), $third, 'a late commit changes the past of no checkpoint');
is(q1("SELECT n FROM aidcase.as_known(NULL::aidcase.t_past, '$t4') WHERE id = 200"), '77', 'it is known at the next');

# removed rows, columns added, dropped, renamed
my $fourth = q1(sprintf $rows, '', 'aidcase.t_past');
q1(q{ALTER TABLE aidcase.t_past DISABLE TRIGGER "~0_keep"; DELETE FROM aidcase.t_past WHERE id > 290;
	ALTER TABLE aidcase.t_past ENABLE TRIGGER "~0_keep"});
q1(q{ALTER TABLE aidcase.t_past DROP COLUMN note, ADD COLUMN more integer DEFAULT 5});
q1(q{UPDATE aidcase.t_past SET more = 6, id = id + 1000 WHERE id < 10});
seal();
is(q1(sprintf $rows, '', "aidcase.as_known(NULL::aidcase.t_past, '$t4')"), $fourth, 'rows that were removed or renamed are there, by the names of columns');
is(q1("SELECT count(*) FILTER (WHERE more IS NOT NULL) FROM aidcase.as_known(NULL::aidcase.t_past, '$t4') WHERE id < 10"), '0',
	'a column that was not there yet is empty');
is(q1(q{SELECT count(*), count(*) FILTER (WHERE n = 9) FROM aidcase.as_known(NULL::aidcase.t_past, now())}), '290|0', 'now they are gone');

# the same under other settings
is(q1("SET DateStyle = 'German'; SET TimeZone = 'Asia/Kathmandu'; SET IntervalStyle = 'sql_standard'; SET extra_float_digits = -15;"
	. "CREATE TEMP TABLE x AS SELECT * FROM aidcase.as_known(NULL::aidcase.t_past, '$t4'::timestamptz); SET DateStyle = 'ISO'; SET TimeZone = 'UTC';"
	. sprintf $rows, '', 'x'), q1("SET TimeZone = 'UTC';" . sprintf $rows, '', "aidcase.t_past_at('$t4')"), 'under any setting');

# the function of a table, also inside another one
is(q1("SELECT count(*) FROM aidcase.t_past_at('$t1')"), '300', 'TABLE_at() with a time');
is(q1('SELECT count(*) FROM aidcase.t_past_at()'), '290', 'and without');
q1(q{CREATE FUNCTION public.report(known_at timestamptz) RETURNS TABLE (units bigint, posts bigint) LANGUAGE sql STABLE
	BEGIN ATOMIC SELECT count(*), (SELECT count(*) FROM aidcase.staff_post_at(known_at)) FROM aidcase.unit_at(known_at); END});
is(q1("SELECT * FROM public.report('$t1')"), q1('SELECT * FROM public.report(NULL)'), 'inside a report');

# access: the rows and columns that may be read of the live table
$node->safe_psql('postgres', q{
	INSERT INTO aidcase.aid_case (case_no, unit_id, village_id, residence, address, opened_on)
	SELECT '3407052021900001', u.unit_id, v.unit_id, 'rural', 'x', '2021-04-06'
	  FROM aidcase.unit AS u, aidcase.unit AS v WHERE u.unit_code = '340705100' AND v.unit_code = '340705100201';
	INSERT INTO aidcase.aid_case (case_no, unit_id, village_id, residence, address, opened_on)
	SELECT '3407052021900002', u.unit_id, u.unit_id, 'rural', 'x', '2021-04-06'
	  FROM aidcase.unit AS u WHERE u.unit_code = '340705005'});
seal();
q1(q{UPDATE aidcase.aid_case SET address = 'y'});
is(q1('SELECT string_agg(case_no || address, \' \' ORDER BY case_no) FROM aidcase.aid_case_at(now())', [ '-U', 't_clerk' ]), '3407052021900001x',
	'a clerk sees the past of the own unit');
is(q1('SELECT string_agg(case_no || address, \' \' ORDER BY case_no) FROM aidcase.aid_case_at(now())', [ '-U', 't_inspector' ]),
	'3407052021900001x 3407052021900002x', 'inspectors that of all');
is(q1(q{SELECT count(*) FROM aidcase.known_images('aid_case', 1)}, [ '-U', 't_clerk' ]), '0', 'the function behind it shows no more');
is(q1(q{SELECT count(*) FROM aidcase.known_images('aid_case', (SELECT max(tree_size) FROM aidcase.checkpoint))}, [ '-U', 't_clerk' ]), '1', 'the own row only');
like(fault(q{SELECT * FROM aidcase.as_known(NULL::aidcase.t_past, now())}, '-U', 't_clerk'), qr/42501: permission denied for table t_past/, 'a table without grant');
like(fault(q{SELECT * FROM aidcase.known_images('t_past', 1)}, '-U', 't_clerk'), qr/42501: permission denied for table t_past/, 'by the function behind it either');
like(fault(q{SELECT * FROM aidcase.as_known(NULL::aidcase.ledger_entry, now())}, '-U', 't_clerk'), qr/42P01/, 'the ledger has no past');

# ---------------------------------------------------------------- proofs

seal();
my $proof = q1(q{SELECT aidcase.prove('t_past', 100)});
my $checkpoint = $node->basedir . '/checkpoint.txt';
append_to_file($checkpoint, q1('SELECT aidcase.latest_checkpoint()') . "\n");

sub verify
{
	my ($json, @args) = @_;
	my ($out, $err) = ('', '');
	my $held = IPC::Run::run([ 'python3', $verifier, @args ], '<', \$json, '>', \$out, '2>', \$err);
	return $held ? $out : "refused: $err";
}
my $json = JSON::PP->new->utf8->canonical;
my $shown = $json->decode(verify($proof, $checkpoint));
is_deeply([ @$shown{qw(relation)}, $shown->{key}[0], $shown->{row}{n}, $shown->{row}{amount} + 0 ], [ 't_past', 100, 1, 100.5 ],
	'a proof holds without the database and says what it proves');
is($shown->{by}{su}, q1('SELECT session_user'), 'and by whom');

# one changed byte at a time, in every part of it
my $harness = <<'END';
import base64, copy, json, sys
import verify_proof
proof, kept, held, tried = json.load(open(sys.argv[1])), open(sys.argv[2]).read(), 0, 0
verify_proof.check(proof, kept)
def texts(where):
    for name, value in (where.items() if isinstance(where, dict) else enumerate(where)):
        if isinstance(value, str):
            yield where, name
        elif isinstance(value, (dict, list)) and name != "key":
            yield from texts(value)
for n in range(len(list(texts(proof)))):
    changed = copy.deepcopy(proof)
    where, name = list(texts(changed))[n]
    text = where[name]
    for i, byte in enumerate(text):
        where[name] = text[:i] + ("8" if byte == "7" else "7") + text[i + 1:]
        # before the padding a digit of base64 has bits that say nothing
        try:
            if base64.b64decode(where[name], validate=True) == base64.b64decode(text, validate=True):
                continue
        except ValueError:
            pass
        tried += 1
        try:
            verify_proof.check(changed, kept)
            held += 1
        except (ValueError, KeyError, TypeError, IndexError):
            pass
print(held, tried > 800)
END
my $proof_file = $node->basedir . '/proof.json';
append_to_file($proof_file, $proof);
{
	local $ENV{PYTHONPATH} = dirname($verifier);
	local $ENV{PYTHONDONTWRITEBYTECODE} = 1;
	my ($out, $err) = run_command([ 'python3', '-c', $harness, $proof_file, $checkpoint ]);
	is($out, '0 True', 'no changed character passes, in any part') or diag($err);
}

my $changed = sub { my ($how) = @_; my $copy = $json->decode($proof); $how->($copy); return verify($json->encode($copy)); };
like($changed->(sub { $_[0]{leaf_index}++ }), qr/^refused/, 'another leaf');
like($changed->(sub { $_[0]{leaf_index} = -1 }), qr/^refused/, 'a leaf that is none');
like($changed->(sub { pop @{ $_[0]{inclusion_proof} } }), qr/^refused/, 'a step less');
like($changed->(sub { push @{ $_[0]{inclusion_proof} }, $_[0]{inclusion_proof}[0] }), qr/^refused/, 'a step more');
like($changed->(sub { $_[0]{shape} = $_[0]{origin} }), qr/^refused/, 'another shape');
like($changed->(sub { $_[0]{key} = [101] }), qr/^refused/, 'another key');
like($changed->(sub { delete $_[0]{checkpoint} }), qr/^refused/, 'no checkpoint');
unlike($changed->(sub { delete $_[0]{origin} }), qr/^refused/, 'without its origin a proof still holds');
q1(q{UPDATE aidcase.t_past SET n = 4 WHERE id = 100});
like(fault(q{SELECT aidcase.prove('t_past', 100)}), qr/55000: entry \d+ is not sealed yet/, 'a version that is not sealed has no proof');
seal();
like(verify(q1(q{SELECT aidcase.prove('t_past', 100)}), $checkpoint), qr/^refused.*kept outside/, 'a later checkpoint is not the one kept');
unlike(verify($proof, $checkpoint), qr/^refused/, 'the former proof holds for good');

my $entry = q1(q{SELECT entry_no FROM aidcase.history('t_past', 100) OFFSET 1 LIMIT 1});
is($json->decode(verify(q1("SELECT aidcase.prove('t_past', 100, $entry)")))->{row}{n}, 1, 'a former version');
is($json->decode(verify(q1(q{SELECT aidcase.prove('t_past', 299)})))->{row}, undef, 'a row that was removed: the removal');
like(fault(q{SELECT aidcase.prove('t_past', 100, 1)}), qr/P0002: entry 1 is no version of this row/, 'a version of another row');
my $case = q1(q{SELECT case_id FROM aidcase.aid_case WHERE case_no = '3407052021900001'});
is($json->decode(verify(q1("SELECT aidcase.prove('aid_case', $case)", [ '-U', 't_clerk' ])))->{by}, undef,
	'who may not read the ledger gets a proof that does not say under which login');
like(fault("SELECT aidcase.prove('aid_case', $case + 1)", '-U', 't_clerk'), qr/P0002: table "aid_case" has no row with this key/, 'and none of another unit');

done_testing();
