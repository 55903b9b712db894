/*
 * Reading Django sessions: the session_data column (Django 3.1 and later, and
 * with django_legacy the form before), and the cookie of signed_cookies. The
 * signature is checked before anything is decoded, inflated or parsed. Pickled
 * sessions are refused: unpickling is running code.
 *
 * Pure: no clock, no database. Nothing is kept. Any thread.
 */
#ifndef COLLABD_DJANGO_SESSION_H
#define COLLABD_DJANGO_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/conf.h"
#include "base/slice.h"
#include "django/reason.h"
#include "django/signing.h"

#define SESSION_KEY_MIN		8	/* Django takes shorter ones for none */
#define SESSION_KEY_MAX		40	/* the column's width */
#define SESSION_TEXT_MAX	(1024 * 1024)		/* bytes, encoded */
#define SESSION_JSON_MAX	(4 * 1024 * 1024)	/* bytes, inflated */
#define SESSION_DEPTH_MAX	64	/* levels of JSON */

/* What django.contrib.auth.login() left in the session; NUL-terminated. */
struct session_claims {
	char	user_id[255];	/* valid text of the configured kind */
	char	backend[256];	/* dotted path */
	char	hash[129];	/* lower-case hexadecimal */
	bool	is_old_form;	/* came from text in the form before 3.1 */
};

/* Whether a cookie's value can be the key of a stored session at all:
 * [A-Za-z0-9_-]{8,40}. Django stores [a-z0-9]{32}. */
bool	session_key_is_plausible(struct slice cookie);

/*
 * Checks and reads n bytes of django_session.session_data. DJANGO_OK with
 * *out filled, or why not (then *out is zeroed). The time inside is not looked
 * at: for stored sessions only the row's expire_date counts, as in Django.
 */
enum django_reason session_decode(const struct django_keys *keys,
	    const char *data, size_t n, enum conf_id_type id_type,
	    struct session_claims *out) MUSTCHECK;
/*
 * The same for the cookie of signed_cookies sessions. Older than max_age_s is
 * DJANGO_EXPIRED; exactly as old is not, and neither is the future.
 */
enum django_reason session_decode_cookie(const struct django_keys *keys,
	    struct slice value, int64_t now_s, int64_t max_age_s,
	    enum conf_id_type id_type, struct session_claims *out) MUSTCHECK;

/*
 * The two halves of session_decode(). The first appends the session's JSON, as
 * UTF-8, once the signature holds; the caller wipes it. The second reads the
 * claims out of it.
 */
enum django_reason session_unwrap(const struct django_keys *keys,
	    const char *data, size_t n, struct buf *json, bool *is_old_form)
	    MUSTCHECK;
enum django_reason session_read_claims(struct slice json,
	    enum conf_id_type id_type, struct session_claims *out) MUSTCHECK;

#endif
