# What test/run, test/demo and test/bench/run share.  Sourced, not run.
# shellcheck shell=sh

TOP=$(cd "$(dirname "$0")" && while [ ! -f aidcase.control ] && [ "$PWD" != / ]; do cd ..; done && pwd)

say() { printf '\n== %s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# The PostgreSQL major version to use: the newest server that is installed
# (PGMAJOR decides otherwise), else what the distribution offers.
pg_major() {
	if [ -n "${PGMAJOR:-}" ]; then echo "$PGMAJOR"; return; fi
	m=$(for b in /usr/lib/postgresql/*/bin/postgres; do
		[ -x "$b" ] && echo "$b" | sed 's,/usr/lib/postgresql/\([0-9]*\)/.*,\1,'; done | sort -n | tail -1)
	if [ -z "$m" ]; then
		[ "$(id -u)" != 0 ] || [ -n "$(find /var/lib/apt/lists -name '*_Packages*' 2>/dev/null | head -1)" ] || apt-get -qq update
		m=$(apt-cache depends postgresql 2>/dev/null | sed -n 's/.*Depends: postgresql-\([0-9][0-9]*\)$/\1/p' | head -1)
	fi
	[ -n "$m" ] || die "no PostgreSQL server found; install postgresql and postgresql-server-dev"
	echo "$m"
}

# Sets BIN, PG_CONFIG and the user that owns servers (never root).
find_postgres() {
	major=$(pg_major)
	BIN=/usr/lib/postgresql/$major/bin
	[ -x "$BIN/postgres" ] || BIN=$(pg_config --bindir)
	PG_CONFIG=$BIN/pg_config
	[ -x "$PG_CONFIG" ] || PG_CONFIG=pg_config
	export PG_CONFIG
	PATH=$BIN:$PATH
	export PATH
	if [ "$(id -u)" = 0 ]; then OWNER=postgres; else OWNER=$(id -un); fi
}

# Runs a command as the owner of the servers.
as_owner() {
	if [ "$(id -un)" = "$OWNER" ]; then "$@"; else runuser -u "$OWNER" -- "$@"; fi
}

# build_into DIR: builds with warnings as errors and installs below DIR/inst;
# sets CONF to the settings by which a server finds it there.
build_into() {
	make -s -C "$TOP" PG_CONFIG="$PG_CONFIG" COPT=-Werror -j2 > "$1/build.log" 2>&1 ||
		{ cat "$1/build.log" >&2; die "the build failed"; }
	make -s -C "$TOP" PG_CONFIG="$PG_CONFIG" COPT=-Werror install DESTDIR="$1/inst" >> "$1/build.log" 2>&1 ||
		{ cat "$1/build.log" >&2; die "the installation failed"; }
	chmod -R a+rX "$1/inst"
	if as_owner "$BIN/postgres" --describe-config 2>/dev/null | grep -q '^extension_destdir'; then
		CONF="extension_destdir = '$1/inst'"
	elif as_owner "$BIN/postgres" --describe-config 2>/dev/null | grep -q '^extension_control_path'; then
		CONF="extension_control_path = '$1/inst$("$PG_CONFIG" --sharedir):\$system'
dynamic_library_path = '$1/inst$("$PG_CONFIG" --pkglibdir):\$libdir'"
	else
		make -s -C "$TOP" PG_CONFIG="$PG_CONFIG" install >> "$1/build.log" 2>&1 ||
			die "this server can only use an installed extension: run make install first"
		CONF=
	fi
}

# start_cluster DIR [CONF LINES]: a cluster in DIR/data, reachable only by a
# socket in DIR/run, where nobody else may enter.
start_cluster() {
	as_owner mkdir -p "$1/run"
	as_owner chmod 700 "$1/run"
	as_owner "$BIN/initdb" -D "$1/data" -U postgres -A trust --encoding=UTF8 --locale=C.UTF-8 > "$1/initdb.log" 2>&1 ||
		{ cat "$1/initdb.log" >&2; die "initdb failed"; }
	as_owner sh -c 'cat >> "$1"' - "$1/data/postgresql.conf" <<-CONFEND
		listen_addresses = ''
		unix_socket_directories = '$1/run'
		unix_socket_permissions = 0700
		max_prepared_transactions = 10
		timezone = 'UTC'
		log_timezone = 'UTC'
		jit = off
		${2:-}
	CONFEND
	as_owner "$BIN/pg_ctl" -D "$1/data" -w -s -l "$1/server.log" start ||
		{ tail -20 "$1/server.log" >&2; die "the server did not start"; }
	PGHOST=$1/run PGUSER=postgres PGDATABASE=postgres
	export PGHOST PGUSER PGDATABASE
	unset PGPORT PGSERVICE PGHOSTADDR PGPASSWORD PGOPTIONS 2>/dev/null || true
}

stop_cluster() {
	[ ! -f "$1/data/postmaster.pid" ] || as_owner "$BIN/pg_ctl" -D "$1/data" -m fast -w -s stop || true
}

# A folder that the owner of the servers may use, removed by drop_folder.
new_folder() {
	d=$(mktemp -d "${TMPDIR:-/tmp}/$1.XXXXXX")
	chmod 755 "$d"
	[ "$(id -un)" = "$OWNER" ] || chown "$OWNER:" "$d"
	echo "$d"
}
