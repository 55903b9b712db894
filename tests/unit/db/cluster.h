/*
 * A private PostgreSQL for the tests of this layer and of auth: initdb in a
 * folder of its own, SCRAM on a free loopback port, a socket in the folder for
 * the owner, stopped by its pid. Run as root it becomes the user postgres; as
 * anybody else it stays who it is. A server whose test dies is told to quit by
 * the kernel.
 */
#ifndef COLLABD_TESTS_DB_CLUSTER_H
#define COLLABD_TESTS_DB_CLUSTER_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/xmalloc.h"

/* The role that the pool uses; its password only works over TCP with SCRAM. */
#define CLUSTER_ROLE		"reader"
#define CLUSTER_PASSWORD	"open-sesame-4711"

struct cluster {
	char	 dir[64];
	char	*bin;
	int	 port;
	pid_t	 pid;	/* 0: not running */
	PGconn	*owner;	/* superuser, through the socket */
	PGconn	*watch;	/* the same, for looking while the other holds locks:
			 * a transaction sees pg_stat_activity only once */
};

static UNUSED void
die(const char *what)
{
	fprintf(stderr, "cluster: %s: %s\n", what, strerror(errno));
	exit(99);
}

static UNUSED void
nap_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

/* A port that was free a moment ago. */
static UNUSED int
free_port(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t n = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd == -1 || bind(fd, (struct sockaddr *)&sin, n) == -1 ||
	    getsockname(fd, (struct sockaddr *)&sin, &n) == -1)
		die("no free port");
	close(fd);
	return (ntohs(sin.sin_port));
}

/* Runs argv as the server's user; output goes to the folder's log. */
static UNUSED pid_t
cluster_spawn(struct cluster *c, const char *const *argv)
{
	const char *full[40] = {
		"setpriv", "--reuid=postgres", "--regid=postgres",
		"--clear-groups", "--pdeathsig=QUIT", "--",
	};
	size_t n = geteuid() == 0 ? 6 : 0;
	char log[128];
	pid_t pid;
	int fd;

	while (*argv != NULL)
		full[n++] = *argv++;
	full[n] = NULL;
	snprintf(log, sizeof(log), "%s/log", c->dir);
	if ((pid = fork()) == -1)
		die("fork");
	if (pid != 0)
		return (pid);
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0666);
	dup2(fd, 1);
	dup2(fd, 2);
	(void)!chdir("/");
	/* The sanitizers' runtime and the test's environment stay here. */
	unsetenv("LD_PRELOAD");
	unsetenv("PGOPTIONS");
	execvp(full[0], (char *const *)(uintptr_t)full);
	_exit(127);
}

static UNUSED void
cluster_run(struct cluster *c, const char *const *argv)
{
	pid_t pid = cluster_spawn(c, argv);
	int status;

	if (waitpid(pid, &status, 0) != pid || status != 0)
		die(argv[0]);
}

static UNUSED PGconn *
cluster_connect_owner(struct cluster *c)
{
	char text[256];
	PGconn *conn;
	int i;

	snprintf(text, sizeof(text), "host=%s port=%d user=owner "
	    "dbname=postgres application_name=test options=''", c->dir,
	    c->port);
	for (i = 0; i < 3000; i++) {
		conn = PQconnectdb(text);
		if (PQstatus(conn) == CONNECTION_OK)
			return (conn);
		PQfinish(conn);
		if (waitpid(c->pid, NULL, WNOHANG) == c->pid)
			die("the server ended; see its log");
		nap_ms(20);	/* a starting server offers no event */
	}
	die("the server does not answer");
	return (NULL);
}

/* Starts (again) on the same port and data. */
static UNUSED void
cluster_up(struct cluster *c)
{
	char postgres[256], data[128], port[16];

	snprintf(postgres, sizeof(postgres), "%s/postgres", c->bin);
	snprintf(data, sizeof(data), "%s/data", c->dir);
	snprintf(port, sizeof(port), "%d", c->port);
	c->pid = cluster_spawn(c, (const char *const[]){ postgres, "-D", data,
	    "-p", port, "-k", c->dir, "-c", "listen_addresses=127.0.0.1",
	    "-c", "fsync=off", "-c", "max_connections=60",
	    "-c", "shared_buffers=16MB", "-c", "autovacuum=off",
	    "-c", "password_encryption=scram-sha-256", NULL });
	c->owner = cluster_connect_owner(c);
	c->watch = cluster_connect_owner(c);
}

static UNUSED void
cluster_down(struct cluster *c)
{
	if (c->pid == 0)
		return;
	PQfinish(c->owner);
	PQfinish(c->watch);
	c->owner = c->watch = NULL;
	kill(c->pid, SIGINT);
	waitpid(c->pid, NULL, 0);
	c->pid = 0;
}

static UNUSED void
sql(struct cluster *c, const char *text)
{
	PGresult *res = PQexec(c->owner, text);
	ExecStatusType st = PQresultStatus(res);

	if (st != PGRES_COMMAND_OK && st != PGRES_TUPLES_OK) {
		fprintf(stderr, "%s\nin: %s\n", PQerrorMessage(c->owner), text);
		abort();
	}
	PQclear(res);
}

/* One statement with text parameters; a row's first column or "". Static. */
static UNUSED const char *
conn_params(PGconn *conn, const char *text, int n, const char *const *values)
{
	static char out[256];
	PGresult *res = PQexecParams(conn, text, n, NULL, values, NULL,
	    NULL, 0);
	ExecStatusType st = PQresultStatus(res);

	if (st != PGRES_COMMAND_OK && st != PGRES_TUPLES_OK) {
		fprintf(stderr, "%s\nin: %s\n", PQerrorMessage(conn), text);
		abort();
	}
	snprintf(out, sizeof(out), "%s",
	    PQntuples(res) > 0 ? PQgetvalue(res, 0, 0) : "");
	PQclear(res);
	return (out);
}

static UNUSED const char *
sql_params(struct cluster *c, const char *text, int n,
    const char *const *values)
{
	return (conn_params(c->owner, text, n, values));
}

/* Until the query, which gives one column, gives the text. */
static UNUSED void
sql_await(struct cluster *c, const char *query, const char *text)
{
	int i;

	for (i = 0; i < 5000; i++) {
		if (strcmp(conn_params(c->watch, query, 0, NULL), text) == 0)
			return;
		nap_ms(10);	/* pg_stat_activity offers no event */
	}
	die("what was awaited did not come");
}

#define POOL_CONNECTIONS						\
	"SELECT count(*) FROM pg_stat_activity WHERE usename = '"	\
	CLUSTER_ROLE "'"

static UNUSED char *
find_bin(void)
{
	glob_t g;
	char *bin;

	if (glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &g) != 0)
		die("no PostgreSQL server is installed");
	bin = xstrdup(g.gl_pathv[g.gl_pathc - 1]);
	*strrchr(bin, '/') = '\0';
	globfree(&g);
	return (bin);
}

static UNUSED void cluster_free(struct cluster *c);
static struct cluster *cluster_running;

/* Whatever a test does, nothing stays behind. */
static UNUSED void
cluster_atexit(void)
{
	if (cluster_running != NULL)
		cluster_free(cluster_running);
}

static UNUSED void
cluster_new(struct cluster *c)
{
	char initdb[256], data[128];

	memset(c, 0, sizeof(*c));
	strcpy(c->dir, "/tmp/collabd-pg-XXXXXX");
	c->bin = find_bin();
	if (mkdtemp(c->dir) == NULL)
		die("mkdtemp");
	cluster_running = c;
	atexit(cluster_atexit);
	if (geteuid() == 0) {
		struct passwd *pw = getpwnam("postgres");

		if (pw == NULL || chown(c->dir, pw->pw_uid, pw->pw_gid) == -1)
			die("chown to postgres");
	}
	snprintf(initdb, sizeof(initdb), "%s/initdb", c->bin);
	snprintf(data, sizeof(data), "%s/data", c->dir);
	cluster_run(c, (const char *const[]){ initdb, "-D", data, "-U",
	    "owner", "--auth-local=trust", "--auth-host=scram-sha-256",
	    "--encoding=UTF8", "--no-locale", "--no-sync", NULL });
	c->port = free_port();
	cluster_up(c);
	sql(c, "CREATE ROLE " CLUSTER_ROLE " LOGIN PASSWORD '"
	    CLUSTER_PASSWORD "'");
}

static UNUSED void
cluster_free(struct cluster *c)
{
	char *argv[] = { NULL, NULL, NULL, NULL };
	char rm[] = "rm", rf[] = "-rf";
	pid_t pid;

	cluster_running = NULL;
	cluster_down(c);
	free(c->bin);
	argv[0] = rm;
	argv[1] = rf;
	argv[2] = c->dir;
	if ((pid = fork()) == 0) {
		execvp("rm", argv);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}

#endif
