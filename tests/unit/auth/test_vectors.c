/*
 * The cases of vectors.json ("auth" and "permissions") and the user models of
 * real sites, through the whole pool against a real PostgreSQL.
 */
#include "auth/site.h"
#include "db/cluster.h"

#include <json-c/json.h>

static struct cluster cluster;
static struct json_object *vectors;
static char url[256];

#define KEY	"0123456789abcdefghijklmnopqrstuv"

static struct json_object *
get(struct json_object *obj, const char *key)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(obj, key, &value))
		return (NULL);
	return (value);
}

static const char *
get_str(struct json_object *obj, const char *key)
{
	return (json_object_get_string(get(obj, key)));
}

static bool
get_bool(struct json_object *obj, const char *key)
{
	return (json_object_get_boolean(get(obj, key)));
}

static const char *
bool_text(bool b)
{
	return (b ? "t" : "f");
}

static void
list_from(struct conf_list *list, struct json_object *array)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		free(list->v[i]);
	free(list->v);
	list->n = json_object_array_length(array);
	list->v = xcalloc(list->n + 1, sizeof(*list->v));
	for (i = 0; i < list->n; i++)
		list->v[i] = xstrdup(json_object_get_string(
		    json_object_array_get_idx(array, i)));
}

static void
put_user(const char *id, const char *password, bool active, bool staff,
    bool superuser)
{
	const char *v[] = { id, password, bool_text(superuser),
	    bool_text(staff), bool_text(active) };

	sql_params(&cluster, "INSERT INTO auth_user VALUES ($1, $2, NULL, $3, "
	    "'ada', 'ada@example.com', $4, $5, 'faces/ada 1.png')", 5, v);
}

static void
put_session(const char *key, const char *data, const char *seconds)
{
	const char *v[] = { key, data, seconds };

	sql_params(&cluster, "INSERT INTO django_session VALUES ($1, $2, "
	    "now() + $3::text::interval)", 3, v);
}

static void
wipe(void)
{
	sql(&cluster, "TRUNCATE auth_user, django_session, auth_user_groups, "
	    "auth_user_user_permissions, auth_permission, "
	    "django_content_type, auth_group, auth_group_permissions");
}

/* Our words begin with the vectors'; a backend that is missing has its own. */
static bool
is_reason(const char *ours, const char *vector)
{
	return (strncmp(ours, vector, strlen(vector)) == 0 ||
	    (strcmp(vector, "backend not configured") == 0 &&
	    strcmp(ours, "no backend in the session") == 0));
}

/* One vector under the rules of one version. */
static void
run_auth(struct json_object *vector, const char *version, bool legacy)
{
	struct json_object *want = get(vector, "collabd"), *data;
	struct site s = { 0 };
	struct ask a;
	char seconds[32];

	want = get(want, "all") != NULL ? get(want, "all") : get(want, version);
	if (want == NULL)
		return;
	wipe();
	put_user("1", get_str(vector, "password"),
	    get_bool(vector, "is_active"), get_bool(vector, "is_staff"),
	    get_bool(vector, "is_superuser"));
	data = get(vector, "session_data");
	if (json_object_is_type(data, json_type_object))
		data = get(data, version);
	snprintf(seconds, sizeof(seconds), "%d s",
	    json_object_get_int(get(vector, "expire_offset")));
	put_session(KEY, json_object_get_string(data), seconds);

	site_conf(&s.conf, url);
	set(&s.conf, "secret_key", get_str(vector, "secret_key"));
	set(&s.conf, "django_legacy", legacy ? "3.2" : "off");
	set(&s.conf, "auth_threads", "1");
	list_from(&s.conf.secret_key_fallbacks,
	    get(vector, "secret_key_fallbacks"));
	list_from(&s.conf.auth_backends,
	    get(vector, "authentication_backends"));
	site_start(&s);
	if (ask(&s, &a, KEY, NULL, NULL) !=
	    (get_bool(want, "authorised") ? AUTH_ALLOWED : AUTH_DENIED))
		fail_msg("%s (%s): %s", get_str(vector, "id"), version,
		    a.reason);
	if (a.verdict == AUTH_DENIED &&
	    !is_reason(a.reason, get_str(want, "reason")))
		fail_msg("%s (%s): \"%s\" is not \"%s\"",
		    get_str(vector, "id"), version, a.reason,
		    get_str(want, "reason"));
	if (a.verdict == AUTH_ALLOWED) {
		assert_string_equal(a.user->id, "1");
		assert_true(a.user->id_is_number);
		assert_string_equal(a.user->username, "ada");
		assert_string_equal(a.user->email, "ada@example.com");
		assert_null(a.user->avatar_url);	/* not configured */
	}
	ask_free(&a);
	site_stop(&s);
}

static void
test_auth_vectors(void **state UNUSED)
{
	struct json_object *all = get(vectors, "auth");
	size_t i, n = json_object_array_length(all);

	assert_int_equal(n, 48);
	for (i = 0; i < n; i++) {
		struct json_object *vector = json_object_array_get_idx(all, i);

		run_auth(vector, "6.1", false);
		run_auth(vector, "3.2", true);
	}
}

/* Gives permission "app.codename", whose row is made when needed. */
static void
give_permission(const char *dotted, bool by_group)
{
	static int next = 1;
	char app[64], id[16];
	const char *code = strchr(dotted, '.') + 1;
	const char *v[] = { id, app, strchr(code, '_') + 1, code };

	snprintf(id, sizeof(id), "%d", next++);
	snprintf(app, sizeof(app), "%.*s", (int)(code - dotted) - 1, dotted);
	sql_params(&cluster, "INSERT INTO django_content_type "
	    "VALUES ($1, $2, $3)", 3, v);
	sql_params(&cluster, "INSERT INTO auth_permission "
	    "VALUES ($1, 'Can', $1, $2)", 2,
	    (const char *const[]){ id, code });
	if (!by_group) {
		sql_params(&cluster, "INSERT INTO auth_user_user_permissions "
		    "(user_id, permission_id) VALUES (1, $1)", 1, v);
		return;
	}
	sql(&cluster, "DELETE FROM auth_user_groups; "
	    "INSERT INTO auth_user_groups (user_id, group_id) VALUES (1, 5)");
	sql_params(&cluster, "INSERT INTO auth_group_permissions "
	    "VALUES ($1, 5, $1)", 1, v);
}

static void
give_all(struct json_object *names, bool by_group)
{
	size_t i;

	for (i = 0; i < json_object_array_length(names); i++)
		give_permission(json_object_get_string(
		    json_object_array_get_idx(names, i)), by_group);
}

struct batch {
	unsigned	 calls;
	size_t		 n;
	struct auth_recheck answers[1000];
};

static void
on_batch(const struct auth_recheck *answers, size_t n, bool is_last,
    void *arg)
{
	struct batch *b = arg;

	b->calls += is_last;
	b->n = n;
	memcpy(b->answers, answers, n * sizeof(*answers));
}

/* One model of one case, by a check and by a re-check. */
static void
run_permission(struct site *s, const char *id, bool lets_in, bool superuser,
    const char *dotted, struct json_object *expect)
{
	bool view = get_bool(expect, "view"), change = get_bool(expect,
	    "change"), in = lets_in && (view || change);
	char app[64];
	const char *model = strchr(dotted, '.') + 1;
	struct auth_query q = { slice_of(KEY), { 0 }, slice_of(model) };
	struct batch b = { 0 };
	struct ask a;

	snprintf(app, sizeof(app), "%.*s", (int)(model - dotted) - 1, dotted);
	if (ask(s, &a, KEY, app, model) != (in ? AUTH_ALLOWED : AUTH_DENIED))
		fail_msg("%s on %s: %s", id, dotted, a.reason);
	assert_int_equal(a.may_view, in && view);
	assert_int_equal(a.may_change, in && change);
	ask_free(&a);

	q.app_label = slice_of(app);
	assert_true(auth_recheck_start(s->auth, &q, 1, on_batch, &b));
	while (b.calls == 0)
		event_base_loop(s->base, EVLOOP_ONCE);
	if (b.answers[0].verdict != a.verdict)
		fail_msg("re-check of %s on %s", id, dotted);
	assert_int_equal(b.answers[0].may_change, in && change);
	/* Without take_over_permission it is for superusers. */
	assert_int_equal(a.may_take_over, in && superuser);
	assert_int_equal(b.answers[0].may_take_over, in && superuser);
}

static void
test_permission_vectors(void **state UNUSED)
{
	struct json_object *cases = get(get(vectors, "permissions"), "cases");
	char *data = site_session("\"1\"");
	struct site s = { 0 };
	size_t i, n = json_object_array_length(cases);

	assert_int_equal(n, 17);
	site_conf(&s.conf, url);
	site_start(&s);
	for (i = 0; i < n; i++) {
		struct json_object *c = json_object_array_get_idx(cases, i);

		wipe();
		put_session(KEY, data, "1 h");
		put_user("1", SITE_PASSWORD, get_bool(c, "is_active"),
		    get_bool(c, "is_staff"), get_bool(c, "is_superuser"));
		give_all(get(c, "user_permissions"), false);
		give_all(get(c, "group_permissions"), true);
		json_object_object_foreach(get(c, "expect"), model, expect)
			run_permission(&s, get_str(c, "id"),
			    get_bool(c, "is_staff") &&
			    get_bool(c, "is_active"),
			    get_bool(c, "is_superuser"), model, expect);
	}
	site_stop(&s);
	free(data);
}

static char *take_over_session;

static const struct take_over {
	const char	*setting;
	const char	*mode;		/* of the setting permission */
	const char	*has;		/* the user, besides shelfx.change_item */
	bool		 by_group, superuser;
	bool		 may;		/* on shelfx.item */
} take_overs[] = {
	{ "", "model", "shelfx.take_over", false, false, false },
	{ "", "model", NULL, false, true, true },
	{ "shelfx.take_over", "model", NULL, false, false, false },
	{ "shelfx.take_over", "model", NULL, false, true, true },
	{ "shelfx.take_over", "model", "shelfx.take_over", false, false, true },
	{ "shelfx.take_over", "model", "shelfx.take_over", true, false, true },
	{ "shelfx.take_over", "model", "other.take_over", false, false, false },
	{ "shelfx.take_over", "model", "shelfx.take_overs", false, false,
	  false },
	{ "shelfx.change_item", "model", NULL, false, false, true },
	{ "shelfx.take_over", "staff", NULL, false, false, false },
	{ "shelfx.take_over", "staff", "shelfx.take_over", true, false, true },
	{ "", "staff", "shelfx.take_over", true, false, false },
};

/* By a check, by a re-check, and in a room that the user may only view. */
static void
run_take_over(const struct take_over *c)
{
	struct auth_query q[2] = {
		{ slice_of(KEY), SLICE_LIT("shelfx"), SLICE_LIT("item") },
		{ slice_of(KEY), SLICE_LIT("shelfx"), SLICE_LIT("book") },
	};
	bool by_staff = strcmp(c->mode, "staff") == 0;
	struct batch b = { 0 };
	struct site s = { 0 };
	struct ask a;

	wipe();
	put_user("1", SITE_PASSWORD, true, true, c->superuser);
	give_permission("shelfx.change_item", false);
	give_permission("shelfx.view_book", false);
	if (c->has != NULL)
		give_permission(c->has, c->by_group);
	site_conf(&s.conf, url);
	set(&s.conf, "take_over_permission", c->setting);
	set(&s.conf, "permission", c->mode);
	site_start(&s);
	put_session(KEY, take_over_session, "1 h");
	assert_int_equal(ask(&s, &a, KEY, "shelfx", "item"), AUTH_ALLOWED);
	assert_int_equal(a.may_take_over, c->may);
	ask_free(&a);
	assert_true(auth_recheck_start(s.auth, q, 2, on_batch, &b));
	while (b.calls == 0)
		event_base_loop(s.base, EVLOOP_ONCE);
	assert_int_equal(b.answers[0].may_take_over, c->may);
	/* Who may not change has nothing to take over. */
	assert_int_equal(b.answers[1].may_take_over,
	    c->may && (c->superuser || by_staff));
	site_stop(&s);
}

static void
test_take_over(void **state UNUSED)
{
	size_t i;

	take_over_session = site_session("\"1\"");
	for (i = 0; i < COUNT_OF(take_overs); i++) {
		print_message("  %zu\n", i);
		run_take_over(&take_overs[i]);
	}
	free(take_over_session);
}

static void
test_permission_staff(void **state UNUSED)
{
	char *data = site_session("\"1\"");
	struct site s = { 0 };
	struct ask a;

	wipe();
	put_session(KEY, data, "1 h");
	put_user("1", SITE_PASSWORD, true, true, false);
	site_conf(&s.conf, url);
	set(&s.conf, "permission", "staff");
	set(&s.conf, "avatar_field", "avatar");
	site_start(&s);
	assert_int_equal(ask(&s, &a, KEY, "shelfx", "item"), AUTH_ALLOWED);
	assert_true(a.may_view && a.may_change);
	assert_string_equal(a.user->avatar_url, "/media/faces/ada%201.png");
	assert_string_equal(a.user->name, "ada");
	assert_false(a.user->is_superuser);
	ask_free(&a);
	sql(&cluster, "UPDATE auth_user SET first_name = ' Ada ', "
	    "last_name = 'King  Lovelace'");
	assert_int_equal(ask(&s, &a, KEY, "shelfx", "item"), AUTH_ALLOWED);
	assert_string_equal(a.user->name, "Ada King Lovelace");
	assert_string_equal(a.user->username, "ada");
	ask_free(&a);
	sql(&cluster, "UPDATE auth_user SET is_staff = false");
	assert_int_equal(ask(&s, &a, KEY, "shelfx", "item"), AUTH_DENIED);
	assert_string_equal(a.reason, "not staff");
	site_stop(&s);
	free(data);
}

/* A model's name comes in any case from a path; codenames are lower case.
 * Names that are no names are refused, quotes and all. */
static void
test_room_names(void **state UNUSED)
{
	static const struct { const char *app, *model; bool in; } rooms[] = {
		{ "shelfx", "item", true }, { "shelfx", "ITEM", true },
		{ "SHELFX", "item", false }, { "shelfx", "", false },
		{ "", "", false }, { "shelfx", "item' OR 1=1--", false },
		{ "x' OR '1'='1", "item", false }, { "shelfx", "%", false },
		{ "shelfx", "it\xffm", false }, { "\xc3\x28", "item", false },
	};
	char *data = site_session("\"1\"");
	struct auth_query q = { slice_of(KEY), SLICE_LIT("shelfx"),
	    SLICE_LIT("item\0x") };
	struct site s = { 0 };
	struct ask a;
	size_t i;

	wipe();
	put_session(KEY, data, "1 h");
	put_user("1", SITE_PASSWORD, true, true, false);
	give_permission("shelfx.change_item", false);
	site_conf(&s.conf, url);
	site_start(&s);
	for (i = 0; i < COUNT_OF(rooms); i++)
		assert_int_equal(ask_only(&s, KEY, rooms[i].app,
		    rooms[i].model), rooms[i].in ? AUTH_ALLOWED : AUTH_DENIED);
	memset(&a, 0, sizeof(a));
	a.site = &s;
	assert_non_null(auth_check_start(s.auth, &q, on_answer, &a));
	ask_wait(&a);
	assert_int_equal(a.verdict, AUTH_DENIED);
	site_stop(&s);
	free(data);
}

/* --- other user models --- */

#define UUID	"6f9619ff-8b86-d011-b42d-00c04fc964ff"

static const struct model {
	const char	*name;
	const char	*tables;	/* and their rows */
	const char	*settings[32];	/* name, value, ... NULL */
	const char	*json_id;
	const char	*id;		/* NULL: refused */
	const char	*shown;		/* the name */
	bool		 is_number;
	bool		 may_change;
} models[] = {
	{ "uuid key",
	  "CREATE TABLE accounts_member (id uuid PRIMARY KEY, password text,"
	  " is_superuser boolean, is_staff boolean, is_active boolean,"
	  " email text);"
	  "CREATE TABLE accounts_member_groups (member_id uuid,"
	  " group_id integer);"
	  "CREATE TABLE accounts_member_user_permissions (member_id uuid,"
	  " permission_id integer);"
	  "INSERT INTO accounts_member VALUES ('" UUID "', '" SITE_PASSWORD
	  "', false, true, true, 'ada@example.com');"
	  "INSERT INTO accounts_member_groups VALUES ('" UUID "', 5);"
	  "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader",
	  { "user_table", "accounts_member", "user_id_type", "uuid",
	    "user_username_column", "email", "user_name_columns", "",
	    "user_groups_table", "accounts_member_groups", "user_groups_user_column", "member_id",
	    "user_permissions_table", "accounts_member_user_permissions",
	    "user_permissions_user_column", "member_id", NULL },
	  "\"" UUID "\"", UUID, "ada@example.com", false, true },
	{ "bigint key, db_table, db_column, schema, odd names",
	  "CREATE SCHEMA \"od\"\"d\";"
	  "CREATE TABLE \"od\"\"d\".\"pe ople\" (\"the id\" bigint, password"
	  " text, is_superuser boolean, may_enter boolean, is_active boolean,"
	  " username text, email text, \"na\"\"me\" text, age integer);"
	  "CREATE TABLE \"od\"\"d\".people_groups (person_id bigint,"
	  " group_id integer);"
	  "CREATE TABLE \"od\"\"d\".people_user_permissions (person_id bigint,"
	  " permission_id integer);"
	  "INSERT INTO \"od\"\"d\".\"pe ople\" VALUES (9007199254740993, '"
	  SITE_PASSWORD "', false, true, true, 'ada', '', NULL, 36);"
	  "INSERT INTO \"od\"\"d\".people_groups VALUES (9007199254740993, 5);"
	  "CREATE VIEW \"od\"\"d\".django_session AS TABLE django_session;"
	  "CREATE VIEW \"od\"\"d\".auth_permission AS TABLE auth_permission;"
	  "CREATE VIEW \"od\"\"d\".django_content_type AS"
	  " TABLE django_content_type;"
	  "CREATE VIEW \"od\"\"d\".auth_group_permissions AS"
	  " TABLE auth_group_permissions;"
	  "GRANT USAGE ON SCHEMA \"od\"\"d\" TO reader;"
	  "GRANT SELECT ON ALL TABLES IN SCHEMA \"od\"\"d\" TO reader",
	  { "database_schema", "od\"d", "user_table", "pe ople",
	    "user_id_column", "the id", "user_is_staff_column", "may_enter",
	    "user_name_columns", "na\"me age",
	    "user_groups_table", "people_groups", "user_groups_user_column",
	    "person_id", "user_permissions_table", "people_user_permissions",
	    "user_permissions_user_column", "person_id", NULL },
	  "\"9007199254740993\"", "9007199254740993", "36", true, true },
	{ "text key, no is_active, is_superuser, e-mail, groups",
	  "CREATE TABLE accounts_bare (handle varchar(40) PRIMARY KEY,"
	  " password text, is_staff boolean);"
	  "INSERT INTO accounts_bare VALUES ('a\"d\\a, {x}', '" SITE_PASSWORD
	  "', true);"
	  "CREATE TABLE bare_permissions (bare_id varchar(40),"
	  " permission_id integer);"
	  "INSERT INTO bare_permissions VALUES ('a\"d\\a, {x}', 7);"
	  "GRANT SELECT ON accounts_bare, bare_permissions TO reader",
	  { "user_table", "accounts_bare", "user_id_column", "handle",
	    "user_id_type", "text", "user_username_column", "handle",
	    "user_name_columns", "", "user_email_column", "",
	    "user_is_active_column", "",
	    "user_is_superuser_column", "", "user_groups_table", "",
	    "user_permissions_table", "bare_permissions",
	    "user_permissions_user_column", "bare_id", NULL },
	  "\"a\\\"d\\\\a, {x}\"", "a\"d\\a, {x}", "a\"d\\a, {x}", false,
	  true },
	{ "text key, no permissions at all: nobody but by staff",
	  "CREATE TABLE plain (handle varchar(40), password text,"
	  " is_staff boolean);"
	  "INSERT INTO plain VALUES ('ada', '" SITE_PASSWORD "', true);"
	  "GRANT SELECT ON plain TO reader",
	  { "user_table", "plain", "user_id_column", "handle",
	    "user_id_type", "text", "user_username_column", "",
	    "user_name_columns", "", "user_email_column", "",
	    "user_is_active_column", "",
	    "user_is_superuser_column", "", "user_groups_table", "",
	    "user_permissions_table", "", NULL },
	  "\"ada\"", "ada", "", false, false },
	{ "an id too large for the column", "SELECT 1", { NULL },
	  "\"9999999999999\"", NULL, NULL, true, false },
	{ "an id of 19 digits", "SELECT 1", { NULL },
	  "\"9999999999999999999\"", NULL, NULL, true, false },
};

static void
recheck_model(struct site *s, const struct model *m)
{
	/* A bad id among good ones must not spoil theirs. */
	struct auth_query q[3] = {
		{ slice_of(KEY), SLICE_LIT("shelfx"), SLICE_LIT("item") },
		{ slice_of("nosuchsession"), { 0 }, { 0 } },
		{ slice_of(KEY), { 0 }, { 0 } },
	};
	struct batch b = { 0 };

	assert_true(auth_recheck_start(s->auth, q, 3, on_batch, &b));
	while (b.calls == 0)
		event_base_loop(s->base, EVLOOP_ONCE);
	assert_int_equal(b.answers[0].verdict,
	    m->may_change ? AUTH_ALLOWED : AUTH_DENIED);
	assert_int_equal(b.answers[1].verdict, AUTH_DENIED);
	assert_int_equal(b.answers[2].verdict,
	    m->id != NULL ? AUTH_ALLOWED : AUTH_DENIED);
	assert_int_equal(b.answers[0].may_change, m->may_change);
}

static void
run_model(const struct model *m)
{
	char *data = site_session(m->json_id);
	struct buf err = { 0 };
	struct site s = { 0 };
	struct ask a;
	size_t i;

	print_message("  %s\n", m->name);
	wipe();
	put_session(KEY, data, "1 h");
	sql(&cluster, "INSERT INTO django_content_type VALUES (7, 'shelfx', "
	    "'item'); INSERT INTO auth_permission VALUES (7, '', 7, "
	    "'change_item'); INSERT INTO auth_group_permissions "
	    "VALUES (1, 5, 7)");
	sql(&cluster, m->tables);
	site_conf(&s.conf, url);
	for (i = 0; m->settings[i] != NULL; i += 2)
		set(&s.conf, m->settings[i], m->settings[i + 1]);
	/* The log of this site is about users of another type. */
	set(&s.conf, "save_poll_interval", "0");
	if (!auth_probe(&s.conf, &err))
		fail_msg("%s: %s", m->name, buf_str(&err));
	site_start(&s);
	if (ask(&s, &a, KEY, NULL, NULL) !=
	    (m->id != NULL ? AUTH_ALLOWED : AUTH_DENIED))
		fail_msg("%s: %s", m->name, a.reason);
	if (m->id != NULL) {
		assert_string_equal(a.user->id, m->id);
		assert_int_equal(a.user->id_is_number, m->is_number);
		assert_string_equal(a.user->name, m->shown);
	}
	ask_free(&a);
	assert_int_equal(ask(&s, &a, KEY, "shelfx", "item"),
	    m->may_change ? AUTH_ALLOWED : AUTH_DENIED);
	assert_int_equal(a.may_change, m->may_change);
	ask_free(&a);
	recheck_model(&s, m);
	site_stop(&s);
	buf_fini(&err);
	free(data);
}

static void
test_models(void **state UNUSED)
{
	size_t i;

	for (i = 0; i < COUNT_OF(models); i++)
		run_model(&models[i]);
}

/* --- signed_cookies --- */

static void
test_signed_cookies(void **state UNUSED)
{
	static const char salt[] =
	    "django.contrib.sessions.backends.signed_cookiessigner";
	int64_t now = clock_wall_us() / US_PER_SEC;
	char *good = site_sign_session("\"1\"", salt, now - 100);
	char *old = site_sign_session("\"1\"", salt, now - 3700);
	char *other = site_session("\"1\"");
	struct auth_query q[3] = { { slice_of(good), { 0 }, { 0 } },
	    { slice_of(old), { 0 }, { 0 } }, { slice_of(good), { 0 }, { 0 } } };
	struct auth_stats stats;
	struct batch b = { 0 };
	struct site s = { 0 };

	wipe();
	sql(&cluster, "REVOKE SELECT (session_key) ON django_session "
	    "FROM reader");
	put_user("1", SITE_PASSWORD, true, true, false);
	site_conf(&s.conf, url);
	set(&s.conf, "session_engine", "signed_cookies");
	set(&s.conf, "session_cookie_age", "3600");
	site_start(&s);
	assert_int_equal(ask_only(&s, old, NULL, NULL), AUTH_DENIED);
	assert_int_equal(ask_only(&s, other, NULL, NULL), AUTH_DENIED);
	assert_int_equal(ask_only(&s, "", NULL, NULL), AUTH_DENIED);
	auth_stats(s.auth, &stats);
	assert_int_equal(stats.opened, 0);	/* a bad cookie costs nothing */
	assert_int_equal(ask_only(&s, good, NULL, NULL), AUTH_ALLOWED);
	assert_true(auth_recheck_start(s.auth, q, 3, on_batch, &b));
	while (b.calls == 0)
		event_base_loop(s.base, EVLOOP_ONCE);
	assert_int_equal(b.answers[0].verdict, AUTH_ALLOWED);
	assert_int_equal(b.answers[1].verdict, AUTH_DENIED);
	assert_int_equal(b.answers[2].verdict, AUTH_ALLOWED);
	site_stop(&s);
	sql(&cluster, SITE_PG_GRANTS);
	free(good);
	free(old);
	free(other);
}

static int
setup(void **state UNUSED)
{
	const char *path = getenv("COLLABD_VECTORS");

	int fd = open(path != NULL ? path : "tests/vectors.json",
	    O_RDONLY | O_CLOEXEC);

	/* Some cases are nested deeper than json-c's default of 32. */
	vectors = json_object_from_fd_ex(fd, 256);
	close(fd);
	assert_non_null(vectors);
	cluster_new(&cluster);
	sql(&cluster, SITE_PG_TABLES SITE_PG_GRANTS);
	snprintf(url, sizeof(url), "postgres://" CLUSTER_ROLE ":"
	    CLUSTER_PASSWORD "@127.0.0.1:%d/postgres", cluster.port);
	return (0);
}

static int
teardown(void **state UNUSED)
{
	cluster_free(&cluster);
	json_object_put(vectors);
	return (0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_auth_vectors),
		cmocka_unit_test(test_permission_vectors),
		cmocka_unit_test(test_permission_staff),
		cmocka_unit_test(test_take_over),
		cmocka_unit_test(test_room_names),
		cmocka_unit_test(test_models),
		cmocka_unit_test(test_signed_cookies),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return (cmocka_run_group_tests(tests, setup, teardown));
}
