#!/usr/bin/env bash
# Runs everything that is tested, from a clean checkout, and ends with "N passed, N failed".
#
#   ./tests/run.sh             all suites
#   ./tests/run.sh SUITE…      these alone
#   ./tests/run.sh --list      their names, budgets in minutes, and what they are
#
# Each suite has a log below target/run/. A suite over its budget is a warning, a failed test a
# failure. Whatever is started here is stopped here.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
exec </dev/null

# name|budget in minutes|what it is
suites='check|4|formatting, lints with warnings denied, documentation
cross|4|our code type-checked for Windows and macOS
build|6|all programs and tests, unoptimised
unit|5|unit and property tests of every crate
simulation|3|the engine and many engines against one remote
stories|8|whole programs, real git servers and faults
servers|4|every server, and every way in which each fails
clients|5|public MCP clients and SDKs, every tool
tray|4|the tray in a desktop session, driven over its bus
conformance|3|the official MCP conformance suite, natively and through the shim
load|25|200 agents beside hostile clients, and 100 kills, optimised; only where it is named
edits|30|1,000 random scripts of people and agents at working trees; only where it is named
size|40|what a clone takes after 2,000 fetches and pushes; only where it is named
newcomer|8|the install command, from a fresh clone in an empty home
update|10|this version and the one before, changed under a running load; only where it is named
package|15|the packages, and what they do in a clean root; only where it is named'

# No step may hang a run for ever, whatever its budget.
step_limit=40m

target=${CARGO_TARGET_DIR:-$PWD/target}
logs=$target/run
mkdir -p "$logs"
export CARGO_TERM_COLOR=never NO_COLOR=1
# An agent's keys and an editor's prompts are not part of what is tested.
unset SSH_AUTH_SOCK GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_ASKPASS SSH_ASKPASS

passed=0
failed=0
log=
child=

# Every folder of a test lies in here, and each of its processes names such a folder in its
# environment: so what a killed test left behind is found by process id.
TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/wct.XXXXXX") || exit 1
# Closed to listing as before, but some tests are another user who must get as far as a socket.
chmod 711 "$TMPDIR"
export TMPDIR

stop_all() {
  local environment pid
  [ -n "$child" ] && kill -TERM -- "-$child" 2>/dev/null
  child=
  for environment in /proc/[0-9]*/environ; do
    pid=${environment#/proc/}
    pid=${pid%/environ}
    [ "$pid" = "$$" ] || ! grep -qsaF "=$TMPDIR/" "$environment" || kill -KILL "$pid" 2>/dev/null
  done
  # A daemon hides its environment from all but root; its lock names it.
  while IFS= read -r lock; do
    pid=$(sed -nE 's/^\{"pid":([0-9]+),.*/\1/p' "$lock" 2>/dev/null)
    [ -z "$pid" ] || ! grep -qsx watercoolerd "/proc/$pid/comm" || kill -KILL "$pid" 2>/dev/null
  done < <(find "$TMPDIR" -name daemon.lock -type f 2>/dev/null)
  rm -rf "$TMPDIR"
}
trap stop_all EXIT
trap 'exit 130' INT TERM

# step WHAT COMMAND…: runs the command into the suite's log and counts its tests; a command that
# reports none is one test itself.
step() {
  local what=$1 status from ok bad
  shift
  from=$(($(wc -l <"$log") + 1))
  printf '\n-- %s: %s\n' "$what" "$*" >>"$log"
  # A process group of its own, so that its end takes along whatever it started.
  set -m
  timeout --kill-after=10 "$step_limit" "$@" >>"$log" 2>&1 </dev/null &
  child=$!
  set +m
  wait "$child"
  status=$?
  kill -TERM -- "-$child" 2>/dev/null
  child=
  read -r ok bad < <(tail -n "+$from" "$log" | sed -nE \
    's/^test result: .* ([0-9]+) passed; ([0-9]+) failed; .*/\1 \2/p' |
    awk '{ok += $1; bad += $2} END {print ok + 0, bad + 0}')
  if [ $((ok + bad)) -eq 0 ] && [ "$status" -eq 0 ]; then ok=1; fi
  if [ "$bad" -eq 0 ] && [ "$status" -ne 0 ]; then bad=1; fi
  passed=$((passed + ok))
  failed=$((failed + bad))
  if [ "$status" -eq 0 ]; then
    printf '   %s: %s passed\n' "$what" "$ok"
  else
    printf '   %s: %s passed, %s FAILED (exit %s)\n' "$what" "$ok" "$bad" "$status"
  fi
  return "$status"
}

# Cargo ends at the first test binary that fails; all of them are wanted.
cargo_test() { step "$1" cargo test --no-fail-fast "${@:2}"; }

suite_check() {
  step formatting cargo fmt --all --check -- --color never
  step lints cargo clippy --workspace --all-targets -- -D warnings
  step documentation env RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps
  step 'scripts parse' bash -c 'for script in "$@"; do bash -n "$script" || exit 1; done' - \
    tests/run.sh tests/cross.sh tests/cross/packages.sh .ci/run $(find installer -name '*.sh')
}

suite_cross() {
  step Windows tests/cross.sh windows
  step macOS tests/cross.sh macos
  # A step that could not run counts as passed: that must be seen.
  sed -n 's/^\*\*\* SKIPPED/   &/p' "$log"
}

suite_build() {
  step programs cargo build --workspace --bins
  step tests cargo test --workspace --no-run
}

suite_unit() {
  cargo_test 'crates and programs' --workspace --exclude tests --exclude sync-engine
  cargo_test 'the bench' --package tests --lib
}

suite_simulation() { cargo_test simulation --package sync-engine; }

# Builds the programs and names them to the tests, which then build nothing.
programs() {
  step programs cargo build --quiet --package watercoolerd --package watercooler-mcp \
    --package watercooler --package watercooler-installer || return 1
  export WATERCOOLER_PROGRAMS=$target/debug
}

suite_stories() {
  programs || return
  cargo_test stories --package tests --test it -- --test-threads=2
  step 'no secret lies open' bash -c no_secret_lies_open
}

suite_servers() {
  programs || return
  cargo_test servers --package tests --test servers -- --test-threads=3
  step 'no secret lies open' bash -c no_secret_lies_open
  # A row that this system does not allow counts as passed: that must be seen.
  sed -n 's/^\*\*\* SKIPPED/   &/p' "$log"
}

# Every secret of a story holds one word (tests/src/canary.rs looks for it while they run): it stands
# neither in what a suite said nor in what it left behind, but for a web server's own list of users.
# It is read from a file, so that it stands in no argument here either.
no_secret_lies_open() {
  local word=$TMPDIR/canary found
  sed -nE 's/^pub const CANARY: &str = "(.+)";$/\1/p' tests/src/canary.rs >"$word"
  [ -s "$word" ] || { echo 'the canary has no name'; return 1; }
  found() {
    grep -rlaF -f "$word" --exclude=canary --exclude=users --exclude=nginx.conf "$@"
  }
  # It would be found.
  mkdir "$TMPDIR/planted" && { printf 'token '; cat "$word"; } >"$TMPDIR/planted/log"
  [ "$(found "$TMPDIR")" = "$TMPDIR/planted/log" ] || { found "$TMPDIR"; return 1; }
  rm -r "$TMPDIR/planted"
  ! found "$TMPDIR" "$log"
}

suite_clients() {
  programs || return
  step 'clients in Python' bash -c python_clients || return
  step 'clients in Node' bash -c node_clients || return
  export WATERCOOLER_TEST_PYTHON=$target/clients/python/bin/python
  export WATERCOOLER_TEST_NODE=$target/clients/node
  cargo_test clients --package tests --test clients -- --include-ignored --test-threads=1 \
    --nocapture
  # The rows of the table in docs/agents.md, as these runs give them.
  sed -nE 's/^(test .* \.\.\. )?(\| .* \|)$/   \2/p' "$log" | LC_ALL=C sort
}

suite_tray() {
  programs || return
  step 'the tray' cargo build --quiet --package watercooler-tray || return
  cargo_test tray --package tests --test tray -- --test-threads=2 --nocapture
  sed -nE 's/^(test .* \.\.\. )?([0-9]+ kB resident.*)$/   \2/p' "$log"
}

suite_conformance() {
  step 'the suite and its bridge' bash -c conformance_suite || return
  # Programs of their own: every other suite tests the ones without fixtures.
  local programs=$target/conformance/programs
  step 'a daemon with fixtures' cargo build --quiet --package watercoolerd \
    --features watercoolerd/conformance || return
  mkdir -p "$programs"
  rm -f "$programs"/*
  cp "$target/debug/watercoolerd" "$programs/" || return
  programs || return
  cp "$target/debug/watercooler-mcp" "$target/debug/watercooler" "$programs/" || return
  WATERCOOLER_PROGRAMS=$programs WATERCOOLER_TEST_CONFORMANCE=$target/conformance \
    cargo_test conformance --package tests --test conformance -- --ignored --test-threads=1 \
    --nocapture
}

suite_size() {
  programs || return
  cargo_test size --package tests --test it -- --ignored --nocapture housekeeping::
}

suite_edits() {
  programs || return
  cargo_test edits --package tests --test it -- --ignored --nocapture hand_edits::
  sed -nE 's/^(test .* \.\.\. )?([0-9]+ scripts, )/   \2/p' "$log"
}

# The programs as they are released: the figures are held to what is promised of them.
suite_load() {
  step programs cargo build --quiet --release --package watercoolerd --package watercooler-mcp \
    --package watercooler || return 1
  export WATERCOOLER_PROGRAMS=$target/release
  cargo_test load --package tests --test it -- --ignored --nocapture --test-threads=1 load:: crash::
  sed -nE 's/^(test .* \.\.\. )?(round [0-9]+: |[0-9]+ kills, )/   \2/p' "$log"
}

suite_newcomer() {
  cargo_test newcomer --package tests --test newcomer -- --ignored --test-threads=1
}

suite_update() {
  step 'the version before' bash -c older_programs || return
  programs || return
  WATERCOOLER_OLDER=$target/older/programs \
    cargo_test update --package tests --test it -- --ignored --nocapture updating::
  sed -nE 's/^(test .* \.\.\. )?([0-9]+ calls, .*)$/   \2/p' "$log"
}

# The same sources under another version, in the same target folder: what they need is built once.
older_programs() {
  local to=$target/older program
  rm -rf "$to/source"
  mkdir -p "$to/source" "$to/programs"
  git ls-files -z | xargs -0 cp --parents -p -t "$to/source" &&
    sed -i '/^\[workspace.package\]/,/^$/s/^version = .*/version = "0.0.1"/' "$to/source/Cargo.toml" &&
    (cd "$to/source" && CARGO_TARGET_DIR=$target cargo build --quiet --offline \
      --package watercoolerd --package watercooler-mcp --package watercooler \
      --package watercooler-installer) || return
  for program in watercoolerd watercooler-mcp watercooler watercooler-installer; do
    cp "$target/debug/$program" "$to/programs/" || return
  done
}

suite_package() {
  cargo_test package --package tests --test package -- --ignored --test-threads=1 --nocapture
  sed -n 's/^\*\*\* SKIPPED/   &/p' "$log"
}

python_clients() {
  local wanted=$PWD/tests/clients/python/requirements.txt venv=$target/clients/python python
  cmp -s "$wanted" "$venv/requirements.txt" && return
  rm -rf "$venv"
  for python in python3 python3.13 python3.12 python3.11 /usr/bin/python3; do
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || continue
    "$python" -m venv "$venv" && break
    rm -rf "$venv"
  done
  [ -x "$venv/bin/python" ] || { echo 'no python3 of 3.10 or newer can make a venv'; return 1; }
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$wanted" &&
    cp "$wanted" "$venv/requirements.txt"
}

# Some clients want a newer Node than many systems have: it comes along, as one of the packages.
node_clients() {
  local from=$PWD/tests/clients/node to=$target/clients/node
  mkdir -p "$to"
  cp "$from"/*.mjs "$to/"
  cmp -s "$from/package-lock.json" "$to/installed-lock.json" && return
  cp "$from/package.json" "$from/package-lock.json" "$from/.npmrc" "$to/" &&
    (cd "$to" && npm ci --no-progress --ignore-scripts) &&
    cp "$from/package-lock.json" "$to/installed-lock.json"
}

conformance_suite() {
  local from=$PWD/tests/conformance to=$target/conformance
  mkdir -p "$to"
  cmp -s "$from/package-lock.json" "$to/installed-lock.json" && return
  cp "$from/package.json" "$from/package-lock.json" "$from/.npmrc" "$to/" &&
    (cd "$to" && npm ci --no-progress) &&
    cp "$from/package-lock.json" "$to/installed-lock.json"
}
# A step runs these by name, in a shell of its own.
export -f older_programs python_clients node_clients conformance_suite no_secret_lies_open
export target log

# Whatever of the system the tests need and this machine lacks.
packages() {
  if [ -f installer/packages.sh ]; then
    # shellcheck source=/dev/null
    . installer/packages.sh
    need_packages tests
    return
  fi
  local missing='' program
  for program in cargo git ssh ssh-keygen openssl python3 node npm cc; do
    command -v "$program" >/dev/null || missing+=" $program"
  done
  for program in sshd nginx fcgiwrap tinyproxy; do
    PATH=$PATH:/usr/sbin:/usr/local/sbin command -v "$program" >/dev/null || missing+=" $program"
  done
  [ -z "$missing" ] || { echo "missing:$missing"; return 1; }
}

minutes() { awk -v seconds="$1" 'BEGIN {printf "%.1f", seconds / 60}'; }

# What a log says of failures: cargo's list of failed tests with their words, and errors.
failures() {
  awk '/^failures:$/ {listed = 1} /^test result:/ {listed = 0}
    /^(error|Diff in|warning: unused|npm error|ERROR)/ {following = 14}
    listed || following-- > 0' | tail -n 200
}

# run_suite NAME BUDGET WHAT
run_suite() {
  local name=$1 budget=$2 before=$failed start=$SECONDS took over=''
  log=$logs/$name.log
  : >"$log"
  printf '== %s: %s\n' "$name" "$3"
  "suite_$name"
  took=$((SECONDS - start))
  if [ "$took" -gt $((budget * 60)) ]; then over=', OVER ITS BUDGET'; fi
  grep -E '^(test result:|test .* FAILED$)' "$log" | grep -v ' 0 passed; 0 failed' | sed 's/^/   /'
  if [ "$failed" -gt "$before" ]; then
    printf '   from %s:\n' "$log"
    failures <"$log" | sed 's/^/   | /'
  fi
  printf '   %s minutes of %s%s\n' "$(minutes "$took")" "$budget" "$over"
  report+="$(printf '%-12s %6s min of %2s  %s' "$name" "$(minutes "$took")" "$budget" \
    "$([ "$failed" -gt "$before" ] && echo FAILED || echo ok)$over")"$'\n'
}

list() {
  while IFS='|' read -r name budget what; do
    printf '%-12s %2s min  %s\n' "$name" "$budget" "$what"
  done <<<"$suites"
}

main() {
  case ${1:-} in
    --list) list; exit 0 ;;
    -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; list; exit 0 ;;
  esac
  for wanted in "$@"; do
    grep -q "^$wanted|" <<<"$suites" || { echo "no suite '$wanted'; there are:" >&2; list >&2; exit 2; }
  done

  report=
  packages || { echo 'what the tests need is missing'; echo '0 passed, 1 failed'; exit 1; }
  while IFS='|' read -r -u 3 name budget what; do
    case $#:$name in 0:load | 0:edits | 0:size | 0:package | 0:update) continue ;; esac
    if [ $# -eq 0 ] || printf '%s\n' "$@" | grep -qx "$name"; then
      run_suite "$name" "$budget" "$what"
    fi
  done 3<<<"$suites"

  printf '\n%s' "$report"
  printf 'in all       %6s min of 45\n' "$(minutes "$SECONDS")"
  printf '%s passed, %s failed\n' "$passed" "$failed"
  [ "$failed" -eq 0 ]
}

# Read whole before it runs: the file may change meanwhile.
main "$@"; exit
