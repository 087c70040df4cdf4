/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Looks at Dovecot's processes. */

#include "lib.h"
#include "str.h"
#include "look.h"

#include <ctype.h>
#include <dirent.h>
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

static bool is_session(const char *pid, pid_t master)
{
	const char *text = of_process(pid, "stat");
	const char *rest = text == NULL ? NULL : strrchr(text, ')');
	const char *start = text == NULL ? NULL : strchr(text, '(');
	const char *const *fields;

	if (rest == NULL || start == NULL)
		return FALSE;
	fields = t_strsplit_spaces(rest + 1, " ");
	if (str_array_length(fields) < 2 ||
	    strcmp(fields[1], dec2str(master)) != 0)
		return FALSE;
	for (unsigned int i = 0; i < N_ELEMENTS(session_names); i++) {
		if (strcmp(session_names[i],
			   t_strdup_until(start + 1, rest)) == 0)
			return TRUE;
	}
	return FALSE;
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

/* "START-END PERMISSIONS OFFSET DEVICE INODE PATH" */
static void
look_at_mapping(const char *line, const struct stat *plugin,
		struct loaded *loaded)
{
	const char *name = strrchr(line, '/');
	const char *const *fields;

	if (name == NULL || strncmp(name, "/lib", 4) != 0 ||
	    !i_isdigit(name[4]) || strstr(name, "_plugin.so") == NULL)
		return;
	loaded->any = TRUE;
	if (strstr(name, "_mail_seal_plugin.so") == NULL)
		return;
	loaded->ours = TRUE;
	fields = t_strsplit_spaces(line, " ");
	if (str_array_length(fields) > 4 &&
	    strcmp(fields[4], dec2str(plugin->st_ino)) == 0 &&
	    strstr(name, "(deleted)") == NULL)
		loaded->installed = TRUE;
}

static void
look_at_session(pid_t number, const struct stat *plugin,
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
	}
}

void doctor_look_at_sessions(pid_t master, const char *plugin,
			     struct doctor_sessions *sessions_r)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	struct stat st;
	pid_t pid;

	i_zero(sessions_r);
	if (dir == NULL)
		return;
	if (stat(plugin, &st) < 0)
		i_zero(&st);
	while ((entry = readdir(dir)) != NULL) T_BEGIN {
		if (str_to_pid(entry->d_name, &pid) == 0 &&
		    is_session(entry->d_name, master))
			look_at_session(pid, &st, sessions_r);
	} T_END;
	(void)closedir(dir);
}

/*
 * AppArmor
 */

/* "unconfined", or "NAME (MODE)" */
const char *doctor_look_for_profile(pid_t master)
{
	const char *pid = dec2str(master);
	const char *text = of_process(pid, "attr/apparmor/current");

	if (text == NULL)
		text = of_process(pid, "attr/current");
	text = text == NULL ? "" : t_strcut(text, '\n');
	return strstr(text, "(enforce)") != NULL ? text : NULL;
}
