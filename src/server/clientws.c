/*
 * What a websocket says: frames out of bytes, messages within their rate out
 * of frames, the peer's Close and its faults; and pings, which tell whether it
 * is still there.
 */
#include <stdlib.h>

#include "server/client_priv.h"

void
clientws_start(struct client *c, bool text_only)
{
	const struct conf *conf = c->set->conf;

	c->state = CL_LIVE;
	c->is_ws = true;
	ws_decoder_init(&c->ws, (uint32_t)conf->max_message_size, text_only);
	/* Spread, so that clients which came together do not stay together. */
	client_set_timer(c, conf->ping_interval_ms / 2 +
	    (int64_t)arc4random_uniform((uint32_t)conf->ping_interval_ms / 2));
}

void
clientws_fini(struct client *c)
{
	if (c->is_ws)
		ws_decoder_fini(&c->ws);
}

/* Whether one more message is within the rate of a socket. */
static bool
is_in_time(struct client *c)
{
	const struct conf *conf = c->set->conf;

	return (bucket_take(&c->messages, clock_mono_ms(), conf->message_rate,
	    conf->message_burst, 1));
}

static void
count_error(struct client *c, enum ws_error error)
{
	switch (error) {
	case WS_ERR_BINARY:
		client_count(c, COUNTER_BAD_BINARY, 1);
		break;
	case WS_ERR_UTF8:
		client_count(c, COUNTER_BAD_UTF8, 1);
		break;
	case WS_ERR_TOO_BIG:
		client_count(c, COUNTER_BAD_TOO_LARGE, 1);
		break;
	default:
		client_count(c, COUNTER_BAD_PROTOCOL, 1);
		break;
	}
}

static void
on_close_frame(struct client *c, const struct ws_message *m)
{
	c->went_away = m->code == WS_CLOSE_GOING_AWAY;
	if (c->state == CL_BYE) {
		/* The answer to ours. */
		c->ends_after_flush = true;
		client_mark_dirty(c);
	} else
		client_finish(c, m->code, "", true);
}

static void
on_event(struct client *c, enum ws_event event, const struct ws_message *m)
{
	struct frame *pong;

	if (event == WS_CLOSE) {
		on_close_frame(c, m);
		return;
	}
	if (event == WS_ERROR) {
		/* What comes behind it is part of the same fault. */
		if (c->is_deaf)
			return;
		count_error(c, m->error);
		c->is_deaf = true;
		client_finish(c, m->code, ws_error_name(m->error), false);
		return;
	}
	if (c->state != CL_LIVE)
		return;
	if (event == WS_PONG) {
		c->pings = 0;
		return;
	}
	if (!is_in_time(c)) {
		client_count(c, COUNTER_RATE_LIMITED, 1);
		client_finish(c, WS_CLOSE_POLICY, "too many messages", false);
		return;
	}
	if (event == WS_PING) {
		pong = frame_new(WS_OP_PONG, m->data);
		client_send(c, pong);
		frame_put(pong);
	} else {
		client_count(c, COUNTER_FRAMES_IN, 1);
		c->set->hooks->on_message(c, m, c->set->arg);
	}
}

void
clientws_read(struct client *c, char *p, size_t n)
{
	struct ws_message m;
	enum ws_event event;
	size_t used;

	/* Until WS_MORE, also when no byte is left: the call after a message
	 * gives the message's buffer back. */
	do {
		event = ws_decode(&c->ws, p, n, &used, &m);
		if (event == WS_MORE)
			break;
		on_event(c, event, &m);
		p += used;
		n -= used;
	} while (event != WS_ERROR && event != WS_CLOSE &&
	    c->state != CL_DEAD);
}

void
clientws_due(struct client *c)
{
	const struct conf *conf = c->set->conf;
	struct frame *ping;

	if (c->out != NULL && clock_mono_ms() - outq_since_ms(c->out) >=
	    conf->send_queue_age_ms) {
		client_finish_slow(c);
		return;
	}
	if (c->pings >= 2) {
		client_kill(c, "no pong");
		return;
	}
	c->pings++;
	ping = frame_new(WS_OP_PING, (struct slice){ "", 0 });
	client_enqueue(c, ping);
	client_set_timer(c, conf->ping_interval_ms);
}
