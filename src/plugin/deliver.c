/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "mail-deliver.h"
#include "deliver.h"
#include "user.h"

/* They are in libdovecot-lda, which only lmtp and dovecot-lda have. */
extern deliver_mail_func_t *
mail_deliver_hook_set(deliver_mail_func_t *new_hook) __attribute__((weak));
extern deliver_mail_func_t *deliver_mail __attribute__((weak));

static deliver_mail_func_t *next_deliver_mail;
static bool in_deliver_mail;

static int
mail_seal_deliver_mail(struct mail_deliver_context *ctx,
		       struct mail_storage **storage_r)
{
	const struct mail_seal_settings *set;
	const char *error;
	int ret = 0;

	set = mail_seal_user_get_settings(ctx->rcpt_user, &error);
	/* Where it isn't known, it isn't safe either. */
	if (set == NULL ? mail_seal_user_has_context(ctx->rcpt_user) :
	    set->source_count > 0)
		ctx->save_dest_mail = FALSE;

	/* the next one may have taken us for its next one */
	if (next_deliver_mail == NULL || in_deliver_mail)
		return 0;
	in_deliver_mail = TRUE;
	ret = next_deliver_mail(ctx, storage_r);
	in_deliver_mail = FALSE;
	return ret;
}

void mail_seal_deliver_hook(void)
{
	if (mail_deliver_hook_set == NULL || &deliver_mail == NULL ||
	    deliver_mail == mail_seal_deliver_mail)
		return;
	next_deliver_mail = mail_deliver_hook_set(mail_seal_deliver_mail);
}

void mail_seal_deliver_unhook(void)
{
	if (mail_deliver_hook_set == NULL || &deliver_mail == NULL ||
	    deliver_mail != mail_seal_deliver_mail)
		return;
	(void)mail_deliver_hook_set(next_deliver_mail);
	next_deliver_mail = NULL;
}
