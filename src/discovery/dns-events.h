/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DNS_EVENTS_H
#define DNS_EVENTS_H

#include <stdbool.h>
#include <glib.h>

struct ub_event_base;

/* The event loop that libunbound works in: a GMainContext of its own. So it
   needs no thread and no process, and whoever waits says for how long. */
struct dns_events *dns_events_new(void);
/* Not before the libunbound context is gone */
void dns_events_free(struct dns_events *events);

/* For ub_ctx_create_ub_event() */
struct ub_event_base *dns_events_base(struct dns_events *events);

/* Works until *done is set (by a callback of libunbound's), or until the
   deadline (as g_get_monotonic_time()) has passed: returns whether it is. */
bool dns_events_run(struct dns_events *events, const bool *done,
		    gint64 deadline);

#endif
