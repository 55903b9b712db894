/*
 * The frames of tabs. Form only: who is shown what is the server layer's to
 * decide. What stands in Redis between a worker and the others (a save, a
 * badge) is JSON of the same make, so that it goes out as it came.
 */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "proto/message.h"
#include "proto/tabmsg.h"

static void
open_frame(struct buf *b, enum message_type type)
{
	buf_add_char(b, '{');
	json_add_pair(b, "type", message_type_name(type));
}

static void
add_key(struct buf *b, const char *key)
{
	int last = b->n == 0 ? '{' : b->p[b->n - 1];

	if (last != '{' && last != '[')
		buf_add_char(b, ',');
	json_add_string(b, key, strlen(key));
	buf_add_char(b, ':');
}

static void
add_text(struct buf *b, const char *key, const char *text)
{
	add_key(b, key);
	if (text == NULL)
		buf_add_str(b, "null");
	else
		json_add_string(b, text, strlen(text));
}

static void
add_bool(struct buf *b, const char *key, bool value)
{
	add_key(b, key);
	buf_add_str(b, value ? "true" : "false");
}

static void
add_json(struct buf *b, const char *key, struct slice json)
{
	add_key(b, key);
	if (json.p == NULL)
		buf_add_str(b, "null");
	else
		buf_add(b, json.p, json.n);
}

static void
add_time(struct buf *b, const char *key, int64_t us)
{
	char iso[CLOCK_ISO_SIZE];

	add_text(b, key, us == 0 ? NULL : clock_format_iso(us, iso));
}

/* `"user_id":1,"name":"Ann"` */
static void
add_who_keys(struct buf *b, const struct tabmsg_who *who)
{
	add_key(b, "user_id");
	json_add_id(b, who->id, who->id_is_number);
	add_text(b, "name", who->name);
}

/* An object with them, or null for nobody. */
static void
add_who(struct buf *b, const char *key, const struct tabmsg_who *who)
{
	add_key(b, key);
	if (who->id == NULL) {
		buf_add_str(b, "null");
		return;
	}
	buf_add_char(b, '{');
	add_who_keys(b, who);
	buf_add_char(b, '}');
}

void
tabmsg_add_person(struct buf *b, const struct tabmsg_person *p)
{
	buf_add_char(b, '{');
	add_who_keys(b, &p->who);
	add_text(b, "username", p->username);
	add_text(b, "email", p->email);
	add_text(b, "avatar_url", p->avatar_url);
	if (p->since != NULL) {
		add_text(b, "since", p->since);
		add_text(b, "state", p->state);
	}
	buf_add_char(b, '}');
}

void
tabmsg_add_hello(struct buf *b, const struct tabmsg_hello *h)
{
	open_frame(b, MESSAGE_HELLO);
	add_key(b, "you");
	tabmsg_add_person(b, &h->you);
	add_text(b, "tab", h->tab);
	add_bool(b, "may_change", h->may_change);
	add_bool(b, "may_take_over", h->may_take_over);
	add_text(b, "now", h->now);
	add_text(b, "saves", h->follows_log ? "log" : "click");
	add_json(b, "last_save", h->last_save);
	add_json(b, "settings", h->settings);
	buf_add_char(b, '}');
}

void
tabmsg_add_present(struct buf *b, struct slice person)
{
	open_frame(b, MESSAGE_USER_PRESENT);
	add_json(b, "user", person);
	buf_add_char(b, '}');
}

void
tabmsg_add_absent(struct buf *b, const struct tabmsg_who *who)
{
	open_frame(b, MESSAGE_USER_ABSENT);
	add_key(b, "user_id");
	json_add_id(b, who->id, who->id_is_number);
	buf_add_char(b, '}');
}

/* {"user_id","until"}, or null. */
static void
add_until(struct buf *b, const char *key, const struct tabmsg_lock *lock,
    const char *id, int64_t until_us)
{
	add_key(b, key);
	if (id == NULL || until_us == 0) {
		buf_add_str(b, "null");
		return;
	}
	buf_add_char(b, '{');
	add_key(b, "user_id");
	json_add_id(b, id, lock->id_is_number);
	add_time(b, "until", until_us);
	buf_add_char(b, '}');
}

void
tabmsg_add_lock(struct buf *b, const struct tabmsg_lock *lock)
{
	size_t i;

	open_frame(b, MESSAGE_LOCK);
	add_who(b, "editor", &lock->editor);
	if (lock->editor.id != NULL) {
		b->n--;		/* the brace, for one more key */
		add_text(b, "tab", lock->tab);
		buf_add_char(b, '}');
	}
	add_until(b, "previous", lock, lock->previous,
	    lock->previous_until_us);
	add_key(b, "line");
	buf_add_char(b, '[');
	for (i = 0; i < lock->n_line; i++) {
		buf_add_str(b, i == 0 ? "{" : ",{");
		add_who_keys(b, &lock->line[i].who);
		add_bool(b, "asked", lock->line[i].asked);
		buf_add_char(b, '}');
	}
	buf_add_char(b, ']');
	add_until(b, "offer", lock, lock->offered, lock->offer_us);
	add_until(b, "countdown", lock, lock->next, lock->countdown_us);
	add_time(b, "hold_until", lock->hold_us);
	buf_add_char(b, '}');
}

void
tabmsg_add_lock_unknown(struct buf *b)
{
	open_frame(b, MESSAGE_LOCK_UNKNOWN);
	buf_add_char(b, '}');
}

void
tabmsg_add_handed_over(struct buf *b, const struct tabmsg_who *from,
    const struct tabmsg_who *to, const char *how)
{
	open_frame(b, MESSAGE_HANDED_OVER);
	add_who(b, "from", from);
	add_who(b, "to", to);
	add_text(b, "how", how);
	buf_add_char(b, '}');
}

void
tabmsg_add_taken_over(struct buf *b, const struct tabmsg_who *from,
    const struct tabmsg_who *by, const char *reason)
{
	open_frame(b, MESSAGE_TAKEN_OVER);
	add_who(b, "from", from);
	add_who(b, "by", by);
	add_text(b, "reason", reason);
	buf_add_char(b, '}');
}

void
tabmsg_add_lock_lost(struct buf *b, const struct tabmsg_who *from,
    const char *why)
{
	open_frame(b, MESSAGE_LOCK_LOST);
	add_who(b, "from", from);
	add_text(b, "why", why);
	buf_add_char(b, '}');
}

void
tabmsg_add_save_refused(struct buf *b, const char *tab,
    const struct tabmsg_who *editor)
{
	open_frame(b, MESSAGE_SAVE_REFUSED);
	add_text(b, "tab", tab);
	add_who(b, "editor", editor);
	buf_add_char(b, '}');
}

void
tabmsg_add_pong(struct buf *b)
{
	open_frame(b, MESSAGE_PONG);
	buf_add_char(b, '}');
}

void
tabmsg_add_save(struct buf *b, int64_t id, const struct tabmsg_who *who,
    const char *when, const char *action, struct slice fields)
{
	buf_addf(b, "{\"id\":%lld", (long long)id);
	add_who_keys(b, who);
	add_text(b, "when", when);
	add_text(b, "action", action);
	add_json(b, "fields", fields);
	buf_add_char(b, '}');
}

void
tabmsg_add_saved(struct buf *b, struct slice save)
{
	/* Its own brace is ours already. It may be empty: it stood in Redis. */
	size_t at = 1;

	while (at < save.n && strchr(" \t\r\n", save.p[at]) != NULL)
		at++;
	open_frame(b, MESSAGE_SAVED);
	if (at < save.n && save.p[at] != '}')
		buf_add_char(b, ',');
	buf_add(b, save.p + at, save.n - at);
}

void
tabmsg_add_badge_value(struct buf *b, const struct tabmsg_who *who)
{
	buf_add_char(b, '{');
	add_who_keys(b, who);
	buf_add_char(b, '}');
}

void
tabmsg_add_badge(struct buf *b, struct slice object, struct slice value)
{
	open_frame(b, MESSAGE_BADGE);
	add_key(b, "object");
	json_add_string(b, object.p, object.n);
	add_json(b, "editor", value);
	buf_add_char(b, '}');
}

void
tabmsg_open_badges(struct buf *b)
{
	open_frame(b, MESSAGE_BADGES);
	add_key(b, "objects");
	buf_add_char(b, '{');
}

void
tabmsg_add_badges(struct buf *b, struct slice object, struct slice value)
{
	if (b->p[b->n - 1] != '{')
		buf_add_char(b, ',');
	json_add_string(b, object.p, object.n);
	buf_add_char(b, ':');
	buf_add(b, value.p, value.n);
}

void
tabmsg_close_badges(struct buf *b)
{
	buf_add_str(b, "}}");
}
