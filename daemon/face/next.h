/* `nudgectl next`: when a schedule fires. Needs no daemon and no configuration. */
#pragma once

/* argv[0] is the verb itself. Exit status: 0 done, 1 refused (the reason is on stderr), 2 usage. */
int next_main(int argc, char **argv);
