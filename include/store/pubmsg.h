/*
 * The message that is published on a worker's channel: one event of one room.
 * Encoding is split: this module makes the parts before and after what only
 * Redis knows (epoch, seq, the values after the event), and common.lua puts
 * its part between. Parsing is strict and bounded. Pure; any thread.
 *
 *	message = "C1" room [ epoch seq values ] [ roster ] *frame |
 *		  "C1" room ( saved | badge )
 *	item    = tag netstring           (k5:e:a/b,)
 *	room    = k                       epoch = e (16 hex)   seq = n (decimal)
 *	values  = [ E editor ] [ P previous T ttl-ms ] [ S state ]
 *	          [ M modified ]
 *	roster  = J user-id I info [ W states ] | L user-id |
 *		  Z user-id W states
 *	frame   = A audience-and-user-id F text
 *	or, without a sequence number, instead of the frames:
 *	saved   = V numbered-text	badge = B object [ Y value ]
 */
#ifndef COLLABD_STORE_PUBMSG_H
#define COLLABD_STORE_PUBMSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/slice.h"
#include "store/store.h"

/* Appends what stands before Redis' part. */
void	pubmsg_add_head(struct buf *b, const char *room_key);
/* Appends what stands behind it. joined and left may be absent, and are never
 * both there. */
void	pubmsg_add_tail(struct buf *b, struct store_member joined,
	    struct slice left, const struct store_frame *frames, size_t n);
/* A whole message to the workers of the room of a model, whose object's room
 * has this key: value absent: nobody edits the object any more. */
void	pubmsg_add_badge(struct buf *b, const char *object_key,
	    struct slice object, struct slice value);
/* The rest of a message of a save, behind the head; see store/numbered.h. */
void	pubmsg_add_saved(struct buf *b, int64_t number, struct slice value);
/* False unless all of text is one message; out borrows from text. */
bool	pubmsg_parse(struct slice text, struct store_message *out) MUSTCHECK;

#endif
