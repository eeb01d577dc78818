"""Writes chat-templates.json: chats and single expressions rendered by Python's jinja2 (PyPI:
Jinja2), set up as transformers sets it up for chat templates.

Run with: python3 Tests/Vectors/chat-templates.py > Tests/Vectors/chat-templates.json
"""
import json
from datetime import datetime

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment

NOW = datetime(2025, 3, 7, 9, 5, 2)


class Generation(jinja2.ext.Extension):
    """`{% generation %}` marks what the assistant wrote, and shows it."""
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        call = self.call_method("_shown")
        return jinja2.nodes.CallBlock(call, [], [], body).set_lineno(line)

    def _shown(self, caller):
        return caller()


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators,
                      sort_keys=sort_keys)


environment = ImmutableSandboxedEnvironment(
    trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
environment.filters["tojson"] = tojson
environment.globals["raise_exception"] = raise_exception
environment.globals["strftime_now"] = lambda format: NOW.strftime(format)

TEMPLATES = {
    'tinyllama': "{% for message in messages %}\n{% if message['role'] == 'user' %}\n{{ '<|user|>\n' + message['content'] + eos_token }}\n{% elif message['role'] == 'system' %}\n{{ '<|system|>\n' + message['content'] + eos_token }}\n{% elif message['role'] == 'assistant' %}\n{{ '<|assistant|>\n'  + message['content'] + eos_token }}\n{% endif %}\n{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n{% endif %}\n{% endfor %}",
    'phi-3': "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'system' %}{{'<|system|>\n' + message['content'] + '<|end|>\n'}}{% elif message['role'] == 'user' %}{{'<|user|>\n' + message['content'] + '<|end|>\n'}}{% elif message['role'] == 'assistant' %}{{'<|assistant|>\n' + message['content'] + '<|end|>\n'}}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}",
    'chatml': "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    'smollm2': "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    'qwen2.5-like': "{%- if messages[0]['role'] == 'system' %}\n    {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}\n{%- else %}\n    {{- '<|im_start|>system\\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\\n' }}\n{%- endif %}\n{%- for message in messages %}\n    {%- if (message.role == 'user') or (message.role == 'system' and not loop.first) or (message.role == 'assistant') %}\n        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}\n    {%- endif %}\n{%- endfor %}\n{%- if add_generation_prompt %}\n    {{- '<|im_start|>assistant\\n' }}\n{%- endif %}\n",
    'llama-3': "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}",
    'llama-3.1-like': '{{- bos_token }}\n{%- set date_string = "26 Jul 2024" %}\n{%- if messages[0][\'role\'] == \'system\' %}\n    {%- set system_message = messages[0][\'content\']|trim %}\n    {%- set messages = messages[1:] %}\n{%- else %}\n    {%- set system_message = "" %}\n{%- endif %}\n{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}\n{{- "Cutting Knowledge Date: December 2023\\n" }}\n{{- "Today Date: " + date_string + "\\n\\n" }}\n{{- system_message }}\n{{- "<|eot_id|>" }}\n{%- for message in messages %}\n    {{- \'<|start_header_id|>\' + message[\'role\'] + \'<|end_header_id|>\\n\\n\'+ message[\'content\'] | trim + \'<|eot_id|>\' }}\n{%- endfor %}\n{%- if add_generation_prompt %}\n    {{- \'<|start_header_id|>assistant<|end_header_id|>\\n\\n\' }}\n{%- endif %}\n',
    'llama-2': "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}{% for message in loop_messages %}{% if loop.index0 == 0 and system_message != false %}{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ ' '  + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}",
    'mistral': "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ ' ' + message['content'] + eos_token }}{% endif %}{% endfor %}",
    'gemma': "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}",
    'hermes with tools': """{%- macro type_of(spec) %}
    {%- if spec.type is string %}{{- {'string': 'str', 'integer': 'int', 'number': 'float'}.get(spec.type, spec.type) }}
    {%- elif spec.type is iterable %}{{- spec.type | join(' | ') }}
    {%- else %}{{- 'any' }}{%- endif %}
{%- endmacro %}
{%- macro signature(tool, strict=false) %}
    {%- set names = [] %}
    {{- tool.name + '(' }}
    {%- for name, spec in tool.parameters.properties.items() %}
        {{- name + ': ' + type_of(spec) }}
        {%- if name not in (tool.parameters.required or []) %}{{- ' = None' }}{%- endif %}
        {%- if not loop.last %}{{- ', ' }}{%- endif %}
    {%- else %}
        {{- '' }}
    {%- endfor %}
    {{- ')' ~ (' strict' if strict) }}
{%- endmacro %}
{{- bos_token }}
{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages and messages[0].role == 'system' %}{{- messages[0].content ~ '\\n\\n' }}{%- endif %}
    {%- for tool in tools %}
        {%- set tool = tool.function if tool.function is defined else tool %}
        {{- signature(tool, strict=loop.first) ~ ': ' ~ tool.description | default('no words', true) }}
        {{- '\\n' ~ (tool | tojson(indent=2)) ~ '\\n' }}
    {%- endfor %}
    {{- '<|im_end|>\\n' }}
{%- endif %}
{%- set ns = namespace(last_user=-1, calls=0) %}
{%- for message in messages %}
    {%- if message.role == 'user' %}{%- set ns.last_user = loop.index0 %}{%- endif %}
{%- endfor %}
{%- for message in messages[(1 if tools and messages and messages[0].role == 'system' else 0):] %}
    {%- if message.role == 'tool' %}
        {%- if loop.previtem is not defined or loop.previtem.role != 'tool' %}{{- '<|im_start|>user' }}{%- endif %}
        {{- '\\n<tool_response>\\n' + message.content + '\\n</tool_response>' }}
        {%- if loop.last or loop.nextitem.role != 'tool' %}{{- '<|im_end|>\\n' }}{%- endif %}
    {%- elif message.tool_calls %}
        {{- '<|im_start|>assistant' }}
        {%- for call in message.tool_calls %}
            {%- set call = call.function if call.function else call %}
            {%- set ns.calls = ns.calls + 1 %}
            {{- '\\n<tool_call>\\n{"name": "' ~ call.name ~ '", "arguments": ' }}
            {{- call.arguments if call.arguments is string else call.arguments | tojson }}
            {{- '}\\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- else %}
        {%- generation %}
        {{- '<|im_start|>' + message.role + '\\n' }}
        {%- if message.content is string %}
            {{- message.content }}
        {%- else %}
            {%- for part in message.content | selectattr('type', 'equalto', 'text') %}{{- part.text }}{%- endfor %}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
        {%- endgeneration %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}
{{- '[' ~ ns.calls ~ '/' ~ ns.last_user ~ ']' }}""",
    'mistral with tools': """{%- if messages and messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}
{%- set ns = namespace() %}
{%- set ns.index = 0 %}
{%- for message in loop_messages %}
    {%- if not (message.role == "tool" or (message.tool_calls is defined and message.tool_calls is not none)) %}
        {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
            {{- raise_exception("After the system message roles must alternate") }}
        {%- endif %}
        {%- set ns.index = ns.index + 1 %}
    {%- endif %}
{%- endfor %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if tools is not none and (message == user_messages[-1]) %}
            {{- "[AVAILABLE_TOOLS] [" }}
            {%- for tool in tools %}
                {%- set tool = tool.function %}
                {{- '{"type": "function", "function": {' }}
                {%- for key, val in tool.items() if key != "return" %}
                    {%- if val is string %}
                        {{- '"' + key + '": "' + val + '"' }}
                    {%- else %}
                        {{- '"' + key + '": ' + val|tojson }}
                    {%- endif %}
                    {%- if not loop.last %}{{- ", " }}{%- endif %}
                {%- endfor %}
                {{- "}}" }}
                {%- if not loop.last %}{{- ", " }}{%- else %}{{- "]" }}{%- endif %}
            {%- endfor %}
            {{- "[/AVAILABLE_TOOLS]" }}
        {%- endif %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\\n\\n" + message["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + "[/INST]" }}
        {%- endif %}
    {%- elif message.tool_calls is defined and message.tool_calls is not none %}
        {{- "[TOOL_CALLS] " + message.tool_calls | map(attribute='function') | map('tojson') | join(', ') + eos_token }}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token}}
    {%- elif message["role"] == "tool" %}
        {{- '[TOOL_RESULTS] {"content": ' + message.content|string + "}[/TOOL_RESULTS]" }}
    {%- else %}
        {{- raise_exception("Only user and assistant roles are supported, with the exception of system and tool") }}
    {%- endif %}
{%- endfor %}
""",
    'llama 3.1 with a date': """{{- bos_token }}
{%- if custom_tools is defined %}{%- set tools = custom_tools %}{%- endif %}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}{%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}{%- set date_string = "26 Jul 2024" %}{%- endif %}
{%- endif %}
{%- if messages and messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{%- if tools is not none %}{{- "Environment: ipython\\n" }}{%- endif %}
{{- "Today Date: " + date_string + "\\n\\n" }}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls|length == 1 %}
            {{- raise_exception("This model only supports single tool-calls at once!") }}
        {%- endif %}
        {%- set tool_call = message.tool_calls[0].function %}
        {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' -}}
        {{- '{"name": "' + tool_call.name + '", ' }}
        {{- '"parameters": ' }}
        {{- tool_call.arguments | tojson }}
        {{- "}<|eot_id|>" }}
    {%- else %}
        {{- "<|start_header_id|>ipython<|end_header_id|>\\n\\n" }}
        {%- if message.content is mapping or message.content is iterable and message.content is not string %}
            {{- message.content | tojson }}
        {%- else %}
            {{- message.content }}
        {%- endif %}
        {{- "<|eot_id|>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
""",
    'thinking': """{%- for message in messages[::-1] %}
{%- set index = (messages|length - 1) - loop.index0 %}
{{- index ~ message.role[0] }}{%- if loop.revindex0 %},{%- endif %}
{%- endfor %}
{% for message in messages if message.role in ('user', 'assistant') %}
  {%- set content = message.content if message.content is string else message.content | map(attribute='text') | join %}
  {%- if message.role == 'assistant' %}
    {%- if '</think>' in content %}
      {%- set reasoning = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
      {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
    {%- elif message.reasoning_content is string %}
      {%- set reasoning = message.reasoning_content %}
    {%- endif %}
    {%- if loop.last and reasoning is defined %}{{ '<think>\\n' ~ reasoning.strip('\\n') ~ '\\n</think>\\n' }}{% endif %}
  {%- endif %}
{{ '<｜' + message.role.title() + '｜>' + content }}{% if message.role == 'assistant' %}{{ '<｜end▁of▁sentence｜>' }}{% endif %}
{% else %}
nobody spoke
{% endfor %}
{% if add_generation_prompt %}
<｜Assistant｜>{% if enable_thinking is defined and enable_thinking is false %}{{ '<think>\\n\\n</think>\\n\\n' }}{% endif %}
{% endif %}
""",
}
TOOLS = [
    {"type": "function", "function": {
        "name": "weather", "description": "Says <now> & \"then\"",
        "parameters": {"type": "object", "required": ["city"], "properties": {
            "city": {"type": "string", "description": "Città"},
            "days": {"type": "integer", "enum": [1, 2]},
            "where": {"type": ["number", "null"]}, "any": {}}},
        "return": {"type": "string"}}},
    {"type": "function", "function": {
        "name": "nothing", "description": "", "parameters": {"type": "object", "properties": {}}}},
]


def calls(*arguments):
    return {"role": "assistant", "content": "", "tool_calls": [
        {"id": "abc123456", "type": "function", "function": {"name": "weather", "arguments": a}}
        for a in arguments]}


def message(role, content, **more):
    return {"role": role, "content": content, **more}


CHATS = [
    {"messages": [message("user", "Hello é")]},
    {"messages": [message("system", " Be brief. "), message("user", "Hi\n"),
                  message("assistant", "  Yo "), message("user", "Again")]},
    {"messages": [message("user", "Weather?"), calls({"city": "Rome", "days": 1, "where": 2.50}),
                  message("tool", "{\"t\": 20.5}"), message("assistant", "20"),
                  message("user", "ok")], "tools": TOOLS},
    {"messages": [message("system", "S"), message("user", "?"), calls("{\"city\": \"X\"}", {}),
                  message("tool", "a"), message("tool", "b")], "tools": TOOLS},
    {"messages": [message("user", [{"type": "text", "text": "one"}, {"type": "image"},
                                   {"type": "text", "text": "two"}])]},
    {"messages": [message("user", "q"), message("assistant", "<think>\nhm\n</think>\n\nanswer")],
     "enable_thinking": False},
    {"messages": [message("user", "q"), message("assistant", "a", reasoning_content="\nwhy\n")]},
    {"messages": [message("assistant", "first"), message("assistant", "second")]},
    {"messages": [message("user", "x"), message("odd", "y")], "tools": []},
    {"messages": []},
]
VARIABLES = {
    "n": 7, "f": 2.5, "s": "Hello wörld", "e": "", "nothing": None, "yes": True, "no": False,
    "list": [3, 1, 2], "words": ["b", "A", "c"], "empty": [], "map": {"b": 1, "a": [1, {"x": None}]},
    "items": [{"n": "x", "v": 1}, {"n": "y", "v": 2}, {"n": "x", "v": 3}, {"n": "z"}],
    "text": "  two  words\n\tand three \n", "mixed": [1, 2.0, "3", None, True, [4], {"k": "v'\""}],
    "big": 12345678901234567, "tiny": 1e-07, "huge": 1e22, "third": 0.3333333333333333,
}
SNIPPETS = r'''
{{ n + 1 }} {{ n - 10 }} {{ n * 2 }} {{ n / 2 }} {{ n // 2 }} {{ -n // 2 }} {{ n % 4 }} {{ -n % 4 }} {{ 2 ** 10 }} {{ 2 ** -1 }}
{{ f + n }} {{ f * 2 }} {{ f // 1 }} {{ -f % 2 }} {{ 7.0 / 2 }} {{ 1e3 }} {{ 1_000 }} {{ 0.1 + 0.2 }}
{{ big }} {{ tiny }} {{ huge }} {{ third }} {{ 1e16 }} {{ 123456789012345680.0 }} {{ 1e15 }} {{ -0.00001 }} {{ 100.0 }}
{{ 'a' + 'b' }} {{ 'a' ~ 1 ~ none ~ true ~ 2.0 ~ undefined_thing }} {{ 'ab' * 3 }} {{ [1] + [2] }} {{ [0] * 3 }} {{ (1, 2) + (3,) }}
{{ 1 == 1.0 }} {{ 1 == true }} {{ 'a' < 'b' }} {{ 1 < 2 < 3 }} {{ 3 > 2 > 2 }} {{ [1, 2] < [1, 3] }} {{ 'é' == 'é' }} {{ none == none }} {{ 2 != 3 }}
{{ 1 in list }} {{ 'ell' in s }} {{ 'b' in map }} {{ 5 not in list }} {{ 'x' in '' }} {{ '' in 'x' }} {{ not 1 in list }}
{{ yes and 'x' }} {{ no and 'x' }} {{ e or 'y' }} {{ nothing or 0 or 'z' }} {{ not e }} {{ yes or undefined_thing.x }}
{{ 'a' if yes else 'b' }} {{ 'a' if no else 'b' }} {{ 'a' if no }}|{{ 'a' if no else 'b' if no else 'c' }}
{{ list }} {{ map }} {{ mixed }} {{ (1,) }} {{ () }} {{ [] }} {{ {} }} {{ {'a': 1, 2: none} }} {{ 'it''s' }} {{ "q\"'\n\t\\" }} {{ ["q'", 'q"', 'é\u200b\x01'] }}
{{ list[0] }} {{ list[-1] }} {{ list[9] }} {{ map.b }} {{ map['b'] }} {{ map.zzz }} {{ map['zzz'] }} {{ s[0] }} {{ s[-1] }} {{ s.0 }} {{ nothing.x }}|{{ n.x }}
{{ list[1:] }} {{ list[:-1] }} {{ list[::-1] }} {{ list[5:] }} {{ list[-2:] }} {{ s[1:4] }} {{ s[::-1] }} {{ s[::2] }} {{ s[-3:-1] }} {{ list[2:0:-1] }} {{ (1,2,3)[1:] }}
{{ s | upper }} {{ s | lower }} {{ s | title }} {{ s | capitalize }} {{ s | length }} {{ list | length }} {{ map | count }} {{ 'a-b (c d' | title }} {{ "ǆ ß" | title }} {{ 'ß' | upper }} {{ 'ΑΣ ΣΑ' | lower }}
{{ text | trim }}| {{ 'xxaxx' | trim('x') }} {{ text.strip() }}| {{ text.lstrip() }}| {{ text.rstrip() }}| {{ 'abcab'.strip('ab') }} {{ '--x-'.lstrip('-') }}
{{ text.split() }} {{ 'a,b,,c'.split(',') }} {{ 'a,b,c'.split(',', 1) }} {{ 'a,b,c'.rsplit(',', 1) }} {{ ' a  b c'.split(none, 1) }} {{ 'a b c'.rsplit(maxsplit=1) }} {{ 'a\nb\r\nc\n'.splitlines() }} {{ 'a\nb'.splitlines(true) }}
{{ s.startswith('He') }} {{ s.endswith('d') }} {{ s.startswith(('x', 'H')) }} {{ s.replace('l', 'L') }} {{ s.replace('l', 'L', 1) }} {{ s | replace('o', '0') }} {{ s | replace('l', 'L', 2) }} {{ 'ab'.replace('', '-') }}
{{ s.find('w') }} {{ s.find('zz') }} {{ s.rfind('l') }} {{ s.count('l') }} {{ s.index('w') }} {{ 'a.b.c'.partition('.') }} {{ 'a.b.c'.rpartition('.') }} {{ 'abc'.partition('x') }} {{ 'prefix-x'.removeprefix('prefix-') }} {{ 'x.py'.removesuffix('.py') }}
{{ '12'.isdigit() }} {{ 'a1'.isalnum() }} {{ 'a'.isalpha() }} {{ ' '.isspace() }} {{ 'A'.isupper() }} {{ 'a'.islower() }} {{ '½'.isnumeric() }} {{ ''.isdigit() }} {{ 'a'.title() }} {{ "they're bill's".title() }} {{ 'aB'.swapcase() }} {{ '42'.zfill(5) }} {{ '-42'.zfill(5) }} {{ 'x'.center(4) }}| {{ 'ab'.center(5) }}| {{ 'x'.ljust(3) }}| {{ 'x'.rjust(3, '.') }}
{{ ', '.join(words) }} {{ words | join('-') }} {{ list | join }} {{ items | join(',', attribute='n') }} {{ mixed | join('|') }}
{{ '%s is %d and %.2f or %5d|%-5d|%05d %x %r %%' % ('a', 3.0, 2.345, 42, 42, 42, 255, 'q') }} {{ '%s' % n }} {{ '%(a)s' % {'a': 1} }} {{ "%s, %s" | format('x', 2) }} {{ "%e %g %g" | format(12345.678, 0.00001, 1234567.0) }}
{{ '{} {}'.format(1, 'b') }} {{ '{1} {0}'.format('a', 'b') }} {{ '{x:>5}|{y:.2f}|{z:05d}|{n:,}'.format(x='q', y=3.14159, z=42, n=1234567) }} {{ '{{}}'.format() }} {{ '{0[a]} {1.real}'.format({'a': 5}, 1) if false else 'no' }} {{ '{:^7}|{:<4}|{:+d}|{!r}'.format('mid', 1, 5, 'r') }}
{{ list | first }} {{ list | last }} {{ empty | first }}| {{ s | first }} {{ list | sum }} {{ items[:3] | sum(attribute='v') }} {{ list | min }} {{ list | max }} {{ words | min }} {{ empty | max }}|
{{ list | sort }} {{ words | sort }} {{ words | sort(case_sensitive=true) }} {{ list | sort(reverse=true) }} {{ items[:3] | sort(attribute='v', reverse=true) }} {{ words | reverse | list }} {{ s | reverse }} {{ [1, 1, 2, 'A', 'a'] | unique | list }}
{{ items | map(attribute='n') | list }} {{ items | map(attribute='v', default=0) | list }} {{ words | map('upper') | list }} {{ words | map('replace', 'b', 'B') | join }} {{ items | selectattr('v') | map(attribute='v') | list }}
{{ items | selectattr('n', 'equalto', 'x') | list | length }} {{ items | rejectattr('n', 'eq', 'x') | map(attribute='n') | join }} {{ [1, 2, 3, 4] | select('odd') | list }} {{ [1, 2, 3] | reject('gt', 1) | list }} {{ [0, 1, '', 'a'] | select | list }} {{ items | selectattr('v', 'defined') | list | length }} {{ nothing | select | list }}
{% for key, group in items | groupby('n') %}{{ key }}:{{ group | length }} {% endfor %}{% for k, v in map | dictsort %}{{ k }}={{ v }} {% endfor %}{% for k, v in map.items() %}{{ k }}={{ v }} {% endfor %}{% for k, v in map | items %}{{ k }} {% endfor %}{{ map.keys() | list }} {{ map.values() | list }} {{ map.get('b') }} {{ map.get('q') }} {{ map.get('q', 5) }}
{{ map | tojson }} {{ mixed | tojson }} {{ map | tojson(indent=2) }} {{ 'é<>&"\u0001\u007f😀' | tojson }} {{ 'é😀' | tojson(ensure_ascii=true) }} {{ map | tojson(sort_keys=true) }} {{ map | tojson(separators=(',', ':')) }} {{ empty | tojson(indent=4) }} {{ {} | tojson(indent=1) }} {{ 1e16 | tojson }} {{ {1: 2, none: 3} | tojson }}
{{ 'x' | default('d') }} {{ undefined_thing | default('d') }} {{ e | default('d') }} {{ e | default('d', true) }} {{ nothing | default('d') }} {{ nothing | d('d', boolean=true) }} {{ undefined_thing | default }}|
{{ '42' | int }} {{ 'x' | int }} {{ 'x' | int(7) }} {{ 3.9 | int }} {{ '3.9' | int }} {{ '2.5' | float }} {{ 'q' | float }} {{ n | float }} {{ n | string + 'x' }} {{ -5 | abs }} {{ 2.5 | round }} {{ 3.5 | round }} {{ 2.345 | round(2) }} {{ 2.1 | round(method='ceil') }} {{ 'ff' | int(base=16) }} {{ true | int }}
{{ text | indent }}| {{ 'a\nb\n\nc' | indent(2) }}| {{ 'a\nb' | indent(2, true) }}| {{ 'a\n\nb' | indent('> ', blank=true) }}| {{ 'a b c d' | wordcount }} {{ '<a href="x">\'' | e }} {{ 'a b/é' | urlencode }} {{ 'hello big world' | truncate(9) }} {{ 'hello big world' | truncate(9, true, '..', 0) }}
{{ [1,2,3,4,5] | batch(2) | list }} {{ [1,2,3] | batch(2, 'x') | list }} {{ [1,2,3,4,5] | slice(2) | list }} {{ 'ab' | list }} {{ map | list }} {{ 'x' | safe }} {{ 'ab' | center(6) }}|
{{ s is string }} {{ n is number }} {{ n is integer }} {{ f is float }} {{ yes is boolean }} {{ yes is integer }} {{ yes is number }} {{ map is mapping }} {{ list is mapping }} {{ list is iterable }} {{ s is iterable }} {{ n is iterable }} {{ list is sequence }} {{ map is sequence }} {{ nothing is none }} {{ undefined_thing is none }}
{{ s is defined }} {{ zz is defined }} {{ zz is undefined }} {{ zz is not defined }} {{ map.q is defined }} {{ n is odd }} {{ n is even }} {{ 9 is divisibleby 3 }} {{ n is eq 7 }} {{ n is equalto(7) }} {{ n is gt 3 }} {{ n is in list }} {{ 'ab' is lower }} {{ 'AB' is upper }} {{ yes is true }} {{ no is false }} {{ 1 is true }} {{ range is callable }} {{ s is callable }} {{ nothing is sameas none }} {{ n is ne 3 and n is lt 9 }}
{% for x in list %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.cycle('o', 'e') }}{{ loop.changed(x > 1) }};{% endfor %}
{% for x in list %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% if x == 2 %}{% break %}{% endif %}{% else %}never{% endfor %}{% for x in empty %}x{% else %}none{% endfor %}{% for x in list if x > 1 %}{{ loop.index }}{{ x }}/{{ loop.length }} {% endfor %}{% for x in zz %}x{% else %}undefined{% endfor %}{% for c in 'añ' %}[{{ c }}]{% endfor %}{% for k in map %}{{ k }}{% endfor %}
{% set x = 1 %}{% for i in list %}{% set x = x + i %}{{ x }} {% endfor %}{{ x }} {% set ns = namespace(x=1, y='a') %}{% for i in list %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }} {{ ns.y }} {{ ns.z }}|{% if true %}{% set inside = 5 %}{% endif %}{{ inside }}
{% set a, b = 1, 2 %}{{ a }}{{ b }} {% set t = (3, 4) %}{% set c, d = t %}{{ c }}{{ d }} {% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %} {% set block %}in {{ n }} block{% endset %}{{ block }} {{ block | length }} {% set up | upper | trim %} loud {% endset %}{{ up }}
{% macro m(a, b=2, c=a) %}[{{ a }},{{ b }},{{ c }},{{ varargs }},{{ kwargs }}]{% endmacro %}{{ m(1) }} {{ m(1, 3) }} {{ m(b=5, a=4) }} {{ m(1, c='x') }} {{ m() }} {{ m(1, 2, 3, 4, q=5) }} {{ m(*[7, 8]) }} {{ m(**{'a': 9}) }} {{ m.name }}
{% macro fact(x) %}{{ x * (fact(x - 1) | int) if x > 1 else 1 }}{% endmacro %}{{ fact(6) }} {% macro wrap(tag) %}<{{ tag }}>{{ caller('arg') }}</{{ tag }}>{% endmacro %}{% call(x) wrap('b') %}body {{ x }} {{ n }}{% endcall %} {% filter upper %}shout {{ s }}{% endfilter %} {% with q = 5, r = 6 %}{{ q + r }}{% endwith %}{{ q }}
{% for item in [{'v': 1, 'c': [{'v': 2, 'c': []}]}] recursive %}{{ item.v }}({{ loop(item.c) }}){{ loop.depth }}{% endfor %}
{% raw %}{{ not }} {% touched %}{% endraw %} {# a comment #}{{- ' x' -}}   y {%- if true %} z {% endif -%}  w
{{ range(3) | list }} {{ range(1, 7, 2) | list }} {{ range(3, 0, -1) | list }} {{ dict(a=1, b=2) }} {{ dict(map, c=3) | length }} {{ namespace(a=1).a }} {{ strftime_now('%Y-%m-%d %H:%M:%S %A %a %B %b %d %j %I %p %y %%') }} {{ strftime_now('%-d') }}
{{ raise_exception('no: ' ~ n) }}
{{ undefined_thing.x }}
{{ undefined_thing + 1 }}
{{ undefined_thing() }}
{{ 'a' + 1 }}
{{ 1 / 0 }}
{{ list.append(4) }}
{{ map.update({}) }}
{{ n | nofilter }}
{{ n is notest }}
{{ 3 in 5 }}
{{ 'a' < 1 }}
{% include 'x' %}
{% for x in 5 %}{% endfor %}
{% set list[0] = 1 %}
{% if %}{% endif %}
{{ unclosed
{% if yes %}
{{ (1 }}
{% endif %}
{{ m(1 2) }}
{% break %}
{{ 'a' is }}
{{ ''.join([1]) }}
'''.strip("\n").split("\n")
SPACES = [
    "a\n  {% if yes %}\n  b\n  {% endif %}\nc\n", "a\n{%- if yes -%}\n  b\n{%- endif -%}\nc\n\n",
    "  {% if yes %}x{% endif %}  \n", "a {# c #} b\n  {# c #}\nd", "{% if yes +%}\nx{% endif %}",
    "  {%+ if yes %}x{%+ endif %}", "{{ n }}\n{{ n }}\n", "{{- n -}}  \n\n x", "\r\na\r\n{% if yes %}\r\nb\r{% endif %}",
    "{% for x in list %}\n  {{ x }}\n{% endfor %}\n", "{% for x in list -%}\n  {{ x }}\n{%- endfor %}\n",
    "\n\n{% set x = 1 %}\n\n{{ x }}", "x\t{% if yes %}y{% endif %}", "{% raw -%}  \n {{ x }} {%- endraw %}  \nz",
    "  {% raw %}\n a {% endraw %}\nb", "{%- set a = 1 -%}\n{%- set b = 2 %}\n{{ a }}{{ b }}",
    "{{ '}}' }}{{ \"%}\" }}{{ {'a': {'b': 1}}['a']['b'] }}", "a{#- x -#}  b", "{#\n multi\n #}\nz", "",
]


def rendered(source, variables):
    try:
        return environment.from_string(source).render(**variables)
    except Exception as error:
        return None


chats = []
for name, source in TEMPLATES.items():
    for chat in CHATS:
        for prompts in (True, False):
            variables = {"tools": None, "documents": None, "bos_token": "<s>", "eos_token": "</s>",
                         "add_generation_prompt": prompts, **chat}
            chats.append({"template": name, "chat": CHATS.index(chat), "prompts": prompts,
                          "rendered": rendered(source, variables)})
snippets = [{"source": source, "rendered": rendered(source, VARIABLES)}
            for source in SNIPPETS + SPACES]
print(json.dumps({
    "comment": "Made by chat-templates.py with Jinja2 " + jinja2.__version__ + ".",
    "secondsSince1970": int((NOW - datetime(1970, 1, 1)).total_seconds()), "templates": TEMPLATES,
    "chats": CHATS, "variables": VARIABLES, "renderings": chats, "snippets": snippets,
}, ensure_ascii=False, indent=0))
