/* Choices and their names. Owns the names; what may be chosen, the engine decides. */
#include "face/readers.h"

#include "base/str.h"

void readers_of(const struct engine *engine, const char *id, struct readers *ret)
{
	const struct person *person = model_person(engine_model(engine), id);
	const struct person *others[SHARES] = {[SHARE_PARTNER] = person ? person->partner : NULL,
		[SHARE_MENTOR] = person ? person->mentor : NULL,
		[SHARE_MANAGER] = person ? person->manager : NULL};
	unsigned shares = engine_shares(engine, id);

	*ret = (struct readers){.usual = engine_usual_share(engine, id)};
	ret->names[SHARE_ME] = str_new("Only me");
	for (int i = SHARE_ME + 1; i < SHARES; i++) {
		if (!(shares >> i & 1))
			continue;
		ret->any = true;
		ret->names[i] = others[i] ? str_printf("My %s, %s", share_names[i], others[i]->name)
					  : str_printf("My %s", share_names[i]);
	}
}

void readers_clear(struct readers *readers)
{
	for (int i = 0; i < SHARES; i++)
		free(readers->names[i]);
}
