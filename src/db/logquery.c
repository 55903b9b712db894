/*
 * The SQL text of a poll of the admin's log (logpoll.c). Pure.
 */
#include "db/adminlog.h"
#include "db/logquery.h"
#include "db/sql.h"
#include "django/logmsg.h"

/* `, alias."first max characters of a column"` */
static void
add_left_col(struct buf *b, enum db_dialect dialect, const char *alias,
    const char *name, int max)
{
	buf_addf(b, ", %s(", dialect == DB_POSTGRES ? "left" : "substr");
	sql_add_col(b, alias, name);
	buf_addf(b, ", %s%d)", dialect == DB_POSTGRES ? "" : "1, ", max);
}

/* The columns of enum query_entry_col from t (the whole), l, u and c. */
static void
add_entry_cols(struct buf *b, const struct conf *conf, enum db_dialect dialect)
{
	buf_add_str(b, "t.last, t.newer, l.\"id\", ");
	sql_add_text_col(b, dialect, "l", "user_id");
	sql_add_user_col(b, conf->user_username_column, "NULL");
	buf_add_str(b, ", ");
	sql_add_user_name(b, conf, dialect);
	/* SQLite has the time as text, and in UTC. */
	buf_add_str(b, dialect == DB_POSTGRES ?
	    ", to_char(l.\"action_time\" AT TIME ZONE 'UTC', "
	    "'YYYY-MM-DD\"T\"HH24:MI:SS.US')" : ", l.\"action_time\"");
	buf_add_str(b, ", c.\"app_label\", c.\"model\"");
	add_left_col(b, dialect, "l", "object_id", ADMINLOG_OBJECT_MAX + 1);
	buf_add_str(b, ", l.\"action_flag\"");
	add_left_col(b, dialect, "l", "change_message", LOGMSG_MAX + 1);
}

/* A parameter that is an id. */
static const char *
log_param(enum db_dialect dialect, int n)
{
	static const char *const pg[] = { "$1::bigint", "$2::bigint",
	    "$3::bigint" };
	static const char *const lite[] = { "CAST(?1 AS INTEGER)",
	    "CAST(?2 AS INTEGER)", "CAST(?3 AS INTEGER)" };

	return (dialect == DB_POSTGRES ? pg[n - 1] : lite[n - 1]);
}

/* What is known of the whole table; one row. Both are read off the index. */
static void
add_log_whole(struct buf *b, const struct conf *conf, enum db_dialect dialect,
    bool is_first)
{
	buf_add_str(b, "(SELECT (SELECT max(\"id\") FROM ");
	sql_add_table(b, conf, conf->admin_log_table);
	buf_add_str(b, ") AS last, ");
	if (is_first)
		buf_add_char(b, '0');
	else {
		buf_add_str(b, "(SELECT count(*) FROM ");
		sql_add_table(b, conf, conf->admin_log_table);
		buf_addf(b, " WHERE \"id\" < %s AND \"id\" > %s)",
		    log_param(dialect, 1), log_param(dialect, 2));
	}
	buf_add_str(b, " AS newer) t");
}

/* The newest rows in question, by the primary key's index. */
static void
add_log_rows(struct buf *b, const struct conf *conf, enum db_dialect dialect,
    bool is_first)
{
	buf_add_str(b, "(SELECT \"id\", \"user_id\", \"action_time\", "
	    "\"content_type_id\", \"object_id\", \"action_flag\", "
	    "\"change_message\" FROM ");
	sql_add_table(b, conf, conf->admin_log_table);
	buf_addf(b, " WHERE \"id\" < %s", log_param(dialect, 1));
	if (!is_first)
		buf_addf(b, " AND \"id\" > %s", log_param(dialect, 3));
	buf_addf(b, " ORDER BY \"id\" DESC LIMIT %d) l", ADMINLOG_ROWS_MAX);
}

char *
logquery_text(const struct conf *conf, enum db_dialect dialect, bool is_first)
{
	bool is_pg = dialect == DB_POSTGRES;
	struct buf b = { 0 };

	buf_add_str(&b, "SELECT ");
	add_entry_cols(&b, conf, dialect);
	buf_add_str(&b, " FROM ");
	add_log_whole(&b, conf, dialect, is_first);
	buf_add_str(&b, " LEFT JOIN ");
	add_log_rows(&b, conf, dialect, is_first);
	if (is_first)
		buf_addf(&b, is_pg ? " ON l.\"action_time\" > now() - "
		    "interval '%d hours'" : " ON l.\"action_time\" > "
		    "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', '-%d hours')",
		    ADMINLOG_FIRST_HOURS);
	else
		buf_add_str(&b, " ON TRUE");
	buf_add_str(&b, " LEFT JOIN ");
	sql_add_table(&b, conf, conf->user_table);
	buf_add_str(&b, " u ON ");
	sql_add_col(&b, "u", conf->user_id_column);
	buf_add_str(&b, " = l.\"user_id\" LEFT JOIN ");
	sql_add_table(&b, conf, "django_content_type");
	buf_add_str(&b, " c ON c.\"id\" = l.\"content_type_id\" "
	    "ORDER BY l.\"id\"");
	return (buf_steal(&b));
}
