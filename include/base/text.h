/*
 * Comparing C strings that may be absent (NULL). What two absent ones mean
 * differs, so there are two questions, and nobody asks strcmp(3) around a NULL.
 */
#ifndef COLLABD_BASE_TEXT_H
#define COLLABD_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Whether there are two texts, and they are equal: an absent one is not the
 * same as anything. Of who somebody is: nobody is no one else. */
static inline bool
text_same(const char *a, const char *b)
{
	return (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* The same, or both absent: an absent one is a value like another. Of whether
 * something has changed. */
static inline bool
text_same_or_none(const char *a, const char *b)
{
	return (a == NULL || b == NULL ? a == b : strcmp(a, b) == 0);
}

#endif
