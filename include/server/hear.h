/*
 * What sockets say, from the text of a frame to what rooms are told of it. Any
 * thread.
 */
#ifndef COLLABD_SERVER_HEAR_H
#define COLLABD_SERVER_HEAR_H

#include "base/slice.h"
#include "proto/message.h"
#include "rooms/say.h"

struct heard {
	struct saying	 say;
	struct message	 _message;	/* keeps the texts */
};

/* Always fills *h, which the caller gives to hear_fini(). */
void	hear(struct heard *h, struct slice text);
void	hear_fini(struct heard *h);
/* The name of its type, for an answer to it. */
const char *hear_name(enum say what);

#endif
