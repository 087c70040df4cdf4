/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_DOCTOR_JUDGE_H
#define DOVEADM_SEAL_DOCTOR_JUDGE_H

#include "findings.h"

#include <time.h>

/* What is well and what isn't: decided without means. look.h finds the facts.
   To add a check, add its facts and its judge here. */

struct doctor_conf;

/* The plugin in the mail_plugins of a protocol. With a user name: his, as the
   userdb has changed them; else everybody's. */
struct doctor_plugins {
	const char *protocol;
	/* NULL-terminated */
	const char *const *everybodys;
	/* NULL: as everybody's */
	const char *const *users;
};
bool doctor_has_plugin(const char *const *list);
void doctor_judge_plugins(struct doctor_findings *findings,
			  const struct doctor_plugins *plugins);
/* What becomes of this list of plugins by the fields of a userdb,
   NULL-terminated. Returns NULL if they leave it as it is; else a list from the
   data stack. */
const char *const *
doctor_plugins_of_user(const char *const *everybodys,
		       const char *const *fields);

/* A file of ours, or one that is ours no more */
struct doctor_module {
	const char *name, *path;
	/* NULL if it can be read; "No such file or directory" */
	const char *error;
	bool same_build;
};
void doctor_judge_module(struct doctor_findings *findings,
			 const struct doctor_module *module);

struct doctor_master {
	/* 0 if it isn't running */
	pid_t pid;
	/* the program was replaced since it was started */
	bool replaced;
};
void doctor_judge_master(struct doctor_findings *findings,
			 const struct doctor_master *master);

/* Processes of the protocols that save mail, and what they have loaded */
struct doctor_sessions {
	unsigned int count;
	/* without the plugin; with another than the one that is installed;
	   and of a Dovecot that has ended (shutdown_clients=no) */
	unsigned int without, old, left;
	pid_t without_pid, old_pid, left_pid;
};
void doctor_judge_sessions(struct doctor_findings *findings,
			   const struct doctor_sessions *sessions);

struct doctor_temp_dir {
	const char *path;
	/* NULL if it can be used */
	const char *error;
	bool in_memory;
};
void doctor_judge_temp_dir(struct doctor_findings *findings,
			   const struct doctor_temp_dir *dir);

struct doctor_swap {
	/* the first that is neither encrypted nor in memory, or NULL */
	const char *plain;
	bool any;
};
void doctor_judge_swap(struct doctor_findings *findings,
		       const struct doctor_swap *swap);

struct doctor_cores {
	/* the limit isn't 0 */
	bool allowed;
	/* /proc/sys/kernel/core_pattern, without newline */
	const char *pattern;
};
void doctor_judge_cores(struct doctor_findings *findings,
			const struct doctor_cores *cores);

/* Process 1: who has to wait for what nobody else waits for */
struct doctor_init {
	const char *name;
	/* it does something with SIGCHLD, or is waiting for children */
	bool waits;
	/* children that have ended */
	unsigned int zombies;
};
void doctor_judge_init(struct doctor_findings *findings,
		       const struct doctor_init *init);

/* The profile that Dovecot is confined by, or NULL */
void doctor_judge_profile(struct doctor_findings *findings,
			  const char *profile);
/* Where the job is, or NULL */
void doctor_judge_job(struct doctor_findings *findings, const char *where);

struct doctor_anchor {
	/* NULL or "": the setting is empty */
	const char *path;
	const char *error;
	/* it has a DS or DNSKEY record of the root */
	bool has_records;
};
void doctor_judge_anchor(struct doctor_findings *findings,
			 const struct doctor_anchor *anchor);

/* Raw logs in the configurations of these protocols, NULL-terminated */
void doctor_judge_raw_logs(struct doctor_findings *findings,
			   const struct doctor_conf *const *confs);
/* Likewise in the fields of a user in the userdb; says nothing if there are
   none */
void doctor_judge_raw_log_fields(struct doctor_findings *findings,
				 const char *const *fields);
/* auth_username_format, and mail_seal_addresses, NULL if it isn't set */
void doctor_judge_user_names(struct doctor_findings *findings,
			     const char *format, const char *addresses);

/* A certificate of a user's */
struct doctor_certificate {
	const char *fingerprint;
	/* why it can't be used, or NULL */
	const char *problem;
	/* 0 = never */
	time_t expires;
	/* another of the user's can be used */
	bool has_successor;
};
/* Warned is if it expires before then. */
void doctor_judge_certificate(struct doctor_findings *findings,
			      const struct doctor_certificate *certificate,
			      time_t soon);

/* A team mailbox, and how many of its certificates can be used */
struct doctor_group {
	const char *name;
	/* why they can't be read, or NULL */
	const char *error;
	unsigned int count, usable;
};
void doctor_judge_group(struct doctor_findings *findings,
			const struct doctor_group *group);

/* What came of a trial sealing */
struct doctor_trial {
	/* NULL if a sealed message came out */
	const char *error;
	/* it is encrypted; what was sealed can't be read in it; it is for the
	   user's certificates */
	bool encrypted, hidden, for_user;
};
void doctor_judge_trial(struct doctor_findings *findings,
			const struct doctor_trial *trial);

#endif
