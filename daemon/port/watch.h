/* The door to files that change while the daemon runs: inotify on the loop.
 *
 * A path is watched through its folders, so that a file that is renamed into place, that comes later
 * or that is reached through symbolic links is seen. What comes together is told together: after a
 * while without further change, or at the latest after a longer one. Idle, nothing wakes up. */
#pragma once

#include "base/mem.h"

struct watch;
struct event_base;

enum { WATCH_PATHS_MAX = 4096 };

struct watch_settings {
	struct event_base *loop;
	int64_t quiet_ms;   /* so long without a change, and it is told */
	int64_t at_most_ms; /* told after so long, quiet or not */
	void *owner;
	/* The paths that changed, or may have (lent for the call). They are watched as they are now:
	 * what changes from here on is told again. */
	void (*on_change)(void *owner, const char *const *paths, size_t count);
	/* A path cannot be watched (-errno; -ENOSPC: the kernel's limit; -E2BIG: ours), so that it
	 * will be told at the next watch_set() at the earliest. Once, until all can be watched. */
	void (*on_trouble)(void *owner, const char *path, int error);
};

/* 0, or -errno where the kernel has no room for it. */
int watch_new(const struct watch_settings *settings, struct watch **ret) must_check;
void watch_free(struct watch *watch); /* NULL is fine */
/* Replaces the list; also looks again at what could not be watched. Copies. A change that was seen
 * and not told yet is forgotten: whoever sets the list reads the files afterwards. */
void watch_set(struct watch *watch, const char *const *paths, size_t count);
