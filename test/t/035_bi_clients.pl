# The BI schema as programs find it: every view is read through psql and, where
# its driver is installed, through ODBC, by a login that can only read, and
# both get the same rows.  pgTAP runs inside the server, so this is here.
use strict;
use warnings;
use File::Basename;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('bi');
$node->init(extra => [ '--encoding=UTF8', '--locale=C.UTF-8' ]);
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
$node->safe_psql('postgres', slurp_file(dirname(__FILE__) . '/../fixture.sql'));
$node->safe_psql('postgres', q{
	CREATE ROLE bi_reader LOGIN IN ROLE aidcase_bureau;
	ALTER ROLE bi_reader SET default_transaction_read_only = on;});

sub reader
{
	my ($sql) = @_;
	return $node->safe_psql('postgres', $sql, extra_params => [ '-U', 'bi_reader' ]);
}

my %rows;
for my $view (split(/\n/, reader(q{SELECT DISTINCT view_name COLLATE "C" FROM aidcase_bi.contract ORDER BY 1})))
{
	$rows{$view} = reader("SELECT count(*) FROM (SELECT * FROM aidcase_bi.$view OFFSET 0) AS v");
	like($rows{$view}, qr/^\d+$/, "$view is read by psql");
}
cmp_ok(scalar(keys %rows), '>=', 15, 'all views');
cmp_ok($rows{dim_unit}, '>', 20, 'with rows');
my ($status, $out, $err) = $node->psql('postgres', 'DELETE FROM aidcase.label', extra_params => [ '-U', 'bi_reader' ]);
like($err, qr/read-only transaction/, 'the reader cannot write');

my ($isql) = grep { -x } map { "$_/isql" } split(/:/, $ENV{PATH});
my ($driver) = grep { -e } glob('/usr/lib/*/odbc/psqlodbcw.so /usr/lib64/psqlodbcw.so');
SKIP:
{
	skip 'no ODBC driver for PostgreSQL is installed', 1 unless defined $isql && defined $driver;
	my $source = "DRIVER=$driver;Servername=" . $node->host . ';Port=' . $node->port . ';Database=postgres;UID=bi_reader;PWD=none';
	for my $view (sort keys %rows)
	{
		my ($text, $refused);
		IPC::Run::run([ $isql, '-k', $source, '-b', '-d|' ], '<', \"SELECT * FROM aidcase_bi.$view\n", '>', \$text, '2>', \$refused);
		is(scalar(() = $text =~ /\n/g), $rows{$view}, "$view is read through ODBC") or diag($refused);
	}
}

$node->stop;
done_testing();
