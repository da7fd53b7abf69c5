/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a device string to ethdevs: "0000:3b:00.0", "net_af_packet0,iface=eth1". Devices are plugged
 * in here, so EAL needs no --vdev or --allow. What is wrong is looked for where the operator can
 * mend it (interface, rights, bound driver); a driver's own reasons are in DPDK's log.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <rte_dev.h>

#include "port/port_priv.h"

#define PCI_DIR "/sys/bus/pci/devices"

/* doc/lib/port.md tells how each was found out. */
static const struct port_kind kinds[] = {
	{.driver = "net_af_packet", .queues_arg = "qpairs=", .netdev = true},
	/* veth has no combined channels, without which the driver has one queue only; the kernel
	 * keeps XDP_PACKET_HEADROOM in each buffer */
	{.driver = "net_af_xdp", .each_queue = true, .netdev = true, .rx_loss = 256},
	/* its checksum over segments of odd length is wrong, and segmentation rests on it. Its
	 * queues have descriptors, but a burst finds nothing before a signal has come, often after
	 * the wakeup: who sleeps then misses it */
	{.driver = "net_tap",
		.tx_refuse = RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM |
			     RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_TSO},
	{.driver = "net_memif", .peer = true},
	{.driver = "net_vhost", .scatters = true, .tso_unsaid = true},
	{.driver = "net_"},
	{.driver = NULL, .rx_intr = true},
};

const struct port_kind *port__kind(const char *device)
{
	const struct port_kind *k = kinds;

	while (k->driver && strncmp(device, k->driver, strlen(k->driver)) != 0)
		k++;
	return k;
}

const char *port__devarg(const char *device, const char *key, char *buf, size_t n)
{
	const char *at = strchr(device, ',');
	size_t len;

	while (at && strncmp(at + 1, key, strlen(key)) != 0)
		at = strchr(at + 1, ',');
	if (!at)
		return NULL;
	at += 1 + strlen(key);
	len = strcspn(at, ",");
	if (len >= n)
		return NULL;
	memcpy(buf, at, len);
	buf[len] = '\0';
	return buf;
}

/* "3b:00.0" or "0000:3b:00.0": its full form to full. */
static bool is_pci(const char *device, char *full, size_t n)
{
	unsigned dom = 0, bus, dev, fn;
	int end = 0;

	if (sscanf(device, "%4x:%2x:%2x.%1x%n", &dom, &bus, &dev, &fn, &end) != 4) {
		dom = 0;
		if (sscanf(device, "%2x:%2x.%1x%n", &bus, &dev, &fn, &end) != 3)
			return false;
	}
	if (device[end] != '\0' && device[end] != ',')
		return false;
	snprintf(full, n, "%04x:%02x:%02x.%x", dom, bus, dev, fn);
	return true;
}

static int pci_fault(const char *pci, struct err *e)
{
	char path[PATH_MAX], link[PATH_MAX];
	const char *drv;
	ssize_t n;

	snprintf(path, sizeof(path), PCI_DIR "/%s", pci);
	if (access(path, F_OK) != 0)
		return err_set(e, ENODEV, "there is no PCI device %s (see lspci -D)", pci);
	snprintf(path, sizeof(path), PCI_DIR "/%s/driver", pci);
	n = readlink(path, link, sizeof(link) - 1);
	link[n > 0 ? n : 0] = '\0';
	drv = strrchr(link, '/') ? strrchr(link, '/') + 1 : "no driver";
	if (strcmp(drv, "vfio-pci") != 0)
		return err_set(e, ENXIO,
			"PCI device %s is bound to %s: bind it with dpdk-devbind.py -b vfio-pci %s",
			pci, drv, pci);
	if (access("/dev/vfio/vfio", R_OK | W_OK) != 0)
		return err_set(e, EACCES, "no rights to /dev/vfio/vfio: run as root");
	return err_set(
		e, EIO, "DPDK has no driver for PCI device %s, or it failed: see the log", pci);
}

/* Rights that the driver will need. 0 or -EPERM. */
static int rights_check(const struct port_kind *k, const char *device, struct err *e)
{
	bool tap = strncmp(device, "net_tap", 7) == 0;
	int fd;

	if (!k->netdev && !tap)
		return 0;
	fd = tap ? open("/dev/net/tun", O_RDWR | O_CLOEXEC)
		 : socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0 && (errno == EPERM || errno == EACCES))
		return err_set(e, EPERM,
			"no rights to open %s: run as root or with CAP_NET_ADMIN and CAP_NET_RAW",
			device);
	if (fd < 0)
		return err_set(e, ENXIO, "the kernel has no %s: %s",
			tap ? "/dev/net/tun" : "AF_PACKET", strerror(errno));
	close(fd);
	return 0;
}

/* First of the interface's queues that are ours; false: not given, all are. */
static bool start_queue(const char *device, unsigned *first)
{
	char num[16];
	bool given = port__devarg(device, "start_queue=", num, sizeof(num));

	*first = given ? (unsigned)strtoul(num, NULL, 10) : 0;
	return given;
}

/* A socket a queue: one that lacks its queue fails, and what arrives on a queue that lacks its
 * socket goes to the kernel. 0 or -ENOSPC. */
static int queues_check(const struct port *p, const char *iface, struct err *e)
{
	struct ethtool_channels c = {.cmd = ETHTOOL_GCHANNELS};
	struct ifreq r = {.ifr_data = (char *)&c};
	unsigned have = 1, first;
	bool some = start_queue(p->conf->device, &first);

	if (port__netdev_ioctl((int)if_nametoindex(iface), SIOCETHTOOL, &r) == 0)
		have = c.rx_count + c.combined_count;
	if (have == p->n_queues || (some && have >= first + p->n_queues))
		return 0;
	return err_set(e, ENOSPC,
		"interface %s has %u receive queues for %u workers: ethtool -L %s %s %u%s", iface,
		have, p->n_queues, iface, c.max_combined ? "combined" : "rx", p->n_queues,
		some ? ", or a lower start_queue" : "");
}

/* What can be said before the driver is asked. */
static int precheck(const struct port *p, struct err *e)
{
	const char *device = p->conf->device;
	char iface[IF_NAMESIZE];
	int rc = rights_check(p->kind, device, e);

	if (rc < 0 || !p->kind->netdev)
		return rc;
	if (!port__devarg(device, "iface=", iface, sizeof(iface)))
		return err_set(
			e, EINVAL, "device %s names no interface: append iface=NAME", device);
	if (if_nametoindex(iface) == 0)
		return err_set(e, ENODEV, "there is no interface '%s'", iface);
	return p->kind->each_queue ? queues_check(p, iface, e) : 0;
}

/* Plug in one device string and find its ethdev. */
static int plug(const char *args, uint16_t *id, struct err *e)
{
	char name[RTE_DEV_NAME_MAX_LEN], pci[RTE_DEV_NAME_MAX_LEN];
	bool on_pci = is_pci(args, pci, sizeof(pci));
	int rc;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(args, ","), args);
	if (!on_pci && rte_eth_dev_get_port_by_name(name, id) == 0)
		return err_set(e, EEXIST, "device %s is in use by another port", name);
	rc = rte_dev_probe(args);
	if (rc < 0 && rc != -EEXIST && on_pci)
		return pci_fault(pci, e);
	if (rc == -EFAULT)
		return err_set(e, EINVAL,
			"DPDK has no driver for device '%s': a PCI address or DRIVER,ARGUMENTS is "
			"wanted",
			args);
	if (rc < 0 && rc != -EEXIST)
		return err_set(e, EINVAL, "DPDK's driver refuses device '%s': see the log", args);
	if (rte_eth_dev_get_port_by_name(on_pci ? pci : name, id) != 0)
		return on_pci ? pci_fault(pci, e)
			      : err_set(e, ENODEV, "device '%s' is not a network device", args);
	return 0;
}

/* The device string of queue q. */
static int args_make(const struct port *p, uint16_t q, char *args, size_t n)
{
	const char *device = p->conf->device, *rest = strchr(device, ',');
	unsigned first;
	char num[16];
	int len;

	if (p->kind->each_queue && q > 0) {
		start_queue(device, &first);
		len = snprintf(args, n, "%.*s_q%u%s,start_queue=%u", (int)strcspn(device, ","),
			device, q, rest ? rest : "", first + q);
	} else if (p->kind->queues_arg && p->n_queues > 1 &&
		   !port__devarg(device, p->kind->queues_arg, num, sizeof(num))) {
		len = snprintf(args, n, "%s,%s%u", device, p->kind->queues_arg, p->n_queues);
	} else {
		len = snprintf(args, n, "%s", device);
	}
	return len < (int)n ? 0 : -ENAMETOOLONG;
}

int port__probe(struct port *p, struct err *e)
{
	uint16_t want = p->kind->each_queue ? p->n_queues : 1;
	char args[PATH_MAX];
	int rc = precheck(p, e);

	if (rc < 0)
		return rc;
	for (uint16_t q = 0; q < want; q++) {
		if (args_make(p, q, args, sizeof(args)) < 0)
			rc = err_set(e, EINVAL, "device string of %zu characters is too long",
				strlen(p->conf->device));
		else
			rc = plug(args, &p->id[q], e);
		if (rc < 0) {
			port__unprobe(p);
			return rc;
		}
		p->n_devs++;
	}
	return 0;
}

void port__unprobe(struct port *p)
{
	struct rte_eth_dev_info info;

	while (p->n_devs > 0) {
		uint16_t id = p->id[--p->n_devs];

		if (rte_eth_dev_info_get(id, &info) != 0)
			continue;
		rte_eth_dev_close(id);
		rte_dev_remove(info.device);
	}
}
