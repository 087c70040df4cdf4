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
