#!/usr/bin/env bash
# Prints the licences of everything that is linked into the programs: a list of the crates, then
# each text once, with the crates that carry it. Reads what cargo has fetched; needs no network.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scratch=$(mktemp -d "${TMPDIR:-/tmp}/watercooler-licences.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

# NAME VERSION LICENCE, one a line, without our own.
cargo tree --workspace --exclude tests --locked --offline -e normal --prefix none -f '{p}|{l}' \
    | grep -v "($PWD" | sed -E 's/ \(.*\)\|/|/; s/ \(\*\)$//' \
    | sed -nE 's/^([^ |]+) v([^ |]+)\|(.*)$/\1 \2 \3/p' | LC_ALL=C sort -u >"$scratch/crates"

echo 'The programs of watercooler contain these works of others:'
echo
awk '{ name = $1; version = $2; $1 = $2 = ""; printf "  %s %s:%s\n", name, version, $0 }' "$scratch/crates"

mkdir "$scratch/texts"
while read -r name version _; do
    for folder in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/"$name-$version"; do
        for file in "$folder"/LICEN[CS]E* "$folder"/COPYING* "$folder"/NOTICE* "$folder"/UNLICENSE* \
            "$folder"/*/COPYING*; do
            [ -f "$file" ] || continue
            # Texts that differ in how their lines are broken are one.
            sum=$(tr -s '[:space:]' ' ' <"$file" | sha256sum | cut -c 1-64)
            [ -e "$scratch/texts/$sum" ] || cp "$file" "$scratch/texts/$sum"
            echo "$name $version" >>"$scratch/texts/$sum.of"
        done
    done
done <"$scratch/crates"

for text in "$scratch"/texts/*.of; do
    printf '\n%s\n' '--------------------------------------------------------------------------------'
    LC_ALL=C sort -u "$text" | paste -sd , | sed 's/,/, /g' | fold -s -w 80
    printf '\n'
    cat "${text%.of}"
done
