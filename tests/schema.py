#!/usr/bin/env python3
# Validates the output of vfio-lu --json against the schema that is installed with it.
# usage: tests/schema.py FILE...
# Each file consists of pieces: a line "$ vfio-lu ARGUMENT...", then the output on stdout, up to a line "---". Prints a
# line for each fault, and "N JSON objects validated" last. A key that the schema lacks is a failure here, though not for
# users.
import json
import pathlib
import sys

import jsonschema


def close(schema):
    if isinstance(schema, dict):
        if "properties" in schema:
            schema["additionalProperties"] = False
        for part in schema.values():
            close(part)
    elif isinstance(schema, list):
        for part in schema:
            close(part)
    return schema


path = pathlib.Path(__file__).parent.parent / "dist/schema-1.json"
text = json.loads(path.read_text())
jsonschema.Draft202012Validator.check_schema(text)
definitions = close(text["$defs"])
validators = {
    name: jsonschema.Draft202012Validator({"$defs": definitions, "$ref": "#/$defs/" + name}) for name in definitions
}


def innermost(error):
    """Returns the error of the alternative that matches furthest."""
    while error.context:
        error = max(error.context, key=lambda e: len(e.absolute_path))
    return "/".join(str(p) for p in error.absolute_path) + ": " + error.message[:300]


def check(arguments, stdout):
    """Returns the fault of an object, or None."""
    try:
        answer = json.loads(stdout)
    except ValueError as error:
        return "not one object: %s" % error
    names = [a for a in arguments if a in validators and a != "usage"]
    # a misspelt command
    name = names[0] if names else "usage"
    error = next(validators[name].iter_errors(answer), None)
    return innermost(error) if error else None


count = failed = 0
for file in sys.argv[1:]:
    for piece in pathlib.Path(file).read_text().split("\n---\n"):
        if not piece.strip():
            continue
        command, _, stdout = piece.partition("\n")
        count += 1
        why = check(command.split()[2:], stdout)
        if why:
            failed += 1
            print("FAIL %s: %s" % (command, why))
print("%d JSON objects validated" % count)
sys.exit(1 if failed or not count else 0)
