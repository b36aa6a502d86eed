/* Files of the configuration as they lie on the disk: read only when they are regular, of sane size,
 * and nobody but root and us could have written them. Checks the descriptor that is read, not the
 * name, and every folder above it. Never follows what a file says. */
#include "port/config_parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

const char *config_file_add(struct loader *loader, const char *path, bool is_private)
{
	struct model *model = loader->model;
	size_t n = model->n_files;

	model->files = mem_resize(model->files, n + 1, sizeof(*model->files));
	loader->file_is_private = mem_resize(loader->file_is_private, n + 1, sizeof(bool));
	model->files[n] = str_new(path);
	loader->file_is_private[n] = is_private;
	model->n_files++;
	return model->files[n];
}

bool config_file_is_private(const struct loader *loader, const char *file)
{
	for (size_t i = 0; i < loader->model->n_files; i++) {
		if (loader->model->files[i] == file)
			return loader->file_is_private[i];
	}
	return false;
}

static bool is_ours(uid_t owner)
{
	return owner == 0 || owner == geteuid();
}

static const char *distrust_folder(const char *folder)
{
	static char why[PATH_MAX + 128];
	struct stat st;

	if (stat(folder, &st) < 0)
		snprintf(why, sizeof(why), "its folder %s: %s", folder, strerror(errno));
	else if (!is_ours(st.st_uid))
		snprintf(why, sizeof(why), "its folder %s belongs to user %u, not to root or to us",
			folder, st.st_uid);
	else if ((st.st_mode & (S_IWGRP | S_IWOTH)) && !(st.st_mode & S_ISVTX))
		snprintf(why, sizeof(why), "its folder %s can be written by others: chmod go-w it",
			folder);
	else
		return NULL;
	return why;
}

/* Every folder from the one that holds the path up to the root. */
static const char *distrust_folders(const char *path)
{
	auto_free char *folder = realpath(path, NULL);
	char *slash;

	if (!folder)
		return NULL; /* open() will tell */
	while ((slash = strrchr(folder, '/'))) {
		const char *why;

		slash[slash == folder] = '\0';
		why = distrust_folder(folder);
		if (why || slash == folder)
			return why;
	}
	return NULL;
}

/* A link is only as safe as the folder that it lies in. */
static const char *distrust_link(const char *path)
{
	const char *slash = strrchr(path, '/');
	auto_free char *folder = slash ? str_new_n(path, slash - path + 1) : str_new(".");
	auto_free char *inside = str_printf("%s/.", folder);
	auto_free char *real = realpath(inside, NULL);
	const char *why = real ? distrust_folder(real) : NULL;

	return why ? why : real ? distrust_folders(real) : NULL;
}

static const char *distrust_bits(const struct stat *st, bool *ret_private)
{
	static char why[96];

	*ret_private = (st->st_mode & S_IRWXO) == 0 &&
		       ((st->st_mode & S_IRWXG) == 0 || st->st_gid == 0 || st->st_gid == getegid());
	if (!is_ours(st->st_uid))
		snprintf(why, sizeof(why), "it belongs to user %u, not to root or to us",
			st->st_uid);
	else if (st->st_mode & (S_IWGRP | S_IWOTH))
		snprintf(why, sizeof(why), "it can be written by others: chmod go-w it");
	else
		return NULL;
	return why;
}

const char *config_file_distrust(const char *path, bool *ret_private)
{
	struct stat st;
	const char *why;

	if (stat(path, &st) < 0)
		return strerror(errno);
	why = distrust_bits(&st, ret_private);
	if (!why)
		why = distrust_folders(path);
	return why ? why : distrust_link(path);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static void refuse_file(
	struct loader *loader, struct where where, const char *path, const char *why)
{
	if (str_eq(where.file, path))
		complain(loader, where, "cannot read it: %s", why);
	else
		complain(loader, where, "cannot read %s: %s", path, why);
}

bool config_file_read(struct loader *loader, const char *path, struct where where, struct buf *text,
	bool *ret_private)
{
	cleanup(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	bool is_private;
	const char *why;
	struct stat st;
	auto_free char *too_large = NULL;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0) {
		refuse_file(loader, where, path, strerror(errno));
		return false;
	}
	if (!S_ISREG(st.st_mode)) {
		refuse_file(loader, where, path,
			S_ISDIR(st.st_mode) ? "it is a folder" : "it is not a regular file");
		return false;
	}
	why = distrust_bits(&st, &is_private);
	if (!why)
		why = distrust_folders(path);
	if (!why)
		why = distrust_link(path);
	if (why) {
		complain(loader, where, "%s is not to be trusted: %s",
			str_eq(where.file, path) ? "this file" : path, why);
		return false;
	}
	r = buf_read_fd(text, fd);
	too_large = str_printf("it is larger than %zu bytes", text->max);
	if (r < 0) {
		refuse_file(loader, where, path, r == -EFBIG ? too_large : strerror(-r));
		return false;
	}
	if (ret_private)
		*ret_private = is_private;
	return true;
}

static int is_conf(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && str_ends(entry->d_name, ".conf");
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* What may be one: a link, and what a file system does not tell, is looked at when it is read. */
static int is_folder(const struct dirent *entry)
{
	return entry->d_name[0] != '.' &&
	       (entry->d_type == DT_DIR || entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN);
}

static int list_folder(const char *folder, int (*is_wanted)(const struct dirent *entry),
	char ***ret, size_t *ret_count)
{
	struct dirent **found;
	int n = scandir(folder, &found, is_wanted, by_name);
	char **paths;

	if (n < 0)
		return -errno;
	paths = mem_new_array(n + 1, sizeof(*paths));
	for (int i = 0; i < n; i++) {
		paths[i] = str_printf("%s/%s", folder, found[i]->d_name);
		free(found[i]);
	}
	free(found);
	*ret = paths;
	*ret_count = n;
	return 0;
}

int config_file_list(const char *folder, char ***ret, size_t *ret_count)
{
	return list_folder(folder, is_conf, ret, ret_count);
}

int config_file_folders(const char *folder, char ***ret, size_t *ret_count)
{
	return list_folder(folder, is_folder, ret, ret_count);
}
