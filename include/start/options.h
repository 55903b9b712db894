/*
 * The command line and the environment of start-collabd, read once. Strings are
 * those of argv and of the environment, but for what is in struct argv.
 */
#ifndef COLLABD_START_OPTIONS_H
#define COLLABD_START_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compat.h"
#include "start/argv.h"

#define OPTIONS_HOST_SIZE	64

struct options {
	const char	*file;		/* -c; NULL: look for one */
	struct argv	 settings;	/* -o, "name=value" */
	bool		 inject;
	bool		 trust;		/* X-Forwarded-* of whoever connects */
	bool		 is_off;	/* COLLABD_ENABLED says so */
	int64_t		 wait_ms;	/* for the site to accept */
	int64_t		 timeout_s;	/* for the site to answer */
	char		 host[OPTIONS_HOST_SIZE]; /* numeric, IPv4 */
	int		 port;		/* 0: any */
	const char	*nginx, *collabd, *python, *access_log;
	char		**command;	/* NULL at the end, not empty */
};

enum options_result { OPTIONS_OK, OPTIONS_DONE, OPTIONS_WRONG };

/*
 * DONE: what was asked for has been printed. WRONG: a sentence is in err, or
 * the usage has been printed.
 */
enum options_result options_parse(struct options *o, int argc, char **argv,
    struct buf *err) MUSTCHECK;
void	options_fini(struct options *o);

#endif
