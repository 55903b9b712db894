/*
 * The words for each reason. One table, so that a log line, a metric and a
 * test speak of the same thing; a reason without words does not compile into
 * silence but into "unknown".
 */
#include "base/compat.h"
#include "django/reason.h"

static const char *const texts[] = {
	[DJANGO_OK] = "ok",
	[DJANGO_NO_SESSION] = "no session cookie, or no session's key in it",
	[DJANGO_EXPIRED] = "expired or unknown session",
	[DJANGO_TOO_LARGE] = "session too large",
	[DJANGO_NO_SEPARATOR] = "session without a separator",
	[DJANGO_BAD_SIGNATURE] = "bad session signature",
	[DJANGO_BAD_OLD_SIGNATURE] = "bad session signature (old form)",
	[DJANGO_NO_TIMESTAMP] = "session without a timestamp",
	[DJANGO_BAD_TIMESTAMP] = "bad timestamp in the session",
	[DJANGO_EMPTY_PAYLOAD] = "empty session payload",
	[DJANGO_BAD_BASE64] = "bad base64 in the session",
	[DJANGO_BAD_ZLIB] = "bad zlib stream in the session",
	[DJANGO_TRAILING_BYTES] = "bytes after the session's zlib stream",
	[DJANGO_BAD_JSON] = "session is not JSON",
	[DJANGO_BAD_PAYLOAD] = "session nested too deeply",
	[DJANGO_NOT_OBJECT] = "session is not an object",
	[DJANGO_NO_USER_ID] = "no user id in the session",
	[DJANGO_BAD_USER_ID] = "malformed user id",
	[DJANGO_NO_BACKEND] = "no backend in the session",
	[DJANGO_UNKNOWN_BACKEND] = "backend not configured",
	[DJANGO_NO_HASH] = "session hash missing or malformed",
	[DJANGO_NO_USER] = "no such user",
	[DJANGO_INACTIVE] = "inactive",
	[DJANGO_BAD_HASH] = "session hash does not match",
	[DJANGO_NOT_STAFF] = "not staff",
	[DJANGO_NO_PERMISSION] = "no permission",
};

const char *
django_reason_text(enum django_reason reason)
{
	if ((size_t)reason >= COUNT_OF(texts) || texts[reason] == NULL)
		return ("unknown");
	return (texts[reason]);
}
