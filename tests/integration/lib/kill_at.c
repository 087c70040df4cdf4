/* Loaded into doveadm before Dovecot's libraries: ends it just before its n-th
   step, KILL_AT, that changes something on the disk whose path has KILL_IN in
   it. Without that: of the certificates, of the owner's state, or the message
   that is stored. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int counts(const char *path)
{
	const char *inside = getenv("KILL_IN");

	if (inside != NULL)
		return strstr(path, inside) != NULL;
	return strstr(path, "keys") != NULL ||
		strstr(path, "mail-seal") != NULL ||
		strstr(path, "/new/") != NULL;
}

static void step(const char *path)
{
	const char *at = getenv("KILL_AT");
	static int count;

	if (at != NULL && counts(path) && ++count == atoi(at))
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

/* Only where all that changes is asked for. */
static void step_of_write(int fd)
{
	if (getenv("KILL_IN") != NULL)
		step_of_file(fd);
}

#define STEP(type, name, parameters, look, ...) \
type name parameters \
{ \
	type (*real) parameters = dlsym(RTLD_NEXT, #name); \
\
	look; \
	return real(__VA_ARGS__); \
}

STEP(int, rename, (const char *from, const char *to), step(to), from, to)
STEP(int, renameat, (int fd, const char *from, int to_fd, const char *to), step(to),
     fd, from, to_fd, to)
STEP(int, link, (const char *from, const char *to), step(to), from, to)
STEP(int, unlink, (const char *path), step(path), path)
STEP(int, unlinkat, (int fd, const char *path, int flags), step(path),
     fd, path, flags)
STEP(int, fsync, (int fd), step_of_file(fd), fd)
STEP(int, fdatasync, (int fd), step_of_file(fd), fd)
STEP(ssize_t, write, (int fd, const void *data, size_t size), step_of_write(fd),
     fd, data, size)
STEP(ssize_t, pwrite, (int fd, const void *data, size_t size, off_t offset),
     step_of_write(fd), fd, data, size, offset)
STEP(int, ftruncate, (int fd, off_t size), step_of_write(fd), fd, size)
