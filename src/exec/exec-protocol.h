/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef EXEC_PROTOCOL_H
#define EXEC_PROTOCOL_H

/* What src/seal/gnupg and mail-seal-exec say to each other. Both include this
   and nothing else of each other.

   GPGME runs the helper in gpg's place and writes its arguments. What is to be
   done stands in the one argument that is ours to choose, "--homedir":

	mail-seal-exec:VERSION:TASK

   Whatever says another version is refused, so that a helper and a plugin
   that aren't of one build don't misunderstand each other. */
#define EXEC_PROTOCOL_VERSION "3"
#define EXEC_TASK_PREFIX "mail-seal-exec:"
#define EXEC_TASK_START EXEC_TASK_PREFIX EXEC_PROTOCOL_VERSION ":"

/* "judge": the input is certificates in binary form. They are given to gpg as
   input and as its only keyring, so that it finds a designated revoker among
   them (RFC 9580 section 5.2.3.23).

   "home=DIR": the public keyring in DIR is to be used, and nothing else of
   DIR.

   "encrypt": the plaintext has certificates in front of it:

	certificates LENGTH FINGERPRINT=SIZE FINGERPRINT=SIZE...\n

   and then their bytes. LENGTH, in six digits, is that of the line from there
   to its end, so that no more than the line is read. Each certificate is
   reduced to the key that gpg shall encrypt to, whose fingerprint stands
   before it. Arguments "-f certificate:N" stand for them. */
#define EXEC_TASK_JUDGE "judge"
#define EXEC_TASK_HOME "home="
#define EXEC_TASK_ENCRYPT "encrypt"

/* Bytes of all certificates of a "judge", of one of an "encrypt" */
#define EXEC_JUDGE_SIZE_MAX (8*1024*1024)
#define EXEC_CERTIFICATE_SIZE_MAX (4*1024*1024)
#define EXEC_CERTIFICATES_MAX 640
/* hexadecimal, of version 5 and 6 */
#define EXEC_FINGERPRINT_MAX 64

/* GPGME asks gpg for its version before it does anything, and remembers the
   answer. The helper gives it, without gpg: the oldest GnuPG that we work
   with, so that GPGME asks for nothing that a newer one alone could do. */
#define EXEC_GPG_VERSION_LINE "gpg (GnuPG) 2.2.20\n"

/* gpg has ended by itself: "SUCCESS mail-seal-exec:VERSION:EXIT-STATUS" on its
   status output. GPGME doesn't see exit statuses, and a gpg that was killed
   after its last status line has lost ciphertext. */
#define EXEC_ENDED EXEC_TASK_START

/* "FAILURE mail-seal-exec CODE": it couldn't be run. The codes are
   libgpg-error's; these say what no errno does. */
#define EXEC_FAILED "mail-seal-exec "
#define EXEC_ERROR_OTHER_VERSION GPG_ERR_UNKNOWN_VERSION
#define EXEC_ERROR_CPU_TIME GPG_ERR_RESOURCE_LIMIT

#endif
