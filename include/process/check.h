/*
 * Whether a configuration makes sense: what conf_finish() cannot see because
 * it belongs to higher layers, and, for `collabd -t`, whether what it points
 * at is there. Master only, before any fork; blocks.
 */
#ifndef COLLABD_PROCESS_CHECK_H
#define COLLABD_PROCESS_CHECK_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/conf.h"

/* Addresses, URLs, origins, proxies. False with one sentence in err. */
bool	check_conf(const struct conf *conf, struct buf *err) MUSTCHECK;
/* Logs a warning for each thing that works but should not be so. */
void	check_warn(const struct conf *conf);
/*
 * Asks the database and Redis, and prints a line to stdout for each. False if
 * one of them could not be reached or lacks something; the lines say what to
 * do.
 */
bool	check_servers(const struct conf *conf) MUSTCHECK;

#endif
