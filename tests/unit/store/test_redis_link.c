/*
 * One connection to a real Redis, in every way there is, and how each way
 * fails. openssl makes the certificates.
 */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>

#include "store/helpers.h"
#include "store/tls.h"

struct probe {
	struct conf	 conf;
	struct redis_url url;
	struct tls_context *tls;
	struct event_base *base;
	struct redis_link *link;
	unsigned	 ready, down;
	unsigned	 answers, lost;
	char		 text[64];	/* the last answer */
};

static void
on_probe_ready(void *arg)
{
	((struct probe *)arg)->ready++;
}

static void
on_probe_down(void *arg)
{
	((struct probe *)arg)->down++;
}

static const struct redis_link_hooks probe_hooks = {
	.on_ready = on_probe_ready,
	.on_down = on_probe_down,
};

static void
on_probe_answer(const struct resp_value *v, void *arg)
{
	struct probe *p = arg;

	if (v == NULL)
		p->lost++;
	else {
		p->answers++;
		(void)snprintf(p->text, sizeof(p->text), "%s",
		    v->text.p == NULL ? "" : v->text.p);
	}
}

static void PRINTFLIKE(4, 5)
probe_open(struct probe *p, const char *ca, bool verify, const char *fmt, ...)
{
	struct buf err = { 0 };
	char url[256];
	va_list ap;

	memset(p, 0, sizeof(*p));
	va_start(ap, fmt);
	(void)vsnprintf(url, sizeof(url), fmt, ap);
	va_end(ap);
	conf_init(&p->conf);
	p->conf.redis_tls_verify = verify;
	if (ca != NULL) {
		free(p->conf.redis_tls_ca_file);
		p->conf.redis_tls_ca_file = xstrdup(ca);
	}
	if (!redis_url_parse(url, &p->url, &err))
		fail_msg("%s: %s", url, buf_str(&err));
	if (p->url.tls && (p->tls = tls_context_new(&p->conf, &p->url,
	    &err)) == NULL)
		fail_msg("%s", buf_str(&err));
	p->base = event_base_new();
	p->link = redis_link_new(&p->conf, &p->url, p->tls, p->base, "test",
	    &probe_hooks, p);
	redis_link_start(p->link);
}

static void
probe_close(struct probe *p)
{
	redis_link_free(p->link);
	/* a resolver that was given up is freed by the loop */
	(void)event_base_loop(p->base, EVLOOP_NONBLOCK);
	tls_context_free(p->tls);
	event_base_free(p->base);
	redis_url_fini(&p->url);
	conf_fini(&p->conf);
}

static void
probe_send(struct probe *p, const char *words)
{
	struct buf b = { 0 }, args = { 0 };
	char text[128], *at = text, *word;
	size_t n = 0;

	(void)snprintf(text, sizeof(text), "%s", words);
	for (; (word = strsep(&at, " ")) != NULL; n++)
		resp_add_str(&args, word);
	resp_add_header(&b, n);
	buf_add(&b, args.p, args.n);
	assert_true(redis_link_send(p->link, &b, on_probe_answer, p));
	buf_fini(&args);
	buf_fini(&b);
}

static void
expect_ready(struct probe *p)
{
	unsigned before = p->answers;

	wait_for(p->base, p->ready != 0);
	probe_send(p, "ECHO hello");
	wait_for(p->base, p->answers != before);
	assert_string_equal(p->text, "hello");
	probe_close(p);
}

static void
expect_reason(struct probe *p, const char *part)
{
	wait_for(p->base, redis_link_reason(p->link) != NULL ||
	    p->ready != 0);
	assert_int_equal(p->ready, 0);
	if (strstr(redis_link_reason(p->link), part) == NULL)
		fail_msg("\"%s\" does not say \"%s\"",
		    redis_link_reason(p->link), part);
	probe_close(p);
}

static void
test_ways(void **state UNUSED)
{
	struct probe p;
	struct redis r;

	redis_start(&r, NULL);
	probe_open(&p, NULL, true, "unix://%s", r.socket);
	expect_ready(&p);
	probe_open(&p, NULL, true, "redis://127.0.0.1:%d", r.port);
	expect_ready(&p);
	/* a name; the server does not listen on its IPv6 address, if any */
	probe_open(&p, NULL, true, "redis://localhost:%d/3", r.port);
	wait_for(p.base, p.ready != 0);
	probe_send(&p, "SET where three");
	wait_for(p.base, p.answers != 0);
	assert_redis_text(NULL, &r, "GET where");
	redis_do(&r, "SELECT 3");
	assert_redis_text("three", &r, "GET where");
	probe_close(&p);

	probe_open(&p, NULL, true, "redis://127.0.0.1:%d/999", r.port);
	expect_reason(&p, "database number");
	probe_open(&p, NULL, true, "unix://%s/none", r.dir);
	expect_reason(&p, "No such file");
	probe_open(&p, NULL, true, "redis://127.0.0.1:%d", free_port());
	expect_reason(&p, "refused");
	probe_open(&p, NULL, true, "redis://no-such-host.invalid:%d", r.port);
	expect_reason(&p, "cannot find the host");
	redis_stop(&r);
	/* a search in progress may be given up */
	probe_open(&p, NULL, true, "redis://no-such-host.invalid");
	probe_close(&p);
}

static void
test_auth(void **state UNUSED)
{
	static const char *const extra[] = { "--requirepass", "s3cret@:", NULL };
	struct probe p;
	struct redis r;

	redis_start(&r, extra);
	redis_do(&r, "AUTH s3cret@:");
	redis_do(&r, "ACL SETUSER bob on >bobpass ~* &* +@all -acl");
	redis_do(&r, "ACL SETUSER ann on >annpass -@all");
	probe_open(&p, NULL, true, "redis://127.0.0.1:%d", r.port);
	expect_reason(&p, "wants a password");
	probe_open(&p, NULL, true, "redis://:wrong@127.0.0.1:%d", r.port);
	expect_reason(&p, "refuses the user or password");
	probe_open(&p, NULL, true, "redis://bob:wrong@127.0.0.1:%d", r.port);
	expect_reason(&p, "refuses the user or password");
	probe_open(&p, NULL, true, "redis://ann:annpass@127.0.0.1:%d", r.port);
	expect_reason(&p, "lacks a permission");
	probe_open(&p, NULL, true, "redis://:s3cret%%40:@127.0.0.1:%d/2",
	    r.port);
	expect_ready(&p);
	probe_open(&p, NULL, true, "redis://bob:bobpass@127.0.0.1:%d", r.port);
	expect_ready(&p);
	redis_stop(&r);
	redis_start(&r, NULL);
	probe_open(&p, NULL, true, "redis://:x@127.0.0.1:%d", r.port);
	expect_reason(&p, "Redis has none set");
	redis_stop(&r);
}

static void
run(const char *dir, const char *command)
{
	char text[1024];

	(void)snprintf(text, sizeof(text), "cd '%s' && (%s) >/dev/null 2>&1",
	    dir, command);
	assert_int_equal(system(text), 0);	/* NOLINT(cert-env33-c) */
}

/* In dir: ca.pem, another ca2.pem, server.pem (for localhost and 127.0.0.1)
 * and other.pem (for another host), both signed by ca. */
static void
make_certificates(const char *dir)
{
	static const char *const names[] = { "server", "other" };
	static const char *const alt[] = { "DNS:localhost,IP:127.0.0.1",
	    "DNS:elsewhere.example,IP:127.0.0.9" };
	char command[512];
	size_t i;

	for (i = 0; i < 2; i++) {
		(void)snprintf(command, sizeof(command), "openssl req -x509 "
		    "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "
		    "-days 2 -subj /CN=test%zu -keyout ca%s.key -out ca%s.pem",
		    i, i == 0 ? "" : "2", i == 0 ? "" : "2");
		run(dir, command);
	}
	for (i = 0; i < 2; i++) {
		(void)snprintf(command, sizeof(command),
		    "openssl req -newkey ec -pkeyopt "
		    "ec_paramgen_curve:prime256v1 -nodes -subj /CN=%s "
		    "-keyout %s.key -out %s.csr && echo subjectAltName=%s "
		    ">ext && openssl x509 -req -in %s.csr -CA ca.pem -CAkey "
		    "ca.key -CAcreateserial -days 2 -extfile ext -out %s.pem",
		    names[i], names[i], names[i], alt[i], names[i], names[i]);
		run(dir, command);
	}
}

static void
start_tls(struct redis *r, const char *dir, const char *name)
{
	char cert[128], key[128], ca[128];
	const char *extra[] = { "--tls-port", "PORT", "--tls-cert-file", cert,
	    "--tls-key-file", key, "--tls-ca-cert-file", ca,
	    "--tls-auth-clients", "no", NULL };

	(void)snprintf(cert, sizeof(cert), "%s/%s.pem", dir, name);
	(void)snprintf(key, sizeof(key), "%s/%s.key", dir, name);
	(void)snprintf(ca, sizeof(ca), "%s/ca.pem", dir);
	redis_start(r, extra);
}

static void
test_tls(void **state UNUSED)
{
	char dir[] = "/tmp/collabd-test-XXXXXX", ca[64], ca2[64];
	struct probe p;
	struct redis r;

	assert_non_null(mkdtemp(dir));
	make_certificates(dir);
	(void)snprintf(ca, sizeof(ca), "%s/ca.pem", dir);
	(void)snprintf(ca2, sizeof(ca2), "%s/ca2.pem", dir);

	start_tls(&r, dir, "server");
	probe_open(&p, ca, true, "rediss://localhost:%d", r.port);
	expect_ready(&p);
	probe_open(&p, ca, true, "rediss://127.0.0.1:%d", r.port);
	expect_ready(&p);
	/* signed by nobody we know: another authority, or the system's */
	probe_open(&p, ca2, true, "rediss://localhost:%d", r.port);
	expect_reason(&p, "certificate refused");
	probe_open(&p, NULL, true, "rediss://localhost:%d", r.port);
	expect_reason(&p, "certificate refused");
	probe_open(&p, NULL, true, "rediss://localhost:%d?ssl_ca_certs=%s",
	    r.port, ca);
	expect_ready(&p);
	/* told not to look */
	probe_open(&p, NULL, false, "rediss://localhost:%d", r.port);
	expect_ready(&p);
	probe_open(&p, NULL, true, "rediss://localhost:%d?ssl_cert_reqs=none",
	    r.port);
	expect_ready(&p);
	/* plain to a port with TLS, and below the reverse: closed or reset */
	probe_open(&p, NULL, true, "redis://127.0.0.1:%d", r.port);
	expect_reason(&p, "");
	redis_stop(&r);

	start_tls(&r, dir, "other");
	probe_open(&p, ca, true, "rediss://localhost:%d", r.port);
	expect_reason(&p, "ostname mismatch");
	probe_open(&p, ca, true, "rediss://127.0.0.1:%d", r.port);
	expect_reason(&p, "IP address mismatch");
	probe_open(&p, ca, true, "rediss://localhost:%d?ssl_check_hostname="
	    "false", r.port);
	expect_ready(&p);
	redis_stop(&r);

	redis_start(&r, NULL);
	probe_open(&p, ca, true, "rediss://127.0.0.1:%d", r.port);
	expect_reason(&p, "");
	redis_stop(&r);
	(void)snprintf(ca2, sizeof(ca2), "rm -rf '%s'", dir);
	run("/", ca2);
}

/* A CA file that is none is found at start, not at the first connection. */
static void
test_tls_bad_file(void **state UNUSED)
{
	struct redis_url url;
	struct conf conf;
	struct buf err = { 0 };

	conf_init(&conf);
	free(conf.redis_tls_ca_file);
	conf.redis_tls_ca_file = xstrdup("/nonexistent/ca.pem");
	assert_true(redis_url_parse("rediss://localhost", &url, &err));
	assert_null(tls_context_new(&conf, &url, &err));
	assert_non_null(strstr(buf_str(&err), "/nonexistent/ca.pem"));
	buf_fini(&err);
	redis_url_fini(&url);
	conf_fini(&conf);
}

/* A Redis that hangs: the link is given up, what was in flight is told once,
 * and it comes back. */
static void
test_timeout(void **state UNUSED)
{
	struct probe p;
	struct redis r;

	redis_start(&r, NULL);
	probe_open(&p, NULL, true, "redis://127.0.0.1:%d", r.port);
	p.conf.redis_socket_timeout_ms = 200;
	wait_for(p.base, p.ready == 1);
	(void)kill(r.pid, SIGSTOP);
	probe_send(&p, "ECHO a");
	probe_send(&p, "ECHO b");
	wait_for(p.base, p.down == 1);
	assert_int_equal(p.lost, 2);
	assert_int_equal(p.answers, 0);
	assert_non_null(strstr(redis_link_reason(p.link), "no answer"));
	/* accepted by the kernel, but nobody answers */
	(void)kill(r.pid, SIGCONT);
	wait_for(p.base, p.ready == 2);
	probe_close(&p);

	/* hangs before the first answer */
	(void)kill(r.pid, SIGSTOP);
	probe_open(&p, NULL, true, "redis://127.0.0.1:%d", r.port);
	wait_for(p.base, redis_link_reason(p.link) != NULL);
	assert_non_null(strstr(redis_link_reason(p.link), "no answer"));
	(void)kill(r.pid, SIGCONT);
	expect_ready(&p);
	redis_stop(&r);
}

/* An answer of 100 MB ends the connection, not the process. */
static void
test_large_answer(void **state UNUSED)
{
	struct probe p;
	struct redis r;

	redis_start(&r, NULL);
	probe_open(&p, NULL, true, "unix://%s", r.socket);
	p.conf.redis_socket_timeout_ms = 60000;	/* it takes its time to come */
	wait_for(p.base, p.ready == 1);
	redis_do(&r, "SETRANGE big %d x", 100 << 20);
	probe_send(&p, "GET big");
	wait_for(p.base, p.down == 1);
	assert_int_equal(p.lost, 1);
	assert_string_equal(redis_link_reason(p.link), "reply too large");
	wait_for(p.base, p.ready == 2);
	expect_ready(&p);
	redis_stop(&r);
}

static void
test_max_clients(void **state UNUSED)
{
	static const char *const extra[] = { "--maxclients", "1", NULL };
	struct probe p;
	struct redis r;

	redis_start(&r, extra);		/* its own client is the one */
	redis_do(&r, "PING");
	probe_open(&p, NULL, true, "redis://127.0.0.1:%d", r.port);
	expect_reason(&p, "maxclients");
	redis_stop(&r);
}

/* --- a server before Redis 6 ------------------------------------------- */

struct old_server {
	struct evconnlistener *listener;
	unsigned	 two, one;	/* AUTHs with a user, and without */
};

static void
old_read_cb(struct bufferevent *bev, void *arg)
{
	struct old_server *s = arg;
	struct evbuffer *in = bufferevent_get_input(bev);
	static const char bad[] = "-ERR wrong number of arguments for 'auth' "
	    "command\r\n-NOAUTH Authentication required.\r\n";
	char text[512];
	int n = evbuffer_remove(in, text, sizeof(text) - 1);

	text[n < 0 ? 0 : n] = '\0';
	if (strncmp(text, "*3\r\n$4\r\nAUTH", 12) == 0) {
		s->two++;
		(void)bufferevent_write(bev, bad, strlen(bad));
	} else if (strncmp(text, "*2\r\n$4\r\nAUTH\r\n$2\r\npw\r\n", 22) == 0) {
		s->one++;
		(void)bufferevent_write(bev, "+OK\r\n+PONG\r\n", 12);
	}
}

static void
old_event_cb(struct bufferevent *bev, short what UNUSED, void *arg UNUSED)
{
	bufferevent_free(bev);
}

static void
old_accept_cb(struct evconnlistener *l, evutil_socket_t fd,
    struct sockaddr *sa UNUSED, int len UNUSED, void *arg)
{
	struct bufferevent *bev = bufferevent_socket_new(
	    evconnlistener_get_base(l), fd, BEV_OPT_CLOSE_ON_FREE);

	bufferevent_setcb(bev, old_read_cb, NULL, old_event_cb, arg);
	(void)bufferevent_enable(bev, EV_READ | EV_WRITE);
}

static void
test_old_server(void **state UNUSED)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct old_server s = { 0 };
	struct probe p;
	int port = free_port();

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons((uint16_t)port);
	probe_open(&p, NULL, true, "redis://h:pw@127.0.0.1:%d", port);
	s.listener = evconnlistener_new_bind(p.base, old_accept_cb, &s,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, -1,
	    (struct sockaddr *)&sin, sizeof(sin));
	assert_non_null(s.listener);
	wait_for(p.base, p.ready == 1);
	assert_int_equal(s.two, 1);
	assert_int_equal(s.one, 1);
	evconnlistener_free(s.listener);
	redis_link_drop(p.link, "end of the test");
	(void)event_base_loop(p.base, EVLOOP_NONBLOCK);
	(void)event_base_loop(p.base, EVLOOP_NONBLOCK);
	probe_close(&p);
}

/* Answers nobody asked for, and what is not RESP at all. */
static void
noise_accept_cb(struct evconnlistener *l UNUSED, evutil_socket_t fd,
    struct sockaddr *sa UNUSED, int len UNUSED, void *arg)
{
	const char *text = arg;

	(void)!write(fd, text, strlen(text));
	(void)shutdown(fd, SHUT_WR);
	(void)close(fd);
}

static void
test_noise(void **state UNUSED)
{
	static const char *const noise[] = {
		"HTTP/1.1 400 Bad Request\r\n\r\n",
		"+OK\r\n+PONG\r\n:1\r\n",
		"*3\r\n$7\r\nmessage\r\n$1\r\nx\r\n$1\r\ny\r\n+PONG\r\n:1\r\n",
		"*1048577\r\n",
		"-ERR something odd\r\n",
		"",
	};
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct evconnlistener *l;
	struct probe p;
	size_t i;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (i = 0; i < COUNT_OF(noise); i++) {
		int port = free_port();

		sin.sin_port = htons((uint16_t)port);
		probe_open(&p, NULL, true, "redis://127.0.0.1:%d", port);
		l = evconnlistener_new_bind(p.base, noise_accept_cb,
		    (void *)(uintptr_t)noise[i], LEV_OPT_CLOSE_ON_FREE |
		    LEV_OPT_REUSEABLE, -1, (struct sockaddr *)&sin,
		    sizeof(sin));
		assert_non_null(l);
		wait_for(p.base, redis_link_reason(p.link) != NULL);
		evconnlistener_free(l);
		probe_close(&p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ways),
		cmocka_unit_test(test_auth),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_tls_bad_file),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_large_answer),
		cmocka_unit_test(test_max_clients),
		cmocka_unit_test(test_old_server),
		cmocka_unit_test(test_noise),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
