/* The public listener: the page behind an answer link, the form on it, and /healthz. Nothing else.
 *
 * GET and HEAD show and never change anything; only POST records. Off unless it is configured. Slow
 * and greedy clients cost a fixed amount: 8 KiB of header, 16 KiB of body, 5 s for the header, 15 s
 * in all, 1,024 connections (the oldest unfinished one makes room). */
#pragma once

#include "base/mem.h"

struct engine;
struct event_base;
struct web;

/* Listens on the descriptor a service manager passed (taken over, also on failure), or, with fd -1,
 * on `listen`: "host:port", "[v6]:port" or "unix:PATH". 0, or -errno with a sentence (owned by the
 * caller). */
int web_open(struct event_base *loop, struct engine *engine, const char *listen, int fd,
	struct web **ret, char **ret_error) must_check;
/* Closes every connection. NULL is fine. */
void web_close(struct web *web);
