/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Protected header fields, through the whole core with an engine that
   encrypts nothing. */

#include "copy-engine.h"
#include "message/header-protect.h"
#include "test-lib.h"
#include "../../bench/worst-messages.h"

#include <time.h>

#define TEXT(text) text, sizeof(text) - 1

#define HIDDEN "Subject: [...]\r\n"
#define HP_HIDDEN "HP-Outer: Subject: [...]\r\n"
#define PARAMETERS ";\r\n protected-headers=\"v1\"; hp=\"cipher\""
#define DEFAULT_TYPE \
	"Content-Type: text/plain; charset=us-ascii" PARAMETERS "\r\n"
#define OURS_BEGIN "MIME-Version: 1.0\r\nContent-Type: multipart/encrypted;"

static const char *const hidden[] = {
	"Subject", "Keywords", "X-Secret", NULL
};

static const struct {
	const char *name;
	const char *message;
	size_t message_size;
	/* but for our mark (test-mark.c), and for MIME-Version, which none of
	   these has */
	const char *outside;
	size_t outside_size;
	const char *inside;
	size_t inside_size;
} tests[] = {
	{ "Subject alone, no Content-Type",
	  TEXT("Subject: s\r\n\r\nb"), TEXT(HIDDEN),
	  TEXT(DEFAULT_TYPE "Subject: s\r\n" HP_HIDDEN "\r\nb") },
	{ "all that is kept, in order",
	  TEXT("Received: r\r\nFrom: f\r\nTo: t\r\nCc: c\r\nDate: d\r\n"
	       "Content-Type: text/html\r\nMessage-ID: <m>\r\nReply-To: e\r\n"
	       "Subject: s\r\nIn-Reply-To: <i>\r\nReferences: <a> <b>\r\n"
	       "X-Other: o\r\n\r\nb"),
	  TEXT("Received: r\r\nFrom: f\r\nTo: t\r\nCc: c\r\nDate: d\r\n"
	       "Message-ID: <m>\r\nReply-To: e\r\n" HIDDEN
	       "In-Reply-To: <i>\r\nReferences: <a> <b>\r\nX-Other: o\r\n"),
	  TEXT("From: f\r\nTo: t\r\nCc: c\r\nDate: d\r\n"
	       "Content-Type: text/html" PARAMETERS "\r\nMessage-ID: <m>\r\n"
	       "Reply-To: e\r\nSubject: s\r\nIn-Reply-To: <i>\r\n"
	       "References: <a> <b>\r\n"
	       "HP-Outer: From: f\r\nHP-Outer: To: t\r\nHP-Outer: Cc: c\r\n"
	       "HP-Outer: Date: d\r\nHP-Outer: Message-ID: <m>\r\n"
	       "HP-Outer: Reply-To: e\r\nHP-Outer: In-Reply-To: <i>\r\n"
	       "HP-Outer: References: <a> <b>\r\n" HP_HIDDEN "\r\nb") },
	{ "other hidden fields have nothing outside",
	  TEXT("Keywords: k,\r\n l\r\nSubject: s\r\nx-secret: 1\r\n"
	       "X-SECRET: 2\r\nX-Secrets: 3\r\n\r\nb"),
	  TEXT(HIDDEN "X-Secrets: 3\r\n"),
	  TEXT(DEFAULT_TYPE "Keywords: k,\r\n l\r\nSubject: s\r\n"
	       "x-secret: 1\r\nX-SECRET: 2\r\n" HP_HIDDEN "\r\nb") },
	{ "folded",
	  TEXT("Subject: =?utf-8?q?a?=\r\n =?utf-8?q?b?=\r\n\tc\r\n"
	       "To: x,\r\n y\r\n\r\nb"),
	  TEXT(HIDDEN "To: x,\r\n y\r\n"),
	  TEXT(DEFAULT_TYPE "Subject: =?utf-8?q?a?=\r\n =?utf-8?q?b?=\r\n"
	       "\tc\r\nTo: x,\r\n y\r\nHP-Outer: To: x,\r\n y\r\n" HP_HIDDEN
	       "\r\nb") },
	{ "LF line ends are CRLF inside, kept outside",
	  TEXT("Subject: a\n b\nTo: x\n\nb\n"), TEXT(HIDDEN "To: x\n"),
	  TEXT(DEFAULT_TYPE "Subject: a\r\n b\r\nTo: x\r\n"
	       "HP-Outer: To: x\r\n" HP_HIDDEN "\r\nb\r\n") },
	{ "empty Subject", TEXT("Subject:\r\nX: 1\r\n\r\nb"),
	  TEXT(HIDDEN "X: 1\r\n"),
	  TEXT(DEFAULT_TYPE "Subject:\r\n" HP_HIDDEN "\r\nb") },
	{ "two Subjects", TEXT("Subject: 1\r\nX: 1\r\nsubject : 2\r\n\r\nb"),
	  TEXT(HIDDEN "X: 1\r\n"),
	  TEXT(DEFAULT_TYPE "Subject: 1\r\nsubject : 2\r\n" HP_HIDDEN
	       "\r\nb") },
	{ "8-bit, NUL and a bare CR",
	  TEXT("Subject: \xe4\0\rX: y\r\n\r\nb"), TEXT(HIDDEN),
	  TEXT(DEFAULT_TYPE "Subject: \xe4\0\rX: y\r\n" HP_HIDDEN "\r\nb") },
	{ "Subject is the last line and has no end",
	  TEXT("X: 1\r\nSubject: s"), TEXT("X: 1\r\n" HIDDEN),
	  TEXT(DEFAULT_TYPE "Subject: s\r\n" HP_HIDDEN "\r\n") },
	{ "junk beside it",
	  TEXT("From x Mon 10:11\r\nSubject: s\r\nno colon\r\n folded\r\n"
	       "Subject\r\n\r\nb"),
	  TEXT("From x Mon 10:11\r\n" HIDDEN "no colon\r\n folded\r\n"
	       "Subject\r\n"),
	  TEXT(DEFAULT_TYPE "Subject: s\r\n" HP_HIDDEN "\r\nb") },
	{ "folding before any field",
	  TEXT(" x\r\nSubject: s\r\n\r\nb"), TEXT(" x\r\n" HIDDEN),
	  TEXT(DEFAULT_TYPE "Subject: s\r\n" HP_HIDDEN "\r\nb") },
	{ "fields that claim to be ours",
	  TEXT("Subject: s\r\nHP-Outer: Subject: no\r\nX-Mail-Seal: v=1\r\n"
	       "\r\nb"),
	  TEXT(HIDDEN "HP-Outer: Subject: no\r\n"),
	  TEXT(DEFAULT_TYPE "Subject: s\r\n" HP_HIDDEN "\r\nb") },

	/* roots */
	{ "text with parameters",
	  TEXT("Content-Type: text/plain; charset=utf-8\r\nSubject: s\r\n"
	       "Content-Transfer-Encoding: 8bit\r\n\r\nb"),
	  TEXT(HIDDEN),
	  TEXT("Content-Type: text/plain" PARAMETERS ";\r\n charset=utf-8\r\n"
	       "Subject: s\r\nContent-Transfer-Encoding: 8bit\r\n" HP_HIDDEN
	       "\r\nb") },
	{ "multipart, folded",
	  TEXT("Subject: s\nContent-Type: multipart/mixed;\n boundary=\"x\"\n"
	       "\n--x\n\na\n--x--\n"),
	  TEXT(HIDDEN),
	  TEXT("Subject: s\r\nContent-Type: multipart/mixed" PARAMETERS
	       ";\r\n boundary=\"x\"\r\n" HP_HIDDEN
	       "\r\n--x\r\n\r\na\r\n--x--\r\n") },
	{ "no space behind the semicolon",
	  TEXT("Subject: s\r\nContent-Type:text/html;charset=x\r\n\r\nb"),
	  TEXT(HIDDEN),
	  TEXT("Subject: s\r\nContent-Type:text/html" PARAMETERS
	       ";charset=x\r\n" HP_HIDDEN "\r\nb") },
	{ "message/rfc822",
	  TEXT("Subject: s\r\nContent-Type: message/rfc822\r\n\r\n"
	       "Subject: inner\r\nX-Secret: x\r\n\r\nb"),
	  TEXT(HIDDEN),
	  TEXT("Subject: s\r\nContent-Type: message/rfc822" PARAMETERS "\r\n"
	       HP_HIDDEN "\r\nSubject: inner\r\nX-Secret: x\r\n\r\nb") },
	{ "comments",
	  TEXT("Subject: s\r\nContent-Type: (a/b \\) (;))\r\n text (c) / (d)"
	       " plain (e); charset=x\r\n\r\nb"),
	  TEXT(HIDDEN),
	  TEXT("Subject: s\r\nContent-Type: (a/b \\) (;))\r\n text (c) / (d)"
	       " plain" PARAMETERS " (e); charset=x\r\n" HP_HIDDEN "\r\nb") },
	{ "the semicolon is missing",
	  TEXT("Subject: s\r\nContent-Type: text/html charset=x\r\n\r\nb"),
	  TEXT(HIDDEN),
	  TEXT("Subject: s\r\nContent-Type: text/html" PARAMETERS
	       "; charset=x\r\n" HP_HIDDEN "\r\nb") },
	{ "a quote that isn't closed",
	  TEXT("Subject: s\r\nContent-Type: text/html; charset=\"x\r\n\r\nb"),
	  TEXT(HIDDEN),
	  TEXT("Subject: s\r\nContent-Type: text/html" PARAMETERS
	       ";\r\n charset=\"x\r\n" HP_HIDDEN "\r\nb") },
	{ "no type", TEXT("Subject: s\r\nContent-Type: ; a=b\r\n\r\nb"),
	  TEXT(HIDDEN),
	  TEXT(DEFAULT_TYPE "Subject: s\r\nContent-Type: ; a=b\r\n" HP_HIDDEN
	       "\r\nb") },
	{ "no subtype", TEXT("Subject: s\r\nContent-Type: text\r\n\r\nb"),
	  TEXT(HIDDEN),
	  TEXT(DEFAULT_TYPE "Subject: s\r\nContent-Type: text\r\n" HP_HIDDEN
	       "\r\nb") },
	{ "empty Content-Type", TEXT("Subject: s\r\nContent-Type:\r\n\r\nb"),
	  TEXT(HIDDEN),
	  TEXT(DEFAULT_TYPE "Subject: s\r\nContent-Type:\r\n" HP_HIDDEN
	       "\r\nb") },
	{ "two Content-Types",
	  TEXT("Subject: s\r\nContent-Type: text/html\r\nX: 1\r\n"
	       "Content-Type: text/plain; a=b\r\n\r\nb"),
	  TEXT(HIDDEN "X: 1\r\n"),
	  TEXT("Subject: s\r\nContent-Type: text/html" PARAMETERS "\r\n"
	       "Content-Type: text/plain" PARAMETERS ";\r\n a=b\r\n"
	       HP_HIDDEN "\r\nb") },

	/* exceptions */
	{ "no Subject",
	  TEXT("From: f\r\nX-Secret: x\r\nContent-Type: text/html\r\n\r\nb"),
	  TEXT("From: f\r\nX-Secret: x\r\n"),
	  TEXT("Content-Type: text/html\r\n\r\nb") },
	{ "multipart/signed",
	  TEXT("Content-Type: Multipart/Signed; boundary=x;\r\n"
	       " protocol=\"application/pgp-signature\"\r\nSubject: s\r\n"
	       "X-Secret: x\r\n\r\n--x\r\n"),
	  TEXT("Subject: s\r\nX-Secret: x\r\n"),
	  TEXT("Content-Type: Multipart/Signed; boundary=x;\r\n"
	       " protocol=\"application/pgp-signature\"\r\n\r\n--x\r\n") },
	{ "S/MIME signed-data",
	  TEXT("Content-Type: application/pkcs7-mime;\r\n"
	       " smime-type=signed-data\r\nSubject: s\r\n\r\nMIIB"),
	  TEXT("Subject: s\r\n"),
	  TEXT("Content-Type: application/pkcs7-mime;\r\n"
	       " smime-type=signed-data\r\n\r\nMIIB") },
	{ "S/MIME signed-data without smime-type",
	  TEXT("Subject: s\r\nContent-Type: application/x-pkcs7-mime\r\n\r\n"
	       "MIIB"),
	  TEXT("Subject: s\r\n"),
	  TEXT("Content-Type: application/x-pkcs7-mime\r\n\r\nMIIB") },
	{ "one of two Content-Types is signed",
	  TEXT("Content-Type: text/html\r\nContent-Type: multipart/signed\r\n"
	       "Subject: s\r\n\r\nb"),
	  TEXT("Subject: s\r\n"),
	  TEXT("Content-Type: text/html\r\nContent-Type: multipart/signed\r\n"
	       "\r\nb") },
	{ "signed behind comments",
	  TEXT("Subject: s\r\nContent-Type: (a) multipart (b)\r\n /signed"
	       "\r\n\r\nb"),
	  TEXT("Subject: s\r\n"),
	  TEXT("Content-Type: (a) multipart (b)\r\n /signed\r\n\r\nb") }
};

static void
check(const char *message, size_t message_size, size_t step,
      const char *const *protect_headers, const char *outside,
      size_t outside_size, const char *inside, size_t inside_size)
{
	GString *sealed, *got_inside;
	const char *ours;
	bool sealing;

	sealed = copy_engine_seal(&engine_copy_pgp_mime, message, message_size,
				  step, protect_headers, &got_inside,
				  &sealing);
	assert_true(sealing);
	ours = strstr(sealed->str, COPY_ENGINE_MARK);
	assert_non_null(ours);
	g_string_erase(sealed, ours - sealed->str, strlen(COPY_ENGINE_MARK));
	ours = strstr(sealed->str, OURS_BEGIN);
	assert_non_null(ours);
	assert_bytes(sealed->str, ours - sealed->str, outside, outside_size);
	assert_bytes(got_inside->str, got_inside->len, inside, inside_size);
	g_string_free(sealed, TRUE);
	g_string_free(got_inside, TRUE);
}

static void test_table(void **state G_GNUC_UNUSED)
{
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		for (size_t step = 1; step <= tests[i].message_size; step++) {
			test_case(tests[i].name, step);
			check(tests[i].message, tests[i].message_size, step,
			      hidden, tests[i].outside, tests[i].outside_size,
			      tests[i].inside, tests[i].inside_size);
		}
	}
}

/* A Subject that isn't to be hidden is still a protected one. */
static void test_subject_readable(void **state G_GNUC_UNUSED)
{
	static const char *const names[] = { "X-Secret", NULL };

	check(TEXT("Subject: s\r\nX-Secret: x\r\n\r\nb"), 1, names,
	      TEXT("Subject: s\r\n"),
	      TEXT(DEFAULT_TYPE "Subject: s\r\nX-Secret: x\r\n"
		   "HP-Outer: Subject: s\r\n\r\nb"));
}

/* RFC 5322 section 2.1.1: no line of more than 998 characters by us */
static void test_long_line(void **state G_GNUC_UNUSED)
{
	char *id = g_strnfill(980, 'i');
	char *outside = g_strconcat("References: ", id, "\r\n", NULL);
	char *message = g_strconcat("Subject: s\r\n", outside, "\r\nb", NULL);
	char *all = g_strconcat(HIDDEN, outside, NULL);
	char *inside = g_strconcat(DEFAULT_TYPE "Subject: s\r\n", outside,
		"HP-Outer:\r\n ", outside, HP_HIDDEN "\r\nb", NULL);

	check(message, strlen(message), 100, hidden, all, strlen(all), inside,
	      strlen(inside));
	g_free(id);
	g_free(outside);
	g_free(message);
	g_free(all);
	g_free(inside);
}

static GString *large_message(size_t header_size, GString *outside)
{
	GString *message = g_string_new("Subject: s\r\n");

	while (outside->len < header_size) {
		g_string_append_printf(outside, "X-%zu: %0900d\r\n",
				       outside->len, 0);
	}
	g_string_append_len(message, outside->str, outside->len);
	g_string_append(message, "Content-Type: text/html\r\n\r\nb");
	return message;
}

static void test_large_header(void **state G_GNUC_UNUSED)
{
	static const char inside[] = "Subject: s\r\nContent-Type: text/html"
		PARAMETERS "\r\n" HP_HIDDEN "\r\nb";
	GString *outside = g_string_new(NULL);
	GString *message = large_message(HEADER_PROTECT_MAX - 2000, outside);

	g_string_prepend(outside, HIDDEN);
	check(message->str, message->len, 10000, hidden, outside->str,
	      outside->len, inside, strlen(inside));
	g_string_free(message, TRUE);
	g_string_free(outside, TRUE);
}

static void test_too_large_header(void **state G_GNUC_UNUSED)
{
	static const char inside[] = "Content-Type: text/html\r\n\r\nb";
	GString *outside = g_string_new(NULL);
	GString *message = large_message(HEADER_PROTECT_MAX + 2000, outside);

	g_string_prepend(outside, "Subject: s\r\n");
	check(message->str, message->len, 10000, hidden, outside->str,
	      outside->len, inside, strlen(inside));
	g_string_free(message, TRUE);
	g_string_free(outside, TRUE);
}

static double time_with_field(const char *field)
{
	GString *message = g_string_new("Subject: s\n"), *sealed, *inside;
	clock_t start;
	bool sealing;

	g_string_append(message, field);
	while (message->len < 300000)
		g_string_append(message, WORST_CHARSETS);
	g_string_append(message, "\n\nb");
	start = clock();
	sealed = copy_engine_seal(&engine_copy_pgp_mime, message->str,
				  message->len, 10000, hidden, &inside,
				  &sealing);
	start = clock() - start;
	assert_true(sealing);
	g_string_free(sealed, TRUE);
	g_string_free(inside, TRUE);
	g_string_free(message, TRUE);
	return (double)start / CLOCKS_PER_SEC;
}

/* Parameters aren't parsed: that took hundred times as long as this. */
static void test_many_parameters(void **state G_GNUC_UNUSED)
{
	double other = time_with_field("X-Content-Type: text/plain");

	assert_true(time_with_field("Content-Type: text/plain") <
		    20 * other + 0.05);
}

/* Thunderbird never looks into S/MIME for them. */
static void test_smime(void **state G_GNUC_UNUSED)
{
	static const char message[] = "Subject: s\r\n\r\nb";
	GString *sealed, *inside;
	bool sealing;

	sealed = copy_engine_seal(&engine_copy_smime, TEXT(message), 1, hidden,
				  &inside, &sealing);
	assert_true(sealing);
	assert_true(g_str_has_prefix(sealed->str,
		COPY_ENGINE_MARK "Subject: s\r\nMIME-Version: 1.0\r\n"
		"Content-Type: application/pkcs7-mime;"));
	assert_bytes(inside->str, inside->len, TEXT("\r\nb"));
	g_string_free(sealed, TRUE);
	g_string_free(inside, TRUE);
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_subject_readable),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_large_header),
		cmocka_unit_test(test_too_large_header),
		cmocka_unit_test(test_many_parameters),
		cmocka_unit_test(test_smime)
	};

	return cmocka_run_group_tests_name("header-protect", all, NULL, NULL);
}
