/*
 * Signatures and session hashes, checked only; nothing here signs for others.
 * Called by session.c and user.c. Must never log or return a key, and never
 * compare a secret with memcmp(): CRYPTO_memcmp() on equal lengths, over all
 * keys, whichever of them matches.
 *
 * Django hashes salt and SECRET_KEY into the HMAC key each time; here that is
 * done once, so that SECRET_KEY need not stay in memory.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/hex.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "django/encoding.h"
#include "django/signing.h"

#define SALT_PREFIX	"django.contrib.sessions."
#define SALT_SESSION	SALT_PREFIX "SessionStore"
#define SALT_COOKIE	SALT_PREFIX "backends.signed_cookies"
#define SALT_AUTH	"django.contrib.auth.models.AbstractBaseUser" \
			".get_session_auth_hash"
#define SALT_SUFFIX	"signer"	/* Signer adds it to every salt */

#define N_PURPOSES	2
#define N_HASHES	2

/* What one SECRET_KEY comes to. */
struct derived {
	struct signing_digest	by_purpose[N_PURPOSES][N_HASHES];
	struct signing_digest	auth[N_HASHES];
	struct signing_digest	old_session;	/* SHA-1 only */
};

struct django_keys {
	bool		is_legacy;
	size_t		n;
	struct derived *keys;
};

static const EVP_MD *
md_of(enum signing_hash hash)
{
	return (hash == SIGNING_SHA256 ? EVP_sha256() : EVP_sha1());
}

void
signing_derive(enum signing_hash hash, const char *salt, struct slice secret,
    struct signing_digest *out)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned n = 0;

	if (ctx == NULL || !EVP_DigestInit_ex(ctx, md_of(hash), NULL) ||
	    !EVP_DigestUpdate(ctx, salt, strlen(salt)) ||
	    !EVP_DigestUpdate(ctx, secret.p, secret.n) ||
	    !EVP_DigestFinal_ex(ctx, out->p, &n))
		log_fatal("the cryptographic library cannot hash");
	EVP_MD_CTX_free(ctx);
	out->n = n;
}

void
signing_hmac(enum signing_hash hash, const struct signing_digest *key,
    struct slice message, struct signing_digest *out)
{
	unsigned n = 0;

	if (HMAC(md_of(hash), key->p, (int)key->n,
	    (const unsigned char *)message.p, message.n, out->p, &n) == NULL)
		log_fatal("the cryptographic library cannot sign");
	out->n = n;
}

/* The salt that sessions had before Django 3.1: no dot before the class. */
static char *
old_session_salt(const char *salt)
{
	if (strncmp(salt, SALT_PREFIX, LITLEN(SALT_PREFIX)) != 0)
		return (xstrdup(salt));
	return (xasprintf("%.*s%s", (int)LITLEN(SALT_PREFIX) - 1, salt,
	    salt + LITLEN(SALT_PREFIX)));
}

static void
derive_all(struct derived *d, const char *secret, const char *session_salt,
    const char *cookie_salt)
{
	char *salts[N_PURPOSES], *old = old_session_salt(session_salt);
	struct slice key = slice_of(secret);
	int purpose, hash;

	salts[SIGNING_SESSION] = xasprintf("%s" SALT_SUFFIX, session_salt);
	salts[SIGNING_COOKIE] = xasprintf("%s" SALT_SUFFIX, cookie_salt);
	for (hash = 0; hash < N_HASHES; hash++) {
		for (purpose = 0; purpose < N_PURPOSES; purpose++)
			signing_derive((enum signing_hash)hash, salts[purpose],
			    key, &d->by_purpose[purpose][hash]);
		signing_derive((enum signing_hash)hash, SALT_AUTH, key,
		    &d->auth[hash]);
	}
	signing_derive(SIGNING_SHA1, old, key, &d->old_session);
	free(salts[SIGNING_SESSION]);
	free(salts[SIGNING_COOKIE]);
	free(old);
}

/* session_salt names the salt of the engine that is configured. */
static const char *
salt_for(const struct conf *conf, enum signing_purpose purpose)
{
	bool is_cookie = conf->session_engine == SESSION_SIGNED_COOKIES;

	if (*conf->session_salt != '\0' &&
	    is_cookie == (purpose == SIGNING_COOKIE))
		return (conf->session_salt);
	return (purpose == SIGNING_COOKIE ? SALT_COOKIE : SALT_SESSION);
}

struct django_keys *
django_keys_new(const struct conf *conf)
{
	const struct conf_list *more = &conf->secret_key_fallbacks;
	const char *session_salt = salt_for(conf, SIGNING_SESSION);
	const char *cookie_salt = salt_for(conf, SIGNING_COOKIE);
	struct django_keys *keys = xcalloc(1, sizeof(*keys));
	size_t i;

	keys->is_legacy = conf->django_legacy == LEGACY_DJANGO_32;
	keys->keys = xcalloc(more->n + 1, sizeof(*keys->keys));
	/* An empty key is nobody's: without one, nothing is accepted. */
	if (*conf->secret_key == '\0')
		return (keys);
	derive_all(&keys->keys[keys->n++], conf->secret_key, session_salt,
	    cookie_salt);
	/* Django 3.2 does not know the setting. */
	for (i = 0; !keys->is_legacy && i < more->n; i++) {
		if (*more->v[i] != '\0')
			derive_all(&keys->keys[keys->n++], more->v[i],
			    session_salt, cookie_salt);
	}
	return (keys);
}

void
django_keys_free(struct django_keys *keys)
{
	if (keys == NULL)
		return;
	explicit_bzero(keys->keys, keys->n * sizeof(*keys->keys));
	free(keys->keys);
	free(keys);
}

bool
django_keys_is_legacy(const struct django_keys *keys)
{
	return (keys->is_legacy);
}

/* In constant time for texts of one length. */
static bool
is_equal(struct slice given, const char *expected, size_t n)
{
	return (given.n == n && CRYPTO_memcmp(given.p, expected, n) == 0);
}

int
signing_check(const struct django_keys *keys, enum signing_purpose purpose,
    struct slice message, struct slice signature)
{
	char text[SIGNING_DIGEST_MAX * 4 / 3 + 3];
	struct signing_digest mac;
	int hash, found = -1;
	size_t i, n;

	for (i = keys->n; i-- > 0;) {
		for (hash = 0; hash < (keys->is_legacy ? 2 : 1); hash++) {
			signing_hmac((enum signing_hash)hash,
			    &keys->keys[i].by_purpose[purpose][hash], message,
			    &mac);
			n = encoding_base64url_encode(mac.p, mac.n, text);
			if (is_equal(signature, text, n))
				found = (int)i;
		}
	}
	explicit_bzero(text, sizeof(text));
	return (found);
}

bool
signing_check_old_session(const struct django_keys *keys, struct slice json,
    struct slice given)
{
	char text[SIGNING_DIGEST_MAX * 2 + 1];
	struct signing_digest mac;
	size_t n;
	bool ok;

	if (!keys->is_legacy || keys->n == 0)
		return (false);
	signing_hmac(SIGNING_SHA1, &keys->keys[0].old_session, json, &mac);
	n = hex_encode(mac.p, mac.n, text);
	ok = is_equal(given, text, n);
	explicit_bzero(text, sizeof(text));
	return (ok);
}

int
signing_check_auth_hash(const struct django_keys *keys, struct slice password,
    struct slice given, bool sha1_only)
{
	char text[SIGNING_DIGEST_MAX * 2 + 1];
	struct signing_digest mac;
	int hash, found = -1;
	size_t i, n;

	for (i = keys->n; i-- > 0;) {
		for (hash = sha1_only ? SIGNING_SHA1 : SIGNING_SHA256;
		    hash < (keys->is_legacy ? 2 : 1); hash++) {
			signing_hmac((enum signing_hash)hash,
			    &keys->keys[i].auth[hash], password, &mac);
			n = hex_encode(mac.p, mac.n, text);
			if (is_equal(given, text, n))
				found = (int)i;
		}
	}
	explicit_bzero(text, sizeof(text));
	return (found);
}
