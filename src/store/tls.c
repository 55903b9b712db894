/*
 * TLS to Redis. The socket variant of libevent's TLS bufferevent is used, not
 * the filter. A peer that closes without close_notify (every crashed Redis) is
 * an error under OpenSSL 3; here it is an end of file like any other.
 *
 * A hosted Redis often has a certificate that nobody signed; the operator then
 * has to say that it shall not be verified. We never decide that by ourselves.
 */
#include <arpa/inet.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/conf.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "store/redis_url.h"
#include "store/tls.h"

struct tls_context {
	SSL_CTX	*ssl;
	bool	 verify_host;
};

static void
add_openssl_error(struct buf *out, unsigned long code)
{
	const char *reason = ERR_SYSTEM_ERROR(code) ?
	    strerror(ERR_GET_REASON(code)) : ERR_reason_error_string(code);

	buf_add_str(out, reason == NULL ? "unknown error" : reason);
}

/* The files of the context: whom to trust, and who we are. */
static bool
load_files(SSL_CTX *ssl, const struct conf *conf, const struct redis_url *url,
    struct buf *err)
{
	const char *ca = url->tls_ca_file, *key = url->tls_key_file;
	int ok;

	if (ca == NULL && conf->redis_tls_ca_file != NULL &&
	    *conf->redis_tls_ca_file != '\0')
		ca = conf->redis_tls_ca_file;
	ok = ca == NULL ? SSL_CTX_set_default_verify_paths(ssl) :
	    SSL_CTX_load_verify_locations(ssl, ca, NULL);
	if (ok != 1) {
		buf_addf(err, "cannot read the certificates to trust (%s): ",
		    ca == NULL ? "the system's" : ca);
		add_openssl_error(err, ERR_get_error());
		return (false);
	}
	if (url->tls_cert_file == NULL)
		return (true);
	if (key == NULL)
		key = url->tls_cert_file;
	if (SSL_CTX_use_certificate_chain_file(ssl, url->tls_cert_file) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ssl, key, SSL_FILETYPE_PEM) != 1) {
		buf_add_str(err, "cannot use the client certificate: ");
		add_openssl_error(err, ERR_get_error());
		return (false);
	}
	return (true);
}

struct tls_context *
tls_context_new(const struct conf *conf, const struct redis_url *url,
    struct buf *err)
{
	struct tls_context *ctx = xcalloc(1, sizeof(*ctx));
	bool verify = conf->redis_tls_verify;

	if (url->tls_verify_set)
		verify = url->tls_verify;
	ctx->verify_host = verify &&
	    (!url->tls_hostname_set || url->tls_hostname);
	ERR_clear_error();
	if ((ctx->ssl = SSL_CTX_new(TLS_client_method())) == NULL)
		log_fatal("cannot make a TLS context");
	(void)SSL_CTX_set_min_proto_version(ctx->ssl, TLS1_2_VERSION);
	(void)SSL_CTX_set_options(ctx->ssl, SSL_OP_IGNORE_UNEXPECTED_EOF);
	/* hiredis' reader copies; no need to keep buffers on an idle link */
	(void)SSL_CTX_set_mode(ctx->ssl, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_verify(ctx->ssl, verify ? SSL_VERIFY_PEER :
	    SSL_VERIFY_NONE, NULL);
	if (!load_files(ctx->ssl, conf, url, err)) {
		tls_context_free(ctx);
		return (NULL);
	}
	return (ctx);
}

void
tls_context_free(struct tls_context *ctx)
{
	if (ctx == NULL)
		return;
	SSL_CTX_free(ctx->ssl);
	free(ctx);
}

/* Whom the certificate must name: an address, or a host (sent as SNI too). */
static bool
set_host(SSL *ssl, const char *host, bool verify)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
	unsigned char addr[16];

	if (inet_pton(AF_INET, host, addr) == 1 ||
	    inet_pton(AF_INET6, host, addr) == 1)
		return (!verify ||
		    X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1);
	/* what SSL_set_tlsext_host_name() is, without its cast */
	if (SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME,
	    TLSEXT_NAMETYPE_host_name, (void *)(uintptr_t)host) != 1)
		return (false);
	if (!verify)
		return (true);
	X509_VERIFY_PARAM_set_hostflags(param,
	    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return (X509_VERIFY_PARAM_set1_host(param, host, 0) == 1);
}

struct bufferevent *
tls_bufferevent_new(struct tls_context *ctx, struct event_base *base,
    const char *host, struct buf *err)
{
	struct bufferevent *bev;
	SSL *ssl;

	ERR_clear_error();
	if ((ssl = SSL_new(ctx->ssl)) == NULL ||
	    !set_host(ssl, host, ctx->verify_host)) {
		buf_add_str(err, "cannot start TLS: ");
		add_openssl_error(err, ERR_get_error());
		SSL_free(ssl);
		return (NULL);
	}
	/* Takes the SSL: freed with the bufferevent. */
	bev = bufferevent_openssl_socket_new(base, -1, ssl,
	    BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
	if (bev == NULL) {
		buf_add_str(err, "cannot start TLS");
		SSL_free(ssl);
	}
	return (bev);
}

void
tls_add_reason(struct bufferevent *bev, struct buf *out)
{
	SSL *ssl = bufferevent_openssl_get_ssl(bev);
	unsigned long code;
	long verdict;

	if (ssl == NULL)
		return;
	verdict = SSL_get_verify_result(ssl);
	if (verdict != X509_V_OK &&
	    SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE) {
		buf_addf(out, "TLS: certificate refused: %s",
		    X509_verify_cert_error_string(verdict));
		return;
	}
	if ((code = bufferevent_get_openssl_error(bev)) != 0) {
		buf_add_str(out, "TLS: ");
		add_openssl_error(out, code);
	}
}

void
tls_sha1_hex(const void *p, size_t n, char out[41])
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (EVP_Digest(p, n, md, &len, EVP_sha1(), NULL) != 1 || len != 20)
		log_fatal("SHA1 is not available");
	(void)hex_encode(md, len, out);
}
