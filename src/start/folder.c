/*
 * Folders. The private one has a name that nobody could have made before; the
 * one of the embedded Redis has a name that anybody could, so it is taken only
 * if it is ours and nobody else can enter it.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/xmalloc.h"
#include "start/folder.h"
#include "start/template.h"

#define SOCKET_ROOM	24	/* of a unix socket's 107 bytes, for its name */
#define PATH_BYTES	(107 - SOCKET_ROOM)

/* nginx's workers must not be root because we are: they are who they are in
 * Debian, else nobody. */
static void
choose_user(struct folder_user *user)
{
	const struct passwd *pw;
	const struct group *gr;

	memset(user, 0, sizeof(*user));
	if (geteuid() != 0)
		return;
	if ((pw = getpwnam("www-data")) == NULL)
		pw = getpwnam("nobody");
	if (pw == NULL || (gr = getgrgid(pw->pw_gid)) == NULL ||
	    !template_is_plain(gr->gr_name))
		return;
	(void)snprintf(user->user, sizeof(user->user), "%s", pw->pw_name);
	(void)snprintf(user->group, sizeof(user->group), "%s", gr->gr_name);
}

/* Its workers may go through. */
static bool
let_in(const char *path, const struct folder_user *user)
{
	const struct group *gr;

	if (*user->group == '\0')
		return (true);
	return ((gr = getgrnam(user->group)) != NULL &&
	    chown(path, (uid_t)-1, gr->gr_gid) == 0 && chmod(path, 0710) == 0);
}

/* Whether everybody can go through a folder and those above it. */
static bool
is_on_the_way(const char *folder)
{
	char *path = xstrdup(folder), *slash;
	struct stat st;
	bool ok = true;

	while (ok && *path != '\0') {
		ok = stat(path, &st) == 0 && (st.st_mode & S_IXOTH) != 0;
		if ((slash = strrchr(path, '/')) != NULL)
			*slash = '\0';
	}
	free(path);
	return (ok);
}

char *
folder_make(struct folder_user *user, struct buf *err)
{
	const char *parents[] = { getenv("TMPDIR"), "/tmp", "/dev/shm",
	    "/var/tmp" };
	size_t i;
	char *path;

	choose_user(user);
	for (i = 0; i < COUNT_OF(parents); i++) {
		if (parents[i] == NULL || *parents[i] != '/' ||
		    (*user->user != '\0' && !is_on_the_way(parents[i])))
			continue;
		path = xasprintf("%s/start-collabd-XXXXXX", parents[i]);
		if (strlen(path) < PATH_BYTES && template_is_plain(path) &&
		    mkdtemp(path) != NULL) {
			if (let_in(path, user))
				return (path);
			(void)rmdir(path);
		}
		free(path);
	}
	buf_addf(err, "there is no folder to write in (%s); set TMPDIR to one, "
	    "with a short path of plain letters", strerror(errno));
	return (NULL);
}

static void
remove_at(int at, const char *name)
{
	struct dirent *entry;
	DIR *dir;
	int fd;

	if (unlinkat(at, name, 0) == 0 || errno == ENOENT)
		return;
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 || (dir = fdopendir(fd)) == NULL) {
		if (fd != -1)
			close(fd);
		return;
	}
	while ((entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			remove_at(fd, entry->d_name);
	}
	(void)closedir(dir);
	(void)unlinkat(at, name, AT_REMOVEDIR);
}

void
folder_remove(const char *path)
{
	remove_at(AT_FDCWD, path);
}

bool
folder_write(const char *path, const char *text, size_t n)
{
	char *fresh = xasprintf("%s.new", path);
	bool ok = false;
	int fd;

	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd != -1) {
		ok = write(fd, text, n) == (ssize_t)n;
		ok = close(fd) == 0 && ok && rename(fresh, path) == 0;
	}
	free(fresh);
	return (ok);
}

bool
folder_read(const char *path, size_t max, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd == -1)
		return (false);
	while (max > 0 && (n = read(fd, buf_reserve(out, 4096),
	    max < 4096 ? max : 4096)) > 0) {
		out->n += (size_t)n;
		max -= (size_t)n;
	}
	close(fd);
	return (true);
}

/* Makes it if it is not there; whether it is ours alone. */
static bool
own(const char *path)
{
	struct stat st;

	if (mkdir(path, 0700) == -1 && errno != EEXIST)
		return (false);
	return (lstat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
	    st.st_uid == geteuid() && (st.st_mode & 077) == 0);
}

char *
folder_for_redis(int port)
{
	char cwd[PATH_MAX], *path = NULL, *parent;
	uint64_t hash;

	if (getcwd(cwd, sizeof(cwd)) == NULL)
		return (NULL);
	hash = hash_bytes(cwd, strlen(cwd), (uint64_t)port);
	parent = xasprintf("/tmp/collabd-%u", (unsigned)geteuid());
	if (own(parent)) {
		path = xasprintf("%s/start-%016llx", parent,
		    (unsigned long long)hash);
		if (!own(path)) {
			free(path);
			path = NULL;
		}
	}
	free(parent);
	return (path);
}
