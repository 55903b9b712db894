/*
 * The steps of a turnover. Knows no process and no clock. An old worker that
 * leaves takes its time (drain_time), and its users come back to whoever
 * serves: so there are as few waves as the limit and the floor allow.
 */
#include "process/turnover.h"

size_t
turnover_leaves(const struct turnover *t)
{
	size_t alive = t->begun + t->old + t->leaving, n;

	if (t->accepting == t->wanted)
		return (t->old);
	/* Either there is place, or there will be, or those that came have to
	 * show first that they can work. */
	if (t->leaving != 0 || alive < t->limit || t->accepting < t->begun)
		return (0);
	if (t->accepting == 0)
		n = alive - t->limit + 1;
	else
		n = t->accepting + t->old - t->wanted / 2;
	return (n < t->old ? n : t->old);
}

size_t
turnover_forks(const struct turnover *t)
{
	size_t alive = t->begun + t->old + t->leaving;
	size_t missing = t->wanted - t->begun;

	if (alive >= t->limit)
		return (0);
	return (missing < t->limit - alive ? missing : t->limit - alive);
}
