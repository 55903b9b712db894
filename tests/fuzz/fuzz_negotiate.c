/*
 * What a request says of codings and of what it has already: never read beyond
 * the head, and never granted what does not stand in it. The input is header
 * lines; the rest of the request is put around them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/log.h"
#include "proto/http.h"
#include "proto/reqhead.h"

#define ETAG	"\"a1\""
#define START	"GET / HTTP/1.1\r\nHost: h\r\n"
#define LAST	"\r\nAccept-Encoding: gzip;q=0\r\n"				\
		"If-None-Match: \"x\", W/" ETAG
#define END	"\r\n\r\n"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static bool
has(struct slice lines, const char *word)
{
	size_t i, n = strlen(word);

	for (i = 0; i + n <= lines.n; i++) {
		if (strncasecmp(lines.p + i, word, n) == 0)
			return (true);
	}
	return (false);
}

static void
check(const struct reqhead *head)
{
	bool gzip = http_accepts_gzip(head);
	bool known = http_none_match(head, ETAG);

	ASSERT(!gzip || (has(head->headers, "Accept-Encoding:") &&
	    (has(head->headers, "gzip") || has(head->headers, "*"))));
	ASSERT(!known || (has(head->headers, "If-None-Match:") &&
	    (has(head->headers, ETAG) || has(head->headers, "*"))));
}

/* A last line that is clear decides, whatever stands before it. */
static void
check_last(const struct reqhead *head)
{
	ASSERT(!http_accepts_gzip(head));
	ASSERT(http_none_match(head, ETAG));
}

static void
try(const uint8_t *data, size_t n, const char *end,
    void (*check_head)(const struct reqhead *))
{
	struct reqhead head;
	size_t used, total = LITLEN(START) + n + strlen(end);
	/* Of exactly that size, so that ASan sees a read beyond it. */
	char *text = malloc(total);

	memcpy(text, START, LITLEN(START));
	memcpy(text + LITLEN(START), data, n);
	memcpy(text + LITLEN(START) + n, end, strlen(end));
	/* Within the fuzzer's bytes the head may have ended already. */
	if (reqhead_parse(text, total, &used, &head) == 0 && used == total)
		check_head(&head);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	try(data, n, END, check);
	try(data, n, LAST END, check_last);
	return (0);
}
