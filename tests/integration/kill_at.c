/* Loaded into doveadm before Dovecot's libraries: ends it just before its n-th
   step, KILL_AT, that changes something on the disk. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void step(void)
{
	const char *at = getenv("KILL_AT");
	static int count;

	if (at != NULL && ++count == atoi(at))
		kill(getpid(), SIGKILL);
}

#define STEP(name, parameters, ...) \
int name parameters \
{ \
	int (*real) parameters = dlsym(RTLD_NEXT, #name); \
\
	step(); \
	return real(__VA_ARGS__); \
}

STEP(rename, (const char *from, const char *to), from, to)
STEP(renameat, (int fd, const char *from, int to_fd, const char *to),
     fd, from, to_fd, to)
STEP(link, (const char *from, const char *to), from, to)
STEP(unlink, (const char *path), path)
STEP(unlinkat, (int fd, const char *path, int flags), fd, path, flags)
STEP(fsync, (int fd), fd)
STEP(fdatasync, (int fd), fd)
