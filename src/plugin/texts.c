/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Finds and fills the texts of messages to owners; texts.h says what they look
   like. */

#include "lib.h"
#include "str.h"
#include "time-util.h"
#include "unichar.h"
#include "texts.h"

#include <ctype.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

/* A file that is larger is none of ours. */
#define TEXT_SIZE_MAX (64*1024)
#define LANGUAGE_LENGTH_MAX 32
#define DATE_TEXT "date"

static const struct {
	const char *name, *text;
} built_in_texts[] = {
#include "mail-seal-texts-en.h"
};

/*
 * Days
 */

/* The second line has the names of the months. */
static const char *month_name(const char *date_text, int month)
{
	const char *const *lines = t_strsplit(date_text, "\n");
	const char *const *names;

	if (lines[0] == NULL || lines[1] == NULL)
		return NULL;
	names = t_strsplit_spaces(lines[1], " ");
	return str_array_length(names) == 12 ? names[month] : NULL;
}

static const char *
replace(const char *text, const char *what, const char *with)
{
	const char *found = strstr(text, what);

	return found == NULL ? text :
		t_strconcat(t_strdup_until(text, found), with,
			    found + strlen(what), NULL);
}

static const char *write_day(const char *date_text, time_t date)
{
	const struct tm *tm = localtime(&date);
	const char *month = month_name(date_text, tm->tm_mon);
	const char *text;

	if (month == NULL)
		return t_strflocaltime("%Y-%m-%d", date);
	text = t_strcut(date_text, '\n');
	text = replace(text, "$day", dec2str(tm->tm_mday));
	text = replace(text, "$month", month);
	return replace(text, "$year", dec2str(tm->tm_year + 1900));
}

/*
 * Filling
 */

struct filler {
	const char *date_text;
	const struct mail_seal_text_variable *variables;
	/* which of them have been used, by a bit each */
	unsigned int used;
	const char *error;
};

static const struct mail_seal_text_variable *
find_variable(struct filler *filler, const char *name)
{
	const struct mail_seal_text_variable *variable;

	for (variable = filler->variables; variable->name != NULL; variable++) {
		if (strcmp(variable->name, name) == 0)
			return variable;
	}
	filler->error = t_strdup_printf("there is no \"%s\" to fill in", name);
	return NULL;
}

static bool has_value(const struct mail_seal_text_variable *variable)
{
	return variable->date != 0 ||
		(variable->value != NULL && *variable->value != '\0');
}

/* Its further lines are indented like the line it is in. */
static void
append_value(struct filler *filler, const char *line,
	     const struct mail_seal_text_variable *variable, string_t *text)
{
	size_t indent = strspn(line, " ");
	const char *value = variable->date != 0 ?
		write_day(filler->date_text, variable->date) : variable->value;

	filler->used |= 1U << (variable - filler->variables);
	for (; value != NULL && *value != '\0'; value++) {
		str_append_c(text, *value);
		if (*value == '\n')
			str_append_data(text, line, indent);
	}
}

static size_t name_length(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz_0123456789";

	/* "$5" is money */
	return i_isdigit(*text) ? 0 : strspn(text, letters);
}

static void fill_line(struct filler *filler, const char *line, string_t *text)
{
	const struct mail_seal_text_variable *variable;

	for (const char *pos = line; *pos != '\0'; pos++) {
		size_t length = *pos == '$' ? name_length(pos + 1) : 0;

		if (length == 0) {
			str_append_c(text, *pos);
			if (pos[0] == '$' && pos[1] == '$')
				pos++;
			continue;
		}
		variable = find_variable(filler, t_strndup(pos + 1, length));
		if (variable == NULL)
			return;
		append_value(filler, line, variable, text);
		pos += length;
	}
}

/* A paragraph's first line may be a condition: "?name" or "!name". */
static bool is_condition(const char *line)
{
	return (*line == '?' || *line == '!') && line[1] != '\0' &&
		line[1 + name_length(line + 1)] == '\0';
}

static bool condition_holds(struct filler *filler, const char *line)
{
	const struct mail_seal_text_variable *variable =
		find_variable(filler, line + 1);

	return variable != NULL && has_value(variable) == (*line == '?');
}

static void
fill_body(struct filler *filler, const char *const *lines, string_t *body)
{
	bool begins = TRUE, wanted = TRUE;

	for (; *lines != NULL && filler->error == NULL; lines++) {
		if (**lines == '\0') {
			/* one empty line between paragraphs */
			begins = wanted = TRUE;
			continue;
		}
		if (begins && is_condition(*lines)) {
			wanted = wanted && condition_holds(filler, *lines);
			continue;
		}
		if (!wanted)
			continue;
		if (begins && str_len(body) > 0)
			str_append_c(body, '\n');
		begins = FALSE;
		fill_line(filler, *lines, body);
		str_append_c(body, '\n');
	}
}

/* In the body each required value is to be seen, in the Subject none. */
static void check_required(struct filler *filler, bool body)
{
	for (unsigned int i = 0; filler->variables[i].name != NULL; i++) {
		const struct mail_seal_text_variable *variable =
			&filler->variables[i];

		if (variable->required && has_value(variable) &&
		    ((filler->used & (1U << i)) != 0) != body) {
			filler->error = t_strdup_printf(body ?
				"\"$%s\" isn't in it" :
				"\"$%s\" can't be in its Subject",
				variable->name);
		}
	}
}

/* Editors have their ways. */
static const char *const *split_lines(const char *text)
{
	const char **lines;

	if (strncmp(text, "\xEF\xBB\xBF", 3) == 0)
		text += 3;
	lines = t_strsplit(text, "\n");
	for (const char **line = lines; *line != NULL; line++) {
		size_t length = strlen(*line);

		while (length > 0 && strchr(" \t\r", (*line)[length - 1]) != NULL)
			length--;
		*line = t_strndup(*line, length);
	}
	return lines;
}

int mail_seal_text_fill(const char *file_text, const char *date_text,
			const struct mail_seal_text_variable *variables,
			struct mail_seal_text *text_r, const char **error_r)
{
	struct filler filler = {
		.date_text = date_text, .variables = variables
	};
	const char *const *lines;
	string_t *subject = t_str_new(128), *body = t_str_new(2048);

	if (!uni_utf8_str_is_valid(file_text)) {
		*error_r = "it isn't UTF-8";
		return -1;
	}
	lines = split_lines(file_text);
	while (*lines != NULL && (**lines == '#' || **lines == '\0'))
		lines++;
	if (*lines == NULL || strncmp(*lines, "Subject: ", 9) != 0) {
		*error_r = "it doesn't begin with \"Subject: \"";
		return -1;
	}
	fill_line(&filler, *lines + 9, subject);
	/* nothing hides what is there */
	if (filler.error == NULL)
		check_required(&filler, FALSE);
	filler.used = 0;
	if (filler.error == NULL)
		fill_body(&filler, lines + 1, body);
	if (filler.error == NULL)
		check_required(&filler, TRUE);
	if (filler.error == NULL && str_len(body) == 0)
		filler.error = "there is nothing in it";
	*error_r = filler.error;
	text_r->subject = str_c(subject);
	text_r->body = str_c(body);
	return filler.error == NULL ? 0 : -1;
}

/*
 * Finding
 */

bool mail_seal_text_language_is_valid(const char *language)
{
	size_t length = strlen(language);

	return length > 0 && length <= LANGUAGE_LENGTH_MAX &&
		strspn(language, "abcdefghijklmnopqrstuvwxyz"
		       "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == length;
}

/* Returns the file's size, or more than it may have, or -1. */
static ssize_t read_all(int fd, char *text)
{
	size_t size = 0;
	ssize_t ret;

	do {
		ret = read(fd, text + size, TEXT_SIZE_MAX + 1 - size);
		if (ret > 0)
			size += ret;
	} while (ret > 0 && size <= TEXT_SIZE_MAX);
	return ret < 0 ? -1 : (ssize_t)size;
}

/* Returns NULL if there is no such file, with a warning if it can't be read. */
static const char *read_file(const char *path, const char **warning_r)
{
	char *text = t_malloc0(TEXT_SIZE_MAX + 2);
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read_all(fd, text);

	if (size < 0 && errno != ENOENT && errno != ENOTDIR)
		*warning_r = t_strdup_printf("%s can't be read: %m", path);
	i_close_fd(&fd);
	if (size < 0)
		return NULL;
	if (size > TEXT_SIZE_MAX || strlen(text) != (size_t)size) {
		*warning_r = t_strdup_printf("%s is no text", path);
		return NULL;
	}
	return text;
}

static const char *find_built_in(const char *name)
{
	for (unsigned int i = 0; i < N_ELEMENTS(built_in_texts); i++) {
		if (strcmp(built_in_texts[i].name, name) == 0)
			return built_in_texts[i].text;
	}
	i_unreached();
}

static const char *
file_path(const char *folder, const char *language, const char *name)
{
	return t_strdup_printf("%s/%s/%s.txt", folder, language, name);
}

/* The days in another language than the rest are better than none. */
static const char *
find_date_text(const struct mail_seal_text_place *place, const char *language)
{
	const char *const folders[] = { place->own_folder, place->folder };
	const char *text, *warning;

	for (unsigned int i = 0; i < N_ELEMENTS(folders); i++) {
		text = read_file(file_path(folders[i], language, DATE_TEXT),
				 &warning);
		if (text != NULL && uni_utf8_str_is_valid(text))
			return t_strarray_join(split_lines(text), "\n");
	}
	return find_built_in(DATE_TEXT);
}

static bool
get_in(const struct mail_seal_text_place *place, const char *folder,
       const char *language, const char *name,
       const struct mail_seal_text_variable *variables,
       struct mail_seal_text *text_r, const char **warning_r)
{
	const char *path = file_path(folder, language, name);
	const char *text = read_file(path, warning_r), *error;

	if (text == NULL)
		return FALSE;
	if (mail_seal_text_fill(text, find_date_text(place, language),
				variables, text_r, &error) == 0)
		return TRUE;
	*warning_r = t_strdup_printf("%s: %s", path, error);
	return FALSE;
}

void mail_seal_text_get(const struct mail_seal_text_place *place,
			const char *name,
			const struct mail_seal_text_variable *variables,
			struct mail_seal_text *text_r, const char **warning_r)
{
	const char *languages[] = { NULL, NULL, "en" };
	const char *error;

	*warning_r = NULL;
	if (mail_seal_text_language_is_valid(place->language)) {
		languages[0] = place->language;
		/* "de" for "de_AT" */
		languages[1] = t_strndup(place->language,
					 strcspn(place->language, "_-"));
	}
	for (unsigned int i = 0; i < N_ELEMENTS(languages); i++) {
		if (languages[i] == NULL || *languages[i] == '\0')
			continue;
		if (get_in(place, place->own_folder, languages[i], name,
			   variables, text_r, warning_r) ||
		    get_in(place, place->folder, languages[i], name,
			   variables, text_r, warning_r))
			return;
	}
	if (mail_seal_text_fill(find_built_in(name), find_built_in(DATE_TEXT),
				variables, text_r, &error) < 0)
		i_panic("mail_seal: built-in text %s: %s", name, error);
}
