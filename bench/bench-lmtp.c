/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Delivers messages by LMTP as fast as the server takes them:

	bench-lmtp SERVER ADDRESS CONNECTIONS MESSAGES FILE [OWNERS [FIRST]]

   SERVER is a socket's path, or an address and a port as in 127.0.0.1:24. Each
   connection has a process and a recipient of its own: a % in ADDRESS is
   replaced by the connection's number. With OWNERS every connection sends to
   that many recipients in turn, and % is the recipient's number. With FIRST
   they are that one and those after it, and each connection begins with another
   one. FILE is the message, dot-stuffed, with its final dot, or a folder of such
   messages, which are sent in turn too.

   Before that one message is sent by each connection, and to each of its
   recipients if there is no FIRST, so that neither connecting nor a process's
   first message counts. Then it says "ready" and waits for a line on standard
   input, so that the caller can see what the server has used until then. Prints
   the seconds from that line to the last reply. */

#include <dirent.h>
#include <err.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct message {
	char *data;
	size_t size;
};

struct connection {
	int fd;
	FILE *replies;
	/* commands */
	char **rcpts;
	int rcpt_count;
};

struct messages {
	struct message *list;
	int count;
};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static struct message read_message(const char *path)
{
	struct message message;
	FILE *file = fopen(path, "r");
	struct stat st;

	if (file == NULL || fstat(fileno(file), &st) < 0)
		err(1, "%s", path);
	message.size = st.st_size;
	message.data = malloc(message.size);
	if (message.data == NULL ||
	    fread(message.data, 1, message.size, file) != message.size)
		err(1, "%s", path);
	fclose(file);
	return message;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* One, or all of a folder in the order of their names */
static struct messages read_messages(const char *path)
{
	struct messages messages;
	struct dirent **entries;
	struct stat st;
	char *file;

	if (stat(path, &st) < 0)
		err(1, "%s", path);
	messages.count = 1;
	if (S_ISDIR(st.st_mode))
		messages.count = scandir(path, &entries, is_visible, alphasort);
	if (messages.count <= 0)
		errx(1, "%s: no messages", path);
	messages.list = calloc(messages.count, sizeof(*messages.list));
	if (messages.list == NULL)
		err(1, "calloc()");
	if (!S_ISDIR(st.st_mode)) {
		messages.list[0] = read_message(path);
		return messages;
	}
	for (int i = 0; i < messages.count; i++) {
		if (asprintf(&file, "%s/%s", path, entries[i]->d_name) < 0)
			err(1, "asprintf()");
		messages.list[i] = read_message(file);
		free(file);
	}
	return messages;
}

/*
 * LMTP
 */

static void expect(const struct connection *connection, char code)
{
	char line[1024];

	do {
		if (fgets(line, sizeof(line), connection->replies) == NULL)
			errx(1, "the server closed the connection");
	} while (strlen(line) > 3 && line[3] == '-');
	if (line[0] != code)
		errx(1, "the server said: %s", line);
}

static void
say(const struct connection *connection, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t ret = write(connection->fd, data, size);

		if (ret < 0)
			err(1, "write()");
		data += ret;
		size -= ret;
	}
}

static void
command(const struct connection *connection, const char *line, char code)
{
	say(connection, line, strlen(line));
	expect(connection, code);
}

static int connect_to_path(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const struct sockaddr *name = (const void *)&address;
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		errx(1, "%s is too long", path);
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fd < 0 || connect(fd, name, sizeof(address)) < 0)
		err(1, "%s", path);
	return fd;
}

static int connect_to_port(const char *server)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM
	};
	const char *port = strrchr(server, ':');
	struct addrinfo *info;
	char *host;
	int fd;

	if (port == NULL)
		errx(1, "%s is no address and port", server);
	host = strndup(server, port - server);
	if (host == NULL || getaddrinfo(host, port + 1, &hints, &info) != 0)
		errx(1, "%s is no address and port", server);
	fd = socket(info->ai_family, SOCK_STREAM, 0);
	if (fd < 0 || connect(fd, info->ai_addr, info->ai_addrlen) < 0)
		err(1, "%s", server);
	freeaddrinfo(info);
	free(host);
	return fd;
}

static void connection_open(struct connection *connection, const char *server)
{
	connection->fd = *server == '/' ? connect_to_path(server) :
		connect_to_port(server);
	connection->replies = fdopen(connection->fd, "r");
	if (connection->replies == NULL)
		err(1, "fdopen()");
	expect(connection, '2');
	command(connection, "LHLO bench.example.org\r\n", '2');
}

static void
deliver(const struct connection *connection, const struct message *message,
	int number)
{
	const char *rcpt = connection->rcpts[number % connection->rcpt_count];

	command(connection, "MAIL FROM:<sender@example.org>\r\n", '2');
	command(connection, rcpt, '2');
	command(connection, "DATA\r\n", '3');
	say(connection, message->data, message->size);
	expect(connection, '2');
}

/*
 * One process for each connection
 */

static char *rcpt_command(const char *address, int number)
{
	int before = strcspn(address, "%");
	char *line, digits[16] = "";

	if (address[before] == '%')
		(void)snprintf(digits, sizeof(digits), "%d", number);
	if (asprintf(&line, "RCPT TO:<%.*s%s%s>\r\n", before, address, digits,
		     address[before] == '%' ? address + before + 1 : "") < 0)
		err(1, "asprintf()");
	return line;
}

/* `count` recipients from `first` on */
static void
make_rcpts(struct connection *connection, const char *address, int first,
	   int count)
{
	connection->rcpt_count = count;
	connection->rcpts = calloc(count, sizeof(*connection->rcpts));
	if (connection->rcpts == NULL)
		err(1, "calloc()");
	for (int i = 0; i < count; i++)
		connection->rcpts[i] = rcpt_command(address, first + i);
}

/* Returns with which recipient it begins. */
static int
connection_make_rcpts(struct connection *connection, char **argv, int number)
{
	int each;

	if (argv[6] == NULL) {
		make_rcpts(connection, argv[2], number, 1);
		return 0;
	}
	if (argv[7] == NULL) {
		make_rcpts(connection, argv[2], 0, atoi(argv[6]));
		return 0;
	}
	make_rcpts(connection, argv[2], atoi(argv[7]), atoi(argv[6]));
	each = connection->rcpt_count / atoi(argv[3]);
	return number * (each > 0 ? each : 1);
}

/* Says when it is ready, and begins when everybody is. */
static void
child(char **argv, int number, int count, int ready_fd, int start_fd)
{
	const struct messages messages = read_messages(argv[5]);
	struct connection connection;
	int begin = connection_make_rcpts(&connection, argv, number);
	int before = argv[6] != NULL && argv[7] != NULL ? 1 :
		connection.rcpt_count;
	char byte = 0;

	connection_open(&connection, argv[1]);
	for (int i = 0; i < before; i++)
		deliver(&connection, &messages.list[0], begin + i);
	if (write(ready_fd, &byte, 1) != 1)
		err(1, "write()");
	close(ready_fd);
	if (read(start_fd, &byte, 1) < 0)
		err(1, "read()");
	for (int i = 0; i < count; i++) {
		int which = (number * count + i) % messages.count;

		deliver(&connection, &messages.list[which], begin + i);
	}
	_exit(0);
}

/* Lets the caller look at the server before it is busy. */
static void wait_for_caller(void)
{
	char line[16];

	puts("ready");
	fflush(stdout);
	if (fgets(line, sizeof(line), stdin) == NULL)
		errx(1, "nobody said that it may begin");
}

int main(int argc, char *argv[])
{
	int connections, messages, status, ready[2], start[2], failed = 0;
	double begin;
	char byte;

	if (argc < 6 || argc > 8)
		errx(1, "usage: bench-lmtp SERVER ADDRESS CONNECTIONS "
		     "MESSAGES FILE [OWNERS [FIRST]]");
	connections = atoi(argv[3]);
	messages = atoi(argv[4]);
	if (pipe(ready) < 0 || pipe(start) < 0)
		err(1, "pipe()");
	for (int i = 0; i < connections; i++) {
		switch (fork()) {
		case -1:
			err(1, "fork()");
		case 0:
			close(ready[0]);
			close(start[1]);
			child(argv, i, messages / connections, ready[1],
			      start[0]);
		}
	}
	close(ready[1]);
	for (int i = 0; i < connections; i++) {
		if (read(ready[0], &byte, 1) != 1)
			errx(1, "a connection failed");
	}
	wait_for_caller();
	begin = now();
	close(start[1]);
	while (wait(&status) > 0)
		failed |= status != 0;
	printf("%.6f\n", now() - begin);
	return failed;
}
