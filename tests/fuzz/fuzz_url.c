/*
 * Database and Redis URLs. Besides not crashing: a complaint never holds what
 * the text held (a marker is put in at a place that the first two bytes
 * choose), and what is taken is complete and within its bounds.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/url.h"
#include "base/xmalloc.h"
#include "db/db_url.h"
#include "store/redis_url.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MARKER	"zQ7xK9wV"

static void
check_err(struct buf *err, bool ok)
{
	ASSERT(ok == (err->n == 0));
	ASSERT(strstr(buf_str(err), MARKER) == NULL);
	buf_reset(err);
}

static void
try_db(const char *text, struct buf *err)
{
	struct db_url url;
	const char *mode;
	bool ok = db_url_parse(text, &url, err);
	size_t i, k;

	check_err(err, ok);
	if (!ok)
		return;
	if (url.is_sqlite) {
		ASSERT(url.sqlite_path != NULL && *url.sqlite_path != '\0');
		db_url_fini(&url);
		return;
	}
	ASSERT(url.dbname != NULL && *url.dbname != '\0');
	ASSERT(url.n <= DB_URL_PARAMS_MAX && url.keywords[url.n] == NULL);
	for (i = 0; i < url.n; i++) {
		ASSERT(url.values[i] != NULL && *url.values[i] != '\0');
		for (k = 0; k < i; k++)
			ASSERT(strcmp(url.keywords[i], url.keywords[k]) != 0);
	}
	ASSERT(url.host == NULL || strchr(url.host, ',') == NULL ||
	    *url.host == '/' || *url.host == '@');
	ASSERT(url.port == NULL || (atoi(url.port) > 0 &&
	    atoi(url.port) <= 65535));
	/* Never plain text over a network that nobody asked for. */
	mode = db_url_get(&url, "sslmode");
	ASSERT(mode != NULL);
	ASSERT(url.is_local || (strcmp(mode, "prefer") != 0 &&
	    strcmp(mode, "allow") != 0));
	ASSERT(strcmp(db_url_get(&url, "passfile"), "/dev/null") == 0);
	db_url_fini(&url);
}

static void
try_redis(const char *text, struct buf *err)
{
	struct redis_url url;
	bool ok = redis_url_parse(text, &url, err);

	check_err(err, ok);
	if (!ok)
		return;
	ASSERT((url.host == NULL) != (url.unix_path == NULL));
	ASSERT(url.host == NULL || (*url.host != '\0' && url.port >= 1 &&
	    url.port <= 65535));
	ASSERT(url.unix_path == NULL || (*url.unix_path == '/' && !url.tls));
	ASSERT(url.db >= 0);
	ASSERT(url.tls_verify || url.tls_verify_set);
	ASSERT(url.tls_hostname || url.tls_hostname_set);
	redis_url_fini(&url);
}

static void
try_url(const char *text, struct buf *err)
{
	struct url url;
	bool ok = url_parse(text, &url, err);

	check_err(err, ok);
	if (!ok)
		return;
	ASSERT(url_has_scheme(text));
	ASSERT(url.scheme != NULL && url.path != NULL);
	ASSERT(*url.path == '\0' || *url.path == '/');
	ASSERT(url.port >= -1 && url.port <= 65535);
	url_fini(&url);
}

static void
try_all(const char *text, struct buf *err)
{
	try_url(text, err);
	try_db(text, err);
	try_redis(text, err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf err = { NULL, 0, 0 }, text = { NULL, 0, 0 };
	size_t n, at;
	char *copy;

	if (size < 2)
		return (0);
	n = size - 2;
	at = (data[0] | (size_t)data[1] << 8) % (n + 1);
	copy = xmemdup0(data + 2, n);
	try_all(copy, &err);
	buf_add(&text, copy, at);
	buf_add_str(&text, MARKER);
	buf_add(&text, copy + at, n - at);
	try_all(buf_str(&text), &err);
	free(copy);
	buf_fini(&text);
	buf_fini(&err);
	return (0);
}
