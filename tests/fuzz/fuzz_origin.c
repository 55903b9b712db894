/*
 * The Origin check. The input is four lines: Origin, Host, allowed_hosts,
 * allowed_origins; the first byte holds the flags. Whatever they are, a yes of
 * origin = strict must be one that a simple comparison of texts gives too, or
 * come from the list.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xmalloc.h"
#include "django/origin.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PARTS	4

/* Cuts the default port off, and leading noughts, which mean nothing. */
static void
normalize(char *text, bool is_https)
{
	char *colon = strrchr(text, ':');
	long port;

	if (colon == NULL || strchr(colon, ']') != NULL)
		return;
	port = strtol(colon + 1, NULL, 10);
	*colon = '\0';
	if (port != (is_https ? 443 : 80))
		(void)sprintf(colon, ":%ld", port);
}

static void
check_same(const char *origin, const char *host, bool secure)
{
	size_t skip = secure ? LITLEN("https://") : LITLEN("http://");
	char *a, *b;

	ASSERT(strncasecmp(origin, secure ? "https://" : "http://", skip) == 0);
	a = xstrdup(origin + skip);
	b = xstrdup(host);
	normalize(a, secure);
	normalize(b, secure);
	ASSERT(strcasecmp(a, b) == 0);
	free(a);
	free(b);
}

static bool
is_yes(const char *reason)
{
	return (strcmp(reason, "same origin") == 0 ||
	    strcmp(reason, "trusted origin") == 0 ||
	    strcmp(reason, "allowed") == 0 || strcmp(reason, "wildcard") == 0);
}

static void
check(struct conf *conf, char *parts[PARTS], unsigned flags)
{
	struct origin_request request = {
		.origin = slice_of(parts[0]),
		.n_origins = flags >> 2 & 3,
		.host = slice_of(parts[1]),
		.secure = (flags & 2) != 0,
	};
	const char *reason = NULL;
	bool ok;

	ok = origin_is_allowed(conf, &request, &reason);
	ASSERT(reason != NULL && ok == is_yes(reason));
	if (!ok)
		return;
	ASSERT(request.n_origins < 2);
	if (strcmp(reason, "same origin") == 0)
		check_same(parts[0], parts[1], request.secure);
	if (strcmp(reason, "trusted origin") == 0)
		ASSERT(conf->allowed_origins.n > 0);
	if (strcmp(reason, "wildcard") == 0)
		ASSERT(conf->origin == ORIGIN_CHANNELS &&
		    strchr(parts[2], '*') != NULL);
	else {
		ASSERT(request.n_origins == 1);
		ASSERT(strpbrk(parts[0], " @\\?#,\t\n") == NULL);
		ASSERT(strlen(parts[0]) <= ORIGIN_MAX);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf err = { NULL, 0, 0 };
	char *parts[PARTS], *text, *rest;
	struct conf conf;
	int i;

	if (size == 0)
		return (0);
	text = xmemdup0(data + 1, size - 1);
	rest = text;
	/* Copies of their own, for AddressSanitizer. */
	for (i = 0; i < PARTS; i++) {
		const char *part = rest == NULL ? "" : strsep(&rest, "\n");

		parts[i] = xstrdup(part);
	}
	conf_init(&conf);
	conf.origin = data[0] & 1;
	ASSERT(conf_set(&conf, "allowed_hosts", parts[2], &err));
	ASSERT(conf_set(&conf, "allowed_origins", parts[3], &err));
	check(&conf, parts, data[0]);
	ASSERT(origin_check_conf(&conf, &err) == (err.n == 0));
	conf_fini(&conf);
	for (i = 0; i < PARTS; i++)
		free(parts[i]);
	free(text);
	buf_fini(&err);
	return (0);
}
