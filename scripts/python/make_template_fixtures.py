"""Renders templates as transformers does, for packages/calibration/fixtures/templates.json.

    python make_template_fixtures.py --out ../../packages/calibration/fixtures/templates.json

Needs Jinja2 alone: the environment below is the one that transformers 5 compiles chat templates in
(`utils/chat_template_utils.py`). A template that raises has `"error": true` and no text.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.exceptions import TemplateError
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

MESSAGES = [
    {"role": "user", "content": "What's A & B < 3? é"},
    {"role": "assistant", "content": "  \"No\", 4.\n"},
    {"role": "user", "content": "x"},
]

TEMPLATES = [
    # Loop controls keep what the body printed before.
    "{% for m in messages %}{{ m.content }}{% break %}{% endfor %}",
    "{% for m in messages %}{{ loop.index }}{% if m.role == 'assistant' %}{% continue %}{% endif %}{{ m.role }};{% endfor %}",
    "{% for m in messages %}{{ loop.index }}{% if loop.index == 2 %}!{% break %}{% endif %},{% endfor %}.",
    "{% for m in messages %}{% for c in [1, 2, 3] %}{{ c }}{% if c == 2 %}{% break %}{% endif %}{% endfor %}|{% endfor %}",
    "{% for m in [] %}{{ m }}{% break %}{% else %}none{% endfor %}",
    "{% for m in messages %}{% break %}{% else %}none{% endfor %}",
    "{% for m in messages %}{% continue %}{% else %}none{% endfor %}",
    "{% for m in messages if m.role == 'user' %}{{ loop.index }}{{ loop.last }}{% else %}none{% endfor %}",
    "{% for m in messages if m.role == 'tool' %}x{% else %}none{% endfor %}",
    # What is no text is printed as Python prints it.
    "{{ true }} {{ false }} {{ none }} {{ True }} {{ None }}",
    "{{ messages[0].role == 'user' }} {{ 1 == 2 }} {{ not true }}",
    "[{{ missing }}] [{{ messages[0].missing }}]",
    "{{ 1 }} {{ 1.0 }} {{ 2.5 }} {{ -3 }} {{ 7 / 2 }} {{ 4 / 2 }} {{ 7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 2 ** 3 }}",
    "{{ 1e3 }}",
    "{{ [1, 'a', true, none] }} {{ (1, 'b') }} {{ {'a': 'x', 'b': [false]} }}",
    "{{ [\"it's\", 'say \"x\"', 'both \\' and \"', 'new\\nline', 'é'] }}",
    "{{ 'a' ~ true ~ none ~ 1 ~ 2.0 ~ [1] }}",
    "{{ [true, none, 1] | join(',') }}",
    "{{ 'a' + 'b' }} {{ 'ab' * 2 }} {{ [1] + [2] }}",
    "{% set x = none %}{{ x }}{% set y = true %}{{ y }}",
    "{% macro m(a) %}<{{ a }}>{% endmacro %}{{ m(true) }}{{ m(none) }}{{ m('s') }}",
    "{% set b %}{{ true }}{% endset %}{{ b }}",
    # Comparisons.
    "{{ '1' == 1 }} {{ 1 == 1.0 }} {{ true == 1 }} {{ none == false }} {{ [1] == [1] }} {{ {'a': 1} == {'a': 1} }} {{ 'a' != 'b' }} {{ [1] != [2] }}",
    "{{ 'a' in 'abc' }} {{ 1 in [1, 2] }} {{ 'role' in messages[0] }} {{ 'x' not in messages[0] }}",
    "{{ 'a' < 'b' }} {{ 2 > 1 }} {{ 1 <= 1.5 }}",
    "{{ messages[0] is mapping }} {{ 'x' is string }} {{ 1 is number }} {{ missing is defined }} {{ none is none }} {{ [] is iterable }} {{ true is boolean }} {{ 3 is odd }}",
    # Filters.
    "{{ messages[0].content | e }}|{{ messages[1].content | escape }}",
    "{{ '%s is %d or %.2f%%' | format('x', 3, 2.5) }}",
    "{{ '%s' | format(true) }} {{ '%5d|%-5s|%05.1f|%x' | format(42, 'ab', 3.14159, 255) }}",
    "{{ '%(a)s-%(b)s' | format(a=1, b='z') }}",
    "{{ '%s and %s' % ('a', 1) }} {{ '%s' % true }}",
    "{{ messages[1].content | trim }}|{{ 'xxaxx' | trim('x') }}",
    "{{ 'abc' | upper }} {{ 'ABC' | lower }} {{ 'ab cd' | title }} {{ 'aB' | capitalize }}",
    "{{ 'a\\nb' | indent }}|{{ 'a\\nb' | indent(2, true) }}",
    "{{ 'aba' | replace('a', 'x') }} {{ 'aba' | replace('a', 'x', 1) }}",
    "{{ [3, 1, 2] | sort | join('-') }} {{ [1, 2] | first }} {{ [1, 2] | last }} {{ [1, 2] | length }} {{ 'abc' | length }}",
    "{{ messages | map(attribute='role') | join(',') }}",
    "{{ messages | selectattr('role', 'equalto', 'user') | map(attribute='content') | list | length }}",
    "{{ messages | rejectattr('role', 'equalto', 'user') | list | length }}",
    "{{ missing | default('d') }} {{ none | default('d') }} {{ none | default('d', true) }} {{ '' | d('e', true) }}",
    "{{ true | string }} {{ none | string }} {{ 5 | string }} {{ '5' | int }} {{ '5.5' | float }} {{ 3.7 | int }} {{ -3 | abs }}",
    "{{ [1, 2, 3] | sum }} {{ [1, 2, 3] | max }} {{ [3, 1] | min }}",
    "{{ 3.14159 | round(2) }} {{ 2.5 | round }} {{ 2.4 | round | int }}",
    "{{ 'a b c' | wordcount }} {{ [1, 1, 2] | unique | list }} {{ 'ab' | reverse }}",
    "{{ {'b': 1, 'a': 2} | dictsort }} {{ {'b': 1} | items | list }}",
    "{{ [1, 2, 3, 4] | batch(2) | list }}",
    "{{ 'hello world' | truncate(8) }}",
    "{{ 'a' | center(5) }}|",
    "{{ 'a b' | urlencode }}",
    "{{ '<p>x</p>' | striptags }}",
    "{{ ['a', 'b'] | map('upper') | list }}",
    "{{ ['x'] | safe }}",
    "{{ [1, 2, 3] | select('odd') | list }}",
    "{{ [1, 2] | reject('odd') | list }}",
    # JSON.
    "{{ messages[0] | tojson }}",
    "{{ {'a': [1, 2.5, true, none], 'é': '<b>'} | tojson }} {{ {'b': 1, 'a': 2} | tojson(indent=2) }}",
    "{{ {'a': 2.0} | tojson }}",
    # Methods of strings, lists and mappings.
    "{{ ' a '.strip() }}|{{ 'a,b'.split(',') }} {{ 'abc'.startswith('a') }} {{ 'abc'.endswith('x') }} {{ 'abc'.upper() }} {{ 'a-b'.replace('-', '+') }}",
    "{{ 'xay'.lstrip('x') }} {{ 'xay'.rstrip('y') }} {{ 'abc'.find('c') }} {{ 'a b'.title() }} {{ 'Ab'.capitalize() }}",
    "{{ '-'.join(['a', 'b']) }} {{ 'aXb'.lower() }} {{ 'aa'.count('a') }} {{ '12'.isdigit() }} {{ 'a'.islower() }}",
    "{% for k, v in {'a': 1, 'b': none}.items() %}{{ k }}={{ v }};{% endfor %}{{ {'a': 1}.get('b') }}{{ {'a': 1}.get('b', 'c') }}",
    "{{ messages[0].keys() | list }} {{ messages[-1]['content'] }} {{ messages[1:] | length }} {{ 'abc'[::-1] }} {{ 'abc'[1:] }}",
    # White space around blocks.
    "a\n  {% if true %}\n  b\n  {% endif %}\nc\n",
    "  {%- if true -%}  x  {%- endif -%}  y\n\n",
    "{# comment #}\nx {# c #} y\n  {# c #}\nz",
    "a {{- 'b' -}} c\n{{ 'd' }}\ne",
    "{%+ if true %}x{% endif +%}\ny",
    "{% raw %}{{ x }}{% endraw %}",
    "x\n",
    "x\n\n",
    # Scopes, statements, calls.
    "{% set ns = namespace(n=0, ok=false) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}{{ ns.ok }}",
    "{% set x = 1 %}{% for m in [1] %}{% set x = 2 %}{% endfor %}{{ x }}",
    "{% for c in 'abc' %}{{ c }}.{% endfor %}{% for i in range(3) %}{{ i }}{% endfor %}{% for i in range(1, 6, 2) %}{{ i }}{% endfor %}",
    "{% for a, b in [(1, 2), [3, 4]] %}{{ a }}{{ b }};{% endfor %}",
    "{% for x in missing %}a{% else %}empty{% endfor %}",
    "{{ loop is defined }}{% for m in messages %}{{ loop.first }}{{ loop.revindex }}{{ loop.previtem is defined }} {% endfor %}",
    "{% for m in messages %}{{ loop.cycle('a', 'b') }}{% endfor %}",
    "{{ 'yes' if false }}|{{ 'yes' if true else 'no' }}|{{ false or 'x' }}|{{ 0 and 'x' }}|{{ none or none }}",
    "{% if messages %}m{% endif %}{% if '' %}e{% elif none %}n{% elif 0.0 %}z{% else %}else{% endif %}",
    "{% filter upper %}abc{{ 'x' }}{% endfilter %}",
    "{% call(x) m(1) %}{{ x }}{% endcall %}",
    "{% macro m() %}[{{ caller(true) }}]{% endmacro %}{% call(x) m() %}{{ x }}{% endcall %}",
    "{% with a = 1 %}{{ a }}{% endwith %}",
    "{% generation %}{{ messages[1].content | trim }}{% endgeneration %}!",
    "{% set messages = messages[1:] %}{{ messages | length }}",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}",
    "{{ \"tab\\there\" }}{{ 'q\\'s' }}{{ 'back\\\\slash' }}",
    "{{ dict(a=1).a }}",
    "{{ [1, 2] | string }}{{ {'a': 1} | string }}",
    "{{ messages.length }}|{{ '😀é' | length }}{{ '😀é'[1] }}",
    "{{ '\ufeff a\u0085\x1c' | trim }}|{{ '\ufeff a\u0085'.strip() }}|{{ '..a.'.strip('.') }}|",
    "{% for k in {'a': 1} %}{{ k }}{% endfor %}{% for k, v in {'a': true} | items %}{{ k }}{{ v }}{% endfor %}",
    "{{ range(3) | list }}{{ 'x' if messages[0].role in ['user', 'tool'] else 'y' }}",
    # Errors.
    "{{ raise_exception('roles must alternate') }}",
    "{{ missing.attribute }}",
    "{{ messages[0].missing.attribute }}",
    "{{ 'a' + 1 }}",
    "{{ 1 | nosuchfilter }}",
    "{{ nosuchfunction() }}",
    "{% for x in none %}{% endfor %}",
    "{{ none + 1 }}",
    "{{ 'a' is nosuchtest }}",
    "{% nosuchtag %}",
]


class Generation(Extension):
    """Renders what stands between the tags, as transformers' `AssistantTracker` does."""

    tags = {"generation"}

    def parse(self, parser: Any) -> Any:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller: Any) -> Any:
        return caller()


def environment() -> ImmutableSandboxedEnvironment:
    def raise_exception(message: str) -> None:
        raise TemplateError(message)

    def tojson(
        x: Any, ensure_ascii: bool = False, indent: Any = None, separators: Any = None,
        sort_keys: bool = False,
    ) -> str:
        return json.dumps(
            x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
        )

    made = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols]
    )
    made.filters["tojson"] = tojson
    made.globals["raise_exception"] = raise_exception
    return made


def rendered(template: str) -> dict[str, Any]:
    try:
        text = environment().from_string(template).render(
            messages=MESSAGES,
            tools=None,
            documents=None,
            add_generation_prompt=False,
            bos_token="<s>",
        )
    except Exception:  # noqa: BLE001 (whatever it is, transformers passes it on)
        return {"template": template, "error": True}
    return {"template": template, "text": text}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    cases = ",\n".join(json.dumps(rendered(template)) for template in TEMPLATES)
    header = json.dumps({"jinja2": jinja2.__version__, "messages": MESSAGES})
    arguments.out.write_text(f'{header[:-1]}, "cases": [\n{cases}\n]}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
