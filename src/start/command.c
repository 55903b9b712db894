/*
 * The site's command. Its arguments are the user's own words: what is not a
 * placeholder goes through unread, blanks, quotes and empty ones included.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/xmalloc.h"
#include "start/command.h"

#define UNIX_SOCKET	"unix:" COMMAND_SOCKET
#define LINE_BYTES	512	/* of the first line of a script */

enum command_wants
command_wants(char *const *argv)
{
	bool socket = false, port = false;

	for (; *argv != NULL; argv++) {
		socket = socket || strstr(*argv, COMMAND_SOCKET) != NULL;
		port = port || strstr(*argv, COMMAND_PORT) != NULL;
	}
	if (socket && port)
		return (WANTS_BOTH);
	return (socket ? WANTS_SOCKET : port ? WANTS_PORT : WANTS_PORT_ENV);
}

/* text with every from replaced; the caller frees it. */
static char *
replace(const char *text, const char *from, const char *to)
{
	struct buf out = { NULL, 0, 0 };
	const char *at;

	while ((at = strstr(text, from)) != NULL) {
		buf_add(&out, text, (size_t)(at - text));
		buf_add_str(&out, to);
		text = at + strlen(from);
	}
	buf_add_str(&out, text);
	return (buf_steal(&out));
}

void
command_fill(char *const *argv, const char *socket, int port, struct argv *out)
{
	char number[16], *half;

	(void)snprintf(number, sizeof(number), "%d", port);
	for (; *argv != NULL; argv++) {
		half = replace(*argv, COMMAND_SOCKET, socket);
		argv_add_own(out, replace(half, COMMAND_PORT, number));
		free(half);
	}
}

bool
command_fill_public(char *const *argv, const char *host, int port,
    struct argv *out)
{
	char *address = xasprintf("%s:%d", host, port), *half;
	char number[16];
	bool ok = true;

	(void)snprintf(number, sizeof(number), "%d", port);
	for (; *argv != NULL; argv++) {
		half = replace(*argv, UNIX_SOCKET, address);
		ok = ok && strstr(half, COMMAND_SOCKET) == NULL;
		argv_add_own(out, replace(half, COMMAND_PORT, number));
		free(half);
	}
	free(address);
	return (ok);
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return (slash == NULL ? path : slash + 1);
}

static bool
is_python(const char *path)
{
	return (strncmp(base_name(path), "python", 6) == 0);
}

/* Of the virtual environment that is active, or of PATH. */
static char *
usual_python(void)
{
	const char *env = getenv("VIRTUAL_ENV");
	char *path, *found;

	if (env != NULL && *env != '\0') {
		path = xasprintf("%s/bin/python", env);
		found = argv_find_program(path);
		free(path);
		if (found != NULL)
			return (found);
	}
	found = argv_find_program("python3");
	return (found != NULL ? found : argv_find_program("python"));
}

char *
command_interpreter(const char *program)
{
	size_t n = strlen(program);

	if (n < 4 || strcmp(program + n - 3, ".py") != 0 ||
	    access(program, R_OK) == -1 || (strchr(program, '/') != NULL ?
	    access(program, X_OK) == 0 : argv_is_in_path(program)))
		return (NULL);
	return (usual_python());
}

/* The interpreter of a script's first line, without its arguments; NULL if
 * that is no script. The caller frees it. */
static char *
first_line_program(const char *path)
{
	char line[LINE_BYTES + 1] = "", *program, *rest;
	ssize_t n = -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd != -1) {
		n = read(fd, line, LINE_BYTES);
		close(fd);
	}
	if (n < 3 || memcmp(line, "#!", 2) != 0)
		return (NULL);
	line[n] = '\0';
	line[strcspn(line, "\n")] = '\0';
	program = strtok_r(line + 2, " \t\r", &rest);
	if (program != NULL && strcmp(base_name(program), "env") == 0)
		program = strtok_r(NULL, " \t\r", &rest);
	return (program == NULL ? NULL : xstrdup(program));
}

char *
command_python(const char *program)
{
	char *path, *script, *found = NULL;

	if (is_python(program))
		return (argv_find_program(program));
	if ((path = argv_find_program(program)) != NULL) {
		script = first_line_program(path);
		if (script != NULL && is_python(script))
			found = argv_find_program(script);
		free(script);
		free(path);
	}
	return (found != NULL ? found : usual_python());
}
