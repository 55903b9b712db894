/*
 * The collabd that is measured: started with a configuration file, found again
 * as a tree of processes, asked for its metrics, stopped by its process id.
 * Owns the master's process id. One thread.
 */
#ifndef COLLABD_BENCH_DAEMON_H
#define COLLABD_BENCH_DAEMON_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#include "bench/bench.h"

struct daemon;

/*
 * Empties Redis, starts collabd with the configuration file conf, and returns
 * when its health endpoint says 200, or ends the bench. The daemon dies with
 * the bench.
 */
struct daemon *daemon_start(const struct bench *b, const char *conf);
/* Warns if its counters tell of trouble, stops it (SIGTERM), waits for its end;
 * frees d. */
void	daemon_stop(struct daemon *d);

/* A counter or gauge: of the labels that name ends with, else the sum over all
 * labels. Ends the bench when there is no such metric. */
double	daemon_metric(const struct daemon *d, const char *name);
/* Turns until the metric has this value, at most 60 s, else ends the bench. */
void	daemon_await(const struct daemon *d, const char *name, double value);
/* The same for the number of clients. */
void	daemon_await_clients(const struct daemon *d, size_t n);
/* Until all clients are gone and Redis knows it. */
void	daemon_await_empty(const struct daemon *d);
/* The metric's value once it has stopped changing. */
double	daemon_settled(const struct daemon *d, const char *name);

/* Proportional set size of the master and all workers, in bytes; embedded
 * redis-server not included. */
int64_t	daemon_pss_bytes(const struct daemon *d);
/* The same of one process; 0 if there is none. */
int64_t	process_pss_bytes(pid_t pid);

/* Processor time of all workers, and of one process, threads included; to 10
 * ms. */
int64_t	daemon_cpu_us(const struct daemon *d);
int64_t	process_cpu_us(pid_t pid);

#endif
