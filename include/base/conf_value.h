/*
 * One setting of a struct conf, by its type: from text to memory, and back. For
 * conf.c alone, which knows where the text comes from. Any thread, as long as
 * nobody else uses the struct.
 */
#ifndef COLLABD_BASE_CONF_VALUE_H
#define COLLABD_BASE_CONF_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/conf.h"

/* Sets it; a list is replaced unless it is being added to. False with a
 * sentence in err, and nothing changed, if the text is not allowed. */
bool	conf_value_set(struct conf *conf, const struct conf_option *o,
	    const char *value, bool add, struct buf *err) MUSTCHECK;
/* Appends it as text that conf_value_set() takes, secret or not. */
void	conf_value_add(const struct conf *conf, const struct conf_option *o,
	    struct buf *out);
/* Whether it is a string or a list without anything in it. */
bool	conf_value_is_empty(const struct conf *conf,
	    const struct conf_option *o);
/* Gives conf the value that old has. */
void	conf_value_copy(struct conf *conf, const struct conf *old,
	    const struct conf_option *o);
/* Wipes and frees what it owns. */
void	conf_value_free(struct conf *conf, const struct conf_option *o);
/* Appends a copy of n bytes to a list. */
void	conf_value_add_item(struct conf_list *list, const char *p, size_t n);

#endif
