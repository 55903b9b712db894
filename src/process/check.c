/*
 * Checking a configuration. check_servers() uses the very code that the
 * daemon uses: the authorization's probe, and a store that connects.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "auth/auth.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "db/db_url.h"
#include "django/origin.h"
#include "process/check.h"
#include "process/embedded.h"
#include "process/listen.h"
#include "server/proxy.h"
#include "shm/region.h"
#include "store/redis_url.h"
#include "store/store.h"

#define WEAK_KEY	"django-insecure-"

static bool
check_urls(const struct conf *conf, struct buf *err)
{
	struct db_url db;
	struct redis_url redis;
	struct buf what = { NULL, 0, 0 };
	bool ok;

	memset(&db, 0, sizeof(db));
	memset(&redis, 0, sizeof(redis));
	if (!(ok = db_url_parse(conf->database_url, &db, &what)))
		buf_addf(err, "database_url: %s", buf_str(&what));
	else {
		db_url_fini(&db);
		if (strcmp(conf->redis_url, "embedded") != 0) {
			ok = redis_url_parse(conf->redis_url, &redis, &what);
			if (ok)
				redis_url_fini(&redis);
			else
				buf_addf(err, "redis_url: %s", buf_str(&what));
		}
	}
	buf_fini(&what);
	return (ok);
}

/* Each worker opens the file after it became the daemon's user; whoever checks
 * may be another, so only what is wrong for both is found here. */
static bool
check_audit_log(const struct conf *conf, struct buf *err)
{
	const char *path = conf->audit_log, *slash = strrchr(path, '/');
	char *folder;
	bool ok;

	if (*path == '\0')
		return (true);
	if (*path != '/') {
		buf_addf(err, "audit_log: %s: the path must begin with /",
		    path);
		return (false);
	}
	folder = xmemdup0(path, slash == path ? 1 : (size_t)(slash - path));
	ok = access(path, F_OK) == 0 ? access(path, W_OK) == 0 :
	    access(folder, W_OK | X_OK) == 0;
	if (!ok)
		buf_addf(err, "audit_log: %s: %s; the daemon's user must be "
		    "able to write there", path, strerror(errno));
	free(folder);
	return (ok);
}

bool
check_conf(const struct conf *conf, struct buf *err)
{
	return (listen_check(conf, err) && check_urls(conf, err) &&
	    check_audit_log(conf, err) &&
	    origin_check_conf(conf, err) &&
	    proxy_check_list(&conf->trusted_proxies, err));
}

static bool
starts_with(const char *text, const char *prefix)
{
	return (strncmp(text, prefix, strlen(prefix)) == 0);
}

/* Whether whoever is on the way to Redis could pretend to be it. */
static bool
redis_is_unverified(const struct conf *conf)
{
	struct redis_url url;
	struct buf err = { NULL, 0, 0 };
	bool yes = false;

	memset(&url, 0, sizeof(url));
	if (strcmp(conf->redis_url, "embedded") != 0 &&
	    redis_url_parse(conf->redis_url, &url, &err)) {
		yes = url.tls && !(url.tls_verify_set ? url.tls_verify :
		    conf->redis_tls_verify);
		redis_url_fini(&url);
	}
	buf_fini(&err);
	return (yes);
}

void
check_warn(const struct conf *conf)
{
	/* What django-admin startproject writes (Django 3.2 and later). */
	if (starts_with(conf->secret_key, WEAK_KEY))
		log_warn("the key of the site begins with \"" WEAK_KEY "\": "
		    "it is that of a new project and may be known to others");
	if (redis_is_unverified(conf))
		log_warn("the link to redis is encrypted, but its certificate "
		    "is not verified (redis_tls_verify)");
	if (conf->echo_room)
		log_warn("echo_room is on: anybody may connect to it");
}

static bool
check_database(const struct conf *conf)
{
	struct buf err = { NULL, 0, 0 };
	bool ok = auth_probe(conf, &err);

	if (ok)
		(void)printf("database: ok\n");
	else
		(void)printf("database: FAILED\n%s\n", buf_str(&err));
	buf_fini(&err);
	return (ok);
}

struct redis_check {
	struct event_base *base;
	bool		   is_up;
};

static void
on_up(bool fresh_identity, void *arg)
{
	struct redis_check *check = arg;

	(void)fresh_identity;
	check->is_up = true;
	event_base_loopbreak(check->base);
}

static void
on_down(void *arg)
{
	(void)arg;
}

static void
on_message(const struct store_message *msg, void *arg)
{
	(void)msg;
	(void)arg;
}

static void
on_orphan(const char *worker_id, void *arg)
{
	(void)worker_id;
	(void)arg;
}

static const struct store_hooks hooks = {
	.on_up = on_up, .on_down = on_down, .on_message = on_message,
	.on_orphan = on_orphan,
};

static void
on_resigned(void *arg)
{
	struct redis_check *check = arg;

	event_base_loopbreak(check->base);
}

/* Connects as a worker does, and leaves at once. */
static bool
ask_redis(const struct conf *conf, const char *url)
{
	struct shm_geometry geometry = { 64, 1, 1 };
	struct redis_check check = { event_base_new(), false };
	struct shm *shm = shm_new(&geometry);
	struct timeval tv;
	struct store *store;
	int slot;

	ASSERT(check.base != NULL && shm != NULL);
	slot = shm_slot_claim(shm);
	store = store_new(conf, url, check.base, shm, slot, &hooks, &check);
	tv.tv_sec = conf->redis_socket_timeout_ms / 1000 + 1;
	tv.tv_usec = 0;
	if (store != NULL) {
		event_base_loopexit(check.base, &tv);
		(void)event_base_dispatch(check.base);
		if (check.is_up) {
			store_resign(store, 1, on_resigned, &check);
			(void)event_base_dispatch(check.base);
		}
		store_free(store);
	}
	event_base_free(check.base);
	shm_free(shm);
	return (check.is_up);
}

static bool
check_redis(const struct conf *conf)
{
	struct buf err = { NULL, 0, 0 };
	struct embedded *embedded;
	bool ok;

	if (strcmp(conf->redis_url, "embedded") != 0) {
		ok = ask_redis(conf, conf->redis_url);
		(void)printf(ok ? "redis: ok\n" : "redis: FAILED\nIt did not "
		    "answer as it should; the lines above say why. Check "
		    "redis_url, and that Redis runs and accepts this "
		    "machine.\n");
		return (ok);
	}
	/* The daemon may run, and have its folder. */
	embedded = embedded_start(conf, false, &err);
	ok = embedded != NULL && ask_redis(conf, embedded_url(embedded));
	embedded_stop(embedded);
	if (ok)
		(void)printf("redis: ok (embedded)\n");
	else
		(void)printf("redis: FAILED\n%s\n", buf_str(&err));
	buf_fini(&err);
	return (ok);
}

bool
check_servers(const struct conf *conf)
{
	bool database = check_database(conf);
	bool redis = check_redis(conf);

	return (database && redis);
}
