/*
 * The rooms of a worker and the world: their inputs come in with the time, and
 * what they want done (effects.h) is done here. Owns the rooms; store, audit and
 * saves are the caller's. Loop thread only.
 */
#ifndef COLLABD_SERVER_ROOMFX_H
#define COLLABD_SERVER_ROOMFX_H

#include "base/compat.h"
#include "base/conf.h"
#include "base/slice.h"

struct audit;
struct client;
struct event_base;
struct grant;
struct member;
struct people;
struct route;
struct roomfx;
struct rooms;
struct saves;
struct shm;
struct store;

/* All are borrowed and outlive it. */
struct roomfx *roomfx_new(const struct conf *conf, struct event_base *base,
	    struct shm *shm, int slot, struct people *people) MUSTCHECK;
/* Before the first input. store and saves are freed before the rooms are, audit
 * after them. */
void	roomfx_attach(struct roomfx *fx, struct store *store,
	    struct audit *audit, struct saves *saves);
/* As rooms_free(). */
void	roomfx_free(struct roomfx *fx);
/* The rooms, as they are. */
struct rooms *roomfx_rooms(const struct roomfx *fx);
/* The same for an input, which happens now. */
struct rooms *roomfx_now(struct roomfx *fx);

/*
 * Puts a socket into the room of a route (edit or chat). Takes grant over.
 * Frames come when Redis has answered.
 */
struct member *roomfx_join(struct roomfx *fx, const struct route *route,
	    struct client *client, struct grant *grant, bool is_v1) MUSTCHECK;
/* The socket is gone; frees member. Its page went away, or perhaps not. */
void	roomfx_leave(struct member *member, bool went_away);
/* A text message of the socket. */
void	roomfx_receive(struct member *member, struct slice text);

#endif
