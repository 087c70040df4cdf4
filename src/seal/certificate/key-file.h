/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef CERTIFICATES_H
#define CERTIFICATES_H

#include "certificate.h"
#include "../seal-error.h"

#include <sys/types.h>

/* A file with more certificates is no owner's key file, nor is a larger
   one. */
#define CERTIFICATES_COUNT_MAX 32
/* A team has a certificate of each member. */
#define CERTIFICATES_GROUP_MAX 500
#define CERTIFICATES_SIZE_MAX (4*1024*1024)

/* Why a file with secret key material is refused */
#define CERTIFICATES_SECRET \
	"it holds a secret key, which doesn't belong on a server"

struct certificate_list {
	struct certificate **certificates;
	size_t count;
	/* what its owner should know of how it was read, a sentence without
	   its end, or NULL */
	const char *note;
};

/* The content of a key file: OpenPGP, ASCII armored or binary; or X.509, as
   x509.h says. Text may be UTF-8 or UTF-16. */
struct key_file_input {
	const void *data;
	size_t size;
	enum certificate_role role;
};

struct certificates_params {
	/* how long the judge may keep us waiting */
	unsigned int timeout_secs;
	/* as whom the judge runs: what it says is for him only */
	uid_t uid;
	/* Of a team: there may be CERTIFICATES_GROUP_MAX, and each is of
	   another member, if it isn't an authority's that has issued one of
	   the others. */
	bool group;
	/* What was kept of the last time, see facts.h; or NULL. If it still
	   holds, nobody is asked. */
	const char *known_facts;
	/* Set to what should be kept from now on, if that isn't what is known,
	   else to NULL. The caller frees it. NULL: not wanted */
	char **new_facts_r;
};

/* Reads key files, the owner's and then those that everybody's mail is sealed
   to. The owner's certificates are all of one kind, and of the others' those
   of that kind are taken. OpenPGP certificates with the same primary key are
   one certificate, whose roles tell where it is from.

   Returns the list, with one of the owner's at least; or NULL, with
   SEAL_ERROR_UNUSABLE_KEY if an input is not what it should be, with another
   error if the judge couldn't tell. The list stays the library's and is valid
   until the next call, its certificates longer for who takes a reference.

   What was read is kept by content and uid, until time changes it. */
const struct certificate_list *
certificates_judge(const struct key_file_input *inputs, size_t count,
		   const struct certificates_params *params,
		   struct seal_error *error);

/* One owner's file, as the effective uid and without facts */
const struct certificate_list *
certificates_read(const void *data, size_t size, unsigned int timeout_secs,
		  struct seal_error *error);

/* Frees what is kept. */
void certificates_deinit(void);

#endif
