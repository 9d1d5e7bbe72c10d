#!/usr/bin/perl
# build_report.pl FILE: prints the blueprint SQL of one reports/<name>.sql.
#
# The header and its rules are described in reports/README.md.  Anything that
# is wrong stops the build with "file:line: reason" and exit status 1; nothing
# is printed then.  Only core Perl is used, no modules.
use strict;
use warnings;

die "usage: build_report.pl FILE\n" unless @ARGV == 1;
my ($file) = @ARGV;

# The signature that every report function has.
my $PARAMETERS = 'as_of, unit_code, known_at';
my $ARGUMENTS =
  'as_of date, unit_code text DEFAULT NULL, known_at timestamptz DEFAULT NULL';
my $ARGTYPES = 'date, text, timestamptz';

# Types of a column, and how each is written in SQL.
my %TYPE = (
	text        => 'text',
	citizen_id  => 'aidcase.citizen_id',
	smallint    => 'smallint',
	integer     => 'integer',
	bigint      => 'bigint',
	numeric     => 'numeric',
	boolean     => 'boolean',
	date        => 'date',
	timestamptz => 'timestamptz',
);

# Formats, and the types that can be shown in them.
my %FORMAT = (
	text    => { map { $_ => 1 } keys %TYPE },
	id      => { map { $_ => 1 } qw(text citizen_id smallint integer bigint) },
	int     => { map { $_ => 1 } qw(smallint integer bigint numeric) },
	money   => { map { $_ => 1 } qw(smallint integer bigint numeric) },
	percent => { map { $_ => 1 } qw(numeric) },
	date    => { map { $_ => 1 } qw(date timestamptz) },
);
my %NUMBER = map { $_ => 1 } qw(int money percent);

my %PERIOD = map { $_ => 1 } qw(day month quarter year);
my %LAYOUT = map { $_ => 1 } qw(portrait landscape);
my %HEADS = map { $_ => 1 } qw(zh both);
my %CHART = map { $_ => 1 } qw(column line pie);

# Header keys: once (1) or any number of times (2); needed or not.
my %KEY = (
	name       => [ 1, 1 ],
	title      => [ 1, 1 ],
	title_en   => [ 1, 1 ],
	unit       => [ 1, 1 ],
	unit_en    => [ 1, 1 ],
	parameters => [ 1, 1 ],
	period     => [ 1, 1 ],
	layout     => [ 1, 1 ],
	heads      => [ 1, 0 ],
	sheets     => [ 1, 0 ],
	sensitive  => [ 1, 0 ],
	column     => [ 2, 1 ],
	chart      => [ 2, 0 ],
	check      => [ 2, 0 ],
	signature  => [ 1, 0 ],
	signature_en => [ 1, 0 ],
	note       => [ 2, 0 ],
	note_en    => [ 2, 0 ],
);

sub fail
{
	my ($line, $reason) = @_;
	print STDERR "$file:$line: $reason\n";
	exit 1;
}

sub literal
{
	my ($value) = @_;
	return 'NULL' unless defined $value && $value ne '';
	my $escape = ($value =~ s/\\/\\\\/g) ? 'E' : '';
	$value =~ s/'/''/g;
	return "$escape'$value'";
}

sub identifier
{
	my ($name) = @_;
	return "\"$name\"";
}

sub text_array
{
	return 'ARRAY[' . join(', ', map { literal($_) } @_) . ']::text[]';
}

# Fields of a header value that is divided by "|".
sub fields
{
	my ($value) = @_;
	return map { s/^\s+//r =~ s/\s+$//r } split(/\|/, $value, -1);
}

#
# Read the file: header lines, then the query.
#
open(my $in, '<:raw', $file) or do { print STDERR "$file:0: $!\n"; exit 1 };
my @lines = <$in>;
close($in);
chomp @lines;
s/\r$// for @lines;

my %head;     # key => [ line, value ]
my %many;     # key => [ [ line, value ], ... ]
my $at = 0;
for (; $at < @lines; $at++)
{
	my $line = $lines[$at];
	my $no = $at + 1;
	my $copy = $line;

	fail($no, 'the line is not valid UTF-8') unless utf8::decode($copy);
	next if $line =~ /^\s*$/ || $line =~ /^--\s*$/;
	last unless $line =~ /^--/;
	$line =~ /^--\s+([a-z_]+):\s*(.*?)\s*$/
	  or fail($no, 'a header line must be "-- key: value"');
	my ($key, $value) = ($1, $2);
	fail($no, "unknown header key \"$key\"") unless $KEY{$key};
	fail($no, "header key \"$key\" has no value") if $value eq '';
	if ($KEY{$key}[0] == 2)
	{
		push @{ $many{$key} }, [ $no, $value ];
	}
	else
	{
		fail($no, "header key \"$key\" appears twice") if $head{$key};
		$head{$key} = [ $no, $value ];
	}
}
my $query_line = $at + 1;
for my $key (sort keys %KEY)
{
	fail($query_line, "header key \"$key\" is missing")
	  if $KEY{$key}[1] && !$head{$key} && !$many{$key};
}

sub one
{
	my ($key, $default) = @_;
	return $head{$key} ? $head{$key}[1] : $default;
}

sub choose
{
	my ($key, $known, $default) = @_;
	my $value = one($key, $default);
	fail($head{$key}[0],
		"header key \"$key\" must be one of " . join(', ', sort keys %$known))
	  unless $known->{$value};
	return $value;
}

#
# Single keys.
#
my ($base) = $file =~ m{([^/]+)\.sql$} or fail(0, 'the file name must end in .sql');
my $name = one('name');
fail($head{name}[0], 'the name must be lower-case letters, digits and underscores, at most 50')
  unless $name =~ /^[a-z][a-z0-9_]{0,49}$/;
fail($head{name}[0], "the name is \"$name\", but the file is \"$base.sql\"")
  unless $name eq $base;
fail($head{parameters}[0], "the parameters must be \"$PARAMETERS\"")
  unless one('parameters') eq $PARAMETERS;
my $period = choose('period', \%PERIOD);
my $layout = choose('layout', \%LAYOUT);
my $heads = choose('heads', \%HEADS, 'zh');

# The bottom of the form, in both languages.
my @signature = fields(one('signature', ''));
my @signature_en = fields(one('signature_en', ''));
fail(($head{signature_en} || $head{signature})->[0],
	'the signature row must have as many entries in English as in Chinese')
  unless @signature == @signature_en;
{
	my @note = @{ $many{note} || [] };
	my @note_en = @{ $many{note_en} || [] };
	fail(($note_en[-1] || $note[-1])->[0], 'each note must stand there in Chinese and in English')
	  unless @note == @note_en;
}

#
# Columns.
#
my @columns;
my %column;
my %group_seen;
my $group_now = '';
for my $entry (@{ $many{column} })
{
	my ($no, $value) = @$entry;
	my @f = fields($value);
	fail($no, 'a column has the fields name | type | zh | en | format | total, and perhaps | group zh / group en')
	  unless @f == 6 || @f == 7;
	my ($cname, $type, $zh, $en, $format, $total, $group) = @f;
	$group = '' unless defined $group;

	fail($no, "column name \"$cname\" must be lower-case letters, digits and underscores")
	  unless $cname =~ /^[a-z_][a-z0-9_]{0,62}$/;
	fail($no, "column name \"$cname\" is the name of a parameter")
	  if grep { $cname eq $_ } split(/, /, $PARAMETERS);
	fail($no, "column \"$cname\" appears twice") if $column{$cname};
	fail($no, "unknown type \"$type\"; known: " . join(', ', sort keys %TYPE))
	  unless $TYPE{$type};
	fail($no, "column \"$cname\" has no Chinese label") if $zh eq '';
	fail($no, "column \"$cname\" has no English label") if $en eq '';
	fail($no, "unknown format \"$format\"; known: " . join(', ', sort keys %FORMAT))
	  unless $FORMAT{$format};
	fail($no, "type \"$type\" cannot be shown in format \"$format\"")
	  unless $FORMAT{$format}{$type};

	my ($numerator, $denominator);
	if ($total =~ m{^ratio\s+([a-z_0-9]+)\s*/\s*([a-z_0-9]+)$})
	{
		($numerator, $denominator) = ($1, $2);
		$total = 'ratio';
		fail($no, "total \"ratio\" needs format int, money or percent")
		  unless $NUMBER{$format};
	}
	elsif ($total =~ /^(?:sum|max|min)$/)
	{
		fail($no, "total \"$total\" cannot be taken in format \"$format\"")
		  unless $NUMBER{$format} && !($total eq 'sum' && $format eq 'percent');
	}
	elsif ($total !~ /^(?:none|count)$/)
	{
		fail($no, "unknown total \"$total\"; known: none, sum, count, max, min, ratio a/b");
	}

	my ($group_zh, $group_en) = ('', '');
	if ($group ne '')
	{
		$group =~ m{^(.+?)\s+/\s+(.+)$}
		  or fail($no, 'a head group must be written "zh / en"');
		($group_zh, $group_en) = ($1, $2);
		fail($no, "head group \"$group_zh\" is not in one piece")
		  if $group ne $group_now && $group_seen{$group};
		$group_seen{$group} = 1;
	}
	$group_now = $group;

	my $c = {
		line => $no, name => $cname, type => $type, zh => $zh, en => $en,
		format => $format, total => $total, group_zh => $group_zh,
		group_en => $group_en, numerator => $numerator,
		denominator => $denominator,
	};
	push @columns, $c;
	$column{$cname} = $c;
}
fail($columns[-1]{line}, 'a report has at most 200 columns') if @columns > 200;

# What shows numbers or accounts says so, and what it is for.
my $sensitive = one('sensitive', '');
for my $c ($sensitive eq '' ? @columns : ())
{
	fail($c->{line}, "column \"$c->{name}\" shows numbers or accounts of people; the header needs \"sensitive: purpose\"")
	  if $c->{type} eq 'citizen_id' || $c->{name} =~ /(?:^|_)(?:citizen|account)/;
}

for my $c (grep { $_->{total} eq 'ratio' } @columns)
{
	for my $part ($c->{numerator}, $c->{denominator})
	{
		fail($c->{line}, "total of \"$c->{name}\" names column \"$part\", which does not exist")
		  unless $column{$part};
		fail($c->{line}, "total of \"$c->{name}\" names column \"$part\", which has no sum or count of its own")
		  unless $column{$part}{total} =~ /^(?:sum|count)$/;
	}
}

#
# Charts.
#
my $sheets = one('sheets', '');
fail($head{sheets}[0], "the sheets name column \"$sheets\", which does not exist")
  if $sheets ne '' && !$column{$sheets};
my @charts;
for my $entry (@{ $many{chart} || [] })
{
	my ($no, $value) = @$entry;
	my @f = fields($value);
	fail($no, 'a chart has the fields kind | title zh | title en | category column | value columns')
	  unless @f == 5;
	my ($kind, $zh, $en, $category, $values) = @f;
	my @values = map { s/^\s+//r =~ s/\s+$//r } split(/,/, $values);

	fail($no, "unknown chart \"$kind\"; known: " . join(', ', sort keys %CHART))
	  unless $CHART{$kind};
	fail($no, 'a chart needs a Chinese and an English title')
	  if $zh eq '' || $en eq '';
	fail($no, 'a chart needs a value column') unless @values;
	fail($no, 'a pie chart has one value column') if $kind eq 'pie' && @values > 1;
	for my $cname ($category, @values)
	{
		fail($no, "the chart names column \"$cname\", which does not exist")
		  unless $column{$cname};
	}
	for my $cname (@values)
	{
		fail($no, "the chart's value column \"$cname\" is not a number")
		  unless $NUMBER{ $column{$cname}{format} };
	}
	fail($no, 'a report with a sheet for each value of a column has no charts')
	  if defined $head{sheets};
	push @charts, { kind => $kind, zh => $zh, en => $en,
		category => $category, values => \@values };
}

#
# Checks: sums of columns that are equal, or one not above the other, in each
# row.  They are printed with the table's notes, tested, and tell what a hidden
# cell of a public table could be derived from.
#
my @checks;
for my $entry (@{ $many{check} || [] })
{
	my ($no, $value) = @$entry;
	my $sum = qr/[a-z_0-9]+(?:\s*[-+]\s*[a-z_0-9]+)*/;
	$value =~ /^$sum\s*(?:=|<=)\s*$sum$/
	  or fail($no, 'a check must be sums of columns with "=" or "<=" between them');
	for my $cname ($value =~ /[a-z_0-9]+/g)
	{
		fail($no, "the check names column \"$cname\", which does not exist")
		  unless $column{$cname};
		fail($no, "the check's column \"$cname\" is not a number")
		  unless $NUMBER{ $column{$cname}{format} };
	}
	$value =~ s/\s+/ /g;
	push @checks, $value;
}

#
# A query: one SELECT, ordered, with balanced parentheses.  A small lexer
# steps over comments, strings and quoted names.  Returns the query without
# the semicolon at its end.
#
sub check_query
{
	my ($text, $first_line, $what) = @_;
	my $line = $first_line;
	my $depth = 0;
	my $ended = 0;
	my $end_at;
	my $ordered = 0;
	my @words;      # words at depth 0

	my $copy = $text;
	utf8::decode($copy) or fail($first_line, "the $what is not valid UTF-8");

	pos($text) = 0;
	while (pos($text) < length($text))
	{
		my $start = pos($text);
		my $word;
		if ($text =~ /\G\s+/gc || $text =~ /\G--[^\n]*/gc) { }
		elsif ($text =~ m{\G/\*}gc)
		{
			my $open = 1;
			while ($open)
			{
				if ($text =~ m{\G(?:(?!/\*|\*/).)*?(/\*|\*/)}gcs)
				{
					$open += $1 eq '/*' ? 1 : -1;
				}
				else { fail($line, 'a comment is not closed'); }
			}
		}
		else
		{
			fail($line, 'there is more than one statement') if $ended;
			if ($text =~ /\G[eE]'/gc)
			{
				$text =~ /\G(?:[^'\\]|\\.|'')*'/gcs
				  or fail($line, 'a string is not closed');
				$word = "''";
			}
			elsif ($text =~ /\G'/gc)
			{
				$text =~ /\G(?:[^']|'')*'/gcs or fail($line, 'a string is not closed');
				$word = "''";
			}
			elsif ($text =~ /\G"/gc)
			{
				$text =~ /\G(?:[^"]|"")*"/gcs or fail($line, 'a quoted name is not closed');
				$word = '""';
			}
			elsif ($text =~ /\G\$((?:[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*)?)\$/gc)
			{
				my $tag = $1;
				$text =~ /\G.*?\$\Q$tag\E\$/gcs or fail($line, 'a string is not closed');
				$word = "''";
			}
			elsif ($text =~ /\G\$\d+/gc)
			{
				fail($line, 'parameters are written by name (as_of, unit_code, known_at)');
			}
			elsif ($text =~ /\G([A-Za-z_\x80-\xff][A-Za-z0-9_\$\x80-\xff]*)/gc) { $word = lc $1; }
			elsif ($text =~ /\G[0-9][0-9A-Za-z_.]*/gc) { $word = '0'; }
			elsif ($text =~ /\G\(/gc) { $word = '('; $depth++; }
			elsif ($text =~ /\G\)/gc)
			{
				$word = ')';
				fail($line, 'a parenthesis is closed that was not opened') if --$depth < 0;
			}
			elsif ($text =~ /\G;/gc)
			{
				fail($line, 'a parenthesis is not closed') if $depth;
				$ended = 1;
				$end_at = $start;
			}
			else { $text =~ /\G./gcs; $word = '?'; }

			if (defined $word && $depth == 0)
			{
				$ordered = 1 if $word eq 'by' && @words && $words[-1] eq 'order';
				fail($line, 'a report only reads; SELECT INTO is not allowed')
				  if $word eq 'into';
				push @words, $word;
			}
			elsif (defined $word && $word eq '(' && !@words)
			{
				push @words, '(';
			}
		}
		$line += (substr($text, $start, pos($text) - $start) =~ tr/\n//);
	}
	fail($line, 'a parenthesis is not closed') if $depth;
	fail($first_line, "there is no $what") unless @words;
	fail($first_line, "the $what must begin with SELECT or WITH")
	  unless $words[0] =~ /^(?:select|with)$/;
	fail($first_line, "the $what must end with ORDER BY, so that the same data give the same rows in the same order")
	  unless $ordered;

	$text = substr($text, 0, $end_at) if defined $end_at;
	$text =~ s/^\s*\n//;
	$text =~ s/\s+$//;
	return $text;
}

# Where a line "-- report" stands, what precedes it is a WITH list that the
# report and its drill have in common.  The query ends where a line "-- drill"
# begins another: the cases behind the cells.  Lines that a part has not are
# blanked, so that their numbers stay.
sub mark
{
	my ($word) = @_;
	my @found = grep { $lines[$_] =~ /^--\s+$word\s*$/ } $at .. $#lines;
	fail($found[1] + 1, "there is more than one $word") if @found > 1;
	return $found[0];
}

sub part
{
	my ($from, $to, $common) = @_;
	return join("\n", map {
		($_ >= $from && $_ <= $to) || ($_ < $common) ? $lines[$_] : ''
	} $at .. $#lines);
}

my $report_at = mark('report');
my $drill_at = mark('drill');
my $common = defined $report_at ? $report_at : 0;
if (defined $report_at)
{
	fail($report_at + 1, 'the report must stand before its drill')
	  if defined $drill_at && $drill_at < $report_at;
	my ($first) = grep { $lines[$_] !~ /^\s*(?:--.*)?$/ } $at .. $report_at - 1;
	fail($query_line, 'what report and drill have in common must begin with WITH')
	  unless defined $first && $lines[$first] =~ /^\s*WITH\b/i;
}
my $text = check_query(
	part($at, defined $drill_at ? $drill_at - 1 : $#lines, $common),
	$query_line, 'query');
my $drill;
if (defined $drill_at)
{
	fail($drill_at + 1, 'the first column of a report that is drilled must be one that names its rows')
	  unless $columns[0]{format} =~ /^(?:text|id)$/ && $columns[0]{total} eq 'none';
	$drill = check_query(part($drill_at + 1, $#lines, $common),
		defined $report_at ? $query_line : $drill_at + 2, 'drill');
	$drill =~ s/\breport_$name\./drill_$name./g if defined $report_at;
}
for ($text, $drill)
{
	s/\n\s*\n/\n/g if defined;
}

# {table: column, column} is that table now, or as it was known then with the
# columns named; a query that has such is written twice, for now and for then.
sub known
{
	my ($query, $then) = @_;
	$query =~ s/\{([a-z_0-9]+):\s*([a-z_0-9,\s]+?)\s*\}/
		my ($table, $columns) = ($1, $2);
		$columns =~ s{\s+}{}g;
		$then ? "aidcase.as_known(NULL::aidcase.$table, $then.known_at, '{$columns}')" : "aidcase.$table"/gex;
	return $query;
}

# The first part has no rows; it is where a report that cannot be made is
# refused, also when the planner sees that the others have none either.
sub body
{
	my ($query, $function, @types) = @_;
	my $now = known($query);
	return $now if $now eq $query;
	my $then = known($query, $function);
	return 'SELECT ' . join(', ', map { "NULL::$_" } @types)
	  . " WHERE NOT aidcase.check_report($function.as_of, $function.unit_code, $function.known_at)\n"
	  . "UNION ALL\nSELECT * FROM (\n$now\n) AS now WHERE $function.known_at IS NULL\n"
	  . "UNION ALL\nSELECT * FROM (\n$then\n) AS known_then WHERE $function.known_at IS NOT NULL";
}

#
# Print the blueprint part.
#
my $function = "aidcase.report_$name";
my $in_names = join(', ', map { literal($_) }
	  ('as_of', 'unit_code', 'known_at', map { $_->{name} } @columns));
my $in_types = join(', ', map { "'$_'::regtype" }
	  ('date', 'text', 'timestamptz', map { $TYPE{ $_->{type} } } @columns));

my $returns = join(",\n", map {
	'    ' . identifier($_->{name}) . ' ' . $TYPE{ $_->{type} }
} @columns);

my $signature = join("\n", @signature);
my $signature_en = join("\n", @signature_en);
my ($notes, $notes_en) =
  map { join("\n", map { $_->[1] } @{ $many{$_} || [] }) } qw(note note_en);

my @report = (
	[ title => literal(one('title')) ],
	[ title_en => literal(one('title_en')) ],
	[ unit_label => literal(one('unit')) ],
	[ unit_label_en => literal(one('unit_en')) ],
	[ period_kind => literal($period) ],
	[ layout => literal($layout) ],
	[ heads => literal($heads) ],
	[ sheet_column => literal($sheets) ],
	[ signature => literal($signature) ],
	[ signature_en => literal($signature_en) ],
	[ notes => literal($notes) ],
	[ notes_en => literal($notes_en) ],
	[ checks => text_array(@checks) ],
	[ query => literal(known($text)) ],
	[ drill => literal(defined $drill ? known($drill) : undef) ],
	[ sensitive => $sensitive eq '' ? 'false' : 'true' ],
);

# INSERT ... ON CONFLICT DO UPDATE that writes only what differs.
sub upsert
{
	my ($table, $keys, $names, $rows) = @_;
	my @set = map { "$_ = EXCLUDED.$_" } @$names;
	return "INSERT INTO aidcase.$table AS t\n    ("
	  . join(', ', @$keys, @$names) . ")\nVALUES\n"
	  . join(",\n", map { '    (' . join(', ', @$_) . ')' } @$rows)
	  . "\nON CONFLICT (" . join(', ', @$keys) . ") DO UPDATE SET\n    "
	  . join(",\n    ", @set)
	  . "\nWHERE (" . join(', ', map { "t.$_" } @$names) . ")\n"
	  . "    IS DISTINCT FROM (" . join(', ', map { "EXCLUDED.$_" } @$names)
	  . ");\n\n";
}

# Drops a function of a report where it is there: its columns may have changed.
sub dropped
{
	my ($function) = @_;
	return <<"SQL";
DO \$report\$
BEGIN
    IF pg_catalog.to_regprocedure('$function($ARGTYPES)') IS NOT NULL THEN
        DROP FUNCTION $function($ARGTYPES);
    END IF;
END
\$report\$;

SQL
}

# Rows beyond the last one of this version are kept but marked unused.
sub retire
{
	my ($table, $last) = @_;
	return "UPDATE aidcase.$table SET in_use = false\n"
	  . " WHERE report_name = " . literal($name)
	  . " AND position > $last AND in_use;\n\n";
}

my $sql = <<"SQL";
/*
 * Report $name, built from reports/$name.sql.
 *
 * A function cannot be replaced by one with other result columns, so it is
 * dropped first when they differ.  Without CASCADE: PostgreSQL refuses when
 * somebody has built a view on it.
 */
DO \$report\$
BEGIN
    IF EXISTS (
        SELECT FROM pg_catalog.pg_proc p
         WHERE p.oid = pg_catalog.to_regprocedure('$function($ARGTYPES)')
           AND (p.proargnames, p.proallargtypes) IS DISTINCT FROM
               (ARRAY[$in_names]::text[],
                ARRAY[$in_types]::oid[]))
    THEN
        DROP FUNCTION $function($ARGTYPES);
    END IF;
END
\$report\$;

SQL

# One that shows numbers or accounts keeps who read it: the function that
# everybody calls records what the inner one has returned.  Workbooks are made
# of the inner one and record the file.
my $inner = $sensitive eq '' ? $function : "aidcase.rows_$name";
if ($sensitive ne '')
{
	$sql .= dropped($inner);
	$text =~ s/\breport_$name\./rows_$name./g;
}
$sql .= <<"SQL";
CREATE OR REPLACE FUNCTION $inner(
    $ARGUMENTS)
RETURNS TABLE (
$returns)
LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
${\ body($text, $inner =~ s/^aidcase\.//r, map { $TYPE{ $_->{type} } } @columns)}
;
END;

SQL
$sql .= "COMMENT ON FUNCTION $inner($ARGTYPES) IS\n    "
  . literal(($sensitive eq '' ? '' : '内部:') . one('title') . ' / ' . ($sensitive eq '' ? '' : 'internal: ') . one('title_en')) . ";\n\n";
if ($sensitive ne '')
{
	$sql .= <<"SQL";
CREATE OR REPLACE FUNCTION $function(
    $ARGUMENTS)
RETURNS TABLE (
$returns)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS \$report\$
DECLARE
    shown bigint;
BEGIN
    PERFORM aidcase.reading_purpose('report_$name');
    RETURN QUERY SELECT r.* FROM $inner(report_$name.as_of, report_$name.unit_code, report_$name.known_at) AS r;
    GET DIAGNOSTICS shown = ROW_COUNT;
    PERFORM aidcase.note_reading('report_$name', NULL, shown, report_$name.as_of::text);
END
\$report\$;

SQL
	$sql .= "COMMENT ON FUNCTION $function($ARGTYPES) IS\n    "
	  . literal(one('title') . ',读取即登记目的 / ' . one('title_en') . '; each reading is kept with its purpose') . ";\n\n"
	  # the register's own change of the purpose stays
	  . "INSERT INTO aidcase.sensitive_call (call, recorded, purpose)\nVALUES ('report_$name', true, " . literal($sensitive)
	  . ")\nON CONFLICT (call) DO NOTHING;\n\n";
}

# What may be published: the same columns, with small cells hidden.  A report
# without a drill lists people and has no such version.
my $public_function = "aidcase.public_$name";
my $record = join(', ', map { identifier($_->{name}) . ' ' . $TYPE{ $_->{type} } } @columns);
$sql .= dropped($public_function);
if (defined $drill)
{
	$sql .= <<"SQL";
CREATE FUNCTION $public_function(
    $ARGUMENTS)
RETURNS TABLE (
$returns)
LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
SELECT r.*
  FROM aidcase.public_rows('$name', public_$name.as_of, public_$name.unit_code, public_$name.known_at) WITH ORDINALITY AS j (cells, n)
 CROSS JOIN LATERAL pg_catalog.jsonb_to_record(j.cells) AS r ($record)
 ORDER BY j.n;
END;

SQL
	$sql .= "COMMENT ON FUNCTION $public_function($ARGTYPES) IS\n    "
	  . literal('可公开的版本(小于参数 public_minimum_cell 的单元格及可据以推算的单元格为空):' . one('title')
		  . ' / the version that may be published, NULL where a cell is below parameter public_minimum_cell or would tell one that is: '
		  . one('title_en')) . ";\n\n";
}

# The drill has the same columns in every report.
my $drill_function = "aidcase.drill_$name";
if (defined $drill)
{
	$sql .= <<"SQL";
CREATE OR REPLACE FUNCTION $drill_function(
    $ARGUMENTS)
RETURNS TABLE (
    row_key text[],
    column_name text,
    case_id bigint,
    value numeric)
LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
${\ body($drill, "drill_$name", 'text[]', 'text', 'bigint', 'numeric')}
;
END;

SQL
	$sql .= "COMMENT ON FUNCTION $drill_function($ARGTYPES) IS\n    "
	  . literal('各单元格的个案明细:' . one('title')
		  . ' / the cases behind the cells, a row a cell and case with its share of the cell: '
		  . one('title_en')) . ";\n\n";
}
else
{
	$sql .= dropped($drill_function);
}

$sql .= upsert('report', ['name'], [ map { $_->[0] } @report ],
	[ [ literal($name), map { $_->[1] } @report ] ]);

my $position = 0;
$sql .= upsert('report_column', [ 'report_name', 'position' ],
	[ qw(column_name data_type label label_en format total numerator
		denominator head_group head_group_en in_use) ],
	[
		map {
			$position++;
			[ literal($name), $position, literal($_->{name}), literal($_->{type}),
				literal($_->{zh}), literal($_->{en}), literal($_->{format}),
				literal($_->{total}), literal($_->{numerator}),
				literal($_->{denominator}), literal($_->{group_zh}),
				literal($_->{group_en}), 'true' ]
		} @columns
	]);
$sql .= retire('report_column', scalar @columns);

if (@charts)
{
	$position = 0;
	$sql .= upsert('report_chart', [ 'report_name', 'position' ],
		[ qw(kind title title_en category_column value_columns in_use) ],
		[
			map {
				$position++;
				[ literal($name), $position, literal($_->{kind}),
					literal($_->{zh}), literal($_->{en}), literal($_->{category}),
					text_array(@{ $_->{values} }), 'true' ]
			} @charts
		]);
}
$sql .= retire('report_chart', scalar @charts);

binmode(STDOUT);
print $sql or die "$file: $!\n";
close(STDOUT) or die "$file: $!\n";
