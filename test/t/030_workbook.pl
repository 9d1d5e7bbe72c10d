# What a workbook holds, as another program reads it; the command
# reports/export; and the build of report files.  pgTAP cannot unpack a zip
# file or run a command, so this is here.
use strict;
use warnings;
use Cwd;
use FindBin;
use IO::Uncompress::Unzip qw($UnzipError);
use MIME::Base64;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $top = "$FindBin::Bin/../..";
my $builder = "$top/sql/build_report.pl";
my $export = "$top/reports/export";

#
# The build of report files.
#
my $dir = PostgreSQL::Test::Utils::tempdir;
my $good = slurp_file("$FindBin::Bin/../report/town_list.sql");

sub build
{
	my ($text, $name) = @_;
	my $file = "$dir/" . ($name // 'town_list') . '.sql';
	my ($out, $err);
	unlink $file;
	append_to_file($file, $text);
	my $ok = IPC::Run::run([ $^X, $builder, $file ], '>', \$out, '2>', \$err);
	return ($ok, $out, $err, $file);
}

# Changes the good report and expects a refusal at a line.
sub refuses
{
	my ($from, $to, $line, $reason, $name) = @_;
	my $text = $good;
	$text =~ s/\Q$from\E/$to/ or die "no \"$from\" in the report";
	my ($ok, $out, $err, $file) = build($text, $name);
	is($ok ? 'built' : "$err", "$file:$line: $reason\n", $reason);
	is($out, '', 'and nothing is printed');
}

SKIP:
{
	skip 'sql/build_report.pl is not here', 1 unless -e $builder;

	my ($ok, $out, $err) = build($good);
	ok($ok, 'a good report is built') or diag($err);
	my $both = '';
	for my $name (qw(town_aid town_list town_sheets))
	{
		$both .= (build(slurp_file("$FindBin::Bin/../report/$name.sql"), $name))[1];
	}
	(my $built = slurp_file("$FindBin::Bin/../report/built.sql")) =~ s/\A(?:--.*\n)+//;
	is($both, $built, 'report/built.sql is what the builder makes');

	refuses('-- name: town_list', '-- name: other', 1, 'the name is "other", but the file is "town_list.sql"');
	refuses('-- unit: 个', '-- units: 个', 4, 'unknown header key "units"');
	refuses("-- unit: 个\n", '', 13, 'header key "unit" is missing');
	refuses('-- unit: 个', '-- unit:', 4, 'header key "unit" has no value');
	refuses('-- unit: 个', "-- unit: 个\n-- unit: 个", 5, 'header key "unit" appears twice');
	refuses('-- unit: 个', '-- what is this', 4, 'a header line must be "-- key: value"');
	refuses('as_of, unit_code, known_at', 'as_of', 6, 'the parameters must be "as_of, unit_code, known_at"');
	refuses('quarter', 'week', 7, 'header key "period" must be one of day, month, quarter, year');
	refuses('portrait', 'square', 8, 'header key "layout" must be one of landscape, portrait');
	refuses('place | text |', 'no | text |', 10, 'column "no" appears twice');
	refuses('place | text |', 'unit_code | text |', 10, 'column name "unit_code" is the name of a parameter');
	refuses('place | text |', 'Place | text |', 10, 'column name "Place" must be lower-case letters, digits and underscores');
	refuses('place | text |', 'place | varchar |', 10,
		'unknown type "varchar"; known: bigint, boolean, citizen_id, date, integer, numeric, smallint, text, timestamptz');
	refuses('Name | text | none', 'Name | words | none', 10, 'unknown format "words"; known: date, id, int, money, percent, text');
	refuses('Name | text | none', 'Name | money | none', 10, 'type "text" cannot be shown in format "money"');
	refuses('Name | text | none', 'Name | text | sum', 10, 'total "sum" cannot be taken in format "text"');
	refuses('Name | text | none', 'Name | text | average', 10, 'unknown total "average"; known: none, sum, count, max, min, ratio a/b');
	refuses('Name | text | none', 'Name | text', 10,
		'a column has the fields name | type | zh | en | format | total, and perhaps | group zh / group en');
	refuses('Score | int | max', 'Score | int | ratio best / nothing', 12,
		'total of "best" names column "best", which has no sum or count of its own');
	refuses("int | max\n", "int | max\n-- note: 一\n-- note: 二\n-- note_en: one\n", 15, 'each note must stand there in Chinese and in English');
	refuses("int | max\n", "int | max\n-- note: 一\n", 13, 'each note must stand there in Chinese and in English');
	refuses("int | max\n", "int | max\n-- signature: 一 | 二\n-- signature_en: one\n", 14,
		'the signature row must have as many entries in English as in Chinese');
	refuses("int | max\n", "int | max\n-- signature: 一 | 二\n", 13,
		'the signature row must have as many entries in English as in Chinese');
	refuses("int | max\n", "int | max\n-- chart: bar | 一 | one | place | best\n", 13, 'unknown chart "bar"; known: column, line, pie');
	refuses("int | max\n", "int | max\n-- chart: pie | 一 | one | town | best\n", 13, 'the chart names column "town", which does not exist');
	refuses("int | max\n", "int | max\n-- chart: pie | 一 | one | place | urban\n", 13, 'the chart\'s value column "urban" is not a number');
	for my $of (['no | integer |', 'no | citizen_id |', 'id', 'no', 9], ['place | text |', 'account_no | text |', 'text', 'account_no', 10])
	{
		my ($from, $to, $format, $name, $line) = @$of;
		my $text = $good =~ s/\Q$from\E/$to/r =~ s/No\. \| int \| count/No. | $format | count/r;
		my ($built_ok, $sql, $told, $file) = build($text);
		is($told, "$file:$line: column \"$name\" shows numbers or accounts of people; the header needs \"sensitive: purpose\"\n", "what $name shows must be said");
		($built_ok, $sql) = build($text =~ s/^-- layout/-- sensitive: 试 \/ test\n-- layout/mr);
		ok($built_ok, 'with a purpose it is built');
		like($sql, qr/FUNCTION aidcase\.rows_town_list\(.*FUNCTION aidcase\.report_town_list\(.*note_reading\('report_town_list'.*'report_town_list', true, '试 \/ test'/s, 'so that its readings are kept');
	}
	refuses('ORDER BY v.no;', 'ORDER BY v.no; SELECT 1', 18, 'there is more than one statement');
	refuses('ORDER BY v.no;', 'ORDER BY v.no);', 18, 'a parenthesis is closed that was not opened');
	refuses('ORDER BY v.no;', 'ORDER BY (v.no;', 18, 'a parenthesis is not closed');
	refuses('ORDER BY v.no;', 'ORDER BY $1;', 18, 'parameters are written by name (as_of, unit_code, known_at)');
	refuses('ORDER BY v.no;', "LIMIT '3;", 18, 'a string is not closed');
	refuses('ORDER BY v.no;', '/* ORDER BY */;', 14,
		'the query must end with ORDER BY, so that the same data give the same rows in the same order');
	refuses('SELECT v.no', 'DELETE v.no', 14, 'the query must begin with SELECT or WITH');
	($ok) = build($good =~ s/ORDER BY v.no;/ORDER BY v.no -- ; SELECT\n  ; \/* ; *\//r);
	ok($ok, 'semicolons in comments are no statements');
	($ok) = build($good =~ s/'=1\+1'/\$q\$;\$q\$/r);
	ok($ok, 'nor in strings');
}

#
# A register with the sample reports.
#
my $node = PostgreSQL::Test::Cluster->new('workbook');
$node->init(extra => [ '--encoding=UTF8', '--locale=C.UTF-8' ]);
$node->append_conf('postgresql.conf', $ENV{AIDCASE_CONF} // '');
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION aidcase CASCADE;
	SELECT aidcase.open_register('340705', '测试区', purpose => 'rehearsal');
});
$node->safe_psql('postgres', slurp_file("$FindBin::Bin/../report/built.sql"));

# Parts of a workbook by name.
sub unpack_book
{
	my ($bytes) = @_;
	my %part;
	my $zip = IO::Uncompress::Unzip->new(\$bytes) or die "unzip: $UnzipError";
	for (my $status = 1; $status > 0; $status = $zip->nextStream)
	{
		local $/;
		$part{ $zip->getHeaderInfo->{Name} } = <$zip>;
	}
	return %part;
}

sub book
{
	my ($call) = @_;
	return unpack_book(decode_base64(
			$node->safe_psql('postgres', "SELECT encode($call, 'base64')")));
}

my %p = book(q{aidcase.workbook('town_aid', '2020-06')});
my $data = $p{'xl/worksheets/sheet1.xml'};
like($p{'xl/workbook.xml'}, qr/name="最低生活保障月报表（样例）".*name="图表".*name="说明 About"/s, 'three sheets');
like($p{'xl/workbook.xml'}, qr/_xlnm.Print_Titles[^>]*>'最低生活保障月报表（样例）'!\$6:\$7</, 'heads are repeated on each page');
like($data, qr/<f>SUM\(D8:D11\)<\/f><v>1418<\/v>/, 'a total is a formula with its value');
like($data, qr/<f>ROUND\(F12\/D12,2\)<\/f><v>443.82<\/v>/, 'a ratio of totals');
like($data, qr/<mergeCell ref="C6:E6"\/>/, 'heads are merged across');
like($data, qr/<mergeCell ref="A6:A7"\/>/, 'and down');
like($data, qr/<pageSetup paperSize="9"[^>]*orientation="landscape"/, 'A4 landscape');
like($data, qr/第 &amp;P 页 共 &amp;N 页/, 'pages are numbered');
like($data, qr/<c r="J8"[^>]*><v>43992<\/v>/, 'a date is a number');
like($data, qr/<c r="B8"[^>]* t="s">/, 'a code is text');
like($p{'xl/sharedStrings.xml'}, qr/rehearsal, not for statistics/, 'a rehearsal is marked');
like($p{'xl/sharedStrings.xml'}, qr/report_town_aid.as_of - 20/, 'the query is in it');
is(scalar(grep { /^xl\/charts\/chart\d+\.xml$/ } keys %p), 3, 'three charts');
like($p{'xl/charts/chart1.xml'}, qr/<c:v>655<\/c:v>/, 'with their values');
like($p{'docProps/core.xml'}, qr/2020-06-30T00:00:00Z/, 'the file is dated by the report');

%p = book(q{aidcase.workbook('town_list', '2020-Q2')});
$data = $p{'xl/worksheets/sheet1.xml'};
like($data, qr/t="inlineStr"><is><t>=1\+1<\/t>/, 'what looks like a formula is text');
unlike($data, qr/<f>1\+1/, 'and no formula');
like($data, qr/<t>是<\/t>/, 'a truth value in Chinese');

%p = book(q{aidcase.xlsx($$ SELECT '=cmd|x' AS a, 123456789012345678 AS b, 0.1234567890123456 AS c,
	'NaN'::float8 AS d, E'\x01_x0041_<&' AS e, 1.50::numeric(6,2) AS f, date '1900-02-28' AS g, NULL AS h $$)});
$data = $p{'xl/worksheets/sheet1.xml'};
like($data, qr/<c r="A2"[^>]* t="inlineStr"><is><t>=cmd\|x<\/t>/, 'a formula from the data stays text');
like($data, qr/<c r="B2"[^>]* t="inlineStr"><is><t>123456789012345678<\/t>/, 'a long number is text');
like($data, qr/<c r="C2"[^>]* t="inlineStr"><is><t>0.1234567890123456<\/t>/, 'and so is one of 16 digits');
like($data, qr/<c r="D2"[^>]* t="inlineStr"><is><t>NaN<\/t>/, 'not a number');
like($data, qr/<c r="E2"[^>]*><is><t>␁_x005F_x0041_&lt;&amp;<\/t>/, 'odd characters');
like($data, qr/<c r="F2"[^>]*><v>1.5<\/v>/, 'money is a number');
like($data, qr/<c r="G2"[^>]* t="inlineStr"><is><t>1900-02-28<\/t>/, 'a date that spreadsheets differ on');
unlike($data, qr/<c r="H2"/, 'null is an empty cell');

# A sheet for each value of a column.
%p = book(q{aidcase.workbook('town_sheets', '2020-06')});
is(join(' ', $p{'xl/workbook.xml'} =~ /<sheet name="([^"]*)"/g), '西湖镇 天井 湖 — 说明 About', 'a sheet a town, named after it');
like($p{'xl/worksheets/sheet1.xml'}, qr/<f>SUM\(C7:C8\)<\/f><v>300.3<\/v>.*<f>SUM\(D7:D8\)<\/f><v>20<\/v>/, 'with its own totals');
like($p{'xl/worksheets/sheet2.xml'}, qr/<f>SUM\(C7:C7\)<\/f><v>300<\/v>.*<f>SUM\(D7:D7\)<\/f><v>5.55<\/v>/, 'and the next with its own');
like($p{'xl/worksheets/sheet3.xml'}, qr/<pageSetup [^>]*orientation="portrait".*第 &amp;P 页/s, 'and pages');
is(scalar(() = $p{'xl/workbook.xml'} =~ /_xlnm.Print_Titles[^>]*>'?[^<]*!\$5:\$6/g), 3, 'heads are repeated on each');
like($p{'xl/worksheets/sheet1.xml'}, qr/2020年6月　西湖镇.*<mergeCell ref="A5:A6"\/>/s, 'the line above says which');
%p = book(q{aidcase.xlsx('VALUES (1, ''a''), (2, ''a''), (3, ''b'')', '{"split": "column2"}')});
is(join(' ', $p{'xl/workbook.xml'} =~ /<sheet name="([^"]*)"/g), 'a b 说明 About', 'a list on sheets');
like($p{'xl/worksheets/sheet2.xml'}, qr/<c r="A2"[^>]*><v>3<\/v>.*<autoFilter ref="A1:B2"/s, 'each with its rows');
like($p{'xl/worksheets/sheet1.xml'}, qr/<oddHeader>&amp;R演练 Rehearsal</, 'marked as a rehearsal\'s');
like($p{'xl/worksheets/sheet3.xml'}, qr/known_at.*Checkpoint.*\{"split": "column2"\}.*VALUES/s, 'and one that says where they are from');

# Languages.
my $en = q{(SELECT w.b FROM (SELECT set_config('aidcase.language', '%s', true) AS s OFFSET 0) AS l, LATERAL (SELECT CASE WHEN l.s <> '' THEN aidcase.workbook('town_aid', '2020-06') END AS b) AS w)};
%p = book(sprintf($en, 'en'));
like($p{'xl/workbook.xml'}, qr/name="Charts".*name="说明 About"/s, 'in English the sheets have English names');
like($p{'xl/sharedStrings.xml'}, qr/>Households</, 'the heads are English');
unlike($p{'xl/sharedStrings.xml'}, qr/>户数|合计|填报单位：/, 'and not Chinese');
like($p{'xl/worksheets/sheet1.xml'}, qr/Page &amp;P of &amp;N/, 'pages, too');
%p = book(sprintf($en, 'zh'));
like($p{'xl/sharedStrings.xml'}, qr/>合计</, 'in Chinese the total is Chinese');
unlike($p{'xl/sharedStrings.xml'}, qr/>Households<|Total/, 'and only Chinese');

#
# The command.
#
$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;
$ENV{PGDATABASE} = 'postgres';
my $home = getcwd;
chdir $dir or die;

command_like([ 'sh', $export, '--help' ], qr/^usage: export/, 'help');
command_like([ 'sh', $export, '--list' ], qr/^town_aid\tmonth\t/m, 'list');
command_like([ 'sh', $export, 'town_aid', '2020-06' ], qr/^town_aid-2020-06\.xlsx$/, 'export');
my %from_file = unpack_book(slurp_file('town_aid-2020-06.xlsx'));
is_deeply(\%from_file, { book(q{aidcase.workbook('town_aid', '2020-06')}) }, 'the file is the workbook');
is((stat('town_aid-2020-06.xlsx'))[2] & 0777, 0600, 'for its owner alone');
command_like([ 'sh', $export, '-d', $node->connstr('postgres'), '-k', '2020-07-01 00:00+08', '-o', 'o k.xlsx', 'town_aid', '2020-06' ],
	qr/^o k\.xlsx$/, 'with a connection string, a point in time and a name');
command_exit_is([ 'sh', $export, 'nothing', '2020-06' ], 1, 'a report that does not exist');
command_exit_is([ 'sh', $export, "x'; DROP SCHEMA aidcase CASCADE; --", '2020-06' ], 1, 'an injection');
command_exit_is([ 'sh', $export, 'town_aid' ], 2, 'no period');
command_exit_is([ 'sh', $export, '--colour' ], 2, 'an option that does not exist');
command_exit_is([ 'sh', $export, '-d', 'host=/nowhere', 'town_aid', '2020-06' ], 3, 'no connection');
command_exit_is([ 'sh', $export, '-o', '/nowhere/x.xlsx', 'town_aid', '2020-06' ], 4, 'no directory');
is_deeply([ sort glob('*.xlsx') ], [ 'o k.xlsx', 'town_aid-2020-06.xlsx' ], 'no other file is left');
command_like([ 'sh', $export, '--csv', '-o', '-', 'town_sheets', '2020-06' ],
	qr/\Atown,name,base,addon\n西湖镇,乙,200.20,0\n西湖镇,甲,100.10,20\n天井\/湖,丙,300.00,5.55\n,丁,1,2\n\z/, 'rows as CSV');
command_like([ 'sh', $export, '--json', 'town_list', '2020-Q2' ], qr/^town_list-2020-Q2\.json$/, 'rows as JSON');
like(slurp_file('town_list-2020-Q2.json'), qr/\A\[\{"no":1,"place":"=1\+1","urban":true,"best":3\}/, 'an object a row');
command_exit_is([ 'sh', $export, '--json', 'town_list', '2020-06' ], 1, 'a period of another kind');
command_exit_is([ 'sh', $export, '--csv', '-k', "2020-01-01'); DROP TABLE x; --", 'town_list', '2020-Q2' ], 1, 'an injection in a time');
command_exit_is([ 'sh', $export, '--csv', "x'; DROP SCHEMA aidcase CASCADE; --", '2020-06' ], 1, 'and in a name');
command_exit_is([ 'sh', $export, '--csv', '--json', 'town_list', '2020-Q2' ], 2, 'two forms at once');
command_exit_is([ 'sh', $export, '--all', '2020-6' ], 2, 'all reports of no period');
command_exit_is([ 'sh', $export, '--all', '2020-06', '340705', 'x' ], 2, 'too much');
command_exit_is([ 'sh', $export, '--all', '2020-06-30' ], 1, 'there is no report for a day');
# Numbers and accounts are read for a purpose, which is kept.
my $kept = q{SELECT coalesce(string_agg(concat_ws(' ', what, period, purpose, lines, sha256 IS NOT NULL), E'\n' ORDER BY reading_id), '') FROM aidcase.sensitive_reading};
my $of = '发放社会救助资金 / payment of social assistance';
command_like([ 'sh', $export, '--csv', '-o', '-', 'payment_roll', '2020-06' ], qr/\Aplace,village,.*account_no\n\z/, 'a payment roll as CSV');
command_ok([ 'sh', $export, '--json', '-p', "it's the audit", '-o', '-', 'payment_roll', '2020-06' ], 'as JSON for a purpose');
command_ok([ 'sh', $export, '--purpose=年度核查', '-o', 'roll.xlsx', 'payment_roll', '2020-06' ], 'as a workbook for another');
is($node->safe_psql('postgres', $kept), "report_payment_roll 2020-06-30 $of 0 f\nreport_payment_roll 2020-06-30 it's the audit 0 f\nreport_payment_roll 2020-06 年度核查 0 t",
	'each reading is kept with its purpose');
unlink 'roll.xlsx';
my $log = $node->logfile =~ m{^/} ? $node->logfile : "$home/" . $node->logfile;
my $log_at = -s $log;
$node->safe_psql('postgres', q{BEGIN; SELECT * FROM aidcase.payment_list('2020-06-01', '试读'); ROLLBACK});
like(slurp_file($log, $log_at), qr/LOG:  aidcase: 0 lines of personal data read by "[^"]+" \(staff none\), payment_list 2020-06, for: 试读\n/, 'who takes back the reading is in the log of the server');
is(scalar(() = $node->safe_psql('postgres', $kept) =~ /\n/g), 2, 'but not in the register');
mkdir 'all books' or die;
# those of the register are in it, too; one of them, made unusable, leaves the others
my $monthly = $node->safe_psql('postgres', q{SELECT string_agg(name, ' ' ORDER BY name) FROM aidcase.report_list() WHERE period_kind = 'month'});
command_like([ 'sh', $export, '--all', '-o', 'all books', '2020-06' ], qr/^all books\/dibao_monthly-2020-06\.xlsx\n.*^all books\/town_sheets-2020-06\.xlsx$/ms, 'all monthly workbooks at once');
is(join(' ', map { s/-2020-06\.xlsx$//r } map { s{^all books/}{}r } sort glob('"all books/*"')), $monthly, 'each has its file');
%from_file = unpack_book(slurp_file('all books/town_aid-2020-06.xlsx'));
is_deeply(\%from_file, { book(q{aidcase.workbook('town_aid', '2020-06')}) }, 'the same as one alone');
unlink glob('"all books/*"');
$node->safe_psql('postgres', 'DROP FUNCTION aidcase.report_town_aid(date, text, timestamptz)');
command_checks_all([ 'sh', $export, '--all', '-o', 'all books', '2020-06' ], 1, [ qr/town_sheets-2020-06\.xlsx/ ], [ qr/not made: town_aid$/m ],
	'one that cannot be made is named');
ok(-e 'all books/town_sheets-2020-06.xlsx' && !-e 'all books/town_aid-2020-06.xlsx', 'the others are there');
is_deeply([ glob('"all books/.export.*"') ], [], 'and nothing else');
is_deeply([ glob('.export.*') ], [], 'nor a temporary one');
chdir $home or die;

#
# Nothing is left in the server either, by whoever is cancelled.
#
my (undef, undef, $told) = $node->psql('postgres', q{SELECT length(aidcase.xlsx('SELECT 1 FROM generate_series(1, 250000)'))});
like($told, qr/NOTICE:  100000 rows written\n.*NOTICE:  200000 rows written/s, 'who waits is told how far it is');
my $app = 'to be cancelled';
my $h = IPC::Run::start([ 'psql', '-X', '-q', '-d', $node->connstr('postgres') . " application_name='$app'", '-c',
	q{SELECT length(aidcase.xlsx('SELECT i, repeat(''x'', 1000) FROM generate_series(1, 100000000) AS i'))} ],
	'>', \my $said, '2>', \my $refused);
ok($node->poll_query_until('postgres', q{SELECT count(*) >= 1 FROM pg_ls_tmpdir()}), 'a long list is being written');
$node->safe_psql('postgres', "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = '$app'");
$h->finish;
like($refused, qr/canceling statement due to user request/, 'and is cancelled');
is($node->safe_psql('postgres', 'SELECT count(*) FROM pg_ls_tmpdir()'), '0', 'which leaves no temporary file');
is($node->safe_psql('postgres', q{
	DO $$
	BEGIN
	    FOR i IN 1..200 LOOP
	        BEGIN
	            PERFORM aidcase.xlsx('SELECT 1 / (3 - i) FROM generate_series(1, 5) AS i');
	        EXCEPTION WHEN division_by_zero THEN NULL;
	        END;
	    END LOOP;
	END $$;
	SELECT count(*) FROM pg_ls_tmpdir();}), '0', 'errors leave no temporary file');

$node->stop;
done_testing();
