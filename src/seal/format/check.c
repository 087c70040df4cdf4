/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "check.h"

/* What is held back at most: a session key for RSA of 16384 bits takes 2 kB, or
   4 kB with what CMS says of its owner. Bytes. */
#define START_MAX (256*1024)
#define RECIPIENT_MAX (4*1024)

struct check {
	const struct check_form *form;
	struct check_params params;
	check_output_t *output;
	void *context;

	void *state;
	/* until it is right */
	GByteArray *start;
	bool started;
};

struct check *check_new(const struct check_form *form,
			const struct check_params *params,
			check_output_t *output, void *context)
{
	struct check *check = g_new0(struct check, 1);

	check->form = form;
	check->params = *params;
	check->output = output;
	check->context = context;
	check->state = g_malloc0(form->state_size);
	check->start = g_byte_array_new();
	return check;
}

void check_free(struct check **_check)
{
	struct check *check = *_check;

	if (check == NULL)
		return;
	*_check = NULL;
	g_byte_array_unref(check->start);
	g_free(check->state);
	g_free(check);
}

static int check_bad(struct seal_error *error)
{
	seal_error_set(error, SEAL_ERROR_ENGINE,
		       "the engine's output is not an encrypted message as "
		       "all clients read it");
	return -1;
}

static int check_follow(struct check *check, const void *data, size_t size,
			struct seal_error *error)
{
	return check->form->follow(check->state, data, size) ?
		check->output(data, size, check->context, error) :
		check_bad(error);
}

static int check_start(struct check *check, const void *data, size_t size,
		       struct seal_error *error)
{
	/* most often all of it is in the first piece */
	if (check->start->len > 0) {
		g_byte_array_append(check->start, data, size);
		data = check->start->data;
		size = check->start->len;
	}
	switch (check->form->start(&check->params, check->state, data, size)) {
	case CHECK_OK:
		check->started = true;
		return check_follow(check, data, size, error);
	case CHECK_MORE:
		if (size > START_MAX +
		    check->params.recipient_count * RECIPIENT_MAX)
			return check_bad(error);
		if (check->start->len == 0)
			g_byte_array_append(check->start, data, size);
		return 0;
	case CHECK_BAD:
		break;
	case CHECK_OTHER_RECIPIENTS:
		seal_error_set(error, SEAL_ERROR_ENGINE,
			       "the engine encrypted to other keys than the "
			       "recipients'");
		return -1;
	}
	return check_bad(error);
}

int check_push(struct check *check, const void *data, size_t size,
	       struct seal_error *error)
{
	if (size == 0)
		return 0;
	return check->started ? check_follow(check, data, size, error) :
		check_start(check, data, size, error);
}

int check_finish(struct check *check, struct seal_error *error)
{
	return check->started && check->form->is_complete(check->state) ?
		0 : check_bad(error);
}
