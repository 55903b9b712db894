/*
 * One database connection, PostgreSQL or SQLite behind the same four
 * functions, for straight-line code with a deadline. A struct db belongs to
 * one thread from db_open() to db_close(). Every call that may take time gets
 * a struct db_wait and returns when the deadline has passed or when somebody
 * woke it to say that the answer is no longer wanted.
 *
 * Nothing here knows what a session or a user is.
 */
#ifndef COLLABD_DB_DB_H
#define COLLABD_DB_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compat.h"
#include "base/slice.h"

struct db;
struct db_url;

enum db_status {
	DB_OK,
	DB_BAD_VALUE,	/* a parameter is no value of its type (SQLSTATE 22P02,
			 * 22003, 22021): the row cannot exist */
	DB_FAULT,	/* table, column or grant is wrong: the configuration */
	DB_DOWN,	/* cannot connect, or the connection broke */
	DB_TIMEOUT,	/* the deadline passed */
	DB_CANCELLED,	/* wait->is_cancelled said so */
};

/* What DB_FAULT is about, as far as the database tells; the last one goes with
 * DB_DOWN. */
enum db_fault {
	DB_FAULT_OTHER,
	DB_FAULT_TABLE,		/* 42P01, "no such table" */
	DB_FAULT_COLUMN,	/* 42703, "no such column" */
	DB_FAULT_GRANT,		/* 42501 */
	DB_FAULT_TLS,		/* it has none, or not what sslmode asks for */
};

/* Why a call did not return DB_OK. The text names no user, host or password
 * of the connection, and no parameter. */
struct db_error {
	enum db_fault	fault;
	char		text[256];
};

struct db_wait {
	int64_t	  deadline_ms;		/* clock_mono_ms() */
	int	  wake_fd;		/* readable: ask is_cancelled; or -1 */
	bool	(*is_cancelled)(void *);	/* NULL: never */
	void	 *arg;
};

#define DB_COLS_MAX	16	/* columns of a row; more is a bug of ours */
#define DB_PARAMS_MAX	6

/*
 * One statement. Parameters $1... (?1... in SQLite) are text whose types the
 * server infers; they are borrowed for the call. on_row is called for each row
 * before db_query() returns, with columns borrowed until it returns; SQL NULL
 * is an absent slice.
 */
struct db_request {
	const char	 *sql;
	const char	 *params[DB_PARAMS_MAX];
	size_t		  n_params;
	void		(*on_row)(const struct slice *cols, size_t n,
			    void *arg);
	void		 *arg;
};


/* How the two kinds of database write what differs between them. */
enum db_dialect { DB_POSTGRES, DB_SQLITE };

/* The two drivers (src/db/pg.c, src/db/sqlite.c). */
struct db_driver {
	struct db *(*open)(const struct db_url *, const struct db_wait *,
	    enum db_status *, struct db_error *);
	enum db_status (*query)(struct db *, const struct db_request *,
	    const struct db_wait *, struct db_error *);
	void	(*close)(struct db *);
};

/* Embedded first in each driver's connection. */
struct db {
	const struct db_driver *driver;
};

extern const struct db_driver pg_driver;
extern const struct db_driver sqlite_driver;

enum db_dialect db_dialect_of(const struct db_url *url);
/*
 * What has to be done once in a process before the first db_open(): unsets the
 * environment variables that could redirect libpq. Call it while the process
 * has one thread; a second call does nothing.
 */
void	db_init_process(void);
/*
 * Connects. NULL with *status and error when that failed. With PostgreSQL the
 * host's name is resolved in this thread first; that alone may outlast the
 * deadline, by as much as the resolver takes (resolv.conf's timeout and
 * attempts for each name server: 5 s and 2 by default).
 */
struct db *db_open(const struct db_url *url, const struct db_wait *wait,
	    enum db_status *status, struct db_error *error) MUSTCHECK;
/*
 * Runs one statement. After anything but DB_OK, DB_BAD_VALUE and DB_FAULT the
 * connection is good for db_close() only. on_row may have been called for some
 * rows before a failure.
 */
enum db_status db_query(struct db *db, const struct db_request *request,
	    const struct db_wait *wait, struct db_error *error) MUSTCHECK;
/* Waits for the server to end an idle connection, 250 ms at most. NULL is
 * allowed. */
void	db_close(struct db *db);

/* For the drivers: how much of the deadline is left, 0 when it has passed. */
int64_t	db_wait_left_ms(const struct db_wait *wait);
/* For the drivers: whether the answer is no longer wanted; takes the wake-up
 * off the descriptor. */
bool	db_wait_is_cancelled(const struct db_wait *wait);
/* Sets error and returns status. */
enum db_status db_fail(struct db_error *error, enum db_status status,
	    const char *fmt, ...) PRINTFLIKE(3, 4);

#endif
