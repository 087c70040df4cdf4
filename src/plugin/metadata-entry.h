/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_METADATA_ENTRY_H
#define MAIL_SEAL_METADATA_ENTRY_H

struct mail_attribute_value;
struct mail_seal_settings;
struct mailbox;
struct mailbox_transaction_context;

/* An entry of the server, below /private/vendor/vendor.mail-seal/ */
struct metadata_entry {
	const char *name;
	/* Returns 1, 0 if there is no value, or -1. */
	int (*get)(struct mailbox *box, const struct mail_seal_settings *set,
		   struct mail_attribute_value *value_r);
	/* The value isn't NULL: that is unset(). */
	int (*set)(struct mailbox_transaction_context *t,
		   const struct mail_seal_settings *set,
		   const struct mail_attribute_value *value);
	/* NULL: it keeps nothing that could be taken away. */
	int (*unset)(struct mailbox_transaction_context *t,
		     const struct mail_seal_settings *set);
	/* Is it to be listed? */
	bool (*exists)(const struct mail_seal_settings *set);
};

/* Ours; the last one has no name. To add one, add it in metadata-entry.c. */
extern const struct metadata_entry mail_seal_metadata_entries[];

/* Does anything wait for its code? If that can't be read, no. */
bool mail_seal_metadata_is_pending(const struct mail_seal_settings *set);

#endif
