/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "hex-binary.h"
#include "randgen.h"
#include "sha2.h"
#include "str.h"
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

/* Returns the symbol that is meant, or '\0'. */
static char read_symbol(char c)
{
	c = i_tolower(c);
	if (c == 'o')
		c = '0';
	else if (c == 'i' || c == 'l')
		c = '1';
	return c != '\0' && strchr(symbols, c) != NULL ? c : '\0';
}

/* Returns the length of the dash that stands here, or 0. */
static size_t dash_length(const char *text)
{
	/* U+2010 to U+2015, the minus sign, small and full width hyphens */
	static const char *const dashes[] = {
		"-", "\xe2\x80\x90", "\xe2\x80\x91", "\xe2\x80\x92",
		"\xe2\x80\x93", "\xe2\x80\x94", "\xe2\x80\x95",
		"\xe2\x88\x92", "\xef\xb9\xa3", "\xef\xbc\x8d"
	};

	for (unsigned int i = 0; i < N_ELEMENTS(dashes); i++) {
		size_t length = strlen(dashes[i]);

		if (strncmp(text, dashes[i], length) == 0)
			return length;
	}
	return 0;
}

/* Returns the length of the code that begins here, or 0. */
static size_t read_code(const char *text, string_t *code)
{
	const char *pos = text + strlen(CODE_PREFIX);
	size_t dash;

	if (strncasecmp(text, CODE_PREFIX, strlen(CODE_PREFIX)) != 0)
		return 0;
	str_truncate(code, 0);
	str_append(code, CODE_PREFIX);
	for (unsigned int i = 0; i < CODE_GROUPS; i++) {
		dash = dash_length(pos);
		if (dash == 0)
			return 0;
		pos += dash;
		str_append_c(code, '-');
		for (unsigned int j = 0; j < GROUP_SIZE; j++, pos++) {
			char symbol = read_symbol(*pos);

			if (symbol == '\0')
				return 0;
			str_append_c(code, symbol);
		}
	}
	return i_isalnum(*pos) ? 0 : pos - text;
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
