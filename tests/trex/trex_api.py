# SPDX-License-Identifier: BSD-3-Clause
"""The names and signatures of TRex's API (v3.07) that the profiles use, so that they can be built where there is no TRex.

install() makes the modules trex.astf.api and trex.stl.api. A call with arguments that TRex does not have is a TypeError,
as is one of another type where TRex checks it; a name that TRex does not have is an ImportError or AttributeError. What
was given is kept: `given` of every object, `commands` of a program or a field engine.
"""
import inspect
import sys
import types

NUMBER, TEXT, BUFFER = (int, float), str, (bytes, str)

# class: {method: (its arguments as Python writes them, {argument: type that TRex insists on})}
ASTF = {
    "ASTFProgram": {
        "__init__": ("file=None, side='c', commands=None, stream=True, s_delay=None, udp_mtu=None, addon=None", {}),
        "connect": ("", {}), "accept": ("", {}), "reset": ("", {}), "wait_for_peer_close": ("", {}),
        "send": ("buf, size=0, fill=None", {"buf": BUFFER, "size": int}),
        "recv": ("bytes, clear=False", {"bytes": int, "clear": (int, bool)}),
        "delay": ("usec", {"usec": NUMBER}),
        "delay_rand": ("min_usec, max_usec", {"min_usec": NUMBER, "max_usec": NUMBER}),
        "set_send_blocking": ("block", {"block": (int, bool)}),
        "set_var": ("var_id, val", {"var_id": TEXT, "val": int}),
        "set_label": ("label", {"label": TEXT}),
        "jmp_nz": ("var_id, label", {"var_id": TEXT, "label": TEXT})},
    "ASTFIPGenDist": {"__init__": ("ip_range, distribution='seq', per_core_distribution=None", {"ip_range": list})},
    "ASTFIPGenGlobal": {"__init__": ("ip_offset='1.0.0.0', ip_offset_server=None", {"ip_offset": TEXT})},
    "ASTFIPGen": {"__init__": ("dist_client, dist_server, glob=None",
                               {"dist_client": "ASTFIPGenDist", "dist_server": "ASTFIPGenDist", "glob": "ASTFIPGenGlobal"})},
    "ASTFAssociationRule": {"__init__": ("port=80, ip_start=None, ip_end=None, l7_map=None, assoc_id=None", {})},
    "ASTFTCPClientTemplate": {
        "__init__": ("ip_gen, cluster=None, program=None, port=80, cps=1, glob_info=None, limit=None, cont=None, "
                     "core_base=None",
                     {"ip_gen": "ASTFIPGen", "program": "ASTFProgram", "limit": int, "cont": bool})},
    "ASTFTCPServerTemplate": {"__init__": ("program=None, assoc=None, glob_info=None",
                                           {"program": "ASTFProgram", "assoc": "ASTFAssociationRule"})},
    "ASTFTemplate": {"__init__": ("client_template=None, server_template=None, tg_name=None",
                                  {"client_template": "ASTFTCPClientTemplate", "server_template": "ASTFTCPServerTemplate",
                                   "tg_name": TEXT})},
    "ASTFProfile": {"__init__": ("default_ip_gen, default_c_glob_info=None, default_s_glob_info=None, templates=None, "
                                 "cap_list=None, s_delay=None, udp_mtu=None",
                                 {"default_ip_gen": "ASTFIPGen", "default_c_glob_info": "ASTFGlobalInfo",
                                  "default_s_glob_info": "ASTFGlobalInfo", "templates": list})},
}
TCP_TUNABLES = """mss initwnd rxbufsize txbufsize rexmtthresh do_rfc1323 keepinit keepidle keepintvl blackhole delay_ack_msec
    no_delay no_delay_counter do_sack do_ecn cc_algo reass_maxqlen""".split()
STL = {
    "STLStream": {"__init__": ("name=None, packet=None, mode=None, enabled=True, self_start=True, isg=0.0, flow_stats=None, "
                               "next=None, stream_id=None, action_count=0, random_seed=0, mac_src_override_by_pkt=None, "
                               "mac_dst_override_mode=None, dummy_stream=False, start_paused=False, core_id=-1",
                               {"packet": "STLPktBuilder", "mode": "STLTXCont"})},
    "STLPktBuilder": {"__init__": ("pkt=None, pkt_buffer=None, vm=None, path_relative_to_profile=False, build_raw=False, "
                                   "remove_fcs=True", {"pkt": "Packet", "vm": "STLVM"})},
    "STLTXCont": {"__init__": ("pps=None, bps_L1=None, bps_L2=None, percentage=None", {"pps": NUMBER})},
    "STLVM": {
        "__init__": ("", {}),
        "var": ("name, min_value, max_value, size, op, step=1, split_to_cores=True, next_var=None", {"name": TEXT, "size": int}),
        "write": ("fv_name, pkt_offset, offset_fixup=0, add_val=0, byte_order='big'", {"fv_name": TEXT}),
        "fix_chksum": ("offset='IP'", {}),
        "fix_chksum_hw": ("l3_offset, l4_offset, l4_type", {"l4_type": int})},
}
HEADERS = {"Ether": (14, "dst src type"), "IP": (20, "src dst ttl proto tos id"),
           "TCP": (20, "sport dport seq ack flags window"), "UDP": (8, "sport dport len")}


def check(owner, method, arguments, kinds, args, kwargs):
    """What was given by the name of the argument; TypeError where TRex would not take it."""
    spec = eval("lambda %s: None" % arguments)  # only text of this file
    bound = inspect.signature(spec).bind(*args, **kwargs).arguments
    for name, kind in kinds.items():
        value = bound.get(name)
        good = type(value).__name__ == kind if isinstance(kind, str) else isinstance(value, kind)
        if value is not None and not good:
            raise TypeError("%s.%s: %s is %r, a %s is wanted" % (owner, method, name, value, kind))
    return bound


def make_method(owner, method, arguments, kinds):
    def call(self, *args, **kwargs):
        given = check(owner, method, arguments, kinds, args, kwargs)
        if method == "__init__":
            self.given, self.commands = given, []
        else:
            self.commands.append((method, given))
    return call


def make_class(name, methods):
    return type(name, (), {method: make_method(name, method, *spec) for method, spec in methods.items()})


class Tunables:
    def __setattr__(self, name, value):
        if name not in TCP_TUNABLES:
            raise AttributeError("tcp.%s: TRex has no such tunable" % name)
        if type(value) is not int:
            raise AttributeError("tcp.%s: %r, an int is wanted" % (name, value))
        self.__dict__[name] = value


class ASTFGlobalInfo:
    def __init__(self):
        self.tcp = Tunables()


class Packet:
    """As scapy's: headers over each other, the payload at the end."""

    def __init__(self, size, headers):
        self.size, self.headers = size, headers

    def __truediv__(self, other):
        if isinstance(other, str):
            other = Packet(len(other), {})
        return Packet(self.size + other.size, {**self.headers, **other.headers})

    def __len__(self):
        return self.size


def make_header(name, size, fields):
    def header(**kwargs):
        wrong = set(kwargs) - set(fields.split())
        if wrong:
            raise AttributeError("%s has no field %s" % (name, wrong))
        return Packet(size, {name: kwargs})
    return header


def module(name, contents):
    found = sys.modules[name] = types.ModuleType(name)
    vars(found).update(contents)
    return found


def install():
    astf = {name: make_class(name, methods) for name, methods in ASTF.items()}
    stl = {name: make_class(name, methods) for name, methods in STL.items()}
    stl.update({name: make_header(name, *spec) for name, spec in HEADERS.items()})
    stl["CTRexVmInsFixHwCs"] = type("CTRexVmInsFixHwCs", (), {"L4_TYPE_UDP": 11, "L4_TYPE_TCP": 13, "L4_TYPE_IP": 17})
    for name in ("trex", "trex.astf", "trex.stl"):
        module(name, {})
    module("trex.astf.api", {**astf, "ASTFGlobalInfo": ASTFGlobalInfo})
    module("trex.stl.api", stl)
