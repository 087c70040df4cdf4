/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "safe-mkstemp.h"
#include "str.h"
#include "../plugin/dovecot-compat.h"
#include "istream-seal.h"

#include <unistd.h>

/* A stream's buffer is as large as its user says; there is no use in asking
   the seal for fewer bytes than this at a time. */
#define SEAL_MIN_READ_SIZE 1024

struct seal_istream {
	struct istream_private istream;

	struct seal *seal;
	char *temp_prefix;
	struct seal_error error;
	/* once there is no seal any more */
	const char *engine_name;
	bool complete;
};

static int i_stream_seal_spool_open(void *context)
{
	struct seal_istream *sstream = context;
	int fd;

	T_BEGIN {
		string_t *path = t_str_new(128);

		str_append(path, sstream->temp_prefix);
		fd = safe_mkstemp(path, 0600, (uid_t)-1, (gid_t)-1);
		if (fd != -1 && unlink(str_c(path)) < 0)
			i_close_fd(&fd);
	} T_END;
	return fd;
}

static void i_stream_seal_free_seal(struct seal_istream *sstream)
{
	if (sstream->seal != NULL)
		sstream->engine_name = seal_engine_name(sstream->seal);
	seal_free(&sstream->seal);
}

static void i_stream_seal_close(struct iostream_private *stream,
				bool close_parent)
{
	struct seal_istream *sstream =
		container_of(stream, struct seal_istream, istream.iostream);

	i_stream_seal_free_seal(sstream);
	if (close_parent)
		i_stream_close(sstream->istream.parent);
}

static void i_stream_seal_destroy(struct iostream_private *stream)
{
	struct seal_istream *sstream =
		container_of(stream, struct seal_istream, istream.iostream);

	i_stream_seal_free_seal(sstream);
	i_free(sstream->temp_prefix);
	i_stream_free_buffer(&sstream->istream);
	i_stream_unref(&sstream->istream.parent);
}

/* Takes what the seal has ready. Returns >0, 0 if it needs more input, -1 if
   it has failed, -2 if the buffer is full. */
static ssize_t i_stream_seal_pull(struct seal_istream *sstream)
{
	struct istream_private *stream = &sstream->istream;
	size_t size;
	ssize_t ret;

	if (!i_stream_try_alloc(stream, SEAL_MIN_READ_SIZE, &size))
		return -2;
	ret = seal_pull(sstream->seal, stream->w_buffer + stream->pos, size,
			&sstream->error);
	if (ret > 0)
		stream->pos += ret;
	return ret;
}

/* Gives all that the parent has to the seal. Returns the parent's last read:
   0 if there may be more later, -1 at its end or if it failed. */
static int i_stream_seal_push_all(struct seal_istream *sstream)
{
	struct istream_private *stream = &sstream->istream;
	const unsigned char *data;
	size_t size;
	int ret;

	ret = i_stream_read_more_memarea(stream->parent, &data, &size);
	if (ret <= 0)
		return ret;
	/* after a failure the input is read all the same, because not every
	   caller expects a save to fail before it is at the end
	   (doveadm-mail-save.c asserts it) */
	if (sstream->error.code == SEAL_ERROR_NONE)
		(void)seal_push(sstream->seal, data, size, &sstream->error);
	i_stream_skip(stream->parent, size);
	return 1;
}

static ssize_t i_stream_seal_end(struct seal_istream *sstream)
{
	struct istream *stream = &sstream->istream.istream;

	stream->eof = TRUE;
	if (sstream->error.code == SEAL_ERROR_NONE) {
		sstream->complete = TRUE;
		return -1;
	}
	io_stream_set_error(&sstream->istream.iostream, "%s",
			    sstream->error.text);
	/* EPIPE: index-mail.c doesn't log it a second time */
	stream->stream_errno = EPIPE;
	return -1;
}

static ssize_t i_stream_seal_read(struct istream_private *stream)
{
	struct seal_istream *sstream =
		container_of(stream, struct seal_istream, istream);
	ssize_t ret;

	for (;;) {
		/* return what is ready before taking more */
		if (sstream->error.code == SEAL_ERROR_NONE) {
			ret = i_stream_seal_pull(sstream);
			if (ret > 0 || ret == -2)
				return ret;
			if (ret == 0 && seal_is_complete(sstream->seal))
				return i_stream_seal_end(sstream);
		}

		ret = i_stream_seal_push_all(sstream);
		if (ret == 0)
			return 0;
		if (ret > 0)
			continue;
		if (stream->parent->stream_errno != 0) {
			stream->istream.stream_errno =
				stream->parent->stream_errno;
			return -1;
		}
		if (sstream->error.code != SEAL_ERROR_NONE)
			return i_stream_seal_end(sstream);
		seal_finish(sstream->seal);
	}
}

static int
i_stream_seal_stat(struct istream_private *stream, bool exact ATTR_UNUSED)
{
	/* only the plaintext's size is known */
	stream->statbuf.st_size = -1;
	return 0;
}

struct istream *
i_stream_create_seal(struct istream *input, const struct seal_params *params,
		     const char *temp_prefix)
{
	struct seal_params seal_params = *params;
	struct seal_istream *sstream;
	struct istream *stream;

	sstream = i_new(struct seal_istream, 1);
	sstream->temp_prefix = i_strdup(temp_prefix);
	seal_params.spool_open = i_stream_seal_spool_open;
	seal_params.spool_context = sstream;
	sstream->seal = seal_new(&seal_params);

	sstream->istream.max_buffer_size =
		I_MAX(input->real_stream->max_buffer_size, IO_BLOCK_SIZE);
	sstream->istream.iostream.close = i_stream_seal_close;
	sstream->istream.iostream.destroy = i_stream_seal_destroy;
	sstream->istream.read = i_stream_seal_read;
	sstream->istream.stat = i_stream_seal_stat;

	sstream->istream.istream.readable_fd = FALSE;
	sstream->istream.istream.blocking = input->blocking;
	sstream->istream.istream.seekable = FALSE;
	stream = compat_istream_create(&sstream->istream, input);
	/* Dovecot names it in its log line when the save fails */
	i_stream_set_name(stream, "mail_seal");
	return stream;
}

static struct seal_istream *i_stream_seal_get(struct istream *input)
{
	i_assert(input->real_stream->read == i_stream_seal_read);
	return container_of(input->real_stream, struct seal_istream, istream);
}

bool i_stream_seal_is_complete(struct istream *input)
{
	return i_stream_seal_get(input)->complete;
}

const char *i_stream_seal_get_engine(struct istream *input)
{
	struct seal_istream *sstream = i_stream_seal_get(input);

	return sstream->seal != NULL ? seal_engine_name(sstream->seal) :
		sstream->engine_name;
}

const struct seal_error *i_stream_seal_get_error(struct istream *input)
{
	struct seal_istream *sstream = i_stream_seal_get(input);

	return sstream->error.code == SEAL_ERROR_NONE ? NULL : &sstream->error;
}
