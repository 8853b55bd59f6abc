# shellcheck shell=bash
# Unpacks Debian's Rust with the source of its standard library into a folder; installs nothing.
#
#   rust_with_source FOLDER    0: $FOLDER/root holds it. 1: failed. 2: not to be had on this
#                              machine; then $why says why.

rust_packages='rustc-web rust-web-src'
# dlltool makes the import libraries of the standard library for Windows.
more_packages='binutils-mingw-w64-x86-64'

# Runs one of apt's commands with lists and folders of our own, so that it needs neither root nor
# fresh lists of the system.
apt() {
  local command=$1
  shift
  "$command" -o "Dir::State::lists=$apt_folder/lists" -o "Dir::Cache=$apt_folder/cache" \
    -o Debug::NoLocking=1 -o APT::Sandbox::User= "$@"
}

# The names of all packages to unpack, one a line: the compiler's own, which carry versions in their
# names, and the libraries it needs that are not installed.
wanted_packages() {
  local closure
  closure=$(apt apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts \
    --no-breaks --no-replaces --no-enhances rustc-web) || return
  {
    tr ' ' '\n' <<<"$rust_packages $more_packages"
    grep -E '^(libstd-rust-web|libllvm[0-9])' <<<"$closure"
    # shellcheck disable=SC2086
    apt apt-get install --simulate --no-install-recommends $rust_packages $more_packages |
      awk '/^Inst (lib|binutils)/ {print $2}'
  } | sort -u
}

rust_with_source() {
  local folder=$1 program version needed
  [ ! -e "$folder/complete" ] || return 0
  for program in apt-get apt-cache dpkg; do
    command -v "$program" >/dev/null || { why="there is no $program here"; return 2; }
  done
  apt_folder=$folder/apt
  rm -rf "$folder/root"
  mkdir -p "$apt_folder/lists/partial" "$apt_folder/cache/archives/partial" "$folder/debs" \
    "$folder/root" || return
  apt apt-get -qq update || { why='the package lists cannot be read'; return 2; }
  needed=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
  version=$(apt apt-cache policy rustc-web | sed -n 's/^ *Candidate: //p')
  dpkg --compare-versions "${version:-0}" ge "${needed:?Cargo.toml names no rust-version}" || {
    why="the rustc-web of this distribution is ${version:-none}, and $needed is needed"
    return 2
  }
  unpack "$folder"
}

unpack() {
  local folder=$1 packages package
  packages=$(wanted_packages) || return
  # A package that lies there in the wanted version is not fetched again.
  # shellcheck disable=SC2086
  (cd "$folder/debs" && apt apt-get -q download $packages) || return
  for package in $packages; do
    dpkg -x "$(newest_deb "$folder/debs" "$package")" "$folder/root" || return
  done
  rm -rf "$apt_folder" "$folder/debs"
  touch "$folder/complete"
}

newest_deb() {
  local version
  version=$(apt apt-cache policy "$2" | sed -n 's/^ *Candidate: //p')
  # In the name of a file apt writes the colon of an epoch as %3a.
  printf '%s\n' "$1/$2_${version/:/%3a}"_*.deb
}
