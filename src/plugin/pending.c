/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "buffer.h"
#include "str.h"
#include "mail-user.h"
#include "pending.h"
#include "source.h"

static const struct mail_seal_source *
find_source(const struct mail_seal_settings *set)
{
	for (unsigned int i = 0; i < set->source_count; i++) {
		if (mail_seal_source_is_writable(&set->sources[i]))
			return &set->sources[i];
	}
	return NULL;
}

/* What isn't ours isn't overwritten: it could be the certificate of a user
   whose name ends like that. */
static int
understand(struct mail_seal_pending_place *place, struct seal_error *error)
{
	const char *text = t_strndup(place->seen->data, place->seen->used);

	if (mail_seal_pending_parse(text, pool_datastack_create(),
				    &place->pending) == 0)
		return 1;
	i_zero(&place->pending);
	if (!mail_seal_pending_is_ours(text)) {
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
			       "something else is in its place");
		return -1;
	}
	e_warning(place->set->user->event, "mail_seal: What is pending is "
		  "damaged, and counts as nothing: %s",
		  mail_seal_source_name(place->source));
	return 0;
}

int mail_seal_pending_open(const struct mail_seal_settings *set,
			   struct mail_seal_pending_place *place_r,
			   struct seal_error *error)
{
	int ret;

	i_zero(place_r);
	place_r->set = set;
	place_r->source = find_source(set);
	place_r->seen = t_buffer_create(4096);
	if (place_r->source == NULL)
		return 0;
	ret = mail_seal_source_pending_read(place_r->source, set,
					    place_r->seen, error);
	return ret <= 0 ? ret : understand(place_r, error);
}

static int
write_text(struct mail_seal_pending_place *place, const string_t *text,
	   struct seal_error *error)
{
	int ret;

	ret = mail_seal_source_pending_write(place->source, place->set,
					     place->seen, text, error);
	if (ret > 0) {
		buffer_set_used_size(place->seen, 0);
		buffer_append_buf(place->seen, text, 0, SIZE_MAX);
	}
	return ret;
}

int mail_seal_pending_put(struct mail_seal_pending_place *place,
			  struct seal_error *error)
{
	string_t *text = t_str_new(4096);

	mail_seal_pending_print(&place->pending, text);
	return write_text(place, text, error);
}

int mail_seal_pending_drop(struct mail_seal_pending_place *place,
			   struct seal_error *error)
{
	return write_text(place, t_str_new(1), error);
}

int mail_seal_pending_activate(struct mail_seal_pending_place *place,
			       struct seal_error *error)
{
	return mail_seal_source_pending_activate(place->source, place->set,
						 place->seen,
						 place->pending.certificates,
						 error);
}

int mail_seal_pending_get(const struct mail_seal_settings *set,
			  struct mail_seal_pending *pending_r,
			  struct seal_error *error)
{
	struct mail_seal_pending_place place;
	int ret = mail_seal_pending_open(set, &place, error);

	*pending_r = place.pending;
	return ret;
}
