/*
 * What the files of redis_check share.
 */
#ifndef COLLABD_TESTS_SIM_REDIS_CHECK_H
#define COLLABD_TESTS_SIM_REDIS_CHECK_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/slice.h"
#include "sim/redis.h"
#include "store/scripts.h"

/* --- redis_check_server.c --- */

struct real {
	int	 version;	/* 6 or 7 */
	pid_t	 pid;
	char	*dir;
	volatile int64_t *now_us;	/* its clock */
};

/* Ends the process if that is not possible; 77 without a server that is
 * modelled. REDIS_SERVER names another one than that in the path. */
void	real_start(struct real *real);
void	real_stop(struct real *real);
int	real_connect(const struct real *real);
void	real_send(int fd, const struct buf *b);
/* Appends what comes until a whole value stands at start. */
void	real_receive(int fd, struct buf *out, size_t start);
/* Of the first value; 0 if it is not complete. */
size_t	resp_size(struct slice s);

/* --- redis_check_make.c: random commands --- */

#define CHANNEL	"to:"

struct maker {
	int		 version;
	uint64_t	 random;
	const struct scripts *scripts;
	struct sim_session *peek;	/* of the model */
	int64_t		 now_ms;
};

extern const char *const worker_ids[3];

/* Makes the next command. What is answered may be in any order if unordered
 * comes back true. */
void	maker_next(struct maker *m, struct buf *out, bool *unordered);
/* A number below n. */
size_t	maker_below(struct maker *m, size_t n);
/* A sound commit, for the measurement. */
void	maker_commit(struct maker *m, struct buf *out);
/* A script that is known, on a room, with sound arguments. */
void	maker_join(struct maker *m, struct buf *out, size_t user);

/* --- redis_check.c --- */

/* Both sides of the comparison, with a connection for commands and one that
 * listens on each. */
struct check {
	struct real		 real;
	int			 fd, listener_fd;
	struct sim_redis	*sim;
	struct sim_session	*session, *listener;
	struct scripts		*scripts;
	struct maker		 maker;
	struct buf		 pushed;	/* to the model's listener */
	uint64_t		 seed;
	size_t			 sequence, step;
};

struct slice slice_of_buf(const struct buf *b);
/* Ends the process with both, if they are not the same bytes. */
void	check_compare(const struct check *c, const char *what,
	    struct slice command, struct slice real, struct slice sim);
/* Both clocks; the real one somewhere inside the same millisecond. */
void	check_set_time(struct check *c, int64_t now_ms);
/* Arguments that are separated by spaces; "_" is an empty one, "~" a space. */
void	check_add_words(struct buf *out, const char *text);
/* A command for both sides, whose replies and messages are compared. */
void	check_run(struct check *c, const struct buf *command, bool unordered);
void	check_words(struct check *c, const char *words);
/* Only the real server; the reply is added, unless it is NULL. */
void	check_run_real(int fd, const struct buf *command, struct buf *reply);
/* The same, and the reply must begin with that. */
void	check_tell_real(struct check *c, int fd, const char *words,
	    const char *begin);
/* Compares all keys. */
void	check_data(struct check *c);

/* --- redis_check_states.c --- */

void	check_states(struct check *c);

#endif
