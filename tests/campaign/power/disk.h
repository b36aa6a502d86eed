/* A disk as a list of what was changed and what of it is certain, and the images that a power loss may
 * leave of it. */
#pragma once

#include "oplog.h"

struct disk;

struct disk *disk_new(void);
void disk_free(struct disk *disk);
/* `data` must outlive the disk. */
void disk_apply(struct disk *disk, const struct op *op, const char *data);
/* Makes the folder and what is left in it, by chance. */
void disk_write_image(const struct disk *disk, const char *folder);
