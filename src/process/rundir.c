/*
 * Finding, locking and clearing the folder. Everything below it is reached
 * through its descriptor and never through a symbolic link. /tmp belongs to
 * everybody: what we have made there and hold nobody else can rename (it is
 * sticky), and what somebody else has made there under our name we do not touch.
 *
 * The lock is a flock(2) on the folder itself, which leaves no file behind, and
 * also keeps systemd-tmpfiles(8) from clearing it.
 */
#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "db/db_url.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "process/rundir.h"

#define SHARED		"/tmp"
#define DATA		"data"
#define DAMAGED		"damaged"
#define AOF_FOLDER	"appendonlydir"	/* of Redis 7 and later */
#define UNFINISHED	"temp-"		/* of a Redis that was killed */
#define POLL_MS		20
#define OPEN_FLAGS	(O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

struct rundir {
	char	*path;
	char	*data;
	int	 fd;		/* -1: forgotten */
	bool	 is_kept;
};

enum taken { TAKEN, BUSY, REFUSED };

/* --- below a folder that is ours --- */

/* Calls cb for each name but "." and ".."; the entries may be removed. */
static void
each_name(int fd, void (*cb)(int fd, const char *name, void *arg), void *arg)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	DIR *dir;

	if (copy == -1)
		return;
	if ((dir = fdopendir(copy)) == NULL) {
		close(copy);
		return;
	}
	while ((entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			cb(fd, entry->d_name, arg);
	}
	(void)closedir(dir);
}

static void
remove_tree(int at, const char *name, void *arg)
{
	int fd;

	if (unlinkat(at, name, 0) == 0 || errno == ENOENT)
		return;
	if ((fd = openat(at, name, OPEN_FLAGS)) != -1) {
		each_name(fd, remove_tree, arg);
		close(fd);
	}
	(void)unlinkat(at, name, AT_REMOVEDIR);
}

static void
remove_unfinished(int at, const char *name, void *arg UNUSED)
{
	if (strncmp(name, UNFINISHED, strlen(UNFINISHED)) == 0)
		(void)unlinkat(at, name, 0);
}

static void
note_name(int at UNUSED, const char *name UNUSED, void *arg)
{
	*(bool *)arg = true;
}

/* --- entering --- */

/* Opens name in the folder at, and makes it if it is not there. -1 with the
 * reason in err, which names it as path. */
static int
enter(int at, const char *name, const char *path, struct buf *err)
{
	struct stat st;
	int fd;

	if (mkdirat(at, name, 0700) == -1 && errno != EEXIST) {
		buf_addf(err, "cannot make %s: %s", path, strerror(errno));
		return (-1);
	}
	if ((fd = openat(at, name, OPEN_FLAGS)) == -1 ||
	    fstat(fd, &st) == -1) {
		buf_addf(err, "%s: %s", path, errno == ELOOP ||
		    errno == ENOTDIR ? "not a folder" : strerror(errno));
		if (fd != -1)
			close(fd);
		return (-1);
	}
	if (st.st_uid == geteuid() && (st.st_mode & 077) == 0)
		return (fd);
	buf_addf(err, "%s: %s; remove it", path, st.st_uid != geteuid() ?
	    "belongs to another user" : "others may enter it");
	close(fd);
	return (-1);
}

static enum taken
lock(int fd, int64_t wait_ms, const char *path, struct buf *err)
{
	int64_t until = clock_mono_ms() + wait_ms;
	struct timespec ts = { 0, POLL_MS * 1000000 };

	while (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		if (errno != EWOULDBLOCK && errno != EINTR) {
			buf_addf(err, "cannot lock %s: %s", path,
			    strerror(errno));
			return (REFUSED);
		}
		if (clock_mono_ms() >= until) {
			buf_addf(err, "%s is in use by another collabd", path);
			return (BUSY);
		}
		(void)nanosleep(&ts, NULL);
	}
	return (TAKEN);
}

static struct rundir *
rundir_new(char *path, int fd, bool is_kept)
{
	struct rundir *dir = xcalloc(1, sizeof(*dir));

	dir->path = path;
	dir->data = xasprintf("%s/" DATA, path);
	dir->fd = fd;
	dir->is_kept = is_kept;
	return (dir);
}

/* Enters parent/name, of which at is the parent, and locks it. */
static enum taken
take(int at, const char *parent, const char *name, int64_t wait_ms,
    struct rundir **dir, struct buf *err)
{
	char *path = xasprintf("%s/%s", parent, name);
	enum taken taken = REFUSED;
	int fd = enter(at, name, path, err);

	if (fd != -1)
		taken = lock(fd, wait_ms, path, err);
	if (taken == TAKEN) {
		*dir = rundir_new(path, fd, true);
		return (TAKEN);
	}
	if (fd != -1)
		close(fd);
	free(path);
	return (taken);
}

/* --- which one --- */

/* In the folder that was configured, whoever else uses that. */
static enum taken
take_configured(const struct conf *conf, int64_t wait_ms, struct rundir **dir,
    struct buf *err)
{
	const char *parent = conf->runtime_dir;
	enum taken taken;
	int at;

	buf_add_str(err, "runtime_dir: ");
	if ((mkdir(parent, 0700) == -1 && errno != EEXIST) ||
	    (at = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1) {
		buf_addf(err, "%s: %s", parent, strerror(errno));
		return (REFUSED);
	}
	taken = take(at, parent, "redis", wait_ms, dir, err);
	close(at);
	return (taken);
}

/*
 * The same site on the same addresses has the same name, whatever else its
 * configuration says. No password goes into it: the log shows it.
 */
static uint64_t
site_hash(const struct conf *conf)
{
	struct buf text = { NULL, 0, 0 }, err = { NULL, 0, 0 };
	struct db_url db;
	uint64_t hash;
	size_t i;

	for (i = 0; i < conf->listen.n; i++)
		buf_addf(&text, "%s\n", conf->listen.v[i]);
	memset(&db, 0, sizeof(db));
	if (db_url_parse(conf->database_url, &db, &err)) {
		buf_addf(&text, "%s\n%s\n%s\n%s",
		    db.is_sqlite ? db.sqlite_path : "",
		    db.host == NULL ? "" : db.host,
		    db.port == NULL ? "" : db.port,
		    db.dbname == NULL ? "" : db.dbname);
		db_url_fini(&db);
	}
	hash = hash_bytes(buf_str(&text), text.n, 0);
	buf_fini(&text);
	buf_fini(&err);
	return (hash);
}

/* /tmp/collabd-<user>/<site>. */
static enum taken
take_usual(const struct conf *conf, int64_t wait_ms, struct rundir **dir,
    struct buf *err)
{
	char user[32], name[32], *path;
	enum taken taken = REFUSED;
	int tmp, at;

	(void)snprintf(user, sizeof(user), "collabd-%u", (unsigned)geteuid());
	(void)snprintf(name, sizeof(name), "%016llx",
	    (unsigned long long)site_hash(conf));
	if ((tmp = open(SHARED, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1) {
		buf_addf(err, SHARED ": %s", strerror(errno));
		return (REFUSED);
	}
	path = xasprintf(SHARED "/%s", user);
	if ((at = enter(tmp, user, path, err)) != -1) {
		taken = take(at, path, name, wait_ms, dir, err);
		close(at);
	}
	close(tmp);
	free(path);
	return (taken);
}

struct rundir *
rundir_open(const struct conf *conf, int64_t wait_ms, struct buf *err)
{
	bool is_configured = *conf->runtime_dir != '\0';
	struct buf why = { NULL, 0, 0 };
	struct rundir *dir = NULL;
	enum taken taken;

	taken = is_configured ? take_configured(conf, wait_ms, &dir, &why) :
	    take_usual(conf, wait_ms, &dir, &why);
	if (taken == REFUSED && is_configured)
		buf_add_str(err, buf_str(&why));
	else if (taken != TAKEN) {
		log_warn("%s; with a folder that is not kept, no editor has a "
		    "head start when collabd is started again", buf_str(&why));
		dir = rundir_open_private(err);
	}
	buf_fini(&why);
	return (dir);
}

struct rundir *
rundir_open_private(struct buf *err)
{
	char path[] = SHARED "/collabd-XXXXXX";
	int fd;

	if (mkdtemp(path) == NULL || (fd = open(path, OPEN_FLAGS)) == -1) {
		buf_addf(err, "cannot make %s: %s", path, strerror(errno));
		return (NULL);
	}
	(void)flock(fd, LOCK_EX | LOCK_NB);
	return (rundir_new(xstrdup(path), fd, false));
}

void
rundir_forget(struct rundir *dir)
{
	if (dir->fd != -1)
		close(dir->fd);
	dir->fd = -1;
}

void
rundir_close(struct rundir *dir)
{
	if (dir == NULL)
		return;
	if (!dir->is_kept && dir->fd != -1) {
		each_name(dir->fd, remove_tree, NULL);
		(void)rmdir(dir->path);
	}
	rundir_forget(dir);
	free(dir->path);
	free(dir->data);
	free(dir);
}

const char *
rundir_path(const struct rundir *dir)
{
	return (dir->path);
}

const char *
rundir_data_path(const struct rundir *dir)
{
	return (dir->data);
}

int
rundir_fd(const struct rundir *dir)
{
	return (dir->fd);
}

bool
rundir_is_kept(const struct rundir *dir)
{
	return (dir->is_kept);
}

/* --- the data --- */

bool
rundir_make_data(struct rundir *dir)
{
	int fd, aof;

	if (mkdirat(dir->fd, DATA, 0700) == -1 && errno != EEXIST)
		return (false);
	if ((fd = openat(dir->fd, DATA, OPEN_FLAGS)) == -1)
		return (false);
	each_name(fd, remove_unfinished, NULL);
	if ((aof = openat(fd, AOF_FOLDER, OPEN_FLAGS)) != -1) {
		each_name(aof, remove_unfinished, NULL);
		close(aof);
	}
	close(fd);
	return (true);
}

bool
rundir_has_data(const struct rundir *dir)
{
	int fd = openat(dir->fd, DATA, OPEN_FLAGS);
	bool any = false;

	if (fd != -1) {
		each_name(fd, note_name, &any);
		close(fd);
	}
	return (any);
}

void
rundir_set_data_aside(struct rundir *dir)
{
	remove_tree(dir->fd, DAMAGED, NULL);
	if (renameat(dir->fd, DATA, dir->fd, DAMAGED) == -1)
		rundir_remove_data(dir);
}

void
rundir_remove_data(struct rundir *dir)
{
	remove_tree(dir->fd, DATA, NULL);
}
