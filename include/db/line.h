/*
 * The waiting line between a worker's loop and the threads of its pool:
 * jobs go in on one side, are run, and come out on the other. Owns the lock,
 * the wake-ups in both directions, and the knowledge which jobs may still be
 * joined; owns no job, except those that line_free() finds.
 *
 * Each function says which side calls it. The loop's side never waits for
 * anything but the lock, which nobody holds over a system call that blocks.
 */
#ifndef COLLABD_DB_LINE_H
#define COLLABD_DB_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compat.h"
#include "base/slice.h"
#include "db/job.h"

struct line;

/* NULL with errno when there are no descriptors left. Loop. */
struct line *line_new(size_t n_threads) MUSTCHECK;
/* After every thread has ended; frees the jobs that are still in it. Loop. */
void	 line_free(struct line *line);

/* Readable when line_finished() has something, or after line_tell(); the loop
 * watches it. */
int	 line_finished_fd(const struct line *line);

/* --- the loop's side --- */

/*
 * Adds the asker, by ops->join(), to a job with these ops and this key that has
 * not begun to read and whose deadline is not before not_before_ms, and returns
 * that one; NULL: there is none.
 */
struct job *line_join(struct line *line, const struct job_ops *ops,
	    struct slice key, void *asker, int64_t not_before_ms) MUSTCHECK;
/* Adds a job at the end. One with a key may be joined until it is sealed. */
void	 line_add(struct line *line, struct job *job);
/* Adds a job that needs no thread to the finished ones. */
void	 line_add_finished(struct line *line, struct job *job);
/*
 * Nobody wants the answer. True: the job was waiting and is the caller's now.
 * False: a thread has it and was told to stop (one of several: the thread
 * looks whether anybody is left), or it is finished; it will come out of
 * line_finished().
 */
bool	 line_withdraw(struct line *line, struct job *job) MUSTCHECK;
/* Moves all finished jobs to the caller's list. */
void	 line_finished(struct line *line, struct jobs *out);
/* Tells every thread to end; line_take() gives no more jobs. */
void	 line_stop(struct line *line);
/* Waits until all threads said that they have ended; false at the deadline
 * (clock_mono_ms()). */
bool	 line_wait_ended(struct line *line, int64_t deadline_ms) MUSTCHECK;

/* --- a thread's side; thread is its number from 0 --- */

/* Readable when the thread's job, or the thread, should stop. */
int	 line_wake_fd(const struct line *line, size_t thread);
/* Waits for a job; NULL when the thread should end. */
struct job *line_take(struct line *line, size_t thread) MUSTCHECK;
/* The same without waiting: NULL also when nobody stands in line. */
struct job *line_take_now(struct line *line, size_t thread) MUSTCHECK;
/*
 * More jobs with the ops of the run's first, for a thread that can do many at
 * once: its fair share of the line, the idle threads counted, at most max, none
 * that has less than left_ms until its deadline. Adds them to the run and
 * returns how many; 0 also when the share is less than min. They are the
 * thread's like the first.
 */
size_t	line_take_more(struct job_run *run, size_t min, size_t max,
	    int64_t left_ms);
/* From now on nobody joins the job: its reading begins. */
void	 line_seal(struct line *line, struct job *job);
/* Makes line_finished_fd() readable: the job that the thread is at has something
 * for the loop before it is done. */
void	 line_tell(struct line *line);
/* The job is done and goes back to the loop; not to be touched any more. */
void	 line_finish(struct line *line, struct job *job);
/* The thread's last call. */
void	 line_thread_ended(struct line *line);

#endif
