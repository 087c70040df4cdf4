/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Judges the server's configuration, and the machine. */

#include "lib.h"
#include "str.h"
#include "conf.h"
#include "judge.h"

void doctor_judge_module(struct doctor_findings *findings,
			 const struct doctor_module *module)
{
	if (!module->is_there && module->needed_for != NULL) {
		doctor_ok(findings, "build", "The %s isn't installed: there is "
			  "no %s", module->name, module->needed_for);
	} else if (module->error != NULL) {
		doctor_bad(findings, DOCTOR_ERROR, "build",
			   "Install mail_seal again",
			   "The %s can't be used: %s: %s", module->name,
			   module->path, module->error);
	} else if (!module->same_build) {
		doctor_bad(findings, DOCTOR_ERROR, "build",
			   "Install all of mail_seal for the Dovecot that is "
			   "installed, and restart Dovecot",
			   "The %s isn't of doveadm's version: %s",
			   module->name, module->path);
	} else {
		doctor_ok(findings, "build", "The %s is of this version",
			  module->name);
	}
}

void doctor_judge_master(struct doctor_findings *findings,
			 const struct doctor_master *master)
{
	if (master->pid == 0) {
		doctor_bad(findings, DOCTOR_WARNING, "dovecot",
			   "Start Dovecot and ask again",
			   "Dovecot isn't running here: its processes weren't "
			   "looked at");
	} else if (master->replaced) {
		doctor_bad(findings, DOCTOR_WARNING, "dovecot",
			   "Restart Dovecot",
			   "Dovecot was upgraded while it was running");
	} else {
		doctor_ok(findings, "dovecot", "Dovecot is running");
	}
}

void doctor_judge_sessions(struct doctor_findings *findings,
			   const struct doctor_sessions *sessions)
{
	if (sessions->without > 0) {
		doctor_bad(findings, DOCTOR_ERROR, "sessions",
			   "Restart Dovecot: a reload leaves open sessions as "
			   "they are",
			   "%u of %u open sessions began without mail_seal and "
			   "store what they save as it comes (process %s)",
			   sessions->without, sessions->count,
			   dec2str(sessions->without_pid));
	}
	if (sessions->old > 0) {
		doctor_bad(findings, DOCTOR_WARNING, "sessions",
			   "Restart Dovecot",
			   "%u of %u open sessions have loaded another "
			   "mail_seal than the installed one (process %s)",
			   sessions->old, sessions->count,
			   dec2str(sessions->old_pid));
	}
	if (sessions->left > 0) {
		doctor_bad(findings, DOCTOR_WARNING, "sessions",
			   "End them (kill), or wait until the clients do",
			   "%u of %u open sessions are older than Dovecot's "
			   "last start, and have the settings of then (process "
			   "%s)", sessions->left, sessions->count,
			   dec2str(sessions->left_pid));
	}
	if (sessions->without + sessions->old + sessions->left == 0) {
		doctor_ok(findings, "sessions", "%u open sessions, none of "
			  "them older than the plugin", sessions->count);
	}
}

void doctor_judge_temp_dir(struct doctor_findings *findings,
			   const struct doctor_temp_dir *dir)
{
	if (dir->error != NULL) {
		doctor_bad(findings, DOCTOR_ERROR, "mail_temp_dir",
			   "Make the folder, with mode 1777",
			   "mail_temp_dir can't be used: %s: %s", dir->path,
			   dir->error);
	} else if (!dir->in_memory) {
		doctor_bad(findings, DOCTOR_WARNING, "mail_temp_dir",
			   "Mount a tmpfs and point mail_temp_dir to it",
			   "Plaintext of messages above 128 kB is written to "
			   "the disk for a moment: %s isn't in memory",
			   dir->path);
	} else {
		doctor_ok(findings, "mail_temp_dir", "%s is in memory",
			  dir->path);
	}
}

void doctor_judge_swap(struct doctor_findings *findings,
		       const struct doctor_swap *swap)
{
	if (swap->plain != NULL) {
		doctor_bad(findings, DOCTOR_WARNING, "swap",
			   "Encrypt the swap, or do without",
			   "Memory with plaintext can be written to %s, which "
			   "isn't encrypted", swap->plain);
	} else {
		doctor_ok(findings, "swap", swap->any ?
			  "All swap is encrypted or in memory" :
			  "There is no swap");
	}
}

/* systemd's heeds the limit, as the kernel does for files. Other programs get
   the memory whatever the limit is. core(5) */
void doctor_judge_cores(struct doctor_findings *findings,
			const struct doctor_cores *cores)
{
	bool piped = *cores->pattern == '|' &&
		strstr(cores->pattern, "systemd-coredump") == NULL;

	if (piped) {
		doctor_bad(findings, DOCTOR_WARNING, "core-dumps",
			   "Empty /proc/sys/kernel/core_pattern, or make sure "
			   "that the program keeps nothing",
			   "A crashed process's memory is given to a program, "
			   "with plaintext: %s", cores->pattern);
	} else if (cores->allowed) {
		doctor_bad(findings, DOCTOR_WARNING, "core-dumps",
			   "Set LimitCORE=0 for Dovecot (systemctl edit "
			   "dovecot), and restart it",
			   "Dovecot's processes may write core dumps, with "
			   "plaintext");
	} else {
		doctor_ok(findings, "core-dumps", "Dovecot's processes write "
			  "no core dumps");
	}
}

void doctor_judge_init(struct doctor_findings *findings,
		       const struct doctor_init *init)
{
	static const char advice[] = "In a container, start with an init "
		"(docker run --init, podman run --init, tini)";

	if (strcmp(init->name, "dovecot") == 0) {
		doctor_bad(findings, DOCTOR_WARNING, "process-1", advice,
			   "Dovecot itself is process 1, and logs an error for "
			   "each gpg that ends");
	} else if (init->zombies > 0) {
		doctor_bad(findings, DOCTOR_WARNING, "process-1", advice,
			   "Process 1, %s, doesn't wait for processes that have "
			   "ended: there are %u", init->name, init->zombies);
	} else if (!init->waits) {
		doctor_bad(findings, DOCTOR_WARNING, "process-1", advice,
			   "Process 1, %s, waits for nobody: of each gpg that "
			   "ends an entry in the table of processes would stay",
			   init->name);
	} else {
		doctor_ok(findings, "process-1", "Process 1, %s, waits for "
			  "processes that have ended", init->name);
	}
}

void doctor_judge_profile(struct doctor_findings *findings, const char *profile)
{
	if (profile != NULL) {
		doctor_bad(findings, DOCTOR_WARNING, "apparmor",
			   "Allow mail-seal-exec, gpg and mail_seal's files in "
			   "a local addition to the profile, and try a "
			   "delivery",
			   "Dovecot is confined by the profile %s", profile);
	} else {
		doctor_ok(findings, "apparmor", "No profile confines Dovecot");
	}
}

static void
judge_job(struct doctor_findings *findings, const struct doctor_job *job,
	  const char *advice, const char *not_done, const char *done)
{
	if (job->where == NULL)
		doctor_bad(findings, DOCTOR_WARNING, "cron", advice, "%s",
			   not_done);
	else if (!job->is_run) {
		doctor_bad(findings, DOCTOR_WARNING, "cron",
			   "Start cron, or have the host run this job",
			   "%s: %s has a job for it, but neither cron nor "
			   "systemd is running", not_done, job->where);
	} else {
		doctor_ok(findings, "cron", "%s %s", job->where, done);
	}
}

void doctor_judge_notify_job(struct doctor_findings *findings,
			     const struct doctor_job *job)
{
	judge_job(findings, job, "Run \"doveadm seal key notify -A\" once a "
		  "day, by cron or a timer",
		  "No job tells owners that their certificate expires",
		  "tells owners what is due");
}

void doctor_judge_sync_job(struct doctor_findings *findings,
			   const struct doctor_job *job)
{
	judge_job(findings, job, "Run \"doveadm seal group sync\" once a day, "
		  "by cron or a timer",
		  "No job gives teams the certificates that members have "
		  "changed",
		  "gives teams the certificates that members have changed");
}

void doctor_judge_anchor(struct doctor_findings *findings,
			 const struct doctor_anchor *anchor)
{
	static const char advice[] = "Install dns-root-data, or set "
		"mail_seal_dns_trust_anchor";

	if (anchor->path == NULL || *anchor->path == '\0') {
		doctor_ok(findings, "dns-trust-anchor",
			  "mail_seal_dns_trust_anchor is empty: DNS isn't "
			  "asked for certificates");
	} else if (anchor->error != NULL) {
		doctor_bad(findings, DOCTOR_WARNING, "dns-trust-anchor",
			   advice, "DNS can't be asked for certificates: %s: "
			   "%s", anchor->path, anchor->error);
	} else if (!anchor->has_records) {
		doctor_bad(findings, DOCTOR_WARNING, "dns-trust-anchor",
			   advice, "DNS can't be asked for certificates: %s "
			   "has no DS or DNSKEY record", anchor->path);
	} else {
		doctor_ok(findings, "dns-trust-anchor", "%s has one",
			  anchor->path);
	}
}
