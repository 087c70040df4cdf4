/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "array.h"
#include "str.h"
#include "strescape.h"
#include "conf.h"

struct conf_setting {
	const char *name, *value;
};

ARRAY_DEFINE_TYPE(conf_setting, struct conf_setting);

struct doctor_conf {
	ARRAY_TYPE(conf_setting) settings;
};

static const char *unquote(const char *value)
{
	size_t len = strlen(value);

	return len < 2 || value[0] != '"' || value[len - 1] != '"' ? value :
		str_unescape(t_strdup_noconst(t_strndup(value + 1, len - 2)));
}

static void leave_block(string_t *prefix)
{
	const char *before;

	if (str_len(prefix) == 0)
		return;
	str_truncate(prefix, str_len(prefix) - 1);
	before = strrchr(str_c(prefix), '\n');
	str_truncate(prefix, before == NULL ? 0 :
		     (size_t)(before - str_c(prefix)) + 1);
}

static void
parse_line(struct doctor_conf *conf, pool_t pool, string_t *prefix,
	   const char *line)
{
	struct conf_setting *setting;
	const char *equals = strstr(line, " = ");
	size_t len = strlen(line);

	if (equals == NULL && len > 2 && strcmp(line + len - 2, " =") == 0)
		equals = line + len - 2;
	if (strcmp(line, "}") == 0) {
		leave_block(prefix);
	} else if (equals == NULL && len > 1 && line[len - 1] == '{') {
		str_append_data(prefix, line, len - 1);
		while (str_len(prefix) > 0 &&
		       str_c(prefix)[str_len(prefix) - 1] == ' ')
			str_truncate(prefix, str_len(prefix) - 1);
		str_append_c(prefix, '\n');
	} else if (equals != NULL && *line != '#') {
		setting = array_append_space(&conf->settings);
		setting->name = p_strconcat(pool,
			t_str_replace(str_c(prefix), '\n', '/'),
			t_strdup_until(line, equals), NULL);
		setting->value = p_strdup(pool, unquote(
			equals + I_MIN(strlen(equals), strlen(" = "))));
	}
}

struct doctor_conf *doctor_conf_parse(const char *text, pool_t pool)
{
	struct doctor_conf *conf = p_new(pool, struct doctor_conf, 1);
	const char *const *lines = t_strsplit(text, "\n");
	/* the blocks we are in, each with a newline, which no name has */
	string_t *prefix = str_new(pool, 256);

	p_array_init(&conf->settings, pool, 256);
	for (; *lines != NULL; lines++) T_BEGIN {
		const char *line = *lines;

		while (*line == ' ' || *line == '\t')
			line++;
		parse_line(conf, pool, prefix, line);
	} T_END;
	return conf;
}

void doctor_conf_set(struct doctor_conf *conf, pool_t pool, const char *name,
		     const char *value)
{
	const char *block = t_strconcat(name, "/", NULL);
	struct conf_setting setting = {
		.name = p_strdup(pool, name),
		.value = p_strdup(pool, value)
	};
	unsigned int i = array_count(&conf->settings);

	while (i-- > 0) {
		const struct conf_setting *one = array_idx(&conf->settings, i);
		const char *other = one->name;

		if (strcmp(other, name) == 0 ||
		    strncmp(other, block, strlen(block)) == 0)
			array_delete(&conf->settings, i, 1);
	}
	array_push_back(&conf->settings, &setting);
}

const char *doctor_conf_get(const struct doctor_conf *conf, const char *name)
{
	const struct conf_setting *setting;

	array_foreach(&conf->settings, setting) {
		if (strcmp(setting->name, name) == 0)
			return setting->value;
	}
	return NULL;
}

const char *doctor_conf_get_ours(const struct doctor_conf *conf,
				 const char *name)
{
	const char *value = doctor_conf_get(conf, name);

	return value != NULL ? value :
		doctor_conf_get(conf, t_strconcat("plugin/", name, NULL));
}

void doctor_list_set(ARRAY_TYPE(const_string) *list, const char *word,
		     bool there)
{
	unsigned int i = 0, count = array_count(list);

	while (i < count && strcmp(array_idx_elem(list, i), word) != 0)
		i++;
	if (i == count && there)
		array_push_back(list, &word);
	else if (i < count && !there)
		array_delete(list, i, 1);
}

const char *const *doctor_conf_get_list(const struct doctor_conf *conf,
					const char *name)
{
	const char *block = t_strconcat(name, "/", NULL);
	const struct conf_setting *setting;
	ARRAY_TYPE(const_string) list;

	t_array_init(&list, 16);
	array_foreach(&conf->settings, setting) {
		const char *const *word;

		if (strncmp(setting->name, block, strlen(block)) == 0) {
			doctor_list_set(&list, setting->name + strlen(block),
					strcmp(setting->value, "yes") == 0);
		} else if (strcmp(setting->name, name) == 0) {
			word = t_strsplit_spaces(setting->value, ", ");
			for (; *word != NULL; word++)
				doctor_list_set(&list, *word, TRUE);
		}
	}
	array_append_zero(&list);
	return array_front(&list);
}

unsigned int doctor_conf_count(const struct doctor_conf *conf)
{
	return array_count(&conf->settings);
}

void doctor_conf_get_idx(const struct doctor_conf *conf, unsigned int idx,
			 const char **name_r, const char **value_r)
{
	const struct conf_setting *setting = array_idx(&conf->settings, idx);

	*name_r = setting->name;
	*value_r = setting->value;
}
