/*
 * Health and metrics. What is down is said in words that an operator greps
 * for; nothing of the configuration is.
 */
#include "base/json.h"
#include "proto/http.h"
#include "server/ops.h"
#include "shm/counters.h"

static const char *
word(bool is_up)
{
	return (is_up ? "up" : "down");
}

int
ops_add_health(struct buf *b, bool database_is_up, const char *redis_reason,
    bool is_draining, bool head_only)
{
	bool ok = database_is_up && redis_reason == NULL && !is_draining;
	struct buf body = { NULL, 0, 0 };
	int status = ok ? 200 : 503;

	buf_addf(&body, "{\"status\":\"%s\",\"database\":\"%s\","
	    "\"redis\":\"%s\"", ok ? "ok" : is_draining ? "draining" :
	    "unavailable", word(database_is_up), word(redis_reason == NULL));
	if (redis_reason != NULL) {
		buf_add_char(&body, ',');
		json_add_pair(&body, "redis_reason", redis_reason);
	}
	buf_add_str(&body, "}\n");
	http_response_add(b, status, NULL, "application/json", body.p, body.n,
	    head_only);
	buf_fini(&body);
	return (status);
}

void
ops_add_metrics(struct buf *b, const struct shm *shm, bool head_only)
{
	struct buf body = { NULL, 0, 0 };

	counters_render(shm, &body);
	http_response_add(b, 200, NULL, "text/plain; version=0.0.4", body.p,
	    body.n, head_only);
	buf_fini(&body);
}
