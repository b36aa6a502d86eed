#define BAD_ABI 7
#include "plugin_bad.c"
