/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "merge.h"
#include "key-file.h"
#include "openpgp-keys.h"
#include "signature.h"
#include "../format/openpgp-packet.h"

#include <string.h>

/* RFC 9580 section 5; those that openpgp-packet.h has no use for */
enum {
	TAG_SIGNATURE = 2,
	TAG_TRUST = 12,
	TAG_USER_ID = 13,
	TAG_ATTRIBUTE = 17,
	/* section 4.3: what isn't known from here on is to be ignored */
	TAG_NONCRITICAL = 40
};

/* With its header as it came, so that what needs no merging stays as it is */
struct packet {
	unsigned int tag;
	size_t header_size, size;
	const uint8_t *body;
	size_t body_size;
	uint8_t data[];
};

/* A key, user ID or attribute and the signatures behind it */
struct component {
	struct packet *packet;
	/* struct packet */
	GPtrArray *signatures;
};

struct merged {
	uint8_t fingerprint[OPENPGP_FINGERPRINT_MAX];
	size_t fingerprint_size;
	unsigned int roles;
	/* the primary key is the first */
	GPtrArray *components;
	unsigned int signature_count;
};

struct merge {
	GPtrArray *certificates;
	unsigned int count_max;
};

static struct packet *
packet_new(const uint8_t *data, const struct openpgp_packet_header *header)
{
	const size_t size = header->header_size + header->body_size;
	struct packet *packet = g_malloc(sizeof(*packet) + size);

	packet->tag = header->tag;
	packet->size = size;
	packet->header_size = header->header_size;
	packet->body = packet->data + header->header_size;
	packet->body_size = header->body_size;
	memcpy(packet->data, data, size);
	return packet;
}

static gboolean packet_equal(const void *_first, const void *_second)
{
	const struct packet *first = _first, *second = _second;

	return first->tag == second->tag &&
		first->body_size == second->body_size &&
		memcmp(first->body, second->body, first->body_size) == 0;
}

static void component_free(void *_component)
{
	struct component *component = _component;

	g_free(component->packet);
	g_ptr_array_unref(component->signatures);
	g_free(component);
}

static void merged_free(void *_merged)
{
	struct merged *merged = _merged;

	g_ptr_array_unref(merged->components);
	g_free(merged);
}

struct merge *merge_new(unsigned int count_max)
{
	struct merge *merge = g_new0(struct merge, 1);

	merge->count_max = count_max;
	merge->certificates = g_ptr_array_new_with_free_func(merged_free);
	return merge;
}

void merge_free(struct merge *merge)
{
	g_ptr_array_unref(merge->certificates);
	g_free(merge);
}

/*
 * Adding
 */

static int no_certificate(struct seal_error *error)
{
	seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
		       "it is no OpenPGP certificate");
	return -1;
}

static int too_much(struct seal_error *error, const char *what, int limit)
{
	seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
		       "a certificate has more than %d %s: export it again, "
		       "with gpg's option --export-options export-minimal",
		       limit, what);
	return -1;
}

/* Returns the certificate with this primary key, a new one if need be. */
static struct merged *
merge_begin(struct merge *merge, const uint8_t *body, size_t size,
	    struct seal_error *error)
{
	uint8_t fingerprint[OPENPGP_FINGERPRINT_MAX];
	size_t fingerprint_size = openpgp_fingerprint(body, size, fingerprint);
	struct merged *merged;

	if (fingerprint_size == 0) {
		(void)no_certificate(error);
		return NULL;
	}
	for (guint i = 0; i < merge->certificates->len; i++) {
		merged = merge->certificates->pdata[i];
		if (merged->fingerprint_size == fingerprint_size &&
		    memcmp(merged->fingerprint, fingerprint,
			   fingerprint_size) == 0)
			return merged;
	}
	if (merge->certificates->len == merge->count_max) {
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
			       "it holds more than %u certificates",
			       merge->count_max);
		return NULL;
	}
	merged = g_new0(struct merged, 1);
	merged->components = g_ptr_array_new_with_free_func(component_free);
	memcpy(merged->fingerprint, fingerprint, fingerprint_size);
	merged->fingerprint_size = fingerprint_size;
	g_ptr_array_add(merge->certificates, merged);
	return merged;
}

/* Takes the packet. */
static struct component *
merged_component(struct merged *merged, struct packet *packet,
		 struct seal_error *error)
{
	struct component *component;

	for (guint i = 0; i < merged->components->len; i++) {
		component = merged->components->pdata[i];
		if (packet_equal(component->packet, packet)) {
			g_free(packet);
			return component;
		}
	}
	if (merged->components->len == MERGE_COMPONENTS_MAX) {
		(void)too_much(error, "user IDs and subkeys",
			       MERGE_COMPONENTS_MAX);
		g_free(packet);
		return NULL;
	}
	component = g_new0(struct component, 1);
	component->packet = packet;
	component->signatures = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(merged->components, component);
	return component;
}

/* Takes the packet. */
static int
merged_signature(struct merged *merged, struct component *component,
		 struct packet *packet, struct seal_error *error)
{
	if (signature_is_anothers_certification(packet->body,
			packet->body_size, merged->fingerprint,
			merged->fingerprint_size) ||
	    g_ptr_array_find_with_equal_func(component->signatures, packet,
					     packet_equal, NULL)) {
		g_free(packet);
		return 0;
	}
	g_ptr_array_add(component->signatures, packet);
	if (++merged->signature_count > MERGE_SIGNATURES_MAX) {
		return too_much(error, "signatures of its own",
				MERGE_SIGNATURES_MAX);
	}
	return 0;
}

struct adding {
	struct merge *merge;
	unsigned int roles;
	struct merged *merged;
	struct component *component;
};

static int
add_packet(struct adding *adding, const uint8_t *data,
	   const struct openpgp_packet_header *header,
	   struct seal_error *error)
{
	const unsigned int tag = header->tag;

	switch (tag) {
	case OPENPGP_SECRET_KEY:
	case OPENPGP_SECRET_SUBKEY:
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
			       CERTIFICATES_SECRET);
		return -1;
	case OPENPGP_PUBLIC_KEY:
		adding->merged = merge_begin(adding->merge,
					     data + header->header_size,
					     header->body_size, error);
		if (adding->merged == NULL)
			return -1;
		adding->merged->roles |= adding->roles;
		/* fall through */
	case OPENPGP_PUBLIC_SUBKEY:
	case TAG_USER_ID:
	case TAG_ATTRIBUTE:
		if (adding->merged == NULL)
			return no_certificate(error);
		adding->component = merged_component(
			adding->merged, packet_new(data, header), error);
		return adding->component == NULL ? -1 : 0;
	case TAG_SIGNATURE:
		if (adding->component == NULL)
			return no_certificate(error);
		return merged_signature(adding->merged, adding->component,
					packet_new(data, header), error);
	case OPENPGP_MARKER:
	case TAG_TRUST:
		return 0;
	default:
		return tag >= TAG_NONCRITICAL || tag == 21 /* padding */ ?
			0 : no_certificate(error);
	}
}

int merge_add(struct merge *merge, const uint8_t *data, size_t size,
	      unsigned int roles, struct seal_error *error)
{
	struct adding adding = { .merge = merge, .roles = roles };
	struct openpgp_packet_header header;

	while (size > 0) {
		if (!openpgp_packet_read(data, size, &header) ||
		    header.partial ||
		    header.body_size > size - header.header_size)
			return no_certificate(error);
		if (add_packet(&adding, data, &header, error) < 0)
			return -1;
		data += header.header_size + header.body_size;
		size -= header.header_size + header.body_size;
	}
	return adding.merged == NULL ? no_certificate(error) : 0;
}

/*
 * What came of it
 */

static void append_component(GByteArray *out, struct component *component)
{
	g_byte_array_append(out, component->packet->data,
			    component->packet->size);
	for (guint i = 0; i < component->signatures->len; i++) {
		const struct packet *signature =
			component->signatures->pdata[i];

		g_byte_array_append(out, signature->data, signature->size);
	}
}

/* RFC 9580 section 10.1: subkeys come last. */
static GBytes *merged_serialize(const struct merged *merged)
{
	static const unsigned int tags[] = {
		OPENPGP_PUBLIC_KEY, TAG_USER_ID, TAG_ATTRIBUTE,
		OPENPGP_PUBLIC_SUBKEY
	};
	GByteArray *out = g_byte_array_new();

	for (size_t t = 0; t < G_N_ELEMENTS(tags); t++) {
		for (guint i = 0; i < merged->components->len; i++) {
			struct component *component =
				merged->components->pdata[i];

			if (component->packet->tag == tags[t])
				append_component(out, component);
		}
	}
	return g_byte_array_free_to_bytes(out);
}

GPtrArray *merge_certificates(const struct merge *merge)
{
	GPtrArray *certificates = g_ptr_array_new_with_free_func(
		(GDestroyNotify)certificate_unref);

	for (guint i = 0; i < merge->certificates->len; i++) {
		const struct merged *merged = merge->certificates->pdata[i];
		struct certificate *certificate = certificate_new();

		certificate->kind = CERTIFICATE_KIND_OPENPGP;
		certificate->roles = merged->roles;
		certificate->fingerprint = openpgp_fingerprint_hex(
			merged->fingerprint, merged->fingerprint_size);
		certificate->data = merged_serialize(merged);
		certificate_set_keys(certificate);
		g_ptr_array_add(certificates, certificate);
	}
	return certificates;
}

/*
 * Time
 */

static void time_consider(time_t *next, time_t now, time_t when)
{
	if (when > now && (*next == 0 || when < *next))
		*next = when;
}

static void
component_consider(const struct component *component, time_t *next,
		   time_t now)
{
	const struct packet *packet = component->packet;
	const uint8_t *body = packet->body;
	struct signature_times times;
	time_t created = 0;

	if ((packet->tag == OPENPGP_PUBLIC_KEY ||
	     packet->tag == OPENPGP_PUBLIC_SUBKEY) && packet->body_size >= 5) {
		created = (time_t)body[1] << 24 | body[2] << 16 |
			body[3] << 8 | body[4];
		time_consider(next, now, created);
	}
	for (guint i = 0; i < component->signatures->len; i++) {
		packet = component->signatures->pdata[i];
		if (!signature_times_read(packet->body, packet->body_size,
					  &times))
			continue;
		time_consider(next, now, times.created);
		if (times.lifetime != 0) {
			time_consider(next, now,
				      times.created + times.lifetime);
		}
		if (times.key_lifetime != 0)
			time_consider(next, now, created + times.key_lifetime);
	}
}

time_t merge_next_change(const struct merge *merge, time_t now)
{
	struct component *primary, *component;
	time_t next = 0;

	for (guint i = 0; i < merge->certificates->len; i++) {
		const struct merged *merged = merge->certificates->pdata[i];

		primary = merged->components->pdata[0];
		for (guint j = 0; j < merged->components->len; j++) {
			struct component of_primary = *primary;

			component = merged->components->pdata[j];
			component_consider(component, &next, now);
			/* a user ID's say when the primary key expires */
			of_primary.signatures = component->signatures;
			component_consider(&of_primary, &next, now);
		}
	}
	return next;
}
