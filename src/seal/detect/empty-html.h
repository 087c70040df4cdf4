/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef EMPTY_HTML_H
#define EMPTY_HTML_H

#include <stdbool.h>
#include <stddef.h>

/* Longer HTML than this has something to say. Bytes. */
#define EMPTY_HTML_MAX 4096

/* Is it HTML as mail servers and programs make it of an empty text? Known
   elements with known attributes whose values are short, and no text, neither
   shown nor in comments, titles, attributes or style sheets. */
bool html_is_empty(const char *html, size_t size);

#endif
