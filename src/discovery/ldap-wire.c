/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What libldap reads and writes by (lber-sockbuf(3)): each call ends at the
   deadline, so nothing above has to look at the time. */

#include "ldap-wire.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* An answer with everything around it, and what it has besides */
#define READ_MAX (4 * DISCOVERY_SIZE_MAX)

struct ldap_wire {
	int fd;
	gint64 until;
	size_t read;
	bool late, full;
};

/*
 * Waiting
 */

gint64 ldap_wire_time_left(const struct ldap_wire *wire)
{
	return MAX(wire->until - g_get_monotonic_time(), 0);
}

/* Returns false with errno at the deadline, or if something is wrong. */
static bool wait_for(struct ldap_wire *wire, short events)
{
	struct pollfd wanted = { .fd = wire->fd, .events = events };
	int ret;

	do {
		const gint64 left = ldap_wire_time_left(wire);

		/* not a millisecond too early, or it would go round and
		   round */
		ret = poll(&wanted, 1, (int)((left + 999) / 1000));
	} while (ret < 0 && errno == EINTR);
	if (ret > 0)
		return true;
	if (ret == 0) {
		wire->late = true;
		errno = ETIMEDOUT;
	}
	return false;
}

/*
 * libldap's calls
 */

static int wire_setup(Sockbuf_IO_Desc *desc, void *wire)
{
	desc->sbiod_pvt = wire;
	return 0;
}

static int wire_remove(Sockbuf_IO_Desc *desc G_GNUC_UNUSED)
{
	return 0;
}

static int
wire_control(Sockbuf_IO_Desc *desc G_GNUC_UNUSED, int option G_GNUC_UNUSED,
	     void *argument G_GNUC_UNUSED)
{
	return 0;
}

static ber_slen_t
wire_read(Sockbuf_IO_Desc *desc, void *data, ber_len_t size)
{
	struct ldap_wire *wire = desc->sbiod_pvt;
	ssize_t ret;

	if (wire->read >= READ_MAX) {
		wire->full = true;
		errno = EMSGSIZE;
		return -1;
	}
	size = MIN(size, READ_MAX - wire->read);
	do {
		ret = recv(wire->fd, data, size, 0);
	} while (ret < 0 && (errno == EINTR ||
			     ((errno == EAGAIN || errno == EWOULDBLOCK) &&
			      wait_for(wire, POLLIN))));
	if (ret > 0)
		wire->read += ret;
	return ret;
}

static ber_slen_t
wire_write(Sockbuf_IO_Desc *desc, void *data, ber_len_t size)
{
	struct ldap_wire *wire = desc->sbiod_pvt;
	ssize_t ret;

	do {
		ret = send(wire->fd, data, size, MSG_NOSIGNAL);
	} while (ret < 0 && (errno == EINTR ||
			     ((errno == EAGAIN || errno == EWOULDBLOCK) &&
			      wait_for(wire, POLLOUT))));
	return ret;
}

/* The socket is ldap_wire_free()'s. */
static int wire_close(Sockbuf_IO_Desc *desc G_GNUC_UNUSED)
{
	return 0;
}

static Sockbuf_IO wire_io = {
	.sbi_setup = wire_setup,
	.sbi_remove = wire_remove,
	.sbi_ctrl = wire_control,
	.sbi_read = wire_read,
	.sbi_write = wire_write,
	.sbi_close = wire_close
};

int ldap_wire_attach(struct ldap_wire *wire, Sockbuf *sockbuf)
{
	/* a packet announces its size, which is believed */
	ber_len_t largest = READ_MAX;

	return ber_sockbuf_ctrl(sockbuf, LBER_SB_OPT_SET_MAX_INCOMING,
				&largest) == 1 &&
		ber_sockbuf_add_io(sockbuf, &wire_io,
				   LBER_SBIOD_LEVEL_PROVIDER, wire) == 0 ?
		0 : -1;
}

/*
 * Connecting
 */

/* Returns 0 with a connected socket in the wire, or an errno. */
static int connect_to(struct ldap_wire *wire, const struct addrinfo *address)
{
	socklen_t size = sizeof(int);
	int failure;

	wire->fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC |
			  SOCK_NONBLOCK, 0);
	if (wire->fd < 0)
		return errno;
	if (connect(wire->fd, address->ai_addr, address->ai_addrlen) == 0)
		return 0;
	if (errno != EINPROGRESS || !wait_for(wire, POLLOUT))
		return errno;
	return getsockopt(wire->fd, SOL_SOCKET, SO_ERROR, &failure,
			  &size) < 0 ? errno : failure;
}

static int
connect_to_one(struct ldap_wire *wire, const char *host, unsigned int port)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM
	};
	struct addrinfo *address;
	char service[16];
	int failure;

	g_snprintf(service, sizeof(service), "%u", port);
	if (getaddrinfo(host, service, &hints, &address) != 0)
		return EADDRNOTAVAIL;
	failure = connect_to(wire, address);
	freeaddrinfo(address);
	if (failure != 0 && wire->fd >= 0) {
		(void)close(wire->fd);
		wire->fd = -1;
	}
	return failure;
}

/* Each address has its share of the time. */
static void
connect_to_any(struct ldap_wire *wire, const char *addresses,
	       unsigned int port, gint64 until, GString *note)
{
	char **list = g_strsplit(addresses, ",", -1);
	const unsigned int count = g_strv_length(list);
	int failure = EADDRNOTAVAIL;

	for (unsigned int i = 0; i < count && wire->fd < 0; i++) {
		const gint64 now = g_get_monotonic_time();

		wire->until = now + MAX(until - now, 0) / (count - i);
		failure = connect_to_one(wire, list[i], port);
	}
	if (wire->fd < 0) {
		g_string_append_printf(note, "can't connect: %s",
				       g_strerror(failure));
	}
	g_strfreev(list);
}

static enum discovery_result
find_addresses(const char *host, struct discovery_hosts *hosts, gint64 until,
	       const char **addresses_r, GString *note)
{
	const struct discovery_host *found;

	*addresses_r = host;
	if (g_hostname_is_ip_address(host))
		return DISCOVERY_FOUND;
	found = discovery_hosts_find(hosts, host, until);
	*addresses_r = found->text;
	switch (found->result) {
	case DISCOVERY_HOST_FOUND:
		return DISCOVERY_FOUND;
	case DISCOVERY_HOST_NONE:
		g_string_append(note, "there is no such host");
		return DISCOVERY_UNKNOWN;
	case DISCOVERY_HOST_TIMEOUT:
	case DISCOVERY_HOST_UNKNOWN:
		break;
	}
	g_string_append_printf(note, "the host's address isn't known: %s",
			       found->text);
	return found->result == DISCOVERY_HOST_TIMEOUT ? DISCOVERY_TIMEOUT :
		DISCOVERY_UNKNOWN;
}

struct ldap_wire *
ldap_wire_connect(const struct ldap_server *server,
		  struct discovery_hosts *hosts, gint64 until,
		  enum discovery_result *result_r, GString *note)
{
	struct ldap_wire *wire;
	const char *addresses;

	*result_r = find_addresses(server->host, hosts, until, &addresses,
				   note);
	if (*result_r != DISCOVERY_FOUND)
		return NULL;
	wire = g_new0(struct ldap_wire, 1);
	wire->fd = -1;
	connect_to_any(wire, addresses, server->port, until, note);
	if (wire->fd >= 0) {
		ldap_wire_set_deadline(wire, until);
		return wire;
	}
	*result_r = wire->late ? DISCOVERY_TIMEOUT : DISCOVERY_UNKNOWN;
	ldap_wire_free(wire);
	return NULL;
}

void ldap_wire_free(struct ldap_wire *wire)
{
	if (wire->fd >= 0)
		(void)close(wire->fd);
	g_free(wire);
}

int ldap_wire_fd(const struct ldap_wire *wire)
{
	return wire->fd;
}

void ldap_wire_set_deadline(struct ldap_wire *wire, gint64 until)
{
	wire->until = until;
	wire->read = 0;
	wire->late = wire->full = false;
}

bool ldap_wire_is_late(const struct ldap_wire *wire)
{
	return wire->late;
}

bool ldap_wire_is_full(const struct ldap_wire *wire)
{
	return wire->full;
}
