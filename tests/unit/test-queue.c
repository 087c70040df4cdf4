/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "message/queue.h"
#include "test-lib.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static unsigned int opened;

static int open_temporary(void *context G_GNUC_UNUSED)
{
	char path[] = "/tmp/test-queue-XXXXXX";
	int fd = mkstemp(path);

	opened++;
	if (fd != -1)
		(void)unlink(path);
	return fd;
}

static int open_nothing(void *context G_GNUC_UNUSED)
{
	errno = ENOSPC;
	return -1;
}

static int open_full(void *context G_GNUC_UNUSED)
{
	return open("/dev/full", O_RDWR);
}

/* What goes in comes out, whatever the sizes. */
static void test_order(void **state G_GNUC_UNUSED)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	struct seal_queue *queue;
	GRand *random = g_rand_new_with_seed(1);
	unsigned char in = 0, out = 0, buf[300];
	size_t size = 0;

	opened = 0;
	queue = seal_queue_new(1000, open_temporary, NULL);
	for (int turn = 0; turn < 20000; turn++) {
		size_t n = g_rand_int_range(random, 0, sizeof(buf));
		/* sometimes filling, sometimes draining */
		bool fill = (turn / 500) % 2 == 0;
		ssize_t ret;

		if (g_rand_int_range(random, 0, 10) < (fill ? 8 : 2)) {
			for (size_t i = 0; i < n; i++)
				buf[i] = in++;
			assert_int_equal(seal_queue_append(queue, buf, n,
							   &error), 0);
			size += n;
		} else {
			ret = seal_queue_take(queue, buf, n, &error);
			assert_true(ret >= 0 && (size_t)ret <= n);
			assert_true(ret > 0 || n == 0 || size == 0);
			for (ssize_t i = 0; i < ret; i++)
				assert_int_equal(buf[i], out++);
			size -= ret;
		}
		assert_int_equal(seal_queue_size(queue), size);
		assert_int_equal(seal_queue_is_empty(queue), size == 0);
	}
	assert_int_equal(opened, 1);
	seal_queue_free(&queue);
	g_rand_free(random);
}

static void test_memory_only(void **state G_GNUC_UNUSED)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	struct seal_queue *queue = seal_queue_new(1, NULL, NULL);
	char buf[100] = "";

	for (int i = 0; i < 100; i++) {
		assert_int_equal(seal_queue_append(queue, buf, sizeof(buf),
						   &error), 0);
	}
	assert_int_equal(seal_queue_size(queue), 10000);
	seal_queue_free(&queue);
}

static void test_no_file(void **state G_GNUC_UNUSED)
{
	static seal_spool_open_t *const opens[] = { open_nothing, open_full };

	for (size_t i = 0; i < G_N_ELEMENTS(opens); i++) {
		struct seal_error error = { .code = SEAL_ERROR_NONE };
		struct seal_queue *queue = seal_queue_new(10, opens[i], NULL);

		assert_int_equal(seal_queue_append(queue, "0123456789", 10,
						   &error), 0);
		assert_int_equal(seal_queue_append(queue, "x", 1, &error), -1);
		assert_int_equal(error.code, SEAL_ERROR_STORE);
		assert_non_null(strstr(error.text, "No space left"));
		seal_queue_free(&queue);
	}
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_memory_only),
		cmocka_unit_test(test_no_file)
	};

	return cmocka_run_group_tests_name("queue", all, NULL, NULL);
}
