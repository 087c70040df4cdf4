/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef ISTREAM_SEAL_H
#define ISTREAM_SEAL_H

#include "../seal/message/seal.h"

/* A stream that reads as the sealed form of its parent. See src/seal/message/seal.h
   for what that is. Takes the parameters' recipients by reference;
   spool_open is set here: temporary files are named by temp_prefix and
   unlinked at once.

   Not seekable, without a file descriptor and of unknown size: nothing of the
   parent is to be seen but through it. On failure it fails with EPIPE, and
   only when the parent has been read to its end. */
struct istream *
i_stream_create_seal(struct istream *input, const struct seal_params *params,
		     const char *temp_prefix);

/* Has the reader got all of the sealed message? */
bool i_stream_seal_is_complete(struct istream *input);
/* The name of the engine that seals it, or NULL if none was needed. Known when
   the stream is complete or has failed. */
const char *i_stream_seal_get_engine(struct istream *input);
/* Why sealing failed, or NULL. */
const struct seal_error *i_stream_seal_get_error(struct istream *input);

#endif
