# Erasure: who may, what is refused, what goes and what stays.  Only sealed
# versions can be erased, and sealing needs transactions of its own.
use strict;
use warnings;

use File::Basename;
use IPC::Run;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $here = dirname(__FILE__) . '/..';
my $node = PostgreSQL::Test::Cluster->new('erasure');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', $ENV{AIDCASE_CONF} // '');
$node->start;
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), '-o', '/dev/null', '-f', "$here/fixture.sql" ], 'the fixture');

# SQL at a date of the register's clock, with the helpers for households
sub at
{
	my ($day, $sql) = @_;
	my $said = $node->safe_psql('postgres', "\\i $here/parts/household.sql\nBEGIN;\nSELECT pg_temp.clock('$day 09:00+08') \\g /dev/null\n$sql;\nCOMMIT;");
	$said =~ s/\n/ \/ /g;
	return $said;
}
sub told { my ($day, $login, $command) = @_; $command =~ s/'/''/g; return at($day, "SELECT pg_temp.told('$login', '$command')"); }
sub q1 { return $node->safe_psql('postgres', $_[0]); }

at('2021-04-01', q{SELECT aidcase.enrol_staff('{"staff_no":"b-leader","name":"区局负责","login":"t_bureau2","employed_from":"2020-01-01",
	"posts":[{"unit":"340705","post":"bureau_leader","from":"2020-01-01"}]}')}) if q1('CREATE ROLE t_bureau2 LOGIN IN ROLE aidcase_bureau') eq '';

# one household that withdrew, one that was granted, one that still runs
my $gone = at('2021-04-06', q{SELECT pg_temp.by_staff('x-clerk', format('SELECT round_id FROM aidcase.file_case(%L)',
	pg_temp.application('gone', '340705100', '340705100201', '{11,12}', 300, '2021-04-06')))});
at('2021-04-06', "SELECT pg_temp.by_staff('x-clerk', 'SELECT aidcase.advance($gone, ''accept''), pg_temp.check_all($gone)')");
at('2021-04-06', "SELECT pg_temp.by_staff('x-clerk', 'SELECT aidcase.advance($gone, ''withdraw'', ''不再申请'')')");
my $granted = at('2021-04-07', q{SELECT pg_temp.confirm('granted', '340705100', '340705100201', '{21}', 100, '2021-04-07 10:00+08')});
at('2021-04-08', q{SELECT pg_temp.by_login('t_clerk', $$SELECT aidcase.publish('340705100')$$)});
at('2021-04-19', "SELECT pg_temp.by_login('t_clerk', 'SELECT aidcase.advance($granted, ''close'')')");
my $roll = at('2021-05-06', q{SELECT pg_temp.by_login('t_clerk', $$SELECT aidcase.make_roll('340705100', '2021-05-01')$$)});
like(told('2021-05-06', 't_leader', "SELECT aidcase.submit_roll($roll)"), qr/^\(done\)/, 'a month is paid');
at('2021-05-07', "SELECT pg_temp.by_login('t_bureau', \$\$SELECT aidcase.advance('payment_roll', $roll, 'merge')\$\$)");
at('2021-05-08', "SELECT pg_temp.by_login('t_payer', \$\$SELECT aidcase.advance('payment_roll', $roll, 'pay')\$\$)");
my $running = at('2021-04-20', q{SELECT pg_temp.by_staff('x-clerk', format('SELECT round_id FROM aidcase.file_case(%L)',
	pg_temp.application('running', '340705100', '340705100201', '{31}', 300, '2021-04-20')))});
my ($cg, $cb, $cr) = map { q1("SELECT case_id FROM aidcase.case_round WHERE round_id = $_") } ($gone, $granted, $running);
q1('SELECT aidcase.seal()');

# ---------------------------------------------------------------- refusals

my $propose = "SELECT aidcase.propose_erasure('{%s}', '保管期满')";
like(told('2027-06-01', 't_bureau', sprintf $propose, $cg),
	qr/^ZA006 these files cannot be erased\|No retention period is in force for class "household_file": everything is kept\.\|/, 'a fresh register keeps everything');
like(told('2021-05-01', 't_admin', q{SELECT aidcase.set_retention('household_file', 59, '2021-05-01', '办发〔2021〕15号')}),
	qr/^22023 records of class "household_file" are kept longer\|At least 60 months/, 'never less than the notice says');
like(told('2021-05-01', 't_admin', q{INSERT INTO aidcase.retention_period (retention_class, months, valid, document_id) VALUES ('accounting', 600, '[2021-01-01,)', 1)}),
	qr/^22023 records of class "accounting" are kept longer\|They are never erased/, 'accounting records never, whatever the path');
like(told('2021-05-01', 't_admin', q{SELECT aidcase.set_retention('nothing', NULL, NULL, 'x')}),
	qr/There is no class "nothing"\..*months is missing/, 'all faults of a period at once');
is(told('2021-05-01', 't_admin', q{SELECT aidcase.set_retention('household_file', 60, '2021-05-01', '办发〔2021〕15号')}), '(done)', 'an administrator sets the period');
like(told('2021-05-01', 't_bureau', q{SELECT aidcase.set_retention('household_file', 60, '2021-05-01', '办发〔2021〕15号')}), qr/^42501/, 'nobody else');

like(told('2026-04-05', 't_bureau', sprintf $propose, $cg), qr/Case $cg: it must be kept until 2026-04-06\./, 'a day too early');
my $refusal = at('2026-04-06', sprintf q{SELECT pg_temp.told('t_bureau', $$%s$$)}, sprintf($propose, "$cg,$cb,$cr,$cr,999999"));
is($refusal, "ZA006 these files cannot be erased|A case is named twice. / There is no case 999999. / Case $cb: it must be kept until 2026-04-19. / "
	  . "Case $cr: it must be kept until 2026-04-20. / "
	  . "Case $cb: Award " . q1("SELECT award_id FROM aidcase.award WHERE case_id = $cb") . ' (dibao) has not ended. / '
	  . "Case $cr: Round $running is in state \"filed\".|Take what is kept off the list. Periods: aidcase.retention_period; holds: aidcase.erasure_hold, aidcase.legal_hold.",
	'all that stands against it at once, with the holds');
like(told('2026-06-01', 't_clerk', sprintf $propose, $cg), qr/^42501 permission denied for function propose_erasure/, 'a town may not propose');
like(told('2026-06-01', 't_bureau2', sprintf $propose, $cg), qr/You do not hold post "bureau_clerk" for these cases/, 'nor another post');
like(told('2026-06-01', 't_bureau', "SELECT aidcase.propose_erasure('{$cg}', ' ', 'accounting')"),
	qr/^ZA006.*The reason is missing\..*never erased/s, 'accounting classes are refused');
at('2026-05-01', "INSERT INTO aidcase.legal_hold (case_id, grounds, valid, set_by) SELECT $cg, '诉讼', '[2026-05-01,)', min(staff_id) FROM aidcase.staff");
like(told('2026-06-01', 't_bureau', sprintf $propose, $cg), qr/Case $cg: Legal hold 1\./, 'a lawsuit keeps the file');
at('2026-05-02', q{UPDATE aidcase.legal_hold SET valid = '[2026-05-01,2026-05-02)'});
# petitions and cases for the discipline organs, told by one sentence
is(q1("BEGIN; SET LOCAL session_replication_role = replica;
	INSERT INTO aidcase.petition (unit_id, case_id, form, kind, content, workflow_id, state, occurred_at, opened_by, entry_no)
	SELECT 1, $cg, 'letter', 'complaint', 'x', s.workflow_id, s.state, now(), 1, 0 FROM aidcase.workflow_state AS s
	  JOIN aidcase.workflow AS w USING (workflow_id) WHERE w.subject = 'petition' AND s.kind = 'initial' LIMIT 1;
	SELECT reason FROM aidcase.hold_supervision('{$cg,$cr}'); ROLLBACK"), 'A matter of supervision is not finished.', 'a petition keeps the file');
is(q1("SELECT count(*) FROM aidcase.hold_supervision('{$cg,$cb,$cr}')"), '0', 'none is open');
# a hold of another room: a row and a function
q1(q{CREATE FUNCTION aidcase.hold_test(case_ids bigint[]) RETURNS TABLE (case_id bigint, reason text) LANGUAGE sql STABLE
	AS $$ SELECT n, 'A petition is open.' FROM unnest(case_ids) AS n $$;
	INSERT INTO aidcase.erasure_hold VALUES ('petition_test', 'hold_test', 'x', 'x')});
like(told('2026-06-01', 't_bureau', sprintf $propose, $cg), qr/Case $cg: A petition is open\./, 'and a hold of another room');
q1(q{DROP FUNCTION aidcase.hold_test(bigint[])});
like(told('2026-06-01', 't_bureau', sprintf $propose, $cg), qr/^42883/, 'a hold that cannot be asked refuses too');
q1(q{UPDATE aidcase.erasure_hold SET in_use = false WHERE hold = 'petition_test'});

# ---------------------------------------------------------------- the list

is(told('2026-06-01', 't_bureau', sprintf $propose, $cg), '(done)', 'proposed');
my $list = q1('SELECT max(list_id) FROM aidcase.erasure_list');
is(q1("SELECT string_agg(relation || ' ' || n || ' ' || action, ', ' ORDER BY relation) FROM (SELECT relation, action, count(*) AS n FROM aidcase.erasure_item WHERE list_id = $list GROUP BY 1, 2) AS x"),
	'aid_case 1 clear, authorisation 2 remove, case_cause 1 remove, case_member 2 remove, commitment 1 remove, income_item 1 remove, payee_account 1 remove, registry_check 2 remove',
	'it names every row; the case itself is cleared');
like(told('2026-06-01', 't_bureau', "SELECT aidcase.appraise_erasure($list, true, '同意')"), qr/Whoever proposed the list cannot appraise it/, 'not by who proposed it');
like(told('2026-06-01', 't_admin', "SELECT aidcase.execute_erasure($list)"), qr/List $list is proposed\./, 'not before it is appraised');
like(told('2026-06-01', 't_bureau2', "SELECT aidcase.appraise_erasure($list, NULL, '')"), qr/The appraisal says yes or no and why/, 'an appraisal says something');
is(told('2026-06-01', 't_bureau2', "SELECT aidcase.appraise_erasure($list, true, '同意')"), '(done)', 'appraised');
like(told('2026-06-01', 't_bureau2', "SELECT aidcase.execute_erasure($list)"), qr/You do not hold post "administrator"/, 'carried out by a third post');

# what stays must be proved before as after
my $texts = q1(q{SELECT string_agg(entry, '') FROM aidcase.ledger_entry});
like($texts, qr/户gone成员1/, 'the name is in the ledger');
my $proof = q1("SELECT aidcase.prove('case_round', $gone)");
my $member_proof = q1("SELECT aidcase.prove('case_member', (SELECT min(member_id) FROM aidcase.case_member WHERE case_id = $cg))");
my $checkpoint = q1('SELECT aidcase.latest_checkpoint()');
my $member = q1("SELECT min(member_id) FROM aidcase.case_member WHERE case_id = $cg");

# a hold that arises meanwhile, a fact that comes in, a version not sealed
at('2026-06-02', "INSERT INTO aidcase.legal_hold (case_id, grounds, valid, set_by) SELECT $cg, '审计', '[2026-06-01,)', min(staff_id) FROM aidcase.staff");
like(told('2026-06-02', 't_admin', "SELECT aidcase.execute_erasure($list)"), qr/Case $cg: Legal hold 2\./, 'a hold that arose meanwhile');
at('2026-06-02', q{UPDATE aidcase.legal_hold SET valid = '[2026-06-01,2026-06-02)' WHERE legal_hold_id = 2});
q1("UPDATE aidcase.aid_case SET phone = '13900000001' WHERE case_id = $cg");
like(told('2026-06-02', 't_admin', "SELECT aidcase.execute_erasure($list)"), qr/^55000 some versions of these rows are not sealed yet\|1 entries/, 'a version that is not sealed');
q1('SELECT aidcase.seal()');

# nobody gets around it
for my $who ('postgres', 'aidcase_owner')
{
	my ($code, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\nSET ROLE $who; DELETE FROM aidcase.case_member WHERE case_id = $cg");
	like($err, qr/ZA006: rows of table "case_member" cannot be removed/, "DELETE is refused to $who");
	($code, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\nSET ROLE $who; UPDATE aidcase.ledger_entry SET entry = NULL");
	like($err, qr/ZA006: table "ledger_entry" cannot be written directly/, "erasing a text is refused to $who");
}
my ($code, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\nSELECT aidcase.erase_rows(999)");
like($err, qr/ZA006: erasure list 999 is not appraised/, 'the door opens for an appraised list only');

# ---------------------------------------------------------------- done

is(told('2026-06-02', 't_admin', "SELECT aidcase.execute_erasure($list)"), '(done)', 'carried out');
is(q1("SELECT state, rows_removed, texts_erased > rows_removed FROM aidcase.erasure_list WHERE list_id = $list"), 'executed|10|t', 'the list says what was done');
is(q1("SELECT (SELECT count(*) FROM aidcase.case_member WHERE case_id = $cg) + (SELECT count(*) FROM aidcase.income_item WHERE case_id = $cg)"), '0', 'the rows are gone');
is(q1("SELECT address IS NULL AND phone IS NULL AND case_no IS NOT NULL FROM aidcase.aid_case WHERE case_id = $cg"), 't', 'of the case its number is left');
is(q1("SELECT count(*) FROM aidcase.case_member WHERE case_id IN ($cb, $cr)"), '2', 'other files are untouched');
$texts = q1(q{SELECT string_agg(entry, '') FROM aidcase.ledger_entry});
is(q1(q{SELECT entry FROM aidcase.ledger_entry WHERE entry ~ '户gone成员|13900000001'}), '', 'nothing of the household is in the ledger');
like($texts, qr/户granted成员1/, 'others are');
like(told('2026-06-02', 't_admin', "SELECT aidcase.execute_erasure($list)"), qr/List $list is executed\./, 'once only');

q1('SELECT aidcase.seal()');
is(q1('SELECT string_agg(v::text, E\'\n\') FROM aidcase.verify_register() AS v'), '', 'the register verifies');
is(q1("SELECT string_agg(v::text, E'\\n') FROM aidcase.verify_register(\$c\$$checkpoint\$c\$) AS v"), '', 'against the checkpoint from before, too');

sub verify
{
	my ($json) = @_;
	my ($o, $e) = ('', '');
	return IPC::Run::run([ 'python3', "$here/verify_proof.py" ], '<', \$json, '>', \$o, '2>', \$e) ? $o : "refused: $e";
}
unlike(verify($proof), qr/^refused/, 'a proof from before holds');
unlike(verify($member_proof), qr/^refused/, 'even that of an erased row, for who kept it');

is(q1("SELECT string_agg(coalesce(operation, 'erased') || CASE WHEN leaf_index IS NULL THEN '-' ELSE '' END, ' ') FROM aidcase.history('case_member', $member)"),
	'D erased', 'its history: the removal, and that there was a version');
my ($c2, $o2, $e2) = $node->psql('postgres', "\\set VERBOSITY verbose\nSELECT aidcase.prove('case_member', $member, (SELECT entry_no FROM aidcase.history('case_member', $member) OFFSET 1))");
like($e2, qr/55000: the text of entry \d+ was erased/, 'a version that was erased has no proof any more');
is(q1("SELECT count(*) FROM aidcase.as_known(NULL::aidcase.case_member, (SELECT min(sealed_at) FROM aidcase.checkpoint)) WHERE case_id = $cg"), '0', 'nor is it in the past');

my $erasure = q1("SELECT aidcase.erasure_proof('case_member', $member)");
like(verify($erasure), qr/"decision".*"household_file".*"erased": \[\d+\]/, 'the erasure is proved: leaves, line of the list, decision');
my $json = JSON::PP->new->utf8->canonical;
for my $change (sub { $_[0]{erased}[0]{leaf_index}++ }, sub { $_[0]{erased}[0]{leaf_hash} = $_[0]{erased}[0]{inclusion_proof}[0] },
	sub { $_[0]{erased}[0]{entry_no}++ }, sub { $_[0]{decision} = $_[0]{item} }, sub { $_[0]{key} = [ $member + 1 ] })
{
	my $copy = $json->decode($erasure);
	$change->($copy);
	like(verify($json->encode($copy)), qr/^refused/, 'a changed one is not');
}
like(told('2026-06-02', 't_clerk', "SELECT aidcase.erasure_proof('case_member', $member)"), qr/^42501/, 'a clerk does not get one');

# ---------------------------------------------------------------- with accounting records

at('2021-12-20', "UPDATE aidcase.award SET months = daterange(lower(months), '2022-01-01'), stop_reason = 'income' WHERE case_id = $cb");
q1('SELECT aidcase.seal()');
like(told('2026-12-31', 't_bureau', sprintf $propose, $cb), qr/Case $cb: it must be kept until 2027-01-01\./, 'five years after the last stop');
is(told('2027-01-01', 't_bureau', sprintf $propose, $cb), '(done)', 'then not');
$list = q1('SELECT max(list_id) FROM aidcase.erasure_list');
is(told('2027-01-01', 't_bureau2', "SELECT aidcase.appraise_erasure($list, true, '同意')"), '(done)', 'appraised');
is(told('2027-01-01', 't_admin', "SELECT aidcase.execute_erasure($list)"), '(done)', 'carried out');
is(q1("SELECT (SELECT count(*) FROM aidcase.case_member WHERE case_id = $cb), (SELECT count(*) FROM aidcase.publication_item WHERE case_id = $cb),"
	. "(SELECT count(*) > 0 FROM aidcase.award WHERE case_id = $cb), (SELECT count(*) > 0 FROM aidcase.determination WHERE case_id = $cb),"
	. "(SELECT count(*) FROM aidcase.payee_account WHERE case_id = $cb)"), '0|0|t|t|1', 'what was paid, what it rests on and its account stay');
is(q1("SELECT (SELECT count(*) FROM aidcase.award_person WHERE case_id = $cb), (SELECT count(*) FROM aidcase.award_fact WHERE case_id = $cb),"
	. "(SELECT count(*) FROM aidcase.audit('facts_differ'))"), '0|0|0', 'whom it was for does not, birth dates least of all');
is(q1(q{SELECT string_agg(DISTINCT relation, ' ') FROM aidcase.ledger WHERE image::text LIKE '%户granted成员%'}), 'payee_account', 'the name is left in that account only');
q1('SELECT aidcase.seal()');
is(q1('SELECT string_agg(v::text, E\'\n\') FROM aidcase.verify_register() AS v'), '', 'and the register verifies');

# ---------------------------------------------------------------- rejects of imports

my $file = q{convert_to(E'工号,申报日期,关系,姓名\nx-group4,2021-04-20,无,\nx-group3,2021-99-01,无,\nx-group2,2021-04-20,子女,', 'UTF8') || '\xd5c5c8fd0a'};
is(at('2021-04-22', "SELECT pg_temp.by_login('t_clerk', \$\$SELECT accepted || ' ' || rejected FROM aidcase.import_file('filings', $file)\$\$)"), '1 2', 'a file with two bad lines');
my $import = q1('SELECT max(import_id) FROM aidcase.file_import');
is(q1("SELECT string_agg(line || ' ' || coalesce(bytes::text, column_name), ', ' ORDER BY line, reject_id) FROM aidcase.import_reject"), '3 declared_on, 4 name, 4 \xd5c5c8fd', 'which are kept with every reason and their bytes');
q1('SELECT aidcase.seal()');
my $rejects = "SELECT aidcase.propose_erasure('{%s}', '保管期满', 'import_reject')";
is(told('2027-01-01', 't_bureau', sprintf $rejects, "$import,999999"), 'ZA006 these files cannot be erased|No retention period is in force for class "import_reject": everything is kept.'
	  . ' / There is no import 999999.|Take what is kept off the list. Periods: aidcase.retention_period; holds: aidcase.erasure_hold, aidcase.legal_hold.', 'they are kept until a period is set');
like(told('2021-05-01', 't_admin', q{SELECT aidcase.set_retention('import_reject', 11, '2021-05-01', '办发〔2021〕15号')}), qr/^22023 .*At least 12 months/, 'not a shorter one');
is(told('2021-05-01', 't_admin', q{SELECT aidcase.set_retention('import_reject', 12, '2021-05-01', '办发〔2021〕15号')}), '(done)', 'an administrator sets one');
like(told('2022-04-21', 't_bureau', sprintf $rejects, $import), qr/\|Import $import: it must be kept until 2022-04-22\.\|/, 'a day too early');
like(told('2022-04-22', 't_bureau2', sprintf $rejects, $import), qr/You do not hold post "bureau_clerk" for these imports\./, 'by who may');
is(told('2022-04-22', 't_bureau', sprintf $rejects, $import), '(done)', 'on the day');
$list = q1('SELECT max(list_id) FROM aidcase.erasure_list');
is(q1("SELECT string_agg(DISTINCT relation || ' ' || action, ', ') || ' ' || count(*) FROM aidcase.erasure_item WHERE list_id = $list"), 'import_reject remove 3', 'the list names the rejects, not the import');
is(told('2022-04-23', 't_bureau2', "SELECT aidcase.appraise_erasure($list, true, '同意')"), '(done)', 'appraised');
is(told('2022-04-23', 't_admin', "SELECT aidcase.execute_erasure($list)"), '(done)', 'carried out');
is(q1("SELECT (SELECT count(*) FROM aidcase.import_reject), (SELECT rejected FROM aidcase.file_import WHERE import_id = $import),"
	. q{(SELECT count(*) FROM aidcase.ledger_entry WHERE entry ~ 'd5c5c8fd')}), '0|2|0', 'the lines are gone, from the ledger too; that there were two is left');
is(at('2022-04-24', "SELECT pg_temp.by_login('t_clerk', \$\$SELECT repeated || ' ' || rejects::text FROM aidcase.import_file('filings', $file)\$\$)"), 'true []', 'the same file is still known');
q1('SELECT aidcase.seal()');
is(q1('SELECT string_agg(v::text, E\'\n\') FROM aidcase.verify_register() AS v'), '', 'and the register verifies');

# a text that went without a list is found
q1(q{ALTER TABLE aidcase.ledger_entry DISABLE TRIGGER "~0_refuse"; UPDATE aidcase.ledger_entry SET entry = NULL WHERE entry_no = 5;
	ALTER TABLE aidcase.ledger_entry ENABLE TRIGGER "~0_refuse"});
like(q1('SELECT string_agg(v.kind, \' \') FROM aidcase.verify_register() AS v'), qr/entry_text_missing/, 'a text that went without a list is found');

done_testing();
