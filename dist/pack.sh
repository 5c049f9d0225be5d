#!/bin/sh
# pack.sh TARBALL FOLDER MANIFEST: packs the files that the manifest lists as FOLDER/PATH.
# A line of the manifest is
#   file PATH SOURCE
#   link PATH TARGET
# The same contents give the same bytes, for every user at any time.
set -eu
tarball=$1
folder=$2
manifest=$3

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
while read -r kind path from; do
    mkdir -p "$stage/$folder/${path%/*}"
    case $kind in
    file) cp -L "$from" "$stage/$folder/$path" && chmod 644 "$stage/$folder/$path" ;;
    link) ln -s "$from" "$stage/$folder/$path" ;;
    esac
    printf '%s\n' "$folder/$path"
done <"$manifest" >"$stage/list"

export TZ=UTC0 LC_ALL=C
sort -o "$stage/list" "$stage/list"
if tar --version | grep -q 'GNU tar'; then
    set -- --owner=0 --group=0 --numeric-owner
else # libarchive's tar
    set -- --uid 0 --gid 0 --uname '' --gname ''
fi
cd "$stage"
while read -r path; do
    touch -h -t 197001010000.00 "$path"
done <list
tar -cf package.tar --format=ustar "$@" -T list
gzip -9 -n package.tar
cd "$OLDPWD"
cp "$stage/package.tar.gz" "$tarball"
