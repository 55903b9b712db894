/*
 * The log. One line is put together on the stack, escaped, and written with
 * one write(2), so that lines of several threads and processes on one
 * descriptor do not mix. A failing log never takes the daemon down: a write
 * that fails is forgotten.
 */
#include <sys/uio.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

#define LINE_MAX_BYTES	1024	/* a longer line is cut, and says so */
#define HEAD_MAX_BYTES	128

static _Atomic int log_fd = STDERR_FILENO;
static char *log_path;
static char log_prefix[16] = "collabd";
static enum log_level log_level = LOG_LEVEL_INFO;

static const char *const level_names[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

static int
open_path(const char *path)
{
	return (open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640));
}

static void
replace_fd(int fd)
{
	int old = atomic_exchange(&log_fd, fd);

	if (old != STDERR_FILENO && old != fd)
		close(old);
}

bool
log_open(const char *path)
{
	int fd = STDERR_FILENO;
	char *copy = NULL;

	if (path != NULL && *path != '\0') {
		if ((fd = open_path(path)) == -1)
			return (false);
		if ((copy = strdup(path)) == NULL) {
			close(fd);
			return (false);
		}
	}
	replace_fd(fd);
	free(log_path);
	log_path = copy;
	return (true);
}

void
log_reopen(void)
{
	int fd;

	if (log_path == NULL)
		return;
	if ((fd = open_path(log_path)) == -1) {
		log_err("cannot reopen the log: %s", strerror(errno));
		return;
	}
	replace_fd(fd);
	log_info("log reopened");
}

void
log_give(uid_t uid, gid_t gid)
{
	if (log_path != NULL && fchown(atomic_load(&log_fd), uid, gid) == -1)
		log_warn("log_file: cannot be given to the user: %s",
		    strerror(errno));
}

void
log_set_level(enum log_level level)
{
	log_level = level;
}

void
log_set_prefix(const char *prefix)
{
	(void)snprintf(log_prefix, sizeof(log_prefix), "%s", prefix);
}

bool
log_is_on(enum log_level level)
{
	return (level <= log_level);
}

/* Copies text into line at n, everything but printable ASCII as \xNN. */
static size_t
escape(char *line, size_t n, size_t cap, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	for (; *s != '\0' && cap - n > 8; s++) {
		if (*s >= 0x20 && *s < 0x7f && *s != '\\')
			line[n++] = (char)*s;
		else
			n += (size_t)snprintf(line + n, cap - n, "\\x%02x", *s);
	}
	if (*s != '\0') {
		memcpy(line + n, "...", 3);
		n += 3;
	}
	return (n);
}

/* What every line begins with; its length. */
static size_t
begin(char line[HEAD_MAX_BYTES], enum log_level level)
{
	struct timespec ts;
	struct tm tm;
	size_t n;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	(void)gmtime_r(&ts.tv_sec, &tm);
	n = strftime(line, HEAD_MAX_BYTES, "%Y-%m-%dT%H:%M:%S", &tm);
	return (n + (size_t)snprintf(line + n, HEAD_MAX_BYTES - n,
	    ".%03ldZ %s[%d] %s: ", ts.tv_nsec / 1000000, log_prefix,
	    (int)getpid(), level_names[level]));
}

static void PRINTFLIKE(2, 0)
emit(enum log_level level, const char *fmt, va_list ap)
{
	char text[LINE_MAX_BYTES], line[LINE_MAX_BYTES + HEAD_MAX_BYTES];
	size_t n;
	int saved = errno;

	if (!log_is_on(level))
		return;
	n = begin(line, level);
	errno = saved;
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	n = escape(line, n, sizeof(line) - 1, text);
	line[n++] = '\n';
	if (write(atomic_load(&log_fd), line, n) == -1)
		errno = saved;	/* nowhere to say so */
	errno = saved;
}

#define DEFINE_LEVEL(name, level)					\
void									\
name(const char *fmt, ...)						\
{									\
	va_list ap;							\
									\
	va_start(ap, fmt);						\
	emit(level, fmt, ap);						\
	va_end(ap);							\
}

DEFINE_LEVEL(log_err, LOG_LEVEL_ERROR)
DEFINE_LEVEL(log_warn, LOG_LEVEL_WARNING)
DEFINE_LEVEL(log_info, LOG_LEVEL_INFO)
DEFINE_LEVEL(log_debug, LOG_LEVEL_DEBUG)

void
log_json(enum log_level level, const char *what, const char *json, size_t n)
{
	char head[HEAD_MAX_BYTES];
	struct iovec v[] = {
		{ head, 0 }, { (char *)(uintptr_t)what, strlen(what) },
		{ (char *)(uintptr_t)" ", 1 }, { (char *)(uintptr_t)json, n },
		{ (char *)(uintptr_t)"\n", 1 },
	};
	int saved = errno;

	if (!log_is_on(level))
		return;
	v[0].iov_len = begin(head, level);
	if (writev(atomic_load(&log_fd), v, COUNT_OF(v)) == -1)
		errno = saved;	/* nowhere to say so */
	errno = saved;
}

void
log_fatal(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(LOG_LEVEL_ERROR, fmt, ap);
	va_end(ap);
	abort();
}

bool
log_allow(struct log_limit *limit, unsigned burst)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	if (ts.tv_sec != limit->second) {
		unsigned suppressed = limit->suppressed;

		limit->second = ts.tv_sec;
		limit->allowed = 0;
		limit->suppressed = 0;
		if (suppressed != 0)
			log_warn("suppressed=%u lines like the next",
			    suppressed);
	}
	if (limit->allowed >= burst) {
		limit->suppressed++;
		return (false);
	}
	limit->allowed++;
	return (true);
}
