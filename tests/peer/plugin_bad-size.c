#define BAD_SIZE 16
#include "plugin_bad.c"
