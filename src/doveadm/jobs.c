/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* --jobs: the process that was called. It has others do the work. */

#include "lib.h"
#include "array.h"
#include "str.h"
#include "strescape.h"
#include "write-full.h"
#include "doveadm-mail.h"
#include "doveadm-print.h"
#include "users.h"
#include "jobs.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define CMDLINE_MAX (1024 * 1024)

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
};

struct jobs {
	struct doveadm_mail_cmd_context *ctx;
	struct doveadm_seal_sums *sums;
	const char *const *argv;

	struct job *list;
	unsigned int count;

	const char *const *names;
	unsigned int name_count, next_name;
	/* no others are to begin */
	bool ending;
};

/*
 * Beginning
 */

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

/* Where is the command's name in the command line? Returns the index of the
   word behind it, or 0. */
static unsigned int
find_command(const ARRAY_TYPE(const_string) *words, const char *name)
{
	const char *const *parts = t_strsplit(name, " "), *const *list;
	unsigned int length = str_array_length(parts), count;

	list = array_get(words, &count);
	for (unsigned int i = 1; i + length <= count; i++) {
		unsigned int found = 0;

		while (found < length &&
		       strcmp(list[i + found], parts[found]) == 0)
			found++;
		if (found == length)
			return i + length;
	}
	return 0;
}

/* The same command with what makes a worker of it. Of two formatters doveadm
   takes the first; -h leaves out the headings. */
static int make_argv(struct jobs *jobs)
{
	static const char *const formatter[] = {
		"-f", DOVEADM_PRINT_TYPE_TAB, "-h"
	};
	static const char worker[] = "--worker", *worker_p = worker;
	pool_t pool = jobs->ctx->pool;
	ARRAY_TYPE(const_string) words;
	unsigned int behind;

	p_array_init(&words, pool, 16);
	if (read_command_line(pool, &words) < 0)
		return -1;
	behind = find_command(&words, jobs->ctx->cctx->cmd->name);
	if (behind == 0) {
		i_error("--jobs: The command isn't found in the command line");
		return -1;
	}
	array_insert(&words, behind, &worker_p, 1);
	array_insert(&words, 1, formatter, N_ELEMENTS(formatter));
	array_append_zero(&words);
	jobs->argv = array_front(&words);
	return 0;
}

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

static void job_give_next(struct jobs *jobs, struct job *job)
{
	const char *name, *line;

	job->username = NULL;
	if (jobs->ending || jobs->next_name == jobs->name_count) {
		i_close_fd(&job->input);
		return;
	}
	name = jobs->names[jobs->next_name++];
	job->username = name;
	line = t_strconcat(str_tabescape(name), "\n", NULL);
	/* if it has ended, its output ends, too */
	(void)write_full(job->input, line, strlen(line));
}

/* A line that isn't a row. Returns FALSE if a worker doesn't say that now. */
static bool job_says(struct jobs *jobs, struct job *job, const char *line)
{
	const size_t length = strlen(DOVEADM_SEAL_JOBS_RESULT);

	if (!job->ready) {
		if (strcmp(line, DOVEADM_SEAL_JOBS_READY) != 0)
			return FALSE;
		job->ready = TRUE;
		return TRUE;
	}
	return job->username != NULL &&
		strncmp(line, DOVEADM_SEAL_JOBS_RESULT, length) == 0 &&
		read_result(jobs, line + length);
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
	if (*last != *DOVEADM_SEAL_JOBS_RESULT) {
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
	if (!job_says(jobs, job, lines[count - 1]))
		return FALSE;
	str_truncate(job->text, 0);
	job_give_next(jobs, job);
	return TRUE;
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
	if (job->username != NULL) {
		i_error("--jobs: The job that was at work for %s %s",
			job->username, describe_end(status));
		add_exit_code(jobs, EX_TEMPFAIL);
	} else if (!job->ready) {
		i_error("--jobs: A job %s before it began",
			describe_end(status));
		add_exit_code(jobs, EX_TEMPFAIL);
		jobs->ending = TRUE;
	}
	/* another one for the rest */
	if (!jobs->ending && jobs->next_name < jobs->name_count &&
	    job_begin(jobs, job) < 0)
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
	bool going_on = TRUE;

	if (make_argv(&jobs) < 0)
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
	for (unsigned int i = 0; i < jobs.count; i++)
		str_free(&jobs.list[i].text);
	return jobs.next_name < name_count ? -1 : 0;
}
