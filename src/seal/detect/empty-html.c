/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "empty-html.h"

#include <glib.h>
#include <string.h>

/* A value that no sentence fits in */
#define VALUE_MAX 32
/* A list of fonts */
#define DECLARATION_MAX 80
#define NAMESPACE_MAX 80
#define DOCTYPE_MAX 128

static const char *const elements[] = {
	"html", "head", "meta", "title", "style", "body", "div", "p", "span",
	"font", "b", "i", "u", "pre", "br", "o:p", NULL
};

static const char *const attributes[] = {
	"align", "bgcolor", "charset", "class", "color", "dir", "face",
	"http-equiv", "id", "lang", "link", "name", "size", "text", "type",
	"vlink", NULL
};

/* Properties of style sheets start with these. */
static const char *const properties[] = {
	"margin", "padding", "font", "color", "background", "border",
	"display", "line-height", "text-", "direction", "white-space",
	"word-", "mso-", "panose-1", "size", "page", NULL
};

/* Exchange says how it made HTML of something else, Outlook something to
   itself. */
static const char *const comments[] = {
	"<!---->", "<!-- -->",
	"<!-- converted from text -->",
	"<!-- converted from rtf -->",
	"<!-- Converted from text/plain format -->",
	"<!-- Converted from text/rtf format -->",
	"<!--[if gte mso 9]><xml>\n"
	"<o:shapedefaults v:ext=\"edit\" spidmax=\"1026\" />\n"
	"</xml><![endif]-->",
	"<!--[if gte mso 9]><xml>\n"
	"<o:shapelayout v:ext=\"edit\">\n"
	"<o:idmap v:ext=\"edit\" data=\"1\" />\n"
	"</o:shapelayout></xml><![endif]-->", NULL
};

/* in style sheets */
static const char *const style_comments[] = {
	"/* Font Definitions */", "/* Style Definitions */", NULL
};

/* No-break spaces, in HTML, in ISO 8859 and in UTF-8 */
static const char *const spaces[] = {
	"&nbsp;", "&#160;", "&#xa0;", "\xc2\xa0", "\xa0", NULL
};

/* Values of meta's content start with these. */
static const char *const contents[] = {
	"text/html", "Microsoft", "MS Exchange", "width=", "IE=", NULL
};

static bool
starts_with_one_of(const char *text, size_t size, const char *const *list)
{
	for (; *list != NULL; list++) {
		size_t length = strlen(*list);

		if (size >= length &&
		    g_ascii_strncasecmp(text, *list, length) == 0)
			return true;
	}
	return false;
}

static bool
is_one_of(const char *text, size_t size, const char *const *list)
{
	for (; *list != NULL; list++) {
		if (strlen(*list) == size &&
		    g_ascii_strncasecmp(text, *list, size) == 0)
			return true;
	}
	return false;
}

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && g_ascii_isspace(*p))
		p++;
	return p;
}

/* Returns the end of the first of these that stands at p, or p. */
static const char *skip_one_of(const char *p, const char *const *list)
{
	for (; *list != NULL; list++) {
		if (g_str_has_prefix(p, *list))
			return p + strlen(*list);
	}
	return p;
}

/* Returns the end of what is made of letters, digits and some more. */
static const char *
skip_name(const char *p, const char *end, const char *more)
{
	while (p < end && *p != '\0' &&
	       (g_ascii_isalnum(*p) || strchr(more, *p) != NULL))
		p++;
	return p;
}

/* "name: value; ..." as far as end */
static bool declarations_ok(const char *p, const char *end)
{
	while ((p = skip_space(p, end)) < end) {
		const char *semicolon = memchr(p, ';', end - p);
		const char *name_end = skip_name(p, end, "-");

		if (semicolon == NULL)
			semicolon = end;
		if (!starts_with_one_of(p, name_end - p, properties) ||
		    name_end >= semicolon || *name_end != ':' ||
		    semicolon - p > DECLARATION_MAX ||
		    skip_name(name_end + 1, end, " \t\r\n,.#%()'\"!-") <
		    semicolon)
			return false;
		p = semicolon < end ? semicolon + 1 : end;
	}
	return true;
}

/* "selectors { declarations } ...", also in a comment, as it is hidden from
   the oldest browsers */
static bool style_sheet_ok(const char *p, const char *end)
{
	p = skip_space(p, end);
	while (end > p && g_ascii_isspace(end[-1]))
		end--;
	if (end - p >= 7 && memcmp(p, "<!--", 4) == 0 &&
	    memcmp(end - 3, "-->", 3) == 0) {
		p += 4;
		end -= 3;
	}
	while ((p = skip_space(skip_one_of(skip_space(p, end), style_comments),
			       end)) < end) {
		const char *brace = skip_name(p, end, " \t\r\n.,#:@-");
		const char *close;

		if (brace == end || *brace != '{' || brace - p > 2*VALUE_MAX)
			return false;
		close = memchr(brace, '}', end - brace);
		if (close == NULL || !declarations_ok(brace + 1, close))
			return false;
		p = close + 1;
	}
	return true;
}

static bool
attribute_ok(const char *name, size_t name_size, const char *value,
	     size_t size)
{
	if (name_size == 5 && g_ascii_strncasecmp(name, "style", 5) == 0)
		return declarations_ok(value, value + size);
	if (name_size == 7 && g_ascii_strncasecmp(name, "content", 7) == 0) {
		return size <= 2*VALUE_MAX &&
			starts_with_one_of(value, size, contents);
	}
	if (name_size >= 5 && g_ascii_strncasecmp(name, "xmlns", 5) == 0) {
		return size <= NAMESPACE_MAX &&
			(g_str_has_prefix(value, "http") ||
			 g_str_has_prefix(value, "urn:"));
	}
	return size <= VALUE_MAX && is_one_of(name, name_size, attributes);
}

/* Returns the end of one attribute, or NULL. */
static const char *skip_attribute(const char *p, const char *end)
{
	const char *name = p, *value;
	size_t name_size, size;

	p = skip_name(p, end, "-:");
	name_size = p - name;
	p = skip_space(p, end);
	if (name_size == 0 || p == end || *p != '=')
		return NULL;
	p = skip_space(p + 1, end);
	if (p < end && (*p == '"' || *p == '\'')) {
		value = p + 1;
		p = memchr(value, *p, end - value);
		if (p == NULL)
			return NULL;
		size = p++ - value;
	} else {
		value = p;
		p = skip_name(p, end, "-#%.:/=");
		size = p - value;
	}
	return attribute_ok(name, name_size, value, size) ? p : NULL;
}

/* Returns the end of the tag's attributes, which is behind its ">"; or
   NULL. */
static const char *
skip_attributes(const char *p, const char *end, bool is_end_tag)
{
	while ((p = skip_space(p, end)) < end && *p != '>') {
		if (*p == '/')
			p++;
		else if (is_end_tag || (p = skip_attribute(p, end)) == NULL)
			return NULL;
	}
	return p < end ? p + 1 : NULL;
}

/* Returns the end of the style sheet, which is before its end tag; or
   NULL. */
static const char *skip_style_sheet(const char *p, const char *end)
{
	const char *close = g_strstr_len(p, end - p, "</");

	return close != NULL && style_sheet_ok(p, close) ? close : NULL;
}

/* Returns the end of the tag at p, or of the style sheet behind it; or
   NULL. */
static const char *skip_tag(const char *p, const char *end)
{
	static const char doctype[] = "<!DOCTYPE html";
	const char *name, *close = memchr(p, '>', end - p);
	bool is_end_tag = p[1] == '/';
	size_t size;

	if (close == NULL)
		return NULL;
	if (g_ascii_strncasecmp(p, doctype, sizeof(doctype) - 1) == 0)
		return close - p <= DOCTYPE_MAX ? close + 1 : NULL;
	name = p + (is_end_tag ? 2 : 1);
	p = skip_name(name, close, ":");
	size = p - name;
	if (!is_one_of(name, size, elements))
		return NULL;
	p = skip_attributes(p, end, is_end_tag);
	if (p != NULL && !is_end_tag && size == 5 &&
	    g_ascii_strncasecmp(name, "style", 5) == 0)
		p = skip_style_sheet(p, end);
	return p;
}

bool html_is_empty(const char *html, size_t size)
{
	/* for what looks one byte further; without CRs */
	GString *copy = g_string_new(NULL);
	const char *p, *end, *next;
	bool is_empty = memchr(html, '\0', size) == NULL;

	for (size_t i = 0; i < size; i++) {
		if (html[i] != '\r')
			g_string_append_c(copy, html[i]);
	}
	p = copy->str;
	end = p + copy->len;

	while (is_empty && (p = skip_space(p, end)) < end) {
		next = skip_one_of(p, spaces);
		if (next == p)
			next = skip_one_of(p, comments);
		if (next == p && *p == '<')
			next = skip_tag(p, end);
		is_empty = next != NULL && next != p;
		p = next;
	}
	g_string_free(copy, TRUE);
	return is_empty;
}
