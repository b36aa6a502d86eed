/* nudgectl: the control tool. Everything it can do is in the table of verbs. */
#include "base/log.h"
#include "face/tool.h"

#include <locale.h>
#include <sodium.h>

int main(int argc, char **argv)
{
	setlocale(LC_CTYPE, "C.UTF-8");
	log_open("nudgectl", LOG_WARNING);
	if (sodium_init() < 0)
		return TOOL_REFUSED;
	return tool_main(argc, argv);
}
