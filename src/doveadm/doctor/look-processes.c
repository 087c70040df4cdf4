/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Looks at Dovecot's processes. */

#include "lib.h"
#include "str.h"
#include "look.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Those that save mail for as long as somebody is connected */
static const char *const session_names[] = { "imap", "lmtp" };

static const char *of_process(const char *pid, const char *file)
{
	return doctor_read_file(t_strdup_printf("/proc/%s/%s", pid, file));
}

pid_t doctor_find_master(const char *base_dir)
{
	const char *text = doctor_read_file(
		t_strconcat(base_dir, "/master.pid", NULL));
	const char *pid, *name;
	pid_t number;

	if (text == NULL)
		return 0;
	pid = t_strcut(text, '\n');
	if (str_to_pid(pid, &number) < 0)
		return 0;
	name = of_process(pid, "comm");
	return name != NULL && strcmp(name, "dovecot\n") == 0 ? number : 0;
}

void doctor_look_at_master(pid_t master, struct doctor_master *master_r)
{
	static const char deleted[] = " (deleted)";
	char path[PATH_MAX];
	ssize_t len;

	i_zero(master_r);
	master_r->pid = master;
	if (master == 0)
		return;
	len = readlink(t_strdup_printf("/proc/%s/exe", dec2str(master)), path,
		       sizeof(path));
	if (len > 0 && (size_t)len < sizeof(path)) {
		master_r->replaced = (size_t)len > strlen(deleted) &&
			memcmp(path + len - strlen(deleted), deleted,
			       strlen(deleted)) == 0;
	}
}

/*
 * Sessions
 */

/* The name in /proc/PID/stat is within parentheses, and may have more of them. */
static bool
read_stat(const char *pid, const char **name_r, const char **parent_r)
{
	const char *text = of_process(pid, "stat");
	const char *start = text == NULL ? NULL : strchr(text, '(');
	const char *end = text == NULL ? NULL : strrchr(text, ')');
	const char *const *fields;

	if (start == NULL || end == NULL)
		return FALSE;
	fields = t_strsplit_spaces(end + 1, " ");
	if (str_array_length(fields) < 2)
		return FALSE;
	*name_r = t_strdup_until(start + 1, end);
	*parent_r = fields[1];
	return TRUE;
}

/* Anybody can give a process such names, but not root's program. */
static bool is_roots_program(const char *pid, const char *name)
{
	const char *link = t_strdup_printf("/proc/%s/exe", pid), *slash;
	char path[PATH_MAX];
	struct stat st;
	ssize_t len = readlink(link, path, sizeof(path) - 1);

	if (len <= 0 || stat(link, &st) < 0 || st.st_uid != 0)
		return FALSE;
	path[len] = '\0';
	slash = strrchr(path, '/');
	/* an upgrade makes it "imap (deleted)" */
	return slash != NULL && strcmp(t_strcut(slash + 1, ' '), name) == 0;
}

/* Of this Dovecot, or of one that has ended: its sessions are process 1's then,
   or some other init's. Those of another that runs aren't ours. */
static bool is_session(const char *pid, pid_t master, bool *left_r)
{
	const char *name, *parent, *parent_name, *unused, *command;
	unsigned int i = 0;

	if (!read_stat(pid, &name, &parent))
		return FALSE;
	while (i < N_ELEMENTS(session_names) &&
	       strcmp(session_names[i], name) != 0)
		i++;
	if (i == N_ELEMENTS(session_names))
		return FALSE;
	*left_r = strcmp(parent, dec2str(master)) != 0;
	if (!*left_r)
		return TRUE;
	command = of_process(pid, "cmdline");
	return command != NULL && strncmp(command, "dovecot/", 8) == 0 &&
		is_roots_program(pid, name) &&
		(!read_stat(parent, &parent_name, &unused) ||
		 strcmp(parent_name, "dovecot") != 0);
}

/* "Uid:	real	effective	saved	..." */
static bool is_somebodys(const char *pid)
{
	const char *text = of_process(pid, "status");
	const char *line = text == NULL ? NULL : strstr(text, "\nUid:");
	const char *const *ids = line == NULL ? NULL :
		t_strsplit_spaces(t_strcut(line + 5, '\n'), "\t ");

	return ids != NULL && str_array_length(ids) > 1 &&
		strcmp(ids[1], "0") != 0;
}

struct loaded {
	/* any module for mail users, ours, and ours as it is installed */
	bool any, ours, installed;
};

/* "START-END PERMISSIONS OFFSET DEVICE INODE PATH", and " (deleted)" if an
   upgrade has put another file in its place. The inode isn't what stat() says
   where the file system is an overlay. */
static void
look_at_mapping(const char *line, const char *plugin, struct loaded *loaded)
{
	const char *name = strrchr(line, '/');

	if (name == NULL || strncmp(name, "/lib", 4) != 0 ||
	    !i_isdigit(name[4]) || strstr(name, "_plugin.so") == NULL)
		return;
	loaded->any = TRUE;
	if (strstr(name, "_mail_seal_plugin.so") == NULL)
		return;
	loaded->ours = TRUE;
	if (strcmp(strchr(line, '/'), plugin) == 0)
		loaded->installed = TRUE;
}

static void
look_at_session(pid_t number, bool left, const char *plugin,
		struct doctor_sessions *sessions)
{
	const char *pid = dec2str(number);
	const char *maps = of_process(pid, "maps");
	const char *const *lines = t_strsplit(maps == NULL ? "" : maps, "\n");
	struct loaded loaded;

	i_zero(&loaded);
	for (; *lines != NULL; lines++) T_BEGIN {
		look_at_mapping(*lines, plugin, &loaded);
	} T_END;
	/* it waits for its first user */
	if (maps == NULL || (!loaded.any && !is_somebodys(pid)))
		return;
	sessions->count++;
	if (!loaded.ours) {
		sessions->without++;
		sessions->without_pid = number;
	} else if (!loaded.installed) {
		sessions->old++;
		sessions->old_pid = number;
	} else if (left) {
		sessions->left++;
		sessions->left_pid = number;
	}
}

void doctor_look_at_sessions(pid_t master, const char *plugin,
			     struct doctor_sessions *sessions_r)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	char real[PATH_MAX];
	pid_t pid;
	bool left;

	i_zero(sessions_r);
	if (dir == NULL)
		return;
	if (realpath(plugin, real) != NULL)
		plugin = real;
	while ((entry = readdir(dir)) != NULL) T_BEGIN {
		if (str_to_pid(entry->d_name, &pid) == 0 &&
		    is_session(entry->d_name, master, &left))
			look_at_session(pid, left, plugin, sessions_r);
	} T_END;
	(void)closedir(dir);
}

/*
 * Others
 */

bool doctor_is_running(const char *word)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	bool found = FALSE;

	while (dir != NULL && !found && (entry = readdir(dir)) != NULL) T_BEGIN {
		const char *name = i_isdigit(*entry->d_name) ?
			of_process(entry->d_name, "comm") : NULL;

		found = name != NULL && strstr(name, word) != NULL;
	} T_END;
	if (dir != NULL)
		(void)closedir(dir);
	return found;
}

/*
 * AppArmor
 */

/* "unconfined", or "NAME (MODE)" */
static const char *profile_of(const char *pid)
{
	const char *text = of_process(pid, "attr/apparmor/current");

	if (text == NULL)
		text = of_process(pid, "attr/current");
	text = text == NULL ? "" : t_strcut(text, '\n');
	return strstr(text, "(enforce)") != NULL ? text : NULL;
}

/* Its children can have profiles of their own. */
const char *doctor_look_for_profile(pid_t master)
{
	const char *master_pid = dec2str(master);
	const char *profile = profile_of(master_pid);
	/* of a container as a whole: we are confined by it, too */
	const char *own = profile_of("self");
	DIR *dir = opendir("/proc");
	struct dirent *entry;

	while (dir != NULL && profile == NULL &&
	       (entry = readdir(dir)) != NULL) {
		bool child;

		T_BEGIN {
			const char *name, *parent;

			child = i_isdigit(*entry->d_name) &&
				read_stat(entry->d_name, &name, &parent) &&
				strcmp(parent, master_pid) == 0;
		} T_END;
		if (child)
			profile = profile_of(entry->d_name);
	}
	if (dir != NULL)
		(void)closedir(dir);
	return profile != NULL && own != NULL && strcmp(profile, own) == 0 ?
		NULL : profile;
}
