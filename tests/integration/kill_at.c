/* Loaded into doveadm before Dovecot's libraries: ends it just before its n-th
   step, KILL_AT, that changes something on the disk: of the certificates, of
   the owner's state, or the message that is stored. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void step(const char *path)
{
	const char *at = getenv("KILL_AT");
	static int count;

	if (at != NULL && (strstr(path, "keys") != NULL ||
			   strstr(path, "mail-seal") != NULL ||
			   strstr(path, "/new/") != NULL) &&
	    ++count == atoi(at))
		kill(getpid(), SIGKILL);
}

static void step_of_file(int fd)
{
	char link[64], path[4096];
	ssize_t size;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	size = readlink(link, path, sizeof(path) - 1);
	path[size < 0 ? 0 : size] = '\0';
	step(path);
}

#define STEP(name, parameters, look, ...) \
int name parameters \
{ \
	int (*real) parameters = dlsym(RTLD_NEXT, #name); \
\
	look; \
	return real(__VA_ARGS__); \
}

STEP(rename, (const char *from, const char *to), step(to), from, to)
STEP(renameat, (int fd, const char *from, int to_fd, const char *to), step(to),
     fd, from, to_fd, to)
STEP(link, (const char *from, const char *to), step(to), from, to)
STEP(unlink, (const char *path), step(path), path)
STEP(unlinkat, (int fd, const char *path, int flags), step(path),
     fd, path, flags)
STEP(fsync, (int fd), step_of_file(fd), fd)
STEP(fdatasync, (int fd), step_of_file(fd), fd)
