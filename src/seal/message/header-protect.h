/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef HEADER_PROTECT_H
#define HEADER_PROTECT_H

#include "../text/header-split.h"

/* Hides header fields outside and keeps them inside (RFC 9788): takes the two
   sides of a header section as header-split.h divides it, and gives them
   changed:
   - outside, Subject becomes "[...]" if it is to be hidden, other fields that
     are to be hidden are left out;
   - inside there are also Subject, From, To, Cc, Date, Message-ID, Reply-To,
     In-Reply-To, References and the hidden fields as they were, an HP-Outer
     field for each of them that is outside, and on Content-Type the
     parameters by which readers know.

   They come out unchanged where a reader would lose by it: without a Subject
   to show, where the root is signed (the signature has to stay the root), and
   when the header section is too large to be held back. */

/* The most that is held back, bytes */
#define HEADER_PROTECT_MAX (4*1024*1024)

struct header_protect;

/* hidden: the names of the fields to hide, NULL-terminated; it must live as
   long. Nothing comes out before header_protect_finish(), unless the header
   section is too large. */
struct header_protect *
header_protect_new(const char *const *hidden, header_split_output_t *output,
		   void *context);
void header_protect_free(struct header_protect **protect);

/* What comes next begins a field of this name; or with size 0, lines that are
   none. */
void header_protect_field(struct header_protect *protect,
			  enum header_split_side side, const char *name,
			  size_t size);
void header_protect_push(struct header_protect *protect, const char *data,
			 size_t size);
/* The header section is complete. */
void header_protect_finish(struct header_protect *protect);

#endif
