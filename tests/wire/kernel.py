# SPDX-License-Identifier: BSD-3-Clause
"""What the appliance is configured to do, done on the kernel's own TCP: an echo server and the splice lanes. The box of
`run --target linux`."""
import socket
import threading

import bench


def copy(source, sink):
    """One direction of a splice, and its end."""
    try:
        while True:
            data = source.recv(65536)
            if not data:
                break
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        for s in (source, sink):
            try:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def setup(s):
    try:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"cubic")
    except OSError:
        pass
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)


def echo(client):
    setup(client)
    copy(client, client)
    client.close()


def splice(client, member):
    setup(client)
    try:
        node = socket.create_connection(member, 60)
        node.settimeout(None)
    except OSError:
        client.close()
        return
    setup(node)
    back = threading.Thread(target=copy, args=(node, client), daemon=True)
    back.start()
    copy(client, node)
    back.join()
    node.close()
    client.close()


def serve(family, addr, port, work, *args):
    s = socket.socket(family, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 128 * 1024)
    s.bind((addr, port))
    s.listen(4096)
    while True:
        client, _ = s.accept()
        threading.Thread(target=work, args=(client,) + args, daemon=True).start()


def main():
    threads = []
    for family, kind, addr in ((4, socket.AF_INET, bench.BOX4), (6, socket.AF_INET6, bench.BOX6)):
        threads.append(threading.Thread(target=serve, args=(kind, addr, bench.ECHO, echo)))
        for i in range(bench.LANES):
            member = (bench.lane_member(family, i), bench.NODE)
            threads.append(threading.Thread(target=serve, args=(kind, addr, bench.lane_port(family, i), splice, member)))
    for t in threads:
        t.start()


if __name__ == "__main__":
    main()
