/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_GATE_H
#define MAIL_SEAL_GATE_H

struct mail_seal_pending;
struct mail_seal_settings;

/* The gate between what comes from the owner's side and what his mail is
   sealed to. Who has a password can ask; who can read sealed mail decides.
   Decides without means: what is known is in the arguments. */

/* Whoever can read a message that is sealed to the certificate in question
   can give back the code in it. */
enum mail_seal_gate_code {
	/* sealed to the certificates that are to be set */
	MAIL_SEAL_GATE_NEW,
	/* sealed to those that are active: agrees that they go */
	MAIL_SEAL_GATE_OLD,
	/* sealed to them likewise: stops it */
	MAIL_SEAL_GATE_STOP,
	MAIL_SEAL_GATE_CODE_COUNT
};
#define MAIL_SEAL_GATE_BIT(code) (1u << (code))

/* What the owner's side wants */
struct mail_seal_gate_wish {
	/* no certificates any more */
	bool withdraw;
	/* fingerprints of those that are wanted, NULL-terminated */
	const char *const *keys;
	/* of those that his mail is sealed to, or NULL if it isn't sealed */
	const char *const *old_keys;
	/* can a code be sealed to them? */
	bool old_usable;
};

enum mail_seal_gate_way {
	/* at once */
	MAIL_SEAL_GATE_OPEN,
	/* there is nothing to take away */
	MAIL_SEAL_GATE_NOTHING,
	/* after codes */
	MAIL_SEAL_GATE_CODES,
	/* only by an administrator */
	MAIL_SEAL_GATE_CLOSED
};

/* What does it take? codes_r is the set of codes (MAIL_SEAL_GATE_BIT()) that
   are to be sent. */
enum mail_seal_gate_way
mail_seal_gate_decide(const struct mail_seal_settings *set,
		      const struct mail_seal_gate_wish *wish,
		      unsigned int *codes_r);

enum mail_seal_gate_answer {
	/* it is none of those that were sent for this */
	MAIL_SEAL_GATE_WRONG,
	/* it was given already */
	MAIL_SEAL_GATE_KNOWN,
	/* it counts, which is noted in pending */
	MAIL_SEAL_GATE_COUNTS,
	/* it stops the change */
	MAIL_SEAL_GATE_STOPS
};

/* Somebody gives back this code. */
enum mail_seal_gate_answer
mail_seal_gate_give(struct mail_seal_pending *pending, const char *code,
		    time_t now);

/* The set of codes that were sent, are needed, and are missing */
unsigned int mail_seal_gate_missing(const struct mail_seal_pending *pending);
/* Is the consent of the old key's holder needed? */
bool mail_seal_gate_needs_old(const struct mail_seal_pending *pending);
/* Has everything happened that must? */
bool mail_seal_gate_is_complete(const struct mail_seal_pending *pending,
				const struct mail_seal_settings *set,
				time_t now);
/* When the wait for somebody without the old key is over (mail_seal_change_
   delay); 0 if there is no such wait, or it hasn't begun. */
time_t mail_seal_gate_delay_until(const struct mail_seal_pending *pending,
				  const struct mail_seal_settings *set);
/* The owner is told of a wait by notices of this name, each day. */
#define MAIL_SEAL_GATE_NOTICE_DELAY "delay"
/* When it is over, and it and its codes are nothing any more. */
time_t mail_seal_gate_until(const struct mail_seal_pending *pending,
			    const struct mail_seal_settings *set);

/* Are these the same fingerprints, in whatever order? Either may be NULL. */
bool mail_seal_gate_same_keys(const char *const *keys1,
			      const char *const *keys2);

#endif
