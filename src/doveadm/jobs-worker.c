/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* --jobs: a process that does the work. */

#include "lib.h"
#include "ostream.h"
#include "str.h"
#include "strescape.h"
#include "doveadm-mail.h"
#include "doveadm-print-private.h"
#include "host.h"
#include "jobs.h"

#include <unistd.h>

/* doveadm has it, doveadm-server hasn't. */
extern typeof(doveadm_print_tab_vfuncs) doveadm_print_tab_vfuncs
	__attribute__((weak));

static void (*tab_print)(const char *value);
/* Has it said that it can begin? And is it at a user's mail? */
static bool begun, at_work;

static void print_escaped(const char *value)
{
	T_BEGIN {
		tab_print(str_tabescape(value));
	} T_END;
}

/* What is behind a user's rows */
static void
append_result(struct doveadm_mail_cmd_context *ctx,
	      struct doveadm_seal_sums *sums, const char *mark,
	      string_t *text)
{
	str_printfa(text, "%s%d", mark, ctx->exit_code);
	ctx->exit_code = 0;
	if (sums->any) {
		for (unsigned int i = 0; i < sums->count; i++) {
			str_printfa(text, "\t%"PRIu64, sums->list[i]);
			sums->list[i] = 0;
		}
		sums->any = FALSE;
	}
	str_append_c(text, '\n');
}

static int tell(struct doveadm_mail_cmd_context *ctx, string_t *text)
{
	struct ostream *output = doveadm_print_ostream;

	/* the rows are in it already */
	o_stream_nsend(output, str_data(text), str_len(text));
	o_stream_uncork(output);
	if (o_stream_flush(output) < 0 || output->stream_errno != 0) {
		i_error("Can't tell what came of a user: %s",
			o_stream_get_error(output));
		ctx->exit_code = EX_TEMPFAIL;
		return -1;
	}
	o_stream_cork(output);
	return 0;
}

/* Returns 1; 0 at the end, or if we are to end; or -1. One name comes at a
   time. */
static int read_name(string_t *line)
{
	char c;
	ssize_t ret;

	str_truncate(line, 0);
	while ((ret = read(STDIN_FILENO, &c, 1)) != 0 || str_len(line) > 0) {
		if (ret == 1 && c == '\n')
			return 1;
		if (ret == 1)
			str_append_c(line, c);
		else if (ret == 0 || errno != EINTR || doveadm_is_killed())
			break;
	}
	return ret < 0 && errno != EINTR ? -1 : 0;
}

static void append_ready(string_t *text)
{
	i_assert(&doveadm_print_tab_vfuncs != NULL);
	tab_print = doveadm_print_tab_vfuncs.print;
	doveadm_print_tab_vfuncs.print = print_escaped;
	str_append(text, DOVEADM_SEAL_JOBS_READY"\n");
	begun = TRUE;
}

int doveadm_seal_worker_next(struct doveadm_mail_cmd_context *ctx,
			     struct doveadm_seal_sums *sums,
			     const char **username_r)
{
	string_t *line = t_str_new(256);
	int ret;

	if (!begun)
		append_ready(line);
	else
		append_result(ctx, sums, DOVEADM_SEAL_JOBS_RESULT, line);
	at_work = FALSE;
	do {
		if (tell(ctx, line) < 0)
			return -1;
		ret = read_name(line);
		if (ret < 0)
			i_error("Can't read the next user's name: %m");
		if (ret <= 0)
			return ret;
		*username_r = p_strdup(ctx->pool, str_tabunescape(
			str_c_modifiable(line)));
		ret = doveadm_seal_renew_auth(ctx->storage_service,
					      *username_r);
		str_truncate(line, 0);
		str_append(line, DOVEADM_SEAL_JOBS_UNKNOWN"\n");
	} while (ret < 0);
	at_work = TRUE;
	return 1;
}

void doveadm_seal_worker_end(struct doveadm_mail_cmd_context *ctx,
			     struct doveadm_seal_sums *sums)
{
	string_t *line = t_str_new(256);

	if (!at_work || !doveadm_is_killed())
		return;
	append_result(ctx, sums, DOVEADM_SEAL_JOBS_LAST, line);
	(void)tell(ctx, line);
}
