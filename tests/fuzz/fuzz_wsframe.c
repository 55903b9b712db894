/*
 * The websocket decoder. The same stream is decoded whole and in random pieces
 * and must give the same events; its memory must stay within what wsframe.h
 * promises; and the events must be those of wslay, an independent decoder.
 *
 * Where wslay 1.1.1 is known to differ, we are right by RFC 6455 (or stricter
 * on purpose), and the comparison ends there:
 * - it accepts a Close of one byte,
 * - it refuses the close codes 1012 to 1014,
 * - it has no bound on fragments,
 * - it checks a Close that is split over two reads wrongly (so it gets all
 *   bytes in one read here).
 * And each may see an error first: we in a header that is cut, it in the reason
 * of a Close that is cut. Then the other gets zeros until it has seen it, too.
 * The first byte of the input chooses the size limit, the second the cuts.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <wslay/wslay.h>

#include "base/buf.h"
#include "base/log.h"
#include "proto/wsframe.h"

#define WSLAY_READ	4096	/* its input buffer */
#define PADDING		16	/* more than the rest of any header */
#define LONG_PADDING	WS_CONTROL_MAX

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* The events of a stream, serialized, and how it ended. */
struct trace {
	struct buf	b;
	enum ws_error	error;		/* ours only */
	size_t		last;		/* where the last event begins */
};

static void
add_event(struct trace *t, char kind, unsigned code, const void *p, size_t n)
{
	uint32_t head[2] = { code, (uint32_t)n };

	t->last = t->b.n;
	buf_add_char(&t->b, kind);
	buf_add(&t->b, head, sizeof(head));
	buf_add(&t->b, p, n);
}

static char
kind_of(unsigned opcode)
{
	return ("?tb?????cpo?????"[opcode & 0xf]);
}

static void
add_message(struct trace *t, enum ws_event event, const struct ws_message *m)
{
	switch (event) {
	case WS_MORE:
		break;
	case WS_ERROR:
		t->error = m->error;
		add_event(t, 'e', m->code, NULL, 0);
		break;
	case WS_CLOSE:
		add_event(t, 'c', m->code, m->data.p, m->data.n);
		break;
	case WS_MESSAGE:
	case WS_PING:
	case WS_PONG:
		add_event(t, kind_of(m->opcode), 0, m->data.p, m->data.n);
		break;
	}
}

/* Feeds one piece, of which arrived bytes in all have arrived. */
static bool
decode(struct ws_decoder *d, const uint8_t *p, size_t n, size_t arrived,
    uint32_t max, struct trace *t)
{
	char *copy = malloc(n);
	struct ws_message m;
	enum ws_event event;
	size_t at = 0, used;

	memcpy(copy, p, n);
	do {
		event = ws_decode(d, copy + at, n - at, &used, &m);
		ASSERT(used <= n - at);
		at += used;
		add_message(t, event, &m);
		ASSERT(m.data.n <= max);
		ASSERT(ws_decoder_held(d) <= 64 ||
		    ws_decoder_held(d) <= 2 * arrived);
		ASSERT(ws_decoder_held(d) <= (size_t)max + WS_CONTROL_MAX);
	} while (event != WS_MORE && event != WS_ERROR);
	ASSERT(event == WS_ERROR || at == n);
	if (event == WS_ERROR || ws_decoder_is_idle(d))
		ASSERT(ws_decoder_held(d) == 0);
	free(copy);
	return (event == WS_MORE);
}

/* seed 0: all at once. */
static void
run(const uint8_t *p, size_t n, uint32_t max, bool text_only, unsigned seed,
    struct trace *t)
{
	struct ws_decoder d;
	size_t at = 0, k;

	memset(t, 0, sizeof(*t));
	ws_decoder_init(&d, max, text_only);
	while (at < n) {
		seed = seed * 1103515245 + 12345 * (seed != 0);
		k = 1 + (seed >> 16) % (seed & 0x8000000 ? 100 : 3);
		if (seed == 0 || k > n - at)
			k = n - at;
		if (!decode(&d, p + at, k, at + k, max, t))
			break;
		at += k;
	}
	ws_decoder_fini(&d);
}

/* What wslay reads from, and where it reports to. */
struct oracle {
	const uint8_t	*p;
	size_t		 n;
	struct trace	 trace;
	bool		 closed;
};

static ssize_t
oracle_recv_cb(wslay_event_context_ptr ctx, uint8_t *buf, size_t len,
    int flags UNUSED, void *arg)
{
	struct oracle *o = arg;
	size_t k = len < o->n ? len : o->n;

	if (k == 0) {
		wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
		return (-1);
	}
	memcpy(buf, o->p, k);
	o->p += k;
	o->n -= k;
	return ((ssize_t)k);
}

static ssize_t
oracle_send_cb(wslay_event_context_ptr ctx UNUSED, const uint8_t *p UNUSED,
    size_t len, int flags UNUSED, void *arg UNUSED)
{
	return ((ssize_t)len);
}

static void
oracle_message_cb(wslay_event_context_ptr ctx UNUSED,
    const struct wslay_event_on_msg_recv_arg *m, void *arg)
{
	struct oracle *o = arg;

	if (m->opcode != WSLAY_CONNECTION_CLOSE) {
		add_event(&o->trace, kind_of(m->opcode), 0, m->msg,
		    m->msg_length);
		return;
	}
	o->closed = true;
	if (m->msg_length < 2)
		add_event(&o->trace, 'c', WS_CLOSE_NO_STATUS, NULL, 0);
	else
		add_event(&o->trace, 'c', m->status_code, m->msg + 2,
		    m->msg_length - 2);
}

static void
run_oracle(const uint8_t *p, size_t n, uint32_t max, struct trace *t)
{
	static const struct wslay_event_callbacks callbacks = {
		.recv_callback = oracle_recv_cb,
		.send_callback = oracle_send_cb,
		.on_msg_recv_callback = oracle_message_cb,
	};
	struct oracle o = { .p = p, .n = n };
	wslay_event_context_ptr ctx;
	int rv;

	ASSERT(wslay_event_context_server_init(&ctx, &callbacks, &o) == 0);
	wslay_event_config_set_max_recv_msg_length(ctx, max);
	rv = wslay_event_recv(ctx);
	if (rv != 0)
		add_event(&o.trace, 'e', WS_CLOSE_PROTOCOL, NULL, 0);
	else if (!wslay_event_get_read_enabled(ctx) && !o.closed) {
		/* Its verdict is the Close that it would send. */
		ASSERT(wslay_event_send(ctx) == 0);
		add_event(&o.trace, 'e',
		    wslay_event_get_status_code_sent(ctx), NULL, 0);
	}
	wslay_event_context_free(ctx);
	*t = o.trace;
}

static bool
is_same(const struct trace *a, const struct trace *b)
{
	return (a->b.n == b->b.n &&
	    (a->b.n == 0 || memcmp(a->b.p, b->b.p, a->b.n) == 0));
}

/* Whether the traces agree up to the last event of ours. */
static bool
agree_before(const struct trace *ours, const struct trace *theirs)
{
	return (theirs->b.n >= ours->last && (ours->last == 0 ||
	    memcmp(ours->b.p, theirs->b.p, ours->last) == 0));
}

static bool
ends_in_new_code(const struct trace *t)
{
	uint32_t code;

	if (t->b.n == 0 || t->b.p[t->last] != 'c')
		return (false);
	memcpy(&code, t->b.p + t->last + 1, sizeof(code));
	return (code >= 1012 && code <= 1014);
}

/* Whether theirs is ours and then the code of an error. */
static bool
ends_earlier(const struct trace *theirs, const struct trace *ours,
    uint32_t code)
{
	return (ours->error == WS_ERR_NONE && theirs->b.n > ours->b.n &&
	    theirs->last == ours->b.n && theirs->b.p[theirs->last] == 'e' &&
	    memcmp(theirs->b.p + theirs->last + 1, &code, sizeof(code)) == 0);
}

static void
compare(const uint8_t *p, size_t n, uint32_t max, struct trace *ours)
{
	uint8_t padded[WSLAY_READ];
	struct trace theirs;

	if (n > sizeof(padded) - LONG_PADDING)
		return;
	memset(padded, 0, sizeof(padded));
	if (n != 0)
		memcpy(padded, p, n);
	run_oracle(padded, ours->error == WS_ERR_NONE ? n : n + PADDING, max,
	    &theirs);
	if (ends_earlier(&theirs, ours, WS_CLOSE_INVALID)) {
		buf_fini(&ours->b);
		run(padded, n + LONG_PADDING, max, false, 0, ours);
	}
	if (ours->error == WS_ERR_FRAGMENTS || ends_in_new_code(ours) ||
	    (ours->error == WS_ERR_CLOSE_FRAME && theirs.b.n > ours->last &&
	    theirs.b.p[ours->last] == 'c'))
		ASSERT(agree_before(ours, &theirs));
	else
		ASSERT(is_same(ours, &theirs));
	buf_fini(&theirs.b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const uint32_t limits[] = { 125, 126, 300, 65536 };
	struct trace whole, pieces;
	uint32_t max;
	bool text_only;

	if (n < 2)
		return (0);
	max = limits[data[0] % 4];
	text_only = (data[0] & 4) != 0;
	run(data + 2, n - 2, max, text_only, 0, &whole);
	run(data + 2, n - 2, max, text_only, data[1] | 1U, &pieces);
	ASSERT(is_same(&whole, &pieces) && whole.error == pieces.error);
	if (!text_only)
		compare(data + 2, n - 2, max, &whole);
	buf_fini(&whole.b);
	buf_fini(&pieces.b);
	return (0);
}
