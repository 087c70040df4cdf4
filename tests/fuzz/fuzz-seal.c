/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* The whole core with an engine that encrypts nothing: what comes out must be
   the message as it came, if it was taken for encrypted; else all of its
   bytes outside and inside, with the inside's line ends as CRLF. The first
   byte chooses the size of the pieces, the form of sealed message and whether
   the Subject is hidden. */

#include "message/header-protect.h"
#include "split-oracle.h"
#include "../unit/copy-engine.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool has_prefix(const GString *text, const GString *prefix)
{
	return text->len >= prefix->len &&
		memcmp(text->str, prefix->str, prefix->len) == 0;
}

static bool has_suffix(const GString *text, const char *suffix)
{
	return text->len >= strlen(suffix) &&
		memcmp(text->str + text->len - strlen(suffix), suffix,
		       strlen(suffix)) == 0;
}

static bool contains(const GString *text, const GString *part)
{
	return part->len == 0 ||
		memmem(text->str, text->len, part->str, part->len) != NULL;
}

static bool
has_field(const struct split_oracle *oracle, const char *name)
{
	for (unsigned int i = 0; i < oracle->fields->len; i++) {
		const struct split_field *field = oracle->fields->pdata[i];

		if (g_strcmp0(field->name, name) == 0)
			return true;
	}
	return false;
}

/* With the first of the envelope's fields, so that nothing can be between */
static GString *oracle_outside(const struct split_oracle *oracle,
			       const char *hidden)
{
	GString *outside = g_string_new(NULL);

	split_oracle_outside(oracle, COPY_ENGINE_MARK, hidden, outside);
	if (!has_field(oracle, "mime-version"))
		g_string_append(outside, "MIME-Version: 1.0\r\n");
	return g_string_append(outside, "Content-Type: ");
}

/* Every Subject is inside, and behind all fields the body. */
static bool
is_protected(const struct split_oracle *oracle, const GString *inside)
{
	GString *end = g_string_new("\r\n");
	GString *crlf = g_string_new("hp=\"cipher\"");
	bool ok = contains(inside, crlf);

	g_string_free(crlf, TRUE);
	for (unsigned int i = 0; i < oracle->fields->len; i++) {
		const struct split_field *field = oracle->fields->pdata[i];

		if (g_strcmp0(field->name, "subject") != 0)
			continue;
		crlf = with_crlf(field->text);
		ok = ok && contains(inside, crlf);
		g_string_free(crlf, TRUE);
	}
	crlf = with_crlf(oracle->body);
	g_string_append_len(end, crlf->str, crlf->len);
	ok = ok && inside->len >= end->len &&
		memcmp(inside->str + inside->len - end->len, end->str,
		       end->len) == 0;
	g_string_free(crlf, TRUE);
	g_string_free(end, TRUE);
	return ok;
}

static bool
is_unprotected(const struct split_oracle *oracle, const GString *inside)
{
	GString *expected = g_string_new(NULL), *crlf;
	bool ok;

	split_oracle_inside(oracle, expected);
	crlf = with_crlf(expected);
	ok = g_string_equal(inside, crlf);
	g_string_free(crlf, TRUE);
	g_string_free(expected, TRUE);
	return ok;
}

/* The outside alone doesn't tell whether a message is protected: its own
   Subject may be the one that stands for a hidden one. */
static void
check_sealed(const struct engine *engine, const char *message, size_t size,
	     bool protect, const GString *sealed, const GString *inside)
{
	struct split_oracle *oracle = split_oracle_new(message, size);
	GString *outside = oracle_outside(oracle, NULL);
	GString *hidden = oracle_outside(oracle, "subject");

	/* not protected if the root is signed */
	if (protect && engine != &engine_copy_smime &&
	    has_field(oracle, "subject") && has_prefix(sealed, hidden) &&
	    is_protected(oracle, inside))
		;
	else if (!has_prefix(sealed, outside) ||
		 !is_unprotected(oracle, inside))
		abort();
	if (!has_suffix(sealed, engine == &engine_copy_smime ? "\r\n" :
			"--\r\n"))
		abort();
	g_string_free(outside, TRUE);
	g_string_free(hidden, TRUE);
	split_oracle_free(oracle);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const subject[] = { "Subject", NULL };
	const char *message = (const char *)data + 1;
	const struct engine *engine;
	GString *sealed, *inside;
	bool protect, sealing;

	if (size == 0)
		return 0;
	size--;
	protect = (data[0] & 1) != 0;
	engine = (data[0] & 2) != 0 ? &engine_copy_smime :
		&engine_copy_pgp_mime;
	sealed = copy_engine_seal(engine, message, size,
				  data[0] < 4 ? 65536 : data[0] / 4,
				  protect ? subject : NULL, &inside, &sealing);
	if (sealing)
		check_sealed(engine, message, size, protect, sealed, inside);
	else if (sealed->len != size ||
		 memcmp(sealed->str, message, size) != 0)
		abort();
	g_string_free(sealed, TRUE);
	g_string_free(inside, TRUE);
	return 0;
}
