/*
 * Django's signatures (django.core.signing and salted_hmac of 2.2 to 6.1):
 * HMAC keyed with a hash of a salt and SECRET_KEY. The only file of this layer
 * that knows OpenSSL.
 *
 * A struct django_keys is made once from the configuration and never changes.
 * It holds the derived keys, not SECRET_KEY itself, and free wipes them. Any
 * thread; may be shared.
 */
#ifndef COLLABD_DJANGO_SIGNING_H
#define COLLABD_DJANGO_SIGNING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compat.h"
#include "base/conf.h"
#include "base/slice.h"

#define SIGNING_DIGEST_MAX	32	/* bytes: SHA-256 */

enum signing_hash { SIGNING_SHA256, SIGNING_SHA1 };

/* What was signed; each has its own salt. */
enum signing_purpose {
	SIGNING_SESSION,	/* django_session.session_data */
	SIGNING_COOKIE,		/* the cookie of signed_cookies sessions */
};

struct signing_digest {
	unsigned char	p[SIGNING_DIGEST_MAX];
	size_t		n;	/* 32, or 20 for SHA-1 */
};

struct django_keys;

/*
 * Takes secret_key, secret_key_fallbacks, django_legacy, session_engine and
 * session_salt from conf, which may go away afterwards. Never NULL. The rules
 * are those of Django's HTTP side (not of channels): since 4.1 fallbacks count
 * for signatures, since 4.1.8 for the hash in the session too; with
 * django_legacy they do not, and SHA-1 counts beside SHA-256.
 */
struct django_keys *django_keys_new(const struct conf *conf) MUSTCHECK;
/* Wipes and frees; NULL is allowed. */
void	 django_keys_free(struct django_keys *keys);
/* Whether the rules of Django 3.1 and 3.2 hold. */
bool	 django_keys_is_legacy(const struct django_keys *keys);

/*
 * Which key (0 is SECRET_KEY, 1 the first fallback) made the base64 signature
 * of message; -1 if none. The texts are compared, in constant time.
 */
int	 signing_check(const struct django_keys *keys,
	    enum signing_purpose purpose, struct slice message,
	    struct slice signature) MUSTCHECK;
/*
 * Whether hash (40 hexadecimal digits) signs json as sessions before Django
 * 3.1 did. Always false without django_legacy.
 */
bool	 signing_check_old_session(const struct django_keys *keys,
	    struct slice json, struct slice hash) MUSTCHECK;
/*
 * Which key made hash, the lower-case hexadecimal of
 * AbstractBaseUser.get_session_auth_hash(), over the password column; -1 if
 * none. sha1_only is for a session in the form before Django 3.1: whoever
 * writes that form writes SHA-1 hashes and takes no others.
 */
int	 signing_check_auth_hash(const struct django_keys *keys,
	    struct slice password, struct slice hash, bool sha1_only)
	    MUSTCHECK;

/*
 * The two steps below all of the above, for tests: the key derived from a salt
 * and a secret, and the HMAC made with it.
 */
void	 signing_derive(enum signing_hash hash, const char *salt,
	    struct slice secret, struct signing_digest *out);
void	 signing_hmac(enum signing_hash hash, const struct signing_digest *key,
	    struct slice message, struct signing_digest *out);

#endif
