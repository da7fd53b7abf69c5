# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Sourced by the lab's scripts: where things are, and how a process of the lab is started and stopped.
#
#   ps-client            ps-appliance             ps-storage
#   10.10.0.2   client0==front0 [penstock] back0==storage0  10.20.0.11 .12 .13  (three S3 nodes)
#   10.11.0.2   client1==front1 [haproxy ] back1==storage1  10.21.0.1
#                         ps-haproxy
set -euo pipefail
export LC_ALL=C

# What was inherited from the caller must not leak into the daemons or the tools.
unset AWS_CA_BUNDLE AWS_PROFILE AWS_SESSION_TOKEN http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
lab=${PENSTOCK_LAB_DIR:-/run/penstock-lab}
# The nodes' data is kept apart because /run is memory on most machines.
store=${PENSTOCK_LAB_STORE:-/var/tmp/penstock-lab}
build=${PENSTOCK_BUILD:-$root/build}
# what the names of this lab's namespaces begin with
spaces_of=${spaces_of:-ps}

export AWS_ACCESS_KEY_ID=PENSTOCKLABKEY000001
export AWS_SECRET_ACCESS_KEY=penstocklabsecretkey00000000000000000001
export AWS_DEFAULT_REGION=us-east-1
export AWS_EC2_METADATA_DISABLED=true
export AWS_CONFIG_FILE=$root/ci/lab/aws.conf

say()
{
	printf '%s\n' "$*"
}

die()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

need_root()
{
	[ "$(id -u)" = 0 ] || die "must run as root (try: sudo $0)"
}

# in_ns NAME COMMAND...: runs in the namespace ps-NAME (or as spaces_of says)
in_ns()
{
	local ns=$1
	shift
	ip netns exec "$spaces_of-$ns" "$@"
}

# wait_for SECONDS COMMAND...: until the command succeeds, or fails when the time is over
wait_for()
{
	local end=$(( SECONDS + $1 ))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.1
	done
}

# pid_of NAME: the process id that the lab wrote down for NAME
pid_of()
{
	cat "$lab/$1.pid" 2>/dev/null
}

# alive NAME: whether it runs. A recycled process id is told by its namespace.
alive()
{
	local pid
	pid=$(pid_of "$1") && [ -n "$pid" ] && [[ $(ip netns identify "$pid" 2>/dev/null) == "$spaces_of"-* ]] &&
		[[ $(cut -d' ' -f3 "/proc/$pid/stat" 2>/dev/null) != Z ]]
}

dead()
{
	! alive "$1"
}

# spawn NAME NS COMMAND...: starts it in ps-NS; its log, process id and later its exit code are in the lab's directory
spawn()
{
	local name=$1 ns=$2
	shift 2
	rm -f "$lab/$name.pid" "$lab/$name.rc"
	# shellcheck disable=SC2016 # expanded by the inner shell
	setsid bash -c 'f=$1; shift; "$@" & echo $! >"$f.pid"; wait $!; echo $? >"$f.rc"' \
		spawn "$lab/$name" ip netns exec "$spaces_of-$ns" "$@" >"$lab/$name.log" 2>&1 </dev/null &
	wait_for 5 test -s "$lab/$name.pid"
}

# stop NAME [SECONDS]: asks it to end and waits; kills it when the time is over (and then fails)
stop()
{
	local name=$1 pid late=0
	if alive "$name"; then
		pid=$(pid_of "$name")
		kill -CONT "$pid" 2>/dev/null || true
		kill -TERM "$pid" 2>/dev/null || true
		if ! wait_for "${2:-10}" dead "$name"; then
			late=1
			kill -KILL "$pid" 2>/dev/null || true
			wait_for 5 dead "$name" || die "$name (process $pid) does not end"
		fi
		wait_for 5 test -s "$lab/$name.rc" || true # who waits for it writes there; then nobody does
	fi
	rm -f "$lab/$name.pid"
	return $late
}

# status_of NAME...: one line each
status_of()
{
	local name rc=0
	for name in "$@"; do
		if alive "$name"; then
			say "$name: running, process $(pid_of "$name")"
		else
			say "$name: stopped"
			rc=1
		fi
	done
	return $rc
}

# tail_log NAME: the end of its log, for a message of failure
tail_log()
{
	[ ! -s "$lab/$1.log" ] || tail -n "${2:-15}" "$lab/$1.log" >&2
}
