# The build of the extension script: what is wrong in a file stops it with the
# file, the line and the reason, and nothing half-built is left for install.
use strict;
use warnings;

use File::Basename;
use PostgreSQL::Test::Utils;
use Test::More;

my $top = dirname(__FILE__) . '/../..';
my $copy = "$PostgreSQL::Test::Utils::tmp_check/tree";
mkdir $copy or die "$copy: $!";
system('cp', '-R', "$top/sql", "$top/reports", $copy) == 0 or die 'cp failed';

sub build
{
	my ($out, $err) = run_command([ 'perl', "$copy/sql/build.pl", "$copy/", '0.1.0' ]);
	return ($out, $err);
}

sub write_file
{
	my ($file, $text) = @_;
	open(my $out, '>:raw', $file) or die "$file: $!";
	print $out $text;
	close($out);
}

my ($script, $errors) = build();
is($errors, '', 'the tree builds');
like($script, qr/CREATE FUNCTION citizen_id_in/, 'members are in the script');
like($script, qr/blueprint \(part_no, room, kind, since, body\)/, 'so is the blueprint');
is((build())[0], $script, 'the script is the same each time');

my $good = slurp_file("$copy/sql/data/programme.csv");
my $header = (split(/\n/, $good))[0];
my $width = 1 + ($header =~ tr/,//);
my $record = join(',', ('x') x $width);
for my $case (
	[ 'a quote not closed', "$header\n\"dibao,x,y,true,true,living,2,1\n", qr{programme\.csv:2: a quote is not closed} ],
	[ 'a quote inside a field', "$header\ndi\"bao,x,y,true,true,living,2,1\n", qr{programme\.csv:2: a quote is not closed, or stands inside} ],
	[ 'a field too many', "$header\n$record\n$record,1\n", qr{programme\.csv:3: @{[$width + 1]} fields, not $width} ],
	[ 'a field too few after a line break in quotes', "$header\n" . ($record =~ s/x/"x\ny"/r) . "\ntekun,x\n", qr{programme\.csv:4: 2 fields, not $width} ],
	[ 'no header', '', qr{programme\.csv:1: there is no header} ],
	[ 'a column without a name', "programme,,label_en\ndibao,x,y\n", qr{programme\.csv:1: a column has no name} ],
	[ 'another encoding', "$header\ndibao,\xd7\xee\xb5\xcd,y,true,true,living,2,1\n", qr{programme\.csv:1: the file is not valid UTF-8} ])
{
	my ($what, $text, $reason) = @$case;
	write_file("$copy/sql/data/programme.csv", $text);
	my ($out, $err) = build();
	like($err, $reason, "$what: file, line and reason");
}
write_file("$copy/sql/data/programme.csv", $good);

write_file("$copy/reports/broken.sql", "-- name: broken\nSELECT 1\n");
like((build())[1], qr{broken\.sql:2: header key "column" is missing}, 'a broken report stops the build');
for my $case (
	[ '-- check: persons = nobody', 'the check names column "nobody", which does not exist' ],
	[ '-- check: persons = place', 'the check\'s column "place" is not a number' ],
	[ '-- check: persons > urban', 'a check must be sums of columns with "=" or "<=" between them' ])
{
	my ($line, $reason) = @$case;
	my $text = slurp_file("$copy/reports/tekun_monthly.sql");
	$text =~ s/^-- name: tekun_monthly/-- name: broken/;
	$text =~ s/report_tekun_monthly/report_broken/g;
	$text =~ s/^-- check: persons = urban \+ rural$/$line/m or die 'the check is not there';
	my $at = 1 + ($` =~ tr/\n//);
	write_file("$copy/reports/broken.sql", $text);
	like((build())[1], qr{broken\.sql:$at: \Q$reason}, "$line: file, line and reason");
}
for my $case (
	[ 's/^-- report$/-- report\n-- report/m', qr{broken\.sql:\d+: there is more than one report} ],
	[ 's/^WITH period/SELECT 1;\nWITH period/m', qr{broken\.sql:\d+: what report and drill have in common must begin with WITH} ],
	[ 's/ORDER BY e\.unit_code, c\.column_name.*//s', qr{broken\.sql:\d+: the drill must end with ORDER BY} ])
{
	my ($change, $reason) = @$case;
	my $text = slurp_file("$copy/reports/tekun_monthly.sql");
	$text =~ s/^-- name: tekun_monthly/-- name: broken/;
	eval '$text =~ ' . $change . '; 1' or die $@;
	write_file("$copy/reports/broken.sql", $text);
	like((build())[1], $reason, "$change: file, line and reason");
}
unlink "$copy/reports/broken.sql";

is((build())[0], $script, 'all is well again');
done_testing();
