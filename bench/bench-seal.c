/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Times the sealing step against one bare gpg:

	bench-seal CERTIFICATE-FILE SIZE PAIRS SEALS

   A message of SIZE bytes is sealed as lmtp does it, again and again in one
   process, and in between encrypted by a gpg that is run with the same
   options and makes the armor itself. Both read memory and write to nowhere.
   Behind each gpg, which leaves the processor's caches cold, SEALS messages are
   sealed one after the other, and their mean is what counts: 1 is a message
   after other work, 10 is a queue of them.
   Prints a line for each pair: seconds of gpg, of the seal; and then the
   processor time of both, with all processes that they ran, which says more
   on a machine that has other work.

	bench-seal --engines CERTIFICATE-FILE SIZE ROUNDS

   Times the sealing step alone, with the engine that fits the certificate and
   in turns with one that only copies, which is what all the rest costs. Prints
   the median of ROUNDS of each, microseconds of processor time.

	bench-seal --group CERTIFICATE-FILE SIZE ROUNDS

   What a team mailbox costs: microseconds of the first reading of its
   certificates in a process, wall time with the judge's, and the medians of
   ROUNDS of the later ones, which find what is kept, and of the sealing step,
   processor time; and by how much a message grows, bytes. */

#include "certificate/key-file.h"
#include "../tests/unit/copy-engine.h"
#include "message/seal.h"

#include <err.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What a stream of Dovecot's gives at a time */
#define BLOCK_SIZE 8192

extern char **environ;

static const char header[] =
	"From: Sender <sender@example.org>\r\n"
	"To: Recipient <rcpt@example.org>\r\n"
	"Subject: a message to be sealed\r\n"
	"Date: Mon, 03 Feb 2025 10:11:12 +0000\r\n"
	"Message-ID: <1@example.org>\r\n"
	"MIME-Version: 1.0\r\n"
	"Content-Type: text/plain; charset=utf-8\r\n"
	"\r\n";

struct cost {
	double wall, cpu;
};

static double seconds(struct timeval tv)
{
	return tv.tv_sec + tv.tv_usec / 1e6;
}

static double cpu_of(int who)
{
	struct rusage usage;

	(void)getrusage(who, &usage);
	return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

static struct cost now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (struct cost){
		.wall = ts.tv_sec + ts.tv_nsec / 1e9,
		.cpu = cpu_of(RUSAGE_SELF) + cpu_of(RUSAGE_CHILDREN)
	};
}

/* What is past since start. The helper that ran gpg is our child by now. */
static struct cost since(struct cost start)
{
	struct cost end = now();

	while (wait(NULL) > 0) ;
	end.wall -= start.wall;
	end.cpu = now().cpu - start.cpu;
	return end;
}

/* Lines of letters that don't compress better than base64 does */
static char *make_message(size_t size)
{
	static const char letters[64] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *message = malloc(size + sizeof(header));
	size_t pos = sizeof(header) - 1, column = 0;
	unsigned int random = 1;

	if (message == NULL)
		err(1, "malloc()");
	memcpy(message, header, pos);
	while (pos + 2 < size) {
		if (++column % 78 > 76) {
			message[pos++] = '\r';
			message[pos++] = '\n';
			column = 0;
			continue;
		}
		random = random * 1103515245 + 12345;
		message[pos++] = letters[(random >> 16) % 64];
	}
	memcpy(message + pos, "\r\n", 2);
	return message;
}

/*
 * The sealing step
 */

/* What many recipients make large */
static int spool_open(void *context)
{
	(void)context;
	return memfd_create("spool", MFD_CLOEXEC);
}

static const struct certificate_list *read_certificate(const char *path)
{
	const struct certificates_params params = {
		.timeout_secs = 60,
		.uid = geteuid(),
		.group = true
	};
	struct key_file_input input = { .role = CERTIFICATE_OWNER };
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const struct certificate_list *list;
	gsize size;
	char *data;

	if (!g_file_get_contents(path, &data, &size, NULL))
		errx(1, "%s can't be read", path);
	input.data = data;
	input.size = size;
	list = certificates_judge(&input, 1, &params, &error);
	if (list == NULL)
		errx(1, "%s: %s", path, error.text);
	g_free(data);
	return list;
}

static size_t pull_all(struct seal *seal, struct seal_error *error)
{
	char buffer[BLOCK_SIZE];
	ssize_t ret;
	size_t size = 0;

	while ((ret = seal_pull(seal, buffer, sizeof(buffer), error)) > 0)
		size += ret;
	if (ret < 0)
		errx(1, "seal: %s", error->text);
	return size;
}

/* of the last one */
static size_t sealed_size;

static struct cost
time_params(const struct seal_params *_params, const char *message, size_t size)
{
	struct seal_params params = *_params;
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	struct cost start;
	struct seal *seal;
	size_t sealed = 0;

	params.timeout_secs = 600;
	params.spool_open = spool_open;
	start = now();
	seal = seal_new(&params);

	for (size_t pos = 0; pos < size; pos += BLOCK_SIZE) {
		sealed += pull_all(seal, &error);
		if (seal_push(seal, message + pos, MIN(BLOCK_SIZE, size - pos),
			      &error) < 0)
			errx(1, "seal: %s", error.text);
	}
	seal_finish(seal);
	sealed += pull_all(seal, &error);
	seal_free(&seal);
	if (sealed < size)
		errx(1, "the sealed message is too short");
	sealed_size = sealed;
	return since(start);
}

static struct cost
time_seal(const struct certificate_list *list, const char *message, size_t size)
{
	const struct seal_params params = {
		.recipients = list->certificates,
		.recipient_count = list->count
	};

	return time_params(&params, message, size);
}

static struct cost
time_seals(const struct certificate_list *list, const char *message,
	   size_t size, int seals)
{
	struct cost sum = { .wall = 0 };

	for (int i = 0; i < seals; i++) {
		struct cost cost = time_seal(list, message, size);

		sum.wall += cost.wall / seals;
		sum.cpu += cost.cpu / seals;
	}
	return sum;
}

static int compare_double(const void *p1, const void *p2)
{
	const double *d1 = p1, *d2 = p2;

	return *d1 < *d2 ? -1 : *d1 > *d2 ? 1 : 0;
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare_double);
	return values[count / 2];
}

/* A clock of processor time that is finer than getrusage()'s */
static double cpu_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * 1e6 + ts.tv_nsec / 1e3;
}

static void
compare_engines(const struct certificate_list *list, const char *message,
		size_t size, size_t rounds)
{
	const struct seal_params copy = {
		.engine = list->certificates[0]->kind ==
			CERTIFICATE_KIND_OPENPGP ? &engine_copy_pgp_mime :
			&engine_copy_smime,
		.recipients = copy_engine_recipients,
		.recipient_count = 1
	};
	double *copied = g_new(double, rounds), *sealed = g_new(double, rounds);

	for (size_t i = 0; i < rounds; i++) {
		double start = cpu_clock();

		(void)time_params(&copy, message, size);
		copied[i] = cpu_clock() - start;
		start = cpu_clock();
		(void)time_seal(list, message, size);
		sealed[i] = cpu_clock() - start;
	}
	printf("copying engine %.1f us, the certificate's %.1f us\n",
	       median(copied, rounds), median(sealed, rounds));
	g_free(copied);
	g_free(sealed);
}

static void
measure_group(const char *path, const char *message, size_t size,
	      size_t rounds)
{
	double *reading = g_new(double, rounds), *sealing = g_new(double, rounds);
	const struct certificate_list *list;
	struct cost first = now();

	list = read_certificate(path);
	first = since(first);
	/* makes the engine's keys of them */
	(void)time_seal(list, message, size);
	for (size_t i = 0; i < rounds; i++) {
		double start = cpu_clock();

		list = read_certificate(path);
		reading[i] = cpu_clock() - start;
		start = cpu_clock();
		(void)time_seal(list, message, size);
		sealing[i] = cpu_clock() - start;
	}
	printf("%.0f %.0f %.0f %zu\n", first.wall * 1e6,
	       median(reading, rounds), median(sealing, rounds),
	       sealed_size - size);
	g_free(reading);
	g_free(sealing);
}

/*
 * The bare gpg
 */

static int memory_file(const void *data, size_t size)
{
	int fd = memfd_create("message", MFD_CLOEXEC);

	if (fd < 0)
		err(1, "memfd_create()");
	for (size_t pos = 0; pos < size; ) {
		ssize_t ret = write(fd, (const char *)data + pos, size - pos);

		if (ret < 0)
			err(1, "write()");
		pos += ret;
	}
	return fd;
}

static struct cost time_gpg(const char *certificate, int input)
{
	const char *const args[] = {
		MAIL_SEAL_GPG, "--homedir", MAIL_SEAL_GNUPG_HOME, "--batch",
		"--no-tty", "--trust-model", "always", "--no-encrypt-to",
		"-z", "0", "--armor", "--encrypt", "-f", certificate,
		"--output", "-", "--", "-", NULL
	};
	posix_spawn_file_actions_t actions;
	int status, null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	const struct cost start = now();
	pid_t pid;

	if (lseek(input, 0, SEEK_SET) < 0)
		err(1, "lseek()");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, input, 0);
	posix_spawn_file_actions_adddup2(&actions, null, 1);
	posix_spawn_file_actions_adddup2(&actions, null, 2);
	if (posix_spawn(&pid, args[0], &actions, NULL, (char **)args,
			environ) != 0)
		errx(1, "gpg can't be run");
	if (waitpid(pid, &status, 0) != pid || status != 0)
		errx(1, "gpg failed");
	posix_spawn_file_actions_destroy(&actions);
	close(null);
	return since(start);
}

int main(int argc, char *argv[])
{
	const struct certificate_list *list;
	size_t size;
	char *message;
	int input, pairs, seals;
	bool engines = false, group = false;

	/* GPGME leaves its processes to others. */
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if (argc > 1) {
		engines = strcmp(argv[1], "--engines") == 0;
		group = strcmp(argv[1], "--group") == 0;
	}
	if (engines || group) {
		argv++;
		argc--;
	}
	if (argc != (engines || group ? 4 : 5)) {
		errx(1, "usage: bench-seal CERTIFICATE-FILE SIZE PAIRS SEALS, or "
		     "bench-seal {--engines|--group} CERTIFICATE-FILE SIZE "
		     "ROUNDS");
	}
	size = strtoul(argv[2], NULL, 10);
	pairs = atoi(argv[3]);
	if (size < sizeof(header) + 2)
		errx(1, "the message must have %zu bytes", sizeof(header) + 2);
	message = make_message(size);
	if (group) {
		measure_group(argv[1], message, size, pairs);
		return 0;
	}
	input = memory_file(message, size);
	list = read_certificate(argv[1]);

	(void)time_seal(list, message, size);
	if (engines) {
		compare_engines(list, message, size, pairs);
		return 0;
	}
	(void)time_gpg(argv[1], input);
	seals = atoi(argv[4]);
	for (int i = 0; i < pairs; i++) {
		const struct cost gpg = time_gpg(argv[1], input);
		const struct cost seal = time_seals(list, message, size,
						    seals);

		printf("%.6f %.6f %.6f %.6f\n", gpg.wall, seal.wall, gpg.cpu,
		       seal.cpu);
	}
	return 0;
}
