/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* The whole core as a filter.

     seal-filter                for test-random.py: with an engine that encrypts
                                nothing, so that the armor holds the plaintext
     seal-filter CERTIFICATES   for test-openers.py: to the certificates in this
                                key file, with the engine that they get

   Reads messages from standard input, each behind a line "SIZE SEED", and
   writes each as it comes out behind a line "SIZE". The message goes in and
   comes out in pieces whose sizes the seed chooses. Ends with status 1 when
   sealing fails, which it never may. */

#include "certificate/key-file.h"
#include "copy-engine.h"
#include "seal-run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * One message
 */

/* Pieces of one byte up to far more than any buffer in the core; most
   messages are smaller than the largest. */
static size_t piece_size(GRand *random, unsigned int magnitude)
{
	return g_rand_int_range(random, 1, 2 + (1 << magnitude));
}

static int
seal_message(const struct seal_params *params, const char *message, size_t size,
	     guint32 seed, GByteArray *sealed, struct seal_error *error)
{
	GRand *random = g_rand_new_with_seed(seed);
	const unsigned int push = g_rand_int_range(random, 0, 18);
	const unsigned int pull = g_rand_int_range(random, 0, 18);
	struct seal *seal = seal_new(params);
	uint8_t *buf = g_malloc((1 << 18) + 2);
	size_t take;
	ssize_t ret = 0;

	while (ret >= 0 && !seal_is_complete(seal)) {
		ret = seal_pull(seal, buf, piece_size(random, pull), error);
		if (ret > 0)
			g_byte_array_append(sealed, buf, ret);
		else if (ret == 0 && size > 0) {
			take = piece_size(random, push);
			take = MIN(take, size);
			ret = seal_push(seal, message, take, error);
			message += take;
			size -= take;
		} else if (ret == 0) {
			seal_finish(seal);
		}
	}
	seal_free(&seal);
	g_free(buf);
	g_rand_free(random);
	return ret < 0 ? -1 : 0;
}

static int
set_recipients(struct seal_params *params, const char *path,
	       struct seal_error *error)
{
	const struct certificate_list *list;
	gchar *content;
	gsize size;

	if (!g_file_get_contents(path, &content, &size, NULL)) {
		seal_error_set(error, SEAL_ERROR_ENGINE, "can't read it");
		return -1;
	}
	list = certificates_read(content, size, 60, error);
	g_free(content);
	if (list == NULL)
		return -1;
	params->engine = NULL;
	params->recipients = list->certificates;
	params->recipient_count = list->count;
	return 0;
}

int main(int argc, char **argv)
{
	struct seal_params params = {
		.engine = &engine_copy_pgp_mime,
		.recipients = copy_engine_recipients,
		.recipient_count = 1,
		.timeout_secs = 60,
		.spool_open = seal_run_spool
	};
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	uint32_t seed;
	size_t size;
	int ret = 0;

	if (argc > 1 && set_recipients(&params, argv[1], &error) < 0) {
		fprintf(stderr, "%s: %s\n", argv[1], error.text);
		return 1;
	}
	while (ret == 0 && scanf("%zu %"SCNu32, &size, &seed) == 2 &&
	       getchar() == '\n') {
		char *message = g_malloc(size + 1);
		GByteArray *sealed = g_byte_array_new();

		if (fread(message, 1, size, stdin) != size)
			return 2;
		ret = seal_message(&params, message, size, seed, sealed,
				   &error);
		if (ret < 0)
			fprintf(stderr, "sealing failed: %s\n", error.text);
		printf("%u\n", sealed->len);
		(void)fwrite(sealed->data, 1, sealed->len, stdout);
		(void)fflush(stdout);
		g_byte_array_unref(sealed);
		g_free(message);
	}
	certificates_deinit();
	seal_deinit();
	return ret == 0 ? 0 : 1;
}
