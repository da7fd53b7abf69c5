/* SPDX-License-Identifier: BSD-3-Clause */
/* show ports, routes, neighbours. */
#include <errno.h>
#include <stdlib.h>

#include "ctl/ctl_priv.h"
#include "net/net.h"
#include "port/port.h"

/* ---- ports ---- */

static const char *state_name(const struct port *p)
{
	static const char *const text[] = {
		[PORT_GONE] = "gone", [PORT_DOWN] = "down", [PORT_UP] = "up"};

	return text[port_state(p)];
}

static void ports(const struct ctl_core *core, struct ctl_doc *out)
{
	static const struct ctl_column columns[] = {{"name", "port"}, {"state"}, {"device"},
		{"driver"}, {"mac"}, {"mtu"}, {"speed_mbits", "Mbit/s"}, {"queues"}, {"addresses"}};

	CTL_SECTION(out, "ports", CTL_TABLE, columns);
	for (unsigned i = 0; i < core->sys.n_ports; i++) {
		const struct port *p = core->sys.ports[i];
		const struct conf_port *conf = port_conf(p);
		const uint8_t *mac = port_mac(p);

		ctl__doc_string(out, "%s", conf->name);
		ctl__doc_string(out, "%s", state_name(p));
		ctl__doc_string(out, "%s", conf->device);
		ctl__doc_string(out, "%s", port_driver(p));
		ctl__doc_string(out, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
			mac[3], mac[4], mac[5]);
		ctl__doc_number(out, CTL_COUNT, port_mtu(p));
		if (port_speed(p))
			ctl__doc_number(out, CTL_COUNT, port_speed(p));
		else
			ctl__doc_none(out);
		ctl__doc_number(out, CTL_COUNT, port_queues(p));
		ctl__doc_prefixes(out, conf->addr, conf->n_addr);
	}
}

void ctl__port_sum(const struct port *p, struct ctl_port_sum *out)
{
	*out = (struct ctl_port_sum){0};
	for (uint16_t q = 0; q < port_queues(p); q++) {
		struct stat_block b = port_stats(p, q);

		for (unsigned i = 0; i < b.n; i++) {
			out->stat[i] += b.values[i];
			if (ctl__counter_is_drop(&b.names[i]))
				out->drops += b.values[i];
		}
	}
	port_device_stats(p, &out->device);
}

static void traffic(const struct ctl_core *core, struct ctl_doc *out)
{
	static const struct ctl_column columns[] = {{"name", "port"}, {"rx_packets"}, {"rx_bytes"},
		{"tx_packets"}, {"tx_bytes"}, {"tx_dropped"}, {"rx_missed"}, {"rx_errors"},
		{"rx_no_buffer"}, {"tx_errors"}};
	static const uint8_t stats[] = {
		PORT_STAT_rx_packets, PORT_STAT_rx_bytes, PORT_STAT_tx_packets, PORT_STAT_tx_bytes};

	CTL_SECTION(out, "traffic", CTL_TABLE, columns);
	for (unsigned i = 0; i < core->sys.n_ports; i++) {
		struct ctl_port_sum sum;

		ctl__port_sum(core->sys.ports[i], &sum);
		ctl__doc_string(out, "%s", port_conf(core->sys.ports[i])->name);
		for (unsigned s = 0; s < sizeof(stats); s++)
			ctl__doc_number(out, s % 2 ? CTL_BYTES : CTL_COUNT, sum.stat[stats[s]]);
		ctl__doc_number(out, CTL_COUNT, sum.drops);
		ctl__doc_number(out, CTL_COUNT, sum.device.rx_missed);
		ctl__doc_number(out, CTL_COUNT, sum.device.rx_errors);
		ctl__doc_number(out, CTL_COUNT, sum.device.rx_nombuf);
		ctl__doc_number(out, CTL_COUNT, sum.device.tx_errors);
	}
}

static void offloads(const struct ctl_core *core, struct ctl_doc *out)
{
	static const struct ctl_column columns[] = {{"name", "port"}, {"rx_checksum"},
		{"tx_checksum_ip", "tx ip checksum"}, {"tx_checksum_tcp", "tx tcp checksum"},
		{"tso"}, {"lro"}, {"scatter"}, {"segments"}, {"rss"}, {"rss_known"}, {"vlan_strip"},
		{"vlan_insert"}, {"interrupts"}};

	CTL_SECTION(out, "offloads", CTL_TABLE, columns);
	for (unsigned i = 0; i < core->sys.n_ports; i++) {
		const struct port *p = core->sys.ports[i];
		const struct port_caps *c = port_caps(p);
		const bool flags[] = {
			c->rx_csum, c->tx_csum_ip, c->tx_csum_tcp, c->tso, c->lro, c->scatter};
		const bool more[] = {
			c->rss, port_rss_known(p), c->vlan_strip, c->vlan_insert, c->rx_intr};

		ctl__doc_string(out, "%s", port_conf(p)->name);
		for (unsigned f = 0; f < sizeof(flags); f++)
			ctl__doc_number(out, CTL_BOOL, flags[f]);
		ctl__doc_number(out, CTL_COUNT, c->multi_segs ? c->max_segs : 1);
		for (unsigned f = 0; f < sizeof(more); f++)
			ctl__doc_number(out, CTL_BOOL, more[f]);
	}
}

int ctl__show_ports(
	const struct ctl_core *core, struct span arg, struct ctl_doc *out, struct err *e)
{
	ports(core, out);
	traffic(core, out);
	offloads(core, out);
	return 0;
}

/* ---- tables that only the worker may read ---- */

int ctl__on_worker(
	const struct ctl_core *core, unsigned w, void (*fn)(void *), void *arg, struct err *e)
{
	int rc = core->sys.run_on_worker(core->sys.arg, w, fn, arg);

	return rc == 0 ? 0 : err_set(e, -rc, "worker %u does not answer", w);
}

#define NEIGHBOURS_MAX 4096

struct neigh_job {
	const struct ctl_worker *worker;
	unsigned n; /* there are so many */
	struct net_neigh_info list[NEIGHBOURS_MAX];
};

static void neigh_copy(void *arg)
{
	struct neigh_job *job = arg;

	job->n = net_neigh_list(job->worker->net, *job->worker->now, job->list, NEIGHBOURS_MAX);
}

static void neigh_rows(
	const struct ctl_core *core, unsigned w, const struct neigh_job *job, struct ctl_doc *out)
{
	for (unsigned i = 0; i < job->n && i < NEIGHBOURS_MAX; i++) {
		const struct net_neigh_info *n = &job->list[i];
		const uint8_t *mac = n->mac;

		ctl__doc_number(out, CTL_COUNT, w);
		ctl__doc_addr(out, &n->ip);
		if (mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5])
			ctl__doc_string(out, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
				mac[2], mac[3], mac[4], mac[5]);
		else
			ctl__doc_none(out);
		ctl__doc_string(out, "%s", port_conf(core->sys.ports[n->port])->name);
		ctl__doc_string(out, "%s", net_neigh_state_name(n->state));
		ctl__doc_number(out, CTL_MS, n->age_ms);
		ctl__doc_number(out, CTL_COUNT, n->held);
	}
}

int ctl__show_neighbours(
	const struct ctl_core *core, struct span arg, struct ctl_doc *out, struct err *e)
{
	static const struct ctl_column columns[] = {{"worker"}, {"address"}, {"mac"}, {"port"},
		{"state"}, {"age_ms", "age"}, {"held", "packets held"}};
	struct neigh_job *job = calloc(1, sizeof(*job));
	int rc = 0;

	if (!job)
		return err_set(e, ENOMEM, "no memory");
	CTL_SECTION(out, "neighbours", CTL_TABLE, columns);
	for (unsigned w = 0; w < core->sys.n_workers && rc == 0; w++) {
		job->worker = &core->sys.workers[w];
		rc = ctl__on_worker(core, w, neigh_copy, job, e);
		if (rc == 0)
			neigh_rows(core, w, job, out);
	}
	free(job);
	return rc;
}

/* At most what the file can say: its routes, two gateways and each address's network. */
#define ROUTES_MAX (CONF_STATICS_MAX + CONF_PORTS_MAX * (2 + CONF_PORT_ADDRS_MAX))

struct route_job {
	const struct net *net;
	unsigned n;
	struct net_route_info list[ROUTES_MAX];
};

static void route_copy(void *arg)
{
	struct route_job *job = arg;

	job->n = net_route_list(job->net, job->list, ROUTES_MAX);
}

/* All workers have the same routes: the first one's are shown. */
int ctl__show_routes(
	const struct ctl_core *core, struct span arg, struct ctl_doc *out, struct err *e)
{
	static const struct ctl_column columns[] = {{"to"}, {"via"}, {"source"}, {"port"}, {"up"}};
	struct route_job job = {.net = core->sys.workers[0].net};
	int rc = ctl__on_worker(core, 0, route_copy, &job, e);

	if (rc < 0)
		return rc;
	CTL_SECTION(out, "routes", CTL_TABLE, columns);
	for (unsigned i = 0; i < job.n && i < ROUTES_MAX; i++) {
		const struct net_route_info *r = &job.list[i];

		ctl__doc_prefix(out, &r->to.addr, r->to.bits);
		if (ip_is_unspecified(&r->via))
			ctl__doc_none(out);
		else
			ctl__doc_addr(out, &r->via);
		ctl__doc_addr(out, &r->src);
		ctl__doc_string(out, "%s", port_conf(core->sys.ports[r->port])->name);
		ctl__doc_number(out, CTL_BOOL, r->up);
	}
	return 0;
}
