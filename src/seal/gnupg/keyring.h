/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef OPENPGP_KEYRING_H
#define OPENPGP_KEYRING_H

#include "../certificate/certificate.h"
#include "../seal-error.h"

/* A certificate in the form of a keyring that gpg has written itself, with its
   verdict on every self-signature beside it. Where gpg gets it in this form it
   takes the verdicts from there; from a plain certificate it verifies all
   signatures with each message, which for Ed25519 is a third of its time.

   Making one takes a gpg as a message does, so this is done for certificates
   that this process has sealed to a few times already. */

/* Counts a use of the certificate and makes its keyring when it is time to.
   Sets *keyring_r to the keyring, which is the certificate's, or NULL: then
   the certificate itself is to be used. Returns -1 with SEAL_ERROR_TIMEOUT if
   gpg hangs; that it fails otherwise is for the message's own gpg to find
   out. */
int openpgp_keyring_use(struct certificate *certificate,
			unsigned int timeout_secs, GBytes **keyring_r,
			struct seal_error *error);

/* Sealing with this keyring failed. Whatever the reason was, it won't be
   used again. */
void openpgp_keyring_drop(struct certificate *certificate);

#endif
