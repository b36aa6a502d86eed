/* Digests: what a message says that sums up a record. Facts are asked of the store first, for as many
 * recipients at once as the caller likes, and the loop goes on meanwhile; then every text is made
 * without a wait. Owns what it has read; decides nothing. */
#pragma once

#include "engine/resolver.h"

struct digest;
struct store;

/* Keeps a reference to the model; store and view are lent. */
struct digest *digest_new(
	struct model *model, struct store *store, const struct view *view, int64_t now_at);
/* A reminder that is a digest goes to a person; NULL: to a room. */
void digest_want(
	struct digest *digest, const struct reminder *reminder, const struct person *person);
/* Reads all that is wanted. on_done comes once, on the loop: 0, or the store's -errno. */
void digest_read(struct digest *digest, void (*on_done)(void *owner, int error), void *owner);
/* The words; owned by the caller. */
char *digest_write(struct digest *digest, const struct planned *planned);
/* Also while it reads: on_done does not come then. NULL is fine. */
void digest_free(struct digest *digest);
