/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "openpgp-armor.h"

#include <string.h>

/* RFC 9580 section 6.1.1 */
#define CRC24_INIT 0xb704ceu
#define CRC24_POLYNOMIAL 0x864cfbu

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

static uint32_t crc24_table[256];

static void crc24_init(void)
{
	if (crc24_table[1] != 0)
		return;
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t crc = i << 16;

		for (int bit = 0; bit < 8; bit++) {
			crc <<= 1;
			if ((crc & 0x1000000) != 0)
				crc ^= 0x1000000 | CRC24_POLYNOMIAL;
		}
		crc24_table[i] = crc;
	}
}

static uint32_t crc24(uint32_t crc, const uint8_t *data, size_t size)
{
	for (; size > 0; size--, data++) {
		crc = ((crc << 8) & 0xffffff) ^
			crc24_table[((crc >> 16) ^ *data) & 0xff];
	}
	return crc;
}

static void append_base64_line(const uint8_t *data, size_t size, GString *out)
{
	char line[ARMOR_LINE_MAX + 1];
	gint state = 0, save = 0;
	gsize length;

	length = g_base64_encode_step(data, size, FALSE, line, &state, &save);
	length += g_base64_encode_close(FALSE, line + length, &state, &save);
	g_string_append_len(out, line, length);
}

void openpgp_armor_init(struct openpgp_armor_writer *writer)
{
	crc24_init();
	writer->group_size = 0;
	writer->crc = CRC24_INIT;
}

void openpgp_armor_begin(GString *out)
{
	g_string_append(out, BEGIN_MESSAGE"\r\n\r\n");
}

void openpgp_armor_write(struct openpgp_armor_writer *writer,
			 const uint8_t *data, size_t size, GString *out)
{
	size_t take;

	writer->crc = crc24(writer->crc, data, size);
	while (size > 0) {
		take = MIN(size, sizeof(writer->group) - writer->group_size);
		memcpy(writer->group + writer->group_size, data, take);
		writer->group_size += take;
		data += take;
		size -= take;
		if (writer->group_size == sizeof(writer->group)) {
			append_base64_line(writer->group, writer->group_size,
					   out);
			g_string_append(out, "\r\n");
			writer->group_size = 0;
		}
	}
}

static void
armor_end(struct openpgp_armor_writer *writer, const char *last_line,
	  GString *out)
{
	const uint8_t crc[3] = {
		writer->crc >> 16, writer->crc >> 8, writer->crc
	};

	if (writer->group_size > 0) {
		append_base64_line(writer->group, writer->group_size, out);
		g_string_append(out, "\r\n");
	}
	g_string_append_c(out, '=');
	append_base64_line(crc, sizeof(crc), out);
	g_string_append_printf(out, "\r\n%s\r\n", last_line);
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
	crc24_init();
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
