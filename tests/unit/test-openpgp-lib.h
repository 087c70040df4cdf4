/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef TEST_OPENPGP_LIB_H
#define TEST_OPENPGP_LIB_H

#include "certificate/certificate.h"

/* OpenPGP certificates from their bytes alone, without a judge: every key that
   can encrypt by its algorithm may. */

struct certificate *test_openpgp_certificate(const uint8_t *data, size_t size);
/* A certificate with one key of this packet body, primary and to be encrypted
   to */
struct certificate *test_openpgp_key(const uint8_t *packet, size_t size);
/* Leaves only this key to be chosen. */
void test_openpgp_choose(struct certificate *certificate, size_t key);

#endif
