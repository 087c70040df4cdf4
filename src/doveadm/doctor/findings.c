/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "array.h"
#include "findings.h"

void doctor_findings_init(struct doctor_findings *findings, pool_t pool)
{
	i_zero(findings);
	findings->pool = pool;
	p_array_init(&findings->list, pool, 32);
}

static void ATTR_FORMAT(5, 0)
add(struct doctor_findings *findings, enum doctor_result result,
    const char *check, const char *advice, const char *format, va_list args)
{
	struct doctor_finding *finding;
	const char *what = p_strconcat(findings->pool,
				       t_strdup_vprintf(format, args), ".",
				       NULL);

	/* protocols have most in common */
	array_foreach_modifiable(&findings->list, finding) {
		if (strcmp(finding->check, check) == 0 &&
		    strcmp(finding->what, what) == 0)
			return;
	}
	finding = array_append_space(&findings->list);
	finding->result = result;
	finding->check = p_strdup(findings->pool, check);
	finding->advice = *advice == '\0' ? "" :
		p_strconcat(findings->pool, advice, ".", NULL);
	finding->what = what;
}

void doctor_ok(struct doctor_findings *findings, const char *check,
	       const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(findings, DOCTOR_OK, check, "", format, args);
	va_end(args);
}

void doctor_bad(struct doctor_findings *findings, enum doctor_result result,
		const char *check, const char *advice, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(findings, result, check, advice, format, args);
	va_end(args);
}

const char *doctor_result_name(enum doctor_result result)
{
	static const char *const names[] = {
		[DOCTOR_OK] = "ok",
		[DOCTOR_WARNING] = "warning",
		[DOCTOR_ERROR] = "error"
	};

	return names[result];
}

enum doctor_result doctor_findings_worst(const struct doctor_findings *findings)
{
	const struct doctor_finding *finding;
	enum doctor_result worst = DOCTOR_OK;

	array_foreach(&findings->list, finding) {
		if (finding->result > worst)
			worst = finding->result;
	}
	return worst;
}
