# shellcheck shell=bash
# For debian/build, tests/packages and tests/matrix, which source it: root file
# systems of Debian's releases, kept in $cache.

all_roots=${MAIL_SEAL_MATRIX:-/var/cache/mail-seal-matrix}
cache=$all_roots/packages
all_releases='debian-12 debian-13 debian-testing'
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

check_releases() {
	local release
	for release in "$@"; do
		case " $all_releases " in
		*" $release "*) ;;
		*) die "unknown release $release; known are: $all_releases" ;;
		esac
	done
}

codename() {
	case $1 in
	debian-12 | debian-12-backports) echo bookworm ;;
	debian-13) echo trixie ;;
	debian-testing) echo testing ;;
	esac
}

# Dovecot from backports, everything else from the release itself.
prefer_backports() {
	local root=$1
	sed -n 's/ bookworm main/ bookworm-backports main/p' \
		"$root/etc/apt/sources.list" \
		>"$root/etc/apt/sources.list.d/backports.list"
	printf '%s\n' 'Package: dovecot*' 'Pin: release n=bookworm-backports' \
		'Pin-Priority: 900' >"$root/etc/apt/preferences.d/backports"
}

# make_root NAME RELEASE [PACKAGES]: makes it, once, and as bare as Debian gets
# but for PACKAGES, with a comma between. Nothing that is installed there is
# started. A mirror of testing may lag behind so far that its signature's date
# has passed.
make_root() {
	local root=$cache/$1 release=$2 packages=${3:-}
	[ ! -d "$root" ] || return 0
	command -v mmdebstrap >/dev/null ||
		die 'mmdebstrap is not here: apt install mmdebstrap'
	mkdir -p "$cache"
	rm -rf "$root.new"
	mmdebstrap --variant=minbase ${packages:+--include="$packages"} \
		--aptopt='Acquire::Check-Valid-Until "false"' \
		"$(codename "$release")" "$root.new"
	printf '#!/bin/sh\nexit 101\n' >"$root.new/usr/sbin/policy-rc.d"
	chmod 755 "$root.new/usr/sbin/policy-rc.d"
	if [ "$release" = debian-12-backports ]; then
		prefer_backports "$root.new"
	fi
	mv "$root.new" "$root"
}

# lock NAME: nobody else uses it until we end
lock() {
	mkdir -p "$cache"
	exec 9>"$cache/$1.lock"
	flock 9
}

# in_root NAME COMMAND...: in a mount namespace that takes its mounts with it
in_root() {
	unshare --mount --pid --fork --kill-child --propagation private -- sh -euc '
		root=$1
		shift
		mount --bind "$root" "$root"
		mount -t proc proc "$root/proc"
		mount --rbind /dev "$root/dev"
		mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
		if [ -e /etc/resolv.conf ]; then
			cp -L /etc/resolv.conf "$root/etc/resolv.conf"
		fi
		exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
			LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
			${CI:+CI="$CI"} \
			${DEB_BUILD_OPTIONS:+DEB_BUILD_OPTIONS="$DEB_BUILD_OPTIONS"} \
			chroot "$root" "$@"
	' sh "$cache/$1" "${@:2}"
}

# copy_tree FOLDER: the files of this tree, not what was built in it
copy_tree() {
	rm -rf "$1"
	mkdir -p "$1"
	if git -c safe.directory='*' -C "$top" rev-parse --git-dir >/dev/null 2>&1; then
		git -c safe.directory='*' -C "$top" ls-files -z --cached \
			--others --exclude-standard |
			(cd "$top" && xargs -0 cp --parents -P -p -t "$1")
	else
		cp -a "$top/." "$1/"
	fi
}
