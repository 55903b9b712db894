/*
 * The request head: the outcome does not depend on how the bytes were cut, all
 * slices lie within the head, and what is accepted keeps the promises of
 * reqhead.h. The first byte seeds the cuts.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "proto/handshake.h"
#include "proto/reqhead.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check_slice(struct slice s, const char *p, size_t used)
{
	size_t i;

	if (s.p == NULL) {
		ASSERT(s.n == 0);
		return;
	}
	ASSERT(s.p >= p && s.n <= used && (size_t)(s.p - p) <= used - s.n);
	for (i = 0; i < s.n; i++)
		ASSERT(s.p[i] != '\r' && s.p[i] != '\n' && s.p[i] != '\0');
}

static void
check_head(const struct reqhead *h, const char *p, size_t used)
{
	const struct slice *slices[] = { &h->method, &h->target, &h->path,
	    &h->host, &h->origin, &h->cookie, &h->upgrade, &h->connection,
	    &h->ws_version, &h->ws_key, &h->ws_protocol, &h->forwarded_for,
	    &h->forwarded_proto, &h->transfer_encoding };
	size_t i;

	ASSERT(used <= REQHEAD_BYTES_MAX);
	ASSERT(used >= 4 && memcmp(p + used - 4, "\r\n\r\n", 4) == 0);
	for (i = 0; i < COUNT_OF(slices); i++)
		check_slice(*slices[i], p, used);
	ASSERT(h->method.n != 0 && h->target.p[0] == '/');
	ASSERT(h->path.n <= h->target.n && h->path.p == h->target.p);
	ASSERT(h->minor == 0 || h->host.n != 0);
	ASSERT(h->content_length >= REQHEAD_NO_LENGTH);
	ASSERT((h->n_origins == 0) == (h->origin.p == NULL));
	ASSERT(h->n_cookies == (h->cookie.p != NULL));
}

static void
check_handshake(const struct reqhead *h)
{
	struct buf b = { NULL, 0, 0 };
	int status = handshake_check(h);

	ASSERT(status == 101 || status == 400 || status == 405 ||
	    status == 426);
	(void)handshake_offers(h, HANDSHAKE_SUBPROTOCOL);
	if (status == 101) {
		ASSERT(handshake_is_upgrade(h));
		handshake_response_add(&b, h, NULL);
		ASSERT(b.n != 0);
		buf_fini(&b);
	}
}

/* The same bytes in pieces, from a block that ends where the piece ends. */
static int
parse_pieces(const char *p, size_t n, unsigned seed, size_t *used)
{
	struct reqhead_scan scan;
	struct reqhead h;
	int status = -1;
	size_t k = 0;
	char *copy;

	memset(&scan, 0, sizeof(scan));
	while (status == -1 && k < n) {
		seed = seed * 1103515245 + 12345;
		k += 1 + (seed >> 16) % (seed & 0x8000000 ? 200 : 3);
		if (k > n)
			k = n;
		copy = malloc(k);
		memcpy(copy, p, k);
		status = reqhead_parse_more(&scan, copy, k, used, &h);
		free(copy);
	}
	return (status);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *p = (const char *)data + 1;
	struct reqhead h;
	size_t used = 0, pieces_used = 0;
	int status;

	if (n < 2)
		return (0);
	n--;
	status = reqhead_parse(p, n, &used, &h);
	ASSERT(status == -1 || status == 0 || status == 400 || status == 414 ||
	    status == 431 || status == 505);
	ASSERT(parse_pieces(p, n, data[0], &pieces_used) == status);
	if (status == 0) {
		ASSERT(used == pieces_used && used <= n);
		check_head(&h, p, used);
		check_handshake(&h);
	}
	return (0);
}
