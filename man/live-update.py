#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Draws the picture of README.md: who has the file of a device, from the running kernel to the next one.

usage: man/live-update.py >man/live-update.svg
"""
WIDTH, HEIGHT = 960, 446
LEFT, RIGHT = 150, 940
KEXEC = (520, 590)
TOP, LANE, BAR = 118, 58, 34

# the command, where it is on the line of time, and the lane that it begins or ends
COMMANDS = [('bind', 190), ('preserve', 285), ('load', 430), ('kexec', 555),
	    ('restore', 655), ('run', 765), ('finish', 870)]
# a lane: its name, its description, and its bars: from, to, text, style
LANES = [
	('guest', 'in a virtual machine', [(225, 360, 'runs', 'guest'), (790, 940, 'runs again', 'guest')]),
	('VMM', 'such as QEMU', [(215, 360, 'has the file open', 'vmm'), (765, 940, 'has the file open', 'vmm')]),
	('holder', 'vfio-lu hold', [(285, 520, 'has the file and the session open', 'holder'),
				    (655, 870, 'has both open', 'holder')]),
	('session', 'in the kernel', [(285, 870, 'the file of the device, preserved: only this survives the kexec', 'session')]),
	('device', '0000:01:00.0', [(190, 520, 'bound to vfio-pci', 'device'), (520, 655, 'reserved', 'session'),
				    (655, 940, 'bound to vfio-pci again', 'device')]),
]
FILLS = {'guest': '#e8e8e8', 'vmm': '#cfe3f7', 'holder': '#fbe3b8', 'session': '#c9e8c9', 'device': '#ddd3ee'}


def text(x, y, words, size=14, anchor='middle', style=''):
	words = words.replace('&', '&amp;').replace('<', '&lt;')
	print(f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}"{style}\n>{words}</text>')


def line(x1, y1, x2, y2, style):
	print(f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" {style}/>')


def main():
	bottom = TOP + LANE * len(LANES)
	print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
	      ' font-family="sans-serif" fill="#1a1a1a" role="img">')
	print('<title>A live update: who has the file of a device</title>')
	print(f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>')
	print(f'<rect x="{KEXEC[0]}" y="44" width="{KEXEC[1] - KEXEC[0]}" height="{bottom - 44}" fill="#f4d6d2"/>')
	text((LEFT + KEXEC[0]) / 2, 32, 'running kernel', 17, style=' font-weight="bold"')
	text((KEXEC[1] + RIGHT) / 2, 32, 'next kernel', 17, style=' font-weight="bold"')
	text((KEXEC[0] + KEXEC[1]) / 2, 32, 'kexec', 17, style=' font-weight="bold"')
	for name, x in COMMANDS:
		if name != 'kexec':
			text(x, 76, name, 14, style=' font-family="monospace" font-weight="bold"')
			line(x, 84, x, bottom, 'stroke="#8a8a8a" stroke-dasharray="3 4"')
	for i, (name, what, bars) in enumerate(LANES):
		y = TOP + LANE * i
		text(LEFT - 14, y + 15, name, 15, 'end', ' font-weight="bold"')
		text(LEFT - 14, y + 31, what, 12, 'end', ' fill="#555555"')
		for start, end, words, style in bars:
			print(f'<rect x="{start}" y="{y}" width="{end - start}" height="{BAR}" rx="4"'
			      f' fill="{FILLS[style]}" stroke="#6b6b6b"/>')
			text((start + end) / 2, y + 22, words, 13)
	# The guest's view.
	text(370, TOP + 21, 'shut down or saved', 12, 'start', ' fill="#555555"')
	text(792, TOP + LANE - 11, 'its VMM resets the device', 12, 'start', ' fill="#555555"')
	line(LEFT, bottom, RIGHT, bottom, 'stroke="#6b6b6b"')
	text(LEFT, bottom + 22, 'Interrupts are disabled right before the kexec. DMA mappings and device state are not preserved.',
	     12, 'start', ' fill="#555555"')
	print('</svg>')


if __name__ == '__main__':
	main()
