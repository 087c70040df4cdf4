/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "facts.h"
#include "openpgp-keys.h"

#include <string.h>

#define FIRST_LINE "mail-seal-facts 1"

/*
 * Writing
 */

void facts_append_certificate(GString *listing, const char *fingerprint)
{
	g_string_append_printf(listing, "certificate %s\n", fingerprint);
}

void facts_append_key(GString *listing, const struct facts_key *key)
{
	char flags[4];
	unsigned int count = 0;

	if (key->can_encrypt)
		flags[count++] = 'e';
	if (key->revoked)
		flags[count++] = 'r';
	if (key->invalid)
		flags[count++] = 'i';
	if (count == 0)
		flags[count++] = '-';
	flags[count] = '\0';
	g_string_append_printf(listing, "key %s %u %" G_GINT64_FORMAT
			       " %" G_GINT64_FORMAT " %s %s\n",
			       key->fingerprint, key->bits,
			       (gint64)key->created, (gint64)key->expires,
			       flags, key->name == NULL ? "?" : key->name);
}

void facts_append_name(GString *listing, const char *name)
{
	g_string_append(listing, "name ");
	for (; *name != '\0'; name++) {
		if (g_ascii_iscntrl(*name) || *name == '%') {
			g_string_append_printf(listing, "%%%02X",
					       (unsigned char)*name);
		} else {
			g_string_append_c(listing, *name);
		}
	}
	g_string_append_c(listing, '\n');
}

char *facts_write(const struct facts_header *header, const GString *listing)
{
	GString *text = g_string_new(FIRST_LINE"\n");
	char *digest;

	g_string_append_printf(text, "input %s\njudge %s\njudged %"
			       G_GINT64_FORMAT "\nuntil %" G_GINT64_FORMAT
			       "\n", header->input, header->judge,
			       (gint64)header->judged, (gint64)header->until);
	g_string_append_len(text, listing->str, listing->len);
	digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text->str,
					       text->len);
	g_string_append_printf(text, "end %s\n", digest);
	g_free(digest);
	return g_string_free(text, FALSE);
}

/*
 * Reading
 */

struct facts_reader {
	GPtrArray *certificates;
	/* of which of these something was said */
	bool *seen;
	struct certificate *certificate;
	/* which of its keys were listed, and its user IDs */
	bool *listed;
	GPtrArray *names;
};

static bool number_read(const char *text, gint64 max, gint64 *number_r)
{
	return g_ascii_string_to_signed(text, 10, 0, max, number_r, NULL);
}

static bool
value_read(const char *line, const char *word, const char **value_r)
{
	const size_t length = strlen(word);

	if (line == NULL || strncmp(line, word, length) != 0 ||
	    line[length] != ' ')
		return false;
	*value_r = line + length + 1;
	return true;
}

static bool time_read(const char *line, const char *word, time_t *time_r)
{
	const char *value;
	gint64 number;

	if (!value_read(line, word, &value) ||
	    !number_read(value, G_MAXINT64 / 2, &number))
		return false;
	*time_r = number;
	return true;
}

/* RFC 9580 section 9.1 and the drafts that go on from there: Ed25519, Ed448 and
   ML-DSA and SLH-DSA are for signatures. */
static bool unknown_is_for_signing(const struct certificate_key *key)
{
	const uint8_t id = key->packet[5];

	return id == 27 || id == 28 || (id >= 30 && id <= 34);
}

/* Keys that gpg doesn't list aren't the certificate's, but for those of an
   algorithm that it doesn't know. */
static void reader_end_certificate(struct facts_reader *reader)
{
	struct certificate *certificate = reader->certificate;
	size_t count = 0;

	if (certificate == NULL)
		return;
	for (size_t i = 0; i < certificate->key_count; i++) {
		struct certificate_key *key = &certificate->keys[i];

		if (!reader->listed[i]) {
			if (i > 0 && key->algorithm !=
			    CERTIFICATE_ALGORITHM_UNKNOWN)
				continue;
			key->can_encrypt =
				i > 0 && !unknown_is_for_signing(key);
			key->invalid = true;
			g_strlcpy(key->name, "?", sizeof(key->name));
		}
		certificate->keys[count++] = *key;
	}
	certificate->key_count = count;
	g_ptr_array_add(reader->names, NULL);
	certificate->names =
		(char **)g_ptr_array_free(reader->names, FALSE);
	reader->names = NULL;
	g_clear_pointer(&reader->listed, g_free);
	reader->certificate = NULL;
}

static bool
reader_certificate(struct facts_reader *reader, const char *fingerprint)
{
	reader_end_certificate(reader);
	for (guint i = 0; i < reader->certificates->len; i++) {
		struct certificate *certificate =
			reader->certificates->pdata[i];

		if (g_ascii_strcasecmp(certificate->fingerprint,
				       fingerprint) != 0)
			continue;
		if (reader->seen[i])
			return false;
		reader->seen[i] = true;
		reader->certificate = certificate;
		reader->listed = g_new0(bool, certificate->key_count);
		reader->names = g_ptr_array_new_with_free_func(g_free);
		return true;
	}
	return false;
}

static bool
flags_read(const char *flags, struct certificate_key *key)
{
	if (*flags == '\0')
		return false;
	key->can_encrypt = strchr(flags, 'e') != NULL;
	key->revoked = strchr(flags, 'r') != NULL;
	key->invalid = strchr(flags, 'i') != NULL;
	return flags[strspn(flags, "eri-")] == '\0';
}

/* Returns the key with this fingerprint that nothing was said of yet. */
static struct certificate_key *
reader_find_key(struct facts_reader *reader, const char *fingerprint)
{
	struct certificate *certificate = reader->certificate;

	for (size_t i = 0; certificate != NULL &&
	     i < certificate->key_count; i++) {
		struct certificate_key *key = &certificate->keys[i];
		char *hex = openpgp_fingerprint_hex(key->fingerprint,
						    key->fingerprint_size);
		bool same = g_ascii_strcasecmp(hex, fingerprint) == 0;

		g_free(hex);
		if (same && !reader->listed[i]) {
			reader->listed[i] = true;
			return key;
		}
	}
	return NULL;
}

static bool reader_key(struct facts_reader *reader, const char *line)
{
	char **words = g_strsplit(line, " ", 6);
	struct certificate_key *key = NULL;
	gint64 bits, created, expires;
	bool ok = false;

	if (g_strv_length(words) == 6)
		key = reader_find_key(reader, words[0]);
	if (key != NULL && number_read(words[1], 1 << 20, &bits) &&
	    number_read(words[2], G_MAXINT64 / 2, &created) &&
	    number_read(words[3], G_MAXINT64 / 2, &expires)) {
		ok = flags_read(words[4], key);
		key->bits = bits;
		key->created = created;
		key->expires = expires;
		g_strlcpy(key->name, words[5], sizeof(key->name));
		/* the newer ones that a gpg may know are curves */
		if (key->algorithm == CERTIFICATE_ALGORITHM_UNKNOWN &&
		    !key->invalid)
			key->algorithm = CERTIFICATE_ALGORITHM_EC;
	}
	g_strfreev(words);
	return ok;
}

static bool reader_name(struct facts_reader *reader, const char *text)
{
	GString *name;

	if (reader->names == NULL)
		return false;
	name = g_string_new(NULL);
	for (; *text != '\0'; text++) {
		if (*text != '%') {
			g_string_append_c(name, *text);
			continue;
		}
		if (!g_ascii_isxdigit(text[1]) || !g_ascii_isxdigit(text[2])) {
			g_string_free(name, TRUE);
			return false;
		}
		g_string_append_c(name, g_ascii_xdigit_value(text[1]) << 4 |
				  g_ascii_xdigit_value(text[2]));
		text += 2;
	}
	g_ptr_array_add(reader->names, g_string_free(name, FALSE));
	return true;
}

static bool reader_line(struct facts_reader *reader, const char *line)
{
	const char *value;

	if (value_read(line, "certificate", &value))
		return reader_certificate(reader, value);
	if (value_read(line, "key", &value))
		return reader_key(reader, value);
	return value_read(line, "name", &value) && reader_name(reader, value);
}

/* What gpg doesn't know as a whole */
static void certificate_set_unknown(struct certificate *certificate)
{
	certificate->problem =
		"it is of a kind that this server's GnuPG doesn't know";
	certificate->key_count = MIN(certificate->key_count, 1);
	certificate->names = g_new0(char *, 1);
}

static bool end_is_right(const char *text)
{
	const char *end = g_strrstr(text, "\nend ");
	char *digest;
	bool right;

	if (end == NULL)
		return false;
	end++;
	digest = g_compute_checksum_for_data(G_CHECKSUM_SHA256,
					     (const guchar *)text, end - text);
	right = g_str_has_prefix(end + 4, digest) &&
		strcmp(end + 4 + strlen(digest), "\n") == 0;
	g_free(digest);
	return right;
}

static bool
header_read(char *const *lines, const struct facts_header *header,
	    time_t *judged_r, time_t *until_r)
{
	const char *value;

	if (g_strv_length((char **)lines) < 5 ||
	    strcmp(lines[0], FIRST_LINE) != 0 ||
	    !value_read(lines[1], "input", &value) ||
	    strcmp(value, header->input) != 0 ||
	    !value_read(lines[2], "judge", &value) ||
	    strcmp(value, header->judge) != 0 ||
	    !time_read(lines[3], "judged", judged_r) ||
	    !time_read(lines[4], "until", until_r))
		return false;
	return *judged_r <= header->judged &&
		(*until_r == 0 || header->judged < *until_r);
}

static bool
lines_read(char *const *lines, GPtrArray *certificates)
{
	struct facts_reader reader = { .certificates = certificates };
	bool ok = true;

	reader.seen = g_new0(bool, certificates->len + 1);
	for (; ok && *lines != NULL && !g_str_has_prefix(*lines, "end ");
	     lines++)
		ok = reader_line(&reader, *lines);
	reader_end_certificate(&reader);
	for (guint i = 0; ok && i < certificates->len; i++) {
		if (!reader.seen[i])
			certificate_set_unknown(certificates->pdata[i]);
	}
	g_free(reader.seen);
	return ok;
}

int facts_read(const char *text, const struct facts_header *header,
	       GPtrArray *certificates, time_t *judged_r, time_t *until_r)
{
	char **lines;
	bool ok;

	if (strnlen(text, FACTS_SIZE_MAX + 1) > FACTS_SIZE_MAX ||
	    !end_is_right(text))
		return -1;
	lines = g_strsplit(text, "\n", -1);
	ok = header_read(lines, header, judged_r, until_r) &&
		lines_read(lines + 5, certificates);
	g_strfreev(lines);
	return ok ? 0 : -1;
}
