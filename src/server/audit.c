/*
 * The audit log. Lines that do not fit into a full file system are taken back
 * whole, so that the file stays one of JSON lines, and go to the log instead. A
 * worker never waits for that.
 */
#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "server/audit.h"

struct audit {
	char	*path;
	int	 fd;		/* -1: the log */
};

static int
open_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC |
	    O_NOCTTY, 0640);

	if (fd == -1)
		log_err("cannot open audit_log %s: %s", path,
		    strerror(errno));
	return (fd);
}

struct audit *
audit_new(const char *path)
{
	struct audit *audit;
	int fd = -1;

	if (*path != '\0' && (fd = open_file(path)) == -1)
		return (NULL);
	audit = xcalloc(1, sizeof(*audit));
	audit->path = xstrdup(path);
	audit->fd = fd;
	return (audit);
}

void
audit_free(struct audit *audit)
{
	if (audit == NULL)
		return;
	if (audit->fd != -1)
		close(audit->fd);
	free(audit->path);
	free(audit);
}

void
audit_reopen(struct audit *audit)
{
	int fd;

	if (*audit->path == '\0' || (fd = open_file(audit->path)) == -1)
		return;
	if (audit->fd != -1)
		close(audit->fd);
	audit->fd = fd;
}

static void
write_to_log(struct slice lines, enum log_level level)
{
	const char *p = lines.p, *end = lines.p + lines.n, *nl;

	for (; p < end && (nl = memchr(p, '\n', (size_t)(end - p))) != NULL;
	    p = nl + 1)
		log_json(level, "audit", p, (size_t)(nl - p));
}

/*
 * Takes back n bytes that we wrote last, if nothing was written behind them.
 * Else they become a line of their own: nobody else's is spoiled.
 */
static void
take_back(int fd, off_t n, bool is_locked)
{
	off_t end = lseek(fd, 0, SEEK_CUR);
	struct stat st;

	if (is_locked && end != -1 && fstat(fd, &st) == 0 &&
	    st.st_size == end && ftruncate(fd, end - n) == 0)
		return;
	if (write(fd, "\n", 1) == -1)
		log_debug("audit_log: a line is torn");
}

/* All of it or nothing; false with errno. */
static bool
write_whole(int fd, struct slice lines)
{
	/* Among the workers alone, and not waited for: one may be stopped. */
	bool is_locked = flock(fd, LOCK_EX | LOCK_NB) == 0;
	size_t done = 0;
	ssize_t n;
	int saved;

	while (done < lines.n &&
	    (n = write(fd, lines.p + done, lines.n - done)) > 0)
		done += (size_t)n;
	saved = errno;
	if (done != 0 && done < lines.n)
		take_back(fd, (off_t)done, is_locked);
	if (is_locked)
		(void)flock(fd, LOCK_UN);
	errno = saved;
	return (done == lines.n);
}

void
audit_write(struct audit *audit, struct slice lines)
{
	if (lines.n == 0)
		return;
	if (audit->fd == -1)
		write_to_log(lines, LOG_LEVEL_INFO);
	else if (!write_whole(audit->fd, lines)) {
		log_err("cannot write to audit_log %s: %s; what was to stand "
		    "there follows here", audit->path, strerror(errno));
		write_to_log(lines, LOG_LEVEL_ERROR);
	}
}

static void
add_person(struct buf *b, const char *key, const struct audit_person *who)
{
	if (who->id == NULL)
		return;
	buf_addf(b, ",\"%s\":{", key);
	json_add_pair(b, "user_id", who->id);
	buf_add_char(b, ',');
	json_add_pair(b, "name", who->name);
	buf_add_char(b, '}');
}

static void
add_word(struct buf *b, const char *key, const char *text)
{
	if (*text == '\0')
		return;
	buf_add_char(b, ',');
	json_add_pair(b, key, text);
}

void
audit_add(struct buf *b, const char *time, const char *action,
    const char *object, const struct audit_person *from,
    const struct audit_person *to, const char *why, const char *reason)
{
	buf_add_char(b, '{');
	json_add_pair(b, "time", time);
	add_word(b, "action", action);
	/* "e:app/model/id" */
	add_word(b, "object", object + 2);
	add_person(b, "from", from);
	add_person(b, "to", to);
	add_word(b, "why", why);
	add_word(b, "reason", reason);
	buf_add_str(b, "}\n");
}
