/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* A user of "doveadm seal key find": the sources are asked one after the other,
   and find-policy.c says what follows. */

#include "lib.h"
#include "array.h"
#include "buffer.h"
#include "str.h"
#include "str-sanitize.h"
#include "mail-user.h"
#include "doveadm-mail.h"
#include "../../plugin/declined-text.h"
#include "../../plugin/pending.h"
#include "../../core/core.h"
#include "find-source.h"
#include "find-user.h"
#include "key.h"

#include <time.h>

#define LOG_SIZE_MAX 1024

/* A user, and what has come of looking for his certificate so far */
struct find_user {
	const struct doveadm_seal_find_options *options;
	struct doveadm_seal_find_sources *sources;
	const struct mail_seal_plugin_interface *plugin;
	const struct mail_seal_core *core;
	struct mail_seal_enrolment enrolment;
	struct doveadm_seal_find_facts facts;
	/* what his mail is sealed to */
	const buffer_t *active;
	const char *const *active_keys;
	struct mail_seal_pending pending;
	struct mail_seal_declined declined;
	/* the same: pairs of a fingerprint and what it is, NULL-terminated */
	const char *const *refused;
	/* he declined something that isn't known; or NULL */
	const struct mail_seal_declined_entry *unknown;

	struct doveadm_seal_find_row *row;
};

/*
 * The row
 */

static void
add_note(struct find_user *find, const char *source, const char *note)
{
	string_t *notes = find->row->notes;

	if (*note == '\0')
		return;
	if (source != NULL)
		note = t_strdup_printf("%s: %s", source, note);
	/* it may be so for each of the addresses */
	if (strstr(str_c(notes), note) != NULL)
		return;
	if (str_len(notes) > 0)
		str_append(notes, "; ");
	str_append(notes, note);
}

/* Fails, with an exit status, but not for the other users. */
static void
failed(struct find_user *find, enum mail_seal_enrol_result result,
       const char *error)
{
	(void)doveadm_seal_key_failed(find->options->ctx,
				      find->enrolment.set->user, result,
				      error);
}

static void
say_unknown(struct find_user *find, const char *source, const char *where,
	    const char *note)
{
	const char *place = *where == '\0' ? source :
		t_strconcat(source, ": ", where, NULL);

	e_error(find->enrolment.set->user->event, "mail_seal: Not known "
		"whether there is a certificate: %s: %s",
		str_sanitize_utf8(place, LOG_SIZE_MAX),
		str_sanitize_utf8(note, LOG_SIZE_MAX));
}

/*
 * A certificate that counts
 */

static const char *const *
fingerprints(struct find_user *find, const buffer_t *text)
{
	const struct mail_seal_certificate *list;
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const char **keys;
	unsigned int count;

	if (find->core->describe(text, find->enrolment.set, time(NULL),
				 pool_datastack_create(), &list, &count,
				 &error) < 0)
		count = 0;
	keys = t_new(const char *, count + 1);
	for (unsigned int i = 0; i < count; i++)
		keys[i] = list[i].fingerprint;
	return keys;
}

static enum mail_seal_enrol_result
give(struct find_user *find, enum doveadm_seal_find_action action,
     buffer_t *text, struct mail_seal_enrol_error *error_r)
{
	/* without doing anything, both ask the same */
	return action == DOVEADM_SEAL_FIND_ACTIVATE || find->options->dry_run ?
		find->plugin->enrol_set(&find->enrolment, text, error_r) :
		find->plugin->enrol_offer(&find->enrolment, text, error_r);
}

static const char *
given_note(const struct find_user *find, enum doveadm_seal_find_action action,
	   enum mail_seal_enrol_result result)
{
	if (!find->options->dry_run) {
		return result == MAIL_SEAL_ENROL_PENDING ?
			"pending: the user has a message with a code" :
			"active";
	}
	return action == DOVEADM_SEAL_FIND_ACTIVATE ||
		!find->enrolment.set->confirm ? "would be active" :
		"would be pending";
}

/* Makes it pending or active. */
static enum doveadm_seal_find_outcome
take(struct find_user *find, const char *source,
     enum doveadm_seal_find_action action, buffer_t *text)
{
	struct mail_seal_enrol_error error;
	enum mail_seal_enrol_result result;

	find->enrolment.way = t_strconcat(MAIL_SEAL_WAY_FIND, source, NULL);
	result = give(find, action, text, &error);
	switch (result) {
	case MAIL_SEAL_ENROL_OK:
	case MAIL_SEAL_ENROL_PENDING:
		add_note(find, NULL, given_note(find, action, result));
		return DOVEADM_SEAL_FIND_COUNTS;
	case MAIL_SEAL_ENROL_BAD:
		add_note(find, source, error.log_error);
		return DOVEADM_SEAL_FIND_ABSENT;
	default:
		add_note(find, NULL, error.log_error);
		failed(find, result, error.log_error);
		return DOVEADM_SEAL_FIND_COUNTS;
	}
}

/* Is this, byte for byte, what is active? Of most users it is, every day, and
   that is told without gpg. */
static bool
is_the_active_one(const struct find_user *find, const buffer_t *content)
{
	const struct mail_seal_settings *set = find->enrolment.set;
	const struct mail_seal_certificate_text *own, *other;
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	unsigned int own_count, other_count, i, j;
	pool_t pool = pool_datastack_create();

	if (find->active->used == 0 ||
	    find->core->split(find->active, set, pool, &own, &own_count,
			      &error) < 0 ||
	    find->core->split(content, set, pool, &other, &other_count,
			      &error) < 0)
		return FALSE;
	for (i = 0; i < other_count; i++) {
		for (j = 0; j < own_count; j++) {
			if (strcmp(other[i].text, own[j].text) == 0)
				break;
		}
		if (j == own_count)
			return FALSE;
	}
	return TRUE;
}

/* He declined something, and it isn't known what: it is what is published
   now. Returns TRUE if so. */
static bool
is_what_was_declined(struct find_user *find, const char *source,
		     const char *const *keys)
{
	if (find->unknown == NULL)
		return FALSE;
	if (!find->options->dry_run) {
		find->plugin->declined_identify(find->enrolment.set->user,
						find->unknown, keys);
	}
	add_note(find, source, t_strdup_printf("%s: %s",
		t_strarray_join(keys, " "),
		find->plugin->declined_describe(find->unknown)));
	return TRUE;
}

/* Returns 1 if it is another than the active one, 0, or -1. */
static int
differs(struct find_user *find, const buffer_t *text, struct seal_error *error)
{
	return find->core->has_news(find->active, find->active_keys, text,
				    find->enrolment.set, error);
}

static enum doveadm_seal_find_outcome
use(struct find_user *find, const char *source,
    enum doveadm_seal_find_action action, buffer_t *text,
    struct seal_error *error)
{
	/* text becomes something else where it is the active one with news */
	const char *const *keys = fingerprints(find, text);
	enum doveadm_seal_find_outcome outcome;
	int ret;

	if (action != DOVEADM_SEAL_FIND_COMPARE) {
		outcome = is_what_was_declined(find, source, keys) ?
			DOVEADM_SEAL_FIND_ABSENT :
			take(find, source, action, text);
	} else {
		ret = differs(find, text, error);
		outcome = ret < 0 ? DOVEADM_SEAL_FIND_UNKNOWN_YET :
			ret > 0 ? DOVEADM_SEAL_FIND_COUNTS :
			DOVEADM_SEAL_FIND_SAME;
	}
	if (outcome == DOVEADM_SEAL_FIND_COUNTS)
		find->row->keys = t_strarray_join(keys, " ");
	return outcome;
}

/*
 * Asking
 */

static enum doveadm_seal_find_outcome
judge(struct find_user *find, const char *source, const char *address,
      enum doveadm_seal_find_action action,
      const struct doveadm_seal_find_answer *answer)
{
	const struct mail_seal_settings *set = find->enrolment.set;
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	enum doveadm_seal_find_outcome outcome = DOVEADM_SEAL_FIND_ABSENT;
	buffer_t *text = t_buffer_create(4096);
	const char *reason;
	int ret;

	if (action == DOVEADM_SEAL_FIND_COMPARE &&
	    is_the_active_one(find, answer->data))
		return DOVEADM_SEAL_FIND_SAME;
	ret = find->core->choose_published(answer->data, set, address,
		find->facts.enrolled ? find->active_keys : NULL,
		find->refused, text, &reason, &error);
	if (ret > 0)
		outcome = use(find, source, action, text, &error);
	else if (ret == 0)
		add_note(find, source, reason);
	if (error.code == SEAL_ERROR_NONE)
		return outcome;
	add_note(find, source, error.text);
	say_unknown(find, source, answer->where, error.text);
	return DOVEADM_SEAL_FIND_UNKNOWN_YET;
}

static enum doveadm_seal_find_outcome
ask(struct find_user *find, struct doveadm_seal_find_source *source,
    const char *address, enum doveadm_seal_find_action action,
    const char **where_r)
{
	struct doveadm_seal_find_answer answer;

	doveadm_seal_find_ask(find->sources, source, address, &answer);
	*where_r = answer.where;
	switch (answer.result) {
	case DISCOVERY_FOUND:
		add_note(find, source->name, answer.note);
		return judge(find, source->name, address, action, &answer);
	case DISCOVERY_NONE:
	case DISCOVERY_INSECURE:
		add_note(find, source->name, answer.note);
		return DOVEADM_SEAL_FIND_ABSENT;
	case DISCOVERY_UNKNOWN:
	case DISCOVERY_TIMEOUT:
		break;
	}
	add_note(find, source->name, answer.note);
	if (answer.must_be_said)
		say_unknown(find, source->name, answer.where, answer.note);
	return DOVEADM_SEAL_FIND_UNKNOWN_YET;
}

/* It is this source that the row is about. */
static void
set_place(struct doveadm_seal_find_row *row, const char *source,
	  const char *where)
{
	row->source = source;
	row->where = where;
}

/* Returns TRUE if that has decided the matter. */
static bool
ask_source(struct find_user *find, struct doveadm_seal_find_source *source,
	   const char *const *addresses)
{
	enum doveadm_seal_find_action action =
		doveadm_seal_find_decide(&find->facts,
					 source->source->is_proven);
	enum doveadm_seal_find_result before;
	size_t notes;
	const char *where;
	bool decided = FALSE;

	for (; action != DOVEADM_SEAL_FIND_LEAVE && *addresses != NULL &&
	     !decided; addresses++) {
		before = find->row->result;
		notes = str_len(find->row->notes);
		find->row->result = doveadm_seal_find_next(&find->facts, before,
			ask(find, source, *addresses, action, &where),
			&decided);
		if (find->row->result != before ||
		    (notes == 0 && str_len(find->row->notes) > 0))
			set_place(find->row, source->name, where);
	}
	return decided;
}

static void ask_all(struct find_user *find, const char *const *addresses)
{
	struct doveadm_seal_find_sources *sources = find->sources;

	for (unsigned int i = 0; i < sources->count; i++) {
		if (ask_source(find, &sources->list[i], addresses))
			return;
	}
	/* nothing has been done that failed */
	if (find->row->result == DOVEADM_SEAL_FIND_UNKNOWN) {
		doveadm_seal_key_set_exit(find->options->ctx,
					  MAIL_SEAL_ENROL_FAILED);
	}
}

/*
 * The user
 */

/* Which addresses? An empty mail_seal_addresses checks nothing, but here is to
   be known what to look for. Returns 0 or -1. */
static int
get_addresses(const struct find_user *find, const char *const **addresses_r,
	      const char **error_r)
{
	struct mail_seal_settings set = *find->enrolment.set;

	if (set.addresses == NULL)
		set.addresses = set.user->username;
	return find->plugin->settings_addresses(&set, addresses_r, error_r);
}

static void look_at_pending(struct find_user *find)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const struct mail_seal_settings *set = find->enrolment.set;

	/* a dict need have no place for it */
	if (find->plugin->pending_get(set, &find->pending, &error) <= 0 ||
	    time(NULL) >= find->plugin->gate_until(&find->pending, set))
		return;
	find->facts.pending = TRUE;
	find->facts.pending_was_found =
		strncmp(find->pending.way, MAIL_SEAL_WAY_FIND,
			strlen(MAIL_SEAL_WAY_FIND)) == 0;
	if (!find->facts.enrolled && find->pending.keys != NULL)
		find->row->keys = t_strarray_join(find->pending.keys, " ");
}

/* Returns 0 or -1. */
static int look_at_declined(struct find_user *find, struct seal_error *error)
{
	struct mail_seal_declined *declined = &find->declined;
	ARRAY_TYPE(const_string) refused;

	if (find->plugin->declined_get(find->enrolment.set, declined,
				       error) < 0)
		return -1;
	t_array_init(&refused, 2 * declined->count + 1);
	for (unsigned int i = 0; i < declined->count; i++) {
		const struct mail_seal_declined_entry *entry =
			&declined->list[i];
		const char *what = find->plugin->declined_describe(entry);

		if (entry->kind == MAIL_SEAL_DECLINED_WITHDRAWN)
			find->facts.withdrawn = TRUE;
		array_push_back(&refused, &entry->fingerprint);
		array_push_back(&refused, &what);
		if (strcmp(entry->fingerprint,
			   MAIL_SEAL_DECLINED_UNKNOWN) == 0)
			find->unknown = entry;
	}
	array_append_zero(&refused);
	find->refused = array_front(&refused);
	return 0;
}

/* Returns 0 or -1. */
static int look_at_user(struct find_user *find, struct seal_error *error)
{
	int ret;

	find->core = find->plugin->core_get(error);
	if (find->core == NULL)
		return -1;
	ret = find->plugin->enrol_get_active(find->enrolment.set,
		&find->active, &find->active_keys, error);
	if (ret < 0)
		return -1;
	find->facts.enrolled = ret > 0;
	if (ret > 0)
		find->row->keys = t_strarray_join(find->active_keys, " ");
	look_at_pending(find);
	return look_at_declined(find, error);
}

static void find_for_user(struct find_user *find)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const char *const *addresses, *address_error;

	if (find->enrolment.set->source_count == 0) {
		add_note(find, NULL, "mail_seal isn't used for this user");
		return;
	}
	if (get_addresses(find, &addresses, &address_error) < 0) {
		failed(find, MAIL_SEAL_ENROL_IMPOSSIBLE, address_error);
		return;
	}
	if (look_at_user(find, &error) < 0) {
		find->row->result = DOVEADM_SEAL_FIND_UNKNOWN;
		add_note(find, NULL, error.text);
		failed(find, MAIL_SEAL_ENROL_FAILED, t_strdup(error.text));
		return;
	}
	find->row->result = doveadm_seal_find_begin(&find->facts);
	if (*addresses == NULL) {
		add_note(find, NULL, "no address of the user's is known "
			 "(mail_seal_addresses)");
	}
	if (find->sources->count == 0)
		add_note(find, NULL, "no source is configured");
	ask_all(find, addresses);
}

void doveadm_seal_find_user(const struct doveadm_seal_find_options *options,
			    struct doveadm_seal_find_sources *sources,
			    const struct mail_seal_plugin_interface *plugin,
			    const struct mail_seal_enrolment *enrolment,
			    struct doveadm_seal_find_row *row_r)
{
	struct find_user find = {
		.options = options,
		.sources = sources,
		.plugin = plugin,
		.enrolment = *enrolment,
		.facts.activate = options->activate,
		.row = row_r
	};

	i_zero(row_r);
	row_r->source = row_r->where = row_r->keys = "";
	row_r->notes = t_str_new(128);
	find.enrolment.dry_run = options->dry_run;
	find.enrolment.only_first = TRUE;
	find_for_user(&find);
}
