/* Recurrence rules of RFC 5545, with SKIP of RFC 7529. */
#include "time/rule-parts.h"

int rrule_parse(struct draft *draft)
{
	return scan_fail(&draft->scan, NULL, "not here");
}
