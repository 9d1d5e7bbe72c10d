# What README.md prints must work as printed: the installation in a database
# of its own, the road of one household in one psql session, the refusals word
# for word, and the statements of the chapters under the logins that they
# name.  README.zh-CN.md must print the same statements.
#
# A comment line before a fenced block says what the block is:
#
#   <!-- install -->          superuser, one session, a fresh cluster
#   <!-- road -->             pooled login of the towns, one session
#   <!-- refusal -->          text that the road block before it must print
#   <!-- run: LOGIN -->       a session of its own, after the road
#   <!-- python: LOGIN -->    fed with the certificate of the last draw
use strict;
use warnings;

use File::Basename;
use lib dirname(__FILE__);
use District;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $here = dirname(__FILE__);
my $top = "$here/../..";
my $months = 3;

# The marked blocks of a file, in order: [ kind, login, text ].
sub blocks
{
	my ($file) = @_;
	my @found;

	my $text = slurp_file($file);
	while ($text =~ /^<!-- (\w+)(?:: (\w+))? -->\n```\w+\n(.*?)^```$/msg)
	{
		push @found, [ $1, $2, $3 ];
	}
	return @found;
}

my @blocks = blocks("$top/README.md");

# Without what differs by language: alignment and words of SQL comments.
sub statements
{
	my @lines;
	for my $block (@_)
	{
		(my $text = $block->[2]) =~ s/\s*--\s.*$//mg;
		push @lines, "$block->[0] " . ($block->[1] // '') . "\n$text";
	}
	return join("\n", @lines);
}
is(statements(blocks("$top/README.zh-CN.md")), statements(@blocks), 'both languages print the same statements');

my $node = PostgreSQL::Test::Cluster->new('readme');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', "fsync = off\n");
$node->start;

# psql, as somebody at a terminal: what it prints to its error output is
# returned without the place in the script.
sub psql
{
	my ($database, $login, $script) = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run(
		[ 'psql', '-X', '-q', '-d', $node->connstr($database) . " user=$login" ],
		'<', \$script, '>', \$out, '2>', \$err);
	$err =~ s/^psql:<stdin>:\d+: //mg;
	$err =~ s/^NOTICE:  installing required extension "btree_gist"\n//m;
	return ($out, $err);
}

# What a checking program says to a certificate.
sub checked
{
	my ($script, $certificate) = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run([ 'python3', $script ], '<', \$certificate, '>', \$out, '2>', \$err);
	return $out;
}

# The superuser is called postgres in the text.
my $superuser = $node->safe_psql('postgres', 'SELECT current_user');
$node->safe_psql('postgres', 'CREATE ROLE postgres SUPERUSER LOGIN') if $superuser ne 'postgres';

sub of_kind
{
	my @kinds = @_;
	return grep { my $block = $_; grep { $block->[0] eq $_ } @kinds } @blocks;
}

#
# Installation.
#
my ($out, $err) = psql('postgres', 'postgres', join("\n", map { $_->[2] } of_kind('install')));
is($err, '', 'the installation works as printed');
is($node->safe_psql('shehuijiuzhu', "SELECT purpose, aidcase.parameter('dibao_standard', '340705100', '2026-08-01', 'dibao', 'rural') FROM aidcase.register"),
	'live|790', 'a live register with the parameter that was set');
like($out, qr/^\s*XH-01$/m, 'the pooled login acts for the member of staff');
(undef, $err) = psql('shehuijiuzhu', 'postgres', 'DROP EXTENSION aidcase');
like($err, qr/cannot drop extension aidcase because other objects depend on it/, 'the extension cannot be dropped');
(undef, $err) = psql('shehuijiuzhu', 'postgres', "SET aidcase.clock = '2021-04-06 09:00+08'; SELECT aidcase.today()");
like($err, qr/the clock of a live register cannot be moved/, 'the clock of a live register cannot be moved');
(undef, $err) = psql('shehuijiuzhu', 'counter', "SELECT aidcase.advance(1, 'accept')");
like($err, qr/^ERROR/, 'without act_as() a pooled login moves nothing');

#
# The demo, small, and the road.
#
run_district($node, 'readme', 60, $months);

($out, $err) = psql('district', 'demo_town', join("\n", map { $_->[2] } of_kind('road')));
is($err, join('', map { $_->[2] } of_kind('refusal')), 'the road works, and is refused in the words printed');
is(scalar(() = join("\n", map { $_->[2] } of_kind('road')) =~ /^COMMIT;$/mg), 10, 'in ten transactions');
like($out, qr/\| current\s+\| 1179\.80 \|/, 'the household is on the payment list with the amount printed');
is($node->safe_psql('district', q{SELECT r.state, a.amount, a.months FROM aidcase.case_round AS r
	JOIN aidcase.award AS a USING (round_id) WHERE r.outside_key = 'counter-2022-0417'}),
	'published|1179.80|[2022-07-01,)', 'its round is published and it has its award');

#
# The chapters.
#
for my $block (of_kind('run', 'python'))
{
	my ($kind, $login, $text) = @$block;
	my ($title) = $text =~ /^(.*\S.*)$/m;

	if ($kind eq 'run')
	{
		($out, $err) = psql('district', $login, $text);
		is($err, '', "$login: $title");
		next;
	}
	my $script = PostgreSQL::Test::Utils::tempdir . '/check_draw.py';
	append_to_file($script, $text);
	for my $draw ('ORDER BY frame_size DESC', 'ORDER BY draw_id DESC')
	{
		my ($certificate) = psql('district', $login,
			"\\pset format unaligned\n\\pset tuples_only on\n"
			  . "SELECT aidcase.draw_certificate((SELECT draw_id FROM aidcase.draw $draw LIMIT 1));");
		like(checked($script, $certificate), qr/^[1-9]\d* of \d+ drawn, as the certificate says$/,
			"the certificate is checked without the register: $draw");
		(my $false = $certificate) =~ s/("frame_root": ")[0-9a-f]{4}/$1abcd/;
		is(checked($script, $false), '', 'one with another root is found out');
		next if $draw !~ /frame_size/;
		my ($seed) = $certificate =~ /"seed": "(\d+)"/;
		my $other = reverse($seed);
		($false = $certificate) =~ s/"seed": "\d+"/"seed": "$other"/;
		is(checked($script, $false), '', 'one with another seed, too');
	}
}
is($node->safe_psql('district', q{SELECT string_agg(state, ',') FROM aidcase.payment_roll WHERE roll_month = '2022-07-01'}),
	'paid', 'the roll of the road is paid');
is($node->safe_psql('district', 'SELECT added FROM aidcase.conflict_sweep()'), '0', 'the sweep adds no flag');

$node->stop;
done_testing();
