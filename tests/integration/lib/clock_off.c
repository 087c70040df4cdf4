/* Loaded into all programs of a machine whose clock is wrong (clock.py): what
   they take for the time is some seconds off, and so are the times of files, as
   they would be on that machine's disk. The seconds are a number in CLOCK_FILE,
   which may change meanwhile.

   libfaketime can't be had for this: it ends programs that have changed their
   user id, as Dovecot's do. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

static const int64_t *offset;

static void __attribute__((constructor)) init(void)
{
	int fd = open(CLOCK_FILE, O_RDONLY | O_CLOEXEC);
	void *memory = fd < 0 ? MAP_FAILED :
		mmap(NULL, sizeof(*offset), PROT_READ, MAP_SHARED, fd, 0);

	if (memory != MAP_FAILED)
		offset = memory;
	if (fd >= 0)
		close(fd);
}

static int64_t off(void)
{
	return offset == NULL ? 0 : *offset;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/*
 * The time
 */

time_t time(time_t *time_r)
{
	struct timespec now;

	(void)REAL(clock_gettime)(CLOCK_REALTIME, &now);
	now.tv_sec += off();
	if (time_r != NULL)
		*time_r = now.tv_sec;
	return now.tv_sec;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	int ret = REAL(clock_gettime)(clock, now);

	if (ret == 0 && (clock == CLOCK_REALTIME ||
			 clock == CLOCK_REALTIME_COARSE))
		now->tv_sec += off();
	return ret;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	int ret = REAL(gettimeofday)(now, zone);

	if (ret == 0)
		now->tv_sec += off();
	return ret;
}

/*
 * Times of files
 */

#define SHIFTED(status, call) \
	int ret = call; \
\
	if (ret == 0) { \
		status->st_mtime += off(); \
		status->st_ctime += off(); \
		status->st_atime += off(); \
	} \
	return ret

/* The same on 64-bit machines, by two names */
#define STATS(type, stat, lstat, fstat, fstatat) \
int stat(const char *restrict path, struct type *restrict status) \
{ \
	SHIFTED(status, REAL(stat)(path, status)); \
} \
int lstat(const char *restrict path, struct type *restrict status) \
{ \
	SHIFTED(status, REAL(lstat)(path, status)); \
} \
int fstat(int fd, struct type *status) \
{ \
	SHIFTED(status, REAL(fstat)(fd, status)); \
} \
int fstatat(int dir, const char *restrict path, \
	    struct type *restrict status, int flags) \
{ \
	SHIFTED(status, REAL(fstatat)(dir, path, status, flags)); \
}

STATS(stat, stat, lstat, fstat, fstatat)
STATS(stat64, stat64, lstat64, fstat64, fstatat64)

int utime(const char *path, const struct utimbuf *times)
{
	struct utimbuf shifted;

	if (times == NULL)
		return REAL(utime)(path, NULL);
	shifted.actime = times->actime - off();
	shifted.modtime = times->modtime - off();
	return REAL(utime)(path, &shifted);
}

int utimes(const char *path, const struct timeval times[2])
{
	struct timeval shifted[2];

	if (times == NULL)
		return REAL(utimes)(path, NULL);
	for (int i = 0; i < 2; i++) {
		shifted[i] = times[i];
		shifted[i].tv_sec -= off();
	}
	return REAL(utimes)(path, shifted);
}

static const struct timespec *
shift_specs(const struct timespec times[2], struct timespec shifted[2])
{
	for (int i = 0; times != NULL && i < 2; i++) {
		shifted[i] = times[i];
		if (times[i].tv_nsec != UTIME_NOW &&
		    times[i].tv_nsec != UTIME_OMIT)
			shifted[i].tv_sec -= off();
	}
	return times == NULL ? NULL : shifted;
}

int utimensat(int dir, const char *path, const struct timespec times[2],
	      int flags)
{
	struct timespec shifted[2];

	return REAL(utimensat)(dir, path, shift_specs(times, shifted), flags);
}

int futimens(int fd, const struct timespec times[2])
{
	struct timespec shifted[2];

	return REAL(futimens)(fd, shift_specs(times, shifted));
}
