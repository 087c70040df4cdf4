/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "openpgp-armor.h"
#include "crc24.h"

#include <string.h>

/* Characters */
#define LINE_LENGTH 64

#define BEGIN_MESSAGE "-----BEGIN PGP MESSAGE-----"
#define END_MESSAGE "-----END PGP MESSAGE-----"
#define BEGIN_KEY "-----BEGIN PGP PUBLIC KEY BLOCK-----"
#define END_KEY "-----END PGP PUBLIC KEY BLOCK-----"

/* A client's armor header (Version, Comment, Charset) is short. More of it
   would be text that we'd let through unsealed. */
#define ARMOR_HEADER_MAX 512
/* RFC 9580 section 6.2: lines have at most 76 characters. */
#define ARMOR_LINE_MAX 76

enum checker_state {
	CHECKER_BEFORE,
	CHECKER_HEADER,
	CHECKER_DATA,
	CHECKER_CHECKSUM,
	CHECKER_AFTER
};

void openpgp_armor_init(struct openpgp_armor_writer *writer)
{
	base64_init(&writer->base64, LINE_LENGTH);
	writer->crc = CRC24_INIT;
}

void openpgp_armor_begin(GString *out)
{
	g_string_append(out, BEGIN_MESSAGE"\r\n\r\n");
}

void openpgp_armor_write(struct openpgp_armor_writer *writer,
			 const uint8_t *data, size_t size, GString *out)
{
	writer->crc = crc24(writer->crc, data, size);
	base64_write(&writer->base64, data, size, out);
}

static void
armor_end(struct openpgp_armor_writer *writer, const char *last_line,
	  GString *out)
{
	const uint8_t crc[3] = {
		writer->crc >> 16, writer->crc >> 8, writer->crc
	};

	base64_end(&writer->base64, out);
	g_string_append_c(out, '=');
	base64_write(&writer->base64, crc, sizeof(crc), out);
	base64_end(&writer->base64, out);
	g_string_append_printf(out, "%s\r\n", last_line);
}

void openpgp_armor_end(struct openpgp_armor_writer *writer, GString *out)
{
	armor_end(writer, END_MESSAGE, out);
}

void openpgp_armor_certificates(const uint8_t *data, size_t size,
				GString *out)
{
	struct openpgp_armor_writer writer;

	openpgp_armor_init(&writer);
	g_string_append(out, BEGIN_KEY"\r\n\r\n");
	openpgp_armor_write(&writer, data, size, out);
	armor_end(&writer, END_KEY, out);
}

static bool is_base64(const char *line, size_t size)
{
	size_t padding = 0;

	for (size_t i = 0; i < size; i++) {
		if (line[i] == '=')
			padding++;
		else if (padding > 0 ||
			 (!g_ascii_isalnum(line[i]) && line[i] != '+' &&
			  line[i] != '/'))
			return false;
	}
	return padding <= 2;
}

static size_t without_trailing_space(const char *line, size_t size)
{
	while (size > 0 && g_ascii_isspace(line[size - 1]))
		size--;
	return size;
}

static bool line_is(const char *line, size_t size, const char *text)
{
	return size == strlen(text) && memcmp(line, text, size) == 0;
}

/* line is the four characters behind "=". */
static bool checksum_ok(const char *line, uint32_t crc)
{
	uint8_t sum[3];
	gint state = 0;
	guint save = 0;

	return g_base64_decode_step(line, 4, sum, &state, &save) == 3 &&
		crc == ((uint32_t)sum[0] << 16 | sum[1] << 8 | sum[2]);
}

/*
 * Checking
 */

void openpgp_armor_check_init(struct openpgp_armor_checker *checker)
{
	memset(checker, 0, sizeof(*checker));
	checker->result = ARMOR_OPEN;
	checker->state = CHECKER_BEFORE;
	checker->crc = CRC24_INIT;
}

bool openpgp_armor_check_has_begun(const struct openpgp_armor_checker *checker)
{
	return checker->state != CHECKER_BEFORE;
}

static bool
checker_base64_ok(struct openpgp_armor_checker *checker,
		  const char *line, size_t size)
{
	uint8_t decoded[ARMOR_LINE_MAX];
	gsize decoded_size;

	if (size > ARMOR_LINE_MAX || !is_base64(line, size) ||
	    (size > 0 && checker->base64_padding))
		return false;
	checker->base64_padding = size > 0 && line[size - 1] == '=';
	decoded_size = g_base64_decode_step(line, size, decoded,
					    &checker->base64_state,
					    &checker->base64_save);
	checker->crc = crc24(checker->crc, decoded, decoded_size);
	return openpgp_message_walk(&checker->packets, decoded, decoded_size);
}

static bool
checker_data_line(struct openpgp_armor_checker *checker,
		  const char *line, size_t size)
{
	if (line_is(line, size, END_MESSAGE)) {
		checker->state = CHECKER_AFTER;
		checker->result = ARMOR_COMPLETE;
		return openpgp_message_is_encrypted(&checker->packets);
	}
	if (checker->state == CHECKER_CHECKSUM)
		return size == 0;
	if (size == 5 && line[0] == '=') {
		checker->state = CHECKER_CHECKSUM;
		return is_base64(line + 1, 4) &&
			checksum_ok(line + 1, checker->crc);
	}
	return checker_base64_ok(checker, line, size);
}

static bool
checker_line_ok(struct openpgp_armor_checker *checker,
		const char *line, size_t size)
{
	switch ((enum checker_state)checker->state) {
	case CHECKER_BEFORE:
		if (line_is(line, size, BEGIN_MESSAGE)) {
			checker->state = CHECKER_HEADER;
			return true;
		}
		return size == 0;
	case CHECKER_HEADER:
		if (size == 0) {
			checker->state = CHECKER_DATA;
			return true;
		}
		checker->header_size += size;
		return checker->header_size <= ARMOR_HEADER_MAX &&
			memchr(line, ':', size) != NULL;
	case CHECKER_DATA:
	case CHECKER_CHECKSUM:
		return checker_data_line(checker, line, size);
	case CHECKER_AFTER:
		return size == 0;
	}
	return false;
}

enum armor_check
openpgp_armor_check_line(struct openpgp_armor_checker *checker,
			 const char *line, size_t size)
{
	if (checker->result != ARMOR_OTHER &&
	    !checker_line_ok(checker, line,
			     without_trailing_space(line, size)))
		checker->result = ARMOR_OTHER;
	return checker->result;
}
