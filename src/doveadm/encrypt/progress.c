/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "str.h"
#include "progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define UPDATE_INTERVAL_SECS 0.2

/* erase to the end of the line, ECMA-48 section 8.3.41 */
#define LINE_START "\r\033[K"

struct doveadm_seal_progress {
	struct doveadm_seal_progress_params params;
	char *username;
	double started, shown;
	uint64_t messages_done, bytes_done;
};

static double monotonic_secs(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now) < 0)
		i_fatal("clock_gettime() failed: %m");
	return now.tv_sec + now.tv_nsec / 1e9;
}

bool doveadm_seal_progress_is_wanted(void)
{
	return isatty(STDERR_FILENO) > 0;
}

struct doveadm_seal_progress *
doveadm_seal_progress_begin(const struct doveadm_seal_progress_params *params)
{
	struct doveadm_seal_progress *progress;

	progress = i_new(struct doveadm_seal_progress, 1);
	progress->params = *params;
	progress->username = i_strdup(params->username);
	progress->started = monotonic_secs();
	return progress;
}

static void
append_time_left(string_t *line, const struct doveadm_seal_progress *progress,
		 double rate)
{
	/* more than was counted has arrived meanwhile */
	if (progress->params.bytes <= progress->bytes_done || rate <= 0)
		return;
	unsigned long secs =
		(progress->params.bytes - progress->bytes_done) / rate + 1;

	if (secs < 60)
		str_printfa(line, ", %lu s left", secs);
	else if (secs < 3600)
		str_printfa(line, ", %lu min left", (secs + 30) / 60);
	else
		str_printfa(line, ", %.1f h left", secs / 3600.0);
}

static void progress_show(struct doveadm_seal_progress *progress, double now)
{
	double rate = progress->bytes_done /
		I_MAX(now - progress->started, 0.001);
	const struct doveadm_seal_progress_params *params = &progress->params;
	string_t *line = t_str_new(128);

	str_append(line, LINE_START);
	if (params->user_count > 0) {
		str_printfa(line, "user %u of %u, ", params->user_number,
			    params->user_count);
	}
	str_printfa(line, "%s: %"PRIu64"/%"PRIu64" messages, "
		    "%.1f/%.1f MB, %.1f MB/s", progress->username,
		    progress->messages_done, params->messages,
		    progress->bytes_done / 1e6, params->bytes / 1e6,
		    rate / 1e6);
	append_time_left(line, progress, rate);
	if (params->user_count > 0) {
		str_printfa(line, "; %"PRIu64" sealed before, %.1f MB",
			    params->sealed_before, params->bytes_before / 1e6);
	}
	fputs(str_c(line), stderr);
	fflush(stderr);
	progress->shown = now;
}

void doveadm_seal_progress_add(struct doveadm_seal_progress *progress,
			       uint64_t bytes)
{
	double now;

	if (progress == NULL)
		return;
	progress->messages_done++;
	progress->bytes_done += bytes;
	now = monotonic_secs();
	if (now - progress->shown >= UPDATE_INTERVAL_SECS) T_BEGIN {
		progress_show(progress, now);
	} T_END;
}

void doveadm_seal_progress_end(struct doveadm_seal_progress **_progress)
{
	struct doveadm_seal_progress *progress = *_progress;

	if (progress == NULL)
		return;
	*_progress = NULL;
	fputs(LINE_START, stderr);
	fflush(stderr);
	i_free(progress->username);
	i_free(progress);
}
