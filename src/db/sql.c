/*
 * Pieces of SQL text that all questions are built from, whoever asks them. Pure.
 */
#include "base/json.h"
#include "db/sql.h"

void
sql_add_name(struct buf *b, const char *name)
{
	buf_add_char(b, '"');
	for (; *name != '\0'; name++) {
		if (*name == '"')
			buf_add_char(b, '"');
		buf_add_char(b, *name);
	}
	buf_add_char(b, '"');
}

void
sql_add_table(struct buf *b, const struct conf *conf, const char *table)
{
	if (*conf->database_schema != '\0') {
		sql_add_name(b, conf->database_schema);
		buf_add_char(b, '.');
	}
	sql_add_name(b, table);
}

void
sql_add_col(struct buf *b, const char *alias, const char *name)
{
	buf_addf(b, "%s.", alias);
	sql_add_name(b, name);
}

void
sql_add_user_col(struct buf *b, const char *name, const char *fallback)
{
	buf_add_str(b, ", ");
	if (*name == '\0')
		buf_add_str(b, fallback);
	else
		sql_add_col(b, "u", name);
}

void
sql_add_text_col(struct buf *b, enum db_dialect dialect, const char *alias,
    const char *name)
{
	buf_add_str(b, dialect == DB_POSTGRES ? "" : "CAST(");
	sql_add_col(b, alias, name);
	buf_add_str(b, dialect == DB_POSTGRES ? "::text" : " AS TEXT)");
}

void
sql_add_user_name(struct buf *b, const struct conf *conf,
    enum db_dialect dialect)
{
	const struct conf_list *cols = &conf->user_name_columns;
	size_t i;

	buf_add_str(b, cols->n == 0 ? "NULL" : "");
	for (i = 0; i < cols->n; i++) {
		buf_add_str(b, i == 0 ? "coalesce(" : " || ' ' || coalesce(");
		sql_add_text_col(b, dialect, "u", cols->v[i]);
		buf_add_str(b, ", '')");
	}
}

void
sql_list_start(struct buf *b, enum db_dialect dialect)
{
	buf_add_char(b, dialect == DB_POSTGRES ? '{' : '[');
}

void
sql_list_add(struct buf *b, enum db_dialect dialect, struct slice item)
{
	size_t i;

	if (b->n > 1)
		buf_add_char(b, ',');
	if (dialect == DB_SQLITE) {
		json_add_string(b, item.p, item.n);
		return;
	}
	buf_add_char(b, '"');
	for (i = 0; i < item.n; i++) {
		if (item.p[i] == '"' || item.p[i] == '\\')
			buf_add_char(b, '\\');
		buf_add_char(b, item.p[i]);
	}
	buf_add_char(b, '"');
}

void
sql_list_end(struct buf *b, enum db_dialect dialect)
{
	buf_add_char(b, dialect == DB_POSTGRES ? '}' : ']');
}
