#!/bin/bash
# folder.sh DIR makes DIR: Clang with its sanitizers, a libc and a C++ library, of Debian's packages,
# for --repo_env=ZMALLOC_CLANG=DIR.  Needs Debian or a system like it, for x86_64, and no root.
# DIR/PACKAGES lists each package with its sha256.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

die() {
    echo "folder.sh: $*" >&2
    exit 2
}
[ $# = 1 ] && [[ $1 != -* ]] || die "usage: folder.sh DIR, a folder that does not exist"
[ ! -e "$1" ] || die "$1 exists: name a folder that does not"
[ -d "$(dirname "$1")" ] || die "$(dirname "$1") is no folder"
command -v apt-get dpkg-deb >/dev/null || die "this system has no apt-get and dpkg-deb"
[ "$(dpkg --print-architecture)" = amd64 ] || die "only for x86_64"

# clang-19 lld-19 llvm-19 libclang-rt-19-dev
read -ra programs <<<"$("$here/find.sh" --packages)"
version=${programs[0]#clang-}
cxx=$(apt-cache depends --important "clang-$version" | sed -n 's/.* \(libstdc++-[0-9]*-dev\)$/\1/p' | head -n 1)
[ -n "$cxx" ] || die "apt knows no package clang-$version: apt-get update, or another release"

# What the programs load, and what programs are compiled and linked with; the names of packages
# that only other packages provide stand in <>.
mapfile -t libraries < <(apt-cache depends --recurse --important \
    "libllvm$version" "libclang-cpp$version" "$cxx" | grep '^[a-z]' | sort -u)

made=$(mktemp -d "$1.XXXXXX")
trap 'rm -rf "$made"' EXIT
chmod 755 "$made"
mkdir "$made/packages" "$made/root"
(cd "$made/packages" && apt-get -qq -o APT::Sandbox::User=root download "${programs[@]}" "libclang-common-$version-dev" "${libraries[@]}") ||
    die "apt-get cannot download the packages"
(cd "$made/packages" && sha256sum -- *.deb) >"$made/root/PACKAGES"
for package in "$made"/packages/*.deb; do
    dpkg-deb -x "$package" "$made/root"
done

# Half of it is not for this build; an action of remote execution is sent all that is there.
find "$made/root" -mindepth 1 -maxdepth 1 ! -name usr ! -name 'lib*' ! -name PACKAGES -exec rm -rf {} +
find "$made/root/usr" -mindepth 1 -maxdepth 1 ! -name include ! -name 'lib*' -exec rm -rf {} +
# From Debian 13 on, packages have all files in usr, and the system has links to its folders.
for folder in lib lib64; do
    [ -e "$made/root/$folder" ] || ln -s "usr/$folder" "$made/root/$folder"
done
llvm=$made/root/usr/lib/llvm-$version
mkdir "$made/bin"
mv "$llvm"/bin/{clang,lld,ld.lld,llvm-ar,llvm-objcopy,llvm-strip,llvm-symbolizer} "$made/bin"
rm -rf "${llvm:?}/bin"
mv "$made/bin" "$llvm/bin"
find "$made/root" -name '*i386*' -delete
find "$made/root" -depth \( -name gconv -o -name '*.py' -o -name '*.a' -size +20M \) -exec rm -rf {} +

# Links that lead into the folder, wherever it lies; none without a target, which Bazel refuses.
find "$made/root" -type l -lname '/*' | while read -r link; do
    ln -srfT "$made/root$(readlink "$link")" "$link"
done
find -L "$made/root" -type l -delete
mv -T "$made/root" "$1"
