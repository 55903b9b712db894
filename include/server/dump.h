/*
 * What a worker knows of itself, as lines of its log: for whoever has to find
 * out why a room or a link does not do what it should. Reads only, and owns
 * nothing. Loop thread only.
 */
#ifndef COLLABD_SERVER_DUMP_H
#define COLLABD_SERVER_DUMP_H

#include "base/compat.h"

struct auth;
struct clients;
struct people;
struct pool;
struct rooms;
struct shm;
struct store;

/* The parts of a worker; all borrowed for the call. */
struct dump_of {
	const struct clients	*clients;
	const struct people	*people;
	const struct rooms	*rooms;
	const struct store	*store;
	const struct auth	*auth;
	const struct pool	*pool;
	const struct shm	*shm;
	int			 slot;
};

/*
 * Writes them at the level info, each line with "dump" in front: the sockets,
 * the links to Redis, the authorization, the departures that are being taken
 * over, the rooms. Of these the first DUMP_ROOMS, those with something under
 * way or out of order before the others, and how many there are besides.
 *
 * People are named by their ids alone; there is no name, no address, no session
 * and no text of anybody in it.
 */
void	dump_log(const struct dump_of *of);

#define DUMP_ROOMS	200

#endif
