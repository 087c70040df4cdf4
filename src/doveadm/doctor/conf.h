/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_DOCTOR_CONF_H
#define DOVEADM_SEAL_DOCTOR_CONF_H

/* The configuration, as doveconf prints it: that works in a process which can't
   read it itself, and shows what holds for a protocol that isn't ours. */

struct doctor_conf;

/* Runs doveconf for this protocol, or for none (NULL). Returns NULL if it
   can't, and what it says, from the data stack. */
const struct doctor_conf *doctor_conf_read(const char *protocol, pool_t pool,
					   const char **error_r);
/* Reads what doveconf has printed. Blocks become part of the name: "service
   imap/executable". The pool isn't the data stack. */
struct doctor_conf *doctor_conf_parse(const char *text, pool_t pool);
/* Puts a setting in place of what there is, a block too. */
void doctor_conf_set(struct doctor_conf *conf, pool_t pool, const char *name,
		     const char *value);

/* Returns a setting's value, or NULL. */
const char *doctor_conf_get(const struct doctor_conf *conf, const char *name);
/* One of ours: in plugin {} (2.3), or without (2.4) */
const char *doctor_conf_get_ours(const struct doctor_conf *conf,
				 const char *name);
/* Returns a list, which 2.3 has as words and 2.4 also as a block of yes and
   no; NULL-terminated, from the data stack. */
const char *const *doctor_conf_get_list(const struct doctor_conf *conf,
					const char *name);

/* Puts a word into a list, once, or takes it out. */
void doctor_list_set(ARRAY_TYPE(const_string) *list, const char *word,
		     bool there);

/* Goes through all: returns the number of settings, and one of them. */
unsigned int doctor_conf_count(const struct doctor_conf *conf);
void doctor_conf_get_idx(const struct doctor_conf *conf, unsigned int idx,
			 const char **name_r, const char **value_r);

#endif
