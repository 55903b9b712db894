/*
 * The check of the database for `collabd -t`: does everything that the
 * configuration names exist, and may we read it? Called by main before there
 * are workers or threads. Asks for each column by itself, so that each
 * complaint names one setting and says what to do; then runs the real queries,
 * for what no single column can tell.
 */
#include <stdlib.h>
#include <string.h>

#include "auth/auth.h"
#include "auth/source.h"
#include "base/clock.h"
#include "db/db.h"
#include "db/db_url.h"
#include "db/logquery.h"
#include "db/sql.h"

struct probe {
	const struct auth_source *source;
	const struct db_url *url;
	struct db	*db;
	struct buf	*err;
	bool		 is_ok;
	bool		 is_dead;	/* the connection is of no more use */
	bool		 knows_content_types;
	const char	*missing;	/* the table last found missing */
};

/* A column that a check reads, and the settings that name it and its table. */
struct want {
	const char	*table_setting;
	const char	*table;
	const char	*col_setting;	/* NULL: Django's own name */
	const char	*col;
};

static void
ignore_row(const struct slice *cols UNUSED, size_t n UNUSED, void *arg UNUSED)
{
}

static void
start_wait(const struct probe *p, struct db_wait *wait)
{
	memset(wait, 0, sizeof(*wait));
	wait->wake_fd = -1;
	wait->deadline_ms = clock_mono_ms() +
	    p->source->conf->auth_timeout_ms;
}

static enum db_status
run(const struct probe *p, struct db_request *request, struct db_error *error)
{
	struct db_wait wait;

	request->on_row = ignore_row;
	start_wait(p, &wait);
	return (db_query(p->db, request, &wait, error));
}

/* Begins a complaint of one line; the caller adds the rest. */
static struct buf *
complain(struct probe *p, const char *setting)
{
	p->is_ok = false;
	if (p->err->n != 0)
		buf_add_char(p->err, '\n');
	buf_addf(p->err, "%s: ", setting);
	return (p->err);
}

/* What only saves need can be done without. */
static void
add_way_out(struct buf *b, const struct want *w)
{
	if (strcmp(w->table_setting, "admin_log_table") == 0)
		buf_add_str(b, ", or set save_poll_interval to 0 to do "
		    "without it");
}

static void
complain_table(struct probe *p, const struct want *w)
{
	const struct conf *conf = p->source->conf;
	struct buf *b = complain(p, w->table_setting);

	buf_add_str(b, "there is no table ");
	sql_add_table(b, conf, w->table);
	if (strcmp(w->table_setting, "database_schema") == 0)
		buf_add_str(b, ", which Django's auth application has");
	buf_addf(b, "; run \"manage.py migrate\" if the site is new, else "
	    "set %s%s to where Django keeps it", w->table_setting,
	    strcmp(w->table_setting, "database_schema") == 0 ? "" :
	    " (and database_schema)");
	add_way_out(b, w);
}

static void
complain_column(struct probe *p, const struct want *w)
{
	struct buf *b = complain(p,
	    w->col_setting == NULL ? w->table_setting : w->col_setting);

	buf_add_str(b, "table ");
	sql_add_table(b, p->source->conf, w->table);
	buf_add_str(b, " has no column ");
	sql_add_name(b, w->col);
	if (w->col_setting == NULL)
		buf_addf(b, "; it is not the table that %s means",
		    w->table_setting);
	else
		buf_addf(b, "; set %s to what the model has",
		    w->col_setting);
}

static void
complain_grant(struct probe *p, const struct want *w)
{
	struct buf *b = complain(p, w->table_setting);

	buf_add_str(b, "the database role may not read column ");
	sql_add_name(b, w->col);
	buf_add_str(b, "; let the owner run: GRANT SELECT (");
	sql_add_name(b, w->col);
	buf_add_str(b, ") ON ");
	sql_add_table(b, p->source->conf, w->table);
	buf_add_str(b, " TO the role that database_url names");
	add_way_out(b, w);
}

/* False when the connection is of no more use. */
static bool
try_column(struct probe *p, const struct want *w, enum db_fault *fault)
{
	struct buf sql = { 0 };
	struct db_request request = { 0 };
	struct db_error error;
	enum db_status status;

	buf_add_str(&sql, "SELECT t.");
	sql_add_name(&sql, w->col);
	buf_add_str(&sql, " FROM ");
	sql_add_table(&sql, p->source->conf, w->table);
	buf_add_str(&sql, " t WHERE FALSE");
	request.sql = buf_str(&sql);
	status = run(p, &request, &error);
	buf_fini(&sql);
	*fault = DB_FAULT_OTHER;
	if (status == DB_OK)
		return (true);
	*fault = error.fault;
	if (status == DB_FAULT && error.fault == DB_FAULT_TABLE)
		complain_table(p, w);
	else if (status == DB_FAULT && error.fault == DB_FAULT_COLUMN)
		complain_column(p, w);
	else if (status == DB_FAULT && error.fault == DB_FAULT_GRANT)
		complain_grant(p, w);
	else
		buf_addf(complain(p, w->table_setting),
		    "the database says: %s", error.text);
	return (status == DB_FAULT);
}

/* Asks for one column, if there is such a setting; the rest of a table that is
 * not there is skipped. */
static void
want(struct probe *p, const char *table_setting, const char *table,
    const char *col_setting, const char *col)
{
	const struct want w = { table_setting, table, col_setting, col };
	enum db_fault fault;

	if (*col == '\0' || p->is_dead ||
	    (p->missing != NULL && strcmp(p->missing, table) == 0))
		return;
	p->is_dead = !try_column(p, &w, &fault);
	if (fault == DB_FAULT_TABLE)
		p->missing = table;
}

static void
want_session(struct probe *p)
{
	const char *table = p->source->conf->session_table;

	want(p, "session_table", table, NULL, "session_key");
	want(p, "session_table", table, NULL, "session_data");
	want(p, "session_table", table, NULL, "expire_date");
}

static void
want_user(struct probe *p)
{
	const struct conf *conf = p->source->conf;
	const struct { const char *setting, *col; } cols[] = {
		{ "user_id_column", conf->user_id_column },
		{ "user_username_column", conf->user_username_column },
		{ "user_email_column", conf->user_email_column },
		{ "user_password_column", conf->user_password_column },
		{ "user_is_active_column", conf->user_is_active_column },
		{ "user_is_staff_column", conf->user_is_staff_column },
		{ "user_is_superuser_column",
		    conf->user_is_superuser_column },
		{ "avatar_field", conf->avatar_field },
	};
	size_t i;

	for (i = 0; i < COUNT_OF(cols); i++)
		want(p, "user_table", conf->user_table, cols[i].setting,
		    cols[i].col);
	for (i = 0; i < conf->user_name_columns.n; i++)
		want(p, "user_table", conf->user_table, "user_name_columns",
		    conf->user_name_columns.v[i]);
}

/* Both that follow read them; it is said once. */
static void
want_content_types(struct probe *p)
{
	if (p->knows_content_types)
		return;
	p->knows_content_types = true;
	want(p, "database_schema", "django_content_type", NULL, "id");
	want(p, "database_schema", "django_content_type", NULL,
	    "app_label");
}

/* What permission = model and take_over_permission read besides. */
static void
want_permissions(struct probe *p)
{
	const struct conf *conf = p->source->conf;
	const char *groups = conf->user_groups_table;
	const char *direct = conf->user_permissions_table;

	if (*groups != '\0') {
		want(p, "user_groups_table", groups,
		    "user_groups_user_column", conf->user_groups_user_column);
		want(p, "user_groups_table", groups,
		    "user_groups_group_column",
		    conf->user_groups_group_column);
		want(p, "database_schema", "auth_group_permissions", NULL,
		    "group_id");
		want(p, "database_schema", "auth_group_permissions", NULL,
		    "permission_id");
	}
	if (*direct != '\0') {
		want(p, "user_permissions_table", direct,
		    "user_permissions_user_column",
		    conf->user_permissions_user_column);
		want(p, "user_permissions_table", direct,
		    "user_permissions_permission_column",
		    conf->user_permissions_permission_column);
	}
	if (*groups == '\0' && *direct == '\0')
		return;
	want(p, "database_schema", "auth_permission", NULL, "id");
	want(p, "database_schema", "auth_permission", NULL, "codename");
	want(p, "database_schema", "auth_permission", NULL,
	    "content_type_id");
	want_content_types(p);
}

/* What announcing saves reads. */
static void
want_admin_log(struct probe *p)
{
	static const char *const cols[] = {
		"id", "user_id", "action_time", "content_type_id",
		"object_id", "action_flag", "change_message",
	};
	size_t i;

	for (i = 0; i < COUNT_OF(cols); i++)
		want(p, "admin_log_table", p->source->conf->admin_log_table,
		    NULL, cols[i]);
	want_content_types(p);
	want(p, "database_schema", "django_content_type", NULL, "model");
}

static void
probe_columns(struct probe *p)
{
	const struct conf *conf = p->source->conf;

	if (conf->session_engine != SESSION_SIGNED_COOKIES)
		want_session(p);
	want_user(p);
	if (conf->permission == PERMISSION_MODEL ||
	    *conf->take_over_permission != '\0')
		want_permissions(p);
	if (conf->save_poll_interval_ms != 0)
		want_admin_log(p);
}

/* A real query, for nobody. */
static void
try_query(struct probe *p, const char *setting, struct db_request *request)
{
	struct db_error error;
	enum db_status status = run(p, request, &error);

	if (status == DB_BAD_VALUE)
		buf_add_str(complain(p, "user_id_type"), "the column that "
		    "user_id_column names is of another type; integer, uuid "
		    "and text are known");
	else if (status != DB_OK)
		buf_addf(complain(p, setting), "the database says: %s",
		    error.text);
}

static void
try_session(struct probe *p, const char *sql, const char *key)
{
	struct db_request request = {
		.sql = sql, .params = { key }, .n_params = 1,
	};

	try_query(p, "session_table", &request);
}

static void
try_log(struct probe *p)
{
	const struct conf *conf = p->source->conf;
	enum db_dialect dialect = p->source->queries.dialect;
	char *next = logquery_text(conf, dialect, false);
	char *first = logquery_text(conf, dialect, true);
	struct db_request request = {
		.sql = next, .params = { "0", "0", "0" }, .n_params = 3,
	};

	try_query(p, "admin_log_table", &request);
	request.sql = first;
	request.n_params = 1;
	try_query(p, "admin_log_table", &request);
	free(next);
	free(first);
}

static void
probe_queries(struct probe *p)
{
	static const char *const nobody[] = {
		[USER_ID_INTEGER] = "0",
		[USER_ID_UUID] = "00000000-0000-0000-0000-000000000000",
		[USER_ID_TEXT] = "",
	};
	const struct query_set *q = &p->source->queries;
	const char *none = q->dialect == DB_SQLITE ? "[]" : "{}";
	bool by_model = p->source->conf->permission == PERMISSION_MODEL;
	struct db_request request = { 0 };

	if (p->source->conf->session_engine != SESSION_SIGNED_COOKIES) {
		try_session(p, q->session, "");
		try_session(p, q->batch_sessions, none);
	}
	query_ask_user(q, nobody[q->id_type], by_model ? "" : NULL, "",
	    &request);
	try_query(p, "user_table", &request);
	if (!p->is_ok)
		return;
	query_ask_users(q, none, none, none, &request);
	try_query(p, "user_table", &request);
	if (p->source->conf->save_poll_interval_ms != 0)
		try_log(p);
}

/* Settings that a check cannot do without. */
static void
probe_settings(struct probe *p)
{
	const struct conf *conf = p->source->conf;
	const struct { const char *setting, *value; } needed[] = {
		{ "user_table", conf->user_table },
		{ "user_id_column", conf->user_id_column },
		{ "user_password_column", conf->user_password_column },
		{ "user_is_staff_column", conf->user_is_staff_column },
	};
	size_t i;

	for (i = 0; i < COUNT_OF(needed); i++) {
		if (*needed[i].value == '\0')
			buf_add_str(complain(p, needed[i].setting),
			    "must not be empty: without it nobody could be "
			    "let in");
	}
}

static void
explain_no_connection(struct probe *p, const struct db_error *error)
{
	struct buf *b = complain(p, "database_url");

	buf_addf(b, "cannot connect to the database: %s; ", error->text);
	if (error->fault != DB_FAULT_TLS) {
		buf_add_str(b, "check that it runs, and that address, user and "
		    "password are those of Django's DATABASES");
		return;
	}
	if (p->url->tls_forced)
		buf_add_str(b, "a host that is not this machine is only spoken "
		    "to with TLS; ");
	buf_add_str(b, "check that PostgreSQL has ssl = on, that sslrootcert "
	    "is the file of the authority that signed its certificate, and "
	    "for sslmode=verify-full that the certificate is for the host "
	    "that database_url names");
}

static void
probe_database(struct probe *p)
{
	struct db_error error;
	enum db_status status;
	struct db_wait wait;

	start_wait(p, &wait);
	p->db = db_open(p->url, &wait, &status, &error);
	if (p->db == NULL) {
		explain_no_connection(p, &error);
		return;
	}
	probe_columns(p);
	if (p->is_ok)
		probe_queries(p);
	db_close(p->db);
}

bool
auth_probe(const struct conf *conf, struct buf *err)
{
	struct auth_source source;
	struct buf text = { 0 };
	struct db_url url;
	struct probe p = {
		.source = &source,
		.url = &url,
		.err = err,
		.is_ok = true,
	};

	db_init_process();
	if (!db_url_parse(conf->database_url, &url, &text)) {
		buf_addf(complain(&p, "database_url"), "%s", buf_str(&text));
		buf_fini(&text);
		return (false);
	}
	auth_source_init(&source, conf, db_dialect_of(&url), NULL);
	probe_settings(&p);
	if (p.is_ok)
		probe_database(&p);
	auth_source_fini(&source);
	db_url_fini(&url);
	return (p.is_ok);
}
