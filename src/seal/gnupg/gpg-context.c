/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "gpg-context.h"
#include "../../exec/exec-protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * GPGME's callbacks
 */

static gpgme_error_t
gpg_io_add(void *data, int fd, int for_reading, gpgme_io_cb_t callback,
	   void *callback_data, void **tag_r)
{
	struct gpg_context *context = data;
	int flags;

	for (unsigned int i = 0; i < GPG_MAX_FDS; i++) {
		struct gpg_fd *slot = &context->fds[i];

		if (slot->used)
			continue;
		slot->callback = callback;
		slot->data = callback_data;
		slot->fd = fd;
		slot->for_reading = for_reading != 0;
		slot->used = true;
		*tag_r = slot;
		/* gpg may be waiting for us to read while we write */
		flags = fcntl(fd, F_GETFL);
		if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
			return gpgme_error_from_errno(errno);
		return 0;
	}
	return gpgme_error(GPG_ERR_TOO_LARGE);
}

static void gpg_io_remove(void *tag)
{
	struct gpg_fd *slot = tag;

	slot->used = false;
}

static void
gpg_io_event(void *data, gpgme_event_io_t type, void *event_data)
{
	struct gpg_context *context = data;
	const struct gpgme_io_event_done_data *done;

	switch (type) {
	case GPGME_EVENT_DONE:
		done = event_data;
		context->ended = true;
		context->result = done->err != 0 ? done->err : done->op_err;
		break;
	case GPGME_EVENT_NEXT_KEY:
		g_ptr_array_add(context->keys, event_data);
		break;
	default:
		break;
	}
}

static gpgme_error_t
gpg_status(void *data, const char *keyword, const char *arguments)
{
	struct gpg_context *context = data;

	if (strcmp(keyword, "END_ENCRYPTION") == 0)
		context->seen_end_encryption = true;
	else if (strcmp(keyword, "IMPORT_RES") == 0)
		context->seen_import_result = true;
	else if (strcmp(keyword, "SUCCESS") == 0 &&
		 g_str_has_prefix(arguments, EXEC_ENDED)) {
		context->seen_exit = true;
		context->exit_status =
			atoi(arguments + strlen(EXEC_ENDED));
	} else if (strcmp(keyword, "FAILURE") == 0 &&
		   g_str_has_prefix(arguments, EXEC_FAILED)) {
		context->failure = strtoul(arguments + strlen(EXEC_FAILED),
					   NULL, 10);
	}
	return 0;
}

/* GPGME asks every engine it finds for its version, without our helper and so
   with privileges. Let it find none but the helper: it looks in PATH, once
   (GPGME src/posix-util.c find_executable()). */
static gpgme_error_t find_helper_only(void)
{
	char *name = g_path_get_basename(MAIL_SEAL_HELPER);
	char *folder = g_path_get_dirname(MAIL_SEAL_HELPER);
	gpgme_engine_info_t info;
	gpgme_error_t err;

	(void)gpgme_set_global_flag("disable-gpgconf", "1");
	(void)gpgme_set_global_flag("gpg-name", name);
	g_setenv("PATH", folder, TRUE);
	(void)gpgme_check_version(NULL);
	err = gpgme_get_engine_info(&info);
	g_free(name);
	g_free(folder);
	return err;
}

int gpg_context_init(struct gpg_context *context, const char *task,
		     struct seal_error *error)
{
	char *homedir = g_strconcat(EXEC_TASK_START, task, NULL);
	struct gpgme_io_cbs callbacks = {
		.add = gpg_io_add,
		.add_priv = context,
		.remove = gpg_io_remove,
		.event = gpg_io_event,
		.event_priv = context
	};
	gpgme_error_t err;

	memset(context, 0, sizeof(*context));
	context->keys = g_ptr_array_new_with_free_func(
		(GDestroyNotify)gpgme_key_unref);
	if (access(MAIL_SEAL_HELPER, X_OK) < 0) {
		seal_error_set(error, SEAL_ERROR_ENGINE,
			       "can't run "MAIL_SEAL_HELPER": %s",
			       g_strerror(errno));
		g_free(homedir);
		return -1;
	}
	err = find_helper_only();
	if (err == 0)
		err = gpgme_new(&context->gpgme);
	if (err == 0) {
		err = gpgme_ctx_set_engine_info(context->gpgme,
						GPGME_PROTOCOL_OPENPGP,
						MAIL_SEAL_HELPER, homedir);
	}
	g_free(homedir);
	if (err != 0) {
		seal_error_set(error, SEAL_ERROR_ENGINE,
			       "can't set up GPGME: %s", gpgme_strerror(err));
		return -1;
	}
	gpgme_set_io_cbs(context->gpgme, &callbacks);
	gpgme_set_status_cb(context->gpgme, gpg_status, context);
	(void)gpgme_set_ctx_flag(context->gpgme, "full-status", "1");
	gpgme_set_offline(context->gpgme, 1);
	return 0;
}

static gpgme_error_t gpg_context_turn(struct gpg_context *context)
{
	struct pollfd pollfds[GPG_MAX_FDS];
	struct gpg_fd *slots[GPG_MAX_FDS];
	unsigned int count = 0;

	for (unsigned int i = 0; i < GPG_MAX_FDS; i++) {
		struct gpg_fd *slot = &context->fds[i];

		if (!slot->used)
			continue;
		pollfds[count].fd = slot->fd;
		pollfds[count].events = slot->for_reading ? POLLIN : POLLOUT;
		slots[count++] = slot;
	}
	if (poll(pollfds, count, -1) < 0) {
		return errno == EINTR ? 0 : gpgme_error_from_errno(errno);
	}
	for (unsigned int i = 0; i < count; i++) {
		/* a callback may have removed it */
		if (pollfds[i].revents != 0 && slots[i]->used &&
		    slots[i]->fd == pollfds[i].fd)
			(void)slots[i]->callback(slots[i]->data,
						 slots[i]->fd);
	}
	return 0;
}

gpgme_error_t
gpg_context_wait(struct gpg_context *context, gpgme_error_t start_error)
{
	gpgme_error_t err = start_error;

	/* an operation may have ended before it is waited for */
	while (err == 0 && !context->ended)
		err = gpg_context_turn(context);
	if (err == 0)
		err = context->result;
	context->ended = false;
	return err;
}

int gpg_context_failed(const struct gpg_context *context, gpgme_error_t err,
		       struct seal_error *error)
{
	if (context->failure != 0)
		err = context->failure;
	switch (gpgme_err_code(err)) {
	case GPG_ERR_UNUSABLE_PUBKEY:
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
			       "gpg refuses a certificate");
		break;
	case EXEC_ERROR_OTHER_VERSION:
		seal_error_set(error, SEAL_ERROR_ENGINE,
			       "mail_seal was upgraded, restart Dovecot: "
			       MAIL_SEAL_HELPER" is of another version");
		break;
	case EXEC_ERROR_CPU_TIME:
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
			       "gpg needs too much processor time for it");
		break;
	case GPG_ERR_NO_ERROR:
		return gpg_context_check_exit(context, error);
	default:
		if (context->seen_exit && context->exit_status == 127) {
			seal_error_set(error, SEAL_ERROR_ENGINE,
				       "can't run "MAIL_SEAL_GPG);
		}
		seal_error_set(error, SEAL_ERROR_ENGINE, "gpg failed: %s",
			       gpgme_strerror(err));
		break;
	}
	return -1;
}

int gpg_context_check_exit(const struct gpg_context *context,
			   struct seal_error *error)
{
	if (context->seen_exit && context->exit_status == 0)
		return 0;
	if (context->failure != 0)
		return gpg_context_failed(context, 0, error);
	seal_error_set(error, SEAL_ERROR_ENGINE,
		       "gpg ended before its work was done");
	return -1;
}
