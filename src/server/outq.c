/*
 * Output queues: a ring of frame pointers that grows by doubling. Frames are
 * counted, so a broadcast lies in a thousand queues once.
 */
#include <sys/socket.h>
#include <sys/uio.h>

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "server/outq.h"

#define RING_FIRST	8
#define FRAMES_A_WRITE	64	/* more gain nothing: the call is paid for */

struct outq {
	int64_t		  since_ms;
	size_t		  bytes;	/* that wait, of all frames */
	size_t		  written;	/* of the first frame */
	uint32_t	  cap;
	uint32_t	  first;	/* index of it */
	uint32_t	  n;		/* frames */
	struct frame	**ring;
};

static struct frame **
slot(const struct outq *q, uint32_t i)
{
	return (&q->ring[(q->first + i) % q->cap]);
}

static void
grow(struct outq *q)
{
	uint32_t cap = q->cap == 0 ? RING_FIRST : q->cap * 2, i;
	struct frame **ring = xreallocarray(NULL, cap, sizeof(struct frame *));

	for (i = 0; i < q->n; i++)
		ring[i] = *slot(q, i);
	free(q->ring);
	q->ring = ring;
	q->cap = cap;
	q->first = 0;
}

void
outq_add(struct outq **qp, struct frame *frame)
{
	struct outq *q = *qp;

	if (q == NULL) {
		q = *qp = xcalloc(1, sizeof(*q));
		q->since_ms = clock_mono_ms();
	}
	if (q->n == q->cap)
		grow(q);
	ASSERT(q->cap != 0);
	*slot(q, q->n++) = frame;
	q->bytes += frame->n;
}

/* n bytes of the first frames are written. */
static void
consume(struct outq *q, size_t n)
{
	q->bytes -= n;
	n += q->written;
	q->written = 0;
	while (q->n > 0) {
		struct frame *f = *slot(q, 0);

		if (n < f->n) {
			q->written = n;
			break;
		}
		n -= f->n;
		frame_put(f);
		q->first = (q->first + 1) % q->cap;
		q->n--;
	}
	q->since_ms = clock_mono_ms();
}

ssize_t
outq_write(struct outq **qp, int fd)
{
	struct outq *q = *qp;
	struct iovec iov[FRAMES_A_WRITE];
	struct msghdr msg = { .msg_iov = iov };
	uint32_t i;
	ssize_t n;

	ASSERT(q != NULL && q->cap != 0);
	for (i = 0; i < q->n && i < FRAMES_A_WRITE; i++) {
		struct frame *f = *slot(q, i);
		size_t off = i == 0 ? q->written : 0;

		iov[i].iov_base = (void *)(uintptr_t)(f->p + off);
		iov[i].iov_len = f->n - off;
	}
	msg.msg_iovlen = i;
	n = sendmsg(fd, &msg, MSG_NOSIGNAL);
	if (n > 0)
		consume(q, (size_t)n);
	if (q->n == 0)
		outq_free(qp);
	return (n);
}

static void
put_from(struct outq *q, uint32_t from)
{
	uint32_t i;

	for (i = from; i < q->n; i++) {
		struct frame *f = *slot(q, i);

		q->bytes -= f->n;
		frame_put(f);
	}
	q->n = from < q->n ? from : q->n;
}

void
outq_drop(struct outq **qp)
{
	if (*qp == NULL)
		return;
	if ((*qp)->written == 0)
		outq_free(qp);
	else
		put_from(*qp, 1);
}

void
outq_free(struct outq **qp)
{
	struct outq *q = *qp;

	if (q == NULL)
		return;
	put_from(q, 0);
	free(q->ring);
	free(q);
	*qp = NULL;
}

size_t
outq_bytes(const struct outq *q)
{
	return (q == NULL ? 0 : q->bytes);
}

int64_t
outq_since_ms(const struct outq *q)
{
	return (q->since_ms);
}
