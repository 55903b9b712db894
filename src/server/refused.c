/*
 * The page for a refused save. Called by the guard. Whatever is not ours in it
 * is a name, which is escaped; nothing is loaded from anywhere.
 */
#include <string.h>

#include "proto/http.h"
#include "server/refused.h"

#define NAME	"{name}"
#define STYLE	"body{font:1rem/1.5 system-ui,sans-serif;margin:0;"	\
		"color-scheme:light dark}main{max-width:36rem;"		\
		"margin:10vh auto;padding:0 1rem}h1{font-size:1.4rem}"

size_t
refused_language(const struct reqhead *head)
{
	return (http_pick_language(head, refused_languages, refused_n));
}

static void
add_escaped(struct buf *b, const char *text, size_t n)
{
	static const struct {
		char		 c;
		const char	*entity;
	} entities[] = {
		{ '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" },
		{ '"', "&quot;" }, { '\'', "&#39;" },
	};
	size_t i, k;

	for (i = 0; i < n; i++) {
		for (k = 0; k < COUNT_OF(entities); k++) {
			if (text[i] == entities[k].c)
				break;
		}
		if (k < COUNT_OF(entities))
			buf_add_str(b, entities[k].entity);
		else
			buf_add_char(b, text[i]);
	}
}

static void
add_paragraph(struct buf *b, const char *text)
{
	buf_add_str(b, "<p>");
	add_escaped(b, text, strlen(text));
	buf_add_str(b, "</p>");
}

/* The name keeps its direction among words of another. */
static void
add_who(struct buf *b, const struct refused_texts *t, const char *name)
{
	const char *at;

	if (name == NULL || *name == '\0' ||
	    (at = strstr(t->editing, NAME)) == NULL) {
		add_paragraph(b, t->somebody);
		return;
	}
	buf_add_str(b, "<p>");
	add_escaped(b, t->editing, (size_t)(at - t->editing));
	buf_add_str(b, "<strong><bdi>");
	add_escaped(b, name, strlen(name));
	buf_add_str(b, "</bdi></strong>");
	at += LITLEN(NAME);
	add_escaped(b, at, strlen(at));
	buf_add_str(b, "</p>");
}

static void
add_page(struct buf *b, size_t language, const char *name)
{
	const struct refused_texts *t = &refused_texts[language];
	const char *code = refused_languages[language];

	buf_addf(b, "<!DOCTYPE html>\n<html lang=\"%s\" dir=\"%s\"><head>"
	    "<meta charset=\"utf-8\"><meta name=\"viewport\" "
	    "content=\"width=device-width\"><title>", code,
	    strcmp(code, "ar") == 0 ? "rtl" : "ltr");
	add_escaped(b, t->title, strlen(t->title));
	buf_add_str(b, "</title><style>" STYLE "</style></head>"
	    "<body><main><h1>");
	add_escaped(b, t->title, strlen(t->title));
	buf_add_str(b, "</h1>");
	add_who(b, t, name);
	add_paragraph(b, t->back);
	add_paragraph(b, t->again);
	buf_add_str(b, "</main></body></html>\n");
}

void
refused_answer_add(struct buf *b, int status, size_t language,
    const char *name, bool head_only)
{
	struct buf page = { NULL, 0, 0 }, extra = { NULL, 0, 0 };

	add_page(&page, language, name);
	buf_addf(&extra, "Content-Language: %s\r\nVary: Accept-Language\r\n"
	    "Content-Security-Policy: default-src 'none'; "
	    "style-src 'unsafe-inline'; frame-ancestors 'self'\r\n"
	    "X-Content-Type-Options: nosniff\r\n",
	    refused_languages[language]);
	http_response_add(b, status, buf_str(&extra),
	    "text/html; charset=utf-8", page.p, page.n, head_only);
	buf_fini(&page);
	buf_fini(&extra);
}
