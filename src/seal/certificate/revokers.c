/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "revokers.h"
#include "openpgp-keys.h"
#include "signature.h"
#include "../format/openpgp-packet.h"

#include <string.h>

#define TAG_SIGNATURE 2

struct search {
	GPtrArray *certificates;
	const struct certificate *revocable;
};

/* The addr-spec of a user ID, which is all of it or within angle brackets.
   The caller frees it. */
static char *name_address(const char *name)
{
	const char *begin = strrchr(name, '<');
	const char *end = begin == NULL ? NULL : strchr(begin, '>');

	if (end != NULL)
		return g_ascii_strdown(begin + 1, end - begin - 1);
	return g_ascii_strdown(name, -1);
}

static bool
have_common_address(const struct certificate *first,
		    const struct certificate *second)
{
	bool found = false;

	for (char **name1 = first->names; !found && *name1 != NULL; name1++) {
		char *address1 = name_address(*name1);

		for (char **name2 = second->names;
		     !found && *name2 != NULL; name2++) {
			char *address2 = name_address(*name2);

			found = strcmp(address1, address2) == 0;
			g_free(address2);
		}
		g_free(address1);
	}
	return found;
}

static void
revoker_found(const uint8_t *fingerprint, size_t size, void *context)
{
	const struct search *search = context;
	char *hex = openpgp_fingerprint_hex(fingerprint, size);

	for (guint i = 0; i < search->certificates->len; i++) {
		struct certificate *revoker = search->certificates->pdata[i];

		/* An organisation's additional key may well be what its people
		   name as their revoker: it is there to be sealed to. */
		if (revoker != search->revocable && revoker->problem == NULL &&
		    (revoker->roles & CERTIFICATE_EXTRA) == 0 &&
		    strcmp(revoker->fingerprint, hex) == 0 &&
		    !have_common_address(revoker, search->revocable)) {
			revoker->problem = "it is only there as another's "
				"designated revoker";
		}
	}
	g_free(hex);
}

void revokers_set_aside(GPtrArray *certificates)
{
	struct search search = { .certificates = certificates };

	for (guint i = 0; i < certificates->len; i++) {
		const struct certificate *certificate =
			certificates->pdata[i];
		struct openpgp_packet_header header;
		gsize size;
		const uint8_t *data = g_bytes_get_data(certificate->data,
						       &size);

		search.revocable = certificate;
		while (openpgp_packet_read(data, size, &header)) {
			if (header.tag == TAG_SIGNATURE) {
				signature_revokers(data + header.header_size,
						   header.body_size,
						   revoker_found, &search);
			}
			data += header.header_size + header.body_size;
			size -= header.header_size + header.body_size;
		}
	}
}
