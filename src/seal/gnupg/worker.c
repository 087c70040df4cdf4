/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long to wait for what was killed. Only what its user has a hand on takes
   any time. */
#define KILLED_MSECS 2000
#define REAP_STEP_USECS 1000

struct worker {
	pid_t supervisor;
	/* -1 when closed. The supervisor ends all when control is. */
	int input, output, result, control;
	gint64 patience;
};

/* Our ends of pipes and theirs */
struct pipes {
	int ours[4], theirs[4];
};
enum { PIPE_INPUT, PIPE_OUTPUT, PIPE_RESULT, PIPE_CONTROL };

static void close_fd(int *fd)
{
	if (*fd != -1)
		(void)close(*fd);
	*fd = -1;
}

static void pipes_close(int fds[4])
{
	for (int i = 0; i < 4; i++)
		close_fd(&fds[i]);
}

static int pipes_open(struct pipes *pipes, struct seal_error *error)
{
	memset(pipes, -1, sizeof(*pipes));
	for (int i = 0; i < 4; i++) {
		/* they read input and control, we read the others */
		const bool they_read = i == PIPE_INPUT || i == PIPE_CONTROL;
		int fds[2];

		/* a socket can be written to without a signal */
		if ((i == PIPE_INPUT ?
		     socketpair(AF_UNIX, SOCK_STREAM, 0, fds) :
		     pipe(fds)) < 0) {
			seal_error_set(error, SEAL_ERROR_ENGINE,
				       "can't run gpg: pipe() failed: %s",
				       g_strerror(errno));
			pipes_close(pipes->ours);
			pipes_close(pipes->theirs);
			return -1;
		}
		pipes->theirs[i] = fds[they_read ? 0 : 1];
		pipes->ours[i] = fds[they_read ? 1 : 0];
		(void)fcntl(fds[0], F_SETFD, FD_CLOEXEC);
		(void)fcntl(fds[1], F_SETFD, FD_CLOEXEC);
		(void)fcntl(pipes->ours[i], F_SETFL, O_NONBLOCK);
	}
	return 0;
}

/*
 * In the supervisor and in the worker
 */

static void close_range_or_each(unsigned int first, unsigned int last)
{
#ifdef SYS_close_range
	if (first > last || syscall(SYS_close_range, first, last, 0) == 0)
		return;
#endif
	last = MIN(last, (unsigned int)sysconf(_SC_OPEN_MAX));
	for (unsigned int fd = first; fd < last; fd++)
		(void)close(fd);
}

static int compare_ints(const void *first, const void *second)
{
	return *(const int *)first - *(const int *)second;
}

/* Connections, files and locks that our process has open aren't theirs. */
static void keep_only(int fds[4])
{
	int keep[4], next = STDERR_FILENO + 1;

	memcpy(keep, fds, sizeof(keep));
	qsort(keep, 4, sizeof(*keep), compare_ints);
	for (int i = 0; i < 4; i++) {
		if (keep[i] < next)
			continue;
		close_range_or_each(next, keep[i] - 1);
		next = keep[i] + 1;
	}
	close_range_or_each(next, ~0U);
}

/* Handlers would tell our process's event loop, by a pipe that we share. */
static void reset_signals(void)
{
	sigset_t none;

	for (int signo = 1; signo < NSIG; signo++) {
		if (signo != SIGKILL && signo != SIGSTOP)
			(void)signal(signo, SIG_DFL);
	}
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void __attribute__((noreturn))
worker_main(worker_function_t *function, void *context,
	    unsigned int cpu_secs, const int fds[4])
{
	/* the soft limit tells why, the hard one can't be caught */
	const struct rlimit cpu = { cpu_secs, cpu_secs + 1 };
	struct seal_error error;

	(void)setpgid(0, 0);
	memset(&error, 0, sizeof(error));
	if (cpu_secs > 0)
		(void)setrlimit(RLIMIT_CPU, &cpu);
	if (function(fds[PIPE_INPUT], fds[PIPE_OUTPUT], context, &error) < 0 &&
	    error.code == SEAL_ERROR_NONE)
		error.code = SEAL_ERROR_ENGINE;
	/* smaller than PIPE_BUF, so it is written whole or not at all */
	if (write(fds[PIPE_RESULT], &error, sizeof(error)) !=
	    (ssize_t)sizeof(error))
		_exit(1);
	_exit(0);
}

/* Reaps all that are our children by now, until there are none or it takes too
   long. */
static void reap_all(int msecs)
{
	const gint64 end = g_get_monotonic_time() + msecs * 1000;
	pid_t pid;

	for (;;) {
		pid = waitpid(-1, NULL, WNOHANG);
		if (pid > 0)
			continue;
		if (pid < 0 || g_get_monotonic_time() > end)
			return;
		(void)usleep(REAP_STEP_USECS);
	}
}

static void __attribute__((noreturn))
supervisor_main(worker_function_t *function, void *context,
		unsigned int cpu_secs, int fds[4])
{
	struct pollfd control = { .fd = fds[PIPE_CONTROL], .events = POLLIN };
	const struct rlimit no_core = { 0, 0 };
	pid_t pid;

	/* there is plaintext in our memory, which is theirs now */
	(void)setrlimit(RLIMIT_CORE, &no_core);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	reset_signals();
	keep_only(fds);
	/* what GPGME leaves behind comes to us */
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	pid = fork();
	if (pid < 0)
		_exit(1);
	if (pid == 0) {
		close_fd(&fds[PIPE_CONTROL]);
		worker_main(function, context, cpu_secs, fds);
	}
	(void)setpgid(pid, pid);
	close_fd(&fds[PIPE_INPUT]);
	close_fd(&fds[PIPE_OUTPUT]);
	close_fd(&fds[PIPE_RESULT]);
	/* nothing is written to it: its other end is closed when all is to
	   end, or when our process does */
	while (poll(&control, 1, -1) < 0 && errno == EINTR) ;
	/* first that: as long as it isn't reaped its id is no other's */
	(void)kill(-pid, SIGKILL);
	(void)kill(pid, SIGKILL);
	reap_all(KILLED_MSECS);
	_exit(0);
}

/*
 * In our process
 */

struct worker *
worker_start(worker_function_t *function, void *context,
	     unsigned int timeout_secs, unsigned int cpu_secs,
	     struct seal_error *error)
{
	struct pipes pipes;
	struct worker *worker;
	pid_t pid;

	if (pipes_open(&pipes, error) < 0)
		return NULL;
	pid = fork();
	if (pid == 0)
		supervisor_main(function, context, cpu_secs, pipes.theirs);
	pipes_close(pipes.theirs);
	if (pid < 0) {
		seal_error_set(error, SEAL_ERROR_ENGINE,
			       "can't run gpg: fork() failed: %s",
			       g_strerror(errno));
		pipes_close(pipes.ours);
		return NULL;
	}
	worker = g_new0(struct worker, 1);
	worker->supervisor = pid;
	worker->input = pipes.ours[PIPE_INPUT];
	worker->output = pipes.ours[PIPE_OUTPUT];
	worker->result = pipes.ours[PIPE_RESULT];
	worker->control = pipes.ours[PIPE_CONTROL];
	worker->patience = (gint64)timeout_secs * G_USEC_PER_SEC;
	return worker;
}

/* The supervisor ends by itself soon; but one that has our uid could have been
   stopped by its user. */
static void worker_reap(pid_t supervisor)
{
	const gint64 end = g_get_monotonic_time() +
		2 * KILLED_MSECS * 1000;

	while (waitpid(supervisor, NULL, WNOHANG) == 0) {
		if (g_get_monotonic_time() > end) {
			(void)kill(supervisor, SIGKILL);
			(void)waitpid(supervisor, NULL, 0);
			return;
		}
		g_usleep(REAP_STEP_USECS / 4);
	}
}

void worker_free(struct worker **_worker)
{
	struct worker *worker = *_worker;

	if (worker == NULL)
		return;
	*_worker = NULL;
	close_fd(&worker->control);
	close_fd(&worker->input);
	close_fd(&worker->output);
	close_fd(&worker->result);
	worker_reap(worker->supervisor);
	g_free(worker);
}

static int worker_timeout(struct seal_error *error)
{
	seal_error_set(error, SEAL_ERROR_TIMEOUT,
		       "gpg took too long and was ended");
	return -1;
}

/* Returns what poll() found of one descriptor, or -1. -1 as a descriptor is
   none. */
static int
worker_wait(struct worker *worker, struct pollfd *fds, unsigned int count,
	    struct seal_error *error)
{
	const gint64 start = g_get_monotonic_time();
	int ret = poll(fds, count, (worker->patience + 999) / 1000);

	worker->patience -= g_get_monotonic_time() - start;
	if (ret > 0)
		return 0;
	if (ret < 0 && errno != EINTR) {
		seal_error_set(error, SEAL_ERROR_ENGINE, "poll() failed: %s",
			       g_strerror(errno));
		return -1;
	}
	for (unsigned int i = 0; i < count; i++)
		fds[i].revents = 0;
	return worker->patience > 0 ? 0 : worker_timeout(error);
}

/* Passes on what is there of the output. Returns 0, or -1 with error set. At
   the end of it closes it. */
static int
worker_pass_output(struct worker *worker, worker_output_t *output,
		   void *context, struct seal_error *error)
{
	char data[16384];
	ssize_t ret = read(worker->output, data, sizeof(data));

	if (ret > 0)
		return output(data, ret, context, error);
	if (ret == 0 || (errno != EAGAIN && errno != EINTR))
		close_fd(&worker->output);
	return 0;
}

/* The worker has no use for input any more: it has ended. Why? */
static int
worker_failed(struct worker *worker, worker_output_t *output, void *context,
	      struct seal_error *error)
{
	if (worker_finish(worker, output, context, error) == 0) {
		seal_error_set(error, SEAL_ERROR_ENGINE,
			       "gpg didn't read all");
	}
	return -1;
}

int worker_write(struct worker *worker, const void *data, size_t size,
		 worker_output_t *output, void *context,
		 struct seal_error *error)
{
	const char *bytes = data;
	ssize_t ret;

	while (size > 0) {
		struct pollfd fds[] = {
			{ .fd = worker->input, .events = POLLOUT },
			{ .fd = worker->output, .events = POLLIN }
		};

		if (worker_wait(worker, fds, 2, error) < 0)
			return -1;
		if (fds[1].revents != 0 &&
		    worker_pass_output(worker, output, context, error) < 0)
			return -1;
		if (fds[0].revents == 0)
			continue;
		ret = send(worker->input, bytes, size, MSG_NOSIGNAL);
		if (ret < 0 && errno != EAGAIN && errno != EINTR)
			return worker_failed(worker, output, context, error);
		if (ret > 0) {
			bytes += ret;
			size -= ret;
		}
	}
	return 0;
}

static int
worker_get_result(struct worker *worker, struct seal_error *error)
{
	struct pollfd fd = { .fd = worker->result, .events = POLLIN };
	struct seal_error result;
	ssize_t ret;

	while (fd.revents == 0) {
		if (worker_wait(worker, &fd, 1, error) < 0)
			return -1;
	}
	ret = read(worker->result, &result, sizeof(result));
	if (ret != (ssize_t)sizeof(result)) {
		seal_error_set(error, SEAL_ERROR_ENGINE,
			       "gpg ended before its work was done");
		return -1;
	}
	if (result.code == SEAL_ERROR_NONE)
		return 0;
	result.text[sizeof(result.text) - 1] = '\0';
	seal_error_set(error, result.code, "%s", result.text);
	return -1;
}

int worker_finish(struct worker *worker, worker_output_t *output,
		  void *context, struct seal_error *error)
{
	close_fd(&worker->input);
	while (worker->output != -1) {
		struct pollfd fd = {
			.fd = worker->output, .events = POLLIN
		};

		if (worker_wait(worker, &fd, 1, error) < 0 ||
		    (fd.revents != 0 &&
		     worker_pass_output(worker, output, context, error) < 0))
			return -1;
	}
	return worker_get_result(worker, error);
}

static int
append_output(const void *data, size_t size, void *context,
	      struct seal_error *error G_GNUC_UNUSED)
{
	g_byte_array_append(context, data, size);
	return 0;
}

int worker_run(worker_function_t *function, void *context,
	       unsigned int timeout_secs, unsigned int cpu_secs,
	       GByteArray *out, struct seal_error *error)
{
	struct worker *worker = worker_start(function, context, timeout_secs,
					     cpu_secs, error);
	int ret;

	if (worker == NULL)
		return -1;
	ret = worker_finish(worker, append_output, out, error);
	worker_free(&worker);
	return ret;
}

int worker_write_all(int fd, const void *data, size_t size,
		     struct seal_error *error)
{
	const char *bytes = data;
	ssize_t ret;

	while (size > 0) {
		ret = write(fd, bytes, size);
		if (ret < 0 && errno == EINTR)
			continue;
		if (ret <= 0) {
			seal_error_set(error, SEAL_ERROR_ENGINE,
				       "write() failed: %s",
				       g_strerror(errno));
			return -1;
		}
		bytes += ret;
		size -= ret;
	}
	return 0;
}
