"""Where things live, and how long they are: a file of `models/` or `wizard/` is named after the models that it defines or re-opens.

`x_y_more.py` may hold `x.y`. Lines and parts follow their parent: `x.y.line` may live there too, and `x.y.part` beside the
definition of `x.y`. Files without models (helpers of wizards) are free. The name of the model leads to the file.

And a file or function in which two thoughts met is two: no file has over 500 lines, no function over 60. Tests are free, and
SQL has files of its own.
"""

import ast

#: File -> why it may hold models of other names.
EXCEPTIONS = {
    "loyalty_ledger/models/loyalty_mixins.py": "four small mixins that nearly every model takes",
    "loyalty_ledger/models/loyalty_demo.py": "demo data, written by the models that it is about",
    "loyalty_account/models/loyalty_demo.py": "demo data, written by the models that it is about",
    "loyalty_rebate/models/loyalty_demo.py": "demo data, written by the models that it is about",
    "loyalty_deferral/models/loyalty_demo.py": "demo data, written by the models that it is about",
}
FOLDERS = ("models", "wizard")

#: Lines that a file and a function of Python may have.
FILE, FUNCTION = 500, 60
LANGUAGES = (".js", ".py")
#: File, or `file:function` -> why it may have more. At most five.
LONGER = {}


def problems(root, add_ons):
    """Return what does not live where it belongs, or is too long, as lines of text."""
    return [*_strays(root, add_ons), *_too_long(root, add_ons)]


def _too_long(root, add_ons):
    found = []
    for path in sorted(path for add_on in add_ons for path in (root / add_on).rglob("*") if path.suffix in LANGUAGES):
        name = path.relative_to(root).as_posix()
        if "tests" in path.relative_to(root).parts:
            continue
        text = path.read_text()
        lines = len(text.splitlines())
        if lines > FILE and name not in LONGER:
            found.append(f"{name}: {lines} lines, at most {FILE}")
        for function in _functions(text) if path.suffix == ".py" else ():
            lines = function.end_lineno - function.lineno + 1
            if lines > FUNCTION and f"{name}:{function.name}" not in LONGER:
                found.append(f"{name}:{function.lineno}: {function.name} has {lines} lines, at most {FUNCTION}")
    return found


def _functions(text):
    return [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def _strays(root, add_ons):
    found = []
    for add_on in add_ons:
        for folder in FOLDERS:
            for path in sorted((root / add_on / folder).glob("*.py")):
                name = path.relative_to(root).as_posix()
                if name in EXCEPTIONS:
                    continue
                models = list(_models(path))
                defined = {model for __, model, new in models if new}
                for line, model, __ in models:
                    parents = {parent for parent in defined if model.startswith(f"{parent}.")}
                    if not any(_belongs(path.stem, name) for name in (model, *parents)):
                        found.append(f"{name}:{line}: {model} belongs into a file {model.replace('.', '_')}*.py")
    return found


def _belongs(stem, model):
    names = [model.replace(".", "_")]
    if model.endswith(".line"):
        names.append(names[0].removesuffix("_line"))
    return any(stem == name or stem.startswith(f"{name}_") for name in names)


def _models(path):
    """Yield ``(line, technical name, whether it is defined here)`` of the models that a file defines or re-opens."""
    for node in ast.parse(path.read_text()).body:
        if not isinstance(node, ast.ClassDef):
            continue
        values = {
            statement.targets[0].id: ast.literal_eval(statement.value)
            for statement in node.body
            if isinstance(statement, ast.Assign)
            and isinstance(statement.targets[0], ast.Name)
            and statement.targets[0].id in ("_name", "_inherit")
        }
        if "_name" in values:
            yield node.lineno, values["_name"], values["_name"] not in _as_list(values.get("_inherit"))
        elif "_inherit" in values:
            yield node.lineno, _as_list(values["_inherit"])[0], False


def _as_list(names):
    return [names] if isinstance(names, str) else names or []
