/*
 * JSON in and out. Reading is json-c, strict: one object, the whole input,
 * valid UTF-8, a depth limit; the size limit is the caller's. Getters check the
 * type and never convert. Writing is by hand into a struct buf, so that a
 * frame's bytes are ours.
 *
 * Ownership: json_parse() gives an object that the caller frees; what getters
 * return is borrowed from it. Any thread, one object not shared.
 */
#ifndef COLLABD_BASE_JSON_H
#define COLLABD_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/slice.h"

struct json;

enum json_error {
	JSON_OK,
	JSON_SYNTAX,		/* not JSON, or something behind it, or not UTF-8 */
	JSON_NOT_OBJECT,	/* valid, but no object at the top */
	JSON_TOO_DEEP,
};

enum json_kind {
	JSON_ABSENT,
	JSON_NULL,
	JSON_BOOL,
	JSON_INT,
	JSON_DOUBLE,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

/*
 * Parses n bytes. On JSON_OK *out is the object, else NULL. Duplicate keys:
 * the last one wins, as in Python.
 */
enum json_error json_parse(const char *text, size_t n, int depth_max,
	    struct json **out) MUSTCHECK;
void	json_free(struct json *obj);
/* Whether json_parse() would take it, for text that is passed on as it is. */
bool	json_is_object(struct slice text, int depth_max) MUSTCHECK;

enum json_kind json_kind_of(const struct json *obj, const char *key);
/* Absent slice unless the value is a string. May hold NUL bytes. */
struct slice json_get_string(const struct json *obj, const char *key);
/* False unless the value is an integer that int64_t holds. */
bool	json_get_int(const struct json *obj, const char *key, int64_t *out)
	    MUSTCHECK;
/* True only if the value is the boolean true. */
bool	json_get_bool(const struct json *obj, const char *key);
/* The member as an object, or NULL; borrowed, not to be freed. */
const struct json *json_get_object(const struct json *obj, const char *key);
/* Length of the member if it is an array, else 0; and its i-th element if that
 * is an object, else NULL (borrowed). */
size_t	json_array_length(const struct json *obj, const char *key);
const struct json *json_array_object(const struct json *obj, const char *key,
	    size_t i);
/* Its i-th element if that is a string, else absent. */
struct slice json_array_string(const struct json *obj, const char *key,
	    size_t i);
/* Appends the member's JSON text, compact, as it was read; false if absent. */
bool	json_add_member(struct buf *b, const struct json *obj,
	    const char *key) MUSTCHECK;
/* Appends `,"key":value` for each member whose key is not in skip (a
 * NULL-terminated list): how unknown keys survive a rewrite. */
void	json_add_others(struct buf *b, const struct json *obj,
	    const char *const *skip);

/*
 * Appends text as a JSON string, quotes included. Valid UTF-8 passes; a byte
 * that is not part of a valid sequence becomes U+FFFD, so that the result is
 * always valid. "<", ">" and "&" pass: a frame is never put into HTML.
 */
void	json_add_string(struct buf *b, const char *text, size_t n);
/*
 * A user id: text in C, on the wire of the type of the site's primary key. A
 * number if is_number and it looks like one to every reader (digits, no leading
 * zero, at most 19), else a string.
 */
void	json_add_id(struct buf *b, const char *id, bool is_number);
/* `"key":"text"`, or `"key":null` when text is NULL. No comma. */
void	json_add_pair(struct buf *b, const char *key, const char *text);

#endif
