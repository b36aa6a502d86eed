/* What the tests of schedules share: a zone, and a rule that must be taken. */
#pragma once

#include "time/rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static struct zone *utc;

static int utc_open(void **state)
{
	return zone_load("UTC", &utc);
}

static int utc_close(void **state)
{
	zone_unref(utc);
	return 0;
}

static struct rule *rule_taken(
	enum rule_form form, const char *text, const struct rule_options *options)
{
	struct rule_error error = {0};
	struct rule *rule = NULL;

	if (rule_parse(form, text, options, &rule, &error) < 0)
		fail_msg("%s: column %d: %s", text, error.column, error.message);
	return rule;
}
