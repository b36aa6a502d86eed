#define BAD_ENCODE NULL
#include "plugin_bad.c"
