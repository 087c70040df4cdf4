/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "seal-run.h"

#include <stdlib.h>
#include <unistd.h>

int seal_run_spool(void *context G_GNUC_UNUSED)
{
	char path[] = "/tmp/mail-seal-test-XXXXXX";
	int fd = mkstemp(path);

	if (fd != -1)
		(void)unlink(path);
	return fd;
}

GString *seal_run(const struct seal_params *params, const char *message,
		  size_t size, size_t step, bool *sealing_r,
		  struct seal_error *error)
{
	struct seal *seal = seal_new(params);
	GString *sealed = g_string_new(NULL);
	char *buf = g_malloc(step);
	size_t piece;
	ssize_t ret;

	do {
		while ((ret = seal_pull(seal, buf, step, error)) > 0)
			g_string_append_len(sealed, buf, ret);
		if (ret < 0 || seal_is_complete(seal))
			break;
		piece = MIN(step, size);
		if (piece == 0) {
			seal_finish(seal);
			continue;
		}
		ret = seal_push(seal, message, piece, error);
		message += piece;
		size -= piece;
	} while (ret == 0);
	if (sealing_r != NULL)
		*sealing_r = seal_is_sealing(seal);
	seal_free(&seal);
	g_free(buf);
	if (ret < 0) {
		g_string_free(sealed, TRUE);
		return NULL;
	}
	return sealed;
}
