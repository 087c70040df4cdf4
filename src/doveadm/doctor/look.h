/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_DOCTOR_LOOK_H
#define DOVEADM_SEAL_DOCTOR_LOOK_H

#include "judge.h"

/* Looks at the machine and at the running Dovecot. Only reads. Strings are from
   the data stack. */

/* The command line of this process, NULL-terminated. Dovecot writes over
   argv. */
const char *const *doctor_command_line(void);
/* Returns the index of the command in it: of the first word that is none of
   doveadm's own options, or the number of words. */
unsigned int doctor_find_command(const char *const *words);

/* Reads a small file, of /proc for example. Returns NULL if it can't be
   read. */
const char *doctor_read_file(const char *path);

/* The running master of this base_dir, or 0 */
pid_t doctor_find_master(const char *base_dir);

void doctor_look_at_master(pid_t master, struct doctor_master *master_r);
/* plugin is the path of the installed one. */
void doctor_look_at_sessions(pid_t master, const char *plugin,
			     struct doctor_sessions *sessions_r);
void doctor_look_at_temp_dir(pid_t master, const char *path,
			     struct doctor_temp_dir *dir_r);
void doctor_look_at_swap(struct doctor_swap *swap_r);
void doctor_look_at_cores(pid_t master, struct doctor_cores *cores_r);
void doctor_look_at_init(struct doctor_init *init_r);
const char *doctor_look_for_profile(pid_t master);
/* command is a part of it, as "seal key notify". */
void doctor_look_for_job(const char *command, struct doctor_job *job_r);
/* Is there a process whose name has this word in it? */
bool doctor_is_running(const char *word);
void doctor_look_at_anchor(const char *path, struct doctor_anchor *anchor_r);
void doctor_look_at_module(const char *name, const char *path,
			   const char *build,
			   struct doctor_module *module_r);
/* Finds the file of the plugin in this folder, or returns NULL. */
const char *doctor_find_plugin(const char *folder);

#endif
