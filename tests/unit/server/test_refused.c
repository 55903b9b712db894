/*
 * The page for a refused save: in each language, with a name and without, and
 * with a name that would be a script.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/refused.h"

static void
test_languages(void **state UNUSED)
{
	struct buf b = { NULL, 0, 0 };
	char lang[32];
	size_t i;

	assert_true(refused_n >= 8);
	assert_string_equal(refused_languages[0], "en");
	for (i = 0; i < refused_n; i++) {
		assert_non_null(strstr(refused_texts[i].editing, "{name}"));
		assert_null(strstr(refused_texts[i].somebody, "{"));
		refused_answer_add(&b, 423, i, "Ann Lee", false);
		(void)snprintf(lang, sizeof(lang), "Content-Language: %s\r\n",
		    refused_languages[i]);
		assert_non_null(strstr(buf_str(&b), "HTTP/1.1 423 Locked\r\n"));
		assert_non_null(strstr(buf_str(&b), lang));
		assert_non_null(strstr(buf_str(&b),
		    "<strong><bdi>Ann Lee</bdi></strong>"));
		assert_null(strstr(buf_str(&b), "{name}"));
		assert_int_equal(strstr(buf_str(&b), "dir=\"rtl\"") != NULL,
		    strcmp(refused_languages[i], "ar") == 0);
		buf_reset(&b);
	}
	buf_fini(&b);
}

static void
test_names(void **state UNUSED)
{
	struct buf b = { NULL, 0, 0 };

	refused_answer_add(&b, 423, 0, "<script>alert('1')</script>&\"",
	    false);
	assert_non_null(strstr(buf_str(&b), "<bdi>&lt;script&gt;"
	    "alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot;</bdi>"));
	assert_null(strstr(buf_str(&b), "<script"));
	buf_reset(&b);
	refused_answer_add(&b, 423, 0, NULL, false);
	assert_non_null(strstr(buf_str(&b), refused_texts[0].somebody));
	assert_null(strstr(buf_str(&b), "<bdi>"));
	buf_reset(&b);
	refused_answer_add(&b, 403, 0, "", true);
	assert_non_null(strstr(buf_str(&b), "HTTP/1.1 403 Forbidden\r\n"));
	assert_null(strstr(buf_str(&b), "<html"));
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_languages),
		cmocka_unit_test(test_names),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
