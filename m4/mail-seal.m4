# MAIL_SEAL_DOVECOT_VERSION
# -------------------------
# Finds out which Dovecot the headers belong to: sets
# mail_seal_dovecot_version and the conditional DOVECOT_24 (settings are
# native and need a module of their own for the config process).
AC_DEFUN([MAIL_SEAL_DOVECOT_VERSION], [
	AC_MSG_CHECKING([for the version of Dovecot's headers])
	mail_seal_dovecot_version=`sed -n 's/^#define PACKAGE_VERSION "\(.*\)"/\1/p' \
		"$dovecot_pkgincludedir/config.h"`
	AC_MSG_RESULT([$mail_seal_dovecot_version])
	AS_CASE([$mail_seal_dovecot_version],
		[2.3.*], [mail_seal_dovecot_24=no],
		[2.4.*], [mail_seal_dovecot_24=yes],
		[AC_MSG_ERROR([Dovecot 2.3 or 2.4 is needed])])
	AM_CONDITIONAL([DOVECOT_24], [test "$mail_seal_dovecot_24" = yes])
])

# MAIL_SEAL_STATIC_PIE
# --------------------
# Sets STATIC_PIE_LDFLAGS to what links a static program that can be loaded
# anywhere, or to nothing where that isn't possible. The helper is run once for
# each message, and the dynamic loader would be a third of its time.
AC_DEFUN([MAIL_SEAL_STATIC_PIE], [
	AC_MSG_CHECKING([whether programs can be linked statically])
	mail_seal_ldflags="$LDFLAGS"
	mail_seal_cflags="$CFLAGS"
	LDFLAGS="$LDFLAGS -static-pie"
	CFLAGS="$CFLAGS -fPIE"
	AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <stdio.h>]], [[puts("");]])],
		[mail_seal_static=yes], [mail_seal_static=no])
	LDFLAGS="$mail_seal_ldflags"
	CFLAGS="$mail_seal_cflags"
	AC_MSG_RESULT([$mail_seal_static])
	AS_IF([test "$mail_seal_static" = yes],
		[STATIC_PIE_LDFLAGS="-XCClinker -static-pie"],
		[STATIC_PIE_LDFLAGS='$(PIE_LDFLAGS)'])
	AC_SUBST([STATIC_PIE_LDFLAGS])
])

# MAIL_SEAL_OPTIONAL_LIBRARY(NAME, VARIABLE, MODULE, WHAT FOR, [HEADER, FUNCTION])
# ------------------------------------------------------------------------------
# A library that is used where it is found, unless --without-NAME is said; with
# --with-NAME it must be there. Sets VARIABLE_CFLAGS and VARIABLE_LIBS, and the
# conditional HAVE_VARIABLE; adds NAME to mail_seal_libraries. HEADER and
# FUNCTION are such as not every build of libNAME has.
AC_DEFUN([MAIL_SEAL_OPTIONAL_LIBRARY], [
	AC_ARG_WITH([$1],
		AS_HELP_STRING([--without-$1], [do without $3 and $4]))
	mail_seal_have=no
	AS_IF([test "$with_$1" != no], [
		# Debian 12's libunbound.pc can't be read without packages that
		# its own doesn't bring along.
		PKG_CHECK_MODULES([$2], [$3], [mail_seal_have=yes],
			[m4_ifval([$6], [mail_seal_have=yes; $2_LIBS=-l$1], [:])])
		m4_ifval([$6], [
			AC_CHECK_HEADER([$5], [], [mail_seal_have=no])
			AC_CHECK_LIB([$1], [$6], [:], [mail_seal_have=no])
		])
		AS_IF([test "$with_$1$mail_seal_have" = yesno],
			[AC_MSG_ERROR([$3 not found])])
	])
	AS_IF([test "$mail_seal_have" = yes],
		[mail_seal_libraries="$mail_seal_libraries $1"])
	AM_CONDITIONAL([HAVE_$2], [test "$mail_seal_have" = yes])
])
