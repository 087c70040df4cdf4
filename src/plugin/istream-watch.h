/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_ISTREAM_WATCH_H
#define MAIL_SEAL_ISTREAM_WATCH_H

#include "buffer.h"

struct istream;

/* Returns a stream that reads as its input and keeps a copy of the first bytes,
   max at the most. Dovecot's own that hash can't be sought, not even to where
   they are. */
struct istream *i_stream_create_watch(struct istream *input, size_t max);

/* The bytes that have been read so far; they stay the stream's. */
const buffer_t *i_stream_watch_get(struct istream *stream);

#endif
