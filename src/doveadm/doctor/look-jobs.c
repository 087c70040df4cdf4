/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Looks for a command among those that cron and systemd run, if they do. */

#include "lib.h"
#include "look.h"

#include <dirent.h>
#include <sys/stat.h>

/* It has all commands that we look for. */
#define DAILY_SCRIPT "mail-seal-daily"
/* Is there while systemd is the init, sd_booted(3) */
#define SYSTEMD_FOLDER "/run/systemd/system"

static const char *const cron_folders[] = {
	"/etc/cron.d", "/etc/cron.hourly", "/etc/cron.daily",
	"/etc/cron.weekly", "/etc/cron.monthly", "/var/spool/cron/crontabs",
	"/var/spool/cron"
};
static const char *const unit_folders[] = {
	"/etc/systemd/system", "/run/systemd/system",
	"/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
	"/lib/systemd/system"
};

static bool systemd_runs(void)
{
	struct stat st;

	return lstat(SYSTEMD_FOLDER, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_daily_script(const char *word)
{
	const char *slash = strrchr(word, '/');

	return strcmp(slash == NULL ? word : slash + 1, DAILY_SCRIPT) == 0;
}

/* Debian's way to write in cron's files what a timer does where there is
   systemd: [ -d /run/systemd/system ] || command */
static bool line_is_for_others(const char *line)
{
	return strstr(line, SYSTEMD_FOLDER) != NULL && systemd_runs();
}

/* Comments don't count. Spaces in the command stand for one or more. */
static bool line_has_words(const char *line, const char *const *words)
{
	const char *const *word;
	unsigned int i;

	while (*line == ' ' || *line == '\t')
		line++;
	if (*line == '#' || *line == ';' || line_is_for_others(line))
		return FALSE;
	for (word = t_strsplit_spaces(line, " \t"); *word != NULL; word++) {
		if (is_daily_script(*word))
			return TRUE;
		for (i = 0; words[i] != NULL && word[i] != NULL &&
			    strcmp(words[i], word[i]) == 0; i++) ;
		if (words[i] == NULL)
			return TRUE;
	}
	return FALSE;
}

static bool file_has_command(const char *path, const char *command)
{
	struct stat st;
	bool found = FALSE;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return FALSE;
	/* A user's own can have any number of lines. */
	T_BEGIN {
		const char *text = doctor_read_file(path);
		const char *const *words = t_strsplit(command, " ");
		const char *const *lines =
			t_strsplit(text == NULL ? "" : text, "\n");

		for (; *lines != NULL && !found; lines++) T_BEGIN {
			found = line_has_words(*lines, words);
		} T_END;
	} T_END;
	return found;
}

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name);

	return len > strlen(end) && strcmp(name + len - strlen(end), end) == 0;
}

/* Is there a timer of this name in a folder NAME.wants? */
static bool timer_is_enabled(const char *timer)
{
	struct dirent *entry;
	struct stat st;
	bool found = FALSE;

	for (unsigned int i = 0; i < N_ELEMENTS(unit_folders) && !found; i++) {
		DIR *dir = opendir(unit_folders[i]);

		while (dir != NULL && !found &&
		       (entry = readdir(dir)) != NULL) {
			found = ends_with(entry->d_name, ".wants") &&
				lstat(t_strdup_printf("%s/%s/%s",
					unit_folders[i], entry->d_name, timer),
				      &st) == 0;
		}
		if (dir != NULL)
			(void)closedir(dir);
	}
	return found;
}

static bool
folder_has_command(const char *folder, bool units, const char *command,
		   const char **where_r)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	*where_r = NULL;
	if (dir == NULL)
		return FALSE;
	while (*where_r == NULL && (entry = readdir(dir)) != NULL) {
		const char *name = entry->d_name;
		const char *path = t_strdup_printf("%s/%s", folder, name);
		bool service = ends_with(name, ".service");

		if (units != service || !file_has_command(path, command))
			continue;
		if (!units || timer_is_enabled(t_strconcat(
				t_strndup(name, strlen(name) -
					  strlen(".service")),
				".timer", NULL)))
			*where_r = path;
	}
	(void)closedir(dir);
	return *where_r != NULL;
}

static bool look_in_crons_files(const char *command, const char **where_r)
{
	*where_r = "/etc/crontab";
	if (file_has_command(*where_r, command))
		return TRUE;
	for (unsigned int i = 0; i < N_ELEMENTS(cron_folders); i++) {
		if (folder_has_command(cron_folders[i], FALSE, command,
				       where_r))
			return TRUE;
	}
	*where_r = NULL;
	return FALSE;
}

static bool look_in_units(const char *command, const char **where_r)
{
	for (unsigned int i = 0; i < N_ELEMENTS(unit_folders); i++) {
		if (folder_has_command(unit_folders[i], TRUE, command,
				       where_r))
			return TRUE;
	}
	return FALSE;
}

void doctor_look_for_job(const char *command, struct doctor_job *job_r)
{
	i_zero(job_r);
	/* There systemd may also do cron's work: systemd-cron(7) */
	if (systemd_runs()) {
		job_r->is_run = look_in_units(command, &job_r->where) ||
			look_in_crons_files(command, &job_r->where);
	} else if (look_in_crons_files(command, &job_r->where)) {
		job_r->is_run = doctor_is_running("cron");
	} else {
		(void)look_in_units(command, &job_r->where);
	}
}
