/*
 * What an error reply of Redis says about what to do. Redis puts a word in
 * front ("OOM command not allowed ..."); up to 6.2 an error inside a script
 * comes wrapped, with the word somewhere behind "ERR Error running script", or
 * behind "@user_script" if the script handed it on. All are read alike. Pure;
 * any thread.
 */
#ifndef COLLABD_STORE_REDIS_ERROR_H
#define COLLABD_STORE_REDIS_ERROR_H

#include "base/slice.h"

enum redis_error_kind {
	REDIS_ERROR_BUG,	/* of ours, or unknown: asking again is no use */
	REDIS_ERROR_PASSING,	/* not this server, or not now: ask again, on
				 * another connection */
	REDIS_ERROR_OPERATOR,	/* until somebody does something about it;
				 * what only reads may well be answered */
};

struct redis_error {
	enum redis_error_kind kind;
	const char	*word;		/* "" if it is none that is known */
	/* For the operator, in plain words; NULL if the word is unknown. */
	const char	*meaning;
};

/* text is the reply without its '-'. Static texts only. */
struct redis_error redis_error_of(struct slice text);

#endif
