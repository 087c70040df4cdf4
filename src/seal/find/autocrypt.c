/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "autocrypt.h"
#include "../certificate/addresses.h"

#include <string.h>

/* bytes of a field's body */
#define AUTOCRYPT_MAX (10*1024)

static const char problem_several[] =
	"the message has more than one Autocrypt field";
static const char problem_foreign[] =
	"the message's Autocrypt field isn't for the address in From";
static const char problem_broken[] =
	"the message's Autocrypt field is broken or too large";
static const char problem_automatic[] =
	"the Autocrypt field of an automatic message doesn't count";

/* RFC 3834 section 5; a report's sender is a program, too. */
static bool is_automatic(GMimeMessage *message)
{
	const char *submitted = g_mime_object_get_header(
		GMIME_OBJECT(message), "Auto-Submitted");
	GMimeObject *root = g_mime_message_get_mime_part(message);
	GMimeContentType *type = root == NULL ? NULL :
		g_mime_object_get_content_type(root);

	return (submitted != NULL &&
		g_ascii_strncasecmp(submitted, "no", 2) != 0) ||
		(type != NULL &&
		 g_mime_content_type_is_type(type, "multipart", "report"));
}

/* Returns the only address in From, an array of one; or NULL. */
static GPtrArray *find_sender(GMimeMessage *message)
{
	InternetAddressList *from =
		g_mime_message_get_addresses(message, GMIME_ADDRESS_TYPE_FROM);
	InternetAddress *first;
	const char *address = NULL;
	GPtrArray *sender;

	if (from == NULL || internet_address_list_length(from) != 1)
		return NULL;
	first = internet_address_list_get_address(from, 0);
	if (INTERNET_ADDRESS_IS_MAILBOX(first)) {
		address = internet_address_mailbox_get_addr(
			INTERNET_ADDRESS_MAILBOX(first));
	}
	if (address == NULL)
		return NULL;
	sender = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(sender, g_strdup(address));
	return sender;
}

/* GLib says on stderr what it thinks of base64 without a byte in it. */
static bool has_key(const char *field)
{
	char **attributes = g_strsplit(field, ";", -1);
	bool found = false;

	for (char **attribute = attributes; *attribute != NULL; attribute++) {
		const char *text = g_strchug(*attribute);

		found = found ||
			(g_ascii_strncasecmp(text, "keydata=", 8) == 0 &&
			 strlen(text + 8) >= 4);
	}
	g_strfreev(attributes);
	return found;
}

static GMimeAutocryptHeader *read_field(GMimeHeader *header)
{
	char *field = g_mime_utils_header_unfold(
		g_mime_header_get_raw_value(header));
	GMimeAutocryptHeader *autocrypt = NULL;

	g_strstrip(field);
	/* some write one behind the last attribute */
	if (g_str_has_suffix(field, ";"))
		field[strlen(field) - 1] = '\0';
	if (strlen(field) <= AUTOCRYPT_MAX && has_key(field))
		autocrypt = g_mime_autocrypt_header_new_from_string(field);
	if (autocrypt != NULL &&
	    !g_mime_autocrypt_header_is_complete(autocrypt))
		g_clear_object(&autocrypt);
	g_free(field);
	return autocrypt;
}

/* Takes the field's key if it counts. */
static void
take_field(GMimeHeader *header, const GPtrArray *sender, GBytes **key,
	   const char **problem)
{
	GMimeAutocryptHeader *autocrypt = read_field(header);

	if (autocrypt == NULL) {
		*problem = problem_broken;
		return;
	}
	if (sender == NULL || !certificate_addresses_have(sender,
			g_mime_autocrypt_header_get_address_as_string(
				autocrypt))) {
		*problem = problem_foreign;
	} else if (*key != NULL) {
		*problem = problem_several;
	} else {
		*key = g_bytes_ref(
			g_mime_autocrypt_header_get_keydata(autocrypt));
	}
	g_object_unref(autocrypt);
}

GBytes *autocrypt_find(GMimeMessage *message, const char **problem_r)
{
	GMimeHeaderList *headers =
		g_mime_object_get_header_list(GMIME_OBJECT(message));
	GPtrArray *sender = find_sender(message);
	GBytes *key = NULL;

	*problem_r = NULL;
	for (int i = 0; i < g_mime_header_list_get_count(headers) &&
	     *problem_r != problem_several; i++) {
		GMimeHeader *header =
			g_mime_header_list_get_header_at(headers, i);

		if (g_ascii_strcasecmp(g_mime_header_get_name(header),
				       "Autocrypt") == 0)
			take_field(header, sender, &key, problem_r);
	}
	if (key != NULL && is_automatic(message))
		*problem_r = problem_automatic;
	/* one that doesn't count beside one that does is no matter */
	if (*problem_r == problem_several || *problem_r == problem_automatic)
		g_clear_pointer(&key, g_bytes_unref);
	if (sender != NULL)
		g_ptr_array_unref(sender);
	return key;
}
