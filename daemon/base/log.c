/* The journal and stderr sinks. Owns the level and the knowledge of where stderr goes.
 * sd_journal_sendv answers 0 and drops where no journal runs: stderr is then the record. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include "base/log.h"
#include "base/buf.h"
#include "base/str.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

enum { FIELDS_MAX = 24, ENTRY_MAX = 16384 };

static int level = LOG_INFO;
static bool stderr_is_journal;
static const char *ident = "nudged";

static const char *const level_names[] = {
	"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug", NULL};

static bool stderr_goes_to_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	if (!stream || sscanf(stream, "%llu:%llu", &dev, &ino) != 2 ||
		fstat(STDERR_FILENO, &st) < 0)
		return false;
	return st.st_dev == dev && st.st_ino == ino;
}

void log_open(const char *identifier, int max_priority)
{
	ident = identifier;
	level = max_priority;
	stderr_is_journal = stderr_goes_to_journal();
}

void log_set_level(int max_priority)
{
	level = max_priority;
}

bool log_wants(int priority)
{
	return priority <= level;
}

int log_level_from_name(const char *name, int *ret)
{
	int64_t number;

	for (int i = 0; level_names[i]; i++) {
		if (str_eq(name, level_names[i])) {
			*ret = i;
			return 0;
		}
	}
	if (str_to_int64(name, &number) < 0 || number < 0 || number > 7)
		return -EINVAL;
	*ret = number;
	return 0;
}

static void add_escaped(struct buf *line, const char *text)
{
	for (; *text; text++) {
		unsigned char c = *text;

		if (c < 0x20 || c == 0x7F)
			buf_printf(line, "\\x%02x", c);
		else
			buf_add_char(line, c);
	}
}

static void write_stderr(int priority, const char *message, const struct log_field *fields)
{
	cleanup(buf_free) struct buf line = BUF_MAX(ENTRY_MAX);

	buf_printf(&line, "<%d>", priority);
	buf_add_str(&line, message);
	for (const struct log_field *f = fields; f && f->key; f++) {
		if (!f->value)
			continue;
		buf_printf(&line, " %s=", f->key);
		add_escaped(&line, f->value);
	}
	buf_add_char(&line, '\n');
	/* A full pipe or a closed stderr must not stop the daemon. */
	if (write(STDERR_FILENO, buf_str(&line), line.len) < 0)
		return;
}

static void write_journal(int priority, const char *message, const struct log_field *fields)
{
	char texts[FIELDS_MAX][512];
	struct iovec iov[FIELDS_MAX];
	cleanup(buf_free) struct buf text = BUF_MAX(ENTRY_MAX);
	int n = 0;

	buf_printf(&text, "MESSAGE=%s", message);
	iov[n++] = (struct iovec){text.data, text.len};
	snprintf(texts[n], sizeof(texts[n]), "PRIORITY=%d", priority);
	iov[n] = (struct iovec){texts[n], strlen(texts[n])};
	n++;
	snprintf(texts[n], sizeof(texts[n]), "SYSLOG_IDENTIFIER=%s", ident);
	iov[n] = (struct iovec){texts[n], strlen(texts[n])};
	n++;
	for (const struct log_field *f = fields; f && f->key && n < FIELDS_MAX; f++) {
		if (!f->value)
			continue;
		snprintf(texts[n], sizeof(texts[n]), "%s=%s", f->key, f->value);
		iov[n] = (struct iovec){texts[n], strlen(texts[n])};
		n++;
	}
	(void)sd_journal_sendv(iov, n);
}

void log_entry(int priority, const struct log_field *fields, const char *format, ...)
{
	cleanup(buf_free) struct buf raw = BUF_MAX(ENTRY_MAX / 2);
	cleanup(buf_free) struct buf message = BUF_MAX(ENTRY_MAX / 2);
	va_list args;

	if (priority > level)
		return;
	va_start(args, format);
	buf_vprintf(&raw, format, args);
	va_end(args);
	add_escaped(&message, buf_str(&raw));
	write_journal(priority, buf_str(&message), fields);
	if (!stderr_is_journal)
		write_stderr(priority, buf_str(&message), fields);
}
