#!/bin/sh
# Makes ./configure out of configure.ac. Needs autoconf, automake, libtool
# and the dovecot.m4 that Dovecot's development files bring.
cd "$(dirname "$0")" || exit 1
exec autoreconf --install --force --warnings=no-obsolete "$@"
