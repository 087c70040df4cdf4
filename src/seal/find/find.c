/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "find.h"
#include "autocrypt.h"
#include "../certificate/key-file.h"
#include "../certificate/key-text.h"
#include "../certificate/secret.h"
#include "../message/seal.h"
#include "../openssl/cms-signed.h"
#include "../openssl/x509.h"
#include "../openssl/x509-file.h"
#include "../text/text-block.h"

#include <gmime/gmime.h>
#include <string.h>

/* Deeper than any program nests its body parts */
#define DEPTH_MAX 32
/* The judge is asked about each. */
#define KEY_FILES_MAX 16
/* Of the lines that could be a header field or begin a body part: GMime keeps
   half a kilobyte for each, in a process that has 256 MB. */
#define ITEMS_MAX 50000

struct finder {
	unsigned int timeout_secs;
	/* struct certificate */
	GPtrArray *certificates;
	/* number of what was read like a key file */
	unsigned int key_files;
	/* within how many attached messages we are */
	unsigned int attached;
	/* why the first that looked like a certificate isn't one */
	struct seal_error note;
	/* what ends the search */
	struct seal_error error;
};

static bool has_ended(const struct finder *finder)
{
	return finder->error.code != SEAL_ERROR_NONE;
}

static void end(struct finder *finder, const char *reason)
{
	seal_error_set(&finder->error, SEAL_ERROR_UNUSABLE_KEY, "%s", reason);
}

static void note(struct finder *finder, const char *reason)
{
	seal_error_set(&finder->note, SEAL_ERROR_UNUSABLE_KEY, "%s", reason);
}

static void end_by_secret(struct finder *finder)
{
	end(finder, "there is a secret key in the message, which others may "
	    "have seen now: make a new key, and send only its public part");
}

/*
 * Key files
 */

static void
read_key_file(struct finder *finder, const void *data, size_t size)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const struct certificate_list *list;

	if (++finder->key_files > KEY_FILES_MAX) {
		end(finder, "the message has too many certificates in it");
		return;
	}
	list = certificates_read(data, size, finder->timeout_secs, &error);
	if (list == NULL) {
		if (error.code != SEAL_ERROR_UNUSABLE_KEY)
			finder->error = error;
		else if (strcmp(error.text, CERTIFICATES_SECRET) == 0)
			end_by_secret(finder);
		else
			note(finder, error.text);
		return;
	}
	for (size_t i = 0; i < list->count; i++) {
		certificate_ref(list->certificates[i]);
		g_ptr_array_add(finder->certificates, list->certificates[i]);
	}
}

/* Is there a block with certificates, rather than a signature, a message, or
   nothing? */
static bool has_block(const char *text, size_t size)
{
	const char *text_end = text + size;
	struct text_block block;

	while (text_block_find(text, text_end - text, &block)) {
		if (text_block_label_begins(&block, "PGP PUBLIC KEY BLOCK") ||
		    certificates_x509_is_block(&block))
			return true;
		text = block.content + block.content_size;
	}
	return false;
}

/*
 * Signatures
 */

static void
read_signature(struct finder *finder, const GByteArray *signature,
	       const GByteArray *content)
{
	GString *pem = g_string_new(NULL);

	switch (cms_signed_check(signature->data, signature->len, content,
				 pem)) {
	case CMS_SIGNED_GOOD:
		read_key_file(finder, pem->str, pem->len);
		break;
	case CMS_SIGNED_BAD:
		note(finder, "the message's S/MIME signature isn't good");
		break;
	case CMS_SIGNED_BUNDLE:
		read_key_file(finder, signature->data, signature->len);
		break;
	case CMS_SIGNED_NOT:
		break;
	}
	g_string_free(pem, TRUE);
}

/*
 * Body parts
 */

enum leaf_kind {
	LEAF_OTHER,
	LEAF_TEXT,
	LEAF_KEY_FILE,
	LEAF_CMS
};

/* Types and names by which programs attach certificates; either is enough,
   because many know only application/octet-stream. */
static const struct {
	/* of the main type "application" */
	const char *subtype;
	/* with its dot; NULL: none */
	const char *ending;
	enum leaf_kind kind;
} leaf_kinds[] = {
	{ "pgp-keys", ".asc", LEAF_KEY_FILE },
	{ NULL, ".gpg", LEAF_KEY_FILE },
	{ NULL, ".pgp", LEAF_KEY_FILE },
	{ "pkix-cert", ".cer", LEAF_KEY_FILE },
	{ "x-x509-ca-cert", ".crt", LEAF_KEY_FILE },
	{ "x-x509-user-cert", ".der", LEAF_KEY_FILE },
	{ "x-pem-file", ".pem", LEAF_KEY_FILE },
	{ "x-pkcs7-certificates", ".p7b", LEAF_KEY_FILE },
	{ NULL, ".p7c", LEAF_KEY_FILE },
	{ NULL, ".p7s", LEAF_KEY_FILE },
	{ "pkcs7-mime", ".p7m", LEAF_CMS },
	{ "x-pkcs7-mime", NULL, LEAF_CMS }
};

static bool has_ending(const char *name, const char *ending)
{
	size_t size = strlen(name), ending_size = strlen(ending);

	return size >= ending_size &&
		g_ascii_strcasecmp(name + size - ending_size, ending) == 0;
}

static enum leaf_kind find_leaf_kind(GMimePart *part)
{
	GMimeContentType *type =
		g_mime_object_get_content_type(GMIME_OBJECT(part));
	const char *name = g_mime_part_get_filename(part);

	for (size_t i = 0; i < G_N_ELEMENTS(leaf_kinds); i++) {
		if (leaf_kinds[i].subtype != NULL &&
		    g_mime_content_type_is_type(type, "application",
						leaf_kinds[i].subtype))
			return leaf_kinds[i].kind;
	}
	for (size_t i = 0; name != NULL && i < G_N_ELEMENTS(leaf_kinds); i++) {
		if (leaf_kinds[i].ending != NULL &&
		    has_ending(name, leaf_kinds[i].ending))
			return leaf_kinds[i].kind;
	}
	return g_mime_content_type_is_type(type, "text", "plain") ?
		LEAF_TEXT : LEAF_OTHER;
}

/* Returns what the part holds, without its transfer encoding. */
static GByteArray *leaf_content(GMimePart *part)
{
	GMimeDataWrapper *wrapper = g_mime_part_get_content(part);
	GByteArray *content = g_byte_array_new();
	GMimeStream *stream;

	if (wrapper == NULL)
		return content;
	stream = g_mime_stream_mem_new_with_byte_array(content);
	g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
	(void)g_mime_data_wrapper_write_to_stream(wrapper, stream);
	g_object_unref(stream);
	return content;
}

static bool is_secret(const GByteArray *content)
{
	return key_text_has_secret(content->data, content->len) ||
		(certificates_x509_is_der(content->data, content->len) &&
		 x509_file_is_secret(content->data, content->len));
}

static void look_at_leaf(struct finder *finder, GMimePart *part)
{
	GByteArray *content = leaf_content(part);
	enum leaf_kind kind = finder->attached > 0 ? LEAF_OTHER :
		find_leaf_kind(part);

	if (content->len == 0)
		; /* nothing to look at, nor a pointer to it */
	else if (is_secret(content))
		end_by_secret(finder);
	else if (kind == LEAF_KEY_FILE ||
		 (kind == LEAF_TEXT &&
		  has_block((const char *)content->data, content->len)))
		read_key_file(finder, content->data, content->len);
	else if (kind == LEAF_CMS)
		read_signature(finder, content, NULL);
	g_byte_array_unref(content);
}

static void
look_at(struct finder *finder, GMimeObject *part, unsigned int depth);

static bool is_smime_signature(GMimeObject *part)
{
	GMimeContentType *type = g_mime_object_get_content_type(part);

	return GMIME_IS_PART(part) &&
		(g_mime_content_type_is_type(type, "application",
					     "pkcs7-signature") ||
		 g_mime_content_type_is_type(type, "application",
					     "x-pkcs7-signature"));
}

/* RFC 1847 section 2.1 */
static void
look_at_signed(struct finder *finder, GMimeMultipart *multipart,
	       unsigned int depth)
{
	GMimeObject *first = g_mime_multipart_get_part(multipart, 0);
	GMimeObject *second = g_mime_multipart_get_part(multipart, 1);
	GMimeFormatOptions *options = g_mime_format_options_new();
	GByteArray *content = g_byte_array_new(), *signature;
	GMimeStream *stream = g_mime_stream_mem_new_with_byte_array(content);

	g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
	/* as it came: GMime keeps what it hasn't been told to change */
	g_mime_format_options_set_newline_format(options,
						 GMIME_NEWLINE_FORMAT_DOS);
	(void)g_mime_object_write_to_stream(first, options, stream);
	g_mime_format_options_free(options);
	g_object_unref(stream);

	signature = leaf_content(GMIME_PART(second));
	read_signature(finder, signature, content);
	g_byte_array_unref(signature);
	g_byte_array_unref(content);
	look_at(finder, first, depth + 1);
}

static void
look_at_multipart(struct finder *finder, GMimeMultipart *multipart,
		  unsigned int depth)
{
	int count = g_mime_multipart_get_count(multipart);

	if (GMIME_IS_MULTIPART_ENCRYPTED(multipart))
		return;
	if (GMIME_IS_MULTIPART_SIGNED(multipart) && count == 2 &&
	    finder->attached == 0 &&
	    is_smime_signature(g_mime_multipart_get_part(multipart, 1))) {
		look_at_signed(finder, multipart, depth);
		return;
	}
	for (int i = 0; i < count && !has_ended(finder); i++) {
		look_at(finder, g_mime_multipart_get_part(multipart, i),
			depth + 1);
	}
}

/* In an attached message only a secret key is of interest: it mustn't be kept
   here either. */
static void
look_at_attached(struct finder *finder, GMimeMessagePart *part,
		 unsigned int depth)
{
	GMimeMessage *message = g_mime_message_part_get_message(part);
	GMimeObject *root = message == NULL ? NULL :
		g_mime_message_get_mime_part(message);

	if (root == NULL)
		return;
	finder->attached++;
	look_at(finder, root, depth + 1);
	finder->attached--;
}

static void
look_at(struct finder *finder, GMimeObject *part, unsigned int depth)
{
	if (depth > DEPTH_MAX)
		end(finder, "the message's parts are nested too deep");
	else if (GMIME_IS_MULTIPART(part))
		look_at_multipart(finder, GMIME_MULTIPART(part), depth);
	else if (GMIME_IS_MESSAGE_PART(part))
		look_at_attached(finder, GMIME_MESSAGE_PART(part), depth);
	else if (GMIME_IS_PART(part))
		look_at_leaf(finder, GMIME_PART(part));
}

static void look_at_message(struct finder *finder, GMimeMessage *message)
{
	GMimeObject *root = g_mime_message_get_mime_part(message);
	const char *problem;
	GBytes *key = autocrypt_find(message, &problem);
	gconstpointer data;
	gsize size;

	if (key != NULL) {
		data = g_bytes_get_data(key, &size);
		read_key_file(finder, data, size);
		g_bytes_unref(key);
	} else if (problem != NULL) {
		note(finder, problem);
	}
	if (root != NULL && !has_ended(finder))
		look_at(finder, root, 0);
}

/*
 * What was found
 */

static bool are_one(const GPtrArray *certificates)
{
	const struct certificate *first = certificates->pdata[0];

	for (guint i = 1; i < certificates->len; i++) {
		const struct certificate *other = certificates->pdata[i];

		if (other->kind != first->kind ||
		    strcmp(other->fingerprint, first->fingerprint) != 0)
			return false;
	}
	return true;
}

/* Copies of an OpenPGP certificate become one: a field of the header has less
   than a file. */
static void append_text(struct finder *finder, GString *text)
{
	struct certificate *const *found =
		(struct certificate *const *)finder->certificates->pdata;
	const struct certificate_list *list;
	GString *all = g_string_new(NULL);

	if (found[0]->kind == CERTIFICATE_KIND_X509) {
		certificates_to_text(found, 1, text);
	} else {
		certificates_to_text(found, finder->certificates->len, all);
		list = certificates_read(all->str, all->len,
					 finder->timeout_secs, &finder->error);
		if (list != NULL) {
			certificates_to_text(list->certificates, list->count,
					     text);
		}
	}
	g_string_free(all, TRUE);
}

static void finish(struct finder *finder, GString *text)
{
	if (finder->certificates->len == 0) {
		end(finder, finder->note.code != SEAL_ERROR_NONE ?
		    finder->note.text : "there is no certificate in the "
		    "message: take one that you have sent with your key, or "
		    "attach your public key");
	} else if (!are_one(finder->certificates)) {
		end(finder, "there are certificates of several keys in the "
		    "message: take one that has only yours");
	} else {
		append_text(finder, text);
	}
}

static void
search(struct finder *finder, const void *data, size_t size, GString *text)
{
	/* GMime wants to see something even where there is nothing */
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(
		size == 0 ? "" : data, size);
	GMimeParser *parser = g_mime_parser_new_with_stream(stream);
	GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);

	if (message != NULL) {
		look_at_message(finder, message);
		g_object_unref(message);
	}
	g_object_unref(parser);
	g_object_unref(stream);
	if (!has_ended(finder))
		finish(finder, text);
}

/* A field's name ends with a colon, and has no space in it. */
static bool is_item(const char *line, size_t size)
{
	if (size >= 2 && line[0] == '-' && line[1] == '-')
		return true;
	for (size_t i = 0; i < size && line[i] > ' '; i++) {
		if (line[i] == ':')
			return true;
	}
	return false;
}

static bool has_too_many_items(const char *text, size_t size)
{
	const char *end = text + size, *lf;
	unsigned int count = 0;

	while (text < end && count <= ITEMS_MAX) {
		lf = memchr(text, '\n', end - text);
		if (lf == NULL)
			lf = end;
		if (is_item(text, lf - text))
			count++;
		text = lf + 1;
	}
	return count > ITEMS_MAX;
}

int certificate_find(const void *message, size_t size,
		     unsigned int timeout_secs, GString *text,
		     struct seal_error *error)
{
	struct finder finder = { .timeout_secs = timeout_secs };

	if (size > CERTIFICATE_FIND_MAX) {
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
			       "the message is larger than %d MB: take a "
			       "smaller one", CERTIFICATE_FIND_MAX /
			       (1024*1024));
		return -1;
	}
	if (has_too_many_items(message, size)) {
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
			       "the message has too many fields and parts: "
			       "take a smaller one");
		return -1;
	}
	seal_library_init();
	finder.certificates = g_ptr_array_new_with_free_func(
		(GDestroyNotify)certificate_unref);
	search(&finder, message, size, text);
	g_ptr_array_unref(finder.certificates);
	if (!has_ended(&finder))
		return 0;
	*error = finder.error;
	return -1;
}
