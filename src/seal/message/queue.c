/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "queue.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

struct seal_queue {
	/* the front of the queue */
	GString *memory;
	size_t memory_taken;
	size_t memory_limit;

	/* what comes after it; unused while both offsets are equal */
	int fd;
	off_t file_taken, file_end;

	seal_spool_open_t *spool_open;
	void *context;
};

struct seal_queue *
seal_queue_new(size_t memory_limit, seal_spool_open_t *spool_open,
	       void *context)
{
	struct seal_queue *queue = g_new0(struct seal_queue, 1);

	queue->memory = g_string_new(NULL);
	queue->memory_limit = memory_limit;
	queue->fd = -1;
	queue->spool_open = spool_open;
	queue->context = context;
	return queue;
}

void seal_queue_free(struct seal_queue **_queue)
{
	struct seal_queue *queue = *_queue;

	if (queue == NULL)
		return;
	*_queue = NULL;
	g_string_free(queue->memory, TRUE);
	if (queue->fd != -1)
		(void)close(queue->fd);
	g_free(queue);
}

static size_t seal_queue_in_memory(const struct seal_queue *queue)
{
	return queue->memory->len - queue->memory_taken;
}

static bool seal_queue_in_file(const struct seal_queue *queue)
{
	return queue->file_taken < queue->file_end;
}

size_t seal_queue_size(const struct seal_queue *queue)
{
	return seal_queue_in_memory(queue) +
		(queue->file_end - queue->file_taken);
}

bool seal_queue_is_empty(const struct seal_queue *queue)
{
	return seal_queue_size(queue) == 0;
}

static int
seal_queue_append_file(struct seal_queue *queue, const char *data, size_t size,
		       struct seal_error *error)
{
	ssize_t ret;

	if (queue->fd == -1) {
		queue->fd = queue->spool_open(queue->context);
		if (queue->fd == -1) {
			seal_error_set(error, SEAL_ERROR_STORE,
				       "can't create a temporary file: %s",
				       g_strerror(errno));
			return -1;
		}
	}
	while (size > 0) {
		ret = pwrite(queue->fd, data, size, queue->file_end);
		if (ret < 0 && errno == EINTR)
			continue;
		if (ret <= 0) {
			seal_error_set(error, SEAL_ERROR_STORE,
				       "can't write a temporary file: %s",
				       g_strerror(ret < 0 ? errno : ENOSPC));
			return -1;
		}
		data += ret;
		size -= ret;
		queue->file_end += ret;
	}
	return 0;
}

int seal_queue_append(struct seal_queue *queue, const void *data, size_t size,
		      struct seal_error *error)
{
	if (size == 0)
		return 0;
	if (seal_queue_in_file(queue) ||
	    (queue->spool_open != NULL &&
	     seal_queue_in_memory(queue) + size > queue->memory_limit))
		return seal_queue_append_file(queue, data, size, error);

	/* moving the rest now and then, not each time */
	if (queue->memory_taken > seal_queue_in_memory(queue)) {
		g_string_erase(queue->memory, 0, queue->memory_taken);
		queue->memory_taken = 0;
	}
	g_string_append_len(queue->memory, data, size);
	return 0;
}

int seal_queue_append_text(struct seal_queue *queue, GString *text,
			   struct seal_error *error)
{
	int ret = 0;

	if (seal_queue_is_empty(queue) &&
	    (queue->spool_open == NULL || text->len <= queue->memory_limit)) {
		/* an empty queue's memory is empty too */
		const GString memory = *queue->memory;

		*queue->memory = *text;
		*text = memory;
	} else {
		ret = seal_queue_append(queue, text->str, text->len, error);
	}
	g_string_truncate(text, 0);
	return ret;
}

static ssize_t
seal_queue_take_file(struct seal_queue *queue, void *data, size_t size,
		     struct seal_error *error)
{
	size_t left = queue->file_end - queue->file_taken;
	ssize_t ret;

	do {
		ret = pread(queue->fd, data, MIN(size, left),
			    queue->file_taken);
	} while (ret < 0 && errno == EINTR);
	if (ret <= 0) {
		/* End of file would mean that somebody cut it off. */
		seal_error_set(error, SEAL_ERROR_STORE,
			       "can't read a temporary file: %s",
			       ret < 0 ? g_strerror(errno) : "it is too short");
		return -1;
	}
	queue->file_taken += ret;
	if (queue->file_taken == queue->file_end)
		queue->file_taken = queue->file_end = 0;
	return ret;
}

ssize_t seal_queue_take(struct seal_queue *queue, void *data, size_t size,
			struct seal_error *error)
{
	size_t in_memory = seal_queue_in_memory(queue);

	if (size == 0)
		return 0;
	if (in_memory == 0) {
		return seal_queue_in_file(queue) ?
			seal_queue_take_file(queue, data, size, error) : 0;
	}
	size = MIN(size, in_memory);
	memcpy(data, queue->memory->str + queue->memory_taken, size);
	queue->memory_taken += size;
	if (queue->memory_taken == queue->memory->len) {
		g_string_truncate(queue->memory, 0);
		queue->memory_taken = 0;
	}
	return size;
}

int seal_queue_move(struct seal_queue *from, size_t keep,
		    struct seal_queue *to, struct seal_error *error)
{
	char buffer[4096];
	ssize_t ret;

	while (seal_queue_size(from) > keep) {
		ret = seal_queue_take(from, buffer,
			MIN(sizeof(buffer), seal_queue_size(from) - keep),
			error);
		if (ret < 0 || seal_queue_append(to, buffer, ret, error) < 0)
			return -1;
	}
	return 0;
}
