/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* A value of another server's row is in pieces if it is where doveadm's buffer for
   that connection ends, after each 8 kB or so. For a number the formatter "json"
   can't do with that: it panics (doveadm-print-json.c). */

#include "lib.h"
#include "str.h"
#include "doveadm-print-private.h"
#include "whole-values.h"

static void (*super_print_stream)(const unsigned char *value, size_t size);
static string_t *pieces;

/* Nothing is the end of a value. */
static void collect(const unsigned char *value, size_t size)
{
	if (size > 0) {
		str_append_data(pieces, value, size);
		return;
	}
	doveadm_print_json_vfuncs.print(str_c(pieces));
	str_truncate(pieces, 0);
}

void doveadm_seal_whole_values_begin(void)
{
	if (pieces != NULL)
		return;
	pieces = str_new(default_pool, 128);
	super_print_stream = doveadm_print_json_vfuncs.print_stream;
	doveadm_print_json_vfuncs.print_stream = collect;
}

void doveadm_seal_whole_values_end(void)
{
	if (pieces == NULL)
		return;
	doveadm_print_json_vfuncs.print_stream = super_print_stream;
	str_free(&pieces);
}
