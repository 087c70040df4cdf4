/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "detect.h"
#include "test-lib.h"

#include <gmime/gmime.h>

/* A message of a session key packet (tag 1) and an encrypted packet (tag 18),
   as short as they get, and its checksum */
#define ARMOR_BODY "wQMDqrvSBQERIjNE\n"
#define ARMOR_SUM "=G7rI\n"
#define ARMOR \
	"-----BEGIN PGP MESSAGE-----\n\n" ARMOR_BODY ARMOR_SUM \
	"-----END PGP MESSAGE-----\n"
#define ARMOR_OF(body) \
	"-----BEGIN PGP MESSAGE-----\n\n" body "-----END PGP MESSAGE-----\n"

#define ENCRYPTED \
	"Content-Type: multipart/encrypted; boundary=b;\n" \
	"\tprotocol=\"application/pgp-encrypted\"\n\n"
#define VERSION_PART \
	"--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n\n"
#define CIPHER_PART \
	"--b\nContent-Type: application/octet-stream\n\n" ARMOR "\n"
#define CLOSE "--b--\n"

/* ContentInfo with what RFC 5652 section 6.1 asks for, as short as it gets */
#define CMS_ENVELOPED "MDMGCSqGSIb3DQEHA6AmMCQCAQAxBTADAgEAMBgGCSqGSIb3DQEHATAFBgNVBAOABAECAwQ="
#define CMS_SIGNED "MDMGCSqGSIb3DQEHAqAmMCQCAQAxBTADAgEAMBgGCSqGSIb3DQEHATAFBgNVBAOABAECAwQ="
#define CMS_AUTH_ENVELOPED \
	"MDoGCyqGSIb3DQEJEAEXoCswKQIBADEFMAMCAQAwGAYJKoZIhvcNAQcBMAUGA1UEA4AEAQIDBAQDbWFj"
#define CMS_INDEFINITE \
	"MIAGCSqGSIb3DQEHA6CAMIACAQAxBTADAgEAMIAGCSqGSIb3DQEHATAFBgNVBAOg" \
	"gAQEMTIzNAAAAAAAAAAAAAA="
#define CMS_WITHOUT_RECIPIENT "MC4GCSqGSIb3DQEHA6AhMB8CAQAxADAYBgkqhkiG9w0BBwEwBQYDVQQDgAQBAgME"
/* the type of enveloped-data, and text behind it */
#define CMS_TEXT \
	"MIAGCSqGSIb3DQEHAyBhbmQgdGhlbiBhbGwgdGhlIHRleHQgb25lIGxpa2Vz" \
	"LCBmb3Igbm9ib2R5IGxvb2tz"
#define CMS(type) \
	"Content-Type: " type "\nContent-Transfer-Encoding: base64\n\n"

#define SETUP_HEADER \
	"Autocrypt-Setup-Message: v1\n" \
	"Content-Type: multipart/mixed; boundary=b\n\n"
#define SETUP_TEXT "--b\nContent-Type: text/plain\n\nThis message...\n\n"
#define SETUP_ARMOR \
	"-----BEGIN PGP MESSAGE-----\nPassphrase-Format: numeric9x4\n" \
	"Passphrase-Begin: 17\n\n" \
	"wwMEqrvSBQERIjNE\n" \
	"=Cf8J\n" \
	"-----END PGP MESSAGE-----\n"
#define SETUP_PART \
	"--b\nContent-Type: application/autocrypt-setup\n\n" \
	"<html><body>\n<pre>\n" SETUP_ARMOR "</pre></body></html>\n"

static const struct {
	const char *name;
	bool encrypted;
	const char *message;
} tests[] = {
	/* PGP/MIME */
	{ "PGP/MIME", true, ENCRYPTED VERSION_PART CIPHER_PART CLOSE },
	{ "with the usual preamble", true,
	  ENCRYPTED "This is an OpenPGP/MIME encrypted message "
	  "(RFC 4880 and 3156)\n" VERSION_PART CIPHER_PART CLOSE },
	{ "with empty lines after it", true,
	  ENCRYPTED VERSION_PART CIPHER_PART CLOSE "\n \n\n" },
	{ "close without a line end", true,
	  ENCRYPTED VERSION_PART CIPHER_PART "--b--" },
	{ "without protocol", true,
	  "Content-Type: multipart/encrypted; boundary=b\n\n"
	  VERSION_PART CIPHER_PART CLOSE },
	{ "with another protocol", false,
	  "Content-Type: multipart/encrypted; boundary=b; protocol=\"a/b\"\n\n"
	  VERSION_PART CIPHER_PART CLOSE },
	{ "armor with header fields", true,
	  ENCRYPTED VERSION_PART
	  "--b\nContent-Type: application/octet-stream\n\n"
	  "-----BEGIN PGP MESSAGE-----\nVersion: X\nComment: y\n\n" ARMOR_BODY
	  "-----END PGP MESSAGE-----\n" CLOSE },
	{ "armor without its end", false,
	  ENCRYPTED VERSION_PART "--b\n\n-----BEGIN PGP MESSAGE-----\n\n"
	  ARMOR_BODY CLOSE },
	{ "no armor", false, ENCRYPTED VERSION_PART
	  "--b\nContent-Type: application/octet-stream\n\nsecret\n" CLOSE },
	{ "base64 in it that isn't OpenPGP", false,
	  ENCRYPTED VERSION_PART "--b\n\n"
	  ARMOR_OF("c2VjcmV0IHNlY3JldCBzZWNyZXQ=\n") CLOSE },
	{ "a compressed packet in it", false,
	  ENCRYPTED VERSION_PART "--b\n\n"
	  ARMOR_OF("owJ4nJvAy8zAxTi1wDU1rTg9NTUlKbEEAA==\n") CLOSE },
	{ "a second container in it", false,
	  ENCRYPTED VERSION_PART "--b\n\n" ARMOR_OF("wQMDqrvSBQERIjNE0gUBESIzRA==\n") CLOSE },
	{ "cut short", false,
	  ENCRYPTED VERSION_PART "--b\n\n" ARMOR_OF("wQMDqrvSBQERIjM=\n") CLOSE },
	{ "text in base64 in it", false,
	  ENCRYPTED VERSION_PART "--b\n\n" ARMOR_OF("wQMDqrvSBQERIjNEaGVsbG8gd29ybGQsIHRoaXMgaXMgdGV4dA==\n") CLOSE },
	{ "words in it that are base64", false,
	  ENCRYPTED VERSION_PART "--b\n\n"
	  ARMOR_OF("wQMDqrvS\nDearAlice/this/is/secret\n") CLOSE },
	{ "wrong checksum", false,
	  ENCRYPTED VERSION_PART "--b\n\n" ARMOR_OF(ARMOR_BODY "=AAAA\n")
	  CLOSE },
	{ "data behind padding", false,
	  ENCRYPTED VERSION_PART "--b\n\n"
	  ARMOR_OF("wQMDqrvSBQERIjNE\nAA==\nAAAA\n") CLOSE },
	{ "a field for people in a part", false,
	  ENCRYPTED "--b\nContent-Type: application/pgp-encrypted\n"
	  "X-Secret: text\n\nVersion: 1\n\n" CIPHER_PART CLOSE },
	{ "text in a part's header", false,
	  ENCRYPTED "--b\nContent-Type: application/pgp-encrypted\n"
	  "secret text\n\nVersion: 1\n\n" CIPHER_PART CLOSE },
	{ "preamble of IMP", true,
	  ENCRYPTED "This message is in MIME format and has been PGP "
	  "encrypted.\n" VERSION_PART CIPHER_PART CLOSE },
	{ "container of plaintext parts", false,
	  ENCRYPTED "--b\nContent-Type: text/plain\n\nsecret\n"
	  "--b\nContent-Type: text/html\n\nsecret\n" CLOSE },
	{ "a third part", false,
	  ENCRYPTED VERSION_PART CIPHER_PART
	  "--b\nContent-Type: text/plain\n\nfooter\n" CLOSE },
	{ "two ciphertexts", false,
	  ENCRYPTED VERSION_PART CIPHER_PART CIPHER_PART CLOSE },
	{ "one part", false, ENCRYPTED VERSION_PART CLOSE },
	{ "no part", false, ENCRYPTED CLOSE },
	{ "without the close", false, ENCRYPTED VERSION_PART CIPHER_PART },
	{ "text in the version part", false,
	  ENCRYPTED "--b\nContent-Type: application/pgp-encrypted\n\n"
	  "Version: 1\nsecret\n" CIPHER_PART CLOSE },
	{ "text in front", false,
	  ENCRYPTED "secret\n" VERSION_PART CIPHER_PART CLOSE },
	{ "long text in front", false,
	  ENCRYPTED "This is a secret.\n"
	  "0123456789012345678901234567890123456789012345678901234567890123\n"
	  "0123456789012345678901234567890123456789012345678901234567890123\n"
	  "0123456789012345678901234567890123456789012345678901234567890123\n"
	  VERSION_PART CIPHER_PART CLOSE },
	{ "text behind", false,
	  ENCRYPTED VERSION_PART CIPHER_PART CLOSE "secret\n" },
	{ "text behind the armor", false,
	  ENCRYPTED VERSION_PART "--b\n\n" ARMOR "secret\n" CLOSE },
	{ "base64 armor", true,
	  ENCRYPTED VERSION_PART "--b\nContent-Transfer-Encoding: base64\n\n"
	  "LS0tLS1CRUdJTiBQR1AgTUVTU0FHRS0tLS0tCgp3UU1EcXJ2U0JRRVJJak5FCj1H\n"
	  "N3JJCi0tLS0tRU5EIFBHUCBNRVNTQUdFLS0tLS0K\n" CLOSE },
	{ "base64 armor and text", false,
	  ENCRYPTED VERSION_PART "--b\nContent-Transfer-Encoding: base64\n\n"
	  "LS0tLS1CRUdJTiBQR1AgTUVTU0FHRS0tLS0tCgp3UU1EcXJ2U0JRRVJJak5FCj1H\n"
	  "N3JJCi0tLS0tRU5EIFBHUCBNRVNTQUdFLS0tLS0K\n\n!! secret !!\n" CLOSE },
	{ "no boundary", false, "Content-Type: multipart/encrypted\n\n"
	  VERSION_PART CIPHER_PART CLOSE },
	{ "two Content-Types", false,
	  "Content-Type: text/html\n" ENCRYPTED
	  VERSION_PART CIPHER_PART CLOSE },
	{ "nested in a mixed", false,
	  "Content-Type: multipart/mixed; boundary=c\n\n--c\n" ENCRYPTED
	  VERSION_PART CIPHER_PART CLOSE "--c--\n" },
	{ "base64 of the multipart itself", false,
	  "Content-Transfer-Encoding: base64\n" ENCRYPTED
	  VERSION_PART CIPHER_PART CLOSE },

	/* as Exchange mangles it */
	{ "mangled", true, "Content-Type: multipart/mixed; boundary=b\n\n"
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, with an empty text", true,
	  "Content-Type: multipart/mixed; boundary=b\n\n"
	  "--b\nContent-Type: text/plain\n\n\n"
	  VERSION_PART CIPHER_PART CLOSE },
	{ "mangled, with a text", false,
	  "Content-Type: multipart/mixed; boundary=b\n\n"
	  "--b\nContent-Type: text/plain\n\nsecret\n"
	  VERSION_PART CIPHER_PART CLOSE },
	{ "ciphertext attached", false,
	  "Content-Type: multipart/mixed; boundary=b\n\n"
	  "--b\nContent-Type: text/plain\n\nsee file\n" CIPHER_PART CLOSE },
	{ "ciphertext without a version", false,
	  "Content-Type: multipart/mixed; boundary=b\n\n" CIPHER_PART CLOSE },

	/* inline */
	{ "inline", true, "Content-Type: text/plain\n\n" ARMOR },
	{ "inline without Content-Type", true, "Subject: x\n\n" ARMOR },
	{ "inline with empty lines around", true,
	  "Subject: x\n\n\n\n" ARMOR "\n\n" },
	{ "inline with CRLF", true,
	  "Subject: x\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n\r\n"
	  "wQMDqrvSBQERIjNE\r\n-----END PGP MESSAGE-----\r\n" },
	{ "text before", false, "Subject: x\n\nHello\n" ARMOR },
	{ "text behind", false, "Subject: x\n\n" ARMOR "-- \nme\n" },
	{ "quoted", false, "Subject: x\n\n> -----BEGIN PGP MESSAGE-----\n" },
	{ "two blocks", false, "Subject: x\n\n" ARMOR ARMOR },
	{ "no end", false, "Subject: x\n\n-----BEGIN PGP MESSAGE-----\n\n"
	  ARMOR_BODY },
	{ "no data", false, "Subject: x\n\n" ARMOR_OF("") },
	{ "text in the armor", false, "Subject: x\n\n"
	  ARMOR_OF(ARMOR_BODY "this is secret text\n") },
	{ "long text in the armor's header", false,
	  "Subject: x\n\n-----BEGIN PGP MESSAGE-----\n"
	  "Comment: 01234567890123456789012345678901234567890123456789\n"
	  "Comment: 01234567890123456789012345678901234567890123456789\n"
	  "Comment: 01234567890123456789012345678901234567890123456789\n"
	  "Comment: 01234567890123456789012345678901234567890123456789\n"
	  "Comment: 01234567890123456789012345678901234567890123456789\n"
	  "Comment: 01234567890123456789012345678901234567890123456789\n"
	  "Comment: 01234567890123456789012345678901234567890123456789\n"
	  "Comment: 01234567890123456789012345678901234567890123456789\n"
	  "Comment: 01234567890123456789012345678901234567890123456789\n"
	  "\n" ARMOR_BODY "-----END PGP MESSAGE-----\n" },
	{ "clearsigned", false,
	  "Subject: x\n\n-----BEGIN PGP SIGNED MESSAGE-----\n" },
	{ "in HTML", false, "Content-Type: text/html\n\n" ARMOR },
	{ "quoted-printable", true,
	  "Content-Transfer-Encoding: quoted-printable\n\n"
	  "-----BEGIN PGP MESSAGE-----\n\nwQMDqrvSBQERIjNE\n=3DG7rI\n"
	  "-----END PGP MESSAGE-----\n" },

	/* S/MIME */
	{ "enveloped", true, CMS("application/pkcs7-mime; "
	  "smime-type=enveloped-data") CMS_ENVELOPED "\n" },
	{ "x-pkcs7-mime", true,
	  CMS("application/x-pkcs7-mime") CMS_ENVELOPED "\n" },
	{ "says signed-data", true, CMS("application/pkcs7-mime; "
	  "smime-type=signed-data") CMS_ENVELOPED "\n" },
	{ "authenticated", true,
	  CMS("application/pkcs7-mime") CMS_AUTH_ENVELOPED "\n" },
	{ "of unknown length", true,
	  CMS("application/pkcs7-mime") CMS_INDEFINITE "\n" },
	{ "signed, says enveloped", false, CMS("application/pkcs7-mime; "
	  "smime-type=enveloped-data") CMS_SIGNED "\n" },
	{ "without recipients", false,
	  CMS("application/pkcs7-mime") CMS_WITHOUT_RECIPIENT "\n" },
	{ "text in place of the envelope", false,
	  CMS("application/pkcs7-mime") CMS_TEXT "\n" },
	{ "not in base64", false,
	  "Content-Type: application/pkcs7-mime\n\n" CMS_ENVELOPED "\n" },
	{ "not CMS", false,
	  CMS("application/pkcs7-mime") "c2VjcmV0IHNlY3JldA==\n" },
	{ "text behind CMS", false,
	  CMS("application/pkcs7-mime") CMS_ENVELOPED "\n-- \nfooter\n" },
	{ "words behind CMS", false,
	  CMS("application/pkcs7-mime") CMS_ENVELOPED "\nsecrettext\n" },
	{ "octet-stream named .p7m", false,
	  CMS("application/octet-stream; name=smime.p7m") CMS_ENVELOPED },
	{ "empty", false, CMS("application/pkcs7-mime") },

	/* Autocrypt */
	{ "Autocrypt Setup Message", true,
	  SETUP_HEADER SETUP_TEXT SETUP_PART CLOSE },
	{ "without the field", false,
	  "Content-Type: multipart/mixed; boundary=b\n\n"
	  SETUP_TEXT SETUP_PART CLOSE },
	{ "without the secret", false,
	  SETUP_HEADER SETUP_TEXT
	  "--b\nContent-Type: application/autocrypt-setup\n\nhello\n" CLOSE },
	{ "with another part", false,
	  SETUP_HEADER SETUP_TEXT SETUP_PART
	  "--b\nContent-Type: text/plain\n\nsecret\n" CLOSE },

	/* nothing of all this */
	{ "plain text", false, "Subject: x\n\nhello\n" },
	{ "nothing", false, "" },
	{ "header only", false, "Subject: x\n" },
	{ "encrypted header only", false, ENCRYPTED },
	{ "signed", false, "Content-Type: multipart/signed; boundary=b\n\n" },
	{ "a message inside", false,
	  "Content-Type: message/rfc822\n\n" ENCRYPTED
	  VERSION_PART CIPHER_PART CLOSE }
};

static enum seal_verdict
detect(const char *message, size_t size, size_t step)
{
	struct seal_detector *detector = seal_detector_new();
	enum seal_verdict verdict = SEAL_VERDICT_OPEN;

	for (size_t i = 0; i < size; i += step) {
		enum seal_verdict next = seal_detector_push(
			detector, message + i, MIN(step, size - i));

		/* PLAIN is for good */
		if (verdict == SEAL_VERDICT_PLAIN)
			assert_int_equal(next, SEAL_VERDICT_PLAIN);
		assert_int_not_equal(next, SEAL_VERDICT_ENCRYPTED);
		verdict = next;
	}
	verdict = seal_detector_finish(detector);
	seal_detector_free(&detector);
	return verdict;
}

static void check(const char *name, const char *message, bool encrypted)
{
	size_t size = strlen(message);

	for (size_t step = 1; step <= size + 1; step += 1 + step / 8) {
		enum seal_verdict verdict = detect(message, size, step);

		if ((verdict == SEAL_VERDICT_ENCRYPTED) != encrypted) {
			fail_msg("%s, in pieces of %zu: taken for %s", name,
				 step, encrypted ? "plain" : "encrypted");
		}
	}
}

static void test_table(void **state G_GNUC_UNUSED)
{
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++)
		check(tests[i].name, tests[i].message, tests[i].encrypted);
}

/* Line ends are no criterion. */
static void test_table_crlf(void **state G_GNUC_UNUSED)
{
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		GString *crlf = g_string_new(NULL);

		for (const char *p = tests[i].message; *p != '\0'; p++) {
			if (*p == '\n')
				g_string_append_c(crlf, '\r');
			if (*p != '\r')
				g_string_append_c(crlf, *p);
		}
		check(tests[i].name, crlf->str, tests[i].encrypted);
		g_string_free(crlf, TRUE);
	}
}

/* Every message cut off anywhere: never encrypted unless only white space is
   missing. */
static void test_truncated(void **state G_GNUC_UNUSED)
{
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		const char *message = tests[i].message;
		size_t size = strlen(message);

		for (size_t cut = 0; cut < size; cut++) {
			enum seal_verdict verdict = detect(message, cut, 4096);
			const char *rest = message + cut;

			if (verdict != SEAL_VERDICT_ENCRYPTED)
				continue;
			if (strstr(tests[i].name, "behind") == NULL &&
			    strspn(rest, " \r\n") != strlen(rest) &&
			    strcmp(tests[i].name, "two blocks") != 0 &&
			    strcmp(tests[i].name, "of unknown length") != 0)
				fail_msg("%s, cut to %zu: taken for encrypted",
					 tests[i].name, cut);
		}
	}
}

/* A header section, a body part's header section or a line without end is
   plain at once: nothing is to be gathered. */
static void test_endless(void **state G_GNUC_UNUSED)
{
	static const char *const starts[] = {
		"X: ", ENCRYPTED, ENCRYPTED "--b\nX: ", "\n", ENCRYPTED
		VERSION_PART "--b\n\n-----BEGIN PGP MESSAGE-----\n\n"
	};
	char filler[1024];

	memset(filler, 'A', sizeof(filler));
	for (size_t i = 0; i < G_N_ELEMENTS(starts); i++) {
		struct seal_detector *detector = seal_detector_new();
		int pushes = 0;

		(void)seal_detector_push(detector, starts[i],
					 strlen(starts[i]));
		while (seal_detector_push(detector, filler, sizeof(filler)) ==
		       SEAL_VERDICT_OPEN)
			assert_true(++pushes < 1024);
		seal_detector_free(&detector);
	}
}

static int setup(void **state G_GNUC_UNUSED)
{
	g_mime_init();
	return 0;
}

static int teardown(void **state G_GNUC_UNUSED)
{
	g_mime_shutdown();
	return 0;
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_table_crlf),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_endless)
	};

	return cmocka_run_group_tests_name("detect", all, setup, teardown);
}
