/*
 * The simulated world: one true time, and everything that happens in it as
 * events in one order. From a seed the same world comes again, to the byte.
 *
 * In it run machines with workers. A worker is the real store and the real
 * rooms; what the world puts under them are clocks, timers, random numbers
 * (world.c), wires to Redis (wire.c) and clients (browser.c), each in place of
 * the object file of that name. Redis is redis.c with the real scripts.
 *
 * One world at a time in a process: clocks and random numbers have no argument
 * to find theirs by.
 */
#ifndef COLLABD_SIM_WORLD_H
#define COLLABD_SIM_WORLD_H

#include <bsd/sys/cdefs.h>
#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/conf.h"
#include "sim/redis.h"

#define MACHINES	2
#define WORKERS		3	/* 0 and 1 on the first machine */
#define BROWSERS	8
#define USERS		5
#define ROOMS		2

#define MS		INT64_C(1000)	/* all times of the world are us */
#define SECOND		INT64_C(1000000)
#define SETTLE		(4 * SECOND)	/* redis_settle_time is 5 s */
#define WALL_0		INT64_C(1800000000000000)	/* its first moment */

struct browser;
struct sim_event;		/* something that will happen */
struct people;
struct roomfx;
struct shm;
struct store;
struct line;		/* a connection to Redis */
struct worker;

RB_HEAD(sim_events, sim_event);
LIST_HEAD(lines, line);

struct machine {
	struct shm	*shm;
	int64_t		 skew_us;	/* of its wall clock */
	/* Between it and Redis nothing passes until then, a way. */
	int64_t		 cut_to_us, cut_from_us;
};

struct worker {
	int		 number, slot;
	struct machine	*machine;
	bool		 is_up;		/* the process runs */
	int64_t		 stops_us;	/* from then on it does nothing ... */
	int64_t		 stopped_us;	/* ... until then */
	/* Until then its lease may have lapsed, and a lock have been given away
	 * rightly. */
	int64_t		 excused_us;
	int64_t		 back_us;	/* it had Redis */
	struct conf	 conf;
	struct store	*store;
	struct people	*people;
	struct roomfx	*rooms;
	struct audit	*audit;
	unsigned	 generation;	/* of the process */
};

struct world {
	uint64_t	 seed, random;
	int64_t		 now_us;
	uint64_t	 n_events;	/* made so far; orders those of one time */
	unsigned	 n_faults;	/* that have happened */
	struct sim_events	 events;
	struct machine	 machines[MACHINES];
	struct worker	 workers[WORKERS];
	struct worker	*at;		/* whose code runs; NULL: nobody's */
	struct browser	*browsers;	/* BROWSERS of them */

	struct sim_redis *redis;
	struct sim_image *image;	/* what it would come back with */
	bool		 redis_is_up;
	int64_t		 redis_back_us;	/* with other data than before */
	int64_t		 redis_hung_us;	/* it answers nothing until then */
	struct lines	 lines;

	bool		 is_suspending;	/* a worker tells its browsers that it
					 * does not know who edits */
	struct buf	 history;	/* what happened, for people: rows ... */
	unsigned	 n_told;	/* ... so many */
	bool		 tells;		/* keep the history ... */
	bool		 tells_frames;	/* ... with what browsers are sent */
	int64_t		 troubled_us;	/* the last fault's effects end */
	/* When a user gave the lock of a room back. */
	int64_t		 given_us[ROOMS][USERS + 1];
	int64_t		 both_since_us[ROOMS]; /* two users edit; -1: not */
	bool		 is_trying;	/* world_violate() only counts */
	unsigned	 n_tried;	/* what it has counted */
	char		*violation;	/* what was found, or NULL */
};

extern struct world *world;

/* Makes the world with all machines, workers and browsers, and Redis empty. */
void	world_new(uint64_t seed, bool tells);
void	world_free(void);
/* The next event; false when there is none until limit_us, which is the time
 * then. */
bool	world_step(int64_t limit_us);

/* Below n; n > 0. */
uint64_t world_below(uint64_t n);
/* From a to b. */
int64_t	world_between(int64_t a, int64_t b);
/* Whether something happens that does so in n of 100 times. */
bool	world_chance(unsigned n);

/* fn(arg) at that time, or now if it is over. worker, unless NULL: it is that
 * worker's code, which waits while the worker is stopped, and is dropped when
 * its process ends. */
struct sim_event *world_at(int64_t at_us, struct worker *worker, void (*fn)(void *),
	    void *arg);
/* fn(arg) now, as code of the worker (or of nobody's, NULL): one turn of its
 * loop. Not from inside such code. */
void	world_run_in(struct worker *worker, void (*fn)(void *), void *arg);
/* It will not happen; NULL is fine. */
void	world_cancel(struct sim_event *event);

/* A time from now, late by least to most, and after last_us. */
int64_t	world_later(int64_t last_us, int64_t least_us, int64_t most_us);
void	world_set_redis_time(void);

/* A row of the history, with what browsers believe by now (history.c). */
void	world_tell(const char *fmt, ...) PRINTFLIKE(1, 2);
/* How it is to be read. */
void	world_add_legend(struct buf *b);
/* Something that must hold does not; the first one counts. */
void	world_violate(const char *fmt, ...) PRINTFLIKE(1, 2);

void	worker_start(struct worker *worker);
/* As by SIGKILL. */
void	worker_kill(struct worker *worker);

/* wire.c */
/* All connections between the machine and Redis break; unless the workers are
 * told, they only hear nothing any more. */
void	wires_break(struct machine *machine, bool is_told);
/* All workers are gone. */
void	wires_fini(void);

/* fault.c */
#define FAULTS_ALL	UINT_MAX
/* Bits of the faults of these names, "cut,kill"; false if there is none such. */
bool	faults_parse(const char *names, unsigned *kinds) MUSTCHECK;
/* One of those faults, at random, or none; it is over by world->troubled_us. */
void	fault_random(unsigned kinds);

/* check.c */
/* After each event. */
void	check_now(void);
/* When nothing has happened for long enough. */
void	check_quiet(void);
/* Whether check_quiet() would find nothing. */
bool	is_quiet(void);

#endif
