/*
 * What the scenarios share: where things are, how large and how often, and the
 * report they add to. main() fills it; scenarios read it. Each scenario is one
 * function that does all its runs.
 */
#ifndef COLLABD_BENCH_BENCH_H
#define COLLABD_BENCH_BENCH_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/report.h"

#define BENCH_PREFIX	"/admin/collaboration/"

/* The daemon's own figures that the scenarios read. */
#define METRIC_CONNECTIONS	"collabd_connections"
#define METRIC_FRAMES_IN	"collabd_frames_total{direction=\"in\"}"
#define METRIC_DB_OPENED	"collabd_database_connections_opened_total"
#define METRIC_REDIS_TRIPS	"collabd_redis_round_trips_total"

/* A staff user's session, as Django made it. */
struct session {
	char	key[41];
	char	user_id[24];
};

struct bench {
	struct report	*report;
	const char	*program;	/* collabd */
	const char	*conf;		/* its configuration */
	const char	*conf_storm;	/* with threads enough for the budget */
	const char	*conf_noreuse;	/* and without reuse, or NULL */
	int		 port;
	int		 metrics_port;
	const char	*database_url;	/* the role of the daemon */
	const char	*monitor_url;	/* a superuser */
	int		 auth_max;	/* auth_max_connections in conf */
	pid_t		 redis_pid;
	const char	*redis_socket;
	struct session	*sessions;
	size_t		 sessions_n;

	size_t		 rooms_used;	/* by fan-out */

	/* how much */
	bool		 quick;
	int		 runs;
	int64_t		 measure_ms;	/* of a closed loop */
	int64_t		 handshakes_ms;	/* of one of handshakes */
	int64_t		 latency_ms;	/* of an open loop */
	size_t		 storm;		/* clients */
	size_t		 storm_bare;	/* where each check is a connection */
	size_t		 joins;		/* sockets that enter one room */
	const size_t	*idle;		/* connections, ascending, 0-terminated */
	size_t		 round_trips;	/* operations counted */
};

/* Handshakes with authorization beside connect, query, close. */
void	bench_handshakes(struct bench *b);
/* Everybody reconnects at once. */
void	bench_storm(struct bench *b);
/* Everybody enters one room at once. */
void	bench_joins(struct bench *b);
/* Deliveries per second beside a loop that only writes. */
void	bench_fanout(struct bench *b);
/* Delivery latency in an open loop. */
void	bench_latency(struct bench *b);
/* Memory per idle connection. */
void	bench_memory(struct bench *b);
/* Redis round trips of each operation. */
void	bench_redis(struct bench *b);
/* Time for an answer of the guard. */
void	bench_guard(struct bench *b);

#endif
