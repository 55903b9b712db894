/*
 * Open sockets are checked again: every reauth_interval all grants of the
 * worker are asked about in one batch, and the rooms act on each answer when it
 * comes. What could not be decided leaves a grant as it was, for reauth_grace:
 * after that its sockets are closed with 4503, spread over drain_time, and come
 * back when the database does. Loop thread only.
 */
#ifndef COLLABD_SERVER_REAUTH_H
#define COLLABD_SERVER_REAUTH_H

#include "base/compat.h"
#include "base/conf.h"
#include "shm/region.h"

struct auth;
struct event_base;
struct people;
struct reauth;
struct roomfx;

/* Runs by itself from now on. All are borrowed; the pool of auth is freed
 * before it, since a check may be under way, the others after it. */
struct reauth *reauth_new(const struct conf *conf, struct event_base *base,
	    struct shm *shm, int slot, struct auth *auth,
	    struct people *people, struct roomfx *rooms) MUSTCHECK;
/* NULL is allowed. */
void	reauth_free(struct reauth *reauth);

#endif
