/*
 * A change message as a short list of texts. Called by the server layer for
 * each save that it announces. The message was written by Django, but its
 * strings are what users typed: any length, any character.
 */
#include "base/json.h"
#include "base/utf8.h"
#include "django/logmsg.h"

#define DEPTH_MAX	16	/* Django's have 5 levels, and one is ours */
#define NAME_MAX_BYTES	30	/* of an inline's parts, so that the field is */
#define OBJECT_MAX_BYTES 40	/* still seen */
#define CUT_TRIES	3	/* ends of items to try in a list that was cut */

#define ELLIPSIS	"\xe2\x80\xa6"
#define QUOTE_OPEN	"\xe2\x80\x9c"
#define QUOTE_CLOSE	"\xe2\x80\x9d"

struct texts {
	struct buf	*out;
	size_t		 n;
	struct buf	 one;	/* the text that is being made */
};

/* Appends s, or what fits into max bytes of it and an ellipsis. */
static void
add_cut(struct buf *b, struct slice s, size_t max)
{
	if (s.n <= max) {
		buf_add(b, s.p, s.n);
		return;
	}
	buf_add(b, s.p, utf8_cut(s.p, s.n, max - LITLEN(ELLIPSIS)));
	buf_add_str(b, ELLIPSIS);
}

/* Puts the text that was made into the list, unless that is full. */
static void
end_text(struct texts *t)
{
	struct buf cut = { 0 };

	if (t->one.n != 0 && t->n < LOGMSG_TEXTS_MAX) {
		if (t->n++ != 0)
			buf_add_char(t->out, ',');
		add_cut(&cut, (struct slice){ t->one.p, t->one.n },
		    LOGMSG_TEXT_MAX);
		json_add_string(t->out, cut.p, cut.n);
		buf_fini(&cut);
	}
	buf_reset(&t->one);
}

/* Begins a text with an inline's name and object; false if it has none. */
static bool
begin_inline(struct texts *t, const char *sign, const struct json *part)
{
	struct slice name = json_get_string(part, "name");
	struct slice object = json_get_string(part, "object");

	if (name.n == 0 && object.n == 0)
		return (false);
	buf_add_str(&t->one, sign);
	add_cut(&t->one, name, NAME_MAX_BYTES);
	buf_add_str(&t->one, name.n == 0 ? QUOTE_OPEN : " " QUOTE_OPEN);
	add_cut(&t->one, object, OBJECT_MAX_BYTES);
	buf_add_str(&t->one, QUOTE_CLOSE);
	return (true);
}

static void
add_changed(struct texts *t, const struct json *part)
{
	size_t n = json_array_length(part, "fields"), i;

	for (i = 0; i < n && t->n < LOGMSG_TEXTS_MAX; i++) {
		struct slice field = json_array_string(part, "fields", i);

		if (field.n == 0)
			continue;
		if (begin_inline(t, "", part))
			buf_add_str(&t->one, ": ");
		buf_add(&t->one, field.p, field.n);
		end_text(t);
	}
	if (n == 0 && begin_inline(t, "", part))
		end_text(t);
}

static void
add_item(struct texts *t, const struct json *item)
{
	const struct json *part;

	if ((part = json_get_object(item, "changed")) != NULL)
		add_changed(t, part);
	else if ((part = json_get_object(item, "added")) != NULL &&
	    begin_inline(t, "+ ", part))
		end_text(t);
	else if ((part = json_get_object(item, "deleted")) != NULL &&
	    begin_inline(t, "- ", part))
		end_text(t);
}

/* The list as the member "list" of an object: our parser takes those only. */
static struct json *
parse_list(struct slice list, const char *end)
{
	struct buf text = { 0 };
	struct json *obj;

	buf_add_str(&text, "{\"list\":");
	buf_add(&text, list.p, list.n);
	buf_add_str(&text, end);
	buf_add_char(&text, '}');
	if (json_parse(text.p, text.n, DEPTH_MAX, &obj) != JSON_OK)
		obj = NULL;
	buf_fini(&text);
	return (obj);
}

/* The list without what a cut left of its last item, or NULL. */
static struct json *
parse_cut(struct slice list)
{
	struct json *obj = NULL;
	int tries = 0;

	for (; obj == NULL && list.n > 2 && tries < CUT_TRIES; list.n--) {
		if (list.p[list.n - 1] != '}' || list.p[list.n - 2] != '}')
			continue;
		tries++;
		obj = parse_list(list, "]");
	}
	return (obj);
}

/* Whether somebody cut it at LOGMSG_MAX, or in front of the character there. */
static bool
is_cut(struct slice message)
{
	return (message.n > LOGMSG_MAX - 4);
}

void
logmsg_add_texts(struct buf *b, struct slice message)
{
	struct texts t = { .out = b };
	struct json *obj = NULL;
	bool is_list;
	size_t n, i;

	message.n = utf8_cut(message.p, message.n, LOGMSG_MAX);
	is_list = message.n != 0 && message.p[0] == '[';
	if (is_list)
		obj = parse_list(message, "");
	if (is_list && obj == NULL && is_cut(message))
		obj = parse_cut(message);
	buf_add_char(b, '[');
	n = json_array_length(obj, "list");
	for (i = 0; i < n && t.n < LOGMSG_TEXTS_MAX; i++)
		add_item(&t, json_array_object(obj, "list", i));
	/* As Django does: what is no list is a sentence. */
	if (obj == NULL && !(is_list && is_cut(message)) &&
	    utf8_is_valid(message.p, message.n)) {
		buf_add(&t.one, message.p, message.n);
		end_text(&t);
	}
	buf_add_char(b, ']');
	json_free(obj);
	buf_fini(&t.one);
}
