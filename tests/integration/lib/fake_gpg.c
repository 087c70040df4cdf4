/* A gpg that misbehaves. Compiled once per BEHAVIOUR with REAL_GPG, where the
 * real one is; a test then mounts it over /usr/bin/gpg. Questions that don't
 * encrypt (--version, --list-config, ...) are left to the real gpg, so that
 * the failure comes when the message is already on its way. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void become_real_gpg(char **argv)
{
	execv(REAL_GPG, argv);
	_exit(127);
}

static void read_all_input(void)
{
	char buffer[65536];

	while (read(0, buffer, sizeof(buffer)) > 0) ;
}

static void crash(char **argv) { (void)argv; exit(2); }

static void crash_after_input(char **argv) { (void)argv; read_all_input(); exit(2); }

static void die(char **argv) { (void)argv; raise(SIGKILL); }

static void hang(char **argv) { (void)argv; for (;;) pause(); }

/* A polite SIGTERM must not be the only way to end it. */
static void hang_stubborn(char **argv)
{
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	hang(argv);
}

/* Reads everything, answers nothing, doesn't end. */
static void hang_after_input(char **argv) { read_all_input(); hang(argv); }

static void silent(char **argv) { (void)argv; read_all_input(); exit(0); }

static void cat(char **argv)
{
	char buffer[65536];
	ssize_t n;

	(void)argv;
	while ((n = read(0, buffer, sizeof(buffer))) > 0 && write(1, buffer, n) == n) ;
	exit(0);
}

/* The first bytes of the real gpg's output, then no more. */
static void write_half(char **argv, void (*end)(void))
{
	char buffer[100];
	int out[2];
	ssize_t n;

	if (pipe(out) != 0)
		exit(2);
	if (fork() == 0) {
		dup2(out[1], 1);
		close(out[0]);
		become_real_gpg(argv);
	}
	close(out[1]);
	n = read(out[0], buffer, sizeof(buffer));
	if (n > 0 && write(1, buffer, n) != n)
		exit(2);
	while (read(out[0], buffer, sizeof(buffer)) > 0) ;
	wait(NULL);
	end();
}

static void kill_self(void) { raise(SIGKILL); }
static void exit_with_error(void) { exit(2); }
static void half_then_killed(char **argv) { write_half(argv, kill_self); }
static void half_then_error(char **argv) { write_half(argv, exit_with_error); }

/* Notes its ids and whether it could be root again, then works as usual. */
static void record_ids(char **argv)
{
	uid_t r, e, s;
	gid_t gr, ge, gs;
	FILE *log = fopen(RECORD, "a");

	getresuid(&r, &e, &s);
	getresgid(&gr, &ge, &gs);
	if (log == NULL)
		exit(2);
	fprintf(log, "uids=%d,%d,%d gids=%d,%d,%d groups=%d setuid0=%s seteuid0=%s HOME=%s\n",
		r, e, s, gr, ge, gs, getgroups(0, NULL),
		setuid(0) == 0 ? "yes" : "no", seteuid(0) == 0 ? "yes" : "no",
		getenv("HOME") == NULL ? "" : getenv("HOME"));
	fclose(log);
	become_real_gpg(argv);
}

/* Takes away the file whose path is in RECORD, then works as usual: what its
 * caller has read before is what counts. */
static void take_away_named(char **argv)
{
	char path[4096];
	FILE *named = fopen(RECORD, "r");

	if (named == NULL || fgets(path, sizeof(path), named) == NULL)
		exit(2);
	fclose(named);
	unlink(path);
	become_real_gpg(argv);
}

int main(int argc, char **argv)
{
	int i, encrypts = 0;

	for (i = 1; i < argc; i++)
		encrypts |= strcmp(argv[i], "--encrypt") == 0 || strcmp(argv[i], "-e") == 0;
	if (encrypts || EVERY_CALL)
		BEHAVIOUR(argv);
	become_real_gpg(argv);
}
