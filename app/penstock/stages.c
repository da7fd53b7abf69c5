/* SPDX-License-Identifier: BSD-3-Clause */
#include "stages.h"

int stages_start(
	const struct stage *s, unsigned n, struct appliance *a, unsigned *begun, struct err *e)
{
	int rc = 0;

	*begun = 0;
	while (rc == 0 && *begun < n)
		rc = s[(*begun)++].start(a, e);
	return rc;
}

void stages_stop(const struct stage *s, unsigned begun, struct appliance *a)
{
	while (begun > 0)
		s[--begun].stop(a);
}
