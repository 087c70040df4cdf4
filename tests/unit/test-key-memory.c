/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What a session remembers of a dict's answers, and for how long. */

#include "lib.h"
#include "buffer.h"
#include "str.h"
#include "key-memory.h"
#include "test-lib.h"

#define MAX_AGE 2000

static struct mail_seal_key_memory memory;

static int forget_all(void **state ATTR_UNUSED)
{
	mail_seal_key_memory_clear(&memory);
	return 0;
}

static void keep(const char *where, const char *whose, uint64_t asked,
		 const char *text)
{
	mail_seal_key_memory_keep(&memory, where, whose, asked, text,
				  strlen(text));
}

/* What is found, or NULL */
static const char *find(const char *where, const char *whose, uint64_t now)
{
	string_t *content = t_str_new(16);

	return mail_seal_key_memory_find(&memory, where, whose, now, MAX_AGE,
					 content) ? str_c(content) : NULL;
}

static void test_age(void **state ATTR_UNUSED)
{
	assert_null(find("dict", "alice", 1000));
	keep("dict", "alice", 1000, "A");
	assert_string_equal(find("dict", "alice", 1000), "A");
	assert_string_equal(find("dict", "alice", 1000 + MAX_AGE - 1), "A");
	assert_null(find("dict", "alice", 1000 + MAX_AGE));
	assert_null(find("dict", "alice", UINT64_MAX));
	/* a clock that was set back */
	assert_null(find("dict", "alice", 999));
	/* what was found doesn't become younger */
	assert_null(find("dict", "alice", 1000 + MAX_AGE));
}

static void test_appends(void **state ATTR_UNUSED)
{
	string_t *content = t_str_new(16);

	str_append(content, "before ");
	keep("dict", "alice", 0, "A");
	assert_true(mail_seal_key_memory_find(&memory, "dict", "alice", 1,
					      MAX_AGE, content));
	assert_string_equal(str_c(content), "before A");
	assert_false(mail_seal_key_memory_find(&memory, "dict", "alice", 0, 0,
					       content));
	assert_string_equal(str_c(content), "before A");
}

static void test_whose(void **state ATTR_UNUSED)
{
	keep("dict", "alice", 0, "A");
	assert_null(find("dict", "bob", 0));
	assert_null(find("dict", "Alice", 0));
	assert_null(find("dict", "", 0));
	assert_null(find("other", "alice", 0));
	/* no two names are one by where they meet */
	keep("dicta", "lice", 0, "C");
	assert_string_equal(find("dict", "alice", 0), "A");
	keep("dict", "bob", 0, "B");
	assert_string_equal(find("dict", "bob", 0), "B");
	assert_string_equal(find("dict", "alice", 0), "A");
}

static void test_last_answer(void **state ATTR_UNUSED)
{
	keep("dict", "alice", 0, "A");
	keep("dict", "alice", 10, "B");
	assert_string_equal(find("dict", "alice", 10), "B");
	mail_seal_key_memory_forget(&memory, "dict", "bob");
	assert_string_equal(find("dict", "alice", 10), "B");
	mail_seal_key_memory_forget(&memory, "dict", "alice");
	assert_null(find("dict", "alice", 10));
	keep("dict", "alice", 0, "A");
	mail_seal_key_memory_clear(&memory);
	assert_null(find("dict", "alice", 0));
}

static void test_bounds(void **state ATTR_UNUSED)
{
	char large[MAIL_SEAL_KEY_MEMORY_SIZE + 1];

	/* not so the one that there was before */
	keep("dict", "alice", 0, "A");
	memset(large, 'x', sizeof(large));
	mail_seal_key_memory_keep(&memory, "dict", "alice", 0, large,
				  sizeof(large));
	assert_null(find("dict", "alice", 0));
	mail_seal_key_memory_keep(&memory, "dict", "alice", 0, large,
				  sizeof(large) - 1);
	assert_int_equal(strlen(find("dict", "alice", 0)), sizeof(large) - 1);
	mail_seal_key_memory_clear(&memory);

	/* the oldest goes, not the one that came first */
	for (unsigned int i = 0; i < MAIL_SEAL_KEY_MEMORY_COUNT; i++)
		keep(dec2str(i), "alice", i == 3 ? 1 : 10 + i, "A");
	keep("new", "alice", 50, "N");
	assert_null(find("3", "alice", 50));
	assert_string_equal(find("new", "alice", 50), "N");
	for (unsigned int i = 0; i < MAIL_SEAL_KEY_MEMORY_COUNT; i++)
		assert_true(i == 3 || find(dec2str(i), "alice", 50) != NULL);
	/* the same again needs no place */
	keep("new", "alice", 60, "M");
	assert_string_equal(find("0", "alice", 60), "A");
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test_teardown(test_age, forget_all),
		cmocka_unit_test_teardown(test_appends, forget_all),
		cmocka_unit_test_teardown(test_whose, forget_all),
		cmocka_unit_test_teardown(test_last_answer, forget_all),
		cmocka_unit_test_teardown(test_bounds, forget_all)
	};
	int failed;

	lib_init();
	failed = cmocka_run_group_tests(all, NULL, NULL);
	lib_deinit();
	return failed;
}
