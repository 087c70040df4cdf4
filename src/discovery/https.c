/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "https.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <string.h>

/* Of what nobody looks at; libcurl keeps it for who does. */
#define HEADER_SIZE_MAX (64*1024)
#define CONNECTIONS_MAX 4
#define MSEC_PER_SEC 1000

struct https_client {
	CURL *curl;
	char curl_error[CURL_ERROR_SIZE];
	size_t size_max;

	/* of what is asked now */
	GByteArray *body;
	size_t body_size, header_size;
};

/*
 * What comes
 */

static size_t
take_header(char *data G_GNUC_UNUSED, size_t size, size_t count, void *context)
{
	struct https_client *client = context;

	client->header_size += size * count;
	return client->header_size > HEADER_SIZE_MAX ? 0 : size * count;
}

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
	struct https_client *client = context;

	client->body_size += size * count;
	if (client->body_size > client->size_max)
		return 0;
	g_byte_array_append(client->body, (const guint8 *)data, size * count);
	return size * count;
}

/*
 * The client
 */

/* What is the same for all. libcurl's defaults are no redirects, no cookies,
   no .netrc, and the system's authorities. */
static bool set_options(struct https_client *client)
{
	CURL *curl = client->curl;

	return curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https") == 0 &&
		curl_easy_setopt(curl, CURLOPT_SSLVERSION,
				 (long)CURL_SSLVERSION_TLSv1_2) == 0 &&
		curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L) == 0 &&
		curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L) == 0 &&
		curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == 0 &&
		/* not that of the environment */
		curl_easy_setopt(curl, CURLOPT_PROXY, "") == 0 &&
		curl_easy_setopt(curl, CURLOPT_HTTP_VERSION,
				 (long)CURL_HTTP_VERSION_1_1) == 0 &&
		curl_easy_setopt(curl, CURLOPT_USERAGENT, "mail_seal") == 0 &&
		/* Dovecot has handlers of its own, and ignores SIGPIPE */
		curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == 0 &&
		curl_easy_setopt(curl, CURLOPT_MAXCONNECTS,
				 (long)CONNECTIONS_MAX) == 0 &&
		curl_easy_setopt(curl, CURLOPT_ERRORBUFFER,
				 client->curl_error) == 0 &&
		curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION,
				 take_header) == 0 &&
		curl_easy_setopt(curl, CURLOPT_HEADERDATA, client) == 0 &&
		curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION,
				 take_body) == 0 &&
		curl_easy_setopt(curl, CURLOPT_WRITEDATA, client) == 0;
}

struct https_client *https_client_new(size_t size_max, char **error_r)
{
	struct https_client *client;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
		*error_r = g_strdup("libcurl can't be used");
		return NULL;
	}
	client = g_new0(struct https_client, 1);
	client->size_max = size_max;
	client->body = g_byte_array_new();
	client->curl = curl_easy_init();
	if (client->curl == NULL || !set_options(client)) {
		*error_r = g_strdup("libcurl lacks what is needed: HTTPS");
		https_client_free(client);
		return NULL;
	}
	return client;
}

void https_client_free(struct https_client *client)
{
	if (client->curl != NULL)
		curl_easy_cleanup(client->curl);
	g_byte_array_unref(client->body);
	g_free(client);
	curl_global_cleanup();
}

/*
 * Asking
 */

/* Returns libcurl's own words. */
static CURLcode
perform(struct https_client *client, const char *url, const char *host,
	const char *addresses, gint64 until)
{
	const gint64 left = (until - g_get_monotonic_time()) * MSEC_PER_SEC /
		G_USEC_PER_SEC;
	char *entry = g_strdup_printf("%s:443:%s", host, addresses);
	struct curl_slist *resolve = curl_slist_append(NULL, entry);
	CURLcode code = CURLE_OUT_OF_MEMORY;

	client->curl_error[0] = '\0';
	client->body_size = client->header_size = 0;
	g_byte_array_set_size(client->body, 0);
	if (resolve != NULL &&
	    curl_easy_setopt(client->curl, CURLOPT_RESOLVE, resolve) == 0 &&
	    curl_easy_setopt(client->curl, CURLOPT_URL, url) == 0 &&
	    curl_easy_setopt(client->curl, CURLOPT_TIMEOUT_MS,
			     (long)MAX(left, 1)) == 0)
		code = curl_easy_perform(client->curl);
	(void)curl_easy_setopt(client->curl, CURLOPT_RESOLVE, NULL);
	curl_slist_free_all(resolve);
	g_free(entry);
	return code;
}

/* It can hold what the server's certificate does. */
static void append_clean(GString *note, const char *text)
{
	char *valid = g_utf8_make_valid(text, -1);

	for (char *p = valid; *p != '\0'; p++) {
		if (g_ascii_iscntrl(*p))
			*p = ' ';
	}
	g_string_append(note, g_strchomp(valid));
	g_free(valid);
}

static void
append_reason(const struct https_client *client, CURLcode code, GString *note)
{
	if (client->header_size > HEADER_SIZE_MAX) {
		g_string_append(note, "the answer's header is too large");
	} else if (client->body_size > client->size_max) {
		g_string_append_printf(note, "the answer has more than %zu kB",
				       client->size_max / 1024);
	} else {
		append_clean(note, client->curl_error[0] != '\0' ?
			     client->curl_error : curl_easy_strerror(code));
	}
}

/* Has nothing come by a connection that was kept? The server has closed it just
   then. libcurl sees to that, but only some times in a handle's life
   (lib/transfer.c: CONN_MAX_RETRIES). */
static bool was_kept_too_long(const struct https_client *client)
{
	long new_connections = 1;

	return client->header_size == 0 &&
		curl_easy_getinfo(client->curl, CURLINFO_NUM_CONNECTS,
				  &new_connections) == 0 &&
		new_connections == 0;
}

enum https_result
https_get(struct https_client *client, const char *url, const char *host,
	  const char *addresses, gint64 until, struct https_answer *answer)
{
	CURLcode code = perform(client, url, host, addresses, until);
	long status = 0;

	if (code != CURLE_OK && was_kept_too_long(client)) {
		(void)curl_easy_setopt(client->curl, CURLOPT_FRESH_CONNECT,
				       1L);
		code = perform(client, url, host, addresses, until);
		(void)curl_easy_setopt(client->curl, CURLOPT_FRESH_CONNECT,
				       0L);
	}

	(void)curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_OPERATION_TIMEDOUT) {
		g_string_append(answer->note, "no whole answer in time");
		return HTTPS_TIMEOUT;
	}
	/* what it says beside a failure doesn't matter */
	if (code != CURLE_OK && (status < 300 ||
				 client->header_size > HEADER_SIZE_MAX)) {
		append_reason(client, code, answer->note);
		return HTTPS_FAILED;
	}
	answer->status = status;
	if (status == 200) {
		g_byte_array_append(answer->body, client->body->data,
				    client->body->len);
	}
	return HTTPS_ANSWER;
}
