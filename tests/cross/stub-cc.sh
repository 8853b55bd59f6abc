#!/bin/sh
# Stands in for the C compiler of another system where types alone are checked.
#
# It preprocesses with this machine's compiler, for the build scripts that probe headers; whatever
# else it is asked to make is an empty file, for nothing is ever linked.
out=
previous=
preprocess=
count=$#
while [ "$count" -gt 0 ]; do
  argument=$1
  shift
  count=$((count - 1))
  [ "$previous" = -o ] && out=$argument
  [ "$argument" = -E ] && preprocess=1
  # What only the other system's compiler knows is left out.
  case $previous in
    -arch | -isysroot) previous=; continue ;;
  esac
  previous=$argument
  case $argument in
    # Microsoft's compiler alone takes this, by which the cc crate knows it.
    '-?') exit 1 ;;
    -arch | -isysroot | --target=* | -mmacosx-version-min=*) ;;
    *) set -- "$@" "$argument" ;;
  esac
done
[ -z "$preprocess" ] || exec cc "$@"
[ -z "$out" ] || : >"$out"
