/*
 * SQL text from the configuration. Called when a pool or a probe starts; the
 * text is constant from then on. Pure. The shape of the user query is that of
 * Django's admin: ModelAdmin.has_view_permission and has_change_permission of
 * 3.2 to 6.1 look at content_type.app_label and codename only, so does this.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "auth/query.h"
#include "base/xmalloc.h"
#include "db/sql.h"
#include "django/session.h"

/* What a permission is known by: SQL of parameters, or of a list's columns. */
struct source {
	const char	*app;
	const char	*change;	/* its codename */
	const char	*either;	/* the same, and that of view */
};

#define CHANGE(model)	"'change_' || " model
#define EITHER(model)	CHANGE(model) ", 'view_' || " model
#define SOURCE(app, model)	{ app, CHANGE(model), EITHER(model) }

/* The ids of what is given to user u directly. */
static void
add_direct(struct buf *b, const struct conf *conf)
{
	buf_add_str(b, "SELECT ");
	sql_add_col(b, "up", conf->user_permissions_permission_column);
	buf_add_str(b, " FROM ");
	sql_add_table(b, conf, conf->user_permissions_table);
	buf_add_str(b, " up WHERE ");
	sql_add_col(b, "up", conf->user_permissions_user_column);
	buf_add_str(b, " = ");
	sql_add_col(b, "u", conf->user_id_column);
}

/* The ids of what is given to a group of user u. */
static void
add_by_group(struct buf *b, const struct conf *conf)
{
	buf_add_str(b, "SELECT gp.\"permission_id\" FROM ");
	sql_add_table(b, conf, conf->user_groups_table);
	buf_add_str(b, " ug JOIN ");
	sql_add_table(b, conf, "auth_group_permissions");
	buf_add_str(b, " gp ON gp.\"group_id\" = ");
	sql_add_col(b, "ug", conf->user_groups_group_column);
	buf_add_str(b, " WHERE ");
	sql_add_col(b, "ug", conf->user_groups_user_column);
	buf_add_str(b, " = ");
	sql_add_col(b, "u", conf->user_id_column);
}

/* A condition that nobody meets; but every parameter must be used. */
static void
add_nobody(struct buf *b, const char *app, const char *codenames)
{
	buf_addf(b, "(FALSE AND %s IN (%s))", app, codenames);
}

static bool
has_permissions(const struct conf *conf)
{
	return (*conf->user_permissions_table != '\0' ||
	    *conf->user_groups_table != '\0');
}

/* Those of the app's permissions that u has, as p. */
static void
add_from_permissions(struct buf *b, const struct conf *conf, const char *app,
    const char *codenames)
{
	bool direct = *conf->user_permissions_table != '\0';
	bool by_group = *conf->user_groups_table != '\0';

	buf_add_str(b, " FROM ");
	sql_add_table(b, conf, "auth_permission");
	buf_add_str(b, " p JOIN ");
	sql_add_table(b, conf, "django_content_type");
	buf_addf(b, " c ON c.\"id\" = p.\"content_type_id\" WHERE "
	    "c.\"app_label\" = %s AND p.\"codename\" IN (%s) AND "
	    "p.\"id\" IN (", app, codenames);
	if (direct)
		add_direct(b, conf);
	if (direct && by_group)
		buf_add_str(b, " UNION ALL ");
	if (by_group)
		add_by_group(b, conf);
	buf_add_char(b, ')');
}

/* Whether u has one of the app's permissions. */
static void
add_has_permission(struct buf *b, const struct conf *conf, const char *app,
    const char *codenames)
{
	if (!has_permissions(conf)) {
		add_nobody(b, app, codenames);
		return;
	}
	buf_add_str(b, "EXISTS (SELECT 1");
	add_from_permissions(b, conf, app, codenames);
	buf_add_char(b, ')');
}

/* enum query_right of u, as a number. One subquery says which of the two
 * permissions there are: a connection that serves one check plans it anew, and
 * two take PostgreSQL as long as all the rest. */
static void
add_right(struct buf *b, const struct conf *conf, const struct source *from)
{
	bool active = *conf->user_is_active_column != '\0';
	bool superuser = *conf->user_is_superuser_column != '\0';

	buf_add_str(b, ", ");
	if (active) {
		buf_add_str(b, "CASE WHEN ");
		sql_add_col(b, "u", conf->user_is_active_column);
		buf_add_str(b, " THEN ");
	}
	if (superuser) {
		buf_add_str(b, "CASE WHEN ");
		sql_add_col(b, "u", conf->user_is_superuser_column);
		buf_add_str(b, " THEN 2 ELSE ");
	}
	if (has_permissions(conf)) {
		buf_addf(b, "coalesce((SELECT max(CASE p.\"codename\" "
		    "WHEN %s THEN 2 ELSE 1 END)", from->change);
		add_from_permissions(b, conf, from->app, from->either);
		buf_add_str(b, "), 0)");
	} else {
		buf_add_str(b, "CASE WHEN ");
		add_nobody(b, from->app, from->either);
		buf_add_str(b, " THEN 1 ELSE 0 END");
	}
	buf_add_str(b, superuser ? " END" : "");
	buf_add_str(b, active ? " ELSE 0 END" : "");
}

/* by_permission false: superusers only. */
static void
add_may(struct buf *b, const struct conf *conf, const char *app,
    const char *codenames, bool by_permission)
{
	buf_add_str(b, ", (");
	if (*conf->user_is_active_column != '\0') {
		sql_add_col(b, "u", conf->user_is_active_column);
		buf_add_str(b, " AND ");
	}
	buf_add_char(b, '(');
	if (*conf->user_is_superuser_column != '\0') {
		sql_add_col(b, "u", conf->user_is_superuser_column);
		buf_add_str(b, " OR ");
	}
	if (by_permission)
		add_has_permission(b, conf, app, codenames);
	else
		add_nobody(b, app, codenames);
	buf_add_str(b, "))");
}

static void
add_take_over(struct buf *b, const struct conf *conf, enum db_dialect dialect)
{
	bool is_pg = dialect == DB_POSTGRES;

	add_may(b, conf, is_pg ? "$2" : "?2", is_pg ? "$3" : "?3",
	    *conf->take_over_permission != '\0');
}

/* All columns of enum query_user_col. from NULL: permissions not asked. */
static void
add_user_cols(struct buf *b, const struct conf *conf, enum db_dialect dialect,
    const struct source *from)
{
	sql_add_text_col(b, dialect, "u", conf->user_id_column);
	sql_add_user_col(b, conf->user_password_column, "NULL");
	sql_add_user_col(b, conf->user_is_active_column, "TRUE");
	sql_add_user_col(b, conf->user_is_staff_column, "FALSE");
	sql_add_user_col(b, conf->user_is_superuser_column, "FALSE");
	sql_add_user_col(b, conf->user_username_column, "NULL");
	buf_add_str(b, ", ");
	sql_add_user_name(b, conf, dialect);
	sql_add_user_col(b, conf->user_email_column, "NULL");
	sql_add_user_col(b, conf->avatar_field, "NULL");
	if (from == NULL)
		buf_add_str(b, ", 0");
	else
		add_right(b, conf, from);
	add_take_over(b, conf, dialect);
}

static char *
build_user(const struct conf *conf, enum db_dialect dialect,
    const struct source *from)
{
	struct buf b = { 0 };

	buf_add_str(&b, "SELECT ");
	add_user_cols(&b, conf, dialect, from);
	buf_add_str(&b, " FROM ");
	sql_add_table(&b, conf, conf->user_table);
	buf_add_str(&b, " u WHERE ");
	sql_add_col(&b, "u", conf->user_id_column);
	buf_add_str(&b, dialect == DB_POSTGRES ? " = $1" : " = ?1");
	return (buf_steal(&b));
}

/*
 * The rows of three lists side by side, joined with their users. PostgreSQL
 * compares the ids as text, which any key type has, and finds the rows by
 * $6, an array of the key's own type, with the primary key's index.
 */
static char *
build_batch_users(const struct conf *conf, enum db_dialect dialect)
{
	static const struct source pg = SOURCE("q.app", "q.model");
	static const struct source lite = SOURCE("a.value", "m.value");
	bool is_pg = dialect == DB_POSTGRES;
	struct buf b = { 0 };

	buf_add_str(&b, "SELECT ");
	add_user_cols(&b, conf, dialect,
	    conf->permission != PERMISSION_MODEL ? NULL : is_pg ? &pg : &lite);
	buf_add_str(&b, is_pg ?
	    ", q.n FROM unnest($1::text[], $4::text[], $5::text[]) "
	    "WITH ORDINALITY AS q(id, app, model, n) JOIN " :
	    ", q.key + 1 FROM json_each(?1) q "
	    "JOIN json_each(?4) a ON a.key = q.key "
	    "JOIN json_each(?5) m ON m.key = q.key JOIN ");
	sql_add_table(&b, conf, conf->user_table);
	buf_add_str(&b, " u ON ");
	sql_add_col(&b, "u", conf->user_id_column);
	if (is_pg) {
		buf_add_str(&b, "::text = q.id WHERE ");
		sql_add_col(&b, "u", conf->user_id_column);
		buf_add_str(&b, " = ANY($6)");
	} else
		buf_add_str(&b, " = q.value");
	return (buf_steal(&b));
}

/*
 * The data is cut one character behind the most that session_decode() reads,
 * so that a monster is refused without being sent. In SQLite expire_date is
 * text in UTC with or without a fraction, which sorts as time does.
 */
static void
add_session(struct buf *b, const struct conf *conf, enum db_dialect dialect)
{
	buf_addf(b, "%s(s.\"session_data\", %s%d) FROM ",
	    dialect == DB_POSTGRES ? "left" : "substr",
	    dialect == DB_POSTGRES ? "" : "1, ", SESSION_TEXT_MAX + 1);
	sql_add_table(b, conf, conf->session_table);
	buf_addf(b, " s WHERE s.\"expire_date\" > %s AND s.\"session_key\" ",
	    dialect == DB_POSTGRES ? "now()" :
	    "strftime('%Y-%m-%d %H:%M:%f', 'now')");
}

static char *
build_session(const struct conf *conf, enum db_dialect dialect)
{
	struct buf b = { 0 };

	buf_add_str(&b, "SELECT ");
	add_session(&b, conf, dialect);
	buf_add_str(&b, dialect == DB_POSTGRES ? "= $1" : "= ?1");
	return (buf_steal(&b));
}

static char *
build_batch_sessions(const struct conf *conf, enum db_dialect dialect)
{
	struct buf b = { 0 };

	buf_add_str(&b, "SELECT s.\"session_key\", ");
	add_session(&b, conf, dialect);
	buf_add_str(&b, dialect == DB_POSTGRES ? "= ANY($1)" :
	    "IN (SELECT value FROM json_each(?1))");
	return (buf_steal(&b));
}

/* "app_label.codename", as conf_finish() has seen it. */
static void
split_permission(struct query_set *set, const char *permission)
{
	size_t n = strcspn(permission, ".");

	set->take_app = xmemdup0(permission, n);
	set->take_codename = xstrdup(permission[n] == '\0' ? "" :
	    permission + n + 1);
}

void
query_set_init(struct query_set *set, const struct conf *conf,
    enum db_dialect dialect)
{
	static const struct source pg = SOURCE("$4", "$5::text");
	static const struct source lite = SOURCE("?4", "?5");

	set->dialect = dialect;
	set->id_type = (enum conf_id_type)conf->user_id_type;
	split_permission(set, conf->take_over_permission);
	set->session = build_session(conf, dialect);
	set->user = build_user(conf, dialect, NULL);
	set->user_permission = build_user(conf, dialect,
	    dialect == DB_POSTGRES ? &pg : &lite);
	set->batch_sessions = build_batch_sessions(conf, dialect);
	set->batch_users = build_batch_users(conf, dialect);
}

void
query_set_fini(struct query_set *set)
{
	free(set->take_app);
	free(set->take_codename);
	free(set->session);
	free(set->user);
	free(set->user_permission);
	free(set->batch_sessions);
	free(set->batch_users);
	memset(set, 0, sizeof(*set));
}

static void
add_param(struct db_request *request, const char *value)
{
	request->params[request->n_params++] = value;
}

void
query_ask_user(const struct query_set *set, const char *id,
    const char *app_label, const char *model, struct db_request *request)
{
	request->sql = app_label == NULL ? set->user : set->user_permission;
	request->n_params = 0;
	add_param(request, id);
	add_param(request, set->take_app);
	add_param(request, set->take_codename);
	if (app_label == NULL)
		return;
	add_param(request, app_label);
	add_param(request, model);
}

void
query_ask_users(const struct query_set *set, const char *ids,
    const char *app_labels, const char *models, struct db_request *request)
{
	query_ask_user(set, ids, app_labels, models, request);
	request->sql = set->batch_users;
	add_param(request, ids);
}

void
query_add_user_id(struct buf *b, const struct query_set *set, const char *id)
{
	if (set->id_type == USER_ID_INTEGER) {
		while (id[0] == '0' && id[1] != '\0')
			id++;
	}
	if (set->id_type != USER_ID_UUID) {
		buf_add_str(b, id);
		return;
	}
	for (; *id != '\0'; id++) {
		if (*id != '-' || set->dialect == DB_POSTGRES)
			buf_add_char(b, (char)tolower((unsigned char)*id));
	}
}

bool
query_col_is_true(struct slice col)
{
	return (slice_is(col, "t") || slice_is(col, "1"));
}

enum query_right
query_col_right(struct slice col)
{
	if (slice_is(col, "2"))
		return (RIGHT_CHANGE);
	return (slice_is(col, "1") ? RIGHT_VIEW : RIGHT_NONE);
}
