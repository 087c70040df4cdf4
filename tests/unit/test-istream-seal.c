/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* The sealed message as a Dovecot stream: read byte by byte and in every
   buffer size, from parents that block and that don't. A message that is
   encrypted already shows best what arrives, for it must arrive unchanged;
   and one that can't be sealed shows the failure. */

#include "lib.h"
#include "istream.h"
#include "test-common.h"
#include "istream-seal.h"
#include "test-lib.h"

/* One that no gpg will take: sealing fails as soon as it is tried. */
static struct certificate *bad_recipient;

static struct istream *create(struct istream *parent)
{
	const struct seal_params params = {
		.recipients = &bad_recipient,
		.recipient_count = 1,
		.timeout_secs = 120
	};

	return i_stream_create_seal(parent, &params, "/tmp/test-istream-");
}

/* Reads all that is there. Returns the stream's last answer. */
static ssize_t read_all(struct istream *input, GString *got)
{
	const unsigned char *data;
	size_t size;
	ssize_t ret;

	while ((ret = i_stream_read_more(input, &data, &size)) > 0) {
		g_string_append_len(got, (const char *)data, size);
		i_stream_skip(input, size);
	}
	return ret;
}

static void test_unchanged(void **state ATTR_UNUSED)
{
	GString *message = test_armored_message(2000);

	g_string_prepend(message, "Subject: x\n\n");
	for (size_t buffer = 1; buffer <= 4096; buffer += 1 + buffer / 2) {
		struct istream *parent = test_istream_create_data(
			message->str, message->len);
		struct istream *input = create(parent);
		GString *got = g_string_new(NULL);

		i_stream_unref(&parent);
		i_stream_set_max_buffer_size(input, buffer);
		assert_int_equal(read_all(input, got), -1);
		assert_int_equal(input->stream_errno, 0);
		assert_bytes(got->str, got->len, message->str, message->len);
		assert_true(i_stream_seal_is_complete(input));
		assert_null(i_stream_seal_get_error(input));
		i_stream_unref(&input);
		g_string_free(got, TRUE);
	}
	g_string_free(message, TRUE);
}

/* An IMAP client sends a byte at a time: the stream must take each and answer
   "later" until it has all. */
static void test_piecemeal(void **state ATTR_UNUSED)
{
	GString *message = test_armored_message(200);
	struct istream *parent;
	struct istream *input;
	GString *got = g_string_new(NULL);

	g_string_prepend(message, "Subject: x\n\n");
	parent = test_istream_create_data(message->str, message->len);
	input = create(parent);
	for (size_t i = 0; i < message->len; i++) {
		test_istream_set_size(parent, i);
		assert_int_equal(read_all(input, got), 0);
		assert_int_equal(got->len, 0);
		assert_int_equal(i_stream_get_data_size(parent), 0);
		assert_false(i_stream_seal_is_complete(input));
	}
	test_istream_set_size(parent, message->len);
	test_istream_set_allow_eof(parent, TRUE);
	assert_int_equal(read_all(input, got), -1);
	assert_bytes(got->str, got->len, message->str, message->len);
	assert_true(i_stream_seal_is_complete(input));
	i_stream_unref(&input);
	i_stream_unref(&parent);
	g_string_free(got, TRUE);
	g_string_free(message, TRUE);
}

/* Nothing of the parent's size or descriptor shows through. */
static void test_opaque(void **state ATTR_UNUSED)
{
	struct istream *parent = i_stream_create_from_data("x", 1);
	struct istream *input = create(parent);
	const struct stat *st;
	uoff_t size;

	assert_int_equal(i_stream_stat(input, TRUE, &st), 0);
	assert_int_equal(st->st_size, -1);
	assert_int_equal(i_stream_get_size(input, TRUE, &size), 0);
	assert_int_equal(i_stream_get_fd(input), -1);
	assert_false(input->readable_fd);
	assert_false(input->seekable);
	assert_true(input->blocking);
	i_stream_unref(&input);
	i_stream_unref(&parent);
}

/* What can't be sealed fails, only after the parent was read to its end, and
   gives no byte of the body. */
static void test_failure(void **state ATTR_UNUSED)
{
	GString *message = g_string_new("Subject: x\n\n");
	struct istream *parent, *input;
	GString *got = g_string_new(NULL);

	for (int i = 0; i < 20000; i++)
		g_string_append(message, "secret\n");
	parent = test_istream_create_data(message->str, message->len);
	test_istream_set_max_buffer_size(parent, 1000);
	input = create(parent);
	assert_int_equal(read_all(input, got), -1);
	assert_int_equal(input->stream_errno, EPIPE);
	assert_true(parent->eof);
	assert_int_equal(parent->v_offset, message->len);
	assert_null(strstr(got->str, "secret"));
	assert_false(i_stream_seal_is_complete(input));
	assert_non_null(i_stream_seal_get_error(input));
	/* and stays so */
	assert_int_equal(read_all(input, got), -1);
	assert_int_equal(input->stream_errno, EPIPE);
	i_stream_unref(&input);
	i_stream_unref(&parent);
	g_string_free(got, TRUE);
	g_string_free(message, TRUE);
}

/* The parent's own failure is not taken for its end. */
static void test_parent_failure(void **state ATTR_UNUSED)
{
	struct istream *parent = i_stream_create_error_str(EIO, "no disk");
	struct istream *input = create(parent);
	GString *got = g_string_new(NULL);

	assert_int_equal(read_all(input, got), -1);
	assert_int_equal(input->stream_errno, EIO);
	assert_int_equal(got->len, 0);
	assert_false(i_stream_seal_is_complete(input));
	i_stream_unref(&input);
	i_stream_unref(&parent);
	g_string_free(got, TRUE);
}

static int setup(void **state ATTR_UNUSED)
{
	bad_recipient = certificate_new();
	bad_recipient->fingerprint = g_strdup("00");
	bad_recipient->data = g_bytes_new_static("x", 1);
	return 0;
}

static int teardown(void **state ATTR_UNUSED)
{
	certificate_unref(bad_recipient);
	seal_deinit();
	return 0;
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_unchanged),
		cmocka_unit_test(test_piecemeal),
		cmocka_unit_test(test_opaque),
		cmocka_unit_test(test_failure),
		cmocka_unit_test(test_parent_failure)
	};
	int failed;

	lib_init();
	failed = cmocka_run_group_tests_name("istream-seal", all, setup,
					     teardown);
	lib_deinit();
	return failed;
}
