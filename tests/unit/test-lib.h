/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef TEST_LIB_H
#define TEST_LIB_H

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glib.h>
#include <stdbool.h>
#include <string.h>

/* Names the case of a table that is being run, so that a failure tells
   which. */
void test_case(const char *name, size_t number);

/* Compares sizes and bytes; shows both as text where they differ. */
#define assert_bytes(...) assert_bytes_at(__VA_ARGS__, __FILE__, __LINE__)
void assert_bytes_at(const void *got, size_t got_size, const void *expected,
		     size_t expected_size, const char *file, int line);

/* Returns an armored message with LF line ends that starts and ends as an
   encrypted one does, of about this many bytes. The caller frees it. */
GString *test_armored_message(size_t size);

#endif
