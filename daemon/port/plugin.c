/* The plugins' door. Owns the loaded files and the contexts that plugins opened. Everything a
 * plugin gives back is copied and checked inside its sink call; a plugin that breaks the contract
 * is reported in words, and never crashes us by what it says. What it does with its pointers is
 * beyond any check: hence the rules on who may own the file. */
#include "port/plugin.h"

#include "base/buf.h"
#include "base/str.h"

#include <dirent.h>
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <math.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OPTIONS_MAX = 64 };

struct plugin {
	LIST_ENTRY(plugin) link; /* in `loaded` */
	int references;
	char *path; /* resolved: the identity */
	void *library;
	struct nudged_plugin face;
	struct nudged_option *options; /* in our own stride; texts are the plugin's */
};

struct outlet {
	struct plugin *plugin;
	void *context;
};

static LIST_HEAD(, plugin) loaded = LIST_HEAD_INITIALIZER(loaded);

/* ---- who may have written the file ---- */

static char *refuse_owner(const char *path, const struct stat *st, bool is_folder)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return str_printf("%s belongs to user %u: plugins and their folders must belong to "
				  "root or to the user of nudged",
			path, (unsigned)st->st_uid);
	if ((st->st_mode & 022) && !(is_folder && (st->st_mode & S_ISVTX)))
		return str_printf("%s may be written by others (mode %04o): run chmod go-w %s",
			path, (unsigned)st->st_mode & 07777, path);
	return NULL;
}

/* Every folder above the file too: whoever may rename one chooses the plugin. */
static char *refuse_folders(const char *path)
{
	auto_free char *folder = str_new(path);
	char *error = NULL;

	while (!error) {
		char *slash = strrchr(folder, '/');
		struct stat st;

		slash[slash == folder ? 1 : 0] = 0;
		if (stat(folder, &st) < 0)
			return str_printf("%s: %s", folder, strerror(errno));
		error = refuse_owner(folder, &st, true);
		if (str_eq(folder, "/"))
			break;
	}
	return error;
}

static char *refuse_file(const char *path)
{
	struct stat st;
	char *error;

	if (stat(path, &st) < 0)
		return str_printf("%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return str_printf("%s is not a file", path);
	error = refuse_owner(path, &st, false);
	return error ? error : refuse_folders(path);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* A file that was copied half is mapped all the same, and the loader then dies of SIGBUS. */
static char *refuse_cut(const char *path)
{
	cleanup(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	ElfW(Ehdr) head;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return str_printf("%s: %s", path, strerror(errno));
	if (pread(fd, &head, sizeof(head), 0) != sizeof(head) ||
		memcmp(head.e_ident, ELFMAG, SELFMAG) != 0)
		return str_printf(
			"%s is not a plugin that can be loaded: it is no ELF library", path);
	for (int i = 0; i < head.e_phnum; i++) {
		ElfW(Phdr) part;
		off_t at = (off_t)(head.e_phoff + (size_t)i * sizeof(part));

		if (pread(fd, &part, sizeof(part), at) == sizeof(part) &&
			part.p_filesz <= (size_t)st.st_size &&
			part.p_offset <= (size_t)st.st_size - part.p_filesz)
			continue;
		return str_printf("%s is cut short: install it again", path);
	}
	return NULL;
}

/* ---- what the file says about itself ---- */

static bool is_line(const char *text)
{
	return !str_empty(text) && strlen(text) <= 1024 && str_is_utf8(text, strlen(text)) &&
	       str_is_printable(text, strlen(text), false);
}

static bool is_option_name(const char *text)
{
	return is_line(text) && text[0] >= 'a' && text[0] <= 'z' &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(text);
}

static char *refuse_option(const struct nudged_option *option, const char *path)
{
	if (!is_option_name(option->name))
		return str_printf("%s has an option without a usable name", path);
	if (!is_line(option->help))
		return str_printf("%s: option %s has no help text", path, option->name);
	if ((unsigned)option->type > NUDGED_OPTION_BOOL)
		return str_printf("%s: option %s is of an unknown type", path, option->name);
	if (option->type == NUDGED_OPTION_CHOICE && !is_line(option->choices))
		return str_printf("%s: option %s has no choices", path, option->name);
	if (option->default_value && !is_line(option->default_value))
		return str_printf("%s: option %s has an unusable default", path, option->name);
	return NULL;
}

/* The array's stride is the plugin's size of an option, not ours. */
static char *read_options(struct plugin *plugin)
{
	const struct nudged_plugin *face = &plugin->face;
	const char *at = (const char *)face->options;

	if (face->option_count > OPTIONS_MAX || (face->option_count && !at))
		return str_printf("%s has no table of options, or more than 64", plugin->path);
	plugin->options = mem_new_array(face->option_count + 1, sizeof(*plugin->options));
	for (size_t i = 0; i < face->option_count; i++) {
		struct nudged_option *option = &plugin->options[i];
		uint32_t size;
		char *error;

		memcpy(&size, at, sizeof(size));
		if (size < sizeof(*option) || size > 4096)
			return str_printf("%s: an option of %u bytes; %zu expected", plugin->path,
				size, sizeof(*option));
		memcpy(option, at, sizeof(*option));
		option->size = sizeof(*option);
		error = refuse_option(option, plugin->path);
		if (error)
			return error;
		at += size;
	}
	return NULL;
}

static char *read_face(struct plugin *plugin)
{
	const struct nudged_plugin *found = dlsym(plugin->library, "nudged_plugin");
	struct nudged_plugin *face = &plugin->face;

	if (!found)
		return str_printf(
			"%s is not a plugin of nudged: it exports no nudged_plugin", plugin->path);
	if (found->abi != NUDGED_PLUGIN_ABI)
		return str_printf("%s is built for plugin ABI %u, this nudged has %u: build it "
				  "again with this nudged's nudged-plugin.h",
			plugin->path, found->abi, NUDGED_PLUGIN_ABI);
	if (found->size < sizeof(*face))
		return str_printf("%s describes itself in %u bytes where ABI %u has %zu: build it "
				  "again with this nudged's nudged-plugin.h",
			plugin->path, found->size, NUDGED_PLUGIN_ABI, sizeof(*face));
	*face = *found;
	if (!face->name || strlen(face->name) > 64 || !str_is_id(face->name))
		return str_printf("%s has no usable name", plugin->path);
	if (!is_line(face->version) || !is_line(face->summary))
		return str_printf("%s has no version or no summary", plugin->path);
	if (!face->open || !face->close || !face->encode || !face->judge)
		return str_printf("%s lacks one of open, close, encode and judge", plugin->path);
	return read_options(plugin);
}

/* ---- loading ---- */

static void plugin_free(struct plugin *plugin)
{
	free(plugin->options);
	free(plugin->path);
	if (plugin->library)
		dlclose(plugin->library);
	free(plugin);
}

static int plugin_open(const char *path, struct plugin **ret, char **ret_error)
{
	struct plugin *plugin = mem_new(sizeof(*plugin));
	char *error = NULL;

	plugin->references = 1;
	plugin->path = str_new(path);
	dlerror();
	plugin->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!plugin->library) {
		auto_free char *why = message_clean(dlerror());

		error = str_printf("not a plugin that can be loaded: %s", why);
	} else {
		error = read_face(plugin);
	}
	if (error) {
		plugin_free(plugin);
		*ret_error = error;
		return -ENOEXEC;
	}
	LIST_INSERT_HEAD(&loaded, plugin, link);
	*ret = plugin;
	return 0;
}

int plugin_load_file(const char *path, struct plugin **ret, char **ret_error)
{
	auto_free char *resolved = realpath(path, NULL);
	struct plugin *plugin;
	char *error;

	if (!resolved) {
		int r = -errno;

		*ret_error = str_printf("%s: %s", path, strerror(errno));
		return r;
	}
	LIST_FOREACH(plugin, &loaded, link) {
		if (str_eq(plugin->path, resolved)) {
			plugin->references++;
			*ret = plugin;
			return 0;
		}
	}
	error = refuse_file(resolved);
	if (!error)
		error = refuse_cut(resolved);
	if (error) {
		*ret_error = error;
		return -EPERM;
	}
	return plugin_open(resolved, ret, ret_error);
}

static int is_library(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && str_ends(entry->d_name, ".so");
}

/* What is there instead; owned. */
static char *describe_missing(const char *folder, const char *name)
{
	cleanup(buf_free) struct buf names = BUF_MAX(512);
	struct dirent **found;
	int n = scandir(folder, &found, is_library, alphasort);

	if (n < 0)
		return str_printf("the folder of plugins, %s: %s", folder, strerror(errno));
	for (int i = 0; i < n; i++) {
		buf_printf(&names, "%s%.*s", i ? ", " : "",
			(int)strlen(found[i]->d_name) - (int)strlen(".so"), found[i]->d_name);
		free(found[i]);
	}
	free(found);
	return str_printf("there is no %s.so in %s: it has %s", name, folder,
		names.len ? buf_str(&names) : "no plugin");
}

int plugin_load(const char *folder, const char *name, struct plugin **ret, char **ret_error)
{
	auto_free char *path = NULL;
	struct plugin *plugin;
	int r;

	if (!str_is_id(name)) {
		*ret_error =
			str_new("a plugin is named by a bare name of lower-case letters, digits "
				"and dashes, without a folder or .so");
		return -EINVAL;
	}
	path = str_printf("%s/%s.so", folder, name);
	if (access(path, F_OK) < 0 && errno == ENOENT) {
		*ret_error = describe_missing(folder, name);
		return -ENOENT;
	}
	r = plugin_load_file(path, &plugin, ret_error);
	if (r < 0)
		return r;
	if (!str_eq(plugin->face.name, name)) {
		*ret_error = str_printf(
			"%s calls itself %s: name the file as the plugin", path, plugin->face.name);
		plugin_unref(plugin);
		return -ENOEXEC;
	}
	*ret = plugin;
	return 0;
}

void plugin_unref(struct plugin *plugin)
{
	if (!plugin)
		return;
	assert(plugin->references > 0);
	if (--plugin->references)
		return;
	LIST_REMOVE(plugin, link);
	plugin_free(plugin);
}

const char *plugin_name(const struct plugin *plugin)
{
	return plugin->face.name;
}

const char *plugin_version(const struct plugin *plugin)
{
	return plugin->face.version;
}

const char *plugin_summary(const struct plugin *plugin)
{
	return plugin->face.summary;
}

const struct nudged_option *plugin_options(const struct plugin *plugin, size_t *ret_count)
{
	*ret_count = plugin->face.option_count;
	return plugin->options;
}

/* ---- the sink ---- */

struct gift {
	/* of open */
	plugin_on_complaint on_complaint;
	void *owner;
	size_t complaints;
	/* of encode and judge */
	size_t count; /* times the sink was called */
	struct nudged_request *request;
	const char *why;
	bool has_verdict;
	struct verdict verdict;
};

static void gift_take_request(void *owner, const struct nudged_request *request)
{
	struct gift *gift = owner;

	if (gift->count++ == 0)
		gift->request = request_copy(request, &gift->why);
}

static void gift_take_verdict(void *owner, const struct nudged_verdict *verdict)
{
	struct gift *gift = owner;

	if (gift->count++ == 0 && verdict) {
		verdict_copy(verdict, &gift->verdict);
		gift->has_verdict = true;
	}
}

static void gift_take_complaint(void *owner, const char *setting, const char *message)
{
	struct gift *gift = owner;
	auto_free char *name = message_clean(setting);
	auto_free char *text = message_clean(str_empty(message) ? "not acceptable" : message);

	if (gift->complaints++ < OPTIONS_MAX && gift->on_complaint)
		gift->on_complaint(gift->owner, name, text);
}

/* A plugin may call any member at any time; what was not asked for is dropped with the gift. */
static struct nudged_sink gift_sink(struct gift *gift)
{
	return (struct nudged_sink){
		.size = sizeof(struct nudged_sink),
		.owner = gift,
		.request = gift_take_request,
		.verdict = gift_take_verdict,
		.complain = gift_take_complaint,
	};
}

static void gift_clear(struct gift *gift)
{
	free(gift->request);
	verdict_clear(&gift->verdict);
}

/* ---- outlets ---- */

int outlet_open(struct plugin *plugin, const struct nudged_settings *settings,
	plugin_on_complaint on_complaint, void *owner, struct outlet **ret)
{
	struct gift gift = {.on_complaint = on_complaint, .owner = owner};
	struct nudged_sink sink = gift_sink(&gift);
	void *context = NULL;
	struct outlet *outlet;
	int r = plugin->face.open(settings, &sink, &context);

	gift_clear(&gift);
	if (r != 0 && !gift.complaints)
		gift_take_complaint(&gift, NULL, "the plugin refused its settings without a word");
	if (r == 0 && gift.complaints)
		plugin->face.close(context);
	if (gift.complaints)
		return -EINVAL;
	outlet = mem_new(sizeof(*outlet));
	outlet->plugin = plugin;
	outlet->context = context;
	plugin->references++;
	*ret = outlet;
	return 0;
}

void outlet_close(struct outlet *outlet)
{
	if (!outlet)
		return;
	outlet->plugin->face.close(outlet->context);
	plugin_unref(outlet->plugin);
	free(outlet);
}

bool outlet_is_room(const struct outlet *outlet)
{
	const struct nudged_plugin *face = &outlet->plugin->face;

	return face->is_room && face->is_room(outlet->context) != 0;
}

bool outlet_needs_address(const struct outlet *outlet)
{
	const struct nudged_plugin *face = &outlet->plugin->face;

	return face->needs_address && face->needs_address(outlet->context) != 0;
}

const char *outlet_check_address(const struct outlet *outlet, const char *address)
{
	const struct nudged_plugin *face = &outlet->plugin->face;
	const char *why =
		face->check_address ? face->check_address(outlet->context, address) : NULL;

	return !why || is_line(why) ? why : "the plugin does not accept this address";
}

double outlet_default_rate(const struct outlet *outlet)
{
	const struct nudged_plugin *face = &outlet->plugin->face;
	double rate = face->default_rate ? face->default_rate(outlet->context) : 0;

	return isfinite(rate) && rate > 0 ? rate : 0;
}

int outlet_encode(const struct outlet *outlet, const struct nudged_delivery *delivery,
	struct nudged_request **ret, char **ret_error)
{
	const struct nudged_plugin *face = &outlet->plugin->face;
	struct gift gift = {.why = NULL};
	struct nudged_sink sink = gift_sink(&gift);
	int r = face->encode(outlet->context, delivery, &sink);
	const char *why = NULL;

	if (r != 0)
		why = "it can't express this message";
	else if (gift.count == 0)
		why = "it gave no request";
	else if (gift.count > 1)
		why = "it gave more than one request";
	else if (!gift.request)
		why = gift.why;
	if (why) {
		gift_clear(&gift);
		*ret_error = str_printf("plugin %s: %s", face->name, why);
		return -EINVAL;
	}
	verdict_clear(&gift.verdict);
	*ret = gift.request;
	return 0;
}

void outlet_judge(
	const struct outlet *outlet, const struct nudged_response *response, struct verdict *ret)
{
	const struct nudged_plugin *face = &outlet->plugin->face;
	struct gift gift = {.why = NULL};
	struct nudged_sink sink = gift_sink(&gift);
	int r = face->judge(outlet->context, response, &sink);

	if (r == 0 && gift.count == 1 && gift.has_verdict) {
		*ret = gift.verdict;
		gift.verdict = (struct verdict){.delay_ms = -1};
		gift_clear(&gift);
		return;
	}
	gift_clear(&gift);
	*ret = (struct verdict){
		.outcome = NUDGED_MISCONFIGURED,
		.delay_ms = -1,
		.reason = str_printf("plugin %s gave %s", face->name,
			gift.count > 1 ? "more than one verdict" : "no verdict"),
	};
}
