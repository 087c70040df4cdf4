/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Runs doveconf. */

#define _GNU_SOURCE /* memfd_create(), pipe2() */
#include "lib.h"
#include "array.h"
#include "buffer.h"
#include "str.h"
#include "master-service.h"
#include "conf.h"
#include "look.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* It is beside doveadm. */
static const char *doveconf_path(void)
{
	char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path));
	const char *slash;

	if (len <= 0 || len == sizeof(path))
		return "/usr/bin/doveconf";
	slash = strrchr(t_strndup(path, len), '/');
	return slash == NULL ? "/usr/bin/doveconf" :
		t_strconcat(t_strndup(path, strlen(t_strndup(path, len)) -
				      strlen(slash)), "/doveconf", NULL);
}

/* doveadm's own -o settings count, too; doveconf doesn't use them. */
static void apply_overrides(struct doctor_conf *conf, pool_t pool)
{
	const char *const *words = doctor_command_line();
	unsigned int command = doctor_find_command(words);

	for (unsigned int i = 1; i < command; i++) {
		const char *set = words[i] + 2, *equals;

		if (strncmp(words[i], "-o", 2) != 0)
			continue;
		if (*set == '\0')
			set = i + 1 < command ? words[++i] : "";
		equals = strchr(set, '=');
		if (equals != NULL) {
			doctor_conf_set(conf, pool, t_strdup_until(set, equals),
					equals + 1);
		}
	}
}

static void run(const char *const *args, int out_fd, int error_fd)
{
	if (dup2(out_fd, STDOUT_FILENO) < 0 || dup2(error_fd, STDERR_FILENO) < 0)
		_exit(127);
	(void)execv(args[0], (char *const *)args);
	_exit(127);
}

static int read_all(int fd, buffer_t *output)
{
	char data[4096];
	ssize_t ret;

	while ((ret = read(fd, data, sizeof(data))) > 0)
		buffer_append(output, data, ret);
	return ret < 0 ? -1 : 0;
}

/* Its errors go to a file without a name, so that both can be read in turn.
   Returns the exit status, or -1. */
static int
run_and_read(const char *const *args, buffer_t *output, buffer_t *errors)
{
	int fd[2], error_fd, status, ret;
	pid_t pid;

	error_fd = memfd_create("doveconf", MFD_CLOEXEC);
	if (error_fd < 0)
		return -1;
	if (pipe2(fd, O_CLOEXEC) < 0) {
		i_close_fd(&error_fd);
		return -1;
	}
	pid = fork();
	if (pid == 0)
		run(args, fd[1], error_fd);
	i_close_fd(&fd[1]);
	ret = pid < 0 ? -1 : read_all(fd[0], output);
	i_close_fd(&fd[0]);
	if (pid > 0 && (waitpid(pid, &status, 0) < 0 || !WIFEXITED(status)))
		ret = -1;
	if (lseek(error_fd, 0, SEEK_SET) < 0 || read_all(error_fd, errors) < 0)
		ret = -1;
	i_close_fd(&error_fd);
	return ret < 0 ? -1 : WEXITSTATUS(status);
}

/* One line, the last that says something */
static const char *what_it_said(buffer_t *errors)
{
	const char *const *lines = t_strsplit(str_c(errors), "\n");
	const char *said = "it says nothing";

	for (; *lines != NULL; lines++) {
		if (**lines != '\0')
			said = *lines;
	}
	return said;
}

/* Reads all settings, or the one of this name. */
static struct doctor_conf *
read_conf(const char *protocol, const char *name, pool_t pool,
	  const char **error_r)
{
	const char *path = doveconf_path();
	const char *config = master_service_get_config_path(master_service);
	const char *option_a = "-a", *option_c = "-c", *option_f = "-f";
	const char *filter;
	string_t *output = t_str_new(64 * 1024), *errors = t_str_new(256);
	ARRAY_TYPE(const_string) args;

	t_array_init(&args, 16);
	array_push_back(&args, &path);
	/* defaults, too */
	array_push_back(&args, &option_a);
	array_push_back(&args, &option_c);
	array_push_back(&args, &config);
	if (protocol != NULL) {
		filter = t_strconcat("protocol=", protocol, NULL);
		array_push_back(&args, &option_f);
		array_push_back(&args, &filter);
	}
	if (name != NULL)
		array_push_back(&args, &name);
	array_append_zero(&args);
	if (run_and_read(array_front(&args), output, errors) != 0) {
		*error_r = what_it_said(errors);
		return NULL;
	}
	return doctor_conf_parse(str_c(output), pool);
}

/* 2.4 shows the defaults of some settings only to who asks for them. */
static void
add_hidden(struct doctor_conf *conf, const char *name, pool_t pool)
{
	const struct doctor_conf *one;
	const char *error, *value;

	if (doctor_conf_get(conf, name) != NULL)
		return;
	one = read_conf(NULL, name, pool, &error);
	value = one == NULL ? NULL : doctor_conf_get(one, name);
	if (value != NULL)
		doctor_conf_set(conf, pool, name, value);
}

/* A protocol's block adds to a list of 2.4's, which doveconf doesn't show; words
   are all of the list. */
static void
add_global_list(struct doctor_conf *conf, const char *name, pool_t pool)
{
	const struct doctor_conf *global;
	const char *const *words;
	const char *error;

	if (doctor_conf_get(conf, name) != NULL)
		return;
	global = read_conf(NULL, name, pool, &error);
	if (global == NULL)
		return;
	words = doctor_conf_get_list(global, name);
	for (; *words != NULL; words++) {
		const char *word = t_strconcat(name, "/", *words, NULL);

		if (doctor_conf_get(conf, word) == NULL)
			doctor_conf_set(conf, pool, word, "yes");
	}
}

const struct doctor_conf *doctor_conf_read(const char *protocol, pool_t pool,
					   const char **error_r)
{
	struct doctor_conf *conf = read_conf(protocol, NULL, pool, error_r);

	if (conf == NULL)
		return NULL;
	if (protocol == NULL) {
		add_hidden(conf, "base_dir", pool);
		add_hidden(conf, "mail_plugin_dir", pool);
	} else {
		add_global_list(conf, "mail_plugins", pool);
	}
	apply_overrides(conf, pool);
	return conf;
}
