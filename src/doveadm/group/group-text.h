/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_GROUP_TEXT_H
#define DOVEADM_SEAL_GROUP_TEXT_H

/* The text of a team mailbox's certificates is its own record of who is a
   member: it stands in the lines directly above a certificate, where those who
   read certificates ignore it. An administrator may edit the text by hand: what
   isn't a record of ours stays as it is. Knows nothing of certificates, and
   nothing of where the text lies.

	# The team's own comment is left alone.

	Member: bob
	Added: 2026-11-26T03:00:00Z by root
	-----BEGIN PGP PUBLIC KEY BLOCK-----
	...
	-----END PGP PUBLIC KEY BLOCK-----
*/

struct mail_seal_certificate_text;

/* Far more than a team mailbox may have */
#define DOVEADM_SEAL_GROUP_ENTRIES_MAX 2000
/* Longest name of a member, in bytes */
#define DOVEADM_SEAL_GROUP_NAME_MAX 255

/* What the lines above a certificate say; NULL where they don't */
struct doveadm_seal_group_record {
	/* the member's user name, or what the administrator calls it */
	const char *member;
	/* when and by whom, each "2026-11-26T03:00:00Z by root" */
	const char *added, *changed;
	/* the administrator gave the certificate: it needn't be the one that a
	   user of that name has enrolled */
	bool from_file;
};

struct doveadm_seal_group_entry {
	/* what stands between the certificate before it and its own record */
	const char *before;
	/* the record as text, whole lines; can be empty */
	const char *record_text;
	/* the block with the certificate, whole lines */
	const char *block;
	/* from record_text */
	struct doveadm_seal_group_record record;

	/* What is known of the certificate: set by who can read it, and NULL
	   where nobody can. One block may hold several: who reads takes them
	   apart first. */
	const struct mail_seal_certificate_text *certificate;
	/* why it can't be read, half a sentence */
	const char *problem;
};

struct doveadm_seal_group_text {
	pool_t pool;
	ARRAY(struct doveadm_seal_group_entry) entries;
	/* what stands behind the last certificate */
	const char *after;
};

/* Reads a text without NULs. Returns 0, or -1 and half a sentence if a block
   has no end, or there are too many. All is allocated from the pool. */
int doveadm_seal_group_text_parse(const char *text, pool_t pool,
				  struct doveadm_seal_group_text *group_r,
				  const char **error_r);
/* Appends the text: what was parsed reads as it did, but for changes, and for a
   byte order mark. */
void doveadm_seal_group_text_print(const struct doveadm_seal_group_text *group,
				   string_t *text);

/* Inserts a certificate before the entry with this index, or at the end. block
   is whole lines. */
void doveadm_seal_group_text_insert(
	struct doveadm_seal_group_text *group, unsigned int idx,
	const struct doveadm_seal_group_record *record, const char *block);
/* Removes a certificate and its record. A comment that stands before them, set
   apart by an empty line, stays. */
void doveadm_seal_group_text_remove(struct doveadm_seal_group_text *group,
				    unsigned int idx);
/* Gives the entry this record and this block, where it stands. */
void doveadm_seal_group_text_replace(
	struct doveadm_seal_group_text *group, unsigned int idx,
	const struct doveadm_seal_group_record *record, const char *block);

/* Can a member have this name? Returns NULL or half a sentence why not. */
const char *doveadm_seal_group_name_problem(const char *name);

#endif
