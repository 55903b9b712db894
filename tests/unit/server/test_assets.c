/*
 * The browser client's files as they are in the program: the two codings hold
 * the same, names and tags say what they stand for; and the answers to
 * requests for them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <zlib.h>

#include <cmocka.h>

#include "server/assets.h"

#define HASH_DIGITS	8

/* The first digits of the SHA-256. */
static void
digest(struct slice bytes, char out[HASH_DIGITS + 1])
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	size_t i;

	assert_int_equal(EVP_Digest(bytes.p, bytes.n, sum, NULL, EVP_sha256(),
	    NULL), 1);
	for (i = 0; i < HASH_DIGITS / 2; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", sum[i]);
}

static void
assert_unzips_to(struct slice gzip, struct slice plain)
{
	z_stream z;
	char *out = malloc(plain.n + 1);

	memset(&z, 0, sizeof(z));
	z.next_in = (Bytef *)(uintptr_t)gzip.p;
	z.avail_in = (uInt)gzip.n;
	z.next_out = (Bytef *)out;
	z.avail_out = (uInt)plain.n + 1;
	assert_int_equal(inflateInit2(&z, 16 + MAX_WBITS), Z_OK);
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.avail_in, 0);
	assert_int_equal(z.total_out, plain.n);
	assert_memory_equal(out, plain.p, plain.n);
	inflateEnd(&z);
	free(out);
}

static void
assert_is_etag(const char *etag)
{
	size_t n = strlen(etag);

	assert_true(n > 2 && etag[0] == '"' && etag[n - 1] == '"');
	assert_int_equal(strcspn(etag + 1, "\""), n - 2);
}

static void
test_table(void **state)
{
	const struct asset *a;
	char hash[HASH_DIGITS + 1];
	size_t i, j;

	(void)state;
	assert_true(assets_n >= 3);
	for (i = 0; i < assets_n; i++) {
		a = &assets[i];
		assert_ptr_equal(assets_find(slice_of(a->name)), a);
		assert_null(strchr(a->name, '/'));
		digest(a->plain.bytes, hash);
		assert_int_equal(strstr(a->name, hash) != NULL,
		    a->is_immutable);
		assert_unzips_to(a->gzip.bytes, a->plain.bytes);
		assert_is_etag(a->plain.etag);
		assert_is_etag(a->gzip.etag);
		assert_string_not_equal(a->plain.etag, a->gzip.etag);
		for (j = 0; j < i; j++)
			assert_string_not_equal(a->name, assets[j].name);
	}
}

static void
test_script(void **state)
{
	const struct asset *a = assets_find(SLICE_LIT("client.js"));
	const struct asset *other;
	char hash[HASH_DIGITS + 1], name[64];

	(void)state;
	assert_non_null(a);
	assert_false(a->is_immutable);
	digest(a->plain.bytes, hash);
	(void)snprintf(name, sizeof(name), "client.%s.js", hash);
	other = assets_find(slice_of(name));
	assert_non_null(other);
	assert_ptr_equal(other->plain.bytes.p, a->plain.bytes.p);
	assert_null(assets_find(SLICE_LIT("client.j")));
	assert_null(assets_find(SLICE_LIT("client.jsx")));
	assert_null(assets_find(SLICE_LIT("")));
	assert_null(assets_find((struct slice){ NULL, 0 }));
}

/* --- answers, of files that are made up --- */

static const struct asset script = {
	"s.js", "text/javascript", { { "plain", 5 }, "\"p\"" },
	{ { "gz", 2 }, "\"z\"" }, false
};
static const struct asset style = {
	"s.css", "text/css", { { "plain", 5 }, "\"p\"" },
	{ { "gz", 2 }, "\"z\"" }, true
};

#define KEEP	"Cache-Control: public, max-age=31536000, immutable\r\n"
#define ASK	"Cache-Control: no-cache\r\n"
#define TAIL	"Vary: Accept-Encoding\r\nX-Content-Type-Options: nosniff\r\n"
#define OK	"HTTP/1.1 200 OK\r\nConnection: close\r\n"
#define SAME	"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n"

static const struct {
	const struct asset *asset;
	const char	*request;	/* method and header lines */
	const char	*head;
	const char	*body;
} answers[] = {
	{ &script, "GET / HTTP/1.1\r\n",
	    OK ASK "Content-Length: 5\r\nContent-Type: text/javascript\r\n"
	    "ETag: \"p\"\r\n" TAIL "\r\n", "plain" },
	{ &script, "GET / HTTP/1.1\r\nAccept-Encoding: br, gzip\r\n",
	    OK ASK "Content-Length: 2\r\nContent-Type: text/javascript\r\n"
	    "ETag: \"z\"\r\n" TAIL "Content-Encoding: gzip\r\n\r\n", "gz" },
	{ &style, "GET / HTTP/1.1\r\nAccept-Encoding: gzip;q=0\r\n",
	    OK KEEP "Content-Length: 5\r\nContent-Type: text/css\r\n"
	    "ETag: \"p\"\r\n" TAIL "\r\n", "plain" },
	{ &style, "HEAD / HTTP/1.1\r\nAccept-Encoding: gzip\r\n",
	    OK KEEP "Content-Length: 2\r\nContent-Type: text/css\r\n"
	    "ETag: \"z\"\r\n" TAIL "Content-Encoding: gzip\r\n\r\n", "" },
	{ &script, "GET / HTTP/1.1\r\nIf-None-Match: \"p\"\r\n",
	    SAME ASK "ETag: \"p\"\r\n" TAIL "\r\n", "" },
	{ &style, "HEAD / HTTP/1.1\r\nIf-None-Match: W/\"z\"\r\n"
	    "Accept-Encoding: gzip\r\n",
	    SAME KEEP "ETag: \"z\"\r\n" TAIL "\r\n", "" },
	/* The tag of the other coding is not what would be sent. */
	{ &script, "GET / HTTP/1.1\r\nIf-None-Match: \"z\"\r\n",
	    OK ASK "Content-Length: 5\r\nContent-Type: text/javascript\r\n"
	    "ETag: \"p\"\r\n" TAIL "\r\n", "plain" },
};

static void
test_answers(void **state)
{
	struct buf b = { NULL, 0, 0 };
	struct reqhead head;
	struct slice body;
	char text[256];
	size_t i, used;
	int n, status;

	(void)state;
	for (i = 0; i < COUNT_OF(answers); i++) {
		n = snprintf(text, sizeof(text), "%sHost: h\r\n\r\n",
		    answers[i].request);
		assert_int_equal(reqhead_parse(text, (size_t)n, &used, &head),
		    0);
		buf_reset(&b);
		status = asset_answer_add(&b, answers[i].asset, &head, &body);
		assert_string_equal(buf_str(&b), answers[i].head);
		assert_int_equal(status, atoi(answers[i].head + 9));
		assert_int_equal(body.n, strlen(answers[i].body));
		assert_memory_equal(body.p, answers[i].body, body.n);
	}
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_script),
		cmocka_unit_test(test_answers),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
