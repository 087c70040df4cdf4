/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Reads the file with the trust anchors. libunbound could, but it takes a file
   without any as a wish not to validate, and the keys that unbound-anchor
   doesn't trust yet, or no more, as trusted. */

#include "dns-anchor.h"

#include <string.h>

static void anchor_free(void *data)
{
	struct dns_anchor *anchor = data;

	g_free(anchor->name);
	g_free(anchor->record);
	g_free(anchor);
}

/* unbound-anchor writes a key's state behind it (";;state=2 [  VALID  ]"). Of
   RFC 5011's states, valid and missing are trusted. */
static bool state_is_trusted(const char *comment)
{
	const char *state = strstr(comment, ";state=");

	if (state == NULL)
		return true;
	state += strlen(";state=");
	return (*state == '2' || *state == '3') && !g_ascii_isdigit(state[1]);
}

/* RFC 1035 section 5.1: the name, then TTL and class in either order or not at
   all, then the type and its data */
static bool is_anchor(char *const *words)
{
	unsigned int i = 1;

	while (words[0] != NULL && words[i] != NULL &&
	       (g_ascii_isdigit(*words[i]) ||
		g_ascii_strcasecmp(words[i], "IN") == 0))
		i++;
	return words[0] != NULL && words[i] != NULL &&
		(g_ascii_strcasecmp(words[i], "DS") == 0 ||
		 g_ascii_strcasecmp(words[i], "DNSKEY") == 0) &&
		words[i + 1] != NULL;
}

/* Splits at white space, without empty words. */
static GPtrArray *split(const char *line)
{
	GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
	char **parts = g_strsplit_set(line, " \t\r\f\v", -1);

	for (char **part = parts; *part != NULL; part++) {
		if (**part != '\0')
			g_ptr_array_add(words, g_strdup(*part));
	}
	g_ptr_array_add(words, NULL);
	g_strfreev(parts);
	return words;
}

/* Returns false if a line is neither empty nor an anchor's. */
static bool read_line(char *line, GPtrArray *anchors)
{
	char *comment = strchr(line, ';');
	bool trusted = comment == NULL || state_is_trusted(comment);
	struct dns_anchor *anchor;
	GPtrArray *words;
	bool ok;

	if (comment != NULL)
		*comment = '\0';
	words = split(line);
	/* A line that begins with white space has its name from another. */
	ok = words->len == 1 || (!g_ascii_isspace(*line) &&
				 is_anchor((char **)words->pdata));
	if (ok && words->len > 1 && trusted) {
		anchor = g_new0(struct dns_anchor, 1);
		anchor->name = g_str_has_suffix(words->pdata[0], ".") ?
			g_strdup(words->pdata[0]) :
			g_strconcat(words->pdata[0], ".", NULL);
		anchor->record = g_strjoinv(" ", (char **)words->pdata);
		g_ptr_array_add(anchors, anchor);
	}
	g_ptr_array_unref(words);
	return ok;
}

GPtrArray *dns_anchors_read(const char *text, char **error_r)
{
	GPtrArray *anchors = g_ptr_array_new_with_free_func(anchor_free);
	char **lines = g_strsplit(text, "\n", -1);

	*error_r = NULL;
	for (unsigned int i = 0; lines[i] != NULL && *error_r == NULL; i++) {
		if (!read_line(lines[i], anchors)) {
			*error_r = g_strdup_printf("line %u isn't a DS or "
				"DNSKEY record", i + 1);
		}
	}
	if (*error_r == NULL && anchors->len == 0)
		*error_r = g_strdup("there is no trust anchor in it");
	g_strfreev(lines);
	if (*error_r == NULL)
		return anchors;
	g_ptr_array_unref(anchors);
	return NULL;
}

bool dns_anchor_covers(const struct dns_anchor *anchor, const char *name)
{
	size_t zone = strlen(anchor->name) - 1, len = strlen(name);

	if (len > 0 && name[len - 1] == '.')
		len--;
	return zone == 0 ||
		(len >= zone &&
		 g_ascii_strncasecmp(name + len - zone, anchor->name,
				     zone) == 0 &&
		 (len == zone || name[len - zone - 1] == '.'));
}
