#!/usr/bin/env bash
# Puts watercooler on this machine: builds it, installs it for the user, starts it, and shows that
# it works. Run it again at any time; it goes on where it was interrupted.
set -euo pipefail

usage() {
    cat <<'TEXT'
Usage: ./installer/install.sh [--prefix DIR] [--url URL] [--yes]

Builds watercooler and installs it into ~/.local/bin, starts its daemon now and at login, writes a
first thread and reads it back, and registers the MCP server with the agents that are found. To take
it off again: watercooler-installer uninstall

  --prefix DIR  install the programs into DIR/bin instead
  --url URL     use this git remote for the threads (ssh, https, file, or a folder's path); without
                it they stay on this machine, and a remote can be given later
  --yes         ask nothing
  --help        show this
TEXT
}

bad_usage() {
    echo "install.sh: $1" >&2
    usage >&2
    exit 2
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck source=installer/packages.sh
. "$root/installer/packages.sh"

prefix=
url=
ASSUME_YES=${ASSUME_YES:-0}
while [ $# -gt 0 ]; do
    case $1 in
        --prefix | --url) [ $# -ge 2 ] || bad_usage "$1 needs a value" ;;
    esac
    case $1 in
        --prefix) prefix=$2 && shift ;;
        --prefix=*) prefix=${1#*=} ;;
        --url) url=$2 && shift ;;
        --url=*) url=${1#*=} ;;
        --yes | -y) ASSUME_YES=1 ;;
        --help | -h) usage && exit 0 ;;
        # It is not repeated: what was meant as a URL may hold a password.
        *) bad_usage "there is an argument that is not understood" ;;
    esac
    shift
done
[ -n "${HOME:-}" ] || {
    echo "install.sh: HOME is not set" >&2
    exit 1
}

started_in=$PWD
started_path=$PATH
# A prefix is read against that folder too.
case $prefix in
    '') bin=$HOME/.local/bin ;;
    /*) bin=${prefix%/}/bin ;;
    *) bin=$PWD/${prefix%/}/bin ;;
esac
# The shim is built alone, and optimised as a whole: with the others it would grow by what they need.
together="-p watercoolerd -p watercooler -p watercooler-installer -p watercooler-tray"
alone="-p watercooler-mcp"
scratch=$(mktemp -d "${TMPDIR:-/tmp}/watercooler-install.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
trap 'echo; echo "Interrupted. Run it again to go on." >&2; exit 130' INT TERM

phase() {
    printf '[%4d s] %s\n' "$SECONDS" "$1"
}

fail() {
    printf '[%4d s] FAILED: %s\n' "$SECONDS" "$1" >&2
    shift
    [ $# -eq 0 ] || printf '    %s\n' "$@" >&2
    exit 1
}

system_packages() {
    phase "System packages"
    need_packages build || fail "system packages are missing" "The lines above say which."
}

rust() {
    phase "Rust"
    cd "$root"
    need_rust "$root" || fail "Rust is missing or too old" "The lines above say what to do."
}

# One call for all that may share what they need, so that it is compiled once.
build() {
    local part log=$scratch/build
    phase "Building the programs (the first time takes minutes)"
    for part in "$together" "$alone"; do
        [ "$part" = "$together" ] || export CARGO_PROFILE_NEWCOMER_LTO=thin
        # The parts are words on purpose.
        # shellcheck disable=SC2086
        if [ -t 2 ]; then
            cargo build --profile newcomer --locked $part || fail "the programs do not build"
        else
            cargo build --profile newcomer --locked --quiet $part >"$log" 2>&1 || {
                tail -n 40 "$log" >&2
                fail "the programs do not build" "The lines above say why."
            }
        fi
    done
    built=$(cargo metadata --no-deps --format-version 1 --offline --locked \
        | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')/newcomer
}

if [ -n "${SUDO_USER:-}" ] && [ "$(id -u)" -eq 0 ]; then
    echo "This installs for root. For yourself run it without sudo; it asks for sudo where needed."
fi
system_packages
rust
build
phase "Installing"
set -- --yes
[ -z "$prefix" ] || set -- "$@" --prefix "${bin%/bin}"
[ -z "$url" ] || set -- "$@" --url "$url"
# From the folder where this was started, against which a remote's path is read; with the path of
# whoever started it, in which agents are looked for.
cd "$started_in"
rm -rf "$scratch"
PATH=$started_path exec "$built/watercooler-installer" install "$@"
