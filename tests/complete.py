#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Types a line into an interactive shell, presses tab, and checks the completions.

usage: complete.py bash|zsh|fish DIR LINE WANTED... [! UNWANTED...]
DIR has the completions. Waits until each WANTED is shown; no UNWANTED, as a whole word, may be shown then. Prints the text
on the terminal. For fish, runs its own complete -C.
"""
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time

PATIENCE = 60   # seconds, for an answer that an idle machine gives at once
SETUP = {
    'bash': "[ ! -e /usr/share/bash-completion/bash_completion ] || . /usr/share/bash-completion/bash_completion;"
            " . {dir}/vfio-lu.bash; bind 'set show-all-if-ambiguous on'; bind 'set page-completions off';"
            " bind 'set completion-query-items 0'; bind 'set bell-style none'; PS1='> '",
    'zsh': "fpath=({dir} $fpath); autoload -Uz compinit; compinit -u -D; LISTMAX=0; setopt no_beep no_list_ambiguous; PS1='> ' RPS1=",
}
ARGV = {'bash': ['bash', '--norc', '--noprofile', '-i'], 'zsh': ['zsh', '-f', '-i']}


class Shell:
    def __init__(self, argv):
        pid, self.fd = pty.fork()
        if pid == 0:
            os.environ.update(TERM='dumb', HISTFILE='/dev/null')
            os.execvp(argv[0], argv)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack('HHHH', 200, 200, 0, 0))
        self.text = ''

    def type(self, text):
        self.text = ''
        os.write(self.fd, text.encode())

    def wait(self, patterns):
        end = time.monotonic() + PATIENCE
        while not all(re.search(p, self.text) for p in patterns):
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                return False
            self.text += re.sub(r'\x1b\[[0-9;?]*[A-Za-z]|\r|\x1b=|\x07', '', os.read(self.fd, 65536).decode(errors='replace'))
        return True


def typed(shell, directory, line, wanted):
    it = Shell(ARGV[shell])
    it.type(SETUP[shell].format(dir=directory) + "; echo READY$((1 + 1))\n")
    if not it.wait(['READY2']):
        return it.text, False
    it.type(line + '\t')
    came = it.wait(wanted)
    text = it.text
    # get the completions that are drawn after the last wanted one
    it.type('\x15echo DONE$((1 + 1))\n')
    it.wait(['DONE2'])
    return text + it.text.split('echo DONE')[0], came


def asked(directory, line, wanted):
    run = subprocess.run(['fish', '--no-config', '-c', 'source $argv[1]/vfio-lu.fish; complete -C $argv[2]', directory, line],
                         stdout=subprocess.PIPE, timeout=PATIENCE, check=True)
    text = run.stdout.decode()
    return text, all(re.search(p, text) for p in wanted)


def main(argv):
    if len(argv) < 4 or argv[0] not in ('bash', 'zsh', 'fish'):
        sys.exit(__doc__)
    shell, directory, line = argv[:3]
    bang = argv.index('!') if '!' in argv else len(argv)
    wanted = [re.escape(w) for w in argv[3:bang]]
    text, came = asked(directory, line, wanted) if shell == 'fish' else typed(shell, directory, line, wanted)
    print(text)
    extra = [w for w in argv[bang + 1:] if re.search(r'(?<!\S)' + re.escape(w) + r'(?!\S)', text)]
    if not came or extra:
        print(f'complete.py: {shell}: {line!r}: wanted {argv[3:bang]}{", not " + str(extra) if extra else ""}')
        sys.exit(1)


main(sys.argv[1:])
