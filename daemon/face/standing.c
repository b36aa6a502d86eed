/* Pauses, stops and what has faded. Reads the engine alone; owns nothing. */
#include "face/standing.h"

#include "base/str.h"
#include "face/shape.h"

static json_t *shape_pause(const struct pause_status *pause)
{
	return json_pack("{so so so so}", "what", shape_text(pause->what), "since",
		shape_time(pause->since_at), "until", shape_time(pause->until_at), "reason",
		shape_text(pause->reason));
}

json_t *standing_pauses(const struct engine *engine)
{
	json_t *list = json_array();
	struct pause_status pause = {0};

	while (engine_next_pause(engine, pause.what, &pause))
		json_array_append_new(list, shape_pause(&pause));
	return list;
}

/* How far reminders have faded with them, in the shape of pauses: so they are kept. */
static void add_fades(json_t *list, const struct engine *engine, const char *person_id)
{
	const struct model *model = engine_model(engine);
	const struct person *person = model_person(model, person_id);
	struct fade fade;
	char text[FADE_TEXT];

	for (size_t i = 0; person && i < model->n_reminders; i++) {
		auto_free char *what = str_printf("fade:%s:%s", person_id, model->reminders[i]->id);

		if (!engine_fade(engine, person, model->reminders[i], &fade))
			continue;
		fade_write(&fade, text);
		json_array_append_new(list,
			json_pack("{ss sn sn ss}", "what", what, "since", "until", "reason", text));
	}
}

json_t *standing_of(const struct engine *engine, const char *person)
{
	auto_free char *own = str_printf("person:%s", person);
	auto_free char *stop = str_printf("stop:%s:", person);
	auto_free char *less = str_printf("less:%s:", person);
	struct pause_status pause = {0};
	json_t *list = json_array();

	while (engine_next_pause(engine, pause.what, &pause))
		if (str_eq(pause.what, own) || str_starts(pause.what, stop) ||
			str_starts(pause.what, less))
			json_array_append_new(list, shape_pause(&pause));
	add_fades(list, engine, person);
	return list;
}

json_t *standing_kept(const struct engine *engine, const char *person)
{
	json_t *list = json_array();
	const char *name, *value;

	for (size_t i = 0; engine_kept_at(engine, person, i, &name, &value); i++)
		json_array_append_new(list,
			json_pack("{so so}", "name", shape_text(name), "value", shape_text(value)));
	return list;
}
