# SPDX-License-Identifier: GPL-2.0-only
"""Connects Ansible to a fake machine: the commands run here, in the directory of the host below $ROLE_HOSTS."""
import os

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection.local import Connection as Local

DOCUMENTATION = """
    name: fakehost
    short_description: connects to a fake machine
    description: Runs the commands of a host on its fake machine (tests/fake).
    author: vfio-lu maintainers
    version_added: historical
    extends_documentation_fragment: [connection_pipelining]
"""
BOOT_ID = "/proc/sys/kernel/random/boot_id"


class Connection(Local):
    """As the connection local, to a host that may go down. tests/role/vfio-lu makes the files down and closed."""

    transport = "fakehost"

    def _file(self, name):
        return os.path.join(os.environ["ROLE_HOSTS"], self._play_context.remote_addr, name)

    def _verify_up(self):
        if os.path.exists(self._file("down")):
            raise AnsibleConnectionFailure("no route to " + self._play_context.remote_addr)

    def exec_command(self, cmd, in_data=None, sudoable=True):
        self._verify_up()
        host, machine = self._file(""), self._file("machine")
        words = f"export HOST={host} FAKE_MACHINE={machine} PATH={host}bin:$PATH; "
        words += cmd.replace(BOOT_ID, machine + "/root" + BOOT_ID)
        result = super().exec_command(words, in_data=in_data, sudoable=sudoable)
        if os.path.exists(self._file("closed")):
            os.unlink(self._file("closed"))
            raise AnsibleConnectionFailure("the connection was closed")
        self._verify_up()
        return result

    def put_file(self, in_path, out_path):
        self._verify_up()
        return super().put_file(in_path, out_path)

    def fetch_file(self, in_path, out_path):
        self._verify_up()
        return super().fetch_file(in_path, out_path)

    def reset(self):
        self._connected = False
