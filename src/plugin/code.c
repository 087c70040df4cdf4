/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "hex-binary.h"
#include "randgen.h"
#include "sha2.h"
#include "str.h"
#include "unichar.h"
#include "code.h"

#include <ctype.h>

#define CODE_PREFIX "seal"
#define CODE_GROUPS 2
#define GROUP_SIZE 5

/* https://www.crockford.com/base32.html */
static const char symbols[] = "0123456789abcdefghjkmnpqrstvwxyz";

const char *mail_seal_code_new(void)
{
	unsigned char bytes[CODE_GROUPS * GROUP_SIZE];
	string_t *code = t_str_new(32);

	random_fill(bytes, sizeof(bytes));
	str_append(code, CODE_PREFIX);
	for (unsigned int i = 0; i < sizeof(bytes); i++) {
		if (i % GROUP_SIZE == 0)
			str_append_c(code, '-');
		/* 32 divides 256: each is as likely */
		str_append_c(code, symbols[bytes[i] % 32]);
	}
	return str_c(code);
}

/* What people's programs make of a code: dashes and spaces of all kinds, full
   width letters, and what can't be seen, which counts as nothing ('\0'). */
static const struct {
	unichar_t first, last;
	char as;
} others[] = {
	{ '\t', '\r', ' ' },
	{ 0xa0, 0xa0, ' ' },
	{ 0xad, 0xad, '\0' },
	{ 0x2000, 0x200a, ' ' },
	{ 0x200b, 0x200f, '\0' },
	{ 0x2010, 0x2015, '-' },
	{ 0x202a, 0x202e, '\0' },
	{ 0x202f, 0x202f, ' ' },
	{ 0x205f, 0x205f, ' ' },
	{ 0x2060, 0x206f, '\0' },
	{ 0x2212, 0x2212, '-' },
	{ 0x3000, 0x3000, ' ' },
	{ 0xfe00, 0xfe0f, '\0' },
	{ 0xfe58, 0xfe58, '-' },
	{ 0xfe63, 0xfe63, '-' },
	{ 0xfeff, 0xfeff, '\0' }
};

/* Returns the ASCII character that is meant: itself, or '?'. */
static char meant_by(unichar_t c)
{
	/* the full width form of each */
	if (c >= 0xff01 && c <= 0xff5e)
		c -= 0xff01 - '!';
	for (unsigned int i = 0; i < N_ELEMENTS(others); i++) {
		if (c >= others[i].first && c <= others[i].last)
			return others[i].as;
	}
	return c < 0x80 ? c : '?';
}

/* Reads the next character that can be seen. Returns '\0' at the end. */
static char read_char(const char **pos)
{
	char meant = '\0';
	unichar_t c;

	while (meant == '\0' && **pos != '\0') {
		int length = uni_utf8_get_char(*pos, &c);

		meant = length <= 0 ? '?' : meant_by(c);
		*pos += length <= 0 ? 1 : length;
	}
	return i_tolower(meant);
}

/* Returns the symbol that comes next, or '\0'. */
static char read_symbol(const char **pos)
{
	char c = read_char(pos);

	if (c == 'o')
		c = '0';
	else if (c == 'i' || c == 'l')
		c = '1';
	return c != '\0' && strchr(symbols, c) != NULL ? c : '\0';
}

static void skip_spaces(const char **pos)
{
	const char *next = *pos;

	while (read_char(&next) == ' ')
		*pos = next;
}

/* A header that is folded, or whoever types, puts spaces beside a dash. */
static bool read_dash(const char **pos)
{
	skip_spaces(pos);
	if (read_char(pos) != '-')
		return FALSE;
	skip_spaces(pos);
	return TRUE;
}

/* Returns the length of the code that begins here, or 0. */
static size_t read_code(const char *text, string_t *code)
{
	const char *pos = text, *behind;

	for (const char *p = CODE_PREFIX; *p != '\0'; p++) {
		if (read_char(&pos) != *p)
			return 0;
	}
	str_truncate(code, 0);
	str_append(code, CODE_PREFIX);
	for (unsigned int i = 0; i < CODE_GROUPS; i++) {
		if (!read_dash(&pos))
			return 0;
		str_append_c(code, '-');
		for (unsigned int j = 0; j < GROUP_SIZE; j++) {
			char symbol = read_symbol(&pos);

			if (symbol == '\0')
				return 0;
			str_append_c(code, symbol);
		}
	}
	behind = pos;
	return i_isalnum(read_char(&behind)) ? 0 : pos - text;
}

const char *mail_seal_code_next(const char **text)
{
	string_t *code = t_str_new(32);
	const char *pos;
	bool within_word = FALSE;
	size_t length;

	for (pos = *text; *pos != '\0'; pos++) {
		length = within_word ? 0 : read_code(pos, code);
		if (length > 0) {
			*text = pos + length;
			return str_c(code);
		}
		within_word = i_isalnum(*pos);
	}
	*text = pos;
	return NULL;
}

const char *mail_seal_code_find(const char *text)
{
	return mail_seal_code_next(&text);
}

const char *mail_seal_code_hash(const char *code)
{
	unsigned char digest[SHA256_RESULTLEN];

	sha256_get_digest(code, strlen(code), digest);
	return binary_to_hex(digest, sizeof(digest));
}

bool mail_seal_code_has_hash(const char *code, const char *hash)
{
	const char *own = mail_seal_code_hash(code);

	return strlen(hash) == strlen(own) &&
		mem_equals_timing_safe(own, hash, strlen(own));
}
