/*
 * Saves as the database has them: while rooms are open, one worker of the
 * machine follows the admin's log and announces each row to the room of its
 * object, on whatever worker or machine that is. Who was first to see a row
 * announces it (store_announce()), so machines need not agree on who asks.
 * Loop thread only.
 */
#ifndef COLLABD_SERVER_SAVES_H
#define COLLABD_SERVER_SAVES_H

#include <stdbool.h>

#include "base/compat.h"
#include "base/conf.h"
#include "shm/region.h"

struct adminlog;
struct auth_pool;
struct event_base;
struct rooms;
struct saves;
struct store;

/* All are borrowed and outlive it; auth and store are freed after it. */
struct saves *saves_new(const struct conf *conf, struct event_base *base,
	    struct shm *shm, int slot, struct auth_pool *auth,
	    struct store *store, struct rooms *rooms) MUSTCHECK;
/* NULL is allowed. */
void	saves_free(struct saves *saves);
/* Whether tabs are told of saves by the log; else by the page's click. */
bool	saves_follow_log(const struct saves *saves);

#endif
