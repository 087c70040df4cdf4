/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "check.h"
#include "openpgp-packet.h"

/* RFC 9580 section 5.13.1: version, prefix, a packet with something in it, MDC
   packet. Bytes. */
#define CONTAINER_MIN (1 + 18 + 2 + 22)

struct openpgp_check {
	struct openpgp_message_walker packets;
	uint64_t size;
	/* where the container begins */
	size_t container;
};

/* Is this what the key is called that is chosen of the certificate? */
static bool
is_for(const struct certificate *certificate, uint64_t id, time_t now)
{
	const struct certificate_key *key =
		certificate_encryption_key(certificate, now);

	return key != NULL && key->id == id;
}

/* A key id that isn't told, which is 0, is nobody's. */
static bool
mark_recipients(const struct check_params *params, uint64_t id, bool *has_one)
{
	bool found = false;

	for (size_t i = 0; id != 0 && i < params->recipient_count; i++) {
		if (is_for(params->recipients[i], id, params->now))
			has_one[i] = found = true;
	}
	return found;
}

/* Is each session key for a recipient, and has each recipient one? */
static bool
is_for_recipients(const struct check_params *params, const uint8_t *data,
		  size_t size, size_t *offset)
{
	bool *has_one = g_new0(bool, params->recipient_count);
	size_t packets = 0;
	bool ok = true;
	uint64_t id;

	while (ok && openpgp_message_next_recipient(data, size, offset, &id)) {
		ok = mark_recipients(params, id, has_one) &&
			++packets <= params->recipient_count;
	}
	for (size_t i = 0; i < params->recipient_count; i++)
		ok = ok && has_one[i];
	g_free(has_one);
	return ok;
}

static enum check_result
openpgp_start(const struct check_params *params, void *state,
	      const uint8_t *data, size_t size)
{
	struct openpgp_check *check = state;

	switch (openpgp_message_check(data, size)) {
	case 0:
		return CHECK_BAD;
	case -1:
		return CHECK_MORE;
	}
	return is_for_recipients(params, data, size, &check->container) ?
		CHECK_OK : CHECK_OTHER_RECIPIENTS;
}

static bool openpgp_follow(void *state, const uint8_t *data, size_t size)
{
	struct openpgp_check *check = state;

	check->size += size;
	return openpgp_message_walk(&check->packets, data, size);
}

/* A container whose end isn't told could be cut off. */
static bool openpgp_is_complete(const void *state)
{
	const struct openpgp_check *check = state;

	return openpgp_message_is_encrypted(&check->packets) &&
		check->packets.body_left == 0 &&
		check->size - check->container >= CONTAINER_MIN;
}

const struct check_form check_openpgp = {
	.state_size = sizeof(struct openpgp_check),
	.start = openpgp_start,
	.follow = openpgp_follow,
	.is_complete = openpgp_is_complete
};
