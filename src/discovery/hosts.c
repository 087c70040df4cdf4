/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* EAI_NODATA and EAI_ADDRFAMILY */
#define _GNU_SOURCE

#include "hosts.h"
#include "../seal/gnupg/worker.h"

#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <string.h>
#include <sys/socket.h>

/* As long as libcurl keeps them. */
#define KEPT_SECS 60
/* More are of no use in the time there is. */
#define ADDRESSES_MAX 8

struct discovery_hosts {
	/* name: struct kept_host */
	GHashTable *kept;
};

struct kept_host {
	struct discovery_host host;
	gint64 until;
};

static void kept_host_free(gpointer _kept)
{
	struct kept_host *kept = _kept;

	g_free(kept->host.text);
	g_free(kept);
}

struct discovery_hosts *discovery_hosts_new(void)
{
	struct discovery_hosts *hosts = g_new0(struct discovery_hosts, 1);

	hosts->kept = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					    kept_host_free);
	return hosts;
}

void discovery_hosts_free(struct discovery_hosts *hosts)
{
	g_hash_table_destroy(hosts->kept);
	g_free(hosts);
}

/*
 * In the worker, which writes one line: the result as a digit, and the text
 */

static void append_addresses(const struct addrinfo *list, GString *line)
{
	unsigned int count = 0;

	for (; list != NULL && count < ADDRESSES_MAX; list = list->ai_next) {
		char address[NI_MAXHOST];

		/* with a % it is of one network only, and not libcurl's */
		if (getnameinfo(list->ai_addr, list->ai_addrlen, address,
				sizeof(address), NULL, 0,
				NI_NUMERICHOST) == 0 &&
		    strchr(address, '%') == NULL) {
			g_string_append_printf(line, "%s%s",
					       count++ > 0 ? "," : "",
					       address);
		}
	}
}

static enum discovery_host_result result_of(int error)
{
	switch (error) {
	case 0:
		return DISCOVERY_HOST_FOUND;
	case EAI_NONAME:
#if defined(EAI_NODATA) && EAI_NODATA != EAI_NONAME
	case EAI_NODATA:
#endif
#ifdef EAI_ADDRFAMILY
	case EAI_ADDRFAMILY:
#endif
		return DISCOVERY_HOST_NONE;
	default:
		return DISCOVERY_HOST_UNKNOWN;
	}
}

static int resolve(int input G_GNUC_UNUSED, int output, void *context,
		   struct seal_error *error)
{
	const char *name = context;
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	GString *line = g_string_new(NULL);
	enum discovery_host_result result;
	int ret, failure;

	/* another host's address is no answer */
	if (res_init() == 0)
		_res.options &= ~(unsigned long)(RES_DNSRCH | RES_DEFNAMES);
	failure = getaddrinfo(name, NULL, &hints, &list);
	result = result_of(failure);
	g_string_append_printf(line, "%d", (int)result);
	if (failure == 0) {
		append_addresses(list, line);
		freeaddrinfo(list);
	} else {
		g_string_append(line, gai_strerror(failure));
	}
	ret = worker_write_all(output, line->str, line->len, error);
	g_string_free(line, TRUE);
	return ret;
}

/*
 * In our process
 */

static void
ask(const char *name, gint64 until, struct discovery_host *host_r)
{
	const gint64 left = (until - g_get_monotonic_time() +
			     G_USEC_PER_SEC / 2) / G_USEC_PER_SEC;
	GByteArray *line = g_byte_array_new();
	struct seal_error error = { .code = SEAL_ERROR_NONE };

	if (worker_run(resolve, (void *)name, MAX(left, 1), 0, line,
		       &error) == 0 && line->len > 0) {
		host_r->result = line->data[0] - '0';
		host_r->text = g_strndup((const char *)line->data + 1,
					 line->len - 1);
	} else if (error.code == SEAL_ERROR_TIMEOUT) {
		host_r->result = DISCOVERY_HOST_TIMEOUT;
		host_r->text = g_strdup("no answer in time");
	} else {
		host_r->result = DISCOVERY_HOST_UNKNOWN;
		host_r->text = g_strdup("the process that asks has ended");
	}
	g_byte_array_unref(line);
}

const struct discovery_host *
discovery_hosts_find(struct discovery_hosts *hosts, const char *name,
		     gint64 until)
{
	const gint64 now = g_get_monotonic_time();
	struct kept_host *kept = g_hash_table_lookup(hosts->kept, name);

	if (kept == NULL || kept->until < now) {
		kept = g_new0(struct kept_host, 1);
		kept->until = now + KEPT_SECS * G_USEC_PER_SEC;
		ask(name, until, &kept->host);
		g_hash_table_replace(hosts->kept, g_strdup(name), kept);
	}
	return &kept->host;
}
