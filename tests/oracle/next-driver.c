/* `nudgectl next` alone, so that the oracles of time need nothing else to be built. */
#include "face/next.h"

int main(int argc, char **argv)
{
	return next_main(argc, argv);
}
