/*
 * Every key and channel name in Redis, spelled in this one place: the
 * package's (the protocol, "Redis data") and ours, with redis_prefix in front.
 * A struct keys borrows the prefix. Names are appended as RESP bulk strings,
 * since that is all they are needed for. Pure; any thread.
 */
#ifndef COLLABD_STORE_KEYS_H
#define COLLABD_STORE_KEYS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/slice.h"
#include "store/store.h"

struct keys {
	const char	*prefix;
};

/*
 * The keys of one room, in the order in which the scripts count them: room
 * hash, members, workers, editor, previous editor, last modified, chat users,
 * last save, who edits what of its model, workers of its model's room.
 */
#define KEYS_OF_ROOM	10
void	keys_add_room(const struct keys *k, struct buf *b,
	    struct store_room room);
/* The key of the room of an object's model, "m:app.model" for
 * "e:app/model/id", whose members are shown who edits what; a room of another
 * kind is its own. */
void	keys_add_model_room(struct buf *name, const char *room_key);
/* attention_request:R:<user> */
void	keys_add_attention(const struct keys *k, struct buf *b,
	    struct store_room room, const char *user_id);
/* The lease of a worker; with id "" what stands before the id. */
void	keys_add_lease(const struct keys *k, struct buf *b, const char *id);
/* The rooms in which a worker holds somebody. */
void	keys_add_worker_rooms(const struct keys *k, struct buf *b,
	    const char *id);
/* All workers that have not been cleaned up after. */
void	keys_add_workers(const struct keys *k, struct buf *b);
/* The right to clean up after a worker; with id "" what stands before it. */
void	keys_add_reap(const struct keys *k, struct buf *b, const char *id);
/* In which generation of Redis this is, and what is there while that one is
 * unsettled: see lua/lease.lua. */
void	keys_add_generation(const struct keys *k, struct buf *b);
void	keys_add_unsettled(const struct keys *k, struct buf *b);
/* The channel of a worker; with id "" what stands before it. */
void	keys_add_channel(const struct keys *k, struct buf *b, const char *id);
/* Whether text is the name of the channel of the worker. */
bool	keys_is_channel(const struct keys *k, struct slice text,
	    const char *id);

/* An element of a worker's rooms: both names of a room, and back (borrowed
 * from text, false if it is not one). */
void	keys_add_room_ref(struct buf *b, struct store_room room);
bool	keys_parse_room_ref(struct slice text, struct slice *key,
	    struct slice *name) MUSTCHECK;
/* Whether text is a worker id: 16 lower-case hex digits. */
bool	keys_is_worker_id(struct slice text);

#endif
