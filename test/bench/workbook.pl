# workbook.pl: xlsx() of a list against libxlsxwriter used directly in C.
#
# 100,000 rows of 12 mixed columns (AIDCASE_BENCH_ROWS) from a table, in
# interleaved rounds (AIDCASE_BENCH_ROUNDS); the C program workbook_direct.c,
# compiled here, makes its values up and writes the same cells.  Time is taken
# in the server, without sending the file; the ratio is that of processor
# time, which other work on the machine disturbs less.  Memory is the peak of the
# backend's private memory above what it had, and above the finished file,
# which it holds as a value; ten times the rows show whether it grows.
use strict;
use warnings;
use File::Basename;
use IPC::Open2;
use POSIX ();
use Time::HiRes qw(sleep);

my $rows = $ENV{AIDCASE_BENCH_ROWS} // 100000;
my $rounds = $ENV{AIDCASE_BENCH_ROUNDS} // 5;
my $temp = $ENV{AIDCASE_BENCH_TEMP} // '/tmp';
my $here = dirname(__FILE__);

system("cc -O2 -o '$temp/direct' '$here/workbook_direct.c' \$(pkg-config --cflags --libs xlsxwriter 2>/dev/null || echo -lxlsxwriter)") == 0
  or die "workbook_direct.c could not be compiled\n";

sub sql
{
	my ($text) = @_;
	open(my $pipe, '-|', 'psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-c',
		'SET client_min_messages = warning', '-c', $text) or die "psql: $!\n";
	my @lines = <$pipe>;
	close($pipe) or die "psql failed\n";
	chomp @lines;
	return @lines;
}

sub median
{
	my @sorted = sort { $a <=> $b } @_;
	return ($sorted[$#sorted / 2] + $sorted[@sorted / 2]) / 2;
}

sub make_table
{
	my ($n) = @_;
	sql(qq{DROP TABLE IF EXISTS bench_list;
		CREATE UNLOGGED TABLE bench_list AS
		SELECT i::bigint AS id, '3407052021' || lpad(i::text, 6, '0') AS case_no, '西湖镇第' || i % 40 || '村' AS place,
		       '户主' || i AS name, '最低生活保障'::text AS programme, i % 5 + 1 AS persons, date '2021-01-01' + i % 28 AS month,
		       (i % 90000 / 100.0)::numeric(14,2) AS base, (i % 7000 / 100.0)::numeric(14,2) AS addon,
		       ((i % 90000 + i % 7000) / 100.0)::numeric(14,2) AS amount, '6217000000000' || lpad(i::text, 6, '0') AS account,
		       i % 2 = 1 AS done
		  FROM generate_series(1, $n) AS i;
		CREATE OR REPLACE FUNCTION bench_workbook(OUT seconds double precision, OUT bytes bigint) LANGUAGE plpgsql AS \$\$
		DECLARE
		    started timestamptz := clock_timestamp();
		BEGIN
		    bytes := length(aidcase.xlsx('SELECT * FROM bench_list'));
		    seconds := extract(epoch FROM clock_timestamp() - started);
		END \$\$});
	sql('VACUUM ANALYZE bench_list');
}

# Seconds, bytes, processor seconds, and the peak of the backend's private memory in kB above
# its start.  It is asked for once with a short list first, so that what every
# session loads once is not counted.
sub in_server
{
	my $pid = open2(my $out, my $in, 'psql', '-X', '-q', '-A', '-t', '-F', ' ', '-v', 'ON_ERROR_STOP=1');
	print $in "SET client_min_messages = warning; SELECT length(aidcase.xlsx('SELECT * FROM bench_list LIMIT 10')); SELECT pg_backend_pid();\n";
	$in->flush;
	my $length = <$out>;
	chomp(my $backend = <$out>);
	my $private = sub {
		open(my $file, '<', "/proc/$backend/status") or return 0;
		my ($kb) = map { /^RssAnon:\s+(\d+)/ ? $1 : () } <$file>;
		return $kb // 0;
	};
	my $cpu = sub {
		open(my $file, '<', "/proc/$backend/stat") or return 0;
		my ($user, $system) = (split(/ /, (split(/\) /, <$file>))[1]))[11, 12];
		return ($user + $system) / POSIX::sysconf(&POSIX::_SC_CLK_TCK);
	};
	my $used = $cpu->();
	my $before = $private->();
	my $peak = $before;
	print $in "SELECT seconds, bytes FROM bench_workbook();\n";
	$in->flush;
	my $bits = '';
	vec($bits, fileno($out), 1) = 1;
	until (select(my $ready = $bits, undef, undef, 0.005))
	{
		my $kb = $private->();
		$peak = $kb if $kb > $peak;
	}
	chomp(my $answer = <$out>);
	$used = $cpu->() - $used;
	close($in);
	waitpid($pid, 0);
	return (split(/ /, $answer), $used, $peak - $before);
}

sub direct
{
	my ($n) = @_;
	my $answer = `'$temp/direct' $n '$temp/direct.xlsx'`;
	die "workbook_direct failed\n" if $?;
	return split(/\s+/, $answer);
}

make_table($rows);
my (@server, @direct, @server_cpu, @direct_cpu, @ratio, @memory, $bytes, $program);
for my $round (0 .. $rounds)
{
	my ($d, $d_cpu, $kb_direct) = direct($rows);
	my ($s, $b, $s_cpu, $kb) = in_server();
	next if $round == 0;         # warms up
	push @direct, $d;
	push @server, $s;
	push @direct_cpu, $d_cpu;
	push @server_cpu, $s_cpu;
	push @ratio, $s_cpu / $d_cpu;
	push @memory, $kb / 1024 - $b / 1048576;
	$bytes = $b;
	$program = $kb_direct / 1024;
}
printf "%d rows of 12 cells, %d rounds, PostgreSQL %s\n", $rows, $rounds, sql('SHOW server_version');
printf "%-28s %8.3f s of processor time, %.3f s elapsed, %.1f MB in all\n", 'libxlsxwriter in C', median(@direct_cpu), median(@direct), $program;
printf "%-28s %8.3f s of processor time, %.3f s elapsed, ratio %.2f (%s), goal 1.15\n", 'aidcase.xlsx()', median(@server_cpu), median(@server), median(@ratio),
  join(' ', map { sprintf('%.2f', $_) } @ratio);
printf "%-28s %8.1f MB (the file: %.1f MB), goal 16\n", 'its memory, the file apart', median(@memory), $bytes / 1048576;

my $many = $rows * 10 > 1000000 ? 1000000 : $rows * 10;
make_table($many);
my ($seconds, $size, undef, $kb) = in_server();
printf "%-28s %8.1f MB (the file: %.1f MB, %.1f s), goal 16\n", "with $many rows", $kb / 1024 - $size / 1048576, $size / 1048576, $seconds;
sql('DROP TABLE bench_list; DROP FUNCTION bench_workbook');
