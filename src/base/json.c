/*
 * JSON in and out; the only file that knows json-c. A struct json is a
 * json_object under another name, so that no other file needs the header.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "base/json.h"
#include "base/utf8.h"
#include "base/xmalloc.h"

#define J(obj)	((struct json_object *)(uintptr_t)(obj))

enum json_error
json_parse(const char *text, size_t n, int depth_max, struct json **out)
{
	struct json_tokener *tok;
	struct json_object *obj;
	enum json_tokener_error err;
	char *copy;
	size_t end;

	*out = NULL;
	/* json-c's own check lets surrogates through. */
	if (n >= INT_MAX || !utf8_is_valid(text, n))
		return (JSON_SYNTAX);
	if ((tok = json_tokener_new_ex(depth_max)) == NULL)
		return (JSON_SYNTAX);
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT);
	/* The NUL belongs to the input: only with it does json-c know that a
	 * number at the end is complete. */
	copy = xmemdup0(text, n);
	obj = json_tokener_parse_ex(tok, copy, (int)n + 1);
	err = json_tokener_get_error(tok);
	end = json_tokener_get_parse_end(tok);
	json_tokener_free(tok);
	if (err == json_tokener_success && end < n) {
		/* Nothing but white space may follow. */
		end += strspn(copy + end, " \t\r\n");
		if (end < n)
			err = json_tokener_error_parse_unexpected;
	}
	free(copy);
	if (err != json_tokener_success) {
		json_object_put(obj);
		return (err == json_tokener_error_depth ? JSON_TOO_DEEP :
		    JSON_SYNTAX);
	}
	if (!json_object_is_type(obj, json_type_object)) {
		json_object_put(obj);
		return (JSON_NOT_OBJECT);
	}
	*out = (struct json *)obj;
	return (JSON_OK);
}

void
json_free(struct json *obj)
{
	json_object_put(J(obj));
}

bool
json_is_object(struct slice text, int depth_max)
{
	struct json *obj;
	bool is_object;

	is_object = text.p != NULL &&
	    json_parse(text.p, text.n, depth_max, &obj) == JSON_OK;
	if (is_object)
		json_free(obj);
	return (is_object);
}

static struct json_object *
member(const struct json *obj, const char *key)
{
	struct json_object *value = NULL;

	if (obj == NULL || !json_object_object_get_ex(J(obj), key, &value))
		return (NULL);
	return (value);
}

enum json_kind
json_kind_of(const struct json *obj, const char *key)
{
	struct json_object *value;

	if (obj == NULL || !json_object_object_get_ex(J(obj), key, &value))
		return (JSON_ABSENT);
	switch (json_object_get_type(value)) {
	case json_type_null:
		return (JSON_NULL);
	case json_type_boolean:
		return (JSON_BOOL);
	case json_type_double:
		return (JSON_DOUBLE);
	case json_type_int:
		return (JSON_INT);
	case json_type_object:
		return (JSON_OBJECT);
	case json_type_array:
		return (JSON_ARRAY);
	case json_type_string:
		return (JSON_STRING);
	}
	return (JSON_ABSENT);
}

struct slice
json_get_string(const struct json *obj, const char *key)
{
	struct json_object *value = member(obj, key);

	if (!json_object_is_type(value, json_type_string))
		return ((struct slice){ NULL, 0 });
	return ((struct slice){ json_object_get_string(value),
	    (size_t)json_object_get_string_len(value) });
}

bool
json_get_int(const struct json *obj, const char *key, int64_t *out)
{
	struct json_object *value = member(obj, key);

	if (!json_object_is_type(value, json_type_int))
		return (false);
	*out = json_object_get_int64(value);
	/* json-c clamps what it cannot hold; an own text tells. */
	return (*out != INT64_MAX && *out != INT64_MIN);
}

bool
json_get_bool(const struct json *obj, const char *key)
{
	struct json_object *value = member(obj, key);

	return (json_object_is_type(value, json_type_boolean) &&
	    json_object_get_boolean(value));
}

const struct json *
json_get_object(const struct json *obj, const char *key)
{
	struct json_object *value = member(obj, key);

	return (json_object_is_type(value, json_type_object) ?
	    (const struct json *)value : NULL);
}

size_t
json_array_length(const struct json *obj, const char *key)
{
	struct json_object *value = member(obj, key);

	return (json_object_is_type(value, json_type_array) ?
	    json_object_array_length(value) : 0);
}

const struct json *
json_array_object(const struct json *obj, const char *key, size_t i)
{
	struct json_object *value = member(obj, key);

	if (!json_object_is_type(value, json_type_array))
		return (NULL);
	value = json_object_array_get_idx(value, i);
	return (json_object_is_type(value, json_type_object) ?
	    (const struct json *)value : NULL);
}

struct slice
json_array_string(const struct json *obj, const char *key, size_t i)
{
	struct json_object *value = member(obj, key);

	if (!json_object_is_type(value, json_type_array))
		return ((struct slice){ NULL, 0 });
	value = json_object_array_get_idx(value, i);
	if (!json_object_is_type(value, json_type_string))
		return ((struct slice){ NULL, 0 });
	return ((struct slice){ json_object_get_string(value),
	    (size_t)json_object_get_string_len(value) });
}

static void
add_value(struct buf *b, struct json_object *value)
{
	if (json_object_is_type(value, json_type_string)) {
		json_add_string(b, json_object_get_string(value),
		    (size_t)json_object_get_string_len(value));
		return;
	}
	buf_add_str(b, json_object_to_json_string_ext(value,
	    JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
}

bool
json_add_member(struct buf *b, const struct json *obj, const char *key)
{
	struct json_object *value;

	if (obj == NULL || !json_object_object_get_ex(J(obj), key, &value))
		return (false);
	add_value(b, value);
	return (true);
}

static bool
is_listed(const char *key, const char *const *list)
{
	for (; *list != NULL; list++) {
		if (strcmp(key, *list) == 0)
			return (true);
	}
	return (false);
}

void
json_add_others(struct buf *b, const struct json *obj, const char *const *skip)
{
	json_object_object_foreach(J(obj), key, value) {
		if (is_listed(key, skip))
			continue;
		buf_add_char(b, ',');
		json_add_string(b, key, strlen(key));
		buf_add_char(b, ':');
		add_value(b, value);
	}
}

/* ASCII that needs no escape. */
static bool
is_plain(unsigned char c)
{
	return (c >= 0x20 && c < 0x7f && c != '"' && c != '\\');
}

void
json_add_string(struct buf *b, const char *text, size_t n)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t i = 0, from = 0, len;

	buf_add_char(b, '"');
	while (i < n) {
		/* What stays as it is is added in one go. */
		if (is_plain(s[i])) {
			i++;
			continue;
		}
		if (s[i] >= 0x80 &&
		    (len = utf8_sequence(text + i, n - i)) != 0) {
			i += len;
			continue;
		}
		buf_add(b, text + from, i - from);
		if (s[i] == '"' || s[i] == '\\') {
			buf_add_char(b, '\\');
			buf_add_char(b, (char)s[i]);
		} else if (s[i] < 0x80)
			buf_addf(b, "\\u%04x", s[i]);
		else
			buf_add_str(b, "\xef\xbf\xbd");
		from = ++i;
	}
	buf_add(b, text + from, n - from);
	buf_add_char(b, '"');
}

void
json_add_pair(struct buf *b, const char *key, const char *text)
{
	json_add_string(b, key, strlen(key));
	buf_add_char(b, ':');
	if (text == NULL)
		buf_add_str(b, "null");
	else
		json_add_string(b, text, strlen(text));
}

void
json_add_id(struct buf *b, const char *id, bool is_number)
{
	size_t n = strlen(id);

	if (is_number && n > 0 && n <= 19 && strspn(id, "0123456789") == n &&
	    (id[0] != '0' || n == 1))
		buf_add(b, id, n);
	else
		json_add_string(b, id, n);
}
