# The synthetic district for tests: a cluster of its own that runs from a seed.
package District;
use strict;
use warnings;

use Exporter 'import';
use File::Basename;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(district_steps run_district);
my $here = dirname(__FILE__);

# The commands of psql that make a district, in order; [] stands for the end
# of a month.
sub district_steps
{
	my ($seed, $households, $months) = @_;
	return ([ '-f', "$here/../district/open.sql" ],
		[ '-v', "seed=$seed", '-v', "households=$households", '-v', "months=$months", '-f', "$here/../district/plan.sql" ],
		[ '-f', "$here/../district/run.sql" ],
		[ '-U', 'demo_admin', '-c', 'CALL district.enrol()' ],
		map { ([ '-U', 'demo_town', '-c', "CALL district.town_month($_)" ],
			[ '-U', 'demo_bureau', '-c', "CALL district.bureau_month($_)" ],
			[ '-U', 'demo_payer', '-c', "CALL district.payer_month($_)" ],
			[]) } 0 .. $months - 1);
}

# run_district(node, seed, households, months, sub): the database "district" in
# a running cluster; calls sub with the number of each month that is over,
# before the checkers go out.
sub run_district
{
	my ($node, $seed, $households, $months, $over) = @_;
	my @psql = ('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('district'));
	my $name = $node->name;
	my $m = 0;

	$node->safe_psql('postgres', 'CREATE DATABASE district TEMPLATE template0 ENCODING \'UTF8\'');
	for my $step (district_steps($seed, $households, $months))
	{
		if (@$step)
		{
			my ($out, $err);
			ok(IPC::Run::run([ @psql, @$step ], '>', \$out, '2>', \$err), "$name: " . basename($step->[-1])) or die $err;
			next;
		}
		$over->($m) if defined $over;
		command_ok([ @psql, '-U', 'demo_checker', '-c', "CALL district.checker_month($m)" ], "$name: checkers, month $m");
		$m++;
	}
	return;
}

1;
