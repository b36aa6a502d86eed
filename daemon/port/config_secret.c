/* Secrets as they are named in the configuration: credential:NAME from the service manager's folder,
 * file:PATH from a private file, or written out in a private file. Never puts a value, or the URL
 * that holds one, into a complaint. */
#include "port/config_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define CREDENTIAL "credential:"
#define FILE_PREFIX "file:"
enum { TOKEN_LIKE = 16 }; /* characters of a path segment that nobody would type */

bool config_secret_is_reference(const char *text)
{
	return str_starts(text, CREDENTIAL) || str_starts(text, FILE_PREFIX);
}

static bool is_credential_name(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= 255 && !str_eq(name, ".") && !str_eq(name, "..") &&
	       !strchr(name, '/');
}

/* The one secret of a file: a final line end is no part of it. */
static bool take_value(struct loader *loader, struct where where, const char *key,
	const char *origin, struct buf *text, struct secret **ret)
{
	size_t len = text->len;

	if (len && text->data[len - 1] == '\n')
		len--;
	if (len && text->data[len - 1] == '\r')
		len--;
	if (len == 0)
		complain(loader, where, "\"%s\": %s is empty", key, origin);
	else if (!str_is_printable(text->data, len, false) || !str_is_utf8(text->data, len))
		complain(loader, where, "\"%s\": %s is not one line of text", key, origin);
	else
		*ret = secret_new(text->data, len);
	explicit_bzero(text->data ? text->data : "", text->data ? text->len : 0);
	return *ret != NULL;
}

static bool read_credential(struct loader *loader, struct where where, const char *key,
	const char *name, struct secret **ret)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	cleanup(buf_free) struct buf text = BUF_MAX(CONFIG_SECRET_MAX);
	auto_free char *path = NULL, *origin = NULL;
	int r;

	if (!is_credential_name(name)) {
		complain(loader, where, "\"%s\": \"%.80s\" cannot be the name of a credential", key,
			name);
		return false;
	}
	if (str_empty(folder) && loader->check_only)
		return true;
	if (str_empty(folder)) {
		complain(loader, where,
			"\"%s\": no credentials were given to nudged ($CREDENTIALS_DIRECTORY is "
			"not "
			"set): add LoadCredential=%s to its unit, or use file:PATH",
			key, name);
		return false;
	}
	path = str_printf("%s/%s", folder, name);
	origin = str_printf("the credential %s", name);
	r = buf_read_file(&text, path);
	if (r < 0) {
		complain(loader, where, "\"%s\": cannot read %s from $CREDENTIALS_DIRECTORY: %s",
			key, origin, r == -EFBIG ? "it is too large" : strerror(-r));
		return false;
	}
	return take_value(loader, where, key, origin, &text, ret);
}

static bool read_secret_file(struct loader *loader, struct where where, const char *key,
	const char *name, struct secret **ret)
{
	cleanup(buf_free) struct buf text = BUF_MAX(CONFIG_SECRET_MAX);
	auto_free char *path = config_path(loader, name);
	bool is_private;

	/* Who only asks (nudgectl next, say) need not be allowed to read the secrets. */
	if (loader->check_only && access(path, R_OK) < 0 && errno == EACCES) {
		warn(loader, where, "\"%s\": %s could not be checked: %s", key, path,
			strerror(EACCES));
		return true;
	}
	if (!config_file_read(loader, path, where, &text, &is_private))
		return false;
	if (!is_private) {
		complain(loader, where, "\"%s\": others can read %s: chmod 600 it", key, path);
		return false;
	}
	return take_value(loader, where, key, path, &text, ret);
}

static bool take_literal(struct loader *loader, struct where where, const char *key,
	const char *text, bool is_secret, struct secret **ret)
{
	if (is_secret && !config_file_is_private(loader, where.file)) {
		complain(loader, where,
			"\"%s\" is a secret in a file that others can read: use credential:NAME or "
			"file:PATH, or chmod 600 this file",
			key);
		return false;
	}
	if (is_secret)
		warn(loader, where,
			"\"%s\" is a secret written out: credential:NAME or file:PATH "
			"keep it out of copies of this file",
			key);
	*ret = secret_new(text, strlen(text));
	return true;
}

bool config_secret_read(struct loader *loader, struct where where, const char *key,
	const char *text, bool literal_is_secret, struct secret **ret)
{
	struct secret *value = NULL;
	bool good;

	if (str_starts(text, CREDENTIAL))
		good = read_credential(loader, where, key, text + strlen(CREDENTIAL), &value);
	else if (str_starts(text, FILE_PREFIX))
		good = read_secret_file(loader, where, key, text + strlen(FILE_PREFIX), &value);
	else
		good = take_literal(loader, where, key, text, literal_is_secret, &value);
	if (good)
		*ret = value;
	return good;
}

/* ---- URLs ---- */

static bool is_loopback(const char *host, size_t len)
{
	static const char *const names[] = {"localhost", "[::1]", NULL};

	for (int i = 0; names[i]; i++) {
		if (len == strlen(names[i]) && strncasecmp(host, names[i], len) == 0)
			return true;
	}
	return len > 4 && memcmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") >= len;
}

static bool has_token(const char *path)
{
	for (size_t len; *(path += strspn(path, "/")); path += len) {
		len = strcspn(path, "/");
		if (len >= TOKEN_LIKE)
			return true;
	}
	return false;
}

static bool has_path(const char *path)
{
	return path[strspn(path, "/")] != 0;
}

bool config_secret_is_url_secret(const char *url, bool is_room)
{
	const char *scheme_end = strstr(url, "://");
	const char *host = scheme_end ? scheme_end + 3 : url;
	size_t authority = strcspn(host, "/?#"), host_len;

	if (memchr(host, '@', authority))
		return true;
	host_len = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?#");
	if (is_loopback(host, MIN_OF(host_len, authority)))
		return false;
	return (is_room && has_path(host + authority)) || strchr(host, '?') ||
	       has_token(host + authority);
}
