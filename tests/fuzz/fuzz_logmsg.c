/*
 * Change messages and quoted keys of the admin's log. Whatever stands in the
 * row, the texts are a JSON array within its bounds; and a key that was quoted
 * has nothing special left and comes back as it was.
 */
#include <stdint.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/utf8.h"
#include "django/logmsg.h"
#include "django/quote.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_texts(struct slice message)
{
	struct buf b = { 0 };
	struct json *obj;
	size_t n, i;

	buf_add_str(&b, "{\"texts\":");
	logmsg_add_texts(&b, message);
	buf_add_char(&b, '}');
	ASSERT(json_parse(b.p, b.n, 3, &obj) == JSON_OK);
	ASSERT(json_kind_of(obj, "texts") == JSON_ARRAY);
	n = json_array_length(obj, "texts");
	ASSERT(n <= LOGMSG_TEXTS_MAX);
	for (i = 0; i < n; i++) {
		struct slice text = json_array_string(obj, "texts", i);

		ASSERT(text.n >= 1 && text.n <= LOGMSG_TEXT_MAX);
		ASSERT(utf8_is_valid(text.p, text.n));
	}
	json_free(obj);
	buf_fini(&b);
}

static void
check_key(struct slice key)
{
	struct buf quoted = { 0 }, back = { 0 };
	size_t i;

	quote_add_key(&quoted, key);
	ASSERT(quoted.n >= key.n && quoted.n <= 3 * key.n);
	for (i = 0; i < quoted.n; i++)
		ASSERT(quoted.p[i] == '\0' ||
		    strchr("\":/#?;@&=+$,[]<>%\n\\", quoted.p[i]) == NULL);
	quote_add_unquoted(&back, (struct slice){ quoted.p, quoted.n });
	ASSERT(back.n == key.n &&
	    (key.n == 0 || memcmp(back.p, key.p, key.n) == 0));
	buf_reset(&back);
	quote_add_unquoted(&back, key);
	ASSERT(back.n <= key.n);
	buf_fini(&quoted);
	buf_fini(&back);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = { (const char *)data, size };
	struct buf b = { 0 };

	check_key(in);
	check_texts(in);
	/* One that is so long that it is cut. */
	buf_add(&b, data, size);
	while (size != 0 && b.n < LOGMSG_MAX)
		buf_add(&b, data, size);
	check_texts((struct slice){ b.p, b.n });
	/* Behind a good head the deep parts are reached sooner. */
	buf_reset(&b);
	buf_add_str(&b, "[{\"changed\": {\"name\": \"page\", \"object\": \"");
	buf_add(&b, data, size);
	buf_add_str(&b, "\", \"fields\": [\"Name\"]}}]");
	check_texts((struct slice){ b.p, b.n });
	buf_fini(&b);
	return (0);
}
