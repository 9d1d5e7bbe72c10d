# What the papers look like: each is printed by a browser to PDF and as a
# picture.  pgTAP sees text only, so this is here.
use strict;
use warnings;
use Cwd qw(abs_path);
use FindBin;
my %server;
BEGIN { $server{$_} = $ENV{$_} for grep { defined $ENV{$_} } qw(PGHOST PGPORT PGUSER); }   # the next line forgets them
use PostgreSQL::Test::Utils;
use Test::More;

my ($browser) = grep { -x $_ } qw(/usr/bin/chromium /usr/bin/chromium-browser /usr/bin/google-chrome);
plan skip_all => 'no Chromium here' unless $browser;

# the shared database has the register, the logins and the household's road
$ENV{$_} = $server{$_} for keys %server;
my $dir = abs_path(PostgreSQL::Test::Utils::tempdir);
$ENV{HOME} = $dir;     # where the browser may write
my ($out, $err);
ok(IPC::Run::run([ 'psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', 'aidcase_test', '-f', '-' ],
		'<', \<<SQL, '>', \$out, '2>', \$err), 'every kind of paper is made') or diag($err);
SET client_min_messages = warning;
SET search_path = aidcase, tap, public;
BEGIN;
\\o /dev/null
\\i $FindBin::Bin/../parts/household.sql
\\i $FindBin::Bin/../parts/papers.sql
\\o
SELECT kind || ' ' || encode(convert_to(page, 'UTF8'), 'base64') || '.' FROM paper;
ROLLBACK;
SQL

my %page;
while ($out =~ /^(\w+) ([A-Za-z0-9+\/=\s]+)\.$/mg)
{
	require MIME::Base64;
	$page{$1} = MIME::Base64::decode_base64($2);
}
my %expected = (     # words that only this paper has; lines of a table stay together
	acceptance => [ '受理通知书', '西湖镇救受〔2021〕1号', '7个工作日' ],
	missing_papers => [ '一次性补正材料告知书', '收入证明' ],
	authorisation => [ '核对授权书', '签名(按手印)' ],
	visit_form => [ '入户调查表', '如实' ],
	review_form => [ '审核确认表', '收支测算', '联审联批' ],
	decision => [ '审核确认决定书', '行政复议' ],
	refusal => [ '不予确认决定书', '不低于当地最低生活保障标准' ],
	publicity => [ '审核确认公示', '公示期自2021年4月9日' ],
	change => [ '待遇变更通知书', '变更前' ],
	transfer_list => [ '救助关系转移清单', '芜湖市镜湖区' ],
	stop => [ '待遇停止告知书', '2021年5月18日' ],
	minutes => [ '联审联批会议纪要', '西湖镇联审联批小组' ]);
is(join(' ', sort keys %page), join(' ', sort keys %expected), 'one of each kind');

my @start = ($browser, '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
	'--disable-background-networking', '--disable-component-update', '--disable-sync', '--hide-scrollbars',
	"--user-data-dir=$dir/profile");

for my $kind (sort keys %page)
{
	my $file = "$dir/$kind.html";
	append_to_file($file, $page{$kind});
	IPC::Run::run([ @start, '--no-pdf-header-footer', "--print-to-pdf=$dir/$kind.pdf", "file://$file" ], '>', \$out, '2>', \$err);
	ok(-s "$dir/$kind.pdf", "$kind is printed") or diag(grep { !/dbus/ } split /^/, $err);
	IPC::Run::run([ 'pdfinfo', "$dir/$kind.pdf" ], '>', \$out, '2>', \$err);
	like($out, qr/^Page size:\s+59[45](\.\d+)? x 84[12]/m, "$kind: on A4");
	like($out, qr/^Pages:\s+1$/m, "$kind: one page");
	unlike($out, qr/^Title:\s+x$/m, "$kind: no script of a name has run");
	IPC::Run::run([ 'pdftotext', '-layout', "$dir/$kind.pdf", '-' ], '>', \$out, '2>', \$err);
	(my $text = $out) =~ s/\s+//g;
	for my $words (@{ $expected{$kind} }, '档案号', '盖章处' x ($kind !~ /authorisation|visit_form/))
	{
		(my $plain = $words) =~ s/\s+//g;
		ok(index($text, $plain) >= 0, "$kind: $words") or diag($out);
	}
	next if $kind =~ /refusal|transfer_list/;     # of other households
	ok(index($text, '<script>') >= 0, "$kind: a name is printed as it is written")
	  unless $kind =~ /publicity|minutes/ && $text !~ /script/;
}

# AIDCASE_PAPERS=FOLDER keeps them, to be looked at
IPC::Run::run([ 'sh', '-c', 'mkdir -p "$1" && cp "$2"/*.html "$2"/*.pdf "$1"', 'sh', $ENV{AIDCASE_PAPERS}, $dir ]) if $ENV{AIDCASE_PAPERS};

# the picture: a page of ink and paper
IPC::Run::run([ @start, '--window-size=794,1123', "--screenshot=$dir/decision.png", "file://$dir/decision.html" ], '>', \$out, '2>', \$err);
open(my $picture, '<:raw', "$dir/decision.png") or die "no picture: $!";
read($picture, my $head, 4);
is($head, "\x89PNG", 'a picture of the decision');
cmp_ok(-s "$dir/decision.png", '>', 20_000, 'with something on it');

done_testing();
