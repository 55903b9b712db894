/*
 * Lists of arguments, and where programs are. Nothing here starts one, and
 * nothing looks into an argument.
 */
#include <sys/stat.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xmalloc.h"
#include "start/argv.h"

#define DAEMONS	"/usr/local/sbin:/usr/sbin:/sbin"

void
argv_add_own(struct argv *a, char *text)
{
	a->v = xreallocarray(a->v, a->n + 2, sizeof(*a->v));
	a->v[a->n++] = text;
	a->v[a->n] = NULL;
}

void
argv_add(struct argv *a, const char *text)
{
	argv_add_own(a, xstrdup(text));
}

void
argv_fini(struct argv *a)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		free(a->v[i]);
	free(a->v);
	memset(a, 0, sizeof(*a));
}

static bool
is_program(const char *path)
{
	struct stat st;

	return (stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	    access(path, X_OK) == 0);
}

/* The first in a list of folders with colons between them; an empty one is the
 * working directory. */
static char *
find_in(const char *folders, const char *name)
{
	const char *end;
	char *path;

	for (;; folders = end + 1) {
		end = strchrnul(folders, ':');
		path = xasprintf("%.*s%s%s", (int)(end - folders), folders,
		    end == folders ? "./" : "/", name);
		if (is_program(path))
			return (path);
		free(path);
		if (*end == '\0')
			return (NULL);
	}
}

char *
argv_find_program(const char *name)
{
	const char *folders = getenv("PATH");
	char *path = NULL;

	if (strchr(name, '/') != NULL)
		return (is_program(name) ? xstrdup(name) : NULL);
	if (folders != NULL)
		path = find_in(folders, name);
	return (path != NULL ? path : find_in(DAEMONS, name));
}

bool
argv_is_in_path(const char *name)
{
	const char *folders = getenv("PATH");
	char *path = folders == NULL ? NULL : find_in(folders, name);
	bool found = path != NULL;

	free(path);
	return (found);
}
