/*
 * PostgreSQL, the only file that knows libpq. One connection is driven by one
 * thread of the pool with libpq's non-blocking calls and poll(2), so that a
 * deadline and a wake-up always get through.
 *
 * libpq's traps and what is done about them: its own name lookup has no limit
 * (we resolve first and pass hostaddr); connect_timeout does nothing here (our
 * deadline does); the socket may be replaced in the middle of connecting, even
 * under the same number (PQsocket() is asked before every wait); notices go to
 * stderr (dropped); error texts name user, host and sometimes the password
 * (scrubbed). Never: PQreset, PQcancel, prepared statements, SET, pipeline
 * mode: the first two block, the others break behind a transaction pooler.
 */
#include <errno.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "db/db.h"
#include "db/db_url.h"

#define ADDRS_MAX	8	/* addresses of the host that are tried */
#define ADDR_SIZE	64	/* INET6_ADDRSTRLEN, and room for a scope */
#define GOODBYE_MS	250	/* a server takes a few to end a backend */

struct pg {
	struct db		 db;
	PGconn			*conn;
	const struct db_url	*url;
	char			 hostaddr[ADDR_SIZE];	/* "" when not ours */
};

struct addrs {
	char	v[ADDRS_MAX][ADDR_SIZE];
	size_t	n;
};

/* --- errors --- */

/* Replaces every occurrence of word by "***", and line ends by spaces. */
static void
scrub(struct buf *b, const char *word)
{
	struct buf out = { 0 };
	const char *s = buf_str(b), *hit;

	if (word == NULL || *word == '\0')
		return;
	while ((hit = strstr(s, word)) != NULL) {
		buf_add(&out, s, (size_t)(hit - s));
		buf_add_str(&out, "***");
		s = hit + strlen(word);
	}
	buf_add_str(&out, s);
	buf_fini(b);
	*b = out;
}

/* libpq's text without what is nobody's business, on one line. */
static enum db_status
fail_with(const struct pg *pg, enum db_status status, const char *text,
    struct db_error *error)
{
	struct buf b = { 0 };
	size_t i;

	buf_add_str(&b, text == NULL ? "no reason given" : text);
	while (b.n != 0 && b.p[b.n - 1] == '\n')
		b.n--;
	for (i = 0; i < b.n; i++) {
		if (b.p[i] == '\n' || b.p[i] == '\t')
			b.p[i] = ' ';
	}
	scrub(&b, pg->url->password);
	scrub(&b, pg->url->host);
	scrub(&b, pg->hostaddr);
	scrub(&b, pg->url->user);
	(void)db_fail(error, status, "%s", buf_str(&b));
	buf_fini(&b);
	return (status);
}

static const struct sqlstate {
	const char	*prefix;
	enum db_status	 status;
	enum db_fault	 fault;
} sqlstates[] = {
	/* the value cannot be in the table: the answer is no */
	{ "22P02", DB_BAD_VALUE, DB_FAULT_OTHER },
	{ "22P05", DB_BAD_VALUE, DB_FAULT_OTHER },
	{ "22003", DB_BAD_VALUE, DB_FAULT_OTHER },
	{ "22021", DB_BAD_VALUE, DB_FAULT_OTHER },
	/* the configuration does not fit the database */
	{ "42P01", DB_FAULT, DB_FAULT_TABLE },
	{ "3F000", DB_FAULT, DB_FAULT_TABLE },
	{ "42703", DB_FAULT, DB_FAULT_COLUMN },
	{ "42501", DB_FAULT, DB_FAULT_GRANT },
	{ "42", DB_FAULT, DB_FAULT_OTHER },
	{ "25", DB_FAULT, DB_FAULT_OTHER },
};

/* Everything else (57014, 57P01, 53300, 08xxx...) is a database that cannot
 * answer now. */
static enum db_status
fail_result(const struct pg *pg, const PGresult *res, struct db_error *error)
{
	const char *code = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	enum db_status status = DB_DOWN;
	enum db_fault fault = DB_FAULT_OTHER;
	size_t i;

	for (i = 0; code != NULL && i < COUNT_OF(sqlstates); i++) {
		const struct sqlstate *s = &sqlstates[i];

		if (strncmp(code, s->prefix, strlen(s->prefix)) == 0) {
			status = s->status;
			fault = s->fault;
			break;
		}
	}
	if (status == DB_BAD_VALUE) {
		/* The message would quote the value. */
		return (db_fail(error, status, "SQLSTATE %s", code));
	}
	(void)fail_with(pg, status, code == NULL ? PQresultErrorMessage(res) :
	    PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY), error);
	error->fault = fault;
	return (status);
}

/* libpq has no codes for it. What the server says of pg_hba.conf, which names
 * SSL too, is about who may come. */
static bool
is_about_tls(const char *text)
{
	return ((strstr(text, "SSL") != NULL ||
	    strstr(text, "certificate") != NULL) &&
	    strstr(text, "pg_hba.conf") == NULL);
}

static enum db_status
fail_conn(const struct pg *pg, struct db_error *error)
{
	const char *text = PQerrorMessage(pg->conn);

	(void)fail_with(pg, DB_DOWN, text, error);
	if (PQstatus(pg->conn) == CONNECTION_BAD && is_about_tls(text))
		error->fault = DB_FAULT_TLS;
	return (DB_DOWN);
}

static void
drop_notice(void *arg UNUSED, const PGresult *res UNUSED)
{
}

/* --- waiting --- */

/* Until the connection's present socket is ready for events. */
static enum db_status
wait_socket(const struct pg *pg, short events, const struct db_wait *wait,
    struct db_error *error)
{
	struct pollfd fds[2];
	int64_t left;

	for (;;) {
		fds[0].fd = PQsocket(pg->conn);
		fds[0].events = events;
		fds[1].fd = wait->wake_fd;	/* poll skips -1 */
		fds[1].events = POLLIN;
		fds[1].revents = 0;
		if (fds[0].fd == -1)
			return (fail_conn(pg, error));
		if ((left = db_wait_left_ms(wait)) == 0)
			return (db_fail(error, DB_TIMEOUT,
			    "no answer from the database in time"));
		if (poll(fds, 2, (int)left) == -1 && errno != EINTR)
			return (db_fail(error, DB_DOWN, "poll: %s",
			    strerror(errno)));
		if (fds[1].revents != 0 && db_wait_is_cancelled(wait))
			return (db_fail(error, DB_CANCELLED, "cancelled"));
		if (fds[0].revents != 0)
			return (DB_OK);
		fds[0].revents = 0;
	}
}

/* --- connecting --- */

static bool
needs_lookup(const struct db_url *url)
{
	return (url->host != NULL && *url->host != '\0' &&
	    *url->host != '/' && *url->host != '@' &&
	    db_url_get(url, "hostaddr") == NULL);
}

/*
 * The addresses of the host, or one empty one when libpq needs none. Blocks in
 * the resolver: the one thing here that the deadline does not bound.
 */
static enum db_status
resolve(const struct db_url *url, struct addrs *addrs, struct db_error *error)
{
	struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
	}, *list, *ai;
	int rc;

	addrs->n = 0;
	if (!needs_lookup(url)) {
		addrs->v[addrs->n++][0] = '\0';
		return (DB_OK);
	}
	rc = getaddrinfo(url->host, NULL, &hints, &list);
	if (rc != 0)
		return (db_fail(error, DB_DOWN,
		    "the database's host name does not resolve: %s",
		    gai_strerror(rc)));
	for (ai = list; ai != NULL && addrs->n < ADDRS_MAX; ai = ai->ai_next) {
		if (getnameinfo(ai->ai_addr, ai->ai_addrlen,
		    addrs->v[addrs->n], ADDR_SIZE, NULL, 0,
		    NI_NUMERICHOST) == 0)
			addrs->n++;
	}
	freeaddrinfo(list);
	if (addrs->n == 0)
		return (db_fail(error, DB_DOWN,
		    "the database's host name has no address"));
	return (DB_OK);
}

static PGconn *
connect_start(const struct db_url *url, const char *hostaddr)
{
	const char *keywords[DB_URL_PARAMS_MAX + 2];
	const char *values[DB_URL_PARAMS_MAX + 2];
	size_t n = url->n;

	memcpy(keywords, url->keywords, n * sizeof(*keywords));
	memcpy(values, url->values, n * sizeof(*values));
	if (*hostaddr != '\0') {
		keywords[n] = "hostaddr";
		values[n++] = hostaddr;
	}
	keywords[n] = NULL;
	values[n] = NULL;
	return (PQconnectStartParams(keywords, values, 0));
}

/* One address, within wait's deadline. */
static enum db_status
connect_one(struct pg *pg, const struct db_wait *wait, struct db_error *error)
{
	PostgresPollingStatusType want = PGRES_POLLING_WRITING;
	enum db_status status;

	if ((pg->conn = connect_start(pg->url, pg->hostaddr)) == NULL)
		log_fatal("out of memory");
	if (PQstatus(pg->conn) == CONNECTION_BAD)
		return (fail_conn(pg, error));
	(void)PQsetNoticeReceiver(pg->conn, drop_notice, NULL);
	while (want != PGRES_POLLING_OK) {
		status = wait_socket(pg,
		    want == PGRES_POLLING_READING ? POLLIN : POLLOUT, wait,
		    error);
		if (status != DB_OK)
			return (status);
		if ((want = PQconnectPoll(pg->conn)) == PGRES_POLLING_FAILED)
			return (fail_conn(pg, error));
	}
	if (PQsetnonblocking(pg->conn, 1) == -1)
		return (fail_conn(pg, error));
	return (DB_OK);
}

/* Each address in turn; a silent one gets no more than its share of the time
 * that is left. */
static enum db_status
connect_any(struct pg *pg, const struct addrs *addrs,
    const struct db_wait *wait, struct db_error *error)
{
	enum db_status status = DB_DOWN;
	struct db_wait share = *wait;
	size_t i;

	for (i = 0; i < addrs->n; i++) {
		memcpy(pg->hostaddr, addrs->v[i], ADDR_SIZE);
		share.deadline_ms = clock_mono_ms() +
		    db_wait_left_ms(wait) / (int64_t)(addrs->n - i);
		status = connect_one(pg, &share, error);
		if (status == DB_OK || status == DB_CANCELLED)
			return (status);
		if (i + 1 < addrs->n) {
			PQfinish(pg->conn);
			pg->conn = NULL;
		}
	}
	return (status);
}

static struct db *
pg_open(const struct db_url *url, const struct db_wait *wait,
    enum db_status *status, struct db_error *error)
{
	struct pg *pg = xcalloc(1, sizeof(*pg));
	struct addrs addrs;

	pg->db.driver = &pg_driver;
	pg->url = url;
	*status = resolve(url, &addrs, error);
	if (*status == DB_OK)
		*status = connect_any(pg, &addrs, wait, error);
	if (*status == DB_OK)
		return (&pg->db);
	db_close(&pg->db);
	return (NULL);
}

/* Reads on until the server has closed its end, too. */
static void
await_end(int fd)
{
	int64_t until_ms = clock_mono_ms() + GOODBYE_MS, left;
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	char scrap[256];
	ssize_t n;

	while ((left = until_ms - clock_mono_ms()) > 0) {
		if (poll(&pfd, 1, (int)left) != 1)
			continue;
		n = read(fd, scrap, sizeof(scrap));
		if (n == 0 || (n == -1 && errno != EINTR && errno != EAGAIN))
			return;
	}
}

/*
 * The backend outlives our end by a few milliseconds, in which the server
 * still counts it, against max_connections as well. Whoever gets our place in
 * auth_max_connections must not come on top of it: the socket stays open, as a
 * duplicate, until the server has closed it. Only an idle backend goes at once:
 * one whose query took too long would keep the answer back for nothing.
 */
static void
pg_close(struct db *db)
{
	struct pg *pg = (struct pg *)db;
	int fd = -1;

	if (PQtransactionStatus(pg->conn) == PQTRANS_IDLE)
		fd = fcntl(PQsocket(pg->conn), F_DUPFD_CLOEXEC, 0);
	PQfinish(pg->conn);
	if (fd != -1) {
		await_end(fd);
		(void)close(fd);
	}
	free(pg);
}

/* --- asking --- */

/* PQflush() until all is sent; the server may want to be read in between. */
static enum db_status
send_request(struct pg *pg, const struct db_request *request,
    const struct db_wait *wait, struct db_error *error)
{
	enum db_status status;
	int rc;

	if (PQsendQueryParams(pg->conn, request->sql, (int)request->n_params,
	    NULL, request->params, NULL, NULL, 0) == 0)
		return (fail_conn(pg, error));
	while ((rc = PQflush(pg->conn)) == 1) {
		status = wait_socket(pg, POLLIN | POLLOUT, wait, error);
		if (status != DB_OK)
			return (status);
		if (PQconsumeInput(pg->conn) == 0)
			return (fail_conn(pg, error));
	}
	return (rc == 0 ? DB_OK : fail_conn(pg, error));
}

static enum db_status
take_result(struct pg *pg, const PGresult *res,
    const struct db_request *request, struct db_error *error)
{
	struct slice cols[DB_COLS_MAX];
	int row, i, n = PQnfields(res);

	if (PQresultStatus(res) != PGRES_TUPLES_OK)
		return (fail_result(pg, res, error));
	ASSERT(n <= DB_COLS_MAX);
	for (row = 0; row < PQntuples(res); row++) {
		for (i = 0; i < n; i++) {
			cols[i] = (struct slice){ NULL, 0 };
			if (PQgetisnull(res, row, i))
				continue;
			cols[i].p = PQgetvalue(res, row, i);
			cols[i].n = (size_t)PQgetlength(res, row, i);
		}
		request->on_row(cols, (size_t)n, request->arg);
	}
	return (DB_OK);
}

/* Until PQgetResult() has no more; the first failure counts. */
static enum db_status
pg_query(struct db *db, const struct db_request *request,
    const struct db_wait *wait, struct db_error *error)
{
	struct pg *pg = (struct pg *)db;
	enum db_status status, failed = DB_OK;
	PGresult *res;

	if ((status = send_request(pg, request, wait, error)) != DB_OK)
		return (status);
	for (;;) {
		while (PQisBusy(pg->conn)) {
			status = wait_socket(pg, POLLIN, wait, error);
			if (status != DB_OK)
				return (status);
			if (PQconsumeInput(pg->conn) == 0)
				return (fail_conn(pg, error));
		}
		if ((res = PQgetResult(pg->conn)) == NULL)
			break;
		if (failed == DB_OK)
			failed = take_result(pg, res, request, error);
		PQclear(res);
	}
	return (failed);
}

const struct db_driver pg_driver = {
	.open = pg_open,
	.query = pg_query,
	.close = pg_close,
};
