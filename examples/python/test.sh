#!/bin/sh
# Tests the examples as a stranger would run them: a virtual environment, stubs from proto/, a real server. Needs `npm ci` at the
# top. Prints "N passed, N failed" and exits with 0 only if nothing failed.
set -eu
cd "$(dirname "$0")"

fail() { echo "$1" >&2; echo "0 passed, 1 failed"; exit 1; }

python=${PYTHON3:-python3}
command -v "$python" >/dev/null || fail "python3 is not installed"
[ -x ../../node_modules/.bin/node ] || fail "node_modules is missing; run npm ci at the top"

work=$(mktemp -d)
tests=
clean_up() {
  [ -z "$tests" ] || { kill "$tests" 2>/dev/null && wait "$tests"; } || true
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || fail "$python cannot make virtual environments; install python3-venv"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv; } >"$work/apt.log" 2>&1 ||
    { cat "$work/apt.log" >&2; fail "python3-venv could not be installed"; }
fi

if [ -z "${ORRERY_NATS_SERVER:-}" ] && ! PATH="$PATH:/usr/sbin" command -v nats-server >/dev/null; then
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || fail "nats-server is not installed, and ORRERY_NATS_SERVER names none"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq nats-server; } >"$work/apt.log" 2>&1 ||
    { cat "$work/apt.log" >&2; fail "nats-server could not be installed"; }
fi

"$python" -m venv "$work/venv" || fail "the virtual environment could not be made"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check -r requirements.txt || fail "pip could not install requirements.txt"
PYTHON="$work/venv/bin/python" ./generate.sh || fail "the stubs could not be generated"
"$work/venv/bin/python" test_examples.py &
tests=$!
code=0
wait "$tests" || code=$?
tests=
exit "$code"
