/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "dovecot-compat.h"
#include "istream-watch.h"

struct watch_istream {
	struct istream_private istream;

	buffer_t *start;
	size_t max;
	/* up to where it has been read */
	uoff_t seen;
};

static void i_stream_watch_destroy(struct iostream_private *stream)
{
	struct watch_istream *wstream =
		container_of(stream, struct watch_istream, istream.iostream);

	buffer_free(&wstream->start);
	i_stream_free_buffer(&wstream->istream);
	i_stream_unref(&wstream->istream.parent);
}

static void i_stream_watch_keep(struct watch_istream *wstream)
{
	struct istream_private *stream = &wstream->istream;
	const unsigned char *data;
	size_t size, known;

	data = i_stream_get_data(&stream->istream, &size);
	i_assert(stream->istream.v_offset <= wstream->seen);
	known = I_MIN(wstream->seen - stream->istream.v_offset, size);
	wstream->seen += size - known;
	if (wstream->start->used < wstream->max) {
		buffer_append(wstream->start, data + known,
			      I_MIN(size - known,
				    wstream->max - wstream->start->used));
	}
}

static ssize_t i_stream_watch_read(struct istream_private *stream)
{
	struct watch_istream *wstream =
		container_of(stream, struct watch_istream, istream);
	ssize_t ret;

	i_stream_seek(stream->parent, stream->parent_start_offset +
		      stream->istream.v_offset);
	ret = i_stream_read_copy_from_parent(&stream->istream);
	if (ret > 0)
		i_stream_watch_keep(wstream);
	return ret;
}

struct istream *i_stream_create_watch(struct istream *input, size_t max)
{
	struct watch_istream *wstream = i_new(struct watch_istream, 1);

	wstream->start = buffer_create_dynamic(default_pool, 4096);
	wstream->max = max;
	wstream->istream.max_buffer_size = input->real_stream->max_buffer_size;
	wstream->istream.stream_size_passthrough = TRUE;
	wstream->istream.iostream.destroy = i_stream_watch_destroy;
	wstream->istream.read = i_stream_watch_read;

	wstream->istream.istream.readable_fd = FALSE;
	wstream->istream.istream.blocking = input->blocking;
	wstream->istream.istream.seekable = FALSE;
	return compat_istream_create(&wstream->istream, input);
}

const buffer_t *i_stream_watch_get(struct istream *stream)
{
	const struct watch_istream *wstream;

	i_assert(stream->real_stream->read == i_stream_watch_read);
	wstream = container_of(stream->real_stream, struct watch_istream,
			       istream);
	return wstream->start;
}
