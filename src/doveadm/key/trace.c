/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* A line in Dovecot's log about what an administrator has done. doveadm itself
   logs to the terminal and nowhere else. */

#include "lib.h"
#include "mail-user.h"
#include "master-service.h"
#include "master-service-settings.h"
#include "syslog-util.h"
#include "time-util.h"
#include "write-full.h"
#include "../../plugin/dovecot-compat.h"
#include "../root.h"
#include "key.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

static void
to_syslog(const struct master_service_settings *set, const char *line)
{
	int facility;

	if (!syslog_facility_find(set->syslog_facility, &facility))
		facility = LOG_MAIL;
	openlog("dovecot", LOG_NDELAY | LOG_PID, facility);
	syslog(LOG_INFO, "%s", line);
	closelog();
}

/* Root's own, while the process has the rights of a mail user */
static int open_log(const char *path)
{
	uid_t uid = doveadm_seal_root_begin();
	int fd = open(path, O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY |
		      O_CLOEXEC);

	doveadm_seal_root_end(uid);
	return fd;
}

/* The format is the administrator's. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static const char *timestamp(const struct master_service_settings *set)
{
	return t_strflocaltime(set->log_timestamp, time(NULL));
}
#pragma GCC diagnostic pop

/* Only a file: /dev/stderr has the line already, and nobody need be behind a
   pipe. Not being able to write there has no consequence: it has been said on
   the terminal. */
static void
to_file(const struct master_service_settings *set, const char *path,
	const char *line)
{
	int fd = open_log(path);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		line = t_strconcat(timestamp(set), line, "\n", NULL);
		(void)write_full(fd, line, strlen(line));
	}
	i_close_fd(&fd);
}

void doveadm_seal_key_trace(struct mail_user *user, const char *line)
{
	const struct master_service_settings *set =
		compat_master_service_settings(master_service);
	const char *path = *set->info_log_path != '\0' ? set->info_log_path :
		set->log_path;

	line = t_strdup_printf("doveadm(%s): Info: %s", user->username, line);
	if (*path == '\0' || strcmp(path, "syslog") == 0)
		to_syslog(set, line);
	else
		to_file(set, path, line);
}
