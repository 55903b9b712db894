/*
 * Counters and their text. Every process adds to its own block, so a line of
 * memory has one writer; a reader sums all blocks and the last one, which
 * holds what workers that are gone have counted (and what the master counts).
 * Nothing waits. When the master moves a dead worker's figures into the last
 * block, readers see a sequence lock and look again: a sum that went down and
 * up would look like a restart to Prometheus.
 */
#include <inttypes.h>
#include <sched.h>

#include "base/clock.h"
#include "base/log.h"
#include "shm/budget.h"
#include "shm/layout.h"

#define READ_TRIES	1000	/* a retirement takes about a microsecond */
#define PREFIX		"collabd_"

const unsigned counters_auth_bounds_ms[COUNTERS_AUTH_BUCKETS] = {
	1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000,
};

enum kind { KIND_COUNTER, KIND_GAUGE };

struct row {
	enum kind	 kind;
	const char	*family, *labels, *help;
};

#define ROW_COUNTER(name, family, labels, help)				\
	[COUNTER_##name] = { KIND_COUNTER, family, labels, help },
#define ROW_GAUGE(name, family, labels, help)				\
	[COUNTER_##name] = { KIND_GAUGE, family, labels, help },
static const struct row rows[] = { COUNTERS(ROW_COUNTER, ROW_GAUGE) };
_Static_assert(COUNT_OF(rows) == COUNTER_AUTH_BUCKET, "one row each");

static struct shm_counters *
block_of(const struct shm *shm, int slot)
{
	if (slot == SHM_SLOT_MASTER)
		return (&shm->counters[shm->slots]);
	ASSERT(slot >= 0 && (size_t)slot < shm->slots);
	return (&shm->counters[slot]);
}

void
counters_add(struct shm *shm, int slot, enum counter id, int64_t n)
{
	ASSERT((unsigned)id < COUNTERS_N);
	atomic_fetch_add_explicit(&block_of(shm, slot)->v[id], n,
	    memory_order_relaxed);
}

void
counters_add_handshake(struct shm *shm, int slot, int status)
{
	static const struct {
		int		status;
		enum counter	id;
	} known[] = {
		{ 101, COUNTER_HANDSHAKE_101 }, { 200, COUNTER_HANDSHAKE_200 },
		{ 304, COUNTER_HANDSHAKE_304 }, { 400, COUNTER_HANDSHAKE_400 },
		{ 403, COUNTER_HANDSHAKE_403 }, { 404, COUNTER_HANDSHAKE_404 },
		{ 405, COUNTER_HANDSHAKE_405 }, { 408, COUNTER_HANDSHAKE_408 },
		{ 426, COUNTER_HANDSHAKE_426 }, { 429, COUNTER_HANDSHAKE_429 },
		{ 431, COUNTER_HANDSHAKE_431 }, { 503, COUNTER_HANDSHAKE_503 },
	};
	size_t i;

	for (i = 0; i < COUNT_OF(known) && known[i].status != status; i++)
		;
	counters_add(shm, slot, i < COUNT_OF(known) ? known[i].id :
	    COUNTER_HANDSHAKE_OTHER, 1);
}

void
counters_add_auth_us(struct shm *shm, int slot, int64_t took_us)
{
	int i;

	if (took_us < 0)
		took_us = 0;
	for (i = 0; i < COUNTERS_AUTH_BUCKETS; i++) {
		if (took_us <= counters_auth_bounds_ms[i] * US_PER_MS)
			break;
	}
	counters_add(shm, slot, (enum counter)(COUNTER_AUTH_BUCKET + i), 1);
	counters_add(shm, slot, COUNTER_AUTH_SUM_US, took_us);
}

int64_t
counters_get(const struct shm *shm, int slot, enum counter id)
{
	ASSERT((unsigned)id < COUNTERS_N);
	return (atomic_load_explicit(&block_of(shm, slot)->v[id],
	    memory_order_acquire));
}

static void
sum_range(const struct shm *shm, unsigned first, unsigned n, int64_t *sum)
{
	size_t i;
	unsigned id;

	for (id = 0; id < n; id++)
		sum[id] = 0;
	for (i = 0; i <= shm->slots; i++) {
		shm_step();
		for (id = 0; id < n; id++)
			sum[id] += atomic_load_explicit(
			    &shm->counters[i].v[first + id],
			    memory_order_acquire);
	}
}

/* Sums n counters from first on, outside a retirement. If the master died in
 * one the sums are taken as they are. */
static void
sum_stable(const struct shm *shm, unsigned first, unsigned n, int64_t *sum)
{
	uint32_t before;
	int i;

	for (i = 0; i < READ_TRIES; i++) {
		before = atomic_load_explicit(&shm->common->folding,
		    memory_order_acquire);
		if ((before & 1) != 0) {
			/* The master may have lost its core in the middle. */
			(void)sched_yield();
			continue;
		}
		sum_range(shm, first, n, sum);
		if (atomic_load_explicit(&shm->common->folding,
		    memory_order_relaxed) == before)
			return;
	}
	sum_range(shm, first, n, sum);
}

int64_t
counters_sum(const struct shm *shm, enum counter id)
{
	int64_t sum;

	ASSERT((unsigned)id < COUNTERS_N);
	sum_stable(shm, id, 1, &sum);
	return (sum);
}

void
counters_retire(struct shm *shm, int slot)
{
	struct shm_counters *from = block_of(shm, slot);
	struct shm_counters *to = block_of(shm, SHM_SLOT_MASTER);
	uint32_t folding = atomic_load(&shm->common->folding) | 1;
	unsigned id;
	int64_t n;

	atomic_store(&shm->common->folding, folding);
	for (id = 0; id < COUNTERS_N; id++) {
		n = atomic_exchange(&from->v[id], 0);
		shm_step();
		if (id < COUNT_OF(rows) && rows[id].kind == KIND_GAUGE)
			continue;
		atomic_fetch_add(&to->v[id], n);
		shm_step();
	}
	atomic_store(&shm->common->folding, folding + 1);
}

static void
render_head(struct buf *out, const char *family, const char *type,
    const char *help)
{
	buf_addf(out, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n",
	    family, help, family, type);
}

static void
render_rows(struct buf *out, const int64_t *sum)
{
	const struct row *row;
	const char *family = "";
	size_t id;

	for (id = 0; id < COUNT_OF(rows); id++) {
		row = &rows[id];
		if (strcmp(row->family, family) != 0)
			render_head(out, row->family,
			    row->kind == KIND_GAUGE ? "gauge" : "counter",
			    row->help);
		family = row->family;
		if (row->labels[0] == '\0')
			buf_addf(out, PREFIX "%s %" PRId64 "\n", family,
			    sum[id]);
		else
			buf_addf(out, PREFIX "%s{%s} %" PRId64 "\n", family,
			    row->labels, sum[id]);
	}
}

/* Each bucket is kept by itself; the format wants them cumulative. */
static void
render_histogram(struct buf *out, const int64_t *sum)
{
	static const char family[] = "authorization_duration_seconds";
	int64_t n = 0, sum_us = sum[COUNTER_AUTH_SUM_US];
	unsigned bound;
	int i;

	render_head(out, family, "histogram",
	    "Time from request to verdict, waiting in line included.");
	for (i = 0; i < COUNTERS_AUTH_BUCKETS; i++) {
		n += sum[COUNTER_AUTH_BUCKET + i];
		bound = counters_auth_bounds_ms[i];
		buf_addf(out, PREFIX "%s_bucket{le=\"%u.%03u\"} %" PRId64 "\n",
		    family, bound / 1000, bound % 1000, n);
	}
	n += sum[COUNTER_AUTH_BUCKET + COUNTERS_AUTH_BUCKETS];
	buf_addf(out, PREFIX "%s_bucket{le=\"+Inf\"} %" PRId64 "\n", family, n);
	buf_addf(out, PREFIX "%s_sum %" PRId64 ".%06" PRId64 "\n", family,
	    sum_us / US_PER_SEC, sum_us % US_PER_SEC);
	buf_addf(out, PREFIX "%s_count %" PRId64 "\n", family, n);
}

void
counters_render(const struct shm *shm, struct buf *out)
{
	int64_t sum[COUNTERS_N];

	sum_stable(shm, 0, COUNTERS_N, sum);
	render_rows(out, sum);
	render_histogram(out, sum);
	render_head(out, "database_connections", "gauge",
	    "Database connections open or being opened.");
	buf_addf(out, PREFIX "database_connections %u\n", budget_in_use(shm));
	render_head(out, "start_time_seconds", "gauge",
	    "When the master started, in seconds since 1970.");
	buf_addf(out, PREFIX "start_time_seconds %" PRId64 ".%06" PRId64 "\n",
	    shm->start_us / US_PER_SEC, shm->start_us % US_PER_SEC);
	render_head(out, "build_info", "gauge", "The version, as a label.");
	buf_addf(out, PREFIX "build_info{version=\"%s\"} 1\n",
	    COLLABD_VERSION);
}
