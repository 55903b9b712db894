/*
 * Paths to rooms: the table of protocol.md's endpoints, what Django can put in
 * an admin URL, and what is none of ours.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/compat.h"
#include "server/route.h"

#define P	"/admin/collaboration/"
#define TEN	"0123456789"
#define FIFTY	TEN TEN TEN TEN TEN
#define ID255	FIFTY FIFTY FIFTY FIFTY FIFTY "01234"

static const struct row {
	const char	*path;
	enum route_kind	 kind;
	const char	*key;
	const char	*name;
} rows[] = {
	{ P "shop/item/7/", ROUTE_EDIT, "e:shop/item/7", "admin_shop_item_7" },
	{ P "chat/x/7/", ROUTE_EDIT, "e:chat/x/7", "admin_chat_x_7" },
	{ P "a_b/c/7/", ROUTE_EDIT, "e:a_b/c/7", "admin_a_b_c_7" },
	{ P "a/b_c/7/", ROUTE_EDIT, "e:a/b_c/7", "admin_a_b_c_7" },
	{ P "shop/item/_3A_5F/", ROUTE_EDIT, "e:shop/item/_3A_5F",
	    "admin_shop_item__3A_5F" },
	{ P "shop/item/a%2Fb/", ROUTE_EDIT, "e:shop/item/a/b",
	    "admin_shop_item_a/b" },
	{ P "shop/item/%c3%A9%20%25/", ROUTE_EDIT,
	    "e:shop/item/\xc3\xa9 %", "admin_shop_item_\xc3\xa9 %" },
	{ P "shop/item/a:b*{c}/", ROUTE_EDIT, "e:shop/item/a:b*{c}",
	    "admin_shop_item_a:b*{c}" },
	{ P "shop/item/" ID255 "/", ROUTE_EDIT, "e:shop/item/" ID255,
	    "admin_shop_item_" ID255 },
	{ P "chat/admin_shop_item_7_change_/", ROUTE_CHAT,
	    "c:admin_shop_item_7_change_", "chat_admin_shop_item_7_change_" },
	{ P "chat/%C3%A9/", ROUTE_CHAT, "c:\xc3\xa9", "chat_\xc3\xa9" },
	{ P "echo/", ROUTE_ECHO, "", "" },
	{ P "health", ROUTE_HEALTH, "", "" },
	{ P "metrics", ROUTE_METRICS, "", "" },
	{ P "guard", ROUTE_GUARD, "", "" },
	{ P "refused", ROUTE_REFUSED, "", "" },
	{ P "client.js", ROUTE_ASSET, "", "" },
	{ P "shop.item/", ROUTE_MODEL, "m:shop.item", "model_shop.item" },
	{ P "a_b.c/", ROUTE_MODEL, "m:a_b.c", "model_a_b.c" },
	{ P "a.b_c/", ROUTE_MODEL, "m:a.b_c", "model_a.b_c" },
	{ P "shop.%69tem/", ROUTE_MODEL, "m:shop.item", "model_shop.item" },
	/* nobody's, but a name that a model may have */
	{ P "client.js/", ROUTE_MODEL, "m:client.js", "model_client.js" },
	/* none of ours */
	{ P "shop.item", ROUTE_NONE, NULL, NULL },
	{ P "shop%2Eitem/", ROUTE_NONE, NULL, NULL },
	{ P "shop./", ROUTE_NONE, NULL, NULL },
	{ P ".item/", ROUTE_NONE, NULL, NULL },
	{ P "./", ROUTE_NONE, NULL, NULL },
	{ P "shop.item.x/", ROUTE_NONE, NULL, NULL },
	{ P "shop.it-em/", ROUTE_NONE, NULL, NULL },
	{ P "shop.item%2F7/", ROUTE_NONE, NULL, NULL },
	{ P "shop.item/7/", ROUTE_NONE, NULL, NULL },
	{ P "client", ROUTE_NONE, NULL, NULL },
	{ P "Client.js", ROUTE_NONE, NULL, NULL },
	{ P "client%2Ejs", ROUTE_NONE, NULL, NULL },
	{ P "/client.js", ROUTE_NONE, NULL, NULL },
	{ P "x/client.js", ROUTE_NONE, NULL, NULL },
	{ P "client.00000000.js", ROUTE_NONE, NULL, NULL },
	{ P "client.00000000.css", ROUTE_NONE, NULL, NULL },
	{ "/client.js", ROUTE_NONE, NULL, NULL },
	{ P "shop/item/7", ROUTE_NONE, NULL, NULL },
	{ P "shop/item/7/8/", ROUTE_NONE, NULL, NULL },
	{ P "shop/item//", ROUTE_NONE, NULL, NULL },
	{ P "/item/7/", ROUTE_NONE, NULL, NULL },
	{ P "shop/item/" ID255 "5/", ROUTE_NONE, NULL, NULL },
	{ P "shop/item/%zz/", ROUTE_NONE, NULL, NULL },
	{ P "shop/item/%4/", ROUTE_NONE, NULL, NULL },
	{ P "shop/item/%/", ROUTE_NONE, NULL, NULL },
	{ P "shop/item/%00/", ROUTE_NONE, NULL, NULL },
	{ P "shop/item/%0a/", ROUTE_NONE, NULL, NULL },
	{ P "shop/item/%7f/", ROUTE_NONE, NULL, NULL },
	{ P "shop/item/%ff/", ROUTE_NONE, NULL, NULL },
	{ P "shop/item/%ed%a0%80/", ROUTE_NONE, NULL, NULL },
	{ P "sh op/item/7/", ROUTE_NONE, NULL, NULL },
	{ P "sh%3Aop/item/7/", ROUTE_NONE, NULL, NULL },
	{ P "shop/it.em/7/", ROUTE_NONE, NULL, NULL },
	{ P "chat/", ROUTE_NONE, NULL, NULL },
	{ P "other/x/", ROUTE_NONE, NULL, NULL },
	{ P "echo", ROUTE_NONE, NULL, NULL },
	{ P "health/", ROUTE_NONE, NULL, NULL },
	{ P "guard/", ROUTE_NONE, NULL, NULL },
	{ P "refused/", ROUTE_NONE, NULL, NULL },
	{ P, ROUTE_NONE, NULL, NULL },
	{ "/admin/collaboration", ROUTE_NONE, NULL, NULL },
	{ "/admin/collaborationshop/item/7/", ROUTE_NONE, NULL, NULL },
	{ "/shop/item/7/", ROUTE_NONE, NULL, NULL },
	{ "/", ROUTE_NONE, NULL, NULL },
};

static const struct conf_list none;

static void
test_table(void **state)
{
	struct route route;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		route_parse(slice_of(rows[i].path), "admin/collaboration",
		    &none, &route);
		if (route.kind != rows[i].kind)
			fail_msg("%s: kind %d", rows[i].path, route.kind);
		assert_int_equal(route.asset != NULL,
		    route.kind == ROUTE_ASSET);
		if (rows[i].key == NULL)
			continue;
		assert_string_equal(route.key, rows[i].key);
		assert_string_equal(route.name, rows[i].name);
	}
}

static void
test_names_for_the_permission(void **state)
{
	struct route route;

	(void)state;
	route_parse(slice_of("/c/shop/item/7/"), "c", &none, &route);
	assert_int_equal(route.kind, ROUTE_EDIT);
	assert_string_equal(route.app_label, "shop");
	assert_string_equal(route.model, "item");
	route_parse(slice_of("/c/shop.item/"), "c", &none, &route);
	assert_int_equal(route.kind, ROUTE_MODEL);
	assert_string_equal(route.app_label, "shop");
	assert_string_equal(route.model, "item");
}

static const struct page_row {
	const char	*admin_url;	/* NULL: admin */
	const char	*uri;
	enum guard_page	 page;
	const char	*key;		/* NULL: no room */
	const char	*linked;	/* the same */
} page_rows[] = {
	{ NULL, "/admin/shop/item/7/change/", GUARD_PAGE_CHANGE,
	    "e:shop/item/7", NULL },
	{ NULL, "/admin/shop/item/7/delete/", GUARD_PAGE_DELETE,
	    "e:shop/item/7", NULL },
	{ NULL, "/admin/shop/item/7/change/?_popup=1&next=/x/",
	    GUARD_PAGE_CHANGE, "e:shop/item/7", NULL },
	{ NULL, "/admin/shop/item/add/", GUARD_PAGE_ADD, NULL, NULL },
	{ NULL, "/admin/shop/item/", GUARD_PAGE_LIST, NULL, NULL },
	{ NULL, "/admin/shop/item/?q=a/7/change/", GUARD_PAGE_LIST, NULL, NULL },
	/* behind a language, or where the site is mounted */
	{ NULL, "/de/admin/shop/item/7/change/", GUARD_PAGE_CHANGE,
	    "e:shop/item/7", NULL },
	{ NULL, "/a/b/admin/shop/item/add/", GUARD_PAGE_ADD, NULL, NULL },
	{ "back/office", "/back/office/shop/item/7/change/",
	    GUARD_PAGE_CHANGE, "e:shop/item/7", NULL },
	{ "back/office", "/admin/shop/item/7/change/", GUARD_PAGE_NONE,
	    NULL, NULL },
	{ "", "/shop/item/7/change/", GUARD_PAGE_CHANGE, "e:shop/item/7", NULL },
	{ "", "/de/shop/item/7/change/", GUARD_PAGE_CHANGE,
	    "e:shop/item/7", NULL },
	/* ids as Django quotes them, in whatever way they are written */
	{ NULL, "/admin/shop/item/a_2Fb/change/", GUARD_PAGE_CHANGE,
	    "e:shop/item/a_2Fb", NULL },
	{ NULL, "/admin/shop/item/a/b/change/", GUARD_PAGE_CHANGE,
	    "e:shop/item/a/b",
	    "e:shop/item/a_2Fb" },
	{ NULL, "/admin/shop/item/a%2Fb/change/", GUARD_PAGE_CHANGE,
	    "e:shop/item/a/b",
	    "e:shop/item/a_2Fb" },
	{ NULL, "/admin/shop/item/a%5F2Fb/change/", GUARD_PAGE_CHANGE,
	    "e:shop/item/a_2Fb", NULL },
	{ NULL, "/admin/shop/item/a:b/change/", GUARD_PAGE_CHANGE,
	    "e:shop/item/a:b",
	    "e:shop/item/a_3Ab" },
	{ NULL, "/admin/shop/item/_31/change/", GUARD_PAGE_CHANGE,
	    "e:shop/item/_31",
	    "e:shop/item/_5F31" },
	{ NULL, "/admin/shop/item/%C3%A9%20x/change/", GUARD_PAGE_CHANGE,
	    "e:shop/item/\xc3\xa9 x", NULL },
	{ NULL, "/admin/shop/item/add/change/", GUARD_PAGE_CHANGE,
	    "e:shop/item/add", NULL },
	{ NULL, "/admin/shop/item/change/change/", GUARD_PAGE_CHANGE,
	    "e:shop/item/change", NULL },
	/* written otherwise, and the same to Django */
	{ NULL, "/%61dmin/shop/item/7/%63hange/", GUARD_PAGE_CHANGE,
	    "e:shop/item/7", NULL },
	{ NULL, "/admin%2Fshop/item/7%2Fchange%2F", GUARD_PAGE_CHANGE,
	    "e:shop/item/7", NULL },
	{ NULL, "/admin/shop/item/7%2Fchange/", GUARD_PAGE_CHANGE,
	    "e:shop/item/7", NULL },
	/* none that Django saves at */
	{ NULL, "/admin/shop/item/7/change", GUARD_PAGE_NONE, NULL, NULL },
	{ NULL, "/admin/shop/item/7/", GUARD_PAGE_NONE, NULL, NULL },
	{ NULL, "/admin/shop/item/change/", GUARD_PAGE_NONE, NULL, NULL },
	{ NULL, "/admin/shop/item/7/history/", GUARD_PAGE_NONE, NULL, NULL },
	{ NULL, "/admin/auth/user/7/password/", GUARD_PAGE_NONE, NULL, NULL },
	{ NULL, "/admin/shop/", GUARD_PAGE_NONE, NULL, NULL },
	{ NULL, "/admin/", GUARD_PAGE_NONE, NULL, NULL },
	{ NULL, "/admin/sh-op/item/7/change/", GUARD_PAGE_NONE, NULL, NULL },
	{ NULL, "/administrator/shop/item/7/change/", GUARD_PAGE_NONE,
	    NULL, NULL },
	{ NULL, "/xadmin/shop/item/7/change/", GUARD_PAGE_NONE, NULL, NULL },
	{ NULL, "/shop/item/7/change/", GUARD_PAGE_NONE, NULL, NULL },
	{ NULL, "/", GUARD_PAGE_NONE, NULL, NULL },
	/* ids that can be in no room */
	{ NULL, "/admin/shop/item/%00/change/", GUARD_PAGE_CHANGE, NULL, NULL },
	{ NULL, "/admin/shop/item/a%0Ab/change/", GUARD_PAGE_CHANGE,
	    NULL,
	    "e:shop/item/a_0Ab" },
	{ NULL, "/admin/shop/item/a%09b/change/", GUARD_PAGE_CHANGE, NULL, NULL },
	{ NULL, "/admin/shop/item/%ff/change/", GUARD_PAGE_CHANGE, NULL, NULL },
	{ NULL, "/admin/shop/item/" ID255 "/change/", GUARD_PAGE_CHANGE,
	    "e:shop/item/" ID255, NULL },
	{ NULL, "/admin/shop/item/" ID255 "5/change/", GUARD_PAGE_CHANGE,
	    NULL, NULL },
	{ NULL, "/admin/shop/item/7%zz/change/", GUARD_PAGE_CHANGE,
	    "e:shop/item/7%zz",
	    "e:shop/item/7_25zz" },
};

static void
test_pages(void **state)
{
	struct route_page page;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(page_rows); i++) {
		const struct page_row *r = &page_rows[i];

		if (!route_parse_page(slice_of(r->uri), r->admin_url == NULL ?
		    "admin" : r->admin_url, &none, &page))
			fail_msg("%s: no path", r->uri);
		if (page.page != r->page)
			fail_msg("%s: page %d", r->uri, page.page);
		assert_int_equal(page.room.kind,
		    r->key == NULL ? ROUTE_NONE : ROUTE_EDIT);
		assert_int_equal(page.linked.kind,
		    r->linked == NULL ? ROUTE_NONE : ROUTE_EDIT);
		if (r->key != NULL)
			assert_string_equal(page.room.key, r->key);
		if (r->linked != NULL)
			assert_string_equal(page.linked.key, r->linked);
	}
	assert_false(route_parse_page(slice_of(""), "admin", &none, &page));
	assert_false(route_parse_page((struct slice){ NULL, 0 }, "admin",
	    &none, &page));
	assert_false(route_parse_page(slice_of("http://x/admin/"), "admin",
	    &none, &page));
}

/* Of a page of an object and of its websocket it is the same room. */
static void
test_page_and_room(void **state)
{
	struct route_page page;
	struct route route;

	(void)state;
	route_parse(slice_of(P "shop/item/a_3Ab%20c/"), "admin/collaboration",
	    &none, &route);
	assert_true(route_parse_page(
	    slice_of("/admin/shop/item/a_3Ab%20c/change/"), "admin", &none,
	    &page));
	assert_string_equal(page.room.key, route.key);
	assert_string_equal(page.room.name, route.name);
	assert_string_equal(page.room.app_label, "shop");
	assert_string_equal(page.room.model, "item");
}

/* A proxy's page is its own for the permission, its row's for the room. */
static void
test_aliases(void **state)
{
	char press[] = "press.draft=press.article", a_b[] = "a_b.c=d.e_f";
	char *entries[] = { press, a_b };
	const struct conf_list aliases = { entries, COUNT_OF(entries) };
	static const struct {
		const char *path, *app_label, *key, *name;
	} cases[] = {
		{ "/c/press/draft/7/", "press", "e:press/article/7",
		    "admin_press_article_7" },
		{ "/c/press.draft/", "press", "m:press.article",
		    "model_press.article" },
		{ "/c/press/article/7/", "press", "e:press/article/7",
		    "admin_press_article_7" },
		{ "/c/a_b/c/x%2Fy/", "a_b", "e:d/e_f/x/y", "admin_d_e_f_x/y" },
		/* only whole names */
		{ "/c/press/draft2/7/", "press", "e:press/draft2/7",
		    "admin_press_draft2_7" },
		{ "/c/xpress/draft/7/", "xpress", "e:xpress/draft/7",
		    "admin_xpress_draft_7" },
		{ "/c/press/Draft/7/", "press", "e:press/Draft/7",
		    "admin_press_Draft_7" },
		{ "/c/chat/press_draft_7/", "", "c:press_draft_7",
		    "chat_press_draft_7" },
	};
	struct route_page page;
	struct route route;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++) {
		route_parse(slice_of(cases[i].path), "c", &aliases, &route);
		assert_string_equal(route.key, cases[i].key);
		assert_string_equal(route.name, cases[i].name);
		assert_string_equal(route.app_label, cases[i].app_label);
	}
	route_parse(slice_of("/c/press/draft/7/"), "c", &aliases, &route);
	assert_string_equal(route.model, "draft");
	/* The guard asks for the same room. */
	assert_true(route_parse_page(slice_of(
	    "/admin/press/draft/a%3Ab/change/"), "admin", &aliases, &page));
	assert_string_equal(page.room.key, "e:press/article/a:b");
	assert_string_equal(page.linked.key, "e:press/article/a_3Ab");
	assert_string_equal(page.room.model, "draft");
}

/* What the admin's log names has the room that its page has. */
static void
test_of_object(void **state)
{
	char text[] = "press.draft=press.article", *entry = text;
	const struct conf_list aliases = { &entry, 1 };
	struct route route;

	(void)state;
	assert_true(route_of_object(slice_of("press"), slice_of("draft"),
	    slice_of("a_2Fb"), &aliases, &route));
	assert_string_equal(route.key, "e:press/article/a_2Fb");
	assert_string_equal(route.name, "admin_press_article_a_2Fb");
	assert_string_equal(route.model, "draft");
	assert_false(route_of_object(slice_of("press"), slice_of("draft"),
	    slice_of(""), &none, &route));
	assert_false(route_of_object(slice_of("pr/ess"), slice_of("draft"),
	    slice_of("7"), &none, &route));
	assert_false(route_of_object(slice_of("press"), slice_of("draft"),
	    slice_of(ID255 "5"), &none, &route));
	assert_int_equal(route.kind, ROUTE_NONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_names_for_the_permission),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_page_and_room),
		cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_of_object),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
