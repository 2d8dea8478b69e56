#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""One word for one thing: no text has a word that the glossary of lib/README.md replaces.

usage: tests/lint/words.py [-v] [PATH...]
Looks at manual pages, documents, dist/ and completions/ whole, and at the comments and the strings of sources and tests.
Skips names: text in backticks, paths, and parts of identifiers. A path in tests/lint/words-left may still
have as many as stand there, and no more. -v: shows those too; with PATHs, only of files below them.
"""
import pathlib
import re
import subprocess
import sys

top = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(top / 'tests'))
import messages  # noqa: E402


def glossary():
	"""Returns the replaced words, each with its replacement."""
	words = {}
	section = (top / 'lib/README.md').read_text().split('\n## The words\n')[1].split('\n## ')[0]
	for line in section.splitlines():
		cells = [cell.strip() for cell in line.strip('|').split('|')]
		if line.startswith('|') and len(cells) == 3 and not set(cells[0]) <= set('-') and cells[2] != 'instead of':
			for word in filter(None, (word.strip() for word in cells[2].split(','))):
				words[word.lower()] = cells[0]
	return words, section


def texts(name, text, section):
	"""Yields (line, text) of the parts of a file that people read."""
	if name == 'lib/README.md':
		text = text.replace(section, '\n' * section.count('\n'))
	if name.endswith(('.c', '.h')):
		for line, _, words in [*messages.strings(text), *messages.comments(text)]:
			# "\tcame over": the letter of an escape is no part of the word
			yield line, re.sub(r'\\[nt]', '  ', words)
		return
	lines = text.splitlines()
	if name.endswith('.md'):
		lines = [re.sub(r'`[^`]*`|\]\([^)]*\)', '``', '' if line.startswith('    ') else line) for line in lines]
	elif name.startswith('tests/') or name == 'Makefile':
		lines = [re.search(r'(^|\s)#(.*)|$', line)[0] for line in lines]
		yield from enumerate(lines, 1)
		return
	yield 1, '\n'.join(lines)


def left_over():
	"""Most of the file names that may still have such words, with how many."""
	path = top / 'tests/lint/words-left'
	lines = path.read_text().split('\n') if path.exists() else []
	return {line.split()[0]: int(line.split()[1]) for line in lines if line and not line.startswith('#')}


def main():
	args = sys.argv[1:]
	verbose = args[:1] == ['-v']
	only = tuple(args[verbose:])
	words, section = glossary()
	pattern = re.compile(r'(?<![\w/.$-])(%s)(?![\w/-]|\.[chs]\b)' % '|'.join(
		r'\s+'.join(map(re.escape, word.split())) for word in sorted(words, key=len, reverse=True)), re.I)
	names = subprocess.run(['git', 'ls-files', '--cached', '--others', '--exclude-standard'],
			       cwd=top, capture_output=True, text=True, check=True).stdout.split('\n')
	left, count, looked, broken = left_over(), {}, 0, []
	for name in sorted(set(filter(None, names))):
		if not re.match(r'(man|dist|completions|lib|cli|tests)/|[A-Z]+\.md$|Makefile$', name) or \
		   re.match(r'tests/(tree/golden|packages/golden|fuzz/corpus)/|tests/lint/words|lib/(wings|libvfio-lu.sym)$', name) or \
		   not (top / name).is_file() or only and not name.startswith(only):
			continue
		try:
			text = (top / name).read_text()
		except UnicodeDecodeError:
			continue
		looked += 1
		for line, said in texts(name, text, section):
			for match in pattern.finditer(said):
				word = ' '.join(match[1].lower().split())
				at = said.count('\n', 0, match.start())
				place = next((path for path in left if name.startswith(path)), None)
				count[place] = count.get(place, 0) + 1
				if place is None or verbose:
					broken.append(f'{name}:{line + at}: {word} -> {words[word]}:  '
						      f'{said.split(chr(10))[at].strip()[:100]}')
	for path, most in sorted(left.items()):
		if not only and count.get(path, 0) > most:
			broken.append(f'{path} has {count[path]}, and may have {most}')
		elif not only and count.get(path, 0) < most:
			print(f'{path} may have {most}, and has {count.get(path, 0)}: lower it in tests/lint/words-left')
	failed = bool(broken) and (count.get(None, 0) > 0 or any(count.get(path, 0) > most for path, most in left.items()))
	if broken:
		print('FAIL words that the glossary replaces:' if failed else 'words that are left:')
		print('\n'.join('    ' + line for line in broken))
	ok = looked > 0 and words and not failed
	print(f'lint: {int(bool(ok))} passed, {int(not ok)} failed, 0 skipped')
	return 0 if ok else 1


if __name__ == '__main__':
	sys.exit(main())
