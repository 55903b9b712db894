/*
 * For unit tests: the cases of tests/vectors.json, read with json-c (the
 * product reads JSON through base/json.c only). The file is found by the
 * environment's COLLABD_VECTORS, else below the folder the test runs in, the
 * root of the repository. Include after cmocka.h.
 *
 * A test says how many cases of its kind it expects, so that an emptied or
 * renamed kind fails instead of passing in silence.
 */
#ifndef COLLABD_TESTS_VECTORS_H
#define COLLABD_TESTS_VECTORS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "base/slice.h"

/* The whole file; json_object_put() it. */
static inline struct json_object *
vectors_open(void)
{
	const char *path = getenv("COLLABD_VECTORS");
	/* Deeper than json-c's default: a decoded session is 41 levels. */
	struct json_tokener *tok = json_tokener_new_ex(256);
	struct json_object *all = NULL;
	char *text = NULL;
	size_t size = 0;
	FILE *f;

	if (path == NULL)
		path = "tests/vectors.json";
	if ((f = fopen(path, "r")) != NULL) {
		if (getdelim(&text, &size, '\0', f) > 0)
			all = json_tokener_parse_ex(tok, text, -1);
		(void)fclose(f);
	}
	if (all == NULL) {
		(void)fprintf(stderr, "%s: cannot be read\n", path);
		abort();
	}
	free(text);
	json_tokener_free(tok);
	return (all);
}

/* A member, or NULL when it is absent or null. */
static inline struct json_object *
vectors_get(struct json_object *obj, const char *key)
{
	struct json_object *value = NULL;

	(void)json_object_object_get_ex(obj, key, &value);
	return (value);
}

/* The list of a kind, which has at least `least` cases. */
static inline struct json_object *
vectors_kind(struct json_object *all, const char *kind, size_t least)
{
	struct json_object *list = vectors_get(all, kind);

	if (!json_object_is_type(list, json_type_array) ||
	    json_object_array_length(list) < least) {
		(void)fprintf(stderr, "vectors: fewer than %zu of %s\n", least,
		    kind);
		abort();
	}
	return (list);
}

/* The text of a member, or NULL. */
static inline const char *
vectors_str(struct json_object *obj, const char *key)
{
	struct json_object *value = vectors_get(obj, key);

	return (json_object_is_type(value, json_type_string) ?
	    json_object_get_string(value) : NULL);
}

static inline bool
vectors_bool(struct json_object *obj, const char *key)
{
	return (json_object_get_boolean(vectors_get(obj, key)));
}

/*
 * Writes text, whose code points are all below 256, as the bytes that are on
 * the wire; text with higher ones stays UTF-8 as it is. Returns the length.
 */
static inline size_t
vectors_latin1(const char *text, char *out)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t n = 0;

	for (; *s != '\0'; s++) {
		if (*s > 0xc3) {
			strcpy(out, text);
			return (strlen(text));
		}
		if (*s >= 0xc2) {
			out[n++] = (char)((s[0] & 0x03) << 6 | (s[1] & 0x3f));
			s++;
		} else
			out[n++] = (char)*s;
	}
	out[n] = '\0';
	return (n);
}

#endif
