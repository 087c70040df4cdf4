/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Looks at the machine. */

#define _GNU_SOURCE /* memmem() */
#include "lib.h"
#include "array.h"
#include "buffer.h"
#include "str.h"
#include "look.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define FILE_SIZE_MAX (1024 * 1024)

/*
 * Files
 */

static int read_file(const char *path, buffer_t *content)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char data[4096];
	ssize_t ret;

	if (fd < 0)
		return -1;
	while ((ret = read(fd, data, sizeof(data))) > 0 &&
	       content->used < FILE_SIZE_MAX)
		buffer_append(content, data, ret);
	i_close_fd(&fd);
	return ret < 0 ? -1 : 0;
}

const char *doctor_read_file(const char *path)
{
	string_t *content = t_str_new(4096);

	return read_file(path, content) < 0 ? NULL : str_c(content);
}

const char *const *doctor_command_line(void)
{
	string_t *content = t_str_new(256);
	ARRAY_TYPE(const_string) words;
	const char *pos, *end;

	t_array_init(&words, 8);
	if (read_file("/proc/self/cmdline", content) == 0) {
		pos = str_c(content);
		end = pos + str_len(content);
		for (; pos < end; pos += strlen(pos) + 1)
			array_push_back(&words, &pos);
	}
	array_append_zero(&words);
	return array_front(&words);
}

unsigned int doctor_find_command(const char *const *words)
{
	/* those with a value, of doveadm and of any program of Dovecot's */
	static const char valued[] = "cfio";
	unsigned int i = 1, count = str_array_length(words);

	for (; i < count && *words[i] == '-'; i++) {
		const char *option = words[i] + 1;

		while (*option != '\0' && strchr(valued, *option) == NULL)
			option++;
		/* the value may follow at once, or be the next word */
		if (*option != '\0' && option[1] == '\0')
			i++;
	}
	return I_MIN(i, count);
}

static const char *first_line(const char *text)
{
	return text == NULL ? NULL : t_strcut(text, '\n');
}

/* The value of "Name:" in a file of /proc/PID, without leading space */
static const char *find_value(const char *text, const char *name)
{
	const char *const *lines = t_strsplit(text == NULL ? "" : text, "\n");

	for (; *lines != NULL; lines++) {
		const char *value = *lines + strlen(name);

		if (strncmp(*lines, name, strlen(name)) != 0 || *value != ':')
			continue;
		for (value++; *value == ' ' || *value == '\t'; value++) ;
		return value;
	}
	return "";
}

/*
 * Modules
 */

void doctor_look_at_module(const char *name, const char *path,
			   const char *build, struct doctor_module *module_r)
{
	struct stat st;
	void *data = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	i_zero(module_r);
	module_r->name = name;
	module_r->path = path;
	module_r->is_there = fd >= 0 || errno != ENOENT;
	/* Looked at, not loaded: another build may do anything. */
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_size == 0)
		module_r->error = t_strdup(strerror(fd < 0 ? errno : EINVAL));
	else {
		data = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (data == MAP_FAILED)
			module_r->error = t_strdup(strerror(errno));
		else {
			module_r->same_build = build == NULL ||
				memmem(data, st.st_size, build,
				       strlen(build)) != NULL;
			(void)munmap(data, st.st_size);
		}
	}
	i_close_fd(&fd);
}

const char *doctor_find_plugin(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	const char *path = NULL;

	if (dir == NULL)
		return NULL;
	while (path == NULL && (entry = readdir(dir)) != NULL) {
		const char *name = entry->d_name;

		if (strncmp(name, "lib", 3) != 0)
			continue;
		for (name += 3; i_isdigit(*name); name++) ;
		if (strcmp(*name == '_' ? name + 1 : name,
			   "mail_seal_plugin.so") == 0)
			path = t_strdup_printf("%s/%s", folder, entry->d_name);
	}
	(void)closedir(dir);
	return path;
}

/*
 * Where plaintext may get to
 */

void doctor_look_at_temp_dir(pid_t master, const char *path,
			     struct doctor_temp_dir *dir_r)
{
	/* systemd may have given Dovecot a /tmp of its own */
	const char *seen = master == 0 ? path :
		t_strdup_printf("/proc/%s/root%s", dec2str(master), path);
	struct statfs fs;
	struct stat st;

	i_zero(dir_r);
	dir_r->path = path;
	if (stat(seen, &st) < 0 || statfs(seen, &fs) < 0)
		dir_r->error = t_strdup(strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		dir_r->error = "Not a directory";
	else if (st.st_uid == 0 && (st.st_mode & 0003) != 0003 &&
		 (st.st_mode & 0020) == 0) {
		dir_r->error = t_strdup_printf("its mode is %04o: mail users "
					       "can't write to it",
					       (unsigned int)st.st_mode &
					       07777);
	} else
		dir_r->in_memory = fs.f_type == TMPFS_MAGIC ||
			fs.f_type == RAMFS_MAGIC;
}

/* By dm-crypt, or in memory? */
static bool is_safe_swap(const char *device)
{
	const char *name = strrchr(device, '/');
	const char *uuid;
	char real[PATH_MAX];

	if (name == NULL)
		return FALSE;
	if (realpath(device, real) != NULL)
		name = strrchr(real, '/');
	name++;
	if (strncmp(name, "zram", 4) == 0)
		return TRUE;
	uuid = doctor_read_file(t_strdup_printf("/sys/block/%s/dm/uuid", name));
	return uuid != NULL && strncmp(uuid, "CRYPT-", 6) == 0;
}

void doctor_look_at_swap(struct doctor_swap *swap_r)
{
	const char *text = doctor_read_file("/proc/swaps");
	const char *const *lines = t_strsplit(text == NULL ? "" : text, "\n");

	i_zero(swap_r);
	/* the first line has the names of the columns */
	if (*lines != NULL)
		lines++;
	for (; *lines != NULL; lines++) {
		const char *device = t_strcut(t_strcut(*lines, ' '), '\t');

		if (*device == '\0')
			continue;
		swap_r->any = TRUE;
		if (swap_r->plain == NULL && !is_safe_swap(device))
			swap_r->plain = device;
	}
}

void doctor_look_at_cores(pid_t master, struct doctor_cores *cores_r)
{
	const char *limits = doctor_read_file(
		t_strdup_printf("/proc/%s/limits", dec2str(master)));
	const char *line = limits == NULL ? NULL :
		strstr(limits, "Max core file size");
	const char *pattern = first_line(
		doctor_read_file("/proc/sys/kernel/core_pattern"));

	i_zero(cores_r);
	cores_r->pattern = pattern == NULL ? "" : pattern;
	if (line != NULL) {
		/* the soft limit */
		line += strlen("Max core file size");
		while (*line == ' ')
			line++;
		cores_r->allowed = strncmp(line, "0 ", 2) != 0 &&
			*cores_r->pattern != '\0';
	}
}

/*
 * Process 1
 */

/* Is the bit of this signal in one of the masks? */
static bool has_signal(const char *status, int signo)
{
	static const char *const masks[] = { "SigBlk", "SigIgn", "SigCgt" };

	for (unsigned int i = 0; i < N_ELEMENTS(masks); i++) {
		const char *text = t_strcut(find_value(status, masks[i]), '\n');
		uint64_t mask = strtoull(text, NULL, 16);

		if ((mask & (1ULL << (signo - 1))) != 0)
			return TRUE;
	}
	return FALSE;
}

/* State and parent: what follows the name in /proc/PID/stat, which may have
   anything in it but ends with the last parenthesis */
static bool
is_zombie_of(const char *name, const char *parent)
{
	const char *text = doctor_read_file(t_strdup_printf("/proc/%s/stat",
							    name));
	const char *rest = text == NULL ? NULL : strrchr(text, ')');
	const char *const *fields = rest == NULL ? NULL :
		t_strsplit_spaces(rest + 1, " ");

	return fields != NULL && fields[0] != NULL && fields[1] != NULL &&
		strcmp(fields[0], "Z") == 0 && strcmp(fields[1], parent) == 0;
}

static unsigned int count_zombies(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	unsigned int count = 0;

	if (dir == NULL)
		return 0;
	while ((entry = readdir(dir)) != NULL) T_BEGIN {
		if (i_isdigit(*entry->d_name) &&
		    is_zombie_of(entry->d_name, "1"))
			count++;
	} T_END;
	(void)closedir(dir);
	return count;
}

void doctor_look_at_init(struct doctor_init *init_r)
{
	const char *status = doctor_read_file("/proc/1/status");
	const char *name = first_line(doctor_read_file("/proc/1/comm"));
	const char *channel = doctor_read_file("/proc/1/wchan");

	i_zero(init_r);
	init_r->name = name == NULL ? "unknown" : name;
	init_r->waits = has_signal(status == NULL ? "" : status, SIGCHLD) ||
		(channel != NULL && strstr(channel, "wait4") != NULL) ||
		(channel != NULL && strcmp(channel, "do_wait") == 0);
	/* one may have ended just now */
	if (count_zombies() > 0) {
		usleep(300 * 1000);
		init_r->zombies = count_zombies();
	}
}

/*
 * Others
 */

void doctor_look_at_anchor(const char *path, struct doctor_anchor *anchor_r)
{
	string_t *content = t_str_new(4096);

	i_zero(anchor_r);
	anchor_r->path = path;
	if (path == NULL || *path == '\0')
		return;
	if (read_file(path, content) < 0)
		anchor_r->error = t_strdup(strerror(errno));
	else {
		const char *const *lines = t_strsplit(str_c(content), "\n");

		for (; *lines != NULL; lines++) {
			const char *line = t_strcut(*lines, ';');

			if (strstr(line, "DNSKEY") != NULL ||
			    strstr(line, "DS") != NULL)
				anchor_r->has_records = TRUE;
		}
	}
}
