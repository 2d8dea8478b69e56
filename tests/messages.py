#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Lists the sentences in the sources of lib/ and cli/ for review.

usage: tests/messages.py [-c] [FILE...]
Prints each string of two words or more, adjacent literals joined, as FILE:LINE, the function it is passed to, and the
text. -c: the comments instead. No FILE: all of lib/ and cli/.
"""
import pathlib
import re
import sys

TOKEN = re.compile(r'''
	(?P<comment>/\*.*?\*/|//[^\n]*)
	|(?P<char>'(?:\\.|[^'\\\n])+')
	|(?P<text>"(?:\\.|[^"\\\n])*")
	|(?P<directive>^\#[^\n]*(?:\\\n[^\n]*)*)
	|(?P<call>[A-Za-z_]\w*)\s*(?=\()
	|(?P<name>[A-Za-z_]\w*)
	|(?P<open>[({\[])|(?P<close>[)}\]])|(?P<end>;)
	|(?P<other>\S)''', re.X | re.S | re.M)


def strings(source):
	"""(line, function, text) of each literal; a macro between two literals is a blank."""
	stack, call, found = [], '', []
	joined = False
	for match in TOKEN.finditer(source):
		kind, word = match.lastgroup, match.group(match.lastgroup)
		if kind == 'comment':
			continue
		if kind == 'text':
			if joined:
				found[-1][2] += word[1:-1]
			else:
				found.append([source.count('\n', 0, match.start()) + 1, stack[-1] if stack else '', word[1:-1]])
			joined = True
			continue
		if joined and kind == 'name' and word.isupper():
			found[-1][2] += '<%s>' % word
			continue
		joined = False
		if kind == 'call':
			call = word
			continue
		if kind == 'open':
			stack.append(call if word == '(' and call else stack[-1] if stack and word == '(' else call)
		elif kind == 'close' and stack:
			stack.pop()
		elif kind == 'end' and not any(stack):
			stack.clear()
		call = ''
	return found


def comments(source):
	for match in TOKEN.finditer(source):
		if match.lastgroup == 'comment':
			text = re.sub(r'\n\s*\*', ' ', match.group('comment').strip('/*')).split()
			yield source.count('\n', 0, match.start()) + 1, '', ' '.join(text)


def is_sentence(text):
	return len(re.findall(r'[A-Za-z]{2,}', re.sub(r'%[-+ #0-9.*]*[a-z]+|\\.', ' ', text))) >= 2 and ' ' in text


def main():
	args = sys.argv[1:]
	of_comments = args[:1] == ['-c']
	top = pathlib.Path(__file__).resolve().parent.parent
	files = [pathlib.Path(name) for name in args[of_comments:]] or \
		sorted(path for wing in ('cli', 'lib') for path in (top / wing).rglob('*.[ch]'))
	count = 0
	for path in files:
		name = path.relative_to(top) if path.is_absolute() else path
		source = path.read_text()
		for line, function, text in (comments if of_comments else strings)(source):
			if of_comments or is_sentence(text):
				print(f'{name}:{line}\t{function}\t{text}')
				count += 1
	return 0 if count else 1


if __name__ == '__main__':
	sys.exit(main())
