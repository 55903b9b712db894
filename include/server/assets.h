/*
 * The browser client's files, which are part of the program: the script, its
 * style sheet and its languages, each plain and gzipped. The table is made by
 * src/browser/bundle.sh when the daemon is built; no disk is touched. Nothing
 * here knows who asks: the files are the same for everybody. Any thread.
 */
#ifndef COLLABD_SERVER_ASSETS_H
#define COLLABD_SERVER_ASSETS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/slice.h"
#include "proto/reqhead.h"

/* A file in one content coding. */
struct asset_coding {
	struct slice	 bytes;
	const char	*etag;		/* with its quotes; strong */
};

struct asset {
	const char	*name;		/* below the prefix, without a slash */
	const char	*type;		/* Content-Type */
	struct asset_coding plain;
	struct asset_coding gzip;
	bool		 is_immutable;	/* its name has a hash of its bytes */
};

extern const struct asset assets[];
extern const size_t assets_n;

/* The file of that name, or NULL. */
const struct asset *assets_find(struct slice name) MUSTCHECK;
/*
 * Answers a GET or HEAD: appends the head of the response to b and returns its
 * status, 200 or 304. *body is what follows it: bytes that live as long as the
 * program, or none (n is 0) with HEAD and 304.
 */
int	asset_answer_add(struct buf *b, const struct asset *asset,
	    const struct reqhead *head, struct slice *body);

#endif
