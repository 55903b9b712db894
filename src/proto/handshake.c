/*
 * The opening handshake of RFC 6455. Called by the server layer twice for a
 * connection: to tell what a request head wants, and, after authorization said
 * yes, to write the 101. Decides on the head alone; cookies and origins belong
 * to the django layer.
 */
#include <string.h>

#include <openssl/evp.h>

#include "base/log.h"
#include "proto/handshake.h"

/* RFC 6455 section 1.3: what is hashed behind the key. */
#define GUID		"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

#define KEY_LENGTH	24	/* base64 of 16 bytes */
#define KEY_PADDING	2
#define SHA1_BYTES	20

static bool
key_is_valid(struct slice key)
{
	size_t i, n = KEY_LENGTH - KEY_PADDING;

	if (key.n != KEY_LENGTH || memcmp(key.p + n, "==", KEY_PADDING) != 0)
		return (false);
	for (i = 0; i < n; i++) {
		char c = key.p[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') &&
		    !(c >= 'A' && c <= 'Z') && c != '+' && c != '/')
			return (false);
	}
	return (true);
}

bool
handshake_is_upgrade(const struct reqhead *head)
{
	return (reqhead_has_token(head, "Upgrade", "websocket", true));
}

int
handshake_check(const struct reqhead *head)
{
	if (!slice_is(head->method, "GET"))
		return (405);
	if (!handshake_is_upgrade(head))
		return (426);
	if (head->minor < 1 ||
	    !reqhead_has_token(head, "Connection", "Upgrade", true))
		return (400);
	if (!slice_is(head->ws_version, HANDSHAKE_VERSION))
		return (426);
	/* A body would be read as frames. */
	if (head->content_length > 0 || head->transfer_encoding.p != NULL)
		return (400);
	return (key_is_valid(head->ws_key) ? 101 : 400);
}

bool
handshake_offers(const struct reqhead *head, const char *subprotocol)
{
	return (reqhead_has_token(head, "Sec-WebSocket-Protocol", subprotocol,
	    false));
}

void
handshake_accept_key(struct slice key, char out[HANDSHAKE_ACCEPT_SIZE])
{
	unsigned char text[KEY_LENGTH + LITLEN(GUID)], digest[SHA1_BYTES];
	unsigned n = 0;

	ASSERT(key.n == KEY_LENGTH);
	memcpy(text, key.p, KEY_LENGTH);
	memcpy(text + KEY_LENGTH, GUID, LITLEN(GUID));
	if (EVP_Digest(text, sizeof(text), digest, &n, EVP_sha1(), NULL) != 1 ||
	    n != sizeof(digest))
		log_fatal("SHA-1 is not available");
	(void)EVP_EncodeBlock((unsigned char *)out, digest, SHA1_BYTES);
}

void
handshake_response_add(struct buf *b, const struct reqhead *head,
    const char *subprotocol)
{
	char accept[HANDSHAKE_ACCEPT_SIZE];

	handshake_accept_key(head->ws_key, accept);
	buf_addf(b, "HTTP/1.1 101 Switching Protocols\r\n"
	    "Upgrade: websocket\r\n"
	    "Connection: Upgrade\r\n"
	    "Sec-WebSocket-Accept: %s\r\n", accept);
	if (subprotocol != NULL)
		buf_addf(b, "Sec-WebSocket-Protocol: %s\r\n", subprotocol);
	buf_add_str(b, "\r\n");
}
