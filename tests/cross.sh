#!/usr/bin/env bash
# Type-checks our code for another system, on Debian.
#
#   ./tests/cross.sh windows|macos           what needs no C: the crates that differ by system, and
#                                            the two programs that clients start
#   ./tests/cross.sh windows|macos --all     the daemon, its repositories and the MCP end too
#
# The installed toolchain has the standard library of one system alone. So Debian's Rust, which
# comes with the source of its library, is unpacked into ~/.cache/watercooler-cross, or into
# $WATERCOOLER_CROSS_CACHE, and builds that library for the other system: once, of about 1.5 GB in
# all; later runs check our code alone. To begin anew, delete that folder.
#
# It proves that the types agree and that nothing warns; not that it links, and not that it runs.
# Where Debian's Rust is not to be had it says so and ends well, except with CI=true.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

usage() {
  sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"
  exit "$1"
}

case ${1:-} in
  windows) target=x86_64-pc-windows-gnu ;;
  macos) target=x86_64-apple-darwin ;;
  -h | --help) usage 0 ;;
  *) usage 2 >&2 ;;
esac
case ${2:-} in
  '' | --all) all=${2:-} ;;
  *) usage 2 >&2 ;;
esac

cache=${WATERCOOLER_CROSS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/watercooler-cross}
mkdir -p "$cache" || exit 1
# A second run waits: both would unpack into the same folder.
exec 9>"$cache/lock"
flock 9 || exit 1

. tests/cross/packages.sh
why=
rust_with_source "$cache"
case $? in
  0) ;;
  2)
    printf '\n*** SKIPPED: NOT TYPE-CHECKED FOR %s: %s ***\n\n' "$1" "$why"
    [ "${CI:-}" != true ]
    exit
    ;;
  *) echo "Debian's Rust could not be fetched or unpacked into $cache" >&2; exit 1 ;;
esac

libraries=("$cache"/root/usr/lib/*-linux-gnu)
export LD_LIBRARY_PATH=${libraries[0]} RUSTC=$cache/root/usr/bin/rustc
# A released compiler takes -Z with this alone.
export RUSTC_BOOTSTRAP=1
export CARGO_TARGET_DIR=$cache/target
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS RUSTC_WRAPPER RUSTC_WORKSPACE_WRAPPER

# For dlltool alone: the folder's rustc must not come before the machine's programs.
mkdir -p "$cache/bin"
ln -sf "$cache"/root/usr/bin/x86_64-w64-mingw32-* "$cache/bin/"
PATH=$cache/bin:$PATH

# C takes no part in the types of Rust: whatever would be compiled is left empty.
name=${target//-/_}
export "CC_$name=$PWD/tests/cross/stub-cc.sh" "AR_$name=$PWD/tests/cross/stub-ar.sh"
export "RANLIB_$name=true" SDKROOT=/
# OpenSSL is looked for instead of built; this machine's headers say which version it is.
headers=$(pkg-config --variable=includedir openssl 2>/dev/null)
export "${name^^}_OPENSSL_INCLUDE_DIR=${headers:-/usr/include}"
export "${name^^}_OPENSSL_LIB_DIR=${libraries[0]#"$cache/root"}"

# Warnings of our crates are errors by cargo's own setting, which unlike RUSTFLAGS rebuilds nothing.
# Checksums, because cargo holds the crates of two checkouts for the same: by the times of its files
# an older checkout would pass for what the newer one was.
check() {
  echo "-- $target: $*"
  cargo check --locked -Zbuild-std=std,panic_abort -Zchecksum-freshness --target "$target" \
    -Zwarnings --config 'build.warnings="deny"' --config 'profile.dev.panic="abort"' "$@" 9>&-
}

failed=0
check -p platform -p protocol -p threads -p sync-engine -p ipc -p watercooler-mcp -p watercooler \
  -p watercooler-installer -p watercooler-tray ||
  failed=1
# The daemon's end of the socket, which the programs above must do without.
check -p ipc --features tokio || failed=1
[ -z "$all" ] || check -p mcp -p repository -p watercoolerd || failed=1
exit "$failed"
