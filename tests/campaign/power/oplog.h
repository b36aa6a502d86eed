/* What the recorder writes and the checker reads: every change of files below one folder, every sync,
 * and what was said meanwhile, in the order in which it happened. */
#pragma once

#include <stdint.h>

enum op_kind {
	OP_CREATE,      /* data: the path; of a file */
	OP_FOLDER,      /* data: the path */
	OP_WRITE,       /* data: the bytes at offset */
	OP_TRUNCATE,    /* to offset */
	OP_SYNC,        /* a file */
	OP_SYNC_FOLDER, /* data: its path */
	OP_UNLINK,      /* data: the path */
	OP_RENAME,      /* data: the old path, a zero, the new one; of one folder */
	OP_SAID,        /* data: a line */
};

/* Followed by `length` bytes of data. Paths are relative to the recorded folder. */
struct op {
	uint8_t kind;
	uint32_t file; /* numbered from 1, a new number for each creation */
	uint64_t offset;
	uint32_t length;
} __attribute__((packed));
