#!/usr/bin/perl
# state_change: what enforcing and capturing a state change costs.
#
# One table of 22 columns and 4 indexes; a transaction changes the state,
# which is indexed, of one row.  Variants, each on a table of its own:
#
#   none      no trigger
#   b         history by hand: the whole typed row, and who wrote it when and
#             from where, is inserted into a history table with a key and an
#             index on the row's id by the same statement (the best that any
#             audit can do)
#   captured  numbered and captured by the ledger
#   enforced  the same, and the move is checked by the workflow engine
#   round     the same, and the row belongs to a case, which the engine locks
#
# Settings (environment): AIDCASE_BENCH_ROWS, _ROUNDS, _SECONDS, _CLIENTS
# ("2 16"), _VARIANTS ("none b captured enforced round"), _SYNC ("off on").
use strict;
use warnings;

my $rows = $ENV{AIDCASE_BENCH_ROWS} || 200_000;
my $rounds = $ENV{AIDCASE_BENCH_ROUNDS} || 5;
my $seconds = $ENV{AIDCASE_BENCH_SECONDS} || 4;
my @clients = split ' ', $ENV{AIDCASE_BENCH_CLIENTS} || '2 16';
my @syncs = split ' ', $ENV{AIDCASE_BENCH_SYNC} || 'off on';
my @variants = split ' ', $ENV{AIDCASE_BENCH_VARIANTS} || 'none b captured enforced round';
my $measured = 20_000;    # changes over which WAL is counted

sub sql
{
	my (@commands) = @_;
	my @args = map { ('-c', $_) } 'SET client_min_messages = warning', @commands;
	open(my $out, '-|', 'psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', @args)
	  or die "psql: $!\n";
	my $text = do { local $/; <$out> };
	close($out) or die "psql failed: @commands\n";
	chomp $text if defined $text;
	return $text;
}

sub median
{
	my @sorted = sort { $a <=> $b } @_;
	return @sorted % 2 ? $sorted[ $#sorted / 2 ]
	  : ($sorted[ @sorted / 2 - 1 ] + $sorted[ @sorted / 2 ]) / 2;
}

# ---------------------------------------------------------------- tables

my $columns = <<'END';
    round_id    bigint NOT NULL,
    file_id     bigint NOT NULL,
    unit_id     bigint NOT NULL,
    round_kind  text NOT NULL,
    round_no    integer NOT NULL,
    workflow_id bigint NOT NULL,
    state       text NOT NULL,
    channel     text NOT NULL,
    finder      text,
    outside_key text NOT NULL,
    first_contact_at timestamptz NOT NULL,
    handler_id  bigint NOT NULL,
    occurred_at timestamptz NOT NULL,
    moved_by    bigint,
    reason      text,
    accepted_on date,
    decided_on  date,
    meeting_id  bigint,
    residence   text NOT NULL,
    persons     smallint NOT NULL,
    amount      numeric(14,2),
    entry_no    bigint NOT NULL
END

my $update = "UPDATE aidcase.%s SET state = CASE state WHEN 'filed' THEN 'supplement' ELSE 'filed' END"
  . ' WHERE round_id = :id';
my %statement = (
	none => sprintf($update, 'bench_none'),
	b => 'WITH u AS (' . sprintf($update, 'bench_b') . ' RETURNING *)'
	  . ' INSERT INTO aidcase.bench_history (changed_at, operation, login, role, client, application, '
  . join(', ', $columns =~ /^\s+(\w+)/mg)
  . ") SELECT now(), 'U', session_user, current_user, inet_client_addr(),"
  . " current_setting('application_name'), u.* FROM u",
	captured => sprintf($update, 'bench_captured'),
	enforced => sprintf($update, 'bench_enforced'),
	round => sprintf($update, 'bench_round'));

my %workflow = (enforced => 2001, round => 2002);

sub make_empty
{
	my ($name) = @_;
	sql("CREATE TABLE aidcase.bench_$name (\n$columns, PRIMARY KEY (round_id))",
		"CREATE INDEX ON aidcase.bench_$name (unit_id, state)",
		"CREATE INDEX ON aidcase.bench_$name (file_id)",
		"CREATE UNIQUE INDEX ON aidcase.bench_$name (outside_key)");
}

sub make_table
{
	my ($name) = @_;
	make_empty($name);
	sql("INSERT INTO aidcase.bench_$name"
		  . " SELECT i, i, 1 + i % 11, 'application', 1, " . ($workflow{$name} || 0) . ","
		  . " 'filed', 'on_site', '网格员 ' || (i % 900), 'TL' || lpad(i::text, 12, '0'),"
		  . " timestamptz '2021-04-06 09:00+08' + i * interval '1 second', 100 + i % 40,"
		  . " timestamptz '2021-04-06 09:00+08' + i * interval '1 second', 100 + i % 40, '材料齐全,同意受理 ' || i % 1000,"
		  . " date '2021-04-06' + i % 300, date '2021-04-26' + i % 300, 1 + i / 12, 'urban', 1 + i % 5, (i % 90000) / 100.0, 0"
		  . " FROM generate_series(1, $rows) AS i");
}

# A table whose rows move under the engine, each along two states and back.
sub make_subject
{
	my ($name) = @_;
	make_table($name);
	if ($name eq 'round')
	{
		sql('ALTER TABLE aidcase.bench_round RENAME file_id TO case_id',
			"SET session_replication_role = replica",
			"INSERT INTO aidcase.aid_case (case_id, case_no, unit_id, village_id, residence, opened_on, entry_no)"
			  . " SELECT i, 'bench-' || i, 1 + i % 11, 1 + i % 11, 'urban', date '2021-04-06', 0 FROM generate_series(1, $rows) AS i",
			"RESET session_replication_role");
	}
	sql("SELECT aidcase.set_up_table('bench_$name')",
		qq{CREATE TRIGGER "~1_workflow" BEFORE INSERT OR UPDATE ON aidcase.bench_$name}
		  . ' FOR EACH ROW EXECUTE FUNCTION aidcase.enforce_workflow()',
		'BEGIN',
		"INSERT INTO aidcase.workflow (workflow_id, name, version, subject, posts, label_zh, label_en)"
		  . " VALUES ($workflow{$name}, 'bench_$name', 1, 'bench_$name', '{clerk}', '-', '-')",
		"INSERT INTO aidcase.workflow_state (workflow_id, state, kind, frozen, label_zh, label_en, sort)"
		  . " VALUES ($workflow{$name}, 'filed', 'initial', false, '-', '-', 1),"
		  . " ($workflow{$name}, 'supplement', 'normal', false, '-', '-', 2),"
		  . " ($workflow{$name}, 'closed', 'final', true, '-', '-', 3)",
		"INSERT INTO aidcase.workflow_transition (workflow_id, from_state, action, to_state, posts, label_zh, label_en)"
		  . " VALUES ($workflow{$name}, 'filed', 'ask_papers', 'supplement', '{clerk}', '-', '-'),"
		  . " ($workflow{$name}, 'supplement', 'papers_received', 'filed', '{clerk}', '-', '-'),"
		  . " ($workflow{$name}, 'filed', 'close', 'closed', '{clerk}', '-', '-')",
		"INSERT INTO aidcase.procedure_in_force (subject, workflow_id, valid)"
		  . " VALUES ('bench_$name', $workflow{$name}, '[2000-01-01,)')",
		'COMMIT');
}

sub set_up
{
	make_table('none');
	make_table('b');
	sql("CREATE TABLE aidcase.bench_history (history_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
		  . ' changed_at timestamptz NOT NULL, operation "char" NOT NULL, login text NOT NULL, role text NOT NULL,'
		  . " client inet, application text,\n$columns)",
		'CREATE INDEX ON aidcase.bench_history (round_id)');
	make_table('captured');
	sql("SELECT aidcase.set_up_table('bench_captured')");
	sql("INSERT INTO aidcase.staff (staff_no, name, login, employed) VALUES ('bench', 'bench', session_user, '[2000-01-01,)')",
		"INSERT INTO aidcase.staff_post (staff_id, unit_id, post, valid)"
		  . " SELECT staff_id, unit_id, 'clerk', '[2000-01-01,)' FROM aidcase.staff, aidcase.unit"
		  . " WHERE staff_no = 'bench' AND unit_code = '340705'");
	make_subject($_) for grep { $_ eq 'enforced' || $_ eq 'round' } @variants;
	sql('VACUUM ANALYZE', 'CHECKPOINT');
}

# ---------------------------------------------------------------- runs

sub pgbench
{
	my ($variant, $clients, $sync, @how) = @_;
	local $ENV{PGOPTIONS} = "-c synchronous_commit=$sync";
	my $threads = $clients < 2 ? 1 : 2;
	my $script = "$ENV{AIDCASE_BENCH_TEMP}/$variant.pgbench";
	open(my $file, '>', $script) or die "$script: $!\n";
	print $file "\\set id random(1, $rows)\n$statement{$variant};\n";
	close($file);
	my $text = qx{pgbench -n -M prepared -c $clients -j $threads @how -f $script 2>&1};
	die "$variant: $text" if $? != 0 || $text =~ /aborted|ERROR/;
	my ($tps) = $text =~ /tps = ([\d.]+)/ or die "no tps: $text";
	return $tps;
}

set_up();
printf "state change: %d rows, 22 columns, 4 indexes, one indexed column changed; median of %d rounds of %d s\n",
  $rows, $rounds, $seconds;

# every page touched once, so that no full-page image falls into the runs
pgbench($_, 2, 'off', '-t', int($rows / 8)) for @variants;

print "\nWAL bytes per change (1 client, $measured changes) and bytes kept per change, indexes included\n";
my (%wal, %kept);
for my $variant (@variants)
{
	my $before = sql('SELECT pg_current_wal_insert_lsn()');
	my $kept = { b => 'bench_history', captured => 'ledger_entry', enforced => 'ledger_entry', round => 'ledger_entry' }->{$variant};
	my $bytes = $kept ? sql("SELECT pg_total_relation_size('aidcase.$kept')") : 0;
	pgbench($variant, 1, 'off', '-t', $measured);
	$wal{$variant} = sql("SELECT (pg_current_wal_insert_lsn() - '$before') / $measured");
	$kept{$variant} = $kept ? (sql("SELECT pg_total_relation_size('aidcase.$kept')") - $bytes) / $measured : 0;
}
printf "  %-9s %9s %7s %9s %7s\n", 'variant', 'WAL', '/ b', 'kept', '/ b';
printf "  %-9s %9.0f %7s %9.0f %7s\n", $_, $wal{$_},
  $wal{b} ? sprintf('%.2f', $wal{$_} / $wal{b}) : '-', $kept{$_},
  $kept{b} && $kept{$_} ? sprintf('%.2f', $kept{$_} / $kept{b}) : '-'
  for @variants;

print "\nTransactions per second\n";
printf "  %-7s %-5s %-9s %9s %7s %7s   %s\n", 'clients', 'sync', 'variant', 'tps', '/ none', '/ b', 'rounds';
for my $sync (@syncs)
{
	for my $clients (@clients)
	{
		my %tps;
		for my $round (1 .. $rounds)
		{
			# another order in each round
			my @order = $round % 2 ? @variants : reverse @variants;
			push @{ $tps{$_} }, pgbench($_, $clients, $sync, '-T', $seconds) for @order;
		}

		# ratios are taken round by round, as the machine is noisy
		my $ratio = sub {
			my ($variant, $base) = @_;
			return '-' unless $tps{$base};
			return sprintf '%.2f', median(map { $tps{$variant}[$_] / $tps{$base}[$_] } 0 .. $rounds - 1);
		};
		for my $variant (@variants)
		{
			printf "  %-7d %-5s %-9s %9.0f %7s %7s   %s\n", $clients, $sync, $variant,
			  median(@{ $tps{$variant} }), $ratio->($variant, 'none'), $ratio->($variant, 'b'),
			  join ' ', map { sprintf '%.0f', $_ } @{ $tps{$variant} };
		}
	}
}

# ---------------------------------------------------------------- bulk

# One statement that writes many rows: INSERT ... SELECT into two tables like
# the one above, with all its indexes, the second one captured.
my $bulk = int($rows / 4);
make_empty($_) for qw(plain sealed);
sql("SELECT aidcase.set_up_table('bench_sealed')");
my %ms;
for my $round (1 .. $rounds)
{
	for my $name ($round % 2 ? qw(plain sealed) : qw(sealed plain))
	{
		my $text = sql('SET synchronous_commit = off',
			"DO \$\$ DECLARE began timestamptz := clock_timestamp(); BEGIN"
			  . " INSERT INTO aidcase.bench_$name SELECT round_id + $round * $rows, file_id, unit_id, round_kind, round_no,"
			  . " workflow_id, state, channel, finder, outside_key || '-$round', first_contact_at, handler_id, occurred_at,"
			  . " moved_by, reason, accepted_on, decided_on, meeting_id, residence, persons, amount, 0"
			  . " FROM aidcase.bench_none WHERE round_id <= $bulk;"
			  . " PERFORM set_config('bench.ms', (extract(epoch FROM clock_timestamp() - began) * 1000)::text, false); END \$\$",
			"SELECT current_setting('bench.ms')");
		push @{ $ms{$name} }, $text;
	}
}
my $times = median(map { $ms{sealed}[$_] / $ms{plain}[$_] } 0 .. $rounds - 1);
printf "\nINSERT ... SELECT of %d rows: plain %.0f ms, captured %.0f ms, ratio %.2f, %.1f us more a row\n",
  $bulk, median(@{ $ms{plain} }), median(@{ $ms{sealed} }), $times,
  (median(@{ $ms{sealed} }) - median(@{ $ms{plain} })) * 1000 / $bulk;
