# The synthetic district, small: it comes from its seed alone.  Two clusters
# with other locales and time zones run it from the same seed; what they
# report must be the same to the byte (promise P8), and a workbook written
# twice must be the same file.  Another seed gives another district.
use strict;
use warnings;

use Cwd qw(abs_path);
use Digest::SHA qw(sha256_hex);
use File::Basename;
use lib dirname(__FILE__);
use District;
use MIME::Base64;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $here = dirname(__FILE__);
my %clock = ('aidcase.clock' => '2021-06-30 18:00+08');
my $months = 3;

sub district
{
	my ($name, $locale, $zone, $seed, $more) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init(extra => [ '--encoding=UTF8', "--locale=$locale" ]);
	$node->append_conf('postgresql.conf', "TimeZone = '$zone'\nDateStyle = 'SQL, DMY'\nfsync = off\n$more");
	$node->start;
	run_district($node, $seed, 90, $months);
	return $node;
}

# Runs SQL as the bureau's pooled login with the clock moved.
sub bureau
{
	my ($node, $sql) = @_;
	return $node->safe_psql('district',
		"SET client_min_messages = warning; SET aidcase.clock = '2021-06-30 18:00+08'; $sql",
		extra_params => [ '-U', 'demo_bureau' ]);
}

# What was determined one by one comes out the same for all at once.
sub determinations_agree
{
	my ($node, $name) = @_;
	command_like([ 'psql', '-X', '-q', '-d', $node->connstr('district'), '-f', "$here/../district/means.sql" ],
		qr/: 0 different at once, 0 whose lines do not add up/, "$name: all determinations, one by one and at once");
}

my $rows = q{SELECT * FROM aidcase.report_dibao_monthly(date '2021-06-30')};
my $lines = q{SET DateStyle = ISO; SELECT unit_code, case_no, programme, benefit_month, amount, account_no
	FROM aidcase.payment_list(date '2021-06-01')};
my $sample = q{SELECT i.frame_id, i.stratum, i.ticket, i.rank, i.selected FROM aidcase.draw_item AS i
	ORDER BY i.frame_id COLLATE "C"};
my $book = q{SELECT replace(encode(aidcase.workbook('%s', '2021-06'), 'base64'), chr(10), '')};

# A workbook names the latest checkpoint, which is each ledger's own (salts,
# times).  Under another name for it the rest is compared.
sub unnamed
{
	my ($node, $sql) = @_;
	return $node->safe_psql('district', "SET client_min_messages = warning; BEGIN; SET LOCAL session_replication_role = replica;
		UPDATE aidcase.checkpoint SET body = 'checkpoint'; SET LOCAL session_replication_role = origin;
		SET LOCAL aidcase.clock = '2021-06-30 18:00+08'; SET LOCAL SESSION AUTHORIZATION demo_bureau; $sql; ROLLBACK");
}

my $one = district('one', 'C', 'America/Los_Angeles', 'same seed', '');
determinations_agree($one, 'one');
my $two = district('two', 'C.UTF-8', 'Asia/Shanghai', 'same seed', "enable_hashjoin = off\nmax_parallel_workers_per_gather = 0\n");

for my $sql ($rows, $lines, $sample)
{
	my $a = bureau($one, $sql);
	cmp_ok(length($a), '>', 100, 'there is something to compare');
	is(bureau($two, $sql), $a, 'both clusters say the same');
}

my %file;
for my $report (split(/\n/, bureau($one, q{SELECT name FROM aidcase.report_list() WHERE period_kind = 'month'})))
{
	my $sql = sprintf($book, $report);
	my $first = decode_base64(bureau($one, $sql));
	is(sha256_hex(decode_base64(bureau($one, $sql))), sha256_hex($first), "$report: the same bytes when written again");
	is(sha256_hex(decode_base64(unnamed($two, $sql))), sha256_hex(decode_base64(unnamed($one, $sql))),
		"$report: the same bytes from the other cluster, but for the checkpoint");
	$file{$report} = "$PostgreSQL::Test::Utils::tmp_check/$report.xlsx";
	open(my $out, '>:raw', $file{$report}) or die "$file{$report}: $!";
	print $out $first;
	close($out);
}

# The workbooks read by somebody else's libraries: every cell is what the
# report's function says, every total what its formula gives, and LibreOffice,
# made to compute everything anew, finds the same.
my $office = (grep { -x } map { "$_/soffice" } split(/:/, $ENV{PATH}))[0];
my $folder = abs_path($PostgreSQL::Test::Utils::tmp_check);
my $again = "$folder/again";
my $profile = "$folder/office";
if (defined $office)
{
	mkdir $_ for ($profile, "$profile/user");
	append_to_file("$profile/user/registrymodifications.xcu", q{<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry"><item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item></oor:items>});
	local $ENV{HOME} = $profile;
	run_command([ 'timeout', '300', $office, "-env:UserInstallation=file://$profile", '--headless', '--convert-to', 'xlsx',
		'--outdir', $again, values %file ]);
}
else
{
	diag('LibreOffice is not installed: what it reads is not compared');
}
for my $report (sort keys %file)
{
	my $json = "$PostgreSQL::Test::Utils::tmp_check/$report.json";
	append_to_file($json, bureau($one, "SELECT json_agg(r) FROM aidcase.report_$report(date '2021-06-30') AS r"));
	my ($compared, $err) = run_command([ '/usr/bin/python3', "$here/../workbook_check.py", $file{$report}, $json,
		defined $office ? "$again/$report.xlsx" : () ]);
	like($compared, qr/^\d+$/, "$report: the workbook says what the report says") or diag($err);
	# with LibreOffice, heads and totals are read, too
	my $rows = bureau($one, "SELECT count(*) FROM aidcase.report_$report(date '2021-06-30')");
	cmp_ok($compared, '>=', defined $office ? $rows + 50 : $rows, "$report: in many cells");
}

# In English, nothing of the form is in Chinese but what the register holds:
# the names of units in the lines above the heads, and the rows.
my $form = <<'PY';
import re, sys, openpyxl
for name in sys.argv[1:]:
    book = openpyxl.load_workbook(name)
    form = []
    for sheet in [s for s in book.worksheets if s.print_title_rows]:
        first, last = (int(n.lstrip('$')) for n in sheet.print_title_rows.split(':'))
        wide = {r.min_row for r in sheet.merged_cells.ranges if r.min_col < r.max_col}
        form += [c.value for row in sheet.iter_rows() for c in row
                 if isinstance(c.value, str) and not re.match('Unit: ', c.value)
                 and (c.row <= last or c.row in wide or row[0].value == 'Total')]
    chinese = [v for v in form if re.search('[一-鿿]', v.replace('（', ''))]
    assert len(form) > 8, name
    assert not chinese, (name, chinese)
print(len(sys.argv) - 1)
PY
my @english;
for my $report (sort keys %file)
{
	push @english, "$PostgreSQL::Test::Utils::tmp_check/$report-en.xlsx";
	open(my $out, '>:raw', $english[-1]) or die "$english[-1]: $!";
	print $out decode_base64(bureau($one, "SET aidcase.language = 'en'; " . sprintf($book, $report)));
	close($out);
}
my ($forms, $wrong) = run_command([ '/usr/bin/python3', '-c', $form, @english ]);
is($forms, scalar(@english), 'every report has its whole form in English') or diag($wrong);

my $script = <<'PY';
import sys, openpyxl
book = openpyxl.load_workbook(sys.argv[1])
sheet = book.worksheets[0]
ids = [c for row in sheet.iter_rows() for c in row
       if isinstance(c.value, str) and len(c.value) == 18 and c.value[:17].isdigit()]
cards = [c for row in sheet.iter_rows() for c in row
         if isinstance(c.value, str) and len(c.value) == 19 and c.value.isdigit()]
assert ids and all(c.data_type == 's' for c in ids), 'ids are not text'
assert cards and all(c.data_type == 's' for c in cards), 'account numbers are not text'
print(len(ids), len(cards))
PY
my ($out, $err) = run_command([ '/usr/bin/python3', '-c', $script, $file{payment_roll} ]);
my $count = bureau($one, q{SELECT count(*) || ' ' || count(*) FROM aidcase.payment_list(date '2021-06-01')});
is($out, $count, 'ids and account numbers of all lines are text') or diag($err);

# What a district does besides: a list that is taken over, a move, a correction, papers.
is(bureau($one, q{SELECT string_agg(concat_ws(' ', i.kind, i.lines, i.accepted, i.rejected), ', ') FROM aidcase.file_import AS i WHERE i.kind = 'recipients'}), 'recipients 9 8 1', 'a list of nine households with one fault');
is(bureau($one, q{SELECT count(*) || ' ' || count(DISTINCT p.case_id) FROM aidcase.payment AS p JOIN aidcase.takeover_grant AS g USING (case_id) WHERE p.line_kind = 'current'}), '16 8', 'those taken over are on both rolls since');
cmp_ok(bureau($one, q{SELECT least((SELECT count(*) FROM aidcase.case_transfer AS t WHERE t.state = 'accepted'), (SELECT count(*) FROM aidcase.correction))}), '>', 0, 'a household has moved, a field is corrected');
is(bureau($one, q{SELECT count(*) FROM (SELECT p.case_id, p.programme, p.benefit_month FROM aidcase.payment AS p WHERE p.line_kind IN ('current', 'arrears') AND p.reassessment_item_id IS NULL GROUP BY 1, 2, 3 HAVING count(*) > 1) AS x}), '0', 'no month is paid twice');
cmp_ok(bureau($one, q{SELECT count(*) FROM aidcase.document_issued}), '>', 0, 'decisions are issued');
cmp_ok(bureau($one, q{SELECT count(*) FROM aidcase.sensitive_reading WHERE purpose = '发放社会救助资金 / payment of social assistance'}), '>', 0, 'who read the payment list is kept');

# Nothing happened outside the procedure.
is(bureau($one, q{SELECT count(*) FROM aidcase.payment AS p JOIN aidcase.award AS a USING (award_id)
	WHERE p.amount <> a.amount OR NOT a.months @> p.benefit_month}), '0', 'every line is what was awarded');
is(bureau($one, q{SELECT count(*) FROM aidcase.draw AS d CROSS JOIN LATERAL aidcase.verify_draw(d.draw_id)}),
	'0', 'the draws derive again');
# ... and from their certificates alone, by the scripts that need no database.
my $drawn = bureau($one, q{SELECT string_agg(d.draw_id || ' ' || d.method || ' '
	|| translate(encode(convert_to(aidcase.draw_certificate(d.draw_id)::text, 'UTF8'), 'base64'), E'\n', ''), E'\n' ORDER BY d.draw_id)
	FROM aidcase.draw AS d WHERE d.seed IS NOT NULL});
cmp_ok(scalar(split(/\n/, $drawn)), '>', 0, 'there are draws with a certificate');
for (split(/\n/, $drawn))
{
	my ($id, $method, $text) = split / /;
	my $certificate = "$PostgreSQL::Test::Utils::tmp_check/draw$id.json";
	append_to_file($certificate, decode_base64($text));
	for my $script ([ '/usr/bin/python3', "$here/../../reports/draw-check.py" ],
		$method eq 'hex' ? [ 'sh', "$here/../../reports/draw-check" ] : ())
	{
		my ($said, $wrong);
		ok(IPC::Run::run($script, '<', $certificate, '>', \$said, '2>', \$wrong), "draw $id ($method): $script->[0] derives the same sample")
		  or diag("$said$wrong");
	}
}

is($one->safe_psql('district', 'SELECT * FROM aidcase.verify_register()'), '', 'and the register verifies, all its moves included');
is($one->safe_psql('district', q{SELECT added FROM aidcase.conflict_sweep()}), '0',
	'the sweep finds the flags that the triggers raised');
cmp_ok($one->safe_psql('district', q{SELECT count(*) FROM aidcase.conflict_flag}), '>=',
	$one->safe_psql('district', q{SELECT count(*) FROM district.tie AS t JOIN district.filed USING (h)
		WHERE t.state <> 'unfiled'}), 'every filed tie is flagged');

# Conflicts of every type, planted: all are found and no other.
my ($unit) = $one->safe_psql('district', q{SELECT h.unit_code FROM district.household AS h JOIN district.filed USING (h)
	JOIN aidcase.award AS a USING (round_id) GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1});
my ($table, $errors) = run_command([ 'psql', '-X', '-q', '-v', "unit=$unit", '-d', $one->connstr('district'), '-f', "$here/../district/conflicts.sql" ]);
note("conflicts in unit $unit, by type\n$table");
is($errors, '', 'the planting went through');
my @types = map { [ split /\s*\|\s*/, $_ =~ s/^\s+//r ] } grep { /^ *[a-z_]+ +\| +\d/ } split /\n/, $table;
is(scalar(@types), 12, 'every type of flag is planted');
cmp_ok($_->[1], '>', 0, "$_->[0]: planted") for @types;
is("$_->[3] missed, $_->[4] false", '0 missed, 0 false', "$_->[0]: $_->[1] planted, $_->[2] found") for @types;
like($table, qr/^ +0 \| +0 \| +0$/m, 'and the sweep finds the same');

# Every cell of every report is the sum of its cases, and months join.
my $figures = slurp_file("$here/../parts/figures.sql");
is($one->safe_psql('district', "SET aidcase.clock = '2021-06-30 18:00+08'; $figures"
	. q{SELECT r.name, m::date, d.* FROM aidcase.report AS r
	     CROSS JOIN generate_series(timestamp '2021-03-01', '2021-06-01', '1 month') AS m
	     CROSS JOIN LATERAL pg_temp.differences(r.name, (m + interval '1 month - 1 day')::date) AS d
	     WHERE r.drill IS NOT NULL AND r.period_kind = 'month'}),
	'', 'cells are the sums of their cases');
is($one->safe_psql('district', q{SET aidcase.clock = '2021-06-30 18:00+08';
	SELECT m, a.*, b.opening FROM generate_series(timestamp '2021-03-01', '2021-05-01', '1 month') AS m
	 CROSS JOIN LATERAL aidcase.report_flow_monthly(m::date) AS a
	 CROSS JOIN LATERAL aidcase.report_flow_monthly((m + interval '1 month')::date) AS b
	 WHERE a.place = b.place AND a.programme = b.programme
	   AND (a.opening + a.new_households + a.other_class_in + a.transferred_in
	        - a.exits - a.other_class_out - a.transferred_out <> a.closing
	        OR a.closing <> b.opening - b.taken_over)}),
	'', 'the flow closes from month to month');

my $other = district('other', 'C', 'UTC', 'another seed', '');
isnt(bureau($other, $rows), bureau($one, $rows), 'another seed gives another district');

$_->stop for ($one, $two, $other);
done_testing();
