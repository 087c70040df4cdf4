/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "entity-header.h"

#include <string.h>

/* An encrypted message's Content-Type has 150 bytes or so, and three
   parameters. GMime takes 30 us for one with a charset of its own. */
#define FIELD_SIZE_MAX 2048
#define PARAMETERS_MAX 16

enum {
	FIELD_TYPE,
	FIELD_ENCODING,
	FIELD_SETUP,
	FIELD_COUNT,
	FIELD_NONE = FIELD_COUNT
};

static const char *const field_names[FIELD_COUNT] = {
	"Content-Type", "Content-Transfer-Encoding", "Autocrypt-Setup-Message"
};

struct entity_header {
	/* which one the bytes belong to that come */
	unsigned int current;
	/* as they stand there; NULL: not there */
	GString *fields[FIELD_COUNT];
	bool unclear;
};

struct entity_header *entity_header_new(void)
{
	struct entity_header *header = g_new0(struct entity_header, 1);

	header->current = FIELD_NONE;
	return header;
}

void entity_header_free(struct entity_header **_header)
{
	struct entity_header *header = *_header;

	if (header == NULL)
		return;
	*_header = NULL;
	for (unsigned int i = 0; i < FIELD_COUNT; i++) {
		if (header->fields[i] != NULL)
			g_string_free(header->fields[i], TRUE);
	}
	g_free(header);
}

static unsigned int field_find(const char *name, size_t size)
{
	unsigned int i = 0;

	while (i < FIELD_COUNT &&
	       (strlen(field_names[i]) != size ||
		g_ascii_strncasecmp(name, field_names[i], size) != 0))
		i++;
	return i;
}

void entity_header_field(struct entity_header *header, const char *name,
			 size_t size)
{
	header->current = field_find(name, size);
	if (header->current == FIELD_NONE)
		return;
	if (header->fields[header->current] != NULL) {
		header->unclear = true;
		header->current = FIELD_NONE;
		return;
	}
	header->fields[header->current] = g_string_new(NULL);
}

void entity_header_push(struct entity_header *header, const char *data,
			size_t size)
{
	GString *text;

	if (header->current == FIELD_NONE)
		return;
	text = header->fields[header->current];
	if (text->len + size > FIELD_SIZE_MAX ||
	    memchr(data, '\0', size) != NULL) {
		header->unclear = true;
		header->current = FIELD_NONE;
		return;
	}
	g_string_append_len(text, data, size);
}

bool entity_header_is_clear(const struct entity_header *header)
{
	return !header->unclear;
}

bool entity_header_has_type(const struct entity_header *header)
{
	return header->fields[FIELD_TYPE] != NULL &&
		header->current != FIELD_TYPE;
}

/* Returns the field's value without white space around, or NULL. */
static char *
field_value(const struct entity_header *header, unsigned int field)
{
	const GString *text = header->fields[field];
	const char *colon;
	char *value;

	if (text == NULL)
		return NULL;
	colon = strchr(text->str, ':');
	if (colon == NULL)
		return g_strdup("");
	value = g_mime_utils_header_unfold(colon + 1);
	return g_strstrip(value);
}

GMimeContentType *entity_header_get_type(const struct entity_header *header)
{
	char *value = field_value(header, FIELD_TYPE);
	GMimeContentType *type;

	if (value == NULL)
		return g_mime_content_type_new("text", "plain");
	value[strcspn(value, ";")] = '\0';
	type = g_mime_content_type_parse(NULL, value);
	g_free(value);
	return type;
}

GMimeContentType *
entity_header_get_full_type(const struct entity_header *header)
{
	char *value = field_value(header, FIELD_TYPE);
	GMimeContentType *type = NULL;
	unsigned int count = 0;

	for (const char *p = value; p != NULL; p = strchr(p + 1, ';'))
		count++;
	if (count > 0 && count <= PARAMETERS_MAX + 1)
		type = g_mime_content_type_parse(NULL, value);
	g_free(value);
	return type;
}

GMimeContentEncoding
entity_header_get_encoding(const struct entity_header *header)
{
	char *value = field_value(header, FIELD_ENCODING);
	GMimeContentEncoding encoding = value == NULL ?
		GMIME_CONTENT_ENCODING_DEFAULT :
		g_mime_content_encoding_from_string(value);

	g_free(value);
	return encoding;
}

bool entity_header_is_setup(const struct entity_header *header)
{
	char *value = field_value(header, FIELD_SETUP);
	bool is_setup = g_strcmp0(value, "v1") == 0;

	g_free(value);
	return is_setup;
}
