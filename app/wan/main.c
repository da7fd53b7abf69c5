/* SPDX-License-Identifier: BSD-3-Clause */
/* penstock-wan [OPTION...] DEVICE-A DEVICE-B */
#include <stdio.h>
#include <stdlib.h>

#include "bridge.h"

#define EXIT_USAGE 2

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = 1;
}

static int complain(const struct err *e, int code)
{
	fprintf(stderr, "penstock-wan: %s\n", e->text);
	return code;
}

static int run(struct args *a)
{
	const struct sigaction sa = {.sa_handler = on_signal};
	struct bridge b;
	struct err e = {""};
	int code = EXIT_SUCCESS;

	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	signal(SIGPIPE, SIG_IGN); /* net_virtio_user writes to a host that is gone */
	if (bridge_init(&b, a, &e) < 0) {
		code = complain(&e, EXIT_FAILURE);
	} else {
		puts("ready");
		fflush(stdout);
		if (bridge_run(&b, a, &stop, &e) < 0)
			code = complain(&e, EXIT_FAILURE);
		report_end(&b, a->json);
	}
	bridge_fini(&b);
	return code;
}

static int act(struct args *a)
{
	switch (a->verb) {
	case ARGS_HELP:
		fputs(args_usage, stdout);
		return EXIT_SUCCESS;
	case ARGS_VERSION:
		printf("penstock-wan %s\n", PENSTOCK_VERSION);
		return EXIT_SUCCESS;
	default:
		return run(a);
	}
}

int main(int argc, char **argv)
{
	struct args a;
	struct err e = {""};
	int code = args_parse(&a, argc, argv, &e) < 0 ? complain(&e, EXIT_USAGE) : act(&a);

	args_fini(&a);
	return code;
}
