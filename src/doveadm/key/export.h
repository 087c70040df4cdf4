/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_EXPORT_H
#define DOVEADM_SEAL_EXPORT_H

/* What is published: in which forms, and how it is written. */

/* A certificate that is to be found by one name */
struct export_entry {
	/* A-labels in lower case */
	const char *domain;
	/* in DNS the label that stands for the local part, in a Web Key
	   Directory the file */
	const char *name;
	/* whose it is, and by which address */
	const char *user, *address;
	const unsigned char *data;
	size_t size;
};
ARRAY_DEFINE_TYPE(export_entry, struct export_entry);

/* Sorts them by domain, name, user and content, each once. What several users
   have under one name is nobody's: it is left out, with a warning. */
void doveadm_seal_export_sort(ARRAY_TYPE(export_entry) *entries);

/* Returns how many of the sorted entries, from this one on, have its name. */
unsigned int
doveadm_seal_export_count(const ARRAY_TYPE(export_entry) *entries,
			  unsigned int start);

/* An RRset is sent as one DNS message of 64 kB at the most, with its name and
   signatures. */
#define EXPORT_RRSET_SIZE_MAX 60000

/* Appends the sorted entries as lines of a zone file (RFC 1035 section 5): as
   OPENPGPKEY (RFC 7929) or SMIMEA (RFC 8162) records, with whole names. What is
   too large for a record, or whose name is too long, is left out, with a warning. */
void doveadm_seal_export_openpgpkey(const ARRAY_TYPE(export_entry) *entries,
				    string_t *zone);
void doveadm_seal_export_smimea(const ARRAY_TYPE(export_entry) *entries,
				string_t *zone);

struct export_tree {
	/* what a web server has as /.well-known/openpgpkey */
	const char *dir;
	/* only of this domain; or NULL */
	const char *domain;
	/* for the direct method, without a folder for the domain */
	bool direct;
	/* the entries are all there are: removes the files of earlier runs
	   that aren't among them */
	bool complete;
};

/* Writes the sorted entries as the files of a Web Key Directory. Each is
   written at once, or is as it was. Others' files in the folder stay. Returns
   0, or -1 and a sentence from the data stack. */
int doveadm_seal_export_tree(const struct export_tree *tree,
			     const ARRAY_TYPE(export_entry) *entries,
			     const char **error_r);

#endif
