/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* --jobs: the process that was called. It has others do the work. */

#include "lib.h"
#include "str.h"
#include "strescape.h"
#include "write-full.h"
#include "doveadm-mail.h"
#include "doveadm-print.h"
#include "host.h"
#include "users.h"
#include "jobs.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

struct job {
	/* 0: there is none */
	pid_t pid;
	/* -1: no more users for it */
	int input;
	int output;
	/* what it has written, as far as it isn't a whole result */
	string_t *text;
	bool ready;
	/* whose turn it is, or NULL */
	const char *username;
	/* who was given to a process that a signal ended before it had read the
	   name: the next one's first; or NULL */
	const char *returned;
};

struct jobs {
	struct doveadm_mail_cmd_context *ctx;
	struct doveadm_seal_sums *sums;
	const char *const *argv;

	struct job *list;
	unsigned int count;

	const char *const *names;
	unsigned int name_count, next_name;
	/* users in a row of whom nothing came */
	unsigned int failures;
	/* no others are to begin */
	bool ending;
};

/*
 * Beginning
 */

/* In the new process */
static void ATTR_NORETURN
run_worker(const char *const *argv, int input, int output)
{
	if (dup2(input, STDIN_FILENO) == 0 && dup2(output, STDOUT_FILENO) == 1)
		(void)execv("/proc/self/exe", (char *const *)argv);
	_exit(127);
}

/* The other workers don't have these ends: it is closed when we close it. */
static int make_pipe(int fds_r[2])
{
	if (pipe(fds_r) < 0) {
		i_error("pipe() failed: %m");
		return -1;
	}
	fd_close_on_exec(fds_r[0], TRUE);
	fd_close_on_exec(fds_r[1], TRUE);
	return 0;
}

static int job_begin(struct jobs *jobs, struct job *job)
{
	int input[2], output[2];

	if (make_pipe(input) < 0)
		return -1;
	if (make_pipe(output) < 0) {
		i_close_fd(&input[0]);
		i_close_fd(&input[1]);
		return -1;
	}
	job->pid = fork();
	if (job->pid == 0)
		run_worker(jobs->argv, input[0], output[1]);
	i_close_fd(&input[0]);
	i_close_fd(&output[1]);
	if (job->pid < 0) {
		i_error("fork() failed: %m");
		i_close_fd(&input[1]);
		i_close_fd(&output[0]);
		job->pid = 0;
		return -1;
	}
	job->input = input[1];
	job->output = output[0];
	job->ready = FALSE;
	job->username = NULL;
	str_truncate(job->text, 0);
	return 0;
}

/*
 * Results
 */

static void add_exit_code(struct jobs *jobs, int code)
{
	/* as doveadm_mail_failed_error() does */
	if (code != 0 && (jobs->ctx->exit_code == 0 || code == EX_TEMPFAIL))
		jobs->ctx->exit_code = code;
}

/* Each row begins with the user's name, for the header that is "sticky". */
static bool print_row(const char *line)
{
	const char *const *values = t_strsplit_tabescaped(line);

	if (str_array_length(values) != doveadm_print_get_headers_count())
		return FALSE;
	doveadm_print_sticky("username", *values);
	while (*++values != NULL)
		doveadm_print(*values);
	return TRUE;
}

static bool read_result(struct jobs *jobs, const char *line)
{
	const char *const *numbers = t_strsplit(line, "\t");
	const unsigned int count = str_array_length(numbers) - 1;
	uint64_t number;
	int code;

	if (str_to_int(numbers[0], &code) < 0 ||
	    (count != 0 && count != jobs->sums->count))
		return FALSE;
	for (unsigned int i = 0; i < count; i++) {
		if (str_to_uint64(numbers[i + 1], &number) < 0)
			return FALSE;
		jobs->sums->list[i] += number;
	}
	if (count > 0)
		jobs->sums->any = TRUE;
	add_exit_code(jobs, code);
	return TRUE;
}

/* Workers may have been told to end before we were. */
static bool is_ending(const struct jobs *jobs)
{
	return jobs->ending || doveadm_is_killed();
}

/* Is there a user left for it? */
static bool job_has_next(const struct jobs *jobs, const struct job *job)
{
	return !is_ending(jobs) && (job->returned != NULL ||
				    jobs->next_name < jobs->name_count);
}

static void job_give_next(struct jobs *jobs, struct job *job)
{
	const char *line;

	job->username = NULL;
	if (!job_has_next(jobs, job)) {
		i_close_fd(&job->input);
		return;
	}
	job->username = job->returned != NULL ? job->returned :
		jobs->names[jobs->next_name++];
	line = t_strconcat(str_tabescape(job->username), "\n", NULL);
	/* if it has ended, its output ends, too */
	(void)write_full(job->input, line, strlen(line));
}

/* Nothing came of a user, which has been said. Where that is so with one after
   the other it isn't for them: a database is down, or the disk gone. */
static void add_failure(struct jobs *jobs)
{
	const unsigned int most = I_MAX(jobs->count,
					DOVEADM_SEAL_FAILURES_MAX);

	add_exit_code(jobs, EX_TEMPFAIL);
	if (++jobs->failures < most || jobs->ending)
		return;
	i_error(DOVEADM_SEAL_FAILURES_TEXT, most);
	jobs->ending = TRUE;
}

static bool is_mark(const char *line, const char *mark)
{
	return strncmp(line, mark, strlen(mark)) == 0;
}

/* Is this line one of those that aren't rows? */
static bool is_word(const char *line)
{
	return is_mark(line, DOVEADM_SEAL_JOBS_READY) ||
		is_mark(line, DOVEADM_SEAL_JOBS_RESULT) ||
		is_mark(line, DOVEADM_SEAL_JOBS_LAST) ||
		is_mark(line, DOVEADM_SEAL_JOBS_UNKNOWN);
}

/* What came of the user it was given. Returns FALSE if it isn't that. */
static bool job_says_of_user(struct jobs *jobs, struct job *job,
			     const char *line)
{
	job->returned = NULL;
	if (is_mark(line, DOVEADM_SEAL_JOBS_UNKNOWN)) {
		i_error("--jobs: %s can't be looked up", job->username);
		add_failure(jobs);
		return TRUE;
	}
	jobs->failures = 0;
	return read_result(jobs, line + strlen(DOVEADM_SEAL_JOBS_RESULT));
}

/* A line that isn't a row. Returns FALSE if a worker doesn't say that now. */
static bool job_says(struct jobs *jobs, struct job *job, const char *line)
{
	bool last = is_mark(line, DOVEADM_SEAL_JOBS_LAST);

	if (!job->ready) {
		if (strcmp(line, DOVEADM_SEAL_JOBS_READY) != 0)
			return FALSE;
		job->ready = TRUE;
	} else if (job->username == NULL ||
		   strcmp(line, DOVEADM_SEAL_JOBS_READY) == 0 ||
		   !job_says_of_user(jobs, job, line)) {
		return FALSE;
	}
	if (last) {
		job->username = NULL;
		i_close_fd(&job->input);
	} else {
		job_give_next(jobs, job);
	}
	return TRUE;
}

/* All rows of a user together, when all has been said of him. Returns FALSE if
   that isn't what a worker says. */
static bool job_handle(struct jobs *jobs, struct job *job)
{
	const char *const *lines, *last;
	unsigned int count;

	/* more is to come */
	if (str_c(job->text)[str_len(job->text) - 1] != '\n')
		return TRUE;
	str_truncate(job->text, str_len(job->text) - 1);
	last = strrchr(str_c(job->text), '\n');
	last = last == NULL ? str_c(job->text) : last + 1;
	if (!is_word(last)) {
		str_append_c(job->text, '\n');
		return TRUE;
	}
	lines = t_strsplit(str_c(job->text), "\n");
	count = str_array_length(lines);
	for (unsigned int i = 0; i + 1 < count; i++) {
		if (!job->ready || !print_row(lines[i]))
			return FALSE;
	}
	doveadm_seal_show_rows();
	str_truncate(job->text, 0);
	return job_says(jobs, job, lines[count - 1]);
}

/*
 * Ending
 */

static const char *describe_end(int status)
{
	return WIFSIGNALED(status) ?
		t_strdup_printf("was killed by signal %d", WTERMSIG(status)) :
		t_strdup_printf("ended with exit status %d",
				WEXITSTATUS(status));
}

static void job_ended(struct jobs *jobs, struct job *job)
{
	int status = 0;
	pid_t pid;

	if (job->input != -1)
		i_close_fd(&job->input);
	i_close_fd(&job->output);
	while ((pid = waitpid(job->pid, &status, 0)) < 0 && errno == EINTR)
		;
	if (pid < 0)
		i_error("waitpid() failed: %m");
	job->pid = 0;
	if (job->username != NULL && status == 0 && job->returned == NULL) {
		job->returned = job->username;
	} else if (job->username != NULL) {
		i_error("--jobs: The job that was at work for %s %s",
			job->username, describe_end(status));
		job->returned = NULL;
		add_failure(jobs);
	} else if (!job->ready && !is_ending(jobs)) {
		i_error("--jobs: A job %s before it began",
			describe_end(status));
		add_exit_code(jobs, EX_TEMPFAIL);
		jobs->ending = TRUE;
	}
	/* another one for the rest */
	if (job_has_next(jobs, job) && job_begin(jobs, job) < 0)
		jobs->ending = TRUE;
}

static void job_read(struct jobs *jobs, struct job *job)
{
	char data[4096];
	ssize_t ret = read(job->output, data, sizeof(data));

	if (ret < 0 && errno == EINTR)
		return;
	if (ret <= 0) {
		job_ended(jobs, job);
		return;
	}
	str_append_data(job->text, data, ret);
	if (!job_handle(jobs, job)) {
		i_error("--jobs: A job says something else than a result");
		(void)kill(job->pid, SIGKILL);
		job_ended(jobs, job);
	}
}

/* What they are at, they do to its end, or as far as the command likes. */
static void end_all(struct jobs *jobs)
{
	for (unsigned int i = 0; i < jobs->count; i++) {
		if (jobs->list[i].pid != 0)
			(void)kill(jobs->list[i].pid, SIGTERM);
	}
	jobs->ending = TRUE;
}

/* Returns FALSE when there is none any more. */
static bool wait_for_some(struct jobs *jobs)
{
	struct pollfd *fds = t_new(struct pollfd, jobs->count);
	unsigned int alive = 0;

	for (unsigned int i = 0; i < jobs->count; i++) {
		fds[i].fd = jobs->list[i].pid == 0 ? -1 :
			jobs->list[i].output;
		fds[i].events = POLLIN;
		if (fds[i].fd != -1)
			alive++;
	}
	if (alive == 0)
		return FALSE;
	/* a signal may come just before it begins to wait */
	if (poll(fds, jobs->count, 1000) < 0 && errno != EINTR)
		i_fatal("poll() failed: %m");
	if (doveadm_is_killed() && !jobs->ending)
		end_all(jobs);
	for (unsigned int i = 0; i < jobs->count; i++) {
		if (fds[i].fd != -1 && fds[i].revents != 0)
			job_read(jobs, &jobs->list[i]);
	}
	return TRUE;
}

int doveadm_seal_jobs_run(struct doveadm_mail_cmd_context *ctx,
			  unsigned int count, const char *const *names,
			  unsigned int name_count,
			  struct doveadm_seal_sums *sums)
{
	struct jobs jobs = {
		.ctx = ctx, .sums = sums, .names = names,
		.name_count = name_count, .count = I_MIN(count, name_count)
	};
	bool going_on = TRUE, unbegun;

	jobs.argv = doveadm_seal_jobs_get_argv(ctx);
	if (jobs.argv == NULL)
		return -1;
	jobs.list = p_new(ctx->pool, struct job, jobs.count);
	for (unsigned int i = 0; i < jobs.count; i++) {
		jobs.list[i].text = str_new(default_pool, 4096);
		if (!jobs.ending && job_begin(&jobs, &jobs.list[i]) < 0)
			jobs.ending = TRUE;
	}
	while (going_on) T_BEGIN {
		going_on = wait_for_some(&jobs);
	} T_END;
	unbegun = jobs.next_name < name_count;
	for (unsigned int i = 0; i < jobs.count; i++) {
		unbegun = unbegun || jobs.list[i].returned != NULL;
		str_free(&jobs.list[i].text);
	}
	return unbegun ? -1 : 0;
}
