/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef FIND_AUTOCRYPT_H
#define FIND_AUTOCRYPT_H

#include <gmime/gmime.h>

/* The Autocrypt header field, by the rules of Level 1 for who receives a
   message (autocrypt.org, sections 2.1 and 2.3).

   Returns the key in it, which the caller unrefs; or NULL, and half a sentence
   in *problem_r if there is such a field that doesn't count. */
GBytes *autocrypt_find(GMimeMessage *message, const char **problem_r);

#endif
