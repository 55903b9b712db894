/*
 * The last step of a check: what the row says about the room. Called by
 * lookup.c and chunk.c on authorization threads, so that a handshake and a
 * re-check can never disagree. Django's own rules are in django/user.c; only
 * the permission of the room is decided here.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "auth/verdict.h"
#include "base/utf8.h"
#include "base/xmalloc.h"
#include "django/user.h"

static bool
is_text(struct slice s)
{
	return (s.n == 0 || (memchr(s.p, '\0', s.n) == NULL &&
	    utf8_is_valid(s.p, s.n)));
}

bool
question_init(struct auth_question *question, const struct auth_query *query)
{
	char *c;

	if (!is_text(query->app_label) || !is_text(query->model))
		return (false);
	question->is_edit = query->app_label.p != NULL ||
	    query->model.p != NULL;
	question->app_label = xmemdup0(query->app_label.p, query->app_label.n);
	question->model = xmemdup0(query->model.p, query->model.n);
	/* Codenames hold the model's name in lower case. */
	for (c = question->model; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	return (true);
}

void
question_fini(struct auth_question *question)
{
	free(question->app_label);
	free(question->model);
	question->app_label = NULL;
	question->model = NULL;
}

bool
question_equals(const struct auth_question *a, const struct auth_question *b)
{
	return (a->is_edit == b->is_edit &&
	    strcmp(a->app_label, b->app_label) == 0 &&
	    strcmp(a->model, b->model) == 0);
}

bool
question_needs_permission(const struct auth_question *question,
    const struct conf *conf)
{
	return (question->is_edit && conf->permission == PERMISSION_MODEL);
}

void
verdict_deny(enum django_reason reason, struct auth_result *out)
{
	memset(out, 0, sizeof(*out));
	out->verdict = AUTH_DENIED;
	out->reason = django_reason_text(reason);
}

void
verdict_fail(enum db_status status, struct auth_result *out)
{
	static const char *const reasons[] = {
		[DB_FAULT] = "database misconfigured",
		[DB_DOWN] = "database unavailable",
		[DB_TIMEOUT] = "timed out",
		[DB_CANCELLED] = "cancelled",
	};

	if (status == DB_BAD_VALUE) {
		verdict_deny(DJANGO_BAD_USER_ID, out);
		return;
	}
	memset(out, 0, sizeof(*out));
	out->verdict = AUTH_UNAVAILABLE;
	out->reason = reasons[status];
}

/* Backend, activity, hash, staff. */
static enum django_reason
decide_user(const struct auth_source *source,
    const struct session_claims *claims, const struct slice *cols)
{
	struct django_user user;

	if (cols == NULL)
		return (user_decide(source->keys, source->conf, claims, NULL));
	if (cols[USER_PASSWORD].p == NULL)
		return (DJANGO_BAD_HASH);
	user.password = cols[USER_PASSWORD];
	user.is_active = query_col_is_true(cols[USER_IS_ACTIVE]);
	user.is_staff = query_col_is_true(cols[USER_IS_STAFF]);
	user.is_superuser = query_col_is_true(cols[USER_IS_SUPERUSER]);
	return (user_decide(source->keys, source->conf, claims, &user));
}

void
verdict_decide(const struct auth_source *source,
    const struct session_claims *claims, const struct auth_question *question,
    const struct slice *cols, struct auth_result *out)
{
	enum django_reason reason = decide_user(source, claims, cols);
	enum query_right right;

	if (reason != DJANGO_OK || cols == NULL) {
		verdict_deny(reason, out);
		return;
	}
	memset(out, 0, sizeof(*out));
	out->may_view = true;
	out->may_change = true;
	if (question_needs_permission(question, source->conf)) {
		right = query_col_right(cols[USER_RIGHT]);
		out->may_view = right != RIGHT_NONE;
		out->may_change = right == RIGHT_CHANGE;
	}
	out->may_take_over = out->may_change &&
	    query_col_is_true(cols[USER_MAY_TAKE_OVER]);
	if (!out->may_view && !out->may_change) {
		verdict_deny(DJANGO_NO_PERMISSION, out);
		return;
	}
	out->verdict = AUTH_ALLOWED;
	out->reason = django_reason_text(DJANGO_OK);
	out->user = identity_new(source->conf, cols[USER_ID],
	    cols[USER_USERNAME], cols[USER_NAME], cols[USER_EMAIL],
	    cols[USER_AVATAR], query_col_is_true(cols[USER_IS_SUPERUSER]));
}
