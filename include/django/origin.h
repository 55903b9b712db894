/*
 * Whether a handshake may come from the page it comes from: the Origin header
 * against the site. Websockets are not subject to CORS, so this is all that
 * keeps a foreign page from using a visitor's cookie. Pure; any thread.
 *
 * An Origin is http or https, a host and perhaps a port, nothing else, at most
 * ORIGIN_MAX bytes; everything else is malformed.
 *   origin = strict    the Origin is the very scheme, host and port that were
 *                      asked for, and the host is in allowed_hosts; or the
 *                      Origin is in allowed_origins, which has the syntax of
 *                      Django 4's CSRF_TRUSTED_ORIGINS.
 *   origin = channels  the Origin's host is in allowed_hosts, whatever scheme
 *                      and port; "*" lets everything in, even no Origin
 *                      (AllowedHostsOriginValidator of channels 4).
 * An empty allowed_hosts stands for the Host that was asked for.
 */
#ifndef COLLABD_DJANGO_ORIGIN_H
#define COLLABD_DJANGO_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/conf.h"
#include "base/slice.h"

#define ORIGIN_MAX	300	/* bytes; a DNS name has at most 253 */

struct origin_request {
	struct slice	origin;		/* the (last) Origin header */
	unsigned	n_origins;	/* how many there were */
	struct slice	host;		/* the Host header */
	bool		secure;		/* https, as the browser sees it */
};

/*
 * The verdict; *reason is set either way: "same origin", "trusted origin",
 * "allowed", "wildcard", or "missing", "malformed", "more than one Origin
 * header", "not same origin", "not allowed". Static memory.
 */
bool	origin_is_allowed(const struct conf *conf,
	    const struct origin_request *request, const char **reason)
	    MUSTCHECK;
/*
 * Whether allowed_origins and allowed_hosts have entries that could never
 * match; false with a sentence in err. For the check of the configuration.
 */
bool	origin_check_conf(const struct conf *conf, struct buf *err) MUSTCHECK;

#endif
