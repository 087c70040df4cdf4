/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What libunbound asks of an event loop (unbound-event.h), by GLib's. The
   meaning of its functions is that of libevent's of the same names. */

#include "dns-events.h"

#include <sys/time.h>
#include <unbound-event.h>

struct dns_events {
	struct ub_event_base base;
	GMainContext *context;
};

struct event {
	struct ub_event event;
	struct dns_events *events;
	int fd;
	short bits;
	void (*callback)(int fd, short bits, void *arg);
	void *arg;
	/* how long it waits; 0: for ever */
	gint64 timeout_usecs;
	/* while it is added */
	GSource *source;
	gpointer fd_tag;
};

struct event_source {
	GSource source;
	struct event *event;
};

static void event_remove(struct event *event)
{
	GSource *source = event->source;

	event->source = NULL;
	if (source != NULL) {
		g_source_destroy(source);
		g_source_unref(source);
	}
}

/* Errors and hang-ups are found out by who reads or writes. */
static short event_bits(const struct event *event)
{
	GIOCondition condition = 0;
	short bits = 0;

	if (event->fd_tag != NULL)
		condition = g_source_query_unix_fd(event->source,
						   event->fd_tag);
	if ((condition & (G_IO_IN | G_IO_ERR | G_IO_HUP)) != 0)
		bits |= UB_EV_READ;
	if ((condition & (G_IO_OUT | G_IO_ERR | G_IO_HUP)) != 0)
		bits |= UB_EV_WRITE;
	bits &= event->bits;
	return bits != 0 ? bits : UB_EV_TIMEOUT;
}

static void event_start_timeout(struct event *event)
{
	if (event->timeout_usecs > 0) {
		g_source_set_ready_time(event->source,
			g_get_monotonic_time() + event->timeout_usecs);
	}
}

static gboolean event_dispatch(GSource *source, GSourceFunc callback G_GNUC_UNUSED,
			       gpointer data G_GNUC_UNUSED)
{
	struct event *event = ((struct event_source *)source)->event;
	short bits = event_bits(event);

	if ((event->bits & UB_EV_PERSIST) != 0)
		event_start_timeout(event);
	else
		event_remove(event);
	/* It may free the event. */
	event->callback(event->fd, bits, event->arg);
	return G_SOURCE_CONTINUE;
}

static GSourceFuncs event_funcs = { .dispatch = event_dispatch };

/*
 * An event's functions
 */

static struct event *of(struct ub_event *event)
{
	return (struct event *)event;
}

static void event_add_bits(struct ub_event *event, short bits)
{
	of(event)->bits |= bits;
}

static void event_del_bits(struct ub_event *event, short bits)
{
	of(event)->bits &= ~bits;
}

static void event_set_fd(struct ub_event *event, int fd)
{
	of(event)->fd = fd;
}

static void event_free(struct ub_event *event)
{
	event_remove(of(event));
	g_free(of(event));
}

static int event_add(struct ub_event *ub_event, struct timeval *timeout)
{
	struct event *event = of(ub_event);
	GIOCondition condition = 0;

	event_remove(event);
	event->timeout_usecs = timeout == NULL ? 0 :
		MAX(timeout->tv_sec * G_USEC_PER_SEC + timeout->tv_usec, 1);
	event->source = g_source_new(&event_funcs, sizeof(struct event_source));
	((struct event_source *)event->source)->event = event;
	if ((event->bits & UB_EV_READ) != 0)
		condition |= G_IO_IN;
	if ((event->bits & UB_EV_WRITE) != 0)
		condition |= G_IO_OUT;
	event->fd_tag = event->fd == -1 || condition == 0 ? NULL :
		g_source_add_unix_fd(event->source, event->fd, condition);
	event_start_timeout(event);
	g_source_attach(event->source, event->events->context);
	return 0;
}

static int event_del(struct ub_event *event)
{
	event_remove(of(event));
	return 0;
}

static int event_add_timer(struct ub_event *ub_event, struct ub_event_base *base,
			   void (*callback)(int, short, void *), void *arg,
			   struct timeval *timeout)
{
	struct event *event = of(ub_event);

	event_remove(event);
	event->events = (struct dns_events *)base;
	event->fd = -1;
	event->bits = UB_EV_TIMEOUT;
	event->callback = callback;
	event->arg = arg;
	return event_add(ub_event, timeout);
}

/* "not called by libunbound" */
static int event_add_signal(struct ub_event *event G_GNUC_UNUSED,
			    struct timeval *timeout G_GNUC_UNUSED)
{
	return -1;
}

static int event_del_signal(struct ub_event *event G_GNUC_UNUSED)
{
	return -1;
}

static void event_unregister_wsaevent(struct ub_event *event G_GNUC_UNUSED)
{
}

static void event_tcp_wouldblock(struct ub_event *event G_GNUC_UNUSED,
				 int bit G_GNUC_UNUSED)
{
}

static struct ub_event_vmt event_vmt = {
	.add_bits = event_add_bits,
	.del_bits = event_del_bits,
	.set_fd = event_set_fd,
	.free = event_free,
	.add = event_add,
	.del = event_del,
	.add_timer = event_add_timer,
	.del_timer = event_del,
	.add_signal = event_add_signal,
	.del_signal = event_del_signal,
	.winsock_unregister_wsaevent = event_unregister_wsaevent,
	.winsock_tcp_wouldblock = event_tcp_wouldblock,
};

/*
 * The loop's functions
 */

static struct ub_event *
base_new_event(struct ub_event_base *base, int fd, short bits,
	       void (*callback)(int, short, void *), void *arg)
{
	struct event *event = g_new0(struct event, 1);

	event->event.magic = UB_EVENT_MAGIC;
	event->event.vmt = &event_vmt;
	event->events = (struct dns_events *)base;
	event->fd = fd;
	event->bits = bits;
	event->callback = callback;
	event->arg = arg;
	return &event->event;
}

/* The rest are "not called by libunbound", or have nothing to end: the loop is
   the caller's. */
static void base_free(struct ub_event_base *base G_GNUC_UNUSED)
{
}

static int base_dispatch(struct ub_event_base *base G_GNUC_UNUSED)
{
	return -1;
}

static int base_loopexit(struct ub_event_base *base G_GNUC_UNUSED,
			 struct timeval *timeout G_GNUC_UNUSED)
{
	return 0;
}

static struct ub_event *
base_new_signal(struct ub_event_base *base G_GNUC_UNUSED, int fd G_GNUC_UNUSED,
		void (*callback)(int, short, void *) G_GNUC_UNUSED,
		void *arg G_GNUC_UNUSED)
{
	return NULL;
}

static struct ub_event *
base_register_wsaevent(struct ub_event_base *base G_GNUC_UNUSED,
		       void *wsaevent G_GNUC_UNUSED,
		       void (*callback)(int, short, void *) G_GNUC_UNUSED,
		       void *arg G_GNUC_UNUSED)
{
	return NULL;
}

static struct ub_event_base_vmt base_vmt = {
	.free = base_free,
	.dispatch = base_dispatch,
	.loopexit = base_loopexit,
	.new_event = base_new_event,
	.new_signal = base_new_signal,
	.winsock_register_wsaevent = base_register_wsaevent,
};

struct dns_events *dns_events_new(void)
{
	struct dns_events *events = g_new0(struct dns_events, 1);

	events->base.magic = UB_EVENT_MAGIC;
	events->base.vmt = &base_vmt;
	events->context = g_main_context_new();
	return events;
}

void dns_events_free(struct dns_events *events)
{
	g_main_context_unref(events->context);
	g_free(events);
}

struct ub_event_base *dns_events_base(struct dns_events *events)
{
	return &events->base;
}

static gboolean deadline_passed(gpointer passed)
{
	*(bool *)passed = true;
	return G_SOURCE_REMOVE;
}

bool dns_events_run(struct dns_events *events, const bool *done,
		    gint64 deadline)
{
	gint64 left = deadline - g_get_monotonic_time();
	bool passed = left <= 0;
	GSource *timer;

	if (*done || passed)
		return *done;
	timer = g_timeout_source_new(0);
	g_source_set_ready_time(timer, deadline);
	/* before what servers keep sending */
	g_source_set_priority(timer, G_PRIORITY_HIGH);
	g_source_set_callback(timer, deadline_passed, &passed, NULL);
	g_source_attach(timer, events->context);
	while (!*done && !passed)
		g_main_context_iteration(events->context, TRUE);
	g_source_destroy(timer);
	g_source_unref(timer);
	return *done;
}
