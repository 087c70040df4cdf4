/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_NOTICE_H
#define MAIL_SEAL_NOTICE_H

struct mail_seal_settings;

/* What an owner is told, each kind once: its name, by which its text is found
   (texts.h) and which never changes; and whether it holds a code, so that it
   may only be stored sealed. To add one, add it here and write its text. */
#define MAIL_SEAL_NOTICES(NOTICE) \
	/* sealed to the pending certificates: prove that you can read this */ \
	NOTICE(CHALLENGE, "challenge", TRUE) \
	/* sealed to the active ones: agree to the change, or stop it */ \
	NOTICE(CHALLENGE_OLD, "challenge-old", TRUE) \
	/* likewise, to the end of sealing */ \
	NOTICE(CHALLENGE_WITHDRAW, "challenge-withdraw", TRUE) \
	/* what has happened */ \
	NOTICE(ACTIVE, "active", FALSE) \
	NOTICE(CHANGED, "changed", FALSE) \
	NOTICE(WITHDRAWN, "withdrawn", FALSE) \
	/* what goes on */ \
	NOTICE(PENDING_WEEK, "pending-week", FALSE) \
	/* each day, sealed to the active ones, with the code that stops it */ \
	NOTICE(DELAY, "delay", TRUE) \
	NOTICE(EXPIRES, "expires", FALSE) \
	NOTICE(EXPIRED, "expired", FALSE) \
	NOTICE(UNUSABLE, "unusable", FALSE)

enum mail_seal_notice {
#define MAIL_SEAL_NOTICE_KIND(kind, name, secret) MAIL_SEAL_NOTICE_##kind,
	MAIL_SEAL_NOTICES(MAIL_SEAL_NOTICE_KIND)
#undef MAIL_SEAL_NOTICE_KIND
	MAIL_SEAL_NOTICE_COUNT
};

/* What there is to say. What doesn't belong to a kind stays zero. */
struct mail_seal_notice_facts {
	/* The certificates it is about: the pending ones, the new ones, those
	   that expire or were withdrawn. NULL-terminated. */
	const char *const *fingerprints;
	/* those that are active, or were until now; NULL if there are none */
	const char *const *old_fingerprints;
	/* what to send back: to prove the new key or to agree; and to stop */
	const char *code, *stop_code;
	/* CHALLENGE: a code sealed to the active certificates is needed, too */
	bool old_code_needed;
	/* CHALLENGE, CHALLENGE_OLD: mail_seal_change_delay; 0 = never */
	unsigned int change_delay_secs;
	/* by what it came, as in struct mail_seal_enrolment; "hand" if somebody
	   has changed the file or the dict; or NULL */
	const char *way;
	/* When the certificates became pending. With the certificates, until
	   and occasion it tells one notice from another of the same kind. */
	time_t since;
	/* whatever else does, or NULL; no secret */
	const char *occasion;
	/* the codes' end, the delay's end, the expiry */
	time_t until;
	/* EXPIRES, DELAY: how many days that is away */
	unsigned int days;
	/* EXPIRES, EXPIRED: it is an X.509 certificate, which gets no new date */
	bool x509;
	/* UNUSABLE: half a sentence without paths, like "it was revoked" */
	const char *reason;
	/* Don't write it if INBOX has it, from another back end, since then.
	   0 = write it. */
	time_t once_since;
};

const char *mail_seal_notice_name(enum mail_seal_notice kind);
bool mail_seal_notice_is_secret(enum mail_seal_notice kind);

/* Writes to the owner, into his INBOX, sealed to these certificates (their
   text as in a source) and to nothing else. With NULL, or if none of them can
   be used, it is stored as plaintext; but not what holds a code, which fails
   then. May be called within a transaction of another mailbox.

   Returns 1; 0 if it was there already; or -1 with one sentence for the owner,
   without paths, from the data stack, that is in the log, too, unless his
   quota is exceeded. Never touches the owner's state. */
int mail_seal_notice_send(const struct mail_seal_settings *set,
			  enum mail_seal_notice kind,
			  const struct mail_seal_notice_facts *facts,
			  const buffer_t *seal_to, const char **error_r);

#endif
