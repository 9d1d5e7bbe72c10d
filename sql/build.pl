#!/usr/bin/perl
# build.pl TOP VERSION: prints the extension script.
#
# The script is the members (sql/extension/*.sql in order of name), then the
# register's blueprint as rows of aidcase.blueprint: sql/register/NN_room.once.sql,
# sql/register/NN_room.always.sql, each report of reports/*.sql (through
# build_report.pl), sql/upgrade/register-VERSION.sql, the members' text again,
# and the rule packs sql/packs/NAME.sql, which load_pack() runs.
#
# In a part, a line  -- data: TABLE [FILE]  is replaced by INSERTs of
# sql/data/FILE.csv, or TABLE.csv (first line = columns; an empty unquoted
# field = NULL).
# In a pack, a line  -- forms: AREA PERIOD DOCUMENT  is replaced by the
# templates of sql/forms/.
# In an always part, a line  -- comments: FILE [SCHEMA]  is replaced by COMMENT
# commands of sql/register/FILE.csv (kind,name,zh,en).
use strict;
use warnings;

my ($top, $version) = @ARGV;
die "usage: build.pl TOP VERSION\n" unless defined $version;
$top =~ s{/*$}{/};

sub slurp
{
	my ($file) = @_;
	open(my $in, '<:raw', $file) or die "$file: $!\n";
	local $/;
	my $text = <$in>;
	close($in);
	return $text;
}

# All records of a CSV file; an unquoted empty field is undef.  Anything that
# is not well-formed stops the build with file:line: reason.
sub csv
{
	my ($file) = @_;
	my $text = slurp($file);
	my $copy = $text;
	my (@rows, @row);
	my $line = 1;       # of the record
	my $at = 1;         # of the field

	utf8::decode($copy) or die "$file:1: the file is not valid UTF-8\n";
	$text .= "\n" unless $text =~ /\n\z/;
	pos($text) = 0;
	while (pos($text) < length($text))
	{
		my $start = pos($text);

		$text =~ /\G(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n)/gc
		  or die "$file:$at: a quote is not closed, or stands inside a field\n";
		my ($quoted, $plain, $end) = ($1, $2, $3);
		$at += (substr($text, $start, pos($text) - $start) =~ tr/\n//);
		if (defined $quoted) { $quoted =~ s/""/"/g; push @row, $quoted; }
		else { push @row, $plain eq '' ? undef : $plain; }
		next if $end eq ',';
		push @rows, [ $line, @row ] unless @row == 1 && !defined $row[0];
		@row = ();
		$line = $at;
	}
	die "$file:$line: the last record is not complete\n" if @row;
	die "$file:1: there is no header\n" unless @rows;
	my $width = @{ $rows[0] };
	for my $name (@{ $rows[0] }[ 1 .. $width - 1 ])
	{
		die "$file:1: a column has no name\n"
		  unless defined $name && $name =~ /^[a-z_][a-z0-9_]*$/;
	}
	for my $r (@rows)
	{
		die "$file:$r->[0]: " . (@$r - 1) . " fields, not " . ($width - 1) . "\n"
		  if @$r != $width;
	}
	return map { [ @$_[ 1 .. $#$_ ] ] } @rows;
}

sub quote
{
	my ($value) = @_;
	return 'NULL' unless defined $value;
	$value =~ s/'/''/g;
	return $value =~ s/\\/\\\\/g ? "E'$value'" : "'$value'";
}

# A dollar-quoted literal whose tag does not occur in the text.
sub dollar
{
	my ($text) = @_;
	my $tag = 'part';
	$tag .= 'x' while index($text, "\$$tag\$") >= 0;
	return "\$$tag\$$text\$$tag\$";
}

sub inserts
{
	my ($table, $name) = @_;
	$name = $table unless defined $name;
	my ($head, @rows) = csv("${top}sql/data/$name.csv");
	return '' unless @rows;
	return "INSERT INTO aidcase.$table (" . join(', ', @$head)
	  . ") OVERRIDING SYSTEM VALUE VALUES\n"
	  . join(",\n", map { '(' . join(', ', map { quote($_) } @$_) . ')' } @rows)
	  . ";\n";
}

sub comments
{
	my ($file, $schema) = @_;
	$schema ||= 'aidcase';
	my ($head, @rows) = csv("${top}sql/register/$file.csv");
	die "$file.csv: the header must be kind,name,zh,en\n"
	  unless join(',', @$head) eq 'kind,name,zh,en';
	return join '', map {
		"COMMENT ON \U$_->[0]\E $schema.$_->[1] IS "
		  . quote("$_->[2] / $_->[3]") . ";\n"
	} @rows;
}

# The templates of sql/forms/KIND.html for an area, in force over a range of
# days, by a document.
sub forms
{
	my ($area, $valid, $document) = @_;
	return join '', map {
		my $file = $_;
		my ($kind) = $file =~ m{([^/]+)\.html$};
		my ($title, $number, $body) = slurp($file) =~ /\Atitle: (\S[^\n]*)\nnumber: (\S[^\n]*)\n\n(.+)\z/s
		  or die "$file:1: the file does not begin with title:, number: and an empty line\n";
		"INSERT INTO aidcase.document_template (kind, area_code, valid, title, number_format, body, document_id, illustrative)\n"
		  . "SELECT " . join(', ', map { quote($_) } $kind, $area, $valid, $title, $number, $body)
		  . ", d.document_id, true FROM aidcase.policy_document AS d WHERE d.doc_no = " . quote($document) . ";\n";
	} sort glob("${top}sql/forms/*.html");
}

sub expand
{
	my ($file) = @_;
	my $text = slurp($file);
	$text =~ s/^-- data: (\w+)(?: (\w+))?[ \t]*$/inserts($1, $2)/meg;
	$text =~ s/^-- comments: (\w+)(?: +(\w+))?[ \t]*$/comments($1, $2)/meg;
	$text =~ s/^-- forms: (\d+) (\S+) (\S+)[ \t]*$/forms($1, $2, $3)/meg;
	return $text;
}

print "\\echo Use \"CREATE EXTENSION aidcase\" to load this file. \\quit\n\n";
my $members = '';
for my $file (sort glob("${top}sql/extension/*.sql"))
{
	my $text = slurp($file);
	$text =~ s/\@version\@/$version/g;
	print $text, "\n";
	$members .= "$text\n";
}

my $no = 0;

sub part
{
	my ($room, $kind, $since, $body) = @_;
	$no += 10;
	printf "INSERT INTO \@extschema\@.blueprint (part_no, room, kind, since, body) VALUES\n(%d, %s, %s, %s, %s);\n\n",
	  $no, quote($room), quote($kind), quote($since), dollar($body);
}

my %rooms;
$rooms{$_}++ for map { m{/([^/]+)\.(?:once|always)\.sql$} ? $1 : () }
  glob("${top}sql/register/*.sql");
for my $room (sort keys %rooms)
{
	for my $kind (qw(once always))
	{
		my $file = "${top}sql/register/$room.$kind.sql";
		part($room, $kind, $version, expand($file)) if -e $file;
	}
	if ($room =~ /reports/)
	{
		for my $report (sort glob("${top}reports/*.sql"))
		{
			my $sql = qx{perl "${top}sql/build_report.pl" "$report"};
			die "$report: not built\n" if $? != 0;
			my ($name) = $report =~ m{([^/]+)\.sql$};
			part("report $name", 'always', $version, $sql);
		}
	}
}
for my $file (sort glob("${top}sql/upgrade/register-*.sql"))
{
	my ($since) = $file =~ /register-(.+)\.sql$/;
	part("upgrade $since", 'upgrade', $since, expand($file));
}
# what verification compares the members with
part('members', 'member', $version, $members);
for my $file (sort glob("${top}sql/packs/*.sql"))
{
	my ($name) = $file =~ m{([^/]+)\.sql$};
	part($name, 'pack', $version, expand($file));
}
