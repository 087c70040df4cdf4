/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Armor and packets */

#include "certificate/dearmor.h"
#include "format/openpgp-armor.h"
#include "format/openpgp-body.h"
#include "format/openpgp-packet.h"
#include "test-lib.h"

#define TEXT(text) text, sizeof(text) - 1

/* RFC 9580 section 6.1: the checksum covers the bytes. "Hello" and its
   CRC-24 were computed with GnuPG 2.2.40: gpg --enarmor. */
static void test_write(void **state G_GNUC_UNUSED)
{
	struct openpgp_armor_writer writer;
	GString *out;
	const uint8_t *hello = (const uint8_t *)"Hello, world\n";

	for (size_t step = 1; step <= 13; step++) {
		out = g_string_new(NULL);
		openpgp_armor_init(&writer);
		openpgp_armor_begin(out);
		for (size_t i = 0; i < 13; i += step) {
			openpgp_armor_write(&writer, hello + i,
					    MIN(step, 13 - i), out);
		}
		openpgp_armor_end(&writer, out);
		test_case("armor", step);
		assert_bytes(out->str, out->len, TEXT(
			"-----BEGIN PGP MESSAGE-----\r\n\r\n"
			"SGVsbG8sIHdvcmxkCg==\r\n=uhak\r\n"
			"-----END PGP MESSAGE-----\r\n"));
		g_string_free(out, TRUE);
	}
}

/* What is armored as certificates is read as such. */
static void test_write_certificates(void **state G_GNUC_UNUSED)
{
	uint8_t bytes[100];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = 255 - i;
	for (size_t size = 1; size <= sizeof(bytes); size++) {
		GByteArray *read = g_byte_array_new();
		GString *out = g_string_new("a comment\n");

		test_case("certificates", size);
		openpgp_armor_certificates(bytes, size, out);
		openpgp_armor_certificates(bytes, 1, out);
		assert_int_equal(openpgp_dearmor_certificates(out->str,
							      out->len, read),
				 2);
		assert_int_equal(read->len, size + 1);
		assert_memory_equal(read->data, bytes, size);
		assert_int_equal(read->data[size], bytes[0]);
		g_string_free(out, TRUE);
		g_byte_array_unref(read);
	}
}

static void test_write_lines(void **state G_GNUC_UNUSED)
{
	struct openpgp_armor_writer writer;
	uint8_t bytes[200] = { 0 };

	for (size_t size = 0; size <= sizeof(bytes); size++) {
		GString *out = g_string_new(NULL);
		gchar **lines;

		openpgp_armor_init(&writer);
		openpgp_armor_begin(out);
		openpgp_armor_write(&writer, bytes, size, out);
		openpgp_armor_end(&writer, out);
		lines = g_strsplit(out->str, "\r\n", -1);
		for (size_t i = 0; lines[i] != NULL; i++) {
			assert_true(strlen(lines[i]) <= 76);
			assert_null(strchr(lines[i], '\n'));
		}
		/* begin, empty, data, checksum, end, and what is behind it */
		assert_int_equal(g_strv_length(lines),
				 2 + (size + 47) / 48 + 3);
		g_strfreev(lines);
		g_string_free(out, TRUE);
	}
}

static const struct {
	const char *name;
	int blocks;
	const char *text;
	const char *bytes;
} dearmor_tests[] = {
	{ "nothing", 0, "", "" },
	{ "no block", 0, "hello\n", "" },
	{ "a block", 1, "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n"
	  "SGVsbG8sIHdvcmxkCg==\n=uhak\n"
	  "-----END PGP PUBLIC KEY BLOCK-----\n", "Hello, world\n" },
	{ "with text around and fields, CRLF", 1, "my key:\r\n"
	  "-----BEGIN PGP PUBLIC KEY BLOCK-----\r\nComment: x\r\n\r\n"
	  "SGVsbG8sIHdvcmxkCg==\r\n=uhak\r\n"
	  "-----END PGP PUBLIC KEY BLOCK-----\r\nbye", "Hello, world\n" },
	{ "without checksum", 1, "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n"
	  "SGVs\nbG8=\n-----END PGP PUBLIC KEY BLOCK-----\n", "Hello" },
	{ "two blocks", 2, "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n"
	  "SGVs\n-----END PGP PUBLIC KEY BLOCK-----\n"
	  "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n"
	  "bG8=\n-----END PGP PUBLIC KEY BLOCK-----\n", "Hello" },
	{ "no end", -1, "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nSGVs\n",
	  NULL },
	{ "cut in the header", -1, "-----BEGIN PGP PUBLIC KEY BLOCK-----\n",
	  NULL },
	{ "white space and empty lines", 1,
	  "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n"
	  "SG Vs\n \n\tbG8=\n\n=uhak \n\n"
	  "-----END PGP PUBLIC KEY BLOCK-----\n", "Hello" },
	{ "no empty line before", 1, "-----BEGIN PGP PUBLIC KEY BLOCK-----\n"
	  "Version: x\nSGVsbG8=\n"
	  "-----END PGP PUBLIC KEY BLOCK-----\n", "Hello" },
	{ "padding missing", 1, "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n"
	  "SGVsbG8\n=uhak\n-----END PGP PUBLIC KEY BLOCK-----\n", "Hello" },
	{ "two of padding", 1, "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n"
	  "SGVsbA==\n=uhak\n-----END PGP PUBLIC KEY BLOCK-----\n", "Hell" },
	{ "text behind the checksum", -1,
	  "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n"
	  "SGVs\n=uhak\nSGVs\n-----END PGP PUBLIC KEY BLOCK-----\n", NULL },
	{ "not base64", -1, "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n"
	  "SG!Vs\n-----END PGP PUBLIC KEY BLOCK-----\n", NULL },
	{ "wrong checksum", 1, "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n"
	  "SGVsbG8sIHdvcmxkCg==\n=AAAA\n"
	  "-----END PGP PUBLIC KEY BLOCK-----\n", "Hello, world\n" },
	{ "a message", 0, "-----BEGIN PGP MESSAGE-----\n\n"
	  "SGVs\n-----END PGP MESSAGE-----\n", "" }
};

static void test_dearmor(void **state G_GNUC_UNUSED)
{
	for (size_t i = 0; i < G_N_ELEMENTS(dearmor_tests); i++) {
		const char *text = dearmor_tests[i].text;
		GByteArray *out = g_byte_array_new();
		int blocks = openpgp_dearmor_certificates(text, strlen(text),
							  out);

		test_case(dearmor_tests[i].name, i);
		assert_int_equal(blocks, dearmor_tests[i].blocks);
		if (blocks >= 0) {
			assert_bytes(out->data, out->len,
				     dearmor_tests[i].bytes,
				     strlen(dearmor_tests[i].bytes));
		}
		g_byte_array_unref(out);
	}
}

/* RFC 9580 sections 4.2.1.4 and 4.2.2 */
static const struct {
	const char *name;
	const char *data;
	size_t size;
	bool ok;
	unsigned int tag;
	size_t header_size, body_size;
	bool partial;
} packet_tests[] = {
	{ "one octet", TEXT("\xc1\x64"), true, 1, 2, 100, false },
	{ "two octets", TEXT("\xd2\xc5\xfb"), true, 18, 3, 1723, false },
	{ "five octets", TEXT("\xc6\xff\x00\x01\x86\xa0"), true, 6, 6,
	  100000, false },
	{ "partial", TEXT("\xd2\xef"), true, 18, 2, 32768, true },
	{ "legacy, one", TEXT("\x84\x5e"), true, 1, 2, 94, false },
	{ "legacy, two", TEXT("\x99\x01\x0d"), true, 6, 3, 269, false },
	{ "legacy, four", TEXT("\x86\x00\x01\x00\x00"), true, 1, 5, 65536,
	  false },
	{ "legacy, to the end", TEXT("\xa3\x01"), true, 8, 1, 1, true },
	{ "no packet", TEXT("Hello"), false, 0, 0, 0, false },
	{ "cut", TEXT("\xc1"), false, 0, 0, 0, false },
	{ "cut in the length", TEXT("\xc6\xff\x00"), false, 0, 0, 0, false },
	{ "legacy, cut in the length", TEXT("\x99\x01"), false, 0, 0, 0,
	  false }
};

static void test_packet(void **state G_GNUC_UNUSED)
{
	struct openpgp_packet_header header;

	for (size_t i = 0; i < G_N_ELEMENTS(packet_tests); i++) {
		test_case(packet_tests[i].name, i);
		assert_int_equal(openpgp_packet_read(
			(const uint8_t *)packet_tests[i].data,
			packet_tests[i].size, &header), packet_tests[i].ok);
		if (!packet_tests[i].ok)
			continue;
		assert_int_equal(header.tag, packet_tests[i].tag);
		assert_int_equal(header.header_size,
				 packet_tests[i].header_size);
		assert_int_equal(header.body_size, packet_tests[i].body_size);
		assert_int_equal(header.partial, packet_tests[i].partial);
	}
}

/* Packets with a body of one octet */
#define KEY "\306\001k"
#define UID "\315\001u"
#define SIG "\302\001s"
#define SUB "\316\001b"
#define SEC "\305\001x"
#define SECSUB "\307\001y"

static const struct {
	const char *name;
	const char *data;
	size_t size, certificate_size;
	bool has_secret;
} certificate_tests[] = {
	{ "one", TEXT(KEY UID SIG SUB SIG), 15, false },
	{ "two", TEXT(KEY UID SIG KEY UID SIG), 9, false },
	{ "one and a secret key", TEXT(KEY UID SEC), 6, true },
	{ "secret key", TEXT(SEC UID), 0, true },
	{ "secret subkey", TEXT(KEY UID SECSUB), 9, true },
	{ "none", TEXT(UID SIG), 0, false },
	{ "cut", TEXT(KEY UID "\302\005s"), 0, false },
	{ "noise behind", TEXT(KEY UID "noise"), 0, false },
	{ "partial", TEXT(KEY "\xd2\xef"), 0, false }
};

static void test_certificate_size(void **state G_GNUC_UNUSED)
{
	bool has_secret;

	for (size_t i = 0; i < G_N_ELEMENTS(certificate_tests); i++) {
		test_case(certificate_tests[i].name, i);
		assert_int_equal(openpgp_certificate_size(
			(const uint8_t *)certificate_tests[i].data,
			certificate_tests[i].size, &has_secret),
			certificate_tests[i].certificate_size);
		assert_int_equal(has_secret, certificate_tests[i].has_secret);
	}
}

/* Session keys for the key ids 0102030405060708 and 0, and one of version 6 */
#define PKESK "\301\012\003\001\002\003\004\005\006\007\010k"
#define PKESK_HIDDEN "\204\012\003\0\0\0\0\0\0\0\0k"
#define PKESK_6 "\301\012\006\001\002\003\004\005\006\007\010k"

static const struct {
	const char *name;
	const char *data;
	size_t size;
	int result;
	/* one of each character: "k"nown, "h"idden */
	const char *recipients;
} message_tests[] = {
	{ "session key, SEIPD 1", TEXT(PKESK "\322\005\001"), 1, "k" },
	{ "two session keys", TEXT(PKESK PKESK_HIDDEN "\322\357\001"), 1,
	  "kh" },
	{ "SEIPD 2", TEXT(PKESK "\322\005\002"), 0, NULL },
	{ "session key of version 6", TEXT(PKESK_6 "\322\005\001"), 0, NULL },
	{ "short session key", TEXT("\301\001\003\322\005\001"), 0, NULL },
	{ "OCB of GnuPG", TEXT(PKESK "\324\005\001"), 0, NULL },
	{ "without integrity protection", TEXT(PKESK "\311\005\001"), 0,
	  NULL },
	{ "without session key", TEXT("\322\005\001"), 0, NULL },
	{ "with a passphrase", TEXT("\303\001k\322\005\001"), 0, NULL },
	{ "text", TEXT("hello"), 0, NULL },
	{ "text behind a session key", TEXT(PKESK "hello"), 0, NULL },
	{ "nothing", TEXT(""), -1, NULL },
	{ "cut", TEXT("\301\012"), -1, NULL },
	{ "cut in the session key", TEXT("\301\012\003\001"), -1, NULL },
	{ "cut behind the session key", TEXT(PKESK), -1, NULL },
	{ "cut before the version", TEXT(PKESK "\322\005"), -1, NULL },
	{ "session key without end", TEXT("\301\357\003"), 0, NULL }
};

static void check_recipients(const char *message, size_t size,
			     const char *expected)
{
	size_t offset = 0;
	uint64_t id;

	for (; *expected != '\0'; expected++) {
		assert_true(openpgp_message_next_recipient(
			(const uint8_t *)message, size, &offset, &id));
		assert_true(id == (*expected == 'k' ? 0x0102030405060708 : 0));
	}
	assert_false(openpgp_message_next_recipient(
		(const uint8_t *)message, size, &offset, &id));
}

static void test_message(void **state G_GNUC_UNUSED)
{
	for (size_t i = 0; i < G_N_ELEMENTS(message_tests); i++) {
		int result = openpgp_message_check(
			(const uint8_t *)message_tests[i].data,
			message_tests[i].size);

		if (result != message_tests[i].result)
			fail_msg("%s: %d", message_tests[i].name, result);
		if (result > 0) {
			check_recipients(message_tests[i].data,
					 message_tests[i].size,
					 message_tests[i].recipients);
		}
	}
}

/*
 * Parts
 */

static int
take_part(const uint8_t *data, size_t size, void *context,
	  struct seal_error *error G_GNUC_UNUSED)
{
	g_byte_array_append(context, data, size);
	return 0;
}

/* What ends the packet are parts and a last one, with these bytes in them. */
static void
check_end(const GByteArray *out, const struct openpgp_body *body, size_t size)
{
	uint8_t expected = 0;
	size_t pos = 0;
	bool partial = true;

	while (partial) {
		/* a length is read behind a tag */
		uint8_t start[OPENPGP_HEADER_MAX] = { 0xc0 };
		struct openpgp_packet_header header;

		memcpy(start + 1, out->data + pos,
		       MIN(sizeof(start) - 1, out->len - pos));
		assert_true(openpgp_packet_read(start, sizeof(start),
						&header));
		pos += header.header_size - 1;
		assert_true(header.body_size <= out->len - pos);
		for (size_t i = 0; i < header.body_size; i++)
			assert_int_equal(out->data[pos++], expected++);
		size -= header.body_size;
		partial = header.partial;
	}
	assert_int_equal(pos, out->len);
	assert_int_equal(size, 0);
	assert_true(body->written % 32768 != 0);
}

/* librnp takes a packet of a multiple of 32768 bytes for one that is cut off.
   So many parts are out already, and so many bytes come. */
static void test_body_end(void **state G_GNUC_UNUSED)
{
	struct openpgp_body *body = g_new(struct openpgp_body, 1);
	GByteArray *out = g_byte_array_new();
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	unsigned int count = 0;

	/* the last part is the smaller the more there are, and begins anew */
	for (uint64_t parts = 1; parts < 2 * OPENPGP_PART_SIZE;
	     parts += parts < 8400 && parts > 7600 ? 1 :
	     parts > 15800 && parts < 16500 ? 1 : 41) {
		const uint64_t written = 1 + parts * (1 + OPENPGP_PART_SIZE);
		const uint64_t left = 32768 - written % 32768;

		/* lengths have 1, 2 and 5 bytes */
		for (uint64_t length = 1; length <= 5; length++) {
			if (left <= length ||
			    left - length > OPENPGP_PART_SIZE)
				continue;
			openpgp_body_init(body, OPENPGP_LITERAL, take_part,
					  out);
			body->written = written;
			body->used = left - length;
			for (size_t i = 0; i < body->used; i++)
				body->part[i] = i;
			g_byte_array_set_size(out, 0);
			test_case("parts", parts);
			assert_int_equal(openpgp_body_finish(body, &error), 0);
			check_end(out, body, left - length);
			count++;
		}
	}
	assert_true(count > 1000);
	g_byte_array_unref(out);
	g_free(body);
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_write_lines),
		cmocka_unit_test(test_write_certificates),
		cmocka_unit_test(test_dearmor),
		cmocka_unit_test(test_packet),
		cmocka_unit_test(test_body_end),
		cmocka_unit_test(test_certificate_size),
		cmocka_unit_test(test_message)
	};

	return cmocka_run_group_tests_name("openpgp", all, NULL, NULL);
}
