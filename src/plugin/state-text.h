/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_STATE_TEXT_H
#define MAIL_SEAL_STATE_TEXT_H

/* What the mail store remembers of its owner's sealing, and how that is
   written down. Knows nothing of where it lies; see state.h. */

struct mail_seal_state {
	/* there is something, be it damaged */
	bool known;
	/* the rest is lost; that it was there means enrolled */
	bool damaged;
	/* mail is sealed for this owner */
	bool enrolled;
	/* since when; 0 if that isn't known */
	time_t since;
	/* when he had withdrawn by a source's word that was there already when
	   mail was last sealed, by what another source had; or 0 */
	time_t withdrawn_before;
	/* of the owner's certificates that were last enrolled or sealed to,
	   NULL-terminated; or NULL if they aren't known */
	const char *const *fingerprints;
	/* by which way they came, a word, and when; NULL and 0 if that isn't
	   known */
	const char *given_way;
	time_t given;
	/* what the judge said of the certificates, for the core only
	   (src/seal/certificate/facts.h); or NULL */
	const char *facts;
	/* what the owner was told, words of notice-policy.h, NULL-terminated;
	   or NULL */
	const char *const *told;
	/* He has yet to be told that somebody has changed the certificates by
	   hand: "OLD NEW", fingerprints joined by commas; or NULL */
	const char *owed;
};

/* the way of those that somebody has put there */
#define MAIL_SEAL_STATE_BY_HAND "hand"
/* They are another mail store's, and all that is known of them is the messages
   that dsync has brought from there: then given is when the latest one came. */
#define MAIL_SEAL_STATE_MOVED "dsync"

/* A file that is larger is none of ours. */
#define MAIL_SEAL_STATE_SIZE_MAX (256*1024)
/* More words aren't kept. */
#define MAIL_SEAL_STATE_TOLD_MAX 64
/* Facts that are larger aren't kept. */
#define MAIL_SEAL_STATE_FACTS_MAX (128*1024)

/* Reads what mail_seal_state_print() has written. What isn't that becomes a
   damaged state. Allocated from the pool. */
void mail_seal_state_parse(const char *text, pool_t pool,
			   struct mail_seal_state *state_r);
/* Appends the text of a state that is enrolled. */
void mail_seal_state_print(const struct mail_seal_state *state,
			   string_t *text);

/* Adds what another mail store remembers of the same owner, which isn't damaged:
   its word counts where it is the later one (clocks.h), but for what its judge
   said. Returns whether that changes anything. Allocated from the pool. */
bool mail_seal_state_merge(struct mail_seal_state *state,
			   const struct mail_seal_state *other, time_t now,
			   pool_t pool);

/* Is that all that is known? */
bool mail_seal_state_is_moved(const struct mail_seal_state *state);

/* mail_seal_clocks_after() for all times that are remembered */
time_t mail_seal_state_time(const struct mail_seal_state *state, time_t now);
/* Returns when the state was last changed, for whom two differ; 0 if any other
   is later. file_changed is when its file was. */
time_t mail_seal_state_changed(const struct mail_seal_state *state,
			       time_t file_changed, time_t now);
/* Is the owner not enrolled any more, if he withdrew then by what a source says?
   A withdrawal from before he was enrolled, or that was there while his mail was
   sealed, is over. */
bool mail_seal_state_is_withdrawn(const struct mail_seal_state *state,
				  time_t withdrawn, time_t now);

/* Are the fingerprints the same, in whatever order? Either may be NULL. */
bool mail_seal_state_has_fingerprints(const struct mail_seal_state *state,
				      const char *const *fingerprints);

#endif
