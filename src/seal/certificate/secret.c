/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Secret keys in what should hold certificates only: people paste the wrong
   block, or both, and in every way. */

#include "secret.h"
#include "../format/openpgp-packet.h"
#include "../openssl/x509-file.h"

#include <glib.h>
#include <string.h>

#define BEGIN "-----BEGIN "
#define END "-----END "
/* "PGP PUBLIC KEY BLOCK, PART n/m" is the longest known. */
#define LABEL_MAX 64
/* A line of base64 that a key may begin with has so many characters; words and
   names are shorter. */
#define BASE64_MIN 32
/* How many blocks are looked behind: more than a key file may have
   certificates, and not so many that it takes long. */
#define BLOCKS_MAX 64

bool openpgp_packets_have_secret(const void *_data, size_t size,
				 bool *complete_r)
{
	const uint8_t *data = _data;
	struct openpgp_packet_header header;
	bool has_secret = false;

	*complete_r = false;
	if (size == 0)
		return false;
	while (size > 0) {
		if (!openpgp_packet_read(data, size, &header) ||
		    header.partial ||
		    header.body_size > size - header.header_size)
			return has_secret;
		/* text of other alphabets may look like a tag, but hardly like
		   a version too */
		if ((header.tag == OPENPGP_SECRET_KEY ||
		     header.tag == OPENPGP_SECRET_SUBKEY) &&
		    header.body_size > 6 && data[header.header_size] >= 2 &&
		    data[header.header_size] <= 6)
			has_secret = true;
		data += header.header_size + header.body_size;
		size -= header.header_size + header.body_size;
	}
	*complete_r = true;
	return has_secret;
}

static bool bytes_are_secret(const uint8_t *data, size_t size)
{
	bool complete;

	return openpgp_packets_have_secret(data, size, &complete) ||
		(size > 1 && data[0] == 0x30 &&
		 x509_file_is_secret(data, size));
}

/*
 * Labels
 */

/* Is it there, in letters of whatever case? */
static bool
has_words(const char *text, size_t size, const char *words)
{
	const size_t length = strlen(words);

	for (; size >= length; text++, size--) {
		if (g_ascii_strncasecmp(text, words, length) == 0)
			return true;
	}
	return false;
}

/* text may have NULs in it. */
static bool has_label(const char *text, size_t size)
{
	const char *end = text + size, *line_end;

	while ((text = memchr(text, '-', end - text)) != NULL) {
		if ((size_t)(end - text) < strlen(BEGIN))
			return false;
		if (g_ascii_strncasecmp(text, BEGIN, strlen(BEGIN)) != 0) {
			text++;
			continue;
		}
		text += strlen(BEGIN);
		size = MIN(end - text, LABEL_MAX);
		line_end = memchr(text, '\n', size);
		if (has_words(text, line_end == NULL ? size :
			      (size_t)(line_end - text), "PRIVATE KEY"))
			return true;
	}
	return false;
}

/*
 * Base64
 */

static bool is_base64(const char *line, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (!g_ascii_isalnum(line[i]) &&
		    strchr("+/=", line[i]) == NULL)
			return false;
	}
	return size > 0;
}

/* What is quoted or indented begins behind that. */
static void strip(const char **line, size_t *size)
{
	while (*size > 0 && memchr("> \t|", **line, 4) != NULL) {
		(*line)++;
		(*size)--;
	}
	while (*size > 0 && g_ascii_isspace((*line)[*size - 1]))
		(*size)--;
}

/* What lines of base64 that follow each other decode to */
struct run {
	GByteArray *decoded;
	gint state;
	guint save;
};

static bool run_end(struct run *run)
{
	const bool secret = bytes_are_secret(run->decoded->data,
					     run->decoded->len);

	g_byte_array_set_size(run->decoded, 0);
	run->state = 0;
	run->save = 0;
	return secret;
}

static void run_append(struct run *run, const char *line, size_t size)
{
	const guint start = run->decoded->len;
	gsize decoded;

	g_byte_array_set_size(run->decoded, start + size / 4 * 3 + 3);
	decoded = g_base64_decode_step(line, size, run->decoded->data + start,
				       &run->state, &run->save);
	g_byte_array_set_size(run->decoded, start + decoded);
}

/* Takes a line. Returns true if a secret key has ended with it. */
static bool
run_line(struct run *run, const char *line, size_t size)
{
	strip(&line, &size);
	if (is_base64(line, size) &&
	    (run->decoded->len > 0 || size >= BASE64_MIN)) {
		run_append(run, line, size);
		return false;
	}
	return run->decoded->len > 0 && run_end(run);
}

/* Is this the last line of a block? */
static bool is_end(const char *line, size_t size)
{
	return size > strlen(END) && memcmp(line, END, strlen(END)) == 0;
}

static bool has_content(const char *text, size_t size)
{
	struct run run = { .decoded = g_byte_array_new() };
	const char *end = text + size, *lf, *next;
	unsigned int blocks = 0;
	bool found = false;

	for (; !found && text < end; text = next) {
		lf = memchr(text, '\n', end - text);
		next = lf == NULL ? end : lf + 1;
		found = run_line(&run, text, next - text) ||
			(is_end(text, next - text) &&
			 ++blocks <= BLOCKS_MAX &&
			 bytes_are_secret((const uint8_t *)next, end - next));
	}
	found = found || run_end(&run);
	g_byte_array_unref(run.decoded);
	return found;
}

/*
 * Text
 */

/* Text in UTF-16 behind other text */
static bool has_wide_label(const char *text, size_t size)
{
	GString *narrow;
	bool found;

	if (memchr(text, '\0', size) == NULL)
		return false;
	narrow = g_string_sized_new(size);
	for (size_t i = 0; i < size; i++) {
		if (text[i] != '\0')
			g_string_append_c(narrow, text[i]);
	}
	found = has_label(narrow->str, narrow->len);
	g_string_free(narrow, TRUE);
	return found;
}

bool key_text_has_secret(const void *data, size_t size)
{
	return has_label(data, size) || has_wide_label(data, size) ||
		has_content(data, size);
}
