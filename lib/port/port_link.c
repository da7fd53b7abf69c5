/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Link and removal. Drivers over a kernel interface say "up" whatever happens to it, so for them
 * the interface itself is asked.
 */
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "port/port_priv.h"

int port__netdev_ioctl(int ifindex, unsigned long request, struct ifreq *r)
{
	int s, rc;

	if (!if_indextoname((unsigned)ifindex, r->ifr_name))
		return -ENODEV;
	s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s < 0)
		return -errno;
	rc = ioctl(s, request, r) < 0 ? -errno : 0;
	close(s);
	return rc;
}

static bool netdev_up(struct port *p)
{
	struct ifreq r = {0};
	int rc = port__netdev_ioctl(p->ifindex, SIOCGIFFLAGS, &r);

	if (rc == -ENODEV)
		atomic_store_explicit(&p->removed, true, memory_order_relaxed);
	return rc == 0 && (r.ifr_flags & IFF_UP) && (r.ifr_flags & IFF_RUNNING);
}

static bool link_up(struct port *p)
{
	struct rte_eth_link l = {0};

	if (p->kind->netdev && p->ifindex > 0)
		return netdev_up(p);
	if (rte_eth_link_get_nowait(p->id[0], &l) != 0)
		return false;
	p->speed = l.link_speed == RTE_ETH_SPEED_NUM_UNKNOWN ? 0 : l.link_speed;
	return l.link_status == RTE_ETH_LINK_UP;
}

enum port_event port_link_poll(struct port *p)
{
	bool up;

	if (p->state == PORT_GONE)
		return PORT_EV_NONE;
	up = link_up(p);
	if (atomic_load_explicit(&p->removed, memory_order_relaxed)) {
		p->state = PORT_GONE;
		p->caps = (struct port_caps){0};
		/* workers stop with their next burst; port_retry() closes the device */
		atomic_store_explicit(&p->live, false, memory_order_release);
		return PORT_EV_GONE;
	}
	if (up == (p->state == PORT_UP))
		return PORT_EV_NONE;
	p->state = up ? PORT_UP : PORT_DOWN;
	return up ? PORT_EV_UP : PORT_EV_DOWN;
}
