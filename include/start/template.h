/*
 * The template of nginx's configuration, filled in. A line "%if name" begins a
 * part that is there only if the variable has a value, "%else" its alternative,
 * "%end" ends it; parts may lie in each other. Elsewhere @name@ stands for the
 * value. Pure.
 *
 * The texts that the build puts into the binary are here, too.
 */
#ifndef COLLABD_START_TEMPLATE_H
#define COLLABD_START_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/compat.h"

struct template_var {
	const char	*name;
	const char	*value;		/* NULL: parts of this name are left out */
};

/* Of src/start/nginx.conf, with the pieces of etc/nginx.conf in it. */
extern const char template_nginx[];
/* Of etc/django_conf.py. */
extern const char template_django[];

/*
 * Appends text, filled in, to out. False with a sentence in err if the template
 * names a variable that is not in vars, or its parts do not end: a bug of ours.
 */
bool	template_expand(const char *text, const struct template_var *vars,
	    size_t n, struct buf *out, struct buf *err) MUSTCHECK;
/*
 * Whether a value can stand in nginx's configuration without changing what is
 * around it: letters, digits and a few marks that mean nothing there.
 */
bool	template_is_plain(const char *value);

#endif
