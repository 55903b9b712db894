/*
 * Sessions from text to claims, for the authorization threads. The order is
 * the defence: length, signature, timestamp, base64, zlib with a cap, JSON
 * with a depth, and nothing of it before the signature holds. The caps are
 * there all the same, because ordinary code of the site may store a visitor's
 * text in a session, and text compresses a thousandfold.
 *
 * Never logs (a session's text is a secret), never reads a clock, never takes
 * a pickle: that is not JSON, and ends there. Decoded text is wiped.
 */
#include <stdio.h>
#include <string.h>

#include <zlib.h>

#include "base/json.h"
#include "django/encoding.h"
#include "django/session.h"

#define INFLATE_STEP	16384	/* bytes of output a turn */
#define OLD_HASH_LEN	40	/* hexadecimal SHA-1 */
#define ID_INT_MAX	"9223372036854775807"

static void
wipe(struct buf *b)
{
	if (b->n != 0)
		explicit_bzero(b->p, b->n);
	buf_fini(b);
}

bool
session_key_is_plausible(struct slice cookie)
{
	size_t i;

	if (cookie.n < SESSION_KEY_MIN || cookie.n > SESSION_KEY_MAX)
		return (false);
	for (i = 0; i < cookie.n; i++) {
		char c = cookie.p[i];

		if ((c < '0' || c > '9') && (c < 'A' || c > 'Z') &&
		    (c < 'a' || c > 'z') && c != '-' && c != '_')
			return (false);
	}
	return (true);
}

/* Splits at the last colon; false if there is none. */
static bool
split_last(struct slice text, struct slice *left, struct slice *right)
{
	size_t at = text.n;

	while (at > 0 && text.p[at - 1] != ':')
		at--;
	if (at == 0)
		return (false);
	*left = (struct slice){ text.p, at - 1 };
	*right = (struct slice){ text.p + at, text.n - at };
	return (true);
}

/* payload ":" timestamp ":" signature, the form since Django 3.1. */
static enum django_reason
check_signed(const struct django_keys *keys, enum signing_purpose purpose,
    struct slice text, struct slice *payload, int64_t *signed_s)
{
	struct slice value, signature, timestamp;

	if (!split_last(text, &value, &signature))
		return (DJANGO_NO_SEPARATOR);
	if (signing_check(keys, purpose, value, signature) == -1)
		return (DJANGO_BAD_SIGNATURE);
	if (!split_last(value, payload, &timestamp))
		return (DJANGO_NO_TIMESTAMP);
	if (!encoding_base62_decode(timestamp, signed_s))
		return (DJANGO_BAD_TIMESTAMP);
	return (DJANGO_OK);
}

/* A whole zlib stream, nothing behind it, at most SESSION_JSON_MAX bytes. */
static enum django_reason
inflate_all(struct buf *in, struct buf *out)
{
	z_stream z;
	size_t start = out->n;
	int rc;

	memset(&z, 0, sizeof(z));
	if (inflateInit(&z) != Z_OK)
		return (DJANGO_BAD_ZLIB);
	z.next_in = (unsigned char *)in->p;
	z.avail_in = (unsigned)in->n;
	do {
		z.next_out = (unsigned char *)buf_reserve(out, INFLATE_STEP);
		z.avail_out = INFLATE_STEP;
		rc = inflate(&z, Z_NO_FLUSH);
		out->n += INFLATE_STEP - z.avail_out;
	} while (rc == Z_OK && out->n - start <= SESSION_JSON_MAX);
	(void)inflateEnd(&z);
	if (out->n - start > SESSION_JSON_MAX)
		return (DJANGO_TOO_LARGE);
	if (rc != Z_STREAM_END)
		return (DJANGO_BAD_ZLIB);
	return (z.avail_in == 0 ? DJANGO_OK : DJANGO_TRAILING_BYTES);
}

/*
 * Django's JSONSerializer decodes the bytes as latin-1, whatever wrote them;
 * so each is a code point.
 */
static void
add_latin1(struct buf *out, const struct buf *in)
{
	size_t i;

	for (i = 0; i < in->n; i++) {
		unsigned char c = (unsigned char)in->p[i];

		if (c >= 0x80) {
			buf_add_char(out, (char)(0xc0 | c >> 6));
			c = 0x80 | (c & 0x3f);
		}
		buf_add_char(out, (char)c);
	}
}

/* [ "." ] base64url( json or zlib( json ) ) */
static enum django_reason
decode_payload(struct slice payload, struct buf *json)
{
	struct buf raw = { NULL, 0, 0 }, plain = { NULL, 0, 0 };
	enum django_reason reason = DJANGO_OK;
	bool is_compressed;

	if (payload.n == 0)
		return (DJANGO_EMPTY_PAYLOAD);
	is_compressed = payload.p[0] == '.';
	payload.p += is_compressed;
	payload.n -= is_compressed;
	if (!encoding_base64url_decode(payload, &raw))
		reason = DJANGO_BAD_BASE64;
	else if (is_compressed)
		reason = inflate_all(&raw, &plain);
	if (reason == DJANGO_OK)
		add_latin1(json, is_compressed ? &plain : &raw);
	wipe(&raw);
	wipe(&plain);
	return (reason);
}

/*
 * base64( hexadecimal hash ":" json ), the form before Django 3.1, which 3.1
 * and 3.2 read too and with DEFAULT_HASHING_ALGORITHM = 'sha1' write.
 */
static enum django_reason
unwrap_old(const struct django_keys *keys, struct slice text,
    struct buf *json)
{
	struct buf raw = { NULL, 0, 0 };
	enum django_reason reason = DJANGO_NO_SEPARATOR;
	struct slice hash, value;
	const char *colon;

	if (encoding_base64_decode(text, &raw) && raw.n != 0 &&
	    (colon = memchr(raw.p, ':', raw.n)) != NULL) {
		hash = (struct slice){ raw.p, (size_t)(colon - raw.p) };
		value = (struct slice){ colon + 1, raw.n - hash.n - 1 };
		reason = DJANGO_BAD_OLD_SIGNATURE;
		if (hash.n == OLD_HASH_LEN &&
		    signing_check_old_session(keys, value, hash)) {
			struct buf rest = { raw.p + hash.n + 1, value.n, 0 };

			add_latin1(json, &rest);
			reason = DJANGO_OK;
		}
	}
	wipe(&raw);
	return (reason);
}

enum django_reason
session_unwrap(const struct django_keys *keys, const char *data, size_t n,
    struct buf *json, bool *is_old_form)
{
	struct slice text = { data, n }, payload;
	enum django_reason reason;
	int64_t signed_s;

	*is_old_form = false;
	if (n > SESSION_TEXT_MAX)
		return (DJANGO_TOO_LARGE);
	reason = check_signed(keys, SIGNING_SESSION, text, &payload, &signed_s);
	if (reason == DJANGO_NO_SEPARATOR && django_keys_is_legacy(keys)) {
		*is_old_form = true;
		return (unwrap_old(keys, text, json));
	}
	return (reason == DJANGO_OK ? decode_payload(payload, json) : reason);
}

static bool
is_decimal(struct slice s)
{
	size_t i;

	if (s.n < 1 || s.n > LITLEN(ID_INT_MAX))
		return (false);
	for (i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return (false);
	}
	return (s.n < LITLEN(ID_INT_MAX) ||
	    memcmp(s.p, ID_INT_MAX, s.n) <= 0);
}

/* As str(uuid) writes it: lower case, 8-4-4-4-12. */
static bool
is_uuid(struct slice s)
{
	size_t i;

	if (s.n != 36)
		return (false);
	for (i = 0; i < s.n; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (s.p[i] != '-')
				return (false);
		} else if ((s.p[i] < '0' || s.p[i] > '9') &&
		    (s.p[i] < 'a' || s.p[i] > 'f'))
			return (false);
	}
	return (true);
}

static bool
is_plain_text(struct slice s)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return (false);
	}
	return (s.n > 0);
}

/* A hash as Django writes it: SHA-256 or SHA-1, lower case. */
static bool
is_hash(struct slice s)
{
	size_t i;

	if (s.n != 64 && s.n != OLD_HASH_LEN)
		return (false);
	for (i = 0; i < s.n; i++) {
		if ((s.p[i] < '0' || s.p[i] > '9') &&
		    (s.p[i] < 'a' || s.p[i] > 'f'))
			return (false);
	}
	return (true);
}

/* Copies s and a NUL into out of cap bytes; false if it does not fit. */
static bool
copy(struct slice s, char *out, size_t cap)
{
	if (s.n >= cap)
		return (false);
	if (s.n != 0)
		memcpy(out, s.p, s.n);
	out[s.n] = '\0';
	return (true);
}

/* login() writes a string; a whole number means the same. */
static enum django_reason
read_user_id(const struct json *obj, enum conf_id_type id_type, char *out,
    size_t cap)
{
	struct slice id = { NULL, 0 };
	char number[24];
	int64_t value;
	bool ok = false;

	switch (json_kind_of(obj, "_auth_user_id")) {
	case JSON_ABSENT:
	case JSON_NULL:
		return (DJANGO_NO_USER_ID);
	case JSON_STRING:
		id = json_get_string(obj, "_auth_user_id");
		break;
	case JSON_INT:
		if (json_get_int(obj, "_auth_user_id", &value) && value >= 0) {
			(void)snprintf(number, sizeof(number), "%lld",
			    (long long)value);
			id = slice_of(number);
		}
		break;
	default:
		break;
	}
	switch (id_type) {
	case USER_ID_INTEGER:
		ok = is_decimal(id);
		break;
	case USER_ID_UUID:
		ok = is_uuid(id);
		break;
	case USER_ID_TEXT:
		ok = is_plain_text(id);
		break;
	}
	return (ok && copy(id, out, cap) ? DJANGO_OK : DJANGO_BAD_USER_ID);
}

static enum django_reason
read_claims(const struct json *obj, enum conf_id_type id_type,
    struct session_claims *out)
{
	enum django_reason reason;
	struct slice s;

	reason = read_user_id(obj, id_type, out->user_id, sizeof(out->user_id));
	if (reason != DJANGO_OK)
		return (reason);
	s = json_get_string(obj, "_auth_user_backend");
	if (!is_plain_text(s) || !copy(s, out->backend, sizeof(out->backend)))
		return (DJANGO_NO_BACKEND);
	s = json_get_string(obj, "_auth_user_hash");
	if (!is_hash(s) || !copy(s, out->hash, sizeof(out->hash)))
		return (DJANGO_NO_HASH);
	return (DJANGO_OK);
}

enum django_reason
session_read_claims(struct slice text, enum conf_id_type id_type,
    struct session_claims *out)
{
	enum django_reason reason = DJANGO_BAD_JSON;
	struct json *obj;

	memset(out, 0, sizeof(*out));
	switch (json_parse(text.p == NULL ? "" : text.p, text.n,
	    SESSION_DEPTH_MAX, &obj)) {
	case JSON_OK:
		reason = read_claims(obj, id_type, out);
		json_free(obj);
		break;
	case JSON_SYNTAX:
		reason = DJANGO_BAD_JSON;
		break;
	case JSON_NOT_OBJECT:
		reason = DJANGO_NOT_OBJECT;
		break;
	case JSON_TOO_DEEP:
		reason = DJANGO_BAD_PAYLOAD;
		break;
	}
	if (reason != DJANGO_OK)
		memset(out, 0, sizeof(*out));
	return (reason);
}

enum django_reason
session_decode(const struct django_keys *keys, const char *data, size_t n,
    enum conf_id_type id_type, struct session_claims *out)
{
	struct buf json = { NULL, 0, 0 };
	enum django_reason reason;
	bool is_old_form;

	memset(out, 0, sizeof(*out));
	reason = session_unwrap(keys, data, n, &json, &is_old_form);
	if (reason == DJANGO_OK)
		reason = session_read_claims((struct slice){ json.p, json.n },
		    id_type, out);
	if (reason == DJANGO_OK)
		out->is_old_form = is_old_form;
	wipe(&json);
	return (reason);
}

enum django_reason
session_decode_cookie(const struct django_keys *keys, struct slice value,
    int64_t now_s, int64_t max_age_s, enum conf_id_type id_type,
    struct session_claims *out)
{
	struct buf json = { NULL, 0, 0 };
	enum django_reason reason;
	struct slice payload;
	int64_t signed_s;

	memset(out, 0, sizeof(*out));
	if (value.n > SESSION_TEXT_MAX)
		return (DJANGO_TOO_LARGE);
	reason = check_signed(keys, SIGNING_COOKIE, value, &payload, &signed_s);
	if (reason != DJANGO_OK)
		return (reason);
	/* signed_s is not negative, so this does not overflow. */
	if (now_s - signed_s > max_age_s)
		return (DJANGO_EXPIRED);
	reason = decode_payload(payload, &json);
	if (reason == DJANGO_OK)
		reason = session_read_claims((struct slice){ json.p, json.n },
		    id_type, out);
	wipe(&json);
	return (reason);
}
