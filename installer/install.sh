#!/usr/bin/env bash
# Puts watercooler on this machine: builds it, installs it for the user, starts it, and shows that
# it works. Run it again at any time; it goes on where it was interrupted.
set -euo pipefail

usage() {
    cat <<'TEXT'
Usage: ./installer/install.sh [--prefix DIR] [--url URL] [--yes]

Builds watercooler and installs it into ~/.local/bin, starts its daemon, writes a first thread and
reads it back, and registers the MCP server with Claude Code where that is found.

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
programs="watercoolerd watercooler-mcp watercooler"
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

# Each program is built alone, so that what one needs does not swell another.
build() {
    local program log
    for program in $programs; do
        phase "Building $program (release; the first time takes minutes)"
        log=$scratch/build-$program
        if [ -t 2 ]; then
            cargo build --release --locked -p "$program" || fail "$program does not build"
        else
            cargo build --release --locked --quiet -p "$program" >"$log" 2>&1 || {
                tail -n 40 "$log" >&2
                fail "$program does not build" "The lines above say why."
            }
        fi
    done
    built=$(cargo metadata --no-deps --format-version 1 --offline --locked \
        | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')/release
}

# Each program is replaced in one step; one that is running goes on with its old file.
copy() {
    local program
    mkdir -p "$bin" || fail "$bin cannot be made" "Give another folder with --prefix."
    for program in $programs; do
        cmp -s "$built/$program" "$bin/$program" && continue
        # What an interrupted run left aside.
        rm -f "$bin/.$program".new.*
        if ! install -m 755 "$built/$program" "$bin/.$program.new.$$" \
            || ! mv -f "$bin/.$program.new.$$" "$bin/$program"; then
            fail "$bin cannot be written" "Give another folder with --prefix."
        fi
    done
    phase "Programs are in $bin: $("$bin/watercooler" --version)"
}

# From the folder where this was started, against which a remote's path is read.
watercooler() {
    (cd "$started_in" && "$bin/watercooler" "$@")
}

# Always a restart: an interrupted run may have replaced the program of the daemon that runs.
daemon() {
    watercooler daemon restart >"$scratch/daemon" 2>&1 || {
        cat "$scratch/daemon" >&2
        fail "the daemon does not start"
    }
    phase "$(head -n 1 "$scratch/daemon")"
}

# The repository of the first thread: the given remote, else the first that is set up, which is the
# local one where nobody has set up any.
repository_name() {
    tr '}' '\n' <"$1" | sed -n 's/.*"name":"\([a-z0-9-]*\)".*/\1/p' | head -n 1
}

out_of_step=0
repository() {
    if [ -z "$url" ]; then
        watercooler repo list --json >"$scratch/repositories" || fail "the repositories cannot be listed"
        name=$(repository_name "$scratch/repositories")
        [ -n "$name" ] || fail "no repository is set up" "watercooler status says why."
        phase "Repository: $name"
        return
    fi
    phase "Repository: adding the remote"
    watercooler repo add "$url" --json >"$scratch/added" 2>/dev/null || out_of_step=$?
    name=$(repository_name "$scratch/added")
    if [ -z "$name" ]; then
        sed 's/.*"message":"\([^"]*\)".*/    \1/' "$scratch/added" >&2
        fail "the remote was not added"
    fi
    phase "Repository: $name"
    if [ "$out_of_step" != 0 ]; then
        echo "    It is set up but not in step yet; what is written waits on this machine:"
        watercooler status | sed 's/^/    /' || true
    fi
}

# Says a thread and reads it back, by the command and by the program that agents start.
first_thread() {
    local topic=welcome
    if ! watercooler read "$topic" --repository "$name" >"$scratch/thread" 2>&1; then
        watercooler say "$topic" --repository "$name" --key installer-welcome \
            --title "Welcome to the watercooler" --role scribe --ball team \
            --body "This thread was written by the installer to show that everything works.
Answer in it, or start another: every topic is a thread of its own." >"$scratch/said" 2>&1 || {
            cat "$scratch/said" >&2
            fail "a first thread cannot be written"
        }
        watercooler read "$topic" --repository "$name" >"$scratch/thread" 2>&1 || {
            cat "$scratch/thread" >&2
            fail "the first thread cannot be read back"
        }
    fi
    phase "A first thread, as it is read back"
    head -n 12 "$scratch/thread" | sed 's/^/    /'
}

# The file is written by one end of the pipe and looked at by the other, on purpose: the program
# ends at the end of its input, and that must come after its answer.
# shellcheck disable=SC2094
agents_way() {
    local answers=$scratch/answers author
    : >"$answers"
    {
        printf '%s\n' \
            '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"watercooler-installer","version":"1"}}}' \
            '{"jsonrpc":"2.0","method":"notifications/initialized"}' \
            '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"watercooler_whoami","arguments":{}}}'
        for _ in $(seq 100); do
            ! grep -q '"id": *2' "$answers" || break
            sleep 0.1
        done
    } | "$bin/watercooler-mcp" --repository "$name" >"$answers" 2>"$scratch/shim" || true
    author=$(sed -n 's/.*"agent": *"\([^"]*\)".*/\1/p' "$answers" | head -n 1)
    if [ -z "$author" ]; then
        cat "$answers" "$scratch/shim" >&2
        fail "the MCP server does not answer"
    fi
    phase "The MCP server answers; it takes this installer for '$author'"
}

# At most a minute for another's program, where the system can see to that.
bounded() {
    if command -v timeout >/dev/null 2>&1; then
        timeout 60 "$@" </dev/null
    else
        "$@" </dev/null
    fi
}

claude_code() {
    local shim=$bin/watercooler-mcp known=$scratch/claude
    if ! command -v claude >/dev/null 2>&1; then
        phase "Claude Code is not found; to register it later:"
        echo "    claude mcp add watercooler -s user -- $shim"
        return
    fi
    if bounded claude mcp get watercooler >"$known" 2>&1; then
        if grep -qF "Command: $shim" "$known"; then
            phase "Claude Code: registered already"
            return
        fi
        # Another server under that name, with settings of its own, is the user's to change.
        if ! grep -q 'Command: .*watercooler-mcp$' "$known"; then
            phase "Claude Code: another server is registered as 'watercooler'; to change to this one:"
            echo "    set its command to $shim, or:"
            echo "    claude mcp remove watercooler && claude mcp add watercooler -s user -- $shim"
            return
        fi
        bounded claude mcp remove watercooler -s user >/dev/null 2>&1 || true
    fi
    if bounded claude mcp add watercooler -s user -- "$shim" >"$known" 2>&1; then
        phase "Claude Code: registered"
    else
        phase "Claude Code could not be registered: $(head -n 1 "$known")"
        echo "    claude mcp add watercooler -s user -- $shim"
    fi
}

other_agents() {
    phase "Other agents"
    cat <<TEXT
    Codex:   codex mcp add watercooler -- $bin/watercooler-mcp
    Cursor:  in ~/.cursor/mcp.json
             {"mcpServers": {"watercooler": {"command": "$bin/watercooler-mcp"}}}
TEXT
}

path_line() {
    case :$PATH: in
        *":$bin:"*) ;;
        *)
            phase "$bin is not in PATH; add this line to your shell's profile:"
            echo "    export PATH=\"$bin:\$PATH\""
            ;;
    esac
}

if [ -n "${SUDO_USER:-}" ] && [ "$(id -u)" -eq 0 ]; then
    echo "This installs for root. For yourself run it without sudo; it asks for sudo where needed."
fi
system_packages
rust
build
copy
daemon
repository
first_thread
agents_way
claude_code
other_agents
PATH=$started_path
path_line
phase "Done. Say to your agent:"
echo "    List the watercooler threads, read the thread 'welcome', and answer in it."
exit "$out_of_step"
