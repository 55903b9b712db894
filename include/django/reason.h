/*
 * Why a session or a user was taken or refused: one list for everything that
 * decides about a person, from the cookie to the permission. The words go to
 * the log only; a client is told nothing but yes or no. Owns nothing; any
 * thread.
 */
#ifndef COLLABD_DJANGO_REASON_H
#define COLLABD_DJANGO_REASON_H

enum django_reason {
	DJANGO_OK,
	/* the cookie and the row */
	DJANGO_NO_SESSION,	/* no cookie, or one that no session can have */
	DJANGO_EXPIRED,		/* no such row, or its time is over */
	/* the signed text */
	DJANGO_TOO_LARGE,	/* the text, or what it inflates to */
	DJANGO_NO_SEPARATOR,
	DJANGO_BAD_SIGNATURE,
	DJANGO_BAD_OLD_SIGNATURE, /* of the form before Django 3.1 */
	DJANGO_NO_TIMESTAMP,
	DJANGO_BAD_TIMESTAMP,
	DJANGO_EMPTY_PAYLOAD,
	DJANGO_BAD_BASE64,
	DJANGO_BAD_ZLIB,
	DJANGO_TRAILING_BYTES,	/* behind the zlib stream */
	DJANGO_BAD_JSON,
	DJANGO_BAD_PAYLOAD,	/* JSON nested too deeply */
	DJANGO_NOT_OBJECT,
	/* what the session says */
	DJANGO_NO_USER_ID,
	DJANGO_BAD_USER_ID,
	DJANGO_NO_BACKEND,
	DJANGO_UNKNOWN_BACKEND,
	DJANGO_NO_HASH,		/* missing, or not of a hash's form */
	/* the user */
	DJANGO_NO_USER,
	DJANGO_INACTIVE,
	DJANGO_BAD_HASH,	/* another password or another key */
	DJANGO_NOT_STAFF,
	DJANGO_NO_PERMISSION,
};

/* A few words for the log; static memory. */
const char *django_reason_text(enum django_reason reason);

#endif
