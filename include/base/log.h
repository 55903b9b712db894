/*
 * The log: one line an event, to stderr or to a file. Owns the log's
 * descriptor and the process's prefix ("master", "w2"). Everything variable
 * is escaped before it is written (no control characters, no bytes above
 * 0x7e, one line), and errno is preserved. Callers never pass cookies, session
 * keys, passwords, URLs with passwords or chat text (lint looks for them).
 * Any thread: a line is one write(2).
 */
#ifndef COLLABD_BASE_LOG_H
#define COLLABD_BASE_LOG_H

#include <sys/types.h>

#include <stdbool.h>

#include "base/compat.h"

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

/*
 * Sends lines to the file at path (appended, mode 0640), or to stderr when
 * path is NULL or empty. False with errno when it cannot be opened; the log
 * goes on where it went before. path is copied. Loop thread only.
 */
bool	log_open(const char *path) MUSTCHECK;
/* Opens the same path anew, after a rotation. Keeps the old one on failure. */
void	log_reopen(void);
/* Gives the log's file to the user that the process is about to become; not
 * stderr. */
void	log_give(uid_t uid, gid_t gid);
/* Timestamps on each line; a service manager adds its own, a terminal has none. */
void	log_set_level(enum log_level level);
/* At most 15 bytes are kept. */
void	log_set_prefix(const char *prefix);
bool	log_is_on(enum log_level level);

void	log_err(const char *fmt, ...) PRINTFLIKE(1, 2);
void	log_warn(const char *fmt, ...) PRINTFLIKE(1, 2);
void	log_info(const char *fmt, ...) PRINTFLIKE(1, 2);
void	log_debug(const char *fmt, ...) PRINTFLIKE(1, 2);
/*
 * A line of JSON behind a word: whole, however long it is, and as it is. json
 * has no control characters, as what json.h writes.
 */
void	log_json(enum log_level level, const char *what, const char *json,
	    size_t n);
/* Logs and aborts: a bug of ours, or no memory. The master forks again. */
void	log_fatal(const char *fmt, ...) NORETURN PRINTFLIKE(1, 2);

/*
 * True at most `burst` times a second for each call site's own state; a line
 * that was let through after some were not says how many ("suppressed=N").
 */
struct log_limit {
	long	second;
	unsigned allowed;
	unsigned suppressed;
};
bool	log_allow(struct log_limit *limit, unsigned burst);

#define log_warn_limited(...) do {					\
	static _Thread_local struct log_limit limit_;			\
	if (log_allow(&limit_, 5))					\
		log_warn(__VA_ARGS__);					\
} while (0)

/* A bug of ours if it does not hold. On in every build. */
#define ASSERT(cond) do {						\
	if (!(cond))							\
		log_fatal("%s:%d: assertion failed: %s",		\
		    __FILE__, __LINE__, #cond);				\
} while (0)

#endif
