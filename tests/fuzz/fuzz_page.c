/*
 * Paths of the admin as the guard reads them, which any browser may write: what
 * is found in them must be the names of rooms that can be, and a path that is
 * escaped throughout must be the same page.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/utf8.h"
#include "server/route.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct conf_list none;

static void
check_room(const struct route *room)
{
	const char *s;

	ASSERT(room->kind == ROUTE_EDIT || room->kind == ROUTE_NONE);
	if (room->kind == ROUTE_NONE)
		return;
	ASSERT(strncmp(room->key, "e:", 2) == 0);
	ASSERT(strncmp(room->name, "admin_", 6) == 0);
	ASSERT(utf8_is_valid(room->key, strlen(room->key)));
	for (s = room->key; *s != '\0'; s++)
		ASSERT((unsigned char)*s >= 0x20 && *s != 0x7f);
}

static void
check_page(const struct route_page *page)
{
	check_room(&page->room);
	check_room(&page->linked);
	if (page->page != GUARD_PAGE_CHANGE &&
	    page->page != GUARD_PAGE_DELETE) {
		ASSERT(page->room.kind == ROUTE_NONE);
		ASSERT(page->linked.kind == ROUTE_NONE);
	}
}

/* Every byte of the path as an escape, as Django undoes them. */
static void
check_escaped(const char *p, size_t n, const struct route_page *page)
{
	struct route_page other;
	struct buf b = { NULL, 0, 0 };
	size_t i;

	if (memchr(p, '%', n) != NULL || memchr(p, '?', n) != NULL)
		return;
	buf_add_char(&b, '/');
	for (i = 1; i < n; i++)
		buf_addf(&b, "%%%02X", (unsigned char)p[i]);
	ASSERT(route_parse_page((struct slice){ b.p, b.n }, "admin",
	    &none, &other));
	ASSERT(other.page == page->page);
	ASSERT(strcmp(other.room.key, page->room.key) == 0);
	ASSERT(strcmp(other.linked.key, page->linked.key) == 0);
	buf_fini(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct route_page page;
	char *exact = malloc(size + 1);

	if (exact == NULL)
		abort();
	/* In a block that ends where the path does. */
	if (size != 0)
		memcpy(exact, data, size);
	if (route_parse_page((struct slice){ exact, size }, "admin",
	    &none, &page)) {
		check_page(&page);
		check_escaped(exact, size, &page);
	} else
		ASSERT(size == 0 || data[0] != '/');
	if (route_parse_page((struct slice){ exact, size }, "", &none,
	    &page))
		check_page(&page);
	free(exact);
	return (0);
}
