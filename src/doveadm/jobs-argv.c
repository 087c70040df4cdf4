/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* --jobs: the command line of a process that does the work. */

#include "lib.h"
#include "array.h"
#include "buffer.h"
#include "doveadm-mail.h"
#include "doveadm-print.h"
#include "jobs.h"

#include <fcntl.h>
#include <unistd.h>

#define CMDLINE_MAX (1024 * 1024)

/* doveadm's options that have a value: its own, and master-service.c's */
#define OPTIONS_WITH_VALUE "fcio"

/* Our own command line; the first part of a command's name is in it, and what
   is before that are doveadm's own options. */
static int
read_command_line(pool_t pool, ARRAY_TYPE(const_string) *words)
{
	buffer_t *text = t_buffer_create(4096);
	const char *word, *end;
	size_t size;
	ssize_t ret;
	int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);

	if (fd == -1) {
		i_error("open(/proc/self/cmdline) failed: %m");
		return -1;
	}
	do {
		void *place = buffer_append_space_unsafe(text, 4096);

		ret = read(fd, place, 4096);
		size = text->used - 4096 + I_MAX(ret, 0);
		buffer_set_used_size(text, size);
	} while (ret > 0 && size < CMDLINE_MAX);
	if (ret < 0)
		i_error("read(/proc/self/cmdline) failed: %m");
	i_close_fd(&fd);
	buffer_append_c(text, '\0');
	end = CONST_PTR_OFFSET(text->data, size);
	for (word = text->data; word < end; word += strlen(word) + 1) {
		const char *copy = p_strdup(pool, word);

		array_push_back(words, &copy);
	}
	return ret < 0 ? -1 : 0;
}

/* Index of the first word that isn't one of doveadm's own options. */
static unsigned int skip_options(const char *const *words, unsigned int count)
{
	unsigned int i = 1;

	for (; i < count && words[i][0] == '-' && words[i][1] != '\0'; i++) {
		const char *option = words[i] + 1;

		if (strcmp(option, "-") == 0)
			return i + 1;
		option += strcspn(option, OPTIONS_WITH_VALUE);
		/* the value is the next word */
		if (option[0] != '\0' && option[1] == '\0')
			i++;
	}
	return i;
}

/* Are these words the command's name, as doveadm-cmd.c reads it? It may stand in
   one of them. Returns how many they are, or 0. */
static unsigned int
match_command(const char *const *words, unsigned int count, const char *name)
{
	for (unsigned int i = 0; i < count; i++) {
		size_t length = strlen(words[i]);

		if (strncmp(name, words[i], length) != 0 ||
		    (name[length] != ' ' && name[length] != '\0'))
			return 0;
		if (name[length] == '\0')
			return i + 1;
		name += length + 1;
	}
	return 0;
}

/* Where is the command's name in the command line? Returns the index of the
   word behind it, or 0. */
static unsigned int
find_command(const ARRAY_TYPE(const_string) *words, const char *name)
{
	const char *const *list;
	unsigned int count, found;

	list = array_get(words, &count);
	for (unsigned int i = skip_options(list, count); i < count; i++) {
		found = match_command(list + i, count - i, name);
		if (found > 0)
			return i + found;
	}
	return 0;
}

const char *const *
doveadm_seal_jobs_get_argv(struct doveadm_mail_cmd_context *ctx)
{
	/* Of two formatters doveadm takes the first; -h leaves out the
	   headings. */
	static const char *const formatter[] = {
		"-f", DOVEADM_PRINT_TYPE_TAB, "-h"
	};
	static const char worker[] = "--worker", *worker_p = worker;
	ARRAY_TYPE(const_string) words;
	unsigned int behind;

	p_array_init(&words, ctx->pool, 16);
	if (read_command_line(ctx->pool, &words) < 0)
		return NULL;
	behind = find_command(&words, ctx->cctx->cmd->name);
	if (behind == 0) {
		i_error("--jobs: The command isn't found in the command line");
		return NULL;
	}
	array_insert(&words, behind, &worker_p, 1);
	array_insert(&words, 1, formatter, N_ELEMENTS(formatter));
	array_append_zero(&words);
	return array_front(&words);
}
