/*
 * Serving the browser client. Called by the server layer once the route is
 * known to be one of its files; decides from the request's head alone which
 * coding is wanted and whether the browser has it already. Files whose name
 * has a hash never change under it and are kept for a year, the longest that
 * caches honour; the script's plain name is asked for anew with every page,
 * which costs a 304.
 */
#include "proto/http.h"
#include "server/assets.h"

#define CACHE_FOR_EVER	"public, max-age=31536000, immutable"
#define CACHE_AND_ASK	"no-cache"

const struct asset *
assets_find(struct slice name)
{
	size_t i;

	for (i = 0; i < assets_n; i++) {
		if (slice_is(name, assets[i].name))
			return (&assets[i]);
	}
	return (NULL);
}

int
asset_answer_add(struct buf *b, const struct asset *asset,
    const struct reqhead *head, struct slice *body)
{
	bool gzip = http_accepts_gzip(head);
	const struct asset_coding *coding = gzip ? &asset->gzip : &asset->plain;
	bool is_known = http_none_match(head, coding->etag);
	struct buf extra = { NULL, 0, 0 };

	buf_addf(&extra, "ETag: %s\r\nVary: Accept-Encoding\r\n"
	    "X-Content-Type-Options: nosniff\r\n", coding->etag);
	if (gzip && !is_known)
		buf_add_str(&extra, "Content-Encoding: gzip\r\n");
	http_head_add(b, is_known ? 304 : 200,
	    asset->is_immutable ? CACHE_FOR_EVER : CACHE_AND_ASK,
	    buf_str(&extra), is_known ? NULL : asset->type,
	    is_known ? HTTP_NO_LENGTH : coding->bytes.n);
	buf_fini(&extra);
	*body = coding->bytes;
	if (is_known || slice_is(head->method, "HEAD"))
		body->n = 0;
	return (is_known ? 304 : 200);
}
