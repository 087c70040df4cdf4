/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* base64, the armor's checksum and line ends: known answers, and the same as
   the slow ones in text-oracle.c */

#include "format/crc24.h"
#include "text/base64.h"
#include "text/crlf.h"
#include "test-lib.h"
#include "text-oracle.h"

#define TEXT(text) text, sizeof(text) - 1

static const size_t line_lengths[] = { 64, 76 };

/* RFC 4648 section 10 */
static const struct {
	const char *plain, *encoded;
} base64_tests[] = {
	{ "", "" }, { "f", "Zg==\r\n" }, { "fo", "Zm8=\r\n" },
	{ "foo", "Zm9v\r\n" }, { "foob", "Zm9vYg==\r\n" },
	{ "fooba", "Zm9vYmE=\r\n" }, { "foobar", "Zm9vYmFy\r\n" }
};

static void test_base64(void **state G_GNUC_UNUSED)
{
	for (size_t i = 0; i < G_N_ELEMENTS(base64_tests); i++) {
		const char *plain = base64_tests[i].plain;
		GString *text = text_base64((const uint8_t *)plain,
					    strlen(plain), 76, 1);

		test_case(plain, i);
		assert_bytes(text->str, text->len, base64_tests[i].encoded,
			     strlen(base64_tests[i].encoded));
		g_string_free(text, TRUE);
	}
}

static uint8_t *random_bytes(GRand *random, size_t size)
{
	uint8_t *bytes = g_malloc(size + 1);

	for (size_t i = 0; i < size; i++)
		bytes[i] = g_rand_int(random);
	return bytes;
}

static void
compare_base64(const uint8_t *data, size_t size, size_t line_length,
	       size_t step)
{
	GString *expected = oracle_base64(data, size, line_length);
	GString *text = text_base64(data, size, line_length, step);

	test_case("base64", size);
	assert_bytes(text->str, text->len, expected->str, expected->len);
	g_string_free(expected, TRUE);
	g_string_free(text, TRUE);
}

static void test_base64_sizes(void **state G_GNUC_UNUSED)
{
	GRand *random = g_rand_new_with_seed(1);
	uint8_t *data = random_bytes(random, 5000);

	for (size_t i = 0; i < G_N_ELEMENTS(line_lengths); i++) {
		for (size_t size = 0; size <= 250; size++) {
			for (size_t step = 1; step <= 130; step++) {
				compare_base64(data, size, line_lengths[i],
					       step);
			}
		}
		for (size_t step = 1; step <= 5000; step += 7)
			compare_base64(data, 5000, line_lengths[i], step);
	}
	g_free(data);
	g_rand_free(random);
}

/* Each 12 bits, in each of the places that are read together */
static void test_base64_table(void **state G_GNUC_UNUSED)
{
	GByteArray *data = g_byte_array_new();

	for (int shift = 0; shift < 4; shift++) {
		for (unsigned int bits = 0; bits < 4096; bits += 2) {
			const uint8_t pair[3] = {
				bits >> 4, bits << 4 | (bits + 1) >> 8,
				bits + 1
			};

			g_byte_array_append(data, pair, 3);
		}
		g_byte_array_append(data, (const guint8 *)"\0\1\2", 3);
	}
	compare_base64(data->data, data->len, 64, data->len);
	g_byte_array_unref(data);
}

static int by_table(void **state G_GNUC_UNUSED)
{
	base64_may_shuffle = false;
	return 0;
}

static int by_both(void **state G_GNUC_UNUSED)
{
	base64_may_shuffle = true;
	return 0;
}

/* "123456789" is what CRC catalogues have; 21cf02 is CRC-24/OPENPGP's. */
static void test_crc24(void **state G_GNUC_UNUSED)
{
	GRand *random = g_rand_new_with_seed(2);
	uint8_t *data = random_bytes(random, 1000);

	assert_int_equal(crc24(CRC24_INIT, (const uint8_t *)"123456789", 9),
			 0x21cf02);
	for (size_t size = 0; size <= 1000; size++) {
		const uint32_t expected = oracle_crc24(data, size);

		test_case("CRC-24", size);
		for (size_t step = 1; step <= 40; step++) {
			assert_int_equal(text_crc24(data, size, step),
					 expected);
		}
	}
	g_free(data);
	g_rand_free(random);
}

static const struct {
	const char *text;
	size_t size;
	const char *crlf;
	size_t crlf_size;
} crlf_tests[] = {
	{ TEXT(""), TEXT("") },
	{ TEXT("a"), TEXT("a") },
	{ TEXT("\n"), TEXT("\r\n") },
	{ TEXT("\r\n"), TEXT("\r\n") },
	{ TEXT("\n\n"), TEXT("\r\n\r\n") },
	{ TEXT("\r"), TEXT("\r") },
	{ TEXT("\r\r\n"), TEXT("\r\r\n") },
	{ TEXT("\n\r"), TEXT("\r\n\r") },
	{ TEXT("a\r\nb\nc\r\nd\n"), TEXT("a\r\nb\r\nc\r\nd\r\n") },
	{ TEXT("a\rb\n"), TEXT("a\rb\r\n") },
	{ TEXT("\0\n\0"), TEXT("\0\r\n\0") }
};

static void test_crlf(void **state G_GNUC_UNUSED)
{
	for (size_t i = 0; i < G_N_ELEMENTS(crlf_tests); i++) {
		for (size_t step = 1; step <= crlf_tests[i].size + 1; step++) {
			GString *text = text_crlf(crlf_tests[i].text,
						  crlf_tests[i].size, step);

			test_case(crlf_tests[i].text, step);
			assert_bytes(text->str, text->len, crlf_tests[i].crlf,
				     crlf_tests[i].crlf_size);
			g_string_free(text, TRUE);
		}
	}
}

static void test_crlf_random(void **state G_GNUC_UNUSED)
{
	GRand *random = g_rand_new_with_seed(3);

	for (int i = 0; i < 3000; i++) {
		const size_t size = g_rand_int_range(random, 0,
			i % 10 == 0 ? 3 * CRLF_STEP : 40);
		const size_t step = g_rand_int_range(random, 1,
			i % 3 == 0 ? 2 * CRLF_STEP : 20);
		char *data = g_malloc(size + 1);
		GString *expected, *text;

		for (size_t j = 0; j < size; j++)
			data[j] = "\r\n\nab"[g_rand_int_range(random, 0, 5)];
		expected = oracle_crlf(data, size);
		text = text_crlf(data, size, step);
		test_case("CRLF", i);
		assert_bytes(text->str, text->len, expected->str,
			     expected->len);
		g_string_free(expected, TRUE);
		g_string_free(text, TRUE);
		g_free(data);
	}
	g_rand_free(random);
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_base64_sizes),
		cmocka_unit_test(test_base64_table),
		{ "test_base64 by table", test_base64, by_table, by_both,
		  NULL },
		{ "test_base64_sizes by table", test_base64_sizes, by_table,
		  by_both, NULL },
		{ "test_base64_table by table", test_base64_table, by_table,
		  by_both, NULL },
		cmocka_unit_test(test_crc24),
		cmocka_unit_test(test_crlf),
		cmocka_unit_test(test_crlf_random)
	};

	return cmocka_run_group_tests_name("text", all, NULL, NULL);
}
