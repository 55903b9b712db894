/*
 * The reader of Redis' replies. The input is fed in pieces whose length its
 * first byte chooses; however it is cut, the same values come out, and memory
 * stays within the bounds.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/log.h"
#include "store/resp.h"
#include "store/store_priv.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Walks a value; returns how many there are in it. */
static size_t
walk(const struct resp_value *v, unsigned depth)
{
	size_t i, n = 1;

	ASSERT(depth <= 9);
	switch (v->type) {
	case RESP_ARRAY:
		ASSERT(v->n <= RESP_ARRAY_MAX);
		for (i = 0; i < v->n; i++) {
			ASSERT(v->items[i] != NULL);
			n += walk(resp_at(v, i), depth + 1);
		}
		break;
	case RESP_STRING:
	case RESP_STATUS:
	case RESP_ERROR:
		ASSERT(v->text.p != NULL && v->text.p[v->text.n] == '\0');
		break;
	case RESP_NIL:
	case RESP_INTEGER:
		ASSERT(v->text.p == NULL);
		break;
	}
	return (n);
}

static size_t
read_all(const uint8_t *data, size_t size, size_t step, bool *broken)
{
	struct resp_reader *r = resp_reader_new();
	struct store_member *members;
	struct store_reply reply;
	struct resp_value *v;
	size_t total = 0, n;
	int64_t bad;

	*broken = false;
	while (size > 0 && !*broken) {
		n = size < step ? size : step;
		*broken = !resp_reader_feed(r, data, n);
		data += n;
		size -= n;
		while (!*broken) {
			*broken = !resp_reader_next(r, &v);
			if (v == NULL)
				break;
			ASSERT(!*broken);
			total += walk(v, 0);
			/* the next reader of a value is as careful */
			if (store_reply_parse(v, &reply, &members, &bad))
				ASSERT(reply.n_members == 0 ||
				    reply.members == members);
			free(members);
			resp_value_free(v);
		}
	}
	resp_reader_free(r);
	return (total);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool broken_whole, broken_cut;
	size_t whole, cut;

	if (size == 0)
		return (0);
	whole = read_all(data + 1, size - 1, size, &broken_whole);
	cut = read_all(data + 1, size - 1, (size_t)data[0] % 16 + 1,
	    &broken_cut);
	ASSERT(whole == cut && broken_whole == broken_cut);
	return (0);
}
