/*
 * Sessions. The first byte says what the rest is: text as it stands in the
 * database, or a part that is signed here first, so that the fuzzer gets
 * behind the signature. Text with a signature that nobody made must never be
 * taken; claims that are taken must have their form.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "base/hex.h"
#include "base/log.h"
#include "django/encoding.h"
#include "django/session.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define VECTOR_KEY	\
	"collabd-vector-key-one-not-a-secret-0123456789abcdefghijklmnop"
#define SALT_COOKIE	\
	"django.contrib.sessions.backends.signed_cookiessigner"

static struct django_keys *vector, *foreign, *legacy;

static struct django_keys *
keys_of(const char *secret, const char *mode)
{
	struct buf err = { NULL, 0, 0 };
	struct django_keys *keys;
	struct conf conf;

	conf_init(&conf);
	ASSERT(conf_set(&conf, "secret_key", secret, &err));
	ASSERT(conf_set(&conf, "django_legacy", mode, &err));
	keys = django_keys_new(&conf);
	conf_fini(&conf);
	buf_fini(&err);
	return (keys);
}

static bool
is_hex(const char *s)
{
	return (strspn(s, "0123456789abcdef") == strlen(s));
}

static void
check_claims(enum django_reason reason, enum conf_id_type type,
    const struct session_claims *claims)
{
	size_t n = strlen(claims->user_id);

	ASSERT(*django_reason_text(reason) != '\0');
	if (reason != DJANGO_OK) {
		ASSERT(n == 0 && claims->backend[0] == '\0');
		return;
	}
	ASSERT(n >= 1 && n < sizeof(claims->user_id));
	ASSERT(type != USER_ID_INTEGER ||
	    (n <= 19 && strspn(claims->user_id, "0123456789") == n));
	ASSERT(type != USER_ID_UUID || n == 36);
	ASSERT(claims->backend[0] != '\0');
	n = strlen(claims->hash);
	ASSERT((n == 40 || n == 64) && is_hex(claims->hash));
}

/* As in the database; the second key never made it. */
static void
try_text(const char *p, size_t n)
{
	struct session_claims claims;
	enum django_reason reason;

	reason = session_decode(vector, p, n, USER_ID_INTEGER, &claims);
	check_claims(reason, USER_ID_INTEGER, &claims);
	reason = session_decode(legacy, p, n, USER_ID_TEXT, &claims);
	check_claims(reason, USER_ID_TEXT, &claims);
	reason = session_decode(foreign, p, n, USER_ID_INTEGER, &claims);
	ASSERT(reason == DJANGO_NO_SEPARATOR ||
	    reason == DJANGO_BAD_SIGNATURE);
	reason = session_decode_cookie(foreign, (struct slice){ p, n }, 0, 0,
	    USER_ID_INTEGER, &claims);
	ASSERT(reason == DJANGO_NO_SEPARATOR ||
	    reason == DJANGO_BAD_SIGNATURE);
	(void)session_key_is_plausible((struct slice){ p, n });
}

/* payload ":" timestamp, to be signed */
static void
try_signed(const char *p, size_t n)
{
	struct signing_digest key, mac;
	struct session_claims claims;
	struct buf text = { NULL, 0, 0 };
	enum django_reason reason;
	char signature[64];

	signing_derive(SIGNING_SHA256, SALT_COOKIE, SLICE_LIT(VECTOR_KEY),
	    &key);
	signing_hmac(SIGNING_SHA256, &key, (struct slice){ p, n }, &mac);
	(void)encoding_base64url_encode(mac.p, mac.n, signature);
	buf_add(&text, p, n);
	buf_addf(&text, ":%s", signature);
	reason = session_decode_cookie(vector,
	    (struct slice){ text.p, text.n }, INT64_C(1764000000), 1209600,
	    USER_ID_INTEGER, &claims);
	ASSERT(reason != DJANGO_BAD_SIGNATURE);
	ASSERT(reason != DJANGO_NO_SEPARATOR);
	check_claims(reason, USER_ID_INTEGER, &claims);
	buf_fini(&text);
}

static void
add_base64(struct buf *out, const unsigned char *p, size_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned bits;
	size_t i;

	for (i = 0; i < n; i += 3) {
		bits = (unsigned)p[i] << 16 |
		    (i + 1 < n ? (unsigned)p[i + 1] << 8 : 0) |
		    (i + 2 < n ? p[i + 2] : 0);
		buf_add_char(out, digits[bits >> 18]);
		buf_add_char(out, digits[bits >> 12 & 63]);
		buf_add_char(out, i + 1 < n ? digits[bits >> 6 & 63] : '=');
		buf_add_char(out, i + 2 < n ? digits[bits & 63] : '=');
	}
}

/* JSON, in the form before Django 3.1 */
static void
try_old(const char *p, size_t n)
{
	struct buf plain = { NULL, 0, 0 }, text = { NULL, 0, 0 };
	struct signing_digest key, mac;
	struct session_claims claims;
	enum django_reason reason;
	char hex[2 * SIGNING_DIGEST_MAX + 1];

	signing_derive(SIGNING_SHA1, "django.contrib.sessionsSessionStore",
	    SLICE_LIT(VECTOR_KEY), &key);
	signing_hmac(SIGNING_SHA1, &key, (struct slice){ p, n }, &mac);
	(void)hex_encode(mac.p, mac.n, hex);
	buf_addf(&plain, "%s:", hex);
	buf_add(&plain, p, n);
	add_base64(&text, (const unsigned char *)plain.p, plain.n);
	reason = session_decode(legacy, text.p, text.n, USER_ID_TEXT, &claims);
	ASSERT(reason != DJANGO_BAD_OLD_SIGNATURE);
	ASSERT(reason != DJANGO_NO_SEPARATOR);
	ASSERT(reason != DJANGO_OK || claims.is_old_form);
	check_claims(reason, USER_ID_TEXT, &claims);
	buf_fini(&plain);
	buf_fini(&text);
}

static void
try_json(const char *p, size_t n)
{
	struct session_claims claims;
	int type;

	for (type = USER_ID_INTEGER; type <= USER_ID_TEXT; type++)
		check_claims(session_read_claims((struct slice){ p, n },
		    (enum conf_id_type)type, &claims),
		    (enum conf_id_type)type, &claims);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *p;

	if (vector == NULL) {
		vector = keys_of(VECTOR_KEY, "off");
		legacy = keys_of(VECTOR_KEY, "3.2");
		foreign = keys_of("another key", "off");
	}
	if (size == 0)
		return (0);
	/* Of exactly that size, for AddressSanitizer. */
	if ((p = malloc(size - 1)) == NULL && size > 1)
		return (0);
	memcpy(p, data + 1, size - 1);
	switch (data[0] % 4) {
	case 0:
		try_text(p, size - 1);
		break;
	case 1:
		try_signed(p, size - 1);
		break;
	case 2:
		try_json(p, size - 1);
		break;
	default:
		try_old(p, size - 1);
		break;
	}
	free(p);
	return (0);
}
