/*
 * A user's info, kept and made again: to the byte what it was, whoever wrote
 * it, and what is alike in two rooms is kept once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/compat.h"
#include "base/xmalloc.h"
#include "server/profile.h"
#include "server/roster.h"

#define ANN	"{\"username\":\"ann\",\"name\":\"Ann\",\"email\":\"a@x\"," \
		"\"avatar_url\":null"
#define AT(t)	",\"joined\":\"" t "\"}"

static struct render render;
static struct room room;

static struct room_user *
keep(const char *info)
{
	struct room_user *user = xcalloc(1, sizeof(*user) + 2);

	TAILQ_INIT(&user->members);
	roster_keep_info(&render, user, slice_of(info));
	return (user);
}

static void
drop(struct room_user *user)
{
	roster_forget(&render, user);
	free(user);
}

static void
test_as_it_came(void **state UNUSED)
{
	static const struct { const char *info; bool is_odd; } rows[] = {
		{ ANN AT("2026-11-24T03:52:19.123456+00:00"), false },
		{ ANN AT("1970-01-01T00:00:00.000000+00:00"), false },
		{ ANN AT("1969-12-31T23:59:59.999999+00:00"), false },
		{ AT("2026-11-24T03:52:19.123456+00:00"), false },
		/* other programs' */
		{ ANN AT("2026-11-24T03:52:19.123456+01:00"), true },
		{ ANN AT("2026-11-24 03:52:19.123456+00:00"), true },
		{ ANN AT("2026-11-24T03:52:19+00:00"), true },
		{ ANN AT("2026-11-24T03:52:19.123456789Z  "), true },
		{ ANN AT("2026-02-31T03:52:19.123456+00:00"), true },
		{ ANN AT("2026-11-24T03:52:19.123456+00:00") " ", true },
		{ ANN ",\"joined\": \"2026-11-24T03:52:19.123456+00:00\"}",
		    true },
		{ ANN ",\"Joined\":\"2026-11-24T03:52:19.123456+00:00\"}",
		    true },
		{ ANN "}", true },
		{ ANN, true },
		{ "ann", true },
		{ "{}", true },
		{ "", true },
	};
	struct room_user *user;
	char *info;
	size_t i;

	for (i = 0; i < COUNT_OF(rows); i++) {
		user = keep(rows[i].info);
		info = roster_info(user);
		assert_string_equal(info, rows[i].info);
		assert_int_equal(user->is_odd, rows[i].is_odd);
		free(info);
		drop(user);
	}
}

static void
test_kept_once(void **state UNUSED)
{
	struct room_user *a = keep(ANN AT("2026-11-24T03:52:19.123456+00:00"));
	struct room_user *b = keep(ANN AT("2026-11-24T04:00:00.000000+00:00"));
	/* The whole of one is what others have without the time. */
	struct room_user *odd = keep(ANN);
	char *info;

	assert_ptr_equal(a->profile, b->profile);
	assert_int_equal(b->joined_us - a->joined_us, 460876544);
	drop(a);
	info = roster_info(b);
	assert_string_equal(info, ANN AT("2026-11-24T04:00:00.000000+00:00"));
	free(info);
	drop(b);
	info = roster_info(odd);
	assert_string_equal(info, ANN);
	free(info);
	drop(odd);
}

/* Ids are compared as a whole. */
static void
test_find(void **state UNUSED)
{
	static const char *const ids[] = { "1", "10", "100", "2", "a", "ab",
	    "\xc3\xa4", "" };
	struct room_user *users[COUNT_OF(ids)];
	struct slice id;
	size_t i;

	RB_INIT(&room.users);
	for (i = 0; i < COUNT_OF(ids); i++) {
		users[i] = xcalloc(1, sizeof(**users) + 8);
		memcpy(users[i]->id, ids[i], strlen(ids[i]) + 1);
		assert_null(room_user_find(&room, slice_of(ids[i])));
		RB_INSERT(room_users, &room.users, users[i]);
	}
	for (i = 0; i < COUNT_OF(ids); i++)
		assert_ptr_equal(room_user_find(&room, slice_of(ids[i])),
		    users[i]);
	id = (struct slice){ "100000", 2 };
	assert_ptr_equal(room_user_find(&room, id), users[1]);
	/* A NUL ends it. */
	id = (struct slice){ "1\0", 2 };
	assert_ptr_equal(room_user_find(&room, id), users[0]);
	assert_null(room_user_find(&room, SLICE_LIT("1000")));
	assert_null(room_user_find(&room, SLICE_LIT("0")));
	assert_null(room_user_find(&room, SLICE_LIT("b")));
	for (i = 0; i < COUNT_OF(ids); i++)
		free(users[i]);
}

static int
setup(void **state UNUSED)
{
	render.profiles = profiles_new();
	return (0);
}

static int
teardown(void **state UNUSED)
{
	profiles_free(render.profiles);
	return (0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_it_came),
		cmocka_unit_test(test_kept_once),
		cmocka_unit_test(test_find),
	};

	return (cmocka_run_group_tests(tests, setup, teardown));
}
