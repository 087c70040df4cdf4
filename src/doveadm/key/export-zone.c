/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Certificates as lines of a zone file. */

#include "lib.h"
#include "array.h"
#include "base64.h"
#include "hex-binary.h"
#include "str.h"
#include "export.h"

#define LINE_SIZE 64
/* RFC 1035 section 2.3.4, in text and without the final dot */
#define NAME_SIZE_MAX 253

#define OPENPGPKEY_LABEL "_openpgpkey"
#define SMIMEA_LABEL "_smimecert"

/* In parentheses the data may have line ends in it. */
static void append_data(string_t *zone, const string_t *text)
{
	str_append(zone, "(\n");
	for (size_t pos = 0; pos < str_len(text); pos += LINE_SIZE) {
		str_append_c(zone, '\t');
		str_append_data(zone, str_data(text) + pos,
				I_MIN(LINE_SIZE, str_len(text) - pos));
		str_append_c(zone, '\n');
	}
	str_append(zone, "\t)\n");
}

/* RFC 7929 section 2.3 */
static void
append_openpgpkey(const struct export_entry *entry, string_t *zone)
{
	string_t *text = t_str_new(MAX_BASE64_ENCODED_SIZE(entry->size) + 1);

	base64_encode(entry->data, entry->size, text);
	str_printfa(zone, "%s.%s.%s.\tIN\tOPENPGPKEY\t", entry->name,
		    OPENPGPKEY_LABEL, entry->domain);
	append_data(zone, text);
}

/* RFC 6698 section 2: certificate usage DANE-EE, the whole certificate, as it
   is */
static void
append_smimea(const struct export_entry *entry, string_t *zone)
{
	string_t *text = t_str_new(2 * entry->size + 1);

	binary_to_hex_append(text, entry->data, entry->size);
	str_printfa(zone, "%s.%s.%s.\tIN\tSMIMEA\t3 0 0 ", entry->name,
		    SMIMEA_LABEL, entry->domain);
	append_data(zone, text);
}

/* A line that isn't right is the end of the whole zone. Returns FALSE, with a
   warning, if these entries of one name can't be in it. */
static bool
can_be_in_zone(const struct export_entry *list, unsigned int count,
	       const char *label)
{
	size_t size = 0;

	for (unsigned int i = 0; i < count; i++)
		size += list[i].size;
	if (size > EXPORT_RRSET_SIZE_MAX) {
		i_warning("The certificates for %s are too large for "
			  "DNS, and left out: %zu bytes", list->address, size);
		return FALSE;
	}
	if (strlen(list->name) + strlen(label) + strlen(list->domain) +
	    strlen("..") > NAME_SIZE_MAX) {
		i_warning("The certificates for %s are left out: the name "
			  "would be too long for DNS", list->address);
		return FALSE;
	}
	return TRUE;
}

static void
append_all(const ARRAY_TYPE(export_entry) *entries, string_t *zone,
	   const char *label,
	   void (*append)(const struct export_entry *entry, string_t *zone))
{
	const struct export_entry *list;
	unsigned int count, same;

	list = array_get(entries, &count);
	for (unsigned int i = 0; i < count; i += same) {
		same = doveadm_seal_export_count(entries, i);
		if (!can_be_in_zone(&list[i], same, label))
			continue;
		for (unsigned int j = i; j < i + same; j++) T_BEGIN {
			append(&list[j], zone);
		} T_END;
	}
}

void doveadm_seal_export_openpgpkey(const ARRAY_TYPE(export_entry) *entries,
				    string_t *zone)
{
	append_all(entries, zone, OPENPGPKEY_LABEL, append_openpgpkey);
}

void doveadm_seal_export_smimea(const ARRAY_TYPE(export_entry) *entries,
				string_t *zone)
{
	append_all(entries, zone, SMIMEA_LABEL, append_smimea);
}
