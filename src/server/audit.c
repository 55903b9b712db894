/*
 * The audit log. An incomplete write is not repeated: a torn line in a full
 * file system is better than a worker that waits.
 */
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

void
audit_write(struct audit *audit, struct slice lines)
{
	if (lines.n == 0)
		return;
	if (audit->fd == -1)
		log_info("audit %.*s", (int)lines.n - 1, lines.p);
	else if (write(audit->fd, lines.p, lines.n) != (ssize_t)lines.n)
		log_err("cannot write to audit_log %s: %s", audit->path,
		    strerror(errno));
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
