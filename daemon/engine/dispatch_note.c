/* Notes: messages that take a channel's way without being recorded. Each has an outlet and a
 * connection of its own, so that it neither waits in the channel's queue nor tells anything about the
 * channel: what becomes of it is known to who sent it, and to nobody else. */
#include "base/str.h"
#include "engine/dispatch_internal.h"

#include <errno.h>

struct flight {
	LIST_ENTRY(flight) link; /* in dispatch->flights */
	struct outlet *outlet;
	struct account *account;
	struct transfer *transfer;
	dispatch_on_note on_done;
	void *owner;
};

static void flight_free(struct flight *flight)
{
	if (flight->transfer)
		transfer_cancel(flight->transfer);
	LIST_REMOVE(flight, link);
	account_close(flight->account);
	outlet_close(flight->outlet);
	free(flight);
}

void dispatch_cancel_note(struct flight *flight)
{
	flight_free(flight);
}

void dispatch_cancel_notes(struct dispatch *dispatch)
{
	struct flight *flight;

	while ((flight = LIST_FIRST(&dispatch->flights))) {
		flight->on_done(flight->owner, NULL, 0);
		flight_free(flight);
	}
}

static void on_note_response(void *owner, const struct nudged_response *response)
{
	struct flight *flight = owner;
	struct verdict verdict = {0};

	flight->transfer = NULL;
	outlet_judge(flight->outlet, response, &verdict);
	flight->on_done(flight->owner, &verdict, response->status);
	verdict_clear(&verdict);
	flight_free(flight);
}

/* The way of a lane, taken out of it: its room is nobody else's news. */
static int flight_open(struct dispatch *dispatch, const struct channel *channel,
	struct flight **ret, char **ret_error)
{
	struct flight *flight;
	struct lane *lane;
	int r = lane_open(dispatch, channel, &lane, ret_error);

	if (r < 0)
		return r;
	flight = mem_new(sizeof(*flight));
	flight->outlet = lane->outlet;
	flight->account = lane->account;
	account_on_room(flight->account, NULL, NULL);
	lane->outlet = NULL;
	lane->account = NULL;
	lane_free(lane);
	LIST_INSERT_HEAD(&dispatch->flights, flight, link);
	*ret = flight;
	return 0;
}

/* The first person with an address there, so that a test needs none. */
static const char *any_address(const struct model *model, const struct channel *channel)
{
	for (size_t i = 0; i < model->n_people; i++)
		if (person_address(model->people[i], channel))
			return person_address(model->people[i], channel);
	return NULL;
}

static int find_address(const struct dispatch *dispatch, const struct note *note,
	const struct channel *channel, const struct outlet *outlet, const char **ret,
	char **ret_error)
{
	const char *address = note->address, *why = NULL;

	if (!outlet_needs_address(outlet)) {
		if (address)
			*ret_error = str_printf("the channel %s takes no address", channel->id);
		*ret = NULL;
		return address ? -EINVAL : 0;
	}
	if (!address)
		address = any_address(dispatch->model, channel);
	if (address)
		why = outlet_check_address(outlet, address);
	if (!address)
		*ret_error = str_printf(
			"nobody has an address on the channel %s: name one", channel->id);
	else if (why)
		*ret_error = str_printf("\"%.80s\": %s", address, why);
	*ret = address;
	return address && !why ? 0 : -EINVAL;
}

static int note_encode(const struct dispatch *dispatch, const struct note *note,
	const struct outlet *outlet, const char *address, struct nudged_request **ret,
	char **ret_error)
{
	struct occurrence item = {.key.reminder = (char *)note->reminder,
		.kind = (char *)"note",
		.due_at = note->created_at,
		.title = (char *)note->title,
		.text = (char *)note->text};
	struct occurrence *items[] = {&item};
	struct delivery delivery = {.id = note->id,
		.recipient = (char *)(note->is_test ? "test" : "room:"),
		.purpose = PURPOSE_MANUAL,
		.created_at = note->created_at,
		.attempts = note->attempt,
		.count = 1,
		.items = items};
	auto_free struct nudged_delivery *view =
		channels_view_delivery(&delivery, NULL, address, NULL, dispatch_now(dispatch));

	if (note->is_test)
		view->purpose = NUDGED_TEST;
	return outlet_encode(outlet, view, ret, ret_error);
}

/* An open way and the request for it. */
static int note_prepare(struct dispatch *dispatch, const struct note *note, struct flight **ret,
	struct nudged_request **ret_request, char **ret_error)
{
	const struct channel *channel = model_channel(dispatch->model, note->channel);
	struct flight *flight;
	const char *address;
	int r;

	if (!channel) {
		*ret_error = str_printf("there is no channel \"%s\"", note->channel);
		return -ENOENT;
	}
	r = flight_open(dispatch, channel, &flight, ret_error);
	if (r < 0)
		return r;
	r = find_address(dispatch, note, channel, flight->outlet, &address, ret_error);
	if (r == 0)
		r = note_encode(dispatch, note, flight->outlet, address, ret_request, ret_error);
	if (r < 0)
		flight_free(flight);
	else
		*ret = flight;
	return r;
}

int dispatch_show_note(
	struct dispatch *dispatch, const struct note *note, char **ret_shown, char **ret_error)
{
	struct flight *flight;
	auto_free struct nudged_request *request = NULL;
	int r = note_prepare(dispatch, note, &flight, &request, ret_error);

	if (r < 0)
		return r;
	*ret_shown = channels_show_request(request);
	flight_free(flight);
	return 0;
}

int dispatch_send_note(struct dispatch *dispatch, const struct note *note, dispatch_on_note on_done,
	void *owner, struct flight **ret, char **ret_error)
{
	struct nudged_request *request;
	struct flight *flight;
	int r = note_prepare(dispatch, note, &flight, &request, ret_error);

	if (r < 0)
		return r;
	flight->on_done = on_done;
	flight->owner = owner;
	flight->transfer = courier_send(flight->account, request, on_note_response, flight);
	if (ret)
		*ret = flight;
	return 0;
}
