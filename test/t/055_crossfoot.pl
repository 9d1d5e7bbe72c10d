# The reports of a district over two years, held against its cases, payments
# and months (parts/crossfoot.sql): every total equals its parts, every cell
# its drilled list, the flow closes from month to month, and restating the
# past gives the past.  HOUSEHOLDS and MONTHS set the size; RESTATE=1 restates
# every month instead of every fourth one.
use strict;
use warnings;

use File::Basename;
use lib dirname(__FILE__);
use District;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $here = dirname(__FILE__);
my $households = $ENV{HOUSEHOLDS} || 150;
my $months = $ENV{MONTHS} || 24;
my $every = $ENV{RESTATE} || 4;

my $node = PostgreSQL::Test::Cluster->new('crossfoot');
$node->init(extra => [ '--encoding=UTF8', '--locale=C.UTF-8' ]);
$node->append_conf('postgresql.conf', "fsync = off\nshared_buffers = 256MB\njit = off\nautovacuum = on");
$node->start;

sub month { return sprintf('%d-%02d-01', 2021 + int((3 + $_[0]) / 12), (3 + $_[0]) % 12 + 1); }

# Runs SQL as the superuser, the clock a week after the last month.
my ($year, $last) = month($months) =~ /(\d+)-(\d+)/;
sub now
{
	my ($sql) = @_;
	return $node->safe_psql('district', "SET client_min_messages = warning; SET aidcase.clock = '$year-$last-08 18:00+08';\n$sql",
		timeout => 3600);
}
my $since = time;
my $loaded = 0;
run_district($node, 'tongguan', $households, $months, sub {
	my ($m) = @_;
	$node->safe_psql('district', "\\i $here/../parts/crossfoot.sql") unless $loaded++;
	# three reports are issued as they are each month
	$node->safe_psql('district', sprintf(q{SET client_min_messages = warning; SET aidcase.clock = '%s 07:00+08';
		SELECT length(aidcase.workbook(r, '%s')) FROM unnest('{dibao_monthly,flow_monthly,payment_summary}'::text[]) AS r},
		month($m + 1), month($m) =~ s/-01$//r), extra_params => [ '-U', 'demo_bureau' ]);
	$node->safe_psql('district', "CALL crossfoot.take('" . month($m) . "')");
});
note(sprintf('%d households, %d months: made in %d s', $households, $months, time - $since));
$since = time;
$node->safe_psql('district', 'VACUUM ANALYZE');

# What happened there, in two years: everything that moves a household.
is($months < 24 ? '' : now(q{SELECT string_agg(k, ' ') FROM (VALUES ('stop', (SELECT count(*) FROM aidcase.case_round WHERE round_kind = 'stop' AND decided_on IS NOT NULL)),
	('transfer', (SELECT count(*) FROM aidcase.case_round WHERE round_kind = 'transfer' AND decided_on IS NOT NULL)),
	('correction', (SELECT count(*) FROM aidcase.case_round WHERE round_kind = 'correction' AND decided_on IS NOT NULL)),
	('review', (SELECT count(*) FROM aidcase.case_round WHERE round_kind = 'review' AND decided_on IS NOT NULL)),
	('reassessed', (SELECT count(*) FROM aidcase.award WHERE reassessment_id IS NOT NULL)),
	('returned', (SELECT count(*) FROM aidcase.payment_return WHERE outcome = 'returned')),
	('reissue', (SELECT count(*) FROM aidcase.payment WHERE line_kind = 'reissue')),
	('closed', (SELECT count(*) FROM aidcase.payment_month))) AS v (k, n) WHERE n = 0}), '', 'households came, moved and went, the bank sent money back, months were closed');
is(now('SELECT count(*) FROM aidcase.verify_register()'), '0', 'the register verifies');

my $none = q{SELECT to_char(month, 'YYYY-MM'), report, what, left(detail, 300) FROM crossfoot.fault ORDER BY 1, 2, 3 LIMIT 30};
now(join("\n", map { sprintf(q{CALL crossfoot.check('%s');}, month($_)) } -1 .. $months - 1));
is(now($none), '', 'every month: cells are the sums of their cases, printed checks hold, other sources agree');
now('CALL crossfoot.join_months(); CALL crossfoot.check_money();');
is(now($none), '', 'months join, years add up, payments are what was awarded');
now(sprintf(q{CALL crossfoot.add_units('%s');}, month($months - 1)));
is(now($none), '', "the units' own reports add up to the district's");
note(sprintf('%d s', time - $since));
$since = time;
now(join("\n", map { sprintf(q{CALL crossfoot.restate('%s');}, month($_)) } grep { $_ % $every == 0 } 0 .. $months - 1));
is(now($none), '', 'restating the past gives the past; what changed since has a time, an entry and a person');
note(sprintf('restated in %d s', time - $since));
is(now(q{SELECT count(*) > 0 FROM crossfoot.said AS a JOIN crossfoot.said AS b USING (month, report, n)
	WHERE a.at = 'then' AND b.at = 'now' AND a.j <> b.j}), 't', 'some reports are not what they were');
is(now(sprintf(q{SELECT string_agg(r, ',') FROM unnest('{dibao_monthly,flow_monthly,payment_summary}'::text[]) AS r
	WHERE (SELECT jsonb_agg(to_jsonb(x)) FROM aidcase.restate(r, '%1$s') AS x) IS DISTINCT FROM
	      (SELECT jsonb_agg(to_jsonb(x)) FROM aidcase.restate(r, '%1$s', NULL, (SELECT sealed_at FROM crossfoot.taken WHERE month = '%1$s-01')) AS x)},
	month(1) =~ s/-01$//r)), '', 'restate() knows when a report was issued');
note(now(q{SELECT string_agg(format('%s %s', n, what), ', ' ORDER BY what) FROM crossfoot.done}));

# A column that never says anything may read a table that nobody fills.  These
# are of what this district does not play: leads, self-care, price subsidies.
my %silent = (
	check_hits_monthly => [qw(confirmed_exempt)],
	delegation_effect => [qw(before_days before_decided before_granted before_lower before_share before_upper)],
	dibao_monthly => [qw(month_other month_price year_other year_price)],
	filings_conflicts => [qw(closed confirmed explained filed_late officials unfiled void)],
	flow_monthly => [qw(exit_not_eligible exit_other exit_request other_class_in other_class_out)],
	funding_forecast => [qw(review_exits)],
	leads_monthly => [qw(assisted_already became_case case_rate closed declined found not_in_need open opening
		other_outcome)],
	payment_summary => [qw(arrears_amount care_amount deduction_amount other_amount price_amount)],
	spot_check => [qw(over over_lower proposal under under_lower under_upper)],
	tekun_monthly => [qw(centralised_full centralised_half centralised_self dispersed_full dispersed_half
		dispersed_self minors month_care month_other)],
	temp_assistance_monthly => [qw(expense_amount expense_persons expense_times)],
	timeliness_monthly => [qw(paused running)],
);
my %known = map { my $r = $_; map { ("$r.$_" => 1) } @{ $silent{$r} } } keys %silent;
is(join(' ', grep { $months >= 24 && !$known{$_} } split ' ', now(q{SELECT coalesce(string_agg(c, ' ' ORDER BY c COLLATE "C"), '') FROM (
	SELECT s.report || '.' || x.key AS c FROM crossfoot.said AS s CROSS JOIN LATERAL jsonb_each(s.j) AS x
	 WHERE s.at = 'now' GROUP BY s.report, x.key
	HAVING bool_and(x.value = 'null' OR jsonb_typeof(x.value) = 'number' AND (x.value #>> '{}')::numeric = 0)) AS q})), '',
	'every other column has something to say');

# All of this can fail: one forged payment, one forged award, one award, and one
# fact of an award, that somebody ended past the gate and the ledger.
my @forged = (
	[ 'a payment', q{UPDATE aidcase.payment SET base_amount = base_amount + 1, amount = amount + 1 WHERE payment_id = (SELECT min(payment_id) FROM aidcase.payment)},
		qr/^payments closed month$/m ],
	[ 'an award', q{UPDATE aidcase.award SET persons = persons + 1 WHERE award_id = (SELECT min(award_id) FROM aidcase.award WHERE programme = 'dibao' AND upper_inf(months))},
		qr/^persons of the awards /m ],
	[ 'the end of an award', sprintf(q{UPDATE aidcase.award SET months = daterange(lower(months), '%s') WHERE award_id = (
		SELECT min(a.award_id) FROM aidcase.award AS a WHERE programme = 'dibao' AND upper_inf(months) AND lower(months) < '%s')}, month($months - 1), month($months - 2)),
		qr/^award_fact award$/m ],
	[ 'what reports count of an award', sprintf(q{UPDATE aidcase.award_fact SET until = '%s' WHERE award_id = (
		SELECT min(a.award_id) FROM aidcase.award_fact AS a WHERE programme = 'dibao' AND until = 'infinity' AND from_month < '%s')}, month($months - 1), month($months - 2)),
		# the past, as the ledger has it, is not what was said then
		qr/^flow_monthly then$/m ]);
for (@forged)
{
	my ($what, $sql, $found) = @$_;
	$node->safe_psql('district', qq{SET client_min_messages = warning; SET aidcase.clock = '$year-$last-08 18:00+08';
		TRUNCATE crossfoot.fault; DELETE FROM crossfoot.said WHERE at = 'now'; DELETE FROM crossfoot.cell WHERE at = 'now';
		SET session_replication_role = replica; $sql; SET session_replication_role = origin;}, timeout => 600);
	now(join("\n", map { sprintf(q{CALL crossfoot.check('%s');}, month($_)) } $months - 2 .. $months - 1)
		. sprintf(q{CALL crossfoot.check_money(); CALL crossfoot.restate('%s');}, month($months - 1)));
	like(now(q{SELECT DISTINCT report || ' ' || what FROM crossfoot.fault}), $found, "$what, forged: it is found");
}

$node->stop;
done_testing();
