/*
 * Lists of arguments, and where programs are. A struct argv owns its strings;
 * v[n] is NULL, so that v can be given to execve(2). A zeroed struct is an
 * empty list. Any thread, not shared.
 */
#ifndef COLLABD_START_ARGV_H
#define COLLABD_START_ARGV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compat.h"

struct argv {
	char	**v;	/* NULL until something was added */
	size_t	 n;
};

void	argv_add(struct argv *a, const char *text);
/* Takes text, which came from malloc(3). */
void	argv_add_own(struct argv *a, char *text);
void	argv_fini(struct argv *a);

/*
 * The path of a program: name itself if it has a slash, else the first of that
 * name in PATH or in the usual folders of daemons, which the PATH of who is not
 * root may lack. NULL if it is in none. The caller frees it.
 */
char	*argv_find_program(const char *name) MUSTCHECK;
/* The same in PATH alone, as execvp(3) finds it. */
bool	argv_is_in_path(const char *name) MUSTCHECK;

#endif
