/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* The source "wkd": a Web Key Directory, as
   draft-koch-openpgp-webkey-service section 3.1 has it. */

#include "discovery.h"
#include "address.h"
#include "hosts.h"
#include "https.h"
#include "../seal/format/openpgp-packet.h"

#include <string.h>

struct wkd {
	struct https_client *https;
	struct discovery_hosts *hosts;
	unsigned int timeout_secs;
};

static bool wkd_is_configured(const struct discovery_settings *set
			      G_GNUC_UNUSED)
{
	return true;
}

static void *wkd_open(const struct discovery_settings *set, char **error_r)
{
	struct https_client *https = https_client_new(DISCOVERY_SIZE_MAX,
						      error_r);
	struct wkd *wkd;

	if (https == NULL)
		return NULL;
	wkd = g_new0(struct wkd, 1);
	wkd->https = https;
	wkd->hosts = discovery_hosts_new();
	wkd->timeout_secs = set->timeout_secs;
	return wkd;
}

static void wkd_close(void *state)
{
	struct wkd *wkd = state;

	https_client_free(wkd->https);
	discovery_hosts_free(wkd->hosts);
	g_free(wkd);
}

/*
 * Where to look
 */

/* What ends in a number is an IP address, in one of its many forms. */
static bool is_host_name(const char *domain)
{
	const char *last = strrchr(domain, '.');

	return !g_ascii_isdigit(last == NULL ? *domain : last[1]);
}

static char *
make_url(const char *host, const char *directory, const char *local_part)
{
	char *name = discovery_address_wkd_name(local_part);
	char *escaped = g_uri_escape_string(local_part, NULL, FALSE);
	char *url = g_strdup_printf(
		"https://%s/.well-known/openpgpkey%s/hu/%s?l=%s", host,
		directory, name, escaped);

	g_free(name);
	g_free(escaped);
	return url;
}

/*
 * The answer
 */

/* Many servers have a page for everything. */
static bool is_certificate(const GByteArray *body)
{
	static const char armor[] = "-----BEGIN PGP ";
	struct openpgp_packet_header header;

	if (openpgp_packet_read(body->data, body->len, &header)) {
		return header.tag == OPENPGP_PUBLIC_KEY ||
			header.tag == OPENPGP_SECRET_KEY;
	}
	return g_strstr_len((const char *)body->data, body->len,
			    armor) != NULL;
}

static enum discovery_result
judge_answer(const struct https_answer *https, GString *note)
{
	if (https->status == 404)
		return DISCOVERY_NONE;
	if (https->status / 100 == 3) {
		g_string_append_printf(note, "the server redirects (%u), "
				       "which isn't followed", https->status);
	} else if (https->status != 200) {
		g_string_append_printf(note, "the server answers %u",
				       https->status);
	} else if (!is_certificate(https->body)) {
		g_string_append(note, "the answer isn't an OpenPGP "
				"certificate");
	} else {
		return DISCOVERY_FOUND;
	}
	return DISCOVERY_UNKNOWN;
}

static enum discovery_result
get(struct wkd *wkd, const char *host, const char *addresses, gint64 until,
    struct discovery_answer *answer)
{
	struct https_answer https = {
		.body = answer->data, .note = answer->note
	};

	switch (https_get(wkd->https, answer->where->str, host, addresses,
			  until, &https)) {
	case HTTPS_FAILED:
		return DISCOVERY_UNKNOWN;
	case HTTPS_TIMEOUT:
		return DISCOVERY_TIMEOUT;
	case HTTPS_ANSWER:
		break;
	}
	return judge_answer(&https, answer->note);
}

/* Returns false if the host has no address. */
static bool
try_host(struct wkd *wkd, const char *name, gint64 until,
	 struct discovery_answer *answer)
{
	const struct discovery_host *host =
		discovery_hosts_find(wkd->hosts, name, until);

	switch (host->result) {
	case DISCOVERY_HOST_FOUND:
		answer->result = get(wkd, name, host->text, until, answer);
		return true;
	case DISCOVERY_HOST_NONE:
		return false;
	case DISCOVERY_HOST_UNKNOWN:
	case DISCOVERY_HOST_TIMEOUT:
		break;
	}
	answer->result = host->result == DISCOVERY_HOST_TIMEOUT ?
		DISCOVERY_TIMEOUT : DISCOVERY_UNKNOWN;
	g_string_append_printf(answer->note, "no address of %s: %s", name,
			       host->text);
	return true;
}

static bool
try_method(struct wkd *wkd, const char *host, const char *directory,
	   const char *local_part, gint64 until,
	   struct discovery_answer *answer)
{
	char *url = make_url(host, directory, local_part);

	g_string_assign(answer->where, url);
	g_free(url);
	return try_host(wkd, host, until, answer);
}

/* Only a host that isn't there leads to the direct method, as the draft says:
   a server that is there has the last word. */
static void
wkd_find(void *state, const char *local_part, const char *domain,
	 struct discovery_answer *answer)
{
	struct wkd *wkd = state;
	const gint64 until = g_get_monotonic_time() +
		(gint64)wkd->timeout_secs * G_USEC_PER_SEC;
	char *host = g_strconcat("openpgpkey.", domain, NULL);
	char *directory = g_strconcat("/", domain, NULL);

	if (!is_host_name(domain)) {
		answer->result = DISCOVERY_NONE;
		g_string_append(answer->note, "no host has such a name");
	} else if (!try_method(wkd, host, directory, local_part, until,
			       answer) &&
		   !try_method(wkd, domain, "", local_part, until, answer)) {
		answer->result = DISCOVERY_UNKNOWN;
		g_string_append_printf(answer->note, "there is no host %s, "
				       "and no %s", host, domain);
	}
	answer->count = answer->result == DISCOVERY_FOUND ? 1 : 0;
	if (answer->result != DISCOVERY_FOUND)
		g_byte_array_set_size(answer->data, 0);
	g_free(host);
	g_free(directory);
}

const struct discovery_source discovery_wkd = {
	.is_configured = wkd_is_configured,
	.open = wkd_open,
	.find = wkd_find,
	.close = wkd_close
};
