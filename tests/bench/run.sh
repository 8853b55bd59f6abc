#!/usr/bin/env bash
# Prints the table of docs/performance.md as this machine gives it.
#
#   ./tests/bench/run.sh                    every row, about a quarter of an hour
#   ./tests/bench/run.sh ROW...             these alone: shim, durable, backlog, file, at-once, http,
#                                           ssh, poll, contention
#   ./tests/bench/run.sh contention [N...] [file|http|ssh...]
#                                           N daemons on one topic beside git's commands, over file
#                                           where no server is named
#   ./tests/bench/run.sh --runs N ...       each row N times: medians, and how far they lie apart
#
# The programs are those in WATERCOOLER_PROGRAMS; where that is unset they are built, optimised.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

target=${CARGO_TARGET_DIR:-$PWD/target}
# A person's keys and an editor's prompts are not part of what is measured.
unset SSH_AUTH_SOCK GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_ASKPASS SSH_ASKPASS

if [ -z "${WATERCOOLER_PROGRAMS:-}" ]; then
  cargo build --quiet --release --package watercoolerd --package watercooler-mcp \
    --package watercooler
  export WATERCOOLER_PROGRAMS=$target/release
fi
printf '%s cores, %s %s, load %s\n\n' "$(getconf _NPROCESSORS_ONLN)" "$(uname -s)" "$(uname -m)" \
  "$(uptime | sed 's/.*averages\{0,1\}: //')"
exec cargo bench --quiet --package tests --bench performance -- "$@"
