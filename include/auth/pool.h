/*
 * What the other files of this layer need of a pool on the loop's side; the
 * server layer has auth.h. Loop thread.
 */
#ifndef COLLABD_AUTH_POOL_H
#define COLLABD_AUTH_POOL_H

#include "auth/auth.h"
#include "auth/job.h"
#include "auth/logpoll.h"
#include "base/compat.h"
#include "base/conf.h"

/* As handed to auth_pool_new(). */
const struct conf *pool_conf(const struct auth_pool *pool);
struct shm *pool_shm(const struct auth_pool *pool);

/* Puts a poll into the line; the job takes it over. poll->done() ends it. */
struct job *pool_poll_start(struct auth_pool *pool, struct logpoll *poll)
	    MUSTCHECK;
/* done() will not come. */
void	pool_poll_cancel(struct auth_pool *pool, struct job *job);

#endif
