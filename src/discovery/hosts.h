/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DISCOVERY_HOSTS_H
#define DISCOVERY_HOSTS_H

#include <glib.h>

/* The addresses of hosts, as the system's resolver (nsswitch.conf) says, and
   why there are none: libcurl doesn't tell a host that isn't there from a name
   server that isn't. The resolver waits as long as it likes, so it runs in a
   process of its own, which is ended in time. Answers are kept, as thousands of
   users have the same domain. */

struct discovery_hosts;

enum discovery_host_result {
	DISCOVERY_HOST_FOUND,
	/* there is no such host, or it has no address */
	DISCOVERY_HOST_NONE,
	DISCOVERY_HOST_UNKNOWN,
	DISCOVERY_HOST_TIMEOUT
};

struct discovery_host {
	enum discovery_host_result result;
	/* if found: numeric addresses with commas between them; if unknown:
	   why, half a sentence */
	char *text;
};

struct discovery_hosts *discovery_hosts_new(void);
void discovery_hosts_free(struct discovery_hosts *hosts);

/* Looks the name up, as it is, without the resolver's search list. Waits until
   this time of g_get_monotonic_time(), to the second, but one at least.
   What is returned stays the cache's until the next call. */
const struct discovery_host *
discovery_hosts_find(struct discovery_hosts *hosts, const char *name,
		     gint64 until);

#endif
