/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What went wrong, for the operator: one line that says what, where and what to do. Libraries
 * fill it on control paths; only the app prints it.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

struct err {
	char text[512]; /* one line, no newline; empty when nothing was set */
};

/* Set the text (printf form, truncated to fit). Returns -code, so that `return err_set(...)`. */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
