/*
 * Whose turn it is to do what the machine does once: asking the admin's log for
 * new rows. One worker holds the turn for as long as it uses it, so that what
 * it remembers stays of use; another gets it when the holder has died, drains,
 * gave it back or fell silent. Nobody waits and nobody can be hung up by a
 * kill: the turn is one word, changed by one compare-and-swap. Any thread.
 *
 * What the next holder should know lies beside it: how far the last one came,
 * and whether the thing works at all.
 */
#ifndef COLLABD_SHM_TURN_H
#define COLLABD_SHM_TURN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compat.h"

struct shm;

/*
 * True: worker slot is to do it now, and nobody else in this interval. To be
 * asked about once in each interval by every worker that has a use for it (an
 * eighth too early is in time; more often does no harm). interval_ms of 0 or
 * less: never.
 *
 * A holder that dies is followed in the next interval, once its slot has been
 * released; one that does not ask any more, TURN_SILENCE_MS later.
 */
bool	turn_take(struct shm *shm, int slot, int64_t now_mono_ms,
	    int64_t interval_ms) MUSTCHECK;
#define TURN_SILENCE_MS(interval_ms)	(2 * (interval_ms) + 1000)

/* The worker has no use for it any more. Nothing if it does not hold it. Also
 * for a dead worker; the master, from shm_slot_release(). */
void	turn_give(struct shm *shm, int slot);

/*
 * How far the holders came, in their own terms, which are positive; 0 or less:
 * it is to be done from the beginning. Who has done a piece moves the mark from
 * where it was when that was begun; false, and it stays, if it is elsewhere by
 * now, because another holder was faster or turn_begin_anew() came.
 */
int64_t	turn_mark(const struct shm *shm);
bool	turn_move_mark(struct shm *shm, int64_t from, int64_t to) MUSTCHECK;
/* Any worker: what was done may have been undone. */
void	turn_begin_anew(struct shm *shm);

/* Whether it was refused the last time, so that it need not be waited for. The
 * setter says whether that is news: true for one caller only. */
bool	turn_is_refused(const struct shm *shm);
bool	turn_set_refused(struct shm *shm, bool is_refused) MUSTCHECK;

#endif
