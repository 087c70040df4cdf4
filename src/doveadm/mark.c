/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* The server's mark on a message that it sealed: X-Mail-Seal (envelope.h). */

#include "lib.h"
#include "istream.h"
#include "message-header-parser.h"
#include "command.h"

/* The values of Content-Type that src/seal/format writes, unfolded */
static const char *const sealed_types[] = {
	"multipart/encrypted; protocol=\"application/pgp-encrypted\"; "
		"boundary=\"",
	"application/pkcs7-mime; smime-type=enveloped-data; "
		"name=\"smime.p7m\""
};

struct mark {
	/* header fields so far, and those of them that are Content-Type */
	unsigned int fields, types;
	/* X-Mail-Seal's, NULL if it wasn't the first field */
	const char *value;
};

/* "keys=N", behind the fingerprints of some of many */
static bool is_count(const char *value)
{
	value += strspn(value, " \t\r\n");
	return strncmp(value, "keys=", 5) == 0 && value[5] != '\0' &&
		value[5 + strspn(value + 5, "0123456789")] == '\0';
}

/* "v=1; keys=<fingerprint>[,<fingerprint>...][; keys=<number>]", unfolded.
   Returns the fingerprints, or NULL if it isn't that. */
static const char *const *parse_mark(const char *value)
{
	const char *const *keys, *const *key;
	const char *end;

	if (strncmp(value, "v=1;", 4) != 0)
		return NULL;
	value += 4 + strspn(value + 4, " \t\r\n");
	if (strncmp(value, "keys=", 5) != 0)
		return NULL;
	value += 5;
	end = strchr(value, ';');
	if (end != NULL) {
		if (!is_count(end + 1))
			return NULL;
		value = t_strdup_until(value, end);
	}
	keys = t_strsplit_spaces(value, ", \t\r\n");
	for (key = keys; *key != NULL; key++) {
		if ((*key)[strspn(*key, "0123456789ABCDEF")] != '\0')
			return NULL;
	}
	return *keys == NULL ? NULL : keys;
}

static bool is_sealed_type(const char *value)
{
	for (unsigned int i = 0; i < N_ELEMENTS(sealed_types); i++) {
		if (strncmp(value, sealed_types[i],
			    strlen(sealed_types[i])) == 0)
			return TRUE;
	}
	return FALSE;
}

/* Returns FALSE if there is no mark, whatever follows. */
static bool mark_add(struct mark *mark, const struct message_header_line *hdr)
{
	/* an mbox From_ line and the like */
	if (hdr->name_len == 0 || !message_header_name_is_valid(hdr->name))
		return TRUE;
	if (strcasecmp(hdr->name, "X-Mail-Seal") == 0) {
		mark->value = t_strndup(hdr->full_value, hdr->full_value_len);
		return mark->fields++ == 0;
	}
	if (strcasecmp(hdr->name, "Content-Type") == 0) {
		if (mark->types++ > 0 ||
		    !is_sealed_type(t_strndup(hdr->full_value,
					      hdr->full_value_len)))
			return FALSE;
	}
	return mark->fields++ > 0;
}

const char *const *doveadm_seal_read_mark(struct istream *input)
{
	struct message_header_parser_ctx *parser;
	struct message_header_line *hdr;
	struct mark mark;
	bool possible = TRUE;

	i_zero(&mark);
	i_stream_seek(input, 0);
	parser = message_parse_header_init(input, NULL,
		MESSAGE_HEADER_PARSER_FLAG_CLEAN_ONELINE);
	while (possible && message_parse_header_next(parser, &hdr) > 0 &&
	       !hdr->eoh) {
		if (hdr->continues)
			hdr->use_full_value = TRUE;
		else
			possible = mark_add(&mark, hdr);
	}
	message_parse_header_deinit(&parser);
	return !possible || mark.value == NULL || mark.types == 0 ? NULL :
		parse_mark(mark.value);
}
