#!/usr/bin/env bash
# Makes a package of the programs, with their units, pages, completions and licences.
set -euo pipefail

usage() {
    cat <<'TEXT'
Usage: ./installer/package.sh deb|tar [--profile NAME] [--out DIR]

Builds the programs and makes
  deb  a Debian package (by cargo-deb, which is installed below the target folder where it is missing)
  tar  a .tar.gz, and its SHA-256 sum beside it

  --profile NAME  build with this profile instead of `release`
  --out DIR       put the package there instead of into the target folder's `package/`
  --help          show this
TEXT
}

bad_usage() {
    echo "package.sh: $1" >&2
    usage >&2
    exit 2
}

# The version of cargo-deb that is known to work.
cargo_deb_version=3.8.0
programs="watercoolerd watercooler-mcp watercooler watercooler-installer watercooler-tray"

kind=
profile=release
out=
while [ $# -gt 0 ]; do
    case $1 in
        deb | tar) kind=$1 ;;
        --profile | --out)
            [ $# -ge 2 ] || bad_usage "$1 needs a value"
            [ "$1" = --out ] && out=$2 || profile=$2
            shift
            ;;
        --help | -h) usage && exit 0 ;;
        *) bad_usage "'$1' is not understood" ;;
    esac
    shift
done
[ -n "$kind" ] || bad_usage "say which: deb or tar"
[ -z "$out" ] || out=$(mkdir -p "$out" && cd "$out" && pwd -P)

cd "$(dirname "${BASH_SOURCE[0]}")/.."
target=$(cargo metadata --no-deps --format-version 1 --locked \
    | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
built=$target/$profile
# cargo-deb reads `target/release/` as the folder of the profile that is packed.
stage=$built/package
: "${out:=$target/package}"
mkdir -p "$out"

build() {
    cargo build --locked --quiet --profile "$profile" -p watercoolerd -p watercooler \
        -p watercooler-installer -p watercooler-tray
    # By itself and optimised as a whole, in whichever profile, so that it stays small.
    env "CARGO_PROFILE_$(tr '[:lower:]-' '[:upper:]_' <<<"$profile")_LTO=thin" \
        cargo build --locked --quiet --profile "$profile" -p watercooler-mcp
}

# All but the programs, as it lies below a prefix.
stage() {
    rm -rf "$stage"
    mkdir -p "$stage/systemd" "$stage/autostart" "$stage/doc"
    "$built/watercooler-installer" manual "$stage/share"
    local name
    for name in watercoolerd.service watercoolerd.socket; do
        sed 's|@BIN@|/usr/bin|' "installer/linux/$name" >"$stage/systemd/$name"
    done
    for name in watercooler-tray.desktop; do
        sed 's|@BIN@|/usr/bin|' "installer/linux/$name" >"$stage/autostart/$name"
    done
    cp LICENSE README.md CHANGELOG.md SECURITY.md "$stage/doc/"
    installer/licences.sh >"$stage/doc/THIRD-PARTY-LICENCES"
}

make_deb() {
    local cargo_deb=$target/tools/bin/cargo-deb made
    gzip -9n "$stage"/share/man/man1/*.1
    command -v cargo-deb >/dev/null 2>&1 && cargo_deb=$(command -v cargo-deb)
    [ -x "$cargo_deb" ] || CARGO_TARGET_DIR=$target/tools/build \
        cargo install --quiet --locked --version "$cargo_deb_version" --root "$target/tools" cargo-deb
    made=$("$cargo_deb" --package watercooler-installer --no-build --profile "$profile" \
        --output "$out/" --quiet | tail -n 1)
    echo "$made"
}

# As it is unpacked: one folder with the programs beside each other, so that its
# `bin/watercooler-installer install` finds them.
make_tar() {
    local version name folder program
    version=$("$built/watercooler" --version | awk '{ print $2 }')
    name=watercooler-$version-$(uname -s | tr '[:upper:]' '[:lower:]')-$(uname -m)
    folder=$stage/tar/$name
    mkdir -p "$folder/bin"
    for program in $programs; do
        install -m 755 "$built/$program" "$folder/bin/"
    done
    cp -R "$stage/share" "$stage/doc" "$folder/"
    # The same bytes from the same sources, whoever packs them and when.
    tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@${SOURCE_DATE_EPOCH:-0}" \
        -C "$stage/tar" -cf - "$name" | gzip -9n >"$out/$name.tar.gz"
    (cd "$out" && sha256sum "$name.tar.gz" >"$name.tar.gz.sha256")
    echo "$out/$name.tar.gz"
}

build
stage
"make_$kind"
