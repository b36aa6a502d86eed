/* Paths as spots: (folder, name) pairs whose events concern a path. One path has a spot for the file
 * itself, for each symbolic link on the way to it, and, where the way ends early, for what is missing
 * there. Owns the inotify descriptor, its watches and the two timers. Reads no file, and never says
 * what a change means. */
#include "port/watch.h"

#include "base/str.h"

#include <errno.h>
#include <event2/event.h>
#include <limits.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	LINKS_MAX = 20, /* symbolic links on one way */
	EVENTS_BYTES = 16384,
	NAME_EVENTS =
		IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_CLOSE_WRITE | IN_ATTRIB,
	FOLDER_EVENTS = IN_DELETE_SELF | IN_MOVE_SELF,
	FOLDER_GONE = FOLDER_EVENTS | IN_UNMOUNT | IN_IGNORED,
};

struct spot {
	int folder; /* the kernel's number of it */
	char *name; /* NULL: the folder is only on the way */
	size_t path;
};

struct path {
	char *text;
	bool changed;
};

struct watch {
	struct watch_settings settings;
	int fd;
	struct event *readable, *quiet, *at_most;
	struct path *paths;
	size_t n_paths;
	struct spot *spots;
	size_t n_spots, spots_capacity;
	bool in_trouble;
	int error; /* the first of this round, and whose */
	size_t error_path;
};

/* ---- where to look ---- */

static void clear_spots(struct spot *spots, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(spots[i].name);
	free(spots);
}

/* name NULL: only whether the folder itself goes. */
static int add_spot(struct watch *watch, size_t path, const char *folder, const char *name)
{
	int number = inotify_add_watch(watch->fd, folder,
		(name ? NAME_EVENTS : 0) | FOLDER_EVENTS | IN_ONLYDIR | IN_MASK_ADD);

	if (number < 0)
		return -errno;
	ARRAY_GROW(watch->spots, watch->n_spots, watch->spots_capacity);
	watch->spots[watch->n_spots++] =
		(struct spot){.folder = number, .name = str_new(name), .path = path};
	return 0;
}

/* How far a way was followed: the folder, and what is left of the path. */
struct way {
	char folder[PATH_MAX], rest[PATH_MAX], name[NAME_MAX + 1];
	int links;
};

/* Cuts the first name off the rest; false at the end, and where a name is too long to exist. */
static bool way_cut(struct way *way)
{
	char *from = way->rest + strspn(way->rest, "/");
	size_t len = strcspn(from, "/");

	if (!len || len > NAME_MAX)
		return false;
	memcpy(way->name, from, len);
	way->name[len] = '\0';
	memmove(way->rest, from + len, strlen(from + len) + 1);
	return true;
}

/* The folder is empty for the root. */
static bool way_enter(struct way *way)
{
	size_t len = strlen(way->folder);

	return snprintf(way->folder + len, sizeof(way->folder) - len, "/%s", way->name) <
	       (int)(sizeof(way->folder) - len);
}

/* The rest now begins with what the link says. */
static bool way_turn(struct way *way, const char *link)
{
	char target[PATH_MAX], rest[PATH_MAX];
	ssize_t len = readlink(link, target, sizeof(target));

	if (len <= 0 || (size_t)len == sizeof(target) || ++way->links > LINKS_MAX)
		return false;
	target[len] = '\0';
	if (target[0] == '/')
		way->folder[0] = '\0';
	memcpy(rest, way->rest, sizeof(rest));
	return snprintf(way->rest, sizeof(way->rest), "%s%s", target, rest) <
	       (int)sizeof(way->rest);
}

/* A folder on the way, which may be renamed away. One that cannot be watched is rarely missed. */
static bool pass_folder(struct watch *watch, size_t path, struct way *way)
{
	if (!way_enter(way))
		return false;
	(void)!add_spot(watch, path, way->folder, NULL);
	return true;
}

/* Follows one name, and leaves a spot where a later change of it would lead elsewhere. False at the
 * end of the way. */
static bool follow_name(struct watch *watch, size_t path, struct way *way)
{
	bool last = !way->rest[strspn(way->rest, "/")];
	char full[2 * PATH_MAX];
	struct stat st;
	int r;

	snprintf(full, sizeof(full), "%s/%s", way->folder, way->name);
	if (!last && lstat(full, &st) == 0 && S_ISDIR(st.st_mode))
		return pass_folder(watch, path, way);
	r = add_spot(watch, path, way->folder[0] ? way->folder : "/", way->name);
	if (r < 0 && !watch->error) {
		watch->error = r;
		watch->error_path = path;
	}
	/* Again: it may have come, or have become something else, before it was watched. */
	if (lstat(full, &st) < 0)
		return false;
	if (S_ISLNK(st.st_mode))
		return way_turn(way, full);
	return !last && S_ISDIR(st.st_mode) && pass_folder(watch, path, way);
}

static void follow_path(struct watch *watch, size_t path)
{
	struct way way = {.links = 0};
	const char *text = watch->paths[path].text;

	if (text[0] != '/' && !getcwd(way.folder, sizeof(way.folder)))
		return;
	if (str_eq(way.folder, "/"))
		way.folder[0] = '\0';
	if (snprintf(way.rest, sizeof(way.rest), "%s", text) >= (int)sizeof(way.rest))
		return;
	while (way_cut(&way) && follow_name(watch, path, &way))
		;
}

static int by_folder(const void *a, const void *b)
{
	const struct spot *x = a, *y = b;

	return x->folder < y->folder ? -1 : x->folder > y->folder;
}

/* Ends the watches of those old folders that no new spot needs. Sorts both. */
static void leave(struct watch *watch, struct spot *old, size_t n_old)
{
	size_t n = 0;

	if (n_old)
		qsort(old, n_old, sizeof(*old), by_folder);
	if (watch->n_spots)
		qsort(watch->spots, watch->n_spots, sizeof(*watch->spots), by_folder);
	for (size_t i = 0; i < n_old; i++) {
		if (i > 0 && old[i].folder == old[i - 1].folder)
			continue;
		while (n < watch->n_spots && watch->spots[n].folder < old[i].folder)
			n++;
		if (n == watch->n_spots || watch->spots[n].folder != old[i].folder)
			inotify_rm_watch(watch->fd, old[i].folder);
	}
}

/* Adding a folder that is watched already gives its number again, so nothing is missed between the
 * old spots and the new ones. */
static void look(struct watch *watch)
{
	struct spot *old = watch->spots;
	size_t n_old = watch->n_spots;

	watch->spots = NULL;
	watch->n_spots = watch->spots_capacity = 0;
	watch->error = 0;
	for (size_t i = 0; i < watch->n_paths; i++)
		follow_path(watch, i);
	leave(watch, old, n_old);
	clear_spots(old, n_old);
}

static void tell_trouble(struct watch *watch, const char *path, int error)
{
	if (error && !watch->in_trouble)
		watch->settings.on_trouble(watch->settings.owner, path, error);
	watch->in_trouble = error != 0;
}

/* Some could not be watched: the first of them speaks for all. */
static void tell_error(struct watch *watch)
{
	tell_trouble(
		watch, watch->error ? watch->paths[watch->error_path].text : NULL, watch->error);
}

/* ---- what happens ---- */

static void tell(struct watch *watch)
{
	const char **paths = mem_new_array(watch->n_paths, sizeof(*paths));
	size_t count = 0;

	event_del(watch->quiet);
	event_del(watch->at_most);
	for (size_t i = 0; i < watch->n_paths; i++) {
		if (watch->paths[i].changed)
			paths[count++] = watch->paths[i].text;
		watch->paths[i].changed = false;
	}
	look(watch);
	tell_error(watch);
	watch->settings.on_change(watch->settings.owner, paths, count);
	free(paths);
}

static void on_time(evutil_socket_t fd unused_arg, short what unused_arg, void *data)
{
	tell(data);
}

static void set_timer(struct event *timer, int64_t ms)
{
	struct timeval after = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	evtimer_add(timer, &after);
}

static void mark(struct watch *watch, const struct inotify_event *event)
{
	bool all = event->mask & IN_Q_OVERFLOW, gone = event->mask & FOLDER_GONE, any = false;

	for (size_t i = 0; all && i < watch->n_paths; i++)
		any = watch->paths[i].changed = true;
	for (size_t i = 0; i < watch->n_spots; i++) {
		const struct spot *spot = &watch->spots[i];

		if (spot->folder == event->wd &&
			(gone || (event->len && str_eq(event->name, spot->name))))
			any = watch->paths[spot->path].changed = true;
	}
	if (!any)
		return;
	set_timer(watch->quiet, watch->settings.quiet_ms);
	if (!evtimer_pending(watch->at_most, NULL))
		set_timer(watch->at_most, watch->settings.at_most_ms);
}

static void on_readable(evutil_socket_t fd, short what unused_arg, void *data)
{
	char bytes[EVENTS_BYTES] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t len = read(fd, bytes, sizeof(bytes));

	for (ssize_t at = 0; at < len;) {
		const struct inotify_event *event = (const struct inotify_event *)(bytes + at);

		mark(data, event);
		at += (ssize_t)(sizeof(*event) + event->len);
	}
}

/* ---- life ---- */

int watch_new(const struct watch_settings *settings, struct watch **ret)
{
	struct watch *watch;
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	if (fd < 0)
		return -errno;
	watch = mem_new(sizeof(*watch));
	watch->settings = *settings;
	watch->fd = fd;
	watch->readable = event_new(settings->loop, fd, EV_READ | EV_PERSIST, on_readable, watch);
	watch->quiet = evtimer_new(settings->loop, on_time, watch);
	watch->at_most = evtimer_new(settings->loop, on_time, watch);
	event_add(watch->readable, NULL);
	*ret = watch;
	return 0;
}

static void clear_paths(struct watch *watch)
{
	for (size_t i = 0; i < watch->n_paths; i++)
		free(watch->paths[i].text);
	free(watch->paths);
}

void watch_free(struct watch *watch)
{
	if (!watch)
		return;
	event_free(watch->readable);
	event_free(watch->quiet);
	event_free(watch->at_most);
	close(watch->fd);
	clear_spots(watch->spots, watch->n_spots);
	clear_paths(watch);
	free(watch);
}

void watch_set(struct watch *watch, const char *const *paths, size_t count)
{
	size_t taken = MIN_OF(count, (size_t)WATCH_PATHS_MAX);

	event_del(watch->quiet);
	event_del(watch->at_most);
	clear_paths(watch);
	watch->paths = mem_new_array(taken, sizeof(*watch->paths));
	watch->n_paths = taken;
	for (size_t i = 0; i < taken; i++)
		watch->paths[i].text = str_new(paths[i]);
	look(watch);
	if (taken < count)
		tell_trouble(watch, paths[taken], -E2BIG);
	else
		tell_error(watch);
}
