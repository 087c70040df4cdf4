/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Turns what there is to say to an owner into a message. */

#include "lib.h"
#include "mail-user.h"
#include "str.h"
#include "notice.h"
#include "notice-words.h"
#include "own-message.h"
#include "owner-settings.h"
#include "texts.h"

/* Another back end finds out later, at the next save, and not when it was. */
static bool is_change(enum mail_seal_notice kind)
{
	return kind == MAIL_SEAL_NOTICE_ACTIVE ||
		kind == MAIL_SEAL_NOTICE_CHANGED ||
		kind == MAIL_SEAL_NOTICE_WITHDRAWN;
}

/* No code: everybody can read a Message-ID. */
static const char *
notice_id(enum mail_seal_notice kind, const struct mail_seal_notice_facts *facts)
{
	time_t since = is_change(kind) ? 0 : facts->since;
	string_t *id = t_str_new(256);

	str_append(id, mail_seal_notice_name(kind));
	str_append_c(id, '\n');
	mail_seal_notice_append_sorted(id, facts->old_fingerprints);
	str_append_c(id, '\n');
	mail_seal_notice_append_sorted(id, facts->fingerprints);
	str_printfa(id, "\n%s\n%s\n%s", dec2str(since), dec2str(facts->until),
		    facts->occasion == NULL ? "" : facts->occasion);
	return str_c(id);
}

int mail_seal_notice_send(const struct mail_seal_settings *set,
			  enum mail_seal_notice kind,
			  const struct mail_seal_notice_facts *facts,
			  const buffer_t *seal_to, const char **error_r)
{
	const struct mail_seal_text_place place = {
		.own_folder = set->texts,
		.folder = MAIL_SEAL_TEXTS,
		.language = set->language
	};
	struct mail_seal_own_message message = {
		.id = notice_id(kind, facts),
		.secret = mail_seal_notice_is_secret(kind),
		.once_since = facts->once_since
	};
	struct mail_seal_text text;
	const char *warning;

	mail_seal_text_get(&place, mail_seal_notice_name(kind),
		mail_seal_notice_words(set,
			mail_seal_own_message_address(set), facts),
		&text, &warning);
	if (warning != NULL) {
		e_warning(set->user->event, "mail_seal: A text for owners "
			  "isn't used: %s", warning);
	}
	message.subject = text.subject;
	message.body = text.body;
	return mail_seal_own_message_store(set, &message, seal_to, error_r);
}
