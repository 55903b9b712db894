/*
 * The budget of database connections over all workers: an array of places,
 * each free or marked with the slot that holds it, so that the places of a
 * dead worker are freed exactly. Any thread but the loop's.
 *
 * No wake-up is lost: whoever frees a place moves a counter that a waiter
 * compares in the same step in which it falls asleep, and then wakes one; when
 * a worker dies all are woken, because it may have died between freeing and
 * waking, or just after it was woken. Waking is about first come, first served
 * (the kernel's order), but not fair: a newcomer may take a place before the
 * one that was woken for it, who then waits on. A waiter is promised nothing
 * but its deadline.
 */
#ifndef COLLABD_SHM_BUDGET_H
#define COLLABD_SHM_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compat.h"
#include "shm/region.h"

/*
 * Takes a place for worker slot, of `limit` in all (cut to the geometry's
 * places; 0 is never had). Blocks until there is one or until deadline_mono_ms
 * of clock_mono_ms(); a deadline in the past makes one try. False: none.
 *
 * Limits may differ between workers after a reload: never more places are in
 * use than the largest of them, and who has a smaller one begins to get places
 * when fewer than that are in use.
 */
bool	budget_take(struct shm *shm, int slot, unsigned limit,
	    int64_t deadline_mono_ms) MUSTCHECK;
/* Gives one of the slot's places back, after PQfinish() (or close). */
void	budget_give(struct shm *shm, int slot);
/* Frees all places of a dead worker; the master, from shm_slot_release(). */
void	budget_give_all(struct shm *shm, int slot);
/* Places taken now, by all workers. */
unsigned budget_in_use(const struct shm *shm);

#endif
